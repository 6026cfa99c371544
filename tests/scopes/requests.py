"""Requests for the small model, as the dice will have it; some are wrong for who may not see a property."""

from random import Random

_NUMBERS = tuple(f"I{number:03}" for number in (1, 2, 4, 7, 10, 999))
_FIELDS = {
    "Invoices": ("InvoiceNumber", "CustomerNumber", "Amount", "DueDate", "PostedAt", "Positions"),
    "Customers": ("CustomerNumber", "CustomerName", "Country", "Blocked", "Visits", "Remarks"),
}
_CONDITIONS = {
    "Invoices": (
        "Positions eq 1", "Positions ge 1", "Amount gt 1", "Amount ne null", "CustomerNumber eq 'C01'", "InvoiceNumber eq 'I004'",
        "InvoiceNumber in ('I001','I002','I007')", "Customer/Country eq 'DE'", "DueDate ge 2025-06-01", "Customer/Visits gt 0",
    ),
    "Customers": (
        "Country eq 'DE'", "Blocked eq true", "Visits gt 1", "CustomerNumber eq 'C01'", "contains(CustomerName,'e')",
        "Invoices/any(i:i/Positions eq 2)", "Invoices/any(i:i/Amount gt 2)", "Invoices/$count ge 2",
    ),
}  # fmt: skip
_PATHS = (
    "Invoices", "Invoices", "Invoices", "Customers", "Invoices/$count", "Invoices({})", "Invoices({})", "Customers('C01')",
    "Customers('C03')/Invoices", "Invoices({})/Customer", "Invoices({})/Amount", "Invoices({})/$ref", "Invoices/$ref",
    "Customers('C01')/Country/$value",
)  # fmt: skip
_APPLY = (
    "aggregate($count as N)", "aggregate(Amount with sum as Total)", "groupby((Positions),aggregate($count as N))",
    "filter(Positions ge 1)/groupby((CustomerNumber))", "groupby((Customer/Country),aggregate(Amount with max as M))",
)  # fmt: skip
_HEADERS: tuple[dict[str, str], ...] = ({}, {}, {}, {"OData-MaxVersion": "4.01"}, {"Prefer": "odata.maxpagesize=3"})


def request(dice: Random) -> tuple[str, str, dict[str, str]]:
    """Path, query and header fields."""
    path = dice.choice(_PATHS).format(f"'{dice.choice(_NUMBERS)}'")
    headers = dice.choice(_HEADERS)
    if path in ("Invoices", "Customers", "Customers('C03')/Invoices"):
        return path, _collection(dice, "Customers" if path == "Customers" else "Invoices"), headers
    if path == "Invoices/$count":
        return path, _filter(dice, "Invoices") if dice.random() < 0.7 else "", headers
    if path.endswith(")") and dice.random() < 0.6:
        return path, _one(dice, path.partition("(")[0]), headers
    return path, "", headers


def _collection(dice: Random, name: str) -> str:
    if name == "Invoices" and dice.random() < 0.1:
        return f"$apply={dice.choice(_APPLY)}"
    options = [f"$top={dice.choice((1, 2, 3, 5, 26))}"] if dice.random() < 0.8 else []
    options += [_filter(dice, name)] if dice.random() < 0.5 else []
    options += [_select(dice, name)] if dice.random() < 0.5 else []
    options += [_orderby(dice, name)] if dice.random() < 0.4 else []
    options += ["$count=true"] if dice.random() < 0.3 else []
    options += ["$skip=1"] if dice.random() < 0.1 else []
    options += [f"$search={dice.choice(('I00', 'Acme', 'C0'))}"] if dice.random() < 0.1 else []
    options += [_expand(dice, name)] if dice.random() < 0.25 else []
    return "&".join(options)


def _one(dice: Random, name: str) -> str:
    return _select(dice, name) if dice.random() < 0.5 else _expand(dice, name)


def _filter(dice: Random, name: str) -> str:
    parts = dice.sample(_CONDITIONS[name], dice.choice((1, 1, 2)))
    return "$filter=" + dice.choice((" and ", " or ")).join(parts)


def _select(dice: Random, name: str) -> str:
    return "$select=" + ",".join(dice.sample(_FIELDS[name], dice.randint(1, 4)))


def _orderby(dice: Random, name: str) -> str:
    return f"$orderby={dice.choice(_FIELDS[name])}{dice.choice(('', ' desc'))}"


def _expand(dice: Random, name: str) -> str:
    if name == "Invoices":
        return dice.choice(
            ("$expand=Customer", "$expand=Customer($select=Country)", "$expand=Customer($expand=Invoices($top=1))")
        )
    return dice.choice(
        ("$expand=Invoices", "$expand=Invoices($select=Amount;$top=2)", "$expand=Invoices($filter=Positions eq 1)")
    )
