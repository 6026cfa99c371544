"""A small business as it is, before an ERP writes it down in its own way. What ``init`` publishes is compared with it."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

TODAY = date(2026, 11, 20)
CENT = Decimal("0.01")
TAX = Decimal("0.19")


@dataclass(frozen=True)
class Customer:
    id: int
    number: str
    name: str
    street: str
    postal: str
    city: str
    country: str
    phone: str
    currency: str
    limit: Decimal
    terms: int
    iban: str
    created: datetime


@dataclass(frozen=True)
class Product:
    id: int
    number: str
    name: str
    group: str
    unit: str
    price: Decimal
    cost: Decimal
    weight: Decimal


@dataclass(frozen=True)
class Warehouse:
    id: int
    code: str
    name: str
    city: str


@dataclass(frozen=True)
class Stock:
    id: int
    item: Product
    warehouse: Warehouse
    on_hand: Decimal
    reserved: Decimal


@dataclass(frozen=True)
class Line:
    id: int
    number: int
    item: Product
    quantity: Decimal
    price: Decimal

    @property
    def net(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Order:
    id: int
    number: str
    customer: Customer
    warehouse: Warehouse
    day: date
    requested: date | None
    status: str  # Open, Completed, Cancelled
    reference: str
    lines: tuple[Line, ...]
    changed: datetime

    @property
    def net(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return (self.net * TAX).quantize(CENT, ROUND_HALF_UP)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class Shipment:
    id: int
    number: str
    order: Order
    day: date
    tracking: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Invoice:
    id: int
    number: str
    order: Order
    customer: Customer
    day: date
    due: date
    status: str  # Open, Paid
    open: Decimal
    lines: tuple[Line, ...]
    created: datetime
    changed: datetime

    @property
    def net(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return (self.net * TAX).quantize(CENT, ROUND_HALF_UP)

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True)
class Payment:
    id: int
    number: str
    customer: Customer
    invoice: Invoice
    day: date
    amount: Decimal
    method: str


@dataclass
class Business:
    customers: list[Customer] = field(default_factory=list)
    items: list[Product] = field(default_factory=list)
    warehouses: list[Warehouse] = field(default_factory=list)
    stock: list[Stock] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    shipments: list[Shipment] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


_NAMES = [
    "Alder",
    "Birch",
    "Cedar",
    "Dogwood",
    "Elm",
    "Fir",
    "Ginkgo",
    "Hazel",
    "Ivy",
    "Juniper",
    "Larch",
    "Maple",
    "Oak",
    "Pine",
    "Rowan",
    "Spruce",
    "Teak",
    "Willow",
    "Yew",
    "Zelkova",
]
_FORMS = ["GmbH", "Ltd", "AG", "SA", "Inc", "BV"]
_CITIES = (("Hamburg", "DE"), ("Lyon", "FR"), ("Leeds", "GB"), ("Torino", "IT"), ("Utrecht", "NL"), ("Porto", "PT"))
_THINGS = ["Bearing", "Valve", "Pump", "Motor", "Seal", "Bolt", "Filter", "Hose", "Gauge", "Relay"]


@lru_cache
def business(seed: int = 1) -> Business:
    """Always the same for a seed."""
    r = random.Random(seed)
    made = Business()
    for i in range(1, 61):
        city, country = r.choice(_CITIES)
        made.customers.append(
            Customer(
                i, f"C{10_000 + 7 * i}", f"{r.choice(_NAMES)} {r.choice(_NAMES)} {r.choice(_FORMS)} {i}", f"Road {r.randint(1, 99)}",
                f"{r.randint(10_000, 99_999)}", city, country, f"+49 40 {r.randint(100_000, 999_999)}",
                r.choice(("EUR", "EUR", "USD", "GBP")), Decimal(r.randint(1, 90) * 1000), r.choice((14, 30, 60)),
                f"DE{r.randint(10**19, 10**20 - 1)}", _moment(r, date(2020, 1, 1)),
            )
        )  # fmt: skip
    for i in range(1, 81):
        price = Decimal(r.randint(99, 99_999)) / 100
        made.items.append(
            Product(
                i, f"P-{2000 + i}", f"{r.choice(_THINGS)} {r.randint(10, 99)}x{i}", r.choice(("BEAR", "VALV", "PUMP")),
                r.choice(("PCS", "KG", "M")), price, (price * Decimal("0.6")).quantize(CENT), Decimal(r.randint(1, 90_000)) / 1000,
            )
        )  # fmt: skip
    made.warehouses = [
        Warehouse(1, "W01", "Main warehouse", "Hamburg"),
        Warehouse(2, "W02", "South", "Lyon"),
        Warehouse(3, "W03", "North", "Leeds"),
    ]
    for item in made.items:
        for warehouse in made.warehouses:
            made.stock.append(
                Stock(len(made.stock) + 1, item, warehouse, Decimal(r.randint(0, 500)), Decimal(r.randint(0, 20)))
            )
    line_id = 0
    for i in range(1, 221):
        customer, day = r.choice(made.customers), date(2025, 1, 2) + timedelta(days=3 * i)
        lines = []
        for number in range(1, r.randint(2, 5)):
            line_id += 1
            item = r.choice(made.items)
            lines.append(Line(line_id, number, item, Decimal(r.randint(1, 40)), item.price))
        status = r.choice(("Open", "Completed", "Completed", "Cancelled"))
        requested = day + timedelta(days=r.randint(3, 20)) if r.random() > 0.1 else None
        made.orders.append(
            Order(
                i, f"SO{50_000 + i}", customer, r.choice(made.warehouses), day, requested, status, f"PO-{r.randint(1000, 9999)}-{i}",
                tuple(lines), _moment(r, day),
            )
        )  # fmt: skip
    for order in made.orders:
        if order.status == "Cancelled":
            continue
        day = order.day + timedelta(days=4)
        i = len(made.shipments) + 1
        made.shipments.append(
            Shipment(i, f"DN{70_000 + i}", order, day, f"1Z{r.randint(10**9, 10**10 - 1)}", order.lines)
        )
        due = day + timedelta(days=order.customer.terms)
        paid = r.random() < 0.6
        invoice = Invoice(
            i, f"RE{90_000 + i}", order, order.customer, day, due, "Paid" if paid else "Open", Decimal(0), order.lines,
            _moment(r, day), _moment(r, day + timedelta(days=1)),
        )  # fmt: skip
        part = Decimal(0) if paid else (invoice.gross * Decimal(r.choice(("1", "1", "0.5")))).quantize(CENT)
        made.invoices.append(Invoice(**{**vars(invoice), "open": part}))
        if part != invoice.gross:
            n = len(made.payments) + 1
            made.payments.append(
                Payment(
                    n,
                    f"ZA{80_000 + n}",
                    order.customer,
                    made.invoices[-1],
                    due,
                    invoice.gross - part,
                    r.choice(("Transfer", "Check", "Card")),
                )
            )
    return made


def _moment(r: random.Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, r.randint(6, 18), r.randint(0, 59), r.randint(0, 59))
