"""Runs the checks, set by set."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from edm.evaluate import RowMapping
from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.kit import conditions, engine, faults, made, orders, rows
from erp_adapters.kit.bench import Bench, raised
from erp_adapters.kit.known import Known
from erp_adapters.kit.report import Claims, Failure, Options, Outcome, summed
from erp_adapters.kit.watch import Watched


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at in every set."""

    id: str
    run: Callable[[Bench], None]

    @property
    def doc(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


#: In the order in which they run: what the others build on first.
CHECKS = (
    Check("rows", rows.rows),
    Check("columns", rows.columns),
    Check("lazy", rows.lazy),
    Check("conditions", conditions.conditions),
    Check("combinations", conditions.combinations),
    Check("related", conditions.related),
    Check("orders", orders.orders),
    Check("slices", orders.slices),
    Check("seek", orders.seek),
    Check("batches", orders.batches),
    Check("computed", made.computed),
    Check("derived", made.derived),
    Check("odd", faults.odd),
    Check("deadline", faults.deadline),
    Check("together", faults.together),
    Check("offers", faults.offers),
    Check("engine", engine.engine),
)


def examine(
    adapter: Adapter,
    metadata: ServiceMetadata,
    given: Mapping[str, Sequence[RowMapping]] | None = None,
    options: Options = Options(),  # noqa: B008 - a frozen value
) -> Iterator[Outcome]:
    """What each check finds in each set, as it is found. ``given`` are all rows of every set; without them the adapter
    is believed about its rows and asked for them."""
    watched, known = Watched(adapter, metadata), Known(metadata)
    end = math.inf if options.seconds is None else monotonic() + options.seconds
    sets = [s for s in metadata.sets if not options.sets or s.name in options.sets]
    around = {link.target for entity_set in sets for link in entity_set.type.navigation}
    benches: list[Bench] = []
    for entity_set in metadata.sets:
        if given is None and entity_set not in sets and entity_set.name not in around:
            continue
        bench = Bench(watched, metadata, known, options, entity_set, "rows", given=given is not None, end=end)
        problem = _learnt(bench, given)
        if entity_set in sets and problem is not None:
            yield Outcome("rows", entity_set.name, 1, (problem,))
        elif entity_set in sets:
            benches.append(bench)
    for number, bench in enumerate(benches):
        now = monotonic()
        bench.end = now + (end - now) / (len(benches) - number)  # each set has its share of what is left
        yield from _examined(bench)


def _learnt(bench: Bench, given: Mapping[str, Sequence[RowMapping]] | None) -> Failure | None:
    """What keeps the rows of a set from being known."""
    if given is not None:
        bench.known.learn(bench.entity_set, given[bench.entity_set.name], whole=True)
        return None
    try:
        if bench.learn():
            return None
        rows.rows(_unlearnt(bench))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
        bench.refused(f"{bench.entity_set.name}?", error, "")
    return next(iter(bench.failures), None) or bench.failure(
        "", "", bench.entity_set.name, "rows", "none that fit", "the rows cannot be read", "Look at its log."
    )


def _unlearnt(bench: Bench) -> Bench:
    """With no rows, so that what is wrong with those that came is told."""
    bench.known.learn(bench.entity_set, (), whole=False)
    return bench


def _examined(first: Bench) -> Iterator[Outcome]:
    """Every check of one set."""
    options = first.options
    for check in CHECKS:
        if options.checks and check.id not in options.checks:
            continue
        bench = replace(first, check=check.id, claims=Claims(), tried=0, failures=[], notes={})
        if monotonic() > bench.end:
            yield Outcome(check.id, bench.entity_set.name, 0, notes=("no time was left",))
            continue
        try:
            check.run(bench)
        except Exception as error:  # noqa: BLE001 - an adapter may raise wherever it is asked
            bench.fail(
                "the adapter raises where nothing may be raised", "Look at the traceback of this exception.",
                got=raised(error),
            )  # fmt: skip
        yield Outcome(
            check.id,
            bench.entity_set.name,
            bench.tried,
            tuple(summed(bench.failures)),
            tuple(bench.notes),
            bench.claims,
        )


def failures(outcomes: Sequence[Outcome]) -> list[Failure]:
    """All of them."""
    return [failure for outcome in outcomes for failure in outcome.failures]
