"""A place in the tokens of one option, and the errors that can happen there.

Everything that parses expressions or lists of items builds on ``Cursor``. What the grammar is, is told in
``operands``, ``parser`` and ``select_expand``.
"""

import re
from typing import NoReturn

from edm.errors import ODataError
from odata_server.uri.lexer import MAX_IDENTIFIER, Token, describe, first_bad_character, tokenize
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded

#: What people write where OData wants an operator, and what to write instead.
INSTEAD = {
    "=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge",
    "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not", "is": "eq",
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod",
}  # fmt: skip
_QUOTED = "Text is written in single quotes: 'text'."
_DOUBLED = "A single quote within a text is written twice: 'O''Neil'."
#: What follows a text directly if it holds a single quote that is not doubled.
_WITHIN_TEXT = frozenset({"name", "number", "string", "bad", "bad_name"})
_SIGNS = re.compile(r"[=!<>&|+*/%-]+")
#: Prefixes of literals in older versions of OData.
_OLD_PREFIXES = {
    "datetime": "2024-03-01T00:00:00Z", "datetimeoffset": "2024-03-01T00:00:00Z", "time": "12:30:00",
    "guid": "01234567-89ab-cdef-0123-456789abcdef",
}  # fmt: skip


class Cursor:
    """Steps through ``tokens``; ``index`` is the next one. The last token is always of kind ``end``."""

    __slots__ = (
        "_cut", "calls", "expanded", "expands", "index", "lambdas", "limits", "nesting", "parentheses",
        "selected", "text", "tokens",
    )  # fmt: skip

    def __init__(self, text: str, limits: Limits = DEFAULT_LIMITS, start: int = 0) -> None:
        self.text = text
        self.limits = limits
        self.tokens = tokenize(text, start, limits)
        self.index = 0
        # Depths and counts that are limited, each by the method that deepens it.
        self.nesting = self.parentheses = self.calls = self.lambdas = self.expands = 0
        self.selected = self.expanded = 0
        self._cut = len(self.tokens)

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def position(self) -> int:
        return self.tokens[self.index][2]

    def touches(self, kind: str) -> bool:
        """Whether the next token is of ``kind`` and directly follows the one before."""
        token = self.tokens[self.index]
        return token[0] == kind and self.index > 0 and token[2] == self.tokens[self.index - 1][3]

    def accept(self, kind: str) -> bool:
        """Steps over the next token if it is of ``kind``."""
        if self.tokens[self.index][0] != kind:
            return False
        self.index += 1
        return True

    def expect(self, kind: str, expected: str, hint: str | None = None) -> Token:
        """Steps over the next token, which must be of ``kind``."""
        token = self.tokens[self.index]
        if token[0] != kind:
            self.fail(expected, hint=hint)
        self.index += 1
        return token

    def end(self, expected: str = "the end") -> None:
        """Refuses anything that follows."""
        if self.tokens[self.index][0] != "end":
            self.fail(expected)

    def resume(self, offset: int) -> None:
        """Goes on at a character offset, after text that is not made of tokens."""
        while self.tokens[self.index][2] < offset:
            self.index += 1
        if self.tokens[self.index][2] > offset:
            rest = tokenize(self.text, offset, self.limits)
            self._cut += len(rest)
            if self._cut > 2 * self.limits.tokens:
                raise exceeded("tokens", self.limits, offset, self.text)
            self.tokens = self.tokens[: self.index] + rest

    def error(self, message: str, position: int, hint: str | None = None) -> ODataError:
        """A syntax error in this option."""
        return ODataError("syntax", message, position=position, text=self.text, hint=hint)

    def over(self, limit: str) -> ODataError:
        """The error for more than a limit allows, at the next token."""
        return exceeded(limit, self.limits, self.position, self.text)

    def fail(
        self, expected: str, *, at: int | None = None, hint: str | None = None, operator: bool = False
    ) -> NoReturn:
        """Refuses the token at index ``at`` (default: the next one), saying what was expected instead."""
        index = self.index if at is None else at
        token = self.tokens[index]
        kind, value, start, _ = token
        if kind == "bad_name":
            raise self._bad_name(token)
        if kind == "bad" and value in "'\"":
            what = "single quote" if value == "'" else "double quote"
            raise self.error(
                f"The text that starts here has no closing {what}.",
                start,
                _DOUBLED if value == "'" else _QUOTED,
            )
        found = _SIGNS.match(self.text, start)
        shown = f"the sign {found.group()}" if found and kind not in ("number", "date") else describe(token)
        message = f"Expected {expected}, but found {shown}."
        raise self.error(message, start, hint or self._hint(index, found.group() if found else value, operator))

    def _hint(self, index: int, sign: str, operator: bool) -> str | None:
        kind, value, start, _ = self.tokens[index]
        before = self.tokens[index - 1] if index else None
        if before is not None and before[0] == "string" and before[3] == start and kind in _WITHIN_TEXT:
            return _DOUBLED
        if kind == "json_string":
            return _QUOTED
        if operator and before is not None:
            return self._operator_hint(before, index, sign)
        return "Use not instead of !." if value == "!" else None

    def _operator_hint(self, before: Token, index: int, sign: str) -> str | None:
        kind, value, start, _ = self.tokens[index]
        word = value.lower()
        if before[0] == "date" and before[3] == start and word.startswith("t"):
            return "A date-time ends in Z or an offset such as +01:00."
        if kind == "number":
            return "Subtraction is written sub, with blanks around it." if value[0] in "+-" else None
        if kind == "name" and word == "not":
            return "Negation stands in front: not (Name in ('a','b'))."
        if kind == "name" and word == "like":
            return "Use contains(Name,'text'), startswith or endswith."
        if kind == "name" and word == "between":
            return "Use Name ge 1 and Name le 9."
        instead = INSTEAD.get(sign.lower())
        if instead:
            return f"Use {instead} instead of {sign}."
        if kind == "(" and before[0] == "name":
            return f"No blank between a function and its parenthesis: {before[1]}(...)."
        if before[0] == "number" and before[3] == start:
            return "A number has no suffix."
        if kind in ("name", "number") and before[0] in ("name", "number"):
            return _QUOTED
        return None

    def _bad_name(self, token: Token) -> ODataError:
        offset = token[2]
        for part in re.split("([.@$#])", token[1]):
            bad = first_bad_character(part) if len(part) > 1 or part not in (*".@$#*", "") else None
            if bad is not None and bad >= MAX_IDENTIFIER:
                return self.error(f"A name may have at most {MAX_IDENTIFIER} characters.", offset + bad)
            if bad is not None:
                character = part[bad]
                hint = "Text is written in straight single quotes: 'text'." if character in "‘’‚‛“”„‟" else None
                shown = (
                    f"{character} (U+{ord(character):04X})" if character.isprintable() else f"U+{ord(character):04X}"
                )
                return self.error(f"The character {shown} cannot stand here.", offset + bad, hint)
            offset += len(part)
        return self.error("This is not a name.", token[2])

    def bad_prefix(self, name: Token, string: Token) -> ODataError:
        """The error for a quoted literal with a prefix that OData 4 does not have."""
        example = _OLD_PREFIXES.get(name[1].lower())
        hint = f"OData 4 writes it without prefix and quotes: {example}." if example else "Put a blank before the text."
        return self.error(f"{name[1]} is not the prefix of a literal.", name[2], hint)
