"""Aggregates over related entities of rows that an earlier step has taken: each entity counts once."""

from decimal import Decimal

import pytest

from tests.engine.small import DATA, ask, service

EACH = pytest.mark.parametrize("capable", [True, False], ids=["source", "engine"])


def visits(numbers: set[str]) -> int:
    """Those of the customers with these numbers, each once."""
    return sum(row["Visits"] or 0 for row in DATA["Customers"] if row["CustomerNumber"] in numbers)


def customers(first: int) -> set[str]:
    """Those of the invoices with the highest numbers."""
    rows = sorted(DATA["Invoices"], key=lambda row: str(row["InvoiceNumber"]), reverse=True)
    return {row["CustomerNumber"] for row in rows[:first]}


@EACH
@pytest.mark.parametrize("first", [1, 3, 40])
def test_after_the_best_rows(capable: bool, first: int) -> None:
    steps = f"topcount({first},InvoiceNumber)/aggregate(Customer/Visits with sum as S,Customer/$count as N)"
    (row,) = ask(service(capable=capable), "Invoices", f"$apply={steps}")["value"]
    known = {row["CustomerNumber"] for row in DATA["Customers"]}
    assert Decimal(row["S"] or 0) == visits(customers(first))
    assert Decimal(row["N"]) == len(customers(first) & known)


@EACH
@pytest.mark.parametrize(
    "steps",
    [
        "topcount(3,InvoiceNumber)/concat(identity,aggregate(Customer/Visits with sum as S))",
        "skip(1)/top(3)/aggregate(Customer/Visits with average as S)",
        "topcount(9,InvoiceNumber)/groupby((Positions),aggregate(Customer/Visits with sum as S,$count as N))",
        "topcount(9,InvoiceNumber)/groupby((Customer/Country),aggregate(Customer/Visits with sum as S))",
        "topsum(5,Positions)/aggregate(Customer/Visits with sum as S)",
    ],
)
def test_source_and_engine_agree(capable: bool, steps: str) -> None:
    found = [ask(service(capable=each), "Invoices", f"$apply={steps}")["value"] for each in (capable, True)]
    assert found[0] == found[1]
    assert found[0]
