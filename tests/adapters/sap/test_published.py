"""The published service over `mock-sap`: the answers of the evaluator over all of its data, in as few calls as can be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from erp_adapters.base import Adapter, Validates
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sap import connect
from erp_adapters.transport import Remote
from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.service import Service, ServiceOptions
from tests.adapters.agreement import Rows, rows_of
from tests.adapters.sap.conftest import MockSap, start_mock
from tests.adapters.sap.shown import METADATA
from tests.engine.small import NOW, SECRET
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, encoded, orders
from tests.salesforce.conversation import differing, unlike

OPTIONS = ServiceOptions(deadline=60)


@dataclass(frozen=True)
class Both:
    """The service over SAP, the same over the evaluator, and what both of them hold."""

    mock: MockSap
    adapter: Adapter
    services: Mapping[str, Service]
    model: Model
    rows: Rows

    def ask(self, path: str, query: str = "") -> ODataResponse:
        return self.services["sap"].handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS)

    def value(self, path: str, query: str = "") -> Any:
        """Values or the entity, the same from both."""
        answers = {
            name: service.handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS)
            for name, service in self.services.items()
        }
        bodies = {name: json.loads(bytes(answer.body), parse_float=Decimal) for name, answer in answers.items()}
        for body in bodies.values():
            body.pop("@odata.nextLink", None)
        assert bodies["sap"] == bodies["evaluator"]
        assert answers["sap"].status == 200, bodies["sap"]
        return bodies["sap"].get("value", bodies["sap"])

    def calls(self, path: str, query: str = "") -> int:
        """Questions for records that it takes."""
        before = self._asked()
        answer = self.ask(path, query)
        assert answer.status == 200, bytes(answer.body)
        return self._asked() - before

    def _asked(self) -> int:
        found = json.loads(self.mock.control("requests?limit=100000", method="GET"))
        return sum("$metadata" not in one["path"] for one in found["results"] if "/sap/opu/" in one["path"])


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    mock, process = start_mock()
    adapter = connect(Remote(mock.url, options={"client": "100", "language": "EN"}), METADATA, "sap")
    rows = rows_of(adapter, METADATA)
    samples = {
        name: {key: list(dict.fromkeys(row[key] for row in found if row[key] is not None)) for key in found[0]}
        for name, found in rows.items()
    }
    adapters: Mapping[str, Adapter] = {"sap": adapter, "evaluator": MemoryAdapter(METADATA, rows)}
    services = {name: Service(METADATA, one, (SECRET,), OPTIONS, clock=lambda: NOW) for name, one in adapters.items()}
    yield Both(mock, adapter, services, Model(METADATA, samples), rows)
    process.kill()
    process.wait(10)


def test_the_catalog_fits(both: Both) -> None:
    assert isinstance(both.adapter, Validates)
    assert list(both.adapter.faults(METADATA)) == []
    assert list(both.adapter.lacks(METADATA)) == []


@pytest.mark.property
@examples(120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_random_queries(both: Both, data: st.DataObject) -> None:
    """Filters, orders, slices, counts: the bytes of the evaluator's answer."""
    entity_set = data.draw(st.sampled_from(METADATA.sets))
    lines = [f"$filter={data.draw(conditions(both.model, entity_set))}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(both.model, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    request = ODataRequest("GET", entity_set.name, encoded("\n".join(lines)))
    answers = {name: service.handle(request, ANONYMOUS) for name, service in both.services.items()}
    found = {name: (answer.status, bytes(answer.body)) for name, answer in answers.items()}
    assert found["sap"] == found["evaluator"], lines


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("SalesOrders", ""),
        ("SalesOrders", "$orderby=NetAmount desc&$top=3"),
        ("SalesOrders", "$filter=Status eq 'Confirmed' and NetAmount gt 50000&$count=true"),
        ("SalesOrders", "$filter=contains(CustomerPONumber,'503')"),
        ("SalesOrders", "$filter=PricingDate eq null&$count=true&$top=2"),
        ("SalesOrders", "$filter=CustomerNumber in ('1000006','1000008','1000001')&$expand=Customer,Lines"),
        ("SalesOrders", "$filter=Customer/City eq 'Berlin'"),
        ("SalesOrders", "$filter=Lines/any(l:l/Quantity gt 20)"),
        ("SalesOrders", "$search=PO"),
        ("SalesOrders('0000004712')", ""),
        ("SalesOrders('0000004712')/Lines", "$orderby=LineNumber desc"),
        ("SalesOrders('0000004712')/Customer", ""),
        ("SalesOrderLines('0000004712~000010')", ""),
        ("SalesOrderLines", "$orderby=SalesOrderLineKey desc&$top=5"),
        ("SalesOrderLines", "$filter=SalesOrderLineKey gt '0000004715~000010'&$top=5"),
        ("SalesOrderLines", "$apply=groupby((ItemNumber),aggregate(NetAmount with sum as Total))&$orderby=ItemNumber"),
        ("Customers", "$orderby=OpenAmount desc&$top=3&$expand=Invoices,SalesOrders"),
        ("Customers", "$filter=IsSupplier&$count=true"),
        ("Shipments", "$filter=Status ne 'Planned' and ShipDate ge 2025-01-01&$orderby=ShipDate,ShipmentNumber"),
        ("Invoices", "$filter=NetAmount gt 0 and DueDate lt 2026-11-28&$orderby=DueDate"),
        ("Invoices", "$filter=InvoiceType eq 'CreditMemo'"),
    ],
)  # fmt: skip
def test_questions(both: Both, path: str, query: str) -> None:
    both.value(path, query.replace("&$", "\n$"))


