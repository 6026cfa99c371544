"""Parses SOQL and SOSL as external objects allow it. What Salesforce knows, but not for external objects, is refused
with its code; everything else that is not in the grammar is ``MALFORMED_QUERY``.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NoReturn

from salesforce.errors import SalesforceError
from salesforce.soql.days import RANGES
from salesforce.soql.lexer import Token, malformed, tokenize, unescaped
from salesforce.soql.syntax import (
    Bind,
    Comparison,
    Condition,
    Count,
    Days,
    Find,
    Literal,
    Logic,
    Operand,
    Order,
    Path,
    Returning,
    Select,
)

UNSUPPORTED = "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION"
#: Words that no field, object or alias can be.
RESERVED = frozenset({
    "AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST", "LIKE",
    "LIMIT", "NOT", "NULL", "NULLS", "OFFSET", "OR", "ORDER", "SELECT", "USING", "WHERE", "WITH",
})  # fmt: skip
#: Clauses of SOQL that external objects do not have, and how messages name them.
_CLAUSES = {
    "GROUP": "GROUP BY", "HAVING": "HAVING", "FOR": "FOR", "WITH": "WITH", "USING": "USING SCOPE", "ALL": "ALL ROWS",
    "UPDATE": "UPDATE",
}  # fmt: skip
#: What follows some of them.
_KINDS = frozenset({"VIEW", "REFERENCE", "UPDATE", "TRACKING", "VIEWSTAT"})
_AGGREGATES = frozenset({"AVG", "SUM", "MIN", "MAX", "COUNT", "COUNT_DISTINCT"})
_FUNCTIONS = frozenset({
    "TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE", "DISTANCE", "GEOLOCATION", "GROUPING",
    "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY",
    "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR",
})  # fmt: skip
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
#: Conditions and sub-queries within one another; deeper ones are refused before they cost anything.
MAX_DEPTH = 20
#: The largest OFFSET (SOQL and SOSL Reference, OFFSET).
MAX_OFFSET = 2_000


def parse_soql(statement: str) -> Select:
    """The statement. Raises ``SalesforceError``."""
    parser = _Parser(statement)
    parser.keyword("SELECT")
    select = parser.select(parser.before.position)
    parser.end()
    return select


def parse_sosl(statement: str) -> Find:
    """A ``FIND`` statement. Raises ``SalesforceError``."""
    parser = _Parser(statement)
    found = parser.find()
    parser.end()
    return found


class _Parser:
    """Steps through the tokens of one statement."""

    def __init__(self, statement: str) -> None:
        self.statement = statement
        self.tokens = tokenize(statement)
        self.index = 0
        self.depth = 0
        self.searching = False

    # --- tokens -----------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def before(self) -> Token:
        return self.tokens[self.index - 1]

    def accept(self, *words: str) -> bool:
        """Steps over the words, if they all follow."""
        for offset, word in enumerate(words):
            token = self.tokens[min(self.index + offset, len(self.tokens) - 1)]
            if token.kind not in ("name", "sign") or token.word != word:
                return False
        self.index += len(words)
        return True

    def keyword(self, word: str) -> None:
        if not self.accept(word):
            self.unexpected(f"expecting {word}")

    def end(self) -> None:
        if self.token.kind != "end":
            self._refuse_clause()
            self.unexpected()

    def unexpected(self, hint: str = "") -> NoReturn:
        token = self.token
        what = "unexpected end of statement" if token.kind == "end" else f"unexpected token: '{token.text}'"
        raise malformed(self.statement, token.position, f"{what}, {hint}" if hint else what)

    def unsupported(self, what: str, position: int) -> NoReturn:
        message = f"{what} is not supported for external objects"
        raise SalesforceError(UNSUPPORTED, message, text=self.statement, position=position)

    def name(self, what: str) -> Token:
        """A name that is no reserved word."""
        token = self.token
        if token.kind != "name" or token.word in RESERVED:
            self.unexpected(f"expecting {what}")
        self.index += 1
        return token

    def path(self, what: str = "a field") -> Path:
        token = self.name(what)
        return Path(tuple(token.text.split(".")), token.position)

    def number(self, what: str) -> int:
        token = self.token
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 9:
            self.unexpected(f"expecting a whole number after {what}")
        self.index += 1
        return int(token.text)

    def nested(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"conditions are nested more than {MAX_DEPTH} deep"
            raise SalesforceError("QUERY_TOO_COMPLICATED", message, text=self.statement, position=self.token.position)

    # --- SOQL -------------------------------------------------------------------------------------------

    def select(self, position: int, *, inner: bool = False) -> Select:
        """What follows ``SELECT``."""
        items = [self._item(inner)]
        while self.accept(","):
            items.append(self._item(inner))
        self.keyword("FROM")
        source = self.name("an object")
        if self.accept(","):
            self.unsupported("More than one object in FROM", self.before.position)
        alias = self._alias()
        where = self.condition() if self.accept("WHERE") else None
        order, limit, offset = self._slice()
        if any(isinstance(item, Count) for item in items) and len(items) > 1:
            raise malformed(self.statement, position, "COUNT() must be the only element in SELECT")
        return Select(tuple(items), source.text, position, alias, where, order, limit, offset)

    def _alias(self) -> str | None:
        if self.accept("AS"):
            return self.name("an alias").text
        token = self.token
        if token.kind != "name" or token.word in RESERVED or token.word in _CLAUSES or "." in token.text:
            return None
        self.index += 1
        return token.text

    def _item(self, inner: bool) -> Path | Count | Select:
        token = self.token
        if token.text == "(":
            return self._subquery(inner)
        if token.word == "TYPEOF":
            self.unsupported("TYPEOF", token.position)
        if token.kind != "name" or self.tokens[self.index + 1].text != "(":
            return self.path()
        if token.word == "COUNT" and self.accept("COUNT", "(", ")"):
            return Count(token.position)
        if token.word == "FIELDS":
            self.unsupported("FIELDS()", token.position)
        if token.word in _AGGREGATES:
            self.unsupported(f"The aggregate function {token.text}", token.position)
        if token.word in _FUNCTIONS:
            self.unsupported(f"The function {token.text}", token.position)
        self.unexpected()

    def _subquery(self, inner: bool) -> Select:
        position = self.token.position
        if inner:
            self.unsupported("A sub-query within a sub-query", position)
        self.index += 1
        self.keyword("SELECT")
        found = self.select(position, inner=True)
        self._closing()
        return found

    def _closing(self) -> None:
        if not self.accept(")"):
            self._refuse_clause()
            self.unexpected("expecting a right parenthesis")

    def _refuse_clause(self) -> None:
        token = self.token
        if token.kind == "name" and token.word in _CLAUSES:
            following = self.tokens[self.index + 1].word if token.word in ("FOR", "UPDATE") else ""
            what = f" {following}" if following in _KINDS else ""
            self.unsupported(f"{_CLAUSES[token.word]}{what}", token.position)

    def _slice(self) -> tuple[tuple[Order, ...], int | None, int]:
        """``ORDER BY``, ``LIMIT`` and ``OFFSET``, with everything between refused that external objects lack."""
        order: list[Order] = []
        limit: int | None = None
        offset = 0
        self._refuse_clause()
        if self.accept("ORDER", "BY"):
            order.append(self._order())
            while self.accept(","):
                order.append(self._order())
        self._refuse_clause()
        if self.accept("LIMIT"):
            limit = self.number("LIMIT")
        if self.accept("OFFSET"):
            position = self.token.position
            offset = self.number("OFFSET")
            if offset > MAX_OFFSET:
                message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
                raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message, text=self.statement, position=position)
        return tuple(order), limit, offset

    def _order(self) -> Order:
        field = self.path("a field to sort by")
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls = None
        if self.accept("NULLS"):
            nulls = "FIRST" if self.accept("FIRST") else "LAST" if self.accept("LAST") else self.unexpected()
        return Order(field, descending, nulls)

    # --- conditions -------------------------------------------------------------------------------------

    def condition(self) -> Condition:
        """Terms joined by either AND or OR: Salesforce wants parentheses where both are mixed."""
        position = self.token.position
        terms = [self._term()]
        joined = self.token.word
        while joined in ("AND", "OR") and self.accept(joined):
            terms.append(self._term())
        if self.token.word in ("AND", "OR") and self.token.kind == "name":
            self.unexpected("parentheses are needed where AND and OR are mixed")
        return terms[0] if len(terms) == 1 else Logic(joined, tuple(terms), position)

    def _term(self) -> Condition:
        position = self.token.position
        if self.accept("NOT"):
            self.nested()
            inner = self._term()
            self.depth -= 1
            return Logic("NOT", (inner,), position)
        if self.accept("("):
            self.nested()
            inner = self.condition()
            self._closing()
            self.depth -= 1
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        token = self.token
        if token.kind == "name" and self.tokens[self.index + 1].text == "(":
            if token.word in _FUNCTIONS | _AGGREGATES:
                self.unsupported(f"The function {token.text}", token.position)
            self.index += 1
            self.unexpected()
        field = self.path()
        position = self.token.position
        for word in ("INCLUDES", "EXCLUDES"):
            if self.accept(word):
                self.unsupported(word, position)
        if self.accept("NOT", "IN"):
            return Comparison(field, "NOT IN", self._list(), position)
        if self.accept("IN"):
            return Comparison(field, "IN", self._list(), position)
        if self.accept("LIKE"):
            if self.searching:
                self.unsupported("LIKE in a search", position)
            return Comparison(field, "LIKE", (self.operand(),), position)
        operator = _COMPARISONS.get(self.token.text)
        if operator is None:
            self.unexpected("expecting an operator")
        self.index += 1
        return Comparison(field, operator, (self.operand(),), position)

    def _list(self) -> tuple[Operand, ...]:
        if self.token.text == ":":
            return (self.operand(),)
        if not self.accept("("):
            self.unexpected("expecting a list in parentheses")
        if self.token.word == "SELECT":
            self.unsupported("A sub-query in WHERE", self.token.position)
        found = [self.operand()]
        while self.accept(","):
            found.append(self.operand())
        self._closing()
        return tuple(found)

    def operand(self) -> Operand:
        """A literal, a date literal or a bind variable."""
        token = self.token
        self.index += 1
        if token.text == ":":
            return Bind(self.name("the name of a variable").text, token.position)
        if token.kind in _LITERALS:
            return Literal(_LITERALS[token.kind](self, token), token.position)
        if token.word in ("TRUE", "FALSE"):
            return Literal(token.word == "TRUE", token.position)
        if token.word == "NULL":
            return Literal(None, token.position)
        if token.kind == "name" and token.word in RANGES:
            return self._days(token)
        self.index -= 1
        self.unexpected("expecting a value")

    def _days(self, token: Token) -> Days:
        number = None
        if RANGES[token.word].counted:
            if not self.accept(":"):
                self.unexpected(f"expecting a colon and a number after {token.text}")
            number = self.number(token.text)
        return Days(token.word, number, token.position)

    def text(self, token: Token) -> str:
        return unescaped(token.text[1:-1], self.statement, token.position)

    def date(self, token: Token) -> date:
        try:
            return date.fromisoformat(token.text)
        except ValueError:
            raise malformed(self.statement, token.position, f"invalid date: {token.text}") from None

    def datetime(self, token: Token) -> datetime:
        try:
            return datetime.fromisoformat(token.text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise malformed(self.statement, token.position, f"invalid dateTime: {token.text}") from None

    # --- SOSL -------------------------------------------------------------------------------------------

    def find(self) -> Find:
        """``FIND {phrase} [IN ... FIELDS] RETURNING object[(fields ...)], ... [LIMIT n]``."""
        self.searching = True
        self.keyword("FIND")
        token = self.token
        if token.kind not in ("braces", "text"):
            self.unexpected("expecting a phrase in braces")
        self.index += 1
        phrase = token.text[1:-1]
        if self.accept("IN"):
            self._scope()
        if not self.accept("RETURNING"):
            self._refuse_clause()
            if self.token.kind == "end":
                self.unsupported("FIND without RETURNING", token.position)
            self.unexpected("expecting RETURNING")
        returning = [self._returning()]
        while self.accept(","):
            returning.append(self._returning())
        self._refuse_clause()
        limit = self.number("LIMIT") if self.accept("LIMIT") else None
        return Find(phrase, tuple(returning), limit)

    def _scope(self) -> None:
        if not any(self.accept(word, "FIELDS") for word in ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR")):
            self.unexpected("expecting ALL FIELDS")

    def _returning(self) -> Returning:
        source = self.name("an object")
        if not self.accept("("):
            return Returning(source.text, source.position)
        fields = [self._returned()]
        while self.accept(","):
            fields.append(self._returned())
        where = self.condition() if self.accept("WHERE") else None
        order, limit, offset = self._slice()
        self._closing()
        return Returning(source.text, source.position, tuple(fields), where, order, limit, offset)

    def _returned(self) -> Path:
        token = self.token
        if token.kind == "name" and self.tokens[self.index + 1].text == "(" and token.word in _FUNCTIONS | _AGGREGATES:
            self.unsupported(f"The function {token.text}", token.position)
        return self.path()


_LITERALS: dict[str, Callable[[_Parser, Token], str | Decimal | date | datetime]] = {
    "text": _Parser.text,
    "number": lambda parser, token: Decimal(token.text),
    "date": _Parser.date,
    "datetime": _Parser.datetime,
}
