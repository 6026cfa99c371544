"""``python -m benchmarks.outage``: an ERP that is away for a minute, at 50 requests a second of what people have open.

Two machines with two workers each, one Redis, and PostgreSQL behind a proxy that swallows everything, then refuses,
then is slow. What must hold is judged: no errors, how long answers take, how soon the ERP's own answers are back, and
that it is not overrun then.
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import click
from sqlalchemy import make_url

from benchmarks.processes import served
from benchmarks.steady import Due, Outcome, sending
from tests import servers
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.redis_server import RedisServer

#: What the ERP does, in turn, for equal parts of the outage.
PHASES: Mapping[str, Mapping[str, object]] = {
    "swallows everything": {"accept": True},
    "refuses": {"refuse": True},
    "slow": {"delay": 5.0},
}
#: The default of the service: seconds until another request may find out whether the ERP is back.
PROBE = 5.0
#: Processes in all, and connections of each.
PROCESSES, POOL = 4, 8
#: Seconds that count as part of an interval beyond its end: requests come every 20 ms, and take some time.
SLACK = 1.0

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- outage: written by the run -->", "<!-- end of outage -->"

_STATUSES = ("Open", "Paid", "PartiallyPaid")
_INVOICE = "InvoiceNumber,Status,InvoiceDate,DueDate,GrossAmount,Currency,CustomerNumber"
_RELATED = "$filter=CustomerNumber eq 'C-{}'&$top=6&$count=true&$select={}"


def _lists() -> Iterator[str]:
    for order in ("DueDate desc", "InvoiceDate desc", "GrossAmount desc"):
        for status in _STATUSES:
            yield f"Invoices?$filter=Status eq '{status}'&$orderby={order}&$top=26&$select={_INVOICE}"
    for country in ("DE", "FR", "US", "GB"):
        yield f"Customers?$filter=Country eq '{country}'&$orderby=CustomerName&$top=26&$count=true"
    for status in ("Confirmed", "InDelivery", "OnHold"):
        yield f"SalesOrders?$filter=Status eq '{status}'&$orderby=OrderDate desc&$top=26"
    yield "Items?$orderby=ItemName&$top=26"


def _details() -> Iterator[str]:
    for number in range(1, 31):
        yield f"Customers('C-{100_000 + 7 * number}')"
        yield f"Invoices('INV-{100_000 + 11 * number}')?$select={_INVOICE}"
    for number in range(1, 11):
        yield f"Invoices('INV-{100_000 + 13 * number}')?$select={_INVOICE}&$expand=Lines"


def _related() -> Iterator[str]:
    for number in range(1, 31):
        customer = 100_000 + 7 * number
        yield "Invoices?" + _RELATED.format(customer, _INVOICE)
        yield "SalesOrders?" + _RELATED.format(customer, "SalesOrderNumber,Status,OrderDate")
        yield f"Customers('C-{customer}')/Payments?$top=6"


def _counts() -> Iterator[str]:
    for status in _STATUSES:
        yield f"Invoices/$count?$filter=Status eq '{status}'"
    yield from ("Customers/$count", "SalesOrders/$count", "Invoices?$apply=groupby((Status),aggregate($count as N))")


#: What is asked, by kind, and its part of the traffic.
TRAFFIC: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "list view": (0.4, tuple(_lists())),
    "detail": (0.3, tuple(_details())),
    "related list": (0.2, tuple(_related())),
    "count": (0.1, tuple(_counts())),
}
QUESTIONS = tuple(target for _, targets in TRAFFIC.values() for target in targets)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Times in seconds. ``rate`` requests a second of what is warm, ``cold`` of what nobody has asked before. Answers
    are ``fresh`` for less than the outage, so that all of them grow too old in it.
    """

    fresh: int = 10
    outage: float = 60.0
    before: float = 12.0
    after: float = 15.0
    rate: float = 50.0
    cold: float = 2.0

    @property
    def opened(self) -> float:
        """Until when every process has found out that the ERP is away."""
        return self.before + min(10.0, 2.0 + self.outage / len(PHASES))

    @property
    def whole(self) -> float:
        return self.before + self.outage + self.after

    def due(self, ports: Sequence[int], seed: int = 1) -> Iterator[Due]:
        """Both machines in turn, kinds as the traffic has them."""
        dice = random.Random(seed)
        kinds, weights = list(TRAFFIC), [weight for weight, _ in TRAFFIC.values()]
        for number in range(int(self.whole * self.rate)):
            (kind,) = dice.choices(kinds, weights)
            yield _due(number / self.rate, kind, ports[number % len(ports)], dice.choice(TRAFFIC[kind][1]))
        for number in range(int(self.whole * self.cold)):
            target = f"Payments?$top=5&$skip={number}"
            yield _due((number + 0.5) / self.cold, "never asked", ports[number % len(ports)], target)


def _due(after: float, kind: str, port: int, target: str) -> Due:
    return Due(after, kind, port, "/odata/v4/" + quote(target, safe="/?$&=(),':"))


