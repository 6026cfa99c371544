"""What the kit knows of the rows: sets, whole or a sample of each, and what the reference evaluator makes of them."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.aggregate import derived, finished
from edm.evaluate import RowMapping
from edm.expressions import Const, Expr, call
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import CollectionType
from edm.query import Query, inputs
from erp_adapters.base import Row
from erp_adapters.kit.probes import Maker, Probe, prop_of

_Index = dict[tuple[Any, ...], list[RowMapping]]


@dataclass(slots=True)
class Known:
    """``rows`` of each set that is looked at. Those of a set that is not ``whole`` are a sample: others exist, and its
    rows that are related to a sample are found beside it, in ``beside``."""

    metadata: ServiceMetadata
    rows: dict[str, Sequence[RowMapping]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    beside: dict[tuple[str, str], _Index] = field(default_factory=dict)
    _indexes: dict[tuple[str, tuple[str, ...]], _Index] = field(default_factory=dict)
    _probes: dict[str, Sequence[Probe]] = field(default_factory=dict)

    def learn(self, entity_set: EntitySet, rows: Sequence[RowMapping], *, whole: bool) -> None:
        self.rows[entity_set.name] = rows
        self._indexes.clear()
        self.beside.clear()
        (self.whole.add if whole else self.whole.discard)(entity_set.name)

    def maker(self, entity_set: EntitySet, seed: int) -> Maker:
        dice = random.Random(f"{seed} {entity_set.name}")  # noqa: S311
        return Maker(self.metadata, entity_set, self.rows[entity_set.name], dice)

    def probes(self, entity_set: EntitySet, seed: int) -> Sequence[Probe]:
        """Conditions on the rows of a set, made once."""
        if entity_set.name not in self._probes:
            self._probes[entity_set.name] = tuple(self.maker(entity_set, seed).probes())
        return self._probes[entity_set.name]

    def base(self, entity_set: EntitySet) -> Expr | None:
        """The condition that picks out the sample; ``None`` for a set that is known whole."""
        if entity_set.name in self.whole:
            return None
        key = entity_set.type.property(entity_set.type.key)
        assert key is not None
        keys = tuple(row[key.name] for row in self.rows[entity_set.name])
        return call("in", prop_of(key), Const(keys, CollectionType(key.type)))

    def keys(self, entity_set: EntitySet) -> set[Any]:
        return {row[entity_set.type.key] for row in self.rows[entity_set.name]}

    def answer(self, query: Query) -> tuple[list[Row], int]:
        """What the evaluator makes of the query over the rows known, and how many there are before they are sliced."""
        if query.source is None:
            return finished(query, self.rows[query.entity_set], self.metadata, self.related)
        given = [[dict(zip(q.columns, row, strict=True)) for row in self.answer(q)[0]] for q in inputs(query.source)]
        return finished(query, derived(query.source, given), self.metadata)

    def related(self, entity_set: EntitySet, navigation: str, row: RowMapping) -> Sequence[RowMapping]:
        """Related rows of a row."""
        link = entity_set.type.navigation_property(navigation)
        assert link is not None
        values = tuple(row[own] for own, _ in link.on)
        if None in values:
            return ()
        index = self.beside.get((entity_set.name, navigation))
        return (self._index(link) if index is None else index).get(values, ())

    def _index(self, link: NavigationProperty) -> _Index:
        others = tuple(other for _, other in link.on)
        found = self._indexes.get((link.target, others))
        if found is None:
            found = self._indexes[link.target, others] = indexed(self.rows[link.target], others)
        return found


def indexed(rows: Sequence[RowMapping], names: Sequence[str]) -> _Index:
    """Rows by the values of some properties."""
    index: _Index = defaultdict(list)
    for row in rows:
        index[tuple(row[name] for name in names)].append(row)
    return dict(index)


def as_mappings(columns: Sequence[str], rows: Sequence[Row]) -> list[Mapping[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]
