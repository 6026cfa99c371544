"""When the data were read, as a property of the data: what ``as_of`` names in the catalog is no column of any ERP.

The sources get a model without it (``physical``); this wrapper adds it to the rows that they read. The cache is around
it, so a kept row tells when it was read.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from edm.capabilities import Capabilities, Match
from edm.expressions import Expr, Prop, walk
from edm.model import EntitySet, EntityType, ServiceMetadata
from edm.query import Query, inputs
from erp_adapters.base import Adapter, Explains, Page, Session


def physical(metadata: ServiceMetadata) -> ServiceMetadata:
    """The model as the sources know it."""
    return ServiceMetadata(metadata.namespace, metadata.version, tuple(map(_without, metadata.sets)))


def stamped(adapter: Adapter, metadata: ServiceMetadata) -> Adapter:
    """``adapter``, which knows the physical model, for the whole one."""
    return Stamped(adapter, metadata) if any(entity_set.as_of for entity_set in metadata.sets) else adapter


def _without(entity_set: EntitySet) -> EntitySet:
    if entity_set.as_of is None:
        return entity_set
    kind = entity_set.type
    properties = tuple(prop for prop in kind.properties if prop.name != entity_set.as_of)
    return replace(entity_set, type=EntityType(kind.name, kind.key, properties, kind.navigation), as_of=None)


@dataclass(frozen=True, slots=True)
class Stamped:
    """Rows of ``adapter`` with the time at which they were read, to the second."""

    adapter: Adapter
    metadata: ServiceMetadata
    clock: Callable[[], float] = time.time
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = {entity_set.as_of for entity_set in self.metadata.sets} - {None}
        object.__setattr__(self, "_names", frozenset(names))

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        """Those of the source, for what does not look at the time."""
        known = self.adapter.capabilities(entity_set)
        return replace(
            known,
            match=lambda expr: Match.NO if self._stamps(expr) else known.match(expr),
            sort=lambda expr: not self._stamps(expr) and known.sort(expr),
            compute=lambda expr: not self._stamps(expr) and known.compute(expr),
            derive=lambda query: not self._reads(query) and known.derive(query),
        )

    def _stamps(self, expr: Expr) -> bool:
        return any(isinstance(node, Prop) and node.name in self._names for node in walk(expr))

    def _reads(self, query: Query) -> bool:
        if query.source is not None:
            return any(map(self._reads, inputs(query.source)))
        exprs = [item.expr for item in query.orderby] + [item.expr for item in query.compute]
        exprs += [query.filter] if query.filter is not None else []
        return not self._names.isdisjoint(query.columns) or any(map(self._stamps, exprs))

    def explain(self, query: Query) -> str:
        return self.adapter.explain(self._asked(query)) if isinstance(self.adapter, Explains) else ""

    def _asked(self, query: Query) -> Query:
        name = self.metadata[query.entity_set].as_of
        if name is None or query.source is not None or name not in query.columns:
            return query
        return query.with_(columns=tuple(column for column in query.columns if column != name))

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        asked = self._asked(query)
        if asked is query:
            yield from self.adapter.read(query, session)
            return
        stamp = datetime.fromtimestamp(int(self.clock()), UTC)
        known = {column: place for place, column in enumerate(asked.columns)}
        places = [known.get(column, len(known)) for column in query.columns]
        for page in self.adapter.read(asked, session):
            yield Page([tuple([(*row, stamp)[place] for place in places]) for row in page.rows], page.count)
