"""Writes OData JSON (JSON Format 4.0 and 4.01): collections, entities, properties, references, errors, service
document.

One msgspec struct per projection does the work: rows become struct instances, constants such as type annotations are
field defaults, and exact decimals are written as they are, never through a float.
"""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import starmap
from operator import itemgetter
from typing import Any
from urllib.parse import quote

import msgspec

from edm.conversion import string_of
from edm.errors import ODataError
from edm.model import EntitySet, Property, ServiceMetadata
from edm.primitives import BOOLEAN, NULL, STRING, PrimitiveType
from edm.query import Query
from edm.values import decimal_text, double_text, duration_text
from odata_server.expand import Entities, Related
from odata_server.negotiation import Representation

_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_STRINGS = msgspec.json.Encoder(decimal_format="string")
#: Characters of an option's value that need no percent-encoding in a link.
_IN_OPTIONS = "/(),*@!~':;="
#: Types whose JSON form tells them (JSON Format 4.5.3): no type annotation at metadata=full.
EVIDENT = ("String", "Boolean", "Double")
#: Types of computed properties that need none at any level; a Double may be INF or NaN, which are text in JSON.
EVIDENT_DYNAMIC = (STRING, BOOLEAN, NULL)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes answers in one representation. ``root`` is the public URL of the service root, ending in ``/``. With
    ``omit_nulls`` properties that are null are left out. ``annotations`` are instance annotations of the whole answer,
    asked for when all of its rows were read.
    """

    metadata: ServiceMetadata
    representation: Representation
    root: str
    omit_nulls: bool = False
    annotations: Callable[[], Sequence[tuple[str, str]]] = tuple

    # --- bodies ---------------------------------------------------------------------------------------

    def collection(
        self,
        items: Sequence[Any],
        context: str,
        *,
        count: int | None,
        max_bytes: int,
        next_link: Callable[[int], str | None],
    ) -> tuple[bytes, int]:
        """The body and the number of rows in it: as many as fit in ``max_bytes``, at least one.

        ``next_link(n)`` is asked for the link that follows when ``n`` rows are written.
        """
        head = self._head(context, count)
        rows, written = self._bounded(items, max_bytes - len(head) - 2_200)
        link = next_link(written)
        tail = b"}" if link is None else b"," + self._pair("nextLink", link) + b"}"
        return b"".join((head, b'"value":', rows, tail)), written  # one copy of what may be megabytes

    def entity(self, entities: Entities, context: str, etag: str) -> bytes:
        """One entity: context and ETag first, then its members."""
        body = self._encode(self.entities(entities)[0])
        parts = [] if self._silent else [self._pair("context", context)]
        if not self._silent:
            parts.append(self._pair("etag", etag))
        parts += self._annotated()
        head = b",".join(parts)
        return b"{" + head + (b"," if head and body != b"{}" else b"") + body[1:]

    def one_property(self, found: Property, value: Any, context: str) -> bytes:
        """``{"value": ...}`` of one property."""
        convert = self.converter(found.type, found.scale)
        body = self._encode(convert(value) if convert and value is not None else value)
        parts = [*([] if self._silent else [self._pair("context", context)]), *self._annotated()]
        if self.representation.metadata == "full" and found.type.name not in EVIDENT:
            parts.append(self._pair("type", self._type_name(found)))
        return b"{" + b"".join(p + b"," for p in parts) + b'"value":' + body + b"}"

    def reference(self, entities: Entities) -> bytes:
        """``{"@odata.id": ...}`` of one entity."""
        head = b"" if self._silent else self._pair("context", f"{self.root}$metadata#$ref") + b","
        return b"{" + head + self._encode(self.references(entities)[0])[1:]

    def service_document(self) -> bytes:
        """Every entity set with its URL (JSON Format, 5)."""
        sets = [
            {"name": s.name, "title": s.label_plural, "kind": "EntitySet", "url": s.name} for s in self.metadata.sets
        ]
        head = b"" if self._silent else self._pair("context", f"{self.root}$metadata") + b","
        return b"{" + head + b'"value":' + self._encode(sets) + b"}"

    # --- parts ----------------------------------------------------------------------------------------

    @property
    def _silent(self) -> bool:
        return self.representation.metadata == "none"

    @property
    def _encode(self) -> Callable[[Any], bytes]:
        return (_STRINGS if self.representation.ieee754 else _NUMBERS).encode

    def control(self, name: str, of: str = "") -> str:
        """The member name of control information: ``@odata.count``, ``Lines@odata.count``, in 4.01 ``@count``."""
        return f"{of}@{self.representation.prefix}{name}"

    def _pair(self, name: str, value: object) -> bytes:
        return msgspec.json.encode(self.control(name)) + b":" + msgspec.json.encode(value)

    def _annotated(self) -> list[bytes]:
        """Instance annotations; like control information they are left out at ``metadata=none``."""
        if self._silent:
            return []
        return [msgspec.json.encode(f"@{name}") + b":" + msgspec.json.encode(v) for name, v in self.annotations()]

    def _head(self, context: str, count: int | None) -> bytes:
        parts = [] if self._silent else [self._pair("context", context)]
        parts += self._annotated()
        if count is not None:
            parts.append(self._pair("count", str(count) if self.representation.ieee754 else count))
        return b"{" + b"".join(part + b"," for part in parts)

    def _bounded(self, items: Sequence[Any], max_bytes: int) -> tuple[bytes, int]:
        body = self._encode(items)
        if len(body) <= max_bytes or len(items) <= 1:
            return body, len(items)
        size = 2
        parts: list[bytes] = []
        for item in items:
            part = self._encode(item)
            size += len(part) + 1
            if parts and size > max_bytes:
                break
            parts.append(part)
        return b"[" + b",".join(parts) + b"]", len(parts)

    # --- entities -------------------------------------------------------------------------------------

    def entities(self, entities: Entities) -> list[Any]:
        """The rows as struct instances of the projection."""
        shape = self._shape(entities)
        nested = [self._nested(related, entities.entity_set) for related in entities.related]
        key_at = entities.columns.index(entities.entity_set.type.key)
        visible, make = entities.visible, shape.struct
        if shape.arrange is None and not (shape.converters or nested or shape.links or self.omit_nulls):
            whole = visible == len(entities.columns)
            return list(starmap(make, entities.rows if whole else [row[:visible] for row in entities.rows]))
        structs: list[Any] = []
        for index, row in enumerate(entities.rows):
            values = list(row[:visible])
            for i, convert in shape.converters:
                if values[i] is not None:
                    values[i] = convert(values[i])
            if shape.links:
                url = self.entity_url(entities.entity_set, row[key_at])
                values.extend([url + link for link in shape.links])
            for parts in nested:
                values.extend(parts(index, row[key_at]))
            values.extend(shape.constants)
            if self.omit_nulls:
                _blank(values, visible, shape.typed)
            structs.append(make(*(values if shape.arrange is None else shape.arrange(values))))
        return structs

    def references(self, entities: Entities) -> list[dict[str, str]]:
        key_at = entities.columns.index(entities.entity_set.type.key)
        name = self.control("id")
        return [{name: self.entity_url(entities.entity_set, row[key_at])} for row in entities.rows]

    def entity_url(self, entity_set: EntitySet, key: str) -> str:
        """The canonical URL of an entity."""
        return f"{self.root}{entity_set.name}('{quote(key.replace(chr(39), chr(39) * 2), safe='')}')"

    def _nested(self, related: Related, parent: EntitySet) -> Callable[[int, str], Sequence[Any]]:
        """For the parent at an index: the values of the expansion's members, in the order of ``_expansion_members``."""
        kind = related.expansion.kind
        if kind == "count":
            return lambda index, key: (self._number(related.counts[index]),)
        items = self.references(related.entities) if kind == "references" else self.entities(related.entities)
        groups = related.groups
        if not related.navigation.collection:
            return lambda index, key: (items[groups[index][0]] if groups[index] else None,)
        counted = related.expansion.query.count

        def parts(index: int, key: str) -> Sequence[Any]:
            rest = related.next_skip[index]
            return (
                self._number(related.counts[index]) if counted else msgspec.UNSET,
                [items[i] for i in groups[index]],
                msgspec.UNSET if rest is None else self._nested_link(related, self.entity_url(parent, key), rest),
            )

        return parts

    def _number(self, count: int) -> int | str:
        return str(count) if self.representation.ieee754 else count

    def _nested_link(self, related: Related, parent: str, skip: int) -> str:
        """The rest of an expanded collection: the navigation URL of the parent, with the nested options."""
        query, options = related.expansion.query, [*related.expansion.options, ("$skip", str(skip))]
        if query.top is not None:
            options.append(("$top", str(query.top - (skip - query.skip))))
        text = "&".join(f"{name}={quote(value, safe=_IN_OPTIONS)}" for name, value in options)
        suffix = "/$ref" if related.expansion.kind == "references" else ""
        return f"{parent}/{related.navigation.name}{suffix}?{text}"

    # --- values ---------------------------------------------------------------------------------------

    def converter(self, kind: PrimitiveType, scale: int | None = None) -> "Converter | None":
        """How a non-null value is prepared for the encoder; ``None`` if it can take it as it is."""
        return _converter(kind, scale, self.representation.ieee754)

    def _type_name(self, found: Property) -> str:
        return found.type.name if self.representation.version != "4.0" else f"#{found.type.name}"

    # --- shapes ---------------------------------------------------------------------------------------

    def _shape(self, entities: Entities) -> "_Shape":
        signature = tuple(
            (r.navigation.name, r.expansion.kind, r.navigation.collection, r.expansion.query.count)
            for r in entities.related
        )
        names = entities.columns[: entities.visible]
        return _shape(
            self.metadata.namespace, entities.entity_set, names, signature, self.representation.metadata,
            self.representation.version, _computed(entities.query), self.representation.ieee754,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shape:
    """The struct of one projection. Its values are gathered as shown columns, links, expansions, constants; ``arrange``
    brings them into the order of the members (``None`` if they are in it). ``links`` are what an entity's URL is
    continued with, ``converters`` the positions of columns whose values are prepared, and how. ``typed`` tells of
    columns with a type annotation how far from the end of the values that stands.
    """

    struct: type
    converters: tuple[tuple[int, "Converter"], ...]
    links: tuple[str, ...]
    constants: tuple[str, ...]
    arrange: Callable[[Sequence[Any]], Sequence[Any]] | None
    typed: Mapping[int, int]


def _blank(values: list[Any], visible: int, typed: Mapping[int, int]) -> None:
    """Leaves out the columns that are null, and what is said of their type."""
    for index in range(visible):
        if values[index] is None:
            values[index] = msgspec.UNSET
            if index in typed:
                values[typed[index]] = msgspec.UNSET


#: (name, type) of each computed property.
_Computed = tuple[tuple[str, PrimitiveType], ...]


def _computed(query: Query) -> _Computed:
    types = ((item.name, item.expr.type) for item in query.compute)
    return tuple((name, kind) for name, kind in types if isinstance(kind, PrimitiveType))


#: (navigation property, kind, whether a collection, whether counted) of each expansion.
_Expansions = tuple[tuple[str, str, bool, bool], ...]


@lru_cache(maxsize=512)
def _shape(
    namespace: str,
    entity_set: EntitySet,
    names: tuple[str, ...],
    expansions: _Expansions,
    level: str,
    version: str,
    computed: _Computed,
    ieee754: bool,
) -> _Shape:
    """Control information of the entity first, that of a member directly before it (JSON Format 4.01, 4.5 and 18)."""
    prefix, sharp = ("odata.", "#") if version == "4.0" else ("", "")
    links = _link_members(entity_set, names, level, prefix)
    expanded = [m for e in expansions for m in _expansion_members(e, prefix)]
    constants = _constant_members(namespace, entity_set, names, prefix, sharp) if level == "full" else {}
    if level != "none":
        constants.update((f"{n}@{prefix}type", sharp + t.name) for n, t in computed if t not in EVIDENT_DYNAMIC)
    gathered = [*names, *links, *expanded, *constants]
    known = (*entity_set.type.names, *(n for n, _ in computed), *(n.name for n in entity_set.type.navigation))
    members = sorted(range(len(gathered)), key=lambda i: _place(gathered[i], known.index, gathered.index))
    fields = [(f"m{i}", Any, msgspec.field(name=gathered[i])) for i in members]
    struct = msgspec.defstruct(f"{entity_set.type.name}Row", fields, gc=False)
    in_order = members == list(range(len(gathered)))
    arrange = None if in_order else itemgetter(*members) if len(members) > 1 else None
    places = {member: index - len(constants) for index, member in enumerate(constants)}
    typed = {i: places[f"{n}@{prefix}type"] for i, n in enumerate(names) if f"{n}@{prefix}type" in places}
    kinds = [_kind(entity_set, computed, name) for name in names]
    made = [_converter(kind, scale, ieee754) for kind, scale in kinds]
    converters = tuple((index, convert) for index, convert in enumerate(made) if convert is not None)
    return _Shape(struct, converters, tuple(links.values()), tuple(constants.values()), arrange, typed)


def _kind(entity_set: EntitySet, computed: _Computed, name: str) -> tuple[PrimitiveType, int | None]:
    """Type and scale of a column; what is computed has no scale."""
    member = entity_set.type.property(name)
    return (member.type, member.scale) if member else (dict(computed)[name], None)


def _place(member: str, known: Callable[[str], int], index: Callable[[str], int]) -> tuple[int, int, int, int]:
    """Where a member stands: the entity's own control information, then properties, then navigation properties; each
    with its control information before it, but a next link after it."""
    name, at, control = member.partition("@")
    if not name:
        return (0, 0, 0 if control.endswith(("type", "context")) else 1, 0)
    own = known(name)
    if not at:
        return (1, own, 1, 0)
    return (1, own, 2 if control.endswith("nextLink") else 0, index(member))


def _link_members(entity_set: EntitySet, names: tuple[str, ...], level: str, prefix: str) -> dict[str, str]:
    """Link members, and what the entity's URL is continued with in each."""
    if level == "minimal":
        return {} if entity_set.type.key in names else {f"@{prefix}id": ""}
    if level == "none":
        return {}
    links = {f"@{prefix}id": ""}
    for navigation in entity_set.type.navigation:
        links[f"{navigation.name}@{prefix}associationLink"] = f"/{navigation.name}/$ref"
        links[f"{navigation.name}@{prefix}navigationLink"] = f"/{navigation.name}"
    return links


def _constant_members(
    namespace: str, entity_set: EntitySet, names: tuple[str, ...], prefix: str, sharp: str
) -> dict[str, str]:
    """Type annotations: of the entity, and of each property whose type its JSON form does not tell."""
    constants = {f"@{prefix}type": f"#{namespace}.{entity_set.type.name}"}
    for name in names:
        found = entity_set.type.property(name)
        if found is not None and found.type.name not in EVIDENT:
            constants[f"{name}@{prefix}type"] = f"{sharp}{found.type.name}"
    return constants


def _expansion_members(expansion: tuple[str, str, bool, bool], prefix: str) -> tuple[str, ...]:
    navigation, kind, collection, _ = expansion
    if kind == "count":
        return (f"{navigation}@{prefix}count",)
    if not collection:
        return (navigation,)
    return f"{navigation}@{prefix}count", navigation, f"{navigation}@{prefix}nextLink"


# --- context URLs -------------------------------------------------------------------------------------------------


def select_list(query: Query, selected: tuple[str, ...] | None, version: str) -> str:
    """``(A,B,Customer(Name))``: what the context URL says of a projection (Protocol 10.7 to 10.10). Computed properties
    beside all declared ones are ``(*,Twice)``. Navigation properties that ``$select`` names stand there as they are;
    those expanded to references or to a count do not. A plus says that ``$levels`` repeats an expansion.
    """
    computed = [item.name for item in query.compute]
    every = ["*", *computed] if computed else []
    items = every if selected is None else [*query.columns, *selected]
    for expansion in query.expand:
        if expansion.kind != "entities":
            continue
        name, inner = expansion.navigation, expansion.query
        if expansion.levels > 1:
            inner = inner.with_(expand=tuple(e for e in inner.expand if e.navigation != name))
            name += "+"
        shown = select_list(inner, expansion.selected, version)
        if shown or expansion.levels > 1 or version != "4.0":
            items.append(name + (shown or ("" if version == "4.0" else "()")))
    return f"({','.join(items)})" if items else ""


# --- values -------------------------------------------------------------------------------------------------------


#: Prepares a value that is not null.
Converter = Callable[[Any], Any]


def _converter(kind: PrimitiveType, scale: int | None, ieee754: bool) -> Converter | None:
    name = kind.name
    if name == "Int64" and ieee754:
        return str
    if name == "Decimal" and scale is None:  # computed: as many digits as it has, wherever it was computed
        return string_of if ieee754 else _short_decimal
    if name == "Decimal" and scale is not None and scale > 6:
        return _decimal_string if ieee754 else _plain_decimal
    if name in ("Double", "Single"):
        return _finite
    return _TEXT_FORMS.get(name)


def _plain_decimal(value: Decimal) -> msgspec.Raw:
    return msgspec.Raw(decimal_text(value).encode())


def _short_decimal(value: Decimal) -> msgspec.Raw:
    return msgspec.Raw(string_of(value).encode())


def _decimal_string(value: Decimal) -> str:
    return decimal_text(value)


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else double_text(value)


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


_TEXT_FORMS: dict[str, Callable[[Any], str]] = {"Binary": _base64url, "Duration": duration_text}


# --- errors -------------------------------------------------------------------------------------------------------


def error_body(error: ODataError, namespace: str, wanted: Callable[[str], bool]) -> bytes:
    """The OData error object. What the standard has no member for is an instance annotation of our namespace, if
    ``wanted`` says so of its name.
    """
    content: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.target is not None:
        content["target"] = error.target
    if error.details:
        content["details"] = [
            {"code": d.code, "message": d.message, **({"target": d.target} if d.target else {})} for d in error.details
        ]
    annotations = {f"{namespace}.position": error.position, f"{namespace}.hint": error.hint}
    content.update((f"@{name}", v) for name, v in annotations.items() if v is not None and wanted(name))
    return msgspec.json.encode({"error": content})
