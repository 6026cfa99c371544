"""From what the driver returns to Python values of the Edm types: one function per column, made once per query.

A decoder raises ``ValueError``, ``TypeError`` or ``LookupError`` for a value that does not fit the mapping; ``rows``
turns that into ``ContractBroken``. No decoder at all means that the driver's values are the published ones.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from operator import add, is_
from types import NoneType
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from edm.meanings import EXACT
from edm.model import Property
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    GUID,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from erp_adapters.base import ContractBroken, Row
from erp_adapters.sql_codecs import Codec, Codes, Composite, Flag, Plain, Scaled, Sum, Zoned
from erp_adapters.sql_values import ColumnFacts, Form, Kind, Value

Decoder = Callable[..., Any]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the answer: made of some columns of the statement."""

    name: str
    sources: tuple[int, ...]
    decode: Decoder | None
    required: bool = False  # null is a fault
    types: frozenset[type] = frozenset()  # those of values that need no decoder


class AtOnce(ABC):
    """A decoder that reads a whole column in fewer steps than value after value, where nothing in it is unusual."""

    @abstractmethod
    def __call__(self, *stored: Any) -> Any:
        """One value."""

    @abstractmethod
    def column(self, *sources: Sequence[Any]) -> Sequence[Any] | None:
        """All values; ``None`` if they must be looked at one by one."""


def rows(entity_set: str, outputs: Sequence[Output], raw: Sequence[Sequence[Any]]) -> list[Row]:
    """The published rows. Column by column, because that keeps the loops in C."""
    if not raw:
        return []
    stored = list(zip(*raw, strict=True))
    columns = []
    for output in outputs:
        try:
            columns.append(_column(output, stored))
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            raise ContractBroken(entity_set, _culprit(output, stored)) from None
    if len(columns) == len(stored) and all(map(is_, columns, stored)) and type(raw[0]) is tuple:
        return cast("list[Row]", raw)  # they are the published ones already
    return list(zip(*columns, strict=True))


def _column(output: Output, stored: Sequence[Sequence[Any]]) -> Sequence[Any]:
    sources = [stored[number] for number in output.sources]
    if output.decode is None:
        kinds = set(map(type, sources[0]))
        if output.types and not output.types.issuperset(kinds):
            raise TypeError("a value of another type")  # SQLite's columns hold values of any type
        if Decimal in output.types and not all(map(Decimal.is_finite, filter(None, sources[0]))):
            raise ValueError("not a number")
        if output.required and NoneType in kinds:
            raise ValueError("null")
        return sources[0]
    values = output.decode.column(*sources) if isinstance(output.decode, AtOnce) else None
    if values is None:
        values = list(map(output.decode, *sources))
    if output.required and NoneType in set(map(type, values)):
        raise ValueError("null")
    return values


def _culprit(output: Output, stored: Sequence[Sequence[Any]]) -> str:
    """Which value does not fit, for the log."""
    for given in _given(output, stored):
        try:
            value = given[0] if output.decode is None else output.decode(*given)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            return f"{output.name}: {given!r} does not fit ({error})"
        if value is None and output.required:
            return f"{output.name}: null, but the property is not nullable"
        if output.decode is None and output.types and type(value) not in output.types:
            return f"{output.name}: {value!r} is of another type"
        if output.decode is None and isinstance(value, Decimal) and not value.is_finite():
            return f"{output.name}: {value} is not a number"
    return f"{output.name}: a value does not fit"


