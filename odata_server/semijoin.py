"""Conditions on related rows that another source answers: the keys of the rows that meet them are read there, and the
condition becomes one on own columns.

``Customers?$filter=Invoices/any(i: i/Status eq 'Open')`` with the invoices elsewhere reads the customer numbers of open
invoices there and asks here for ``CustomerNumber in (...)``. Where there are too many keys, the rows here are read page
by page, and for each page the other source is asked which of its keys qualify. Either way a condition costs a few
reads, never one per row, and rows that do not qualify are not read from the other source at all.

A part of a condition is answered like that if the other source answers it alone and exactly. Everything else is left as
it is, for ``fetched``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edm.errors import ODataError
from edm.evaluate import Environment
from edm.expressions import IT, Call, Const, Expr, Prop, call, conjunction, conjuncts
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import BOOLEAN, CollectionType
from edm.query import Query, each_set, narrowed
from edm.text import expression_text
from erp_adapters.base import Row, Session, SourceError
from odata_server.plan import Plan, navigations_of
from odata_server.remote import Part, gathered, part_of, rewritten

#: Most keys that one condition may become; databases take such a list as one parameter.
MOST_KEYS = 5_000
#: Keys in one question about the rows of a page. Rows that are looked up by no more keys need no list of all that
#: qualify.
FEW_KEYS = 500


class Reads(Protocol):
    """What is needed of the engine."""

    @property
    def whole(self) -> ServiceMetadata: ...

    @property
    def scan_budget(self) -> int: ...

    def plan(self, query: Query) -> Plan: ...

    def rows(self, made: Plan, session: Session) -> Sequence[Row]: ...


#: The keys that a plan reads; ``None`` if they are too many.
Known = Callable[[Plan], frozenset[object] | None]


def reduced(engine: Reads, made: Plan, session: Session) -> Plan | None:
    """The plan with parts that other sources answer as lists of keys, which are read; ``None`` if there are none."""
    return _Reduction(engine, lambda asked: _read(engine, asked, session)).plan(made)


def _read(engine: Reads, made: Plan, session: Session) -> frozenset[object] | None:
    """Read once in a request. A value that cannot be computed may be one of a row that nobody asks for."""
    place = ("keys", made.query)
    if place not in session.memo:
        try:
            rows = engine.rows(made, session)
        except SourceError:
            raise
        except ODataError:
            rows = None
        top = made.query.top
        too_many = rows is None or (top is not None and len(rows) == top)
        session.memo[place] = None if rows is None or too_many else frozenset(row[0] for row in rows) - {None}
    found: frozenset[object] | None = session.memo[place]
    return found


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What ``explain`` shows: the plan with lists of keys that nobody has read, and what would read them."""

    plan: Plan
    asked: tuple[Plan, ...]


def foreseen(engine: Reads, made: Plan) -> Foreseen:
    """The plan as it will be, without reading anything. A list of keys is shown by what it is of."""
    asked: list[Plan] = []

    def note(keys: Plan) -> frozenset[object]:
        asked.append(keys)
        return frozenset({f"keys of {keys.query.entity_set}"})

    found = _Reduction(engine, note).plan(made)
    return Foreseen(found or made, tuple(asked) if found else ())


