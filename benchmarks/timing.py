"""How long one call takes by itself, in this process."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, perf_counter_ns


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure a call, and how long to call it before."""

    seconds: float = 1.0
    warm_up: float = 0.3
    least: int = 3


def time_alone(call: Callable[[], object], effort: Effort) -> float:
    """The median in microseconds."""
    _repeat(call, effort.warm_up, effort.least)
    return median(_repeat(call, effort.seconds, effort.least)) / 1e3


def _repeat(call: Callable[[], object], seconds: float, least: int) -> list[int]:
    taken: list[int] = []
    end = perf_counter() + seconds
    while perf_counter() < end or len(taken) < least:
        start = perf_counter_ns()
        call()
        taken.append(perf_counter_ns() - start)
    return taken
