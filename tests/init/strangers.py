"""Schemas as they are found in the wild: sample databases, a start-up's, an Access file that grew."""

import uuid
from datetime import datetime
from typing import Any

from tests.init.business import Business
from tests.init.schemas import T


def _uuid(kind: str, n: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{n}"))


def startup(b: Business) -> list[T]:
    """Camel case, GUIDs in text, amounts in cents, flags of deletion, JSON beside."""
    gone: list[Any] = [
        (
            _uuid("i", 9_000 + n),
            f"GONE{n}",
            _uuid("c", 1),
            None,
            b.invoices[0].day,
            b.invoices[0].due,
            "open",
            "EUR",
            1,
            1,
            2,
            2,
            True,
            b.invoices[0].created,
        )
        for n in range(5)
    ]
    return [
        T("customer", "id:text(36) pk, customerNumber:text(20) nn unique, companyName:text(80) nn, streetAddress:text(80), zipCode:text(10), city:text(40), countryCode:text(2), email:text(80), creditLimitCents:big, isDeleted:bool nn, createdAt:stamp",
          [(_uuid("c", c.id), c.number, c.name, c.street, c.postal, c.city, c.country, None, int(c.limit * 100), False, c.created) for c in b.customers]),
        T("product", "id:text(36) pk, sku:text(20) nn unique, productName:text(80) nn, unitOfMeasure:text(5), listPriceCents:big, purchasePriceCents:big", [(_uuid("p", i.id), i.number, i.name, i.unit, int(i.price * 100), int(i.cost * 100)) for i in b.items]),
        T("salesOrder", "id:text(36) pk, orderNumber:text(20) nn unique, customerId:text(36) nn, orderedOn:date, requestedDeliveryDate:date, status:text(20), poNumber:text(40), grossTotalCents:big", [(_uuid("o", o.id), o.number, _uuid("c", o.customer.id), o.day, o.requested, o.status, o.reference, int(o.gross * 100)) for o in b.orders]),
        T("salesOrderItem", "id:text(36) pk, salesOrderId:text(36) nn, position:int, productId:text(36), quantity:num(12,3), unitPriceCents:big, netAmountCents:big", [(_uuid("ol", x.id), _uuid("o", o.id), x.number, _uuid("p", x.item.id), x.quantity, int(x.price * 100), int(x.net * 100)) for o in b.orders for x in o.lines]),
        T("invoice", "id:text(36) pk, invoiceNumber:text(20) nn unique, customerId:text(36) nn, salesOrderId:text(36), issuedOn:date, dueOn:date, status:text(20), currencyCode:text(3), netAmountCents:big, taxAmountCents:big, grossAmountCents:big, outstandingAmountCents:big, isDeleted:bool nn, createdAt:stamp",
          [(_uuid("i", v.id), v.number, _uuid("c", v.customer.id), _uuid("o", v.order.id), v.day, v.due, v.status.lower(), v.customer.currency, int(v.net * 100), int(v.tax * 100), int(v.gross * 100), int(v.open * 100), False, v.created) for v in b.invoices] + gone),
        T("invoiceItem", "id:text(36) pk, invoiceId:text(36) nn, position:int, productId:text(36), quantity:num(12,3), unitPriceCents:big, netAmountCents:big", [(_uuid("il", 1000 * v.id + x.number), _uuid("i", v.id), x.number, _uuid("p", x.item.id), x.quantity, int(x.price * 100), int(x.net * 100)) for v in b.invoices for x in v.lines]),
        T("paymentReceived", "id:text(36) pk, paymentNumber:text(20) nn, customerId:text(36) nn, invoiceId:text(36), receivedOn:date, amountCents:big, paymentMethod:text(20)", [(_uuid("y", p.id), p.number, _uuid("c", p.customer.id), _uuid("i", p.invoice.id), p.day, int(p.amount * 100), p.method) for p in b.payments]),
    ]  # fmt: skip


def access(b: Business) -> list[T]:
    """Tables with tbl, columns with types in front, lookups by id, days as timestamps, money as floats."""
    stamp = lambda d: datetime(d.year, d.month, d.day) if d else None  # noqa: E731
    states = {"Open": 1, "Paid": 2}
    return [
        T("tblCustomers", "lngCustomerID:int pk, strCustomerNo:text(20), strCustomerName:text(80), strAddress:text(80), strZip:text(10), strCity:text(40), strCountry:text(2), curCreditLimit:num(19,4)", [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.limit) for c in b.customers]),
        T("tblItems", "lngItemID:int pk, strItemNo:text(20), strDescription:text(80), strUnit:text(5), curSalesPrice:num(19,4), curCost:num(19,4)", [(i.id, i.number, i.name, i.unit, i.price, i.cost) for i in b.items]),
        T("tblInvoiceStatus", "lngStatusID:int pk, strStatus:text(20)", [(1, "Open"), (2, "Paid")]),
        T("tblOrders", "lngOrderID:int pk, strOrderNo:text(20), lngCustomerID:int, dtmOrderDate:stamp, dtmRequiredDate:stamp, strCustomerPO:text(40), curOrderTotal:num(19,4)", [(o.id, o.number, o.customer.id, stamp(o.day), stamp(o.requested), o.reference, o.gross) for o in b.orders]),
        T("tblOrderDetails", "lngOrderDetailID:int pk, lngOrderID:int, lngItemID:int, dblQuantity:real, curUnitPrice:num(19,4)", [(x.id, o.id, x.item.id, float(x.quantity), x.price) for o in b.orders for x in o.lines]),
        T("tblInvoices", "lngInvoiceID:int pk, strInvoiceNo:text(20), lngCustomerID:int, lngOrderID:int, lngStatusID:int, dtmInvoiceDate:stamp, dtmDueDate:stamp, strCurrency:text(3), curNetAmount:num(19,4), curTaxAmount:num(19,4), curTotalAmount:num(19,4), curAmountPaid:num(19,4)",
          [(v.id, v.number, v.customer.id, v.order.id, states[v.status], stamp(v.day), stamp(v.due), v.customer.currency, v.net, v.tax, v.gross, v.gross - v.open) for v in b.invoices]),
        T("tblInvoiceDetails", "lngInvoiceDetailID:int pk, lngInvoiceID:int, lngItemID:int, strDescription:text(80), dblQuantity:real, curUnitPrice:num(19,4), curLineTotal:num(19,4)", [(1000 * v.id + x.number, v.id, x.item.id, x.item.name, float(x.quantity), x.price, x.net) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip


def sample(b: Business) -> list[T]:
    """As the sample databases of database makers: people and companies, totals only, no due dates."""
    return [
        T("Customer", "CustomerId:int pk, FirstName:text(40), LastName:text(40), Company:text(80), Address:text(70), City:text(40), Country:text(40), PostalCode:text(10), Phone:text(24), Email:text(60)", [(c.id, "Ann", f"Lee {c.id}", c.name, c.street, c.city, c.country, c.postal, c.phone, f"{c.id}@example.com") for c in b.customers]),
        T("Product", "ProductId:int pk, ProductName:text(80), UnitPrice:num(10,2), UnitsInStock:int, Discontinued:bool", [(i.id, i.name, i.price, 5, False) for i in b.items]),
        T("Invoice", "InvoiceId:int pk, CustomerId:int nn fk=Customer.CustomerId, InvoiceDate:stamp nn, BillingAddress:text(70), BillingCity:text(40), Total:num(10,2) nn", [(v.id, v.customer.id, datetime(v.day.year, v.day.month, v.day.day), v.customer.street, v.customer.city, v.gross) for v in b.invoices]),
        T("InvoiceLine", "InvoiceLineId:int pk, InvoiceId:int nn fk=Invoice.InvoiceId, ProductId:int nn fk=Product.ProductId, UnitPrice:num(10,2) nn, Quantity:int nn", [(1000 * v.id + x.number, v.id, x.item.id, x.price, int(x.quantity)) for v in b.invoices for x in v.lines]),
    ]  # fmt: skip
