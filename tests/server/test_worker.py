"""The worker's short way: what gunicorn would make of the same bytes, and everything else left to gunicorn."""

import gc
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import MagicMock

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker
from hypothesis import given
from hypothesis import strategies as st

from odata_server.worker import MOST, Worker, plain

HOST = b"Host: erp.example.com\r\n"
PLAIN = b"GET /odata/v4/Invoices?$top=1 HTTP/1.1\r\n" + HOST + b"Accept: application/json\r\n\r\n"
SETTINGS = {"limit_request_line": 8190, "limit_request_field_size": 16_380, "threads": 2, "workers": 2, "keepalive": 5}
CLIENT, SERVER = ("127.0.0.1", 4711), ("127.0.0.1", 8000)
#: gunicorn makes these anew for each request, or they are of no use to an answer that is not streamed.
OWN = {"wsgi.input", "wsgi.errors", "gunicorn.socket", "wsgi.early_hints"}


def config(**changes: Any) -> Config:
    found = Config()
    for name, value in {**SETTINGS, **changes}.items():
        found.set(name, value)
    return found


class App:
    """Answers with what it was asked, and remembers the environments."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.body = b"hello"
        self.headers = [("Content-Length", "5"), ("X-A", "b")]
        self.status = "200 OK"
        self.error: Exception | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.seen.append(environ)
        if self.error:
            raise self.error
        start_response(self.status, self.headers)
        return [self.body]


def bare(kind: type[ThreadWorker], cfg: Config) -> Any:
    made = kind(1, 1, [], None, 30, cfg, Logger(cfg))
    made.tmp.close()  # the file of the heart-beat
    return made


def worker(kind: type[ThreadWorker] = Worker, app: App | None = None, **changes: Any) -> Any:
    cfg = config(**changes)
    made = bare(kind, cfg)
    made.wsgi = app or App()
    made.tpool = made.get_thread_pool()
    made.alive = True
    if isinstance(made, Worker):
        made._base = {**wsgi.base_environ(cfg), "wsgi.multithread": True}
    return made


@contextmanager
def connected(client: Any = CLIENT, server: Any = SERVER, **changes: Any) -> Iterator[tuple[TConn, socket.socket]]:
    """A connection as it is after its first request, and the client's end of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        conn = TConn(config(**changes), ours, client, server)
        conn.init()
        yield conn, theirs


def received(theirs: socket.socket) -> bytes:
    theirs.setblocking(False)
    data = b""
    try:
        while piece := theirs.recv(1 << 20):
            data += piece
    except BlockingIOError:
        pass
    return data


def without_date(data: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]+", b"Date", data)


def theirs_of(data: bytes, client: Any = CLIENT, server: Any = SERVER, **changes: Any) -> dict[str, Any] | None:
    """The environment that gunicorn makes of a request; None if it refuses it."""
    cfg = config(**changes)
    try:
        request = next(RequestParser(cfg, iter([data]), client))
        _, environ = wsgi.create(request, None, client, server, cfg)
    except Exception:  # noqa: BLE001 (whatever it is)
        return None
    environ["wsgi.multithread"] = True
    return {name: value for name, value in environ.items() if name not in OWN}


def ours_of(data: bytes, client: Any = CLIENT, server: Any = SERVER, **changes: Any) -> dict[str, Any] | None:
    made = worker(**changes)
    environ = plain(data, made.cfg.limit_request_fields)
    with connected(client, server, **changes) as (conn, _):
        if environ is None or not made._completed(environ, conn):
            return None
    return {name: value for name, value in environ.items() if name not in OWN}


USUAL = (
    PLAIN,
    b"GET /odata/v4 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /odata/v4/Customers('C%2F1')?$filter=A%20eq%20'%C3%BC'&$top=1?x HTTP/1.1\r\n" + HOST + b"\r\n",
    b'GET /odata/v4//a;b?[]|{}"<>^` HTTP/1.1\r\n' + HOST + b"Connection: Keep-Alive\r\n\r\n",
    b"GET /odata/v4/A HTTP/1.1\r\nhost:x\r\nX-A:  \t b \t\r\nX-Empty:\r\nContent-Type: a/b\r\nAUTHORIZATION: Basic eA==\r\n\r\n",
    b"GET /odata/v4/A HTTP/1.1\r\n" + HOST + b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n",
    b"GET /odata/v4/A HTTP/1.1\r\n" + HOST + b"X-Forwarded-Proto: http\r\n\r\n",
    b"GET /odata/v4/A HTTP/1.1\r\n" + HOST + b"X-Forwarded-Ssl: on\r\nProxy: evil\r\n\r\n",
)
#: Never plain: gunicorn decides, and may well refuse.
UNUSUAL = (
    b"", PLAIN[:-1], PLAIN[:-2], PLAIN + b"G", PLAIN + PLAIN, b"\r\n" + PLAIN,
    PLAIN.replace(b"GET", b"HEAD"), PLAIN.replace(b"GET", b"POST"), PLAIN.replace(b"GET", b"get"),
    PLAIN.replace(b"1.1", b"1.0"), PLAIN.replace(b"1.1", b"2.0"), PLAIN.replace(b"/odata", b"/Odata"),
    PLAIN.replace(b"/odata", b"http://x/odata"), PLAIN.replace(b"$top", b"#top"), PLAIN.replace(b"$top", b"\xfc"),
    PLAIN.replace(b"$top", b"a b"), PLAIN.replace(b"$top", b"\t"), PLAIN.replace(b"\r\n", b"\n"), PLAIN.replace(HOST, b""),
    *(PLAIN[:-2] + field + b"\r\n\r\n" for field in (
        b"Content-Length: 0", b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Expect: 100-continue",
        b"Connection: close", b"Connection: upgrade", b"Connection: keep-alive, x", b"Upgrade: h2c", b"Host: again",
        b"Accept: again", b"X_Y: z", b"X-Y: z\xfc", b"X-Y : z", b" folded", b"X-Y: a\x00b", b"X-Y: a\rb", b": empty",
        b"no colon", b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on", b"HTTP2-Settings: x", b"TE: trailers",
        b"X-Long: " + b"x" * MOST, b"\r\n".join(b"A%d: b" % n for n in range(120)),
    )),
)  # fmt: skip


