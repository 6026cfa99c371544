"""What the checks of ``doctor`` on a database share: whom they ask, and the words of each kind of database."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import URL, ClauseElement, Connection, CursorResult, Engine, Executable, Select, func, literal, select
from sqlalchemy import table as sql_table
from sqlalchemy.ext.compiler import compiles

from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Examined, Finding, Page, Session
from erp_adapters.sql_driver import Driver, SqlOptions
from erp_adapters.sql_mapping import SetMapping
from erp_adapters.sql_source import split
from erp_adapters.sql_statement import Statements
from erp_adapters.sql_text import Asked

#: Rows that are looked at, or counted, where the database cannot tell at once.
BOUND = 100_000


class Database(Protocol):
    """What is asked of the adapter."""

    @property
    def url(self) -> URL: ...
    @property
    def options(self) -> SqlOptions: ...
    @property
    def driver(self) -> Driver: ...
    @property
    def mappings(self) -> Mapping[str, SetMapping]: ...

    def engine(self) -> Engine: ...
    def statements(self) -> Statements: ...
    def connection(self, session: Session) -> AbstractContextManager[Connection]: ...
    def read(self, query: Query, session: Session) -> Iterator[Page]: ...


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, or a view, which has no indexes of its own, and how many rows it has, if that is known."""

    view: bool
    rows: int | None


@dataclass(frozen=True, slots=True)
class Access:
    """How a statement would be run: the aliases whose rows no index finds, and whether they have to be sorted."""

    scanned: frozenset[str]
    sorted: bool


class Explained(Executable, ClauseElement):
    """A statement to be explained instead of run; each database says that in its own way."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


def explained(connection: Connection, asked: Asked) -> CursorResult[Any]:
    """How the database would run the statement for the rows."""
    rows = asked.statement.rows
    return connection.execute(Explained(rows.select), rows.parameters(connection.dialect, asked.values))


@compiles(Explained, "postgresql")
def _explained_by_postgresql(element: Explained, compiler: Any, **more: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + str(compiler.process(element.statement, **more))


@compiles(Explained, "sqlite")
def _explained_by_sqlite(element: Explained, compiler: Any, **more: Any) -> str:
    return "EXPLAIN QUERY PLAN " + str(compiler.process(element.statement, **more))


@compiles(Explained, "mysql")
def _explained_by_mysql(element: Explained, compiler: Any, **more: Any) -> str:
    return "EXPLAIN " + str(compiler.process(element.statement, **more))


class Words(ABC):
    """The questions in the words of one kind of database. A database that has no such thing finds nothing."""

    @abstractmethod
    def product(self, connection: Connection) -> str:
        """Name and version."""

    def version(self, connection: Connection) -> Iterator[Finding]:
        """Whether it is one that is known to work."""
        yield from ()

    def privileges(self, connection: Connection, tables: Sequence[str]) -> Iterator[Finding]:
        """What the role may do beyond reading the tables."""
        yield from ()

    def timeouts(self, connection: Connection, options: SqlOptions) -> Iterator[Finding]:
        """Whether the session has the limits that it was opened with."""
        yield from ()

    def endless(self) -> Select[Any] | None:
        """A statement that takes longer than anybody waits."""
        return None

    def pooler(self, connection: Connection) -> Iterator[Finding]:
        """Whether something between us and the database hands out sessions that are not ours alone."""
        yield from ()

    def connections(self, connection: Connection, needed: int) -> Iterator[Finding]:
        """Whether there is room for so many connections."""
        yield from ()

    def now(self, connection: Connection) -> datetime | None:
        """What time it is there, with a time zone; ``None`` if the clock is our own."""
        return None

    def encoding(self, connection: Connection) -> Iterator[Finding]:
        """Whether texts arrive as they were written, and in which order they stand."""
        yield from ()

    def size(self, connection: Connection, table: str) -> int:
        """Rows of a table, as many as it is worth to count."""
        known = self.relation(connection, table).rows
        if known is not None:
            return known
        schema, name = split(table)
        some = select(literal(1)).select_from(sql_table(name, schema=schema)).limit(BOUND).subquery()
        return int(connection.scalar(select(func.count()).select_from(some)) or 0)

    @abstractmethod
    def relation(self, connection: Connection, table: str) -> Relation:
        """What a name of the catalog stands for."""

    @abstractmethod
    def access(self, connection: Connection, asked: Asked) -> Access:
        """How the statement would be run, if indexes were used wherever they can be."""

    def index(self, name: str, table: str, parts: Sequence[str], *, unique: bool = False) -> str:
        """The statement that makes an index."""
        kind = "UNIQUE INDEX" if unique else "INDEX"
        return f"CREATE {kind} {quoted(name)} ON {quoted(table)} ({', '.join(parts)});"


def quoted(name: str) -> str:
    """A name as SQL has it; ``schema.table`` is two names."""
    return ".".join(quoted_column(part) for part in split(name) if part is not None)


def quoted_column(name: str) -> str:
    """The name of a column as SQL has it, dots and all."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Asking:
    """One check of one database."""

    database: Database
    words: Words
    examined: Examined

    @property
    def sets(self) -> Iterator[tuple[EntitySet, SetMapping]]:
        """The sets to look at, and where their rows come from."""
        for entity_set in self.examined.sets:
            mapping = self.database.mappings.get(entity_set.name)
            if mapping is not None:
                yield entity_set, mapping

    @property
    def tables(self) -> list[str]:
        return list(dict.fromkeys(table for _, mapping in self.sets for table in mapping.tables()))

    def connected(self, ask: Callable[[Connection], Iterable[Finding]]) -> Iterator[Finding]:
        """What is found over one connection."""
        with self.database.connection(self.examined.session) as connection:
            yield from ask(connection)


def index_name(table: str, names: Sequence[str]) -> str:
    """A name for an index that tells what it is of and who asked for it."""
    text = "_".join(["erp_odata", split(table)[1], *names])
    return "".join(c if c.isalnum() else "_" for c in text).lower()[:60]
