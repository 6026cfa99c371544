"""The contract of a service as its metadata state it, and what Validate and Sync makes of changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edm.contract import Contract, PublishedNavigation, PublishedProperty, PublishedSet
from edm.contract_diff import Change
from salesforce.csdl import Annotations, EntitySet, Metadata, NavigationProperty, Property
from salesforce.field_types import field_name, field_type, object_name

CORE, CAPABILITIES = "Org.OData.Core.V1", "Org.OData.Capabilities.V1"
MEASURES, VALIDATION = "Org.OData.Measures.V1", "Org.OData.Validation.V1"
#: Complex types within complex types are followed no further.
DEPTH = 4

#: What a set can do -> term, member of its record, and what silence means.
CAN: Mapping[str, tuple[str, str, bool]] = {
    "change tracking": ("ChangeTracking", "Supported", False),
    "count": ("CountRestrictions", "Countable", True),
    "delete": ("DeleteRestrictions", "Deletable", True),
    "expand": ("ExpandRestrictions", "Expandable", True),
    "filter": ("FilterRestrictions", "Filterable", True),
    "insert": ("InsertRestrictions", "Insertable", True),
    "key": ("IndexableByKey", "", True),
    "search": ("SearchRestrictions", "Searchable", True),
    "skip": ("SkipSupported", "", True),
    "sort": ("SortRestrictions", "Sortable", True),
    "top": ("TopSupported", "", True),
    "update": ("UpdateRestrictions", "Updatable", True),
}


def contract(metadata: Metadata) -> Contract:
    """What clients may rely on."""
    container = metadata.container
    others = () if container is None else (*container.singletons, *container.imports)
    named = sorted((each.name, each) for each in metadata.sets.values())
    namespace = container.name.rpartition(".")[0] if container is not None else ""
    return Contract(
        namespace,
        str(metadata.schemas.get(namespace, {}).get(f"{CORE}.SchemaVersion") or ""),
        tuple(_set(metadata, each) for _, each in named),
        tuple(sorted(others)),
    )


def _set(metadata: Metadata, found: EntitySet) -> PublishedSet:
    named = {each.name: each for each in _properties(metadata, found)}
    links = {each.name: _navigation(found, each) for each in metadata.navigation(found.type)}
    owner = next((v for n, v in found.annotations.items() if n.endswith(".SystemOfRecord")), "")
    return PublishedSet(
        found.name,
        found.type.rpartition(".")[2],
        metadata.key(found.type),
        tuple(name for name, (term, member, default) in CAN.items() if _can(found.annotations, term, member, default)),
        *_labels(found.annotations),
        str(owner or ""),
        tuple(named[name] for name in sorted(named)),
        tuple(links[name] for name in sorted(links)),
    )


def _can(annotations: Annotations, term: str, member: str, default: bool) -> bool:
    value = annotations.get(f"{CAPABILITIES}.{term}", default)
    if isinstance(value, Mapping):
        value = value.get(member, True)
    return value is not False


def _labels(annotations: Annotations) -> tuple[str, str]:
    label, description = (annotations.get(f"{CORE}.{term}") for term in ("Description", "LongDescription"))
    return str(label or ""), str(description or "")


def _navigation(found: EntitySet, navigation: NavigationProperty) -> PublishedNavigation:
    return PublishedNavigation(
        navigation.name,
        found.bindings.get(navigation.name) or navigation.type.name,
        navigation.type.collection,
        navigation.nullable and not navigation.type.collection,
        tuple(sorted(navigation.constraints)),
    )


# Properties


def _properties(metadata: Metadata, found: EntitySet) -> Iterator[PublishedProperty]:
    restrictions = [
        {*_listed(found.annotations, f"{CAPABILITIES}.{term}", member)}
        for term, member in (
            ("FilterRestrictions", "NonFilterableProperties"),
            ("SortRestrictions", "NonSortableProperties"),
        )
    ]
    for path, item in _flat(metadata, found.type, "", DEPTH):
        yield _property(metadata, path, item, *(path not in names for names in restrictions))


def _flat(metadata: Metadata, kind: str, before: str, depth: int) -> Iterator[tuple[str, Property]]:
    for declared in metadata.properties(kind):
        item = metadata.resolved(declared)
        path = f"{before}{item.name}"
        if item.type.name in metadata.types and not item.type.collection and depth:
            yield from _flat(metadata, item.type.name, f"{path}/", depth - 1)
        else:
            yield path, item


def _property(metadata: Metadata, path: str, item: Property, filterable: bool, sortable: bool) -> PublishedProperty:
    notes = item.annotations
    enum = metadata.enums.get(item.type.name)
    values = [each.get("Value") for each in notes.get(f"{VALIDATION}.AllowedValues") or () if isinstance(each, Mapping)]
    unit = notes.get(f"{MEASURES}.ISOCurrency") or notes.get(f"{MEASURES}.Unit")
    label, description = _labels(notes)
    minimum, maximum, pattern = (_text(notes.get(f"{VALIDATION}.{name}")) for name in ("Minimum", "Maximum", "Pattern"))
    return PublishedProperty(
        path,
        str(item.type),
        item.nullable,
        item.max_length,
        item.precision,
        item.scale,
        item.variable_scale,
        _writable(notes),
        filterable,
        sortable,
        tuple(sorted(enum.members if enum else map(str, values))),
        minimum,
        maximum,
        pattern,
        _text(unit),
        label,
        description,
    )


def _writable(notes: Annotations) -> bool:
    permission = _text(notes.get(f"{CORE}.Permissions")) or ""
    return permission.rpartition("/")[2] not in ("Read", "None") and not notes.get(f"{CORE}.Computed", False)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _listed(annotations: Annotations, term: str, member: str) -> Sequence[str]:
    value = annotations.get(term)
    found = value.get(member) if isinstance(value, Mapping) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


# In Salesforce


@dataclass(frozen=True, slots=True)
class Resync:
    """An external object that has to be synced again. ``lookups`` are its fields that may turn into text then."""

    object: str
    lookups: tuple[str, ...]


def field_change(change: Change) -> str:
    """What becomes of the field of a property: ``Text(40) -> LongTextArea(400)``; empty if nothing does."""
    types = [_field(each) for each in (change.before, change.after)]
    if types[0] == types[1]:
        return ""
    return " -> ".join(each or "no field" for each in types)


def _field(item: PublishedProperty | None) -> str:
    if item is None or not item.type.startswith("Edm."):
        return ""
    return str(field_type(item.type.removeprefix("Edm."), item) or "")


def resyncs(found: Sequence[Change], new: Contract) -> tuple[Resync, ...]:
    """The objects that changes make a sync necessary for."""
    names = {change.new if change.rule.id == "set-renamed" else change.where for change in found if change.rule.sync}
    return tuple(
        Resync(object_name(each.name), tuple(dict.fromkeys(_lookups(each))))
        for each in new.sets
        if any(name.partition("/")[0] == each.name for name in names)
    )


def _lookups(found: PublishedSet) -> Iterator[str]:
    return (field_name(link.on[0][0]) for link in found.navigation if len(link.on) == 1 and not link.collection)
