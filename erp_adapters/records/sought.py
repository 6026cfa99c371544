"""Conditions on what is joined: the joined records that meet them are read first, and the rows are then those whose own
field is one of their keys.

``Assets?$filter=CustomerNumber eq '17100001'`` with the customer in another entity asks that one for the equipment of
the customer, and then for these pieces of equipment, instead of reading all of them. It is done for a condition on one
join that is not true of a row without a joined record; what is more than a thousand keys is left to be checked here.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, cast

from edm.capabilities import Match
from edm.expressions import IT, Call, Const, Expr, Prop, walk
from edm.model import EntitySet
from edm.text import expression_text
from erp_adapters.base import Session
from erp_adapters.records.base import Ask, OneOf, Record, RecordSource
from erp_adapters.records.codecs import Codec, Field, Ref, Said
from erp_adapters.records.codecs_stored import Alpha, Day, Words
from erp_adapters.records.conditions import all_of, cut, fits, holds
from erp_adapters.records.related import fixed
from erp_adapters.records.section import Join, SetMapping
from erp_adapters.records.translate import Place, Translator

#: More keys than this are no narrowing.
MOST_KEYS = 1_000
_COMPARED = frozenset({"eq", "lt", "le", "gt", "ge", "in", "contains", "startswith", "endswith"})
#: Codecs of one field that have no value where the joined record is missing.
_ALONE = (Field, Words, Alpha, Day)


@dataclass(frozen=True, slots=True)
class Sought:
    """``said`` of the records of a join; ``own`` is the field that holds their key."""

    expr: Expr
    join: Join
    own: str
    said: Said

    @property
    def ask(self) -> Ask:
        """For the keys. The section's own condition is still to be added."""
        theirs = self.join.on[0][1]
        fields = tuple(dict.fromkeys((theirs, *self.join.rows.fields)))
        return Ask(self.join.rows.entity, fields, self.said.condition, options=self.join.rows.options)


@dataclass(frozen=True, slots=True)
class Seeker:
    """Finds such conditions, and the keys."""

    source: RecordSource
    translator: Translator

    def sought(self, expr: Expr, entity_set: EntitySet, mapping: SetMapping) -> Sought | None:
        """``expr`` as a condition on one join, if it is one that the source answers."""
        if not _met_by_something(expr):
            return None
        codecs = {node.name: mapping.codecs.get(node.name) for node in walk(expr) if isinstance(node, Prop)}
        aliases = {ref.alias for codec in codecs.values() if codec is not None for ref in codec.refs}
        if len(aliases) != 1 or not all(isinstance(codec, _ALONE) for codec in codecs.values()):
            return None
        join = mapping.joins.get(aliases.pop())
        if join is None or len(join.on) != 1 or join.on[0][0].alias:
            return None
        said = self.translator.at(expr, Place(entity_set, SetMapping(join.rows, _own(codecs))))
        return Sought(expr, join, join.on[0][0].name, said) if said is not None else None

    def grade(self, sought: Sought, mapping: SetMapping) -> Match:
        """How well the condition is answered in this way."""
        facts, there = self.source.field(mapping.rows.entity, sought.own), self.source.entity(sought.join.rows.entity)
        if facts is None or there is None or not facts.compared & {"eq", "in"}:
            return Match.NO
        if not fits(sought.said.condition, there.values):
            return Match.NO
        exactly = Match.EXACT if sought.said.exact else Match.INEXACT
        return min(exactly, self.source.grade(sought.join.rows.entity, sought.said.condition))

    def ask(self, sought: Sought) -> Ask:
        """What the source is asked for the keys."""
        ask = sought.ask
        return replace(ask, where=all_of((fixed(self.source, sought.join.rows), ask.where)))

    def keys(self, sought: Sought, session: Session) -> OneOf | None:
        """The rows as a list of keys; ``None`` if they are too many. Read once in a request."""
        place = ("sought", sought.join.rows.entity, sought.own, sought.expr)
        if place not in session.memo:
            session.memo[place] = self._read(sought, session)
        found: OneOf | None = session.memo[place]
        return found

    def _read(self, sought: Sought, session: Session) -> OneOf | None:
        theirs = sought.join.on[0][1]
        found: dict[Any, None] = {}
        for record in self._records(sought, session):
            found[record[theirs]] = None
            if len(found) > MOST_KEYS:
                return None
        found.pop(None, None)
        return OneOf(sought.own, tuple(found))

    def _records(self, sought: Sought, session: Session) -> Iterator[Record]:
        """Those that meet the section's own condition; a long list of values is asked for in parts."""
        ask, facts = self.ask(sought), self.source.entity(sought.join.rows.entity)
        assert facts is not None, "it was graded"
        for where, _ in cut(ask.where, facts.values, facts.lists):
            with closing(cast("Any", self.source.read(replace(ask, where=where), session))) as batches:
                for batch in batches:
                    session.timings.rows_read += len(batch.records)
                    yield from (record for record in batch.records if holds(sought.join.rows.where, record))

    def explained(self, sought: Sought) -> Iterator[str]:
        yield f"first, the keys of {sought.join.rows.entity} for {expression_text(sought.expr)}:"
        yield self.source.explain(self.ask(sought))
        yield f"then, with {sought.own} one of them (up to {MOST_KEYS}):"


def _met_by_something(expr: Expr) -> bool:
    """Whether it is a condition on own properties that is not true where they have no value."""
    if not isinstance(expr, Call):
        return False
    if expr.function in ("and", "or"):
        return all(map(_met_by_something, expr.args))
    if expr.function not in _COMPARED or len(expr.args) != 2:
        return False
    prop, constant = expr.args
    if not isinstance(prop, Prop) or prop.variable != IT or len(prop.path) > 1 or not isinstance(constant, Const):
        return False
    values = constant.value if isinstance(constant.value, tuple) else (constant.value,)
    return None not in values


def _own(codecs: Mapping[str, Codec | None]) -> dict[str, Codec]:
    """The codecs as if the joined records were the rows."""
    return {
        name: replace(codec, ref=Ref("", codec.ref.name)) for name, codec in codecs.items() if isinstance(codec, _ALONE)
    }
