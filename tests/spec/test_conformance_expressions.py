"""Conformance: functions of 4.01, annotations, paths and lists in expressions. Each test is named by its clause."""

import re
from typing import Any

import pytest

from tests.spec.clauses import Checks, Row, World

checks = Checks()


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, each_world: World) -> None:
    checks.run(clause, each_world)


@checks("401-FN")
def functions_of_4_01(world: World) -> None:
    for condition, predicate in (
        ("substring(City,9999) eq ''", lambda r: r["City"] is not None),
        ("substring(City,0,0) eq ''", lambda r: r["City"] is not None),
        ("substring(City,-9999) eq 'Hamburg'", lambda r: r["City"] == "Hamburg"),
        ("matchespattern(City,'^[A-H].*[nm]$')", pattern("City", "^[A-H].*[nm]$")),
        ("matchesPattern(City,'(?i)burg')", pattern("City", "(?i)burg")),
        ("not matchespattern(City,'a')", lambda r: None if r["City"] is None else "a" not in r["City"]),
        ("case(Blocked:'b',DunningLevel gt 1:'d',true:'x') eq 'd'", lambda r: not r["Blocked"] and dunned(r)),
        ("case(DunningLevel gt 1:DunningLevel) eq null", lambda r: not dunned(r)),
        ("hassubset([Country,Language],['DE'])", lambda r: "DE" in (r["Country"], r["Language"])),
        ("hassubset(['DE','AT'],[Country])", lambda r: r["Country"] in ("DE", "AT")),
        ("hassubsequence([Country,Language,'x'],['DE','x'])", lambda r: "DE" in (r["Country"], r["Language"])),
        ("startswith([Country,City],['DE'])", lambda r: r["Country"] == "DE"),
        ("contains(['AT','DE','CH'],[Country])", lambda r: r["Country"] in ("AT", "DE", "CH")),
        ("indexof(['AT','DE'],[Country]) eq 1", lambda r: r["Country"] == "DE"),
    ):
        world.filters("Customers", condition, predicate)
    world.refuses("Customers?$filter=matchespattern(City,'(')", 400)
    world.refuses("Customers?$filter=substring(City,1,-1) eq ''", 400)


def pattern(name: str, expression: str) -> Any:
    return lambda r: None if r[name] is None else re.search(expression, r[name]) is not None


def dunned(row: Row) -> bool:
    return row["DunningLevel"] is not None and row["DunningLevel"] > 1


@checks("401-MIN-14")
def annotation_values(world: World) -> None:
    for name in ("Measures.ISOCurrency", "Org.OData.Measures.V1.ISOCurrency"):
        world.filters("Invoices", f"GrossAmount/@{name} eq 'EUR'", lambda r: r["Currency"] == "EUR")
    for condition, everything in (
        ("City/@Core.Description eq 'City'", True),
        ("City/@Core.Description eq 'Town'", False),
        ("City/@Core.Unheard eq null", True),
        ("City/@Core.Description%23Short eq null", True),
        ("@Core.Messages eq null", True),
    ):
        expected = world.where("Customers", lambda r: True) if everything else []
        assert world.keys(f"Customers?$select=CustomerNumber&$filter={condition}") == expected, condition
    # A value that is a list or a record can be no operand.
    world.refuses("Invoices?$filter=Status/@Validation.AllowedValues eq 'Open'", 501)


def test_types_and_casts(each_world: World) -> None:
    world = each_world
    for condition, predicate in (
        ("cast(DunningLevel,Edm.String) eq '2'", lambda r: r["DunningLevel"] == 2),
        ("contains(cast(CreditLimit,Edm.String),'500')", lambda r: "500" in f"{r['CreditLimit'] or 0:f}".split(".")[0]),
        ("cast(PostalCode,Edm.Int32) gt 50000", lambda r: integer(r["PostalCode"]) > 50000),
        ("isof(PostalCode,Edm.Int32)", lambda r: integer(r["PostalCode"]) >= 0),
        ("isof(ParentCustomer,ErpOData.Customer)", lambda r: r["ParentCustomerNumber"] is not None),
        ("ErpOData.Customer/City eq 'Hamburg'", lambda r: r["City"] == "Hamburg"),
        ("ParentCustomer/ErpOData.Customer/Country eq 'DE'", lambda r: parent(world, r).get("Country") == "DE"),
    ):
        world.filters("Customers", condition, predicate)
    assert world.keys("Customers?$select=City&$filter=isof(ErpOData.Invoice)") == []
    world.refuses("Customers?$filter=isof(City,Edm.Text)", 400)
    world.refuses("Customers?$filter=City eq ErpOData.Colour'Red'", 400)
    world.refuses("Customers?$filter=City has 'Red'", 400)
    world.refuses("Customers?$filter=ErpOData.Invoice/Status eq 'Open'", 400)
    world.refuses("Customers?$filter=geo.distance(City,geography'SRID=0;Point(1 2)') lt 5", 501)
    world.refuses("Customers?$filter=geo.length(City) lt 5", 501)


def integer(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII) else -1


def parent(world: World, row: Row) -> Row:
    found = (r for r in world.demo["Customers"] if r["CustomerNumber"] == row["ParentCustomerNumber"])
    return next(found, {})
