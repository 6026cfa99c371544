"""WSGI applications on a port of this machine, as the ERP that a kind calls; and random conditions on their records."""

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from erp_adapters.base import Session
from erp_adapters.records.base import All, Ask, Behind, Compare, Condition, Either, Like, OneOf, RecordSource, Stored
from erp_adapters.transport import Anonymous, Transport, TransportOptions


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _nobody(environ: Any, start_response: Any) -> list[bytes]:
    raise AssertionError("nothing is served yet")


@contextmanager
def listening(make: Callable[[str], Callable[..., Any]]) -> Iterator[str]:
    """The URL of an application, made when its URL is known, that answers as long as the context is open."""
    server = make_server("127.0.0.1", 0, _nobody, threaded=True, request_handler=_Silent)
    server.app = make(f"http://127.0.0.1:{server.port}")
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def transport(root: str, **options: Any) -> Transport:
    return Transport(root, Anonymous(), TransportOptions(**options))


def read(source: RecordSource, ask: Ask) -> list[Mapping[str, Any]]:
    """All records, in order."""
    return [record for batch in source.read(ask, Session()) for record in batch.records]


# --- random conditions ------------------------------------------------------------------------------------------------

ODD_TEXTS = ("", "'", "a'b", "%", "_", "\\", "&", "+", "#", "Ü", "ß", "İ", "日本", "a/b", '"', " x", "null")


class Conditions:
    """Random conditions on records like those given: values that occur, their neighbours, and odd ones."""

    def __init__(
        self, dice: random.Random, records: Sequence[Mapping[str, Any]], behind: Mapping[str, "Conditions"] = {}
    ):
        self._dice = dice
        self._fields = sorted(records[0])
        self._behind = behind
        self._values = {name: sorted({r[name] for r in records if r[name] is not None}) for name in self._fields}

    def condition(self, depth: int = 2) -> Condition:
        dice = self._dice
        if depth and dice.random() < 0.35:
            parts = tuple(self.condition(depth - 1) for _ in range(dice.randint(2, 3)))
            return dice.choice((All, Either))(parts)
        if self._behind and dice.random() < 0.2:
            path = dice.choice(sorted(self._behind))
            inner = None if dice.random() < 0.2 else self._behind[path].condition(depth - 1 if depth else 0)
            return Behind(path, inner, dice.random() < 0.4)
        return self._leaf(dice.choice([name for name in self._fields if self._values[name]]))

    def _leaf(self, name: str) -> Condition:
        dice = self._dice
        text = isinstance(self._values[name][0], str)
        if text and dice.random() < 0.4:
            whole = str(self._value(name, odd=True) or "x")
            start = dice.randrange(len(whole)) if whole else 0
            part = whole[start : start + dice.randint(1, 4)] or "x"
            kind = dice.choice(("startswith", "endswith", "contains", "equals"))
            folded, negated = dice.random() < 0.4, dice.random() < 0.3
            return Like(name, kind, part.swapcase() if folded else part, folded, negated)
        if dice.random() < 0.3:
            values = tuple({self._value(name, odd=True): None for _ in range(dice.randint(1, 5))})
            return OneOf(name, values, dice.random() < 0.4)
        if dice.random() < 0.15:
            return Compare(name, dice.choice(("eq", "ne")), None)
        operators = ("eq", "ne") if isinstance(self._values[name][0], bool) else ("eq", "ne", "lt", "le", "gt", "ge")
        return Compare(name, dice.choice(operators), self._value(name))

    def _value(self, name: str, *, odd: bool = False) -> Stored:
        dice, values = self._dice, self._values[name]
        found = dice.choice(values)
        if odd and dice.random() < 0.15:
            return None
        if dice.random() < 0.7:
            return found
        return _near(dice, found)


def _near(dice: random.Random, value: Any) -> Stored:
    match value:
        case bool():
            return not value
        case str():
            return dice.choice((*ODD_TEXTS, value.lower(), value[:-1], value + "'"))
        case datetime():
            return value + dice.choice((timedelta(microseconds=1), timedelta(hours=-5), timedelta(days=1)))
        case date():
            return value + timedelta(days=dice.randint(-400, 400))
        case int() | Decimal():
            return value + dice.choice((-1, 1, 10)) if isinstance(value, int) else value + Decimal("0.01")
    return value
