"""Whether an ERP did what it said: rows are held against the conditions and the order that were left to it.

An ERP that speaks a query language may ignore a part of it, or order texts by a collation of its own. What it is found
out about is not left to it again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.evaluate import Environment, compile_expression, sort_key
from edm.expressions import IT, Call, Expr, Prop, columns_of, walk
from edm.model import EntitySet, ServiceMetadata
from edm.query import OrderItem
from edm.text import expression_text

_ORDERED = frozenset({"lt", "le", "gt", "ge"})


class Lied(Exception):
    """The ERP did not do what it was asked; ``what`` is the condition or order item."""

    def __init__(self, what: Expr, *, order: bool) -> None:
        super().__init__(expression_text(what))
        self.what = what
        self.order = order

    @property
    def torn(self) -> bool:
        """Whether it orders texts otherwise: pages that were given out before may lack rows."""
        return not self.order and any(isinstance(node, Call) and node.function in _ORDERED for node in walk(self.what))


Form = tuple[str, ...]


def form(expr: Expr) -> Form:
    """What is said, without the constants: what an ERP does not do with one of them it may not do with others."""
    words = []
    for node in walk(expr):
        if isinstance(node, Call):
            words.append(node.function)
        elif isinstance(node, Prop):
            words.append("/".join(node.path))
    return tuple(words)


@dataclass(slots=True)
class Distrust:
    """What the ERP was found not to do, by set."""

    conditions: set[tuple[str, Form]] = field(default_factory=set)
    orders: set[tuple[str, Form]] = field(default_factory=set)

    def note(self, entity_set: str, lie: Lied) -> None:
        (self.orders if lie.order else self.conditions).add((entity_set, form(lie.what)))
        if lie.torn:
            self.orders.add((entity_set, tuple(word for word in form(lie.what) if word not in _ORDERED)))

    def condition(self, entity_set: str, expr: Expr) -> bool:
        return bool(self.conditions) and (entity_set, form(expr)) in self.conditions

    def order(self, entity_set: str, expr: Expr) -> bool:
        return bool(self.orders) and (entity_set, form(expr)) in self.orders

    def about(self, entity_set: str) -> Iterator[str]:
        for kind, found in (("conditions on", self.conditions), ("order by", self.orders)):
            for name, words in sorted(found):
                if name == entity_set:
                    yield f"{kind} {' '.join(words)}: the ERP does not do what it says"


class Check:
    """Holds rows against exact ``conditions`` and ``orderby``. Conditions on related rows are taken on trust."""

    def __init__(
        self,
        metadata: ServiceMetadata,
        entity_set: EntitySet,
        conditions: Iterable[Expr],
        orderby: Sequence[OrderItem],
    ) -> None:
        scope = {IT: entity_set}
        self._conditions = [
            (part, compile_expression(part, metadata, scope)) for part in conditions if _alone(part, entity_set)
        ]
        self._orderby = orderby
        self._keys = sort_key([(compile_expression(i.expr, metadata, scope), i.descending) for i in orderby])
        self._last: tuple[Any, ...] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """What rows must have."""
        exprs = (*(part for part, _ in self._conditions), *(item.expr for item in self._orderby))
        return tuple(dict.fromkeys(name for expr in exprs for name in columns_of(expr)))

    def begin(self) -> None:
        """What comes next is the answer to another call, in an order of its own."""
        self._last = None

    def rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Raises ``Lied``. Rows have to come in the order in which the ERP gave them."""
        for row in rows:
            env: Environment = {IT: row}
            for part, keeps in self._conditions:
                if keeps(env) is not True:
                    raise Lied(part, order=False)
            if not self._orderby:
                continue
            key = self._keys(env)
            if self._last is not None and key < self._last:
                raise Lied(self._culprit(self._last, key), order=True)
            self._last = key

    def _culprit(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> Expr:
        """The item by which the two are in the wrong order: the first in which they differ."""
        places = range(len(self._orderby))
        return self._orderby[next(place for place in places if before[place] != after[place])].expr


def _alone(expr: Expr, entity_set: EntitySet) -> bool:
    """Whether the row itself is enough to evaluate it."""
    names = entity_set.type.names
    for node in walk(expr):
        if isinstance(node, Prop):
            if node.variable != IT or len(node.path) > 1 or node.name not in names:
                return False
        elif hasattr(node, "bound"):
            return False
    return True
