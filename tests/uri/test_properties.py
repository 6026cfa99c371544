"""Random texts: nothing but ``ODataError`` is ever raised, and what is printed parses to itself."""

from collections.abc import Callable

from hypothesis import example, given
from hypothesis import strategies as st

from edm.errors import ODataError
from odata_server.uri.lexer import tokenize
from odata_server.uri.options import parse_path, parse_query
from odata_server.uri.parser import parse_expression
from odata_server.uri.search import parse_search
from tests.uri.printing import show

#: Pieces from which something nearly valid arises.
WORDS = """
    A Name Lines not and or eq in has add null true -5 1.5 'x' '' 2024-03-01 12:30 10:20 INF
    ( ) [ ] { } , : ; / = * - any( all(x: x $it $root/ $count $filter $count( $search= $filter= $top=5
    @a @N.T#Q case( cast( isof( contains( now() Model.F( k= Edm.String duration'P1D' "s" " ' desc as
    % %27 + & $expand= $select= $orderby= $ref é # geography' NOT OR AND
"""
PIECES = st.sampled_from([*WORDS.split(), " ", " eq ", " and ", "\t", "\u200b"])
NEARLY = st.lists(PIECES, max_size=25).map("".join)
RANDOM = st.one_of(st.text(max_size=60), NEARLY, st.binary(max_size=40).map(lambda data: data.decode("latin-1")))
OPTIONS = st.sampled_from(
    ["$filter", "$orderby", "$select", "$expand", "$compute", "$search", "$top", "$format", "@a", "x", ""]
)


def error_of(function: Callable[..., object], *args: object) -> ODataError | None:
    try:
        function(*args)
    except ODataError as error:
        return error
    return None


def harmless(function: Callable[..., object], *args: object) -> None:
    error = error_of(function, *args)
    if error is None:
        return
    assert error.status in (400, 404, 415, 501)
    assert error.message
    if error.position is not None and error.text is not None:
        assert 0 <= error.position <= len(error.text)


@given(RANDOM)
@example("not")
@example("A in (")
@example("a/any(")
@example("case(A:")
@example("A(")
@example("Lines/$count(")
@example("@a/$count($search=")
def test_expressions(text: str) -> None:
    harmless(parse_expression, text)


@given(st.lists(st.tuples(OPTIONS, RANDOM), max_size=4))
@example([("$select", "A(")])
@example([("$expand", "A(@")])
def test_queries(pieces: list[tuple[str, str]]) -> None:
    harmless(parse_query, "&".join(f"{name}={text}" for name, text in pieces))


@given(st.one_of(RANDOM, RANDOM.map(lambda text: f"Set({text})"), RANDOM.map(lambda text: f"Set/$filter({text}")))
def test_paths(text: str) -> None:
    harmless(parse_path, text)


@given(RANDOM)
def test_searches(text: str) -> None:
    harmless(parse_search, text)


@given(st.text(max_size=80))
def test_tokens_cover_everything_but_blanks(text: str) -> None:
    position = 0
    for _, value, start, end in tokenize(text):
        assert text[position:start].strip(" \t") == ""
        assert text[start:end] == value
        position = end
    assert position == len(text)


NAMES = st.sampled_from(["A", "Eq", "Name", "Customer/Name", "notes", "AllocatedQty", "$it/A", "@p", "not", "order"])
LITERALS = st.one_of(
    st.sampled_from(["null", "true", "false", "-1", "1.50", "1e-3", "INF", "2024-02-29", "12:30:00", "duration'PT5S'"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8).map(
        lambda text: "'" + text.replace("'", "''") + "'"
    ),
)


OPERATORS = "eq ne gt ge lt le add sub mul div divby mod and or AND Or"


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(
            inner,
            st.sampled_from(
                [
                    "eq",
                    "ne",
                    "gt",
                    "ge",
                    "lt",
                    "le",
                    "add",
                    "sub",
                    "mul",
                    "div",
                    "divby",
                    "mod",
                    "and",
                    "or",
                    "AND",
                    "Or",
                ]
            ),
            inner,
        ).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"not ({text})"),
        inner.map(lambda text: f"- ({text})"),
        st.tuples(inner, inner).map(lambda pair: f"Contains( {pair[0]} , {pair[1]} )"),
        st.tuples(inner, inner).map(lambda pair: f"case({pair[0]}:{pair[1]} , true : null)"),
        inner.map(lambda text: f"Lines/any(x:{text})"),
        st.lists(inner, max_size=3).map(lambda items: f"A in [{','.join(items)}]"),
        st.lists(LITERALS, min_size=1, max_size=3).map(lambda items: f"A in ({','.join(items)})"),
    )


@given(st.recursive(st.one_of(NAMES, LITERALS), _deeper, max_leaves=12))
def test_printed_and_parsed_again(text: str) -> None:
    error = error_of(parse_expression, text)
    if error is None:
        printed = show(parse_expression(text))
        assert show(parse_expression(printed)) == printed
    else:  # a time and a colon may be ambiguous within case(...)
        assert error.code == "limit_exceeded" or (error.code == "syntax" and "case(" in text), error.message
