"""Everything that can be asked of a value: one row per operator and canonical function (URL Conventions 4.01, 5.1.1).

A row says the name, which operand types it takes and gives, how it treats null, and what it means (a plain Python
function, see ``edm.meanings``). Parser, binder, evaluator, SQL dialects, annotations, documentation and the
random-query generator read this table; a new function is a new row here (and optionally one in
``erp_adapters/dialects_common.py``, to push it down).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP
from enum import Enum
from functools import lru_cache
from typing import Any

from edm import meanings
from edm.conversion import convert
from edm.patterns import matches_pattern
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    INT32,
    INT64,
    NULL,
    STRING,
    TIME_OF_DAY,
    CollectionType,
    PrimitiveType,
    promote,
)


class NullRule(Enum):
    """What null operands do."""

    PROPAGATE = "propagate"  # any null operand makes the result null; the implementation never sees None
    COMPARE = "compare"  # two-valued: the implementation sees None and answers true or false
    LOGIC = "logic"  # three-valued: the implementation sees None
    CHOICE = "choice"  # null conditions are not true; the value chosen may be null


class Kind(Enum):
    """How a row is written in a URL."""

    INFIX = "infix"
    PREFIX = "prefix"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class TypeClass:
    """A set of types that an operand may have."""

    name: str
    accepts: Callable[[PrimitiveType], bool]


NUMBER = TypeClass("number", lambda t: t.numeric)
INTEGER = TypeClass("integer", lambda t: t.integral)
ANY = TypeClass("any primitive value", lambda t: True)
ORDERED = TypeClass("ordered value", lambda t: t.name not in ("Binary",))
#: Collections of primitive values. Nothing else takes them.
COLLECTION = TypeClass("collection", lambda t: False)
#: Not an operand but the name of a type, which becomes the type of the call.
TYPE_NAME = TypeClass("type name", lambda t: False)

ExprType = PrimitiveType | CollectionType
Operand = PrimitiveType | TypeClass
Result = PrimitiveType | Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Signature:
    """Operand types and the result's type. ``same`` demands that all operands of no fixed type meet in one type.
    ``repeated`` operands may follow again and again, as those of ``case``.
    """

    params: tuple[Operand, ...]
    result: Result
    same: bool = False
    repeated: bool = False

    def takes(self, number: int) -> bool:
        """Whether it has so many operands."""
        return number % len(self.params) == 0 if self.repeated and number else number == len(self.params)


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalFunction:
    """One operator or function: a row of ``FUNCTIONS``, compared by identity.

    ``partial`` rows can give null for operands that are not null: out of range, a zero divisor.
    """

    name: str
    kind: Kind
    group: str
    signatures: tuple[Signature, ...]
    null: NullRule
    evaluate: Callable[..., Any]
    version: str = "4.0"
    doc: str = ""
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """The signature that fits: the type each operand has to be brought to, and the type of the result."""

    operands: tuple[ExprType, ...]
    result: ExprType


FUNCTIONS: dict[str, CanonicalFunction] = {}


def resolve(function: CanonicalFunction, types: Sequence[ExprType]) -> Resolution | None:
    """The first signature of ``function`` that takes operands of ``types``; ``None`` if no signature does."""
    return _resolve(function, tuple(types))


@lru_cache(maxsize=4_096)
def _resolve(function: CanonicalFunction, types: tuple[ExprType, ...]) -> Resolution | None:
    for signature in function.signatures:
        operands = _fit(signature, types)
        if operands is not None:
            result = signature.result
            return Resolution(operands, result if isinstance(result, PrimitiveType) else result(operands))
    return None


def _fit(signature: Signature, types: Sequence[ExprType]) -> tuple[ExprType, ...] | None:
    if not signature.takes(len(types)):
        return None
    params = signature.params * (len(types) // len(signature.params)) if signature.repeated else signature.params
    if not all(_takes(param, given) for param, given in zip(params, types, strict=True)):
        return None
    return _meet(signature, params, types)


def _takes(param: Operand, given: ExprType) -> bool:
    """Whether an operand of the type fits; null does everywhere, a number where a wider one is wanted."""
    if given == NULL:
        return param is not TYPE_NAME
    if isinstance(given, CollectionType):
        return param is COLLECTION
    if isinstance(param, TypeClass):
        return param.accepts(given)
    return param == given or (param.numeric and given.numeric and given.rank <= param.rank)


def _meet(signature: Signature, params: Sequence[Operand], types: Sequence[ExprType]) -> tuple[ExprType, ...] | None:
    meeting: ExprType = NULL
    if signature.same:
        free = [given for param, given in zip(params, types, strict=True) if isinstance(param, TypeClass)]
        met = meeting_type(free)
        if met is None:
            return None
        meeting = met
    return tuple(
        param if isinstance(param, PrimitiveType) and given == NULL
        else meeting if isinstance(param, TypeClass) and signature.same
        else given
        for param, given in zip(params, types, strict=True)
    )  # fmt: skip


def meeting_type(types: Sequence[ExprType]) -> ExprType | None:
    """The type in which all of them meet, null aside; ``None`` if there is none."""
    meeting: ExprType = NULL
    for other in types:
        if NULL in (meeting, other):
            meeting = other if meeting == NULL else meeting
        elif isinstance(meeting, CollectionType) and isinstance(other, CollectionType):
            item = meeting_type((meeting.of, other.of))
            if not isinstance(item, PrimitiveType):
                return None
            meeting = CollectionType(item)
        elif isinstance(meeting, CollectionType) or isinstance(other, CollectionType):
            return None
        elif meeting.numeric and other.numeric:
            meeting = promote(meeting, other)
        elif meeting != other:
            return None
    return meeting


def _row(
    name: str,
    group: str,
    signatures: Sequence[Signature],
    evaluate: Callable[..., Any],
    doc: str,
    *,
    kind: Kind = Kind.FUNCTION,
    null: NullRule = NullRule.PROPAGATE,
    version: str = "4.0",
    partial: bool = False,
) -> None:
    FUNCTIONS[name] = CanonicalFunction(name, kind, group, tuple(signatures), null, evaluate, version, doc, partial)


def _rows(group: str, *rows: tuple[str, Callable[..., Any], Sequence[Signature], str], **common: Any) -> None:
    """Rows that are alike but for name, meaning, signatures and doc."""
    for name, evaluate, signatures, doc in rows:
        _row(name, group, signatures, evaluate, doc, **common)


def _sig(*params: Operand, to: Result, same: bool = False, repeated: bool = False) -> Signature:
    return Signature(params, to, same, repeated)


# --- comparison: two-valued ---------------------------------------------------------------------------------------

_SAME = [_sig(ANY, ANY, to=BOOLEAN, same=True), _sig(COLLECTION, COLLECTION, to=BOOLEAN, same=True)]
_ORDER = [_sig(ORDERED, ORDERED, to=BOOLEAN, same=True)]
_rows(
    "comparison",
    ("eq", meanings.eq, _SAME, "equal; null equals null"),
    ("ne", lambda a, b: not meanings.eq(a, b), _SAME, "not equal"),
    ("gt", meanings.gt, _ORDER, "greater than; false if an operand is null"),
    ("ge", lambda a, b: meanings.gt(a, b) or meanings.eq(a, b), _ORDER, "greater than or equal"),
    ("lt", lambda a, b: meanings.gt(b, a), _ORDER, "less than; false if an operand is null"),
    ("le", lambda a, b: meanings.gt(b, a) or meanings.eq(a, b), _ORDER, "less than or equal"),
    kind=Kind.INFIX,
    null=NullRule.COMPARE,
)
_row(
    "in", "comparison", [_sig(ANY, COLLECTION, to=BOOLEAN)], meanings.is_in, "equal to an item of a list",
    kind=Kind.INFIX, null=NullRule.COMPARE, version="4.01",
)  # fmt: skip


# --- logic: three-valued ------------------------------------------------------------------------------------------

_TWO_TRUTHS = [_sig(BOOLEAN, BOOLEAN, to=BOOLEAN)]
_row("and", "logic", _TWO_TRUTHS, meanings.logic_and, "both are true", kind=Kind.INFIX, null=NullRule.LOGIC)
_row("or", "logic", _TWO_TRUTHS, meanings.logic_or, "one is true", kind=Kind.INFIX, null=NullRule.LOGIC)
_row("not", "logic", [_sig(BOOLEAN, to=BOOLEAN)], meanings.logic_not, "negation", kind=Kind.PREFIX, null=NullRule.LOGIC)


# --- arithmetic ---------------------------------------------------------------------------------------------------


def _arithmetic(types: Sequence[PrimitiveType]) -> PrimitiveType:
    """Integers give Int64, everything else the promoted type."""
    return INT64 if types[0].integral else _real(types)


def _real(types: Sequence[PrimitiveType]) -> PrimitiveType:
    return DOUBLE if types[0].rank > DECIMAL.rank else DECIMAL


_NUMBERS = _sig(NUMBER, NUMBER, to=_arithmetic, same=True)
_SPAN_BY_NUMBER = _sig(DURATION, NUMBER, to=DURATION)
_SHIFTS = [
    _sig(DATE_TIME_OFFSET, DURATION, to=DATE_TIME_OFFSET),
    _sig(DATE, DURATION, to=DATE),
    _sig(DURATION, DURATION, to=DURATION),
]
_DISTANCES = [_sig(DATE_TIME_OFFSET, DATE_TIME_OFFSET, to=DURATION), _sig(DATE, DATE, to=DURATION)]
_rows(
    "arithmetic",
    ("add", meanings.add, [_NUMBERS, *_SHIFTS], "sum; of a point in time and a duration too"),
    ("sub", meanings.sub, [_NUMBERS, *_SHIFTS, *_DISTANCES], "difference; of points in time a duration"),
    ("mul", meanings.mul, [_NUMBERS, _SPAN_BY_NUMBER, _sig(NUMBER, DURATION, to=DURATION)], "product"),
    ("div", meanings.div, [_NUMBERS, _SPAN_BY_NUMBER], "quotient; of integers an integer, truncated toward zero"),
    ("mod", meanings.mod, [_NUMBERS], "remainder with the sign of the dividend"),
    kind=Kind.INFIX,
    partial=True,
)
_row(
    "divby", "arithmetic", [_sig(NUMBER, NUMBER, to=_real, same=True)], meanings.divby,
    "quotient, fractional for integers too", kind=Kind.INFIX, version="4.01", partial=True,
)  # fmt: skip
_row(
    "neg", "arithmetic", [_sig(NUMBER, to=_arithmetic), _sig(DURATION, to=DURATION)], meanings.neg,
    "negation, written -", kind=Kind.PREFIX, partial=True,
)  # fmt: skip


# --- strings and collections --------------------------------------------------------------------------------------


def _joined(types: Sequence[ExprType]) -> ExprType:
    return types[0]


_TWO_TEXTS = _sig(STRING, STRING, to=BOOLEAN)
_TWO_COLLECTIONS = _sig(COLLECTION, COLLECTION, to=BOOLEAN, same=True)
_rows(
    "string and collection",
    (
        "concat",
        lambda a, b: a + b,
        [_sig(STRING, STRING, to=STRING), _sig(COLLECTION, COLLECTION, to=_joined, same=True)],
        "both joined",
    ),
    ("contains", meanings.contains, [_TWO_TEXTS, _TWO_COLLECTIONS], "the second is part of the first"),
    ("startswith", meanings.startswith, [_TWO_TEXTS, _TWO_COLLECTIONS], "the first begins with the second"),
    ("endswith", meanings.endswith, [_TWO_TEXTS, _TWO_COLLECTIONS], "the first ends with the second"),
    (
        "indexof",
        meanings.indexof,
        [_sig(STRING, STRING, to=INT32), _sig(COLLECTION, COLLECTION, to=INT32, same=True)],
        "zero-based position of the second, or -1",
    ),
    ("length", len, [_sig(STRING, to=INT32), _sig(COLLECTION, to=INT32)], "number of characters or items"),
    (
        "substring",
        meanings.substring,
        [
            _sig(STRING, INTEGER, to=STRING),
            _sig(STRING, INTEGER, INTEGER, to=STRING),
            _sig(COLLECTION, INTEGER, to=_joined),
            _sig(COLLECTION, INTEGER, INTEGER, to=_joined),
        ],
        "from a zero-based position, optionally so many characters or items; a negative position counts from the end",
    ),
)
_row(
    "hassubset", "collection", [_TWO_COLLECTIONS], meanings.hassubset,
    "the first has all items of the second, in any order", version="4.01",
)  # fmt: skip
_row(
    "hassubsequence", "collection", [_TWO_COLLECTIONS], meanings.hassubsequence,
    "the first has all items of the second, in their order", version="4.01",
)  # fmt: skip
#: Not callable from a URL: a list whose items are not all constants, such as ``[City,Country]``.
_row("$list", "collection", [], lambda *items: items, "the list of its operands", null=NullRule.COMPARE)

_TEXT = [_sig(STRING, to=STRING)]
_row(
    "matchespattern", "string", [_TWO_TEXTS], matches_pattern,
    "a part of the first matches the regular expression; null if that is malformed", version="4.01", partial=True,
)  # fmt: skip
_row("tolower", "string", _TEXT, meanings.lower, "in lower case, character by character")
_row("toupper", "string", _TEXT, str.upper, "in upper case")
_row("trim", "string", _TEXT, lambda a: a.strip(meanings.BLANKS), "without white space at both ends")
#: Not callable from a URL: the binder writes ``$search`` as ``contains($searchtext(P),'word')``.
_row("$searchtext", "search", _TEXT, meanings.search_text, "what $search compares")


# --- date and time ------------------------------------------------------------------------------------------------

_DATED = [_sig(DATE, to=INT32), _sig(DATE_TIME_OFFSET, to=INT32)]
_TIMED = [_sig(DATE_TIME_OFFSET, to=INT32), _sig(TIME_OF_DAY, to=INT32)]
for _name, _signatures in (
    ("year", _DATED), ("month", _DATED), ("day", _DATED), ("hour", _TIMED), ("minute", _TIMED), ("second", _TIMED),
):  # fmt: skip
    _row(_name, "date and time", _signatures, lambda a, _part=_name: getattr(a, _part), f"the {_name} part, in UTC")
_rows(
    "date and time",
    (
        "fractionalseconds",
        meanings.fractional_seconds,
        [_sig(DATE_TIME_OFFSET, to=DECIMAL), _sig(TIME_OF_DAY, to=DECIMAL)],
        "the fraction of the second",
    ),
    (
        "date",
        lambda a: a.date() if isinstance(a, datetime) else a,
        [_sig(DATE_TIME_OFFSET, to=DATE), _sig(DATE, to=DATE)],
        "the date part, in UTC",
    ),
    ("time", lambda a: a.time(), [_sig(DATE_TIME_OFFSET, to=TIME_OF_DAY)], "the time part, in UTC"),
    (
        "totaloffsetminutes",
        lambda a: 0,
        [_sig(DATE_TIME_OFFSET, to=INT32)],
        "minutes from UTC: 0, as values are kept in UTC",
    ),
    ("totalseconds", meanings.total_seconds, [_sig(DURATION, to=DECIMAL)], "a duration in seconds"),
    ("now", lambda: datetime.now(UTC), [_sig(to=DATE_TIME_OFFSET)], "the time of the request"),
    ("mindatetime", lambda: meanings.MIN_DATE_TIME, [_sig(to=DATE_TIME_OFFSET)], "the earliest point in time"),
    ("maxdatetime", lambda: meanings.MAX_DATE_TIME, [_sig(to=DATE_TIME_OFFSET)], "the latest point in time"),
)


# --- numbers ------------------------------------------------------------------------------------------------------

_NUMERIC = [_sig(NUMBER, to=_real)]
_rows(
    "number",
    ("round", meanings.rounding(ROUND_HALF_UP, meanings.half_away), _NUMERIC, "to an integer, half away from zero"),
    ("floor", meanings.rounding(ROUND_FLOOR, math.floor), _NUMERIC, "rounded down"),
    ("ceiling", meanings.rounding(ROUND_CEILING, math.ceil), _NUMERIC, "rounded up"),
)


# --- types and conditions -----------------------------------------------------------------------------------------


def _named(types: Sequence[PrimitiveType]) -> PrimitiveType:
    """The type that the call names; the binder puts it in place of this one."""
    return types[0]


def _chosen(types: Sequence[ExprType]) -> ExprType:
    return types[1]


_row(
    "cast", "type", [_sig(ANY, TYPE_NAME, to=_named)], convert,
    "the value as one of the named type; null if it has none there", partial=True,
)  # fmt: skip
_row(
    "isof", "type", [_sig(ANY, TYPE_NAME, to=BOOLEAN)], lambda value, kind: convert(value, kind) is not None,
    "whether there is a value that can be cast to the named type", null=NullRule.COMPARE,
)  # fmt: skip
_row(
    "case", "conditional", [_sig(BOOLEAN, ANY, to=_chosen, same=True, repeated=True)], meanings.case,
    "the value of the first condition that is true; null if none is", null=NullRule.CHOICE, version="4.01",
)  # fmt: skip

#: Names of the standard that parse but are not answered: 501, not 400 (conformance 40-MIN-07).
NOT_IMPLEMENTED: frozenset[str] = frozenset({"geo.distance", "geo.intersects", "geo.length"})
