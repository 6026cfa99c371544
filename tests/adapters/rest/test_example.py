"""The complete example of ``docs/rest.md``, run against the small ERP; and queries of all kinds over it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
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
from tests.adapters.rest.erp import Erp
from tests.adapters.upstream import listening
from tests.engine.small import NOW, SECRET, ask, get
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, encoded, orders

PAGE = "rest.md"


@pytest.fixture(scope="module")
def erp() -> Erp:
    return Erp()


@pytest.fixture(scope="module")
def service(erp: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    key: Path = tmp_path_factory.mktemp("secrets") / "erp-key"
    key.write_text(f"{erp.key}\n")
    with listening(lambda url: erp) as url:
        found = pages.service(
            PAGE, "rest", url=url, token_file=str(key), options={"calls_per_second": 1000, "burst": 10}
        )
        yield found
        found.adapter.close()  # type: ignore[attr-defined]


@pytest.fixture
def calls(erp: Erp) -> list[str]:
    erp.calls.clear()
    return erp.calls


Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows(service: Service) -> Rows:
    found: dict[str, list[dict[str, Any]]] = {}
    for entity_set in service.metadata.sets:
        names = entity_set.type.names
        page = service.adapter.read(Query(entity_set.name, names), Session())
        found[entity_set.name] = [dict(zip(names, row, strict=True)) for part in page for row in part.rows]
    return found


def test_the_catalog_names_what_there_is(service: Service) -> None:
    assert list(service.adapter.lacks(service.metadata)) == []  # type: ignore[attr-defined]


def test_the_call_that_the_page_shows(service: Service, calls: list[str]) -> None:
    query = (
        "$filter=Status eq 'Open' and InvoiceDate ge 2026-03-01&$orderby=InvoiceDate desc&$top=26&$select=InvoiceNumber"
    )
    ask(service, "Invoices", query)
    assert calls == ["/v1/invoices?status=open,Open&from=2026-03-01&sort=-date,number&per_page=26&page=1"]
    assert (
        "GET v1/invoices?status=open,Open&from=2026-03-01&sort=-date,number&per_page=26&page=1"
        in (pages.DOCS / PAGE).read_text()
    )


def test_one_record_is_one_call(service: Service, calls: list[str]) -> None:
    assert ask(service, "Invoices('R-0007')", "")["InvoiceNumber"] == "R-0007"
    assert calls == ["/v1/invoices/R-0007"]
    assert get(service, "Invoices('R-9999')").status == 404


def test_related_records_are_one_call_for_all(service: Service, calls: list[str]) -> None:
    found = ask(service, "Invoices", "$top=20&$expand=Customer&$select=InvoiceNumber,CustomerNumber")["value"]
    assert len(found) == 20
    assert all(
        (row["Customer"] or {"CustomerNumber": None})["CustomerNumber"] == row["CustomerNumber"] for row in found
    )
    assert len(calls) == 2


def test_a_related_list_is_one_call(service: Service, calls: list[str]) -> None:
    ask(service, "Invoices", "$filter=CustomerNumber eq '7'&$select=InvoiceNumber&$top=5&$count=true")
    assert len(calls) == 1
    assert "customer=7" in calls[0]


@pytest.fixture(scope="module")
def services(service: Service, rows: Rows) -> Mapping[str, Service]:
    evaluator = MemoryAdapter(service.metadata, rows)
    return {
        "evaluator": Service(service.metadata, evaluator, (SECRET,), ServiceOptions(), clock=lambda: NOW),
        "rest": service,
    }


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_random_queries(services: Mapping[str, Service], rows: Rows, data: st.DataObject) -> None:
    metadata = services["rest"].metadata
    samples = {
        s.name: {
            name: list(dict.fromkeys(r[name] for r in rows[s.name] if r[name] is not None))[:30]
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
    assert (answers["rest"].status, answers["rest"].body) == (answers["evaluator"].status, answers["evaluator"].body), (
        lines
    )


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Status eq 'Paid'", "$filter=Status in ('Paid','Cancelled') and GrossAmount gt 100.5", "$filter=Status ne 'Open'",
        "$filter=Status eq 'in progress'", "$filter=CustomerNumber eq '7'", "$filter=CustomerNumber eq null",
        "$filter=CustomerNumber eq 'seven'", "$filter=InvoiceDate gt 2026-02-01 and InvoiceDate le 2026-04-30",
        "$filter=year(InvoiceDate) eq 2026 and month(InvoiceDate) eq 3", "$filter=InvoiceDate eq 2026-03-04",
        "$filter=GrossAmount lt 0", "$filter=GrossAmount ge 100 and GrossAmount ge 5000", "$filter=DueDate eq null",
        "$filter=ChangedAt gt 2026-05-01T00:00:00Z", "$filter=InvoiceNumber gt 'R-0150'", "$filter=InvoiceNumber eq 'R-0001'",
        "$filter=InvoiceNumber in ('R-0001','R-0002','R-0003','R-0004')", "$filter=Customer/City eq 'Bonn'",
        "$filter=Customer/Blocked", "$filter=Status eq 'Open' or GrossAmount lt 0", "$orderby=DueDate desc",
        "$orderby=GrossAmount desc", "$orderby=InvoiceDate,GrossAmount", "$filter=startswith(InvoiceNumber,'R-01')",
    ],
)  # fmt: skip
def test_queries(services: Mapping[str, Service], query: str) -> None:
    for rest in ("&$count=true", "&$top=7", "&$top=5&$skip=3&$count=true"):
        request = ODataRequest("GET", "Invoices", encoded((query + rest).replace("&$", "\n$")))
        answers = {name: found.handle(request, ANONYMOUS) for name, found in services.items()}
        assert answers["evaluator"].status == 200
        assert answers["rest"].body == answers["evaluator"].body
