"""Expressions, values and queries as OData text: for notes, ``explain``, logs, digests and tests.

The text is canonical (one spelling per tree) and parses back to the same tree.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop
from edm.functions import FUNCTIONS, Kind
from edm.primitives import DECIMAL, DOUBLE, SINGLE, CollectionType, PrimitiveType
from edm.query import Concat, Grouping, OrderItem, Query, Ranking, Source, inputs
from edm.values import decimal_text, duration_text, raw_value


def literal(value: Any, kind: PrimitiveType | CollectionType) -> str:
    """A value as a URL literal."""
    if isinstance(kind, CollectionType):
        return "[" + ",".join(literal(item, kind.of) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, timedelta):
        return f"duration'{duration_text(value)}'"
    if isinstance(value, bytes):
        return f"binary'{raw_value(value)}'"
    text = raw_value(value)
    if kind in (DECIMAL, DOUBLE, SINGLE) and text.lstrip("-").isdigit():
        return text + ".0"
    return text


def expression_text(expr: Expr) -> str:
    """An expression as ``$filter`` would spell it; operands in parentheses wherever they are operators themselves."""
    match expr:
        case Const(value=value, type=kind):
            return literal(value, kind)
        case Prop(path=path, variable=variable):
            return "/".join(path if variable == IT else (variable, *path))
        case Lambda(kind=kind, path=path, bound=bound, predicate=predicate, variable=variable):
            inner = f"{bound}:{expression_text(predicate)}" if predicate is not None else ""
            return "/".join((*(path if variable == IT else (variable, *path)), f"{kind}({inner})"))
        case CountOf(path=path, predicate=predicate, variable=variable):
            inner = f"($filter={expression_text(predicate)})" if predicate is not None else ""
            return "/".join((*(path if variable == IT else (variable, *path)), f"$count{inner}"))
        case Call(function="cast", args=args, type=kind):
            return f"cast({expression_text(args[0])},{kind})"
        case Call(function="case", args=args):
            pairs = zip(map(_operand, args[::2]), map(_operand, args[1::2]), strict=True)
            return f"case({','.join(map(':'.join, pairs))})"
        case Call(function="$list", args=args):
            return f"[{','.join(map(expression_text, args))}]"
        case Call(function=name, args=args):
            return _call_text(name, args)


def _call_text(name: str, args: Sequence[Expr]) -> str:
    kind = FUNCTIONS[name].kind
    if kind is Kind.FUNCTION:
        return f"{name}({','.join(expression_text(a) for a in args)})"
    if kind is Kind.PREFIX:
        return ("not " if name == "not" else "-") + _operand(args[0])
    if name == "in" and isinstance(args[1], Const):
        return f"{_operand(args[0])} in ({expression_text(args[1])[1:-1]})"
    return f" {name} ".join(_operand(a) for a in args)


def _operand(expr: Expr) -> str:
    text = expression_text(expr)
    operator = isinstance(expr, Call) and FUNCTIONS[expr.function].kind is not Kind.FUNCTION
    return f"({text})" if operator else text


def orderby_text(orderby: Sequence[OrderItem]) -> str:
    """``DueDate desc,InvoiceNumber``."""
    return ",".join(expression_text(i.expr) + (" desc" if i.descending else "") for i in orderby)


def query_text(query: Query) -> str:
    """A query as one canonical line: ``Invoices?$select=...&$filter=...``. Equal queries give equal text."""
    parts = ["$select=" + ",".join(query.columns)]
    if query.compute:
        parts.append("$compute=" + ",".join(f"{expression_text(c.expr)} as {c.name}" for c in query.compute))
    if query.via:
        parts.append("$via=" + "/".join(query.via))
    if query.filter is not None:
        parts.append("$filter=" + expression_text(query.filter))
    if query.orderby:
        parts.append("$orderby=" + orderby_text(query.orderby))
    if query.skip:
        parts.append(f"$skip={query.skip}")
    if query.top is not None:
        parts.append(f"$top={query.top}")
    if query.count:
        parts.append("$count=true")
    of = query.entity_set if query.source is None else source_text(query.source)
    return f"{of}?" + "&".join(parts)


def source_text(source: Source) -> str:
    """Where the rows of a query come from, likewise."""
    of = [f"({query_text(query)})" for query in inputs(source)]
    match source:
        case Query():
            return of[0]
        case Concat():
            return f"concat({','.join(of)})"
        case Grouping(keys=keys, aggregates=aggregates):
            items = [f"{a.column or '$count'} with {a.method} as {a.name}" for a in aggregates]
            return f"{of[0]}/groupby(({','.join(keys)}),aggregate({','.join(items)}))"
        case Ranking(method=method, limit=limit, column=name, skip=skip, partition=partition):
            values = (method, "all" if limit is None else decimal_text(limit), name or "rows", str(skip))
            return f"{of[0]}/rank(({','.join(partition)}),{','.join(values)})"
