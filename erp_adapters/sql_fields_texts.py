"""Texts that are stored otherwise than they are published: justified, with leading zeros, behind a model's name.

A constant becomes what is stored, so that equality can use the index over the column; ranges and order are those of
what SQL makes of the column.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, false, func, or_, true

from edm.primitives import STRING
from erp_adapters.dialects_base import size
from erp_adapters.sql_codecs import Alpha, Justified, Polymorphic
from erp_adapters.sql_compare import fit_list, say_list, wanted_with_null
from erp_adapters.sql_decode import Decoder
from erp_adapters.sql_fields import Field, bare_text, stored_text, text_value
from erp_adapters.sql_fields_numbers import number_of
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Unsupported, Value


class SpelledField(Field):
    """A text that is stored in one way, or in few."""

    def spellings(self, text: str) -> Sequence[Any]:
        """What is stored for the text; none if it cannot be."""
        raise NotImplementedError

    def column(self) -> Value:
        """The column as it is stored."""
        return stored_text(self.d, self._text_column(), self.columns[0].nullable)

    def _text_column(self) -> Any:
        column = self.columns[0]
        if column.facts.kind not in (Kind.TEXT, Kind.CHAR):
            raise Unsupported(f"a column of {column.facts.kind.value} holds no text")
        return column

    def kept(self) -> Form:
        """The form in which the column is stored."""
        if self._form is None:
            object.__setattr__(self, "_form", (self.column().form, 0))
        assert self._form is not None
        return self._form[0]

    def absent(self) -> Sql:
        """Where it is null."""
        column = self.column()
        return column.stored.is_(None) if column.nullable else false()

    def there(self) -> Sql:
        """Where it is not null."""
        column = self.column()
        return column.stored.is_not(None) if column.nullable else true()

    def form(self) -> tuple[Form, int]:
        return Form.TEXT, 0

    def fit(self, op: str, const: Any) -> Fitted:
        return self.fit_list((const,)) if const is not None and op in ("eq", "ne") else super().fit(op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            wanted = wanted_with_null(op)
            if wanted is None:
                return true() if negated else false()
            return self.absent() if wanted != negated else self.there()
        if op in ("eq", "ne"):
            return self.say_list(kind, stored, negated=negated == (op == "eq"))
        return super().say(op, kind, stored, negated=negated)

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        stored = [
            one for item in items if item is not None and self.d.encoding.may_hold(item) for one in self.spellings(item)
        ]
        return fit_list(self.d, self.kept(), 0, [*stored, *([None] if None in items else [])])

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        nullable, listed = kind
        column = self.column()
        sql = say_list(self.d, replace(column, nullable=False), (False, listed), stored, negated=negated)
        if nullable:
            return and_(sql, self.there()) if negated else or_(sql, self.absent())
        return or_(sql, column.stored.is_(None)) if negated and column.nullable else sql


class JustifiedField(SpelledField):
    """Blanks on either side, which are no part of the text."""

    @property
    def _width(self) -> int | None:
        assert isinstance(self.codec, Justified)
        return self.codec.width

    def column(self) -> Value:
        return super().column() if self._width is not None else self.value()

    def spellings(self, text: str) -> Sequence[Any]:
        width = self._width
        if text != text.strip(" ") or (width is not None and len(text) > width):
            return ()
        if width is None:
            return (text,)
        if text:
            return (text.rjust(width),)
        return ("",) if self.kept() is Form.CHAR else ("", " " * width)

    def value(self) -> Value:
        sql = func.ltrim(func.rtrim(bare_text(self.d, self._text_column())))
        return text_value(self.d, self.columns[0], sql, self.nullable)

    def alike(self) -> Hashable | None:
        facts = self.columns[0].facts
        exact = self._width is not None and facts.kind is Kind.CHAR and facts.collation != "other"
        return ("justified", self._width) if exact else None

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        width = self._width
        padded = self.columns[0].facts.kind is Kind.CHAR

        def decode(value: Any) -> str | None:
            if value is None:
                return None
            text = str(value.strip(" "))
            whole_text = value.rstrip(" ") if padded or not text else value
            if width is not None and whole_text != (text.rjust(width) if text else ""):
                raise ValueError(f"not justified to the right in {width} characters")
            if width is not None and not text and not padded and len(value) not in (0, width):
                raise ValueError("blanks of another width")
            return text

        return (self.columns[0].sql,), decode


class AlphaField(SpelledField):
    """Digits with leading zeros, which are published without them; other texts as they are."""

    @property
    def _width(self) -> int:
        assert isinstance(self.codec, Alpha)
        return self.codec.width

    def spellings(self, text: str) -> Sequence[Any]:
        if not _DIGITS.fullmatch(text):
            return (text,)
        canonical = (text == "0" or text[0] != "0") and len(text) <= self._width
        return (text.zfill(self._width),) if canonical else ()

    def value(self) -> Value:
        text = bare_text(self.d, self._text_column())
        zero, empty = (self.d.bind(part, Form.TEXT) for part in ("0", ""))
        bare = self.d.without_leading(text, "0")
        number = and_(self.d.made_of(text, "0123456789"), text != empty)
        sql = case((and_(number, bare == empty), zero), (number, bare), else_=text)
        return Value(self.d.by_code_point(sql), Form.TEXT, STRING, self.nullable)

    def alike(self) -> Hashable | None:
        facts = self.columns[0].facts
        return ("alpha", self._width, facts.kind) if facts.collation != "other" else None

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        width = self._width
        padded = self.columns[0].facts.kind is Kind.CHAR

        def decode(value: Any) -> str | None:
            if value is None:
                return None
            text = str(value.rstrip(" ")) if padded else value
            if not _DIGITS.fullmatch(text):
                return text
            if len(text) != width:
                raise ValueError(f"digits without leading zeros up to {width}")
            return text.lstrip("0") or "0"

        return (self.columns[0].sql,), decode


_DIGITS = re.compile("[0-9]+")


class PolymorphicField(SpelledField):
    """The id of one model, behind its name and a comma."""

    @property
    def _start(self) -> str:
        assert isinstance(self.codec, Polymorphic)
        return f"{self.codec.model},"

    @property
    def nullable(self) -> bool:
        return True

    def spellings(self, text: str) -> Sequence[Any]:
        return () if text in _NO_RECORD else (self._start + text,)

    def there(self) -> Sql:
        column, none = self.column(), self._none()
        low, high = self._span(column)
        others = say_list(self.d, replace(column, nullable=False), (False, none), (), negated=True)
        return and_(column.sql >= low, column.sql < high, others)

    def absent(self) -> Sql:
        column, none = self.column(), self._none()
        low, high = self._span(column)
        parts = [column.sql < low, column.sql >= high]
        parts.append(say_list(self.d, replace(column, nullable=False), (False, none), (), negated=False))
        return or_(*parts, column.stored.is_(None)) if column.nullable else or_(*parts)

    def _span(self, column: Value) -> tuple[Sql, Sql]:
        """What all texts with the name of the model lie between."""
        return self.d.bind(self._start, column.form), self.d.bind(self._start[:-1] + "-", column.form)

    def _none(self) -> tuple[str, ...]:
        return tuple(self._start + text for text in _NO_RECORD)

    def value(self) -> Value:
        rest = func.substr(bare_text(self.d, self._text_column()), size(len(self._start) + 1))
        sql = self.d.choice([(self.there(), rest)], Form.TEXT)
        return Value(self.d.by_code_point(sql), Form.TEXT, STRING, nullable=True)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        start = self._start
        padded = self.columns[0].facts.kind is Kind.CHAR

        def decode(value: Any) -> str | None:
            if value is None or not value.startswith(start):
                return None
            text = str(value.removeprefix(start))
            text = text.rstrip(" ") if padded else text
            return None if text in _NO_RECORD else text

        return (self.columns[0].sql,), decode


#: What stands behind the comma where there is no record.
_NO_RECORD = ("", "-1")


class ParsedField(Field):
    """A number in a text. SQL only tells where there is none: whether a text is a number, it would tell by failing."""

    @property
    def nullable(self) -> bool:
        return self.prop.nullable or self.columns[0].optional

    @property
    def required(self) -> bool:
        return not self.prop.nullable

    def value(self) -> Value:
        raise Unsupported("a text is read as a number here")

    def fit(self, op: str, const: Any) -> Fitted:
        return Fitted("null") if const is None else super().fit(op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind != "null":
            return super().say(op, kind, stored, negated=negated)
        wanted, column, empty = wanted_with_null(op), self.columns[0], self.d.bind("", Form.TEXT)
        if column.facts.kind not in (Kind.TEXT, Kind.CHAR):
            raise Unsupported("a column of numbers needs no reading")
        if wanted is None:
            return true() if negated else false()
        text = func.rtrim(bare_text(self.d, column))
        return or_(text == empty, column.sql.is_(None)) if wanted != negated else text != empty

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        check = number_of(self.prop)

        def decode(value: Any) -> Any:
            text = "" if value is None else value.strip(" ")
            if not text:
                return None
            sign, digits = ("-", text[:-1]) if text.endswith("-") else ("", text)
            if not _WRITTEN.fullmatch(digits) or (sign and digits[0] in "+-"):
                raise ValueError("not a number")
            return check(Decimal(sign + digits))

        return (self.columns[0].sql,), decode


#: A sign may stand behind the number, as SAP and COBOL write it.
_WRITTEN = re.compile("[+-]?[0-9]+([.][0-9]+)?")
