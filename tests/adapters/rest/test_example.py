"""The complete example of ``docs/rest.md``, run against the small ERP; and queries of all kinds over it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_adapters.kit import Options, check
from odata_server.execute import answering
from odata_server.service import Service
from tests.adapters import pages
from tests.adapters.agreement import Rows, draw_query, evaluator, model_of, rows_of, same_answer
from tests.adapters.rest.erp import Erp
from tests.adapters.upstream import listening
from tests.engine.small import ask, get
from tests.profiles import examples

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


@pytest.fixture(scope="module")
def rows(service: Service) -> Rows:
    return rows_of(service.adapter, service.metadata)


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
    return {"evaluator": evaluator(service.metadata, rows), "rest": service}


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_random_queries(services: Mapping[str, Service], rows: Rows, data: st.DataObject) -> None:
    same_answer(services, *draw_query(data, model_of(services["rest"].metadata, rows)))


def test_the_adapter_does_what_it_declares(service: Service, rows: Rows) -> None:
    outcomes = check(service.adapter, service.metadata, rows, Options(cases=60, engine=answering))
    assert sum(outcome.tried for outcome in outcomes if outcome.check == "conditions") > 60


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
        same_answer(services, "Invoices", (query + rest).replace("&$", "\n$"))
