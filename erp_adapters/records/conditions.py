"""Conditions over stored fields: put together, turned around, cut in parts, and what they mean of a record.

``holds`` is the meaning: every source is checked against it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import ge, gt, le, lt
from typing import Any

from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf, Record

ALWAYS, NEVER = All(()), Either(())
NO_LISTS: Mapping[str, int] = {}

_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"lt": lt, "le": le, "gt": gt, "ge": ge}
_LIKE: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda text, part: part in text,
    "equals": str.__eq__,
}


def all_of(parts: Iterable[Condition | None]) -> Condition:
    """``All``, flat, without what is always true."""
    flat: list[Condition] = []
    for part in parts:
        if part == NEVER:
            return NEVER
        if part is not None:
            flat.extend(part.parts if isinstance(part, All) else (part,))
    return flat[0] if len(flat) == 1 else All(tuple(dict.fromkeys(flat)))


def either(parts: Iterable[Condition]) -> Condition:
    """``Either``, flat, without what is never true."""
    flat: list[Condition] = []
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        flat.extend(part.parts if isinstance(part, Either) else (part,))
    return flat[0] if len(flat) == 1 else Either(tuple(dict.fromkeys(flat)))


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The parts that all have to be true."""
    if condition is None:
        return ()
    return condition.parts if isinstance(condition, All) else (condition,)


def absent(field: str, values: Sequence[Any] = (None,), *, negated: bool = False) -> Condition:
    """The field has none of what counts as a value."""
    if len(values) == 1:
        return Compare(field, "ne" if negated else "eq", values[0])
    return OneOf(field, tuple(values), negated)


def negated(condition: Condition) -> Condition:
    """True of exactly those records of which ``condition`` is not."""
    match condition:
        case Compare(field=field, operator=operator, value=value):
            if operator in ("eq", "ne"):
                return Compare(field, "ne" if operator == "eq" else "eq", value)
            return Either((Compare(field, _OPPOSITE[operator], value), Compare(field, "eq", None)))
        case All(parts=parts):
            return either(map(negated, parts))
        case Either(parts=parts):
            return all_of(map(negated, parts))
        case _:
            return replace(condition, negated=not condition.negated)


def renamed(condition: Condition, name: Callable[[str], str]) -> Condition:
    """The condition with other names of its fields, those behind a path left as they are."""
    match condition:
        case All(parts=parts) | Either(parts=parts):
            return replace(condition, parts=tuple(renamed(part, name) for part in parts))
        case Behind(path=path):
            return replace(condition, path=name(path))
        case _:
            return replace(condition, field=name(condition.field))


def leaves(condition: Condition | None) -> Iterator[Compare | OneOf | Like | Behind]:
    """Comparisons, those behind a path left out."""
    match condition:
        case None:
            return
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield condition


def compared(condition: Condition | None) -> set[str]:
    """The fields that every record is compared by: those of conjuncts."""
    return {part.field for part in conjuncts(condition) if isinstance(part, Compare | OneOf | Like)}


def weight(condition: Condition | None) -> int:
    """How many values are compared."""
    total = 0
    for leaf in leaves(condition):
        total += len(leaf.values) if isinstance(leaf, OneOf) else 1
    return total


def fits(condition: Condition, most: int) -> bool:
    """Whether ``cut`` makes it conditions that compare with at most ``most`` values each."""
    match condition:
        case All(parts=parts):
            return all(fits(part, most) for part in parts)
        case OneOf(negated=False):
            return True
        case Either(parts=parts) if _disjoint(condition):
            return all(weight(part) <= most for part in parts)
        case Behind(condition=inner) if inner is not None:
            return weight(inner) <= most
    return weight(condition) <= most


def cut(
    condition: Condition | None, most: int, lists: Mapping[str, int] = NO_LISTS
) -> list[tuple[Condition | None, Condition]]:
    """Conditions that compare with at most ``most`` values in a list, or with as many as ``lists`` has for the field,
    one of which is true where ``condition`` is; each with those pieces of the lists that no other one has. A list that
    is negated stays whole."""
    parts = conjuncts(condition)
    long = next((part for part in parts if _cuttable(part) and weight(part) > _most(part, most, lists)), None)
    if long is None:
        return [(condition, ALWAYS)]
    rest = [part for part in parts if part is not long]
    return [
        (all_of((*conjuncts(whole), piece)), all_of((*conjuncts(pieces), piece)))
        for whole, pieces in cut(all_of(rest), most, lists)
        for piece in _pieces(long, _most(long, most, lists))
    ]


def _most(condition: Condition, most: int, lists: Mapping[str, int]) -> int:
    """The values that a list, or alternatives, may have in one call."""
    return min(
        (lists.get(leaf.field, most) for leaf in leaves(condition) if not isinstance(leaf, Behind)), default=most
    )


def _cuttable(condition: Condition) -> bool:
    if isinstance(condition, OneOf):
        return not condition.negated
    return isinstance(condition, Either) and _disjoint(condition)


def _pieces(condition: Condition, most: int) -> Iterator[Condition]:
    if isinstance(condition, OneOf):
        for start in range(0, len(condition.values), most):
            yield replace(condition, values=condition.values[start : start + most])
    elif isinstance(condition, Either):
        yield from _packed(condition, most)


def _disjoint(condition: Either) -> bool:
    """Whether no two alternatives are true of one record: each says what the same fields are equal to."""
    keys = []
    for part in condition.parts:
        equal = [p for p in conjuncts(part) if isinstance(p, Compare) and p.operator == "eq"]
        if len(equal) < len(conjuncts(part)):
            return False
        keys.append(frozenset((p.field, p.value) for p in equal))
    fields = {frozenset(field for field, _ in key) for key in keys}
    return len(fields) == 1 and len(set(keys)) == len(keys)


def _packed(condition: Either, most: int) -> Iterator[Condition]:
    pack: list[Condition] = []
    for part in condition.parts:
        if pack and weight(Either((*pack, part))) > most:
            yield either(pack)
            pack = []
        pack.append(part)
    yield either(pack)


# --- meaning ----------------------------------------------------------------------------------------------------------

#: (record, path) -> the records that the path leads to.
Follow = Callable[[Record, str], Sequence[Record]]


def holds(condition: Condition | None, record: Record, follow: Follow | None = None) -> bool:
    """Whether the condition is true of the record, whose fields stand in it by name."""
    match condition:
        case None:
            return True
        case All(parts=parts):
            return all(holds(part, record, follow) for part in parts)
        case Either(parts=parts):
            return any(holds(part, record, follow) for part in parts)
        case Compare(field=field, operator=operator, value=value):
            return _compares(operator, record[field], value)
        case OneOf(field=field, values=values):
            return (record[field] in values) is not condition.negated
        case Like():
            return _like(condition, record[condition.field]) is not condition.negated
        case Behind(path=path, condition=inner):
            assert follow is not None
            found = any(inner is None or holds(inner, other, follow) for other in follow(record, path))
            return found is not condition.negated


def _compares(operator: str, stored: Any, value: Any) -> bool:
    if operator in ("eq", "ne"):
        return (stored == value) is (operator == "eq")
    return stored is not None and value is not None and _ORDERED[operator](stored, value)


def _like(condition: Like, stored: Any) -> bool:
    if stored is None:
        return False
    if condition.folded:
        return _LIKE[condition.kind](str(stored).lower(), condition.text.lower())
    return _LIKE[condition.kind](str(stored), condition.text)
