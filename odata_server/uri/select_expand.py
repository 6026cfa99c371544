"""Options that are lists of items: ``$select``, ``$expand``, ``$orderby``, ``$compute``, with the options
nested in them.
"""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import TypeVar

from odata_server.uri.apply import read_apply
from odata_server.uri.limits import DEFAULT_LIMITS, Limits, exceeded
from odata_server.uri.lists import ListParser
from odata_server.uri.nested import read_options, read_search, starts_options
from odata_server.uri.syntax import ComputeSyntax, ExpandItem, OrderbyItem, SelectItem

_PLAIN_NAMES = re.compile(r"[A-Za-z_]\w{0,127}(?:,[A-Za-z_]\w{0,127})*", re.ASCII)
_Item = TypeVar("_Item")


def parse_orderby(text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[OrderbyItem, ...]:
    """``Name asc,Amount mul 2 desc``."""
    return _whole(ItemParser(text, limits), ItemParser.orderby)


def parse_compute(text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[ComputeSyntax, ...]:
    """``Amount mul 2 as Twice``."""
    return _whole(ItemParser(text, limits), ItemParser.compute)


def parse_select(text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[SelectItem, ...]:
    """``*``, ``Namespace.*``, paths, each perhaps with options in parentheses."""
    if _PLAIN_NAMES.fullmatch(text):
        return _plain_select(text, limits)
    return _whole(ItemParser(text, limits), ItemParser.select)


def _plain_select(text: str, limits: Limits) -> tuple[SelectItem, ...]:
    """The short way for what nearly every client sends: property names and commas."""
    names = text.split(",")
    if len(names) > limits.select_items:
        raise exceeded("select_items", limits, 0, text)
    ends = accumulate(len(name) + 1 for name in names)
    return tuple(SelectItem((name,), end - len(name) - 1) for name, end in zip(names, ends, strict=True))


def parse_expand(text: str, limits: Limits = DEFAULT_LIMITS) -> tuple[ExpandItem, ...]:
    """``*``, ``$value``, paths with ``/$ref`` or ``/$count``, each perhaps with options in parentheses."""
    return _whole(ItemParser(text, limits), ItemParser.expand)


def _whole(parser: "ItemParser", read: Callable[["ItemParser"], _Item]) -> _Item:
    items = read(parser)
    parser.end("a comma or the end")
    return items


class ItemParser(ListParser):
    """Reads comma-separated items at the cursor."""

    __slots__ = ()

    # --- $select ------------------------------------------------------------------------------------------

    def select(self) -> tuple[SelectItem, ...]:
        """The items of ``$select``."""

        def item() -> SelectItem:
            self.selected += 1
            if self.selected > self.limits.select_items:
                raise self.over("select_items")
            start = self.position
            if self.accept("*"):
                return SelectItem(("*",), start)
            path = self._names(stars=False)
            if not self.touches("("):
                return SelectItem(path, start)
            if starts_options(self):
                return SelectItem(path, start, read_options(self, _SELECT_OPTIONS, path[-1]))
            return SelectItem((*path[:-1], path[-1] + self._signature()), start)

        return self.items(item)

    def _signature(self) -> str:
        """The parameter names that tell one overload of a function from the others."""
        self.expect("(", "an opening parenthesis")
        names = self.items(lambda: self.expect("name", "the name of a parameter")[1])
        self.expect(")", "a closing parenthesis")
        return f"({','.join(names)})"

    def _names(self, *, stars: bool) -> tuple[str, ...]:
        """Names separated by slashes. ``stars``: ``*`` is one; otherwise only ``Namespace.*`` is."""
        names: list[str] = []
        while True:
            kind, value, start, _ = self.token
            if names and start != self.tokens[self.index - 1][3]:
                self.fail("a name directly after the slash")
            starred = value.endswith("*")
            if kind not in ("name", "at", "*") or (
                starred and (kind == "name" if stars else kind == "*" or bool(names))
            ):
                self.fail("the name of a property")
            self.index += 1
            names.append(value)
            if starred or not self.touches("/") or (stars and self.tokens[self.index + 1][0] == "dollar"):
                return tuple(names)
            self.index += 1

    # --- $expand ------------------------------------------------------------------------------------------

    def expand(self) -> tuple[ExpandItem, ...]:
        """The items of ``$expand``."""
        self.expands += 1
        if self.expands > self.limits.expand_depth:
            raise self.over("expand_depth")

        def item() -> ExpandItem:
            self.expanded += 1
            if self.expanded > self.limits.expand_items:
                raise self.over("expand_items")
            start = self.position
            if self.token[:2] == ("dollar", "$value"):
                self.index += 1
                return ExpandItem((), start, "$value")
            path = self._names(stars=True)
            suffix = self._suffix(("$ref",) if path[-1] == "*" else ("$ref", "$count"))
            if not self.touches("(") or (path[-1] == "*" and suffix):
                return ExpandItem(path, start, suffix)
            readers = _STAR_OPTIONS if path[-1] == "*" else _EXPAND_OPTIONS[suffix]
            return ExpandItem(path, start, suffix, read_options(self, readers, path[-1]))

        items = self.items(item)
        self.expands -= 1
        return items

    def _suffix(self, allowed: tuple[str, ...]) -> str:
        if not self.touches("/"):
            return ""
        self.index += 1
        value = self.token[1]
        if value not in allowed:
            self.fail(" or ".join(allowed))
        self.index += 1
        return value

    # --- small values -------------------------------------------------------------------------------------

    def boolean(self) -> bool:
        """The value of ``$count``."""
        value = self.token[1].lower()
        if value not in ("true", "false"):
            self.fail("true or false")
        self.index += 1
        return value == "true"

    def levels(self) -> int | str:
        """The value of ``$levels``: a number from 1, or ``max``."""
        if self.token[0] == "name" and self.token[1].lower() == "max":
            self.index += 1
            return "max"
        if self.token[1].startswith("0"):
            self.fail("a whole number from 1, or max")
        return self.whole_number()


_COUNT_OPTIONS: dict[str, Callable[[ItemParser], object]] = {
    "$filter": ItemParser.sized_expression,
    "$search": read_search,
}
_REF_OPTIONS: dict[str, Callable[[ItemParser], object]] = {
    **_COUNT_OPTIONS,
    "$orderby": ItemParser.orderby,
    "$skip": ItemParser.whole_number,
    "$top": ItemParser.whole_number,
    "$count": ItemParser.boolean,
}
_SELECT_OPTIONS: dict[str, Callable[[ItemParser], object]] = {
    **_REF_OPTIONS,
    "$select": ItemParser.select,
    "$compute": ItemParser.compute,
    "@": ItemParser.sized_expression,
}
_STAR_OPTIONS: dict[str, Callable[[ItemParser], object]] = {"$levels": ItemParser.levels}
_EXPAND_OPTIONS: dict[str, dict[str, Callable[[ItemParser], object]]] = {
    "$count": _COUNT_OPTIONS,
    "$ref": _REF_OPTIONS,
    "": {**_SELECT_OPTIONS, **_STAR_OPTIONS, "$expand": ItemParser.expand, "$apply": read_apply},
}
