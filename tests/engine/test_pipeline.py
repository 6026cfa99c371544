"""The engine finishes whatever a source declines: capable or not, the answer is the same."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from odata_server.service import ServiceOptions
from tests.engine.small import METADATA, get, model, service
from tests.profiles import examples
from tests.properties.expressions import conditions, encoded, orders

CAPABLE, INCAPABLE = service(), service(capable=False)


@examples(300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_engine_finishes_what_the_source_declines(data: st.DataObject) -> None:
    entity_set = METADATA[data.draw(st.sampled_from(("Customers", "Invoices")))]
    small = model()
    options = [
        f"$filter={data.draw(conditions(small, entity_set))}",
        f"$orderby={data.draw(orders(small, entity_set))}",
        f"$top={data.draw(st.integers(0, 30))}",
        f"$skip={data.draw(st.integers(0, 5))}",
        "$count=true",
        "$expand=*",
    ]
    query = encoded("\n".join(options))
    one, other = get(CAPABLE, entity_set.name, query), get(INCAPABLE, entity_set.name, query)
    assert (one.status, one.body) == (other.status, other.body)
    assert one.status in (200, 400), one.body


def test_scan_budget_names_the_property_to_filter_on() -> None:
    small = service(capable=False, options=ServiceOptions(scan_budget=50))
    answer = get(small, "Invoices", "$filter=Amount gt 3")
    assert answer.status == 400
    assert b'"code":"scan_budget_exceeded"' in answer.body
    assert b'"target":"Amount"' in answer.body


@pytest.mark.parametrize("capable", [True, False])
def test_false_filter_asks_nobody(capable: bool) -> None:
    answer = get(service(capable=capable), "Invoices", "$filter=false&$count=true")
    assert b'"@odata.count":0,"value":[]' in answer.body
    assert "erp;dur=0.0;desc=0" in (answer.header("Server-Timing") or "")
