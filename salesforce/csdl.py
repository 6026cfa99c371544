"""Reads the ``$metadata`` of any OData 4 service: CSDL XML 4.0 and 4.01, from strangers, into plain values.

What is read is what a client needs to know: types with their properties, keys and navigation, the container's
children, annotations. Elements that nobody knows are skipped, as Apache Olingo skips them. Names are written
with their namespace; aliases, of schemas and of references, are resolved while reading. References to other
documents are never followed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lxml import etree

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
#: What ``MaxLength="max"`` means, to Olingo as well.
MAX = 2**31 - 1
#: Base types and type definitions are followed no further than this; a longer chain is a circle.
DEPTH = 32


class CsdlError(ValueError):
    """The document is no CSDL XML 4. ``line`` counts from 1, as far as it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.line = line


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as it is used: ``Edm.String``, ``Model.Address``, or a collection of one."""

    name: str
    collection: bool = False

    @property
    def primitive(self) -> str | None:
        """``String`` for ``Edm.String``; ``None`` for types of the model and for collections."""
        is_primitive = self.name.startswith("Edm.") and not self.collection
        return self.name.removeprefix("Edm.") if is_primitive else None

    def __str__(self) -> str:
        return f"Collection({self.name})" if self.collection else self.name


Annotations = Mapping[str, Any]
"""Qualified term to value: text, number, Boolean, list, dict; what cannot be known without data is ``None``."""


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property (CSDL 4.01, chapter 7). ``variable_scale`` stands for both words that scale can be."""

    name: str
    type: TypeRef
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    variable_scale: bool = False
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NavigationProperty:
    """A path to other entities. ``constraints`` pairs own properties with those of the target."""

    name: str
    type: TypeRef
    nullable: bool = True
    partner: str | None = None
    contains_target: bool = False
    constraints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StructuredType:
    """An entity type or a complex type, without what it inherits. ``key`` are paths."""

    name: str
    entity: bool
    base: str | None = None
    abstract: bool = False
    open: bool = False
    stream: bool = False
    key: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    navigation: tuple[NavigationProperty, ...] = ()
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EnumType:
    name: str
    underlying: str
    flags: bool
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """Another name for a primitive type, with facets of its own."""

    name: str
    facets: Property


@dataclass(frozen=True, slots=True)
class EntitySet:
    """``bindings``: paths of navigation properties to the names of the sets that they lead to."""

    name: str
    type: str
    bindings: Mapping[str, str] = field(default_factory=dict)
    in_service_document: bool = True
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """An action or function; overloads are operations of their own."""

    name: str
    function: bool
    bound: bool
    parameters: tuple[tuple[str, TypeRef], ...]
    returns: TypeRef | None


