"""How a published value is stored in fields: a codec per line of a section's ``fields``, each with its inverse.

A codec says which fields it reads, what value they make, and what a comparison of the value means for the fields. It
says nothing where it would lose records; what it says inexactly brings more of them. Those made of several fields are
in ``codecs_several``; how lines are read is in ``lines``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edm.model import Property
from edm.primitives import STRING, PrimitiveType
from erp_adapters.records.base import All, Compare, Condition, FieldFacts, Like, OneOf, Stored
from erp_adapters.records.conditions import ALWAYS, NEVER, absent, all_of, either, negated
from erp_adapters.records.values import comparison, published


@dataclass(frozen=True, slots=True)
class Ref:
    """A field of the set's own records (``alias`` is empty) or of a join; or a total (``name`` is empty)."""

    alias: str
    name: str

    def __str__(self) -> str:
        return f"{self.alias}.{self.name}" if self.alias and self.name else self.alias or self.name


@dataclass(frozen=True, slots=True)
class Said:
    """A comparison as a condition on stored fields; if it is not exact it is true of more records."""

    condition: Condition
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Look:
    """What codecs have to know of the source. ``facts`` is ``None`` for a field that the source does not have."""

    facts: Callable[[str], FieldFacts | None]
    empty_is_null: bool = False

    def kind(self, field: str) -> PrimitiveType | None:
        found = self.facts(field)
        return found.type if found is not None else None

    def nothing(self, field: str) -> tuple[Stored, ...]:
        """What says that there is no value."""
        return (None, "") if self.empty_is_null and self.kind(field) in (STRING, None) else (None,)


#: The value of a field in the record at hand.
Get = Callable[[Ref], Any]


class Codec(Protocol):
    """``value`` raises ``ValueError`` for what is no value of the property."""

    @property
    def prop(self) -> Property: ...

    @property
    def refs(self) -> tuple[Ref, ...]: ...

    def value(self, get: Get, look: Look) -> Any: ...

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        """``value`` is ``None`` for ``eq`` and ``ne`` alone. ``None`` if it cannot be said."""
        ...

    def listed(self, values: Sequence[Any], none_of: bool, look: Look) -> Said | None:
        """One of the values, none of which is null; or none of them, which is true of null."""
        ...

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None: ...

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        """The fields by which records are in the order of the values, and whether it is the other way round."""
        ...


class Plain:
    """The base of codecs: what all of them do unless they know better."""

    def listed(self, values: Sequence[Any], none_of: bool, look: Look) -> Said | None:
        said = [self.compare("eq", value, look) for value in values]
        found = [part for part in said if part is not None]
        if len(found) < len(said):
            return None
        exact = all(part.exact for part in found)
        if not none_of:
            return Said(_gathered(either(part.condition for part in found)), exact)
        return Said(negated(_gathered(either(part.condition for part in found)))) if exact else None

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        return None

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None:
        return None

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        return None


def _gathered(condition: Condition) -> Condition:
    """An ``Either`` of values of one field as a list."""
    parts = getattr(condition, "parts", ())
    values: list[Stored] = []
    for part in parts:
        if isinstance(part, Compare) and part.operator == "eq":
            values.append(part.value)
        elif isinstance(part, OneOf) and not part.negated:
            values.extend(part.values)
        else:
            return condition
    fields = {part.field for part in parts}
    if isinstance(condition, All) or len(fields) != 1:
        return condition
    return OneOf(fields.pop(), tuple(dict.fromkeys(values)))


def present(condition: Condition, field: str, look: Look) -> Condition:
    """The condition, of records alone that have a value."""
    return all_of((condition, absent(field, look.nothing(field), negated=True)))


@dataclass(frozen=True, slots=True)
class OneField(Plain):
    """The base of codecs of one field. ``compared`` and ``missing`` are asked if the source has the field."""

    prop: Property
    ref: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def answered(self, look: Look) -> bool:
        """Whether it is a field of the records themselves."""
        return not self.ref.alias and look.facts(self.ref.name) is not None

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        if not self.answered(look):
            return None
        return self.missing(operator, look) if value is None else self.compared(operator, value, look)

    def missing(self, operator: str, look: Look) -> Said | None:
        """Compared with null, by ``eq`` or ``ne``."""
        name = self.ref.name
        return Said(absent(name, look.nothing(name), negated=operator == "ne"))

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        return None


@dataclass(frozen=True, slots=True)
class Field(OneField):
    """The field as it is; ``trim`` leaves out blanks at its ends. ``ordered`` says that its texts are compared by code
    point where the source does not."""

    trim: bool = False
    ordered: bool | None = None

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        if self.trim and isinstance(stored, str):
            stored = stored.strip(" ")
        if stored == "" and (look.empty_is_null or self.prop.type != STRING):
            return None
        return published(self.prop, stored)

    def _sorts(self, look: Look) -> bool:
        facts = look.facts(self.ref.name)
        if facts is None or self.ref.alias:
            return False
        if self.prop.type != STRING or facts.type not in (STRING, None):
            return facts.type != STRING and self.prop.type != STRING
        return not self.trim and not facts.numbered and (facts.ordered if self.ordered is None else self.ordered)

    def missing(self, operator: str, look: Look) -> Said | None:
        return None if self.trim else OneField.missing(self, operator, look)

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.trim:
            return Said(Like(name, "contains", value), exact=False) if operator == "eq" and value else None
        if value == "" and look.empty_is_null:
            return self._empty(operator, look)
        if operator not in ("eq", "ne") and not self._sorts(look):
            return None
        found = comparison(name, operator, value, look.kind(name))
        if found is not None and operator in ("lt", "le") and "" in look.nothing(name):
            found = present(found, name, look)
        return Said(found) if found is not None else None

    def _empty(self, operator: str, look: Look) -> Said | None:
        """Compared with the empty text, which nothing is here."""
        name = self.ref.name
        constant: dict[str, Condition] = {"eq": NEVER, "ne": ALWAYS, "lt": NEVER, "le": NEVER}
        return Said(constant.get(operator) or absent(name, look.nothing(name), negated=True))

    def like(self, kind: str, text: str, folded: bool, look: Look) -> Said | None:
        name = self.ref.name
        facts = look.facts(name)
        if self.ref.alias or facts is None or facts.type not in (STRING, None) or (self.trim and kind != "contains"):
            return None
        if not text and kind != "equals":
            return None if self.trim else Said(absent(name, look.nothing(name), negated=True))
        return Said(Like(name, kind, text, folded), exact=not folded and not (self.trim and text.strip(" ") != text))

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        facts = look.facts(self.ref.name)
        return ((self.ref.name, False),) if facts is not None and facts.sortable and self._sorts(look) else None
