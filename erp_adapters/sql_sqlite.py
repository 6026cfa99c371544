"""What SQLite does not know, as Python functions of its connections: exact decimals, Python's upper and lower case,
and any function of ``edm.functions`` through its reference implementation.

All are deterministic, so SQLite may use them in indexes on expressions.
"""

import sqlite3
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from edm.aggregate import METHODS
from edm.conversion import convert
from edm.functions import FUNCTIONS
from edm.meanings import EXACT, lower
from edm.primitives import PRIMITIVES
from erp_adapters.dialects_base import REFERENCE_FUNCTION, microseconds
from erp_adapters.dialects_sqlite import NUMBER_COLLATION, TOTALS, number_text, stamp_text
from erp_adapters.sql_decode import day_of_digits, float_decimal, stamp

Convert = Callable[[Any], Any]


def prepare(connection: sqlite3.Connection) -> None:
    """Makes a new connection ready for the statements of this adapter."""
    connection.create_function(REFERENCE_FUNCTION, -1, _call, deterministic=True)
    connection.create_function("odata_lower", 1, _text(lower), deterministic=True)
    connection.create_function("odata_upper", 1, _text(str.upper), deterministic=True)
    connection.create_collation(NUMBER_COLLATION, _compare)
    for method, name in TOTALS.items():
        connection.create_aggregate(name, 2, partial(_Total, method))  # type: ignore[arg-type]


class _Total:
    """``sum`` or ``average`` of numbers in any form, exactly; null of none. The first argument is what ``tag`` says."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._values: list[Any] = []
        self._tag = ""

    def step(self, tag: str, value: Any) -> None:
        """Another value of the group."""
        if value is not None:
            self._tag = tag
            self._values.append(value)

    def finalize(self) -> str | None:
        """The result, as the form ``EXACT``."""
        if not self._values:
            return None
        kind, form, scale = self._tag.split(":")
        fold = METHODS[self._method].fold
        if form == "INT" and self._method == "sum":
            return number_text(Decimal(sum(self._values)).scaleb(-int(scale), EXACT))
        decode = _decoder(kind, form, scale)
        return number_text(fold([Decimal(decode(value)) for value in self._values]))


def _text(change: Callable[[str], str]) -> Convert:
    return lambda value: None if value is None else change(value)


def _compare(left: str, right: str) -> int:
    a, b = _number(left), _number(right)
    return (a > b) - (a < b)


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal:
    return Decimal(text)


def _call(name: str, signature: str, *values: Any) -> Any:
    evaluate, arguments, encode = _implementation(name, signature)
    if None in values:
        return None
    try:
        decoded = [decode(value) for decode, value in zip(arguments, values, strict=True)]
    except (ValueError, TypeError):
        return None  # a stored value that does not fit; whoever reads it is told so
    result = None if None in decoded else evaluate(*decoded)
    return None if result is None else encode(result)


@lru_cache(maxsize=1024)
def _implementation(name: str, signature: str) -> tuple[Callable[..., Any], list[Convert], Convert]:
    given, _, result = signature.partition(">")
    arguments = [_decoder(*argument.split(":")) for argument in given.split(",") if argument]
    target = PRIMITIVES[result]
    if name in ("cast", "same"):
        return (lambda value: convert(value, target)), arguments, _encoder(result)
    return FUNCTIONS[name].evaluate, arguments, _encoder(result)


def _decoder(kind: str, form: str, scale: str) -> Convert:
    if form == "APPROX":
        return float_decimal
    if kind == "Decimal" and form == "INT":
        places = int(scale)
        return lambda value: Decimal(value).scaleb(-places)
    if PRIMITIVES[kind].integral:
        return int
    if form == "DIGITS":
        return day_of_digits
    return _DECODERS[kind]


_DECODERS: dict[str, Convert] = {
    "String": str,
    "Boolean": bool,
    "Decimal": Decimal,
    "Date": date.fromisoformat,
    "DateTimeOffset": lambda value: stamp(value).replace(tzinfo=UTC),
    "TimeOfDay": time.fromisoformat,
    "Duration": lambda value: timedelta(microseconds=int(value)),
    "Guid": uuid.UUID,
}


def _encoder(kind: str) -> Convert:
    return str if PRIMITIVES[kind].integral else _ENCODERS[kind]


def _moment(value: datetime) -> str:
    return stamp_text(value)


_ENCODERS: dict[str, Convert] = {
    "String": str,
    "Boolean": int,
    "Decimal": number_text,
    "Double": float,
    "Date": date.isoformat,
    "DateTimeOffset": _moment,
    "TimeOfDay": lambda value: value.isoformat("microseconds"),
    "Duration": lambda value: str(microseconds(value)),
    "Guid": lambda value: value.hex,
}
