"""``$batch`` through the whole service: formats, versions, one budget, one deadline, one event per request."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edm.query import Query
from erp_adapters.base import Page, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS, Principal
from odata_server.messages import Headers, ODataRequest
from odata_server.observe import Event, Handled
from odata_server.service import Service, ServiceOptions
from tests.batch.support import ROOT, change_set, get, mixed, part, post, read_multipart, send, send_json
from tests.engine.small import DATA, METADATA, NOW, SECRET, service

COUNT = part("GET Customers/$count HTTP/1.1")
MIXED = "multipart/mixed;boundary=b"
JSON_BODY = b'{"requests":[{"id":"1","method":"GET","url":"Customers/$count"}]}'


# --- the batch itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data;boundary=b", "application/http", "json"]
)
def test_other_content_types(content_type: str) -> None:
    answer = post(service(), mixed(COUNT).encode(), Content_Type=content_type)
    assert (answer.status, b"multipart/mixed with a boundary" in answer.body) == (415, True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "post"])
@pytest.mark.parametrize("path", ["$batch", "%24batch", "$batch/"])
def test_only_post(method: str, path: str) -> None:
    answer = service().handle(ODataRequest(method, path), ANONYMOUS)
    assert (answer.status, answer.header("Allow")) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("path", "status"), [("%24batch", 200), ("$batch/", 200), ("$batch/x", 405), ("x/$batch", 405)]
)
def test_where_it_is(path: str, status: int) -> None:
    assert post(service(), mixed(COUNT).encode(), path, Content_Type=MIXED).status == status


def test_snapshots_are_refused_for_the_batch_and_not_asked_of_its_requests() -> None:
    assert post(service(), mixed(COUNT).encode(), Content_Type=MIXED, Isolation="snapshot").status == 412
    assert send(service(), part("GET Customers/$count HTTP/1.1", "Isolation: snapshot"))[0].status == 200


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "version", "expected"),
    [
        (mixed(COUNT).encode(), MIXED, "", "", "multipart/mixed"),
        (mixed(COUNT).encode(), MIXED, "application/json", "", "multipart/mixed"),
        (mixed(COUNT).encode(), MIXED, "application/json", "4.0", "multipart/mixed"),
        (mixed(COUNT).encode(), MIXED, "application/json", "4.01", "application/json"),
        (mixed(COUNT).encode(), MIXED, "*/*", "4.01", "multipart/mixed"),
        (mixed(COUNT).encode(), MIXED, "application/json;q=0.1, multipart/mixed;boundary=x", "4.01", "multipart/mixed"),
        (JSON_BODY, "application/json", "", "", "application/json"),
        (
            JSON_BODY,
            "application/json;charset=utf-8",
            "application/json;odata.metadata=none",
            "4.01",
            "application/json",
        ),
        (JSON_BODY, "application/json", "multipart/mixed", "", "multipart/mixed"),
        (JSON_BODY, "application/json", "text/plain", "4.01", None),
        (mixed(COUNT).encode(), MIXED, "text/plain", "4.01", None),
    ],
)
def test_the_form_of_the_answer(
    body: bytes, content_type: str, accept: str, version: str, expected: str | None
) -> None:
    headers = {"Content_Type": content_type, "Accept": accept} | ({"OData_MaxVersion": version} if version else {})
    answer = post(service(), body, **headers)
    if expected is None:
        assert answer.status == 406
    else:
        assert (answer.header("Content-Type") or "").partition(";")[0] == expected
        assert answer.header("OData-Version") == (version or "4.0")


def test_each_form_says_the_same() -> None:
    requests = [get("1", "Customers('C01')"), get("2", "Nope"), get("3", "Customers/$count")]
    parts = [part(f"GET {one['url']} HTTP/1.1", Content_ID=str(one["id"])) for one in requests]
    headers = {"OData_MaxVersion": "4.01", "Prefer": "continue-on-error"}
    found = send(service(), *parts, **headers)
    twin = send_json(service(), requests, **headers)
    assert [(one.id, one.status) for one in found] == [("1", 200), ("2", 404), ("3", 200)]
    assert [(one["id"], one["status"]) for one in twin] == [("1", 200), ("2", 404), ("3", 200)]
    assert [found[0].json, found[1].json, found[2].body.decode()] == [one["body"] for one in twin]
    crossed = post(service(), mixed(*parts).encode(), Content_Type=MIXED, Accept="application/json", **headers)
    assert b'"id":"2","status":404' in crossed.body


# --- versions and preferences -------------------------------------------------------------------------------------


def test_versions() -> None:
    with_own = part("GET Customers('C01') HTTP/1.1", "OData-MaxVersion: 4.0")
    without = part("GET Customers('C01') HTTP/1.1")
    broken = part("GET Customers('C01') HTTP/1.1", "OData-MaxVersion: x")
    outside = part("GET /elsewhere HTTP/1.1")
    found = send(service(), with_own, without, broken, outside, OData_MaxVersion="4.01", Prefer="continue-on-error")
    assert [one.headers["OData-Version"] for one in found] == ["4.0", "4.01", "4.01", "4.01"]
    assert [one.status for one in found] == [200, 200, 400, 400]
    assert "@odata.context" in found[0].json
    assert "@context" in found[1].json


@pytest.mark.parametrize(
    ("prefer", "statuses", "applied"),
    [
        (None, [200, 404], None),
        ("continue-on-error", [200, 404, 200], "continue-on-error"),
        ("odata.continue-on-error=true", [200, 404, 200], "odata.continue-on-error=true"),
        ("continue-on-error=false", [200, 404], "continue-on-error=false"),
        ("continue-on-error=perhaps, respond-async", [200, 404], None),
    ],
)
def test_after_an_error_in_multipart(prefer: str | None, statuses: list[int], applied: str | None) -> None:
    body = mixed(COUNT, part("GET Nope HTTP/1.1"), COUNT).encode()
    answer = post(service(), body, Content_Type=MIXED, **({"Prefer": prefer} if prefer else {}))
    assert [one.status for one in read_multipart(answer.header("Content-Type") or "", answer.body)] == statuses
    assert answer.header("Preference-Applied") == applied


@pytest.mark.parametrize(
    ("prefer", "statuses"),
    [
        ("", [200, 404, 200, 200]),
        ("continue-on-error", [200, 404, 200, 200]),
        ("odata.continue-on-error=false", [200, 404, 424, 424]),
    ],
)
def test_after_an_error_in_json(prefer: str, statuses: list[int]) -> None:
    requests = [get("1", "Customers/$count"), get("2", "Nope"), get("3", "Customers/$count"),
                get("4", "Customers/$count", atomicityGroup="g")]  # fmt: skip
    found = send_json(service(), requests, **({"Prefer": prefer} if prefer else {}))
    assert [one["status"] for one in found] == statuses


def test_preferences_reach_the_requests() -> None:
    small = part("GET Customers HTTP/1.1", "Prefer: maxpagesize=2")
    found = send(service(), part("GET Customers HTTP/1.1"), small, Prefer="odata.maxpagesize=5")
    assert [len(one.json["value"]) for one in found] == [5, 2]
    assert [one.headers["Preference-Applied"] for one in found] == ["odata.maxpagesize=5", "maxpagesize=2"]


# --- writes -------------------------------------------------------------------------------------------------------


def test_writes_are_refused_one_by_one_and_change_sets_as_one() -> None:
    write = part("PATCH Customers('C01') HTTP/1.1", "Content-Type: application/json", body="{}", Content_ID="9")
    found = send(service(), change_set(write, write), write, COUNT, Prefer="continue-on-error")
    assert [(one.id, one.status) for one in found] == [("9", 405), ("9", 405), (None, 200)]
    requests = [{"id": n, "method": "post", "url": "Customers", "body": {}, "atomicityGroup": "g"} for n in "12"]
    assert [(one["id"], one["atomicityGroup"], one["status"]) for one in send_json(service(), requests)] == [
        ("1", "g", 405), ("2", "g", 424),
    ]  # fmt: skip


def test_reading_together_in_json() -> None:
    found = send_json(service(), [get(n, "Customers/$count", atomicityGroup="g") for n in "12"])
    assert [(one["status"], one["body"]) for one in found] == [(200, "20")] * 2


# --- references ---------------------------------------------------------------------------------------------------


def test_references() -> None:
    found = send(
        service(),
        part("GET Customers('C01') HTTP/1.1", Content_ID="1"),
        part("GET $1/Invoices?$top=1&$select=CustomerNumber HTTP/1.1", Content_ID="2"),
        part("GET $1/CustomerNumber/$value HTTP/1.1"),
        part("GET $1 HTTP/1.1", "If-None-Match: $1"),
        part("GET $2/$count HTTP/1.1"),
    )
    assert [row["CustomerNumber"] for row in found[1].json["value"]] == ["C01"]
    assert found[2].body == b"C01"
    assert found[3].status == 304
    assert found[4].body == str(sum(row["CustomerNumber"] == "C01" for row in DATA["Invoices"])).encode()


def test_references_to_a_posted_query() -> None:
    query = part("POST Customers/$query HTTP/1.1", "Content-Type: text/plain", body="$top=1", Content_ID="q")
    found = send(service(), query, part("GET $q/$count HTTP/1.1"))
    assert (len(found[0].json["value"]), found[1].body) == (1, b"20")


# --- one budget ---------------------------------------------------------------------------------------------------


def codes(found: list[dict[str, Any]]) -> list[str | None]:
    return [one["body"]["error"]["code"] if one["status"] >= 400 else None for one in found]


@pytest.mark.parametrize(("rows", "answered"), [(59, 3), (60, 3), (61, 4)])
def test_rows_of_all_requests_together(rows: int, answered: int) -> None:
    found = send_json(service(options=ServiceOptions(batch_rows=rows)), [get(str(n), "Customers") for n in range(5)])
    assert codes(found) == [None] * answered + ["limit_exceeded"] * (5 - answered)
    assert "limit batch_rows" in found[4]["body"]["error"]["message"]


def test_what_one_request_may_scan_shrinks_too() -> None:
    options = ServiceOptions(batch_rows=100, scan_budget=90)
    found = send_json(service(capable=False, options=options), [get(str(n), "Invoices/$count") for n in range(2)])
    assert codes(found) == [None, "scan_budget_exceeded"]


def test_bytes_of_all_requests_together() -> None:
    one = post(service(), b"", "Customers/$query")
    assert one.status == 200
    options = ServiceOptions(max_response=len(one.body) * 2 + 3_000)
    found = send_json(service(options=options), [get(str(n), "Customers") for n in range(4)])
    sizes = [len(each["body"]["value"]) if each["status"] == 200 else each["body"]["error"]["code"] for each in found]
    assert sizes[:2] == [20, 20]
    assert "@odata.nextLink" in found[2]["body"], "the third page is cut to what is left"
    assert 0 < sizes[2] < 20
    assert sum(len(str(each["body"])) for each in found) < options.max_response * 1.2


def test_documents_again_and_again() -> None:  # F121
    size = len(service().handle(ODataRequest("GET", "$metadata"), ANONYMOUS).body)
    options = ServiceOptions(max_response=size * 3 + 10)
    found = send(service(options=options), *[part("GET $metadata HTTP/1.1")] * 5, Prefer="continue-on-error")
    assert [one.code for one in found[3:]] == ["limit_exceeded"] * 2
    assert [one.status for one in found[:3]] == [200] * 3


@pytest.mark.parametrize(("number", "status"), [(4, 200), (5, 200), (6, 400)])
def test_the_number_of_requests(number: int, status: int) -> None:
    target = service(options=ServiceOptions(batch_parts=5))
    assert post(target, mixed(*[COUNT] * number).encode(), Content_Type=MIXED).status == status


class Slow(MemoryAdapter):
    """Takes its time for one set."""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        if query.entity_set == "Invoices":
            time.sleep(max(0.0, session.remaining()) + 0.01)
        return super().read(query, session)


def test_one_deadline() -> None:  # F122
    target = Service(METADATA, Slow(METADATA, DATA), (SECRET,), ServiceOptions(deadline=0.2), clock=lambda: NOW)
    started = time.monotonic()
    urls = ("Customers/$count", "Invoices/$count", "Customers/$count", "Invoices/$count", "$metadata")
    found = send_json(target, [get(str(n), url) for n, url in enumerate(urls)])
    assert codes(found)[0] is None
    assert codes(found)[2:] == ["erp_timeout"] * 3
    assert time.monotonic() - started < 2


# --- who and what happened ----------------------------------------------------------------------------------------


def test_every_request_has_an_event_of_its_own() -> None:  # S-49
    told: list[Event] = []
    target = replace(service(), observers=(told.append,))
    body = mixed(part("GET Customers?$top=2 HTTP/1.1", Content_ID="7"), part("GET /admin?x HTTP/1.1"), COUNT).encode()
    post(target, body, Content_Type=MIXED, Prefer="continue-on-error")
    events = [event for event in told if isinstance(event, Handled)]
    assert [(e.part, e.method, e.path, e.query, e.status, e.error_code) for e in events] == [
        ("7", "GET", "Customers", "$top=2", 200, None),
        ("part-2", "GET", "/admin", "x", 400, "bad_batch"),
        ("part-3", "GET", "Customers/$count", "", 200, None),
        ("", "POST", "$batch", "", 200, None),
    ]
    assert {e.correlation_id for e in events} == {"outer-id"}
    assert (events[3].rows, events[3].rows_read) == (
        sum(e.rows for e in events[:3]),
        sum(e.rows_read for e in events[:3]),
    )


def test_the_caller_is_that_of_the_batch() -> None:  # S-15, F120
    seen: list[Principal] = []

    class Watched(Principal):
        def view(self, metadata: Any) -> Any:
            seen.append(self)
            return metadata

    caller = Watched("alice", authenticated=True)
    forged = ("Authorization: Basic Ym9iOng=", "X-Forwarded-User: bob", "Cookie: user=bob", "Host: bob.example")
    body = mixed(part("GET Customers HTTP/1.1", *forged), COUNT).encode()
    told: list[Event] = []
    target = replace(service(), observers=(told.append,))
    target.handle(
        ODataRequest("POST", "$batch", headers=Headers({"Content-Type": MIXED}), body=body, root=ROOT), caller
    )
    assert len(seen) >= 2
    assert all(one is caller for one in seen)
    assert {e.principal for e in told if isinstance(e, Handled)} == {"alice"}


def test_what_is_refused_does_not_reach_the_erp() -> None:  # S-21
    class Untouched(MemoryAdapter):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            raise AssertionError(query)

    target = Service(METADATA, Untouched(METADATA, DATA), (SECRET,), clock=lambda: NOW)
    too_many = post(target, mixed(*[COUNT] * 20_000).encode(), Content_Type=MIXED)  # F115
    assert (too_many.status, b"batch_parts" in too_many.body) == (400, True)
    urls = ("http://other/", "//other/", "/admin", "../../admin", "$1/../../admin", "%2e%2e/%2e%2e/x", "$batch")
    found = send_json(target, [get(str(n), url) for n, url in enumerate(urls)])
    assert codes(found) == ["bad_batch"] * len(urls)  # F119
