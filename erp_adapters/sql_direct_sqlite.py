"""The short way to SQLite: one statement on a connection of the standard library, under SQLAlchemy's pool."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from erp_adapters.base import Session
from erp_adapters.sql_direct import Direct, Raw, wrapped
from erp_adapters.sql_text import Prepared

_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")


#: SQLite instructions between two looks at the clock.
_STEPS = 20_000


@contextmanager
def interrupted(connection: Any, session: Session) -> Iterator[None]:
    """Stops statements of the connection at the deadline."""
    deadline = session.deadline
    if deadline is not None:
        connection.set_progress_handler(lambda: monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


@dataclass(slots=True)
class SQLiteDirect(Direct):
    """Statements on connections of ``sqlite3``."""

    engine: Engine

    def fetch(self, prepared: Prepared, values: Sequence[Any], session: Session) -> list[Raw]:
        text = prepared.text(_DIALECT)
        try:
            connection = self.engine.raw_connection()
            try:
                driver: Any = connection.driver_connection
                with interrupted(driver, session):
                    rows: list[Raw] = driver.execute(text.sql, text.arguments(values)).fetchall()
                    return rows
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise wrapped(error, text.sql, self.engine) from error
