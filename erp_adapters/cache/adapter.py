"""The cache as an adapter around an adapter: what was asked a moment ago is not asked again, and while the ERP is away
older answers serve, marked as such.

The protocol: an answer is fresh for as long as its entity sets allow. Fresh, it is served; near the end of that time it
is read again in the background. Otherwise the ERP is asked, once for all who ask the same at the time, in this process
and, through the store, in the others. If the ERP fails, an answer that is not too old is served instead. Failures are
never kept, and a failure of the cache is a miss.
"""

import math
import secrets as random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from itertools import chain
from typing import Protocol

from edm.capabilities import Capabilities
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Adapter, Explains, Page, Row, Session, SourceError
from erp_adapters.cache.entry import Entry, packed, unpacked
from erp_adapters.cache.flight import Flights
from erp_adapters.cache.key import Key, canonical, sets_of
from erp_adapters.cache.memory import Memory

#: A clock that is ahead of ours by more than this, in seconds, tells nothing about the age of an answer.
_SKEW = 2.0
#: Seconds for which one process may ask for all of them.
_LOCK = 5
#: Seconds between two looks at whether another process has the answer.
_LOOK = 0.02
#: Keys of one question that are kept at hand.
_VIEWS = 64
#: The part of its time after which an answer that is asked for is read again in the background.
_AHEAD = 0.8


class Store(Protocol):
    """Bytes by name, shared between processes. Never raises: what fails is a miss."""

    def get(self, name: str) -> bytes | None: ...

    def put(self, name: str, value: bytes, seconds: int) -> None: ...

    def claim(self, name: str, value: bytes, seconds: int) -> bool:
        """Whether nobody had the name; then it is ours. True if nobody can tell."""
        ...

    def release(self, name: str, value: bytes) -> None:
        """Gives the name back if it is still ours."""
        ...


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old an answer may be, in seconds: ``fresh`` while the ERP answers, ``stale`` more while it does not.

    ``live`` forbids keeping anything.
    """

    fresh: float = 0.0
    stale: float = 0.0
    live: bool = False

    def meet(self, other: "Freshness") -> "Freshness":
        """What holds for an answer that depends on both."""
        return Freshness(min(self.fresh, other.fresh), min(self.stale, other.stale), self.live or other.live)


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Sizes in rows and bytes, times in seconds.

    ``negative`` bounds how long an empty answer is fresh. ``patience`` is how long the ERP is waited for when an older
    answer could serve; ``wait`` how long another process is.
    """

    most_rows: int = 2_001
    most_bytes: int = 1_000_000
    negative: float = 5.0
    patience: float = 1.0
    wait: float = 2.0


class Marks(Protocol):
    """When each set was last declared changed, in seconds of the epoch."""

    def since(self, entity_set: str) -> float: ...


@dataclass(frozen=True, slots=True)
class _Question:
    """What there is to know of a query before it is answered: its key without the caller, the sets that it depends on,
    how old its answer may be, and whether it is asked as a whole (otherwise row by row, as somebody pulls them).
    """

    asked: Query
    sets: frozenset[str]
    freshness: Freshness
    whole: bool
    keys: dict[str, Key] = field(default_factory=dict, compare=False)

    def key(self, view: str) -> Key:
        """The question as callers of that view ask it."""
        key = self.keys.get(view)
        if key is None:
            if len(self.keys) >= _VIEWS:
                self.keys.clear()
            key = self.keys[view] = Key(self.asked, view)
        return key

    @property
    def kept(self) -> bool:
        """Whether the sets allow to keep answers."""
        return not self.freshness.live and self.freshness.fresh > 0


@dataclass(frozen=True, slots=True)
class _Hit:
    """A read that was answered from what is kept."""

    key: Key
    question: _Question
    entry: Entry


