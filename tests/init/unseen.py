"""The same business as ERPs write it down whose habits the guesses were not made for: real names of tables and columns."""

from datetime import date, datetime

from tests.init.business import Business
from tests.init.schemas import T

_NONE = datetime(1900, 1, 1)


def _stamp(day: date | None, none: datetime | None = None) -> datetime | None:
    return none if day is None else datetime(day.year, day.month, day.day)


def business_one(b: Business) -> list[T]:
    """Document entries beside document numbers, one letter for each status, what is paid instead of what is open."""
    head = "DocEntry:int pk, DocNum:int nn, DocType:char(1), CANCELED:char(1), DocStatus:char(1), ObjType:text(20), DocDate:stamp, DocDueDate:stamp, CardCode:text(15), CardName:text(100), NumAtCard:text(100), DocCur:text(3), DocRate:num(19,6), VatSum:num(19,6), DiscSum:num(19,6), DocTotal:num(19,6), PaidToDate:num(19,6), GrosProfit:num(19,6), Comments:text(254), SlpCode:int, TaxDate:stamp, CreateDate:stamp, UpdateDate:stamp, UpdateTS:int, UserSign:small"
    line = "DocEntry:int pk, LineNum:int pk, BaseEntry:int, BaseType:int, LineStatus:char(1), ItemCode:text(50), Dscription:text(100), Quantity:num(19,6), OpenQty:num(19,6), ShipDate:stamp, Price:num(19,6), Currency:text(3), LineTotal:num(19,6), WhsCode:text(8), GrossBuyPr:num(19,6), StockPrice:num(19,6), VatPrcnt:num(19,6), unitMsr:text(100), VisOrder:int"
    day = _stamp

    def rows(docs: list, paid: bool, kind: str) -> list:
        return [
            (10 * d.id, 5000 + d.id, "I", "N", {"Paid": "C", "Completed": "C", "Cancelled": "C"}.get(d.status, "O"), kind, day(d.day), day(d.due if paid else d.requested), d.customer.number, d.customer.name, d.order.reference if paid else d.reference, d.customer.currency, 1, d.tax, 0, d.gross, d.gross - d.open if paid else 0, 1, None, 3, day(d.day), day(d.day), day(d.changed.date()), 101500, 1)
            for d in docs
        ]  # fmt: skip

    def lines(docs: list) -> list:
        return [
            (10 * d.id, x.number - 1, None, -1, "O", x.item.number, x.item.name, x.quantity, 0, day(d.day), x.price, d.customer.currency, x.net, "W01", x.item.cost, x.item.cost, 19, x.item.unit, x.number - 1)
            for d in docs for x in d.lines
        ]  # fmt: skip

    return [
        T("OCRD", "CardCode:text(15) pk, CardName:text(100), CardType:char(1), GroupCode:small, Address:text(100), ZipCode:text(20), City:text(100), Country:text(3), Phone1:text(20), E_Mail:text(100), Currency:text(3), GroupNum:small, CreditLine:num(19,6), Balance:num(19,6), DNotesBal:num(19,6), LicTradNum:text(32), validFor:char(1), frozenFor:char(1), SlpCode:int, BankCode:text(30), DflAccount:text(50), DflIBAN:text(50), CreateDate:stamp, UpdateDate:stamp, U_Region:text(20)",
          [(c.number, c.name, "C", 100, c.street, c.postal, c.city, c.country, c.phone, None, c.currency, {14: 1, 30: 2, 60: 3}[c.terms], c.limit, 0, 0, None, "Y", "N", 3, "", "", c.iban, day(c.created.date()), None, "North") for c in b.customers] + [("V100", "Vendor", "S", 101, "x", "1", "y", "DE", "1", None, "EUR", 1, 0, 0, 0, None, "Y", "N", 3, "", "", "", None, None, "South")]),
        T("OCTG", "GroupNum:small pk, PymntGroup:text(100), ExtraDays:small", [(1, "14 days", 14), (2, "30 days", 30), (3, "60 days", 60)]),
        T("OITM", "ItemCode:text(50) pk, ItemName:text(100), FrgnName:text(100), ItmsGrpCod:small, SalUnitMsr:text(100), InvntryUom:text(100), OnHand:num(19,6), IsCommited:num(19,6), AvgPrice:num(19,6), LastPurPrc:num(19,6), SWeight1:num(19,6), ManSerNum:char(1), CodeBars:text(254), CreateDate:stamp",
          [(i.number, i.name, None, 100, i.unit, i.unit, 1, 0, i.cost, i.cost, i.weight, "N", None, None) for i in b.items]),
        T("OITW", "ItemCode:text(50) pk, WhsCode:text(8) pk, OnHand:num(19,6), IsCommited:num(19,6), OnOrder:num(19,6), AvgPrice:num(19,6), MinStock:num(19,6)",
          [(s.item.number, s.warehouse.code, s.on_hand, s.reserved, 0, s.item.cost, 1) for s in b.stock]),
        T("OWHS", "WhsCode:text(8) pk, WhsName:text(100), City:text(100)", [(w.code, w.name, w.city) for w in b.warehouses]),
        T("ITM1", "ItemCode:text(50) pk, PriceList:small pk, Price:num(19,6), Currency:text(3)", [(i.number, 1, i.price, "EUR") for i in b.items]),
        T("ORDR", head, rows(b.orders, paid=False, kind="17")), T("RDR1", line, lines(b.orders)),
        T("OINV", head, rows(b.invoices, paid=True, kind="13")), T("INV1", line, lines(b.invoices)),
        T("OPCH", head, []), T("PCH1", line, []),
        T("ORCT", "DocEntry:int pk, DocNum:int, DocDate:stamp, CardCode:text(15), CardName:text(100), CashSum:num(19,6), TrsfrSum:num(19,6), DocTotal:num(19,6), DocCurr:text(3), Canceled:char(1)",
          [(p.id, 700 + p.id, day(p.day), p.customer.number, p.customer.name, 0, p.amount, p.amount, "EUR", "N") for p in b.payments]),
    ]  # fmt: skip