def _given(output: Output, stored: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    return zip(*(stored[number] for number in output.sources), strict=True)


# Per codec


def decoder(codec: Codec, prop: Property, facts: Sequence[ColumnFacts]) -> Decoder | None:
    """How values of ``prop`` are read from the codec's columns."""
    match codec:
        case Plain(trim=True):
            return _trimmed
        case Plain():
            return _plain(prop, facts[0])
        case Scaled(decimals=decimals) | Sum(decimals=decimals):
            return scaled(decimals, prop) if prop.type == DECIMAL else integer(prop.type)
        case Composite():
            return composite(codec, facts)
        case Zoned(zone=zone):
            return zoned(zone)
        case _:
            raise AssertionError(codec)  # its field has a decoder of its own


def _trimmed(value: str | None) -> str | None:
    return None if value is None else value.rstrip(" ")


def _plain(prop: Property, facts: ColumnFacts) -> Decoder | None:
    kind = prop.type
    if kind == STRING:
        return None if facts.kind is Kind.TEXT else _trimmed if facts.kind is Kind.CHAR else _text
    if kind == BOOLEAN:
        return None if facts.kind is Kind.BOOLEAN else _BOOLEANS.__getitem__
    if kind.integral:
        assert kind.high is not None
        fits = facts.kind is Kind.INTEGER and facts.bits <= kind.high.bit_length() + 1
        return None if fits else integer(kind)
    if kind == DECIMAL:
        return None if _has_digits(prop, facts) else Decimals(prop)
    found: Decoder = _BY_TYPE.get(kind, _unreadable)
    return found


def _has_digits(prop: Property, facts: ColumnFacts) -> bool:
    """Whether every number of the column has the digits of the property."""
    if facts.digits is None or facts.digits[1] != (prop.scale or 0):
        return False
    return prop.precision is None or facts.digits[0] <= prop.precision


def _unreadable(value: Any) -> Any:
    raise TypeError("values of this type are not read from SQL")


def _text(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    raise TypeError("not text")


_BOOLEANS = {None: None, 0: False, 1: True}


def integer(kind: PrimitiveType) -> Decoder:
    """Integers of ``kind``; a whole number in another form is one too."""
    low, high = kind.low, kind.high
    assert low is not None
    assert high is not None

    def decode(value: Any) -> int | None:
        if value is None:
            return None
        number = value if type(value) is int else whole(value)
        if low <= number <= high:
            return number
        raise ValueError(f"outside {kind.name}")

    return decode


def whole(value: Any) -> int:
    """A number without a fraction, as an int."""
    if isinstance(value, str):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        raise TypeError("not a whole number")
    return int(value)


def scaled(decimals: int, prop: Property) -> Decoder:
    """Decimals from integers with implied decimals."""
    return _Scaled(decimals, prop).__getitem__


class _Scaled(dict[Any, Decimal | None]):
    """Stored number -> decimal. The numbers of a page repeat: quantities, rates, prices, zero."""

    def __init__(self, decimals: int, prop: Property) -> None:
        super().__init__({None: None})
        self._decimals = decimals
        self._limit = 10 ** (prop.precision + decimals - (prop.scale or 0)) if prop.precision else None

    def __missing__(self, value: Any) -> Decimal:
        number = value if type(value) is int else whole(value)
        if self._limit is not None and not -self._limit < number < self._limit:
            raise ValueError("more digits than the property has")
        if len(self) > _MOST_SCALED:
            self.clear()
            self[None] = None
        found = self[value] = Decimal(number).scaleb(-self._decimals)
        return found


#: Numbers that are kept with the decimals that they are.
_MOST_SCALED = 10_000


class Decimals(AtOnce):
    """Decimals from numbers; SQLite's floats stand for the decimals they are written as."""

    def __init__(self, prop: Property) -> None:
        scale = prop.scale or 0
        self._unit = Decimal(1).scaleb(-scale)
        self._exact_below = 10.0 ** (15 - scale)
        self._limit = Decimal(10) ** (prop.precision - scale) if prop.precision else Decimal("Infinity")

    def __call__(self, *stored: Any) -> Decimal | None:
        (value,) = stored
        if value is None:
            return None
        if type(value) is float and abs(value) >= self._exact_below:
            raise ValueError("more digits than a float keeps")
        if type(value) is not Decimal:
            value = float_decimal(value)
        number: Decimal = value.quantize(self._unit, context=EXACT)
        if number != value or not -self._limit < number < self._limit:
            raise ValueError("more digits than the property has")
        return number

    def column(self, *sources: Sequence[Any]) -> Sequence[Any] | None:
        """As they are, where they are decimals with as many digits after the point as the property has."""
        (values,) = sources
        kinds = set(map(type, values))
        if not kinds <= {Decimal, NoneType}:
            return None
        present = values if NoneType not in kinds else [value for value in values if value is not None]
        if not all(map(self._unit.same_quantum, present)):  # no NaN and no infinity has the same
            return None
        return values if not present or -self._limit < min(present) <= max(present) < self._limit else None


def float_decimal(value: Any) -> Decimal:
    """The decimal of at most 15 digits that a stored number stands for."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return Decimal(value) if isinstance(value, int) else Decimal(format(value, ".15g"))


@lru_cache(maxsize=16_384)
def day_of_digits(value: Any) -> date | None:
    """A date from 20261123; 0 is none."""
    if value is None or value == 0:
        return None
    number = whole(value)
    return date(number // 10_000, number // 100 % 100, number % 100)


class Words(dict[Any, str | None]):
    """Code -> word, with every way in which a driver returns a code."""

    def __init__(self, codec: Codes, facts: ColumnFacts) -> None:
        super().__init__(codec.words)
        self[None] = None
        self._trim = codec.trim or facts.kind is Kind.CHAR

    def __missing__(self, code: Any) -> str | None:
        text = code_text(code)
        trimmed = text.rstrip(" ") if self._trim else text
        return self.get(trimmed, trimmed)


class Flags(dict[Any, bool | None]):
    """Code -> whether it means true; null if it is none of those that mean true or false, where both are known."""

    def __init__(self, codec: Flag, facts: ColumnFacts) -> None:
        rest = False if codec.false is None else None
        super().__init__({None: rest})
        number = facts.kind in (Kind.INTEGER, Kind.NUMERIC, Kind.BOOLEAN)
        for codes, meaning in ((codec.false or (), False), (codec.true, True)):
            self.update({_BITS.get(code, code) if number else code: meaning for code in codes})
        self._rest = rest
        self._trim = codec.trim or facts.kind is Kind.CHAR

    def __missing__(self, code: Any) -> bool | None:
        text = code_text(int(code) if isinstance(code, bool) else code)
        return self.get(text.rstrip(" ") if self._trim else text, self._rest)


_BITS = {"true": "1", "false": "0"}


def code_text(code: Any) -> str:
    """A code as text; integer codes as their digits."""
    return code if isinstance(code, str) else str(whole(code))


def composite(codec: Composite, facts: Sequence[ColumnFacts]) -> Decoder:
    """The parts joined, each of its width."""
    widths, separator = codec.widths, codec.separator
    if tuple(fact.kind for fact in facts) == (Kind.TEXT, Kind.INTEGER) and widths[1]:
        return _TextAndNumber(widths[0], widths[1], separator)

    def part(value: Any, width: int) -> str:
        if not width and isinstance(value, str):
            return value
        text = value if isinstance(value, str) else str(whole(value)).zfill(width)
        if len(text) != width or text[0] == "-":
            raise ValueError(f"not of width {width}")
        return text

    def decode(*values: Any) -> str | None:
        if None in values:
            return None
        return separator.join(map(part, values, widths))

    return decode


class _TextAndNumber(AtOnce):
    """A document's number and the number of a line: what most composite keys are."""

    def __init__(self, width: int, digits: int, separator: str) -> None:
        self._width, self._limit = width, 10**digits
        self._endings = _Endings(separator, digits)
        self._fault = f"not of widths {width} and {digits}"

    def __call__(self, *stored: Any) -> str | None:
        document, line = stored
        if document is None or line is None:
            return None
        if len(document) != self._width or not 0 <= line < self._limit:
            raise ValueError(self._fault)
        return f"{document}{self._endings[line]}"

    def column(self, *sources: Sequence[Any]) -> Sequence[Any] | None:
        documents, lines = sources
        if set(map(type, documents)) != {str} or set(map(type, lines)) != {int}:
            return None
        if set(map(len, documents)) != {self._width} or min(lines) < 0 or max(lines) >= self._limit:
            return None
        return list(map(add, documents, map(self._endings.__getitem__, lines)))


class _Endings(dict[int, str]):
    """Number -> what a key ends with. Documents have few lines, and so the numbers repeat."""

    def __init__(self, separator: str, digits: int) -> None:
        super().__init__()
        self._separator, self._digits = separator, digits

    def __missing__(self, line: int) -> str:
        if len(self) >= _MOST_ENDINGS:
            self.clear()
        found = self[line] = f"{self._separator}{line:0{self._digits}d}"
        return found


_MOST_ENDINGS = 10_000


def zoned(zone: str) -> Decoder:
    """Points in time from local timestamps."""
    info = UTC if zone == "UTC" else ZoneInfo(zone)

    def decode(value: Any) -> datetime | None:
        if value is None:
            return None
        moment = value if type(value) is datetime else stamp(value)
        if moment.tzinfo is not None:
            raise TypeError("has a time zone already")
        return moment.replace(tzinfo=UTC) if info is UTC else moment.replace(tzinfo=info).astimezone(UTC)

    return decode


def stamp(value: str) -> datetime:
    """A timestamp as SQLAlchemy stores it in SQLite. Others would not compare rightly as text."""
    if len(value) != 26 or value[10] != " " or value[19] != "." or not value[20:].isdigit():
        raise ValueError("not of the form 2026-11-23 08:00:00.000000")
    return datetime.fromisoformat(value)


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else stamp(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class _Days(AtOnce):
    """Days: as the driver gives them, or from SQLite's text."""

    def __call__(self, *stored: Any) -> date | None:
        return _day(*stored)

    def column(self, *sources: Sequence[Any]) -> Sequence[Any] | None:
        return sources[0] if set(map(type, sources[0])) <= {date, NoneType} else None


@lru_cache(maxsize=16_384)
def _day(value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    if isinstance(value, datetime):  # Oracle's DATE has a time of day
        if value.time() != time():
            raise ValueError("not a day alone")
        return value.date()
    day = date.fromisoformat(value)
    return _if_written(day, day.isoformat(), value)


def _time(value: Any) -> time | None:
    if value is None or isinstance(value, time):
        return value
    if isinstance(value, timedelta):  # MySQL's TIME is a span, which may be longer than a day
        if not timedelta(0) <= value < timedelta(days=1):
            raise ValueError("no time of day")
        return (datetime(1, 1, 1, tzinfo=UTC) + value).time()
    clock = time.fromisoformat(value)
    return _if_written(clock, clock.isoformat("microseconds"), value)


def _guid(value: Any) -> uuid.UUID | None:
    if value is None or isinstance(value, uuid.UUID):
        return value
    found = uuid.UUID(hex=value)
    return _if_written(found, found.hex, value)


def _if_written(parsed: _T, form: str, value: str) -> _T:
    """What SQLite holds as text counts only in the one form that compares as text as the values do."""
    if form != value:
        raise ValueError(f"not of the form {form}")
    return parsed


def _float(value: Any) -> float | None:
    if value is None or type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError("not a number")
    return float(value)


def _span(value: Any) -> timedelta | None:
    return None if value is None else timedelta(microseconds=whole(value))


_BY_TYPE: dict[PrimitiveType, Decoder] = {
    DATE: _Days(),
    DATE_TIME_OFFSET: _moment,
    TIME_OF_DAY: _time,
    GUID: _guid,
    DURATION: _span,
    DOUBLE: _float,
}


# Per form: values that are computed


def computed(value: Value) -> Decoder | None:
    """How the value of an expression is read."""
    kind = value.type
    if kind == BOOLEAN:
        return _BOOLEANS.__getitem__
    if kind.integral:
        return lambda number: None if number is None else whole(number)
    if kind == DECIMAL:
        if value.form is Form.APPROX:
            return partial(_digits_of, Decimal(1).scaleb(-value.scale))
        scale = value.scale if value.form is Form.INT else 0
        return lambda number: None if number is None else _decimal_of(number, scale)
    if value.form is Form.DIGITS:
        return day_of_digits
    if value.form is Form.FLOAT:
        return _float
    return _BY_TYPE.get(kind)


def _digits_of(unit: Decimal, value: Any) -> Decimal | None:
    """A float or an integer that stands for a decimal, with the digits of its property at least."""
    if value is None:
        return None
    found = _decimal_of(value, 0)
    written = found.quantize(unit, context=EXACT)
    return written if written == found else found


def _decimal_of(value: Any, scale: int) -> Decimal:
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError("not a number") from None
    if isinstance(value, Decimal):
        return value
    return Decimal(whole(value)).scaleb(-scale) if isinstance(value, int) else float_decimal(value)
