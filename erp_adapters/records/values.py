"""Stored values as published ones, and constants as stored ones. Exact, or ``ValueError``: nothing is guessed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import ceil, floor
from typing import Any
from uuid import UUID

from edm.errors import ODataError
from edm.model import Property
from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DURATION,
    GUID,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from erp_adapters.records.base import Compare, Condition
from erp_adapters.records.conditions import ALWAYS, NEVER, all_of

_DAY = timedelta(days=1)
#: Digits before or behind the point of a number that somebody means.
_DIGITS = 400


def published(prop: Property, stored: Any) -> Any:
    """The value of the property that the stored value is; ``ValueError`` if it is none."""
    if stored is None:
        return None
    kind = prop.type
    if kind.integral:
        return _whole(stored)
    if kind == DECIMAL:
        return _decimal(stored)
    found = _READ[kind](stored)
    if found is None:
        raise ValueError(f"{type(stored).__name__} is no {kind}")
    return found


def _sane(stored: Decimal) -> Decimal:
    """A number that takes no gigabyte to write out: ``1E+999999999`` is ten characters on the way here."""
    if abs(stored.adjusted()) > _DIGITS:
        raise ValueError("a number that is no data")
    return stored


def _whole(stored: Any) -> int:
    if isinstance(stored, Decimal) and stored.is_finite() and _sane(stored) == stored.to_integral_value():
        return int(stored)
    if type(stored) is not int:
        raise ValueError(f"{type(stored).__name__} is no whole number")
    return stored


def _decimal(stored: Any) -> Decimal:
    if isinstance(stored, Decimal) and stored.is_finite():
        return _sane(stored)
    if type(stored) is not int:
        raise ValueError(f"{type(stored).__name__} is no decimal")
    return Decimal(stored)


def _text(stored: Any) -> str | None:
    if isinstance(stored, str):
        return stored
    if isinstance(stored, UUID) or type(stored) is int:
        return str(stored)
    if isinstance(stored, Decimal) and stored.is_finite() and _sane(stored) == stored.to_integral_value():
        return str(int(stored))
    return None


def _day(stored: Any) -> date | None:
    if not isinstance(stored, datetime):
        return stored if isinstance(stored, date) else None
    return stored.astimezone(UTC).date()


def _exactly(*types: type) -> Callable[[Any], Any]:
    return lambda stored: stored if isinstance(stored, types) else None


_READ: dict[PrimitiveType, Callable[[Any], Any]] = {
    STRING: _text,
    BOOLEAN: _exactly(bool),
    DATE: _day,
    DATE_TIME_OFFSET: lambda stored: stored.astimezone(UTC) if isinstance(stored, datetime) else None,
    TIME_OF_DAY: _exactly(time),
    DURATION: _exactly(timedelta),
    GUID: _exactly(UUID),
    BINARY: _exactly(bytes),
}


def code(stored: Any) -> str | None:
    """A stored value as the catalog writes codes: in a text."""
    if stored is None or isinstance(stored, str):
        return stored
    if isinstance(stored, bool):
        return "true" if stored else "false"
    return str(stored)


def stored_code(text: str, kind: PrimitiveType | None) -> Any:
    """The code of a field of that type. ``ValueError`` if the field cannot have it."""
    if kind is None or kind == STRING:
        return text
    if kind == BOOLEAN:
        if text not in ("true", "false"):
            raise ValueError(f"{text!r} is neither true nor false")
        return text == "true"
    try:
        value: Any = kind.parse(text)
    except ODataError as error:
        raise ValueError(error.message) from None
    return value


def comparison(field: str, operator: str, value: Any, kind: PrimitiveType | None) -> Condition | None:
    """``field operator value`` for a field of that type: of a day if the field has points in time, of digits if it has
    numbers. ``None`` if the two cannot be compared."""
    if kind is None:
        return Compare(field, operator, value)
    if isinstance(value, str) and kind.numeric:
        return _digits(field, operator, value, kind)
    if type(value) is date and kind == DATE_TIME_OFFSET:
        return _within(field, operator, value)
    if kind.integral and isinstance(value, Decimal):
        return _integral(field, operator, value)
    if kind == DECIMAL and type(value) is int:
        return Compare(field, operator, Decimal(value))
    if kind == GUID and isinstance(value, str):
        return _identifier(field, operator, value)
    fits = isinstance(value, kind.python) and not (kind == DATE and isinstance(value, datetime))
    stored: Any = value
    return Compare(field, operator, stored) if fits else None


def _unmet(operator: str) -> Condition | None:
    """A comparison with a value that no field can have."""
    constant: dict[str, Condition] = {"eq": NEVER, "ne": ALWAYS}
    return constant.get(operator)


def _digits(field: str, operator: str, text: str, kind: PrimitiveType) -> Condition | None:
    """Numbers that are published as text are compared as text: equal or not."""
    if operator not in ("eq", "ne"):
        return None
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or str(int(text)) != text:
        return _unmet(operator)
    return Compare(field, operator, int(text) if kind.integral else Decimal(text))


def _identifier(field: str, operator: str, text: str) -> Condition | None:
    try:
        value = UUID(text)
    except ValueError:
        return _unmet(operator)
    if str(value) != text:
        return _unmet(operator)
    return Compare(field, operator, value) if operator in ("eq", "ne") else None


def _integral(field: str, operator: str, value: Decimal) -> Condition | None:
    if value == value.to_integral_value():
        return Compare(field, operator, int(value))
    if operator in ("eq", "ne"):
        return _unmet(operator)
    low = operator in ("lt", "le")
    return Compare(field, "le" if low else "ge", floor(value) if low else ceil(value))


def _within(field: str, operator: str, day: date) -> Condition | None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        end = start + _DAY
    except OverflowError:
        return None
    match operator:
        case "eq":
            return all_of((Compare(field, "ge", start), Compare(field, "lt", end)))
        case "lt" | "ge":
            return Compare(field, operator, start)
        case "le":
            return Compare(field, "lt", end)
        case "gt":
            return Compare(field, "ge", end)
    return None
