"""Fixtures: the run's Tryton, and sources that ask it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from erp_adapters.transport import Remote, Secret, TransportOptions
from erp_adapters.tryton.rpc import opened
from erp_adapters.tryton.source import TrytonSource
from tests import servers
from tests.adapters.tryton import ground
from tests.adapters.tryton.published import Both, published

Connect = Callable[..., TrytonSource]


@pytest.fixture(scope="session")
def tryton(run_directory: Path, request: pytest.FixtureRequest) -> Iterator[ground.Server]:
    """A running Tryton; shared, so only for reading."""
    given = os.environ.get(ground.VARIABLE)
    if given:
        yield ground.Server(given, run_directory / "unknown.log")
        return
    postgres: servers.PostgresServer = request.getfixturevalue("postgres_server")
    ground.databases(run_directory, postgres)
    with ground.serving(run_directory, postgres) as server:
        yield server


def source_at(
    url: str, database: str = ground.DATABASE, user: str = "odata", password: str = ground.PASSWORD, **more: Any
) -> TrytonSource:
    remote = Remote(url, limits=TransportOptions(timeout=60), user=user, password=Secret(password))
    return TrytonSource(*opened(remote, database, "en"), more.pop("context", {}), **more)


@pytest.fixture(scope="session")
def source(tryton: ground.Server) -> TrytonSource:
    """A database that sorts as languages do."""
    return source_at(tryton.url)


@pytest.fixture(scope="session")
def ordered(tryton: ground.Server) -> TrytonSource:
    """The same data, sorted by code point."""
    return source_at(tryton.url, ground.ORDERED)


@pytest.fixture(scope="session")
def both(tryton: ground.Server) -> Both:
    """The published service, and the evaluator over all of its rows."""
    return published(tryton.url)
