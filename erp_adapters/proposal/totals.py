"""Amounts and dates that a document does not hold itself: sums over its lines or over what is due of it."""

from collections.abc import Iterable
from typing import Any

from erp_adapters.introspect import Column, Table
from erp_adapters.proposal.columns import Claim, claims
from erp_adapters.proposal.drafts import Item, ref, short
from erp_adapters.proposal.fields import Fields
from erp_adapters.proposal.known_tables import known_totals
from erp_adapters.proposal.match import best, context_of
from erp_adapters.proposal.names import pascal, title, words
from erp_adapters.proposal.patterns import HEADERS
from erp_adapters.proposal.relations import Relation
from erp_adapters.proposal.shapes import LeftOut
from erp_adapters.proposal.values import Published

#: Property -> how it is made of many rows.
TOTALS = {"NetAmount": "sum", "TaxAmount": "sum", "GrossAmount": "sum", "OpenAmount": "sum", "DueDate": "min"}
#: Tables that are looked through for parts of a document.
MOST = 12


def totals(fields: Fields) -> None:
    """Adds the totals that are missing."""
    if fields.draft.name in HEADERS:
        line_amount(fields)
    if fields.draft.name not in HEADERS.values() or fields.draft.name == "Shipments":
        return
    _known(fields)
    _parts_of_documents(fields)
    computed(fields)


def _parts_of_documents(fields: Fields) -> None:
    for table, relation in _parts(fields):
        missing = [name for name in TOTALS if name in fields.known and fields.draft.free(name)]
        if not missing:
            return
        for name, claim in _found(fields, table).items():
            if name in missing:
                _add(fields, name, claim, table, relation)


def _parts(fields: Fields) -> Iterable[tuple[Table, Relation]]:
    """Tables whose rows belong to a document: what is known of this ERP, the lines, and what has the document's id."""
    study, own = fields.study, fields.table
    lines = [d.table for d in fields.drafts.values() if HEADERS.get(d.name) == fields.draft.name]
    keys = {c.lower() for c in (*_single_keys(fields), *fields.draft.key.columns)}
    named = [
        t for t in study.tables.values()
        if t.name != own.name and any(c.lower() in keys and len(c) > 4 for c in t.columns)
    ][:MOST]  # fmt: skip
    published = {d.table.name for d in fields.drafts.values()} - {t.name for t in lines}
    for table in dict.fromkeys(t.name for t in (*lines, *named)):
        relation = fields.relations.to(study.tables[table], own.name)
        if relation is not None and table not in published:
            yield study.tables[table], relation


def _known(fields: Fields) -> None:
    """What is publicly known of where an ERP keeps a document's amounts."""
    known = fields.study.known(fields.table)
    by_name = {fields.study.plain(t): t for t in fields.study.tables.values()}
    for total in known_totals(known.product, fields.draft.name) if known is not None else ():
        by, of = by_name.get(total.by_table), by_name.get(total.table)
        if by is None or of is None or not fields.draft.free(total.property) or total.sum not in of.columns:
            continue
        found = fields.shapes.shape(of, of.columns[total.sum], "Decimal")
        if isinstance(found, LeftOut):
            continue
        through = fields.alias(pascal(title(total.by_table)))
        joined: dict[str, Any] = {"table": fields.name_of(by), "on": {ref("", k): v for k, v in total.by_on.items()}}
        fields.draft.joins[through] = {**joined, "where": dict(total.by_where)} if total.by_where else joined
        alias = fields.alias(f"{total.property[0].lower()}{total.property[1:]}")
        on = {ref(through, k): v for k, v in total.on.items()}
        fields.draft.totals[alias] = {"table": fields.name_of(of), "on": on, "sum": total.sum}
        because = f"{known.product if known else ''} keeps it as the sum of {total.sum} of {total.table}"
        facets = fields.facets(total.property, found, nullable=False)
        fields.draft.add(Item(total.property, facets, short({"column": alias, **found.codec}), 0.8, because))


def _single_keys(fields: Fields) -> Iterable[str]:
    table = fields.table
    declared = [k[0] for k in (table.primary_key, *table.unique) if len(k) == 1]
    relations = [r for d in fields.drafts.values() for r in fields.relations.of(d.table)]
    return declared or [r.referred[0] for r in relations if r.target == table.name and len(r.columns) == 1]


def _found(fields: Fields, table: Table) -> dict[str, Claim]:
    found = claims(fields.study, table, fields.draft.name, sampled=True)
    lines = next((d.name for d in fields.drafts.values() if d.table.name == table.name), None)
    if lines in HEADERS:
        own = claims(fields.study, table, lines, sampled=True)
        gross = found.get("GrossAmount")
        found = {name: claim for name, claim in own.items() if name in ("NetAmount", "TaxAmount")}
        if gross is not None and "gross" in _concepts(fields, table, gross):
            found["GrossAmount"] = gross
    return found


def _concepts(fields: Fields, table: Table, claim: Claim) -> set[str]:
    return {c for reading in fields.study.names(table, claim.column) for w in reading for c in w.concepts}


