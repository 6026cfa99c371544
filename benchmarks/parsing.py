"""What reading a URL costs by itself: parsing and binding, without rows.

Steady state, as in a running service: paths, columns and orders that came before are remembered, filters never are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from benchmarks.timing import Effort, time_alone
from edm.model import ServiceMetadata
from odata_server.uri.bind import RequestBinder
from odata_server.uri.limits import DEFAULT_LIMITS
from odata_server.uri.options import parse_path, parse_query

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

TYPICAL = "CustomerNumber eq 'C-100042' and Status ne 'Paid' and DueDate lt 2026-11-20 and OpenAmount gt 100.00"
FILTERS = {
    "one comparison": "InvoiceNumber eq '9000001234'",
    "typical": TYPICAL,
    "functions": ("contains(tolower(CustomerName),'pump') eq true and year(InvoiceDate) eq 2026 and not DunningBlock"),
    "any": "Lines/any(l:l/ItemNumber eq 'BE-00042' and l/NetAmount gt 100)",
    "200 keys": " or ".join(f"(InvoiceNumber eq '{9_000_000_000 + n}')" for n in range(200)),
    "2,000 keys": " or ".join(f"(InvoiceNumber eq '{9_000_000_000 + n}')" for n in range(1_990)),
}
#: What Salesforce sends for a list view of eight columns.
LIST_VIEW = (
    "$select=InvoiceNumber,CustomerNumber,InvoiceDate,DueDate,Status,GrossAmount,OpenAmount,Currency"
    f"&$count=true&$filter={quote(TYPICAL, safe='')}&$orderby=DueDate%20desc&$top=26"
)
QUERIES = {
    "list view": LIST_VIEW,
    **{name: f"$filter={quote(text, safe='')}&$select=InvoiceNumber,Status&$top=26" for name, text in FILTERS.items()},
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Medians in microseconds."""

    name: str
    characters: int
    parse: float
    bind: float


def readings(metadata: ServiceMetadata, effort: Effort) -> list[Reading]:
    """Every query, parsed and bound."""
    return [_reading(metadata, name, query, effort) for name, query in QUERIES.items()]


def _reading(metadata: ServiceMetadata, name: str, query: str, effort: Effort) -> Reading:
    binder = RequestBinder(metadata, DEFAULT_LIMITS, NOW)
    path, options = parse_path("Invoices"), parse_query(query)
    parse: Callable[[], object] = lambda: (parse_path("Invoices"), parse_query(query))  # noqa: E731
    return Reading(
        name,
        len(query),
        time_alone(parse, effort),
        time_alone(lambda: binder.bind(path, options), effort),
    )
