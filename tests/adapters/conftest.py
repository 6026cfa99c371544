"""The small tables of `schema`, once on each database, for all tests here; shared, so only for reading."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from erp_adapters.sql import SqlAdapter
from tests.adapters import schema
from tests.servers import MariaServer, PostgresServer

DATABASES = ("sqlite", "postgresql", "mariadb")


@pytest.fixture(scope="session")
def small_sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("small") / "small.sqlite"
    url = f"sqlite:///{path}"
    schema.create(url)
    return url


@pytest.fixture(scope="session")
def small_postgresql_url(postgres_server: PostgresServer, worker_id: str) -> Iterator[str]:
    name = f"small_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    schema.create(url)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def small_mariadb_url(mariadb_server: MariaServer, worker_id: str) -> Iterator[str]:
    name = f"small_{worker_id}"
    mariadb_server.drop_database(name)
    url = mariadb_server.create_database(name)
    schema.create(url)
    yield url
    mariadb_server.drop_database(name)


@pytest.fixture(scope="session", params=DATABASES)
def small_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"small_{request.param}_url"))


@pytest.fixture(scope="module")
def small(small_url: str) -> Iterator[SqlAdapter]:
    with closing(schema.adapter(small_url)) as adapter:
        yield adapter
