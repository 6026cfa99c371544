"""What tells the rows of a set apart: a number that people know, where it is unique, else the key of the table."""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from erp_adapters.introspect import Column, Table
from erp_adapters.proposal.columns import Claim
from erp_adapters.proposal.drafts import COMPANY, Key, ref
from erp_adapters.proposal.relations import Relation
from erp_adapters.proposal.standard import standard
from erp_adapters.proposal.study import Study
from erp_adapters.proposal.unheeded import columns_of
from erp_adapters.proposal.values import KEY_MOST, integer_facets, text_codec, text_facets

#: Of what a key may be made without further ado.
SIMPLE = re.compile(r"[A-Za-z0-9._~ -]*")
_KEY_KINDS = ("integer", "numeric", "text", "char", "uuid", "date")
COLUMNS_MOST = 6


def find_key(
    study: Study, table: Table, entity_set: str, found: Mapping[str, Claim], parent: Relation | None, companies: int
) -> Key | None:
    """The key of a set's table; ``None`` if nothing is unique."""
    asked = study.wishes.keys.get(entity_set)
    if asked:
        asked = columns_of(table, entity_set, asked)
        return _key(
            study,
            table,
            entity_set,
            asked,
            1.0,
            "you said so",
            named=_name(entity_set, asked, found, companies),
            companies=companies,
        )
    known = standard().get(entity_set)
    number = found.get(known.number) if known is not None and known.number else None
    for columns, score, because in _choices(study, table, entity_set, number, parent):
        if len(columns) <= COLUMNS_MOST and all(_usable(study, table, c) for c in columns):
            named = _name(entity_set, columns, found, companies)
            key = _key(study, table, entity_set, columns, score, because, named=named, companies=companies)
            if key is not None:
                return key
    return None


def _choices(study: Study, table: Table, entity_set: str, number: Claim | None, parent: Relation | None) -> Any:
    """Columns, confidence, reason: the best first. Asked lazily, because some cost a query."""
    if number is not None and parent is None and _plain(study, table, number.column):
        columns: tuple[str, ...] = (number.column,)
        if columns == table.primary_key:
            yield columns, 0.97, "it is the primary key"
        elif columns in table.unique and (not table.columns[number.column].nullable or study.unique(table, columns)):
            yield columns, 0.97, "it is unique by an index and never null"
        elif number.column in table.primary_key:
            yield from _without_constants(study, table, number.column, entity_set)
        elif _sampled_unique(study, table, columns) and study.unique(table, columns):
            yield columns, 0.85, "it is unique in all rows, though no index says so"
    if table.primary_key:
        yield table.primary_key, 0.95, "it is the primary key"
        yield from _without_moments(study, table)
    for columns in sorted(table.unique, key=len):
        if all(not table.columns[c].nullable for c in columns if c in table.columns):
            yield columns, 0.9, "it is unique by an index"
    yield from _unique_by_rows(study, table, number, parent)


#: Sets whose rows others refer to by their number alone.
MASTERS = frozenset({"Customers", "Items", "Warehouses"})


def _without_constants(study: Study, table: Table, number: str, entity_set: str) -> Any:
    """The number of a master, where the other columns of its key have one value in all rows: that of one company, of
    one client. The condition that it has this value keeps the number unique.
    """
    others = [c for c in table.primary_key if c != number]
    constant = all(len(study.profile(table, c).counts) == 1 for c in others)
    if entity_set in MASTERS and others and constant and study.unique(table, (number,)):
        yield (number,), 0.85, f"it is unique; {', '.join(others)} of the primary key has one value"


def _without_moments(study: Study, table: Table) -> Any:
    """A primary key with a moment in it, which no key may have, where the rest tells the rows apart as well."""
    rest = tuple(c for c in table.primary_key if table.columns[c].kind not in MOMENTS)
    if rest and rest != table.primary_key and _sampled_unique(study, table, rest) and study.unique(table, rest):
        left = ", ".join(c for c in table.primary_key if c not in rest)
        yield rest, 0.8, f"it is the primary key without {left}, and unique in all rows"


#: Kinds of columns of which no key is made, whatever they hold today.
MOMENTS = frozenset({"timestamp", "timestamptz", "time"})


