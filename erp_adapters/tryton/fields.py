"""What a Tryton server says of its models: fields, where they lead, how each is searched and sorted.

Read from ``fields_get`` with the rights of the user, once per model. What that means for a condition is in ``domains``.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DURATION,
    INT64,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from erp_adapters.records.base import FieldFacts

#: Tryton's types of single values. Those that lead to many, dictionaries and full texts have no value here.
TYPES: Mapping[str, PrimitiveType] = {
    "binary": BINARY,
    "boolean": BOOLEAN,
    "char": STRING,
    "date": DATE,
    "datetime": DATE_TIME_OFFSET,
    "float": DECIMAL,
    "integer": INT64,
    "many2one": INT64,
    "numeric": DECIMAL,
    "one2one": INT64,
    "reference": STRING,
    "selection": STRING,
    "text": STRING,
    "time": TIME_OF_DAY,
    "timedelta": DURATION,
    "timestamp": DATE_TIME_OFFSET,
}
LINKS = frozenset({"many2one", "one2one"})
MANY = frozenset({"one2many", "many2many"})
TEXTS = frozenset({"char", "text"})
#: Texts with the null rules of SQL, unlike those of ``TEXTS``.
CODES = frozenset({"reference", "selection"})
#: A selection is sorted by its translated labels, and bytes are not compared at all.
_UNSORTED = frozenset({"binary", "reference", "selection"})
_RANGED = frozenset({"lt", "le", "gt", "ge"})
_EQUAL = frozenset({"eq", "ne", "in"})
_LIKED = frozenset({"startswith", "endswith", "contains", "equals"})
#: Fields that are searched for something else than they hold: of products, whether their template is active, too.
_SEARCHED_OTHERWISE = frozenset({("product.product", "active"), ("product.template", "active")})
#: ``origin[sale.line]`` is the id of what a reference leads to, if that is of the model; a path may go on from there.
_POINTED = re.compile(r"([a-z_][a-z0-9_]*)\[([a-z0-9_.\-]+)\](?:\.(.+))?")
#: ``id#10`` is a number as a text of ten digits, which is sorted and compared as the number is.
_PADDED = re.compile(r"(.+)#(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Definition:
    """A field as its model defines it. A computed one has no column: it may be searched, with what its module wrote."""

    name: str
    type: str
    required: bool = False
    searchable: bool = False
    sortable: bool = False
    strip: bool = False
    relation: str | None = None
    back: str | None = None
    size: int | None = None

    @property
    def computed(self) -> bool:
        return not self.sortable and self.type not in MANY


def definition_of(name: str, told: Mapping[str, Any]) -> Definition:
    """One entry of ``fields_get``; what is missing in old releases is the careful guess."""
    kind, size = str(told.get("type")), told.get("size")
    strip = told.get("strip", kind == "char")
    return Definition(
        name,
        kind,
        required=told.get("required") is True or name == "id",
        searchable=told.get("searchable") is not False,
        sortable=told.get("sortable") is not False,
        strip=strip is not False,
        relation=told.get("relation") if isinstance(told.get("relation"), str) else None,
        back=told.get("relation_field") if isinstance(told.get("relation_field"), str) else None,
        size=size if type(size) is int else None,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """A path: the links that it follows, and the field at its end, one of ``owner``. ``model`` is set for
    ``origin[model]``."""

    links: tuple[tuple[str, Definition], ...]
    end: Definition
    path: str
    owner: str
    model: str | None = None
    width: int | None = None

    @property
    def pointed(self) -> bool:
        """Whether its value is the id in a reference."""
        return self.model is not None and not self.links

    @property
    def optional(self) -> tuple[str, ...]:
        """The links that may lead nowhere."""
        return tuple(path for path, link in self.links if not link.required)

    @property
    def computed(self) -> bool:
        return self.end.computed or any(link.computed for _, link in self.links)

    @property
    def nullable(self) -> bool:
        return bool(self.optional) or not self.end.required

    @property
    def searched(self) -> bool:
        if (self.owner, self.end.name) in _SEARCHED_OTHERWISE:
            return False
        return self.end.searchable and all(link.searchable for _, link in self.links)

    @property
    def sorted(self) -> bool:
        """Whether records can be sorted by it; texts by the database's collation."""
        found = (self.end, *(link for _, link in self.links))
        return self.model is None and self.end.type not in _UNSORTED and all(one.sortable for one in found)


@dataclass(slots=True)
class Models:
    """The models that were asked for so far. ``fetch`` gives the ``fields_get`` of one, ``None`` if there is none."""

    fetch: Callable[[str], Mapping[str, Any] | None]
    _known: dict[str, Mapping[str, Definition] | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fields(self, model: str) -> Mapping[str, Definition] | None:
        if model not in self._known:
            with self._lock:
                if model not in self._known:
                    told = self.fetch(model)
                    self._known[model] = None if told is None else {n: definition_of(n, told[n]) for n in told}
        return self._known[model]

    def forget(self) -> None:
        """What is known may have changed: modules come and go, rights too."""
        self._known = {}

    def way(self, model: str, path: str) -> Way | None:
        """Where a path leads, if there is one: over links to a field that has a value or leads to many records."""
        padded = _PADDED.fullmatch(path)
        if padded is not None:
            way = self.way(model, padded[1])
            number = way is not None and (way.pointed or TYPES.get(way.end.type) == INT64)
            return replace(way, width=int(padded[2])) if way is not None and number else None
        pointed = _POINTED.fullmatch(path)
        if pointed is not None:
            return self._pointed(model, *pointed.groups())
        links: list[tuple[str, Definition]] = []
        steps = path.split(".")
        for place, step in enumerate(steps):
            found = (self.fields(model) or {}).get(step)
            if found is None:
                return None
            if place == len(steps) - 1:
                return Way(tuple(links), found, path, model) if found.type in TYPES or found.type in MANY else None
            if found.type not in LINKS or found.relation is None:
                return None
            links.append((".".join(steps[: place + 1]), found))
            model = found.relation
        return None

    def _pointed(self, model: str, name: str, target: str, rest: str | None) -> Way | None:
        found = (self.fields(model) or {}).get(name)
        if found is None or found.type != "reference":
            return None
        if rest is None:
            return Way((), found, name, model, target)
        way = self.way(target, rest)
        if way is None or way.model is not None or way.end.type in MANY:
            return None
        links = ((name, found), *((f"{name}.{path}", link) for path, link in way.links))
        return Way(links, way.end, f"{name}.{way.path}", way.owner, target)

    def facts(self, model: str, path: str, ordered: bool) -> FieldFacts | None:
        """``ordered``: whether the database's collation is that of code points."""
        way = self.way(model, path)
        if way is None or way.end.type not in TYPES:
            return None
        kind = way.end.type
        if way.width is not None:
            compared = _EQUAL if way.pointed else _EQUAL | _RANGED
            return FieldFacts(
                STRING, way.nullable, way.width, compared if way.searched else frozenset(),
                sortable=way.sorted, ordered=True,
            )  # fmt: skip
        if way.pointed:
            return FieldFacts(INT64, compared=_EQUAL if way.searched else frozenset())
        compared = _EQUAL | (frozenset() if kind in ("boolean", "binary") else _RANGED)
        text = kind in TEXTS or kind in CODES
        return FieldFacts(
            TYPES[kind],
            nullable=way.nullable,
            max_length=way.end.size,
            compared=compared if way.searched and kind != "binary" else frozenset(),
            liked=_LIKED if text and way.searched else frozenset(),
            folded=_LIKED if kind == "char" and way.searched else frozenset(),
            sortable=way.sorted,
            ordered=ordered,
        )
