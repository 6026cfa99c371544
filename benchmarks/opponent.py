"""The hand-written service that ours is measured against: one Flask endpoint for each question, as a good engineer
writes it who needs no more than that question.

Statements are built once, values are bound, rows are unpacked as tuples (reading their attributes costs more than all
else that is done with them), orjson writes the JSON, pages continue by key. What it leaves out is what the questions
do not need: other filters, orders and columns, metadata, validators, exact digits (amounts become floats, because
that is the quickest that orjson takes), errors beyond a 404.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, abort, request
from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Integer,
    MetaData,
    Numeric,
    Select,
    SmallInteger,
    String,
    Table,
    bindparam,
    create_engine,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

DATABASE_VARIABLE = "BENCHMARK_DATABASE_URL"
#: A file with what ``$metadata`` is to answer.
METADATA_VARIABLE = "BENCHMARK_METADATA"

TABLES = MetaData()


def _table(name: str, /, **columns: Any) -> Table:
    return Table(name, TABLES, *(Column(column, kind) for column, kind in columns.items()))


customers = _table(
    "customers", customer_number=String, name=String, status=String, street=String, postal_code=String, city=String,
    country=String, currency=String, credit_limit=Numeric, balance=Numeric, customer_since=Date,
    changed_at=DateTime(timezone=True),
)  # fmt: skip
invoices = _table(
    "invoices", invoice_number=String, invoice_type=String, status=String, customer_number=String, reference=String,
    sales_order=String, sales_rep=String, company=String, invoice_date=Date, posting_date=Date, due_date=Date,
    currency=String, net_amount=Numeric, tax_amount=Numeric, gross_amount=Numeric, open_amount=Numeric,
    payment_terms=String, dunning_level=SmallInteger, dispute_reason=String, note=String,
    created_at=DateTime(timezone=True), changed_at=DateTime(timezone=True),
)  # fmt: skip
lines = _table(
    "invoice_lines", invoice_number=String, line_number=Integer, item_number=String, description=String,
    quantity=Numeric, unit=String, unit_price=Numeric, net_amount=Numeric, tax_rate=Numeric, delivery_date=Date,
    currency=String,
)  # fmt: skip
i, n, c = invoices.c, lines.c, customers.c

# --- statements ---------------------------------------------------------------------------------------------

LISTED = (
    i.invoice_number, i.customer_number, i.invoice_date, i.due_date, i.status, i.gross_amount, i.open_amount,
    i.currency,
)  # fmt: skip
NEWEST = (i.invoice_date.desc(), i.invoice_number)
given_number, given_after = bindparam("number", type_=String()), bindparam("after", type_=String())
given_status, given_customer = bindparam("status", type_=String()), bindparam("customer", type_=String())
given_from, given_to = bindparam("from_", type_=Date()), bindparam("to", type_=Date())
given_line, given_top = bindparam("line", type_=Integer()), bindparam("top", type_=Integer())

BY_STATUS = (
    select(*LISTED)
    .where(i.status == given_status, i.invoice_date >= given_from, i.invoice_date <= given_to)
    .order_by(*NEWEST)
    .limit(given_top)
)
COUNT_BY_STATUS = select(func.count()).where(i.status == given_status, i.invoice_date >= given_from)
OF_CUSTOMER = select(*LISTED).where(i.customer_number == given_customer).order_by(*NEWEST).limit(given_top)
COUNT_OF_CUSTOMER = select(func.count()).where(i.customer_number == given_customer)
BY_NUMBER = select(*i).where(i.invoice_number == given_number)
WITH_CUSTOMER = (
    select(*i, *c)
    .select_from(invoices.outerjoin(customers, i.customer_number == c.customer_number))
    .where(i.invoice_number == given_number)
)
LINES = select(*n).where(n.invoice_number == given_number).order_by(n.line_number)
LINES_AFTER = (
    select(*n)
    .where(tuple_(n.invoice_number, n.line_number) > tuple_(given_after, given_line))
    .order_by(n.invoice_number, n.line_number)
    .limit(given_top)
)
SINCE_AFTER = (
    select(*LISTED)
    .where(i.invoice_date >= given_from, i.invoice_number > given_after)
    .order_by(i.invoice_number)
    .limit(given_top)
)
WITHIN_CUSTOMER = (
    select(*LISTED)
    .where(
        i.customer_number == given_customer,
        or_(
            i.reference.like(bindparam("first", type_=String())),
            i.sales_rep.like(bindparam("second", type_=String())),
        ),
    )
    .order_by(i.invoice_number)
    .limit(given_top)
)
SUMS = (
    select(i.status, func.sum(i.gross_amount))
    .where(i.invoice_date >= given_from, i.invoice_date < given_to)
    .group_by(i.status)
    .order_by(i.status)
)
any_numbers = func.any(bindparam("numbers", type_=ARRAY(String())))
BY_NUMBERS = select(*LISTED).where(i.invoice_number == any_numbers).order_by(i.invoice_number)


# --- rows ---------------------------------------------------------------------------------------------------


def listed(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "InvoiceNumber": number,
            "CustomerNumber": customer,
            "InvoiceDate": dated,
            "DueDate": due,
            "Status": status,
            "GrossAmount": gross,
            "OpenAmount": left,
            "Currency": currency,
        }
        for number, customer, dated, due, status, gross, left, currency in rows
    ]


INVOICE = (
    "InvoiceNumber", "InvoiceType", "Status", "CustomerNumber", "CustomerReference", "SalesOrderNumber",
    "SalesRepName", "CompanyCode", "InvoiceDate", "PostingDate", "DueDate", "Currency", "NetAmount", "TaxAmount",
    "GrossAmount", "OpenAmount", "PaymentTerms", "DunningLevel", "DisputeReason", "Note", "CreatedAt", "ChangedAt",
)  # fmt: skip
CUSTOMER = (
    "CustomerNumber", "CustomerName", "Status", "Street", "PostalCode", "City", "Country", "Currency", "CreditLimit",
    "Balance", "CustomerSince", "ChangedAt",
)  # fmt: skip


def numbered(rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "InvoiceLineKey": f"{invoice}~{line:04}",
            "InvoiceNumber": invoice,
            "LineNumber": line,
            "ItemNumber": item,
            "Description": description,
            "Quantity": quantity,
            "Unit": unit,
            "UnitPrice": price,
            "NetAmount": amount,
            "TaxRate": rate,
            "DeliveryDate": delivered,
            "Currency": currency,
        }
        for invoice, line, item, description, quantity, unit, price, amount, rate, delivered, currency in rows
    ]


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError


def answer(body: Any) -> Response:
    return Response(
        orjson.dumps(body, default=_number, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS),
        mimetype="application/json",
    )


# --- endpoints ----------------------------------------------------------------------------------------------


class Endpoints:
    """The views; a statement or two and one list each."""

    def __init__(self, database_url: str, metadata: bytes) -> None:
        self._engine = create_engine(database_url, pool_size=8, connect_args={"options": "-c timezone=UTC"})
        self._metadata = metadata

    def _read(self, statement: Select[Any], **values: object) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(statement, values).all()

    def by_status(self) -> Response:
        given = request.args
        found = self._read(
            BY_STATUS,
            status=given["status"],
            from_=date.fromisoformat(given["from"]),
            to=date.fromisoformat(given["to"]),
            top=25,
        )
        return answer({"value": listed(found)})

    def count_by_status(self) -> Response:
        given = request.args
        found = self._read(COUNT_BY_STATUS, status=given["status"], from_=date.fromisoformat(given["from"]))
        return Response(str(found[0][0]), mimetype="text/plain")

    def of_customer(self, customer: str) -> Response:
        with self._engine.connect() as connection:
            count = connection.execute(COUNT_OF_CUSTOMER, {"customer": customer}).scalar_one()
            found = connection.execute(OF_CUSTOMER, {"customer": customer, "top": 25}).all()
        return answer({"count": count, "value": listed(found)})

    def search_of_customer(self, customer: str) -> Response:
        word, name = request.args["reference"], request.args["rep"]
        found = self._read(WITHIN_CUSTOMER, customer=customer, first=f"%{word}%", second=f"%{name}%", top=25)
        return answer({"value": listed(found)})

    def invoice(self, number: str) -> Response:
        found = self._read(BY_NUMBER, number=number)
        if not found:
            abort(404)
        return answer(dict(zip(INVOICE, found[0], strict=True)))

    def invoice_in_full(self, number: str) -> Response:
        with self._engine.connect() as connection:
            head = connection.execute(WITH_CUSTOMER, {"number": number}).one_or_none()
            if head is None:
                abort(404)
            found = connection.execute(LINES, {"number": number}).all()
        customer = dict(zip(CUSTOMER, head[len(INVOICE) :], strict=True)) if head[len(INVOICE)] else None
        body = dict(zip(INVOICE, head[: len(INVOICE)], strict=True))
        return answer({**body, "Lines": numbered(found), "Customer": customer})

    def invoice_lines(self) -> Response:
        given, top = request.args, int(request.args["top"])
        found = self._read(LINES_AFTER, after=given["after"], line=int(given["line"]), top=top + 1)
        body: dict[str, Any] = {"value": numbered(found[:top])}
        if len(found) > top:
            last = found[top - 1]
            body["next"] = f"{request.path}?after={last[0]}&line={last[1]}&top={top}"
        return answer(body)

    def invoices(self) -> Response:
        given, top = request.args, int(request.args["top"])
        since, after = given["since"], given.get("after", "")
        found = self._read(SINCE_AFTER, from_=date.fromisoformat(since), after=after, top=top + 1)
        body: dict[str, Any] = {"value": listed(found[:top])}
        if len(found) > top:
            body["next"] = f"{request.path}?since={since}&after={found[top - 1][0]}&top={top}"
        return answer(body)

    def sums(self) -> Response:
        given = request.args
        start, end = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
        found = self._read(SUMS, from_=start, to=end)
        return answer({"value": [{"Status": status, "Total": total} for status, total in found]})

    def by_numbers(self) -> Response:
        return answer({"value": listed(self._read(BY_NUMBERS, numbers=request.args["numbers"].split(",")))})

    def metadata(self) -> Response:
        return Response(self._metadata, mimetype="application/xml")


def trivial(size: int) -> Response:
    """So many bytes, and nothing else: what Flask and the server cost by themselves."""
    return Response(b" " * size, mimetype="application/json")


def create_app() -> Flask:
    """The application, configured by environment variables."""
    app = Flask("benchmarks.opponent", static_folder=None)
    metadata = Path(os.environ[METADATA_VARIABLE]).read_bytes()
    views = Endpoints(os.environ[DATABASE_VARIABLE], metadata)
    routes: dict[str, Callable[..., Response]] = {
        "/invoices": views.invoices,
        "/invoices/by-status": views.by_status,
        "/invoices/by-status/count": views.count_by_status,
        "/invoices/by-numbers": views.by_numbers,
        "/invoices/sums": views.sums,
        "/invoices/<number>": views.invoice,
        "/invoices/<number>/full": views.invoice_in_full,
        "/customers/<customer>/invoices": views.of_customer,
        "/customers/<customer>/search": views.search_of_customer,
        "/invoice-lines": views.invoice_lines,
        "/metadata": views.metadata,
        "/trivial/<int:size>": trivial,
    }
    for rule, view in routes.items():
        app.add_url_rule(rule, rule, view)
    return app
