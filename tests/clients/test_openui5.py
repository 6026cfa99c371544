"""SAP's OpenUI5 in a headless browser: controls bound to the running service by its ODataModel for OData 4, one request
at a time (`$direct`) and in batches (`$auto`, what it does by itself).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.clients.demo import is_open, latest_due, where
from tests.serving import DemoRows, Row

pytestmark = pytest.mark.browser

APP = Path(__file__).parent / "openui5"
GROUPS = pytest.mark.parametrize("group", ["$direct", "$auto"])
SERVICE = "/odata/v4/"
#: What the tables show their rows from.
INVOICES, TOTALS = (
    f"sap.ui.require('sap/ui/core/Element').getElementById('{table}').getBinding('items')"
    for table in ("invoices", "totals")
)


class Opened:
    """The page, and what it asked the service since the last test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[tuple[str, str, str]] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.path.startswith(SERVICE):
            target = unquote(f"{url.path.removeprefix(SERVICE)}?{url.query}")
            self.asked.append((request.method, target, request.post_data or ""))

    def show(self, script: str, argument: Any = None) -> None:
        self.page.evaluate(f"(argument) => {{ {script} }}", argument)

    def requests(self) -> list[str]:
        """What was asked of entities; of a batch, its parts."""
        found = []
        for method, target, body in self.asked:
            if target.startswith("$batch"):
                assert method == "POST"
                found += [unquote(line.split()[1]) for line in body.splitlines() if line.endswith(" HTTP/1.1")]
            elif not target.startswith("$metadata"):
                assert method == "GET"
                found.append(target)
        return found

    def batches(self) -> int:
        return sum(target.startswith("$batch") for _, target, _ in self.asked)


