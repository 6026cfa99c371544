"""Constants to compare with: values that occur, values beside and between them, and those that sources stumble over."""

import random
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from edm.model import Property
from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    GUID,
    SINGLE,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)

#: Texts that mean something to SQL, to URLs, to patterns or to Unicode.
TEXTS = (
    "", " ", "%", "_", "\\", "'", "a'b", '"', "*", "?", "&", "+", "#", "/", "ä", "Ä", "ß", "é", "e\u0301", "ﬁ", "😀",
    "日本", "\u00a0", "İ", "0", "00", "-1", "null", "\n", "\uffff",
)  # fmt: skip
_MOMENT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # the clock changes in Europe
#: Values of types for operands that no property gives.
PLAIN: dict[PrimitiveType, tuple[Any, ...]] = {
    STRING: ("a", "", "%", " ", "e"),
    BOOLEAN: (True, False),
    DECIMAL: (Decimal("2"), Decimal("0.5"), Decimal("-3")),
    DATE: (date(2026, 2, 28), date(2024, 2, 29)),
    DATE_TIME_OFFSET: (_MOMENT, datetime(2025, 12, 31, 23, 59, 59, 500000, UTC)),
    TIME_OF_DAY: (time(10, 30), time(23, 59, 59, 250000)),
    DURATION: (timedelta(days=1), timedelta(hours=-36), timedelta(microseconds=1)),
    DOUBLE: (2.0, 0.5),
    SINGLE: (2.0, 0.5),
}
#: Constants beyond what sources keep: each is answered rightly or refused with an error of the protocol.
ODD: dict[PrimitiveType, tuple[Any, ...]] = {
    STRING: ("\x00", "a\x00b", "\ud800", "\udfff x", "x" * 10_000, "\ufeff", "\u202e", "'; --", "\r\n"),
    DECIMAL: (Decimal(10) ** 60, -(Decimal(10) ** 40), Decimal(1).scaleb(-60), Decimal("0.1234567890123456789012")),
    DATE: (date.min, date.max),
    DATE_TIME_OFFSET: (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    TIME_OF_DAY: (time.min, time.max),
    DURATION: (timedelta.min, timedelta.max),
    DOUBLE: (1e308, -1e308, 5e-324, float("inf"), float("-inf")),
    GUID: (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)),
}


def occurring(prop: Property, rows: Sequence[Any], most: int = 6) -> list[Any]:
    """Different values of the property, the extremes among them; NaN is none, as nothing equals it."""
    found = list(dict.fromkeys(row[prop.name] for row in rows))
    known = [value for value in found if value is not None and value == value]
    if len(known) <= most or prop.type.python is bool:
        return known
    step = len(known) / (most - 2)
    chosen = [min(known), max(known), *(known[int(step * number)] for number in range(most - 2))]
    return list(dict.fromkeys(chosen))


def constants(prop: Property, rows: Sequence[Any], dice: random.Random) -> list[Any]:
    """Values to compare the property with, the telling ones first; null is not among them."""
    known = occurring(prop, rows)
    beside = _BESIDE.get(prop.type, _integers)
    found = (*known[:2], *beside(prop, known, dice), *known[2:])
    return list({repr(value): value for value in found}.values())  # 1.50 is not 1.5 to a source


def _texts(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    """Some of what occurs in another case, with blanks, with wildcards; parts of it; odd texts."""
    some = [text for text in known if text][:2] or ["a"]
    changes: tuple[Callable[[str], str], ...] = (
        str.swapcase,
        lambda text: f"{text} ",
        lambda text: f" {text}",
        lambda text: f"{text[:-1]}%",
        lambda text: f"{text[:-1]}_",
        lambda text: text[: len(text) // 2],
        lambda text: f"{text}\U0010ffff",
    )
    made = [change(text) for change in changes for text in some]
    return [*made, *dice.sample(TEXTS, len(TEXTS)), "z" * ((prop.max_length or 10) + 1)]


def _integers(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    low, high = prop.type.low, prop.type.high
    assert low is not None
    assert high is not None
    beside = [value + step for value in known[:3] for step in (1, -1)]
    between = [(min(known) + max(known)) // 2] if known else []
    return [value for value in (0, *between, *beside, low, high, dice.randint(-99, 99)) if low <= value <= high]


def _decimals(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    """With zeros behind, and finer than the property keeps."""
    finer = Decimal(1).scaleb(-(prop.scale or 0) - 1)
    again = [value.quantize(finer) for value in known[:2] if abs(value) < 10**12]
    beside = [value + step for value in known[:2] for step in (finer, -finer, Decimal(1))]
    wide = Decimal(10) ** ((prop.precision or 18) - (prop.scale or 0))
    return [*again, Decimal(0), *beside, wide, -wide, Decimal(dice.randint(-999, 999)).scaleb(-2)]


def _floats(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [0.0, 1.5, *(value + 0.5 for value in known[:2]), dice.random()]


def _dates(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    beside = [day + timedelta(step) for day in known[:3] for step in (1, -1) if date.min < day < date.max]
    return [*beside, date(2024, 2, 29), date(1900, 1, 1), date(2199, 12, 31)]


def _moments(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    """As clocks elsewhere would show them, at midnight, and finer than the property keeps."""
    steps = (timedelta(hours=1), timedelta(hours=-5, minutes=-30), timedelta(seconds=1), timedelta(microseconds=1))
    beside = [moment + step for moment in known[:2] for step in steps if 1 < moment.year < 9999]
    nights = [moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in known[:2]]
    return [*beside, *nights, _MOMENT]


def _clocks(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [time(0), time(12), time(23, 59, 59, 999999)]


def _spans(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [timedelta(0), *(span + timedelta(microseconds=1) for span in known[:2]), timedelta(days=-1)]


def _flags(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [True, False]


def _ids(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [uuid.UUID(int=dice.getrandbits(128))]


def _bytes(prop: Property, known: Sequence[Any], dice: random.Random) -> list[Any]:
    return [b"", b"\x00\xff"]


_BESIDE: dict[PrimitiveType, Callable[[Property, Sequence[Any], random.Random], list[Any]]] = {
    STRING: _texts,
    BOOLEAN: _flags,
    DECIMAL: _decimals,
    DOUBLE: _floats,
    SINGLE: _floats,
    DATE: _dates,
    DATE_TIME_OFFSET: _moments,
    TIME_OF_DAY: _clocks,
    DURATION: _spans,
    GUID: _ids,
    BINARY: _bytes,
}


def parts(known: Sequence[Any]) -> list[str]:
    """Texts to look for within those that occur: their beginnings, ends and middles, in another case, and odd ones."""
    some = [text for text in known if isinstance(text, str) and text][:3]
    cut = [
        piece for text in some for piece in (text[:2], text[-2:], text[len(text) // 3 : len(text) // 3 + 2].swapcase())
    ]
    return list(dict.fromkeys((*cut[:4], "%", "_", *cut[4:], " ", "\\", "'", "", "a", "E")))
