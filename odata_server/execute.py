"""Runs a plan: pulls the source's pages, finishes what the source could not answer, reads related rows in batches.

Related rows, for ``$expand`` and for conditions that the source declined, cost one read per navigation and batch of
keys, never one per row.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, cast

from edm.aggregate import derived, finished
from edm.errors import ODataError
from edm.evaluate import Environment, RowMapping, compile_expression, sort_rows
from edm.expressions import IT, Const, Expr, Prop, call, columns_of, conjunction
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import CollectionType
from edm.query import Query, narrowed
from erp_adapters.base import Adapter, Page, Row, Session, TimedOut, over_budget
from odata_server.fetched import Fetched, said
from odata_server.plan import Plan, navigations_of, plan, plan_derived
from odata_server.semijoin import Paged, paged, reduced

#: Keys in one read of related rows: few enough for every ERP, enough to make round trips rare.
BATCH_KEYS = 500


@dataclass(frozen=True, slots=True)
class Result:
    """Rows in ``query.columns`` order. ``count`` only if the query asked for it."""

    rows: list[Row]
    count: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Engine:
    """Answers queries from one adapter, within a budget of rows that may be read and thrown away.

    ``metadata`` is the caller's view. Conditions may name more than that: row scopes are rules of the ``whole`` model.
    """

    metadata: ServiceMetadata
    whole: ServiceMetadata
    adapter: Adapter
    scan_budget: int = 50_000
    max_expanded: int = 50_000

    def plan(self, query: Query) -> Plan:
        entity_set = self.whole[query.entity_set]
        capabilities = self.adapter.capabilities(entity_set)
        if query.source is None:
            return plan(query, entity_set, capabilities)
        return plan_derived(query, capabilities, self.plan)

    def run(self, query: Query, session: Session) -> Result:
        """The whole answer to ``query``; raises ``ODataError`` when the budget or the deadline is used up."""
        spent, began = session.timings, time.perf_counter()
        made, already = self.plan(query), spent.read_seconds
        spent.plan_seconds += time.perf_counter() - began
        try:
            return self._run(made, session)
        finally:  # reads within this one are part of it
            spent.read_seconds = already + time.perf_counter() - began

    def rows(self, made: Plan, session: Session) -> list[Row]:
        """The rows of the answer that a plan gives."""
        return self._run(made, session).rows

    def _run(self, made: Plan, session: Session, limit: int | None = None) -> Result:
        """The answer; raises ``ODataError`` for more than ``limit`` rows."""
        if session.remaining() > 0:
            made = reduced(self, made, session) or made
        if made.empty:
            return Result([], 0 if made.query.count else None, made.notes)
        if session.remaining() <= 0:
            raise TimedOut("deadline passed before the ERP was asked")
        if made.parts:
            return self._derived(made, session)
        with closing(cast("_Closable", self.adapter.read(made.pushed, session))) as pages:
            if made.complete:
                return _gathered(pages, made, limit)
            return _Finish(self, made, session).rows(pages)

    def _derived(self, made: Plan, session: Session) -> Result:
        """The rows of a query that the source does not make of others by itself."""
        assert made.query.source is not None
        given: list[list[RowMapping]] = []
        left = self.scan_budget
        for part in made.parts:
            rows = self._run(part, session, left).rows
            left -= len(rows)
            given.append([dict(zip(part.query.columns, row, strict=True)) for row in rows])
        rows, number = finished(made.query, derived(made.query.source, given), self.whole)
        return Result(rows, number if made.query.count else None, made.notes)

    # --- related rows ---------------------------------------------------------------------------------

    def related(
        self,
        query: Query,
        navigation: NavigationProperty,
        values: Iterable[tuple[Any, ...]],
        session: Session,
        most: int | None = None,
    ) -> dict[tuple[Any, ...], list[Row]]:
        """Rows of ``query`` by the values of the properties that ``navigation`` joins on.

        ``query.columns`` must hold those properties. The order of ``query`` holds within each list. Reading ends when
        there are more than ``most`` rows.
        """
        others = tuple(pair[1] for pair in navigation.on)
        positions = [query.columns.index(name) for name in others]
        found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        wanted = list(dict.fromkeys(v for v in values if None not in v))
        for start in range(0, len(wanted), BATCH_KEYS):
            batch = wanted[start : start + BATCH_KEYS]
            condition = self._one_of(query.entity_set, others, batch)
            rows = self.run(narrowed(query, condition).with_(top=None if most is None else most + 1), session).rows
            for row in rows:
                found[tuple(row[i] for i in positions)].append(row)
            if most is not None and (most := most - len(rows)) < 0:
                break
        return found

    def answers(self, query: Query) -> bool:
        """Whether the source makes the rows of ``query`` of others by itself."""
        return self.adapter.capabilities(self.whole[query.entity_set]).derive(query)

    def fetched(self, session: Session, spend: Callable[[int], None], exprs: Iterable[Expr]) -> Fetched:
        """An empty store of the related rows that the expressions need, which reads through this engine."""
        read = partial(self._related_of, session)
        return Fetched(self.whole, read, spend, said(exprs))

    def _related_of(
        self, session: Session, query: Query, link: NavigationProperty, values: Iterable[tuple[Any, ...]]
    ) -> dict[tuple[Any, ...], list[Row]]:
        return self.related(query, link, values, session)

    def _one_of(self, entity_set: str, names: tuple[str, ...], values: Sequence[tuple[Any, ...]]) -> Expr:
        parts: list[Expr] = []
        for index, name in enumerate(names):
            found = self.whole[entity_set].type.property(name)
            assert found is not None
            prop = Prop((name,), found.type, IT, found.nullable)
            several = Const(tuple(dict.fromkeys(v[index] for v in values)), CollectionType(found.type))
            parts.append(call("in", prop, several))
        condition = conjunction(*parts)
        assert condition is not None
        return condition


def answering(
    adapter: Adapter, metadata: ServiceMetadata, scan_budget: int = 50_000
) -> Callable[[Query, Session], tuple[Sequence[Row], int | None]]:
    """What answers every query with an adapter's help: rows, and their number if the query asks for it. The adapter kit
    takes this function as its engine."""
    engine = Engine(metadata, metadata, adapter, scan_budget)

    def answer(query: Query, session: Session) -> tuple[Sequence[Row], int | None]:
        result = engine.run(query, session)
        return result.rows, result.count

    return answer


class _Closable(Iterator[Page]):
    """What ``Adapter.read`` gives: an iterator; generators can be closed early."""

    def close(self) -> None: ...


def _gathered(pages: Iterable[Page], made: Plan, limit: int | None) -> Result:
    rows: list[Row] = []
    count: int | None = None
    for page in pages:
        count = page.count if page.count is not None else count
        rows.extend(page.rows)
        if limit is not None and len(rows) > limit:
            raise ODataError(
                "scan_budget_exceeded",
                f"Aggregating needs more rows of {made.query.entity_set} than may be read for one answer, because the"
                " ERP cannot do all of it.",
                target="$apply",
                hint="Begin with a filter: $apply=filter(...)/...",
            )
    return Result(rows, count, made.notes)


@dataclass(slots=True)
class _Finish:
    """The engine's part of one plan."""

    engine: Engine
    made: Plan
    session: Session
    scanned: int = 0
    pushed_count: int | None = None
    entity_set: EntitySet = field(init=False)
    fetched: Fetched = field(init=False)
    paged: Paged = field(init=False)

    def __post_init__(self) -> None:
        self.entity_set = self.engine.whole[self.made.query.entity_set]
        self.fetched = self.engine.fetched(self.session, self._spend, self._exprs(self.made.residual))
        self.paged = paged(self.engine, self.made, self.session)

    def rows(self, pages: Iterable[Page]) -> Result:
        kept = self._kept(pages)
        made = self.made
        if made.orderby:
            kept = iter(sort_rows(kept, made.orderby, self.engine.whole, self._scope(), self.fetched.related))
        if made.count:
            everything = list(kept)
            return self._result(everything[made.skip :][: made.top], len(everything))
        stop = None if made.top is None else made.skip + made.top
        return self._result(list(islice(kept, made.skip, stop)), self.pushed_count)

    def _scope(self) -> Mapping[str, EntitySet]:
        return {IT: self.entity_set}

    def _kept(self, pages: Iterable[Page]) -> Iterator[Environment]:
        """Environments of the rows that pass the residue."""
        residual, names = self.paged.residual, self.made.pushed.columns
        keep = None
        if residual is not None:
            keep = compile_expression(residual, self.engine.whole, self._scope(), self.fetched.related)
        needs_related = self._navigations()
        for page in pages:
            self.pushed_count = page.count if page.count is not None else self.pushed_count
            self._spend(len(page.rows))
            environments: list[Environment] = [{IT: dict(zip(names, row, strict=True))} for row in page.rows]
            self.paged.fill(environments)
            self.fetched.fetch(self.entity_set, [e[IT] for e in environments], needs_related)
            yield from environments if keep is None else (e for e in environments if keep(e) is True)

    def _exprs(self, residual: Expr | None) -> list[Expr]:
        """What is evaluated here."""
        made = self.made
        exprs = [c.expr for c in made.compute] + [i.expr for i in made.orderby]
        return exprs if residual is None else [*exprs, residual]

    def _navigations(self) -> tuple[tuple[str, ...], ...]:
        exprs = self._exprs(self.paged.residual)
        return tuple(dict.fromkeys(path for expr in exprs for path in navigations_of(expr)))

    def _spend(self, rows: int) -> None:
        self.scanned += rows
        if self.scanned > self.engine.scan_budget:
            raise self._too_much()
        if self.session.remaining() <= 0:
            raise TimedOut("deadline passed while the engine finished the query")

    def _too_much(self) -> ODataError:
        culprit = self.made.residual or next((i.expr for i in self.made.orderby), None)
        names = columns_of(culprit) if culprit is not None else ()
        return over_budget(self.entity_set.name, names, self.engine.scan_budget)

    def _result(self, environments: Sequence[Environment], count: int | None) -> Result:
        metadata, columns = self.engine.whole, self.made.query.columns
        computed = {
            c.name: compile_expression(c.expr, metadata, self._scope(), self.fetched.related) for c in self.made.compute
        }
        rows = [
            tuple(computed[name](env) if name in computed else env[IT][name] for name in columns)
            for env in environments
        ]
        return Result(rows, count, self.made.notes)
