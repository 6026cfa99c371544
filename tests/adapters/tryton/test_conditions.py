"""What Tryton finds, against what conditions mean of all its records: every operator, type, null, path."""

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edm.capabilities import Match
from erp_adapters.base import Session
from erp_adapters.records.base import All, Ask, Behind, Compare, Condition, Either, Like, OneOf, Order, Record
from erp_adapters.records.conditions import holds
from erp_adapters.tryton import sorting
from erp_adapters.tryton.source import TrytonSource
from tests.adapters.tryton.conftest import source_at
from tests.adapters.tryton.ground import ORDERED, Server

FIELDS = {
    "party.party": ("id", "code", "name", "active", "create_date", "write_date", "replaced_by"),
    "account.invoice": (
        "number", "reference", "description", "comment", "state", "type", "invoice_date", "party", "party.name",
        "party.active", "currency.code", "payment_term", "payment_term.name", "move.number", "invoice_address.city",
        "write_date",
    ),
    "account.invoice.line": (
        "invoice", "invoice.number", "type", "quantity", "unit_price", "description", "product", "product.code",
        "product.template.name", "origin", "origin[sale.line]", "sequence", "note",
    ),
    "stock.move": (
        "quantity", "state", "effective_date", "planned_date", "product.code", "origin", "origin[sale.line]",
        "shipment", "lot", "lot.number", "unit_price", "from_location.name", "id#10", "product#10",
        "origin[sale.line]#8", "shipment[stock.shipment.out].number", "shipment[stock.shipment.out].customer.code",
        "shipment[stock.shipment.out].effective_date",
    ),
    "product.product": ("code", "suffix_code", "description", "template.name"),
    "account.payment": ("number", "amount", "date", "state", "reference", "party.name", "line"),
    "sale.line": ("sale", "quantity", "unit_price", "sale.reference", "type", "product.code", "product.suffix_code"),
}  # fmt: skip
#: Collections, with a field of theirs by which the records belong to the others.
COLLECTIONS = {
    "account.invoice": ("lines", "account.invoice.line", "invoice"),
    "party.party": ("addresses", "party.address", "party"),
    "sale.sale": ("lines", "sale.line", "sale"),
}
RANGES = ("lt", "le", "gt", "ge")


def session() -> Session:
    return Session(deadline=time.monotonic() + 120)


class Data:
    """All records of a model with the fields that are compared, read once."""

    def __init__(self, source: TrytonSource) -> None:
        self.source = source
        self.kept: dict[tuple[str, tuple[str, ...]], list[Record]] = {}

    def all(self, model: str, fields: tuple[str, ...] = ()) -> list[Record]:
        names = tuple(dict.fromkeys(("id", *(fields or FIELDS[model]))))
        if (model, names) not in self.kept:
            self.kept[model, names] = read(self.source, Ask(model, names))
        return self.kept[model, names]

    def values(self, model: str, field: str) -> list[Any]:
        found = {record[field] for record in self.all(model)} - {None}
        return sorted(found, key=str)


def read(source: TrytonSource, ask: Ask) -> list[Record]:
    return [record for batch in source.read(ask, session()) for record in batch.records]


@pytest.fixture(scope="session")
def data(source: TrytonSource) -> Data:
    return Data(source)


@pytest.fixture(scope="session")
def ordered_data(ordered: TrytonSource) -> Data:
    return Data(ordered)


def check(data: Data, model: str, condition: Condition, follow: Any = None) -> Match:
    """Holds the ERP's answer against the meaning."""
    grade = data.source.grade(model, condition)
    if grade is Match.NO:
        return grade
    found = {record["id"] for record in read(data.source, Ask(model, ("id",), condition))}
    meant = {record["id"] for record in data.all(model) if holds(condition, record, follow)}
    assert meant <= found, f"lost {meant - found} of {condition}"
    if grade is Match.EXACT:
        assert found == meant, f"too many: {found - meant} for {condition}"
    return grade


def samples(values: list[Any]) -> list[Any]:
    """Some that are there, and neighbours that are not."""
    some = [values[place] for place in {0, len(values) - 1}] if values else []
    beside: list[Any] = []
    for value in some[:1]:
        if isinstance(value, bool):
            beside.append(not value)
        elif isinstance(value, str):
            beside += [value + "x", value.swapcase(), value[:-1].strip() or "y"]
        elif isinstance(value, int | Decimal):
            beside += [value + 1, value - 1]
        else:
            beside += [value + timedelta(days=1), value - timedelta(days=1)]
    return some + beside


