"""A database under study: names read, rows sampled when asked for, companies told apart. What the guesses share."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from erp_adapters.introspect import Column, Database, Table
from erp_adapters.introspect_sample import Profile, Sample
from erp_adapters.proposal.dictionaries import halves, read_columns, table_halves, usual_dictionary
from erp_adapters.proposal.known_columns import Known
from erp_adapters.proposal.known_tables import KnownTable, known_table
from erp_adapters.proposal.match import says
from erp_adapters.proposal.names import Word, common_prefix, letters_prefix, title, words
from erp_adapters.proposal.patterns import HIDDEN, HIDDEN_TOGETHER, SHOWN

_GUID = re.compile(r"\$[0-9a-f]{8}-[0-9a-f-]{27}$", re.IGNORECASE)
#: The type, in front of a name: strName, dtmOrderDate.
_HUNGARIAN = re.compile(r"(str|lng|int|dtm|dte|dat|cur|dbl|sng|bln|bol|bool|txt|num|chr|byt|dec|fld|guid|mem)(?=[A-Z])")
#: A comment longer than this explains; it is no name.
COMMENT_NAME = 40


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said on the command line."""

    sets: Mapping[str, str] = field(default_factory=dict)  # Invoices -> OINVHD
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # Invoices -> (IVNO,)
    tables: tuple[str, ...] = ()  # to be published beside the known sets
    exclude: tuple[str, ...] = ()  # tables or sets
    publish: frozenset[str] = frozenset()  # Set.COLUMN or TABLE.COLUMN, though it would be hidden
    companies: tuple[str, ...] = ()
    timezone: str = ""  # UTC
    source: str = ""  # name of the database in the settings, where there are several

    def answers(self) -> dict[str, Any]:
        """As JSON."""
        keys = {name: list(columns) for name, columns in self.keys.items()}
        lists = {n: sorted(getattr(self, n)) for n in ("tables", "exclude", "publish", "companies")}
        return {"sets": dict(self.sets), "keys": keys, **lists, "timezone": self.timezone, "source": self.source}

    def with_earlier(self, answers: Mapping[str, Any]) -> "Wishes":
        """What was said before holds, as far as nothing else is said now."""

        def both(name: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys((*answers.get(name, ()), *getattr(self, name))))

        keys = {name: tuple(columns) for name, columns in answers.get("keys", {}).items()}
        return Wishes(
            {**answers.get("sets", {}), **self.sets}, {**keys, **self.keys}, both("tables"), both("exclude"),
            frozenset(both("publish")), self.companies or tuple(answers.get("companies", ())),
            self.timezone or answers.get("timezone", "") or "UTC", self.source or answers.get("source", ""),
        )  # fmt: skip


@dataclass(slots=True)
class Reading:
    """What a table's names say."""

    table: Table
    names: tuple[tuple[Word, ...], ...]
    known: KnownTable | None
    dictionary: str
    items: Mapping[str, Known]
    prefix: str
    halves: tuple[tuple[Word, ...], ...] = ()
    hungarian: bool = False
    columns: dict[str, tuple[tuple[Word, ...], ...]] = field(default_factory=dict)

    def bare(self, column: str) -> str:
        """The column's name without what stands in front of all."""
        if self.hungarian and (found := _HUNGARIAN.match(column)):
            return column[found.end() :]
        return column.removeprefix(self.prefix) or column


