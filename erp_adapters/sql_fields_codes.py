"""Codes that are published as words and as Booleans: a constant becomes the codes that are published as it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, and_, case, cast, false, func, or_, true

from edm.primitives import BOOLEAN, STRING
from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_codecs import Codes, Flag
from erp_adapters.sql_compare import apply, fit_list, known, one_of, say_list, wanted_with_null, with_null
from erp_adapters.sql_decode import Decoder, Flags, Words
from erp_adapters.sql_fields import Column, Field, stored_text, text_value
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Value


class CodesField(Field):
    """Words for codes: a constant becomes the codes that are published as it."""

    @property
    def _codes(self) -> Codes:
        assert isinstance(self.codec, Codes)
        return self.codec

    def _stored(self) -> Value:
        return code_value(self.d, self.columns[0], self._codes.trim, self.nullable)

    def value(self) -> Value:
        column, stored = self.columns[0], self._stored()
        text = cast(column.sql, Text()) if column.integral or stored.form is Form.CHAR else stored.stored
        whens = [(apply("eq", stored.stored, bind), word) for bind, word in self._whens(stored)]
        if not whens:
            return text_value(self.d, column, text, self.nullable)
        known = [(condition, self.d.bind(word, Form.TEXT)) for condition, word in whens]
        sql = self.d.by_code_point(case(*known, else_=text))
        return Value(sql, Form.TEXT, STRING, self.nullable)

    def _whens(self, stored: Value) -> list[tuple[Sql, str]]:
        return [
            (self.d.bind(code, stored.form), word)
            for text, word in self._codes.words.items()
            for code in typed_codes((text,), stored.form)
        ]

    def form(self) -> tuple[Form, int]:
        return Form.TEXT, 0

    def fit(self, op: str, const: Any) -> Fitted:
        return self.fit_list((const,)) if const is not None and op in ("eq", "ne") else super().fit(op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            return with_null(self._stored(), op, negated)
        if op in ("eq", "ne"):
            return self.say_list(kind, stored, negated=negated == (op == "eq"))
        return super().say(op, kind, stored, negated=negated)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        form = self._stored().form
        words = [code for item in items if item is not None for code in self._codes.stored(item)]
        nulls = [None] if None in items else []
        return fit_list(self.d, form, 0, [*typed_codes(words, form), *nulls])

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        return say_list(self.d, self._stored(), kind, stored, negated=negated)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        column = self.columns[0]
        return (column.sql,), Words(self._codes, column.facts).__getitem__


def code_value(d: Dialect, column: Column, trim: bool, nullable: bool) -> Value:
    """A column of codes as it is stored: integers, Booleans or texts."""
    if column.integral:
        return Value(column.sql, Form.INT, STRING, nullable)
    if column.facts.kind is Kind.BOOLEAN:
        return Value(column.sql, Form.BOOL, BOOLEAN, nullable)
    if trim and column.facts.kind is not Kind.CHAR:
        return text_value(d, column, func.rtrim(column.sql), nullable, trimmed=True)
    return stored_text(d, column, nullable)


def typed_codes(codes: Sequence[str], form: Form) -> list[Any]:
    """Codes as the column holds them; a text that is no such code is not among them."""
    if form in (Form.TEXT, Form.CHAR):
        return list(codes)
    numbers = [_BITS.get(code, code) for code in codes]
    found = [int(code) for code in numbers if _is_integer(code)]
    return [bool(code) for code in found if code in (0, 1)] if form is Form.BOOL else found


_BITS = {"true": "1", "false": "0"}


def _is_integer(code: str) -> bool:
    digits = code.removeprefix("-")
    return digits.isascii() and digits.isdigit() and str(int(code)) == code and len(digits) < 19


def coded(d: Dialect, column: Column, codes: Sequence[str], *, trim: bool = False, negated: bool = False) -> Sql:
    """Whether the column holds one of the codes."""
    stored = code_value(d, column, trim, column.nullable)
    return one_of(d, stored, typed_codes(codes, stored.form), negated=negated)


class FlagField(Field):
    """A Boolean from codes: true for some; false for all others and for null, or for some, too."""

    @property
    def _flag(self) -> Flag:
        assert isinstance(self.codec, Flag)
        return self.codec

    @property
    def nullable(self) -> bool:
        return self.present is not None or self._flag.false is not None

    @property
    def required(self) -> bool:
        return self._flag.false is not None and not self.prop.nullable

    def _listed(self, *values: bool, negated: bool = False) -> Sql:
        """Whether the flag is one of the values."""
        codes = [code for value in values for code in (self._flag.true if value else self._flag.false or ())]
        return coded(self.d, self.columns[0], codes, trim=self._flag.trim, negated=negated)

    def value(self) -> Value:
        sql = self._listed(True)
        if self._flag.false is not None:
            sql = case((sql, true()), (self._listed(False), false()))
        else:
            if self.columns[0].nullable:
                sql = sql.is_(true())
            if self.present is not None:
                sql = case((self.present, sql))
        return Value(sql, Form.BOOL, BOOLEAN, self.nullable)

    def truth(self, *, negated: bool = False) -> Sql:
        if self._flag.false is not None:
            return self._listed(not negated)
        if negated and self.present is not None:
            return and_(self.present, self._listed(True, negated=True))
        return self._listed(True, negated=negated)

    def form(self) -> tuple[Form, int]:
        return Form.BOOL, 0

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if self._flag.false is None:
            return super().say(op, kind, stored, negated=negated)
        if kind == "null":
            wanted = wanted_with_null(op)
            if wanted is None:
                return true() if negated else false()
            return self._listed(True, False, negated=wanted != negated)
        if isinstance(kind, bool):
            return known(op, kind, negated, lambda: self._listed(True, False, negated=True), lambda: self._there())
        asked, value = kind
        return self._listed(value, negated=negated == (asked == "eq"))

    def _there(self) -> Sql:
        return self._listed(True, False)

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if self._flag.false is None:
            return super().say_list(kind, stored, negated=negated)
        nullable, items = kind
        sql = self._listed(*items, negated=negated)
        if not nullable:
            return sql
        return and_(sql, self._there()) if negated else or_(sql, self._listed(True, False, negated=True))

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        column = self.columns[0]
        return (column.sql,), Flags(self._flag, column.facts).__getitem__
