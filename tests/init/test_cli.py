"""``erp-odata init``: what it prints and writes, its flags, its questions, its exit codes."""

import json
import os
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from odata_server.cli import main
from odata_server.config import PLATFORM
from tests.init.business import business
from tests.init.plain import english, german
from tests.init.schemas import T, load


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and not name.startswith("ERP_ODATA_TEST_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('erp') / 'erp.sqlite'}"
    load(
        url,
        [
            *english(business()),
            T(
                "projects",
                "code:text(10) pk, title:text(40), customer_id:int, budget:num(12,2)",
                [(f"P{n}", f"Hall {n}", n, 10) for n in range(1, 9)],
            ),
        ],
    )
    return url


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["init", *arguments], input=stdin, prog_name="erp-odata")


def test_a_catalog_is_written_and_valid(erp: str) -> None:
    result = run(erp)
    assert result.exit_code == 0, result.output
    assert "Invoices" in result.output
    document = tomllib.loads(Path("catalog/Invoices.toml").read_text())
    assert document["key"] == "InvoiceNumber"
    assert document["changed"] == "ChangedAt"
    assert document["navigation"]["Customer"]["target"] == "Customers"
    checked = CliRunner().invoke(main, ["validate", "--catalog", "catalog", "--database-url", erp])
    assert "catalog" not in checked.output.lower() or ".toml" not in checked.output, checked.output


def test_costs_accounts_and_secrets_are_left_out_and_their_values_nowhere(erp: str) -> None:
    result = run(erp)
    everything = result.output + "".join(f.read_text() for f in Path("catalog").iterdir())
    ibans = {c.iban for c in business().customers}
    assert not [iban for iban in ibans if iban in everything]
    assert "# iban looks like a bank account; to publish it: --publish Customers.iban" in everything
    assert "UnitCost" not in everything
    again = run(erp, "--publish", "Customers.iban", "--yes")
    assert again.exit_code == 0
    assert "iban" in json.dumps(tomllib.loads(Path("catalog/Customers.toml").read_text())["sql"]["columns"])


def test_further_tables_on_demand(erp: str) -> None:
    run(erp, "--table", "projects")
    document = tomllib.loads(Path("catalog/Projects.toml").read_text())
    assert document["key"] == "Code"
    assert document["sql"]["table"] == "projects"
    assert document["navigation"]["Customer"]["on"] == {"CustomerNumber": "CustomerNumber"}
    assert document["properties"]["Budget"]["type"] == "Decimal"


def test_flags_outdo_guesses(erp: str) -> None:
    result = run(erp, "--set", "Items=projects", "--key", "Invoices=id", "--exclude", "Payments", "--json")
    proposal = json.loads(result.output)["sets"]
    assert proposal["Items"]["table"] == "projects"
    assert proposal["Invoices"]["key"]["columns"] == ["id"]
    assert proposal["Invoices"]["key"]["because"] == "you said so"
    assert "Payments" not in proposal
    assert not Path("catalog").exists()


def test_a_later_run_keeps_edits_shows_a_diff_and_asks(erp: str) -> None:
    run(erp)
    file = Path("catalog/Invoices.toml")
    file.write_text(file.read_text().replace('label = "Due Date"', 'label = "Pay Until"'))
    same = run(erp)
    assert same.exit_code == 0
    assert "unchanged" in same.output
    changed = run(erp, "--timezone", "Europe/Berlin")
    assert changed.exit_code == 1
    assert '+CreatedAt = { column = "created_at", timezone = "Europe/Berlin" }' in changed.output
    assert "--yes" in changed.output
    assert "Europe/Berlin" not in file.read_text()
    assert run(erp, "--timezone", "Europe/Berlin", "--yes").exit_code == 0
    assert "Europe/Berlin" in file.read_text()
    assert "Pay Until" in file.read_text()


def test_what_was_said_once_is_remembered(erp: str) -> None:
    run(erp, "--table", "projects", "--key", "Invoices=id", "--exclude", "Payments", "--timezone", "Europe/Berlin")
    again = run(erp)
    assert again.exit_code == 0, again.output
    assert "unchanged" in again.output
    assert tomllib.loads(Path("catalog/Invoices.toml").read_text())["key"] == "InvoiceKey"
    assert not Path("catalog/Payments.toml").exists()


