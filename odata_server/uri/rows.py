"""The rows between two transformations of ``$apply``, and what the transformations make of them.

Names are bound already. What needs no new layer folds into the query that is there: conditions, computed values (put
wherever their names stand), the order, the slice. Grouping, ranking, concatenation and a second slice put a query
around it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from edm.errors import ODataError
from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop, walk
from edm.model import EntitySet, EntityType, Property
from edm.primitives import DECIMAL, INT64, PrimitiveType
from edm.query import Aggregate, ComputeItem, Concat, Grouping, OrderItem, Query, Ranking, Source, inputs, rebuilt
from edm.text import expression_text

#: The column that tells of which part of a concatenation a row is.
PART = "$part"
#: What the one row of a grand total without aggregates is made of.
_ROWS = "$rows"


@dataclass(frozen=True, slots=True)
class Rows:
    """``query`` gives them; its columns are chosen when a layer is put around it.

    ``entity_set`` is what names are looked up in: a type without properties once the rows are no ``entities`` any more.
    ``computed`` are further names, with expressions over the rows of ``query``; a name may be a path. ``declared`` says
    which of them are properties of the model. ``key`` tells rows apart. ``partition`` are the names by which a
    surrounding ``groupby`` keeps rows apart. ``parts`` are the names that the rows of each part of a concatenation
    have.
    """

    query: Query
    entity_set: EntitySet
    key: tuple[str, ...]
    entities: bool = True
    computed: Mapping[str, Expr] = field(default_factory=dict)
    declared: Mapping[str, Property] = field(default_factory=dict)
    partition: tuple[str, ...] = ()
    parts: tuple[frozenset[str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What a client can see, in order."""
        own = self.entity_set.type.names
        return (*own, *(name for name in self.computed if name[0] != "$" and name not in own))

    def value(self, name: str) -> Expr:
        """What ``name`` stands for."""
        found = self.computed.get(name)
        if found is not None:
            return found
        member = self.entity_set.type.property(name)
        assert member is not None
        return Prop((name,), member.type, IT, member.nullable)

    def property(self, name: str) -> Property | None:
        """The property of the model that ``name`` is, if it is one."""
        return self.declared.get(name) or self.entity_set.type.property(name)

    def order(self) -> tuple[OrderItem, ...]:
        """A total order that extends the one there is, the same for the same request."""
        given = [item.expr for item in self.query.orderby]
        keys = (self.value(name) for name in self.key)
        return (*self.query.orderby, *(OrderItem(key) for key in keys if key not in given))


def of_set(entity_set: EntitySet, query: Query) -> Rows:
    """The rows of an entity set."""
    return Rows(query, entity_set, (entity_set.type.key,))


# --- layers -------------------------------------------------------------------------------------------------------


def closed(rows: Rows, values: Mapping[str, Expr], **changes: object) -> Query:
    """The query for ``values`` of the rows, in that order."""
    computed = tuple(ComputeItem(name, expr) for name, expr in values.items() if not _is_column(expr, name))
    return rows.query.with_(columns=tuple(values), compute=computed, **changes)


def _is_column(expr: Expr, name: str) -> bool:
    return isinstance(expr, Prop) and expr.path == (name,) and expr.variable == IT


def column(name: str, expr: Expr) -> Prop:
    """The column of that name in a layer around; ``expr`` is its value there."""
    assert isinstance(expr.type, PrimitiveType)
    return Prop((name,), expr.type, IT, not isinstance(expr, Prop) or expr.nullable)


def layered(rows: Rows, make: Callable[[Query], Source], *more: Expr) -> Rows:
    """The same rows in a query around theirs; ``make`` says which of them. ``more`` are values that ``make`` needs."""
    values = {name: rows.value(name) for name in (*rows.names, *(name for name in rows.computed if name[0] == "$"))}
    for expr in (*(item.expr for item in rows.query.orderby), *more):
        values.setdefault(name_of(expr), expr)
    inner = closed(rows, values, orderby=rows.order())
    order = [OrderItem(column(name_of(item.expr), item.expr), item.descending) for item in rows.query.orderby]
    around = Query(rows.query.entity_set, (), orderby=tuple(order), source=make(inner))
    return replace(rows, query=around, computed={name: column(name, values[name]) for name in rows.computed})


def name_of(expr: Expr) -> str:
    """The name of the column that holds the value: that of a property, or the text of the expression."""
    return expression_text(expr)


