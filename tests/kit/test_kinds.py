"""The kit over the kinds of ERPs behind HTTP, each with services of the tests that answer much, little and wrongly."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from erp_adapters.kit import Options, check
from erp_adapters.odata import source as odata_source
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.transport import Remote
from odata_server.auth import ANONYMOUS
from odata_server.execute import answering
from odata_server.messages import ODataRequest
from tests.adapters.odata import support
from tests.adapters.odata.test_law import UPSTREAMS
from tests.engine.small import DATA
from tests.engine.small import service as evaluator
from tests.properties.expressions import encoded
from tests.records.memory import MemorySource
from tests.records.shop import LINKS, METADATA, RECORDS, TYPES
from tests.records.test_law import ROWS

OPTIONS = Options(cases=15, engine=answering)


# --- records, whatever they come from ---------------------------------------------------------------------------------


class Punctual(MemorySource):
    """Keeps deadlines, as every source does that is more than a list."""

    def read(self, ask: Any, session: Any) -> Iterator[Any]:
        from erp_adapters.base import TimedOut

        if session.remaining() <= 0:
            raise TimedOut("no time is left")
        yield from super().read(ask, session)


@pytest.mark.parametrize("temper", [{}, {"able": False}])
def test_records_conform(temper: Mapping[str, Any]) -> None:
    adapter = RecordAdapter(Punctual(RECORDS, TYPES, LINKS, **temper), METADATA, "shop")
    check(adapter, METADATA, ROWS, OPTIONS)


def test_a_sample_of_records_conforms() -> None:
    adapter = RecordAdapter(Punctual(RECORDS, TYPES, LINKS), METADATA, "shop")
    check(adapter, METADATA, None, replace(OPTIONS, rows=8, sets=("Customers", "Invoices")))


# --- OData V4 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["announced", "business central", "no or, no functions"])
def test_odata_conforms(name: str) -> None:
    """A service of ours, and ones that refuse and ignore some of what they are asked."""
    limits, options = UPSTREAMS[name]
    metadata = support.published()
    with support.serving(**limits) as (url, *_):
        adapter = RecordAdapter(odata_source(Remote(url, options=options), {}), metadata, "odata")
        check(adapter, metadata, DATA, OPTIONS)
        adapter.close()


@pytest.mark.parametrize(
    ("entity_set", "condition"),
    [
        ("Customers", "Invoices/any(i:not contains(i/CustomerNumber,'_'))"),
        ("Customers", "not Invoices/any(i:contains(i/InvoiceNumber,'3'))"),
        ("Invoices", "contains(Customer/CustomerName,'A') and Customer/Country ne 'DE'"),
    ],
)
def test_a_condition_on_related_rows_that_is_refused_is_finished_at_once(entity_set: str, condition: str) -> None:
    """It had been left to the ERP, because nothing said that it would be refused."""
    limits, options = UPSTREAMS["no or, no functions"]
    key = "CustomerNumber" if entity_set == "Customers" else "InvoiceNumber"
    query = encoded(f"$filter={condition}\n$select={key}\n$count=true")
    request = ODataRequest("GET", entity_set, query)
    with support.serving(**limits) as (url, *_):
        found = support.service(url, options).handle(request, ANONYMOUS)
    expected = evaluator(options=support.OPTIONS).handle(request, ANONYMOUS)
    assert (found.status, found.body) == (expected.status, expected.body)
