"""What ``doctor`` finds out about an ERP behind HTTP by calling it. What the catalog names is looked at elsewhere."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from erp_adapters.base import Finding, Level
from erp_adapters.transport.client import Transport

#: Seconds by which the clocks may differ before somebody notices, and before days are wrong. ``Date`` has no fractions,
#: and the answer takes its time.
_SKEW, _WRONG = 4.0, 60.0


def diagnose(transport: Transport, check: str) -> Iterator[Finding] | None:
    """What a check finds, after the ERP was called; ``None`` if HTTP tells nothing of it."""
    found = _CHECKS.get(check)
    return None if found is None else found(transport)


def _reachable(transport: Transport) -> Iterator[Finding]:
    url = urlsplit(transport.root)
    if url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        what = "is called over plain http: whoever is on the way reads along and may answer in its place"
        yield Finding(Level.WARNING, "", what, "Use https; a private authority's certificate goes into ca_file.")


def _clock(transport: Transport) -> Iterator[Finding]:
    skew = transport.skew
    if skew is not None and abs(skew) > _SKEW:
        yield Finding(
            Level.FAILURE if abs(skew) > _WRONG else Level.WARNING,
            "",
            f"its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours",
            "Set both by NTP: timedatectl set-ntp true",
        )


def _timeouts(transport: Transport) -> Iterator[Finding]:
    yield from ()


_CHECKS: dict[str, Callable[[Transport], Iterator[Finding]]] = {
    "reachable": _reachable,
    "clock": _clock,
    "timeouts": _timeouts,
}
