"""The matrix of owners: every published property has one, and the objects of the business are all there."""

import csv
import json
from dataclasses import replace
from io import StringIO

import pytest
from click.testing import CliRunner, Result

from edm.model import ServiceMetadata
from odata_server.cli import main
from salesforce.ownership import SUBJECTS, matrix
from tests.engine import small
from tests.serving import demo_metadata

LINES = list(matrix(demo_metadata()))
OBJECTS = (
    "Account", "Contact", "Product2", "PricebookEntry", "Quote", "Order", "Invoice", "Payment", "Inventory", "Shipment",
    "Asset", "Case",
)  # fmt: skip


def test_every_object_has_one_line_of_its_own() -> None:
    assert tuple(line.object for line in LINES if not line.field) == OBJECTS


def test_every_published_property_is_owned_once() -> None:
    published = [f"{s.name}__x.{p.name}__c" for s in demo_metadata().sets for p in s.type.properties]
    assert sorted(line.source for line in LINES if line.field) == sorted(published)


def test_no_line_leaves_anything_open() -> None:
    for line in LINES:
        assert all((line.system_of_record, line.direction, line.timing, line.writable, line.errors)), line


def test_what_the_erp_says_is_the_erp_s() -> None:
    by_source = {line.source: line for line in LINES}
    records = {s.name: s.system_of_record for s in demo_metadata().sets}
    for entity_set in demo_metadata().sets:
        for item in entity_set.type.properties:
            line = by_source[f"{entity_set.name}__x.{item.name}__c"]
            assert line.system_of_record == line.errors == records[entity_set.name]
            assert line.writable == ("not yet" if item.writable else "no")
            assert line.direction == "ERP to Salesforce"


@pytest.mark.parametrize("name", ["Contact", "Quote", "Case"])
def test_what_the_erp_does_not_have_is_salesforce_s(name: str) -> None:
    (line,) = (line for line in LINES if line.object == name)
    assert (line.system_of_record, line.direction, line.timing, line.writable) == (
        "Salesforce",
        "none",
        "not exchanged",
        "yes",
    )


def test_sets_that_no_subject_names_are_owned_too() -> None:
    assert {name for subject in SUBJECTS for name in subject.sets} == {s.name for s in demo_metadata().sets}
    widgets = replace(small.METADATA["Customers"], name="Widgets")
    lines = list(matrix(ServiceMetadata("Other", "1.0.0", (widgets,))))
    assert [line.object for line in lines if not line.field] == [*OBJECTS, "Widgets"]
    assert {line.object for line in lines if line.field} == {"Widgets"}
    account = next(line for line in lines if line.object == "Account")
    assert account.system_of_record == "Salesforce"  # this ERP says nothing about customers


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["salesforce", "ownership", *arguments], prog_name="erp-odata")


def test_the_command() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(StringIO(result.stdout)))
    assert [row["source"] for row in rows] == [line.source for line in LINES]
    invoices = json.loads(run("--object", "invoice", "--json").stdout)
    assert {row["object"] for row in invoices} == {"Invoice"}
    assert invoices[0]["system_of_record"] == "ERP accounts receivable"
    assert "there are Account, Contact" in run("--object", "Nope").stderr
