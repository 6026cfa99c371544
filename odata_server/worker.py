"""gunicorn's threaded worker, with a short way for plain reads of OData on connections that stay open.

Two things make gunicorn cost as much as several small answers: it hands a connection back to the main thread after each
request, which waits for the next one and finds a thread for it; and it takes every request apart as if it were the
strangest. Here a thread stays with its connection for a moment, and a request that is plain in every respect (see
``plain``) is read at once. All others are gunicorn's, byte for byte: what was read of them is given back to its parser.
"""

import errno
import io
import os
import re
import select
import socket
import threading
import time
from typing import Any, Final

from gunicorn.http.message import HeaderPolicy
from gunicorn.http.wsgi import SERVER, base_environ
from gunicorn.util import http_date, unquote_to_wsgi_str
from gunicorn.workers.gthread import ThreadWorker

#: Milliseconds that a thread waits for the next request of its connection.
LINGER: Final = 10
#: Bytes of the largest plain request. gunicorn's limits of lines and fields, as we set them, are no less.
MOST: Final = 8_190
#: Bodies up to this size go out together with their head.
_JOINED: Final = 65_536

#: The head of a plain request: printable ASCII, no fragment, fields whose names have one meaning in WSGI.
_HEAD = re.compile(rb"GET (/odata/v4[!\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n")
#: Fields that say something about the body or the connection.
_NOT_PLAIN = frozenset({"CONTENT_LENGTH", "TRANSFER_ENCODING", "EXPECT", "UPGRADE", "TRAILER", "TE", "HTTP2_SETTINGS"})

Environ = dict[str, Any]


