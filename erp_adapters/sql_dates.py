"""Dates and times of day as ERPs write them: in digits, as integers or texts, or in the user's own format.

Here is how a date is written and read. What that means in SQL is in ``sql_fields_dates``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from erp_adapters.sql_decode import whole
from erp_adapters.sql_values import ColumnFacts, Kind

#: Years of two digits are those from 1940 to 2039, as IBM i has it.
_WINDOW = 1940
#: What a text is made of that says that there is no date.
_NO_DATE = frozenset("0 -/.")


@dataclass(frozen=True, slots=True)
class Pattern:
    """How dates are written. ``ordered`` if what is written sorts as the dates do, as a number and as a text."""

    name: str
    width: int  # of digits; 0 for a text that no integer column holds
    write: Callable[[date], str]
    read: Callable[[str], date]
    ordered: bool
    lowest: str = ""  # of the ordered ones: what no date is written below, as a text
    span: tuple[date, date] = (date.min, date.max)  # what can be written

    def spellings(self, day: date) -> tuple[str, ...]:
        """The texts that mean the day; none if it cannot be written."""
        if not self.span[0] <= day <= self.span[1]:
            return ()
        return tuple(dict.fromkeys(spell(day) for spell in _SPELLINGS.get(self.name, (self.write,))))


def _full(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def _julian(year: int, text: str) -> date:
    ordinal = int(text)
    day = date(year, 1, 1) + timedelta(ordinal - 1)
    if ordinal < 1 or day.year != year:
        raise ValueError("no such day of the year")
    return day


def _window(text: str) -> int:
    year = _WINDOW // 100 * 100 + int(text)
    return year if year >= _WINDOW else year + 100


def _century(text: str) -> int:
    return 1900 + int(text)


def _parted(separator: str, year: int, month: int, day: int) -> Callable[[str], date]:
    """Reads parts of one or two digits, the year of four, in the order of the given places."""

    def read(text: str) -> date:
        parts = text.split(separator)
        if len(parts) != 3 or not all(re.fullmatch("[0-9]{1,2}|[0-9]{4}", part) for part in parts):
            raise ValueError("not of the form")
        if len(parts[year]) != 4 or len(parts[month]) > 2 or len(parts[day]) > 2:
            raise ValueError("not of the form")
        return date(int(parts[year]), int(parts[month]), int(parts[day]))

    return read


def _iso(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError("not of the form 2026-11-23")
    return day


_CENTURIES = (date(1900, 1, 1), date(2899, 12, 31))
_WINDOWED = (date(_WINDOW, 1, 1), date(_WINDOW + 99, 12, 31))

PATTERNS: Mapping[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern(
            "yyyymmdd", 8, _full, lambda t: date(int(t[:4]), int(t[4:6]), int(t[6:])), ordered=True, lowest="00000001"
        ),
        Pattern(
            "cyyddd", 6, lambda d: f"{d.year - 1900:03}{d.timetuple().tm_yday:03}",
            lambda t: _julian(_century(t[:3]), t[3:]), ordered=True, lowest="000001", span=_CENTURIES,
        ),
        Pattern(
            "cyymmdd", 7, lambda d: f"{d.year - 1900:03}{d.month:02}{d.day:02}",
            lambda t: date(_century(t[:3]), int(t[3:5]), int(t[5:])), ordered=True, lowest="0000001", span=_CENTURIES,
        ),
        Pattern(
            "yyyyddd", 7, lambda d: f"{d.year:04}{d.timetuple().tm_yday:03}",
            lambda t: _julian(int(t[:4]), t[4:]), ordered=True, lowest="0000001",
        ),
        Pattern(
            "yymmdd", 6, lambda d: f"{d.year % 100:02}{d.month:02}{d.day:02}",
            lambda t: date(_window(t[:2]), int(t[2:4]), int(t[4:])), ordered=False, span=_WINDOWED,
        ),
        Pattern(
            "ddmmyy", 6, lambda d: f"{d.day:02}{d.month:02}{d.year % 100:02}",
            lambda t: date(_window(t[4:]), int(t[2:4]), int(t[:2])), ordered=False, span=_WINDOWED,
        ),
        Pattern(
            "mmddyy", 6, lambda d: f"{d.month:02}{d.day:02}{d.year % 100:02}",
            lambda t: date(_window(t[4:]), int(t[:2]), int(t[2:4])), ordered=False, span=_WINDOWED,
        ),
        Pattern(
            "ddmmyyyy", 8, lambda d: f"{d.day:02}{d.month:02}{d.year:04}",
            lambda t: date(int(t[4:]), int(t[2:4]), int(t[:2])), ordered=False,
        ),
        Pattern(
            "mmddyyyy", 8, lambda d: f"{d.month:02}{d.day:02}{d.year:04}",
            lambda t: date(int(t[4:]), int(t[:2]), int(t[2:4])), ordered=False,
        ),
        Pattern(
            "m/d/yyyy", 0, lambda d: f"{d.month}/{d.day}/{d.year:04}", _parted("/", 2, 0, 1), ordered=False,
        ),
        Pattern(
            "d.m.yyyy", 0, lambda d: f"{d.day}.{d.month}.{d.year:04}", _parted(".", 2, 1, 0), ordered=False,
        ),
        Pattern("yyyy-mm-dd", 0, date.isoformat, _iso, ordered=True, lowest="0000-00-01"),
    )
}  # fmt: skip

#: One- and two-digit days and months mean the same.
_SPELLINGS: dict[str, tuple[Callable[[date], str], ...]] = {
    "m/d/yyyy": (
        lambda d: f"{d.month}/{d.day}/{d.year:04}",
        lambda d: f"{d.month:02}/{d.day:02}/{d.year:04}",
        lambda d: f"{d.month:02}/{d.day}/{d.year:04}",
        lambda d: f"{d.month}/{d.day:02}/{d.year:04}",
    ),
    "d.m.yyyy": (
        lambda d: f"{d.day}.{d.month}.{d.year:04}",
        lambda d: f"{d.day:02}.{d.month:02}.{d.year:04}",
        lambda d: f"{d.day:02}.{d.month}.{d.year:04}",
        lambda d: f"{d.day}.{d.month:02}.{d.year:04}",
    ),
}


class Dates(dict[Any, date | None]):
    """Stored value -> date. The dates of a page repeat."""

    def __init__(self, pattern: Pattern, facts: ColumnFacts) -> None:
        super().__init__({None: None, 0: None})
        self._pattern = pattern
        self._padded = facts.kind is Kind.CHAR

    def __missing__(self, value: Any) -> date | None:
        found = self[value] = self._read(value)
        return found

    def _read(self, value: Any) -> date | None:
        pattern = self._pattern
        if isinstance(value, str):
            text = value.rstrip(" ") if self._padded else value
            if _NO_DATE.issuperset(text):
                return None
        elif not pattern.width:
            raise TypeError("not text")
        else:
            number = whole(value)
            if number <= 0:
                raise ValueError("negative")
            text = f"{number:0{pattern.width}}"
        if pattern.width and (len(text) != pattern.width or not (text.isascii() and text.isdigit())):
            raise ValueError(f"not of the form {pattern.name}")
        return pattern.read(text)


# --- times of day -----------------------------------------------------------------------------------------------------

#: Widths of hours, minutes and seconds, and what stands between them in a text.
CLOCKS: Mapping[str, tuple[int, str]] = {"hhmmss": (6, ""), "hhmm": (4, ""), "hh:mm:ss": (0, ":")}


class Times(dict[Any, timedelta]):
    """Stored time of day -> time since midnight; none is midnight, and 240000 is that of the next day."""

    def __init__(self, clock: str) -> None:
        super().__init__({None: timedelta()})
        self._width, self._separator = CLOCKS[clock]

    def __missing__(self, value: Any) -> timedelta:
        found = self[value] = self._read(value)
        return found

    def _read(self, value: Any) -> timedelta:
        text = value.rstrip(" ") if isinstance(value, str) else f"{whole(value):0{self._width}}"
        if not text:
            return timedelta()
        parts = text.split(":") if self._separator else [text[at : at + 2] for at in range(0, self._width, 2)]
        if len("".join(parts)) != (self._width or 6) or len(text) != (self._width or 8):
            raise ValueError("not a time of day of this form")
        if not all(len(part) == 2 and part.isascii() and part.isdigit() for part in parts):
            raise ValueError("not a time of day of this form")
        hours, minutes, seconds = (*map(int, parts), 0)[:3]
        time = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if minutes > 59 or seconds > 59 or time > timedelta(hours=24):
            raise ValueError("no time of day")
        return time


#: How SQLite's text may write a timestamp, as ``strftime`` says it.
STAMP_FORMS = {"seconds": "%Y-%m-%d %H:%M:%S", "iso": "%Y-%m-%dT%H:%M:%S"}
