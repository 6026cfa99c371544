"""The built-in catalog over a real Tryton: the names of the demo's, the evaluator's answers, few calls, Tryton's own sums."""

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.declare import load_directory
from edm.expressions import Prop
from edm.primitives import STRING
from edm.query import OrderItem, Query
from erp_adapters.base import Validates
from erp_adapters.records.base import Ask, Compare
from erp_adapters.transport import OptionFault, Remote, Secret, TransportOptions
from erp_adapters.tryton import connect
from odata_server.service import Service, ServiceOptions
from tests.adapters.agreement import named_alike
from tests.adapters.tryton.ground import DATABASE, PASSWORD, Server
from tests.adapters.tryton.published import METADATA, Both, asked, remote
from tests.adapters.tryton.test_conditions import read
from tests.engine.small import NOW, SECRET
from tests.profiles import examples
from tests.properties.expressions import conditions, orders

DEMO = load_directory(files("erp_adapters") / "catalog")


# --- what it says -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [entity_set.name for entity_set in METADATA.sets])
def test_names_are_those_of_the_demo(name: str) -> None:
    named_alike(METADATA[name], DEMO[name])


def test_tryton_has_all_that_it_names(both: Both) -> None:
    assert isinstance(both.adapter, Validates)
    assert list(both.adapter.faults(METADATA)) == []
    assert list(both.adapter.lacks(METADATA)) == []


@pytest.mark.parametrize(
    ("options", "key"),
    [({}, "options.database"), ({"database": "x", "page": 0}, "options.page"), ({"databas": "x"}, "options.databas")],
)
def test_options_that_cannot_be(options: dict[str, Any], key: str) -> None:
    with pytest.raises(OptionFault) as fault:
        connect(remote("http://127.0.0.1:1/", **options), METADATA, "tryton")
    assert fault.value.key == key


def test_a_session_needs_user_and_password() -> None:
    with pytest.raises(OptionFault, match="user"):
        connect(Remote("http://127.0.0.1:1/", options={"database": "x"}), METADATA, "tryton")


# --- what it answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Customers", "$count=true"),
        ("Customers", "$orderby=CustomerName desc&$top=5"),
        ("Customers", "$filter=contains(tolower(CustomerName),'acme')&$count=true"),
        ("Customers", "$filter=CustomerName eq 'O''Brien''s Pumps' or startswith(CustomerName,'100%')"),
        ("Customers", "$filter=contains(CustomerName,'_') or endswith(CustomerName,'SA')"),
        ("Customers", "$filter=Status eq 'Retired'"),
        ("Customers", "$filter=Status ne 'Active'&$count=true"),
        ("Customers", "$filter=Invoices/any(i:i/Status eq 'Paid')&$orderby=CustomerNumber"),
        ("Customers", "$search=Ltd"),
        ("Customers('C-001')", "$expand=Invoices,SalesOrders($expand=Lines)"),
        ("Customers('C-001')/Invoices", "$orderby=InvoiceDate desc,InvoiceNumber&$count=true"),
        ("Items", "$filter=Status eq 'Inactive'"),
        ("Items", "$orderby=ItemName&$top=4&$skip=2"),
        ("Warehouses", ""),
        ("Inventory", "$orderby=InventoryKey desc&$top=7&$count=true"),
        ("Inventory", "$filter=WarehouseCode eq 'WH2' and OnHand gt 0"),
        ("Inventory", "$filter=ItemNumber eq 'P00'&$expand=Warehouse,Item"),
        ("Items('P00')/Inventory", "$orderby=WarehouseCode desc"),
        ("SalesOrders", "$orderby=OrderDate desc&$top=5&$count=true"),
        ("SalesOrders", "$filter=Customer/CustomerName eq 'Zebra'&$expand=Customer,Lines"),
        ("SalesOrders", "$filter=Lines/any(l:l/ItemNumber eq 'P01' and l/OrderedQuantity gt 2)"),
        ("SalesOrders", "$filter=Lines/all(l:l/ItemNumber ne 'P01')&$count=true"),
        ("SalesOrders", "$filter=CustomerPONumber eq null&$count=true&$top=3"),
        ("SalesOrders", "$orderby=CustomerPONumber,SalesOrderNumber&$top=9"),
        ("SalesOrderLines", "$orderby=SalesOrderLineKey desc&$top=3&$expand=SalesOrder,Item"),
        ("Shipments", "$orderby=ActualShipDate,ShipmentNumber&$top=4"),
        ("Shipments", "$filter=Status eq 'Planned'&$expand=Lines&$count=true"),
        ("ShipmentLines", "$filter=CustomerNumber eq 'C-002'&$orderby=ShipmentLineKey"),
        ("Invoices", "$filter=Status eq 'Open' and GrossAmount gt 100&$orderby=GrossAmount desc&$top=5"),
        ("Invoices", "$filter=InvoiceNumber gt '12' and InvoiceNumber lt '3'&$orderby=InvoiceNumber&$top=4"),
        ("Invoices", "$filter=DueDate lt 2026-11-01&$orderby=DueDate,InvoiceNumber"),
        ("Invoices", "$filter=OpenAmount gt 0&$count=true&$top=2"),
        ("Invoices", "$filter=year(InvoiceDate) eq 2026&$count=true&$top=0"),
        ("Invoices", "$apply=groupby((CustomerNumber),aggregate(GrossAmount with sum as Total))&$orderby=CustomerNumber"),
        ("InvoiceLines", "$filter=LineType eq 'Text'&$count=true&$top=2"),
        ("InvoiceLines", "$filter=Invoice/Status eq 'Paid'&$expand=SalesOrderLine"),
        ("Payments", "$filter=Status in ('Cleared','Failed')&$expand=Customer"),
        ("Assets", "$filter=SerialNumber eq 'SN-0001'&$expand=Item"),
    ],
)  # fmt: skip
def test_questions(both: Both, path: str, query: str) -> None:
    both.same(path, query)


