"""An HTTP server by hand, on loopback, that answers as told: also what no server library would send.

A script gets each request and returns what is written, piece by piece: bytes, a number of seconds to be silent, or
``RESET`` and ``CLOSE``. Connections are kept until a piece closes them, as HTTP/1.1 keeps them.
"""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fault_proxy import _reset

RESET, CLOSE = "reset", "close"
Piece = bytes | float | str


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived; ``connection`` tells which ones came over the same."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Script = Callable[[Seen], Sequence[Piece]]


def answer(
    body: bytes | Any = b"",
    status: int = 200,
    *,
    kind: str = "application/json",
    headers: Sequence[tuple[str, str]] = (),
    length: int | None = None,
) -> bytes:
    """A whole answer. What is no bytes is written as JSON; ``length`` is another one than the body's."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content) if length is None else length}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def one_by_one(*answers: Sequence[Piece] | bytes) -> Script:
    """Answers in this order; the last one is for all that follow."""
    left = list(answers)

    def script(seen: Seen) -> Sequence[Piece]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [found] if isinstance(found, bytes) else found

    return script


@dataclass
class Server:
    """What was asked, and what will be answered."""

    script: Script = field(default=lambda seen: [answer({})])
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    at_once: int = 0
    most_at_once: int = 0
    handshake: bool = True  # False: says nothing where TLS would begin
    _listener: socket.socket | None = None
    _tls: ssl.SSLContext | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/erp/"

    def says(self, *pieces: Piece) -> None:
        """The same to everybody."""
        self.script = lambda seen: pieces

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept)

    def stop(self) -> None:
        self._stopped.set()
        assert self._listener is not None
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        for thread in list(self._threads):
            thread.join(5)

    def drop(self) -> None:
        """Ends every connection."""
        with self._lock:
            taken, self._open = list(self._open), set()
        for one in taken:
            _reset(one)

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        assert self._listener is not None
        number = 0
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            with self._lock:
                self._open.add(client)
            self._spawn(self._serve, client, number)

    def _serve(self, client: socket.socket, number: int) -> None:
        with suppress(OSError, ValueError):
            if not self.handshake:
                self._stopped.wait(30)
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
                with self._lock:
                    self._open.add(client)
            with client.makefile("rb") as reader:
                while seen := _request(reader, number):
                    with self._lock:
                        self.seen.append(seen)
                        self.at_once += 1
                        self.most_at_once = max(self.most_at_once, self.at_once)
                    try:
                        going = self._written(client, self.script(seen))
                    finally:
                        with self._lock:
                            self.at_once -= 1
                    if not going:
                        break
        with suppress(OSError):
            client.close()

    def _written(self, client: socket.socket, pieces: Sequence[Piece]) -> bool:
        for piece in pieces:
            if piece == RESET:
                _reset(client)
                return False
            if piece == CLOSE:
                return False
            if isinstance(piece, bytes):
                client.sendall(piece)
            else:
                assert isinstance(piece, float)
                if self._stopped.wait(piece):
                    return False
        return True


def _request(reader: Any, number: int) -> Seen | None:
    first = reader.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return Seen(first[0], first[1], headers, body, number)


@contextmanager
def served(script: Script | None = None, *, tls: tuple[Path, Path] | None = None) -> Iterator[Server]:
    """A server until the block is left. ``tls``: the files of certificate and key."""
    server = Server()
    if script is not None:
        server.script = script
    if tls is not None:
        server.scheme = "https"
        server._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server._tls.load_cert_chain(*tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def trickled(data: bytes, pause: float) -> list[Piece]:
    """Byte by byte."""
    return [piece for byte in data for piece in (bytes([byte]), pause)]


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether something becomes true in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return False
