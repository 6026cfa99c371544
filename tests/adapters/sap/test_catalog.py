"""The built-in catalog for S/4HANA: the names of the demo's, what SAP has for them, and what comes out of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edm.declare import load_directory
from edm.query import Query
from erp_adapters.base import Adapter, Session, Validates
from erp_adapters.memory import MemoryAdapter
from erp_adapters.records.section import parse
from erp_adapters.sap import connect, names, services
from erp_adapters.transport import Remote
from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.adapters.agreement import named_alike
from tests.adapters.sap.gateway import running
from tests.adapters.sap.s4 import ENTITIES, system
from tests.adapters.sap.test_descriptions import NAMES, described
from tests.engine.small import NOW, SECRET
from tests.profiles import USUAL, examples
from tests.properties.expressions import Model, conditions, encoded, orders
from tests.salesforce.conversation import differing

METADATA = load_directory(files("erp_adapters.sap") / "catalog")
DEMO = load_directory(files("erp_adapters") / "catalog")


@pytest.mark.parametrize("name", [entity_set.name for entity_set in METADATA.sets])
def test_names_are_those_of_the_demo(name: str) -> None:
    named_alike(METADATA[name], DEMO[name])


@pytest.mark.parametrize("service", NAMES)
def test_real_descriptions_have_all_that_it_names(service: str) -> None:
    found = described(service)
    wanted = service.replace("_0002", ";v=2")
    missing = []
    for entity_set in METADATA.sets:
        mapping, _ = parse(entity_set, "sap", frozenset())
        assert mapping is not None
        for key, entity, field in mapping.named():
            place, name = names.split(entity) or ("", "")
            if place == wanted and (name not in found.sets or found.path(found.sets[name].shape, field) is None):
                missing.append((entity_set.name, key, field))
    assert missing == []


Found = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Served:
    """The catalog over a small S/4HANA and over the evaluator, and all rows."""

    adapter: Adapter
    rows: Found
    services: Mapping[str, Service]
    model: Model


@pytest.fixture(scope="module", params=[100, 5])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A system that cuts its answers in pages of many records or of few."""
    with running(system(request.param)) as gateway:
        adapter = connect(Remote(gateway.url, options={"client": "100", "window": 7}), METADATA, "sap")
        rows = {entity_set.name: _rows(adapter, entity_set.name) for entity_set in METADATA.sets}
        adapters = {"sap": adapter, "evaluator": MemoryAdapter(METADATA, rows)}
        options = ServiceOptions(deadline=60)
        both = {name: Service(METADATA, one, (SECRET,), options, clock=lambda: NOW) for name, one in adapters.items()}
        samples = {
            name: {key: list(dict.fromkeys(row[key] for row in found if row[key] is not None)) for key in found[0]}
            for name, found in rows.items()
        }
        yield Served(adapter, rows, both, Model(METADATA, samples))


def _rows(adapter: Adapter, name: str) -> list[dict[str, Any]]:
    columns = METADATA[name].type.names
    pages = adapter.read(Query(name, columns), Session())
    return [dict(zip(columns, row, strict=True)) for page in pages for row in page.rows]


def test_it_fits(served: Served) -> None:
    adapter = served.adapter
    assert isinstance(adapter, Validates)
    assert list(adapter.faults(METADATA)) == []
    assert list(adapter.lacks(METADATA)) == []
    assert set(services(METADATA, "sap")) == set(ENTITIES)


def by_key(found: Found, name: str) -> dict[str, dict[str, Any]]:
    return {row[METADATA[name].type.key]: row for row in found[name]}


def test_customers(served: Served) -> None:
    rows = by_key(served.rows, "Customers")
    first, second = rows["17100001"], rows["17100002"]
    assert (first["CustomerName"], first["CustomerName2"], first["City"]) == ("Müller & Söhne", "KG", "Ulm")
    assert (first["OrderBlock"], second["OrderBlock"], second["City"]) == (False, True, None)
    assert {row["CustomerNumber"]: row["Status"] for row in rows.values()}["17100004"] == "Retired"


def test_stock_is_a_row_per_item_and_plant(served: Served) -> None:
    rows = by_key(served.rows, "Inventory")
    assert set(rows) == {"PUMP-7~1710", "PUMP-7~1720", "GREASE~1710"}
    names_ = ("OnHand", "InQuality", "BlockedStock", "InTransit", "ItemName")
    assert [rows["PUMP-7~1710"][name] for name in names_] == [Decimal("12.5"), 2, 1, 0, "Pump-7 EN"]
    assert [rows["PUMP-7~1720"][name] for name in names_] == [0, 0, 0, 3, "Pump-7 EN"]
    assert rows["GREASE~1710"]["OnHand"] == -4


