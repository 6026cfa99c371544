"""What WSGI delivers, read with distrust."""

import gzip
import time
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.errors import ODataError
from odata_server import edge
from odata_server.settings import Settings
from tests.server.support import settings

PREFIX = "/odata/v4"


def target(raw: str, **environ: Any) -> tuple[str, str] | None:
    found = edge.target({"RAW_URI": raw, **environ}, PREFIX)
    return None if found is None else (found.path, found.query)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/odata/v4", ("", "")),
        ("/odata/v4/", ("", "")),
        ("/odata/v4?x=1", ("", "x=1")),
        ("/odata/v4/A('a%2Fb')?$filter=x%26y", ("A('a%2Fb')", "$filter=x%26y")),
        ("/odata/v4//host/x", ("host/x", "")),  # a root that ends in a slash joined with a path that begins with one
        ("/%6Fdata/v4/A", ("A", "")),
        ("http://evil.example/odata/v4/A?b?c", ("A", "b?c")),
        ("/odata/v4/A?$filter=N eq 'M\xc3\xbcller'", ("A", "$filter=N eq 'M%C3%BCller'")),
        ("/odata%2Fv4/A", None),
        ("/odata/v44/A", None),
        ("/other", None),
        ("*", None),
    ],
)
def test_target(raw: str, expected: tuple[str, str] | None) -> None:
    assert target(raw) == expected


def test_target_below_a_mount_point() -> None:
    assert target("/erp/odata/v4/A", SCRIPT_NAME="/erp") == ("A", "")
    assert target("/odata/v4/A", SCRIPT_NAME="/erp") is None


def test_target_without_the_raw_one() -> None:
    environ = {"PATH_INFO": "/odata/v4/A('\xc3\xbc %')", "QUERY_STRING": "a=%20"}
    found = edge.target(environ, PREFIX)
    assert found == edge.Target("A('%C3%BC%20%25')", "a=%20")


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_any_target_is_ascii_or_not_ours(raw: str) -> None:
    found = edge.target({"RAW_URI": "/odata/v4/" + raw}, PREFIX)
    assert found is None or (found.path + found.query).isascii()


def client(found: Settings, **environ: str) -> tuple[str, bool]:
    defaults = {"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http"}
    known = edge.client(defaults | environ, found)
    return known.address, known.secure


FORWARDED = {"HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.5", "HTTP_X_FORWARDED_PROTO": "https"}


def test_forwarding_headers_count_only_from_trusted_proxies() -> None:
    public = settings(host="0.0.0.0")
    assert client(public) == ("192.0.2.1", False)
    assert client(public, **FORWARDED) == ("192.0.2.1", False)
    assert client(public, **{"wsgi.url_scheme": "https"}) == ("192.0.2.1", True)
    assert client(public.with_(trusted_proxies=1), **FORWARDED) == ("203.0.113.5", True)
    assert client(public.with_(trusted_proxies=2), **FORWARDED) == ("6.6.6.6", True)
    named = public.with_(trusted_proxies=("192.0.2.0/24",))
    assert client(named, **FORWARDED) == ("203.0.113.5", True)
    assert client(named, REMOTE_ADDR="198.51.100.1", **FORWARDED) == ("198.51.100.1", False)
    assert client(public.with_(trusted_proxies=("192.0.2.1", "203.0.113.5")), **FORWARDED) == (
        "6.6.6.6",
        True,
    )
    assert client(public.with_(trusted_proxies=("::1",)), REMOTE_ADDR="") == ("", False)


def test_plain_http_is_safe_on_loopback_alone() -> None:
    local = settings()
    assert client(local, REMOTE_ADDR="127.0.0.1") == ("127.0.0.1", True)
    assert client(local, REMOTE_ADDR="::1") == ("::1", True)
    assert client(local) == ("192.0.2.1", False)
    # A proxy on this machine whose own client came over http.
    assert not client(local, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_PROTO="http")[1]
    assert not client(local.with_(allow_insecure=False), REMOTE_ADDR="127.0.0.1")[1]
    assert client(settings(host="0.0.0.0", allow_insecure=True))[1]


@pytest.mark.parametrize("text", ["a", "A.b:c-d_9", "x" * 128])
def test_good_correlation_ids(text: str) -> None:
    assert edge.correlation_id(None, text) == text


@pytest.mark.parametrize("text", ["", "x" * 129, "a b", "a\r\nb", "a\n", "ü", "<x>", "\x1b[0m", "\u202e"])
def test_bad_correlation_ids_are_replaced(text: str) -> None:
    assert edge.correlation_id(text, None) not in (text, "")


@pytest.mark.parametrize(
    ("header", "welcome"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("identity;q=0.5, gzip", True),
        ("br, gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.1", False),
        ("br", False),
        ("", False),
        (None, False),
        ("gzip;q=0.000", False),
        (",;,;q=,", False),
    ],
)
def test_accepts_gzip(header: str | None, welcome: bool) -> None:
    assert edge.accepts_gzip(header) is welcome


