"""Conformance: what belongs to later steps is refused as OData wants it, and no clause is forgotten.

A clause moves from ``NOT_YET`` to a check when its step is done; ``test_every_clause_is_somewhere`` watches over that.
"""

import pytest

from tests.spec import (
    test_conformance_aggregation,
    test_conformance_batch,
    test_conformance_expressions,
    test_conformance_json,
    test_conformance_options,
    test_conformance_paths,
    test_conformance_protocol,
    test_conformance_query,
)
from tests.spec.clauses import CLAUSES, World, well_formed_error

#: clause -> (step, method and target of a request that needs it)
NOT_YET: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("40-MIN-18", "40-MIN-23", "40-MIN-29"), ("writes", "PATCH Customers('C-100042')")),
    **dict.fromkeys(("40-MIN-19", "40-MIN-27", "40-MIN-28", "40-MIN-32"), ("writes", "POST Customers")),
    "40-MIN-20": ("writes", "POST Customers('C-100042')/Invoices"),
    "40-MIN-21": ("writes", "POST Customers('C-100042')/Invoices/$ref"),
    "40-MIN-22": ("writes", "PUT Invoices('INV-100077')/Customer/$ref"),
    "40-MIN-24": ("writes", "DELETE Customers('C-100042')"),
    "40-MIN-25": ("writes", "DELETE Invoices('INV-100077')/Customer/$ref"),
    "40-MIN-26": ("writes", "PATCH Customers('C-100042')"),
    "40-MIN-30": ("writes", "PUT Customers('C-100042')/City"),
    "40-MIN-31": ("writes", "DELETE Customers('C-100042')/City"),
    "40-MIN-33": ("writes", "PATCH Customers/$each"),
    "40-ADV-14": ("change tracking", "GET Invoices?$deltatoken=1"),
    "40-ADV-15": ("the whole language", "GET $crossjoin(Customers,Invoices)"),
    **dict.fromkeys(("401-MIN-18", "401-MIN-21"), ("writes", "PATCH Customers('C-100042')")),
    "401-MIN-19": ("writes", "DELETE Customers('C-100042')/Invoices('INV-100077')/$ref"),
    "401-MIN-20": ("writes", "PUT Customers('C-100042')"),
    "401-MIN-22": ("writes", "PUT Customers('C-100042')/Invoices/$ref"),
    "401-MIN-24": ("writes", "PATCH Customers"),
    "401-MIN-25": ("writes", "POST Customers/ErpOData.Customer"),
    "401-MIN-26": ("writes", "PATCH Customers"),
    "401-MIN-27": ("writes", "POST Customers?$select=City"),
    **dict.fromkeys(("401-INT-11", "401-ADV-08"), ("the whole language", "GET Customers/$filter(Blocked)")),
    "P-ENTITY": ("the whole language", "GET $entity?$id=Customers('C-100042')"),
    "P-ALL": ("the whole language", "GET $all"),
}

#: Clauses that sum up others.
SUMMARIES = {
    "40-MIN-11",
    "40-INT-01",
    "40-ADV-01",
    "401-MIN-01",
    "401-INT-01",
    "401-INT-02",
    "401-ADV-01",
    "401-ADV-02",
}

#: What the model has none of: operations, complex types, collections of values; and what the standard leaves to us.
NOT_OFFERED = {
    "401-MIN-09.3", "401-MIN-09.4", "401-MIN-09.5", "401-MIN-09.7", "401-MIN-09.14", "401-MIN-23", "401-INT-05",
    "401-INT-07", "401-INT-09", "401-ADV-05", "401-ADV-10",
}  # fmt: skip

#: Tested where users are: tests/server.
ELSEWHERE = {"40-INT-10"}

CHECKED = [
    clause
    for module in (
        test_conformance_aggregation,
        test_conformance_expressions,
        test_conformance_protocol,
        test_conformance_query,
        test_conformance_json,
        test_conformance_paths,
        test_conformance_options,
        test_conformance_batch,
    )
    for clause in module.checks
]


def test_every_clause_is_somewhere() -> None:
    places = [*CHECKED, *NOT_YET, *SUMMARIES, *NOT_OFFERED, *ELSEWHERE]
    assert sorted(places) == sorted(CLAUSES)


@pytest.mark.parametrize("clause", NOT_YET)
def test_not_yet(clause: str, world: World) -> None:
    method, _, target = NOT_YET[clause][1].partition(" ")
    answer = world.send(method, target, b"{}" if method != "GET" else b"", content_type="application/json")
    assert answer.status in ((501,) if method == "GET" else (404, 405, 501)), answer.text
    well_formed_error(answer)
    if answer.status == 405:
        assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "target",
    [
        "Customers('C-100042')/ErpOData.Operation()", "ErpOData.Operation()", "Customers?$select=City($top=1)",
        "customers", "Customers?$filter=city eq 'x'", 'Customers?$filter=$it eq {"City":"x"}',
    ],
)  # fmt: skip
def test_not_offered(target: str, world: World) -> None:
    answer = world.get(target)
    assert answer.status in (400, 404, 501)
    well_formed_error(answer)
