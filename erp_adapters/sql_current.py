"""Rows that hold today: ``current = { from = "..", to = ".." }``, read as two lines of columns that hold dates."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from edm.model import Property
from edm.primitives import DATE
from erp_adapters import sql_columns
from erp_adapters.sections import Faults, unknown
from erp_adapters.sql_codecs import Codec, DateDigits, Nothing, Plain
from erp_adapters.sql_dates import PATTERNS
from erp_adapters.sql_readers import Reader
from erp_adapters.sql_rows import Current
from erp_adapters.sql_section import Names

#: What both ends are read as.
DAY = Property("current", DATE, "current", ".")


def today(zone: str) -> date:
    """The day it is now there."""
    return datetime.now(ZoneInfo(zone)).date()


def current_of(key: str, value: object, pseudo: frozenset[str], faults: Faults) -> Current | None:
    """What a section says of the validity of its rows."""
    if not isinstance(value, Mapping) or not {"from", "to"} & set(value):
        faults.add(key, 'names no columns; write { from = "FIRST DAY", to = "LAST DAY" }')
        return None
    unknown(key, value, {"from", "to", "date", "none", "timezone"}, faults)
    how = {name: value[name] for name in ("date", "none") if name in value}
    zone = Reader(key, DAY, Names(), faults).zone(value.get("timezone", "UTC"))
    names = Names({"": pseudo})
    starts, ends = (
        _end(Reader(f"{key}.{name}", DAY, names, faults), value[name], how) if name in value else None
        for name in ("from", "to")
    )
    return Current(starts, ends, zone or "UTC")


def _end(reader: Reader, value: object, how: Mapping[str, Any]) -> Codec | None:
    line = {**how, **value} if isinstance(value, Mapping) else {**how, "column": value}
    found = sql_columns.codec(reader, line)
    of = found.of if isinstance(found, Nothing) else found
    if isinstance(of, DateDigits) and not PATTERNS[of.pattern].ordered:
        reader.fault(f"dates of the form {of.pattern} do not sort as they are stored")
        return None
    if found is not None and not isinstance(of, DateDigits | Plain):
        reader.fault("is neither a column nor one with date and none")
        return None
    return found
