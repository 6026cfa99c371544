"""Whatever arrives, the service answers: never 500, always an OData error that says what is wrong.

Random bytes and random changes of valid requests, for paths, options, headers and bodies; and as a table the rows of the
fault catalogue that concern URLs (F073 to F114). 501 is an answer: valid OData that this service does not support.
"""

import random
import re
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.query import Query
from erp_adapters.base import Page, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.messages import Headers, ODataRequest
from tests import serving
from tests.fuzz.messages import TOKENS, read, seeds
from tests.fuzz.mutate import mutated
from tests.profiles import examples
from tests.serving import SECRET, Answer, InProcess
from tests.spec.clauses import well_formed_error

pytestmark = pytest.mark.property

HEADERS = (
    "Accept", "OData-MaxVersion", "OData-Version", "Prefer", "If-None-Match", "If-Match", "Isolation", "Content-Type",
    "Accept-Language", "X-CSRF-Token", "X-HTTP-Method", "Range",
)  # fmt: skip

SEEDS = [read(data, "url").target for data in seeds("url")]


def changed(seed: str, number: int) -> bytes:
    """The seed after the changes that a number stands for."""
    return mutated(seed.encode(), Random(number), [other.encode() for other in SEEDS])


header_texts = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.lists(
        st.sampled_from(
            ("application/json", "odata.metadata=full", "IEEE754Compatible=true", ";", ",", "=", "q=", "0.5", "*/*", "4.0", "4.01",
             "odata.maxpagesize=", "maxpagesize=3", "-1", "99999999999", '"', 'W/"x"', "*", "snapshot", "respond-async", " ")
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip
headers = st.dictionaries(st.sampled_from(HEADERS), header_texts, max_size=3)
texts = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
    st.binary(max_size=30).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw)),
    st.lists(st.sampled_from((*TOKENS, "\ud800")), max_size=20).map("".join),
)
option_names = st.sampled_from(
    ("$filter", "$orderby", "$select", "$expand", "$search", "$top", "$skip", "$count", "$skiptoken", "$format", "$apply",
     "$compute", "$deltatoken", "$schemaversion", "$id", "$index", "@p", "filter", "custom", "$")
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(demo_sqlite_url: str) -> InProcess:
    """The service over a source that can do nothing itself."""
    rows = serving.demo_rows(demo_sqlite_url)
    small = {name: rows[name][:25] for name in rows}
    return serving.serve(MemoryAdapter(serving.demo_metadata(), small, capable=False))


@pytest.fixture(scope="module", params=["engine", "sqlite", "postgres"])
def client(request: pytest.FixtureRequest) -> Iterator[InProcess]:
    """The same, and the service over both databases."""
    if request.param == "engine":
        yield request.getfixturevalue("engine")
    else:
        with serving.connected(request.getfixturevalue(f"demo_{request.param}_url")) as client:
            yield client


def fine(answer: Answer) -> Answer:
    """The answer, if it is one that a client can live with."""
    assert answer.status < 500 or answer.status == 501, answer.text
    assert answer.headers["OData-Version"] in ("4.0", "4.01")
    if answer.status >= 400:
        well_formed_error(answer)
    return answer


def send(client: InProcess, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """Past the client's own encoding: the text reaches the service as it is."""
    path, _, query = target.partition("?")
    request = ODataRequest(method, path, query, Headers(headers), body, serving.ROOT)
    return fine(client.handle(request))


@examples(200)
@given(path=texts, query=texts, given_headers=headers)
def test_random_path_and_query(client: InProcess, path: str, query: str, given_headers: dict[str, str]) -> None:
    send(client, "GET", f"{path}?{query}", given_headers)


@examples(300)
@given(
    name=option_names,
    value=texts,
    set_=st.sampled_from(("Customers", "Invoices", "Customers('C-100042')", "$metadata", "")),
)
def test_random_option(client: InProcess, name: str, value: str, set_: str) -> None:
    send(client, "GET", f"{set_}?{name}={value}", {})


@examples(400)
@given(seed=st.sampled_from(SEEDS), number=st.integers(0, 2**32), given_headers=headers)
def test_changed_requests(client: InProcess, seed: str, number: int, given_headers: dict[str, str]) -> None:
    send(client, "GET", changed(seed, number).decode("latin-1"), given_headers)


@examples(100)
@given(
    method=st.one_of(
        st.sampled_from(("POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE")), st.text(max_size=20)
    ),
    seed=st.sampled_from(SEEDS),
    body=st.binary(max_size=200),
    given_headers=headers,
)
def test_random_method_and_body(
    client: InProcess, method: str, seed: str, body: bytes, given_headers: dict[str, str]
) -> None:
    send(client, method, seed, given_headers, body)


# --- through WSGI ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def application(demo_sqlite_url: str) -> "serving.OverWSGI":
    rows = serving.demo_rows(demo_sqlite_url)
    return serving.application(MemoryAdapter(serving.demo_metadata(), {name: rows[name][:25] for name in rows}))


@examples(300)
@given(
    method=st.sampled_from(("GET", "GET", "GET", "POST", "PATCH", "HEAD", "get", "BREW")),
    target=st.one_of(
        st.binary(max_size=60),
        st.tuples(st.sampled_from(SEEDS), st.integers(0, 2**32)).map(lambda each: changed(*each)),
    ),
    given_headers=st.dictionaries(
        st.sampled_from((*HEADERS, "Content-Encoding", "Host", "X-Forwarded-For")), header_texts, max_size=3
    ),
    body=st.binary(max_size=100),
)
def test_random_bytes_through_wsgi(
    application: "serving.OverWSGI", method: str, target: bytes, given_headers: dict[str, str], body: bytes
) -> None:
    answer = application.raw(method, b"/odata/v4/" + target, given_headers, body)
    if method == "HEAD":
        assert answer.body == b""
        assert answer.status < 500 or answer.status == 501
    else:
        fine(answer)


# --- the fault catalogue ----------------------------------------------------------------------------------------------

ORDERS = "Customers?$filter="
KEYS = [f"INV-{100_000 + n}" for n in range(2_000)]


def nested_any(depth: int) -> str:
    inner = "true"
    for level in range(depth, 0, -1):
        inner = f"x{level - 1}/Invoices/any(x{level}:{inner})" if level > 1 else f"Invoices/any(x1:{inner})"
    return inner


def nested_expand(depth: int) -> str:
    names = ("Customer", "Invoices")
    inner = ""
    for level in range(depth, 0, -1):
        inner = f"{names[(level + 1) % 2]}($expand={inner})" if inner else names[(level + 1) % 2]
    return inner


#: (row of the catalogue, target, statuses that are right)
FAULTS: list[tuple[str, str, tuple[int, ...]]] = [
    ("F073", ORDERS + "(" * 10_000 + "true" + ")" * 10_000, (400,)),
    ("F074", ORDERS + "not " * 10_000 + "true", (400,)),
    ("F075", ORDERS + " or ".join(["City eq 'a'"] * 100_000), (400,)),
    ("F076", "Invoices?$top=3&$filter=" + " or ".join(f"InvoiceNumber eq '{key}'" for key in KEYS), (200,)),
    ("F076", "Invoices?$top=3&$filter=" + " or ".join(f"(InvoiceNumber eq '{key}')" for key in KEYS), (200,)),
    ("F076", "Invoices?$top=3&$filter=" + " and ".join(f"InvoiceNumber ne '{key}'" for key in KEYS), (200,)),
    (
        "F076",
        "Invoices?$top=3&$filter=InvoiceNumber in (" + ",".join(f"'{key}'" for key in KEYS) + ")",
        (200,),
    ),
    ("F076", "Customers?$top=3&$filter=" + " or ".join(["Blocked"] * 1_900), (200,)),
    ("F076", "Customers?$top=3&$filter=" + " and ".join(["not Blocked"] * 900), (200,)),
    ("F076", "Customers?$top=3&$filter=" + " or ".join(f"DunningLevel gt {n}" for n in range(600)), (200,)),
    ("F076", "Customers?$top=3&$filter=" + " and ".join(f"not (CreditLimit gt {n})" for n in range(450)), (200,)),
    ("F076", "Customers?$top=3&$filter=" + " or ".join(f"contains(City,'{n}')" for n in range(600)), (200,)),
    ("F076", "Customers?$top=3&$filter=" + " or ".join(["Invoices/any()"] * 900), (200,)),
    ("F076", "Customers?$top=3&$orderby=City,Country desc&$filter=" + "not (" * 30 + "Blocked" + ")" * 30, (200,)),
    ("F077", ORDERS + "tolower(" * 5_000 + "City" + ")" * 5_000 + " eq 'a'", (400,)),
    ("F078", ORDERS + "1" + " add 1" * 10_000 + " eq 1", (400,)),
    ("F078", "Invoices?$orderby=GrossAmount" + " add 1" * 10_000, (400,)),
    ("F079", ORDERS + nested_any(20), (400,)),
    ("F080", "Invoices?$expand=" + nested_expand(50), (400,)),
    ("F080", "Invoices?$expand=" + nested_expand(5), (400,)),
    ("F081", "Customers?$top=3&$expand=ParentCustomer($levels=max)", (200,)),
    *(
        ("F081", f"Customers?$expand=ParentCustomer($levels={n})", (400, 501))
        for n in ("4", "99999999999", "-1", "0", "x")
    ),
    ("F082", "Customers?$expand=" + ",".join(["Invoices"] * 200), (400,)),
    ("F082", "Customers?$expand=" + ",".join(f"Nope{n}" for n in range(200)), (400,)),
    *(
        ("F083", f"Customers?$top={text}", (400,))
        for text in (
            "99999999999999999999",
            "-1",
            "1e3",
            "0x10",
            "",
            "٣",
            "1_0",
            " 1",
            "+1",
            "%2B1",
            "null",
            "１",
        )
    ),
    ("F083", "Customers?$top=9223372036854775807&$select=City", (200,)),
    ("F084", "Customers?$skip=9223372036854775808", (400,)),
    ("F084", "Customers?$skip=9223372036854775807", (400,)),
    ("F084", "Customers?$skip=100001", (400,)),
    *(
        ("F086", f"Customers?{text}", (400,))
        for text in (
            "$top=1&$top=2",
            "$Top=1&$top=1",
            "%24top=1&$top=1",
            "top=1&$top=1",
            "$filter=true&filter=true",
        )
    ),
    ("F088", "Customers?$deltatoken=abc", (501,)),
    *(
        ("F089", f"Customers?$filter=City eq '{text}'", statuses)
        for text, statuses in (
            ("%00", (400,)),
            ("%ff", (400,)),
            ("%C0%AF", (400,)),
            ("%ED%A0%80", (400,)),
            ("%252e", (200,)),
            ("%", (400,)),
            ("%u0041", (400,)),
            ("%0A", (400,)),
            ("%E2%80%AE", (200,)),
            ("%F4%90%80%80", (400,)),
            ("%7F", (400,)),
            ("\ud800", (400,)),
        )
    ),
    *(
        ("F089", f"Customers('{text}')", statuses)
        for text, statuses in (
            ("%00", (400,)),
            ("%ff", (400,)),
            ("%C0%AF", (400,)),
            ("%252e", (404,)),
            ("%2e%2e", (404,)),
        )
    ),
    *(("F089", f"Customers?{text}=1", (400,)) for text in ("%24top%00", "%ff", "%zz", "%24%C0%AFtop")),
    *(
        ("F090", f"Customers?$filter={text} eq 'a'", (400,))
        for text in ("Cit\u200by", "Ｃity", "City\u202e", "Cite\u0301", "ℂity", "City\ufeff")
    ),
    *(("F090", f"Customers?$filter=City eq ‘{text}’", (400,)) for text in ("a",)),
    *(
        ("F091", text, (404,))
        for text in (
            "../admin",
            "%2e%2e/admin",
            "..;/admin",
            "/host/",
            "$metadata/../",
            "Customers/..",
            "Customers/%2e%2e/Invoices",
            "./Customers",
            "Customers('x')/../../admin",
            "%2F%2Fhost",
            "\\..\\admin",
        )
    ),
    *(
        ("F099", f"Customers?$format={text}", (406, 415))
        for text in ("../../x", "atom", "xml", "application/json;q=x", "a/b;c=d;e")
    ),
    ("F100", ORDERS + "matchesPattern(CustomerName,'^(a%2B)%2B$')", (200,)),
    ("F100", ORDERS + "matchesPattern(CustomerName,'" + "a" * 10_000 + "')", (400, 501)),
    *(
        ("F101", f"Customers?$filter=contains(CustomerName,'{text}')", (200,))
        for text in ("%25", "_", "\\", "%25_", "\\%25", "[a-z]")
    ),
    *(
        ("F102", f"Invoices?$top=1&$filter=GrossAmount {operator} {text}", (200, 400))
        for text in (
            "NaN",
            "INF",
            "-INF",
            "9" * 400,
            "1e400",
            "-0.0",
            "1e-400",
            "0." + "1" * 400,
            "1e60",
            "-1e-60",
        )
        for operator in ("eq", "gt", "add 1 lt", "mul 1e50 gt")
    ),
    *(
        ("F103", f"Customers?$top=1&$filter=DunningLevel {operator} {text}", (200, 400))
        for text in (
            2**15,
            -(2**15) - 1,
            2**31,
            -(2**31) - 1,
            2**63,
            -(2**63) - 1,
            2**64,
            10**39,
            10**41,
            "007",
            "-0",
        )
        for operator in (
            "eq",
            "gt",
            "in (1) or DunningLevel ne",
            "add 9223372036854775807 gt",
            "mul 9223372036854775807 gt",
        )
    ),
    *(
        ("F104", f"Invoices?$top=1&$filter={name} ge {text}", (200, 400))
        for text in (
            "0000-00-00",
            "2024-02-30",
            "2023-02-29",
            "0001-01-01",
            "9999-12-31",
            "-0001-01-01",
            "99999-01-01",
            "0000-01-01",
            "2024-01-01T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2024-01-01T00:00:00%2B99:99",
            "2024-01-01T00:00:00.1234567890123Z",
            "2024-01-01T00:00:00",
            "0001-01-01T00:00:00%2B14:00",
            "9999-12-31T23:59:59-14:00",
            "2024-13-01",
            "2024-1-1",
        )
        for name in ("DueDate", "CreatedAt")
    ),
    *(
        ("F105", ORDERS + text, (200, 400, 501))
        for text in (
            "City eq 01234567-89ab-cdef-0123-456789abcde",
            "City eq duration'P'",
            "City eq duration'PT'",
            "City eq binary'='",
            "City eq X'0G'",
            "City eq ErpOData.Color'Red,'",
            "City eq Edm.Guid'x'",
            "City eq duration'P99999999999D'",
            "CreatedAt add duration'P1D' gt duration'P1D'",
            "CreatedAt gt 2024",
            "City eq geography'Point(1 2'",
        )
    ),
    *(
        ("F106", f"Invoices?$top=1&$filter={text} gt 2024-01-01", (200, 400))
        for text in (
            "9999-12-31 add duration'P9999999D'",
            "DueDate add duration'P9999999D'",
            "DueDate sub duration'P9999999D'",
            "0001-01-01 sub duration'P1D'",
            "DueDate add duration'P999999999999D'",
        )
    ),
    *(
        ("F106", f"Invoices?$top=1&$filter=CreatedAt {text} gt 2024-01-01T00:00:00Z", (200, 400))
        for text in ("add duration'P3650000D'", "sub duration'P3650000D'", "add duration'PT999999999999S'")
    ),
    *(
        ("F107", f"Invoices?$top=1&$filter={text}", (200, 400))
        for text in (
            "GrossAmount div 0 gt 1",
            "DaysOverdue div 0 gt 1",
            "DaysOverdue mod 0 gt 1",
            "GrossAmount divby 0 gt 1",
            "GrossAmount div OpenAmount gt 1",
            "DaysOverdue div DaysOverdue eq 1",
            "DaysOverdue mod DunningLevel eq 1",
            "GrossAmount mod OpenAmount eq 0",
            "GrossAmount div 0e0 gt 1",
            "1 div 0 eq 1",
            "DaysOverdue div (1 sub 1) eq 1",
            "GrossAmount divby DaysOverdue gt 1",
            "duration'P1D' div 0 gt duration'P1D'",
            "duration'P1D' mul DaysOverdue gt duration'P1D'",
        )
    ),
    ("F107", "Invoices?$top=3&$orderby=GrossAmount div OpenAmount desc", (200,)),
    *(
        ("F109", f"Customers?$search={text}", statuses)
        for text, statuses in (
            (" ".join(["word"] * 1_000), (400,)),
            ('"open', (400,)),
            ("NOT", (200, 400)),
            ("(" * 500, (400,)),
            ("a" * 201, (400,)),
            ("NOT " * 500 + "a", (400,)),
            ("%22%22", (400,)),
            ("''", (400,)),
            ("!!!", (200, 400)),
            ("a;b", (400,)),
            ("a%3Bb", (200,)),
        )
    ),
    ("F110", "Customers?$select=" + ",".join(["City"] * 10_000), (400,)),
    ("F110", "Customers?$top=1&$select=" + ",".join(["City"] * 400), (200,)),
    ("F110", "Customers?$select=Nope", (400,)),
    *(
        ("F111", f"Customers({text})", (400, 404))
        for text in (
            "",
            "'a','b'",
            "Nope='a'",
            "CustomerNumber='a',CustomerNumber='b'",
            "1",
            "'" + "x" * 65_536 + "'",
            "null",
            "true",
            "@missing",
            "'a",
            "a'",
            "2024-01-01",
            "CustomerNumber=",
            "='a'",
            "'a')('b'",
            "duration'P1D'",
        )
    ),
    ("fuzz", ORDERS + "City eq 'a' and now()", (400,)),
    ("limits", "Customers?" + "&".join(f"c{n}=1" for n in range(5_000)), (400,)),
    ("limits", "/".join(["Customers('x')"] + ["ParentCustomer"] * 100), (400,)),
    ("limits", "Customers?$orderby=" + ",".join(["City", "Country"] * 50), (400,)),
    ("limits", ORDERS + "City eq '" + "x" * 100_000 + "'", (200, 400)),
    ("limits", ORDERS + "x" * 100_000, (400,)),
    ("limits", ORDERS + "a&$filter=@a", (400,)),
    ("limits", "Customers?$filter=@a0&" + "&".join(f"@a{n}=@a{n + 1}" for n in range(900)), (200, 400)),
    (
        "limits",
        "Customers?$filter=@a0&" + "&".join(f"@a{n}=@a{n + 1} and @a{n + 1}" for n in range(60)),
        (200, 400),
    ),
]


NUMBERED = [(fault, f"{fault[0]}-{number}") for number, fault in enumerate(FAULTS)]
REFUSED = [pytest.param(*fault, id=name) for fault, name in NUMBERED if 200 not in fault[2]]
ANSWERED = [pytest.param(*fault, id=name) for fault, name in NUMBERED if 200 in fault[2]]


def check_fault(client: InProcess, row: str, target: str, statuses: tuple[int, ...]) -> None:
    answer = send(client, "GET", target, {})
    assert answer.status in statuses, f"{row}: {answer.status} {answer.text[:500]}"


class Unasked(MemoryAdapter):
    """A source that must not be asked."""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        raise AssertionError(f"asked for {query.entity_set}")


@pytest.fixture(scope="module")
def unasked() -> InProcess:
    return serving.serve(Unasked(serving.demo_metadata(), {}))


@pytest.mark.parametrize(("row", "target", "statuses"), REFUSED)
def test_refused(unasked: InProcess, engine: InProcess, row: str, target: str, statuses: tuple[int, ...]) -> None:
    """Without a question to the ERP (S-21), unless that is what finds that there is no such key."""
    check_fault(engine if 404 in statuses and "(" in target else unasked, row, target, statuses)


@pytest.mark.parametrize(("row", "target", "statuses"), ANSWERED)
def test_answered(client: InProcess, row: str, target: str, statuses: tuple[int, ...]) -> None:
    check_fault(client, row, target, statuses)


def test_long_or_chain_gives_the_rows(client: InProcess) -> None:
    chain = " or ".join(f"InvoiceNumber eq '{key}'" for key in KEYS)
    found = send(client, "GET", f"Invoices?$select=InvoiceNumber&$count=true&$filter={chain}", {})
    assert found.count >= 24


@pytest.mark.parametrize(
    ("row", "name", "value", "statuses"),
    [
        *(("F085", "Prefer", f"maxpagesize={text}", (200,)) for text in ("0", "-1", "1e9", "", "x", '"5"', "9" * 30, "5,maxpagesize=6")),
        ("F085", "Prefer", "maxpagesize", (200,)),
        ("F097", "Accept", "*/*;q=-1", (400, 406)),
        ("F097", "Accept", ",".join(["a/b"] * 5_000), (400, 406)),
        ("F097", "Accept", "application/json;charset=utf-7", (406,)),
        ("F097", "Accept", ";;;,,,===", (400, 406)),
        ("F097", "Accept", "application/json;odata.metadata", (200, 400, 406)),
        ("F098", "OData-Version", "9", (400,)),
        ("F098", "OData-Version", "9.0", (400,)),
        *(("F098", "OData-MaxVersion", text, (400,)) for text in ("garbage", "4.", ".4", "٤.٠", "4.0\x00", "9" * 50 + ".0", "-4.0")),
        ("F114", "If-None-Match", ",".join(f'"{n}"' for n in range(10_000)), (200, 400)),
        ("F114", "If-None-Match", '"' * 10_001, (200, 400)),
        ("F095", "Isolation", "snapshot\xff", (200, 412)),
    ],
)  # fmt: skip
def test_fault_catalogue_headers(client: InProcess, row: str, name: str, value: str, statuses: tuple[int, ...]) -> None:
    assert send(client, "GET", "Customers?$top=2&$select=City", {name: value}).status in statuses, row


@pytest.mark.parametrize("method", ["TRACE", "PUT", "get", "X" * 1_000, "", "GET ", "\xff"])
def test_methods(client: InProcess, method: str) -> None:  # F096
    answer = send(client, method, "Customers", {"X-HTTP-Method-Override": "GET"})
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


def test_body_of_a_get_is_ignored(client: InProcess) -> None:  # F113
    assert send(client, "GET", "Customers?$top=1", {}, b"\xff" * 8_000_000).status == 200


# --- tokens -----------------------------------------------------------------------------------------------------------


def token_of(answer: Answer) -> str:
    link = answer.next
    assert link is not None
    return link.partition("$skiptoken=")[2]


def flipped(token: str) -> Iterator[str]:
    """Every text that differs from the token in one bit of one character and is still ASCII."""
    for index, character in enumerate(token):
        for bit in range(7):
            yield token[:index] + chr(ord(character) ^ (1 << bit)) + token[index + 1 :]


def test_no_changed_token_is_accepted(client: InProcess) -> None:  # F087
    base = "Customers?$select=CustomerNumber&$orderby=City desc&$count=true"
    token = token_of(send(client, "GET", base, {"Prefer": "maxpagesize=3"}))
    assert send(client, "GET", f"{base}&$skiptoken={token}", {}).rows
    refused = 0
    for other in flipped(token):
        coded = "".join(c if re.match(r"[\w.~-]", c) else f"%{ord(c):02X}" for c in other)
        assert send(client, "GET", f"{base}&$skiptoken={coded}", {}).status == 400
        refused += 1
    assert refused == 7 * len(token)
    for garbage in (
        token[:-1],
        token + "A",
        token * 2,
        token[::-1],
        "A" * 1_000_000,
        "AAAA",
        "=",
        token + "=",
        " " + token,
        "%5B" * 600,
    ):
        assert send(client, "GET", f"{base}&$skiptoken={garbage}", {}).status == 400


def test_tokens_belong_to_their_query(client: InProcess) -> None:  # F087
    base = "Customers?$select=CustomerNumber&$orderby=City desc&$filter=Blocked eq false"
    token = token_of(send(client, "GET", base, {"Prefer": "maxpagesize=3"}))
    for other in (
        "Invoices?$select=InvoiceNumber&$orderby=Status desc", "Customers?$select=CustomerNumber&$orderby=City desc",
        base.replace("false", "true"), base.replace("desc", "asc"), base.replace("City", "Country"), base + "&$search=a",
        "Customers('C-100001')/ChildCustomers?$select=CustomerNumber&$orderby=City desc&$filter=Blocked eq false",
    ):  # fmt: skip
        assert send(client, "GET", f"{other}&$skiptoken={token}", {}).error["code"] == "bad_token"


def test_signed_nonsense_is_refused(client: InProcess) -> None:
    """Even with the right signature, what is not a token of ours is refused."""
    from odata_server.uri import tokens

    dice = random.Random(1)
    for size in (0, 1, 5, 40, 900):
        payload = dice.randbytes(size)
        text = tokens._to_text(tokens._mac(SECRET.encode(), payload) + payload)
        assert send(client, "GET", f"Customers?$skiptoken={text}", {}).status == 400