@pytest.fixture(scope="module")
def loaded(browser: Browser, root: str, project: Path) -> Iterator[Opened]:
    """The page with all modules loaded; the service and the page have one origin."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    page = context.new_page()
    libraries = [library / "src" for library in (project / "node_modules" / "@openui5").iterdir()]

    def serve(route: Route) -> None:
        path = urlsplit(route.request.url).path
        places = [source / path.removeprefix("/ui5/") for source in libraries]
        if not path.startswith("/ui5/"):
            places = [APP / path.removeprefix("/app/")]
        file = next(filter(Path.is_file, places), None)
        if file is None:  # style sheets, which npm brings as their sources; translations; versions
            route.fulfill(status=404)
        else:
            route.fulfill(path=file)

    page.route(lambda url: not urlsplit(url).path.startswith(SERVICE), serve)
    opened = Opened(page)
    page.goto(f"{root.removesuffix(SERVICE)}/app/index.html")
    page.wait_for_function("window.demo", timeout=60_000)
    yield opened
    context.close()


@pytest.fixture
def opened(loaded: Opened) -> Iterator[Opened]:
    loaded.show("demo.clear()")
    loaded.asked.clear()
    yield loaded
    assert loaded.errors == []


def cells(page: Page, table: str) -> Locator:
    return page.locator(f"#{table} tbody tr.sapMListTblRow")


def expect_rows(page: Page, table: str, rows: list[list[str]]) -> None:
    """The table shows these rows."""
    expect(cells(page, table)).to_have_count(len(rows))
    for number, row in enumerate(rows):
        expect(cells(page, table).nth(number).locator(".sapMText")).to_have_text(row)


def shown(rows: list[Row]) -> list[list[str]]:
    return [
        [row["InvoiceNumber"], row["DueDate"].isoformat(), str(row["GrossAmount"]), row["CustomerName"]] for row in rows
    ]


@GROUPS
def test_a_growing_table(opened: Opened, everything: DemoRows, group: str) -> None:
    """Filter, order, count, what the cells need of the related customer, and the next page on demand."""
    chosen = latest_due(filter(is_open, everything["Invoices"]))
    opened.show("demo.list(argument)", group)
    expect_rows(opened.page, "invoices", shown(chosen[:5]))
    opened.page.get_by_text("More", exact=True).click()
    expect_rows(opened.page, "invoices", shown(chosen[:10]))
    assert opened.page.evaluate(f"{INVOICES}.getCount()") == len(chosen)
    first, second = opened.requests()
    for part in (
        "$count=true", "$orderby=DueDate desc", "$filter=Status eq 'Open' and GrossAmount gt 1000",
        "$select=DueDate,GrossAmount,InvoiceNumber", "$expand=Customer($select=CustomerName,CustomerNumber)",
    ):  # fmt: skip
        assert part in first
    assert first.endswith("$skip=0&$top=5")
    assert second.endswith("$skip=5&$top=5")
    assert opened.batches() == (2 if group == "$auto" else 0)


@GROUPS
def test_filters_and_orders_of_the_user(opened: Opened, everything: DemoRows, group: str) -> None:
    opened.show(
        """const items = demo.list(argument).getBinding("items");
        const {Filter, Sorter} = demo;
        const big = new Filter("line/Quantity", "GE", 100);
        items.filter([
            new Filter({path: "Lines", operator: "Any", variable: "line", condition: big}),
            new Filter({filters: [new Filter("Customer/Country", "EQ", "DE"), new Filter("Currency", "EQ", "USD")], and: false}),
            new Filter("DueDate", "BT", "2026-01-01", "2026-12-31"),
            new Filter("CustomerName", "Contains", "e"),
        ]);
        items.sort([new Sorter("Customer/City"), new Sorter("InvoiceNumber", true)]);""",
        group,
    )
    customers = {row["CustomerNumber"]: row for row in everything["Customers"]}
    big = {row["InvoiceNumber"] for row in everything["InvoiceLines"] if (row["Quantity"] or 0) >= 100}
    chosen = [
        row
        for row in everything["Invoices"]
        if row["InvoiceNumber"] in big
        and (customers[row["CustomerNumber"]]["Country"] == "DE" or row["Currency"] == "USD")
        and row["DueDate"] is not None
        and "2026-01-01" <= row["DueDate"].isoformat() <= "2026-12-31"
        and "e" in row["CustomerName"]
    ]
    chosen.sort(key=lambda row: row["InvoiceNumber"], reverse=True)
    chosen.sort(key=lambda row: customers[row["CustomerNumber"]]["City"] or "")
    assert chosen
    expect_rows(opened.page, "invoices", shown(chosen[:5]))


@GROUPS
def test_one_with_its_lines(opened: Opened, everything: DemoRows, group: str) -> None:
    """Everything that the controls show comes with one request."""
    opened.show("demo.one(argument, 'INV-100001')", group)
    lines = where(everything["InvoiceLines"], lambda row: row["InvoiceNumber"] == "INV-100001", "InvoiceLineKey")
    expect(opened.page.locator("#lines .sapMSLITitle")).to_have_text(lines)
    expect(opened.page.locator("#invoice")).to_contain_text(everything["Invoices"][0]["CustomerName"])
    (asked,) = opened.requests()
    assert asked.startswith("Invoices('INV-100001')?$select=InvoiceNumber&$expand=")
    assert "Lines($orderby=LineNumber;$select=InvoiceLineKey;$expand=Item($select=ItemNumber))" in asked


@GROUPS
def test_search(opened: Opened, everything: DemoRows, group: str) -> None:
    opened.show("demo.list(argument, {$search: 'acme'})", group)
    chosen = [
        row for row in latest_due(filter(is_open, everything["Invoices"])) if "acme" in row["CustomerName"].lower()
    ]
    expect_rows(opened.page, "invoices", shown(chosen[:5]))


@GROUPS
def test_errors_reach_the_user(opened: Opened, group: str) -> None:
    message = opened.page.evaluate(
        """(group) => new Promise((resolve) => {
            const items = demo.list(group, {$search: 'a" b'}).getBinding("items");
            items.attachDataReceived((event) => resolve(event.getParameter("error").message));
        })""",
        group,
    )
    assert "quote" in message


def test_a_batch_has_all_that_is_asked_at_once(opened: Opened, everything: DemoRows) -> None:
    opened.show(
        """const model = demo.list("$auto").getModel();
        argument.forEach((set) => model.bindList("/" + set, null, [], [], {$select: "CreatedAt"}).requestContexts(0, 1));
        model.bindContext("/Customers('C-100001')/CustomerName").requestObject();""",
        ["Customers", "Items"],
    )
    chosen = latest_due(filter(is_open, everything["Invoices"]))
    expect_rows(opened.page, "invoices", shown(chosen[:5]))
    paths = [target.partition("?")[0] for target in opened.requests()]
    assert sorted(paths) == ["Customers", "Customers('C-100001')/CustomerName", "Invoices", "Items"]
    assert opened.batches() == 1


def amounts_by(everything: Mapping[str, Sequence[Row]], key: str) -> dict[str, Decimal]:
    """The open amount of the open invoices, in company currency."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in everything["Invoices"]:
        if row["Status"] == "Open":
            totals[row[key]] += row["OpenAmountCompanyCurrency"]
    return dict(sorted(totals.items()))


