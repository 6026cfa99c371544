"""A small model for the kit's own tests: orders with lines, values of every published type, nulls, ties, odd texts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from edm.model import ServiceMetadata
from tests.adapters.schema import both_ways, entity_set, prop

TEXTS = (
    None,
    "",
    "abc",
    "ABC",
    "Abc ",
    " abc",
    "50%",
    "50_",
    "a'b",
    "Ä",
    "ä",
    "😀",
    "\uffff",
    "Zebra",
    "apple",
    "abc\\",
)
_LINES, _ORDER = both_ways("Order", "OrderKey", "Lines", "Orders", "OrderKey", "Lines")

ORDERS = entity_set(
    "Orders", "Order", "OrderKey",
    [
        prop("OrderKey", "String", key=True, max_length=8),
        prop("Text", "String", searchable=True),
        prop("Status", "String", max_length=10, allowed=("Open", "Closed"), nullable=False),
        prop("Amount", "Decimal", precision=15, scale=2),
        prop("Number", "Int32"),
        prop("Flag", "Boolean", nullable=False),
        prop("Day", "Date"),
        prop("At", "DateTimeOffset", precision=6),
    ],
    {}, [_ORDER],
)  # fmt: skip
LINES = entity_set(
    "Lines", "Line", "LineKey",
    [
        prop("LineKey", "String", key=True, max_length=12),
        prop("OrderKey", "String", max_length=8),
        prop("Sku", "String", max_length=8),
        prop("Quantity", "Decimal", precision=12, scale=3, nullable=False),
    ],
    {}, [_LINES],
)  # fmt: skip
METADATA = ServiceMetadata("Shop", "1.0.0", (ORDERS, LINES))

_NUMBERS = (None, 0, 1, -1, 7, 7, 2**31 - 1)
_AMOUNTS = (None, "0.00", "19.99", "-3.50", "100.00", "0.01", "19.99")
_NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


def rows(number: int = 30) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Orders, every third without lines, and lines, some of orders that are not there."""
    orders = [
        {
            "OrderKey": f"O{n:03}",
            "Text": TEXTS[n % len(TEXTS)],
            "Status": ("Open", "Closed")[n % 2],
            "Amount": None if (amount := _AMOUNTS[n % len(_AMOUNTS)]) is None else Decimal(amount),
            "Number": _NUMBERS[n * 3 % len(_NUMBERS)],
            "Flag": n % 3 == 0,
            "Day": None if n % 5 == 0 else date(2026, 1, 1) + timedelta(n % 9),
            "At": None if n % 6 == 0 else _NOON + timedelta(hours=n % 7, microseconds=n % 2 * 250_000),
        }
        for n in range(number)
    ]
    lines = [
        {
            "LineKey": f"L{n:03}",
            "OrderKey": None if n % 11 == 0 else f"O{n * 7 % (number + 3):03}",
            "Sku": (None, "A", "a", "B%", "B_")[n % 5],
            "Quantity": Decimal(n % 4),
        }
        for n in range(number + number // 2)
        if n * 7 % (number + 3) % 3
    ]
    return {"Orders": orders, "Lines": lines}
