"""What the parts of the SQL adapter hand to each other: a value in SQL with its form, and facts about columns.

The *form* says how values of an Edm type stand in SQL at this place. One type has several forms, because ERPs store one
thing in several ways, and a comparison in the stored form can use the index that a conversion would hide.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, collate, not_
from sqlalchemy.sql.elements import AsBoolean, Grouping, OperatorExpression

from edm.meanings import EXACT
from edm.primitives import PrimitiveType

Sql = ColumnElement[Any]

INT64_LOW, INT64_HIGH = -(2**63), 2**63 - 1


class Form(Enum):
    """How a value stands in SQL."""

    TEXT = "text"
    CHAR = "blank-padded text, as it is stored"  # compares without its blanks; never computed with
    BOOL = "boolean"
    INT = "integer, with implied decimals"
    EXACT = "exact number"  # PostgreSQL: numeric. SQLite: text that the collation of numbers compares
    APPROX = "SQLite's NUMERIC: a float or an integer that stands for a decimal of at most 15 digits"
    FLOAT = "float"
    DAY = "date"  # PostgreSQL: date. SQLite: ISO text
    DIGITS = "date as the integer yyyymmdd"
    STAMP = "timestamp without zone, in UTC"  # SQLite: ISO text with six digits of a second
    ZONED = "timestamp with time zone"
    TIME = "time of day"
    SPAN = "duration as microseconds"
    GUID = "uuid"


#: Forms whose values are numbers.
NUMBERS = frozenset({Form.INT, Form.EXACT, Form.APPROX, Form.FLOAT})
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value in SQL. ``raw`` is the stored column where comparing it gives the same answer and can use its index.

    For ``DIGITS`` the raw column may hold 0, which stands for null; ``sql`` never does. ``doubt`` are conditions for
    rows whose value SQL cannot tell: whoever compares has to let them pass, for the engine to look again.

    ``loose`` is a stored text that the database takes for equal to more texts than Edm does: no answer, but an index to
    narrow rows by. ``digits`` of an exact number stand before and after the point at most, where that is known.
    ``long``: a text that may be longer than the database sorts.
    """

    sql: Sql
    form: Form
    type: PrimitiveType
    nullable: bool = True
    scale: int = 0
    raw: Sql | None = None
    raw_nullable: bool = True
    doubt: tuple[Sql, ...] = ()
    const: Any = field(default=_ABSENT, repr=False)
    loose: "Stored | None" = None
    digits: tuple[int, int] | None = None
    long: bool = False

    @property
    def is_const(self) -> bool:
        return self.const is not _ABSENT

    @property
    def stored(self) -> Sql:
        return self.sql if self.raw is None else self.raw

    def of(self, sql: Sql, form: Form | None = None, scale: int | None = None) -> "Value":
        """The same value in another form."""
        return replace(
            self,
            sql=sql,
            form=self.form if form is None else form,
            scale=self.scale if scale is None else scale,
            raw=None,
            loose=None,
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a constant is to a column or function. ``kind`` is all that the SQL depends on; ``values`` are what it is
    told in parameters: so one statement serves all constants of a kind.
    """

    kind: Hashable
    values: tuple[Any, ...] = ()


def together(parts: Sequence[Fitted]) -> Fitted:
    """Several questions as one: the kind of each with the number of its values, and all values."""
    kinds = tuple((part.kind, len(part.values)) for part in parts)
    return Fitted(kinds, tuple(value for part in parts for value in part.values))


def apart(kind: Any, stored: Sequence[Any]) -> Iterator[tuple[Any, Sequence[Any]]]:
    """The questions that were put together, each with its values."""
    at = 0
    for part, size in kind:
        yield part, stored[at : at + size]
        at += size


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A value that comes when the statement is executed: number ``number`` of those that are given then. ``example`` is
    that of the query which the statement was made for. Nothing but ``encode`` may look at a value, or the statement
    would not do for another.
    """

    number: int
    example: Any
    encode: Callable[[Any], Any] = _unchanged

    def through(self, encode: Callable[[Any], Any]) -> "Parameter":
        """The parameter that holds what ``encode`` makes of the value."""
        return replace(self, encode=encode)

    def of(self, values: Sequence[Any]) -> Any:
        """The parameter for these values."""
        return self.encode(values[self.number])

    def __bool__(self) -> bool:
        raise TypeError("a statement cannot depend on the value of a parameter")


def _nothing() -> Any:
    raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class Fresh(Parameter):
    """A value that is no query's but the moment's: made anew for each execution."""

    make: Callable[[], Any] = _nothing

    def of(self, values: Sequence[Any]) -> Any:
        return self.encode(self.make())


@dataclass(frozen=True, slots=True)
class Leaf:
    """A comparison whose constant was taken out: the kind of question, and the parameters of its SQL."""

    kind: Any
    stored: tuple[Parameter, ...]


def collated(sql: Sql, collation: str) -> Sql:
    """``sql`` under a collation. COLLATE binds tighter than any operator, which SQLAlchemy writes without brackets."""
    return collate(Grouping(sql) if isinstance(sql, OperatorExpression) else sql, collation)


def negation(sql: Sql) -> Sql:
    """NOT, as an operand. SQLAlchemy writes that of a value without brackets, and ``NOT a = b`` is ``NOT (a = b)``."""
    made = not_(sql)
    return Grouping(made) if isinstance(made, AsBoolean) else made


class Unsupported(Exception):  # not an error: the engine finishes what SQL cannot say
    """The expression has no exact counterpart in this dialect; the message says why, for the planner's notes."""


class Kind(Enum):
    """What the database says a column holds."""

    TEXT = "text"
    CHAR = "blank-padded text"
    INTEGER = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp with time zone"
    TIME = "time"
    UUID = "uuid"
    OTHER = "another type"
    UNKNOWN = "unknown"


#: Kinds of columns that hold texts.
TEXTS = frozenset({Kind.TEXT, Kind.CHAR})


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the database's catalogue says about a column.

    ``collation`` is "C" if text compares by code point as it stands, "deterministic" if equality does and order needs
    a COLLATE, "other" if both need one. ``digits`` are the precision and scale that every number in it has.
    ``charset`` and ``named`` are the column's own character set and collation where the dialect has to name them;
    ``pads`` if that takes trailing blanks for nothing; ``long`` if the database does not sort by all of a text.
    """

    kind: Kind = Kind.UNKNOWN
    not_null: bool = False
    collation: str = "deterministic"
    bits: int = 64
    digits: tuple[int, int] | None = None
    charset: str = ""
    named: str = ""
    pads: bool = False
    long: bool = False

    def room(self) -> tuple[int, int] | None:
        """How many digits its numbers have before and behind the point, where that is known."""
        if self.digits is not None:
            return max(1, self.digits[0] - self.digits[1]), self.digits[1]
        return (len(str(2**self.bits)), 0) if self.kind is Kind.INTEGER else None


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A column of text, perhaps ``trimmed`` before it is compared exactly."""

    sql: Sql
    facts: ColumnFacts
    trimmed: bool = False


UNKNOWN = ColumnFacts()


def scaled_integer(value: Decimal | int, scale: int) -> tuple[int, int]:
    """(floor, ceiling) of ``value`` in units of ``10 ** -scale``; both the same if it is representable."""
    shifted = EXACT.scaleb(Decimal(value), scale)
    low = int(shifted.to_integral_value(ROUND_FLOOR, EXACT))
    return low, (low if shifted == low else low + 1)
