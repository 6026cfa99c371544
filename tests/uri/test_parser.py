"""Expressions: shapes, positions and limits. What reads well as text is in ``tests/golden/uri``."""

import sys
import time

import pytest

from edm.errors import ODataError
from odata_server.uri.limits import DEFAULT_LIMITS, Limits
from odata_server.uri.parser import parse_expression
from odata_server.uri.syntax import (
    AliasExpr,
    AnnotationExpr,
    Argument,
    CallExpr,
    CollectionExpr,
    LambdaExpr,
    Literal,
    ObjectExpr,
    Option,
    PathExpr,
    RootExpr,
    Segment,
    TypeExpr,
)


def name(text: str, position: int) -> PathExpr:
    return PathExpr((Segment(text, position),), position)


def test_comparison() -> None:
    assert parse_expression("Name eq 'O''Neil'") == CallExpr("eq", (name("Name", 0), Literal("String", "O'Neil", 8)), 5)
    assert parse_expression("1 eq A") == CallExpr("eq", (Literal("Integer", "1", 0), name("A", 5)), 2)


def test_chains_are_flat_however_they_are_parenthesised() -> None:
    for text in ("A or B or C or D", "((A or B) or C) or D", "A or (B or (C or D))", "(A or B) or (C or D)"):
        node = parse_expression(text)
        assert isinstance(node, CallExpr)
        assert node.name == "or"
        assert [arg.segments[0].name for arg in node.args if isinstance(arg, PathExpr)] == [
            "A",
            "B",
            "C",
            "D",
        ]


def test_mixed_chains_stay_apart() -> None:
    node = parse_expression("A and (B or C) and D")
    assert isinstance(node, CallExpr)
    assert [type(arg) for arg in node.args] == [PathExpr, CallExpr, PathExpr]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("null", "Null", "null"),
        ("TRUE", "Boolean", "true"),
        ("-5", "Integer", "-5"),
        ("1.0", "Decimal", "1.0"),
        ("1e3", "Double", "1e3"),
        ("-INF", "Double", "-INF"),
        ("2024-03-01", "Date", "2024-03-01"),
        ("2024-03-01T00:00:00Z", "DateTimeOffset", "2024-03-01T00:00:00Z"),
        ("12:30:00", "TimeOfDay", "12:30:00"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "Guid", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ("duration'P1D'", "Duration", "P1D"),
        ("binary'T0RhdGE'", "Binary", "T0RhdGE"),
        ("''''", "String", "'"),
    ],
)
def test_literals(text: str, kind: str, value: str) -> None:
    assert parse_expression(text) == Literal(kind, value, 0)


def test_enumeration_literal_keeps_its_type() -> None:
    assert parse_expression("Model.Color'Red,4'") == Literal("Enum", "Red,4", 0, "Model.Color")


def test_lambda_is_the_end_of_its_path() -> None:
    node = parse_expression("Lines/any(l:l/Open)")
    inner = PathExpr((Segment("l", 12), Segment("Open", 14)), 12)
    assert node == PathExpr((Segment("Lines", 0),), 0, LambdaExpr("any", "l", inner, 6))


def test_count_with_options() -> None:
    node = parse_expression("Lines/$count($filter=A) gt 1")
    count = Segment("$count", 6, None, (Option("$filter", "A", name("A", 21)),))
    assert node == CallExpr("gt", (PathExpr((Segment("Lines", 0), count), 0), Literal("Integer", "1", 27)), 24)


def test_names_with_an_at_sign() -> None:
    assert parse_expression("@a") == AliasExpr("@a", 0)
    assert parse_expression("@N.T#Q") == AnnotationExpr("@N.T#Q", 0)
    assert parse_expression("@a/B") == PathExpr((Segment("@a", 0), Segment("B", 3)), 0)


def test_root() -> None:
    key = Segment("Customers", 6, (Argument("", Literal("String", "1", 16), 16),))
    assert parse_expression("$root/Customers('1')") == RootExpr(PathExpr((key,), 6), 0)


def test_calls_and_model_functions() -> None:
    assert parse_expression("ToLower(A)") == CallExpr("tolower", (name("A", 8),), 0)
    assert parse_expression("unknown(A)") == CallExpr("unknown", (name("A", 8),), 0)
    argument = Argument("x", Literal("Integer", "1", 10), 8)
    assert parse_expression("Model.F(x=1)") == PathExpr((Segment("Model.F", 0, (argument,)),), 0)


def test_cast_names_its_type_last() -> None:
    assert parse_expression("cast(Edm.Int32)") == CallExpr("cast", (TypeExpr("Edm.Int32", 5),), 0)
    assert parse_expression("isof(A,Collection(M.T))") == CallExpr(
        "isof", (name("A", 5), TypeExpr("Collection(M.T)", 7)), 0
    )


def test_json() -> None:
    assert parse_expression('[1,"a"]') == CollectionExpr((Literal("Integer", "1", 1), Literal("String", "a", 3)), 0)
    assert parse_expression('{"a\\u00e4":[]}') == ObjectExpr((("aä", CollectionExpr((), 11)),), 0)


