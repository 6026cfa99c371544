"""Tokens: what belongs together, what does not, and that the cost is linear."""

import contextlib
import time

import pytest

from edm.errors import ODataError
from odata_server.uri.lexer import first_bad_character, is_identifier, tokenize
from odata_server.uri.limits import Limits


def kinds(text: str) -> list[str]:
    return [token[0] for token in tokenize(text)][:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   \t ", []),
        ("Name eq 'x'", ["name", "name", "string"]),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", ["guid"]),
        ("abcdef01-0000-0000-0000-00000000000f", ["guid"]),
        ("abcdef01", ["name"]),
        ("01234567-89ab-cdef-456789abcdef", ["number", "number", "name", "-", "name", "number", "name"]),
        ("2024-03-01", ["date"]),
        ("-0001-12-31", ["date"]),
        ("2024-13-01", ["number", "number", "number"]),
        ("2024-03-01T12:30Z", ["datetime"]),
        ("2024-03-01T12:30:59.123456789012-14:00", ["datetime"]),
        ("2024-03-01T24:00Z", ["date", "name", ":", "number", "name"]),
        ("12:30", ["time"]),
        ("24:00", ["number", ":", "number"]),
        ("5:30", ["number", ":", "number"]),
        ("-5 - 5", ["number", "-", "number"]),
        ("1.5e-3", ["number"]),
        ("-INF -INFO", ["number", "-", "name"]),
        ("A.B.C/D.*", ["name", "/", "name"]),
        ("A.", ["name", "bad"]),
        ("@a @N.T#Q", ["at", "at"]),
        ("$it/$count", ["dollar", "/", "dollar"]),
        ("'it''s' ''", ["string", "string"]),
        ("'open", ["bad", "name"]),
        ('"a\\"b" "open', ["json_string", "bad", "name"]),
        ("Größe 名前 e\u0301", ["name", "name", "name"]),
        ("a“b", ["bad_name"]),
        ("x" * 128, ["name"]),
        ("x" * 129, ["bad_name"]),
    ],
)
def test_kinds(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


def test_positions_are_offsets_in_the_text() -> None:
    assert tokenize(" A eq  'x'") == [
        ("name", "A", 1, 2),
        ("name", "eq", 3, 5),
        ("string", "'x'", 7, 10),
        ("end", "", 10, 10),
    ]
    assert tokenize("A eq B", 4) == [("name", "B", 5, 6), ("end", "", 6, 6)]


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("A", None),
        ("_1", None),
        ("", 0),
        ("1A", 0),
        ("A-B", 1),
        ("Ä1", None),
        ("e\u0301x", None),
        ("a\u00b2", 1),
    ],
)
def test_identifiers(name: str, bad: int | None) -> None:
    assert first_bad_character(name) == bad
    assert is_identifier(name) == (bad is None)


@pytest.mark.parametrize(("count", "fits"), [(9, True), (10, True), (11, False)])
def test_token_limit(count: int, fits: bool) -> None:
    limits = Limits(tokens=10)
    text = "(" * count
    if fits:
        assert len(tokenize(text, 0, limits)) == count + 1  # the end is a token too
    else:
        with pytest.raises(ODataError, match="limit tokens"):
            tokenize(text, 0, limits)


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000, "A" + " " * 1_000_000 + "B", "'" * 999_999, '"' * 1_000_001, '"' + "\\" * 1_000_000,
        "é" * 1_000_000, "0123456789abcdef-" * 60_000, "a." * 500_000, "2024-03-01T" * 90_000,
        "1" * 1_000_000,
    ],
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    with contextlib.suppress(ODataError):
        tokenize(text)
    assert time.process_time() - start < 10  # sanity, not speed