def test_orders_and_their_lines(served: Served) -> None:
    orders_, lines = by_key(served.rows, "SalesOrders"), by_key(served.rows, "SalesOrderLines")
    assert {n: row["DeliveryStatus"] for n, row in orders_.items()} == {
        "1": "NotRelevant", "2": "NotDelivered", "1000": "Delivered", "900": "NotRelevant",
    }  # fmt: skip
    assert [orders_[n]["DeliveryBlock"] for n in ("1", "1000")] == [False, True]
    assert [orders_[n]["CreditStatus"] for n in ("1", "2", "1000")] == ["NotChecked", "OnHold", "Approved"]
    assert orders_["2"]["CustomerName"] == "O'Neill Pumps"
    line = lines["0000000001~000030"]
    assert (line["SalesOrderNumber"], line["LineNumber"], line["CustomerNumber"]) == ("1", 30, "17100001")
    assert (line["ConfirmedQuantity"], line["OpenQuantity"]) == (1, Decimal(1))


def test_invoices(served: Served) -> None:
    """The sign of credit memos, what is owed after a payment in part, cancellations, instalments."""
    rows = by_key(served.rows, "Invoices")
    assert "90000005" not in rows  # a pro forma invoice
    assert {n: (row["InvoiceType"], row["Status"]) for n, row in rows.items()} == {
        "90000000": ("Invoice", "Open"),
        "90000001": ("CreditMemo", "Open"),
        "90000002": ("Invoice", "Cancelled"),
        "90000003": ("Cancellation", "Paid"),
        "90000004": ("Invoice", "PartiallyPaid"),
    }
    assert {n: (row["GrossAmount"], row["OpenAmount"]) for n, row in rows.items()} == {
        "90000000": (1190, 990),
        "90000001": (-119, -119),
        "90000002": (595, 0),
        "90000003": (-595, 0),
        "90000004": (800, 800),
    }
    first = rows["90000000"]
    assert (str(first["DueDate"]), first["DunningLevel"], first["PaymentBlock"]) == ("2026-02-20", 2, True)
    assert rows["90000003"]["CreditedInvoiceNumber"] == "90000002"
    line = by_key(served.rows, "InvoiceLines")["0090000001~000010"]
    assert (line["Quantity"], line["NetAmount"]) == (-1, -50)
    assert (line["SalesOrderLineKey"], line["ShipmentLineKey"]) == ("0000000001~000010", "0080000000~000010")
    assert line["SalesOrderLineKey"] in by_key(served.rows, "SalesOrderLines")
    assert line["ShipmentLineKey"] in by_key(served.rows, "ShipmentLines")


def test_payments(served: Served) -> None:
    rows = by_key(served.rows, "Payments")
    assert set(rows) == {f"2026~140000000{at}~001~1710" for at in (1, 2, 3)}
    assert [(row["PaymentType"], row["Status"], row["Amount"], row["UnappliedAmount"]) for row in rows.values()] == [
        ("Receipt", "Cleared", 200, 200),
        ("Receipt", "Cleared", Decimal("10.5"), None),
        ("Refund", "Reversed", -3, None),
    ]


def test_assets_are_their_current_slice(served: Served) -> None:
    rows = by_key(served.rows, "Assets")
    assert {n: row["Status"] for n, row in rows.items()} == {
        "10000001": "Installed", "10000002": "InStock", "FORK-LIFT": "Scrapped",
    }  # fmt: skip
    first = rows["10000001"]
    assert (first["CustomerNumber"], str(first["WarrantyEnd"]), first["ConstructionYear"]) == (
        "17100001",
        "2027-01-02",
        2019,
    )


@pytest.mark.property
@examples(60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_random_queries(served: Served, data: st.DataObject) -> None:
    """The evaluator's answers, with ABAP's rules behind: cut zeros, capitals, no nulls, sets that cannot be filtered."""
    model = served.model
    entity_set = data.draw(st.sampled_from(METADATA.sets))
    lines = [f"$filter={data.draw(conditions(model, entity_set))}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(model, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    request = ODataRequest("GET", entity_set.name, encoded("\n".join(lines)))
    answers = {name: service.handle(request, ANONYMOUS) for name, service in served.services.items()}
    found = {name: (answer.status, bytes(answer.body)) for name, answer in answers.items()}
    assert found["sap"] == found["evaluator"], lines


def test_the_requests_of_salesforce(served: Served) -> None:
    """Some of thousands, all of them in a longer profile."""
    every = 1 if settings().max_examples > USUAL else 3
    wrong = differing(METADATA, served.rows, served.services["sap"], served.services["evaluator"], every=every)
    assert not wrong, "\n".join(wrong[:5])


def test_lines_are_sorted_and_continued_by_sap(served: Served) -> None:
    """Their key is written with zeros, as ABAP compares its parts."""
    service = served.services["sap"]
    seen: list[str] = []
    query = "$select=SalesOrderLineKey"
    while True:
        headers = Headers({"Prefer": "odata.maxpagesize=4"})
        answer = service.handle(ODataRequest("GET", "SalesOrderLines", encoded(query), headers), ANONYMOUS)
        body = json.loads(bytes(answer.body))
        seen += [row["SalesOrderLineKey"] for row in body["value"]]
        if "@odata.nextLink" not in body:
            break
        query = "\n".join(body["@odata.nextLink"].partition("?")[2].split("&"))
    assert seen == sorted(row["SalesOrderLineKey"] for row in served.rows["SalesOrderLines"])
