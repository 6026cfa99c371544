"""Checks of order and of what depends on it: slices, counts, pages by key, related rows in batches."""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

from edm.capabilities import Match
from edm.errors import ODataError
from edm.evaluate import sort_rows
from edm.expressions import IT, NULL_CONST, Call, Const, CountOf, Expr, Prop, call, conjunction, disjunction, through
from edm.model import NavigationProperty, Property
from edm.primitives import BINARY, INT64
from edm.query import OrderItem, Query
from erp_adapters.kit.bench import Bench
from erp_adapters.kit.diagnosis import one_of
from erp_adapters.kit.known import as_mappings
from erp_adapters.kit.probes import Maker, prop_of
from erp_adapters.kit.report import shown, shown_rows
from erp_adapters.kit.watch import accepted

_SORT = "Decline it in capabilities.sort, or sort as OData does: nulls first ascending, texts by code point."
#: Conditions under which slices are tried.
_CONDITIONS = 3


def orders(bench: Bench) -> None:
    """Every order that the source claims, up and down, with the key behind it."""
    key = OrderItem(prop_of(_property(bench, bench.key)))
    for subject, expr in _sortable(bench):
        sorts = bench.capabilities.sort(expr)
        bench.claims.sorts[subject] = bench.claims.sorts.get(subject, True) and sorts
        if not sorts or not bench.capabilities.sort(key.expr):
            continue
        if isinstance(expr, Prop | CountOf) and subject != expr.path[-1] and not bench.reaches(expr.path[0]):
            continue
        for descending in (False, True):
            if not bench.spent:
                _ordered(bench, (OrderItem(expr, descending), key), subject)
    _several(bench, key)


def _sortable(bench: Bench) -> Iterator[tuple[str, Expr]]:
    """Properties, what functions make of them, properties of related rows, and numbers of such rows."""
    kind = bench.entity_set.type
    for prop in kind.properties:
        if prop.sortable and prop.type is not BINARY:
            yield prop.name, prop_of(prop)
    for prop in kind.properties:
        if prop.sortable and prop.type is not BINARY:
            for made in islice(_values(bench.maker, prop), 6):
                yield f"{made.function}({prop.name})", made
    for link in kind.navigation:
        if link.collection:
            yield f"{link.name}/$count", CountOf((link.name,), "x", None, INT64)
        else:
            for prop in bench.metadata.target(link).type.properties[:4]:
                if prop.sortable and prop.type is not BINARY:
                    yield f"{link.name}/{prop.name}", through(prop_of(prop), (link.name,))


def _values(maker: Maker, prop: Property) -> Iterator[Call]:
    """One call of each function that has the property as an operand."""
    found: dict[str, Call] = {}
    for made in maker.calls(prop):
        found.setdefault(made.function, made)
    yield from found.values()


def _several(bench: Bench, key: OrderItem) -> None:
    names = [p for p in bench.entity_set.type.properties if p.sortable and p.type is not BINARY]
    claimed = [prop_of(p) for p in names if bench.capabilities.sort(prop_of(p))]
    if len(claimed) < 2 or not bench.capabilities.sort(key.expr):
        return
    dice = bench.dice
    for _ in range(8):
        if not bench.spent:
            items = [OrderItem(expr, dice.random() < 0.5) for expr in dice.sample(claimed, min(3, len(claimed)))]
            _ordered(
                bench, (*items, key), ", ".join(item.expr.path[-1] for item in items if isinstance(item.expr, Prop))
            )


def _ordered(bench: Bench, orderby: tuple[OrderItem, ...], subject: str) -> None:
    base = bench.sliced()
    if base is None:
        _ordered_by_itself(bench, orderby, subject)
        return
    query = base.with_(orderby=orderby)
    try:
        wanted = _keys(bench.known.answer(query.with_(filter=None))[0])
    except ODataError:
        return
    answer = bench.read(query)
    if answer.error is not None:
        bench.refused(query, answer.error, subject, "order")
        return
    found = _keys(answer.rows)
    if found != wanted and not answer.cut:
        place = next(
            (n for n, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]),
            min(len(found), len(wanted)),
        )
        values = _value_texts(bench, orderby[0].expr, (wanted[place : place + 1], found[place : place + 1]))
        bench.fail(
            _order_fault(bench, orderby[0], found, wanted), _SORT, query=query, subject=subject, operator="order",
            expected=f"{values[0]} at place {place + 1}", got=values[1],
        )  # fmt: skip


