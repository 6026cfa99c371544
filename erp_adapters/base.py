"""The adapter interface: what a source of rows must offer, what it is given, and how it says that it failed.

Everything that wraps a source is an ``Adapter`` too. Adapters are optimisations: one that declares no capabilities is
already correct, because the engine evaluates the rest.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

from edm.capabilities import Capabilities
from edm.errors import ODataError
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query

#: One row: Python values of the Edm types, in ``Query.columns`` order.
Row = tuple[Any, ...]

#: The source of a set whose catalog names none.
DEFAULT_SOURCE = "default"
#: The kind of source that is a database.
SQL = "sql"


@dataclass(slots=True)
class Timings:
    """What one request cost; adapters add what they spent waiting for the ERP. ``rows_expanded`` are related rows.

    ``read_seconds`` is all that it took to get rows: planning, looking into the cache, the ERP, finishing its answers.
    """

    erp_seconds: float = 0.0
    erp_calls: int = 0
    rows_read: int = 0
    rows_expanded: int = 0
    plan_seconds: float = 0.0
    cache_seconds: float = 0.0
    read_seconds: float = 0.0
    write_seconds: float = 0.0

    def add(self, other: "Timings") -> None:
        """What a part of the request cost."""
        for row in fields(self):
            setattr(self, row.name, getattr(self, row.name) + getattr(other, row.name))


@dataclass(slots=True)
class Provenance:
    """Where the rows of one request came from: how many reads had each outcome (``hit``, ``miss``, ``coalesced``,
    ``stale``, ``live``, ``bypass``), and when the oldest of kept rows was read, in seconds of the epoch. ``kept`` are
    the hits, for ``Repeats``.
    """

    reads: Counter[str] = field(default_factory=Counter)
    oldest: float | None = None
    stale: bool = False
    kept: list[object] = field(default_factory=list)

    def add(self, outcome: str, fetched: float | None = None) -> None:
        """One read more. ``fetched`` only if the rows were kept."""
        self.reads[outcome] += 1
        if fetched is not None:
            self.oldest = fetched if self.oldest is None else min(self.oldest, fetched)
        self.stale = self.stale or outcome == "stale"

    def merge(self, other: "Provenance") -> None:
        """The reads of a part of the request."""
        self.reads += other.reads
        times = [time for time in (self.oldest, other.oldest) if time is not None]
        self.oldest, self.stale = min(times, default=None), self.stale or other.stale


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks, how long there is, and under which id it is logged. One per request, shared by all its reads.

    ``memo`` is for what one read of the request has found out and another one would ask again.
    ``view`` stands for what the caller may see: answers are shared between sessions of one view alone. ``live`` asks
    for the ERP's own answer, whatever is kept.
    """

    principal: str = "anonymous"
    correlation_id: str = "-"
    deadline: float | None = None  # time.monotonic() value
    timings: Timings = field(default_factory=Timings)
    memo: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)
    view: str = ""
    live: bool = False
    provenance: Provenance = field(default_factory=Provenance)

    def remaining(self) -> float:
        """Seconds left, never negative; infinity without a deadline."""
        return float("inf") if self.deadline is None else max(0.0, self.deadline - time.monotonic())


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the answer. ``count`` is set on the first page of a query that asked for it."""

    rows: Sequence[Row]
    count: int | None = None


class Adapter(Protocol):
    """A source of rows."""

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        """What this source answers by itself for the set."""
        ...

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        """Lazy pages of the answer. ``query`` holds only what ``capabilities`` accepted.

        Raises ``SourceError`` when the ERP fails; anything else is a bug.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """Optional: shows the request that a query becomes (SQL with parameters, a URL)."""

    def explain(self, query: Query) -> str: ...


@runtime_checkable
class Keeps(Protocol):
    """Optional: answers from what it has kept, and tells people how."""

    def decision(self, query: Query, view: str = "") -> str:
        """Whether the query would be answered from what is kept for callers of that view, and under which key."""
        ...

    def allowance(self, query: Query) -> str:
        """How long answers to such queries are kept."""
        ...


@runtime_checkable
class Repeats(Protocol):
    """Optional: tells whether what it has answered would be answered with the very same rows now."""

    def again(self, reads: Sequence[object], session: Session) -> bool:
        """Whether all of the ``reads``, which are hits of an earlier session (``Provenance.kept``), would be the same
        ones in this session; then they are counted as its reads."""
        ...


@runtime_checkable
class Checks(Protocol):
    """Optional: says whether the source can answer now; raises ``SourceError`` if not."""

    def ping(self, session: Session) -> None: ...


@runtime_checkable
class Prepares(Protocol):
    """Optional: learns what it needs to know of the source before processes are forked off. Raises ``SourceError``;
    then each of them learns it when it is first asked."""

    def prepare(self) -> None: ...


