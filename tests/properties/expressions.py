"""Random ``$filter`` and ``$orderby`` texts, typed from the model and from the function table.

Whatever ``edm.functions`` lists is used here by itself: a new row needs no new test. The texts are made from a seed by
plain functions, because drawing each choice from Hypothesis costs more than asking two databases.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from edm.functions import COLLECTION, FUNCTIONS, TYPE_NAME, CanonicalFunction, Kind, Operand, Signature
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DURATION,
    INT32,
    INT64,
    STRING,
    TIME_OF_DAY,
    CollectionType,
    PrimitiveType,
)
from edm.text import literal

#: Types that expressions are made of; values of the model are of some of them.
TYPES = (STRING, BOOLEAN, INT32, INT64, DECIMAL, DATE, DATE_TIME_OFFSET, TIME_OF_DAY, DURATION)
#: What ``isof`` asks for.
NAMED = (*(kind.name for kind in TYPES), "Int16", "Byte", "Guid")
#: Rows of the table that no URL can call.
INTERNAL = frozenset(name for name in FUNCTIONS if name.startswith("$"))
PATTERNS = (
    "^A", "a$", "^$", ".", "[0-9]+", "^[A-Z][a-z]*", "a|b", "(?i)a", r"\d\d", r"^\w+$", "ü", r"\s", "^.{2,4}$", "[^a-z]",
    "(ab)*", "^(?:a|b).*c?$", r"\.", r"\bA", "x{2}", "", "[ -~]{3,}$", "^[^%_]+$", "^a*?b", r"[\d.]", "日",
)  # fmt: skip
ODD_STRINGS = (
    "", " ", "%", "_", "\\", "'", "''", "a'b", "Ä", "ß", "İ", "ﬁ", "😀", "日本", "é", "e\u0301", "A", "a", "00", "12", "-7",
    "+3", "1.50", "1e3", "-0", "true", "2026-02-28", "2026-02-30", "10:30:00", "P1D", "2026-01-01T00:00:00Z", "\u00a0x",
)  # fmt: skip


class Quiet:
    """Prints as its name alone. Hypothesis shows the arguments of a law that fails, and what it says of arguments of a
    megabyte hides why it failed: see ``test_harness``.
    """

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(f"{type(self).__name__}(...)")


@dataclass(frozen=True)
class Model(Quiet):
    """A model with sample values: entity set -> property -> values that occur."""

    metadata: ServiceMetadata
    samples: Mapping[str, Mapping[str, Sequence[Any]]]


@dataclass(frozen=True)
class Place:
    """Where an expression stands: the set whose properties are meant, what is written before them, and the rows around
    it, by what is written before theirs."""

    model: Model
    entity_set: EntitySet
    prefix: str = ""
    around: tuple[tuple[str, EntitySet], ...] = ()
    lambdas: int = 0

    def of_variable(self, name: str, target: EntitySet) -> "Place":
        """Within a lambda: names without a prefix are still those of the row around it."""
        around = (*self.around, (self.prefix, self.entity_set))
        return replace(self, entity_set=target, prefix=f"{name}/", around=around, lambdas=self.lambdas + 1)

    def of_rows(self, target: EntitySet) -> "Place":
        """Within the parentheses of ``$count`` and ``$filter``: names without a prefix are those of the related row."""
        around = dict((*self.around, (self.prefix, self.entity_set)))
        outermost = around.pop("", None)
        if outermost is not None:
            around.setdefault("$it/", outermost)
        return replace(self, entity_set=target, prefix="", around=tuple(around.items()), lambdas=self.lambdas + 1)


class Dice(random.Random):
    """Chance, from a seed."""

    def one_in(self, number: int) -> bool:
        return self.randrange(number) == 0

    def several(self, make: Callable[[], Any], low: int, high: int) -> list[Any]:
        return [make() for _ in range(self.randint(low, high))]


# --- literals -----------------------------------------------------------------------------------------------------


def _text(dice: Dice) -> str:
    if dice.one_in(2):
        return dice.choice(ODD_STRINGS)
    planes = ((0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x4E00, 0x4E20), (0x1F600, 0x1F610))
    return "".join(chr(dice.randint(*dice.choice(planes))) for _ in range(dice.randint(0, 4)))


def _moment(dice: Dice) -> datetime:
    first, last = dice.choice(((date(2019, 1, 1), date(2029, 12, 31)), (date(1, 1, 1), date(9999, 12, 31))))
    day = date.fromordinal(dice.randint(first.toordinal(), last.toordinal()))
    return datetime.combine(day, _clock(dice), UTC)


def _clock(dice: Dice) -> time:
    if dice.one_in(4):
        return time(0)
    micro = dice.choice((0, 250_000, dice.randrange(10**6)))
    return time(dice.randrange(24), dice.randrange(60), dice.randrange(60), micro)


def _span(dice: Dice) -> timedelta:
    seconds = timedelta(seconds=dice.randint(-(10**6), 10**6))
    micro = timedelta(microseconds=dice.randint(-(10**13), 10**13))
    return dice.choice((seconds, micro, timedelta(days=dice.randint(-4_000_000, 4_000_000))))


def _day(dice: Dice) -> date:
    if dice.one_in(6):
        return dice.choice((date.min, date.max))
    return date.fromordinal(dice.randint(date(2019, 1, 1).toordinal(), date(2029, 12, 31).toordinal()))


VALUES: dict[PrimitiveType, Callable[[Dice], Any]] = {
    STRING: _text,
    BOOLEAN: lambda dice: dice.one_in(2),
    INT32: lambda dice: dice.choice((dice.randint(-3, 12), dice.randint(-(2**31), 2**31 - 1))),
    INT64: lambda dice: dice.choice((dice.randint(-3, 12), dice.randint(-(2**40), 2**40))),
    DECIMAL: lambda dice: Decimal(dice.choice((dice.randint(-5_000, 5_000), dice.randint(-(10**9), 10**9)))).scaleb(-3),
    DATE: _day,
    DATE_TIME_OFFSET: _moment,
    TIME_OF_DAY: _clock,
    DURATION: _span,
}


def _literal(dice: Dice, kind: PrimitiveType) -> str:
    return literal(VALUES[kind](dice), kind)


# --- conditions ---------------------------------------------------------------------------------------------------


def conditions(model: Model, entity_set: EntitySet, depth: int = 3) -> st.SearchStrategy[str]:
    """A Boolean expression over rows of the set, as text."""
    return _SEEDS.map(lambda seed: condition(Dice(seed), Place(model, entity_set), depth))


def values(model: Model, entity_set: EntitySet, kind: PrimitiveType, depth: int = 2) -> st.SearchStrategy[str]:
    """An expression of the type over rows of the set, as text."""
    return _SEEDS.map(lambda seed: value(Dice(seed), Place(model, entity_set), kind, depth))


_SEEDS = st.integers(0, 2**40)


def condition(dice: Dice, place: Place, depth: int) -> str:
    """A Boolean expression, as text."""
    shape = dice.choice(_SHAPES if depth > 0 else _LEAVES)
    match shape:
        case "and" | "or":
            parts = dice.several(lambda: condition(dice, place, depth - 1), 2, 3)
            return f" {shape} ".join(f"({p})" for p in parts)
        case "not":
            return f"not ({condition(dice, place, depth - 1)})"
        case "equals":
            inner = condition(dice, place, depth - 1)
            return f"({inner}) {dice.choice(('eq', 'ne'))} {dice.choice(('true', 'false'))}"
        case "row":
            return _any_row(dice, place, depth)
        case "lambda":
            return _lambda(dice, place, depth)
        case "null":
            return f"{_path(dice, place, None)[0]} {dice.choice(('eq', 'ne', 'gt', 'le'))} null"
        case "in":
            return _member(dice, place, depth)
        case "sample":
            return _sampled(dice, place)
    kind = dice.choice((STRING, INT64, DECIMAL, DATE, DATE_TIME_OFFSET))
    return _compared(dice, place, value(dice, place, kind, depth), kind, depth)


_LEAVES = ("comparison", "sample", "sample", "null", "in")
_SHAPES = (*_LEAVES, "and", "or", "not", "row", "row", "row", "lambda", "equals")


def _compared(dice: Dice, place: Place, text: str, kind: PrimitiveType, depth: int) -> str:
    return f"({text}) {_comparison(dice, kind)} ({value(dice, place, kind, depth - 1)})"


def _comparison(dice: Dice, kind: PrimitiveType) -> str:
    return dice.choice(("eq", "ne") if kind == BOOLEAN else ("eq", "ne", "gt", "ge", "lt", "le"))


def _any_row(dice: Dice, place: Place, depth: int) -> str:
    """Any row of the function table, each as often as the others, as a condition."""
    function = dice.choice(ROWS)
    signature = dice.choice(function.signatures)
    kind = dice.choice(_results(function, signature))
    text = _call(dice, place, function, signature, kind, depth)
    if isinstance(kind, CollectionType):
        return f"length({text}) ge {dice.randint(0, 3)}"
    if kind == BOOLEAN and dice.one_in(2):
        return text
    return _compared(dice, place, text, kind, depth)


#: What is drawn by rows; logic and lists have shapes of their own.
ROWS = tuple(f for name, f in FUNCTIONS.items() if name not in INTERNAL and name not in ("and", "or", "not", "in"))


def _member(dice: Dice, place: Place, depth: int) -> str:
    """``in``: with literals in parentheses, with expressions in brackets."""
    kind = dice.choice((STRING, STRING, INT32, DECIMAL, DATE))
    if depth > 0 and dice.one_in(2):
        return f"({value(dice, place, kind, depth - 1)}) in {_list(dice, place, kind, depth)}"
    if _has(place.entity_set, kind):
        name, samples = _path(dice, place, kind)
    else:
        name, samples = _literal(dice, kind), ()

    def item() -> Any:
        if dice.one_in(5):
            return None
        return dice.choice(samples) if samples and dice.one_in(2) else VALUES[kind](dice)

    return f"{name} in ({','.join(literal(found, kind) for found in dice.several(item, 1, 4))})"


def _sampled(dice: Dice, place: Place) -> str:
    """A comparison of a property with a value that it really has, so that conditions hold sometimes."""
    member = dice.choice(place.entity_set.type.properties)
    samples = place.model.samples[place.entity_set.name][member.name]
    name = place.prefix + member.name
    if not samples:
        return f"{name} eq null"
    return f"{name} {_comparison(dice, member.type)} {literal(dice.choice(samples), member.type)}"


def _path(dice: Dice, place: Place, kind: PrimitiveType | None, *, sortable: bool = False) -> tuple[str, Sequence[Any]]:
    """A property of the type, perhaps of a row around or behind one navigation property, and values that it has."""
    prefix, entity_set, metadata = place.prefix, place.entity_set, place.model.metadata
    around = [(before, other) for before, other in place.around if _has(other, kind)]
    if around and dice.one_in(5):
        prefix, entity_set = dice.choice(around)
    single = [n for n in entity_set.type.navigation if not n.collection and _has(metadata.target(n), kind)]
    if single and dice.one_in(4):
        link = dice.choice(single)
        prefix, entity_set = f"{prefix}{link.name}/", metadata.target(link)
    members = entity_set.type.properties
    member = dice.choice([p for p in members if (kind is None or p.type == kind) and (p.sortable or not sortable)])
    return prefix + member.name, place.model.samples[entity_set.name][member.name]


def _has(entity_set: EntitySet, kind: PrimitiveType | None) -> bool:
    return kind is None or any(p.type == kind for p in entity_set.type.properties)


def _lambda(dice: Dice, place: Place, depth: int) -> str:
    """``any``, ``all`` or a count over a collection, filtered or not; a comparison where the set has none."""
    several = [n for n in place.entity_set.type.navigation if n.collection]
    if not several or place.lambdas > 1:
        return _sampled(dice, place)
    link = dice.choice(several)
    target, name = place.model.metadata.target(link), place.prefix + link.name
    below = min(depth - 1, 1)
    if dice.one_in(4):
        name += f"/$filter({condition(dice, place.of_rows(target), below)})"
    shape = dice.choice(("any", "all", "empty", "count", "filtered"))
    if shape == "empty":
        return f"{name}/any()"
    if shape in ("any", "all"):
        variable = f"x{place.lambdas}"
        return f"{name}/{shape}({variable}:{condition(dice, place.of_variable(variable, target), below)})"
    inner = f"($filter={condition(dice, place.of_rows(target), below)})" if shape == "filtered" else ""
    return f"{name}/$count{inner} {dice.choice(('eq', 'gt', 'lt'))} {dice.randint(0, 4)}"


# --- values -------------------------------------------------------------------------------------------------------


def value(dice: Dice, place: Place, kind: PrimitiveType, depth: int) -> str:
    """An expression of the type, as text: a property, a literal, or a function of such."""
    calls = GIVING[kind] if depth > 0 else ()
    shape = dice.choice(["path"] * 3 * _has(place.entity_set, kind) + ["literal"] + ["call"] * 2 * bool(calls))
    if shape == "path":
        return _path(dice, place, kind)[0]
    if shape == "literal":
        return _literal(dice, kind)
    return _call(dice, place, *dice.choice(calls), kind, depth)


def _call(
    dice: Dice,
    place: Place,
    function: CanonicalFunction,
    signature: Signature,
    kind: PrimitiveType | CollectionType,
    depth: int,
) -> str:
    """The function with operands of the signature and a result of the type."""
    special = _SPECIAL.get(function.name)
    if special is not None:
        return special(dice, place, kind, depth)
    numbers = dice.choice(_numbers(kind))
    items = kind.of if isinstance(kind, CollectionType) else dice.choice((INT32, STRING))
    same = dice.choice(TYPES)
    args = []
    for position, param in enumerate(signature.params):
        small = _SMALL.get((function.name, position))
        if small is not None:
            args.append(str(dice.choice(small)))
        elif function.name == "matchespattern" and position == 1 and not dice.one_in(6):
            args.append(literal(dice.choice(PATTERNS), STRING))
        elif param is COLLECTION:
            args.append(_list(dice, place, items, depth - 1))
        else:
            args.append(value(dice, place, _operand(param, numbers, same), depth - 1))
    return _written(function, args)


_DIVISORS = (*range(-9, 0), *range(1, 10))
#: Operands that are small numbers: a divisor is never zero, which a constant one must not be.
_SMALL = {
    **dict.fromkeys((("div", 1), ("divby", 1), ("mod", 1)), _DIVISORS),
    ("substring", 1): range(-3, 6),
    ("substring", 2): range(6),
}


def _list(dice: Dice, place: Place, kind: PrimitiveType, depth: int) -> str:
    return f"[{','.join(dice.several(lambda: value(dice, place, kind, depth - 1), 0, 3))}]"


def _case(dice: Dice, place: Place, kind: PrimitiveType, depth: int) -> str:
    def pair() -> str:
        chosen = "null" if dice.one_in(8) else value(dice, place, kind, depth - 1)
        return f"({condition(dice, place, depth - 1)}):({chosen})"

    return f"case({','.join(dice.several(pair, 1, 3))})"


def _cast(dice: Dice, place: Place, kind: PrimitiveType, depth: int) -> str:
    return f"cast({value(dice, place, dice.choice(TYPES), depth - 1)},{kind})"


def _isof(dice: Dice, place: Place, kind: PrimitiveType, depth: int) -> str:
    return f"isof({value(dice, place, dice.choice(TYPES), depth - 1)},Edm.{dice.choice(NAMED)})"


_SPECIAL: dict[str, Callable[[Dice, Place, Any, int], str]] = {"case": _case, "cast": _cast, "isof": _isof}


def _operand(param: Operand, numbers: PrimitiveType, same: PrimitiveType) -> PrimitiveType:
    if isinstance(param, PrimitiveType):
        return param
    return {"integer": INT32, "number": numbers}.get(param.name, same)


def _numbers(kind: PrimitiveType | CollectionType) -> tuple[PrimitiveType, ...]:
    """What the operands of a function may be for its result to be of the type."""
    if isinstance(kind, CollectionType):
        return (INT32,)
    return (INT32, INT64) if kind.integral else (DECIMAL,) if kind == DECIMAL else (INT32, DECIMAL)


def _written(function: CanonicalFunction, args: Sequence[str]) -> str:
    if function.kind is Kind.FUNCTION:
        return f"{function.name}({','.join(args)})"
    if function.kind is Kind.PREFIX:
        return f"-({args[0]})"
    return f" {function.name} ".join(f"({a})" for a in args)


def _results(function: CanonicalFunction, signature: Signature) -> tuple[Any, ...]:
    """The types that the result can be of."""
    result = signature.result
    if isinstance(result, PrimitiveType):
        return (result,)
    if COLLECTION in signature.params:
        return (CollectionType(INT32), CollectionType(STRING))
    if TYPE_NAME in signature.params or signature.repeated:
        return TYPES
    return tuple(dict.fromkeys((result([INT32] * 2), result([DECIMAL] * 2))))


#: Per type the functions that can have a result of it, with the signature.
GIVING = {
    kind: tuple(
        (function, signature)
        for function in ROWS
        if function.group != "comparison"
        for signature in function.signatures
        if kind in _results(function, signature)
    )
    for kind in TYPES
}


# --- queries ------------------------------------------------------------------------------------------------------


def orders(model: Model, entity_set: EntitySet) -> st.SearchStrategy[str]:
    """A ``$orderby`` of one to three items."""

    def made(seed: int) -> str:
        dice, place = Dice(seed), Place(model, entity_set)
        items = dice.several(
            lambda: _path(dice, place, None, sortable=True)[0] + dice.choice(("", " desc", " asc")), 1, 3
        )
        return ",".join(dict.fromkeys(items))

    return _SEEDS.map(made)


def encoded(query: str) -> str:
    """Options, one on a line, as a query string in which what has a meaning in URLs is percent-encoded."""
    return "&".join(quote(option, safe="$=,()'/:") for option in query.split("\n"))
