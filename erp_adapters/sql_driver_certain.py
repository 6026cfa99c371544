"""What the drivers of SQL Server and Oracle have in common: what the database says of its columns, as SQLAlchemy
reads it, and what its errors mean, by their numbers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, types
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from edm.errors import ODataError
from erp_adapters.base import Busy, ContractBroken, Locked, TimedOut
from erp_adapters.sql_driver import no_result, original, out_of_range, too_large
from erp_adapters.sql_source import AnyCase, split
from erp_adapters.sql_values import ColumnFacts, Kind


@dataclass(frozen=True, slots=True)
class Codes:
    """What the numbers of a database's errors mean."""

    busy: frozenset[int]  # no connection is free
    locked: frozenset[int]  # another transaction is in the way
    timed_out: frozenset[int]
    contract: frozenset[int]  # the statement names what the database does not have, or may not show
    no_result: frozenset[int]  # a number beyond its type
    out_of_range: frozenset[int]  # a constant beyond every type
    too_large: frozenset[int]  # a statement beyond a limit
    ours: frozenset[int]  # a statement that is wrong in itself: a bug of ours

    def meaning(self, error: SQLAlchemyError, entity_set: str) -> ODataError | None:
        """What an error means to a client; ``None`` for a database that is not there."""
        found, detail = code(original(error)), str(error)
        if found in self.ours:
            raise error
        meanings: tuple[tuple[frozenset[int], Callable[[], ODataError]], ...] = (
            (self.busy, lambda: Busy(detail)),
            (self.locked, lambda: Locked(detail)),
            (self.timed_out, lambda: TimedOut(detail)),
            (self.contract, lambda: ContractBroken(entity_set, detail)),
            (self.no_result, no_result),
            (self.out_of_range, out_of_range),
            (self.too_large, too_large),
        )
        return next((make() for codes, make in meanings if found in codes), None)


_Facts = Callable[[types.TypeEngine[Any], bool], ColumnFacts]

#: SQLAlchemy's classes of types, the narrower ones first.
_KINDS: tuple[tuple[type[Any], Kind], ...] = (
    (types.Boolean, Kind.BOOLEAN),
    (types.Float, Kind.FLOAT),
    (types.Numeric, Kind.NUMERIC),  # Oracle's NUMBER is an Integer, too
    (types.Integer, Kind.INTEGER),
    (types.DateTime, Kind.TIMESTAMP),
    (types.Date, Kind.DATE),
    (types.Time, Kind.TIME),
    (types.CHAR, Kind.CHAR),
    (types.NCHAR, Kind.CHAR),
    (types.Text, Kind.OTHER),  # no comparison takes it there
    (types.String, Kind.TEXT),
)


def kind_of(found: types.TypeEngine[Any]) -> Kind:
    """The kind of a column by SQLAlchemy's type for it."""
    return next((kind for made, kind in _KINDS if isinstance(found, made)), Kind.OTHER)


def columns(connection: Connection, tables: Iterable[str], facts: _Facts) -> dict[str, Mapping[str, ColumnFacts]]:
    """The columns of each table; none of one that is not there."""
    inspector = inspect(connection)
    found: dict[str, Mapping[str, ColumnFacts]] = {}
    for table in tables:
        schema, name = split(table)
        known: AnyCase[ColumnFacts] = AnyCase()
        try:
            listed = inspector.get_columns(name, schema)
        except NoSuchTableError:
            listed = []
        for column in listed:
            known[column["name"]] = facts(column["type"], not column["nullable"])
        found[table] = known
    return found


def code(error: Any) -> int:
    """The number of a driver's error: its first argument, or an attribute of that, or the first of a pair."""
    first = error.args[0] if getattr(error, "args", ()) else 0
    if isinstance(first, tuple) and first:
        first = first[0]
    found = getattr(first, "code", first)
    return found if isinstance(found, int) else 0
