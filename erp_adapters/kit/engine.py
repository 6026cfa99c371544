"""The check with a real engine around the adapter: whole answers are right, and nothing undeclared arrives."""

import random
from collections.abc import Sequence
from typing import Any

from edm.errors import ODataError
from edm.expressions import Expr, conjunction
from edm.primitives import BINARY
from edm.query import ComputeItem, OrderItem, Query
from erp_adapters.base import SourceError
from erp_adapters.kit.bench import Bench
from erp_adapters.kit.conditions import by_chance
from erp_adapters.kit.probes import Probe, prop_of
from erp_adapters.kit.report import shown
from erp_adapters.kit.rows import difference

#: Queries per set where nothing else bounds them.
_QUERIES = 60


def engine(bench: Bench) -> None:
    """Random queries through the engine: what it finishes is right, and the source is asked what it declared alone."""
    if bench.options.engine is None:
        bench.note("no engine was given: erp-odata kit brings its own")
        return
    run = bench.options.engine(bench.adapter, bench.metadata)
    dice, pool = bench.dice, bench.probes[:1_500]
    for _ in range(bench.rounds(_QUERIES)):
        if bench.spent:
            break
        query = _query(bench, pool, dice)
        try:
            wanted, number = bench.known.answer(query)
        except ODataError:
            continue
        bench.tried += 1
        asked = query.with_(filter=conjunction(bench.known.base(bench.entity_set), query.filter))
        bench.adapter.undeclared.clear()
        try:
            rows, count = run(asked, bench.session())
        except SourceError as error:
            bench.refused(asked, error, "", "engine")
            continue
        except ODataError:
            continue  # its budget: nothing to compare
        differs = difference(rows, wanted)
        if differs is not None or (query.count and count != number):
            got, expected = differs or (f"count {count}", f"count {number}")
            fix = "Look at the failures of the other checks: one of the claims does not hold."
            bench.fail("a whole answer is wrong", fix, query=asked, operator="engine", expected=expected, got=got)
        for text, what in bench.adapter.undeclared[:1]:
            bench.fail(
                "the engine asks for what is not declared", "Tell the authors of the engine.", query=text,
                operator="engine", got=shown(what),
            )  # fmt: skip


def _query(bench: Bench, pool: Sequence[Probe], dice: random.Random) -> Query:
    kind = bench.entity_set.type
    names = [p for p in kind.properties if p.sortable and p.type is not BINARY]
    key = next(p for p in kind.properties if p.name == kind.key)
    items = [
        OrderItem(prop_of(p), dice.random() < 0.5) for p in dice.sample(names, min(len(names), dice.randint(0, 2)))
    ]
    condition: Expr | None = by_chance(pool, dice, 2) if pool and dice.random() < 0.8 else None
    compute: tuple[ComputeItem, ...] = ()
    columns = tuple(dict.fromkeys((kind.key, *dice.sample(kind.names, min(len(kind.names), 3)))))
    if pool and dice.random() < 0.3:
        compute = (ComputeItem("C", dice.choice(pool).expr),)
        columns = (*columns, "C")
    top: Any = dice.choice((None, 0, 1, 5, 50))
    return Query(
        bench.entity_set.name, columns, condition, (*items, OrderItem(prop_of(key))),
        skip=dice.choice((0, 0, 1, 7)), top=top, count=dice.random() < 0.3, compute=compute,
    )  # fmt: skip
