"""The short way into the service and the long one through Flask: the same requests, the same answers and events."""

import base64
import io
import json
import re
import threading
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from erp_adapters.memory import MemoryAdapter
from odata_server.edge import compressed_document
from odata_server.entry import Entry
from odata_server.messages import Headers, WsgiHeaders
from odata_server.observe import Event, Failed, Handled
from tests.server.support import PASSWORD, application, metadata, open_application, rows

BASIC = "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
WRONG = "Basic " + base64.b64encode(b"alice:wrong").decode()
TARGETS = (
    "/odata/v4", "/odata/v4/", "/odata/v4/$metadata", "/odata/v4/$metadata?$format=json", "/odata/v4/Customers",
    "/odata/v4/Customers?$top=2&$count=true", "/odata/v4/Customers?$select=CreditLimit&$top=1",
    "/odata/v4/Customers('C-0003')", "/odata/v4/Customers('C-0003')/CreditLimit",
    "/odata/v4/Customers('C-0003')/CreditLimit/$value", "/odata/v4/Customers/$count", "/odata/v4/Customers('nobody')",
    "/odata/v4/Customers('C%2F1')", "/odata/v4/Customers(%27C-0003%27)", "/odata/v4//Customers('C-0003')",
    "/odata/v4/Customers?$filter=contains(CustomerName,'%C3%BC')&$top=3", "/odata/v4/Customers?$filter=bad(",
    "/odata/v4/Nothing", "/odata/v4/Customers?$top=x", "/odata/v4/%ff%fe", "/odata/v4/Customers?$filter=%00",
    "/odata%2Fv4/Customers", "/%6fdata/v4/Customers?$top=1", "http://elsewhere/odata/v4/Customers?$top=1",
    "http://elsewhere", "//odata/v4/Customers", "/odata/v4/Customers?$filter=CustomerName eq 'ü'", "/odata/v4x",
    "/odata/v4/$batch", "/odata/v4/Customers/$query", "/odata/v4/Customers?" + "x" * 9_000, "/", "/healthz", "/nowhere",
    "/odata/v4/Customers?$filter=CustomerNumber eq 'C-0001' or CustomerNumber eq 'C-0002'",
)  # fmt: skip
#: Header fields by their WSGI names; each has some values that clients send and some that nobody ought to.
FIELDS: dict[str, tuple[str, ...]] = {
    "HTTP_ACCEPT": ("application/json", "application/json;odata.metadata=none", "application/xml", "*/*", "text/html",
                    "application/json;q=2", "", "a" * 5_000),
    "HTTP_ACCEPT_ENCODING": ("gzip", "gzip;q=0", "identity, gzip;q=0.5", "br, gzip", "*"),
    "HTTP_AUTHORIZATION": (BASIC, BASIC.replace("Basic", "bAsIc"), WRONG, "Bearer x", "Basic !"),
    "HTTP_ODATA_VERSION": ("4.0", "4.01", "3.0", "x"),
    "HTTP_ODATA_MAXVERSION": ("4.0", "4.01", "4.0;NetFx", "2.0", ""),
    "HTTP_PREFER": ("odata.maxpagesize=2", "maxpagesize=2,omit-values=nulls", "respond-async", "=,;"),
    "HTTP_IF_NONE_MATCH": ("*", 'W/"x"'),
    "HTTP_IF_MATCH": ("*", '"x"'),
    "HTTP_X_CORRELATION_ID": ("abc-1", "no spaces", "x" * 200, ""),
    "HTTP_X_REQUEST_ID": ("r:1",),
    "HTTP_X_FORWARDED_FOR": ("203.0.113.7", "203.0.113.7, 10.0.0.1", "nonsense"),
    "HTTP_X_FORWARDED_PROTO": ("https", "http", "https, http"),
    "HTTP_X_CSRF_TOKEN": ("fetch", "1"),
    "HTTP_ISOLATION": ("snapshot",),
    "HTTP_ORIGIN": ("https://evil.example",),
    "HTTP_HOST": ("erp.example.com", "bad host"),
    "HTTP_X_LONG": ("y" * 9_000,),
    "CONTENT_TYPE": ("application/json", ""),
    "CONTENT_LENGTH": ("0", "5", ""),
    "HTTP_CONTENT_TYPE": ("text/plain",),
}  # fmt: skip
METHODS = ("GET", "GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "DELETE", "get")


def environ(
    target: str, method: str = "GET", *, raw: bool = True, peer: str = "127.0.0.1", **fields: str
) -> dict[str, Any]:
    path, _, query = re.sub("^http://[^/]*", "", target).partition("?")
    found = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path.encode()).decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": peer,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(b"hello"),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **fields,
    }
    return found | {"RAW_URI": target.encode().decode("latin-1")} if raw else found


Answer = tuple[str, list[tuple[str, str]], bytes]


