"""What the command line says when the ERP does not fit or does not answer: short, once, and never a secret."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from erp_adapters.sql import SqlAdapter
from odata_server import compose
from odata_server.cli import main
from odata_server.cli.tables import show_rows
from odata_server.cli.written import Written
from odata_server.config import PLATFORM, ConfigError, load
from tests.documents import blocks, page


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty directory, no settings in the environment; adapters are closed."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and "TEST" not in name):
            monkeypatch.delenv(name)
    opened = []
    connect = compose.connect

    def remembering(*arguments: object) -> object:
        opened.append(connect(*arguments))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(compose, "connect", remembering)
    yield
    for adapter in opened:
        if isinstance(adapter, SqlAdapter):
            adapter.close()


def run(*arguments: str, code: int) -> Result:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def misfit(demo_sqlite_copy: str) -> str:
    """A demo ERP in which a column has another name."""
    with closing(sqlite3.connect(demo_sqlite_copy.removeprefix("sqlite:///"))) as connection:
        connection.execute("ALTER TABLE OINVHD RENAME COLUMN GRAM TO GONE")
        connection.commit()
    return demo_sqlite_copy


def test_numbers_stay_as_they_were_written(capsys: pytest.CaptureFixture[str]) -> None:
    text = '[{"A": 0.0000001, "B": 1e400, "C": 12345678901234567.10, "D": 698028.00}]'
    show_rows(json.loads(text, parse_float=Written), {})
    assert capsys.readouterr().out.split()[4:] == ["0.0000001", "1e400", "12345678901234567.10", "698028.00"]


def test_a_misfit_is_one_line(misfit: str) -> None:
    for request in ("Invoices?$top=1", "Invoices('X')"):
        result = run("query", request, "--database-url", misfit, code=4)
        (line,) = result.stderr.splitlines()
        assert result.stdout == ""
        assert "[erp_contract]" in line
        assert "GRAM" in line
        assert "erp-odata validate" in line
        assert "SELECT" not in line


@pytest.mark.parametrize("url", ["sqlite:///gone.sqlite", "postgresql://u:canary@127.0.0.1:1/x"])
def test_an_erp_that_is_away_is_one_line(url: str) -> None:
    for command in ("query", "explain"):
        result = run(command, "Customers?$top=1", "--database-url", url, code=4)
        (line,) = result.stderr.splitlines()
        assert "[erp_unavailable]" in line
        assert "database_url" in line
        assert "canary" not in result.output


def test_validate_names_five_faults_and_each_once(misfit: str) -> None:
    Path("erp-odata.toml").write_text('port = 0\nlog_level = "loud"\nsecret_key = "canary"\npage_sise = 5\n')
    result = run("validate", "--json", "--database-url", misfit, code=1)
    found = [(fault["file"], fault["key"]) for fault in json.loads(result.stdout)]
    assert sorted(found) == [
        ("Invoices.toml", "sql.columns.GrossAmount"),
        ("erp-odata.toml", "log_level"),
        ("erp-odata.toml", "page_sise"),
        ("erp-odata.toml", "port"),
        ("erp-odata.toml", "secret_key"),
        ("settings", "users"),
    ]
    assert "SELECT" not in result.output
    said = run("validate", "--database-url", misfit, code=1).stderr
    assert said.endswith("6 faults found.\n")
    assert "did you mean page_size?" in said
    assert "canary" not in said
    assert "Invoices.toml" not in run("validate", "--offline", "--database-url", misfit, code=1).stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "database_url: is required"),
        ("sqlite:///gone.sqlite", "database: erp_unavailable"),
        ("postgresql://u:canary@127.0.0.1:1/x", "database: erp_unavailable"),
        ("postgresql://u:canary@h:x/y", "--database-url: must have special characters"),
        ("postgresql://u:12#canary@h/y", "--database-url: must have special characters"),
        ("postgresql://u:12?canary@h/y", "--database-url: must have special characters"),
    ],
)
def test_validate_goes_on_without_a_database(url: str, expected: str) -> None:
    said = run("validate", *(("--database-url", url) if url else ()), code=1).stderr
    assert expected in said
    assert "users: nobody could sign in" in said
    assert "secret_key: is required" in said
    assert "canary" not in said


def test_the_documented_file_is_valid() -> None:
    content, *_ = [text for language, text in blocks(page("docs/configuration.md")) if language == "toml"]
    Path("erp-odata.toml").write_text(content)
    assert load(environ={}, serving=False).settings.page_size == 500
    with pytest.raises(ConfigError) as caught:
        load(environ={})
    assert {fault.key for fault in caught.value.faults} == {"secret_key", "database_url"}
