"""Binds ``$apply``: each transformation turns the rows before it into those after it (``rows``).

What the model has no use for (hierarchies, joins, nesting, custom aggregates and methods) is refused here, with its
place in the option.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import Any

from edm.aggregate import METHODS
from edm.errors import ODataError
from edm.expressions import Const, Expr, Prop, conjunction
from edm.model import Property, ServiceMetadata
from edm.primitives import DECIMAL, CollectionType, PrimitiveType
from edm.query import Aggregate, OrderItem
from odata_server.uri.apply import Steps
from odata_server.uri.bind_compute import with_computed
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.bind_related import Reached, merged, reached
from odata_server.uri.bind_search import search_condition
from odata_server.uri.limits import Limits
from odata_server.uri.rows import Rows, best, concatenated, grouped, lifted, name_of, opened, taken
from odata_server.uri.syntax import (
    AggregateSyntax,
    Option,
    OrderbyItem,
    PathExpr,
    RollupSyntax,
    SearchNode,
    SyntaxNode,
    Transformation,
)


@dataclass(frozen=True, slots=True)
class ApplyBinder:
    """Binds transformations. ``inlined`` counts what computed names stand for, over the whole request."""

    metadata: ServiceMetadata
    now: datetime
    aliases: dict[str, Option]
    limits: Limits
    inlined: list[int] = field(default_factory=lambda: [0])

    def apply(self, rows: Rows, steps: Steps) -> Rows:
        """The rows after all ``steps``; raises ``ODataError`` with positions in the option."""
        for step in steps:
            bind = _STEPS.get(step.name)
            if bind is None:
                raise ODataError("not_implemented", f"{step.name} is not supported in $apply.", position=step.position)
            rows = bind(self, rows, step)
        return rows

    # --- expressions --------------------------------------------------------------------------------------

    def binder(self, rows: Rows) -> ExpressionBinder:
        """Binds expressions over ``rows``."""
        return ExpressionBinder(
            self.metadata,
            rows.entity_set,
            self.now,
            self.aliases,
            limits=self.limits,
            inlined=self.inlined,
            computed=rows.computed,
        )

    def value(self, rows: Rows, node: SyntaxNode) -> tuple[Rows, Expr]:
        """The expression over the rows; they may have to bring more for it."""
        binder = self.binder(rows)
        expr = binder.bounded(binder.bind(node))
        if isinstance(expr.type, CollectionType):
            raise ODataError("type_mismatch", "A list is no value.", position=node.position)
        return lifted(rows, expr)

    # --- transformations that keep the structure ------------------------------------------------------------

    def filter(self, rows: Rows, step: Transformation) -> Rows:
        """Also ``$filter`` of the result."""
        rows = opened(rows)
        binder, (node,) = self.binder(rows), step.args
        rows, expr = lifted(rows, binder.bounded(binder.condition(node)))  # type: ignore[arg-type]
        return replace(rows, query=rows.query.with_(filter=conjunction(rows.query.filter, expr)))

    def search(self, rows: Rows, step: Transformation) -> Rows:
        node: SearchNode = step.args[0]  # type: ignore[assignment]
        if not rows.entities:
            raise ODataError(
                "not_implemented",
                "Only rows of the entity set can be searched.",
                position=step.position,
                hint="Put search(...) before the first grouping.",
            )
        rows = opened(rows)
        condition = search_condition(rows.entity_set, node)
        return replace(rows, query=rows.query.with_(filter=conjunction(rows.query.filter, condition)))

    def compute(self, rows: Rows, step: Transformation) -> Rows:
        rows = opened(rows)
        computed = with_computed(self.binder(rows), step.args).computed  # type: ignore[arg-type]
        for name in computed.keys() - rows.computed.keys():
            rows, expr = lifted(rows, computed[name])
            rows = replace(rows, computed={**rows.computed, name: expr})
        return replace(rows, computed={name: rows.computed[name] for name in computed})

    def orderby(self, rows: Rows, step: Transformation) -> Rows:
        """Sorted; what ties keeps the order it had."""
        rows = opened(rows)
        items: list[OrderItem] = []
        for item in _items(step, OrderbyItem):
            rows, expr = self.value(rows, item.expr)
            self._check_sortable(rows, expr, item.position)
            items.append(OrderItem(expr, item.descending))
        before = [item for item in rows.query.orderby if item.expr not in [given.expr for given in items]]
        return replace(rows, query=rows.query.with_(orderby=(*items, *before)))

    def _check_sortable(self, rows: Rows, expr: Expr, position: int) -> None:
        found = rows.property(expr.name) if isinstance(expr, Prop) and len(expr.path) == 1 else None
        if found is not None and not found.sortable:
            raise ODataError("not_sortable", f"{found.name} is long text and cannot be sorted by.", position=position)

    def skip(self, rows: Rows, step: Transformation) -> Rows:
        return taken(rows, skip=int(step.args[0]))  # type: ignore[call-overload]

    def top(self, rows: Rows, step: Transformation) -> Rows:
        return taken(rows, top=int(step.args[0]))  # type: ignore[call-overload]

    def best(self, rows: Rows, step: Transformation) -> Rows:
        """``topcount`` and its relatives."""
        rows = opened(rows)
        method = step.name.removeprefix("top").removeprefix("bottom")
        first, second = step.args
        limit = self._limit(rows, first, method)  # type: ignore[arg-type]
        rows, value = self.value(rows, second)  # type: ignore[arg-type]
        assert isinstance(value.type, PrimitiveType)
        if method != "count" and not value.type.numeric:
            raise ODataError("type_mismatch", f"{step.name} adds up numbers, not {value.type}.", position=step.position)
        return best(rows, method, limit, value, descending=step.name.startswith("top"))

    def _limit(self, rows: Rows, node: SyntaxNode, method: str) -> Decimal:
        expr = self.binder(rows).bind(node)
        given = expr.value if isinstance(expr, Const) and isinstance(expr.type, PrimitiveType) else None
        if given is None or isinstance(given, bool) or not isinstance(given, int | Decimal):
            raise ODataError("type_mismatch", "The first argument has to be a number.", position=node.position)
        limit = Decimal(given)
        whole = limit == limit.to_integral_value()
        if (method == "count" and not (whole and limit > 0)) or (method == "percent" and not 0 < limit <= 100):
            wanted = "a whole number above 0" if method == "count" else "above 0 and at most 100"
            raise ODataError("value_out_of_range", f"The first argument has to be {wanted}.", position=node.position)
        return limit

    def identity(self, rows: Rows, step: Transformation) -> Rows:
        return rows

    def concat(self, rows: Rows, step: Transformation) -> Rows:
        return concatenated([self.apply(rows, steps) for steps in step.args])  # type: ignore[arg-type]

    # --- grouping -------------------------------------------------------------------------------------------

    def groupby(self, rows: Rows, step: Transformation) -> Rows:
        elements, steps = step.args
        rows = opened(rows)
        levels: list[tuple[tuple[str, ...], ...]] = []
        for element in elements:  # type: ignore[attr-defined]
            rows, found = self._levels(rows, element)
            levels.append(found)
        outer = rows.partition
        parts = [
            self._group(rows, tuple(dict.fromkeys((*outer, *(name for names in chosen for name in names)))), steps)
            for chosen in product(*levels)
        ]
        made = parts[0] if len(parts) == 1 else concatenated(parts)
        return replace(made, partition=outer)

    def _group(self, rows: Rows, keys: tuple[str, ...], steps: Any) -> Rows:
        rows = replace(rows, partition=keys)
        return self.apply(rows, steps) if steps else grouped(rows, (), {})

    def _levels(self, rows: Rows, element: object) -> tuple[Rows, tuple[tuple[str, ...], ...]]:
        """The groupings that an element of ``groupby`` stands for, the finest first."""
        if isinstance(element, Transformation):
            raise ODataError(
                "not_implemented", f"{element.name} is not supported in groupby.", position=element.position
            )
        if isinstance(element, PathExpr):
            rows, name = self._key(rows, element)
            return rows, ((name,),)
        assert isinstance(element, RollupSyntax)
        if len(element.levels) == 1 and not element.total:
            name = element.levels[0].segments[0].name
            raise ODataError(
                "unknown_property",
                f"There is no leveled hierarchy {name}.",
                position=element.position,
                hint="Name the levels, the coarsest first: rollup(Customer/Country,Customer/City).",
            )
        names: list[str] = []
        for path in element.levels:
            rows, name = self._key(rows, path)
            names.append(name)
        lowest = 0 if element.total else 1
        return rows, tuple(tuple(names[:size]) for size in range(len(names), lowest - 1, -1))

    def _key(self, rows: Rows, path: PathExpr) -> tuple[Rows, str]:
        """The name of a grouping property, which the rows have after this."""
        name = "/".join(segment.name for segment in path.segments)
        bound = self.binder(rows).bind(path)
        found = self._declared(rows, bound)
        rows, expr = lifted(rows, bound)
        if found is not None and not found.sortable:
            raise ODataError("not_sortable", f"{name} is long text and cannot be grouped by.", position=path.position)
        if name in rows.names:
            return rows, name
        declared = rows.declared if found is None else {**rows.declared, name: found}
        return replace(rows, computed={**rows.computed, name: expr}, declared=declared), name

    def _declared(self, rows: Rows, bound: Expr) -> Property | None:
        if not isinstance(bound, Prop):
            return None
        if len(bound.path) == 1:
            return rows.property(bound.name)
        entity_set = rows.entity_set
        for name in bound.path[:-1]:
            navigation = entity_set.type.navigation_property(name)
            assert navigation is not None
            entity_set = self.metadata.target(navigation)
        return entity_set.type.property(bound.name)

    # --- aggregation ----------------------------------------------------------------------------------------

    def aggregate(self, rows: Rows, step: Transformation) -> Rows:
        rows = opened(rows)
        taken_names = set(rows.partition)
        plain: list[Aggregate] = []
        values: dict[str, Expr] = {}
        related: list[tuple[Aggregate, Reached]] = []
        for item in _items(step, AggregateSyntax):
            name = self._name(rows, item, taken_names)
            found = reached(self.metadata, rows, item)
            if found is not None and found.apart:
                related.append((self._aggregate(item, name, found.type), found))
                continue
            method, node = (item.method, item.expr) if found is None else (found.method, found.node)
            if node is None:
                plain.append(Aggregate(name, "count", None, DECIMAL))
                continue
            rows, expr = self.value(rows, node)
            made = self._aggregate(replace(item, method=method), name, expr.type)
            plain.append(replace(made, column=name_of(expr)))
            values[name_of(expr)] = expr
        if not related:
            return grouped(rows, plain, values)
        names = [item.name for item in _items(step, AggregateSyntax)]
        return merged(self.metadata, rows, names, plain, values, related)

    def _name(self, rows: Rows, item: AggregateSyntax, names: set[str]) -> str:
        """The alias of the item, which no other has."""
        if item.froms:
            raise ODataError(
                "not_implemented",
                "from is not supported in aggregate.",
                position=item.froms[0].position,
                hint="Group twice: groupby((Day),aggregate(Amount with sum as Total))"
                "/aggregate(Total with average as Daily).",
            )
        if not (item.method or item.expr is None or item.expr.segments[-1].name == "$count"):  # type: ignore[union-attr]
            raise self._custom(rows, item)
        if "." in item.method:
            raise ODataError(
                "not_implemented", f"There is no aggregation method {item.method}.", position=item.position
            )
        if item.name in names:
            raise ODataError("name_taken", f"The name {item.name} is used twice.", position=item.position)
        names.add(item.name)
        return item.name

    def _custom(self, rows: Rows, item: AggregateSyntax) -> ODataError:
        assert isinstance(item.expr, PathExpr)
        name = "/".join(segment.name for segment in item.expr.segments)
        message = f"There is no custom aggregate {name}."
        if name in rows.names:
            message = f"{name} has to be aggregated with a method."
        return ODataError(
            "unknown_property",
            message,
            position=item.position,
            hint=f"For example {name} with sum as Total{name.rpartition('/')[2]}.",
        )

    def _aggregate(self, item: AggregateSyntax, name: str, kind: object) -> Aggregate:
        method = item.method or "count"
        result = METHODS[method].result(kind) if isinstance(kind, PrimitiveType) else None
        if result is None:
            wanted = "numbers" if method in ("sum", "average") else "values that have an order"
            raise ODataError("type_mismatch", f"{method} is of {wanted}, not of {kind}.", position=item.position)
        return Aggregate(name, method, None, result)


def _items(step: Transformation, kind: type[Any]) -> Iterator[Any]:
    for item in step.args:
        assert isinstance(item, kind)
        yield item


_STEPS: dict[str, Callable[[ApplyBinder, Rows, Transformation], Rows]] = {
    "aggregate": ApplyBinder.aggregate,
    "compute": ApplyBinder.compute,
    "concat": ApplyBinder.concat,
    "filter": ApplyBinder.filter,
    "groupby": ApplyBinder.groupby,
    "identity": ApplyBinder.identity,
    "orderby": ApplyBinder.orderby,
    "search": ApplyBinder.search,
    "skip": ApplyBinder.skip,
    "top": ApplyBinder.top,
    **dict.fromkeys(
        ("topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent"), ApplyBinder.best
    ),
}
#: The transformations that are answered, for the metadata.
TRANSFORMATIONS: Sequence[str] = tuple(_STEPS)
