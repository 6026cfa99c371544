"""What drafted catalogs make of single habits: old rows in tables of their own, flex fields, codes in tables, companies,
clients, floats with many digits.
"""

from datetime import date, datetime
from pathlib import Path

from tests.init.business import business
from tests.init.habits import ebs, jde, nav, sap
from tests.init.plain import german
from tests.init.schemas import T, load
from tests.init.support import drafted


def test_rows_that_were_moved_away_belong_to_the_set(tmp_path: Path) -> None:
    tables = german(business())
    invoices = next(table for table in tables if table.name == "Rechnungen")
    rows = list(invoices.rows)
    invoices.rows = rows[:100]
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, [*tables, T("Rechnungen_Archiv", invoices.columns, rows[100:])])
    with drafted(url, tmp_path / "c") as found:
        assert found.proposal.drafts["Invoices"].source == ["Rechnungen", "Rechnungen_Archiv"]
        assert found.faults() == []
        assert {row["InvoiceNumber"] for row in found.rows("Invoices")} == {row[0] for row in rows}


def test_a_copy_of_the_same_rows_is_no_archive(tmp_path: Path) -> None:
    tables = german(business())
    invoices = next(table for table in tables if table.name == "Rechnungen")
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, [*tables, T("Rechnungen_old", invoices.columns, list(invoices.rows))])
    with drafted(url, tmp_path / "c") as found:
        assert found.proposal.drafts["Invoices"].source == "Rechnungen"


def test_flex_fields_are_properties_per_context(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, ebs(business()))
    with drafted(url, tmp_path / "c") as found:
        rows = {row["InvoiceNumber"]: row for row in found.rows("Invoices")}
        for v in business().invoices:
            trade, export = rows[v.number]["Trade1"], rows[v.number]["Export1"]
            assert (trade, export) == ((f"agent {v.id % 5}", None) if v.id % 3 else (None, "CIF"))


def test_codes_have_the_words_of_the_erps_own_table(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, jde(business()))
    with drafted(url, tmp_path / "c") as found:
        methods = {row["PaymentMethod"] for row in found.rows("Payments")}
        assert methods == {"Bank transfer", "Check or card"}
        changed = {row["ChangedAt"] for row in found.rows("Invoices")}
        assert all(stamp.endswith("T10:15:30Z") for stamp in changed)
        assert found.proposal.drafts["Invoices"].key.columns == ("RPDOC", "RPDCT", "RPKCO", "RPSFX")


def test_companies_are_told_apart_and_may_be_chosen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, nav(business()))
    with drafted(url, tmp_path / "c") as found:
        assert {row["CompanyCode"] for row in found.rows("Customers")} == {"CRONUS", "Fabrikam"}
        assert len(found.rows("Customers")) == 120
        (one,) = found.rows("Customers", "?$filter=CustomerKey eq 'CRONUS~C10007'")
        assert one["CustomerNumber"] == "C10007"
    with drafted(url, tmp_path / "d", companies=("Fabrikam",)) as found:
        assert found.proposal.drafts["Customers"].key.property == "CustomerNumber"
        assert len(found.rows("Customers")) == 60
        assert {int(v["InvoiceNumber"][2:]) % 2 for v in found.rows("Invoices")} == {1}


def test_a_client_is_a_condition_and_deleted_rows_are_left_out(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(url, sap(business()))
    with drafted(url, tmp_path / "c") as found:
        customers = found.proposal.drafts["Customers"]
        assert customers.where == {"MANDT": "800", "LOEVM": {"not": ["X"]}}
        assert customers.key.columns == ("KUNNR",)
        assert len(found.rows("Customers")) == 60
        names = {row["ItemName"] for row in found.rows("Items")}
        assert not [name for name in names if name.endswith("(de)")]


def test_types_follow_the_values(tmp_path: Path) -> None:
    """Floats with many digits, text of seconds, flags, days that mean none, text that is long."""
    rows = [
        (n, f"O-{n}", n / 3, "Y" if n % 2 else "N", datetime(1753, 1, 1) if n % 3 == 0 else datetime(2026, 1, n), date(2026, 1, n), "x" * (n * 40))
        for n in range(1, 29)
    ]  # fmt: skip
    table = T(
        "orders",
        "id:int pk, order_number:text(10) nn unique, factor:real, is_rush:char(1), confirmed_on:stamp nn, order_date:date, remarks:text",
        rows,
    )
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    load(
        url, [table, T("customers", "id:int pk, name:text(80), city:text(30), country:text(2)", [(1, "A", "B", "DE")])]
    )
    with drafted(url, tmp_path / "c", sets={"SalesOrders": "orders"}) as found:
        assert found.faults() == []
        items = found.proposal.drafts["SalesOrders"].items
        assert items["Factor"].mapping == {"column": "factor", "round": True}
        assert items["IsRush"].facets["type"] == "Boolean"
        assert items["ConfirmedDate"].mapping == {"column": "confirmed_on", "none": [date(1753, 1, 1)]}
        assert items["Note"].facets["prose"] is True
        first = found.rows("SalesOrders", "?$filter=SalesOrderNumber eq 'O-1'")[0]
        assert (str(first["Factor"]), first["IsRush"], first["ConfirmedDate"]) == ("0.333333", True, "2026-01-01")
        assert found.rows("SalesOrders", "?$filter=SalesOrderNumber eq 'O-3'")[0]["ConfirmedDate"] is None
