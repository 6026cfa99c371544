"""Records page by page: what is asked, what is made of the answers, and what no answer may do."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from erp_adapters.base import BadAnswer, ContractBroken, Denied, Failed, Locked, Refused, Session, SourceError, TimedOut
from erp_adapters.records.base import Ask, Compare, EntityFacts, Like, OneOf, Order
from erp_adapters.sap.source import SapSource
from erp_adapters.transport import TransportOptions
from tests.adapters.sap.gateway import ORDERS, Gateway, Row, metadata, running

Make = Callable[..., SapSource]
ENTITY = "Z_SRV/Orders"


def order(number: int, **values: Any) -> Row:
    return {
        "Number": str(number),
        "Text": "",
        "Amount": Decimal(number),
        "Day": date(2026, 1, 1),
        "Changed": datetime(2026, 1, 1, number % 24, tzinfo=UTC),
        "Open": number % 2 == 0,
        "to_Party": None,
        **values,
    }


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    rows = [order(4700 + at, Text="even" if at % 2 == 0 else "") for at in range(25)]
    with running(Gateway({"Orders": rows, "Parties": []})) as found:
        yield found


def numbers(source: SapSource, ask: Ask, session: Session | None = None) -> list[str]:
    return [record["Number"] for batch in source.read(ask, session or Session()) for record in batch.records]


def queries(gateway: Gateway) -> list[dict[str, str]]:
    """The parameters of every question for records."""
    found = [urlsplit(target) for target in gateway.asked if "/Orders" in target]
    return [{name: texts[0] for name, texts in parse_qs(one.query).items()} for one in found]


def test_a_page_is_one_call(gateway: Gateway, source: Make) -> None:
    session = Session()
    ask = Ask(ENTITY, ("Number", "Amount", "Day"), Compare("Open", "eq", True), (Order("Number"),), 2, 3, True)
    (batch,) = source(gateway.url).read(ask, session)
    assert [record["Number"] for record in batch.records] == ["4704", "4706", "4708"]
    assert batch.records[0] == {"Number": "4704", "Amount": Decimal(4704), "Day": date(2026, 1, 1)}
    assert batch.count == 13
    assert session.timings.erp_calls == 1
    assert queries(gateway) == [
        {
            "$filter": "Open eq true",
            "$select": "Number,Amount,Day",
            "$orderby": "Number",
            "$skip": "2",
            "$top": "3",
            "$inlinecount": "allpages",
        }
    ]


def test_client_and_language_go_with_every_call(gateway: Gateway, source: Make) -> None:
    gateway.page = 10
    numbers(source(gateway.url, client="100", language="DE"), Ask(ENTITY, ("Number",)))
    assert len(gateway.asked) == 4
    assert all("sap-client=100" in target and "sap-language=DE" in target for target in gateway.asked)


def test_skiptokens_are_followed_on_our_host(gateway: Gateway, source: Make) -> None:
    """The links name a host inside; their query alone is used."""
    gateway.page = 10
    session = Session()
    ask = Ask(ENTITY, ("Number",), order=(Order("Number"),), top=25, count=True)
    batches = list(source(gateway.url).read(ask, session))
    assert [len(batch.records) for batch in batches] == [10, 10, 5]
    assert [batch.count for batch in batches] == [25, None, None]
    assert session.timings.erp_calls == 3
    assert [query.get("$skiptoken") for query in queries(gateway)] == [None, "10", "20"]


def test_everything_is_asked_for_in_windows(gateway: Gateway, source: Make) -> None:
    """A service without pages of its own is not asked for all that it has at once."""
    session = Session()
    found = numbers(source(gateway.url, window=10), Ask(ENTITY, ("Number",), order=(Order("Amount", True),)), session)
    assert found == [str(4724 - at) for at in range(25)]
    assert session.timings.erp_calls == 3
    assert [(query["$top"], query.get("$skip"), query["$orderby"]) for query in queries(gateway)] == [
        ("10", None, "Amount desc,Number"),
        ("10", "10", "Amount desc,Number"),
        ("10", "20", "Amount desc,Number"),
    ]


def test_pages_are_lazy(gateway: Gateway, source: Make) -> None:
    gateway.page = 10
    session = Session()
    batches = source(gateway.url).read(Ask(ENTITY, ("Number",)), session)
    next(iter(batches))
    assert session.timings.erp_calls == 1


def test_no_more_than_asked_for(gateway: Gateway, source: Make) -> None:
    """A service that heeds neither `$top` nor `$select` gives no more than was asked for."""
    plain = gateway.answer

    def heedless(target: str) -> tuple[int, str, bytes]:
        return plain(target.replace("$top", "top").replace("$select", "select"))

    gateway.answer = heedless  # type: ignore[method-assign]
    assert numbers(source(gateway.url), Ask(ENTITY, ("Number",), top=3)) == ["4700", "4701", "4702"]


def test_a_count_alone(gateway: Gateway, source: Make) -> None:
    """`$top=0` means no limit to some gateways."""
    (batch,) = source(gateway.url).read(Ask(ENTITY, (), Compare("Text", "eq", None), top=0, count=True), Session())
    assert (batch.records, batch.count) == ([], 12)
    assert queries(gateway)[0]["$top"] == "1"
    assert queries(gateway)[0]["$select"] == "Number"


def test_what_is_never_true_is_not_asked(gateway: Gateway, source: Make) -> None:
    session = Session()
    ask = Ask(ENTITY, ("Number",), Compare("Text", "eq", "x" * 99), count=True)
    (batch,) = source(gateway.url).read(ask, session)
    assert (list(batch.records), batch.count, session.timings.erp_calls) == ([], 0, 0)
    assert source(gateway.url).explain(ask) == "nothing: no record meets the condition"


def test_texts_that_are_empty_are_none(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url)
    assert len(numbers(asked, Ask(ENTITY, ("Number",), Compare("Text", "ne", None)))) == 13
    assert len(numbers(asked, Ask(ENTITY, ("Number",), Compare("Text", "ne", "even")))) == 12
    assert numbers(asked, Ask(ENTITY, ("Number",), Compare("Text", "lt", "even"))) == []
    (record, *_) = next(iter(asked.read(Ask(ENTITY, ("Text",), Compare("Text", "eq", None)), Session()))).records
    assert record == {"Text": None}


def test_numbers_with_and_without_zeros(gateway: Gateway, source: Make) -> None:
    """The service shows `4711` and finds it by `0000004711` as well: never said to be exact."""
    asked = source(gateway.url)
    numbers(asked, Ask(ENTITY, ("Number",)))
    assert asked.grade(ENTITY, Compare("Number", "eq", "4711")) == 2
    assert asked.grade(ENTITY, Compare("Number", "eq", "0000004711")) == 1
    assert numbers(asked, Ask(ENTITY, ("Number",), Compare("Number", "eq", "0000004711"))) == ["4711"]
    assert numbers(asked, Ask(ENTITY, ("Number",), Compare("Number", "gt", "0000004722"))) == ["4723", "4724"]


def test_numbers_that_are_sorted_as_numbers(source: Make) -> None:
    """900 before 1000, where zeros are not shown: once it was seen, no order by text is left to SAP."""
    with running(Gateway({"Orders": [order(1000), order(900)]})) as gateway:
        asked = source(gateway.url)
        facts = asked.field(ENTITY, "Number")
        assert facts is not None
        assert (facts.ordered, facts.numbered) == (True, False)
        assert numbers(asked, Ask(ENTITY, ("Number",), order=(Order("Number"),))) == ["900", "1000"]
        facts = asked.field(ENTITY, "Number")
        assert facts is not None
        assert facts.numbered
        assert asked.grade(ENTITY, Compare("Number", "gt", "900")) == 0


def test_fields_behind_links(source: Make) -> None:
    """A path is read in the same call, by `$expand`."""
    rows = [order(1, to_Party={"Id": "7", "Name": "Ümit & Söhne"}), order(2)]
    with running(Gateway({"Orders": rows})) as gateway:
        session = Session()
        asked = source(gateway.url)
        ask = Ask(ENTITY, ("Number", "to_Party/Name", "to_Party/Id"), top=10)
        (batch,) = asked.read(ask, session)
        assert list(batch.records) == [
            {"Number": "1", "to_Party/Name": "Ümit & Söhne", "to_Party/Id": "7"},
            {"Number": "2", "to_Party/Name": None, "to_Party/Id": None},
        ]
        assert session.timings.erp_calls == 1
        assert queries(gateway)[0]["$expand"] == "to_Party"
        facts = asked.field(ENTITY, "to_Party/Name")
        assert facts is not None
        assert (facts.nullable, facts.compared, facts.sortable) == (True, frozenset(), False)


def test_long_conditions_are_left_to_the_engine(gateway: Gateway, source: Make) -> None:
    """What makes a URL that a proxy would cut is not sent."""
    asked = source(gateway.url)
    short = OneOf("Text", tuple(f"é{at}" for at in range(50)))
    assert asked.grade(ENTITY, short) == 2
    assert asked.grade(ENTITY, OneOf("Text", tuple(f"{'é' * 18}{at}" for at in range(50)))) == 0


def test_explain(gateway: Gateway, source: Make) -> None:
    ask = Ask(ENTITY, ("Number",), Like("Text", "contains", "a&b"), top=5)
    assert source(gateway.url, client="100").explain(ask) == (
        f"GET {gateway.url}Z_SRV/Orders?$filter=substringof('a%26b',Text)&$select=Number&sap-client=100&$top=5"
    )


def test_one_session_with_sap(gateway: Gateway, source: Make) -> None:
    """Its cookies go with later calls, until SAP says no."""
    asked = source(gateway.url)
    numbers(asked, Ask(ENTITY, ("Number",), top=1))
    numbers(asked, Ask(ENTITY, ("Number",), top=1))
    gateway.answers.append((403, "application/json", b"{}"))
    with pytest.raises(Denied):
        numbers(asked, Ask(ENTITY, ("Number",), top=1))
    numbers(asked, Ask(ENTITY, ("Number",), top=1))
    assert gateway.cookies == ["", *["SAP_SESSIONID_S4H_100=s1"] * 3, ""]


# --- answers that cannot be used ---------------------------------------------------------------------------------------


def spoilt(gateway: Gateway, source: Make, spoil: Callable[[dict[str, Any]], Any], top: int | None = None) -> str:
    gateway.spoil = spoil
    with pytest.raises(ContractBroken) as error:
        numbers(source(gateway.url), Ask(ENTITY, ("Number", "Amount", "Open"), top=top, count=True))
    return error.value.detail


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda body: [], "an answer without results"),
        (lambda body: {"d": {"results": {}}}, "an answer without results"),
        (lambda body: {"d": {**body["d"], "__next": 7}}, "no text"),
        (lambda body: {"d": {**body["d"], "__next": "http://x/?a=b"}}, "leads nowhere"),
        (lambda body: {"d": {**body["d"], "results": [7]}}, "Number is missing"),
        (lambda body: {"d": {**body["d"], "results": [{"Number": "1", "Amount": "1"}]}}, "Open is missing"),
        (
            lambda body: {"d": {**body["d"], "results": [{"Number": 1, "Amount": "1", "Open": True}]}},
            "Number is no Edm.String",
        ),
        (
            lambda body: {"d": {**body["d"], "results": [{"Number": "12345678901", "Amount": "1", "Open": True}]}},
            "longer than 10",
        ),
    ],
)
def test_answers_of_another_form(
    gateway: Gateway, source: Make, change: Callable[[dict[str, Any]], Any], found: str
) -> None:
    assert found in spoilt(gateway, source, change)


def test_a_page_that_repeats_records(gateway: Gateway, source: Make) -> None:
    """An endless service that ignores its own `$skiptoken`."""
    tokens = iter(range(1, 100))
    again = spoilt(
        gateway, source, lambda body: {"d": {**body["d"], "__next": f"Orders?$skiptoken={next(tokens)}"}}, top=1000
    )
    assert "page 2: a page that repeats records" in again


def test_links_in_a_circle(gateway: Gateway, source: Make) -> None:
    counter = iter(range(100))

    def fresh(body: dict[str, Any]) -> Any:
        rows = [{**row, "__metadata": {"uri": f"u{next(counter)}"}} for row in body["d"]["results"][:1]]
        return {"d": {**body["d"], "results": rows, "__next": "Orders?$skiptoken=1"}}

    assert "circle" in spoilt(gateway, source, fresh, top=1000)


def test_pages_without_records_and_without_end(gateway: Gateway, source: Make) -> None:
    tokens = iter(range(1, 100))
    empty = lambda body: {"d": {"results": [], "__count": "0", "__next": f"Orders?$skiptoken={next(tokens)}"}}  # noqa: E731
    assert "without end" in spoilt(gateway, source, empty, top=1000)
    assert len(gateway.asked) < 10


def test_a_record_that_moves_while_pages_are_turned_is_shown_once(gateway: Gateway, source: Make) -> None:
    gateway.page = 10
    rows = gateway.rows["Orders"]
    batches = source(gateway.url).read(Ask(ENTITY, ("Number",), top=100), Session())
    found = [record["Number"] for record in next(batches).records]
    rows.insert(0, order(4600))
    found += [record["Number"] for batch in batches for record in batch.records]
    assert found == [str(4700 + at) for at in range(25)]


@pytest.mark.parametrize(
    ("status", "body", "error", "detail"),
    [
        (500, '{"error":{"code":"X/1","message":{"value":"SQL error"}}}', Failed, "500 X/1: SQL error"),
        (500, '{"error":{"code":"TIME_LIMIT_EXCEEDED","message":{"value":"Time limit"}}}', TimedOut, "TIME_LIMIT"),
        (400, '{"error":{"code":"M3/897","message":{"value":"X is locked by user Y"}}}', Locked, "X is locked"),
        (423, "{}", Locked, "423"),
        (403, '{"error":{"code":"/IWFND/CM_BEC","message":{"value":"no"}}}', Denied, "403"),
        (500, '{"error":{"code":"1","message":{"value":"No authorization for X"}}}', Denied, "No authorization"),
        (
            400,
            "<error><code>005056A509B11EE1B9A8FEC11C21578E</code><message>Invalid</message></error>",
            Refused,
            "00505",
        ),
        (404, "<html>gone</html>", Refused, "gone"),
        (501, "not implemented", Refused, "not implemented"),
    ],
)
def test_errors(gateway: Gateway, source: Make, status: int, body: str, error: type[SourceError], detail: str) -> None:
    """What they mean, whatever their status; SAP's words are for the log alone."""
    asked = source(gateway.url)
    assert asked.entity(ENTITY) is not None
    gateway.answers.append((status, "application/json" if body.startswith("{") else "application/xml", body.encode()))
    with pytest.raises(error) as caught:
        numbers(asked, Ask(ENTITY, ("Number",), top=5))
    assert type(caught.value) is error
    assert detail in caught.value.detail
    assert detail not in caught.value.message


