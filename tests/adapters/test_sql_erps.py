"""Two ERPs as they store things, with catalogs as a person writes them: Navision's tables per company, SAP's tables per
client. What is published is looked at value by value, and random questions are answered as the evaluator answers them.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.model import EntitySet, NavigationProperty, Property, ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_current import today
from odata_server.service import Service
from tests.adapters import origins, schema
from tests.adapters.conftest import DATABASES
from tests.adapters.origins import C
from tests.adapters.schema import prop
from tests.adapters.test_sql_law import NOW, OPTIONS, UNHEALTHY, Services, same_answer
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, orders
from tests.serving import InProcess, all_rows


@dataclass(frozen=True)
class Erp:
    """An ERP: its catalog, its tables with their columns, and their rows."""

    sets: Sequence[EntitySet]
    tables: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, Sequence[origins.Row]]

    @property
    def metadata(self) -> ServiceMetadata:
        return ServiceMetadata("ErpOData", "1.0.0", tuple(self.sets))


def entity_set(
    name: str, kind: str, properties: Sequence[Property], text: str, navigation: Sequence[NavigationProperty] = ()
) -> EntitySet:
    """A set with its ``[sql]`` section as text; the first property is the key."""
    section = tomllib.loads(text)["sql"]
    return schema.entity_set(name, kind, properties[0].name, properties, section, navigation)


def money(name: str, *, nullable: bool = True) -> Property:
    return prop(name, "Decimal", precision=18, scale=2, nullable=nullable)


# --- Navision -----------------------------------------------------------------------------------------------------------

_NO_DATE = datetime(1753, 1, 1)
_CUSTOMER, _INVOICES = schema.both_ways("Customer", "CustomerKey", "Invoices", "Customers", "CustomerKey", "Invoices")

_NAVISION_CUSTOMERS = """
[sql]
table = "{company}$Customer"

[sql.each]
company = ["CRONUS", "Fabrikam"]

[sql.totals.balance]
table = "{company}$Detailed Cust_ Ledg_ Entry"
on = { "No_" = "Customer No_" }
sum = "Amount (LCY)"

[sql.totals.invoices]
table = ["{company}$Sales Invoice Header"]
on = { "No_" = "Bill-to Customer No_" }
where = { "Due Date" = { from = 2020-01-01 } }
count = true

[sql.columns]
CustomerKey = { columns = ["No_", "@company"], widths = [5], separator = "~" }
Company = "@company"
CustomerName = "Name"
Blocked = { column = "Blocked", codes = { "0" = "No", "1" = "Ship", "2" = "Invoice", "3" = "All" } }
Currency = { first = ["Currency Code", "=EUR"] }
Balance = "balance"
DatedInvoices = "invoices"
"""
_NAVISION_INVOICES = """
[sql]
table = [
  { table = "{company}$Sales Invoice Header", as = "Invoice" },
  { table = "{company}$Sales Cr_Memo Header", as = "CreditMemo", columns = { "Order No_" = { null = true }, "Due Date" = { null = true } } },
]

[sql.each]
company = ["CRONUS", "Fabrikam"]

[sql.joins.c]
table = "{company}$Customer"
on = { "Bill-to Customer No_" = "No_" }

[sql.totals.open]
table = "{company}$Detailed Cust_ Ledg_ Entry"
on = { "Cust_ Ledger Entry No_" = "Cust_ Ledger Entry No_" }
where = { "Entry Type" = { not = 2 } }
sum = "Amount"

