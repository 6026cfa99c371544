"""Parses ``$apply``: the sequence of set transformations, the whole grammar of OData Data Aggregation 4.0.

Hierarchies, joins, nesting and service-defined functions are read as strictly as the rest, although the binder refuses
them: what is malformed is 400, what is only not offered 501.
"""

from collections.abc import Callable

from odata_server.uri.cursor import Cursor
from odata_server.uri.limits import DEFAULT_LIMITS, Limits
from odata_server.uri.lists import ListParser
from odata_server.uri.nested import read_search
from odata_server.uri.syntax import ComputeSyntax, PathExpr, RollupSyntax, RootExpr, Transformation

Steps = tuple[Transformation, ...]
_STEP = "a transformation such as filter, groupby or aggregate"


def parse_apply(text: str, limits: Limits = DEFAULT_LIMITS) -> Steps:
    """The steps of ``filter(A gt 1)/groupby((B),aggregate(A with sum as Total))``."""
    parser = ApplyParser(text, limits)
    steps = parser.steps()
    parser.end("a slash and another transformation, or the end")
    return steps


def read_apply(cursor: Cursor) -> Steps:
    """The value of an ``$apply`` that is nested in ``$expand``."""
    parser = ApplyParser(cursor.text, cursor.limits, cursor.position)
    steps = parser.steps()
    cursor.resume(parser.position)
    return steps