def test_a_page_for_people_is_no_answer(gateway: Gateway, source: Make) -> None:
    """The log-on page of a portal in front comes with 200."""
    asked = source(gateway.url)
    assert asked.entity(ENTITY) is not None
    gateway.answers.append((200, "text/html", b"<html>Log on</html>"))
    with pytest.raises(BadAnswer):
        numbers(asked, Ask(ENTITY, ("Number",)))


# --- descriptions ------------------------------------------------------------------------------------------------------


def test_facts(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url, values=20)
    assert asked.entity(ENTITY) == EntityFacts(top=True, skip=True, count=True, values=20)
    assert asked.entity("Z_SRV/Nothing") is None
    assert asked.entity("Y_SRV/Orders") is None
    assert asked.entity("Orders") is None
    assert asked.field(ENTITY, "Odd") is None
    assert asked.field(ENTITY, "Missing") is None
    secret = asked.field(ENTITY, "Secret")
    assert secret is not None
    assert (secret.compared, secret.liked, secret.sortable) == (frozenset(), frozenset(), False)


def test_required_fields(source: Make) -> None:
    described = metadata(
        """<EntityType Name="T"><Key><PropertyRef Name="K"/></Key>
        <Property Name="K" Type="Edm.String" Nullable="false" MaxLength="4" sap:required-in-filter="true"/>
        <Property Name="V" Type="Edm.String" sap:filterable="false"/></EntityType>""",
        '<EntitySet Name="S" EntityType="Z_SRV.T" sap:pageable="false" sap:countable="false"/>'
        '<EntitySet Name="R" EntityType="Z_SRV.T" sap:requires-filter="true" sap:topable="false"/>'
        '<EntitySet Name="Hidden" EntityType="Z_SRV.T" sap:addressable="false"/>',
    )
    with running(Gateway({}, described)) as gateway:
        asked = source(gateway.url)
        assert asked.entity("Z_SRV/S") == EntityFacts(False, False, False, required=(("K",),))
        assert asked.entity("Z_SRV/R") == EntityFacts(False, True, True, required=(("K",),))
        assert asked.entity("Z_SRV/Hidden") is None


