"""The adapter over a source of records: what it declares, and how a query becomes calls and records become rows.

What comes back is held against what was asked (see ``check``). If the ERP did not do it, it is not asked for that
again, and the answer is finished here.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from edm.aggregate import finished
from edm.capabilities import Capabilities, Match
from edm.expressions import IT, Expr, Prop
from edm.expressions import conjuncts as parts_of
from edm.model import EntitySet, ServiceMetadata
from edm.query import OrderItem, Query
from erp_adapters.base import ContractBroken, Examined, Finding, Page, Session, source_of
from erp_adapters.records.base import Condition, EntityFacts, Examines, Order, RecordSource, Withdrawn
from erp_adapters.records.check import Check, Distrust, Lied
from erp_adapters.records.codecs import Look
from erp_adapters.records.conditions import ALWAYS, NEVER, all_of, fits
from erp_adapters.records.diagnosis import unanswered
from erp_adapters.records.followed import Followed, joined_on
from erp_adapters.records.reading import Reading, columns_needed, look_of, too_much
from erp_adapters.records.related import fixed, fixed_exactly
from erp_adapters.records.section import SetMapping, parse
from erp_adapters.records.sought import Seeker, Sought
from erp_adapters.records.translate import Translator

#: How often a question is put anew after a refusal.
_TRIES = 6


@dataclass(slots=True)
class RecordAdapter:
    """Answers for the sets whose catalog names the source ``name``. ``separator`` stands in its paths. At most
    ``scan_budget`` records are read to finish one answer here."""

    source: RecordSource
    metadata: ServiceMetadata
    name: str
    separator: str = "/"
    scan_budget: int = 50_000
    distrust: Distrust = field(default_factory=Distrust)
    _mappings: dict[str, SetMapping] = field(default_factory=dict)
    _translator: Translator = field(init=False, repr=False)
    _seeker: Seeker = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for entity_set in self._own(self.metadata):
            mapping, _ = parse(entity_set, self.source.kind, self.source.options)
            if mapping is not None:
                self._mappings[entity_set.name] = mapping
        self._translator = Translator(self.metadata, self._mappings, self._look, self.separator)
        self._seeker = Seeker(self.source, self._translator)

    def _own(self, metadata: ServiceMetadata) -> list[EntitySet]:
        return [
            entity_set
            for entity_set in metadata.sets
            if self.source.kind in entity_set.sources and source_of(entity_set) == self.name
        ]

    def _look(self, entity: str) -> Look:
        return look_of(self.source, entity)

    def _mapping(self, entity_set: EntitySet) -> SetMapping:
        found = self._mappings.get(entity_set.name)
        if found is None:
            raise ContractBroken(entity_set.name, f"it has no sound [{self.source.kind}] section")
        return found

    def _facts(self, entity_set: EntitySet, mapping: SetMapping) -> EntityFacts:
        found = self.source.entity(mapping.rows.entity)
        if found is None:
            raise ContractBroken(entity_set.name, f"the source has no {mapping.rows.entity}")
        return found

    # --- the adapter --------------------------------------------------------------------------------------------

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        mapping = self._mapping(entity_set)
        facts = self._facts(entity_set, mapping)
        slices = not mapping.group and fixed_exactly(self.source, mapping.rows)
        return Capabilities(
            match=lambda expr: self._match(expr, entity_set, mapping),
            sort=lambda expr: self._order(expr, entity_set, mapping) is not None,
            top=facts.top and slices,
            skip=facts.skip and slices,
            count=facts.count and slices,
        )

    def _match(self, expr: Expr, entity_set: EntitySet, mapping: SetMapping) -> Match:
        if self.distrust.condition(entity_set.name, expr):
            return Match.NO
        said = self._translator.said(expr, entity_set)
        if said is None:
            sought = self._seeker.sought(expr, entity_set, mapping)
            return Match.NO if sought is None else self._seeker.grade(sought, mapping)
        exactly = Match.EXACT if said.exact else Match.INEXACT
        if said.condition in (ALWAYS, NEVER):
            return exactly
        if not fits(said.condition, self._facts(entity_set, mapping).values):
            return Match.NO
        return min(exactly, self.source.grade(mapping.rows.entity, said.condition))

    def _order(self, expr: Expr, entity_set: EntitySet, mapping: SetMapping) -> tuple[tuple[str, bool], ...] | None:
        """The fields by which the source sorts as the expression does."""
        if not isinstance(expr, Prop) or expr.variable != IT or len(expr.path) > 1:
            return None
        codec = mapping.codecs.get(expr.name)
        if codec is None or self.distrust.order(entity_set.name, expr):
            return None
        return codec.order(self._look(mapping.rows.entity))

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        keys, enough = self._keys(query, session)
        if self._doubted(query) or not enough:
            yield from self._finished(query, session, keys)
            return
        reading = self._reading(query, keys)
        if reading is None:
            yield Page([], 0 if query.count else None)
            return
        given = False
        try:
            with closing(reading.pages(session)) as pages:
                for page in pages:
                    yield page
                    given = True
        except Lied as lie:
            self.distrust.note(query.entity_set, lie)
            if given or lie.torn:
                raise ContractBroken(query.entity_set, f"the ERP does not do what it says: {lie}") from None
            yield from self._anew(query, session, keys)
        except Withdrawn as withdrawn:
            if given:
                raise withdrawn.error from None
            yield from self._anew(query, session, keys)

    def _anew(self, query: Query, session: Session, keys: Condition | None) -> Iterator[Page]:
        """The answer with less asked of the ERP, and still less where it refuses that too."""
        for tries_left in reversed(range(_TRIES)):
            try:
                yield from list(self._finished(query, session, keys))
            except Withdrawn as withdrawn:
                if not tries_left:
                    raise withdrawn.error from None
            else:
                return

    def _sought(self, query: Query) -> list[Sought]:
        """The conditions of a query that are on what is joined."""
        entity_set = self.metadata[query.entity_set]
        mapping = self._mapping(entity_set)
        parts = [part for part in parts_of(query.filter) if self._translator.said(part, entity_set) is None]
        return [found for part in parts if (found := self._seeker.sought(part, entity_set, mapping)) is not None]

    def _keys(self, query: Query, session: Session) -> tuple[Condition | None, bool]:
        """What conditions on joins are for the records themselves, and whether that is as much as was declared: lists
        of keys may be too long, or nothing that the source is exact about."""
        mapping = self._mapping(self.metadata[query.entity_set])
        said: list[Condition] = []
        enough = True
        for sought in self._sought(query):
            keys = self._seeker.keys(sought, session)
            if keys is not None and not keys.values:
                return NEVER, True
            grade = Match.NO if keys is None else self.source.grade(mapping.rows.entity, keys)
            if keys is not None and grade is not Match.NO:
                said.append(keys)
            enough = enough and (grade is Match.EXACT or self._seeker.grade(sought, mapping) is Match.INEXACT)
        return (all_of(said) if said else None), enough

    def _doubted(self, query: Query) -> bool:
        """Whether something was left to the ERP that by now it is known not to do."""
        entity_set = self.metadata[query.entity_set]
        mapping = self._mapping(entity_set)
        return any(self._match(part, entity_set, mapping) is Match.NO for part in parts_of(query.filter)) or any(
            self._order(item.expr, entity_set, mapping) is None for item in query.orderby
        )

    def _reading(self, query: Query, keys: Condition | None = None) -> Reading | None:
        """``None`` if no record can pass. ``keys`` are what conditions on joins came to."""
        entity_set = self.metadata[query.entity_set]
        mapping = self._mapping(entity_set)
        said = self._translator.said(query.filter, entity_set) if query.filter is not None else None
        where = all_of((fixed(self.source, mapping.rows), said.condition if said is not None else None, keys))
        if where == NEVER:
            return None
        order = dict.fromkeys(part for item in query.orderby for part in self._ordered(item, entity_set, mapping))
        check = self._check(query, entity_set, mapping)
        return self._made(query, where, tuple(order), check)

    def _made(self, query: Query, where: Condition, order: tuple[Order, ...], check: Check) -> Reading:
        entity_set = self.metadata[query.entity_set]
        mapping = self._mapping(entity_set)
        asked = None if where == ALWAYS else where
        return Reading(self.source, self.metadata, self.scan_budget, entity_set, mapping, query, asked, order, check)

    def _ordered(self, item: OrderItem, entity_set: EntitySet, mapping: SetMapping) -> tuple[Order, ...]:
        found = self._order(item.expr, entity_set, mapping) or ()
        return tuple(Order(name, item.descending is not turned) for name, turned in found)

    def _check(self, query: Query, entity_set: EntitySet, mapping: SetMapping) -> Check:
        exact = [part for part in parts_of(query.filter) if self._match(part, entity_set, mapping) is Match.EXACT]
        return Check(self.metadata, entity_set, exact, query.orderby)

    def _finished(self, query: Query, session: Session, keys: Condition | None = None) -> Iterator[Page]:
        """The answer, made here of what the ERP can still be trusted to do."""
        entity_set = self.metadata[query.entity_set]
        mapping = self._mapping(entity_set)
        trusted = [part for part in parts_of(query.filter) if self._match(part, entity_set, mapping) is not Match.NO]
        names = tuple(dict.fromkeys((*query.columns, *columns_needed(query), *joined_on(query, entity_set))))
        condition = None
        for part in trusted:
            said = self._translator.said(part, entity_set)
            condition = all_of((condition, said.condition if said is not None else None))
        where = all_of((fixed(self.source, mapping.rows), condition, keys))
        if where == NEVER:
            yield Page([], 0 if query.count else None)
            return
        reading = self._made(Query(query.entity_set, names), where, (), Check(self.metadata, entity_set, (), ()))
        rows: list[Mapping[str, Any]] = []
        for page in reading.pages(session):
            rows.extend(dict(zip(names, row, strict=True)) for row in page.rows)
            if len(rows) > self.scan_budget:
                raise too_much(entity_set, query, self.scan_budget)
        followed = Followed(self.metadata, lambda asked: self.read(asked, session), self.scan_budget)
        found, number = finished(query, rows, self.metadata, followed.related)
        yield Page(found, number if query.count else None)

    # --- what there is to see -----------------------------------------------------------------------------------

    def explain(self, query: Query) -> str:
        reading = self._reading(query)
        if reading is None:
            return "nobody is asked: no record can pass"
        first = [line for sought in self._sought(query) for line in self._seeker.explained(sought)]
        return "\n".join((*first, *reading.explained(), *self.distrust.about(query.entity_set)))

    def ping(self, session: Session) -> None:
        self.source.ping(session)

    def prepare(self) -> None:
        for mapping in self._mappings.values():
            self.source.entity(mapping.rows.entity)

    def faults(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        kind = self.source.kind
        for entity_set in self._own(metadata):
            _, faults = parse(entity_set, kind, self.source.options)
            for key, message in (*faults, *self.source.faults(entity_set.sources[kind])):
                yield entity_set.name, f"{kind}.{key}", message

    def lacks(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        kind = self.source.kind
        for entity_set in self._own(metadata):
            mapping, _ = parse(entity_set, kind, self.source.options)
            for key, message in self._lacking(mapping) if mapping is not None else ():
                yield entity_set.name, f"{kind}.{key}", message

    def _lacking(self, mapping: SetMapping) -> Iterator[tuple[str, str]]:
        there = {"entity": mapping.rows.entity}
        for kind, several in (("joins", mapping.joins), ("totals", mapping.totals)):
            there |= {f"{kind}.{alias}.entity": one.rows.entity for alias, one in several.items()}
        missing = {entity for entity in there.values() if self.source.entity(entity) is None}
        yield from ((key, f"the source has no {entity}") for key, entity in there.items() if entity in missing)
        for key, entity, name in dict.fromkeys(mapping.named()):
            if entity not in missing and self.source.field(entity, name) is None:
                yield key, f"{entity} has no {name}"

    def describe(self, session: Session) -> str:
        return self.source.describe(session)

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        found = self.source.diagnose(check, examined) if isinstance(self.source, Examines) else None
        return unanswered(self, examined) if found is None and check == "indexes" else found

    def close(self) -> None:
        getattr(self.source, "close", lambda: None)()
