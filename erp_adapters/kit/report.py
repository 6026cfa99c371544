"""What the kit is told and what it says: options, what went wrong, what each check found. Values alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.capabilities import Match
from edm.model import ServiceMetadata
from edm.query import Query
from erp_adapters.base import Adapter, Row, Session

#: Rows of an answer, and their number if the query asked for it.
Answered = tuple[Sequence[Row], int | None]
#: Makes, of an adapter, what answers every query with its help: the engine of a service.
EngineOf = Callable[[Adapter, ServiceMetadata], Callable[[Query, Session], Answered]]


@dataclass(frozen=True, slots=True)
class Options:
    """How much is looked at.

    ``rows`` of each set are looked at; ``None`` reads every set whole, which is what a test does. ``cases`` is the most
    that one check asks of one set. ``timeout`` are the seconds of one read, ``seconds`` those of everything; then no
    case is begun any more. Only ``sets`` and ``checks`` that are named, if any are. With ``engine`` the kit also asks a
    real engine around the adapter.
    """

    rows: int | None = None
    cases: int | None = None
    seed: int = 0
    timeout: float = 60.0
    seconds: float | None = None
    sets: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    engine: EngineOf | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as the adapter declares it. ``subject`` is the property (or navigation property) that it
    is about, ``query`` what was asked, as OData text; ``more`` such failures were left out."""

    check: str
    entity_set: str
    subject: str
    operator: str
    query: str
    expected: str
    got: str
    why: str
    fix: str
    more: int = 0

    def __str__(self) -> str:
        subject = " ".join(filter(None, (self.subject, self.operator)))
        lines = [f"{self.check}: {self.entity_set}{f' ({subject})' if subject else ''}: {self.why}"]
        for title, text in (
            ("asked", self.query),
            ("expected", self.expected),
            ("got", self.got),
            ("to do", self.fix),
        ):
            lines += [f"  {title}: {text}"] if text else []
        return "\n".join([*lines, *([f"  and {self.more} more like this"] if self.more else [])])


@dataclass(slots=True)
class Claims:
    """What the source says that it answers for a set: per property and operator how well, what it sorts by, and
    which slices it takes."""

    matches: dict[tuple[str, str], set[Match]] = field(default_factory=dict)
    sorts: dict[str, bool] = field(default_factory=dict)
    slices: tuple[str, ...] = ()

    def graded(self, subject: str, operator: str, match: Match) -> None:
        self.matches.setdefault((subject, operator), set()).add(match)

    def level(self, subject: str, operator: str) -> str:
        """``exact``, ``inexact``, ``none``, or ``partly`` where it depends on the values."""
        found = self.matches.get((subject, operator), {Match.NO})
        if len(found) == 1:
            return {Match.EXACT: "exact", Match.INEXACT: "inexact", Match.NO: "none"}[next(iter(found))]
        return "partly" if Match.NO in found else "inexact"

    def levels(self) -> Mapping[str, int]:
        """How many pairs of property and operator there are of each level."""
        number = dict.fromkeys(("exact", "inexact", "partly", "none"), 0)
        for subject, operator in self.matches:
            number[self.level(subject, operator)] += 1
        return number


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found in one set. ``tried`` cases were asked; ``notes`` say what could not be looked at."""

    check: str
    entity_set: str
    tried: int
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    claims: Claims | None = None


def summed(failures: Sequence[Failure]) -> Iterator[Failure]:
    """The first failure of each property and operator, with the number of the others."""
    from dataclasses import replace

    groups: dict[tuple[str, str, str], list[Failure]] = {}
    for failure in failures:
        groups.setdefault((failure.subject, failure.operator, failure.why), []).append(failure)
    for group in groups.values():
        yield replace(group[0], more=len(group) - 1)


def shown(value: Any, most: int = 80) -> str:
    """A value in few characters."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shown_rows(keys: Sequence[Any], most: int = 5) -> str:
    """Some of the keys, and how many there are."""
    listed = ", ".join(shown(key, 40) for key in keys[:most])
    noun = "row" if len(keys) == 1 else "rows"
    return f"{len(keys)} {noun}" + (f": {listed}{', ...' if len(keys) > most else ''}" if keys else "")
