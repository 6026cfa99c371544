"""What expressions mean, by the cases in ``golden/expressions.txt``."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edm.evaluate import compile_expression
from edm.expressions import IT, Const
from edm.functions import FUNCTIONS, resolve
from edm.primitives import DATE, DECIMAL, INT32, INT64, NULL, STRING
from edm.text import expression_text
from tests.engine.small import METADATA, bind

FILLED: dict[str, Any] = {
    "InvoiceNumber": "I1",
    "CustomerNumber": "C07",
    "Amount": Decimal("10.50"),
    "DueDate": date(2026, 2, 28),
    "PostedAt": datetime(2026, 2, 28, 23, 59, 59, 500_000, tzinfo=UTC),
    "Positions": 7,
}
NOTHING: dict[str, Any] = dict.fromkeys(FILLED, None) | {"InvoiceNumber": "I2", "Positions": 0}


def cases() -> Iterator[tuple[str, str]]:
    for line in (Path(__file__).parents[1] / "golden" / "expressions.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            text, _, value = line.partition(" => ")
            yield text, value


def evaluated(text: str) -> Any:
    row = NOTHING if text.startswith("~") else FILLED
    expr = bind(text.removeprefix("~"))
    return compile_expression(expr, METADATA, {IT: METADATA["Invoices"]})({IT: row})


@pytest.mark.parametrize(("text", "value"), list(cases()))
def test_meaning(text: str, value: str) -> None:
    expected = bind(value)
    assert isinstance(expected, Const)
    found = evaluated(text)
    assert found == expected.value
    assert type(found) is type(expected.value) or isinstance(found, Decimal | int), text


@pytest.mark.parametrize("text", [t for t, _ in cases() if "now()" not in t])
def test_text_parses_back(text: str) -> None:
    printed = expression_text(bind(text.removeprefix("~")))
    assert expression_text(bind(printed)) == printed


def test_every_function_has_a_case() -> None:
    known = {n for n, f in FUNCTIONS.items() if not n.startswith("$")}
    text = " ".join(f"{t} " for t, _ in cases()).lower().replace("-(", " neg ")
    assert {name for name in known if name not in text} == set()


@pytest.mark.parametrize(
    ("name", "types", "result"),
    [
        ("add", (INT32, INT32), INT64),
        ("add", (INT32, DECIMAL), DECIMAL),
        ("eq", (STRING, NULL), "Boolean"),
        ("length", (STRING,), INT32),
    ],
)
def test_resolution(name: str, types: Any, result: Any) -> None:
    found = resolve(FUNCTIONS[name], types)
    assert found is not None
    assert result in (found.result, getattr(found.result, "name", None))


@pytest.mark.parametrize(
    ("name", "types"), [("eq", (STRING, INT32)), ("add", (STRING, INT32)), ("year", (STRING,)), ("gt", (DATE, STRING))]
)
def test_no_resolution(name: str, types: Any) -> None:
    assert resolve(FUNCTIONS[name], types) is None
