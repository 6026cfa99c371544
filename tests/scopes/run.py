"""Pairs of requests of two principals through one cache: each has to get what a service without a cache gives him."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.service import Service, ServiceOptions
from tests.cache.support import Clock, Shelf, cached, erp
from tests.engine.small import METADATA, NOW, SECRET
from tests.scopes.principals import Scoped, pair
from tests.scopes.requests import request

#: Pairs that share what is kept; then everybody begins anew.
TOGETHER = 100


@dataclass
class World:
    """Two processes with a cache and a store between them, and a service that keeps nothing."""

    clock: Clock = field(default_factory=lambda: Clock(NOW.timestamp()))
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        self.kept = [self._service(cached(erp(), self.clock, store=self.shelf)) for _ in range(2)]
        self.alone = self._service(erp())

    def _service(self, adapter: Any) -> Service:
        begun = self.clock.now
        return Service(
            METADATA,
            adapter,
            (SECRET,),
            ServiceOptions(),
            clock=lambda: NOW + timedelta(seconds=self.clock.now - begun),
        )


@dataclass
class Report:
    """What was asked, and what a pair got that it should not have got."""

    pairs: int = 0
    requests: int = 0
    origins: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    differ: int = 0
    leak: str = ""


def run(pairs: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> Report:
    """Asks until all are through or one has got what he should not."""
    report = Report()
    for start in range(0, pairs, TOGETHER):
        world = World()
        for number in range(start, min(start + TOGETHER, pairs)):
            report.pairs += 1
            if leak := _pair(world, Random(f"{seed} {number}"), report):
                report.leak = f"pair {number} of seed {seed}: {leak}"
                return report
        progress(report.pairs)
    return report


def _pair(world: World, dice: Random, report: Report) -> str:
    """Both ask the same, or one thing each, one after the other, some more than once; what went wrong."""
    both, first = pair(dice), request(dice)
    asked = (first, first if dice.random() < 0.7 else request(dice))
    expected = [_get(world.alone, who, *what) for who, what in zip(both, asked, strict=True)]
    report.differ += expected[0].body != expected[1].body
    for turn in (0, 1, dice.randrange(2), dice.randrange(2)):
        world.clock.now += dice.choice((0, 0, 0, 1))
        got = _get(dice.choice(world.kept), both[turn], *asked[turn])
        report.requests += 1
        report.statuses[got.status] += 1
        report.origins[(got.header("Cache-Status") or "").removeprefix("erp-odata; ")] += 1
        if (got.status, got.body) != (expected[turn].status, expected[turn].body):
            return f"{both[turn]} beside {both[1 - turn]} asked {asked[turn]} and got {got.body!r}, not {expected[turn].body!r}"
    return ""


def _get(service: Service, who: Scoped, path: str, query: str, headers: dict[str, str]) -> ODataResponse:
    return service.handle(ODataRequest("GET", path, query.replace(" ", "%20"), Headers(headers)), who)
