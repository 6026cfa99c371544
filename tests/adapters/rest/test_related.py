"""What belongs to a record from other endpoints: joins, totals and expanded rows, whatever lists the API takes."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from edm.declare import load_texts
from edm.model import ServiceMetadata
from erp_adapters.rest import connect
from erp_adapters.transport import Remote, Secret, Token
from odata_server.service import Service, ServiceOptions
from tests.adapters.rest.erp import Erp
from tests.adapters.upstream import listening
from tests.engine.small import NOW, SECRET, _property, _set, ask, code

INVOICES = _set(
    "Invoices", "Invoice", "InvoiceNumber", 1,
    _property("InvoiceNumber", "String", max_length=20, nullable=False),
    _property("CustomerName", "String", max_length=80),
    _property("CustomerNumber", "String", max_length=20),
    _property("Orders", "Int32", nullable=False),
    _property("Ordered", "Decimal", precision=15, scale=2, nullable=False),
    """
[rest]
entity = "invoices"
path = "v1/invoices"
rows = "data.items"
optional = ["customer.id"]
types = { "customer.id" = "Int64" }
paging = { style = "page", page = "page", size = "per_page", maximum = 50 }
filters = { customer = { field = "customer.id", exact = true } }
sort = { parameter = "sort", fields = ["number"], separator = "," }
filled = ["number"]

[rest.joins.c]
entity = "customers"
on = { "customer.id" = "id" }
path = "v1/customers"
types = { id = "Int64" }
paging = { style = "offset", offset = "offset", size = "limit", maximum = 25 }
filters = { id = { field = "id", operator = "in", separator = "&", values = 7, exact = true } }

[rest.totals.orders]
entity = "orders"
on = { "customer.id" = "customer_id" }
path = "v1/customers/{customer_id}/orders"
rows = "orders"
types = { id = "Int64", customer_id = "Int64", total = "Decimal" }
paging = { style = "cursor", cursor = "after", next = "paging.after" }
count = true

[rest.totals.ordered]
entity = "orders"
on = { "customer.id" = "customer_id" }
sum = "total"

[rest.fields]
InvoiceNumber = "number"
CustomerName = "c.name"
CustomerNumber = "customer.id"
Orders = "orders"
Ordered = "ordered"
""",
)  # fmt: skip
ORDERS = _set(
    "Orders", "Order", "OrderNumber", 2,
    _property("OrderNumber", "String", max_length=20, nullable=False),
    _property("CustomerNumber", "String", max_length=20, nullable=False),
    _property("Total", "Decimal", precision=15, scale=2),
    """
[rest]
entity = "orders"

[rest.fields]
OrderNumber = "id"
CustomerNumber = "customer_id"
Total = "total"
""",
)  # fmt: skip


METADATA: ServiceMetadata = load_texts({"Invoices.toml": INVOICES, "Orders.toml": ORDERS})


@pytest.fixture
def opened() -> Iterator[tuple[Service, Erp]]:
    erp = Erp()
    with listening(lambda url: erp) as url:
        options = {"key_parameter": "key"}
        adapter = connect(Remote(url, Token(Secret("s3cret")), options=options), METADATA, "rest")
        yield Service(METADATA, adapter, (SECRET,), ServiceOptions(), clock=lambda: NOW), erp
        adapter.close()  # type: ignore[attr-defined]


def test_a_join_is_asked_in_lists_that_the_api_takes(opened: tuple[Service, Erp]) -> None:
    service, erp = opened
    found = ask(service, "Invoices", "$top=26&$select=InvoiceNumber,CustomerName,CustomerNumber")["value"]
    names = {str(row["id"]): row["name"] for row in erp.database.execute("SELECT id, name FROM customers")}
    assert all(row["CustomerName"] == names.get(row["CustomerNumber"]) for row in found)
    customers = {row["CustomerNumber"] for row in found} - {None}
    calls = [call for call in erp.calls if call.startswith("/v1/customers?")]
    assert len(calls) == -(-len(customers) // 7)
    assert all(call.count("&id=") <= 7 for call in calls)
    assert all(call.startswith(("/v1/customers?key=s3cret&", "/v1/invoices?key=s3cret&")) for call in erp.calls)


def test_totals_below_a_parent_are_a_call_each(opened: tuple[Service, Erp]) -> None:
    service, erp = opened
    found = ask(service, "Invoices", "$top=4&$select=InvoiceNumber,CustomerNumber,Orders,Ordered")["value"]
    for row in found:
        totals = erp.database.execute(
            "SELECT total FROM orders WHERE customer_id = ?", [row["CustomerNumber"]]
        ).fetchall()
        assert row["Orders"] == len(totals)
        assert row["Ordered"] == sum((Decimal(t[0]) for t in totals), Decimal(0))
    assert not any("/v1/customers?" in call for call in erp.calls)


def test_a_set_below_a_parent_needs_it(opened: tuple[Service, Erp]) -> None:
    service, erp = opened
    assert code(service, "Orders", "") == "filter_required"
    assert erp.calls == []
    found = ask(service, "Orders", "$filter=CustomerNumber in ('3','4')&$orderby=OrderNumber&$count=true&$top=3")
    rows = erp.database.execute("SELECT id FROM orders WHERE customer_id IN (3, 4)").fetchall()
    assert found["@odata.count"] == len(rows)
    assert [row["OrderNumber"] for row in found["value"]] == sorted(str(row[0]) for row in rows)[:3]


def test_faults_of_joins_and_totals_are_told_where_they_are() -> None:
    wrong = INVOICES.replace("values = 7, exact = true", 'values = "7"')
    wrong = wrong.replace('entity = "orders"\non = { "customer.id" = "customer_id" }\nsum', 'entity = "orders"\n'
                          'on = { "customer.id" = "customer_id" }\nrows = "rows"\nsum')  # fmt: skip
    model = load_texts({"Invoices.toml": wrong, "Orders.toml": ORDERS})
    adapter: Any = connect(Remote("http://127.0.0.1:9"), model, "rest")
    assert {(where, key) for where, key, _ in adapter.faults(model)} == {
        ("Invoices", "rest.joins.c.filters.id.values"),
        ("Invoices", "rest.totals.orders.entity"),
        ("Invoices", "rest.totals.ordered.entity"),
    }
    assert list(connect(Remote("http://127.0.0.1:9"), METADATA, "rest").faults(METADATA)) == []  # type: ignore[attr-defined]
