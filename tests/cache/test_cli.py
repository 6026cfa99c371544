"""``erp-odata cache`` against a real Redis."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from odata_server.cli import main
from tests.redis_server import RedisServer, free_port


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    server.start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def configured(redis: RedisServer, demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", demo_sqlite_url)
    monkeypatch.setenv("REDIS_URL", redis.url)
    monkeypatch.setenv("SECRET_KEY", "a secret of the tests, long enough for the rule")


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["cache", *arguments])
    assert result.exit_code == code, result.output + result.stderr
    return result


def status_of(request: str) -> str:
    """Where another process gets the answer from."""
    result = CliRunner().invoke(main, ["query", "-i", "--json", request])
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("Cache-Status")]
    return line.removeprefix("Cache-Status: ")


def test_what_is_warmed_another_process_has(tmp_path: Path) -> None:
    requests = tmp_path / "requests.txt"
    requests.write_text("# list views\nInvoices?$top=3&$orderby=DueDate\n\n")
    said = run("warm", "--file", str(requests), "--set", "Warehouses", "Customers?$top=2").stdout
    assert said.startswith("3 of 3 requests answered and kept in ")
    for request in ("Invoices?$top=3&$orderby=DueDate", "Warehouses", "Customers?$top=2"):
        assert status_of(request) == "erp-odata; hit"
    assert status_of("Customers?$top=3") == "erp-odata; fwd=uri-miss; stored"


def test_what_is_declared_changed_is_read_again() -> None:
    run("warm", "Payments?$top=2", "Assets?$top=2")
    assert run("clear", "Payments").stdout == "Declared changed: Payments\n"
    assert status_of("Payments?$top=2") == "erp-odata; fwd=uri-miss; stored"
    assert status_of("Assets?$top=2") == "erp-odata; hit"


def test_a_request_that_is_refused_is_named() -> None:
    result = run("warm", "Invoices?$top=1", "Invoices?$filter=Nothing eq 1", code=1)
    assert "1 of 2 requests" in result.stdout
    assert "400  Invoices?$filter=Nothing eq 1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clear",), "name entity sets, or say --all"),
        (("clear", "Invoics"), "there is no entity set Invoics"),
        (("warm",), "name requests"),
        (("warm", "--set", "Nothing"), "there is no entity set Nothing"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], said: str) -> None:
    assert said in run(*arguments, code=2).stderr


@pytest.mark.parametrize("arguments", [("clear", "--all"), ("warm", "Invoices")])
def test_without_a_redis(arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    assert "no redis_url is set" in run(*arguments, code=2).stderr
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert "Redis does not answer (ConnectionError)" in run(*arguments, code=4).stderr


def test_explain_tells_the_decision(redis: RedisServer) -> None:
    redis.client().flushall()
    asked = ("explain", "--json", "Invoices?$top=9")

    def told() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(CliRunner().invoke(main, list(asked)).stdout)
        return found

    (decision,) = told()["cache"]
    assert decision.startswith("Invoices: nothing kept; fresh for 300 s, in an outage for 3600 s more; key ")
    run("warm", "Invoices?$top=9")
    (decision,) = told()["cache"]
    assert decision.startswith("Invoices: kept for ")
    assert "SELECT" in told()["native"]
    assert "nothing kept; fresh for" in CliRunner().invoke(main, ["explain", "Invoices('INV-100001')"]).stdout
