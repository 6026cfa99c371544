"""The emulator of Salesforce against another OData 4 service, unchanged: SAP's mock server with Northwind's model.

It is nobody's service of ours: another language, other habits, numbers and two properties as keys. What it does not
support is what lint says, and where the emulator stops with the words of Salesforce. Rows are compared with the files.
"""

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from odata_server.cli import main
from salesforce import pages
from salesforce.client import Client
from salesforce.contract import contract
from salesforce.errors import ExternalSystemError
from salesforce.export.project import project as exported
from salesforce.lint import check
from salesforce.profile import Profile
from salesforce.soql.run import Org
from salesforce.sync import ExternalObject, Lookup, sync

DATA = Path(__file__).parent / "northwind"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def northwind(project: Path) -> Iterator[str]:
    """The root of the running service."""
    command, quiet = ["node", "northwind.mjs", str(DATA)], subprocess.DEVNULL  # it tells every mistake at length
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=quiet, text=True) as node:
        assert node.stdout is not None
        line = node.stdout.readline()
        try:
            yield f"http://127.0.0.1:{json.loads(line)['port']}/V4/Northwind/"
        finally:
            node.terminate()


@pytest.fixture(scope="module")
def rows() -> dict[str, Rows]:
    return {path.stem: json.loads(path.read_text("utf-8"), parse_float=Decimal) for path in DATA.glob("*.json")}


@pytest.fixture(params=["server", "client"])
def org(request: pytest.FixtureRequest, northwind: str) -> Org:
    client = Client(northwind, requests.Session(), Profile(paging=request.param, batch=50))
    return Org(sync(client.metadata()), client)


def named(org: Org, name: str) -> ExternalObject:
    found = org.synced.object(name)
    assert found is not None
    return found


def numbers(rows: Rows, name: str) -> list[Decimal]:
    return [Decimal(row[name]) for row in rows]


# Validate and Sync


def test_sync(org: Org) -> None:
    orders, details = named(org, "Orders__x"), named(org, "Order_Details__x")
    types = {field.name: str(field.type) for field in orders.fields}
    assert (types["OrderID__c"], types["CustomerID__c"]) == ("Number(18, 0)", "Text(5)")
    assert (types["Freight__c"], types["OrderDate__c"]) == ("Number(18, 4)", "DateTime")
    assert orders.lookups == (Lookup("CustomerID__c", "Customers__x", "CustomerID__r", "Orders__r"),)
    assert details.external_id == ("OrderID", "ProductID")
    assert details.lookups == (Lookup("OrderID__c", "Orders__x", "OrderID__r", "Order_Details__r"),)
    assert not org.synced.left_out


def test_its_contract_and_its_project(org: Org, northwind: str) -> None:
    found = contract(org.client.metadata())
    assert [each.name for each in found.sets] == ["Categories", "Customers", "Order_Details", "Orders", "Products"]
    files = exported(org.synced, northwind)
    assert sum(name.endswith(".object-meta.xml") for name in files) == 5
    # Its customers have a key of that name, so orders are listed on accounts.
    assert "<value>Orders__r</value>" in files["force-app/main/default/flexipages/ERP_Account.flexipage-meta.xml"]


def test_lint_says_what_it_cannot_do(northwind: str) -> None:
    found = list(check(Client(northwind, requests.Session())))
    rules = {each.rule.id for each in found if each.rule.severity.value != "note"}
    assert rules == {
        "decimal-precision", "error-form", "filter-form", "float-rounded", "key-composite", "key-path", "key-type",
        "top-ignored", "version-header",
    }  # fmt: skip
    forms = {
        each.what.partition(":")[0] for each in found if each.rule.id == "filter-form" and each.where == "Customers"
    }
    assert "contains(CustomerID,'ALFKI') eq true" in forms
    assert "CustomerID eq 'ALFKI'" not in forms


# SOQL


def test_conditions_order_and_limit(org: Org, rows: dict[str, Rows]) -> None:
    asked = "SELECT OrderID__c, Freight__c FROM Orders__x WHERE ShipCountry__c = 'Germany' AND Freight__c > 50"
    expected = [r for r in rows["Orders"] if r["ShipCountry"] == "Germany" and r["Freight"] > 50]
    found = org.query(f"{asked} ORDER BY Freight__c DESC LIMIT 5")
    expected.sort(key=lambda row: -row["Freight"])
    assert [record["OrderID__c"] for record in found.records] == numbers(expected[:5], "OrderID")
    assert found.total == len(expected) > 5
    assert not found.notes


def test_every_page(org: Org, rows: dict[str, Rows]) -> None:
    found = org.query("SELECT ExternalId FROM Order_Details__x ORDER BY ExternalId").records
    keys = sorted((row["OrderID"], row["ProductID"]) for row in rows["Order_Details"])
    assert [record["ExternalId"] for record in found] == [f"{order}~{product}" for order, product in keys]


