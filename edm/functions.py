"""Everything that can be asked of a value: one row per operator and canonical function (URL Conventions 4.01, 5.1.1).

A row says the name, which operand types it takes and gives, how it treats null, and what it means (a plain Python
function). Parser, binder, evaluator, SQL dialects, annotations, documentation and the random-query generator read
this table; a new function is a new row here (and optionally one in ``erp_adapters/dialects.py``, to push it down).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    INT32,
    INT64,
    NULL,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
    promote,
)

#: Fractional digits kept by a decimal division that does not come out even.
DIVISION_SCALE = 12
#: Exact for every product and sum of ERP amounts; PostgreSQL's numeric is exact here too.
EXACT = Context(prec=200)


class NullRule(Enum):
    """What null operands do."""

    PROPAGATE = "propagate"  # any null operand makes the result null; the implementation never sees None
    COMPARE = "compare"  # two-valued: the implementation sees None and answers true or false
    LOGIC = "logic"  # three-valued: the implementation sees None


class Kind(Enum):
    """How a row is written in a URL."""

    INFIX = "infix"
    PREFIX = "prefix"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class TypeClass:
    """A set of types that an operand may have."""

    name: str
    accepts: Callable[[PrimitiveType], bool]


NUMBER = TypeClass("number", lambda t: t.numeric)
INTEGER = TypeClass("integer", lambda t: t.integral)
ANY = TypeClass("any primitive value", lambda t: True)
ORDERED = TypeClass("ordered value", lambda t: t.name not in ("Binary",))

Operand = PrimitiveType | TypeClass
Result = PrimitiveType | Callable[[Sequence[PrimitiveType]], PrimitiveType]


@dataclass(frozen=True, slots=True)
class Signature:
    """Operand types and the result's type. ``same`` demands that all operands meet in one type."""

    params: tuple[Operand, ...]
    result: Result
    same: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalFunction:
    """One operator or function: a row of ``FUNCTIONS``, compared by identity."""

    name: str
    kind: Kind
    group: str
    signatures: tuple[Signature, ...]
    null: NullRule
    evaluate: Callable[..., Any]
    version: str = "4.0"
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """The signature that fits: the type each operand has to be brought to, and the type of the result."""

    operands: tuple[PrimitiveType, ...]
    result: PrimitiveType


FUNCTIONS: dict[str, CanonicalFunction] = {}


def resolve(function: CanonicalFunction, types: Sequence[PrimitiveType]) -> Resolution | None:
    """The first signature of ``function`` that takes operands of ``types``; ``None`` if no signature does."""
    return _resolve(function, tuple(types))


@lru_cache(maxsize=4_096)
def _resolve(function: CanonicalFunction, types: tuple[PrimitiveType, ...]) -> Resolution | None:
    for signature in function.signatures:
        operands = _fit(signature, types)
        if operands is not None:
            result = signature.result
            return Resolution(operands, result if isinstance(result, PrimitiveType) else result(operands))
    return None


def _fit(signature: Signature, types: Sequence[PrimitiveType]) -> tuple[PrimitiveType, ...] | None:
    if len(signature.params) != len(types):
        return None
    if not all(_takes(param, given) for param, given in zip(signature.params, types, strict=True)):
        return None
    return _meet(signature, types)


def _takes(param: Operand, given: PrimitiveType) -> bool:
    """Whether an operand of the type fits; null does everywhere, a number where a wider one is wanted."""
    if given == NULL:
        return True
    if isinstance(param, TypeClass):
        return param.accepts(given)
    return param == given or (param.numeric and given.numeric and given.rank <= param.rank)


def _meet(signature: Signature, types: Sequence[PrimitiveType]) -> tuple[PrimitiveType, ...] | None:
    known = [t for t in types if t != NULL]
    if signature.same and known:
        meeting = known[0]
        for other in known[1:]:
            if meeting.numeric and other.numeric:
                meeting = promote(meeting, other)
            elif meeting != other:
                return None
        return (meeting,) * len(types)
    return tuple(
        given if given != NULL else (param if isinstance(param, PrimitiveType) else NULL)
        for param, given in zip(signature.params, types, strict=True)
    )


def _row(
    name: str,
    group: str,
    signatures: Sequence[Signature],
    evaluate: Callable[..., Any],
    *,
    kind: Kind = Kind.FUNCTION,
    null: NullRule = NullRule.PROPAGATE,
    version: str = "4.0",
    doc: str = "",
) -> None:
    FUNCTIONS[name] = CanonicalFunction(name, kind, group, tuple(signatures), null, evaluate, version, doc)


def _sig(*params: Operand, to: Result, same: bool = False) -> Signature:
    return Signature(params, to, same)


# --- comparison: two-valued ---------------------------------------------------------------------------------------


