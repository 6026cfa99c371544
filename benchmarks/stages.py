"""Where the time of a request goes: a sampling profiler that knows the stages of the pipeline.

A timer interrupts the process again and again; whose code runs at that moment is counted. Nothing is patched
or slowed down, as under a tracing profiler that makes small functions look worse than they are. A sample
belongs to the innermost frame that has a stage; the standard library and ``edm`` work for their caller.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from types import FrameType

INTERVAL = 0.000_5

#: In the order in which a request goes through them.
STAGES = (
    "edge", "log", "parse", "bind", "plan", "read", "compile SQL", "ERP", "decode rows", "encode JSON",
    "handler",
)  # fmt: skip

#: Module to stage; the longest matching name counts. ``None``: the caller's.
_MODULES: dict[str, str | None] = {
    "flask": "edge",
    "werkzeug": "edge",
    "benchmarks.clients": "edge",
    "benchmarks.baseline": "handler",
    "odata_server": "read",
    "odata_server.auth": "edge",
    "odata_server.edge": "edge",
    "odata_server.messages": "edge",
    "odata_server.web": "edge",
    "odata_server.observe": "log",
    "structlog": "log",
    "odata_server.uri": "parse",
    "odata_server.uri.bind": "bind",
    "odata_server.uri.bound": "bind",
    "odata_server.uri.operands": "bind",
    "odata_server.restrict": "bind",
    "odata_server.uri.tokens": "read",
    "odata_server.plan": "plan",
    "odata_server.normalise": "plan",
    "odata_server.json_format": "encode JSON",
    "erp_adapters": "compile SQL",
    "erp_adapters.base": None,
    "erp_adapters.sql_decode": "decode rows",
    "sqlalchemy": "ERP",
    "sqlalchemy.sql": "compile SQL",
    "sqlalchemy.util": None,
    "psycopg": "ERP",
    "psycopg_binary": "ERP",
}


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the time by stage; together 1."""

    shares: dict[str, float]
    samples: int

    def milliseconds(self, total: float) -> dict[str, float]:
        """The shares of a request that takes ``total`` milliseconds."""
        return {stage: share * total for stage, share in self.shares.items()}


def profile(call: Callable[[], object], seconds: float) -> Profile:
    """Calls again and again for ``seconds``. Only in the main thread, which signals go to."""
    counted: Counter[str] = Counter()
    with _sampling(counted):
        end = perf_counter() + seconds
        while perf_counter() < end:
            call()
    total = sum(counted.values()) or 1
    return Profile({stage: counted[stage] / total for stage in STAGES}, sum(counted.values()))


@contextmanager
def _sampling(counted: Counter[str]) -> Iterator[None]:
    def sample(number: int, frame: FrameType | None) -> None:
        counted[_stage(frame)] += 1

    previous = signal.signal(signal.SIGALRM, sample)
    signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


_known: dict[str, str | None] = {}


def _stage(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name not in _known:
            _known[name] = _lookup(name)
        stage = _known[name]
        if stage is not None:
            return stage
        frame = frame.f_back
    return "edge"


def _lookup(module: str) -> str | None:
    names = [name for name in _MODULES if _within(module, name)]
    return _MODULES[max(names, key=len)] if names else None


def _within(module: str, name: str) -> bool:
    """``odata_server.uri.bind_literal`` counts as a part of ``odata_server.uri.bind``."""
    return module == name or module.startswith((f"{name}.", f"{name}_"))
