"""A proposal as values: sets with properties, navigation, joins and comments, before they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_adapters.introspect import Table

COMPANY = "@company"


@dataclass(slots=True)
class Item:
    """A property: its facets in the words of the catalog, where it comes from, how sure we are."""

    name: str
    facets: dict[str, Any]
    mapping: str | dict[str, Any]
    score: float
    because: str
    known: bool = True


@dataclass(slots=True)
class Link:
    """A navigation property."""

    name: str
    target: str
    own: str
    partner: str
    label: str
    partner_label: str
    score: float
    because: str
    description: str = ""
    partner_description: str = ""
    #: The key property of the target; empty: of the same name.
    referred: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What tells the rows apart: columns of the set's table, as one text."""

    property: str
    columns: tuple[str, ...]
    mapping: Mapping[str, Any]
    facets: Mapping[str, Any]
    score: float
    because: str


@dataclass(slots=True)
class Draft:
    """A set."""

    name: str
    table: Table
    source: str | list[str]
    score: float
    because: list[str]
    key: Key
    head: dict[str, Any] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    joins: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, dict[str, Any]] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    companies: tuple[str, ...] = ()
    database: str = ""
    #: Own columns that are published, or that a comment speaks of.
    used: set[str] = field(default_factory=set)
    #: Comments above the whole, and about columns that are left out.
    remarks: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, item: Item, *columns: str) -> None:
        self.items[item.name] = item
        self.used.update(columns)

    def free(self, name: str) -> bool:
        """Whether no member has the name, ignoring case."""
        taken = {n.lower() for n in (*self.items, *self.links)}
        return name.lower() not in taken


@dataclass(slots=True)
class Proposal:
    """All of it."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def ref(alias: str, column: str) -> str:
    """A column as the catalog writes it: a dot in its name needs quotes."""
    written = f'"{column}"' if "." in column else column
    return f"{alias}.{written}" if alias else written


def at(alias: str, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of a table's own columns, seen through a join to it."""
    found = dict(mapping)
    for name in ("column", "columns"):
        if name not in found or not alias:
            continue
        value = found[name]
        found[name] = [_at(alias, v) for v in value] if isinstance(value, list) else _at(alias, value)
    return found


def _at(alias: str, column: str) -> str:
    return column if column.startswith("@") else f"{alias}.{column}"


def short(mapping: Mapping[str, Any]) -> str | dict[str, Any]:
    """A mapping that is nothing but a column is written as its name."""
    return mapping["column"] if set(mapping) == {"column"} else dict(mapping)
