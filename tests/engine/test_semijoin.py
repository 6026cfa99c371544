"""Conditions on rows of another source: the same answers as from one source, in a few reads."""

from collections.abc import Iterator
from typing import Any
from unittest import mock
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.capabilities import Capabilities, Match
from edm.errors import ODataError
from edm.expressions import CountOf, Expr, Lambda, Prop, walk
from edm.model import EntitySet
from edm.query import Query, inputs
from erp_adapters.base import Page, Session, Unavailable
from erp_adapters.memory import MemoryAdapter
from odata_server import semijoin
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.engine import small
from tests.engine.small import METADATA, NOW, SECRET, ask, bind, get, model, service
from tests.profiles import examples
from tests.properties.expressions import conditions, encoded, orders
from tests.properties.pipelines import pipelines

#: Some customers have no invoices, and one was visited zero times.
DATA = {
    "Customers": [row | {"Visits": 0} if row["CustomerNumber"] == "C05" else row for row in small.DATA["Customers"]],
    "Invoices": [row for row in small.DATA["Invoices"] if row["CustomerNumber"] not in ("C05", "C11")],
}


def alone(expr: Expr) -> bool:
    """Whether the expression looks at the row alone."""
    return not any(isinstance(n, Lambda | CountOf) or (isinstance(n, Prop) and len(n.path) > 1) for n in walk(expr))


def all_alone(query: Query) -> bool:
    own = (query.filter, *(i.expr for i in query.orderby), *(c.expr for c in query.compute))
    within = inputs(query.source) if query.source is not None else ()
    return all(expr is None or alone(expr) for expr in own) and all(map(all_alone, within))


class Apart(MemoryAdapter):
    """Customers and invoices as if each were in a database of its own: what leads from one to the other is declined."""

    #: A set that cannot be read.
    down: str | None = None

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return Capabilities(
            match=lambda expr: Match.EXACT if alone(expr) else Match.NO,
            sort=alone,
            compute=alone,
            skip=True,
            top=True,
            count=True,
            derive=all_alone,
        )

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        session.timings.erp_calls += 1
        if query.entity_set == self.down:
            raise Unavailable("down")
        yield from super().read(query, session)


def apart(**options: Any) -> Service:
    return Service(METADATA, Apart(METADATA, DATA), (SECRET,), ServiceOptions(**options), clock=lambda: NOW)


TOGETHER, SEPARATE = service(data=DATA), apart()
UNHEALTHY = [HealthCheck.too_slow, HealthCheck.data_too_large]


def most(keys: int, page: int = 500) -> Any:
    return mock.patch.multiple(semijoin, MOST_KEYS=keys, FEW_KEYS=page)


