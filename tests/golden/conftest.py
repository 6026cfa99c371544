"""The clients that golden cases are sent by: the service in this process and a real server, each on both databases."""

from collections.abc import Iterator

import pytest

from tests import serving


@pytest.fixture(scope="session")
def sqlite(demo_sqlite_url: str) -> Iterator[serving.Client]:
    with serving.connected(demo_sqlite_url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres(demo_postgres_url: str) -> Iterator[serving.Client]:
    with serving.connected(demo_postgres_url) as client:
        yield client


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
