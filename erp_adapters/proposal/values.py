"""What sampled values say: dates in digits, flags, sentinels, blanks, implied decimals, the longest text.

Here a column becomes a published type with its facets and a mapping; which property it is, is decided in ``columns``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from erp_adapters.introspect import Column
from erp_adapters.introspect_sample import Profile

#: Days that ERPs write for "none" or "for ever".
SENTINELS = frozenset({
    date(1, 1, 1), date(1599, 12, 31), date(1753, 1, 1), date(1899, 12, 30), date(1900, 1, 1), date(9999, 12, 31),
    date(2999, 12, 31), date(2099, 12, 31),
})  # fmt: skip
_LOW, _HIGH = date(1970, 1, 1), date(2060, 12, 31)
DIGITS_MOST = 18
TEXT_MOST, PROSE_MOST, KEY_MOST = 255, 32_000, 80


@dataclass(frozen=True, slots=True)
class Published:
    """A type with facets, the mapping without its column, and what was seen."""

    type: str
    facets: Mapping[str, Any] = field(default_factory=dict)
    codec: Mapping[str, Any] = field(default_factory=dict)
    seen: tuple[str, ...] = ()


# Dates


def _yyyymmdd(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _julian(year: int, day: int) -> date:
    if not 1 <= day <= 366:
        raise ValueError
    return date(year, 1, 1) + timedelta(days=day - 1)


def _cyyddd(text: str) -> date:
    number = int(text)
    return _julian(1900 + number // 1000, number % 1000)


def _short_year(year: int) -> int:
    return (2000 if year < 70 else 1900) + year


#: Form -> the shape of its text, and how it is read. The order is that of trust.
DATE_FORMS: dict[str, tuple[str, Callable[[str], date]]] = {
    "yyyymmdd": (r"\d{8}", _yyyymmdd),
    "yyyy-mm-dd": (r"\d{4}-\d\d-\d\d", date.fromisoformat),
    "d.m.yyyy": (r"\d{1,2}\.\d{1,2}\.\d{4}", lambda t: date(*map(int, reversed(t.split("."))))),
    "m/d/yyyy": (r"\d{1,2}/\d{1,2}/\d{4}", lambda t: date(int(t.split("/")[2]), *map(int, t.split("/")[:2]))),
    "cyymmdd": (r"[01]\d{6}", lambda t: date(1900 + int(t[:3]), int(t[3:5]), int(t[5:7]))),
    "yyyyddd": (r"(19|20)\d{5}", lambda t: _julian(int(t[:4]), int(t[4:]))),
    "cyyddd": (r"1?\d{5}", _cyyddd),
    "ddmmyyyy": (r"\d{8}", lambda t: date(int(t[4:]), int(t[2:4]), int(t[:2]))),
    "mmddyyyy": (r"\d{8}", lambda t: date(int(t[4:]), int(t[:2]), int(t[2:4]))),
    "yymmdd": (r"\d{6}", lambda t: date(_short_year(int(t[:2])), int(t[2:4]), int(t[4:]))),
    "ddmmyy": (r"\d{6}", lambda t: date(_short_year(int(t[4:])), int(t[2:4]), int(t[:2]))),
}
#: Forms that other numbers have by chance, unless the name says that it is a date.
DOUBTFUL = frozenset({"cyyddd", "cyymmdd", "yyyyddd", "ddmmyyyy", "mmddyyyy", "yymmdd", "ddmmyy"})


def date_form(profile: Profile, *, named: bool, hint: str | None = None) -> str | None:
    """The form in which the values are dates. ``named``: the name says so, which doubtful forms need."""
    texts = [t for t in (_digits(v) for v in profile.present) if t]
    if not texts or any(t is None for t in map(_digits, profile.present)):
        return None
    forms = [hint] if hint else list(DATE_FORMS)
    for form in forms:
        if form in DATE_FORMS and (named or hint or form not in DOUBTFUL) and _all_dates(texts, form):
            return form
    return None


def _digits(value: Any) -> str | None:
    """The text of a value that may be a date; empty for one that stands for none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return None if value != int(value) or value < 0 else "" if value == 0 else str(int(value))
    if isinstance(value, str):
        text = value.strip()
        return "" if not text.strip("0") else text
    return None


def _all_dates(texts: Sequence[str], form: str) -> bool:
    shape, read = DATE_FORMS[form]
    odd = 0
    for text in set(texts):
        padded = text.zfill(6) if form in ("ddmmyy", "yymmdd") and text.isdigit() else text
        if not re.fullmatch(shape, padded):
            return False
        try:
            day = read(padded)
        except ValueError:
            return False
        odd += not (_LOW <= day <= _HIGH or day in SENTINELS)
    return odd <= len(set(texts)) * 0.02


def sentinels(profile: Profile) -> list[date]:
    """Days in a date or timestamp column that stand for none."""
    days = {v.date() if isinstance(v, datetime) else v for v in profile.present if isinstance(v, date)}
    days |= {d for t in profile.texts if (d := _day_of_text(t)) is not None}
    return sorted(days & SENTINELS)


def _day_of_text(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def whole_days(profile: Profile) -> bool:
    """Timestamps that are all at midnight."""
    clocks = {_clock(v) for v in profile.present}
    return bool(clocks) and clocks == {time(0)}


def _clock(value: Any) -> time | None:
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).time()
        except ValueError:
            return None
    return None


