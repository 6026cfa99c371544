"""``$expand`` against the same rows asked for one by one: what is nested means what it means on its own URL, ``$it`` is the
row of the resource path, and the number of reads does not depend on the number of rows.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.declare import load_texts
from edm.text import literal
from erp_adapters.memory import MemoryAdapter
from odata_server.service import Service, ServiceOptions
from tests.engine.small import (
    CUSTOMERS,
    DATA,
    INVOICES,
    METADATA,
    NOW,
    SECRET,
    _property,
    _set,
    ask,
    code,
    get,
    model,
    service,
)
from tests.profiles import examples
from tests.properties.expressions import conditions, encoded, orders

CAPABLE, INCAPABLE = service(), service(capable=False)
EACH = pytest.mark.parametrize("small", [CAPABLE, INCAPABLE], ids=["source", "engine"])


def bare(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what is expanded and without control information."""
    return {n: v for n, v in row.items() if "@" not in n and not isinstance(v, list | dict)}


# --- the same as on its own -------------------------------------------------------------------------------------------


@examples(60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nested_options_mean_what_they_mean_on_their_own(data: st.DataObject) -> None:
    small, invoice_set = model(), METADATA["Invoices"]
    options = {
        "$filter": data.draw(conditions(small, invoice_set, depth=2)),
        "$orderby": data.draw(orders(small, invoice_set)),
        "$top": str(data.draw(st.integers(0, 5))),
        "$skip": str(data.draw(st.integers(0, 3))),
        "$count": "true",
        "$compute": "Positions add 1 as Next,Customer/Country as Land",
    }
    chosen = data.draw(st.lists(st.sampled_from(sorted(options)), unique=True))
    parts = [f"{name}={options[name]}" for name in chosen]
    nested = ";".join(parts)
    target = data.draw(st.sampled_from((CAPABLE, INCAPABLE)))
    whole = get(target, "Customers", encoded(f"$expand=Invoices({nested})" if nested else "$expand=Invoices"))
    assert whole.status in (200, 400), whole.body
    for row in json.loads(whole.body).get("value", ())[::6]:
        alone = get(target, f"Customers('{row['CustomerNumber']}')/Invoices", encoded("\n".join(parts)))
        expected = json.loads(alone.body)
        assert row["Invoices"] == expected["value"]
        assert row.get("Invoices@odata.count") == expected.get("@odata.count")


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ("$top=1", 1), ("$top=2;$skip=1;$orderby=Amount desc", 2), ("$top=0", 0),
        ("$top=1;$count=true", None), ("$top=1;$orderby=Positions add 1", None),
    ],
)  # fmt: skip
def test_the_source_cuts_for_each_parent(options: str, rows: int | None) -> None:
    """Only the rows shown are read, unless their number or an order by no column has to be known."""
    seen: list[Any] = []
    watched = replace(CAPABLE, observers=(seen.append,))
    ask(watched, "Customers", f"$expand=Invoices({options})")
    parents = len(DATA["Customers"])
    if rows is None:
        assert seen[0].rows_read > 2 * parents
    else:
        assert seen[0].rows_read <= (1 + rows) * parents


#: Conditions and values over an invoice that mention the customer whom the path found as {Property}.
CORRELATED = (
    "CustomerNumber eq {CustomerNumber}", "Positions gt {Visits}", "Positions sub {Visits} lt 3 and Amount gt 0",
    "{Country} eq 'DE' or Amount gt 1", "not ({Blocked}) and Amount gt 0", "{Visits} eq null",
    "Customer/Country eq {Country}", "Customer/Invoices/any(i:i/Positions gt {Visits})", "Amount gt 1",
)  # fmt: skip


def substituted(text: str, row: Mapping[str, Any]) -> str:
    """The text with the values of a row in place of its properties."""
    kinds = METADATA["Customers"].type
    return re.sub(r"\{(\w+)\}", lambda m: literal(row[m[1]], kinds.property(m[1]).type), text)  # type: ignore[union-attr]


@EACH
@pytest.mark.parametrize("condition", CORRELATED)
@pytest.mark.parametrize(
    "more", ["", ";$orderby=Positions sub {Visits} desc;$top=2;$skip=1;$count=true", ";$compute={Visits} as V"]
)
def test_it_is_the_row_of_the_path(small: Service, condition: str, more: str) -> None:
    nested = f"$filter={condition}{more}"
    outer = re.sub(r"\{(\w+)\}", r"$it/\1", nested)
    body = ask(small, "Customers", f"$expand=Invoices({outer})")
    found = 0
    for row, source in zip(body["value"], DATA["Customers"], strict=True):
        own = substituted(nested, source).replace(";", "&")
        expected = ask(small, f"Customers('{source['CustomerNumber']}')/Invoices", own)
        assert [bare(r) for r in row["Invoices"]] == [bare(r) for r in expected["value"]]
        assert row.get("Invoices@odata.count") == expected.get("@odata.count")
        found += len(row["Invoices"])
    assert found > 0, "says nothing"


