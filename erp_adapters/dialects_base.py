"""What dialects of SQL are made of: forms of constants, and what the rows of their functions have in common.

A row says a function of ``edm.functions`` in SQL. A function without a row is not pushed; SQLite calls the reference
implementation itself.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Numeric,
    Text,
    bindparam,
    case,
    cast,
    distinct,
    false,
    func,
    literal,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from edm.expressions import Call
from edm.functions import FUNCTIONS
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
from erp_adapters.sql_values import (
    INT64_HIGH,
    INT64_LOW,
    ColumnFacts,
    Form,
    Kind,
    Parameter,
    Sql,
    Unsupported,
    Value,
    collated,
)

Row = Callable[["Dialect", Call, Sequence[Value]], Value]
Rows = dict[str, Row]
Encode = Callable[[Any], Any]

#: Python's longest text and PostgreSQL's, as far as positions in it go.
FAR = 10**9


#: The comparisons by order.
ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def same(value: Any) -> Any:
    return value


def number(value: int) -> Sql:
    return literal(value, BigInteger())


def size(value: int) -> Sql:
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


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which characters the database holds. ``last`` is the last one, where it holds all before and sorts them by code
    point; ``sorts`` tells whether it does the latter. If it is not ``certain`` nobody knows what bytes beyond ASCII
    mean.
    """

    codec: str = "utf-8"
    last: str | None = chr(0x10FFFF)
    sorts: bool = True
    certain: bool = True

    def holds(self, text: str) -> bool:
        """Whether a column could hold the text."""
        try:
            text.encode(self.codec)
        except UnicodeEncodeError:
            return False
        return "\0" not in text

    def may_hold(self, text: str) -> bool:
        """As ``holds``; raises ``Unsupported`` where nobody knows."""
        held = self.holds(text)
        if not held and not self.certain and "\0" not in text:
            raise Unsupported("nobody knows which characters the database holds")
        return held

    def successor(self, start: str) -> str | None:
        """The first text, by code point, behind all texts that begin with ``start``; ``None`` if none is."""
        assert self.last is not None
        for position in range(len(start) - 1, -1, -1):
            code = ord(start[position])
            if code < ord(self.last):
                return start[:position] + chr(0xE000 if code == 0xD7FF else code + 1)
        return None