class ApplyParser(ListParser):
    """Reads transformations at the cursor."""

    __slots__ = ("_keys", "_steps")

    def __init__(self, text: str, limits: Limits = DEFAULT_LIMITS, start: int = 0) -> None:
        super().__init__(text, limits, start)
        self._steps = self._keys = 0

    def steps(self) -> Steps:
        """Transformations separated by slashes."""
        found = [self._step()]
        while self.accept("/"):
            found.append(self._step())
        return tuple(found)

    def _step(self) -> Transformation:
        self._steps += 1
        if self._steps > self.limits.apply_steps:
            raise self.over("apply_steps")
        _, name, start, _ = self.expect("name", _STEP)
        name = name if "." in name else name.lower()
        if name == "identity":
            return Transformation(name, (), start)
        if "." in name and self.touches("("):
            self.arguments()
            return Transformation(name, (), start)
        read = _STEPS.get(name)
        if read is None:
            self.fail(_STEP, at=self.index - 1)
        if not self.touches("("):
            self.fail(f"a parenthesis directly after {name}")
        self.index += 1
        args = read(self)
        self.expect(")", "a comma or a closing parenthesis" if name in _LISTS else "a closing parenthesis")
        return Transformation(name, args, start)

    def _comma(self) -> None:
        self.expect(",", "a comma")

    # --- the arguments of each ----------------------------------------------------------------------------

    def _aggregate(self) -> tuple[object, ...]:
        return self.items(lambda: self.aggregate_item(named=True))

    def _compute(self) -> tuple[ComputeSyntax, ...]:
        return self.compute()

    def _concat(self) -> tuple[object, ...]:
        first = self.steps()
        self._comma()
        return (first, *self.items(self.steps))

    def _filter(self) -> tuple[object, ...]:
        return (self.sized_expression(),)

    def _groupby(self) -> tuple[object, ...]:
        self.expect("(", "an opening parenthesis before the grouping properties", "For example groupby((Status)).")
        elements = self.items(self._element)
        self.expect(")", "a comma or a closing parenthesis")
        return elements, self.steps() if self.accept(",") else ()

    def _element(self) -> PathExpr | RollupSyntax | Transformation:
        self._keys += 1
        if self._keys > self.limits.apply_keys:
            raise self.over("apply_keys")
        start = self.position
        name = self.token[1].lower() if self.token[0] == "name" and self.continued("(") else ""
        if name not in ("rollup", "rolluprecursive"):
            return self.grouping_path()
        self.index += 2
        if name == "rollup":
            element: RollupSyntax | Transformation = self._rollup(start)
        else:
            self._hierarchy()
            if self.accept(","):
                self.steps()
            element = Transformation(name, (), start)
        self.expect(")", "a closing parenthesis")
        return element

    def _rollup(self, start: int) -> RollupSyntax:
        total = self.token[:2] == ("dollar", "$all")
        if total:
            self.index += 1
            self._comma()
        levels = self.grouping_paths()
        self._keys += len(levels) - 1
        if self._keys > self.limits.apply_keys:
            raise self.over("apply_keys")
        return RollupSyntax(levels, total, start)

    def _orderby(self) -> tuple[object, ...]:
        return self.orderby()

    def _search(self) -> tuple[object, ...]:
        return (read_search(self),)

    def _number(self) -> tuple[object, ...]:
        return (self.whole_number(),)

    def _best(self) -> tuple[object, ...]:
        limit = self.sized_expression()
        self._comma()
        return limit, self.sized_expression()

    # --- read, and refused by the binder --------------------------------------------------------------------

    def _hierarchy(self) -> None:
        """The nodes, the qualifier of the hierarchy, the path to a node's value."""
        if not isinstance(self.operand(), RootExpr):
            self.fail("a path that starts with $root/", at=self.index - 1)
        self._comma()
        self.expect("name", "the name of a hierarchy")
        self._comma()
        self.grouping_path()

    def _related(self) -> tuple[object, ...]:
        """``ancestors`` and ``descendants``: which nodes to start from, how far, whether to keep them."""
        self._hierarchy()
        self._comma()
        self.steps()
        if self._follows("name") and self.tokens[self.index + 1][1] != "keep":
            self.index += 1
            self.steps()
        if self._follows("number"):
            self.index += 1
            self.whole_number()
        if self.accept(","):
            if self.token[1] != "keep" or self.tokens[self.index + 1][1] != "start":
                self.fail("keep start")
            self.index += 2
        return ()

    def _follows(self, kind: str) -> bool:
        """Whether a comma and a token of that kind come next."""
        return self.token[0] == "," and self.tokens[self.index + 1][0] == kind

    def _traverse(self) -> tuple[object, ...]:
        self._hierarchy()
        self._comma()
        if self.token[1] not in ("preorder", "postorder"):
            self.fail("preorder or postorder")
        self.index += 1
        if self.accept(","):
            name = self.token[1] if self.token[0] == "name" else ""
            if name != "identity" and not ((name in _STEPS or "." in name) and self.continued("(")):
                self.orderby()
                return ()
            self.steps()
            if self.accept(","):
                self.orderby()
        return ()

    def _join(self) -> tuple[object, ...]:
        if self.token[0] == "at":
            self.index += 1
        else:
            self._path_with_cast()
        self._alias()
        if self.accept(","):
            self.steps()
        return ()

    def _nest(self) -> tuple[object, ...]:
        self.items(self._named_steps)
        return ()

    def _add_nested(self) -> tuple[object, ...]:
        self._path_with_cast()
        self._comma()
        return self._nest()

    def _path_with_cast(self) -> None:
        """A path to related rows, perhaps of a derived type."""
        self.expect("name", "the name of a property")
        while self.touches("/"):
            self.index += 1
            self.expect("name", "the name of a property")

    def _named_steps(self) -> None:
        self.steps()
        self._alias()

    def _alias(self) -> None:
        if not self.keyword("as"):
            self.fail("as and a name")
        self.new_name()


_BEST = ("topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent")
_LISTS = frozenset({"aggregate", "compute", "concat", "orderby", "nest", "addnested"})
#: Name of each transformation with parentheses -> reads what stands in them.
_STEPS: dict[str, Callable[[ApplyParser], tuple[object, ...]]] = {
    "aggregate": ApplyParser._aggregate,
    "compute": ApplyParser._compute,
    "concat": ApplyParser._concat,
    "filter": ApplyParser._filter,
    "groupby": ApplyParser._groupby,
    "orderby": ApplyParser._orderby,
    "search": ApplyParser._search,
    "skip": ApplyParser._number,
    "top": ApplyParser._number,
    **dict.fromkeys(_BEST, ApplyParser._best),
    "ancestors": ApplyParser._related,
    "descendants": ApplyParser._related,
    "traverse": ApplyParser._traverse,
    "join": ApplyParser._join,
    "outerjoin": ApplyParser._join,
    "nest": ApplyParser._nest,
    "addnested": ApplyParser._add_nested,
}
