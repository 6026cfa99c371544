"""A column as a published type with a mapping: what is wanted of it, what the database declares, what values show."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from erp_adapters.introspect import Column, Table
from erp_adapters.introspect_sample import Profile
from erp_adapters.proposal.study import Study
from erp_adapters.proposal.values import (
    WIDE_SCALE,
    Published,
    date_form,
    decimal_facets,
    flag_codes,
    integer_facets,
    sentinels,
    stamp_form,
    text_codec,
    text_facets,
    whole_days,
)

#: Concepts of names that make a column of two values a flag.
FLAG_NAMES = frozenset({"active", "blocked", "deleted", "tracked", "hazardous"})
_FLAG_FORM = re.compile(
    r"^(?i:is|has|flag|flg|can|allow|use)(?=[_\s])|^(is|has|flag|flg|can|allow|use)(?=[A-Z])|([_\s]|(?<=[a-z]))(?i:flag|flg|yn|jn)$"
)
_AMOUNT_TYPES = ("Decimal", "Int16", "Int32", "Int64")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a column cannot be published."""

    why: str


@dataclass(slots=True)
class Shapes:
    """Makes published types. ``implied``: (table, column) -> implied decimals and why."""

    study: Study
    implied: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    #: Days of long ago that timestamps of this database have for none.
    nothing: frozenset[date] = frozenset()

    def shape(self, table: Table, column: Column, wanted: str | None = None) -> Published | LeftOut:
        """``wanted`` is the type of the known property that the column is for; values may force another."""
        profile = self.study.profile(table, column.name)
        if column.kind in _MAKERS:
            return _MAKERS[column.kind](self, table, column, profile, wanted)
        return LeftOut("has a type that is not published")

    # --- by kind ------------------------------------------------------------------------------------------------

    def boolean(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        return Published("Boolean")

    def date(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        if any(len(t) > 10 for t in profile.texts):
            return self.timestamp(table, column, profile, wanted or "Date")
        return _without(Published("Date"), profile)

    def timestamp(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        if profile.texts:
            return self._text_stamp(column, profile, wanted)
        if wanted == "Date" or (wanted is None and whole_days(profile)):
            if column.kind == "timestamp":
                return _without(Published("Date"), profile, () if column.nullable else self.nothing)
            if wanted == "Date":
                wanted = None
        codec = {} if column.kind == "timestamptz" else {"timezone": (self.study.wishes.timezone or "UTC")}
        fine = any(isinstance(v, datetime) and v.microsecond for v in profile.present)
        return _without(Published("DateTimeOffset", {"precision": 6} if fine else {}, codec), profile)

    def _text_stamp(self, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        """SQLite: what is declared as a timestamp is text."""
        if date_form(profile, named=True) == "yyyy-mm-dd":
            return Published("Date", {}, {"date": "yyyy-mm-dd"} if column.kind != "date" else {})
        form = stamp_form(profile)
        if form is None:
            return LeftOut("has texts of several forms in a column of timestamps")
        codec: dict[str, Any] = {"form": form} if form else {}
        if wanted == "Date" or (wanted is None and whole_days(profile)):
            return _without(Published("Date", {}, codec), profile, () if column.nullable else self.nothing)
        fine = any("." in t and t.rpartition(".")[2].strip("0") for t in profile.texts)
        facets = {"precision": 6} if fine else {}
        return _without(
            Published("DateTimeOffset", facets, {"timezone": (self.study.wishes.timezone or "UTC"), **codec}), profile
        )

    def number(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        if found := self._dated(table, column, profile, wanted):
            return found
        if wanted == "Boolean" or (wanted is None and self._flag_named(table, column)):
            codes = flag_codes(column, profile, named=True)
            if codes:
                return Published("Boolean", {}, {"true": codes[0]})
        if wanted == "String":
            return Published("String", integer_facets(column))
        whole = column.kind == "integer" or (column.kind == "numeric" and column.scale == 0)
        implied = self.implied.get((table.name, column.name)) if whole else None
        if implied is not None and implied[0] and wanted in (None, *_AMOUNT_TYPES):
            decimals, why = implied
            return Published("Decimal", {"precision": 18, "scale": decimals}, {"decimals": decimals}, (why,))
        if whole and wanted != "Decimal" and not profile.decimals and (column.precision or 0) <= 18:
            return Published(
                {16: "Int16", 32: "Int32"}.get(column.bits, "Int64") if column.kind == "integer" else "Int64"
            )
        facets = decimal_facets(column, profile, 0 if column.kind == "integer" else self._least(table, column))
        if facets is None:
            if column.kind == "float":
                return Published("Decimal", {"precision": 18, "scale": 6}, {"round": True}, ("rounded to 6 decimals",))
            return LeftOut("has numbers of more than 18 digits")
        return Published("Decimal", facets)

    def text(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        if wanted in ("Date", "DateTimeOffset") and profile.filled and stamp_form(profile) is not None:
            return self._text_stamp(column, profile, wanted)
        if found := self._dated(table, column, profile, wanted):
            return found
        named = wanted == "Boolean" or self._flag_named(table, column)
        if wanted in (None, "Boolean") and not column.choices and (codes := flag_codes(column, profile, named=named)):
            trim = {"trim": True} if codes[1] and column.kind != "char" else {}
            return Published("Boolean", {}, {"true": codes[0], **trim})
        if wanted in _AMOUNT_TYPES:
            short = all(re.fullmatch(r"\s*-?\d{1,9}\s*", t) for t in profile.filled)
            if wanted != "Decimal" and short:
                return Published("Int32", {}, {"parse": "number"})
            return Published("Decimal", {"precision": 18, "scale": _text_decimals(profile)}, {"parse": "number"})
        codec, seen = text_codec(column, profile)
        facets = text_facets(column, profile)
        if column.choices:
            facets = {**facets, "allowed": list(column.choices)}
        return Published("String", facets, codec, seen)

    def uuid(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        return Published("String", {"max_length": 36}, {"guid": True})

    def clock(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | LeftOut:
        return LeftOut("is a time of day, which no Salesforce field takes")

    # --- what several kinds share -------------------------------------------------------------------------------

    def _dated(self, table: Table, column: Column, profile: Profile, wanted: str | None) -> Published | None:
        """A date in digits or text."""
        if wanted not in (None, "Date", "DateTimeOffset"):
            return None
        known = self.study.hint(table, column.name)
        if wanted is None and known is not None and known.date is None:
            return None
        named = wanted is not None or self.has(table, column, frozenset({"date", "due", "valid"}))
        form = date_form(profile, named=named, hint=known.date if known else None)
        if form is None:
            return None
        return Published("Date", {}, {"date": form}, (f"dates as {form}",))

    def has(self, table: Table, column: Column, concepts: frozenset[str]) -> bool:
        names = self.study.names(table, column.name)
        return any(concepts.intersection(word.concepts) for reading in names for word in reading)

    def _least(self, table: Table, column: Column) -> int:
        """Decimals that a number has in any case: an amount two, others where the type is wide five."""
        amount = self.has(table, column, frozenset({"amount", "total", "net", "gross", "open", "limit", "tax"}))
        return 2 if amount or (column.scale or 0) <= WIDE_SCALE else 5

    def _flag_named(self, table: Table, column: Column) -> bool:
        return self.has(table, column, FLAG_NAMES) or bool(_FLAG_FORM.search(column.name))


def _without(found: Published, profile: Profile, everywhere: Collection[date] = ()) -> Published:
    """The days that stand for none are none: those seen here, and those that the whole database writes for none."""
    days = sorted({*sentinels(profile), *everywhere})
    if not days:
        return found
    seen = (*found.seen, f"{', '.join(d.isoformat() for d in days)} stands for none")
    return Published(found.type, found.facets, {**found.codec, "none": days}, seen)


def _text_decimals(profile: Profile) -> int:
    return max([2, *(len(t.strip().partition(".")[2]) for t in profile.filled)])


def nothing(study: Study, tables: Iterable[Table]) -> frozenset[date]:
    """Days before 1901 in timestamps that must not be null: what this ERP writes for none."""
    found: set[date] = set()
    for table in tables:
        for column in study.relevant(table):
            if column.kind in ("timestamp", "date") and not column.nullable:
                found |= {day for day in sentinels(study.profile(table, column.name)) if day.year <= 1900}
    return frozenset(found)


_MAKERS = {
    "boolean": Shapes.boolean, "date": Shapes.date, "timestamp": Shapes.timestamp, "timestamptz": Shapes.timestamp,
    "integer": Shapes.number, "numeric": Shapes.number, "float": Shapes.number, "text": Shapes.text,
    "char": Shapes.text, "uuid": Shapes.uuid, "time": Shapes.clock,
}  # fmt: skip