def _eq(a: Any, b: Any) -> bool:
    return bool(a == b)


def _gt(a: Any, b: Any) -> bool:
    return a is not None and b is not None and bool(a > b)


def _in(value: Any, items: Sequence[Any]) -> bool:
    return value in items


_SAME = [_sig(ANY, ANY, to=BOOLEAN, same=True)]
_ORDER = [_sig(ORDERED, ORDERED, to=BOOLEAN, same=True)]
for _name, _function, _signatures, _doc in (
    ("eq", _eq, _SAME, "equal; null equals null"),
    ("ne", lambda a, b: not _eq(a, b), _SAME, "not equal"),
    ("gt", _gt, _ORDER, "greater than; false if an operand is null"),
    ("ge", lambda a, b: _gt(a, b) or _eq(a, b), _ORDER, "greater than or equal"),
    ("lt", lambda a, b: _gt(b, a), _ORDER, "less than; false if an operand is null"),
    ("le", lambda a, b: _gt(b, a) or _eq(a, b), _ORDER, "less than or equal"),
):
    _row(_name, "comparison", _signatures, _function, kind=Kind.INFIX, null=NullRule.COMPARE, doc=_doc)
_row(
    "in",
    "comparison",
    _SAME,
    _in,
    kind=Kind.INFIX,
    null=NullRule.COMPARE,
    version="4.01",
    doc="equal to an item of a list",
)


# --- logic: three-valued ------------------------------------------------------------------------------------------


def _and(*args: bool | None) -> bool | None:
    return False if False in args else (None if None in args else True)


def _or(*args: bool | None) -> bool | None:
    return True if True in args else (None if None in args else False)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


_row(
    "and",
    "logic",
    [_sig(BOOLEAN, BOOLEAN, to=BOOLEAN)],
    _and,
    kind=Kind.INFIX,
    null=NullRule.LOGIC,
    doc="both are true",
)
_row(
    "or",
    "logic",
    [_sig(BOOLEAN, BOOLEAN, to=BOOLEAN)],
    _or,
    kind=Kind.INFIX,
    null=NullRule.LOGIC,
    doc="one is true",
)
_row("not", "logic", [_sig(BOOLEAN, to=BOOLEAN)], _not, kind=Kind.PREFIX, null=NullRule.LOGIC, doc="negation")


# --- arithmetic ---------------------------------------------------------------------------------------------------


def _arithmetic(types: Sequence[PrimitiveType]) -> PrimitiveType:
    """Integers give Int64, everything else the promoted type."""
    return INT64 if types[0].integral else (DOUBLE if types[0].rank > DECIMAL.rank else DECIMAL)


def _real(types: Sequence[PrimitiveType]) -> PrimitiveType:
    return DOUBLE if types[0].rank > DECIMAL.rank else DECIMAL


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, Decimal):
        return EXACT.add(a, b)
    try:
        return a + b
    except OverflowError:
        return None


def _sub(a: Any, b: Any) -> Any:
    if isinstance(a, Decimal):
        return EXACT.subtract(a, b)
    try:
        return a + -b if isinstance(b, timedelta) else a - b  # date - timedelta would ignore hours
    except OverflowError:
        return None


def _mul(a: Any, b: Any) -> Any:
    if isinstance(a, timedelta) or isinstance(b, timedelta):
        span, factor = (a, b) if isinstance(a, timedelta) else (b, a)
        return _scaled(span, Decimal(factor))
    return EXACT.multiply(a, b) if isinstance(a, Decimal) else a * b


