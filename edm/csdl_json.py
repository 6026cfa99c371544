"""The model as CSDL JSON 4.01: the same facts as ``edm.csdl``, in the same order."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from edm import annotations as facts
from edm.annotations import Annotation, EnumMember, Path, PropertyPath, Value
from edm.model import EntitySet, EntityType, NavigationProperty, Property, ServiceMetadata
from edm.primitives import STRING


def to_json(
    metadata: ServiceMetadata, *, functions: Sequence[str] = (), expand_levels: int = facts.EXPAND_LEVELS
) -> bytes:
    """The ``$metadata`` document. ``functions`` are the names that ``$filter`` knows."""
    schema: dict[str, Any] = _annotations(facts.on_schema(metadata))
    for entity_set in metadata.sets:
        schema[entity_set.type.name] = _entity_type(metadata, entity_set)
    for term in facts.TERMS:
        schema[term.name] = {
            "$Kind": "Term",
            "$AppliesTo": [term.applies_to],
            **_annotations(facts.described(term.description)),
        }
    container = {"$Kind": "EntityContainer", **_annotations(facts.on_container(functions))}
    for entity_set in metadata.sets:
        container[entity_set.name] = _entity_set(metadata, entity_set, expand_levels)
    schema[metadata.container] = container
    document = {
        "$Version": "4.01",
        "$EntityContainer": f"{metadata.namespace}.{metadata.container}",
        "$Reference": {
            facts.VOCABULARY_URI.format(f"{namespace}.json"): {"$Include": [{"$Namespace": namespace, "$Alias": alias}]}
            for alias, namespace in facts.VOCABULARIES.items()
        },
        metadata.namespace: schema,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _entity_type(metadata: ServiceMetadata, entity_set: EntitySet) -> dict[str, Any]:
    entity_type = entity_set.type
    return {
        "$Kind": "EntityType",
        "$Key": [entity_type.key],
        **{item.name: _property(entity_type, item) for item in entity_type.properties},
        **{navigation.name: _navigation(metadata, navigation) for navigation in entity_type.navigation},
        **_annotations(facts.described(entity_set.label)),
    }


def _property(entity_type: EntityType, item: Property) -> dict[str, Any]:
    """Absent means: Edm.String, not nullable (the latter unlike XML)."""
    facets = {
        "$Type": None if item.type == STRING else item.type.qualified,
        "$Nullable": item.nullable or None,
        "$MaxLength": item.max_length,
        "$Precision": item.precision,
        "$Scale": item.scale,
    }
    return {**_present(facets), **_annotations(facts.on_property(entity_type, item))}


def _navigation(metadata: ServiceMetadata, navigation: NavigationProperty) -> dict[str, Any]:
    members = {
        "$Kind": "NavigationProperty",
        "$Type": f"{metadata.namespace}.{metadata.target(navigation).type.name}",
        "$Collection": navigation.collection or None,
        "$Nullable": (navigation.nullable and not navigation.collection) or None,
        "$Partner": metadata.partner(navigation),
        "$ReferentialConstraint": dict(navigation.on) if navigation.dependent else None,
    }
    return {**_present(members), **_annotations(facts.on_navigation(navigation))}


def _entity_set(metadata: ServiceMetadata, entity_set: EntitySet, expand_levels: int) -> dict[str, Any]:
    bindings = {navigation.name: navigation.target for navigation in entity_set.type.navigation}
    members = {
        "$Collection": True,
        "$Type": f"{metadata.namespace}.{entity_set.type.name}",
        "$NavigationPropertyBinding": bindings or None,
    }
    return {**_present(members), **_annotations(facts.on_entity_set(metadata, entity_set, expand_levels))}


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


_ALIASES = {namespace: alias for alias, namespace in facts.VOCABULARIES.items()}


def _annotations(annotations: Iterable[Annotation]) -> dict[str, Any]:
    members = {}
    for term, value in annotations:
        namespace, _, name = term.rpartition(".")
        members[f"@{_ALIASES.get(namespace, namespace)}.{name}"] = _value(value)
    return members


def _value(value: Value) -> object:
    match value:
        case Path(text):
            return {"$Path": text}
        case PropertyPath(text):
            return text
        case EnumMember(member=member):
            return member
        case Mapping():
            return {name: _value(member) for name, member in value.items()}
        case str() | bool() | int():
            return value
        case Decimal():
            return int(value)  # bounds are whole numbers
        case _:
            return [_value(item) for item in value]