@dataclass(frozen=True)
class Dialect:
    """What differs between databases. ``casing`` and ``encoding`` are known only after asking the database."""

    name: str
    rows: Rows
    binds: Mapping[Form, tuple[TypeEngine[Any], Encode]]
    code_points: str  # the collation that compares text by code point
    casing: Mapping[str, Casing] = field(default_factory=dict)
    encoding: Encoding = field(default_factory=Encoding)
    chain: int | None = None  # conditions in one chain of AND or OR that the parser takes
    depth: int = 110  # nesting of SQLAlchemy's elements that the parser takes, and Python's own stack
    layers: int = 30  # derived tables within one another that the parser takes
    decimals: Form = Form.EXACT  # how a column of decimals stands
    moments: Form = Form.ZONED  # how a column of points in time stands
    nulls_first: bool = False  # nulls come first ascending and last descending, without being told
    has_nan: bool = True  # floats may be NaN, which sorts somewhere
    has_infinity: bool = True  # floats may be infinite
    calls_reference: bool = False  # what has no row is done by the reference implementation, called for each row
    boolean: TypeEngine[Any] = field(default_factory=Boolean)  # a type that null is cast to, for a Boolean column
    wide_number: TypeEngine[Any] = field(default_factory=Numeric)  # a type that every exact number fits
    certain_only: bool = False  # nothing is asked but what ``sql_certain`` lets through
    any_case: bool = False  # SQLAlchemy tells names of columns in another letter case
    schemas: bool = True  # a dot in a table's name ends its schema

    # --- constants -------------------------------------------------------------------------------------------

    def bind(self, value: Any, form: Form) -> Sql:
        """A parameter. ``value`` is already what the form stores (see ``sql_compile.fit``), or an Edm value."""
        if form is Form.BOOL:
            return true() if value else false()
        if isinstance(value, str) and form in (Form.TEXT, Form.CHAR) and not self.encoding.holds(value):
            raise Unsupported("the database holds no such text")
        kind, encode = self.binds[form]
        return self.parameter(value, encode, kind)

    def parameter(self, value: Any, encode: Encode, kind: TypeEngine[Any]) -> Sql:
        """A parameter that holds what ``encode`` makes of ``value``, which may be a ``Parameter`` of the statement."""
        held = value.through(encode) if isinstance(value, Parameter) else encode(value)
        return bindparam(None, held, type_=kind, unique=True)

    def constant(self, value: Any, kind: PrimitiveType) -> Value:
        """An Edm value as a parameter."""
        form = constant_form(value, kind)
        if form is Form.TEXT:
            return self.text(value)
        return Value(self.bind(value, form), form, kind, nullable=False, const=value)

    def text(self, value: "str | Parameter") -> Value:
        """A text as a parameter."""
        if isinstance(value, str) and not self.encoding.holds(value):
            raise Unsupported("the database holds no such text")
        return Value(self.by_code_point(self.bind(value, Form.TEXT)), Form.TEXT, STRING, nullable=False, const=value)

    # --- comparison ------------------------------------------------------------------------------------------

    def column_text(self, sql: Sql, facts: ColumnFacts) -> Sql:
        """A stored text, or one made of it, so that it compares by code point."""
        return self.by_code_point(sql)

    def narrowed(self, value: Value, items: Sequence[str]) -> Sql | None:
        """What is true wherever ``value`` is one of the texts, and an index answers; ``None`` if nothing is."""
        return None

    def joined(self, left: Value, right: Value) -> Sql | None:
        """What is true wherever two texts are equal, and an index on ``right`` answers; ``None`` if nothing is."""
        return None

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

    def shares(self, form: Form) -> bool:
        """Whether one statement does for all constants of the form."""
        return True

    def lists(self, form: Form) -> bool:
        """Whether one parameter holds a list of any length: ``one_of`` and ``tuple_one_of`` take a ``Parameter``."""
        return False

    def one_of(self, sql: Sql, items: "Sequence[Any] | Parameter", form: Form, *, negated: bool = False) -> Sql:
        """``sql in items``, with one parameter however many there are."""
        raise NotImplementedError

    def tuple_one_of(self, parts: Sequence[Value], rows: "Sequence[Sequence[Any]] | Parameter") -> Sql:
        """Values in a list of rows."""
        raise NotImplementedError

    def tuple_compare(self, op: str, parts: Sequence[Value], row: Sequence[Any]) -> Sql:
        """Values compared with a row by order, the first that differs deciding."""
        binds = [self.bind(item, part.form) for item, part in zip(row, parts, strict=True)]
        made: Sql = ORDERS[op](tuple_(*(part.sql for part in parts)), tuple_(*binds))
        return made

    def contains(self, text: Sql, needle: "str | Parameter", *, start: bool = True, end: bool = True) -> Sql:
        """A constant in ``text``; without ``start`` only where the text ends, without ``end`` only where it begins.
        A needle that is a ``Parameter`` is not empty."""
        raise NotImplementedError

    def limit(self, top: int) -> Any:
        """A number of rows, as the statement says it."""
        return top

    def choice(self, pairs: Sequence[tuple[Sql, Sql]], form: Form) -> Sql:
        """The value beside the first condition that is true."""
        return case(*pairs)

    def prefix(self, text: Value, start: "str | Parameter") -> Sql:
        """``start <= text < the first text behind all that begin with start``: a range, so that an index can serve.
        There is such a text for every start that is a ``Parameter``."""
        sql = text_of(text)
        if isinstance(start, str) and not start:
            return self.length(sql) >= 0
        if self.encoding.last is None:
            raise Unsupported("the database sorts texts otherwise")
        low = sql >= self.bind(start, Form.TEXT)
        if isinstance(start, str) and self.encoding.successor(start) is None:
            return low
        return low & (sql < self.parameter(start, self.encoding.successor, Text()))

    def length(self, text: Sql) -> Sql:
        """How many characters ``text`` has."""
        return type_coerce(func.length(text), BigInteger())

    def position(self, text: Sql, part: Sql) -> Sql:
        """Where ``part`` begins in ``text``, from 1; 0 if it does not."""
        raise NotImplementedError

    def trimmed(self, text: Sql) -> Sql:
        """``text`` without the blanks that ``trim`` takes away at both ends."""
        raise NotImplementedError

    def made_of(self, text: Sql, characters: str) -> Sql:
        """Whether ``text`` has no other characters than these."""
        return func.trim(text, self.bind(characters, Form.TEXT)) == self.bind("", Form.TEXT)

    def without_leading(self, text: Sql, character: str) -> Sql:
        """``text`` without the character at its beginning, however often it is there."""
        return func.ltrim(text, self.bind(character, Form.TEXT))

    def whole_text(self, sql: Sql) -> Sql:
        """The digits of an exact number that has no fraction."""
        return cast(func.trim_scale(cast(sql, Numeric())), Text())

    def wide(self, sql: Sql) -> Sql:
        """An integer so that arithmetic with it is done in 64 bits."""
        return cast(sql, BigInteger())

    def ordered(self, value: Value, *, descending: bool) -> Sql:
        """A clause of ORDER BY: nulls first ascending and last descending."""
        sql = self.comparable(value)
        clause: Sql = sql.desc() if descending else sql.asc()
        if self.nulls_first or not value.nullable:
            return clause
        return clause.nulls_last() if descending else clause.nulls_first()

    def pad(self, sql: Sql, width: int) -> Sql:
        """A non-negative integer as text with leading zeros."""
        raise NotImplementedError

    def aggregate(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        """The standard aggregation method over a column, as a value of ``kind``."""
        compared = self.comparable(value)
        if method == "countdistinct":
            return Value(func.count(distinct(compared)), Form.INT, kind, nullable=False)
        if method in ("min", "max"):
            function = func.min if method == "min" else func.max
            return Value(type_coerce(function(compared), value.sql.type), value.form, kind, True, value.scale)
        return self.total(method, value, kind)

    def added(self, sql: Sql, kind: Kind) -> Sql:
        """The sum of a column of numbers; of integers it is one."""
        return cast(func.sum(sql), BigInteger()) if kind is Kind.INTEGER else func.sum(sql)

    def total(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        """``sum`` or ``average`` of numbers that are no floats, exact and in the form ``EXACT``."""
        raise NotImplementedError

    def row(self, node: Call, args: Sequence[Value]) -> Value:
        """The call in SQL."""
        row = self.rows.get(node.function)
        if row is None:
            raise Unsupported(f"{node.function} is not said in SQL")
        return row(self, node, args)


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


# --- what rows have in common ---------------------------------------------------------------------------------------


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def like(node: Call, args: Sequence[Value], sql: Sql, form: Form, scale: int = 0) -> Value:
    """A result that is null exactly if an argument is."""
    doubt = tuple(condition for arg in args for condition in arg.doubt)
    long = form is Form.TEXT and any(arg.long for arg in args)
    return Value(sql, form, kind_of(node), any(arg.nullable for arg in args), scale, doubt=doubt, long=long)


def kind_of(node: Call) -> PrimitiveType:
    if not isinstance(node.type, PrimitiveType):
        raise Unsupported("lists have no place in SQL")
    return node.type


def text_of(value: Value) -> Sql:
    if value.form is not Form.TEXT:
        raise Unsupported(f"{value.form.value} is not text")
    return value.sql


#: What the function that calls the reference implementation is called on SQLite's connections (see ``sql_sqlite``).
REFERENCE_FUNCTION = "odata"


def reference(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    """The reference implementation itself, called by SQLite for each row."""
    kind = kind_of(node)
    if kind in (DOUBLE, SINGLE) or any(arg.form is Form.FLOAT for arg in args):
        raise Unsupported("SQLite has no NaN")
    value = like(node, args, call_reference(node.function, kind, args), result_form(kind))
    return replace(value, nullable=True) if FUNCTIONS[node.function].partial else value


def call_reference(name: str, result: PrimitiveType, args: Sequence[Value]) -> Sql:
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
