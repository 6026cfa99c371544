"""The operands of expressions: literals, paths, calls, lambdas, arrays and objects. Operators are
``parser``'s.

A name is followed, without a blank, by ``(`` (a call or a key), ``/`` (a path) or a quoted string (a literal
with prefix). Which names exist is the binder's question; the parser only reads how many arguments the
canonical functions take.
"""

from collections.abc import Callable
from typing import ClassVar

from edm.functions import FUNCTIONS, Kind
from odata_server.uri.lexer import Token
from odata_server.uri.literals import LITERAL_KINDS, TOKEN_LITERALS, Values, keyword_literal
from odata_server.uri.nested import read_options, read_search
from odata_server.uri.size import check_size
from odata_server.uri.syntax import (
    AggregateSyntax,
    AliasExpr,
    AnnotationExpr,
    Argument,
    CallExpr,
    LambdaExpr,
    Literal,
    PathExpr,
    RootExpr,
    Segment,
    SyntaxNode,
    TypeExpr,
)

#: Numbers of arguments that each canonical function takes; those of the table, and those it does not answer
#: yet.
_ARITIES = {
    **dict.fromkeys(
        ("matchespattern", "hassubset", "hassubsequence", "geo.distance", "geo.intersects"), frozenset({2})
    ),
    "geo.length": frozenset({1}),
} | {
    name: frozenset(len(signature.params) for signature in row.signatures)
    for name, row in FUNCTIONS.items()
    if row.kind is Kind.FUNCTION and row.signatures
}
_VARIABLES = frozenset({"$it", "$this", "$these", "$root"})
_OPERAND = "a value, a property or a function"


