"""Tryton's JSON: typed values both ways. What they mean for a field is not known here.

Date-times are naive and UTC on the wire, and have a time zone here. Numbers with a point are ``Decimal``, never floats.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, DecimalException, InvalidOperation
from typing import Any

from erp_adapters.base import BadAnswer

#: Digits of a number that is stored as a float: so many are told apart.
_FLOAT_DIGITS = 15


def _parts(value: date | time, *names: str) -> dict[str, int]:
    return {name: getattr(value, name) for name in names}


_DAY = ("year", "month", "day")
_HOURS = ("hour", "minute", "second", "microsecond")


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value


# The order matters: a date-time is a date, too, and True is a number.
_WRITE: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (datetime, lambda value: {"__class__": "datetime", **_parts(_naive(value), *_DAY, *_HOURS)}),
    (date, lambda value: {"__class__": "date", **_parts(value, *_DAY)}),
    (time, lambda value: {"__class__": "time", **_parts(value, *_HOURS)}),
    (timedelta, lambda value: {"__class__": "timedelta", "seconds": value.total_seconds()}),
    (Decimal, lambda value: {"__class__": "Decimal", "decimal": str(value)}),
    (bytes, lambda value: {"__class__": "bytes", "base64": base64.b64encode(value).decode()}),
)

_READ: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "datetime": lambda found: datetime(**{name: found[name] for name in (*_DAY, *_HOURS)}, tzinfo=UTC),
    "date": lambda found: date(*(found[name] for name in _DAY)),
    "time": lambda found: time(*(found[name] for name in _HOURS)),
    "timedelta": lambda found: _span(found["seconds"]),
    "Decimal": lambda found: Decimal(found["decimal"]),
    "bytes": lambda found: base64.b64decode(found["base64"]),
}


def _span(seconds: Any) -> timedelta:
    """Exact, unlike ``timedelta(seconds=0.1)`` of a float."""
    return timedelta(microseconds=int(Decimal(seconds).scaleb(6).to_integral_value()))


def typed(value: Any) -> Any:
    """A value as it stands in parameters."""
    for kind, write in _WRITE:
        if isinstance(value, kind):
            return write(value)
    if isinstance(value, Mapping):
        return {str(key): typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [typed(item) for item in value]
    return value


def body(number: int, method: str, params: list[Any]) -> bytes:
    """A call. Exactly these three members: with others the server answers as if it were no call of JSON-RPC."""
    return json.dumps({"id": number, "method": method, "params": typed(params)}, separators=(",", ":")).encode()


def plain(answered: Any) -> Any:
    """A value of an answer whose JSON is read. ``BadAnswer`` if it is of no known type."""
    if isinstance(answered, dict):
        if "__class__" not in answered:
            return {key: plain(value) for key, value in answered.items()}
        try:
            return _READ[answered["__class__"]](answered)
        except (KeyError, TypeError, ValueError, ArithmeticError, DecimalException) as error:
            raise BadAnswer(f"a value of class {answered.get('__class__')!r}: {type(error).__name__}") from None
    if isinstance(answered, list):
        return [plain(value) for value in answered]
    return answered


def as_float(value: Decimal | int) -> int | float | None:
    """The number for a field that holds floats, if the field tells it from its neighbours as decimals do."""
    try:
        found = Decimal(value)
        digits = found.as_tuple().digits
        if len(digits) > _FLOAT_DIGITS or (found and abs(found.adjusted()) > 300):
            return None
        return int(found) if found == found.to_integral_value() else float(found)
    except (InvalidOperation, ValueError, OverflowError):
        return None
