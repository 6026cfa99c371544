"""What is asked of databases that nobody has tried with this service: what surely means the same everywhere.

Comparisons of columns with constants, by ``and`` and ``or``, and order by numbers and dates. Of texts only equality,
which may find more than it should; the engine looks at them again, and does all the rest.
"""

from collections.abc import Callable

from edm.expressions import Call, Const, Expr, Prop
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING
from erp_adapters.sql_codecs import Codes, Composite, DateDigits, Flag, Joined, Plain, Scaled
from erp_adapters.sql_fields import Column, Field
from erp_adapters.sql_values import Form, Kind, Unsupported, Value

_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMERIC})
_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "in"})
#: Comparisons that are true of texts which the database takes for equal without their being so.
_EQUALITY = frozenset({"eq", "in"})


def loose(expr: Expr, field_of: Callable[[Prop], Field]) -> bool:
    """Whether a condition may find more rows than it should; raises ``Unsupported`` for what is not certain."""
    match expr:
        case Const() | Call(function="and" | "or"):
            return False
        case Prop(path=(_,)):
            return _flag(field_of(expr))
        case Call(function=op, args=(Prop(path=(_,)) as prop, Const() as const)) if op in _COMPARISONS:
            return _compared(field_of(prop), op, const)
        case Call(function=op, args=(Const() as const, Prop(path=(_,)) as prop)) if op in _COMPARISONS - {"in"}:
            return _compared(field_of(prop), op, const)
    raise Unsupported("nobody knows for certain what this database makes of it")


def _flag(field: Field) -> bool:
    plain = isinstance(field.codec, Flag) and field.codec.false is None and field.present is None
    if not plain or not _all(field, lambda c: c.facts.kind in _NUMBERS or c.facts.kind is Kind.TEXT):
        raise Unsupported("a Boolean column is no condition there")
    return field.columns[0].facts.kind is Kind.TEXT


def _compared(field: Field, op: str, const: Const) -> bool:
    if field.present is not None or field.prop.type == BOOLEAN:
        raise Unsupported("nobody knows for certain what this database makes of it")
    if _is_number(field) or _is_date(field):
        return False
    if not _is_text(field) or (const.value is not None and op not in _EQUALITY):
        raise Unsupported("nobody knows for certain how this database compares it")
    return const.value is not None and any(column.facts.kind is Kind.TEXT for column in field.columns)


def ordered(expr: Expr, field_of: Callable[[Prop], Field]) -> tuple[Value, ...]:
    """What to sort by; raises ``Unsupported`` for what is not certain."""
    field = field_of(expr) if isinstance(expr, Prop) and len(expr.path) == 1 else None
    values = field.order() if field is not None and (_is_number(field) or _is_date(field)) else ()
    if not values or any(value.form is Form.TEXT for value in values):
        raise Unsupported("nobody knows for certain how this database sorts it")
    return values


def _all(field: Field, test: Callable[[Column], bool]) -> bool:
    return all(test(column) for column in field.columns)


def _is_number(field: Field) -> bool:
    kind = field.prop.type
    plain = isinstance(field.codec, Plain) and (kind.integral or kind == DECIMAL)
    return (plain or isinstance(field.codec, Scaled)) and _all(field, lambda c: c.facts.kind in _NUMBERS)


def _is_date(field: Field) -> bool:
    kinds = [column.facts.kind for column in field.columns]
    match field.codec:
        case DateDigits():
            return kinds[0] in _NUMBERS
        case Plain() if field.prop.type == DATE:
            return kinds[0] is Kind.DATE
        case Plain() if field.prop.type == DATE_TIME_OFFSET:
            return kinds[0] is Kind.TIMESTAMP
    return False


def _is_text(field: Field) -> bool:
    of_texts = isinstance(field.codec, Plain | Codes | Composite | Joined) and field.prop.type == STRING
    return of_texts and _all(field, lambda c: c.facts.kind is Kind.TEXT or c.integral)
