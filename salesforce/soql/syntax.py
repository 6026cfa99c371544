"""What a SOQL statement says: plain values, names unchecked. Positions count from 0 in the statement."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

#: What a literal means: a Python value, or the name of a range of days such as ``LAST_N_DAYS`` with its number.
Value = str | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it is written. ``value`` of a text is unescaped."""

    value: Value
    position: int


@dataclass(frozen=True, slots=True)
class Days:
    """A date literal such as ``TODAY`` or ``LAST_N_DAYS:30``."""

    name: str
    number: int | None
    position: int


@dataclass(frozen=True, slots=True)
class Bind:
    """``:name``, a value from outside of the statement."""

    name: str
    position: int


Operand = Literal | Days | Bind


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps behind relationships: ``Customer__r.City__c``."""

    names: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Count:
    """``COUNT()``, the only aggregate that external objects know."""

    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field operator operand``; ``IN`` and ``NOT IN`` have any number of operands, the others one."""

    field: Path
    operator: str
    operands: tuple[Operand, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Logic:
    """``AND`` and ``OR`` (n-ary) or ``NOT`` over conditions."""

    operator: str
    args: "tuple[Condition, ...]"
    position: int


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Order:
    """One item of ``ORDER BY``. ``nulls`` is ``FIRST``, ``LAST`` or unsaid; Salesforce does not pass it on."""

    field: Path
    descending: bool = False
    nulls: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """A statement, or a sub-query, whose ``source`` is the name of a relationship to children."""

    items: "tuple[Path | Count | Select, ...]"
    source: str
    position: int
    alias: str | None = None
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Returning:
    """One object of SOSL's ``RETURNING``, with what it narrows and shows."""

    source: str
    position: int
    fields: tuple[Path, ...] = ()
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Find:
    """A SOSL statement."""

    phrase: str
    returning: tuple[Returning, ...]
    limit: int | None = None