def axapta(b: Business) -> list[T]:
    """A company in each row and each key, empty texts and 1900-01-01 for none, enumerations as integers."""
    own = "DATAAREAID:text(4) pk, RECVERSION:int nn, RECID:big nn unique"
    firms = ("usmf", "demf")
    firm = lambda n: firms[n % 2]  # noqa: E731
    none = lambda d: _stamp(d, _NONE)  # noqa: E731
    return [
        T("CUSTTABLE", f"ACCOUNTNUM:text(20) pk, NAME:text(60) nn, STREET:text(250) nn, ZIPCODE:text(10) nn, CITY:text(60) nn, COUNTRYREGIONID:text(10) nn, PHONE:text(20) nn, CUSTGROUP:text(10) nn, PAYMTERMID:text(10) nn, CURRENCY:text(3) nn, CREDITMAX:num(28,12) nn, BLOCKED:int nn, VATNUM:text(20) nn, BANKACCOUNT:text(20) nn, MODIFIEDDATETIME:stamp nn, {own}",
          [(c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, "30", f"N{c.terms}", c.currency, c.limit, 0, "", "", c.created, f, 1, 100 * c.id + k) for k, f in enumerate(firms) for c in b.customers]),
        T("INVENTTABLE", f"ITEMID:text(20) pk, ITEMNAME:text(140) nn, ITEMGROUPID:text(10) nn, ITEMTYPE:int nn, NETWEIGHT:num(28,12) nn, BOMUNITID:text(10) nn, {own}",
          [(i.number, i.name, i.group, 0, i.weight, i.unit, f, 1, 100 * i.id + k) for k, f in enumerate(firms) for i in b.items]),
        T("INVENTLOCATION", f"INVENTLOCATIONID:text(10) pk, NAME:text(60) nn, {own}", [(w.code, w.name, f, 1, 10 * w.id + k) for k, f in enumerate(firms) for w in b.warehouses]),
        T("INVENTDIM", f"INVENTDIMID:text(20) pk, INVENTBATCHID:text(20) nn, INVENTLOCATIONID:text(10) nn, {own}", [(f"DIM{w.id}", "", w.code, f, 1, 10 * w.id + k) for k, f in enumerate(firms) for w in b.warehouses]),
        T("INVENTSUM", f"ITEMID:text(20) pk, INVENTDIMID:text(20) pk, PHYSICALINVENT:num(28,12) nn, RESERVPHYSICAL:num(28,12) nn, AVAILPHYSICAL:num(28,12) nn, POSTEDVALUE:num(28,12) nn, {own}",
          [(s.item.number, f"DIM{s.warehouse.id}", s.on_hand, s.reserved, s.on_hand - s.reserved, 5, "usmf", 1, s.id) for s in b.stock]),
        T("SALESTABLE", f"SALESID:text(20) pk, SALESNAME:text(60) nn, CUSTACCOUNT:text(20) nn, INVOICEACCOUNT:text(20) nn, CUSTOMERREF:text(60) nn, CURRENCYCODE:text(3) nn, SALESSTATUS:int nn, SALESTYPE:int nn, RECEIPTDATEREQUESTED:stamp nn, CREATEDDATETIME:stamp nn, INVENTLOCATIONID:text(10) nn, {own}",
          [(o.number, o.customer.name, o.customer.number, o.customer.number, o.reference, o.customer.currency, {"Open": 1, "Completed": 3, "Cancelled": 4}[o.status], 3, none(o.requested), none(o.day), o.warehouse.code, firm(o.id), 1, o.id) for o in b.orders]),
        T("SALESLINE", f"SALESID:text(20) pk, LINENUM:num(28,12) pk, ITEMID:text(20) nn, NAME:text(1000) nn, SALESQTY:num(28,12) nn, SALESUNIT:text(10) nn, SALESPRICE:num(28,12) nn, COSTPRICE:num(28,12) nn, LINEAMOUNT:num(28,12) nn, REMAINSALESPHYSICAL:num(28,12) nn, SALESSTATUS:int nn, {own}",
          [(o.number, x.number, x.item.number, x.item.name, x.quantity, x.item.unit, x.price, x.item.cost, x.net, 0, 3, firm(o.id), 1, x.id) for o in b.orders for x in o.lines]),
        T("CUSTINVOICEJOUR", f"INVOICEID:text(20) pk, INVOICEDATE:stamp pk, SALESID:text(20) nn, ORDERACCOUNT:text(20) nn, INVOICEACCOUNT:text(20) nn, DUEDATE:stamp nn, CASHDISCDATE:stamp nn, CURRENCYCODE:text(3) nn, EXCHRATE:num(28,12) nn, SALESBALANCE:num(28,12) nn, SUMTAX:num(28,12) nn, INVOICEAMOUNT:num(28,12) nn, COSTVALUE:num(28,12) nn, CUSTOMERREF:text(60) nn, LEDGERVOUCHER:text(20) nn, {own}",
          [(v.number, none(v.day), v.order.number, v.customer.number, v.customer.number, none(v.due), _NONE, v.customer.currency, 100, v.net, v.tax, v.gross, 1, v.order.reference, f"V{v.id}", firm(v.id), 1, v.id) for v in b.invoices]),
        T("CUSTINVOICETRANS", f"INVOICEID:text(20) pk, INVOICEDATE:stamp pk, LINENUM:num(28,12) pk, SALESID:text(20) nn, ITEMID:text(20) nn, NAME:text(1000) nn, QTY:num(28,12) nn, SALESUNIT:text(10) nn, SALESPRICE:num(28,12) nn, LINEAMOUNT:num(28,12) nn, {own}",
          [(v.number, none(v.day), x.number, v.order.number, x.item.number, x.item.name, x.quantity, x.item.unit, x.price, x.net, firm(v.id), 1, 1000 * v.id + x.number) for v in b.invoices for x in v.lines]),
        T("VENDTABLE", f"ACCOUNTNUM:text(20) pk, NAME:text(60) nn, CURRENCY:text(3) nn, {own}", [("V1", "Vendor", "EUR", "usmf", 1, 1)]),
        T("VENDINVOICEJOUR", f"INVOICEID:text(20) pk, INVOICEDATE:stamp nn, INVOICEACCOUNT:text(20) nn, INVOICEAMOUNT:num(28,12) nn, {own}", [("X1", _NONE, "V1", 1, "usmf", 1, 1)]),
    ]  # fmt: skip


