"""Preferences about content: nulls left out, annotations chosen; and what ``Preference-Applied`` says of it."""

import json
from typing import Any

import pytest

from odata_server.messages import ODataResponse
from odata_server.negotiation import AnnotationFilter
from tests.engine.small import DATA, get, service

SMALL = service()


def rows(answer: ODataResponse) -> Any:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize("value", ["nulls", "defaults", "Nulls"])
@pytest.mark.parametrize("name", ["omit-values", "odata.omit-values", "Omit-Values"])
def test_nulls_are_left_out_on_request_only(name: str, value: str) -> None:
    whole = rows(get(SMALL, "Invoices", "$expand=Customer"))["value"]
    answer = get(SMALL, "Invoices", "$expand=Customer", Prefer=f"{name}={value}")
    assert answer.header("Preference-Applied") == f"{name}={value}"
    found = rows(answer)["value"]
    assert len(found) == len(whole)
    for small, full in zip(found, whole, strict=True):
        if full["Customer"] is not None:
            full["Customer"] = {name: value for name, value in full["Customer"].items() if value is not None}
        # A navigation property stays: null says that there is no entity.
        assert small == {name: value for name, value in full.items() if value is not None or name == "Customer"}
    assert any(len(row) < 7 for row in found)


@pytest.mark.parametrize("level", ["none", "minimal", "full"])
@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_nothing_is_said_of_what_is_left_out(level: str, version: str) -> None:
    headers = {"Accept": f"application/json;odata.metadata={level}", "OData_MaxVersion": version}
    query = "$compute=Amount mul 2 as Twice&$orderby=Positions desc"
    whole = rows(get(SMALL, "Invoices", query.replace(" ", "%20"), **headers))["value"]
    found = rows(get(SMALL, "Invoices", query.replace(" ", "%20"), Prefer="omit-values=nulls", **headers))["value"]
    for small, full in zip(found, whole, strict=True):
        nulls = {name for name, value in full.items() if value is None}
        assert small == {n: v for n, v in full.items() if n.partition("@")[0] not in nulls or "Link" in n}
    assert any(row.get("Twice", 0) is None for row in whole)


@pytest.mark.parametrize("path", ["Invoices/$count", "Invoices/$ref", "Invoices('I001')/Amount", "$metadata", ""])
def test_no_promise_where_there_is_nothing_to_leave_out(path: str) -> None:
    assert get(SMALL, path, Prefer="omit-values=nulls").header("Preference-Applied") is None


@pytest.mark.parametrize("value", ["", "all", "nulls,defaults", "null"])
def test_other_values_are_ignored(value: str) -> None:
    answer = get(SMALL, "Customers('C00')", Prefer=f'omit-values="{value}"')
    assert answer.header("Preference-Applied") is None
    assert rows(answer)["Visits"] is None


def test_several_preferences_in_one_header() -> None:
    answer = get(SMALL, "Customers", Prefer='odata.maxpagesize=3,omit-values=nulls,odata.include-annotations="-*",x=1')
    expected = 'odata.maxpagesize=3, omit-values=nulls, odata.include-annotations="-*"'
    assert answer.header("Preference-Applied") == expected
    assert len(rows(answer)["value"]) == 3
    assert len(DATA["Customers"]) > 3


# --- annotations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("*", ("position", "hint")),
        ("-*", ()),
        ("ErpOData.*", ("position", "hint")),
        ("-ErpOData.*", ()),
        ("ErpOData.hint", ("hint",)),
        ("*,-ErpOData.hint", ("position",)),
        ("-ErpOData.hint", ("position",)),
        ("-*,ErpOData.position", ("position",)),
        ("display.*", ()),
        ("display.*,-ErpOData.*", ()),
        ("*,-ErpOData.*,ErpOData.hint", ("hint",)),
    ],
)
def test_annotations_of_errors(value: str, kept: tuple[str, ...]) -> None:
    answer = get(SMALL, "Customers", "$filter=Contry%20eq%201", Prefer=f'include-annotations="{value}"')
    error = json.loads(answer.body)["error"]
    assert {name for name in error if "@" in name} == {f"@ErpOData.{name}" for name in kept}
    assert answer.header("Preference-Applied") == f'include-annotations="{value}"'


