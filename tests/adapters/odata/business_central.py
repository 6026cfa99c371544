"""A stand-in for Business Central: its names, its companies, its limits; the rows and the language are this service's."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from edm.declare import load_texts
from edm.model import ServiceMetadata
from erp_adapters.memory import MemoryAdapter
from tests.adapters.odata.support import Limited, Start, Wsgi
from tests.engine.small import _property, _set
from tests.serving import application

COMPANY = "7bd3c1f2-1111-2222-3333-444455556666"
CUSTOMERS = _set(
    "customers", "customer", "number", 1,
    _property("number", "String", max_length=20, nullable=False),
    _property("displayName", "String", max_length=100),
    _property("blocked", "String", max_length=20),
    _property("balanceDue", "Decimal", precision=15, scale=2),
)  # fmt: skip
INVOICES = _set(
    "salesInvoices", "salesInvoice", "number", 2,
    _property("number", "String", max_length=20, nullable=False),
    _property("status", "String", max_length=20),
    _property("customerNumber", "String", max_length=20),
    _property("dueDate", "Date"),
    _property("totalAmountIncludingTax", "Decimal", precision=15, scale=2),
    _property("remainingAmount", "Decimal", precision=15, scale=2),
    '[navigation.customer]\ntarget = "customers"\non = { customerNumber = "number" }\npartner = "salesInvoices"\n'
    'label = "Customer"\npartner_label = "Invoices"\ndescription = "."\npartner_description = "."',
)  # fmt: skip
METADATA: ServiceMetadata = load_texts({"customers.toml": CUSTOMERS, "salesInvoices.toml": INVOICES})
NAMES = ("Adatum", "Trey Research", "", "O'Neil & Söhne", "adatum")
DATA: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {
            "number": f"{10000 + 10 * i}",
            "displayName": NAMES[i % len(NAMES)],
            "blocked": ("_x0020_", "Ship", "All")[i % 3],
            "balanceDue": Decimal(i * 1000).scaleb(-2),
        }
        for i in range(25)
    ],
    "salesInvoices": [
        {
            "number": f"S-INV{102001 + i}",
            "status": ("Draft", "Open", "Paid", "Canceled")[i % 4],
            "customerNumber": f"{10000 + 10 * (i % 27)}" if i % 9 else "",
            "dueDate": date(2026, 1 + i % 12, 15) if i % 5 else date(1, 1, 1),
            "totalAmountIncludingTax": Decimal(i * 4711 % 90_000).scaleb(-2),
            "remainingAmount": Decimal(i * 4711 % 90_000 if i % 4 == 1 else 0).scaleb(-2),
        }
        for i in range(120)
    ],
}
_COMPANY = re.compile(r"/companies\([0-9a-f-]{36}\)")


def service(url: str) -> Limited:
    """The service at ``url``: it knows no ``in`` and no ``tolower``, compares no computed field, refuses ``or`` on
    distinct fields and ignores lambdas."""
    refused = (400, "The filter is not supported.")
    return Limited(
        _companies(application(MemoryAdapter(METADATA, DATA), url, METADATA).app.wsgi_app),
        refuses={r" in \(|tolower|remainingAmount|balanceDue|customer/": refused},
        ignores=[r"/any\("],
        apart=True,
        document=_with_companies,
    )


def _companies(app: Wsgi) -> Wsgi:
    """Each set stands below a company."""

    def inner(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        short: dict[str, Any] = {
            name: _COMPANY.sub("", environ[name]) for name in ("PATH_INFO", "RAW_URI") if name in environ
        }
        return app({**environ, **short}, start_response)

    return inner


def _with_companies(document: bytes) -> bytes:
    company = b"""<EntityType Name="company"><Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.Guid" Nullable="false"/>
        <NavigationProperty Name="customers" Type="Collection(ErpOData.customer)" ContainsTarget="true"/>
        <NavigationProperty Name="salesInvoices" Type="Collection(ErpOData.salesInvoice)" ContainsTarget="true"/>
        </EntityType>"""
    companies = b"""<EntitySet Name="companies" EntityType="ErpOData.company">
        <NavigationPropertyBinding Path="customers" Target="customers"/>
        <NavigationPropertyBinding Path="salesInvoices" Target="salesInvoices"/></EntitySet>"""
    document = document.replace(b"<EntityContainer ", company + b"<EntityContainer ", 1)
    return document.replace(b"</EntityContainer>", companies + b"</EntityContainer>", 1)
