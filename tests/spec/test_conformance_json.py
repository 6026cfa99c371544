"""Conformance: the JSON format, and the metadata document in XML and JSON. Each test is named by its clause."""

import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.serving import ROOT, demo_metadata
from tests.spec.clauses import Checks, World, shown

checks = Checks()

FULL = "application/json;odata.metadata=full"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
READS = (
    "", "Customers?$top=3&$count=true", "Customers('C-100042')", "Customers('C-100042')/City", "Customers/$ref?$top=2",
    "Customers('C-100042')?$expand=Invoices($top=2;$count=true)", "Customers('C-100042')/$ref",
)  # fmt: skip


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, world: World) -> None:
    checks.run(clause, world)


def control(value: Any) -> set[str]:
    """Names of control information anywhere in a body, without the member that they belong to."""
    if isinstance(value, list):
        return set().union(*map(control, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    own = {"@" + name.partition("@")[2] for name in value if "@" in name}
    return own.union(*map(control, value.values()))


# --- JSON -----------------------------------------------------------------------------------------------------------


@checks("JSON-09", "JSON-23")
def json_of_4_0(world: World) -> None:
    for target in READS:
        for version in ("4.0", None):
            answer = world.get(target, accept=FULL, **({"odata_maxversion": version} if version else {}))
            assert answer.headers["OData-Version"] == "4.0"
            assert all(name.startswith("@odata.") for name in control(answer.json)), target
            types = re.findall(r'@odata\.type":"([^"]*)"', answer.text)
            assert all(name.startswith("#") for name in types)
            assert not re.search(r"[\d.][eE][+-]?\d|NaN|INF[^O]", re.sub(r'"(\\.|[^"\\])*"', '""', answer.text))


@checks("JSON-12", "JSON-13")
def well_formed(world: World) -> None:
    for target in (*READS, "Nope", "Customers?$filter=x"):
        for accept in ("application/json", FULL, "application/json;odata.metadata=none"):
            answer = world.get(target, accept=accept)
            assert answer.headers["Content-Type"].startswith("application/json")
            assert isinstance(answer.json, dict)  # refuses duplicate members
            assert json.loads(answer.body.decode("utf-8"))


@checks("JSON-14")
def full_metadata(world: World) -> None:
    answer = world.get("Invoices?$top=3&$expand=Customer", accept=FULL)
    assert answer.headers["Content-Type"] == FULL
    kinds = demo_metadata()["Invoices"].type
    for row in answer.rows:
        assert row["@odata.type"] == "#ErpOData.Invoice"
        assert row["Customer"]["@odata.type"] == "#ErpOData.Customer"
        assert world.get(row["@odata.id"]).json["InvoiceNumber"] == row["InvoiceNumber"]
        for link in kinds.navigation:
            assert world.get(row[f"{link.name}@odata.navigationLink"]).status in (200, 204)
            assert world.get(row[f"{link.name}@odata.associationLink"]).status in (200, 204)
        for found in kinds.properties:
            told = row.get(f"{found.name}@odata.type")
            assert told == (None if found.type.name in ("String", "Boolean") else f"#{found.type.name}")


@checks("JSON-19")
def format_(world: World) -> None:
    expected = world.get("Customers?$top=2")
    for option in ("json", "JSON", "application/json", "application/json;odata.metadata=minimal"):
        assert world.get(f"Customers?$top=2&$format={option}", accept="image/png").body == expected.body
    full = world.get("Customers?$top=2&$format=application/json;odata.metadata=full", accept="application/json")
    assert full.headers["Content-Type"] == FULL
    for option in (
        "xml",
        "atom",
        "image/png",
        "../../x",
        "application/json;odata.metadata=some",
        "application/json;x=y",
    ):
        assert world.get(f"Customers?$top=2&$format={option}").status in (406, 415), option
    assert world.get("$metadata?$format=json").headers["Content-Type"].startswith("application/json")
    assert world.get("$metadata?$format=xml").headers["Content-Type"] == "application/xml"


@checks("JSON-20")
def streaming(world: World) -> None:
    answer = world.get("Customers?$top=2&$count=true", accept="application/json;odata.streaming=true")
    if answer.status == 200:
        assert "odata.streaming=true" in answer.headers["Content-Type"]
        assert next(iter(answer.json)) == "@odata.context"
    else:
        assert answer.status == 406


@checks("JSON-22")
def nulls_are_written(world: World) -> None:
    names = set(demo_metadata()["Customers"].type.names)
    whole = world.get("Customers?$top=20").rows
    assert all(set(row) == names for row in whole)
    assert any(None in row.values() for row in whole)
    for preference in ("omit-values=nulls", "odata.omit-values=defaults"):
        answer = world.get("Customers?$top=20", prefer=preference)
        assert answer.headers["Preference-Applied"] == preference
        assert answer.rows == [{name: v for name, v in row.items() if v is not None} for row in whole]


@checks("JSON-CTX")
def context_first_and_right(world: World) -> None:
    for target, fragment in (
        ("", ""),
        ("Customers?$top=1", "#Customers"),
        ("Customers('C-100042')", "#Customers/$entity"),
        ("Customers?$top=1&$select=City,Country", "#Customers(City,Country)"),
        ("Customers?$top=1&$expand=Invoices($top=1)", "#Customers"),
        ("Customers?$top=1&$expand=Invoices($top=1;$select=Status)", "#Customers(Invoices(Status))"),
        ("Customers?$top=1&$select=City&$expand=Invoices($top=1;$select=Status)", "#Customers(City,Invoices(Status))"),
        ("Customers('C-100042')/City", "#Customers('C-100042')/City"),
        ("Customers('C-100042')/Invoices?$top=1", "#Invoices"),
        ("Invoices('INV-100077')/Customer", "#Customers/$entity"),
        ("Customers/$ref?$top=1", "#Collection($ref)"),
        ("Invoices('INV-100077')/Customer/$ref", "#$ref"),
        ("Customers/C-100042", "#Customers/$entity"),
        ("Customers?$top=0&$count=true", "#Customers"),
        ("Customers?$top=1&$select=City,Invoices", "#Customers(City,Invoices)"),
        ("Customers?$top=1&$select=Invoices", "#Customers(Invoices)"),
        ("Customers?$top=1&$select=Invoices&$expand=Invoices($select=Status)", "#Customers(Invoices,Invoices(Status))"),
        ("Customers?$top=1&$select=City&$expand=Invoices/$ref,SalesOrders/$count", "#Customers(City)"),
        ("Customers?$top=1&$expand=Invoices/$ref", "#Customers"),
        ("Invoices('INV-100077')/Customer/City", "#Customers('C-100246')/City"),
        ("Customers('C-100042')/Invoices('INV-100016')/Status", "#Invoices('INV-100016')/Status"),
        ("Customers('C-100042')/Invoices('INV-100016')?$select=Status", "#Invoices(Status)/$entity"),
        ("Customers/C-100042/City", "#Customers('C-100042')/City"),
        ("Customers('C-100042')/CustomerNumber", "#Customers('C-100042')/CustomerNumber"),
    ):
        for accept in ("application/json", FULL):
            members = world.get(target, accept=accept).json
            assert next(iter(members.items())) == ("@odata.context", f"{ROOT}$metadata{fragment}"), target
    for target, fragment in (
        ("Customers?$top=1&$expand=Invoices($top=1)", "#Customers(Invoices())"),
        ("Customers?$top=1&$expand=Invoices($expand=Lines)", "#Customers(Invoices(Lines()))"),
        ("Customers?$top=1&$expand=Invoices/$ref,SalesOrders/$count", "#Customers"),
        ("Customers?$top=1&$select=City&$expand=Invoices($select=Status)", "#Customers(City,Invoices(Status))"),
    ):
        newer = world.get(target, odata_maxversion="4.01").json
        assert next(iter(newer.items())) == ("@context", f"{ROOT}$metadata{fragment}")


@checks("JSON-NUM")
def numbers(world: World) -> None:
    target = "Invoices?$top=5&$count=true&$select=InvoiceNumber,GrossAmount,JournalEntryNumber,DaysOverdue,DunningLevel"
    plain = world.get(target)
    for row, demo in zip(plain.rows, world.demo["Invoices"], strict=False):
        assert (type(row["GrossAmount"]), type(row["JournalEntryNumber"])) == (Decimal, int)
        assert row["JournalEntryNumber"] == demo["JournalEntryNumber"] > 2**53
        assert row["GrossAmount"] == demo["GrossAmount"]
    exact = world.get(target, accept="application/json;IEEE754Compatible=true")
    assert "IEEE754Compatible=true" in exact.headers["Content-Type"]
    assert exact.json["@odata.count"] == str(len(world.demo["Invoices"]))
    for row, demo in zip(exact.rows, world.demo["Invoices"], strict=False):
        assert row["GrossAmount"] == str(demo["GrossAmount"])
        assert row["JournalEntryNumber"] == str(demo["JournalEntryNumber"])
        assert (type(row["DaysOverdue"]), type(row["DunningLevel"])) == (int, int)
    prop = world.get("Invoices('INV-100077')/GrossAmount", accept="application/json;IEEE754Compatible=true").json
    assert isinstance(prop["value"], str)


@checks("JSON-NONE")
def no_metadata(world: World) -> None:
    accept = "application/json;odata.metadata=none"
    for target in READS:
        answer = world.get(target, accept=accept)
        allowed = (
            {"@odata.count", "@odata.nextLink", "@odata.id"}
            if "$ref" in target
            else {"@odata.count", "@odata.nextLink"}
        )
        assert control(answer.json) <= allowed, target
        assert answer.headers["Content-Type"] == accept
    paged = world.get("Customers?$count=true", accept=accept, prefer="maxpagesize=3")
    assert set(paged.json) == {"@odata.count", "@odata.nextLink", "value"}


@checks("JSON-MINIMAL", "JSON-LEAN")
def minimal_metadata(world: World) -> None:
    paged = world.get("Customers?$count=true&$expand=Invoices", prefer="maxpagesize=3")
    assert control(paged.json) == {"@odata.context", "@odata.count", "@odata.nextLink"}
    assert set(world.get("Customers('C-100042')").json) - set(demo_metadata()["Customers"].type.names) == {
        "@odata.context",
        "@odata.etag",
    }
    without_key = world.get("Customers?$top=1&$select=City").rows[0]
    assert without_key["@odata.id"] == f"{ROOT}Customers('{world.demo['Customers'][0]['CustomerNumber']}')"
    assert "@odata.id" not in world.get("Customers?$top=1&$select=CustomerNumber").rows[0]


@checks("JSON-SVC")
def service_document(world: World) -> None:
    document = world.get("").json
    assert list(document) == ["@odata.context", "value"]
    assert document["@odata.context"] == f"{ROOT}$metadata"
    for entry in document["value"]:
        assert {"name", "url"} <= set(entry)
        assert entry.get("kind", "EntitySet") == "EntitySet"


# --- metadata -------------------------------------------------------------------------------------------------------


def schema(world: World, **headers: str) -> ElementTree.Element:
    return ElementTree.fromstring(world.get("$metadata", accept="application/xml", **headers).text)


def entity_types(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {e.attrib["Name"]: e for e in root.iter(f"{EDM}EntityType")}


@checks("CX-01", "CX-02")
def names_resolve(world: World) -> None:
    for version in ("4.0", "4.01"):
        root = schema(world, odata_maxversion=version)
        types = entity_types(root)
        assert set(types) == {s.type.name for s in demo_metadata().sets}
        for element in types.values():
            members = {e.attrib["Name"]: e for e in element if "Name" in e.attrib}
            (key,) = element.iter(f"{EDM}PropertyRef")
            assert members[key.attrib["Name"]].attrib["Nullable"] == "false"
            for link in element.iter(f"{EDM}NavigationProperty"):
                target = types[re.sub(r"^Collection\((.*)\)$", r"\1", link.attrib["Type"]).removeprefix("ErpOData.")]
                partner = next(e for e in target if e.attrib.get("Name") == link.attrib["Partner"])
                assert partner.attrib["Partner"] == link.attrib["Name"]
                for constraint in link.iter(f"{EDM}ReferentialConstraint"):
                    own = members[constraint.attrib["Property"]]
                    other = next(e for e in target if e.attrib.get("Name") == constraint.attrib["ReferencedProperty"])
                    assert own.attrib["Type"] == other.attrib["Type"]
                    assert own.attrib.get("MaxLength") == other.attrib.get("MaxLength")
        for entity_set in root.iter(f"{EDM}EntitySet"):
            owner = types[entity_set.attrib["EntityType"].removeprefix("ErpOData.")]
            bound = {b.attrib["Path"] for b in entity_set.iter(f"{EDM}NavigationPropertyBinding")}
            assert bound == {e.attrib["Name"] for e in owner.iter(f"{EDM}NavigationProperty")}
        assert len(list(root.iter(f"{EDM}EntityContainer"))) == 1


@checks("CX-03")
def no_4_01_in_4_0(world: World) -> None:
    assert schema(world, odata_maxversion="4.0").attrib["Version"] == "4.0"
    assert schema(world).attrib["Version"] == "4.0"
    assert schema(world, odata_maxversion="4.01").attrib["Version"] == "4.01"
    text = world.get("$metadata", odata_maxversion="4.0").text
    assert "Edm.Untyped" not in text
    assert 'Scale="floating"' not in text


@checks("CX-05")
def terms(world: World) -> None:
    text = world.get("$metadata", odata_maxversion="4.0").text
    used = set(re.findall(r'Term="(?:Org\.OData\.)?(\w+)(?:\.V1)?\.(\w+)"', text))
    assert {vocabulary for vocabulary, _ in used} <= {
        "Core",
        "Capabilities",
        "Measures",
        "Validation",
        "Aggregation",
        "ErpOData",
    }
    assert ("Core", "Description") in used


@checks("CJ-01")
def csdl_json(world: World) -> None:
    document = world.get("$metadata?$format=json", odata_maxversion="4.01").json
    assert document["$Version"] in ("4.0", "4.01")
    for name, kind in document["ErpOData"].items():
        if isinstance(kind, dict) and kind.get("$Kind") == "EntityType":
            model = next(s.type for s in demo_metadata().sets if s.type.name == name)
            assert kind["$Key"] == [model.key]
            for found in model.properties:
                assert kind[found.name].get("$Type", "Edm.String") == found.type.qualified
                assert kind[found.name].get("$Nullable", False) == found.nullable
                assert kind[found.name].get("$MaxLength") == found.max_length


@checks("40-ADV-12")
def resource_paths(world: World) -> None:
    invoice = next(r for r in world.demo["Invoices"] if r["SalesOrderNumber"] is not None)
    base = f"Invoices('{invoice['InvoiceNumber']}')"
    customer = next(r for r in world.demo["Customers"] if r["CustomerNumber"] == invoice["CustomerNumber"])
    entity = world.get(f"{base}/Customer").json
    assert {name: value for name, value in entity.items() if "@" not in name} == shown(customer)
    assert world.get(f"{base}/Customer/CustomerName/$value").text == customer["CustomerName"]
    assert world.get(f"{base}/SalesOrder/Lines/$count").text == str(
        sum(1 for r in world.demo["SalesOrderLines"] if r["SalesOrderNumber"] == invoice["SalesOrderNumber"])
    )
