"""Checks of columns and rows that the source makes: computed values, groups, ranks, concatenations."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from edm.aggregate import METHODS
from edm.errors import ODataError
from edm.expressions import Const, Expr, Prop, call
from edm.model import Property
from edm.primitives import BINARY, DECIMAL, CollectionType
from edm.query import Aggregate, ComputeItem, Concat, Grouping, OrderItem, Query, Ranking
from erp_adapters.kit.bench import Bench
from erp_adapters.kit.probes import prop_of
from erp_adapters.kit.report import shown
from erp_adapters.kit.rows import difference, near

_COMPUTE = "Decline it in capabilities.compute, or return exactly the value of the reference evaluator."
_DERIVE = "Decline such queries in capabilities.derive, or answer all of them."


def computed(bench: Bench) -> None:
    """Every function of every property as a column, where the source claims it."""
    base, _ = bench.within(None)
    for prop in bench.entity_set.type.properties:
        made: list[Expr] = [value for value in bench.maker.calls(prop) if not isinstance(value.type, CollectionType)]
        made += [probe.expr for _, probe in zip(range(3), bench.maker.comparisons(prop), strict=False)]
        for expr in made:
            if bench.spent:
                return
            if not bench.capabilities.compute(expr):
                continue
            operator = getattr(expr, "function", "")
            _computed(
                bench, base.with_(columns=(bench.key, "C"), compute=(ComputeItem("C", expr),)), prop.name, operator
            )


def _computed(bench: Bench, query: Query, subject: str, operator: str) -> None:
    try:
        wanted: dict[Any, Any] = dict(bench.known.answer(query.with_(filter=None))[0])
    except ODataError:
        return
    answer = bench.read(query)
    if answer.error is not None:
        if not isinstance(answer.error, ODataError):
            bench.refused(query, answer.error, subject, operator)
        return
    found: dict[Any, Any] = dict(answer.rows)
    for key, value in wanted.items():
        if key in found and not near(found[key], value):
            bench.fail(
                "a computed column has another value", _COMPUTE, query=query, subject=subject, operator=operator,
                expected=f"{shown(key)}: {shown(value)}", got=shown(found[key]),
            )  # fmt: skip
            return


def derived(bench: Bench) -> None:
    """Groups, ranks and concatenations that the source claims to make."""
    if bench.known.base(bench.entity_set) is not None and bench.sliced() is None:
        bench.note("a sample is not picked out exactly: rows made of it are not tried")
        return
    for operator, subject, query in _queries(bench):
        if not bench.spent and bench.capabilities.derive(query):
            _derived(bench, query, subject, operator)


def _queries(bench: Bench) -> Iterator[tuple[str, str, Query]]:
    name, key = bench.entity_set.name, bench.key
    of, _ = bench.within(None)
    for prop in bench.entity_set.type.properties:
        if prop.type is BINARY:
            continue
        both = of.with_(columns=tuple(dict.fromkeys((key, prop.name))))
        rows = Aggregate("N", "count", None, DECIMAL)
        order = (OrderItem(prop_of(prop)),)
        grouped = Grouping(both, (prop.name,), (rows,))
        yield "groupby", prop.name, Query(name, (prop.name, "N"), orderby=order, source=grouped)
        methods = tuple(_aggregates(prop))
        names = tuple(item.name for item in methods)
        yield "aggregate", prop.name, Query(name, names, source=Grouping(both, (), methods))
        many = call("gt", Prop(("N",), DECIMAL, nullable=False), Const(Decimal(1), DECIMAL))
        yield "having", prop.name, Query(name, (prop.name, "N"), filter=many, orderby=order, source=grouped)
    by_key = (OrderItem(prop_of(_key(bench))),)
    ranked = Ranking(of.with_(orderby=by_key), (), "count", Decimal(3))
    yield "top", key, Query(name, (key,), orderby=by_key, source=ranked)
    yield "concat", key, Query(name, (key,), source=Concat((of, of)))


def _aggregates(prop: Property) -> Iterator[Aggregate]:
    for method, row in METHODS.items():
        kind = row.result(prop.type) if method != "count" else None
        if kind is not None:
            yield Aggregate(f"A{method}", method, prop.name, kind)


def _key(bench: Bench) -> Property:
    found = bench.entity_set.type.property(bench.key)
    assert found is not None
    return found


def _derived(bench: Bench, query: Query, subject: str, operator: str) -> None:
    try:
        wanted = bench.known.answer(_of_sample(query))[0]
    except ODataError:
        return
    answer = bench.read(query)
    if answer.error is not None:
        bench.refused(query, answer.error, subject, operator)
        return
    found = list(answer.rows)
    differs = difference(_sorted(found, query), _sorted(wanted, query))
    if differs is not None:
        bench.fail(
            "rows made of others are not as they should be", _DERIVE, query=query, subject=subject, operator=operator,
            expected=differs[1], got=differs[0],
        )  # fmt: skip


def _of_sample(query: Query) -> Query:
    """The query without the condition that picks out the sample, which is all that the kit knows."""
    match query.source:
        case Grouping(of=of, keys=keys, aggregates=aggregates):
            return query.with_(source=Grouping(of.with_(filter=None), keys, aggregates))
        case Ranking() as ranking:
            return query.with_(source=Ranking(ranking.of.with_(filter=None), (), ranking.method, ranking.limit))
        case Concat(parts=parts):
            return query.with_(source=Concat(tuple(part.with_(filter=None) for part in parts)))
    return query


def _sorted(rows: list[Any], query: Query) -> list[Any]:
    return rows if query.orderby else sorted(rows, key=str)