def test_pages_follow_each_other(both: Both) -> None:
    """By key, a call each."""
    seen: list[str] = []
    query = "$select=SalesOrderNumber"
    while True:
        answer = both.services["sap"].handle(
            ODataRequest("GET", "SalesOrders", encoded(query), Headers({"Prefer": "odata.maxpagesize=7"})), ANONYMOUS
        )
        body = json.loads(bytes(answer.body))
        seen += [row["SalesOrderNumber"] for row in body["value"]]
        link = body.get("@odata.nextLink")
        if link is None:
            break
        query = "\n".join(link.partition("?")[2].split("&"))
    assert seen == sorted(both.model.samples["SalesOrders"]["SalesOrderNumber"])


def test_values(both: Both) -> None:
    """As SAP shows them: words for codes, exact amounts, days, null for empty texts, what belongs from elsewhere."""
    order = both.value("SalesOrders('0000004712')")
    assert {name: order[name] for name in ("Status", "NetAmount", "OrderDate", "Reference", "CustomerName")} == {
        "Status": "Confirmed",
        "NetAmount": Decimal("24786.720"),
        "OrderDate": "2025-08-30",
        "Reference": None,
        "CustomerName": both.value("Customers('1000006')")["CustomerName"],
    }
    invoice = both.value("Invoices('0090000001')")
    assert (invoice["OpenAmount"], invoice["DueDate"]) == (Decimal("29496.200"), "2025-10-11")
    customer = both.value("Customers('1000006')")
    assert customer["Orders"] == len(both.value("Customers('1000006')/SalesOrders"))
    assert customer["OpenAmount"] == sum(row["OpenAmount"] for row in both.value("Customers('1000006')/Invoices"))


DETAIL = "SalesOrders($select=SalesOrderNumber),Shipments($select=ShipmentNumber),Invoices($select=InvoiceNumber)"
LIST = "$select=SalesOrderNumber,Status,OrderDate,NetAmount,CustomerNumber\n$top=26\n$count=true"


@pytest.mark.parametrize(
    ("path", "query", "most"),
    [
        ("SalesOrders", LIST, 1),
        ("SalesOrders", f"{LIST}\n$orderby=OrderDate desc", 1),
        ("SalesOrders", f"{LIST}\n$filter=Status eq 'Confirmed' and NetAmount gt 1000", 1),
        ("SalesOrders", f"{LIST}\n$filter=CustomerNumber eq '1000006'", 1),
        ("SalesOrders", f"{LIST}\n$filter=Status eq 'None' and NetAmount eq 0.00001", 0),
        ("SalesOrderLines", "$filter=SalesOrderNumber eq '0000004712'\n$top=26\n$count=true", 1),
        ("SalesOrders('0000004712')/Lines", "", 2),  # whether there is such an order is asked, too
        ("SalesOrderLines('0000004712~000010')", "", 1),
        ("Customers", f"$filter=CustomerNumber eq '1000006'\n$select=CustomerName,Kind,Blocked\n$expand={DETAIL}", 4),
        ("SalesOrders", f"{LIST}\n$expand=Lines($select=LineNumber,Quantity)", 2),
    ],
)  # fmt: skip
def test_calls(both: Both, path: str, query: str, most: int) -> None:
    """A list is a call, a related list another one, a page with three of them four."""
    both.ask(path, query)
    assert both.calls(path, query) <= most


def test_a_detail_page_with_three_related_lists(both: Both) -> None:
    """As Salesforce asks for it: the record by its id, and each list by itself."""
    requests = [
        (
            "Customers",
            "$filter=CustomerNumber eq '1000006'\n$select=CustomerNumber,CustomerName,Kind,Blocked,Since\n$top=2",
        ),
        ("SalesOrders", f"{LIST}\n$filter=CustomerNumber eq '1000006'\n$top=6".replace("$top=26\n", "")),
        (
            "Shipments",
            "$filter=CustomerNumber eq '1000006'\n$select=ShipmentNumber,Status,ShipDate\n$top=6\n$count=true",
        ),
        (
            "Invoices",
            "$filter=CustomerNumber eq '1000006'\n$select=InvoiceNumber,InvoiceDate,NetAmount\n$top=6\n$count=true",
        ),
    ]
    assert sum(both.calls(path, query) for path, query in requests) == 4


def test_the_requests_of_salesforce(both: Both) -> None:
    wrong = differing(METADATA, both.rows, both.services["sap"], both.services["evaluator"])
    assert not wrong, "\n".join(wrong[:5])


def test_pages_and_soql_of_salesforce(both: Both) -> None:
    wrong = unlike(METADATA, both.rows, both.services["sap"], both.services["evaluator"])
    assert not wrong, "\n".join(wrong[:5])
