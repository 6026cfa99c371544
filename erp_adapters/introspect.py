"""Facts about a database: its tables with columns, keys, comments and row counts, through SQLAlchemy's inspector.

Facts only: nothing here knows what an invoice is. The values of rows are looked at in ``introspect_sample``, what all
of it means is guessed in ``proposal``. Everything reads, with the engine and the time limits of the SQL adapter.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine, Inspector, inspect, text
from sqlalchemy import types as sa
from sqlalchemy.engine.reflection import ObjectKind
from sqlalchemy.exc import SQLAlchemyError

from edm.model import ServiceMetadata
from erp_adapters.base import SourceError, Unavailable
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_driver import SqlOptions
from erp_adapters.sql_drivers import driver_of, driver_url

#: Schemas in which databases keep what is theirs.
SYSTEM_SCHEMAS = frozenset({
    "information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys", "guest", "INFORMATION_SCHEMA",
    "db_owner", "db_accessadmin", "db_securityadmin", "db_ddladmin", "db_backupoperator", "db_datareader",
    "db_datawriter", "db_denydatareader", "db_denydatawriter",
})  # fmt: skip

#: Reports progress: what is done now, how many steps of how many.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the database declares it. ``kind`` is one of ``KINDS``; ``length`` is that of a text."""

    name: str
    kind: str
    nullable: bool = True
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    bits: int = 64
    choices: tuple[str, ...] = ()
    comment: str = ""


