"""OData over HTTP: what every response carries, who is let in, what never leaks."""

import base64
import gzip
import json
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from edm.capabilities import Capabilities
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Page, Session, Unavailable
from odata_server.app import create_app
from odata_server.compose import Composition
from odata_server.config import ConfigError
from odata_server.observe import Event, Failed, Handled
from odata_server.web import CSRF_COOKIE, OPEN
from tests.server.support import PASSWORD, application, composition, open_application, settings

SET = "/odata/v4/Customers"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
CANARY = "canary-of-the-erp"


class Broken:
    """An ERP that fails, and talks too much."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.pings = 0

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return Capabilities()

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        raise self.error

    def ping(self, session: Session) -> None:
        self.pings += 1
        raise self.error


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    """Somebody at the demo."""
    return open_application().test_client()


@pytest.fixture(scope="module")
def locked() -> Flask:
    return application()


def basic(user: str = "alice", password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


# Every response


def test_a_collection(visitor: FlaskClient) -> None:
    answer = visitor.get(f"{SET}?$top=2&$count=true")
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["@odata.context"] == "http://127.0.0.1:8000/odata/v4/$metadata#Customers"
    assert (body["@odata.count"], len(body["value"])) == (30, 2)
    headers = answer.headers
    assert headers["Content-Type"] == "application/json;odata.metadata=minimal"
    assert headers["OData-Version"] == "4.0"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Vary"].endswith(", Accept-Encoding")
    assert "total;dur=" in headers["Server-Timing"]
    assert len(headers.getlist("Vary")) == 1


@pytest.mark.parametrize("path", ["/odata/v4", "/odata/v4/", "/%6fdata/v4/", "/odata/v4?"])
def test_the_service_root_has_no_redirects(visitor: FlaskClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert answer.get_json()["@odata.context"].endswith("/odata/v4/$metadata")


def test_conditional_requests(visitor: FlaskClient) -> None:
    etag = visitor.get(SET).headers["ETag"]
    again = visitor.get(SET, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Type" not in again.headers
    assert again.headers["ETag"] == etag


def test_head_is_get_without_a_body(visitor: FlaskClient) -> None:
    get, head = visitor.get(SET), visitor.head(SET)
    assert (head.status_code, head.data) == (200, b"")
    ours = {"Content-Type", "Content-Length", "ETag", "OData-Version", "Vary", "Cache-Control"}
    assert {h: head.headers[h] for h in ours} == {h: get.headers[h] for h in ours}


def test_options(visitor: FlaskClient) -> None:
    answer = visitor.options(SET)
    assert (answer.status_code, answer.headers["Allow"], answer.data) == (204, "GET, HEAD, OPTIONS", b"")
    assert answer.headers["OData-Version"] == "4.0"


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("GET", "HEAD", "OPTIONS")])
def test_other_methods(visitor: FlaskClient, method: str) -> None:
    answer = visitor.open(SET, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.get_json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nope", 404, "not_found"),
        ("/odata/v5/", 404, "not_found"),
        ("//odata/v4/", 404, "not_found"),
        ("/odata%2Fv4/Customers", 404, "not_found"),
        ("/odata/v4/%2e%2e/healthz", 404, "not_found"),
        ("/odata/v4//evil.example/x", 404, "not_found"),
        ("/odata/v4/Nope", 404, "not_found"),
        (f"{SET}?$filter=Nope eq 1", 400, "unknown_property"),
        (f"{SET}?$top=%ff", 400, "bad_encoding"),
    ],
)
def test_errors_are_odata_everywhere(visitor: FlaskClient, path: str, status: int, code: str) -> None:
    answer = visitor.get(path)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Content-Language"] == "en"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Location" not in answer.headers


def test_a_wrong_method_elsewhere(visitor: FlaskClient) -> None:
    answer = visitor.post("/healthz")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_errors_speak_the_client_s_version(visitor: FlaskClient) -> None:
    answer = visitor.get("/nope", headers={"OData-MaxVersion": "4.01"})
    assert answer.headers["OData-Version"] == "4.01"


# Links and hosts


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:99999"},
        {"Host": "a, b"},
        {"Host": "u@evil.example"},
        {"Host": "ev il"},
        {"Host": ""},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
@pytest.mark.parametrize("path", ["/odata/v4/", f"{SET}?$top=1", "/odata/v4", "/nope"])
def test_no_host_header_reaches_a_response(visitor: FlaskClient, headers: dict[str, str], path: str) -> None:
    answer = visitor.get(path, headers={"Prefer": "odata.maxpagesize=1", **headers})
    assert answer.status_code in (200, 404)
    assert b"evil" not in answer.data
    assert "evil" not in str(answer.headers)


def test_links_come_from_the_public_url() -> None:
    answer = (
        application()
        .test_client()
        .get(SET, headers=basic() | {"Prefer": "odata.maxpagesize=2", "Host": "evil.example"}, base_url="https://inner")
    )
    body = answer.get_json()
    assert body["@odata.context"] == "https://erp.example.com/odata/v4/$metadata#Customers"
    assert body["@odata.nextLink"].startswith("https://erp.example.com/odata/v4/Customers?")


# Correlation ids


def test_correlation_ids(visitor: FlaskClient) -> None:
    assert visitor.get(SET, headers={"X-Correlation-Id": "abc-1"}).headers["X-Correlation-Id"] == "abc-1"
    assert visitor.get(SET, headers={"X-Request-Id": "req.2"}).headers["X-Correlation-Id"] == "req.2"
    assert visitor.get("/nope", headers={"X-Correlation-Id": "abc-1"}).headers["X-Correlation-Id"] == "abc-1"
    bad = "<script>"
    assert visitor.get(SET, headers={"X-Correlation-Id": bad}).headers["X-Correlation-Id"] != bad


# Compression and bodies


def test_large_answers_are_compressed_on_request(visitor: FlaskClient) -> None:
    plain, packed = visitor.get(SET), visitor.get(SET, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert packed.headers["Vary"] == plain.headers["Vary"]


def test_small_answers_are_not_compressed(visitor: FlaskClient) -> None:
    assert "Content-Encoding" not in visitor.get("/odata/v4/", headers={"Accept-Encoding": "gzip"}).headers


def test_bodies_are_bounded() -> None:
    client = open_application(max_body=1000).test_client()
    for body, headers, status in (
        (b"x" * 1001, {}, 413),
        (gzip.compress(b"\0" * 100_000), {"Content-Encoding": "gzip"}, 413),
        (b"x", {"Content-Encoding": "br"}, 415),
        (b"x", {"Content-Encoding": "gzip"}, 400),
        (b"x" * 1000, {}, 405),
    ):
        answer = client.post(SET, data=body, headers=headers)
        assert answer.status_code == status
        assert answer.get_json()["error"]["code"]


def test_a_body_on_get_is_ignored(visitor: FlaskClient) -> None:
    assert visitor.get(SET, data=b"x" * 10_000_000).status_code == 200


# Anti-CSRF tokens


def test_csrf_token_on_request(visitor: FlaskClient) -> None:
    answer = visitor.get("/odata/v4/", headers={"X-CSRF-Token": "Fetch"})
    token, cookie = answer.headers["X-CSRF-Token"], answer.headers["Set-Cookie"]
    assert len(token) > 40
    assert cookie.startswith(f"{CSRF_COOKIE}=")
    for part in ("HttpOnly", "Path=/odata/v4", "SameSite=Strict"):
        assert part in cookie
    assert "Secure" not in cookie  # the demo has no https
    for headers in ({}, {"X-CSRF-Token": token}):
        assert "X-CSRF-Token" not in visitor.get("/odata/v4/", headers=headers).headers
    assert "X-CSRF-Token" not in visitor.get("/nope", headers={"X-CSRF-Token": "Fetch"}).headers


def test_csrf_cookies_are_secure_behind_https(locked: Flask) -> None:
    answer = locked.test_client().head("/odata/v4/", headers=basic() | {"X-CSRF-Token": "fetch"})
    assert "Secure" in answer.headers["Set-Cookie"]


# Who is let in


def test_every_route_asks_who_is_calling(locked: Flask) -> None:
    client, asked = locked.test_client(), set()
    for rule in locked.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(next(p for p in path.split("/") if argument in p), "x")
        for method in rule.methods or METHODS:
            answer = client.open(path, method=method)
            if rule.endpoint in OPEN:
                assert answer.status_code == 200
            else:
                assert answer.status_code == 401, (method, rule)
                assert answer.headers["WWW-Authenticate"] == 'Basic realm="erp-odata", charset="UTF-8"'
                asked.add(rule.endpoint)
    assert "odata" in asked
    assert client.get("/nope").status_code == 401


def test_the_right_password(locked: Flask) -> None:
    assert locked.test_client().get(SET, headers=basic()).status_code == 200


def test_the_wrong_password(locked: Flask) -> None:
    answer = locked.test_client().get(SET, headers=basic(password="wrong-canary"))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "unauthorized")
    assert b"canary" not in answer.data
    assert answer.headers["OData-Version"] == "4.0"


def test_two_authorization_headers(locked: Flask) -> None:
    value = basic()["Authorization"]
    answer = locked.test_client().get(SET, headers=[("Authorization", value), ("Authorization", value)])
    assert answer.status_code == 401


def test_passwords_over_plain_http_are_refused() -> None:
    client = application(host="0.0.0.0", trusted_proxies=1).test_client()
    for headers in ({}, {"X-Forwarded-Proto": "http"}):
        answer = client.get(SET, headers=basic() | headers)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "insecure_transport")
        assert "WWW-Authenticate" not in answer.headers
    assert client.get(SET, headers=basic() | {"X-Forwarded-Proto": "https"}).status_code == 200
    assert client.get(SET, headers=basic(), base_url="https://x").status_code == 200


def test_anonymous_access_is_for_this_machine(visitor: FlaskClient) -> None:
    for path in (SET, "/", "/nope"):
        answer = visitor.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        assert answer.status_code == 401


def test_too_many_failures() -> None:
    client = application().test_client()
    codes = [client.get(SET, headers=basic("mallory")).status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert int(client.get(SET, headers=basic("mallory")).headers["Retry-After"]) > 0


def test_a_service_that_must_not_start_does_not() -> None:
    with pytest.raises(ConfigError, match="nobody could sign in"):
        create_app(settings(users={}))


# Health


def test_health(locked: Flask) -> None:
    client = locked.test_client()
    for path, status in (("/healthz", "ok"), ("/readyz", "ready")):
        for address in ("127.0.0.1", "192.0.2.1"):
            answer = client.get(path, environ_overrides={"REMOTE_ADDR": address})
            assert (answer.status_code, answer.get_json()) == (200, {"status": status})
            assert answer.headers["Cache-Control"] == "private, no-store"


def test_not_ready() -> None:
    adapter = Broken(Unavailable(CANARY))
    client = application(adapter).test_client()
    assert client.get("/healthz").status_code == 200
    for _ in range(5):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.get_json() == {"status": "unavailable", "code": "erp_unavailable"}
    assert adapter.pings == 1


# Failures, and what is told of them


def test_what_the_erp_says_stays_here() -> None:
    events: list[Event] = []
    answer = open_application(Broken(Unavailable(CANARY)), events).test_client().get(SET)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "erp_unavailable")
    assert answer.headers["Retry-After"] == "3"
    assert CANARY not in answer.text + str(answer.headers)
    (handled,) = events
    assert isinstance(handled, Handled)
    assert handled.detail == CANARY


def test_a_fault_of_ours_says_nothing() -> None:
    events: list[Event] = []
    error = RuntimeError(CANARY)
    client = open_application(Broken(error), events).test_client()
    answer = client.get(SET, headers={"X-Correlation-Id": "find-me"})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal")
    assert CANARY not in answer.text
    failed = next(event for event in events if isinstance(event, Failed))
    assert (failed.error, failed.correlation_id) == (error, "find-me")


def test_a_fault_outside_the_service_says_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []

    def fail(*_: object) -> None:
        raise RuntimeError(CANARY)

    app = open_application(told=events)
    monkeypatch.setattr("odata_server.edge.target", fail)
    answer = app.test_client().get(SET)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "internal")
    assert CANARY not in answer.text
    assert [type(event) for event in events] == [Failed, Handled]


def test_one_event_for_each_request() -> None:
    events: list[Event] = []
    client = application(told=events).test_client()
    client.get(f"{SET}?$top=3", headers=basic() | {"X-Correlation-Id": "one"})
    client.get("/nope", headers=basic())
    client.get(SET)
    client.get("/healthz")
    assert all(isinstance(event, Handled) for event in events)
    told = [(e.status, e.principal, e.error_code, e.rows, e.entity_set) for e in events if isinstance(e, Handled)]
    assert told == [
        (200, "alice", None, 3, "Customers"),
        (404, "alice", "not_found", 0, None),
        (401, "anonymous", "unauthorized", 0, None),
    ]
    assert isinstance(events[0], Handled)
    assert (events[0].correlation_id, events[0].query, events[0].path) == ("one", "$top=3", "Customers")


def test_the_object_graph_is_reachable() -> None:
    made = composition()
    app = create_app(composition=made)
    assert app.extensions["erp_odata"] is made
    assert isinstance(made, Composition)


@given(
    path=st.binary(max_size=40),
    query=st.binary(max_size=40),
    headers=st.dictionaries(
        st.sampled_from(
            ["Accept", "Prefer", "OData-Version", "Host", "Authorization", "X-CSRF-Token", "Cookie", "If-None-Match"]
        ),
        st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30),
    ),
    method=st.sampled_from(METHODS),
)
def test_nothing_is_ever_a_500(
    visitor: FlaskClient, path: bytes, query: bytes, headers: dict[str, str], method: str
) -> None:
    raw = "/odata/v4/" + path.decode("latin-1") + "?" + query.decode("latin-1")
    answer = visitor.open(
        "/odata/v4/x", method=method, headers=headers, environ_overrides={"RAW_URI": raw, "REQUEST_URI": raw}
    )
    assert answer.status_code < 500
    assert answer.status_code < 400 or method == "HEAD" or "error" in json.loads(answer.data)


@pytest.mark.parametrize(("cache", "kept"), [("off", False), ("memory", True)])
def test_the_pages_say_where_answers_come_from(cache: str, kept: bool) -> None:
    page = open_application(cache=cache).test_client().get("/").text
    assert ("each request is answered by the ERP" in page) is not kept
    assert ("Each answer is read from the ERP when it is asked for." in page) is not kept
    assert ("answers come from the ERP, and serve others for as long as each set allows" in page) is kept
    assert ("or kept for a while" in page) is kept
