"""Parses the resource path: from the raw, percent-encoded path below the service root to its segments."""

import re
from functools import lru_cache

from edm.errors import ODataError
from odata_server.uri.encoding import decode
from odata_server.uri.lexer import is_identifier
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.parser import Parser
from odata_server.uri.syntax import AliasExpr, Argument, Literal, PathExpr, ResourcePath, Segment, SyntaxNode

#: What decides where a raw path is cut.
_MARK = re.compile("/|[(]|[)]|'|%2[789]", re.ASCII)
_MARKS = {"%27": "'", "%28": "(", "%29": ")"}
_HEAD = re.compile(r"(?:\$[a-z]+|[^\W\d][\w.]*)(?=\()")
#: Resources of the standard itself; in the path their names are case-sensitive.
_ROOTS = frozenset({"$metadata", "$batch", "$entity", "$all", "$crossjoin"})
#: Segments whose parentheses hold something else than keys and parameters.
_FILTER, _CROSSJOIN = "$filter", "$crossjoin"


@lru_cache(maxsize=256)
def parse_path(path: str, limits: Limits = DEFAULT_LIMITS) -> ResourcePath:
    """The segments of ``path``, the raw path below the service root without a leading slash.

    It is cut at each slash outside of parentheses before anything is decoded, so ``%2F`` in a key is data. An
    empty path is the service document; one slash at the end is taken as not there. A segment without
    parentheses may be any text, because keys may be segments; what it names is the binder's question. A key
    directly after other parentheses, as in ``Latest(Count=5)('A1')``, is a segment without a name. Positions
    count in ``text``, the decoded path.
    """
    raw_segments = _split(path.removesuffix("/")) if path.removesuffix("/") else []
    if len(raw_segments) > limits.path_segments:
        raise exceeded("path_segments", limits)
    decoded = [decode(raw, "the path", plus=False) for raw in raw_segments]
    text = "/".join(decoded)
    segments: list[Segment] = []
    offset = 0
    for part in decoded:
        if part in ("", ".", ".."):
            raise ODataError(
                "not_found", "The path has an empty segment, or one made of dots.", target="path", text=text
            )
        segments.extend(_segments(part, offset, text, limits))
        offset += len(part) + 1
    if segments:
        _check_first(segments, text)
    return ResourcePath(tuple(segments), text)


def _check_first(segments: list[Segment], text: str) -> None:
    """A path starts with the name of a set, singleton or operation, or with one of the standard's own
    resources.
    """
    name = segments[0].name
    alone = name in ("$metadata", "$batch") and len(segments) > 1
    if alone or not (is_identifier(name) or name in _ROOTS):
        raise ODataError("not_found", f"There is no resource {text[:80]!r}.", target="path", text=text)


def _split(path: str) -> list[str]:
    parts: list[str] = []
    begin, depth, quoted = 0, 0, False
    for match in _MARK.finditer(path):
        mark = _MARKS.get(match.group(), match.group())
        if mark == "'":
            quoted = depth > 0 and not quoted
        elif quoted:
            continue
        elif mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            parts.append(path[begin : match.start()])
            begin = match.end()
    parts.append(path[begin:])
    return parts


def _segments(part: str, offset: int, text: str, limits: Limits) -> list[Segment]:
    """The segment that ``part`` is; two if a key follows the parameters of a function."""
    head = _HEAD.match(part)
    name = head.group() if head else ""
    if not head or not all(map(is_identifier, name.removeprefix("$").split("."))):
        return [Segment(part, offset)]
    end = offset + len(part)
    try:
        return _with_arguments(name, Parser(text[:end], limits, offset), offset)
    except ODataError as error:
        error.target, error.text = "path", text
        raise


def _with_arguments(name: str, parser: Parser, offset: int) -> list[Segment]:
    parser.expect("dollar" if name.startswith("$") else "name", "a name")
    segments = [Segment(name, offset, _arguments(parser, name))]
    if parser.touches("(") and (name == _FILTER or not name.startswith("$")):
        start = parser.position
        segments.append(Segment("", start, _arguments(parser, "")))
    parser.end("the end of the segment")
    return segments


def _arguments(parser: Parser, name: str) -> tuple[Argument, ...]:
    parser.expect("(", "an opening parenthesis")
    if name != _FILTER and parser.accept(")"):
        return ()
    read = {_FILTER: _condition, _CROSSJOIN: _entity_set}.get(name, _value)
    found: list[Argument] = []
    while True:
        found.append(read(parser))
        if read is _value and len(found) > 1 and not (found[0].name and found[-1].name):
            raise parser.error(
                "Several keys or parameters need names.", found[-1].position, "For example Set(A='x',B=1)."
            )
        if parser.accept(")"):
            return tuple(found)
        expected = "an operator or a closing parenthesis" if name == _FILTER else "a comma or a closing parenthesis"
        if name == _FILTER:
            parser.fail(expected, operator=True)
        parser.expect(",", expected)


def _condition(parser: Parser) -> Argument:
    start = parser.position
    return Argument("", parser.sized_expression(), start)


def _entity_set(parser: Parser) -> Argument:
    _, value, start, _ = parser.expect("name", "the name of an entity set")
    return Argument("", PathExpr((Segment(value, start),), start), start)


def _value(parser: Parser) -> Argument:
    """A key or parameter: a literal or an alias, perhaps with a name."""
    start, name = parser.position, ""
    if parser.token[0] == "name" and parser.tokens[parser.index + 1][0] == "=":
        name = parser.token[1]
        parser.index += 2
    value: SyntaxNode | None = parser.literal()
    if value is None and parser.token[0] == "at":
        value = parser.operand()
    if not isinstance(value, Literal | AliasExpr):
        hint = "Text is written in single quotes: Invoices('INV-1')." if parser.token[0] == "name" else None
        parser.fail("a literal or a parameter alias", hint=hint)
    return Argument(name, value, start)
