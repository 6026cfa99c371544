"""Contracts compared: every rule by a change that it stands for, renaming, versions, the snapshot."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.contract import (
    Contract,
    ContractError,
    PublishedNavigation,
    PublishedProperty,
    PublishedSet,
    from_text,
    to_text,
)
from edm.contract_diff import changes, effect
from edm.contract_rules import RULES, Effect
from edm.versions import is_enough, next_version

NUMBER = PublishedProperty("Number", nullable=False, max_length=10, writable=False, label="Number")
CUSTOMER = PublishedProperty("Customer", max_length=8, writable=False)
AMOUNT = PublishedProperty("Amount", "Edm.Decimal", precision=10, scale=2, unit="Currency", writable=False)
STATUS = PublishedProperty("Status", max_length=20, allowed=("Open", "Paid"), writable=False)
NOTE = PublishedProperty("Note", max_length=80, description="What the clerk wrote.")
CHANGED = PublishedProperty("ChangedAt", "Edm.DateTimeOffset", precision=0, writable=False)
TO_CUSTOMER = PublishedNavigation("Buyer", "Customers", on=(("Customer", "Number"),))
LINES = PublishedNavigation("Lines", "InvoiceLines", collection=True, nullable=False)
PROPERTIES = (AMOUNT, CHANGED, CUSTOMER, NOTE, NUMBER, STATUS)
INVOICES = PublishedSet(
    "Invoices",
    "Invoice",
    ("Number",),
    ("filter", "insert"),
    "Invoices",
    "All.",
    "ERP",
    PROPERTIES,
    (TO_CUSTOMER, LINES),
)
CUSTOMERS = PublishedSet("Customers", "Customer", ("Number",), properties=(NUMBER,))
OLD = Contract("Erp", "1.2.3", (CUSTOMERS, INVOICES), ("Me",))


def but(item: PublishedProperty | PublishedNavigation, **other: Any) -> Contract:
    """The contract with another property or navigation property in the place of one."""
    part = "properties" if isinstance(item, PublishedProperty) else "navigation"
    found = tuple(replace(each, **other) if each == item else each for each in getattr(INVOICES, part))
    return invoices(**{part: found})


def invoices(**other: Any) -> Contract:
    return replace(OLD, sets=(CUSTOMERS, replace(INVOICES, **other)))


def plus(item: PublishedProperty) -> Contract:
    return invoices(properties=(*PROPERTIES, item))


#: Rule -> a contract that differs from ``OLD`` by it alone, and where.
EXAMPLES: Mapping[str, tuple[Contract, str]] = {
    "set-added": (replace(OLD, sets=(*OLD.sets, PublishedSet("Items"))), "Items"),
    "set-removed": (replace(OLD, sets=(INVOICES,)), "Customers"),
    "set-renamed": (invoices(name="Bills"), "Invoices"),
    "key-changed": (invoices(key=("Customer",)), "Invoices"),
    "type-renamed": (invoices(type="Bill"), "Invoices"),
    "namespace-changed": (replace(OLD, namespace="Other"), ""),
    "other-added": (replace(OLD, other=("Best", "Me")), "Best"),
    "other-removed": (replace(OLD, other=()), "Me"),
    "owner-changed": (invoices(owner="CRM"), "Invoices"),
    "property-added": (plus(PublishedProperty("Colour", "Edm.Boolean")), "Invoices/Colour"),
    "required-added": (plus(PublishedProperty("Colour", "Edm.Boolean", nullable=False)), "Invoices/Colour"),
    "property-removed": (invoices(properties=tuple(p for p in PROPERTIES if p != AMOUNT)), "Invoices/Amount"),
    "property-renamed": (but(NOTE, name="Remark"), "Invoices/Note"),
    "type-changed": (but(AMOUNT, type="Edm.Double", precision=None, scale=None), "Invoices/Amount"),
    "length-grown": (but(NOTE, max_length=81), "Invoices/Note"),
    "length-shrunk": (but(STATUS, max_length=10), "Invoices/Status"),
    "becomes-long-text": (but(NOTE, max_length=256), "Invoices/Note"),
    "digits-grown": (but(AMOUNT, scale=3), "Invoices/Amount"),
    "digits-shrunk": (but(AMOUNT, precision=9), "Invoices/Amount"),
    "precision-changed": (but(CHANGED, precision=3), "Invoices/ChangedAt"),
    "nullable-relaxed": (but(NUMBER, nullable=True), "Invoices/Number"),
    "nullable-tightened": (but(STATUS, nullable=False), "Invoices/Status"),
    "values-added": (but(STATUS, allowed=("Open", "Paid", "Void")), "Invoices/Status"),
    "values-removed": (but(STATUS, allowed=("Open",)), "Invoices/Status"),
    "values-opened": (but(STATUS, allowed=()), "Invoices/Status"),
    "values-closed": (but(CUSTOMER, allowed=("A",)), "Invoices/Customer"),
    "bounds-changed": (but(AMOUNT, minimum="0"), "Invoices/Amount"),
    "input-narrowed": (but(NOTE, max_length=79), "Invoices/Note"),
    "unit-changed": (but(AMOUNT, unit="CompanyCurrency"), "Invoices/Amount"),
    "capability-gained": (invoices(can=("filter", "insert", "search")), "Invoices"),
    "capability-lost": (but(STATUS, sortable=False), "Invoices/Status"),
    "label-changed": (but(NUMBER, label="No."), "Invoices/Number"),
    "description-changed": (invoices(description="Some."), "Invoices"),
    "navigation-added": (invoices(navigation=(TO_CUSTOMER, LINES, PublishedNavigation("Item", "Items"))), "Invoices/Item"),
    "navigation-removed": (invoices(navigation=(TO_CUSTOMER,)), "Invoices/Lines"),
    "navigation-renamed": (but(TO_CUSTOMER, name="Debtor"), "Invoices/Buyer"),
    "navigation-changed": (but(LINES, collection=False, nullable=False), "Invoices/Lines"),
    "constraint-lost": (but(TO_CUSTOMER, on=()), "Invoices/Buyer"),
    "constraint-gained": (but(LINES, on=(("Number", "InvoiceNumber"),)), "Invoices/Lines"),
    "constraint-changed": (but(TO_CUSTOMER, on=(("Note", "Number"),)), "Invoices/Buyer"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_found_where_it_is_broken(rule: str) -> None:
    new, where = EXAMPLES[rule]
    assert [(change.rule.id, change.where) for change in changes(OLD, new)] == [(rule, where)]


def test_there_is_an_example_of_nothing_else() -> None:
    assert set(EXAMPLES) == set(RULES)


def test_the_same_is_no_change() -> None:
    assert changes(OLD, OLD) == ()
    assert effect(()) is None
    assert changes(OLD, replace(OLD, version="7.0.0")) == ()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ({"max_length": None}, {"max_length": 100}, "length-shrunk"),
        ({"max_length": 100}, {"max_length": None}, "length-grown"),
        ({"max_length": None}, {"max_length": 2**31 - 1}, "becomes-long-text"),
        ({"max_length": 300}, {"max_length": 400}, "length-grown"),
        ({"type": "Edm.Decimal", "precision": 10, "scale": 2}, {"precision": 10, "scale": 1}, "digits-grown"),
        ({"type": "Edm.Decimal", "precision": 10, "scale": 2}, {"precision": 12, "scale": 4}, "digits-grown"),
        ({"type": "Edm.Decimal", "precision": 10, "scale": 2}, {"variable_scale": True, "scale": None}, "digits-grown"),
        ({"type": "Edm.Decimal", "precision": 10, "scale": 2}, {"precision": None}, "digits-grown"),
        ({"type": "Edm.Decimal", "precision": None}, {"precision": 20}, "digits-shrunk"),
    ],
)
def test_sizes(old: dict[str, Any], new: dict[str, Any], rule: str) -> None:
    item = replace(PublishedProperty("P", writable=False), **old)
    before, after = (Contract("N", sets=(PublishedSet("S", properties=(p,)),)) for p in (item, replace(item, **new)))
    assert [change.rule.id for change in changes(before, after)] == [rule]


@pytest.mark.parametrize(
    "other", [{"max_length": 79}, {"nullable": False}, {"allowed": ("A",)}, {"pattern": "^A"}, {"minimum": "1"}]
)
def test_what_may_be_written_is_narrowed_for_writers_alone(other: dict[str, Any]) -> None:
    assert [change.rule.id for change in changes(OLD, but(NOTE, **other))] == ["input-narrowed"]
    reading = but(NOTE, writable=False)
    invoices_ = replace(reading.sets[1], properties=tuple(
        replace(p, **other) if p.name == "Note" else p for p in reading.sets[1].properties
    ))  # fmt: skip
    assert effect(changes(reading, replace(reading, sets=(CUSTOMERS, invoices_)))) is Effect.MINOR


# Renaming


def test_a_renamed_property_keeps_its_other_changes_and_its_place_in_keys_and_references() -> None:
    found = changes(OLD, but(CUSTOMER, name="CustomerNumber", max_length=12))
    assert [(c.rule.id, c.old, c.new) for c in found if c.where == "Invoices/Customer"] == [
        ("length-grown", "8", "12"),
        ("property-renamed", "Customer", "CustomerNumber"),
    ]
    new = replace(but(NUMBER, name="InvoiceNumber").sets[1], key=("InvoiceNumber",))
    assert [c.rule.id for c in changes(OLD, replace(OLD, sets=(CUSTOMERS, new)))] == ["property-renamed"]


def test_what_is_not_alike_is_not_renamed() -> None:
    other = PublishedProperty("Weight", "Edm.Decimal", precision=10, scale=2, writable=False)
    found = changes(OLD, invoices(properties=(*(p for p in PROPERTIES if p != AMOUNT), other)))
    assert [c.rule.id for c in found] == ["property-removed", "property-added"]
    items = PublishedSet("Items", properties=(PublishedProperty("Number"), AMOUNT))
    assert [c.rule.id for c in changes(OLD, replace(OLD, sets=(INVOICES, items)))] == ["set-removed", "set-added"]


def test_of_several_guesses_the_best_is_taken() -> None:
    a, b = (replace(STATUS, name=name) for name in ("OrderStatus", "LineStatus"))
    x, y = (replace(STATUS, name=name) for name in ("LineStatusCode", "OrderStatusCode"))
    before, after = (Contract("N", sets=(PublishedSet("S", properties=each),)) for each in ((a, b), (x, y)))
    found = {(c.old, c.new) for c in changes(before, after)}
    assert found == {("OrderStatus", "OrderStatusCode"), ("LineStatus", "LineStatusCode")}


# Versions


@pytest.mark.parametrize(
    ("version", "raised", "expected"),
    [
        ("1.2.3", Effect.MAJOR, "2.0.0"),
        ("1.2.3", Effect.MINOR, "1.3.0"),
        ("1.2.3", Effect.PATCH, "1.2.4"),
        ("1.2.3", None, "1.2.3"),
        ("0.2.3", Effect.MAJOR, "0.3.0"),
        ("0.2.3", Effect.MINOR, "0.2.4"),
        ("2.0.0-rc.1", Effect.MINOR, "2.1.0"),
        ("", Effect.MAJOR, None),
        ("spring", Effect.MAJOR, None),
    ],
)
def test_the_next_version(version: str, raised: Effect | None, expected: str | None) -> None:
    assert next_version(version, raised) == expected


@pytest.mark.parametrize(
    ("version", "least", "expected"),
    [
        ("2.0.0", "2.0.0", True),
        ("1.10.0", "1.9.0", True),
        ("1.9.0", "1.10.0", False),
        ("", "1.0.0", False),
        ("1.0", "1.0.0", False),
        ("1.0.0", None, True),
    ],
)
def test_a_version_is_enough(version: str, least: str | None, expected: bool) -> None:
    assert is_enough(version, least) is expected


# The snapshot


@pytest.mark.parametrize("contract", [OLD, Contract("N"), *(new for new, _ in EXAMPLES.values())])
def test_a_snapshot_is_read_as_it_was_written(contract: Contract) -> None:
    text = to_text(contract)
    assert from_text(text) == contract
    assert to_text(from_text(text)) == text


def test_a_changed_property_is_a_changed_line() -> None:
    before, after = (to_text(each).splitlines() for each in (OLD, EXAMPLES["length-grown"][0]))
    different = [line for line in after if line not in before]
    assert [line.strip() for line in different] == [
        '"Note": {"max_length": 81, "description": "What the clerk wrote."},'
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("[]", "is no snapshot"),
        ('{"format": "erp-odata contract 2"}', "is no snapshot"),
        ('{"format": "erp-odata contract 1", "namespace": "N"}', "sets is not a table"),
        ('{"format": "erp-odata contract 1", "sets": {}}', "namespace is missing"),
        ('{"format": "erp-odata contract 1", "namespace": "N", "sets": {"S": 1}}', "S is not a table"),
        ('{"format": "erp-odata contract 1", "namespace": "N", "sets": {"S": {"color": 1}}}', "'color' is not known"),
        (
            '{"format": "erp-odata contract 1", "namespace": "N", "sets": {"S": {"properties": {"P": {"scale": "x"}}}}}',
            "S/P: scale is 'x'",
        ),
        (
            '{"format": "erp-odata contract 1", "namespace": "N", "sets": {"S": {"properties": {"P": 1}}}}',
            "not a table",
        ),
    ],
)
def test_what_is_no_snapshot(text: str, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        from_text(text)


# No difference is missed

TEXTS = st.sampled_from(["", "A", "B"])
PROPERTY = st.builds(
    PublishedProperty,
    st.just("P"),
    st.sampled_from(["Edm.String", "Edm.Decimal", "Edm.DateTimeOffset", "Edm.Boolean"]),
    st.booleans(),
    st.sampled_from([None, 10, 255, 256]),
    st.sampled_from([None, 0, 10, 18]),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("A",), ("A", "B")]),
    st.sampled_from([None, "0"]),
    st.sampled_from([None, "9"]),
    st.sampled_from([None, "^A"]),
    st.sampled_from([None, "kg", "g"]),
    TEXTS,
    TEXTS,
)
NAVIGATION = st.builds(
    PublishedNavigation,
    st.sampled_from(["N", "M"]),
    st.sampled_from(["S", "T"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), (("P", "K"),), (("Q", "K"),)]),
)
SET = st.builds(
    PublishedSet,
    st.sampled_from(["S", "T"]),
    TEXTS,
    st.sampled_from([(), ("P",), ("P", "Q")]),
    st.sampled_from([(), ("filter",), ("filter", "insert")]),
    TEXTS,
    TEXTS,
    TEXTS,
    st.tuples(PROPERTY) | st.just(()),
    st.tuples(NAVIGATION) | st.just(()),
)
CONTRACT = st.builds(Contract, TEXTS, st.just("1.0.0"), st.tuples(SET) | st.just(()), st.sampled_from([(), ("Me",)]))


@given(CONTRACT, CONTRACT)
def test_no_difference_is_missed(old: Contract, new: Contract) -> None:
    assert bool(changes(old, new)) is (old != new)
    assert changes(old, old) == ()
    assert from_text(to_text(new)) == new
