"""A steady load: requests at moments fixed beforehand, whatever becomes of earlier ones, and what came of each.

A load that waits for answers before it asks again sends fewer requests just when the service is slow, and so hides it.
Here each request's time counts from the moment at which it was due, so that waiting in line counts, too. It runs in a
process of its own: ``python -m benchmarks.steady`` reads a ``Plan`` as JSON and writes the outcomes as JSON.
"""

import http.client
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

#: Requests under way at a time; more are due later, and their time counts nevertheless.
_CLIENTS = 64


@dataclass(frozen=True, slots=True)
class Due:
    """A request, and when it is sent: seconds after the beginning. ``kind`` tells requests apart in the figures."""

    after: float
    kind: str
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. ``seconds`` is from the moment when it was due. Status 0: no answer."""

    after: float
    kind: str
    target: str
    status: int
    seconds: float
    origin: str
    age: int
    retry: str
    calls: str


@contextmanager
def sending(due: Sequence[Due]) -> Iterator["Sending"]:
    """Sends from now on, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.steady"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([asdict(one) for one in due]) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        yield Sending(process, time.monotonic())
    finally:
        process.kill()
        process.communicate(timeout=10)


@dataclass(frozen=True, slots=True)
class Sending:
    """A load under way since ``began`` (of ``time.monotonic``)."""

    process: "subprocess.Popen[str]"
    began: float

    def wait_until(self, after: float) -> None:
        """Returns that many seconds after the beginning."""
        time.sleep(max(0.0, self.began + after - time.monotonic()))

    def outcomes(self) -> list[Outcome]:
        """Waits for the last answer."""
        assert self.process.stdout is not None
        return [Outcome(**one) for one in json.loads(self.process.stdout.readline())]


# --- in that process ----------------------------------------------------------------------------------------


class _Client:
    """Sends one request at a time, over connections that stay open."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._open: dict[int, http.client.HTTPConnection] = {}

    def send(self, one: Due) -> Outcome:
        try:
            status, fields = self._answer(one)
        except (OSError, http.client.HTTPException):
            self._open.pop(one.port).close()
            status, fields = 0, {}
        return Outcome(
            after=one.after,
            kind=one.kind,
            target=one.target,
            status=status,
            seconds=time.monotonic() - self._began - one.after,
            origin=fields.get("cache-status", "").removeprefix("erp-odata; "),
            age=int(fields.get("age", -1)),
            retry=fields.get("retry-after", ""),
            calls=fields.get("server-timing", ""),
        )

    def _answer(self, one: Due) -> tuple[int, dict[str, str]]:
        connection = self._open.get(one.port)
        if connection is None:
            connection = self._open[one.port] = http.client.HTTPConnection("127.0.0.1", one.port, timeout=60)
        connection.request("GET", one.target, headers={"OData-MaxVersion": "4.0"})
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}


def send(due: Sequence[Due], began: float) -> list[Outcome]:
    """Sends each request when it is due, and gives what came of all."""
    waiting: queue.SimpleQueue[Due | None] = queue.SimpleQueue()
    outcomes: list[Outcome] = []

    def work() -> None:
        client = _Client(began)
        while (one := waiting.get()) is not None:
            outcomes.append(client.send(one))

    clients = [threading.Thread(target=work) for _ in range(_CLIENTS)]
    for client in clients:
        client.start()
    for one in sorted(due, key=lambda one: one.after):
        time.sleep(max(0.0, began + one.after - time.monotonic()))
        waiting.put(one)
    for _ in clients:
        waiting.put(None)
    for client in clients:
        client.join()
    return outcomes


def main() -> None:
    """One load: the requests on standard input, the outcomes on standard output."""
    due = [Due(**one) for one in json.loads(sys.stdin.readline())]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    outcomes = send(due, time.monotonic())
    sys.stdout.write(json.dumps([asdict(one) for one in outcomes]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
