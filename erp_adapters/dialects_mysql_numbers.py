"""Arithmetic on MariaDB and MySQL: DECIMAL with 65 digits, which raises an error beyond and cuts what lies behind the
30th fractional digit. So it is said only where the operands' digits are known to leave room (see
``sql_values.Value.digits``).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import BigInteger, Numeric, cast, func, literal, type_coerce

from edm.expressions import Call
from edm.meanings import DIVISION_SCALE
from erp_adapters.dialects_base import Dialect, Row, Rows, kind_of, like, size
from erp_adapters.sql_values import NUMBERS, Form, Sql, Unsupported, Value

#: Digits of a DECIMAL, and those of them behind the point, that both servers keep.
DIGITS, FRACTION = 65, 30
#: Digits of the number of rows in a table.
COUNT_DIGITS = 12


def unit(scale: int) -> Sql:
    return literal(Decimal(1).scaleb(-scale), Numeric())


def digits_of(value: int | Decimal) -> tuple[int, int]:
    """How many digits a constant has before and behind the point."""
    written = format(Decimal(value).copy_abs(), "f")
    before, _, behind = written.partition(".")
    return len(before), len(behind)


def room(value: Value) -> tuple[int, int]:
    """How many digits a number may have before and behind the point."""
    if value.form not in NUMBERS or value.form is Form.FLOAT:
        raise Unsupported(f"arithmetic of {value.form.value} is left to the engine")
    if value.digits is not None:
        return value.digits
    if value.form is not Form.INT:
        raise Unsupported("nobody knows how many digits the number has")
    return max(1, 20 - value.scale), value.scale


def within(before: int, behind: int) -> None:
    if behind > FRACTION or before + behind > DIGITS:
        raise Unsupported("a DECIMAL has no room for so many digits")


_Digits = tuple[int, int]


def _number(apply: Callable[..., Sql], digits: Callable[..., _Digits]) -> Row:
    """Arithmetic of exact numbers, where the result surely has room."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        found = digits(*map(room, args))
        within(*found)
        value = like(node, args, type_coerce(apply(*(d.exact(arg) for arg in args)), Numeric()), Form.EXACT)
        return replace(value, digits=found)

    return row


def _of_sum(a: _Digits, b: _Digits) -> _Digits:
    return max(a[0], b[0]) + 1, max(a[1], b[1])


def _of_product(a: _Digits, b: _Digits) -> _Digits:
    return a[0] + b[0], a[1] + b[1]


def _same_digits(a: _Digits) -> _Digits:
    return a


def _whole(a: _Digits) -> _Digits:
    return a[0] + 1, 0


def _divide(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """``divby``, and ``div`` of decimals."""
    a, b = map(room, args)
    sql = quotient(d.exact(args[0]), a, d.exact(args[1]), b)
    found = (a[0] + b[1] + 1, DIVISION_SCALE)
    within(*found)
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=found)


def quotient(dividend: Sql, a: _Digits, divisor: Sql, b: _Digits) -> Sql:
    """Rounded half away from zero. A quotient has as many digits as its dividend and four more; so many that rounding
    twice cannot differ from rounding once, as long as the divisor has few."""
    if sum(b) > _DIVISOR or a[0] + b[1] + FRACTION > DIGITS or max(a[1], b[1]) > DIVISION_SCALE:
        raise Unsupported("a quotient has no room for so many digits")
    exact = cast(dividend, Numeric(DIGITS, FRACTION)) / divisor
    return type_coerce(func.round(type_coerce(exact, Numeric()), size(DIVISION_SCALE)), Numeric())


#: A quotient that is no tie at digit 13 differs from one by more than 10 ** -(DIVISION_SCALE + digits of the divisor).
_DIVISOR = FRACTION - DIVISION_SCALE - 2


def _div(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _whole_quotient(d, node, args) if kind_of(node).integral else _divide(d, node, args)


def _whole_quotient(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """Without the remainder a quotient comes out even, so that nothing is rounded."""
    found = room(args[0])
    a, b = (d.exact(arg) for arg in args)
    sql = type_coerce(func.round((a - type_coerce(func.mod(a, b), Numeric())) / b), Numeric())
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=(found[0], 0))


def _mod(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    a, b = map(room, args)
    found = (max(a[0], b[0]), max(a[1], b[1]))
    within(*found)
    rest: Sql = type_coerce(func.mod(*(d.exact(arg) for arg in args)), Numeric())
    sql = rest + literal(0, BigInteger())  # a remainder may be a negative zero, which is less than zero to MariaDB
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=found)


ARITHMETIC: Rows = {
    "add": _number(lambda a, b: a + b, _of_sum),
    "sub": _number(lambda a, b: a - b, _of_sum),
    "mul": _number(lambda a, b: a * b, _of_product),
    "div": _div,
    "divby": _divide,
    "mod": _mod,
    "neg": _number(lambda a: -a, _same_digits),
    "round": _number(lambda a: func.round(a), _whole),
    "floor": _number(lambda a: func.floor(a), _whole),
    "ceiling": _number(lambda a: func.ceiling(a), _whole),
}
