"""How PostgreSQL and SQLite say things: the forms of constants, comparison of text and numbers, and per function of
``edm.functions`` its SQL.

A function without a row is not pushed on PostgreSQL; SQLite calls the reference implementation itself (see
``sql_sqlite``), so its rows are only those where SQL is faster than Python.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Double,
    Float,
    Integer,
    Numeric,
    Text,
    Time,
    Uuid,
    all_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from edm.conversion import always_castable
from edm.expressions import Call
from edm.functions import FUNCTIONS
from edm.meanings import BLANKS, DIVISION_SCALE, PUNCTUATION
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    GUID,
    SINGLE,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from erp_adapters.sql_values import INT64_HIGH, INT64_LOW, NUMBERS, Form, Sql, Unsupported, Value, collated

Row = Callable[["Dialect", Call, Sequence[Value]], Value]
Rows = dict[str, Row]
Encode = Callable[[Any], Any]

#: Python's longest text and PostgreSQL's, as far as positions in it go.
_FAR = 10**9


def _same(value: Any) -> Any:
    return value


def _number(value: int) -> Sql:
    return literal(value, BigInteger())


def _size(value: int) -> Sql:
    """A position or a length, which PostgreSQL wants as an int4."""
    return literal(value, Integer())


def microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Casing:
    """How a database changes case. ``exact`` if it does as Python does for every text; otherwise SQL can only say
    ``candidate``: which rows may differ from what it says."""

    exact: bool
    change: Callable[[Sql], Sql]
    candidate: Callable[[Sql], Sql] | None = None


@dataclass(frozen=True)
class Dialect:
    """What differs between databases. ``casing`` is known only after asking the database."""

    name: str
    rows: Rows
    binds: Mapping[Form, tuple[TypeEngine[Any], Encode]]
    code_points: str  # the collation that compares text by code point
    casing: Mapping[str, Casing] = field(default_factory=dict)
    chain: int | None = None  # conditions in one chain of AND or OR that the parser takes

    # --- constants -------------------------------------------------------------------------------------------

    def bind(self, value: Any, form: Form) -> Sql:
        """A parameter. ``value`` is already what the form stores (see ``sql_compile.fit``), or an Edm value."""
        if form is Form.BOOL:
            return true() if value else false()
        kind, encode = self.binds[form]
        return bindparam(None, encode(value), type_=kind, unique=True)

    def constant(self, value: Any, kind: PrimitiveType) -> Value:
        """An Edm value as a parameter."""
        form = constant_form(value, kind)
        if form is Form.TEXT and not storable(value):
            raise Unsupported("no SQL text holds a NUL character or a lone surrogate")
        sql = self.bind(value, form)
        if form is Form.TEXT:
            sql = self.by_code_point(sql)
        return Value(sql, form, kind, nullable=False, const=value)

    # --- comparison ------------------------------------------------------------------------------------------

    def by_code_point(self, sql: Sql) -> Sql:
        return collated(sql, self.code_points)

    def comparable(self, value: Value) -> Sql:
        """``value`` so that <, = and ORDER BY compare it as Edm does."""
        return value.sql

    def exact(self, value: Value) -> Sql:
        """A number in the form ``EXACT``."""
        raise NotImplementedError

    def stamp(self, value: Value) -> Sql:
        """A point in time in the form ``STAMP``."""
        return value.sql

    def digits(self, value: Value) -> Sql:
        """A date in the form ``DIGITS``."""
        raise NotImplementedError

    def one_of(self, sql: Sql, items: Sequence[Any], form: Form, *, negated: bool = False) -> Sql:
        """``sql in items``, with one parameter however many there are."""
        raise NotImplementedError

    def tuple_one_of(self, columns: Sequence[Sql], rows: Sequence[Sequence[Any]], forms: Sequence[Form]) -> Sql:
        """A row value in a list of rows."""
        raise NotImplementedError

    def contains(self, text: Sql, needle: str, *, start: bool = True, end: bool = True) -> Sql:
        """A constant in ``text``; without ``start`` only where the text ends, without ``end`` only where it begins."""
        raise NotImplementedError

    def pad(self, sql: Sql, width: int) -> Sql:
        """A non-negative integer as text with leading zeros."""
        raise NotImplementedError

    def row(self, node: Call, args: Sequence[Value]) -> Value:
        """The call in SQL."""
        row = self.rows.get(node.function)
        if row is None:
            raise Unsupported(f"{node.function} is not said in SQL")
        return row(self, node, args)


def storable(text: str) -> bool:
    """Whether a column could hold the text: none holds a NUL character or a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def constant_form(value: Any, kind: PrimitiveType) -> Form:
    """The form of a constant's parameter."""
    if kind.integral:
        return Form.INT if INT64_LOW <= value <= INT64_HIGH else Form.EXACT
    try:
        return _CONSTANT_FORMS[kind]
    except KeyError:
        raise Unsupported(f"{kind} is not compared in SQL") from None


