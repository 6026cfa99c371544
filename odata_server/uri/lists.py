"""Comma-separated items, and those lists that stand in several options: of ``$orderby`` and of ``$compute``."""

from collections.abc import Callable
from typing import TypeVar

from edm.errors import ODataError
from odata_server.uri.parser import Parser
from odata_server.uri.syntax import ComputeSyntax, OrderbyItem

_Item = TypeVar("_Item")
#: The largest value of $top and $skip.
INT64_MAX = 2**63 - 1


class ListParser(Parser):
    """Reads comma-separated items at the cursor."""

    __slots__ = ()

    def items(self, read: Callable[[], _Item]) -> tuple[_Item, ...]:
        """What ``read`` reads, separated by commas."""
        items = [read()]
        while self.accept(","):
            items.append(read())
        return tuple(items)

    def orderby(self) -> tuple[OrderbyItem, ...]:
        """The items of ``$orderby``."""
        count = 0

        def item() -> OrderbyItem:
            nonlocal count
            count += 1
            if count > self.limits.orderby_items:
                raise self.over("orderby_items")
            start = self.position
            expr = self.sized_expression()
            kind, value, _, _ = self.token
            direction = value.lower() if kind == "name" and not self.touches("name") else ""
            if direction in ("asc", "desc"):
                self.index += 1
            elif kind not in (",", ";", ")", "end"):
                self.fail("asc, desc, a comma or the end", operator=kind != "name")
            return OrderbyItem(expr, direction == "desc", start)

        return self.items(item)

    def compute(self) -> tuple[ComputeSyntax, ...]:
        """The items of ``$compute``."""
        count = 0

        def item() -> ComputeSyntax:
            nonlocal count
            count += 1
            if count > self.limits.compute_items:
                raise self.over("compute_items")
            start = self.position
            expr = self.sized_expression()
            if self.token[0] != "name" or self.token[1].lower() != "as" or self.touches("name"):
                self.fail(
                    "as and a name for the computed value",
                    operator=True,
                    hint="For example Amount mul 2 as Twice.",
                )
            self.index += 1
            name = self.expect("name", "a name for the computed value")
            if "." in name[1]:
                self.fail("a name without dots", at=self.index - 1)
            return ComputeSyntax(expr, name[1], start)

        return self.items(item)

    def whole_number(self) -> int:
        """The value of ``$top`` and ``$skip``."""
        kind, value, start, _ = self.token
        if kind != "number" or not value.isdigit():
            self.fail("a whole number")
        if int(value[:20]) > INT64_MAX or len(value) > 40:
            raise ODataError("value_out_of_range", f"{value[:40]} is too large.", position=start, text=self.text)
        self.index += 1
        return int(value)