def idempiere(b: Business) -> list[T]:
    """Ids named after tables, Y and N, both sides of the business in one table of documents, places by way of a locator."""
    own = "ad_client_id:num(10) nn, ad_org_id:num(10) nn, isactive:char(1) nn, created:stamp nn, createdby:num(10) nn, updated:stamp nn, updatedby:num(10) nn"
    currency = {"EUR": 102, "USD": 100, "GBP": 114}
    t0 = b.invoices[0].created

    def std(day: datetime = t0) -> tuple:
        return (11, 50_001, "Y", day, 100, day, 100)

    return [
        T("c_currency", f"c_currency_id:num(10) pk, iso_code:char(3) nn unique, cursymbol:text(10), description:text(255), {own}", [(n, c, c[0], c, *std()) for c, n in currency.items()]),
        T("c_uom", f"c_uom_id:num(10) pk, uomsymbol:text(10), name:text(60) nn, {own}", [(100 + n, u, u, *std()) for n, u in enumerate(("PCS", "KG", "M"))]),
        T("c_paymentterm", f"c_paymentterm_id:num(10) pk, value:text(40) nn, name:text(60) nn, netdays:num(10) nn, {own}", [(100 + n, f"{n}D", f"Net {n}", n, *std()) for n in (14, 30, 60)]),
        T("c_bpartner", f"c_bpartner_id:num(10) pk, value:text(40) nn, name:text(120) nn, name2:text(60), description:text(255), iscustomer:char(1) nn, isvendor:char(1) nn, isemployee:char(1) nn, taxid:text(20), c_paymentterm_id:num(10), so_creditlimit:num nn, so_creditused:num nn, totalopenbalance:num, socreditstatus:char(1), ad_language:text(6), {own}",
          [(1000 + c.id, c.number, c.name, None, None, "Y", "N", "N", None, 100 + c.terms, c.limit, 0, 0, "X", "en_US", *std(c.created)) for c in b.customers] + [(9_000, "V-1", "Vendor", None, None, "N", "Y", "N", None, 130, 0, 0, 0, "X", None, *std())]),
        T("c_location", f"c_location_id:num(10) pk, address1:text(60), postal:text(10), city:text(60), {own}", [(3000 + c.id, c.street, c.postal, c.city, *std()) for c in b.customers]),
        T("c_bpartner_location", f"c_bpartner_location_id:num(10) pk, name:text(60) nn, c_bpartner_id:num(10) nn fk=c_bpartner.c_bpartner_id, c_location_id:num(10) fk=c_location.c_location_id, phone:text(40), {own}", [(2000 + c.id, c.city, 1000 + c.id, 3000 + c.id, c.phone, *std()) for c in b.customers]),
        T("m_product", f"m_product_id:num(10) pk, value:text(40) nn, name:text(255) nn, description:text(255), upc:text(30), c_uom_id:num(10) nn fk=c_uom.c_uom_id, m_product_category_id:num(10) nn, producttype:char(1) nn, isstocked:char(1), weight:num, {own}",
          [(4000 + i.id, i.number, i.name, None, None, 100 + ("PCS", "KG", "M").index(i.unit), 105, "I", "Y", i.weight, *std()) for i in b.items]),
        T("m_warehouse", f"m_warehouse_id:num(10) pk, value:text(40) nn, name:text(60) nn, {own}", [(w.id, w.code, w.name, *std()) for w in b.warehouses]),
        T("m_locator", f"m_locator_id:num(10) pk, value:text(40) nn, m_warehouse_id:num(10) nn fk=m_warehouse.m_warehouse_id, {own}", [(100 + w.id, "Standard", w.id, *std()) for w in b.warehouses]),
        T("m_storageonhand", f"m_product_id:num(10) pk fk=m_product.m_product_id, m_locator_id:num(10) pk fk=m_locator.m_locator_id, m_attributesetinstance_id:num(10) pk, datematerialpolicy:stamp pk, qtyonhand:num nn, {own}",
          [(4000 + s.item.id, 100 + s.warehouse.id, 0, datetime(2026, 1, 1), s.on_hand, *std()) for s in b.stock]),
        T("c_order", f"c_order_id:num(10) pk, documentno:text(30) nn, issotrx:char(1) nn, docstatus:char(2) nn, docaction:char(2) nn, c_doctype_id:num(10) nn, dateordered:stamp nn, datepromised:stamp, dateacct:stamp nn, c_bpartner_id:num(10) nn fk=c_bpartner.c_bpartner_id, poreference:text(20), c_currency_id:num(10) nn fk=c_currency.c_currency_id, m_warehouse_id:num(10) nn fk=m_warehouse.m_warehouse_id, totallines:num nn, grandtotal:num nn, {own}",
          [(5000 + o.id, o.number, "Y", {"Open": "DR", "Completed": "CO", "Cancelled": "VO"}[o.status], "CL", 132, _stamp(o.day), _stamp(o.requested), _stamp(o.day), 1000 + o.customer.id, o.reference, currency[o.customer.currency], o.warehouse.id, o.net, o.gross, *std(o.changed)) for o in b.orders] + [(8000, "PO1", "N", "CO", "CL", 126, _stamp(date(2026, 1, 1)), None, _stamp(date(2026, 1, 1)), 9000, None, 102, 1, 1, 1, *std())]),
        T("c_orderline", f"c_orderline_id:num(10) pk, c_order_id:num(10) nn fk=c_order.c_order_id, line:num(10) nn, m_product_id:num(10) fk=m_product.m_product_id, qtyentered:num nn, qtyordered:num nn, qtyreserved:num nn, qtydelivered:num nn, qtyinvoiced:num nn, pricelist:num nn, priceactual:num nn, pricelimit:num nn, linenetamt:num nn, c_uom_id:num(10) nn, {own}",
          [(x.id, 5000 + o.id, 10 * x.number, 4000 + x.item.id, x.quantity, x.quantity, 0, 0, 0, x.price, x.price, 0, x.net, 100, *std()) for o in b.orders for x in o.lines]),
        T("c_invoice", f"c_invoice_id:num(10) pk, documentno:text(30) nn, issotrx:char(1) nn, docstatus:char(2) nn, docaction:char(2) nn, processed:char(1) nn, c_doctype_id:num(10) nn, c_order_id:num(10), dateinvoiced:stamp nn, dateacct:stamp nn, dateprinted:stamp, c_bpartner_id:num(10) nn fk=c_bpartner.c_bpartner_id, poreference:text(20), c_currency_id:num(10) nn fk=c_currency.c_currency_id, c_paymentterm_id:num(10) nn, totallines:num nn, grandtotal:num nn, ispaid:char(1) nn, {own}",
          [(6000 + v.id, v.number, "Y", "CO", "CL", "Y", 116, 5000 + v.order.id, _stamp(v.day), _stamp(v.day), None, 1000 + v.customer.id, v.order.reference, currency[v.customer.currency], 100 + v.customer.terms, v.net, v.gross, "Y" if v.status == "Paid" else "N", *std(v.changed)) for v in b.invoices] + [(9_900, "VI1", "N", "CO", "CL", "Y", 123, None, _stamp(date(2026, 1, 1)), _stamp(date(2026, 1, 1)), None, 9000, None, 102, 130, 1, 1, "N", *std())]),
        T("c_invoiceline", f"c_invoiceline_id:num(10) pk, c_invoice_id:num(10) nn fk=c_invoice.c_invoice_id, line:num(10) nn, m_product_id:num(10) fk=m_product.m_product_id, description:text(255), qtyentered:num nn, qtyinvoiced:num nn, pricelist:num nn, priceactual:num nn, linenetamt:num nn, c_uom_id:num(10), {own}",
          [(1000 * v.id + x.number, 6000 + v.id, 10 * x.number, 4000 + x.item.id, None, x.quantity, x.quantity, x.price, x.price, x.net, 100, *std()) for v in b.invoices for x in v.lines]),
        T("m_inout", f"m_inout_id:num(10) pk, documentno:text(30) nn, issotrx:char(1) nn, docstatus:char(2) nn, movementdate:stamp nn, movementtype:char(2) nn, c_bpartner_id:num(10) nn fk=c_bpartner.c_bpartner_id, c_order_id:num(10) fk=c_order.c_order_id, m_warehouse_id:num(10) nn, trackingno:text(60), {own}",
          [(s.id, s.number, "Y", "CO", _stamp(s.day), "C-", 1000 + s.order.customer.id, 5000 + s.order.id, s.order.warehouse.id, s.tracking, *std()) for s in b.shipments]),
        T("m_inoutline", f"m_inoutline_id:num(10) pk, m_inout_id:num(10) nn fk=m_inout.m_inout_id, line:num(10) nn, m_product_id:num(10), movementqty:num nn, {own}", [(1000 * s.id + x.number, s.id, 10 * x.number, 4000 + x.item.id, x.quantity, *std()) for s in b.shipments for x in s.lines]),
        T("c_payment", f"c_payment_id:num(10) pk, documentno:text(30) nn, isreceipt:char(1) nn, datetrx:stamp nn, dateacct:stamp nn, c_bpartner_id:num(10) fk=c_bpartner.c_bpartner_id, c_invoice_id:num(10), payamt:num nn, discountamt:num nn, c_currency_id:num(10) nn, tendertype:char(1) nn, accountno:text(20), docstatus:char(2) nn, {own}",
          [(p.id, p.number, "Y", _stamp(p.day), _stamp(p.day), 1000 + p.customer.id, 6000 + p.invoice.id, p.amount, 0, currency[p.customer.currency], p.method[0], None, "CO", *std()) for p in b.payments] + [(9_999, "VP1", "N", _stamp(date(2026, 1, 1)), _stamp(date(2026, 1, 1)), 9000, None, 1, 0, 102, "T", None, "CO", *std())]),
    ]  # fmt: skip


