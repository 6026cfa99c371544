"""The law: whatever a V4 service answers by itself, the service that publishes it gives the answer of the evaluator."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_server.service import Service
from tests.adapters import agreement
from tests.adapters.agreement import draw_query
from tests.adapters.odata import support
from tests.engine.small import METADATA, model
from tests.engine.small import service as evaluator
from tests.profiles import examples

MODEL = model()
#: What stands upstream, and how it is configured.
UPSTREAMS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "announced": ({"plain": False}, {"profile": "erp-odata"}),
    "unannounced": ({}, {}),
    "business central": (
        {"apart": True, "ignores": [r"/any\("], "refuses": {r" in \(|tolower|Customer/": (400, "not supported")}},
        {"profile": "business-central", "empty_is_null": False},
    ),
    "business central, unconfigured": (
        {"apart": True, "ignores": [r"/any\("], "refuses": {r" in \(|tolower|Customer/": (400, "not supported")}},
        {},
    ),
    "no or, no functions": (
        {"plain": False, "refuses": {r" or |contains|with\(|tolower| in ": (501, "not implemented")}},
        {},
    ),
    "no comparison of one field": ({"refuses": {r"Amount": (400, "Amount is not filterable")}}, {}),
    "liar": ({"ignores": [r"CustomerNumber|Country|year"]}, {}),
}


@pytest.fixture(scope="module")
def services() -> Iterator[Mapping[str, Service]]:
    opened = {name: support.serving(**limits) for name, (limits, _) in UPSTREAMS.items()}
    urls = {name: context.__enter__()[0] for name, context in opened.items()}
    found = {name: support.service(urls[name], options) for name, (_, options) in UPSTREAMS.items()}
    yield {"evaluator": evaluator(options=support.OPTIONS), **found}
    for name, service in found.items():
        support.upstream(service).close()
        opened[name].__exit__(None, None, None)


def same_answer(services: Mapping[str, Service], path: str, query: str) -> None:
    agreement.same_answer(services, path, query, liars=["liar"])


@pytest.mark.property
@examples(60)
@given(data=st.data())
def test_random_queries(services: Mapping[str, Service], data: st.DataObject) -> None:
    same_answer(services, *draw_query(data, MODEL))


CONDITIONS = (
    ("Invoices", "Amount gt 1.5"), ("Invoices", "Amount eq null"), ("Invoices", "Amount ne 0.5"),
    ("Invoices", "not (Amount gt 1.5)"), ("Invoices", "DueDate lt 2026-05-01"), ("Invoices", "DueDate ne 2026-05-28"),
    ("Invoices", "PostedAt ge 2026-01-05T10:00:00.005Z"), ("Invoices", "PostedAt eq 2026-01-01T07:00:00.001Z"),
    ("Invoices", "PostedAt le 2026-01-01T07:00:00.001Z"), ("Invoices", "PostedAt ne 2026-01-01T07:00:00.001Z"),
    ("Invoices", "year(DueDate) eq 2026"), ("Invoices", "InvoiceNumber in ('I001','I002','I003')"),
    ("Invoices", "Amount gt 1.5 or Positions eq 2"), ("Invoices", "CustomerNumber eq 'C01' or CustomerNumber eq null"),
    ("Invoices", "not (CustomerNumber in ('C01','C02'))"), ("Invoices", "startswith(InvoiceNumber,'I04')"),
    ("Invoices", "Customer/Country eq 'DE'"), ("Invoices", "Customer/Country ne 'DE'"),
    ("Invoices", "Customer/Visits eq null"), ("Invoices", "Customer/Blocked"), ("Invoices", "not Customer/Blocked"),
    ("Customers", "contains(CustomerName,'%')"), ("Customers", "contains(CustomerName,'''')"),
    ("Customers", "not contains(CustomerName,'A')"), ("Customers", "CustomerName eq ''"),
    ("Customers", "CustomerName ne 'ACME'"), ("Customers", "contains(tolower(CustomerName),'a')"),
    ("Customers", "endswith(CustomerName,'😀B')"), ("Customers", "CustomerName gt 'B'"), ("Customers", "Blocked"),
    ("Customers", "Invoices/any()"), ("Customers", "not Invoices/any()"), ("Customers", "Invoices/any(i:i/Amount gt 3)"),
    ("Customers", "Invoices/all(i:i/Amount lt 3)"), ("Customers", "Invoices/any(i:i/DueDate eq null)"),
    ("Customers", "Country in ('DE',null) and Visits gt 2"), ("Customers", "CustomerName eq 'O''Neil & Söhne'"),
)  # fmt: skip


@pytest.mark.parametrize(("entity_set", "condition"), CONDITIONS)
def test_conditions(services: Mapping[str, Service], entity_set: str, condition: str) -> None:
    key = METADATA[entity_set].type.key
    for rest in ("", f"\n$top=3\n$orderby={key} desc", "\n$top=5\n$skip=2\n$select=" + key):
        same_answer(services, entity_set, f"$filter={condition}\n$count=true{rest}")


def test_a_single_row(services: Mapping[str, Service]) -> None:
    same_answer(services, "Invoices('I017')", "$expand=Customer")
    same_answer(services, "Invoices('nothing')", "")
    same_answer(services, "Customers('C03')/Invoices", "$orderby=Amount desc\n$top=3")


def test_many_at_once_while_refusals_are_learned() -> None:
    """What one of them finds out to be refused the others may have asked meanwhile."""
    limits, options = UPSTREAMS["business central, unconfigured"]
    with support.serving(**limits) as (url, _):
        found = support.service(url, options)
        services = {"evaluator": evaluator(options=support.OPTIONS), "odata": found}

        def ask(case: tuple[str, str]) -> None:
            agreement.same_answer(services, case[0], f"$filter={case[1]}\n$count=true\n$top=4")

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(ask, case) for case in CONDITIONS * 2]:
                done.result()
        support.upstream(found).close()
