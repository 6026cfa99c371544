"""From a study to a proposal: which tables, which keys, which properties, each when what it needs is known."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from erp_adapters.introspect import Database, Progress, Table
from erp_adapters.introspect_sample import included, is_unique, sample
from erp_adapters.proposal.amounts import by_sums, without
from erp_adapters.proposal.borrowed import enrich
from erp_adapters.proposal.columns import Claim, by_value, claims
from erp_adapters.proposal.decimals import implied
from erp_adapters.proposal.drafts import Draft, Proposal
from erp_adapters.proposal.fields import Fields
from erp_adapters.proposal.keys import find_key
from erp_adapters.proposal.names import pascal, title
from erp_adapters.proposal.patterns import FRESH, HEADERS
from erp_adapters.proposal.relations import Relations
from erp_adapters.proposal.remaining import rest
from erp_adapters.proposal.roles import LEAST, Role, candidates, choose
from erp_adapters.proposal.rows import narrow, with_old
from erp_adapters.proposal.shapes import Shapes, nothing
from erp_adapters.proposal.standard import standard
from erp_adapters.proposal.study import Study, Wishes
from erp_adapters.proposal.tenants import Tenant, find_tenant
from erp_adapters.proposal.totals import totals
from erp_adapters.proposal.unheeded import unheeded

#: Tables that are looked into for each set.
PER_SET = 5


@dataclass(slots=True)
class _Work:
    """What is known while a proposal is made."""

    study: Study
    relations: Relations
    roles: dict[str, Role] = field(default_factory=dict)
    claims: dict[str, dict[str, Claim]] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)


def study_of(database: Database, wishes: Wishes, size: int) -> Study:
    """A study whose questions go to the database."""
    return Study(
        database,
        wishes,
        lambda table, hidden: sample(database, table, size, hidden),
        partial(is_unique, database),
        partial(included, database),
    )


def propose(study: Study, progress: Progress = lambda what, done, total: None) -> Proposal:
    """All sets that can be proposed, and notes on what could not."""
    work = _Work(study, Relations(study))
    tenant = find_tenant(study)
    work.roles = _roles(work, progress)
    proposal = Proposal()
    _claim(work)
    _draft(work, proposal)
    _fill(work, progress)
    if tenant is not None:
        _of_tenant(work, tenant)
    proposal.notes = [*study.database.notes, *study.notes, *proposal.notes, *unheeded(study, work.drafts)]
    proposal.drafts = dict(sorted(work.drafts.items(), key=lambda item: (item[1].head["order"], item[0])))
    return proposal


def _of_tenant(work: _Work, tenant: Tenant) -> None:
    """The condition on every table that has the tenant's column."""
    by_name = {
        fields_name: t for t in work.study.tables.values() for fields_name in (t.name, work.study.templates.get(t.name))
    }
    for draft in work.drafts.values():
        own = tenant.columns.get(draft.table.name)
        if own is not None:
            draft.where = {own: tenant.value, **draft.where}
            draft.items.pop(next((n for n, i in draft.items.items() if i.mapping == own), ""), None)
        for part in (*draft.joins.values(), *draft.totals.values()):
            table = by_name.get(part["table"])
            if table is not None and table.name in tenant.columns:
                part["where"] = {tenant.columns[table.name]: tenant.value, **part.get("where", {})}


# --- which tables -------------------------------------------------------------------------------------------------


def _roles(work: _Work, progress: Progress) -> dict[str, Role]:
    study = work.study
    ranked = candidates(study)
    best = _best(ranked)
    for number, table in enumerate(best.values()):
        progress("sampling rows", number, len(best))
        study.sample(table)
    progress("sampling rows", len(best), len(best))
    _note_unreadable(study, ranked, best)
    ranked = candidates(study, sampled=True, among=best)
    return {**choose(study, ranked, _related(work, ranked)), **_asked(study)}


def _note_unreadable(study: Study, ranked: Iterable[Role], best: Mapping[str, Table]) -> None:
    """Tables that would be proposed if the role could read them."""
    wanted = {role.table.name: role.entity_set for role in ranked if role.score >= LEAST and role.table.name in best}
    for name, entity_set in wanted.items():
        if failure := study.sample(best[name]).failure:
            why = failure.splitlines()[0][:200]
            study.notes.append(f"{name}, which looks like {entity_set}, cannot be read and is left out: {why}")
    if study.database.skipped:
        count = len(study.database.skipped)
        study.notes.append(f"{count} tables whose names say nothing were not looked at; name one by --set or --table")