def test_descriptions_are_read_once(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url)
    for _ in range(3):
        asked.field(ENTITY, "Number")
        asked.field(ENTITY, "Missing")
        asked.entity("Y_SRV/Orders")
    assert [target.partition("?")[0].rpartition("/sap/")[2] for target in gateway.asked] == [
        "Z_SRV/$metadata",
        "Y_SRV/$metadata",
    ]


def test_a_field_that_an_extension_brings_is_found(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url)
    now = 1000.0
    asked.described.clock = lambda: now
    assert asked.field(ENTITY, "YY1_Extra") is None
    gateway.described = ORDERS.replace('Name="Text"', 'Name="YY1_Extra" Type="Edm.String"/><Property Name="Text"')
    assert asked.field(ENTITY, "YY1_Extra") is None
    now += 61
    assert asked.field(ENTITY, "YY1_Extra") is not None
    assert len(gateway.asked) == 2


def test_an_old_description_serves_while_there_is_no_new_one(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url)
    now = 1000.0
    asked.described.clock = lambda: now
    assert asked.field(ENTITY, "Number") is not None
    now += 4000
    gateway.answers.append((500, "text/plain", b"down"))
    assert asked.field(ENTITY, "Number") is not None
    assert asked.field(ENTITY, "Text") is not None
    now += 11
    assert asked.field(ENTITY, "Text") is not None
    assert len(gateway.asked) == 3


