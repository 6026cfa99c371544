"""Two ways to ask either service: as a WSGI callable in this process, or over HTTP on one open connection."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from wsgiref.types import WSGIApplication

from werkzeug.test import EnvironBuilder, run_wsgi_app

from benchmarks import baseline
from odata_server.settings import Settings

PUBLIC_URL = "https://erp.example.com"
ROOT = f"{PUBLIC_URL}/odata/v4/"
SECRET = "benchmarks only: 0123456789 abcdefghijklmnopqrstuvwxyz"
HEADERS = {"Accept": "application/json;odata.metadata=minimal", "OData-MaxVersion": "4.0"}
THREADS, KEEP_ALIVE = 8, 95


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one of the two services; ``target`` is the path and query, percent-encoded."""

    service: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()


class Ask(Protocol):
    """Sends one prepared request and reads the whole answer. Raises when it is no success."""

    def __call__(self) -> bytes: ...


class Client(Protocol):
    """Prepares requests to one service."""

    def prepare(self, question: Question) -> Ask: ...


# --- in process ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InProcess:
    """Calls the WSGI application. The environment is made beforehand: the service alone is measured."""

    app: WSGIApplication

    def prepare(self, question: Question) -> Ask:
        headers = [*HEADERS.items(), *question.headers]
        builder = EnvironBuilder(path=question.target, base_url="http://127.0.0.1/", headers=headers)
        environ: dict[str, Any] = builder.get_environ() | {"REMOTE_ADDR": "127.0.0.1"}
        environ["RAW_URI"] = environ["REQUEST_URI"] = question.target
        app = self.app

        def ask() -> bytes:
            chunks, status, _ = run_wsgi_app(app, environ | {"wsgi.input": BytesIO()}, buffered=True)
            body = b"".join(chunks)
            return checked(int(status[:3]), body)

        return ask


def checked(status: int, body: bytes) -> bytes:
    """The body, if the answer is one."""
    if status != 200:
        raise RuntimeError(f"status {status}: {body[:500]!r}")
    return body


# --- over HTTP ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OverHttp:
    """Sends requests to a server on this machine, all on one connection."""

    connection: http.client.HTTPConnection

    def prepare(self, question: Question) -> Ask:
        headers, connection = {**HEADERS, **dict(question.headers)}, self.connection

        def ask() -> bytes:
            connection.request("GET", question.target, headers=headers)
            response = connection.getresponse()
            return checked(response.status, response.read())

        return ask


@contextmanager
def served(application: str, variables: Mapping[str, str]) -> Iterator[OverHttp]:
    """A client of gunicorn with one worker and eight threads: the same server for both services."""
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads",
        str(THREADS), "--worker-class", "gthread", "--keep-alive", str(KEEP_ALIVE), "--limit-request-line",
        "8190", application,
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={**_clean_environment(), **variables},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for(process, port)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            yield OverHttp(connection)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def our_variables(database_url: str) -> dict[str, str]:
    """What our service is configured by in a server of its own."""
    return {
        "ERP_ODATA_DATABASE_URL": database_url,
        "ERP_ODATA_PUBLIC_URL": PUBLIC_URL,
        "ERP_ODATA_HOST": "127.0.0.1",
        "ERP_ODATA_ANONYMOUS": "true",
        "ERP_ODATA_SECRET_KEY": SECRET,
    }


def our_settings(database_url: str) -> Settings:
    """The same in this process."""
    return Settings.model_validate(
        {"database_url": database_url, "public_url": PUBLIC_URL, "anonymous": True, "secret_key": SECRET}
    )


def baseline_variables(database_url: str) -> dict[str, str]:
    return {baseline.DATABASE_VARIABLE: database_url, baseline.ROOT_VARIABLE: ROOT}


def _clean_environment() -> dict[str, str]:
    ours = ("ERP_ODATA_", "PORT", "DATABASE_URL", "WEB_CONCURRENCY", "GUNICORN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, patience: float = 30.0) -> None:
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
