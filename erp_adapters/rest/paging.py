"""The pages of one question, whatever the API's way of paging: one call each, none twice, and not without end."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erp_adapters.base import ContractBroken
from erp_adapters.rest.answers import next_link, place, rows_of, total_of
from erp_adapters.rest.declared import Endpoint, Paging
from erp_adapters.transport import Answer, Trail

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One call: a path of the catalog or, with ``base``, a link of the answer that came from there."""

    url: str
    pairs: Pairs = ()
    base: str | None = None


Fetch = Callable[[Step], Answer]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one answer, and the total if the endpoint tells it."""

    rows: Sequence[Mapping[str, Any]]
    total: int | None


@dataclass(slots=True)
class Pages:
    """Walks through the pages of one call. ``wanted`` is how many rows are wanted at most."""

    endpoint: Endpoint
    entity: str
    fetch: Fetch
    wanted: int | None = None
    skip: int = 0
    _seen: int = 0
    _pages: int = 0
    _least: int | None = None
    _digests: set[bytes] = field(default_factory=set)

    def walk(self, url: str, parameters: Pairs) -> Iterator[Page]:
        """Pages until there are no more; the caller may stop at any time."""
        paging = self.endpoint.paging
        trail = Trail()
        size = self._size(paging)
        fixed = (*parameters, *self._sized(paging))
        step: Step | None = self.first(url, parameters)
        while step is not None:
            answer = self.fetch(step)
            document = answer.json()
            rows = rows_of(self.entity, document, self.endpoint.rows)
            total = self._total(answer, document)
            self._check(rows)
            self._seen += len(rows)
            self._pages += 1
            yield Page(rows, total)
            if paging is None:
                self._complete()
                return
            step = self._step(paging, url, fixed, answer, document, (len(rows), size, total))
            if step is None:
                self._complete()
            else:
                trail.follow(f"{step.url} {step.pairs}")

    def first(self, url: str, parameters: Pairs) -> Step:
        """The first call."""
        paging = self.endpoint.paging
        return Step(url, (*parameters, *self._sized(paging), *self._start(paging)))

    def _sized(self, paging: Paging | None) -> Pairs:
        return ((paging.size, str(self._size(paging))),) if paging and paging.size else ()

    def _size(self, paging: Paging | None) -> int:
        most = paging.most if paging else 0
        return most if self.wanted is None else max(1, min(most, self.wanted))

    def _start(self, paging: Paging | None) -> Pairs:
        if paging is not None and paging.style == "offset" and self.skip:
            return ((paging.asks, str(self.skip)),)
        if paging is not None and paging.style == "page":
            return ((paging.asks, str(paging.first)),)
        return ()

    def _total(self, answer: Answer, document: Any) -> int | None:
        path = self.endpoint.total
        if path is None:
            return None
        found = total_of(self.entity, answer, document, path)
        # The ERP is at work meanwhile: what came and went while we read is not missed.
        self._least = found if self._least is None else min(self._least, found)
        return found

    def _step(
        self, paging: Paging, url: str, fixed: Pairs, answer: Answer, document: Any, told: tuple[int, int, int | None]
    ) -> Step | None:
        """The next call, if the answer does not say that it was the last one."""
        if paging.style in ("page", "offset"):
            return None if self._over(paging, *told) else Step(url, (*fixed, self._position(paging)))
        if paging.style == "link":
            found: Any = next_link(answer.headers.get("Link") or "")
        else:
            found = place(answer, document, paging.next)
        if found in (None, "", False):
            return None
        if isinstance(found, int) and not isinstance(found, bool) and paging.style == "cursor":
            found = str(found)
        if not isinstance(found, str):
            raise ContractBroken(self.entity, f"{found!r:.40} is no way to the next page")
        if paging.style == "cursor":
            return Step(url, (*fixed, (paging.asks, found)))
        return Step(found, base=answer.url)

    def _over(self, paging: Paging, rows: int, size: int, total: int | None) -> bool:
        """Whether a page was the last one: it has nothing, or all is there, or it is shorter than was asked for."""
        if rows == 0:
            return True
        if total is not None:
            return self.skip + self._seen >= total
        return bool(paging.size) and rows < size

    def _position(self, paging: Paging) -> tuple[str, str]:
        """By what came, not by what was asked for: some answer less at a time than they are asked for."""
        return paging.asks, str(self.skip + self._seen if paging.style == "offset" else paging.first + self._pages)

    def _check(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """An endpoint that ignores the parameter of its pages answers the first one for ever."""
        digest = hashlib.sha256(repr(rows).encode(errors="replace")).digest()
        if rows and digest in self._digests:
            raise ContractBroken(self.entity, "two pages have the same records: the page that is asked for is ignored")
        self._digests.add(digest)

    def _complete(self) -> None:
        if self._least is not None and self.skip + self._seen < self._least:
            raise ContractBroken(self.entity, f"{self._seen} records came, of {self._least}")
