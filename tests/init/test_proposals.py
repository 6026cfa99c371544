"""Catalogs drafted from databases of many habits, served without an edit: what they say is what the business is.

``HABITS`` says of each schema what it does not hold at all and what it writes otherwise; everything else has to be right,
row by row. Three of the schemas are those of ERPs that are hard to read (``habits``), the others were written to see how
well the guesses carry.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.init import habits, plain, products, strangers
from tests.init.business import Business, business
from tests.init.schemas import T, load
from tests.init.support import Drafted, drafted
from tests.init.truth import Habits, facts

Schema = Callable[[Business], list[T]]


def _absent(*facts: str) -> frozenset[str]:
    return frozenset(facts)


HABITS: dict[str, Habits] = {
    "english": Habits(),
    "german": Habits(),
    "spanish": Habits(absent=_absent("SalesOrders.RequestedDate", "SalesOrders.CustomerPONumber")),
    "french": Habits(
        absent=_absent("Invoices.OpenAmount", "SalesOrders.RequestedDate", "Items.Unit", "Payments"),
    ),
    "odd": Habits(
        absent=_absent("Customers.PostalCode", "Customers.CreditLimit"), written={"Invoices.Status": lambda status: status[0]}
    ),
    "italian": Habits(absent=_absent("SalesOrders.CustomerPONumber")),
    "dutch": Habits(absent=_absent("SalesOrders.CustomerPONumber", "Customers.CreditLimit", "Inventory", "Payments")),
    "portuguese": Habits(
        absent=_absent("SalesOrders.CustomerPONumber", "SalesOrders.RequestedDate", "Inventory", "Payments")
    ),
    "odoo": Habits(
        absent=_absent(
            "SalesOrders.OrderDate", "SalesOrders.RequestedDate", "Customers.CreditLimit", "Items.Unit", "Inventory",
        ),
        written={"Invoices.Status": lambda _: "Open"},  # what is posted; whether it is paid is a column of its own
    ),
    "erpnext": Habits(
        absent=_absent("Customers.City", "Customers.PostalCode", "Customers.CreditLimit"),
    ),
    "tryton": Habits(
        absent=_absent(
            "Invoices.DueDate", "Invoices.OpenAmount", "InvoiceLines.NetAmount", "SalesOrders", "Customers.City",
            "Customers.PostalCode", "Customers.CreditLimit", "Items.ListPrice", "Items.Unit", "Inventory", "Payments",
        ),
    ),
    "startup": Habits(absent=_absent("Inventory")),
    "access": Habits(absent=_absent("Inventory", "Payments")),
    "sample": Habits(
        invoice=lambda v: str(v.id),
        absent=_absent(
            "Invoices.DueDate", "Invoices.NetAmount", "Invoices.TaxAmount", "Invoices.OpenAmount", "Invoices.Currency",
            "Invoices.Status", "SalesOrders", "Customers.CreditLimit", "Items.Unit", "Inventory", "Payments",
        ),
    ),
    "jde": Habits(
        invoice=lambda v: str(300_000 + v.id),
        order=lambda o: str(100_000 + o.id),
        absent=_absent(
            "InvoiceLines", "SalesOrders.GrossAmount", "Customers.City", "Customers.PostalCode", "Items.ListPrice",
        ),
        written={"Items.Unit": lambda unit: unit[:2]},
    ),
    "nav": Habits(
        absent=_absent(
            "Invoices.TaxAmount", "Invoices.Status", "SalesOrders.GrossAmount", "Customers.CreditLimit", "Inventory", "Payments",
        ),
    ),
    "ebs": Habits(
        order=lambda o: str(66_000 + o.id),
        absent=_absent(
            "Invoices.Status", "SalesOrders.GrossAmount", "Customers.CreditLimit", "Inventory",
        ),
    ),
    "sap": Habits(
        invoice=lambda v: f"{90_000 + v.id:010}",
        order=lambda o: f"{5_000 + o.id:010}",
        absent=_absent(
            "Invoices.DueDate", "Invoices.OpenAmount", "Invoices.Status", "InvoiceLines.UnitPrice", "SalesOrders.GrossAmount",
            "Customers.CreditLimit", "Items.ListPrice", "Payments",
        ),
    ),
}  # fmt: skip
SCHEMAS: dict[str, Schema] = {
    name: next(getattr(module, name) for module in (plain, products, strangers, habits) if hasattr(module, name))
    for name in HABITS
}


@pytest.fixture(scope="module", params=sorted(HABITS))
def on_sqlite(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Drafted]]:
    directory: Path = tmp_path_factory.mktemp(request.param)
    url = f"sqlite:///{directory / 'erp.sqlite'}"
    load(url, SCHEMAS[request.param](business()))
    with drafted(url, directory / "catalog") as found:
        yield request.param, found


def test_the_catalog_fits_and_says_what_is(on_sqlite: tuple[str, Drafted]) -> None:
    _check(*on_sqlite)


def _check(name: str, found: Drafted) -> None:
    assert found.faults() == []
    wrong = [fact for fact, right in facts(found, business(), HABITS[name]) if not right]
    assert wrong == []


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["jde", "nav", "ebs", "sap", "english", "german", "odoo"])
def test_the_catalog_fits_and_says_what_is_on_postgresql(name: str, postgres_url: str, tmp_path: Path) -> None:
    load(postgres_url, SCHEMAS[name](business()))
    with drafted(postgres_url, tmp_path / "catalog") as found:
        _check(name, found)


@pytest.mark.parametrize("name", ["english", "erpnext", "german", "jde", "nav", "sap"])
def test_the_catalog_fits_and_says_what_is_on_mariadb(name: str, mariadb_url: str, tmp_path: Path) -> None:
    load(mariadb_url, SCHEMAS[name](business()))
    with drafted(mariadb_url, tmp_path / "catalog") as found:
        _check(name, found)


def test_every_set_can_be_read_whole(on_sqlite: tuple[str, Drafted]) -> None:
    """Each with what it leads to, and its first filter: no value breaks the mapping."""
    _, found = on_sqlite
    for entity_set in found.metadata.sets:
        rows: list[dict[str, Any]] = found.rows(entity_set.name)
        links = [n.name for n in entity_set.type.navigation if not n.collection]
        if links:
            assert len(found.rows(entity_set.name, f"?$expand={','.join(links)}")) == len(rows)
        key = entity_set.type.key
        assert len({row[key] for row in rows}) == len(rows), f"{entity_set.name}: the key is not one"