@pytest.mark.property
@examples(60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_random_queries(both: Both, data: st.DataObject) -> None:
    """Filters, orders, slices, counts: the bytes of the evaluator's answer."""
    entity_set = data.draw(st.sampled_from(METADATA.sets))
    lines = [f"$filter={data.draw(conditions(both.model, entity_set))}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(both.model, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    both.same(entity_set.name, "\n".join(lines))


def test_pages_go_on(both: Both) -> None:
    """Next links, over numbers that Tryton sorts by their length."""
    found: list[str] = []
    service = Service(METADATA, both.adapter, (SECRET,), ServiceOptions(deadline=120, page_size=4), clock=lambda: NOW)
    query = "$select=InvoiceNumber&$orderby=InvoiceNumber"
    while query:
        body = json.loads(bytes(asked(service, "Invoices", query).body))
        found += [row["InvoiceNumber"] for row in body["value"]]
        query = body.get("@odata.nextLink", "").partition("?")[2]
    assert found == sorted(row["InvoiceNumber"] for row in both.rows["Invoices"])


@pytest.mark.parametrize(
    ("path", "query", "most"),
    [
        ("Customers", "$orderby=CreatedAt desc&$top=5", 1),
        ("SalesOrderLines", "$top=5", 1),
        ("SalesOrderLines", "$top=5&$count=true", 2),
        ("SalesOrders", "$filter=CustomerNumber eq 'C-001'&$top=6", 1),
        ("Customers('C-001')/SalesOrders", "$top=6", 2),  # whether there is such a customer
        ("Customers('C-001')", "", 1),
        ("Customers('C-001')", "$expand=SalesOrders,Shipments,Payments", 4),
        ("Inventory", "$filter=ItemNumber eq 'P00'", 3),
        ("Invoices", "$orderby=InvoiceDate desc,InvoiceNumber&$top=5&$select=InvoiceNumber,InvoiceDate", 1),
    ],
)
def test_few_calls(both: Both, path: str, query: str, most: int) -> None:
    assert both.calls(path, query) <= most


def test_rights_are_those_of_the_user(tryton: Server) -> None:
    """What may not be read is an error of its own, never an empty list."""
    limits = TransportOptions(timeout=60)
    seller = Remote(tryton.url, limits=limits, user="seller", password=Secret(PASSWORD), options={"database": DATABASE})
    service = Service(METADATA, connect(seller, METADATA, "tryton"), (SECRET,), ServiceOptions(deadline=60))
    assert asked(service, "Customers", "$top=1&$select=CustomerNumber").status == 200
    denied = asked(service, "Payments", "$top=1")
    assert json.loads(bytes(denied.body))["error"]["code"] == "erp_denied"


def test_what_tryton_gets_is_told(both: Both) -> None:
    inventory = Query("Inventory", ("InventoryKey",), filter=None, top=3)
    text = both.adapter.explain(inventory)
    assert text.startswith("for each stock.location: model.product.product.search_read")
    assert '["template.type", "in", ["goods"]]' in text or '["template.type", "=", "goods"]' in text
    asked(both.services["tryton"], "Invoices", "$orderby=InvoiceNumber&$top=1")
    order = (OrderItem(Prop(("InvoiceNumber",), STRING)),)
    text = both.adapter.explain(Query("Invoices", ("InvoiceNumber",), orderby=order, top=3))
    assert text.startswith("(by length of number")


# --- Tryton's own figures -----------------------------------------------------------------------------------------------


def test_stock_is_what_tryton_says_by_warehouse(both: Both) -> None:
    """Its own view of quantities by warehouse, and sums that were entered."""
    first = {row["ItemNumber"]: row["OnHand"] for row in both.rows["Inventory"] if row["WarehouseCode"] == "WH2"}
    assert first["P04"] > 0
    places = read(both.source, Ask("stock.location", ("id", "code"), Compare("type", "eq", "warehouse")))
    for place in places:
        ask = Ask("product.product", ("code", "quantity"), options={"context": {"locations": [place["id"]]}})
        theirs = {record["code"]: record["quantity"] for record in read(both.source, ask)}
        mine = {r["ItemNumber"]: r["OnHand"] for r in both.rows["Inventory"] if r["WarehouseCode"] == place["code"]}
        assert mine == {code: theirs[code] for code in mine}


def test_open_amounts_add_up_to_what_parties_owe(both: Both) -> None:
    """In one currency, without payments under way: the party's own balance."""
    busy = {record["party.code"] for record in read(both.source, Ask("account.payment", ("party.code",)))}
    busy |= {row["CustomerNumber"] for row in both.rows["Invoices"] if row["Currency"] != "EUR"}
    compared = 0
    for customer in both.rows["Customers"]:
        number = customer["CustomerNumber"]
        invoices = [row for row in both.rows["Invoices"] if row["CustomerNumber"] == number]
        if number not in busy and invoices:
            assert sum(row["OpenAmount"] for row in invoices) == customer["Balance"], number
            compared += 1
    assert compared >= 2


def test_paid_invoices_are_cleared(both: Both) -> None:
    for row in both.rows["Invoices"]:
        if row["Status"] == "Paid":
            assert row["OpenAmount"] == 0
        assert row["NetAmount"] + row["TaxAmount"] == row["GrossAmount"]
    assert {"Open", "Paid"} <= {row["Status"] for row in both.rows["Invoices"]}
    assert any(row["GrossAmount"] < 0 for row in both.rows["Invoices"])
