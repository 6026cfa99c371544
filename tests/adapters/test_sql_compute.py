"""Computed properties, numbers of related rows and conditions in paths are the database's work: ``explain`` shows it."""

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest

from odata_server.auth import ANONYMOUS
from odata_server.explained import Explanation
from odata_server.messages import ODataRequest
from odata_server.service import Service
from tests.serving import all_rows, connect, connected, demo_metadata


@pytest.fixture(scope="module")
def demo(demo_url: str) -> Iterator[Service]:
    with closing(connect(demo_url)) as adapter:
        yield Service(demo_metadata(), adapter, (b"s" * 32,))


def explained(service: Service, path: str, query: str = "") -> Explanation:
    target = ODataRequest("GET", quote(path, safe="$(),'/"), quote(query, safe="$=&(),'/;"))
    return service.explain(target, ANONYMOUS)


@pytest.mark.parametrize(
    ("path", "query", "sql"),
    [
        ("Invoices", "$compute=GrossAmount mul 2 as T&$select=T&$filter=T gt 5&$orderby=T desc&$top=3", "ORDER BY"),
        ("Invoices", "$compute=Customer/City as C&$select=C&$orderby=C&$top=3", "JOIN"),
        ("Customers", "$compute=Invoices/$count as N&$select=N&$filter=N gt 3&$top=3", "count(*)"),
        ("Customers", "$expand=Invoices/$count($filter=OpenAmount gt 0)&$select=City&$top=3", "count(*)"),
        ("Invoices/$filter(OpenAmount gt 0)/$filter(Status ne 'Paid')", "$top=3", "WHERE"),
    ],
)
def test_pushed(demo: Service, path: str, query: str, sql: str) -> None:
    found = explained(demo, path, query)
    assert (found.residual, found.notes) == (None, ())
    assert found.native is not None
    assert sql.lower() in found.native.lower()
    assert found.native.count("SELECT") - found.native.count("(SELECT") == 1, "one statement"


@pytest.mark.parametrize("direction", ["", " desc"])
def test_pages_of_an_order_with_nan(demo_url: str, direction: str) -> None:
    """The databases have ideas of their own about NaN: none of them may lose a row."""
    target = (
        "Invoices?$compute=cast(DunningLevel,Edm.Double) sub 1 as Z,Z div 0 as N&$select=InvoiceNumber,N"
        f"&$orderby=N{direction}&$filter=Status eq 'Open'"
    )
    with connected(demo_url) as client:
        whole = all_rows(client, target)
        found = all_rows(client, target, prefer="maxpagesize=60")
    assert found == whole
    assert {str(row["N"]) for row in whole} > {"NaN", "INF"}
