"""What ``doctor`` asks of PostgreSQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from erp_adapters.base import Finding, Level
from erp_adapters.sql_doctor_asking import Access, Relation, Words, explained, quoted
from erp_adapters.sql_driver import SqlOptions
from erp_adapters.sql_text import Asked

#: The oldest version that its makers and we still look after.
_OLDEST = 14
_ROLE = """
SELECT current_user, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolconnlimit
FROM pg_roles WHERE rolname = current_user
"""
_ATTRIBUTES = ("CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
_TABLE = """
SELECT pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
       has_table_privilege(c.oid, 'INSERT') AS "INSERT", has_table_privilege(c.oid, 'UPDATE') AS "UPDATE",
       has_table_privilege(c.oid, 'DELETE') AS "DELETE", has_table_privilege(c.oid, 'TRUNCATE') AS "TRUNCATE"
FROM pg_class c WHERE c.oid = to_regclass(:name)
"""
_WRITING = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
_RELATION = "SELECT relkind, reltuples FROM pg_class WHERE oid = to_regclass(:name)"
_SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('default_transaction_read_only', 'statement_timeout', 'lock_timeout',
               'idle_in_transaction_session_timeout')
"""
_ROOM = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS room,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS of_database,
       (SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name IS DISTINCT FROM 'erp-odata') AS others
