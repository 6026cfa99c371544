"""The hand-written service that ours is measured against: one Flask endpoint for each question, as a
competent developer writes it who needs no more than that question.

Statements are built once, values are bound, rows are unpacked as tuples (reading their attributes costs
more than all else that is done with them), amounts stay exact, msgspec writes the JSON. Each answer has the same
rows in the same form as ours. What it leaves out is what the questions do not need: other filters, orders and
columns, errors, validators, versions, stable paging.
"""
# ruff: noqa: SIM300 - the ERP's columns have names that look like constants

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from flask import Flask, Response, request
from sqlalchemy import Integer, String, bindparam, create_engine, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from fixtures.demo_erp.schema import METADATA

DATABASE_VARIABLE = "BENCHMARK_DATABASE_URL"
ROOT_VARIABLE = "BENCHMARK_ROOT"
MEDIA_TYPE = "application/json;odata.metadata=minimal"

STATUS = {"10": "Draft", "20": "Open", "50": "PartiallyPaid", "80": "Paid", "90": "Cancelled"}
CODE_OF_STATUS = {word: code for code, word in STATUS.items()}
TYPE = {"01": "Invoice", "02": "CreditMemo", "09": "Cancellation"}
DISPUTE = {
    "PR": "PriceDifference",
    "QT": "QuantityDifference",
    "DM": "DamagedGoods",
    "LT": "LateDelivery",
    "NR": "NotReceived",
}
CENT, MILLI, TEN_THOUSANDTH = Decimal("0.01"), Decimal("0.001"), Decimal("0.0001")
ITEM_STATUS = {"10": "Preliminary", "20": "Active", "50": "PhaseOut", "90": "Inactive"}

invoices, lines = METADATA.tables["OINVHD"], METADATA.tables["OINVLN"]
customers, items = METADATA.tables["OCUSMA"], METADATA.tables["OITMAS"]
terms, representatives = METADATA.tables["OTERMS"], METADATA.tables["OSLREP"]
addresses = METADATA.tables["OADDR"]


