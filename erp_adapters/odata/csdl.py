"""Reads the ``$metadata`` of a service that we call: types, sets, navigation, and what annotations restrict.

CSDL XML 4.0 and 4.01 as far as questions depend on it. The document comes from a stranger: no document type
declarations, no entities, no references followed. What the restrictions mean is told in ``restrictions``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
CAPABILITIES = "Org.OData.Capabilities.V1."
CORE = "Org.OData.Core.V1."
#: Base types and type definitions are followed no further than this; a longer chain is a circle.
DEPTH = 32


class Unreadable(ValueError):
    """The document is no CSDL XML of OData 4."""


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property. ``type`` is qualified, without ``Collection()``."""

    name: str
    type: str
    collection: bool
    nullable: bool
    max_length: int | None
    precision: int | None


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way to other entities."""

    name: str
    type: str
    collection: bool


@dataclass(frozen=True, slots=True)
class Structured:
    """An entity type or complex type, with what it inherits."""

    name: str
    key: tuple[str, ...]
    properties: Mapping[str, Property]
    navigation: Mapping[str, Navigation]


Annotations = Mapping[str, Any]
"""Qualified term -> value: text, number, Boolean, list, dict; ``None`` for what depends on data."""


@dataclass(frozen=True, slots=True)
class Child:
    """An entity set or a singleton of the container. ``bindings``: path of a navigation property -> set."""

    name: str
    type: str
    singleton: bool
    bindings: Mapping[str, str]
    annotations: Annotations


@dataclass(frozen=True, slots=True)
class Model:
    """What a service says of itself."""

    version: str
    types: Mapping[str, Structured]
    enums: frozenset[str]
    definitions: Mapping[str, Property]
    children: Mapping[str, Child]
    annotations: Annotations = field(default_factory=dict)

    def primitive(self, item: Property) -> Property:
        """The property with type definitions replaced by what they stand for."""
        for _ in range(DEPTH):
            defined = self.definitions.get(item.type)
            if defined is None:
                break
            length = defined.max_length if item.max_length is None else item.max_length
            precision = defined.precision if item.precision is None else item.precision
            item = Property(item.name, defined.type, item.collection, item.nullable, length, precision)
        return item


def read(document: bytes) -> Model:
    """The model in a document; ``Unreadable`` for anything else."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"$metadata is not XML: {error.msg}") from None
    information: Any = root.getroottree().docinfo
    if information.doctype:
        raise Unreadable("$metadata has a document type declaration, which CSDL has not")
    if root.tag != f"{{{EDMX}}}Edmx":
        raise Unreadable("$metadata is not CSDL XML of OData 4")
    return _Reader(root).model()