@dataclass(frozen=True, slots=True)
class Container:
    """``singletons`` and ``imports`` (of functions and actions) by name, with their type or operation."""

    name: str
    sets: tuple[EntitySet, ...] = ()
    singletons: Mapping[str, str] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    annotations: Annotations = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Metadata:
    """A whole document. Types are found by qualified name. ``references`` are the URLs of other documents."""

    version: str
    references: tuple[str, ...]
    types: Mapping[str, StructuredType]
    enums: Mapping[str, EnumType]
    definitions: Mapping[str, TypeDefinition]
    operations: tuple[Operation, ...]
    container: Container | None
    #: Annotations of the schemas themselves, by namespace.
    schemas: Mapping[str, Annotations] = field(default_factory=dict)

    @cached_property
    def sets(self) -> Mapping[str, EntitySet]:
        return {} if self.container is None else {found.name: found for found in self.container.sets}

    def lineage(self, name: str) -> tuple[StructuredType, ...]:
        """The type and what it inherits from, the most general first; empty if there is no such type."""
        found: list[StructuredType] = []
        following: str | None = name
        while following is not None and following in self.types and len(found) < DEPTH:
            found.insert(0, self.types[following])
            following = found[0].base
        return tuple(found)

    def properties(self, name: str) -> tuple[Property, ...]:
        """All structural properties of a type, inherited ones first."""
        return tuple(item for kind in self.lineage(name) for item in kind.properties)

    def navigation(self, name: str) -> tuple[NavigationProperty, ...]:
        return tuple(item for kind in self.lineage(name) for item in kind.navigation)

    def key(self, name: str) -> tuple[str, ...]:
        """Paths of the key, which the type declares or inherits; empty if there is none."""
        return next((kind.key for kind in reversed(self.lineage(name)) if kind.key), ())

    def resolved(self, item: Property) -> Property:
        """The property with type definitions replaced by what they stand for; its own facets outrank theirs."""
        for _ in range(DEPTH):
            definition = None if item.type.collection else self.definitions.get(item.type.name)
            if definition is None:
                break
            facets = definition.facets
            item = replace(
                item,
                type=facets.type,
                max_length=facets.max_length if item.max_length is None else item.max_length,
                precision=facets.precision if item.precision is None else item.precision,
                scale=facets.scale if item.scale is None else item.scale,
                variable_scale=item.variable_scale or (item.scale is None and facets.variable_scale),
            )
        return item


