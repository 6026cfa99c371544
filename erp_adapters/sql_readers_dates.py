"""Readers of lines about dates and points in time."""

from edm.primitives import DATE, DATE_TIME_OFFSET
from erp_adapters.sql_codecs import Codec, DateDigits, Split, Zoned
from erp_adapters.sql_dates import CLOCKS, PATTERNS
from erp_adapters.sql_readers import Line, Reader


def dated(reader: Reader, line: Line) -> Codec | None:
    """``date``, alone or with a time of day beside it."""
    column, pattern = reader.column(line.get("column")), reader.one_of("date", line["date"], PATTERNS)
    if "time" in line or "time_column" in line or "timezone" in line:
        return _split(reader, line, DateDigits(column, pattern) if column and pattern else None)
    if not reader.typed(DATE) or column is None or pattern is None:
        return None
    return DateDigits(column, pattern)


def _split(reader: Reader, line: Line, day: DateDigits | None) -> Codec | None:
    missing = [key for key in ("time", "time_column", "timezone") if key not in line]
    if missing:
        reader.fault(f"a date with a time of day needs {' and '.join(missing)} too")
        return None
    clock, time = reader.one_of("time", line["time"], CLOCKS), reader.column(line["time_column"])
    zone = reader.zone(line["timezone"])
    if not reader.typed(DATE_TIME_OFFSET) or day is None or clock is None or time is None or zone is None:
        return None
    return Split(day.column, day.pattern, time, clock, zone)


def zoned(reader: Reader, line: Line) -> Codec | None:
    """A timestamp in local time."""
    column, zone = reader.column(line.get("column")), reader.zone(line["timezone"])
    if not reader.typed(DATE_TIME_OFFSET) or column is None or zone is None:
        return None
    return Zoned(column, zone)
