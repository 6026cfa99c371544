"""Binds the resource path: sets, keys (in parentheses or as segments), navigation, properties, ``$count``, ``$ref``,
``$value``. A key becomes a condition, a navigation property a hop over one parent row.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from edm.errors import ODataError
from edm.expressions import IT, Const, Prop, call, conjunction
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.primitives import STRING
from edm.query import Query
from odata_server.uri.bind_expression import ExpressionBinder, unknown_property
from odata_server.uri.bound import Answer, BoundRequest, Hop
from odata_server.uri.limits import Limits
from odata_server.uri.syntax import AliasExpr, Literal, QueryOptions, ResourcePath, Segment, SyntaxNode

#: What the standard knows, but this service does not answer, and what to do instead.
_NOT_OFFERED: dict[str, str | None] = {
    "$batch": None,
    "$query": None,
    "$all": "The service document lists the entity sets: ask for each of them.",
    "$crossjoin": "Filter or expand along navigation properties instead.",
    "$each": "It is for changes to every member of a collection, and ERP data is read-only here.",
}


@dataclass(frozen=True, slots=True)
class PathBinder:
    """Walks a resource path. ``options`` hold the aliases that keys and conditions may refer to, ``now`` is the one
    time of the request.
    """

    metadata: ServiceMetadata
    options: QueryOptions
    limits: Limits
    now: datetime

    def resolve(self, path: ResourcePath) -> BoundRequest:
        """The resource that the path addresses; its query knows keys and parents, no options yet."""
        if not path.segments:
            return BoundRequest(Answer.SERVICE_DOCUMENT)
        first = path.segments[0]
        if first.name == "$metadata" and first.arguments is None and len(path.segments) == 1:
            return BoundRequest(Answer.METADATA)
        if first.name in _NOT_OFFERED:
            raise ODataError("not_implemented", f"{first.name} is not supported.", hint=_NOT_OFFERED[first.name])
        entity_set = self.metadata.entity_set(first.name)
        if entity_set is None:
            raise _no_such_set(self.metadata, first.name)
        at = BoundRequest(Answer.COLLECTION, Query(entity_set.name, ()), path=entity_set.name)
        if first.arguments is not None:
            at = self._by_key(at, self._key(entity_set, first))
        ends = (*(segment.position for segment in path.segments[2:]), len(path.text))
        for segment, end in zip(path.segments[1:], ends, strict=False):
            at = self._step(at, segment, path.text[segment.position : end].removesuffix("/"))
        return at

    def _step(self, at: BoundRequest, segment: Segment, text: str) -> BoundRequest:
        """One segment further; ``text`` is the segment as it was written."""
        if at.query is None or at.answer not in (Answer.COLLECTION, Answer.ENTITY):
            return self._after_property(at, segment)
        entity_set = self.metadata[at.query.entity_set]
        if segment.name == f"{self.metadata.namespace}.{entity_set.type.name}":
            return self._after_cast(at, entity_set, segment)
        if segment.name == "$filter" and segment.arguments and at.answer is Answer.COLLECTION:
            return self._filtered(at, entity_set, segment.arguments[0].value, text)
        if segment.name in _NOT_OFFERED:
            raise ODataError("not_implemented", f"/{segment.name} is not supported.", hint=_NOT_OFFERED[segment.name])
        if at.answer is Answer.COLLECTION:
            return self._in_collection(at, entity_set, segment)
        return self._in_entity(at, entity_set, segment)

    def _after_cast(self, at: BoundRequest, entity_set: EntitySet, segment: Segment) -> BoundRequest:
        """A cast to the very type, the only one there is: ``Customers/ErpOData.Customer('C-1')``."""
        if segment.arguments is None:
            return at
        if at.answer is Answer.COLLECTION:
            return self._by_key(at, self._key(entity_set, segment))
        raise ODataError("syntax", f"{at.path} is a single entity: it takes no key.")

    def _filtered(self, at: BoundRequest, entity_set: EntitySet, node: SyntaxNode, text: str) -> BoundRequest:
        """A ``/$filter(...)`` segment: the collection of the members for which the condition is true (4.12)."""
        assert at.query is not None
        binder = ExpressionBinder(self.metadata, entity_set, self.now, self.options.aliases, limits=self.limits)
        try:
            condition = binder.bounded(binder.condition(node))
        except ODataError as error:
            raise error.located("path") from None
        query = at.query.with_(filter=conjunction(at.query.filter, condition))
        return replace(at, query=query, path=f"{at.path}/{text}")

    def _in_collection(self, at: BoundRequest, entity_set: EntitySet, segment: Segment) -> BoundRequest:
        if segment.name == "$count" and segment.arguments is None:
            return replace(at, answer=Answer.COUNT)
        if segment.name == "$ref":
            return replace(at, answer=Answer.REFERENCES)
        if not segment.name:
            return self._by_key(at, self._key(entity_set, segment))
        if segment.name.startswith("$") or segment.arguments is not None:
            raise ODataError("not_found", f"There is no resource {segment.name} in a collection.")
        return self._by_key(at, segment.name)

    def _in_entity(self, at: BoundRequest, entity_set: EntitySet, segment: Segment) -> BoundRequest:
        if segment.name == "$ref":
            return replace(at, answer=Answer.REFERENCE)
        navigation = entity_set.type.navigation_property(segment.name)
        if navigation is not None:
            return self._navigate(at, navigation, segment)
        found = entity_set.type.property(segment.name)
        if found is None or segment.arguments is not None:
            error = unknown_property(entity_set, segment.name, segment.position)
            raise ODataError("not_found", error.message, hint=error.hint)
        assert at.query is not None
        query = at.query.with_(columns=(found.name,))
        return replace(at, answer=Answer.PROPERTY, query=query, property=found, path=f"{at.path}/{found.name}")

    def _after_property(self, at: BoundRequest, segment: Segment) -> BoundRequest:
        if at.answer is Answer.PROPERTY and segment.name == "$value":
            return replace(at, answer=Answer.VALUE)
        raise ODataError("not_found", f"There is no resource {segment.name} after {at.path or 'this one'}.")

    def _navigate(self, at: BoundRequest, navigation: NavigationProperty, segment: Segment) -> BoundRequest:
        assert at.query is not None
        own = tuple(pair[0] for pair in navigation.on)
        hop = Hop(at.query.with_(columns=own, top=1), navigation)
        target = self.metadata.target(navigation)
        answer = Answer.COLLECTION if navigation.collection else Answer.ENTITY
        query = Query(target.name, (), top=None if navigation.collection else 1)
        after = BoundRequest(
            answer,
            query,
            (*at.hops, hop),
            path=f"{at.path}/{navigation.name}",
            optional=not navigation.collection,
        )
        if segment.arguments is None:
            return after
        if not navigation.collection:
            raise ODataError("syntax", f"{navigation.name} is a single entity: it takes no key.")
        return self._by_key(after, self._key(target, segment))

    def _by_key(self, at: BoundRequest, value: str) -> BoundRequest:
        assert at.query is not None
        entity_set = self.metadata[at.query.entity_set]
        condition = call("eq", Prop((entity_set.type.key,), STRING, IT, False), Const(value, STRING))
        query = at.query.with_(filter=conjunction(at.query.filter, condition), top=1)
        quoted = value.replace("'", "''")
        return replace(at, answer=Answer.ENTITY, query=query, path=f"{at.path}('{quoted}')", optional=False)

    def _key(self, entity_set: EntitySet, segment: Segment) -> str:
        arguments = segment.arguments or ()
        key = entity_set.type.key
        hint = f"Write {entity_set.name}('...') or {entity_set.name}({key}='...')."
        if len(arguments) != 1 or arguments[0].name not in ("", key):
            raise ODataError("syntax", f"{entity_set.name} has one key, {key}.", position=segment.position, hint=hint)
        value = arguments[0].value
        if isinstance(value, AliasExpr) and value.name in self.options.aliases:
            value = self.options.aliases[value.name].value  # type: ignore[assignment]
        if not isinstance(value, Literal) or value.kind not in ("String", "Guid"):
            raise ODataError(
                "type_mismatch",
                f"The key {key} is Edm.String: quote its value.",
                position=segment.position,
                hint=hint,
            )
        return value.text


def _no_such_set(metadata: ServiceMetadata, name: str) -> ODataError:
    near = get_close_matches(name, [s.name for s in metadata.sets], n=1)
    hint = f"Did you mean {near[0]}?" if near else "The service document lists the entity sets."
    return ODataError("not_found", f"There is no entity set {name}.", hint=hint)
