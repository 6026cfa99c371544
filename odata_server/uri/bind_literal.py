"""Literals on their way to a type: what a literal is, and how it meets the operand it stands beside.

What Salesforce sends and the standard does not foresee is settled here, once: date-times against dates in either
direction, quoted and bare guids.
"""

from datetime import UTC, date, datetime, time

from edm.conversion import convert
from edm.errors import ODataError
from edm.expressions import FALSE, NULL_CONST, TRUE, Call, Const, Expr, call
from edm.primitives import (
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    NULL,
    PRIMITIVES,
    STRING,
    CollectionType,
    PrimitiveType,
    smallest_integer,
)
from odata_server.uri.syntax import Literal

#: Comparison operators and what each becomes when its operands change sides.
MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
#: Types whose values a quoted string may spell (4.01: strings cast to primitive types in URLs).
FROM_STRING = ("Guid", "Date", "DateTimeOffset", "TimeOfDay", "Duration", "Binary")


def constant(node: Literal) -> Const:
    if node.kind == "String":
        return Const(node.text, STRING)
    match node.kind:
        case "Null":
            return NULL_CONST
        case "Boolean":
            return TRUE if node.text.lower() == "true" else FALSE
        case "Integer":
            value = int(node.text) if len(node.text) <= 40 else 0
            kind = smallest_integer(value) if len(node.text) <= 40 else DECIMAL
            return Const(kind.parse(node.text), kind)
        case "Decimal":
            return Const(DECIMAL.parse(node.text), DECIMAL)
        case "Double":
            return _exponential(node.text)
        case "Enum":
            message = f"There is no enumeration type {node.type_name[:80]}."
            raise ODataError("unknown_type", message, hint="See $metadata.")
    kind = PRIMITIVES[node.kind]
    return Const(kind.parse(node.text), kind)


def _exponential(text: str) -> Const:
    """A number with an exponent is a Double by its form, but exact as a Decimal if it can be."""
    if text in ("INF", "-INF", "NaN"):
        return Const(DOUBLE.parse(text), DOUBLE)
    try:
        return Const(DECIMAL.parse(text), DECIMAL)
    except ODataError:
        return Const(DOUBLE.parse(text), DOUBLE)


def agree(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Literals brought to the type of the other side, where their form allows it."""
    return _spelled(left, right.type), _spelled(right, left.type)


def _spelled(expr: Expr, other: PrimitiveType | CollectionType) -> Expr:
    if not isinstance(expr, Const) or not isinstance(other, PrimitiveType) or expr.value is None:
        return expr
    if expr.type == STRING and other.name in FROM_STRING:
        try:
            return Const(other.parse(str(expr.value)), other)
        except ODataError:
            return expr
    if expr.type == PRIMITIVES["Guid"] and other == STRING:
        return Const(str(expr.value), STRING)
    return expr


def bring(expr: Expr, kind: PrimitiveType | CollectionType) -> Expr:
    """``expr`` as ``kind``: numbers are promoted, everything else already has the type."""
    if expr.type in (kind, NULL) or not isinstance(expr.type, PrimitiveType):
        return expr
    if not isinstance(kind, PrimitiveType) or not kind.numeric:
        return expr
    if expr.type.integral and kind.integral:
        return Const(expr.value, kind) if isinstance(expr, Const) else expr
    return Const(convert(expr.value, kind), kind) if isinstance(expr, Const) else Call("cast", (expr,), kind)


def _moment(side: Expr) -> Expr:
    return side if side.type == DATE_TIME_OFFSET else Call("cast", (side,), DATE_TIME_OFFSET)


def date_against_date_time(name: str, left: Expr, right: Expr) -> Expr | None:
    """A Date against a DateTimeOffset, or the reverse: Salesforce knows only date-times, so it sends them for dates,
    meaning midnight UTC. A literal is brought to the property's type without moving the border; of two properties the
    date becomes a point in time."""
    kinds = (left.type, right.type)
    if kinds not in ((DATE, DATE_TIME_OFFSET), (DATE_TIME_OFFSET, DATE)) or name not in MIRRORED:
        return None
    if isinstance(left, Const) and not isinstance(right, Const):
        return date_against_date_time(MIRRORED[name], right, left)
    if not isinstance(right, Const):
        return call(name, _moment(left), _moment(right))
    if left.type == DATE_TIME_OFFSET and isinstance(right.value, date):
        midnight = datetime.combine(right.value, time(0), UTC)
        return call(name, left, Const(midnight, DATE_TIME_OFFSET))
    assert isinstance(right.value, datetime)
    day, exact = right.value.date(), right.value.time() == time(0)
    if name in ("eq", "ne") and not exact:
        return FALSE if name == "eq" else TRUE
    operator = name if exact else {"ge": "gt", "lt": "le"}.get(name, name)
    return call(operator, left, Const(day, DATE))
