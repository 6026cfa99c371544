"""Orders: as Tryton is asked for them, and the same order of records that are here already."""

from collections.abc import Mapping, Sequence
from functools import total_ordering
from typing import Any

from erp_adapters.records.base import All, Compare, Condition, Either, Like, OneOf, Order
from erp_adapters.tryton.domains import Domain, some
from erp_adapters.tryton.fields import LINKS, TEXTS, Models, Way


def written(models: Models, model: str, order: Sequence[Order]) -> list[list[str]]:
    """The order as parameters. It ends with the id, so that it is total and pages fit together."""
    terms = []
    for item in order:
        way = models.way(model, item.field)
        # A link alone is sorted by the name of what it leads to.
        path = item.field if way is None else way.path
        name = f"{path}.id" if way is not None and way.end.type in LINKS else path
        terms.append([name, "DESC NULLS LAST" if item.descending else "ASC NULLS FIRST"])
    return terms if any(name == "id" for name, _ in terms) else [*terms, ["id", "ASC"]]


#: Dates for which Tryton's modules sort by another date where they are missing.
_REPLACED = frozenset({"accounting_date", "effective_date", "maturity_date"})
#: One of several questions whose answers follow each other: what is asked beside the condition, and the order.
Phase = tuple[list[Domain], tuple[Order, ...]]


def phases(models: Models, model: str, where: Condition | None, order: tuple[Order, ...]) -> list[Phase] | None:
    """Texts are stored as null or empty where there is none, which is one value here and two in a sort, and some dates
    are sorted by another one where there is none: such records are asked for by themselves. ``None`` if that does not
    help, because other fields are sorted by first.
    """
    mixed = [place for place, item in enumerate(order) if _mixed(models.way(model, item.field), where)]
    if not mixed:
        return [([], order)]
    if mixed != [0]:
        return None
    way = models.way(model, order[0].field)
    assert way is not None, "it is mixed"
    without: Phase = ([some([[way.path, "=", None], *([link, "=", None] for link in way.optional)])], order[1:])
    present: Phase = ([[way.path, "!=", None]], order)
    return [present, without] if order[0].descending else [without, present]


def _mixed(way: Way | None, where: Condition | None) -> bool:
    """Whether records without a value would not stand together."""
    if way is None or way.end.required or implies(where, way.path):
        return False
    return way.end.type in TEXTS or way.end.name in _REPLACED


def implies(where: Condition | None, field: str) -> bool:
    """Whether no record meets the condition but those with a value of the field."""
    match where:
        case All(parts=parts):
            return any(implies(part, field) for part in parts)
        case Either(parts=parts):
            return bool(parts) and all(implies(part, field) for part in parts)
        case Compare(field=name, operator=operator, value=value) if name == field:
            return value is None if operator == "ne" else value not in (None, "")
        case OneOf(field=name, values=values) if name == field:
            return where.negated is (None in values or "" in values)
        case Like(field=name) if name == field:
            return not where.negated
    return False


@total_ordering
class Key:
    """Where a record stands among others: no value first, or last where the order descends."""

    __slots__ = ("_order", "_values")

    def __init__(self, record: Mapping[str, Any], order: Sequence[Order]) -> None:
        self._order = order
        self._values = tuple(record[item.field] for item in order)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._values == other._values

    def __lt__(self, other: "Key") -> bool:
        for item, mine, theirs in zip(self._order, self._values, other._values, strict=True):
            if mine == theirs:
                continue
            less = theirs is not None and (mine is None or mine < theirs)
            return less is not item.descending
        return False
