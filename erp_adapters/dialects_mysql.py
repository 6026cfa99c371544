"""What MariaDB and MySQL say, through PyMySQL.

Their collations take more for equal than Edm does: letter case, accents, trailing blanks. So text is compared under a
collation of code points, and beside it stands the same comparison as the column itself makes it, which may find more
but uses the column's index.

Numbers are DECIMAL of at most 65 digits, which raises an error beyond and cuts what lies behind the 30th fractional
digit. So arithmetic is said only where the operands' digits are known to leave room (see ``sql_values.Value.digits``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Double,
    Numeric,
    Text,
    Time,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    literal_column,
    not_,
    or_,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import NullType, TypeEngine

from edm.conversion import always_castable
from edm.expressions import Call
from edm.meanings import BLANKS, DIVISION_SCALE, PUNCTUATION
from edm.primitives import DATE_TIME_OFFSET, DECIMAL, STRING, PrimitiveType
from erp_adapters.dialects_base import (
    ORDERS,
    Dialect,
    Encode,
    Row,
    Rows,
    kind_of,
    like,
    microseconds,
    naive,
    same,
    size,
    text_of,
)
from erp_adapters.dialects_common import COMMON
from erp_adapters.sql_values import NUMBERS, ColumnFacts, Form, Parameter, Sql, Stored, Unsupported, Value, collated

#: Digits of a DECIMAL, and those of them behind the point, that both servers keep.
_DIGITS, _FRACTION = 65, 30
#: The character set of the connection, whose text holds every character.
_CHARSET = "utf8mb4"
#: What LIKE takes for no wildcard: a backslash would depend on the session's mode.
_ESCAPE = "|"
#: Forms that a constant does not stand in by itself: as a text it would be compared as one.
_TIMES: dict[Form, TypeEngine[Any]] = {
    Form.DAY: Date(),
    Form.STAMP: mysql.DATETIME(fsp=6),
    Form.TIME: mysql.TIME(fsp=6),
}


@dataclass(frozen=True)
class MySQL(Dialect):
    """MariaDB or MySQL. ``code_points`` is the collation that each has for that, without padding."""

    # --- constants and columns ---------------------------------------------------------------------------------

    def bind(self, value: Any, form: Form) -> Sql:
        if form is Form.EXACT and isinstance(value, int | Decimal) and _digits_of(value)[1] > _FRACTION:
            raise Unsupported("a DECIMAL has no room for so many fractional digits")
        if form is Form.FLOAT and isinstance(value, float) and value - value != 0:
            raise Unsupported("a DOUBLE has no infinity")
        made = super().bind(value, form)
        return _typed(made, form) if form in _TIMES else made

    def constant(self, value: Any, kind: PrimitiveType) -> Value:
        made = super().constant(value, kind)
        return replace(made, digits=_digits_of(value)) if made.form in (Form.INT, Form.EXACT) else made

    def column_text(self, sql: Sql, facts: ColumnFacts) -> Sql:
        return self.by_code_point(sql if facts.charset in ("", _CHARSET) else _converted(sql, _CHARSET))

    # --- comparison --------------------------------------------------------------------------------------------

    def narrowed(self, value: Value, items: Sequence[Any]) -> Sql | None:
        stored = _loose(value)
        if stored is None or (stored.trimmed and not stored.facts.pads):
            return None
        own = [_as_column(self.bind(item, Form.TEXT), stored) for item in items]
        return stored.sql == own[0] if len(own) == 1 else stored.sql.in_(own)

    def joined(self, left: Value, right: Value) -> Sql | None:
        """Under the collation of the right side, whose index is wanted."""
        own, other = left.loose, right.loose
        if own is None or other is None or ((own.trimmed or other.trimmed) and not other.facts.pads):
            return None
        same = own.facts.named == other.facts.named
        equal: Sql = other.sql == (own.sql if same else _as_column(own.sql, other, own.facts.charset))
        return equal

    def exact(self, value: Value) -> Sql:
        if value.form is Form.EXACT:
            return value.sql
        if value.form is not Form.INT:
            raise Unsupported(f"{value.form.value} is not an exact number")
        if not value.scale:
            return cast(value.sql, Numeric(45, 0))
        return type_coerce(cast(value.sql, Numeric(45, 0)) * _unit(value.scale), Numeric())

    def digits(self, value: Value) -> Sql:
        return value.sql if value.form is Form.DIGITS else cast(value.sql, BigInteger())

    def one_of(self, sql: Sql, items: Sequence[Any] | Parameter, form: Form, *, negated: bool = False) -> Sql:
        assert not isinstance(items, Parameter)
        values = [self.bind(item, form) for item in items]
        return sql.not_in(values) if negated else sql.in_(values)

    def tuple_one_of(self, parts: Sequence[Value], rows: Sequence[Sequence[Any]] | Parameter) -> Sql:
        assert not isinstance(rows, Parameter)
        exact = tuple_(*(part.stored for part in parts)).in_([self._row(parts, row) for row in rows])
        narrowing = [_loose(part) for part in parts]
        if not any(narrowing):
            return exact
        stored = [part.stored if loose is None else loose.sql for part, loose in zip(parts, narrowing, strict=True)]
        return and_(tuple_(*stored).in_([self._row(parts, row, loose=True) for row in rows]), exact)

    def _row(self, parts: Sequence[Value], row: Sequence[Any], *, loose: bool = False) -> Any:
        binds = [self.bind(item, part.form) for item, part in zip(row, parts, strict=True)]
        if loose:
            pairs = ((bind, _loose(part)) for bind, part in zip(binds, parts, strict=True))
            binds = [bind if stored is None else _as_column(bind, stored) for bind, stored in pairs]
        return tuple_(*binds)

    def tuple_compare(self, op: str, parts: Sequence[Value], row: Sequence[Any]) -> Sql:
        """Part by part, with the first part in front: no index is used for rows compared by order."""
        up = op in ("gt", "ge")
        binds = [self.bind(item, part.form) for item, part in zip(row, parts, strict=True)]
        sql: Sql = ORDERS[op](parts[-1].sql, binds[-1])
        for part, bind in reversed(list(zip(parts[:-1], binds[:-1], strict=True))):
            beyond = part.sql > bind if up else part.sql < bind
            sql = or_(beyond, and_(part.sql == bind, sql))
        if len(parts) == 1:
            return sql
        first = parts[0].sql >= binds[0] if up else parts[0].sql <= binds[0]
        return and_(first, sql)

    # --- text --------------------------------------------------------------------------------------------------

    def contains(self, text: Sql, needle: str | Parameter, *, start: bool = True, end: bool = True) -> Sql:
        return text.like(self.parameter(needle, partial(_pattern, start, end), Text()), escape=_ESCAPE)

    def prefix(self, text: Value, start: str | Parameter) -> Sql:
        pattern = self.parameter(start, partial(_pattern, False, True), Text())
        exact, stored = text_of(text).like(pattern, escape=_ESCAPE), _loose(text)
        if stored is None:
            return exact
        return and_(stored.sql.like(_as_column(pattern, stored), escape=_ESCAPE), exact)

    def length(self, text: Sql) -> Sql:
        return type_coerce(func.char_length(text), BigInteger())

    def position(self, text: Sql, part: Sql) -> Sql:
        return func.locate(part, text)

    def trimmed(self, text: Sql) -> Sql:
        ends = self.bind(rf"\A[{BLANKS}]+|[{BLANKS}]+\z", Form.TEXT)
        return self.by_code_point(func.regexp_replace(text, ends, self.bind("", Form.TEXT)))

    def made_of(self, text: Sql, characters: str) -> Sql:
        others = "[^" + "".join(c if c.isalnum() else "\\" + c for c in characters) + "]"
        return not_(text.regexp_match(self.bind(others, Form.TEXT)))

    def without_leading(self, text: Sql, character: str) -> Sql:
        bare = func.regexp_replace(text, self.bind(rf"\A{character}+", Form.TEXT), self.bind("", Form.TEXT))
        return self.by_code_point(bare)

    def whole_text(self, sql: Sql) -> Sql:
        return cast(cast(sql, Numeric(_DIGITS, 0)), Text())

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.lpad(cast(sql, Text()), size(width), self.bind("0", Form.TEXT))

    # --- aggregates --------------------------------------------------------------------------------------------

    def total(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        before, behind = _room(value)
        before += _ROWS
        _within(before, behind)
        added: Sql = type_coerce(func.sum(value.sql), value.sql.type)
        exact = self.exact(value.of(added))
        if method == "average":
            exact, behind = _quotient(exact, (before, behind), func.count(value.sql), (_ROWS, 0)), DIVISION_SCALE
        return Value(exact, Form.EXACT, kind, digits=(before, behind))


def _typed(sql: Sql, form: Form) -> Sql:
    """A constant of a time. SQLAlchemy need not know the type: the driver's values are read as they are."""
    return type_coerce(cast(sql, _TIMES[form]), NullType())


