"""The catalog's ``[sql]`` section as values: which table, which joins, and per property the codec that says how a
published value is stored.

Here is only the format, with all its faults at once. What a codec means in SQL is in ``sql_fields``, how a stored value
is read in ``sql_decode``; whether the tables exist is asked in ``sql_source``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from edm.model import EntitySet, Property
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING, PrimitiveType

SECTION = "sql"


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the set's own table (``alias`` is empty) or of one of its joins."""

    alias: str
    name: str

    def __str__(self) -> str:
        return f"{self.alias}.{self.name}" if self.alias else self.name


@dataclass(frozen=True, slots=True)
class Plain:
    """The column as it is; ``trim`` leaves out trailing blanks."""

    column: ColumnRef
    trim: bool = False


@dataclass(frozen=True, slots=True)
class Scaled:
    """An integer with implied decimals: 123456 is 1234.56."""

    column: ColumnRef
    decimals: int


@dataclass(frozen=True, slots=True)
class DateDigits:
    """A date as the integer 20261123; 0 says that there is none."""

    column: ColumnRef


@dataclass(frozen=True, slots=True)
class Codes:
    """A code that is published as a word; an unknown code is published as itself."""

    column: ColumnRef
    words: Mapping[str, str]
    trim: bool = False

    def stored(self, word: str) -> tuple[str, ...]:
        """The codes that are published as ``word``."""
        known = tuple(code for code, published in self.words.items() if published == word)
        return known if word in self.words else (*known, word)


@dataclass(frozen=True, slots=True)
class Flag:
    """A Boolean; every code but those of ``true`` is false, and so is null."""

    column: ColumnRef
    true: tuple[str, ...]
    trim: bool = False