def is_clock(profile: Profile) -> bool:
    """Whether the values are times of day, as hhmmss."""
    texts = [t for t in (_digits(v) for v in profile.present) if t is not None]
    return len(texts) == len(profile.present) > 0 and all(_is_time(t) for t in texts) and any(texts)


def _is_time(text: str) -> bool:
    padded = text.zfill(6)
    return padded.isdigit() and len(padded) == 6 and padded[:2] < "24" and padded[2:4] < "60" and padded[4:] < "60"


def stamp_form(profile: Profile) -> str | None:
    """How SQLite's text writes a timestamp: ``""`` with six digits of a second, ``seconds``, ``iso``; else ``None``."""
    forms = {_stamp_form(t) for t in profile.texts}
    return forms.pop() if len(forms) == 1 else None


def _stamp_form(text: str) -> str | None:
    for form, shape in (
        ("", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"),
        ("seconds", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
        ("iso", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ):
        if re.fullmatch(shape, text):
            return form
    return None


# Flags

#: The codes of yes -> those of no that go with them.
FLAGS: dict[str, frozenset[str]] = {
    "Y": frozenset({"N", ""}), "YES": frozenset({"NO", ""}), "X": frozenset({"", "N"}), "T": frozenset({"F", ""}),
    "TRUE": frozenset({"FALSE", ""}), "J": frozenset({"N", ""}), "JA": frozenset({"NEIN", "NEE", ""}),
    "S": frozenset({"N"}), "O": frozenset({"N"}), "OUI": frozenset({"NON"}), "SI": frozenset({"NO"}),
    "1": frozenset({"0", ""}),
}  # fmt: skip


def flag_codes(column: Column, profile: Profile, *, named: bool) -> tuple[list[str], bool] | None:
    """The codes of yes, and whether blanks have to be trimmed; ``None`` if it is no flag."""
    if column.kind == "boolean":
        return ([], False)
    values = set(profile.counts)
    if not values or (column.kind in ("numeric", "integer") and not values <= {0, 1}) or len(values) > 3:
        return None
    if column.kind in ("integer", "numeric"):
        return (["1"], False) if named or column.bits == 16 else None
    if not all(isinstance(v, str) for v in values):
        return None
    texts = {v.strip().upper() for v in values}
    for yes, no in FLAGS.items():
        both = yes in texts and texts & no and texts <= {yes, *no}
        one = named and texts <= {yes, *no} and texts != {""}
        if both or one:
            given = sorted({v.rstrip() for v in values if v.strip().upper() == yes})
            given = given or [y for y, n in FLAGS.items() if texts <= n and len(y) <= (column.length or 5)]
            return (given, any(v != v.rstrip() for v in values))
    return None


# Text


def text_facets(column: Column, profile: Profile, *, key: bool = False) -> dict[str, Any]:
    """The length: what the database allows where that is little, else what was seen and half as much again."""
    most = KEY_MOST if key else TEXT_MOST
    longest = max((len(t.rstrip()) for t in profile.texts), default=0)
    if column.length is not None and column.length <= most:
        return {"max_length": max(1, column.length)}
    room = max(10, -(-longest * 3 // 2))
    room = next(step for step in (10, 20, 30, 40, 60, 80, 120, 160, 200, 255, 10**9) if room <= step)
    if not key and (longest > TEXT_MOST or (column.length is None and longest > 160)):
        return {"max_length": min(PROSE_MOST, max(1_000, room if room < 10**9 else longest * 4)), "prose": True}
    return {"max_length": min(room, most)}


def text_codec(column: Column, profile: Profile) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Padding on either side."""
    filled = profile.filled
    if filled and column.kind in ("text", "char"):
        widths = {len(t) for t in filled}
        leading = [t for t in filled if t[0] == " "]
        width = max(widths)
        justified = leading and all(t == t.strip().rjust(width) for t in filled)
        if justified and len(widths) == 1 and len(leading) >= len(filled) // 4:
            return {"trim": "both", "width": width}, (f"right-justified in {width} characters",)
        if leading:
            return {"trim": "both"}, ("blanks in front",)
        if column.kind == "text" and any(t[-1] == " " for t in profile.texts if t):
            return {"trim": True}, ("padded with blanks",)
    return {}, ()


def integer_facets(column: Column) -> dict[str, Any]:
    """As a text: sign and digits."""
    return {"max_length": {16: 6, 32: 11}.get(column.bits, 20)}


# Numbers

#: A declared scale beyond it says nothing about the values.
WIDE_SCALE = 6


def decimal_facets(column: Column, profile: Profile, least: int = 0) -> dict[str, int] | None:
    """Precision and scale that hold every value seen, with room where the column is not bounded; ``None`` if there
    is no such.
    """
    seen = profile.decimals
    declared = column.scale if column.kind == "numeric" else 0 if column.kind == "integer" else None
    if declared is not None and declared > WIDE_SCALE:
        declared = max(seen, least if least == 2 else 5)  # a type for all numbers, as NAV's: what is seen counts
    bounded = declared is not None and column.precision is not None
    scale = max(seen, declared if declared is not None else least)
    if not bounded and column.kind != "integer":
        scale = max(scale, least)
    largest = max((len(str(abs(int(n)))) for n in profile.numbers), default=1)
    if scale > 10 or largest + scale > DIGITS_MOST:
        return None
    return {"precision": DIGITS_MOST, "scale": scale}
