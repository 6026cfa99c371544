"""Expressions that SQL once answered otherwise than the evaluator, or could not answer at all; found by random trees."""

import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from edm.capabilities import Match
from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop
from edm.primitives import BOOLEAN, DECIMAL, DOUBLE, INT32, INT64, STRING, CollectionType
from edm.query import OrderItem, Query
from erp_adapters.base import Session
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from tests.adapters import schema

KEY = Prop(("ThingKey",), STRING, nullable=False)
PREVIOUS = Prop(("PreviousKey",), STRING)
RATIO = Prop(("Ratio",), DOUBLE)
NATIVE = Prop(("Native",), BOOLEAN)
TEXT = Prop(("Text",), STRING)
MEDIUM = Prop(("Medium",), INT32)
SMALL = Prop(("Small",), INT32)
AMOUNT = Prop(("Amount",), DECIMAL)
#: Null where the divisor is 0, although no operand is ever null.
QUOTIENT = Call("divby", (Const(Decimal(1500), DECIMAL), Prop(("Net",), DECIMAL, nullable=False)), DECIMAL)


def call(name: str, *args: Expr) -> Call:
    return Call(name, args, BOOLEAN)


def of(variable: str, *path: str) -> Prop:
    return Prop(path, STRING, variable)


def within(depth: int, condition: Expr) -> Expr:
    """``condition`` about followers of followers."""
    for level in range(depth, 0, -1):
        condition = Lambda("any", ("Followers",), f"v{level}", condition, f"v{level - 1}" if level > 1 else IT)
    return condition


#: The innermost condition speaks of a row two statements further out, which has to stay that row.
OUTERMOST = within(2, call("eq", of("v2", "Status"), of(IT, "Status")))
COUNTED = call(
    "gt",
    CountOf(("Followers",), "v", Lambda("all", ("Followers",), "w", call("ne", of("w", "Text"), TEXT), "v"), INT64),
    Const(0, INT64),
)
CORNERS: dict[str, Expr] = {
    "two statements out": OUTERMOST,
    "two statements out, counted": COUNTED,
    "reference of the outer row": within(1, call("gt", of("v1", "Text"), of(IT, "Parent", "ParentName"))),
    "first part decides, second is null": call("le", PREVIOUS, Const("D00012~007", STRING)),
    "the same refused": call("not", call("gt", PREVIOUS, Const("D00012~007", STRING))),
    "a list of Booleans": call("in", NATIVE, Const((None, True), CollectionType(BOOLEAN))),
    "no list of Booleans": call("not", call("in", NATIVE, Const((True, False), CollectionType(BOOLEAN)))),
    "not unequal floats": call("not", call("ne", RATIO, Const(3.0, DOUBLE))),
    "not equal floats": call("not", call("eq", RATIO, Const(3.0, DOUBLE))),
    "constants of text": call("gt", Const("77", STRING), Const("\U0010ffff", STRING)),
    "case of joined texts": call(
        "contains",
        Call("tolower", (Call("concat", (Const("ΟΔΟΣ", STRING), Prop(("Worded",), STRING)), STRING),), STRING),
        Const("σa", STRING),
    ),
    "case of a composite key": call(
        "startswith", Call("tolower", (PREVIOUS,), STRING), Call("tolower", (of(IT, "Previous", "ThingKey"),), STRING)
    ),
    "no quotient": call("ne", QUOTIENT, Const(Decimal(1), DECIMAL)),
    "no quotient, refused": call("not", call("gt", QUOTIENT, Const(Decimal(1), DECIMAL))),
    "no small quotient": call("lt", Call("divby", (AMOUNT, SMALL), DECIMAL), Const(Decimal("0.5"), DECIMAL)),
    "no quotient is null": call("eq", QUOTIENT, Const(None, DECIMAL)),
    "position is null": call("eq", Call("substring", (TEXT, MEDIUM), STRING), Const(None, STRING)),
    "position is far": call("eq", Call("substring", (TEXT, MEDIUM, MEDIUM), STRING), Const("", STRING)),
}


@pytest.fixture(scope="module")
def memory(small: SqlAdapter) -> MemoryAdapter:
    return MemoryAdapter(schema.METADATA, schema.published(small))


