"""``POST .../$query``: what GET answers, with the options in the body."""

import json

import pytest

from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest
from tests.batch.support import ROOT, post
from tests.engine.small import service


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("Customers", "$top=3&$select=CustomerName&$count=true"),
        ("Customers", "$filter=contains(CustomerName,'%26')%20or%20CustomerName+eq+'O''Neil %26 Söhne'"),
        ("Customers", ""),
        ("Customers/$count", "$filter=Blocked"),
        ("Customers/$ref", "$top=1"),
        ("Customers('C01')", "$expand=Invoices($top=2)"),
        ("Customers('C01')/Invoices", "$orderby=Amount desc"),
        ("Customers('C01')/CustomerName", ""),
        ("Customers('C01')/CustomerName/$value", ""),
        ("Customers(@k)", "@k='C01'"),
        ("$metadata", "$format=json"),
        ("", "$format=json"),
    ],
)
def test_the_same_as_get(path: str, options: str) -> None:
    wanted = service().handle(ODataRequest("GET", path, options, root=ROOT), ANONYMOUS)
    assert wanted.status == 200
    found = post(service(), options.encode(), f"{path}/$query", Content_Type="text/plain")
    assert (found.status, found.body) == (wanted.status, wanted.body)
    assert found.header("Content-Type") == wanted.header("Content-Type")


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("$top=2", "$select=Country", 200), ("$top=2&", "&$select=Country&", 200), ("", "?$top=2", 200),
        ("", "\r\n$top=2\r\n", 200), ("$top=2", "", 200), ("$top=2", "$top=2", 400), ("$top=2", "top=3", 400),
        ("", "$top=2\n&$skip=1", 400), ("", "$top=%zz", 400), ("", "$top=2#", 400),
    ],
)  # fmt: skip
def test_options_of_url_and_body(query: str, body: str, status: int) -> None:
    found = post(service(), body.encode(), "Customers/$query", query)
    assert found.status == status
    if status == 200:
        assert len(json.loads(found.body)["value"]) == 2


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 200), ("text/plain; charset=UTF-8", 200), ("TEXT/PLAIN;charset=\"us-ascii\"", 200),
        ("application/x-www-form-urlencoded", 200), ("application/json", 415), ("multipart/mixed;boundary=b", 415),
        ("text/plain;charset=utf-16", 415), ("", 415),
    ],
)  # fmt: skip
def test_content_types(content_type: str, status: int) -> None:
    assert post(service(), b"$top=1", "Customers/$query", Content_Type=content_type).status == status


def test_bodies_that_are_no_text() -> None:
    answer = post(service(), b"$filter=\xff", "Customers/$query")
    assert (answer.status, b"bad_encoding" in answer.body) == (400, True)


@pytest.mark.parametrize("path", ["Customers/$query", "Customers/%24query", "Customers/$query/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post(path: str, method: str) -> None:
    answer = service().handle(ODataRequest(method, path), ANONYMOUS)
    assert (answer.status, answer.header("Allow")) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    "path", ["Customers", "Customers('C01')", "$query/Customers", "Customers/$query/$count", "$metadata"]
)
def test_nothing_else_is_posted_to(path: str) -> None:
    answer = post(service(), b"", path)
    assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD, OPTIONS")


def test_twice_is_not_there() -> None:
    assert post(service(), b"", "Customers/$query/$query").status in (404, 501)


def test_a_post_is_never_not_modified() -> None:
    etag = post(service(), b"", "Customers/$query").header("ETag")
    assert post(service(), b"", "Customers/$query", If_None_Match=etag or "").status == 200
    assert post(service(), b"", "Customers/$query", If_Match='"x"').status == 412


def test_next_links_are_got() -> None:
    options = "$filter=CustomerNumber ne 'C05' and CustomerName ne 'Müller'&$select=CustomerNumber"
    answer = json.loads(
        post(service(), options.encode(), "Customers/$query", "$count=true", Prefer="maxpagesize=6").body
    )
    keys: list[str] = []
    while True:
        keys += [row["CustomerNumber"] for row in answer["value"]]
        if "@odata.nextLink" not in answer:
            break
        path, _, query = answer["@odata.nextLink"].removeprefix(ROOT).partition("?")
        assert path == "Customers"
        assert query.isascii()
        found = service().handle(ODataRequest("GET", path, query, root=ROOT), ANONYMOUS)
        answer = json.loads(found.body)
    assert keys == [f"C{n:02}" for n in range(20) if n != 5]


def test_next_links_too_long_to_be_got_are_posted_to() -> None:
    listed = ",".join(f"'C{n:02}'" for n in range(1_500))
    body = f"$filter=CustomerNumber in ({listed})&$select=CustomerNumber".encode()
    headers = Headers({"Content-Type": "text/plain", "Prefer": "maxpagesize=6"})
    link = f"{ROOT}Customers/$query?$count=true"
    keys: list[str] = []
    while link:
        path, _, query = link.removeprefix(ROOT).partition("?")
        assert path == "Customers/$query"
        assert len(link) < 2_000
        answer = json.loads(service().handle(ODataRequest("POST", path, query, headers, body, ROOT), ANONYMOUS).body)
        assert answer["@odata.count"] == 20
        keys += [row["CustomerNumber"] for row in answer["value"]]
        link = answer.get("@odata.nextLink", "")
    assert keys == [f"C{n:02}" for n in range(20)]
