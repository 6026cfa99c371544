"""*Validate and Sync*: the external objects that Salesforce makes of a service's metadata, and what gets lost.

How Salesforce shortens names and resolves clashes is not documented; here the first of two names that
Salesforce cannot tell apart wins and the other one is left out, with the reason.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from salesforce.csdl import EntitySet, Metadata, NavigationProperty, Property, TypeRef
from salesforce.field_types import FieldType, api_name, field_name, field_type, object_name

#: What every external object has by itself; a property of that name makes a second, confusing one.
STANDARD_FIELDS = ("Id", "ExternalId", "DisplayUrl", "Name")


@dataclass(frozen=True, slots=True)
class ExternalField:
    """A custom field. ``source`` is the property, which Salesforce calls the external developer name, ``kind`` its
    primitive type without ``Edm.``.
    """

    name: str
    source: str
    kind: str
    label: str
    type: FieldType
    is_key: bool = False
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """What can become an external lookup: ``field`` holds the External ID of an object ``to``.

    ``relationship`` leads from child to parent in SOQL, ``children`` from parent to children.
    """

    field: str
    to: str
    relationship: str
    children: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something published that does not arrive. ``what`` is a path in the metadata."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ExternalObject:
    """An external object. ``external_id`` are the key's properties; empty if Salesforce does not recognise a key."""

    name: str
    source: str
    label: str
    plural_label: str
    external_id: tuple[str, ...]
    fields: tuple[ExternalField, ...]
    lookups: tuple[Lookup, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def field(self, name: str) -> ExternalField | None:
        """The field of that API name, in any letter case, as in SOQL."""
        return next((found for found in self.fields if found.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Synced:
    """All external objects of a data source, and the sets that became none."""

    objects: tuple[ExternalObject, ...]
    left_out: tuple[LeftOut, ...] = ()

    def object(self, name: str) -> ExternalObject | None:
        """The object of that API name, in any letter case."""
        return next((found for found in self.objects if found.name.lower() == name.lower()), None)


def sync(metadata: Metadata) -> Synced:
    """What *Sync* of all tables makes of the metadata."""
    taken: dict[str, str] = {}
    objects: list[ExternalObject] = []
    left_out: list[LeftOut] = []
    for entity_set in metadata.sets.values():
        name = object_name(entity_set.name)
        if entity_set.type not in metadata.types:
            left_out.append(LeftOut(entity_set.name, f"its type {entity_set.type} is not in the metadata"))
        elif name.lower() in taken:
            left_out.append(LeftOut(entity_set.name, f"its API name {name} is that of {taken[name.lower()]}"))
        else:
            taken[name.lower()] = entity_set.name
            objects.append(_object(metadata, entity_set, name))
    singletons = metadata.container.singletons if metadata.container else ()
    left_out += [LeftOut(name, "is a singleton; only entity sets become objects") for name in singletons]
    return Synced(tuple(_with_lookups(metadata, objects)), tuple(left_out))


def _object(metadata: Metadata, entity_set: EntitySet, name: str) -> ExternalObject:
    fields: dict[str, ExternalField] = {}
    left_out: list[LeftOut] = []
    key = metadata.key(entity_set.type)
    for declared in metadata.properties(entity_set.type):
        item = metadata.resolved(declared)
        made = _field(item, is_key=item.name in key)
        if made is None:
            left_out.append(LeftOut(f"{entity_set.name}/{item.name}", _unsupported(metadata, item.type)))
        elif (other := fields.get(made.name.lower())) is not None:
            why = f"its API name {made.name} is that of {other.source}"
            left_out.append(LeftOut(f"{entity_set.name}/{item.name}", why))
        else:
            fields[made.name.lower()] = made
    if metadata.types[entity_set.type].stream:
        left_out.append(LeftOut(f"{entity_set.name}/$value", "media streams have no field"))
    external_id = _external_id(key, fields)
    named = (_named(field, external_id) for field in fields.values())
    return ExternalObject(
        name, entity_set.name, entity_set.name, entity_set.name, external_id, tuple(named), left_out=tuple(left_out)
    )


def _field(item: Property, *, is_key: bool) -> ExternalField | None:
    kind = item.type.primitive
    made = None if kind is None else field_type(kind, item)
    if kind is None or made is None:
        return None
    return ExternalField(field_name(item.name), item.name, kind, item.name, made, is_key)


def _unsupported(metadata: Metadata, kind: TypeRef) -> str:
    if kind.collection:
        return "collections have no field type"
    if kind.name in metadata.enums:
        return "enumerations have no field type"
    if kind.name in metadata.types:
        return "complex types have no field type"
    return f"{kind} has no field type"


def _external_id(key: tuple[str, ...], fields: dict[str, ExternalField]) -> tuple[str, ...]:
    """The key, if each property of it became a field under its own name: a shortened one is no longer recognised."""
    made = {field.source: field for field in fields.values()}
    known = all(name in made and made[name].name == f"{name}__c" for name in key)
    return key if known else ()


def _named(field: ExternalField, external_id: tuple[str, ...]) -> ExternalField:
    """The name field, which the page of Sync offers: here a key of one text, which people know records by."""
    if external_id == (field.source,) and field.type.name == "Text":
        return replace(field, is_name=True)
    return field


# Relationships


def _with_lookups(metadata: Metadata, objects: list[ExternalObject]) -> Iterator[ExternalObject]:
    by_set = {found.source: found for found in objects}
    children: Counter[tuple[str, str]] = Counter()
    for found in objects:
        lookups = tuple(_lookups(metadata, found, by_set, children))
        yield replace(found, lookups=lookups)


def _lookups(
    metadata: Metadata, child: ExternalObject, by_set: dict[str, ExternalObject], children: Counter[tuple[str, str]]
) -> Iterator[Lookup]:
    """One per foreign key of one property that is the parent's whole External ID."""
    entity_set = metadata.sets[child.source]
    used = set()
    for navigation in metadata.navigation(entity_set.type):
        parent = by_set.get(entity_set.bindings.get(navigation.name, "")) or _only(metadata, navigation, by_set)
        if parent is None or len(navigation.constraints) != 1:
            continue
        own, theirs = navigation.constraints[0]
        field = next((found for found in child.fields if found.source == own), None)
        if field is None or own in used or parent.external_id != (theirs,):
            continue
        used.add(own)
        children[parent.name, child.name] += 1
        base = child.name.removesuffix("__x")
        first = children[parent.name, child.name] == 1
        name = base if first else api_name(f"{base}_{field.name.removesuffix('__c')}")
        yield Lookup(field.name, parent.name, f"{field.name.removesuffix('__c')}__r", f"{name}__r")


def _only(
    metadata: Metadata, navigation: NavigationProperty, by_set: dict[str, ExternalObject]
) -> ExternalObject | None:
    """Without a binding: the only set of the target's type, if there is only one."""
    found = [made for name, made in by_set.items() if metadata.sets[name].type == navigation.type.name]
    return found[0] if len(found) == 1 else None
