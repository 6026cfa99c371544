"""What ``$expand`` nests may compare a related row with the row that the resource path found (``$it``).

No source is asked that: it would be a question per row. The related rows of all parents are read as ever, and this
finishes them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edm.evaluate import Evaluate, RowMapping, compile_expression, sort_rows
from edm.expressions import IT, OUTER, Expr, columns_of, conjunction, conjuncts, mentions
from edm.model import EntitySet, ServiceMetadata
from edm.query import ComputeItem, OrderItem, Query
from erp_adapters.base import Row
from odata_server.fetched import Fetched
from odata_server.plan import navigations_of


def expressions_of(query: Query) -> Iterator[Expr]:
    """Every expression of a query, those of its expansions included."""
    if query.filter is not None:
        yield query.filter
    yield from (item.expr for item in query.orderby)
    yield from (item.expr for item in query.compute)
    for expansion in query.expand:
        if expansion.number is not None:
            yield expansion.number
        yield from expressions_of(expansion.query)


def correlated(query: Query) -> bool:
    """Whether the query or anything within needs the outer row."""
    return any(mentions(expr, OUTER) for expr in expressions_of(query))


def outer_columns(entity_set: EntitySet, query: Query) -> tuple[str, ...]:
    """The properties of the rows of ``query`` that its expansions need of the outer row."""
    return _needed(entity_set, [e for x in query.expand for e in expressions_of(x.query)], OUTER)


def _needed(entity_set: EntitySet, exprs: Iterable[Expr], variable: str) -> tuple[str, ...]:
    names: list[str] = []
    for expr in exprs:
        names.extend(columns_of(expr, variable))
        for path in navigations_of(expr, variable):
            link = entity_set.type.navigation_property(path[0])
            assert link is not None
            names.extend(own for own, _ in link.on)
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Correlation:
    """A query split in two: ``asked`` is what a source can be asked, the rest needs the outer row."""

    query: Query
    asked: Query
    residual: Expr | None
    orderby: tuple[OrderItem, ...]
    compute: tuple[ComputeItem, ...]

    @property
    def exprs(self) -> tuple[Expr, ...]:
        found = [*(i.expr for i in self.orderby), *(c.expr for c in self.compute)]
        return tuple(found if self.residual is None else [self.residual, *found])


def split(entity_set: EntitySet, query: Query) -> Correlation | None:
    """The split; ``None`` if ``query`` itself needs no outer row."""
    parts = conjuncts(query.filter)
    residual = conjunction(*(p for p in parts if mentions(p, OUTER)))
    compute = tuple(c for c in query.compute if mentions(c.expr, OUTER))
    orderby = query.orderby if any(mentions(i.expr, OUTER) for i in query.orderby) else ()
    made = Correlation(query, query, residual, orderby, compute)
    if not made.exprs:
        return None
    names = {c.name for c in compute}
    columns = (*(n for n in query.columns if n not in names), *_needed(entity_set, made.exprs, IT))
    asked = query.with_(
        columns=tuple(dict.fromkeys(columns)),
        filter=conjunction(*(p for p in parts if not mentions(p, OUTER))),
        orderby=() if orderby else query.orderby,
        compute=tuple(c for c in query.compute if c not in compute),
    )
    return Correlation(query, asked, residual, orderby, compute)


class Finisher:
    """Finishes the related rows of one outer row after the other. ``outer`` are all outer rows that there are,
    ``rows`` all related rows in ``asked.columns`` order: what they lead to is fetched at once.
    """

    def __init__(
        self,
        correlation: Correlation,
        metadata: ServiceMetadata,
        fetched: Fetched,
        outer: tuple[EntitySet, Sequence[RowMapping]],
        rows: Sequence[Row],
    ) -> None:
        made, entity_set = correlation, metadata[correlation.query.entity_set]
        self._made, self._metadata, self._fetched = made, metadata, fetched
        self._scope = {IT: entity_set, OUTER: outer[0]}
        mappings = [dict(zip(made.asked.columns, row, strict=True)) for row in rows]
        fetched.fetch(entity_set, mappings, [p for e in made.exprs for p in navigations_of(e, IT)])
        fetched.fetch(outer[0], outer[1], [p for e in made.exprs for p in navigations_of(e, OUTER)])
        self._keep = None if made.residual is None else self._compiled(made.residual)
        self._computed = {c.name: self._compiled(c.expr) for c in made.compute}

    def _compiled(self, expr: Expr) -> Evaluate:
        return compile_expression(expr, self._metadata, self._scope, self._fetched.related)

    def rows(self, outer: RowMapping, rows: Sequence[Row]) -> list[Row]:
        """Of the rows related to one parent those that pass, sorted, in ``query.columns`` order."""
        made, keep, computed = self._made, self._keep, self._computed
        found = [{IT: dict(zip(made.asked.columns, row, strict=True)), OUTER: outer} for row in rows]
        if keep is not None:
            found = [env for env in found if keep(env) is True]
        if made.orderby:
            found = sort_rows(found, made.orderby, self._metadata, self._scope, self._fetched.related)
        return [
            tuple(computed[name](env) if name in computed else env[IT][name] for name in made.query.columns)
            for env in found
        ]
