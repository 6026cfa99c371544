"""python-odata, from the metadata that it reflects to the rows that it returns."""

from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from odata import ODataService
from odata.exceptions import ODataError

from tests.serving import DemoRows


@pytest.fixture(scope="module")
def service(root: str) -> ODataService:
    return ODataService(root, reflect_entities=True, quiet_progress=True)


def numbers(found: list[Any], name: str = "InvoiceNumber") -> list[str]:
    return [getattr(entity, name) for entity in found]


def test_reflects_every_set_and_property(service: ODataService, everything: DemoRows) -> None:
    assert set(service.entities) == set(everything)
    invoice = service.entities["Invoices"]
    for name in everything["Invoices"][0]:
        assert getattr(invoice, name).name == name


def test_filters_orders_and_limits(service: ODataService, everything: DemoRows) -> None:
    invoice = service.entities["Invoices"]
    query = service.query(invoice).filter(invoice.Status == "Open").filter(invoice.GrossAmount > Decimal("1000.5"))
    found = query.order_by(invoice.DueDate.desc(), invoice.InvoiceNumber.asc()).offset(1).limit(5).all()
    chosen = [r for r in everything["Invoices"] if r["Status"] == "Open" and r["GrossAmount"] > Decimal("1000.5")]
    chosen.sort(key=lambda row: row["DueDate"], reverse=True)
    assert numbers(found) == [row["InvoiceNumber"] for row in chosen[1:6]]
    assert [entity.GrossAmount for entity in found] == [row["GrossAmount"] for row in chosen[1:6]]


def test_follows_next_links_to_the_end(service: ODataService, everything: DemoRows) -> None:
    found = service.query(service.entities["Invoices"]).all()
    assert numbers(found) == [row["InvoiceNumber"] for row in everything["Invoices"]]


def test_counts(service: ODataService, everything: DemoRows) -> None:
    """The client asks for JSON here too."""
    invoice = service.entities["Invoices"]
    expected = sum(row["Status"] == "Open" for row in everything["Invoices"])
    assert service.query(invoice).filter(invoice.Status == "Open").count() == expected


def test_text_with_quotes_and_letters_beyond_ascii(service: ODataService, everything: DemoRows) -> None:
    customer = service.entities["Customers"]
    for word in ("Müller & Söhne", "O'", "株式会社"):
        found = service.query(customer).filter(customer.CustomerName.contains(word)).all()
        expected = [row["CustomerNumber"] for row in everything["Customers"] if word in row["CustomerName"]]
        assert numbers(found, "CustomerNumber") == expected
        assert expected


def test_dates_and_points_in_time(service: ODataService, everything: DemoRows) -> None:
    """The client knows no dates: it quotes them."""
    invoice = service.entities["Invoices"]
    moment = datetime(2026, 6, 1, 12, tzinfo=UTC)
    query = service.query(invoice).filter(invoice.InvoiceDate >= "2026-04-01").filter(invoice.ChangedAt < moment)
    expected = [
        row["InvoiceNumber"]
        for row in everything["Invoices"]
        if (row["InvoiceDate"] or date.min) >= date(2026, 4, 1) and row["ChangedAt"] < moment
    ]
    found = query.all()
    assert numbers(found) == expected
    assert expected
    assert all(entity.ChangedAt < moment for entity in found)


def test_null(service: ODataService, everything: DemoRows) -> None:
    customer = service.entities["Customers"]
    found = service.query(customer).filter(customer.CustomerName2.is_null()).all()
    assert numbers(found, "CustomerNumber") == [
        row["CustomerNumber"] for row in everything["Customers"] if row["CustomerName2"] is None
    ]


def test_either_or_and_not(service: ODataService, everything: DemoRows) -> None:
    customer = service.entities["Customers"]
    query = service.query(customer)
    found = query.filter(query.or_(customer.Country == "DE", customer.CustomerName.lacks("a"))).all()
    assert numbers(found, "CustomerNumber") == [
        row["CustomerNumber"]
        for row in everything["Customers"]
        if row["Country"] == "DE" or "a" not in row["CustomerName"]
    ]


def test_related_rows(service: ODataService, everything: DemoRows) -> None:
    invoice, line = service.entities["Invoices"], service.entities["InvoiceLines"]
    found = service.query(invoice).filter(invoice.Customer.Country == "US").expand(invoice.Customer).limit(3).all()
    assert {entity.Customer.Country for entity in found} == {"US"}
    expected = [row["InvoiceLineKey"] for row in everything["InvoiceLines"]
                if row["InvoiceNumber"] == found[0].InvoiceNumber]  # fmt: skip
    assert sorted(numbers(found[0].Lines, "InvoiceLineKey")) == expected
    nested = service.query(line).expand(line.Invoice.Customer).limit(1).first()
    assert nested.Invoice.Customer.CustomerNumber == nested.CustomerNumber


def test_one_by_key_and_its_properties(service: ODataService, everything: DemoRows) -> None:
    row = everything["Invoices"][7]
    entity = service.query(service.entities["Invoices"]).get(row["InvoiceNumber"])
    assert attrgetter("Status", "NetAmount")(entity) == (row["Status"], row["NetAmount"])


def test_selected_properties(service: ODataService, everything: DemoRows) -> None:
    invoice = service.entities["Invoices"]
    found = service.query(invoice).select(invoice.Status, invoice.Currency).limit(2).all()
    assert [{name: row[name] for name in ("Status", "Currency")} for row in found] == [
        {name: row[name] for name in ("Status", "Currency")} for row in everything["Invoices"][:2]
    ]


def test_aggregation(service: ODataService, everything: DemoRows) -> None:
    invoice = service.entities["Invoices"]
    found = service.query(invoice).apply("groupby((Status),aggregate($count as Invoices))").select(invoice.Status).all()
    assert sorted(row["Status"] for row in found) == sorted({row["Status"] for row in everything["Invoices"]})


def test_errors_keep_their_code_and_message(service: ODataService) -> None:
    invoice = service.entities["Invoices"]
    with pytest.raises(ODataError) as caught:
        service.query(invoice).raw({"$filter": "Citty eq 'Hamburg'"})
    assert (caught.value.code, caught.value.message) == ("unknown_property", "Invoice has no property Citty.")
