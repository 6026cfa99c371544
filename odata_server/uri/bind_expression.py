"""Binds expressions: resolves names through the model, gives every node a type, brings literals to the type they meet.

What Salesforce sends and the standard does not foresee is settled here, once: date-times against dates in either
direction, quoted and bare guids. Nothing below this module sees a mixed comparison.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn

from edm.errors import ODataError
from edm.expressions import (
    FALSE,
    IT,
    NULL_CONST,
    Call,
    Const,
    CountOf,
    Expr,
    Lambda,
    Prop,
    call,
    conjunction,
    depth_of,
    disjunction,
    walk,
)
from edm.functions import FUNCTIONS, NOT_IMPLEMENTED, CanonicalFunction, Kind, NullRule, resolve
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE_TIME_OFFSET,
    DOUBLE,
    INT64,
    NULL,
    STRING,
    CollectionType,
    PrimitiveType,
)
from odata_server.uri.bind_literal import agree, bring, constant, date_against_date_time
from odata_server.uri.bind_search import search_condition
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.size import count_nodes
from odata_server.uri.syntax import (
    AliasExpr,
    CallExpr,
    CollectionExpr,
    LambdaExpr,
    Literal,
    Option,
    PathExpr,
    Segment,
    SyntaxNode,
)


def unknown_property(entity_set: EntitySet, name: str, position: int) -> ODataError:
    """The error for a name that the type does not have, with the nearest one it has."""
    near = get_close_matches(name, entity_set.type.member_names(), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"See $metadata for the properties of {entity_set.type.name}."
    message = f"{entity_set.type.name} has no property {name}."
    return ODataError("unknown_property", message, position=position, hint=hint)


@dataclass(frozen=True, slots=True)
class ExpressionBinder:
    """Binds expressions over rows of ``entity_set``. ``now`` is the one time of the request.

    ``computed`` are names that stand for bound expressions over the row (``$compute``).
    """

    metadata: ServiceMetadata
    entity_set: EntitySet
    now: datetime
    aliases: Mapping[str, Option] = field(default_factory=dict)
    scope: Mapping[str, EntitySet] = field(default_factory=dict)
    open_aliases: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    inlined: list[int] = field(default_factory=lambda: [0])  # nodes; shared by all binders of one set of options
    computed: Mapping[str, Expr] = field(default_factory=dict)

    # --- entry points ---------------------------------------------------------------------------------

    def condition(self, node: SyntaxNode) -> Expr:
        """A Boolean expression (``$filter``); null literals are allowed and drop every row."""
        expr = self.bind(node)
        if expr.type not in (BOOLEAN, NULL):
            raise ODataError(
                "type_mismatch",
                f"A filter must be true or false, but this expression is {expr.type}.",
                position=_position(node),
                hint="Compare it with a value, for example: ... eq 'x'.",
            )
        return expr

    def bind(self, node: SyntaxNode) -> Expr:
        """Any expression."""
        match node:
            case Literal():
                return self._literal(node)
            case PathExpr():
                return self._path(node)
            case CallExpr():
                return self._call(node)
            case AliasExpr():
                return self._alias(node)
            case CollectionExpr():
                return self._collection(node)
        raise ODataError("not_implemented", "This kind of expression is not supported yet.", position=_position(node))

    def bounded(self, expr: Expr) -> Expr:
        """The parser limits the depth of each option; aliases and computed properties put one into another."""
        if self.inlined[0] and depth_of(expr) > self.limits.depth:
            raise exceeded("depth", self.limits, 0)
        return expr

    # --- leaves ---------------------------------------------------------------------------------------

    def _literal(self, node: Literal) -> Const:
        try:
            return constant(node)
        except ODataError as error:
            error.position = node.position
            raise

    def _alias(self, node: AliasExpr) -> Expr:
        """A parameter alias; one without a value is null (Protocol 11.2.5.1.3)."""
        if node.name in self.open_aliases:
            raise ODataError("syntax", f"The parameter alias {node.name} refers to itself.", position=node.position)
        option = self.aliases.get(node.name)
        if option is None:
            return NULL_CONST
        self._spend(option, node)
        inner = replace(self, open_aliases=(*self.open_aliases, node.name))
        try:
            return inner.bind(option.value)  # type: ignore[arg-type]
        except ODataError as error:
            raise error.located(option.name, option.text) from None

    def _spend(self, option: Option, node: AliasExpr) -> None:
        """Counts what an alias stands for, each time it is used: a few that double each other make millions."""
        if len(self.open_aliases) >= self.limits.alias_nesting:
            raise exceeded("alias_nesting", self.limits, node.position)
        self._inline(count_nodes(option.value), node.position)  # type: ignore[arg-type]

    def _inline(self, nodes: int, position: int) -> None:
        self.inlined[0] += nodes
        if self.inlined[0] > self.limits.nodes:
            raise exceeded("nodes", self.limits, position)

    def _collection(self, node: CollectionExpr) -> Const:
        items = [self.bind(item) for item in node.items]
        constants = [item for item in items if isinstance(item, Const)]
        if len(constants) < len(items):
            raise ODataError("not_implemented", "A list may hold only literals.", position=node.position)
        kinds = [c.type for c in constants if isinstance(c.type, PrimitiveType) and c.type != NULL]
        kind = max(kinds, key=lambda k: k.rank) if kinds else NULL
        return Const(tuple(c.value for c in constants), CollectionType(kind))

    # --- paths ----------------------------------------------------------------------------------------

    def _path(self, node: PathExpr) -> Expr:
        own = self._own_property(node)
        if own is not None:
            return own
        variable, entity_set, segments = self._start(node)
        if not segments and node.lambda_ is None:
            raise ODataError("type_mismatch", "An entity is used where a value is needed.", position=node.position)
        path: list[str] = []
        nullable = False
        for index, segment in enumerate(segments):
            if segment.name == "$count":
                return self._count(segment, variable, entity_set, tuple(path), segments[index + 1 :])
            if segment.arguments is not None or segment.name.startswith("$") or "." in segment.name:
                raise ODataError(
                    "not_implemented",
                    f"{segment.name!r} is not supported in a path here.",
                    position=segment.position,
                )
            member = entity_set.type.navigation_property(segment.name)
            if member is None:
                return self._property(entity_set, variable, tuple(path), segments[index:], nullable)
            last = index == len(segments) - 1
            if (
                member.collection
                and not (last and node.lambda_ is not None)
                and not (not last and segments[index + 1].name == "$count")
            ):
                self._refuse_collection(member, segment)
            path.append(segment.name)
            nullable = True
            entity_set = self.metadata.target(member)
        if node.lambda_ is not None:
            return self._lambda(node.lambda_, variable, tuple(path), entity_set, segments)
        raise _EntityError(variable, tuple(path), entity_set, node.position)

    def _own_property(self, node: PathExpr) -> Prop | None:
        """What nearly every path is: a property of the row itself."""
        first = node.segments[0]
        if len(node.segments) > 1 or node.lambda_ is not None or first.arguments is not None:
            return None
        return _own_property(self.entity_set, first.name) if first.name not in self.scope else None

    def _start(self, node: PathExpr) -> tuple[str, EntitySet, tuple[Segment, ...]]:
        first = node.segments[0]
        if first.name in self.scope and first.arguments is None:
            return first.name, self.scope[first.name], node.segments[1:]
        if first.name == "$it":
            return IT, self.entity_set, node.segments[1:]
        if first.name.startswith("$"):
            raise ODataError("not_implemented", f"{first.name} is not supported here.", position=first.position)
        return IT, self.entity_set, node.segments

    def _property(
        self,
        entity_set: EntitySet,
        variable: str,
        path: tuple[str, ...],
        rest: tuple[Segment, ...],
        nullable: bool,
    ) -> Expr:
        segment = rest[0]
        found = entity_set.type.property(segment.name)
        computed = self.computed.get(segment.name) if found is None and variable == IT and not path else None
        if found is None and computed is None:
            raise unknown_property(entity_set, segment.name, segment.position)
        if len(rest) > 1 and rest[1].name.startswith("@"):
            raise ODataError("not_implemented", "Annotations are not supported in a path.", position=rest[1].position)
        if len(rest) > 1:
            raise ODataError(
                "unknown_property",
                f"{segment.name} is a value: nothing follows it in a path.",
                position=rest[1].position,
            )
        if found is None:
            assert computed is not None
            self._inline(sum(1 for _ in walk(computed)), segment.position)
            return computed
        return Prop((*path, segment.name), found.type, variable, nullable or found.nullable)

    def _refuse_collection(self, member: NavigationProperty, segment: Segment) -> NoReturn:
        raise ODataError(
            "type_mismatch",
            f"{member.name} is a collection.",
            position=segment.position,
            hint=f"Use {member.name}/any(x:x/...) or {member.name}/$count.",
        )

    def _lambda(
        self,
        node: LambdaExpr,
        variable: str,
        path: tuple[str, ...],
        target: EntitySet,
        segments: tuple[Segment, ...],
    ) -> Lambda:
        if not path or not self._is_collection(variable, path):
            raise ODataError("type_mismatch", f"{node.kind} needs a collection before it.", position=node.position)
        if node.predicate is None:
            return Lambda(node.kind, path, node.variable, None, variable)
        if (
            node.variable in self.scope
            or node.variable in self.computed
            or self.entity_set.type.property(node.variable)
        ):
            raise ODataError(
                "syntax",
                f"The lambda variable {node.variable} has a name that is taken here.",
                position=node.position,
                hint="Choose another name for the variable.",
            )
        inner = self._inside(node.variable, target)
        return Lambda(node.kind, path, node.variable, inner.condition(node.predicate), variable)

    def _is_collection(self, variable: str, path: tuple[str, ...]) -> bool:
        entity_set = self.scope.get(variable, self.entity_set)
        member: NavigationProperty | None = None
        for name in path:
            member = entity_set.type.navigation_property(name)
            assert member is not None
            entity_set = self.metadata.target(member)
        return member is not None and member.collection

    def _inside(self, variable: str, target: EntitySet) -> "ExpressionBinder":
        scope = {**self.scope, variable: target}
        return replace(self, scope=scope)

    def _count(
        self,
        segment: Segment,
        variable: str,
        target: EntitySet,
        path: tuple[str, ...],
        rest: tuple[Segment, ...],
    ) -> CountOf:
        if not path or not self._is_collection(variable, path) or rest:
            raise ODataError("type_mismatch", "$count needs a collection before it.", position=segment.position)
        bound = f"$this{len(self.scope)}"
        predicate: Expr | None = None
        for option in segment.options:
            nested = replace(self, entity_set=target, scope={}, computed={})
            if option.name == "$filter":
                part = nested.condition(option.value)  # type: ignore[arg-type]
            elif option.name == "$search":
                part = search_condition(target, option.value)  # type: ignore[arg-type]
            else:
                raise ODataError("option_not_allowed", f"{option.name} is not allowed here.", position=segment.position)
            predicate = conjunction(predicate, rebase(part, bound))
        return CountOf(path, bound, predicate, INT64, variable)

    # --- calls ----------------------------------------------------------------------------------------

    def _call(self, node: CallExpr) -> Expr:
        function = FUNCTIONS.get(node.name)
        if function is None or node.name.startswith("$"):
            raise _unknown_function(node)
        if node.name in ("and", "or"):
            return self._logic(node)
        if function.kind is Kind.INFIX and function.group == "comparison":
            return self._comparison(function, node)
        return self._apply(function, tuple(self.bind(arg) for arg in node.args), node)

    def _logic(self, node: CallExpr) -> Expr:
        args: list[Expr] = []
        listed: tuple[SyntaxNode, Prop] | None = None  # what the terms of a list of keys have in common
        for source in node.args:
            if listed is not None and isinstance(source, CallExpr) and source.args[0] is listed[0]:
                literal = source.args[1]
                if isinstance(literal, Literal) and literal.kind == "String":
                    args.append(Call(source.name, (listed[1], Const(literal.text, STRING)), BOOLEAN))
                    continue
            arg = self.bind(source)
            if arg.type is not BOOLEAN and arg.type is not NULL:
                raise ODataError(
                    "type_mismatch",
                    f"{node.name} needs true or false, not {arg.type}.",
                    position=_position(source),
                )
            args.append(arg)
            listed = _listed(source, arg)
        return Call(node.name, tuple(args), BOOLEAN)

    def _comparison(self, function: CanonicalFunction, node: CallExpr) -> Expr:
        try:
            left, right = self.bind(node.args[0]), self.bind(node.args[1])
        except _EntityError as entity:
            return self._entity_comparison(entity, node)
        if node.name == "in":
            return self._in(left, right, node)
        if left.type is right.type and left.type is not BINARY and isinstance(left, Prop):
            return Call(node.name, (left, right), BOOLEAN)
        mixed = date_against_date_time(node.name, left, right)
        return mixed if mixed is not None else self._apply(function, agree(left, right), node)

    def _entity_comparison(self, entity: "_EntityError", node: CallExpr) -> Expr:
        """``Customer eq null``: whether there is a related entity (4.01, 5.1.1.1.1)."""
        others = [a for a in node.args if isinstance(a, Literal) and a.kind == "Null"]
        if node.name not in ("eq", "ne") or not others:
            raise entity
        key = entity.entity_set.type.key
        kind = entity.entity_set.type.property(key)
        assert kind is not None
        return call(node.name, Prop((*entity.path, key), kind.type, entity.variable, True), NULL_CONST)

    def _in(self, left: Expr, right: Expr, node: CallExpr) -> Expr:
        if not isinstance(right, Const) or not isinstance(right.type, CollectionType):
            raise ODataError("type_mismatch", "in needs a list such as ('a','b').", position=node.position)
        assert isinstance(right.value, tuple)
        items = [Const(value, right.type.of if value is not None else NULL) for value in right.value]
        parts = [self._apply_comparison("eq", left, item, node) for item in items]
        plain = [p for p in parts if isinstance(p, Call) and p.function == "eq" and p.args[0] == left]
        if len(plain) == len(parts) and plain and isinstance(left.type, PrimitiveType):
            values = tuple(p.args[1].value for p in plain if isinstance(p.args[1], Const))
            return call("in", left, Const(values, CollectionType(left.type)))
        return disjunction(*parts) or FALSE

    def _apply_comparison(self, name: str, left: Expr, right: Expr, node: CallExpr) -> Expr:
        mixed = date_against_date_time(name, left, right)
        return mixed if mixed is not None else self._apply(FUNCTIONS[name], agree(left, right), node)

    def _apply(self, function: CanonicalFunction, args: tuple[Expr, ...], node: CallExpr) -> Expr:
        kinds = [arg.type if isinstance(arg.type, PrimitiveType) else NULL for arg in args]
        collections = [arg for arg in args if isinstance(arg.type, CollectionType)]
        resolution = None if collections else resolve(function, kinds)
        if resolution is None:
            raise _mismatch(function, args, node)
        bound = tuple(bring(arg, kind) for arg, kind in zip(args, resolution.operands, strict=True))
        if function.name == "now":
            return Const(self.now, DATE_TIME_OFFSET)
        if function.name in ("div", "divby", "mod"):
            _refuse_zero(bound[1], node)
        return _folded(Call(function.name, bound, resolution.result), node)


class _EntityError(ODataError):
    """A path ended in an entity: fine in ``Customer eq null``, an error elsewhere."""

    def __init__(self, variable: str, path: tuple[str, ...], entity_set: EntitySet, position: int) -> None:
        super().__init__(
            "type_mismatch",
            f"{path[-1]} is an entity, not a value.",
            position=position,
            hint=f"Name one of its properties: {path[-1]}/{entity_set.type.key}.",
        )
        self.variable, self.path, self.entity_set = variable, path, entity_set


@lru_cache(maxsize=4_096)
def _own_property(entity_set: EntitySet, name: str) -> Prop | None:
    """One node for all its occurrences: long chains compare the same property again and again."""
    found = entity_set.type.property(name)
    return None if found is None else Prop((name,), found.type, IT, found.nullable)


def _listed(source: SyntaxNode, bound: Expr) -> tuple[SyntaxNode, Prop] | None:
    """The path and the text property of ``Key eq 'a'``. The parser shares the path among the terms of a long list."""
    if not isinstance(bound, Call) or bound.function not in ("eq", "ne") or not isinstance(source, CallExpr):
        return None
    left = bound.args[0]
    return (source.args[0], left) if isinstance(left, Prop) and left.type is STRING else None


def _position(node: object) -> int:
    position = getattr(node, "position", 0)
    return position if isinstance(position, int) else 0


def _unknown_function(node: CallExpr) -> ODataError:
    if node.name in NOT_IMPLEMENTED or node.name.startswith("geo."):
        return ODataError("not_implemented", f"{node.name} is not supported.", position=node.position)
    near = get_close_matches(node.name, [f for f in FUNCTIONS if not f.startswith("$")], n=1)
    hint = f"Did you mean {near[0]}?" if near else "See docs/query-language.md for the functions."
    return ODataError("unknown_function", f"There is no function {node.name}.", position=node.position, hint=hint)


def _mismatch(function: CanonicalFunction, args: tuple[Expr, ...], node: CallExpr) -> ODataError:
    given = ", ".join(str(a.type) if a.type != NULL else "null" for a in args) or "nothing"
    wanted = " or ".join(
        "(" + ", ".join(p.name if not isinstance(p, PrimitiveType) else str(p) for p in s.params) + ")"
        for s in function.signatures
    )
    return ODataError(
        "type_mismatch",
        f"{function.name} is not defined for {given}.",
        position=node.position,
        hint=f"{function.name} takes {wanted}" + (" of one type." if function.signatures[0].same else "."),
    )


def _refuse_zero(divisor: Expr, node: CallExpr) -> None:
    if isinstance(divisor, Const) and divisor.value == 0 and divisor.type != DOUBLE:
        raise ODataError("division_by_zero", "Division by zero.", position=node.position)


def _folded(expr: Call, node: CallExpr) -> Expr:
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
    if expr.type.integral and not INT64.low <= value <= INT64.high:
        raise ODataError("arithmetic", "The result is outside the range of Edm.Int64.", position=node.position)
    return Const(value, expr.type)


def rebase(expr: Expr, variable: str) -> Expr:
    """``expr`` over the row ``$it``, said of the row behind ``variable`` instead."""
    match expr:
        case Prop(path=path, type=kind, variable=own, nullable=nullable):
            return Prop(path, kind, variable, nullable) if own == IT else expr
        case Call(function=function, args=args, type=kind):
            return Call(function, tuple(rebase(a, variable) for a in args), kind)
        case Lambda(kind=kind_, path=path, bound=bound, predicate=predicate, variable=own):
            inner = rebase(predicate, variable) if predicate is not None else None
            return Lambda(kind_, path, bound, inner, variable if own == IT else own)
        case CountOf(path=path, bound=bound, predicate=predicate, type=kind, variable=own):
            inner = rebase(predicate, variable) if predicate is not None else None
            return CountOf(path, bound, inner, kind, variable if own == IT else own)
    return expr
