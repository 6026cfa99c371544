"""The same business as three ERPs write it down: JD Edwards, Dynamics NAV, Oracle E-Business Suite."""

from datetime import date, datetime
from decimal import Decimal

from tests.init.business import Business, Invoice, Order
from tests.init.schemas import T

NONE = datetime(1753, 1, 1)


def _julian(day: date | None) -> int:
    return 0 if day is None else (day.year - 1900) * 1000 + day.timetuple().tm_yday


def _minor(amount: Decimal, digits: int = 2) -> int:
    return int(amount.scaleb(digits).to_integral_value())


def jde(b: Business) -> list[T]:
    """Two letters of the table before each item, CYYDDD dates, implied decimals, right-justified business units, keys of
    four columns, user-defined codes, and no foreign keys.
    """
    unit = lambda code: code.rjust(12)  # noqa: E731
    doc = {invoice.id: 300_000 + invoice.id for invoice in b.invoices}
    order = {o.id: 100_000 + o.id for o in b.orders}

    def item(i: int) -> int:
        return 60_000 + i

    status = {"Open": "A", "Paid": "P"}
    return [
        T("F0101", "ABAN8:int pk, ABALKY:char(20), ABALPH:char(40), ABAT1:char(3), ABMCU:char(12), ABTAX:char(20), ABUPMJ:int, ABUPMT:int",
          [(4000 + c.id, "", c.name, "C", unit("1"), "", _julian(c.created.date()), 90_000) for c in b.customers] + [(9000, "", "Some supplier", "V", unit("1"), "", 120_001, 0)]),
        T("F0116", "ALAN8:int pk, ALEFTB:int pk, ALADD1:char(40), ALADDZ:char(12), ALCTY1:char(25), ALCTR:char(3)", [(4000 + c.id, 0, c.street, c.postal, c.city, c.country) for c in b.customers]),
        T("F03012", "AIAN8:int pk, AICO:char(5) pk, AICRCD:char(3), AITRAR:char(3), AIACL:int, AIHOLD:char(2), AIUPMJ:int",
          [(4000 + c.id, "00000", c.currency, str(c.terms), int(c.limit), "", _julian(c.created.date())) for c in b.customers]),
        T("F4101", "IMITM:int pk, IMLITM:char(25) nn unique, IMDSC1:char(30), IMUOM1:char(2), IMSTKT:char(1), IMSRP1:char(3)", [(item(i.id), i.number, i.name, i.unit[:2], "P", i.group[:3]) for i in b.items]),
        T("F41021", "LIITM:int pk, LIMCU:char(12) pk, LILOCN:char(20) pk, LIPQOH:int, LIHCOM:int", [(item(s.item.id), unit(s.warehouse.code), "", _minor(s.on_hand), _minor(s.reserved)) for s in b.stock]),
        T("F0006", "MCMCU:char(12) pk, MCDL01:char(30), MCCO:char(5)", [(unit(w.code), w.name, "00001") for w in b.warehouses]),
        T("F4201", "SHDOCO:int pk, SHDCTO:char(2) pk, SHKCOO:char(5) pk, SHAN8:int, SHMCU:char(12), SHTRDJ:int, SHDRQJ:int, SHVR01:char(25), SHCRCD:char(3), SHOTOT:int, SHUPMJ:int",
          [(order[o.id], "SO", "00001", 4000 + o.customer.id, unit(o.warehouse.code), _julian(o.day), _julian(o.requested), o.reference, o.customer.currency, _minor(o.net), _julian(o.changed.date())) for o in b.orders]),
        T("F4211", "SDDOCO:int pk, SDDCTO:char(2) pk, SDKCOO:char(5) pk, SDLNID:int pk, SDAN8:int, SDMCU:char(12), SDITM:int, SDLITM:char(25), SDDSC1:char(30), SDUOM:char(2), SDUORG:int, SDUPRC:int, SDAEXP:int, SDUNCS:int, SDNXTR:char(3), SDTRDJ:int",
          [(order[o.id], "SO", "00001", x.number * 1000, 4000 + o.customer.id, unit(o.warehouse.code), item(x.item.id), x.item.number, x.item.name, x.item.unit[:2], _minor(x.quantity), _minor(x.price, 4), _minor(x.net), _minor(x.item.cost, 4), "520", _julian(o.day)) for o in b.orders for x in o.lines]),
        T("F03B11", "RPDOC:int pk, RPDCT:char(2) pk, RPKCO:char(5) pk, RPSFX:char(3) pk, RPAN8:int, RPDIVJ:int, RPDDJ:int, RPDGJ:int, RPCRCD:char(3), RPAG:int, RPAAP:int, RPATXA:int, RPSTAM:int, RPPST:char(1), RPMCU:char(12), RPSDOC:int, RPSDCT:char(2), RPVR01:char(25), RPRMK:char(30), RPUPMJ:int, RPUPMT:int",
          [(doc[v.id], "RI", "00001", "001", 4000 + v.customer.id, _julian(v.day), _julian(v.due), _julian(v.day), v.customer.currency, _minor(v.gross), _minor(v.open), _minor(v.net), _minor(v.tax), status[v.status], unit("1"), order[v.order.id], "SO", v.order.reference, "", _julian(v.changed.date()), 101_530) for v in b.invoices]),
        T("F03B13", "RYPYID:int pk, RYCKNU:char(25), RYAN8:int, RYDMTJ:int, RYCKAM:int, RYCRCD:char(3), RYRYIN:char(1)", [(p.id, p.number, 4000 + p.customer.id, _julian(p.day), _minor(p.amount), p.customer.currency, p.method[0]) for p in b.payments]),
        T("F0005", "DRSY:char(4) pk, DRRT:char(2) pk, DRKY:char(10) pk, DRDL01:char(30)", [("00", kind, code.rjust(10), word) for kind, code, word in (("PY", "T", "Bank transfer"), ("PY", "C", "Check or card"), ("DT", "RI", "Invoice"), ("DT", "SO", "Sales order"), ("PT", "30", "Net 30"))]),
    ]  # fmt: skip


