"""The catalog's ``[sql]`` section as values: where rows come from, and per property the codec that says how a
published value is stored.

Here is only the frame of the section; rows, joins and totals are in ``sql_rows`` and read by ``sql_rows_reader``, the
codecs are in ``sql_codecs`` and read by ``sql_readers``. Whether the tables exist is asked in ``sql_lacks``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from edm.model import EntitySet
from erp_adapters import sql_columns
from erp_adapters.sections import Faults, name_of, unknown
from erp_adapters.sql_codecs import Codec, CodeTable, ColumnRef, code_table, columns_of
from erp_adapters.sql_readers import Reader
from erp_adapters.sql_rows import Join, Relation, Total
from erp_adapters.sql_rows_reader import ROWS, each_of, joins_of, names_of, own_rows, totals_of
from erp_adapters.sql_section import Names

SECTION = "sql"


@dataclass(frozen=True, slots=True)
class SetMapping:
    """Where the rows of a set come from."""

    rows: Relation
    joins: Mapping[str, Join]
    codecs: Mapping[str, Codec]
    totals: Mapping[str, Total] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The set's own table, or the first of several."""
        return self.rows.table

    def relations(self) -> Iterator[tuple[str, Relation]]:
        """(key within the section, rows) of the set, its joins and its totals."""
        yield "", self.rows
        yield from ((f"joins.{alias}.", join.rows) for alias, join in self.joins.items())
        yield from ((f"totals.{name}.", total.rows) for name, total in self.totals.items())

    def tables(self) -> Iterable[str]:
        for _, rows in self.relations():
            yield from (branch.table for branch in rows.branches)
        for _, where in self._code_tables():
            yield where.table

    def named(self) -> Iterator[tuple[str, Relation, str]]:
        """(key within the section, rows, column) of every column that the section names."""
        for key, rows in self.relations():
            yield from ((at, rows, name) for at, name in rows.own())
            if rows.current is not None:
                for codec in (rows.current.starts, rows.current.ends):
                    refs = () if codec is None else columns_of(codec)
                    yield from ((f"{key}current", rows, ref.name) for ref in refs)
        for key, there in (*_keyed("joins", self.joins), *_keyed("totals", self.totals)):
            for own, theirs in there.on:
                yield f"{key}.on", self.rows_of(own), own.name
                yield f"{key}.on", there.rows, theirs
        for total in self.totals.values():
            if total.column:
                yield f"totals.{total.name}.{total.method}", total.rows, total.column
        for name, codec in self.codecs.items():
            for column in columns_of(codec):
                if column.name:
                    yield f"columns.{name}", self.rows_of(column), column.name

    def used(self) -> Iterator[tuple[str, str, str]]:
        """(key within the section, table, column) of every column of a table that the section names."""
        for key, rows, name in self.named():
            yield from ((key, table, column) for table, column in rows.real(name))
        for name, where in self._code_tables():
            for named in (where.code, where.word, *(key for key, _ in where.where)):
                yield f"columns.{name}.codes", where.table, named

    def _code_tables(self) -> Iterable[tuple[str, CodeTable]]:
        """(property, table) of every property whose words stand in a table."""
        for name, codec in self.codecs.items():
            found = code_table(codec)
            if found is not None:
                yield name, found

    def real(self, column: ColumnRef) -> Iterator[tuple[str, str]]:
        """(table, column) wherever a column stands in a table; nowhere for a total."""
        return self.rows_of(column).real(column.name) if column.name else iter(())

    def rows_of(self, column: ColumnRef) -> Relation:
        """The rows that have the column."""
        if column.alias in self.totals:
            return self.totals[column.alias].rows
        return self.joins[column.alias].rows if column.alias else self.rows


def _keyed(kind: str, section: Mapping[str, Join] | Mapping[str, Total]) -> Iterator[tuple[str, Join | Total]]:
    return ((f"{kind}.{name}", one) for name, one in section.items())


def parse(entity_set: EntitySet) -> tuple[SetMapping | None, Faults]:
    """The mapping of a set and its faults; no mapping if the set has no ``[sql]`` section or a faulty one."""
    section = entity_set.sources.get(SECTION)
    faults = Faults()
    if section is None:
        return None, faults
    unknown("", section, {*ROWS, "each", "joins", "totals", "columns", "source"}, faults)
    if "source" in section:
        name_of("source", section["source"], faults)
    each = each_of(section.get("each", {}), faults)
    rows = own_rows(section, each, faults)
    joins = joins_of(section.get("joins", {}), rows, each, faults)
    totals = totals_of(section.get("totals", {}), rows, joins, each, faults)
    codecs = _codecs(entity_set, section.get("columns", {}), names_of(rows, joins, totals), faults)
    return (None if faults else SetMapping(rows, joins, codecs, totals)), faults


def _codecs(entity_set: EntitySet, columns: object, names: Names, faults: Faults) -> dict[str, Codec]:
    codecs: dict[str, Codec] = {}
    if not isinstance(columns, Mapping):
        faults.add("columns", "is not a table")
        columns = {}
    for prop in entity_set.type.properties:
        key = f"columns.{prop.name}"
        if prop.name not in columns:
            faults.add(key, "is missing: every property needs its column")
            continue
        codec = sql_columns.codec(Reader(key, prop, names, faults), columns[prop.name])
        if codec is not None:
            codecs[prop.name] = codec
    for name in columns:
        if entity_set.type.property(name) is None:
            faults.add(f"columns.{name}", "is not a property of this set")
    return codecs
