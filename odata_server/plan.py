"""Splits a query into what the source answers and what the engine must finish. A straight line, each refusal a note.

Nothing is pushed that could lose rows: a conjunct that the source answers inexactly is pushed as a hint and checked
again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edm.capabilities import Capabilities, Match
from edm.expressions import FALSE, IT, CountOf, Expr, Lambda, Prop, columns_of, conjunction, conjuncts, walk
from edm.model import EntitySet
from edm.query import ComputeItem, Concat, Grouping, OrderItem, Query, Ranking, inputs, rebuilt
from edm.text import expression_text, orderby_text
from odata_server.normalise import normalise


@dataclass(frozen=True, slots=True)
class Plan:
    """``pushed`` goes to the source. The engine then applies ``residual``, ``compute``, ``orderby``, ``skip`` and
    ``top``, and counts if ``count``. ``empty`` means that no row can pass: nobody is asked. With ``parts`` nothing of
    the query itself is pushed: the engine makes its rows of theirs.
    """

    query: Query
    pushed: Query
    residual: Expr | None = None
    compute: tuple[ComputeItem, ...] = ()
    orderby: tuple[OrderItem, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False
    empty: bool = False
    parts: tuple["Plan", ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the source's answer is the answer."""
        left = self.residual or self.compute or self.orderby or self.skip or self.count or self.parts
        return not left and self.top is None

    def noted(self, *notes: str) -> "Plan":
        """The plan with further notes."""
        return replace(self, notes=tuple(dict.fromkeys((*notes, *self.notes))))

    @property
    def sent(self) -> tuple[Query, ...]:
        """The queries that go to the source."""
        return tuple(query for part in self.parts for query in part.sent) if self.parts else (self.pushed,)


def plan(query: Query, entity_set: EntitySet, capabilities: Capabilities) -> Plan:
    """The plan for ``query`` (without ``expand``, which the engine reads in batches of its own)."""
    wanted = normalise(query.filter)
    bare = query.with_(filter=wanted, expand=())
    if wanted == FALSE:
        return Plan(query, bare, count=query.count, empty=True, notes=("no row can pass the filter: nobody is asked",))
    notes: list[str] = []
    pushed_filter, residual = _split(wanted, capabilities, notes)
    sorts = all(capabilities.sort(item.expr) for item in query.orderby)
    if not sorts:
        notes.append(f"sorted here: {orderby_text(query.orderby)}")
    computed = tuple(c for c in query.compute if not capabilities.compute(c.expr))
    asked = tuple(c for c in query.compute if c not in computed)
    slices = residual is None and sorts
    top = query.top if slices and capabilities.top and (capabilities.skip or not query.skip) else None
    skip = query.skip if slices and capabilities.skip else 0
    if query.top is not None and top is None:
        notes.append(f"top {query.top} kept here")
    counts = query.count and residual is None and capabilities.count
    if query.count and not counts:
        notes.append("counted here")
    if (query.count and not counts) or (query.skip and not skip):
        top = None  # the engine has to see the rows it counts or skips
    left_order = () if sorts else query.orderby
    pushed = bare.with_(
        columns=_columns(
            query,
            entity_set,
            [c.name for c in asked],
            [*(c.expr for c in computed), *(i.expr for i in left_order), residual],
        ),
        filter=pushed_filter,
        orderby=query.orderby if sorts else (),
        skip=skip,
        top=top,
        count=counts,
        compute=asked,
    )
    return Plan(
        query=query,
        pushed=pushed,
        residual=residual,
        compute=computed,
        orderby=left_order,
        skip=query.skip if query.skip and not skip else 0,
        top=query.top if top is None else None,
        count=query.count and not counts,
        notes=tuple(notes),
    )


_MADE = {Query: "narrowed", Grouping: "grouped", Ranking: "ranked", Concat: "put together"}


def plan_derived(query: Query, capabilities: Capabilities, part: Callable[[Query], Plan]) -> Plan:
    """The plan for a query whose rows are made of others: pushed whole or made here, of what ``part`` plans."""
    query = _normalised(query)
    assert query.source is not None
    if capabilities.derive(query):
        return Plan(query, query)
    parts = tuple(map(part, inputs(query.source)))
    notes = (*(note for made in parts for note in made.notes), f"{_MADE[type(query.source)]} here")
    return Plan(query, query, parts=parts, notes=tuple(dict.fromkeys(notes)))


def _normalised(query: Query) -> Query:
    """With every filter in the form that sources answer best."""
    query = query.with_(filter=normalise(query.filter))
    if query.source is None:
        return query
    return query.with_(source=rebuilt(query.source, [_normalised(of) for of in inputs(query.source)]))


def _split(wanted: Expr | None, capabilities: Capabilities, notes: list[str]) -> tuple[Expr | None, Expr | None]:
    pushed: list[Expr] = []
    residual: list[Expr] = []
    for conjunct in conjuncts(wanted):
        match = capabilities.match(conjunct)
        if match is not Match.NO:
            pushed.append(conjunct)
        if match is not Match.EXACT:
            residual.append(conjunct)
            how = "checked again here" if match is Match.INEXACT else "kept here"
            notes.append(f"{how}: {expression_text(conjunct)}")
    return conjunction(*pushed), conjunction(*residual)


def _columns(
    query: Query, entity_set: EntitySet, pushed: Sequence[str], finished: Sequence[Expr | None]
) -> tuple[str, ...]:
    """What has to be read: the columns asked for (those that the source computes in their place), because a complete
    answer is passed on as it is; then what ``finished`` needs here.
    """
    properties = entity_set.type.names
    needed = [name for name in query.columns if name in properties or name in pushed]
    for expr in finished:
        if expr is None:
            continue
        needed.extend(columns_of(expr))
        for path in navigations_of(expr):
            link = entity_set.type.navigation_property(path[0])
            assert link is not None
            needed.extend(own for own, _ in link.on)
    return tuple(dict.fromkeys(needed))


def navigations_of(expr: Expr, variable: str = IT) -> tuple[tuple[str, ...], ...]:
    """The navigation paths from the row behind ``variable`` that evaluating ``expr`` follows."""
    paths: list[tuple[str, ...]] = []
    for node in walk(expr):
        if isinstance(node, Prop) and node.variable == variable and len(node.path) > 1:
            paths.append(node.path[:-1])
        if isinstance(node, Lambda | CountOf) and node.variable == variable:
            paths.append(node.path)
            if node.predicate is not None:
                paths.extend((*node.path, *inner) for inner in navigations_of(node.predicate, node.bound))
    return tuple(dict.fromkeys(paths))
