"""PostgreSQL through psycopg: connections, transactions, its catalogue, its errors."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, text
from sqlalchemy.exc import DataError, SQLAlchemyError

from edm.errors import ODataError
from edm.query import Query
from erp_adapters import sql_casing
from erp_adapters.base import Busy, ContractBroken, Locked, Session, SourceError, TimedOut
from erp_adapters.dialects_postgresql import POSTGRESQL, encoded
from erp_adapters.sql_direct import Direct
from erp_adapters.sql_direct_postgresql import PostgreSQLDirect, cut, watch
from erp_adapters.sql_driver import (
    PAGE_ROWS,
    Driver,
    SqlOptions,
    no_result,
    original,
    out_of_range,
    streamed,
    too_large,
)
from erp_adapters.sql_source import Source, split
from erp_adapters.sql_values import ColumnFacts, Kind

#: Of every connection's session.
_SESSION = {
    "default_transaction_read_only": "on",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
}

_KINDS = {
    "text": Kind.TEXT, "varchar": Kind.TEXT, "bpchar": Kind.CHAR, "int2": Kind.INTEGER, "int4": Kind.INTEGER,
    "int8": Kind.INTEGER, "numeric": Kind.NUMERIC, "float4": Kind.FLOAT, "float8": Kind.FLOAT, "bool": Kind.BOOLEAN,
    "date": Kind.DATE, "timestamp": Kind.TIMESTAMP, "timestamptz": Kind.TIMESTAMP_TZ, "time": Kind.TIME,
    "uuid": Kind.UUID,
}  # fmt: skip
_BITS = {"int2": 16, "int4": 32}

_COLUMNS = """
SELECT c.relname, n.nspname, pg_table_is_visible(c.oid), a.attname, t.typname, a.attnotnull, o.collname,
       o.collisdeterministic, CASE WHEN c.relkind <> 'f' THEN a.atttypmod ELSE -1 END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relname IN :names AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
"""
_IS_C = "SELECT datcollate IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database()"

#: SQLSTATE -> what it means.
_STATES: dict[str, Callable[[str], SourceError]] = {
    "57014": TimedOut,  # query_canceled: the statement timeout
    "55P03": Locked,  # lock_not_available
    "53300": Busy,  # too_many_connections
    "40001": Locked,  # serialization_failure
    "40P01": Locked,  # deadlock_detected
}
#: The statement names what the database does not have, or may not show.
_CONTRACT = ("42P01", "42703", "42883", "42804", "42501", "42846", "22P02", "22007", "22008", "22021")
#: SQLSTATE classes of a statement that is wrong in itself (syntax, cardinality, feature): a bug of ours.
_OURS = ("42", "21", "0A")


class PostgreSQLDriver(Driver):
    """PostgreSQL."""

    schemes = ("postgresql+psycopg", "postgresql", "postgres")

    def engine(self, url: URL, options: SqlOptions) -> Engine:
        settings = {**_SESSION, "statement_timeout": f"{int(options.statement_timeout * 1000)}"}
        arguments = {
            "connect_timeout": max(1, int(options.connect_timeout)),
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            "application_name": "erp-odata",
            "client_encoding": "utf8",  # else texts of a database that does not know their encoding are bytes
        }
        # On each connection: taking the option of a single use back would set the connection to READ WRITE.
        read_only = {"postgresql_readonly": True}
        engine = create_engine(url, connect_args=arguments, execution_options=read_only, **options.pool())
        watch(engine)
        return engine

    def direct(self, engine: Engine) -> Direct:
        return PostgreSQLDirect(engine)

    def cut(self, connection: Any) -> None:
        cut(connection)

    @contextmanager
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> Iterator[None]:
        hurried, many = options.hurried(session), streamed(query)
        if query is not None and query.count:
            connection.execution_options(isolation_level="REPEATABLE READ")
        elif not (hurried or many):
            connection.execution_options(isolation_level="AUTOCOMMIT")  # the session is read-only by default
        if hurried:
            limit = max(1, int(session.remaining() * 1000))
            connection.execute(text("SELECT set_config('statement_timeout', :limit, true)"), {"limit": str(limit)})
        if many:
            connection.execute(text("SELECT 1"))  # a cursor on a connection that died could not be closed
            connection.execution_options(stream_results=True, max_row_buffer=PAGE_ROWS)
        yield

    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        encoding = str(connection.scalar(text("SHOW server_encoding")))
        dialect = encoded(replace(POSTGRESQL, casing=sql_casing.look(connection)), encoding)
        return Source(dialect, _columns(connection, tables))

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        detail = str(error)
        state = getattr(original(error), "sqlstate", None)
        if state in _STATES:
            return _STATES[state](detail)
        if state in ("22003", "22012", "22023"):
            return no_result()
        if state is not None and state[:2] == "54":  # program_limit_exceeded
            return too_large()
        if state is not None and state not in _CONTRACT and state[:2] in _OURS:
            raise error
        if state in _CONTRACT:
            return ContractBroken(entity_set, detail)
        if isinstance(error, DataError) and state is None:
            return ContractBroken(entity_set, detail)  # the driver's: it has no Python value for a stored one
        return out_of_range() if isinstance(error, DataError) else None


def _columns(connection: Connection, tables: Iterable[str]) -> dict[str, dict[str, ColumnFacts]]:
    named = {table: split(table) for table in tables}
    names = sorted({name for _, name in named.values()})
    default_is_c = bool(connection.scalar(text(_IS_C)))
    found: dict[tuple[str, str], dict[str, ColumnFacts]] = {}
    visible: dict[str, str] = {}
    rows = connection.execute(text(_COLUMNS).bindparams(bindparam("names", expanding=True)), {"names": names})
    for table, schema, seen, column, kind, not_null, collation, deterministic, modifier in rows:
        if seen:
            visible[table] = schema
        known = ColumnFacts(
            _KINDS.get(kind, Kind.OTHER),
            not_null,
            _collation(collation, deterministic, default_is_c),
            _BITS.get(kind, 64),
            _digits(modifier) if kind == "numeric" else None,
        )
        found.setdefault((schema, table), {})[column] = known
    return {
        table: found.get((schema if schema is not None else visible.get(name, ""), name), {})
        for table, (schema, name) in named.items()
    }


def _digits(modifier: int) -> tuple[int, int] | None:
    """Precision and scale of NUMERIC(p,s), as the catalogue packs them. A scale can be negative, or none be told."""
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    return (precision, scale) if modifier >= 4 and scale <= precision else None


def _collation(name: str | None, deterministic: bool | None, default_is_c: bool) -> str:
    if name in ("C", "POSIX", "ucs_basic") or (name == "default" and default_is_c):
        return "C"
    return "other" if deterministic is False else "deterministic"
