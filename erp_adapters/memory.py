"""Rows held in memory and answered by the reference evaluator: the oracle of the adapter tests, and the plainest
adapter.

It answers every query by itself, slowly and surely. With ``capable=False`` it declares nothing and returns whole
sets, so that the engine has to do everything: then the engine is what is tested.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edm.capabilities import Capabilities, Match
from edm.evaluate import RowMapping, compile_expression, sort_rows
from edm.expressions import IT
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Page, Row, Session

PAGE_ROWS = 1000


class MemoryAdapter:
    """Answers from ``data``: entity set name -> rows as mappings."""

    def __init__(
        self, metadata: ServiceMetadata, data: Mapping[str, Sequence[RowMapping]], *, capable: bool = True
    ) -> None:
        self._metadata = metadata
        self._data = data
        self._capable = capable
        self._indexes: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[RowMapping]]] = {}

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        if not self._capable:
            return Capabilities()
        return Capabilities(
            match=lambda expr: Match.EXACT,
            sort=lambda expr: True,
            compute=lambda expr: True,
            skip=True,
            top=True,
            count=True,
        )

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        rows = self.answer(query)
        count = len(rows) if query.count else None
        if query.skip or query.top is not None:
            stop = None if query.top is None else query.skip + query.top
            rows = rows[query.skip : stop]
        session.timings.rows_read += len(rows)
        for start in range(0, max(1, len(rows)), PAGE_ROWS):
            yield Page(rows[start : start + PAGE_ROWS], count)
            count = None

    def answer(self, query: Query) -> list[Row]:
        """All rows that pass the filter, sorted, as tuples in column order."""
        entity_set = self._metadata[query.entity_set]
        scope = {IT: entity_set}
        environments = [{IT: row} for row in self._data[query.entity_set]]
        if query.filter is not None:
            keep = compile_expression(query.filter, self._metadata, scope, self.related)
            environments = [env for env in environments if keep(env) is True]
        if query.orderby:
            environments = sort_rows(environments, query.orderby, self._metadata, scope, self.related)
        computed = {c.name: compile_expression(c.expr, self._metadata, scope, self.related) for c in query.compute}
        return [
            tuple(computed[name](env) if name in computed else env[IT][name] for name in query.columns)
            for env in environments
        ]

    def related(self, entity_set: EntitySet, navigation: str, row: RowMapping) -> Sequence[RowMapping]:
        """Related rows, through an index made on first use."""
        link = entity_set.type.navigation_property(navigation)
        assert link is not None
        own, others = tuple(pair[0] for pair in link.on), tuple(pair[1] for pair in link.on)
        index = self._indexes.get((link.target, others))
        if index is None:
            index = defaultdict(list)
            for other in self._data[link.target]:
                index[tuple(other[name] for name in others)].append(other)
            self._indexes[link.target, others] = index
        values = tuple(row[name] for name in own)
        return () if None in values else index.get(values, ())
