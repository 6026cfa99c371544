"""Principals with a condition on the rows of each set, and properties that they do not see, as the dice will have it.

Access rules are not configurable yet; these are what they will be made of.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from edm.expressions import Expr
from edm.model import EntitySet, EntityType, ServiceMetadata
from odata_server.auth import Principal
from tests.engine.small import METADATA, bind

#: Conditions that row scopes are made of.
LEAVES = {
    "Invoices": (
        "Positions eq 1", "Positions eq 2", "Positions ge 2", "Amount gt 2", "Amount le 2", "Amount eq null", "DueDate eq null",
        "DueDate lt 2026-01-01", "Customer/Country eq 'DE'", "Customer/Blocked eq false", "CustomerNumber ne 'C01'",
        "startswith(InvoiceNumber,'I00')", "InvoiceNumber in ('I001','I004','I007','I010')",
    ),
    "Customers": (
        "Country eq 'DE'", "Country eq null", "Blocked eq false", "Visits gt 0", "CustomerNumber lt 'C05'",
        "Invoices/any(i:i/Positions eq 2)", "Invoices/$count gt 1", "contains(CustomerName,'e')",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Scoped(Principal):
    """Sees of each set the rows that meet a condition, and not the hidden properties."""

    rows: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        text = dict(self.rows).get(entity_set.name)
        return _bound(text, entity_set.name) if text else None

    def view(self, metadata: ServiceMetadata) -> ServiceMetadata:
        return _view(metadata, self.hidden) if self.hidden else metadata


@lru_cache(maxsize=10_000)
def _bound(text: str, entity_set: str) -> Expr:
    return bind(text, entity_set)


@lru_cache(maxsize=10_000)
def _view(metadata: ServiceMetadata, hidden: tuple[str, ...]) -> ServiceMetadata:
    def seen(entity_set: EntitySet) -> EntitySet:
        kind = entity_set.type
        properties = tuple(p for p in kind.properties if f"{entity_set.name}/{p.name}" not in hidden)
        return replace(entity_set, type=EntityType(kind.name, kind.key, properties, kind.navigation))

    return ServiceMetadata(metadata.namespace, metadata.version, tuple(map(seen, metadata.sets)))


def pair(dice: Random) -> tuple[Scoped, Scoped]:
    """Two who see different things. Some have the same name: then nothing but what they see tells them apart."""
    first = scoped(dice, "one")
    while True:
        second = scoped(dice, dice.choice(("one", "other")))
        if (first.rows, first.hidden) != (second.rows, second.hidden):
            return first, second


def scoped(dice: Random, name: str) -> Scoped:
    rows = tuple((entity_set, _condition(dice, leaves)) for entity_set, leaves in LEAVES.items() if dice.random() < 0.8)
    return Scoped(name, rows=rows, hidden=_hidden(dice))


def _condition(dice: Random, leaves: tuple[str, ...]) -> str:
    parts = dice.sample(leaves, dice.choice((1, 1, 1, 2, 3)))
    text = dice.choice((" and ", " or ")).join(parts)
    return f"not ({text})" if dice.random() < 0.2 else text


def _hidden(dice: Random) -> tuple[str, ...]:
    """Some properties that are neither a key nor joined on."""
    may = [
        f"{entity_set.name}/{p.name}"
        for entity_set in METADATA.sets
        for p in entity_set.type.properties
        if p.name not in ("InvoiceNumber", "CustomerNumber")
    ]
    return tuple(sorted(dice.sample(may, dice.choice((0, 0, 1, 2, 4)))))
