"""Settings of ERPs behind HTTP: layers, what fits together, secrets that are hidden and may be rotated."""

import json
from pathlib import Path
from typing import Any

import pytest

from odata_server.app import _confidential
from odata_server.config import FILE_NAME, ConfigError, load, shown
from odata_server.sources import SourceSettings

CANARY = "canary-secret"
SAP = "https://s4.example.com/sap/opu/odata/sap/"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(toml: str = "", **environ: str) -> Any:
    Path(FILE_NAME).write_text(toml)
    variables = {f"ERP_ODATA_SOURCES__{name}": value for name, value in environ.items()}
    return load(environ=variables, serving=False)


def faults(toml: str = "", **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(toml, **environ)
    assert CANARY not in str(caught.value)
    return [f"{fault.key}: {fault.message}" for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("name", "kind", "url", "found"),
    [
        ("sap", None, SAP, "sap"),
        ("tryton", None, "http://127.0.0.1:8000/", "tryton"),
        ("erp", "rest", "HTTPS://h/api", "rest"),
        ("odata", "rest", "https://h/api", "rest"),
        ("sap", None, "postgresql://h/db", "sql"),
        ("erp", None, "sqlite:///x", "sql"),
    ],
)
def test_the_kind_of_a_source(name: str, kind: str | None, url: str, found: str) -> None:
    line = f'kind = "{kind}"' if kind else ""
    assert loaded(f'[sources.{name}]\nurl = "{url}"\n{line}').settings.sources[name].kind == found


def test_a_source_from_variables_alone(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(CANARY)
    found = loaded(
        SAP__URL=SAP, SAP__USER="u", SAP__PASSWORD_FILE=str(tmp_path / "pw"), SAP__OPTIONS='{"client": "100"}'
    ).settings.sources["sap"]
    assert (found.kind, found.user, found.options) == ("sap", "u", {"client": "100"})
    assert (found.password, found.password_file) == (None, tmp_path / "pw")


@pytest.mark.parametrize("first", ["password", "password_file"])
def test_a_secret_stands_for_its_file_and_the_other_way_round(tmp_path: Path, first: str) -> None:
    """The environment goes before the file, however either says it."""
    (tmp_path / "pw").write_text("x")
    values = {"password": "y", "password_file": str(tmp_path / "pw")}
    other = "password_file" if first == "password" else "password"
    toml = f'[sources.sap]\nurl = "{SAP}"\nuser = "u"\n{other} = "{values[other]}"'
    found = loaded(toml, **{f"SAP__{first.upper()}": values[first]}).settings.sources["sap"]
    assert (getattr(found, first) is not None, getattr(found, other)) == (True, None)


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(f"{CANARY}-in-a-file")
    toml = f"""
        [sources.sap]
        url = "{SAP}"
        user = "u"
        password = "{CANARY}"
        options = {{ client = "100" }}
        [sources.central]
        kind = "odata"
        url = "https://h/"
        token_url = "https://login/"
        client_id = "i"
        client_secret_file = "{tmp_path / "s"}"
        [sources.shop]
        kind = "rest"
        url = "https://h/"
        token = "{CANARY}"
        token_header = "X-Api-Key"
    """
    found = loaded(toml)
    lines = {line.name: line.value for line in shown(found)}
    assert lines["sources.sap.password"] == lines["sources.shop.token"] == "***"
    assert lines["sources.central.client_secret_file"] == str(tmp_path / "s")
    assert lines["sources.sap.options"] == {"client": "100"}
    assert lines["sources.sap.url"] == SAP
    assert "sources.sap.token" not in lines
    assert CANARY not in str(lines) + repr(found.settings) + repr(found)
    assert set(_confidential(found.settings)) == {CANARY, f"{CANARY}-in-a-file"}


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ('url = "https://h/"', "sources.erp: say which ERP is behind the URL"),
        ('kind = "sap"\nurl = "postgresql://h/db"', "kind sap has a URL that begins with https://"),
        ('kind = "sql"\nurl = "https://h/"', "say which ERP"),
        ('kind = "oracle"\nurl = "https://h/"', "must be one of sql, sap, tryton, odata, rest"),
        ('url = "sqlite:///x"\nuser = "u"', "user is for ERPs behind HTTP, not for databases"),
        ('kind = "sap"\nurl = "https://u:canary-secret@h/"', "must have no user and password"),
        ('kind = "sap"\nurl = "https://h/?key=canary-secret"', "must have no query"),
        ('kind = "sap"\nurl = "https:///x"', "must be an absolute URL"),
        ('kind = "sap"\nurl = "https://h:x/"', "must be an absolute URL"),
        ('kind = "sap"\nurl = "https://h/ x"', "must be an absolute URL"),
        ('kind = "rest"\nurl = "https://h/"\nsession = ["SET x"]', "session is for databases"),
        ('kind = "rest"\nurl = "https://h/"\nuser = "u"', "user needs password or password_file"),
        ('kind = "rest"\nurl = "https://h/"\npassword = "canary-secret"', "password needs user"),
        ('kind = "rest"\nurl = "https://h/"\ntoken_url = "https://t/"', "token_url needs client_secret"),
        ('kind = "rest"\nurl = "https://h/"\nclient_secret = "canary-secret"', "client_secret needs token_url"),
        ('kind = "rest"\nurl = "https://h/"\ntoken_url = "https://t/"\nclient_secret = "canary-secret"', "client_secret needs client_id"),
        ('kind = "rest"\nurl = "https://h/"\ntoken = "canary-secret"\ntoken_file = "x"', "give token or token_file"),
        ('kind = "rest"\nurl = "https://h/"\ntoken = "canary-secret"\nuser = "u"\npassword = "x"', "sign in by one of user, token"),
        ('kind = "rest"\nurl = "https://h/"\ntoken_header = "X"', "token_header needs token"),
        ('kind = "rest"\nurl = "https://h/"\ntoken = "x"\ntoken_header = "X Y"', "must be the name of a header field"),
        ('kind = "rest"\nurl = "https://h/"\nscope = "x"', "scope needs token_url"),
        ('kind = "rest"\nurl = "https://h/"\ntoken = "canary-secret\\n"', "must have no control characters"),
        ('kind = "rest"\nurl = "http://h/"\ntoken = "canary-secret"', "passwords would travel in the clear"),
        (
            'kind = "rest"\nurl = "https://h/"\ntoken_url = "http://t/"\nclient_id = "i"\nclient_secret = "canary-secret"',
            "token_url: passwords would travel in the clear; use https",
        ),
        ('kind = "rest"\nurl = "https://h/"\noptions = 7', "options"),
        ('kind = "rest"\nurl = "https://h/"\npasword = "canary-secret"', "sources.erp.pasword"),
        ('kind = "rest"\nurl = "https://h/"\nuser = "u"\npassword_file = "nowhere"', "password_file: nowhere cannot be read"),
        ('kind = "rest"\nurl = "https://h/"\nca_file = "nowhere"', "erp.ca_file: nowhere cannot be read"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(toml: str, fault: str) -> None:
    (found,) = faults(f"[sources.erp]\n{toml}")
    assert fault in found


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = " ".join(
        faults('[sources.erp]\nkind = "rest"\nurl = "http://h/"\nuser = "u"\nscope = "x"\nsession = ["x"]')
    )
    for part in ("session is", "user needs", "scope needs", "in the clear"):
        assert part in found


@pytest.mark.parametrize(
    "toml",
    [
        'url = "http://localhost:8000/"\nuser = "u"\npassword = "x"',
        'url = "http://[::1]:8000/"\nuser = "u"\npassword = "x"',
        'url = "http://erp/"\nuser = "u"\npassword = "x"\nallow_insecure = true',
        'url = "http://erp/"',
        'url = "https://erp/"\ntoken_url = "https://t/"\nclient_id = "i"\nclient_secret = "x"\ntoken_auth = "body"',
    ],
)
def test_what_may_be(toml: str) -> None:
    assert loaded(f'[sources.erp]\nkind = "rest"\n{toml}').settings.sources["erp"].remote


def test_a_tryton_has_a_key_beside_the_password() -> None:
    toml = 'url = "https://erp/"\nuser = "u"\npassword = "x"\ntoken = "key"'
    assert loaded(f"[sources.tryton]\n{toml}").settings.sources["tryton"].signs_in


def test_an_empty_file_of_a_secret_is_missed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("\n")
    toml = f'[sources.sap]\nurl = "{SAP}"\nuser = "u"\npassword_file = "{tmp_path / "pw"}"'
    assert "is empty" in faults(toml)[0]


def test_variables_of_sources_that_are_no_keys() -> None:
    assert faults(SAP__URL=SAP, SAP__PASWORD=CANARY) == ["ERP_ODATA_SOURCES__SAP__PASWORD: is no key of a source"]
    assert "OPTIONS: must be a table, in a variable JSON" in faults(SAP__URL=SAP, SAP__OPTIONS="{")[0]


def test_sources_as_json() -> None:
    table = {"sap": {"url": SAP, "options": {"client": "1"}, "token": CANARY}}
    found = load(environ={"ERP_ODATA_SOURCES": json.dumps(table)}, serving=False).settings.sources["sap"]
    assert isinstance(found, SourceSettings)
    assert (found.kind, found.options) == ("sap", {"client": "1"})
