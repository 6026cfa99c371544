"""Columns that say whose rows they are and are the same in all of them: SAP's client, the tenant of a hosted ERP.

Such a column is the first of nearly every primary key. It is left out of keys and relations, and becomes a condition.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from erp_adapters.proposal.study import Study

#: Tables that must have it, and their part of all tables with a key of several columns.
LEAST, SHARE = 4, 0.6


@dataclass(frozen=True, slots=True)
class Tenant:
    """The column of each table, and the value that it has everywhere."""

    columns: Mapping[str, str]
    value: Any


def find_tenant(study: Study) -> Tenant | None:
    """The tenant's column, if there is one; the keys of the study's tables are without it then."""
    keyed = [t for t in study.tables.values() if len(t.primary_key) > 1]
    counts = Counter(study.bare(t, t.primary_key[0]) for t in keyed)
    if not counts:
        return None
    name, count = counts.most_common(1)[0]
    columns = {t.name: c for t in study.tables.values() for c in t.columns if study.bare(t, c) == name}
    having = [study.tables[table] for table in columns]
    if count < LEAST or count < SHARE * len(keyed) or len(having) < SHARE * len(study.tables):
        return None
    if {c for words in study.names(having[0], columns[having[0].name]) for w in words for c in w.concepts} & _NOT:
        return None
    most = sorted(having, key=lambda t: -(t.rows or 0))[:4]
    values = {v for t in most for v in study.profile(t, columns[t.name]).counts}
    if len(values) != 1:
        return None
    for table in having:
        own = columns[table.name]
        study.tables[table.name] = replace(
            table,
            primary_key=tuple(c for c in table.primary_key if c != own),
            unique=tuple(tuple(c for c in key if c != own) for key in table.unique),
        )
    study.forget()
    told = columns[most[0].name] if len(set(columns.values())) == 1 else name.upper()
    value = values.pop()
    study.notes.append(f"{told} is {value!r} in all rows that were looked at: a condition on every set, part of no key")
    return Tenant(columns, value)


#: A first column of a key that is one of these is that of the thing.
_NOT = frozenset({"item", "customer"})
