"""SQL Server through pymssql, whose wheels bring all that they need. Not tested against a server.

There are no read-only transactions: the user must have no rights but to read. ``ApplicationIntent=ReadOnly`` asks an
availability group for a copy.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, types
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import SQLAlchemyError

from edm.errors import ODataError
from edm.query import Query
from erp_adapters.base import Session
from erp_adapters.dialects_certain import MSSQL
from erp_adapters.sql_driver import Driver, SqlOptions, needs
from erp_adapters.sql_driver_certain import Codes, columns, kind_of
from erp_adapters.sql_source import Source
from erp_adapters.sql_values import ColumnFacts, Kind

_SESSION = "SET LOCK_TIMEOUT 2000; SET ANSI_NULLS ON; SET QUOTED_IDENTIFIER ON"

_CODES = Codes(
    busy=frozenset({10928, 10929, 17809}),
    locked=frozenset({1205, 1222, 3960}),
    timed_out=frozenset({20003}),
    contract=frozenset({207, 208, 229, 230, 916, 4121}),
    no_result=frozenset({220, 8115, 8134}),
    out_of_range=frozenset({241, 242, 1007, 8114}),
    too_large=frozenset({191, 8003, 8623, 8631, 8632}),
    ours=frozenset({102, 105, 107, 156, 195, 319}),
)


class MSSQLDriver(Driver):
    """SQL Server."""

    schemes = ("mssql+pymssql", "mssql")

    def url(self, given: URL) -> URL:
        needs("pymssql", "mssql")
        return super().url(given)

    def engine(self, url: URL, options: SqlOptions) -> Engine:
        arguments = {
            "login_timeout": max(1, int(options.connect_timeout)),
            "timeout": max(1, int(options.statement_timeout)),
            "appname": "erp-odata",
            "read_only": True,
        }
        engine = create_engine(url, connect_args=arguments, **options.pool())

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, record: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute(_SESSION)
            connection.commit()

        return engine

    @contextmanager
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> Iterator[None]:
        """At the isolation level of the session: rows and count are of one moment if that is SNAPSHOT."""
        yield

    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        return Source(MSSQL, columns(connection, tables, facts))

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        return _CODES.meaning(error, entity_set)


def facts(kind: types.TypeEngine[Any], not_null: bool) -> ColumnFacts:
    """What SQLAlchemy's type for a column says. The older types of time are kept in thirds of hundredths of a second
    and read otherwise, so nothing is compared with them."""
    found = kind_of(kind)
    if found is Kind.TIMESTAMP and not isinstance(kind, mssql.DATETIME2):
        found = Kind.OTHER
    narrow = isinstance(kind, types.VARCHAR) and not isinstance(kind, types.NVARCHAR)
    return ColumnFacts(found, not_null, charset="varchar" if narrow else "")