class _Reader:
    """One document; knows its aliases."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._schemas = [schema for part in _all(root, "DataServices") for schema in _all(part, "Schema")]
        includes = [include for part in _all(root, "Reference") for include in _all(part, "Include")]
        named = [*includes, *self._schemas]
        self._aliases = {e.get("Alias", ""): e.get("Namespace", "") for e in named if e.get("Alias")}
        self._outside: dict[str, dict[str, Any]] = {}
        for schema in self._schemas:
            for element in _all(schema, "Annotations"):
                target = "/".join(map(self._name, element.get("Target", "").split("/")))
                self._outside.setdefault(target, {}).update(self._own(element))

    def model(self) -> Model:
        raw = dict(self._elements("EntityType", "ComplexType"))
        definitions = {
            name: self._property(element, "UnderlyingType") for name, element in self._elements("TypeDefinition")
        }
        containers = dict(self._elements("EntityContainer"))
        annotations = {term: value for name, e in containers.items() for term, value in self._about(e, name).items()}
        return Model(
            self._root.get("Version", "4.0"),
            {name: self._structured(name, raw) for name in raw},
            frozenset(name for name, _ in self._elements("EnumType")),
            definitions,
            {child.name: child for name, element in containers.items() for child in self._children(element, name)},
            annotations,
        )

    def _elements(self, *tags: str) -> Iterator[tuple[str, etree._Element]]:
        for schema in self._schemas:
            for element in _all(schema, *tags):
                yield f"{schema.get('Namespace', '')}.{element.get('Name', '')}", element

    def _name(self, text: str) -> str:
        space, dot, name = text.rpartition(".")
        return f"{self._aliases[space]}.{name}" if dot and space in self._aliases else text

    def _type(self, text: str) -> tuple[str, bool]:
        collection = text.startswith("Collection(") and text.endswith(")")
        return self._name(text[11:-1] if collection else text), collection

    def _structured(self, name: str, raw: Mapping[str, etree._Element]) -> Structured:
        lineage: list[etree._Element] = []
        following = name
        while following in raw and len(lineage) < DEPTH:
            lineage.insert(0, raw[following])
            following = self._name(raw[following].get("BaseType", ""))
        properties = [self._property(part) for element in lineage for part in _all(element, "Property")]
        navigation = [self._navigation(part) for element in lineage for part in _all(element, "NavigationProperty")]
        references = [
            reference.get("Name", "")
            for element in lineage
            for key in _all(element, "Key")
            for reference in _all(key, "PropertyRef")
        ]
        return Structured(
            name, tuple(references), {item.name: item for item in properties}, {item.name: item for item in navigation}
        )

    def _property(self, element: etree._Element, attribute: str = "Type") -> Property:
        kind, collection = self._type(element.get(attribute, ""))
        nullable = element.get("Nullable", "true") != "false"
        length, precision = _number(element, "MaxLength"), _number(element, "Precision")
        return Property(element.get("Name", ""), kind, collection, nullable, length, precision)

    def _navigation(self, element: etree._Element) -> Navigation:
        kind, collection = self._type(element.get("Type", ""))
        return Navigation(element.get("Name", ""), kind, collection)

    def _children(self, container: etree._Element, owner: str) -> Iterator[Child]:
        for element in _all(container, "EntitySet", "Singleton"):
            name, singleton = element.get("Name", ""), etree.QName(element).localname == "Singleton"
            bindings = {
                # A target is a set of this container, or of the one whose name stands in front.
                part.get("Path", ""): part.get("Target", "").rpartition("/")[2]
                for part in _all(element, "NavigationPropertyBinding")
            }
            kind = self._name(element.get("Type" if singleton else "EntityType", ""))
            yield Child(name, kind, singleton, bindings, self._about(element, f"{owner}/{name}"))

    # Annotations (CSDL XML 4.01, chapter 14)

    def _about(self, element: etree._Element, target: str) -> dict[str, Any]:
        return self._outside.get(target, {}) | self._own(element)

    def _own(self, element: etree._Element) -> dict[str, Any]:
        """Those without a qualifier: what is said for some clients alone is not said to this one."""
        own = [part for part in _all(element, "Annotation") if part.get("Qualifier") is None]
        return {self._name(part.get("Term", "")): self._value(part, bare=True) for part in own}

    def _value(self, element: etree._Element, *, bare: Any = None) -> Any:
        for kind, make in _CONSTANTS.items():
            if (text := element.get(kind)) is not None:
                return make(text)
        child = next(element.iterchildren(tag=etree.Element), None)
        return bare if child is None or etree.QName(child).localname == "Annotation" else self._expression(child)

    def _expression(self, element: etree._Element) -> Any:
        kind = etree.QName(element).localname
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]((element.text or "").strip())
        if kind == "Collection":
            return [self._expression(part) for part in element.iterchildren(tag=etree.Element)]
        if kind == "Record":
            return {part.get("Property", ""): self._value(part, bare=True) for part in _all(element, "PropertyValue")}
        return None


def _all(element: etree._Element, *tags: str) -> Iterator[etree._Element]:
    """Children by local name, whatever the version of the namespace is."""
    return (part for part in element.iterchildren(tag=etree.Element) if etree.QName(part).localname in tags)


def _number(element: etree._Element, name: str) -> int | None:
    text = element.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None


_CONSTANTS: Mapping[str, Any] = {
    "Bool": lambda text: text.strip() in ("true", "1"),
    "Int": lambda text: int(text) if text.strip().lstrip("+-").isdecimal() else None,
    **dict.fromkeys(
        (
            "String",
            "EnumMember",
            "Path",
            "PropertyPath",
            "NavigationPropertyPath",
            "AnnotationPath",
            "ModelElementPath",
        ),
        str,
    ),
}
