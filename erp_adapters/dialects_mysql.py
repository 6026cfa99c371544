"""What MariaDB and MySQL say, through PyMySQL.

Their collations take more for equal than Edm does: letter case, accents, trailing blanks. So text is compared under a
collation of code points, and beside it stands the same comparison as the column itself makes it, which may find more
but uses the column's index.

Arithmetic is in ``dialects_mysql_numbers``.
"""

from collections.abc import Sequence
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
from erp_adapters.dialects_mysql_numbers import (
    ARITHMETIC,
    COUNT_DIGITS,
    DIGITS,
    FRACTION,
    digits_of,
    quotient,
    room,
    unit,
    within,
)
from erp_adapters.sql_values import ColumnFacts, Form, Parameter, Sql, Stored, Unsupported, Value, collated

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
        if form is Form.EXACT and isinstance(value, int | Decimal) and digits_of(value)[1] > FRACTION:
            raise Unsupported("a DECIMAL has no room for so many fractional digits")
        if form is Form.FLOAT and isinstance(value, float) and value - value != 0:
            raise Unsupported("a DOUBLE has no infinity")
        made = super().bind(value, form)
        return _typed(made, form) if form in _TIMES else made

    def constant(self, value: Any, kind: PrimitiveType) -> Value:
        made = super().constant(value, kind)
        return replace(made, digits=digits_of(value)) if made.form in (Form.INT, Form.EXACT) else made

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
        return type_coerce(cast(value.sql, Numeric(45, 0)) * unit(value.scale), Numeric())

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
        return cast(cast(sql, Numeric(DIGITS, 0)), Text())

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.lpad(cast(sql, Text()), size(width), self.bind("0", Form.TEXT))

    # --- aggregates --------------------------------------------------------------------------------------------

    def total(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        before, behind = room(value)
        before += COUNT_DIGITS
        within(before, behind)
        added: Sql = type_coerce(func.sum(value.sql), value.sql.type)
        exact = self.exact(value.of(added))
        if method == "average":
            exact, behind = quotient(exact, (before, behind), func.count(value.sql), (COUNT_DIGITS, 0)), DIVISION_SCALE
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
    **ARITHMETIC,
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
    wide_number=Numeric(DIGITS, FRACTION),
    nulls_first=True,
    has_nan=False,
    has_infinity=False,
)
MYSQL = replace(MARIADB, code_points="utf8mb4_0900_bin")
