"""The rules of Salesforce's type mapping, one line each, and that the built-in catalog loses nothing by them."""

from importlib.resources import files
from typing import Any

import pytest

from edm.declare import load_directory
from edm.model import Property
from edm.primitives import PRIMITIVES
from salesforce.csdl import MAX
from salesforce.field_types import FieldType, api_name, field_name, field_type, object_name

CATALOG = load_directory(files("erp_adapters") / "catalog")
PROPERTIES = [
    pytest.param(item, id=f"{entity_set.name}.{item.name}")
    for entity_set in CATALOG.sets
    for item in entity_set.type.properties
]


def made(kind: str, **facets: Any) -> FieldType | None:
    return field_type(kind, Property("P", PRIMITIVES[kind], "P", "A property.", **facets))


@pytest.mark.parametrize(
    ("kind", "facets", "expected"),
    [
        ("String", {}, "Text(128)"),
        ("String", {"max_length": 1}, "Text(1)"),
        ("String", {"max_length": 255}, "Text(255)"),
        ("String", {"max_length": 256}, "LongTextArea(256)"),
        ("String", {"max_length": 1_000_000}, "LongTextArea(131072)"),
        ("String", {"max_length": MAX}, "LongTextArea(32000)"),
        ("Boolean", {}, "Checkbox"),
        ("Byte", {}, "Number(8, 0)"),
        ("SByte", {}, "Number(8, 0)"),
        ("Int16", {}, "Number(8, 0)"),
        ("Int32", {}, "Number(18, 0)"),
        ("Int64", {}, "Number(18, 0)"),
        ("Decimal", {"precision": 10, "scale": 2}, "Number(10, 2)"),
        ("Decimal", {"precision": 19, "scale": 4}, "Number(18, 4)"),
        ("Decimal", {"precision": 18, "scale": 18}, "Number(18, 18)"),
        ("Decimal", {"precision": 28, "scale": 20}, "Number(18, 18)"),
        ("Decimal", {}, "Number(18, 0)"),
        ("Single", {}, "Number(18, 8)"),
        ("Double", {}, "Number(18, 8)"),
        ("Date", {}, "DateTime"),
        ("DateTimeOffset", {"precision": 3}, "DateTime"),
        ("Guid", {}, "Text"),
        ("Binary", {}, "LongTextArea(32000)"),
    ],
)
def test_types(kind: str, facets: dict[str, Any], expected: str) -> None:
    assert str(made(kind, **facets)) == expected


@pytest.mark.parametrize("kind", ["TimeOfDay", "Duration"])
def test_types_that_salesforce_leaves_out(kind: str) -> None:
    assert made(kind) is None


@pytest.mark.parametrize(
    ("kind", "facets", "note"),
    [
        ("Date", {}, "00:00"),
        ("String", {"max_length": 256}, "filtered"),
        ("Boolean", {"nullable": True}, "null"),
        ("Decimal", {"precision": 10}, "lost"),
    ],
)
def test_what_is_lost_is_said(kind: str, facets: dict[str, Any], note: str) -> None:
    found = made(kind, **facets)
    assert found is not None
    assert note in found.note


def test_every_primitive_type_is_decided() -> None:
    assert {kind for kind in PRIMITIVES if made(kind) is None} == {"TimeOfDay", "Duration"}


def test_names() -> None:
    invoices = CATALOG["Invoices"]
    assert object_name(invoices.name) == "Invoices__x"
    assert field_name(invoices.type.properties[0].name) == "InvoiceNumber__c"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Net_Amount", "Net_Amount"),
        ("Net__Amount_", "Net_Amount"),
        ("Preis€netto", "Preis_netto"),
        ("2ndName", "X2ndName"),
        ("_", "X"),
        ("A" * 40, "A" * 40),
        ("A" * 41, "A" * 40),
        ("A" * 39 + "_B", "A" * 39),
    ],
)
def test_names_become_api_names(name: str, expected: str) -> None:
    assert api_name(name) == expected


@pytest.mark.parametrize("item", PROPERTIES)
def test_the_catalog_loses_nothing(item: Property) -> None:
    found = field_type(item.type.name, item)
    assert found is not None
    if item.type.name == "Decimal":
        assert (found.precision, found.scale) == (item.precision, item.scale)
    if item.type.name == "String":
        assert found.length == item.max_length
        assert (found.name == "Text") is not item.prose