class Way:
    """An application of its own, entered by the short way or by the long one."""

    def __init__(self, app: Flask, told: list[Event], *, long: bool) -> None:
        assert isinstance(app.wsgi_app, Entry)
        self.call: Any = app.wsgi_app.inner if long else app.wsgi_app
        self.told = told

    def answer(self, given: dict[str, Any]) -> tuple[Answer, list[Event]]:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.call({**given, "wsgi.input": io.BytesIO(b"hello")}, lambda *told: started.append(told[:2]))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        ((status, headers),) = started
        events, self.told[:] = list(map(_timeless, self.told)), []
        told = re.compile(rb'"correlationId":"[0-9a-f]{32}"')
        return (status, [(n, _steady(n, v)) for n, v in headers], told.sub(b"", body)), events


def _steady(name: str, value: str) -> str:
    if name == "X-Correlation-Id":
        return re.sub("^[0-9a-f]{32}$", "new", value)
    return "some" if name in ("Server-Timing", "X-CSRF-Token", "Set-Cookie") else value


def _timeless(event: Event) -> Event:
    steady = re.sub("^[0-9a-f]{32}$", "new", event.correlation_id)
    if isinstance(event, Failed):
        return replace(event, error=ValueError(str(event.error)), correlation_id=steady)
    return replace(event, seconds=0.0, erp_seconds=0.0, correlation_id=steady)


def both(**changes: Any) -> tuple[Way, Way]:
    ways = []
    for long in (False, True):
        told: list[Event] = []
        make = application if changes.get("users", True) else open_application
        ways.append(Way(make(told=told, **changes), told, long=long))
    return ways[0], ways[1]


WAYS: dict[str, dict[str, Any]] = {
    "basic": {"allow_insecure": True},
    "secure": {"trusted_proxies": 1, "host": "0.0.0.0"},
    "anonymous": {"users": {}},
    "small": {"users": {}, "max_headers": 9, "max_header_size": 100, "max_request_line": 200, "max_correlation_id": 4},
    "proxies": {"trusted_proxies": ("10.0.0.0/8", "127.0.0.1"), "host": "0.0.0.0"},
}


@pytest.fixture(scope="module")
def ways() -> dict[str, tuple[Way, Way]]:
    return {name: both(**changes) for name, changes in WAYS.items()}


def same(ways: tuple[Way, Way], given: dict[str, Any]) -> Answer:
    (first, one), (second, other) = ways[0].answer(given), ways[1].answer(given)
    assert first == second
    assert list(map(repr, one)) == list(map(repr, other))
    return first


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_target(name: str, target: str, ways: dict[str, tuple[Way, Way]]) -> None:
    for raw in (True, False):
        same(ways[name], environ(target, raw=raw, HTTP_AUTHORIZATION=BASIC))
        same(ways[name], environ(target, raw=raw))


def given_fields(*field: str) -> dict[str, Any]:
    return {"HTTP_AUTHORIZATION": BASIC, field[0]: field[1]}


@pytest.mark.parametrize("field", FIELDS)
def test_every_header(field: str, ways: dict[str, tuple[Way, Way]]) -> None:
    for value in FIELDS[field]:
        for target in ("/odata/v4/Customers?$top=20", "/odata/v4/Customers('C-0003')", "/odata/v4/$metadata"):
            for name in WAYS:
                same(ways[name], environ(target, **given_fields(field, value)))


@given(
    st.sampled_from(sorted(WAYS)),
    st.sampled_from(TARGETS),
    st.sampled_from(METHODS),
    st.booleans(),
    st.sampled_from(("127.0.0.1", "::1", "10.0.0.9", "203.0.113.9", "")),
    st.lists(st.sampled_from(sorted(FIELDS)).flatmap(lambda f: st.tuples(st.just(f), st.sampled_from(FIELDS[f])))),
)
def test_anything(
    ways: dict[str, tuple[Way, Way]],
    name: str,
    target: str,
    method: str,
    raw: bool,
    peer: str,
    fields: list[tuple[str, str]],
) -> None:
    given = {"HTTP_AUTHORIZATION": BASIC, **dict(fields)}
    same(ways[name], environ(target, method, raw=raw, peer=peer, **given))


def test_a_page_that_was_not_modified(ways: dict[str, tuple[Way, Way]]) -> None:
    for target in ("/odata/v4/Customers?$top=20", "/odata/v4/Customers('C-0003')", "/odata/v4/$metadata"):
        _, headers, _ = same(ways["anonymous"], environ(target))
        etag = dict(headers)["ETag"]
        status, again, body = same(ways["anonymous"], environ(target, HTTP_IF_NONE_MATCH=etag))
        assert (status, body) == ("304 NOT MODIFIED", b"")
        assert not {"Content-Length", "Content-Type"} & set(dict(again))


