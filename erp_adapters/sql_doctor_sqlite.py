"""What ``doctor`` asks of SQLite."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select, text

from erp_adapters.base import Finding, Level
from erp_adapters.sql_doctor_asking import Access, Relation, Words, explained
from erp_adapters.sql_text import Asked


class SQLiteWords(Words):
    """SQLite. There are no roles, no sessions of others and no other clock."""

    def product(self, connection: Connection) -> str:
        return f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}"

    def privileges(self, connection: Connection, tables: Sequence[str]) -> Iterator[Finding]:
        if not connection.scalar(text("PRAGMA query_only")):
            fix = "Take the PRAGMA query_only = OFF out of the statements of the session."
            yield Finding(Level.FAILURE, "", "the connection may write", fix)

    def endless(self) -> Select[Any] | None:
        numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + 1))
        return select(func.count()).select_from(numbers)

    def relation(self, connection: Connection, table: str) -> Relation:
        kind = connection.scalar(text("SELECT type FROM sqlite_master WHERE name = :name"), {"name": table})
        return Relation(kind == "view", None)

    def access(self, connection: Connection, asked: Asked) -> Access:
        lines = [row.detail for row in explained(connection, asked)]
        scanned = (re.match(r"SCAN (\S+)", line) for line in lines)
        return Access(
            frozenset(found[1].strip('"') for found in scanned if found), any("FOR ORDER BY" in line for line in lines)
        )
