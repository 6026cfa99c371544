"""Catalogs drafted from ERPs that the guesses were not made for, served without an edit, held against the business."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from edm.declare import load_directory
from erp_adapters import sql
from erp_adapters.introspect import opened, read
from erp_adapters.proposal.merge import merge, write
from erp_adapters.proposal.propose import propose, study_of
from erp_adapters.proposal.roles import promising
from erp_adapters.proposal.study import Wishes
from erp_adapters.proposal.write import blocks
from tests.init.business import business
from tests.init.plain import english
from tests.init.schemas import T, load
from tests.init.support import Drafted, drafted, proposed
from tests.init.truth import Habits, facts
from tests.init.unseen import UNSEEN
from tests.init.unseen_short import anagrafica, kopf, sage300
from tests.serving import all_rows, serve


def _absent(*names: str) -> frozenset[str]:
    return frozenset(names)


SCHEMAS = {**UNSEEN, "kopf": kopf, "sage300": sage300, "anagrafica": anagrafica}
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
    "kopf": Habits(invoice=lambda v: str(v.id), order=lambda o: str(o.id), absent=_absent("Invoices.Status")),
    "anagrafica": Habits(invoice=lambda v: str(v.id), order=lambda o: str(o.id), absent=_absent("Invoices.Status")),
    "sage300": Habits(absent=_absent("Invoices.OpenAmount", "Invoices.Status", "Items.ListPrice", "Payments")),
    "boekhouding": Habits(written={"Invoices.Status": lambda s: {"Open": "Openstaand", "Paid": "Betaald"}[s]}),
}  # fmt: skip
#: Set and column that must stay in the database.
SECRETS = ("IBAN", "CUENTABAN", "BankRekening", "PRECOSTE", "KostPrijs", "InkoopPrijs", "AvgPrice", "LastPurPrc", "GrossBuyPr", "StockPrice", "GrosProfit", "MMUCOS", "OBUCOS", "COSTVALUE", "COSTPRICE", "EKPR", "BANKKTO", "IBANCLI", "PRZACQ", "COSULT", "UNITCOST", "EXTICOST", "TOTALCOST")  # fmt: skip


@pytest.fixture(scope="module", params=sorted(HABITS))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Drafted]]:
    directory: Path = tmp_path_factory.mktemp(request.param)
    url = f"sqlite:///{directory / 'erp.sqlite'}"
    load(url, SCHEMAS[request.param](business()))
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


@pytest.mark.parametrize("name", ["axapta", "idempiere"])
def test_a_warehouse_is_found_by_way_of_the_bin(name: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    load(url, UNSEEN[name](business()))
    with drafted(url, tmp_path / "catalog") as made:
        rows = made.rows("Inventory", "?$expand=Warehouse($select=WarehouseName),Item($select=ItemName)")
    given = sorted((r["Item"]["ItemName"], r["Warehouse"]["WarehouseName"], float(r["OnHand"])) for r in rows)
    assert given == sorted((s.item.name, s.warehouse.name, float(s.on_hand)) for s in business().stock)


def test_words_of_everybody_are_nobodys_tables(tmp_path: Path) -> None:
    """``invoice``, ``payment`` and ``warehouse`` are tables of LedgerSMB, and of many others."""
    singular = {"invoices": "invoice", "payments": "payment", "warehouses": "warehouse", "products": "parts"}
    tables = []
    for table in english(business()):
        columns = table.columns
        for plural, one in singular.items():
            columns = columns.replace(f"fk={plural}.", f"fk={one}.")
        tables.append(T(singular.get(table.name, table.name), columns, table.rows))
    url = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    load(url, tables)
    drafts = proposed(url).drafts
    assert {name: drafts[name].table.name for name in ("Invoices", "InvoiceLines", "Items")} == {
        "Invoices": "invoice", "InvoiceLines": "invoice_items", "Items": "parts",
    }  # fmt: skip


@pytest.mark.postgres
def test_schemas_are_looked_into_where_the_usual_one_says_nothing(postgres_url: str, tmp_path: Path) -> None:
    places = {"customers": "crm", "products": "stock", "warehouses": "stock", "stock_levels": "stock", "users": "auth"}
    load(postgres_url, english(business()))
    schemas = ("crm", "stock", "sales", "auth")
    moves = [f'ALTER TABLE "{t.name}" SET SCHEMA {places.get(t.name, "sales")}' for t in english(business())]
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in (*(f"CREATE SCHEMA {name}" for name in schemas), *moves, "CREATE TABLE migrations (n int)"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with opened(postgres_url) as database:
        read(database, (), promising, also=("auth",))
        drafts = propose(study_of(database, Wishes(), 100)).drafts
        assert "auth.users" in database.tables
    assert drafts["Customers"].table.name == "crm.customers"
    assert drafts["Invoices"].links["Customer"].target == "Customers"
    write(tmp_path / "catalog", merge(tmp_path / "catalog", {name: blocks(d) for name, d in drafts.items()}))
    metadata = load_directory(tmp_path / "catalog")
    adapter = sql.connect(postgres_url, metadata)
    try:
        assert [*adapter.faults(metadata), *adapter.lacks(metadata)] == []
        rows = all_rows(serve(adapter, metadata), "Invoices?$expand=Customer($select=CustomerName)")
    finally:
        adapter.close()
    truth = {v.number: v.customer.name for v in business().invoices}
    assert {row["InvoiceNumber"]: row["Customer"]["CustomerName"] for row in rows} == truth
