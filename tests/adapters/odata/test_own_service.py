"""A service of this kind as the ERP of another one: what it answers is what the conditions mean, record by record."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.capabilities import Match
from edm.primitives import DATE, DECIMAL, STRING
from erp_adapters.base import Session
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.base import Ask, Compare, Condition, Order, Record
from erp_adapters.records.conditions import holds
from tests.adapters.upstream import Conditions, listening, read, transport
from tests.profiles import examples
from tests.serving import application, connect

FIELDS = {
    "Invoices": ("InvoiceNumber", "InvoiceType", "Status", "DueDate", "GrossAmount", "OpenAmount", "DaysOverdue",
                 "CustomerNumber", "ChangedAt", "DunningBlock", "Customer/CustomerName", "Customer/Blocked",
                 "CreditedInvoice/GrossAmount"),
    "InvoiceLines": ("InvoiceLineKey", "InvoiceNumber", "ItemNumber", "Quantity", "Description", "DiscountPercent"),
}  # fmt: skip
KEYS = {"Invoices": "InvoiceNumber", "InvoiceLines": "InvoiceLineKey"}


@pytest.fixture(scope="module")
def source(demo_sqlite_url: str) -> Iterator[ODataSource]:
    adapter = connect(demo_sqlite_url)
    with listening(lambda url: application(adapter, url).app) as url:
        found = ODataSource(transport(f"{url}/odata/v4"), {"profile": "erp-odata"})
        yield found
        found.close()
    adapter.close()


class Demo:
    """All records, as the service tells them, and which lines belong to an invoice."""

    def __init__(self, source: ODataSource) -> None:
        self.records = {entity: read(source, Ask(entity, fields)) for entity, fields in FIELDS.items()}
        self._lines: dict[Any, list[Record]] = defaultdict(list)
        for line in self.records["InvoiceLines"]:
            self._lines[line["InvoiceNumber"]].append(line)

    def follow(self, record: Record, path: str) -> Sequence[Record]:
        assert path == "Lines"
        return self._lines[record["InvoiceNumber"]]

    def conditions(self, seed: int) -> Conditions:
        dice = random.Random(seed)
        some = {entity: dice.sample(records, 200) for entity, records in self.records.items()}
        return Conditions(dice, some["Invoices"], {"Lines": Conditions(dice, some["InvoiceLines"])})

    def expected(self, condition: Condition) -> list[Any]:
        return [r["InvoiceNumber"] for r in self.records["Invoices"] if holds(condition, r, self.follow)]


@pytest.fixture(scope="module")
def demo(source: ODataSource) -> Demo:
    return Demo(source)


@given(st.integers(0, 2**32))
def test_random_conditions(source: ODataSource, demo: Demo, seed: int) -> None:
    condition = demo.conditions(seed).condition()
    match = source.grade("Invoices", condition)
    if match is Match.NO:
        return
    ask = Ask("Invoices", ("InvoiceNumber",), condition, (Order("InvoiceNumber"),))
    found = [record["InvoiceNumber"] for record in read(source, ask)]
    expected = sorted(demo.expected(condition))
    assert match is Match.EXACT
    assert found == expected, source.explain(ask)


def test_nearly_all_conditions_are_asked(source: ODataSource, demo: Demo) -> None:
    grades = [source.grade("Invoices", demo.conditions(seed).condition()) for seed in range(300)]
    assert grades.count(Match.NO) < 30


@examples(25)
@given(st.integers(0, 2**32))
def test_order_slices_and_counts(source: ODataSource, demo: Demo, seed: int) -> None:
    dice = random.Random(seed)
    names = [n for n in FIELDS["Invoices"] if n not in ("InvoiceNumber", "DunningBlock", "Customer/Blocked")]
    orders = [Order(name, dice.random() < 0.5) for name in dice.sample(names, 2)]
    skip, top = dice.choice((0, 3, 4000)), dice.choice((None, 1, 7, 2500))
    condition = Compare("GrossAmount", "gt", Decimal(dice.randint(0, 5000)))
    ask = Ask("Invoices", FIELDS["Invoices"], condition, (*orders, Order("InvoiceNumber")), skip, top, count=True)
    batches = list(source.read(ask, Session()))
    rows = sorted(filter(lambda r: holds(condition, r), demo.records["Invoices"]), key=lambda r: r["InvoiceNumber"])
    for order in reversed(orders):
        missing = [r for r in rows if r[order.field] is None]
        there = sorted((r for r in rows if r[order.field] is not None), key=lambda r: r[order.field], reverse=False)
        if order.descending:
            there = sorted(there, key=lambda r: r[order.field], reverse=True)
        rows = [*there, *missing] if order.descending else [*missing, *there]
    assert batches[0].count == sum(holds(condition, r) for r in demo.records["Invoices"])
    assert [r for b in batches for r in b.records] == rows[skip : None if top is None else skip + top]


def test_facts_come_from_the_metadata(source: ODataSource) -> None:
    due = source.field("Invoices", "DueDate")
    assert due is not None
    assert (due.type, due.nullable, due.sortable) == (DATE, True, True)
    amount = source.field("Invoices", "GrossAmount")
    assert amount is not None
    assert (amount.type, amount.nullable) == (DECIMAL, False)
    name = source.field("Invoices", "Customer/CustomerName")
    assert name is not None
    assert (name.type, name.nullable, name.ordered) == (STRING, True, True)
    assert source.field("Invoices", "Nothing") is None
    assert source.field("Invoices", "Lines/Quantity") is None
    assert source.field("Invoices", "Customer") is None
    assert source.entity("Nothing") is None
    entity = source.entity("Invoices")
    assert entity is not None
    assert (entity.top, entity.skip, entity.count) == (True, True, True)


def test_pages_are_followed_and_calls_counted(source: ODataSource, demo: Demo) -> None:
    session = Session()
    batches = list(source.read(Ask("Invoices", ("InvoiceNumber",)), session))
    assert len(batches) > 1
    assert session.timings.erp_calls == len(batches)
    assert sum(len(batch.records) for batch in batches) == len(demo.records["Invoices"])


def test_pages_are_lazy(source: ODataSource) -> None:
    session = Session()
    next(source.read(Ask("Invoices", ("InvoiceNumber",)), session))
    assert session.timings.erp_calls == 1


def test_a_path_with_a_key_and_navigation(source: ODataSource, demo: Demo) -> None:
    number = demo.records["Invoices"][17]["InvoiceNumber"]
    found = read(source, Ask(f"Invoices('{number}')/Lines", ("InvoiceLineKey", "InvoiceNumber")))
    assert found
    assert {record["InvoiceNumber"] for record in found} == {number}


def test_health(source: ODataSource) -> None:
    session = Session()
    source.ping(session)
    assert source.describe(session).startswith("OData 4.01 service at http://127.0.0.1:")
