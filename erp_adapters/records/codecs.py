"""How a published value is stored in fields: a codec per line of a section's ``fields``, each with its inverse.

A codec says which fields it reads, what value they make, and what a comparison of the value means for the fields. It
says nothing where it would lose records; what it says inexactly brings more of them. Those made of several fields are
in ``codecs_several``; how lines are read is in ``lines``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from edm.model import Property
from edm.primitives import STRING, PrimitiveType
from erp_adapters.records.base import All, Compare, Condition, FieldFacts, Like, OneOf, Stored
from erp_adapters.records.conditions import ALWAYS, NEVER, absent, all_of, either, negated
from erp_adapters.records.values import code, comparison, published, stored_code


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
class Field(Plain):
    """The field as it is; ``trim`` leaves out blanks at its ends. ``ordered`` says that its texts are compared by code
    point where the source does not."""

    prop: Property
    ref: Ref
    trim: bool = False
    ordered: bool | None = None

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

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

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None:
            return None
        if value is None:
            return None if self.trim else Said(absent(name, look.nothing(name), negated=operator == "ne"))
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


@dataclass(frozen=True, slots=True)
class Words(Plain):
    """A code that is published as a word; an unknown code is published as itself."""

    prop: Property
    ref: Ref
    words: Mapping[str, str]

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        stored = code(get(self.ref))
        if look.empty_is_null and not stored:
            return self.words.get("")
        return None if stored is None else self.words.get(stored, stored)

    def _codes(self, word: str) -> tuple[str, ...]:
        """The codes that are published as the word."""
        known = tuple(stored for stored, published_ in self.words.items() if published_ == word)
        return known if word in self.words else (*known, word)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None or operator not in ("eq", "ne"):
            return None
        if value is None:
            if look.empty_is_null and "" in self.words:  # no record is without a word
                return Said(NEVER if operator == "eq" else ALWAYS)
            nothing = tuple(v for v in look.nothing(name) if v not in self.words)
            return Said(absent(name, nothing, negated=operator == "ne"))
        return self.listed((value,), operator == "ne", look)

    def listed(self, values: Sequence[Any], none_of: bool, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None:
            return None
        codes: list[Stored] = []
        for text in dict.fromkeys(text for value in values for text in self._codes(value)):
            if text == "" and look.empty_is_null:
                codes.extend(look.nothing(name) if "" in self.words else ())
                continue
            try:
                codes.append(stored_code(text, look.kind(name)))
            except (ValueError, ArithmeticError):
                continue
            except Exception as error:
                if not hasattr(error, "code"):
                    raise
        if not codes:
            return Said(ALWAYS if none_of else NEVER)
        return Said(OneOf(name, tuple(codes), none_of))


@dataclass(frozen=True, slots=True)
class Flag(Plain):
    """A Boolean; every code but those of ``true`` is false, and so is null. With ``false`` every other code is null."""

    prop: Property
    ref: Ref
    true: tuple[str, ...]
    false: tuple[str, ...] | None = None

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        stored = code(get(self.ref))
        if stored in self.true:
            return True
        return False if self.false is None or stored in self.false else None

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None or operator not in ("eq", "ne"):
            return None
        kind = look.kind(name)
        codes = tuple(stored_code(text, kind) for text in (*self.true, *(self.false or ())))
        true, false = codes[: len(self.true)], codes[len(self.true) :]
        if value is None:
            found: Condition = OneOf(name, codes, True) if self.false is not None else NEVER
        elif value:
            found = OneOf(name, true)
        else:
            found = OneOf(name, true, True) if self.false is None else OneOf(name, false)
        return Said(found if operator == "eq" else negated(found))


@dataclass(frozen=True, slots=True)
class Filled(Plain):
    """Whether the field has a value at all: a reason for a block, the number of a document."""

    prop: Property
    ref: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        return get(self.ref) not in (None, "")

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None or operator not in ("eq", "ne"):
            return None
        if value is None:
            return Said(NEVER if operator == "eq" else ALWAYS)
        nothing: tuple[Stored, ...] = (None, "") if look.kind(name) in (STRING, None) else (None,)
        return Said(absent(name, nothing, negated=value is (operator == "eq")))


@dataclass(frozen=True, slots=True)
class Alpha(Plain):
    """A text that is stored with leading zeros up to ``width`` if it has digits only."""

    prop: Property
    ref: Ref
    width: int

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        if stored is None or (stored == "" and look.empty_is_null):
            return None
        if not isinstance(stored, str):
            raise ValueError(f"{type(stored).__name__} is no text")
        return stored.lstrip("0") or "0" if stored.isascii() and stored.isdigit() else stored

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None or operator not in ("eq", "ne"):
            return None
        if value is None:
            return Said(absent(name, look.nothing(name), negated=operator == "ne"))
        none_of = operator == "ne"
        if not (value.isascii() and value.isdigit()):
            if value == "" and look.empty_is_null:
                return Said(ALWAYS if none_of else NEVER)
            return Said(OneOf(name, (value,), none_of))
        if value != "0" and value.startswith("0"):
            return Said(ALWAYS if none_of else NEVER)
        stored = tuple(value.zfill(width) for width in range(len(value), max(self.width, len(value)) + 1))
        if value == "0":
            stored = tuple("0" * width for width in range(1, self.width + 1))
        return Said(OneOf(name, stored, none_of))


@dataclass(frozen=True, slots=True)
class Day(Plain):
    """A date in eight digits, text or number; zeros and blanks say that there is none."""

    prop: Property
    ref: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        text = (code(get(self.ref)) or "").strip()
        if not text.strip("0"):
            return None
        if len(text) != 8 or not (text.isascii() and text.isdigit()):
            raise ValueError("no date in eight digits")
        return self.prop.type.parse(f"{text[:4]}-{text[4:6]}-{text[6:]}")

    def _nothing(self, look: Look) -> tuple[Stored, ...]:
        kind = look.kind(self.ref.name)
        return (None, 0) if kind is not None and kind.numeric else (None, "", "00000000", "0")

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None:
            return None
        if value is None:
            return Said(absent(name, self._nothing(look), negated=operator == "ne"))
        kind = look.kind(name)
        found: Condition = Compare(name, operator, stored_code(value.strftime("%Y%m%d").zfill(8), kind))
        if operator in ("lt", "le"):
            found = all_of((found, absent(name, self._nothing(look), negated=True)))
        return Said(found)

    def order(self, look: Look) -> tuple[tuple[str, bool], ...] | None:
        return None  # records without a date may stand anywhere


@dataclass(frozen=True, slots=True)
class Reference(Plain):
    """The id behind the name of a model and a comma; null for other models."""

    prop: Property
    ref: Ref
    model: str

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        model, comma, number = str(stored or "").partition(",")
        return (
            published(self.prop, number if self.prop.type == STRING else int(number))
            if (comma and model == self.model and number not in ("", "-1"))
            else None
        )

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        if self.ref.alias or look.facts(self.ref.name) is None or operator not in ("eq", "ne") or value is None:
            return None
        return Said(Compare(self.ref.name, operator, f"{self.model},{value}"))


@dataclass(frozen=True, slots=True)
class Number(Plain):
    """A number that is stored as text; blanks say that there is none. It is compared here."""

    prop: Property
    ref: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        if stored is None or (isinstance(stored, str) and not stored.strip()):
            return None
        text = stored.strip() if isinstance(stored, str) else str(stored)
        negative = text.endswith("-")
        try:
            number = Decimal(text.rstrip("-"))
        except ArithmeticError:
            raise ValueError("no number") from None
        return published(self.prop, -number if negative else number)


@dataclass(frozen=True, slots=True)
class Rounded(Plain):
    """A number with more digits than the property's scale, rounded half away from zero."""

    prop: Property
    ref: Ref

    @property
    def refs(self) -> tuple[Ref, ...]:
        return (self.ref,)

    @property
    def _step(self) -> Decimal:
        return Decimal(1).scaleb(-(self.prop.scale or 0))

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        return None if stored is None else published(self.prop, Decimal(stored)).quantize(self._step, ROUND_HALF_UP)

    def compare(self, operator: str, value: Any, look: Look) -> Said | None:
        """By the values around it that may be rounded to it."""
        name = self.ref.name
        if self.ref.alias or look.facts(name) is None:
            return None
        if value is None:
            return Said(absent(name, negated=operator == "ne"))
        step = self._step
        low, high = Compare(name, "ge", Decimal(value) - step), Compare(name, "le", Decimal(value) + step)
        near: dict[str, Condition] = {"eq": All((low, high)), "lt": high, "le": high, "gt": low, "ge": low}
        return Said(near[operator], exact=False) if operator in near else None
