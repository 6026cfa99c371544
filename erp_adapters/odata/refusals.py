"""What a service refused although it had not said so: the next question is put without it.

A refusal (400, 501) names no culprit. What is least common is suspected first, fields that the refusal names before
others. A suspicion that helped is kept until the service's description is read anew; one that did not is dropped.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_adapters.base import Refused
from erp_adapters.odata import options as known
from erp_adapters.odata.places import Place
from erp_adapters.records.base import All, Ask, Behind, Condition, Either, Like, OneOf

Options = Mapping[str, Any]
#: Statuses of a question that the service cannot answer, and of one whose URL is too long for it.
TOO_LONG = 414
REFUSALS = (400, 501)
#: Characters of a URL beyond which some servers say 404 (IIS) or 400 instead.
LONG = 2000


@dataclass(slots=True)
class Refusals:
    """Options by entity: those that are known to be needed, and those that are being tried."""

    kept: dict[str, Options] = field(default_factory=dict)
    tried: dict[str, Options] = field(default_factory=dict)

    def options(self, sections: Mapping[str, Options]) -> Mapping[str, Options]:
        """What the catalog says of entities, with what was found out."""
        names = sections.keys() | self.kept.keys() | self.tried.keys()
        layers = (sections, self.kept, self.tried)
        return {name: known.layered(*(layer.get(name, {}) for layer in layers)) for name in names}

    def suspect(self, ask: Ask, place: Place, refused: Refused, length: int) -> bool:
        """Whether there is something in the question that the service may have refused, which is tried without now.
        ``length`` is that of the URL."""
        for options in _candidates(ask, place, refused, length):
            self.tried[ask.entity] = known.layered(self.tried.get(ask.entity, {}), options)
            return True
        self.tried.pop(ask.entity, None)
        return False

    def answered(self, entity: str) -> None:
        """The service answered: what was left out was the culprit."""
        tried = self.tried.pop(entity, None)
        if tried is not None:
            self.kept[entity] = known.layered(self.kept.get(entity, {}), tried)

    def about(self, entity: str) -> Iterator[str]:
        """For people: what is not asked any more."""
        for name, value in self.kept.get(entity, {}).items():
            yield f"refused by the service, so that it is not asked: {name} = {value!r}"


def _candidates(ask: Ask, place: Place, refused: Refused, length: int) -> Iterator[Options]:
    if refused.answered == TOO_LONG or (refused.answered in (400, 404) and length > LONG):
        yield from _shorter(ask)
    if refused.answered in REFUSALS:
        yield from _suspects(ask, place, refused.detail)


def longest(ask: Ask) -> int:
    """The number of values in the longest list."""
    return max((len(node.values) for node in _nodes(ask.where) if isinstance(node, OneOf)), default=0)


def _shorter(ask: Ask) -> Iterator[Options]:
    if (values := longest(ask)) > 1:
        yield {"values": values // 2}


def _suspects(ask: Ask, place: Place, detail: str) -> Iterator[Options]:
    nodes = list(_nodes(ask.where))
    limits = place.limits
    compared = {node.field for node in nodes if hasattr(node, "field")}
    named = {name for name in compared if re.search(rf"(?<!\w){re.escape(name.rpartition('/')[2])}(?!\w)", detail)}
    if limits.lists and any(isinstance(node, OneOf) and len(node.values) > 1 for node in nodes):
        yield {"in": False}
    if any(isinstance(node, Behind) for node in nodes):
        yield {"lambda": False}
    if limits.paths and any("/" in name for name in (*compared, *(order.field for order in ask.order))):
        yield {"paths": False}
    if limits.alternatives == known.ANY_FIELDS and any(len(_fields(node)) > 1 for node in nodes if _several(node)):
        yield {"or": known.SAME_FIELD}
    yield from _functions(nodes, limits.functions)
    if limits.alternatives != known.NO_FIELDS and any(map(_several, nodes)):
        yield {"or": known.NO_FIELDS}
    if ask.skip:
        yield {"skip": False}
    if ask.order:
        yield {"unsortable": [order.field for order in ask.order]}
    if compared:
        yield {"unfilterable": sorted(named or compared)}
    if ask.count:
        yield {"count": False}


def _functions(nodes: list[Any], functions: frozenset[str]) -> Iterator[Options]:
    likes = [node for node in nodes if isinstance(node, Like)]
    used = {"tolower"} if any(like.folded for like in likes) else {like.kind for like in likes} - {"equals"}
    if used & functions:
        yield {"functions": sorted(functions - used)}


def _several(node: Condition) -> bool:
    return isinstance(node, Either) or (isinstance(node, OneOf) and len(node.values) > 1)


def _fields(node: Condition) -> set[str]:
    return {below.field for below in _nodes(node) if hasattr(below, "field")}


def _nodes(condition: Condition | None) -> Iterator[Any]:
    """The nodes of a condition, those behind navigation left out."""
    if condition is not None:
        yield condition
    if isinstance(condition, All | Either):
        for part in condition.parts:
            yield from _nodes(part)
