"""Two requests in turn, many times: medians, and how many times the other one each takes.

They take turns (A B A B ...) so that whatever else the machine does meets both alike. The run is cut into
rounds; each has its own ratio, and the least and the greatest of them say how far to trust the median.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, perf_counter_ns


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure, and with how many forms of a question."""

    rounds: int
    seconds_per_round: float
    warm_up: float
    variants: int
    least: int = 3

    @property
    def quick(self) -> bool:
        return self.rounds < 5


THOROUGH = Effort(rounds=9, seconds_per_round=0.5, warm_up=0.5, variants=300)
QUICK = Effort(rounds=2, seconds_per_round=0.02, warm_up=0.02, variants=3)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians in milliseconds; of the ratio first to second the median, least and greatest of all rounds."""

    first: float
    second: float
    ratio: float
    least: float
    greatest: float
    iterations: int


def compare(first: Callable[[], object], second: Callable[[], object], effort: Effort) -> Comparison:
    """Measures both in turn."""
    _repeat(lambda: (first(), second()), effort.warm_up, effort.least)
    rounds = [_round(first, second, effort) for _ in range(effort.rounds)]
    ratios = sorted(median(a) / median(b) for a, b in rounds)
    every_first, every_second = ([n for r in rounds for n in r[side]] for side in (0, 1))
    return Comparison(
        first=median(every_first) / 1e6,
        second=median(every_second) / 1e6,
        ratio=median(ratios),
        least=ratios[0],
        greatest=ratios[-1],
        iterations=len(every_first),
    )


def time_alone(call: Callable[[], object], effort: Effort) -> float:
    """The median in milliseconds of one call by itself."""
    _repeat(call, effort.warm_up, effort.least)
    return median(_repeat(call, effort.rounds * effort.seconds_per_round, effort.least)) / 1e6


def _round(first: Callable[[], object], second: Callable[[], object], effort: Effort) -> tuple[list[int], list[int]]:
    firsts: list[int] = []
    seconds: list[int] = []
    end = perf_counter() + effort.seconds_per_round
    while perf_counter() < end or len(firsts) < effort.least:
        start = perf_counter_ns()
        first()
        between = perf_counter_ns()
        second()
        firsts.append(between - start)
        seconds.append(perf_counter_ns() - between)
    return firsts, seconds


def _repeat(call: Callable[[], object], seconds: float, least: int) -> list[int]:
    taken: list[int] = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(taken) < least:
        start = perf_counter_ns()
        call()
        taken.append(perf_counter_ns() - start)
    return taken