def plain(data: bytes, most_fields: int) -> Environ | None:
    """What WSGI calls the parts of a plain request; ``None`` for any other. Plain is a GET below the service root, all
    of it and nothing else, with a host, no field twice, and not too many.
    """
    found = _HEAD.fullmatch(data) if len(data) <= MOST else None
    if found is None:
        return None
    fields: Environ = {}
    lines = found[2].decode("ascii").split("\r\n")
    lines.pop()
    if len(lines) > most_fields:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        key = name.upper().replace("-", "_")
        if key in fields or key in _NOT_PLAIN:
            return None
        fields[key] = value.strip(" \t")
    if "HOST" not in fields or fields.get("CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    target = found[1].decode("ascii")
    path, _, query = target.partition("?")
    environ: Environ = {("HTTP_" + key if key != "CONTENT_TYPE" else key): value for key, value in fields.items()}
    environ["REQUEST_METHOD"] = "GET"
    environ["RAW_URI"] = target
    environ["PATH_INFO"] = unquote_to_wsgi_str(path) if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["SERVER_PROTOCOL"] = "HTTP/1.1"
    environ["SCRIPT_NAME"] = ""
    return environ


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """What ``gunicorn_conf`` names as the worker class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One thread less than there are: connections that nobody stays with are never without one.
        self.alive: bool
        self._staying = threading.BoundedSemaphore(max(1, self.cfg.threads - 1))
        self._shortened = _usual(self.cfg)
        self._base: Environ = {}
        self._date = (0, "")

    def init_process(self) -> None:
        self._base = {**base_environ(self.cfg), "wsgi.multithread": True}
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Answers a request, and those that follow at once. Runs in a thread of the pool."""
        kept = self._handled(conn)
        while kept is True and self._stays(conn):
            kept = self._handled(conn)
        return kept

    def _stays(self, conn: Any) -> bool:
        """Whether the next request is here. Nobody stays while others wait for a thread."""
        if conn.parser.unreader.buf.getvalue():
            return True
        if not self.alive or self.cfg.threads < 2 or not self.tpool._work_queue.empty():
            return False
        if not self._staying.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(conn.sock, select.POLLIN)
            return bool(waiting.poll(LINGER))
        finally:
            self._staying.release()

    def _handled(self, conn: Any) -> Any:
        """One request, by the short way if it is plain. New connections are gunicorn's."""
        if not (self._shortened and conn.initialized) or conn.is_http2 or conn.parser.unreader.buf.getvalue():
            return super().handle(conn)
        try:
            conn.sock.setblocking(True)
            data = conn.sock.recv(MOST + 1)
            if not data:
                return False
            environ = plain(data, self.cfg.limit_request_fields)
            if environ is None or not self._completed(environ, conn):
                conn.parser.unreader.unread(data)
                return super().handle(conn)
            return self._answered(environ, conn)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):
                self.log.exception("Socket error processing request.")
        except Exception as error:  # noqa: BLE001 (as in the base class: answered with 500, and logged)
            self.handle_error(None, conn.sock, conn.client, error)
        return False

    def _completed(self, environ: Environ, conn: Any) -> bool:
        """Adds what the connection says; ``False`` if that is more than a plain address on either side."""
        client, server = conn.client, conn.server
        if not (isinstance(client, tuple) and isinstance(server, tuple)):
            return False
        given = [name for name in self.cfg.secure_scheme_headers if "HTTP_" + name.replace("-", "_") in environ]
        if len(given) > 1:
            return False
        scheme = "http"
        if given and self._trusts(client):
            value = environ["HTTP_" + given[0].replace("-", "_")]
            scheme = "https" if value == self.cfg.secure_scheme_headers[given[0]] else "http"
        environ |= self._base
        environ["wsgi.url_scheme"] = scheme
        environ["wsgi.input"] = io.BytesIO()
        environ["gunicorn.socket"] = conn.sock
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
        environ["SERVER_NAME"], environ["SERVER_PORT"] = server[0], str(server[1])
        return True

    def _trusts(self, client: tuple[str, int]) -> bool:
        """Whether that peer may say how its own client called."""
        policy = HeaderPolicy()
        policy.cfg, policy.peer_addr = self.cfg, client
        return bool(policy._peer_is_trusted_proxy())

    def _answered(self, environ: Environ, conn: Any) -> bool:
        """Whether the connection stays open."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        kept = bool(self.alive and self.cfg.keepalive and len(self.keepalived_conns) < self.max_keepalived)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.wsgi(environ, lambda status, headers, _=None: started.append((status, headers)))
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        ((status, headers),) = started
        self._send(conn.sock, self._head(status, headers, len(body), kept), body)
        return kept

    def _head(self, status: str, headers: list[tuple[str, str]], length: int, kept: bool) -> bytes:
        second = int(time.time())
        if self._date[0] != second:
            self._date = second, http_date()
        fields = [f"{name}: {value}\r\n" for name, value in headers]
        if status[:3] not in ("204", "304") and not any(name.lower() == "content-length" for name, _ in headers):
            fields.append(f"Content-Length: {length}\r\n")
        text = "".join(fields)
        if text.count("\r") != len(fields) or text.count("\n") != len(fields):
            raise ValueError("a header of the answer has more than one line")
        connection = "keep-alive" if kept else "close"
        first = f"HTTP/1.1 {status}\r\nServer: {SERVER}\r\nDate: {self._date[1]}\r\nConnection: {connection}\r\n"
        return f"{first}{text}\r\n".encode("latin-1")

    def _send(self, sock: socket.socket, head: bytes, body: bytes) -> None:
        if len(body) <= _JOINED:
            sock.sendall(head + body)
            return
        sock.sendall(head, getattr(socket, "MSG_MORE", 0))
        sock.sendall(body)


def _usual(cfg: Any) -> bool:
    """Whether gunicorn does no more for a plain request than is done here: no TLS, no hooks or log for each request."""
    quiet = not any((cfg.accesslog, cfg.logconfig, cfg.logconfig_dict, cfg.logconfig_json, cfg.syslog, cfg.statsd_host))
    hooks = all(getattr(cfg, name) is cfg.settings[name].default for name in ("pre_request", "post_request"))
    limits = 0 < cfg.limit_request_line >= MOST and cfg.limit_request_field_size >= MOST
    plainly = not (cfg.is_ssl or os.environ.get("SCRIPT_NAME") or cfg.strip_header_spaces)
    return bool(quiet and hooks and limits and plainly and cfg.proxy_protocol == "off" and cfg.protocol == "http")
