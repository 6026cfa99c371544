"""The command line, on the demo ERP: what it prints, how it fails, its exit codes."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edm.declare import load_directory
from odata_server.cli import EXIT_CODES, main
from odata_server.cli.ask import parse_request
from odata_server.cli.demo import FIRST_QUERY, banner
from odata_server.config import FILE_NAME, PLATFORM
from odata_server.settings import Settings
from tests.server.support import CUSTOMERS, HASH, SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and not name.startswith("ERP_ODATA_TEST_")):
            monkeypatch.delenv(name)


@pytest.fixture
def asked(demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", demo_sqlite_url)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, prog_name="erp-odata")


def process(*arguments: str, environ: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "odata_server", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def configured(**changes: Any) -> None:
    values = {"secret_key": SECRET, "users": {"alice": HASH}, "public_url": "https://erp.example.com", **changes}
    users = values.pop("users")
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    lines += ["[users]", *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in users.items())]
    Path(FILE_NAME).write_text("\n".join(lines))


# Help


def commands() -> Iterator[tuple[str, ...]]:
    for name, command in main.commands.items():
        inner = getattr(command, "commands", None)
        yield from ((name, other) for other in inner) if inner else ((name,),)


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"erp-odata {' '.join(command)}" in result.output


def test_help_lists_the_exit_codes() -> None:
    output = run("--help").output
    for code, meaning in EXIT_CODES.items():
        assert f"{code}  {meaning}" in output


def test_help_is_quick_to_import() -> None:
    """Neither Flask nor the database nor the table printer is needed to print help."""
    code = "import sys, odata_server.cli; print(*sorted(sys.modules))"
    modules = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"flask", "sqlalchemy", "rich", "pydantic", "lxml", "gunicorn"}.intersection(modules)


def test_wrong_use() -> None:
    assert run("nonsense").exit_code == 2
    assert run("query").exit_code == 2
    assert run("query", "Invoices", "-H", "no colon").exit_code == 2
    assert run("query", " ").exit_code == 2


# query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Invoices", ("GET", "Invoices", "")),
        ("GET Invoices?$top=3", ("GET", "Invoices", "$top=3")),
        ("  delete  /odata/v4/Invoices('x')", ("DELETE", "Invoices('x')", "")),
        ("/odata/v4", ("GET", "", "")),
        ("/odata/v4/?$top=1", ("GET", "", "$top=1")),
        ("https://erp.example.com/odata/v4/Items?$a=b", ("GET", "Items", "$a=b")),
        ("$metadata", ("GET", "$metadata", "")),
        ("Items?$filter=Name eq 'Mü%20x'", ("GET", "Items", "$filter=Name%20eq%20'M%C3%BC%20x'")),
        ("Items?$filter=N eq 'a?b/c'", ("GET", "Items", "$filter=N%20eq%20'a?b/c'")),
    ],
)
def test_how_requests_are_written(text: str, expected: tuple[str, str, str]) -> None:
    found = parse_request(text)
    assert (found.method, found.path, found.query) == expected


@pytest.mark.usefixtures("asked")
def test_a_table() -> None:
    result = run("query", "Invoices?$top=3&$count=true&$select=InvoiceNumber,GrossAmount,Currency,Status")
    assert result.exit_code == 0, result.output
    head, *rows = result.stdout.splitlines()
    assert head.split() == ["InvoiceNumber", "Status", "Currency", "GrossAmount"]  # as published
    assert len(rows) == 3
    assert "3 rows, of 5000" in result.stderr


@pytest.mark.usefixtures("asked")
def test_numbers_are_shown_as_they_are_written() -> None:
    request = "Invoices?$top=20&$select=InvoiceNumber,GrossAmount"
    written = run("query", request, "--json").stdout
    for row in run("query", request).stdout.splitlines()[1:]:
        number, amount = row.split()
        assert f'"InvoiceNumber":"{number}","GrossAmount":{amount}}}' in written


@pytest.mark.usefixtures("asked")
def test_one_entity_and_one_value() -> None:
    number = json.loads(run("query", "Invoices?$top=1&$select=InvoiceNumber", "--json").stdout)["value"][0][
        "InvoiceNumber"
    ]
    result = run("query", f"Invoices('{number}')?$select=InvoiceNumber,Status")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["InvoiceNumber", "Status"]
    assert run("query", "Invoices/$count").stdout == "5000\n"
    assert run("query", f"Invoices('{number}')/InvoiceNumber").stdout.split() == ["value", number]


@pytest.mark.usefixtures("asked")
def test_json_and_headers() -> None:
    result = run("query", "GET Invoices?$top=1", "--json", "-i", "-H", "OData-MaxVersion: 4.01")
    status, *headers = result.stdout.partition("\n\n")[0].splitlines()
    assert status == "200"
    assert "OData-Version: 4.01" in headers
    assert json.loads(result.stdout.partition("\n\n")[2])["@context"]


@pytest.mark.usefixtures("asked")
def test_errors_show_where() -> None:
    result = run("query", "Invoices?$select=InvoiceNumber&$filter=Status eq 'Open' and GrosAmount gt 5")
    assert result.exit_code == 1
    message, text, mark, hint = result.stderr.splitlines()
    assert message == "Invoice has no property GrosAmount. [unknown_property in $filter]"
    assert text[mark.index("^") :] == "GrosAmount gt 5"
    assert "GrossAmount" in hint
    assert result.stdout == ""


@pytest.mark.usefixtures("asked")
def test_errors_as_json() -> None:
    result = run("query", "Nope", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "not_found"


def test_an_erp_that_is_away() -> None:
    url = "postgresql://u:canary@127.0.0.1:1/x"
    for command in ("query", "explain"):
        result = run(command, "Invoices?$top=1", "--database-url", url)
        if command == "explain" and result.exit_code == 0:
            continue  # a plan needs no database
        assert result.exit_code == 4, result.output
        assert "erp_unavailable" in result.stderr
        assert "canary" not in result.output


def test_no_database_at_all() -> None:
    result = run("query", "Invoices")
    assert result.exit_code == 3
    assert "erp-odata demo" in result.stderr


def test_the_demo_is_asked_when_nothing_is_configured(demo_sqlite_copy: str) -> None:
    Path(".demo").mkdir()
    Path(".demo/erp.sqlite").symlink_to(demo_sqlite_copy.removeprefix("sqlite:///"))
    result = run("query", "Invoices/$count")
    assert (result.exit_code, result.stdout) == (0, "5000\n")
    assert "asking the demo ERP" in result.stderr


# explain, metadata


@pytest.mark.usefixtures("asked")
def test_explain() -> None:
    request = "Invoices?$filter=Status eq 'Open'&$orderby=DueDate desc&$top=5&$select=InvoiceNumber"
    result = run("explain", request)
    assert result.exit_code == 0, result.output
    for title in ("Asked", "Pushed to the ERP", "Finished here", "Notes", "What the ERP gets"):
        assert f"{title}\n" in result.stdout
    assert "SELECT" in result.stdout
    assert "Open" not in result.stdout.partition("SELECT")[2].partition("parameters")[0]
    parts = json.loads(run("explain", request, "--json").stdout)
    assert set(parts) == {"query", "pushed", "residual", "notes", "native", "cache"}
    refused = run("explain", "Invoices?$filter=Nope eq 1")
    assert refused.exit_code == 1
    assert "^" in refused.stderr


@pytest.mark.usefixtures("asked")
def test_explain_notes_what_more_is_read() -> None:
    parts = json.loads(
        run("explain", "Customers?$filter=trim(City) eq 'X'&$expand=Invoices($expand=Lines)", "--json").stdout
    )
    notes = parts["notes"]
    assert "$expand=Invoices: Invoices by the keys of the rows found, 500 keys at a time" in notes
    assert "$expand=Invoices/Lines: InvoiceLines by the keys of the rows found, 500 keys at a time" in notes


@pytest.mark.usefixtures("asked")
def test_explain_with_what_it_costs() -> None:
    request = "Invoices?$filter=length(CustomerNumber) ge 1&$top=5&$select=InvoiceNumber"
    cost = json.loads(run("explain", "--run", request, "--json").stdout)["cost"]
    assert (cost["calls"], cost["rows"]) == (1, 5)
    assert 5 <= cost["rows_read"] <= 6
    assert 0 < cost["erp_seconds"] <= cost["seconds"]
    told = run("explain", "--run", request).stdout.partition("What it cost\n")[2]
    assert told.strip().startswith("1 call of the ERP in ")
    assert "rows read, 5 returned" in told


def test_metadata_needs_no_database() -> None:
    xml = run("metadata")
    assert xml.exit_code == 0, xml.output
    assert xml.stdout.startswith("<?xml")
    assert 'Version="4.0"' in xml.stdout
    assert json.loads(run("metadata", "--format", "json").stdout)["$EntityContainer"]
    assert 'Version="4.01"' in run("metadata", "--version", "4.01").stdout


# validate


def test_validate_finds_nothing(demo_sqlite_url: str) -> None:
    configured(database_url=demo_sqlite_url)
    result = run("validate")
    assert (result.exit_code, result.stdout.strip()) == (0, "No faults: 15 entity sets, and the ERPs fit.")
    assert json.loads(run("validate", "--json").stdout) == []


def test_validate_lists_everything_at_once(tmp_path: Path, demo_sqlite_url: str) -> None:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    mapped = '\n[sql]\ntable = "OCUSMA"\n[sql.columns]\nCustomerNumber = "CUNO"\nCustomerName = "NOPE"\n'
    text = CUSTOMERS.replace("max_length = 80", "max_length = 800") + mapped + 'CreditLimit = "CRLI"\n'
    (catalog / "Customers.toml").write_text(text)
    configured(port=99999, database_url=demo_sqlite_url, catalog=str(catalog))
    result = run("validate")
    assert result.exit_code == 1
    assert f"{FILE_NAME}: port: must be less than" in result.stderr
    assert "Customers.toml: properties.CustomerName.max_length: " in result.stderr
    faults = json.loads(run("validate", "--json").stdout)
    assert {fault["file"] for fault in faults} == {FILE_NAME, "Customers.toml"}
    (catalog / "Customers.toml").write_text(text.replace("max_length = 800", "max_length = 80"))
    configured(database_url=demo_sqlite_url, catalog=str(catalog))
    assert "NOPE" in run("validate").stderr
    configured(database_url="sqlite:///nowhere.sqlite", catalog=str(catalog))
    assert run("validate", "--offline").exit_code == 0
    assert run("validate").exit_code == 1


# config, users


def test_config_show() -> None:
    configured(page_size=77)
    result = run("config", "show")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines() if line.startswith("page_size")] == [
        ["page_size", "77", f"{FILE_NAME}:", "page_size"]
    ]
    assert SECRET not in result.stdout
    assert HASH not in result.stdout
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["page_size"] == {"value": 77, "origin": f"{FILE_NAME}: page_size"}
    assert set(shown) == set(Settings.model_fields)


def test_config_faults_have_their_exit_code() -> None:
    configured(port="x", deadlin=3)
    result = run("config", "show")
    assert result.exit_code == 3
    assert "The configuration has 2 faults:" in result.stderr
    assert "Traceback" not in result.output


def test_users_hash() -> None:
    password = "correct horse battery"
    result = run("users", "hash", "Sales Force", "--stdin", stdin=f"{password}\n")
    assert result.exit_code == 0
    assert password not in result.output
    Path(FILE_NAME).write_text(result.stdout)
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["users"]["value"] == {"Sales Force": "***"}
    made = json.loads(run("users", "hash", "bob", "--stdin", "--json", stdin=password).stdout)
    assert made["bob"].startswith("$argon2id$")
    asked = run("users", "hash", stdin=f"{password}\n{password}\n")
    assert "[users]" in asked.stdout
    assert run("users", "hash", "--stdin", stdin="short\n").exit_code == 2


# serve, demo


def test_serve_refuses_with_all_reasons() -> None:
    result = run("serve", "--host", "0.0.0.0")
    assert result.exit_code == 3
    for key in ("users", "secret_key", "database_url", "public_url"):
        assert f"{key}: " in result.stderr or f"--{key}" in result.stderr


def test_a_port_in_use(used_port: int, demo_sqlite_url: str) -> None:
    configured(database_url=demo_sqlite_url)
    result = run("serve", "--port", str(used_port))
    assert result.exit_code == 5
    assert f"Port {used_port} on 127.0.0.1 is in use" in result.stderr
    assert "--port" in result.stderr


def test_the_banner() -> None:
    text = banner(Settings(port=8123, public_url="http://127.0.0.1:8123"))
    root = "http://127.0.0.1:8123/odata/v4/"
    for part in (root, f"{root}$metadata", "Salesforce Connect: OData 4.0", "Anonymous", "--public-url", "users hash"):
        assert part in text
    (command,) = [line.strip() for line in text.splitlines() if line.strip().startswith("curl")]
    assert command == f"curl '{root}{FIRST_QUERY}'"
    tunnel = banner(Settings(port=8123, public_url="https://x.example"))
    assert "https://x.example/odata/v4/" in tunnel
    assert "--public-url" not in tunnel


@pytest.mark.slow
def test_the_demo_answers_whatever_is_configured(tmp_path: Path, demo_sqlite_copy: str, free_port: int) -> None:
    """It starts, answers the first query and ends; broken settings around it do not matter to it."""
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "erp.sqlite").symlink_to(demo_sqlite_copy.removeprefix("sqlite:///"))
    Path(FILE_NAME).write_text("port = 'broken'")
    environ = {"ERP_ODATA_PAGE_SIZE": "none", "PORT": "x", "DATABASE_URL": "firebird://x"}
    ran = process("demo", "--port", str(free_port), "--workers", "1", "--check", environ=environ)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "answered with 3 invoices" in ran.stdout
    assert "The demo ERP is live as OData." in ran.stdout
    assert (tmp_path / ".demo" / "secret").stat().st_mode & 0o077 == 0
    assert (tmp_path / ".demo" / ".gitignore").read_text() == "*\n"


def test_the_demo_leaves_other_databases_alone(tmp_path: Path, free_port: int) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "erp.sqlite").write_text("something else, long enough to be looked at" * 10)
    result = process("demo", "--port", str(free_port))
    assert result.returncode == 1
    assert result.stderr.startswith("Error: sqlite:///.demo/erp.sqlite cannot be used: ")
    assert "Traceback" not in result.stderr


# --- fit --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def other_release(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo ERP without a column of invoices and without the table of assets."""
    place = tmp_path / "erp.sqlite"
    shutil.copy(demo_sqlite_url.removeprefix("sqlite:///"), place)
    with closing(sqlite3.connect(place)) as database:
        table = load_directory(files("erp_adapters") / "catalog")["Assets"].sources["sql"]["table"]
        database.execute("ALTER TABLE OINVHD DROP COLUMN CSTO")
        database.execute(f"DROP TABLE {table}")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{place}")


@pytest.mark.usefixtures("other_release")
def test_fit_writes_a_catalog_that_fits(tmp_path: Path) -> None:
    assert run("query", "Invoices?$top=1").exit_code != 0
    fitted = run("fit", "--out", "mine")
    assert fitted.exit_code == 0
    assert "Assets: left out, " in fitted.stderr
    assert "Invoices: without CostCenter" in fitted.stderr
    assert not (tmp_path / "mine" / "Assets.toml").exists()
    found = run("query", "Invoices?$top=1", "--catalog", "./mine", "--json")
    assert found.exit_code == 0
    assert "CostCenter" not in json.loads(found.stdout)["value"][0]
    again = run("fit", "--out", "mine")
    assert again.exit_code == 1
    assert "not written" in again.stderr
    assert run("fit", "--out", "mine", "--yes").exit_code == 0