@runtime_checkable
class Validates(Protocol):
    """Optional: lists the faults of the catalog's sections for this kind of source, as (set, key, message)."""

    def faults(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """What is wrong with their form; the source is not asked."""
        ...

    def lacks(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        """What they name and the source does not have. Raises ``SourceError`` when it cannot be asked."""
        ...


class Level(IntEnum):
    """How bad a finding is: good to know, will hurt one day, or hurts now."""

    NOTE = 1
    WARNING = 2
    FAILURE = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What ``doctor`` found ``where`` (a set, a property, a table): the cause, and the exact remedy."""

    level: Level
    where: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a source is asked to look at: these sets, about so many rows of each, for so many processes."""

    sets: Sequence[EntitySet]
    session: Session
    sample: int = 500
    workers: int = 1


@runtime_checkable
class Diagnoses(Protocol):
    """Optional: answers those questions of ``doctor`` that only this kind of source can."""

    def describe(self, session: Session) -> str:
        """What it is and where: product, version, place; never a password."""
        ...

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        """What the check of that id finds; ``None`` if this source has no answer to it."""
        ...


@runtime_checkable
class Routes(Protocol):
    """Optional: answers from several sources, each an adapter of its own."""

    @property
    def sources(self) -> Mapping[str, Adapter]: ...


def source_of(entity_set: EntitySet) -> str:
    """The name of the source that the set's rows come from, as its catalog says; else that of a database is the default
    one, and that of another kind of ERP is called like the kind.
    """
    named = (section.get("source") for section in entity_set.sources.values())
    kinds = DEFAULT_SOURCE if SQL in entity_set.sources else next(iter(entity_set.sources), DEFAULT_SOURCE)
    return next((name for name in named if isinstance(name, str)), kinds)


def sources_of(adapter: Adapter) -> Mapping[str, Adapter]:
    """The sources behind an adapter by name: itself, if there is only one."""
    return adapter.sources if isinstance(adapter, Routes) else {DEFAULT_SOURCE: adapter}


class SourceError(ODataError):
    """The ERP failed. The message is for the client and never holds text of the ERP; ``detail`` goes to the log.

    ``passing`` tells that the same question may be answered a little later; until then an older answer may serve.
    """

    passing = True
    #: Whether asking once more at once may help.
    retried = False
    #: Whether it tells that the ERP as a whole is in trouble.
    outage = False

    def __init__(self, code: str, message: str, *, detail: str = "", retry_after: int | None = None) -> None:
        headers = (("Retry-After", str(retry_after)),) if retry_after is not None else ()
        super().__init__(code, message, headers=headers)
        self.detail = detail


class Unavailable(SourceError):
    """The ERP cannot be reached."""

    retried = outage = True

    def __init__(self, detail: str = "", *, retry_after: int = 3) -> None:
        message = "The ERP cannot be reached at the moment."
        super().__init__("erp_unavailable", message, detail=detail, retry_after=retry_after)


class Busy(SourceError):
    """No connection to the ERP became free in time."""

    said = "All connections to the ERP are in use."

    def __init__(self, detail: str = "", *, retry_after: int = 2) -> None:
        super().__init__("erp_busy", self.said, detail=detail, retry_after=retry_after)


class Throttled(Busy):
    """The ERP wants to be asked less."""

    said = "The ERP takes no more requests at the moment."


class Locked(SourceError):
    """Another transaction of the ERP was in the way: a lock, a deadlock, a conflict."""

    retried = True

    def __init__(self, detail: str = "") -> None:
        super().__init__("erp_busy", "The ERP's data are locked at the moment.", detail=detail, retry_after=2)


class TimedOut(SourceError):
    """The ERP did not answer before the deadline."""

    outage = True

    def __init__(self, detail: str = "") -> None:
        super().__init__("erp_timeout", "The ERP did not answer in time.", detail=detail, retry_after=5)


class ContractBroken(SourceError):
    """The ERP's answer does not fit the mapping (a column is missing, a value has another type)."""

    passing = False

    def __init__(self, entity_set: str, detail: str = "") -> None:
        super().__init__("erp_contract", f"The ERP's answer for {entity_set} does not fit its mapping.", detail=detail)


# What ERPs that are reached over HTTP do beside that.


class AuthFailed(SourceError):
    """The ERP does not accept the service's own credentials."""

    def __init__(self, detail: str = "", *, retry_after: int = 60) -> None:
        message = "The ERP does not let the service sign in."
        super().__init__("erp_auth", message, detail=detail, retry_after=retry_after)


class Untrusted(SourceError):
    """The ERP's certificate does not tell that it is the ERP."""

    outage = True

    def __init__(self, detail: str = "") -> None:
        message = "The connection to the ERP is not safe, so it is not used."
        super().__init__("erp_tls", message, detail=detail, retry_after=60)


class Denied(SourceError):
    """The ERP knows the service and does not let it read this."""

    passing = False

    def __init__(self, detail: str = "") -> None:
        super().__init__("erp_denied", "The ERP does not let the service read this.", detail=detail)


class Failed(SourceError):
    """The ERP answers that it failed, to this question."""

    retried = True

    def __init__(self, detail: str = "") -> None:
        super().__init__("erp_failed", "The ERP failed to answer.", detail=detail, retry_after=3)


class BadAnswer(SourceError):
    """What the ERP answered cannot be used: another format, cut off, too large, or it leads elsewhere."""

    outage = True

    def __init__(self, detail: str = "") -> None:
        message = "The ERP answered with something that cannot be used."
        super().__init__("erp_answer", message, detail=detail, retry_after=3)


class Refused(SourceError):
    """The ERP refuses the question with an HTTP status of ``answered``, 400 or 404 for instance."""

    passing = False

    def __init__(self, detail: str = "", *, answered: int = 400) -> None:
        super().__init__("erp_refused", "The ERP refused the question.", detail=detail)
        self.answered = answered


def over_budget(entity_set: str, names: Sequence[str], budget: int) -> ODataError:
    """The named error for an answer that needs more rows than may be read; ``names`` are the properties to blame."""
    return ODataError(
        "scan_budget_exceeded",
        f"Answering needs more than {budget} rows of {entity_set}, because the ERP cannot evaluate the condition or"
        f" order on {', '.join(names) or 'a related entity'} (limit scan_budget).",
        target=names[0] if names else None,
        hint="Add a filter that the ERP can evaluate, for example on the key, a date or a customer number.",
    )
