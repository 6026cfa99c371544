"""MariaDB and MySQL through PyMySQL: connections, transactions, their catalogue, their errors."""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from edm.errors import ODataError
from edm.query import Query
from erp_adapters import sql_casing_mysql
from erp_adapters.base import Busy, ContractBroken, Locked, Session, TimedOut
from erp_adapters.dialects_mysql import MARIADB, MYSQL
from erp_adapters.sql_driver import (
    PAGE_ROWS,
    Driver,
    SqlOptions,
    needs,
    no_result,
    original,
    out_of_range,
    streamed,
    too_large,
)
from erp_adapters.sql_source import AnyCase, Source, split
from erp_adapters.sql_values import ColumnFacts, Kind

#: The mode of every connection, whatever the server's is: names in backticks, no blanks added, numbers with a sign.
_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_UNSIGNED_SUBTRACTION"
#: Of every connection's session. Texts are sorted by more of their bytes than by 1,024.
_SESSION = {
    "time_zone": "'+00:00'",
    "lock_wait_timeout": "2",
    "innodb_lock_wait_timeout": "2",
    "max_sort_length": "4096",
}
#: What only MariaDB has: lists stay lists, and nobody waits for a reader who went away within a transaction.
_MARIADB_SESSION = {"in_predicate_conversion_threshold": "0", "idle_transaction_timeout": "30"}
#: Characters of a text of which all bytes are sorted by.
_SORTED = 1_000
#: Where the statement timeout that a connection has is noted.
_LIMIT = "erp_odata_limit"

#: How long a statement may take, and in which unit: on MySQL and on MariaDB.
_LIMITS: Mapping[bool, tuple[str, Callable[[float], float]]] = {
    False: ("SET SESSION max_execution_time = %s", lambda seconds: max(1, int(seconds * 1_000))),
    True: ("SET SESSION max_statement_time = %s", lambda seconds: round(seconds, 3)),
}

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), Kind.INTEGER),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"), Kind.TEXT),
    **dict.fromkeys(("float", "double"), Kind.FLOAT),
    "decimal": Kind.NUMERIC,
    "date": Kind.DATE,
    "datetime": Kind.TIMESTAMP,
    "timestamp": Kind.TIMESTAMP,
    "time": Kind.TIME,
}
_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "year": 16, "float": 32}

_COLUMNS = """
SELECT table_name AS t, column_name AS c, data_type AS k, column_type AS d, is_nullable AS n, character_set_name AS s,
       collation_name AS o, character_maximum_length AS l, numeric_precision AS p, numeric_scale AS f
FROM information_schema.columns
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name IN :names
"""

_BUSY = (1040, 1203, 1226)  # too many connections, of all or of the user
_LOCKED = (1205, 1213, 1020, 1412, 3572)  # lock wait, deadlock, changed since the snapshot, table altered meanwhile
_TIMED_OUT = (1317, 1969, 3024)  # interrupted, max_statement_time, max_execution_time
#: The statement names what the database does not have, or may not show.
_CONTRACT = (1054, 1109, 1142, 1143, 1146, 1356)
#: A number beyond its type.
_NO_RESULT = (1264, 1365, 1690)
#: A literal that no column of its type could hold.
_OUT_OF_RANGE = (1292, 1411, 1525)
#: Packet, parser, joins, nesting, sort memory, rows that a SELECT may examine.
_TOO_LARGE = (1104, 1116, 1119, 1153, 1436, 1473, 1038, 3170)
#: A statement that is wrong in itself: a bug of ours.
_OURS = (1064, 1149, 1210, 1222, 1241, 1242, 1253, 1267, 1270, 1271, 1273, 1305, 1318, 1582)

#: The code of a type in the protocol.
_BIT = 16


class MySQLDriver(Driver):
    """MariaDB and MySQL: which of the two, the server tells."""

    schemes = ("mysql+pymysql", "mysql", "mariadb", "mariadb+pymysql")

    def url(self, given: URL) -> URL:
        needs("pymysql", "mysql")
        return super().url(given)

    def engine(self, url: URL, options: SqlOptions) -> Engine:
        arguments = {
            "charset": "utf8mb4",
            "connect_timeout": max(1, int(options.connect_timeout)),
            # Later than the server's own limits: for a network that swallows everything.
            "read_timeout": int(options.statement_timeout) + 5,
            "write_timeout": int(options.statement_timeout) + 5,
            "program_name": "erp-odata",
            "sql_mode": _MODE,  # here, because SQLAlchemy looks at it before anybody else can
            "conv": _conversions(),
        }
        engine = create_engine(
            url,
            pool_pre_ping=True,
            connect_args=arguments,
            isolation_level="AUTOCOMMIT",  # no round trips for BEGIN and ROLLBACK; transactions are opened below
            skip_autocommit_rollback=True,
            **options.pool(),
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, record: Any) -> None:
            record.info[_LIMIT] = options.statement_timeout
            with connection.cursor() as cursor:
                for statement in _session(_is_mariadb(connection)):
                    cursor.execute(statement)
                statement, unit = _LIMITS[_is_mariadb(connection)]
                cursor.execute(statement, (unit(options.statement_timeout),))

        return engine

    @contextmanager
    def transaction(
        self, connection: Connection, options: SqlOptions, session: Session, query: Query | None
    ) -> Iterator[None]:
        driver: Any = connection.connection.driver_connection
        limit = max(0.001, session.remaining()) if options.hurried(session) else options.statement_timeout
        if limit != connection.info.get(_LIMIT):
            connection.info[_LIMIT] = limit
            statement, unit = _LIMITS[_is_mariadb(driver)]
            connection.exec_driver_sql(statement, (unit(limit),))
        began = query is not None and query.count
        if began:
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        if streamed(query):
            connection.execution_options(stream_results=True, max_row_buffer=PAGE_ROWS)
        try:
            yield
        finally:
            if not driver.open or _unread(driver):
                connection.invalidate()  # the rest of the rows would have to be read before anything else
            elif began:
                connection.exec_driver_sql("ROLLBACK")

    def cut(self, connection: Any) -> None:
        if connection._sock is not None:
            with suppress(OSError):
                connection._sock.shutdown(socket.SHUT_RDWR)

    def look(self, connection: Connection, tables: Iterable[str]) -> Source:
        driver: Any = connection.connection.driver_connection
        dialect = MARIADB if _is_mariadb(driver) else MYSQL
        casing = sql_casing_mysql.look(connection, dialect.code_points)
        return Source(replace(dialect, casing=casing), _columns(connection, tables, dialect.code_points))

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        found = original(error)
        if not type(found).__module__.startswith("pymysql"):
            return None
        detail, code = str(error), found.args[0] if found.args else 0
        if code in _OURS:
            raise error
        return _meaning(code, detail, entity_set)