@pytest.mark.parametrize("data", USUAL)
@pytest.mark.parametrize("client", [CLIENT, ("203.0.113.9", 1), ("::1", 5)])
def test_a_plain_request_is_what_gunicorn_makes_of_it(data: bytes, client: Any) -> None:
    found = ours_of(data, client)
    assert found is not None
    assert found == theirs_of(data, client)


@pytest.mark.parametrize("data", UNUSUAL)
def test_what_is_not_plain_is_left_to_gunicorn(data: bytes) -> None:
    assert ours_of(data) is None


@pytest.mark.parametrize(("client", "server"), [("", SERVER), (CLIENT, "/run/socket")])
def test_addresses_that_are_paths_are_left_to_gunicorn(client: Any, server: Any) -> None:
    assert ours_of(PLAIN, client, server) is None


PIECES = st.sampled_from(
    [b"GET", b"POST", b" ", b"/odata/v4", b"/", b"A", b"?", b"$top=1", b"%2F", b"%", b"#", b"\xfc", b" HTTP/1.1", b"\r\n",
     b"\n", b"\r", HOST, b"Host", b":", b": ", b"x", b"Accept: a\r\n", b"accept: b\r\n", b"X-Forwarded-Proto: https\r\n",
     b"Content-Length: 3\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"\t", b"\0", b"_"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8), st.lists(PIECES, max_size=8))
def test_whatever_is_taken_gunicorn_takes_alike(middle: list[bytes], end: list[bytes]) -> None:
    data = b"GET /odata/v4/" + b"".join(middle) + b" HTTP/1.1\r\n" + HOST + b"".join(end) + b"\r\n"
    found = ours_of(data)
    if found is not None:
        assert found == theirs_of(data)


ANSWERS: tuple[tuple[str, list[tuple[str, str]], bytes], ...] = (
    ("200 OK", [("Content-Length", "5"), ("X-A", "b")], b"hello"),
    ("304 NOT MODIFIED", [("ETag", 'W/"x"')], b""),
    ("204 NO CONTENT", [], b""),
    ("200 OK", [("Content-Length", "100000")], b"x" * 100_000),
    ("404 NOT FOUND", [("Content-Length", "2"), ("X-Ü", "ü")][:1], b"no"),
)


@pytest.mark.parametrize(("status", "headers", "body"), ANSWERS)
@pytest.mark.parametrize("alive", [True, False])
def test_the_answer_is_byte_for_byte_gunicorns(status: str, headers: Any, body: bytes, alive: bool) -> None:
    def answer(kind: type[ThreadWorker]) -> tuple[bytes, bool]:
        app = App()
        app.status, app.headers, app.body = status, headers, body
        made = worker(kind, app)
        made.alive = alive
        with connected() as (conn, theirs):
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            found: list[bytes] = []
            reader = threading.Thread(target=lambda: found.append(_until(theirs, len(body))))
            theirs.sendall(PLAIN)
            reader.start()
            kept = made.handle(conn)
            reader.join()
            return without_date(found[0]), kept

    assert answer(Worker) == answer(ThreadWorker)


def _until(theirs: socket.socket, length: int) -> bytes:
    data = b""
    while len(data.partition(b"\r\n\r\n")[2]) < length or b"\r\n\r\n" not in data:
        data += theirs.recv(1 << 20)
    return data


def test_plain_requests_do_not_reach_gunicorns_parser_and_others_do() -> None:
    made = worker()
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        assert made.handle(conn) is True
        assert conn.parser.req_count == 0
        for data in (PLAIN.replace(b"GET", b"HEAD"), PLAIN[:-2] + b"Content-Length: 0\r\n\r\n", PLAIN + PLAIN):
            count = conn.parser.req_count
            theirs.sendall(data)
            assert made.handle(conn) is True
            assert conn.parser.req_count > count
        assert len(made.wsgi.seen) == 5


def test_a_request_in_pieces_is_read_to_its_end() -> None:
    made = worker()
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN[:30])
        later = threading.Timer(0.05, lambda: theirs.sendall(PLAIN[30:]))
        later.start()
        assert made.handle(conn) is True
        assert received(theirs).endswith(b"hello")


def test_a_new_connection_is_gunicorns() -> None:
    made = worker()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        conn = TConn(made.cfg, ours, CLIENT, SERVER)
        theirs.sendall(PLAIN)
        assert made.handle(conn) is True
        assert conn.parser.req_count == 1


def test_a_client_that_is_gone_ends_the_connection() -> None:
    made = worker()
    with connected() as (conn, theirs):
        theirs.close()
        assert made.handle(conn) is False
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        theirs.close()
        made.wsgi.body = b"x" * 10_000_000
        made.wsgi.headers = []
        assert made.handle(conn) is False


def test_a_fault_of_the_application_is_500(caplog: pytest.LogCaptureFixture) -> None:
    app = App()
    app.error = ZeroDivisionError("the cause")
    made = worker(app=app)
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        assert made.handle(conn) is False
        found = received(theirs)
    assert found.startswith(b"HTTP/1.1 500 ")
    assert b"cause" not in found


def test_a_header_cannot_hold_another() -> None:
    app = App()
    app.headers = [("X-A", "b\r\nSet-Cookie: c=d")]
    made = worker(app=app)
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        assert made.handle(conn) is False
        assert b"Set-Cookie" not in received(theirs)


def test_the_last_request_of_a_worker_closes_the_connection() -> None:
    made = worker(max_requests=2)
    made.max_requests = 2
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        assert made.handle(conn) is True
        theirs.sendall(PLAIN)
        assert made.handle(conn) is False
        assert not made.alive
        assert received(theirs).count(b"Connection: close") == 1


def test_a_thread_stays_for_the_next_request_and_not_for_long() -> None:
    made = worker()
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)

        def client() -> None:
            for _ in range(3):
                _until(theirs, 5)
                theirs.sendall(PLAIN)

        thread = threading.Thread(target=client)
        thread.start()
        before = time.monotonic()
        assert made.handle(conn) is True
        thread.join()
        assert len(made.wsgi.seen) == 4
        assert time.monotonic() - before < 2


