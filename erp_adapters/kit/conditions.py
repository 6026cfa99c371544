"""Checks of conditions: every operator and function on every property, put together, and through related rows."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from edm.capabilities import Match
from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop, call, conjunction, conjuncts, through
from edm.model import NavigationProperty
from edm.primitives import BOOLEAN, INT64
from erp_adapters.kit.bench import Bench
from erp_adapters.kit.probes import Probe

#: Conditions on related rows per navigation property, and random ones per set, where nothing else bounds them.
_RELATED, _RANDOM = 48, 60
#: Conditions of each property and operator that are graded in any case, and those that combinations are made of.
_GRADED, _POOL = 2, 1_000
#: The variable of a related row.
_X = "x"


def conditions(bench: Bench) -> None:
    """Every operator and function on every property, with values that tell."""
    seen: Counter[tuple[str, str]] = Counter()
    for probe in bench.probes:
        seen[probe.subject, probe.operator] += 1
        if bench.spent and seen[probe.subject, probe.operator] > _GRADED:
            break  # the rounds that are left would tell nothing new
        match = bench.capabilities.match(probe.expr)
        bench.claims.graded(probe.subject, probe.operator, match)
        if match is not Match.NO and not bench.spent:
            bench.holds(probe.expr, probe.subject, probe.operator)


def combinations(bench: Bench) -> None:
    """Conditions put together by and, or, not: each kind in turn, then by chance."""
    dice = bench.dice
    pool = _pool(bench, dice)
    if len(pool) < 2:
        bench.note("the source answers no condition")
        return
    for _ in range(_RANDOM // 2):
        one, other, third = (dice.choice(pool) for _ in range(3))
        for operator, expr in (
            ("and", conjunction(one.expr, other.expr)),
            ("or", Call("or", (one.expr, other.expr), BOOLEAN)),
            ("not and", call("not", Call("and", (one.expr, other.expr), BOOLEAN))),
            ("not or", call("not", Call("or", (one.expr, other.expr), BOOLEAN))),
            ("and or", conjunction(third.expr, Call("or", (one.expr, other.expr), BOOLEAN))),
            ("or and", Call("or", (third.expr, Call("and", (one.expr, other.expr), BOOLEAN)), BOOLEAN)),
            ("not not", call("not", call("not", one.expr))),
        ):
            if expr is not None and not bench.spent:
                bench.holds(expr, f"{one.subject}, {other.subject}", operator)
    for _ in range(bench.rounds(_RANDOM)):
        if not bench.spent:
            bench.holds(by_chance(pool, dice, 3), "", "random")


def _pool(bench: Bench, dice: random.Random) -> Sequence[Probe]:
    """Conditions that the source takes."""
    found = [probe for probe in bench.probes[:_POOL] if bench.capabilities.match(probe.expr) is not Match.NO]
    return dice.sample(found, min(len(found), 400))


def by_chance(pool: Sequence[Probe], dice: random.Random, depth: int) -> Expr:
    shape = dice.choice(("and", "or", "not", "leaf")) if depth else "leaf"
    if shape == "leaf":
        return dice.choice(pool).expr
    if shape == "not":
        return call("not", by_chance(pool, dice, depth - 1))
    flat: list[Expr] = []
    for _ in range(dice.randint(2, 3)):
        part = by_chance(pool, dice, depth - 1)
        flat += part.args if isinstance(part, Call) and part.function == shape else (part,)
    return Call(shape, tuple(flat), BOOLEAN)


# --- through related rows -----------------------------------------------------------------------------------------


def related(bench: Bench) -> None:
    """Paths, any, all and counts over every navigation property."""
    for link in bench.entity_set.type.navigation:
        made = _over_several(bench, link) if link.collection else _over_one(bench, link)
        for operator, expr in made:
            match = _graded(bench, expr)
            bench.claims.graded(link.name, operator, match)
            if match is Match.NO or bench.spent:
                continue
            if not bench.reaches(link.name):
                bench.note(f"the rows behind {link.name} cannot all be known: conditions on them are not tried")
                break
            bench.holds(expr, link.name, operator)


def _graded(bench: Bench, expr: Expr) -> Match:
    """The least of its conjuncts."""
    return min(bench.capabilities.match(part) for part in conjuncts(expr))


def _over_one(bench: Bench, link: NavigationProperty) -> Iterator[tuple[str, Expr]]:
    for probe in _of_target(bench, link):
        expr = through(probe.expr, (link.name,))
        yield "path", expr
        yield "path not", call("not", expr)


def _over_several(bench: Bench, link: NavigationProperty) -> Iterator[tuple[str, Expr]]:
    path = (link.name,)
    yield "any()", Lambda("any", path, _X, None)
    yield "not any()", call("not", Lambda("any", path, _X, None))
    for operator, number in (("eq", 0), ("gt", 0), ("gt", 1), ("le", 2)):
        yield "$count", call(operator, CountOf(path, _X, None, INT64), Const(number, INT64))
    for probe in _of_target(bench, link):
        predicate = of_variable(probe.expr, _X)
        yield "any", Lambda("any", path, _X, predicate)
        yield "all", Lambda("all", path, _X, predicate)
        yield "not any", call("not", Lambda("any", path, _X, predicate))
        yield "$count filter", call("gt", CountOf(path, _X, predicate, INT64), Const(0, INT64))
    yield from _with_outer(bench, link)


def _of_target(bench: Bench, link: NavigationProperty) -> Sequence[Probe]:
    """Conditions on rows of the target that its source takes there, of different kinds."""
    target = bench.metadata.target(link)
    some = bench.known.probes(target, bench.options.seed)[:800] if target.name in bench.known.rows else ()
    by_key = [probe for probe in some if probe.subject == target.type.key]
    return [*by_key[:2], *bench.dice.sample(some, min(len(some), bench.rounds(_RELATED) // 2))]


def _with_outer(bench: Bench, link: NavigationProperty) -> Iterator[tuple[str, Expr]]:
    """Related rows compared with the row that they belong to."""
    target = bench.metadata.target(link)
    for own in bench.entity_set.type.properties:
        for other in target.type.properties:
            if own.type is other.type and own.name != other.name:
                there = Prop((other.name,), other.type, _X, other.nullable)
                here = Prop((own.name,), own.type, IT, own.nullable)
                yield "any outer", Lambda("any", (link.name,), _X, call("eq", there, here))
                return


def of_variable(expr: Expr, variable: str) -> Expr:
    """The condition on the row ``$it``, said of the row behind ``variable``."""
    match expr:
        case Prop():
            return replace(expr, variable=variable) if expr.variable == IT else expr
        case Call(function=function, args=args, type=kind):
            return Call(function, tuple(of_variable(arg, variable) for arg in args), kind)
        case Lambda() | CountOf():
            return replace(expr, variable=variable) if expr.variable == IT else expr
        case Const():
            return expr
