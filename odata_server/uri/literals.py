"""Literals in an expression: primitive ones, and the arrays and objects of JSON."""

import json
from collections.abc import Callable
from functools import partial

from edm.errors import ODataError
from odata_server.uri.cursor import Cursor
from odata_server.uri.lexer import BINARY, DURATION, ENUM_MEMBERS, GEO_PREFIXES, Token, whole_token
from odata_server.uri.syntax import CollectionExpr, Literal, ObjectExpr, SyntaxNode

#: Token kinds that are literals by themselves, and their types.
LITERAL_KINDS = {"date": "Date", "datetime": "DateTimeOffset", "time": "TimeOfDay", "guid": "Guid"}
_CASE_SENSITIVE = {"null": ("Null", "null"), "NaN": ("Double", "NaN"), "INF": ("Double", "INF")}
_BOOLEANS = {"true": ("Boolean", "true"), "false": ("Boolean", "false")}
_JSON = json.JSONDecoder(strict=False)


def _text(value: str, start: int) -> Literal:
    return Literal("String", value[1:-1].replace("''", "'"), start)


def _number(value: str, start: int) -> Literal:
    """Its form decides what kind of number it is."""
    if value.lstrip("+-").isdigit():
        return Literal("Integer", value, start)
    return Literal("Double" if value == "-INF" or "e" in value.lower() else "Decimal", value, start)


def _date_time(value: str, start: int) -> Literal:
    """The sign of an offset is a blank where the client left the plus sign as it is."""
    return Literal("DateTimeOffset", value.replace(" ", "+"), start)


#: Kind of token -> the literal that it is by itself, from its text and position.
TOKEN_LITERALS: dict[str, Callable[[str, int], Literal]] = {
    "string": _text,
    "number": _number,
    **{kind: partial(Literal, name) for kind, name in LITERAL_KINDS.items()},
    "datetime": _date_time,
}


def literal_of(text: str) -> Literal | None:
    """The literal that a whole text is by itself, if it is one token of one."""
    kind = whole_token(text)
    found = TOKEN_LITERALS.get(kind) if kind is not None else None
    return None if found is None else found(text, 0)


def keyword_literal(word: str) -> tuple[str, str] | None:
    """Kind and text of the literal that a bare word is; ``None`` for all other words."""
    return _CASE_SENSITIVE.get(word) or _BOOLEANS.get(word.lower())


class Values(Cursor):
    """Reads one literal at the cursor."""

    __slots__ = ()

    def expression(self) -> SyntaxNode:
        """A whole expression: the parser's part."""
        raise NotImplementedError

    # --- primitive -----------------------------------------------------------------------------------------

    def literal(self) -> Literal | None:
        """The primitive literal at the cursor; ``None`` (and no step) if there is none."""
        kind, value, start, end = self.tokens[self.index]
        if kind in TOKEN_LITERALS:
            return self.token_literal()
        if kind != "name":
            return None
        if self.tokens[self.index + 1][0] == "string" and self.tokens[self.index + 1][2] == end:
            return self.prefixed()
        keyword = keyword_literal(value)
        if keyword is None:
            return None
        self.index += 1
        return Literal(*keyword, start)

    def token_literal(self) -> Literal:
        """The literal that the token at the cursor is by itself."""
        kind, value, start, _ = self.tokens[self.index]
        self.index += 1
        return TOKEN_LITERALS[kind](value, start)

    def prefixed(self) -> Literal:
        """Text in single quotes directly after a name: a duration, binary data, members of an enumeration."""
        name, string = self.tokens[self.index], self.tokens[self.index + 1]
        prefix, text = name[1].lower(), string[1][1:-1].replace("''", "'")
        self.index += 2
        if prefix == "duration":
            return self._checked(
                Literal("Duration", text, name[2]), bool(DURATION.fullmatch(text)) and text[-1] not in "PTpt"
            )
        if prefix == "binary":
            return self._checked(Literal("Binary", text, name[2]), bool(BINARY.fullmatch(text)))
        if prefix in GEO_PREFIXES:
            message = "This service has no geographical types."
            raise ODataError("not_implemented", message, position=name[2], text=self.text)
        if "." not in prefix or prefix.endswith("*"):
            raise self.bad_prefix(name, string)
        literal = Literal("Enum", text, name[2], name[1])
        return self._checked(literal, bool(ENUM_MEMBERS.fullmatch(text)))

    def _checked(self, literal: Literal, valid: bool) -> Literal:
        if not valid:
            raise self.error(f"'{literal.text[:40]}' is not a value of this type.", literal.position)
        return literal

    # --- JSON ---------------------------------------------------------------------------------------------

    def array(self) -> SyntaxNode:
        """``[...]``, whose items are JSON strings or expressions."""
        start = self.position
        self.index += 1
        items: list[SyntaxNode] = []
        if self.accept("]"):
            return CollectionExpr((), start)
        while True:
            items.append(self._json_value())
            if self.accept("]"):
                return CollectionExpr(tuple(items), start)
            self.expect(",", "a comma or a closing bracket")

    def object(self) -> SyntaxNode:
        """``{"name":...}``, whose values are JSON strings or expressions."""
        start = self.position
        self.index += 1
        members: list[tuple[str, SyntaxNode]] = []
        if self.accept("}"):
            return ObjectExpr((), start)
        while True:
            name = self._json_string(self.expect("json_string", "a name in double quotes"))
            self.expect(":", "a colon after the name")
            members.append((name, self._json_value()))
            if self.accept("}"):
                return ObjectExpr(tuple(members), start)
            self.expect(",", "a comma or a closing brace")

    def _json_value(self) -> SyntaxNode:
        if self.token[0] != "json_string":
            return self.expression()
        self.index += 1
        token = self.tokens[self.index - 1]
        return Literal("String", self._json_string(token), token[2])

    def _json_string(self, token: Token) -> str:
        try:
            text = _JSON.decode(token[1])
        except ValueError:
            raise self.error("This text has an escape that JSON does not know.", token[2]) from None
        assert isinstance(text, str)
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            message = "This text holds a NUL or half of a surrogate pair."
            raise ODataError("bad_encoding", message, position=token[2], text=self.text)
        return text
