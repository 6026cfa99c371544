"""Measures a parsed expression: depth and number of nodes against their limits. Iterative, because it sees
the worst.
"""

from odata_server.uri.limits import Limits, exceeded
from odata_server.uri.syntax import (
    CallExpr,
    CollectionExpr,
    LambdaExpr,
    Literal,
    ObjectExpr,
    PathExpr,
    RootExpr,
    SyntaxNode,
)

#: In a chain of ``or`` the comparison that makes it a list of values, in a chain of ``and`` its negation.
_LISTED = {"or": "eq", "and": "ne"}


def check_size(root: SyntaxNode, limits: Limits, text: str) -> None:
    """Refuses a tree deeper than ``limits.depth`` or heavier than ``limits.nodes``."""
    halves = 0
    stack: list[tuple[SyntaxNode, int]] = [(root, 1)]
    while stack:
        node, depth = stack.pop()
        halves += 2
        below = children(node)
        if depth + bool(below) > limits.depth:
            raise exceeded("depth", limits, node.position, text)
        if isinstance(node, CollectionExpr):
            halves -= sum(isinstance(item, Literal) for item in node.items)
        elif isinstance(node, CallExpr) and node.name in _LISTED:
            light, below = _light(node)
            halves += light
        for child in below:
            if isinstance(child, Literal) or (isinstance(child, PathExpr) and _is_plain(child)):
                halves += 2
            else:
                stack.append((child, depth + 1))
    if halves > 2 * limits.nodes:
        raise exceeded("nodes", limits, root.position, text)


def count_nodes(root: SyntaxNode) -> int:
    """All nodes of a tree."""
    stack, nodes = [root], 0
    while stack:
        nodes += 1
        stack.extend(children(stack.pop()))
    return nodes


def _is_plain(path: PathExpr) -> bool:
    return path.lambda_ is None and len(path.segments) == 1 and path.segments[0].arguments is None


def _light(chain: CallExpr) -> tuple[int, tuple[SyntaxNode, ...]]:
    """The terms of a chain that are no comparison of a property it has already compared, and a half node for
    each other.
    """
    listed = _LISTED[chain.name]
    seen: set[str] = set()
    rest: list[SyntaxNode] = []
    left: SyntaxNode | None = None
    for term in chain.args:
        if isinstance(term, CallExpr) and term.name == listed:
            before, (left, right) = left, term.args
            if left is before and isinstance(right, Literal):  # the parser shares the path of such terms
                continue
            if isinstance(left, PathExpr) and isinstance(right, Literal) and not _path_children(left):
                name = left.segments[0].name if len(left.segments) == 1 else "/".join(s.name for s in left.segments)
                if name in seen:
                    continue
                seen.add(name)
        rest.append(term)
    return len(chain.args) - len(rest), tuple(rest)


def children(node: SyntaxNode) -> tuple[SyntaxNode, ...]:
    """The direct sub-expressions, those within path segments included."""
    match node:
        case CallExpr(args=args):
            return args
        case CollectionExpr(items=items):
            return items
        case ObjectExpr(members=members):
            return tuple(value for _, value in members)
        case LambdaExpr(predicate=predicate):
            return (predicate,) if predicate is not None else ()
        case RootExpr(path=path):
            return (path,)
        case PathExpr():
            return _path_children(node)
    return ()


def _path_children(path: PathExpr) -> tuple[SyntaxNode, ...]:
    found: list[SyntaxNode] = []
    for segment in path.segments:
        found.extend(argument.value for argument in segment.arguments or ())
        found.extend(option.value for option in segment.options if option.name == "$filter")  # type: ignore[misc]
    if path.lambda_ is not None:
        found.append(path.lambda_)
    return tuple(found)
