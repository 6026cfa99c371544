"""What ``doctor`` asks of MariaDB and MySQL."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, func, select, text

from erp_adapters.base import Finding, Level
from erp_adapters.sql_doctor_asking import Access, Relation, Words, explained
from erp_adapters.sql_driver import SqlOptions
from erp_adapters.sql_source import split
from erp_adapters.sql_text import Asked

#: The oldest versions that are looked after, and that compare text by code point without padding.
_OLDEST = {True: (10, 6), False: (8, 0, 17)}
_WRITING = frozenset({"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "SUPER", "FILE"})
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<what>\S+) TO ")
_RELATION = """
SELECT table_type AS kind, table_rows AS known FROM information_schema.tables
WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name
"""
_ROOM = """
SELECT @@max_connections AS total, @@max_user_connections AS of_user,
       (SELECT COUNT(*) FROM information_schema.processlist) AS used
"""
_NEW_USER = (
    "CREATE USER erp_odata IDENTIFIED BY '...'; GRANT SELECT ON the tables of the catalog TO erp_odata"
    " (docs/databases.md); then put that user into the URL."
)


class MySQLWords(Words):
    """MariaDB and MySQL."""

    def product(self, connection: Connection) -> str:
        version = str(connection.scalar(text("SELECT VERSION()")))
        return f"MariaDB {version}" if _is_mariadb(version) else f"MySQL {version}"

    def version(self, connection: Connection) -> Iterator[Finding]:
        version = str(connection.scalar(text("SELECT VERSION()")))
        oldest = _OLDEST[_is_mariadb(version)]
        if tuple(map(int, re.findall(r"\d+", version)))[: len(oldest)] < oldest:
            what = (
                f"the server is version {version}, and {'.'.join(map(str, oldest))} is the oldest that is looked after"
            )
            yield Finding(Level.WARNING, "", what, "Upgrade to a newer version.")

    def privileges(self, connection: Connection, tables: Sequence[str]) -> Iterator[Finding]:
        for (line,) in connection.execute(text("SHOW GRANTS")):
            found = _GRANT.match(line)
            rights = sorted(_WRITING.intersection(found["rights"].split(", "))) if found else []
            if found and rights:
                what = f"the user has {', '.join(rights)} on {found['what']}"
                yield Finding(Level.FAILURE, "", what, _NEW_USER)

    def timeouts(self, connection: Connection, options: SqlOptions) -> Iterator[Finding]:
        mariadb = _is_mariadb(str(connection.scalar(text("SELECT VERSION()"))))
        asked = "SELECT @@max_statement_time" if mariadb else "SELECT @@max_execution_time / 1000"
        limit = float(connection.scalar(text(asked)) or 0)
        if not 0 < limit <= options.statement_timeout + 1:
            wanted = f"{options.statement_timeout:g} s"
            what = f"a statement may take {limit:g} s, although the session was opened with {wanted}"
            fix = "Connect to the server itself, or let the proxy keep the variables of a session."
            yield Finding(Level.FAILURE, "", what, fix)

    def endless(self) -> Select[tuple[int]] | None:
        return select(func.sleep(60))

    def connections(self, connection: Connection, needed: int) -> Iterator[Finding]:
        room = connection.execute(text(_ROOM)).one()
        limits = {f"max_connections, of which {room.used} are in use,": int(room.total) - int(room.used)}
        if room.of_user:
            limits["max_user_connections"] = int(room.of_user)
        for name, limit in limits.items():
            if limit < needed:
                what = f"pool_size x workers is {needed}, but {name} leaves {limit}"
                yield Finding(Level.WARNING, "", what, f"Set a pool_size that fits into {limit}, or raise the limit.")

    def now(self, connection: Connection) -> datetime | None:
        found: datetime | None = connection.scalar(text("SELECT UTC_TIMESTAMP(6)"))
        return None if found is None else found.replace(tzinfo=UTC)

    def relation(self, connection: Connection, table: str) -> Relation:
        schema, name = split(table)
        found = connection.execute(text(_RELATION), {"schema": schema, "name": name}).one_or_none()
        if found is None:
            return Relation(False, 0)
        return Relation("VIEW" in found.kind, None if found.known is None else int(found.known))

    def access(self, connection: Connection, asked: Asked) -> Access:
        """Tables that no index could find rows of. Whether they are sorted is not told: text is sorted by code point,
        which no index under another collation does."""
        rows = explained(connection, asked).mappings()
        return Access(frozenset(row["table"] for row in rows if row["table"] and not row["possible_keys"]), False)

    def index(self, name: str, table: str, parts: Sequence[str], *, unique: bool = False) -> str:
        return super().index(name, table, parts, unique=unique).replace('"', "`")


def _is_mariadb(version: str) -> bool:
    return "mariadb" in version.lower()
