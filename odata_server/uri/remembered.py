"""Requests are remembered by their form: one that differs from an earlier one in nothing but the literals of its
``$filter`` or the key of its path is neither parsed nor bound as a whole again.

The form is the text without those literals. What the literals of a new request become is decided by the same functions
that bound the first one, comparison by comparison: types, ranges, dates against points in time. Whatever is unusual, or
wrong, has no form here and goes the whole way, so that answers and errors are those of the whole way.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from typing import Literal as OneOf

from edm.errors import ODataError
from edm.expressions import Call, Const, Expr, Prop, call, conjunction
from edm.kept import Kept
from edm.model import ServiceMetadata
from edm.primitives import BOOLEAN, STRING
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.bind_literal import constant
from odata_server.uri.bound import BoundRequest
from odata_server.uri.encoding import decode
from odata_server.uri.lexer import tokenize
from odata_server.uri.limits import Limits
from odata_server.uri.literals import literal_of
from odata_server.uri.syntax import CallExpr, CollectionExpr, Literal, Option, PathExpr, QueryOptions, SyntaxNode

#: Options that do not keep a request from having a form, as they are written in most requests.
_PLAIN = frozenset({"select", "orderby", "top", "skip", "count", "expand", "format"})
_NAMES = {f"{sign}{name}": name for name in (*_PLAIN, "filter") for sign in ("$", "%24")}
#: Texts, numbers and dates between blanks and brackets.
_LITERALS = re.compile(r"('(?:[^']|'')*'|(?<=[ (,])-?[0-9][0-9A-Za-z.:+-]*(?=[ ),]|\Z))")
#: A set, perhaps counted; or one of its entities, perhaps with what it leads to.
_SET = re.compile(r"[A-Za-z_]\w*(?:/\$count)?", re.ASCII)
_KEYED = re.compile(r"([A-Za-z_]\w*\((?:'|%27))((?:[\w .,:~+-]|'')*)((?:'|%27)\)(?:/[A-Za-z_$]\w*)*)", re.ASCII)
#: What keeps a filter from being remembered: what is no simple comparison, and what is not in the URL.
_UNUSUAL = re.compile(r"[@$\"\[\]{}]|now", re.IGNORECASE)
#: The same of the other options: aliases, other entities' values and the time.
_ELSEWHERE = re.compile(r"@|\$root|now", re.IGNORECASE)
#: Lists shorter than this have a form for each length.
_LIST = 8
#: Chains whose terms count little towards the limits (see ``size``).
_LISTED = (("or", "eq"), ("and", "ne"))
_COMPARED = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_TEXTS = frozenset({"contains", "startswith", "endswith"})

Fill = Callable[[Sequence[str]], Expr]
"""Makes an expression with these literals."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A request as its form, the literals of its filter, and the key of its path."""

    form: tuple[object, ...]
    filter: str
    literals: tuple[str, ...]
    key: str | None

    @property
    def listed(self) -> bool:
        """Whether the literals are a list of any length."""
        return self.form[-1] == "*"


def cut(path: str, query: str) -> Cut | None:
    """The form of a request, if it can have one."""
    keyed = _KEYED.fullmatch(path)
    if keyed is None and not _SET.fullmatch(path):
        return None
    static: list[str] = [path] if keyed is None else [keyed[1], keyed[3]]
    condition: str | None = None
    for piece in query.split("&") if query else ():
        raw_name, _, raw_value = piece.partition("=")
        name = _NAMES.get(raw_name)
        if name is None or (name == "filter" and condition is not None):
            return None
        if name == "filter":
            condition = decode(raw_value, "the query option $filter", plus=True)
        else:
            static.append(piece)
    key = None if keyed is None else keyed[2]
    if condition is None:
        return Cut((*static, None), "", (), key)
    parts = _texts(condition) or _LITERALS.split(condition)
    form, literals = tuple(parts[::2]), tuple(parts[1::2])
    if len(literals) >= _LIST and len(set(form[1:-1])) == 1:
        return Cut((*static, (form[0], form[1], form[-1]), "*"), condition, literals, key)
    quoted = tuple([literal[0] == "'" for literal in literals])
    return Cut((*static, form, quoted), condition, literals, key)


def _texts(condition: str) -> list[str] | None:
    """What ``_LITERALS`` cuts a long list of texts into, faster; ``None`` for all else."""
    parts = condition.split("'")
    between = set(parts[2:-1:2])
    if len(parts) <= 2 * _LIST or len(parts) % 2 == 0 or len(between) != 1 or "" in between:
        return None
    if any(map(_LITERALS.search, (parts[0], parts[2], parts[-1]))):
        return None
    parts[1::2] = [f"'{text}'" for text in parts[1::2]]
    return parts


