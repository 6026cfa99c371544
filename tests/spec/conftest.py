"""The world of the conformance checks: the service over the demo ERP in SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from tests import serving
from tests.spec.clauses import World


@pytest.fixture(scope="session")
def world(demo_sqlite_url: str) -> Iterator[World]:
    """For what does not depend on where the rows come from."""
    with serving.connected(demo_sqlite_url) as client:
        yield World(client, serving.demo_rows(demo_sqlite_url))


@pytest.fixture(scope="session")
def each_world(demo_url: str, demo_sqlite_url: str) -> Iterator[World]:
    """Once with each database."""
    with serving.connected(demo_url) as client:
        yield World(client, serving.demo_rows(demo_sqlite_url))