def _loose(value: Value) -> Stored | None:
    """The column that a comparison by code point hides from its index, if there is one."""
    stored = value.loose
    return stored if stored is not None and stored.facts.collation != "C" and stored.facts.named else None


def _as_column(sql: Sql, stored: Stored, charset: str = _CHARSET) -> Sql:
    """A text in the character set and under the collation of a column, so that the column's index serves. Characters
    that the set has not become others: more rows are found, none is lost."""
    facts = stored.facts
    return collated(sql if facts.charset == charset else _converted(sql, facts.charset), facts.named)


def _converted(sql: Sql, charset: str) -> Sql:
    return func.convert(sql.op("USING")(literal_column(charset)))


def _pattern(start: bool, end: bool, needle: str) -> str:
    """The pattern of LIKE for a text that contains ``needle``."""
    for special in (_ESCAPE, "%", "_"):
        needle = needle.replace(special, _ESCAPE + special)
    return f"{'%' if start else ''}{needle}{'%' if end else ''}"


# --- numbers ----------------------------------------------------------------------------------------------------------

#: Digits of the number of rows in a table.
_ROWS = 12


def _unit(scale: int) -> Sql:
    return literal(Decimal(1).scaleb(-scale), Numeric())


def _digits_of(value: int | Decimal) -> tuple[int, int]:
    """How many digits a constant has before and behind the point."""
    written = format(Decimal(value).copy_abs(), "f")
    before, _, behind = written.partition(".")
    return len(before), len(behind)


