"""Against the V4 services of `mock-sap`, which we did not write: no annotations, SQL's idea of null, no ``in``, no lambda.

What it says of dates and texts differs from its answers in nothing that matters here; what it refuses it says by 400.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.capabilities import Match
from erp_adapters.base import AuthFailed, Denied, Failed, Session, SourceError, TimedOut, Unavailable
from erp_adapters.odata import source as source_of
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.base import Ask, Behind, Compare, Like, OneOf, Order, Record, Withdrawn
from erp_adapters.records.conditions import holds
from erp_adapters.transport import Remote, TransportOptions
from tests.adapters.sap.conftest import MockSap, start_mock
from tests.adapters.upstream import Conditions, read

ORDER = ("SalesOrder", "SoldToParty", "PurchaseOrderByCustomer", "TotalNetAmount", "SalesOrderDate", "SDDocumentReason",
         "CustomerPurchaseOrderDate", "OverallDeliveryStatus")  # fmt: skip
ITEM = ("SalesOrder", "SalesOrderItem", "Material", "RequestedQuantity", "PurchaseOrderByCustomer", "NetAmount",
        "to_SalesOrder/SoldToParty", "to_SalesOrder/SalesOrderDate")  # fmt: skip
FIELDS = {"SalesOrder": ORDER, "SalesOrderItem": ITEM}


@pytest.fixture(scope="module")
def mock() -> Iterator[MockSap]:
    found, process = start_mock()
    yield found
    process.kill()
    process.wait(10)


def opened(mock: MockSap, timeout: float = 20.0, **options: Any) -> ODataSource:
    root = f"http://127.0.0.1:{mock.port}/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/api_salesorder/0001"
    return source_of(Remote(root, limits=TransportOptions(timeout=timeout), options=options), {})


@pytest.fixture(scope="module")
def source(mock: MockSap) -> Iterator[ODataSource]:
    found = opened(mock, case="sensitive", nulls="first")
    yield found
    found.close()


@pytest.fixture(scope="module")
def records(source: ODataSource) -> dict[str, list[Record]]:
    return {entity: read(source, Ask(entity, fields)) for entity, fields in FIELDS.items()}


def test_there_is_something_to_compare(source: ODataSource, records: dict[str, list[Record]]) -> None:
    assert len(records["SalesOrder"]) > 20
    assert len(records["SalesOrderItem"]) > 20
    assert any(record["SDDocumentReason"] is None for record in records["SalesOrder"])
    assert all(record["to_SalesOrder/SoldToParty"] for record in records["SalesOrderItem"])
    assert source.entity("A_SalesOrder") is None
    facts = source.field("SalesOrder", "SalesOrder")
    assert facts is not None
    assert (facts.max_length, facts.nullable) == (10, False)


@given(st.integers(0, 2**32), st.sampled_from(sorted(FIELDS)))
def test_random_conditions(source: ODataSource, records: dict[str, list[Record]], seed: int, entity: str) -> None:
    condition = Conditions(random.Random(seed), records[entity]).condition()
    match = source.grade(entity, condition)
    if match is Match.NO:
        return
    found = read(source, Ask(entity, FIELDS[entity], condition))
    expected = [record for record in records[entity] if holds(condition, record)]
    assert match is Match.EXACT
    assert sorted(map(repr, found)) == sorted(map(repr, expected)), source.explain(
        Ask(entity, ("SalesOrder",), condition)
    )


@pytest.mark.parametrize(
    "condition",
    [
        Compare("SDDocumentReason", "ne", "x"),
        OneOf("SDDocumentReason", ("x", "y"), negated=True),
        Like("SDDocumentReason", "contains", "x", negated=True),
    ],
)
def test_its_null_rule_loses_nothing(source: ODataSource, records: dict[str, list[Record]], condition: Any) -> None:
    """Alone, ``ne`` and ``not`` bring none of the orders without a reason here."""
    found = read(source, Ask("SalesOrder", ("SalesOrder",), condition))
    assert len(found) == len(records["SalesOrder"])


def test_order_and_slices(source: ODataSource, records: dict[str, list[Record]]) -> None:
    facts = source.entity("SalesOrder")
    assert facts is not None
    assert facts.top
    assert not facts.skip  # it says nothing of it
    ask = Ask(
        "SalesOrder", ("SalesOrder",), order=(Order("TotalNetAmount", True), Order("SalesOrder")), top=7, count=True
    )
    batches = list(source.read(ask, Session()))
    expected = sorted(records["SalesOrder"], key=lambda r: (-r["TotalNetAmount"], r["SalesOrder"]))[:7]
    assert batches[0].count == len(records["SalesOrder"])
    assert [r["SalesOrder"] for batch in batches for r in batch.records] == [r["SalesOrder"] for r in expected]


def test_what_it_refuses_is_learned(mock: MockSap) -> None:
    trusting: dict[str, Any] = {"lambda": True, "in": True, "paths": True, "case": "sensitive"}
    found = opened(mock, **trusting)
    listed = OneOf("SalesOrder", ("0000004712", "0000004713"))
    assert len(read(found, Ask("SalesOrder", ("SalesOrder",), listed))) == 2  # asked anew as a chain of or
    related = Behind("to_Item", Compare("Material", "eq", "TG31"))
    across = Compare("to_SalesOrder/SoldToParty", "eq", "1000006")
    for entity, condition in (("SalesOrder", related), ("SalesOrderItem", across)):
        assert found.grade(entity, condition) is Match.EXACT
        with pytest.raises(Withdrawn):
            read(found, Ask(entity, ("SalesOrder",), condition))
        assert found.grade(entity, condition) is Match.NO
    found.close()


@pytest.fixture
def faulty(mock: MockSap) -> Iterator[Callable[[str], None]]:
    def arm(scenario: str) -> None:
        mock.control("faults", json.dumps({"match": "SalesOrder", "scenario": scenario}).encode())

    yield arm
    mock.control("faults", method="DELETE")


@pytest.mark.parametrize(
    ("scenario", "error"),
    [
        ("error", Failed),
        ("busy", Unavailable),
        ("auth", AuthFailed),
        ("forbidden", Denied),
        ("notfound", SourceError),
        ("slow", TimedOut),
    ],
)
def test_faults_have_names(
    mock: MockSap, faulty: Callable[[str], None], scenario: str, error: type[SourceError]
) -> None:
    found = opened(mock, timeout=1.0)
    assert found.entity("SalesOrder") is not None
    faulty(scenario)
    with pytest.raises(error):
        read(found, Ask("SalesOrder", ("SalesOrder",)))
    found.close()