@dataclass(frozen=True, slots=True)
class _Form:
    """What was bound for the first request of a form, and how its filter is made with other literals."""

    view: ServiceMetadata
    bound: BoundRequest
    fill: Fill | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """The forms of a service's requests; the least used are forgotten."""

    _forms: Kept[_Form | OneOf["none"]] = field(default_factory=lambda: Kept(1_000))

    def find(self, found: Cut, view: ServiceMetadata, limits: Limits) -> BoundRequest | None:
        """The request bound, if one of its form was before; ``None`` if it has to go the whole way."""
        form = self._forms.get((id(view), found.form))
        if form is None or isinstance(form, str) or form.view is not view:
            return None
        if found.listed and not _within(len(found.literals), limits):
            return None
        bound = form.bound
        try:
            condition = None if form.fill is None else form.fill(found.literals)
        except (ODataError, ValueError, ArithmeticError):
            return None
        if found.key is not None:
            bound = _with_key(bound, found.key)
        if condition is None or bound.query is None:
            return bound
        return replace(bound, query=bound.query.with_(filter=conjunction(condition)))

    def keep(
        self,
        found: Cut,
        view: ServiceMetadata,
        options: QueryOptions,
        bound: BoundRequest,
        now: datetime,
        limits: Limits,
    ) -> None:
        """Remembers a request that went the whole way, if its form says all."""
        key = (id(view), found.form)
        made = _made(found, view, options, bound, now, limits)
        if made is None:
            self._forms.put(key, "none")
            return
        self._forms.put(key, made)
        if self.find(found, view, limits) != bound:
            self._forms.put(key, "none")


def _made(
    found: Cut, view: ServiceMetadata, options: QueryOptions, bound: BoundRequest, now: datetime, limits: Limits
) -> _Form | None:
    if bound.query is None or bound.query.source is not None or _unusual(options, found):
        return None
    option = options.system.get("$filter")
    if option is None:
        return _Form(view, bound, None)
    binder = ExpressionBinder(view, view[bound.query.entity_set], now, {}, limits=limits)
    fill = _Filler(binder, found, _places(found, limits)).of(option)
    return None if fill is None else _Form(view, bound, fill)


def _unusual(options: QueryOptions, found: Cut) -> bool:
    others = (option.text for name, option in options.system.items() if name != "$filter")
    if any(map(_ELSEWHERE.search, others)):
        return True
    return bool(found.filter) and any(map(_UNUSUAL.search, _LITERALS.split(found.filter)[::2]))


def _within(number: int, limits: Limits) -> bool:
    """Whether a chain of so many comparisons of one property is far from every limit."""
    return number + 10 <= limits.nodes and 6 * number + 10 <= limits.tokens


def _with_key(bound: BoundRequest, raw: str) -> BoundRequest:
    """The same request for another entity. Its key is the condition of the first query on the way."""
    value = raw.replace("''", "'")
    start = bound.path.index("('") + 2
    end = bound.path.index("')", start)  # no key that is remembered has a bracket
    path = f"{bound.path[:start]}{raw}{bound.path[end:]}"
    first = bound.hops[0].query if bound.hops else bound.query
    assert first is not None
    assert isinstance(first.filter, Call)
    query = first.with_(filter=call("eq", first.filter.args[0], Const(value, STRING)))
    if not bound.hops:
        return replace(bound, path=path, query=query)
    return replace(bound, path=path, hops=(replace(bound.hops[0], query=query), *bound.hops[1:]))


def _places(found: Cut, limits: Limits) -> dict[int, int]:
    """Where the literals are in the filter, and their numbers; only those that are tokens by themselves."""
    tokens = {token[2]: token[1] for token in tokenize(found.filter, limits=limits)}
    places: dict[int, int] = {}
    for number, match in enumerate(_LITERALS.finditer(found.filter)):
        if tokens.get(match.start()) == match.group():
            places[match.start()] = number
    return places


