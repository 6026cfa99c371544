"""Implied decimals: integers that stand for amounts, quantities and prices with a point.

Guessed from dictionaries, from names (``price_cents``), and from the arithmetic of lines: quantity times price is the
amount, but for a power of ten.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from statistics import median

from erp_adapters.introspect import Table
from erp_adapters.introspect_sample import Profile
from erp_adapters.proposal.columns import Claim
from erp_adapters.proposal.patterns import HEADERS
from erp_adapters.proposal.study import Study

#: Rows that must agree on the power of ten.
AGREE = 0.8
USUAL_AMOUNT = 2
_CENTS = frozenset({"cents", "cent", "ct", "minor", "pence", "pennies", "centimes", "rappen"})
_QUANTITIES = (
    "Quantity",
    "OnHand",
    "Reserved",
    "Available",
    "InTransit",
    "OnOrder",
    "ReorderPoint",
    "SafetyStock",
    "Weight",
    "Volume",
)
_PRICES = ("Price", "UnitPrice", "ListPrice")
_LINE = {
    "InvoiceLines": ("Quantity", "UnitPrice", "NetAmount"),
    "SalesOrderLines": ("OrderedQuantity", "UnitPrice", "NetAmount"),
}

Implied = dict[tuple[str, str], tuple[int, str]]


def implied(study: Study, chosen: Mapping[str, tuple[Table, Mapping[str, Claim]]]) -> Implied:
    """(table, column) -> implied decimals and the evidence."""
    found: Implied = {}
    for table, _ in chosen.values():
        found.update(_told(study, table))
    for entity_set in HEADERS:
        if entity_set in chosen and entity_set in _LINE:
            digits = _from_lines(study, entity_set, *chosen[entity_set], found)
            if digits is not None:
                _spread(study, chosen, digits, found)
                break
    return found


def _whole(table: Table, column: str) -> bool:
    facts = table.columns[column]
    return facts.kind == "integer" or (facts.kind == "numeric" and facts.scale == 0)


def _told(study: Study, table: Table) -> Iterable[tuple[tuple[str, str], tuple[int, str]]]:
    for name in table.columns:
        if not _whole(table, name):
            continue
        known = study.hint(table, name)
        if known is not None and known.decimals is not None:
            product = study.reading(table).dictionary
            yield (
                (table.name, name),
                (known.decimals, f"{product} keeps {known.label!r} with {known.decimals} implied decimals"),
            )
        elif any(word.text in _CENTS for reading in study.names(table, name) for word in reading):
            yield (table.name, name), (2, "the name says that it counts cents")


def _from_lines(
    study: Study, entity_set: str, table: Table, claims: Mapping[str, Claim], told: Implied
) -> tuple[int, int, int, str] | None:
    """Decimals of quantities, prices and amounts, and the evidence."""
    names = [claims[p].column for p in _LINE[entity_set] if p in claims]
    if len(names) < 3 or not all(_whole(table, name) for name in names):
        return None
    rows = [tuple(map(_number, row)) for row in study.sample(table).tuples(names)]
    power = _power(rows)
    quantity, price, amount = (told[table.name, n][0] if (table.name, n) in told else None for n in names)
    if power is None or (power == 0 and price is None and amount is None):
        return None
    amount = USUAL_AMOUNT if amount is None else amount
    if price is not None:
        quantity = power + amount - price
    else:
        quantity = _common_zeros(study.profile(table, names[0])) if quantity is None else quantity
        price = power + amount - quantity
    if not 0 <= quantity <= 6 or not 0 <= price <= 8:
        return None
    why = f"in {table.bare}, {names[2]} is {names[0]} x {names[1]}" + (f" / {10**power}" if power else "")
    return quantity, price, amount, why


def _number(value: object) -> Decimal:
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else Decimal(0)


def _power(rows: list[tuple[Decimal, ...]]) -> int | None:
    """The power of ten by which quantity times price is more than the amount; discounts make it a little more."""
    ratios = [abs(q * p / a) for q, p, a in rows if q and p and a]
    if len(ratios) < 5:
        return None
    logs = [math.log10(ratio) for ratio in ratios]
    power = math.floor(median(logs) + 0.05)
    near = sum(power - 0.05 <= log <= power + 0.4 for log in logs)
    return power if power >= 0 and near >= AGREE * len(logs) else None


def _common_zeros(profile: Profile) -> int:
    """Most quantities are whole pieces: the zeros that nearly all of them end with."""
    numbers = [int(n) for n in profile.numbers if n]
    for digits in (4, 3, 2, 1):
        if numbers and sum(n % 10**digits == 0 for n in numbers) >= AGREE * len(numbers):
            return digits
    return 0


def _spread(
    study: Study,
    chosen: Mapping[str, tuple[Table, Mapping[str, Claim]]],
    digits: tuple[int, int, int, str],
    found: Implied,
) -> None:
    """The same conventions hold in the whole ERP."""
    quantity, price, amount, why = digits
    for table, claims in chosen.values():
        for name, claim in claims.items():
            place = (table.name, claim.column)
            if not _whole(table, claim.column):
                continue
            profile = study.profile(table, claim.column)
            if name.endswith(_QUANTITIES) and (place not in found or why):
                found[place] = (quantity, why)
            elif place in found:
                continue
            elif name.endswith(_PRICES):
                found[place] = (price, why)
            elif "Amount" in name or name in (
                "Balance",
                "OverdueBalance",
                "CreditLimit",
                "CreditExposure",
                "FreightCost",
                "OpenOrderAmount",
                "UnappliedPayments",
            ):
                found[place] = (amount, why)
            elif name == "ExchangeRate" and (zeros := _rate_zeros(profile)):
                found[place] = (zeros, f"its most frequent value is {10**zeros}, which is 1")
            elif name.endswith(("Percent", "TaxRate")) and (zeros := _percent_zeros(profile)):
                found[place] = (zeros, "percentages are at most 100")


def _rate_zeros(profile: Profile) -> int:
    if not profile.numbers:
        return 0
    text = str(int(Counter(profile.numbers).most_common(1)[0][0]))
    return len(text) - 1 if text.strip("0") == "1" else 0


def _percent_zeros(profile: Profile) -> int:
    largest = max(profile.numbers, default=Decimal(0))
    return next((zeros for zeros in range(5) if largest / 10**zeros <= 100), 0)
