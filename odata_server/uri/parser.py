"""Operators and their precedence: from the text of an expression to its unbound tree.

One loop with two stacks, so that neither parentheses nor ``not`` nor chains of operators recurse. ``and`` and
``or`` become flat n-ary calls, however they were parenthesised. Operands are read by ``operands``.
"""

from odata_server.uri.aggregates import Aggregates
from odata_server.uri.lexer import ENUM_MEMBERS
from odata_server.uri.limits import DEFAULT_LIMITS, Limits
from odata_server.uri.literals import TOKEN_LITERALS
from odata_server.uri.syntax import (
    AliasExpr,
    CallExpr,
    CollectionExpr,
    Literal,
    PathExpr,
    Segment,
    SyntaxNode,
)

#: URL Conventions 4.01, 5.1.1.17: the higher binds tighter. ``has`` and ``in`` are among the primary
#: operators.
PRECEDENCE = {
    "or": 1, "and": 2, "eq": 3, "ne": 3, "gt": 4, "ge": 4, "lt": 4, "le": 4, "add": 5, "sub": 5,
    "mul": 6, "div": 6, "divby": 6, "mod": 6, "has": 8, "in": 8,
}  # fmt: skip
_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_UNARY = 7
_LOGICAL = 2
_PARENTHESIS = 0
#: What an operator may touch without a blank between.
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
#: Tokens after which ``not`` cannot have been an operator.
_NO_OPERAND = frozenset({"end", ")", ",", ":", ";", "]", "}", "/", "="})


#: Precedence, name, position. Plain, because there is one for every operator of a long list.
_Operator = tuple[int, str, int]


class _Chain:
    """A growing ``and`` or ``or``."""

    __slots__ = ("args", "name", "position")

    def __init__(self, name: str, args: list[SyntaxNode], position: int) -> None:
        self.name, self.args, self.position = name, args, position


_Operand = SyntaxNode | _Chain


def parse_expression(text: str, limits: Limits = DEFAULT_LIMITS) -> SyntaxNode:
    """The tree of a common expression (``commonExpr`` of the grammar), the whole text."""
    parser = Parser(text, limits)
    node = parser.sized_expression()
    parser.expression_end()
    return node


