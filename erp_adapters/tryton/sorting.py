"""Records in the order that was asked for, where Tryton would sort them otherwise.

Tryton's modules sort numbers of documents by their length first (9, 10, 11), which is not the order of texts, and there
is no telling from outside. So it is looked at how a text is sorted, and if lengths come first there is one question
per length, whose answers are merged here.
"""

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Protocol

from edm.errors import ODataError
from erp_adapters.base import Session
from erp_adapters.records.base import All, Ask, Compare, Condition, OneOf, Order, Record
from erp_adapters.tryton.domains import Domain
from erp_adapters.tryton.fields import TEXTS, Models
from erp_adapters.tryton.orders import Key, Phase, phases

#: Texts that are looked at to see how they are sorted.
_LOOKED_AT = 200
#: Records read beyond those that were asked for, to have all with the same values.
_MARGIN = 25
#: Records that are sorted here for one answer, where nothing else helps.
_SORTED_HERE = 20_000
#: Seconds for which the shortest and the longest number are taken to be that.
_KNOWN = 60.0
#: Questions that one is divided into, at most.
_QUESTIONS = 12


class Pages(Protocol):
    """What asks Tryton."""

    page: int

    def pages(self, ask: Ask, domain: Sequence[Domain], session: Session) -> Iterator[Sequence[Record]]: ...

    def count(self, ask: Ask, session: Session, more: Sequence[Domain] = ()) -> int: ...


@dataclass(frozen=True, slots=True)
class Lengths:
    """From the shortest text to the longest one. ``sorted_by`` tells that shorter ones come first."""

    shortest: int
    longest: int
    sorted_by: bool
    until: float

    @property
    def several(self) -> bool:
        return self.sorted_by and self.shortest < self.longest

    def classes(self, path: str) -> list[Domain]:
        """One condition per length; the first and the last are open for what came meanwhile."""
        found: list[Domain] = []
        for length in range(self.shortest, self.longest + 1):
            parts: list[Domain] = []
            if length > self.shortest:
                parts.append([path, "like", "_" * length + "%"])
            if length < self.longest:
                parts.append([path, "not like", "_" * (length + 1) + "%"])
            found.append(["AND", *parts])
        return found