def _best(ranked: Iterable[Role]) -> dict[str, Table]:
    per_set: dict[str, list[Table]] = {}
    for role in ranked:
        some = per_set.setdefault(role.entity_set, [])
        if len(some) < PER_SET:
            some.append(role.table)
    return {table.name: table for some in per_set.values() for table in some}


def _related(work: _Work, ranked: Iterable[Role]) -> dict[tuple[str, str], float]:
    """How surely tables that may hold lines refer to tables that may hold their headers."""
    ranked = list(ranked)
    headers = {role.table.name for role in ranked if role.entity_set in HEADERS.values()}
    for role in ranked:
        if role.entity_set in HEADERS:
            _probe_header(work, role, [other for other in ranked if other.entity_set == HEADERS[role.entity_set]])
    lines = {role.table.name: role.table for role in ranked if role.entity_set in HEADERS}
    return {
        (table.name, relation.target): relation.score
        for table in lines.values()
        for relation in work.relations.of(table)
        if relation.target in headers and relation.target != table.name
    }


def _probe_header(work: _Work, role: Role, headers: list[Role]) -> None:
    """A document number in a line may be that of its header, which the name does not say."""
    name = next(p for p, of in standard()[role.entity_set].foreign().items() if of == HEADERS[role.entity_set])
    claim = claims(work.study, role.table, role.entity_set, sampled=True).get(name)
    known = {r.target for r in work.relations.of(role.table)}
    if claim is None or any(claim.column in r.columns for r in work.relations.of(role.table)):
        return
    for header in headers[:3]:
        if header.table.name in known | {role.table.name}:
            continue
        number = claims(work.study, header.table, header.entity_set, sampled=True).get(
            standard()[header.entity_set].number
        )
        unique = (
            number is not None
            and len(header.table.primary_key) < 2
            and work.study.unique(header.table, (number.column,))
        )
        work.relations.probe(
            role.table, claim.column, header.table, [number.column] if number is not None and unique else []
        )


def _asked(study: Study) -> dict[str, Role]:
    """Further tables, each a set of its own."""
    found = {}
    for name in study.wishes.tables:
        table = next((t for t in study.tables.values() if name in (t.name, t.bare)), None)
        if table is None:
            study.notes.append(f"there is no table {name}")
            continue
        label = title(table.bare.rpartition("$")[2])
        found[_plural(pascal(label))[:40]] = Role(_plural(pascal(label))[:40], table, 1.0, ["you asked for it"])
    return found


def _plural(name: str) -> str:
    return name if name.endswith("s") else f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


# --- keys and columns ----------------------------------------------------------------------------------------------


def _claim(work: _Work) -> None:
    sets = {role.table.name: name for name, role in work.roles.items()}
    for name, role in work.roles.items():
        work.claims[name] = claims(work.study, role.table, name, sampled=True) if name in standard() else {}
    for name, role in work.roles.items():
        if name not in standard():
            continue
        _probe(work, name, role.table)
        relations = work.relations.of(role.table)
        header = work.roles.get(HEADERS.get(name, ""))
        own = sets if header is None else {**sets, header.table.name: header.entity_set}
        leads = {r.columns[0]: own.get(r.target, "") for r in relations if len(r.columns) == 1}
        found = claims(work.study, role.table, name, sampled=True, leads=leads)
        found = without(found, by_sums(work.study, role.table, name, found))
        work.claims[name] = {**found, **by_value(work.study, role.table, name, found)}


def _probe(work: _Work, name: str, table: Table) -> None:
    """Columns that are named like foreign keys, and are not known to lead anywhere, are tried on the sets they name."""
    published = {role.table.name for role in work.roles.values()}
    relations = work.relations.of(table)
    leading = {r.columns[0] for r in relations if len(r.columns) == 1 and r.target in published}
    for property_name, target in standard()[name].foreign().items():
        claim, role = work.claims[name].get(property_name), work.roles.get(target)
        if claim is None or role is None or claim.column in leading:
            continue
        number = work.claims[target].get(standard()[target].number)
        more = [number.column] if number is not None and work.study.unique(role.table, (number.column,)) else []
        if work.relations.probe(table, claim.column, role.table, more) is not None:
            relations[:] = [r for r in relations if r.columns != (claim.column,) or r.target == role.table.name]


def _draft(work: _Work, proposal: Proposal) -> None:
    study = work.study
    for name, role in work.roles.items():
        failure = study.sample(role.table).failure
        if failure:
            proposal.notes.append(
                f"{role.table.name} cannot be read, so {name} is left out: {failure.splitlines()[0][:200]}"
            )
            continue
        header = work.roles.get(HEADERS.get(name, ""))
        parent = work.relations.to(role.table, header.table.name) if header is not None else None
        companies = len(study.companies) if role.table.name in study.templates else 0
        key = find_key(study, role.table, name, work.claims[name], parent, companies)
        if key is None:
            proposal.notes.append(
                f"{name} would come from {role.table.name}, but nothing in it is unique: "
                f"name its key with --key {name}=COLUMN,COLUMN"
            )
            continue
        work.drafts[name] = _started(study, name, role, key)


