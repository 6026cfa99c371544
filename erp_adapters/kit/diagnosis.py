"""Why an answer may be wrong, from the rows that it lost or has too many: a table of what sources usually do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from edm.errors import ODataError
from edm.evaluate import RowMapping
from edm.expressions import Call, Const, Expr, Lambda, Prop, call, children, walk
from edm.primitives import BOOLEAN, CollectionType
from erp_adapters.base import SourceError


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to go by: values of the property in rows that are missing or too many, and the constants."""

    missing: Sequence[Any]
    surplus: Sequence[Any]
    constants: Sequence[Any]

    @property
    def texts(self) -> Sequence[str]:
        return [value for value in self.constants if isinstance(value, str)]


def _folded(sight: Sight) -> bool:
    """All rows too many would be right if the letter case did not matter."""
    wrong = [value for value in sight.surplus if isinstance(value, str)]
    return bool(wrong) and any(text.casefold() in value.casefold() for text in sight.texts for value in wrong)


def _blank(sight: Sight) -> bool:
    wrong = [value for value in (*sight.missing, *sight.surplus) if isinstance(value, str)]
    return any(value != value.strip() for value in (*wrong, *sight.texts))


_CAUSES: tuple[tuple[Callable[[Sight], bool], str, str], ...] = (
    (
        lambda s: bool(s.missing) and all(value is None for value in s.missing),
        "rows without a value are lost",
        "Ask the source for rows without a value too (`or field is null`): a comparison with null is two-valued here.",
    ),
    (
        lambda s: bool(s.surplus) and all(value is None for value in s.surplus),
        "rows without a value come although the condition is not true of them",
        "Exclude rows without a value, or grade the condition INEXACT.",
    ),
    (
        lambda s: any("%" in text or "_" in text or "*" in text for text in s.texts) and bool(s.surplus),
        "a character of the constant is taken for a wildcard",
        "Escape %, _ and * in what is sent, or grade such constants INEXACT.",
    ),
    (
        _folded,
        "the letter case does not matter to the source",
        "Compare by code point, or grade the condition INEXACT.",
    ),
    (
        _blank,
        "blanks at the ends are not compared as they are",
        "Compare texts as they are published, or widen the condition and grade it INEXACT.",
    ),
    (
        lambda s: any(isinstance(value, Decimal) for value in s.constants),
        "decimals are compared with other digits than they have",
        "Send and compare decimals exactly, never as floats nor rounded.",
    ),
    (
        lambda s: any(isinstance(value, datetime) for value in s.constants),
        "points in time are compared in another zone, or without a part of the second",
        "Send points in time as the source stores them; widen what it keeps less exactly, and grade it INEXACT.",
    ),
)
_LOST = (
    "rows are lost",
    "Grade the condition NO, or widen what the source is asked so that no row is lost (a superset is INEXACT).",
)
_SURPLUS = ("rows come that were not asked for", "Grade the condition INEXACT, so that the engine checks it again.")
_TWICE = ("rows come several times", "A condition must not repeat rows: ask for distinct ones, or whether one exists.")


def explained(
    expr: Expr | None,
    missing: Sequence[RowMapping],
    surplus: Sequence[RowMapping],
    *,
    exact: bool,
    error: BaseException | None = None,
    twice: bool = False,
) -> tuple[str, str]:
    """Why, and what to do."""
    if error is not None:
        return _failed(error)
    if twice:
        return _TWICE
    names = looked_at(expr) if expr is not None else ()
    if expr is not None and len(names) == 1:
        sight = Sight([row[names[0]] for row in missing], [row[names[0]] for row in surplus], list(_constants(expr)))
        for holds, why, fix in _CAUSES:
            if holds(sight):
                return why, fix
    return _LOST if missing else _SURPLUS


def _failed(error: BaseException) -> tuple[str, str]:
    if isinstance(error, SourceError) and error.outage:
        return (
            "the source is said to be away",
            "If it is not, report what it refuses as something else: this opens the circuit breaker for all.",
        )
    if isinstance(error, SourceError):
        return "the source fails", "Look at its log; if it cannot answer this, do not declare it."
    if isinstance(error, ODataError):
        return (
            "it is refused although it was accepted",
            "Decline it in capabilities instead, by match, sort or compute.",
        )
    return (
        f"it raises {type(error).__name__}, which is no SourceError",
        "Translate every error of the source into a SourceError of erp_adapters.base.",
    )


def looked_at(expr: Expr) -> tuple[str, ...]:
    """The row's own properties in a condition."""
    return tuple(
        dict.fromkeys(
            node.name
            for node in walk(expr)
            if isinstance(node, Prop) and node.variable == "$it" and len(node.path) == 1
        )
    )


def parts(expr: Expr) -> Iterator[Expr]:
    """The conditions within a condition that stand for themselves."""
    if isinstance(expr, Call) and expr.function in ("and", "or", "not"):
        yield from (part for part in children(expr) if part.type == BOOLEAN and not isinstance(part, Const))


def one_of(prop: Prop, values: Sequence[Any]) -> Expr:
    return call("in", prop, Const(tuple(values), CollectionType(prop.type)))


def _constants(expr: Expr) -> Iterator[Any]:
    for node in walk(expr):
        if isinstance(node, Const):
            yield from node.value if isinstance(node.value, tuple) else (node.value,)
        if isinstance(node, Lambda):
            return
