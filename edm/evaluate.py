"""The reference evaluator: what an expression means, in the plainest Python. SQL and every other back end is checked
against it with random queries; what a source cannot answer, the engine finishes with it.

A row is a mapping from property name to value. Paths and lambdas reach related rows through ``Related``, which the
caller supplies: the memory adapter looks them up, the engine fetches them beforehand in batches.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from edm.expressions import Call, Const, CountOf, Expr, Lambda, Prop
from edm.functions import FUNCTIONS, NullRule
from edm.model import EntitySet, ServiceMetadata
from edm.query import OrderItem

#: One row: property name -> value.
RowMapping = Mapping[str, Any]
#: (set of the row, navigation property name, row) -> related rows.
Related = Callable[[EntitySet, str, RowMapping], Sequence[RowMapping]]
#: Variable -> row, while one expression is evaluated.
Environment = dict[str, RowMapping]
Evaluate = Callable[[Environment], Any]


def no_related(entity_set: EntitySet, navigation: str, row: RowMapping) -> Sequence[RowMapping]:
    """For expressions without navigation."""
    raise LookupError(f"{entity_set.name}/{navigation} was not fetched")


def compile_expression(
    expr: Expr, metadata: ServiceMetadata, scope: Mapping[str, EntitySet], related: Related = no_related
) -> Evaluate:
    """A function that evaluates ``expr``. ``scope`` says of which set the row behind each variable is."""
    match expr:
        case Const(value=value):
            return lambda env: value
        case Prop():
            return _property(expr, metadata, scope, related)
        case Call():
            return _call(expr, metadata, scope, related)
        case Lambda():
            return _lambda(expr, metadata, scope, related)
        case CountOf():
            return _count(expr, metadata, scope, related)


def _property(expr: Prop, metadata: ServiceMetadata, scope: Mapping[str, EntitySet], related: Related) -> Evaluate:
    variable, name = expr.variable, expr.name
    if len(expr.path) == 1:
        return lambda env: env[variable][name]
    follow = _follow(expr.path[:-1], scope[variable], metadata, related)

    def through(env: Environment) -> Any:
        rows = follow(env[variable])
        return rows[0][name] if rows else None

    return through


def _follow(
    path: Sequence[str], start: EntitySet, metadata: ServiceMetadata, related: Related
) -> Callable[[RowMapping], Sequence[RowMapping]]:
    """The rows that a navigation path leads to, from one row."""
    steps: list[tuple[EntitySet, str]] = []
    entity_set = start
    for name in path:
        steps.append((entity_set, name))
        navigation = entity_set.type.navigation_property(name)
        assert navigation is not None, f"{entity_set.name} has no {name}: the binder let it pass"
        entity_set = metadata.target(navigation)

    def follow(row: RowMapping) -> Sequence[RowMapping]:
        rows: Sequence[RowMapping] = (row,)
        for source, name in steps:
            rows = [found for row in rows for found in related(source, name, row)]
        return rows

    return follow


def target_of(path: Sequence[str], start: EntitySet, metadata: ServiceMetadata) -> EntitySet:
    """The set that a navigation path from ``start`` ends in."""
    for name in path:
        navigation = start.type.navigation_property(name)
        assert navigation is not None, f"{start.name} has no {name}: the binder let it pass"
        start = metadata.target(navigation)
    return start


def _call(expr: Call, metadata: ServiceMetadata, scope: Mapping[str, EntitySet], related: Related) -> Evaluate:
    args = [compile_expression(arg, metadata, scope, related) for arg in expr.args]
    function = FUNCTIONS[expr.function]
    evaluate = function.evaluate if expr.function != "cast" else partial(function.evaluate, target=expr.type)
    if function.null is not NullRule.PROPAGATE:
        return lambda env: evaluate(*[arg(env) for arg in args])

    def propagate(env: Environment) -> Any:
        values = [arg(env) for arg in args]
        return None if None in values else evaluate(*values)

    return propagate


def _lambda(expr: Lambda, metadata: ServiceMetadata, scope: Mapping[str, EntitySet], related: Related) -> Evaluate:
    start = scope[expr.variable]
    follow = _follow(expr.path, start, metadata, related)
    variable, bound = expr.variable, expr.bound
    if expr.predicate is None:
        return lambda env: bool(follow(env[variable]))
    inner = {**scope, bound: target_of(expr.path, start, metadata)}
    predicate = compile_expression(expr.predicate, metadata, inner, related)
    quantifier = any if expr.kind == "any" else all
    return lambda env: quantifier(predicate({**env, bound: row}) is True for row in follow(env[variable]))


def _count(expr: CountOf, metadata: ServiceMetadata, scope: Mapping[str, EntitySet], related: Related) -> Evaluate:
    start = scope[expr.variable]
    follow = _follow(expr.path, start, metadata, related)
    variable, bound = expr.variable, expr.bound
    if expr.predicate is None:
        return lambda env: len(follow(env[variable]))
    inner = {**scope, bound: target_of(expr.path, start, metadata)}
    predicate = compile_expression(expr.predicate, metadata, inner, related)
    return lambda env: sum(predicate({**env, bound: row}) is True for row in follow(env[variable]))


# --- order --------------------------------------------------------------------------------------------------------


class _Descending:
    """Turns the order of one sort value around."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)


def sort_value(value: Any, descending: bool) -> Any:
    """A key that sorts as OData does: nulls first ascending and last descending. NaN, which no number is less than,
    stands next to them.
    """
    rank = 0 if value is None else 1 if value != value else 2
    key = (rank, value if rank == 2 else 0)
    return _Descending(key) if descending else key


def sort_key(evaluators: Sequence[tuple[Evaluate, bool]]) -> Callable[[Environment], tuple[Any, ...]]:
    """A sort key over several items, each an evaluator with its direction."""
    return lambda env: tuple(sort_value(evaluate(env), descending) for evaluate, descending in evaluators)


def sort_rows(
    environments: Iterable[Environment],
    orderby: Sequence[OrderItem],
    metadata: ServiceMetadata,
    scope: Mapping[str, EntitySet],
    related: Related = no_related,
) -> list[Environment]:
    """Environments in the order that ``orderby`` asks for (stable)."""
    evaluators = [(compile_expression(i.expr, metadata, scope, related), i.descending) for i in orderby]
    return sorted(environments, key=sort_key(evaluators))
