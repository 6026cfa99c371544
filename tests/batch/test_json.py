"""JSON batches: what is taken, what is refused as a whole, what is sent."""

import json
from typing import Any

import pytest

from edm.errors import ODataError
from odata_server.batch import json_batch
from odata_server.batch.parts import ChangeSet, Part
from odata_server.json_guard import checked_json
from tests.batch.support import get, post, send_json
from tests.engine.small import service


def read(*requests: object, most: int = 100) -> tuple[Part | ChangeSet, ...]:
    return json_batch.read(json.dumps({"requests": requests}).encode(), most).items


def refused(body: bytes | object, most: int = 100) -> ODataError:
    with pytest.raises(ODataError) as caught:
        json_batch.read(body if isinstance(body, bytes) else json.dumps(body).encode(), most)
    return caught.value


# --- before it is decoded -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "syntax"), (b"{", "syntax"), (b"{}}", "syntax"), (b"\xff", "syntax"), (b'{"a":"\xed\xa0\x80"}', "syntax"),
        ('{"a":1}'.encode("utf-16"), "syntax"), (b'{"a":NaN}', "syntax"), (b'{"a":-Infinity}', "syntax"),
        (b'{"a":"\x01"}', "syntax"), (b"[1,]", "syntax"), (b'{"a":1,"a":1}', "syntax"),
        (b'{"x":[{"a":1,"\\u0061":2}]}', "syntax"), (b"[" * 65 + b"]" * 65, "limit_exceeded"),
        (b"[" * 8_000_000, "limit_exceeded"), (b'{"a":' * 100_000, "limit_exceeded"),
        (b'"\\' * 100_000, "syntax"), (b'"\\"' * 100_000, "syntax"),
    ],
)  # fmt: skip
def test_json_that_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(ODataError) as caught:
        checked_json(body)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "outline"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": "1"}),
        (b'{"a":[{"b":{}},2.50],"c":{"d":1}}', {"a": [None, "2.50"], "c": None}),
        (b' {"a":"[[{\\"[","b":1' + b"0" * 5_000 + b"}", {"a": '[[{"[', "b": "1" + "0" * 5_000}),
        (b"[" * 64 + b"]" * 64, {}),
        (b'[{"a":1}]', {}),
        (b"null", {}),
    ],
)
def test_json_that_is_taken(body: bytes, outline: dict[str, Any]) -> None:
    rest, found = checked_json(body)
    assert rest == body.removeprefix(b"\xef\xbb\xbf")
    assert found == outline


# --- the batch as a whole -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        [], None, {}, {"requests": None}, {"requests": {}}, {"requests": [1]}, {"requests": [{}]},
        {"requests": [{"id": 1, "method": "get", "url": "X"}]},
        {"requests": [{"method": "get", "url": "X"}]}, {"requests": [{"id": "1", "url": "X"}]},
        {"requests": [{"id": "1", "method": "get"}]}, {"requests": [get("1", "X", headers={"a": 1})]},
        {"requests": [get("1", "X", dependsOn="2")]}, {"requests": [get("", "X")]}, {"requests": [get("a b", "X")]},
        {"requests": [get("a\r\nX: y", "X")]}, {"requests": [get("1" * 256, "X")]},
        {"requests": [get("1", "X", atomicityGroup="")]}, {"requests": [get("1", "\ud800")]},
    ],
)  # fmt: skip
def test_batches_that_are_none(body: object) -> None:
    assert refused(body).code == "bad_batch"


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ([get("1", "X"), get("1", "X")], "Two requests have the id '1'."),
        ([get("1", "X", dependsOn=["1"])], "does not stand before it"),
        ([get("1", "X", dependsOn=["2"]), get("2", "X", dependsOn=["1"])], "does not stand before it"),
        ([get("1", "X", dependsOn=["99"])], "does not stand before it"),
        ([get("1", "X", atomicityGroup="g", dependsOn=["g"])], "does not stand before it"),
        ([get("1", "X"), get("2", "X", atomicityGroup="g"), get("3", "X"), get("4", "X", atomicityGroup="g")],
         "must follow each other"),
        ([get("1", "X"), get("2", "X", atomicityGroup="1")], "both a request and a group"),
    ],
)  # fmt: skip
def test_ids_and_dependencies(requests: list[object], message: str) -> None:
    error = refused({"requests": requests})
    assert error.code == "bad_batch"
    assert message in error.message


@pytest.mark.parametrize(("number", "fits"), [(4, True), (5, True), (6, False)])
def test_the_number_of_requests(number: int, fits: bool) -> None:
    requests = [
        get(str(n), "X", atomicityGroup="g" if n % 2 else f"h{n}") if n > 3 else get(str(n), "X") for n in range(number)
    ]
    if fits:
        assert read(*requests, most=5)
    else:
        assert refused({"requests": requests}, most=5).code == "limit_exceeded"


def test_a_million_requests_are_not_made_objects_of() -> None:
    assert refused(b'{"requests":[' + b"{}," * 1_000_000 + b"{}]}").code == "limit_exceeded"


