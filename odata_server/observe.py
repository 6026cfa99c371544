"""What happened: events, and who is told. The access log is one observer of several.

Here are the event types and the log lines that they become. Who emits events: ``service`` for OData requests,
``web`` for those that never reach it.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

import msgspec
import structlog

#: A log line is at most this long, and one value of it at most ``MAX_VALUE`` characters.
MAX_LINE, MAX_VALUE = 8_192, 2_048


@dataclass(frozen=True, slots=True)
class Handled:
    """One request was answered. ``rows`` are those of the body; ``path`` and ``query`` are raw, as they
    arrived.

    ``part`` is the Content-ID or number of a request within a ``$batch``, which has an event of its own after them.
    ``detail`` is what the log may know and the client may not, such as the ERP's own error text.
    """

    method: str
    path: str
    query: str
    status: int
    correlation_id: str = "-"
    principal: str = "anonymous"
    entity_set: str | None = None
    error_code: str | None = None
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    erp_seconds: float = 0.0
    erp_calls: int = 0
    rows_read: int = 0
    cache: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    detail: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A fault of ours: an exception that is no ``ODataError``. The client gets code ``internal`` and no
    more.
    """

    error: BaseException
    correlation_id: str = "-"
    method: str = "-"
    path: str = "-"


Event = Handled | Failed


class Observer(Protocol):
    """Is told of every event, in the request's thread; must be fast."""

    def __call__(self, event: Event, /) -> None: ...


def notify(observers: Iterable[Observer], event: Event) -> None:
    """Tells all of them. One that fails must not turn an answer into an error."""
    for observer in observers:
        try:
            observer(event)
        except Exception:
            logging.getLogger(__name__).exception("an observer failed")


_last: ContextVar[Handled | None] = ContextVar("last_handled", default=None)


def remember(event: Event) -> None:
    """The observer through which the HTTP edge learns what the service did for the request at hand."""
    if isinstance(event, Handled):
        _last.set(event)


def take_last() -> Handled | None:
    """The event that was remembered in this thread since the last call."""
    event = _last.get()
    _last.set(None)
    return event


# The log


_ours = logging.getLogger("erp_odata")


def log(event: Event) -> None:
    """The observer that writes the log: one line per request, and the traceback of a fault."""
    if isinstance(event, Failed):
        structlog.get_logger("erp_odata").error(
            "fault",
            method=event.method,
            path=event.path,
            correlation_id=event.correlation_id,
            exc_info=event.error,
        )
        return
    level = logging.ERROR if event.status >= 500 else logging.INFO
    if _ours.isEnabledFor(level) and not (_direct is not None and _direct.write(event, level)):
        structlog.get_logger("erp_odata").log(level, "request", **_fields(event))


def _fields(event: Handled) -> dict[str, Any]:
    always = {
        "method": event.method,
        "path": event.path,
        "query": event.query,
        "set": event.entity_set,
        "status": event.status,
        "rows": event.rows,
        "bytes": event.bytes,
        "ms": round(event.seconds * 1000, 1),
        "erp_ms": round(event.erp_seconds * 1000, 1),
        "erp_calls": event.erp_calls,
        "principal": event.principal,
        "correlation_id": event.correlation_id,
    }
    sometimes = {
        "part": event.part,
        "code": event.error_code,
        "cache": event.cache,
        "rows_read": event.rows_read if event.rows_read != event.rows else None,
        "notes": list(event.notes),
        "detail": event.detail,
    }
    return always | {name: value for name, value in sometimes.items() if value}


class _Stdout(logging.StreamHandler[TextIO]):
    """Writes to what is standard output at that moment, which tests and servers may replace."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stdout

    @stream.setter
    def stream(self, value: TextIO) -> None:
        raise AttributeError("always standard output")


class _Direct:
    """Writes the line of an ordinary request itself, byte for byte what goes the long way through the processors, which
    take as long as a small answer.
    """

    def __init__(self, handler: _Stdout, secrets: tuple[str, ...]) -> None:
        self._handler = handler
        self._secrets = secrets

    def write(self, event: Handled, level: int) -> bool:
        """Whether it was written: not where others listen too, and not what takes more than one look."""
        if logging.root.handlers != [self._handler] or _ours.handlers or event.notes:
            return False
        time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        first = {"timestamp": time, "level": "error" if level == logging.ERROR else "info", "event": "request"}
        fields = first | _fields(event)
        encoded = msgspec.json.encode(fields)
        if len(encoded) > MAX_VALUE:  # a long filter, as clients write it for many keys
            encoded = msgspec.json.encode(_shortened(fields, MAX_VALUE))
        if len(encoded) > MAX_LINE or not encoded.isascii() or b"\x7f" in encoded:
            return False
        line = encoded.decode("ascii")
        for secret in self._secrets:
            line = line.replace(secret, "***")
        stream = self._handler.stream
        if stream is sys.__stdout__:  # flushed after each line; in one piece, lines of several processes do not mix
            os.write(stream.fileno(), f"{line}\n".encode("ascii"))
            return True
        with self._handler.lock:  # type: ignore[union-attr]
            stream.write(f"{line}\n")
            stream.flush()
        return True


_direct: _Direct | None = None


def configure(level: str = "info", style: str = "json", secrets: Sequence[str] = ()) -> None:
    """Sends our log lines, and those of the libraries, to standard output. ``secrets`` never appear in
    them.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    global _direct
    hidden = tuple(secret for secret in secrets if secret)
    render = _Renderer(style, hidden)
    handler = _Stdout()
    _direct = _Direct(handler, hidden) if style == "json" else None
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, _Stdout)] + [handler]
    root.setLevel(max(logging.WARNING, _level(level)))
    logging.getLogger("erp_odata").setLevel(_level(level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


class _Renderer:
    """One event as one line in ASCII: control characters and foreign scripts are escaped, so no value can
    forge a line or drive a terminal.
    """

    def __init__(self, style: str, secrets: tuple[str, ...]) -> None:
        self._line = _json_line if style == "json" else _console_line
        self._secrets = secrets

    def __call__(self, logger: Any, method: str, fields: MutableMapping[str, Any]) -> str:
        most = MAX_VALUE
        line = self._line(_shortened(fields, most))
        while len(line) > MAX_LINE and most > 16:
            most //= 2
            line = self._line(_shortened(fields, most))
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def _shortened(fields: MutableMapping[str, Any], most: int) -> dict[str, Any]:
    return {name: _short(name, value, most) for name, value in fields.items()}


def _short(name: str, value: Any, most: int) -> Any:
    if isinstance(value, list):
        return [_short(name, item, most // 4) for item in value[:8]]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    most *= 2 if name == "exception" else 1
    if len(text) <= most:
        return text
    return f"...{text[-most:]}" if name == "exception" else f"{text[:most]}..."


def _json_line(fields: dict[str, Any]) -> str:
    first = {name: fields.pop(name) for name in ("timestamp", "level", "event") if name in fields}
    return json.dumps(first | fields, separators=(",", ":"))


def _console_line(fields: dict[str, Any]) -> str:
    time, level, event = (str(fields.pop(name, "")) for name in ("timestamp", "level", "event"))
    trace = fields.pop("exception", "")
    pairs = " ".join(f"{name}={_plain(value)}" for name, value in fields.items() if value not in (None, "", []))
    lines = "".join(f"\n    {_escaped(line)}" for line in str(trace).splitlines())
    return f"{time[11:19]} {level:<7} {_escaped(event)} {pairs}{lines}"


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text) if " " in text and isinstance(value, str) else _escaped(text)


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1].replace('\\"', '"')