_CONSTANT_FORMS: dict[PrimitiveType, Form] = {
    STRING: Form.TEXT,
    BOOLEAN: Form.BOOL,
    DECIMAL: Form.EXACT,
    DOUBLE: Form.FLOAT,
    DATE: Form.DAY,
    DATE_TIME_OFFSET: Form.STAMP,
    TIME_OF_DAY: Form.TIME,
    DURATION: Form.SPAN,
    GUID: Form.GUID,
}


# --- rows for both ------------------------------------------------------------------------------------------------


def _like(node: Call, args: Sequence[Value], sql: Sql, form: Form, scale: int = 0) -> Value:
    """A result that is null exactly if an argument is."""
    doubt = tuple(condition for arg in args for condition in arg.doubt)
    return Value(sql, form, _kind(node), any(arg.nullable for arg in args), scale, doubt=doubt)


def _kind(node: Call) -> PrimitiveType:
    if not isinstance(node.type, PrimitiveType):
        raise Unsupported("lists have no place in SQL")
    return node.type


def _text(value: Value) -> Sql:
    if value.form is not Form.TEXT:
        raise Unsupported(f"{value.form.value} is not text")
    return value.sql


def _concat(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _like(node, args, _text(args[0]).concat(_text(args[1])), Form.TEXT)


def _contains(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if part.is_const:
        return _like(node, args, d.contains(_text(text), part.const), Form.BOOL)
    return _like(node, args, _position(d, text, part) > 0, Form.BOOL)


def _position(d: Dialect, text: Value, part: Value) -> Sql:
    function = func.instr if d.name == "sqlite" else func.strpos
    return type_coerce(function(_text(text), _text(part)), BigInteger())


def _startswith(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if not part.is_const:
        return _like(node, args, _position(d, text, part) == 1, Form.BOOL)
    return _like(node, args, prefix(d, text, part.const), Form.BOOL)


def prefix(d: Dialect, text: Value, start: str) -> Sql:
    """``start <= text < the first text behind all that begin with start``: a range, so that an index can serve."""
    sql, after = _text(text), successor(start)
    if not start:
        return type_coerce(func.length(sql), BigInteger()) >= 0
    low = sql >= d.bind(start, Form.TEXT)
    return low if after is None else low & (sql < d.bind(after, Form.TEXT))


def successor(start: str) -> str | None:
    """The first text, by code point, behind all texts that begin with ``start``."""
    for position in range(len(start) - 1, -1, -1):
        code = ord(start[position])
        if code < 0x10FFFF:
            return start[:position] + chr(0xE000 if code == 0xD7FF else code + 1)
    return None


def _endswith(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, part = args
    if part.is_const:
        return _like(node, args, d.contains(_text(text), part.const, start=True, end=False), Form.BOOL)
    if d.name == "sqlite":
        return reference(d, node, args)
    return _like(node, args, func.right(_text(text), func.length(_text(part))) == _text(part), Form.BOOL)


def _indexof(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _like(node, args, _position(d, args[0], args[1]) - _number(1), Form.INT)


def _length(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _like(node, args, type_coerce(func.length(_text(args[0])), BigInteger()), Form.INT)


def _substring(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    text, start, *rest = args
    constant = start.is_const and all(arg.is_const for arg in rest)
    if not constant or (start.const < 0 and d.name == "sqlite"):
        return reference(d, node, args) if d.name == "sqlite" else _substring_of_values(d, node, args)
    sql = _text(text)
    if start.const < 0:
        sql, begin = func.right(sql, _size(min(-start.const, _FAR))), 1
    else:
        begin = min(start.const, _FAR) + 1
    if rest:
        sql = func.substr(sql, _size(begin), _size(max(0, min(rest[0].const, _FAR))))
    elif begin > 1:
        sql = func.substr(sql, _size(begin))
    return _like(node, args, sql, Form.TEXT)


def _trim(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    function = func.trim if d.name == "sqlite" else func.btrim
    return _like(node, args, function(_text(args[0]), d.bind(BLANKS, Form.TEXT)), Form.TEXT)


def _digits_part(divisor: int, modulus: int) -> Row:
    """A part of a date: from its digits by integer arithmetic, which no invalid stored date can upset."""

    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        sql: Sql = type_coerce(d.digits(args[0]), BigInteger())
        if divisor > 1:
            sql = sql // _number(divisor)
        if modulus:
            sql = sql % _number(modulus)
        return _like(node, args, sql, Form.INT)

    return row


def _offset(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _like(node, args, case((args[0].sql.is_not(None), _number(0))), Form.INT)


def _cast(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    value, kind = args[0], _kind(node)
    if value.form in NUMBERS and value.form is not Form.FLOAT:
        if kind == DOUBLE:
            return _like(node, args, to_float(d, value), Form.FLOAT)
        if always_castable(value.type, kind) and kind != STRING:
            return Value(value.sql, value.form, kind, value.nullable, value.scale, value.raw)
    if d.name == "sqlite":
        return reference(d, node, args)
    raise Unsupported(f"a cast of {value.form.value} to {kind} is not said in SQL")


def to_float(d: Dialect, value: Value) -> Sql:
    if d.name == "sqlite":
        return _call_reference("cast", DOUBLE, [value])
    return cast(d.exact(value) if value.scale or value.form is not Form.INT else value.sql, Double())


#: Parts of a point in time on SQLite: where they stand in the text.
_PLACES = {
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
        return _like(node, args, d.rows["part of time"](d, Call(name, (), node.type), args).sql, Form.INT)

    return row


_COMMON: Rows = {
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
    "cast": _cast,
}


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


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

    def one_of(self, sql: Sql, items: Sequence[Any], form: Form, *, negated: bool = False) -> Sql:
        kind, encode = self.binds[form]
        values = bindparam(None, [encode(item) for item in items], type_=ARRAY(kind), unique=True)
        return sql != all_(values) if negated else sql == any_(values)

    def tuple_one_of(self, columns: Sequence[Sql], rows: Sequence[Sequence[Any]], forms: Sequence[Form]) -> Sql:
        names = [f"k{number}" for number in range(len(columns))]
        arrays = [
            bindparam(
                None,
                [self.binds[form][1](row[i]) for row in rows],
                type_=ARRAY(self.binds[form][0]),
                unique=True,
            )
            for i, form in enumerate(forms)
        ]
        keys = func.unnest(*arrays).table_valued(*names).render_derived(name="keys")
        return tuple_(*columns).in_(select(*(keys.c[name] for name in names)))

    def contains(self, text: Sql, needle: str, *, start: bool = True, end: bool = True) -> Sql:
        escaped = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return text.like(self.bind(f"{'%' if start else ''}{escaped}{'%' if end else ''}", Form.TEXT))

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.lpad(cast(sql, Text()), _size(width), self.bind("0", Form.TEXT))


_POSTGRESQL_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Text(), _same),
    Form.INT: (BigInteger(), _same),
    Form.EXACT: (Numeric(), Decimal),
    Form.FLOAT: (Double(), _same),
    Form.DAY: (Date(), _same),
    Form.DIGITS: (BigInteger(), _same),
    Form.STAMP: (DateTime(), _naive),
    Form.ZONED: (DateTime(timezone=True), _same),
    Form.TIME: (Time(), _same),
    Form.SPAN: (Numeric(), lambda span: Decimal(microseconds(span))),
    Form.GUID: (Uuid(), _same),
}


def _pg_number(apply: Callable[..., Sql]) -> Row:
    def row(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
        if any(arg.form is Form.FLOAT or arg.form not in NUMBERS for arg in args):
            # float8 raises errors where IEEE 754 has infinities and NaN; durations are handled elsewhere.
            raise Unsupported(f"{node.function} of {args[0].form.value} is not said in SQL")
        value = _like(node, args, apply(*(d.exact(arg) for arg in args)), Form.EXACT)
        return replace(value, nullable=True) if node.function in _DIVISIONS else value

    return row


#: Null for a zero divisor, too.
_DIVISIONS = frozenset({"div", "divby", "mod"})


def _pg_div(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _pg_number(_pg_quotient if _kind(node).integral else _pg_divide)(d, node, args)


def _pg_quotient(a: Sql, b: Sql) -> Sql:
    return func.div(a, _not_zero(b))


def _pg_divide(a: Sql, b: Sql) -> Sql:
    """Rounded half away from zero. PostgreSQL takes the digits of a quotient from its operands, so the dividend gets so
    many that rounding twice cannot differ from rounding once."""
    exact = type_coerce(func.round(a, _size(_QUOTIENT_DIGITS)), Numeric()) / _not_zero(b)
    return func.round(exact, _size(DIVISION_SCALE))


def _not_zero(sql: Sql) -> Sql:
    return type_coerce(func.nullif(sql, literal(Decimal(0), Numeric())), Numeric())


#: Far more digits than two rounded operands of a quotient have together.
_QUOTIENT_DIGITS = 120


def _pg_case(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    casing = d.casing.get(node.function)
    if casing is None:
        raise Unsupported(f"{node.function} needs a look at the database first")
    text = _text(args[0])
    value = _like(node, args, casing.change(text), Form.TEXT)
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
    return _like(node, args, cast(func.floor(part) if node.function == "second" else part, BigInteger()), Form.INT)


def _pg_fraction(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    micro = cast(func.date_part(literal_column("'microseconds'"), d.stamp(args[0])), BigInteger())
    return _like(node, args, micro % _number(1_000_000), Form.INT, 6)


def _pg_date(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    value = args[0]
    if value.form in (Form.DAY, Form.DIGITS):
        return value
    return _like(node, args, cast(d.stamp(value), Date()), Form.DAY)


def _pg_time(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    return _like(node, args, cast(d.stamp(args[0]), Time()), Form.TIME)


def _substring_of_values(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """Positions may be any number, so they are cut to what ``substr`` takes."""
    text, sizes = _text(args[0]), [_cut(d, arg, -_FAR) for arg in args[1:2]]
    sizes.extend(_cut(d, arg, 0) for arg in args[2:])
    from_end = type_coerce(func.length(text), Integer()) + sizes[0]
    start = case((sizes[0] >= _size(0), sizes[0]), (from_end >= _size(0), from_end), else_=_size(0))
    sql = func.substr(text, type_coerce(start, Integer()) + _size(1), *sizes[1:])
    null = or_(*(arg.sql.is_(None) for arg in args if arg.nullable), false())
    return _like(node, args, case((not_(null), sql)), Form.TEXT)


def _cut(d: Dialect, value: Value, low: int) -> Sql:
    """``value`` between ``low`` and a limit. GREATEST and LEAST would take null for no number at all."""
    number = d.exact(value)
    lowest, highest = (literal(Decimal(limit), Numeric()) for limit in (low, _FAR))
    cut = case((number < lowest, lowest), (number > highest, highest), else_=number)
    return type_coerce(cast(cut, Integer()), Integer())


POSTGRESQL = PostgreSQL(
    "postgresql",
    {
        **_COMMON,
        "add": _pg_number(lambda a, b: a + b),
        "sub": _pg_number(lambda a, b: a - b),
        "mul": _pg_number(lambda a, b: a * b),
        "div": _pg_div,
        "divby": _pg_number(_pg_divide),
        "mod": _pg_number(lambda a, b: type_coerce(func.mod(a, _not_zero(b)), Numeric())),
        "neg": _pg_number(lambda a: -a),
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
    },
    _POSTGRESQL_BINDS,
    "C",
)


# --- SQLite -------------------------------------------------------------------------------------------------------

#: What the collation that compares exact numbers is called on our connections (see ``sql_sqlite``).
NUMBER_COLLATION = "odata_number"
#: What the function that calls the reference implementation is called there.
REFERENCE_FUNCTION = "odata"


@dataclass(frozen=True)
class SQLite(Dialect):
    """SQLite with our functions. It has no exact decimals: numbers that are not plain columns are computed by the
    reference implementation and stand as text, which a collation compares."""

    def comparable(self, value: Value) -> Sql:
        return collated(value.sql, NUMBER_COLLATION) if value.form in (Form.EXACT, Form.SPAN) else value.sql

    def exact(self, value: Value) -> Sql:
        return value.sql if value.form is Form.EXACT else _call_reference("same", DECIMAL, [value])

    def digits(self, value: Value) -> Sql:
        if value.form is Form.DIGITS:
            return value.sql
        parts = [func.substr(value.sql, _number(start), _number(size)) for start, size in ((1, 4), (6, 2), (9, 2))]
        return cast(parts[0].concat(parts[1]).concat(parts[2]), BigInteger())

    def one_of(self, sql: Sql, items: Sequence[Any], form: Form, *, negated: bool = False) -> Sql:
        encode = self.binds[form][1]
        if form in (Form.FLOAT, Form.APPROX):  # SQLite reads a float from JSON a little differently
            values: Any = [self.bind(item, form) for item in items]
        else:
            values = _json_values([encode(item) for item in items], 0)
        return sql.not_in(values) if negated else sql.in_(values)

    def tuple_one_of(self, columns: Sequence[Sql], rows: Sequence[Sequence[Any]], forms: Sequence[Form]) -> Sql:
        values = [[self.binds[form][1](item) for item, form in zip(row, forms, strict=True)] for row in rows]
        return tuple_(*columns).in_(_json_values(values, len(columns)))

    def contains(self, text: Sql, needle: str, *, start: bool = True, end: bool = True) -> Sql:
        part = self.bind(needle, Form.TEXT)
        if end:
            return func.instr(text, part) > 0
        if not needle:
            return func.length(text) >= 0
        return func.substr(text, _number(-len(needle))) == part

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.substr(self.bind("0" * width, Form.TEXT).concat(sql), _number(-width))

    def row(self, node: Call, args: Sequence[Value]) -> Value:
        return self.rows.get(node.function, reference)(self, node, args)


def _json_values(values: Sequence[Any], width: int) -> Any:
    """The items of one JSON parameter as rows: no limit on their number, one statement text for all."""
    items = func.json_each(literal(json.dumps(values, ensure_ascii=False), Text())).table_valued("value")
    if not width:
        return select(items.c.value)
    places = [literal(f"$[{number}]", Text()) for number in range(width)]
    return select(*(func.json_extract(items.c.value, place) for place in places))


def reference(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """The reference implementation itself, called by SQLite for each row."""
    kind = _kind(node)
    if kind in (DOUBLE, SINGLE) or any(arg.form is Form.FLOAT for arg in args):
        raise Unsupported("SQLite has no NaN")
    value = _like(node, args, _call_reference(node.function, kind, args), result_form(kind))
    return replace(value, nullable=True) if FUNCTIONS[node.function].partial else value


def _call_reference(name: str, result: PrimitiveType, args: Sequence[Value]) -> Sql:
    signature = ",".join([*(tag(arg) for arg in args)]) + ">" + result.name
    called: Sql = getattr(func, REFERENCE_FUNCTION)(
        literal(name, Text()), literal(signature, Text()), *(arg.sql for arg in args)
    )
    return called


def tag(value: Value) -> str:
    """Type, form and scale of an argument, for ``sql_sqlite`` to read it."""
    return f"{value.type.name}:{value.form.name}:{value.scale}"


def result_form(kind: PrimitiveType) -> Form:
    """The form in which the reference implementation's results stand."""
    return Form.EXACT if kind.integral else constant_form(None, kind)


def _sqlite_part(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    start, size = _PLACES[node.function]
    value = args[0]
    if value.form is Form.TIME:
        start -= 11
    return _like(node, args, cast(func.substr(value.sql, _number(start), _number(size)), BigInteger()), Form.INT)


def _sqlite_case(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    function = func.odata_lower if node.function == "tolower" else func.odata_upper
    return _like(node, args, function(_text(args[0])), Form.TEXT)


def stamp_text(moment: datetime) -> str:
    """A point in time as SQLite stores it: as SQLAlchemy writes it, to the microsecond."""
    return _naive(moment).isoformat(" ", "microseconds")


def number_text(value: Decimal | int) -> str:
    return format(Decimal(value), "f")


_SQLITE_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Text(), _same),
    Form.INT: (BigInteger(), _same),
    Form.EXACT: (Text(), number_text),
    Form.APPROX: (Float(), float),
    Form.FLOAT: (Float(), _same),
    Form.DAY: (Text(), date.isoformat),
    Form.DIGITS: (BigInteger(), _same),
    Form.STAMP: (Text(), stamp_text),
    Form.TIME: (Text(), lambda value: value.isoformat("microseconds")),
    Form.SPAN: (Text(), lambda value: str(microseconds(value))),
    Form.GUID: (Text(), lambda value: value.hex),
}

SQLITE = SQLite(
    "sqlite",
    {**_COMMON, "tolower": _sqlite_case, "toupper": _sqlite_case, "part of time": _sqlite_part},
    _SQLITE_BINDS,
    "BINARY",
    chain=100,  # a chain is a tree as deep as it is long, and 1,000 levels are the end
)
DIALECTS: dict[str, Dialect] = {d.name: d for d in (POSTGRESQL, SQLITE)}
