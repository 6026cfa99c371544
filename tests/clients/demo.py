"""The demo's rows as the tests of clients choose from them, past the service."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tests.serving import DemoRows, Row, as_json

Rows = list[Row]


def column(rows: Iterable[Row], name: str) -> list[Any]:
    return [row[name] for row in rows]


def where(rows: Iterable[Row], condition: Callable[[Row], bool], name: str) -> list[Any]:
    return column(filter(condition, rows), name)


def is_open(row: Row) -> bool:
    return row["Status"] == "Open" and row["GrossAmount"] > 1000


def latest_due(rows: Iterable[Row]) -> Rows:
    return sorted(rows, key=lambda row: row["DueDate"], reverse=True)


def overdue(everything: DemoRows) -> set[str]:
    """Customers with an invoice that is due for more than 60 days."""
    return {row["CustomerNumber"] for row in everything["Invoices"] if (row["DaysOverdue"] or 0) > 60}


def numbers_as_floats(row: Row) -> Row:
    """A row as JavaScript has it."""
    return {name: float(v) if isinstance(v, Decimal | int) else v for name, v in as_json(row).items()}
