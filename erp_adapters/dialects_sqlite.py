"""What SQLite says, with functions of ours (see ``sql_sqlite``): rows only where SQL is faster than Python."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Float, Numeric, Text, cast, func, literal, select, tuple_, type_coerce
from sqlalchemy.types import NullType, TypeEngine

from edm.expressions import Call
from edm.meanings import BLANKS
from edm.primitives import DECIMAL, PrimitiveType
from erp_adapters.dialects_base import (
    Dialect,
    Encode,
    call_reference,
    like,
    microseconds,
    naive,
    number,
    reference,
    same,
    tag,
    text_of,
)
from erp_adapters.dialects_common import COMMON, PLACES
from erp_adapters.sql_values import Form, Kind, Parameter, Sql, Value, collated

#: What the collation that compares exact numbers is called on our connections (see ``sql_sqlite``).
NUMBER_COLLATION = "odata_number"
#: What the exact aggregates are called there.
TOTALS = {"sum": "odata_sum", "average": "odata_average"}


#: Forms of values that are text here, and compare as such.
_WRITTEN = frozenset({Form.TEXT, Form.DAY, Form.STAMP, Form.ZONED, Form.TIME, Form.GUID})


@dataclass(frozen=True)
class SQLite(Dialect):
    """SQLite with our functions. It has no exact decimals: numbers that are not plain columns are computed by the
    reference implementation and stand as text, which a collation compares."""

    def comparable(self, value: Value) -> Sql:
        return collated(value.sql, NUMBER_COLLATION) if value.form in (Form.EXACT, Form.SPAN) else value.sql

    def exact(self, value: Value) -> Sql:
        return value.sql if value.form is Form.EXACT else call_reference("same", DECIMAL, [value])

    def digits(self, value: Value) -> Sql:
        if value.form is Form.DIGITS:
            return value.sql
        parts = [func.substr(value.sql, number(start), number(size)) for start, size in ((1, 4), (6, 2), (9, 2))]
        return cast(parts[0].concat(parts[1]).concat(parts[2]), BigInteger())

    def lists(self, form: Form) -> bool:
        return form not in (Form.FLOAT, Form.APPROX)  # SQLite reads a float from JSON a little differently

    def one_of(self, sql: Sql, items: Sequence[Any] | Parameter, form: Form, *, negated: bool = False) -> Sql:
        if self.lists(form):
            values: Any = self._rows(items, partial(_json, self.binds[form][1]), 0)
        else:
            assert not isinstance(items, Parameter)
            values = [self.bind(item, form) for item in items]
        return sql.not_in(values) if negated else sql.in_(values)

    def tuple_one_of(self, parts: Sequence[Value], rows: Sequence[Sequence[Any]] | Parameter) -> Sql:
        encode = partial(_json_rows, [self.binds[part.form][1] for part in parts])
        return tuple_(*(part.stored for part in parts)).in_(self._rows(rows, encode, len(parts)))

    def _rows(self, values: Sequence[Any] | Parameter, encode: Encode, width: int) -> Any:
        """The items of one JSON parameter as rows: no limit on their number, one statement text for all."""
        items = func.json_each(self.parameter(values, encode, Text())).table_valued("value")
        if not width:
            return select(items.c.value)
        places = [literal(f"$[{number}]", Text()) for number in range(width)]
        return select(*(func.json_extract(items.c.value, place) for place in places))

    def contains(self, text: Sql, needle: str | Parameter, *, start: bool = True, end: bool = True) -> Sql:
        part = self.bind(needle, Form.TEXT)
        if end:
            return func.instr(text, part) > 0
        if not isinstance(needle, Parameter) and not needle:
            return func.length(text) >= 0
        return func.substr(text, self.parameter(needle, _from_end, BigInteger())) == part

    def position(self, text: Sql, part: Sql) -> Sql:
        return func.instr(text, part)

    def trimmed(self, text: Sql) -> Sql:
        return func.trim(text, self.bind(BLANKS, Form.TEXT))

    def wide(self, sql: Sql) -> Sql:
        """SQLite adds in 64 bits by itself, and a cast would cut a stray fraction off."""
        return type_coerce(sql, BigInteger())

    def choice(self, pairs: Sequence[tuple[Sql, Sql]], form: Form) -> Sql:
        """SQLite would compare the value by a collation that a condition within names."""
        made = super().choice(pairs, form)
        return collated(type_coerce(made, Text()), self.code_points) if form in _WRITTEN else made

    def pad(self, sql: Sql, width: int) -> Sql:
        return func.substr(self.bind("0" * width, Form.TEXT).concat(sql), number(-width))

    def added(self, sql: Sql, kind: Kind) -> Sql:
        """Decimals are added as such, and the sum stands as a column of them does."""
        if kind is not Kind.NUMERIC:
            return func.sum(sql)
        exact = getattr(func, TOTALS["sum"])(literal("Decimal:APPROX:0", Text()), sql)
        return type_coerce(cast(exact, Numeric()), NullType())

    def total(self, method: str, value: Value, kind: PrimitiveType) -> Value:
        function = getattr(func, TOTALS[method])
        return Value(type_coerce(function(literal(tag(value), Text()), value.sql), Text()), Form.EXACT, kind)

    def row(self, node: Call, args: Sequence[Value]) -> Value:
        return self.rows.get(node.function, reference)(self, node, args)


def _json(encode: Encode, items: Sequence[Any]) -> str:
    return json.dumps([encode(item) for item in items], ensure_ascii=False)


def _json_rows(encodes: Sequence[Encode], rows: Sequence[Sequence[Any]]) -> str:
    values = [[encode(item) for encode, item in zip(encodes, row, strict=True)] for row in rows]
    return json.dumps(values, ensure_ascii=False)


def _from_end(needle: str) -> int:
    return -len(needle)


def _sqlite_part(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    start, size = PLACES[node.function]
    value = args[0]
    if value.form is Form.TIME:
        start -= 11
    return like(node, args, cast(func.substr(value.sql, number(start), number(size)), BigInteger()), Form.INT)


def _sqlite_case(d: Dialect, node: Call, args: Sequence[Value]) -> Value:
    function = func.odata_lower if node.function == "tolower" else func.odata_upper
    return like(node, args, function(text_of(args[0])), Form.TEXT)


def stamp_text(moment: datetime) -> str:
    """A point in time as SQLite stores it: as SQLAlchemy writes it, to the microsecond."""
    return naive(moment).isoformat(" ", "microseconds")


def number_text(value: Decimal | int) -> str:
    return format(Decimal(value), "f")


_SQLITE_BINDS: dict[Form, tuple[TypeEngine[Any], Encode]] = {
    Form.TEXT: (Text(), same),
    Form.INT: (BigInteger(), same),
    Form.EXACT: (Text(), number_text),
    Form.APPROX: (Float(), float),
    Form.FLOAT: (Float(), same),
    Form.DAY: (Text(), date.isoformat),
    Form.DIGITS: (BigInteger(), same),
    Form.STAMP: (Text(), stamp_text),
    Form.TIME: (Text(), lambda value: value.isoformat("microseconds")),
    Form.SPAN: (Text(), lambda value: str(microseconds(value))),
    Form.GUID: (Text(), lambda value: value.hex),
}

SQLITE = SQLite(
    "sqlite",
    {**COMMON, "tolower": _sqlite_case, "toupper": _sqlite_case, "part of time": _sqlite_part},
    _SQLITE_BINDS,
    "BINARY",
    chain=100,  # a chain is a tree as deep as it is long, and 1,000 levels are the end
    depth=40,
    layers=7,
    decimals=Form.APPROX,
    moments=Form.STAMP,
    nulls_first=True,
    has_nan=False,
    calls_reference=True,
    schemas=False,
)
