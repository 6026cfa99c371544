"""``$compute``: names for expressions, in every option that can use them, whoever works them out."""

import json
from decimal import Decimal
from urllib.parse import quote

import pytest

from odata_server.service import Service
from tests.engine.small import DATA, ask, code, get, service

CAPABLE, INCAPABLE = service(), service(capable=False)
EACH = pytest.mark.parametrize("small", [CAPABLE, INCAPABLE], ids=["source", "engine"])


def shown(row: object, *names: str) -> tuple[object, ...]:
    assert isinstance(row, dict)
    return tuple(row[name] for name in names)


@EACH
def test_values_types_and_context(small: Service) -> None:
    items = "Amount mul 2 as Twice,Twice add 1 as More,Customer/Country as Land,DueDate as Due,Positions mul 3 as P"
    body = ask(small, "Invoices", f"$compute={items}")
    assert str(body["@odata.context"]).endswith("#Invoices(*,Twice,More,Land,Due,P)")
    countries = {row["CustomerNumber"]: row["Country"] for row in DATA["Customers"]}
    rows = body["value"]
    assert isinstance(rows, list)
    assert len(rows) == len(DATA["Invoices"])
    for row, source in zip(rows, DATA["Invoices"], strict=True):
        amount = source["Amount"]
        assert row["Twice"] == (None if amount is None else amount * 2)
        assert row["More"] == (None if amount is None else amount * 2 + 1)
        assert row["Land"] == countries.get(source["CustomerNumber"])
        assert row["Due"] == row["DueDate"]
        assert row["P"] == 3 * row["Positions"]
        names = list(row)
        for name, kind in (("Twice", "#Decimal"), ("Due", "#Date"), ("P", "#Int64")):
            assert row[f"{name}@odata.type"] == kind
            assert names.index(f"{name}@odata.type") + 1 == names.index(name)
        assert "Land@odata.type" not in row, "a text tells its type"


@EACH
def test_metadata_levels_and_numbers(small: Service) -> None:
    query = "$compute=Positions mul 3 as P,Amount div 3 as Third&$select=P,Third&$top=1&$skip=1"
    none = ask(small, "Invoices", query, Accept="application/json;odata.metadata=none")
    assert none["value"] == [{"P": 3, "Third": Decimal("-0.633333333333")}]
    newer = ask(small, "Invoices", query, OData_MaxVersion="4.01")
    assert shown(newer["value"][0], "P@type", "Third@type") == ("Int64", "Decimal")
    text = ask(small, "Invoices", query, Accept="application/json;IEEE754Compatible=true")
    assert shown(text["value"][0], "P", "Third") == ("3", "-0.633333333333")


@EACH
def test_other_options_use_the_names(small: Service) -> None:
    body = ask(
        small,
        "Invoices",
        "$compute=Amount mul 2 as Twice&$filter=Twice gt 3 and $it/Twice lt 9&$orderby=Twice desc&$select=Twice&$count=true",
    )
    amounts = sorted((r["Amount"] * 2 for r in DATA["Invoices"] if r["Amount"] is not None), reverse=True)
    expected = [a for a in amounts if 3 < a < 9]
    assert [row["Twice"] for row in body["value"]] == expected
    assert body["@odata.count"] == len(expected)
    assert str(body["@odata.context"]).endswith("#Invoices(Twice)")
    count = get(small, "Invoices/$count", "$compute=Amount%20mul%202%20as%20T&$filter=T%20gt%203%20and%20T%20lt%209")
    assert int(count.body) == len(expected)
    inside = ask(small, "Customers", "$compute=Visits add 1 as V&$filter=Invoices/any(i:i/Positions eq V)&$select=V")
    visits = {r["CustomerNumber"]: r["Visits"] for r in DATA["Customers"] if r["Visits"] is not None}
    wanted = {
        r["CustomerNumber"] for r in DATA["Invoices"] if r["Positions"] == visits.get(r["CustomerNumber"], -9) + 1
    }
    assert len(inside["value"]) == len(wanted) > 0


@EACH
def test_star_selects_and_a_list_leaves_out(small: Service) -> None:
    star = ask(small, "Invoices('I001')", "$compute=Positions as P&$select=*")
    assert shown(star, "P") == (1,)
    assert "Amount" in star
    without = ask(small, "Invoices('I001')", "$compute=Positions as P&$select=Amount")
    assert "P" not in without


