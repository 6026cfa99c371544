"""Mutation checks of the kit: an adapter that lies in one thing is found out, and said to lie in just that."""

from dataclasses import replace
from typing import Any

import pytest

from edm.capabilities import Match
from erp_adapters.kit import Options, examine, failures
from tests.kit import shop
from tests.kit.liars import LIARS, UNFIT, Honest


@pytest.mark.parametrize("name", LIARS)
def test_a_liar_is_found_out(name: str) -> None:
    make, check, word = LIARS[name]
    given = shop.rows() if check in ("columns", "rows") else None
    found = failures(list(examine(make(), shop.METADATA, given, Options(cases=400, checks=(check,)))))
    assert any(word in failure.why for failure in found), [str(failure) for failure in found[:3]]
    assert all(failure.fix for failure in found)


@pytest.mark.parametrize(
    ("name", "check"),
    [("always ascending", "orders"), ("sorts whatever the letter case", "orders"), ("skips one too many", "slices"),
     ("ignores top of zero", "slices")],
)  # fmt: skip
def test_a_liar_is_found_out_where_no_sample_can_be_picked_out(name: str, check: str) -> None:
    liar = LIARS[name][0]()
    known = liar.capabilities
    liar.capabilities = lambda entity_set: replace(known(entity_set), match=lambda expr: Match.NO)
    found = failures(list(examine(liar, shop.METADATA, None, Options(rows=20, checks=(check,)))))
    assert found
    honest = Honest()
    honest.capabilities = liar.capabilities  # type: ignore[method-assign]
    assert failures(list(examine(honest, shop.METADATA, None, Options(rows=20, checks=(check,))))) == []


def test_the_honest_one_is_not() -> None:
    outcomes = list(examine(Honest(), shop.METADATA, shop.rows(), Options(cases=700)))
    assert [str(failure) for failure in failures(outcomes)] == []
    assert sum(outcome.tried for outcome in outcomes) > 4_000


@pytest.mark.parametrize("name", UNFIT)
def test_a_value_that_does_not_fit_is_found(name: str) -> None:
    prop, value, word = UNFIT[name]
    rows: dict[str, Any] = dict(shop.rows())
    rows["Orders"] = [*rows["Orders"][:9], {**rows["Orders"][9], prop: value}, *rows["Orders"][10:]]
    found = failures(list(examine(Honest(rows), shop.METADATA, None, Options(checks=("rows",), sets=("Orders",)))))
    assert len(found) == 1
    assert word in f"{found[0].why} {found[0].expected}"
    assert found[0].subject == prop


def test_a_failure_says_where_what_and_why() -> None:
    make, check, _ = LIARS["loses nulls on ne"]
    options = Options(checks=(check,), sets=("Orders",))
    found = next(f for f in failures(list(examine(make(), shop.METADATA, None, options))) if f.subject == "Amount")
    assert found.operator == "ne"
    assert found.query.startswith("Orders?$select=OrderKey&$filter=Amount ne ")
    assert "missing" in found.got
    assert "Amount=None" in found.got
    assert "or field is null" in found.fix
    assert found.more > 0
    assert found.query in str(found)
    assert replace(found, more=0) != found
