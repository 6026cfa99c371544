"""Conformance: what shapes an answer, ``$compute`` and the rest of ``$expand`` and ``$select``. Each test is named by its
clause.
"""

from decimal import Decimal as D
from typing import Any

import pytest

from tests.serving import ROOT, demo_metadata
from tests.spec.clauses import Checks, Row, World

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


def _chain(row: dict[str, Any] | None, link: str, key: str) -> list[str]:
    """The keys along a single-valued navigation property, as far as it was expanded."""
    found: list[str] = []
    while row is not None and link in row:
        row = row[link]
        found.extend([] if row is None else [row[key]])
    return found


@checks("40-ADV-09.8")
def levels(world: World) -> None:
    for name, link, own in (
        ("Customers", "ParentCustomer", "ParentCustomerNumber"),
        ("Assets", "ParentAsset", "ParentAssetNumber"),
        ("Items", "SuccessorItem", "SuccessorItemNumber"),
    ):
        key = demo_metadata()[name].type.key
        rows: dict[str, Row] = {row[key]: row for row in world.demo[name]}
        # Two levels with a parent at all: its own parent is null, and beyond it there is nothing.
        for wanted, depth in (("1", 1), ("2", 2), ("max", 3)):
            answer = world.get(f"{name}?$filter={own} ne null&$top=40&$select={key}&$expand={link}($levels={wanted})")
            assert answer.rows
            for row in answer.rows:
                expected: list[str] = []
                at = rows[row[key]][own]
                while at is not None and len(expected) < depth:
                    expected.append(at)
                    at = rows[at][own]
                assert _chain(row, link, key) == expected
                assert (link in row[link]) is (depth > 1)
    children = world.get("Customers?$expand=ChildCustomers($levels=2;$select=CustomerNumber)&$select=CustomerNumber")
    assert children.json["@odata.context"].endswith("#Customers(CustomerNumber,ChildCustomers+(CustomerNumber))")
    parents = {r["CustomerNumber"]: r["ParentCustomerNumber"] for r in world.demo["Customers"]}
    for row in children.rows:
        found = [child["CustomerNumber"] for child in row["ChildCustomers"]]
        assert found == [n for n, parent in parents.items() if parent == row["CustomerNumber"]]
    world.refuses("Customers?$expand=ParentCustomer($levels=4)", 400)
    world.refuses("Customers?$expand=Invoices($levels=2)", 400)
    world.refuses("Customers?$expand=ParentCustomer($levels=0)", 400)


# --- paths ----------------------------------------------------------------------------------------------------------


@checks("401-INT-11", "401-ADV-08")
def filter_segments(world: World) -> None:
    expected = world.where("Customers", lambda r: r["Blocked"])
    assert expected
    assert world.keys("Customers/$filter(Blocked)?$select=CustomerNumber") == expected
    assert world.keys("Customers/$filter(Blocked)?$select=CustomerNumber", prefer="maxpagesize=3") == expected
    assert world.get("Customers/$filter(Blocked)/$count").text == str(len(expected))
    assert [r["@odata.id"] for r in world.get("Customers/$filter(@b)/$ref?@b=Blocked").rows] == [
        f"{ROOT}Customers('{key}')" for key in expected
    ]
    german = world.where("Customers", lambda r: r["Blocked"] and r["Country"] == "DE")
    for target in (
        "Customers/$filter(Blocked)/$filter(Country eq 'DE')?$select=CustomerNumber",
        "Customers/$filter(Blocked)?$filter=Country eq 'DE'&$select=CustomerNumber",
        "Customers/ErpOData.Customer/$filter(Blocked and Country eq @c)?@c='DE'&$select=CustomerNumber",
    ):
        assert world.keys(target) == german
    key = expected[0]
    assert world.get(f"Customers/$filter(Blocked)('{key}')").json == world.get(f"Customers('{key}')").json
    other = world.where("Customers", lambda r: not r["Blocked"])[0]
    world.refuses(f"Customers/$filter(Blocked)('{other}')", 404)
    owed = [r["InvoiceNumber"] for r in world.demo["Invoices"] if r["CustomerNumber"] == key and r["OpenAmount"] > 0]
    assert world.keys(f"Customers('{key}')/Invoices/$filter(OpenAmount gt 0)?$select=InvoiceNumber") == owed
    world.refuses("Customers/$filter(Blockd)", 400)
    world.refuses("Customers/$each", 501)


@checks("P-ENTITY")
def entity_by_id(world: World) -> None:
    plain = world.get("Customers('C-100042')").json
    for id_ in ("Customers('C-100042')", f"{ROOT}Customers('C-100042')", "/odata/v4/Customers('C-100042')"):
        assert world.get(f"$entity?$id={id_}").json == plain
        assert world.get(f"$entity/ErpOData.Customer?$id={id_}").json == plain
    shaped = "$select=City&$expand=Invoices($top=1;$select=Status)"
    assert (
        world.get(f"$entity?$id=Customers('C-100042')&{shaped}").json
        == world.get(f"Customers('C-100042')?{shaped}").json
    )
    row = world.get("Invoices('INV-100077')?$expand=Customer/$ref&$select=Status").json
    assert world.get(f"$entity?$id={row['Customer']['@odata.id']}&$select=City").json["City"]
    for target in ("$entity", "$entity?$select=City", "$entity?$id="):
        world.refuses(target, 400)
    for target in (
        "$entity?$id=Customers('none')",
        "$entity?$id=Customers",
        "$entity?$id=https://elsewhere/Customers('x')",
    ):
        world.refuses(target, 404)


@checks("P-ALL")
def all_entities(world: World) -> None:
    """Refused as the standard allows, and with what to do instead."""
    for target in ("$all", "$all/ErpOData.Customer"):
        assert world.refuses(target, 501)["@ErpOData.hint"]
