"""What belongs to records from elsewhere: a joined record, a total of several. One batched call each for all records
of a batch, several of them at a time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from edm.capabilities import Match
from erp_adapters.base import ContractBroken, Session, Timings
from erp_adapters.records.base import Ask, Condition, OneOf, Record, RecordSource
from erp_adapters.records.codecs import Ref
from erp_adapters.records.conditions import all_of, conjuncts, cut, holds
from erp_adapters.records.section import Join, Records, Total

Value = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Belongings:
    """A record with what was joined to it, and its totals."""

    record: Record
    joined: Mapping[str, Record | None]
    totals: Mapping[str, Any]

    def get(self, ref: Ref) -> Any:
        """The value of a field; nothing of a joined record that is not there."""
        if not ref.name:
            return self.totals[ref.alias]
        if not ref.alias:
            return self.record[ref.name]
        found = self.joined[ref.alias]
        return None if found is None else found[ref.name]


def at_once(connections: int, session: Session, tasks: Sequence[Callable[[Session], Any]]) -> Iterator[Any]:
    """The results of the tasks in their order, as many at a time as there are connections. What they cost is added."""
    if len(tasks) < 2 or connections < 2:
        yield from (task(session) for task in tasks)
        return
    sessions = [replace(session, timings=Timings()) for _ in tasks]
    with ThreadPoolExecutor(min(connections, len(tasks))) as pool:
        futures = [pool.submit(task, own) for task, own in zip(tasks, sessions, strict=True)]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
            for own in sessions:
                session.timings.erp_seconds += own.timings.erp_seconds
                session.timings.erp_calls += own.timings.erp_calls
                session.timings.rows_read += own.timings.rows_read


def fixed(source: RecordSource, rows: Records) -> Condition | None:
    """The part of the section's own conditions that the source answers, if only as a hint."""
    parts = [part for part in conjuncts(rows.where) if source.grade(rows.entity, part) is not Match.NO]
    return all_of(parts) if parts else None


def fixed_exactly(source: RecordSource, rows: Records) -> bool:
    """Whether the source answers all of them, so that nothing is left to do here."""
    return all(source.grade(rows.entity, part) is Match.EXACT for part in conjuncts(rows.where))


def read_all(source: RecordSource, ask: Ask, session: Session) -> list[Record]:
    """Every record of the answer; long lists of values, whose fields ``ask`` has, are asked for in parts."""
    facts = source.entity(ask.entity)

    def one(where: Condition | None, piece: Condition) -> Callable[[Session], list[Record]]:
        return lambda own: [
            record
            for batch in source.read(replace(ask, where=where), own)
            for record in batch.records
            if holds(piece, record)  # a source that takes conditions as hints would bring it with every part
        ]

    parts = cut(ask.where, facts.values, facts.lists) if facts is not None else cut(ask.where, 50)
    tasks = [one(where, piece) for where, piece in parts]
    return [record for found in at_once(source.connections, session, tasks) for record in found]