def test_the_short_way_for_comparisons_gives_what_the_long_way_gives() -> None:
    for text in (
        "A eq 'x'",
        "A ne 'x' and B eq 'y'",
        "(A eq 'x')",
        "not (A eq 'x')",
        "A eq 'x' or not B eq 'y'",
    ):
        spaced = text.replace("eq '", "eq '").replace(" eq ", " EQ ").replace(" ne ", " NE ")
        assert parse_expression(text) == parse_expression(spaced)


# --- limits
# -----------------------------------------------------------------------------------------------------


def refused(text: str, limit: str, limits: Limits = DEFAULT_LIMITS, seconds: float = 5.0) -> None:
    start = time.process_time()
    with pytest.raises(ODataError) as caught:
        parse_expression(text, limits)
    assert caught.value.code == "limit_exceeded"
    assert f"limit {limit}" in caught.value.message
    assert time.process_time() - start < seconds


HOSTILE = {
    "parentheses": ("(" * 9_000 + "A" + ")" * 9_000, "parentheses"),
    "open parentheses": ("(" * 10_000, "parentheses"),
    "not": ("not " * 10_000 + "A", "depth"),
    "minus": ("- " * 10_000 + "A", "depth"),
    "functions": ("tolower(" * 5_000 + "A" + ")" * 5_000, "function_nesting"),
    "keys": ("a(" * 100 + "1" + ")" * 100 + "/b", "function_nesting"),
    "or": (" or ".join(f"A eq {i}" for i in range(100_000)), "tokens"),
    "add": ("A" + " add 1" * 9_000, "depth"),
    "lambdas": ("".join(f"a/any(x{i}:" for i in range(20)) + "true" + ")" * 20, "lambda_depth"),
    "arrays": ("[" * 10_000, "depth"),
    "objects": ('{"a":' * 5_000, "depth"),
    "filters": ("a/$filter(" * 100 + "b" + ")" * 100, "lambda_depth"),
    "counts": ("x/$count($filter=" * 100 + "a" + ")" * 100, "lambda_depth"),
    "levels": ("(A and (B or " * 60 + "C" + "))" * 60, "depth"),
    "paths": ("a/" * 15_000 + "a", "tokens"),
    "searches": ("x/$count($search=O'Neil) eq 1 and " * 1_500 + "A", "tokens"),
    "properties": (" or ".join(f"A{i} eq {i}" for i in range(2_000)), "nodes"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_expressions_are_refused(case: str) -> None:
    refused(*HOSTILE[case])


def test_no_recursion_of_consequence() -> None:
    """The deepest accepted expression fits into a stack of 250 frames above the test."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    deepest = "(" * 1_900 + "A" + ")" * 1_900
    nested = "not (" * 10 + "tolower(trim(" * 7 + "a/any(x:x/any(y:[[[[y]]]] eq B))" + "))" * 7 + ")" * 10
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 250)
    try:
        for text in (deepest, nested):
            parse_expression(text)
        for text, _ in HOSTILE.values():
            with pytest.raises(ODataError):
                parse_expression(text)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("limit", "value", "shape"),
    [
        ("parentheses", 5, lambda n: "(" * n + "A" + ")" * n),
        ("function_nesting", 5, lambda n: "trim(" * n + "A" + ")" * n),
        ("lambda_depth", 3, lambda n: "a/any(x:" * n + "true" + ")" * n),
        ("depth", 9, lambda n: "not (" * (n - 1) + "A" + ")" * (n - 1)),
        ("depth", 9, lambda n: "A" + " add B" * (n - 1)),
        ("nodes", 31, lambda n: " or ".join(f"A{i}" for i in range(n - 1))),
    ],
)
def test_each_limit_at_its_border(limit: str, value: int, shape: object) -> None:
    limits = Limits(**{limit: value})
    assert callable(shape)
    for size in (value - 1, value):
        parse_expression(shape(size), limits)
    refused(shape(value + 1), limit, limits)


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"Id eq 'INV-{i:05}'" for i in range(2_000)),
        " and ".join(f"Id ne 'INV-{i:05}'" for i in range(2_000)),
        "(" * 1_999 + "(Id eq 0)" + "".join(f" or (Id eq {i}))" for i in range(1_999)),
        "Id in (" + ",".join(f"'INV-{i:05}'" for i in range(2_000)) + ")",
        "Blocked eq false and (" + " or ".join(f"(Customer/Id eq {i})" for i in range(2_000)) + ")",
    ],
)
def test_long_lists_of_one_property_pass(text: str) -> None:
    parse_expression(text)


def test_long_lists_count_half() -> None:
    chain = " or ".join(f"A eq {i}" for i in range(99))  # or: 1, first: 3, others: 49
    parse_expression(chain, Limits(nodes=53))
    refused(chain, "nodes", Limits(nodes=52))


def test_a_deep_argument_does_not_hide_in_a_list() -> None:
    deep = "not (" * 50 + "A" + ")" * 50
    refused(f"X(k=1)/A eq 1 or X(k={deep})/A eq 1", "depth")
