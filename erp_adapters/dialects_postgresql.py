"""What PostgreSQL says, through psycopg."""

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
    Uuid,
    all_,
    any_,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine, UserDefinedType

from edm.expressions import Call
from edm.meanings import BLANKS, DIVISION_SCALE, PUNCTUATION
from edm.primitives import PrimitiveType
from erp_adapters import dialects_spans as spans
from erp_adapters.dialects_base import (
    Dialect,
    Encode,
    Encoding,
    Row,
    kind_of,
    like,
    microseconds,
    naive,
    number,
    same,
    size,
    text_of,
)
from erp_adapters.dialects_common import COMMON
from erp_adapters.dialects_patterns import postgresql_pattern
from erp_adapters.sql_values import NUMBERS, Form, Parameter, Sql, Unsupported, Value


@dataclass(frozen=True)
class PostgreSQL(Dialect):
    """PostgreSQL through psycopg. Numbers meet as ``numeric``, which neither overflows nor rounds."""

    def comparable(self, value: Value) -> Sql:
        return value.sql

    def exact(self, value: Value) -> Sql:
        if value.form is Form.EXACT:
            return value.sql
        if value.form is not Form.INT:
            raise Unsupported(f"{value.form.value} is not an exact number")
        number = cast(value.sql, Numeric())
        return number * literal(Decimal(1).scaleb(-value.scale), Numeric()) if value.scale else number

    def stamp(self, value: Value) -> Sql:
        return func.timezone("UTC", value.sql) if value.form is Form.ZONED else value.sql

    def digits(self, value: Value) -> Sql:
        if value.form is Form.DIGITS:
            return value.sql
        return cast(func.to_char(value.sql, literal_column("'YYYYMMDD'")), BigInteger())

    def lists(self, form: Form) -> bool:
        return True

    def limit(self, top: int) -> Any:
        """A number: the planner takes a parameter for a tenth of all rows."""
        return literal_column(str(int(top)))

    def one_of(self, sql: Sql, items: Sequence[Any] | Parameter, form: Form, *, negated: bool = False) -> Sql:
        kind, encode = self.binds[form]
        values = self.parameter(items, partial(_every, encode), ARRAY(kind))
        return sql != all_(values) if negated else sql == any_(values)

    def tuple_one_of(self, parts: Sequence[Value], rows: Sequence[Sequence[Any]] | Parameter) -> Sql:
        names = [f"k{number}" for number in range(len(parts))]
        arrays = [
            self.parameter(rows, partial(_place, self.binds[part.form][1], i), ARRAY(self.binds[part.form][0]))
            for i, part in enumerate(parts)
        ]
        keys = func.unnest(*arrays).table_valued(*names).render_derived(name="keys")
        return tuple_(*(part.stored for part in parts)).in_(select(*(keys.c[name] for name in names)))

    def contains(self, text: Sql, needle: str | Parameter, *, start: bool = True, end: bool = True) -> Sql:
        return text.like(self.parameter(needle, partial(_pattern, start, end), Text()))

    def position(self, text: Sql, part: Sql) -> Sql:
        return func.strpos(text, part)

    def trimmed(self, text: Sql) -> Sql:
        return func.btrim(text, self.bind("".join(filter(self.encoding.holds, BLANKS)), Form.TEXT))

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.lpad(cast(sql, Text()), size(width), self.bind("0", Form.TEXT))

    def total(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        added: Sql = type_coerce(func.sum(value.sql), value.sql.type)
        exact = self.exact(value.of(added))
        if method == "average":
            exact = _pg_divide(exact, cast(func.count(value.sql), Numeric()))
        return Value(exact, Form.EXACT, kind)


def _every(encode: Encode, items: Sequence[Any]) -> list[Any]:
    return list(items) if encode is same else [encode(item) for item in items]


def _place(encode: Encode, place: int, rows: Sequence[Sequence[Any]]) -> list[Any]:
    return [encode(row[place]) for row in rows]


def _pattern(start: bool, end: bool, needle: str) -> str:
    """The pattern of LIKE for a text that contains ``needle``."""
    escaped = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{'%' if start else ''}{escaped}{'%' if end else ''}"


class _BlankPadded(UserDefinedType[str]):
    """``CHAR`` of any length, which a parameter must be for an index over such a column to serve."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_: Any) -> str:
        return "BPCHAR"


_POSTGRESQL_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Text(), same),
    Form.CHAR: (_BlankPadded(), same),
    Form.INT: (BigInteger(), same),
    Form.EXACT: (Numeric(), Decimal),
    Form.FLOAT: (Double(), same),
    Form.DAY: (Date(), same),
    Form.DIGITS: (BigInteger(), same),
    Form.STAMP: (DateTime(), naive),
    Form.ZONED: (DateTime(timezone=True), same),
    Form.TIME: (Time(), same),
    Form.SPAN: (Numeric(), lambda span: Decimal(microseconds(span))),
    Form.GUID: (Uuid(), same),
}


def _pg_number(apply: Callable[..., Sql], timely: Row | None = None) -> Row:
    """Arithmetic of exact numbers; ``timely`` says that of durations and points in time."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        if timely is not None and any(arg.form not in NUMBERS for arg in args):
            return timely(d, node, args)
        if any(arg.form is Form.FLOAT or arg.form not in NUMBERS for arg in args):
            # float8 raises errors where IEEE 754 has infinities and NaN
            raise Unsupported(f"{node.function} of {args[0].form.value} is not said in SQL")
        value = like(node, args, apply(*(d.exact(arg) for arg in args)), Form.EXACT)
        return replace(value, nullable=True) if node.function in _DIVISIONS else value

    return row


#: Null for a zero divisor, too.
_DIVISIONS = frozenset({"div", "divby", "mod"})


def _pg_div(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _pg_number(_pg_quotient if kind_of(node).integral else _pg_divide, spans.divided)(d, node, args)


def _pg_quotient(a: Sql, b: Sql) -> Sql:
    return func.div(a, _not_zero(b))


def _pg_divide(a: Sql, b: Sql) -> Sql:
    """Rounded half away from zero. PostgreSQL takes the digits of a quotient from its operands, so the dividend gets so
    many that rounding twice cannot differ from rounding once."""
    exact = type_coerce(func.round(a, size(_QUOTIENT_DIGITS)), Numeric()) / _not_zero(b)
    return func.round(exact, size(DIVISION_SCALE))


def _not_zero(sql: Sql) -> Sql:
    return type_coerce(func.nullif(sql, literal(Decimal(0), Numeric())), Numeric())


#: Far more digits than two rounded operands of a quotient have together.
_QUOTIENT_DIGITS = 120


def _pg_case(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    casing = d.casing.get(node.function)
    if casing is None:
        raise Unsupported(f"{node.function} needs a look at the database first")
    text = text_of(args[0])
    value = like(node, args, casing.change(text), Form.TEXT)
    return value if casing.candidate is None else replace(value, doubt=(*value.doubt, casing.candidate(text)))


#: PostgreSQL's translate looks at each character's place in the list; its regular expressions are many times faster.
_PUNCTUATION = "[" + "".join(f"\\{character}" for character in PUNCTUATION) + "]"


def _pg_search(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    lowered = _pg_case(d, Call("tolower", (), node.type), args)
    bare = func.regexp_replace(
        lowered.sql, d.bind(_PUNCTUATION, Form.TEXT), d.bind("", Form.TEXT), d.bind("g", Form.TEXT)
    )
    return replace(lowered, sql=func.replace(bare, d.bind("  ", Form.TEXT), d.bind(" ", Form.TEXT)))


def _pg_part(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    part: Sql = type_coerce(func.date_part(d.bind(node.function, Form.TEXT), d.stamp(args[0])), Double())
    return like(node, args, cast(func.floor(part) if node.function == "second" else part, BigInteger()), Form.INT)


def _pg_fraction(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    micro = cast(func.date_part(literal_column("'microseconds'"), d.stamp(args[0])), BigInteger())
    return like(node, args, micro % number(1_000_000), Form.INT, 6)


def _pg_date(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    value = args[0]
    if value.form in (Form.DAY, Form.DIGITS):
        return value
    return like(node, args, cast(d.stamp(value), Date()), Form.DAY)


def _pg_matches(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, pattern = args
    if not pattern.is_const:
        raise Unsupported("a pattern that differs by row is left to the engine")
    return like(node, args, text_of(text).regexp_match(d.bind(postgresql_pattern(pattern.const), Form.TEXT)), Form.BOOL)


def _pg_time(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return like(node, args, cast(d.stamp(args[0]), Time()), Form.TIME)


def encoded(dialect: Dialect, name: str) -> Dialect:
    """The dialect of a database whose encoding has that name."""
    encoding = _ENCODINGS.get(name, Encoding("ascii", None, sorts=False, certain=False))
    rows = dialect.rows
    if name != "UTF8":  # what a pattern calls a letter depends on more than the encoding
        left = {"matchespattern"} if encoding.certain else {"matchespattern", *_BY_CHARACTER}
        rows = {function: row for function, row in rows.items() if function not in left}
    return replace(dialect, encoding=encoding, rows=rows)


#: Those that are not named here sort otherwise than by code point, and their characters are not known to us.
_ENCODINGS = {
    "UTF8": Encoding(),
    "LATIN1": Encoding("latin-1", "\xff"),
    "SQL_ASCII": Encoding("ascii", None, certain=False),  # bytes, which sort as UTF-8 does if that is what they are
    **{f"WIN{number}": Encoding(f"cp{number}", None, sorts=False) for number in range(1250, 1259)},
    **{
        name: Encoding(f"iso8859-{part}", None, sorts=False)
        for name, part in (("LATIN2", 2), ("LATIN3", 3), ("LATIN4", 4), ("LATIN5", 9), ("LATIN9", 15), ("LATIN10", 16))
    },
}
#: Functions that count characters, or look at each: PostgreSQL would take bytes for them.
_BY_CHARACTER = ("length", "indexof", "substring", "trim")

POSTGRESQL = PostgreSQL(
    "postgresql",
    {
        **COMMON,
        "add": _pg_number(lambda a, b: a + b, spans.shifted(1)),
        "sub": _pg_number(lambda a, b: a - b, spans.shifted(-1)),
        "mul": _pg_number(lambda a, b: a * b, spans.scaled),
        "div": _pg_div,
        "divby": _pg_number(_pg_divide),
        "mod": _pg_number(lambda a, b: type_coerce(func.mod(a, _not_zero(b)), Numeric())),
        "neg": _pg_number(lambda a: -a, spans.negated),
        "round": _pg_number(lambda a: type_coerce(func.round(a), Numeric())),
        "floor": _pg_number(lambda a: type_coerce(func.floor(a), Numeric())),
        "ceiling": _pg_number(lambda a: type_coerce(func.ceil(a), Numeric())),
        "tolower": _pg_case,
        "toupper": _pg_case,
        "$searchtext": _pg_search,
        "part of time": _pg_part,
        "fractionalseconds": _pg_fraction,
        "date": _pg_date,
        "time": _pg_time,
        "totalseconds": spans.total_seconds,
        "matchespattern": _pg_matches,
    },
    _POSTGRESQL_BINDS,
    "C",
)
