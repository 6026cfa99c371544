"""What is asked of one entity set, as a frozen value: its own cache key, test oracle and log line.

An adapter receives a ``Query`` that holds only what its capabilities accepted; the engine finishes the rest.

Aggregation (``$apply``) is an algebra of the same values: a query may read, instead of the set, the rows that a
``Source`` makes of other queries. Expressions stand in queries alone; sources name columns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Union

from edm.expressions import Expr, conjunction, through
from edm.primitives import PrimitiveType


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One ``$orderby`` item. Nulls come first ascending and last descending (URL Conventions 5.1.7)."""

    expr: Expr
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ComputeItem:
    """``expr as name``: a column that is not a property (``$compute``, or a sort expression kept for a token)."""

    name: str
    expr: Expr


@dataclass(frozen=True)
class Query:
    """Rows of ``entity_set`` that pass ``filter``, sorted, sliced; each row a tuple in ``columns`` order.

    ``columns`` name structural properties or items of ``compute``. ``top`` is ``None`` for all. With ``count`` the
    first page carries the number of rows that pass ``filter``, whatever ``skip`` and ``top`` say. With ``source`` the
    rows are those of the source, whose columns take the place of the properties; no navigation leads on from them.
    ``via`` leads from the rows to those of the set that the request addresses, where the request reads the rows in
    their place: what narrows the one narrows the other.
    """

    entity_set: str
    columns: tuple[str, ...]
    filter: Expr | None = None
    orderby: tuple[OrderItem, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False
    compute: tuple[ComputeItem, ...] = ()

    expand: tuple["Expansion", ...] = ()
    source: Union["Source", None] = None
    via: tuple[str, ...] = ()

    def with_(self, **changes: object) -> "Query":
        """A copy with some fields replaced. Every request makes several, so it is not ``dataclasses.replace``."""
        if not changes.keys() <= Query.__dataclass_fields__.keys():
            raise TypeError(f"a query has no {', '.join(changes.keys() - Query.__dataclass_fields__.keys())}")
        made = object.__new__(Query)
        vars(made).update(vars(self))
        vars(made).update(changes)
        return made


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``column with method as name``, a method of ``edm.aggregate.METHODS``; ``type`` is that of the result.

    ``count`` counts rows and has no column.
    """

    name: str
    method: str
    column: str | None
    type: PrimitiveType


@dataclass(frozen=True, slots=True)
class Grouping:
    """A row for each combination of values of ``keys`` in the rows of ``of``, null being a value: the keys, then the
    aggregates over the rows that have it. Without keys it is one row, even of no rows at all.
    """

    of: Query
    keys: tuple[str, ...]
    aggregates: tuple[Aggregate, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows of ``of``, taken in its order, separately for each combination of values of ``partition``.

    After ``skip`` rows they are taken until there are ``limit`` (``count``), until the sum of ``column`` reaches
    ``limit`` (``sum``) or so many percent of its total (``percent``); null adds nothing.
    """

    of: Query
    partition: tuple[str, ...]
    method: str
    limit: Decimal | None
    column: str | None = None
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Concat:
    """The rows of all parts, which have the same columns in the same order."""

    parts: tuple[Query, ...]


#: Where rows come from if not from the entity set: as they are from another query, or made of other queries' rows.
Source = Query | Grouping | Ranking | Concat


def inputs(source: Source) -> tuple[Query, ...]:
    """The queries whose rows the source is made of."""
    match source:
        case Query():
            return (source,)
        case Concat(parts=parts):
            return parts
        case _:
            return (source.of,)


def narrowed(query: Query, condition: Expr | None) -> Query:
    """``query`` over those rows of the set alone that meet ``condition``, however many steps are between."""
    if condition is None:
        return query
    return each_set(query, lambda leaf: leaf.with_(filter=conjunction(through(condition, leaf.via), leaf.filter)))


def each_set(query: Query, change: Callable[[Query], Query]) -> Query:
    """``query`` with ``change`` made to every query in it that reads an entity set."""
    if query.source is None:
        return change(query)
    return query.with_(source=rebuilt(query.source, [each_set(part, change) for part in inputs(query.source)]))


def rebuilt(source: Source, queries: Sequence[Query]) -> Source:
    """The source with other ``inputs``."""
    match source:
        case Query():
            return queries[0]
        case Concat():
            return Concat(tuple(queries))
        case _:
            return replace(source, of=queries[0])


@dataclass(frozen=True, slots=True)
class Expansion:
    """One ``$expand`` item: for each row the related rows, as ``query`` filters, sorts and slices them per parent.

    ``query`` has no condition on the parent yet. ``kind`` is ``entities``, ``references`` (``$ref``) or ``count``.
    ``selected`` are the navigation properties that a nested ``$select`` names, ``None`` without one: the context URL
    has to say so. ``options`` are the nested options that a next link repeats, each as name and text. ``levels`` is how
    often the navigation property is followed (``$levels``): the deeper ones are expansions of ``query``. ``number`` is
    what a ``count`` brings, as an expression over the row that is expanded.
    """

    navigation: str
    query: Query
    kind: str = "entities"
    selected: tuple[str, ...] | None = None
    options: tuple[tuple[str, str], ...] = ()
    levels: int = 1
    number: Expr | None = None
