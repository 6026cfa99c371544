"""Codecs that are made of several fields, or stand around another one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from edm.model import Property
from edm.primitives import STRING
from erp_adapters.records.base import Behind, Compare, Condition, OneOf
from erp_adapters.records.codecs import Codec, Get, Look, Plain, Ref, Said
from erp_adapters.records.conditions import ALWAYS, NEVER, absent, all_of, either, holds, leaves, negated
from erp_adapters.records.values import code, published, stored_code

_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


@dataclass(frozen=True, slots=True)
class Constant(Plain):
    """A value that no field has."""

    prop: Property
    constant: Any

    @property
    def refs(self) -> tuple[Ref, ...]:
        return ()

    def value(self, get: Get, look: Look) -> Any:
        return self.constant

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        said = Compare("value", operator, value)
        return Said(ALWAYS if holds(said, {"value": self.constant}) else NEVER)

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        return ()


@dataclass(frozen=True, slots=True)
class Around(Plain):
    """The base of codecs around another one that look at one more field."""

    of: Codec
    ref: Ref

    @property
    def prop(self) -> Property:
        return self.of.prop

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(dict.fromkeys((*self.of.refs, self.ref)))


@dataclass(frozen=True, slots=True)
class Nothing(Around):
    """Another codec, for records whose stored value is none of ``values``; those have none."""

    values: tuple[Any, ...]

    def value(self, get: Get, look: Look) -> Any:
        return None if get(self.ref) in self.values else self.of.value(get, look)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        said = self.of.compare(operator, value, look)
        if said is None:
            return None
        if operator == "ne" and value is not None:
            return Said(either((said.condition, OneOf(self.ref.name, self.values))), said.exact)
        if operator == "eq" and value is None:
            return Said(either((said.condition, OneOf(self.ref.name, self.values))), said.exact)
        return Said(all_of((said.condition, OneOf(self.ref.name, self.values, True))), said.exact)

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None:
        said = self.of.like(kind, text, folded, look)
        if said is None:
            return None
        return Said(all_of((said.condition, OneOf(self.ref.name, self.values, True))), said.exact)


@dataclass(frozen=True, slots=True)
class When(Around):
    """Another codec, for records whose field has one of the codes; others have no value."""

    codes: tuple[str, ...]

    def value(self, get: Get, look: Look) -> Any:
        return self.of.value(get, look) if code(get(self.ref)) in self.codes else None

    def _there(self, look: Look, *, none_of: bool = False) -> Condition:
        kind = look.kind(self.ref.name)
        return OneOf(self.ref.name, tuple(stored_code(text, kind) for text in self.codes), none_of)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        said = self.of.compare(operator, value, look)
        if said is None or self.ref.alias or look.facts(self.ref.name) is None:
            return None
        if (operator == "ne") is (value is not None):
            return Said(either((said.condition, self._there(look, none_of=True))), said.exact)
        return Said(all_of((said.condition, self._there(look))), said.exact)

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None:
        said = self.of.like(kind, text, folded, look)
        if said is None or self.ref.alias or look.facts(self.ref.name) is None:
            return None
        return Said(all_of((said.condition, self._there(look))), said.exact)


@dataclass(frozen=True, slots=True)
class Signed(Plain):
    """A number whose sign is turned around: always, or if the field ``by`` has one of the codes."""

    of: Codec
    by: Ref | None = None
    negative: tuple[str, ...] = ()

    @property
    def prop(self) -> Property:
        return self.of.prop

    @property
    def refs(self) -> tuple[Ref, ...]:
        return self.of.refs if self.by is None else tuple(dict.fromkeys((*self.of.refs, self.by)))

    def value(self, get: Get, look: Look) -> Any:
        number = self.of.value(get, look)
        turned = self.by is None or code(get(self.by)) in self.negative
        return number if number is None or not turned else -number

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        plain = self.of.compare(operator, value, look)
        if value is None or plain is None:
            return plain
        turned = self.of.compare(_MIRRORED.get(operator, operator), -value, look)
        if turned is None or self.by is None:
            return turned
        if self.by.alias or look.facts(self.by.name) is None:
            return Said(either((plain.condition, turned.condition)), exact=False)
        kind = look.kind(self.by.name)
        codes = tuple(stored_code(text, kind) for text in self.negative)
        both = (
            all_of((plain.condition, OneOf(self.by.name, codes, True))),
            all_of((turned.condition, OneOf(self.by.name, codes))),
        )
        return Said(either(both), plain.exact and turned.exact)

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        """Turned around, records without a value would stand at the wrong end."""
        return None


@dataclass(frozen=True, slots=True)
class First(Plain):
    """The first of several values that there is."""

    prop: Property
    items: tuple[Codec, ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(dict.fromkeys(ref for item in self.items for ref in item.refs))

    def value(self, get: Get, look: Look) -> Any:
        values = (item.value(get, look) for item in self.items)
        return next((value for value in values if value is not None), None)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        null = (operator == "ne") is (value is not None)
        return self._said(look, lambda item: item.compare(operator, value, look), null=null)

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None:
        return self._said(look, lambda item: item.like(kind, text, folded, look), null=False)

    def _said(self, look: Look, say: Callable[[Codec], Said | None], *, null: bool) -> Said | None:
        """What is said of an item holds where the ones before have no value; ``null`` tells what holds of none."""
        missing: list[Condition] = []
        found: list[Condition] = []
        exact = True
        for item in self.items:
            said, absent_, there = say(item), item.compare("eq", None, look), item.compare("ne", None, look)
            if said is None or absent_ is None or there is None or not (absent_.exact and there.exact):
                return None
            found.append(all_of((*missing, there.condition, said.condition)))
            missing.append(absent_.condition)
            exact = exact and said.exact
        if null:
            found.append(all_of(missing))
        return Said(either(found), exact)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a key: ``width`` digits with leading zeros, or any text (0)."""

    ref: Ref
    width: int = 0