def test_compression_is_reproducible() -> None:
    body = b"x" * 5000
    assert edge.compress(body) == edge.compress(body)
    assert gzip.decompress(edge.compress(body)) == body


def inflate_code(body: bytes, encoding: str, limit: int = 1_000_000) -> str:
    with pytest.raises(ODataError) as caught:
        edge.inflate(body, encoding, limit)
    return caught.value.code


def test_inflate() -> None:
    body = b'{"a":1}' * 100
    assert edge.inflate(body, None, 10) == body
    assert edge.inflate(body, "identity", 10) == body
    assert edge.inflate(gzip.compress(body), "gzip", 10_000) == body
    assert edge.inflate(gzip.compress(body), "X-GZIP", 10_000) == body
    assert edge.inflate(zlib.compress(body), "deflate", 10_000) == body


class Trickling(BytesIO):
    """Gives three bytes at a time, whatever is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, size or 0) if size != -1 else 3)


class Broken(BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("invalid chunk size")


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (BytesIO(b"12345678"), {"CONTENT_LENGTH": "8"}, b"12345678"),
        (BytesIO(b"12345678"), {"CONTENT_LENGTH": "5"}, b"12345"),
        (Trickling(b"12345678"), {"CONTENT_LENGTH": "8"}, b"12345678"),
        (Trickling(b"12345678"), {"wsgi.input_terminated": True}, b"12345678"),
        (BytesIO(b"1234567890"), {"wsgi.input_terminated": True}, b"1234567890"),
        (BytesIO(b"12345678901"), {"wsgi.input_terminated": True}, "payload_too_large"),
        (Trickling(b"12345678901"), {"wsgi.input_terminated": True}, "payload_too_large"),
        (BytesIO(b"1234567890"), {"CONTENT_LENGTH": "10"}, b"1234567890"),
        (Broken(), {"CONTENT_LENGTH": "11"}, "payload_too_large"),  # not even read
        (BytesIO(b"1234567"), {"CONTENT_LENGTH": "8"}, "syntax"),
        (Broken(), {"CONTENT_LENGTH": "8"}, "syntax"),
        (Broken(), {"wsgi.input_terminated": True}, "syntax"),
        (BytesIO(b"1"), {"CONTENT_LENGTH": "+1"}, "syntax"),
        (BytesIO(b"1"), {"CONTENT_LENGTH": "-1"}, "syntax"),
        (BytesIO(b"1"), {"CONTENT_LENGTH": "9" * 5_000}, "syntax"),
        (Broken(), {}, b""),
        (Broken(), {"CONTENT_LENGTH": ""}, b""),
    ],
)
def test_bodies_are_read_whole_or_not_at_all(stream: BytesIO, environ: dict[str, Any], expected: bytes | str) -> None:
    environ = {"wsgi.input": stream, **environ}
    if isinstance(expected, bytes):
        assert edge.body(environ, 10) == expected
    else:
        with pytest.raises(ODataError) as caught:
            edge.body(environ, 10)
        assert caught.value.code == expected


def test_inflate_refuses() -> None:
    body = gzip.compress(b"a" * 1000)
    assert inflate_code(body, "br") == "unsupported_media_type"
    assert inflate_code(gzip.compress(body), "gzip, gzip") == "unsupported_media_type"
    assert inflate_code(b"plain", "gzip") == "syntax"
    assert inflate_code(body[:-3], "gzip") == "syntax"
    assert inflate_code(body + b"more", "gzip") == "syntax"
    assert inflate_code(body[:-8] + b"\0" * 8, "gzip") == "syntax"
    assert inflate_code(body, "gzip", 999) == "payload_too_large"


def test_a_bomb_is_refused_quickly() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    started = time.perf_counter()
    assert inflate_code(bomb, "gzip", 100_000_000) == "payload_too_large"
    assert time.perf_counter() - started < 5  # sanity, not speed


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "gzip,deflate", "\x00"]))
def test_any_body_is_inflated_or_refused(body: bytes, encoding: str) -> None:
    with suppress(ODataError):
        assert len(edge.inflate(body, encoding, 1000)) <= 1000


def test_csrf_tokens_depend_on_everything() -> None:
    token, nonce = edge.csrf_token(b"k", "alice", None, 1)
    assert edge.csrf_token(b"k", "alice", nonce, 1) == (token, nonce)
    others = [
        edge.csrf_token(b"l", "alice", nonce, 1),
        edge.csrf_token(b"k", "bob", nonce, 1),
        edge.csrf_token(b"k", "alice", None, 1),
        edge.csrf_token(b"k", "alice", nonce, 2),
    ]
    assert token not in [other for other, _ in others]
    assert edge.csrf_token(b"k", "alice", "chosen by somebody", 1)[1] != "chosen by somebody"
