"""What a set takes from other tables: names from the sets that it refers to, addresses and texts from tables that hold
more about the same thing.
"""

from collections.abc import Mapping
from typing import Any

from erp_adapters.introspect import Table
from erp_adapters.proposal.columns import claims
from erp_adapters.proposal.drafts import Draft, Item, at, ref, short
from erp_adapters.proposal.fields import SUFFIX, Fields
from erp_adapters.proposal.patterns import HEADERS
from erp_adapters.proposal.relations import Relation
from erp_adapters.proposal.shapes import LeftOut
from erp_adapters.proposal.standard import standard

#: Names of people and things that a set takes from those it refers to.
_BORROWED = {
    "CustomerNumber": (("CustomerName", "CustomerName"),),
    "ItemNumber": (("ItemName", "ItemName"), ("ItemDescription", "ItemName"), ("Unit", "Unit")),
    "WarehouseCode": (("WarehouseName", "WarehouseName"),),
}
#: What lines take from their header.
_FROM_HEADER = ("CustomerNumber", "CustomerKey", "Currency", "OrderDate", "InvoiceDate", "ActualShipDate")
#: Set -> concepts of tables that hold more about the same thing.
_SATELLITES = {
    "Customers": frozenset({"partner", "address", "contact", "customer"}),
    "Warehouses": frozenset({"address", "warehouse", "location"}),
    "Items": frozenset({"item"}),
}


def enrich(fields: Fields) -> None:
    """Missing known properties from tables that hold more about the same thing, and names from other sets."""
    for relation in fields.relations.of(fields.table):
        if relation.target == fields.table.name:
            continue
        other = fields.target(relation)
        if other is not None:
            _borrow(fields, relation, other)
        else:
            _satellite(fields, relation)
    _by_way(fields)
    _texts(fields)


def _by_way(fields: Fields) -> None:
    """Sets that are referred to by way of a table in between: the warehouse of a row of stock by way of its bin."""
    for name, wanted in fields.foreign_properties().items():
        target = fields.drafts.get(wanted)
        linked = {link.target for link in fields.draft.links.values()}
        if target is None or target is fields.draft or wanted in linked or wanted in HEADERS.values():
            continue
        for relation in list(fields.relations.of(fields.table)):
            between = fields.study.tables[relation.target]
            onward = fields.relations.to(between, target.table.name)
            if onward is None or any(d.table.name == between.name for d in fields.drafts.values()):
                continue
            fields.foreign_by_way(name, target, relation, onward)
            break


def _borrow(fields: Fields, relation: Relation, other: Draft) -> None:
    pairs = [
        (mine, theirs)
        for key, names in _BORROWED.items()
        for mine, theirs in names
        if _leads_by(fields, key, relation, other)
    ]
    if standard().get(fields.draft.name) and _is_header(fields, other):
        pairs += [(name, name) for name in _FROM_HEADER]
    for mine, theirs in pairs:
        item = other.items.get(theirs)
        wanted = mine in fields.known or (mine == "CustomerKey" and "CustomerNumber" in fields.known)
        if item is None or not wanted or not fields.draft.free(mine):
            continue
        mapping = _through(fields, relation, other, item.mapping)
        if mapping is None:
            continue
        facets = {**item.facets, "nullable": True}
        told = fields.known.get(mine, {})
        facets |= {k: v for k, v in told.items() if k in ("label", "description", "searchable", "currency", "unit")}
        fields.draft.add(Item(mine, facets, mapping, min(item.score, relation.score), f"by way of {other.table.bare}"))
        for target in fields.drafts.values():
            if mine == target.key.property and mine in ("CustomerNumber", "CustomerKey"):
                fields.link(mine, target, relation)


def _leads_by(fields: Fields, key: str, relation: Relation, other: Draft) -> bool:
    names = {key, SUFFIX.sub("Key", key)}
    return any(link.target == other.name and link.own in names for link in fields.draft.links.values()) and any(
        link.target == other.name and link.own in names and fields.draft.items[link.own].because == relation.because
        for link in fields.draft.links.values()
    )


def _is_header(fields: Fields, other: Draft) -> bool:
    return HEADERS.get(fields.draft.name) == other.name


