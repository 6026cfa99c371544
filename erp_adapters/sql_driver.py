"""What the adapter asks of one database beyond its SQL: how it is reached, how a transaction is opened and bounded in
time, what it says of its columns, and what its errors mean.

A database is a ``Driver`` in a module of its own (``sql_driver_*``), which ``sql_drivers`` lists, and a ``Dialect``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from edm.errors import ODataError
from edm.query import Query
from erp_adapters.base import Session, Unavailable
from erp_adapters.sql_direct import Direct
from erp_adapters.sql_source import Source

#: Rows that are fetched at once when a query has no ``top``.
PAGE_ROWS = 1_000
#: A query that asks for no more is fetched in one go.
ONE_FETCH = 2_001
#: Seconds by which the connection's own statement timeout may be later than the request's deadline.
_TIMEOUT_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class SqlOptions:
    """Limits of the connections, in connections or seconds; the statements that each of them begins with."""

    pool_size: int = 5
    pool_wait: float = 2.0
    statement_timeout: float = 25.0
    connect_timeout: float = 3.0
    session: tuple[str, ...] = ()

    def pool(self) -> dict[str, Any]:
        """The arguments of an engine that no database sees."""
        return {
            "poolclass": QueuePool,
            "pool_size": self.pool_size,
            "max_overflow": 0,
            "pool_timeout": self.pool_wait,
        }

    def hurried(self, session: Session) -> bool:
        """Whether the request ends before the connection's own statement timeout does."""
        return session.remaining() < self.statement_timeout - _TIMEOUT_SLACK


def streamed(query: Query | None) -> bool:
    """Whether the rows are fetched as they are read, because they may be many."""
    return query is not None and (query.top is None or query.top > ONE_FETCH)


class Driver(ABC):
    """One kind of database."""

    #: Schemes of URLs that mean this database, the one of SQLAlchemy's driver first.
    schemes: tuple[str, ...]

    #: What a database that is there answers.
    alive = "SELECT 1"

    def url(self, given: URL) -> URL:
        """The URL for SQLAlchemy."""
        return given.set(drivername=self.schemes[0])

    @abstractmethod
    def engine(self, url: URL, options: SqlOptions) -> Engine:
        """An engine whose connections only read and end by themselves. Opens none yet."""

    @abstractmethod
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> AbstractContextManager[None]:
        """What a read needs around it: the deadline, one moment for rows and count, rows that are streamed."""

    def direct(self, engine: Engine) -> Direct | None:
        """The short way for single statements, if there is one."""
        return None

    def cut(self, connection: Any) -> None:
        """Ends the driver's ``connection`` that another thread waits for, at a deadline that the database has missed.
        Nothing where it keeps deadlines whatever happens."""
        return None

    @abstractmethod
    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        """Asks the database about the tables."""

    @abstractmethod
    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        """What an error means to a client; ``None`` for a database that is not there. An error that is a bug of ours is
        raised as it is."""

    def translate(self, error: SQLAlchemyError, entity_set: str) -> ODataError:
        """The error for the client. The database's own text goes to the log alone."""
        return self.meaning(error, entity_set) or Unavailable(str(error))


def needs(module: str, extra: str) -> None:
    """Says how to install a driver that is not there."""
    if find_spec(module) is None:
        raise ValueError(f"the driver {module} is not installed: pip install 'erp-odata[{extra}]'")


def no_result() -> ODataError:
    """A number that does not exist or does not fit."""
    return ODataError("arithmetic", "An operation of the query has no result within the range of its type.")


def too_large() -> ODataError:
    """A statement beyond a limit of the database."""
    return ODataError("limit_exceeded", "The query is too large for the ERP's database.")


def out_of_range() -> ODataError:
    """A value that the database has no room for."""
    return ODataError("value_out_of_range", "A value of the query cannot be compared by the ERP's database.")


def original(error: SQLAlchemyError) -> Any:
    """The driver's own error, if there is one."""
    return error.orig if isinstance(error, DBAPIError) else None
