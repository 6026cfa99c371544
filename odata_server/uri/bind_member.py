"""Binds paths: properties, navigation, collections with ``any``, ``all`` and ``$count``, annotations.

``ExpressionBinder`` goes on from here. A path starts at a row: at that of unprefixed names (``$this``), at that of the
resource path (``$it``), or at the variable of a lambda.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn, TypeVar

from edm.annotations import VOCABULARIES, Path, on_property
from edm.errors import ODataError
from edm.expressions import (
    IT,
    NULL_CONST,
    OUTER,
    TRUE,
    Const,
    CountOf,
    Expr,
    Lambda,
    Prop,
    call,
    conjunction,
    disjunction,
    walk,
)
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import BOOLEAN, INT32, INT64, STRING
from odata_server.uri.bind_call import entity_type_named, unknown_type
from odata_server.uri.bind_search import search_condition
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.syntax import LambdaExpr, Option, PathExpr, Segment, SyntaxNode

#: What ``$filter`` and ``$count`` segments call the row of their collection.
THIS = "$this"
Self = TypeVar("Self", bound="MemberBinder")


def unknown_property(entity_set: EntitySet, name: str, position: int) -> ODataError:
    """The error for a name that the type does not have, with the nearest one it has."""
    near = get_close_matches(name, entity_set.type.member_names(), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"See $metadata for the properties of {entity_set.type.name}."
    message = f"{entity_set.type.name} has no property {name}."
    return ODataError("unknown_property", message, position=position, hint=hint)


def _not_there(segment: Segment, names: Iterable[str]) -> ODataError:
    """The error for a name that rows do not have after ``$apply`` has aggregated them."""
    shown = ", ".join(name for name in names if name[0] != "$")
    message = f"The rows have no {segment.name} here."
    return ODataError("unknown_property", message, position=segment.position, hint=f"They have {shown}.")


class EntityUsed(ODataError):
    """A path ended in an entity: fine in ``Customer eq null``, an error elsewhere."""

    def __init__(self, variable: str, path: tuple[str, ...], entity_set: EntitySet, position: int) -> None:
        name = path[-1] if path else variable
        super().__init__(
            "type_mismatch",
            f"{name} is an entity, not a value.",
            position=position,
            hint=f"Name one of its properties: {name}/{entity_set.type.key}.",
        )
        self.variable, self.path, self.entity_set = variable, path, entity_set

    def key(self) -> Prop:
        """The entity's key, which is null exactly if there is no entity."""
        return Prop((*self.path, self.entity_set.type.key), STRING, self.variable, bool(self.path))