def _scaled(span: timedelta, factor: Decimal) -> timedelta | None:
    micro = EXACT.multiply(Decimal(span // timedelta(microseconds=1)), factor)
    try:
        return timedelta(microseconds=int(micro.to_integral_value(ROUND_HALF_UP)))
    except OverflowError:
        return None


def divide_decimal(a: Decimal, b: Decimal) -> Decimal | None:
    """The quotient, rounded half away from zero to ``DIVISION_SCALE`` digits; null for a zero divisor."""
    if not b:
        return None
    return EXACT.divide(a, b).quantize(Decimal(1).scaleb(-DIVISION_SCALE), ROUND_HALF_UP, EXACT)


def _div(a: Any, b: Any) -> Any:
    if isinstance(a, timedelta):
        return _scaled(a, EXACT.divide(Decimal(1), Decimal(b))) if b else None
    if isinstance(a, float):
        return _divide_float(a, b)
    if isinstance(a, Decimal):
        return divide_decimal(a, b)
    return None if b == 0 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


def _divide_float(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def _divby(a: Any, b: Any) -> Any:
    return _div(Decimal(a) if isinstance(a, int) else a, Decimal(b) if isinstance(b, int) else b)


def _mod(a: Any, b: Any) -> Any:
    if isinstance(a, float):
        return math.fmod(a, b) if b and not math.isinf(a) else math.nan
    if b == 0:
        return None
    return (
        EXACT.remainder(a, b)
        if isinstance(a, Decimal)
        else int(math.fmod(a, b))
        if abs(a) < 2**53 > abs(b)
        else (abs(a) % abs(b) * (-1 if a < 0 else 1))
    )


_NUMBERS = _sig(NUMBER, NUMBER, to=_arithmetic, same=True)
_SPAN_BY_NUMBER = _sig(DURATION, NUMBER, to=DURATION)
for _name, _function, _signatures, _doc in (
    (
        "add",
        _add,
        [
            _NUMBERS,
            _sig(DATE_TIME_OFFSET, DURATION, to=DATE_TIME_OFFSET),
            _sig(DATE, DURATION, to=DATE),
            _sig(DURATION, DURATION, to=DURATION),
        ],
        "sum; of a point in time and a duration too",
    ),
    (
        "sub",
        _sub,
        [
            _NUMBERS,
            _sig(DATE_TIME_OFFSET, DURATION, to=DATE_TIME_OFFSET),
            _sig(DATE, DURATION, to=DATE),
            _sig(DURATION, DURATION, to=DURATION),
            _sig(DATE_TIME_OFFSET, DATE_TIME_OFFSET, to=DURATION),
            _sig(DATE, DATE, to=DURATION),
        ],
        "difference; of points in time a duration",
    ),
    ("mul", _mul, [_NUMBERS, _SPAN_BY_NUMBER, _sig(NUMBER, DURATION, to=DURATION)], "product"),
    ("div", _div, [_NUMBERS, _SPAN_BY_NUMBER], "quotient; of integers an integer, truncated toward zero"),
    ("mod", _mod, [_NUMBERS], "remainder with the sign of the dividend"),
):
    _row(_name, "arithmetic", _signatures, _function, kind=Kind.INFIX, doc=_doc)
_row(
    "divby", "arithmetic", [_sig(NUMBER, NUMBER, to=_real, same=True)], _divby,
    kind=Kind.INFIX, version="4.01", doc="quotient, fractional for integers too",
)  # fmt: skip
_row(
    "neg", "arithmetic", [_sig(NUMBER, to=_arithmetic), _sig(DURATION, to=DURATION)], lambda a: -a,
    kind=Kind.PREFIX, doc="negation, written -",
)  # fmt: skip


# --- strings ------------------------------------------------------------------------------------------------------

#: What ``trim`` removes: the characters that the Unicode standard calls White_Space and ASCII has.
BLANKS = " \t\n\r\f\v"


_SIGMA = "\N{GREEK CAPITAL LETTER SIGMA}"


def lower(text: str) -> str:
    """Character by character: Python alone makes a sigma at the end of a word another letter."""
    return text.replace(_SIGMA, _SIGMA.lower()).lower()


def _substring(text: str, start: int, length: int | None = None) -> str:
    begin = max(0, len(text) + start) if start < 0 else start
    return text[begin:] if length is None else text[begin : begin + max(0, length)]


_row("concat", "string", [_sig(STRING, STRING, to=STRING)], lambda a, b: a + b, doc="the strings joined")
_row(
    "contains",
    "string",
    [_sig(STRING, STRING, to=BOOLEAN)],
    lambda a, b: b in a,
    doc="the second is part of the first",
)
_row(
    "startswith",
    "string",
    [_sig(STRING, STRING, to=BOOLEAN)],
    str.startswith,
    doc="the first begins with the second",
)
_row(
    "endswith",
    "string",
    [_sig(STRING, STRING, to=BOOLEAN)],
    str.endswith,
    doc="the first ends with the second",
)
_row(
    "indexof",
    "string",
    [_sig(STRING, STRING, to=INT32)],
    str.find,
    doc="zero-based position of the second, or -1",
)
_row("length", "string", [_sig(STRING, to=INT32)], len, doc="number of characters")
_row(
    "substring", "string", [_sig(STRING, INTEGER, to=STRING), _sig(STRING, INTEGER, INTEGER, to=STRING)], _substring,
    doc="from a zero-based position, optionally a number of characters; a negative position counts from the end",
)  # fmt: skip
_row("tolower", "string", [_sig(STRING, to=STRING)], lower, doc="in lower case, character by character")
_row("toupper", "string", [_sig(STRING, to=STRING)], str.upper, doc="in upper case")
_row("trim", "string", [_sig(STRING, to=STRING)], lambda a: a.strip(BLANKS), doc="without blanks at both ends")

#: What free-text search ignores: ASCII punctuation but the hyphen, because Salesforce strips it from what people type.
PUNCTUATION = "".join(c for c in map(chr, range(33, 127)) if not c.isalnum() and c != "-")
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)


def search_text(text: str) -> str:
    """The form in which ``$search`` compares: lower case, no punctuation, one blank where punctuation stood alone."""
    return lower(text).translate(_WITHOUT_PUNCTUATION).replace("  ", " ")


#: Not callable from a URL: the binder writes ``$search`` as ``contains($searchtext(P),'word')``.
_row("$searchtext", "search", [_sig(STRING, to=STRING)], search_text, doc="what $search compares")


# --- date and time ------------------------------------------------------------------------------------------------

MIN_DATE_TIME = datetime(1, 1, 1, tzinfo=UTC)
MAX_DATE_TIME = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def _fractional_seconds(moment: datetime | time) -> Decimal:
    return Decimal(moment.microsecond).scaleb(-6)


def _total_seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1)).scaleb(-6)


