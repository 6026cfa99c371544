"""Rows held in memory and answered by the reference evaluator: the oracle of the adapter tests, and the plainest
adapter.

It answers every query by itself, slowly and surely. With ``capable=False`` it declares nothing and returns whole
sets, so that the engine has to do everything: then the engine is what is tested.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edm.aggregate import derived, finished
from edm.capabilities import Capabilities, Match
from edm.evaluate import RowMapping
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query, inputs
from erp_adapters.base import Page, Row, Session, TimedOut

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
            derive=lambda query: True,
        )

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        if session.remaining() <= 0:
            raise TimedOut("deadline passed before the rows were looked at")
        rows, number = self.answer(query)
        count = number if query.count else None
        for start in range(0, max(1, len(rows)), PAGE_ROWS):
            page = rows[start : start + PAGE_ROWS]
            session.timings.rows_read += len(page)
            yield Page(page, count)
            count = None

    def answer(self, query: Query) -> tuple[list[Row], int]:
        """The rows, as tuples in column order, and how many there are before they are sliced."""
        if query.source is None:
            return finished(query, self._data[query.entity_set], self._metadata, self.related)
        given = [[dict(zip(q.columns, row, strict=True)) for row in self.answer(q)[0]] for q in inputs(query.source)]
        return finished(query, derived(query.source, given), self._metadata)

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
