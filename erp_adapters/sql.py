"""The SQL adapter: databases through SQLAlchemy Core, parameters only, read-only.

Here is how a query is read from a pool of connections. How it becomes a statement is in ``sql_statement``; how one
database differs from the others is in its driver (see ``sql_driver``).
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Engine, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from edm.capabilities import Capabilities
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters import sql_doctor
from erp_adapters.base import (
    DEFAULT_SOURCE,
    Busy,
    ContractBroken,
    Examined,
    Finding,
    Page,
    Session,
    SourceError,
    TimedOut,
    Unavailable,
    source_of,
)
from erp_adapters.sql_code_tables import Looked, loaded
from erp_adapters.sql_decode import rows
from erp_adapters.sql_direct import Direct, Raw
from erp_adapters.sql_driver import ONE_FETCH, PAGE_ROWS, Driver, SqlOptions
from erp_adapters.sql_drivers import driver_of, driver_url
from erp_adapters.sql_lacks import lacking
from erp_adapters.sql_mapping import SetMapping, parse
from erp_adapters.sql_session import begun
from erp_adapters.sql_statement import Statements
from erp_adapters.sql_text import Asked, Prepared
from erp_adapters.watch import WATCH

_T = TypeVar("_T")


def connect(
    url: str,
    metadata: ServiceMetadata,
    *,
    pool_size: int = 5,
    pool_wait: float = 2.0,
    statement_timeout: float = 25.0,
    session: Sequence[str] = (),
    source: str = DEFAULT_SOURCE,
) -> "SqlAdapter":
    """An adapter for the database at ``url``, with the sets whose catalog names that ``source``. Opens no connection
    yet, so it may be made before a fork.
    """
    options = SqlOptions(pool_size, pool_wait, statement_timeout, session=tuple(session))
    return SqlAdapter(driver_url(url), metadata, options, source)


@dataclass(slots=True)
class SqlAdapter:
    """Answers from one database."""

    url: URL
    metadata: ServiceMetadata
    options: SqlOptions = field(default_factory=SqlOptions)
    source: str = DEFAULT_SOURCE
    _driver: Driver = field(init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _engine: Engine | None = None
    _direct: Direct | None = None
    _process: int = 0
    _statements: Statements | None = None
    _looked: Looked | None = None
    _mappings: dict[str, SetMapping] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._driver = driver_of(self.url)
        for entity_set in self._own(self.metadata):
            mapping, _ = parse(entity_set)
            if mapping is not None:
                self._mappings[entity_set.name] = mapping

    def _own(self, metadata: ServiceMetadata) -> list[EntitySet]:
        """The sets whose rows are in this database."""
        return [entity_set for entity_set in metadata.sets if source_of(entity_set) == self.source]

    # --- the adapter --------------------------------------------------------------------------------------------

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        statements = self.statements()
        if self._broken(entity_set) is not None:
            self._statements = self._looked = None  # what was missing may be there by now
            statements = self.statements()
            broken = self._broken(entity_set)
            if broken is not None:
                raise ContractBroken(entity_set.name, broken)
        return statements.capabilities(entity_set)

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        asked = self.statements().statement(query)
        if self._direct is not None and query.top is not None and not self.options.hurried(session):
            yield self._at_once(self._direct, asked, query, session)
            return
        pages, first = _on_a_live_one(lambda: _begun(self._paged(asked, query, session)))
        with closing(pages):
            if first is not None:
                yield first
                yield from pages

    def _paged(self, asked: Asked, query: Query, session: Session) -> Generator[Page]:
        with self._connection(query.entity_set, session, query, session.timings) as connection:
            count = None
            if asked.statement.count is not None:
                count = self._execute(connection, asked.statement.count, asked, session).scalar_one()
            if query.top == 0:
                yield Page((), count)
                return
            yield from self._pages(connection, asked, query, session, count)

    def explain(self, query: Query) -> str:
        """The SQL of the query with its parameters."""
        asked = self.statements().statement(query)
        at_once = self._direct is not None and bool(query.top)
        return asked.explain(self.engine().dialect, at_once=at_once)

    def ping(self, session: Session) -> None:
        """Raises ``SourceError`` if the database does not answer."""
        _on_a_live_one(lambda: self._ping(session))

    def _ping(self, session: Session) -> None:
        with self._connection("", session, None, session.timings) as connection:
            connection.exec_driver_sql(self._driver.alive)

    def faults(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """What is wrong with the form of the ``[sql]`` sections; no database is asked."""
        for entity_set in self._own(metadata):
            yield from ((entity_set.name, f"sql.{key}", message) for key, message in parse(entity_set)[1])

    def lacks(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """Tables and columns that the ``[sql]`` sections name and the database does not have, each once per set."""
        try:
            inspector = inspect(self.engine())
            mappings = {entity_set.name: parse(entity_set)[0] for entity_set in self._own(metadata)}
            known = {name: mapping for name, mapping in mappings.items() if mapping is not None}
            source = self._look(self.engine(), known).source
            for name, mapping in known.items():
                yield from ((name, f"sql.{key}", message) for key, message in lacking(mapping, source, inspector))
        except PoolTimeout as error:
            raise Busy(str(error)) from None
        except SQLAlchemyError as error:
            raise self._driver.translate(error, "") from error

    def describe(self, session: Session) -> str:
        """Product, version and place of the database."""
        return sql_doctor.describe(self, session)

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        """What a check of ``doctor`` finds; ``None`` if it is none for databases."""
        return sql_doctor.diagnose(self, check, examined)

    def prepare(self) -> None:
        """Asks the database about its tables now, and leaves no connection open: processes that are forked off later
        know them, also while the database is away. Raises ``SourceError``.
        """
        try:
            self.statements()
        finally:
            self.close()

    def close(self) -> None:
        """Closes the pool."""
        with self._lock:
            if self._engine is not None and self._process == os.getpid():
                self._engine.dispose()
            self._engine = self._statements = None

    # --- reading ------------------------------------------------------------------------------------------------

    def _at_once(self, direct: Direct, asked: Asked, query: Query, session: Session) -> Page:
        """All rows, and the count if it was asked for, by one statement."""
        statement, count = asked.statement, None
        raw: Sequence[Raw] = ()
        with self._told(query.entity_set, session):
            if query.top:
                raw = self._fetched(direct, statement.both or statement.rows, asked, session)
            if statement.count is not None:
                count = raw[0][-1] if raw else 0
                if not raw and (query.skip or not query.top):
                    count = self._fetched(direct, statement.count, asked, session)[0][0]
            session.timings.rows_read += len(raw)
            return Page(rows(query.entity_set, statement.outputs, raw), count)

    def _fetched(self, direct: Direct, prepared: Prepared, asked: Asked, session: Session) -> Sequence[Raw]:
        if session.remaining() <= 0:
            raise TimedOut("deadline passed before a connection was taken")
        started = time.perf_counter()
        try:
            return direct.fetch(prepared, asked.values, session)
        finally:
            session.timings.erp_seconds += time.perf_counter() - started
            session.timings.erp_calls += 1

    def _pages(
        self, connection: Connection, asked: Asked, query: Query, session: Session, count: int | None
    ) -> Iterator[Page]:
        result = self._execute(connection, asked.statement.rows, asked, session)
        with closing(result):
            while True:
                started = time.perf_counter()
                whole = query.top is not None and query.top <= ONE_FETCH
                raw = result.fetchall() if whole else result.fetchmany(PAGE_ROWS)
                session.timings.erp_seconds += time.perf_counter() - started
                session.timings.rows_read += len(raw)
                if raw or count is not None or whole:
                    yield Page(rows(query.entity_set, asked.statement.outputs, raw), count)
                    count = None
                if whole or len(raw) < PAGE_ROWS:
                    return

    def _execute(self, connection: Connection, prepared: Prepared, asked: Asked, session: Session) -> CursorResult[Any]:
        started = time.perf_counter()
        try:
            return connection.execute(prepared.select, prepared.parameters(connection.dialect, asked.values))
        finally:
            session.timings.erp_seconds += time.perf_counter() - started
            session.timings.erp_calls += 1

    @contextmanager
    def _connection(self, entity_set: str, session: Session, query: Query | None, timings: Any) -> Iterator[Connection]:
        """A connection in a read-only transaction, or none where one statement is all; errors in our words."""
        if session.remaining() <= 0:
            raise TimedOut("deadline passed before a connection was taken")
        started = time.perf_counter()
        with self._told(entity_set, session), self.engine().connect() as connection:
            timings.erp_seconds += time.perf_counter() - started
            waited_for = connection.connection.driver_connection
            with (
                WATCH.over(session.deadline, partial(self._driver.cut, waited_for)),
                self._driver.transaction(connection, self.options, session, query),
            ):
                yield connection

    @contextmanager
    def _told(self, entity_set: str, session: Session) -> Iterator[None]:
        """Errors of the database in our words."""
        try:
            yield
        except SourceError:
            raise
        except PoolTimeout as error:
            raise Busy(str(error)) from None
        except SQLAlchemyError as error:
            failure = self._driver.translate(error, entity_set)
            if isinstance(failure, Unavailable) and session.remaining() <= 0:
                failure = TimedOut(f"the connection was cut at the deadline: {failure.detail}")
            if isinstance(failure, ContractBroken):
                self._statements = self._looked = None  # its tables may have changed: they are looked at again
            raise failure from error

    def _broken(self, entity_set: EntitySet) -> str | None:
        """What a set lacks that was looked for before any query."""
        return None if self._looked is None else self._looked.broken.get(entity_set.name)

    # --- the engine ---------------------------------------------------------------------------------------------

    def engine(self) -> Engine:
        """The engine of this process, made on first use."""
        if self._engine is None or self._process != os.getpid():
            with self._lock:
                if self._engine is None or self._process != os.getpid():
                    self._engine = begun(self._driver.engine(self.url, self.options), self.options.session)
                    self._direct = self._driver.direct(self._engine)
                    self._process, self._statements = os.getpid(), None
        return self._engine

    @property
    def driver(self) -> Driver:
        """What kind of database it is."""
        return self._driver

    @property
    def mappings(self) -> Mapping[str, SetMapping]:
        """Where the rows of its sets come from."""
        return self._mappings

    def connection(self, session: Session) -> AbstractContextManager[Connection]:
        """A connection for questions that are no queries."""
        return self._connection("", session, None, session.timings)

    def statements(self) -> Statements:
        """What makes statements, once the database was asked about its tables."""
        engine = self.engine()
        found = self._statements
        if found is None:
            looked = self._looked = self._looked or self._look(engine, self._mappings)
            found = self._statements = Statements(self.metadata, looked.mappings, looked.source)
        return found

    def _look(self, engine: Engine, mappings: Mapping[str, SetMapping]) -> Looked:
        tables = sorted({table for mapping in mappings.values() for table in mapping.tables()})
        try:
            with engine.connect() as connection:
                return loaded(mappings, connection, self._driver.look(connection, tables))
        except PoolTimeout as error:
            raise Busy(str(error)) from None
        except SQLAlchemyError as error:
            raise self._driver.translate(error, "") from error


def _on_a_live_one(ask: Callable[[], _T]) -> _T:
    """What ``ask`` gives; once more if its connection had died while nobody looked, which SQLAlchemy notices with the
    first statement. Nothing but reading is asked.
    """
    try:
        return ask()
    except Unavailable as error:
        cause = error.__cause__
        if not (isinstance(cause, DBAPIError) and cause.connection_invalidated):
            raise
    return ask()


def _begun(pages: Generator[Page]) -> tuple[Generator[Page], Page | None]:
    """The pages after the first, and that."""
    return pages, next(pages, None)