def ledgersmb(b: Business) -> list[T]:
    """An invoice is a line and ``ar`` the document, customers are credit accounts, names are those of entities."""
    return [
        T("entity", "id:int pk, name:text nn, entity_class:int, created:date nn, control_code:text nn unique, country_id:int nn", [(c.id, c.name, 2, c.created.date(), f"A-{c.id:05}", 1) for c in b.customers] + [(900, "Vendor", 1, b.invoices[0].day, "A-00900", 1)]),
        T("company", "id:int pk, entity_id:int nn fk=entity.id, legal_name:text nn, tax_id:text, sic_code:text", [(c.id, c.id, c.name, None, None) for c in b.customers]),
        T("entity_credit_account", "id:int pk, entity_id:int nn fk=entity.id, entity_class:int nn, pay_to_name:text, discount:num, description:text, discount_terms:int, taxincluded:bool, creditlimit:num, terms:small, meta_number:text(32) nn, curr:char(3), startdate:date, enddate:date, threshold:num",
          [(200 + c.id, c.id, 2, None, 0, None, 0, False, c.limit, c.terms, c.number, c.currency, c.created.date(), None, 0) for c in b.customers] + [(999, 900, 1, None, 0, None, 0, False, 0, 30, "V1", "EUR", None, None, 0)]),
        T("parts", "id:int pk, partnumber:text unique nn, description:text, unit:text(5), listprice:num, sellprice:num, lastcost:num, priceupdate:date, weight:num, onhand:num, notes:text, obsolete:bool, partsgroup_id:int, microfiche:text", [(i.id, i.number, i.name, i.unit, i.price, i.price, i.cost, None, i.weight, 5, None, False, 1, None) for i in b.items]),
        T("warehouse", "id:int pk, description:text", [(w.id, w.name) for w in b.warehouses]),
        T("ar", "id:int pk, invnumber:text, transdate:date, taxincluded:bool, amount_bc:num, netamount_bc:num, amount_tc:num, netamount_tc:num, duedate:date, invoice:bool, ordnumber:text, curr:char(3) nn, notes:text, quonumber:text, intnotes:text, shipvia:text, ponumber:text, approved:bool, on_hold:bool, reverse:bool, entity_credit_account:int nn fk=entity_credit_account.id, setting_sequence:text",
          [(3000 + v.id, v.number, v.day, False, v.gross, v.net, v.gross, v.net, v.due, True, v.order.number, v.customer.currency, None, None, None, "UPS", v.order.reference, True, False, False, 200 + v.customer.id, "sinumber") for v in b.invoices]),
        T("ap", "id:int pk, invnumber:text, transdate:date, amount_bc:num, netamount_bc:num, amount_tc:num, duedate:date, invoice:bool, curr:char(3) nn, entity_credit_account:int nn fk=entity_credit_account.id", [(7000 + n, f"V{n}", b.invoices[0].day, 1, 1, 1, b.invoices[0].day, True, "EUR", 999) for n in range(20)]),
        T("invoice", "id:int pk, trans_id:int, parts_id:int fk=parts.id, description:text, qty:num, allocated:num, sellprice:num, fxsellprice:num, discount:num, assemblyitem:bool, unit:text(5), deliverydate:date, serialnumber:text",
          [(1000 * v.id + x.number, 3000 + v.id, x.item.id, x.item.name, x.quantity, 0, x.price, x.price, 0, False, x.item.unit, v.day, None) for v in b.invoices for x in v.lines]),
        T("oe", "id:int pk, ordnumber:text, transdate:date, amount_tc:num, netamount_tc:num, reqdate:date, taxincluded:bool, shippingpoint:text, curr:char(3), closed:bool, quonumber:text, shipvia:text, ponumber:text, entity_credit_account:int nn fk=entity_credit_account.id, oe_class_id:int nn",
          [(o.id, o.number, o.day, o.gross, o.net, o.requested, False, None, o.customer.currency, o.status == "Completed", None, None, o.reference, 200 + o.customer.id, 1) for o in b.orders]),
        T("orderitems", "id:int pk, trans_id:int fk=oe.id, parts_id:int fk=parts.id, description:text, qty:num, sellprice:num, discount:num, unit:text(5), reqdate:date, ship:num, serialnumber:text", [(x.id, o.id, x.item.id, x.item.name, x.quantity, x.price, 0, x.item.unit, None, 0, None) for o in b.orders for x in o.lines]),
        T("payment", "id:int pk, reference:text, gl_id:int, payment_class:int, payment_date:date, closed:bool, entity_credit_id:int fk=entity_credit_account.id, currency:char(3)", [(p.id, p.number, 1, 1, p.day, False, 200 + p.customer.id, "EUR") for p in b.payments]),
    ]  # fmt: skip


