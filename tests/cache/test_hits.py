"""What a kept answer costs others: the ERP nothing at all, Redis at most one command, and none for what the process has."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, make_url

from erp_adapters.sql import SqlAdapter
from odata_server.app import create_app
from odata_server.compose import compose
from odata_server.config import load
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.redis_server import RedisServer
from tests.serving import SECRET

pytestmark = pytest.mark.postgres

TARGETS = (
    "Invoices?$select=InvoiceNumber,Status,GrossAmount&$filter=Status eq 'Open'&$orderby=DueDate desc&$top=25",
    "Invoices?$top=3&$count=true", "Invoices/$count?$filter=Status eq 'Paid'", "Customers('C-100042')",
    "Customers('C-100042')?$expand=Invoices($top=2)", "Customers('C-100042')/Invoices?$top=2",
    "Invoices?$filter=Customer/Country eq 'DE'&$top=2",
)  # fmt: skip


@dataclass
class Watched:
    """A service over a PostgreSQL that can be taken away, with everything that it takes from there and from Redis."""

    client: FlaskClient
    proxy: FaultProxy
    redis: RedisServer
    checkouts: list[object] = field(default_factory=list)

    def origin(self, target: str) -> str | None:
        answer = self.client.get(f"/odata/v4/{target.replace(' ', '%20')}")
        assert answer.status_code == 200, answer.text
        return answer.headers["Cache-Status"].removeprefix("erp-odata; ")

    def commands(self) -> dict[str, int]:
        """What Redis was asked for since the last look."""
        with self.redis.client() as client:
            found = client.info("commandstats")
            client.config_resetstat()
        ours = {name.removeprefix("cmdstat_"): int(told["calls"]) for name, told in found.items()}
        return {name: ours[name] for name in ours.keys() & {"get", "mget", "set", "setex", "eval", "evalsha"}}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(Path(tmp_path_factory.mktemp("redis")))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def watched(demo_postgres_url: str, redis: RedisServer) -> Iterator[Watched]:
    url = make_url(demo_postgres_url)
    with fault_proxy(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}") as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
        given = {
            "host": "127.0.0.1", "database_url": through.render_as_string(hide_password=False), "anonymous": True,
            "secret_key": SECRET, "redis_url": redis.url, "freshness": {"Invoices": 600, "Customers": 600},
        }  # fmt: skip
        redis.clear()
        made = compose(load(given, {}).settings, observers=())
        assert isinstance(made.adapter, SqlAdapter)
        found = Watched(create_app(composition=made).test_client(), proxy, redis)
        event.listen(made.adapter.engine().pool, "checkout", lambda *given: found.checkouts.append(given))
        try:
            yield found
        finally:
            made.adapter.close()


@pytest.mark.parametrize("dead", [False, True], ids=["an ERP", "no ERP"])
def test_no_connection_is_taken_for_what_is_kept(watched: Watched, dead: bool) -> None:
    for target in TARGETS:
        watched.origin(target)
    assert watched.checkouts
    if dead:
        watched.proxy.set(refuse=True)
        watched.proxy.drop()
    watched.checkouts.clear()
    watched.commands()
    assert {watched.origin(target) for _ in range(10) for target in TARGETS} == {"hit"}
    assert watched.checkouts == []
    looks = watched.commands()
    assert set(looks) <= {"mget"}, "what the process has, Redis is not asked for"
    assert looks.get("mget", 0) <= 3, "once a second: what was declared changed"


def test_what_only_redis_has_takes_one_command_for_each_read(watched: Watched) -> None:
    made = watched.client.application.extensions["erp_odata"].guarded.cache
    for target in TARGETS[:4]:
        watched.origin(target)
    watched.checkouts.clear()
    for target in TARGETS[:4]:
        made.memory.clear()
        watched.commands()
        assert watched.origin(target) == "hit"
        looks = watched.commands()
        assert looks.pop("mget", 0) <= 1
        assert looks == {"get": 1}
    assert watched.checkouts == []


def test_the_checks_above_see_what_they_look_for(watched: Watched) -> None:
    watched.commands()
    assert watched.origin("Invoices?$top=17") == "fwd=uri-miss; stored"
    assert watched.checkouts
    assert {"get", "set"} <= set(watched.commands())
    assert json.loads(watched.client.get("/odata/v4/Invoices?$top=17").data)["value"]
