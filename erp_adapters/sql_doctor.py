"""What ``doctor`` asks of a database: who the role is, how long a statement may take, what time it is there; then its
columns and its indexes. The words of each kind of database are in ``sql_doctor_*``.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from erp_adapters.base import Examined, Finding, Level, Session
from erp_adapters.sql_doctor_asking import Asking, Database, Words
from erp_adapters.sql_doctor_columns import key, types
from erp_adapters.sql_doctor_indexes import indexes
from erp_adapters.sql_doctor_mysql import MySQLWords
from erp_adapters.sql_doctor_postgresql import PostgreSQLWords
from erp_adapters.sql_doctor_sqlite import SQLiteWords
from erp_adapters.sql_driver import SqlOptions

_WORDS: dict[str, Words] = {"postgresql": PostgreSQLWords(), "sqlite": SQLiteWords(), "mysql": MySQLWords()}
#: Seconds that an endless statement gets, and after which it must have ended.
_LIMIT, _PATIENCE = 0.5, 3.0
#: Seconds by which the clocks may differ before somebody notices, and before days are wrong.
_SKEW, _WRONG = 2.0, 60.0


def describe(database: Database, session: Session) -> str:
    """Product, version and place."""
    words = _WORDS.get(database.url.get_backend_name())
    place = f"{database.url.database or ''}" + (f" at {database.url.host}" if database.url.host else "")
    with database.connection(session) as connection:
        product = words.product(connection) if words is not None else connection.dialect.name
    return f"{product}, {place}"


def diagnose(database: Database, check: str, examined: Examined) -> Iterator[Finding] | None:
    """What a check finds; ``None`` if it is none for this database."""
    words, ask = _WORDS.get(database.url.get_backend_name()), _CHECKS.get(check)
    return None if words is None or ask is None else ask(Asking(database, words, examined))


def _reachable(asking: Asking) -> Iterator[Finding]:
    yield from asking.connected(asking.words.version)


def _read_only(asking: Asking) -> Iterator[Finding]:
    yield from asking.connected(lambda c: asking.words.privileges(c, asking.tables))


def _pooler(asking: Asking) -> Iterator[Finding]:
    yield from asking.connected(asking.words.pooler)


def _connections(asking: Asking) -> Iterator[Finding]:
    needed = asking.database.options.pool_size * asking.examined.workers
    yield from asking.connected(lambda c: asking.words.connections(c, needed))


def _encoding(asking: Asking) -> Iterator[Finding]:
    yield from asking.connected(asking.words.encoding)


def _timeouts(asking: Asking) -> Iterator[Finding]:
    """As they are set, and as they end a statement that would never end."""
    with asking.database.connection(Session(asking.examined.session.principal)) as connection:  # no request's own limit
        yield from asking.words.timeouts(connection, asking.database.options)
    statement = asking.words.endless()
    if statement is None:
        return
    limited = SqlOptions(1, 2.0, _LIMIT, asking.database.options.connect_timeout, asking.database.options.session)
    engine = asking.database.driver.engine(asking.database.url, limited)
    session = Session(asking.examined.session.principal, deadline=time.monotonic() + _LIMIT)
    started = time.monotonic()
    try:
        with engine.connect() as connection, asking.database.driver.transaction(connection, limited, session, None):
            connection.execute(statement)
    except SQLAlchemyError:
        pass
    finally:
        engine.dispose()
    if (took := time.monotonic() - started) > _PATIENCE:
        yield Finding(
            Level.FAILURE,
            "",
            f"a statement limited to {_LIMIT:g} s ended after {took:.1f} s",
            "Connect to the database itself: something on the way does not pass the limit or the cancellation on.",
        )


def _clock(asking: Asking) -> Iterator[Finding]:
    with asking.database.connection(asking.examined.session) as connection:
        asking.words.now(connection)  # the first answer takes longer
        before = datetime.now(UTC)
        theirs = asking.words.now(connection)
        middle = before + (datetime.now(UTC) - before) / 2
    if theirs is None:
        return
    skew = abs((theirs - middle).total_seconds())
    if skew > _SKEW:
        yield Finding(
            Level.FAILURE if skew > _WRONG else Level.WARNING,
            "",
            f"its clock is {skew:.0f} s {'ahead of' if theirs > middle else 'behind'} ours",
            "Set both by NTP: timedatectl set-ntp true",
        )


#: The checks of ``doctor`` that ask the database in its own words, by id.
_CHECKS: dict[str, Callable[[Asking], Iterator[Finding]]] = {
    "reachable": _reachable,
    "read-only": _read_only,
    "timeouts": _timeouts,
    "pooler": _pooler,
    "connections": _connections,
    "clock": _clock,
    "encoding": _encoding,
    "types": types,
    "key": key,
    "indexes": indexes,
}
