"""Cuts the decoded text of an option into tokens. Knows how names and literals look, not what they mean.

One compiled alternation does the work, so the time is linear in the text. Keywords are names here: only the
parser knows where an operator may stand, and so ``AllocatedQty``, ``Eq`` and ``TrueCost`` stay ordinary
properties.
"""

import re
import unicodedata
from itertools import islice

from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded

#: Kind, text, start, end. Kinds: ``name number string json_string date datetime time guid dollar at end
#: bad``; a punctuation character is its own kind.
Token = tuple[str, str, int, int]

_NAME = r"[A-Za-z_\u0080-\U0010FFFF][\w\u0080-\U0010FFFF]*+"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*+"
_DATE = r"-?(?:0\d{3}|[1-9]\d{3,})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:\.\d{1,12})?)?"
_HEX = "[0-9A-Fa-f]"
_INF = r"INF(?![0-9A-Za-z_\u0080-\U0010FFFF])"

#: ``\d`` is ASCII only; blanks before a token belong to no token.
_TOKEN = re.compile(
    rf"""[ \t]*+(?:
        (?P<punctuation>[()/,:;=*\[\]{{}}]|-(?![0-9]|{_INF}))
      | (?P<guid>{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})
      | (?P<name>{_QUALIFIED}(?:\.\*)?)
      | (?P<string>'[^']*+(?:''[^']*+)*+')
      | (?P<datetime>{_DATE}[Tt]{_TIME}(?:[Zz]|[+\ -](?:[01]\d|2[0-3]):[0-5]\d))
      | (?P<date>{_DATE})
      | (?P<time>{_TIME})
      | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-{_INF})
      | (?P<dollar>\$[A-Za-z]+)
      | (?P<at>@{_QUALIFIED}(?:\#{_NAME})?)
      | (?P<json_string>"(?:[^"\\]++|\\.)*+")
      | (?P<end>\Z)
      | (?P<bad>.)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)

#: The kind of token that each group of the expression is; ``None`` for punctuation, which is its own kind.
_KINDS: tuple[str | None, ...] = ("bad", None, *list(_TOKEN.groupindex)[1:])
_END = _TOKEN.groupindex["end"]

#: Prefixes that, directly before a quoted string, make it a literal of another type.
GEO_PREFIXES = frozenset({"geography", "geometry"})
DURATION = re.compile(r"-?P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?", re.ASCII | re.IGNORECASE)
BINARY = re.compile(
    r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?|[A-Za-z0-9_-][AQgw](?:==)?)?", re.ASCII
)
ENUM_MEMBERS = re.compile(rf"(?:{_NAME}|[+-]?\d{{1,19}})(?:,(?:{_NAME}|[+-]?\d{{1,19}}))*", re.ASCII)

#: Characters of a simple identifier (CSDL 4.01, 15.2).
MAX_IDENTIFIER = 128
_LEADING = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_FOLLOWING = _LEADING | {"Nd", "Mn", "Mc", "Pc", "Cf"}
_NAMED_KINDS = frozenset({"name", "at", "dollar"})


def tokenize(text: str, start: int = 0, limits: Limits = DEFAULT_LIMITS) -> list[Token]:
    """The tokens of ``text`` from ``start``, closed by an ``end`` token. Bad characters are tokens of kind
    ``bad``.
    """
    tokens: list[Token] = []
    append = tokens.append
    for match in islice(_TOKEN.finditer(text, start), limits.tokens + 1):
        group = match.lastindex or 0
        begin, end = match.span(group)
        value = text[begin:end]
        append((_KINDS[group] or value, value, begin, end))
        if group == _END:
            break
    if tokens[-1][0] != "end":
        raise exceeded("tokens", limits, tokens[-1][2], text)
    if not text.isascii() or max(map(len, text.split()), default=0) > MAX_IDENTIFIER:
        _mark_bad_names(tokens)
    return tokens


def whole_token(text: str) -> str | None:
    """The kind of the token that the whole text is; ``None`` if it is none, or several."""
    match = _TOKEN.match(text)
    if match is None or match.end() != len(text) or match.start(match.lastindex or 0) != 0:
        return None
    return _KINDS[match.lastindex or 0]


def _mark_bad_names(tokens: list[Token]) -> None:
    """A name with a character that names cannot have becomes a ``bad_name``, reported only if the parser
    meets it.
    """
    for index, (kind, value, start, end) in enumerate(tokens):
        if kind in _NAMED_KINDS and (len(value) > MAX_IDENTIFIER or not value.isascii()):
            parts = re.split("[.@$#]", value)
            if any(first_bad_character(part) is not None for part in parts if part not in ("", "*")):
                tokens[index] = ("bad_name", value, start, end)


def first_bad_character(name: str) -> int | None:
    """Where ``name`` stops being an OData simple identifier (CSDL 4.01, 15.2); ``None`` if it is one."""
    if not name:
        return 0
    if not (name.isascii() and name.isidentifier()):
        for index, character in enumerate(name):
            if character != "_" and unicodedata.category(character) not in (_FOLLOWING if index else _LEADING):
                return index
    return MAX_IDENTIFIER if len(name) > MAX_IDENTIFIER else None


def is_identifier(name: str) -> bool:
    """Whether ``name`` is an OData simple identifier."""
    return first_bad_character(name) is None


def describe(token: Token) -> str:
    """The token in the words of an error message."""
    kind, value = token[0], token[1]
    shown = value if len(value) <= 40 else value[:37] + "..."
    if kind == "end":
        return "the end"
    if kind in _NAMED_KINDS:
        return f"the word {shown}"
    if kind in ("string", "json_string"):
        return f"the text {shown}"
    return f"the {kind} {shown}" if kind.isalpha() and kind != "bad" else f"the sign {shown}"
