"""What is agreed of kept answers: how old they may be, how large, who shares them, and what there is to know of a
question before it is answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol

from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.cache.key import Key, canonical, sets_of

#: Keys of one question that are kept at hand.
_VIEWS = 64


class Store(Protocol):
    """Bytes by name, shared between processes. Never raises: what fails is a miss."""

    def get(self, name: str) -> bytes | None: ...

    def put(self, name: str, value: bytes, seconds: int) -> None: ...

    def claim(self, name: str, value: bytes, seconds: int) -> bool:
        """Whether nobody had the name; then it is ours. True if nobody can tell."""
        ...

    def release(self, name: str, value: bytes) -> None:
        """Gives the name back if it is still ours."""
        ...


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old an answer may be, in seconds: ``fresh`` while the ERP answers, ``stale`` more while it does not.

    ``live`` forbids keeping anything.
    """

    fresh: float = 0.0
    stale: float = 0.0
    live: bool = False

    def meet(self, other: "Freshness") -> "Freshness":
        """What holds for an answer that depends on both."""
        return Freshness(min(self.fresh, other.fresh), min(self.stale, other.stale), self.live or other.live)


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """Sizes in rows and bytes, times in seconds.

    ``negative`` bounds how long an empty answer is fresh. ``patience`` is how long the ERP is waited for when an older
    answer could serve; ``wait`` how long another process is. ``renewals`` are read at a time of each source in the
    background, each for at most ``renewal`` seconds, or longer if it took long before.
    """

    most_rows: int = 2_001
    most_bytes: int = 1_000_000
    negative: float = 5.0
    patience: float = 1.0
    wait: float = 2.0
    renewals: int = 4
    renewal: float = 3.0


class Marks(Protocol):
    """When each set was last declared changed, in seconds of the epoch."""

    def since(self, entity_set: str) -> float: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What there is to know of a query before it is answered: its key without the caller, the sets that it depends on,
    how old its answer may be, and whether it is asked as a whole (otherwise row by row, as somebody pulls them).
    """

    asked: Query
    sets: frozenset[str]
    freshness: Freshness
    whole: bool
    keys: dict[str, Key] = field(default_factory=dict, compare=False)

    def key(self, view: str) -> Key:
        """The question as callers of that view ask it."""
        key = self.keys.get(view)
        if key is None:
            if len(self.keys) >= _VIEWS:
                self.keys.clear()
            key = self.keys[view] = Key(self.asked, view)
        return key

    @property
    def kept(self) -> bool:
        """Whether the sets allow to keep answers."""
        return not self.freshness.live and self.freshness.fresh > 0


def questioned(
    query: Query, metadata: ServiceMetadata, freshness: Callable[[EntitySet], Freshness], most_rows: int
) -> Question:
    """What there is to know of ``query``; ``freshness`` is that of each set."""
    sets = sets_of(query, metadata)
    allowed = reduce(Freshness.meet, (freshness(metadata[name]) for name in sets))
    return Question(canonical(query), sets, allowed, query.top is not None and query.top <= most_rows)