@dataclass(slots=True)
class Study:
    """The database, the wishes, and what was read of both so far."""

    database: Database
    wishes: Wishes
    look: Callable[[Table, frozenset[str]], Sample]
    unique: Callable[[Table, tuple[str, ...]], bool | None]
    included: Callable[[Iterable[Any], Table, str], float | None]
    tables: dict[str, Table] = field(default_factory=dict)
    #: One table per company: the name with ``{company}``, and whose they are.
    templates: dict[str, str] = field(default_factory=dict)
    companies: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    _readings: dict[str, Reading] = field(default_factory=dict)
    _samples: dict[str, Sample] = field(default_factory=dict)
    _prefix: str = ""
    _dictionary: str = ""
    #: The ERP that several tables are known to be of.
    _product: str = ""
    _bare_names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.tables = _one_company(self)
        self._bare_names = frozenset(table.bare.lower() for table in self.tables.values())
        found = (known_table(_plain(self, table), self._bare_names) for table in self.tables.values())
        products = Counter(known.product for known in found if known is not None)
        if products and (most := products.most_common(1)[0])[1] >= 3:
            self._product = most[0]
        self._dictionary = usual_dictionary(tuple(table.columns) for table in self.tables.values())
        bare = [_plain(self, table) for table in self.tables.values()]
        self._prefix = common_prefix(bare)
        shorter = [name.removeprefix(self._prefix) for name in bare]
        if letters := letters_prefix(shorter, longest=1):
            self._prefix += letters if _known_share(shorter, letters) > _known_share(shorter, "") else ""

    def forget(self) -> None:
        """Tables were replaced: what was read and sampled of them is not theirs any more."""
        self._readings.clear()
        for name, sample in self._samples.items():
            sample.table = self.tables.get(name, sample.table)

    # --- names --------------------------------------------------------------------------------------------------

    def reading(self, table: Table) -> Reading:
        if table.name not in self._readings:
            self._readings[table.name] = self._read(table)
        return self._readings[table.name]

    def _read(self, table: Table) -> Reading:
        plain = _plain(self, table)
        names = [words(plain.removeprefix(self._prefix))]
        if table.comment and len(table.comment) <= COMMENT_NAME:
            names.append(words(table.comment))
        columns = tuple(table.columns)
        known = known_table(plain, self._bare_names) or known_table(table.bare, self._bare_names)
        product = known.product if known else self._product
        dictionary, items = read_columns(columns, self._dictionary, product)
        prefix = common_prefix(columns, 0.8) or letters_prefix(columns)
        if prefix and _known_share(columns, prefix) <= _known_share(columns, "") and not _sign(prefix):
            prefix = ""
        if items and not prefix and len({c[:2] for c in columns}) == 1 and len(columns) > 2:
            prefix = columns[0][:2]  # names of the dictionary, with the letters of the table in front
        read = table_halves(plain.removeprefix(self._prefix)) if not any(w.known for n in names for w in n) else ""
        halves_ = (words(read),) if read else ()
        hungarian = sum(bool(_HUNGARIAN.match(c)) for c in columns) >= max(2, 0.7 * len(columns))
        return Reading(table, tuple(filter(None, names)), known, dictionary, items, prefix, halves_, hungarian)

    def names(self, table: Table, column: str) -> tuple[tuple[Word, ...], ...]:
        """The readings of a column's name, the most trusted first."""
        reading = self.reading(table)
        if column not in reading.columns:
            found = []
            if column in reading.items:
                found.append(words(reading.items[column].label))
            found.append(words(reading.bare(column)))
            if reading.prefix:
                found.append(words(column))
            if (read := halves(column)) and not any(word.known for word in found[0]):
                found.insert(0, words(read))
            comment = table.columns[column].comment
            if comment and len(comment) <= COMMENT_NAME:
                found.insert(0 if not any(w.known for w in found[0]) else 1, words(comment))
            reading.columns[column] = tuple(dict.fromkeys(filter(None, found)))
        return reading.columns[column]

    def bare(self, table: Table, column: str) -> str:
        """The column's name in small letters, without what stands in front of all names of its table."""
        return self.reading(table).bare(column).lower()

    def hint(self, table: Table, column: str) -> Known | None:
        return self.reading(table).items.get(column)

    def label(self, table: Table, column: str) -> str:
        """What people read: the comment, the dictionary's name, or the column's own name written out."""
        comment = table.columns[column].comment
        first = re.split(r"[.;:(\n]", comment)[0].strip() if comment else ""
        if 2 < len(first) <= COMMENT_NAME:
            return first if " " in first or not first.isupper() else title(first)
        reading = self.reading(table)
        if column in reading.items:
            return reading.items[column].label
        if read := halves(column):
            return title(read)
        rest = reading.bare(column) if reading.hungarian or _sign(reading.prefix) else column
        return _written_out(rest or column)[:40].strip()

    def plain(self, table: Table) -> str:
        """The name without company and application id."""
        return _plain(self, table)

    def known(self, table: Table) -> KnownTable | None:
        """What is known of a table of that name."""
        return self.reading(table).known

    # --- values -------------------------------------------------------------------------------------------------

    def sample(self, table: Table) -> Sample:
        if table.name not in self._samples:
            hidden = frozenset(name for name in table.columns if self.hidden(table, name))
            self._samples[table.name] = self.look(table, hidden)
        return self._samples[table.name]

    def profile(self, table: Table, column: str) -> Profile:
        return self.sample(table).profile(column)

    def hidden(self, table: Table, column: str, entity_set: str = "") -> str | None:
        """Why a column is left out, unless somebody asks for it: what it seems to hold."""
        asked = {f"{table.name}.{column}", f"{table.bare}.{column}", f"{entity_set}.{column}"}
        asked |= {f"{name}.{column}" for name, of in self.wishes.sets.items() if of == table.name}
        if asked & self.wishes.publish or any(
            p.rpartition(".")[2] == column and p.rpartition(".")[0] not in self.tables for p in self.wishes.publish
        ):
            return None
        known = self.hint(table, column)
        if known is not None:
            return "a cost" if known.hidden else None
        names = self.names(table, column)
        for reading in names:
            together = {concept for word in reading for concept in word.concepts}
            if " ".join(c for w in reading for c in w.concepts[:1]) in SHOWN:
                return None
            for needed, what in HIDDEN_TOGETHER:
                if needed <= together:
                    return what
        found = says(names, frozenset(HIDDEN))
        return HIDDEN[found] if found else None

    def relevant(self, table: Table) -> Iterable[Column]:
        """The columns that may be published."""
        return (column for name, column in table.columns.items() if not self.hidden(table, name))


