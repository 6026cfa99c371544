"""The clients that golden cases are sent by: the service in this process and a real server, each on each database, and
one whose sets are half on the one and half on the other.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests import serving, splitting


@pytest.fixture(scope="session")
def sqlite(demo_sqlite_url: str) -> Iterator[serving.Client]:
    with serving.connected(demo_sqlite_url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres(demo_postgres_url: str) -> Iterator[serving.Client]:
    with serving.connected(demo_postgres_url) as client:
        yield client


@pytest.fixture(scope="session")
def mariadb(demo_mariadb_url: str) -> Iterator[serving.Client]:
    with serving.connected(demo_mariadb_url) as client:
        yield client


@pytest.fixture(scope="session")
def apart(demo_sqlite_url: str, demo_postgres_url: str) -> Iterator[serving.Client]:
    metadata = splitting.split(serving.demo_metadata())
    with closing(splitting.routed(metadata, splitting.mixed(demo_sqlite_url, demo_postgres_url))) as adapter:
        yield serving.serve(adapter, metadata)


@pytest.fixture(scope="session")
def everything(demo_sqlite_url: str) -> serving.DemoRows:
    """The demo's rows, read past the service."""
    return serving.demo_rows(demo_sqlite_url)


@pytest.fixture(scope="session")
def sqlite_http(demo_sqlite_url: str) -> Iterator[serving.Client]:
    with serving.server(demo_sqlite_url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_http(demo_postgres_url: str) -> Iterator[serving.Client]:
    with serving.server(demo_postgres_url) as client:
        yield client