@EACH
def test_it_below_a_shared_parent(small: Service) -> None:
    """Many invoices have one customer, whose nested invoices differ by the invoice of the path."""
    nested = "$expand=Customer($expand=Invoices($filter=InvoiceNumber gt $it/InvoiceNumber;$select=InvoiceNumber))"
    rows = ask(small, "Invoices", nested)["value"]
    for row, source in zip(rows, DATA["Invoices"], strict=True):
        if row["Customer"] is None:
            assert source["CustomerNumber"] not in {r["CustomerNumber"] for r in DATA["Customers"]}
            continue
        expected = [
            r["InvoiceNumber"]
            for r in DATA["Invoices"]
            if r["CustomerNumber"] == source["CustomerNumber"] and r["InvoiceNumber"] > source["InvoiceNumber"]
        ]
        assert [r["InvoiceNumber"] for r in row["Customer"]["Invoices"]] == expected


@EACH
def test_this_is_the_expanded_row(small: Service) -> None:
    body = ask(small, "Customers", "$expand=Invoices($filter=$this/Positions gt 1;$orderby=$this/Amount desc)")
    plain = ask(small, "Customers", "$expand=Invoices($filter=Positions gt 1;$orderby=Amount desc)")
    assert body == plain
    assert any(row["Invoices"] for row in body["value"])


def test_it_on_one_entity_and_over_navigation() -> None:
    one = ask(CAPABLE, "Customers('C03')", "$expand=Invoices($filter=Positions gt $it/Visits)")
    assert [r["InvoiceNumber"] for r in one["Invoices"]] == [
        r["InvoiceNumber"] for r in DATA["Invoices"] if r["CustomerNumber"] == "C03" and r["Positions"] > -2
    ]
    over = ask(CAPABLE, "Customers('C03')/Invoices", "$expand=Customer($compute=$it/InvoiceNumber as Of;$select=Of)")
    assert [r["Customer"]["Of"] for r in over["value"]] == [r["InvoiceNumber"] for r in over["value"]]


def test_unknown_names_after_it() -> None:
    assert code(CAPABLE, "Customers", "$expand=Invoices($filter=$it/Amount gt 1)") == "unknown_property"
    assert code(CAPABLE, "Customers", "$expand=Invoices($filter=$it eq 1)") == "type_mismatch"


# --- one read for all -------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(
    ("path", "query", "calls"),
    [
        ("Customers", "$expand=Invoices", 2),
        ("Invoices", "$expand=Customer", 2),
        ("Invoices", "$expand=Customer($expand=Invoices($expand=Customer))", 4),
        ("Customers", "$expand=Invoices/$ref", 2),
        ("Customers", "$expand=Invoices($filter=Positions gt $it/Visits;$orderby=Amount sub $it/Visits)", 2),
        ("Invoices", "$expand=Customer($expand=Invoices($filter=Amount gt $it/Amount))", 3),
        ("Invoices", "$expand=Customer($compute=$it/Amount add Visits as X)", 2),
    ],
)
def test_reads_do_not_grow_with_the_rows(small: Service, path: str, query: str, calls: int) -> None:
    reads: list[str] = []
    ask(Service(METADATA, _Counting(small.adapter, reads), (SECRET,), clock=lambda: NOW), path, query)
    assert len(reads) == calls, reads


class _Counting:
    """An adapter that notes which sets are read."""

    def __init__(self, inner: Any, reads: list[str]) -> None:
        self._inner, self._reads = inner, reads
        self.capabilities = inner.capabilities

    def read(self, query: Any, session: Any) -> Any:
        self._reads.append(query.entity_set)
        return self._inner.read(query, session)


# --- limits of what is compared with the outer row ----------------------------------------------------------------------


def test_no_next_link_can_say_it() -> None:
    small = service(options=ServiceOptions(max_expanded_per_parent=2))
    assert code(small, "Customers", "$expand=Invoices($filter=Positions ne $it/Visits)") == "limit_exceeded"
    body = ask(small, "Customers", "$expand=Invoices($filter=Positions ne $it/Visits;$top=2)")
    assert max(len(row["Invoices"]) for row in body["value"]) == 2


