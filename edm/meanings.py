"""What operators and functions mean: plain Python functions of values, named by the rows of ``edm.functions``.

Those of rows that propagate null never see ``None``; the others are written for it. A result of ``None`` is null.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

#: Fractional digits kept by a decimal division that does not come out even.
DIVISION_SCALE = 12
#: Exact for every product and sum of ERP amounts; PostgreSQL's numeric is exact here too.
EXACT = Context(prec=200)


# --- comparison: two-valued ---------------------------------------------------------------------------------------


def eq(a: Any, b: Any) -> bool:
    return bool(a == b)


def gt(a: Any, b: Any) -> bool:
    return a is not None and b is not None and bool(a > b)


def is_in(value: Any, items: Sequence[Any]) -> bool:
    return value in items


# --- logic: three-valued ------------------------------------------------------------------------------------------


def logic_and(*args: bool | None) -> bool | None:
    return False if False in args else (None if None in args else True)


def logic_or(*args: bool | None) -> bool | None:
    return True if True in args else (None if None in args else False)


def logic_not(value: bool | None) -> bool | None:
    return None if value is None else not value


# --- arithmetic ---------------------------------------------------------------------------------------------------


def add(a: Any, b: Any) -> Any:
    if isinstance(a, Decimal):
        return EXACT.add(a, b)
    try:
        return a + b
    except OverflowError:
        return None


def sub(a: Any, b: Any) -> Any:
    if isinstance(a, Decimal):
        return EXACT.subtract(a, b)
    try:
        return a + -b if isinstance(b, timedelta) else a - b  # date - timedelta would ignore hours
    except OverflowError:
        return None


def neg(a: Any) -> Any:
    if isinstance(a, Decimal):
        return EXACT.minus(a)  # the minus sign alone would round to 28 digits
    try:
        return -a
    except OverflowError:
        return None


def mul(a: Any, b: Any) -> Any:
    if isinstance(a, timedelta) or isinstance(b, timedelta):
        span, factor = (a, b) if isinstance(a, timedelta) else (b, a)
        return _span(EXACT.multiply(_micro(span), Decimal(factor))) if math.isfinite(factor) else None
    return EXACT.multiply(a, b) if isinstance(a, Decimal) else a * b


def _micro(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))


def _span(micro: Decimal) -> timedelta | None:
    """A duration of so many microseconds, rounded half away from zero; null if none is so long."""
    try:
        return timedelta(microseconds=int(micro.to_integral_value(ROUND_HALF_UP)))
    except OverflowError:
        return None


def divide_decimal(a: Decimal, b: Decimal) -> Decimal | None:
    """The quotient, rounded half away from zero to ``DIVISION_SCALE`` digits; null for a zero divisor."""
    if not b:
        return None
    return EXACT.divide(a, b).quantize(Decimal(1).scaleb(-DIVISION_SCALE), ROUND_HALF_UP, EXACT)


def div(a: Any, b: Any) -> Any:
    if isinstance(a, timedelta):
        return _span(EXACT.divide(_micro(a), Decimal(b))) if b and math.isfinite(b) else None
    if isinstance(a, float):
        return _divide_float(a, b)
    if isinstance(a, Decimal):
        return divide_decimal(a, b)
    return None if b == 0 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


def _divide_float(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def divby(a: Any, b: Any) -> Any:
    return div(Decimal(a) if isinstance(a, int) else a, Decimal(b) if isinstance(b, int) else b)


def mod(a: Any, b: Any) -> Any:
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


# --- strings and collections ---------------------------------------------------------------------------------------

#: What ``trim`` removes: the characters that the Unicode standard calls White_Space.
BLANKS = " \t\n\r\f\v\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_SIGMA = "\N{GREEK CAPITAL LETTER SIGMA}"


def lower(text: str) -> str:
    """Character by character: Python alone makes a sigma at the end of a word another letter."""
    return text.replace(_SIGMA, _SIGMA.lower()).lower()


def substring(whole: Any, start: int, length: int | None = None) -> Any:
    """A part of a text or of a collection."""
    begin = max(0, len(whole) + start) if start < 0 else start
    return whole[begin:] if length is None else whole[begin : begin + max(0, length)]


def contains(whole: Any, part: Any) -> bool:
    return part in whole if isinstance(whole, str) else indexof(whole, part) >= 0


def startswith(whole: Any, part: Any) -> bool:
    return bool(whole[: len(part)] == part)


def endswith(whole: Any, part: Any) -> bool:
    return len(part) <= len(whole) and bool(whole[len(whole) - len(part) :] == part)


def indexof(whole: Any, part: Any) -> int:
    """Where ``part`` begins in a text or in a collection, -1 if nowhere."""
    if isinstance(whole, str):
        return whole.find(part)
    starts = range(len(whole) - len(part) + 1)
    return next((start for start in starts if whole[start : start + len(part)] == part), -1)


def hassubset(whole: Sequence[Any], part: Sequence[Any]) -> bool:
    """Each item of ``part`` has one of its own in ``whole``."""
    left = list(whole)
    for item in part:
        if item not in left:
            return False
        left.remove(item)
    return True


def hassubsequence(whole: Sequence[Any], part: Sequence[Any]) -> bool:
    """The items of ``part`` are in ``whole`` in this order, with or without others between them."""
    rest = iter(whole)
    return all(item in rest for item in part)


def case(*args: Any) -> Any:
    """Conditions and values in turn: the value of the first condition that is true."""
    pairs = zip(args[::2], args[1::2], strict=True)
    return next((value for condition, value in pairs if condition is True), None)


#: What free-text search ignores: ASCII punctuation but the hyphen, because Salesforce strips it from what people type.
PUNCTUATION = "".join(c for c in map(chr, range(33, 127)) if not c.isalnum() and c != "-")
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)


def search_text(text: str) -> str:
    """The form in which ``$search`` compares: lower case, no punctuation, one blank where punctuation stood alone."""
    return lower(text).translate(_WITHOUT_PUNCTUATION).replace("  ", " ")


# --- date and time ------------------------------------------------------------------------------------------------

MIN_DATE_TIME = datetime(1, 1, 1, tzinfo=UTC)
MAX_DATE_TIME = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def fractional_seconds(moment: datetime | time) -> Decimal:
    return Decimal(moment.microsecond).scaleb(-6)


def total_seconds(span: timedelta) -> Decimal:
    return _micro(span).scaleb(-6)


# --- numbers ------------------------------------------------------------------------------------------------------


def rounding(mode: str, on_float: Callable[[float], float]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if isinstance(value, Decimal):
            return value.to_integral_value(mode)
        if isinstance(value, int):
            return Decimal(value)  # numbers without a fraction are rounded to decimals, too
        return on_float(value) if math.isfinite(value) else value

    return apply


def half_away(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)
