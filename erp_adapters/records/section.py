"""A kind's section of the catalog as values: which records a set's rows are, what belongs to them from elsewhere, and
per property the codec that says how it is stored.

How lines of ``fields`` are read is in ``lines``. Whether the source has what is named is asked by the adapter.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from edm.model import EntitySet
from edm.primitives import DECIMAL
from erp_adapters.records.base import Compare, Condition, OneOf, Stored
from erp_adapters.records.codecs import Codec, Field, Ref
from erp_adapters.records.codecs_several import Grouped
from erp_adapters.records.conditions import all_of, leaves
from erp_adapters.records.lines import Names, Reader
from erp_adapters.sections import Faults, name_of, unknown

METHODS = ("sum", "min", "max", "count")


@dataclass(frozen=True, slots=True)
class Records:
    """The records of an entity that meet ``where``."""

    entity: str
    where: Condition | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """What ``where`` looks at."""
        return tuple(leaf.field for leaf in leaves(self.where) if isinstance(leaf, Compare | OneOf))


@dataclass(frozen=True, slots=True)
class Join:
    """At most one record that belongs to a row: ``on`` pairs own fields with its."""

    alias: str
    rows: Records
    on: tuple[tuple[Ref, str], ...]


@dataclass(frozen=True, slots=True)
class Total:
    """A number of the records that belong to a row: ``method`` of their ``field``. A count has none."""

    alias: str
    rows: Records
    on: tuple[tuple[Ref, str], ...]
    method: str
    field: str | None


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Where the rows of a set come from. With ``group`` a row is made of the records that have the same values there.
    ``navigation`` is the source's own path for navigation properties."""

    rows: Records
    codecs: Mapping[str, Codec]
    group: tuple[str, ...] = ()
    joins: Mapping[str, Join] = field(default_factory=dict)
    totals: Mapping[str, Total] = field(default_factory=dict)
    navigation: Mapping[str, str] = field(default_factory=dict)

    def named(self) -> Iterator[tuple[str, str, str]]:
        """(key within the section, entity, field) of every field that the section names."""
        yield from (("where", self.rows.entity, name) for name in self.rows.fields)
        yield from (("group", self.rows.entity, name) for name in self.group)
        for key, there in (*_keyed("joins", self.joins), *_keyed("totals", self.totals)):
            yield from ((f"{key}.where", there.rows.entity, name) for name in there.rows.fields)
            for own, theirs in there.on:
                yield f"{key}.on", self._entity(own), own.name
                yield f"{key}.on", there.rows.entity, theirs
        for total in self.totals.values():
            if total.field:
                yield f"totals.{total.alias}.{total.method}", total.rows.entity, total.field
        for name, codec in self.codecs.items():
            yield from ((f"fields.{name}", self._entity(ref), ref.name) for ref in codec.refs if ref.name)

    def _entity(self, ref: Ref) -> str:
        return self.joins[ref.alias].rows.entity if ref.alias else self.rows.entity


def _keyed(kind: str, there: Mapping[str, Join] | Mapping[str, Total]) -> Iterator[tuple[str, Join | Total]]:
    return ((f"{kind}.{name}", one) for name, one in there.items())


def parse(entity_set: EntitySet, kind: str, options: Collection[str]) -> tuple[SetMapping | None, Faults]:
    """The mapping of a set and its faults; no mapping if the set has no section of that kind or a faulty one."""
    section = entity_set.sources.get(kind)
    faults = Faults()
    if section is None:
        return None, faults
    known = {"entity", "where", "group", "fields", "joins", "totals", "navigation", "source"}
    unknown("", section, known | set(options), faults)
    reader = _Section(frozenset(options), faults)
    rows = reader.records("", section)
    joins = reader.joins(_table("joins", section, faults))
    totals = reader.totals(_table("totals", section, faults), joins)
    names = Names(frozenset(joins), frozenset(totals))
    group = reader.group(section)
    codecs = _codecs(entity_set, _table("fields", section, faults), names, group, faults)
    navigation = _navigation(entity_set, _table("navigation", section, faults), faults)
    return (None if faults else SetMapping(rows, codecs, group, joins, totals, navigation)), faults


def _table(key: str, section: Mapping[str, Any], faults: Faults) -> Mapping[str, Any]:
    value = section.get(key, {})
    if isinstance(value, Mapping):
        return value
    faults.add(key, "is not a table")
    return {}