def test_page_sizes_leave_what_is_compared_with_it_alone() -> None:
    query = "$expand=Invoices($filter=Positions ne $it/Visits)"
    small = ask(CAPABLE, "Customers('C03')", query, Prefer="maxpagesize=1")
    assert len(small["Invoices"]) > 1
    assert small["Invoices"] == ask(CAPABLE, "Customers('C03')", query)["Invoices"]


# --- next links -------------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize(
    ("nested", "rest"),
    [
        ("$compute=Positions add 1 as N;$orderby=N desc;$select=InvoiceNumber,N", ""),
        ("@a=0;$filter=Amount gt @a;$select=Amount,InvoiceNumber", ""),
        ("$filter=Amount gt @b and Positions gt @c", "&@b=@c sub 1&@c=0&@unused=1"),
        ("$expand=Customer($select=Country)", ""),
        ("$top=3;$skip=1", ""),
    ],
)
def test_next_links_bring_the_rest(small: Service, nested: str, rest: str) -> None:
    query = f"$expand=Invoices({nested}){rest}"
    whole = ask(small, "Customers", query)["value"]
    pages = ask(small, "Customers", query, Prefer="maxpagesize=2")
    rows = list(pages["value"])
    while "@odata.nextLink" in pages:
        pages = follow(small, pages["@odata.nextLink"], Prefer="maxpagesize=2")
        rows.extend(pages["value"])
    followed = 0
    for row in rows:
        link = row.pop("Invoices@odata.nextLink", None)
        while link is not None:
            assert "@unused" not in link
            more = follow(small, link)
            row["Invoices"].extend(more["value"])
            link, followed = more.get("@odata.nextLink"), followed + 1
    assert rows == whole
    assert followed


def follow(small: Service, link: str, **headers: str) -> dict[str, Any]:
    path, _, query = link.removeprefix("http://localhost/odata/v4/").partition("?")
    answer = get(small, path, query, **headers)
    body: dict[str, Any] = json.loads(answer.body, parse_float=Decimal)
    assert answer.status == 200, body
    return body


# --- $levels ------------------------------------------------------------------------------------------------------------

UNITS = _set(
    "Units", "Unit", "UnitNumber", 1,
    _property("UnitNumber", "String", max_length=10, nullable=False),
    _property("ParentNumber", "String", max_length=10),
    _property("Weight", "Int32", nullable=False),
    '[navigation.Parent]\ntarget = "Units"\non = { ParentNumber = "UnitNumber" }\npartner = "Children"\n'
    'label = "Parent"\npartner_label = "Children"\ndescription = "."\npartner_description = "."',
)  # fmt: skip
TREE = load_texts({"Customers.toml": CUSTOMERS, "Invoices.toml": INVOICES, "Units.toml": UNITS})
#: Units 0..30; the parent of n is n // 2, so that 1 is the parent of 2 and 3, and of 0 there is none.
NODES = [{"UnitNumber": f"U{n:02}", "ParentNumber": f"U{n // 2:02}" if n > 1 else None, "Weight": n} for n in range(31)]
HIERARCHY = Service(TREE, MemoryAdapter(TREE, {**DATA, "Units": NODES}), (SECRET,), clock=lambda: NOW)


def descendants(number: int, levels: int) -> list[Any]:
    """Numbers below, each with its own, as deep as that."""
    below = [n for n in (2 * number, 2 * number + 1) if 1 < n < 31]
    return [[n, descendants(n, levels - 1)] if levels > 1 else [n] for n in below]


def weights(rows: list[dict[str, Any]]) -> list[Any]:
    return [[r["Weight"], weights(r["Children"])] if "Children" in r else [r["Weight"]] for r in rows]


@pytest.mark.parametrize(("levels", "deep"), [("1", 1), ("2", 2), ("3", 3), ("max", 3), ("MAX", 3)])
def test_levels(levels: str, deep: int) -> None:
    rows = ask(HIERARCHY, "Units", f"$expand=Children($levels={levels};$select=Weight)")["value"]
    assert [weights(row["Children"]) for row in rows] == [descendants(n, deep) for n in range(31)]
    up = ask(HIERARCHY, "Units('U21')", f"$expand=Parent($levels={levels})")
    for expected in (10, 5, 2)[:deep]:
        up = up["Parent"]
        assert up["Weight"] == expected
    assert "Parent" not in up