@dataclass(frozen=True, slots=True)
class Composite:
    """Columns of fixed widths with a separator between them; integers are zero-padded."""

    columns: tuple[ColumnRef, ...]
    widths: tuple[int, ...]
    separator: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A signed sum of columns with one number of implied decimals; null counts as 0."""

    terms: tuple[tuple[int, ColumnRef], ...]
    decimals: int


@dataclass(frozen=True, slots=True)
class Zoned:
    """A timestamp without zone that holds the local time of ``zone``."""

    column: ColumnRef
    zone: str


Codec = Plain | Scaled | DateDigits | Codes | Flag | Composite | Sum | Zoned


def columns_of(codec: Codec) -> tuple[ColumnRef, ...]:
    """The columns that a codec reads."""
    match codec:
        case Composite(columns=columns):
            return columns
        case Sum(terms=terms):
            return tuple(column for _, column in terms)
        case _:
            return (codec.column,)


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

    def used(self) -> Iterable[tuple[str, str, str]]:
        """(key within the section, table, column) of every column that the section names."""
        for alias, join in self.joins.items():
            for own, theirs in join.on:
                yield f"joins.{alias}.on", self.table_of(own), own.name
                yield f"joins.{alias}.on", join.table, theirs
        for name, codec in self.codecs.items():
            for column in columns_of(codec):
                yield f"columns.{name}", self.table_of(column), column.name

    def table_of(self, column: ColumnRef) -> str:
        return self.joins[column.alias].table if column.alias else self.table


class Faults(list[tuple[str, str]]):
    """(key within the section, what is wrong with it)."""

    def add(self, key: str, message: str) -> None:
        self.append((key, message))


def parse(entity_set: EntitySet) -> tuple[SetMapping | None, Faults]:
    """The mapping of a set and its faults; no mapping if the set has no ``[sql]`` section or a faulty one."""
    section = entity_set.sources.get(SECTION)
    faults = Faults()
    if section is None:
        return None, faults
    _unknown("", section, {"table", "joins", "columns", "source"}, faults)
    if "source" in section:
        _text("source", section["source"], faults)
    table = _text("table", section.get("table"), faults)
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
        codec = _Reader(key, prop, joins, faults).codec(columns[prop.name])
        if codec is not None:
            codecs[prop.name] = codec
    for name in columns:
        if entity_set.type.property(name) is None:
            faults.add(f"columns.{name}", "is not a property of this set")
    return (None if faults else SetMapping(table, joins, codecs)), faults


def _unknown(key: str, table: Mapping[str, Any], known: set[str], faults: Faults) -> None:
    for name in table:
        if name not in known:
            faults.add(f"{key}.{name}".lstrip("."), f"is not known here; known are {', '.join(sorted(known))}")


def _text(key: str, value: object, faults: Faults) -> str:
    if isinstance(value, str) and value:
        return value
    faults.add(key, "is missing" if value is None else f"is not a name: {value!r}")
    return ""


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
        _unknown(key, table, {"table", "on"}, faults)
        on = table.get("on")
        pairs: list[tuple[ColumnRef, str]] = []
        if not isinstance(on, Mapping) or not on:
            faults.add(f"{key}.on", 'names no columns; write on = { OWN = "JOINED" }')
        else:
            for own, theirs in on.items():
                ref = _column(f"{key}.on", own, joins, faults)
                if ref is not None:
                    pairs.append((ref, _text(f"{key}.on.{own}", theirs, faults)))
        joins[alias] = Join(alias, _text(f"{key}.table", table.get("table"), faults), tuple(pairs))
    return joins


def _column(key: str, value: object, joins: Mapping[str, Join], faults: Faults) -> ColumnRef | None:
    if not isinstance(value, str) or not value:
        faults.add(key, f"is not a column: {value!r}")
        return None
    alias, dot, name = value.partition(".")
    if not dot:
        return ColumnRef("", value)
    if alias not in joins:
        faults.add(key, f"names the join {alias!r}, which is not declared before")
        return None
    return ColumnRef(alias, name)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the codec of one property."""

    key: str
    property: Property
    joins: Mapping[str, Join]
    faults: Faults
    readers: Mapping[str, Callable[["_Reader", Mapping[str, Any]], Codec | None]] = field(
        default_factory=lambda: _READERS
    )

    def codec(self, value: object) -> Codec | None:
        if isinstance(value, str):
            column = self.column(value)
            return None if column is None else Plain(column)
        if not isinstance(value, Mapping):
            self.fault(f"is neither a column nor a table: {value!r}")
            return None
        kind = next((name for name in self.readers if name in value), "")
        _unknown(self.key, value, _CODEC_KEYS[kind], self.faults)
        return self.readers[kind](self, value) if kind else self.plain(value)

    def fault(self, message: str) -> None:
        """Notes the fault; there is no codec then."""
        self.faults.add(self.key, message)

    def column(self, value: object) -> ColumnRef | None:
        return _column(self.key, value, self.joins, self.faults)

    def typed(self, *kinds: PrimitiveType) -> bool:
        if self.property.type in kinds:
            return True
        self.fault(f"maps to {' or '.join(k.name for k in kinds)}, but the property is {self.property.type.name}")
        return False

    def number(self, value: object) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 18:
            return value
        self.fault(f"decimals is not a number from 0 to 18: {value!r}")
        return None

    def plain(self, table: Mapping[str, Any]) -> Codec | None:
        column = self.column(table.get("column"))
        trim = self.trim(table)
        if trim and not self.typed(STRING):
            return None
        return None if column is None else Plain(column, trim)

    def trim(self, table: Mapping[str, Any]) -> bool:
        trim = table.get("trim", False)
        if not isinstance(trim, bool):
            self.fault(f"trim is neither true nor false: {trim!r}")
        return bool(trim)

    def scaled(self, table: Mapping[str, Any]) -> Codec | None:
        column, decimals = self.column(table.get("column")), self.number(table["decimals"])
        if column is None or decimals is None or not self.typed(DECIMAL):
            return None
        self.check_scale(decimals)
        return Scaled(column, decimals)

    def check_scale(self, decimals: int) -> None:
        if self.property.scale is not None and decimals > self.property.scale:
            self.fault(f"has {decimals} decimals, but the property's scale is {self.property.scale}")

    def date(self, table: Mapping[str, Any]) -> Codec | None:
        column = self.column(table.get("column"))
        if table["date"] != "yyyymmdd":
            self.fault(f'date has one form, "yyyymmdd", not {table["date"]!r}')
            return None
        return DateDigits(column) if self.typed(DATE) and column is not None else None

    def codes(self, table: Mapping[str, Any]) -> Codec | None:
        column, words, trim = self.column(table.get("column")), table["codes"], self.trim(table)
        if not isinstance(words, Mapping) or not all(isinstance(word, str) for word in words.values()):
            self.fault('codes is not a table such as { "10" = "Open" }')
            return None
        return Codes(column, dict(words), trim) if self.typed(STRING) and column is not None else None

    def flag(self, table: Mapping[str, Any]) -> Codec | None:
        column, codes, trim = self.column(table.get("column")), table["true"], self.trim(table)
        if not isinstance(codes, list) or not codes or not all(isinstance(code, str) for code in codes):
            self.fault('true is not a list of codes such as ["X", "1"]')
            return None
        return Flag(column, tuple(codes), trim) if self.typed(BOOLEAN) and column is not None else None

    def composite(self, table: Mapping[str, Any]) -> Codec | None:
        names, widths, separator = table["columns"], table.get("widths"), table.get("separator", "")
        if not isinstance(names, list) or not isinstance(widths, list) or len(names) != len(widths) or not names:
            self.fault("needs columns and as many widths")
            return None
        if not all(isinstance(width, int) and 0 < width <= 80 for width in widths) or not isinstance(separator, str):
            self.fault("has a width that is not a number from 1 to 80, or a separator that is no text")
            return None
        columns = [self.column(name) for name in names]
        if not self.typed(STRING) or None in columns:
            return None
        length = sum(widths) + len(separator) * (len(widths) - 1)
        if self.property.max_length is not None and length > self.property.max_length:
            self.fault(f"makes {length} characters, but max_length is {self.property.max_length}")
        return Composite(tuple(c for c in columns if c is not None), tuple(widths), separator)

    def sum(self, table: Mapping[str, Any]) -> Codec | None:
        terms, decimals = table["sum"], self.number(table.get("decimals", 0))
        if not isinstance(terms, list) or not all(isinstance(t, str) and t[:1] in "+-" and t[1:] for t in terms):
            self.fault('sum is not a list of signed columns such as ["+ONHD", "-RSVD"]')
            return None
        columns = [(1 if term[0] == "+" else -1, self.column(term[1:])) for term in terms]
        if decimals is None or not terms or not (self.property.type.integral or self.typed(DECIMAL)):
            return None
        self.check_scale(decimals)
        found = tuple((sign, column) for sign, column in columns if column is not None)
        return Sum(found, decimals) if len(found) == len(terms) else None

    def zoned(self, table: Mapping[str, Any]) -> Codec | None:
        column, zone = self.column(table.get("column")), table["timezone"]
        try:
            ZoneInfo(zone)
        except (ValueError, TypeError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
            self.fault(f'timezone is not a name such as "Europe/Berlin": {zone!r}')
            return None
        return Zoned(column, zone) if self.typed(DATE_TIME_OFFSET) and column is not None else None


_READERS: dict[str, Callable[[_Reader, Mapping[str, Any]], Codec | None]] = {
    "columns": _Reader.composite,
    "sum": _Reader.sum,
    "decimals": _Reader.scaled,
    "date": _Reader.date,
    "codes": _Reader.codes,
    "true": _Reader.flag,
    "timezone": _Reader.zoned,
}
_CODEC_KEYS: dict[str, set[str]] = {
    "": {"column", "trim"},
    "columns": {"columns", "widths", "separator"},
    "sum": {"sum", "decimals"},
    "decimals": {"column", "decimals"},
    "date": {"column", "date"},
    "codes": {"column", "codes", "trim"},
    "true": {"column", "true", "trim"},
    "timezone": {"column", "timezone"},
}
