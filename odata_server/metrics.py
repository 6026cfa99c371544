"""Figures for Prometheus: requests and errors, reads by where they came from, the ERP's part, circuit breakers.

Imported only where somebody may read them (``metrics_users``). Every process counts in files of its own, and whichever
is asked adds all of them up: the library's multiprocess mode. What is counted are the events that observers are told of
and the outcomes that the cache tells; nothing else of the service knows of this.
"""

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, exposition, multiprocess, values

from edm.model import ServiceMetadata
from erp_adapters.base import source_of
from erp_adapters.resilient import Resilient, State
from odata_server import places
from odata_server.observe import Event, Handled

#: Where the library looks for the directory of its files. Given from outside, ours is made in that one.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = exposition.CONTENT_TYPE_PLAIN_0_0_4
#: These parts of the library have no types.
_processes: Any = multiprocess
_values: Any = values
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)
#: Memory rather than a disk: a slow write would be a slow answer.
_MEMORY = Path("/dev/shm")  # noqa: S108


class Metrics:
    """An observer that counts. ``sources`` are the guards of the ERPs, whose breakers are looked at."""

    def __init__(self, metadata: ServiceMetadata, sources: Mapping[str, Resilient]) -> None:
        self._sources = sources
        self._source_of = {entity_set.name: source_of(entity_set) for entity_set in metadata.sets}
        self._states: dict[str, State] = {}
        self._directory: Path | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """What is done before processes are forked off: all of them write to one directory."""
        with self._lock:
            if self._directory is None:
                self._begin()

    def _begin(self) -> None:
        within = os.environ.get(DIRECTORY) or (_MEMORY if _MEMORY.is_dir() else None)
        directory = Path(tempfile.mkdtemp(prefix="erp-odata-metrics-", dir=within))
        atexit.register(_remove, directory, os.getpid())
        os.environ[DIRECTORY] = str(directory)
        _values.ValueClass = _values.MultiProcessValue(places.own)  # files by place, not by process id
        registry = CollectorRegistry()  # never collected: the files are

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"erp_odata_{name}", what, labels, registry=registry)

        self._requests = counter("requests", "Requests that were answered.", "entity_set", "status")
        self._errors = counter("errors", "Errors that were answered, by code.", "entity_set", "code")
        self._reads = counter("reads", "Reads by where the rows came from.", "entity_set", "source", "outcome")
        self._calls = counter("erp_calls", "Calls of ERPs for requests for the set.", "entity_set")
        self._waits = counter("erp_seconds", "Seconds that ERPs took for requests for the set.", "entity_set")
        self._seconds = Histogram(
            "erp_odata_request_seconds", "Time to answer.", ["entity_set"], registry=registry, buckets=_SECONDS
        )
        self._breakers = Gauge(
            "erp_odata_breaker_processes",
            "Processes whose circuit breaker was in that state after their last request.",
            ["source", "state"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._directory = directory

    # --- counting -------------------------------------------------------------------------------------------------

    def __call__(self, event: Event, /) -> None:
        """Counts a request."""
        if not isinstance(event, Handled):
            return
        self.prepare()
        entity_set = event.entity_set or ""
        self._requests.labels(entity_set, str(event.status)).inc()
        self._seconds.labels(entity_set).observe(event.seconds)
        if event.error_code is not None:
            self._errors.labels(entity_set, event.error_code).inc()
        if event.erp_calls and entity_set:  # a batch has called for its parts, which were counted
            self._calls.labels(entity_set).inc(event.erp_calls)
            self._waits.labels(entity_set).inc(event.erp_seconds)
        self._look_at_breakers()

    def read(self, entity_set: str, outcome: str) -> None:
        """Counts a read that the cache tells of."""
        self.prepare()
        self._reads.labels(entity_set, self._source_of[entity_set], outcome).inc()

    def _look_at_breakers(self) -> None:
        for source, guard in self._sources.items():
            state = guard.breaker.state
            if self._states.get(source) is not state:
                self._states[source] = state
                for each in State:
                    self._breakers.labels(source, each.value).set(each is state)

    # --- telling --------------------------------------------------------------------------------------------------

    def text(self) -> bytes:
        """The figures of all processes, as Prometheus reads them."""
        self.prepare()
        registry = CollectorRegistry()
        _processes.MultiProcessCollector(registry, path=str(self._directory))
        return exposition.generate_latest(registry)

    def left(self, place: str) -> None:
        """The worker in that place has ended: what it was is no more, what it counted stays."""
        if self._directory is not None:
            _processes.mark_process_dead(place, path=str(self._directory))


def _remove(directory: Path, made_by: int) -> None:
    """At the end of the process that made it, not of those that it forked off."""
    if os.getpid() == made_by:
        shutil.rmtree(directory, ignore_errors=True)