def _room(value: Value) -> tuple[int, int]:
    """How many digits a number may have before and behind the point."""
    if value.form not in NUMBERS or value.form is Form.FLOAT:
        raise Unsupported(f"arithmetic of {value.form.value} is left to the engine")
    if value.digits is not None:
        return value.digits
    if value.form is not Form.INT:
        raise Unsupported("nobody knows how many digits the number has")
    return max(1, 20 - value.scale), value.scale


def _within(before: int, behind: int) -> None:
    if behind > _FRACTION or before + behind > _DIGITS:
        raise Unsupported("a DECIMAL has no room for so many digits")


_Digits = tuple[int, int]


def _number(apply: Callable[..., Sql], digits: Callable[..., _Digits]) -> Row:
    """Arithmetic of exact numbers, where the result surely has room."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        room = digits(*map(_room, args))
        _within(*room)
        value = like(node, args, type_coerce(apply(*(d.exact(arg) for arg in args)), Numeric()), Form.EXACT)
        return replace(value, digits=room)

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
    a, b = map(_room, args)
    sql = _quotient(d.exact(args[0]), a, d.exact(args[1]), b)
    room = (a[0] + b[1] + 1, DIVISION_SCALE)
    _within(*room)
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=room)


def _quotient(dividend: Sql, a: _Digits, divisor: Sql, b: _Digits) -> Sql:
    """Rounded half away from zero. A quotient has as many digits as its dividend and four more; so many that rounding
    twice cannot differ from rounding once, as long as the divisor has few."""
    if sum(b) > _DIVISOR or a[0] + b[1] + _FRACTION > _DIGITS or max(a[1], b[1]) > DIVISION_SCALE:
        raise Unsupported("a quotient has no room for so many digits")
    exact = cast(dividend, Numeric(_DIGITS, _FRACTION)) / divisor
    return type_coerce(func.round(type_coerce(exact, Numeric()), size(DIVISION_SCALE)), Numeric())


#: A quotient that is no tie at digit 13 differs from one by more than 10 ** -(DIVISION_SCALE + digits of the divisor).
_DIVISOR = _FRACTION - DIVISION_SCALE - 2


def _div(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _whole_quotient(d, node, args) if kind_of(node).integral else _divide(d, node, args)


def _whole_quotient(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """Without the remainder a quotient comes out even, so that nothing is rounded."""
    room = _room(args[0])
    a, b = (d.exact(arg) for arg in args)
    sql = type_coerce(func.round((a - type_coerce(func.mod(a, b), Numeric())) / b), Numeric())
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=(room[0], 0))


def _mod(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    a, b = map(_room, args)
    room = (max(a[0], b[0]), max(a[1], b[1]))
    _within(*room)
    rest: Sql = type_coerce(func.mod(*(d.exact(arg) for arg in args)), Numeric())
    sql = rest + literal(0, BigInteger())  # a remainder may be a negative zero, which is less than zero to MariaDB
    return replace(like(node, args, sql, Form.EXACT), nullable=True, digits=room)


# --- text -------------------------------------------------------------------------------------------------------------


def _case(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    casing = d.casing.get(node.function)
    if casing is None:
        raise Unsupported(f"{node.function} needs a look at the database first")
    text = text_of(args[0])
    value = like(node, args, d.by_code_point(casing.change(text)), Form.TEXT)
    return value if casing.candidate is None else replace(value, doubt=(*value.doubt, casing.candidate(text)))


_PUNCTUATION = "[" + "".join(f"\\{character}" for character in PUNCTUATION) + "]"


def _search(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    lowered = _case(d, Call("tolower", (), node.type), args)
    bare = func.regexp_replace(lowered.sql, d.bind(_PUNCTUATION, Form.TEXT), d.bind("", Form.TEXT))
    single = func.replace(bare, d.bind("  ", Form.TEXT), d.bind(" ", Form.TEXT))
    return replace(lowered, sql=d.by_code_point(single))


# --- times ------------------------------------------------------------------------------------------------------------


def _part(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, type_coerce(extract(node.function, args[0].sql), BigInteger()), Form.INT)


def _fraction(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, type_coerce(extract("microsecond", args[0].sql), BigInteger()), Form.INT, 6)


def _date(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    value = args[0]
    return (
        value
        if value.form in (Form.DAY, Form.DIGITS)
        else like(node, args, func.date(value.sql, type_=Date()), Form.DAY)
    )


def _time(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, func.time(args[0].sql), Form.TIME)


# --- casts ------------------------------------------------------------------------------------------------------------


def _cast(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """Promotions, and the few casts whose every result is the same."""
    value, kind = args[0], kind_of(node)
    if value.form in (Form.INT, Form.EXACT) and kind != STRING and always_castable(value.type, kind):
        if kind == DECIMAL or kind.integral:
            return replace(value, type=kind, raw=None)
    elif value.form is Form.INT and not value.scale and kind == STRING:
        return like(node, args, d.by_code_point(cast(value.sql, Text())), Form.TEXT)
    elif value.form is Form.BOOL and kind == STRING:
        words = case((value.sql, d.bind("true", Form.TEXT)), (not_(value.sql), d.bind("false", Form.TEXT)))
        return like(node, args, d.by_code_point(words), Form.TEXT)
    elif value.form is Form.DAY and kind == DATE_TIME_OFFSET:
        return like(node, args, _typed(value.sql, Form.STAMP), Form.STAMP)
    elif value.form is Form.STAMP and kind.name in ("Date", "TimeOfDay"):
        return (_date if kind.name == "Date" else _time)(d, node, args)
    raise Unsupported(f"a cast of {value.form.value} to {kind} is not said in SQL")


_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Text(), same),
    Form.INT: (BigInteger(), same),
    Form.EXACT: (Numeric(), Decimal),
    Form.FLOAT: (Double(), same),
    Form.DAY: (Date(), same),
    Form.DIGITS: (BigInteger(), same),
    Form.STAMP: (DateTime(), naive),
    Form.TIME: (Time(), same),
    Form.SPAN: (Numeric(), lambda span: Decimal(microseconds(span))),
    Form.GUID: (Text(), lambda value: value.hex),
}

_FUNCTIONS: Rows = {
    **COMMON,
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
    "tolower": _case,
    "toupper": _case,
    "$searchtext": _search,
    "part of time": _part,
    "fractionalseconds": _fraction,
    "date": _date,
    "time": _time,
    "cast": _cast,
}

MARIADB = MySQL(
    "mysql",
    _FUNCTIONS,
    _BINDS,
    "utf8mb4_nopad_bin",
    moments=Form.STAMP,
    boolean=BigInteger(),
    wide_number=Numeric(_DIGITS, _FRACTION),
    nulls_first=True,
    has_nan=False,
)
MYSQL = replace(MARIADB, code_points="utf8mb4_0900_bin")
