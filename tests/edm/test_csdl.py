"""The metadata documents: valid by the OASIS schemas, true to the vocabularies, one model in two forms."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

from edm.csdl import EDM, EDMX, to_xml
from edm.csdl_json import to_json
from edm.declare import load_directory, load_texts
from edm.model import ServiceMetadata
from tests.edm.small_catalog import TEXTS

OASIS = Path(__file__).parents[3] / "shared" / "oasis"
VERSIONS = ("4.0", "4.01")
FUNCTIONS = ("contains", "startswith", "eq")
needs_oasis = pytest.mark.skipif(not OASIS.is_dir(), reason=f"no OASIS schemas in {OASIS}")

Element = etree._Element


@cache
def catalog(name: str) -> ServiceMetadata:
    return load_texts(TEXTS) if name == "small" else load_directory(files("erp_adapters") / "catalog")


@pytest.fixture(params=["small", "built-in"])
def metadata(request: pytest.FixtureRequest) -> ServiceMetadata:
    return catalog(request.param)


def xml(metadata: ServiceMetadata, version: Any = "4.01", **options: Any) -> Element:
    return etree.fromstring(to_xml(metadata, odata_version=version, functions=FUNCTIONS, **options))


def document(metadata: ServiceMetadata) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(to_json(metadata, functions=FUNCTIONS))
    return parsed


def every(element: Element, tag: str) -> Iterator[Element]:
    return element.iter(f"{{{EDM}}}{tag}")


def children(element: Element, tag: str) -> list[Element]:
    return element.findall(f"{{{EDM}}}{tag}")


def tag(element: Element) -> str:
    return etree.QName(element).localname


# The OASIS schemas (CX-01, CJ-01); the vocabularies are test_vocabularies' business


@cache
def xml_schema(version: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(OASIS / "csdl" / version / "edmx.xsd")))


@needs_oasis
@pytest.mark.parametrize("references", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_xml_is_valid(metadata: ServiceMetadata, version: str, references: bool) -> None:
    root = xml(metadata, version, references=references)
    assert root.get("Version") == version
    schema = xml_schema(version)
    assert schema.validate(root), schema.error_log


@needs_oasis
def test_json_is_valid(metadata: ServiceMetadata) -> None:
    text = (OASIS / "csdl" / "csdl.schema.json").read_text(encoding="utf-8")
    # Python's re has no \p{L}; these classes say the same for identifiers.
    text = text.replace(r"(_|\\p{L}|\\p{Nl}|\\p{Nd}|\\p{Mn}|\\p{Mc}|\\p{Pc}|\\p{Cf})", r"\\w")
    text = text.replace(r"(_|\\p{L}|\\p{Nl})", r"[^\\W\\d]")
    jsonschema.Draft7Validator(json.loads(text)).validate(document(metadata))


def test_no_target_has_a_term_twice(metadata: ServiceMetadata) -> None:
    for element in xml(metadata).iter():
        terms = [annotation.get("Term") for annotation in children(element, "Annotation")]
        assert len(set(terms)) == len(terms)


# The rules that no schema can check (CX-02, CX-03)


def test_the_xml_document_resolves(metadata: ServiceMetadata) -> None:
    root = xml(metadata, "4.0")
    types = {f"{metadata.namespace}.{t.get('Name')}": t for t in every(root, "EntityType")}
    sets = {s.get("Name"): types[str(s.get("EntityType"))] for s in every(root, "EntitySet")}
    assert len(list(every(root, "EntityContainer"))) == 1
    assert len(list(every(root, "Schema"))) == 1
    for entity_type in types.values():
        own = {p.get("Name"): p for p in children(entity_type, "Property")}
        navigation = {n.get("Name") for n in children(entity_type, "NavigationProperty")}
        assert not own.keys() & navigation
        (key,) = every(entity_type, "PropertyRef")
        assert own[key.get("Name")].get("Nullable") == "false"
    for entity_set in every(root, "EntitySet"):
        entity_type = types[str(entity_set.get("EntityType"))]
        bound = {b.get("Path"): b.get("Target") for b in children(entity_set, "NavigationPropertyBinding")}
        assert set(bound) == {n.get("Name") for n in children(entity_type, "NavigationProperty")}
        for navigation_property in children(entity_type, "NavigationProperty"):
            target = types[re.sub(r"^Collection\((.*)\)$", r"\1", str(navigation_property.get("Type")))]
            assert sets[bound[navigation_property.get("Name")]] is target
            check_partner(entity_type, navigation_property, target, metadata.namespace)
            check_constraint(entity_type, navigation_property, target)


def check_partner(owner: Element, navigation: Element, target: Element, namespace: str) -> None:
    (partner,) = (n for n in children(target, "NavigationProperty") if n.get("Name") == navigation.get("Partner"))
    assert partner.get("Partner") == navigation.get("Name")
    assert f"{namespace}.{owner.get('Name')}" in str(partner.get("Type"))
    constrained = [children(end, "ReferentialConstraint") for end in (navigation, partner)]
    assert [bool(c) for c in constrained].count(True) == 1


def check_constraint(owner: Element, navigation: Element, target: Element) -> None:
    collection = str(navigation.get("Type")).startswith("Collection(")
    assert not (collection and navigation.get("Nullable"))
    for constraint in children(navigation, "ReferentialConstraint"):
        ((mine, parents),) = [
            (a, b)
            for a in children(owner, "Property")
            for b in children(target, "Property")
            if a.get("Name") == constraint.get("Property") and b.get("Name") == constraint.get("ReferencedProperty")
        ]
        assert (mine.get("Type"), mine.get("MaxLength")) == (parents.get("Type"), parents.get("MaxLength"))
        assert mine.get("Nullable") == navigation.get("Nullable")


def test_paths_in_annotations_lead_to_properties(metadata: ServiceMetadata) -> None:
    for entity_set, entity_type in zip(metadata.sets, every(xml(metadata), "EntityType"), strict=True):
        for path in (a.get("Path") for a in every(entity_type, "Annotation")):
            assert path is None or entity_set.type.property(path)
    for entity_set, element in zip(metadata.sets, every(xml(metadata), "EntitySet"), strict=True):
        for path in (p.text for p in every(element, "PropertyPath")):
            assert entity_set.type.property(str(path))


def test_facets_are_explicit(metadata: ServiceMetadata) -> None:
    """Absent, MaxLength would mean Text(128) to Salesforce, Precision no fraction, Scale no cents."""
    needed = {
        "Edm.String": {"MaxLength"},
        "Edm.Decimal": {"Precision", "Scale"},
        "Edm.DateTimeOffset": {"Precision"},
    }
    for item in every(xml(metadata, "4.0"), "Property"):
        facets = set(item.keys()) - {"Name", "Type", "Nullable"}
        assert facets == needed.get(str(item.get("Type")), set()), item.get("Name")


def test_the_built_in_catalog_suits_salesforce() -> None:
    root = xml(catalog("built-in"), "4.0")
    numbers = {"Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Decimal"}
    allowed = numbers | {"Edm.String", "Edm.Boolean", "Edm.Date", "Edm.DateTimeOffset"}
    sets = [str(s.get("Name")) for s in every(root, "EntitySet")]
    assert len({name.lower() for name in sets}) == len(sets) <= 200
    for entity_type in every(root, "EntityType"):
        items = {str(p.get("Name")): p for p in children(entity_type, "Property")}
        assert len({name.lower() for name in items}) == len(items)
        assert not {name.lower() for name in items} & {"id", "name", "externalid", "displayurl"}
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,39}", name) for name in (*items, *sets))
        assert {item.get("Type") for item in items.values()} <= allowed
        assert max(int(item.get("Precision", "0")) for item in items.values()) <= 18
        (key,) = every(entity_type, "PropertyRef")
        assert items[str(key.get("Name"))].get("Type") == "Edm.String"
        assert int(str(items[str(key.get("Name"))].get("MaxLength"))) <= 80
    prose = {(s.name, p.name) for s in catalog("built-in").sets for p in s.type.properties if p.prose}
    for entity_set in catalog("built-in").sets:
        for item in entity_set.type.properties:
            assert (entity_set.name, item.name) in prose or (item.max_length or 0) <= 255


def test_nothing_is_referred_to_unless_asked() -> None:
    reference = f"{{{EDMX}}}Reference"
    for version in VERSIONS:
        assert xml(catalog("small"), version).find(reference) is None
        found = xml(catalog("small"), version, references=True).findall(reference)
        assert [next(iter(r)).get("Namespace") for r in found] == [
            "Org.OData.Core.V1",
            "Org.OData.Capabilities.V1",
            "Org.OData.Measures.V1",
            "Org.OData.Validation.V1",
            "Org.OData.Aggregation.V1",
        ]
        assert all(str(r.get("Uri")).startswith("https://oasis-tcs.github.io/") for r in found)


# One model, two notations (CJ-02)

ALIASES = {
    "@Core.": "@Org.OData.Core.V1.", "@Capabilities.": "@Org.OData.Capabilities.V1.",
    "@Measures.": "@Org.OData.Measures.V1.", "@Validation.": "@Org.OData.Validation.V1.",
    "@Aggregation.": "@Org.OData.Aggregation.V1.",
}  # fmt: skip


def test_xml_and_json_say_the_same(metadata: ServiceMetadata) -> None:
    root, parsed = xml(metadata), document(metadata)
    (schema,) = every(root, "Schema")
    assert parsed["$EntityContainer"] == f"{metadata.namespace}.{metadata.container}"
    assert as_json(schema) == with_full_terms(parsed[str(schema.get("Namespace"))])


def with_full_terms(value: Any) -> Any:
    """CSDL JSON with namespaces for aliases, as the XML document writes them."""
    if isinstance(value, list):
        return [with_full_terms(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {re.sub(r"^@\w+\.", lambda m: ALIASES.get(m[0], m[0]), k): with_full_terms(v) for k, v in value.items()}


def as_json(element: Element) -> dict[str, Any]:
    """An XML model element, translated by the rules of CSDL JSON 4.01."""
    result = header(element)
    for child in element:
        match tag(child):
            case "Annotation":
                result["@" + str(child.get("Term"))] = value_as_json(child)
            case "Key":
                result["$Key"] = [ref.get("Name") for ref in child]
            case "NavigationPropertyBinding":
                result.setdefault("$NavigationPropertyBinding", {})[child.get("Path")] = child.get("Target")
            case "ReferentialConstraint":
                pair = {child.get("Property"): child.get("ReferencedProperty")}
                result.setdefault("$ReferentialConstraint", {}).update(pair)
            case _:
                result[str(child.get("Name"))] = as_json(child)
    return result


def header(element: Element) -> dict[str, Any]:
    kind, type_name = tag(element), element.get("EntityType") or element.get("Type")
    result: dict[str, Any] = {}
    if kind in ("EntityType", "EntityContainer", "Term", "NavigationProperty"):
        result["$Kind"] = kind
    if kind == "EntitySet":
        result["$Collection"] = True
    if type_name and type_name.startswith("Collection("):
        result["$Collection"], type_name = True, type_name[11:-1]
    if type_name and type_name != "Edm.String":
        result["$Type"] = type_name
    if kind in ("Property", "NavigationProperty") and "$Collection" not in result:
        result |= {} if element.get("Nullable") == "false" else {"$Nullable": True}
    for facet in ("MaxLength", "Precision", "Scale"):
        result |= {f"${facet}": int(element.get(facet, ""))} if element.get(facet) else {}
    result |= {"$Partner": element.get("Partner")} if element.get("Partner") else {}
    result |= {"$AppliesTo": str(element.get("AppliesTo")).split()} if element.get("AppliesTo") else {}
    return result


def value_as_json(element: Element) -> Any:
    if len(element):
        return item_as_json(element[0])
    ((kind, text),) = ((str(k), str(v)) for k, v in element.items() if k not in ("Term", "Property"))
    match kind:
        case "Bool":
            return text == "true"
        case "Int" | "Decimal":
            return int(text)
        case "Path":
            return {"$Path": text}
        case "EnumMember":
            return text.rpartition("/")[2]
        case _:
            return text


def item_as_json(element: Element) -> Any:
    match tag(element):
        case "Collection":
            return [item_as_json(item) for item in element]
        case "Record":
            return {value.get("Property"): value_as_json(value) for value in element}
        case _:
            return element.text


# What the small catalog becomes


def annotations(element: Element) -> dict[str, str | None]:
    """Short term -> constant, of those annotations that have one."""
    constants: dict[str, str | None] = {}
    for annotation in children(element, "Annotation"):
        values = [str(text) for kind, text in annotation.items() if kind != "Term"]
        constants[str(annotation.get("Term")).rpartition(".")[2]] = values[0] if values else None
    return constants


def named(root: Element, kind: str, name: str) -> Element:
    return next(e for e in every(root, kind) if e.get("Name") == name)


def test_a_property_says_what_it_is() -> None:
    limit = named(xml(catalog("small")), "Property", "CreditLimit")
    assert {k: v for k, v in limit.items() if k != "Name"} == {
        "Type": "Edm.Decimal", "Precision": "15", "Scale": "2"
    }  # fmt: skip
    assert annotations(limit) == {
        "Description": "Credit Limit",
        "LongDescription": "Highest open amount & order value < insolvency.",
        "ISOCurrency": "Currency",
    }
    on_hand = named(xml(catalog("small")), "Property", "OnHand")
    assert annotations(on_hand)["Unit"] == "Unit"
    assert annotations(on_hand)["Permissions"] == "Org.OData.Core.V1.Permission/Read"


def test_a_closed_list_is_published() -> None:
    status = named(xml(catalog("small")), "Property", "Status")
    assert [value.get("String") for value in every(status, "PropertyValue")] == ["Open", "Paid"]


def test_what_holds_for_every_value_is_published() -> None:
    root = xml(catalog("built-in"))
    discount = named(named(root, "EntityType", "InvoiceLine"), "Property", "DiscountPercent")
    assert {k: v for k, v in annotations(discount).items() if k in ("Unit", "Minimum", "Maximum")} == {
        "Unit": "%", "Minimum": "0", "Maximum": "100"
    }  # fmt: skip
    assert [a.get("Decimal") for a in children(discount, "Annotation") if a.get("Decimal")] == ["0", "100"]
    level = named(named(root, "EntityType", "Invoice"), "Property", "DunningLevel")
    assert [a.get("Int") for a in children(level, "Annotation") if a.get("Int")] == ["0", "3"]
    assert annotations(named(xml(catalog("small")), "Property", "Currency"))["Pattern"] == "^[A-Z]{3}$"


def test_a_set_says_whose_data_it_has_and_what_it_supports() -> None:
    root = xml(catalog("small"))
    stock, customers = named(root, "EntitySet", "Stock"), named(root, "EntitySet", "Customers")
    assert annotations(customers)["Description"] == "Customers"
    assert annotations(customers)["SystemOfRecord"] == "ERP accounts receivable"
    assert annotations(named(root, "EntityType", "Customer"))["Description"] == "Customer"
    facts = {
        (entity_set.get("Name"), value.get("Property")): value.get("Bool") or value.get("Int")
        for entity_set in (stock, customers)
        for value in every(entity_set, "PropertyValue")
    }
    assert facts["Stock", "Searchable"] == "false"
    assert facts["Customers", "Searchable"] == "true"
    assert facts["Stock", "Expandable"] == "false"
    assert facts["Customers", "MaxLevels"] == "3"
    assert {facts["Customers", p] for p in ("Insertable", "Updatable", "Deletable")} == {"false"}
    paths = {
        value.get("Property"): [p.text for p in every(value, "PropertyPath")]
        for value in every(customers, "PropertyValue")
    }
    assert paths["NonSortableProperties"] == ["Remarks"]
    assert "Remarks" not in paths["GroupableProperties"]
    assert "CreditLimit" in paths["GroupableProperties"]


def test_the_container_says_what_the_service_supports() -> None:
    container = next(every(xml(catalog("small")), "EntityContainer"))
    assert annotations(container)["ODataVersions"] == "4.0 4.01"
    (functions,) = (a for a in children(container, "Annotation") if str(a.get("Term")).endswith("FilterFunctions"))
    assert [s.text for s in every(functions, "String")] == list(FUNCTIONS)


def test_the_same_model_gives_the_same_bytes() -> None:
    again = load_texts(dict(reversed(TEXTS.items())))
    for version in ("4.0", "4.01"):
        assert to_xml(again, odata_version=version) == to_xml(catalog("small"), odata_version=version)
    assert to_json(again) == to_json(catalog("small"))


def test_a_view_that_hides_the_currency_does_not_refer_to_it() -> None:
    everything = catalog("small")["Customers"]
    shown = tuple(p for p in everything.type.properties if p.name != "Currency")
    visible = replace(everything, type=replace(everything.type, properties=shown, navigation=()))
    view = ServiceMetadata("ErpOData", "1.0.0", (visible,))
    assert b"ISOCurrency" in to_json(catalog("small"))
    assert b"ISOCurrency" not in to_json(view)
