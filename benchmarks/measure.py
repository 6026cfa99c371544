"""Both services in turn, round after round: what an answer costs the service and the database together, how many are
answered in a second, and how long each takes.

The unit is requests per CPU-second, because it survives a noisy machine: whatever else runs takes time, but not the
processor time of the processes that are measured. Ratios are made within a round, and the median of them counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from benchmarks.cases import Case
from benchmarks.load import Load, Request, Window
from benchmarks.processes import Process, Service
from benchmarks.raw import Raw

#: Requests under way at once: one, and more than there are processors.
FEW, MANY = 1, 16
OURS, THEIRS, TRIVIAL, RAW, FIRST = "ours", "hand-written", "trivial Flask", "raw limit", "our first page"


@dataclass(frozen=True, slots=True)
class Effort:
    """How often and how long to measure, in seconds for each concurrency, and with how many forms of a question."""

    rounds: int = 7
    seconds: float = 0.8
    aside: float = 0.3
    warm_up: float = 1.0
    variants: int = 1_000
    checked: int = 5


THOROUGH = Effort()
QUICK = Effort(rounds=2, seconds=0.1, aside=0.05, warm_up=0.1, variants=30, checked=3)


@dataclass(slots=True)
class Side:
    """What was measured of one contestant, a figure for each round. Latencies in milliseconds."""

    per_cpu_second: list[float] = field(default_factory=list)
    service_share: list[float] = field(default_factory=list)
    per_second: dict[int, list[float]] = field(default_factory=dict)
    p50: dict[int, list[float]] = field(default_factory=dict)
    p99: dict[int, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured of one case."""

    letter: str
    what: str
    target: float | None
    bytes: int
    sides: dict[str, Side]

    @property
    def ratios(self) -> list[float]:
        """Of each round: how many times the hand-written service's requests per CPU-second ours makes."""
        return self.compared(OURS, THEIRS)

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def depth_cost(self) -> float | None:
        """How many times the cost of the first page this one has."""
        return median(self.compared(FIRST, OURS)) if FIRST in self.sides else None

    def compared(self, one: str, other: str) -> list[float]:
        """Of each round: how many times the other's requests per CPU-second the one makes."""
        pairs = zip(self.sides[one].per_cpu_second, self.sides[other].per_cpu_second, strict=True)
        return [first / second for first, second in pairs]


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that is running."""

    load: Load
    raw: Raw
    ours: Service
    theirs: Service
    database: Process
    effort: Effort
    #: What else works for an answer.
    store: Process | None = None

    def run(self, case: Case) -> Outcome:
        """Measures one case, after the two services have given the same answers."""
        size = self._checked(case)
        sides = {OURS: Side(), THEIRS: Side(), TRIVIAL: Side()}
        services = {OURS: self.ours, THEIRS: self.theirs, TRIVIAL: self.theirs}
        self.load.prepare(OURS, self.ours.port, list(case.ours))
        self.load.prepare(THEIRS, self.theirs.port, list(case.theirs))
        self.load.prepare(TRIVIAL, self.theirs.port, [Request(f"/trivial/{size}")])
        if case.against:
            sides[FIRST], services[FIRST] = Side(), self.ours
            self.load.prepare(FIRST, self.ours.port, list(case.against))
        if case.raw:
            sides[RAW] = Side()
            self.raw.prepare(case.raw)
            self.raw.run(self.effort.warm_up / 4)
        for name in services:
            self.load.run(name, MANY, self.effort.warm_up)
        for number in range(self.effort.rounds):
            turn = [name for name in services if name != TRIVIAL]
            for name in turn if number % 2 == 0 else reversed(turn):
                self.measure(sides[name], name, services[name], self.effort.seconds, (MANY, FEW))
            self.measure(sides[TRIVIAL], TRIVIAL, self.theirs, self.effort.aside, (MANY,))
            if case.raw:
                self._measure_raw(sides[RAW])
        return Outcome(case.letter, case.what, case.target, size, sides)

    def _checked(self, case: Case) -> int:
        """Raises unless both give the same; how many bytes ours gives."""
        step = max(1, len(case.ours) // self.effort.checked)
        size = 0
        for mine, theirs in list(zip(case.ours, case.theirs, strict=True))[::step]:
            one, other = self.load.ask(self.ours.port, mine), self.load.ask(self.theirs.port, theirs)
            if case.rows(one) != case.rows(other):
                raise RuntimeError(
                    f"({case.letter}): the services differ\n{mine.target}\n{one!r}\n{theirs.target}\n{other!r}"
                )
            size = len(one)
        return size

    def measure(self, side: Side, name: str, service: Service, seconds: float, concurrencies: Sequence[int]) -> int:
        """One round of one service; the number of requests. The cost is that of all of them, the speed that at each
        concurrency.
        """
        requests, used, own = 0, 0.0, 0.0
        for concurrency in concurrencies:
            run = partial(self.load.run, name, concurrency, seconds)
            window, service_seconds, database_seconds = self._costs(run, service.process)
            requests += window.requests
            own += service_seconds
            used += service_seconds + database_seconds
            _add(side.per_second, concurrency, window.requests / window.seconds)
            latencies = sorted(window.latencies)
            _add(side.p50, concurrency, 1e3 * latencies[len(latencies) // 2])
            _add(side.p99, concurrency, 1e3 * latencies[len(latencies) * 99 // 100])
        side.per_cpu_second.append(requests / used)
        side.service_share.append(own / used)
        return requests

    def _measure_raw(self, side: Side) -> None:
        before = self.raw.process.cpu_seconds(), self.database.cpu_seconds()
        answers = self.raw.run(self.effort.aside)
        own = self.raw.process.cpu_seconds() - before[0]
        used = own + self.database.cpu_seconds() - before[1]
        side.per_cpu_second.append(answers / used)
        side.service_share.append(own / used)

    def _costs(self, run: Callable[[], Window], process: Process) -> tuple[Window, float, float]:
        before = process.cpu_seconds(), self._beside()
        window = run()
        return window, process.cpu_seconds() - before[0], self._beside() - before[1]

    def _beside(self) -> float:
        """CPU-seconds of what the services ask."""
        return self.database.cpu_seconds() + (0.0 if self.store is None else self.store.cpu_seconds())


def _add(figures: dict[int, list[float]], concurrency: int, figure: float) -> None:
    figures.setdefault(concurrency, []).append(figure)
