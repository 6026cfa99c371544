"""A small model with data in memory: customers and invoices, with nulls, ties, dangling references and odd texts."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from edm.declare import load_texts
from edm.expressions import Expr
from edm.model import ServiceMetadata
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.service import Service, ServiceOptions
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.properties.expressions import Model

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = b"a secret of the tests, long enough"
#: What stays as it is in the queries of tests.
_READABLE = "$=&(),'/:@;*"


def _property(name: str, kind: str, **facets: object) -> str:
    lines = [f"[properties.{name}]", f'type = "{kind}"', f'label = "{name}"', f'description = "{name}."']
    for facet, value in facets.items():
        lines.append(f"{facet} = {str(value).lower() if isinstance(value, bool) else value}")
    return "\n".join(lines)


def _set(name: str, kind: str, key: str, order: int, *parts: str) -> str:
    head = f'entity_set = "{name}"\nentity_type = "{kind}"\nlabel = "{kind}"\nlabel_plural = "{name}"\n'
    return head + f'description = "."\nsystem_of_record = "ERP"\nkey = "{key}"\norder = {order}\n' + "\n".join(parts)


CUSTOMERS = _set(
    "Customers", "Customer", "CustomerNumber", 1,
    _property("CustomerNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("CustomerName", "String", max_length=80, searchable=True),
    _property("Country", "String", max_length=2),
    _property("Blocked", "Boolean", nullable=False),
    _property("Visits", "Int32"),
    _property("Remarks", "String", max_length=4000, prose=True),
)  # fmt: skip
INVOICES = _set(
    "Invoices", "Invoice", "InvoiceNumber", 2,
    _property("InvoiceNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("CustomerNumber", "String", max_length=10),
    _property("Amount", "Decimal", precision=15, scale=2),
    _property("DueDate", "Date"),
    _property("PostedAt", "DateTimeOffset", precision=3),
    _property("Positions", "Int64", nullable=False),
    '[navigation.Customer]\ntarget = "Customers"\non = { CustomerNumber = "CustomerNumber" }\npartner = "Invoices"\n'
    'label = "Customer"\npartner_label = "Invoices"\ndescription = "."\npartner_description = "."',
)  # fmt: skip
METADATA: ServiceMetadata = load_texts({"Customers.toml": CUSTOMERS, "Invoices.toml": INVOICES})

NAMES = (
    "O'Neil & Söhne",
    "100% Ltd_",
    "Müller \\ Co",
    None,
    "日本商事",
    "Acme, Inc.",
    "ACME",
    "",
    "ß-Handel",
    "A😀B",
)
DATA: dict[str, list[dict[str, Any]]] = {
    "Customers": [
        {
            "CustomerNumber": f"C{i:02}",
            "CustomerName": NAMES[i % len(NAMES)],
            "Country": ("DE", "US", None)[i % 3],
            "Blocked": i % 4 == 0,
            "Visits": None if i % 5 == 0 else i - 5,
            "Remarks": None,
        }
        for i in range(20)
    ],
    "Invoices": [
        {
            "InvoiceNumber": f"I{i:03}",
            "CustomerNumber": f"C{i % 23:02}" if i % 7 else None,
            "Amount": Decimal(i - 20) * Decimal("0.10") if i % 5 else None,
            "DueDate": date(2026, 1 + i % 12, 28) if i % 6 else None,
            "PostedAt": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=7 * i, milliseconds=i) if i % 4 else None,
            "Positions": i % 3,
        }
        for i in range(90)
    ],
}


def model() -> Model:
    """The model with all values that occur, for the query generator."""
    samples = {
        s.name: {
            p.name: list(dict.fromkeys(row[p.name] for row in DATA[s.name] if row[p.name] is not None))
            for p in s.type.properties
        }
        for s in METADATA.sets
    }
    return Model(METADATA, samples)


def bind(text: str, entity_set: str = "Invoices") -> Expr:
    """A bound expression from its text."""
    return ExpressionBinder(METADATA, METADATA[entity_set], NOW).bind(parse_expression(text))


def service(
    *,
    capable: bool = True,
    data: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    options: ServiceOptions | None = None,
) -> Service:
    """A service over the data, or over what the test gives."""
    adapter = MemoryAdapter(METADATA, data or DATA, capable=capable)
    return Service(METADATA, adapter, (SECRET,), options or ServiceOptions(), clock=lambda: NOW)


def get(target: Service, path: str, query: str = "", **headers: str) -> ODataResponse:
    """A GET; underscores in header names stand for hyphens."""
    fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return target.handle(ODataRequest("GET", path, query, fields), ANONYMOUS)


def ask(target: Service, path: str, query: str, **headers: str) -> dict[str, Any]:
    """The body of an answer that has to be 200, its numbers exact. ``query`` is written as people read it."""
    answer = get(target, path, quote(query, safe=_READABLE), **headers)
    body: dict[str, Any] = json.loads(answer.body, parse_float=Decimal)
    assert answer.status == 200, body
    return body


def code(target: Service, path: str, query: str) -> str:
    """The error code of an answer that has to be 400."""
    answer = get(target, path, quote(query, safe=_READABLE))
    assert answer.status == 400
    found: str = json.loads(answer.body)["error"]["code"]
    return found