[sql.columns]
InvoiceKey = { columns = ["No_", "@company"], widths = [7], separator = "~" }
InvoiceType = "@table"
CustomerKey = { columns = ["Bill-to Customer No_", "@company"], widths = [5], separator = "~" }
CustomerName = "c.Name"
InvoiceDate = { column = "Posting Date", none = [1753-01-01] }
DueDate = { column = "Due Date", none = [1753-01-01] }
SalesOrderNumber = { column = "Order No_", none = [""] }
GrossAmount = { column = "Amount Including VAT", sign = { by = "@table", negative = ["CreditMemo"] } }
OpenAmount = "open"
"""

_HEADER = {
    "timestamp": "BIGINT", "No_": f"VARCHAR(20){C} NOT NULL", "Bill-to Customer No_": f"VARCHAR(20){C} NOT NULL",
    "Posting Date": "TIMESTAMP NOT NULL", "Amount Including VAT": "NUMERIC(38,20) NOT NULL",
    "Cust_ Ledger Entry No_": "INTEGER NOT NULL",
}  # fmt: skip
_NAVISION_TABLES = {
    "Customer": {
        "timestamp": "BIGINT", "No_": f"VARCHAR(20){C} NOT NULL", "Name": "VARCHAR(50) NOT NULL", "Blocked": "INTEGER NOT NULL",
        "Currency Code": "VARCHAR(10) NOT NULL",
    },
    "Sales Invoice Header": {**_HEADER, "Due Date": "TIMESTAMP NOT NULL", "Order No_": "VARCHAR(20) NOT NULL"},
    "Sales Cr_Memo Header": _HEADER,
    "Detailed Cust_ Ledg_ Entry": {
        "Entry No_": "INTEGER NOT NULL", "Cust_ Ledger Entry No_": "INTEGER NOT NULL", "Entry Type": "INTEGER NOT NULL",
        "Customer No_": f"VARCHAR(20){C} NOT NULL", "Amount": "NUMERIC(38,20) NOT NULL", "Amount (LCY)": "NUMERIC(38,20) NOT NULL",
    },
}  # fmt: skip


def _navision_rows() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for number, company in enumerate(("CRONUS", "Fabrikam")):
        found[f"{company}$Customer"] = [
            {
                "No_": f"{10000 + n}", "Name": ("The Cannon Group PLC", "Selangorian Ltd.", "O'Neil", "")[n % 4],
                "Blocked": (0, 0, 1, 3, 7)[n % 5], "Currency Code": ("", "USD", "")[n % 3],
            }
            for n in range(12 - number)
        ]  # fmt: skip
        headers: list[dict[str, Any]] = [
            {
                "No_": f"{'SC'[n % 4 == 3]}I{n:05}", "Bill-to Customer No_": f"{10000 + n % 14}",
                "Posting Date": datetime(2026, 1, 1) + timedelta(n * 5) if n % 9 else _NO_DATE,
                "Due Date": datetime(2026, 2, 1) + timedelta(n * 5) if n % 7 else _NO_DATE,
                "Amount Including VAT": Decimal(n * 113 - 200) / 100, "Cust_ Ledger Entry No_": n if n % 5 else 0,
                "Order No_": f"SO{n:05}" if n % 3 else "",
            }
            for n in range(40)
        ]  # fmt: skip
        found[f"{company}$Sales Invoice Header"] = [row for row in headers if row["No_"][0] == "S"]
        found[f"{company}$Sales Cr_Memo Header"] = [row for row in headers if row["No_"][0] == "C"]
        found[f"{company}$Detailed Cust_ Ledg_ Entry"] = [
            {
                "Entry No_": n, "Cust_ Ledger Entry No_": n % 37 + 1, "Entry Type": n % 3, "Customer No_": f"{10000 + n % 11}",
                "Amount": Decimal(n * 7 - 90) / 10, "Amount (LCY)": Decimal(n * 7 - 90 + number) / 100,
            }
            for n in range(90)
        ]  # fmt: skip
    return found


NAVISION = Erp(
    (
        entity_set(
            "Customers", "Customer",
            [
                prop("CustomerKey", "String", key=True), prop("Company", "String", nullable=False),
                prop("CustomerName", "String", searchable=True, nullable=False), prop("Blocked", "String", nullable=False),
                prop("Currency", "String", nullable=False), money("Balance", nullable=False),
                prop("DatedInvoices", "Int32", nullable=False),
            ],
            _NAVISION_CUSTOMERS, [_INVOICES],
        ),
        entity_set(
            "Invoices", "Invoice",
            [
                prop("InvoiceKey", "String", key=True), prop("InvoiceType", "String", nullable=False),
                prop("CustomerKey", "String", nullable=False), prop("CustomerName", "String", searchable=True),
                prop("InvoiceDate", "Date"), prop("DueDate", "Date"), prop("SalesOrderNumber", "String"),
                money("GrossAmount", nullable=False), money("OpenAmount", nullable=False),
            ],
            _NAVISION_INVOICES, [_CUSTOMER],
        ),
    ),
    {f"{company}${name}": columns for company in ("CRONUS", "Fabrikam") for name, columns in _NAVISION_TABLES.items()},
    _navision_rows(),
)  # fmt: skip

# --- SAP ----------------------------------------------------------------------------------------------------------------

_ITEM_CUSTOMER, _ITEMS = schema.both_ways(
    "Customer", "CustomerNumber", "OpenItems", "Customers", "CustomerNumber", "Items"
)
_SAP_CUSTOMERS = """
[sql]
table = "KNA1"
where = { MANDT = "100", LOEVM = { not = "X" } }

