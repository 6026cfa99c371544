"""What a source of records is asked and what it answers: its own names and stored values, nothing published.

A kind of ERP implements ``RecordSource``; ``RecordAdapter`` makes an ``Adapter`` of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol, Union, runtime_checkable
from uuid import UUID

from edm.capabilities import Match
from edm.primitives import PrimitiveType
from erp_adapters.base import Examined, Finding, Session, SourceError

#: A value as the source has it, once its wire format is read: never a float. Date-times have a time zone.
Stored = None | str | bool | int | Decimal | date | datetime | time | timedelta | UUID | bytes
#: One record: field -> stored value. A field is named as ``Ask.fields`` names it, paths included.
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compare:
    """``field operator value``, an operator of ``eq ne lt le gt ge``. ``eq`` and ``ne`` may ask for ``None``."""

    field: str
    operator: str
    value: Stored


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of the values; ``negated``: none of them. ``None`` is a value like any other."""

    field: str
    values: tuple[Stored, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """The text ``kind`` (``startswith``, ``endswith``, ``contains``, ``equals``) ``text``, which has no wildcards.

    With ``folded`` the letter case does not matter. ``negated`` is true of no text at all.
    """

    field: str
    kind: str
    text: str
    folded: bool = False
    negated: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part is true."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Some part is true."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """Some record that ``path`` leads to meets the condition, or there is one (``None``); ``negated``: none does."""

    path: str
    condition: Union["Condition", None]
    negated: bool = False


#: Conditions keep records: a comparison with a field that has no value is not true, but for ``ne`` and what is
#: ``negated``, which are true then. There is no negation but that of leaves.
Condition = Compare | OneOf | Like | All | Either | Behind


@dataclass(frozen=True, slots=True)
class Order:
    """Records without a value come first ascending and last descending, texts are ordered by code point."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Records of ``entity`` that meet ``where``, sorted and sliced, with ``fields``.

    With ``count`` the first batch says how many meet ``where``. ``options`` are what the catalog's section adds for
    this kind of source (see ``RecordSource.options``).
    """

    entity: str
    fields: tuple[str, ...]
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call brought."""

    records: Sequence[Record]
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What the source says of a field. ``type`` is ``None`` where it does not say.

    ``compared`` are the operators of ``Compare`` that it answers, with ``in`` for ``OneOf``; ``liked`` the kinds of
    ``Like``, ``folded`` those that it answers whatever the letter case. ``ordered`` tells that its texts are compared
    by code point; of other types it is always so. ``numbered`` tells that they certainly are not, but as numbers.
    """

    type: PrimitiveType | None = None
    nullable: bool = True
    max_length: int | None = None
    compared: frozenset[str] = frozenset()
    liked: frozenset[str] = frozenset()
    folded: frozenset[str] = frozenset()
    sortable: bool = False
    ordered: bool = False
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """What the source says of an entity. ``values`` is the longest list of ``OneOf`` in one call, of fields in
    ``lists`` the number there; longer ones are asked for in parts, so that they are graded whatever their length.
    ``required`` are fields one of which (each tuple) every ``where`` must compare."""

    top: bool = False
    skip: bool = False
    count: bool = False
    values: int = 50
    required: tuple[tuple[str, ...], ...] = ()
    lists: Mapping[str, int] = field(default_factory=dict)


class Withdrawn(Exception):
    """The source refused the question before its first batch, with ``error``, and does not offer any more what it may
    have refused: put it anew, by what ``entity``, ``field`` and ``grade`` say now."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(str(error))
        self.error = error


class RecordSource(Protocol):
    """One ERP. All of it raises ``SourceError`` when it fails; calls are counted in ``session.timings``."""

    #: The kind: the name of the catalog's section.
    kind: str
    #: Keys of the section, of a join and of a total that are this kind's own and become ``Ask.options``.
    options: frozenset[str]
    #: What an empty text means here: a value, or that there is none.
    empty_is_null: bool
    #: Calls that may be under way at once.
    connections: int

    def entity(self, name: str) -> EntityFacts | None:
        """``None`` if the source has no such entity."""
        ...

    def field(self, entity: str, name: str) -> FieldFacts | None:
        """``None`` if the entity has no such field. A path leads to a field of a related record."""
        ...

    def grade(self, entity: str, condition: Condition) -> Match:
        """How well the source answers a condition, looking at every node of it."""
        ...

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        """Lazy batches, a call each. ``ask`` holds only what the facts and ``grade`` accepted. May raise
        ``Withdrawn``."""
        ...

    def explain(self, ask: Ask) -> str:
        """The first call that ``ask`` becomes, without credentials."""
        ...

    def ping(self, session: Session) -> None:
        """Whether the source can answer now; asks for no business data."""
        ...

    def describe(self, session: Session) -> str:
        """What it is and where: product, version, place; never a password."""
        ...

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with the ``options`` of a section, as (key, message). The source is not asked."""
        ...


@runtime_checkable
class Examines(Protocol):
    """Optional: a source that answers checks of ``doctor``, as ``erp_adapters.base.Diagnoses`` has it."""

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        """What the check of that id finds; ``None`` if there is no answer to it."""
        ...
