"""What a kept answer costs: a list view that is in the process, one that is in Redis, one that is nowhere yet, and the
same without a cache, beside a Flask route that answers as many bytes and does nothing else.

Each takes its turn in every round. All that works for an answer counts: service, Redis, database.
"""

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from benchmarks.cases import Case, cases
from benchmarks.dataset import Size
from benchmarks.load import HEADERS, Request
from benchmarks.measure import FEW, MANY, TRIVIAL, Bench, Effort, Side
from benchmarks.processes import Process, Service, served
from tests.redis_server import RedisServer

L1, REDIS, MISS, OFF = "in the process", "in Redis", "nowhere yet", "no cache"
#: How many list views take turns where they are kept: as many as a worker has asked for when it is warm.
VIEWS = 100
#: The most that a kept answer may cost, as a multiple of the trivial route.
TARGET = 1.5
#: Too few for the list views that take turns: what this process kept is gone when it is asked for again.
_HARDLY_ANY = "1000"
#: More misses than two processors answer.
_MOST_A_SECOND = 1_500


@dataclass(frozen=True, slots=True)
class Kept:
    """What was measured. ``commands`` are those that Redis got for each request."""

    bytes: int
    sides: dict[str, Side]
    commands: dict[str, list[float]] = field(default_factory=dict)

    def costs(self, name: str) -> list[float]:
        """Of each round: how many times the cost of the trivial route."""
        pairs = zip(self.sides[TRIVIAL].per_cpu_second, self.sides[name].per_cpu_second, strict=True)
        return [trivial / own for trivial, own in pairs]

    @property
    def met(self) -> bool:
        return median(self.costs(L1)) <= TARGET


@contextmanager
def keeping(
    bench: Bench, directory: Path, variables: Mapping[str, str], arguments: Sequence[str]
) -> Iterator["KeptBench"]:
    """A Redis, the service with a cache, and the same with hardly anything kept in its processes. ``variables`` and
    ``arguments`` are those of the service without one.
    """
    redis = RedisServer(directory)
    redis.start()
    given = {
        **variables,
        "ERP_ODATA_CACHE": "redis",
        "ERP_ODATA_REDIS_URL": redis.url,
        "ERP_ODATA_FRESHNESS": json.dumps({"Invoices": 86_400}).replace("{", "{{").replace("}", "}}"),
    }
    try:
        with (
            served("caching", list(arguments), given) as whole,
            served("sharing", list(arguments), given | {"ERP_ODATA_CACHE_ENTRIES": _HARDLY_ANY}) as shared,
        ):
            yield KeptBench(replace(bench, store=Process(redis.pid)), whole, shared, redis)
    finally:
        redis.kill()


def list_views(size: Size, effort: Effort) -> Case:
    """The list view of the other cases, in as many forms as may be asked for once each."""
    most = VIEWS + int(effort.rounds * effort.seconds * 2 * _MOST_A_SECOND)
    return next(case for case in cases(size, most, (), 0) if case.letter == "a")


@dataclass(frozen=True, slots=True)
class KeptBench:
    """Everything that is running for this."""

    bench: Bench
    whole: Service
    shared: Service
    redis: RedisServer

    def run(self, case: Case) -> Kept:
        """Measures the requests of a list view: the first ones again and again, the others once each."""
        bench, effort = self.bench, self.bench.effort
        views, fresh = list(case.ours[:VIEWS]), list(case.ours[VIEWS:])
        size = max(len(bench.load.ask(self.whole.port, view)) for view in views)
        services = {L1: self.whole, REDIS: self.shared, MISS: self.shared, OFF: bench.ours, TRIVIAL: bench.theirs}
        asked = dict.fromkeys((L1, REDIS, OFF), views) | {MISS: fresh, TRIVIAL: [Request(f"/trivial/{size}")]}
        for name, service in services.items():
            bench.load.prepare(name, service.port, asked[name])
        for name in (L1, REDIS, OFF, TRIVIAL):
            bench.load.run(name, MANY, effort.warm_up)
        self._check(views)
        kept = Kept(size, {name: Side() for name in services}, {name: [] for name in services})
        misses = 0
        for number in range(effort.rounds):
            turn = list(services)
            for name in turn if number % 2 == 0 else reversed(turn):
                before = self._commands()
                requests = bench.measure(kept.sides[name], name, services[name], effort.seconds, (MANY, FEW))
                kept.commands[name].append((self._commands() - before) / requests)
                misses += requests if name == MISS else 0
        if misses > len(fresh):
            raise RuntimeError(f"only {len(fresh)} list views for {misses} misses")
        return kept

    def _check(self, views: Sequence[Request]) -> None:
        """Raises unless kept answers are those of the service without a cache, byte for byte, and say that they are
        kept."""
        for view in views[:: max(1, len(views) // self.bench.effort.checked)]:
            expected = self.bench.load.ask(self.bench.ours.port, view)
            for service in (self.whole, self.shared):
                status, body = _asked(service.port, view)
                if (status, body) != ("erp-odata; hit", expected):
                    raise RuntimeError(
                        f"{service.name}: {view.target}: {status}, {body[:300]!r}, not {expected[:300]!r}"
                    )

    def _commands(self) -> int:
        with closing(self.redis.client()) as client:
            return int(client.info("stats")["total_commands_processed"])


def _asked(port: int, request: Request) -> tuple[str, bytes]:
    """Where the answer came from, and its body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", request.target, headers={**HEADERS, **dict(request.headers)})
        response = connection.getresponse()
        return response.headers.get("Cache-Status", ""), response.read()
