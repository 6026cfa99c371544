"""Normalising keeps the same rows, and leaves negation only where it cannot go further."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.errors import ODataError
from edm.evaluate import compile_expression
from edm.expressions import IT, Call, Expr, Lambda
from edm.text import expression_text
from erp_adapters.memory import MemoryAdapter
from odata_server.normalise import normalise
from tests.engine.small import DATA, METADATA, bind, model
from tests.profiles import examples
from tests.properties.expressions import conditions

CASES = {
    "contains(InvoiceNumber,'a') eq true": "contains(InvoiceNumber,'a')",
    "contains(InvoiceNumber,'a') eq false": "not contains(InvoiceNumber,'a')",
    "true eq contains(InvoiceNumber,'a')": "contains(InvoiceNumber,'a')",
    "not (Amount gt 5)": "(Amount le 5.0) or (Amount eq null)",
    "not (Positions gt 5)": "Positions le 5",
    "not (Amount eq 5 or DueDate eq null)": "(Amount ne 5.0) and (DueDate ne null)",
    "not (not (Positions eq 1))": "Positions eq 1",
    "InvoiceNumber eq 'a' or InvoiceNumber eq 'b' or InvoiceNumber eq 'a'": "InvoiceNumber in ('a','b')",
    "InvoiceNumber eq 'a' or Positions eq 1 or InvoiceNumber in ('b','c')":
        "(InvoiceNumber in ('a','b','c')) or (Positions eq 1)",
    "true and Positions eq 1": "Positions eq 1",
    "false and Positions eq 1": "false",
    "null": "false",
    "not null": "false",
    "Customer/Invoices/any(i:false)": "false",
    "Customer/Invoices/all(i:true)": "true",
    "not (CustomerNumber ge Customer/Country)": "not (CustomerNumber ge Customer/Country)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_forms(text: str, expected: str) -> None:
    kept = normalise(bind(text))
    assert ("true" if kept is None else expression_text(kept)) == expected


@examples(400)
@given(data=st.data())
def test_keeps_the_same_rows(data: st.DataObject) -> None:
    small = model()
    entity_set = METADATA[data.draw(st.sampled_from(("Customers", "Invoices")))]
    text = data.draw(conditions(small, entity_set))
    try:
        expr = bind(text, entity_set.name)
    except ODataError:
        return
    kept = normalise(expr)
    related = MemoryAdapter(METADATA, DATA).related
    scope = {IT: entity_set}
    before = compile_expression(expr, METADATA, scope, related)
    after = compile_expression(kept, METADATA, scope, related) if kept is not None else lambda env: True
    for row in DATA[entity_set.name]:
        assert (before({IT: row}) is True) == (after({IT: row}) is True), expression_text(expr)
    negated = [n.args[0] for n in conditions_in(kept) if isinstance(n, Call) and n.function == "not"]
    assert not any(isinstance(n, Call) and n.function in ("not", "eq", "ne") for n in negated)


def conditions_in(expr: Expr | None) -> Iterator[Expr]:
    """Where rows are kept or dropped; conditions that are operands of others are values."""
    stack = [] if expr is None else [expr]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Call) and node.function in ("and", "or", "not"):
            stack.extend(node.args)
        if isinstance(node, Lambda) and node.predicate is not None:
            stack.append(node.predicate)
