"""A small ERP whose records are stored in every way that a section can say, and the catalog over it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from edm.declare import load_texts
from edm.model import ServiceMetadata
from tests.engine.small import _property, _set

CUSTOMERS = _set(
    "Customers", "Customer", "CustomerNumber", 1,
    _property("CustomerNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("CustomerName", "String", max_length=80, searchable=True),
    _property("Group", "String", max_length=20),
    _property("Blocked", "Boolean", nullable=False),
    _property("Insured", "Boolean"),
    _property("Held", "Boolean", nullable=False),
    _property("CreditLimit", "Decimal", precision=15, scale=2),
    _property("Since", "Date"),
    _property("ChangedAt", "DateTimeOffset", precision=0),
    _property("OpenInvoices", "Int32", nullable=False),
    _property("OpenAmount", "Decimal", precision=15, scale=2, nullable=False),
    """
[test]
source = "shop"
entity = "KNA1"

[test.fields]
CustomerNumber = { field = "KUNNR", alpha = 10 }
CustomerName = "NAME1"
Group = { field = "KTOKD", codes = { "01" = "Retail", "02" = "Trade", "03" = "Trade" } }
Blocked = { field = "AUFSD", true = ["X", "01"] }
Insured = { field = "INSUR", true = ["Y"], false = ["N"] }
Held = { field = "AUFSD", filled = true }
CreditLimit = { field = "KLIMK", none = [0] }
Since = { field = "ERDAT", date = "yyyymmdd" }
ChangedAt = { first = ["AEDAT", "ERSTAMP"] }
OpenInvoices = "number"
OpenAmount = "open"

[test.totals.number]
entity = "VBRK"
on = { KUNNR = "KUNAG" }
where = { STATUS = ["O"] }
count = true

[test.totals.open]
entity = "VBRK"
on = { KUNNR = "KUNAG" }
where = { STATUS = ["O"] }
sum = "NETWR"

[test.navigation]
Invoices = "invoices"
""",
)  # fmt: skip
INVOICES = _set(
    "Invoices", "Invoice", "InvoiceNumber", 2,
    _property("InvoiceNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("Type", "String", max_length=20, nullable=False),
    _property("Status", "String", max_length=20),
    _property("CustomerNumber", "String", max_length=10),
    _property("CustomerName", "String", max_length=80),
    _property("City", "String", max_length=80),
    _property("NetAmount", "Decimal", precision=15, scale=2),
    _property("Rate", "Decimal", precision=9, scale=1),
    _property("Total", "Decimal", precision=15, scale=2),
    _property("DueDate", "Date"),
    _property("PostedAt", "DateTimeOffset", precision=0),
    _property("PrintedAt", "DateTimeOffset", precision=0),
    _property("Days", "Int32"),
    _property("Reference", "String", max_length=20),
    _property("OrderId", "String", max_length=10),
    _property("Text", "String", max_length=40),
    _property("Currency", "String", max_length=3, nullable=False),
    '[navigation.Customer]\ntarget = "Customers"\non = { CustomerNumber = "CustomerNumber" }\npartner = "Invoices"\n'
    'label = "Customer"\npartner_label = "Invoices"\ndescription = "."\npartner_description = "."',
    """
[test]
source = "shop"
entity = "VBRK"
where = { VBTYP = { not = ["P"] } }
flavour = "sweet"

[test.joins.c]
entity = "KNA1"
on = { KUNAG = "KUNNR" }

[test.joins.a]
entity = "ADRC"
on = { "c.ADRNR" = "ADDRNUMBER" }

