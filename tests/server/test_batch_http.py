"""Bodies over HTTP: ``$batch`` and ``/$query`` behind gunicorn, and what the edge refuses before anybody reads them."""

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from odata_server.edge import is_foreign
from odata_server.messages import Headers
from tests.batch.support import get, mixed, part, read_multipart
from tests.server.support import application, open_application
from tests.server.test_web import basic
from tests.serving import OverHTTP, server

MIXED = "multipart/mixed;boundary=b"
BODY = mixed(part("GET Customers/$count HTTP/1.1", Content_ID="1"), part("GET Customers?$top=1 HTTP/1.1")).encode()


@pytest.fixture(scope="module")
def running(demo_sqlite_url: str) -> Iterator[OverHTTP]:
    with server(demo_sqlite_url) as client:
        yield client


@pytest.fixture(scope="module")
def visitor() -> FlaskClient:
    return open_application().test_client()


# --- behind gunicorn ----------------------------------------------------------------------------------------------


def test_a_batch(running: OverHTTP) -> None:
    answer = running.send("POST", "$batch", {"Content-Type": MIXED, "Accept-Encoding": "gzip"}, BODY)
    assert answer.status == 200
    count, page = read_multipart(answer.headers["Content-Type"], answer.body)
    assert (count.id, count.status, int(count.body) > 100) == ("1", 200, True)
    assert len(page.json["value"]) == 1
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_urls_within_name_the_server_as_the_client_does(running: OverHTTP) -> None:
    for host, status in ((f"127.0.0.1:{running.port}", 200), ("erp.example.com", 400), ("127.0.0.1:1", 400)):
        requests = [get("1", f"http://{host}/odata/v4/Customers/$count")]
        answer = running.send(
            "POST", "$batch", {"Content-Type": "application/json"}, json.dumps({"requests": requests}).encode()
        )
        assert answer.json["responses"][0]["status"] == status, host


def test_a_filter_that_is_too_long_for_a_url(running: OverHTTP) -> None:
    numbers = [row["InvoiceNumber"] for row in running.send("GET", "Invoices?$select=InvoiceNumber").rows]
    options = "$select=InvoiceNumber&$filter=InvoiceNumber in ({})".format(",".join(f"'{n}'" for n in numbers))
    assert len(options) > 10_000
    assert running.send("GET", f"Invoices?{options}").status in (400, 414)
    found: list[str] = []
    target = "Invoices/$query"
    while target:
        headers = {"Content-Type": "text/plain", "Prefer": "maxpagesize=400"}
        answer = running.send("POST", target, headers, options.encode())
        found += [row["InvoiceNumber"] for row in answer.rows]
        target = answer.next or ""
    assert found == numbers


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity"])
def test_compressed_bodies(running: OverHTTP, encoding: str) -> None:
    packed = {"gzip": gzip.compress(BODY), "deflate": zlib.compress(BODY), "identity": BODY}[encoding]
    answer = running.send("POST", "$batch", {"Content-Type": MIXED, "Content-Encoding": encoding}, packed)
    assert answer.status == 200
    assert len(read_multipart(answer.headers["Content-Type"], answer.body)) == 2


