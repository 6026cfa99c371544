"""Conformance: data aggregation. Totals are worked out again from the rows of the demo ERP."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal as D
from typing import Any

import pytest

from tests.golden.cases import Number, written
from tests.serving import ROOT, Answer
from tests.spec.clauses import Checks, Row, World, well_formed_error

checks = Checks()


@pytest.mark.parametrize("clause", checks)
def test_clause(clause: str, each_world: World) -> None:
    checks.run(clause, each_world)


def exact(answer: Answer) -> list[dict[str, Any]]:
    """The rows without control information, numbers as decimals."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return {name: plain(inner) for name, inner in value if "@" not in name}
        return D(value) if isinstance(value, Number) else value

    assert answer.status == 200, answer.text[:500]
    return [plain(row) for row in dict(written(answer.text))["value"]]


def groups(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def itemgetter_of(names: tuple[str, ...]) -> Callable[[Row], Any]:
    return lambda row: tuple(row[name] for name in names)


def total(rows: Iterable[Row], name: str) -> D:
    return sum((row[name] for row in rows if row[name] is not None), D(0))


@checks("AGG-01")
def aggregate_and_groupby(world: World) -> None:
    rows = world.demo["Invoices"]
    amounts = [row["GrossAmount"] for row in rows if row["GrossAmount"] is not None]
    answer = world.get(
        "Invoices?$apply=aggregate($count as Rows,GrossAmount with sum as Total,GrossAmount with min as Least,"
        "GrossAmount with max as Most,GrossAmount with average as Mean,Status with countdistinct as States)"
    )
    (found,) = exact(answer)
    assert abs(found.pop("Mean") - sum(amounts) / len(amounts)) < D("1e-11")
    assert found == {
        "Rows": len(rows),
        "Total": sum(amounts),
        "Least": min(amounts),
        "Most": max(amounts),
        "States": len({row["Status"] for row in rows}),
    }
    assert answer.json["@odata.context"] == f"{ROOT}$metadata#Invoices(Rows,Total,Least,Most,Mean,States)"
    assert answer.rows[0]["@odata.id"] is None
    assert answer.rows[0]["Total@odata.type"] == "#Decimal"

    customers = {row["CustomerNumber"]: row for row in world.demo["Customers"]}
    answer = world.get(
        "Invoices?$apply=groupby((Customer/Country,Status),aggregate(GrossAmount with sum as Total,$count as Rows))"
    )
    expected = {
        key: {"Total": total(members, "GrossAmount"), "Rows": len(members)}
        for key, members in groups(rows, lambda r: (customers[r["CustomerNumber"]]["Country"], r["Status"])).items()
    }
    assert len(expected) > 5
    assert {
        (row["Customer"]["Country"], row["Status"]): {"Total": row["Total"], "Rows": row["Rows"]}
        for row in exact(answer)
    } == expected
    assert answer.json["@odata.context"] == f"{ROOT}$metadata#Invoices(Customer(Country),Status,Total,Rows)"

    distinct = exact(world.get("Invoices?$apply=groupby((Status))"))
    assert distinct == [{"Status": status} for status in sorted({row["Status"] for row in rows})]
    (nothing,) = exact(
        world.get("Invoices?$apply=filter(Status eq 'x')/aggregate(GrossAmount with sum as Total,$count as Rows)")
    )
    assert nothing == {"Total": None, "Rows": 0}


@checks("AGG-02")
def pipelines(world: World) -> None:
    rows = world.demo["Invoices"]
    customers = {row["CustomerNumber"]: row for row in world.demo["Customers"]}
    opened = [row for row in rows if row["Status"] == "Open"]
    by = groups(opened, lambda row: (customers[row["CustomerNumber"]]["Country"], row["DueDate"].month))
    answer = world.get(
        "Invoices?$apply=filter(Status eq 'Open')/compute(month(DueDate) as DueMonth)"
        "/groupby((Customer/Country,DueMonth),aggregate(OpenAmount with sum as Open))"
        "&$filter=Open gt 100&$orderby=Open desc&$top=10&$count=true"
    )
    totals = {key: total(members, "OpenAmount") for key, members in by.items()}
    totals = {key: value for key, value in totals.items() if value > 100}
    assert answer.count == len(totals) > 10
    assert [row["Open"] for row in exact(answer)] == sorted(totals.values(), reverse=True)[:10]
    for row in exact(answer):
        assert totals[row["Customer"]["Country"], row["DueMonth"]] == row["Open"]

    best = exact(world.get("Invoices?$apply=topcount(3,GrossAmount)/orderby(GrossAmount desc)&$select=GrossAmount"))
    amounts = sorted((row["GrossAmount"] for row in rows), reverse=True)
    assert [row["GrossAmount"] for row in best] == amounts[:3]
    both = exact(
        world.get(
            "Invoices?$apply=concat(topcount(2,GrossAmount),aggregate(GrossAmount with sum as Total))"
            "&$select=GrossAmount,Total"
        )
    )
    assert sorted((row["GrossAmount"] for row in both[:2]), reverse=True) == amounts[:2]
    assert both[2:] == [{"Total": sum(amounts)}]

    levels = exact(
        world.get("Invoices?$apply=groupby((rollup($all,Currency,Status)),aggregate(GrossAmount with sum as Total))")
    )
    expected = [
        {**names, "Total": total(members, "GrossAmount")}
        for keys in (("Currency", "Status"), ("Currency",), ())
        for names, members in (
            (dict(zip(keys, values, strict=True)), members)
            for values, members in sorted(groups(rows, itemgetter_of(keys)).items())
        )
    ]
    assert levels == expected

    lines = groups(world.demo["InvoiceLines"], lambda row: row["InvoiceNumber"])
    answer = world.get(
        "Invoices?$apply=groupby((Currency),aggregate(Lines/$count as Lines,Lines/Quantity with sum as Pieces,"
        "$count as Rows,Customer/CreditLimit with sum as Limit))"
    )
    for row in exact(answer):
        members = [invoice for invoice in rows if invoice["Currency"] == row["Currency"]]
        own = [line for invoice in members for line in lines[invoice["InvoiceNumber"]]]
        parties = {invoice["CustomerNumber"] for invoice in members}
        assert row == {
            "Currency": row["Currency"],
            "Lines": len(own),
            "Pieces": total(own, "Quantity"),
            "Rows": len(members),
            "Limit": total([customers[number] for number in parties], "CreditLimit"),
        }


@checks("AGG-03")
def errors(world: World) -> None:
    for apply, status, position in (
        ("aggregate(", 400, 10),
        ("aggregate(GrossAmount with sum)", 400, 30),
        ("aggregate(Status with sum as Total)", 400, 10),
        ("aggregate(Nope with sum as Total)", 400, 10),
        ("aggregate(Budget)", 400, 10),
        ("aggregate(GrossAmount with sum as A,$count as A)", 400, 36),
        ("groupby((Nope))", 400, 9),
        ("groupby((Lines/Quantity))", 400, 15),
        ("groupby((Status))/filter(GrossAmount gt 1)", 400, 25),
        ("topcount(0,GrossAmount)", 400, 9),
        ("topsum(5,Status)", 400, 0),
        ("nonsense(1)", 400, 0),
        ("nest(identity as All)", 501, 0),
        ("join(Lines as Line)", 501, 0),
        ("aggregate(GrossAmount with My.Method as A)", 501, 10),
        ("aggregate(GrossAmount with sum from Status with average as A)", 501, 31),
        ("groupby((rolluprecursive($root/Customers,Parents,CustomerNumber)))", 501, 9),
    ):
        answer = world.get(f"Invoices?$apply={apply}")
        assert answer.status == status, f"{apply}: {answer.text[:300]}"
        error = well_formed_error(answer)
        assert (error["target"], error["@ErpOData.position"]) == ("$apply", position), apply
    world.refuses("Customers?$expand=Invoices($apply=identity)", 501)
    world.refuses("Invoices('INV-100077')?$apply=identity", 400)
