"""Where rows come from, as values: the tables of a set, a join or a total, and which of their rows there are.

How this is written in a catalog is in ``sql_rows_reader`` and ``sql_current``, what it means in SQL in
``sql_relations``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_adapters.sql_codecs import Codec, ColumnRef

#: The pseudo-column that says which item of a list of tables a row is from.
TABLE = "@table"


@dataclass(frozen=True, slots=True)
class Constant:
    """What a table has instead of a column that the others have; ``None`` is null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Branch:
    """One table. ``item`` is its number in the list, which the same table of several companies shares; ``renamed`` has
    the columns that are called otherwise here, ``constants`` the values of pseudo-columns."""

    table: str
    item: int
    renamed: Mapping[str, str | Constant]
    constants: Mapping[str, str]

    def column(self, name: str) -> str | Constant:
        """What stands here for a column of the relation."""
        if name in self.constants:
            return Constant(self.constants[name])
        return self.renamed.get(name, name)


@dataclass(frozen=True, slots=True)
class Condition:
    """What holds of a column: it is ``in`` the values or ``not``, in their ``range`` (from, to), or ``null`` or not.
    ``key`` is where the section says so, ``item`` the only table that it is said of."""

    key: str
    column: str
    test: str
    values: tuple[Any, ...]
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Current:
    """Rows that hold today, the day of ``zone``: the first day of each and its last one, where it has any."""

    starts: Codec | None
    ends: Codec | None
    zone: str


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Rows of one or more tables with the same columns."""

    branches: tuple[Branch, ...]
    conditions: tuple[Condition, ...] = ()
    current: Current | None = None

    @property
    def table(self) -> str:
        """The table, or the first of them."""
        return self.branches[0].table

    @property
    def pseudo(self) -> frozenset[str]:
        """The names of the pseudo-columns."""
        return frozenset(self.branches[0].constants)

    @property
    def several(self) -> frozenset[str]:
        """The pseudo-columns that say from which of several a row is."""
        first = self.branches[0].constants
        return frozenset(name for name in first if any(b.constants[name] != first[name] for b in self.branches))

    def own(self) -> Iterator[tuple[str, str]]:
        """(key, column) of what its own conditions look at."""
        yield from ((condition.key, condition.column) for condition in self.conditions)

    def real(self, name: str) -> Iterator[tuple[str, str]]:
        """(table, column) wherever a column of the relation is one of a table."""
        for branch in self.branches:
            found = branch.column(name)
            if isinstance(found, str):
                yield branch.table, found


@dataclass(frozen=True, slots=True)
class Join:
    """A to-one join, LEFT OUTER: own (or earlier joined) columns equal those of ``rows``."""

    alias: str
    rows: Relation
    on: tuple[tuple[ColumnRef, str], ...]

    @property
    def table(self) -> str:
        return self.rows.table


@dataclass(frozen=True, slots=True)
class Total:
    """A number, or a least or greatest value, made of related rows: ``method`` of ``column``."""

    name: str
    rows: Relation
    on: tuple[tuple[ColumnRef, str], ...]
    method: str
    column: str = field(default="")
