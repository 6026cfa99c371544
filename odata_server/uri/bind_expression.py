"""Binds expressions: resolves names through the model, gives every node a type, brings literals to the type they meet.

What Salesforce sends and the standard does not foresee is settled here, once: date-times against dates in either
direction, quoted and bare guids. Nothing below this module sees a mixed comparison.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from edm.errors import ODataError
from edm.expressions import (
    FALSE,
    NULL_CONST,
    TRUE,
    Call,
    Const,
    Expr,
    Prop,
    call,
    conjunction,
    depth_of,
    disjunction,
)
from edm.functions import FUNCTIONS, meeting_type
from edm.primitives import BINARY, BOOLEAN, NULL, STRING, CollectionType, PrimitiveType
from odata_server.uri.bind_call import (
    apply,
    cast_to,
    check_offset,
    choose,
    compare,
    is_of,
    member_of,
    refuse_has,
    type_named,
    unknown_function,
)
from odata_server.uri.bind_literal import constant
from odata_server.uri.bind_member import EntityUsed, MemberBinder, unknown_property
from odata_server.uri.limits import exceeded
from odata_server.uri.size import count_nodes
from odata_server.uri.syntax import (
    AliasExpr,
    AnnotationExpr,
    CallExpr,
    CollectionExpr,
    Literal,
    ObjectExpr,
    Option,
    PathExpr,
    RootExpr,
    SyntaxNode,
    TypeExpr,
)

__all__ = ["ExpressionBinder", "unknown_property"]


class ExpressionBinder(MemberBinder):
    """Binds expressions over rows of ``entity_set``."""

    __slots__ = ()

    # --- entry points ---------------------------------------------------------------------------------

    def condition(self, node: SyntaxNode) -> Expr:
        """A Boolean expression (``$filter``); null literals are allowed and drop every row."""
        expr = self._any(node)
        if expr.type is not BOOLEAN and expr.type is not NULL:
            raise ODataError(
                "type_mismatch",
                f"A filter must be true or false, but this expression is {expr.type}.",
                position=node.position,
                hint="Compare it with a value, for example: ... eq 'x'.",
            )
        return expr

    def bind(self, node: SyntaxNode) -> Expr:
        """An expression with one value."""
        expr = self._any(node)
        if isinstance(expr.type, CollectionType):
            raise ODataError("type_mismatch", "A list is used where a value is needed.", position=node.position)
        return expr

    def bounded(self, expr: Expr) -> Expr:
        """The parser limits the depth of each option; aliases and computed properties put one into another."""
        if self.inlined[0] and depth_of(expr) > self.limits.depth:
            raise exceeded("depth", self.limits, 0)
        return expr

    def _any(self, node: SyntaxNode) -> Expr:
        """Any expression, also a list."""
        bind = _BINDERS.get(type(node))
        if bind is None:
            raise _unsupported(node)
        return bind(self, node)

    def _path(self, node: PathExpr) -> Expr:
        return self._alias_path(node) if node.segments[0].name.startswith("@") else self.path(node)

    def _no_annotation(self, node: AnnotationExpr) -> Expr:
        """No entity has annotations of its own."""
        return NULL_CONST

    # --- leaves ---------------------------------------------------------------------------------------

    def _literal(self, node: Literal) -> Const:
        try:
            return constant(node)
        except ODataError as error:
            error.position = node.position
            raise

    def _alias(self, node: AliasExpr) -> Expr:
        """A parameter alias; one without a value is null (Protocol 11.2.5.1.3)."""
        return self._aliased(node.name, node, lambda value: value)

    def _alias_path(self, node: PathExpr) -> Expr:
        """A path from what an alias or an annotation is: ``@m/Name`` with ``@m=$this``."""
        first = node.segments[0]
        if "." in first.name or "#" in first.name:
            return NULL_CONST

        def lengthened(value: SyntaxNode) -> SyntaxNode:
            if isinstance(value, PathExpr) and value.lambda_ is None:
                return PathExpr((*value.segments, *node.segments[1:]), value.position, node.lambda_)
            raise ODataError("type_mismatch", f"{first.name} is no entity.", position=first.position)

        return self._aliased(first.name, node, lengthened)

    def _aliased(self, name: str, node: SyntaxNode, change: Callable[[SyntaxNode], SyntaxNode]) -> Expr:
        if name in self.open_aliases:
            raise ODataError("syntax", f"The parameter alias {name} refers to itself.", position=node.position)
        option = self.aliases.get(name)
        if option is None:
            return NULL_CONST
        self._spend(option, node)
        inner = replace(self, open_aliases=(*self.open_aliases, name))
        changed = change(option.value)  # type: ignore[arg-type]
        try:
            return inner._any(changed)
        except EntityUsed:
            raise
        except ODataError as error:
            raise error.located(option.name, option.text) from None

    def _spend(self, option: Option, node: SyntaxNode) -> None:
        """Counts what an alias stands for, each time it is used: a few that double each other make millions."""
        if len(self.open_aliases) >= self.limits.alias_nesting:
            raise exceeded("alias_nesting", self.limits, node.position)
        self.inline(count_nodes(option.value), node.position)  # type: ignore[arg-type]

    def _collection(self, node: CollectionExpr) -> Expr:
        """A list: of constants a constant, else of expressions."""
        items = [self.bind(item) for item in node.items]
        kind = meeting_type([item.type for item in items])
        if not isinstance(kind, PrimitiveType):
            message = "The items of a list must be of one type."
            raise ODataError("type_mismatch", message, position=node.position)
        if all(isinstance(item, Const) for item in items):
            return Const(tuple(item.value for item in items if isinstance(item, Const)), CollectionType(kind))
        return Call("$list", tuple(items), CollectionType(kind))

    # --- calls ----------------------------------------------------------------------------------------

    def _call(self, node: CallExpr) -> Expr:
        if node.name in ("and", "or"):
            return self._logic(node)
        special = self._SPECIAL.get(node.name)
        if special is not None:
            return special(self, node)
        if node.name not in FUNCTIONS or node.name.startswith("$"):
            raise unknown_function(node)
        check_offset(node)
        return apply(node.name, tuple(self._any(arg) for arg in node.args), node, self.now, self.limits)

    def _logic(self, node: CallExpr) -> Expr:
        args: list[Expr] = []
        listed: tuple[SyntaxNode, Prop] | None = None  # what the terms of a list of keys have in common
        for source in node.args:
            if listed is not None and isinstance(source, CallExpr) and source.args and source.args[0] is listed[0]:
                literal = source.args[1]
                if isinstance(literal, Literal) and literal.kind == "String":
                    args.append(Call(source.name, (listed[1], Const(literal.text, STRING)), BOOLEAN))
                    continue
            arg = self._any(source)
            if arg.type is not BOOLEAN and arg.type is not NULL:
                raise ODataError(
                    "type_mismatch",
                    f"{node.name} needs true or false, not {arg.type}.",
                    position=source.position,
                )
            args.append(arg)
            listed = _listed(source, arg)
        return Call(node.name, tuple(args), BOOLEAN)

    def _comparison(self, node: CallExpr) -> Expr:
        pairs = self._rows(node.args[0], node.args[1]) if node.name in ("eq", "ne") else None
        if pairs is not None:
            return self._same_rows(node, pairs)
        try:
            left, right = self._any(node.args[0]), self._any(node.args[1])
        except EntityUsed as entity:
            return self._entity_comparison(entity, node)
        if left.type is right.type and left.type is not BINARY and isinstance(left, Prop):
            return Call(node.name, (left, right), BOOLEAN)
        return compare(node.name, left, right, node, self.now)

    def _entity_comparison(self, entity: EntityUsed, node: CallExpr) -> Expr:
        """``Customer eq null``: whether there is a related entity (4.01, 5.1.1.1.1)."""
        others = [a for a in node.args if isinstance(a, Literal) and a.kind == "Null"]
        if node.name not in ("eq", "ne") or not others:
            raise entity
        return call(node.name, entity.key(), NULL_CONST)

    # --- lists ----------------------------------------------------------------------------------------

    def _in(self, node: CallExpr) -> Expr:
        """``A in (1,2)``, and of lists: ``[A,B] in [[1,2],[3,4]]`` (4.01, 5.1.1.14.2)."""
        left, right = node.args
        rows = self._items(right)
        if rows is not None and isinstance(left, CollectionExpr):
            equal = (CallExpr("eq", (left, row), node.position) for row in rows)
            return disjunction(*(self._comparison(each) for each in equal)) or FALSE
        return member_of(self.bind(left), self._any(right), node, self.now)

    def _items(self, node: SyntaxNode) -> tuple[SyntaxNode, ...] | None:
        """The items of a list, or of the list that an alias stands for; ``None`` for anything else."""
        if isinstance(node, AliasExpr) and node.name in self.aliases and node.name not in self.open_aliases:
            value = self.aliases[node.name].value
            if isinstance(value, CollectionExpr):
                self._spend(self.aliases[node.name], node)
                return value.items
        return node.items if isinstance(node, CollectionExpr) else None

    def _rows(self, left: SyntaxNode, right: SyntaxNode) -> tuple[tuple[SyntaxNode, ...], ...] | None:
        """The items of both sides, if both are lists."""
        if not isinstance(left, CollectionExpr):
            return None
        items = self._items(right)
        return None if items is None else (left.items, items)

    def _same_rows(self, node: CallExpr, rows: tuple[tuple[SyntaxNode, ...], ...]) -> Expr:
        """Lists are equal if they have equal items in the same order."""
        left, right = rows
        equal: Expr = FALSE
        if len(left) == len(right):
            pairs = (CallExpr("eq", pair, node.position) for pair in zip(left, right, strict=True))
            equal = conjunction(*(self._comparison(pair) for pair in pairs)) or TRUE
        return equal if node.name == "eq" else call("not", equal)

    # --- functions of types and conditions ------------------------------------------------------------

    def _has(self, node: CallExpr) -> Expr:
        refuse_has(self.bind(node.args[0]), node)

    def _case(self, node: CallExpr) -> Expr:
        return choose(tuple(self._any(arg) for arg in node.args), node)

    def _cast(self, node: CallExpr) -> Expr:
        kind, value = self._typed(node)
        if isinstance(kind, PrimitiveType):
            return cast_to(value, kind) if isinstance(value, Expr) else NULL_CONST
        if isinstance(value, EntityUsed) and value.entity_set.type is kind:
            raise value
        return NULL_CONST

    def _isof(self, node: CallExpr) -> Expr:
        kind, value = self._typed(node)
        if isinstance(kind, PrimitiveType):
            return is_of(value, kind) if isinstance(value, Expr) else FALSE
        if not isinstance(value, EntityUsed) or value.entity_set.type is not kind:
            return FALSE
        return call("ne", value.key(), NULL_CONST) if value.path else TRUE

    def _typed(self, node: CallExpr) -> "tuple[object, Expr | EntityUsed]":
        """The type that ``cast`` or ``isof`` names, and what it is said of: the row itself where nothing is."""
        named = node.args[-1]
        assert isinstance(named, TypeExpr)
        kind = type_named(named, self.metadata)
        if len(node.args) == 1:
            return kind, EntityUsed(self.this, (), self.entity_set, node.position)
        try:
            return kind, self._any(node.args[0])
        except EntityUsed as entity:
            return kind, entity

    _SPECIAL: ClassVar[dict[str, Callable[["ExpressionBinder", CallExpr], Expr]]] = {
        **dict.fromkeys(("eq", "ne", "gt", "ge", "lt", "le"), _comparison),
        "in": _in,
        "has": _has,
        "case": _case,
        "cast": _cast,
        "isof": _isof,
    }


#: A table, because every node of every expression comes by.
_BINDERS: dict[type, Callable[[ExpressionBinder, Any], Expr]] = {
    Literal: ExpressionBinder._literal,
    PathExpr: ExpressionBinder._path,
    CallExpr: ExpressionBinder._call,
    AliasExpr: ExpressionBinder._alias,
    CollectionExpr: ExpressionBinder._collection,
    AnnotationExpr: ExpressionBinder._no_annotation,
}


def _listed(source: SyntaxNode, bound: Expr) -> tuple[SyntaxNode, Prop] | None:
    """The path and the text property of ``Key eq 'a'``. The parser shares the path among the terms of a long list."""
    if not isinstance(bound, Call) or bound.function not in ("eq", "ne") or not isinstance(source, CallExpr):
        return None
    left = bound.args[0]
    return (source.args[0], left) if isinstance(left, Prop) and left.type is STRING else None


def _unsupported(node: SyntaxNode) -> ODataError:
    if isinstance(node, RootExpr):
        message = "$root is not supported here."
    elif isinstance(node, ObjectExpr):
        message = "Objects are not supported: this service has no complex types."
    else:
        message = "This kind of expression is not supported here."
    return ODataError("not_implemented", message, position=node.position)
