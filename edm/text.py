"""Expressions, values and queries as OData text: for notes, ``explain``, logs, digests and tests.

The text is canonical (one spelling per tree) and parses back to the same tree.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop
from edm.functions import FUNCTIONS, Kind
from edm.primitives import DECIMAL, DOUBLE, SINGLE, CollectionType, PrimitiveType
from edm.query import OrderItem, Query


def date_time_text(value: datetime) -> str:
    """``2026-11-23T10:00:00Z``, with a fraction only where there is one."""
    text = value.strftime("%H:%M:%S")
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{text}{fraction}Z"


def time_text(value: time) -> str:
    """``10:00:00``, with a fraction only where there is one."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction}"


def duration_text(value: timedelta) -> str:
    """The shortest ISO 8601 form with days, hours, minutes and seconds."""
    micro = value // timedelta(microseconds=1)
    sign, micro = ("-", -micro) if micro < 0 else ("", micro)
    seconds, fraction = divmod(micro, 1_000_000)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, second = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    if second or fraction:
        clock += f"{second}" + (f".{fraction:06d}".rstrip("0") if fraction else "") + "S"
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{sign}P{body or 'T0S'}"


def decimal_text(value: Decimal) -> str:
    """Plain digits, never an exponent (JSON Format 4.0)."""
    return format(value, "f")


def double_text(value: float) -> str:
    """The shortest text that reads back as the same double; ``INF``, ``-INF``, ``NaN``."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return repr(value)


def raw_value(value: Any) -> str:
    """A value as ``/$value`` and keys show it, without quotes or prefix."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return decimal_text(value)
        case float():
            return double_text(value)
        case datetime():
            return date_time_text(value)
        case date():
            return value.isoformat()
        case time():
            return time_text(value)
        case timedelta():
            return duration_text(value)
        case bytes():
            import base64

            return base64.urlsafe_b64encode(value).decode().rstrip("=")
        case _:
            return str(value)


def literal(value: Any, kind: PrimitiveType | CollectionType) -> str:
    """A value as a URL literal."""
    if isinstance(kind, CollectionType):
        return "(" + ",".join(literal(item, kind.of) for item in value) + ")"
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
        case Call(function=name, args=args):
            return _call_text(name, args)


def _call_text(name: str, args: Sequence[Expr]) -> str:
    kind = FUNCTIONS[name].kind
    if kind is Kind.FUNCTION:
        return f"{name}({','.join(expression_text(a) for a in args)})"
    if kind is Kind.PREFIX:
        return ("not " if name == "not" else "-") + _operand(args[0])
    return f" {name} ".join(_operand(a) for a in args)


def _operand(expr: Expr) -> str:
    text = expression_text(expr)
    operator = isinstance(expr, Call) and expr.function != "cast" and FUNCTIONS[expr.function].kind is not Kind.FUNCTION
    return f"({text})" if operator else text


def orderby_text(orderby: Sequence[OrderItem]) -> str:
    """``DueDate desc,InvoiceNumber``."""
    return ",".join(expression_text(i.expr) + (" desc" if i.descending else "") for i in orderby)


def query_text(query: Query) -> str:
    """A query as one canonical line: ``Invoices?$select=...&$filter=...``. Equal queries give equal text."""
    parts = ["$select=" + ",".join(query.columns)]
    if query.compute:
        parts.append("$compute=" + ",".join(f"{expression_text(c.expr)} as {c.name}" for c in query.compute))
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
    return f"{query.entity_set}?" + "&".join(parts)
