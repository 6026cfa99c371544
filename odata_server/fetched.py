"""Related rows that expressions need here: fetched beforehand in batches, then looked up while rows are evaluated."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.evaluate import RowMapping
from edm.expressions import CountOf, Expr, Lambda, Prop, walk
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Row

#: Reads the rows of a query that a navigation property leads to, by the values that it joins on.
Read = Callable[[Query, NavigationProperty, Sequence[tuple[Any, ...]]], Mapping[tuple[Any, ...], list[Row]]]


@dataclass(slots=True)
class Fetched:
    """What was read of related rows in one request. ``spend`` is told of each number of rows. Of the properties those
    are read whose ``names`` are said anywhere: few are, and ERPs have wide rows.
    """

    metadata: ServiceMetadata
    read: Read
    spend: Callable[[int], None]
    names: frozenset[str]
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
            columns = self._columns(target, link)
            found = self.read(Query(target.name, columns), link, missing)
            for value in missing:
                children = [dict(zip(columns, r, strict=True)) for r in found.get(value, ())]
                self.spend(len(children))
                self.found[entity_set.name, name, value] = children
            reached = [r for v in dict.fromkeys(values) for r in self.found.get((entity_set.name, name, v), ())]
            self.fetch(target, reached, rest)

    def _columns(self, target: EntitySet, link: NavigationProperty) -> tuple[str, ...]:
        """What is read of rows: what is said of them, and what joins them with others."""
        ends = {other for _, other in link.on}
        ends |= {own for onward in target.type.navigation if onward.name in self.names for own, _ in onward.on}
        return tuple(name for name in target.type.names if name in self.names or name in ends)


def said(exprs: Iterable[Expr]) -> frozenset[str]:
    """The names of all properties and navigation properties in the expressions, whatever they are of."""
    paths = (node.path for expr in exprs for node in walk(expr) if isinstance(node, Prop | Lambda | CountOf))
    return frozenset(name for path in paths for name in path)