def _add(fields: Fields, name: str, claim: Claim, table: Table, relation: Relation) -> None:
    column = table.columns[claim.column]
    found = fields.shapes.shape(table, column, "Date" if TOTALS[name] == "min" else "Decimal")
    if isinstance(found, LeftOut) or set(found.codec) - {"decimals", "date", "none"}:
        return
    alias = fields.alias(f"{name[0].lower()}{name[1:]}")
    on = {ref("", own): theirs for own, theirs in zip(relation.referred, relation.columns, strict=True)}
    total: dict[str, Any] = {"table": fields.name_of(table), "on": on, TOTALS[name]: claim.column}
    taxes = _tax_rows(fields, table)
    if taxes is not None and name in ("NetAmount", "TaxAmount"):
        kind, values = taxes
        total["where"] = {kind.name: {"not": values} if name == "NetAmount" else values}
    fields.draft.totals[alias] = total
    facets = fields.facets(name, found, nullable=TOTALS[name] == "min")
    because = f"{TOTALS[name]} of {claim.column} of {table.bare} ({relation.because})"
    score = round(0.9 * min(claim.score, relation.score), 2)
    fields.draft.add(Item(name, facets, short({"column": alias, **found.codec}), score, because))
    if taxes is not None and name == "NetAmount" and fields.draft.free("TaxAmount"):
        _add(fields, "TaxAmount", claim, table, relation)


def _tax_rows(fields: Fields, table: Table) -> tuple[Column, list[str]] | None:
    """A column that tells lines of tax from the others."""
    for column in fields.study.relevant(table):
        values = {v.strip() for v in fields.study.profile(table, column.name).texts if v.strip()}
        if 1 < len(values) <= 12 and fields.shapes.has(table, column, frozenset({"type"})):
            taxes = sorted(v for v in values if any("tax" in w.concepts for w in words(v)))
            if taxes:
                return column, taxes
    return None


#: Missing property -> the others that it follows from, with their signs.
_FOLLOWS = {
    "GrossAmount": (("+", "NetAmount"), ("+", "TaxAmount")),
    "NetAmount": (("+", "GrossAmount"), ("-", "TaxAmount")),
    "TaxAmount": (("+", "GrossAmount"), ("-", "NetAmount")),
}
_PAID = "payment amount | payment total | payment applied amount | payment"


def computed(fields: Fields) -> None:
    """Amounts that follow from others in the same row: gross is net and tax, what is open is what is not paid."""
    for name, terms in _FOLLOWS.items():
        if name in fields.known and fields.draft.free(name):
            parts = [(sign, fields.draft.items.get(other)) for sign, other in terms]
            _sum(fields, name, [(sign, item.mapping) for sign, item in parts if item is not None], len(terms))
    gross = fields.draft.items.get("GrossAmount")
    if "OpenAmount" in fields.known and fields.draft.free("OpenAmount") and gross is not None:
        for column in fields.study.relevant(fields.table):
            names = fields.study.names(fields.table, column.name)
            if column.name in fields.draft.used or best(names, _PAID, context_of("Invoices")) < 0.8:
                continue
            paid = fields.shapes.shape(fields.table, column, "Decimal")
            if isinstance(paid, LeftOut) or paid.type != "Decimal" or column.kind not in ("numeric", "integer"):
                continue
            own = short({"column": ref("", column.name), **paid.codec})
            _sum(fields, "OpenAmount", [("+", gross.mapping), ("-", own)], 2)
            return


def _sum(fields: Fields, name: str, terms: list[tuple[str, str | dict[str, Any]]], wanted: int) -> None:
    """A signed sum, where all terms are columns with the same decimals."""
    decimals = {m.get("decimals", 0) if isinstance(m, dict) else None for _, m in terms}
    names = [m if isinstance(m, str) else str(m.get("column", "")) for _, m in terms]
    simple = all(isinstance(m, str) or set(m) == {"column", "decimals"} for _, m in terms)
    simple = simple and not set(names) & set(fields.draft.totals)
    if len(terms) != wanted or len(decimals) != 1 or not simple:
        return
    columns = [f"{sign}{name}" for (sign, _), name in zip(terms, names, strict=True)]
    digits = decimals.pop()
    mapping: dict[str, Any] = {"sum": columns} | ({} if digits is None else {"decimals": digits})
    scales = [
        fields.draft.items[n].facets.get("scale", 2) for n in ("GrossAmount", "NetAmount") if n in fields.draft.items
    ]
    facets = fields.facets(
        name, Published("Decimal", {"precision": 18, "scale": max(scales, default=2)}), nullable=False
    )
    fields.draft.add(Item(name, facets, mapping, 0.75, "no column has it, but it follows from these"))


def line_amount(fields: Fields) -> None:
    """Quantity times price, where a line has no amount and no discount."""
    draft = fields.draft
    names = [n for n in ("Quantity", "OrderedQuantity") if n in draft.items and n in fields.known]
    if "NetAmount" not in fields.known or not draft.free("NetAmount") or not names or "UnitPrice" not in draft.items:
        return
    quantity, price = draft.items[names[0]].mapping, draft.items["UnitPrice"].mapping
    own = fields.table.columns
    if not (isinstance(quantity, str) and isinstance(price, str) and quantity in own and price in own):
        return
    discounts = any(fields.shapes.has(fields.table, c, frozenset({"discount"})) for c in own.values())
    if discounts or {own[quantity].kind, own[price].kind} - {"integer", "numeric"}:
        return
    facets = fields.facets("NetAmount", Published("Decimal", {"precision": 18, "scale": 2}), nullable=True)
    because = f"no column has it; {quantity} times {price}"
    draft.add(Item("NetAmount", facets, {"column": price, "times": quantity}, 0.6, because))
