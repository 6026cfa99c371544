"""Names that are no words, read by the data dictionaries of the ERPs that use them.

A dictionary gives English names for columns, which are then read like any others. It counts for a table only if many of
its columns are in it, or if the table is known to be of that ERP.
"""

from collections.abc import Iterable

from erp_adapters.proposal.known_columns import JDE, M3, SAP, Dictionary, Known
from erp_adapters.proposal.known_names import AX, B1, DOLIBARR, EBS, IDEMPIERE, LEDGERSMB, ODOO, SAGE100, SAGE300
from erp_adapters.proposal.names import words

DICTIONARIES = (JDE, SAP, M3)
_OF_PRODUCTS = {d.name: d for d in (JDE, SAP, M3, DOLIBARR, ODOO, EBS, B1, AX, IDEMPIERE, LEDGERSMB, SAGE100, SAGE300)}
#: The part of a table's columns that a dictionary must know to count.
ENOUGH = 0.45


#: The same, where many columns of the whole database are in it.
ENOUGH_OF_ALL, ENOUGH_HERE = 0.3, 0.2


def read_columns(names: tuple[str, ...], usual: str = "", product: str = "") -> tuple[str, dict[str, Known]]:
    """The dictionary that knows most of these columns, and what it says of them; nothing if it is too few. ``usual``:
    the dictionary that knows much of the database. ``product``: whose table it is, if that is known.
    """
    if product in _OF_PRODUCTS and (found := _found(_OF_PRODUCTS[product], names)):
        return product, found
    best: tuple[str, dict[str, Known]] = ("", {})
    for dictionary in DICTIONARIES:
        found = _found(dictionary, names)
        least = max(2, ENOUGH_HERE * len(names)) if dictionary.name == usual else max(3, ENOUGH * len(names))
        if len(found) >= max(least, len(best[1]) + 1):
            best = (dictionary.name, found)
    return best


def usual_dictionary(tables: Iterable[tuple[str, ...]]) -> str:
    """The dictionary that knows a good part of the columns of all tables; empty if there is none."""
    everything = list(tables)
    total = sum(map(len, everything)) or 1
    shares = {d.name: sum(len(_found(d, names)) for names in everything) / total for d in DICTIONARIES}
    name, share = max(shares.items(), key=lambda item: item[1])
    return name if share >= ENOUGH_OF_ALL else ""


def _found(dictionary: Dictionary, names: tuple[str, ...]) -> dict[str, Known]:
    items = {alias.upper(): known for alias, known in dictionary.items.items()}
    best: dict[str, Known] = {}
    for cut in (dictionary.cut, *dictionary.may_cut):
        if cut and len({name[:cut] for name in names}) > 1:
            continue
        found = {name: items.get(name[cut:].upper()) for name in names}
        known = {name: of for name, of in found.items() if of is not None}
        best = max(best, known, key=len)
    return best


#: Names of four letters, as on IBM i: two for the thing, two for what it is of the thing.
FIRST_HALVES = {
    "CU": "customer", "IV": "invoice", "IN": "invoice", "OR": "order", "DL": "shipment", "SH": "shipment", "IT": "item", "WH": "warehouse",
    "PY": "payment", "CO": "company", "GR": "gross", "NT": "net", "OP": "open", "TX": "tax", "VT": "tax", "LN": "line",
    "UN": "unit", "EX": "exchange", "RQ": "requested", "CF": "confirmed", "TR": "tracking", "DN": "dunning",
    "CR": "created", "CH": "changed", "DU": "due", "PS": "posting", "AS": "asset", "SE": "serial", "BL": "blocked",
    "PR": "price", "MN": "minimum", "LI": "list", "AM": "amount", "AL": "allocation", "RE": "reserved", "DI": "discount",
    "WS": "warranty from", "WE": "warranty to", "VF": "valid from", "QT": "quote", "PL": "planned", "BI": "billing", "LA": "last",
    "SU": "supplier", "ST": "stock", "AV": "available", "PA": "parent", "GW": "gross weight", "NW": "net weight", "AR": "article",
}  # fmt: skip
LAST_HALVES = {
    "NO": "number", "NR": "number", "DT": "date", "AM": "amount", "QT": "quantity", "QY": "quantity", "NM": "name", "ST": "status",
    "TY": "type", "TP": "type", "CD": "code", "DS": "description", "TS": "time", "RT": "rate", "PC": "percent",
    "GR": "group", "LN": "line", "LV": "dunning", "PR": "price", "CU": "currency", "ID": "id", "UM": "unit", "TX": "text",
}  # fmt: skip


def halves(name: str) -> str:
    """``IVDT`` as ``invoice date``; empty if it is no such name."""
    if len(name) != 4 or name[:2].upper() not in FIRST_HALVES or name[2:].upper() not in LAST_HALVES:
        return ""
    return f"{FIRST_HALVES[name[:2].upper()]} {LAST_HALVES[name[2:].upper()]}"


def table_halves(name: str) -> str:
    """``WHLOC`` as ``warehouse loc``, ``DLINE`` as ``line``: what short names of tables begin with is often cut to a letter
    or two. Empty if the rest is no word.
    """
    if not name.isupper() or not 4 <= len(name) <= 10:
        return ""
    for size in (2, 1):
        rest = name[size:].lower()
        if len(rest) >= 3 and all(word.known for word in words(rest)):
            first = FIRST_HALVES.get(name[:size], "" if size == 1 else None)
            if first is not None:
                return f"{first} {rest}".strip()
    return ""