def leaves(data: Data, model: str, field: str, *, ranges: bool) -> Iterator[Condition]:
    values = data.values(model, field)
    facts = data.source.field(model, field)
    assert facts is not None
    text = bool(facts.liked)
    chosen = samples(values)
    for value in chosen:
        yield Compare(field, "eq", value)
        yield Compare(field, "ne", value)
        if ranges or not text:
            yield from (Compare(field, operator, value) for operator in RANGES)
    for operator in ("eq", "ne"):
        yield Compare(field, operator, None)
    for negated in (False, True):
        yield OneOf(field, tuple(chosen[:2]), negated)
        yield OneOf(field, (*chosen[:2], None), negated)
        yield OneOf(field, (None,), negated)
    if text:
        for part in {p for v in chosen[:1] for p in (v[:3], v[-3:]) if p} | {"%", "_", "\\"}:
            for kind in ("startswith", "endswith", "contains", "equals"):
                yield Like(field, kind, part)
            yield Like(field, "contains", part, negated=True)
            yield Like(field, "contains", part.lower(), folded=True)


@pytest.mark.parametrize("model", FIELDS)
def test_every_leaf(data: Data, model: str) -> None:
    for field in FIELDS[model]:
        grades = [check(data, model, leaf) for leaf in leaves(data, model, field, ranges=False)]
        assert Match.EXACT in grades, field


@pytest.mark.parametrize("model", ["party.party", "account.invoice"])
def test_ranges_of_texts(ordered_data: Data, model: str) -> None:
    for field in FIELDS[model]:
        facts = ordered_data.source.field(model, field)
        assert facts is not None
        if facts.liked:
            for value in samples(ordered_data.values(model, field)):
                for operator in RANGES:
                    assert check(ordered_data, model, Compare(field, operator, value)) is Match.EXACT


# --- conditions of several parts ----------------------------------------------------------------------------------------


def children(data: Data, model: str) -> dict[int, list[Record]]:
    _, other, back = COLLECTIONS[model]
    found: dict[int, list[Record]] = {}
    for record in data.all(other, CHILDREN[other]):
        found.setdefault(record[back], []).append(record)
    return found


@st.composite
def conditions(draw: st.DrawFn, data: Data, model: str, fields: tuple[str, ...], behind: bool = True) -> Condition:
    leaf = st.sampled_from(fields).flatmap(
        lambda field: st.sampled_from(list(leaves(data, model, field, ranges=False)))
    )
    some = leaf
    if behind and model in COLLECTIONS:
        path, other, _ = COLLECTIONS[model]
        inner = st.none() | conditions(data, other, CHILDREN[other], behind=False)
        some = leaf | st.builds(Behind, st.just(path), inner, st.booleans())
    parts = st.recursive(
        some,
        lambda deeper: st.builds(
            lambda kind, parts: kind(tuple(parts)),
            st.sampled_from([All, Either]),
            st.lists(deeper, min_size=0, max_size=3),
        ),
        max_leaves=5,
    )
    return draw(parts)


#: Fields of records that belong to others; what leads to those others is among them.
CHILDREN = {
    "account.invoice.line": ("invoice", "quantity", "description", "product.code", "type", "origin"),
    "party.address": ("party", "city", "street", "country.code", "postal_code", "active"),
    "sale.line": ("sale", "quantity", "product.code", "type", "unit_price"),
}
PARENTS = {
    "account.invoice": ("number", "reference", "party.name", "invoice_date", "state", "currency.code"),
    "party.party": ("code", "name", "active", "write_date"),
    "sale.sale": ("number", "reference", "state", "party.name"),
}
for _model, _fields in (*CHILDREN.items(), *PARENTS.items()):
    FIELDS.setdefault(_model, _fields)


@pytest.mark.property
@pytest.mark.parametrize("model", COLLECTIONS)
def test_any_condition(data: Data, model: str) -> None:
    belonging = children(data, model)

    @settings(max_examples=40)
    @given(conditions(data, model, PARENTS[model]))
    def holds_for(condition: Condition) -> None:
        check(data, model, condition, lambda record, _: belonging.get(record["id"], []))

    holds_for()


def test_nobody_has_no_lines_where_lines_belong_to_nobody(data: Data) -> None:
    """NOT IN a list with null would find nothing at all."""
    lines = data.all("account.invoice.line", CHILDREN["account.invoice.line"])
    assert None in {line["invoice"] for line in lines}
    condition = Behind("lines", Compare("quantity", "gt", Decimal("2.9")), negated=True)
    belonging = children(data, "account.invoice")
    assert check(data, "account.invoice", condition, lambda record, _: belonging.get(record["id"], [])) is Match.EXACT
    assert read(data.source, Ask("account.invoice", ("id",), condition))


# --- orders and pages ---------------------------------------------------------------------------------------------------


