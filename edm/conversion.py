"""Casts: a value of one primitive type as a value of another (URL Conventions 4.01, 5.1.1.10.1).

The binder's implicit promotion of numbers is the same cast. A cast that fails gives null.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from edm.errors import ODataError
from edm.primitives import DATE, DATE_TIME_OFFSET, DECIMAL, STRING, TIME_OF_DAY, PrimitiveType
from edm.values import decimal_text, raw_value

_ZONE = re.compile(r"[Zz]|[+-]\d\d:\d\d", re.ASCII)


def convert(value: Any, target: PrimitiveType) -> Any:
    """``value`` as a value of ``target``; ``None`` if it has none there."""
    if value is None or (type(value) is target.python and not target.integral):
        return value
    if target == STRING:
        return string_of(value)
    if isinstance(value, str):
        return _read(value, target)
    if target.numeric:
        return _number(value, target)
    change = _MOMENTS.get((type(value), target))
    return change(value) if change is not None else None


def string_of(value: Any) -> str:
    """The text of a value in payloads. Decimals lose trailing zeros, because their scale is not part of the value."""
    if isinstance(value, Decimal):
        text = decimal_text(value)
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    return raw_value(value)


def _read(text: str, target: PrimitiveType) -> Any:
    """The value that the text is a literal of. A point in time without a zone is in UTC."""
    if target == DATE_TIME_OFFSET and "T" in text.upper() and not _ZONE.search(text[10:]):
        text += "Z"
    try:
        return target.parse(text)
    except ODataError:
        return None


def _number(value: Any, target: PrimitiveType) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if target.python is float:
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if target == DECIMAL:
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return _integer(value, target)


def _integer(value: int | float | Decimal, target: PrimitiveType) -> int | None:
    """Rounded half away from zero."""
    try:
        rounded = value if isinstance(value, int) else int(Decimal(value).to_integral_value(ROUND_HALF_UP))
    except InvalidOperation:
        return None
    assert target.low is not None
    assert target.high is not None
    return rounded if target.low <= rounded <= target.high else None


#: Parts of points in time, and dates as the midnight they begin with.
_MOMENTS: dict[tuple[type, PrimitiveType], Callable[[Any], Any]] = {
    (datetime, DATE): lambda moment: moment.date(),
    (datetime, TIME_OF_DAY): lambda moment: moment.time(),
    (date, DATE_TIME_OFFSET): lambda day: datetime.combine(day, time(0), UTC),
}


def castable(source: object, target: object) -> bool:
    """Whether a cast between the types can have any value but null."""
    if not isinstance(source, PrimitiveType) or not isinstance(target, PrimitiveType):
        return False
    if source == target or STRING in (source, target):
        return True
    return (source.numeric and target.numeric) or (source.python, target) in _MOMENTS


def always_castable(source: object, target: object) -> bool:
    """Whether a cast between the types has a value for every value."""
    if not castable(source, target) or not isinstance(source, PrimitiveType) or not isinstance(target, PrimitiveType):
        return False
    narrower = source.rank > target.rank if source.numeric else source == STRING
    return source == target or target == STRING or not narrower
