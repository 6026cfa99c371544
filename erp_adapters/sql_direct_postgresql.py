"""The short way to PostgreSQL: one prepared statement in one round trip, on libpq itself, under SQLAlchemy's pool.

No BEGIN and no SET: a single statement is a transaction of its own, and the session only reads. A connection that died
while nobody looked is noticed before it is used, without asking the server, and replaced.
"""

import os
import select
import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import InvalidatePoolError

from erp_adapters.base import Session, TimedOut
from erp_adapters.sql_direct import Direct, Raw, wrapped
from erp_adapters.sql_text import Prepared, Text
from erp_adapters.watch import WATCH

#: Statements that stay prepared on one connection.
_MOST = 200
#: The format of results. Binary ones are read no faster on the whole, and not for types that psycopg does not know.
_AS_TEXT = 0
#: The server has forgotten a prepared statement, or its tables have changed since.
_STALE = frozenset({"26000", "0A000"})
#: SQLAlchemy's SQL with parameters as the server numbers them.
_DIALECT: Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


def _text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return value.encode()


def _moment(value: datetime) -> bytes:
    return value.isoformat(" ").encode()


def _list(values: Sequence[Any]) -> bytes:
    """An array, its items quoted."""
    if not values:
        return b"{}"
    items = [_WRITTEN[type(value)](value) for value in values]
    body = b'","'.join(items)
    if b"\\" in body or body.count(b'"') != 2 * (len(items) - 1):
        body = b'","'.join(item.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for item in items)
    return b'{"' + body + b'"}'


def _said(value: Any) -> bytes:
    return str(value).encode()


#: Python values as PostgreSQL reads them.
_WRITTEN: dict[type, Callable[[Any], bytes]] = {
    str: _text,
    int: _said,
    float: _said,
    Decimal: _said,
    bool: lambda value: b"t" if value else b"f",
    date: lambda value: value.isoformat().encode(),
    datetime: _moment,
    time: lambda value: value.isoformat().encode(),
    UUID: _said,
    bytes: lambda value: b"\\x" + value.hex().encode(),
    list: _list,
}
#: Types of parameters where the SQL does not say them.
_TYPES: dict[type, int] = {float: 701, Decimal: 1700, bool: 16, date: 1082, time: 1083, UUID: 2950, bytes: 17}


@dataclass(slots=True)
class _Line:
    """What is known of one connection: the statements that are prepared on it, and those that were asked for once."""

    loader: Any
    prepared: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    asked: set[str] = field(default_factory=set)
    number: int = 0


def cut(connection: Any) -> None:
    """Ends a connection that another thread waits for."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def watch(engine: Engine) -> None:
    """Has dead connections replaced before they are used."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, record: Any) -> None:
        poll = record.info["poll"] = select.poll()
        poll.register(connection.pgconn.socket, select.POLLIN)

    @event.listens_for(engine, "checkout")
    def _alive(connection: Any, record: Any, proxy: Any) -> None:
        poll = record.info["poll"]
        if poll.poll(0) and not _idle(connection.pgconn, poll):
            raise InvalidatePoolError  # the others that were opened before are looked upon as dead, too


def _idle(pgconn: Any, poll: select.poll) -> bool:
    """Whether a server that says something unasked is still there: it may be a message to all, or the end."""
    with suppress(psycopg.Error):
        while pgconn.status == pq.ConnStatus.OK and poll.poll(0):
            pgconn.consume_input()
        return bool(pgconn.status == pq.ConnStatus.OK)
    return False


@dataclass(slots=True)
class PostgreSQLDirect(Direct):
    """Statements on libpq."""

    engine: Engine

    def fetch(self, prepared: Prepared, values: Sequence[Any], session: Session) -> list[Raw]:
        text = prepared.text(_DIALECT)
        try:
            return self._fetched(text, [_WRITTEN[type(value)](value) for value in text.arguments(values)], session)
        except psycopg.Error as error:
            raise wrapped(error, text.sql, self.engine) from error

    def _fetched(self, text: Text, given: Sequence[bytes], session: Session) -> list[Raw]:
        while True:
            connection = self.engine.raw_connection()
            try:
                driver: Any = connection.driver_connection
                line = connection.info.get("line")
                fresh = line is None
                if line is None:
                    line = connection.info["line"] = _Line(Transformer(driver))
                try:
                    with WATCH.over(session.deadline, partial(cut, driver)):
                        return self._answer(driver.pgconn, line, text, given)
                except psycopg.Error as error:
                    if driver.pgconn.status == pq.ConnStatus.OK:
                        raise
                    connection.invalidate(error)
                    if session.remaining() <= 0:
                        raise TimedOut("the connection was cut at the deadline") from None
                    if fresh:
                        raise
                    # It had been idle and was dead, which nothing told before: what only reads is asked again.
            finally:
                connection.close()

    def _answer(self, pgconn: Any, line: _Line, text: Text, given: Sequence[bytes]) -> list[Raw]:
        name = line.prepared.get(text.sql)
        if name is None:
            name = self._prepared(pgconn, line, text)
        if name is None:
            result = pgconn.exec_params(text.sql.encode(), given, _types(text), None, _AS_TEXT)
        else:
            result = pgconn.exec_prepared(name, given, None, _AS_TEXT)
        if result.status != pq.ExecStatus.TUPLES_OK:
            error = psycopg.errors.error_from_result(result)
            if name is None or error.sqlstate not in _STALE:
                raise error
            line.prepared.pop(text.sql, None)
            return self._answer(pgconn, line, text, given)
        line.loader.set_pgresult(result)
        rows: list[Raw] = line.loader.load_rows(0, result.ntuples, tuple)
        return rows

    def _prepared(self, pgconn: Any, line: _Line, text: Text) -> bytes | None:
        """The name of the statement, once it is asked for again."""
        if text.sql not in line.asked:
            if len(line.asked) > 10 * _MOST:
                line.asked.clear()
            line.asked.add(text.sql)
            return None
        line.number += 1
        name = b"erp_%d" % line.number
        result = pgconn.prepare(name, text.sql.encode(), _types(text))
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)
        line.asked.discard(text.sql)
        line.prepared[text.sql] = name
        if len(line.prepared) > _MOST:
            _, oldest = line.prepared.popitem(last=False)
            pgconn.exec_(b"DEALLOCATE " + oldest)
        return name


def _types(text: Text) -> list[int]:
    return [_TYPES.get(kind, 0) for kind in text.types]
