"""Oracle through python-oracledb in its thin mode, which needs no client of Oracle's. Not tested against a server."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, types
from sqlalchemy.dialects import oracle
from sqlalchemy.exc import SQLAlchemyError

from edm.errors import ODataError
from edm.query import Query
from erp_adapters.base import Session
from erp_adapters.dialects_certain import ORACLE
from erp_adapters.sql_driver import Driver, SqlOptions, needs
from erp_adapters.sql_driver_certain import Codes, columns, kind_of
from erp_adapters.sql_source import Source
from erp_adapters.sql_values import ColumnFacts, Kind

_SESSION = "ALTER SESSION SET NLS_COMP = BINARY NLS_SORT = BINARY TIME_ZONE = '+00:00'"

_CODES = Codes(
    busy=frozenset({18, 20, 2391, 12516, 12519, 12520}),
    locked=frozenset({54, 60, 4021, 8177, 30006}),
    timed_out=frozenset({1013, 3136, 4024}),
    contract=frozenset({904, 942, 1031, 4063}),
    no_result=frozenset({1426, 1438, 1476}),
    out_of_range=frozenset({1722, 1830, 1841, 1843, 1858}),
    too_large=frozenset({913, 1795, 7445}),
    ours=frozenset({900, 905, 907, 911, 918, 923, 933, 936}),
)


class OracleDriver(Driver):
    """Oracle."""

    schemes = ("oracle+oracledb", "oracle")
    alive = "SELECT 1 FROM DUAL"

    def url(self, given: URL) -> URL:
        needs("oracledb", "oracle")
        return super().url(given)

    def engine(self, url: URL, options: SqlOptions) -> Engine:
        arguments = {"tcp_connect_timeout": options.connect_timeout, "program": "erp-odata"}
        engine = create_engine(url, connect_args=arguments, **options.pool())

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, record: Any) -> None:
            connection.call_timeout = int(options.statement_timeout * 1_000)
            with connection.cursor() as cursor:
                cursor.execute(_SESSION)

        return engine

    @contextmanager
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> Iterator[None]:
        driver: Any = connection.connection.driver_connection
        limit = min(session.remaining(), options.statement_timeout)
        driver.call_timeout = max(1, int(limit * 1_000))
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # and all of one moment
        yield

    def cut(self, connection: Any) -> None:
        connection.cancel()

    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        return Source(ORACLE, columns(connection, tables, facts))

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        return _CODES.meaning(error, entity_set)


def facts(kind: types.TypeEngine[Any], not_null: bool) -> ColumnFacts:
    """What SQLAlchemy's type for a column says. DATE has a time of day, too: it is compared as a date only where the
    property is one. Timestamps finer than a microsecond, or with a zone, are read coarser than they are stored."""
    found = kind_of(kind)
    if isinstance(kind, oracle.DATE):
        found = Kind.DATE
    elif found is Kind.TIMESTAMP and getattr(kind, "timezone", False):
        found = Kind.OTHER
    return ColumnFacts(found, not_null)
