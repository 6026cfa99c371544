"""@odata/client for Node.js: our script asks through it and prints what it was told."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.clients.conftest import RunNode
from tests.clients.demo import column, is_open, latest_due, numbers_as_floats, where
from tests.serving import DemoRows


@pytest.fixture(scope="module")
def said(node: RunNode) -> Any:
    return node("odata-client.mjs")


def test_one_by_its_key(said: Any, everything: DemoRows) -> None:
    found = {name: value for name, value in said["retrieved"].items() if "@" not in name}
    assert numbers_as_floats(found) == numbers_as_floats(everything["Invoices"][0])
    assert said["byNamedKey"] == "INV-100002"


def test_filter_order_select_skip_top_and_count(said: Any, everything: DemoRows) -> None:
    chosen = latest_due(filter(is_open, everything["Invoices"]))
    assert column(said["queried"], "InvoiceNumber") == column(chosen[1:5], "InvoiceNumber")
    assert said["counted"] == len(chosen)


def test_values_of_a_list_and_text_beyond_ascii(said: Any, everything: DemoRows) -> None:
    expected = where(everything["Warehouses"], lambda row: row["Country"] in ("DE", "FR"), "WarehouseCode")
    assert column(said["eitherOr"], "WarehouseCode") == expected
    assert set(column(said["found"], "CustomerName")) == {"Müller & Söhne"}


def test_search(said: Any, everything: DemoRows) -> None:
    assert "C-100001" in column(said["searched"], "CustomerNumber")
    assert len(said["searched"]) < len(everything["Customers"])


def test_expand(said: Any, everything: DemoRows) -> None:
    own = where(everything["Invoices"], lambda row: row["CustomerNumber"] == "C-100001", "InvoiceNumber")
    assert column(said["expanded"]["Invoices"], "InvoiceNumber") == own[:2]


def test_aggregation(said: Any, everything: DemoRows) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in everything["Invoices"]:
        if row["Status"] == "Open":
            totals[row["Currency"]] += row["OpenAmount"]
    assert {row["Currency"]: row["Open"] for row in said["aggregated"]} == {k: float(v) for k, v in totals.items()}


def test_tokens_and_errors(said: Any) -> None:
    assert said["csrfToken"] > 20
    assert said["failed"] == "Invoice has no property Citty."


@pytest.mark.parametrize("form", ["multipart", "json"])
def test_batch(said: Any, everything: DemoRows, form: str) -> None:
    """The client leaves blanks and apostrophes of URLs as they are."""
    (first, found), (second, customer), (third, failed) = said[form]
    assert (first, second, third) == (200, 200, 400)
    expected = where(everything["Invoices"], is_open, "InvoiceNumber")
    assert column(found["value"], "InvoiceNumber") == expected[:2]
    assert customer["CustomerNumber"] == "C-100001"
    assert failed["error"]["code"] == "unknown_property"