"""
_COLLATION = """
SELECT d.datcollversion AS made, pg_database_collation_actual_version(d.oid) AS now
FROM pg_database d WHERE d.datname = current_database()
"""
_NEW_ROLE = (
    "CREATE ROLE erp_odata LOGIN PASSWORD '...' NOINHERIT; GRANT SELECT ON the tables of the catalog TO erp_odata"
    " (docs/running.md); then put that role into the URL."
)
#: Ways of a plan to do without an index.
_WITHOUT_INDEX = ("enable_seqscan", "enable_sort", "enable_hashjoin", "enable_mergejoin")
_DIRECT = "Connect to PostgreSQL itself, or let the pooler hand out sessions: pool_mode = session."


class PostgreSQLWords(Words):
    """PostgreSQL."""

    def product(self, connection: Connection) -> str:
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"

    def version(self, connection: Connection) -> Iterator[Finding]:
        major = _version(connection)
        if major < _OLDEST:
            yield Finding(Level.WARNING, "", f"PostgreSQL {major} gets no more repairs", "Upgrade to a newer version.")

    def privileges(self, connection: Connection, tables: Sequence[str]) -> Iterator[Finding]:
        role = connection.execute(text(_ROLE)).one()
        if role.rolsuper:
            yield Finding(Level.FAILURE, "", f"the role {role.current_user} is a superuser", _NEW_ROLE)
            return
        extra = [name for name in _ATTRIBUTES if getattr(role, f"rol{name.lower()}")]
        if extra:
            fix = f"ALTER ROLE {quoted(role.current_user)} {' '.join(f'NO{name}' for name in extra)};"
            yield Finding(Level.WARNING, "", f"the role {role.current_user} has {', '.join(extra)}", fix)
        for table in tables:
            found = connection.execute(text(_TABLE), {"name": quoted(table)}).one_or_none()
            if found is not None:
                yield from _rights(role.current_user, table, found)

    def timeouts(self, connection: Connection, options: SqlOptions) -> Iterator[Finding]:
        found = {row.name: row.setting for row in connection.execute(text(_SETTINGS))}
        yield from _limits(found, options)

    def endless(self) -> Select[Any] | None:
        return select(func.pg_sleep(60))

    def pooler(self, connection: Connection) -> Iterator[Finding]:
        pids = [int(connection.scalar(text("SELECT pg_backend_pid()")) or 0) for _ in range(8)]
        port = connection.scalar(text("SELECT inet_server_port()"))
        yield from _pooled(pids, port, connection.engine.url.port)

    def connections(self, connection: Connection, needed: int) -> Iterator[Finding]:
        room, role = connection.execute(text(_ROOM)).one(), connection.execute(text(_ROLE)).one()
        limits = {
            f"max_connections, of which others use {room.others} now": room.room - room.others,
            "the limit of the database": room.of_database,
            f"the limit of the role {role.current_user}": role.rolconnlimit,
        }
        for name, limit in limits.items():
            if -1 < limit < needed:
                what = f"pool_size x workers is {needed}, but {name} leaves {limit}"
                fix = f"Set a pool_size that fits into {limit}, or raise {name.partition(',')[0]}."
                yield Finding(Level.WARNING, "", what, fix)

    def now(self, connection: Connection) -> datetime | None:
        found: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
        return found

    def encoding(self, connection: Connection) -> Iterator[Finding]:
        encoding = connection.scalar(text("SHOW server_encoding"))
        if encoding == "SQL_ASCII":
            fix = "Restore a dump into a database with ENCODING 'UTF8'; what is not ASCII may not be read before."
            yield Finding(Level.FAILURE, "", "the database does not know the encoding of its texts (SQL_ASCII)", fix)
        elif encoding != "UTF8":
            what = f"the database is encoded as {encoding}: other characters can be asked for, and are never found"
            yield Finding(Level.NOTE, "", what)
        if _version(connection) >= 15:
            version = connection.execute(text(_COLLATION)).one()
            if version.made != version.now:
                what = f"indexes over text were made with collation {version.made}, and the system has {version.now}"
                fix = "REINDEX DATABASE, then ALTER DATABASE ... REFRESH COLLATION VERSION; rows may be missed before."
                yield Finding(Level.FAILURE, "", what, fix)

    def relation(self, connection: Connection, table: str) -> Relation:
        found = connection.execute(text(_RELATION), {"name": quoted(table)}).one_or_none()
        if found is None:
            return Relation(False, 0)
        known = found.reltuples >= 0 and found.relkind in ("r", "m")
        return Relation(found.relkind in ("v", "f"), int(found.reltuples) if known else None)

    def access(self, connection: Connection, asked: Asked) -> Access:
        """As if all that needs no index were dear: what is still read or sorted whole has none."""
        with _dear(connection, *_WITHOUT_INDEX):
            (plan,) = explained(connection, asked).scalar_one()
        nodes = list(_nodes(plan["Plan"]))
        scanned = {node["Alias"] for node in nodes if "Alias" in node and not _searched(node)}
        return Access(frozenset(scanned), any(node["Node Type"] == "Sort" for node in nodes))

    def index(self, name: str, table: str, parts: Sequence[str], *, unique: bool = False) -> str:
        return super().index(name, table, parts, unique=unique).replace("INDEX", "INDEX CONCURRENTLY", 1)


def _version(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


def _rights(role: str, table: str, found: Any) -> Iterator[Finding]:
    if found.owned:
        what = f"the role {role} owns it" if found.owner == role else f"the role {role} is a member of its owner"
        yield Finding(Level.FAILURE, table, f"{what}, and can change and drop it", _NEW_ROLE)
        return
    rights = [name for name in _WRITING if getattr(found, name)]
    if rights:
        fix = f"REVOKE {', '.join(rights)} ON {quoted(table)} FROM {quoted(role)};"
        also = " If that changes nothing, the right was granted to PUBLIC or to a role that it is a member of."
        yield Finding(Level.FAILURE, table, f"the role {role} may {', '.join(rights)}", fix + also)


def _limits(found: Mapping[str, str], options: SqlOptions) -> Iterator[Finding]:
    """What the session was opened with is not what it has."""
    wanted = {"statement_timeout": int(options.statement_timeout * 1000)}
    if found["default_transaction_read_only"] != "on":
        what = "the session was opened read-only, and it is not"
        yield Finding(Level.FAILURE, "", what, _DIRECT)
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        value = int(found[name])
        if value == 0 or value > wanted.get(name, value):
            what = f"{name} is {value} ms" if value else f"{name} is off"
            yield Finding(Level.FAILURE, "", f"{what}, although the session was opened with it", _DIRECT)


def _pooled(pids: Sequence[int], port: int | None, asked: int | None) -> Iterator[Finding]:
    if len(set(pids)) > 1:
        what = "statements of one connection are run by several processes of the server: a pooler shares sessions"
        yield Finding(Level.FAILURE, "", f"{what}, so timeouts and session statements get lost", _DIRECT)
    elif port is not None and port != (asked or 5432):
        what = f"the server listens on port {port}, and the URL names {asked or 5432}: something stands between"
        yield Finding(Level.NOTE, "", what, "If it is a pooler, it has to hand out sessions: pool_mode = session.")


@contextmanager
def _dear(connection: Connection, *names: str) -> Iterator[None]:
    change = text("SELECT set_config(:name, :value, false)")
    try:
        for name in names:
            connection.execute(change, {"name": name, "value": "off"})
        yield
    finally:
        for name in names:
            connection.execute(change, {"name": name, "value": "on"})


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _searched(node: Mapping[str, Any]) -> bool:
    """Whether an index finds the rows that a node reads of a table; a bitmap's condition is in the node below."""
    if "Index Cond" in node:
        return True
    parts = node.get("Plans", ())
    return node["Node Type"].startswith("Bitmap") and all("Index Cond" in part or _searched(part) for part in parts)