[sql.totals.open]
table = "BSID"
on = { KUNNR = "KUNNR" }
where = { MANDT = "100", SHKZG = "S" }
sum = "DMBTR"

[sql.totals.credit]
table = "BSID"
on = { KUNNR = "KUNNR" }
where = { MANDT = "100", SHKZG = "H" }
sum = "DMBTR"

[sql.columns]
CustomerNumber = { column = "KUNNR", alpha = 10 }
CustomerName = "NAME1"
Balance = { sum = ["+open", "-credit"] }
"""
_SAP_ITEMS = """
[sql]
table = [
  { table = "BSID", as = "open", columns = { AUGDT = { value = "00000000" }, AUGBL = { value = "" } } },
  { table = "BSAD", as = "cleared", where = { AUGDT = { from = "20240101" } } },
]
where = { MANDT = "100", BUKRS = ["1000", "2000"] }

[sql.columns]
ItemKey = { columns = ["BUKRS", "BELNR", "BUZEI"], widths = [4, 10, 3], separator = "~" }
State = "@table"
CustomerNumber = { column = "KUNNR", alpha = 10 }
Amount = { column = "DMBTR", sign = { by = "SHKZG", negative = ["H"] } }
PostingDate = { column = "BUDAT", date = "yyyymmdd" }
ClearingDate = { column = "AUGDT", date = "yyyymmdd" }
ClearingDocument = { column = "AUGBL", none = [""] }
"""
_SAP_STOCK = """
[sql]
table = "MARA"
where = { MANDT = "100" }
current = { from = "DATAB", to = "DATBI", date = "yyyymmdd" }

[sql.joins.en]
table = "MAKT"
on = { MATNR = "MATNR" }
where = { MANDT = "100", SPRAS = "E" }

[sql.joins.de]
table = "MAKT"
on = { MATNR = "MATNR" }
where = { MANDT = "100", SPRAS = "D" }

[sql.totals.unrestricted]
table = "STOCK"
on = { MATNR = "MATNR" }
where = { MANDT = "100", LBBSA = "01" }
sum = "MENGE"

[sql.totals.quality]
table = "STOCK"
on = { MATNR = "MATNR" }
where = { MANDT = "100", LBBSA = "02" }
sum = "MENGE"

[sql.totals.blocked]
table = "STOCK"
on = { MATNR = "MATNR" }
where = { MANDT = "100", LBBSA = "07" }
sum = "MENGE"