def test_a_dry_run_writes_nothing(erp: str) -> None:
    assert run(erp, "--dry-run").exit_code == 0
    assert not Path("catalog").exists()


def test_questions_with_their_flags(erp: str) -> None:
    result = run(erp, "--interactive", stdin="\n\n" + "nonsense\nproducts\n\n" + "-\n" + "\n" * 40)
    assert result.exit_code == 0, result.output
    assert "--set Customers=" in result.output
    assert "--key Customers=" in result.output
    assert "there is no such table" in result.output
    assert not Path("catalog/Warehouses.toml").exists()
    assert Path("catalog/Items.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("not a url",), 2, "a URL is postgresql://"),
        (("foo://host/db",), 2, "not supported"),
        (("sqlite:///nowhere.sqlite",), 4, "cannot be reached"),
        ((), 2, "which database"),
        (("{erp}", "--set", "Invoices"), 2, "not of the form"),
        (("{erp}", "--set", "Bills=invoices"), 2, "not a known set"),
        (("{erp}", "--set", "Invoices=invoicez"), 2, "did you mean invoices"),
        (("{erp}", "--timezone", "Mars/Base"), 2, "no time zone"),
        (("{erp}", "--table", "nothing"), 2, "there is no table nothing"),
    ],
)
def test_mistakes(erp: str, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = run(*(argument.replace("{erp}", erp) for argument in arguments))
    assert result.exit_code == code, result.output
    assert message in result.output


def test_nothing_found_says_how_to_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, [T("zzyzx", "a:int pk, b:text(9)", [(1, "x")])])
    result = run(url)
    assert result.exit_code == 1
    assert "--set Customers=TABLE" in result.output
    assert "--table zzyzx" in result.output
    load(f"sqlite:///{tmp_path / 'y.sqlite'}", [])
    empty = run(f"sqlite:///{tmp_path / 'y.sqlite'}")
    assert empty.exit_code == 1
    assert "--schema" in empty.output


def test_a_password_is_not_repeated() -> None:
    result = run("postgresql://me:hush-hush@127.0.0.1:1/erp")
    assert result.exit_code == 4
    assert "hush" not in result.output


@pytest.mark.postgres
def test_tables_that_the_role_may_not_read_are_named(postgres_url: str) -> None:
    from sqlalchemy import create_engine, make_url

    load(postgres_url, german(business()))
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    role = f"reader_{make_url(postgres_url).database}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA public TO {role}")
        connection.exec_driver_sql(
            f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; REVOKE ALL ON "Zahlungen" FROM {role}'
        )
    url = make_url(postgres_url).set(username=role, password="x").render_as_string(hide_password=False)
    result = run(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    engine.dispose()
    assert result.exit_code == 0, result.output
    assert "Invoices" in result.output
    assert not Path("catalog/Payments.toml").exists()
    assert "Zahlungen" in result.output


def test_a_column_that_there_is_not_is_a_wrong_use_with_those_that_there_are(erp: str) -> None:
    result = run(erp, "--key", "Invoices=invoice_nr")
    assert result.exit_code == 2
    assert "--key Invoices: invoices has no column 'invoice_nr'; it has invoice_number" in result.output
    assert not Path("catalog").exists()
    assert run(erp, "--key", "Invoices=INVOICE_NUMBER").exit_code == 0  # as people type it


def test_wishes_that_change_nothing_are_told(erp: str) -> None:
    result = run(erp, "--key", "Assets=id", "--exclude", "Pay", "--company", "Us", "--publish", "Items.x", "--dry-run")
    assert result.exit_code == 0
    for wish in ("--key Assets", "--exclude Pay", "--company Us", "--publish Items.x"):
        assert f"note: {wish}: there " in result.output


def test_a_file_of_a_set_that_is_excluded_later_stays_and_is_told(erp: str) -> None:
    run(erp)
    result = run(erp, "--exclude", "Payments")
    assert "note: Payments is not proposed any more; Payments.toml stays until you delete it" in result.output
    assert Path("catalog/Payments.toml").exists()


def test_an_empty_url_is_no_url() -> None:
    """``erp-odata init "$DATABASE_URL"`` where nothing is set."""
    result = run("")
    assert result.exit_code == 2
    assert "say which database" in result.output