def read(document: bytes) -> Metadata:
    """The model in a ``$metadata`` document.

    Raises ``CsdlError`` for what is no well-formed XML, has a document type declaration (CSDL has none, attacks
    have), is CSDL of OData 2 or 3, or lacks what makes no sense without.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise CsdlError(error.msg or "is not XML", error.lineno) from None
    document_info: Any = root.getroottree().docinfo
    if document_info.doctype:
        raise CsdlError("has a document type declaration, which CSDL has not", 1)
    if root.tag != f"{{{EDMX}}}Edmx":
        raise CsdlError(_no_edmx(root), _line(root))
    return _Reader(root).metadata()


def _no_edmx(root: etree._Element) -> str:
    space, name = etree.QName(root).namespace or "", etree.QName(root).localname
    if name == "Edmx" and "microsoft.com/ado" in space:
        return "is the metadata of OData 2.0 or 3.0; the OData 4.0 and 4.01 adapters cannot read it"
    return f"starts with {name}, not with edmx:Edmx of OData 4"


class _Reader:
    """One document; knows its aliases."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.schemas = [element for part in _children(root, "DataServices") for element in _children(part, "Schema")]
        includes = [include for part in _children(root, "Reference") for include in _children(part, "Include")]
        named = [*includes, *self.schemas]
        self.aliases = {element.get("Alias"): _required(element, "Namespace") for element in named}
        self.outside: dict[str, dict[str, Any]] = {}
        for schema in self.schemas:
            for element in _children(schema, "Annotations"):
                target = "/".join(self.name(part) for part in _required(element, "Target").split("/"))
                self.outside.setdefault(target, {}).update(self._own_annotations(element))

    def metadata(self) -> Metadata:
        types, enums, definitions = {}, {}, {}
        operations: list[Operation] = []
        for schema in self.schemas:
            space = _required(schema, "Namespace")
            for element in _children(schema, "EntityType", "ComplexType"):
                kind = self._structured(element, space)
                types[kind.name] = kind
            for element in _children(schema, "EnumType"):
                enum = self._enum(element, space)
                enums[enum.name] = enum
            for element in _children(schema, "TypeDefinition"):
                name = f"{space}.{_required(element, 'Name')}"
                definitions[name] = TypeDefinition(name, self._property(element, space, "UnderlyingType"))
            operations += [self._operation(element, space) for element in _children(schema, "Function", "Action")]
        version = self.root.get("Version") or "4.0"
        references = tuple(_required(part, "Uri") for part in _children(self.root, "Reference"))
        schemas: dict[str, dict[str, Any]] = {}
        for schema in self.schemas:
            schemas.setdefault(_required(schema, "Namespace"), {}).update(self._own_annotations(schema))
        return Metadata(version, references, types, enums, definitions, tuple(operations), self._container(), schemas)

    def name(self, text: str) -> str:
        """A qualified name with its alias resolved."""
        space, dot, name = text.rpartition(".")
        return f"{self.aliases[space]}.{name}" if dot and space in self.aliases else text

    def _type(self, text: str) -> TypeRef:
        collection = text.startswith("Collection(") and text.endswith(")")
        return TypeRef(self.name(text[11:-1] if collection else text), collection)

    # Types

    def _structured(self, element: etree._Element, space: str) -> StructuredType:
        name = f"{space}.{_required(element, 'Name')}"
        base = element.get("BaseType")
        keys = [part for key in _children(element, "Key") for part in _children(key, "PropertyRef")]
        return StructuredType(
            name,
            entity=_local(element) == "EntityType",
            base=base and self.name(base),
            abstract=_flag(element, "Abstract"),
            open=_flag(element, "OpenType"),
            stream=_flag(element, "HasStream"),
            key=tuple(_required(part, "Name") for part in keys),
            properties=tuple(self._property(part, name) for part in _children(element, "Property")),
            navigation=tuple(self._navigation(part) for part in _children(element, "NavigationProperty")),
            annotations=self._annotations(element, name),
        )

    def _property(self, element: etree._Element, owner: str, type_attribute: str = "Type") -> Property:
        name = _required(element, "Name")
        scale = element.get("Scale")
        variable = scale in ("variable", "floating")
        return Property(
            name,
            self._type(_required(element, type_attribute)),
            _flag(element, "Nullable", default=True),
            _length(element),
            _number(element, "Precision"),
            None if variable else _number(element, "Scale"),
            variable,
            self._annotations(element, f"{owner}/{name}"),
        )

    def _navigation(self, element: etree._Element) -> NavigationProperty:
        constraints = _children(element, "ReferentialConstraint")
        return NavigationProperty(
            _required(element, "Name"),
            self._type(_required(element, "Type")),
            _flag(element, "Nullable", default=True),
            element.get("Partner"),
            _flag(element, "ContainsTarget"),
            tuple((_required(part, "Property"), _required(part, "ReferencedProperty")) for part in constraints),
        )

    def _enum(self, element: etree._Element, space: str) -> EnumType:
        members = tuple(_required(member, "Name") for member in _children(element, "Member"))
        underlying = element.get("UnderlyingType") or "Edm.Int32"
        return EnumType(f"{space}.{_required(element, 'Name')}", underlying, _flag(element, "IsFlags"), members)

    def _operation(self, element: etree._Element, space: str) -> Operation:
        parameters = _children(element, "Parameter")
        returned = next(_children(element, "ReturnType"), None)
        return Operation(
            f"{space}.{_required(element, 'Name')}",
            _local(element) == "Function",
            _flag(element, "IsBound"),
            tuple((_required(part, "Name"), self._type(_required(part, "Type"))) for part in parameters),
            None if returned is None else self._type(_required(returned, "Type")),
        )

    # The container

    def _container(self) -> Container | None:
        found = [(schema, element) for schema in self.schemas for element in _children(schema, "EntityContainer")]
        named = {f"{_required(schema, 'Namespace')}.{_required(element, 'Name')}": element for schema, element in found}
        if not named:
            return None
        bases = {name: self.name(element.get("Extends") or "") for name, element in named.items()}
        name = next((name for name in named if name not in bases.values()), next(iter(named)))
        line = [name]
        while bases[line[-1]] in named and bases[line[-1]] not in line:
            line.append(bases[line[-1]])
        element, parts = named[name], [named[each] for each in line]
        return Container(
            name,
            tuple(self._set(part, name) for whole in parts for part in _children(whole, "EntitySet")),
            self._named(parts, "Singleton", "Type"),
            self._named(parts, "FunctionImport", "Function") | self._named(parts, "ActionImport", "Action"),
            self._annotations(element, name),
        )

    def _named(self, parts: Iterable[etree._Element], tag: str, attribute: str) -> dict[str, str]:
        elements = (element for part in parts for element in _children(part, tag))
        return {_required(e, "Name"): self.name(_required(e, attribute)) for e in elements}

    def _set(self, element: etree._Element, container: str) -> EntitySet:
        name = _required(element, "Name")
        bindings = _children(element, "NavigationPropertyBinding")
        return EntitySet(
            name,
            self.name(_required(element, "EntityType")),
            # A target is the name of a set, in this container or with the container's name in front.
            {_required(part, "Path"): _required(part, "Target").rpartition("/")[2] for part in bindings},
            _flag(element, "IncludeInServiceDocument", default=True),
            self._annotations(element, f"{container}/{name}"),
        )

    # Annotations (CSDL XML 4.01, chapter 14)

    def _annotations(self, element: etree._Element, target: str) -> Annotations:
        return self.outside.get(target, {}) | self._own_annotations(element)

    def _own_annotations(self, element: etree._Element) -> dict[str, Any]:
        """Those without a qualifier: what is said for some clients alone is not said to this one."""
        own = [part for part in _children(element, "Annotation") if part.get("Qualifier") is None]
        return {self.name(_required(part, "Term")): self._value(part, bare=True) for part in own}

    def _value(self, element: etree._Element, *, bare: Any = None) -> Any:
        """The value in an attribute or a child; ``bare`` if there is none, as tagging terms are true."""
        for kind, make in _CONSTANTS.items():
            if (text := element.get(kind)) is not None:
                return make(text)
        child = next(element.iterchildren(tag=etree.Element), None)
        return bare if child is None or _local(child) == "Annotation" else self._expression(child)

    def _expression(self, element: etree._Element) -> Any:
        kind = _local(element)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]((element.text or "").strip())
        if kind == "Collection":
            return [self._expression(part) for part in element.iterchildren(tag=etree.Element)]
        if kind == "Record":
            members = _children(element, "PropertyValue")
            return {_required(part, "Property"): self._value(part, bare=True) for part in members}
        return None