def raw(port: int, request: bytes) -> bytes:
    """What comes back for bytes as they are."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while piece := connection.recv(65_536):
            found += piece
    return found


def head(*lines: str) -> bytes:
    fields = ("POST /odata/v4/$batch HTTP/1.1", "Host: x", f"Content-Type: {MIXED}", "Connection: close", *lines)
    return ("\r\n".join(fields) + "\r\n\r\n").encode()


def chunks(body: bytes, size: int) -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_chunked_bodies(running: OverHTTP, size: int) -> None:
    answer = raw(running.port, head("Transfer-Encoding: chunked") + chunks(BODY, size))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Content-ID: 1\r\n" in answer


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ((), BODY, b"400"),  # no length, so no body
        (("Content-Length: 10",), BODY[:10], b"400"),
        ((f"Content-Length: {len(BODY) + 10}",), BODY, b"400"),
        (("Content-Length: x",), BODY, b"400"),
        (("Transfer-Encoding: chunked",), b"5\r\n--b\r\n\r\n", b"400"),
        (("Transfer-Encoding: chunked",), b"zz\r\n", b"400"),
        (("Transfer-Encoding: xchunked",), BODY, b"501"),
    ],
)
def test_bodies_that_are_not_as_long_as_they_say(
    running: OverHTTP, lines: tuple[str, ...], body: bytes, status: bytes
) -> None:
    answer = raw(running.port, head(*lines) + body)
    assert answer[9:12] in (status, b"400"), answer[:300]
    assert b"Content-ID: 1\r\n" not in answer


def test_bodies_that_are_too_large(running: OverHTTP) -> None:
    for request in (
        head("Content-Length: 8000001") + bytes(100),
        head("Transfer-Encoding: chunked") + chunks(bytes(8_000_001), 1_000_000),
    ):
        try:
            answer = raw(running.port, request)
        except ConnectionError:
            continue  # closed while we were still sending
        assert answer.startswith(b"HTTP/1.1 413 ")
    assert running.send("POST", "$batch", {"Content-Type": MIXED}, BODY).status == 200


# --- at the edge --------------------------------------------------------------------------------------------------


def test_bombs(visitor: FlaskClient) -> None:  # S-26, F112
    bomb = gzip.compress(bytes(50_000_000))
    for path, media in (("$batch", MIXED), ("Customers/$query", "text/plain")):
        answer = visitor.post(
            f"/odata/v4/{path}", data=bomb, headers={"Content-Type": media, "Content-Encoding": "gzip"}
        )
        assert answer.status_code == 413
        twice = {"Content-Type": media, "Content-Encoding": "gzip, gzip"}
        assert visitor.post(f"/odata/v4/{path}", data=gzip.compress(bomb), headers=twice).status_code == 415


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("$batch", "OPTIONS, POST"), ("%24batch", "OPTIONS, POST"), ("Customers/$query", "OPTIONS, POST"),
        ("Customers('x')/$query/", "OPTIONS, POST"), ("Customers", "GET, HEAD, OPTIONS"), ("", "GET, HEAD, OPTIONS"),
    ],
)  # fmt: skip
def test_methods(visitor: FlaskClient, path: str, allow: str) -> None:
    answer = visitor.options(f"/odata/v4/{path}")
    assert (answer.status_code, answer.headers["Allow"]) == (204, allow)
    refused = visitor.get(f"/odata/v4/{path}") if "POST" in allow else visitor.post(f"/odata/v4/{path}")
    assert (refused.status_code, refused.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize("path", ["$batch", "Customers/$query"])
def test_posts_ask_who_is_calling(path: str) -> None:
    client = application().test_client()
    assert client.post(f"/odata/v4/{path}", data=BODY, content_type=MIXED).status_code == 401
    inner = mixed(part("GET Customers HTTP/1.1", f"Authorization: {basic()['Authorization']}")).encode()
    assert client.post("/odata/v4/$batch", data=inner, content_type=MIXED).status_code == 401
    assert client.post("/odata/v4/$batch", data=BODY, content_type=MIXED, headers=basic()).status_code == 200


# --- pages of other sites -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://erp.example.com"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, True),
        ({"sec-fetch-site": "same-site", "origin": "https://other.example.com"}, True),
        ({"sec-fetch-site": ""}, True),
        ({"origin": "https://erp.example.com", "host": "inner"}, False),
        ({"origin": "http://inner:8000", "host": "inner:8000"}, False),
        ({"origin": "https://evil.example", "host": "erp.example.com"}, True),
        ({"origin": "null", "host": "erp.example.com"}, True),
        ({"origin": "https://[", "host": "x"}, True),
    ],
)  # fmt: skip
def test_who_sends_it(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(Headers(headers), "https://erp.example.com") is foreign


def test_pages_of_other_sites_cannot_post(visitor: FlaskClient) -> None:
    hostile = {"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
    for path in ("Customers/$query", "$batch", "Customers"):
        answer = visitor.post(f"/odata/v4/{path}", data=b"", headers=hostile)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "forbidden")
    assert visitor.get("/odata/v4/Customers", headers=hostile).status_code == 200
