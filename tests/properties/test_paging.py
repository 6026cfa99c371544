"""Server-driven paging: the pages of a query partition its rows, also when rows come and go between them.

Rows that are there from the first page to the last come exactly once, no row comes twice; ties, nulls, sort values of
related entities and of expressions included. Over rows in memory, where every page is also worked out by the engine alone,
and over a copy of the demo ERP that the test changes.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from erp_adapters.memory import MemoryAdapter
from tests import serving
from tests.serving import Client, get

#: With ties, nulls, both directions, a related entity's property and expressions.
ORDERS = (
    "", "Status", "DueDate desc", "DisputeReason", "DisputeReason desc,GrossAmount", "LastDunningDate desc,Currency",
    "Customer/City desc,Currency", "SalesOrder/HoldReason,DueDate desc", "length(CustomerName) desc,DunningLevel",
    "GrossAmount sub OpenAmount desc", "InvoiceNumber desc", "CreatedAt desc,InvoiceNumber desc", "ClearingDate,Status desc",
)  # fmt: skip

Change = Callable[[], None]


@dataclass(slots=True)
class Walk:
    """What one walk over all pages brought."""

    keys: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)


def walk(client: Client, target: str, size: int, between: Change = lambda: None) -> Walk:
    """All pages, with something happening after each of them."""
    found, link = Walk(), target
    while True:
        answer = get(client, link, prefer=f"odata.maxpagesize={size}")
        found.keys.extend(row["InvoiceNumber"] for row in answer.rows)
        found.sizes.append(len(answer.rows))
        if "@odata.count" in answer.json:
            found.counts.append(answer.count)
        if answer.next is None:
            return found
        link = answer.next
        between()


def target(order: str, condition: str = "", more: str = "") -> str:
    options = ["$select=InvoiceNumber", "$count=true"]
    options += [f"$orderby={order}"] if order else []
    options += [f"$filter={condition}"] if condition else []
    return f"Invoices?{'&'.join(options)}{more}"


# --- nothing changes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(demo_url: str) -> Iterator[Client]:
    with serving.connected(demo_url) as client:
        yield client


@pytest.fixture(scope="module")
def everything(demo_sqlite_url: str) -> list[str]:
    return [row["InvoiceNumber"] for row in serving.demo_rows(demo_sqlite_url)["Invoices"]]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("size", "condition"),
    [
        (1, "Status eq 'PartiallyPaid'"),
        (7, "DisputeReason ne null or Status eq 'Draft'"),
        (100, "Status ne 'Paid'"),
        (1_000, ""),
    ],
)
def test_pages_are_the_whole(client: Client, order: str, size: int, condition: str) -> None:
    asked = target(order, condition)
    whole = walk(client, asked, 2_000)
    found = walk(client, asked, size)
    assert found.keys == whole.keys
    assert len(set(found.keys)) == len(found.keys) == found.counts[0] > size
    assert set(found.sizes[:-1]) == {size}
    assert found.counts == [len(found.keys)] * len(found.sizes)


def test_all_invoices(client: Client, everything: list[str]) -> None:
    assert walk(client, target(""), 100).keys == everything
    assert sorted(walk(client, target("Status desc"), 1_000).keys) == everything


@pytest.mark.parametrize("size", [7, 100])
@pytest.mark.parametrize("top", [0, 1, 99, 100, 101, 250])
def test_top_limits_the_total(client: Client, size: int, top: int) -> None:
    asked = target("Status,GrossAmount desc")
    first = walk(client, asked + "&$top=251", 2_000).keys
    found = walk(client, f"{asked}&$top={top}", size)
    assert found.keys == first[:top]
    skipped = walk(client, f"{asked}&$top={top}&$skip=1", size)
    assert skipped.keys == first[1 : top + 1]
    assert set(found.counts) == set(skipped.counts) == {5_000}


def test_pages_are_cut_at_their_size_in_bytes(demo_sqlite_url: str, everything: list[str]) -> None:
    adapter = serving.connect(demo_sqlite_url)
    small = serving.serve(adapter, max_response=20_000)
    found: list[str] = []
    for page in serving.pages(
        small, "Invoices?$count=true&$top=300&$orderby=Status desc", accept=serving.READ["Accept"]
    ):
        assert len(page.body) <= 20_000
        assert page.count == 5_000
        found += [row["InvoiceNumber"] for row in page.rows]
    whole = serving.all_rows(serving.serve(adapter), "Invoices?$top=300&$orderby=Status desc")
    assert found == [row["InvoiceNumber"] for row in whole]
    one = serving.serve(adapter, max_response=100)  # a row at least, or nobody ever gets on
    assert [r["InvoiceNumber"] for r in serving.all_rows(one, "Invoices?$top=3")] == everything[:3]
    adapter.close()


# --- rows come and go ---------------------------------------------------------------------------------------------------


def check_walk(found: Walk, before: set[str], deleted: set[str], inserted: set[str]) -> None:
    assert len(set(found.keys)) == len(found.keys), "a row came twice"
    missing = before - deleted - set(found.keys)
    assert not missing, f"{len(missing)} rows did not come, among them {sorted(missing)[:3]}"
    strange = set(found.keys) - before - inserted
    assert not strange, f"rows from nowhere: {sorted(strange)[:3]}"
    assert len(set(found.counts)) == 1, "the count of the first page holds for all pages"


class Memory:
    """Invoices in a list that changes under the adapter."""

    def __init__(self, rows: serving.DemoRows, capable: bool) -> None:
        step = len(rows["Invoices"]) // 400
        self.invoices: list[dict[str, Any]] = [dict(row) for row in rows["Invoices"][::step]]
        data = {"Invoices": self.invoices, "Customers": rows["Customers"], "SalesOrders": rows["SalesOrders"]}
        adapter = MemoryAdapter(serving.demo_metadata(), data, capable=capable)
        self.client = serving.serve(adapter)
        self.dice = random.Random(7)
        self.deleted: set[str] = set()
        self.inserted: set[str] = set()

    @property
    def keys(self) -> set[str]:
        return {row["InvoiceNumber"] for row in self.invoices}

    def change(self) -> None:
        """One row goes; another comes twice more, with equal sort values and keys to both sides of its own."""
        gone = self.invoices.pop(self.dice.randrange(len(self.invoices)))
        self.deleted.add(gone["InvoiceNumber"])
        like = self.dice.choice(self.invoices)
        for number in (f"AAA-{len(self.inserted):05}", f"{like['InvoiceNumber'][:9]}~{len(self.inserted)}"):
            self.invoices.insert(self.dice.randrange(len(self.invoices)), {**like, "InvoiceNumber": number})
            self.inserted.add(number)


@pytest.mark.parametrize("capable", [True, False], ids=["source", "engine"])
@pytest.mark.parametrize("order", ORDERS)
def test_changes_between_pages_in_memory(order: str, capable: bool, demo_sqlite_url: str) -> None:
    for size, condition in ((7, "Currency ne 'EUR'"), (100, "")):
        memory = Memory(serving.demo_rows(demo_sqlite_url), capable)
        before = {r["InvoiceNumber"] for r in memory.invoices if not condition or r["Currency"] != "EUR"}
        found = walk(memory.client, target(order, condition), size, memory.change)
        check_walk(found, before, memory.deleted, memory.inserted)
        assert len(found.sizes) > 3


class Database:
    """The invoice table of a demo ERP of one's own."""

    def __init__(self, url: str) -> None:
        self.adapter = serving.connect(url)
        self.client = serving.serve(self.adapter)
        self.engine: Engine = create_engine(make_url(url), poolclass=NullPool)
        self.dice = random.Random(7)
        self.deleted: set[str] = set()
        self.inserted: set[str] = set()
        with self.engine.connect() as connection:
            self.columns = list(connection.execute(text('SELECT * FROM "OINVHD" LIMIT 1')).keys())
            self.numbers = sorted(connection.execute(text('SELECT "IVNO" FROM "OINVHD"')).scalars())

    def change(self) -> None:
        gone, like = self.dice.sample(self.numbers, 2)
        self.numbers.remove(gone)
        new = [f"AA-{len(self.inserted):07}", f"{like[:6]}-{len(self.inserted):03}"]
        copied = ", ".join(":new" if name == "IVNO" else f'"{name}"' for name in self.columns)
        with self.engine.begin() as connection:
            connection.execute(text('DELETE FROM "OINVHD" WHERE "IVNO" = :gone'), {"gone": gone})
            for number in new:
                statement = text(f'INSERT INTO "OINVHD" SELECT {copied} FROM "OINVHD" WHERE "IVNO" = :like')
                connection.execute(statement, {"new": number, "like": like})
        self.deleted.add(gone)
        self.inserted.update(new)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    found = Database(request.getfixturevalue(f"demo_{request.param}_copy"))
    yield found
    found.adapter.close()


def test_changes_between_pages(database: Database) -> None:
    for size, order in (
        (7, "DisputeReason desc,Currency"),
        (100, "Status,DueDate desc"),
        (1_000, "Customer/City,Currency desc"),
    ):
        asked = target(order, "DisputeReason ne null or Status eq 'Draft'" if size == 7 else "")
        before = set(walk(database.client, asked, 2_000).keys)
        found = walk(database.client, asked, size, database.change)
        check_walk(found, before, database.deleted, database.inserted)


def test_orders_with_changes(database: Database) -> None:
    for order in ORDERS[::2]:
        asked = target(order, "Status eq 'Open' or DisputeReason ne null")
        before = set(walk(database.client, asked, 2_000).keys)
        found = walk(database.client, asked, 60, database.change)
        check_walk(found, before, database.deleted, database.inserted)
