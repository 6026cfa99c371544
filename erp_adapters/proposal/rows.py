"""Which rows of a table belong to a set: not those of suppliers, not those that are marked as deleted."""

import re
from typing import Any

from erp_adapters.introspect import Column
from erp_adapters.proposal.fields import Fields
from erp_adapters.proposal.keys import constants
from erp_adapters.proposal.names import words
from erp_adapters.proposal.values import flag_codes

_DOCUMENTS = frozenset({"Invoices", "SalesOrders", "Shipments", "Payments"})
#: Values that say on which side of the business a row is.
_OURS = frozenset({
    "out", "outbound", "sales", "sale", "customer", "ar", "out_invoice", "out_refund", "receivable", "c", "client",
    "verkauf", "kunde", "debitor", "vente", "venta", "receive", "inbound", "income", "so",
})  # fmt: skip
_THEIRS = frozenset({
    "in", "purchase", "supplier", "vendor", "ap", "in_invoice", "in_refund", "payable", "v", "s", "einkauf",
    "lieferant", "kreditor", "achat", "fournisseur", "compra", "proveedor", "send", "expense", "po", "entry", "bill",
})  # fmt: skip


def narrow(fields: Fields) -> None:
    """Adds conditions to the draft, each with its reason."""
    if fields.draft.name not in fields.known and not fields.known:
        return
    for name, only in constants(fields.study, fields.table, fields.draft.key).items():
        fields.draft.where[name] = only
        fields.draft.remarks.append(f"{name}: other rows would make the key ambiguous")
    known = fields.study.known(fields.table)
    for name, values in (known.where(fields.draft.name) if known is not None else {}).items():
        if name in fields.table.columns:
            fields.draft.where[name] = list(values) if len(values) > 1 else values[0]
            fields.draft.remarks.append(f"{name}: {known.product if known else ''} keeps other rows in the same table")
    for column in fields.study.relevant(fields.table):
        if column.name in fields.draft.where:
            continue
        if column.name in fields.draft.key.columns:
            continue
        _deleted(fields, column)
        if fields.draft.name in _DOCUMENTS:
            _side(fields, column)
        if fields.draft.name == "Customers":
            _is_customer(fields, column)


#: What names of tables with old rows end with, and pairs that are known.
_OLD = re.compile(
    r"[_ ]?(h|hist|history|hst|arch|archive|archived|archiv|old|closed|historie|historico)$", re.IGNORECASE
)
_OLD_OF = {"F4211": "F42119", "F4201": "F42019", "BSID": "BSAD", "F03B11": "F03B11H"}


def with_old(fields: Fields) -> None:
    """The rows that the ERP moves to a table of its own when they are done belong to the set too."""
    study, table = fields.study, fields.table
    plain = study.plain(table)
    for other in study.tables.values():
        name = study.plain(other)
        rest = name[len(plain) :] if name.lower().startswith(plain.lower()) else ""
        if name != _OLD_OF.get(plain, "\0") and not (rest and _OLD.fullmatch(rest)):
            continue
        if other.view or not all(
            c in other.columns and other.columns[c].kind == f.kind for c, f in table.columns.items()
        ):
            continue
        key = fields.draft.key.columns
        old = set(study.sample(other).tuples(key)) if set(key) <= set(study.sample(other).columns) else set()
        if old and not old & set(study.sample(table).tuples(key)):
            fields.draft.source = [str(fields.draft.source), fields.name_of(other)]
            fields.draft.remarks.append(
                f"{other.bare} has the same columns and other rows: those that were moved there"
            )
            return


def _concepts(fields: Fields, column: Column) -> set[str]:
    return {c for names in fields.study.names(fields.table, column.name) for w in names for c in w.concepts}


def _deleted(fields: Fields, column: Column) -> None:
    """A flag or a stamp that says that the row is gone."""
    names = fields.study.names(fields.table, column.name)[:1]
    told = [w for reading in names for w in reading if not {"id", "code", "document"} & set(w.concepts)]
    if not told or any(
        "deleted" not in w.concepts and w.known and not {"date", "time"} & set(w.concepts) for w in told
    ):
        return
    if not any("deleted" in w.concepts for w in told):
        return
    profile = fields.study.profile(fields.table, column.name)
    if column.kind in ("timestamp", "timestamptz", "date"):
        if profile.nulls:
            _add(fields, column, {"null": True}, "rows with a day of deletion are left out")
        return
    codes = flag_codes(column, profile, named=True)
    if codes is None:
        return
    yes: list[Any] = (
        [True]
        if column.kind == "boolean"
        else [int(c) for c in codes[0]]
        if column.kind in ("integer", "numeric")
        else codes[0]
    )
    _add(fields, column, {"not": yes}, "rows that are marked as deleted are left out")


def _side(fields: Fields, column: Column) -> None:
    """Documents of both sides of the business in one table."""
    profile = fields.study.profile(fields.table, column.name)
    values = {v for v in profile.counts if isinstance(v, str) and v.strip()}
    if not values or len(values) > 12 or column.kind not in ("text", "char"):
        return
    ours = {v for v in values if v.strip().lower() in _OURS or _means(v, {"sales", "customer"})}
    theirs = {v for v in values if v.strip().lower() in _THEIRS or _means(v, {"purchase", "supplier"})}
    if ours and theirs and not ours & theirs and {"type", "line"} & (_concepts(fields, column) or {"type"}):
        kept = sorted(ours)
        _add(
            fields,
            column,
            kept if len(kept) > 1 else kept[0],
            f"documents of the other side are left out ({column.name})",
        )


def _means(value: str, concepts: set[str]) -> bool:
    return any(concepts.intersection(w.concepts) for w in words(value))


def _is_customer(fields: Fields, column: Column) -> None:
    """A flag of a table of partners."""
    concepts = _concepts(fields, column)
    profile = fields.study.profile(fields.table, column.name)
    plain = fields.study.reading(fields.table).names
    partners = (
        any("partner" in w.concepts for names in plain for w in names)
        or fields.study.reading(fields.table).known is not None
    )
    if not partners:
        return
    codes = flag_codes(column, profile, named=True)
    if (
        "customer" in concepts
        and codes is not None
        and len(profile.counts) > 1
        and not concepts & {"number", "code", "group", "name"}
    ):
        yes: list[Any] = (
            [True]
            if column.kind == "boolean"
            else [int(c) for c in codes[0]]
            if column.kind in ("integer", "numeric")
            else codes[0]
        )
        _add(fields, column, yes[0] if len(yes) == 1 else yes, "other partners are left out")
        return
    values = {v.strip() for v in profile.texts if v.strip()}
    if "type" in concepts and 1 < len(values) <= 12 and column.kind in ("text", "char"):
        ours = {v for v in values if v.lower() == "c" or _means(v, {"customer"})}
        if ours and ours != values:
            kept = sorted(ours)
            _add(fields, column, kept if len(kept) > 1 else kept[0], "other partners are left out")


def _add(fields: Fields, column: Column, condition: Any, why: str) -> None:
    fields.draft.where[column.name] = condition
    fields.draft.remarks.append(f"{column.name}: {why}")
    fields.draft.used.add(column.name)