class Parser(Aggregates):
    """Reads expressions at the cursor."""

    __slots__ = ()

    def expression_end(self) -> None:
        """Refuses what follows an expression at the end of an option."""
        if self.tokens[self.index][0] != "end":
            self.fail("an operator such as eq or and, or the end", operator=True)

    def expression(self) -> SyntaxNode:
        """An expression, up to the first token that cannot continue it."""
        self.nesting += 1
        if self.nesting > self.limits.depth:
            raise self.over("depth")
        operands: list[_Operand] = []
        operators: list[_Operator] = []
        while True:
            self._prefixes(operators)
            operands.append(self._comparison(operators) or self.operand())
            operator = self._operator(operands, operators)
            if operator is None:
                break
            operators.append(operator)
            if operator[0] <= _LOGICAL:
                self._repeated(operands, operator)
        _reduce(operands, operators, 1)
        if operators:
            self.fail("an operator or a closing parenthesis", operator=True)
        self.nesting -= 1
        return _closed(operands[0])

    def _comparison(self, operators: list[_Operator]) -> CallExpr | None:
        """The short way for ``Name eq 'text'`` between ``and`` and ``or``, which most conditions are."""
        tokens, index = self.tokens, self.index
        kind, name, start, end = tokens[index]
        if kind != "name" or (operators and operators[-1][0] > _LOGICAL) or index + 3 >= len(tokens):
            return None
        _, operator, at, after = tokens[index + 1]
        kind, text, begin, stop = tokens[index + 2]
        literal = TOKEN_LITERALS.get(kind)
        if literal is None or operator not in _COMPARISONS or not (end < at and after < begin):
            return None
        kind, word, following, _ = tokens[index + 3]
        if kind not in ("end", ")") and (following == stop or word not in ("and", "or")):
            return None
        if "." in name or name in ("null", "NaN", "INF") or name.lower() in ("true", "false"):
            return None
        self.index = index + 3
        path = PathExpr((Segment(name, start),), start)
        return CallExpr(operator, (path, literal(text, begin)), at)

    def _repeated(self, operands: list[_Operand], operator: _Operator) -> None:
        """The short way through ``(Key eq 'a') or (Key eq 'b') or ...``, which Salesforce writes for its ``IN``: terms
        like the one before ``operator`` that are followed by the same operator once more. They share the node of
        their path.
        """
        term = operands[-1]
        term = term.args[-1] if isinstance(term, _Chain) else term
        tokens, index, (_, word, position) = self.tokens, self.index, operator
        if not isinstance(term, CallExpr) or term.name not in ("eq", "ne"):
            return
        path, compared = term.args[0], term.name
        if not isinstance(path, PathExpr) or len(path.segments) > 1 or path.lambda_ is not None:
            return
        if path.segments[0].arguments is not None:
            return
        wanted = path.segments[0].name
        brackets = int(tokens[index][0] == "(")
        found: list[SyntaxNode] = []
        last = len(tokens) - (4 + 2 * brackets)
        while index < last:
            kind, name, _, end = tokens[index + brackets]
            if name != wanted or kind != "name" or (brackets and tokens[index][0] != "("):
                break
            _, name, at, after = tokens[index + brackets + 1]
            kind, text, begin, stop = tokens[index + brackets + 2]
            if kind != "string" or name != compared or not (end < at and after < begin):
                break
            index += 3 + 2 * brackets
            kind, name, start, end = tokens[index]
            if name != word or kind != "name" or tokens[index + 1][2] == end:
                break
            if (tokens[index - 1][0] != ")") if brackets else (stop == start):
                break
            index += 1
            self.index = index
            found.append(CallExpr(compared, (path, Literal("String", text[1:-1].replace("''", "'"), begin)), at))
        if found:
            operands[-1] = _joined(word, operands[-1], _Chain(word, found, position), position)

    def _prefixes(self, operators: list[_Operator]) -> None:
        """Opening parentheses, ``-`` and ``not``."""
        depth = 0
        while True:
            kind, value, start, _ = self.tokens[self.index]
            if kind == "(":
                self.parentheses += 1
                if self.parentheses > self.limits.parentheses:
                    raise self.over("parentheses")
                operators.append((_PARENTHESIS, kind, start))
            elif kind == "-":
                operators.append((_UNARY, "neg", start))
            elif kind == "name" and len(value) == 3 and self._is_not(value):
                operators.append((_UNARY, "not", start))
            else:
                return
            depth += kind != "("
            if depth > self.limits.depth:
                raise self.over("depth")
            self.index += 1

    def _is_not(self, word: str) -> bool:
        """Whether ``not`` is the operator here, and not a property of that name."""
        if word.lower() != "not":
            return False
        following = self.tokens[self.index + 1]
        if following[0] in _NO_OPERAND:
            return False
        if following[0] == "name" and following[1].lower() in PRECEDENCE:
            after = self.tokens[self.index + 2]
            return after[0] in _NO_OPERAND or (after[0] == "name" and after[1].lower() in PRECEDENCE)
        return True

    def _operator(self, operands: list[_Operand], operators: list[_Operator]) -> _Operator | None:
        """What follows an operand: closing parentheses, ``in`` and ``has`` are dealt with, a binary operator
        is returned after all that binds tighter has been put together, ``None`` is the end of the expression.
        """
        while True:
            kind, value, start, end = self.tokens[self.index]
            if kind == "name":
                name = value if value in PRECEDENCE else value.lower()
                precedence = PRECEDENCE.get(name)
                if precedence is None:
                    return None
                self._check_blanks(value, start, end)
                self.index += 1
                if precedence < _UNARY:
                    _reduce(operands, operators, precedence)
                    return precedence, name, start
                right = self._list() if name == "in" else self._flags()
                operands[-1] = CallExpr(name, (_closed(operands[-1]), right), start)
            elif kind == ")" and operators:
                _reduce(operands, operators, 1)
                if not operators:
                    return None
                operators.pop()
                self.parentheses -= 1
                self.index += 1
            else:
                return None

    def _check_blanks(self, operator: str, start: int, end: int) -> None:
        """The blanks that the grammar wants around an operator; parentheses do as well."""
        before, after = self.tokens[self.index - 1], self.tokens[self.index + 1]
        if before[3] == start and before[0] not in _CLOSING:
            self.fail(f"a blank before {operator}", operator=True)
        if after[2] == end and after[0] not in _OPENING and after[0] != "end":
            self.fail(f"a blank after {operator}", at=self.index + 1, operator=True)

    def _list(self) -> SyntaxNode:
        """The right side of ``in``: literals in parentheses, or an operand that is a collection."""
        start, begin = self.position, self.index
        if not self.accept("("):
            return self.operand()
        if self.accept(")"):
            return CollectionExpr((), start)
        items: list[Literal] = []
        while (item := self.literal()) is not None:
            items.append(item)
            if self.accept(")"):
                return CollectionExpr(tuple(items), start)
            if not self.accept(","):
                break
        if len(items) > 1 or self.tokens[self.index - 1][0] == ",":
            self.fail("a literal, a comma or a closing parenthesis", hint=_LIST_HINT)
        self.index = begin + 1
        node = self.expression()
        self.expect(")", "a comma or a closing parenthesis", _LIST_HINT if self.token[0] == "," else None)
        return node

    def _flags(self) -> SyntaxNode:
        """The right side of ``has``: members of an enumeration, with or without their type."""
        begin = self.index
        node: SyntaxNode | None = self.literal()
        if node is None and self.token[0] == "at":
            node = self.operand()
        if isinstance(node, AliasExpr):
            return node
        if isinstance(node, Literal) and (node.kind == "Enum" or _is_flags(node)):
            return node
        self.fail("members of an enumeration, such as 'Red'", at=begin)


_LIST_HINT = "Parentheses after in hold literals; expressions are listed in brackets: Name in [FirstName,LastName]."


def _is_flags(literal: Literal) -> bool:
    return literal.kind == "String" and ENUM_MEMBERS.fullmatch(literal.text) is not None


def _closed(operand: _Operand) -> SyntaxNode:
    return CallExpr(operand.name, tuple(operand.args), operand.position) if isinstance(operand, _Chain) else operand


def _reduce(operands: list[_Operand], operators: list[_Operator], precedence: int) -> None:
    """Applies the operators on top of the stack that bind at least as tight as ``precedence``."""
    while operators and operators[-1][0] >= precedence:
        binding, name, position = operators.pop()
        right = operands.pop()
        if binding == _UNARY:
            operands.append(CallExpr(name, (_closed(right),), position))
        elif binding <= _LOGICAL:
            operands[-1] = _joined(name, operands[-1], right, position)
        else:
            operands[-1] = CallExpr(name, (_closed(operands[-1]), _closed(right)), position)


def _joined(name: str, left: _Operand, right: _Operand, position: int) -> _Chain:
    """``left`` and ``right`` in one chain; those that are such a chain themselves are taken apart."""
    if isinstance(left, _Chain) and left.name == name:
        chain = left
    else:
        chain = _Chain(name, [_closed(left)], position)
    if isinstance(right, _Chain) and right.name == name:
        chain.args.extend(right.args)
    else:
        chain.args.append(_closed(right))
    return chain
