"""Aggregate expressions, in ``aggregate(...)`` of ``$apply`` and in the function of that name: ``Amount with sum as
Total``, ``Lines/$count as Lines``, ``Amount with sum from Day with average as Daily``.
"""

from odata_server.uri.operands import Operands
from odata_server.uri.syntax import AggregateSyntax, FromSyntax, PathExpr, Segment, SyntaxNode

STANDARD_METHODS = ("sum", "min", "max", "average", "countdistinct")


class Aggregates(Operands):
    """Reads aggregate expressions at the cursor."""

    __slots__ = ()

    def aggregate_item(self, *, named: bool) -> AggregateSyntax:
        """One aggregate expression; ``named`` where the grammar has an alias."""
        start = self.position
        expr = self._aggregated()
        counts = expr is None or _is_count(expr)
        method = ""
        if not counts and self.keyword("with"):
            method = self._method()
        if not (counts or method or _is_plain(expr)):
            self.fail("with and an aggregation method", operator=True, hint="For example Amount with sum as Total.")
        froms = self._froms(required=counts or bool(method))
        custom = not (counts or method or froms)
        name = ""
        if named and (not custom or self._follows_word("as")):
            if not self.keyword("as"):
                self.fail("as and a name for the value", operator=True, hint="For example Amount with sum as Total.")
            name = self.new_name()
        return AggregateSyntax(expr, method, name, start, froms)

    def keyword(self, word: str) -> bool:
        """Steps over ``word``, which has blanks around it."""
        if not self._follows_word(word):
            return False
        self.index += 1
        return True

    def _follows_word(self, word: str) -> bool:
        return self.token[0] == "name" and self.token[1].lower() == word and not self.touches("name")

    def continued(self, kinds: str) -> bool:
        """Whether the next token, a name, is directly followed by one of ``kinds``."""
        token, following = self.tokens[self.index : self.index + 2]
        return token[3] == following[2] and following[0] in kinds

    def new_name(self) -> str:
        """The name after ``as``."""
        name = self.expect("name", "a name for the value")[1]
        if "." in name:
            self.fail("a name without dots", at=self.index - 1)
        return name

    def grouping_path(self) -> PathExpr:
        """A path to a property: names, perhaps qualified ones between, no annotations."""
        start = self.position
        segments = [self._segment()]
        while self.touches("/"):
            self.index += 1
            if self.token[2] != self.tokens[self.index - 1][3]:
                self.fail("a name directly after the slash")
            segments.append(self._segment())
        if "." in segments[-1].name:
            self.fail("the name of a property after the name of a type", at=self.index - 1)
        return PathExpr(tuple(segments), start)

    def grouping_paths(self) -> tuple[PathExpr, ...]:
        """Paths separated by commas."""
        paths = [self.grouping_path()]
        while self.accept(","):
            paths.append(self.grouping_path())
        return tuple(paths)

    def _segment(self) -> Segment:
        _, value, start, _ = self.expect("name", "the name of a property")
        return Segment(value, start)

    def _aggregated(self) -> SyntaxNode | None:
        """What is aggregated: an expression, or the name of a type; ``None`` for ``$count``."""
        kind, value, start, _ = self.token
        if (kind, value) == ("dollar", "$count"):
            self.index += 1
            return None
        if kind == "name" and "." in value and not self.continued("(/"):
            self.index += 1
            return PathExpr((Segment(value, start),), start)
        return self.sized_expression()

    def _method(self) -> str:
        name = self.expect("name", "an aggregation method")[1]
        if "." in name:
            return name
        if name.lower() not in STANDARD_METHODS:
            self.fail("sum, min, max, average, countdistinct or a qualified name", at=self.index - 1)
        return name.lower()

    def _froms(self, *, required: bool) -> tuple[FromSyntax, ...]:
        """``required``: a method has to follow."""
        found: list[FromSyntax] = []
        while self._follows_word("from"):
            start = self.position
            self.index += 1
            keys = self.grouping_paths()
            method = self._method() if self.keyword("with") else ""
            if required and not method:
                self.fail("with and an aggregation method")
            found.append(FromSyntax(keys, method, start))
        return tuple(found)


def _is_count(expr: SyntaxNode) -> bool:
    return isinstance(expr, PathExpr) and expr.segments[-1].name == "$count" and expr.lambda_ is None


def _is_plain(expr: SyntaxNode | None) -> bool:
    """Whether the expression can be the name of a custom aggregate."""
    return (
        isinstance(expr, PathExpr)
        and expr.lambda_ is None
        and all(segment.arguments is None and segment.name[0] not in "@$" for segment in expr.segments)
    )
