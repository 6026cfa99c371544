"""How one query is read from a source of records: its calls, their records as rows, and what is finished here."""

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, cast

from edm.aggregate import finished
from edm.errors import ODataError
from edm.expressions import columns_of
from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import ContractBroken, Page, Session, TimedOut, over_budget
from erp_adapters.records.base import Ask, Batch, Behind, Condition, EntityFacts, Order, Record, RecordSource
from erp_adapters.records.check import Check
from erp_adapters.records.codecs import Codec, Look, Ref
from erp_adapters.records.codecs_several import Grouped
from erp_adapters.records.conditions import ALWAYS, compared, cut, holds, leaves
from erp_adapters.records.related import Belongings, Relatives, at_once
from erp_adapters.records.section import Join, SetMapping, Total

RowMapping = Mapping[str, Any]


def look_of(source: RecordSource, entity: str) -> Look:
    """What codecs have to know of an entity."""
    return Look(lambda name: source.field(entity, name), source.empty_is_null)


def columns_needed(query: Query) -> tuple[str, ...]:
    """The properties that finishing the query needs."""
    exprs = [item.expr for item in query.orderby] + ([query.filter] if query.filter is not None else [])
    return tuple(name for expr in exprs for name in columns_of(expr))


def too_much(entity_set: EntitySet, query: Query, budget: int) -> ODataError:
    return over_budget(entity_set.name, tuple(dict.fromkeys(columns_needed(query))), budget)