def nav(b: Business) -> list[T]:
    """One table per company, blanks in names, options as integers, days as timestamps, totals that are not stored."""
    found = []
    halves = {"CRONUS": lambda n: n % 2 == 0, "Fabrikam": lambda n: n % 2 == 1}
    for company, ours in halves.items():
        orders = [o for o in b.orders if ours(o.id)]
        invoices = [v for v in b.invoices if ours(v.id)]

        def t(name: str, columns: str, rows: list, company: str = company) -> T:
            return T(f"{company}${name}", columns, rows)

        found += [
            t(
                "Customer",
                "No_:text(20) pk, Name:text(50) nn, Address:text(50) nn, Post Code:text(20) nn, City:text(30) nn, Country_Region Code:text(10) nn, Phone No_:text(30) nn, Currency Code:text(10) nn, Payment Terms Code:text(10) nn, Credit Limit (LCY):num(38,20) nn, Blocked:int nn, Last Date Modified:stamp nn",
                [
                    (
                        c.number,
                        c.name,
                        c.street,
                        c.postal,
                        c.city,
                        c.country,
                        c.phone,
                        c.currency,
                        f"{c.terms}D",
                        c.limit,
                        0,
                        _day(c.created.date()),
                    )
                    for c in b.customers
                ],
            ),
            t(
                "Payment Terms",
                "Code:text(10) pk, Description:text(50) nn",
                [(f"{n}D", f"Net {n} days") for n in (14, 30, 60)],
            ),
            t(
                "Item",
                "No_:text(20) pk, Description:text(50) nn, Base Unit of Measure:text(10) nn, Unit Price:num(38,20) nn, Unit Cost:num(38,20) nn, Gross Weight:num(38,20) nn, Item Category Code:text(10) nn",
                [(i.number, i.name, i.unit, i.price, i.cost, i.weight, i.group) for i in b.items],
            ),
            t(
                "Location",
                "Code:text(10) pk, Name:text(50) nn, City:text(30) nn",
                [(w.code, w.name, w.city) for w in b.warehouses],
            ),
            t(
                "Item Ledger Entry",
                "Entry No_:int pk, Item No_:text(20) nn, Location Code:text(10) nn, Posting Date:stamp nn, Entry Type:int nn, Quantity:num(38,20) nn",
                [
                    (
                        2 * s.id + k,
                        s.item.number,
                        s.warehouse.code,
                        _day(date(2026, 1, 2)),
                        k,
                        s.on_hand + 5 if k == 0 else -5,
                    )
                    for s in b.stock
                    for k in (0, 1)
                ],
            ),
            t(
                "Sales Header",
                "Document Type:int pk, No_:text(20) pk, Sell-to Customer No_:text(20) nn, Bill-to Customer No_:text(20) nn, Order Date:stamp nn, Requested Delivery Date:stamp nn, External Document No_:text(35) nn, Currency Code:text(10) nn, Location Code:text(10) nn, Status:int nn",
                [
                    (
                        1,
                        o.number,
                        o.customer.number,
                        o.customer.number,
                        _day(o.day),
                        _day(o.requested),
                        o.reference,
                        o.customer.currency,
                        o.warehouse.code,
                        int(o.status == "Completed"),
                    )
                    for o in orders
                ],
            ),
            t(
                "Sales Line",
                "Document Type:int pk, Document No_:text(20) pk, Line No_:int pk, Type:int nn, No_:text(20) nn, Description:text(50) nn, Quantity:num(38,20) nn, Unit of Measure Code:text(10) nn, Unit Price:num(38,20) nn, Amount:num(38,20) nn",
                [
                    (
                        1,
                        o.number,
                        x.number * 10_000,
                        2,
                        x.item.number,
                        x.item.name,
                        x.quantity,
                        x.item.unit,
                        x.price,
                        x.net,
                    )
                    for o in orders
                    for x in o.lines
                ],
            ),
            t(
                "Sales Invoice Header",
                "No_:text(20) pk, Sell-to Customer No_:text(20) nn, Bill-to Customer No_:text(20) nn, Bill-to Name:text(50) nn, Posting Date:stamp nn, Document Date:stamp nn, Due Date:stamp nn, Payment Terms Code:text(10) nn, Currency Code:text(10) nn, Order No_:text(20) nn, External Document No_:text(35) nn, Shipment Date:stamp nn, timestamp:big",
                [
                    (
                        v.number,
                        v.customer.number,
                        v.customer.number,
                        v.customer.name,
                        _day(v.day),
                        _day(v.day),
                        _day(v.due),
                        f"{v.customer.terms}D",
                        v.customer.currency,
                        v.order.number,
                        v.order.reference,
                        NONE,
                        v.id,
                    )
                    for v in invoices
                ],
            ),
            t(
                "Sales Invoice Line",
                "Document No_:text(20) pk, Line No_:int pk, Type:int nn, No_:text(20) nn, Description:text(50) nn, Quantity:num(38,20) nn, Unit of Measure Code:text(10) nn, Unit Price:num(38,20) nn, Amount:num(38,20) nn, Amount Including VAT:num(38,20) nn, VAT %:num(38,20) nn",
                [
                    (
                        v.number,
                        x.number * 10_000,
                        2,
                        x.item.number,
                        x.item.name,
                        x.quantity,
                        x.item.unit,
                        x.price,
                        x.net,
                        share,
                        19,
                    )
                    for v in invoices
                    for x, share in zip(v.lines, _shares(v), strict=True)
                ],
            ),
            t(
                "Cust_ Ledger Entry",
                "Entry No_:int pk, Customer No_:text(20) nn, Posting Date:stamp nn, Document Type:int nn, Document No_:text(20) nn, Open:small nn, Due Date:stamp nn",
                [(v.id, v.customer.number, _day(v.day), 2, v.number, int(v.open != 0), _day(v.due)) for v in invoices],
            ),
            t(
                "Detailed Cust_ Ledg_ Entry",
                "Entry No_:int pk, Cust_ Ledger Entry No_:int nn, Document No_:text(20) nn, Amount:num(38,20) nn",
                [
                    (3 * v.id + k, v.id, number, a)
                    for v in invoices
                    for k, number, a in ((0, v.number, v.gross), (1, f"PAY{v.id}", v.open - v.gross))
                ],
            ),
        ]
    return found  # fmt: skip