def m3(b: Business) -> list[T]:
    """Two letters of the file before four of the field, dates as integers, the ledger instead of documents."""
    n = lambda d: int(d.strftime("%Y%m%d")) if d else 0  # noqa: E731
    return [
        T("OCUSMA", "OKCONO:int pk, OKCUNO:char(10) pk, OKDIVI:char(3), OKSTAT:char(2), OKCUNM:char(36), OKCUA1:char(36), OKPONO:char(10), OKTOWN:char(36), OKCSCD:char(3), OKPHNO:char(16), OKCUCD:char(3), OKTEPY:char(3), OKCRL2:num(15,2), OKBLCD:int, OKRGDT:int, OKLMDT:int, OKCHID:char(10)",
          [(100, c.number, "", "20", c.name, c.street, c.postal, c.city, c.country, c.phone, c.currency, f"N{c.terms}", c.limit, 0, n(c.created), n(c.created), "MVXSECOFR") for c in b.customers]),
        T("MITMAS", "MMCONO:int pk, MMITNO:char(15) pk, MMSTAT:char(2), MMITDS:char(30), MMFUDS:char(60), MMUNMS:char(3), MMITGR:char(8), MMSAPR:num(17,6), MMUCOS:num(17,6), MMNEWE:num(9,3)", [(100, i.number, "20", i.name, i.name, i.unit, i.group, i.price, i.cost, i.weight) for i in b.items]),
        T("MITWHL", "MWCONO:int pk, MWWHLO:char(3) pk, MWWHNM:char(36), MWFACI:char(3)", [(100, w.code, w.name, "A01") for w in b.warehouses]),
        T("MITBAL", "MBCONO:int pk, MBWHLO:char(3) pk, MBITNO:char(15) pk, MBSTQT:num(15,6), MBALQT:num(15,6), MBAVAL:num(15,6)", [(100, s.warehouse.code, s.item.number, s.on_hand, s.reserved, s.on_hand - s.reserved) for s in b.stock]),
        T("OOHEAD", "OACONO:int pk, OAORNO:char(10) pk, OADIVI:char(3), OACUNO:char(10), OAORTP:char(3), OAORST:char(2), OAORSL:char(2), OAORDT:int, OARLDT:int, OACUOR:char(20), OACUCD:char(3), OANTLA:num(15,2), OABRLA:num(15,2), OAWHLO:char(3), OARGDT:int, OARGTM:int, OALMDT:int",
          [(100, o.number, "AAA", o.customer.number, "A01", {"Open": "22", "Completed": "77", "Cancelled": "90"}[o.status], "77", n(o.day), n(o.requested), o.reference, o.customer.currency, o.net, o.gross, o.warehouse.code, n(o.day), 101500, n(o.changed)) for o in b.orders]),
        T("OOLINE", "OBCONO:int pk, OBORNO:char(10) pk, OBPONR:int pk, OBPOSX:int pk, OBITNO:char(15), OBITDS:char(30), OBORQT:num(15,6), OBALUN:char(3), OBSAPR:num(17,6), OBUCOS:num(17,6), OBLNAM:num(15,2), OBORST:char(2), OBWHLO:char(3), OBDWDT:int",
          [(100, o.number, x.number, 0, x.item.number, x.item.name, x.quantity, x.item.unit, x.price, x.item.cost, x.net, "77", o.warehouse.code, n(o.day)) for o in b.orders for x in o.lines]),
        T("OINVOH", "UHCONO:int pk, UHDIVI:char(3) pk, UHYEA4:int pk, UHIVNO:int pk, UHEXIN:char(15), UHCUNO:char(10), UHPYNO:char(10), UHORNO:char(10), UHIVDT:int, UHDUDT:int, UHCUCD:char(3), UHIVTP:char(2), UHRGDT:int",
          [(100, "AAA", v.day.year, 90_000 + v.id, v.number, v.customer.number, v.customer.number, v.order.number, n(v.day), n(v.due), v.customer.currency, "20", n(v.day)) for v in b.invoices]),
        T("FSLEDG", "ESCONO:int pk, ESDIVI:char(3) pk, ESYEA4:int pk, ESJRNO:int pk, ESJSNO:int pk, ESPYNO:char(10), ESCUNO:char(10), ESCINO:char(15), ESINYR:int, ESTRCD:int, ESIVDT:int, ESDUDT:int, ESACDT:int, ESCUCD:char(3), ESCUAM:num(15,2), ESVTAM:num(15,2), ESRECO:int, ESVONO:int, ESVSER:char(3)",
          [(100, "AAA", v.day.year, v.id, 1, v.customer.number, v.customer.number, v.number, v.day.year, 10, n(v.day), n(v.due), n(v.day), v.customer.currency, v.gross, v.tax, 0, v.id, "A") for v in b.invoices]
          + [(100, "AAA", p.day.year, 5000 + p.id, 1, p.customer.number, p.customer.number, p.invoice.number, p.invoice.day.year, 20, n(p.invoice.day), n(p.invoice.due), n(p.day), p.customer.currency, -p.amount, 0, 0, 5000 + p.id, "B") for p in b.payments]),
    ]  # fmt: skip


