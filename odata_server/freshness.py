"""How old an answer may be, and how a response says how old it is.

What the catalog allows and what a deployment makes of it; ``Age``, ``Cache-Status`` (RFC 9211) and the caller's wish
for the ERP's own answer. How answers are kept is in ``erp_adapters.cache``.
"""

import math
from collections.abc import Callable, Mapping
from datetime import datetime

from edm.model import EntitySet
from erp_adapters.base import Provenance, Timings
from erp_adapters.cache.terms import Freshness
from odata_server.messages import Headers

#: The name of this cache in ``Cache-Status``.
NAME = "erp-odata"


def wants_live(headers: Headers) -> bool:
    """Whether the caller asks for the ERP's own answer."""
    directives = headers.get("Cache-Control", "").lower().split(",")
    return any(directive.strip().partition("=")[0] == "no-cache" for directive in directives)


def origin_headers(provenance: Provenance, now: datetime) -> tuple[tuple[str, str], ...]:
    """Where the rows of the response came from; nothing if no rows were read."""
    if not provenance.reads:
        return ()
    status = ("Cache-Status", f"{NAME}; {_status(provenance)}")
    if provenance.oldest is None:
        return (status,)
    return status, ("Age", str(max(0, math.floor(now.timestamp() - provenance.oldest))))


def timing_text(spent: Timings, provenance: Provenance, seconds: float) -> str:
    """Where the time went, as ``Server-Timing`` says it: in the cache, with how many reads had which outcome; for
    reading the URL and planning; in the ERP, with its calls; for writing the answer; all in all.
    """
    reads = ", ".join(f"{number} {outcome}" for outcome, number in sorted(provenance.reads.items()))
    cache = f'cache;desc="{reads}";dur={spent.cache_seconds * 1000:.1f}, ' if reads else ""
    erp = f"erp;dur={spent.erp_seconds * 1000:.1f};desc={spent.erp_calls}"
    plan, write = (f"{took * 1000:.1f}" for took in (spent.plan_seconds, spent.write_seconds))
    return f"{cache}plan;dur={plan}, {erp}, write;dur={write}, total;dur={seconds * 1000:.1f}"


def _status(provenance: Provenance) -> str:
    """A response is as good as the worst of its reads."""
    reads = provenance.reads
    if provenance.stale:
        return "hit; detail=stale"
    if reads["live"]:
        return "fwd=request"
    if reads["miss"]:
        return "fwd=uri-miss; stored"
    if reads["coalesced"]:
        return "fwd=uri-miss; collapsed"
    return "fwd=bypass" if reads["bypass"] else "hit"


def policy(fresh: Mapping[str, float], default: float, stale: float) -> Callable[[EntitySet], Freshness]:
    """How old the answers about a set may be: as the deployment says by name, else as the catalog says, else the
    ``default``; in an outage ``stale`` seconds more. What must be live stays so.
    """

    def of(entity_set: EntitySet) -> Freshness:
        own = entity_set.freshness if entity_set.freshness is not None else default
        seconds = fresh.get(entity_set.name, own)
        return Freshness(seconds, stale if entity_set.stale is None else entity_set.stale, entity_set.must_be_live)

    return of
