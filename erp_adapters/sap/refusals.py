"""What a set refused although its metadata says nothing against it: the next question is put without it.

A refusal names no culprit for certain. Fields that its words name are suspected first, then what few Gateways know,
then functions, then the order. Comparisons are what every one knows: they are never suspected. If nothing was to blame,
all of it is asked again.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from erp_adapters.base import Refused
from erp_adapters.records.base import Ask, Like
from erp_adapters.records.conditions import leaves

#: Statuses of questions that a service does not understand.
_REFUSALS = (400, 501)
#: Seconds: suspicions that are younger were part of the same search.
_RECENT = 30.0


@dataclass(slots=True)
class Refusals:
    """By entity what is not asked any more: names of features, kinds of ``Like``, ``order``, ``count``, and fields as
    ``.NAME``."""

    clock: Callable[[], float] = time.monotonic
    _found: dict[str, dict[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, entity: str) -> frozenset[str]:
        return frozenset(self._found.get(entity, ()))

    def note(self, entity: str, what: str) -> None:
        with self._lock:
            self._found[entity] = {**self._found.get(entity, {}), what: self.clock()}

    def suspect(self, ask: Ask, error: Refused) -> bool:
        """Whether something of the question may be to blame, which is left out from now on."""
        if error.answered not in _REFUSALS:
            return False
        known = self.of(ask.entity)
        for what in _suspects(ask, error.detail):
            if what not in known:
                self.note(ask.entity, what)
                return True
        with self._lock:
            young = self.clock() - _RECENT
            self._found[ask.entity] = {w: at for w, at in self._found.get(ask.entity, {}).items() if at < young}
        return False


def _suspects(ask: Ask, words: str) -> Iterator[str]:
    found = list(leaves(ask.where))
    names = {leaf.field for leaf in found if not hasattr(leaf, "path")} | {item.field for item in ask.order}
    yield from sorted(f".{name}" for name in names if re.search(rf"\b{re.escape(name)}\b", words))
    likes = [leaf for leaf in found if isinstance(leaf, Like)]
    if any("/" in name for name in names):
        yield "paths"
    if any(leaf.negated for leaf in likes):
        yield "not"
    if any(leaf.folded for leaf in likes):
        yield "tolower"
    yield from sorted({leaf.kind for leaf in likes if leaf.kind != "equals"})
    if ask.order or ask.top is None:  # without an end, windows are asked for, which need one
        yield "order"