@dataclass(frozen=True, slots=True)
class Joined(Plain):
    """Fields with a separator between them. Within texts of any width ``_`` and the separator are escaped, so that each
    key is that of one record. ``padded``: the source compares texts of digits as if they had leading zeros."""

    prop: Property
    parts: tuple[Part, ...]
    separator: str
    padded: bool = False

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(part.ref for part in self.parts)

    def value(self, get: Get, look: Look) -> Any:
        texts = [self._written(part, get(part.ref), look) for part in self.parts]
        return None if None in texts else self.separator.join(text for text in texts if text is not None)

    def _written(self, part: Part, stored: Any, look: Look) -> str | None:
        if stored is None or (stored == "" and look.empty_is_null and part.width):
            return None
        text = stored.isoformat() if isinstance(stored, date) else code(stored) or ""
        if not part.width:
            return text.replace("_", "_0").replace(self.separator, "_1")
        if len(text) > part.width or not (text.isascii() and text.isdigit()):
            raise ValueError(f"not up to {part.width} digits")
        return text.zfill(part.width)

    def _stored(self, key: str, look: Look) -> list[tuple[Any, ...]] | None:
        """For each part the ways in which it may be stored; ``None`` if no record has the key."""
        texts = key.split(self.separator)
        if len(texts) != len(self.parts):
            return None
        ways: list[tuple[Any, ...]] = []
        for part, text in zip(self.parts, texts, strict=True):
            plain = text if part.width else text.replace("_1", self.separator).replace("_0", "_")
            if part.width and (len(text) != part.width or not (text.isascii() and text.isdigit())):
                return None
            if not part.width and plain.replace("_", "_0").replace(self.separator, "_1") != text:
                return None
            found = self._ways(part, plain, look)
            if not found:
                return None
            ways.append(found)
        return ways

    def _ways(self, part: Part, text: str, look: Look) -> tuple[Any, ...]:
        kind = look.kind(part.ref.name)
        texts = [text]
        if part.width:
            bare = text.lstrip("0") or "0"
            widths = [0] if kind is not None and kind.numeric else range(len(bare), part.width + 1)
            texts = [bare.zfill(width) for width in widths]
        found = []
        for way in texts:
            with suppress(ValueError):
                found.append(stored_code(way, kind))
        return tuple(found)

    def _known(self, look: Look) -> bool:
        return not any(part.ref.alias or look.facts(part.ref.name) is None for part in self.parts)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        if not self._known(look):
            return None
        if value is None:
            nothing = (look.nothing(part.ref.name) if part.width else (None,) for part in self.parts)
            missing = either(absent(part.ref.name, n) for part, n in zip(self.parts, nothing, strict=True))
            return Said(missing if operator == "eq" else negated(missing))
        ways = self._stored(value, look)
        if operator in ("eq", "ne"):
            same = NEVER if ways is None else all_of(map(self._is, self.parts, ways))
            return Said(same if operator == "eq" else negated(same))
        return self._beyond(operator, ways, look) if ways is not None and self.order(look) is not None else None

    @staticmethod
    def _is(part: Part, ways: Sequence[Any]) -> Condition:
        return Compare(part.ref.name, "eq", ways[0]) if len(ways) == 1 else OneOf(part.ref.name, tuple(ways))

    def _beyond(self, operator: str, ways: Sequence[tuple[Any, ...]], look: Look) -> Said | None:
        """Keys after (before) another one: their first part that differs is. Digits are compared with all their zeros,
        which is right for a source that adds them and for one that has them."""
        strict = "gt" if operator in ("gt", "ge") else "lt"
        found: list[Condition] = []
        for place, (part, stored) in enumerate(zip(self.parts, ways, strict=True)):
            last = place == len(self.parts) - 1
            before = map(self._is, self.parts[:place], ways[:place])
            found.append(all_of((*before, Compare(part.ref.name, operator if last else strict, stored[-1]))))
        return Said(either(found))

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        """The order of the parts is that of the key where all but the last have one width each, and are compared as
        they are written."""
        if not self._known(look):
            return None
        for place, part in enumerate(self.parts):
            facts = look.facts(part.ref.name)
            if facts is None or not facts.sortable:
                return None
            numeric = facts.type is not None and facts.type.numeric
            text = facts.type in (None, STRING)
            if not part.width and (place < len(self.parts) - 1 or (text and not facts.ordered) or not text):
                return None
            if part.width and not numeric and not self.padded:
                return None
        return tuple((part.ref.name, False) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Sum(Plain):
    """Fields added and subtracted; a field without a value counts nothing. It is compared here."""

    prop: Property
    terms: tuple[tuple[int, Ref], ...]

    @property
    def refs(self) -> tuple[Ref, ...]:
        return tuple(ref for _, ref in self.terms)

    def value(self, get: Get, look: Look) -> Any:
        total = Decimal(0)
        for sign, ref in self.terms:
            stored = get(ref)
            if stored is not None and not isinstance(stored, int | Decimal):
                raise ValueError(f"{type(stored).__name__} is no number")
            total += sign * Decimal(stored or 0)
        return published(self.prop, total)


@dataclass(frozen=True, slots=True)
class Grouped(Plain):
    """The sum of a field over the records of a row, those alone that meet the condition. It is made when records are
    grouped, and is compared here."""

    prop: Property
    field: str
    where: Condition | None

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (Ref("", self.field), *(Ref("", name) for name in sorted(_fields(self.where))))

    def value(self, get: Get, look: Look) -> Any:
        raise AssertionError("a sum of records is not read of one")

    def total(self, records: Sequence[Mapping[str, Any]]) -> Any:
        found = [record[self.field] for record in records if holds(self.where, record)]
        return published(self.prop, sum((Decimal(value) for value in found if value is not None), Decimal(0)))


def _fields(condition: Condition | None) -> set[str]:
    return {leaf.field for leaf in leaves(condition) if not isinstance(leaf, Behind)}
