"""The complete example of ``docs/odata-upstream.md``, run against a stand-in with Business Central's names and limits."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.query import Query
from erp_adapters.base import Session
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.adapters import pages
from tests.adapters.odata import business_central
from tests.adapters.odata.support import Limited
from tests.adapters.upstream import listening
from tests.engine.small import NOW, SECRET, ask
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, encoded, orders

PAGE = "odata-upstream.md"
NO_SIGN_IN = dict.fromkeys(("token_url", "client_id", "client_secret_file", "scope"))


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Service, Limited]]:
    made: list[Limited] = []

    def make(url: str) -> Limited:
        made.append(business_central.service(url))
        return made[0]

    with listening(make) as url:
        found = pages.service(PAGE, "odata", url=f"{url}/odata/v4", **NO_SIGN_IN)
        yield found, made[0]
        found.adapter.close()  # type: ignore[attr-defined]


@pytest.fixture
def service(opened: tuple[Service, Limited]) -> Service:
    opened[1].asked.clear()
    return opened[0]


@pytest.fixture
def asked(opened: tuple[Service, Limited]) -> list[str]:
    return opened[1].asked


def test_the_catalog_names_what_there_is(service: Service) -> None:
    assert list(service.adapter.lacks(service.metadata)) == []  # type: ignore[attr-defined]


def test_a_list_view_is_one_call(service: Service, asked: list[str]) -> None:
    body = ask(
        service, "Invoices", "$filter=Status eq 'Open'&$orderby=DueDate desc&$top=5&$select=InvoiceNumber,CustomerName"
    )
    assert len(body["value"]) == 5
    assert len(asked) == 1
    assert "$filter=status eq 'Open'&" in asked[0]
    assert "$expand=customer($select=displayName)" in asked[0]


def test_computed_fields_are_finished_here(service: Service, asked: list[str]) -> None:
    body = ask(service, "Invoices", "$filter=OpenAmount gt 500 and Status eq 'Open'&$count=true&$select=OpenAmount")
    expected = [
        r for r in business_central.DATA["salesInvoices"] if r["remainingAmount"] > 500 and r["status"] == "Open"
    ]
    assert body["@odata.count"] == len(expected) > 0
    assert all("$filter=status eq 'Open'&" in call for call in asked)


def test_what_there_is_none_of(service: Service) -> None:
    body = ask(service, "Invoices", "$filter=DueDate eq null&$count=true&$top=1&$select=DueDate")
    assert body["@odata.count"] == sum(r["dueDate"].year == 1 for r in business_central.DATA["salesInvoices"])
    assert [row["DueDate"] for row in body["value"]] == [None]
    body = ask(service, "Customers", "$filter=CustomerName eq null or CustomerName eq 'Adatum'&$count=true&$top=0")
    assert body["@odata.count"] == sum(r["displayName"] in ("", "Adatum") for r in business_central.DATA["customers"])


@pytest.fixture(scope="module")
def services(opened: tuple[Service, Limited]) -> Mapping[str, Service]:
    over = opened[0]
    rows: dict[str, list[dict[str, Any]]] = {}
    for entity_set in over.metadata.sets:
        names = entity_set.type.names
        page = over.adapter.read(Query(entity_set.name, names), Session())
        rows[entity_set.name] = [dict(zip(names, row, strict=True)) for part in page for row in part.rows]
    evaluator = MemoryAdapter(over.metadata, rows)
    return {
        "evaluator": Service(over.metadata, evaluator, (SECRET,), ServiceOptions(), clock=lambda: NOW),
        "odata": over,
    }


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_random_queries(services: Mapping[str, Service], data: st.DataObject) -> None:
    metadata = services["odata"].metadata
    memory: Any = services["evaluator"].adapter
    samples = {
        s.name: {
            name: list(dict.fromkeys(row[name] for row in memory._data[s.name] if row[name] is not None))[:30]
            for name in s.type.names
        }
        for s in metadata.sets
    }
    model = Model(metadata, samples)
    entity_set = data.draw(st.sampled_from(metadata.sets))
    lines = [f"$filter={data.draw(conditions(model, entity_set))}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(model, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    request = ODataRequest("GET", entity_set.name, encoded("\n".join(lines)))
    answers = {name: found.handle(request, ANONYMOUS) for name, found in services.items()}
    expected = (answers["evaluator"].status, answers["evaluator"].body)
    assert (answers["odata"].status, answers["odata"].body) == expected, lines
