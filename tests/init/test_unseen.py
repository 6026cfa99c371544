"""Catalogs drafted from ERPs that the guesses were not made for, served without an edit, held against the business."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.init.business import business
from tests.init.schemas import T, load
from tests.init.support import Drafted, drafted, proposed
from tests.init.truth import Habits, facts
from tests.init.unseen import UNSEEN


def _absent(*names: str) -> frozenset[str]:
    return frozenset(names)


#: What a schema does not hold at all, and what it writes otherwise.
HABITS = {
    "business_one": Habits(
        invoice=lambda v: str(5000 + v.id),
        order=lambda o: str(5000 + o.id),
        absent=_absent("Items.ListPrice"),
    ),
    "axapta": Habits(
        absent=_absent(
            "Invoices.OpenAmount", "Invoices.Status", "SalesOrders.OrderDate", "SalesOrders.GrossAmount", "Items.ListPrice",
            "Payments",
        ),
    ),
    "idempiere": Habits(
        absent=_absent(
            "Invoices.DueDate", "Invoices.OpenAmount", "SalesOrders.RequestedDate", "Customers.City", "Customers.PostalCode",
            "Items.ListPrice",
        ),
        written={"Invoices.Status": lambda _: "Open"},  # what is completed; whether it is paid is a flag of its own
    ),
    "ledgersmb": Habits(
        absent=_absent(
            "Invoices.OpenAmount", "Invoices.Status", "InvoiceLines.NetAmount", "Customers.City", "Customers.PostalCode",
            "Inventory", "Payments",
        ),
    ),
    "m3": Habits(
        invoice=lambda v: str(90_000 + v.id),
        absent=_absent(
            "Invoices.NetAmount", "Invoices.TaxAmount", "Invoices.GrossAmount", "Invoices.OpenAmount", "Invoices.Status",
            "InvoiceLines", "Payments",
        ),
    ),
    "sage100": Habits(
        absent=_absent("Invoices.DueDate", "Invoices.OpenAmount", "Invoices.Currency", "Invoices.Status", "Items.Unit"),
    ),
    "gestion": Habits(
        invoice=lambda v: str(v.id),
        order=lambda o: str(o.id),
        absent=_absent("Invoices.Currency", "Invoices.Status"),
    ),
    "boekhouding": Habits(written={"Invoices.Status": lambda s: {"Open": "Openstaand", "Paid": "Betaald"}[s]}),
}  # fmt: skip
#: Set and column that must stay in the database.
SECRETS = ("IBAN", "CUENTABAN", "BankRekening", "PRECOSTE", "KostPrijs", "InkoopPrijs", "AvgPrice", "LastPurPrc", "GrossBuyPr", "StockPrice", "GrosProfit", "MMUCOS", "OBUCOS", "COSTVALUE", "COSTPRICE")  # fmt: skip


@pytest.fixture(scope="module", params=sorted(HABITS))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Drafted]]:
    directory: Path = tmp_path_factory.mktemp(request.param)
    url = f"sqlite:///{directory / 'erp.sqlite'}"
    load(url, UNSEEN[request.param](business()))
    with drafted(url, directory / "catalog") as made:
        yield request.param, made


def test_what_is_published_is_what_is(found: tuple[str, Drafted]) -> None:
    name, made = found
    assert made.faults() == []
    assert [fact for fact, right in facts(made, business(), HABITS[name]) if not right] == []


def test_rows_have_keys_and_links_resolve(found: tuple[str, Drafted]) -> None:
    _, made = found
    for entity_set in made.metadata.sets:
        links = [n.name for n in entity_set.type.navigation if not n.collection]
        rows = made.rows(entity_set.name, f"?$expand={','.join(links)}" if links else "")
        assert len({row[entity_set.type.key] for row in rows}) == len(rows), entity_set.name
        for link in links:
            assert any(row[link] for row in rows), f"{entity_set.name}.{link} leads nowhere"


def test_costs_and_bank_accounts_stay_at_home(found: tuple[str, Drafted]) -> None:
    _, made = found
    published = {str(item.mapping) for draft in made.proposal.drafts.values() for item in draft.items.values()}
    assert [name for name in SECRETS if any(name in mapping for mapping in published)] == []


def test_amounts_whose_names_mislead_are_told_by_what_they_add_up_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    rows = [
        (v.id, v.number, v.customer.number, v.day, v.due, v.gross, v.net, v.tax, v.net) for v in business().invoices
    ]
    columns = "id:int pk, invoice_no:text(12) nn unique, customer_no:text(10), invoice_date:date, due_date:date, invoice_amount:num(12,2), sales_balance:num(12,2), vat:num(12,2), credit_limit:num(12,2)"
    load(url, [T("invoices", columns, rows)])
    items = proposed(url).drafts["Invoices"].items
    assert items["GrossAmount"].mapping == "invoice_amount"
    assert items["NetAmount"].mapping == "sales_balance"
    assert items["TaxAmount"].mapping == "vat"
    assert "OpenAmount" not in items
