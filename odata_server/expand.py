"""Reads what ``$expand`` asks for: one read per navigation property and batch of parents, sliced per parent by the
source if it can, otherwise here.

The outcome is a tree of ``Entities`` as deep as the expansion; related rows that several parents share stand there
once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from edm.errors import ODataError
from edm.evaluate import RowMapping
from edm.expressions import Prop
from edm.model import EntitySet, NavigationProperty
from edm.query import ComputeItem, Expansion, Query, Ranking
from erp_adapters.base import Row, Session
from odata_server.correlate import Finisher, correlated, outer_columns, split
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
    numbers = (item.name for item in numbers_of(query))
    return tuple(dict.fromkeys((*query.columns, entity_set.type.key, *ends, *numbers, *more)))


def numbers_of(query: Query) -> tuple[ComputeItem, ...]:
    """What ``$expand=Nav/$count`` asks for, as columns of the rows themselves."""
    return tuple(ComputeItem(_number_of(e), e.number) for e in query.expand if e.number is not None)


def _number_of(expansion: Expansion) -> str:
    """The column of a number; no property has such a name."""
    return f"{expansion.navigation}/$count"


def root_columns(entity_set: EntitySet, query: Query, *more: str) -> tuple[str, ...]:
    """The columns to read of the rows that the resource path finds: also those that expansions compare with."""
    return read_columns(entity_set, query, *outer_columns(entity_set, query), *more)


def expansions(query: Query, path: str = "") -> Iterator[tuple[str, Query]]:
    """Every expansion that reads rows, nested ones included, by its path."""
    for each in query.expand:
        if each.number is None:
            yield f"{path}{each.navigation}", each.query
            yield from expansions(each.query, f"{path}{each.navigation}/")


@dataclass(frozen=True, slots=True)
class PerParent:
    """Related rows of one parent in an answer: after ``page`` a next link follows; ``most`` is the largest page."""

    page: int
    most: int


def expand(
    engine: Engine,
    entity_set: EntitySet,
    query: Query,
    columns: tuple[str, ...],
    rows: Sequence[Row],
    session: Session,
    limits: PerParent,
) -> Entities:
    """The rows that the resource path found, with everything that ``query.expand`` asks for."""
    outer: Sequence[RowMapping] = ()
    if any(correlated(e.query) for e in query.expand):
        outer = [dict(zip(columns, row, strict=True)) for row in rows]
    expanding = _Expanding(engine, session, limits, entity_set, outer)
    return expanding.entities(entity_set, query, columns, rows, range(len(rows)))


#: What the related rows of a parent depend on: the values it joins on, and its outer row if that matters.
_Place = tuple[tuple[Any, ...], int | None]


@dataclass(frozen=True, slots=True)
class _Slice:
    """One parent's part of the related rows: their positions, their number before slicing, where a next link
    continues.
    """

    positions: tuple[int, ...] = ()
    count: int = 0
    next_skip: int | None = None


@dataclass(frozen=True, slots=True)
class _Expanding:
    """One request's expansion. ``outer`` are the rows that the resource path found, of ``outer_set``."""

    engine: Engine
    session: Session
    limits: PerParent
    outer_set: EntitySet
    outer: Sequence[RowMapping]

    def entities(
        self, entity_set: EntitySet, query: Query, columns: tuple[str, ...], rows: Sequence[Row], origins: Sequence[int]
    ) -> Entities:
        """The rows with their expansions. ``origins[i]`` is the outer row that led to row ``i``."""
        related = tuple(self._related(entity_set, e, columns, rows, origins) for e in query.expand)
        return Entities(entity_set, query, columns, rows, related, len(query.columns))

    def _related(
        self,
        entity_set: EntitySet,
        expansion: Expansion,
        columns: tuple[str, ...],
        rows: Sequence[Row],
        origins: Sequence[int],
    ) -> Related:
        link = entity_set.type.navigation_property(expansion.navigation)
        assert link is not None
        target = self.engine.metadata.target(link)
        if expansion.number is not None:
            at, nothing = columns.index(_number_of(expansion)), Entities(target, expansion.query, (), ())
            none: tuple[None, ...] = (None,) * len(rows)
            return Related(expansion, link, nothing, ((),) * len(rows), tuple(row[at] for row in rows), none)
        depends = correlated(expansion.query)
        own = [columns.index(name) for name, _ in link.on]
        parents: list[_Place] = [
            (tuple(row[i] for i in own), origin if depends else None) for row, origin in zip(rows, origins, strict=True)
        ]
        child_columns = read_columns(target, expansion.query, *(other for _, other in link.on))
        # What is compared with the outer row has no URL of its own: no next link, so no smaller pages either.
        limit = self.limits.most if depends else self.limits.page
        asked = self._asked(expansion.query, child_columns)
        sliced = None if depends or not link.collection else self._sliced(asked, expansion.query, link, limit)
        found = self._found(expansion, link, sliced or asked, dict.fromkeys(parents))
        skipped = expansion.query.skip if sliced else 0
        flat, slices = _flattened(found, expansion.query, link.collection, limit, skipped)
        if depends and any(part.next_skip is not None for part in slices.values()):
            raise _too_many(expansion, f"more than {limit} rows of one parent, and no next link can say $it")
        child_origins = [origin or 0 for (_, origin), part in slices.items() for _ in part.positions]
        entities = self.entities(target, expansion.query, child_columns, flat, child_origins)
        chosen = [slices.get(parent, _Slice()) for parent in parents]
        return Related(
            expansion,
            link,
            entities,
            tuple(s.positions for s in chosen),
            tuple(s.count for s in chosen),
            tuple(s.next_skip for s in chosen),
        )

    def _asked(self, query: Query, columns: tuple[str, ...]) -> Query:
        """All related rows that pass the options, whatever the slice."""
        return query.with_(
            columns=columns, compute=(*query.compute, *numbers_of(query)), expand=(), skip=0, top=None, count=False
        )

    def _sliced(self, asked: Query, query: Query, link: NavigationProperty, limit: int) -> Query | None:
        """Of ``asked`` what each parent shows, and one row more where a next link may follow; ``None`` if the source
        cannot cut per parent, or if more has to be known than the slice: the number of all, or an order by what is no
        column.
        """
        order = [item.expr for item in query.orderby]
        if query.top is None or query.count or not all(isinstance(e, Prop) and len(e.path) == 1 for e in order):
            return None
        names = (expr.name for expr in order if isinstance(expr, Prop))
        of = asked.with_(columns=tuple(dict.fromkeys((*asked.columns, *names))))
        parents = tuple(other for _, other in link.on)
        rows = Ranking(of, parents, "count", Decimal(min(query.top, limit + 1)), skip=query.skip)
        sliced = Query(asked.entity_set, asked.columns, orderby=query.orderby, source=rows)
        return sliced if self.engine.answers(sliced) else None

    def _found(
        self, expansion: Expansion, link: NavigationProperty, query: Query, places: Collection[_Place]
    ) -> Mapping[_Place, list[Row]]:
        """The related rows of each place that ``query`` brings, in order."""
        engine, session = self.engine, self.session
        target = engine.metadata.target(link)
        made = split(target, query)
        left = engine.max_expanded - session.timings.rows_expanded
        rows = engine.related(made.asked if made else query, link, (value for value, _ in places), session, left)
        session.timings.rows_expanded += sum(len(rows.get(value, ())) for value, _ in places)
        if session.timings.rows_expanded > engine.max_expanded:
            raise _too_many(expansion, f"more than {engine.max_expanded} rows (limit max_expanded)")
        if made is None:
            return {(value, origin): rows[value] for value, origin in places if value in rows}
        fetched = engine.fetched(session, _Budget(expansion, engine.scan_budget).spend, made.exprs)
        everything = [row for own in rows.values() for row in own]
        finisher = Finisher(made, engine.metadata, fetched, (self.outer_set, self.outer), everything)
        return {(v, o): finisher.rows(self.outer[o or 0], rows[v]) for v, o in places if v in rows}