def test_groups() -> None:
    first, group, last = read(
        get("1", "X"), get("2", "X", atomicityGroup="g"), get("3", "X", atomicityGroup="g"), get("4", "X")
    )
    assert isinstance(group, ChangeSet)
    assert (group.id, [part.id for part in group.parts]) == ("g", ["2", "3"])
    assert isinstance(first, Part)
    assert isinstance(last, Part)


# --- single requests ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        (None, {"a": 1.50}, b'{"a": 1.5}'), (None, None, b""), ("application/json", "x", b'"x"'),
        ("application/JSON;metadata=none", [1], b"[1]"), ("application/merge-patch+json", {}, b"{}"),
        ("text/plain", "$top=1&ü", "$top=1&ü".encode()), ("application/octet-stream", "_-8", b"\xff\xef"),
        ("application/octet-stream", "_-8=", b"\xff\xef"), ("application/octet-stream", "", b""),
    ],
)  # fmt: skip
def test_bodies(content_type: str | None, body: object, expected: bytes) -> None:
    (part,) = read(get("1", "X", headers={"Content-Type": content_type} if content_type else {}, body=body))
    assert isinstance(part, Part)
    assert part.body == expected


def test_numbers_in_bodies_keep_their_digits() -> None:
    body = b'{"requests":[{"id":"1","method":"post","url":"X","body":{"a":12345678901234567.890}}]}'
    (part,) = json_batch.read(body, 1).items
    assert isinstance(part, Part)
    assert part.body == b'{"a":12345678901234567.890}'


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"if": "$1 eq null"}, "not_implemented"),
        ({"headers": {"Content-Type": "text/plain"}, "body": 1}, "bad_batch"),
        ({"headers": {"Content-Type": "image/png"}, "body": "ü"}, "bad_batch"),
        ({"headers": {"Content-Type": "image/png"}, "body": "a"}, "bad_batch"),
        ({"headers": {"A": "b\r\nC: d"}}, "bad_batch"),
        ({"headers": {"A\n": "b"}}, "bad_batch"),
        ({"url": "X" * 1_000_001}, "limit_exceeded"),
        ({"headers": {"A: b": "c"}}, "bad_batch"),
        ({"headers": {"Prefer": "日本"}}, "bad_batch"),
        ({"headers": {"ü": "b"}}, "bad_batch"),
        ({"headers": {"A": "b" * 9_000}}, "bad_batch"),
    ],
)
def test_faults_of_one_request(members: dict[str, object], code: str) -> None:
    broken, sound = send_json(service(), [get("1", "Customers") | members, get("2", "Customers/$count")])
    assert broken["body"]["error"]["code"] == code
    assert broken["status"] == (501 if code == "not_implemented" else 400)
    assert sound["status"] == 200


def test_methods_in_any_case() -> None:
    found = send_json(
        service(), [{"id": m, "method": m, "url": "Customers/$count"} for m in ("GET", "get", "Get", "head")]
    )
    assert [one["status"] for one in found] == [200, 200, 200, 405]


def test_urls_beyond_ascii() -> None:
    found = send_json(service(), [get("1", "Customers/$count?$filter=CustomerName eq '日本商事'"), get("2", "Nope")])
    assert (found[0]["body"], found[1]["status"]) == ("2", 404)


# --- answers ------------------------------------------------------------------------------------------------------


def test_the_answer_to_the_letter() -> None:
    body = json.dumps(
        {"requests": [get("a", "Customers?$top=1&$select=Country", atomicityGroup="g"), get("b", "Customers/$count")]}
    )
    answer = post(service(), body.encode(), Content_Type="application/json", OData_MaxVersion="4.01")
    assert dict(answer.headers[:2]) == {"Content-Type": "application/json", "OData-Version": "4.01"}
    head = '"headers":{"content-type":"application/json;metadata=minimal","odata-version":"4.01","etag":"W/\\"…\\""}'
    found = json.loads(answer.body)
    etag = found["responses"][0]["headers"]["etag"].replace('"', '\\"')
    assert answer.body.decode().split('},{"id":"b"')[0] == (
        '{"responses":[{"id":"a","atomicityGroup":"g","status":200,'
        + head.replace('W/\\"…\\"', etag)
        + ',"body":{"@context":"https://erp.example.com/odata/v4/$metadata#Customers(Country)",'
        '"value":[{"@id":"https://erp.example.com/odata/v4/Customers(\'C00\')","Country":"DE"}]}'
    )
    assert found["responses"][1]["body"] == "20"


def test_xml_comes_as_base64url() -> None:
    (found,) = send_json(service(), [get("1", "$metadata")])
    assert found["headers"]["content-type"] == "application/xml"
    assert found["body"].startswith("PD94bWwg")


def test_answers_without_a_body() -> None:
    (found,) = send_json(service(), [get("1", "Customers('C03')/CustomerName")])
    assert (found["status"], "body" in found) == (204, False)


def test_an_empty_batch() -> None:
    assert send_json(service(), []) == []