def test_levels_repeat_every_option() -> None:
    rows = ask(HIERARCHY, "Units('U01')", "$expand=Children($levels=2;$filter=Weight mod 2 eq 1;$expand=Parent)")
    for expected in (3, 7):
        (rows,) = rows["Children"]
        assert rows["Weight"] == expected
        assert rows["Parent"]["Weight"] == expected // 2
    assert "Children" not in rows
    most = ask(HIERARCHY, "Units('U01')", "$expand=Children($levels=max;$filter=Weight mod 2 eq 1;$expand=Parent)")
    assert most["Children"][0]["Children"][0]["Parent"]["Weight"] == 3
    assert "Children" not in most["Children"][0]["Children"][0], "room is left for the parents"


def test_levels_within_expand_and_with_star() -> None:
    row = ask(HIERARCHY, "Units('U21')", "$expand=Parent($expand=Parent($levels=max))")
    assert row["Parent"]["Parent"]["Parent"]["Weight"] == 2
    assert "Parent" not in row["Parent"]["Parent"]["Parent"]
    star = ask(HIERARCHY, "Units('U05')", "$expand=*($levels=2)")
    assert star["Parent"]["Parent"]["Weight"] == 1
    assert weights(star["Children"]) == descendants(5, 2)
    assert "Children" not in star["Parent"], "each hierarchy is followed by itself"
    plain = ask(HIERARCHY, "Invoices('I001')", "$expand=*($levels=2)")
    assert plain == ask(HIERARCHY, "Invoices('I001')", "$expand=*")


def test_levels_in_the_context_url() -> None:
    def context(query: str, **headers: str) -> str:
        body = ask(HIERARCHY, "Units", query, **headers)
        return str(body.get("@odata.context", body.get("@context"))).partition("#")[2]

    assert context("$expand=Children($levels=2)") == "Units(Children+)"
    assert context("$expand=Children($levels=2)", OData_MaxVersion="4.01") == "Units(Children+())"
    nested = "$select=Weight&$expand=Children($levels=max;$select=Weight;$expand=Parent($select=Weight))"
    assert context(nested) == "Units(Weight,Children+(Weight,Parent(Weight)))"
    assert context("$expand=Children($levels=1;$select=Weight)") == "Units(Children(Weight))"


def test_levels_that_are_refused() -> None:
    assert code(HIERARCHY, "Units", "$expand=Children($levels=4)") == "limit_exceeded"
    assert code(HIERARCHY, "Units", "$expand=Children($expand=Parent($levels=3))") == "limit_exceeded"
    assert code(HIERARCHY, "Units", "$expand=Children($levels=3;$expand=Parent)") == "limit_exceeded"
    assert code(HIERARCHY, "Units", "$expand=Children($levels=0)") == "syntax"
    assert code(HIERARCHY, "Units", "$expand=Children($levels=-1)") == "syntax"
    assert code(HIERARCHY, "Units", "$expand=Children($levels=2;$expand=Children)") == "syntax"
    assert code(HIERARCHY, "Units", "$expand=Children/$ref($levels=2)") == "option_not_allowed"
    assert code(HIERARCHY, "Customers", "$expand=Invoices($levels=2)") == "type_mismatch"
    assert code(HIERARCHY, "Units", "$levels=2") == "option_not_allowed"
    assert ask(HIERARCHY, "Customers", "$expand=Invoices($levels=1)") == ask(HIERARCHY, "Customers", "$expand=Invoices")


def test_next_links_of_levels_go_on_as_deep() -> None:
    query = "$expand=Children($levels=3;$select=UnitNumber)"
    whole = ask(HIERARCHY, "Units('U02')", query)
    page = ask(HIERARCHY, "Units('U02')", query, Prefer="maxpagesize=1")
    link = page["Children@odata.nextLink"]
    rest = follow(HIERARCHY, link)
    assert rest["value"] == whole["Children"][1:]
    deeper = page["Children"][0]["Children@odata.nextLink"]
    assert follow(HIERARCHY, deeper)["value"] == whole["Children"][0]["Children"][1:]


# --- forms ------------------------------------------------------------------------------------------------------------


