"""Conditions as query parameters: how well an endpoint answers them, and the call that they become.

A parameter means its condition and all of them together, which is all that JSON APIs have in common: no alternatives,
no missing values, no conditions on other records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from edm.capabilities import Match
from edm.primitives import STRING
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf, Stored
from erp_adapters.rest.declared import REPEATED, Endpoint, Filter, placeholders

#: Operator of a condition -> those of parameters that answer it, the best first; an INEXACT one brings more.
ANSWERS: Mapping[str, tuple[tuple[str, Match], ...]] = {
    "eq": (("eq", Match.EXACT), ("in", Match.EXACT), ("contains", Match.INEXACT)),
    # A second one of these could not be sent along, so that none of them is the last word.
    "ne": (("ne", Match.INEXACT),),
    "ge": (("ge", Match.EXACT),),
    "gt": (("gt", Match.EXACT), ("ge", Match.INEXACT)),
    "le": (("le", Match.EXACT),),
    "lt": (("lt", Match.EXACT), ("le", Match.INEXACT)),
    "in": (("in", Match.EXACT),),
    "equals": (("eq", Match.INEXACT), ("contains", Match.INEXACT)),
    "startswith": (("startswith", Match.INEXACT), ("contains", Match.INEXACT)),
    "endswith": (("endswith", Match.INEXACT), ("contains", Match.INEXACT)),
    "contains": (("contains", Match.INEXACT),),
}
LIKED = frozenset({"contains", "startswith", "endswith"})
LOWEST, HIGHEST = ("ge", "gt"), ("le", "lt")


@dataclass(frozen=True, slots=True)
class Sent:
    """One parameter with values and their spelling, and how well it answers its condition."""

    filter: Filter
    values: tuple[Stored, ...]
    texts: tuple[str, ...]
    match: Match


@dataclass(frozen=True, slots=True)
class Call:
    """What is called. ``fixed`` are fields whose values stand in the path. ``lookup``: the endpoint of one record,
    whose answer is compared with the whole condition here. ``never``: no record can meet the condition."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    fixed: Mapping[str, Stored] | None = None
    lookup: bool = False
    never: bool = False


class Unanswerable(ValueError):
    """A condition that the endpoint cannot be asked."""


# --- how well ---------------------------------------------------------------------------------------------------------


def grade(endpoint: Endpoint, condition: Condition) -> Match:
    """How well the endpoint answers a condition."""
    if isinstance(condition, All):
        if _looked_up(endpoint, _equal(condition)) and not _follows(condition):
            return Match.EXACT
        return min((grade(endpoint, part) for part in condition.parts), default=Match.NO)
    if isinstance(condition, OneOf) and not condition.negated:
        most = lists(endpoint).get(condition.field, 1)
        if len(condition.values) > most:  # it will be asked for in parts
            starts = range(0, len(condition.values), most)
            return min(grade(endpoint, replace(condition, values=condition.values[i : i + most])) for i in starts)
    equal = _equal(condition)
    if equal and (_looked_up(endpoint, equal) or equal.keys() <= set(endpoint.parents)):
        return Match.EXACT if all(_segment(endpoint, name, value) for name, value in equal.items()) else Match.NO
    sent = _sent(endpoint, condition)
    return min((one.match for one in sent), default=Match.NO)


def compared(endpoint: Endpoint, name: str) -> frozenset[str]:
    """The operators of ``Compare`` that are answered for a field, with ``in``."""
    there = {one.operator for one in endpoint.filters if one.field == name}
    text = endpoint.kind(name).type is STRING
    found = {
        operator
        for operator in ("eq", "ne", "ge", "gt", "le", "lt", "in")
        if any(o in there and (o != "contains" or text) for o, _ in ANSWERS[operator])
    }
    if name in endpoint.parents or (endpoint.lookup and endpoint.lookup.fields == (name,)) or there >= {"ge", "le"}:
        found.add("eq")
    if "eq" in found:
        found.add("in")  # if only of one value: longer lists are asked for in parts
    return frozenset(found)