@dataclass(slots=True)
class _Filler:
    """Makes the ``Fill`` of a filter, from its tree; ``None`` where a literal is in a place that is not known."""

    binder: ExpressionBinder
    found: Cut
    places: dict[int, int]
    used: set[int] = field(default_factory=set)

    def of(self, option: Option) -> Fill | None:
        node: Any = option.value
        fill = self._list(node) if self.found.listed else self._fill(node)
        if fill is None or len(self.used) != len(self.found.literals):
            return None
        return fill

    def _fill(self, node: SyntaxNode) -> Fill | None:
        if not isinstance(node, CallExpr):
            return None
        if node.name in ("and", "or"):
            return self._chain(node)
        return self._leaf(node)

    def _chain(self, node: CallExpr) -> Fill | None:
        parts = [self._fill(arg) for arg in node.args]
        if None in parts:
            return None
        fills, name = [part for part in parts if part is not None], node.name
        return lambda given: Call(name, tuple([fill(given) for fill in fills]), BOOLEAN)

    def _leaf(self, node: CallExpr) -> Fill | None:
        """A comparison or function of a property and literals: bound anew, or by the short way where types tell."""
        if not all(isinstance(arg, PathExpr) and arg.lambda_ is None for arg in node.args if not self._literals(arg)):
            return None
        made = self.binder.bind(node)
        numbers = [number for arg in node.args for number in self._numbers(arg)]
        if not numbers:
            return lambda given: made
        if node.name in _COMPARED | _TEXTS and len(numbers) == 1 and isinstance(node.args[1], Literal):
            short = _short(node, made, numbers[0])
            if short is not None:
                return short
        return self._anew(node)

    def _literals(self, node: SyntaxNode) -> bool:
        return isinstance(node, Literal) or (
            isinstance(node, CollectionExpr) and all(isinstance(item, Literal) for item in node.items)
        )

    def _numbers(self, node: SyntaxNode) -> list[int]:
        """The numbers of the literals that were cut out of a node."""
        items = node.items if isinstance(node, CollectionExpr) else (node,)
        positions = [item.position for item in items if isinstance(item, Literal)]
        found = [self.places[position] for position in positions if position in self.places]
        self.used.update(found)
        return found

    def _anew(self, node: CallExpr) -> Fill:
        binder, places = self.binder, self.places

        def other(item: SyntaxNode, given: Sequence[str]) -> SyntaxNode:
            if isinstance(item, CollectionExpr):
                return replace(item, items=tuple(other(each, given) for each in item.items))
            if not isinstance(item, Literal) or item.position not in places:
                return item
            return _alike(item, given[places[item.position]])

        return lambda given: binder.bind(replace(node, args=tuple(other(arg, given) for arg in node.args)))

    def _list(self, node: SyntaxNode) -> Fill | None:
        """``Key eq 'a' or Key eq 'b' or ...`` with any number of texts."""
        if not isinstance(node, CallExpr) or len(node.args) != len(self.found.literals):
            return None
        if any(text[0] != "'" for text in self.found.literals):
            return None
        fills = [self._leaf(arg) if isinstance(arg, CallExpr) else None for arg in node.args]
        made = [fill(self.found.literals) for fill in fills if fill is not None]
        first = made[0] if len(made) == len(fills) else None
        if not isinstance(first, Call) or (node.name, first.function) not in _LISTED:
            return None
        fill = partial(_listed, node.name, first.function, first.args[0])
        return fill if made == list(fill(self.found.literals).args) else None


def _listed(chain: str, function: str, prop: Expr, given: Sequence[str]) -> Call:
    """A chain of comparisons of one property with texts."""
    texts = [text[1:-1].replace("''", "'") for text in given if text[0] == "'"]
    if len(texts) != len(given):
        raise ValueError("not a list of texts")
    return Call(chain, tuple([Call(function, (prop, Const(text, STRING)), BOOLEAN) for text in texts]), BOOLEAN)


def _alike(node: Literal, text: str) -> Literal:
    """Another literal of the same kind; raises ``ValueError`` if it is of another."""
    made = literal_of(text)
    if made is None or made.kind != node.kind:
        raise ValueError("a literal of another kind")
    return replace(made, position=node.position)


def _short(node: CallExpr, made: Expr, number: int) -> Fill | None:
    """For a property and a literal of its very type, which the binder leaves as they are."""
    literal = node.args[1]
    assert isinstance(literal, Literal)
    if not isinstance(made, Call) or made.function != node.name or not isinstance(made.args[0], Prop):
        return None
    prop, kind = made.args[0], made.args[0].type
    own = constant(literal)
    if own.type is not kind or made != Call(node.name, (prop, own), BOOLEAN):
        return None
    name = node.name
    if kind is STRING:

        def text(given: Sequence[str]) -> Expr:
            value = given[number]
            if value[0] != "'":
                raise ValueError("a literal of another kind")
            return Call(name, (prop, Const(value[1:-1].replace("''", "'"), STRING)), BOOLEAN)

        return text

    def fill(given: Sequence[str]) -> Expr:
        const = constant(_alike(literal, given[number]))
        if const.type is not kind:
            raise ValueError("a literal of another type")
        return Call(name, (prop, const), BOOLEAN)

    return fill