@dataclass(slots=True)
class _Budget:
    """Rows that may still be read only to compare others with them."""

    expansion: Expansion
    left: int

    def spend(self, rows: int) -> None:
        self.left -= rows
        if self.left < 0:
            raise _too_many(self.expansion, "more rows to compare with than may be read (limit scan_budget)")


def _too_many(expansion: Expansion, what: str) -> ODataError:
    return ODataError(
        "limit_exceeded",
        f"$expand={expansion.navigation} brings {what}.",
        target="$expand",
        hint="Ask for fewer rows with $top, or narrow the expansion with $filter.",
    )


def _flattened(
    found: Mapping[_Place, list[Row]], query: Query, collection: bool, per_parent: int, skipped: int
) -> tuple[list[Row], dict[_Place, _Slice]]:
    """The rows of all parents in one list, and each parent's slice of it, at most ``per_parent`` rows. Of each parent
    ``skipped`` rows have been left out already.
    """
    flat: list[Row] = []
    slices: dict[_Place, _Slice] = {}
    for place, rows in found.items():
        wanted = rows[query.skip - skipped :] if collection else rows[:1]
        limit = len(wanted) if query.top is None else min(query.top, len(wanted))
        kept = wanted[: min(limit, per_parent)]
        start = len(flat)
        flat.extend(kept)
        rest = query.skip + len(kept) if limit > len(kept) else None
        slices[place] = _Slice(tuple(range(start, len(flat))), len(rows), rest)
    return flat, slices