@dataclass(frozen=True, slots=True)
class MemberBinder(ABC):
    """Binds paths. Unprefixed names are those of ``entity_set``, whose row is ``this``; ``scope`` has the other rows.

    ``$it`` is the row behind ``OUTER`` if the scope has it. ``now`` is the one time of the request. ``computed`` are
    names that stand for bound expressions over the row (``$compute``).
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
    this: str = IT

    @abstractmethod
    def condition(self, node: SyntaxNode) -> Expr:
        """A Boolean expression."""

    def inline(self, nodes: int, position: int) -> None:
        """Counts what stands for a name, each time it is used."""
        self.inlined[0] += nodes
        if self.inlined[0] > self.limits.nodes:
            raise exceeded("nodes", self.limits, position)

    # --- the way to a property ------------------------------------------------------------------------

    def path(self, node: PathExpr) -> Expr:
        """A path; raises ``EntityUsed`` for one that ends in an entity."""
        own = self._own(node) or self._grouped(node)
        if own is not None:
            return own
        variable, entity_set, segments = self._start(node)
        path: tuple[str, ...] = ()
        for index, segment in enumerate(segments):
            if segment.name.startswith("@"):
                return self._annotation(None, segments[index:])
            if "." in segment.name:
                self._check_cast(entity_set, segment)
                continue
            member = entity_set.type.navigation_property(segment.name)
            if member is None:
                return self._property(entity_set, variable, path, segments[index:])
            path = (*path, segment.name)
            entity_set = self.metadata.target(member)
            if segment.arguments is not None:
                _refuse_segment(segment)
            if member.collection:
                return self._collection_path(node, variable, path, entity_set, segments[index + 1 :])
        if node.lambda_ is not None:
            raise _no_collection(node.lambda_.kind, node.lambda_.position)
        raise EntityUsed(variable, path, entity_set, node.position)

    def _own(self, node: PathExpr) -> Prop | None:
        """What nearly every path is: a property of the row itself."""
        first = node.segments[0]
        if len(node.segments) > 1 or node.lambda_ is not None or first.arguments is not None:
            return None
        return _own_property(self.entity_set, first.name, self.this) if first.name not in self.scope else None

    def _grouped(self, node: PathExpr) -> Expr | None:
        """What a path stands for that ``$apply`` has grouped by."""
        if len(node.segments) < 2 or node.lambda_ is not None or not self.computed:
            return None
        return self.computed.get("/".join(segment.name for segment in node.segments))

    def _start(self, node: PathExpr) -> tuple[str, EntitySet, tuple[Segment, ...]]:
        first = node.segments[0]
        if first.arguments is None:
            if first.name == THIS:
                return self.this, self.entity_set, node.segments[1:]
            if first.name == IT and OUTER in self.scope:
                return OUTER, self.scope[OUTER], node.segments[1:]
            if first.name in self.scope:
                return first.name, self.scope[first.name], node.segments[1:]
            if first.name == IT:
                return self.this, self.entity_set, node.segments[1:]
        return self.this, self.entity_set, node.segments

    def _check_cast(self, entity_set: EntitySet, segment: Segment) -> None:
        """There are no derived types: a cast to the entity's own type changes nothing, any other is a mistake."""
        if segment.arguments is not None:
            message = f"There is no function {segment.name[:80]}."
            raise ODataError("unknown_function", message, position=segment.position)
        if segment.name == f"{self.metadata.namespace}.{entity_set.type.name}":
            return
        if entity_type_named(segment.name, self.metadata) is None:
            raise unknown_type(segment.name, segment.position)
        message = f"{entity_set.type.name} is never a {segment.name}."
        raise ODataError("type_mismatch", message, position=segment.position)

    def _property(self, entity_set: EntitySet, variable: str, path: tuple[str, ...], rest: tuple[Segment, ...]) -> Expr:
        segment = rest[0]
        if segment.name.startswith("$") or segment.arguments is not None:
            _refuse_segment(segment)
        found = entity_set.type.property(segment.name)
        computed = self.computed.get(segment.name) if found is None and variable == self.this and not path else None
        if found is None and computed is None:
            if not entity_set.type.properties:
                raise _not_there(segment, self.computed)
            raise unknown_property(entity_set, segment.name, segment.position)
        bound = (
            computed if found is None else Prop((*path, found.name), found.type, variable, found.nullable or bool(path))
        )
        assert bound is not None
        if len(rest) > 1 and rest[1].name.startswith("@"):
            owner = bound if isinstance(bound, Prop) and found is not None else None
            return self._annotation((entity_set, owner) if owner is not None else None, rest[1:])
        if len(rest) > 1:
            message = f"{segment.name} is a value: nothing follows it in a path."
            raise ODataError("unknown_property", message, position=rest[1].position)
        if found is None:
            self.inline(sum(1 for _ in walk(bound)), segment.position)
        return bound

    # --- collections ----------------------------------------------------------------------------------

    def _collection_path(
        self, node: PathExpr, variable: str, path: tuple[str, ...], target: EntitySet, rest: tuple[Segment, ...]
    ) -> Expr:
        """What follows a collection: ``$filter`` segments, then ``$count`` or a lambda."""
        quantifier = node.lambda_
        bound = quantifier.variable if quantifier is not None and quantifier.predicate is not None else self._unused()
        inner = self._within(bound, target)
        filters: list[Expr] = []
        for index, segment in enumerate(rest):
            if segment.name == "$filter" and segment.arguments:
                filters.append(inner.condition(segment.arguments[0].value))
            elif "." in segment.name and not segment.name.startswith("@"):
                self._check_cast(target, segment)
            elif segment.name == "$count" and index == len(rest) - 1 and quantifier is None:
                counted = [self._counted(target, option, inner, segment) for option in segment.options]
                return CountOf(path, bound, conjunction(*filters, *counted), INT64, variable)
            else:
                raise _only_whole(path[-1], segment)
        if quantifier is None:
            raise _collection_used(path[-1], node.position)
        return self._quantified(quantifier, variable, path, target, bound, conjunction(*filters))

    def _unused(self) -> str:
        """A name for the row of a collection that no row around it has."""
        return THIS if THIS not in self.scope else f"{THIS}{len(self.scope)}"

    def _within(self: Self, bound: str, target: EntitySet) -> Self:
        """A binder for conditions on the rows of a collection: unprefixed names are theirs."""
        scope = {self.this: self.entity_set, **self.scope, bound: target}
        return replace(self, entity_set=target, this=bound, scope=scope, computed={})

    def _counted(self, target: EntitySet, option: Option, inner: "MemberBinder", segment: Segment) -> Expr:
        if option.name == "$filter":
            return inner.condition(option.value)  # type: ignore[arg-type]
        if option.name == "$search":
            return search_condition(target, option.value, inner.this)  # type: ignore[arg-type]
        raise ODataError("option_not_allowed", f"{option.name} is not allowed here.", position=segment.position)

    def _quantified(
        self,
        node: LambdaExpr,
        variable: str,
        path: tuple[str, ...],
        target: EntitySet,
        bound: str,
        kept: Expr | None,
    ) -> Lambda:
        """``any`` or ``all`` over the rows that ``kept`` keeps. The variable hides a property of its name (4.01)."""
        if node.predicate is None:
            return Lambda(node.kind, path, bound if kept is not None else "", kept, variable)
        if node.variable in self.scope:
            message = f"The lambda variable {node.variable} has a name that is taken here."
            hint = "Choose another name for the variable."
            raise ODataError("syntax", message, position=node.position, hint=hint)
        inner = replace(self, scope={self.this: self.entity_set, **self.scope, node.variable: target})
        predicate = inner.condition(node.predicate)
        if kept is None:
            return Lambda(node.kind, path, bound, predicate, variable)
        if node.kind == "any":
            return Lambda(node.kind, path, bound, conjunction(kept, predicate), variable)
        return Lambda(node.kind, path, bound, disjunction(call("ne", kept, TRUE), predicate), variable)

    # --- annotations ----------------------------------------------------------------------------------

    def _annotation(self, owner: tuple[EntitySet, Prop] | None, rest: tuple[Segment, ...]) -> Expr:
        """The value of an annotation: what the metadata says of the property; null where nothing is said (5.1.1.16)."""
        segment = rest[0]
        term, _, qualifier = segment.name[1:].partition("#")
        value = None
        if owner is not None and not qualifier:
            entity_set, prop = owner
            item = entity_set.type.property(prop.name)
            assert item is not None
            found = {a.term: a.value for a in on_property(entity_set.type, item)}
            value = found.get(term, found.get(_full_name(term)))
            if isinstance(value, Path) and len(rest) == 1:
                other = entity_set.type.property(value.text)
                assert other is not None
                return Prop((*prop.path[:-1], other.name), other.type, prop.variable, True)
        if value is None:
            return NULL_CONST
        if len(rest) == 1:
            for kind, python in ((BOOLEAN, bool), (INT32, int), (STRING, str)):
                if isinstance(value, python):
                    return Const(value, kind)
        message = f"The annotation {term} is no single value."
        raise ODataError("not_implemented", message, position=segment.position)


