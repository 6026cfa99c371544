"""Faults of an ERP behind HTTP by the numbers of the catalogue, and what they are to whoever asked."""

import socket
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from erp_adapters.base import (
    AuthFailed,
    BadAnswer,
    Denied,
    Failed,
    Session,
    SourceError,
    Throttled,
    TimedOut,
    Unavailable,
    Untrusted,
)
from erp_adapters.transport import Anonymous, Basic, Secret, Transport, TransportOptions
from tests.adapters.transport.conftest import certificate
from tests.adapters.transport.server import CLOSE, RESET, Seen, Server, answer, served
from tests.fault_proxy import FaultProxy, fault_proxy

SESSION = Session()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LOGIN = b"<!doctype html><title>Sign in</title>"


def ask(server: Server, url: str = "Set", **options: Any) -> Any:
    return Transport(server.url, Anonymous(), TransportOptions(**options)).send("GET", url, SESSION).json()


def failing(server: Server, expected: type[SourceError], **options: Any) -> SourceError:
    with pytest.raises(expected) as found:
        ask(server, **options)
    assert type(found.value) is expected
    return found.value


# --- connections ------------------------------------------------------------------------------------------------------


def test_f001_connection_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(Unavailable) as found:
            Transport(url, Anonymous()).send("GET", "", SESSION)
    assert dict(found.value.headers)["Retry-After"] == "3"
    assert "refused" in found.value.detail.lower()


