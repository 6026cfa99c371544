"""The model as CSDL XML, for OData 4.0 and 4.01 (the only module of this package that needs ``lxml``).

One schema with the container in it. Terms are written with their full namespace and there is no
``edmx:Reference`` to the vocabularies, because Apache Olingo, and with it possibly Salesforce Connect,
follows every reference when it reads the metadata: one generation refuses a document on another host, the
next sends the caller's headers there, the Authorization header among them. ``references=True`` writes
them, for tools that insist on terms being in scope. CSDL JSON (``edm.csdl_json``), which Olingo does not
read, always has them.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from lxml import etree

from edm import annotations as facts
from edm.annotations import Annotation, Constant, EnumMember, Path, PropertyPath, Value
from edm.model import EntitySet, EntityType, NavigationProperty, Property, ServiceMetadata

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"


def to_xml(
    metadata: ServiceMetadata,
    *,
    odata_version: Literal["4.0", "4.01"],
    functions: Sequence[str] = (),
    expand_levels: int = facts.EXPAND_LEVELS,
    references: bool = False,
) -> bytes:
    """The ``$metadata`` document. ``functions`` are the names that ``$filter`` knows."""
    version: dict[str, str] = {"Version": odata_version}
    root = etree.Element(f"{{{EDMX}}}Edmx", version, nsmap={"edmx": EDMX})
    if references:
        for alias, namespace in facts.VOCABULARIES.items():
            uri = facts.VOCABULARY_URI.format(namespace + ".xml")
            reference = etree.SubElement(root, f"{{{EDMX}}}Reference", {"Uri": uri})
            etree.SubElement(reference, f"{{{EDMX}}}Include", {"Namespace": namespace, "Alias": alias})
    services = etree.SubElement(root, f"{{{EDMX}}}DataServices")
    default: Any = {None: EDM}  # lxml's stubs know no default namespace
    schema = etree.SubElement(services, f"{{{EDM}}}Schema", {"Namespace": metadata.namespace}, nsmap=default)
    _annotate(schema, facts.on_schema(metadata))
    for entity_set in metadata.sets:
        _entity_type(schema, metadata, entity_set)
    for term in facts.TERMS:
        attributes = {"Type": "Edm.String", "Nullable": "false", "AppliesTo": term.applies_to}
        _annotate(_add(schema, "Term", Name=term.name, **attributes), facts.described(term.description))
    container = _add(schema, "EntityContainer", Name=metadata.container)
    _annotate(container, facts.on_container(functions))
    for entity_set in metadata.sets:
        _entity_set(container, metadata, entity_set, expand_levels)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(parent: etree._Element, tag: str, **attributes: str | int | bool | None) -> etree._Element:
    texts = {name: _text(value) for name, value in attributes.items() if value is not None}
    return etree.SubElement(parent, f"{{{EDM}}}{tag}", texts)


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _entity_type(schema: etree._Element, metadata: ServiceMetadata, entity_set: EntitySet) -> None:
    entity_type = entity_set.type
    element = _add(schema, "EntityType", Name=entity_type.name)
    _add(_add(element, "Key"), "PropertyRef", Name=entity_type.key)
    for item in entity_type.properties:
        _property(element, entity_type, item)
    for navigation in entity_type.navigation:
        _navigation(element, metadata, navigation)
    _annotate(element, facts.described(entity_set.label))


def _property(parent: etree._Element, entity_type: EntityType, item: Property) -> None:
    element = _add(
        parent,
        "Property",
        Name=item.name,
        Type=item.type.qualified,
        Nullable=None if item.nullable else False,
        MaxLength=item.max_length,
        Precision=item.precision,
        Scale=item.scale,
    )
    _annotate(element, facts.on_property(entity_type, item))


def _navigation(parent: etree._Element, metadata: ServiceMetadata, navigation: NavigationProperty) -> None:
    target = f"{metadata.namespace}.{metadata.target(navigation).type.name}"
    element = _add(
        parent,
        "NavigationProperty",
        Name=navigation.name,
        Type=f"Collection({target})" if navigation.collection else target,
        # A collection is never null, and the standard forbids saying so.
        Nullable=None if navigation.collection or navigation.nullable else False,
        Partner=metadata.partner(navigation),
    )
    if navigation.dependent:
        for own, theirs in navigation.on:
            _add(element, "ReferentialConstraint", Property=own, ReferencedProperty=theirs)
    _annotate(element, facts.on_navigation(navigation))


def _entity_set(
    container: etree._Element, metadata: ServiceMetadata, entity_set: EntitySet, expand_levels: int
) -> None:
    type_name = f"{metadata.namespace}.{entity_set.type.name}"
    element = _add(container, "EntitySet", Name=entity_set.name, EntityType=type_name)
    for navigation in entity_set.type.navigation:
        _add(element, "NavigationPropertyBinding", Path=navigation.name, Target=navigation.target)
    _annotate(element, facts.on_entity_set(metadata, entity_set, expand_levels))


# Annotation expressions (CSDL XML 4.01, 14.3 and 14.4)


def _annotate(element: etree._Element, annotations: Iterable[Annotation]) -> None:
    for term, value in annotations:
        _value(_add(element, "Annotation", Term=term), value)


def _value(element: etree._Element, value: Value) -> None:
    """A constant or path as an attribute of its element, anything else as a child."""
    if isinstance(value, Mapping):
        record = _add(element, "Record")
        for name, member in value.items():
            _value(_add(record, "PropertyValue", Property=name), member)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        collection = _add(element, "Collection")
        for item in value:
            _item(collection, item)
    else:
        kind, text = _constant(value)
        element.set(kind, text)


def _item(collection: etree._Element, value: Value) -> None:
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return _value(collection, value)
    kind, text = _constant(value)
    _add(collection, kind).text = text
    return None


def _constant(value: Constant) -> tuple[str, str]:
    match value:
        case bool():
            return "Bool", _text(value)
        case int():
            return "Int", str(value)
        case Decimal():
            return "Decimal", str(value)
        case str():
            return "String", value
        case Path(text):
            return "Path", text
        case PropertyPath(text):
            return "PropertyPath", text
        case EnumMember(kind, member):
            return "EnumMember", f"{kind}/{member}"