[test.fields]
InvoiceNumber = "VBELN"
Type = { field = "FKART", codes = { F2 = "Invoice", G2 = "CreditMemo" } }
Status = { field = "STATUS", codes = { O = "Open", P = "Paid" } }
CustomerNumber = { field = "KUNAG", alpha = 10 }
CustomerName = "c.NAME1"
City = "a.CITY"
NetAmount = { field = "NETWR", sign = { by = "FKART", negative = ["G2"] } }
Rate = { field = "KURRF", round = true }
Total = { sum = ["+NETWR", "+MWSBK"] }
DueDate = { field = "NETDT", none = [9999-12-31] }
PostedAt = "CPUTM"
PrintedAt = { field = "PRSTAMP", timezone = "Europe/Berlin" }
Days = { field = "DAYS", sign = -1 }
Reference = { field = "XBLNR", when = { FKART = ["F2"] } }
OrderId = { field = "ORIGIN", polymorphic = "sale.order" }
Text = { field = "TXT", trim = true }
Currency = { value = "EUR" }

[test.navigation]
Customer = "customer"
""",
)  # fmt: skip
LINES = _set(
    "InvoiceLines", "InvoiceLine", "LineId", 3,
    _property("LineId", "String", max_length=20, nullable=False),
    _property("InvoiceNumber", "String", max_length=10, nullable=False),
    _property("Quantity", "Decimal", precision=15, scale=3),
    _property("Charge", "String", max_length=30),
    _property("Discount", "Decimal", precision=9, scale=2),
    '[navigation.Invoice]\ntarget = "Invoices"\non = { InvoiceNumber = "InvoiceNumber" }\npartner = "Lines"\n'
    'label = "Invoice"\npartner_label = "Lines"\ndescription = "."\npartner_description = "."',
    """
[test]
source = "shop"
entity = "VBRP"

[test.fields]
LineId = { fields = ["VBELN", "POSNR"], widths = [0, 4], separator = "-" }
InvoiceNumber = "VBELN"
Quantity = "FKIMG"
Charge = { fields = ["CHARG", "POSNR"], separator = "/" }
Discount = { field = "RABAT", parse = "number" }
""",
)  # fmt: skip
STOCK = _set(
    "Stock", "StockItem", "StockId", 4,
    _property("StockId", "String", max_length=30, nullable=False),
    _property("Plant", "String", max_length=4, nullable=False),
    _property("Material", "String", max_length=10, nullable=False),
    _property("OnHand", "Decimal", precision=15, scale=3, nullable=False),
    _property("Blocked", "Decimal", precision=15, scale=3, nullable=False),
    """
[test]
source = "shop"
entity = "MARD"
group = ["WERKS", "MATNR"]

