"""All invoices by next links, as a client does that copies them: what that costs from page to page, and how large the
workers grow.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.cases import DEEP_PAGE, LISTED, SINCE, WALK_PAGE, ours, since_page
from benchmarks.load import Request
from benchmarks.measure import Bench
from benchmarks.processes import Service

PARTS = 5


@dataclass(frozen=True, slots=True)
class Walk:
    """CPU-seconds of service and database for each fifth of the rows, and the largest worker in bytes."""

    rows: int
    parts: tuple[float, ...]
    resident: int

    @property
    def seconds(self) -> float:
        return sum(self.parts)

    @property
    def growth(self) -> float:
        """What the last fifth costs, as a multiple of the first."""
        return self.parts[-1] / self.parts[0]


@dataclass(frozen=True, slots=True)
class Walks:
    """The same way on both sides."""

    ours: Walk
    theirs: Walk


def walk_ours(bench: Bench, rows: int) -> Walk:
    return _walk(bench, bench.ours, ours("Invoices", WALK_PAGE, select=LISTED), rows)


def walk_theirs(bench: Bench, rows: int) -> Walk:
    return _walk(bench, bench.theirs, Request(f"/invoices?since={SINCE}&top={WALK_PAGE}"), rows)


def _walk(bench: Bench, service: Service, request: Request, rows: int) -> Walk:
    parts: list[float] = []
    seen, used = 0, _used(bench, service)
    following: Request | None = request
    while following is not None:
        body = json.loads(bench.load.ask(service.port, following))
        seen += len(body["value"])
        following = _next(body, request.headers)
        if seen * PARTS >= rows * (len(parts) + 1):
            now = _used(bench, service)
            parts.append(now - used)
            used = now
    if seen != rows:
        raise RuntimeError(f"{service.name}: {seen} rows instead of {rows}")
    return Walk(rows, tuple(parts), max(service.process.resident()))


def _used(bench: Bench, service: Service) -> float:
    return service.process.cpu_seconds() + bench.database.cpu_seconds()


def _next(body: dict[str, str], headers: Sequence[tuple[str, str]]) -> Request | None:
    link = body.get("@odata.nextLink", body.get("next"))
    if link is None:
        return None
    parts = urlsplit(link)
    return Request(f"{parts.path}?{parts.query}", tuple(headers))


def deep_pages(bench: Bench, depth: int, wanted: int) -> list[Request]:
    """Our next links that lead to pages at least ``depth`` rows from the beginning, found by following all of them."""
    request: Request | None = since_page(SINCE)
    found: list[Request] = []
    seen = 0
    while request is not None and len(found) < wanted:
        if seen >= depth:
            found.append(request)
        request = _next(json.loads(bench.load.ask(bench.ours.port, request)), request.headers)
        seen += DEEP_PAGE
    return found
