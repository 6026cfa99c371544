"""Values of a V4 service: JSON to Python, Python to URL literals, by the type that its metadata declares.

Numbers are exact: a JSON number is read as ``Decimal``, or comes as text where the service keeps
``IEEE754Compatible``.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from edm.errors import ODataError
from edm.primitives import DATE_TIME_OFFSET, PRIMITIVES, STRING, PrimitiveType
from edm.text import literal as edm_literal
from erp_adapters.odata.csdl import Property
from erp_adapters.records.base import Stored

#: Digits of a second that a Python value keeps.
KEPT_DIGITS = 6


class Misfit(ValueError):
    """A value is not of the type that the metadata declares."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of the service: how its values are read, and the literal of a value, ``None`` if it has none."""

    type: PrimitiveType
    read: Callable[[Any], Stored]
    literal: Callable[[Stored], str | None]
    enum: bool = False


def kind_of(item: Property, enum: bool, plain_enums: bool) -> Kind | None:
    """How a property is read and compared; ``None`` for what is no single primitive value."""
    if item.collection:
        return None
    if enum:
        return Kind(STRING, _read_text, _text_literal if plain_enums else _enum_literal(item.type), enum=True)
    name = item.type.removeprefix("Edm.")
    found = PRIMITIVES.get(name) if item.type.startswith("Edm.") else None
    return None if found is None else Kind(found, _READERS[found.python], _literals(found))


def finer(item: Property) -> bool:
    """Whether its moments may have more digits than are read, so that comparisons are widened to what was cut off.

    Without a precision the standard means whole seconds, and services that say nothing send seven digits.
    """
    return item.precision is None or item.precision > KEPT_DIGITS


# JSON


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Misfit(f"{value!r:.60} is not a text")
    return value


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit(f"{value!r:.60} is not true or false")
    return value


def _read_integer(value: Any) -> int:
    if type(value) is int and -(1 << 63) <= value < 1 << 63:
        return value
    number = _read_number(value)
    if number != number.to_integral_value() or abs(number) >= 1 << 63:
        raise Misfit(f"{value!r:.60} is not a whole number")
    return int(number)


def _read_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Misfit(f"{value!r:.60} is not a number")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise Misfit(f"{value!r:.60} is not a number")
    number = Decimal(value)
    if abs(number.adjusted()) > _LARGEST and number:
        raise Misfit(f"{value!r:.60} is beyond any amount")
    return number


_NUMBER = re.compile(r"[+-]?[0-9]{1,80}(\.[0-9]{1,80})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_LARGEST = 80


def _read_parsed(kind: str) -> Callable[[Any], Any]:
    parse = PRIMITIVES[kind].parse

    def read(value: Any) -> Any:
        try:
            return parse(
                _shortened(_read_text(value)) if kind in ("DateTimeOffset", "TimeOfDay", "Duration") else value
            )
        except (ODataError, TypeError, ValueError) as error:
            raise Misfit(f"{value!r:.60} is not an Edm.{kind}: {error}") from None

    return read


def _shortened(text: str) -> str:
    """A time with no more digits than are kept; the rest is cut off, never rounded."""
    return _FINER.sub(r"\1", text) if "." in text else text


_FINER = re.compile(rf"(\.\d{{{KEPT_DIGITS}}})\d+", re.ASCII)


def _read_bytes(value: Any) -> bytes:
    text = _read_text(value).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Misfit("a binary value is not base64url") from None


_READERS: Mapping[type, Callable[[Any], Stored]] = {
    str: _read_text,
    bool: _read_flag,
    int: _read_integer,
    Decimal: _read_number,
    float: _read_number,
    date: _read_parsed("Date"),
    time: _read_parsed("TimeOfDay"),
    datetime: _read_parsed("DateTimeOffset"),
    timedelta: _read_parsed("Duration"),
    UUID: _read_parsed("Guid"),
    bytes: _read_bytes,
}


# Literals


def _literals(kind: PrimitiveType) -> Callable[[Stored], str | None]:
    if kind.python is float:
        return _float_literal
    if kind.integral:
        return lambda value: _integer_literal(value, kind)
    if kind.python is Decimal:
        return _number_literal
    if kind.python is str:
        return _text_literal

    def literal(value: Stored) -> str | None:
        exact = type(value) is kind.python and (kind is not DATE_TIME_OFFSET or _zoned(value))
        return edm_literal(value, kind) if exact else None

    return literal


def _zoned(value: Any) -> bool:
    return value.tzinfo is not None


def _integer_literal(value: Stored, kind: PrimitiveType) -> str | None:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    fits = type(value) is int and kind.low is not None and kind.high is not None and kind.low <= value <= kind.high
    return str(value) if fits else None


def _number_literal(value: Stored) -> str | None:
    if type(value) is int or (isinstance(value, Decimal) and value.is_finite()):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return None


def _float_literal(value: Stored) -> str | None:
    """Only of a number that a double is: between two of them the service would compare with a neighbour."""
    text = _number_literal(value)
    if text is None or not isinstance(value, int | Decimal):
        return None
    try:
        near = float(value)
    except OverflowError:
        return None
    return text if math.isfinite(near) and Decimal(repr(near)) == value else None


def _text_literal(value: Stored) -> str | None:
    """Half of a surrogate pair has no form in a URL, and in no JSON that came."""
    sayable = isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
    return edm_literal(value, STRING) if sayable else None


def _enum_literal(name: str) -> Callable[[Stored], str | None]:
    def literal(value: Stored) -> str | None:
        text = _text_literal(value)
        return None if text is None else name + text

    return literal
