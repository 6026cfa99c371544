"""Values of a JSON API: types that the catalog declares, since JSON does not say them; as they are read, and as a query
parameter spells them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from edm.errors import ODataError
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    GUID,
    INT64,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from edm.values import raw_value
from erp_adapters.records.base import Stored

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Misfit(ValueError):
    """A value is not of the type that the catalog declares."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A declared type. ``text`` spells a value for a parameter, ``None`` if it has no value of this type."""

    name: str
    type: PrimitiveType
    read: Callable[[Any], Stored]
    text: Callable[[Stored], str | None]


def _string(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # identifiers are numbers in many an API
    if not isinstance(value, str):
        raise Misfit(f"{value!r:.60} is not a text")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit(f"{value!r:.60} is not true or false")
    return value


_NUMBER = re.compile(r"[+-]?[0-9]{1,80}(\.[0-9]{1,80})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
#: A power of ten beyond any amount.
_LARGEST = 80


def _decimal(value: Any) -> Decimal:
    known = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not known and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise Misfit(f"{value!r:.60} is not a number")
    number = Decimal(value)
    if number and abs(number.adjusted()) > _LARGEST:
        raise Misfit(f"{value!r:.60} is beyond any amount")
    return number


def _integer(value: Any) -> int:
    number = _decimal(value)
    if number != number.to_integral_value() or abs(number) >= 1 << 63:
        raise Misfit(f"{value!r:.60} is not a whole number")
    return int(number)


def _parsed(kind: PrimitiveType, prepare: Callable[[str], str] = str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise Misfit(f"{value!r:.60} is not an {kind.qualified}")
        try:
            return kind.parse(prepare(value))
        except ODataError:
            raise Misfit(f"{value!r:.60} is not an {kind.qualified}") from None

    return read


_FRACTION = re.compile(r"(\.\d{6})\d+", re.ASCII)


def _moment(text: str) -> str:
    """ISO 8601 as most write it: a blank for the T, ``+0100``, more digits than are kept."""
    text = re.sub(r"^(\d{4}-\d\d-\d\d) ", r"\1T", _FRACTION.sub(r"\1", text))
    return re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)


def _zoneless(text: str) -> str:
    return _moment(text) + "Z"


def _epoch(unit: int) -> Callable[[Any], datetime]:
    def read(value: Any) -> datetime:
        micro = _decimal(value) * (1_000_000 // unit)
        try:
            return EPOCH + timedelta(microseconds=int(micro))
        except OverflowError:
            raise Misfit(f"{value!r:.60} is no point in time") from None

    return read


def _epoch_text(unit: int) -> Callable[[Stored], str | None]:
    def text(value: Stored) -> str | None:
        if not isinstance(value, datetime):
            return None
        units, rest = divmod(value - EPOCH, timedelta(microseconds=1_000_000 // unit))
        return None if rest else str(units)

    return text


def _spelled(kind: PrimitiveType) -> Callable[[Stored], str | None]:
    return lambda value: raw_value(value) if type(value) is kind.python else None


def _string_text(value: Stored) -> str | None:
    """Half of a surrogate pair has no form in a URL, and in no JSON that came."""
    return value if isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value) else None


def _number_text(value: Stored) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return raw_value(value)


def _integer_text(value: Stored) -> str | None:
    text = _number_text(value)
    return str(int(value)) if text is not None and isinstance(value, int | Decimal) and value == int(value) else None


def _without_zone(value: Stored) -> str | None:
    return raw_value(value)[:-1] if isinstance(value, datetime) else None


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("String", STRING, _string, _string_text),
        Kind("Boolean", BOOLEAN, _boolean, _spelled(BOOLEAN)),
        Kind("Int64", INT64, _integer, _integer_text),
        Kind("Decimal", DECIMAL, _decimal, _number_text),
        Kind("Date", DATE, _parsed(DATE), _spelled(DATE)),
        Kind("TimeOfDay", TIME_OF_DAY, _parsed(TIME_OF_DAY, _moment), _spelled(TIME_OF_DAY)),
        Kind("Guid", GUID, _parsed(GUID), _spelled(GUID)),
        Kind("DateTimeOffset", DATE_TIME_OFFSET, _parsed(DATE_TIME_OFFSET, _moment), _spelled(DATE_TIME_OFFSET)),
        # Without a zone: handed over as if it were UTC; the catalog's `timezone` says what it is.
        Kind("DateTime", DATE_TIME_OFFSET, _parsed(DATE_TIME_OFFSET, _zoneless), _without_zone),
        Kind("EpochSeconds", DATE_TIME_OFFSET, _epoch(1), _epoch_text(1)),
        Kind("EpochMilliseconds", DATE_TIME_OFFSET, _epoch(1000), _epoch_text(1000)),
    )
}
