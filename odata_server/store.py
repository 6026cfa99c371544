"""What processes share, in Redis through Flask-Caching: cache entries, claims on questions, marks of what has changed.

Every call may fail, and none of that reaches a caller: reads find nothing, writes do nothing. A breaker keeps a Redis
that hangs from costing each request its timeout. Values are bytes that whoever wrote them has signed; nothing is
unpickled, and nothing is written without an end.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cachelib.serializers import RedisSerializer
from flask_caching.backends.rediscache import RedisCache
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from erp_adapters.base import Unavailable
from erp_adapters.resilient import Breaker

T = TypeVar("T")

#: Seconds that a call may take. Within a data centre Redis answers in less than a millisecond.
TIMEOUT = 0.2
#: Seconds for which a mark is kept: longer than any entry lives.
MARK_SECONDS = 8 * 86_400
#: Seconds between two looks at the marks of other processes.
LOOK = 1.0

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class _Bytes(RedisSerializer):
    """Values as they are."""

    def dumps(self, value: bytes, protocol: int = 0) -> bytes:
        return value

    def loads(self, bvalue: bytes | None) -> bytes | None:
        return bvalue


@dataclass(slots=True)
class SharedStore:
    """Bytes by name in the Redis at ``url``. ``faults`` counts the calls that failed."""

    url: str
    prefix: str = "erp-odata:"
    breaker: Breaker = field(default_factory=lambda: Breaker(failures=2, seconds=2.0))
    faults: int = 0
    last_fault: str = ""
    _client: Any = field(init=False, repr=False)
    _cache: RedisCache = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._client = Redis.from_url(
            self.url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
            client_name="erp-odata",
        )
        self._cache = RedisCache(self._client, key_prefix=self.prefix)
        self._cache.serializer = _Bytes()

    def get(self, name: str) -> bytes | None:
        found = self._tried(lambda: self._cache.get(name), None)
        return found if isinstance(found, bytes) else None

    def put(self, name: str, value: bytes, seconds: int) -> None:
        self._tried(lambda: self._cache.set(name, value, max(1, seconds)), None)

    def claim(self, name: str, value: bytes, seconds: int) -> bool:
        """Whether nobody had the name; then it is ours for so long. True if nobody can tell.

        Not ``RedisCache.add``: a process that dies between its two commands would leave a claim without an end.
        """
        key = self.prefix + name
        return bool(self._tried(lambda: self._client.set(key, value, nx=True, ex=seconds), True))

    def release(self, name: str, value: bytes) -> None:
        self._tried(lambda: self._client.eval(_RELEASE, 1, self.prefix + name, value), None)

    def get_many(self, names: Iterable[str]) -> list[bytes | None]:
        wanted = list(names)
        nothing: list[bytes | None] = [None] * len(wanted)
        return self._tried(lambda: self._cache.get_many(*wanted), nothing) if wanted else nothing

    def problem(self) -> str | None:
        """The name of the fault that keeps the store from answering now; ``None`` if it answers."""
        answered = self._tried(lambda: bool(self._client.ping()), False)
        return None if answered else self.last_fault

    def missing(self) -> str | None:
        """As ``problem``, but for a process that is about to fork: no connection is left."""
        try:
            return self.problem()
        finally:
            self._client.connection_pool.disconnect()

    def _tried(self, action: Callable[[], T], otherwise: T) -> T:
        """What ``action`` gives, or ``otherwise`` where it fails or must not be tried."""
        try:
            probing = self.breaker.admit()
        except Unavailable:
            return otherwise
        try:
            found = action()
        except (RedisError, OSError) as error:
            self.breaker.failed(probing)
            self.faults += 1
            self.last_fault = type(error).__name__
            return otherwise
        finally:
            self.breaker.left(probing)
        self.breaker.succeeded()
        return found


@dataclass(slots=True)
class SharedMarks:
    """When each set was last declared changed, by this process at once and by others after at most a second."""

    store: SharedStore | None
    sets: tuple[str, ...]
    clock: Callable[[], float] = time.time
    _known: dict[str, float] = field(default_factory=dict)
    _looked: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def since(self, entity_set: str) -> float:
        """In seconds of the epoch; 0 if never."""
        if self.store is not None and time.monotonic() - self._looked >= LOOK and self._lock.acquire(blocking=False):
            try:
                self._look(self.store)
            finally:
                self._lock.release()
        return self._known.get(entity_set, 0.0)

    def mark(self, names: Iterable[str]) -> None:
        """The rows of these sets have changed: what was kept of them before serves no more."""
        now = self.clock()
        for name in names:
            self._known[name] = now
            if self.store is not None:
                self.store.put(_mark(name), repr(now).encode(), MARK_SECONDS)

    def _look(self, store: SharedStore) -> None:
        found = store.get_many(map(_mark, self.sets))
        self._looked = time.monotonic()
        for name, value in zip(self.sets, found, strict=True):
            marked = _seconds(value)
            # A mark of the future would outdate everything until then.
            if self._known.get(name, 0.0) < marked <= self.clock() + 60:
                self._known[name] = marked


def _mark(entity_set: str) -> str:
    return f"changed:{entity_set}"


def _seconds(value: bytes | None) -> float:
    try:
        return float(value) if value is not None else 0.0
    except ValueError:
        return 0.0