def narrower(entity_set: str, names: Sequence[str], fields: Sequence[str] = ()) -> ODataError:
    """The ERP answers for the set only with a condition on one of these properties (or fields that none shows)."""
    return ODataError(
        "filter_required",
        f"The ERP answers for {entity_set} only with a condition on {' or '.join(names or fields)}.",
        target=names[0] if names else None,
        hint="Add it to $filter, or open the records from a related list.",
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One question. Records that do not meet ``piece`` come with another one."""

    ask: Ask
    piece: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class Reading:
    """One query, as calls. At most ``budget`` records are read to finish it here."""

    source: RecordSource
    metadata: ServiceMetadata
    budget: int
    entity_set: EntitySet
    mapping: SetMapping
    query: Query
    where: Condition | None
    order: tuple[Order, ...]
    check: Check

    @property
    def names(self) -> tuple[str, ...]:
        """The columns asked for, and those that are checked or sorted by."""
        return tuple(dict.fromkeys((*self.query.columns, *self.check.columns)))

    @property
    def relatives(self) -> Relatives:
        refs = [ref for name in (*self.names, self.entity_set.type.key) for ref in self.mapping.codecs[name].refs]
        group = [Ref("", name) for name in (*self.mapping.group, *self.mapping.rows.fields)]
        return Relatives.of(self.source, self.entity_set.name, (*refs, *group), self.mapping.joins, self.mapping.totals)

    @property
    def look(self) -> Look:
        return look_of(self.source, self.mapping.rows.entity)

    def ask(self, relatives: Relatives) -> Ask:
        query = self.query
        return Ask(
            self.mapping.rows.entity,
            relatives.own,
            self.where,
            self.order,
            query.skip,
            query.top,
            query.count,
            self.mapping.rows.options,
        )

    def calls(self, ask: Ask) -> list[Call]:
        """What answers it: a long list of values is asked for in parts, each of which may have the rows."""
        facts = self.source.entity(ask.entity)
        assert facts is not None, "capabilities were declared for it"
        self._require(facts)
        parts = cut(ask.where, facts.values, facts.lists)
        if len(parts) == 1:
            return [Call(ask)]
        compared = [leaf.field for _, piece in parts for leaf in leaves(piece) if not isinstance(leaf, Behind)]
        fields = tuple(dict.fromkeys((*ask.fields, *compared)))
        top = None if ask.top is None else ask.skip + ask.top
        return [Call(replace(ask, fields=fields, where=where, skip=0, top=top), piece) for where, piece in parts]

    def _require(self, facts: EntityFacts) -> None:
        """Some entities are not answered without a condition on certain fields."""
        there = compared(self.where)
        for alternatives in facts.required:
            if there.isdisjoint(alternatives):
                names = [
                    name
                    for name, codec in self.mapping.codecs.items()
                    if any(not ref.alias and ref.name in alternatives for ref in codec.refs)
                ]
                raise narrower(self.entity_set.name, names, alternatives)

    def pages(self, session: Session) -> Generator[Page]:
        relatives = self.relatives
        calls = self.calls(self.ask(relatives))
        if self.mapping.group:
            yield from self._grouped(calls, relatives, session)
        elif len(calls) == 1:
            for batch in self._batches(calls[0], session):
                yield self._page(self._rows(batch.records, relatives, session), batch.count)
        else:
            yield from self._gathered(calls, relatives, session)

    def _batches(self, call: Call, session: Session) -> Iterator[Batch]:
        with closing(cast("Any", self.source.read(call.ask, session))) as batches:
            for batch in batches:
                session.timings.rows_read += len(batch.records)
                yield Batch([record for record in batch.records if self._ours(record, call)], batch.count)
                if session.remaining() <= 0:
                    raise TimedOut("deadline passed between two calls")

    def _ours(self, record: Record, call: Call) -> bool:
        return holds(self.mapping.rows.where, record) and holds(call.piece, record)

    def _page(self, rows: Sequence[RowMapping], count: int | None) -> Page:
        columns = self.query.columns
        return Page([tuple([row[name] for name in columns]) for row in rows], count)

    def _rows(self, records: Sequence[Record], relatives: Relatives, session: Session) -> list[RowMapping]:
        """The rows of records, held against what was asked."""
        look, codecs = self.look, [(name, self.mapping.codecs[name]) for name in self.names]
        rows = [self._row(found, look, codecs) for found in relatives.fetch(records, session)]
        self.check.rows(rows)
        return rows

    def _row(self, found: Belongings, look: Look, codecs: Sequence[tuple[str, Codec]]) -> RowMapping:
        try:
            return {name: self._value(name, codec.value, found.get, look) for name, codec in codecs}
        except ContractBroken as error:
            error.detail += self._which(found, look)
            raise

    def _which(self, found: Belongings, look: Look) -> str:
        """Which row it is, for the log, as far as its key can be read."""
        key = self.entity_set.type.key
        try:
            return f", {key} {self.mapping.codecs[key].value(found.get, look)!r:.100}"
        except (ValueError, KeyError, ArithmeticError, TypeError):
            return ""

    def _value(self, name: str, read: Callable[..., Any], *of: Any) -> Any:
        try:
            return read(*of)
        except (ValueError, KeyError, ArithmeticError, TypeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ContractBroken(self.entity_set.name, f"{name}: {what}") from error

    # --- several calls ------------------------------------------------------------------------------------------

    def _gathered(self, calls: Sequence[Call], relatives: Relatives, session: Session) -> Iterator[Page]:
        """The rows of several calls, put in order and cut here."""
        rows: list[RowMapping] = []
        count = 0
        for batches in at_once(self.source.connections, session, [self._task(call) for call in calls]):
            records = [record for batch in batches for record in batch.records]
            count += next((batch.count for batch in batches if batch.count is not None), 0)
            self.check.begin()
            rows.extend(self._rows(records, relatives, session))
            if len(rows) > self.budget:
                raise too_much(self.entity_set, self.query, self.budget)
        found, _ = finished(self.query.with_(filter=None), rows, self.metadata)
        yield Page(found, count if self.query.count else None)

    def _task(self, call: Call) -> Callable[[Session], list[Batch]]:
        return lambda session: list(self._batches(call, session))

    def _grouped(self, calls: Sequence[Call], relatives: Relatives, session: Session) -> Iterator[Page]:
        """A row per group: as they come if the records come group by group, all of them otherwise."""
        group = self.mapping.group
        if len(calls) == 1 and set(group) <= {part.field for part in self.order}:
            for done in self._one_by_one(calls[0], session):
                yield self._summed(done, relatives, session)
            return
        groups: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
        read = 0
        for call in calls:
            for batch in self._batches(call, session):
                read += len(batch.records)
                if read > self.budget:
                    raise too_much(self.entity_set, self.query, self.budget)
                for record in batch.records:
                    groups[tuple(record[name] for name in group)].append(record)
        yield self._summed(list(groups.values()), relatives, session, sort=bool(self.query.orderby))

    def _one_by_one(self, call: Call, session: Session) -> Iterator[list[list[Record]]]:
        """Groups that are whole, batch by batch."""
        group = self.mapping.group
        begun: list[Record] = []
        for batch in self._batches(call, session):
            done: list[list[Record]] = []
            for record in batch.records:
                if begun and any(record[name] != begun[0][name] for name in group):
                    done.append(begun)
                    begun = []
                begun.append(record)
            yield done
        yield [begun] if begun else []

    def _summed(
        self, groups: Sequence[Sequence[Record]], relatives: Relatives, session: Session, *, sort: bool = False
    ) -> Page:
        look, codecs = self.look, [(name, self.mapping.codecs[name]) for name in self.names]
        firsts = relatives.fetch([records[0] for records in groups], session)
        rows: list[RowMapping] = [
            {
                name: self._value(name, codec.total, records)
                if isinstance(codec, Grouped)
                else self._value(name, codec.value, first.get, look)
                for name, codec in codecs
            }
            for records, first in zip(groups, firsts, strict=True)
        ]
        if sort:
            found, _ = finished(self.query.with_(filter=None, columns=self.names), rows, self.metadata)
            rows = [dict(zip(self.names, row, strict=True)) for row in found]
        self.check.rows(rows)
        return self._page(rows, None)

    # --- explain ------------------------------------------------------------------------------------------------

    def explained(self) -> Iterator[str]:
        relatives = self.relatives
        calls = self.calls(self.ask(relatives))
        if len(calls) > 1:
            yield f"{len(calls)} calls, for parts of a long list; the first is"
        yield self.source.explain(calls[0].ask)
        several: tuple[Join | Total, ...] = (*relatives.joins, *relatives.totals)
        for there in several:
            by = ", ".join(theirs for _, theirs in there.on)
            yield f"then, for each page, {there.rows.entity} by {by}, in one call or a few"
