"""Random ``$filter`` and ``$orderby`` texts, typed from the model and from the function table.

Whatever ``edm.functions`` lists is used here by itself: a new row needs no new test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from edm.functions import FUNCTIONS, CanonicalFunction, Kind, Signature
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
    PrimitiveType,
)
from edm.text import literal

#: Types that expressions are made of; values of the model are of some of them.
TYPES = (STRING, BOOLEAN, INT32, INT64, DECIMAL, DATE, DATE_TIME_OFFSET, TIME_OF_DAY, DURATION)
#: Not drawn: they depend on the clock, or differ by design (see docs/decisions.md).
LEFT_OUT = {"now", "totaloffsetminutes", "$searchtext", "in", "and", "or", "not"}
ODD_STRINGS = (
    "",
    " ",
    "%",
    "_",
    "\\",
    "'",
    "''",
    "a'b",
    "Ä",
    "ß",
    "İ",
    "ﬁ",
    "😀",
    "日本",
    "é",
    "e\u0301",
    "A",
    "a",
    "00",
)


@dataclass(frozen=True)
class Model:
    """A model with sample values: entity set -> property -> values that occur."""

    metadata: ServiceMetadata
    samples: Mapping[str, Mapping[str, Sequence[Any]]]


@st.composite
def literals(draw: st.DrawFn, kind: PrimitiveType) -> str:
    """A literal of the type, often an odd one."""
    value = draw(_VALUES[kind.name])
    return literal(value, kind)


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "String": st.one_of(
        st.sampled_from(ODD_STRINGS),
        st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=4),
    ),
    "Boolean": st.booleans(),
    "Int32": st.one_of(st.integers(-3, 12), st.integers(-(2**31), 2**31 - 1)),
    "Int64": st.one_of(st.integers(-3, 12), st.integers(-(2**40), 2**40)),
    "Decimal": st.decimals(-(10**6), 10**6, allow_nan=False, places=3),
    "Date": st.dates(date(2019, 1, 1), date(2029, 12, 31)),
    "DateTimeOffset": st.datetimes(datetime(2019, 1, 1), datetime(2029, 12, 31)).map(
        lambda d: d.replace(microsecond=0)
    ),
    "TimeOfDay": st.times().map(lambda t: t.replace(microsecond=0)),
    "Duration": st.integers(-(10**6), 10**6).map(lambda s: timedelta(seconds=s)),
}


@st.composite
def conditions(draw: st.DrawFn, model: Model, entity_set: EntitySet, depth: int = 3, variable: str = "") -> str:
    """A Boolean expression over rows of the set, as text."""
    shapes = ["comparison", "comparison", "sample", "sample", "null", "in"]
    if depth > 0:
        shapes += ["and", "or", "not", "function", "lambda", "equals"]
    shape = draw(st.sampled_from(shapes))
    deeper = conditions(model, entity_set, depth - 1, variable)
    match shape:
        case "and" | "or":
            parts = draw(st.lists(deeper, min_size=2, max_size=3))
            return f" {shape} ".join(f"({p})" for p in parts)
        case "not":
            return f"not ({draw(deeper)})"
        case "equals":
            return f"({draw(deeper)}) {draw(st.sampled_from(['eq', 'ne']))} {draw(st.sampled_from(['true', 'false']))}"
        case "function":
            return draw(values(model, entity_set, BOOLEAN, depth, variable))
        case "lambda":
            return draw(lambdas(model, entity_set, depth, variable))
        case "null":
            name, _ = draw(paths(model, entity_set, None, variable))
            return f"{name} {draw(st.sampled_from(['eq', 'ne', 'gt', 'le']))} null"
        case "in":
            name, samples = draw(paths(model, entity_set, STRING, variable))
            chosen = draw(
                st.lists(st.one_of(st.sampled_from(samples or ("x",)), _VALUES["String"]), min_size=1, max_size=4)
            )
            return f"{name} in ({','.join(literal(v, STRING) for v in chosen)})"
        case "sample":
            return draw(_sampled(model, entity_set, variable))
    kind = draw(st.sampled_from((STRING, INT64, DECIMAL, DATE, DATE_TIME_OFFSET)))
    left = draw(values(model, entity_set, kind, depth, variable))
    right = draw(values(model, entity_set, kind, depth - 1, variable))
    return f"({left}) {draw(st.sampled_from(['eq', 'ne', 'gt', 'ge', 'lt', 'le']))} ({right})"


@st.composite
def _sampled(draw: st.DrawFn, model: Model, entity_set: EntitySet, variable: str) -> str:
    """A comparison of a property with a value that it really has, so that conditions hold sometimes."""
    member = draw(st.sampled_from(entity_set.type.properties))
    samples = model.samples[entity_set.name][member.name]
    name = f"{variable}/{member.name}" if variable else member.name
    if not samples:
        return f"{name} eq null"
    operators = ["eq", "ne"] if member.type == BOOLEAN else ["eq", "ne", "gt", "ge", "lt", "le"]
    return f"{name} {draw(st.sampled_from(operators))} {literal(draw(st.sampled_from(samples)), member.type)}"


@st.composite
def paths(
    draw: st.DrawFn,
    model: Model,
    entity_set: EntitySet,
    kind: PrimitiveType | None,
    variable: str,
    *,
    sortable: bool = False,
) -> tuple[str, Sequence[Any]]:
    """A property of the type, perhaps behind one navigation property, and values that it has."""
    prefix = f"{variable}/" if variable else ""
    single = [n for n in entity_set.type.navigation if not n.collection and _has(model.metadata.target(n), kind)]
    if single and draw(st.integers(0, 3)) == 0:
        link = draw(st.sampled_from(single))
        prefix, entity_set = f"{prefix}{link.name}/", model.metadata.target(link)
    fitting = [
        p for p in entity_set.type.properties if (kind is None or p.type == kind) and (p.sortable or not sortable)
    ]
    member = draw(st.sampled_from(fitting))
    return prefix + member.name, model.samples[entity_set.name][member.name]


def _has(entity_set: EntitySet, kind: PrimitiveType | None) -> bool:
    return kind is None or any(p.type == kind for p in entity_set.type.properties)


@st.composite
def lambdas(draw: st.DrawFn, model: Model, entity_set: EntitySet, depth: int, variable: str) -> str:
    """``any``, ``all`` or a count over a collection; a comparison where the set has none."""
    several = [n for n in entity_set.type.navigation if n.collection]
    if not several or len(variable) > 1:
        return draw(_sampled(model, entity_set, variable))
    link = draw(st.sampled_from(several))
    prefix = f"{variable}/" if variable else ""
    inner = f"x{variable}"
    shape = draw(st.sampled_from(["any", "all", "empty", "count"]))
    if shape == "empty":
        return f"{prefix}{link.name}/any()"
    if shape == "count":
        return f"{prefix}{link.name}/$count {draw(st.sampled_from(['eq', 'gt', 'lt']))} {draw(st.integers(0, 4))}"
    predicate = draw(conditions(model, model.metadata.target(link), min(depth - 1, 1), inner))
    return f"{prefix}{link.name}/{shape}({inner}:{predicate})"


@st.composite
def values(draw: st.DrawFn, model: Model, entity_set: EntitySet, kind: PrimitiveType, depth: int, variable: str) -> str:
    """An expression of the type: a property, a literal, or a function of such."""
    calls = _giving(kind) if depth > 0 else ()
    has = _has(entity_set, kind)
    shape = draw(st.sampled_from(["path"] * 3 * has + ["literal"] + ["call"] * 2 * bool(calls)))
    if shape == "path":
        return draw(paths(model, entity_set, kind, variable))[0]
    if shape == "literal":
        return draw(literals(kind))
    function, signature = draw(st.sampled_from(calls))
    numbers = draw(st.sampled_from(_numbers(kind)))
    args = []
    for position, param in enumerate(signature.params):
        concrete = param if isinstance(param, PrimitiveType) else INT32 if param.name == "integer" else numbers
        divisor = function.name in ("div", "divby", "mod") and position == 1
        small = function.name == "substring" and position > 0
        if divisor:
            args.append(literal(draw(st.integers(1, 9)) * draw(st.sampled_from([1, -1])), INT32))
        elif small:
            args.append(str(draw(st.integers(-3, 5))))
        else:
            args.append(draw(values(model, entity_set, concrete, depth - 1, variable)))
    return _written(function, args)


def _numbers(kind: PrimitiveType) -> tuple[PrimitiveType, ...]:
    """What the operands of a function may be for its result to be of the type."""
    return (INT32, INT64) if kind.integral else (DECIMAL,) if kind == DECIMAL else (INT32, DECIMAL)


def _written(function: CanonicalFunction, args: Sequence[str]) -> str:
    if function.kind is Kind.FUNCTION:
        return f"{function.name}({','.join(args)})"
    if function.kind is Kind.PREFIX:
        return f"-({args[0]})"
    return f" {function.name} ".join(f"({a})" for a in args)


def _giving(kind: PrimitiveType) -> tuple[tuple[CanonicalFunction, Signature], ...]:
    """Functions with a signature whose result can be of the type."""
    found = []
    for function in FUNCTIONS.values():
        if function.name in LEFT_OUT or function.group == "comparison":
            continue
        for signature in function.signatures:
            result = signature.result
            operands = [p if isinstance(p, PrimitiveType) else _numbers(kind)[0] for p in signature.params]
            given = result if isinstance(result, PrimitiveType) else result(operands)
            if given == kind and all(p in TYPES for p in operands):
                found.append((function, signature))
    return tuple(found)


@st.composite
def orders(draw: st.DrawFn, model: Model, entity_set: EntitySet) -> str:
    """A ``$orderby`` of one to three items."""
    items = []
    for _ in range(draw(st.integers(1, 3))):
        name, _ = draw(paths(model, entity_set, None, "", sortable=True))
        items.append(name + draw(st.sampled_from(["", " desc", " asc"])))
    return ",".join(dict.fromkeys(items))


def encoded(query: str) -> str:
    """Options, one on a line, as a query string in which what has a meaning in URLs is percent-encoded."""
    return "&".join(quote(option, safe="$=,()'/:") for option in query.split("\n"))
