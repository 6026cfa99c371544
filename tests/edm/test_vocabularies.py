"""Annotations against the OASIS vocabularies, in XML and in JSON: every term exists, may stand where it stands, and
has a value of its type, down to the members of records and enumerations (CX-05).

The types come from the vocabularies alone: nothing of them is repeated here. Skipped without ``../shared/oasis``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from lxml import etree

from edm.csdl import EDM
from edm.model import ServiceMetadata
from tests.edm.test_csdl import OASIS, Element, catalog, children, document, every, needs_oasis, tag, xml

pytestmark = needs_oasis

#: The JSON and the XML form of a primitive value.
_FORMS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "Edm.Boolean": (bool, "Bool"),
    "Edm.String": (str, "String"),
    "Edm.Byte": (int, "Int"),
    "Edm.Int16": (int, "Int"),
    "Edm.Int32": (int, "Int"),
    "Edm.Int64": (int, "Int"),
    "Edm.Decimal": ((int, float), "Decimal"),
    "Edm.PropertyPath": (str, "PropertyPath"),
    "Edm.NavigationPropertyPath": (str, "NavigationPropertyPath"),
    "Edm.AnyPropertyPath": (str, "PropertyPath"),
}
COLLECTION = re.compile(r"Collection\((.+)\)")


@pytest.fixture(params=["small", "built-in"])
def metadata(request: pytest.FixtureRequest) -> ServiceMetadata:
    return catalog(request.param)


# The vocabularies


@cache
def declarations() -> dict[str, Element]:
    """Qualified name (by namespace and by alias) -> declaration, of all bundled vocabularies."""
    found = {}
    for path in (OASIS / "vocabularies").glob("*.xml"):
        schema = next(every(etree.parse(str(path)).getroot(), "Schema"))
        for element in schema:
            if element.get("Name"):  # neither a comment nor an annotation
                for prefix in (schema.get("Namespace"), schema.get("Alias")):
                    found[f"{prefix}.{element.get('Name')}"] = element
    return found


def members(type_name: str) -> dict[str, Element]:
    """The properties of a complex type, inherited ones included."""
    declaration = declarations()[type_name]
    base = declaration.get("BaseType")
    own = {str(p.get("Name")): p for p in children(declaration, "Property")}
    return (members(base) if base else {}) | own


def required(type_name: str) -> set[str]:
    """What a record of the type cannot leave out."""
    return {
        name
        for name, item in members(type_name).items()
        if item.get("Nullable") == "false"
        and item.get("DefaultValue") is None
        and "Collection(" not in str(item.get("Type"))
    }


def underlying(type_name: str) -> str:
    """The primitive type behind a type definition such as Core.Tag; the type itself if there is none."""
    declared = declarations().get(type_name)
    return type_name if declared is None else str(declared.get("UnderlyingType", type_name))


def kind(type_name: str) -> str:
    """EnumType, ComplexType or, for everything primitive, an empty text."""
    declared = declarations().get(type_name)
    return "" if declared is None or declared.get("UnderlyingType", "").startswith("Edm.") else tag(declared)


def enumeration(type_name: str) -> set[str]:
    return {str(m.get("Name")) for m in children(declarations()[type_name], "Member")}


def allowed(type_name: str, value: Any) -> set[Any]:
    """The values that a type definition allows; ``value`` itself if it says nothing."""
    declared = declarations().get(type_name)
    rules = [] if declared is None or tag(declared) != "TypeDefinition" else children(declared, "Annotation")
    lists = [rule for rule in rules if str(rule.get("Term")).endswith("AllowedValues")]
    return {v.get("String") for rule in lists for v in every(rule, "PropertyValue")} if lists else {value}


# What is annotated


@dataclass(frozen=True)
class Annotated:
    """One annotation: its term's declaration, the kind and type of its target, the members of the type around it."""

    name: str
    term: Element
    value: Any
    target: str
    type: str
    siblings: dict[str, str]

    def check_place(self) -> None:
        assert self.target in self.term.get("AppliesTo", self.target).split(), (self.name, self.target)
        for rule in children(self.term, "Annotation"):
            if str(rule.get("Term")).endswith("RequiresType"):
                assert self.type == rule.get("String"), (self.name, self.type)

    def path(self, path: str) -> str:
        """The type of what a path leads to."""
        assert path in self.siblings, (self.name, path)
        return self.siblings[path]

    def primitive(self, type_name: str) -> str:
        """The type a value has to have; Edm.PrimitiveType stands for that of the annotated property."""
        return self.type if type_name == "Edm.PrimitiveType" else type_name


