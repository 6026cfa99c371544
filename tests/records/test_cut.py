"""Long lists in parts: no part has more values than the source takes, and all parts together are the whole."""

from collections.abc import Mapping

import pytest

from erp_adapters.records.base import All, Compare, Condition, Either, OneOf
from erp_adapters.records.conditions import cut, holds

RECORDS = [{"A": a, "B": b, "C": c} for a in range(9) for b in range(5) for c in range(2)]


@pytest.mark.parametrize(
    ("condition", "lists", "parts"),
    [
        (OneOf("A", tuple(range(8))), {}, 3),
        (OneOf("A", tuple(range(8))), {"A": 1}, 8),
        (OneOf("A", tuple(range(8))), {"A": 5}, 2),
        (OneOf("A", tuple(range(8))), {"B": 1}, 3),
        (OneOf("A", (1,)), {"A": 1}, 1),
        (OneOf("A", tuple(range(8)), negated=True), {"A": 1}, 1),
        (All((OneOf("A", (1, 2, 3)), OneOf("B", (1, 2)), Compare("C", "eq", 1))), {"B": 1}, 2),
        (All((OneOf("A", (1, 2, 3)), OneOf("B", (1, 2)))), {"A": 1, "B": 1}, 6),
        (Either(tuple(All((Compare("A", "eq", a), Compare("B", "eq", a))) for a in range(4))), {}, 4),
    ],
)
def test_parts_are_the_whole(condition: Condition, lists: Mapping[str, int], parts: int) -> None:
    found = cut(condition, 3, lists)
    assert len(found) == parts
    for record in RECORDS:
        met = [holds(where, record) and holds(piece, record) for where, piece in found]
        assert sum(met) == holds(condition, record)