def test_f002_nobody_takes_the_connection() -> None:
    """A listener whose queue is full drops SYNs, as a firewall does."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        began = time.monotonic()
        with pytest.raises(Unavailable) as found:
            Transport(
                f"http://127.0.0.1:{full.getsockname()[1]}/", Anonymous(), TransportOptions(connect_timeout=0.5)
            ).send("GET", "", SESSION)
        for one in waiting:
            one.close()
    assert 0.4 < time.monotonic() - began < 3
    assert "in time" in found.value.detail


def through(proxy: FaultProxy, **options: Any) -> Transport:
    return Transport(f"http://127.0.0.1:{proxy.port}/erp/", Anonymous(), TransportOptions(**options))


def test_connections_that_fail(erp: Server) -> None:
    """Accepts and resets (F003), is silent (F004), drips (F005), dies (F006), comes back: over one transport."""
    erp.says(answer({"value": list(range(1000))}))
    with fault_proxy(("127.0.0.1", erp.port)) as proxy:
        calls = through(proxy, timeout=0.6)

        def outcome() -> object:
            began = time.monotonic()
            try:
                return len(calls.send("GET", "Set", SESSION).json()["value"])
            except SourceError as error:
                return type(error)
            finally:
                assert time.monotonic() - began < 3

        cases: list[tuple[dict[str, Any], object]] = [
            ({}, 1000),
            ({"reset": True}, Unavailable),
            ({}, 1000),
            ({"accept": True}, TimedOut),
            ({"delay": 30.0}, TimedOut),
            ({"trickle": 0.1}, TimedOut),
            ({"cut": 0}, Unavailable),
            ({"cut": 30}, BadAnswer),
            ({"cut": 2000}, Unavailable),
            ({"hold": 2000}, TimedOut),
            ({}, 1000),
        ]
        for faults, expected in cases:
            proxy.set(**faults)
            proxy.drop()
            assert outcome() == expected, faults
        proxy.set(refuse=True)
        assert outcome() == Unavailable


def test_f032_a_name_that_is_not_found() -> None:
    with pytest.raises(Unavailable) as found:
        Transport("http://erp.invalid/", Anonymous()).send("GET", "", SESSION)
    assert found.value.code == "erp_unavailable"


# --- statuses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected", "code", "published"),
    [
        (401, AuthFailed, "erp_auth", 503),
        (403, Denied, "erp_denied", 502),
        (408, TimedOut, "erp_timeout", 504),
        (429, Throttled, "erp_busy", 503),
        (500, Failed, "erp_failed", 502),
        (501, Failed, "erp_failed", 502),
        (502, Unavailable, "erp_unavailable", 503),
        (503, Unavailable, "erp_unavailable", 503),
        (504, TimedOut, "erp_timeout", 504),
        (304, None, "erp_refused", 502),
        (404, None, "erp_refused", 502),
    ],
)
def test_statuses(erp: Server, status: int, expected: type[SourceError] | None, code: str, published: int) -> None:
    erp.says(answer(b"SECRET \x1b[31m words\r\nof the ERP", status))
    with pytest.raises(expected or SourceError) as found:
        ask(erp)
    error = found.value
    assert (error.code, error.status) == (code, published)
    assert "words" not in error.message
    assert "\x1b" not in error.detail
    assert "\n" not in error.detail


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("99999999", 10),
        ("9" * 5000, 10),
        ("4", 4),
        ("0", 1),
        ("-5", 3),
        ("soon", 3),
        ("", 3),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 10),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Wed, 99 Oct 2015 07:28:00 GMT", 3),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_f008_retry_after(erp: Server, given: str, told: int, status: int) -> None:
    erp.says(answer(b"", status, headers=[("Retry-After", given)]))
    error = failing(erp, Throttled if status == 429 else Unavailable)
    assert dict(error.headers)["Retry-After"] == str(told)


def test_retry_after_as_a_date(erp: Server) -> None:
    erp.says(answer(b"", 503, headers=[("Retry-After", formatdate(time.time() + 6, usegmt=True))]))
    assert dict(failing(erp, Unavailable).headers)["Retry-After"] in ("5", "6")


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "text/plain", ""])
def test_f009_a_login_page(erp: Server, kind: str) -> None:
    erp.says(answer(LOGIN, kind=kind))
    error = failing(erp, BadAnswer)
    assert (error.code, error.status) == ("erp_answer", 502)
    assert error.outage
    assert error.passing


def test_f009_a_login_page_that_says_it_is_json(erp: Server) -> None:
    erp.says(answer(LOGIN))
    failing(erp, BadAnswer)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"value": [', b'{"a": 1}}', b"{'a': 1}", b'{"a": NaN}', b"[Infinity]", b"\xff\xfe{\x00}\x00", b'{"a": "\xfc"}',
        b"[1e999999999999999999999]", b"[1e999999999]", b"[-1.5E-999]", b"[" + b"9" * 5000 + b"]", b"[" * 200_000, b'{"a":' * 100_000, b'{"a": "\x01"}', b'"\\ud800"',
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_f010_no_json(erp: Server, body: bytes) -> None:
    erp.says(answer(body))
    failing(erp, BadAnswer)


@pytest.mark.parametrize(
    "pieces",
    [
        [answer(b'{"a": 1}', length=100), CLOSE],
        [answer(b'{"a": 1}', length=100), RESET],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n{\"a\": 1}\r\n", CLOSE],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n{\"a\"", CLOSE],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"a\"", CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-", CLOSE],
        [b"", CLOSE],
        [b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE],
        [HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n", CLOSE],
        [HEAD + b"X: y\r\n" * 200 + b"\r\n", CLOSE],
    ],
    ids=["short", "reset", "no last chunk", "half a chunk", "no chunk", "headers", "nothing", "ssh", "long", "many"],
)  # fmt: skip
def test_f010_cut_off(erp: Server, pieces: list[Any]) -> None:
    """Never half an answer: what is shorter than announced is no answer."""
    erp.says(*pieces)
    with pytest.raises((Unavailable, BadAnswer)):
        ask(erp)


def test_a_body_longer_than_announced(erp: Server) -> None:
    """The rest belongs to no answer, and not to the next one either."""
    erp.script = lambda seen: [answer(b'{"a": 1}{"b": 2}', length=8)]
    calls = Transport(erp.url, Anonymous())
    for _ in range(3):
        assert calls.send("GET", "", SESSION).json() == {"a": 1}


# --- leading elsewhere ------------------------------------------------------------------------------------------------

AWAY = [
    "http://169.254.169.254/latest/meta-data/",
    "http://localhost:{other}/",
    "http://127.0.0.1:{erp}/erp/",
    "https://localhost:{erp}/erp/",
    "//localhost:{other}/",
    "http://localhost:{erp}@localhost:{other}/",
    "http://localhost:{other}\\@localhost:{erp}/",
    "http://localhost:{erp}.evil.example/",
    "file:///etc/passwd",
    "http://[::1",
    "ftp://localhost:{erp}/",
    "http://localhost:99999/",
    "javascript:1",
    " http://localhost:{erp}/",
    "http://localhost:{erp}/\r\nX: y",
]


@pytest.mark.parametrize("link", AWAY[:-2])
def test_f018_redirects_elsewhere(erp: Server, other: Server, link: str) -> None:
    target = link.format(erp=erp.port, other=other.port)
    erp.script = lambda seen: [answer(b"", 302, headers=[("Location", target)])] if "Set" in seen.path else [answer({})]
    calls = Transport(erp.url, Basic("u", Secret("p")))
    with pytest.raises(BadAnswer) as found:
        calls.send("GET", "Set", SESSION)
    assert found.value.status == 502
    assert not other.seen


@pytest.mark.parametrize("link", AWAY)
def test_f019_links_elsewhere(erp: Server, other: Server, link: str) -> None:
    calls = Transport(erp.url, Basic("u", Secret("p")))
    with pytest.raises(BadAnswer) as found:
        calls.send("GET", link.format(erp=erp.port, other=other.port), SESSION)
    assert found.value.status == 502
    assert not erp.seen
    assert not other.seen


# --- TLS --------------------------------------------------------------------------------------------------------------


def tls(directory: Path, name: str, trusted: bool, **facts: Any) -> tuple[tuple[Path, Path], dict[str, Any]]:
    files = certificate(directory, name, **facts)
    return files, {"ca_file": str(files[0])} if trusted else {}


@pytest.mark.parametrize(
    ("name", "trusted", "facts"),
    [
        ("self-signed", False, {}),
        ("expired", True, {"begins": -10, "ends": -1}),
        ("not yet", True, {"begins": 1, "ends": 10}),
        ("other host", True, {"host": "erp.example.com"}),
    ],
)
def test_f020_certificates(tmp_path: Path, name: str, trusted: bool, facts: dict[str, Any]) -> None:
    files, options = tls(tmp_path, name, trusted, **facts)
    with served(tls=files) as server:
        error = failing(server, Untrusted, **options)
        assert not server.seen
    assert (error.code, error.status) == ("erp_tls", 503)
    assert "certificate" in error.detail or "match" in error.detail


def test_a_private_authority(tmp_path: Path) -> None:
    files, options = tls(tmp_path, "private", True)
    with served(tls=files) as server:
        server.says(answer({"a": 1}))
        assert ask(server, **options) == {"a": 1}


def test_tls_that_is_spoken_to_a_plain_server(erp: Server) -> None:
    with pytest.raises((Untrusted, Unavailable)):
        Transport(erp.url.replace("http:", "https:"), Anonymous()).send("GET", "", SESSION)


def test_a_handshake_that_does_not_go_on(tmp_path: Path) -> None:
    files, options = tls(tmp_path, "private", True)
    with served(tls=files) as server:
        server.handshake = False
        began = time.monotonic()
        with pytest.raises((TimedOut, Unavailable)):
            ask(server, timeout=0.4, **options)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("faults", [{"trickle": 0.05}, {"hold": 300}, {"hold": 2000}])
def test_deadlines_hold_within_tls(tmp_path: Path, faults: dict[str, Any]) -> None:
    files, options = tls(tmp_path, "private", True)
    with served(tls=files) as server, fault_proxy(("127.0.0.1", server.port)) as proxy:
        server.says(answer(list(range(5000))))
        proxy.set(**faults)
        calls = Transport(f"https://localhost:{proxy.port}/", Anonymous(), TransportOptions(timeout=0.6, **options))
        began = time.monotonic()
        with pytest.raises((TimedOut, Unavailable)):
            calls.send("GET", "", SESSION)
        assert time.monotonic() - began < 3


# --- signing in -------------------------------------------------------------------------------------------------------


def test_f021_a_rotated_password(erp: Server, tmp_path: Path) -> None:
    """503 ``erp_auth``, one try a minute; the new password is used as soon as it is there."""
    path = tmp_path / "password"
    path.write_text("old")
    good = ["old"]

    def script(seen: Seen) -> list[Any]:
        user = Basic("u", Secret(good[0])).headers(SESSION)["Authorization"]
        return [answer({})] if seen.headers.get("authorization") == user else [answer(b"", 401)]

    erp.script = script
    calls = Transport(erp.url, Basic("u", Secret(path=path)))
    calls.send("GET", "", SESSION)
    good[0] = "new"
    for _ in range(20):
        with pytest.raises(AuthFailed) as found:
            calls.send("GET", "", SESSION)
    assert (found.value.code, found.value.status) == ("erp_auth", 503)
    assert len(erp.seen) == 2
    path.write_text("new")
    calls.send("GET", "", SESSION)
    assert len(erp.seen) == 3
