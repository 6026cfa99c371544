"""Query strings and paths: what is cut where, names, and the shape of what comes out."""

import pytest

from edm.errors import ODataError
from odata_server.uri.limits import COUNTED, Limits
from odata_server.uri.options import canonical_name, parse_path, parse_query
from odata_server.uri.syntax import (
    ExpandItem,
    Literal,
    Option,
    OrderbyItem,
    PathExpr,
    SearchTerm,
    Segment,
    SelectItem,
    Transformation,
)


def test_no_query() -> None:
    options = parse_query("")
    assert (options.system, options.aliases, options.custom) == ({}, {}, ())


def test_cut_before_decoded() -> None:
    options = parse_query("x=a%26b%3Dc&y=d=e+f")
    assert options.custom == (("x", "a&b=c"), ("y", "d=e f"))


@pytest.mark.parametrize("name", ["$filter", "filter", "$FILTER", "Filter", "%24filter", "%24%46ilter", "f%69lter"])
def test_every_spelling_of_a_system_option(name: str) -> None:
    assert list(parse_query(f"{name}=A").system) == ["$filter"]


def test_canonical_names() -> None:
    assert canonical_name("Top") == "$top"
    assert canonical_name("@A") == "@A"
    assert canonical_name("levels") == "levels"
    assert canonical_name("sap-client") == "sap-client"


def test_values_by_option() -> None:
    system = parse_query(
        "$top=5&$count=False&$select=A,B/C&$orderby=A desc&$search=x&$skiptoken=t&$apply=identity"
    ).system
    assert system["$top"] == Option("$top", "5", 5)
    assert system["$count"] == Option("$count", "False", False)
    assert system["$select"].value == (SelectItem(("A",), 0), SelectItem(("B", "C"), 2))
    assert system["$orderby"].value == (OrderbyItem(PathExpr((Segment("A", 0),), 0), True, 0),)
    assert system["$search"].value == SearchTerm("x", 0)
    assert system["$skiptoken"].value == "t"
    assert system["$apply"] == Option("$apply", "identity", (Transformation("identity", (), 0),))


def test_plain_select_and_any_other_give_the_same() -> None:
    plain = parse_query("$select=Name,City,Amount").system["$select"].value
    spaced = parse_query("$select=Name, City, Amount").system["$select"].value
    assert [item.path for item in plain] == [item.path for item in spaced]  # type: ignore[attr-defined]
    assert [item.position for item in plain] == [0, 5, 10]  # type: ignore[attr-defined]


def test_nested_options_keep_their_text_and_the_positions_of_the_whole() -> None:
    value = parse_query("$expand=Lines($top=5;$filter= A )").system["$expand"].value
    filter_ = Option("$filter", "A", PathExpr((Segment("A", 22),), 22))
    assert value == (ExpandItem(("Lines",), 0, "", (Option("$top", "5", 5), filter_)),)


def test_characters_beyond_ascii_may_be_bare() -> None:
    assert parse_query("$filter=A eq 'ü'") == parse_query("$filter=A%20eq%20'%C3%BC'")
    assert parse_path("Sets('ü')") == parse_path("Sets('%C3%BC')")


@pytest.mark.parametrize(
    "raw", ["\ud800", "a\ud800%20", "%ed%a0%80", "%00", "%1f", "%7f", "%0a", "\x00", "%f5%80%80%80"]
)
def test_bad_encoding_anywhere(raw: str) -> None:
    for text in (f"$filter={raw}", f"x={raw}", f"{raw}=x", f"@a={raw}"):
        with pytest.raises(ODataError) as caught:
            parse_query(text)
        assert caught.value.code == "bad_encoding"
    with pytest.raises(ODataError) as caught:
        parse_path(f"Sets('{raw}')")
    assert caught.value.code == "bad_encoding"


def test_every_error_tells_where() -> None:
    with pytest.raises(ODataError) as caught:
        parse_query("$top=5&$filter=Name%20= 1")
    error = caught.value
    assert (error.code, error.target, error.position, error.text) == ("syntax", "$filter", 5, "Name = 1")
    assert error.hint == "Use eq instead of =."


def test_path_positions_count_in_the_decoded_path() -> None:
    path = parse_path("A('%C3%BC')/B(k=1)")
    assert path.text == "A('ü')/B(k=1)"
    assert [segment.position for segment in path.segments] == [0, 7]
    assert path.segments[1].arguments is not None
    assert path.segments[1].arguments[0].value == Literal("Integer", "1", 11)


# --- limits
# -----------------------------------------------------------------------------------------------------


def code_of(query: str, limits: Limits) -> str | None:
    try:
        parse_query(query, limits)
    except ODataError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("limit", "value", "shape"),
    [
        ("options", 5, lambda n: "&".join(["x=1"] * n)),
        ("orderby_items", 5, lambda n: "$orderby=" + ",".join(["A"] * n)),
        ("compute_items", 5, lambda n: "$compute=" + ",".join(["A as B"] * n)),
        ("select_items", 5, lambda n: "$select=" + ",".join(["A"] * n)),
        ("select_items", 5, lambda n: "$select=" + ", ".join(["A"] * n)),
        ("select_items", 5, lambda n: "$expand=B($select=" + ",".join(["A"] * n) + ")"),
        ("expand_items", 5, lambda n: "$expand=" + ",".join(["A"] * n)),
        ("expand_items", 3, lambda n: "$expand=" + "A($expand=" * (n - 1) + "A" + ")" * (n - 1)),
        ("expand_depth", 2, lambda n: "$expand=" + "A($expand=" * (n - 1) + "A" + ")" * (n - 1)),
        ("search_terms", 5, lambda n: "$search=" + " ".join(["a"] * n)),
        ("search_length", 30, lambda n: "$search=" + "a" * n),
        ("tokens", 20, lambda n: "$filter=" + "(" * (n - 1) + "A"),
    ],
)
def test_each_limit_at_its_border(limit: str, value: int, shape: object) -> None:
    limits = Limits(**{"expand_depth": 9, limit: value})
    assert callable(shape)
    for size in (value - 1, value):
        assert code_of(shape(size), limits) in (None, "syntax")
    with pytest.raises(ODataError) as caught:
        parse_query(shape(value + 1), limits)
    assert caught.value.code == "limit_exceeded"
    assert f"limit {limit})" in caught.value.message


def test_limit_of_path_segments() -> None:
    parse_path("a/b/c", Limits(path_segments=3))
    with pytest.raises(ODataError, match="limit path_segments"):
        parse_path("a/b/c/d", Limits(path_segments=3))


def test_every_limit_has_words() -> None:
    assert set(COUNTED) == set(Limits.__dataclass_fields__)


def test_hostile_expand_is_refused_quickly() -> None:
    for text in ("A($expand=" * 5_000, "A(" * 5_000, ",".join(["A"] * 9_000), "A($search=(" * 2_000):
        with pytest.raises(ODataError):
            parse_query("$expand=" + text)