def sage100(b: Business) -> list[T]:
    """Two letters before each column, one table of documents of all kinds and both sides."""
    head = "DO_Domaine:small pk, DO_Type:small pk, DO_Piece:text(9) pk, DO_Date:stamp, DO_Ref:text(17), DO_Tiers:text(17), DO_DateLivr:stamp, DO_Statut:small, DO_Devise:small, DO_TotalHTNet:num(24,6), DO_TotalTTC:num(24,6), DO_NetAPayer:num(24,6), cbMarq:int nn unique, cbModification:stamp"
    none = datetime(1753, 1, 1)
    at = lambda d: _stamp(d, none)  # noqa: E731
    currency = {"EUR": 1, "USD": 2, "GBP": 3}
    t0 = b.invoices[0].created
    return [
        T("F_COMPTET", "CT_Num:text(17) pk, CT_Intitule:text(69) nn, CT_Type:small nn, CT_Contact:text(35), CT_Adresse:text(35), CT_CodePostal:text(9), CT_Ville:text(35), CT_Pays:text(35), CT_Telephone:text(21), CT_Encours:num(24,6), N_Devise:small, CT_Sommeil:small, cbMarq:int nn unique, cbModification:stamp",
          [(c.number, c.name, 0, "", c.street, c.postal, c.city, c.country, c.phone, c.limit, currency[c.currency], 0, c.id, c.created) for c in b.customers] + [("FOURN1", "Fournisseur", 1, "", "x", "1", "y", "FR", "1", 0, 1, 0, 900, t0)]),
        T("F_ARTICLE", "AR_Ref:text(19) pk, AR_Design:text(69), FA_CodeFamille:text(11), AR_PrixAch:num(24,6), AR_PrixVen:num(24,6), AR_PoidsNet:num(24,6), AR_UniteVen:small, AR_Sommeil:small, cbMarq:int nn unique", [(i.number, i.name, i.group, i.cost, i.price, i.weight, 1, 0, i.id) for i in b.items]),
        T("F_DEPOT", "DE_No:int pk, DE_Intitule:text(35), DE_Ville:text(35), cbMarq:int nn unique", [(w.id, w.name, w.city, w.id) for w in b.warehouses]),
        T("F_ARTSTOCK", "AR_Ref:text(19) pk, DE_No:int pk, AS_QteSto:num(24,6), AS_QteRes:num(24,6), AS_MontSto:num(24,6), cbMarq:int nn unique", [(s.item.number, s.warehouse.id, s.on_hand, s.reserved, 1, s.id) for s in b.stock]),
        T("F_DOCENTETE", head,
          [(0, 6 if v.id % 3 else 7, v.number, at(v.day), v.order.reference[:17], v.customer.number, at(None), 2, currency[v.customer.currency], v.net, v.gross, v.gross, v.id, v.changed) for v in b.invoices]
          + [(0, 1, o.number, at(o.day), o.reference[:17], o.customer.number, at(o.requested), 2, currency[o.customer.currency], o.net, o.gross, o.gross, 2000 + o.id, o.changed) for o in b.orders]
          + [(1, 16, "FA1", at(date(2026, 1, 1)), "", "FOURN1", at(None), 2, 1, 1, 1, 1, 9000, t0)]),
        T("F_DOCLIGNE", "DO_Domaine:small nn, DO_Type:small nn, DO_Piece:text(9) nn, CT_Num:text(17), DL_Ligne:int, DO_Date:stamp, AR_Ref:text(19), DL_Design:text(69), DL_Qte:num(24,6), DL_PrixUnitaire:num(24,6), DL_CMUP:num(24,6), DL_MontantHT:num(24,6), DL_MontantTTC:num(24,6), cbMarq:int pk",
          [(0, 6 if v.id % 3 else 7, v.number, v.customer.number, 1000 * x.number, at(v.day), x.item.number, x.item.name, x.quantity, x.price, x.item.cost, x.net, x.net, 1000 * v.id + x.number) for v in b.invoices for x in v.lines]
          + [(0, 1, o.number, o.customer.number, 1000 * x.number, at(o.day), x.item.number, x.item.name, x.quantity, x.price, x.item.cost, x.net, x.net, 10**6 + x.id) for o in b.orders for x in o.lines]),
        T("F_CREGLEMENT", "RG_No:int pk, CT_NumPayeur:text(17), RG_Date:stamp, RG_Reference:text(17), RG_Libelle:text(35), RG_Montant:num(24,6), N_Reglement:small, RG_Impute:small, cbMarq:int nn unique", [(p.id, p.customer.number, at(p.day), p.number, "Reglement", p.amount, 1, 1, p.id) for p in b.payments]),
    ]  # fmt: skip