def _through(
    fields: Fields, relation: Relation, other: Draft, mapping: str | dict[str, Any]
) -> str | dict[str, Any] | None:
    """A property of another set, seen through the join to its table; its joins come along."""
    made = {"column": mapping} if isinstance(mapping, str) else dict(mapping)
    names = made.get("columns") or [made.get("column")]
    if any(not isinstance(n, str) for n in names):
        return None
    aliases = {n.partition(".")[0] for n in names if "." in n and not n.startswith('"')}
    if (
        set(names) & set(other.totals)
        or aliases - set(other.joins)
        or len(aliases) > 1
        or "sum" in made
        or "first" in made
    ):
        return None
    alias = fields.join(relation)
    if not aliases:
        return short(at(alias, made))
    inner_name = aliases.pop()
    inner = other.joins[inner_name]
    if any("." in own and not own.startswith('"') for own in inner["on"]):
        return None
    on = {f"{alias}.{own}": theirs for own, theirs in inner["on"].items()}
    made_so = {**inner, "on": on}
    outer = next((a for a, j in fields.draft.joins.items() if j == made_so), "")
    if not outer:
        outer = fields.alias(f"{alias}{inner_name[0].upper()}{inner_name[1:]}")
        fields.draft.joins[outer] = made_so
    renamed = [n if n.startswith("@") else f"{outer}.{n.partition('.')[2]}" for n in names]
    return short({**made, "columns": renamed} if "columns" in made else {**made, "column": renamed[0]})


def _satellite(fields: Fields, relation: Relation) -> None:
    table = fields.study.tables[relation.target]
    concepts = {c for words in fields.study.reading(table).names for w in words for c in w.concepts}
    same = set(relation.columns) == set(fields.draft.key.columns)
    own = _SATELLITES.get(fields.draft.name, frozenset())
    if not same and not concepts & own:
        _terms(fields, relation, concepts)
        return
    _take(fields, relation, table, {})


def _take(fields: Fields, relation: Relation, table: Table, where: Mapping[str, Any]) -> None:
    """The known properties that are missing, from a table that has one row for each of ours."""
    for name, claim in claims(fields.study, table, fields.draft.name, sampled=True).items():
        if not fields.draft.free(name) or claim.score < 0.55 or name in fields.foreign_properties():
            continue
        if name in ("CreatedAt", "ChangedAt") or name == standard()[fields.draft.name].key:
            continue
        found = fields.shapes.shape(table, table.columns[claim.column], str(fields.known[name]["type"]))
        if isinstance(found, LeftOut):
            continue
        alias = fields.join(relation)
        if where:
            fields.draft.joins[alias]["where"] = dict(where)
        facets = fields.facets(name, found, nullable=found.type != "Boolean" or "true" not in found.codec)
        mapping = short({"column": ref(alias, claim.column), **found.codec})
        because = f"{table.bare} holds more about the same thing ({relation.because})"
        fields.draft.add(Item(name, facets, mapping, min(claim.score, relation.score), because))


def _terms(fields: Fields, relation: Relation, concepts: set[str]) -> None:
    if "terms" in concepts and "PaymentTerms" in fields.known and fields.draft.free("PaymentTerms"):
        fields.looked_up("PaymentTerms", relation, relation.score)


#: Codes of English, which is taken where there are several languages.
_ENGLISH = frozenset({"e", "en", "eng", "us", "enu", "en_us", "en-us", "en_gb", "1033"})


def _texts(fields: Fields) -> None:
    """Names that are kept per language in a table of their own."""
    if fields.draft.name not in ("Items", "Customers", "Warehouses"):
        return
    own = {
        c.lower(): c
        for c in {*fields.draft.key.columns, *fields.table.primary_key, *(u[0] for u in fields.table.unique)}
    }
    for table in fields.study.tables.values():
        if len(table.primary_key) != 2 or table.name == fields.table.name:
            continue
        shared = [c for c in table.primary_key if c.lower() in own]
        language = [
            c for c in table.primary_key if c not in shared and fields.shapes.has(table, table.columns[c], _LANGUAGE)
        ]
        if len(shared) != 1 or len(language) != 1:
            continue
        values = fields.study.profile(table, language[0]).counts
        spoken = next((v for v in values if str(v).strip().lower() in _ENGLISH), None) or max(
            values, key=values.__getitem__, default=None
        )
        if spoken is None:
            continue
        relation = Relation(
            fields.table.name, (own[shared[0].lower()],), table.name, (shared[0],), 0.85, f"texts of language {spoken}"
        )
        _take(fields, relation, table, {language[0]: spoken})


_LANGUAGE = frozenset({"language"})
