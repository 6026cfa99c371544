"""The fault catalogue of batches: what is sent, and what comes of it. The next request is answered as ever."""

import json
from collections.abc import Iterator

import pytest

from edm.query import Query
from erp_adapters.base import Page, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.service import Service
from tests.batch.support import change_set, get, mixed, part, post, read_multipart
from tests.engine.small import DATA, METADATA, NOW, SECRET

COUNT = part("GET Customers/$count HTTP/1.1")
ROUND = [get("1", "X", dependsOn=["2"]), get("2", "X", dependsOn=["1"])]


def nested(depth: int) -> str:
    body = COUNT
    for level in range(depth):
        body = change_set(body, boundary=f"n{level}")
    return mixed(body)


def multipart(body: str, boundary: str = "b") -> tuple[bytes, str]:
    return body.encode(), f"multipart/mixed;boundary={boundary}"


def as_json(*requests: object) -> tuple[bytes, str]:
    return json.dumps({"requests": requests}).encode(), "application/json"


#: Row of the catalogue, the batch, the status of the whole, and of each request if there is one.
FAULTS: list[tuple[str, tuple[bytes, str], int, list[int]]] = [
    ("F115 20,000 parts", multipart(mixed(*[COUNT] * 20_000)), 400, []),
    ("F115 20,000 requests", as_json(*[get(str(n), "X") for n in range(20_000)]), 400, []),
    ("F116 3,000 levels", multipart(nested(3_000)), 200, [400]),
    ("F116 a change set in a change set", multipart(nested(2)), 200, [400]),
    ("F117 no boundary", multipart(mixed(COUNT), ""), 400, []),
    ("F117 a megabyte of boundary", multipart(mixed(COUNT), "b" * 1_000_000), 400, []),
    ("F117 an expression as boundary", multipart(mixed(COUNT), ".*"), 400, []),
    ("F117 a line end in the boundary", multipart(mixed(COUNT), '"b\r\nb"'), 400, []),
    ("F117 the boundary begins a line of data", multipart(mixed(part("POST Customers/$query HTTP/1.1", body="--bb\n--b x"))), 200, [400]),
    ("F117 no end", multipart(mixed(COUNT)[:-10]), 400, []),
    ("F118 dependencies go round", as_json(*ROUND), 400, []),
    ("F118 an id twice", as_json(get("1", "X"), get("1", "X")), 400, []),
    ("F118 no id", as_json({"method": "get", "url": "X"}), 400, []),
    ("F118 a URL of 7 MB", as_json(get("1", "X" * 7_000_000)), 200, [400]),
    ("F118 depends on nothing known", as_json(get("1", "X", dependsOn=["99"])), 400, []),
    ("S-48 refers to nothing known", as_json(get("1", "$99")), 200, [400]),
    *[
        (f"F119 {url}", as_json(get("1", url)), 200, [400])
        for url in ("http://other/", "//other/", "/admin", "../../admin", "$1/../../admin", "%2e%2e/%2e%2e/admin")
    ],
    ("F121 a batch in the batch", as_json({"id": "1", "method": "post", "url": "$batch", "body": {"requests": []}}), 200, [400]),
    ("F124 trailing garbage", multipart(mixed(part("GET Nope HTTP/1.1")) + "\x00\xff --b\r\n\r\nGET"), 200, [404]),
    ("F124 bare line feeds", multipart(mixed(part("GET Nope HTTP/1.1")).replace("\r\n", "\n")), 200, [404]),
    ("F124 wrong length", multipart(mixed(part("GET Nope HTTP/1.1", "Content-Length: 999"))), 200, [404]),
    ("F125 a header in a Content-ID", multipart(mixed(part("GET Nope HTTP/1.1", Content_ID="1\rX: y"))), 200, [400]),
    ("F125 a header in an id", as_json(get("1\r\nX: y", "Nope")), 400, []),
    ("S-39 a member twice", (b'{"requests":[],"requests":[]}', "application/json"), 400, []),
    ("S-39 64 levels and more", (b"[" * 100_000, "application/json"), 400, []),
    ("S-39 no number", (b'{"requests":[NaN]}', "application/json"), 400, []),
]  # fmt: skip


class Untouched(MemoryAdapter):
    """Fails when it is asked."""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        raise AssertionError(query)


@pytest.fixture(scope="module")
def target() -> Service:
    return Service(METADATA, Untouched(METADATA, DATA), (SECRET,), clock=lambda: NOW)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault[0])[:60])
def test_fault(target: Service, fault: tuple[str, tuple[bytes, str], int, list[int]]) -> None:
    _, (body, content_type), status, each = fault
    answer = post(target, body, Content_Type=content_type)
    assert answer.status == status, answer.body[:500]
    if status >= 400:
        assert json.loads(answer.body)["error"]["code"] in ("bad_batch", "limit_exceeded", "syntax")
    elif content_type == "application/json":
        assert [one["status"] for one in json.loads(answer.body)["responses"]] == each
    else:
        assert [one.status for one in read_multipart(answer.header("Content-Type") or "", answer.body)] == each
    assert b"X: y" not in answer.body.split(b"\r\n")
    assert (
        post(target, mixed(part("GET $metadata HTTP/1.1")).encode(), Content_Type="multipart/mixed;boundary=b").status
        == 200
    )