def _meaning(code: Any, detail: str, entity_set: str) -> ODataError | None:
    if code in _CONTRACT:
        return ContractBroken(entity_set, detail)
    if code in _NO_RESULT:
        return no_result()
    for codes, error in ((_BUSY, Busy), (_LOCKED, Locked), (_TIMED_OUT, TimedOut)):
        if code in codes:
            return error(detail)
    if code in _TOO_LARGE:
        return too_large()
    return out_of_range() if code in _OUT_OF_RANGE else None


# --- sessions ---------------------------------------------------------------------------------------------------------


def _is_mariadb(connection: Any) -> bool:
    return "mariadb" in connection.get_server_info().lower()


def _session(mariadb: bool) -> Iterator[str]:
    dialect = MARIADB if mariadb else MYSQL
    settings = {**_SESSION, "collation_connection": dialect.code_points, **(_MARIADB_SESSION if mariadb else {})}
    yield f"SET SESSION {', '.join(f'{name} = {value}' for name, value in settings.items())}"
    yield "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def _unread(driver: Any) -> bool:
    """Whether the connection is in the middle of rows that are fetched as they are read."""
    return driver._result is not None and bool(driver._result.unbuffered_active)


def _conversions() -> dict[Any, Any]:
    """How values are written and read where PyMySQL does otherwise: decimals never as floats, bits as numbers."""
    from pymysql.converters import conversions

    return {**conversions, Decimal: _decimal, _BIT: _bits}


def _decimal(value: Decimal, mapping: Mapping[Any, Any] | None = None) -> str:
    return format(value, "f")


def _bits(value: bytes) -> int:
    return int.from_bytes(value, "big")


# --- the catalogue ----------------------------------------------------------------------------------------------------


def _columns(connection: Connection, tables: Iterable[str], code_points: str) -> dict[str, AnyCase[ColumnFacts]]:
    named = {table: split(table) for table in tables}
    found: dict[tuple[str | None, str], AnyCase[ColumnFacts]] = {}
    query = text(_COLUMNS).bindparams(bindparam("names", expanding=True))
    for schema in dict.fromkeys(schema for schema, _ in named.values()):
        names = sorted(name for of, name in named.values() if of == schema)
        for row in connection.execute(query, {"schema": schema, "names": names}).mappings():
            facts = found.setdefault((schema, row["t"].lower()), AnyCase())
            facts[row["c"]] = _facts(row, code_points)
    return {table: found.get((schema, name.lower()), AnyCase()) for table, (schema, name) in named.items()}


def _facts(row: Mapping[Any, Any], code_points: str) -> ColumnFacts:
    kind = _KINDS.get(row["k"].lower(), Kind.OTHER)
    bits = _BITS.get(row["k"].lower(), 64)
    if kind is Kind.INTEGER and "unsigned" in row["d"].lower():
        bits += 1
    if bits > 64:
        kind = Kind.NUMERIC  # beyond 64 bits with a sign
    if row["k"].lower() == "uuid":  # of MariaDB: compared as its text is
        return ColumnFacts(Kind.TEXT, row["n"] == "NO", "other", charset="ascii")
    collation = row["o"] or ""
    by_code_point = row["s"] == "utf8mb4" and collation == code_points
    return ColumnFacts(
        kind,
        row["n"] == "NO",
        "other" if kind is Kind.TEXT and not by_code_point else "C",
        bits,
        charset=row["s"] or "",
        named=collation,
        pads="nopad" not in collation and "_0900_" not in collation and collation != "binary",
        digits=_digits(row),
        long=kind is Kind.TEXT and (row["l"] or 0) > _SORTED,
    )


def _digits(row: Mapping[Any, Any]) -> tuple[int, int] | None:
    return (int(row["p"]), int(row["f"] or 0)) if row["k"].lower() == "decimal" else None
