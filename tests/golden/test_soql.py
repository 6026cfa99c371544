"""SOQL over the demo ERP: golden cases (statement, requests, rows), each also evaluated directly over the same data."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from erp_adapters.sql import SqlAdapter
from odata_server.cli.local import Local
from odata_server.service import Service
from salesforce.client import Client
from salesforce.errors import SalesforceError
from salesforce.profile import Profile
from salesforce.soql.days import Calendar
from salesforce.soql.parser import parse_soql
from salesforce.soql.run import Org, Result
from salesforce.sync import Synced, sync
from tests import serving
from tests.salesforce.soql_oracle import Oracle, is_count, shown

HERE = Path(__file__).parent / "soql"
ROOT = "http://localhost/odata/v4/"
CALENDAR = Calendar(datetime(2026, 11, 20, 11, 0, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
REWRITE = bool(os.environ.get("ERP_ODATA_GOLDEN_REWRITE"))
#: Rows that a case shows.
SHOWN = 3
_TYPES = {field.name: field.type for field in fields(Profile)}


@dataclass
class Case:
    """One statement and what comes back; ``head`` are its comments and switches as they stand."""

    head: list[str]
    statement: str
    expected: list[str]

    @property
    def key(self) -> str:
        return "\n".join([*self.head, self.statement])

    @property
    def profile(self) -> Profile:
        made: dict[str, Any] = {}
        for line in self.head:
            for name, value in re.findall(r"(\w+)=([^\s\]]+)", line) if line.startswith("[") else ():
                kind = _TYPES[name]
                made[name] = value == "yes" if kind is bool else int(value) if kind is int else value
        return Profile(**made)


def read_cases(name: str) -> list[Case]:
    cases = []
    for block in re.split(r"\n\s*\n", (HERE / name).read_text("utf-8")):
        lines = block.strip("\n").splitlines()
        head = [line for line in lines if line[:1] in ("#", "[")]
        rest = [line for line in lines if line[:1] not in ("#", "[")]
        cases.append(Case(head, rest[0] if rest else "", rest[1:]))
    return cases


ANSWERED, REFUSED = read_cases("answered.txt"), read_cases("refused.txt")


@pytest.fixture(scope="module")
def session(demo_sqlite_url: str) -> Iterator[requests.Session]:
    adapter = serving.connect(demo_sqlite_url)
    assert isinstance(adapter, SqlAdapter)
    with requests.Session() as made:
        made.mount(ROOT, Local(Service(serving.demo_metadata(), adapter, secrets=(b"s" * 32,)), ROOT))
        yield made
    adapter.close()


@pytest.fixture(scope="module")
def synced(session: requests.Session) -> Synced:
    return sync(Client(ROOT, session).metadata())


def told(result: Result) -> list[str]:
    """The answer as a case writes it."""
    lines = [f"> {exchange.readable.removeprefix(ROOT)}" for exchange in result.exchanges]
    if not result.columns:
        return [*lines, f"= {result.total}"]
    lines.append(f"= {len(result.records)}")
    for record in result.records[:SHOWN]:
        lines += ["| " + " | ".join(_cell(record[column]) for column in result.columns)]
    return [*lines, *(f"! {note}" for note in result.notes)]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "[" + "; ".join(", ".join(map(_cell, record.values())) for record in value) + "]"
    return "" if value is None else str(value)


@pytest.mark.parametrize("case", [c for c in ANSWERED if c.statement], ids=lambda c: c.statement[:80])
def test_answered(
    case: Case, session: requests.Session, synced: Synced, demo_sqlite_url: str, came_back: "dict[str, list[str]]"
) -> None:
    result = Org(synced, Client(ROOT, session, case.profile), CALENDAR).query(case.statement)
    oracle, select = Oracle(synced, serving.demo_rows(demo_sqlite_url), CALENDAR), parse_soql(case.statement)
    if is_count(select):
        assert result.total == oracle.count(select)
    else:
        expected = [{name: shown(value) for name, value in record.items()} for record in oracle.records(select)]
        assert [dict(record) for record in result.records] == expected
    came_back[case.key] = told(result)
    assert REWRITE or told(result) == case.expected


@pytest.mark.parametrize("case", [c for c in REFUSED if c.statement], ids=lambda c: c.statement[:80])
def test_refused(case: Case, session: requests.Session, synced: Synced, came_back: "dict[str, list[str]]") -> None:
    client = Client(ROOT, session, case.profile)
    org = Org(synced, client, CALENDAR)
    with pytest.raises(SalesforceError) as caught:
        (org.search if case.statement.startswith("FIND") else org.query)(case.statement)
    error = caught.value
    lines = [] if error.position is None else [" " * error.position + "^"]
    came_back[case.key] = [*lines, f"! {error}"]
    assert REWRITE or came_back[case.key] == case.expected
    assert not client.exchanges, "what is refused costs no callout"


@pytest.fixture(scope="module")
def came_back() -> Iterator["dict[str, list[str]]"]:
    """What came back, by statement; written into the cases when they are to be rewritten."""
    found: dict[str, list[str]] = {}
    yield found
    if REWRITE:
        for name, cases in (("answered.txt", ANSWERED), ("refused.txt", REFUSED)):
            blocks = ["\n".join([case.key.strip("\n"), *found.get(case.key, case.expected)]) for case in cases]
            (HERE / name).write_text("\n\n".join(blocks) + "\n", "utf-8")


def test_there_are_enough() -> None:
    assert sum(bool(case.statement) for case in ANSWERED) >= 60