def _full_name(term: str) -> str:
    alias, _, name = term.rpartition(".")
    return f"{VOCABULARIES.get(alias, alias)}.{name}"


@lru_cache(maxsize=4_096)
def _own_property(entity_set: EntitySet, name: str, variable: str) -> Prop | None:
    """One node for all its occurrences: long chains compare the same property again and again."""
    found = entity_set.type.property(name)
    return None if found is None else Prop((name,), found.type, variable, found.nullable)


def _refuse_segment(segment: Segment) -> NoReturn:
    message = f"{segment.name!r} is not supported in a path here."
    raise ODataError("not_implemented", message, position=segment.position)


def _no_collection(kind: str, position: int) -> ODataError:
    return ODataError("type_mismatch", f"{kind} needs a collection before it.", position=position)


def _collection_used(name: str, position: int) -> ODataError:
    hint = f"Use {name}/any(x:x/...) or {name}/$count."
    return ODataError("type_mismatch", f"{name} is a collection.", position=position, hint=hint)


def _only_whole(name: str, segment: Segment) -> ODataError:
    if segment.name.startswith(("$", "@")) or not segment.name:
        message = f"{segment.name or 'A key'} is not supported after {name}."
        return ODataError("not_implemented", message, position=segment.position)
    return _collection_used(name, segment.position)
