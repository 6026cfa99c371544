"""Options in parentheses, separated by semicolons: ``Lines($filter=Qty gt 1;$top=5)``,
``Lines/$count($search=blue)``.

Which options are allowed, and how each is read, is told by those who call.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from edm.errors import ODataError
from odata_server.uri.cursor import Cursor
from odata_server.uri.search import parse_search
from odata_server.uri.syntax import Option, SearchNode

C = TypeVar("C", bound=Cursor)
#: Canonical option name -> reads the value at the cursor. ``@`` stands for every parameter alias.
Readers = Mapping[str, Callable[[C], object]]

#: All system query options of OData 4.01 and its aggregation extension, without ``$``.
SYSTEM_OPTIONS = frozenset({
    "apply", "compute", "count", "deltatoken", "expand", "filter", "format", "id", "index", "levels",
    "orderby", "schemaversion", "search", "select", "skip", "skiptoken", "top",
})  # fmt: skip

_SEARCH_PART = re.compile(r"""[^"();]++|"[^"]*+"|.""", re.DOTALL)
_QUOTED_SEARCH = re.compile(r"[ \t]*+'(?:[^']++|'')*+'(?=[ \t]*+[;)])")
_NEXT_OPTION = re.compile(r"[ \t]*+(?:\$?[A-Za-z]++|@\w++)[ \t]*+=")


def starts_options(cursor: Cursor) -> bool:
    """Whether what follows the next token, a parenthesis, is an option and not a list of names."""
    following = [token[0] for token in cursor.tokens[cursor.index + 1 : cursor.index + 3]]
    return following[0] in ("dollar", "at") or following[1:] == ["="]


def read_options(cursor: C, readers: Readers[C], owner: str) -> tuple[Option, ...]:
    """The options in parentheses after ``owner``; the next token is the opening parenthesis."""
    cursor.expect("(", "an opening parenthesis")
    found: dict[str, Option] = {}
    while True:
        position = cursor.position
        name = _option_name(cursor)
        if name in found:
            raise ODataError(
                "duplicate_option", f"{name} is given twice for {owner}.", position=position, text=cursor.text
            )
        found[name] = _read(cursor, readers, name, owner, position)
        if cursor.accept(")"):
            return tuple(found.values())
        cursor.expect(
            ";", "a semicolon or a closing parenthesis", "Options in parentheses are separated by semicolons."
        )


def _option_name(cursor: Cursor) -> str:
    kind, value, position, _ = cursor.token
    if kind == "at" and "." not in value and "#" not in value:
        name = value
    elif kind in ("dollar", "name"):
        name = "$" + value.removeprefix("$").lower()
        if name[1:] not in SYSTEM_OPTIONS:
            raise ODataError("unknown_option", f"{value} is not a query option.", position=position, text=cursor.text)
    else:
        cursor.fail("a query option such as $filter or $select")
    cursor.index += 1
    cursor.expect("=", "an equals sign after the name of the option")
    return name


def _read(cursor: C, readers: Readers[C], name: str, owner: str, position: int) -> Option:
    reader = readers.get("@" if name.startswith("@") else name)
    if reader is None:
        raise _refused(cursor, readers, name, owner, position)
    start = cursor.position
    value = reader(cursor)
    return Option(name, cursor.text[start : cursor.position].strip(" \t"), value)


def _refused(cursor: C, readers: Readers[C], name: str, owner: str, position: int) -> ODataError:
    allowed = ", ".join(sorted(option for option in readers if option != "@"))
    message = f"{name} is not allowed in the parentheses of {owner}."
    hint = f"Allowed there: {allowed}."
    return ODataError("option_not_allowed", message, position=position, text=cursor.text, hint=hint)


def read_search(cursor: Cursor) -> SearchNode:
    """The value of a nested ``$search``. It has words of its own, so its end is found before it is parsed."""
    start = cursor.tokens[cursor.index - 1][3]
    end = _search_end(cursor.text, start)
    node = parse_search(cursor.text[start:end], limits=cursor.limits, offset=start, whole=cursor.text)
    cursor.resume(end)
    return node


def _search_end(text: str, start: int) -> int:
    quoted = _QUOTED_SEARCH.match(text, start)
    if quoted:
        return quoted.end()
    depth = 0
    for match in _SEARCH_PART.finditer(text, start):
        part = match.group()
        if part == "(":
            depth += 1
        elif part == ")":
            depth -= 1
            if depth < 0:
                return match.start()
        elif part == ";" and not depth and _NEXT_OPTION.match(text, match.end()):
            return match.start()
    return len(text)
