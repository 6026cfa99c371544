"""``Prefer``: the grammar of RFC 7240, what is skipped, what OData's own preferences mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odata_server.messages import Headers
from odata_server.negotiation import MAX_PREFER, Preference, Preferences, preferences


def prefer(*texts: str) -> Preferences:
    return preferences(Headers([("Prefer", text) for text in texts]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("respond-async", [Preference("respond-async")]),
        ("respond-async, wait=10", [Preference("respond-async"), Preference("wait", "10")]),
        ("Lenient", [Preference("Lenient")]),
        ("foo; bar", [Preference("foo", "", (("bar", ""),))]),
        ('foo=""; bar=""', [Preference("foo", "", (("bar", ""),))]),
        ('foo = "a, b; c=\\"d\\"" ;X=y;', [Preference("foo", 'a, b; c="d"', (("x", "y"),))]),
        ('callback; url="https://x.example/?a=1,2"', [Preference("callback", "", (("url", "https://x.example/?a=1,2"),))]),
        ("a,,b,", [Preference("a"), Preference("b")]),
        ("a=1, A=2, a", [Preference("a", "1")]),
        ("a=, b", [Preference("a"), Preference("b")]),
        # What is malformed takes nothing with it but itself.
        ("a b, c", [Preference("c")]),
        ("=1, c", [Preference("c")]),
        ("a=1;;b=2, c", [Preference("a", "1", (("b", "2"),)), Preference("c")]),
        ('a="x"y, c', [Preference("c")]),
        ('x"a,b"y, c', [Preference("c")]),
        ('c, a="b, d', [Preference("c")]),
        ("ü=1, c=ü, d", [Preference("d")]),
        ("", []),
        ("\x00", []),
    ],
)  # fmt: skip
def test_grammar(text: str, expected: list[Preference]) -> None:
    assert list(prefer(text).given.values()) == expected


def test_several_headers_are_one_list() -> None:
    assert list(prefer("a=1", "b", "a=2").given) == ["a", "b"]


@pytest.mark.parametrize("name", ["maxpagesize", "odata.maxpagesize", "OData.MaxPageSize"])
def test_names_with_and_without_prefix_are_one(name: str) -> None:
    found = prefer(f"{name}=7, maxpagesize=8, odata.maxpagesize=9")
    assert found.max_page_size == 7
    assert found.given["maxpagesize"].applied == f"{name}=7"


def test_only_odatas_own_names_take_the_prefix() -> None:
    assert list(prefer("odata.wait=1, odata.x").given) == ["odata.wait", "odata.x"]


@pytest.mark.parametrize("value", ["0", "000", "-1", "1e9", "٣", "1.5", "", "9999999999", '"7 "', "x"])
def test_page_sizes_that_make_no_sense(value: str) -> None:
    assert prefer(f"maxpagesize={value}").max_page_size is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("continue-on-error=perhaps, continue-on-error", True), ("continue-on-error", True), ("odata.continue-on-error", True), ("continue-on-error=TRUE", True),
        ('continue-on-error="false"', False), ("continue-on-error=perhaps", None), ("wait=1", None), ("", None),
    ],
)  # fmt: skip
def test_continue_on_error(text: str, expected: bool | None) -> None:
    assert prefer(text).continue_on_error is expected


@pytest.mark.parametrize("value", ["*", "-display.*", 'a "b" \\ c', "a,b;c", "é"])
def test_what_was_applied_reads_back(value: str) -> None:
    preference = Preference("include-annotations", value)
    assert prefer(preference.applied).given == {"include-annotations": preference}


@given(st.text(alphabet='ab=;,"\\ \t.é', max_size=60))
def test_any_text_is_read(text: str) -> None:
    for preference in prefer(text).given.values():
        assert prefer(preference.applied).given


@pytest.mark.parametrize(
    "text", ['"\\' * 9999, 'a="\\,' * 9999, "a;" * 9999, "a=" * 9999, "," * 9999, "a" * 9999 + '"']
)
def test_long_headers_are_cut(text: str) -> None:
    assert len(prefer(text).given) <= MAX_PREFER


def test_the_rest_of_a_long_header_is_not_read() -> None:
    assert list(prefer("a, " + " " * MAX_PREFER + ", b").given) == ["a"]
