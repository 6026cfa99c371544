"""The catalog's ``[sql]`` section as values: which table, which joins, and per property the codec that says how a
published value is stored.

Here is only the frame of the section; the codecs are in ``sql_codecs`` and read by ``sql_readers``. Whether the tables
exist is asked in ``sql_source``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edm.model import EntitySet
from erp_adapters import sql_columns
from erp_adapters.sql_codecs import Codec, CodeTable, ColumnRef, code_table, columns_of
from erp_adapters.sql_readers import Reader
from erp_adapters.sql_section import Faults, column_of, name_of, unknown

SECTION = "sql"


@dataclass(frozen=True, slots=True)
class Join:
    """A to-one join, LEFT OUTER: own (or earlier joined) columns equal those of ``table``."""

    alias: str
    table: str
    on: tuple[tuple[ColumnRef, str], ...]


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Where the rows of a set come from."""

    table: str
    joins: Mapping[str, Join]
    codecs: Mapping[str, Codec]

    def tables(self) -> Iterable[str]:
        yield self.table
        for join in self.joins.values():
            yield join.table
        for _, where in self._code_tables():
            yield where.table

    def used(self) -> Iterable[tuple[str, str, str]]:
        """(key within the section, table, column) of every column that the section names."""
        for alias, join in self.joins.items():
            for own, theirs in join.on:
                yield f"joins.{alias}.on", self.table_of(own), own.name
                yield f"joins.{alias}.on", join.table, theirs
        for name, codec in self.codecs.items():
            for column in columns_of(codec):
                yield f"columns.{name}", self.table_of(column), column.name
        for name, where in self._code_tables():
            for named in (where.code, where.word, *(key for key, _ in where.where)):
                yield f"columns.{name}.codes", where.table, named

    def _code_tables(self) -> Iterable[tuple[str, CodeTable]]:
        """(property, table) of every property whose words stand in a table."""
        for name, codec in self.codecs.items():
            found = code_table(codec)
            if found is not None:
                yield name, found

    def table_of(self, column: ColumnRef) -> str:
        return self.joins[column.alias].table if column.alias else self.table


def parse(entity_set: EntitySet) -> tuple[SetMapping | None, Faults]:
    """The mapping of a set and its faults; no mapping if the set has no ``[sql]`` section or a faulty one."""
    section = entity_set.sources.get(SECTION)
    faults = Faults()
    if section is None:
        return None, faults
    unknown("", section, {"table", "joins", "columns", "source"}, faults)
    if "source" in section:
        name_of("source", section["source"], faults)
    table = name_of("table", section.get("table"), faults)
    joins = _joins(section.get("joins", {}), faults)
    codecs: dict[str, Codec] = {}
    columns = section.get("columns", {})
    if not isinstance(columns, Mapping):
        faults.add("columns", "is not a table")
        columns = {}
    for prop in entity_set.type.properties:
        key = f"columns.{prop.name}"
        if prop.name not in columns:
            faults.add(key, "is missing: every property needs its column")
            continue
        found = sql_columns.codec(Reader(key, prop, joins, faults), columns[prop.name])
        if found is not None:
            codecs[prop.name] = found
    for name in columns:
        if entity_set.type.property(name) is None:
            faults.add(f"columns.{name}", "is not a property of this set")
    return (None if faults else SetMapping(table, joins, codecs)), faults


def _joins(section: object, faults: Faults) -> dict[str, Join]:
    joins: dict[str, Join] = {}
    if not isinstance(section, Mapping):
        faults.add("joins", "is not a table")
        return joins
    for alias, table in section.items():
        key = f"joins.{alias}"
        if not isinstance(table, Mapping):
            faults.add(key, "is not a table")
            continue
        unknown(key, table, {"table", "on"}, faults)
        on = table.get("on")
        pairs: list[tuple[ColumnRef, str]] = []
        if not isinstance(on, Mapping) or not on:
            faults.add(f"{key}.on", 'names no columns; write on = { OWN = "JOINED" }')
        else:
            for own, theirs in on.items():
                ref = column_of(f"{key}.on", own, joins, faults)
                if ref is not None:
                    pairs.append((ref, name_of(f"{key}.on.{own}", theirs, faults)))
        joins[alias] = Join(alias, name_of(f"{key}.table", table.get("table"), faults), tuple(pairs))
    return joins
