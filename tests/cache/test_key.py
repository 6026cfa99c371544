"""Equal meaning, equal key; different meaning, different key."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.expressions import Call, Expr
from edm.query import OrderItem, Query
from edm.text import query_text
from erp_adapters.cache.key import Key, canonical, sets_of
from tests.engine.small import METADATA, bind
from tests.profiles import examples

COLUMNS = ("InvoiceNumber", "Amount")


def digest(query: Query, view: str = "", namespace: str = "n") -> str:
    return Key(canonical(query), view).digest(namespace)


def asked(text: str, columns: tuple[str, ...] = COLUMNS, **more: object) -> Query:
    return Query("Invoices", columns, bind(text), top=10).with_(**more)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amount gt 1 and Positions eq 2", "Positions eq 2 and Amount gt 1"),
        ("Amount gt 1 and (Positions eq 2 and Amount lt 9)", "Amount lt 9 and Amount gt 1 and Positions eq 2"),
        ("Amount gt 1 or Positions eq 2", "Positions eq 2 or Amount gt 1"),
        ("Positions in (1,2,3)", "Positions in (3,1,2,1)"),
        ("not (Amount gt 1 and Positions eq 2)", "not (Positions eq 2 and Amount gt 1)"),
        ("Amount gt 1", "Amount gt 1 and Amount gt 1"),
        ("Amount gt 1.5", "Amount gt 1.50"),
        ("contains(InvoiceNumber,'%27a')", "contains(InvoiceNumber,'%27a')"),
    ],
)
def test_equal_meaning(one: str, other: str) -> None:
    assert digest(asked(one)) == digest(asked(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Amount gt 1", "Amount ge 1"),
        ("InvoiceNumber eq 'a'", "InvoiceNumber eq 'A'"),
        ("InvoiceNumber eq 'a'", "InvoiceNumber eq 'a '"),
        ("InvoiceNumber eq 'a' and InvoiceNumber eq 'b'", "InvoiceNumber eq 'a'' and InvoiceNumber eq ''b'"),
        ("InvoiceNumber in ('a','b')", "InvoiceNumber in ('a'',''b')"),
        ("InvoiceNumber eq null", "InvoiceNumber eq 'null'"),
        ("Amount gt 1 and Positions eq 2", "Amount gt 1 or Positions eq 2"),
        ("startswith(InvoiceNumber,'a')", "endswith(InvoiceNumber,'a')"),
        ("Amount sub Positions gt 1", "Positions sub Amount gt 1"),
    ],
)
def test_different_meaning(one: str, other: str) -> None:
    assert digest(asked(one)) != digest(asked(other))


def test_what_else_is_in_the_key() -> None:
    base = asked("Amount gt 1")
    order = (OrderItem(bind("Amount")),)
    others = [
        base.with_(columns=("InvoiceNumber",)), base.with_(top=11), base.with_(skip=1), base.with_(count=True),
        base.with_(orderby=order), base.with_(orderby=(OrderItem(bind("Amount"), True),)), base.with_(filter=None),
    ]  # fmt: skip
    keys = [digest(query) for query in (base, *others)] + [digest(base, view="a"), digest(base, namespace="m")]
    assert len(set(keys)) == len(keys)
    assert digest(base) == digest(base.with_(columns=("Amount", "InvoiceNumber", "Amount")))


def shuffled(expr: Expr, dice: random.Random) -> Expr:
    """The same condition with its operands in another order."""
    if not isinstance(expr, Call) or expr.function not in ("and", "or"):
        return expr
    args = [shuffled(arg, dice) for arg in expr.args]
    dice.shuffle(args)
    return Call(expr.function, tuple(args), expr.type)


@given(st.integers(0, 10**9))
@examples(60)
def test_any_order_of_operands(seed: int) -> None:
    dice = random.Random(seed)
    leaves = ["Amount gt 1", "Positions eq 2", "DueDate lt 2026-01-01", "Customer/Country eq 'DE'", "Amount eq null"]

    def text(depth: int) -> str:
        if depth == 0:
            return dice.choice(leaves)
        joined = dice.choice((" and ", " or ")).join(text(depth - 1) for _ in range(dice.randint(2, 3)))
        return f"({joined})"

    query = asked(text(dice.randint(1, 3)))
    assert query.filter is not None
    other = query.with_(filter=shuffled(query.filter, dice))
    assert query_text(canonical(query)) == query_text(canonical(other))


@pytest.mark.parametrize(
    ("text", "sets"),
    [
        ("Amount gt 1", {"Invoices"}),
        ("Customer/Country eq 'DE'", {"Invoices", "Customers"}),
        ("Customer/Invoices/any(i:i/Amount gt 1)", {"Invoices", "Customers"}),
        ("Customer/Invoices/$count gt 1", {"Invoices", "Customers"}),
    ],
)
def test_the_sets_that_an_answer_depends_on(text: str, sets: set[str]) -> None:
    assert sets_of(asked(text), METADATA) == sets
    assert sets_of(Query("Invoices", COLUMNS, source=asked(text)), METADATA) == sets
    assert sets_of(Query("Invoices", COLUMNS, orderby=(OrderItem(bind(text)),)), METADATA) == sets
