"""Reads ``$metadata`` as CSDL JSON 4.01 into the same values as ``salesforce.csdl`` reads from XML.

Salesforce reads XML alone; this is for comparing models. What absence means differs: here a property is a text that
is never null, and a decimal without a scale has a variable one.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from salesforce.csdl import (
    MAX,
    Annotations,
    Container,
    CsdlError,
    EntitySet,
    EnumType,
    Metadata,
    NavigationProperty,
    Operation,
    Property,
    StructuredType,
    TypeDefinition,
    TypeRef,
)

Members = Mapping[str, Any]


def read(document: bytes) -> Metadata:
    """The model in a document. Raises ``CsdlError`` for what is no CSDL JSON."""
    try:
        root = json.loads(document)
    except ValueError as error:
        raise CsdlError(f"is not JSON: {error}") from None
    if not isinstance(root, dict) or not str(root.get("$Version", "")).startswith("4."):
        raise CsdlError("is no CSDL JSON: it has no $Version of 4.0 or later")
    try:
        return _Reader(root).metadata()
    except (AttributeError, KeyError, TypeError) as error:
        raise CsdlError(f"is no CSDL JSON: a member is missing or of another kind ({error})") from None


class _Reader:
    """One document; knows its aliases."""

    def __init__(self, root: Members) -> None:
        self.root = root
        self.schemas = {name: found for name, found in root.items() if not name.startswith(("$", "@"))}
        included = [each for found in self._references().values() for each in found.get("$Include", ())]
        self.aliases = {each["$Alias"]: each["$Namespace"] for each in included if "$Alias" in each}
        self.aliases |= {found["$Alias"]: name for name, found in self.schemas.items() if "$Alias" in found}
        self.outside: dict[str, dict[str, Any]] = {}
        for schema in self.schemas.values():
            for target, found in schema.get("$Annotations", {}).items():
                place = "/".join(self.name(part) for part in target.split("/"))
                self.outside.setdefault(place, {}).update(self._own_annotations(found))

    def _references(self) -> Members:
        found: Members = self.root.get("$Reference", {})
        return found

    def metadata(self) -> Metadata:
        types, enums, definitions = {}, {}, {}
        operations: list[Operation] = []
        for space, schema in self.schemas.items():
            for local, element in _members(schema):
                name = f"{space}.{local}"
                if isinstance(element, list):
                    operations += [self._operation(each, name) for each in element]
                    continue
                match element.get("$Kind"):
                    case "EntityType" | "ComplexType":
                        types[name] = self._structured(element, name)
                    case "EnumType":
                        values = tuple(member for member, _ in _members(element))
                        underlying = element.get("$UnderlyingType", "Edm.Int32")
                        enums[name] = EnumType(name, underlying, bool(element.get("$IsFlags")), values)
                    case "TypeDefinition":
                        facets = self._property(element, local, space, "$UnderlyingType")
                        definitions[name] = TypeDefinition(name, facets)
        return Metadata(
            self.root["$Version"],
            tuple(self._references()),
            types,
            enums,
            definitions,
            tuple(operations),
            self._container(),
            {space: self._own_annotations(schema) for space, schema in self.schemas.items()},
        )

    def name(self, text: str) -> str:
        """A qualified name with its alias resolved."""
        space, dot, name = text.rpartition(".")
        return f"{self.aliases[space]}.{name}" if dot and space in self.aliases else text

    def _type(self, element: Members, member: str = "$Type") -> TypeRef:
        return TypeRef(self.name(element.get(member, "Edm.String")), bool(element.get("$Collection")))

    def _structured(self, element: Members, name: str) -> StructuredType:
        base = element.get("$BaseType")
        parts = list(_members(element))
        links = [(own, part) for own, part in parts if part.get("$Kind") == "NavigationProperty"]
        keys = (key if isinstance(key, str) else next(iter(key.values())) for key in element.get("$Key", ()))
        return StructuredType(
            name,
            entity=element["$Kind"] == "EntityType",
            base=base and self.name(base),
            abstract=bool(element.get("$Abstract")),
            open=bool(element.get("$OpenType")),
            stream=bool(element.get("$HasStream")),
            key=tuple(keys),
            properties=tuple(
                self._property(part, own, name) for own, part in parts if part.get("$Kind", "Property") == "Property"
            ),
            navigation=tuple(self._navigation(part, own) for own, part in links),
            annotations=self._annotations(element, name),
        )

    def _property(self, element: Members, name: str, owner: str, type_member: str = "$Type") -> Property:
        kind, scale = self._type(element, type_member), element.get("$Scale")
        number = isinstance(scale, int)
        variable = isinstance(scale, str) or (not number and kind.name == "Edm.Decimal")
        length = element.get("$MaxLength")
        return Property(
            name,
            kind,
            bool(element.get("$Nullable")),
            MAX if isinstance(length, str) else length,
            element.get("$Precision"),
            scale if number else None,
            variable,
            self._annotations(element, f"{owner}/{name}"),
        )

    def _navigation(self, element: Members, name: str) -> NavigationProperty:
        constraints = element.get("$ReferentialConstraint", {}).items()
        return NavigationProperty(
            name,
            self._type(element),
            bool(element.get("$Nullable")),
            element.get("$Partner"),
            bool(element.get("$ContainsTarget")),
            tuple((own, theirs) for own, theirs in constraints if "@" not in own),
        )

    def _operation(self, element: Members, name: str) -> Operation:
        returned = element.get("$ReturnType")
        return Operation(
            name,
            element["$Kind"] == "Function",
            bool(element.get("$IsBound")),
            tuple((each["$Name"], self._type(each)) for each in element.get("$Parameter", ())),
            None if returned is None else self._type(returned),
        )

    def _container(self) -> Container | None:
        name: str | None = self.root.get("$EntityContainer")
        if name is None:
            return None
        line: list[Members] = []
        following: str | None = name
        while following is not None and len(line) <= len(self.schemas):
            space, _, local = self.name(following).rpartition(".")
            line.append(self.schemas[space][local])
            following = line[-1].get("$Extends")
        parts = [each for whole in line for each in _members(whole)]
        named = {own: part for own, part in parts if not part.get("$Collection")}
        return Container(
            name,
            tuple(self._set(part, own, name) for own, part in parts if part.get("$Collection")),
            {own: self.name(part["$Type"]) for own, part in named.items() if "$Type" in part},
            {
                own: self.name(part.get("$Function") or part["$Action"])
                for own, part in named.items()
                if "$Type" not in part
            },
            self._annotations(line[0], name),
        )

    def _set(self, element: Members, name: str, container: str) -> EntitySet:
        bindings = element.get("$NavigationPropertyBinding", {})
        return EntitySet(
            name,
            self.name(element["$Type"]),
            {path: target.rpartition("/")[2] for path, target in bindings.items()},
            bool(element.get("$IncludeInServiceDocument", True)),
            self._annotations(element, f"{container}/{name}"),
        )

    def _annotations(self, element: Members, target: str) -> Annotations:
        return self.outside.get(target, {}) | self._own_annotations(element)

    def _own_annotations(self, element: Members) -> dict[str, Any]:
        """Those of the element itself, without a qualifier."""
        own = {name[1:]: value for name, value in element.items() if name.startswith("@")}
        return {self.name(n): _plain(value) for n, value in own.items() if "@" not in n and "#" not in n}


def _members(element: Members) -> Iterator[tuple[str, Any]]:
    """What is neither a control member nor an annotation; annotations of members have an ``@`` within."""
    return ((name, value) for name, value in element.items() if not name.startswith("$") and "@" not in name)


def _plain(value: Any) -> Any:
    """Paths as their text, as in XML; other expressions that need data are unknown."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if any(name.startswith("$") for name in value):
        return value.get("$Path")
    return {name: _plain(member) for name, member in value.items() if not name.startswith("@")}