def test_counts(org: Org, rows: dict[str, Rows]) -> None:
    late = [row for row in rows["Orders"] if row["OrderDate"] >= "1996-10-01"]
    assert org.query("SELECT COUNT() FROM Orders__x").total == len(rows["Orders"])
    assert org.query("SELECT COUNT() FROM Orders__x WHERE OrderDate__c >= 1996-10-01T00:00:00Z").total == len(late) > 0


def test_parents_by_number_and_by_text(org: Org, rows: dict[str, Rows]) -> None:
    found = org.query("SELECT ExternalId, OrderID__r.CustomerID__r.CompanyName__c FROM Order_Details__x LIMIT 10")
    customers = {row["CustomerID"]: row["CompanyName"] for row in rows["Customers"]}
    orders = {row["OrderID"]: customers[row["CustomerID"]] for row in rows["Orders"]}
    for record in found.records:
        number = int(record["ExternalId"].partition("~")[0])
        assert record["OrderID__r.CustomerID__r.CompanyName__c"] == orders[number]
    assert len(found.exchanges) == 3
    beverages = org.query("SELECT ProductName__c FROM Products__x WHERE CategoryID__r.CategoryName__c = 'Beverages'")
    assert [record["ProductName__c"] for record in beverages.records] == ["Chai", "Chang"]


def test_children(org: Org, rows: dict[str, Rows]) -> None:
    found = org.query(
        "SELECT OrderID__c, (SELECT ProductID__c, Quantity__c FROM Order_Details__r) FROM Orders__x"
        " WHERE OrderID__c IN (10249, 10250)"
    )
    for record in found.records:
        own = [row for row in rows["Order_Details"] if row["OrderID"] == record["OrderID__c"]]
        assert [each["ProductID__c"] for each in record["Order_Details__r"]] == numbers(own, "ProductID")
    assert len(found.records) == 2


def test_external_ids_of_numbers_and_of_two_properties(org: Org) -> None:
    one = org.query("SELECT ProductName__c, ExternalId FROM Products__x WHERE ExternalId = '3'").records
    assert one == ({"ProductName__c": "Aniseed Syrup", "ExternalId": "3"},)
    two = org.query("SELECT Id, Quantity__c FROM Order_Details__x WHERE ExternalId IN ('10248~1', 'no such', '5')")
    assert len(two.records) == 1
    assert org.query("SELECT Id FROM Products__x WHERE ExternalId = 'three'").exchanges == ()
    again = org.query(f"SELECT ExternalId FROM Order_Details__x WHERE Id = '{two.records[0]['Id']}'").records
    assert again == ({"ExternalId": "10248~1"},)


def test_what_it_refuses_is_an_error_of_the_external_system(org: Org) -> None:
    with pytest.raises(ExternalSystemError, match="Error received from the external system: HTTP status 500"):
        org.query("SELECT ProductName__c FROM Products__x WHERE ProductName__c LIKE 'Ch%'")


def test_search(org: Org) -> None:
    found = org.search("FIND {Berlin} RETURNING Customers__x(CompanyName__c), Products__x(ProductName__c)")
    assert [record["CompanyName__c"] for record in found["Customers__x"].records] == ["Alfreds Futterkiste"]
    assert found["Products__x"].records == ()


# Pages


@pytest.mark.parametrize("name", ["Categories", "Customers", "Products", "Orders", "Order_Details"])
def test_every_object_has_its_pages(org: Org, rows: dict[str, Rows], name: str) -> None:
    source = named(org, f"{name}__x")
    listed = pages.list_view(org, source)
    assert len(listed.steps[0].result.records) == min(26, len(rows[name]))
    key = pages.first_external_id(org, source)
    assert key is not None
    opened = pages.detail(org, source, key)
    assert len(opened.steps[0].result.records) == 1
    assert not opened.notes
    assert len(pages.report(org, source).steps[0].result.records) == len(rows[name])
    assert len(pages.batch_job(org, source).steps[0].result.records) == len(rows[name])
    assert pages.count(org, source).steps[0].result.total == len(rows[name])
    assert "does not track changes" in pages.change_poll(org, source).refused


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="erp-odata")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("salesforce", "sync"), 0, "Order_Details__x  from Order_Details, External ID: OrderID + ProductID"),
        (("salesforce", "lint", "--offline"), 1, "warning key-composite"),
        (("soql", "SELECT COUNT() FROM Customers__x"), 0, "8"),
        (("salesforce", "play", "detail", "Orders"), 0, "Order_Details__r: 1 row"),
        (("salesforce", "play", "global-search", "Berlin"), 0, "Orders__x: 8 rows"),
        (("salesforce", "play", "everything", "--users", "2", "--minutes", "0.01"), 0, "list view"),
        (("contract", "snapshot"), 0, '"Order_Details": {'),
    ],
)
def test_the_commands(northwind: str, arguments: tuple[str, ...], code: int, text: str) -> None:
    ran = run(*arguments, northwind)
    assert ran.exit_code == code, ran.output
    assert text in ran.output