def liked(endpoint: Endpoint, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds of ``Like`` that are answered for a field, and those whatever the letter case."""
    if endpoint.kind(name).type is not STRING:
        return frozenset(), frozenset()
    kinds = (*LIKED, "equals")
    found = {
        folded: frozenset(kind for kind in kinds if _sent(endpoint, Like(name, kind, "x", folded)))
        for folded in (False, True)
    }
    return found[False], found[True]


def lists(endpoint: Endpoint) -> Mapping[str, int]:
    """Values of a list in one call, by field; those of others are asked for one by one."""
    return {one.field: one.values for one in endpoint.filters if one.operator == "in"}


# --- what is sent -----------------------------------------------------------------------------------------------------


def plan(endpoint: Endpoint, where: Condition | None) -> Call:
    """The call that answers ``where``; raises ``Unanswerable`` for what was graded ``NO``."""
    leaves = list(_conjuncts(where))
    equal: dict[str, Stored] = {}
    for leaf in leaves:
        for name, value in _equal(leaf).items():
            if equal.setdefault(name, value) != value:
                return Call("", never=True)
    if _looked_up(endpoint, equal):
        assert endpoint.lookup is not None
        path = _filled(endpoint, endpoint.lookup.path, equal)
        return Call(path, lookup=True, fixed={name: equal[name] for name in endpoint.lookup.fields})
    missing = [name for name in endpoint.parents if name not in equal]
    if missing:
        raise Unanswerable(f"no value for {', '.join(missing)}, which the path needs")
    fixed = {name: equal[name] for name in endpoint.parents}
    merged: dict[str, Sent] | None = {}
    for leaf in leaves:
        if _equal(leaf).keys() & fixed.keys():
            continue
        sent = list(_sent(endpoint, leaf))
        if not sent:
            raise Unanswerable(f"{leaf} is answered by no parameter")
        for one in sent:
            merged = _merge(merged, one) if merged is not None else None
    if merged is None:
        return Call("", never=True)
    parameters = tuple(pair for one in merged.values() for pair in _pairs(one))
    return Call(_filled(endpoint, endpoint.path, fixed), parameters, fixed)


def _merge(merged: dict[str, Sent], one: Sent) -> dict[str, Sent] | None:
    """Conditions of one parameter as one; ``None`` if nothing can meet both."""
    name = one.filter.parameter
    before = merged.get(name)
    if before is None:
        return {**merged, name: one}
    if one.filter.operator in LOWEST + HIGHEST:
        stricter = max if one.filter.operator in LOWEST else min
        values: list[Any] = [before.values[0], one.values[0]]
        return {**merged, name: before if stricter(values) == values[0] else one}
    if one.filter.operator in ("eq", "in"):
        both = [pair for pair in zip(before.values, before.texts, strict=True) if pair[0] in one.values]
        if not both:
            return None
        kept = replace(before, values=tuple(v for v, _ in both), texts=tuple(t for _, t in both))
        return {**merged, name: kept}
    return merged  # the first one: the records are compared with the other one afterwards


def _pairs(one: Sent) -> Iterator[tuple[str, str]]:
    if one.filter.separator == REPEATED:
        yield from ((one.filter.parameter, text) for text in one.texts)
    else:
        yield one.filter.parameter, one.filter.separator.join(one.texts)


def _sent(endpoint: Endpoint, leaf: Condition) -> tuple[Sent, ...]:
    """The parameters that a comparison becomes; none if it is not answered."""
    match leaf:
        case Compare(field=name, operator=operator, value=value) if value is not None:
            sent = _by(endpoint, name, operator, (value,))
            if not sent and operator == "eq":
                lower, upper = _by(endpoint, name, "ge", (value,)), _by(endpoint, name, "le", (value,))
                sent = (*lower, *upper) if lower and upper else ()
            return sent
        case OneOf(field=name, values=values, negated=False) if values and None not in values:
            return (
                _sent(endpoint, Compare(name, "eq", values[0]))
                if len(values) == 1
                else _by(endpoint, name, "in", values)
            )
        case Like(field=name, kind=kind, text=text, folded=folded, negated=False) if text:
            return _by(endpoint, name, kind, (text,), folded=folded)
    return ()


def _by(
    endpoint: Endpoint, name: str, operator: str, values: tuple[Stored, ...], *, folded: bool = False
) -> tuple[Sent, ...]:
    for answering, match in ANSWERS[operator]:
        for one in endpoint.filters:
            if one.field != name or one.operator != answering or (folded and not one.folded):
                continue
            texts = tuple(_spelled(endpoint, one, value) for value in values)
            if None in texts or len(values) > one.values:
                continue
            best = match if one.exact else Match.INEXACT
            return (Sent(one, values, tuple(str(text) for text in texts), best),)
    return ()


def _spelled(endpoint: Endpoint, one: Filter, value: Stored) -> str | None:
    text = _text(endpoint, one.field, value)
    if text is None or (one.operator in LIKED and not isinstance(value, str)):
        return None
    if one.operator == "in" and one.separator != REPEATED and (one.separator in text or not text):
        return None
    return one.words.get(text, text)


def _text(endpoint: Endpoint, name: str, value: Stored) -> str | None:
    return endpoint.kind(name).text(value)


def _equal(condition: Condition) -> dict[str, Stored]:
    """The field that a condition says the value of."""
    match condition:
        case Compare(field=name, operator="eq", value=value) if value is not None:
            return {name: value}
        case OneOf(field=name, values=(value,), negated=False) if value is not None:
            return {name: value}
        case All(parts=parts):
            return {name: value for part in parts for name, value in _equal(part).items()}
    return {}


def _looked_up(endpoint: Endpoint, equal: Mapping[str, Stored]) -> bool:
    lookup = endpoint.lookup
    return lookup is not None and all(name in equal and _segment(endpoint, name, equal[name]) for name in lookup.fields)


def _follows(condition: Condition) -> bool:
    return any(isinstance(part, Behind) for part in _nodes(condition))


def _nodes(condition: Condition) -> Iterator[Condition]:
    yield condition
    if isinstance(condition, All | Either):
        for part in condition.parts:
            yield from _nodes(part)


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition


def _segment(endpoint: Endpoint, name: str, value: Stored) -> str | None:
    """The value as a part of a path; not one that would lead elsewhere."""
    text = _text(endpoint, name, value)
    return None if not text or text in (".", "..") else quote(text, safe="")


def _filled(endpoint: Endpoint, path: str, values: Mapping[str, Stored]) -> str:
    """The path with values in it."""
    for name in placeholders(path):
        segment = _segment(endpoint, name, values[name])
        if segment is None:
            raise Unanswerable(f"{values[name]!r:.40} cannot stand in a path")
        path = path.replace("{" + name + "}", segment)
    return path
