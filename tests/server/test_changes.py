"""POST /api/v1/changed: an ERP says what has changed."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from odata_server.app import create_app
from tests.server.support import HASH, PASSWORD, composition

CHANGED, LIST = "/api/v1/changed", "/odata/v4/Customers?$top=3"
HTTPS = "https://erp.example.com"


@pytest.fixture
def client() -> FlaskClient:
    made = composition(users={"alice": HASH, "erp": HASH}, cache="memory", change_users="erp")
    return create_app(composition=made).test_client()


def post(client: FlaskClient, body: Any, user: str = "erp", **headers: str) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(CHANGED, data=data, auth=(user, PASSWORD), base_url=HTTPS, headers=fields)


def origin(client: FlaskClient) -> str | None:
    answer = client.get(LIST, auth=("alice", PASSWORD), base_url=HTTPS)
    assert answer.status_code == 200
    return answer.headers.get("Cache-Status")


def test_what_was_kept_is_read_again(client: FlaskClient) -> None:
    assert [origin(client), origin(client)] == ["erp-odata; fwd=uri-miss; stored", "erp-odata; hit"]
    answer = post(client, {"sets": ["Customers"]})
    assert (answer.status_code, answer.data) == (204, b"")
    assert origin(client) == "erp-odata; fwd=uri-miss; stored"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"sets": ["Invoices"]}, 404, "not_found"),
        ({"sets": "Customers"}, 400, "syntax"),
        ({"sets": [1]}, 400, "syntax"),
        ({}, 400, "syntax"),
        ({"sets": [], "more": 1}, 400, "syntax"),
        ([], 400, "syntax"),
        (b"", 400, "syntax"),
        (b"{", 400, "syntax"),
        (b'{"sets": [], "sets": ["Customers"]}', 400, "syntax"),
        (b"[" * 10_000, 400, "limit_exceeded"),
        (b"\xff", 400, "syntax"),
    ],
)
def test_what_is_no_such_message_is_refused(client: FlaskClient, body: Any, status: int, code: str) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)  # type: ignore[index]


def test_others_may_not(client: FlaskClient) -> None:
    answer = post(client, {"sets": ["Customers"]}, user="alice")
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")  # type: ignore[index]
    assert client.post(CHANGED, data=b"{}", base_url=HTTPS).status_code == 401
    assert post(client, {"sets": []}, Sec_Fetch_Site="cross-site").status_code == 403


def test_only_post(client: FlaskClient) -> None:
    answer = client.get(CHANGED, auth=("erp", PASSWORD), base_url=HTTPS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_without_a_cache_there_is_nothing_to_do() -> None:
    made = composition(users={"erp": HASH}, change_users="erp")
    assert post(create_app(composition=made).test_client(), {"sets": ["Customers"]}).status_code == 204
