"""Entries as bytes: exact both ways, and nothing but what we wrote there ourselves is one."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_adapters.cache.entry import Entry, packed, unpacked
from tests.cache.support import PICKLE, SPRUNG
from tests.profiles import examples

SECRET, NAME, MOST = b"secret", "a place", 100_000
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(codec="utf-8")),
    "number": st.integers(-(2**63), 2**63 - 1),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "day": st.dates(),
    "moment": st.datetimes(timezones=st.just(UTC)),
    "clock": st.times(),
    "flag": st.booleans(),
    "ratio": st.floats(allow_nan=False),
    "guid": st.uuids(),
    "span": st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)),
    "bytes": st.binary(),
    "nothing": st.none(),
}
ROW = st.tuples(*(st.none() | kind for kind in COLUMNS.values()))


def entry(rows: list[tuple[Any, ...]], count: int | None = None) -> Entry:
    return Entry(tuple(COLUMNS), rows, count, 1_800_000_000.25)


def stored(rows: list[tuple[Any, ...]], count: int | None = None) -> bytes:
    data = packed(entry(rows, count), NAME, SECRET, MOST)
    assert data is not None
    return data


@given(st.lists(ROW, max_size=5), st.none() | st.integers(0, 10**9))
@examples(100)
def test_what_comes_back_is_what_was_kept(rows: list[tuple[Any, ...]], count: int | None) -> None:
    back = unpacked(stored(rows, count), NAME, SECRET, MOST)
    assert back is not None
    assert (back.columns, back.count, back.fetched) == (tuple(COLUMNS), count, 1_800_000_000.25)
    assert list(back.rows) == rows
    assert [list(map(type, row)) for row in back.rows] == [list(map(type, row)) for row in rows]
    decimals = [(a[2], b[2]) for a, b in zip(back.rows, rows, strict=True) if b[2] is not None]
    assert all(str(a) == str(b) for a, b in decimals), "digits are kept"


def test_an_answer_without_columns_keeps_its_count() -> None:
    data = packed(Entry((), [(), ()], 7, 1.0), NAME, SECRET, MOST)
    assert unpacked(data, NAME, SECRET, MOST) == Entry((), [(), ()], 7, 1.0)


EXAMPLE = ("a", 1, Decimal("1.50"), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), time(1), True, 1.5,
           UUID(int=1), timedelta(1), b"x", None)  # fmt: skip


def test_a_flipped_bit_anywhere_makes_it_no_entry() -> None:
    data = stored([EXAMPLE])
    for place in range(len(data)):
        assert unpacked(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], NAME, SECRET, MOST) is None


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, -1])
def test_a_cut_entry_is_none(length: int) -> None:
    assert unpacked(stored([EXAMPLE])[:length], NAME, SECRET, MOST) is None


def test_an_entry_of_another_place_or_secret_is_none() -> None:
    data = stored([EXAMPLE])
    assert unpacked(data, "another place", SECRET, MOST) is None
    assert unpacked(data, NAME, b"another secret", MOST) is None


@pytest.mark.parametrize("data", [PICKLE, b"!", b"\xff" * 100, b"", "text", None, 7])
def test_poison_is_no_entry(data: object) -> None:
    assert unpacked(data, NAME, SECRET, MOST) is None
    assert SPRUNG == []


def test_sizes_are_bounded_at_both_ends() -> None:
    rows = [("x" * 50, *EXAMPLE[1:]) for _ in range(100)]
    assert packed(entry(rows), NAME, SECRET, 1_000) is None
    data = stored(rows)
    assert unpacked(data, NAME, SECRET, len(data)) is not None
    assert unpacked(data, NAME, SECRET, len(data) - 1) is None


def test_a_column_of_two_types_is_not_shared() -> None:
    assert packed(Entry(("a",), [(1,), ("1",)], None, 1.0), NAME, SECRET, MOST) is None
