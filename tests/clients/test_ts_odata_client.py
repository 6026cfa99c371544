"""ts-odata-client for Node.js: our script asks through it and prints what it was told."""

from typing import Any

import pytest

from tests.clients.conftest import RunNode
from tests.clients.demo import column, is_open, latest_due, overdue
from tests.serving import DemoRows


@pytest.fixture(scope="module")
def said(node: RunNode) -> Any:
    return node("ts-odata-client.mjs")


def test_every_page(said: Any, everything: DemoRows) -> None:
    assert said["everyPage"] == column(everything["Invoices"], "InvoiceNumber")


def test_filter_through_navigation(said: Any, everything: DemoRows) -> None:
    name = {row["CustomerNumber"]: row["CustomerName"] for row in everything["Customers"]}
    chosen = [r for r in everything["Invoices"] if is_open(r) and "GmbH" not in name[r["CustomerNumber"]]]
    assert said["filtered"]["@odata.count"] == len(chosen)
    expected = column(latest_due(chosen)[1:4], "InvoiceNumber")
    assert column(said["filtered"]["value"], "InvoiceNumber") == expected


def test_any_and_in(said: Any, everything: DemoRows) -> None:
    assert set(column(said["lambda"]["value"], "CustomerNumber")) == overdue(everything)
    assert set(column(said["listed"]["value"], "Country")) == {"DE", "FR"}


def test_expand_one_and_errors(said: Any, everything: DemoRows) -> None:
    expected = column(everything["Invoices"][:2], "CustomerNumber")
    assert [row["Customer"]["CustomerNumber"] for row in said["expanded"]["value"]] == expected
    assert said["one"]["InvoiceNumber"] == "INV-100001"
    assert said["failed"]["error"]["code"] == "unknown_property"
