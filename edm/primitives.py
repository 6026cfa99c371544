"""The Edm primitive types: names, Python values, value spaces, promotion (CSDL 4.01, section 3.3).

A value of an Edm type is always the Python type named here: ``Decimal`` is never a ``float``, ``DateTimeOffset`` is an
aware ``datetime`` in UTC. How a value is written in JSON or in SQL is told elsewhere.
"""

import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from edm.errors import ODataError


@dataclass(frozen=True, slots=True, eq=False)
class PrimitiveType:
    """One Edm primitive type. ``rank`` orders the numeric types for promotion; 0 means not numeric.

    There is one instance of each, compared by identity: types are compared with every node of every expression.
    """

    name: str
    python: type
    parse: Callable[[str], object] = field(repr=False, compare=False)
    rank: int = 0
    low: int | None = None
    high: int | None = None

    @property
    def qualified(self) -> str:
        """The name as metadata and literals spell it: ``Edm.Decimal``."""
        return f"Edm.{self.name}"

    @property
    def numeric(self) -> bool:
        return self.rank > 0

    @property
    def integral(self) -> bool:
        return self.low is not None

    def __str__(self) -> str:
        return self.qualified


@dataclass(frozen=True, slots=True)
class CollectionType:
    """A collection of primitive values, as on the right of ``in``."""

    of: "PrimitiveType"

    def __str__(self) -> str:
        return f"Collection({self.of})"


def _malformed(kind: str, text: str) -> ODataError:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return ODataError("syntax", f"{shown!r} is not a valid {kind}.")


def _out_of_range(kind: str, text: str) -> ODataError:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return ODataError("value_out_of_range", f"{shown} is outside the range of {kind}.")


def _string(text: str) -> str:
    return text


def _boolean(text: str) -> bool:
    if text in ("true", "false"):
        return text == "true"
    raise _malformed("Edm.Boolean", text)


_INTEGER = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)


def _integer(name: str, low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise _malformed(f"Edm.{name}", text)
        value = int(text)
        if not low <= value <= high:
            raise _out_of_range(f"Edm.{name}", text)
        return value

    return parse


_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", re.ASCII)
#: Digits that a decimal literal may have, and the powers of ten it may span: beyond any ERP amount, cheap to compute.
_DECIMAL_DIGITS, _DECIMAL_EXPONENT = 40, 60


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise _malformed("Edm.Decimal", text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _out_of_range("Edm.Decimal", text) from None
    exponent = value.as_tuple().exponent
    if (
        len(value.as_tuple().digits) > _DECIMAL_DIGITS
        or not isinstance(exponent, int)
        or abs(exponent) > _DECIMAL_EXPONENT
        or abs(value.adjusted()) > _DECIMAL_EXPONENT
    ):
        raise _out_of_range("Edm.Decimal", text)
    return value if value else Decimal(0)


_FLOAT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", re.ASCII)


def _double(text: str) -> float:
    if text in ("INF", "-INF", "NaN"):
        return {"INF": math.inf, "-INF": -math.inf, "NaN": math.nan}[text]
    if not _FLOAT.fullmatch(text):
        raise _malformed("Edm.Double", text)
    value = float(text)
    if math.isinf(value):
        raise _out_of_range("Edm.Double", text)
    return value


_DATE = re.compile(r"(-?)(0\d{3}|[1-9]\d{3,})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


def _date(text: str) -> date:
    match = _DATE.fullmatch(text)
    if not match:
        raise _malformed("Edm.Date", text)
    sign, year, month, day = match.groups()
    if sign or len(year) > 4 or int(year) == 0:
        raise _out_of_range("Edm.Date", text)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise _malformed("Edm.Date", text) from None


_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,12}))?)?", re.ASCII)


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if not match:
        raise _malformed("Edm.TimeOfDay", text)
    hour, minute, second, fraction = match.groups()
    return time(int(hour), int(minute), int(second or 0), _microseconds(fraction, text))


def _microseconds(fraction: str | None, text: str) -> int:
    if fraction is None:
        return 0
    if fraction[6:].strip("0"):
        raise ODataError("value_out_of_range", f"{text} is finer than a microsecond, the finest this service keeps.")
    return int(fraction[:6].ljust(6, "0"))