def opened(rows: Rows) -> Rows:
    """The rows in a query that can be narrowed and sorted further."""
    sliced = rows.query.skip or rows.query.top is not None
    return layered(rows, lambda query: query) if sliced else rows


def lifted(rows: Rows, expr: Expr) -> tuple[Rows, Expr]:
    """``expr`` over the rows. Where they come from another layer, what follows navigation is a column that the
    innermost one brings."""
    source = rows.query.source
    if source is None:
        return rows, expr
    exposed = source

    def reached(node: Expr) -> Expr:
        nonlocal exposed
        match node:
            case Prop(variable=variable, path=path) if variable == IT and len(path) > 1:
                pass
            case Lambda(variable=variable) | CountOf(variable=variable) if variable == IT:
                if any(isinstance(n, Prop) and n.variable == IT for n in walk(node)):
                    raise ODataError("not_implemented", "After this step related rows are not compared with the row.")
            case Call(function=function, args=args, type=kind):
                return Call(function, tuple(reached(arg) for arg in args), kind)
            case _:
                return node
        exposed = _exposed(exposed, name_of(node), node)
        return column(name_of(node), node)

    changed = reached(expr)
    return replace(rows, query=rows.query.with_(source=exposed)), changed


def _exposed(source: Source, name: str, expr: Expr) -> Source:
    """``source`` with one more column, whose value is ``expr`` over the rows of the entity set."""

    def more(query: Query) -> Query:
        if name in query.columns:
            return query
        query = query.with_(columns=(*query.columns, name))
        if query.source is None:
            return query.with_(compute=(*query.compute, ComputeItem(name, expr)))
        return query.with_(source=_exposed(query.source, name, expr))

    return rebuilt(source, [more(query) for query in inputs(source)])


# --- transformations ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _untyped(entity_set: EntitySet) -> EntitySet:
    """A set of the same name whose type has no properties: all names are computed ones."""
    return replace(entity_set, type=EntityType(entity_set.type.name, "", ()))


def derived(rows: Rows, source: Source, columns: Mapping[str, PrimitiveType], key: Sequence[str]) -> Rows:
    """Rows of another structure, made of these."""
    return replace(
        rows,
        query=Query(rows.query.entity_set, (), source=source),
        entity_set=_untyped(rows.entity_set),
        entities=False,
        computed={name: Prop((name,), kind) for name, kind in columns.items()},
        declared={name: found for name in columns if name in key and (found := rows.property(name))},
        key=tuple(key),
        parts=(),
    )


def grouped(rows: Rows, aggregates: Sequence[Aggregate], values: Mapping[str, Expr]) -> Rows:
    """One row for each group of the partition; ``values`` are what the aggregates are made of."""
    rows = opened(rows)
    if not (aggregates or rows.partition):
        aggregates = (Aggregate(_ROWS, "count", None, DECIMAL),)
    keys = {name: rows.value(name) for name in rows.partition}
    given = {**keys, **values} or {name: rows.value(name) for name in (rows.key or rows.names)[:1]}
    of = closed(rows, given, orderby=())
    types = {name: _type(expr) for name, expr in keys.items()} | {item.name: item.type for item in aggregates}
    return derived(rows, Grouping(of, rows.partition, tuple(aggregates)), types, rows.partition)


def _type(expr: Expr) -> PrimitiveType:
    assert isinstance(expr.type, PrimitiveType)
    return expr.type


def taken(rows: Rows, *, skip: int = 0, top: int | None = None) -> Rows:
    """Some rows in the order there is, of each group separately."""
    if rows.partition:
        limit = None if top is None else Decimal(top)
        return _ranked(rows, "count", limit, None, skip)
    if rows.query.top is not None or (skip and rows.query.skip):
        rows = layered(rows, lambda query: query)
    if top is None:
        return replace(rows, query=rows.query.with_(orderby=rows.order(), skip=skip))
    return replace(rows, query=rows.query.with_(orderby=rows.order(), top=top))


def best(rows: Rows, method: str, limit: Decimal, value: Expr, *, descending: bool) -> Rows:
    """The rows with the highest or lowest values, as ``Ranking`` says."""
    order = (OrderItem(value, descending), *rows.query.orderby)
    rows = replace(rows, query=rows.query.with_(orderby=order))
    if method == "count" and not rows.partition:
        return taken(rows, top=int(limit))
    return _ranked(rows, method, limit, None if method == "count" else value, 0)


