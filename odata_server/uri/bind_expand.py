"""Binds ``$expand``: which navigation properties, how deep, and the query for the related rows of each."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from edm.errors import ODataError
from edm.expressions import Expr
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.query import Expansion, Query
from odata_server.uri.allowed import check_nested, locating
from odata_server.uri.bind_expression import unknown_property
from odata_server.uri.bind_select import selected_links
from odata_server.uri.bound import Answer
from odata_server.uri.limits import Limits, exceeded
from odata_server.uri.syntax import ExpandItem, Option, PathExpr, QueryOptions, Segment

_KINDS = {"": "entities", "$ref": "references"}
#: Binds the options of one level: set, query so far, options, kind of resource, outer set, depth.
Apply = Callable[[EntitySet, Query, QueryOptions, Answer, EntitySet, int], Query]
#: Binds ``Nav/$count(...)`` over rows of a set: set, path, aliases, the outer set where it is another.
Number = Callable[[EntitySet, PathExpr, Mapping[str, Option], EntitySet | None], Expr]


@dataclass(frozen=True, slots=True)
class ExpandBinder:
    """Binds the ``$expand`` options of one request. ``outer`` is the set that its path leads to, ``apply`` binds the
    options nested in an item, ``number`` the number of related rows.
    """

    metadata: ServiceMetadata
    limits: Limits
    outer: EntitySet
    apply: Apply
    number: Number

    def bind(self, entity_set: EntitySet, options: QueryOptions, depth: int) -> tuple[Expansion, ...]:
        """The expansions of ``entity_set``, one per navigation property."""
        option = options.system["$expand"]
        items: tuple[ExpandItem, ...] = option.value  # type: ignore[assignment]
        found: dict[str, Expansion] = {}
        with locating(option):
            for item in items:
                for link in self._links(entity_set, item):
                    if link.name not in found:
                        found[link.name] = self._expansion(entity_set, link, item, options.aliases, depth)
                    elif item.path != ("*",):
                        raise ODataError("syntax", f"{link.name} is expanded twice.", position=item.position)
        return tuple(found.values())

    # --- which ----------------------------------------------------------------------------------------

    def _links(self, entity_set: EntitySet, item: ExpandItem) -> tuple[NavigationProperty, ...]:
        """The navigation properties that an item names; casts to the very type may stand before and behind."""
        path = item.path
        if item.suffix == "$value":
            raise ODataError("type_mismatch", f"{entity_set.type.name} has no stream.", position=item.position)
        if len(path) > 1 and path[0] == self._qualified(entity_set):
            path = path[1:]
        if path == ("*",):
            return entity_set.type.navigation
        link = entity_set.type.navigation_property(path[0])
        if link is None and entity_set.type.property(path[0]) is not None:
            raise ODataError(
                "type_mismatch",
                f"{path[0]} is a value, which $expand cannot bring.",
                position=item.position,
                hint=f"Use $select={path[0]}.",
            )
        if link is None:
            raise unknown_property(entity_set, path[0], item.position)
        if len(path) > 1 and path[1:] != (self._qualified(self.metadata.target(link)),):
            raise ODataError(
                "unknown_property",
                "Only navigation properties of the entity itself can be expanded.",
                position=item.position,
                hint=f"Nest the second one: {path[0]}($expand={path[1]}).",
            )
        return (link,)

    def _qualified(self, entity_set: EntitySet) -> str:
        return f"{self.metadata.namespace}.{entity_set.type.name}"

    # --- how ------------------------------------------------------------------------------------------

    def _expansion(
        self,
        entity_set: EntitySet,
        link: NavigationProperty,
        item: ExpandItem,
        aliases: Mapping[str, Option],
        depth: int,
    ) -> Expansion:
        if depth > self.limits.expand_depth:
            raise exceeded("expand_depth", self.limits, item.position)
        own = {o.name: o for o in item.options if o.name.startswith("@")}
        nested = QueryOptions({o.name: o for o in item.options if o.name.startswith("$")}, {**aliases, **own})
        check_nested(link, item, nested)
        if item.suffix == "$count":
            return self._counted(entity_set, link, item, nested.aliases, depth)
        target = self.metadata.target(link)
        levels = self._levels(entity_set, target, item, nested, depth)
        answer = Answer.COLLECTION if link.collection else Answer.ENTITY
        query = self.apply(target, Query(target.name, ()), nested, answer, self.outer, depth + 1)
        if item.suffix == "$ref":
            query = query.with_(columns=(target.type.key,))
        again = ""
        if levels > 1:
            deeper = _with_levels(item, levels - 1)
            again = f"{link.name}({';'.join(f'{o.name}={o.text}' for o in deeper.options)})"
            query = query.with_(expand=self._recursive(query, target, link, deeper, aliases, depth))
        return Expansion(
            link.name,
            query,
            _KINDS[item.suffix],
            selected_links(target, nested),
            _repeated(item.options, nested.aliases, again),
            levels,
        )

    def _counted(
        self,
        entity_set: EntitySet,
        link: NavigationProperty,
        item: ExpandItem,
        aliases: Mapping[str, Option],
        depth: int,
    ) -> Expansion:
        """``Nav/$count(...)``, which means what it means in an expression: no related row is read for it."""
        segments = (Segment(link.name, item.position), Segment("$count", item.position, None, item.options))
        path = PathExpr(segments, item.position)
        number = self.number(entity_set, path, aliases, self.outer if depth > 1 else None)
        key = self.metadata.target(link).type.key
        return Expansion(link.name, Query(link.target, (key,)), "count", number=number)

    def _recursive(
        self,
        query: Query,
        target: EntitySet,
        link: NavigationProperty,
        item: ExpandItem,
        aliases: Mapping[str, Option],
        depth: int,
    ) -> tuple[Expansion, ...]:
        if any(e.navigation == link.name for e in query.expand):
            raise ODataError("syntax", f"{link.name} is expanded twice.", position=item.position)
        return (*query.expand, self._expansion(target, link, item, aliases, depth + 1))

    def _levels(
        self, entity_set: EntitySet, target: EntitySet, item: ExpandItem, nested: QueryOptions, depth: int
    ) -> int:
        """How many levels ``$levels`` asks for: 1 without it (Protocol 11.2.5.2.1.1)."""
        option = nested.system.get("$levels")
        if option is None:
            return 1
        remaining = self.limits.expand_depth - depth + 1
        if target is not entity_set:
            if option.value in (1, "max") or item.path[-1] == "*":
                return 1
            raise ODataError(
                "type_mismatch",
                f"{item.path[-1]} leads to {target.type.name}, not to {entity_set.type.name} again: it has one level.",
                position=item.position,
                hint="Use $levels with a navigation property of a hierarchy.",
            )
        if option.value == "max":
            return max(1, remaining - _height(nested))
        assert isinstance(option.value, int)
        if option.value > remaining:
            raise exceeded("expand_depth", self.limits, item.position)
        return option.value


def _height(options: QueryOptions) -> int:
    """Levels of ``$expand`` that the options nest at least: so much room is needed below each level."""
    option = options.system.get("$expand")
    if option is None:
        return 0
    items: tuple[ExpandItem, ...] = option.value  # type: ignore[assignment]
    return 1 + max(_height(QueryOptions({o.name: o for o in item.options})) for item in items)


def _with_levels(item: ExpandItem, levels: int) -> ExpandItem:
    """The item with so many levels; a star that a hierarchy follows is that navigation property alone."""
    options = (Option(o.name, str(levels), levels) if o.name == "$levels" else o for o in item.options)
    return replace(item, options=tuple(options))


def _repeated(options: Iterable[Option], aliases: Mapping[str, Option], again: str) -> tuple[tuple[str, str], ...]:
    """What a next link repeats: all but the slice, ``again`` for the levels below, and the aliases that occur."""
    kept = {o.name: o.text for o in options if o.name not in ("$top", "$skip", "$levels") and o.name[0] == "$"}
    if again:
        kept["$expand"] = f"{kept['$expand']},{again}" if "$expand" in kept else again
    texts, used = list(kept.values()), dict[str, str]()
    while texts:
        for name in re.findall(r"@\w+", texts.pop()):
            if name in aliases and name not in used:
                used[name] = aliases[name].text
                texts.append(used[name])
    return (*kept.items(), *used.items())
