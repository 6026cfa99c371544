"""``$root/Customers('C-1')/City`` within an expression: a value of another entity, the same for every row (URL
Conventions 5.1.1.14.2). It is read once, before the request is bound, and takes the place of a literal.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from edm.errors import ODataError
from edm.primitives import PrimitiveType
from edm.text import literal
from odata_server.uri.allowed import locating
from odata_server.uri.limits import Limits, exceeded
from odata_server.uri.parser import parse_expression
from odata_server.uri.syntax import Argument, Literal, Option, QueryOptions, ResourcePath, RootExpr, SyntaxNode

Value = tuple[Any, PrimitiveType]
Read = Callable[[ResourcePath], Value]
"""Reads the property that a path addresses; null where an entity on the way is missing."""

_MARK = "$root/"
_Node = TypeVar("_Node")


def with_values(
    path: ResourcePath, options: QueryOptions, read: Read, limits: Limits
) -> tuple[ResourcePath, QueryOptions]:
    """``path`` and ``options`` with a literal for each value of another entity, each read once.

    Raises ``limit_exceeded`` for too many of them, and what ``read`` raises.
    """
    every = (*options.system.values(), *options.aliases.values())
    if _MARK not in path.text and not any(_MARK in option.text for option in every):
        return path, options
    found: dict[str, _Found] = {}
    for option in (*every, Option("path", path.text, path)):
        with locating(option):
            _collect(option, found, limits)
    values = {text: _read(read, ResourcePath(each.node.path.segments, text), each) for text, each in found.items()}

    def literal_of(node: RootExpr) -> Literal:
        made = parse_expression(literal(*values[_text(node)]))
        assert isinstance(made, Literal)
        return replace(made, position=node.position)

    system = {name: _changed(option, literal_of) for name, option in options.system.items()}
    aliases = {name: _changed(option, literal_of) for name, option in options.aliases.items()}
    return _changed(path, literal_of), replace(options, system=system, aliases=aliases)


@dataclass(frozen=True, slots=True)
class _Found:
    """A root, and the option in which it was found first."""

    option: Option
    node: RootExpr


def _collect(option: Option, found: dict[str, _Found], limits: Limits) -> None:
    """The different roots of an option, counted before the first of them is read."""

    def keep(node: RootExpr) -> RootExpr:
        if node.path.lambda_ is not None:
            raise ODataError("not_implemented", "Conditions on $root are not supported.", position=node.position)
        found.setdefault(_text(node), _Found(option, node))
        if len(found) > limits.roots:
            raise exceeded("roots", limits, node.position)
        return node

    _changed(option, keep)


def _read(read: Read, wanted: ResourcePath, found: _Found) -> Value:
    with locating(found.option):
        try:
            return read(wanted)
        except ODataError as error:
            error.position = found.node.position
            raise


def _changed(node: _Node, change: Callable[[RootExpr], SyntaxNode]) -> _Node:
    """The tree with other roots; what has none stays the same object. Its depth is limited."""
    if isinstance(node, RootExpr):
        return change(node)  # type: ignore[return-value]
    if isinstance(node, tuple):
        items = tuple(_changed(item, change) for item in node)
        return items if any(a is not b for a, b in zip(items, node, strict=True)) else node  # type: ignore[return-value]
    if not is_dataclass(node) or isinstance(node, type):
        return node
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    changes = {name: made for name, value in values.items() if (made := _changed(value, change)) is not value}
    return replace(node, **changes) if changes else node


def _text(node: RootExpr) -> str:
    """The path, for messages and to tell one from another."""
    return "/".join(segment.name + _key(segment.arguments) for segment in node.path.segments)


def _key(arguments: tuple[Argument, ...] | None) -> str:
    if arguments is None:
        return ""
    return "(" + ",".join(f"{each.name}={getattr(each.value, 'text', each.value)!r}" for each in arguments) + ")"