class Operands(Values):
    """Reads one operand at the cursor; ``expression`` is what stands within parentheses of any kind."""

    __slots__ = ()

    def sized_expression(self) -> SyntaxNode:
        """An expression that is not part of another one, within the limits of depth and number of nodes."""
        begin = self.index
        node = self.expression()
        if self.index - begin > min(self.limits.depth, self.limits.nodes):
            check_size(node, self.limits, self.text)
        return node

    def operand(self) -> SyntaxNode:
        """The operand at the cursor."""
        kind, value, start, end = self.tokens[self.index]
        if kind != "name":
            return self._OTHERS.get(kind, Operands._unexpected)(self)
        following = self.tokens[self.index + 1]
        if following[2] == end:
            if following[0] == "(":
                return self._call()
            if following[0] == "/":
                return self._path()
            if following[0] == "string":
                return self.prefixed()
        self.index += 1
        keyword = keyword_literal(value)
        if keyword is not None:
            return Literal(keyword[0], keyword[1], start)
        if "." in value:
            self.fail("a property, not a qualified name", at=self.index - 1, hint="A function needs parentheses.")
        return PathExpr((Segment(value, start),), start)

    def _unexpected(self) -> SyntaxNode:
        self.fail(_OPERAND)

    # --- paths --------------------------------------------------------------------------------------------

    def _path(self) -> SyntaxNode:
        """A path that starts with a name, with ``$it``, ``$this`` or with a parameter alias."""
        _, value, start, _ = self.tokens[self.index]
        self.index += 1
        return self._rest([Segment(value, start)], start)

    def _variable(self) -> SyntaxNode:
        _, value, start, _ = self.tokens[self.index]
        if value not in _VARIABLES:
            self.fail(_OPERAND, hint="Names that start with $ are $it, $this, $these and $root here.")
        if value != "$root":
            return self._path()
        self.index += 1
        if not self.touches("/"):
            self.fail("a slash and the name of an entity set after $root")
        self.index += 1
        token = self.expect("name", "the name of an entity set")
        path = self._rest([self._named(token)], token[2])
        assert isinstance(path, PathExpr)
        return RootExpr(path, start)

    def _at(self) -> SyntaxNode:
        """``@x`` is a parameter alias, ``@Namespace.Term`` an annotation; both may start a path."""
        _, value, start, _ = self.tokens[self.index]
        self.index += 1
        if self.touches("/"):
            return self._rest([Segment(value, start)], start)
        return AnnotationExpr(value, start) if "." in value or "#" in value else AliasExpr(value, start)

    def _rest(self, segments: list[Segment], start: int) -> PathExpr:
        """The rest of a path whose first segments are read."""
        while True:
            if self.touches("("):
                segments.append(Segment("", self.position, self.arguments()))
            if not self.touches("/"):
                return PathExpr(tuple(segments), start)
            self.index += 1
            token = self.tokens[self.index]
            kind = token[0]
            if token[2] != self.tokens[self.index - 1][3]:
                self.fail("a name directly after the slash")
            if kind == "name" and token[1].lower() in ("any", "all") and self.tokens[self.index + 1][0] == "(":
                return PathExpr(tuple(segments), start, self._lambda())
            if kind == "dollar" and token[1] == "$count":
                segments.append(self._count())
                return PathExpr(tuple(segments), start)
            segments.append(self._next_segment(token))

    def _next_segment(self, token: Token) -> Segment:
        kind, value, start, _ = token
        if kind == "dollar" and value == "$filter":
            self.index += 1
            self.expect("(", "an opening parenthesis after $filter")
            self._enter()
            argument = Argument("", self.expression(), self.position)
            self.expect(")", "a closing parenthesis")
            self.lambdas -= 1
            return Segment(value, start, (argument,))
        if kind not in ("name", "at", "number", *LITERAL_KINDS):
            self.fail("the name of a property")
        self.index += 1
        return self._named(token) if kind == "name" else Segment(value, start)

    def _named(self, name: Token) -> Segment:
        """The segment of a name that has just been read."""
        if name[1] == "aggregate" and self.touches("("):
            return self._aggregate_function(name)
        return Segment(name[1], name[2], self.arguments() if self.touches("(") else None)

    def aggregate_item(self, *, named: bool) -> AggregateSyntax:
        """An aggregate expression."""
        raise NotImplementedError

    def _aggregate_function(self, name: Token) -> Segment:
        """``aggregate(Amount with sum)`` after a collection. Nothing of it is kept, because the binder refuses it."""
        self.index += 1
        self._enter()
        self.aggregate_item(named=False)
        self.lambdas -= 1
        self.expect(")", "a closing parenthesis")
        return Segment(name[1], name[2], ())

    def _count(self) -> Segment:
        start = self.position
        self.index += 1
        if not self.touches("("):
            return Segment("$count", start)
        self._enter()
        options = read_options(self, _COUNT_OPTIONS, "$count")
        self.lambdas -= 1
        return Segment("$count", start, None, options)

    def _enter(self) -> None:
        """Goes into a condition on other rows than those around it."""
        self.lambdas += 1
        if self.lambdas > self.limits.lambda_depth:
            raise self.over("lambda_depth")

    def _lambda(self) -> LambdaExpr:
        start, kind = self.position, self.token[1].lower()
        self.index += 2
        if kind == "any" and self.accept(")"):
            return LambdaExpr(kind, "", None, start)
        self._enter()
        variable = self.expect("name", f"a variable such as x in {kind}(x:x/...)")[1]
        self.expect(":", "a colon after the variable")
        predicate = self.expression()
        self.expect(")", "a closing parenthesis")
        self.lambdas -= 1
        return LambdaExpr(kind, variable, predicate, start)

    # --- calls --------------------------------------------------------------------------------------------

    def _call(self) -> SyntaxNode:
        """A name with parentheses: a canonical function, a model's function or an entity by key."""
        name = self.tokens[self.index]
        lower = name[1].lower()
        if lower in ("any", "all"):
            self.fail(f"a collection before {lower}", hint=f"For example Lines/{lower}(x:x/Quantity gt 1).")
        self.calls += 1
        if self.calls > self.limits.function_nesting:
            raise self.over("function_nesting")
        self.index += 1
        special = self._SPECIAL.get(lower)
        node = special(self, lower, name[2]) if special else self._plain_call(name, lower)
        self.calls -= 1
        return node

    def _plain_call(self, name: Token, lower: str) -> SyntaxNode:
        arguments = self.arguments()
        named = any(argument.name for argument in arguments)
        qualified = "." in lower and not lower.startswith("geo.")
        if named or qualified or self.touches("/") or self.touches("("):
            return self._rest([Segment(name[1], name[2], arguments)], name[2])
        arity = _ARITIES.get(lower)
        if arity is not None and len(arguments) not in arity:
            wanted = " or ".join(str(number) for number in sorted(arity))
            raise self.error(f"{lower} takes {wanted} arguments, not {len(arguments)}.", name[2])
        return CallExpr(lower, tuple(argument.value for argument in arguments), name[2])

    def arguments(self) -> tuple[Argument, ...]:
        """Arguments or keys in parentheses, each perhaps with a name."""
        self.expect("(", "an opening parenthesis")
        found: list[Argument] = []
        if self.accept(")"):
            return ()
        while True:
            start, name = self.position, ""
            if self.token[0] == "name" and self.tokens[self.index + 1][0] == "=":
                name = self.token[1]
                self.index += 2
            found.append(Argument(name, self.expression(), start))
            if self.accept(")"):
                return tuple(found)
            self.expect(",", "a comma or a closing parenthesis")

    def _case(self, name: str, start: int) -> SyntaxNode:
        """``case(condition:value,condition:value)``."""
        self.index += 1
        args: list[SyntaxNode] = []
        while True:
            self._split_time()
            args.append(self.expression())
            self.expect(":", "a colon between condition and value")
            args.append(self.expression())
            if self.accept(")"):
                return CallExpr(name, tuple(args), start)
            self.expect(",", "a comma or a closing parenthesis")

    def _split_time(self) -> None:
        """In ``case(Size gt 10:20,...)`` the text 10:20 is no time: a condition without a colon of its own
        gets that one.
        """
        depth, found = 0, -1
        for index in range(self.index, len(self.tokens)):
            kind, value, start, end = self.tokens[index]
            if kind in "([{":
                depth += 1
            elif depth == 0 and kind in (":", ",", ")", "end"):
                if kind != ":" and found >= 0:
                    _, value, start, end = self.tokens[found]
                    parts = [("number", value[:2], start, start + 2), (":", ":", start + 2, start + 3)]
                    self.tokens[found : found + 1] = [*parts, ("number", value[3:], start + 3, end)]
                return
            elif kind in ")]}":
                depth -= 1
            elif kind == "time" and depth == 0 and len(value) == 5:
                found = index

    def _type_call(self, name: str, start: int) -> SyntaxNode:
        """``cast`` and ``isof``: an optional expression, and a type."""
        self.index += 1
        type_ = self._type()
        if type_ is not None:
            return CallExpr(name, (type_,), start)
        value = self.expression()
        self.expect(",", "a comma and the name of a type", hint=f"For example {name}(Amount,Edm.Double).")
        type_ = self._type()
        if type_ is None:
            self.fail("the name of a type", hint=f"For example {name}(Amount,Edm.Double).")
        return CallExpr(name, (value, type_), start)

    def _type(self) -> TypeExpr | None:
        """A type name and the closing parenthesis after it; ``None`` (and no step) if that is not what
        follows.
        """
        start = self.position
        kinds = [token[0] for token in self.tokens[self.index : self.index + 5]]
        names = [token[1] for token in self.tokens[self.index : self.index + 5]]
        if kinds[:2] == ["name", ")"]:
            self.index += 2
            return TypeExpr(names[0], start)
        if kinds == ["name", "(", "name", ")", ")"] and names[0] == "Collection":
            self.index += 5
            return TypeExpr(f"Collection({names[2]})", start)
        return None

    _OTHERS: ClassVar[dict[str, Callable[["Operands"], SyntaxNode]]] = {
        **dict.fromkeys(TOKEN_LITERALS, Values.token_literal),
        "dollar": _variable,
        "at": _at,
        "[": Values.array,
        "{": Values.object,
    }
    _SPECIAL: ClassVar[dict[str, Callable[["Operands", str, int], SyntaxNode]]] = {
        "case": _case,
        "cast": _type_call,
        "isof": _type_call,
    }


_COUNT_OPTIONS: dict[str, Callable[[Operands], object]] = {
    "$filter": lambda parser: parser.expression(),
    "$search": read_search,
}
