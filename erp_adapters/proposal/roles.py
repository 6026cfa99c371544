"""Which table holds which known set: a score from names, known tables, columns and rows, each with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from erp_adapters.introspect import Table
from erp_adapters.proposal.columns import claims
from erp_adapters.proposal.known_tables import known_table
from erp_adapters.proposal.match import best, context_of, says
from erp_adapters.proposal.names import words
from erp_adapters.proposal.patterns import ELSEWHERE, HEADERS, NAMED_ONLY, SIGNATURE, TABLES
from erp_adapters.proposal.study import Study

#: Below it a table is not proposed.
LEAST = 0.42
#: Below it a table is not looked into at all.
WORTH_A_LOOK = 0.3


@dataclass(slots=True)
class Role:
    """A table for a set."""

    entity_set: str
    table: Table
    score: float
    because: list[str] = field(default_factory=list)
    #: The table is known to have the rows of other sets as well.
    shared: bool = False


def promising(name: str) -> bool:
    """Whether a table's name alone says that it may hold a known set: for databases with thousands of tables."""
    read = [words(name)]
    return known_table(name) is not None or any(
        best(read, pattern, context_of(entity_set)) >= WORTH_A_LOOK for entity_set, pattern in TABLES.items()
    )


def candidates(study: Study, *, sampled: bool = False, among: Mapping[str, Table] | None = None) -> list[Role]:
    """All tables for all sets, the best first."""
    found = [
        role
        for table in (study.tables if among is None else among).values()
        if table.name not in study.wishes.exclude and table.bare not in study.wishes.exclude
        for entity_set in TABLES
        if entity_set not in study.wishes.exclude
        if (role := judge(study, table, entity_set, sampled=sampled)).score >= WORTH_A_LOOK
    ]
    return sorted(_known_first(study, found), key=lambda role: -role.score)


def _known_first(study: Study, found: list[Role]) -> list[Role]:
    """Where a table is known to hold a set, no other is surer."""
    known: dict[str, float] = {}
    for role in found:
        told = study.known(role.table)
        if told is not None and role.entity_set in told.sets and role.score >= LEAST:
            known[role.entity_set] = max(role.score, known.get(role.entity_set, 0.0))
    for role in found:
        if role.entity_set in known and study.known(role.table) is None:
            role.score = min(role.score, known[role.entity_set] - 0.02)
    return found


def judge(study: Study, table: Table, entity_set: str, *, sampled: bool) -> Role:
    """How surely a table holds a set."""
    reading = study.reading(table)
    name = best(reading.names, TABLES[entity_set], context_of(entity_set))
    name = max(name, 0.85 * best(reading.halves, TABLES[entity_set], context_of(entity_set)))
    elsewhere = _elsewhere(study, table, entity_set)
    known = reading.known if reading.known is not None and entity_set in reading.known.sets else None
    if (reading.known is not None and known is None) or (not name and known is None and elsewhere):
        return Role(entity_set, table, 0.0)
    columns, having = _signature(study, table, entity_set, sampled=sampled)
    because = []
    if name >= 0.5:
        because.append(f"the name of {table.bare} says so")
    if having:
        because.append(f"it has {', '.join(having[:5])}")
    score = (
        0.62 * name + 0.42 * columns
        if name
        else 0.6 * columns
        if columns >= 0.6 and entity_set not in NAMED_ONLY
        else 0.0
    )
    if elsewhere:
        score *= 0.35
    if known is not None and (columns >= 0.2 or _company_kept(study, known.product)):
        surely = 1.0 if _company_kept(study, known.product) else 0.7 + 0.3 * min(1.0, columns / 0.5)
        score = max(score, known.score * surely)
        because.insert(0, f"{known.product} has it in {table.bare}")
    score *= _rows_factor(study, table, because, sampled=sampled)
    shared = known is not None and len(known.sets) > 1
    if known is not None and shared and sampled and not _has_rows(study, table, known.where(entity_set)):
        return Role(entity_set, table, 0.0)
    return Role(entity_set, table, min(score, 0.98), because, shared)