def _ordered_by_itself(bench: Bench, orderby: tuple[OrderItem, ...], subject: str) -> None:
    """Where the sample cannot be picked out: whether the first rows stand in the order that their own values have."""
    names = [item.expr.name for item in orderby if isinstance(item.expr, Prop) and len(item.expr.path) == 1]
    if len(names) < len(orderby) or not bench.capabilities.top:
        bench.note("some orders cannot be tried: the source does not pick the sample out exactly")
        return
    columns = tuple(dict.fromkeys((bench.key, *names)))
    query = Query(bench.entity_set.name, columns, orderby=orderby, top=bench.options.rows)
    answer = bench.read(query)
    if answer.error is not None:
        bench.refused(query, answer.error, subject, "order")
        return
    found = [{IT: row} for row in as_mappings(columns, answer.rows)]
    wanted = sort_rows(found, orderby, bench.metadata, {IT: bench.entity_set})
    wrong = next((pair for pair in zip(found, wanted, strict=True) if pair[0] is not pair[1]), None)
    if wrong is not None:
        bench.fail(
            "rows come in another order than their values have", _SORT, query=query, subject=subject, operator="order",
            expected=shown(wrong[1][IT]), got=shown(wrong[0][IT]),
        )  # fmt: skip


def _value_texts(bench: Bench, expr: Expr, keys: Sequence[Sequence[Any]]) -> list[str]:
    by_key = {row[bench.key]: row for row in bench.rows}
    texts = []
    for some in keys:
        row = by_key.get(some[0]) if some else None
        value = (
            f" ({expr.name}={shown(row[expr.name], 40)})"
            if row is not None and isinstance(expr, Prop) and len(expr.path) == 1
            else ""
        )
        texts.append(f"{shown(some[0], 40)}{value}" if some else "no row")
    return texts


def _order_fault(bench: Bench, item: OrderItem, found: Sequence[Any], wanted: Sequence[Any]) -> str:
    """Nulls that stand elsewhere, ties in another order, texts of another collation."""
    if sorted(map(str, found)) != sorted(map(str, wanted)):
        return "an order changes which rows come"
    expr = item.expr
    if not isinstance(expr, Prop) or len(expr.path) > 1:
        return "rows come in another order"
    by_key = {row[bench.key]: row[expr.name] for row in bench.rows}
    ours, theirs = [by_key[key] for key in wanted], [by_key[key] for key in found]
    if ours == theirs:
        return "ties do not come in the order of the items behind"
    if [v for v in ours if v is not None] == [v for v in theirs if v is not None]:
        return "nulls do not come first ascending and last descending"
    if any(isinstance(value, str) for value in ours):
        return "texts do not come in the order of their code points"
    return "rows come in another order"


# --- slices -------------------------------------------------------------------------------------------------------


def slices(bench: Bench) -> None:
    """Skip, top and count, alone and together, with and without conditions."""
    claimed = [name for name in ("skip", "top", "count") if getattr(bench.capabilities, name)]
    bench.claims.slices = tuple(claimed)
    if not claimed:
        bench.note("the source declares neither skip nor top nor count")
        return
    order = OrderItem(prop_of(_property(bench, bench.key)))
    orderby = (order,) if bench.capabilities.sort(order.expr) else ()
    for condition in _bounds(bench):
        base = bench.sliced(condition)
        if base is None:
            if condition is None and orderby and bench.capabilities.top:
                _sliced_by_itself(bench, Query(bench.entity_set.name, (bench.key,), orderby=orderby))
            bench.note("some slices cannot be tried: the source does not pick the sample out exactly")
            continue
        for descending in (False, True) if orderby else (False,):
            asked = base.with_(orderby=tuple(OrderItem(i.expr, descending) for i in orderby))
            for query in _sliced(bench, asked, condition):
                if not bench.spent:
                    _slice(bench, query, condition)


