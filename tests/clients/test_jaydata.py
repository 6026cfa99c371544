"""JayData in a headless browser: entities made from the metadata, queries as functions, over Apache Olingo's odatajs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.clients.demo import column, is_open, latest_due, where
from tests.serving import DemoRows

pytestmark = pytest.mark.browser

SERVICE = "/odata/v4"
SCRIPTS = ("jaydata.min.js", "jaydataproviders/oDataProvider.min.js")
QUESTIONS = """async (url) => {
    const context = await $data.initService({url, maxDataServiceVersion: "4.0"});
    const open = context.Invoices.filter("it.Status == status && it.GrossAmount > 1000", {status: "Open"});
    const page = await open.orderByDescending("it.DueDate").include("Customer").skip(1).take(3).toArray();
    return {
        page: page.map((row) => [row.InvoiceNumber, row.DueDate, row.Customer.CustomerName]),
        count: await open.length(),
        one: (await context.Invoices.find("INV-100001")).Status,
        names: await context.Customers.filter("it.CustomerName.contains('Acme')").map("it.CustomerName").toArray(),
    };
}"""


@pytest.fixture(scope="module")
def said(browser: Browser, root: str, project: Path) -> Iterator[Any]:
    page = browser.new_page()
    page.route(
        lambda url: not urlsplit(url).path.startswith(SERVICE), lambda route: route.fulfill(body="<html></html>")
    )
    page.goto(root.removesuffix(f"{SERVICE}/"))
    for script in SCRIPTS:
        page.add_script_tag(path=project / "node_modules" / "jaydata" / "public" / script)
    yield page.evaluate(QUESTIONS, SERVICE)
    page.close()


def test_filter_order_expand_and_page(said: Any, everything: DemoRows) -> None:
    chosen = latest_due(filter(is_open, everything["Invoices"]))
    assert said["page"] == [[r["InvoiceNumber"], r["DueDate"].isoformat(), r["CustomerName"]] for r in chosen[1:4]]


def test_count(said: Any, everything: DemoRows) -> None:
    assert said["count"] == len(list(filter(is_open, everything["Invoices"])))


def test_one_by_its_key_and_selected_properties(said: Any, everything: DemoRows) -> None:
    assert said["one"] == column(everything["Invoices"], "Status")[0]
    assert said["names"] == where(everything["Customers"], lambda row: "Acme" in row["CustomerName"], "CustomerName")