def terms(metadata: ServiceMetadata) -> dict[str, Element]:
    own = {f"{metadata.namespace}.{term.get('Name')}": term for term in every(xml(metadata), "Term")}
    return declarations() | own


def siblings(entity_type: Element) -> dict[str, str]:
    return {str(e.get("Name")): str(e.get("Type", "Edm.String")) for e in entity_type if e.get("Name")}


def in_xml(metadata: ServiceMetadata) -> Iterator[Annotated]:
    root, known = xml(metadata), terms(metadata)
    types = {f"{metadata.namespace}.{t.get('Name')}": siblings(t) for t in every(root, "EntityType")}
    for annotation in every(root, "Annotation"):
        target = annotation.getparent()
        assert target is not None
        around = target.getparent()
        near = types.get(str(target.get("EntityType"))) or (siblings(around) if around is not None else {})
        name = str(annotation.get("Term"))
        yield Annotated(name, known[name], annotation, tag(target), str(target.get("Type", "")), near)


def in_json(metadata: ServiceMetadata) -> Iterator[Annotated]:
    parsed, known = document(metadata), terms(metadata)
    schema = parsed[metadata.namespace]
    yield from _json_members(schema, "Schema", "", {}, known)
    types: dict[str, dict[str, str]] = {}
    for name, child in schema.items():
        if not isinstance(child, dict) or name.startswith("@"):
            continue
        near = {n: _json_type(c) for n, c in child.items() if isinstance(c, dict) and n[0] not in "@$"}
        types[f"{metadata.namespace}.{name}"] = near
        yield from _json_members(child, child["$Kind"], "", near, known)
        for member, item in child.items():
            if isinstance(item, dict) and member[0] not in "@$":
                what = "EntitySet" if child["$Kind"] == "EntityContainer" else item.get("$Kind", "Property")
                around = types[item["$Type"]] if what == "EntitySet" else near
                yield from _json_members(item, what, _json_type(item), around, known)


def _json_type(item: dict[str, Any]) -> str:
    return str(item.get("$Type", "Edm.String"))


def _json_members(
    item: dict[str, Any], target: str, type_name: str, near: dict[str, str], known: dict[str, Element]
) -> Iterator[Annotated]:
    for name, value in item.items():
        if name.startswith("@"):
            yield Annotated(name[1:], known[name[1:]], value, target, type_name, near)


# Values


def check_xml(it: Annotated, element: Element, type_name: str) -> None:
    """The value of an Annotation or PropertyValue, or an item of a Collection."""
    items = COLLECTION.fullmatch(type_name)
    children_ = [c for c in element if tag(c) in ("Collection", "Record")]
    if items:
        (collection,) = children_
        for item in collection:
            check_xml(it, item, items[1])
    elif kind(type_name) == "ComplexType":
        (record,) = children_ if tag(element) != "Record" else [element]
        values = {str(v.get("Property")): v for v in children(record, "PropertyValue")}
        assert required(type_name) <= set(values), (it.name, type_name)
        for name, value in values.items():
            check_xml(it, value, str(members(type_name)[name].get("Type")))
    elif (path := element.get("Path")) is not None:
        assert it.path(path) == underlying(type_name), it.name
    else:
        check_xml_constant(it, element, type_name)


