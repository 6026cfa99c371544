"""Aggregates over related entities: ``Customer/CreditLimit with sum``, ``Lines/Quantity with sum``, ``Lines/$count``.

Each entity that the path reaches counts once, however many rows reach it (OData Data Aggregation 4.0, 3.2.1.1). So
these aggregates have rows of their own: those of the related set, seen from there, or the distinct entities. What the
branches find for a group is put together as the maximum of the one value and the nulls of the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edm.aggregate import METHODS
from edm.errors import ODataError
from edm.expressions import NULL_CONST, Const, Expr, Prop, call, conjunction, through
from edm.model import EntitySet, NavigationProperty, Property, ServiceMetadata
from edm.primitives import PrimitiveType
from edm.query import Aggregate, Concat, Grouping, Query
from odata_server.uri.rows import Rows, closed, derived, grouped, lifted
from odata_server.uri.syntax import AggregateSyntax, PathExpr, Segment, SyntaxNode

_KEY = "$key"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the path of an aggregate leads. ``member`` is ``None`` for the entities themselves.

    ``apart`` tells that the entities have to be told apart; otherwise ``node`` with ``method`` says the same of rows.
    """

    path: tuple[NavigationProperty, ...]
    target: EntitySet
    member: Property | None
    method: str
    node: SyntaxNode
    position: int

    @property
    def apart(self) -> bool:
        return any(link.collection for link in self.path) or self.method in ("sum", "average")

    @property
    def type(self) -> PrimitiveType:
        """That of the values."""
        found = self.member or self.target.type.property(self.target.type.key)
        assert found is not None
        return found.type


def reached(metadata: ServiceMetadata, rows: Rows, item: AggregateSyntax) -> Reached | None:
    """Where the path of ``item`` leads over navigation; ``None`` if it is no such path."""
    node = item.expr
    if not (rows.entities and isinstance(node, PathExpr) and node.lambda_ is None):
        return None
    names = [segment.name for segment in node.segments]
    if any(segment.arguments is not None or segment.options for segment in node.segments):
        return None
    counted = names[-1] == "$count"
    target, path = rows.entity_set, []
    rest = names[:-1] if counted else names
    while rest and (link := target.type.navigation_property(rest[0])) is not None:
        path.append(link)
        target = metadata.target(link)
        rest = rest[1:]
    found = target.type.property(rest[0]) if len(rest) == 1 else None
    if not path or (rest and found is None) or (counted and rest):
        return None  # the binder of expressions says what is wrong with it
    method = item.method or "count"
    if found is None:
        if method not in ("count", "countdistinct"):
            return None
        segment = Segment(target.type.key, node.position)
        key = PathExpr((*node.segments[: len(path)], segment), node.position)
        return Reached(tuple(path), target, None, "countdistinct", key, item.position)
    return Reached(tuple(path), target, found, method, node, item.position)


def merged(
    metadata: ServiceMetadata,
    rows: Rows,
    names: Sequence[str],
    plain: Sequence[Aggregate],
    values: Mapping[str, Expr],
    related: Sequence[tuple[Aggregate, Reached]],
) -> Rows:
    """One row for each group of the partition, with the aggregates ``names`` over its rows (``plain``, of ``values``)
    and over ``related`` entities."""
    branches: list[tuple[Sequence[Aggregate], Rows]] = []
    if plain or rows.partition:
        branches.append((plain, grouped(rows, plain, values)))
    paths = dict.fromkeys(found.path for _, found in related)
    branches.extend(_branch(metadata, rows, [pair for pair in related if pair[1].path == path]) for path in paths)
    if len(branches) == 1:
        return branches[0][1]
    items = {item.name: item for aggregates, _ in branches for item in aggregates}
    parts = tuple(_part(rows.partition, names, items, branch) for _, branch in branches)
    of = Query(rows.query.entity_set, (*rows.partition, *names), source=Concat(parts))
    found = tuple(Aggregate(name, "max", name, items[name].type) for name in names)
    types = {name: _type(rows.value(name)) for name in rows.partition} | {item.name: item.type for item in found}
    return derived(rows, Grouping(of, rows.partition, found), types, rows.partition)