def _sign(prefix: str) -> bool:
    return bool(prefix) and not prefix[-1].isalnum()


def _known_share(names: Iterable[str], prefix: str) -> float:
    """The share of letters in names that belong to known words."""
    known = total = 0
    for name in names:
        for word in words(name.removeprefix(prefix)):
            total += len(word.text)
            known += len(word.text) * word.known
    return known / total if total else 0.0


def _written_out(name: str) -> str:
    """A label from a name; compounds are cut only where all of it is known."""
    text = title(name)
    if " " in text or (not name.isupper() and not name.islower()):
        return text
    parts = words(name)
    if len(parts) > 1 and all(part.known for part in parts) and "".join(p.text for p in parts) == name.lower():
        return " ".join(part.text.capitalize() for part in parts)
    return text


def _plain(study: Study, table: Table) -> str:
    """The name without company and application id."""
    bare = _GUID.sub("", table.bare)
    return bare.partition("$")[2] if table.name in study.templates and "$" in bare else bare


def _one_company(study: Study) -> dict[str, Table]:
    """The tables, those of several companies once: ``CRONUS$Customer`` and ``Fabrikam$Customer`` are one."""
    owners: dict[str, dict[str, Table]] = {}
    for table in study.database.tables.values():
        company, sign, rest = table.bare.partition("$")
        if sign and company and rest:
            owners.setdefault(company, {})[rest] = table
    companies = [company for company, owned in owners.items() if len(owned) >= 3]
    if not companies:
        return dict(study.database.tables)
    asked = [c for c in study.wishes.companies if c in companies]
    chosen = asked or sorted(companies, key=lambda company: -sum(t.rows or 0 for t in owners[company].values()))
    study.companies = tuple(chosen)
    kept = {
        n: t for n, t in study.database.tables.items() if t.bare.partition("$")[0] not in owners or "$" not in t.bare
    }
    for company in chosen:
        for rest, table in owners[company].items():
            prefix = f"{table.schema}." if table.schema else ""
            template = f"{prefix}{{company}}${rest}"
            if template not in study.templates.values():
                study.templates[table.name] = template
                kept[table.name] = table
    return kept
