"""Reads what ``$expand`` asks for: one read per navigation property and batch of parents, then sliced per parent.

The outcome is a tree of ``Entities`` as deep as the expansion; related rows that several parents share stand there
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.errors import ODataError
from edm.model import EntitySet, NavigationProperty
from edm.query import Expansion, Query
from erp_adapters.base import Row, Session
from odata_server.execute import Engine


@dataclass(frozen=True, slots=True)
class Related:
    """What one expansion brought. ``groups[i]`` are positions in ``entities.rows`` for parent row ``i``.

    ``counts[i]`` is the number before slicing. ``next_skip[i]`` is where a next link continues, or ``None``.
    """

    expansion: Expansion
    navigation: NavigationProperty
    entities: "Entities"
    groups: tuple[tuple[int, ...], ...]
    counts: tuple[int, ...]
    next_skip: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Entities:
    """Rows in ``columns`` order, of which the first ``visible`` are shown, and what they expand to."""

    entity_set: EntitySet
    query: Query
    columns: tuple[str, ...]
    rows: Sequence[Row]
    related: tuple[Related, ...] = ()
    visible: int = field(default=0)


def read_columns(entity_set: EntitySet, query: Query, *more: str) -> tuple[str, ...]:
    """The columns to read: those shown first, then the key, the ends of expanded navigation, and ``more``."""
    links = (entity_set.type.navigation_property(e.navigation) for e in query.expand)
    ends = (own for link in links if link is not None for own, _ in link.on)
    return tuple(dict.fromkeys((*query.columns, entity_set.type.key, *ends, *more)))


def expand(
    engine: Engine,
    entity_set: EntitySet,
    query: Query,
    columns: tuple[str, ...],
    rows: Sequence[Row],
    session: Session,
    limit: int,
) -> Entities:
    """The rows with everything that ``query.expand`` asks for, at most ``limit`` related rows per parent."""
    related = tuple(_expand_one(engine, entity_set, e, columns, rows, session, limit) for e in query.expand)
    return Entities(entity_set, query, columns, rows, related, len(query.columns))


def _expand_one(
    engine: Engine,
    entity_set: EntitySet,
    expansion: Expansion,
    columns: tuple[str, ...],
    rows: Sequence[Row],
    session: Session,
    limit: int,
) -> Related:
    link = entity_set.type.navigation_property(expansion.navigation)
    assert link is not None
    target = engine.metadata.target(link)
    query = expansion.query
    child_columns = read_columns(target, query, *(other for _, other in link.on))
    positions = [columns.index(own) for own, _ in link.on]
    parents = [tuple(row[i] for i in positions) for row in rows]
    asked = query.with_(columns=child_columns, expand=(), skip=0, top=None, count=False)
    left = engine.max_expanded - session.timings.rows_expanded
    found = engine.related(asked, link, parents, session, left)
    session.timings.rows_expanded += sum(map(len, found.values()))
    if session.timings.rows_expanded > engine.max_expanded:
        raise ODataError(
            "limit_exceeded",
            f"$expand={expansion.navigation} brings more than {engine.max_expanded} rows (limit max_expanded).",
            target="$expand",
            hint="Ask for fewer rows with $top, or narrow the expansion with $filter.",
        )
    flat, places = _flattened(found, query, link.collection, limit)
    entities = expand(engine, target, query, child_columns, flat, session, limit)
    return Related(
        expansion,
        link,
        entities,
        tuple(places.get(parent, ((), 0, None))[0] for parent in parents),
        tuple(places.get(parent, ((), 0, None))[1] for parent in parents),
        tuple(places.get(parent, ((), 0, None))[2] for parent in parents),
    )


_Place = tuple[tuple[int, ...], int, int | None]


def _flattened(
    found: dict[tuple[Any, ...], list[Row]], query: Query, collection: bool, per_parent: int
) -> tuple[list[Row], dict[tuple[Any, ...], _Place]]:
    """The rows of all parents in one list, and each parent's slice of it, at most ``per_parent`` rows."""
    flat: list[Row] = []
    places: dict[tuple[Any, ...], _Place] = {}
    for value, rows in found.items():
        wanted = rows[query.skip :] if collection else rows[:1]
        limit = len(wanted) if query.top is None else min(query.top, len(wanted))
        kept = wanted[: min(limit, per_parent)]
        start = len(flat)
        flat.extend(kept)
        rest = query.skip + len(kept) if limit > len(kept) else None
        places[value] = (tuple(range(start, len(flat))), len(rows), rest)
    return flat, places
