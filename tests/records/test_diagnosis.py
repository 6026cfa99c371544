"""What `doctor` says of an ERP that does not answer the questions that everybody asks."""

from collections.abc import Sequence
from typing import Any

import pytest

from edm.capabilities import Match
from erp_adapters.base import Examined, Finding, Session
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.base import Compare, Condition
from tests.records.memory import MemorySource
from tests.records.shop import LINKS, METADATA, RECORDS, TYPES


class Deaf(MemorySource):
    """Answers no condition at all."""

    def grade(self, entity: str, condition: Condition) -> Match:
        return Match.NO


class Restarting(MemorySource):
    """Sorts, and knows no greater than."""

    def grade(self, entity: str, condition: Condition) -> Match:
        restarts = isinstance(condition, Compare) and condition.operator == "gt"
        return Match.NO if restarts else super().grade(entity, condition)


def found(
    check: str = "indexes", sets: Sequence[str] = ("Customers", "Invoices"), kind: Any = MemorySource, **temper: Any
) -> list[Finding] | None:
    adapter = RecordAdapter(kind(RECORDS, TYPES, LINKS, **temper), METADATA, "shop")
    findings = adapter.diagnose(check, Examined([METADATA[name] for name in sets], Session()))
    return None if findings is None else list(findings)


def told(**options: Any) -> set[tuple[str, str]]:
    """Where something is not answered, and what it is needed for."""
    findings = found(**options)
    assert findings is not None
    return {(finding.where, finding.what.rpartition(" for ")[2]) for finding in findings}


def test_an_able_erp_answers_all_of_them() -> None:
    assert told(sets=["Invoices"]) == set()


def test_a_key_with_zeros_left_out_is_in_another_order() -> None:
    assert told(sets=["Customers"]) == {("Customers/CustomerNumber", "a page of a list")}


def test_what_is_not_answered_is_named() -> None:
    assert told(sets=["Invoices"], kind=Deaf, able=False) == {
        ("Invoices/InvoiceNumber", "a detail page"),
        ("Invoices/InvoiceNumber", "a page of a list"),
        ("Invoices/CustomerNumber", "a related list"),
    }


def test_pages_that_cannot_go_on_are_named() -> None:
    assert told(sets=["Invoices"], kind=Restarting) == {("Invoices/InvoiceNumber", "later ones")}


def test_a_set_that_is_answered_with_a_condition_alone_is_left_out() -> None:
    assert told(sets=["Invoices"], kind=Deaf, able=False, required={"VBRK": (("KUNAG",),)}) == set()


@pytest.mark.parametrize("check", ["types", "pooler"])
def test_other_checks_are_not_answered(check: str) -> None:
    assert found(check) is None