def day(digits: int) -> date | None:
    """20261123 is a day, 0 is none."""
    return date(digits // 10_000, digits // 100 % 100, digits % 100) if digits else None


def scaled(number: int | None, unit: Decimal) -> Decimal | None:
    """An integer with implied decimals; the product is exact and has the unit's decimals."""
    return None if number is None else number * unit


# --- what is answered ---------------------------------------------------------------------------------------


class InvoiceListed(msgspec.Struct, gc=False):
    """A row of a list of invoices."""

    InvoiceNumber: str
    Status: str
    InvoiceDate: date | None
    DueDate: date | None
    Currency: str
    GrossAmount: Decimal
    CustomerNumber: str
    CustomerName: str | None


class InvoiceShown(msgspec.Struct, gc=False):
    """An invoice on a page of its own."""

    InvoiceNumber: str
    InvoiceType: str
    Status: str
    InvoiceDate: date | None
    PostingDate: date | None
    DueDate: date | None
    Currency: str
    NetAmount: Decimal
    TaxAmount: Decimal
    GrossAmount: Decimal
    OpenAmount: Decimal
    DaysOverdue: int
    DunningLevel: int
    DisputeReason: str | None
    PaymentTerms: str | None
    CustomerNumber: str
    CustomerName: str | None
    SalesOrderNumber: str | None
    SalesRepName: str | None
    ChangedAt: datetime


class Line(msgspec.Struct, gc=False):
    """A line of an invoice."""

    InvoiceLineKey: str
    InvoiceNumber: str
    LineNumber: int
    ItemNumber: str | None
    Description: str | None
    Quantity: Decimal | None
    Unit: str | None
    UnitPrice: Decimal | None
    NetAmount: Decimal
    TaxRate: Decimal | None
    TaxAmount: Decimal
    Currency: str | None


class CustomerFound(msgspec.Struct, gc=False):
    """A customer that a search found."""

    CustomerNumber: str
    CustomerName: str
    Currency: str
    Balance: Decimal
    City: str | None
    Country: str | None


class ItemListed(msgspec.Struct, gc=False):
    """A row of a list of items."""

    ItemNumber: str
    ItemName: str
    Status: str
    Unit: str
    ListPrice: Decimal | None
    ListPriceCurrency: str


# --- statements ---------------------------------------------------------------------------------------------

given_status = bindparam("status", type_=String())
given_customer = bindparam("customer", type_=String())
given_number = bindparam("number", type_=String())
given_top = bindparam("top", type_=Integer())
given_skip = bindparam("skip", type_=Integer())
i, c, t, r, n = invoices.c, customers.c, terms.c, representatives.c, lines.c
LISTED = (i.IVNO, i.IVST, i.IVDT, i.DUDT, i.CUCD, i.GRAM, i.CUNO, c.CUNM)
WITH_CUSTOMER = invoices.outerjoin(customers, i.CUNO == c.CUNO)

OF_STATUS = (
    select(*LISTED)
    .select_from(WITH_CUSTOMER)
    .where(i.IVST == given_status)
    .order_by(i.DUDT.desc(), i.IVNO)
    .limit(given_top)
)
COUNT_OF_STATUS = select(func.count()).select_from(invoices).where(i.IVST == given_status)

OF_CUSTOMER = (
    select(*LISTED)
    .select_from(WITH_CUSTOMER)
    .where(i.CUNO == given_customer)
    .order_by(i.IVDT.desc(), i.IVNO)
    .limit(given_top)
)
COUNT_OF_CUSTOMER = select(func.count()).select_from(invoices).where(i.CUNO == given_customer)

BY_NUMBER = (
    select(
        i.IVNO, i.IVTY, i.IVST, i.IVDT, i.PSDT, i.DUDT, i.CUCD, i.NTAM, i.TXAM, i.GRAM, i.OPAM, i.OVDD,
        i.DNLV, i.DSRC, t.TX40, i.CUNO, c.CUNM, i.ORNO, r.SLNM, i.CHTS,
    )
    .select_from(
        WITH_CUSTOMER.outerjoin(terms, i.TEPY == t.TEPY).outerjoin(representatives, i.SLSP == r.SLSP)
    )
    .where(i.IVNO == given_number)
)  # fmt: skip

PAGE_OF_LINES = (
    select(
        n.IVNO, n.IVLN, n.ITNO, n.TX80, n.IVQT, n.UNMS, n.SAPR, n.LNAM, n.VTRT, n.VTAM, i.CUCD,
    )
    .select_from(lines.outerjoin(invoices, n.IVNO == i.IVNO))
    .order_by(n.IVNO, n.IVLN)
    .limit(given_top)
    .offset(given_skip)
)  # fmt: skip

SEARCHED = (c.CUNO, c.CUNM, c.CUN2, c.TXNO, c.CTNM, c.MAIL)
SEARCH = (
    select(c.CUNO, c.CUNM, c.CUCD, c.BALN, addresses.c.TOWN, addresses.c.CSCD)
    .select_from(customers.outerjoin(addresses, c.ADID == addresses.c.ADID))
    .where(or_(*(column.ilike(bindparam("pattern")) for column in SEARCHED)))
    .order_by(c.CUNO)
    .limit(given_top)
)

any_numbers = func.any(bindparam("numbers", type_=ARRAY(String())))
BY_NUMBERS = (
    select(items.c.ITNO, items.c.ITDS, items.c.STAT, items.c.UNMS, items.c.LIPR, items.c.LICU)
    .where(items.c.ITNO == any_numbers)
    .order_by(items.c.ITNO)
)


# --- endpoints ----------------------------------------------------------------------------------------------


class Endpoints:
    """The views; one statement and one list each."""

    def __init__(self, database_url: str, root: str) -> None:
        self._engine = create_engine(database_url, pool_size=8)
        self._root = root
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    def _read(self, statement: Any, **values: object) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(statement, values).all()

    def _context(self, name: str, row: type, suffix: str = "") -> str:
        return f"{self._root}$metadata#{name}({','.join(row.__annotations__)}){suffix}"

    def _answer(self, context: str, rows: list[Any], **control: object) -> Response:
        body = {"@odata.context": context, **{f"@odata.{k}": v for k, v in control.items()}, "value": rows}
        return Response(self._encode(body), content_type=MEDIA_TYPE)

    def invoices(self) -> Response:
        given = request.args
        values: dict[str, object]
        if "customer" in given:
            statement, counted, values = OF_CUSTOMER, COUNT_OF_CUSTOMER, {"customer": given["customer"]}
        else:
            statement, counted = OF_STATUS, COUNT_OF_STATUS
            values = {"status": CODE_OF_STATUS[given["status"]]}
        with self._engine.connect() as connection:
            count = connection.execute(counted, values).scalar_one()
            found = connection.execute(statement, {**values, "top": int(given["top"])}).all()
        rows = [
            InvoiceListed(number, STATUS[status], day(dated), day(due), currency, gross * CENT, customer, name)
            for number, status, dated, due, currency, gross, customer, name in found
        ]
        return self._answer(self._context("Invoices", InvoiceListed), rows, count=count)

    def invoice_list(self, number: str) -> Response:
        return self._answer(self._context("Invoices", InvoiceShown), self._shown(number))

    def invoice(self, number: str) -> Response:
        head = self._encode({"@odata.context": self._context("Invoices", InvoiceShown, "/$entity")})
        body = self._encode(self._shown(number)[0])
        return Response(head[:-1] + b"," + body[1:], content_type=MEDIA_TYPE)

    def _shown(self, number: str) -> list[InvoiceShown]:
        return [
            InvoiceShown(
                x.IVNO, TYPE[x.IVTY], STATUS[x.IVST], day(x.IVDT), day(x.PSDT), day(x.DUDT), x.CUCD,
                x.NTAM * CENT, x.TXAM * CENT, x.GRAM * CENT, x.OPAM * CENT, x.OVDD, x.DNLV,
                DISPUTE.get(x.DSRC, x.DSRC), x.TX40, x.CUNO, x.CUNM, x.ORNO, x.SLNM,
                x.CHTS.replace(tzinfo=UTC),
            )
            for x in self._read(BY_NUMBER, number=number)
        ]  # fmt: skip

    def invoice_lines(self) -> Response:
        top, skip = int(request.args["top"]), int(request.args.get("skip", "0"))
        found = self._read(PAGE_OF_LINES, top=top + 1, skip=skip)
        rows = [
            Line(
                f"{invoice}~{line:04}", invoice, line, item, text, scaled(quantity, MILLI), unit,
                scaled(price, TEN_THOUSANDTH), amount * CENT, scaled(rate, MILLI), tax * CENT, currency,
            )
            for invoice, line, item, text, quantity, unit, price, amount, rate, tax, currency in found[:top]
        ]  # fmt: skip
        link = {"nextLink": f"{self._root}invoice-lines?top={top}&skip={skip + top}"} if len(found) > top else {}
        return self._answer(self._context("InvoiceLines", Line), rows, **link)

    def customers(self) -> Response:
        found = self._read(SEARCH, pattern=f"%{request.args['search']}%", top=int(request.args["top"]))
        rows = [
            CustomerFound(number, name, currency, balance * CENT, city, country)
            for number, name, currency, balance, city, country in found
        ]
        return self._answer(self._context("Customers", CustomerFound), rows)

    def items(self) -> Response:
        found = self._read(BY_NUMBERS, numbers=request.args["numbers"].split(","))
        rows = [
            ItemListed(number, name, ITEM_STATUS[status], unit, scaled(price, TEN_THOUSANDTH), currency)
            for number, name, status, unit, price, currency in found
        ]
        return self._answer(self._context("Items", ItemListed), rows)


def create_app(database_url: str | None = None, root: str | None = None) -> Flask:
    """The application; in a server of its own it is configured by environment variables."""
    app = Flask("benchmarks.baseline", static_folder=None)
    views = Endpoints(database_url or os.environ[DATABASE_VARIABLE], root or os.environ[ROOT_VARIABLE])
    app.add_url_rule("/invoices", view_func=views.invoices)
    app.add_url_rule("/invoices/<number>", view_func=views.invoice)
    app.add_url_rule("/invoice-list/<number>", view_func=views.invoice_list)
    app.add_url_rule("/invoice-lines", view_func=views.invoice_lines)
    app.add_url_rule("/customers", view_func=views.customers)
    app.add_url_rule("/items", view_func=views.items)
    return app
