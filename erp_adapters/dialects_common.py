"""Functions that PostgreSQL and SQLite say alike, or nearly."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import BigInteger, Integer, Numeric, case, cast, false, func, literal, not_, or_, type_coerce

from edm.expressions import Call
from erp_adapters import dialects_casts
from erp_adapters.dialects_base import FAR, Dialect, Row, Rows, like, number, reference, size, text_of
from erp_adapters.sql_values import Fitted, Form, Sql, Value


def _concat(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, text_of(args[0]).concat(text_of(args[1])), Form.TEXT)


def _contains(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if part.is_const:
        return like(node, args, d.contains(text_of(text), part.const), Form.BOOL)
    return like(node, args, _position(d, text, part) > 0, Form.BOOL)


def _position(d: Dialect, text: Value, part: Value) -> Sql:
    return type_coerce(d.position(text_of(text), text_of(part)), BigInteger())


def _startswith(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if not part.is_const:
        return like(node, args, _position(d, text, part) == 1, Form.BOOL)
    return like(node, args, d.prefix(text, part.const), Form.BOOL)


def fit_text(d: Dialect, function: str, text: str) -> Fitted | None:
    """A constant as the second argument of a function, where the function's SQL is one for many of them."""
    if function not in _SHARED or not text or not d.encoding.holds(text):
        return None
    if function == "startswith" and (d.encoding.last is None or d.encoding.successor(text) is None):
        return None
    return Fitted(function, (text,))


#: Functions that look at no constant beyond what ``fit_text`` tells.
_SHARED = frozenset({"contains", "startswith", "endswith"})


def _endswith(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if part.is_const:
        return like(node, args, d.contains(text_of(text), part.const, start=True, end=False), Form.BOOL)
    if d.calls_reference:
        return reference(d, node, args)
    return like(node, args, func.right(text_of(text), d.length(text_of(part))) == text_of(part), Form.BOOL)


def _indexof(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, _position(d, args[0], args[1]) - number(1), Form.INT)


def _length(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, d.length(text_of(args[0])), Form.INT)


def _substring(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, start, *rest = args
    constant = start.is_const and all(arg.is_const for arg in rest)
    if not constant or (start.const < 0 and d.calls_reference):
        return reference(d, node, args) if d.calls_reference else _substring_of_values(d, node, args)
    sql = text_of(text)
    if start.const < 0:
        sql, begin = func.right(sql, size(min(-start.const, FAR))), 1
    else:
        begin = min(start.const, FAR) + 1
    if rest:
        sql = func.substr(sql, size(begin), size(max(0, min(rest[0].const, FAR))))
    elif begin > 1:
        sql = func.substr(sql, size(begin))
    return like(node, args, sql, Form.TEXT)


def _trim(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, d.trimmed(text_of(args[0])), Form.TEXT)


def _digits_part(divisor: int, modulus: int) -> Row:
    """A part of a date: from its digits by integer arithmetic, which no invalid stored date can upset."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        sql: Sql = type_coerce(d.digits(args[0]), BigInteger())
        if divisor > 1:
            sql = sql // number(divisor)
        if modulus:
            sql = sql % number(modulus)
        return like(node, args, sql, Form.INT)

    return row


def _offset(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, case((args[0].sql.is_not(None), number(0))), Form.INT)


#: Parts of a point in time on SQLite: where they stand in the text.
PLACES = {
    "year": (1, 4),
    "month": (6, 2),
    "day": (9, 2),
    "hour": (12, 2),
    "minute": (15, 2),
    "second": (18, 2),
}


def _part(name: str, digits: Row | None) -> Row:
    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        value = args[0]
        if digits is not None and value.form in (Form.DIGITS, Form.DAY):
            return digits(d, node, args)
        return like(node, args, d.rows["part of time"](d, Call(name, (), node.type), args).sql, Form.INT)

    return row


COMMON: Rows = {
    "concat": _concat,
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
    "indexof": _indexof,
    "length": _length,
    "substring": _substring,
    "trim": _trim,
    "year": _part("year", _digits_part(10_000, 0)),
    "month": _part("month", _digits_part(100, 100)),
    "day": _part("day", _digits_part(1, 100)),
    "hour": _part("hour", None),
    "minute": _part("minute", None),
    "second": _part("second", None),
    "totaloffsetminutes": _offset,
    "cast": dialects_casts.row,
}


def _substring_of_values(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """Positions may be any number, so they are cut to what ``substr`` takes."""
    text, sizes = text_of(args[0]), [_cut(d, arg, -FAR) for arg in args[1:2]]
    sizes.extend(_cut(d, arg, 0) for arg in args[2:])
    from_end = type_coerce(d.length(text), Integer()) + sizes[0]
    start = case((sizes[0] >= size(0), sizes[0]), (from_end >= size(0), from_end), else_=size(0))
    sql = func.substr(text, type_coerce(start, Integer()) + size(1), *sizes[1:])
    null = or_(*(arg.sql.is_(None) for arg in args if arg.nullable), false())
    return like(node, args, case((not_(null), sql)), Form.TEXT)


def _cut(d: Dialect, value: Value, low: int) -> Sql:
    """``value`` between ``low`` and a limit. GREATEST and LEAST would take null for no number at all."""
    number = d.exact(value)
    lowest, highest = (literal(Decimal(limit), Numeric()) for limit in (low, FAR))
    cut = case((number < lowest, lowest), (number > highest, highest), else_=number)
    return type_coerce(cast(cut, Integer()), Integer())