@dataclass(slots=True)
class Cached:
    """Answers from what ``adapter`` has answered before. ``namespace`` tells this model and these sources from others
    that share the store; ``secret`` signs what is stored. ``background`` runs what nobody waits for. ``told`` hears of
    every outcome by set: those of ``Provenance``, ``refused`` for an entry that is not ours, ``renewed``,
    ``renewal_failed``.
    """

    adapter: Adapter
    metadata: ServiceMetadata
    freshness: Callable[[EntitySet], Freshness]
    namespace: str
    secret: bytes
    store: Store | None = None
    marks: Marks | None = None
    background: Executor | None = None
    options: CacheOptions = CacheOptions()
    memory: Memory = field(default_factory=Memory)
    clock: Callable[[], float] = time.time
    told: Callable[[str, str], None] = lambda entity_set, outcome: None
    _flights: Flights[Entry] = field(default_factory=Flights)
    _question: Callable[[Query], _Question] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._question = lru_cache(maxsize=4_096)(self._questioned)

    def _questioned(self, query: Query) -> _Question:
        sets = sets_of(query, self.metadata)
        freshness = reduce(Freshness.meet, (self.freshness(self.metadata[name]) for name in sets))
        whole = query.top is not None and query.top <= self.options.most_rows
        return _Question(canonical(query), sets, freshness, whole)

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return self.adapter.capabilities(entity_set)

    def explain(self, query: Query) -> str:
        """What the ERP would be sent."""
        return self.adapter.explain(query) if isinstance(self.adapter, Explains) else ""

    def decision(self, query: Query, view: str = "") -> str:
        """What the cache would do with the query, for people, and the key under which it would do it."""
        question = self._question(query)
        if not question.kept:
            return self.allowance(query)
        key = question.key(view)
        found = self._found(key, question)
        state = "nothing kept" if found is None else f"kept for {self._age(found):.0f} s"
        return f"{state}; {self.allowance(query)}; key {key.digest(self.namespace)}"

    def allowance(self, query: Query) -> str:
        """How long answers to such a query are kept, for people."""
        question = self._question(query)
        if not question.kept:
            return "not kept" + (" (must be live)" if question.freshness.live else "")
        freshness = question.freshness
        return f"fresh for {freshness.fresh:g} s, in an outage for {freshness.stale:g} s more"

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        question = self._question(query)
        if not question.kept:
            self._count(query, session, "bypass")
            yield from self.adapter.read(query, session)
            return
        key = question.key(session.view)
        with _spent(session):
            kept = None if session.live else self._found(key, question)
            hit = self._hit(key, question, query, session, kept)
        if hit is not None:
            yield hit
        elif question.whole:
            yield _page(self._asked(key, question, session, kept), query)
        else:
            yield from self._recorded(key, question, query, session, kept)

    def _hit(self, key: Key, question: _Question, query: Query, session: Session, kept: Entry | None) -> Page | None:
        """The answer, if what is kept is fresh."""
        if kept is None or not self._is_fresh(kept, question):
            return None
        self._counted(_Hit(key, question, kept), session)
        return _page(kept, query)

    def _counted(self, hit: "_Hit", session: Session) -> None:
        self._count(hit.question.asked, session, "hit", hit.entry.fetched)
        session.provenance.kept.append(hit)
        self._renew_early(hit.key, hit.question, session, hit.entry)

    def again(self, reads: Sequence[object], session: Session) -> bool:
        """Whether all of the hits would be the same in this session; then they are its hits."""
        if session.live:
            return False
        with _spent(session):
            hits = [read for read in reads if isinstance(read, _Hit) and self._same(read, session)]
            if len(hits) < len(reads):
                return False
            for hit in hits:
                self._counted(hit, session)
        return True

    def _same(self, hit: "_Hit", session: Session) -> bool:
        """Whether that very entry would be found now, and serve."""
        entity_set = self.metadata[hit.question.asked.entity_set]
        return (
            hit.key.view == session.view
            and self.memory.get(hit.key, entity_set) is hit.entry
            and self._is_fresh(hit.entry, hit.question)
            and not self._outdated(hit.entry, hit.question)
        )

    # --- asking ---------------------------------------------------------------------------------------------------

    def _asked(self, key: Key, question: _Question, session: Session, kept: Entry | None) -> Entry:
        """The ERP's answer, or the kept one if the ERP fails and that is not too old."""
        if session.live:  # what another one asked for a moment ago may be older than what this caller knows of
            self._count(question.asked, session, "live")
            return self._read(key, question, session)
        usable = kept is not None and self._serves_outage(kept, question)
        asking = _hurried(session, self.options.patience) if usable else session
        patience = min(asking.remaining(), self.options.wait)
        began = time.perf_counter()
        try:
            entry, waited = self._flights.run(key, lambda: self._fetch(key, question, asking), patience)
        except SourceError as error:
            return self._instead(error, key, kept, question, session)
        if waited:
            session.timings.cache_seconds += time.perf_counter() - began
        self._count(question.asked, session, "coalesced" if waited else "miss", entry.fetched if waited else None)
        return entry

    def _instead(
        self, error: SourceError, key: Key, kept: Entry | None, question: _Question, session: Session
    ) -> Entry:
        """The kept answer instead of a failure, if it may serve; else raises the failure. The store is looked into once
        more before that: it may have been too slow at first, or have the answer since.
        """
        kept = kept or (None if session.live else self._found(key, question))
        if kept is None or not error.passing or not self._serves_outage(kept, question):
            raise error
        self._count(question.asked, session, "stale", kept.fetched)
        return kept

    def _recorded(
        self, key: Key, question: _Question, query: Query, session: Session, kept: Entry | None
    ) -> Iterator[Page]:
        """An answer of unknown size as it is pulled, kept if it was pulled to its end and is small enough."""
        fetched, rows, count = self.clock(), list[Row](), None
        asked = replace(query, columns=question.asked.columns)
        pages = self.adapter.read(asked, session)
        try:
            first = next(pages, None)
        except SourceError as error:
            yield _page(self._instead(error, key, kept, question, session), query)
            return
        self._count(query, session, "miss")
        for page in chain(() if first is None else (first,), pages):
            count = page.count if page.count is not None else count
            if len(rows) <= self.options.most_rows:
                rows.extend(page.rows)
            yield _page(Entry(asked.columns, page.rows, page.count, fetched), query)
        with _spent(session):
            self._keep(key, question, Entry(asked.columns, rows, count, fetched))

    def _fetch(self, key: Key, question: _Question, session: Session) -> Entry:
        """Asks the ERP, unless another process is just doing so."""
        store = self.store
        if store is None:
            return self._read(key, question, session)
        name = key.digest(self.namespace)
        lock, token = f"lock:{name}", random.token_bytes(16)
        until = time.monotonic() + min(self.options.wait, session.remaining())
        with _spent(session):
            while not (ours := store.claim(lock, token, _LOCK)) and time.monotonic() < until:
                time.sleep(_LOOK)
                found = self._stored(key, question)
                if found is not None and self._is_fresh(found, question):
                    return found
        try:
            return self._read(key, question, session)
        finally:
            if ours:
                store.release(lock, token)

    def _read(self, key: Key, question: _Question, session: Session) -> Entry:
        fetched, rows, count = self.clock(), list[Row](), None
        for page in self.adapter.read(question.asked, session):
            rows.extend(page.rows)
            count = page.count if page.count is not None else count
        entry = Entry(question.asked.columns, rows, count, fetched)
        with _spent(session):
            self._keep(key, question, entry)
        return entry

    def _renew_early(self, key: Key, question: _Question, session: Session, kept: Entry) -> None:
        """Reads again in the background what is asked for and about to be too old."""
        fresh = self._fresh_for(kept, question)
        early = self._age(kept) < _AHEAD * fresh
        if early or self.background is None or not question.whole or self._flights.under_way(key):
            return
        renewing = Session(session.principal, session.correlation_id, time.monotonic() + fresh, view=session.view)
        self.background.submit(self._renew, key, question, renewing)

    def _renew(self, key: Key, question: _Question, session: Session) -> None:
        try:
            self._flights.run(key, lambda: self._fetch(key, question, session), 0.0)
        except SourceError:
            self.told(question.asked.entity_set, "renewal_failed")  # whoever asks next is told
        else:
            self.told(question.asked.entity_set, "renewed")

    # --- keeping --------------------------------------------------------------------------------------------------

    def _keep(self, key: Key, question: _Question, entry: Entry) -> None:
        if len(entry.rows) > self.options.most_rows:
            return
        self.memory.put(key, entry, self.metadata[question.asked.entity_set])
        if self.store is None:
            return
        name = key.digest(self.namespace)
        data = packed(entry, name, self.secret, self.options.most_bytes)
        if data is not None:
            lifetime = self._fresh_for(entry, question) + question.freshness.stale
            self.store.put(name, data, max(1, math.ceil(lifetime)))

    def _found(self, key: Key, question: _Question) -> Entry | None:
        """What is kept and not declared changed since: here, or with all processes."""
        found = self.memory.get(key, self.metadata[question.asked.entity_set])
        if found is not None and self._outdated(found, question):
            found = None
        if found is not None and self._is_fresh(found, question):
            return found
        shared = self._stored(key, question)
        if shared is None or (found is not None and found.fetched >= shared.fetched):
            return found
        self.memory.put(key, shared, self.metadata[question.asked.entity_set])
        return shared

    def _stored(self, key: Key, question: _Question) -> Entry | None:
        if self.store is None:
            return None
        name = key.digest(self.namespace)
        data = self.store.get(name)
        if data is None:
            return None
        entry = unpacked(data, name, self.secret, self.options.most_bytes)
        if entry is None or entry.columns != key.query.columns:
            self.told(key.query.entity_set, "refused")
            return None
        return None if self._outdated(entry, question) else entry

    def _outdated(self, entry: Entry, question: _Question) -> bool:
        """Whether a set was declared changed since, or the entry comes from a clock that cannot be right."""
        if entry.fetched > self.clock() + _SKEW:
            return True
        marks = self.marks
        return marks is not None and any(entry.fetched <= marks.since(name) + _SKEW for name in question.sets)

    # --- how old --------------------------------------------------------------------------------------------------

    def _fresh_for(self, entry: Entry, question: _Question) -> float:
        fresh = question.freshness.fresh
        return min(fresh, self.options.negative) if not entry.rows and not entry.count else fresh

    def _is_fresh(self, entry: Entry, question: _Question) -> bool:
        return self._age(entry) < self._fresh_for(entry, question)

    def _serves_outage(self, entry: Entry, question: _Question) -> bool:
        return self._age(entry) < self._fresh_for(entry, question) + question.freshness.stale

    def _age(self, entry: Entry) -> float:
        return max(0.0, self.clock() - entry.fetched)

    def _count(self, query: Query, session: Session, outcome: str, fetched: float | None = None) -> None:
        self.told(query.entity_set, outcome)
        session.provenance.add(outcome, fetched)


@contextmanager
def _spent(session: Session) -> Iterator[None]:
    """What is done here is the cache's part of the time that the request takes."""
    began = time.perf_counter()
    try:
        yield
    finally:
        session.timings.cache_seconds += time.perf_counter() - began


def _hurried(session: Session, patience: float) -> Session:
    """The same session, but with little time."""
    soon = time.monotonic() + patience
    return replace(session, deadline=soon if session.deadline is None else min(soon, session.deadline))


def _page(entry: Entry, query: Query) -> Page:
    rows = entry.projected(query.columns)
    assert rows is not None, "an answer has the columns that were asked for"
    return Page(rows, entry.count if query.count else None)