def test_forms_of_items() -> None:
    plain = ask(CAPABLE, "Customers", "$top=3&$expand=Invoices")
    for form in ("ErpOData.Customer/Invoices", "Invoices/ErpOData.Invoice", "*", "*($levels=1)"):
        assert ask(CAPABLE, "Customers", f"$top=3&$expand={form}")["value"] == plain["value"], form
    root = "http://localhost/odata/v4/"
    references = [
        [{"@odata.id": f"{root}Invoices('{i['InvoiceNumber']}')"} for i in row["Invoices"]] for row in plain["value"]
    ]
    for form in ("Invoices/$ref", "*/$ref", "Invoices/ErpOData.Invoice/$ref"):
        rows = ask(CAPABLE, "Customers", f"$top=3&$expand={form}")["value"]
        assert [row["Invoices"] for row in rows] == references, form
    for form, number in (
        ("Invoices/$count", lambda i: True),
        ("Invoices/$count($filter=Positions gt 1)", lambda i: i["Positions"] > 1),
        ("Invoices/$count($search=i00)", lambda i: "I00" in i["InvoiceNumber"]),
    ):
        rows = ask(CAPABLE, "Customers", f"$top=3&$expand={form}")["value"]
        assert [row["Invoices@odata.count"] for row in rows] == [
            sum(map(number, row["Invoices"])) for row in plain["value"]
        ]


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("Customers", "$expand=$value", "type_mismatch"),
        ("Customers", "$expand=Country", "type_mismatch"),
        ("Customers", "$expand=Nothing", "unknown_property"),
        ("Customers", "$expand=Invoices/Customer", "unknown_property"),
        ("Customers", "$expand=Invoices/ErpOData.Customer", "unknown_property"),
        ("Customers", "$expand=ErpOData.Invoice/Invoices", "unknown_property"),
        ("Customers", "$expand=Invoices,Invoices", "syntax"),
        ("Customers", "$expand=Invoices/$ref,Invoices", "syntax"),
        ("Invoices", "$expand=Customer/$count", "type_mismatch"),
        ("Invoices", "$expand=Customer($filter=Blocked)", "option_not_allowed"),
        ("Invoices", "$expand=Customer($top=1)", "option_not_allowed"),
        ("Customers", "$expand=Invoices($format=json)", "option_not_allowed"),
        ("Customers", "$expand=Invoices($skiptoken=1)", "option_not_allowed"),
        ("Invoices", "$expand=Customer($expand=Invoices($expand=Customer($expand=Invoices)))", "limit_exceeded"),
    ],
)
def test_refused(path: str, query: str, expected: str) -> None:
    assert code(CAPABLE, path, query) == expected


# --- numbers ----------------------------------------------------------------------------------------------------------


@EACH
def test_numbers_without_rows(small: Service) -> None:
    """``Nav/$count`` is worked out with the rows themselves: no limit of related rows bears on it."""
    tight = Service(METADATA, small.adapter, (SECRET,), ServiceOptions(max_expanded=1), clock=lambda: NOW)
    body = ask(tight, "Customers", "$select=Country&$expand=Invoices/$count($filter=Positions gt $it/Visits)")
    expected = [
        sum(
            i["Positions"] > c["Visits"]
            for i in DATA["Invoices"]
            if c["Visits"] is not None and i["CustomerNumber"] == c["CustomerNumber"]
        )
        for c in DATA["Customers"]
    ]
    assert [row["Invoices@odata.count"] for row in body["value"]] == expected
    assert list(body["value"][0]) == ["@odata.id", "Country", "Invoices@odata.count"]
    assert body["@odata.context"].endswith("#Customers(Country)")
    one = ask(tight, "Customers('C05')", "$expand=Invoices/$count")
    assert one["Invoices@odata.count"] == sum(i["CustomerNumber"] == "C05" for i in DATA["Invoices"])


@EACH
def test_numbers_below_related_rows(small: Service) -> None:
    nested = (
        "$expand=Customer($select=Country;$expand=Invoices/$count($filter=Amount lt $it/Amount and Positions gt @p))"
    )
    rows = ask(small, "Invoices", f"{nested}&@p=0")["value"]
    told = 0
    for row, source in zip(rows, DATA["Invoices"], strict=True):
        if row["Customer"] is None:
            continue
        expected = sum(
            i["CustomerNumber"] == source["CustomerNumber"]
            and i["Positions"] > 0
            and None not in (i["Amount"], source["Amount"])
            and i["Amount"] < source["Amount"]
            for i in DATA["Invoices"]
        )
        assert row["Customer"]["Invoices@odata.count"] == expected
        told += expected
    assert told


def test_numbers_cost_no_read_of_their_own() -> None:
    reads: list[str] = []
    counting = Service(METADATA, _Counting(CAPABLE.adapter, reads), (SECRET,), clock=lambda: NOW)
    ask(counting, "Customers", "$expand=Invoices/$count")
    assert reads == ["Customers"]
