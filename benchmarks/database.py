"""A PostgreSQL with the data of ``dataset`` for the length of one run: the server of the tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text

from benchmarks.dataset import Size, fill
from tests import servers


@dataclass(frozen=True, slots=True)
class Database:
    """Where the data are, and the process id of the server's first process, which must run on this machine."""

    url: str
    pid: int


@contextmanager
def database(size: Size, server_url: str | None = None) -> Iterator[Database]:
    """A new database with the data in it: on a server of our own, or on the one at that URL."""
    directory = Path(tempfile.mkdtemp(prefix="erp-odata-bench-"))
    name = f"bench_{uuid4().hex}"
    try:
        server = servers.postgres(directory) if server_url is None else servers.PostgresServer(make_url(server_url))
        # Text in the order of code points, as published text is ordered; so the indexes need no COLLATE.
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        try:
            url = server.url(name)
            fill(url, size)
            yield Database(url, _pid(url))
        finally:
            server.drop_database(name)
    finally:
        servers.stop_postgres(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _pid(url: str) -> int:
    """The postmaster's: the parent of the process that answers."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        status = Path(f"/proc/{backend}/status").read_text()
    engine.dispose()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))
