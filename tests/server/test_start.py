"""Starting for real: what refuses to start, and what answers once it has."""

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from odata_server.app import create_app
from odata_server.auth import hash_password
from odata_server.config import PLATFORM, ConfigError
from tests.server.support import PASSWORD, SECRET, open_application, settings

ROOT = Path(__file__).parents[2]
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "odata_server" / "gunicorn_conf.py")]
APPLICATION = "odata_server:create_app()"
SERVE = [sys.executable, "-m", "odata_server", "serve"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(**values: str) -> dict[str, str]:
    """This one without settings, and with ``values``."""
    kept = {k: v for k, v in os.environ.items() if k not in PLATFORM and not k.startswith(("ERP_ODATA_", "FLASK_"))}
    return kept | {"PYTHONPATH": str(ROOT), "SECRET_KEY": SECRET, "WEB_CONCURRENCY": "1"} | values


@contextmanager
def started(command: list[str], cwd: Path, values: Mapping[str, str]) -> Iterator[str]:
    """A server that answers; gives the URL of its service root."""
    port = str(free_port())
    with (
        (cwd / "stderr").open("w+") as log,
        (cwd / "stdout").open("w") as said,
        subprocess.Popen(
            command, cwd=cwd, env=environment(ERP_ODATA_PORT=port, **values), stdout=said, stderr=log
        ) as process,
    ):
        try:
            wait(process, f"http://127.0.0.1:{port}/healthz", cwd / "stderr")
            yield f"http://127.0.0.1:{port}/odata/v4/"
        finally:
            process.terminate()
    assert process.returncode == 0


def wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


def ask(url: str, **headers: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as response:
        return json.load(response)


def refused(command: list[str], cwd: Path, **values: str) -> str:
    """What a server says that does not start."""
    done = subprocess.run(command, cwd=cwd, env=environment(**values), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "Listening at" not in done.stderr
    assert SECRET not in done.stderr + done.stdout
    return done.stderr


OPEN = {"ERP_ODATA_ANONYMOUS": "true"}


@pytest.mark.slow
@pytest.mark.parametrize("command", [[*GUNICORN, APPLICATION], SERVE], ids=["gunicorn", "serve"])
def test_the_service_answers(command: list[str], demo_sqlite_url: str, tmp_path: Path) -> None:
    with started(command, tmp_path, OPEN | {"ERP_ODATA_DATABASE_URL": demo_sqlite_url}) as root:
        found = ask(
            f"{root}Invoices?$top=2&$count=true", **{"X-Forwarded-Host": "evil.example", "Host": "evil.example"}
        )
        assert len(found["value"]) == 2
        assert found["@odata.context"].startswith(f"{root}$metadata#Invoices")
        assert ask(root.replace("odata/v4/", "readyz")) == {"status": "ready"}


@pytest.mark.slow
def test_what_gunicorn_lets_through(demo_sqlite_url: str, tmp_path: Path) -> None:
    """Its own limits are not below ours: a request at the limit is answered, headers beyond it in OData's form."""

    def status(root: str, target: str, headers: Mapping[str, str]) -> tuple[int, str]:
        with contextlib.closing(http.client.HTTPConnection(root.split("/")[2], timeout=20)) as connection:
            connection.request("GET", target, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read().decode()

    with started([*GUNICORN, APPLICATION], tmp_path, OPEN | {"ERP_ODATA_DATABASE_URL": demo_sqlite_url}) as root:
        longest = "/odata/v4/Invoices?$top=1&x=".ljust(8_190 - len("GET  HTTP/1.1"), "x")
        assert status(root, longest, {})[0] == 200
        assert status(root, longest + "x", {})[0] == 414
        sent = {f"X-{n}": "1" for n in range(98)}  # with Host and Accept-Encoding
        assert status(root, "/odata/v4/", sent)[0] == 200
        for headers, limit in ((sent | {"X-98": "1"}, "max_headers"), ({"X": "x" * 8_188}, "max_header_size")):
            code, body = status(root, "/odata/v4/", headers)
            assert code == 431
            assert f"limit {limit}" in json.loads(body)["error"]["message"]


@pytest.mark.postgres
@pytest.mark.slow
def test_database_url_alone_makes_it_postgresql(demo_postgres_url: str, tmp_path: Path) -> None:
    values = OPEN | {"DATABASE_URL": demo_postgres_url.replace("postgresql+psycopg://", "postgres://")}
    with started([*GUNICORN, APPLICATION], tmp_path, values) as root:
        found = ask(f"{root}Customers?$filter=contains(CustomerName,'a')&$orderby=CustomerName&$top=3&$count=true")
        assert len(found["value"]) == 3
        assert found["@odata.count"] > 3


@pytest.mark.slow
def test_users_are_asked_for_their_password(demo_sqlite_url: str, tmp_path: Path) -> None:
    users = json.dumps({"alice": hash_password(PASSWORD)})
    values = {"ERP_ODATA_USERS": users, "ERP_ODATA_DATABASE_URL": demo_sqlite_url}
    with started([*GUNICORN, APPLICATION], tmp_path, values) as root:
        for url in (root, f"{root}Invoices", root.replace("odata/v4/", "")):
            with pytest.raises(urllib.error.HTTPError) as caught:
                ask(url)
            with caught.value as response:
                assert response.code == 401
        credentials = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
        assert ask(f"{root}Invoices?$top=1", Authorization=f"Basic {credentials}")["value"]


@pytest.mark.parametrize("command", [[*GUNICORN, APPLICATION], SERVE], ids=["gunicorn", "serve"])
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "nobody could sign in"),
        (OPEN | {"ERP_ODATA_HOST": "0.0.0.0"}, "loopback only"),
        (OPEN | {"PORT": "5000", "ERP_ODATA_PORT": ""}, "loopback only"),
        (OPEN | {"FLASK_DEBUG": "1"}, "FLASK_DEBUG: must not be set"),
        ({"ERP_ODATA_HOST": "0.0.0.0", "ERP_ODATA_PUBLIC_URL": "http://erp.example.com"}, "in the clear"),
    ],
    ids=["no users", "anonymous", "anonymous on a platform", "debug", "plain http"],
)
def test_it_does_not_start(command: list[str], values: dict[str, str], reason: str, tmp_path: Path) -> None:
    said = refused(
        command,
        tmp_path,
        **{"ERP_ODATA_DATABASE_URL": "sqlite:///x.sqlite", "ERP_ODATA_PORT": str(free_port())} | values,
    )
    assert reason in said
    assert "Traceback" not in said


def test_no_bind_option_opens_an_anonymous_service(tmp_path: Path) -> None:
    command = [*GUNICORN, "--bind", f"0.0.0.0:{free_port()}", APPLICATION]
    said = refused(command, tmp_path, ERP_ODATA_DATABASE_URL="sqlite:///x.sqlite", **OPEN)
    assert "anonymous access is for loopback only" in said


def test_no_application_in_debug_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(ConfigError, match="FLASK_DEBUG"):
        open_application()


def test_no_application_without_users_off_loopback() -> None:
    for host in ("0.0.0.0", "10.1.2.3", "::"):
        with pytest.raises(ConfigError, match="nobody could sign in"):
            create_app(settings(users={}, host=host))
        with pytest.raises(ConfigError, match="loopback only"):
            create_app(settings(users={}, anonymous=True, host=host))
