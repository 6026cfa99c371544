"""Which amounts of a document are net, tax and gross, by what they add up to in the rows that were looked at.

Names say it mostly. Where they do not (``INVOICEAMOUNT``, ``SALESBALANCE``), one column is the sum of two others.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import permutations

from erp_adapters.introspect import Table
from erp_adapters.introspect_sample import Sample
from erp_adapters.proposal.columns import Claim
from erp_adapters.proposal.study import Study

DOCUMENTS = frozenset({"Invoices", "SalesOrders"})
#: Rows with tax that must be there, the part of all rows that must add up, and columns that are tried.
LEAST, ENOUGH, MOST = 12, 0.98, 10
_AMOUNTS = frozenset({"amount", "total", "net", "gross", "tax", "open", "payment"})
_NOT = frozenset({"quantity", "rate", "percent", "discount", "weight", "limit", "price"})
_WHY = "{gross} is {net} + {tax} in all rows that were looked at"


def by_sums(study: Study, table: Table, entity_set: str, found: Mapping[str, Claim]) -> dict[str, Claim]:
    """Claims for net, tax and gross that other names had misled."""
    if entity_set not in DOCUMENTS:
        return {}
    columns = [c for c in _amounts(study, table) if c in study.sample(table).columns][:MOST]
    best: tuple[int, dict[str, str]] = (-1, {})
    for triple in _triples(study, table, study.sample(table), columns):
        agreed = sum(name in found and found[name].column == column for name, column in triple.items())
        if agreed > best[0]:
            best = (agreed, triple)
    agreed, triple = best
    if agreed in (-1, len(triple)):
        return {}
    why = _WHY.format(gross=triple["GrossAmount"], net=triple["NetAmount"], tax=triple["TaxAmount"])
    return {name: Claim(name, column, 0.92, why) for name, column in triple.items()}


def without(claims: Mapping[str, Claim], sure: Mapping[str, Claim]) -> dict[str, Claim]:
    """The claims, those on columns that are known to be something else left out."""
    columns = {claim.column for claim in sure.values()}
    return {**{name: claim for name, claim in claims.items() if claim.column not in columns}, **sure}


def _amounts(study: Study, table: Table) -> Iterator[str]:
    for column in study.relevant(table):
        concepts = {c for words in study.names(table, column.name) for w in words for c in w.concepts}
        if column.kind in ("numeric", "integer", "float") and concepts & _AMOUNTS and not concepts & _NOT:
            yield column.name


def _triples(study: Study, table: Table, sample: Sample, columns: list[str]) -> Iterator[dict[str, str]]:
    for gross, net, tax in permutations(columns, 3):
        if not _is_tax(study, table, tax) or _is_tax(study, table, net):
            continue
        rows = [r for r in sample.tuples((gross, net, tax)) if all(v is not None for v in r)]
        told = [tuple(Decimal(str(v)) for v in r) for r in rows if r[2]]
        right = sum(abs(g - n - t) <= Decimal("0.01") and abs(n) > abs(t) for g, n, t in told)
        if len(told) >= LEAST and right >= ENOUGH * len(told):
            yield {"GrossAmount": gross, "NetAmount": net, "TaxAmount": tax}


def _is_tax(study: Study, table: Table, column: str) -> bool:
    """Whether a name says tax and not that it is in or out of an amount."""
    concepts = {c for w in study.names(table, column)[0] for c in w.concepts}
    return "tax" in concepts and not concepts & {"gross", "net"}