def test_nobody_stays_while_others_wait_for_a_thread_and_one_thread_never_stays() -> None:
    made = worker(threads=2)
    with connected() as (conn, theirs):
        theirs.sendall(PLAIN)
        assert made._stays(conn)
        made.tpool._work_queue.put(None)
        assert not made._stays(conn)
        made.tpool._work_queue.get()
        assert made._staying.acquire(blocking=False)
        assert not made._stays(conn)  # the other thread stays already
        made._staying.release()
        assert made._stays(conn)
        made.alive = False
        assert not made._stays(conn)
    assert not worker(threads=1)._stays(conn)


def test_requests_that_were_read_already_are_waiting() -> None:
    made = worker()
    with connected() as (conn, _):
        conn.parser.unreader.unread(PLAIN)
        made._staying.acquire()
        assert made._stays(conn)


@pytest.mark.parametrize(
    "changes",
    [
        {"accesslog": "-"},
        {"statsd_host": "localhost:8125"},
        {"pre_request": lambda worker, request: None},
        {"post_request": lambda worker, request, environ, response: None},
        {"limit_request_line": 4094},
        {"limit_request_field_size": 100},
        {"proxy_protocol": True},
        {"certfile": "a", "keyfile": "b"},
    ],
)
def test_where_gunicorn_does_more_for_a_request_all_are_gunicorns(changes: dict[str, Any]) -> None:
    assert worker()._shortened
    assert not bare(Worker, config(**changes))._shortened


def test_the_production_settings_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_ODATA_SECRET_KEY", "s3cr3t-Kx9v2LmQ8pWz4RtY7uBn1CdE5fGh6JkA")
    from odata_server import gunicorn_conf

    cfg = Config()
    for name, value in vars(gunicorn_conf).items():
        if name in cfg.settings:
            cfg.set(name, value)
    assert cfg.worker_class is Worker
    assert bare(Worker, cfg)._shortened


def test_what_stays_is_not_looked_through_for_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's threads halt while garbage is looked for: a tenth of a second, if that is in all of the model."""
    monkeypatch.setenv("ERP_ODATA_SECRET_KEY", "s3cr3t-Kx9v2LmQ8pWz4RtY7uBn1CdE5fGh6JkA")
    from odata_server import gunicorn_conf

    server = MagicMock()
    try:
        gunicorn_conf.when_ready(server)
        server.app.wsgi().extensions["erp_odata"].prepare.assert_called_once_with()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
