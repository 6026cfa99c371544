"""``erp-odata kit``: what it prints, its exit codes, and that it asks for no more than it may."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Page, Session
from erp_adapters.kit import CHECKS, Options, examine
from erp_adapters.sql import SqlAdapter
from odata_server.cli import main
from odata_server.config import PLATFORM
from tests.serving import demo_metadata

SMALL = ("--rows", "10", "--cases", "5")


@pytest.fixture(autouse=True)
def _demo(tmp_path: Path, demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name in PLATFORM or (name.startswith("ERP_ODATA_") and not name.startswith("ERP_ODATA_TEST_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", demo_sqlite_url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["kit", *arguments], prog_name="erp-odata")


Spoil = Callable[[Page], Page]


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Spoil], list[Query]]:
    """A database whose pages come spoilt; the queries that it got."""

    def spoil(change: Spoil) -> list[Query]:
        asked: list[Query] = []
        read = SqlAdapter.read

        def spoilt(self: SqlAdapter, query: Query, session: Session) -> Iterator[Page]:
            asked.append(query)
            for page in read(self, query, session):
                yield change(page)

        monkeypatch.setattr(SqlAdapter, "read", spoilt)
        return asked

    return spoil


def test_everything_holds() -> None:
    found = run(*SMALL, "--set", "Warehouses", "--set", "Prices", "--check", "rows", "--check", "slices")
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    assert lines[0].split() == [
        "Set",
        "Exact",
        "Inexact",
        "Partly",
        "None",
        "Sorted",
        "by",
        "Slices",
        "Cases",
        "Failures",
    ]
    assert [line.split()[0] for line in lines[1:3]] == ["Prices", "Warehouses"]
    assert "skip top count" in lines[1]
    assert "Everything holds" in lines[-1]


def test_failures_are_told_and_exit_with_one(spoilt: Any) -> None:
    spoilt(lambda page: Page(list(page.rows)[:-1], page.count))
    found = run(*SMALL, "--set", "Warehouses", "--check", "conditions", "--check", "columns")
    assert found.exit_code == 1
    assert "conditions: Warehouses (" in found.output
    assert "to do: Grade the condition NO" in found.output
    assert "1 failure: " in found.output.splitlines()[-1]


def test_everything_as_json() -> None:
    found = CliRunner().invoke(
        main, ["kit", *SMALL, "--set", "Warehouses", "--check", "conditions", "--check", "orders", "--json"]
    )
    conditions, orders = json.loads(found.stdout)
    assert (conditions["set"], conditions["check"], conditions["failures"]) == ("Warehouses", "conditions", [])
    assert conditions["answered"]["City"]["eq"] == "exact"
    assert orders["sorted"]["City"] is True
    assert orders["tried"] > 0


def test_operators_and_notes() -> None:
    found = run(*SMALL, "--set", "Warehouses", "--check", "conditions", "--check", "lazy", "--operators", "--notes")
    assert "Warehouses/City exact: eq, " in found.output
    assert "Warehouses, lazy: " in found.output


def test_reads_are_bounded(spoilt: Any) -> None:
    """Every read of a large set picks out the sample, or is cut."""
    asked = spoilt(lambda page: page)
    assert run(*SMALL, "--set", "InvoiceTaxLines").exit_code == 0
    assert 20 < len(asked) < 16 * 5 * 2
    unbounded = [
        q for q in asked if q.entity_set == "InvoiceTaxLines" and q.filter is None and q.top is None and not q.source
    ]
    assert len(unbounded) <= 2  # the check of lazy pages and that of deadlines stop after the first page


def test_no_time_is_left(demo_sqlite_url: str) -> None:
    """What cannot be begun in time is said not to have been looked at."""
    metadata = demo_metadata()
    with closing(sql.connect(demo_sqlite_url, metadata)) as adapter:
        outcomes = list(examine(adapter, metadata, None, Options(rows=5, seconds=0, sets=("Warehouses",))))
    assert [outcome.check for outcome in outcomes] == [check.id for check in CHECKS]
    assert all(outcome.tried == 0 and "no time was left" in outcome.notes for outcome in outcomes)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nowhere",), "no source or kind 'nowhere'"),
        (("--set", "Nothing"), "no entity set 'Nothing'"),
        (("--check", "luck"), "no check 'luck'"),
        (("--rows", "0"), "--rows"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], word: str) -> None:
    found = run(*arguments)
    assert found.exit_code == 2
    assert word in found.output


def test_a_source_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none/erp.sqlite")
    found = run(*SMALL)
    assert found.exit_code == 4
    assert "erp_unavailable" in found.output


def test_by_kind_and_by_name() -> None:
    for source in ("sql", "default"):
        found = run(source, *SMALL, "--set", "Warehouses", "--check", "rows")
        assert found.exit_code == 0
        assert "Warehouses" in found.output
