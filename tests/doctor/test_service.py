"""What the doctor finds in the configuration, and the command: what it prints, its exit codes, several sources."""

import json
import os
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edm.capabilities import Capabilities
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Busy, Level, Page, Session, TimedOut
from odata_server.auth import hash_password
from odata_server.cli import main
from odata_server.config import Origin
from odata_server.doctor import configured
from odata_server.doctor.checks import examine
from odata_server.doctor.patient import Whole
from odata_server.service import Service
from odata_server.settings import Settings
from tests.doctor.small import create, execute, metadata
from tests.server.support import HASH, SECRET, composition, settings

GOOD: dict[str, Any] = {"host": "0.0.0.0", "trusted_proxies": 1}


def whole(origins: dict[str, Origin] | None = None, **changes: Any) -> Whole:
    composed = composition()
    made: Settings = settings(**GOOD | changes)
    return Whole(made, origins or {}, composed.metadata, composed.service, iter(()))


def test_good_settings_have_no_findings() -> None:
    found = whole(secret_key="iW3x_Jt0Rk8cN1sQv6LyB4pZ7fGh2DmEuA5oTqXw9rK")
    assert list(configured.public_url(found)) == []
    assert list(configured.secrets(found)) == []
    assert list(configured.limits(found)) == []


@pytest.mark.parametrize(
    ("changes", "where", "level", "what"),
    [
        ({"public_url": None}, "public_url", Level.WARNING, "is not set"),
        ({"public_url": "https://localhost"}, "public_url", Level.WARNING, "this machine alone"),
        ({"public_url": "https://10.1.2.3"}, "public_url", Level.WARNING, "cannot be reached from the internet"),
        ({"public_url": "https://erp"}, "public_url", Level.WARNING, "cannot be reached from the internet"),
        ({"public_url": "http://erp.example.com"}, "public_url", Level.FAILURE, "in the clear"),
        ({"public_url": "https://erp.example.com/x"}, "public_url", Level.NOTE, "has the path /x"),
        ({"trusted_proxies": 0}, "trusted_proxies", Level.WARNING, "speaks no TLS"),
    ],
)
def test_public_urls(changes: dict[str, Any], where: str, level: Level, what: str) -> None:
    (found,) = configured.public_url(whole(**changes))
    assert (found.where, found.level) == (where, level)
    assert what in found.what


def weak_hash() -> str:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x" * 12)


@pytest.mark.parametrize(
    ("changes", "where", "level"),
    [
        ({"secret_key": None}, "secret_key", Level.WARNING),
        ({"secret_key": "abcdefgh" * 4}, "secret_key", Level.FAILURE),
        ({"secret_key_previous": SECRET}, "secret_key_previous", Level.NOTE),
        ({"users": {}}, "users", Level.WARNING),
        ({"users": {"admin": HASH}}, "users.admin", Level.NOTE),
        ({"users": {"alice": weak_hash()}}, "users.alice", Level.WARNING),
    ],
)
def test_secrets(changes: dict[str, Any], where: str, level: Level) -> None:
    found = [(f.where, f.level) for f in configured.secrets(whole(**changes))]
    assert (where, level) in found
    assert SECRET not in str(found)


def test_files_that_others_may_read(tmp_path: Path) -> None:
    file = tmp_path / "erp-odata.toml"
    file.write_text("")
    file.chmod(0o644)
    origins = {"database_url": Origin(str(file), "database_url"), "port": Origin("environment", "PORT")}
    (found,) = configured.secrets(whole(origins))
    assert found.fix == f"chmod 600 {file}"
    os.chmod(file, stat.S_IRUSR | stat.S_IWUSR)
    assert list(configured.secrets(whole(origins))) == []


