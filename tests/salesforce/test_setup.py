"""What to type into Salesforce: every field once, with a value or a reason, and only what the forms take."""

import json
from itertools import product

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from odata_server.auth import Principal
from odata_server.cli import main
from odata_server.describe import connection
from odata_server.settings import Settings
from salesforce.setup import IDENTITIES, NAMED_CREDENTIAL, Forms, forms
from tests.server.support import HASH

URL = "https://erp.example.com/odata/v4"
#: Fields of the form for OData 4.0, from Salesforce's documentation.
FIELDS = {
    "External Data Source", "Name", "Type", "URL", "Connection Timeout (Seconds)", "Writable External Objects",
    "High Data Volume", "Server Driven Pagination", "Request Row Counts", "Compress Requests", "Enable Search",
    "Use Free-Text Search Expressions", "Format", "Special Compatibility", "CSRF Protection",
    "Eligible for External Change Data Capture", "Certificate", "Identity Type", "Authentication Protocol",
    "Username", "Password", "Custom HTTP Headers",
}  # fmt: skip


def texts(found: Forms, title: str) -> dict[str, str]:
    return {entry.label: entry.text for entry in found[title]}


def test_every_field_of_the_form_is_there_once() -> None:
    labels = [entry.label for entries in forms(URL, username="alice").values() for entry in entries]
    assert len(labels) == len(set(labels))
    assert set(labels) == FIELDS


@pytest.mark.parametrize(("adapter", "identity"), list(product(("4.0", "4.01"), IDENTITIES)))
def test_every_field_has_a_value_or_a_reason(adapter: str, identity: str) -> None:
    if (adapter, identity) == ("4.01", "anonymous"):
        with pytest.raises(ValueError, match="needs a credential"):
            forms(URL, adapter="4.01", identity="anonymous")
        return
    for entries in forms(URL, adapter=adapter, identity=identity).values():  # type: ignore[arg-type]
        assert entries
        for entry in entries:
            assert entry.why or entry.value, entry.label
            assert not (entry.value and entry.checked is not None)


def test_the_form_for_4_0() -> None:
    found = forms(f"{URL}/", username="alice")
    assert texts(found, "Parameters")["URL"] == URL
    assert texts(found, "Parameters")["Request Row Counts"] == "on"
    assert texts(found, "Authentication") == {
        "Certificate": "",
        "Identity Type": "Named Principal",
        "Authentication Protocol": "Password Authentication",
        "Username": "alice",
        "Password": "",
    }


def test_4_01_signs_in_by_a_named_credential() -> None:
    found = forms(URL, adapter="4.01")
    assert texts(found, "External Data Source")["Named Credential"] == NAMED_CREDENTIAL
    assert texts(found, "Named Credential")["URL"] == URL
    assert texts(found, "Named Credential")["Generate Authorization Header"] == "on"
    assert "URL" not in texts(found, "Parameters")
    assert "Request Row Counts" not in texts(found, "Parameters")
    assert "Authentication" not in found


def test_anonymous_and_per_user() -> None:
    assert texts(forms(URL, identity="anonymous"), "Authentication")["Authentication Protocol"] == "No Authentication"
    assert texts(forms(URL, identity="per-user"), "Authentication")["Identity Type"] == "Per User"


def test_a_header_with_the_user() -> None:
    found = texts(forms(URL, user_header="X-ERP-User"), "Custom HTTP Headers")
    assert found == {"Header Field Name": "X-ERP-User", "Header Field Value": "$User.Username", "Active": "on"}


@pytest.mark.parametrize(
    ("url", "header", "message"),
    [
        ("erp.example.com", "", "is not the URL"),
        ("https://" + "a" * 993, "", "longer than 1,000"),
        (URL, "Prefer", "Salesforce sends Prefer itself"),
        (URL, "odata-version", "itself"),
        (URL, "a b", "not the name of a header field"),
        (URL, "a:", "not the name of a header field"),
    ],
)
def test_what_the_forms_do_not_take(url: str, header: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forms(url, user_header=header)
    assert forms("https://" + "a" * 992)


def test_the_page_shows_the_same() -> None:
    open_ = Settings(public_url="https://erp.example.com")
    closed = open_.with_(users={"alice": SecretStr(HASH)})
    alice = Principal("alice", authenticated=True)
    assert connection(open_, alice) == forms(URL, identity="anonymous")
    assert connection(closed, alice) == forms(URL, username="alice")
    assert connection(closed, Principal("anonymous", authenticated=False)) == forms(URL)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["salesforce", "setup", *arguments], prog_name="erp-odata")


def test_the_command() -> None:
    result = run(URL, "--username", "alice")
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Request", "Row", "Counts", "on", "Without", "it", "COUNT()", "and", "batch", "Apex", "fail"] in lines
    assert ["Username", "alice"] in lines


def test_the_command_as_json() -> None:
    content = json.loads(run(URL, "--adapter", "4.01", "--json").stdout)
    assert list(content) == [
        "External Credential", "Named Credential", "External Data Source", "Parameters", "Custom HTTP Headers",
    ]  # fmt: skip
    assert content["Named Credential"][2] == {"field": "URL", "value": URL, "why": "The service root"}


def test_the_command_warns_of_what_salesforce_cannot_reach() -> None:
    for url in ("http://erp.example.com", "https://localhost:8000"):
        assert "needs a public https address" in run(url).stderr
    assert run("--adapter", "4.01", "--identity", "anonymous").exit_code == 2