def _day(day: date | None) -> datetime:
    return NONE if day is None else datetime(day.year, day.month, day.day)


def _shares(v: Invoice | Order) -> list[Decimal]:
    """The gross amounts of the lines: the tax of the whole on the last one."""
    nets = [x.net for x in v.lines]
    return [*nets[:-1], nets[-1] + v.tax]


def ebs(b: Business) -> list[T]:
    """Ids everywhere and no keys but indexes, several organisations, flex fields, what is due in a table of its own."""
    customer = lambda c: 1_000 + c.id  # noqa: E731
    stamp = lambda d: datetime(d.year, d.month, d.day) if d else None  # noqa: E731
    org = lambda n: 204 if n % 2 else 887  # noqa: E731
    return [
        T("HZ_PARTIES", "PARTY_ID:big nn, PARTY_NUMBER:text(30) nn, PARTY_NAME:text(360) nn, PARTY_TYPE:text(30), ADDRESS1:text(240), CITY:text(60), POSTAL_CODE:text(60), COUNTRY:text(60), LAST_UPDATE_DATE:stamp nn",
          [(5_000 + c.id, str(7_000 + c.id), c.name, "ORGANIZATION", c.street, c.city, c.postal, c.country, c.created) for c in b.customers]),
        T("HZ_CUST_ACCOUNTS", "CUST_ACCOUNT_ID:big nn, PARTY_ID:big nn, ACCOUNT_NUMBER:text(30) nn, STATUS:text(1) nn, CUSTOMER_CLASS_CODE:text(30), CREATION_DATE:stamp nn, LAST_UPDATE_DATE:stamp nn",
          [(customer(c), 5_000 + c.id, c.number, "A", None, c.created, c.created) for c in b.customers]),
        T("MTL_SYSTEM_ITEMS_B", "INVENTORY_ITEM_ID:big nn, ORGANIZATION_ID:big nn, SEGMENT1:text(40), DESCRIPTION:text(240), PRIMARY_UOM_CODE:text(3), UNIT_WEIGHT:num, INVENTORY_ITEM_STATUS_CODE:text(10), LIST_PRICE_PER_UNIT:num",
          [(149 + i.id, 204, i.number, i.name, i.unit, i.weight, "Active", i.price) for i in b.items]),
        T("MTL_PARAMETERS", "ORGANIZATION_ID:big nn, ORGANIZATION_CODE:text(3) nn", [(204, "M1"), (207, "M2")]),
        T("OE_ORDER_HEADERS_ALL", "HEADER_ID:big nn, ORG_ID:big, ORDER_NUMBER:big nn, ORDERED_DATE:stamp, REQUEST_DATE:stamp, SOLD_TO_ORG_ID:big, CUST_PO_NUMBER:text(50), TRANSACTIONAL_CURR_CODE:text(15), FLOW_STATUS_CODE:text(30), ATTRIBUTE_CATEGORY:text(30), ATTRIBUTE1:text(240), LAST_UPDATE_DATE:stamp nn",
          [(20_000 + o.id, org(o.id), 66_000 + o.id, stamp(o.day), stamp(o.requested), customer(o.customer), o.reference, o.customer.currency, {"Open": "BOOKED", "Completed": "CLOSED", "Cancelled": "CANCELLED"}[o.status], None, None, o.changed) for o in b.orders]),
        T("OE_ORDER_LINES_ALL", "LINE_ID:big nn, HEADER_ID:big nn, ORG_ID:big, LINE_NUMBER:int, INVENTORY_ITEM_ID:big, ORDERED_QUANTITY:num, ORDER_QUANTITY_UOM:text(3), UNIT_SELLING_PRICE:num, FLOW_STATUS_CODE:text(30)",
          [(30_000 + x.id, 20_000 + o.id, org(o.id), x.number, 149 + x.item.id, x.quantity, x.item.unit, x.price, "CLOSED") for o in b.orders for x in o.lines]),
        T("RA_CUSTOMER_TRX_ALL", "CUSTOMER_TRX_ID:num(15,0) nn, TRX_NUMBER:text(20) nn, TRX_DATE:stamp nn, ORG_ID:num(15,0), CUST_TRX_TYPE_ID:num(15,0), BILL_TO_CUSTOMER_ID:num(15,0), BILL_TO_SITE_USE_ID:num(15,0), INVOICE_CURRENCY_CODE:text(15), PURCHASE_ORDER:text(50), COMPLETE_FLAG:text(1) nn, INTERFACE_HEADER_ATTRIBUTE1:text(150), ATTRIBUTE_CATEGORY:text(30), ATTRIBUTE1:text(150), ATTRIBUTE2:text(150), CREATION_DATE:stamp nn, LAST_UPDATE_DATE:stamp nn",
          [(40_000 + v.id, v.number, stamp(v.day), org(v.id), 1, customer(v.customer), None, v.customer.currency, v.order.reference, "Y", str(66_000 + v.order.id), "Trade" if v.id % 3 else "Export", f"agent {v.id % 5}" if v.id % 3 else "CIF", None, v.created, v.changed) for v in b.invoices]),
        T("RA_CUSTOMER_TRX_LINES_ALL", "CUSTOMER_TRX_LINE_ID:num(15,0) nn, CUSTOMER_TRX_ID:num(15,0) nn, ORG_ID:num(15,0), LINE_NUMBER:num(15,0) nn, LINE_TYPE:text(20) nn, INVENTORY_ITEM_ID:num(15,0), DESCRIPTION:text(240), QUANTITY_INVOICED:num, UNIT_SELLING_PRICE:num, EXTENDED_AMOUNT:num nn",
          [(1_000 * v.id + x.number, 40_000 + v.id, org(v.id), x.number, "LINE", 149 + x.item.id, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]
          + [(1_000 * v.id + 900, 40_000 + v.id, org(v.id), 1, "TAX", None, "VAT", None, None, v.tax) for v in b.invoices]),
        T("AR_PAYMENT_SCHEDULES_ALL", "PAYMENT_SCHEDULE_ID:num(15,0) nn, CUSTOMER_TRX_ID:num(15,0), CUSTOMER_ID:num(15,0), ORG_ID:num(15,0), DUE_DATE:stamp nn, AMOUNT_DUE_ORIGINAL:num nn, AMOUNT_DUE_REMAINING:num nn, STATUS:text(30) nn, CLASS:text(20) nn, TERMS_SEQUENCE_NUMBER:num(15,0)",
          [(80_000 + 2 * v.id + k, 40_000 + v.id, customer(v.customer), org(v.id), stamp(v.due), gross, rest, "CL" if v.open == 0 else "OP", "INV", k + 1)
           for v in b.invoices for k, gross, rest in _instalments(v)]),
        T("AR_CASH_RECEIPTS_ALL", "CASH_RECEIPT_ID:num(15,0) nn, RECEIPT_NUMBER:text(30), PAY_FROM_CUSTOMER:num(15,0), RECEIPT_DATE:stamp, AMOUNT:num, CURRENCY_CODE:text(15), ORG_ID:num(15,0), STATUS:text(30)",
          [(90_000 + p.id, p.number, customer(p.customer), stamp(p.day), p.amount, p.customer.currency, 204, "APP") for p in b.payments]),
    ]  # fmt: skip


def _instalments(v: Invoice) -> list[tuple[int, Decimal, Decimal]]:
    """One or two amounts that fall due."""
    if v.id % 4:
        return [(0, v.gross, v.open)]
    first = (v.gross / 2).quantize(Decimal("0.01"))
    return [
        (0, first, Decimal(0) if v.open != v.gross else first),
        (1, v.gross - first, v.open if v.open != v.gross else v.gross - first),
    ]


def sap(b: Business) -> list[T]:
    """A client in every key, days as eight digits in text, texts per language, open and cleared items apart."""
    d = lambda day: day.strftime("%Y%m%d") if day else "00000000"  # noqa: E731
    kunnr = lambda c: f"{10_000 + c.id:010}"  # noqa: E731
    vbeln = lambda n, i: f"{n + i:010}"  # noqa: E731
    k = "MANDT:char(3) pk"
    items = [("1", v, x) for v in b.invoices for x in v.lines]
    return [
        T("KNA1", f"{k}, KUNNR:char(10) pk, NAME1:text(35), STRAS:text(35), PSTLZ:text(10), ORT01:text(35), LAND1:text(3), TELF1:text(16), LOEVM:char(1), ERDAT:char(8)", [("800", kunnr(c), c.name, c.street, c.postal, c.city, c.country, c.phone, "", d(c.created.date())) for c in b.customers] + [("800", "0000099999", "Gone Ltd", "", "", "", "DE", "", "X", "20200101")]),
        T("MARA", f"{k}, MATNR:text(18) pk, MTART:text(4), MATKL:text(9), MEINS:text(3), BRGEW:num(13,3), LVORM:char(1)", [("800", i.number, "HAWA", i.group, i.unit, i.weight, "") for i in b.items]),
        T("MAKT", f"{k}, MATNR:text(18) pk, SPRAS:char(1) pk, MAKTX:text(40)", [("800", i.number, s, f"{i.name}{'' if s == 'E' else ' (de)'}") for i in b.items for s in "DE"]),
        T("VBAK", f"{k}, VBELN:char(10) pk, AUDAT:char(8), VDATU:char(8), AUART:text(4), KUNNR:char(10), BSTNK:text(20), NETWR:num(15,2), WAERK:text(5), GBSTK:char(1)", [("800", vbeln(5_000, o.id), d(o.day), d(o.requested), "TA", kunnr(o.customer), o.reference, o.net, o.customer.currency, o.status[0]) for o in b.orders]),
        T("VBAP", f"{k}, VBELN:char(10) pk, POSNR:char(6) pk, MATNR:text(18), ARKTX:text(40), KWMENG:num(15,3), VRKME:text(3), NETPR:num(11,2), NETWR:num(15,2)", [("800", vbeln(5_000, o.id), f"{10 * x.number:06}", x.item.number, x.item.name, x.quantity, x.item.unit, x.price, x.net) for o in b.orders for x in o.lines]),
        T("VBRK", f"{k}, VBELN:char(10) pk, FKDAT:char(8), FKART:text(4), KUNAG:char(10), KUNRG:char(10), NETWR:num(15,2), MWSBK:num(13,2), WAERK:text(5), ZTERM:text(4), FKSTO:char(1), ERDAT:char(8)", [("800", vbeln(90_000, v.id), d(v.day), "F2", kunnr(v.customer), kunnr(v.customer), v.net, v.tax, v.customer.currency, f"Z{v.customer.terms}", "", d(v.created.date())) for v in b.invoices]),
        T("VBRP", f"{k}, VBELN:char(10) pk, POSNR:char(6) pk, MATNR:text(18), ARKTX:text(40), FKIMG:num(13,3), VRKME:text(3), NETWR:num(15,2), AUBEL:char(10)", [("800", vbeln(90_000, v.id), f"{10 * x.number:06}", x.item.number, x.item.name, x.quantity, x.item.unit, x.net, vbeln(5_000, v.order.id)) for _, v, x in items]),
        T("T001W", f"{k}, WERKS:char(4) pk, NAME1:text(30), ORT01:text(25)", [("800", f"{w.code}0"[:4], w.name, w.city) for w in b.warehouses]),
        T("MARD", f"{k}, MATNR:text(18) pk, WERKS:char(4) pk, LGORT:char(4) pk, LABST:num(13,3)", [("800", s.item.number, f"{s.warehouse.code}0"[:4], "0001", s.on_hand) for s in b.stock]),
    ]  # fmt: skip