def _sliced_by_itself(bench: Bench, query: Query) -> None:
    """Where the sample cannot be picked out: whether slices are parts of a longer one."""
    number = max(1, min(bench.options.rows or 1, len(bench.rows)) // 2)
    whole = _keys(bench.read(query.with_(top=2 * number)).rows)
    for skip, top in ((0, 0), (0, 1), (0, number), (number, number), (1, 1)):
        if skip and not bench.capabilities.skip:
            continue
        part = query.with_(skip=skip, top=top)
        answer = bench.read(part)
        name = "skip" if skip else "top"
        if answer.error is not None:
            bench.refused(part, answer.error, "", name)
        elif (found := _keys(answer.rows)) != whole[skip : skip + top]:
            bench.fail(
                f"{name} gives other rows", f"Honour {name} exactly, or do not declare it.", query=part, operator=name,
                expected=shown_rows(whole[skip : skip + top]), got=shown_rows(found),
            )  # fmt: skip


def _bounds(bench: Bench) -> list[Expr | None]:
    """No condition, one that is exact, and one that no row meets."""
    found: list[Expr | None] = [None]
    for probe in bench.probes:
        if len(found) > _CONDITIONS:
            break
        if bench.capabilities.match(probe.expr) is Match.EXACT:
            number = bench.known.answer(Query(bench.entity_set.name, (bench.key,), filter=probe.expr))[1]
            if number == 0 if len(found) == _CONDITIONS else number > 1:
                found.append(probe.expr)
    return found


def _sliced(bench: Bench, query: Query, condition: Expr | None) -> Iterator[Query]:
    number = bench.known.answer(query.with_(filter=condition, orderby=()))[1]
    some = (0, 1, number // 2, max(0, number - 1), number, number + 5)
    skips = some if bench.capabilities.skip and query.orderby else (0,)
    tops: tuple[int | None, ...] = (None, *some) if bench.capabilities.top else (None,)
    counts = (False, True) if bench.capabilities.count else (False,)
    for skip, top, count in dict.fromkeys(product(skips, tops, counts)):
        if skip or top is not None or count:
            yield query.with_(skip=skip, top=top, count=count)


def _slice(bench: Bench, query: Query, condition: Expr | None) -> None:
    wanted, number = bench.known.answer(query.with_(filter=condition))
    answer = bench.read(query)
    name = "top" if query.top is not None and not query.skip else "skip" if query.skip else "count"
    if answer.error is not None:
        bench.refused(query, answer.error, "", name)
        return
    found, keys = _keys(answer.rows), _keys(wanted)
    if answer.cut:
        return
    if (found != keys) if query.orderby else (len(found) != len(keys)):
        bench.fail(
            f"{name} gives other rows", f"Honour {name} exactly, or do not declare it.", query=query, operator=name,
            expected=shown_rows(keys), got=shown_rows(found),
        )  # fmt: skip
    if query.count and answer.count != number:
        why = "the first page has no count" if answer.count is None else "the count is not that of all rows asked for"
        bench.fail(
            why, "Set Page.count on the first page: the rows before skip and top; or do not declare count.",
            query=query, operator="count", expected=str(number), got=str(answer.count),
        )  # fmt: skip


# --- paging by key, and batches -----------------------------------------------------------------------------------


def seek(bench: Bench) -> None:
    """Pages that continue after the last row of the one before are the rows, each once: by the key, and by properties
    that may be null or alike."""
    key = OrderItem(prop_of(_property(bench, bench.key)))
    props = [p for p in bench.entity_set.type.properties if p.sortable and p.type is not BINARY and p.name != bench.key]
    leading = [OrderItem(prop_of(p), d) for p in bench.dice.sample(props, min(3, len(props))) for d in (False, True)]
    for orderby in [(key,), (OrderItem(key.expr, True),), *((item, key) for item in leading)]:
        if not bench.spent:
            _walk(bench, orderby)


def _walk(bench: Bench, orderby: tuple[OrderItem, ...]) -> None:
    size, capabilities = max(3, len(bench.rows) // 5), bench.capabilities
    if not capabilities.top or not all(capabilities.sort(item.expr) for item in orderby):
        return
    names = tuple(dict.fromkeys(i.expr.name for i in orderby if isinstance(i.expr, Prop)))
    found: list[Any] = []
    condition: Expr | None = None
    query: Query | None = None
    for _ in range(len(bench.rows) // size + 2):
        query = bench.sliced(condition)
        if query is None:
            return
        query = query.with_(columns=tuple(dict.fromkeys((bench.key, *names))), orderby=orderby, top=size)
        answer = bench.read(query)
        if answer.error is not None:
            bench.refused(query, answer.error, names[0], "seek")
            return
        if not answer.rows:
            break
        found += _keys(answer.rows)
        last = dict(zip(query.columns, answer.rows[-1], strict=True))
        condition = after(orderby, [last[i.expr.name] for i in orderby if isinstance(i.expr, Prop)])
    wanted = _keys(bench.known.answer(Query(bench.entity_set.name, (bench.key,), orderby=orderby))[0])
    if found != wanted and query is not None:
        bench.fail(
            "pages by key repeat rows or leave some out", _SORT, query=query, subject=names[0], operator="seek",
            expected=shown_rows(wanted), got=f"{len(found)} rows, {len(set(found))} different",
        )  # fmt: skip


def after(orderby: Sequence[OrderItem], values: Sequence[Any]) -> Expr:
    """The condition that a row comes after the one with these values; the last item is the key."""
    condition: Expr | None = None
    for item, value in zip(reversed(orderby), reversed(values), strict=True):
        expr = item.expr
        assert isinstance(expr, Prop)
        here = NULL_CONST if value is None else Const(value, expr.type)
        beyond: Expr | None = None
        if value is None:
            beyond = None if item.descending else call("ne", expr, NULL_CONST)
        elif item.descending:
            null = call("eq", expr, NULL_CONST) if expr.nullable else None
            beyond = disjunction(call("lt", expr, here), null)
        else:
            beyond = call("gt", expr, here)
        same = conjunction(call("eq", expr, here), condition) if condition is not None else None
        condition = disjunction(beyond, same)
    assert condition is not None
    return condition


def batches(bench: Bench) -> None:
    """Related rows of 1, 2 and 500 rows at once, as expansions ask for them."""
    for link in bench.entity_set.type.navigation:
        other = bench.metadata.target(link)
        if other.name in bench.known.rows and len(link.on) == 1:
            _batch(bench, link)


def _batch(bench: Bench, link: NavigationProperty) -> None:
    """Asks this set for its rows by the property that leads to it from the other end."""
    own = _property(bench, link.on[0][0])
    target = bench.metadata.target(link)
    there = [row[link.on[0][1]] for row in bench.known.rows[target.name]]
    values = list(
        dict.fromkeys(value for value in (*there, *(row[own.name] for row in bench.rows)) if value is not None)
    )
    if not values:
        return
    bench.dice.shuffle(values)
    for number in (1, 2, 500):
        condition = one_of(prop_of(own), values[:number])
        if not accepted(condition, bench.capabilities)[0]:
            bench.note(f"lists of {own.name} are not taken: related rows are found by reading the whole set")
            return
        if not bench.spent:
            bench.holds(condition, own.name, f"in {min(number, len(values))} values")


def _property(bench: Bench, name: str) -> Property:
    found = bench.entity_set.type.property(name)
    assert found is not None
    return found


def _keys(rows: Sequence[Any]) -> list[Any]:
    return [row[0] for row in rows]
