"""Values as OData V2 writes them in a URL, and what they become where a field cannot hold them.

A comparison with a value that a field never has (more digits, a longer text) is decided here: SAP refuses such literals
or cuts them. How they are combined to conditions is told in ``render``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Any
from uuid import UUID

from edm import primitives
from erp_adapters.records.base import Stored
from erp_adapters.sap.schema import Field


@dataclass(frozen=True, slots=True)
class Fitted:
    """A comparison that the field can be asked for."""

    operator: str
    literal: str


#: A comparison, or how it ends for every value that there is.
Fit = Fitted | bool

_EXACT = Context(prec=200)


def text(value: str) -> str:
    """A text between quotes."""
    return "'" + value.replace("'", "''") + "'"


def _number(suffix: str) -> Callable[[Any], str]:
    return lambda value: f"{value:f}{suffix}" if isinstance(value, Decimal) else f"{value}{suffix}"


def _moment(value: Any) -> str:
    """Without a zone, in UTC, with as many digits of the second as there are."""
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _duration(value: Any) -> str:
    seconds = f"{value.second}.{value.microsecond:06}".rstrip("0") if value.microsecond else str(value.second)
    return f"time'PT{value.hour}H{value.minute}M{seconds}S'"


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "Edm.Boolean": lambda value: "true" if value else "false",
    "Edm.Byte": str,
    "Edm.DateTime": lambda value: f"datetime'{_moment(value)}'",
    "Edm.DateTimeOffset": lambda value: f"datetimeoffset'{_moment(value)}Z'",
    "Edm.Decimal": _number("M"),
    "Edm.Double": _number("d"),
    "Edm.Guid": lambda value: f"guid'{value}'",
    "Edm.Int16": str,
    "Edm.Int32": str,
    "Edm.Int64": _number("L"),
    "Edm.SByte": str,
    "Edm.Single": _number("f"),
    "Edm.String": text,
    "Edm.Time": _duration,
}
#: What the values of a field of that type are given as.
_GIVEN: Mapping[str, tuple[type, ...]] = {
    "Boolean": (bool,),
    "Byte": (int,),
    "Date": (date,),
    "DateTimeOffset": (datetime,),
    "Decimal": (Decimal, int),
    "Guid": (UUID,),
    "Int16": (int,),
    "Int32": (int,),
    "Int64": (int,),
    "SByte": (int,),
    "String": (str,),
    "TimeOfDay": (time,),
}


def fits(field: Field, value: Stored) -> bool:
    """Whether the value is of the field's type."""
    if field.type is None or value is None:
        return False
    if isinstance(value, bool) and field.type is not primitives.BOOLEAN:
        return False
    if isinstance(value, datetime) and field.type is primitives.DATE:
        return False
    return isinstance(value, _GIVEN.get(field.type.name, ()))


def fit(field: Field, operator: str, value: Stored) -> Fit:
    """The comparison of a field with a value of its type that is not null, in what the field can hold."""
    if isinstance(value, str):
        return _fit_text(field, operator, value)
    if field.edm in ("Edm.Decimal", "Edm.DateTimeOffset", "Edm.DateTime", "Edm.Time"):
        return _fit_step(field, operator, value)
    if field.type is not None and field.type.low is not None and field.type.high is not None:
        return _fit_range(field, operator, value, field.type.low, field.type.high)
    return Fitted(operator, _WRITERS[field.edm](value))


def _fit_text(field: Field, operator: str, value: str) -> Fit:
    longest = field.max_length
    if longest is None or len(value) <= longest:
        return Fitted(operator, text(value))
    return _between(operator, text(value[:longest]))


def _fit_step(field: Field, operator: str, value: Any) -> Fit:
    """The field has a number of digits after the point; so have its literals."""
    below = _floor(field, value)
    if isinstance(below, Decimal) and field.precision and abs(below) >= Decimal(10) ** (field.precision - field.scale):
        return _beyond(operator, below > 0)
    literal = _WRITERS[field.edm](below)
    return Fitted(operator, literal) if below == value else _between(operator, literal)


def _fit_range(field: Field, operator: str, value: Any, low: int, high: int) -> Fit:
    if low <= value <= high:
        return Fitted(operator, _WRITERS[field.edm](value))
    return _beyond(operator, value > high)


def _between(operator: str, below: str) -> Fit:
    """A comparison with a value that the field cannot have; ``below`` is the greatest one before it that it can."""
    if operator in ("eq", "ne"):
        return operator == "ne"
    return Fitted("le" if operator in ("lt", "le") else "gt", below)


def _beyond(operator: str, above: bool) -> bool:
    """How a comparison ends with a value that is greater (or less) than any that the field can have."""
    if operator in ("eq", "ne"):
        return operator == "ne"
    return (operator in ("lt", "le")) is above


def _floor(field: Field, value: Any) -> Any:
    """The greatest value not above it that the field can have."""
    if isinstance(value, datetime | time):
        return value if field.precision else value.replace(microsecond=0)
    if isinstance(value, date) or not field.precision:
        return value
    return Decimal(value).quantize(Decimal(1).scaleb(-field.scale), ROUND_FLOOR, _EXACT)