def too_wide(small: SqlAdapter, expr: Expr) -> bool:
    """Whether a quotient has more digits than MariaDB has room for."""
    return small.url.get_backend_name() == "mysql" and repr(QUOTIENT) in repr(expr)


@pytest.mark.parametrize("expr", CORNERS.values(), ids=CORNERS)
def test_corners(small: SqlAdapter, memory: MemoryAdapter, expr: Expr) -> None:
    if too_wide(small, expr):
        assert small.capabilities(schema.THINGS).match(expr) is Match.NO
        return
    assert small.capabilities(schema.THINGS).match(expr) is Match.EXACT
    query = Query("Things", ("ThingKey",), expr, (OrderItem(KEY),))
    assert schema.read(small, query) == schema.read(memory, query)


ORDERS: dict[str, Expr] = {
    "true": Const(True, BOOLEAN),
    "false": call("gt", NATIVE, Const(None, BOOLEAN)),
    "folded": call("or", Const(True, BOOLEAN), call("gt", MEDIUM, Const(1, INT32))),
    "text": Call("substring", (Const("abc", STRING), MEDIUM), STRING),
    "null quotients": QUOTIENT,
    "null small quotients": Call("divby", (AMOUNT, SMALL), DECIMAL),
}


@pytest.mark.parametrize("expr", ORDERS.values(), ids=ORDERS)
def test_order_of_constants(small: SqlAdapter, memory: MemoryAdapter, expr: Expr) -> None:
    assert small.capabilities(schema.THINGS).sort(expr) != too_wide(small, expr)
    if too_wide(small, expr):
        return
    query = Query("Things", ("ThingKey",), None, (OrderItem(expr), OrderItem(KEY)))
    assert schema.read(small, query) == schema.read(memory, query)


# --- size -----------------------------------------------------------------------------------------------------------


def lowered(depth: int) -> Expr:
    expr: Expr = TEXT
    for level in range(depth):
        expr = Call("tolower" if level % 2 else "trim", (expr,), STRING)
    return call("eq", expr, Const("a", STRING))


def cut(depth: int) -> Expr:
    expr: Expr = TEXT
    for _ in range(depth):
        expr = Call("substring", (expr, MEDIUM), STRING)
    return call("eq", expr, Const("a", STRING))


def added(depth: int) -> Expr:
    expr: Expr = MEDIUM
    for _ in range(depth):
        expr = Call("add", (expr, Const(1, INT32)), INT64)
    return call("gt", expr, Const(1, INT64))


def alternating(depth: int) -> Expr:
    expr = call("gt", MEDIUM, Const(0, INT32))
    for level in range(depth):
        expr = call("and" if level % 2 else "or", call("gt", MEDIUM, Const(level, INT32)), expr)
    return expr


def nested(depth: int) -> Expr:
    return within(depth, call("ne", of(f"v{depth}", "Text"), Const("x", STRING)))


def negated(depth: int) -> Expr:
    expr = call("gt", MEDIUM, Const(0, INT32))
    for _ in range(depth):
        expr = call("not", expr)
    return expr


@pytest.mark.parametrize("depth", [5, 12, 40, 200])
@pytest.mark.parametrize("make", [lowered, cut, added, alternating, nested, negated])
def test_deep_expressions_are_answered_or_declined(
    small: SqlAdapter, memory: MemoryAdapter, make: Callable[[int], Expr], depth: int
) -> None:
    """Neither a parser's stack nor our time runs out, however an expression is nested."""
    expr = make(depth)
    started = time.perf_counter()
    if small.capabilities(schema.THINGS).match(expr):
        query = Query("Things", ("ThingKey",), expr, (OrderItem(KEY),))
        found = schema.read(small, query)
        if depth < 40:
            assert found == schema.read(memory, query)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("make", [lowered, cut, added, alternating, nested, negated])
def test_usual_depths_are_pushed(small: SqlAdapter, make: Callable[[int], Expr]) -> None:
    assert small.capabilities(schema.THINGS).match(make(2)) is Match.EXACT


def test_two_thousand_comparisons_in_one_or(small: SqlAdapter) -> None:
    parts = tuple(call("gt" if n % 2 else "lt", MEDIUM, Const(n, INT32)) for n in range(2000))
    expr = call("or", *parts)
    assert small.capabilities(schema.THINGS).match(expr) is Match.EXACT
    assert list(small.read(Query("Things", ("ThingKey",), expr), Session()))
