"""Durations and points in time on PostgreSQL, to the microsecond: durations are numbers of microseconds.

Nothing here raises an error for a stored value: what lies outside of Edm's range is null, and digits that are no date
only give a wrong number of days.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Double,
    Integer,
    Numeric,
    cast,
    extract,
    func,
    literal,
    type_coerce,
)

from edm.expressions import Call
from edm.meanings import MAX_DATE_TIME, MIN_DATE_TIME
from erp_adapters.dialects_base import Dialect, like, microseconds, naive, number
from erp_adapters.sql_values import NUMBERS, Form, Sql, Unsupported, Value

_DAY = microseconds(timedelta(days=1))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = date(1, 1, 1)
#: Digits of a quotient before it is rounded: rounding twice must not differ from rounding once.
_QUOTIENT_DIGITS = 60
_POINTS = frozenset({Form.STAMP, Form.ZONED})
_DAYS = frozenset({Form.DAY, Form.DIGITS})


def _exact(value: int) -> Sql:
    return literal(Decimal(value), Numeric())


def _within(sql: Sql, low: int, high: int) -> Sql:
    """A whole number, null outside of the limits. It is named once, or SQL would grow with the power of its depth.

    GREATEST and LEAST pass over null, which so becomes one of the numbers that are null in the end.
    """
    below, above = _exact(low - 1), _exact(high + 1)
    cut = func.greatest(below, func.least(sql, above))
    return type_coerce(func.nullif(func.nullif(cut, below), above), Numeric())


def span(sql: Sql) -> Sql:
    """A duration, null if Edm has none so long."""
    return _within(type_coerce(sql, Numeric()), microseconds(timedelta.min), microseconds(timedelta.max))


def _numeric(sql: Any) -> Sql:
    return cast(sql, Numeric())


# --- points in time and days as numbers ---------------------------------------------------------------------------


def _micro(d: Dialect, value: Value) -> Sql:
    """Microseconds since 1970."""
    return type_coerce(_numeric(extract("epoch", d.stamp(value))) * _exact(1_000_000), Numeric())


def _point(micro: Sql) -> Sql:
    """The point in time so many microseconds after 1970, null if Edm has none there."""
    known = _within(micro, _since(MIN_DATE_TIME), _since(MAX_DATE_TIME))
    days = cast(func.div(known, _exact(_DAY)), Integer())
    rest: Sql = cast(func.mod(known, _exact(_DAY)) / _exact(1_000_000), Double())
    none = literal(0, Integer())
    moved = literal(naive(_EPOCH), DateTime()) + func.make_interval(none, none, none, days, none, none, rest)
    return type_coerce(moved, DateTime())


def _since(moment: datetime) -> int:
    return microseconds(moment - _EPOCH)


def _ordinal(d: Dialect, value: Value) -> Sql:
    """The day's number, 1 for 0001-01-01, by integer arithmetic where the day is stored as digits."""
    if value.form is Form.DAY:
        return type_coerce(value.sql - literal(_FIRST, Date()), Integer()) + number(1)
    digits = type_coerce(value.sql, BigInteger())
    year, month, day = digits // number(10_000), digits // number(100) % number(100), digits % number(100)
    begun = year - (number(14) - month) // number(12)  # years begin in March
    since_march = (number(153) * ((month + number(9)) % number(12)) + number(2)) // number(5)
    leap = begun // number(4) - begun // number(100) + begun // number(400)
    return number(365) * begun + leap + since_march + day - number(306)


def _day(ordinal: Sql) -> Sql:
    known = _within(ordinal, 1, date.max.toordinal())
    return type_coerce(literal(_FIRST, Date()) + cast(known - _exact(1), Integer()), Date())


# --- rows ---------------------------------------------------------------------------------------------------------


def shifted(sign: int) -> Callable[[Dialect, Call, Sequence[Value]], Value]:
    """``add`` and ``sub`` of which the second operand, or both, are times."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        left, right = args
        if right.form is Form.SPAN:
            moved = right.sql if sign > 0 else -right.sql
            if left.form is Form.SPAN:
                return _partial(node, args, span(left.sql + moved), Form.SPAN)
            if left.form in _POINTS:
                return _partial(node, args, _point(type_coerce(_micro(d, left) + moved, Numeric())), Form.STAMP)
            if left.form in _DAYS:
                days = func.floor(moved / _exact(_DAY))
                return _partial(node, args, _day(type_coerce(_numeric(_ordinal(d, left)) + days, Numeric())), Form.DAY)
        if left.form in _POINTS and right.form in _POINTS:
            return like(node, args, _micro(d, left) - _micro(d, right), Form.SPAN)
        if left.form in _DAYS and right.form in _DAYS:
            return like(node, args, _numeric(_ordinal(d, left) - _ordinal(d, right)) * _exact(_DAY), Form.SPAN)
        raise Unsupported(f"{node.function} of {left.form.value} and {right.form.value} is not said in SQL")

    return row


def scaled(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """A duration times a number, either way round."""
    length, factor = args if args[0].form is Form.SPAN else (args[1], args[0])
    return _partial(node, args, span(func.round(length.sql * _factor(d, factor))), Form.SPAN)


def divided(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """A duration by a number; null for zero."""
    divisor = func.nullif(_factor(d, args[1]), _exact(0))
    exact = type_coerce(func.round(args[0].sql, literal(_QUOTIENT_DIGITS, Integer())), Numeric())
    return _partial(node, args, span(func.round(exact / type_coerce(divisor, Numeric()))), Form.SPAN)


def _factor(d: Dialect, value: Value) -> Sql:
    if value.form not in NUMBERS or value.form is Form.FLOAT:
        raise Unsupported(f"a duration times {value.form.value} is not said in SQL")
    return d.exact(value)


def negated(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _partial(node, args, span(-args[0].sql), Form.SPAN)


def total_seconds(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, args[0].sql * literal(Decimal("0.000001"), Numeric()), Form.EXACT)


def _partial(node: Call, args: Sequence[Value], sql: Sql, form: Form) -> Value:
    made = like(node, args, sql, form)
    return Value(made.sql, made.form, made.type, True, doubt=made.doubt)