def _started(study: Study, name: str, role: Role, key: Any) -> Draft:
    table = role.table
    templated = table.name in study.templates and len(study.companies) > 1
    source = study.templates[table.name] if templated else table.name
    draft = Draft(name, table, source, role.score, role.because, key)
    draft.companies = study.companies if templated else ()
    draft.database = study.wishes.source
    known = standard().get(name)
    if known is not None:
        draft.head = {**known.head, "key": key.property, "system_of_record": _record(known.head, study, table)}
    else:
        draft.head = _own_head(study, name, table, key.property)
    if draft.head["key"] in ("", "Key"):
        draft.head["key"] = f"{draft.head['entity_type']}Key"[:40]
    if key.property != draft.head["key"]:
        draft.key = type(key)(draft.head["key"], key.columns, key.mapping, key.facets, key.score, key.because)
    draft.head.setdefault("freshness", FRESH)
    draft.head.pop("changed", None)
    return draft


def _record(head: Mapping[str, Any], study: Study, table: Table) -> str:
    product = study.reading(table).known
    return (
        str(head["system_of_record"]).replace("ERP", product.product, 1) if product else str(head["system_of_record"])
    )


def _own_head(study: Study, name: str, table: Table, key: str) -> dict[str, Any]:
    singular = f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s") if not name.endswith("ss") else name
    singular = singular if singular.lower() != name.lower() else f"{name}Row"[:40]
    label = title(singular)
    if key not in ("", "Key"):
        key_name = key
    elif len(table.primary_key) == 1:
        key_name = pascal(study.label(table, table.primary_key[0]))
        key_name = f"{singular}{key_name}" if key_name.lower() in ("id", "name") else key_name
    else:
        key_name = f"{singular}Key"
    return {
        "entity_set": name, "entity_type": singular, "label": label[:40], "label_plural": title(name)[:40],
        "description": table.comment[:900] or f"Rows of the table {table.bare}.", "system_of_record": "ERP",
        "key": key_name[:40], "order": 500,
    }  # fmt: skip


# --- properties ----------------------------------------------------------------------------------------------------


def _fill(work: _Work, progress: Progress) -> None:
    study = work.study
    decided = {name: (draft.table, work.claims[name]) for name, draft in work.drafts.items()}
    shapes = Shapes(study, implied(study, decided), nothing(study, (draft.table for draft in work.drafts.values())))
    fields = {
        name: Fields(study, work.relations, shapes, work.drafts, draft, work.claims[name])
        for name, draft in work.drafts.items()
    }
    steps: list[Callable[[Fields], None]] = [Fields.fill, totals, enrich, narrow, with_old, rest]
    for number, step in enumerate(steps):
        for place, one in enumerate(fields.values()):
            progress("guessing", number * len(fields) + place, len(steps) * len(fields))
            step(one)
    for draft in work.drafts.values():
        _finish(draft)
    _settle_links(work.drafts)


def _finish(draft: Draft) -> None:
    """Measures that lead nowhere are dropped; the known properties come first, in the usual order."""
    for item in draft.items.values():
        for measure in ("currency", "unit"):
            other = draft.items.get(item.facets.get(measure, ""))
            if measure in item.facets and (other is None or other.facets["type"] != "String"):
                del item.facets[measure]
        if "currency" in item.facets and "unit" in item.facets:
            del item.facets["unit"]
    known = list(standard()[draft.name].properties) if draft.name in standard() else []
    place = {name: number for number, name in enumerate([draft.head["key"], *known])}
    draft.items = dict(sorted(draft.items.items(), key=lambda item: place.get(item[0], 10**6)))
    if "ChangedAt" in draft.items:
        draft.head["changed"] = "ChangedAt"


def _settle_links(drafts: Mapping[str, Draft]) -> None:
    """Names of partners are free on the other side, and no link has the name of a property."""
    taken = {name: {n.lower() for n in (*d.items, *d.links)} for name, d in drafts.items()}
    for draft in drafts.values():
        for link in list(draft.links.values()):
            if link.name.lower() in {n.lower() for n in draft.items} or link.own not in draft.items:
                del draft.links[link.name]
                continue
            partner, number = link.partner, 2
            while partner.lower() in taken[link.target]:
                partner, number = f"{link.partner[:38]}{number}", number + 1
            link.partner = partner
            taken[link.target].add(partner.lower())
