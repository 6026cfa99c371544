"""Targets as they arrive on the wire, raw; and links that no header can lead astray."""

import re
from typing import Any

import pytest

from erp_adapters.memory import MemoryAdapter
from tests.server.support import USER, application, metadata, open_application
from tests.serving import Answer, OverWSGI

KEYS = ("A/B", "O'Neil", "a$b", "50%", "Größe", "a+b", "a b", "東京", "?", "#", "..", "a;b")


@pytest.fixture(scope="module")
def raw() -> OverWSGI:
    data = {"Customers": [{"CustomerNumber": k, "CustomerName": k, "CreditLimit": None} for k in KEYS]}
    return OverWSGI(open_application(MemoryAdapter(metadata(), data)))


def ask(raw: OverWSGI, target: str | bytes, **headers: str) -> Answer:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw.raw("GET", target if isinstance(target, bytes) else target.encode(), fields)


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("key", KEYS)
def test_a_key_may_hold_anything(raw: OverWSGI, key: str) -> None:
    literal = percent(key.replace("'", "''"))
    for path in (f"('{literal}')", f"(%27{literal}%27)", f"(CustomerNumber=%27{literal}%27)"):
        answer = ask(raw, f"/odata/v4/Customers{path}")
        assert (answer.status, answer.json.get("CustomerName")) == (200, key), path
    answer = ask(raw, f"/odata/v4/Customers?%24filter=CustomerNumber%20eq%20%27{literal}%27")
    assert [row["CustomerName"] for row in answer.rows] == [key]


def test_an_encoded_slash_is_no_separator(raw: OverWSGI) -> None:
    assert ask(raw, "/odata/v4/Customers/A%2FB", OData_MaxVersion="4.01").json["CustomerName"] == "A/B"
    assert ask(raw, "/odata/v4/Customers/A/B").status == 404
    assert ask(raw, "/odata%2Fv4/Customers").status == 404


def test_unencoded_utf8_is_understood(raw: OverWSGI) -> None:
    assert ask(raw, "/odata/v4/Customers('Größe')").json["CustomerName"] == "Größe"
    found = ask(raw, "/odata/v4/Customers?$filter=CustomerNumber eq '東京'").rows
    assert [row["CustomerName"] for row in found] == ["東京"]


@pytest.mark.parametrize("path", ["/odata/v4/%24metadata", "/odata/v4/Customers/%24count", "/%6Fdata/v4/Customers"])
def test_any_spelling_leads_there(raw: OverWSGI, path: str) -> None:
    assert ask(raw, path).status == 200


@pytest.mark.parametrize("path", [b"/odata/v4/%FF", b"/odata/v4/Customers('\xff')", b"/odata/v4/%", b"/odata/v4/a%00b"])
def test_broken_paths_are_refused(raw: OverWSGI, path: bytes) -> None:
    assert ask(raw, path).status in (400, 404)


LIES = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "Forwarded": "host=evil.example;proto=gopher",
    "Prefer": "odata.maxpagesize=3",
    "OData-MaxVersion": "4.0",
    "Accept": "application/json;odata.metadata=full",
}


@pytest.mark.parametrize("proxies", [0, 3])
@pytest.mark.parametrize("path", ["", "Customers", "Customers('C-0001')", "Nothing", "$metadata"])
def test_links_are_made_from_the_public_url_alone(path: str, proxies: int) -> None:
    settings: dict[str, Any] = {"trusted_proxies": proxies, "allow_insecure": True}
    response = application(**settings).test_client().get(f"/odata/v4/{path}", headers=LIES, auth=USER)
    assert response.status_code == (404 if path == "Nothing" else 200)
    text = response.get_data(as_text=True)
    assert not re.search("evil|gopher", text + str(response.headers))
    links = re.findall(r"https?://[^\"\s]+", text) if path != "$metadata" else []
    assert all(link.startswith("https://erp.example.com/odata/v4/") for link in links)
    assert bool(links) == (path not in ("Nothing", "$metadata"))
