"""Narrows a bound request to the rows that the caller may see: its row scope becomes a conjunct of every query."""

from dataclasses import replace

from edm.expressions import conjunction
from edm.model import ServiceMetadata
from edm.query import Expansion, Query
from odata_server.auth import Principal
from odata_server.uri.bound import BoundRequest


def restrict(bound: BoundRequest, principal: Principal, view: ServiceMetadata) -> BoundRequest:
    """``bound`` with the caller's row scope in the queries for the rows, for every parent on the way, and for every
    expansion. Conditions on related rows inside a filter follow with row rules."""

    def scoped(query: Query) -> Query:
        return query.with_(
            filter=conjunction(principal.row_scope(view[query.entity_set]), query.filter),
            expand=tuple(_within(e) for e in query.expand),
        )

    def _within(expansion: Expansion) -> Expansion:
        return replace(expansion, query=scoped(expansion.query))

    hops = tuple(replace(hop, query=scoped(hop.query)) for hop in bound.hops)
    return replace(bound, hops=hops, query=scoped(bound.query) if bound.query else None)