[sql.columns]
ItemNumber = { column = "MATNR", alpha = 18 }
ItemName = { first = ["en.MAKTX", "de.MAKTX", "=?"] }
OnHand = { sum = ["+unrestricted", "+quality", "+blocked"] }
InQuality = "quality"
Blocked = "blocked"
"""
_SAP_LINE = {
    "MANDT": "VARCHAR(3) NOT NULL", "BUKRS": f"VARCHAR(4){C} NOT NULL", "BELNR": f"VARCHAR(10){C} NOT NULL",
    "BUZEI": f"VARCHAR(3){C} NOT NULL", "KUNNR": f"VARCHAR(10){C} NOT NULL", "SHKZG": "VARCHAR(1) NOT NULL",
    "DMBTR": "NUMERIC(13,2) NOT NULL", "BUDAT": "VARCHAR(8) NOT NULL",
}  # fmt: skip
_SAP_TABLES = {
    "KNA1": {"MANDT": "VARCHAR(3) NOT NULL", "KUNNR": f"VARCHAR(10){C} NOT NULL", "NAME1": "VARCHAR(35) NOT NULL", "LOEVM": "VARCHAR(1)"},
    "BSID": _SAP_LINE,
    "BSAD": {**_SAP_LINE, "AUGDT": "VARCHAR(8) NOT NULL", "AUGBL": "VARCHAR(10) NOT NULL"},
    "MARA": {"MANDT": "VARCHAR(3) NOT NULL", "MATNR": f"VARCHAR(18){C} NOT NULL", "DATAB": "VARCHAR(8)", "DATBI": "VARCHAR(8)"},
    "MAKT": {"MANDT": "VARCHAR(3)", "MATNR": f"VARCHAR(18){C}", "SPRAS": "VARCHAR(1)", "MAKTX": "VARCHAR(40)"},
    "STOCK": {"MANDT": "VARCHAR(3)", "MATNR": f"VARCHAR(18){C}", "LBBSA": "VARCHAR(2)", "MENGE": "NUMERIC(13,3)"},
}  # fmt: skip


def _sap_rows() -> dict[str, list[dict[str, Any]]]:
    def line(client: str, n: int) -> dict[str, Any]:
        return {
            "MANDT": client, "BUKRS": ("1000", "2000", "3000")[n % 3], "BELNR": f"{1400000000 + n}", "BUZEI": f"{n % 4:03}",
            "KUNNR": f"{n % 9:010}", "SHKZG": "SH"[n % 4 == 0], "DMBTR": Decimal(n * 37) / 100,
            "BUDAT": f"{date(2026, 1, 1) + timedelta(n):%Y%m%d}" if n % 8 else "00000000",
        }  # fmt: skip

    day = today("UTC")
    return {
        "KNA1": [
            {"MANDT": client, "KUNNR": f"{n:010}", "NAME1": f"Kunde {client} {n}", "LOEVM": (" ", "", None, "X")[n % 4]}
            for client in ("100", "200") for n in range(9)
        ],
        "BSID": [line(client, n) for client in ("100", "200") for n in range(30)],
        "BSAD": [
            {**line(client, n), "AUGDT": f"{date(2023, 8, 1) + timedelta(n * 3):%Y%m%d}", "AUGBL": f"{1500000000 + n}"}
            for client in ("100", "200") for n in range(30, 80)
        ],
        "MARA": [
            {
                "MANDT": client, "MATNR": f"{n:018}", "DATAB": ("00000000", "", f"{day - timedelta(9):%Y%m%d}")[n % 3],
                "DATBI": ("99991231", "00000000", None, f"{day - timedelta(3):%Y%m%d}")[n % 4],
            }
            for client in ("100", "200") for n in range(12)
        ],
        "MAKT": [
            {"MANDT": "100", "MATNR": f"{n:018}", "SPRAS": lang, "MAKTX": f"{lang}{n}"}
            for n in range(12) for lang in "DEF" if (n + ord(lang)) % 3
        ],
        "STOCK": [
            {"MANDT": ("100", "200")[n % 5 == 0], "MATNR": f"{n % 11:018}", "LBBSA": ("01", "02", "07", "06")[n % 4], "MENGE": Decimal(n) / 8}
            for n in range(80)
        ],
    }  # fmt: skip


SAP = Erp(
    (
        entity_set(
            "Customers", "Customer",
            [
                prop("CustomerNumber", "String", key=True, max_length=10),
                prop("CustomerName", "String", nullable=False, searchable=True), money("Balance", nullable=False),
            ],
            _SAP_CUSTOMERS, [_ITEMS],
        ),
        entity_set(
            "OpenItems", "OpenItem",
            [
                prop("ItemKey", "String", key=True), prop("State", "String", nullable=False),
                prop("CustomerNumber", "String", nullable=False, max_length=10), money("Amount", nullable=False),
                prop("PostingDate", "Date"), prop("ClearingDate", "Date"), prop("ClearingDocument", "String"),
            ],
            _SAP_ITEMS, [_ITEM_CUSTOMER],
        ),
        entity_set(
            "Inventory", "Stock",
            [
                prop("ItemNumber", "String", key=True), prop("ItemName", "String", nullable=False, searchable=True),
                *(prop(n, "Decimal", precision=15, scale=3, nullable=False) for n in ("OnHand", "InQuality", "Blocked")),
            ],
            _SAP_STOCK,
        ),
    ),
    _SAP_TABLES,
    _sap_rows(),
)  # fmt: skip

# --- both ---------------------------------------------------------------------------------------------------------------

ERPS = {"navision": NAVISION, "sap": SAP}


@dataclass(frozen=True)
class Running:
    """An ERP on a database, behind the adapter and the services."""

    erp: Erp
    adapter: SqlAdapter
    rows: schema.Rows
    services: Services

    @property
    def client(self) -> InProcess:
        return InProcess(self.services["sql"])

    @property
    def model(self) -> Model:
        def samples(name: str, column: str) -> list[Any]:
            return [v for v in dict.fromkeys(row[column] for row in self.rows[name]) if v is not None]

        sets = self.erp.metadata.sets
        return Model(
            self.erp.metadata, {s.name: {p.name: samples(s.name, p.name) for p in s.type.properties} for s in sets}
        )


def running(erp: Erp, url: str) -> Iterator[Running]:
    origins.make(url, erp.tables, erp.rows)
    with closing(schema.adapter(url, erp.metadata)) as adapter:
        rows = schema.published(adapter, erp.metadata)
        sources: dict[str, Adapter] = {"evaluator": MemoryAdapter(erp.metadata, rows), "sql": adapter}
        services = {
            name: Service(erp.metadata, source, (b"s" * 32,), OPTIONS, clock=lambda: NOW)
            for name, source in sources.items()
        }
        yield Running(erp, adapter, rows, services)


@pytest.fixture(scope="module", params=DATABASES)
def navision(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from _on(request, tmp_path_factory, "navision")


@pytest.fixture(scope="module", params=DATABASES)
def sap(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from _on(request, tmp_path_factory, "sap")


def _on(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Running]:
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp(name) / f"{name}.sqlite"
        yield from running(ERPS[name], f"sqlite:///{path}")
        return
    server = request.getfixturevalue("mariadb_server" if request.param == "mariadb" else "postgres_server")
    database = f"{name}_{request.getfixturevalue('worker_id')}"
    server.drop_database(database)
    yield from running(ERPS[name], server.create_database(database))
    server.drop_database(database)


def test_navision_has_no_faults(navision: Running) -> None:
    assert list(navision.adapter.faults(NAVISION.metadata)) == []
    assert list(navision.adapter.lacks(NAVISION.metadata)) == []


def test_sap_has_no_faults(sap: Running) -> None:
    assert list(sap.adapter.faults(SAP.metadata)) == []
    assert list(sap.adapter.lacks(SAP.metadata)) == []


def one(found: Running, name: str, key: str) -> Mapping[str, Any]:
    [row] = [row for row in found.rows[name] if key in row.values()]
    return row


def test_navision_s_invoices(navision: Running) -> None:
    assert len(navision.rows["Invoices"]) == 80
    open_ = sum(
        (row["Amount"] for row in NAVISION.rows["CRONUS$Detailed Cust_ Ledg_ Entry"]
         if row["Cust_ Ledger Entry No_"] == 4 and row["Entry Type"] != 2), Decimal(0),
    )  # fmt: skip
    assert one(navision, "Invoices", "SI00004~CRONUS") == {
        "InvoiceKey": "SI00004~CRONUS", "InvoiceType": "Invoice", "CustomerKey": "10004~CRONUS",
        "CustomerName": "The Cannon Group PLC", "InvoiceDate": date(2026, 1, 21), "DueDate": date(2026, 2, 21),
        "SalesOrderNumber": "SO00004", "GrossAmount": Decimal("2.52"), "OpenAmount": open_,
    }  # fmt: skip
    assert one(navision, "Invoices", "CI00027~Fabrikam") == {
        "InvoiceKey": "CI00027~Fabrikam", "InvoiceType": "CreditMemo", "CustomerKey": "10013~Fabrikam", "CustomerName": None,
        "InvoiceDate": None, "DueDate": None, "SalesOrderNumber": None, "GrossAmount": Decimal("-28.51"),
        "OpenAmount": one(navision, "Invoices", "CI00027~Fabrikam")["OpenAmount"],
    }  # fmt: skip


def test_navision_s_customers(navision: Running) -> None:
    assert len(navision.rows["Customers"]) == 23
    for company in ("CRONUS", "Fabrikam"):
        found = one(navision, "Customers", f"10003~{company}")
        entries = NAVISION.rows[f"{company}$Detailed Cust_ Ledg_ Entry"]
        balance = sum((row["Amount (LCY)"] for row in entries if row["Customer No_"] == "10003"), Decimal(0))
        invoices = NAVISION.rows[f"{company}$Sales Invoice Header"]
        assert found == {
            "CustomerKey": f"10003~{company}", "Company": company, "CustomerName": "", "Blocked": "All", "Currency": "EUR",
            "Balance": balance,
            "DatedInvoices": sum(
                row["Bill-to Customer No_"] == "10003" and row["Due Date"] > _NO_DATE for row in invoices
            ),
        }  # fmt: skip


def test_navision_s_navigation(navision: Running) -> None:
    [found] = all_rows(
        navision.client, "Customers?$filter=CustomerKey eq '10001~Fabrikam'&$expand=Invoices&$count=true"
    )
    assert {row["InvoiceKey"].partition("~")[2] for row in found["Invoices"]} == {"Fabrikam"}
    assert len(found["Invoices"]) == 3


def test_sap_s_items(sap: Running) -> None:
    rows = {state: [row for row in sap.rows["OpenItems"] if row["State"] == state] for state in ("open", "cleared")}
    assert len(rows["open"]) == 20
    assert {row["ClearingDate"] for row in rows["open"]} == {row["ClearingDocument"] for row in rows["open"]} == {None}
    there = [
        row
        for row in SAP.rows["BSAD"]
        if row["MANDT"] == "100" and row["BUKRS"] != "3000" and row["AUGDT"] >= "20240101"
    ]
    assert len(rows["cleared"]) == len(there) < 34
    assert one(sap, "OpenItems", "1000~1400000060~000") == {
        "ItemKey": "1000~1400000060~000", "State": "cleared", "CustomerNumber": "6", "Amount": Decimal("-22.20"),
        "PostingDate": date(2026, 3, 2), "ClearingDate": date(2024, 1, 28), "ClearingDocument": "1500000060",
    }  # fmt: skip


def test_sap_s_customers_and_stock(sap: Running) -> None:
    assert sorted(row["CustomerNumber"] for row in sap.rows["Customers"]) == list("0124568")
    balance = sum(
        (row["DMBTR"] * (1 if row["SHKZG"] == "S" else -1) for row in SAP.rows["BSID"]
         if row["MANDT"] == "100" and row["KUNNR"] == "0000000004"), Decimal(0),
    )  # fmt: skip
    assert one(sap, "Customers", "4")["Balance"] == balance
    assert sorted(int(row["ItemNumber"]) for row in sap.rows["Inventory"]) == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    stock = [row for row in SAP.rows["STOCK"] if row["MANDT"] == "100" and row["MATNR"].endswith("05")]
    by_type = {kind: sum((r["MENGE"] for r in stock if r["LBBSA"] == kind), Decimal(0)) for kind in ("01", "02", "07")}
    assert one(sap, "Inventory", "5") == {
        "ItemNumber": "5", "ItemName": "E5", "OnHand": sum(by_type.values(), Decimal(0)), "InQuality": by_type["02"],
        "Blocked": by_type["07"],
    }  # fmt: skip


@examples(60, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_questions_to_navision_agree(navision: Running, data: st.DataObject) -> None:
    _ask(navision, data)


@examples(60, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_questions_to_sap_agree(sap: Running, data: st.DataObject) -> None:
    _ask(sap, data)


def _ask(found: Running, data: st.DataObject) -> None:
    model = found.model
    entity_set = data.draw(st.sampled_from(found.erp.metadata.sets))
    options = [
        f"$filter={data.draw(conditions(model, entity_set))}",
        f"$orderby={data.draw(orders(model, entity_set))}",
        f"$top={data.draw(st.integers(0, 40))}",
        "$count=true",
    ]
    options += [f"$expand={link.name}" for link in entity_set.type.navigation]
    same_answer(found.services, entity_set.name, "\n".join(options))