_DATE_TIME = re.compile(r"(.+?)[Tt](.+?)([Zz]|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII)


def _date_time_offset(text: str) -> datetime:
    match = _DATE_TIME.fullmatch(text)
    if not match:
        raise _malformed("Edm.DateTimeOffset", text)
    day, clock, zone = match.groups()
    try:
        moment = datetime.combine(_date(day), _time(clock), UTC)
        if zone in "Zz":
            return moment
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        return moment - offset if zone[0] == "+" else moment + offset
    except ODataError as error:
        if error.code == "syntax":
            raise _malformed("Edm.DateTimeOffset", text) from None
        raise
    except OverflowError:
        raise _out_of_range("Edm.DateTimeOffset", text) from None


_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,12})D)?(T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{1,12}))?S)?)?", re.ASCII
)


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if not match or text.endswith(("P", "T")):
        raise _malformed("Edm.Duration", text)
    sign, days, _, hours, minutes, seconds, fraction = match.groups()
    try:
        value = timedelta(
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=_microseconds(fraction, text),
        )
    except OverflowError:
        raise _out_of_range("Edm.Duration", text) from None
    return -value if sign == "-" else value


_GUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}", re.ASCII)


def _guid(text: str) -> uuid.UUID:
    if not _GUID.fullmatch(text):
        raise _malformed("Edm.Guid", text)
    return uuid.UUID(text)


_BINARY = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?", re.ASCII)


def _binary(text: str) -> bytes:
    import base64

    if not _BINARY.fullmatch(text):
        raise _malformed("Edm.Binary", text)
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _integral(name: str, rank: int, low: int, high: int) -> PrimitiveType:
    return PrimitiveType(name, int, _integer(name, low, high), rank, low, high)


STRING = PrimitiveType("String", str, _string)
BOOLEAN = PrimitiveType("Boolean", bool, _boolean)
BYTE = _integral("Byte", 1, 0, 2**8 - 1)
SBYTE = _integral("SByte", 1, -(2**7), 2**7 - 1)
INT16 = _integral("Int16", 2, -(2**15), 2**15 - 1)
INT32 = _integral("Int32", 3, -(2**31), 2**31 - 1)
INT64 = _integral("Int64", 4, -(2**63), 2**63 - 1)
DECIMAL = PrimitiveType("Decimal", Decimal, _decimal, 5)
SINGLE = PrimitiveType("Single", float, _double, 6)
DOUBLE = PrimitiveType("Double", float, _double, 7)
DATE = PrimitiveType("Date", date, _date)
TIME_OF_DAY = PrimitiveType("TimeOfDay", time, _time)
DATE_TIME_OFFSET = PrimitiveType("DateTimeOffset", datetime, _date_time_offset)
DURATION = PrimitiveType("Duration", timedelta, _duration)
GUID = PrimitiveType("Guid", uuid.UUID, _guid)
BINARY = PrimitiveType("Binary", bytes, _binary)
#: The type of the literal ``null``: fits wherever a value is expected.
NULL = PrimitiveType("Untyped", type(None), lambda text: None)

PRIMITIVES: dict[str, PrimitiveType] = {
    kind.name: kind
    for kind in (
        STRING, BOOLEAN, BYTE, SBYTE, INT16, INT32, INT64, DECIMAL, SINGLE, DOUBLE,
        DATE, TIME_OF_DAY, DATE_TIME_OFFSET, DURATION, GUID, BINARY,
    )
}  # fmt: skip


def promote(left: PrimitiveType, right: PrimitiveType) -> PrimitiveType:
    """The type in which two numbers meet (URL Conventions 4.01, 5.1.1.11: numeric promotion)."""
    return left if left.rank >= right.rank else right


def smallest_integer(value: int) -> PrimitiveType:
    """The type of an integer literal: Int32 if it fits, else Int64, else Decimal."""
    for kind in (INT32, INT64):
        if kind.low is not None and kind.high is not None and kind.low <= value <= kind.high:
            return kind
    return DECIMAL
