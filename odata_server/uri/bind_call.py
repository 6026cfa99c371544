"""Operators and functions over operands that are bound: which signature fits, what literals become beside them.

Nothing here knows of paths or of rows. Mixed comparisons and constant calls are settled, so that nothing below the
binder sees them.
"""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import NoReturn

from edm.conversion import castable, convert
from edm.errors import ODataError
from edm.expressions import FALSE, NULL_CONST, TRUE, Call, Const, Expr, ExprType, call, disjunction
from edm.functions import COLLECTION, FUNCTIONS, NOT_IMPLEMENTED, CanonicalFunction, NullRule, meeting_type, resolve
from edm.model import EntityType, ServiceMetadata
from edm.patterns import fault_in_pattern
from edm.primitives import (
    BOOLEAN,
    DATE_TIME_OFFSET,
    DOUBLE,
    INT64,
    NULL,
    PRIMITIVES,
    STRING,
    CollectionType,
    PrimitiveType,
)
from odata_server.uri.bind_literal import FROM_STRING, agree, bring, date_against_date_time
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.syntax import CallExpr, Literal, SyntaxNode, TypeExpr

#: Functions whose result depends on the offset that a literal states; ours are kept in UTC (4.01, 5.1.1.8).
_LOCAL = frozenset({"year", "month", "day", "hour", "minute", "date", "time", "totaloffsetminutes"})
_UTC = ("Z", "z", "+00:00", "-00:00")


def apply(name: str, args: tuple[Expr, ...], node: CallExpr, now: datetime, limits: Limits = DEFAULT_LIMITS) -> Expr:
    """The call, its operands brought to the types they meet in; a constant if they all are."""
    function = FUNCTIONS[name]
    kinds = [arg.type for arg in args]
    resolution = resolve(function, kinds)
    if resolution is None:
        args = _spelled(function, args)
        resolution = resolve(function, [arg.type for arg in args])
    if resolution is None:
        raise mismatch(function, args, node)
    if name == "now":
        return Const(now, DATE_TIME_OFFSET)
    bound = tuple(bring(arg, kind) for arg, kind in zip(args, resolution.operands, strict=True))
    check = _CHECKS.get(name)
    if check is not None:
        check(bound, node, limits)
    return folded(Call(name, bound, resolution.result), node)