@dataclass(frozen=True, slots=True)
class _Reduction:
    """Makes conditions on own columns."""

    engine: Reads
    known: Known

    def plan(self, made: Plan) -> Plan | None:
        """The plan of the same query with parts reduced."""
        if not _navigates(made):
            return None
        notes: list[str] = []
        if made.query.source is None:
            query = self._leaf(made.query, made, notes)
        else:
            query = each_set(made.query, lambda leaf: self._leaf(leaf, self.engine.plan(leaf), notes))
        return self.engine.plan(query).noted(*notes) if notes else None

    def _leaf(self, query: Query, made: Plan, notes: list[str]) -> Query:
        """A query that reads an entity set, with its parts reduced."""
        entity_set = self.engine.whole[query.entity_set]
        if made.residual is None or not _navigates(made) or _few(made.pushed, entity_set):
            return query
        pushed = conjuncts(made.pushed.filter)
        rest = gathered((c for c in conjuncts(made.residual) if c not in pushed), entity_set)
        changed = [rewritten(c, lambda part: self._part(part, entity_set, notes)) for c in rest]
        return query.with_(filter=conjunction(*pushed, *changed)) if changed != rest else query

    def _part(self, expr: Expr, entity_set: EntitySet, notes: list[str]) -> Expr | None:
        part = part_of(expr, entity_set, self.engine.whole)
        if part is None:
            return None
        most = min(MOST_KEYS, self.engine.scan_budget)
        made = self.alone(part.keys.with_(top=most + 1))
        values = self.known(made) if made is not None else None
        if values is None:
            return None
        notes.append(f"first up to {most} keys of {part.keys.entity_set}: {expression_text(expr)}")
        return part.said(values)

    def alone(self, query: Query) -> Plan | None:
        """The plan by which another source answers ``query`` alone."""
        made = self.engine.plan(query)
        made = self.plan(made) or made
        return made if made.complete or made.empty else None


def _navigates(made: Plan) -> bool:
    """Whether a condition on related rows is left to the engine, in the plan or in one of its parts."""
    if made.parts:
        return any(map(_navigates, made.parts))
    return not made.empty and made.residual is not None and bool(navigations_of(made.residual))


def _few(query: Query, entity_set: EntitySet) -> bool:
    """Whether the rows are looked up by a few keys."""
    return any(_named(part, entity_set.type.key) for part in conjuncts(query.filter))


def _named(condition: Expr, key: str) -> bool:
    match condition:
        case Call(function="eq", args=(Prop(path=(name,), variable=variable), Const())):
            return variable == IT and name == key
        case Call(function="in", args=(Prop(path=(name,), variable=variable), Const(value=tuple() as values))):
            return variable == IT and name == key and len(values) <= FEW_KEYS
    return False


# --- page by page -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paged:
    """The parts of a condition that are asked about the rows of each page, each as a Boolean column of the rows."""

    engine: Reads
    session: Session
    residual: Expr | None
    parts: tuple[tuple[str, Part], ...] = ()

    def fill(self, rows: Iterable[Environment]) -> None:
        """Adds the columns."""
        for name, part in self.parts:
            values = {env[IT][part.own.name] for env in rows}
            found = self._found(part, [value for value in values if value is not None])
            for env in rows:
                env[IT] = {**env[IT], name: (env[IT][part.own.name] in found) is not part.negated}

    def _found(self, part: Part, values: Sequence[object]) -> set[object]:
        """Those of the values that are keys of the part."""
        target = self.engine.whole.target(part.navigation)
        other = target.type.property(part.other)
        assert other is not None
        prop = Prop((other.name,), other.type, IT, other.nullable)
        found: set[object] = set()
        for start in range(0, len(values), FEW_KEYS):
            listed = Const(tuple(values[start : start + FEW_KEYS]), CollectionType(other.type))
            asked = self.engine.plan(narrowed(part.keys, call("in", prop, listed)))
            found.update(row[0] for row in self.engine.rows(asked, self.session))
        return found


def paged(engine: Reads, made: Plan, session: Session) -> Paged:
    """The residual condition of a plan, with columns in place of the parts that other sources answer alone."""
    if not _navigates(made):
        return Paged(engine, session, made.residual)
    entity_set = engine.whole[made.query.entity_set]
    reduction = _Reduction(engine, lambda asked: _read(engine, asked, session))
    parts: dict[Part, str] = {}

    def column(expr: Expr) -> Expr | None:
        part = part_of(expr, entity_set, engine.whole)
        if part is None or (part not in parts and reduction.alone(part.keys) is None):
            return None
        return Prop((parts.setdefault(part, f"$part{len(parts)}"),), BOOLEAN, IT, False)

    left = gathered(conjuncts(made.residual), entity_set)
    residual = conjunction(*(rewritten(condition, column) for condition in left))
    return Paged(engine, session, residual, tuple((name, part) for part, name in parts.items()))