def _type(expr: Expr) -> PrimitiveType:
    assert isinstance(expr.type, PrimitiveType)
    return expr.type


def _part(keys: Sequence[str], names: Sequence[str], items: Mapping[str, Aggregate], branch: Rows) -> Query:
    """One branch with the columns of all; aggregates that it does not have are what they are of nothing."""
    shown: dict[str, Expr] = {key: branch.value(key) for key in keys}
    for name in names:
        item = items[name]
        shown[name] = branch.value(name) if name in branch.names else Const(METHODS[item.method].empty, item.type)
    return closed(branch, shown)


def _branch(
    metadata: ServiceMetadata, rows: Rows, related: Sequence[tuple[Aggregate, Reached]]
) -> tuple[Sequence[Aggregate], Rows]:
    """The aggregates over the entities that one path reaches."""
    found = related[0][1]
    collections = tuple(link for link in found.path if link.collection)
    singles = found.path[len(collections) :]
    if any(link.collection for link in singles):
        raise ODataError(
            "not_implemented",
            "A path that leads to one entity first and then to several is not supported in aggregate.",
            position=found.position,
        )
    start = _seen_from(metadata, rows, collections, found.position) if collections else rows
    steps = tuple(link.name for link in singles)
    values: dict[str, Expr] = {
        reach.member.name: Prop((*steps, reach.member.name), reach.member.type)
        for _, reach in related
        if reach.member is not None
    }
    columns = {item.name: reach.member.name if reach.member else None for item, reach in related}
    if singles:
        start = _distinct(start, Prop((*steps, found.target.type.key), found.type), values)
        values = {name: start.value(name) for name in (_KEY, *values)}
        columns = {name: column or _KEY for name, column in columns.items()}
    aggregates = [_aggregate(item, columns[item.name]) for item, _ in related]
    return aggregates, grouped(start, aggregates, values)


def _aggregate(item: Aggregate, column: str | None) -> Aggregate:
    return replace(item, method="count", column=None) if column is None else replace(item, column=column)


def _distinct(rows: Rows, key: Prop, values: Mapping[str, Expr]) -> Rows:
    """The entities behind ``key``, each once for each group of the partition."""
    rows, there = lifted(rows, key)
    reached_values: dict[str, Expr] = {}
    for name, value in values.items():
        rows, reached_values[name] = lifted(rows, value)
    own = {name: rows.value(name) for name in rows.partition}
    names = tuple(f"$value {name}" for name in values)
    computed = {**own, _KEY: there, **dict(zip(names, reached_values.values(), strict=True))}
    apart = grouped(replace(rows, computed=computed, partition=(*rows.partition, _KEY, *names)), (), {})
    shown = {name: apart.value(name) for name in (*rows.partition, _KEY)}
    shown.update({name: apart.value(hidden) for name, hidden in zip(values, names, strict=True)})
    return replace(apart, computed=shown, partition=rows.partition)


def _seen_from(metadata: ServiceMetadata, rows: Rows, path: Sequence[NavigationProperty], position: int) -> Rows:
    """The related rows, with the conditions and names of ``rows`` said from there."""
    if rows.query.source is not None:
        raise ODataError(
            "not_implemented",
            "Related rows are not aggregated after a transformation that takes only some rows.",
            position=position,
        )
    target = metadata.target(path[-1])
    back = tuple(link.partner for link in reversed(path))
    key = rows.value(rows.entity_set.type.key)
    there = call("ne", through(key, back), NULL_CONST)
    condition = conjunction(rows.query.filter and through(rows.query.filter, back), there)
    query = Query(target.name, (), condition, via=back)
    names = dict.fromkeys((*rows.computed, *rows.partition))
    computed = {name: through(rows.value(name), back) for name in names}
    return Rows(query, target, (target.type.key,), computed=computed, partition=rows.partition)