@pytest.mark.parametrize("value", ["", "ErpOData", "*.*", "a b.*", "ErpOData.", "--*", "*,", "1.x"])
def test_malformed_annotations_are_ignored(value: str) -> None:
    answer = get(SMALL, "Customers", "$filter=Contry%20eq%201", Prefer=f'include-annotations="{value}"')
    assert "@ErpOData.hint" in json.loads(answer.body)["error"]
    assert answer.header("Preference-Applied") is None


def test_the_most_specific_pattern_counts() -> None:
    chosen = AnnotationFilter(("*", "-a.*", "a.b.*", "-a.b.c"))
    assert [t for t in ("x.y", "a.x", "a.b.x", "a.b.c") if chosen.includes(t)] == ["x.y", "a.b.x"]


def test_qualifiers() -> None:
    chosen = AnnotationFilter(("*#q", "-a.*#q", "a.b"))
    assert [t for t in ("x.y", "x.y#q", "x.y#r", "a.c#q", "a.b", "a.b#r") if chosen.includes(t)] == [
        "x.y#q",
        "a.b",
        "a.b#r",
    ]


# --- entity tags ------------------------------------------------------------------------------------------------------


def test_if_match_with_expand_is_about_the_entity() -> None:
    """The tag knows nothing of related entities, so it saves no answer, but a precondition can use it."""
    tag = rows(get(SMALL, "Customers('C01')"))["@odata.etag"]
    for query in ("", "$expand=Invoices"):
        assert get(SMALL, "Customers('C01')", query, If_Match=tag).status == 200
        assert get(SMALL, "Customers('C01')", query, If_Match='"x", ' + tag).status == 200
        assert get(SMALL, "Customers('C01')", query, If_Match="*").status == 200
        assert get(SMALL, "Customers('C01')", query, If_Match='W/"x"').status == 412
    expanded = get(SMALL, "Customers('C01')", "$expand=Invoices", If_None_Match=tag)
    assert (expanded.status, expanded.header("ETag")) == (200, None)
    assert rows(expanded)["@odata.etag"] == tag


@pytest.mark.parametrize(
    "path", ["Customers", "Customers/$count", "Customers('C01')", "Customers('C01')/Country", "$metadata", "",
             "Customers('C01')/Country/$value", "Customers/$ref", "Customers('C01')/$ref", "Customers/$filter(Blocked)"],
)  # fmt: skip
def test_tags_of_every_resource(path: str) -> None:
    tag = get(SMALL, path).header("ETag") or ""
    assert tag.startswith('W/"')
    for same in (tag, tag.removeprefix("W/"), f'"x" , {tag},"y"', "*"):
        assert get(SMALL, path, If_None_Match=same).status == 304
        assert get(SMALL, path, If_Match=same).status == 200
    assert get(SMALL, path, If_None_Match='"x"').status == 200
    assert get(SMALL, path, If_Match='"x"').status == 412
    assert get(SMALL, path, If_Match='"x"', If_None_Match=tag).status == 412, "If-Match is looked at first"


def test_a_tag_covers_what_is_not_selected() -> None:
    changed = [dict(row) for row in DATA["Customers"]]
    changed[1]["Remarks"] = "new"
    before = get(SMALL, "Customers('C01')", "$select=Country").header("ETag")
    other = service(data={**DATA, "Customers": changed})
    assert get(other, "Customers('C01')", "$select=Country").header("ETag") != before
    assert get(other, "Customers('C02')").header("ETag") == get(SMALL, "Customers('C02')").header("ETag")
