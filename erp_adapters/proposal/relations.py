"""Which rows refer to which: foreign keys where the database has them, else names that match and values that are there.

A relation leads to columns that are unique in their table, so that it may become a join or a navigation property.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from erp_adapters.introspect import Column, Table
from erp_adapters.proposal.names import CONCEPTS, Word
from erp_adapters.proposal.study import Study

#: Parts of values that must be found on the other side.
ENOUGH = 0.9
#: Values that are looked up for one guess, guesses that are looked up for one column.
VALUES, GUESSES = 60, 6
#: Concepts that say how a thing is named, not which thing it is.
NAMING = frozenset({"id", "number", "code", "ref", "name", "document"})
_KEYS = ("integer", "text", "char", "numeric", "uuid")


@dataclass(frozen=True, slots=True)
class Relation:
    """Own columns that hold the values of ``referred`` of ``target``."""

    table: str
    columns: tuple[str, ...]
    target: str
    referred: tuple[str, ...]
    score: float
    because: str


@dataclass(slots=True)
class Relations:
    """The relations of each table, found when asked for."""

    study: Study
    _found: dict[str, list[Relation]] = field(default_factory=dict)
    _by_concept: dict[str, list[Table]] = field(default_factory=dict)

    def of(self, table: Table) -> list[Relation]:
        if table.name not in self._found:
            declared = list(_declared(self.study, table))
            done = {r.columns[0] for r in declared if len(r.columns) == 1}
            guessed = list(self._guessed(table, done))
            self._found[table.name] = [*declared, *_shared_keys(self.study, table, declared), *guessed]
        return self._found[table.name]

    def to(self, table: Table, target: str) -> Relation | None:
        """The surest relation to a table."""
        found = [r for r in self.of(table) if r.target == target]
        return max(found, key=lambda r: (r.score, len(r.columns)), default=None)

    def probe(self, table: Table, column: str, target: Table, more: Iterable[str] = ()) -> Relation | None:
        """Whether a column whose name says so leads to a table: the values decide, and to which key of it."""
        facts = table.columns[column]
        values = [v for v in self.study.profile(table, column).counts if v not in (0, "") and str(v).strip()][:VALUES]
        if not values or facts.kind not in _KEYS:
            return None
        for referred in dict.fromkeys((*more, *_keys(self.study, target))):
            if (table.name, column) == (target.name, referred) or not _comparable(facts, target.columns[referred]):
                continue
            found = self.study.included(values, target, referred)
            if found is not None and found >= ENOUGH:
                because = f"{found:.0%} of {len(values)} values are in {target.bare}.{referred}"
                relation = Relation(table.name, (column,), target.name, (referred,), 0.9, because)
                self.of(table).append(relation)
                return relation
        within = _within(self.study, table, column, target)
        if within is not None and all((r.columns, r.target) != (within.columns, within.target) for r in self.of(table)):
            self.of(table).append(within)
        return within

    # --- guesses ------------------------------------------------------------------------------------------------

    def _guessed(self, table: Table, done: set[str]) -> Iterator[Relation]:
        sample = self.study.sample(table)
        for column in self.study.relevant(table):
            if column.name in done or column.kind not in _KEYS or column.scale or column.name not in sample.columns:
                continue
            values = [v for v in sample.profile(column.name).counts if v not in (0, "") and str(v).strip()][:VALUES]
            if not values or sample.profile(column.name).decimals or _counts_lines(self.study, table, column):
                continue
            if column.kind in ("integer", "numeric") and set(values) <= {1}:
                continue
            fitting: list[tuple[float, Table, str, float]] = []
            for closeness, target, referred in self._targets(table, column)[:GUESSES]:
                if not _comparable(column, target.columns[referred]) or (fitting and closeness < fitting[0][0]):
                    continue
                found = self.study.included(values, target, referred)
                if found is not None and found >= ENOUGH:
                    fitting.append((closeness, target, referred, found))
            if len(fitting) > 1:
                fitting.sort(key=lambda fit: -self._covered(table, column.name, fit[1], fit[2]))
            for closeness, target, referred, found in fitting[:1]:
                because = f"{found:.0%} of {len(values)} values are in {target.bare}.{referred}"
                score = round(0.6 + 0.35 * closeness, 2)
                yield Relation(table.name, (column.name,), target.name, (referred,), score, because)

    def _covered(self, table: Table, column: str, target: Table, referred: str) -> float:
        """Where names fit several tables: how many of all values are there, how many of its rows are referred to."""
        values = list(self.study.profile(table, column).counts)
        there = list(self.study.profile(target, referred).counts)
        own = set(values)
        back = sum(value in own for value in there) / len(there) if there else 0.0
        return (self.study.included(values, target, referred) or 0.0) + back

    def _targets(self, table: Table, column: Column) -> list[tuple[float, Table, str]]:
        """Tables that a column may refer to by its name, the closest first."""
        found: dict[tuple[str, str], tuple[float, Table, str]] = {}
        bare = self._bare(table, column.name)
        own_key = (column.name,) in (table.primary_key, *table.unique)
        residual = [_residual(words) for words in self.study.names(table, column.name)]
        small = column.kind in ("integer", "numeric")  # any small numbers are among the ids of a table
        for target in self._pool(residual, bare, column):
            for referred in _keys(self.study, target):
                if target.name == table.name and (referred == column.name or not _parental(self.study, table, column)):
                    continue
                closeness = 0.0
                same = bare == self._bare(target, referred) or column.name.lower() == referred.lower()
                if same and len(bare) > 2 and any(residual) and bare not in _GENERIC:
                    closeness = 0.95
                closeness = max(closeness, *(_closeness(self.study, words, target) for words in residual), 0.0)
                if own_key and (closeness < 0.9 or (same and self._usual_key(bare) and not any(
                    _closeness(self.study, words, target) for words in residual[:1]
                ))):  # fmt: skip
                    continue
                if closeness >= (0.75 if small else 0.4):
                    found[target.name, referred] = (closeness, target, referred)
        return sorted(found.values(), key=lambda item: -item[0])

    def _usual_key(self, bare: str) -> bool:
        """Whether several tables call their key so: then equal names say nothing."""
        keys = [
            {self._bare(t, k[0]) for k in (t.primary_key, *t.unique) if len(k) == 1} for t in self.study.tables.values()
        ]
        return sum(bare in names for names in keys) > 2

    def _bare(self, table: Table, column: str) -> str:
        return self.study.bare(table, column)

    def _pool(self, residual: Sequence[Sequence[Word]], bare: str, column: Column) -> list[Table]:
        if not self._by_concept:
            for table in self.study.tables.values():
                for words in self.study.reading(table).names:
                    for word in words:
                        for token in (*word.concepts, _stem(word.text)):
                            self._by_concept.setdefault(token, []).append(table)
                for key in _keys(self.study, table):
                    self._by_concept.setdefault(f"={self._bare(table, key)}", []).append(table)
                    self._by_concept.setdefault(f"={key.lower()}", []).append(table)
        tokens = {t for words in residual for w in words for t in (*w.concepts, _stem(w.text))} | {
            f"={bare}",
            f"={column.name.lower()}",
        }
        pool = {t.name: t for token in tokens for t in self._by_concept.get(token, ())}
        return list(pool.values())


_GENERIC = frozenset({"id", "code", "no", "nr", "num", "number", "name", "type", "typ", "status", "key", "seq", "pos"})


def _residual(words: Sequence[Word]) -> tuple[Word, ...]:
    left = tuple(w for w in words if not NAMING.intersection(w.concepts) and not w.text.isdigit())
    return left


def _stem(text: str) -> str:
    return text[:-3] + "y" if text.endswith("ies") else text.removesuffix("s") if len(text) > 3 else text


def _closeness(study: Study, words: Sequence[Word], target: Table) -> float:
    """How much of the table's name the column's name says."""
    if not words:
        return 0.0
    best = 0.0
    told = [{*w.concepts, _stem(w.text)} for w in words]
    for names in study.reading(target).names:
        tokens = [{*w.concepts, _stem(w.text)} for w in names]
        hits = sum(any(t & w for w in told) for t in tokens)
        if len(words) < len(names) and [_stem(w.text) for w in words] == [_stem(w.text) for w in names[-len(words) :]]:
            best = max(best, 0.8)  # ``template`` of ``product_template``
        if not hits and len(words) == 1 and any(_short_for(words[0], w) for w in names):
            best = max(best, 0.85 / (1 + 0.6 * (len(names) - 1)))
        if hits:
            extra = sum(
                not any(t & w for w in told) and not (t & CONCEPTS and t & CONCEPTS <= _NEUTRAL) for t in tokens
            )
            missed = sum(not any(w & t for t in tokens) for w in told)
            best = max(best, hits / (hits + 0.6 * extra + 0.25 * missed))
    return best


def _short_for(word: Word, of: Word) -> bool:
    """``soc`` of ``societe``"""
    return not word.known and len(word.text) >= 3 and of.text.startswith(word.text)


_NEUTRAL = frozenset({"master", "header", "list", "document", "sales", "company"})


def _counts_lines(study: Study, table: Table, column: Column) -> bool:
    """A number of a line: small numbers that are found anywhere."""
    words = study.names(table, column.name)[0]
    return bool(words) and all({"line", "sequence", "number", "quantity", "days"} & set(w.concepts) for w in words)


def _parental(study: Study, table: Table, column: Column) -> bool:
    """A column that refers to another row of its own table."""
    concepts = {c for words in study.names(table, column.name) for w in words for c in w.concepts}
    return bool(concepts & {"parent", "successor", "origin", "credit", "payer"})


def _comparable(one: Column, other: Column) -> bool:
    numbers = {"integer", "numeric"}
    texts = {"text", "char"}
    return one.kind == other.kind or {one.kind, other.kind} <= numbers or {one.kind, other.kind} <= texts


def _keys(study: Study, table: Table) -> Iterable[str]:
    """Columns that alone are unique: declared, or the first that looks like an id where nothing is declared."""
    declared = [key[0] for key in (table.primary_key, *table.unique) if len(key) == 1]
    if declared:
        return dict.fromkeys(declared)
    if table.primary_key:
        return ()
    likely = []
    for column in list(table.columns.values())[:8]:
        concepts = {c for words in study.names(table, column.name) for w in words for c in w.concepts}
        if column.kind in _KEYS and not column.scale and concepts & {"id", "number", "code"}:
            likely.append(column.name)
    return [name for name in likely[:3] if study.unique(table, (name,))]


# Declared, or by a key of several columns


def _declared(study: Study, table: Table) -> Iterator[Relation]:
    for key in table.foreign_keys:
        target = study.tables.get(key.table)
        if target is not None and all(name in target.columns for name in key.referred) and key.columns:
            referred = key.referred or target.primary_key
            if len(referred) == len(key.columns) and all(c in table.columns for c in key.columns):
                yield Relation(table.name, key.columns, target.name, tuple(referred), 1.0, "a foreign key says so")


def _shared_keys(study: Study, table: Table, declared: list[Relation]) -> Iterator[Relation]:
    """The key of several columns of another table, under the same names."""
    own = _by_name(study, table)
    known = {r.target for r in declared}
    for target in study.tables.values():
        if target.name == table.name or target.name in known or len(target.primary_key) < 2:
            continue
        names = [study.bare(target, name) for name in target.primary_key]
        if not _leads(study, table, target, names):
            continue
        columns = _first_columns(study, table, target) or tuple(
            own.get(key.lower()) or own.get(name, "") for key, name in zip(target.primary_key, names, strict=True)
        )
        if not all(columns):
            continue
        if columns and all(
            _comparable(table.columns[c], target.columns[k]) for c, k in zip(columns, target.primary_key, strict=True)
        ):
            share = _share(study, table, columns, target)
            if share is not None and share >= ENOUGH:
                because = f"the same columns are the key of {target.bare}, and {share:.0%} of the values are there"
                yield Relation(table.name, columns, target.name, target.primary_key, 0.9, because)


def _first_columns(study: Study, table: Table, target: Table) -> tuple[str, ...]:
    """A key that goes on where that of the header ends: (type, document no, line no) after (type, no)."""
    if len(table.primary_key) != len(target.primary_key) + 1:
        return ()
    first = table.primary_key[:-1]
    for own, theirs in zip(first, target.primary_key, strict=True):
        mine = {c for words in study.names(table, own) for w in words for c in w.concepts}
        other = {c for words in study.names(target, theirs) for w in words for c in w.concepts}
        things, their_things = mine - NAMING - _NEUTRAL, other - NAMING - _NEUTRAL
        if own != theirs and (not mine & other or (things and their_things and not things & their_things)):
            return ()
    return first


def _by_name(study: Study, table: Table) -> dict[str, str]:
    """The columns by their names with and without what stands in front of all of them."""
    return {
        **{study.bare(table, name): name for name in table.columns},
        **{name.lower(): name for name in table.columns},
    }


#: Concepts of columns that say within what a number counts.
_WITHIN = frozenset({"company", "division"})


def _within(study: Study, table: Table, column: str, target: Table) -> Relation | None:
    """A column that leads to a table whose key has the company too, which is called the same on both sides."""
    own = _by_name(study, table)
    pairs: dict[str, str] = {}
    for key in target.primary_key:
        same = own.get(key.lower()) or own.get(study.bare(target, key))
        concepts = {c for words in study.names(target, key) for w in words for c in w.concepts}
        if same is not None and same != column and concepts & _WITHIN:
            pairs[key] = same
    left = [key for key in target.primary_key if key not in pairs]
    if len(left) != 1 or not pairs or not _comparable(table.columns[column], target.columns[left[0]]):
        return None
    columns = tuple(pairs.get(key, column) for key in target.primary_key)
    share = _share(study, table, columns, target)
    if share is None or share < ENOUGH:
        return None
    because = f"{share:.0%} of the values are in {target.bare}, whose key is {', '.join(target.primary_key)}"
    return Relation(table.name, columns, target.name, target.primary_key, 0.9, because)


def _leads(study: Study, table: Table, target: Table, names: Sequence[str]) -> bool:
    """The target is not a part of the same rows: its key is shorter than ours, or ours is another."""
    own = {study.bare(table, name) for name in table.primary_key}
    return not own or set(names) != own


def _share(study: Study, table: Table, columns: tuple[str, ...], target: Table) -> float | None:
    """The least share over the columns: which of them come together is not looked at."""
    sample = study.sample(table)
    shares = []
    for own, theirs in zip(columns, target.primary_key, strict=True):
        values = list(sample.profile(own).counts)[:VALUES]
        found = study.included(values, target, theirs) if values else None
        if found is None:
            return None
        shares.append(found)
    return min(shares)
