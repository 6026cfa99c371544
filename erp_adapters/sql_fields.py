"""A property at a place in a statement: what its codec means in SQL.

Each codec knows the comparisons that its stored form answers by itself (and by index); everything else goes through
``value``. All comparisons follow the rule of ``sql_compare``: true exactly where the answer is.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any

from sqlalchemy import Text, and_, cast, func

from edm.model import Property
from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    GUID,
    SINGLE,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_codecs import (
    Codec,
    Plain,
)
from erp_adapters.sql_compare import (
    fit_const,
    fit_list,
    say_const,
    say_list,
)
from erp_adapters.sql_decode import Decoder, decoder
from erp_adapters.sql_values import ColumnFacts, Fitted, Form, Kind, Sql, Stored, Unsupported, Value, negation


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of the statement and what is known about it. ``optional``: its table may be missing (an outer join)."""

    sql: Sql
    facts: ColumnFacts
    optional: bool

    @property
    def nullable(self) -> bool:
        return self.optional or not self.facts.not_null

    @property
    def integral(self) -> bool:
        return self.facts.kind in (Kind.INTEGER, Kind.NUMERIC)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A property at a place. ``present`` is a condition that the property's entity is there, where it may be
    missing."""

    d: Dialect
    prop: Property
    codec: Codec
    columns: tuple[Column, ...]
    present: Sql | None = None
    _form: tuple[Form, int] | None = field_of(default=None, init=False, repr=False)

    @property
    def approximate(self) -> bool:
        """Whether comparisons let rows pass that the engine has to look at again."""
        return False

    @property
    def nullable(self) -> bool:
        """Whether a null can come out here, as far as the model and the database know."""
        joined = any(column.optional for column in self.columns)
        return joined or (self.prop.nullable and any(column.nullable for column in self.columns))

    def value(self) -> Value:
        raise NotImplementedError

    def stored(self) -> Value:
        """What constants are compared with: the value, or the column in a form that an index knows."""
        return self.value()

    def form(self) -> tuple[Form, int]:
        """Form and scale of ``stored``."""
        if self._form is None:
            value = self.stored()
            object.__setattr__(self, "_form", (value.form, value.scale))
            return value.form, value.scale
        return self._form

    def compare(self, op: str, const: Any, *, negated: bool = False) -> Sql:
        fitted = self.fit(op, const)
        return self.say(op, fitted.kind, fitted.values, negated=negated)

    def one_of(self, items: Sequence[Any], *, negated: bool = False) -> Sql:
        fitted = self.fit_list(items)
        return self.say_list(fitted.kind, fitted.values, negated=negated)

    # A comparison is what its constant asks for, and the SQL for questions of that kind. A codec has both parts of it,
    # or ``compare`` and ``one_of`` as a whole: then statements are made for each constant anew.

    @property
    def shared(self) -> bool:
        """Whether the SQL of comparisons depends on nothing but the kind of question."""
        return type(self).compare is Field.compare and type(self).one_of is Field.one_of

    def fit(self, op: str, const: Any) -> Fitted:
        """What a comparison with ``const`` asks of the stored form."""
        return fit_const(self.d, *self.form(), op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        """The comparison that ``fit`` told of."""
        return say_const(self.d, op, self.stored(), kind, stored, negated=negated)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        """What ``in items`` asks of the stored form."""
        return fit_list(self.d, *self.form(), items)

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        """The condition that ``fit_list`` told of."""
        return say_list(self.d, self.stored(), kind, stored, negated=negated)

    def alike(self) -> Hashable | None:
        """How the property is stored, if two that are stored alike are equal exactly where their columns are."""
        return None

    def truth(self, *, negated: bool = False) -> Sql:
        """The Boolean property as a condition."""
        sql = self.value().sql
        return negation(sql) if negated else sql

    def order(self) -> tuple[Value, ...]:
        """What to sort by, most significant first."""
        return (self.value(),)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        """Columns to read and how to make the published value of them."""
        facts = [column.facts for column in self.columns]
        return tuple(column.sql for column in self.columns), decoder(self.codec, self.prop, facts)

    @property
    def required(self) -> bool:
        """Whether a null that is read breaks the contract, and could be read at all."""
        return not self.prop.nullable and any(column.nullable for column in self.columns)


def text_value(d: Dialect, column: Column, sql: Sql, nullable: bool, *, trimmed: bool = False) -> Value:
    """A text column, or (``trimmed``) without its trailing blanks, or a text that is made of it. Equality needs no
    COLLATE under a deterministic collation, order does unless it is "C"."""
    facts = column.facts
    loose = Stored(column.sql, facts, trimmed) if trimmed or sql is column.sql else None
    if facts.collation == "C":
        return Value(sql, Form.TEXT, STRING, nullable, loose=loose, long=facts.long)
    raw = sql if facts.collation != "other" else None
    made = d.column_text(sql, facts)
    return Value(made, Form.TEXT, STRING, nullable, raw=raw, loose=loose, long=facts.long)


def char_value(d: Dialect, column: Column, nullable: bool) -> Value:
    """A blank-padded column as it is stored. It compares without its blanks, and so sorts as its texts do."""
    collation = column.facts.collation
    if collation == "C":
        return Value(column.sql, Form.CHAR, STRING, nullable)
    sql = d.by_code_point(column.sql)
    return Value(sql, Form.CHAR, STRING, nullable, raw=column.sql if collation != "other" else None)


def stored_text(d: Dialect, column: Column, nullable: bool) -> Value:
    """A column of texts as it is stored."""
    if column.facts.kind is Kind.CHAR and Form.CHAR in d.binds:
        return char_value(d, column, nullable)
    return text_value(d, column, column.sql, nullable)


def bare_text(d: Dialect, column: Column) -> Sql:
    """A column of texts without the blanks that the database pads it with, as a part of another text."""
    if column.facts.kind is Kind.CHAR:
        return cast(column.sql, Text())
    return d.column_text(column.sql, column.facts) if column.facts.collation == "other" else column.sql


class PlainField(Field):
    """The column as it is."""

    @property
    def _padded(self) -> bool:
        return self.prop.type == STRING and self.columns[0].facts.kind is Kind.CHAR and Form.CHAR in self.d.binds

    def stored(self) -> Value:
        return char_value(self.d, self.columns[0], self.nullable) if self._padded else self.value()

    def order(self) -> tuple[Value, ...]:
        return (self.stored(),)

    def alike(self) -> Hashable | None:
        facts = self.columns[0].facts
        if isinstance(self.codec, Plain) and self.codec.trim and facts.kind is not Kind.CHAR:
            return None
        text = facts.kind in (Kind.TEXT, Kind.CHAR) and facts.collation != "other"
        return (facts.kind,) if text and self.prop.type == STRING else None

    def value(self) -> Value:
        kind, column = self.prop.type, self.columns[0]
        if kind == STRING:
            return self._text(column)
        form = _plain_form(self.d, kind, column)
        scale = (self.prop.scale or 0) if form is Form.APPROX else 0
        if column.facts.kind is Kind.FLOAT and (form is Form.EXACT or column.facts.bits < 64):
            raise Unsupported("a float is not the number that it is read as")
        return Value(column.sql, form, kind, self.nullable, scale, digits=column.facts.room())

    def _text(self, column: Column) -> Value:
        if column.facts.kind is Kind.CHAR:
            # A cast of blank-padded text leaves the blanks out.
            return text_value(self.d, column, cast(column.sql, Text()), self.nullable)
        if isinstance(self.codec, Plain) and self.codec.trim:
            return text_value(self.d, column, func.rtrim(column.sql), self.nullable, trimmed=True)
        return text_value(self.d, column, column.sql, self.nullable)

    def fit(self, op: str, const: Any) -> Fitted:
        fitted = super().fit(op, const)
        return Fitted("range", fitted.values) if op == "eq" and self._range_helps(const) else fitted

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind != "range":
            return super().say(op, kind, stored, negated=negated)
        sql = super().say(op, op, stored, negated=negated)
        if negated:
            return sql
        # The texts that are ``const`` and blanks lie between it and the first text behind those.
        column = self.columns[0].sql
        low, high = self.d.bind(stored[0], Form.TEXT), self.d.parameter(stored[0], "{}!".format, Text())
        return and_(sql, column >= low, column < high)

    def _range_helps(self, const: Any) -> bool:
        trimmed = isinstance(self.codec, Plain) and self.codec.trim
        facts = self.columns[0].facts
        return (
            trimmed
            and facts.collation == "C"
            and facts.kind is not Kind.CHAR
            and bool(const)
            and self.d.encoding.holds(const)
        )


def _plain_form(d: Dialect, kind: PrimitiveType, column: Column) -> Form:
    if kind == DECIMAL:
        if column.facts.kind is Kind.INTEGER:
            return Form.INT
        return d.decimals
    if kind == DATE_TIME_OFFSET:
        return d.moments
    if kind.integral:
        return Form.INT
    try:
        return _FORMS[kind]
    except KeyError:
        raise Unsupported(f"{kind} is not compared in SQL") from None


_FORMS: dict[PrimitiveType, Form] = {
    BOOLEAN: Form.BOOL,
    DOUBLE: Form.FLOAT,
    DATE: Form.DAY,
    TIME_OF_DAY: Form.TIME,
    GUID: Form.GUID,
}
#: Never compared in SQL: a single is not the double that it is read as, and binary has no order.
NOT_COMPARED = frozenset({SINGLE, BINARY})
