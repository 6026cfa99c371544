"""Where names of the catalog lead in a service's model: paths of entity sets, and of fields behind navigation."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from erp_adapters.odata import options as known
from erp_adapters.odata.csdl import Child, Model, Property, Structured
from erp_adapters.odata.restrictions import NOTHING, Announced, Restrictions, on_the_way, restrictions
from erp_adapters.odata.values import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Place:
    """Records of one type, in a set of the service if it is known in which."""

    type: Structured
    child: Child | None
    limits: Restrictions


@dataclass(frozen=True, slots=True)
class Field:
    """A primitive value of a record: through ``hops`` to other records, and a path in the last of them.

    ``hops`` has the navigation properties on the way with where they lead; ``nullable`` counts all that may be missing
    on the way.
    """

    path: str
    hops: tuple[tuple[str, Place], ...]
    inner: tuple[str, ...]
    item: Property
    kind: Kind
    nullable: bool

    @property
    def steps(self) -> tuple[str, ...]:
        """The members of JSON that lead to it."""
        return (*(name for name, _ in self.hops), *self.inner)


@dataclass(frozen=True, slots=True)
class Related:
    """A collection of records behind a path."""

    path: str
    hops: tuple[tuple[str, Place], ...]
    place: Place


class Service:
    """A model with the options of its entities; finds places and fields, once each."""

    def __init__(self, model: Model, options: Mapping[str, Any], sections: Mapping[str, Mapping[str, Any]]) -> None:
        self.model = model
        self._options = options
        self._sections = sections
        self._announced = Announced.by(model, str(options.get("version", "4.01")))
        self._places: dict[str, Place | None] = {}
        self._fields: dict[tuple[str, str, str], Field | None] = {}

    def place(self, entity: str) -> Place | None:
        """Where the records of an entity are: the path of a set, through keys and navigation."""
        if entity not in self._places:
            self._places[entity] = self._find(entity)
        return self._places[entity]

    def field(self, place: Place, path: str) -> Field | None:
        """A field of the records of a place."""
        key = (place.type.name, place.child.name if place.child else "", path)
        if key not in self._fields:
            self._fields[key] = self._walk(place, path)
        return self._fields[key]

    def related(self, place: Place, path: str) -> Related | None:
        """The collection that a navigation path ends in."""
        hops: list[tuple[str, Place]] = []
        here = place
        *before, last = path.split("/")
        for name in before:
            following = self._follow(here, name)
            if following is None or here.type.navigation[name].collection:
                return None
            hops.append((name, following))
            here = following
        target = self._follow(here, last)
        if target is None or not here.type.navigation[last].collection:
            return None
        return Related(path, tuple(hops), target)

    def _find(self, entity: str) -> Place | None:
        segments = list(_segments(entity))
        child = self.model.children.get(segments[0][0]) if segments else None
        if child is None or child.type not in self.model.types:
            return None
        many = not child.singleton and not segments[0][1]
        here = self._at(child.type, child, entity)
        for name, keyed in segments[1:]:
            navigation = here.type.navigation.get(name)
            following = self._follow(here, name, entity)
            if many or navigation is None or following is None:
                return None
            here, many = following, navigation.collection and not keyed
        return here if many else None

    def _at(self, type_name: str, child: Child | None, entity: str = "", reached: Mapping[str, Any] = NOTHING) -> Place:
        options = self._sections.get(entity or (child.name if child else ""), {})
        limits = restrictions(self._announced, child, known.layered(self._options, options), reached)
        return Place(self.model.types[type_name], child, limits)

    def _follow(self, here: Place, name: str, entity: str = "") -> Place | None:
        navigation = here.type.navigation.get(name)
        if navigation is None or navigation.type not in self.model.types:
            return None
        bound = here.child.bindings.get(name) if here.child else None
        reached = on_the_way(here.child, name)
        return self._at(navigation.type, self.model.children.get(bound or ""), entity, reached)

    def _walk(self, place: Place, path: str) -> Field | None:
        hops: list[tuple[str, Place]] = []
        inner: list[str] = []
        here, kind, nullable = place, place.type, False
        *before, last = path.split("/")
        for name in before:
            item = kind.properties.get(name)
            if item is not None:
                if item.collection or item.type not in self.model.types:
                    return None
                kind, nullable = self.model.types[item.type], nullable or item.nullable
                inner.append(name)
                continue
            following = None if inner else self._follow(here, name)
            if following is None or here.type.navigation[name].collection:
                return None
            hops.append((name, following))
            here, kind, nullable = following, following.type, True
        item = kind.properties.get(last)
        if item is None:
            return None
        item = self.model.primitive(item)
        found = kind_of(item, item.type in self.model.enums, here.limits.plain_enums)
        if found is None:
            return None
        return Field(path, tuple(hops), (*inner, last), item, found, nullable or item.nullable)


_SEGMENT = re.compile(r"([A-Za-z_][\w.]*)(\((?:[^()']|'(?:[^']|'')*')*\))?(?:/|$)")


def _segments(entity: str) -> Iterator[tuple[str, bool]]:
    """Name of each segment and whether a key follows it; nothing if it is no path."""
    found = []
    position = 0
    while position < len(entity):
        match = _SEGMENT.match(entity, position)
        if match is None:
            return
        found.append((match[1], match[2] is not None))
        position = match.end()
    yield from found