@dataclass(slots=True)
class Statements:
    """What PostgreSQL is asked to execute, as the proxy hears it: when, in seconds of ``time.monotonic``."""

    times: list[float] = field(default_factory=list)
    _rest: dict[int, bytes] = field(default_factory=dict)

    def __call__(self, connection: int, data: bytes) -> None:
        data = self._rest.get(connection, b"\0") + data  # what a connection begins with has no letter: a zero for it
        while len(data) >= 5 and len(data) > (length := int.from_bytes(data[1:5], "big")):
            if data[:1] in b"EQ":
                self.times.append(time.monotonic())
            data = data[1 + length :]
        self._rest[connection] = data

    def between(self, begin: float, end: float) -> list[float]:
        return [moment for moment in self.times if begin <= moment < end]


@dataclass(frozen=True, slots=True)
class Stage:
    """The services and what they depend on."""

    ports: tuple[int, ...]
    proxy: FaultProxy
    statements: Statements


@contextmanager
def stage(scenario: Scenario) -> Iterator[Stage]:
    """Everything, started for one run."""
    directory = Path(tempfile.mkdtemp(prefix="erp-odata-outage-"))
    try:
        with ExitStack() as stack:
            stack.callback(servers.stop_postgres, directory)
            url = make_url(servers.demo_postgres(directory, servers.postgres(directory)))
            yield stack.enter_context(staged(url.render_as_string(hide_password=False), directory, scenario))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def staged(database: str, directory: Path, scenario: Scenario) -> Iterator[Stage]:
    """The services, a Redis and the proxy, before the demo ERP at that URL."""
    url = make_url(database)
    redis, statements = RedisServer(directory), Statements()
    with ExitStack() as stack:
        redis.start()
        stack.callback(redis.kill)
        proxy = stack.enter_context(fault_proxy(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}"))
        proxy.heard = statements
        through = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable", "gssencmode": "disable"})
        freshness = dict.fromkeys(_sets(), scenario.fresh)
        variables = {
            "DATABASE_URL": through.render_as_string(hide_password=False), "REDIS_URL": redis.url,
            "SECRET_KEY": "benchmarks only: 0123456789 abcdefghijklmnopqrstuvwxyz", "ERP_ODATA_ANONYMOUS": "true",
            "ERP_ODATA_FRESHNESS": json.dumps(freshness).replace("{", "{{").replace("}", "}}"),
            "ERP_ODATA_PUBLIC_URL": "http://127.0.0.1:{port}", "ERP_ODATA_LOG_LEVEL": "error",
        }  # fmt: skip
        arguments = ["-c", "odata_server/gunicorn_conf.py", "odata_server:create_app()"]
        services = [stack.enter_context(served(f"machine {n}", arguments, variables)) for n in range(2)]
        yield Stage(tuple(service.port for service in services), proxy, statements)


def _sets() -> list[str]:
    """The sets that are asked for, and those that they lead to."""
    named = {target.split("?")[0].split("(")[0].split("/")[0] for target in QUESTIONS}
    return sorted(named | {"Payments", "InvoiceLines"})


# --- the run ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """What was seen. ``began`` and ``healed`` are moments of ``time.monotonic``, outcomes count from the former."""

    scenario: Scenario
    outcomes: Sequence[Outcome]
    statements: Statements
    connections: int
    began: float

    @property
    def healed(self) -> float:
        return self.scenario.before + self.scenario.outage

    def phases(self) -> Iterator[tuple[str, list[Outcome]]]:
        """Warm requests by what the ERP did when they were due."""
        warm = [one for one in self.outcomes if one.kind in TRAFFIC]
        part, begin = self.scenario.outage / len(PHASES), self.scenario.before
        ends = [("well", 0.0, begin)]
        ends += [(name, begin + n * part, begin + (n + 1) * part) for n, name in enumerate(PHASES)]
        ends += [("well again", self.healed, self.scenario.whole)]
        for name, first, last in ends:
            yield name, [one for one in warm if first <= one.after < last]

    def outage(self) -> list[Outcome]:
        """Warm requests while the ERP was away."""
        return [one for name, found in self.phases() if name in PHASES for one in found]

    def recovery(self) -> float:
        """Seconds from the ERP's return until the last answer that was older than it should have been."""
        stale = [one.after - self.healed for one in self.outcomes if "stale" in one.origin]
        return max(0.0, *stale)

    def asked(self, begin: float, end: float) -> int:
        """Statements that reached the ERP between these seconds after the beginning."""
        return len(self.statements.between(self.began + begin, self.began + end))

    def busiest(self, begin: float, end: float) -> int:
        """The most statements within any second."""
        times = self.statements.between(self.began + begin, self.began + end)
        return max((sum(1 for other in times[n:] if other < moment + 1) for n, moment in enumerate(times)), default=0)


def run(stage: Stage, scenario: Scenario) -> Run:
    """One outage from beginning to end."""
    _warm(stage)
    before = stage.proxy.connections
    with sending(list(scenario.due(stage.ports))) as load:
        began = load.began
        for number, faults in enumerate(PHASES.values()):
            load.wait_until(scenario.before + number * scenario.outage / len(PHASES))
            stage.proxy.set(**faults)
            stage.proxy.drop()
        load.wait_until(scenario.before + scenario.outage)
        before = stage.proxy.connections
        stage.proxy.set()
        outcomes = load.outcomes()
    return Run(scenario, outcomes, stage.statements, stage.proxy.connections - before, began)


def _warm(stage: Stage) -> None:
    """Every question is asked of each machine."""
    due = [
        _due(0.01 * number, "warm-up", stage.ports[number % len(stage.ports)], target)
        for number, target in enumerate(QUESTIONS * 2)
    ]
    with sending(due) as load:
        statuses = Counter((one.status, one.target) for one in load.outcomes() if one.status != 200)
    if statuses:
        raise RuntimeError(f"cannot begin: {statuses.most_common(3)}")


def percentile(outcomes: Sequence[Outcome], share: float) -> float:
    """The time within which that share of the answers came, in milliseconds; exact, every answer counts."""
    times = sorted(1_000 * one.seconds for one in outcomes)
    return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0


# --- what must hold ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure, the most that it may be, and whether it is."""

    what: str
    figure: float
    most: float

    @property
    def met(self) -> bool:
        return self.figure <= self.most


def judged(found: Run) -> Iterator[Judged]:
    """Everything that must hold of a run."""
    scenario, healed = found.scenario, found.healed
    failed = [one for one in found.outcomes if one.kind in TRAFFIC and one.status != 200]
    yield Judged("warm requests without an answer", len(failed), 0)
    yield Judged("p99 of warm requests while it is away, ms", percentile(found.outage(), 0.99), 100)
    yield Judged("seconds from its return to the last old answer", found.recovery(), PROBE + SLACK)
    before = found.busiest(0, scenario.before)
    yield Judged("statements in the busiest second after its return", found.busiest(healed, scenario.whole), 2 * before)
    yield Judged("how often one question is asked within its freshness", _asked_again(found), PROCESSES)
    # As many as the pools hold, and those in place of some that had hung until then.
    yield Judged("connections that are opened after its return", found.connections, PROCESSES * POOL * 1.5)
    new = [one for one in found.outcomes if one.kind not in TRAFFIC]
    refused = [one for one in new if scenario.opened <= one.after < healed]
    yield Judged("answers to what nobody asked before that are no 503", sum(one.status != 503 for one in refused), 0)
    yield Judged("p99 of those, ms", percentile(refused, 0.99), 50)
    retries = [int(one.retry or 99) for one in refused]
    yield Judged("seconds after which those are told to come back", max(retries, default=0), PROBE)


def _asked_again(found: Run) -> int:
    """The most answers to one question that came from the ERP before the first of them could be too old."""
    end = found.healed + found.recovery() + 0.8 * found.scenario.fresh
    asked = Counter(one.target for one in found.outcomes if "stored" in one.origin and found.healed < one.after < end)
    return max(asked.values(), default=0)


def table(found: Run) -> str:
    """The run as Markdown."""
    scenario = found.scenario
    traffic = f"{scenario.rate:g} requests a second over {len(QUESTIONS)} questions, away for {scenario.outage:g} s"
    lines = [
        f"date {datetime.now(UTC):%Y-%m-%d}, {traffic}, load of the machine {os.getloadavg()[0]:.1f}",
        "",
        "| the ERP | requests | errors | stale | p50, ms | p90 | p99 | p99.9 | most |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, outcomes in [*found.phases(), ("away, in all", found.outage())]:
        errors, stale = (sum(map(test, outcomes)) for test in (_is_error, _is_stale))
        times = " | ".join(f"{percentile(outcomes, share):.1f}" for share in (0.5, 0.9, 0.99, 0.999, 1.0))
        lines.append(f"| {name} | {len(outcomes):,} | {errors} | {stale:,} | {times} |")
    lines += ["", "| what must hold | figure | most |", "|---|---:|---:|"]
    lines += [
        f"| {one.what} | {one.figure:.3g} | {one.most:g}, {'met' if one.met else 'missed'} |" for one in judged(found)
    ]
    return "\n".join(lines)


def _is_error(one: Outcome) -> bool:
    return one.status != 200


def _is_stale(one: Outcome) -> bool:
    return "stale" in one.origin


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=click.FloatRange(6), default=60.0, show_default=True, help="How long the ERP is away.")
@click.option("--write", is_flag=True, help="Write the figures into the README of the benchmarks.")
def main(seconds: float, write: bool) -> None:
    """Takes the ERP away for a minute, under load, and judges what was seen. Ends with 1 if something does not hold."""
    scenario = Scenario(outage=seconds)
    with stage(scenario) as made:
        found = run(made, scenario)
    text = table(found)
    click.echo(text)
    if write:
        before, rest = README.read_text(encoding="utf-8").split(BEGIN)
        README.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")
    sys.exit(0 if all(one.met for one in judged(found)) else 1)


if __name__ == "__main__":
    main()
