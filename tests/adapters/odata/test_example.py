"""The complete example of ``docs/odata-upstream.md``, run against a stand-in with Business Central's names and limits."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_adapters.kit import Options, check
from odata_server.execute import answering
from odata_server.service import Service
from tests.adapters import pages
from tests.adapters.agreement import Rows, draw_query, evaluator, model_of, rows_of, same_answer
from tests.adapters.odata import business_central
from tests.adapters.odata.support import Limited
from tests.adapters.upstream import listening
from tests.engine.small import ask
from tests.profiles import examples

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
def rows(opened: tuple[Service, Limited]) -> Rows:
    return rows_of(opened[0].adapter, opened[0].metadata)


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_random_queries(opened: tuple[Service, Limited], rows: Rows, data: st.DataObject) -> None:
    metadata = opened[0].metadata
    services = {"evaluator": evaluator(metadata, rows), "odata": opened[0]}
    same_answer(services, *draw_query(data, model_of(metadata, rows)))


def test_the_adapter_does_what_it_declares(opened: tuple[Service, Limited], rows: Rows) -> None:
    outcomes = check(opened[0].adapter, opened[0].metadata, rows, Options(cases=60, engine=answering))
    assert sum(outcome.tried for outcome in outcomes if outcome.check == "conditions") > 60