def check_xml_constant(it: Annotated, element: Element, type_name: str) -> None:
    forms = {str(k): str(v) for k, v in element.items() if k not in ("Term", "Property")}
    forms = forms or {tag(element): element.text or ""}
    ((form, text),) = forms.items()
    if kind(type_name) == "EnumType":
        assert form == "EnumMember"
        for member in text.split():
            enum, _, name = member.partition("/")
            assert declarations()[enum] is declarations()[type_name]
            assert name in enumeration(type_name), (it.name, name)
        return
    primitive = it.primitive(underlying(type_name))
    assert form == _FORMS[primitive][1], (it.name, form, primitive)
    assert text in allowed(type_name, text), (it.name, text)
    if form in ("PropertyPath", "NavigationPropertyPath"):
        it.path(text)


def check_json(it: Annotated, value: Any, type_name: str) -> None:
    items = COLLECTION.fullmatch(type_name)
    if items:
        assert isinstance(value, list), it.name
        for item in value:
            check_json(it, item, items[1])
    elif kind(type_name) == "ComplexType":
        assert required(type_name) <= set(value), (it.name, type_name)
        for name, member in value.items():
            check_json(it, member, str(members(type_name)[name].get("Type")))
    elif kind(type_name) == "EnumType":
        assert set(value.split(",")) <= enumeration(type_name), (it.name, value)
    elif isinstance(value, dict):
        assert it.path(value["$Path"]) == underlying(type_name), it.name
    else:
        primitive = it.primitive(underlying(type_name))
        assert isinstance(value, _FORMS[primitive][0]), (it.name, value)
        assert isinstance(value, bool) == (primitive == "Edm.Boolean"), (it.name, value)
        assert value in allowed(type_name, value), (it.name, value)
        if primitive.endswith("Path"):
            it.path(str(value))


def test_every_term_in_xml_is_used_as_declared(metadata: ServiceMetadata) -> None:
    found = list(in_xml(metadata))
    assert len(found) == len(list(every(xml(metadata), "Annotation"))) > 50
    for it in found:
        assert tag(it.term) == "Term", it.name
        it.check_place()
        check_xml(it, it.value, str(it.term.get("Type")))


def test_every_term_in_json_is_used_as_declared(metadata: ServiceMetadata) -> None:
    found = list(in_json(metadata))
    assert len(found) == len(list(in_xml(metadata)))
    for it in found:
        it.check_place()
        check_json(it, it.value, str(it.term.get("Type")))


def test_nothing_deprecated_is_used_alone(metadata: ServiceMetadata) -> None:
    """A term that newer services replace stands beside its successor, for older clients."""
    used = {it.name.rpartition(".")[2] for it in in_xml(metadata)}
    assert "BatchContinueOnErrorSupported" not in used or "BatchSupport" in used
    assert ("BatchSupported" in used) == ("BatchSupport" in used)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('Core.V1.Nope" Bool="true"', KeyError),
        ('Core.V1.Computed" String="true"', AssertionError),
        ('Core.V1.Ordered" Int="1"', AssertionError),
        ('Capabilities.V1.TopSupported" Bool="true"', AssertionError),
        ('Measures.V1.Unit" Path="Nope"', AssertionError),
        ('Measures.V1.Unit" Path="Blocked"', AssertionError),
        ('Measures.V1.Scale" Int="1"', AssertionError),
        ('Core.V1.Permissions" EnumMember="Org.OData.Core.V1.Permission/Nope"', AssertionError),
        ('Validation.V1.Minimum" String="1"', AssertionError),
        ('Validation.V1.MultipleOf" Int="1"', AssertionError),
    ],
)
def test_the_check_finds_what_is_wrong(broken: str, why: type[Exception]) -> None:
    annotation = etree.fromstring(f'<x xmlns="{EDM}"><Annotation Term="Org.OData.{broken}/></x>')[0]
    with pytest.raises(why):
        check_on_an_integer(annotation)


def check_on_an_integer(annotation: Element) -> None:
    name = str(annotation.get("Term"))
    near = {"Blocked": "Edm.Boolean", "Days": "Edm.Int16"}
    it = Annotated(name, declarations()[name], annotation, "Property", "Edm.Int16", near)
    it.check_place()
    check_xml(it, annotation, str(it.term.get("Type")))
