"""Conformance: what shapes an answer, ``$compute`` and the rest of ``$expand`` and ``$select``. Each test is named by its
clause.
"""

from decimal import Decimal as D

import pytest

from tests.serving import ROOT
from tests.spec.clauses import Checks, World

checks = Checks()


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, each_world: World) -> None:
    checks.run(clause, each_world)


@checks("40-ADV-16", "401-MIN-15", "401-INT-08", "401-ADV-04")
def compute(world: World) -> None:
    demo = {row["InvoiceNumber"]: row for row in world.demo["Invoices"]}
    twice = "$compute=GrossAmount mul 2 as Twice,Twice sub OpenAmount as Rest"
    answer = world.get(f"Invoices?{twice}&$select=InvoiceNumber,Rest&$top=200")
    assert answer.json["@odata.context"] == f"{ROOT}$metadata#Invoices(InvoiceNumber,Rest)"
    for row in answer.rows:
        source = demo[row["InvoiceNumber"]]
        assert list(row) == ["InvoiceNumber", "Rest@odata.type", "Rest"]
        assert row["Rest@odata.type"] == "#Decimal"
        assert D(str(row["Rest"])) == source["GrossAmount"] * 2 - source["OpenAmount"]
    expected = world.where("Invoices", lambda r: r["GrossAmount"] * 2 - r["OpenAmount"] > 90_000)
    assert 0 < len(expected) < len(demo)
    assert world.keys(f"Invoices?{twice}&$filter=Rest gt 90000&$select=InvoiceNumber") == expected
    ordered = sorted(demo, key=lambda n: (-(demo[n]["GrossAmount"] * 2 - demo[n]["OpenAmount"]), n))
    for headers in ({}, {"prefer": "maxpagesize=300"}):
        assert world.keys(f"Invoices?{twice}&$orderby=Rest desc&$select=InvoiceNumber", **headers) == ordered
    for options in ("", "&$select=*"):
        assert {"Twice", "Rest", "Status"} <= set(world.get(f"Invoices?{twice}{options}&$top=1").rows[0])
    assert world.get(f"Invoices('INV-100077')?{twice}&$select=Twice").json["Twice"] is not None
    world.refuses("Invoices?$compute=GrossAmount mul 2 as Status", 400)
    world.refuses("Invoices?$compute=GrossAmount mul 2 as A,OpenAmount as A", 400)


@checks("40-ADV-09.9")
def compute_in_expand(world: World) -> None:
    for parent in world.demo["Customers"][:5]:
        own = [r for r in world.demo["Invoices"] if r["CustomerNumber"] == parent["CustomerNumber"]]
        answer = world.get(
            f"Customers('{parent['CustomerNumber']}')?$select=City&$expand=Invoices"
            "($compute=GrossAmount mul 2 as Twice;$select=InvoiceNumber,Twice;$orderby=Twice desc)"
        )
        assert answer.json["@odata.context"] == f"{ROOT}$metadata#Customers(City,Invoices(InvoiceNumber,Twice))/$entity"
        found = [(r["InvoiceNumber"], D(str(r["Twice"]))) for r in answer.json["Invoices"]]
        assert found == [
            (r["InvoiceNumber"], r["GrossAmount"] * 2)
            for r in sorted(own, key=lambda r: (-r["GrossAmount"], r["InvoiceNumber"]))
        ]