@examples(400, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_answers_are_those_of_one_source(data: st.DataObject) -> None:
    """However many keys a list may have: all, some, or none, so that every page is asked about."""
    entity_set = METADATA[data.draw(st.sampled_from(("Customers", "Invoices")))]
    options = [
        f"$filter={data.draw(conditions(model(), entity_set))}",
        f"$orderby={data.draw(orders(model(), entity_set))}",
        f"$top={data.draw(st.integers(0, 30))}",
        f"$skip={data.draw(st.integers(0, 5))}",
        "$count=true",
        "$expand=*",
    ]
    query = encoded("\n".join(options))
    expected = get(TOGETHER, entity_set.name, query)
    with most(data.draw(st.sampled_from((5_000, 8, 0))), data.draw(st.sampled_from((500, 3)))):
        found = get(SEPARATE, entity_set.name, query)
    assert (found.status, found.body) == (expected.status, expected.body)


@examples(100, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_pipelines_are_those_of_one_source(data: st.DataObject) -> None:
    entity_set = METADATA[data.draw(st.sampled_from(("Customers", "Invoices")))]
    steps, _ = data.draw(pipelines(model(), entity_set))
    query = encoded(f"$apply=filter({data.draw(conditions(model(), entity_set))})/{steps}")
    expected = get(TOGETHER, entity_set.name, query)
    with most(data.draw(st.sampled_from((5_000, 8, 0)))):
        found = get(SEPARATE, entity_set.name, query)
    assert (found.status, found.body) == (expected.status, expected.body)


#: Conditions that are lists of keys, and on which set.
REDUCED = [
    ("Invoices", "Customer/Country eq 'DE'"),
    ("Invoices", "Customer/Country ne 'DE'"),
    ("Invoices", "Customer/Country eq null"),
    ("Invoices", "not contains(Customer/CustomerName,'A')"),
    ("Invoices", "Customer/Visits gt 3 and Customer/Blocked"),
    ("Invoices", "Customer/Invoices/any(i:i/Positions eq 2)"),
    ("Invoices", "Customer/Invoices/$count gt 3"),
    ("Invoices", "Customer/Country eq 'DE' or Amount gt 1"),
    ("Customers", "Invoices/any()"),
    ("Customers", "not Invoices/any()"),
    ("Customers", "Invoices/any(i:i/Amount gt 3 or i/DueDate eq null)"),
    ("Customers", "not Invoices/any(i:i/Amount gt 3)"),
    ("Customers", "Invoices/all(i:i/Amount gt -1)"),
    ("Customers", "not Invoices/all(i:i/Amount gt -1)"),
    ("Customers", "Invoices/$count eq 0"),
    ("Customers", "Invoices/$count ge 4"),
    ("Customers", "Invoices/$count($filter=Positions eq 1) lt 2"),
    ("Customers", "Invoices/any(i:i/Amount gt 3) and Country eq 'US'"),
    ("Customers", "Invoices/any(i:i/Customer/Visits gt 3)"),
    ("Customers", "Invoices/any(i:i/Amount gt 3) or not Invoices/any(i:i/Positions eq 2)"),
]


@pytest.mark.parametrize(("name", "condition"), REDUCED)
def test_a_condition_is_two_reads(name: str, condition: str) -> None:
    """One for the keys, one for the page with its count, its order and its end."""
    key = METADATA[name].type.key
    query = f"$filter={condition}&$orderby={key} desc&$top=3&$count=true&$select={key}"
    within = sum(condition.count(word) for word in (" or not ", "i/Customer/", "Customer/Invoices/"))
    expected = ask(TOGETHER, name, query)
    assert expected["@odata.count"] > 0
    assert ask(SEPARATE, name, query) == expected
    assert calls(SEPARATE, name, query) == 2 + within


@pytest.mark.parametrize(("name", "condition"), REDUCED)
def test_too_many_keys_are_asked_page_by_page(name: str, condition: str) -> None:
    """Still a few reads: one more for the keys that were too many, and the related rows are never read."""
    key = METADATA[name].type.key
    query = f"$filter={condition}&$orderby={key}&$count=true&$select={key}"
    with most(1):
        assert ask(SEPARATE, name, query) == ask(TOGETHER, name, query)
        assert calls(SEPARATE, name, query) <= 6


@pytest.mark.parametrize(
    ("name", "condition", "number"),
    [
        # Two of what is related are compared with each other, or with the row itself: read and finished here.
        ("Invoices", "Customer/Visits gt Positions", 2),
        ("Customers", "Invoices/any(i:i/Positions eq $it/Visits)", 2),
        ("Customers", "Invoices/$count gt Invoices/$count($filter=Amount gt 2) add 1", 2),
        # Looked up by key: the one row first, then the question about its customer alone.
        ("Invoices", "InvoiceNumber eq 'I004' and Customer/Country eq 'DE'", 2),
    ],
)
def test_what_is_no_list_of_keys(name: str, condition: str, number: int) -> None:
    query = f"$filter={condition}&$select={METADATA[name].type.key}"
    assert ask(SEPARATE, name, query) == ask(TOGETHER, name, query)
    assert calls(SEPARATE, name, query) == number


def calls(target: Service, path: str, query: str) -> int:
    answer = get(target, path, quote(query, safe="$=&(),'/:@;*"))
    return int((answer.header("Server-Timing") or "").split("desc=")[1].split(",")[0])


def test_keys_are_read_once_for_a_request() -> None:
    """The customers of the country: for the invoices of the page, and again for those of their customers."""
    invoices = "Invoices($filter=Customer/Country eq 'DE';$select=InvoiceNumber)"
    query = f"$filter=Customer/Country eq 'DE'&$expand=Customer($expand={invoices})"
    assert ask(SEPARATE, "Invoices", query) == ask(TOGETHER, "Invoices", query)
    assert calls(SEPARATE, "Invoices", query) == 4


def test_pages_go_on() -> None:
    query, found = "$filter=Invoices/any(i:i/Amount gt -1)&$select=CustomerNumber", []
    expected = ask(TOGETHER, "Customers", query)["value"]
    target = apart(page_size=3)
    while query:
        body = ask(target, "Customers", query)
        found += body["value"]
        query = unquote(body.get("@odata.nextLink", "").partition("?")[2])
    assert len(found) > 3
    assert found == expected


def test_keys_count_within_the_budget() -> None:
    """No more keys than rows may be read for nothing; then the rows of each page are what is counted."""
    assert ask(apart(scan_budget=20), "Customers", "$filter=Invoices/any()&$count=true")["@odata.count"] == 18
    answer = get(apart(scan_budget=5), "Customers", "$filter=Invoices/any()")
    assert b'"code":"scan_budget_exceeded"' in answer.body


def test_a_condition_that_has_no_result_is_left_to_the_rows_that_are_asked_for() -> None:
    """A division by zero in a row that nobody asks for is no fault of the request."""
    query = quote("$filter=10 div Customer/Visits gt 1", safe="$=/")
    assert not any(row["CustomerNumber"] == "C05" for row in DATA["Invoices"])
    expected, found = get(TOGETHER, "Invoices", query), get(SEPARATE, "Invoices", query)
    assert (found.status, found.body) == (expected.status, expected.body)
    assert found.status == 200


def test_a_failure_of_the_other_source_is_one() -> None:
    adapter = Apart(METADATA, DATA)
    adapter.down = "Customers"
    target = Service(METADATA, adapter, (SECRET,), ServiceOptions(), clock=lambda: NOW)
    assert get(target, "Invoices", "$filter=Amount%20gt%201").status == 200
    assert get(target, "Invoices", quote("$filter=Customer/Country eq 'DE'", safe="$=")).status == 503


def test_explain_foresees_the_list_and_reads_nothing() -> None:
    request = ODataRequest("GET", "Customers", encoded("$filter=Invoices/any(i:i/Amount gt 3)\n$top=3"))
    adapter = Apart(METADATA, DATA)
    adapter.down = "Invoices"
    found = Service(METADATA, adapter, (SECRET,), ServiceOptions(), clock=lambda: NOW).explain(request, ANONYMOUS)
    assert found.residual is None
    assert "CustomerNumber in ('keys of Invoices')" in found.pushed
    assert found.notes == ("first up to 5000 keys of Invoices: Invoices/any(i:i/Amount gt 3.0)",)


def test_parts_of_conditions_on_two_relations_are_none() -> None:
    from odata_server.remote import part_of

    invoices = METADATA["Invoices"]
    assert part_of(bind("Customer/Country eq 'DE'"), invoices, METADATA) is not None
    for text in ("Amount gt 3", "Customer/Visits gt Positions", "Customer/Visits gt 1 and Amount gt 1"):
        assert part_of(bind(text), invoices, METADATA) is None


def test_errors_of_the_request_stay_errors() -> None:
    with pytest.raises(ODataError):
        bind("Customer/Nothing eq 1")


def test_of_related_rows_only_what_is_said_of_them_is_read() -> None:
    read: list[Query] = []

    class Noting(Apart):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            read.append(query)
            yield from super().read(query, session)

    target = Service(METADATA, Noting(METADATA, DATA), (SECRET,), ServiceOptions(), clock=lambda: NOW)
    query = "$filter=Customer/Visits gt Positions&$orderby=Customer/Country&$select=InvoiceNumber"
    assert ask(target, "Invoices", query) == ask(TOGETHER, "Invoices", query)
    assert [q.columns for q in read if q.entity_set == "Customers"] == [("CustomerNumber", "Country", "Visits")]
