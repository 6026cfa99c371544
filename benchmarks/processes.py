"""The processes that are measured: services under gunicorn, the database, and what they have used of the processors
and of memory, from ``/proc``.
"""

import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
#: The same for both services.
WORKERS, THREADS, KEEP_ALIVE = 2, 8, 95


@dataclass(frozen=True, slots=True)
class Process:
    """A process and its children, such as a server and its workers."""

    pid: int

    def family(self) -> list[int]:
        """Its own id and those of all that descend from it."""
        children: dict[int, list[int]] = defaultdict(list)
        for entry in PROC.iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    children[int(_fields(entry)[1])].append(int(entry.name))
        found, left = [], [self.pid]
        while left:
            found.append(left.pop())
            left += children[found[-1]]
        return found

    def cpu_seconds(self) -> float:
        """What all of them have used so far, kernel and user; also children that are gone, such as those with which
        PostgreSQL scans a table in parallel.
        """
        return sum(map(_nanoseconds, self.family())) / 1e9 + _of_the_gone(self.pid)

    def resident(self) -> list[int]:
        """Bytes of memory of each child: those of a server's workers."""
        return [size for pid in self.family()[1:] if (size := _resident(pid))]


def _nanoseconds(pid: int) -> int:
    """Of a process, over its threads, which live as long as it does."""
    total = 0
    with suppress(OSError):
        for thread in (PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                total += int((thread / "schedstat").read_text().split()[0])
    return total


def _of_the_gone(pid: int) -> float:
    """Seconds of a process's children that it has seen ending."""
    with suppress(OSError):
        fields = _fields(PROC / str(pid))
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _fields(entry: Path) -> list[str]:
    """What ``stat`` says behind the name, which may hold anything: state, parent, ..."""
    return (entry / "stat").read_text().rpartition(")")[2].split()


def _resident(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers on a port of this machine."""

    name: str
    port: int
    process: Process


@contextmanager
def served(name: str, arguments: list[str], variables: Mapping[str, str]) -> Iterator[Service]:
    """A service under gunicorn, with those arguments. ``{port}`` in a variable's value is the port."""
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive",
        str(KEEP_ALIVE), "--bind", f"127.0.0.1:{port}", *arguments,
    ]  # fmt: skip
    given = {key: value.format(port=port) for key, value in variables.items()}
    process = subprocess.Popen(
        command,
        env={**_clean_environment(), **given},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(process, port)
        yield Service(name, port, Process(process.pid))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _clean_environment() -> dict[str, str]:
    ours = ("ERP_ODATA_", "PORT", "DATABASE_URL", "WEB_CONCURRENCY", "GUNICORN_", "FLASK_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(f"the server did not start: {process.stderr.read().decode()[-3000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server does not listen")
