"""The bound expression tree: names resolved, every node typed. What the binder makes and everybody else reads.

Values that narrow rows are conjuncts of this one language, whoever wrote them: ``$filter``, a key, a navigation path,
row security, the continuation of a skip token, ``$search``. Trees are immutable and hashable; ``and``/``or`` are n-ary
``Call`` nodes, so that a chain of thousands stays flat.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Union

from edm.primitives import BOOLEAN, NULL, CollectionType, PrimitiveType

ExprType = PrimitiveType | CollectionType

#: The variable that stands for the row of the query itself.
IT = "$it"
#: The variable that stands, in what ``$expand`` nests, for the row of the resource path's collection: ``$it`` there.
OUTER = "$outer"


@dataclass(frozen=True, slots=True)
class Const:
    """A value. ``value`` is a Python value of ``type``, a tuple of them for a collection, or ``None``."""

    value: object
    type: ExprType


@dataclass(frozen=True, slots=True)
class Prop:
    """A property reached from ``variable`` over single-valued navigation: ``Customer/Country`` is ("Customer",
    "Country").

    Null when an entity on the way is missing.
    """

    path: tuple[str, ...]
    type: PrimitiveType
    variable: str = IT
    nullable: bool = True

    @property
    def name(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function of ``edm.functions`` applied to arguments. ``type`` of a ``cast`` is what it casts to."""

    function: str
    args: tuple["Expr", ...]
    type: ExprType


@dataclass(frozen=True, slots=True)
class Lambda:
    """``any`` or ``all`` over the related rows that ``path`` leads to (the last segment is the collection).

    ``predicate`` is ``None`` for ``any()``. Inside it, ``bound`` is the row of the collection.
    """

    kind: str
    path: tuple[str, ...]
    bound: str
    predicate: Union["Expr", None]
    variable: str = IT
    type: PrimitiveType = BOOLEAN


@dataclass(frozen=True, slots=True)
class CountOf:
    """``Nav/$count`` with optional filter: the number of related rows, as Int64."""

    path: tuple[str, ...]
    bound: str
    predicate: Union["Expr", None]
    type: PrimitiveType
    variable: str = IT


Expr = Const | Prop | Call | Lambda | CountOf

TRUE = Const(True, BOOLEAN)
FALSE = Const(False, BOOLEAN)
NULL_CONST = Const(None, NULL)


def call(function: str, *args: Expr, type: PrimitiveType = BOOLEAN) -> Call:
    """Shorthand for code that builds trees."""
    return Call(function, args, type)


def conjunction(*parts: Expr | None) -> Expr | None:
    """``and`` of the parts, flattened; ``None`` stands for "no condition"."""
    return _flat("and", parts, TRUE, FALSE)


def disjunction(*parts: Expr | None) -> Expr | None:
    """``or`` of the parts, flattened; ``None`` if there are none."""
    return _flat("or", parts, FALSE, TRUE)


def _flat(function: str, parts: tuple[Expr | None, ...], neutral: Const, absorbing: Const) -> Expr | None:
    flat: list[Expr] = []
    for part in parts:
        if part is None or part == neutral:
            continue
        if part == absorbing:
            return absorbing
        flat.extend(part.args if isinstance(part, Call) and part.function == function else (part,))
    if not flat:
        return neutral if any(part is not None for part in parts) else None
    return flat[0] if len(flat) == 1 else Call(function, tuple(flat), BOOLEAN)


def conjuncts(expr: Expr | None) -> tuple[Expr, ...]:
    """The parts of the top-level ``and``."""
    if expr is None:
        return ()
    return expr.args if isinstance(expr, Call) and expr.function == "and" else (expr,)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions."""
    if isinstance(expr, Call):
        return expr.args
    if isinstance(expr, Lambda | CountOf) and expr.predicate is not None:
        return (expr.predicate,)
    return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of the tree, parents first; needs no recursion."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def depth_of(expr: Expr) -> int:
    """Levels of the tree."""
    level, depth = [expr], 0
    while level:
        depth += 1
        level = [child for node in level for child in children(node)]
    return depth


def columns_of(expr: Expr, variable: str = IT) -> tuple[str, ...]:
    """Names of the row's own properties that evaluating ``expr`` needs (first path segments resolve elsewhere)."""
    return tuple(
        dict.fromkeys(
            n.path[0] for n in walk(expr) if isinstance(n, Prop) and n.variable == variable and len(n.path) == 1
        )
    )


def mentions(expr: Expr, variable: str) -> bool:
    """Whether evaluating ``expr`` needs the row behind ``variable``."""
    return any(isinstance(n, Prop | Lambda | CountOf) and n.variable == variable for n in walk(expr))


def through(expr: Expr, path: tuple[str, ...]) -> Expr:
    """``expr`` over the row ``$it``, said of a row from which the navigation ``path`` leads to that one."""
    if not path:
        return expr
    match expr:
        case Prop(variable=variable) if variable == IT:
            return Prop((*path, *expr.path), expr.type, IT, True)
        case Call(function=function, args=args, type=kind):
            return Call(function, tuple(through(arg, path) for arg in args), kind)
        case Lambda() | CountOf():
            inner = None if expr.predicate is None else through(expr.predicate, path)
            return replace(expr, path=(*path, *expr.path) if expr.variable == IT else expr.path, predicate=inner)
    return expr