@pytest.mark.parametrize(
    "described",
    [
        "<!DOCTYPE x [<!ENTITY a 'b'>]><edmx/>",
        "no XML",
        "<edmx:Edmx xmlns:edmx='http://schemas.microsoft.com/ado/2007/06/edmx'/>",
        ORDERS.replace('Scale="3"', 'Scale="99"'),
        ORDERS.replace('sap:filterable="false"', 'sap:filterable="maybe"'),
        ORDERS.replace('EntityType="Z_SRV.Order"', 'EntityType="Z_SRV.Lost"'),
    ],
)
def test_descriptions_that_cannot_be_read(gateway: Gateway, source: Make, described: str) -> None:
    """A named error, and not a new call for every field."""
    gateway.described = described
    asked = source(gateway.url)
    for _ in range(2):
        with pytest.raises(ContractBroken, match="Z_SRV"):
            asked.field(ENTITY, "Number")
    assert len(gateway.asked) == 1


def test_ping_and_describe(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url, client="100")
    asked.ping(Session())
    assert gateway.asked == []
    asked.services = ("Z_SRV",)
    asked.ping(Session())
    assert gateway.asked == ["/sap/opu/odata/sap/Z_SRV/?$format=json&sap-client=100"]
    asked.entity(ENTITY)
    assert asked.describe(Session()) == f"SAP Gateway at {gateway.url}, client 100; services: Z_SRV"
    gateway.answers.append((403, "text/plain", b"no"))
    with pytest.raises(Denied):
        asked.ping(Session())


@pytest.mark.parametrize(
    ("entity", "right"),
    [
        ("API_SALES_ORDER_SRV/A_SalesOrder", True),
        ("API_OUTBOUND_DELIVERY_SRV;v=2/A_OutbDeliveryHeader", True),
        ("/sap/opu/odata/IWBEP/GWSAMPLE_BASIC/ProductSet", True),
        ("A_SalesOrder", False),
        ("../X/Y", False),
        ("//evil.example/X/Y", False),
        ("https://evil.example/X", False),
        ("X/Y?$top=1", False),
        ("X/Y Z", False),
    ],
)
def test_how_entities_are_spelled(gateway: Gateway, source: Make, entity: str, right: bool) -> None:
    faults = list(source(gateway.url).faults({"entity": entity}))
    assert (faults == []) is right
    if not right:
        assert source(gateway.url).entity(entity) is None
        assert gateway.asked == []


def test_the_deadline_is_for_all_pages(gateway: Gateway, source: Make) -> None:
    asked = source(gateway.url, options=TransportOptions(timeout=5))
    asked.entity(ENTITY)
    with pytest.raises(TimedOut):
        numbers(asked, Ask(ENTITY, ("Number",)), Session(deadline=0.0))
