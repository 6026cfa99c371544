"""Against `mock-sap`, a Gateway that we did not write: random conditions mean what they should, faults have their
names, and a token is fetched for what changes something.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm import primitives
from edm.capabilities import Match
from erp_adapters.base import AuthFailed, Denied, Failed, Locked, Refused, Session, SourceError, TimedOut, Unavailable
from erp_adapters.records.base import All, Ask, Compare, Condition, Either, FieldFacts, Like, OneOf, Order
from erp_adapters.records.conditions import holds
from erp_adapters.sap.csrf import Tokens
from erp_adapters.sap.source import Habits, SapSource
from erp_adapters.transport import Anonymous, ClientCredentials, Secret, Transport, TransportOptions
from tests.adapters.sap.conftest import MockSap, basic, start_mock
from tests.profiles import examples

Make = Callable[..., SapSource]
Row = dict[str, Any]

ENTITIES = (
    "API_BUSINESS_PARTNER_SRV/A_BusinessPartner",
    "API_SALES_ORDER_SRV/A_SalesOrder",
    "API_SALES_ORDER_SRV/A_SalesOrderItem",
    "API_OUTBOUND_DELIVERY_SRV/A_OutbDeliveryHeader",
    "API_BILLING_DOCUMENT_SRV/A_BillingDocument",
    "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube",
    "/sap/opu/odata/IWBEP/GWSAMPLE_BASIC/ProductSet",
)
FEATURES = frozenset({"not", "tolower"})


@pytest.fixture(scope="module")
def mock_source(mock_sap: MockSap) -> Iterator[SapSource]:
    transport = Transport(mock_sap.url, Anonymous(), TransportOptions(timeout=20))
    yield SapSource(transport, Habits(client="100", features=FEATURES))
    transport.close()


@pytest.fixture(scope="module")
def everything(mock_source: SapSource) -> dict[str, list[Row]]:
    """All records of all entities, as they are read without any condition."""
    found = {}
    for entity in ENTITIES:
        at = mock_source._known(entity)
        batches = mock_source.read(Ask(entity, tuple(at.set.shape.fields)), Session())
        found[entity] = [dict(record) for batch in batches for record in batch.records]
        assert found[entity], entity
    return found


VALUES: dict[Any, st.SearchStrategy[Any]] = {
    primitives.STRING: st.text(st.sampled_from("aEr01 '%_&+#*ßK"), min_size=1, max_size=6),
    primitives.BOOLEAN: st.booleans(),
    primitives.DECIMAL: st.decimals(-10, 10**6, places=4),
    primitives.DATE: st.dates(date(2020, 1, 1), date(2027, 1, 1)),
    primitives.INT16: st.integers(-10, 3000),
    primitives.INT32: st.integers(-10, 3000),
}


@st.composite
def leaves(draw: st.DrawFn, source: SapSource, entity: str, rows: list[Row]) -> Condition:
    """A comparison with a value that there is, or that there might be."""
    name = draw(st.sampled_from(sorted(rows[0])))
    facts = source.field(entity, name)
    assert isinstance(facts, FieldFacts)
    there = [row[name] for row in rows if row[name] is not None]
    values = st.one_of(st.sampled_from(there), VALUES[facts.type]) if there else VALUES[facts.type]
    kind = draw(st.sampled_from(["compare", "compare", "null", "list", "text"]))
    if kind == "null":
        return Compare(name, draw(st.sampled_from(["eq", "ne"])), None)
    if kind == "list":
        return OneOf(
            name, tuple(draw(st.lists(st.one_of(st.none(), values), min_size=1, max_size=4))), draw(st.booleans())
        )
    if kind == "text" and facts.type is primitives.STRING:
        text = draw(values)
        start = draw(st.integers(0, max(0, len(text) - 1)))
        piece = text[start : start + draw(st.integers(1, 5))]
        likes = st.sampled_from(["startswith", "endswith", "contains", "equals"])
        return Like(name, draw(likes), piece, draw(st.booleans()), draw(st.booleans()))
    operators = ["eq", "ne"] if facts.type is primitives.BOOLEAN else ["eq", "ne", "lt", "le", "gt", "ge"]
    return Compare(name, draw(st.sampled_from(operators)), draw(values))


@st.composite
def conditions(draw: st.DrawFn, source: SapSource, entity: str, rows: list[Row]) -> Condition:
    """Up to four leaves, put together in pairs."""
    parts = draw(st.lists(leaves(source, entity, rows), min_size=1, max_size=4))
    while len(parts) > 1:
        pair = (parts.pop(), parts.pop())
        parts.insert(0, All(pair) if draw(st.booleans()) else Either(pair))
    return parts[0]


@examples(120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_conditions_mean_what_they_should(
    mock_source: SapSource, everything: dict[str, list[Row]], data: st.DataObject
) -> None:
    """What is answered exactly is exact, what inexactly brings all that it should, as `holds` has it."""
    entity = data.draw(st.sampled_from(ENTITIES))
    rows = everything[entity]
    condition = data.draw(conditions(mock_source, entity, rows))
    match = mock_source.grade(entity, condition)
    if match is Match.NO:
        return
    ask = Ask(entity, tuple(rows[0]), condition, count=True)
    batches = list(mock_source.read(ask, Session()))
    found = [record for batch in batches for record in batch.records]
    expected = [row for row in rows if holds(condition, row)]
    assert [row for row in expected if row not in found] == [], mock_source.explain(ask)
    if match is Match.EXACT:
        assert len(found) == len(expected), mock_source.explain(ask)
        assert batches[0].count == len(expected)


@examples(50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_orders_and_slices(mock_source: SapSource, everything: dict[str, list[Row]], data: st.DataObject) -> None:
    """Nulls come first ascending, texts are ordered by code point."""
    entity = data.draw(st.sampled_from(ENTITIES))
    rows = everything[entity]
    key = mock_source._known(entity).set.shape.key
    names = data.draw(st.lists(st.sampled_from(sorted(rows[0])), max_size=2, unique=True))
    order = [Order(name, data.draw(st.booleans())) for name in names]
    order += [Order(name) for name in key if name not in names]
    skip, top = data.draw(st.integers(0, 5)), data.draw(st.integers(1, 5))
    ordered = list(rows)
    for item in reversed(order):
        ordered.sort(key=lambda row, of=item.field: (row[of] is not None, row[of] or 0), reverse=item.descending)  # type: ignore[misc]
    ask = Ask(entity, key, order=tuple(order), skip=skip, top=top)
    found = [record for batch in mock_source.read(ask, Session()) for record in batch.records]
    assert found == [{name: row[name] for name in key} for row in ordered[skip : skip + top]]


def test_half_a_character_is_asked_of_nobody(mock_source: SapSource) -> None:
    """It has no form in a URL."""
    entity = "API_BUSINESS_PARTNER_SRV/A_BusinessPartner"
    graded = [mock_source.grade(entity, Compare("BusinessPartnerFullName", "ne", text)) for text in ("a", "\ud800")]
    assert graded[1] is Match.NO
    assert graded[0] is not Match.NO


def test_structures_and_other_places(mock_source: SapSource) -> None:
    """A service beside the others, whose records hold structures."""
    entity = "/sap/opu/odata/IWBEP/GWSAMPLE_BASIC/BusinessPartnerSet"
    facts = mock_source.field(entity, "Address/City")
    assert facts is not None
    assert "eq" in facts.compared
    found = [
        r for b in mock_source.read(Ask(entity, ("BusinessPartnerID", "Address/City")), Session()) for r in b.records
    ]
    city = next(record["Address/City"] for record in found if record["Address/City"])
    ask = Ask(entity, ("Address/City",), Compare("Address/City", "eq", city))
    assert {record["Address/City"] for b in mock_source.read(ask, Session()) for record in b.records} == {city}


def test_a_link_is_expanded(mock_source: SapSource) -> None:
    entity = "API_OUTBOUND_DELIVERY_SRV/A_OutbDeliveryItem"
    session = Session()
    ask = Ask(entity, ("DeliveryDocument", "to_DeliveryDocument/SoldToParty"), top=5)
    (batch,) = mock_source.read(ask, session)
    assert all(record["to_DeliveryDocument/SoldToParty"] for record in batch.records)
    assert session.timings.erp_calls == 1


# --- faults ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def faulty(mock_sap: MockSap) -> Iterator[Callable[..., None]]:
    """Makes the next calls fail."""

    def fail(**rule: Any) -> None:
        mock_sap.control("faults", json.dumps({"match": "A_SalesOrder", **rule}).encode())

    yield fail
    mock_sap.control("faults", method="DELETE")


SALES = "API_SALES_ORDER_SRV/A_SalesOrder"


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"scenario": "error"}, Failed),
        ({"scenario": "busy"}, Unavailable),
        ({"scenario": "auth"}, AuthFailed),
        ({"scenario": "forbidden"}, Denied),
        ({"scenario": "notfound"}, Refused),
        ({"scenario": "lock"}, Locked),
        ({"status": 502}, Unavailable),
        ({"status": 504}, TimedOut),
        ({"status": 429}, None),
    ],
)
def test_faults(
    mock_source: SapSource, faulty: Callable[..., None], rule: dict[str, Any], error: type[SourceError] | None
) -> None:
    assert mock_source.entity(SALES) is not None
    faulty(**rule)
    with pytest.raises(SourceError) as caught:
        list(mock_source.read(Ask(SALES, ("SalesOrder",), top=1), Session()))
    if error is not None:
        assert type(caught.value) is error
    else:
        assert caught.value.code == "erp_busy"


def test_a_password_is_asked_for(source: Make) -> None:
    mock, process = start_mock("--auth", "reader:secret")
    try:
        asked = source(mock.url, basic("reader", "secret"))
        ask = Ask(SALES, ("SalesOrder",), top=1)
        assert len(next(iter(asked.read(ask, Session()))).records) == 1
        with pytest.raises(AuthFailed) as caught:
            source(mock.url, basic("reader", "wrong")).entity(SALES)
        assert "wrong" not in caught.value.detail
    finally:
        process.kill()
        process.wait(10)


def test_tokens_of_oauth_are_renewed(source: Make) -> None:
    """A communication arrangement with OAuth 2: a token for a second, and then another one."""
    mock, process = start_mock("--oauth", "us:secret", "--token-ttl", "1")
    try:
        token_url = mock.url.replace("/sap/opu/odata/sap/", "/sap/bc/sec/oauth2/token")
        asked = source(mock.url, ClientCredentials(token_url, "us", Secret("secret")))
        ask = Ask(SALES, ("SalesOrder",), top=1)
        for _ in range(2):
            assert len(next(iter(asked.read(ask, Session()))).records) == 1
            time.sleep(1.1)
        with pytest.raises(AuthFailed):
            source(mock.url, ClientCredentials(token_url, "us", Secret("wrong"))).entity(SALES)
    finally:
        process.kill()
        process.wait(10)


def test_how_long_sap_wants_to_be_left_alone(mock_source: SapSource, faulty: Callable[..., None]) -> None:
    """It says 30 seconds; callers are told to come back sooner."""
    assert mock_source.entity(SALES) is not None
    faulty(scenario="busy")
    with pytest.raises(Unavailable) as caught:
        list(mock_source.read(Ask(SALES, ("SalesOrder",), top=1), Session()))
    assert dict(caught.value.headers)["Retry-After"] == "10"


# --- what changes something --------------------------------------------------------------------------------------------

NEW = {
    "SalesOrderType": "OR",
    "SalesOrganization": "1710",
    "DistributionChannel": "10",
    "OrganizationDivision": "00",
    "SoldToParty": "1000001",
    "TransactionCurrency": "EUR",
    "to_Item": [{"Material": "TG11", "RequestedQuantity": "2", "NetAmount": "1998.00"}],
}


@pytest.fixture(scope="module")
def tokens() -> Iterator[tuple[MockSap, Tokens]]:
    mock, process = start_mock()
    transport = Transport(mock.url, Anonymous(), TransportOptions(timeout=20))
    yield mock, Tokens(transport, {"sap-client": "100"})
    transport.close()
    process.kill()
    process.wait(10)


def create(tokens: Tokens, session: Session, body: dict[str, Any] = NEW) -> dict[str, Any]:
    answer = tokens.send(
        "POST",
        "API_SALES_ORDER_SRV",
        "A_SalesOrder",
        session,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    found: dict[str, Any] = answer.json()["d"]
    return found


def test_a_token_is_fetched_once(tokens: tuple[MockSap, Tokens]) -> None:
    _, asked = tokens
    session = Session()
    first, second = create(asked, session), create(asked, session)
    assert first["SalesOrder"] != second["SalesOrder"]
    assert Decimal(first["TotalNetAmount"]) == Decimal("1998.00")
    assert session.timings.erp_calls == 3


def test_an_expired_token_is_fetched_again(tokens: tuple[MockSap, Tokens]) -> None:
    _, asked = tokens
    session = Session()
    create(asked, session)
    asked._tokens["API_SALES_ORDER_SRV"] = "stale"
    before = session.timings.erp_calls
    assert create(asked, session)["SalesOrder"]
    assert session.timings.erp_calls - before == 3  # refused, a token, done


def test_a_token_that_never_serves(tokens: tuple[MockSap, Tokens]) -> None:
    mock, asked = tokens
    mock.control("faults", json.dumps({"match": "A_SalesOrder", "method": "POST", "scenario": "csrf"}).encode())
    session = Session()
    try:
        with pytest.raises(Denied, match="does not let"):
            create(asked, session)
    finally:
        mock.control("faults", method="DELETE")
    assert session.timings.erp_calls <= 4


def test_what_sap_refuses(tokens: tuple[MockSap, Tokens]) -> None:
    _, asked = tokens
    with pytest.raises(Refused) as caught:
        create(asked, Session(), {**NEW, "SalesOrderType": "TOO LONG BY FAR"})
    assert "exceeds maximum length" in caught.value.detail
