"""Some rows of a table, and what can be said about the values of a column: bounded queries, never a whole large table.

What is looked at stays in memory. Columns that are not to be seen are not asked for.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Connection, column, func, literal_column, quoted_name, select, table
from sqlalchemy.exc import SQLAlchemyError

from erp_adapters.introspect import COUNTED, Database, Table

#: Values that are looked up in another table at once.
LOOKED_UP = 200
#: Tables of at most so many rows are counted and checked whole.
WHOLE = 200_000


class Profile:
    """What the sampled values of one column are like."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values

    @cached_property
    def present(self) -> list[Any]:
        return [v for v in self.values if v is not None]

    @cached_property
    def counts(self) -> Counter[Any]:
        return Counter(v for v in self.present if isinstance(v, str | int | float | Decimal | date | datetime | bool))

    @property
    def nulls(self) -> int:
        return len(self.values) - len(self.present)

    @cached_property
    def texts(self) -> list[str]:
        return [v for v in self.present if isinstance(v, str)]

    @cached_property
    def filled(self) -> list[str]:
        """Texts that are not blank."""
        return [v for v in self.texts if v.strip()]

    @cached_property
    def numbers(self) -> list[Decimal]:
        return [
            Decimal(str(v)) for v in self.present if isinstance(v, int | float | Decimal) and not isinstance(v, bool)
        ]

    @cached_property
    def longest(self) -> int:
        return max((len(v) for v in self.texts), default=0)

    @cached_property
    def decimals(self) -> int:
        """The most fractional digits that a number has; trailing zeros do not count."""
        return max((_fraction(v) for v in self.numbers), default=0)

    @property
    def empty(self) -> bool:
        """No value that says anything: null, blank and zero alone."""
        return not self.filled and not any(self.numbers) and not self._others

    @cached_property
    def _others(self) -> bool:
        return any(not isinstance(v, str | int | float | Decimal) or v is True for v in self.present)

    @property
    def unique(self) -> bool:
        return bool(self.present) and not self.nulls and len(self.counts) == len(self.values)


def _fraction(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(slots=True)
class Sample:
    """Some rows of a table. ``whole``: they are all rows. ``rows``: how many rows there are, if that is known."""

    table: Table
    columns: tuple[str, ...] = ()
    data: list[tuple[Any, ...]] = field(default_factory=list)
    whole: bool = False
    rows: int | None = None
    failure: str = ""
    _profiles: dict[str, Profile] = field(default_factory=dict)

    def profile(self, name: str) -> Profile:
        if name not in self._profiles:
            if name in self.columns:
                index = self.columns.index(name)
                self._profiles[name] = Profile([row[index] for row in self.data])
            else:
                self._profiles[name] = Profile(())
        return self._profiles[name]

    def tuples(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        indexes = [self.columns.index(name) for name in names]
        return [tuple(row[i] for i in indexes) for row in self.data]


def source(of: Table, names: Iterable[str]) -> Any:
    """The table with some columns, all names quoted."""
    columns: list[ColumnClause[Any]] = [column(quoted_name(name, True)) for name in names]
    schema = None if of.schema is None else quoted_name(of.schema, True)
    return table(quoted_name(of.bare, True), *columns, schema=schema)


def sample(database: Database, of: Table, size: int, hidden: frozenset[str] = frozenset()) -> Sample:
    """``size`` rows: the first and the last by primary key, where there is one. A failure is noted, not raised."""
    names = tuple(
        name for name, facts in of.columns.items() if name not in hidden and facts.kind not in ("binary", "other")
    )
    found = Sample(of, names, rows=of.rows)
    if not names:
        return found
    target = source(of, names)
    columns: list[ColumnElement[Any]] = [target.c[name] for name in names]
    try:
        with database.engine.connect() as connection:
            data = [tuple(row) for row in connection.execute(select(*columns).limit(size))]
            found.whole = len(data) < size
            if found.whole:
                found.rows = len(data)
            elif all(key in names for key in of.primary_key) and of.primary_key:
                keys = [target.c[key] for key in of.primary_key]
                last = select(*columns).order_by(*(key.desc() for key in keys)).limit(size // 2)
                seen = set(zip(*_columns(data, names, of.primary_key), strict=True))
                more = [tuple(row) for row in connection.execute(last)]
                positions = [names.index(key) for key in of.primary_key]
                data = data[: size - size // 2] + [row for row in more if tuple(row[i] for i in positions) not in seen]
            found.data = data
            if found.rows is None:
                found.rows = _bounded_count(connection, target)
    except SQLAlchemyError as error:
        found.failure = getattr(database.said(error), "detail", "") or str(error)
    return found


def _columns(data: list[tuple[Any, ...]], names: tuple[str, ...], keys: tuple[str, ...]) -> list[list[Any]]:
    return [[row[names.index(key)] for row in data] for key in keys]


def _bounded_count(connection: Connection, target: Any) -> int | None:
    """Up to ``COUNTED``; ``None`` for more."""
    some = select(literal_column("1").label("one")).select_from(target).limit(COUNTED + 1).subquery()
    count = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return int(count) if count <= COUNTED else None


def is_unique(database: Database, of: Table, names: Sequence[str]) -> bool | None:
    """Whether the columns are unique and never null, in all rows; ``None`` if the table is too large to look."""
    if of.rows is not None and of.rows > WHOLE:
        return None
    target = source(of, names)
    columns: list[ColumnElement[Any]] = [target.c[name] for name in names]
    some = select(*columns).limit(WHOLE + 1).subquery()
    present = select(*some.c)
    for name in names:
        present = present.where(some.c[name].is_not(None))
    distinct = select(func.count()).select_from(present.distinct().subquery())
    with suppress(SQLAlchemyError), database.engine.connect() as connection:
        rows = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
        if rows > WHOLE:
            return None
        return bool(connection.execute(distinct).scalar_one() == rows)
    return None


def included(database: Database, values: Iterable[Any], of: Table, name: str) -> float | None:
    """Which part of the values the column of a table holds; ``None`` if there is nothing to look for."""
    wanted = list(dict.fromkeys(values))[:LOOKED_UP]
    if not wanted:
        return None
    target = source(of, (name,))
    statement = select(target.c[name]).where(target.c[name].in_(wanted)).distinct().limit(LOOKED_UP * 2)
    with suppress(SQLAlchemyError), database.engine.connect() as connection:
        found = {row[0] for row in connection.execute(statement)}
        return sum(value in found for value in wanted) / len(wanted)
    return None
