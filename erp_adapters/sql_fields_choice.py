"""Values that the row chooses between columns, and constants that no column holds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, and_, cast, false, func, literal, not_, null, or_, true

from edm.functions import FUNCTIONS
from edm.primitives import STRING
from erp_adapters.dialects_base import constant_form
from erp_adapters.sql_codecs import Constant, First
from erp_adapters.sql_compare import fit_const, fit_list, say_const, say_list
from erp_adapters.sql_decode import Decoder
from erp_adapters.sql_fields import Column, Field, bare_text, stored_text, text_value
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Unsupported, Value, apart, together


class ConstantField(Field):
    """A constant. Behind a missing row it is null."""

    @property
    def _constant(self) -> Any:
        assert isinstance(self.codec, Constant)
        return self.codec.value

    @property
    def nullable(self) -> bool:
        return self._constant is None or self.present is not None

    @property
    def required(self) -> bool:
        return False

    def value(self) -> Value:
        kind = self.prop.type
        if self._constant is None:
            form = Form.INT if kind.integral else constant_form(None, kind)
            stored = self.d.binds[form][0] if form is not Form.BOOL else Integer()
            return Value(cast(null(), stored), form, kind, nullable=True)
        found = self.d.constant(self._constant, kind)
        if self.present is None:
            return found
        sql = self.d.choice([(self.present, found.sql)], found.form)
        return Value(self.d.by_code_point(sql) if found.form is Form.TEXT else sql, found.form, kind, nullable=True)

    def truth(self, *, negated: bool = False) -> Sql:
        if self._constant is None or self._constant == negated:
            return false()
        return true() if self.present is None else self.present

    def fit(self, op: str, const: Any) -> Fitted:
        """The kind: whether the comparison is true of the constant, and of null."""
        compare = FUNCTIONS[op].evaluate
        return Fitted((compare(self._constant, const), compare(None, const)))

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        there, missing = (answer != negated for answer in kind)
        if self.present is None or there == missing:
            return true() if there else false()
        return self.present if there else not_(self.present)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        return Fitted((self._constant in items, None in items))

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        return self.say("in", kind, stored, negated=negated)

    def order(self) -> tuple[Value, ...]:
        return () if self.present is None else (self.value(),)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        there: Sql = literal(1, Integer())
        if self.present is not None:
            there = self.d.choice([(self.present, there)], Form.INT)
        constant = self._constant
        return (there,), lambda found: None if found is None else constant


class FirstField(Field):
    """The first text that is neither null nor blank. A comparison is one of each column where those before are blank,
    so the index over each serves."""

    @property
    def _first(self) -> First:
        assert isinstance(self.codec, First)
        return self.codec

    @property
    def _last(self) -> str | None:
        """What it is where all columns are blank."""
        return self._first.constant

    @property
    def nullable(self) -> bool:
        return self._last is None or self.present is not None

    @property
    def required(self) -> bool:
        return not self.prop.nullable and self._last is None

    def _stored(self, column: Column) -> Value:
        if column.facts.kind not in (Kind.TEXT, Kind.CHAR):
            raise Unsupported(f"a column of {column.facts.kind.value} holds no text")
        return stored_text(self.d, column, False)

    def _blank(self, column: Column) -> Sql:
        blank = self._text(column) == self.d.bind("", Form.TEXT)
        return or_(column.sql.is_(None), blank) if column.nullable else blank

    def _filled(self, column: Column) -> Sql:
        return self._text(column) != self.d.bind("", Form.TEXT)

    def _text(self, column: Column) -> Sql:
        """The column without its trailing blanks."""
        if column.facts.kind is Kind.CHAR:
            return bare_text(self.d, column)
        return text_value(self.d, column, func.rtrim(column.sql), False, trimmed=True).stored

    def _ways(self) -> list[tuple[Column, Sql]]:
        """Each column, and where it is the one."""
        before: list[Sql] = []
        found = []
        for column in self.columns:
            found.append((column, and_(*before, self._filled(column))))
            before.append(self._blank(column))
        return found

    def _none(self) -> Sql:
        """Where all columns are blank."""
        blank = and_(*(self._blank(column) for column in self.columns))
        return blank if self.present is None or self._last is None else and_(self.present, blank)

    def value(self) -> Value:
        ways = [(where, bare_text(self.d, column)) for column, where in self._ways()]
        if self._last is not None:
            ways.append((self._none(), self.d.bind(self._last, Form.TEXT)))
        sql = self.d.by_code_point(self.d.choice(ways, Form.TEXT))
        return Value(sql, Form.TEXT, STRING, self.nullable)

    # --- comparisons --------------------------------------------------------------------------------------------

    def fit(self, op: str, const: Any) -> Fitted:
        """The kind: those of each column, and whether it is true where all are blank."""
        compare = FUNCTIONS[op].evaluate
        parts = [fit_const(self.d, self._stored(column).form, 0, op, const) for column in self.columns]
        ends = (compare(self._last, const), compare(None, const))
        found = together(parts)
        return Fitted((found.kind, ends), found.values)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        parts, ends = kind
        return self._either(
            [
                say_const(self.d, op, self._stored(column), one, values, negated=negated)
                for column, (one, values) in zip(self.columns, apart(parts, stored), strict=True)
            ],
            ends,
            negated,
        )

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        parts = [fit_list(self.d, self._stored(column).form, 0, items) for column in self.columns]
        found = together(parts)
        return Fitted((found.kind, (self._last in items, None in items)), found.values)

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        parts, ends = kind
        return self._either(
            [
                say_list(self.d, self._stored(column), one, values, negated=negated)
                for column, (one, values) in zip(self.columns, apart(parts, stored), strict=True)
            ],
            ends,
            negated,
        )

    def _either(self, conditions: Sequence[Sql], ends: tuple[bool, bool], negated: bool) -> Sql:
        parts = [and_(where, sql) for (_, where), sql in zip(self._ways(), conditions, strict=True)]
        last, missing = (answer != negated for answer in ends)
        if last:
            parts.append(self._none())
        if missing and self.present is not None and self._last is not None:
            parts.append(not_(self.present))
        return or_(false(), *parts)

    # --- reading ------------------------------------------------------------------------------------------------

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        padded = [column.facts.kind is Kind.CHAR for column in self.columns]
        last = self._last

        def decode(present: Any, *values: Any) -> str | None:
            for value, trim in zip(values, padded, strict=True):
                if value is not None and value.strip(" "):
                    return str(value.rstrip(" ")) if trim else _text(value)
            return last if present else None

        there: Sql = literal(1, Integer())
        if self.present is not None:
            there = self.d.choice([(self.present, there)], Form.INT)
        return (there, *(column.sql for column in self.columns)), decode


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("not text")
    return value
