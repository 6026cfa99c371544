"""One question per record of another model: stock by warehouse is the same products, asked with another context.

The entity is written ``product.product @ stock.location``; fields of the other record are ``@each`` (its id) and
``@each.name``. The section's ``each`` says which of those records there are, and how the context names one.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from edm.capabilities import Match
from erp_adapters.base import Session
from erp_adapters.records.base import All, Ask, Batch, Behind, Compare, Condition, Either, Like, OneOf, Order, Record
from erp_adapters.records.conditions import ALWAYS, NEVER, all_of, conjuncts, either, holds
from erp_adapters.records.section import condition_of
from erp_adapters.sections import Faults
from erp_adapters.tryton.domains import Domains
from erp_adapters.tryton.fields import Models

_EACH = "@each"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Each:
    """The two models of an entity."""

    model: str
    each: str

    def place(self, name: str) -> tuple[str, str]:
        """The model that a field is of, and its name there."""
        return (self.each, _own(name)) if _of_each(name) else (self.model, name)

    def grade(self, condition: Condition, domains: Domains) -> Match:
        """Conditions on the other record are decided here; of the others it depends how they stand."""
        match condition:
            case All(parts=parts) | Either(parts=parts):
                return min((self.grade(part, domains) for part in parts), default=Match.EXACT)
            case Behind(path=path):
                return Match.NO if _of_each(path) else domains.grade(self.model, condition)
        if not _of_each(condition.field):
            return domains.grade(self.model, condition)
        return Match.EXACT if domains.models.way(self.each, _own(condition.field)) else Match.NO


def each_of(entity: str) -> Each | None:
    model, at, each = entity.partition("@")
    return Each(model.strip(), each.strip()) if at else None


def _of_each(name: str) -> bool:
    return name == _EACH or name.startswith(f"{_EACH}.")


def _own(name: str) -> str:
    return name.removeprefix(_EACH).removeprefix(".") or "id"


def faults_of(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    context, each = section.get("context", {}), section.get("each")
    repeated = each_of(str(section.get("entity")))
    if not isinstance(context, Mapping):
        yield "context", "is not a table"
    if each is None and repeated is None:
        return
    if repeated is None or not isinstance(each, Mapping):
        yield "each", "is a table, and stands beside an entity such as product.product @ stock.location"
        return
    for key in each.keys() - {"where", "context"}:
        yield f"each.{key}", "is not known here; known are context, where"
    if not isinstance(each.get("context"), str):
        yield "each.context", "is not the key of the context that names the record"
    found = Faults()
    condition_of("each.where", each.get("where", {}), found)
    yield from found


@dataclass(frozen=True, slots=True)
class Repeated:
    """One question, as the questions that it stands for."""

    entity: Each
    ask: Ask
    read: Callable[[Ask, Session], Iterator[Batch]]
    count: Callable[[Ask, Session], int]
    models: Models

    @property
    def names(self) -> tuple[str, ...]:
        """All fields that are needed: to answer, to sort, to decide."""
        conditions = _fields(self.ask.where)
        return tuple(dict.fromkeys((*self.ask.fields, *(o.field for o in self.ask.order), *conditions)))

    def first(self, found: Record | None = None) -> Ask:
        """The question for one of the records; without one, as far as it is the same for all of them."""
        options = dict(self.ask.options)
        each = options.pop("each", {})
        given = ["..."] if found is None else [found["id"]]
        options["context"] = {**options.get("context", {}), each.get("context", "locations"): given}
        needed = (*self.ask.fields, *(item.field for item in self.ask.order))
        own = tuple(dict.fromkeys(name for name in needed if not _of_each(name)))
        order = tuple(item for item in self.ask.order if not _of_each(item.field))
        where = _common(self.ask.where) if found is None else _decided(self.ask.where, found)
        top = None if self.ask.top is None else self.ask.skip + self.ask.top
        return Ask(self.entity.model, own, where, order, 0, top, False, options)

    def batches(self, session: Session) -> Iterator[Batch]:
        asked = [(found, self.first(found)) for found in self._others(session)]
        asked = [(found, ask) for found, ask in asked if ask.where != NEVER]
        streams = [self._stream(found, replace(ask, where=_asked(ask.where)), session) for found, ask in asked]
        merged = self._merged(streams)
        end = None if self.ask.top is None else self.ask.skip + self.ask.top
        records = islice(merged, self.ask.skip, end)
        batch = list(islice(records, _BATCH))
        yield Batch(batch, self._total([ask for _, ask in asked], session) if self.ask.count else None)
        while batch := list(islice(records, _BATCH)):
            yield Batch(batch)

    def _others(self, session: Session) -> list[Record]:
        """The records that the question is repeated for."""
        where = condition_of("each.where", self.ask.options.get("each", {}).get("where", {}), Faults())
        names = {_own(name) for name in self.names if _of_each(name)} | {"id"}
        ask = Ask(self.entity.each, tuple(sorted(names)), where, (Order("id"),))
        return [record for batch in self.read(ask, session) for record in batch.records]

    def _stream(self, found: Record, ask: Ask, session: Session) -> Iterator[Record]:
        more = {name: found[_own(name)] for name in self.names if _of_each(name)}
        for batch in self.read(ask, session):
            for record in batch.records:
                yield {**record, **more}

    def _merged(self, streams: list[Iterator[Record]]) -> Iterator[Record]:
        from erp_adapters.tryton.orders import Key

        order = self.ask.order
        if not order:
            return chain.from_iterable(streams)
        return heapq.merge(*streams, key=lambda record: Key(record, order))

    def _total(self, asks: list[Ask], session: Session) -> int:
        """Questions with the same condition have as many answers, unless something is computed from the context."""
        known: dict[Condition | None, int] = {}
        total = 0
        for ask in asks:
            where = _asked(ask.where)
            if where not in known or any(self._computed(name) for name in _fields(where)):
                known[where] = self.count(replace(ask, where=where), session)
            total += known[where]
        return total

    def _computed(self, name: str) -> bool:
        way = self.models.way(self.entity.model, name)
        return way is None or way.computed


def _asked(where: Condition | None) -> Condition | None:
    return None if where == ALWAYS else where


def _decided(where: Condition | None, found: Record) -> Condition | None:
    """What is left of a condition once it is known which of the other records is meant."""
    match where:
        case None:
            return None
        case All(parts=parts):
            return all_of(_decided(part, found) for part in parts)
        case Either(parts=parts):
            return either(part for part in (_decided(part, found) for part in parts) if part is not None)
        case Behind():
            return where
    if not _of_each(where.field):
        return where
    return ALWAYS if holds(replace(where, field=_own(where.field)), found) else NEVER


def _common(where: Condition | None) -> Condition | None:
    """What is asked whichever of the other records is meant."""
    parts = [part for part in conjuncts(where) if not any(map(_of_each, _fields(part)))]
    return all_of(parts) if parts else None


def _fields(where: Condition | None) -> Iterator[str]:
    match where:
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from _fields(part)
        case Behind(path=path):
            yield path
        case Compare(field=name) | OneOf(field=name) | Like(field=name):
            yield name
