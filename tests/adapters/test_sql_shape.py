"""One statement for all queries of a shape: whatever constants a query has, the statement made for another of its shape
is, told the constants, the one that would have been made for it alone.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edm.errors import ODataError
from edm.expressions import Call, Const, CountOf, Expr, Lambda, walk
from edm.kept import Kept
from edm.primitives import BOOLEAN, STRING, CollectionType, PrimitiveType
from edm.query import Query
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_statement import Statements
from erp_adapters.sql_text import told
from erp_adapters.sql_values import Form, Parameter
from odata_server.normalise import normalise
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema
from tests.adapters.schema import METADATA, THINGS
from tests.properties.expressions import ODD_STRINGS, Model, conditions

NOW = datetime(2026, 11, 23, tzinfo=UTC)
UNHEALTHY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture(scope="module")
def model(small: SqlAdapter) -> Model:
    rows = schema.published(small)
    return Model(
        METADATA,
        {
            s.name: {
                p.name: [v for v in dict.fromkeys(r[p.name] for r in rows[s.name]) if v is not None and v == v]
                for p in s.type.properties
            }
            for s in METADATA.sets
        },
    )


@pytest.fixture(scope="module")
def fresh(small: SqlAdapter) -> Callable[[], Statements]:
    """What has made no statement yet, for the same database."""
    known = small.statements()
    return lambda: Statements(known.metadata, known.mappings, known.source)


def bound(text: str) -> Expr:
    return ExpressionBinder(METADATA, THINGS, NOW).condition(parse_expression(text))


def changed(expr: Expr, change: Callable[[Const], Const]) -> Expr:
    """The expression with other constants."""
    match expr:
        case Const():
            return change(expr)
        case Call(args=args):
            return replace(expr, args=tuple(changed(arg, change) for arg in args))
        case Lambda(predicate=predicate) | CountOf(predicate=predicate) if predicate is not None:
            return replace(expr, predicate=changed(predicate, change))
    return expr


def others(model: Model, seed: int) -> Callable[[Const], Const]:
    """Other values of the same types, some of them at the borders."""
    dice = random.Random(seed)
    values: dict[PrimitiveType, list[Any]] = {STRING: [*ODD_STRINGS, "a\0b", "\ud800", "\U0010ffff"]}
    for name, samples in model.samples["Things"].items():
        prop = THINGS.type.property(name)
        assert prop is not None
        values.setdefault(prop.type, []).extend(samples)

    def change(const: Const) -> Const:
        kind = const.type
        if isinstance(kind, CollectionType) and isinstance(const.value, tuple):
            known = [*values.get(kind.of, []), *const.value]
            number = dice.choice((len(const.value), dice.randint(0, 6)))
            return Const(tuple(dice.choice(known) for _ in range(number)) if known else const.value, kind)
        if not isinstance(kind, PrimitiveType) or const.value is None or dice.random() < 0.2:
            return const
        return Const(dice.choice([*values.get(kind, []), const.value]), kind)

    return change


def said(statements: Statements, query: Query, small: SqlAdapter) -> tuple[str, dict[str, Any]]:
    asked = statements.statement(query)
    compiled = asked.statement.rows.select.compile(small.engine(), compile_kwargs={"render_postcompile": True})
    return str(compiled), told(compiled, asked.values)


def pushed(statements: Statements, condition: Expr) -> Query | None:
    """A query, if its condition is one that the database answers."""
    kept = normalise(condition)
    if kept is not None and not statements.capabilities(THINGS).match(kept):
        return None
    return Query("Things", ("ThingKey", "Status"), filter=kept, skip=random.Random(1).randint(0, 5), top=7)


@settings(max_examples=max(300, settings().max_examples), suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_the_statement_of_a_shape_is_everybodys(
    fresh: Callable[[], Statements], small: SqlAdapter, model: Model, data: st.DataObject
) -> None:
    text, start = data.draw(conditions(model, THINGS)), 8 * data.draw(st.integers(0, 1_000))
    shared = fresh()
    try:
        condition = bound(text)
    except ODataError:  # some of them mean nothing
        return
    first = pushed(shared, condition)
    if first is None:
        return
    text, _ = said(shared, first, small)
    for seed in range(start, start + 8):
        second = pushed(fresh(), changed(condition, others(model, seed)))
        if second is None:
            continue
        alone = said(fresh(), second, small)
        assert said(shared, second, small) == alone
        if shared._shapes.of(first).key == shared._shapes.of(second).key:
            assert alone[0] == text


SAME: dict[str, tuple[str, str]] = {
    "text": ("Text eq 'a'", "Text eq 'b'"),
    "codes": ("Status eq 'Unheard of'", "Status eq 'Unknown'"),
    "day": ("DueDate ge 2026-01-01 and DueDate lt 2026-02-01", "DueDate ge 2025-03-04 and DueDate lt 2025-05-06"),
    "decimal": ("Price gt 1.5", "Price gt 2"),
    "key": ("ThingKey eq 'D00001~007'", "ThingKey eq 'D00002~001'"),
    "keys": ("ThingKey in ('D00001~007','D00002~001')", "ThingKey in ('D00001~007','D00002~001','D00003~001')"),
    "list": ("Text in ('a','b')", "Text in ('c','d','e','f')"),
    "contains": ("contains(Text,'a')", "contains(Text,'%_')"),
    "startswith": ("startswith(Text,'a')", "startswith(Text,'bcd')"),
    "related": ("Parent/ParentName eq 'a'", "Parent/ParentName eq 'b'"),
    "lambda": ("Followers/any(f:f/Text eq 'a')", "Followers/any(f:f/Text eq 'b')"),
    "null in a list": ("Text in ('a','b',null)", "Text in ('c',null,'d')"),
}
OTHER: dict[str, tuple[str, str]] = {
    "null": ("Text eq 'a'", "Text eq null"),
    "no key": ("ThingKey eq 'D00001~007'", "ThingKey eq 'x'"),
    "no number of that scale": ("Net eq 1", "Net eq 1.00001"),
    "one and many": ("Text in ('a','a')", "Text in ('a','b')"),
    "empty": ("contains(Text,'a')", "contains(Text,'')"),
    "boolean": ("Native eq true", "Native eq false"),
    "operator": ("Text lt 'a'", "Text le 'a'"),
    "one value in two places": ("Text eq 'a' or Remarks eq 'a'", "Text eq 'a' or Text eq 'b'"),
}


def keys(statements: Statements, pair: tuple[str, str]) -> Iterator[object]:
    for text in pair:
        yield statements._shapes.of(Query("Things", ("ThingKey",), filter=normalise(bound(text)))).key


@pytest.mark.parametrize("name", SAME)
def test_of_one_shape(fresh: Callable[[], Statements], name: str) -> None:
    statements = fresh()
    first, second = keys(statements, SAME[name])
    listed = " in (" in SAME[name][0] and not statements.source.dialect.lists(Form.TEXT)
    assert (first == second) != listed  # a list is one parameter, where the database has lists


@pytest.mark.parametrize("name", OTHER)
def test_of_different_shapes(fresh: Callable[[], Statements], name: str) -> None:
    first, second = keys(fresh(), OTHER[name])
    assert first != second


def test_a_node_that_stands_twice_is_not_two_nodes(fresh: Callable[[], Statements], small: SqlAdapter) -> None:
    """Identity of nodes tells where parameters go: two comparisons of one shape must not share theirs."""
    node, other = bound("Text eq 'a'"), bound("Text eq 'b'")
    statements = fresh()
    for pair, expected in (((node, node), ["a"]), ((node, other), ["a", "b"])):
        query = Query("Things", ("ThingKey",), filter=Call("or", pair, BOOLEAN))
        assert sorted(set(said(statements, query, small)[1].values())) == expected


def test_a_value_that_sql_looks_at_is_noticed() -> None:
    with pytest.raises(TypeError):
        bool(Parameter(0, "a"))


def test_what_is_kept_is_bounded() -> None:
    kept: Kept[int] = Kept(2)
    for number in (1, 2):
        kept.put(str(number), number)
    assert kept.get("1") == 1
    kept.put("3", 3)
    assert (kept.get("1"), kept.get("2"), kept.get("3"), len(kept)) == (1, None, 3, 2)


def test_long_statements_are_not_kept(fresh: Callable[[], Statements]) -> None:
    statements = fresh()
    terms = " or ".join(f"(Text eq 'a{number}' and Small gt {number})" for number in range(150))
    assert len([node for node in walk(bound(terms)) if isinstance(node, Const)]) == 300
    query = Query("Things", ("ThingKey",), filter=normalise(bound(terms)))
    assert statements.statement(query).statement is not statements.statement(query).statement
