"""How much a URL may ask of the parser: one row per limit, each with a name that settings and errors share.

Limits of the answer (page size, response bytes, deadline) and of the transport (request line, body) live
elsewhere.
"""

from dataclasses import dataclass, fields

from edm.errors import ODataError


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults with room for what Salesforce sends; every one is a setting."""

    #: Query options in one URL, custom ones included.
    options: int = 1_000
    #: Segments of the resource path.
    path_segments: int = 50
    #: Tokens of one option; checked while they are cut, before anything else is done with the text.
    tokens: int = 20_000
    #: Nodes of one expression. The second and further literals that one property is compared with in one
    #: ``or`` (or ``ne`` in one ``and``), and the literals of a list, count half: Salesforce writes long ones
    #: for its ``IN``.
    nodes: int = 2_000
    #: Depth of the expression tree; parentheses and chains of ``and`` and ``or`` do not deepen it.
    depth: int = 40
    #: Parentheses open at one time. Kept on a stack of our own, so a client may wrap every term of a long
    #: ``or``.
    parentheses: int = 2_000
    #: Function calls within function calls.
    function_nesting: int = 15
    #: ``any``, ``all``, ``/$filter(...)`` and ``/$count(...)`` within one another.
    lambda_depth: int = 2
    #: Parameter aliases within the values of parameter aliases.
    alias_nesting: int = 2
    #: ``$expand`` within ``$expand``.
    expand_depth: int = 3
    #: Items of all ``$expand`` options of a URL together.
    expand_items: int = 10
    #: Items of ``$orderby``.
    orderby_items: int = 8
    #: Items of one ``$compute`` option.
    compute_items: int = 20
    #: Items of one ``$select`` option with those nested in it.
    select_items: int = 500
    #: Words and phrases of ``$search``.
    search_terms: int = 10
    #: Characters of ``$search``.
    search_length: int = 200


DEFAULT_LIMITS = Limits()

#: What each limit counts, in the words of its error message.
COUNTED: dict[str, str] = {
    "options": "query options",
    "path_segments": "path segments",
    "tokens": "words and signs in one option",
    "nodes": "operands and operators in one expression",
    "depth": "levels in one expression",
    "parentheses": "nested parentheses",
    "function_nesting": "nested function calls",
    "lambda_depth": "nested conditions on related rows",
    "alias_nesting": "nested parameter aliases",
    "expand_depth": "nested $expand",
    "expand_items": "items in $expand",
    "orderby_items": "items in $orderby",
    "compute_items": "items in $compute",
    "select_items": "items in $select",
    "search_terms": "words in $search",
    "search_length": "characters in $search",
}
assert set(COUNTED) == {field.name for field in fields(Limits)}


def exceeded(name: str, limits: Limits, position: int | None = None, text: str | None = None) -> ODataError:
    """The error for more than ``name`` allows; it names the limit, so that an administrator finds the
    setting.
    """
    return ODataError(
        "limit_exceeded",
        f"More than {getattr(limits, name)} {COUNTED[name]} (limit {name}).",
        position=position,
        text=text,
    )