_DATED = [_sig(DATE, to=INT32), _sig(DATE_TIME_OFFSET, to=INT32)]
_TIMED = [_sig(DATE_TIME_OFFSET, to=INT32), _sig(TIME_OF_DAY, to=INT32)]
for _name, _signatures in (
    ("year", _DATED), ("month", _DATED), ("day", _DATED), ("hour", _TIMED), ("minute", _TIMED), ("second", _TIMED),
):  # fmt: skip
    _row(
        _name,
        "date and time",
        _signatures,
        lambda a, _part=_name: getattr(a, _part),
        doc=f"the {_name} part, in UTC",
    )
_row(
    "fractionalseconds", "date and time",
    [_sig(DATE_TIME_OFFSET, to=DECIMAL), _sig(TIME_OF_DAY, to=DECIMAL)], _fractional_seconds,
    doc="the fraction of the second",
)  # fmt: skip
_row("date", "date and time", [_sig(DATE_TIME_OFFSET, to=DATE), _sig(DATE, to=DATE)],
     lambda a: a.date() if isinstance(a, datetime) else a, doc="the date part, in UTC")  # fmt: skip
_row(
    "time",
    "date and time",
    [_sig(DATE_TIME_OFFSET, to=TIME_OF_DAY)],
    lambda a: a.time(),
    doc="the time part, in UTC",
)
_row("totaloffsetminutes", "date and time", [_sig(DATE_TIME_OFFSET, to=INT32)], lambda a: 0,
     doc="minutes from UTC: 0, as values are kept in UTC")  # fmt: skip
_row("totalseconds", "date and time", [_sig(DURATION, to=DECIMAL)], _total_seconds, doc="a duration in seconds")
_row(
    "now",
    "date and time",
    [_sig(to=DATE_TIME_OFFSET)],
    lambda: datetime.now(UTC),
    doc="the time of the request",
)
_row(
    "mindatetime",
    "date and time",
    [_sig(to=DATE_TIME_OFFSET)],
    lambda: MIN_DATE_TIME,
    doc="the earliest point in time",
)
_row(
    "maxdatetime",
    "date and time",
    [_sig(to=DATE_TIME_OFFSET)],
    lambda: MAX_DATE_TIME,
    doc="the latest point in time",
)


# --- numbers ------------------------------------------------------------------------------------------------------


def _rounding(mode: str, on_float: Callable[[float], float]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if isinstance(value, Decimal):
            return value.to_integral_value(mode)
        return value if isinstance(value, int) or not math.isfinite(value) else on_float(value)

    return apply


def _half_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


_NUMERIC = [_sig(NUMBER, to=_real)]
_row(
    "round",
    "number",
    _NUMERIC,
    _rounding(ROUND_HALF_UP, _half_away),
    doc="to an integer, half away from zero",
)
_row("floor", "number", _NUMERIC, _rounding(ROUND_FLOOR, math.floor), doc="rounded down")
_row("ceiling", "number", _NUMERIC, _rounding(ROUND_CEILING, math.ceil), doc="rounded up")

# --- types --------------------------------------------------------------------------------------------------------


def convert(value: Any, target: PrimitiveType) -> Any:
    """``value`` as a number of the promoted type ``target`` (what the binder's implicit ``cast`` means)."""
    if value is None or target.python is type(value):
        return value
    if target == DECIMAL:
        return Decimal(value)
    if target.python is float:
        return float(value)
    return value


#: Names of the standard that parse but are not answered yet: 501, not 400 (conformance 40-MIN-07).
NOT_IMPLEMENTED: frozenset[str] = frozenset(
    {
        "has", "case", "cast", "isof", "matchespattern", "hassubset", "hassubsequence",
        "geo.distance", "geo.intersects", "geo.length",
    }
)  # fmt: skip