def _spelled(function: CanonicalFunction, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """Quoted literals read as the type of the first signature that takes them: ``DueDate add 'P1D'`` (4.01)."""
    for signature in function.signatures:
        if signature.takes(len(args)) and not signature.repeated:
            pairs = zip(args, signature.params, strict=True)
            spelled = tuple(_as(arg, param) if isinstance(param, PrimitiveType) else arg for arg, param in pairs)
            if spelled != args and resolve(function, [arg.type for arg in spelled]) is not None:
                return spelled
    return args


def _as(arg: Expr, kind: PrimitiveType) -> Expr:
    if not isinstance(arg, Const) or arg.type != STRING or kind.name not in FROM_STRING:
        return arg
    value = convert(arg.value, kind)
    return arg if value is None else Const(value, kind)


def folded(expr: Call, node: CallExpr) -> Expr:
    """A call of constants is a constant."""
    if not all(isinstance(arg, Const) for arg in expr.args):
        return expr
    values = [arg.value for arg in expr.args if isinstance(arg, Const)]
    function = FUNCTIONS[expr.function]
    if function.null is NullRule.PROPAGATE and None in values:
        return NULL_CONST
    value = function.evaluate(*values)
    if value is None:
        return NULL_CONST
    kind = expr.type
    if isinstance(kind, PrimitiveType) and kind.integral and not INT64.low <= value <= INT64.high:
        raise ODataError("arithmetic", "The result is outside the range of Edm.Int64.", position=node.position)
    return Const(value, kind)


# --- what some functions want of their operands ------------------------------------------------------------------


def _refuse_zero(args: Sequence[Expr], node: CallExpr, limits: Limits) -> None:
    divisor = args[1]
    if isinstance(divisor, Const) and divisor.value == 0 and divisor.type != DOUBLE:
        raise ODataError("division_by_zero", "Division by zero.", position=node.position)


def _refuse_length(args: Sequence[Expr], node: CallExpr, limits: Limits) -> None:
    length = args[2] if len(args) == 3 else None
    if isinstance(length, Const) and isinstance(length.value, int) and length.value < 0:
        raise ODataError("value_out_of_range", "The length of a substring is negative.", position=node.position)


def _refuse_pattern(args: Sequence[Expr], node: CallExpr, limits: Limits) -> None:
    pattern = args[1].value if isinstance(args[1], Const) else None
    if not isinstance(pattern, str):
        return
    if len(pattern) > limits.pattern_length:
        raise exceeded("pattern_length", limits, node.position)
    fault = fault_in_pattern(pattern)
    if fault is not None:
        hint = "Patterns are RE2's: no look-around, no back-references."
        raise ODataError("syntax", f"The pattern cannot be used: {fault}.", position=node.position, hint=hint)


_CHECKS = {
    "div": _refuse_zero,
    "divby": _refuse_zero,
    "mod": _refuse_zero,
    "substring": _refuse_length,
    "matchespattern": _refuse_pattern,
}


def check_offset(node: CallExpr) -> None:
    """Refuses ``hour(2026-11-20T08:30:00+01:00)``: the offset is lost, so the answer would be that of another zone."""
    if node.name not in _LOCAL or len(node.args) != 1:
        return
    literal = node.args[0]
    if isinstance(literal, Literal) and literal.kind == "DateTimeOffset" and not literal.text.endswith(_UTC):
        message = f"{node.name} of a point in time with an offset is not supported."
        raise ODataError("not_implemented", message, position=literal.position, hint="State it in UTC.")


# --- comparison ---------------------------------------------------------------------------------------------------


def compare(name: str, left: Expr, right: Expr, node: CallExpr, now: datetime) -> Expr:
    """``left name right``, literals and dates brought to the other side's type."""
    mixed = date_against_date_time(name, left, right)
    return mixed if mixed is not None else apply(name, agree(left, right), node, now)


def member_of(left: Expr, right: Expr, node: CallExpr, now: datetime) -> Expr:
    """``left in right``: one list of values where they all are constants, else a chain of ``eq``."""
    if right.type == NULL:
        return FALSE
    if not isinstance(right.type, CollectionType) or isinstance(left.type, CollectionType):
        raise ODataError("type_mismatch", "in needs a list such as ('a','b').", position=node.position)
    if isinstance(right, Call) and right.function == "$list":
        return disjunction(*(compare("eq", left, item, node, now) for item in right.args)) or FALSE
    if not isinstance(right, Const):
        return _in_computed(left, right, node)
    assert isinstance(right.value, tuple)
    items = [Const(value, right.type.of if value is not None else NULL) for value in right.value]
    parts = [compare("eq", left, item, node, now) for item in items]
    plain = [p for p in parts if isinstance(p, Call) and p.function == "eq" and p.args[0] == left]
    if len(plain) == len(parts) and plain and isinstance(left.type, PrimitiveType):
        values = tuple(p.args[1].value for p in plain if isinstance(p.args[1], Const))
        return call("in", left, Const(values, CollectionType(left.type)))
    return disjunction(*parts) or FALSE


def _in_computed(left: Expr, right: Expr, node: CallExpr) -> Expr:
    assert isinstance(right.type, CollectionType)
    if meeting_type((left.type, right.type.of)) is None:
        raise mismatch(FUNCTIONS["in"], (left, right), node)
    return call("in", left, right)


# --- case, cast, isof ---------------------------------------------------------------------------------------------


def choose(args: tuple[Expr, ...], node: CallExpr) -> Expr:
    """``case``: conditions that are never true are left out, and all behind one that always is."""
    pairs: list[tuple[Expr, Expr]] = []
    for condition, value, source in zip(args[::2], args[1::2], node.args[::2], strict=True):
        if condition.type not in (BOOLEAN, NULL):
            message = f"A condition of case must be true or false, not {condition.type}."
            raise ODataError("type_mismatch", message, position=source.position)
        if condition not in (FALSE, NULL_CONST):
            pairs.append((condition, value))
        if condition == TRUE:
            break
    kind = meeting_type([value.type for value in args[1::2]])
    if kind is None or isinstance(kind, CollectionType):
        message = "Values of different types in one case are not supported."
        raise ODataError("not_implemented", message, position=node.position)
    if all(value == NULL_CONST for _, value in pairs):
        return NULL_CONST
    flat = tuple(part for condition, value in pairs for part in (condition, bring(value, kind)))
    return flat[1] if pairs[0][0] == TRUE else Call("case", flat, kind)


def cast_to(value: Expr, kind: PrimitiveType) -> Expr:
    """``cast(value,kind)``; null if no value of the one type is one of the other."""
    if value.type == kind or value.type == NULL:
        return value
    if isinstance(value.type, CollectionType):
        if not isinstance(value, Const):
            raise ODataError("not_implemented", "Casting a list of expressions is not supported.")
        assert isinstance(value.value, tuple)
        return Const(tuple(convert(item, kind) for item in value.value), CollectionType(kind))
    if isinstance(value, Const):
        found = convert(value.value, kind)
        return NULL_CONST if found is None else Const(found, kind)
    return Call("cast", (value,), kind) if castable(value.type, kind) else NULL_CONST


def is_of(value: Expr, kind: PrimitiveType) -> Expr:
    """``isof(value,kind)``: there is a value, and it can be cast."""
    found = cast_to(value, kind)
    if isinstance(found, Const):
        return FALSE if found.value is None else TRUE
    return call("ne", found, NULL_CONST)


def type_named(node: TypeExpr, metadata: ServiceMetadata) -> PrimitiveType | EntityType:
    """The type that ``cast`` or ``isof`` names."""
    namespace, _, name = node.name.rpartition(".")
    if namespace == "Edm":
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        if name.startswith(("Geo", "Stream", "PrimitiveType", "Untyped", "ComplexType", "EntityType")):
            raise ODataError("not_implemented", f"{node.name} is not supported.", position=node.position)
    found = entity_type_named(node.name, metadata)
    if found is not None:
        return found
    if node.name.startswith("Collection("):
        raise ODataError("not_implemented", "Collections are not cast.", position=node.position)
    raise unknown_type(node.name, node.position)


def entity_type_named(name: str, metadata: ServiceMetadata) -> EntityType | None:
    namespace, _, bare = name.rpartition(".")
    if namespace != metadata.namespace:
        return None
    return next((s.type for s in metadata.sets if s.type.name == bare), None)


# --- errors -------------------------------------------------------------------------------------------------------


def unknown_type(name: str, position: int) -> ODataError:
    return ODataError("unknown_type", f"There is no type {name[:80]}.", position=position, hint="See $metadata.")


#: Functions of former versions of OData, and what to use instead.
_FORMER = {"substringof": "OData 4 has contains(text,part), with the part last."}


def unknown_function(node: CallExpr) -> ODataError:
    if node.name in NOT_IMPLEMENTED or node.name.startswith("geo."):
        message = f"{node.name} is not supported: this service has no geographical types."
        return ODataError("not_implemented", message, position=node.position)
    near = get_close_matches(node.name, [f for f in FUNCTIONS if not f.startswith("$")], n=1)
    hint = f"Did you mean {near[0]}?" if near else "See docs/query-language.md for the functions."
    hint = _FORMER.get(node.name, hint)
    return ODataError("unknown_function", f"There is no function {node.name}.", position=node.position, hint=hint)


def refuse_has(left: Expr, node: CallExpr) -> NoReturn:
    """``has`` asks for members of an enumeration, and the model has no enumeration."""
    message = f"has needs a property of an enumeration type, not {_shown(left.type)}; this service has none."
    raise ODataError("type_mismatch", message, position=node.position)


def mismatch(function: CanonicalFunction, args: Sequence[Expr], node: SyntaxNode) -> ODataError:
    given = ", ".join(_shown(arg.type) for arg in args) or "nothing"
    collections = any(isinstance(arg.type, CollectionType) for arg in args)
    signatures = [s for s in function.signatures if collections or COLLECTION not in s.params]
    wanted = " or ".join(
        "(" + ", ".join(p.name if not isinstance(p, PrimitiveType) else str(p) for p in s.params) + ")"
        for s in signatures or function.signatures
    )
    return ODataError(
        "type_mismatch",
        f"{function.name} is not defined for {given}.",
        position=node.position,
        hint=f"{function.name} takes {wanted}" + (" of one type." if function.signatures[0].same else "."),
    )


def _shown(kind: ExprType) -> str:
    return "null" if kind == NULL else str(kind)
