"""The process's own level: answers as they are, and their rows one by one, so that a list answers for its details.

Bounded by cells (rows times columns); what was not asked for longest goes first. Nothing here knows how old an answer
may be: that is for whoever asks.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edm.expressions import IT, Call, Const, Expr, Prop, conjuncts
from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Row
from erp_adapters.cache.entry import Entry
from erp_adapters.cache.key import Key

#: Answers to one question with different columns, and rows that different answers brought of one entity.
_VARIANTS = 4
#: Answers of more rows are not taken apart: nobody clicks through them.
_TAKEN_APART = 250


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row that an answer brought, and the conditions that it is known to meet."""

    columns: tuple[str, ...]
    row: Row
    fetched: float
    met: frozenset[Expr]

    took: float

    def answer(self, query: Query) -> Entry | None:
        """The row as the answer to a question for it; ``None`` if a column is missing."""
        count = 1 if query.count else None
        one = Entry(self.columns, [self.row], count, self.fetched, self.took, derived=True)
        return _with_columns(one, query.columns)

    def covers(self, other: "_Seen") -> bool:
        """Whether it has all columns of the other one, mostly because both have the same."""
        return self.columns == other.columns or set(other.columns) <= set(self.columns)


@dataclass(slots=True)
class Memory:
    """Answers by question. ``most`` is the number of cells that are kept."""

    most: int = 2_000_000
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _answers: OrderedDict[Key, list[Entry]] = field(default_factory=OrderedDict)
    _rows: OrderedDict[tuple[str, str, str], tuple[_Seen, ...]] = field(default_factory=OrderedDict)
    _cells: int = 0

    def get(self, key: Key, entity_set: EntitySet) -> Entry | None:
        """The newest answer to ``key``, in its columns: its own, that of a wider one, or a row of a list."""
        columns = key.query.columns
        with self._lock:
            variants = self._answers.get(key.rows)
            if variants is not None:
                self._answers.move_to_end(key.rows)
            found = [_with_columns(entry, columns) for entry in variants or ()]
        answers = [entry for entry in (*found, self._of_a_list(key, entity_set)) if entry is not None]
        return max(answers, key=lambda entry: (entry.fetched, not entry.derived), default=None)

    def put(self, key: Key, entry: Entry, entity_set: EntitySet, *, apart: bool = True) -> None:
        """Keeps the answer instead of those that it covers, and its rows one by one unless they are not to be taken
        ``apart``.
        """
        with self._lock:
            variants = self._answers.pop(key.rows, [])
            kept = [old for old in variants if not _covers(entry, old)][-_VARIANTS + 1 :]
            self._cells += _cells(entry) - sum(map(_cells, variants)) + sum(map(_cells, kept))
            self._answers[key.rows] = [*kept, entry]
            for name, seen in _taken_apart(key, entry, entity_set) if apart else ():
                self._rows[name] = (seen, *_beside(seen, self._rows.get(name, ())))
                self._rows.move_to_end(name)
            self._shrink()

    def _shrink(self) -> None:
        while self._cells > self.most and self._answers:
            _, dropped = self._answers.popitem(last=False)
            self._cells -= sum(map(_cells, dropped))
        while len(self._rows) > self.most // 20:
            self._rows.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()
            self._rows.clear()
            self._cells = 0

    # --- rows of lists --------------------------------------------------------------------------------------------

    def _of_a_list(self, key: Key, entity_set: EntitySet) -> Entry | None:
        """The answer for one entity out of a list that held it.

        Right only if the row is known to meet every other condition of the question as well, such as a row scope.
        """
        query = key.query
        if query.source is not None or query.compute or query.skip or query.top == 0:
            return None
        value, others = one_key(query, entity_set.type.key)
        if value is None:
            return None
        with self._lock:
            known = self._rows.get((entity_set.name, key.view, value), ())
        found = (seen.answer(query) for seen in known if others <= seen.met)
        return max((one for one in found if one is not None), key=lambda one: one.fetched, default=None)


def _beside(new: _Seen, others: Sequence[_Seen]) -> Sequence[_Seen]:
    """Of the ``others`` those that have columns which ``new`` lacks: a narrow list does not displace a whole record."""
    return [old for old in others if not new.covers(old)][: _VARIANTS - 1]


def _with_columns(entry: Entry, columns: tuple[str, ...]) -> Entry | None:
    if entry.columns == columns:
        return entry
    rows = entry.projected(columns)
    return None if rows is None else Entry(columns, rows, entry.count, entry.fetched, entry.took, derived=True)


def _covers(new: Entry, old: Entry) -> bool:
    return set(old.columns) <= set(new.columns)


def _cells(entry: Entry) -> int:
    return (len(entry.rows) + 1) * (len(entry.columns) + 1)


def one_key(query: Query, name: str) -> tuple[str | None, frozenset[Expr]]:
    """The key that the condition asks for, and what else it asks."""
    value, others = None, set()
    for part in conjuncts(query.filter):
        match part:
            case Call(function="eq", args=(Prop(path=(own,), variable=row), Const(value=str() as wanted))) if (
                own == name and row == IT
            ):
                if value is not None and value != wanted:
                    return None, frozenset()
                value = wanted
            case _:
                others.add(part)
    return value, frozenset(others)


def _taken_apart(key: Key, entry: Entry, entity_set: EntitySet) -> Iterator[tuple[tuple[str, str, str], _Seen]]:
    name, query = entity_set.type.key, key.query
    if query.source is not None or name not in entry.columns or len(entry.rows) > _TAKEN_APART:
        return
    place, met = entry.columns.index(name), key.met
    for row in entry.rows:
        yield (entity_set.name, key.view, row[place]), _Seen(entry.columns, row, entry.fetched, met, entry.took)
