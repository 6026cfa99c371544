"""How large a statement may become: an expression whose SQL would outgrow the database's parser or our time is left to
the engine, which evaluates it in plain steps.

Parts that SQL has to name twice are written twice, and nested they double at each level; and SQLite's parser has a
stack of 100 symbols.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select

from edm.expressions import Expr, children
from erp_adapters.sql_values import Sql, Unsupported

#: Expressions no deeper than this are small whatever they are.
_SHALLOW = 3
#: Expressions deeper than this are not even tried.
_DEEP = 80
#: Elements of SQL per node of an expression, and in any case.
_PER_NODE, _ELEMENTS = 12, 2_000
#: A subquery costs as much nesting as this many other elements.
_SELECT = 5


def bounded(expr: Expr, compile_: Callable[[], Sequence[Sql]], most: int) -> Sequence[Sql]:
    """What ``compile_`` makes of ``expr``; raises ``Unsupported`` if that is too large, or deeper than ``most``."""
    nodes, height = _tree(expr)
    if height > _DEEP:
        raise Unsupported("nested too deeply")
    compiled = compile_()
    if height > _SHALLOW:
        for sql in compiled:
            elements, depth = _extent(sql)
            if depth > most or elements > _ELEMENTS + _PER_NODE * nodes:
                raise Unsupported("nested too deeply for one statement")
    return compiled


def _tree(expr: Expr) -> tuple[int, int]:
    """Nodes and height."""
    nodes = height = 0
    level: list[Expr] = [expr]
    while level:
        nodes, height = nodes + len(level), height + 1
        level = [child for node in level for child in children(node)]
    return nodes, height


def _extent(sql: Any) -> tuple[int, int]:
    """Elements as they will be written, shared ones each time, and their depth. Needs no recursion."""
    known: dict[int, tuple[int, int]] = {}
    stack: list[Any] = [sql]
    while stack:
        element = stack[-1]
        parts = list(element.get_children())
        missing = [part for part in parts if id(part) not in known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        sizes = [known[id(part)] for part in parts]
        own = _SELECT if isinstance(element, Select) else 1
        known[id(element)] = 1 + sum(n for n, _ in sizes), own + max((depth for _, depth in sizes), default=0)
    return known[id(sql)]
