"""The load: a process of its own that sends prepared requests over connections that stay open, as many at a time as
it is told, and says how many were answered and how long each took.

One thread and ``select`` for all connections: as little of the machine as possible goes into asking. It is driven by
lines of JSON on standard input (see ``Load``) and answers with one line each.
"""

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADERS = {
    "Host": "127.0.0.1",
    "Accept": "application/json;odata.metadata=minimal",
    "OData-MaxVersion": "4.0",
    "User-Agent": "benchmark",
}
_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: ?(\d+)")
_BUFFER = 1 << 18


@dataclass(frozen=True, slots=True)
class Request:
    """A request target, percent-encoded, and headers beside the usual ones."""

    target: str
    headers: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        fields = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, **dict(self.headers)}.items())
        return f"GET {self.target} HTTP/1.1\r\n{fields}\r\n"


@dataclass(frozen=True, slots=True)
class Window:
    """What was answered in one stretch of time; latencies in seconds."""

    requests: int
    seconds: float
    latencies: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """The other end: tells the process what to do."""

    process: "subprocess.Popen[str]"

    def ask(self, port: int, request: Request) -> bytes:
        """The body of one answer; raises if it is no success."""
        answer = self._do({"do": "ask", "port": port, "request": request.text()})
        if answer["status"] != 200:
            raise RuntimeError(f"{request.target}: status {answer['status']}: {answer['body'][:1000]}")
        return str(answer["body"]).encode()

    def prepare(self, name: str, port: int, requests: list[Request]) -> None:
        """Requests to be sent one after the other, and from the beginning again after the last one."""
        self._do({"do": "prepare", "name": name, "port": port, "requests": [r.text() for r in requests]})

    def run(self, name: str, concurrency: int, seconds: float) -> Window:
        """Sends for that long, and waits for the last answer."""
        answer = self._do({"do": "run", "name": name, "concurrency": concurrency, "seconds": seconds})
        return Window(answer["requests"], answer["seconds"], tuple(answer["latencies"]))

    def _do(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the load process ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


@contextmanager
def load() -> Iterator[Load]:
    """A load process for the length of a run."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        yield Load(process)
    finally:
        process.terminate()
        process.communicate(timeout=10)


# --- in that process ----------------------------------------------------------------------------------------


class _Connection:
    """One open connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0.0
        self._parts: list[bytes] = []
        self._missing = -1  # bytes of the answer that are not here yet; negative while its length is not known

    def send(self, request: bytes) -> None:
        self._parts, self._missing = [], -1
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Reads what is there; whether the answer is complete."""
        piece = self.socket.recv(_BUFFER)
        if not piece:
            raise RuntimeError("the server closed the connection")
        if self._missing < 0:
            piece = b"".join((*self._parts, piece))
            end = piece.find(b"\r\n\r\n")
            if end < 0:
                self._parts = [piece]
                return False
            length = _LENGTH.search(piece, 0, end + 2)
            if length is None:
                raise RuntimeError(f"no length: {piece[:300]!r}")
            self._parts, self._missing = [], end + 4 + int(length[1])
        self._parts.append(piece)
        self._missing -= len(piece)
        return self._missing == 0

    def answer(self) -> tuple[int, bytes]:
        head, _, body = b"".join(self._parts).partition(b"\r\n\r\n")
        return int(head[9:12]), body

    def check(self) -> None:
        if self._parts[0][9:12] != b"200":
            status, body = self.answer()
            raise RuntimeError(f"status {status}: {body[:500]!r}")


class _Sender:
    """The prepared requests, and the connections to each port."""

    def __init__(self) -> None:
        self._prepared: dict[str, tuple[int, list[bytes]]] = {}
        self._next: dict[str, int] = {}
        self._open: dict[int, list[_Connection]] = {}

    def do(self, what: dict[str, Any]) -> dict[str, Any]:
        match what["do"]:
            case "ask":
                return self._ask(what["port"], what["request"].encode())
            case "prepare":
                self._prepared[what["name"]] = what["port"], [text.encode() for text in what["requests"]]
                self._next[what["name"]] = 0
                return {}
            case _:
                return self._run(what["name"], what["concurrency"], what["seconds"])

    def _connections(self, port: int, number: int) -> list[_Connection]:
        found = self._open.setdefault(port, [])
        found.extend(_Connection(port) for _ in range(number - len(found)))
        return found[:number]

    def _ask(self, port: int, request: bytes) -> dict[str, Any]:
        (connection,) = self._connections(port, 1)
        connection.send(request)
        while not connection.receive():
            pass
        status, body = connection.answer()
        return {"status": status, "body": body.decode()}

    def _run(self, name: str, concurrency: int, seconds: float) -> dict[str, Any]:
        port, requests = self._prepared[name]
        position, latencies = self._next[name], []
        with selectors.DefaultSelector() as selector:
            start = time.perf_counter()
            end = start + seconds
            for connection in self._connections(port, concurrency):
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(requests[position])
                position = (position + 1) % len(requests)
            busy = concurrency
            while busy:
                for key, _ in selector.select(60):
                    connection = key.data
                    if not connection.receive():
                        continue
                    now = time.perf_counter()
                    connection.check()
                    latencies.append(now - connection.sent)
                    if now < end:
                        connection.send(requests[position])
                        position = (position + 1) % len(requests)
                    else:
                        busy -= 1
            taken = time.perf_counter() - start
        self._next[name] = position
        return {"requests": len(latencies), "seconds": taken, "latencies": [round(x, 6) for x in latencies]}


def main() -> None:
    """Does what each line says, until there are no more."""
    sender = _Sender()
    for line in sys.stdin:
        try:
            answer = sender.do(json.loads(line))
        except (RuntimeError, OSError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
