"""Finds what two contracts differ in; what was renamed is guessed from what is alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TypeVar

from edm.contract import Contract, PublishedNavigation, PublishedProperty, PublishedSet
from edm.contract_rules import RULES, Effect, Rule

#: Longer texts become long text areas in Salesforce.
TEXT_LENGTH = 255
#: How alike the names, or the properties, of something that is gone and something new are, if it was renamed.
ALIKE = 0.6
_ANY_NUMBER = 10**9

Element = TypeVar("Element", PublishedSet, PublishedProperty, PublishedNavigation)


@dataclass(frozen=True, slots=True)
class Change:
    """``where`` is the path of the element in the older contract, of a new one in the newer; ``old`` and ``new`` say
    what it was and is. ``before`` and ``after`` are the property, if it is one.
    """

    rule: Rule
    where: str
    old: str = ""
    new: str = ""
    before: PublishedProperty | None = None
    after: PublishedProperty | None = None


def changes(old: Contract, new: Contract) -> tuple[Change, ...]:
    """All changes, those that break most first, then by place."""
    found = sorted(_changes(old, new), key=lambda each: (-each.rule.effect, each.where, each.rule.id))
    return tuple(found)


def effect(found: Sequence[Change]) -> Effect | None:
    """The greatest effect of all changes; ``None`` without any."""
    return max((each.rule.effect for each in found), default=None)


# Elements


def _changes(old: Contract, new: Contract) -> Iterator[Change]:
    if old.namespace != new.namespace:
        yield _change("namespace-changed", "", old.namespace, new.namespace)
    for name in sorted({*old.other} ^ {*new.other}):
        yield _change("other-removed" if name in old.other else "other-added", name)
    pairs, gone, come = _paired(old.sets, new.sets, _renamed_set)
    for one, other in pairs:
        if one.name != other.name:
            yield _change("set-renamed", one.name, one.name, other.name)
        yield from _set_changes(one, other)
    yield from (_change("set-removed", each.name) for each in gone)
    yield from (_change("set-added", each.name) for each in come)


def _set_changes(old: PublishedSet, new: PublishedSet) -> Iterator[Change]:
    if old.type != new.type:
        yield _change("type-renamed", old.name, old.type, new.type)
    yield from _capabilities(old.name, old.can, new.can)
    yield from _texts(old.name, old, new)
    if old.owner != new.owner:
        yield _change("owner-changed", old.name, old.owner, new.owner)
    pairs, gone, come = _paired(old.properties, new.properties, _renamed_property)
    renamed = {one.name: other.name for one, other in pairs}
    if tuple(renamed.get(name, name) for name in old.key) != new.key:
        yield _change("key-changed", old.name, " + ".join(old.key), " + ".join(new.key))
    for one, other in pairs:
        where = f"{old.name}/{one.name}"
        if one.name != other.name:
            yield _change("property-renamed", where, one.name, other.name)
        for change in _property_changes(where, one, other):
            yield replace(change, before=one, after=other)
    for each in gone:
        yield replace(_change("property-removed", f"{old.name}/{each.name}"), before=each)
    for each in come:
        required = each.writable and not each.nullable and "insert" in new.can
        yield replace(
            _change("required-added" if required else "property-added", f"{old.name}/{each.name}"), after=each
        )
    yield from _navigation_changes(old, new, renamed)


def _navigation_changes(old: PublishedSet, new: PublishedSet, renamed: dict[str, str]) -> Iterator[Change]:
    pairs, gone, come = _paired(old.navigation, new.navigation, _renamed_navigation)
    for one, other in pairs:
        where = f"{old.name}/{one.name}"
        if one.name != other.name:
            yield _change("navigation-renamed", where, one.name, other.name)
        if (one.target, one.collection) != (other.target, other.collection):
            yield _change("navigation-changed", where, _target(one), _target(other))
        yield from _nullable(where, one.nullable, other.nullable)
        on = tuple((renamed.get(own, own), theirs) for own, theirs in one.on)
        if {own for own, _ in on} != {own for own, _ in other.on}:
            rule = "constraint-lost" if not other.on else "constraint-gained" if not on else "constraint-changed"
            yield _change(rule, where, _on(one), _on(other))
    yield from (_change("navigation-removed", f"{old.name}/{each.name}", _target(each)) for each in gone)
    yield from (_change("navigation-added", f"{old.name}/{each.name}", new=_target(each)) for each in come)


def _target(navigation: PublishedNavigation) -> str:
    return f"{'many ' if navigation.collection else ''}{navigation.target}"


def _on(navigation: PublishedNavigation) -> str:
    return ", ".join(own for own, _ in navigation.on)


def _property_changes(where: str, old: PublishedProperty, new: PublishedProperty) -> Iterator[Change]:
    if old.type != new.type:
        yield _change("type-changed", where, old.type, new.type)
    else:
        yield from _length(where, old, new)
        yield from _digits(where, old, new)
    yield from _nullable(where, old.nullable, new.nullable, written=old.writable and new.writable)
    yield from _values(where, old, new)
    for name in ("minimum", "maximum", "pattern"):
        if (was := getattr(old, name)) != (now := getattr(new, name)):
            narrowed = old.writable and new.writable and now is not None
            rule = "input-narrowed" if narrowed else "bounds-changed"
            yield _change(rule, where, f"{name} {was or 'none'}", f"{name} {now or 'none'}")
    if old.unit != new.unit:
        yield _change("unit-changed", where, old.unit or "none", new.unit or "none")
    words = {"filterable": "filter", "sortable": "sort", "writable": "write"}
    able = ([words[name] for name in words if getattr(each, name)] for each in (old, new))
    yield from _capabilities(where, *able)
    yield from _texts(where, old, new)


def _length(where: str, old: PublishedProperty, new: PublishedProperty) -> Iterator[Change]:
    if old.max_length == new.max_length:
        return
    was, now = (min(each.max_length or _ANY_NUMBER, _ANY_NUMBER) for each in (old, new))
    if (old.max_length or 0) <= TEXT_LENGTH < (new.max_length or 0):
        rule = "becomes-long-text"
    elif now > was:
        rule = "length-grown"
    else:
        rule = "input-narrowed" if old.writable and new.writable else "length-shrunk"
    yield _change(rule, where, *(str(each.max_length or "any length") for each in (old, new)))


def _digits(where: str, old: PublishedProperty, new: PublishedProperty) -> Iterator[Change]:
    facets = [(each.precision, each.scale, each.variable_scale) for each in (old, new)]
    if facets[0] == facets[1]:
        return
    if old.type != "Edm.Decimal":
        yield _change("precision-changed", where, *(str(each.precision or 0) for each in (old, new)))
        return
    (whole, fraction), (new_whole, new_fraction) = _sizes(old), _sizes(new)
    if new_whole > whole or new_fraction > fraction:
        rule = "digits-grown"
    else:
        rule = "input-narrowed" if old.writable and new.writable else "digits-shrunk"
    yield _change(rule, where, _decimal(old), _decimal(new))


def _sizes(item: PublishedProperty) -> tuple[int, int]:
    """Digits before and after the point."""
    if item.precision is None:
        return _ANY_NUMBER, _ANY_NUMBER if item.variable_scale else item.scale or 0
    if item.variable_scale:
        return item.precision, item.precision
    return item.precision - (item.scale or 0), item.scale or 0


def _decimal(item: PublishedProperty) -> str:
    scale = "variable" if item.variable_scale else item.scale or 0
    return f"({item.precision or 'any'}, {scale})"


def _nullable(where: str, old: bool, new: bool, *, written: bool = False) -> Iterator[Change]:
    if old is not new:
        rule = "nullable-relaxed" if new else "input-narrowed" if written else "nullable-tightened"
        yield _change(rule, where, *("may be null" if each else "never null" for each in (old, new)))


def _values(where: str, old: PublishedProperty, new: PublishedProperty) -> Iterator[Change]:
    removed = [value for value in old.allowed if value not in new.allowed]
    added = [value for value in new.allowed if value not in old.allowed]
    if old.allowed and not new.allowed:
        yield _change("values-opened", where, old=", ".join(old.allowed))
    elif new.allowed and not old.allowed:
        narrowed = old.writable and new.writable
        yield _change("input-narrowed" if narrowed else "values-closed", where, new=", ".join(new.allowed))
    else:
        if removed:
            yield _change("values-removed", where, old=", ".join(removed))
        if added:
            yield _change("values-added", where, new=", ".join(added))


def _capabilities(where: str, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    yield from (_change("capability-lost", where, old=each) for each in old if each not in new)
    yield from (_change("capability-gained", where, new=each) for each in new if each not in old)


def _texts(
    where: str, old: PublishedSet | PublishedProperty, new: PublishedSet | PublishedProperty
) -> Iterator[Change]:
    if old.label != new.label:
        yield _change("label-changed", where, old.label, new.label)
    if old.description != new.description:
        yield _change("description-changed", where, old.description, new.description)


def _change(rule: str, where: str, old: str = "", new: str = "") -> Change:
    return Change(RULES[rule], where, old, new)


# What was renamed: the most alike pairs of what is gone and what is new


def _paired(
    old: Sequence[Element], new: Sequence[Element], likeness: Callable[[Element, Element], float]
) -> tuple[list[tuple[Element, Element]], list[Element], list[Element]]:
    """Elements that are in both, under the same or another name; then those that are gone, then the new ones."""
    after = {each.name: each for each in new}
    before = {each.name for each in old}
    pairs = [(each, after[each.name]) for each in old if each.name in after]
    gone = [each for each in old if each.name not in after]
    come = [each for each in new if each.name not in before]
    guesses = sorted(
        ((likeness(one, other), one.name, other.name) for one in gone for other in come), key=lambda guess: -guess[0]
    )
    for sure, was, now in guesses:
        one = next((each for each in gone if each.name == was), None)
        other = next((each for each in come if each.name == now), None)
        if sure >= ALIKE and one is not None and other is not None:
            pairs.append((one, other))
            gone.remove(one)
            come.remove(other)
    return pairs, gone, come


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def _renamed_set(one: PublishedSet, other: PublishedSet) -> float:
    """By the share of properties that both have; the same few words in every set are not enough."""
    mine, theirs = ({(each.name, each.type) for each in found.properties} for found in (one, other))
    return len(mine & theirs) / max(len(mine | theirs), 1)


def _renamed_property(one: PublishedProperty, other: PublishedProperty) -> float:
    """Of the same type: by the name, or by an unchanged description."""
    if one.type != other.type:
        return 0
    return 1 if one.description and one.description == other.description else _alike(one.name, other.name)


def _renamed_navigation(one: PublishedNavigation, other: PublishedNavigation) -> float:
    """To the same target, over the same foreign key."""
    same = (one.target, one.collection) == (other.target, other.collection)
    if not same or (one.on and other.on and one.on != other.on):
        return 0
    return 1 if one.on else _alike(one.name, other.name)
