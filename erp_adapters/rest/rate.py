"""No more calls per second than an API allows: a bucket of tokens per process."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from erp_adapters.base import Busy, Session


@dataclass(slots=True)
class Bucket:
    """``rate`` calls per second on the whole, ``burst`` of them at once."""

    rate: float
    burst: int = 1
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _free: float | None = None  # when the bucket will be full again

    def take(self, session: Session) -> None:
        """Waits for a token. ``Busy`` at once if none comes before the deadline; then none is taken."""
        with self._lock:
            now = self.clock()
            full = max(now, self._free if self._free is not None else now)
            # A token is there as long as no more than the burst is on its way.
            wait = max(0.0, full - now - (self.burst - 1) / self.rate)
            if wait >= session.remaining():
                raise Busy(f"{self.rate:g} calls per second are allowed; the next one is due in {wait:.1f} s")
            self._free = full + 1 / self.rate
        if wait:
            self.sleep(wait)