@dataclass(frozen=True, slots=True)
class _Section:
    """Reads everything but the fields."""

    options: frozenset[str]
    faults: Faults

    def records(self, key: str, section: Mapping[str, Any]) -> Records:
        at = f"{key}." if key else ""
        entity = name_of(f"{at}entity", section.get("entity"), self.faults)
        where = condition_of(f"{at}where", section.get("where", {}), self.faults)
        return Records(entity, where, {name: section[name] for name in self.options if name in section})

    def joins(self, section: Mapping[str, Any]) -> dict[str, Join]:
        found: dict[str, Join] = {}
        for alias, table in section.items():
            key = f"joins.{alias}"
            if isinstance(table, Mapping):
                unknown(key, table, {"entity", "on", "where"} | self.options, self.faults)
                found[alias] = Join(alias, self.records(key, table), self.on(key, table, found))
            else:
                self.faults.add(key, "is not a table")
        return found

    def totals(self, section: Mapping[str, Any], joins: Mapping[str, Join]) -> dict[str, Total]:
        found: dict[str, Total] = {}
        for alias, table in section.items():
            key = f"totals.{alias}"
            if not isinstance(table, Mapping):
                self.faults.add(key, "is not a table")
                continue
            unknown(key, table, {"entity", "on", "where", *METHODS} | self.options, self.faults)
            methods = [method for method in METHODS if method in table]
            if len(methods) != 1:
                self.faults.add(key, f"needs one of {', '.join(METHODS)}")
                continue
            of = table[methods[0]]
            counts = methods[0] == "count"
            if counts and of is not True:
                self.faults.add(f"{key}.count", "is true, or is left out")
            name = None if counts else name_of(f"{key}.{methods[0]}", of, self.faults)
            found[alias] = Total(alias, self.records(key, table), self.on(key, table, joins), methods[0], name)
        return found

    def on(self, key: str, table: Mapping[str, Any], joins: Mapping[str, Join]) -> tuple[tuple[Ref, str], ...]:
        pairs = table.get("on")
        if not isinstance(pairs, Mapping) or not pairs:
            self.faults.add(f"{key}.on", "is not a table such as { OWN = 'THEIRS' }")
            return ()
        names = Names(frozenset(joins))
        refs = [(names.ref(f"{key}.on", own, self.faults), theirs) for own, theirs in pairs.items()]
        found = [(ref, name_of(f"{key}.on", theirs, self.faults)) for ref, theirs in refs if ref is not None]
        return tuple(found)

    def group(self, section: Mapping[str, Any]) -> tuple[str, ...]:
        names = section.get("group", [])
        if isinstance(names, list) and all(isinstance(name, str) and name for name in names):
            return tuple(dict.fromkeys(names))
        self.faults.add("group", "is not a list of fields")
        return ()


def _codecs(
    entity_set: EntitySet, lines: Mapping[str, Any], names: Names, group: tuple[str, ...], faults: Faults
) -> dict[str, Codec]:
    codecs: dict[str, Codec] = {}
    for prop in entity_set.type.properties:
        key = f"fields.{prop.name}"
        if prop.name not in lines:
            faults.add(key, "is missing: every property needs its field")
            continue
        reader = Reader(key, prop, names, faults)
        line = lines[prop.name]
        summed = group and isinstance(line, Mapping) and isinstance(line.get("sum"), str)
        codec = _grouped(reader, line) if summed else reader.codec(line)
        if codec is None:
            continue
        if prop.name == entity_set.type.key:
            codec = _ordered(codec)
        if group and not summed:
            _only_of_groups(key, codec, group, faults)
        codecs[prop.name] = codec
    for name in lines:
        if entity_set.type.property(name) is None:
            faults.add(f"fields.{name}", "is not a property of this set")
    return codecs


def _ordered(codec: Codec) -> Codec:
    """Keys are taken to be ordered by code point unless the section says otherwise: what comes back is checked."""
    return replace(codec, ordered=True) if isinstance(codec, Field) and codec.ordered is None else codec


def _grouped(reader: Reader, line: Mapping[str, Any]) -> Codec | None:
    unknown(reader.key, line, {"sum", "where"}, reader.faults)
    where = condition_of(f"{reader.key}.where", line.get("where", {}), reader.faults)
    if not reader.prop.type.integral and not reader.typed(DECIMAL):
        return None
    return Grouped(reader.prop, line["sum"], where)


def _only_of_groups(key: str, codec: Codec, group: tuple[str, ...], faults: Faults) -> None:
    for ref in codec.refs:
        if not ref.alias and ref.name not in group:
            faults.add(key, f"is of {ref.name}, which is neither one of group nor summed")


def _navigation(entity_set: EntitySet, section: Mapping[str, Any], faults: Faults) -> dict[str, str]:
    for name, path in section.items():
        if entity_set.type.navigation_property(name) is None:
            faults.add(f"navigation.{name}", "is not a navigation property of this set")
        elif not isinstance(path, str) or not path:
            faults.add(f"navigation.{name}", f"is not a path: {path!r}")
    return {name: path for name, path in section.items() if isinstance(path, str)}


# --- where ------------------------------------------------------------------------------------------------------------


def condition_of(key: str, section: object, faults: Faults) -> Condition | None:
    """Fixed conditions: field = value, list, ``{ not = [..] }``, ``{ from =, to = }`` or ``{ null = true }``."""
    if not isinstance(section, Mapping):
        faults.add(key, "is not a table such as { STATUS = ['10', '20'] }")
        return None
    parts: list[Condition] = []
    for name, value in section.items():
        parts.extend(_conditions(f"{key}.{name}", name, value, faults))
    return all_of(parts) if parts else None


def _conditions(key: str, name: str, value: object, faults: Faults) -> Iterator[Condition]:
    if isinstance(value, list):
        yield OneOf(name, _values(key, value, faults))
    elif not isinstance(value, Mapping):
        yield Compare(name, "eq", *_values(key, [value], faults))
    elif value.keys() == {"not"}:
        items = value["not"]
        yield OneOf(name, _values(key, items if isinstance(items, list) else [items], faults), True)
    elif value.keys() == {"null"} and isinstance(value["null"], bool):
        yield Compare(name, "eq" if value["null"] else "ne", None)
    elif value and value.keys() <= {"from", "to"}:
        for bound, operator in (("from", "ge"), ("to", "le")):
            if bound in value:
                yield Compare(name, operator, *_values(key, [value[bound]], faults))
    else:
        faults.add(key, "is neither a value, a list, { not = [..] }, { from = .., to = .. } nor { null = true }")


def _values(key: str, items: list[Any], faults: Faults) -> tuple[Stored, ...]:
    if not items or not all(isinstance(item, str | int | date) for item in items):
        faults.add(key, f"has something that is no text, number, Boolean or date: {items!r}")
        return (None,)
    return tuple(items)