@pytest.mark.parametrize(
    ("changes", "where", "level"),
    [
        ({"max_request_line": 2_000}, "max_request_line", Level.WARNING),
        ({"max_headers": 10}, "max_header_size, max_headers", Level.WARNING),
        ({"max_response": 9_000_000}, "max_response", Level.FAILURE),
        ({"deadline": 150}, "deadline", Level.WARNING),
        ({"statement_timeout": 60}, "statement_timeout", Level.NOTE),
        (
            {"sources": {"a": {"url": "sqlite:///x", "statement_timeout": 60}}},
            "sources.a.statement_timeout",
            Level.NOTE,
        ),
    ],
)
def test_limits(changes: dict[str, Any], where: str, level: Level) -> None:
    assert [(f.where, f.level) for f in configured.limits(whole(**changes))] == [(where, level)]


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the small catalog and settings without a fault; the command is run there."""
    from tests.doctor.small import ORDERS, PARTNERS

    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "catalog"
    directory.mkdir()
    (directory / "Orders.toml").write_text(ORDERS)
    (directory / "Partners.toml").write_text(PARTNERS)
    create(f"sqlite:///{tmp_path / 'erp.sqlite'}")
    file = tmp_path / "erp-odata.toml"
    file.write_text(
        f'public_url = "https://erp.example.com"\nhost = "0.0.0.0"\ntrusted_proxies = 1\ncatalog = "{directory}"\n'
        f'database_url = "sqlite:///{tmp_path / "erp.sqlite"}"\n'
        'secret_key = "iW3x_Jt0Rk8cN1sQv6LyB4pZ7fGh2DmEuA5oTqXw9rK"\n'
        f'[users]\nsalesforce = "{hash_password("x" * 12)}"\n'
    )
    file.chmod(0o600)
    return directory


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


def test_healthy(catalog: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    assert "indexes: Indexes serve keys, pages and related lists" in result.output
    assert "Fix:" not in result.output
    assert "source default: SQLite" in result.output


def test_warnings_and_failures_have_exit_codes_of_their_own(catalog: Path) -> None:
    url = f"sqlite:///{catalog.parent / 'erp.sqlite'}"
    execute(url, 'DELETE FROM "PARTNER" WHERE "PNO" = \'P-0002\'')
    result = run()
    assert result.exit_code == 1
    assert "Orders/PartnerNumber: 1 of 10 values lead to none of Partners" in result.output
    assert "docs/doctor.md#references" in result.output
    execute(url, 'UPDATE "ORDERHD" SET "DUE" = 99')
    result = run()
    assert result.exit_code == 2
    assert "1 failure, 1 warning" in result.output


def test_notes_are_shown_when_asked_for(catalog: Path) -> None:
    execute(f"sqlite:///{catalog.parent / 'erp.sqlite'}", 'UPDATE "ORDERHD" SET "CHG" = \'2026-01-01 00:00:00.250000\'')
    plain, full = run(), run("--notes")
    assert plain.exit_code == full.exit_code == 0
    assert "digits of a second" not in plain.output
    assert "(--notes shows notes)" in plain.output
    assert "Orders/ChangedAt: of more digits of a second" in full.output


def test_json(catalog: Path) -> None:
    execute(f"sqlite:///{catalog.parent / 'erp.sqlite'}", 'UPDATE "PARTNER" SET "CTRY" = \'FR\'')
    result = run("--json")
    outcomes = {each["check"]: each for each in json.loads(result.stdout)}
    assert len(outcomes) == 20
    assert outcomes["facets"]["level"] == "warning"
    assert outcomes["facets"]["findings"][0]["where"] == "Partners/Country"
    assert outcomes["facets"]["docs"] == "docs/doctor.md#facets"
    assert outcomes["key"] == {**outcomes["key"], "level": "ok", "findings": [], "source": "default", "skipped": None}
    assert outcomes["public-url"]["source"] is None


def test_one_set_alone(catalog: Path) -> None:
    execute(f"sqlite:///{catalog.parent / 'erp.sqlite'}", 'UPDATE "PARTNER" SET "CTRY" = \'FR\'')
    assert run("--set", "Orders", "--sample", "10").exit_code == 0
    assert run("--set", "Partners").exit_code == 1
    assert "public-url" not in run("--set", "Partners").output


def test_names_that_nobody_has(catalog: Path) -> None:
    result = run("--set", "Order")
    assert result.exit_code == 2
    assert "there is no entity set 'Order'; there are Orders, Partners" in result.output
    assert run("--source", "nowhere").exit_code == 2


def test_each_source_is_looked_at(catalog: Path) -> None:
    """What is wrong with one is no reason not to look at the other."""
    text = (catalog / "Partners.toml").read_text().replace("[sql]", '[sql]\nsource = "crm"')
    (catalog / "Partners.toml").write_text(text)
    orders = (catalog / "Orders.toml").read_text().replace('PartnerCountry = "p.CTRY"', 'PartnerCountry = "TXT"')
    (catalog / "Orders.toml").write_text(orders.replace("max_length = 2\n", "max_length = 20\n"))
    other = catalog.parent / "crm.sqlite"
    with (catalog.parent / "erp-odata.toml").open("a") as file:
        file.write(f'[sources.crm]\nurl = "sqlite:///{other}"\n')
    result = run("--json")
    by_source = {(each["check"], each["source"]): each for each in json.loads(result.stdout)}
    assert result.exit_code == 2
    assert by_source["reachable", "crm"]["level"] == "failure"
    assert by_source["key", "crm"]["skipped"] == "the source cannot be reached"
    assert by_source["key", "default"]["level"] == "ok"
    create(f"sqlite:///{other}")
    execute(f"sqlite:///{other}", 'DELETE FROM "PARTNER" WHERE "PNO" = \'P-0002\'')
    outcomes = {(each["check"], each["source"]): each for each in json.loads(run("--json").stdout)}
    assert "lead to none of Partners" in outcomes["references", "default"]["findings"][0]["what"]
    assert run("--source", "default", "--json").exit_code == 1
    assert {each["source"] for each in json.loads(run("--source", "default", "--json").stdout)} == {"default"}


def test_control_characters_do_not_reach_the_terminal(catalog: Path) -> None:
    execute(f"sqlite:///{catalog.parent / 'erp.sqlite'}", 'UPDATE "PARTNER" SET "CTRY" = char(27) || \'[\'')
    assert "\x1b" not in run().output


class Rounding:
    """A source whose decimals have more digits than the model says, and that fails when it is asked to skip rows."""

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return Capabilities(skip=True, top=True)

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        if query.skip:
            raise Busy("its own words") if query.entity_set == "Orders" else TimedOut("its own words")
        yield Page([tuple(self.value(name) for name in query.columns) for _ in range(min(2, query.top or 2))])

    def value(self, name: str) -> object:
        return {"Amount": Decimal("1.125"), "OrderNumber": "O-1", "PartnerNumber": "P-1"}.get(name)


def test_any_source_of_rows_can_be_looked_at() -> None:
    """One that knows nothing of the doctor: what its rows tell is found, and a check that fails is a finding."""
    model, made = metadata(), settings()
    service = Service(model, Rounding(), (b"s" * 32,))
    outcomes = {o.check.id: o for o in examine(Whole(made, {}, model, service, iter(())), sample=10)}
    assert outcomes["indexes"].skipped == outcomes["read-only"].skipped == "not asked of this kind of source"
    assert [f.what for f in outcomes["facets"].findings if f.where == "Orders/Amount"] == [
        "of more decimals than scale = 2, so that Salesforce rounds it: 1.125 (1 of 1 rows)"
    ]
    assert ("Partners", "the key 'P-1' stands for 2 rows") in [(f.where, f.what) for f in outcomes["key"].findings]
    assert {(f.where, f.level, f.what) for f in outcomes["budget"].findings} == {
        ("Orders", Level.FAILURE, "could not be checked: its own words"),
        ("Partners", Level.WARNING, "could not be checked in time"),
    }
