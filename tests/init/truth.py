"""What a service on a drafted catalog says, held against the business behind its database."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from tests.init.business import Business, Invoice, Order
from tests.init.support import Drafted


@dataclass(frozen=True)
class Habits:
    """How a schema writes what is compared, and what it has not at all."""

    invoice: Callable[[Invoice], str] = lambda v: v.number
    order: Callable[[Order], str] = lambda o: o.number
    #: Facts that are nowhere in the schema.
    absent: frozenset[str] = frozenset()
    #: Where a value is written otherwise.
    written: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


def facts(drafted: Drafted, b: Business, habits: Habits) -> Iterator[tuple[str, bool]]:
    """Name of a fact, and whether every row has it right."""
    yield from _invoices(drafted, b, habits)
    yield from _lines(drafted, b, habits)
    yield from _orders(drafted, b, habits)
    yield from _masters(drafted, b, habits)


def _compared(
    what: str, rows: Mapping[Any, Mapping[str, Any]], truth: Mapping[Any, Mapping[str, Any]], habits: Habits
) -> Iterator[tuple[str, bool]]:
    if what in habits.absent:
        return
    yield f"{what}: rows", set(rows) == set(truth)
    for name in next(iter(truth.values())):
        fact = f"{what}.{name}"
        if fact in habits.absent:
            continue
        written = habits.written.get(fact, lambda value: value)
        yield fact, all(key in rows and _same(rows[key].get(name), written(t[name])) for key, t in truth.items())


def _same(given: Any, true: Any) -> bool:
    if isinstance(true, Decimal):
        return given is not None and Decimal(str(given)) == true
    if isinstance(true, date):
        return str(given) == true.isoformat()
    return bool(given == true)


def _rows(drafted: Drafted, entity_set: str, key: str, **expand: str) -> dict[Any, dict[str, Any]]:
    """By a property; names of related entities as if they were own properties."""
    found = drafted.metadata.entity_set(entity_set)
    if found is None or found.type.property(key) is None:
        return {}
    have = {nav: name for nav, name in expand.items() if found.type.navigation_property(nav) is not None}
    options = "?$expand=" + ",".join(f"{nav}($select={name})" for nav, name in have.items()) if have else ""
    rows = {}
    for row in drafted.rows(entity_set, options):
        for nav, name in have.items():
            row[f"{nav}/{name}"] = (row.get(nav) or {}).get(name)
        rows[row[key]] = row
    return rows


def _invoices(drafted: Drafted, b: Business, habits: Habits) -> Iterator[tuple[str, bool]]:
    truth = {
        habits.invoice(v): {
            "InvoiceDate": v.day, "DueDate": v.due, "NetAmount": v.net, "TaxAmount": v.tax, "GrossAmount": v.gross,
            "OpenAmount": v.open, "Currency": v.customer.currency, "Status": v.status, "Customer/CustomerName": v.customer.name,
        }
        for v in b.invoices
    }  # fmt: skip
    yield from _compared(
        "Invoices", _rows(drafted, "Invoices", "InvoiceNumber", Customer="CustomerName"), truth, habits
    )


def _lines(drafted: Drafted, b: Business, habits: Habits) -> Iterator[tuple[str, bool]]:
    if "InvoiceLines" in habits.absent:
        return
    found = drafted.metadata.entity_set("InvoiceLines")
    given = []
    if found is not None and found.type.navigation_property("Invoice") is not None:
        item = ",Item($select=ItemName)" if found.type.navigation_property("Item") is not None else ""
        for row in drafted.rows("InvoiceLines", f"?$expand=Invoice($select=InvoiceNumber){item}"):
            item_name = (row.get("Item") or {}).get("ItemName")
            given.append(((row.get("Invoice") or {}).get("InvoiceNumber"), item_name, row))
    true = [(habits.invoice(v), x) for v in b.invoices for x in v.lines]
    for name, of in (
        ("Quantity", lambda x: x.quantity),
        ("UnitPrice", lambda x: x.price),
        ("NetAmount", lambda x: x.net),
    ):
        if f"InvoiceLines.{name}" not in habits.absent:
            mine = sorted((str(n), str(i), _number(row.get(name))) for n, i, row in given if i is not None)
            yield f"InvoiceLines.{name}", mine == sorted((n, x.item.name, _number(of(x))) for n, x in true)


def _number(value: Any) -> Decimal:
    return Decimal("-1") if value is None else Decimal(str(value)).normalize()


def _orders(drafted: Drafted, b: Business, habits: Habits) -> Iterator[tuple[str, bool]]:
    truth = {
        habits.order(o): {
            "OrderDate": o.day, "RequestedDate": o.requested, "GrossAmount": o.gross, "CustomerPONumber": o.reference,
            "Customer/CustomerName": o.customer.name,
        }
        for o in b.orders
    }  # fmt: skip
    yield from _compared(
        "SalesOrders", _rows(drafted, "SalesOrders", "SalesOrderNumber", Customer="CustomerName"), truth, habits
    )


def _masters(drafted: Drafted, b: Business, habits: Habits) -> Iterator[tuple[str, bool]]:
    customers = {c.name: {"City": c.city, "PostalCode": c.postal, "CreditLimit": c.limit} for c in b.customers}
    yield from _compared("Customers", _rows(drafted, "Customers", "CustomerName"), customers, habits)
    items = {i.name: {"ListPrice": i.price, "Unit": i.unit} for i in b.items}
    yield from _compared("Items", _rows(drafted, "Items", "ItemName"), items, habits)
    if "Inventory" not in habits.absent:
        stock = sorted((s.item.name, s.on_hand.normalize()) for s in b.stock)
        rows = (
            drafted.rows("Inventory", "?$expand=Item($select=ItemName)")
            if drafted.metadata.entity_set("Inventory")
            else []
        )
        given = sorted((str((r.get("Item") or {}).get("ItemName")), _number(r.get("OnHand"))) for r in rows)
        yield "Inventory.OnHand", given == stock
    payments = sorted((str(p.customer.name), p.amount) for p in b.payments)
    if "Payments" not in habits.absent:
        rows = (
            drafted.rows("Payments", "?$expand=Customer($select=CustomerName)")
            if drafted.metadata.entity_set("Payments")
            else []
        )
        given = sorted(
            (str((r.get("Customer") or {}).get("CustomerName")), Decimal(str(r.get("Amount")))) for r in rows
        )
        yield "Payments.Amount", given == payments
