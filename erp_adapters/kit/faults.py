"""Checks of what happens when something is odd, and of what an adapter may offer beside reading."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Any

from edm.capabilities import Capabilities, Match
from edm.errors import ODataError
from edm.expressions import Const, Expr, call
from edm.primitives import STRING, CollectionType
from edm.query import Query
from erp_adapters.base import Checks, Explains, Session, SourceError, Validates
from erp_adapters.kit.bench import Bench, Read, gathered, raised, shown_text
from erp_adapters.kit.probes import prop_of
from erp_adapters.kit.report import shown
from erp_adapters.kit.values import ODD

#: Seconds after which something that had no time left is said to hang.
_SOON = 5.0
#: Callers at once: fewer than an ERP minds.
_CALLERS = 3
_TRANSLATE = "Translate every error of the source into a SourceError of erp_adapters.base."


def odd(bench: Bench) -> None:
    """Constants beyond what sources keep: a right answer, or an error of the protocol."""
    for prop in bench.entity_set.type.properties:
        beyond = ODD.get(prop.type, ())
        if prop.type.low is not None and prop.type.high is not None:
            beyond = (prop.type.low, prop.type.high)
        for value in beyond:
            for operator in ("eq", "ne", "gt", *(("contains", "startswith") if prop.type is STRING else ())):
                expr = call(operator, prop_of(prop), Const(value, prop.type))
                if bench.capabilities.match(expr) is not Match.NO and not bench.spent:
                    _odd(bench, expr, prop.name, operator)
        listed = call("in", prop_of(prop), Const(tuple(beyond[:3]), CollectionType(prop.type)))
        if beyond and bench.capabilities.match(listed) is not Match.NO and not bench.spent:
            _odd(bench, listed, prop.name, "in")


def _odd(bench: Bench, expr: Any, subject: str, operator: str) -> None:
    before = len(bench.failures)
    bench.holds(expr, subject, operator)
    for failure in bench.failures[before:]:
        if failure.why in ("the source fails", "it is refused although it was accepted"):
            bench.failures.remove(failure)  # an error of the protocol is an answer here, but that of an outage


def deadline(bench: Bench) -> None:
    """A session without time left ends in a SourceError soon."""
    query = Query(bench.entity_set.name, (bench.key,))
    bench.tried += 1
    session = Session("kit", "kit", monotonic() - 1)
    ended = _within(_SOON, lambda: next(iter(bench.adapter.read(query, session)), None))
    why = got = ""
    if ended is None:
        why, got = "it hangs without time left", f"nothing for {_SOON:.0f} seconds"
    elif ended[0] is None:
        why, got = "it answers although no time is left", "a page"
    elif not isinstance(ended[0], SourceError):
        why, got = "it raises what is no SourceError", raised(ended[0])
    if why:
        fix = "Raise TimedOut when session.remaining() is 0, and give what is left to the source as its timeout."
        bench.fail(why, fix, query=query, operator="deadline", expected="TimedOut, at once", got=got)


def _within(seconds: float, ask: Callable[[], object]) -> tuple[BaseException | None] | None:
    """How a call ended: with what exception, if any; ``None`` if it did not end in time."""
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            ask()
        except BaseException as error:  # noqa: BLE001 - told to who waits
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return (ended[0],) if ended else None


def together(bench: Bench) -> None:
    """Several callers at once get the answers that each of them gets alone."""
    taken = [probe.expr for probe in bench.probes[:400] if bench.capabilities.match(probe.expr) is not Match.NO]
    chosen = bench.dice.sample(taken, min(len(taken), 2 * _CALLERS - 1))
    queries = [bench.within(expr)[0].with_(columns=(bench.key,)) for expr in (None, *chosen)]
    alone = [bench.read(query) for query in queries]
    with ThreadPoolExecutor(_CALLERS) as pool:
        ask = partial(_asked, bench)
        beside = list(pool.map(ask, queries * 2))
    bench.tried += len(beside)
    for query, one, other in zip(queries * 2, alone * 2, beside, strict=True):
        if other.error is not None and one.error is None:
            bench.refused(query, other.error, "", "together")
        elif other.error is None and not one.cut and sorted(map(str, one.rows)) != sorted(map(str, other.rows)):
            bench.fail(
                "several callers at once get the answers of others", "Keep nothing of a query in the adapter itself.",
                query=query, operator="together", expected=f"{len(one.rows)} rows", got=f"{len(other.rows)} rows",
            )  # fmt: skip
            return


def _asked(bench: Bench, query: Query) -> Read:
    return gathered(bench.adapter.adapter, query, bench.session(), bench.most)


def offers(bench: Bench) -> None:
    """What an adapter may offer beside reading, and that its claims are always the same and never raise."""
    adapter = bench.adapter.adapter
    _claims(bench)
    if isinstance(adapter, Explains):
        _explains(bench, adapter)
    if isinstance(adapter, Checks):
        bench.tried += 1
        _calls(bench, "ping", lambda: adapter.ping(bench.session()))
    if isinstance(adapter, Validates):
        for name, found in (("faults", adapter.faults), ("lacks", adapter.lacks)):
            bench.tried += 1
            _calls(bench, name, partial(_listed, bench, name, found))


def _listed(bench: Bench, name: str, found: Any) -> None:
    for item in found(bench.metadata):
        if not (isinstance(item, tuple) and len(item) == 3 and all(isinstance(part, str) for part in item)):
            bench.fail(
                f"{name} gives other than (set, key, message)", "Yield three texts.", operator=name, got=shown(item)
            )
        elif item[0] == bench.entity_set.name:
            bench.fail(
                f"{name} finds fault with the catalog",
                "Correct the section.",
                subject=item[1],
                operator=name,
                got=item[2],
            )


def _calls(bench: Bench, name: str, ask: Callable[[], object]) -> None:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
        fix = "Look at the source." if isinstance(error, SourceError) else _TRANSLATE
        bench.fail(f"{name} raises", fix, operator=name, expected="no exception", got=raised(error))


def _claims(bench: Bench) -> None:
    for probe in bench.probes[:400]:
        where = {"subject": probe.subject, "operator": probe.operator}
        try:
            given = [_claimed(capabilities, probe.expr) for capabilities in (bench.capabilities, _anew(bench))]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
            fix = "Answer NO or False for whatever is not known; claims never raise."
            query = Query(bench.entity_set.name, (bench.key,), filter=probe.expr)
            bench.fail("capabilities raise", fix, query=query, got=raised(error), **where)
            return
        kinds = {tuple(map(type, claims)) for claims in given}
        if kinds != {(Match, bool, bool)} or given[0] != given[1]:
            why = "claims are not the same each time, or not a Match and bools"
            bench.fail(why, "Make them functions of the expression alone.", got=repr(given), **where)
            return


def _anew(bench: Bench) -> Capabilities:
    return bench.adapter.capabilities(bench.entity_set)


def _claimed(capabilities: Capabilities, expr: Expr) -> tuple[Any, ...]:
    return capabilities.match(expr), capabilities.sort(expr), capabilities.compute(expr)


def _explains(bench: Bench, adapter: Explains) -> None:
    """For queries that it accepts: text, and the source is not asked for rows."""
    for probe in bench.probes[:40]:
        if bench.capabilities.match(probe.expr) is Match.NO:
            continue
        query = Query(bench.entity_set.name, (bench.key,), filter=probe.expr)
        bench.tried += 1
        try:
            text: Any = adapter.explain(query)
        except ODataError:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
            bench.fail("explain raises", _TRANSLATE, query=query, operator="explain", got=raised(error))
            return
        if not isinstance(text, str) or not text.strip():
            bench.fail(
                "explain tells nothing", "Return the request that the query becomes, as text.", query=query,
                operator="explain", expected="text", got=shown_text(repr(text)),
            )  # fmt: skip
            return
