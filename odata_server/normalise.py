"""Step 0 of planning: the same condition in the form that sources answer best.

Works on conditions in *keep position*, where null counts as false: negation goes down to the leaves (an ERP's NOT means
something else for nulls, if it has one at all), ``f(x) eq true`` becomes ``f(x)``, or-chains of ``eq`` become ``in``,
and-chains of ``ne`` become ``not in``. What is said twice is said once, so that long chains are of different things.
"""

from collections.abc import Callable, Iterable, Sequence

from edm.conversion import always_castable
from edm.expressions import (
    FALSE,
    NULL_CONST,
    TRUE,
    Call,
    Const,
    CountOf,
    Expr,
    Lambda,
    Prop,
    call,
    conjunction,
    disjunction,
)
from edm.functions import FUNCTIONS, NullRule
from edm.primitives import BOOLEAN, DOUBLE, SINGLE, CollectionType

_OPPOSITE = {"eq": "ne", "ne": "eq", "gt": "le", "lt": "ge", "ge": "lt", "le": "gt"}


def normalise(expr: Expr | None) -> Expr | None:
    """A condition that keeps the same rows. ``None`` if it keeps all of them."""
    if expr is None:
        return None
    kept = _keep(expr)
    return None if kept == TRUE else kept


def may_be_null(expr: Expr) -> bool:
    """Whether the value can be null. Errs on the side of yes."""
    match expr:
        case Const(value=value):
            return value is None
        case Prop(nullable=nullable):
            return nullable
        case Call(function="case"):
            return True
        case Call(function="cast", args=(inner,), type=kind) if always_castable(inner.type, kind):
            return may_be_null(inner)
        case Call(function=name, args=args):
            if FUNCTIONS[name].null is NullRule.COMPARE:
                return False
            return FUNCTIONS[name].partial or any(may_be_null(a) for a in args)
        case _:
            return False


def _keep(expr: Expr) -> Expr:
    """What is true exactly where ``expr`` is true."""
    if isinstance(expr, Call) and expr.function not in _CHANGED:
        return expr
    match expr:
        case Const():
            return TRUE if expr.value is True else FALSE
        case Call(function="and", args=args):
            return _all(map(_keep, args))
        case Call(function="or", args=args):
            return _listed(args) or _any(map(_keep, args))
        case Call(function="not", args=(inner,)):
            return _refuse(inner)
        case Call(function="eq", args=(inner, Const(value=bool() as wanted))) if inner.type == BOOLEAN:
            return _keep(inner) if wanted else _refuse(inner)
        case Call(function="eq", args=(Const(value=bool()) as constant, inner)) if inner.type == BOOLEAN:
            return _keep(call("eq", inner, constant))
        case Call(function="in", args=(_, Const(value=()))):
            return FALSE
        case Lambda(predicate=predicate) if predicate is not None:
            return _kept_lambda(expr, predicate)
        case CountOf(predicate=predicate) if predicate is not None:
            return CountOf(expr.path, expr.bound, _keep(predicate), expr.type, expr.variable)
        case _:
            return expr


#: Functions that conditions are changed at.
_CHANGED = frozenset({"and", "or", "not", "eq", "in"})


def _kept_lambda(expr: Lambda, predicate: Expr) -> Expr:
    kept = _keep(predicate)
    if kept == (FALSE if expr.kind == "any" else TRUE):
        return FALSE if expr.kind == "any" else TRUE
    return Lambda(expr.kind, expr.path, expr.bound, kept, expr.variable)


def _refuse(expr: Expr) -> Expr:
    """What is true exactly where ``expr`` is false (not where it is null)."""
    match expr:
        case Const():
            return TRUE if expr.value is False else FALSE
        case Call(function="not", args=(inner,)):
            return _keep(inner)
        case Call(function="and", args=args):
            return _any(map(_refuse, args))
        case Call(function="or", args=args):
            return _all(map(_refuse, args))
        case Call(function=name, args=(left, right)) if name in _OPPOSITE:
            return _opposite(name, left, right)
        case _:
            return call("not", _inside(expr))


