"""Rows behind navigation properties, for a condition that an ERP was found not to answer after it had been left to it.

It happens once per condition: from then on the engine reads related rows, in batches. So the whole set is read here.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edm.evaluate import RowMapping
from edm.expressions import IT, CountOf, Lambda, Prop, walk
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Page
from erp_adapters.records.reading import too_much

_Index = dict[tuple[Any, ...], list[RowMapping]]


def joined_on(query: Query, entity_set: EntitySet) -> Iterator[str]:
    """The properties that lead to related rows which finishing the query looks at."""
    exprs = [item.expr for item in query.orderby] + ([query.filter] if query.filter is not None else [])
    for node in (node for expr in exprs for node in walk(expr)):
        if isinstance(node, Prop | Lambda | CountOf) and node.variable == IT:
            link = entity_set.type.navigation_property(node.path[0])
            yield from (own for own, _ in link.on) if link is not None else ()


class Followed:
    """Looks related rows up; ``read`` reads a set, at most ``budget`` rows of it."""

    def __init__(self, metadata: ServiceMetadata, read: Callable[[Query], Iterator[Page]], budget: int) -> None:
        self._metadata, self._read, self._budget = metadata, read, budget
        self._indexes: dict[tuple[str, tuple[str, ...]], _Index] = {}

    def related(self, entity_set: EntitySet, navigation: str, row: RowMapping) -> Sequence[RowMapping]:
        link = entity_set.type.navigation_property(navigation)
        assert link is not None
        values = tuple(row[own] for own, _ in link.on)
        others = tuple(other for _, other in link.on)
        if None in values:
            return ()
        if (link.target, others) not in self._indexes:
            self._indexes[link.target, others] = self._index(self._metadata.target(link), others)
        return self._indexes[link.target, others].get(values, ())

    def _index(self, target: EntitySet, names: Sequence[str]) -> _Index:
        query = Query(target.name, target.type.names)
        index: _Index = {}
        number = 0
        for page in self._read(query):
            number += len(page.rows)
            if number > self._budget:
                raise too_much(target, query, self._budget)
            for values in page.rows:
                row = dict(zip(query.columns, values, strict=True))
                index.setdefault(tuple(row[name] for name in names), []).append(row)
        return index
