"""o.js for Node.js, with queries of odata-query: our script asks through them and prints what it was told."""

from typing import Any

import pytest

from tests.clients.conftest import RunNode
from tests.clients.demo import column, is_open, latest_due, overdue, where
from tests.serving import DemoRows


@pytest.fixture(scope="module")
def said(node: RunNode) -> Any:
    return node("o.mjs")


def test_options_as_they_are(said: Any, everything: DemoRows) -> None:
    cities = sorted(everything["Warehouses"], key=lambda row: row["City"], reverse=True)
    assert column(said["plain"], "WarehouseCode") == column(cities, "WarehouseCode")


def test_built_filters_follow_navigation(said: Any, everything: DemoRows) -> None:
    country = {row["CustomerNumber"]: row["Country"] for row in everything["Customers"]}
    chosen = [r for r in everything["Invoices"] if is_open(r) and country[r["CustomerNumber"]] in ("DE", "FR")]
    chosen = latest_due(chosen)[:3]
    assert column(said["built"], "InvoiceNumber") == column(chosen, "InvoiceNumber")
    assert [row["Customer"]["Country"] for row in said["built"]] == [country[r["CustomerNumber"]] for r in chosen]


def test_any(said: Any, everything: DemoRows) -> None:
    assert set(column(said["lambda"], "CustomerNumber")) == overdue(everything)


def test_points_in_time_with_a_fraction(said: Any, everything: DemoRows) -> None:
    earlier = where(everything["Invoices"], lambda row: row["ChangedAt"].isoformat() < "2026-06-01T12", "InvoiceNumber")
    assert column(said["dated"], "InvoiceNumber") == earlier[:1000]


def test_one_count_and_errors(said: Any, everything: DemoRows) -> None:
    assert said["one"]["Status"] == everything["Invoices"][0]["Status"]
    assert said["counted"] == len(where(everything["Invoices"], lambda row: row["Status"] == "Open", "Status"))
    assert said["failed"] == 400


@pytest.mark.parametrize("urls", ["relative", "absolute"])
def test_batch(said: Any, everything: DemoRows, urls: str) -> None:
    warehouses, items = said[urls]
    assert (warehouses["status"], items["status"]) == (200, 200)
    assert column(warehouses["body"], "WarehouseCode") == column(everything["Warehouses"][:2], "WarehouseCode")
    assert column(items["body"], "ItemNumber") == column(everything["Items"][:2], "ItemNumber")
