"""Random ``$apply`` pipelines, typed from the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from hypothesis import strategies as st

from edm.aggregate import METHODS
from edm.model import EntitySet
from edm.primitives import BOOLEAN, DATE, DECIMAL, INT64, STRING, PrimitiveType
from tests.properties.expressions import Model, conditions

_METHODS = ("sum", "min", "max", "average", "countdistinct")
#: Types that conditions on rows of any structure compare, and literals of them.
_LITERALS: dict[PrimitiveType, st.SearchStrategy[str]] = {
    STRING: st.sampled_from(("''", "'DE'", "'Open'", "'ß'", "'EUR'", "'O''Neil'")),
    DECIMAL: st.decimals(-(10**6), 10**6, allow_nan=False, places=2).map(str),
    INT64: st.integers(-3, 400).map(str),
    DATE: st.dates(date(2023, 1, 1), date(2027, 12, 31)).map(date.isoformat),
    BOOLEAN: st.sampled_from(("true", "false")),
}
_COMPARED = tuple(_LITERALS)


@dataclass(frozen=True)
class Shape:
    """What the rows have: names with their types; ``entity_set`` while they are entities of it."""

    names: tuple[tuple[str, PrimitiveType], ...]
    entity_set: EntitySet | None = None
    made: int = 0

    def of(self, *kinds: PrimitiveType) -> list[str]:
        return [name for name, kind in self.names if kind in kinds]

    @property
    def numbers(self) -> list[str]:
        return [name for name, kind in self.names if kind.numeric]


def shape_of(model: Model, entity_set: EntitySet) -> Shape:
    """All properties that can be sorted, and those of entities next to it."""
    names = [(p.name, p.type) for p in entity_set.type.properties if p.sortable]
    for link in entity_set.type.navigation:
        if not link.collection:
            target = model.metadata.target(link)
            names += [(f"{link.name}/{p.name}", p.type) for p in target.type.properties[:8] if p.sortable]
    return Shape(tuple(names), entity_set)


@st.composite
def pipelines(draw: st.DrawFn, model: Model, entity_set: EntitySet) -> tuple[str, Shape]:
    """The value of ``$apply``, and what its rows have."""
    shape = shape_of(model, entity_set)
    steps: list[str] = []
    for _ in range(draw(st.integers(0, 2))):
        text, shape = draw(keeping(model, shape))
        steps.append(text)
    text, shape = draw(st.one_of(grouping(model, shape), aggregating(model, shape), keeping(model, shape)))
    steps.append(text)
    for _ in range(draw(st.integers(0, 2))):
        text, shape = draw(st.one_of(keeping(model, shape), grouping(model, shape), concats(model, shape)))
        steps.append(text)
    return "/".join(steps), shape


def _own(shape: Shape) -> list[str]:
    """Names that every source sorts and compares: no paths once they are gone."""
    return [name for name, _ in shape.names]


@st.composite
def keeping(draw: st.DrawFn, model: Model, shape: Shape) -> tuple[str, Shape]:
    """A step that keeps the structure, or adds to it."""
    kind = draw(st.sampled_from(("filter", "filter", "compute", "orderby", "topcount", "topsum", "toppercent", "skip")))
    numbers = shape.numbers
    direction = draw(st.sampled_from(("top", "bottom")))
    if kind == "filter" or not numbers:
        return f"filter({draw(_condition(model, shape))})", shape
    number = draw(st.sampled_from(numbers))
    if kind == "compute":
        name = f"Made{shape.made}"
        dates = shape.of(DATE)
        if draw(st.booleans()) and dates:
            return f"compute(month({draw(st.sampled_from(dates))}) as {name})", _with(shape, name, INT64)
        return f"compute({number} mul 2.5 as {name})", _with(shape, name, DECIMAL)
    if kind == "topcount":
        return f"{direction}count({draw(st.integers(1, 30))},{draw(st.sampled_from(_own(shape)))})", shape
    if kind == "topsum":
        return f"{direction}sum({draw(st.integers(0, 100_000))},{number})", shape
    if kind == "toppercent":
        return f"{direction}percent({draw(st.integers(1, 100))},{number})", shape
    order = f"orderby({draw(st.sampled_from(_own(shape)))}{draw(st.sampled_from(('', ' desc')))})"
    if kind == "skip":
        return f"{order}/skip({draw(st.integers(0, 20))})/top({draw(st.integers(0, 60))})", shape
    return order, shape


@st.composite
def _condition(draw: st.DrawFn, model: Model, shape: Shape) -> str:
    if shape.entity_set is not None and draw(st.booleans()):
        return str(draw(conditions(model, shape.entity_set, depth=1)))
    typed = [(name, kind) for name, kind in shape.names if kind in _COMPARED]
    if not typed:
        return f"{shape.names[0][0]} ne null"
    name, kind = draw(st.sampled_from(typed))
    operator = draw(st.sampled_from(("eq", "ne", "gt", "le", "lt", "ge")))
    return f"{name} {operator} {draw(st.one_of(_LITERALS[kind], st.just('null')))}"


def _with(shape: Shape, name: str, kind: PrimitiveType) -> Shape:
    return replace(shape, names=(*shape.names, (name, kind)), made=shape.made + 1)


@st.composite
def aggregating(draw: st.DrawFn, model: Model, shape: Shape) -> tuple[str, Shape]:
    """``aggregate(...)`` over everything."""
    items, names = draw(_items(model, shape))
    return f"aggregate({','.join(items)})", Shape(tuple(names), None, shape.made + len(names))


@st.composite
def _items(draw: st.DrawFn, model: Model, shape: Shape) -> tuple[Sequence[str], Sequence[tuple[str, PrimitiveType]]]:
    found: list[str] = []
    names: list[tuple[str, PrimitiveType]] = []
    for index in range(draw(st.integers(1, 3))):
        alias = f"Made{shape.made + index}"
        name, kind = draw(st.sampled_from(shape.names))
        method = draw(st.sampled_from(_METHODS))
        result = METHODS[method].result(kind)
        if result is None or draw(st.integers(0, 4)) == 0:
            found.append(f"$count as {alias}")
            names.append((alias, DECIMAL))
        else:
            found.append(f"{name} with {method} as {alias}")
            names.append((alias, result))
    links = [link for link in shape.entity_set.type.navigation if link.collection] if shape.entity_set else []
    if links and shape.made == 0 and draw(st.booleans()):
        link = draw(st.sampled_from(links))
        target = model.metadata.target(link)
        numeric = [p.name for p in target.type.properties if p.type.numeric]
        if numeric:
            found.append(f"{link.name}/{draw(st.sampled_from(numeric))} with sum as Related")
            names.append(("Related", DECIMAL))
        found.append(f"{link.name}/$count as Number")
        names.append(("Number", DECIMAL))
    return found, names


@st.composite
def grouping(draw: st.DrawFn, model: Model, shape: Shape) -> tuple[str, Shape]:
    """``groupby`` with or without ``rollup``, with what may stand in it."""
    chosen = draw(st.lists(st.sampled_from(shape.names), min_size=1, max_size=3, unique_by=lambda pair: pair[0]))
    keys = ",".join(name for name, _ in chosen)
    if len(chosen) > 1 and draw(st.integers(0, 3)) == 0:
        keys = f"rollup({draw(st.sampled_from(('', '$all,')))}{keys})"
    kind = draw(st.sampled_from(("", "aggregate", "aggregate", "aggregate", "topcount", "both")))
    if kind == "":
        return f"groupby(({keys}))", Shape(tuple(chosen), None, shape.made)
    top = f"{draw(st.sampled_from(('top', 'bottom')))}count({draw(st.integers(1, 3))},{draw(st.sampled_from(_own(shape)))})"
    if kind == "topcount" and keys[0] != "r":
        return f"groupby(({keys}),{top})", shape
    items, names = draw(_items(model, shape if kind == "aggregate" else replace(shape, entity_set=None)))
    inner = f"aggregate({','.join(items)})"
    made = Shape((*chosen, *names), None, shape.made + len(names))
    return f"groupby(({keys}),{top + '/' if kind != 'aggregate' else ''}{inner})", made


@st.composite
def concats(draw: st.DrawFn, model: Model, shape: Shape) -> tuple[str, Shape]:
    """Parts of one or of different structures."""
    inner, made = draw(aggregating(model, replace(shape, entity_set=None)))
    more = draw(st.sampled_from(("identity", f"topcount(2,{shape.names[0][0]})")))
    return f"concat({more},{inner})", replace(shape, names=(*shape.names, *made.names), entity_set=None, made=made.made)
