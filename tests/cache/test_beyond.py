"""Beyond what may be shown while the ERP is away: refusals at once, in the form of each request, in words that Salesforce
passes on; what needs no ERP goes on."""

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from odata_server.app import create_app
from odata_server.cli.local import Local
from odata_server.compose import Composition, compose
from odata_server.settings import Settings
from salesforce.client import Client
from salesforce.errors import ExternalSystemError
from tests.server.support import SECRET

#: Nobody listens there.
URL = "postgresql://reader:canary@127.0.0.1:1/erp"
ROOT = "http://127.0.0.1:8000/odata/v4/"
MESSAGE = "The ERP cannot be reached at the moment."


@dataclass
class Away:
    """A service whose breaker is open."""

    client: Any
    composition: Composition


@pytest.fixture
def away() -> Away:
    given = {"anonymous": True, "secret_key": SECRET, "log_level": "error", "database_url": URL, "cache": "memory",
             "breaker_failures": 1, "breaker_seconds": 60}  # fmt: skip
    made = compose(Settings.model_validate(given))
    client = create_app(composition=made).test_client()
    for _ in range(2):
        client.get("/odata/v4/Invoices?$top=1")
    return Away(client, made)


def within(seconds: float, call: Any) -> Any:
    """The quickest of some calls: what it takes when the machine does nothing else."""
    taken = []
    for _ in range(5):
        started = time.monotonic()
        answer = call()
        taken.append(time.monotonic() - started)
    assert min(taken) < seconds, taken
    return answer


def refused(answer: Any) -> None:
    error = json.loads(answer.text)["error"]
    assert (answer.status_code, error["code"], error["message"]) == (503, "erp_unavailable", MESSAGE)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "canary" not in answer.text
    assert answer.headers["X-Correlation-Id"]


@pytest.mark.parametrize(
    "target",
    [
        "Invoices?$top=5", "Invoices('INV-100001')", "Invoices/$count", "Invoices?$filter=Status eq 'Open'&$count=true",
        "Customers('C-100001')/Invoices", "Invoices('INV-100001')/GrossAmount/$value",
        "Invoices?$apply=aggregate($count as N)", "Invoices('INV-100001')?$expand=Lines",
    ],
)  # fmt: skip
def test_whatever_needs_the_erp_is_refused_at_once(away: Away, target: str) -> None:
    refused(within(0.05, lambda: away.client.get(f"/odata/v4/{target}")))


def test_posted_queries_are_refused_at_once(away: Away) -> None:
    headers = {"Content-Type": "text/plain"}
    refused(within(0.05, lambda: away.client.post("/odata/v4/Invoices/$query", data="$top=5", headers=headers)))


@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_each_part_of_a_batch_is_refused_and_the_others_are_answered(away: Away, version: str) -> None:
    parts = [
        {"id": "1", "method": "GET", "url": "Invoices?$top=5"},
        {"id": "2", "method": "GET", "url": "$metadata"},
        {"id": "3", "method": "GET", "url": "Invoices/$count"},
    ]
    headers = {"Content-Type": "application/json", "OData-MaxVersion": version, "Prefer": "continue-on-error"}
    answer = within(
        0.1, lambda: away.client.post("/odata/v4/$batch", data=json.dumps({"requests": parts}), headers=headers)
    )
    assert answer.status_code == 200
    first, metadata, count = json.loads(answer.text)["responses"]
    assert [first["status"], metadata["status"], count["status"]] == [503, 200, 503]
    assert first["body"]["error"]["message"] == MESSAGE
    assert 1 <= int(first["headers"]["retry-after"]) <= 60


def test_what_needs_no_erp_goes_on(away: Away) -> None:
    for target in ("$metadata", ""):
        answer = within(0.05, lambda target=target: away.client.get(f"/odata/v4/{target}"))
        assert (answer.status_code, "Age" in answer.headers) == (200, False)
    assert within(0.05, lambda: away.client.get("/healthz")).json == {"status": "ok"}
    assert away.client.get("/odata/v4/Nonsense").status_code == 404
    assert away.client.get("/odata/v4/Invoices?$filter=Nonsense eq 1").status_code == 400


def test_readiness_tells_without_telling_what(away: Away) -> None:
    answer = away.client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "code": "erp_unavailable"})


def test_what_salesforce_shows(away: Away) -> None:
    """It passes the message on to whoever opened the page."""
    with requests.Session() as session:
        session.mount(ROOT, Local(away.composition.service, ROOT))
        client = Client(ROOT, session)
        with pytest.raises(ExternalSystemError, match=MESSAGE) as caught:
            client.page("Invoices", [("$top", "26")])
        assert caught.value.status == 503
