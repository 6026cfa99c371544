"""A PostgreSQL with the demo ERP for the length of one run: the server of the tests, its data in a temporary
directory.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, select, text

from fixtures.demo_erp.load import create
from fixtures.demo_erp.schema import METADATA
from tests import servers

LINES = METADATA.tables["OINVLN"]


@contextmanager
def demo_database(copies: int) -> Iterator[str]:
    """The URL of a new database with the demo ERP in it, its invoice lines ``copies`` times over."""
    directory = Path(tempfile.mkdtemp(prefix="erp-odata-bench-"))
    name = f"bench_{uuid4().hex}"
    try:
        server = servers.postgres(directory)
        url = server.create_database(name)
        try:
            create(url)
            _multiply_lines(url, copies)
            yield url
        finally:
            server.drop_database(name)
    finally:
        servers.stop_postgres(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _multiply_lines(url: str, copies: int) -> None:
    """More lines for the same invoices, so that a deep page is deep. The keys stay unique and in order."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            for number in range(1, copies):
                columns = [c + 1000 * number if c is LINES.c.IVLN else c for c in LINES.c]
                copy = select(*columns).where(LINES.c.IVLN < 1000)
                connection.execute(LINES.insert().from_select(LINES.c.keys(), copy))
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    finally:
        engine.dispose()