def _inside(expr: Expr) -> Expr:
    return _keep(expr) if isinstance(expr, Lambda) else expr


def _opposite(name: str, left: Expr, right: Expr) -> Expr:
    """The comparison that holds exactly where this one does not; comparisons are two-valued."""
    if name in ("eq", "ne"):
        opposite = call(_OPPOSITE[name], left, right)
        return _keep(opposite) if name == "ne" else opposite
    if DOUBLE in (left.type, right.type) or SINGLE in (left.type, right.type):
        return call("not", call(name, left, right))  # NaN is neither less nor greater than anything
    if name in ("ge", "le") and may_be_null(left) and may_be_null(right):
        return call("not", call(name, left, right))
    missing = [call("eq", side, NULL_CONST) for side in (left, right) if may_be_null(side)]
    return disjunction(call(_OPPOSITE[name], left, right), *missing) or FALSE


def _all(parts: Iterable[Expr]) -> Expr:
    return _merged(conjunction(*dict.fromkeys(parts)) or TRUE, "and", _inequalities, _none_of)


def _any(parts: Iterable[Expr]) -> Expr:
    return _merged(disjunction(*dict.fromkeys(parts)) or FALSE, "or", _equalities, _one_of)


def _listed(args: Sequence[Expr]) -> Expr | None:
    """The short way for ``or`` of nothing but one property that is compared with values, which Salesforce writes."""
    first = args[0]
    prop = first.args[0] if isinstance(first, Call) and first.function == "eq" else None
    if not isinstance(prop, Prop) or prop.type == BOOLEAN:
        return None
    values = [
        part.args[1].value
        for part in args
        if isinstance(part, Call) and part.function == "eq" and part.args[0] is prop and isinstance(part.args[1], Const)
    ]
    if len(values) != len(args) or None in values:
        return None
    return _one_of(prop, tuple(dict.fromkeys(values)))


_Comparisons = tuple[Prop, tuple[object, ...]]


def _merged(
    expr: Expr,
    function: str,
    read: Callable[[Expr], _Comparisons | None],
    write: Callable[[Prop, tuple[object, ...]], Expr],
) -> Expr:
    """An ``or`` in which comparisons of one property with values are one ``in``; likewise ``and`` and ``not in``."""
    if not (isinstance(expr, Call) and expr.function == function):
        return expr
    lists: dict[Prop, list[object]] = {}
    parts: list[Expr | _Comparisons] = []
    for part in expr.args:
        found = read(part)
        if found is None:
            parts.append(part)
            continue
        prop, values = found
        if prop not in lists:
            lists[prop] = []
            parts.append(found)  # keeps the place of the first one
        lists[prop].extend(values)
    if not lists:
        return expr
    written = [write(p[0], tuple(dict.fromkeys(lists[p[0]]))) if isinstance(p, tuple) else p for p in parts]
    return (disjunction if function == "or" else conjunction)(*written) or expr


def _equalities(expr: Expr) -> _Comparisons | None:
    match expr:
        case Call(function="eq", args=(Prop() as prop, Const(value=value))) if value is not None:
            return prop, (value,)
        case Call(function="in", args=(Prop() as prop, Const(value=tuple() as values))):
            return prop, values
    return None


def _inequalities(expr: Expr) -> _Comparisons | None:
    match expr:
        case Call(function="ne", args=(Prop() as prop, Const(value=value))) if value is not None:
            return prop, (value,)
        case Call(function="not", args=(Call(function="in") as inner,)):
            return _equalities(inner)
    return None


def _one_of(prop: Prop, values: tuple[object, ...]) -> Expr:
    if len(values) == 1:
        return call("eq", prop, _const(prop, values[0]))
    return call("in", prop, Const(values, CollectionType(prop.type)))


def _none_of(prop: Prop, values: tuple[object, ...]) -> Expr:
    if len(values) == 1:
        return call("ne", prop, _const(prop, values[0]))
    return call("not", _one_of(prop, values))


def _const(prop: Prop, value: object) -> Const:
    return NULL_CONST if value is None else Const(value, prop.type)
