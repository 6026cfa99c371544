"""Skip tokens: paging by them partitions any set, and nothing that was not issued here for this query is accepted."""

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.errors import ODataError
from edm.primitives import DECIMAL, STRING
from odata_server.auth import Principal
from odata_server.messages import Headers, ODataRequest
from odata_server.service import Service
from odata_server.uri.tokens import DAY, LIFETIME_DAYS, Skiptoken, TokenSigner, query_digest
from tests.engine.small import DATA, METADATA, SECRET, get, model, service
from tests.profiles import examples
from tests.properties.expressions import encoded, orders

ROOT = "http://localhost/odata/v4/"
SIGNER = TokenSigner((SECRET,))
DIGEST = query_digest("a query")


def follow(target: Service, path: str, query: str, size: int) -> list[dict[str, object]]:
    """All rows of all pages."""
    rows: list[dict[str, object]] = []
    while True:
        body = json.loads(get(target, path, query, Prefer=f"odata.maxpagesize={size}").body)
        rows.extend(body["value"])
        assert len(body["value"]) <= size
        link = body.get("@odata.nextLink")
        if link is None:
            return rows
        assert body["value"], "a page with a next link has rows"
        path, query = urlsplit(link).path.removeprefix("/odata/v4/"), urlsplit(link).query


@examples(120, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_pages_partition_the_set(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(("Customers", "Invoices")))
    entity_set, size = METADATA[name], data.draw(st.sampled_from((1, 7, 40)))
    top = data.draw(st.one_of(st.none(), st.integers(0, 100)))
    query = encoded(f"$orderby={data.draw(orders(model(), entity_set))}" + (f"\n$top={top}" if top is not None else ""))
    target = service(capable=data.draw(st.booleans()))
    paged = follow(target, name, query, size)
    assert paged == json.loads(get(target, name, query).body)["value"]
    assert len(paged) == min(len(DATA[name]), 10**6 if top is None else top)


def test_count_is_on_every_page_and_skip_counts_once() -> None:
    target = service()
    first = json.loads(get(target, "Invoices", "$count=true&$skip=5&$top=20", Prefer="maxpagesize=8").body)
    second = json.loads(get(target, "Invoices", urlsplit(first["@odata.nextLink"]).query).body)
    assert first["@odata.count"] == second["@odata.count"] == len(DATA["Invoices"])
    assert [r["InvoiceNumber"] for r in first["value"] + second["value"]] == [f"I{i:03}" for i in range(5, 21)]


@pytest.fixture(scope="module")
def issued() -> str:
    body = json.loads(get(service(), "Invoices", "$orderby=Amount&$top=50", Prefer="maxpagesize=3").body)
    return str(body["@odata.nextLink"]).split("$skiptoken=")[1]


def test_every_flipped_bit_is_refused(issued: str) -> None:
    target = service()
    for position, character in enumerate(issued):
        for bit in range(7):
            forged = issued[:position] + chr(ord(character) ^ (1 << bit)) + issued[position + 1 :]
            query = encoded(f"$orderby=Amount\n$top=50\n$skiptoken={forged}")
            assert get(target, "Invoices", query).status == 400, forged


@pytest.mark.parametrize(
    "query",
    [
        "$orderby=Amount desc&$top=50",
        "$orderby=Amount&$top=51",
        "$orderby=Amount&$top=50&$filter=Positions eq 1",
        "",
    ],
)
def test_token_of_another_query_is_refused(issued: str, query: str) -> None:
    answer = get(service(), "Invoices", f"{query}&$skiptoken={issued}")
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "bad_token")


def test_token_of_another_caller_is_refused(issued: str) -> None:
    request = ODataRequest("GET", "Invoices", f"$orderby=Amount&$top=50&$skiptoken={issued}", Headers())
    assert service().handle(request, Principal("jane")).status == 400


def test_tokens_expire_and_secrets_rotate() -> None:
    now = 20_000 * DAY + 5.0
    text = SIGNER.encode(Skiptoken(("x", None)), DIGEST, now)
    rotated = TokenSigner((b"new", SECRET))
    types = (STRING, DECIMAL)
    assert rotated.decode(text, DIGEST, types, now + LIFETIME_DAYS * DAY).values == ("x", None)
    with pytest.raises(ODataError, match="expired"):
        SIGNER.decode(text, DIGEST, types, now + (LIFETIME_DAYS + 1) * DAY)
    with pytest.raises(ODataError, match="not issued"):
        TokenSigner((b"new",)).decode(text, DIGEST, types, now)


@given(st.binary(max_size=200))
def test_garbage_is_refused(raw: bytes) -> None:
    with pytest.raises(ODataError):
        SIGNER.decode(raw.decode("latin-1"), DIGEST, (STRING,), 0.0)