[test.fields]
StockId = { fields = ["WERKS", "MATNR"], widths = [4, 0], separator = "-", padded = true }
Plant = "WERKS"
Material = "MATNR"
OnHand = { sum = "LABST", where = { BESTQ = [""] } }
Blocked = { sum = "LABST", where = { BESTQ = ["S", "Q"] } }
""",
)  # fmt: skip
TEXTS = {"Customers.toml": CUSTOMERS, "Invoices.toml": INVOICES, "InvoiceLines.toml": LINES, "Stock.toml": STOCK}
METADATA: ServiceMetadata = load_texts(TEXTS)

NAMES = ("O'Neil & Söhne", "100% Ltd_", "Müller \\ Co", None, "日本商事", "Acme, Inc.", "ACME", "", "ß-Handel", "A😀B")
TYPES: Mapping[str, Mapping[str, str]] = {
    "KNA1": {
        "KUNNR": "text", "NAME1": "text", "KTOKD": "text", "AUFSD": "text", "INSUR": "text", "KLIMK": "decimal",
        "ERDAT": "text", "AEDAT": "stamp", "ERSTAMP": "stamp", "ADRNR": "int",
    },
    "ADRC": {"ADDRNUMBER": "int", "CITY": "text"},
    "VBRK": {
        "VBELN": "text", "FKART": "text", "STATUS": "text", "KUNAG": "text", "NETWR": "decimal", "MWSBK": "decimal",
        "KURRF": "decimal", "NETDT": "date", "CPUTM": "stamp", "PRSTAMP": "stamp", "DAYS": "int", "XBLNR": "text",
        "ORIGIN": "text", "TXT": "text", "VBTYP": "text",
    },
    "VBRP": {"VBELN": "text", "POSNR": "int", "FKIMG": "decimal", "CHARG": "text", "RABAT": "text"},
    "MARD": {"WERKS": "text", "MATNR": "text", "BESTQ": "text", "LABST": "decimal"},
}  # fmt: skip
LINKS = {
    ("KNA1", "invoices"): ("VBRK", "KUNNR", "KUNAG"),
    ("VBRK", "customer"): ("KNA1", "KUNAG", "KUNNR"),
}
_START = datetime(2026, 1, 1, tzinfo=UTC)


def _customer(i: int) -> dict[str, Any]:
    return {
        "KUNNR": f"{i:010}" if i % 6 else f"K{i}",
        "NAME1": NAMES[i % len(NAMES)],
        "KTOKD": ("01", "02", "03", "99", "", None)[i % 6],
        "AUFSD": ("", "X", None, "01")[i % 4],
        "INSUR": ("Y", "N", None, "?")[i % 4],
        "KLIMK": None if i % 5 == 0 else Decimal(i % 4) * 250,
        "ERDAT": ("00000000", "20260101", "", "20251231", None)[i % 5],
        "AEDAT": None if i % 3 else _START + timedelta(hours=i),
        "ERSTAMP": None if i % 7 == 0 else _START - timedelta(days=i),
        "ADRNR": i % 5 or None,
    }


def _invoice(i: int) -> dict[str, Any]:
    return {
        "VBELN": f"9{i:04}",
        "FKART": "G2" if i % 4 == 0 else "F2",
        "STATUS": ("O", "P", "Z", "", None)[i % 5],
        "KUNAG": _customer(i % 25)["KUNNR"] if i % 7 else None,
        "NETWR": Decimal(i) * Decimal("10.25") if i % 6 else None,
        "MWSBK": Decimal(i) / 4 if i % 3 else None,
        "KURRF": Decimal(i) * Decimal("0.0625") if i % 5 else None,
        "NETDT": (None, date(9999, 12, 31), date(2026, 1 + i % 12, 28))[i % 3],
        "CPUTM": _START + timedelta(hours=7 * i) if i % 4 else None,
        "PRSTAMP": datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=13 * i) if i % 6 else None,
        "DAYS": i % 9 - 4 if i % 5 else None,
        "XBLNR": (f"R-{i % 4}", "", None)[i % 3],
        "ORIGIN": (f"sale.order,{i % 5}", f"stock.move,{i}", "", None)[i % 4],
        "TXT": (f" t{i % 3} ", "t1", "  ", "", None)[i % 5],
        "VBTYP": "P" if i % 11 == 0 else "M",
    }


RECORDS: dict[str, Sequence[dict[str, Any]]] = {
    "KNA1": [_customer(i) for i in range(24)],
    "ADRC": [{"ADDRNUMBER": i, "CITY": ("Bonn", "", None)[i % 3]} for i in range(4)],
    "VBRK": [_invoice(i) for i in range(90)],
    "VBRP": [
        {
            "VBELN": f"9{i % 30:04}",
            "POSNR": 10 * (i // 30 + 1) + 9 * (i % 2),
            "FKIMG": Decimal(i % 8) / 8 if i % 5 else None,
            "CHARG": ("a/b", "a_1b", "", None, "c")[i % 5],
            "RABAT": ("1.50", " 2 ", "3-", "", None)[i % 5],
        }
        for i in range(80)
    ],
    "MARD": [
        {"WERKS": f"100{i % 3}", "MATNR": f"M{i % 7}", "BESTQ": ("", "S", "Q", "")[i % 4], "LABST": Decimal(i) / 8}
        for i in range(60)
    ],
}
