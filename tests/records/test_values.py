"""Stored values as published ones: what is none, and numbers that would fill the memory."""

from decimal import Decimal
from typing import Any

import pytest

from edm.model import Property
from edm.primitives import DECIMAL, INT64, STRING, PrimitiveType
from erp_adapters.records.values import published

HUGE = [
    Decimal("1e999999999"),
    Decimal("-1E+401"),
    Decimal("1e-999999999"),
    Decimal("0E-999999999"),
    Decimal("0E+999999"),
]
NO_NUMBERS = [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity")]


@pytest.mark.parametrize("kind", [DECIMAL, INT64, STRING])
@pytest.mark.parametrize("stored", [*HUGE, *NO_NUMBERS], ids=str)
def test_f035_numbers_that_are_no_data(kind: PrimitiveType, stored: Decimal) -> None:
    with pytest.raises(ValueError, match="no"):
        published(Property("P", kind, "P", "A property."), stored)


@pytest.mark.parametrize(
    ("kind", "stored", "expected"),
    [
        (DECIMAL, Decimal("-0"), Decimal(0)),
        (DECIMAL, Decimal("1e40"), Decimal(10**40)),
        (DECIMAL, 7, Decimal(7)),
        (INT64, Decimal("7.000"), 7),
        (STRING, Decimal("7.0"), "7"),
        (STRING, 7, "7"),
    ],
)
def test_f035_numbers_that_are(kind: PrimitiveType, stored: Any, expected: Any) -> None:
    found = published(Property("P", kind, "P", "A property."), stored)
    assert (found, type(found)) == (expected, type(expected))
