"""Lint: every rule is broken by a service that is bad on purpose, and the published service breaks none."""

import json
import os

import pytest
from click.testing import CliRunner

from odata_server.cli import main
from odata_server.config import PLATFORM
from salesforce.csdl import read
from salesforce.lint import RULES, Severity, check
from salesforce.lint import metadata as in_metadata
from salesforce.lint.rules import IN_ANSWERS, IN_METADATA
from salesforce.sync import sync
from tests.salesforce.bad_services import DEFECTS, METADATA, Defect, client


@pytest.mark.parametrize(("document", "rules"), METADATA)
def test_metadata(document: bytes, rules: set[str]) -> None:
    metadata = read(document)
    assert {found.rule.id for found in in_metadata.findings(metadata, sync(metadata))} == rules


@pytest.mark.parametrize(("defect", "rule"), DEFECTS)
def test_answers(defect: Defect, rule: str) -> None:
    found = [each for each in check(client(defect)) if each.rule.id == rule]
    assert found
    assert all(each.where and each.what for each in found)


def test_every_rule_is_broken_once() -> None:
    assert set().union(*(rules for _, rules in METADATA)) == set(IN_METADATA)
    assert {rule for _, rule in DEFECTS} == set(IN_ANSWERS)
    assert set(RULES) == set(IN_METADATA) | set(IN_ANSWERS)


def test_a_sound_service_breaks_none() -> None:
    assert {each.rule.severity for each in check(client(Defect()))} == {Severity.NOTE}


def test_only_what_is_wanted_is_asked() -> None:
    asking = client(Defect())
    list(check(asking, wanted=lambda found: found.source == "Customers"))
    assert all("/Customers" in exchange.url for exchange in asking.exchanges[1:])
    asking.exchanges.clear()
    list(check(asking, probing=False))
    assert [exchange.readable.rpartition("/")[2] for exchange in asking.exchanges] == ["$metadata"]


@pytest.fixture
def _demo(demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and not name.startswith("ERP_ODATA_TEST_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", demo_sqlite_url)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["salesforce", "lint", *arguments], prog_name="erp-odata")
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("_demo")
def test_the_published_service_breaks_no_rule() -> None:
    code, out, err = run("--local")
    assert (code, out) == (0, "")
    assert err.startswith("Nothing found (")


@pytest.mark.usefixtures("_demo")
def test_notes() -> None:
    code, out, err = run("--local", "--offline", "--notes", "--object", "invoices__x")
    assert code == 0
    assert "note date-shifts" in out
    assert "    Invoices/DueDate: Edm.Date" in out
    assert "notes (1 request)" in err


@pytest.mark.usefixtures("_demo")
def test_findings_as_json() -> None:
    code, out, _ = run("--local", "--offline", "--notes", "--json", "--object", "Invoices__x")
    assert code == 0
    finding = json.loads(out)[0]
    assert set(finding) == {"id", "severity", "cause", "fix", "where", "what"}
    assert finding["severity"] == "note"


@pytest.mark.usefixtures("_demo")
def test_an_object_that_is_none_is_not_found_clean() -> None:
    code, _, err = run("--local", "--offline", "--object", "Nope__x")
    assert code == 2
    assert "there are Customers__x, Items__x" in err