KINDS = (
    "text", "char", "integer", "numeric", "float", "boolean", "date", "timestamp", "timestamptz", "time", "uuid",
    "binary", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Own columns that hold the values of another table's."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view. ``name`` is what a catalog writes, with the schema where that is not the usual one. ``rows`` is
    an estimate where the database keeps one; ``None``: not known.
    """

    name: str
    schema: str | None
    bare: str
    columns: Mapping[str, Column]
    view: bool = False
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexed: frozenset[str] = frozenset()
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str = ""
    rows: int | None = None


@dataclass(slots=True)
class Database:
    """What was found, and an engine to look further."""

    engine: Engine
    dialect: str
    said: Callable[[SQLAlchemyError], Exception]
    tables: dict[str, Table] = field(default_factory=dict)
    #: Names of tables that were not read, because there were too many and their names said nothing.
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened(url: str, seconds: float = 20.0) -> Iterator[Database]:
    """The database, read-only. Raises ``SourceError`` if it cannot be reached, ``ValueError`` for a wrong URL."""
    address = driver_url(url)

    def said(error: SQLAlchemyError) -> Exception:
        try:
            return driver_of(address).translate(error, "")
        except SQLAlchemyError:  # a fault of ours, to the driver
            return error

    options = SqlOptions(pool_size=1, statement_timeout=seconds)
    adapter = SqlAdapter(address, ServiceMetadata("ErpOData", "1.0.0", ()), options)
    try:
        with _told(said):
            engine = adapter.engine()
            with engine.connect() as connection:
                connection.execute(text("SELECT 1 FROM dual" if engine.dialect.name == "oracle" else "SELECT 1"))
        yield Database(engine, engine.dialect.name, said)
    finally:
        adapter.close()


@contextmanager
def _told(said: Callable[[SQLAlchemyError], Exception]) -> Iterator[None]:
    """Errors of the database in our words."""
    try:
        yield
    except SourceError:
        raise
    except SQLAlchemyError as error:
        found = said(error)
        raise found if isinstance(found, SourceError) else Unavailable(str(error)) from error


def read(
    database: Database,
    schemas: Iterable[str] = (),
    wanted: Callable[[str], bool] = lambda name: True,
    most: int = 1_500,
    progress: Progress = lambda what, done, total: None,
    also: Iterable[str] = (),
) -> Database:
    """Fills in the tables of ``schemas``, or of the usual one, and of the schemas ``also``. Of more than ``most``
    tables those that are ``wanted`` by name are read.
    """
    with _told(database.said), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of column types that the driver does not know
        inspector = inspect(database.engine)
        usual = inspector.default_schema_name
        there = set(inspector.get_schema_names())
        taken = _schemas(database, inspector, tuple(schemas), usual, wanted)
        for schema in dict.fromkeys((*taken, *(name for name in also if name in there))):
            found = _names(inspector, schema)
            names = list(found)
            if len(names) > most:
                kept = [name for name in names if wanted(name)]
                database.skipped += sorted(set(names) - set(kept))
                names = kept
            prefix = None if schema == usual else schema
            read_ = _read_schema(inspector, schema, names, progress)
            for table in read_:
                named = table.bare if prefix is None else f"{prefix}.{table.bare}"
                keys = tuple(_renamed(key, prefix, usual) for key in table.foreign_keys)
                view = found[table.bare]
                database.tables[named] = replace(table, name=named, schema=prefix, view=view, foreign_keys=keys)
        _count(database, progress)
    return database


#: Schemas beside the usual one whose names of tables are looked at.
SCHEMAS_MOST = 40


def _schemas(
    database: Database, inspector: Inspector, asked: tuple[str, ...], usual: str | None, wanted: Callable[[str], bool]
) -> list[str | None]:
    """The schemas that were asked for; else the usual one, or all, if only others have tables that are wanted."""
    if asked:
        return [None if name == usual else name for name in asked]
    known = [name for name in inspector.get_schema_names() if name not in SYSTEM_SCHEMAS and name != usual]
    others = [name for name in known if not name.startswith("pg_")][:SCHEMAS_MOST]
    if not (ours := _names(inspector, usual)):
        return list(others)
    promising = {name: sum(map(wanted, _names(inspector, name))) for name in others}
    promising = {name: count for name, count in promising.items() if count}
    if promising and not any(map(wanted, ours)):
        database.notes.append(f"looked into the schemas {', '.join(promising)}; --schema NAME takes some of them")
        return [usual, *promising]
    for name, count in promising.items():
        tables = "a table" if count == 1 else f"{count} tables"
        database.notes.append(f"the schema {name} was not looked into, and has {tables} of promising names: --schema")
    return [usual]


def _names(inspector: Inspector, schema: str | None) -> dict[str, bool]:
    """Names of tables and views -> whether it is a view."""
    found = dict.fromkeys(inspector.get_table_names(schema), False)
    for ask in ("get_view_names", "get_materialized_view_names"):
        try:
            found.update(dict.fromkeys(getattr(inspector, ask)(schema), True))
        except NotImplementedError:
            continue
    return {name: view for name, view in found.items() if not name.startswith(("sqlite_", "pg_stat"))}


def _renamed(key: ForeignKey, prefix: str | None, usual: str | None) -> ForeignKey:
    schema, _, name = key.table.rpartition("\0")
    schema = schema or (prefix or "")
    return replace(key, table=f"{schema}.{name}" if schema and schema != usual else name)


def _read_schema(inspector: Inspector, schema: str | None, names: list[str], progress: Progress) -> Iterator[Table]:
    """In portions, so that progress shows: databases answer for many tables at once."""
    step = 200
    for start in range(0, len(names), step):
        some = names[start : start + step]
        progress("reading tables", start, len(names))
        yield from _read_some(inspector, schema, some)
    progress("reading tables", len(names), len(names))


def _read_some(inspector: Inspector, schema: str | None, names: list[str]) -> Iterator[Table]:
    options: dict[str, Any] = {"schema": schema, "filter_names": names, "kind": ObjectKind.ANY}
    columns = _multi(inspector.get_multi_columns, options)
    keys = _multi(inspector.get_multi_pk_constraint, options)
    indexes = _multi(inspector.get_multi_indexes, options)
    uniques = _multi(inspector.get_multi_unique_constraints, options)
    foreign = _multi(inspector.get_multi_foreign_keys, options)
    comments = _multi(inspector.get_multi_table_comment, options)
    for name in names:
        if not columns.get(name):
            continue
        ours = {c["name"]: _column(c) for c in columns[name]}
        groups = [tuple(i["column_names"]) for i in indexes.get(name) or () if i.get("unique") and _whole(i)]
        groups += [tuple(u["column_names"]) for u in uniques.get(name) or ()]
        yield Table(
            name, schema, name, ours,
            primary_key=tuple((keys.get(name) or {}).get("constrained_columns") or ()),
            unique=tuple(dict.fromkeys(g for g in groups if None not in g)),
            indexed=frozenset(i["column_names"][0] for i in indexes.get(name) or () if _leads(i)),
            foreign_keys=tuple(_foreign_key(key) for key in foreign.get(name) or ()),
            comment=((comments.get(name) or {}).get("text") or "").strip(),
        )  # fmt: skip


def _multi(ask: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Answers by name of the table; none where the database does not know such a thing."""
    try:
        return {key[1]: value for key, value in ask(**options).items()}
    except NotImplementedError:
        return {}


def _whole(index: Mapping[str, Any]) -> bool:
    """Unique over all rows: an index over expressions or some rows proves nothing."""
    options = index.get("dialect_options") or {}
    partial = any(name.endswith("_where") and value is not None for name, value in options.items())
    return not partial and not index.get("expressions") and None not in index["column_names"]


def _leads(index: Mapping[str, Any]) -> bool:
    return bool(index["column_names"]) and index["column_names"][0] is not None


def _foreign_key(key: Mapping[str, Any]) -> ForeignKey:
    schema = key.get("referred_schema") or ""
    return ForeignKey(
        tuple(key["constrained_columns"]), f"{schema}\0{key['referred_table']}", tuple(key["referred_columns"])
    )


def _column(found: Mapping[str, Any]) -> Column:
    kind = found["type"]
    name, comment = found["name"], (found.get("comment") or "").strip()
    base = Column(name, _kind(kind), bool(found.get("nullable", True)), comment=comment)
    if isinstance(kind, sa.Enum):
        choices = tuple(map(str, kind.enums))
        return replace(base, choices=choices, length=max(map(len, choices), default=1))
    if isinstance(kind, sa.String):
        return replace(base, length=kind.length)
    if isinstance(kind, sa.Integer):
        return replace(base, bits=16 if isinstance(kind, sa.SmallInteger) else 64 if _wide(kind) else 32)
    if isinstance(kind, sa.Numeric) and base.kind != "float":
        return replace(base, precision=kind.precision, scale=kind.scale)
    return base


def _wide(kind: Any) -> bool:
    """SQLite's INTEGER has 64 bits whatever it is called."""
    return isinstance(kind, sa.BigInteger) or type(kind).__module__.startswith("sqlalchemy.dialects.sqlite")


_KINDS: tuple[tuple[type, str], ...] = (
    (sa.Boolean, "boolean"), (sa.Integer, "integer"), (sa.Float, "float"), (sa.Numeric, "numeric"),
    (sa.DateTime, "timestamp"), (sa.Date, "date"), (sa.Time, "time"), (sa.Uuid, "uuid"), (sa.LargeBinary, "binary"),
    (sa._Binary, "binary"), (sa.CHAR, "char"), (sa.NCHAR, "char"), (sa.JSON, "other"), (sa.Enum, "text"),
    (sa.String, "text"),
)  # fmt: skip


def _kind(kind: Any) -> str:
    if getattr(kind, "__visit_name__", "") in ("BIT", "bit"):
        return "boolean"
    found = next((name for base, name in _KINDS if isinstance(kind, base)), "other")
    return "timestamptz" if found == "timestamp" and getattr(kind, "timezone", False) else found


# How many rows: what the database's statistics say, and a bounded count where they say nothing

COUNTED = 10_000

_ESTIMATES = {
    "postgresql": """
        SELECT n.nspname, c.relname, c.reltuples FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm') AND c.reltuples >= 0""",
    "mysql": "SELECT table_schema, table_name, table_rows FROM information_schema.tables WHERE table_rows IS NOT NULL",
    "mssql": """
        SELECT s.name, t.name, SUM(p.rows) FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id
        JOIN sys.partitions p ON p.object_id = t.object_id AND p.index_id IN (0, 1) GROUP BY s.name, t.name""",
    "oracle": "SELECT owner, table_name, num_rows FROM all_tables WHERE num_rows IS NOT NULL",
}


def _count(database: Database, progress: Progress) -> None:
    estimates = _estimates(database)
    usual = inspect(database.engine).default_schema_name
    for name, table in database.tables.items():
        rows = estimates.get((table.schema or usual or "", table.bare))
        if rows is not None and rows > 0:
            database.tables[name] = replace(table, rows=rows)


def _estimates(database: Database) -> dict[tuple[str, str], int]:
    dialect = "mysql" if database.dialect == "mariadb" else database.dialect
    if dialect not in _ESTIMATES:
        return {}
    try:
        with database.engine.connect() as connection:
            rows = _statement(connection, dialect)
            return {(schema, name): int(count) for schema, name, count in rows}
    except SQLAlchemyError:
        return {}  # statistics are a convenience; the role may not see them


def _statement(connection: Connection, dialect: str) -> list[Any]:
    return list(connection.execute(text(_ESTIMATES[dialect])))