@GROUPS
def test_totals(opened: Opened, everything: DemoRows, group: str) -> None:
    """Data aggregation: a row for each group, filtered before it is added up, counted and paged after."""
    opened.show(
        """demo.totals(argument, {
            group: {Currency: {}},
            aggregate: {Open: {name: "OpenAmountCompanyCurrency", with: "sum"}, Latest: {name: "DueDate", with: "max"}},
        })""",
        group,
    )
    expected = amounts_by(everything, "Currency")
    expect(cells(opened.page, "totals")).to_have_count(len(expected))
    found = [row.split() for row in cells(opened.page, "totals").all_inner_texts()]
    assert {currency: Decimal(amount) for currency, amount, _ in found} == expected
    for currency, _, latest in found:
        due = [r["DueDate"] for r in everything["Invoices"] if r["Status"] == "Open" and r["Currency"] == currency]
        assert latest == max(due).isoformat()
    (asked,) = opened.requests()
    assert "$apply=filter(Status eq 'Open')/groupby((Currency),aggregate(" in asked


@GROUPS
def test_grand_total_and_levels(opened: Opened, everything: DemoRows, group: str) -> None:
    """The total of all above the totals of each group, which is opened to the totals within it."""
    opened.show(
        """demo.totals(argument, {
            group: {Currency: {}, SalesOrganization: {}},
            groupLevels: ["Currency"],
            aggregate: {Open: {name: "OpenAmountCompanyCurrency", with: "sum", subtotals: true, grandTotal: true}},
        })""",
        group,
    )
    currencies = amounts_by(everything, "Currency")
    expect(cells(opened.page, "totals")).to_have_count(1 + len(currencies))
    found = [row.split() for row in cells(opened.page, "totals").all_inner_texts()]
    assert Decimal(found[0][-1]) == sum(currencies.values())
    assert {currency: Decimal(amount) for currency, amount in found[1:]} == currencies

    opened.show(f"{TOTALS}.getCurrentContexts()[1].expand()")
    euros = [row for row in everything["Invoices"] if row["Currency"] == "EUR"]
    within = amounts_by({"Invoices": euros}, "SalesOrganization")
    expect(cells(opened.page, "totals")).to_have_count(1 + len(currencies) + len(within))
    found = [row.split() for row in cells(opened.page, "totals").all_inner_texts()]
    assert {place: Decimal(amount) for _, place, amount in found[2 : 2 + len(within)]} == within
    first, second = opened.requests()
    assert "concat(" in first
    assert "filter(Currency eq 'EUR' and (Status eq 'Open'))/groupby(" in second
