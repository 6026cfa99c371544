"""A column that is read at once holds what it holds value by value, and what does not fit is found either way."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.declare import load_texts
from edm.model import Property
from erp_adapters.base import ContractBroken
from erp_adapters.sql_codecs import ColumnRef, Composite, Plain
from erp_adapters.sql_decode import AtOnce, Decoder, Output, decoder, rows
from erp_adapters.sql_values import ColumnFacts, Kind
from tests.server.support import CUSTOMERS

AMOUNT = (
    load_texts({"Customers.toml": CUSTOMERS.replace("precision = 15", "precision = 5")})["Customers"]
    .type.property("CreditLimit")
)  # fmt: skip
DAY = load_texts({"Customers.toml": CUSTOMERS.replace('type = "Decimal"\nprecision = 15\nscale = 2', 'type = "Date"')})[
    "Customers"
].type.property("CreditLimit")
KEY = load_texts({"Customers.toml": CUSTOMERS})["Customers"].type.property("CustomerNumber")
COLUMN = ColumnRef("", "C")


def made(codec: Any, prop: Property | None, *kinds: Kind) -> AtOnce:
    assert prop is not None
    found: Decoder | None = decoder(codec, prop, [ColumnFacts(kind) for kind in kinds])
    assert isinstance(found, AtOnce)
    return found


AMOUNTS = made(Plain(COLUMN), AMOUNT, Kind.NUMERIC)
DAYS = made(Plain(COLUMN), DAY, Kind.DATE)
KEYS = made(Composite((COLUMN, COLUMN), (3, 2), "~"), KEY, Kind.TEXT, Kind.INTEGER)

FITTING = st.decimals(min_value=-999, max_value=999, places=2).map(lambda number: number.quantize(Decimal("0.01")))
ODD = st.sampled_from(
    [None, Decimal("1"), Decimal("1.5"), Decimal("1.500"), Decimal("1E+2"), Decimal("1.234"), Decimal("1000.00"),
     Decimal("-1000.00"), Decimal("999.99"), Decimal("-0.00"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 1,
     True, 1.5, "1.5"]
)  # fmt: skip
DATES = st.sampled_from([None, date(2026, 2, 3), date.min, "2026-02-03", "20260203", datetime(2026, 2, 3), 3])
DOCUMENTS = st.sampled_from(["INV", "ABC", "ÜÜÜ", "AB", "ABCD", "", None, 7])
LINES = st.sampled_from([0, 1, 42, 99, 100, -1, None, "1", 1.0])


def one_by_one(decode: AtOnce, *sources: list[Any]) -> list[Any] | None:
    """None where a value does not fit."""
    try:
        return [decode(*given) for given in zip(*sources, strict=True)]
    except (ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
        return None


def exactly(values: Any) -> list[tuple[type, str]]:
    return [(type(value), repr(value)) for value in values]


@given(st.one_of(st.lists(FITTING), st.lists(FITTING | ODD)))
def test_decimals(values: list[Any]) -> None:
    found = AMOUNTS.column(values)
    expected = one_by_one(AMOUNTS, values)
    if found is not None:
        assert expected is not None
        assert exactly(found) == exactly(expected)


@given(st.lists(DATES))
def test_days(values: list[Any]) -> None:
    found = DAYS.column(values)
    if found is not None:
        assert found == one_by_one(DAYS, values)


@given(st.lists(st.tuples(DOCUMENTS, LINES), min_size=1))
def test_keys_of_a_document_and_a_line(pairs: list[tuple[Any, Any]]) -> None:
    documents, lines = map(list, zip(*pairs, strict=True))
    found = KEYS.column(documents, lines)
    if found is not None:
        assert found == one_by_one(KEYS, documents, lines)


def test_what_is_usual_is_read_at_once() -> None:
    assert AMOUNTS.column([Decimal("1.50"), None, Decimal("-999.99")]) is not None
    assert AMOUNTS.column([None]) == [None]
    assert DAYS.column([None, date(2026, 1, 1)]) is not None
    assert KEYS.column(["INV", "INV"], [1, 99]) == ["INV~01", "INV~99"]


@pytest.mark.parametrize("number", ["1000.00", "-1000.00", "1.234", "NaN", "sNaN", "Infinity"])
def test_a_number_that_does_not_fit_breaks_the_contract(number: str) -> None:
    output = Output("Amount", (0,), AMOUNTS)
    with pytest.raises(ContractBroken) as caught:
        rows("Customers", [output], [(Decimal("1.00"),), (Decimal(number),)])
    assert number in caught.value.detail


@pytest.mark.parametrize(
    ("decode", "types"), [(None, frozenset()), (None, frozenset({Decimal, type(None)})), (AMOUNTS, frozenset())]
)
def test_a_null_that_must_not_be_breaks_the_contract(decode: Decoder | None, types: frozenset[type]) -> None:
    output = Output("Amount", (0,), decode, required=True, types=types)
    assert rows("Customers", [output], [(Decimal("1.00"),)]) == [(Decimal("1.00"),)]
    with pytest.raises(ContractBroken):
        rows("Customers", [output], [(Decimal("1.00"),), (None,)])


def test_endings_of_keys_are_not_kept_without_end() -> None:
    wide = made(Composite((COLUMN, COLUMN), (3, 6), "~"), KEY, Kind.TEXT, Kind.INTEGER)
    for start in range(0, 40_000, 5_000):
        lines = list(range(start, start + 5_000))
        assert wide.column(["INV"] * 5_000, lines) == [f"INV~{line:06}" for line in lines]
    assert len(wide._endings) <= 10_000  # type: ignore[attr-defined]


def test_rows_that_are_published_as_they_are_stay_tuples_in_the_order_of_the_outputs() -> None:
    names = [Output("A", (0,), None), Output("B", (1,), None)]
    raw = [("a", "b"), ("c", "d")]
    assert rows("Customers", names, list(raw)) == raw
    assert rows("Customers", names, [list(row) for row in raw]) == raw
    assert rows("Customers", names[:1], raw) == [("a",), ("c",)]
    swapped = [Output("B", (1,), None), Output("A", (0,), None)]
    assert rows("Customers", swapped, raw) == [("b", "a"), ("d", "c")]
    assert all(type(row) is tuple for row in rows("Customers", names, [list(row) for row in raw]))