def in_order(records: list[Record], order: tuple[Order, ...]) -> list[Record]:
    """By each of them, the last one first; Python's sort leaves equals as they are."""
    found = sorted(records, key=lambda record: record["id"])
    for item in reversed(order):
        there = [record for record in found if record[item.field] is not None]
        there.sort(key=lambda record: record[item.field], reverse=item.descending)
        if item.descending:  # equals keep their order in a reversed sort, too
            there = sorted(there, key=lambda record: record[item.field], reverse=True)
        nothing = [record for record in found if record[item.field] is None]
        found = there + nothing if item.descending else nothing + there
    return found


ORDERS = {
    "account.invoice": (
        "reference",
        "number",
        "invoice_date",
        "party",
        "party.name",
        "payment_term.name",
        "write_date",
    ),
    "party.party": ("name", "code", "active"),
    "stock.move": ("id#10", "product#10", "quantity"),
    "stock.shipment.out": ("number", "effective_date", "planned_date", "customer.code"),
    "sale.line": ("quantity", "unit_price", "sale.reference", "product.suffix_code"),
}


@pytest.mark.parametrize("model", ORDERS)
@pytest.mark.parametrize("descending", [False, True])
def test_orders(ordered_data: Data, model: str, descending: bool) -> None:
    names = ORDERS[model]
    everything = ordered_data.all(model, names)
    for first in names:
        facts = ordered_data.source.field(model, first)
        assert facts is not None
        assert facts.sortable, first
        for order in ((Order(first, descending),), (Order(first, descending), Order(names[0]))):
            meant = [record["id"] for record in in_order(everything, order)]
            for skip, top in ((0, None), (0, 5), (3, 4), (len(meant) - 2, 5), (len(meant) + 1, 2)):
                ask = Ask(model, ("id",), None, order, skip, top)
                found = [record["id"] for record in read(ordered_data.source, ask)]
                assert found == meant[skip : None if top is None else skip + top], (order, skip, top)


def test_texts_are_not_said_to_be_ordered_where_they_are_not(source: TrytonSource, ordered: TrytonSource) -> None:
    for asked, expected in ((source, False), (ordered, True)):
        facts = asked.field("party.party", "name")
        assert facts is not None
        assert facts.ordered is expected


def test_selections_are_not_sorted_by_their_labels(ordered: TrytonSource) -> None:
    facts = ordered.field("account.invoice", "state")
    assert facts is not None
    assert not facts.sortable


@pytest.mark.parametrize("order", [(), (Order("party.name"),), (Order("reference"), Order("id"))])
def test_pages_are_lazy_and_complete(tryton: Server, order: tuple[Order, ...]) -> None:
    small = source_at(tryton.url, ORDERED, page=4)
    everything = read(small, Ask("account.invoice", ("id", "party.name", "reference")))
    spent = session()
    found: list[Record] = []
    batches = small.read(Ask("account.invoice", ("id",), None, order, 2, 7, count=True), spent)
    for place, batch in enumerate(batches):
        assert batch.count == (len(everything) if place == 0 else None)
        found.extend(batch.records)
    meant = in_order(everything, order)[2:9]
    assert [record["id"] for record in found] == [record["id"] for record in meant]


def test_a_count_costs_no_call_where_all_are_there(source: TrytonSource) -> None:
    source.entity("party.party")
    for top, calls in ((None, 1), (5, 2)):
        spent = session()
        (batch,) = source.read(Ask("party.party", ("id", "name"), None, (Order("id"),), 0, top, count=True), spent)
        assert batch.count == 22
        assert spent.timings.erp_calls == calls


@pytest.mark.parametrize("most", [1, 12])
def test_numbers_of_many_lengths(tryton: Server, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A question per length; if there are too many of them, all records are sorted here."""
    monkeypatch.setattr(sorting, "_QUESTIONS", most)
    fresh = source_at(tryton.url, ORDERED)
    meant = sorted(record["code"] for record in read(fresh, Ask("party.party", ("code",))))
    assert {len(code) for code in meant} == {1, 5}
    small = source_at(tryton.url, ORDERED, page=4)
    for descending, asked in ((False, fresh), (True, fresh), (False, small), (True, small)):
        order = (Order("code", descending),)
        found = [record["code"] for record in read(asked, Ask("party.party", ("code",), None, order, 2, 6))]
        assert found == sorted(meant, reverse=descending)[2:8]
        found = [record["code"] for record in read(asked, Ask("party.party", ("code",), None, order))]
        assert found == sorted(meant, reverse=descending)


def test_numbers_are_sorted_by_length_in_tryton(ordered: TrytonSource) -> None:
    """What all of that is for: were it no longer so, it would be of no use."""
    params = [[["number", "!=", None]], 0, None, [["number", "ASC"]], ["number"], {}]
    numbers = [record["number"] for record in ordered.rpc.call("model.account.invoice.search_read", params, session())]
    assert numbers == sorted(numbers, key=lambda number: (len(number), number))
    assert numbers != sorted(numbers)
