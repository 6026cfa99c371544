"""SAP Gateways of the tests: `mock-sap`, a process of its own that we did not write, and one of ours."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from erp_adapters.sap.source import Habits, SapSource
from erp_adapters.transport import Anonymous, Basic, Credentials, Secret, Transport, TransportOptions
from tests.redis_server import free_port


@dataclass
class MockSap:
    """The package `mock-sap` on loopback. What it is asked is counted by `calls`."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sap/opu/odata/sap/"

    def control(self, path: str, body: bytes | None = None, method: str = "POST") -> bytes:
        """Its own control plane."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_mock/{path}",
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: bytes = answer.read()
            return found


#: As the command `mock-sap`, but without the 40 ms that its small packets wait for each other.
_RUN = (
    "import socketserver; socketserver.StreamRequestHandler.disable_nagle_algorithm = True; "
    "from mocksap.__main__ import main; main()"
)


def start_mock(*arguments: str) -> tuple[MockSap, "subprocess.Popen[bytes]"]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, "--port", str(port), "--clock", "2026-11-28T12:00", "-q", *arguments],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    mock = MockSap(port)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            mock.control("health", method="GET")
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return mock, process
    process.kill()
    raise TimeoutError("mock-sap did not start")


@pytest.fixture(scope="module")
def mock_sap() -> Iterator[MockSap]:
    mock, process = start_mock()
    yield mock
    process.kill()
    process.wait(10)


@pytest.fixture
def source() -> Iterator[Callable[..., SapSource]]:
    """Makes sources of a URL; the habits as keywords, `options` for the transport."""
    made: list[Transport] = []

    def make(url: str, credentials: Credentials | None = None, **habits: Any) -> SapSource:
        options = habits.pop("options", TransportOptions(timeout=10))
        transport = Transport(url, credentials or Anonymous(), options)
        made.append(transport)
        return SapSource(transport, Habits(**habits))

    yield make
    for transport in made:
        transport.close()


def basic(user: str, password: str) -> Basic:
    return Basic(user, Secret(password))
