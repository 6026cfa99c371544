"""Identifiers that are published as text: numbers that JSON and Salesforce would round, and GUIDs."""

import re
import uuid
from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import LargeBinary, Text, and_, cast, false, func, or_, true

from edm.primitives import STRING
from erp_adapters.dialects_base import size
from erp_adapters.sql_codecs import Guid
from erp_adapters.sql_compare import INVERSE, apply, say_const
from erp_adapters.sql_decode import Decoder, whole
from erp_adapters.sql_fields import bare_text
from erp_adapters.sql_fields_texts import SpelledField
from erp_adapters.sql_values import INT64_HIGH, INT64_LOW, Fitted, Form, Kind, Sql, Unsupported, Value


class NumberTextField(SpelledField):
    """A whole number that is published as its digits."""

    @property
    def _large(self) -> bool:
        """Whether the column holds numbers beyond 64 bits, and SQL compares them exactly."""
        return self.columns[0].facts.kind is Kind.NUMERIC and self.d.decimals is Form.EXACT

    def column(self) -> Value:
        column = self.columns[0]
        return Value(column.sql, Form.EXACT if self._large else Form.INT, STRING, column.nullable)

    def spellings(self, text: str) -> Sequence[Any]:
        if not _NUMBER.fullmatch(text):
            return ()
        number = int(text)
        if self._large:
            return (Decimal(number),)
        return (number,) if INT64_LOW <= number <= INT64_HIGH else ()

    def value(self) -> Value:
        sql = self.columns[0].sql
        text = self.d.whole_text(sql) if self._large else cast(sql, Text())
        return Value(self.d.by_code_point(text), Form.TEXT, STRING, self.nullable)

    def alike(self) -> Hashable | None:
        return "number"

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        def decode(value: Any) -> str | None:
            if isinstance(value, float) and abs(value) >= 2**53:
                raise ValueError("more digits than a float keeps")
            return None if value is None else str(whole(value))

        return (self.columns[0].sql,), decode


_NUMBER = re.compile("0|-?[1-9][0-9]{0,99}")


class GuidField(SpelledField):
    """A GUID in its usual form. Its bytes sort as that does, unless they are mixed."""

    @property
    def _mixed(self) -> bool:
        return isinstance(self.codec, Guid) and self.codec.mixed

    @property
    def _binary(self) -> bool:
        return self.columns[0].facts.kind not in (Kind.TEXT, Kind.CHAR, Kind.UUID)

    def column(self) -> Value:
        column = self.columns[0]
        if column.facts.kind is Kind.UUID:
            return Value(column.sql, Form.GUID, STRING, column.nullable)
        return super().column()

    def spellings(self, text: str) -> Sequence[Any]:
        if not _GUID.fullmatch(text):
            return ()
        found = uuid.UUID(text)
        if self._binary:
            return (found.bytes_le if self._mixed else found.bytes,)
        if self.columns[0].facts.kind is Kind.UUID:
            return (found,)
        return _written(found)

    # Binary columns have no form of their own: each constant is a parameter of its own.

    def absent(self) -> Sql:
        column = self.columns[0]
        return column.sql.is_(None) if column.nullable else false()

    def there(self) -> Sql:
        column = self.columns[0]
        return column.sql.is_not(None) if column.nullable else true()

    def fit(self, op: str, const: Any) -> Fitted:
        sorts = self._binary or self.columns[0].facts.kind is Kind.UUID
        if const is None or op in ("eq", "ne") or not (sorts and not self._mixed):
            return super().fit(op, const)
        if not _GUID.fullmatch(const):
            if self._binary:
                raise Unsupported("bytes are compared with GUIDs only")
            return super().fit(op, const)
        return Fitted(("bytes",), tuple(self.spellings(const)))

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind != ("bytes",):
            return super().say(op, kind, stored, negated=negated)
        value = Value(self.columns[0].sql, Form.GUID, STRING, self.columns[0].nullable)
        if not self._binary:
            return say_const(self.d, op, value, op, stored, negated=negated)
        sql = apply(INVERSE[op] if negated else op, self.columns[0].sql, self._bytes(stored[0]))
        return or_(sql, self.absent()) if negated else sql

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        if not self._binary:
            return super().fit_list(items)
        stored = [one for item in items if item is not None for one in self.spellings(item)]
        return Fitted((None in items, len(stored)), tuple(stored))

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if not self._binary:
            return super().say_list(kind, stored, negated=negated)
        nullable, _ = kind
        column = self.columns[0]
        found = or_(false(), *(column.sql == self._bytes(one) for one in stored))
        if not negated:
            return or_(found, self.absent()) if nullable else found
        others = and_(true(), *(column.sql != self._bytes(one) for one in stored))
        return and_(others, self.there()) if nullable else or_(others, self.absent())

    def _bytes(self, value: Any) -> Sql:
        return self.d.parameter(value, bytes, LargeBinary())

    def value(self) -> Value:
        column = self.columns[0]
        if self._binary:
            raise Unsupported("bytes are compared with GUIDs only")
        if column.facts.kind is Kind.UUID:
            return Value(self.d.by_code_point(cast(column.sql, Text())), Form.TEXT, STRING, self.nullable)
        sql = func.lower(bare_text(self.d, column))
        for mark in "-{}":
            sql = func.replace(sql, self.d.bind(mark, Form.TEXT), self.d.bind("", Form.TEXT))
        hyphen = self.d.bind("-", Form.TEXT)
        first: Sql
        first, *rest = (func.substr(sql, size(start), size(length)) for start, length in _GROUPS)
        for group in rest:
            first = first.concat(hyphen).concat(group)
        return Value(self.d.by_code_point(first), Form.TEXT, STRING, self.nullable)

    def order(self) -> tuple[Value, ...]:
        column = self.columns[0]
        if self._mixed or not (self._binary or column.facts.kind is Kind.UUID):
            return (self.value(),)
        return (Value(column.sql, Form.GUID, STRING, self.nullable),)

    def alike(self) -> Hashable | None:
        binary = self._binary or self.columns[0].facts.kind is Kind.UUID
        return ("guid", self.columns[0].facts.kind, self._mixed) if binary else None

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        mixed = self._mixed

        def decode(value: Any) -> str | None:
            if value is None or isinstance(value, uuid.UUID):
                return None if value is None else str(value)
            if isinstance(value, str):
                text = value.rstrip(" ")
                found = uuid.UUID(text)
                if text not in _written(found):
                    raise ValueError("not a GUID of a known form")
                return str(found)
            content = bytes(value)
            return str(uuid.UUID(bytes_le=content) if mixed else uuid.UUID(bytes=content))

        return (self.columns[0].sql,), decode


def _written(guid: uuid.UUID) -> list[str]:
    """The ways in which a GUID is a text."""
    forms = (str(guid), guid.hex, f"{{{guid}}}")
    return [*forms, *(form.upper() for form in forms)]


_GUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_GROUPS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
