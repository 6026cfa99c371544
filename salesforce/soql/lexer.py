"""Cuts SOQL and SOSL into tokens, and says where a statement goes wrong as Salesforce does."""

import re
from dataclasses import dataclass

from salesforce.errors import SalesforceError

#: Longer statements are refused by Salesforce.
MAX_LENGTH = 100_000

_TOKEN = re.compile(
    r"""\s*+(?:
        (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))
      | (?P<date>\d{4}-\d\d-\d\d(?![0-9T]))
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*+(?:\.[A-Za-z_][A-Za-z0-9_]*+)*+)
      | (?P<text>'(?:[^'\\]++|\\.)*+')
      | (?P<braces>\{(?:[^}\\]++|\\.)*+\})
      | (?P<sign><=|>=|!=|<>|[=<>(),:])
      | (?P<end>\Z)
      | (?P<bad>.)
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "_": "\\_",
    "%": "\\%",
}


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is the group of the token; ``word`` its text in upper case."""

    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        return self.text.upper()


def tokenize(statement: str) -> list[Token]:
    """The tokens, closed by one of kind ``end``. Raises ``MALFORMED_QUERY`` for a sign that no statement has."""
    if len(statement) > MAX_LENGTH:
        raise SalesforceError("QUERY_TOO_COMPLICATED", f"SOQL statements cannot be longer than {MAX_LENGTH} characters")
    tokens: list[Token] = []
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup or "bad"
        token = Token(kind, match[kind], match.start(kind))
        if kind == "bad":
            if token.text in "'{":
                raise malformed(statement, token.position, "unterminated string literal")
            raise malformed(statement, token.position, f"unexpected token: '{token.text}'")
        tokens.append(token)
        if kind == "end":
            break
    return tokens


def malformed(statement: str, position: int, what: str) -> SalesforceError:
    """``MALFORMED_QUERY`` with row and column, as Salesforce words it."""
    before = statement[:position]
    row, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return SalesforceError(
        "MALFORMED_QUERY", f"{what} (ERROR at Row:{row}:Column:{column})", text=statement, position=position
    )


def unescaped(text: str, statement: str, position: int) -> str:
    """The inside of a quoted text. ``\\%`` and ``\\_`` stay as they are: only ``LIKE`` knows what they mean."""

    def sign(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        found = _ESCAPED.get(code.lower() if code.isalpha() else code)
        if found is None:
            raise malformed(statement, position, f"Illegal escape sequence \\{code}")
        return found

    return _ESCAPE.sub(sign, text)