def _ranked(rows: Rows, method: str, limit: Decimal | None, value: Expr | None, skip: int) -> Rows:
    name = None if value is None else name_of(value)
    more = [rows.value(name) for name in rows.partition] + ([] if value is None else [value])
    partition = rows.partition

    def ranking(of: Query) -> Source:
        return Ranking(of, partition, method, limit, name, skip)

    return layered(opened(rows), ranking, *more)


def concatenated(parts: Sequence[Rows]) -> Rows:
    """The rows of all parts, one part after the other."""
    names = tuple(dict.fromkeys(name for rows in parts for name in rows.names))
    types = {name: _common(name, [_type(rows.value(name)) for rows in parts if name in rows.names]) for name in names}
    queries: list[Query] = []
    shapes: list[frozenset[str]] = []
    for rows in map(opened, parts):
        queries.append(closed(rows, _padded(rows, types, len(shapes)), orderby=()))
        shapes.extend(rows.parts or (frozenset(rows.names),))
    first = parts[0]
    alike = all(rows.entities and not rows.parts for rows in parts) and len(set(shapes)) == 1
    key = tuple(dict.fromkeys(name for rows in parts for name in rows.key))
    made = derived(first, Concat(tuple(queries)), {**types, PART: INT64}, (PART, *key) if PART not in key else key)
    declared = {name: found for name in names if (found := _declared(name, parts))}
    if not alike:
        return replace(made, declared=declared, parts=tuple(shapes))
    computed = {name: made.computed[name] for name in (*first.computed, PART)}
    return replace(made, entity_set=first.entity_set, entities=True, computed=computed, declared=declared)


def _padded(rows: Rows, types: Mapping[str, PrimitiveType], part: int) -> dict[str, Expr]:
    """Values for all columns, null where the rows have none, and the number of the part."""
    values: dict[str, Expr] = {}
    for name, kind in types.items():
        expr = rows.value(name) if name in rows.names else Const(None, kind)
        values[name] = expr if expr.type == kind else Call("cast", (expr,), kind)
    own: Expr = Const(part, INT64)
    if rows.parts:
        inner = rows.value(PART)
        own = Call("add", (inner, own), INT64) if part else inner
    return {**values, PART: own}


def _common(name: str, types: Sequence[PrimitiveType]) -> PrimitiveType:
    """The type that a column has in all parts."""
    widest = max(types, key=lambda kind: kind.rank)
    if any(kind != widest and not (kind.numeric and widest.numeric) for kind in types):
        found = " and ".join(sorted({str(kind) for kind in types}))
        raise ODataError("type_mismatch", f"{name} is {found} in different parts.", hint="Name them differently.")
    return widest


def _declared(name: str, parts: Sequence[Rows]) -> Property | None:
    found = {rows.property(name) for rows in parts if name in rows.names}
    return found.pop() if len(found) == 1 else None


# --- in the end -----------------------------------------------------------------------------------------------------


def pruned(query: Query, wanted: Iterable[str]) -> Query:
    """``query`` for the ``wanted`` columns, with no more than they need in every layer within."""
    used = set(wanted)
    columns = tuple(name for name in query.columns if name in used) or query.columns[:1]
    compute = tuple(item for item in query.compute if item.name in columns)
    query = query.with_(columns=columns, compute=compute)
    source = query.source
    if source is None:
        return query
    exprs = [query.filter, *(item.expr for item in query.orderby), *(item.expr for item in compute)]
    computed = {item.name for item in compute}
    needed = {name for name in columns if name not in computed}
    needed.update(node.name for expr in exprs if expr is not None for node in walk(expr) if isinstance(node, Prop))
    return query.with_(source=_pruned_source(source, needed))


def _pruned_source(source: Source, needed: set[str]) -> Source:
    match source:
        case Query() | Concat():
            return rebuilt(source, [pruned(query, needed) for query in inputs(source)])
        case Ranking(partition=partition, column=name):
            return replace(source, of=pruned(source.of, needed | {*partition} | ({name} if name else set())))
        case Grouping(keys=keys, aggregates=aggregates):
            kept = tuple(item for item in aggregates if item.name in needed)
            kept = kept if kept or keys else aggregates[:1]
            used = {*keys, *(item.column for item in kept if item.column is not None)}
            return replace(source, of=pruned(source.of, used), aggregates=kept)