def gestion(b: Business) -> list[T]:
    """Spanish, home-grown: a series and a number are the key, S and N, no foreign keys, cut words."""
    return [
        T("CLIENTES", "CODCLI:int pk, NOMBRE:text(60), NIF:text(15), DOMICILIO:text(60), CODPOS:text(5), POBLACION:text(40), TELEFONO:text(20), FORPAG:text(3), LIMRIESGO:num(12,2), CUENTABAN:text(24), BAJA:char(1)", [(430_000 + c.id, c.name, f"B{c.id:08}", c.street, c.postal, c.city, c.phone, f"{c.terms}D", c.limit, c.iban[:24], "N") for c in b.customers]),
        T("PROVEEDORES", "CODPRO:int pk, NOMBRE:text(60), DOMICILIO:text(60), POBLACION:text(40)", [(400_001, "Proveedor", "x", "y")]),
        T("ARTICULOS", "CODART:text(15) pk, DESCRIP:text(60), FAMILIA:text(6), UNIMED:text(3), PVP:num(12,2), PRECOSTE:num(12,2)", [(i.number, i.name, i.group, i.unit, i.price, i.cost) for i in b.items]),
        T("ALMACENES", "CODALM:char(3) pk, NOMALM:text(40)", [(w.code, w.name) for w in b.warehouses]),
        T("STOCKS", "CODART:text(15) pk, CODALM:char(3) pk, STOCKACT:num(12,3), STOCKRES:num(12,3), STOCKMIN:num(12,3)", [(s.item.number, s.warehouse.code, s.on_hand, s.reserved, 0) for s in b.stock]),
        T("CABPEDCLI", "EJERCICIO:small pk, SERIE:char(1) pk, NUMPED:int pk, FECPED:date, FECENT:date, CODCLI:int, SUPEDIDO:text(30), ESTADO:char(1), BASEIMP:num(12,2), CUOTAIVA:num(12,2), TOTAL:num(12,2)", [(o.day.year, "A", o.id, o.day, o.requested, 430_000 + o.customer.id, o.reference, o.status[0], o.net, o.tax, o.gross) for o in b.orders]),
        T("LINPEDCLI", "EJERCICIO:small pk, SERIE:char(1) pk, NUMPED:int pk, NUMLIN:int pk, CODART:text(15), DESCRIP:text(60), CANTIDAD:num(12,3), PRECIO:num(12,4), DTO:num(5,2), IMPORTE:num(12,2)", [(o.day.year, "A", o.id, x.number, x.item.number, x.item.name, x.quantity, x.price, 0, x.net) for o in b.orders for x in o.lines]),
        T("CABFACCLI", "EJERCICIO:small pk, SERIE:char(1) pk, NUMFAC:int pk, FECFAC:date, FECVTO:date, CODCLI:int, FORPAG:text(3), BASEIMP:num(12,2), CUOTAIVA:num(12,2), TOTAL:num(12,2), PENDIENTE:num(12,2), COBRADA:char(1), CONTABILIZADA:char(1)", [(v.day.year, "AB"[v.id % 2], v.id, v.day, v.due, 430_000 + v.customer.id, f"{v.customer.terms}D", v.net, v.tax, v.gross, v.open, "S" if v.status == "Paid" else "N", "S" if v.id < 150 else "N") for v in b.invoices]),
        T("LINFACCLI", "EJERCICIO:small pk, SERIE:char(1) pk, NUMFAC:int pk, NUMLIN:int pk, CODART:text(15), DESCRIP:text(60), CANTIDAD:num(12,3), PRECIO:num(12,4), DTO:num(5,2), IMPORTE:num(12,2)", [(v.day.year, "AB"[v.id % 2], v.id, x.number, x.item.number, x.item.name, x.quantity, x.price, 0, x.net) for v in b.invoices for x in v.lines]),
        T("CABFACPRO", "EJERCICIO:small pk, NUMFAC:int pk, FECFAC:date, FECVTO:date, CODPRO:int, BASEIMP:num(12,2), CUOTAIVA:num(12,2), TOTAL:num(12,2)", [(2025, n, b.invoices[0].day, b.invoices[0].due, 400_001, 1, 0, 1) for n in range(30)]),
        T("COBROS", "NUMCOB:int pk, CODCLI:int, FECCOB:date, IMPORTE:num(12,2), CONCEPTO:text(40)", [(p.id, 430_000 + p.customer.id, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


def boekhouding(b: Business) -> list[T]:
    """Dutch, home-grown: debtors, prefixes of programmers, status as a number with a table of words."""
    status = {"Open": 10, "Paid": 30}
    return [
        T("tblDebiteur", "DebiteurID:int pk, DebiteurNr:text(10) nn unique, Naam:text(80), Adres:text(80), Postcode:text(10), Woonplaats:text(40), LandCode:text(2), TelefoonNr:text(30), KredietLimiet:num(12,2), BetalingsConditie:text(5), BankRekening:text(34), Geblokkeerd:bool", [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, c.limit, f"{c.terms}D", c.iban, False) for c in b.customers]),
        T("tblCrediteur", "CrediteurID:int pk, CrediteurNr:text(10), Naam:text(80)", [(1, "X1", "Leverancier")]),
        T("tblArtikel", "ArtikelID:int pk, ArtikelNr:text(20) nn unique, Omschrijving:text(80), Eenheid:text(5), VerkoopPrijs:num(12,2), InkoopPrijs:num(12,2), KostPrijs:num(12,2), ArtikelGroep:text(10)", [(i.id, i.number, i.name, i.unit, i.price, i.cost, i.cost, i.group) for i in b.items]),
        T("tblMagazijn", "MagazijnID:int pk, MagazijnCode:text(5) nn unique, Omschrijving:text(40)", [(w.id, w.code, w.name) for w in b.warehouses]),
        T("tblVoorraad", "VoorraadID:int pk, ArtikelID:int nn, MagazijnID:int nn, AantalVoorraad:num(12,3), AantalGereserveerd:num(12,3)", [(s.id, s.item.id, s.warehouse.id, s.on_hand, s.reserved) for s in b.stock]),
        T("tblVerkoopOrder", "VerkoopOrderID:int pk, OrderNr:text(12) nn unique, DebiteurID:int nn, OrderDatum:date, GewensteLeverdatum:date, UwReferentie:text(30), OrderStatus:small, TotaalExclBTW:num(12,2), TotaalBTW:num(12,2), TotaalInclBTW:num(12,2)", [(o.id, o.number, o.customer.id, o.day, o.requested, o.reference, 10, o.net, o.tax, o.gross) for o in b.orders]),
        T("tblVerkoopOrderRegel", "VerkoopOrderRegelID:int pk, VerkoopOrderID:int nn, RegelNr:int, ArtikelID:int, Aantal:num(12,3), StuksPrijs:num(12,2), RegelBedrag:num(12,2)", [(x.id, o.id, x.number, x.item.id, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("tblFactuurStatus", "FactuurStatusID:int pk, Omschrijving:text(20)", [(10, "Openstaand"), (30, "Betaald")]),
        T("tblVerkoopFactuur", "VerkoopFactuurID:int pk, FactuurNr:text(12) nn unique, DebiteurID:int nn, VerkoopOrderID:int, FactuurDatum:date, VervalDatum:date, FactuurStatusID:int, ValutaCode:text(3), TotaalExclBTW:num(12,2), TotaalBTW:num(12,2), TotaalInclBTW:num(12,2), OpenstaandBedrag:num(12,2), AanmaakDatum:stamp, WijzigDatum:stamp", [(v.id, v.number, v.customer.id, v.order.id, v.day, v.due, status[v.status], v.customer.currency, v.net, v.tax, v.gross, v.open, v.created, v.changed) for v in b.invoices]),
        T("tblVerkoopFactuurRegel", "VerkoopFactuurRegelID:int pk, VerkoopFactuurID:int nn, RegelNr:int, ArtikelID:int, Omschrijving:text(80), Aantal:num(12,3), StuksPrijs:num(12,2), RegelBedrag:num(12,2)", [(1000 * v.id + x.number, v.id, x.number, x.item.id, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("tblInkoopFactuur", "InkoopFactuurID:int pk, FactuurNr:text(12), CrediteurID:int, FactuurDatum:date, TotaalInclBTW:num(12,2)", [(n, f"I{n}", 1, b.invoices[0].day, 1) for n in range(400)]),
        T("tblOntvangst", "OntvangstID:int pk, DebiteurID:int, VerkoopFactuurID:int, OntvangstDatum:date, Bedrag:num(12,2), Betaalwijze:text(10)", [(p.id, p.customer.id, p.invoice.id, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


UNSEEN = {f.__name__: f for f in (business_one, axapta, idempiere, ledgersmb, m3, sage100, gestion, boekhouding)}
