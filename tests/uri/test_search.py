"""``$search`` beyond the golden cases: positions and hostile texts."""

import pytest

from edm.errors import ODataError
from odata_server.uri.limits import Limits
from odata_server.uri.search import parse_search
from odata_server.uri.syntax import SearchCall, SearchTerm


def test_positions() -> None:
    assert parse_search('a OR "b c"') == SearchCall("or", (SearchTerm("a", 0), SearchTerm("b c", 5)), 0)
    assert parse_search("NOT a", offset=10) == SearchCall("not", (SearchTerm("a", 14),), 10)


def test_keywords_are_operators_in_capitals_only() -> None:
    assert parse_search("a or b") == SearchCall("and", (SearchTerm("a", 0), SearchTerm("or", 2), SearchTerm("b", 5)), 0)


@pytest.mark.parametrize("text", ["(" * 99 + ")" * 99, "(" * 200, "NOT " * 49 + "a", "NOT " * 40, "a OR " * 39 + "b"])
def test_hostile_texts(text: str) -> None:
    with pytest.raises(ODataError):
        parse_search(text, limits=Limits(search_terms=3))


@pytest.mark.parametrize("text", ["(" * 100_000, "NOT " * 100_000, '"' * 100_001, "a" * 1_000_000, "'" * 100_000])
def test_long_texts_are_refused_before_they_are_parsed(text: str) -> None:
    with pytest.raises(ODataError):
        parse_search(text)