def test_plain_reads_do_not_reach_flask_and_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_application()
    entry = app.wsgi_app
    assert isinstance(entry, Entry)
    reached: list[str] = []

    def inner(given: dict[str, Any], start_response: Any) -> list[bytes]:
        reached.append(given["PATH_INFO"])
        return []

    monkeypatch.setattr(entry, "inner", inner)
    for target in ("/odata/v4/Customers", "/odata/v4", "/odata/v4/$metadata?x=1", "/odata/v4/Nothing"):
        assert list(entry(environ(target), lambda *a: lambda b: None))
    assert reached == []
    for other in (
        environ("/"),
        environ("/odata/v4x"),
        environ("/odata/v4/Customers", "POST"),
        environ("/odata/v4/Customers", "HEAD"),
        environ("/odata/v4/Customers", HTTP_X_CSRF_TOKEN="fetch"),
    ):
        entry(other, lambda *a: lambda b: None)
    assert len(reached) == 5


def test_a_fault_of_ours_is_the_same_error(monkeypatch: pytest.MonkeyPatch, ways: dict[str, tuple[Way, Way]]) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("broken here")

    monkeypatch.setattr("odata_server.edge.client", broken)
    given = environ("/odata/v4/Customers", HTTP_X_CORRELATION_ID="abc")
    (status, _, body), events = ways["anonymous"][0].answer(given)
    assert status.startswith("500 ")
    assert json.loads(body)["error"]["code"] == "internal"
    assert b"broken" not in body
    assert [type(event) for event in events] == [Failed, Handled]
    same(ways["anonymous"], given)


class Slow(MemoryAdapter):
    """Asks, while it answers, to be asked once more."""

    again: Any = None

    def read(self, query: Any, session: Any) -> Any:
        if self.again:
            other, self.again = threading.Thread(target=self.again), None
            other.start()
            other.join()
        return super().read(query, session)


@pytest.mark.parametrize("long", [False, True])
def test_requests_in_progress_are_counted_and_leave(long: bool) -> None:
    model = metadata()
    told: list[Event] = []
    adapter = Slow(model, rows())
    way = Way(open_application(adapter, told, max_concurrent=1), told, long=long)
    seen: list[str] = []
    for _ in range(2):
        adapter.again = lambda: seen.append(way.answer(environ("/odata/v4/Customers?$top=1"))[0][0])
        assert way.answer(environ("/odata/v4/Customers?$top=1"))[0][0] == "200 OK"
    assert seen == ["429 TOO MANY REQUESTS"] * 2


def test_both_ways_count_the_same_requests_in_progress() -> None:
    """One caller may not have twice as many by taking both ways."""
    model = metadata()
    told: list[Event] = []
    adapter = Slow(model, rows())
    app = open_application(adapter, told, max_concurrent=1)
    seen: list[str] = []
    adapter.again = lambda: seen.append(
        Way(app, told, long=True).answer(environ("/odata/v4/Customers?$top=1", "HEAD"))[0][0]
    )
    assert Way(app, told, long=False).answer(environ("/odata/v4/Customers?$top=1"))[0][0] == "200 OK"
    assert seen == ["429 TOO MANY REQUESTS"]


def test_compressed_documents_are_remembered() -> None:
    app = open_application()
    compressed_document.cache_clear()
    for _ in range(3):
        app.test_client().get("/odata/v4/$metadata", headers={"Accept-Encoding": "gzip"})
    assert (compressed_document.cache_info().hits, compressed_document.cache_info().misses) == (2, 1)
    app.test_client().get("/odata/v4/Customers", headers={"Accept-Encoding": "gzip"})
    assert compressed_document.cache_info().misses == 1


def test_header_fields_are_those_that_werkzeug_finds() -> None:
    fields: dict[str, Any] = {
        "HTTP_A_B": "1",
        "HTTP_EMPTY": "",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "",
        "HTTP_CONTENT_TYPE": "x",
    }
    given = environ("/", **fields)
    from werkzeug.datastructures import EnvironHeaders

    expected = Headers(EnvironHeaders(given).items())
    found = WsgiHeaders(given)
    assert dict(found) == dict(expected)
    assert len(found) == len(expected) == 3
    assert (found["a-B"], found.get("Empty"), found.get("Content-Length"), "content-type" in found) == (
        "1",
        "",
        None,
        True,
    )
    assert "Nothing" not in found
    with pytest.raises(KeyError):
        found["Nothing"]


@pytest.mark.parametrize("name", ["HTTP_ACCEPT", "HTTP_ODATA_MAXVERSION", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"])
def test_metadata_is_what_the_pipeline_makes_of_it(name: str, ways: dict[str, tuple[Way, Way]]) -> None:
    """Written otherwise, its name takes the whole way."""
    for value in (*FIELDS[name], ""):
        for method in ("GET", "HEAD"):
            given: dict[str, Any] = {"HTTP_X_CORRELATION_ID": "abc", name: value}
            plain, _ = ways["anonymous"][0].answer(environ("/odata/v4/$metadata", method, **given))
            other, _ = ways["anonymous"][0].answer(environ("/odata/v4/%24metadata", method, **given))
            assert plain == other