@dataclass(slots=True)
class Sorting:
    """Answers to questions with an order."""

    models: Models
    source: Pages
    _lengths: dict[tuple[str, str], Lengths] = field(default_factory=dict)

    def batches(self, ask: Ask, session: Session) -> Iterator[Sequence[Record]]:
        """One list at least, so that there is a place for a count."""
        asked = phases(self.models, ask.entity, ask.where, ask.order)
        if asked is None:
            yield self._sorted_here(ask, [], session)
        elif len(asked) > 1:
            yield from _packed(self._across(ask, asked, session), self.source.page)
        else:
            yield from self._phase(ask, asked[0], session)

    def _across(self, ask: Ask, asked: Sequence[Phase], session: Session) -> Iterator[Record]:
        """Records of several questions, one after the other."""
        skip, left = ask.skip, ask.top
        for phase in asked:
            if left == 0:
                return
            read = 0
            for records in self._phase(replace(ask, skip=skip, top=left), phase, session):
                yield from records
                read += len(records)
            left = None if left is None else left - read
            if skip:
                skip = 0 if read else max(0, skip - self.source.count(ask, session, phase[0]))

    def _phase(self, ask: Ask, phase: Phase, session: Session) -> Iterator[Sequence[Record]]:
        domain, order = phase
        ask = replace(ask, order=order)
        by_length = self._by_length(ask, session)
        if not by_length:
            yield from self.source.pages(ask, domain, session)
        elif (few := self._few(ask, domain, session)) is not None:
            yield few
        elif (ties := self._ties(ask, domain, min(by_length), session)) is not None:
            yield ties
        else:
            classes = list(product(*(lengths.classes(order[place].field) for place, lengths in by_length.items())))
            if len(classes) > _QUESTIONS:
                yield self._sorted_here(ask, domain, session)
            else:
                yield from _packed(self._merged(ask, domain, classes, session), self.source.page)

    def _ties(self, ask: Ask, domain: Sequence[Domain], place: int, session: Session) -> list[Record] | None:
        """The answer, if what is sorted by first leaves few records to be sorted here: those with the same values."""
        if ask.top is None:
            return None
        wanted = ask.skip + ask.top
        if not place or wanted + _MARGIN > self.source.page:
            return None
        more = replace(_with_order(ask), skip=0, top=wanted + _MARGIN)
        found = [record for records in self.source.pages(more, domain, session) for record in records]
        if len(found) == wanted + _MARGIN:
            first = ask.order[:place]
            last = Key(found[-1], first)  # there may be more of these
            found = [record for record in found if Key(record, first) != last]
            if len(found) < wanted:
                return None
        return _cut(found, ask)

    def _merged(
        self, ask: Ask, domain: Sequence[Domain], classes: Sequence[Sequence[Domain]], session: Session
    ) -> Iterator[Record]:
        end = None if ask.top is None else ask.skip + ask.top
        wide = replace(_with_order(ask), skip=0, top=end)
        streams = [self._stream(wide, [*domain, *one], session) for one in classes]
        merged = heapq.merge(*streams, key=lambda record: Key(record, _total(ask.order)))
        return islice(merged, ask.skip, end)

    def _stream(self, ask: Ask, domain: Sequence[Domain], session: Session) -> Iterator[Record]:
        for records in self.source.pages(ask, domain, session):
            yield from records

    def _few(self, ask: Ask, domain: Sequence[Domain], session: Session) -> list[Record] | None:
        """The answer, if all records are wanted or the condition seems to leave few, and they fit into one page."""
        if ask.top is not None and not _picks(ask.where):
            return None
        whole = replace(_with_order(ask), order=(), skip=0, top=self.source.page)
        found = [record for records in self.source.pages(whole, domain, session) for record in records]
        return _cut(found, ask) if len(found) < self.source.page else None

    def _sorted_here(self, ask: Ask, domain: Sequence[Domain], session: Session) -> list[Record]:
        whole = replace(_with_order(ask), order=(), skip=0, top=None)
        found: list[Record] = []
        for records in self.source.pages(whole, domain, session):
            found.extend(records)
            if len(found) > _SORTED_HERE:
                raise ODataError(
                    "scan_budget_exceeded",
                    f"More than {_SORTED_HERE} rows would have to be sorted here, because the ERP sorts otherwise.",
                    hint="Add a filter, or sort by another property.",
                )
        return _cut(found, ask)

    def divided(self, ask: Ask) -> str:
        """What is known of how the question is put, without asking: for people."""
        known = {item.field: self._lengths.get((ask.entity, item.field)) for item in ask.order}
        names = [name for name, lengths in known.items() if lengths is not None and lengths.several]
        return f"(by length of {', '.join(names)}, where the records do not fit into one page) " if names else ""

    # --- how texts are sorted -------------------------------------------------------------------------------------

    def _by_length(self, ask: Ask, session: Session) -> dict[int, Lengths]:
        """The places in the order where Tryton looks at lengths first."""
        found: dict[int, Lengths] = {}
        for place, item in enumerate(ask.order):
            way = self.models.way(ask.entity, item.field)
            if way is not None and way.end.type in TEXTS:
                lengths = self._looked_at(ask.entity, item.field, session)
                if lengths.several:
                    found[place] = lengths
        return found

    def _looked_at(self, model: str, path: str, session: Session) -> Lengths:
        known = self._lengths.get((model, path))
        if known is None or known.until < time.monotonic():
            known = self._lengths[model, path] = self._look(model, path, session)
        return known

    def _look(self, model: str, path: str, session: Session) -> Lengths:
        first = self._texts(model, path, Order(path), _LOOKED_AT, session)
        last = self._texts(model, path, Order(path, descending=True), 1, session)
        sizes = [len(text) for text in (*first, *last)]
        if not sizes:
            return Lengths(0, 0, False, time.monotonic() + _KNOWN)
        by_length = sizes == sorted(sizes)
        return Lengths(sizes[0], sizes[-1], by_length, time.monotonic() + (_KNOWN if by_length else float("inf")))

    def _texts(self, model: str, path: str, order: Order, top: int, session: Session) -> list[str]:
        ask = Ask(model, (path,), None, (order,), 0, top)
        present: list[Domain] = [[path, "!=", None]]
        return [str(record[path]) for records in self.source.pages(ask, present, session) for record in records]


def _total(order: Sequence[Order]) -> tuple[Order, ...]:
    return tuple(order) if any(item.field == "id" for item in order) else (*order, Order("id"))


def _with_order(ask: Ask) -> Ask:
    """Asks for the fields that are sorted by, too."""
    return replace(ask, fields=tuple(dict.fromkeys((*ask.fields, *(item.field for item in _total(ask.order))))))


def _cut(found: list[Record], ask: Ask) -> list[Record]:
    order = _total(ask.order)
    found.sort(key=lambda record: Key(record, order))
    return found[ask.skip : None if ask.top is None else ask.skip + ask.top]


def _packed(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    yield list(islice(records, size))
    while batch := list(islice(records, size)):
        yield batch


def _picks(where: Condition | None) -> bool:
    """Whether the condition names values: records of a customer, of a few keys."""
    match where:
        case All(parts=parts):
            return any(_picks(part) for part in parts)
        case Compare(operator="eq", value=value):
            return value is not None and not isinstance(value, bool)
        case OneOf():
            return not where.negated
    return False