def _boolean(text: str) -> bool:
    return text.strip() in ("true", "1")


def _integer(text: str) -> int | None:
    return int(text) if text.strip().lstrip("+-").isdecimal() else None


_CONSTANTS: Mapping[str, Any] = {
    "String": str,
    "Bool": _boolean,
    "Int": _integer,
    **dict.fromkeys(
        (
            "Date", "DateTimeOffset", "Decimal", "Duration", "EnumMember", "Float", "Guid", "TimeOfDay",
            "Path", "PropertyPath", "NavigationPropertyPath", "AnnotationPath", "ModelElementPath",
        ),
        str,
    ),
}  # fmt: skip


def _line(element: etree._Element) -> int | None:
    line: Any = element.sourceline  # lxml's stubs know no number here
    return line if isinstance(line, int) else None


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Child elements by local name, so that both namespaces of schemas do."""
    return (child for child in element.iterchildren(tag=etree.Element) if _local(child) in names)


def _required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise CsdlError(f"{_local(element)} has no {attribute}", _line(element))
    return value


def _flag(element: etree._Element, attribute: str, *, default: bool = False) -> bool:
    value = element.get(attribute)
    return default if value is None else _boolean(value)


def _length(element: etree._Element) -> int | None:
    return MAX if element.get("MaxLength") in ("max", "Max") else _number(element, "MaxLength")


def _number(element: etree._Element, attribute: str) -> int | None:
    text = element.get(attribute)
    if text is None:
        return None
    if not text.strip().isdecimal():
        raise CsdlError(f"{_local(element)} {element.get('Name')}: {attribute} {text!r} is no number", _line(element))
    return int(text)
