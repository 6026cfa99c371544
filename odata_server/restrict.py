"""Narrows a bound request to the rows that the caller may see: its row scope becomes a conjunct of every query."""

from dataclasses import replace

from edm.expressions import conjunction, through
from edm.model import ServiceMetadata
from edm.query import Expansion, Query, each_set
from odata_server.auth import Principal
from odata_server.uri.bound import BoundRequest


def restrict(bound: BoundRequest, principal: Principal, view: ServiceMetadata) -> BoundRequest:
    """``bound`` with the caller's row scope in the queries for the rows, in every set that ``$apply`` reads, for
    every parent on the way, and for every expansion. Conditions on related rows inside a filter follow with row rules.
    """

    def scope(leaf: Query) -> Query:
        entity_set = view[leaf.entity_set]
        parts = [principal.row_scope(entity_set), leaf.filter]
        for end, name in enumerate(leaf.via, 1):
            link = entity_set.type.navigation_property(name)
            assert link is not None
            entity_set = view.target(link)
            condition = principal.row_scope(entity_set)
            parts.insert(0, condition and through(condition, leaf.via[:end]))
        return leaf.with_(filter=conjunction(*parts))

    def scoped(query: Query) -> Query:
        return each_set(query, scope).with_(expand=tuple(_within(e) for e in query.expand))

    def _within(expansion: Expansion) -> Expansion:
        return replace(expansion, query=scoped(expansion.query))

    hops = tuple(replace(hop, query=scoped(hop.query)) for hop in bound.hops)
    return replace(bound, hops=hops, query=scoped(bound.query) if bound.query else None)
