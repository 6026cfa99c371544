"""``cast`` in SQL. SQLite calls the reference implementation for what is no promotion, PostgreSQL says most itself.

A text that is no literal of the type is null, as a number is that does not fit: nothing here raises an error.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import (
    Boolean,
    DateTime,
    Double,
    Interval,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    type_coerce,
)

from edm.conversion import always_castable
from edm.expressions import Call
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, DOUBLE, GUID, STRING, TIME_OF_DAY, PrimitiveType
from erp_adapters.dialects_base import Dialect, call_reference, kind_of, like, reference, size
from erp_adapters.sql_values import NUMBERS, Form, Sql, Unsupported, Value

_Cast = Callable[[Dialect, Value, PrimitiveType], Value]

_INTEGER = "^[+-]?[0-9]{1,40}$"
_DECIMAL = "^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]{1,4})?$"
#: Literals that surely are within the limits of digits; of others only the reference implementation can tell.
_SHORT_DECIMAL = "^[+-]?[0-9]{1,20}([.][0-9]{1,20})?$"
_GUID = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"


def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """The cast of the call's operand to the call's type."""
    value, kind = args[0], kind_of(node)
    if value.form in NUMBERS and value.form is not Form.FLOAT:
        if kind == DOUBLE:
            return like(node, args, to_float(d, value), Form.FLOAT)
        if always_castable(value.type, kind) and kind != STRING:
            return Value(value.sql, value.form, kind, value.nullable, value.scale, value.raw, doubt=value.doubt)
    if d.calls_reference:
        return reference(d, node, args)
    found = _CASTS.get((value.form, "Integer" if kind.integral else kind.name))
    if found is None:
        raise Unsupported(f"a cast of {value.form.value} to {kind} is not said in SQL")
    return found(d, value, kind)


def to_float(d: Dialect, value: Value) -> Sql:
    if d.calls_reference:
        return call_reference("cast", DOUBLE, [value])
    return cast(d.exact(value) if value.scale or value.form is not Form.INT else value.sql, Double())


def _made(value: Value, kind: PrimitiveType, sql: Sql, form: Form, *doubt: Sql, partial: bool = True) -> Value:
    return Value(sql, form, kind, partial or value.nullable, doubt=(*value.doubt, *doubt))


def _text(d: Dialect, value: Value, sql: Sql) -> Value:
    return _made(value, STRING, d.by_code_point(sql), Form.TEXT, partial=False)


# --- to text ------------------------------------------------------------------------------------------------------


def _number_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    return _text(d, value, cast(func.trim_scale(d.exact(value)), Text()))


def _boolean_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    true, false = (literal(word, Text()) for word in ("true", "false"))
    return _text(d, value, case((value.sql, true), (not_(value.sql), false)))


def _day_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    digits = func.lpad(cast(d.digits(value), Text()), size(8), literal("0", Text()))
    parts = [func.substr(digits, size(start), size(length)) for start, length in ((1, 4), (5, 2), (7, 2))]
    hyphen = literal("-", Text())
    return _text(d, value, parts[0].concat(hyphen).concat(parts[1]).concat(hyphen).concat(parts[2]))


def _stamp_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    written = func.to_char(d.stamp(value), literal('YYYY-MM-DD"T"HH24:MI:SS.US', Text()))
    return _text(d, value, _without_zeros(written).concat(literal("Z", Text())))


def _time_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    written = func.to_char(cast(value.sql, Interval()), literal("HH24:MI:SS.US", Text()))
    return _text(d, value, _without_zeros(written))


def _without_zeros(sql: Sql) -> Sql:
    return type_coerce(func.rtrim(func.rtrim(sql, literal("0", Text())), literal(".", Text())), Text())


def _guid_text(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    return _text(d, value, cast(value.sql, Text()))


# --- from text ----------------------------------------------------------------------------------------------------


def _matches(value: Value, pattern: str) -> Sql:
    return value.sql.regexp_match(pattern)


def _text_boolean(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    words = ((value.sql == d.bind(word, Form.TEXT), literal(word == "true", Boolean())) for word in ("true", "false"))
    return _made(value, BOOLEAN, case(*words), Form.BOOL)


def _text_integer(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    number = case((_matches(value, _INTEGER), cast(value.sql, Numeric())))
    return _made(value, kind, _in_range(number, kind), Form.EXACT)


def _text_decimal(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    short = _matches(value, _SHORT_DECIMAL)
    doubt = and_(_matches(value, _DECIMAL), not_(short))
    return _made(value, DECIMAL, case((short, cast(value.sql, Numeric()))), Form.EXACT, doubt)


def _text_guid(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    return _made(value, GUID, case((_matches(value, _GUID), cast(value.sql, Uuid()))), Form.GUID)


# --- numbers and times --------------------------------------------------------------------------------------------


def _rounded(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    return _made(value, kind, _in_range(type_coerce(func.round(d.exact(value)), Numeric()), kind), Form.EXACT)


def _in_range(sql: Sql, kind: PrimitiveType) -> Sql:
    assert kind.low is not None
    assert kind.high is not None
    low, high = (literal(limit, Numeric()) for limit in (kind.low, kind.high))
    return case((and_(sql >= low, sql <= high), sql))


def _midnight(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
    return _made(value, DATE_TIME_OFFSET, cast(value.sql, DateTime()), Form.STAMP, partial=False)


def _part(function: str) -> _Cast:
    def part(d: Dialect, value: Value, kind: PrimitiveType) -> Value:
        return d.row(Call(function, (), kind), [value])

    return part


_STRING = STRING.name
_CASTS: dict[tuple[Form, str], _Cast] = {
    **{(form, _STRING): _number_text for form in (Form.INT, Form.EXACT)},
    **{(form, "Integer"): _rounded for form in (Form.INT, Form.EXACT)},
    (Form.BOOL, _STRING): _boolean_text,
    **{(form, _STRING): _day_text for form in (Form.DAY, Form.DIGITS)},
    **{(form, _STRING): _stamp_text for form in (Form.STAMP, Form.ZONED)},
    **{(form, DATE.name): _part("date") for form in (Form.STAMP, Form.ZONED)},
    **{(form, TIME_OF_DAY.name): _part("time") for form in (Form.STAMP, Form.ZONED)},
    (Form.DAY, DATE_TIME_OFFSET.name): _midnight,
    (Form.TIME, _STRING): _time_text,
    (Form.GUID, _STRING): _guid_text,
    (Form.TEXT, BOOLEAN.name): _text_boolean,
    (Form.TEXT, "Integer"): _text_integer,
    (Form.TEXT, DECIMAL.name): _text_decimal,
    (Form.TEXT, GUID.name): _text_guid,
}
