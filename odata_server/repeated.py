"""Answers that are given again as they are: the same request, of the same caller, on the same day, with rows that are
the very same. Then neither the URL is read nor anything planned or written again.

That the answer would be the same follows from what it is made of. It depends on the target and the public URL, which
are in the key, as are the caller's name and view; on header fields, of which those that were looked at while it was
made are kept with it; on the day, because next links carry signed tokens that change daily; and on rows. Whether these
are still the same is for whoever keeps them to say (``Repeats``): an answer any of whose rows came from elsewhere is
not kept. What is bound to the moment, such as ``now()``, is never kept.
"""

import re
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

from erp_adapters.base import Session
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.uri.tokens import DAY

#: The largest body that is kept, and all of them together, in bytes.
LARGEST, MOST = 100_000, 16_000_000
#: Answers to one request that differ by header fields, such as the tag that a client has.
_VARIANTS: Final = 4
#: More reads than this are looked at again instead.
_READS: Final = 8
_MOMENT = re.compile("now", re.IGNORECASE)


class Consulted(Headers):
    """Header fields that remember which of them were looked at."""

    __slots__ = ("_given", "everything", "seen")

    def __init__(self, given: Headers) -> None:
        self._given = given
        self.seen: dict[str, str | None] = {}
        self.everything = False

    def get(self, name: str, default: object = None, /) -> object:  # type: ignore[override]
        if name not in self.seen:
            self.seen[name] = self._given.get(name)
        value = self.seen[name]
        return default if value is None else value

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str):
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterable[str]:  # type: ignore[override]
        self.everything = True
        return self._given.__iter__()

    def __len__(self) -> int:
        self.everything = True
        return len(self._given)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer, what it was made of, and what the observers are told of it."""

    response: ODataResponse
    fields: tuple[tuple[str, str | None], ...]
    reads: Sequence[object]
    entity_set: str | None
    rows: int
    notes: tuple[str, ...]

    def suits(self, headers: Headers) -> bool:
        return all(headers.get(name) == value for name, value in self.fields)


@dataclass(slots=True)
class Pages:
    """The answers of a process. ``again`` tells whether rows are still the same, as ``Repeats`` does."""

    again: Callable[[Sequence[object], Session], bool]
    most: int = MOST
    _pages: dict[Hashable, tuple[Page, ...]] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, request: ODataRequest, session: Session, now: datetime) -> Page | None:
        """The answer to the request, if it was made before and would be made again."""
        for page in self._pages.get(_key(request, session, now), ()):
            if page.suits(request.headers):
                return page if self.again(page.reads, session) else None
        return None

    def keep(self, request: ODataRequest, headers: Consulted, session: Session, now: datetime, page: Page) -> None:
        """Keeps the answer to a request with those header fields, if it is one that may be given again."""
        reads = session.provenance.reads
        alike = sum(reads.values()) == reads["hit"] == len(page.reads) <= _READS
        if not alike or not page.reads or headers.everything or len(page.response.body) > LARGEST:
            return
        if _MOMENT.search(unquote_plus(f"{request.path}?{request.options}")):
            return
        key = _key(request, session, now)
        with self._lock:
            before = self._pages.pop(key, ())
            others = [other for other in before if other.fields != page.fields]
            self._pages[key] = kept = (page, *others[: _VARIANTS - 1])
            self._bytes += _size(kept) - _size(before)
            while self._bytes > self.most:
                self._bytes -= _size(self._pages.pop(next(iter(self._pages))))


def _size(pages: Sequence[Page]) -> int:
    """About what they take, in bytes."""
    return sum(len(page.response.body) + 2_000 for page in pages)


def _key(request: ODataRequest, session: Session, now: datetime) -> Hashable:
    return (request.path, request.query, request.root, session.view, session.principal, int(now.timestamp() // DAY))
