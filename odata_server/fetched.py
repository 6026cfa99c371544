"""Related rows that expressions need here: fetched beforehand in batches, then looked up while rows are evaluated."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.evaluate import RowMapping
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Row

#: Reads the rows of a query that a navigation property leads to, by the values that it joins on.
Read = Callable[[Query, NavigationProperty, Sequence[tuple[Any, ...]]], Mapping[tuple[Any, ...], list[Row]]]


@dataclass(slots=True)
class Fetched:
    """What was read of related rows in one request. ``spend`` is told of each number of rows."""

    metadata: ServiceMetadata
    read: Read
    spend: Callable[[int], None]
    found: dict[tuple[str, str, tuple[Any, ...]], Sequence[RowMapping]] = field(default_factory=dict)

    def related(self, entity_set: EntitySet, navigation: str, row: RowMapping) -> Sequence[RowMapping]:
        """The related rows of one row, for the evaluator."""
        link = entity_set.type.navigation_property(navigation)
        assert link is not None
        return self.found.get((entity_set.name, navigation, tuple(row[own] for own, _ in link.on)), ())

    def fetch(self, entity_set: EntitySet, rows: Sequence[RowMapping], paths: Iterable[tuple[str, ...]]) -> None:
        """Reads what the navigation paths lead to from these rows, one level after the other."""
        tails: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for path in paths:
            if path:
                tails[path[0]].append(path[1:])
        for name, rest in tails.items():
            link = entity_set.type.navigation_property(name)
            assert link is not None
            target = self.metadata.target(link)
            values = [tuple(row[own] for own, _ in link.on) for row in rows]
            missing = [v for v in values if (entity_set.name, name, v) not in self.found]
            found = self.read(Query(target.name, target.type.names), link, missing)
            for value in missing:
                children = [dict(zip(target.type.names, r, strict=True)) for r in found.get(value, ())]
                self.spend(len(children))
                self.found[entity_set.name, name, value] = children
            reached = [r for v in dict.fromkeys(values) for r in self.found.get((entity_set.name, name, v), ())]
            self.fetch(target, reached, rest)
