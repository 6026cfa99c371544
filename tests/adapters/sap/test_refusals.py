"""A service that does less than its metadata says: the answer is right all the same, and it is not asked twice."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from edm.declare import load_texts
from erp_adapters.base import Refused, Session
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.base import Ask, Compare, Like, Order, Withdrawn
from erp_adapters.sap import connect
from erp_adapters.sap.source import SapSource
from erp_adapters.transport import Remote
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.adapters.sap.gateway import Gateway, running
from tests.adapters.sap.test_reading import ENTITY, order
from tests.engine.small import NOW, SECRET, _property, _set
from tests.properties.expressions import encoded

METADATA = load_texts(
    {
        "Orders.toml": _set(
            "Orders", "Order", "Number", 1,
            _property("Number", "String", max_length=10, nullable=False),
            _property("Text", "String", max_length=20),
            _property("Amount", "Decimal", precision=13, scale=3),
            _property("Day", "Date"),
            '[sap]\nentity = "Z_SRV/Orders"\n[sap.fields]\nNumber = "Number"\nText = "Text"\nAmount = "Amount"\n'
            'Day = "Day"',
        )
    }
)  # fmt: skip
ROWS = [order(4700 + at, Text=f"t{at}", Day=date(2026, 1, 1 + at), Amount=Decimal(at % 5)) for at in range(20)]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running(Gateway({"Orders": list(ROWS)})) as found:
        yield found


@pytest.fixture
def adapter(gateway: Gateway) -> RecordAdapter:
    found = connect(Remote(gateway.url), METADATA, "sap")
    assert isinstance(found, RecordAdapter)
    return found


def ask(adapter: RecordAdapter, query: str) -> Any:
    service = Service(METADATA, adapter, (SECRET,), ServiceOptions(deadline=60), clock=lambda: NOW)
    answer = service.handle(ODataRequest("GET", "Orders", encoded(query)), ANONYMOUS)
    assert answer.status == 200, bytes(answer.body)
    return json.loads(bytes(answer.body))


def numbers(found: Any) -> list[str]:
    return [row["Number"] for row in found["value"]]


def source(adapter: RecordAdapter) -> SapSource:
    assert isinstance(adapter.source, SapSource)
    return adapter.source


@pytest.mark.parametrize(
    ("cannot", "query", "expected", "withheld"),
    [
        ("substringof", "$filter=contains(Text,'t1') and Amount gt 2", ["4713", "4714", "4718", "4719"], {"contains"}),
        ("$orderby=Amount", "$orderby=Amount desc,Number&$top=2&$select=Number", ["4704", "4709"], {"order"}),
        ("$orderby", "$filter=startswith(Text,'t1')&$orderby=Day desc&$top=1", ["4719"], {"startswith", "order"}),
    ],
)
def test_what_is_refused_is_done_here(
    gateway: Gateway, adapter: RecordAdapter, cannot: str, query: str, expected: list[str], withheld: set[str]
) -> None:
    gateway.cannot = (cannot,)
    query = query.replace("&$", "\n$")
    assert numbers(ask(adapter, query)) == expected
    assert source(adapter).refusals.of(ENTITY) == withheld
    before = len(gateway.asked)
    assert numbers(ask(adapter, query)) == expected
    assert not any(cannot.split("=")[0] in target for target in gateway.asked[before:])


def test_the_words_of_a_refusal_name_a_field(gateway: Gateway, adapter: RecordAdapter) -> None:
    gateway.cannot, gateway.words = ("Amount gt",), "filtering by property Amount"
    query = "$filter=Amount gt 3 and Day lt 2026-01-08\n$orderby=Day"
    assert numbers(ask(adapter, query)) == ["4704"]
    assert source(adapter).refusals.of(ENTITY) == {".Amount"}
    assert "refused before, so not asked for: Amount" in source(adapter).explain(Ask(ENTITY, ("Number",)))


@pytest.mark.parametrize("count", [None, "many", "-1", True])
def test_a_service_that_does_not_count(gateway: Gateway, adapter: RecordAdapter, count: object) -> None:
    gateway.spoil = lambda body: {"d": {**body["d"], "__count": count}}
    query = "$filter=Amount ge 3\n$count=true\n$top=2"
    assert ask(adapter, query)["@odata.count"] == 8
    assert ask(adapter, query)["@odata.count"] == 8
    assert "inlinecount" not in gateway.asked[-1]


def test_a_refusal_that_nothing_explains(gateway: Gateway, adapter: RecordAdapter) -> None:
    """It is an error, and all is asked again the next time."""
    gateway.cannot = ("Amount",)
    asked = source(adapter)
    where = Compare("Amount", "gt", Decimal(3))
    for _ in range(2):
        with pytest.raises(Withdrawn):
            list(asked.read(Ask(ENTITY, ("Number",), where, (Order("Day"),), top=5), Session()))
        with pytest.raises(Refused):
            list(asked.read(Ask(ENTITY, ("Number",), where, top=5), Session()))
        assert asked.refusals.of(ENTITY) == frozenset()


def test_questions_that_were_made_before(gateway: Gateway, adapter: RecordAdapter) -> None:
    """They are not sent any more, and blame nothing else."""
    asked = source(adapter)
    like = Like("Text", "contains", "t1")
    asked.refusals.note(ENTITY, "contains")
    with pytest.raises(Withdrawn):
        list(asked.read(Ask(ENTITY, ("Number",), like, top=5), Session()))
    assert [target for target in gateway.asked if "$filter" in target] == []
    assert asked.refusals.of(ENTITY) == {"contains"}
