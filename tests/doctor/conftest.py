"""Databases for the doctor: healthy tables on each, which a test may make wrong, and a role that may only read."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.doctor import small
from tests.servers import PostgresServer


@pytest.fixture
def admin_url(postgres_url: str) -> str:
    """Healthy tables on PostgreSQL, as their owner sees them."""
    return small.create(postgres_url)


@pytest.fixture
def reader(postgres_server: PostgresServer, admin_url: str) -> Iterator[str]:
    """The name of a role that may read the tables and nothing else."""
    name = f"reader_{uuid.uuid4().hex[:12]}"
    small.execute(
        admin_url, f"CREATE ROLE {name} LOGIN NOINHERIT", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
    )
    yield name
    small.execute(admin_url, f"DROP OWNED BY {name} CASCADE")
    postgres_server.execute(f"DROP ROLE {name}")


@pytest.fixture
def url(admin_url: str, reader: str) -> str:
    """Healthy tables on PostgreSQL, as that role sees them."""
    return make_url(admin_url).set(username=reader).render_as_string(hide_password=False)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Healthy tables in SQLite."""
    return small.create(f"sqlite:///{tmp_path / 'small.sqlite'}")


@pytest.fixture(params=["url", "sqlite"])
def either(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))
