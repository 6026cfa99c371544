"""SQLite through the standard library: connections with our functions, its catalogue, its errors."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from edm.errors import ODataError
from edm.query import Query
from erp_adapters.base import ContractBroken, Locked, Session, TimedOut, Unavailable
from erp_adapters.dialects_sqlite import SQLITE
from erp_adapters.sql_direct import Direct
from erp_adapters.sql_direct_sqlite import SQLiteDirect, interrupted
from erp_adapters.sql_driver import Driver, SqlOptions, no_result, original, too_large
from erp_adapters.sql_source import Source, split
from erp_adapters.sql_sqlite import prepare
from erp_adapters.sql_values import ColumnFacts, Kind

#: A statement that is wrong in itself: a bug of ours. SQLite has no codes for these, only texts.
_OURS = ("near ", "no such function", "no such collation", "wrong number of arguments", "row value misused")
#: The statement outgrew a limit of the database.
_TOO_LARGE = (
    "parser stack overflow",
    "Expression tree is too large",
    "too many SQL variables",
    "string or blob too big",
)


class SQLiteDriver(Driver):
    """SQLite, a file of it."""

    schemes = ("sqlite", "sqlite+pysqlite")

    def url(self, given: URL) -> URL:
        return given

    def engine(self, url: URL, options: SqlOptions) -> Engine:
        """Read-only, with our functions, usable by any thread."""
        database = url.database or ""
        if database in ("", ":memory:"):
            raise Unavailable("a SQLite database in memory holds no ERP")
        path = os.path.abspath(database).replace("?", "%3f").replace("#", "%23")
        read_only = URL.create("sqlite", database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        engine = create_engine(read_only, connect_args={"check_same_thread": False}, **options.pool())

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, record: Any) -> None:
            prepare(connection)
            connection.execute("PRAGMA query_only = ON")

        return engine

    @contextmanager
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> Iterator[None]:
        with interrupted(connection.connection.driver_connection, session):
            if query is not None and query.count:
                connection.exec_driver_sql("BEGIN")  # rows and count of one snapshot
            yield

    def direct(self, engine: Engine) -> Direct:
        return SQLiteDirect(engine)

    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        return Source(SQLITE, _columns(connection, tables))

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        found = original(error)
        if type(found).__module__ != "sqlite3":
            return None
        detail, said = str(error), str(found)
        if said.startswith(("no such table", "no such column")):
            return ContractBroken(entity_set, detail)
        if said.startswith(_OURS):
            raise error
        if said.startswith(_TOO_LARGE):
            return too_large()
        if said.startswith("user-defined function raised exception"):
            return no_result()
        if said.startswith("interrupted"):
            return TimedOut(detail)
        return Locked(detail) if "locked" in said else None


def _columns(connection: Connection, tables: Iterable[str]) -> dict[str, dict[str, ColumnFacts]]:
    found: dict[str, dict[str, ColumnFacts]] = {}
    for table in tables:
        name = split(table, schemas=False)[1]
        ddl = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": name}) or ""
        collation = "other" if "COLLATE" in ddl.upper().replace("COLLATE BINARY", "") else "C"
        rows = connection.execute(
            text('SELECT name, type, "notnull", pk FROM pragma_table_info(:name)'), {"name": name}
        )
        found[table] = {
            column: ColumnFacts(_kind(kind), bool(not_null or (pk and kind.upper() == "INTEGER")), collation)
            for column, kind, not_null, pk in rows
        }
    return found


def _kind(declared: str) -> Kind:
    """The kind by SQLite's own rules of affinity; it has no Boolean and pads nothing."""
    name = declared.upper()
    for part, kind in (
        ("INT", Kind.INTEGER), ("CHAR", Kind.TEXT), ("CLOB", Kind.TEXT), ("TEXT", Kind.TEXT), ("REAL", Kind.FLOAT),
        ("FLOA", Kind.FLOAT), ("DOUB", Kind.FLOAT), ("BOOL", Kind.INTEGER), ("TIMESTAMP", Kind.TIMESTAMP),
        ("DATETIME", Kind.TIMESTAMP), ("DATE", Kind.DATE), ("TIME", Kind.TIME), ("NUMERIC", Kind.NUMERIC),
        ("DECIMAL", Kind.NUMERIC),
    ):  # fmt: skip
        if part in name:
            return kind
    return Kind.OTHER
