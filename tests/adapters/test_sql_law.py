"""The law on tables with every codec: a random query is answered as the reference evaluator answers it over the rows
that the adapter publishes. Per database, because their types differ.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edm.functions import FUNCTIONS
from edm.primitives import BOOLEAN, DATE, DOUBLE, STRING, PrimitiveType
from edm.text import literal
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from odata_server.uri.parser import parse_expression
from odata_server.uri.size import children
from odata_server.uri.syntax import CallExpr, SyntaxNode
from tests.adapters import schema
from tests.profiles import examples
from tests.properties.expressions import (
    INTERNAL,
    TYPES,
    Dice,
    Model,
    Place,
    condition,
    conditions,
    encoded,
    orders,
    values,
)

OPTIONS = ServiceOptions(scan_budget=10_000_000, deadline=600)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UNHEALTHY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

Services = Mapping[str, Service]


@pytest.fixture(scope="module")
def rows(small: SqlAdapter) -> schema.Rows:
    return schema.published(small)


@pytest.fixture(scope="module")
def services(small: SqlAdapter, rows: schema.Rows) -> Services:
    memory = MemoryAdapter(schema.METADATA, rows)
    return {
        name: Service(schema.METADATA, adapter, (b"s" * 32,), OPTIONS, clock=lambda: NOW)
        for name, adapter in (("evaluator", memory), ("sql", small))
    }


@pytest.fixture(scope="module")
def model(rows: schema.Rows) -> Model:
    """Values that occur. NaN is none of them: it has no literal that equals it."""
    samples = {
        s.name: {
            p.name: [v for v in dict.fromkeys(r[p.name] for r in rows[s.name]) if v is not None and v == v]
            for p in s.type.properties
        }
        for s in schema.METADATA.sets
    }
    return Model(schema.METADATA, samples)


def same_answer(services: Services, path: str, query: str) -> None:
    answers = {
        name: service.handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS) for name, service in services.items()
    }
    expected, found = answers["evaluator"], answers["sql"]
    assert expected.status != 500, query
    assert (found.status, found.body) == (expected.status, expected.body), f"{path}?{query}"


#: Each with a condition and four values; on two databases 2,000 in every run, 20,000 in the nightly profile.
QUERIES = settings(max_examples=max(1_000, settings().max_examples // 2), suppress_health_check=UNHEALTHY)


@QUERIES
@given(data=st.data())
def test_expressions_agree(services: Services, model: Model, data: st.DataObject) -> None:
    """As a condition, where null and false are one, and as columns, where they are not."""
    entity_set = schema.METADATA[data.draw(st.sampled_from(("Things", "Things", "Parents")))]
    kinds = data.draw(st.lists(st.sampled_from(TYPES), min_size=3, max_size=3))
    shown = [data.draw(conditions(model, entity_set, 2)), *(data.draw(values(model, entity_set, k)) for k in kinds)]
    names = [f"C{number}" for number in range(len(shown))]
    options = [
        f"$filter={data.draw(conditions(model, entity_set))}",
        f"$compute={','.join(f'{text} as {name}' for name, text in zip(names, shown, strict=True))}",
        f"$select={','.join((entity_set.type.key, *names))}",
        "$count=true",
    ]
    same_answer(services, entity_set.name, "\n".join(options))


@examples(60, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_orders_slices_and_expansions_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = schema.METADATA[data.draw(st.sampled_from(("Things", "Things", "Parents")))]
    options = [f"$orderby={data.draw(orders(model, entity_set))}", f"$top={data.draw(st.integers(0, 40))}"]
    options.append(f"$skip={data.draw(st.integers(0, 60))}")
    names = data.draw(st.lists(st.sampled_from(entity_set.type.names), unique=True, max_size=4))
    if names:
        options.append(f"$select={','.join(names)}")
    if data.draw(st.booleans()):
        link = data.draw(st.sampled_from(entity_set.type.navigation))
        nested = f"($top=3;$count=true;$orderby={data.draw(orders(model, model.metadata.target(link)))})"
        options.append(f"$expand={link.name}{nested if link.collection else ''}")
    if data.draw(st.booleans()):
        options.append(f"$filter={data.draw(conditions(model, entity_set, depth=1))}")
    same_answer(services, entity_set.name, "\n".join(options))


def test_every_function_is_drawn(model: Model) -> None:
    found: set[str] = set()
    for seed in range(1_500):
        stack: list[SyntaxNode] = [parse_expression(condition(Dice(seed), Place(model, schema.THINGS), 3))]
        while stack:
            node = stack.pop()
            stack.extend(children(node))
            found.update([node.name] if isinstance(node, CallExpr) else [])
    assert found == set(FUNCTIONS) - INTERNAL


#: Values that may not occur, at the edges of what is stored.
ODD: dict[PrimitiveType, tuple[Any, ...]] = {
    DATE: (date.min, date.max, date(1899, 12, 31), date(1939, 12, 31), date(2040, 1, 1), date(2900, 1, 1)),
    STRING: ("", " ", "0", "007", "~", "_", "a ", "\u20ac", "\uffff"),
}


def comparisons(model: Model, entity_set: str, name: str) -> Iterator[str]:
    """Every comparison of the property with null and with some of its values, and lists of them."""
    prop = model.metadata[entity_set].type.property(name)
    assert prop is not None
    samples = [*ODD.get(prop.type, ()), *model.samples[entity_set][name]]
    texts = [literal(value, prop.type) for value in samples[:: max(1, len(samples) // 12)]]
    ordered = [] if prop.type == BOOLEAN else ["gt", "ge", "lt", "le"]
    yield from (f"{name} {op} {text}" for text in texts for op in ("eq", "ne", *ordered))
    yield from (f"{name} {op} null" for op in ("eq", "ne", "gt", "le"))
    if ordered:
        listed = [text for text in texts if prop.type != DOUBLE or (text[-1].isdigit() and "e" not in text)]
        yield f"{name} in ({','.join(listed[:5])})"
        yield f"{name} in ({','.join(listed[5:])},null)"


@pytest.mark.parametrize("name", schema.THINGS.type.names)
def test_each_property_compares_with_its_values(services: Services, model: Model, name: str) -> None:
    """Not by chance: with values that occur, with null, and the negation of each."""
    for comparison in comparisons(model, "Things", name):
        for text in (comparison, f"not ({comparison})"):
            same_answer(services, "Things", f"$filter={text}\n$select=ThingKey\n$top=500")


@pytest.mark.parametrize(
    ("entity_set", "condition"),
    [
        ("Parents", "Things/all(x:not cast(x/Worded,Edm.Boolean))"),
        ("Parents", "Things/all(x:not x/Native)"),
        ("Parents", "not Things/all(x:not x/Native)"),
        ("Things", "(not cast(Worded,Edm.Boolean)) eq Native"),
        ("Things", "Native eq (not cast(Worded,Edm.Boolean))"),
        ("Things", "(not Native) ne (not Native)"),
        ("Things", "(not Native) eq Flagged"),
        ("Things", "not ((not Native) eq Flagged)"),
        ("Things", "case(not Native:not Flagged,Native:Native) eq true"),
        ("Things", "not (Ratio ge -INF)"),
        ("Things", "not (Ratio lt 1.5)"),
        *(("Things", f"{no}(Ratio {op} {sign}INF)") for no in ("", "not ") for op in ("eq", "ne", "lt", "ge")
          for sign in ("", "-")),
        ("Things", "Ratio in (INF,1.5)"),
        ("Parents", "Things/any(x:not (x/Ratio gt 1e300))"),
    ],
)  # fmt: skip
def test_negations(services: Services, entity_set: str, condition: str) -> None:
    """NOT binds less than a comparison does; and NaN is neither less nor greater than anything."""
    same_answer(services, entity_set, f"$filter={condition}\n$select={schema.METADATA[entity_set].type.key}\n$top=500")


@pytest.mark.parametrize("name", [p.name for p in schema.THINGS.type.properties if p.sortable])
def test_each_property_sorts(services: Services, name: str) -> None:
    for direction in ("", " desc"):
        same_answer(services, "Things", f"$orderby={name}{direction}\n$select=ThingKey,{name}\n$count=true")
