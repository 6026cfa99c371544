"""Parses ``$search``: words, phrases, ``AND``, ``OR``, ``NOT`` and parentheses (URL Conventions 4.01, 5.1.7).

What counts as a match is not decided here.
"""

import re
from typing import NoReturn

from edm.errors import ODataError
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.syntax import SearchCall, SearchNode, SearchTerm

_TOKEN = re.compile(r'\s*+(?:(?P<phrase>"[^"]*+")|(?P<open>\()|(?P<close>\))|(?P<word>[^\s()"]++)|(?P<bad>"))')
#: Punctuation between the words of free text.
_FREE_WORD = re.compile(r'[^\s()"]+')
_INCOMPLETE = re.compile(r"'((?:[^']++|'')*+)'")


def parse_search(
    text: str, *, limits: Limits = DEFAULT_LIMITS, offset: int = 0, whole: str | None = None
) -> SearchNode:
    """The tree of a ``$search`` text.

    1. A word is a run of characters without blanks, parentheses and double quotes; ``AND``, ``OR``, ``NOT``
       (capitals) are operators only where the grammar has operands for them, else they are words: ``AND OR
       NOT`` looks for rows with "AND" or "NOT". ``NOT`` binds tightest, then ``AND`` and the blank between
       words, then ``OR``.
    2. A text in single quotes is typed ahead and may be incomplete: parsed as above if it can be, otherwise
       its words are taken, without operators, quotes and parentheses.
    3. Where the text has no such tree although its quotes and parentheses are balanced (``a(b)``, ``""x``),
       its words are taken in the same way, because Salesforce passes on what people type.
    4. Unbalanced double quotes or parentheses, and a text without any word, are errors.

    ``offset`` and ``whole`` place errors and positions in the option that ``text`` is a part of.
    """
    parser = _SearchParser(text, offset, text if whole is None else whole, limits)
    if len(text.strip()) > limits.search_length:
        raise exceeded("search_length", limits, offset, parser.whole)
    quoted = _INCOMPLETE.fullmatch(text.strip())
    node = parser.type_ahead(quoted.group(1).replace("''", "'")) if quoted else parser.parse()
    terms = _count_terms(node)
    if terms > limits.search_terms:
        raise exceeded("search_terms", limits, offset, parser.whole)
    return node


def _count_terms(node: SearchNode) -> int:
    return 1 if isinstance(node, SearchTerm) else sum(_count_terms(arg) for arg in node.args)


class _NoTreeError(Exception):
    """Balanced, but not an expression of the grammar."""


class _SearchParser:
    """Recursive descent; the limit on the number of terms bounds the parentheses, and so the recursion."""

    def __init__(self, text: str, offset: int, whole: str, limits: Limits) -> None:
        self.text, self.offset, self.whole = text, offset, whole
        self.limits = limits
        self.tokens: list[tuple[str, str, int, int]] = []
        self.index = 0
        self.operand_end = -1

    def parse(self) -> SearchNode:
        """The tree of the grammar, or of the words where there is none."""
        try:
            return self._whole_tree()
        except _NoTreeError:
            return self._words(self.text, self.offset)

    def type_ahead(self, inner: str) -> SearchNode:
        """What is between single quotes: anything goes."""
        position = self.offset + len(self.text) - len(self.text.lstrip()) + 1
        try:
            return _SearchParser(inner, position, self.whole, self.limits)._whole_tree()
        except (_NoTreeError, ODataError):
            return self._words(inner, position, anything=True)

    def _words(self, text: str, offset: int, anything: bool = False) -> SearchNode:
        words = [SearchTerm(m.group(), offset + m.start()) for m in _FREE_WORD.finditer(text)]
        if not words and anything and text.strip():
            words = [SearchTerm(text.strip(), offset)]
        if not words:
            self._fail("a word to search for", offset)
        return words[0] if len(words) == 1 else SearchCall("and", tuple(words), words[0].position)

    def _whole_tree(self) -> SearchNode:
        self._cut()
        if not self.tokens:
            self._fail("a word to search for", self.offset)
        node = self._or()
        if self.index < len(self.tokens):
            raise _NoTreeError
        return node

    def _cut(self) -> None:
        """Cuts the tokens and refuses quotes and parentheses that have no partner."""
        opened: list[int] = []
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup or "bad"
            start, end = match.span(kind)
            if kind == "bad":
                self._unbalanced("double quote", start)
            if kind == "open":
                opened.append(start)
                if len(opened) > self.limits.search_terms:
                    raise exceeded("search_terms", self.limits, self.offset + start, self.whole)
            elif kind == "close":
                if not opened:
                    self._unbalanced("parenthesis", start)
                opened.pop()
            self.tokens.append((kind, match.group(kind), start, end))
            if len(self.tokens) > 10 * self.limits.search_terms:
                raise exceeded("search_terms", self.limits, self.offset + start, self.whole)
        if opened:
            self._unbalanced("parenthesis", opened[-1])

    # --- the grammar --------------------------------------------------------------------------------------

    def _or(self) -> SearchNode:
        position = self._position()
        parts = [self._and()]
        while self._operator("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else SearchCall("or", tuple(parts), position)

    def _and(self) -> SearchNode:
        position = self._position()
        parts = [self._not()]
        while self._more() and not self._operator("OR", step=False):
            self._operator("AND")
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else SearchCall("and", tuple(parts), position)

    def _not(self) -> SearchNode:
        position = self._position()
        if self._operator("NOT"):
            return SearchCall("not", (self._not(),), position)
        return self._term()

    def _term(self) -> SearchNode:
        if not self._more():
            raise _NoTreeError
        kind, value, start, end = self.tokens[self.index]
        if start == self.operand_end or (kind == "phrase" and not value[1:-1].strip()):
            raise _NoTreeError
        self.index += 1
        if kind == "open":
            node = self._or()
            if self._more() or self.index >= len(self.tokens):
                raise _NoTreeError
            self.operand_end = self.tokens[self.index][3]
            self.index += 1
            return node
        self.operand_end = end
        return SearchTerm(value[1:-1] if kind == "phrase" else value, self.offset + start)

    def _more(self) -> bool:
        return self.index < len(self.tokens) and self.tokens[self.index][0] != "close"

    def _operator(self, word: str, step: bool = True) -> bool:
        """Whether ``word`` is next and followed by an operand; a word before nothing is just a word."""
        following = self.tokens[self.index : self.index + 2]
        found = (
            len(following) == 2
            and following[0][:2] == ("word", word)
            and following[1][0] != "close"
            and (following[1][2] > following[0][3] or following[1][0] == "open")
        )
        self.index += found and step
        return found

    # --- errors -------------------------------------------------------------------------------------------

    def _position(self) -> int:
        return self.offset + (self.tokens[self.index][2] if self.index < len(self.tokens) else len(self.text))

    def _unbalanced(self, what: str, start: int) -> NoReturn:
        raise ODataError(
            "syntax",
            f"This {what} has no counterpart.",
            position=self.offset + start,
            text=self.whole,
            hint="Search text in single quotes may hold any sign: '\"blue'.",
        )

    def _fail(self, expected: str, position: int) -> NoReturn:
        raise ODataError("syntax", f"Expected {expected}.", position=position, text=self.whole or None)