@EACH
def test_related_rows(small: Service) -> None:
    body = ask(
        small,
        "Customers",
        "$select=CustomerNumber&$compute=Invoices/$count as N"
        "&$expand=Invoices($compute=Amount mul 2 as Twice,Customer/CustomerName as Who;"
        "$select=Twice,Who;$filter=Twice gt 1;$orderby=Twice desc;$top=2)",
    )
    names = {row["CustomerNumber"]: row["CustomerName"] for row in DATA["Customers"]}
    for row in body["value"]:
        own = [r["Amount"] for r in DATA["Invoices"] if r["CustomerNumber"] == row["CustomerNumber"]]
        twice = sorted((a * 2 for a in own if a is not None and a * 2 > 1), reverse=True)
        assert [r["Twice"] for r in row["Invoices"]] == twice[:2]
        assert all(r["Who"] == names[row["CustomerNumber"]] for r in row["Invoices"])


@EACH
@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_by_a_computed_order(small: Service, size: int) -> None:
    query = (
        "$compute=Positions mul -1 as Less,length(CustomerNumber) as L&$orderby=Less,L desc&$select=InvoiceNumber,Less"
    )
    whole = ask(small, "Invoices", query)["value"]
    found: list[object] = []
    answer = ask(small, "Invoices", query, Prefer=f"maxpagesize={size}")
    while True:
        found.extend(answer["value"])
        link = answer.get("@odata.nextLink")
        if link is None:
            break
        assert len(answer["value"]) == size
        answer = json.loads(get(small, "Invoices", str(link).partition("?")[2]).body, parse_float=Decimal)
    assert found == whole


@EACH
@pytest.mark.parametrize("direction", ["", " desc"])
@pytest.mark.parametrize(
    "value",
    [
        "Positions gt 1", "DueDate sub 2026-01-01", "cast(Amount,Edm.Double)", "cast(Positions,Edm.Double) div 0",
        "cast(Positions sub 1,Edm.Double) div 0", "PostedAt", "time(PostedAt)", "null", "Customer/CustomerName",
        "case(Positions gt 1:'a',true:null)", "Amount div 7", "length(CustomerNumber) mul 1000000000000", "5",
    ],
)  # fmt: skip
def test_pages_by_values_of_any_type(small: Service, value: str, direction: str) -> None:
    """Null, NaN and the infinities have their places, and a page can end at any of them."""
    query = quote(f"$compute={value} as X&$orderby=X{direction}&$select=InvoiceNumber,X", safe="$=&(),'/:")
    whole = json.loads(get(small, "Invoices", query).body)["value"]
    assert len(whole) == len(DATA["Invoices"])
    found: list[object] = []
    link: str | None = query
    while link is not None:
        page = json.loads(get(small, "Invoices", link.partition("?")[2] or link, Prefer="maxpagesize=13").body)
        found.extend(page["value"])
        link = page.get("@odata.nextLink")
    assert found == whole


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$compute=Positions as Amount", "name_taken"),
        ("$compute=Positions as Customer", "name_taken"),
        ("$compute=Positions as P,Amount as P", "name_taken"),
        ("$compute=P as Q,Positions as P", "unknown_property"),
        ("$compute=P as P", "unknown_property"),
        ("$compute=Positions as P&$filter=p gt 1", "unknown_property"),
        ("$compute=Positions as P&$filter=P/Q gt 1", "unknown_property"),
        ("$compute=Positions as P&$filter=Customer/P gt 1", "unknown_property"),
        ("$compute=Positions as P&$filter=Customer/Invoices/any(i:i/P gt 1)", "unknown_property"),
        ("$compute=Positions as P&$expand=Customer($select=P)", "unknown_property"),
        ("$compute=Customer as C", "type_mismatch"),
        ("$compute=[1,2] as C", "type_mismatch"),
        ("$compute=Customer/Remarks as R&$orderby=R", "not_sortable"),
        ("$compute=Positions", "syntax"),
        ("$compute=Positions as", "syntax"),
        ("$compute=Positions as A.B", "syntax"),
    ],
)
def test_refused(query: str, expected: str) -> None:
    assert code(CAPABLE, "Invoices", query) == expected


def test_where_it_does_not_apply() -> None:
    assert code(CAPABLE, "Invoices('I001')/Amount", "$compute=Positions as P") == "option_not_allowed"
    assert code(CAPABLE, "Customers", "$expand=Invoices/$count($compute=Positions as P)") == "option_not_allowed"


def _doubled(times: int) -> str:
    """Each name is twice the one before: the last one stands for 2**times operands."""
    items = ["Positions as A0"] + [f"A{i} add A{i} as A{i + 1}" for i in range(times)]
    return f"$compute={','.join(items)}"


def test_inlining_stays_within_the_limit_of_nodes() -> None:
    answer = ask(CAPABLE, "Invoices", f"{_doubled(8)}&$select=A8&$top=1&$skip=1")
    assert answer["value"][0]["A8"] == 256
    assert code(CAPABLE, "Invoices", f"{_doubled(12)}&$select=A12") == "limit_exceeded"
    uses = " or ".join(["A7 gt 1"] * 8)
    assert code(CAPABLE, "Invoices", f"{_doubled(7)}&$filter={uses}") == "limit_exceeded"
