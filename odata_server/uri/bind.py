"""Binds a request: path and options, checked against the model, become what is asked (``BoundRequest``).

Everything that narrows rows ends up as a conjunct of ``Query.filter``: the key, ``$filter``, ``$search``.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from edm.errors import ODataError
from edm.expressions import IT, Expr, Prop, conjunction
from edm.model import EntitySet, NavigationProperty, Property, ServiceMetadata
from edm.primitives import STRING
from edm.query import Expansion, OrderItem, Query
from odata_server.uri.bind_compute import shown_items, with_computed
from odata_server.uri.bind_expression import ExpressionBinder, unknown_property
from odata_server.uri.bind_path import PathBinder
from odata_server.uri.bind_search import search_condition
from odata_server.uri.bound import Answer, BoundRequest
from odata_server.uri.limits import Limits
from odata_server.uri.syntax import (
    ExpandItem,
    Option,
    OrderbyItem,
    QueryOptions,
    ResourcePath,
    SelectItem,
)

_ROWS = {"$filter", "$search", "$compute"}
_SHAPE = {"$select", "$expand", "$compute"}
_ALWAYS = {"$format", "$schemaversion"}
_SLICE = {"$orderby", "$top", "$skip", "$count", "$skiptoken", "$apply", "$deltatoken", "$index"}
#: Options that mean something for each kind of resource; ``$count`` as a path ignores the slice (URL Conventions 4.8).
ALLOWED: dict[Answer, frozenset[str]] = {
    Answer.SERVICE_DOCUMENT: frozenset(_ALWAYS),
    Answer.METADATA: frozenset(_ALWAYS),
    Answer.COLLECTION: frozenset(_ROWS | _SHAPE | _ALWAYS | _SLICE),
    Answer.ENTITY: frozenset(_SHAPE | _ALWAYS),
    Answer.PROPERTY: frozenset(_ALWAYS),
    Answer.VALUE: frozenset(_ALWAYS),
    Answer.COUNT: frozenset(_ROWS | _ALWAYS | {"$orderby", "$top", "$skip", "$expand", "$select"}),
    Answer.REFERENCES: frozenset(_ROWS | _ALWAYS | _SLICE),
    Answer.REFERENCE: frozenset(_ALWAYS),
}
#: Options that parse, but that this service does not answer yet.
UNSUPPORTED = ("$apply", "$deltatoken", "$index")


@dataclass(frozen=True, slots=True)
class RequestBinder:
    """Binds requests against one view of the model."""

    metadata: ServiceMetadata
    limits: Limits
    now: datetime

    def bind(self, path: ResourcePath, options: QueryOptions) -> BoundRequest:
        """The request, typed; raises ``ODataError`` for whatever the model does not have."""
        target = PathBinder(self.metadata, options).resolve(path)
        _check_allowed(target.answer, options)
        self._check_schema_version(options)
        format_ = options.system.get("$format")
        if target.query is None:
            return BoundRequest(target.answer, path=path.text, format=format_.text if format_ else None)
        query = self.apply_options(self.metadata[target.query.entity_set], target.query, options, target.answer)
        token = options.system.get("$skiptoken")
        return BoundRequest(
            answer=target.answer,
            query=query,
            hops=target.hops,
            property=target.property,
            path=target.path,
            selected=_selected_links(self.metadata[query.entity_set], options),
            optional=target.optional,
            skiptoken=token.text if token else None,
            format=format_.text if format_ else None,
        )

    def _check_schema_version(self, options: QueryOptions) -> None:
        option = options.system.get("$schemaversion")
        if option is not None and option.text not in ("*", self.metadata.version):
            raise ODataError(
                "schema_version",
                f"Schema version {option.text!r} is not published.",
                target="$schemaversion",
                hint=f"The current version is {self.metadata.version}; * stands for it.",
            )

    def apply_options(self, entity_set: EntitySet, query: Query, options: QueryOptions, answer: Answer) -> Query:
        """``query`` narrowed, sorted, sliced and shaped by system query options."""
        system = options.system
        binder = ExpressionBinder(self.metadata, entity_set, self.now, options.aliases, limits=self.limits)
        if "$compute" in system:
            with _locating(system["$compute"]) as option:
                binder = with_computed(binder, option.value)  # type: ignore[arg-type]
        parts: list[Expr | None] = [query.filter]
        if "$filter" in system:
            with _locating(system["$filter"]) as option:
                parts.append(binder.bounded(binder.condition(option.value)))  # type: ignore[arg-type]
        if "$search" in system:
            with _locating(system["$search"]) as option:
                parts.append(search_condition(entity_set, option.value))  # type: ignore[arg-type]
        collection = answer in (Answer.COLLECTION, Answer.REFERENCES)
        columns = self._columns(binder, system.get("$select"), query)
        return Query(
            entity_set=entity_set.name,
            columns=columns,
            filter=conjunction(*parts),
            orderby=self._orderby(entity_set, system.get("$orderby"), binder) if collection else (),
            skip=_number(system.get("$skip")) or 0 if collection else 0,
            top=_number(system.get("$top")) if collection else query.top,
            count=system["$count"].value is True if collection and "$count" in system else False,
            compute=shown_items(binder, columns),
            expand=self._expand(entity_set, system["$expand"], options, 1) if "$expand" in system else (),
        )

    # --- $select --------------------------------------------------------------------------------------

    def _columns(self, binder: ExpressionBinder, option: Option | None, query: Query) -> tuple[str, ...]:
        """Without ``$select`` everything, computed properties included (Protocol 11.2.5.3); a path to a property has
        chosen already.
        """
        every = (*binder.entity_set.type.names, *binder.computed)
        if option is None:
            return query.columns or every
        items: tuple[SelectItem, ...] = option.value  # type: ignore[assignment]
        wanted: set[str] = set()
        with _locating(option):
            for item in items:
                if len(item.path) == 1 and not item.options and item.path[0] in every:
                    wanted.add(item.path[0])
                else:
                    wanted.update(self._selected(binder, item, every))
        return tuple(name for name in every if name in wanted)

    def _selected(self, binder: ExpressionBinder, item: SelectItem, every: tuple[str, ...]) -> tuple[str, ...]:
        entity_set = binder.entity_set
        name = item.path[0]
        qualified = f"{self.metadata.namespace}.{entity_set.type.name}"
        path = item.path[1:] if name == qualified and len(item.path) > 1 else item.path
        name = path[0]
        if name == "*":
            return every
        if name == f"{self.metadata.namespace}.*":
            return ()
        if name not in every and entity_set.type.navigation_property(name) is None:
            raise unknown_property(entity_set, name, item.position)
        if len(path) > 1 or item.options:
            raise ODataError(
                "unknown_property", f"{name} has no properties of its own to select.", position=item.position
            )
        return (name,) if name in every else ()

    # --- $orderby -------------------------------------------------------------------------------------

    def _orderby(self, entity_set: EntitySet, option: Option | None, binder: ExpressionBinder) -> tuple[OrderItem, ...]:
        by_key = _by_key(entity_set)
        if option is None:
            return (by_key,)
        given: list[OrderItem] = []
        items: tuple[OrderbyItem, ...] = option.value  # type: ignore[assignment]
        with _locating(option):
            for item in items:
                expr = self._sortable(entity_set, binder, item)
                given.append(OrderItem(expr, item.descending))
                if expr == by_key.expr:
                    return tuple(given)
        return (*given, by_key)

    def _sortable(self, entity_set: EntitySet, binder: ExpressionBinder, item: OrderbyItem) -> Expr:
        expr = binder.bounded(binder.bind(item.expr))
        if isinstance(expr, Prop):
            found = self._property_at(entity_set, expr)
            if not found.sortable:
                raise ODataError(
                    "not_sortable",
                    f"{found.name} is long text and cannot be sorted by.",
                    position=item.position,
                )
        return expr

    def _property_at(self, entity_set: EntitySet, expr: Prop) -> Property:
        for name in expr.path[:-1]:
            navigation = entity_set.type.navigation_property(name)
            assert navigation is not None
            entity_set = self.metadata.target(navigation)
        found = entity_set.type.property(expr.name)
        assert found is not None
        return found

    # --- $expand --------------------------------------------------------------------------------------

    def _expand(
        self, entity_set: EntitySet, option: Option, options: QueryOptions, depth: int
    ) -> tuple[Expansion, ...]:
        items: tuple[ExpandItem, ...] = option.value  # type: ignore[assignment]
        if depth > self.limits.expand_depth:
            raise ODataError(
                "limit_exceeded",
                f"$expand is nested deeper than {self.limits.expand_depth} levels.",
                target="$expand",
            )
        found: dict[str, Expansion] = {}
        for item in items:
            with _locating(option):
                expansions = self._expansion(entity_set, item, options, depth)
            for expansion in expansions:
                if expansion.navigation in found and item.path != ("*",):
                    raise ODataError(
                        "syntax",
                        f"{expansion.navigation} is expanded twice.",
                        target="$expand",
                        position=item.position,
                        text=option.text,
                    )
                found.setdefault(expansion.navigation, expansion)
        return tuple(found.values())

    def _expansion(
        self, entity_set: EntitySet, item: ExpandItem, options: QueryOptions, depth: int
    ) -> tuple[Expansion, ...]:
        path = item.path
        if path[0] == f"{self.metadata.namespace}.{entity_set.type.name}" and len(path) > 1:
            path = path[1:]
        if len(path) == 2 and self._is_own_type(entity_set, path[0], path[1]):
            path = path[:1]
        if path == ("*",):
            names: tuple[str, ...] = tuple(n.name for n in entity_set.type.navigation)
        elif len(path) > 1:
            raise ODataError(
                "unknown_property",
                "Only navigation properties of the entity itself can be expanded.",
                position=item.position,
                hint=f"Nest the second one: {path[0]}($expand={path[1]}).",
            )
        else:
            names = path
        return tuple(self._expand_one(entity_set, name, item, options, depth) for name in names)

    def _is_own_type(self, entity_set: EntitySet, navigation: str, cast: str) -> bool:
        """Whether ``cast`` is the very type that the navigation property leads to (there are no derived types)."""
        found = entity_set.type.navigation_property(navigation)
        return found is not None and cast == f"{self.metadata.namespace}.{self.metadata.target(found).type.name}"

    def _expand_one(
        self, entity_set: EntitySet, name: str, item: ExpandItem, options: QueryOptions, depth: int
    ) -> Expansion:
        navigation = entity_set.type.navigation_property(name)
        if navigation is None:
            raise unknown_property(entity_set, name, item.position)
        own = {o.name: o for o in item.options if o.name.startswith("@")}
        nested = QueryOptions({o.name: o for o in item.options if o.name.startswith("$")}, {**options.aliases, **own})
        _check_nested(navigation, item, nested)
        target = self.metadata.target(navigation)
        answer = Answer.COLLECTION if navigation.collection else Answer.ENTITY
        base = Query(target.name, ())
        query = self.apply_options(
            target, base, QueryOptions(_without(nested.system, "$expand"), nested.aliases), answer
        )
        if "$expand" in nested.system:
            query = query.with_(expand=self._expand(target, nested.system["$expand"], nested, depth + 1))
        kind = {"$ref": "references", "$count": "count"}.get(item.suffix, "entities")
        repeated = tuple((o.name, o.text) for o in item.options if o.name not in ("$top", "$skip"))
        return Expansion(name, query, kind, _selected_links(target, nested), repeated)


@lru_cache(maxsize=256)
def _by_key(entity_set: EntitySet) -> OrderItem:
    """What ends every order, so that it is one and the same each time."""
    return OrderItem(Prop((entity_set.type.key,), STRING, IT, False))


def _without(system: dict[str, Option], name: str) -> dict[str, Option]:
    return {key: value for key, value in system.items() if key != name}


def _selected_links(entity_set: EntitySet, options: QueryOptions) -> tuple[str, ...] | None:
    """The navigation properties that ``$select`` names; ``None`` without ``$select``."""
    option = options.system.get("$select")
    if option is None:
        return None
    items: tuple[SelectItem, ...] = option.value  # type: ignore[assignment]
    named = {item.path[-1] for item in items}
    return tuple(link.name for link in entity_set.type.navigation if link.name in named)


def _check_nested(navigation: NavigationProperty, item: ExpandItem, nested: QueryOptions) -> None:
    allowed = ALLOWED[Answer.COLLECTION if navigation.collection else Answer.ENTITY] - {
        "$format", "$schemaversion", "$skiptoken", "$deltatoken", "$apply", "$index",
    }  # fmt: skip
    if item.suffix == "$count" and not navigation.collection:
        raise ODataError("type_mismatch", f"{navigation.name} is not a collection.", position=item.position)
    for name in nested.system:
        if name == "$levels" or name in UNSUPPORTED:
            raise ODataError("not_implemented", f"{name} in $expand is not supported.", position=item.position)
        if name not in allowed:
            raise ODataError(
                "option_not_allowed", f"{name} does not apply to {navigation.name}.", position=item.position
            )


def _check_allowed(answer: Answer, options: QueryOptions) -> None:
    for name in options.system:
        if name not in ALLOWED[answer]:
            raise ODataError(
                "option_not_allowed", f"{name} does not apply to this kind of resource ({answer.value}).", target=name
            )
        if name in UNSUPPORTED:
            raise ODataError("not_implemented", f"{name} is not supported.", target=name)


def _number(option: Option | None) -> int | None:
    return None if option is None else int(option.value)  # type: ignore[call-overload]


class _locating:  # noqa: N801 (a context manager in the manner of those of contextlib, which are slower)
    """Errors raised within get the option as their target."""

    __slots__ = ("_option",)

    def __init__(self, option: Option) -> None:
        self._option = option

    def __enter__(self) -> Option:
        return self._option

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ODataError):
            error.located(self._option.name, self._option.text)
