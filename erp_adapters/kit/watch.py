"""An adapter around an adapter that looks at every query on its way: whether it holds only what was declared."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edm.capabilities import Capabilities, Match
from edm.expressions import Expr, conjuncts
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from edm.text import expression_text, query_text
from erp_adapters.base import Adapter, Page, Session


@dataclass(slots=True)
class Watched:
    """Hands everything on to ``adapter``. ``undeclared`` has, of each query that holds what was not accepted, its text
    and what that is."""

    adapter: Adapter
    metadata: ServiceMetadata
    queries: int = 0
    undeclared: list[tuple[str, str]] = field(default_factory=list)

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return self.adapter.capabilities(entity_set)

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        self.queries += 1
        capabilities = self.capabilities(self.metadata[query.entity_set])
        self.undeclared += [(query_text(query), what) for what in undeclared(query, capabilities)]
        return self.adapter.read(query, session)


def undeclared(query: Query, capabilities: Capabilities) -> Iterator[str]:
    """What a query asks of a source that does not answer it. Rows are only sliced and counted where the source decides
    alone which there are, and in which order."""
    if query.source is not None:
        if not capabilities.derive(query):
            yield "rows made of others"
        return
    matches = {conjunct: capabilities.match(conjunct) for conjunct in conjuncts(query.filter)}
    yield from (f"the condition {expression_text(c)}" for c, match in matches.items() if match is Match.NO)
    yield from (f"the order by {expression_text(i.expr)}" for i in query.orderby if not capabilities.sort(i.expr))
    yield from (f"the column {expression_text(c.expr)}" for c in query.compute if not capabilities.compute(c.expr))
    if query.expand:
        yield "expansions"
    exact = all(match is Match.EXACT for match in matches.values())
    for name, asked, declared in (
        ("skip", query.skip > 0, capabilities.skip),
        ("top", query.top is not None, capabilities.top),
        ("count", query.count, capabilities.count),
    ):
        if asked and not declared:
            yield name
        elif asked and not exact:
            yield f"{name} together with a condition that is checked again"


def accepted(expr: Expr | None, capabilities: Capabilities) -> tuple[list[Expr], bool]:
    """The conjuncts that the source takes, and whether it answers all of them exactly."""
    matches = [(conjunct, capabilities.match(conjunct)) for conjunct in conjuncts(expr)]
    taken = [conjunct for conjunct, match in matches if match is not Match.NO]
    return taken, all(match is Match.EXACT for _, match in matches)
