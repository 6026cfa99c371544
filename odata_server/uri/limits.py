"""How much a URL may ask of the parser: one row per limit, with its name, its default and the words of its error.

The setting of a limit is made from its row: ``nodes`` is ``limit_nodes``. Limits of the answer (page size, response
bytes, deadline) and of the transport (request line, body) live elsewhere.
"""

from dataclasses import dataclass, field, fields

from edm.errors import ODataError
from edm.patterns import MAX_PATTERN


def _limit(default: int, counted: str, *, most: int | None = None) -> int:
    """A row: ``counted`` says in an error what there is too much of; ``most`` bounds the setting."""
    return field(default=default, metadata={"counted": counted, "most": most})


@dataclass(frozen=True, slots=True)
class Limits:
    """Defaults with room for what Salesforce sends."""

    #: Custom ones included.
    options: int = _limit(1_000, "query options")
    path_segments: int = _limit(50, "path segments")
    #: Checked while they are cut, before anything else is done with the text.
    tokens: int = _limit(20_000, "words and signs in one option")
    #: The second and further literals that one property is compared with in one ``or`` (or ``ne`` in one ``and``), and
    #: the literals of a list, count half: Salesforce writes long ones for its ``IN``.
    nodes: int = _limit(2_000, "operands and operators in one expression")
    #: Parentheses and chains of ``and`` and ``or`` do not deepen the tree. SQLAlchemy compiles 50 levels.
    depth: int = _limit(40, "levels in one expression", most=45)
    #: Kept on a stack of our own, so a client may wrap every term of a long ``or``.
    parentheses: int = _limit(2_000, "nested parentheses")
    function_nesting: int = _limit(15, "nested function calls", most=40)
    #: Each costs a read before the request itself.
    roots: int = _limit(5, "values behind $root", most=50)
    #: ``any``, ``all``, ``/$filter(...)`` and ``/$count(...)`` within one another.
    lambda_depth: int = _limit(2, "nested conditions on related rows", most=10)
    alias_nesting: int = _limit(2, "nested parameter aliases", most=10)
    expand_depth: int = _limit(3, "nested $expand", most=10)
    #: Of all levels of one URL together.
    expand_items: int = _limit(10, "items in $expand")
    orderby_items: int = _limit(8, "items in $orderby")
    compute_items: int = _limit(20, "items in $compute")
    #: Those within others included.
    apply_steps: int = _limit(20, "transformations in $apply", most=40)
    apply_keys: int = _limit(20, "grouping properties in $apply", most=100)
    #: With those nested in them.
    select_items: int = _limit(500, "items in $select")
    search_terms: int = _limit(10, "words in $search", most=500)
    search_length: int = _limit(200, "characters in $search")
    #: RE2 takes time in proportion to pattern and text.
    pattern_length: int = _limit(MAX_PATTERN, "characters in a regular expression", most=MAX_PATTERN)


DEFAULT_LIMITS = Limits()

#: What each limit counts.
COUNTED: dict[str, str] = {row.name: row.metadata["counted"] for row in fields(Limits)}


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
