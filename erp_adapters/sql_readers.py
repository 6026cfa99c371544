"""Reads the codec of one property from its line in ``[sql.columns]``, with all faults at once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from edm.model import Property
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING, PrimitiveType
from erp_adapters.sql_codecs import (
    Codec,
    Codes,
    ColumnRef,
    Composite,
    DateDigits,
    Flag,
    Plain,
    Scaled,
    Sum,
    Zoned,
)
from erp_adapters.sql_section import Faults, column_of, unknown


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the codec of one property."""

    key: str
    property: Property
    joins: Collection[str]
    faults: Faults
    readers: Mapping[str, Callable[["Reader", Mapping[str, Any]], Codec | None]] = field(
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
        unknown(self.key, value, CODEC_KEYS[kind], self.faults)
        return self.readers[kind](self, value) if kind else self.plain(value)

    def fault(self, message: str) -> None:
        """Notes the fault; there is no codec then."""
        self.faults.add(self.key, message)

    def column(self, value: object) -> ColumnRef | None:
        return column_of(self.key, value, self.joins, self.faults)

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


_READERS: dict[str, Callable[[Reader, Mapping[str, Any]], Codec | None]] = {
    "columns": Reader.composite,
    "sum": Reader.sum,
    "decimals": Reader.scaled,
    "date": Reader.date,
    "codes": Reader.codes,
    "true": Reader.flag,
    "timezone": Reader.zoned,
}
CODEC_KEYS: dict[str, set[str]] = {
    "": {"column", "trim"},
    "columns": {"columns", "widths", "separator"},
    "sum": {"sum", "decimals"},
    "decimals": {"column", "decimals"},
    "date": {"column", "date"},
    "codes": {"column", "codes", "trim"},
    "true": {"column", "true", "trim"},
    "timezone": {"column", "timezone"},
}
