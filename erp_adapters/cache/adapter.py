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
from functools import lru_cache
from itertools import chain

from edm.capabilities import Capabilities
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Adapter, Explains, Page, Row, Session, SourceError, TimedOut, source_of
from erp_adapters.cache.entry import Entry, packed, unpacked
from erp_adapters.cache.flight import Flights
from erp_adapters.cache.key import Key
from erp_adapters.cache.memory import Memory
from erp_adapters.cache.renewal import Renewals
from erp_adapters.cache.terms import CacheOptions, Freshness, Marks, Question, Store, questioned

#: A clock that is ahead of ours by more than this, in seconds, tells nothing about the age of an answer.
_SKEW = 2.0
#: Seconds for which one process may ask for all of them.
_LOCK = 5
#: Seconds between two looks at whether another process has the answer.
_LOOK = 0.02
#: The part of its time after which an answer that is asked for is read again in the background.
_AHEAD = 0.8


class _Grown(Exception):
    """An answer of unknown size has become too large to be kept, and is read as somebody pulls it."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A read that was answered from what is kept."""

    key: Key
    question: Question
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
    options: CacheOptions = field(default_factory=CacheOptions)
    memory: Memory = field(default_factory=Memory)
    clock: Callable[[], float] = time.time
    told: Callable[[str, str], None] = lambda entity_set, outcome: None
    _flights: Flights[Entry] = field(default_factory=Flights)
    _renewals: dict[str, Renewals[Entry]] = field(default_factory=dict)
    _question: Callable[[Query], Question] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._question = lru_cache(maxsize=4_096)(self._questioned)

    def _questioned(self, query: Query) -> Question:
        return questioned(query, self.metadata, self.freshness, self.options.most_rows)

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

    def _hit(self, key: Key, question: Question, query: Query, session: Session, kept: Entry | None) -> Page | None:
        """The answer, if what is kept is fresh."""
        if kept is None or not self._is_fresh(kept, question):
            return None
        if kept.derived:  # other processes may need it in an outage, and have not what it was made from
            kept = replace(kept, derived=False)
            self._keep(key, question, kept, apart=False)
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

    def _asked(self, key: Key, question: Question, session: Session, kept: Entry | None) -> Entry:
        """The ERP's answer, or the kept one if the ERP fails and that is not too old."""
        if session.live:  # what another one asked for a moment ago may be older than what this caller knows of
            self._count(question.asked, session, "live")
            return self._read(key, question, session)
        began = time.perf_counter()
        try:
            if kept is not None and self._serves_outage(kept, question):
                entry, waited = self._renewed(key, question, session, kept)
            else:
                entry, waited = self._flown(key, question, session)
        except SourceError as error:
            return self._instead(error, key, kept, question, session)
        if waited:
            session.timings.cache_seconds += time.perf_counter() - began
        self._count(question.asked, session, "coalesced" if waited else "miss", entry.fetched if waited else None)
        return entry

    def _flown(self, key: Key, question: Question, session: Session) -> tuple[Entry, bool]:
        """The ERP's answer, and whether somebody else had asked for it."""
        patience = min(session.remaining(), self.options.wait)
        return self._flights.run(key, lambda: self._fetch(key, question, session), patience)

    def _renewed(self, key: Key, question: Question, session: Session, kept: Entry) -> tuple[Entry, bool]:
        """The ERP's answer, if it does not take longer than it is worth while an older one could serve."""
        renewals = self._renewals_of(question)
        if renewals is None:
            return self._flown(key, question, _hurried(session, self.options.patience))
        asking = replace(session, deadline=renewals.deadline(kept.took))
        begun, waited = renewals.start(key, lambda: self._flown(key, question, asking)[0])
        if begun is not None:
            return renewals.awaited(begun, kept.took), waited
        if not renewals.answers:
            raise TimedOut("not asked: nobody was answered lately")
        return self._flown(key, question, _hurried(session, self.options.patience))

    def _renewals_of(self, question: Question) -> Renewals[Entry] | None:
        """Those of the set's source, if there is a background to run them."""
        if self.background is None:
            return None
        source, options = source_of(self.metadata[question.asked.entity_set]), self.options
        found = self._renewals.get(source)
        if found is None:
            made = Renewals[Entry](self.background, options.renewals, options.patience, options.renewal)
            found = self._renewals.setdefault(source, made)
        return found

    def _learn(self, question: Question, error: SourceError | None = None) -> None:
        """The source has answered, or failed in this way."""
        renewals = self._renewals_of(question)
        if renewals is not None:
            renewals.learn(error)

    def _instead(self, error: SourceError, key: Key, kept: Entry | None, question: Question, session: Session) -> Entry:
        """The kept answer instead of a failure, if it may serve; else raises the failure. The store is looked into once
        more before that: it may have been too slow at first, or have the answer since.
        """
        kept = kept or (None if session.live else self._found(key, question))
        if kept is None or not error.passing or not self._serves_outage(kept, question):
            raise error
        self._count(question.asked, session, "stale", kept.fetched)
        return kept

    def _recorded(
        self, key: Key, question: Question, query: Query, session: Session, kept: Entry | None
    ) -> Iterator[Page]:
        """An answer of unknown size as it is pulled, kept if it was pulled to its end and is small enough."""
        small = self._still_small(key, question, session, kept)
        if small is not None:
            yield _page(small, query)
            return
        fetched, rows, count, began = self.clock(), list[Row](), None, time.monotonic()
        asked = replace(query, columns=question.asked.columns)
        pages = self.adapter.read(asked, session)
        try:
            first = next(pages, None)
        except SourceError as error:
            self._learn(question, error)
            yield _page(self._instead(error, key, kept, question, session), query)
            return
        self._learn(question)
        took = time.monotonic() - began
        self._count(query, session, "miss")
        for page in chain(() if first is None else (first,), pages):
            count = page.count if page.count is not None else count
            if len(rows) <= self.options.most_rows:
                rows.extend(page.rows)
            yield _page(Entry(asked.columns, page.rows, page.count, fetched), query)
        with _spent(session):
            self._keep(key, question, Entry(asked.columns, rows, count, fetched, took))

    def _still_small(self, key: Key, question: Question, session: Session, kept: Entry | None) -> Entry | None:
        """The answer as a whole, if it was small before and is. So the ERP is not waited for any longer than usual."""
        if kept is None or not self._serves_outage(kept, question):
            return None
        try:
            return self._asked(key, question, session, kept)
        except _Grown:
            return None

    def _fetch(self, key: Key, question: Question, session: Session) -> Entry:
        """Asks the ERP, unless another process is just doing so."""
        store = self.store
        if store is None:
            return self._read(key, question, session)
        name = key.digest(self.namespace)
        lock, token = f"lock:{name}", random.token_bytes(16)
        until, looked = time.monotonic() + min(self.options.wait, session.remaining()), False
        with _spent(session):
            while not (ours := store.claim(lock, token, _LOCK)) and time.monotonic() < until:
                time.sleep(_LOOK)
                looked, found = True, self._shared(key, question)
                if found is not None:
                    return found
        try:
            # The other one may have kept its answer and given the claim back between our look and our claim.
            found = self._shared(key, question) if ours and looked else None
            return found or self._read(key, question, session)
        finally:
            if ours:
                store.release(lock, token)

    def _read(self, key: Key, question: Question, session: Session) -> Entry:
        fetched, rows, count, began = self.clock(), list[Row](), None, time.monotonic()
        try:
            for page in self.adapter.read(question.asked, session):
                rows.extend(page.rows)
                count = page.count if page.count is not None else count
                if not question.whole and len(rows) > self.options.most_rows:
                    raise _Grown
        except SourceError as error:
            self._learn(question, error)
            raise
        self._learn(question)
        entry = Entry(question.asked.columns, rows, count, fetched, time.monotonic() - began)
        with _spent(session):
            self._keep(key, question, entry)
        return entry

    def _renew_early(self, key: Key, question: Question, session: Session, kept: Entry) -> None:
        """Reads again in the background what is asked for and about to be too old, unless another process has."""
        if self._age(kept) < _AHEAD * self._fresh_for(kept, question):
            return
        renewals = self._renewals_of(question)
        if renewals is not None:
            until = renewals.deadline(kept.took)
            renewing = Session(session.principal, session.correlation_id, until, view=session.view)
            renewals.start(key, lambda: self._renew(key, question, renewing, kept))

    def _renew(self, key: Key, question: Question, session: Session, kept: Entry) -> Entry:
        newer = self._shared(key, question)
        if newer is not None and newer.fetched > kept.fetched:
            self.memory.put(key, newer, self.metadata[question.asked.entity_set])
            return newer
        try:
            renewed = self._flown(key, question, session)[0]
        except SourceError:
            self.told(question.asked.entity_set, "renewal_failed")  # whoever asks next is told
            raise
        self.told(question.asked.entity_set, "renewed")
        return renewed

    # --- keeping --------------------------------------------------------------------------------------------------

    def _keep(self, key: Key, question: Question, entry: Entry, *, apart: bool = True) -> None:
        if len(entry.rows) > self.options.most_rows:
            return
        self.memory.put(key, entry, self.metadata[question.asked.entity_set], apart=apart)
        if self.store is None:
            return
        name = key.digest(self.namespace)
        data = packed(entry, name, self.secret, self.options.most_bytes)
        if data is not None:
            lifetime = self._fresh_for(entry, question) + question.freshness.stale
            self.store.put(name, data, max(1, math.ceil(lifetime)))

    def _found(self, key: Key, question: Question) -> Entry | None:
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

    def _shared(self, key: Key, question: Question) -> Entry | None:
        """A fresh answer of another process."""
        found = self._stored(key, question)
        return found if found is not None and self._is_fresh(found, question) else None

    def _stored(self, key: Key, question: Question) -> Entry | None:
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

    def _outdated(self, entry: Entry, question: Question) -> bool:
        """Whether a set was declared changed since, or the entry comes from a clock that cannot be right."""
        if entry.fetched > self.clock() + _SKEW:
            return True
        marks = self.marks
        return marks is not None and any(entry.fetched <= marks.since(name) + _SKEW for name in question.sets)

    # --- how old --------------------------------------------------------------------------------------------------

    def _fresh_for(self, entry: Entry, question: Question) -> float:
        fresh = question.freshness.fresh
        return min(fresh, self.options.negative) if not entry.rows and not entry.count else fresh

    def _is_fresh(self, entry: Entry, question: Question) -> bool:
        return self._age(entry) < self._fresh_for(entry, question)

    def _serves_outage(self, entry: Entry, question: Question) -> bool:
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