def constants(study: Study, table: Table, key: Key) -> dict[str, Any]:
    """Columns of the primary key that the key leaves out, with the one value that they have."""
    if not set(key.columns) < set(table.primary_key):
        return {}
    left = [c for c in table.primary_key if c not in key.columns and table.columns[c].kind not in MOMENTS]
    found = {c: study.profile(table, c).counts for c in left}
    return {c: next(iter(counts)) for c, counts in found.items() if len(counts) == 1}


def _unique_by_rows(study: Study, table: Table, number: Claim | None, parent: Relation | None) -> Any:
    """Where the database declares nothing: columns that are unique in the rows that were looked at."""
    likely = [number.column] if number is not None else []
    for column in list(table.columns.values())[:12]:
        concepts = {c for words in study.names(table, column.name) for w in words for c in w.concepts}
        if concepts & {"id", "number", "code", "line", "item", "warehouse", "sequence"} and column.name not in likely:
            likely.append(column.name)
    first = list(parent.columns) if parent is not None else []
    groups: list[tuple[str, ...]] = [(c,) for c in likely if parent is None or c not in first]
    groups += [(*first, c) for c in likely if first and c not in first]
    groups += [g for size in (2, 3) for g in combinations(likely[:6], size)]
    tried = 0
    for columns in dict.fromkeys(groups):
        if not _sampled_unique(study, table, columns) or tried > 12:
            continue
        tried += 1
        whole = study.unique(table, columns)
        if whole:
            yield columns, 0.75, "unique in all rows, though no index says so"
        elif whole is None:
            yield columns, 0.5, "unique in the rows that were sampled"


def _sampled_unique(study: Study, table: Table, columns: tuple[str, ...]) -> bool:
    sample = study.sample(table)
    if not sample.data or any(c not in sample.columns for c in columns):
        return False
    rows = sample.tuples(columns)
    return len(set(rows)) == len(rows) and not any(v is None or v == "" for row in rows for v in row)


def _plain(study: Study, table: Table, column: str) -> bool:
    """Values that may stand in a key."""
    texts = study.profile(table, column).texts
    return all(SIMPLE.fullmatch(t) and t.strip() for t in texts)


def _usable(study: Study, table: Table, column: str) -> bool:
    facts = table.columns.get(column)
    return facts is not None and facts.kind in _KEY_KINDS and not study.hidden(table, column)


def _name(entity_set: str, columns: tuple[str, ...], found: Mapping[str, Claim], companies: int) -> str:
    """The standard name where the key is the number that people know, or where there is no such number."""
    known = standard().get(entity_set)
    if known is None:
        return ""
    number = found.get(known.number) if known.number else None
    if known.key != known.number or (
        len(columns) == 1 and companies < 2 and (number is None or number.column == columns[0])
    ):
        return known.key
    return f"{known.head['entity_type']}Key"


def _key(
    study: Study,
    table: Table,
    entity_set: str,
    columns: tuple[str, ...],
    score: float,
    because: str,
    *,
    named: str,
    companies: int,
) -> Key | None:
    parts = [part_length(study, table.columns[c], table) for c in columns]
    names = [ref("", c) for c in columns]
    if companies > 1:
        parts.insert(0, max(map(len, study.companies)))
        names.insert(0, COMPANY)
    length = sum(parts) + len(parts) - 1
    property_name = named or "Key"
    if len(names) == 1:
        column = table.columns[columns[0]]
        codec = key_codec(study, table, column)
        return Key(
            property_name, columns, {"column": names[0], **codec}, {"max_length": min(length, KEY_MOST)}, score, because
        )
    if length > KEY_MOST:
        score, because = score * 0.9, f"{because}; its declared lengths are more than 80 in all, its values are not"
    mapping = {"columns": names, "separator": "~"}
    return Key(property_name, columns, mapping, {"max_length": min(length, KEY_MOST)}, score, because)


def key_codec(study: Study, table: Table, column: Column) -> dict[str, Any]:
    """How a column is read as a text that identifies."""
    if column.kind == "uuid":
        return {"guid": True}
    if column.kind in ("text", "char"):
        return text_codec(column, study.profile(table, column.name))[0]
    return {}


def part_length(study: Study, column: Column, table: Table) -> int:
    """Characters that a column needs in a key."""
    if column.kind == "integer":
        return int(integer_facets(column)["max_length"])
    if column.kind == "numeric":
        return min((column.precision or 18) + 1, 20)
    if column.kind == "uuid":
        return 36
    if column.kind == "date":
        return 10
    return int(text_facets(column, study.profile(table, column.name), key=True)["max_length"])
