"""An ERP that counts and fails as told, a clock that stands still, a store in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edm.capabilities import Capabilities
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Adapter, Page, Session, SourceError
from erp_adapters.cache.adapter import Cached
from erp_adapters.cache.terms import CacheOptions, Freshness
from erp_adapters.memory import MemoryAdapter
from tests.engine.small import DATA, METADATA

#: What ``spring`` was called for. ``PICKLE`` calls it where somebody unpickles it.
SPRUNG: list[str] = []
PICKLE = b"ctests.cache.support\nspring\n(tR."

SECRET = b"the key of the tests' cache entries"


def spring() -> None:
    SPRUNG.append("code ran")


@dataclass
class Clock:
    """Seconds that pass only when told."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Shelf:
    """A store in memory that forgets nothing by itself. ``broken`` makes every call do nothing."""

    content: dict[str, bytes] = field(default_factory=dict)
    lifetimes: dict[str, int] = field(default_factory=dict)
    broken: bool = False

    def get(self, name: str) -> bytes | None:
        return None if self.broken else self.content.get(name)

    def put(self, name: str, value: bytes, seconds: int) -> None:
        if not self.broken:
            self.content[name], self.lifetimes[name] = value, seconds

    def claim(self, name: str, value: bytes, seconds: int) -> bool:
        return self.broken or self.content.setdefault(name, value) == value

    def release(self, name: str, value: bytes) -> None:
        if self.content.get(name) == value:
            del self.content[name]


@dataclass
class Counted:
    """An ERP that notes what it is asked, and fails while it has a ``failure``. ``before`` is called first."""

    adapter: Adapter
    asked: list[Query] = field(default_factory=list)
    failure: SourceError | None = None
    before: Callable[[Query, Session], None] = lambda query, session: None

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return self.adapter.capabilities(entity_set)

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        self.asked.append(query)
        self.before(query, session)
        if self.failure is not None:
            raise self.failure
        yield from self.adapter.read(query, session)


def erp(data: Any = None) -> Counted:
    """The small model's data as an ERP."""
    return Counted(MemoryAdapter(METADATA, data or DATA))


def cached(adapter: Adapter, clock: Callable[[], float] | None = None, **changes: Any) -> Cached:
    """A cache in which everything is fresh for a minute, and serves for an hour more in an outage."""
    given: dict[str, Any] = {
        "freshness": lambda entity_set: Freshness(60, 3_600),
        "namespace": "small 1.0.0",
        "secret": SECRET,
        "clock": clock or Clock(),
        "options": CacheOptions(patience=0.5, wait=0.5),
    }
    return Cached(adapter, METADATA, **(given | changes))


def rows(adapter: Adapter, query: Query, session: Session | None = None) -> Sequence[tuple[Any, ...]]:
    """All rows of the answer."""
    return [row for page in adapter.read(query, session or Session()) for row in page.rows]
