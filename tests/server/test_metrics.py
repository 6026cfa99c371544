"""/metrics: who may read it, what it counts, and that nothing is lost between processes."""

import base64
import json
import re
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest
from flask.testing import FlaskClient

from erp_adapters.base import Unavailable
from erp_adapters.memory import MemoryAdapter
from odata_server import places
from odata_server.app import create_app
from odata_server.auth import hash_password
from odata_server.metrics import DIRECTORY
from tests.cache.support import Counted
from tests.server.support import HASH, PASSWORD, composition, metadata, rows
from tests.server.test_start import APPLICATION, GUNICORN, SERVE, started

HTTPS = "https://erp.example.com"
_LINE = re.compile(r"(erp_odata_\w+)\{(.*)\} ([0-9.e+-]+)")

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def figures(text: str) -> Figures:
    """The samples, by name and labels."""
    found: Figures = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
            found[name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels))] = float(value)
    return found


def value(found: Figures, name: str, **labels: str) -> float:
    """The sum of the samples with those labels."""
    return sum(number for (known, own), number in found.items() if known == name and set(labels.items()) <= own)


@pytest.fixture
def source() -> Counted:
    model = metadata()
    return Counted(MemoryAdapter(model, rows()))


@pytest.fixture
def client(source: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    users = {"alice": HASH, "prometheus": HASH}
    made = composition(source, users=users, cache="memory", metrics_users="prometheus", breaker_failures=2)
    return create_app(composition=made).test_client()


def get(client: FlaskClient, path: str, user: str = "alice") -> int:
    return client.get(path, auth=(user, PASSWORD), base_url=HTTPS).status_code


def told(client: FlaskClient) -> Figures:
    answer = client.get("/metrics", auth=("prometheus", PASSWORD), base_url=HTTPS)
    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return figures(answer.text)


def test_who_may_read_it(client: FlaskClient) -> None:
    assert get(client, "/metrics", "prometheus") == 200
    assert get(client, "/metrics") == 403
    assert client.get("/metrics", base_url=HTTPS).status_code == 401
    assert client.post("/metrics", auth=("prometheus", PASSWORD), base_url=HTTPS).status_code == 405


def test_without_readers_there_is_none() -> None:
    made = composition(users={"alice": HASH}, cache="memory")
    assert made.metrics is None
    assert get(create_app(composition=made).test_client(), "/metrics") == 404


def test_what_is_counted(client: FlaskClient, source: Counted) -> None:
    for path in (
        "Customers?$top=3",
        "Customers?$top=3",
        "Customers('nobody')",
        "Customers?$filter=x eq 1",
        "$metadata",
    ):
        get(client, f"/odata/v4/{path}")
    source.failure = Unavailable()
    for number in range(3):
        assert get(client, f"/odata/v4/Customers?$top=3&$skip={number + 1}") == 503
    found = told(client)
    assert value(found, "erp_odata_requests_total", entity_set="Customers", status="200") == 2
    assert value(found, "erp_odata_requests_total", entity_set="Customers", status="404") == 1
    assert value(found, "erp_odata_requests_total", entity_set="", status="200") == 1
    assert value(found, "erp_odata_errors_total", entity_set="Customers", code="erp_unavailable") == 3
    assert value(found, "erp_odata_errors_total", code="unknown_property") == 1
    reads = {
        outcome: value(found, "erp_odata_reads_total", entity_set="Customers", source="default", outcome=outcome)
        for outcome in ("hit", "miss", "stale")
    }
    assert reads == {"hit": 1, "miss": 2, "stale": 0}
    assert value(found, "erp_odata_request_seconds_count", entity_set="Customers") == 6
    states = {state: value(found, "erp_odata_breaker_processes", source="default", state=state)
              for state in ("closed", "open", "half open")}  # fmt: skip
    assert states == {"closed": 0, "open": 1, "half open": 0}


def test_a_batch_counts_as_its_parts_and_itself(client: FlaskClient) -> None:
    parts = [{"id": f"{n}", "method": "GET", "url": f"Customers?$top={n % 2 + 1}"} for n in range(3)]
    answer = client.post("/odata/v4/$batch", json={"requests": parts}, auth=("alice", PASSWORD), base_url=HTTPS)
    assert answer.status_code == 200, answer.text
    found = told(client)
    assert value(found, "erp_odata_requests_total", entity_set="Customers") == 3
    assert value(found, "erp_odata_requests_total", entity_set="", status="200") == 1
    assert value(found, "erp_odata_reads_total", outcome="miss") == 2
    assert value(found, "erp_odata_reads_total", outcome="hit") == 1


def test_places_are_taken_again() -> None:
    assert places.free([]) == "0"
    assert places.free(["0", "1"]) == "2"
    assert places.free(["2", "0"]) == "1"
    assert places.own() == places.FIRST


@pytest.mark.slow
@pytest.mark.parametrize("command", [[*GUNICORN, APPLICATION], SERVE], ids=["gunicorn", "serve"])
def test_totals_are_exact_over_workers_that_come_and_go(
    command: list[str], demo_sqlite_url: str, tmp_path: Path
) -> None:
    users = json.dumps({name: hash_password(PASSWORD) for name in ("alice", "prometheus")})
    values = {
        "ERP_ODATA_USERS": users, "ERP_ODATA_DATABASE_URL": demo_sqlite_url, "ERP_ODATA_METRICS_USERS": "prometheus",
        "ERP_ODATA_CACHE": "memory", "WEB_CONCURRENCY": "2", "ERP_ODATA_MAX_REQUESTS": "60", DIRECTORY: str(tmp_path),
    }  # fmt: skip
    with started(command, tmp_path, values) as root:
        with ThreadPoolExecutor(6) as pool:
            statuses = list(pool.map(lambda number: _status(root, number), range(300)))
        (directory,) = tmp_path.glob("erp-odata-metrics-*")
        files = {path.name for path in directory.iterdir()}
        found = figures(_ask(root.replace("odata/v4/", "metrics"), "prometheus").decode())
    outcomes = Counter(outcome for _, outcome in statuses if outcome)
    assert sum(outcomes.values()) == 270
    assert outcomes["hit"] > 100
    for status, often in Counter(status for status, _ in statuses).items():
        assert value(found, "erp_odata_requests_total", status=f"{status}") == often, status
    assert value(found, "erp_odata_requests_total", entity_set="Warehouses") == 270
    assert value(found, "erp_odata_request_seconds_count", entity_set="Warehouses") == 270
    known = {"hit": "hit", "fwd=uri-miss; stored": "miss", "fwd=uri-miss; collapsed": "coalesced"}
    assert {known[outcome]: number for outcome, number in outcomes.items()} == {
        outcome: number
        for outcome in known.values()
        if (number := value(found, "erp_odata_reads_total", entity_set="Warehouses", outcome=outcome))
    }
    assert 1 <= value(found, "erp_odata_breaker_processes", state="closed") <= 2
    assert {name.rpartition("_")[2] for name in files} <= {"first.db", "0.db", "1.db", "2.db", "3.db"}
    assert not directory.exists(), "nothing is left behind"


def _status(root: str, number: int) -> tuple[int, str]:
    """What is answered, and where it came from. Every tenth request is refused."""
    target = "Warehouses?$filter=Nope%20eq%201" if number % 10 == 0 else f"Warehouses?$top={number % 7 + 1}"
    request = urllib.request.Request(f"{root}{target}", headers=_authorized("alice"))
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers["Cache-Status"].partition("; ")[2]
    except HTTPError as error:
        with error:
            return error.code, ""


def _ask(url: str, user: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=_authorized(user)), timeout=20) as response:
        body: bytes = response.read()
        return body


def _authorized(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()}
