"""What Validate and Sync makes of metadata: of the demo's, where nothing is lost, and of a strange one, where much is."""

import json

import pytest
from click.testing import CliRunner

from edm.csdl import to_xml
from odata_server.cli import main
from salesforce.csdl import read
from salesforce.field_types import field_type
from salesforce.sync import ExternalObject, Lookup, Synced, sync
from tests.salesforce.strange import STRANGE
from tests.serving import demo_metadata

FOUND = sync(read(STRANGE))
OWN = sync(read(to_xml(demo_metadata(), odata_version="4.0")))


def the(name: str, synced: Synced = FOUND) -> ExternalObject:
    found = synced.object(name)
    assert found is not None
    return found


def test_objects() -> None:
    assert [found.name for found in FOUND.objects] == [
        "Orders__x", "Lines__x", "Deliveries__x", "Views__x", "Parties__x",
    ]  # fmt: skip
    assert [(left.what, left.why) for left in FOUND.left_out] == [
        ("ORDERS", "its API name ORDERS__x is that of Orders"),
        ("Ghosts", "its type Contoso.Sales.Ghost is not in the metadata"),
        ("Me", "is a singleton; only entity sets become objects"),
    ]


def test_fields() -> None:
    made = {field.source: (field.name, str(field.type)) for field in the("Parties__x").fields}
    assert made == {
        "Number": ("Number__c", "Text(12)"),
        "Full-Name": ("Full_Name__c", "Text(80)"),
        "Notes": ("Notes__c", "LongTextArea(32000)"),
        "Credit": ("Credit__c", "Number(18, 0)"),
        "Limit": ("Limit__c", "Number(15, 4)"),
    }


def test_what_gets_lost() -> None:
    assert {left.what: left.why for left in the("Parties__x").left_out} == {
        "Parties/Full.Name": "its API name Full_Name__c is that of Full-Name",
        "Parties/Grade": "enumerations have no field type",
        "Parties/Address": "complex types have no field type",
        "Parties/Phones": "collections have no field type",
        "Parties/Place": "Edm.GeographyPoint has no field type",
        "Parties/$value": "media streams have no field",
    }
    credit = the("Parties__x").field("credit__C")
    assert credit is not None
    assert "decimals are lost" in credit.type.note


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Orders__x", ("Number",)),
        ("Lines__x", ("OrderNumber", "LineNumber")),
        ("Views__x", ()),
        ("Deliveries__x", ()),  # its only key is longer than an API name
    ],
)
def test_external_ids(name: str, key: tuple[str, ...]) -> None:
    assert the(name).external_id == key


def test_the_name_field_is_a_key_of_one_text() -> None:
    assert [field.name for field in the("Orders__x").fields if field.is_name] == ["Number__c"]
    assert [field.name for field in the("Lines__x").fields if field.is_name] == []
    assert [field.name for field in the("Lines__x").fields if field.is_key] == ["OrderNumber__c", "LineNumber__c"]


def test_lookups() -> None:
    assert the("Orders__x").lookups == (
        Lookup("BuyerNumber__c", "Parties__x", "BuyerNumber__r", "Orders__r"),
        Lookup("PayerNumber__c", "Parties__x", "PayerNumber__r", "Orders_PayerNumber__r"),
    )
    # Two sets have the type Order; neither is bound.
    assert the("Lines__x").lookups == (Lookup("OrderNumber__c", "Orders__x", "OrderNumber__r", "Lines__r"),)
    assert the("Deliveries__x").lookups == ()


def test_the_published_model_arrives_whole() -> None:
    assert [found.source for found in OWN.objects] == [own.name for own in demo_metadata().sets]
    assert not OWN.left_out
    for own, found in zip(demo_metadata().sets, OWN.objects, strict=True):
        assert not found.left_out
        assert found.name == f"{own.name}__x"
        assert found.external_id == (own.type.key,)
        made = [(field.name, field.type) for field in found.fields]
        assert made == [(f"{p.name}__c", field_type(p.type.name, p)) for p in own.type.properties]
        foreign_keys = {n.on[0][0] for n in own.type.navigation if n.dependent}
        assert {lookup.field for lookup in found.lookups} == {f"{name}__c" for name in foreign_keys}


def test_relationships_have_names_of_their_own() -> None:
    for parent in OWN.objects:
        names = [lookup.children for child in OWN.objects for lookup in child.lookups if lookup.to == parent.name]
        assert len(set(names)) == len(names)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["salesforce", *arguments], prog_name="erp-odata")
    return result.exit_code, result.stdout, result.stderr


def test_the_command_shows_tables() -> None:
    code, out, err = run("sync", "--local", "--object", "invoices__X")
    assert code == 0
    head, _, key, *_ = out.splitlines()
    assert head == "Invoices__x  from Invoices, External ID: InvoiceNumber"
    assert key.strip().split(maxsplit=2) == ["InvoiceNumber__c", "Text(10)", "External ID; name field"]
    assert "lookup to Customers__x, Invoices_PayerNumber__r" in out
    assert "1 external object, 46 fields, 0 left out" in err


def test_the_command_writes_json() -> None:
    code, out, _ = run("sync", "--local", "--json")
    assert code == 0
    assert [found["name"] for found in json.loads(out)["objects"]] == [found.name for found in OWN.objects]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name the URL"),
        (("--local", "https://erp.example.com/"), 2, "name the URL"),
        (("ftp://erp.example.com/",), 2, "starts with https://"),
        (("--local", "--object", "Nope__x"), 2, "there is no external object Nope__x"),
        (("--local", "-H", "no colon"), 2, "not a header"),
        (("http://127.0.0.1:1/",), 4, "Unable to connect to external system: [Errno 111] Connection refused"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], code: int, message: str) -> None:
    found, _, err = run("sync", *arguments)
    assert found == code
    assert message in err
