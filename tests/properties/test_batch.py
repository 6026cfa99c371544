"""Batches of any shape: what is put together is taken apart again, however it is spelled, and nothing is a 500."""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edm.errors import ODataError
from odata_server.batch import json_batch, mime, multipart
from odata_server.batch.address import resolve
from odata_server.batch.parts import parts_of
from odata_server.json_guard import checked_json
from tests.batch.support import ROOT, change_set, mixed, post, read_multipart
from tests.batch.support import part as http_part
from tests.engine.small import service
from tests.profiles import examples

pytestmark = pytest.mark.property

SERVICE = service()
T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | ODataError:
    """What comes back, or the error."""
    try:
        return call()
    except ODataError as error:
        return error


line_ends = st.sampled_from([b"\n", b"\r\n"])
boundaries = st.from_regex(r"[0-9A-Za-z'()+_,./:=?-]{1,70}", fullmatch=True)
#: Bytes with many of those that cutting is about.
blocks = st.lists(
    st.sampled_from([b"--", b"b", b"\r", b"\n", b" ", b"x", b"--b", b"\r\n--b", b"\n--b--"]), max_size=8
).map(b"".join)
urls = st.sampled_from(
    ["Customers/$count", "Customers?$top=2", "/odata/v4/Customers('C01')", f"{ROOT}Invoices/$count", "$1", "$1/Invoices",
     "Nope", "../admin", "$metadata", "Customers?$filter=CustomerName eq 'Müller'", "$batch", "Customers/$query", ""]
)  # fmt: skip
names = st.sampled_from(["1", "2", "3", "a"])


@given(st.lists(blocks, min_size=1, max_size=6), boundaries, line_ends, st.booleans(), st.binary(max_size=20))
def test_what_is_joined_is_split_again(parts: list[bytes], boundary: str, end: bytes, last: bool, more: bytes) -> None:
    raw = boundary.encode()
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(raw) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)")
    assume(not any(line.search(end + part) for part in parts))
    assume(not any(part.endswith(b"\r") for part in parts))  # it would belong to the line feed that follows
    body = b"".join(b"--" + raw + end + part + end for part in parts) + b"--" + raw + b"--"
    found = mime.split(body + (end + more if last else b""), raw, len(parts))
    assert [one.removeprefix(end) for one in found] == parts


@given(st.data())
def test_any_split_of_the_bytes_is_refused_or_read(data: Any) -> None:
    """A batch with a piece taken out, doubled or put elsewhere."""
    body = mixed(
        http_part("GET Customers/$count HTTP/1.1", Content_ID="1"), change_set(http_part("PATCH $1 HTTP/1.1"))
    ).encode()
    start, end, at = sorted(data.draw(st.tuples(*[st.integers(0, len(body))] * 3)))
    changed = data.draw(
        st.sampled_from([body[:start] + body[end:], body[:end] + body[start:], body[:at] + body[start:end] + body[at:]])
    )
    found = outcome(lambda: multipart.read(changed, b"b", 10))
    if isinstance(found, ODataError):
        assert found.code in ("bad_batch", "limit_exceeded")
    else:
        assert 0 < len(list(parts_of(found.items))) <= 10


items = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["GET", "POST", "PATCH", "get"]), urls, names),
        st.lists(st.tuples(st.sampled_from(["PATCH", "GET"]), urls, names), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=5,
)


@examples(150)
@given(items, line_ends, st.sampled_from(["", "continue-on-error", "continue-on-error=false"]))
def test_multipart_batches(items: list[Any], end: bytes, prefer: str) -> None:
    def one(item: Any) -> str:
        if isinstance(item, list):
            return change_set(*map(one, item))
        return http_part(f"{item[0]} {item[1]} HTTP/1.1", Content_ID=item[2])

    body = mixed(*map(one, items)).encode().replace(b"\r\n", end)
    answer = post(SERVICE, body, Content_Type="multipart/mixed;boundary=b", Prefer=prefer)
    assert answer.status == 200
    found = read_multipart(answer.header("Content-Type") or "", answer.body)
    assert len(found) == len(items) or (found[-1].status >= 400 and prefer != "continue-on-error")
    for got, item in zip(found, items, strict=False):
        assert got.status < 500
        assert got.id in ([given_id for _, _, given_id in item] if isinstance(item, list) else [item[2]])


@examples(150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["get", "post", "Patch"]),
            urls,
            st.sampled_from([None, "g", "h"]),
            st.lists(names, max_size=2),
        ),
        max_size=5,
    )
)
def test_json_batches(rows: list[Any]) -> None:
    requests = [
        {"id": str(n), "method": method, "url": url, "dependsOn": depends}
        | ({"atomicityGroup": group} if group else {})
        for n, (method, url, group, depends) in enumerate(rows)
    ]
    answer = post(SERVICE, json.dumps({"requests": requests}).encode(), Content_Type="application/json")
    assert answer.status in (200, 400)
    if answer.status == 200:
        found = json.loads(answer.body)["responses"]
        assert [one["id"] for one in found] == [str(n) for n in range(len(rows))]
        assert all(one["status"] < 500 for one in found)
        failed = {one["id"] for one in found if one["status"] >= 400}
        for one, request in zip(found, requests, strict=True):
            assert not failed & set(request["dependsOn"]) or one["status"] >= 400
        for group in ("g", "h"):
            together = {one["status"] < 400 for one in found if one.get("atomicityGroup") == group}
            assert len(together) < 2, "a group succeeds or fails as one"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["requests", "id", "method", "url", "headers", "body", "dependsOn", "if"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_any_json_is_a_batch_or_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    _, outline = checked_json(body)
    assert set(outline) == (set(value) if isinstance(value, dict) else set())
    found = outcome(lambda: json_batch.read(body, 100))
    if isinstance(found, ODataError):
        assert found.code == "bad_batch"
    else:
        assert len(list(parts_of(found.items))) == len(value["requests"])


@given(st.text(alphabet='{}[]",:\\\\ 1aNn.', max_size=40))
def test_what_the_guard_lets_pass_is_json(text: str) -> None:
    found = outcome(lambda: checked_json(text.encode()))
    if isinstance(found, ODataError):
        assert found.code == "syntax"
    else:
        json.loads(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "..",
                ".",
                "%2e%2E",
                "odata",
                "v4",
                "Customers",
                "$1",
                "",
                "http:",
                "erp.example.com",
                "//",
                "?",
                "@",
                ":80",
            ]
        ),
        max_size=8,
    ).map("/".join)
)
def test_no_url_leads_out(url: str) -> None:
    found = outcome(lambda: resolve(url, ROOT, "localhost"))
    if isinstance(found, ODataError):
        assert found.code == "bad_batch"
    else:
        assert not {"..", "."} & set(found.path.replace("%2e", ".").replace("%2E", ".").split("/"))
