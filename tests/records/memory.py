"""A source of records in memory, in three tempers: able, modest (little is answered, and inexactly) and lying."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any

from edm.capabilities import Match
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, INT32, STRING, PrimitiveType
from erp_adapters.base import Session
from erp_adapters.records.base import (
    Ask,
    Batch,
    Behind,
    Compare,
    Condition,
    EntityFacts,
    FieldFacts,
    OneOf,
    Order,
    Record,
)
from erp_adapters.records.conditions import conjuncts, holds, leaves

TYPES = {"text": STRING, "int": INT32, "decimal": DECIMAL, "bool": BOOLEAN, "date": DATE, "stamp": DATE_TIME_OFFSET}


@dataclass
class MemorySource:
    """``types`` are the fields of each entity; ``links`` lead from an entity by a path to others, by equal fields."""

    records: Mapping[str, Sequence[Record]]
    types: Mapping[str, Mapping[str, str]]
    links: Mapping[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    able: bool = True
    values: int = 5
    batch: int = 7
    required: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    #: What a lying source makes of a question.
    twist: Callable[[Ask], Ask] = lambda ask: ask
    collate: Callable[[str], Any] = str
    asked: list[Ask] = field(default_factory=list)
    kind: str = "test"
    options: frozenset[str] = frozenset({"flavour"})
    empty_is_null: bool = True
    connections: int = 3

    def entity(self, name: str) -> EntityFacts | None:
        if name not in self.records:
            return None
        return EntityFacts(self.able, self.able, self.able, self.values, self.required.get(name, ()))

    def field(self, entity: str, name: str) -> FieldFacts | None:
        found = self._type(entity, name)
        operators = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in"})
        likes = frozenset({"startswith", "endswith", "contains", "equals"})
        return None if found is None else FieldFacts(found, True, None, operators, likes, likes, self.able, self.able)

    def _type(self, entity: str, name: str) -> PrimitiveType | None:
        path, _, last = name.rpartition("/")
        if path:
            entity = self.links[entity, path][0]
        found = self.types[entity].get(last)
        return None if found is None else TYPES[found]

    def grade(self, entity: str, condition: Condition) -> Match:
        for leaf in leaves(condition):
            if isinstance(leaf, Behind):
                if (entity, leaf.path) not in self.links:
                    return Match.NO
            elif self._type(entity, leaf.field) is None:
                return Match.NO
        if self.able:
            return Match.EXACT
        modest = all(
            isinstance(leaf, Compare | OneOf) and not getattr(leaf, "negated", False) for leaf in leaves(condition)
        )
        return Match.INEXACT if modest else Match.NO

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        self.asked.append(ask)
        facts = self.entity(ask.entity)
        assert facts is not None
        assert ask.where is None or self.grade(ask.entity, ask.where) is not Match.NO
        assert all(
            len(leaf.values) <= self.values or leaf.negated for leaf in leaves(ask.where) if isinstance(leaf, OneOf)
        )
        assert self.able or not (ask.order or ask.skip or ask.top is not None or ask.count)
        twisted = self.twist(ask)
        rows = self._rows(twisted)
        end = None if twisted.top is None else twisted.skip + twisted.top
        kept = rows[twisted.skip : end]
        session.timings.erp_calls += max(1, -(-len(kept) // self.batch))
        number: int | None = len(rows) if ask.count else None
        for start in range(0, max(1, len(kept)), self.batch):
            batch = [
                {name: self.value(ask.entity, record, name) for name in ask.fields}
                for record in kept[start : start + self.batch]
            ]
            yield Batch(batch, number)
            number = None

    def _rows(self, ask: Ask) -> list[Record]:
        rows = [record for record in self.records[ask.entity] if self._keeps(ask.entity, ask.where, record)]
        if not self.able:  # a hint is enough for it: it leaves out the last condition
            hint = conjuncts(ask.where)[:1]
            rows = [r for r in self.records[ask.entity] if all(self._keeps(ask.entity, part, r) for part in hint)]
        compare: Callable[[Record, Record], int] = lambda a, b: self._compared(ask.order, a, b)  # noqa: E731
        return sorted(rows, key=cmp_to_key(compare))

    def _keeps(self, entity: str, condition: Condition | None, record: Record) -> bool:
        return holds(condition, _Known(self, entity, record), self._follow)

    def _follow(self, record: Record, path: str) -> Sequence[Record]:
        assert isinstance(record, _Known)
        target = self.links[record.entity, path][0]
        return [_Known(self, target, found) for found in self._linked(record.entity, record, path)]

    def _linked(self, entity: str, record: Record, path: str) -> Sequence[Record]:
        target, own, theirs = self.links[entity, path]
        return [r for r in self.records[target] if record[own] is not None and r[theirs] == record[own]]

    def value(self, entity: str, record: Record, name: str) -> Any:
        path, _, last = name.rpartition("/")
        if not path:
            return record[last]
        found = self._linked(entity, record, path)
        return found[0][last] if found else None

    def _compared(self, order: Sequence[Order], left: Record, right: Record) -> int:
        for item in order:
            a, b = (self._key(record[item.field]) for record in (left, right))
            if a != b:
                return (1 if item.descending else -1) if a < b else (-1 if item.descending else 1)
        return 0

    def _key(self, value: Any) -> tuple[int, Any]:
        return (0, 0) if value is None else (1, self.collate(value) if isinstance(value, str) else value)

    def explain(self, ask: Ask) -> str:
        return f"ask {ask.entity} for {', '.join(ask.fields)}"

    def ping(self, session: Session) -> None:
        return None

    def describe(self, session: Session) -> str:
        return "memory"

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if section.get("flavour") == "sour":
            yield "flavour", "is not a flavour"


class _Known(dict[str, Any]):
    """A record with what paths lead to."""

    def __init__(self, source: MemorySource, entity: str, record: Record) -> None:
        super().__init__(record)
        self.source, self.entity = source, entity

    def __missing__(self, name: str) -> Any:
        return self.source.value(self.entity, self, name)
