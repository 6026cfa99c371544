"""Leading zeros: what a field's values have shown of SAP's ALPHA conversion, which no metadata tells.

A field with that conversion keeps ``0000004711``; a service may show it so, or as ``4711``, and takes both for the
same in a condition. So a condition with digits may find more than the text it names, or, where it says what must not
be or what is greater, less. Once values were seen it is known which of the two a field shows.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from edm.capabilities import Match

EXACT, INEXACT, NO = Match.EXACT, Match.INEXACT, Match.NO


@dataclass(slots=True)
class Seen:
    """What the values of one field were like. ``cut`` values have lost their zeros, ``full`` ones kept them;
    ``plain`` ones show that there is no conversion. ``length`` is that of all cut ones, 0 if they differ."""

    any: bool = False
    full: bool = False
    cut: bool = False
    plain: bool = False
    length: int | None = None

    @property
    def numbered(self) -> bool:
        """Whether SAP sorts the texts that it shows otherwise than as texts: 900 before 1000."""
        return self.cut and self.length == 0 and not self.plain

    def add(self, value: str, width: int) -> None:
        self.any = True
        if not _digits(value):
            return
        zero = value[0] == "0"
        if len(value) == width:
            self.full = self.full or zero
        elif zero:
            self.plain = self.plain or value != "0"
        else:
            self.cut = True
        if not zero:
            self.length = len(value) if self.length in (None, len(value)) else 0

    def equal(self, value: str, width: int) -> Match:
        """How well ``eq`` with the value is answered."""
        if self.plain or not _digits(value) or (len(value) == width and value[0] != "0"):
            return EXACT
        shown = self.full if len(value) == width else self.cut and value[0] != "0"
        return EXACT if shown and not (self.full and self.cut) else INEXACT

    def among(self, values: Collection[str], width: int) -> Match:
        """How well a list of values is: whatever else is found with one that is there with every number of zeros is in
        the list."""
        there = set(values)
        return min(
            (EXACT if _closed(value, there, width) else self.equal(value, width) for value in there), default=EXACT
        )

    def unequal(self, value: str, width: int) -> Match:
        return EXACT if self.equal(value, width) is EXACT else NO

    def ranged(self, value: str, width: int) -> Match:
        """How well ``lt`` and relatives are. Where zeros are cut it is by number, which is by text for one length only;
        a value with all its zeros is taken to mean just that."""
        if self.plain or not _digits(value) or len(value) == width:
            return EXACT
        return EXACT if self.cut and not self.full and self.length == len(value) and value[0] != "0" else NO

    def starts(self, text: str) -> Match:
        """How well ``startswith`` is: what is kept may begin with zeros that are not shown."""
        if not _digits(text[:1]) or self.plain or (self.full and not self.cut):
            return EXACT
        return EXACT if self.any and not self.cut else NO

    def holds(self, text: str) -> Match:
        """How well ``substringof`` and ``endswith`` are: zeros that are not shown may be found."""
        return INEXACT if text[:1] == "0" and not self.plain and (self.cut or not self.any) else EXACT


def _closed(value: str, among: Collection[str], width: int) -> bool:
    bare = value.lstrip("0") or "0"
    return _digits(value) and all(bare.zfill(length) in among for length in range(len(bare), width + 1))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


@dataclass(slots=True)
class Zeros:
    """What was seen, by entity and field, since the process began."""

    _seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, entity: str, name: str) -> Seen:
        found = self._seen.get((entity, name))
        if found is None:
            with self._lock:
                found = self._seen.setdefault((entity, name), Seen())
        return found