@dataclass(frozen=True, slots=True)
class Relatives:
    """Fetches what the given fields need. Joins come in an order in which each needs the ones before alone."""

    source: RecordSource
    entity_set: str
    refs: tuple[Ref, ...]
    joins: tuple[Join, ...]
    totals: tuple[Total, ...]

    @classmethod
    def of(
        cls,
        source: RecordSource,
        entity_set: str,
        refs: Iterable[Ref],
        joins: Mapping[str, Join],
        totals: Mapping[str, Total],
    ) -> "Relatives":
        """For these fields alone: joins and totals that none of them needs are left out."""
        refs = tuple(dict.fromkeys(refs))
        needed = {ref.alias for ref in refs if ref.alias}
        several: tuple[Join | Total, ...] = (*totals.values(), *reversed(tuple(joins.values())))
        for there in several:
            if there.alias in needed:
                refs = tuple(dict.fromkeys((*refs, *(own for own, _ in there.on))))
                needed |= {own.alias for own, _ in there.on}
        return cls(
            source,
            entity_set,
            refs,
            tuple(join for join in joins.values() if join.alias in needed),
            tuple(total for total in totals.values() if total.alias in needed),
        )

    @property
    def own(self) -> tuple[str, ...]:
        """The fields of the records themselves that have to be read."""
        return tuple(dict.fromkeys(ref.name for ref in self.refs if not ref.alias))

    def fetch(self, records: Sequence[Record], session: Session) -> list[Belongings]:
        found = [Belongings(record, {}, {}) for record in records]
        for level in self._levels():
            tasks = [self._task(there, found) for there in level]
            results = list(at_once(self.source.connections, session, tasks))
            found = [self._with(one, level, results) for one in found]
        return found

    def _levels(self) -> Iterator[list[Join | Total]]:
        """What can be read at the same time: each level needs the ones before alone."""
        left: list[Join | Total] = [*self.joins, *self.totals]
        known = {""}
        while left:
            level = [there for there in left if all(own.alias in known for own, _ in there.on)]
            assert level, "joins are declared before what needs them"
            yield level
            known |= {there.alias for there in level}
            left = [there for there in left if there not in level]

    def _task(self, there: Join | Total, found: Sequence[Belongings]) -> Callable[[Session], dict[Value, Any]]:
        keys = dict.fromkeys(tuple(one.get(own) for own, _ in there.on) for one in found)
        wanted = [key for key in keys if None not in key]
        if not wanted:
            return lambda session: {}
        if isinstance(there, Join):
            return lambda session: self._joined(there, wanted, session)
        return lambda session: self._totalled(there, wanted, session)

    def _read(
        self, there: Join | Total, fields: Iterable[str], wanted: Sequence[Value], session: Session
    ) -> dict[Value, list[Record]]:
        others = tuple(theirs for _, theirs in there.on)
        where = all_of((fixed(self.source, there.rows), *self._among(there, wanted)))
        names = tuple(dict.fromkeys((*others, *fields, *there.rows.fields)))
        ask = Ask(there.rows.entity, names, where, options=there.rows.options)
        asked = set(wanted)
        found: dict[Value, list[Record]] = defaultdict(list)
        for record in read_all(self.source, ask, session):
            key = tuple(record[name] for name in others)
            if key in asked and holds(there.rows.where, record):
                found[key].append(record)
        return found

    def _among(self, there: Join | Total, wanted: Sequence[Value]) -> Iterator[Condition]:
        """A list of values per field: together they may be met by more records than belong to any."""
        said = False
        for place, (_, theirs) in enumerate(there.on):
            condition = OneOf(theirs, tuple(dict.fromkeys(key[place] for key in wanted)))
            if self.source.grade(there.rows.entity, condition) is not Match.NO:
                said = True
                yield condition
        if not said:
            names = ", ".join(theirs for _, theirs in there.on)
            raise ContractBroken(self.entity_set, f"{there.rows.entity} cannot be asked for by {names}")

    def _joined(self, join: Join, wanted: Sequence[Value], session: Session) -> dict[Value, Record]:
        fields = [ref.name for ref in self.refs if ref.alias == join.alias]
        return {key: records[0] for key, records in self._read(join, fields, wanted, session).items()}

    def _totalled(self, total: Total, wanted: Sequence[Value], session: Session) -> dict[Value, Any]:
        fields = [total.field] if total.field else []
        return {key: _folded(total, records) for key, records in self._read(total, fields, wanted, session).items()}

    @staticmethod
    def _with(one: Belongings, level: Sequence[Join | Total], results: Sequence[Mapping[Value, Any]]) -> Belongings:
        joined, totals = dict(one.joined), dict(one.totals)
        for there, found in zip(level, results, strict=True):
            key = tuple(one.get(own) for own, _ in there.on)
            if isinstance(there, Join):
                joined[there.alias] = found.get(key)
            else:
                totals[there.alias] = found.get(key, _folded(there, ()))
        return Belongings(one.record, joined, totals)


def _folded(total: Total, records: Sequence[Record]) -> Any:
    """The number of some records; of none it is 0, but there is no lowest or highest value."""
    if total.field is None:
        return len(records)
    values = [record[total.field] for record in records if record[total.field] is not None]
    if total.method == "sum":
        return sum((Decimal(value) for value in values), Decimal(0))
    return (min if total.method == "min" else max)(values, default=None)