def _has_rows(study: Study, table: Table, where: Mapping[str, Sequence[str | int]]) -> bool:
    """Whether some of the rows that were looked at are those of the set."""
    columns = tuple(column for column in where if column in study.sample(table).columns)
    rows = study.sample(table).tuples(columns)
    return any(all(v in where[c] for c, v in zip(columns, row, strict=True)) for row in rows)


def _company_kept(study: Study, product: str) -> bool:
    """Whether other tables of the same ERP are there too."""
    return sum(k is not None and k.product == product for k in map(study.known, study.tables.values())) >= 3


def _elsewhere(study: Study, table: Table, entity_set: str) -> bool:
    concepts = {token.removesuffix("?") for token in TABLES[entity_set].split()}
    others = ELSEWHERE - concepts - context_of(entity_set)
    return bool(says(study.reading(table).names[:1], others))


def _signature(study: Study, table: Table, entity_set: str, *, sampled: bool) -> tuple[float, list[str]]:
    """The part of what such a table usually has, and the names of that."""
    weights = SIGNATURE[entity_set]
    found = claims(study, table, entity_set, sampled=sampled)
    having = [name for name in weights if name in found and found[name].score >= 0.55]
    key = {"Inventory": "OnHand", "Prices": "UnitPrice", "Payments": "Amount"}.get(entity_set)
    if key is not None and key not in having:
        return 0.0, []
    return min(1.0, sum(weights[name] for name in having) / (0.75 * sum(weights.values()))), having


def _rows_factor(study: Study, table: Table, because: list[str], *, sampled: bool) -> float:
    rows = study.sample(table).rows if sampled else table.rows
    if sampled and study.sample(table).failure:
        because.append("it cannot be read")
        return 0.3
    if rows == 0:
        because.append("it is empty")
        return 0.75
    if rows:
        because.append(f"{rows} rows" if rows != 1 else "1 row")
    return 0.95 if table.view else 1.0


def choose(study: Study, ranked: list[Role], related: Mapping[tuple[str, str], float]) -> dict[str, Role]:
    """One table per set, each table once. Lines have to lead to their header's table: ``related`` says how surely a
    table refers to another.
    """
    chosen: dict[str, Role] = {}
    for entity_set, name in study.wishes.sets.items():
        table = next((t for t in study.tables.values() if name in (t.name, t.bare)), None)
        if table is not None:
            chosen[entity_set] = Role(entity_set, table, 1.0, ["you said so"])
    likely: dict[str, float] = {}
    for role in ranked:
        if role.entity_set in HEADERS:
            likely[role.table.name] = max(role.score, likely.get(role.table.name, 0.0))
    others = [role for role in ranked if role.entity_set not in HEADERS]
    _take(chosen, [role for role in others if role.score > likely.get(role.table.name, 0.0) - 0.02])
    lines = [_with_header(role, chosen, related) for role in ranked if role.entity_set in HEADERS]
    _take(chosen, sorted(lines, key=lambda role: -role.score))
    _take(chosen, others)
    return chosen


def _take(chosen: dict[str, Role], ranked: list[Role]) -> None:
    used = {role.table.name for role in chosen.values() if not role.shared}
    for role in ranked:
        if role.score >= LEAST and role.entity_set not in chosen and role.table.name not in used:
            chosen[role.entity_set] = role
            if not role.shared:
                used.add(role.table.name)


def _with_header(role: Role, chosen: Mapping[str, Role], related: Mapping[tuple[str, str], float]) -> Role:
    header = chosen.get(HEADERS[role.entity_set])
    if header is None:
        return Role(role.entity_set, role.table, role.score * 0.8, role.because, role.shared)
    surely = related.get((role.table.name, header.table.name), 0.0)
    because = [*role.because, f"its rows refer to {header.table.bare}"] if surely else role.because
    score = min(0.98, role.score + 0.2 * surely if surely else role.score * 0.6)
    return Role(role.entity_set, role.table, score, because, role.shared)
