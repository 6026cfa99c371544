"""Keys of several columns as one text."""

import re
from collections.abc import Hashable, Sequence
from typing import Any

from sqlalchemy import Text, and_, cast, false, func, not_, or_, true

from edm.primitives import STRING
from erp_adapters.sql_codecs import Composite, Joined
from erp_adapters.sql_compare import INVERSE, say_const
from erp_adapters.sql_decode import Decoder, whole
from erp_adapters.sql_fields import Column, Field, bare_text, stored_text
from erp_adapters.sql_values import Fitted, Form, Kind, Sql, Unsupported, Value


def fits_part(column: Column, text: str) -> bool:
    """Whether the column can hold a part of a key of fixed widths."""
    if column.integral:
        return text.isascii() and text.isdigit()
    return column.facts.kind is not Kind.CHAR or not text.endswith(" ")


def kinds(columns: Sequence[Column]) -> Hashable:
    """What has to be the same of columns that are compared with each other; nothing else is where a collation takes
    different texts for equal."""
    if any(column.facts.collation == "other" for column in columns):
        return object()
    return tuple("number" if column.integral else column.facts.kind for column in columns)


class CompositeField(Field):
    """Columns of fixed widths: comparing the whole is comparing the parts in turn, which an index over them serves."""

    @property
    def _composite(self) -> Composite:
        assert isinstance(self.codec, Composite)
        return self.codec

    def parts(self) -> tuple[Value, ...]:
        return tuple(
            Value(c.sql, Form.INT, STRING, c.nullable) if c.integral else stored_text(self.d, c, c.nullable)
            for c in self.columns
        )

    def value(self) -> Value:
        separator = self.d.bind(self._composite.separator, Form.TEXT)
        first, *rest = self._texts()
        for text in rest:
            first = first.concat(separator).concat(text)
        return Value(self.d.by_code_point(first), Form.TEXT, STRING, self.nullable)

    def _texts(self) -> list[Sql]:
        """The parts as they stand in the key."""
        return [
            self.d.pad(column.sql, width) if column.integral else bare_text(self.d, column)
            for column, width in zip(self.columns, self._composite.widths, strict=True)
        ]

    def shape(self) -> Hashable:
        """How the key is made of its parts: keys of one shape are equal exactly where their parts are."""
        integral = tuple(column.integral for column in self.columns)
        return (self._composite.widths, self._composite.separator, integral)

    def alike(self) -> Hashable | None:
        return (self.shape(), kinds(self.columns))

    def split(self, key: Any) -> tuple[Any, ...] | None:
        """The stored parts of a key; ``None`` if it cannot be one."""
        widths, separator = self._composite.widths, self._composite.separator
        beyond = len(key) - sum(widths) - len(separator) * (len(widths) - 1)
        if (beyond if widths[-1] else beyond < 0) or not self.d.encoding.may_hold(key):
            return None
        parts: list[Any] = []
        position = 0
        for column, width in zip(self.columns, widths, strict=True):
            if position and key[position - len(separator) : position] != separator:
                return None
            text = key[position : position + width] if width else key[position:]
            if not fits_part(column, text):
                return None
            parts.append(int(text) if column.integral else text)
            position += width + len(separator)
        return tuple(parts)

    def form(self) -> tuple[Form, int]:
        return Form.TEXT, 0

    def fit(self, op: str, const: Any) -> Fitted:
        if const is None:
            return super().fit(op, const)
        if op in ("eq", "ne"):
            return self.fit_list((const,))
        if not self.d.encoding.sorts:
            raise Unsupported("the database sorts texts otherwise")
        stored = self.split(const)
        return super().fit(op, const) if stored is None else Fitted("parts", stored)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null":
            return self._with_null(op, negated)
        if op in ("eq", "ne"):
            return self.say_list(kind, stored, negated=negated == (op == "eq"))
        if kind != "parts":
            return super().say(op, kind, stored, negated=negated)
        sql = self.d.tuple_compare(INVERSE[op] if negated else op, self.parts(), stored)
        if not self.nullable:
            return sql
        # A first part decides by itself, whatever the others are; but then the key is null.
        return or_(sql, self._null()) if negated else and_(sql, *self._not_null())

    def _null(self) -> Sql:
        return or_(*(part.stored.is_(None) for part in self.parts() if part.nullable))

    def _not_null(self) -> list[Sql]:
        return [part.stored.is_not(None) for part in self.parts() if part.nullable]

    def _with_null(self, op: str, negated: bool) -> Sql:
        if op in ("gt", "lt"):
            return true() if negated else false()
        if not self.nullable:
            return true() if negated == (op != "ne") else false()
        return not_(self._null()) if negated == (op != "ne") else self._null()

    def fit_list(self, items: Sequence[Any]) -> Fitted:
        """The kind: whether null is among the items, and how many others can occur, or which, as in ``sql_compare``."""
        keys = dict.fromkeys(self.split(item) for item in items if item is not None)
        stored = [key for key in keys if key is not None]
        nullable = None in items
        if len(stored) < 2:
            return Fitted((nullable, "one"), stored[0]) if stored else Fitted((nullable, "none"))
        shared = all(self.d.lists(part.form) for part in self.parts())
        return Fitted((nullable, "many"), (stored,)) if shared else Fitted((nullable, tuple(stored)))

    def say_list(self, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        nullable, keys = kind
        found = self._listed(keys, stored)
        if nullable:
            found = or_(found, self._with_null("eq", False))
        if not negated:
            return found
        return found.is_not(true()) if self.nullable else not_(found)

    def _listed(self, keys: Any, stored: Sequence[Any]) -> Sql:
        if keys == "none":
            return false()
        parts = self.parts()
        if keys == "one":
            pairs = zip(parts, stored, strict=True)
            return and_(*(say_const(self.d, "eq", part, "eq", (item,), negated=False) for part, item in pairs))
        return self.d.tuple_one_of(parts, stored[0] if keys == "many" else keys)

    def order(self) -> tuple[Value, ...]:
        """The parts in turn. Where one can be null the key is null, and ties with every other null key."""
        return (self.value(),) if self.nullable else self.parts()


#: What begins an escaped character of a part, and what stands behind it for itself and for the separator.
ESCAPE = "_"
_ITSELF, _SEPARATOR = "_0", "_1"
_PART = re.compile("(?:0|-?[1-9][0-9]{0,17})")


class JoinedField(CompositeField):
    """Columns of any width. Texts within are escaped, so that each key is that of one row. The whole text sorts
    otherwise than the parts do."""

    @property
    def _separator(self) -> str:
        assert isinstance(self.codec, Joined)
        return self.codec.separator

    def _texts(self) -> list[Sql]:
        return [cast(column.sql, Text()) if column.integral else self._escaped(column) for column in self.columns]

    def _escaped(self, column: Column) -> Sql:
        sql = bare_text(self.d, column)
        for plain, escaped in ((ESCAPE, _ITSELF), (self._separator, _SEPARATOR)):
            sql = func.replace(sql, self.d.bind(plain, Form.TEXT), self.d.bind(escaped, Form.TEXT))
        return sql

    def value(self) -> Value:
        separator = self.d.bind(self._separator, Form.TEXT)
        first, *rest = self._texts()
        for text in rest:
            first = first.concat(separator).concat(text)
        return Value(self.d.by_code_point(first), Form.TEXT, STRING, self.nullable)

    def shape(self) -> Hashable:
        return (self._separator, tuple(column.integral for column in self.columns))

    def split(self, key: Any) -> tuple[Any, ...] | None:
        parts = key.split(self._separator)
        if len(parts) != len(self.columns) or not self.d.encoding.may_hold(key):
            return None
        stored = [self._part(column, part) for column, part in zip(self.columns, parts, strict=True)]
        return None if None in stored else tuple(stored)

    def _part(self, column: Column, part: str) -> Any:
        if column.integral:
            return int(part) if _PART.fullmatch(part) else None
        text = part.replace(_SEPARATOR, self._separator).replace(_ITSELF, ESCAPE)
        fits = escaped(text, self._separator) == part and (column.facts.kind is not Kind.CHAR or not text.endswith(" "))
        return text if fits else None

    def fit(self, op: str, const: Any) -> Fitted:
        return super().fit(op, const) if const is None or op in ("eq", "ne") else Field.fit(self, op, const)

    def say(self, op: str, kind: Any, stored: Sequence[Any], *, negated: bool = False) -> Sql:
        if kind == "null" or op in ("eq", "ne"):
            return super().say(op, kind, stored, negated=negated)
        return Field.say(self, op, kind, stored, negated=negated)

    def order(self) -> tuple[Value, ...]:
        return (self.value(),)

    def output(self) -> tuple[tuple[Sql, ...], Decoder | None]:
        separator, most = self._separator, self.prop.max_length
        padded = [column.facts.kind is Kind.CHAR for column in self.columns]

        def decode(*values: Any) -> str | None:
            if None in values:
                return None
            parts = [
                escaped(value.rstrip(" ") if pad else value, separator) if isinstance(value, str) else str(whole(value))
                for value, pad in zip(values, padded, strict=True)
            ]
            key = separator.join(parts)
            if most is not None and len(key) > most:
                raise ValueError(f"longer than {most} characters")
            return key

        return tuple(column.sql for column in self.columns), decode


def escaped(text: str, separator: str) -> str:
    """A text as a part of a key."""
    return text.replace(ESCAPE, _ITSELF).replace(separator, _SEPARATOR)
