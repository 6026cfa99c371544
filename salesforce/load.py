"""Many people at once: each opens pages one after the other, as long as there is time; what each page took is kept."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from salesforce.errors import SalesforceError
from salesforce.pages import Visit, count, detail, global_search, list_view
from salesforce.soql.run import Org

#: Callouts an hour that an org has with the OData 4.0 adapter, unless it buys more; the 4.01 adapter has no such limit.
HOURLY_CALLOUTS = 20_000
#: How often each page is opened: lists and records all day, a search now and then.
WEIGHTS = {"list view": 45, "next page": 10, "detail": 35, "global search": 5, "count": 5}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one page: visits, callouts, failures, and seconds at which 50, 95 and 99 per cent of the visits were done."""

    page: str
    visits: int
    callouts: int
    failures: int
    p50: float
    p95: float
    p99: float


@dataclass(slots=True)
class Tally:
    """What all users saw so far."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    callouts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def visit(self, page: str, open_page: Callable[[], Visit]) -> Visit | None:
        """Opens the page and keeps what it cost; ``None`` if it failed."""
        started = time.perf_counter()
        try:
            visit = open_page()
        except SalesforceError as error:
            with self.lock:
                self.failures[page].append(str(error))
            return None
        with self.lock:
            self.seconds[page].append(time.perf_counter() - started)
            self.callouts[page] += len(visit.exchanges)
        return visit

    @property
    def visits(self) -> int:
        with self.lock:
            return sum(map(len, self.seconds.values())) + sum(map(len, self.failures.values()))

    def figures(self) -> list[Figures]:
        """A line for each page that was opened."""
        return [self._figures(page) for page in WEIGHTS if page in self.seconds or page in self.failures]

    def _figures(self, page: str) -> Figures:
        seconds, failures = self.seconds[page], len(self.failures[page])
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else (seconds or [0.0]) * 99
        return Figures(page, len(seconds) + failures, self.callouts[page], failures, cuts[49], cuts[94], cuts[98])


@dataclass(slots=True)
class User:
    """Clicks through one object after the other, from lists to records."""

    org: Org
    tally: Tally
    choice: random.Random
    phrases: Sequence[str] = ("Pump",)

    def run(self, until: Callable[[], bool], pause: float) -> None:
        """Opens pages until told to stop, with ``pause`` seconds between them."""
        known: dict[str, list[str]] = {}
        while not until():
            self._open(self.choice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0], known)
            self.org.client.exchanges.clear()  # a long run would keep millions
            time.sleep(pause)

    def _open(self, page: str, known: dict[str, list[str]]) -> None:
        source = self.choice.choice(self.org.synced.objects)
        seen = known.get(source.name)
        if page == "global search":
            self.tally.visit(page, lambda: global_search(self.org, self.choice.choice(self.phrases)))
        elif page == "count":
            self.tally.visit(page, lambda: count(self.org, source))
        elif page == "detail" and seen:
            self.tally.visit(page, lambda: detail(self.org, source, self.choice.choice(seen)))
        else:
            number = self.choice.randint(2, 5) if page == "next page" else 1
            visit = self.tally.visit(
                "next page" if number > 1 else "list view", lambda: list_view(self.org, source, page=number)
            )
            records = visit.steps[0].result.records if visit is not None else ()
            key = next((x.name for x in source.fields if (x.source,) == source.external_id), None)
            if key is not None and records and key in records[0]:
                known[source.name] = [str(record[key]) for record in records]
