"""Codecs of one field whose stored values are not the published ones: codes, digits, dates in digits, numbers in texts,
local times."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from edm.primitives import STRING
from erp_adapters.records.base import All, Compare, Condition, OneOf, Stored
from erp_adapters.records.codecs import Get, Look, OneField, Said
from erp_adapters.records.conditions import ALWAYS, NEVER, absent, all_of, negated
from erp_adapters.records.values import code, published, stored_code


@dataclass(frozen=True, slots=True)
class Words(OneField):
    """A code that is published as a word; an unknown code is published as itself."""

    words: Mapping[str, str]

    def value(self, get: Get, look: Look) -> Any:
        stored = code(get(self.ref))
        if look.empty_is_null and not stored:
            return self.words.get("")
        return None if stored is None else self.words.get(stored, stored)

    def _codes(self, word: str) -> tuple[str, ...]:
        """The codes that are published as the word."""
        known = tuple(stored for stored, published_ in self.words.items() if published_ == word)
        return known if word in self.words else (*known, word)

    def missing(self, operator: str, look: Look) -> Said | None:
        if look.empty_is_null and "" in self.words:  # no record is without a word
            return Said(NEVER if operator == "eq" else ALWAYS)
        nothing = tuple(v for v in look.nothing(self.ref.name) if v not in self.words)
        return Said(absent(self.ref.name, nothing, negated=operator == "ne"))

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        return self.listed((value,), operator == "ne", look) if operator in ("eq", "ne") else None

    def listed(self, values: Sequence[Any], none_of: bool, look: Look) -> Said | None:
        if not self.answered(look):
            return None
        name = self.ref.name
        codes: list[Stored] = []
        for text in dict.fromkeys(text for value in values for text in self._codes(value)):
            if text == "" and look.empty_is_null:
                codes.extend(look.nothing(name) if "" in self.words else ())
                continue
            with suppress(ValueError):
                codes.append(stored_code(text, look.kind(name)))
        if not codes:
            return Said(ALWAYS if none_of else NEVER)
        return Said(OneOf(name, tuple(codes), none_of))


@dataclass(frozen=True, slots=True)
class Flag(OneField):
    """A Boolean; every code but those of ``true`` is false, and so is null. With ``false`` every other code is null."""

    true: tuple[str, ...]
    false: tuple[str, ...] | None = None

    def value(self, get: Get, look: Look) -> Any:
        stored = code(get(self.ref))
        if stored in self.true:
            return True
        return False if self.false is None or stored in self.false else None

    def missing(self, operator: str, look: Look) -> Said | None:
        if self.false is None:
            return Said(NEVER if operator == "eq" else ALWAYS)
        return Said(self._one_of((*self.true, *self.false), look, none_of=operator == "eq"))

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        if operator not in ("eq", "ne"):
            return None
        if value:
            found = self._one_of(self.true, look)
        else:
            found = (
                self._one_of(self.true, look, none_of=True) if self.false is None else self._one_of(self.false, look)
            )
        return Said(found if operator == "eq" else negated(found))

    def _one_of(self, codes: Sequence[str], look: Look, *, none_of: bool = False) -> Condition:
        kind = look.kind(self.ref.name)
        return OneOf(self.ref.name, tuple(stored_code(text, kind) for text in codes), none_of)


@dataclass(frozen=True, slots=True)
class Filled(OneField):
    """Whether the field has a value at all: a reason for a block, the number of a document."""

    def value(self, get: Get, look: Look) -> Any:
        return get(self.ref) not in (None, "")

    def missing(self, operator: str, look: Look) -> Said | None:
        return Said(NEVER if operator == "eq" else ALWAYS)

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        if operator not in ("eq", "ne"):
            return None
        name = self.ref.name
        nothing: tuple[Stored, ...] = (None, "") if look.kind(name) in (STRING, None) else (None,)
        return Said(absent(name, nothing, negated=value is (operator == "eq")))


@dataclass(frozen=True, slots=True)
class Alpha(OneField):
    """A text that is stored with leading zeros up to ``width`` if it has digits only."""

    width: int

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        if stored is None or (stored == "" and look.empty_is_null):
            return None
        if not isinstance(stored, str):
            raise ValueError(f"{type(stored).__name__} is no text")
        return stored.lstrip("0") or "0" if stored.isascii() and stored.isdigit() else stored

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        if operator not in ("eq", "ne"):
            return None
        name = self.ref.name
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
class Day(OneField):
    """A date in eight digits, text or number; zeros and blanks say that there is none. Such records may stand anywhere,
    so it is sorted here."""

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

    def missing(self, operator: str, look: Look) -> Said | None:
        return Said(absent(self.ref.name, self._nothing(look), negated=operator == "ne"))

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        name = self.ref.name
        kind = look.kind(name)
        found: Condition = Compare(name, operator, stored_code(value.strftime("%Y%m%d").zfill(8), kind))
        if operator in ("lt", "le"):
            found = all_of((found, absent(name, self._nothing(look), negated=True)))
        return Said(found)


@dataclass(frozen=True, slots=True)
class Reference(OneField):
    """The id behind the name of a model and a comma; null for other models."""

    model: str

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        model, comma, number = str(stored or "").partition(",")
        return (
            published(self.prop, number if self.prop.type == STRING else int(number))
            if (comma and model == self.model and number not in ("", "-1"))
            else None
        )

    def missing(self, operator: str, look: Look) -> Said | None:
        return None

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        return Said(Compare(self.ref.name, operator, f"{self.model},{value}")) if operator in ("eq", "ne") else None


@dataclass(frozen=True, slots=True)
class Number(OneField):
    """A number that is stored as text; blanks say that there is none. It is compared here."""

    def missing(self, operator: str, look: Look) -> Said | None:
        return None

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
class Rounded(OneField):
    """A number with more digits than the property's scale, rounded half away from zero."""

    @property
    def _step(self) -> Decimal:
        return Decimal(1).scaleb(-(self.prop.scale or 0))

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        return None if stored is None else published(self.prop, Decimal(stored)).quantize(self._step, ROUND_HALF_UP)

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        """By the values around it that may be rounded to it."""
        name = self.ref.name
        step = self._step
        low, high = Compare(name, "ge", Decimal(value) - step), Compare(name, "le", Decimal(value) + step)
        near: dict[str, Condition] = {"eq": All((low, high)), "lt": high, "le": high, "gt": low, "ge": low}
        return Said(near[operator], exact=False) if operator in near else None


@dataclass(frozen=True, slots=True)
class Local(OneField):
    """A point in time that the source has as the time of day in a zone; sources hand it over as if it were in UTC."""

    zone: ZoneInfo

    def value(self, get: Get, look: Look) -> Any:
        stored = get(self.ref)
        if stored is None:
            return None
        if not isinstance(stored, datetime):
            raise ValueError(f"{type(stored).__name__} is no point in time")
        return stored.replace(tzinfo=self.zone).astimezone(UTC)

    def compared(self, operator: str, value: Any, look: Look) -> Said | None:
        """An hour around it may be meant, when clocks are put back."""
        name = self.ref.name
        try:
            clock = value.astimezone(self.zone).replace(tzinfo=UTC)
            low, high = clock - timedelta(hours=2), clock + timedelta(hours=2)
        except OverflowError:
            return None
        near: Mapping[str, Callable[[], Condition]] = {
            "eq": lambda: all_of((Compare(name, "ge", low), Compare(name, "le", high))),
            **dict.fromkeys(("lt", "le"), partial(Compare, name, "le", high)),
            **dict.fromkeys(("gt", "ge"), partial(Compare, name, "ge", low)),
        }
        return Said(near[operator](), exact=False) if operator in near else None
