"""What is hidden from a caller does not exist for it: whatever is tried, the answer is that for a name which nothing has.

A caller whose view lacks a property, a navigation property and an entity set sends each request twice: with the hidden
name, and with a name as long that is in no model. Status, headers and body must be the same but for the name.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from edm.model import EntitySet, ServiceMetadata
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS, Principal
from odata_server.messages import Headers, ODataRequest
from odata_server.service import Service
from tests import serving
from tests.serving import Answer, Failures

HIDDEN_PROPERTY, HIDDEN_LINK, HIDDEN_SET = (
    ("Customers", "CreditLimit"),
    ("Customers", "PayerInvoices"),
    "PaymentAllocations",
)
#: Hidden name -> one that does not exist.
ABSENT = {"CreditLimit": "CreditLimjt", "PayerInvoices": "PayerInvoicez", "PaymentAllocations": "PaymentAllocationz"}
KEY = "C-100001"


@dataclass(frozen=True)
class Narrow(Principal):
    """A caller who does not see everything."""

    narrowed: ServiceMetadata | None = None

    def view(self, metadata: ServiceMetadata) -> ServiceMetadata:
        return self.narrowed or metadata


def without(metadata: ServiceMetadata) -> ServiceMetadata:
    """The model without what is hidden, and without what leads there."""

    def seen(entity_set: EntitySet) -> EntitySet:
        hidden = {name for owner, name in (HIDDEN_PROPERTY, HIDDEN_LINK) if owner == entity_set.name}
        kind = entity_set.type
        return replace(
            entity_set,
            type=replace(
                kind,
                properties=tuple(p for p in kind.properties if p.name not in hidden),
                navigation=tuple(n for n in kind.navigation if n.name not in hidden and n.target != HIDDEN_SET),
            ),
        )

    return replace(metadata, sets=tuple(seen(s) for s in metadata.sets if s.name != HIDDEN_SET))


CALLER = Narrow("narrow", narrowed=without(serving.demo_metadata()))


def service(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Service:
    metadata = serving.demo_metadata()
    adapter = MemoryAdapter(metadata, rows)
    return Service(metadata, adapter, (b"s" * 32,), observers=(Failures(),), clock=lambda: serving.NOW)


@pytest.fixture(scope="module")
def rows(demo_sqlite_url: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    everything = serving.demo_rows(demo_sqlite_url)
    return {name: everything[name][:40] for name in everything}


@pytest.fixture(scope="module")
def demo(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Service:
    return service(rows)


def ask(service: Service, request: ODataRequest, caller: Principal = CALLER) -> Answer:
    response = service.handle(request, caller)
    assert response.status != 500, request
    return Answer(response.status, Headers(response.headers), response.body)


def get(target: str, headers: Mapping[str, str] | None = None) -> ODataRequest:
    path, _, query = target.partition("?")
    return ODataRequest("GET", path, query, Headers(headers or {}), root=serving.ROOT)


CONDITIONS = (
    "{0} gt 100", "{0} eq null", "{0} ne null", "not ({0} le 5)", "{0} in (1,2)", "{0} has 'x'", "{0} eq 'text'", "{0}", "-{0} lt 0",
    "Balance gt {0}", "{0} add Balance gt 0", "concat(CustomerName,{0}) eq 'x'", "length({0}) gt 1", "contains({0},'1')",
    "startswith({0},'1')", "indexof({0},'1') gt 0", "round({0}) gt 5", "matchespattern({0},'1')", "cast({0},Edm.String) eq '1'",
    "isof({0},Edm.Decimal)", "case({0} gt 1:true,true:false)", "{0}/x eq 1", "{0}/$count gt 1", "{0}/any()", "$it/{0} gt 1",
    "ErpOData.Customer/{0} gt 1", "tolower({0}) eq 'x'", "@p gt 1&@p={0}", "@p&@p={0} gt 1", "Balance in ({0},1)",
)  # fmt: skip
#: How a condition on a customer can be put.
PLACES = (
    "Customers?$filter={}", "Customers/$count?$filter={}", "Customers/$filter({})", "Customers?$apply=filter({})",
    "Customers?$compute={} as X&$select=X", "Customers?$orderby={}&$top=1", "Customers?$expand=ChildCustomers($filter={})",
    "Customers?$filter=ChildCustomers/$count($filter={}) gt 0", "Customers?$expand=ChildCustomers($compute={} as X;$select=X)",
    "Customers?$expand=ChildCustomers($orderby={})",
)  # fmt: skip
OTHERS = (
    "Customers?$select={0}", "Customers?$select=City,{0}", f"Customers('{KEY}')?$select={{0}}", f"Customers('{KEY}')/{{0}}",
    f"Customers('{KEY}')/{{0}}/$value", f"Customers('{KEY}')/{{0}}/$count", f"Customers('{KEY}')/{{0}}/$ref", "Customers({0}=5)",
    "Customers({0}='5')", "Customers?$expand={0}", "Customers?$expand={0}/$ref", "Customers?$expand={0}/$count",
    "Customers?$expand={0}($filter=true)", "Customers?$filter=ChildCustomers/any(c:c/{0} gt 5)",
    "Customers?$filter=ChildCustomers/all(c:c/{0} eq null)", "Customers?$filter=ParentCustomer/{0} gt 1",
    "Customers?$filter={0}/any(x:x/Status eq 'Open')", "Customers?$filter={0}/all(x:true)", "Customers?$orderby={0}/$count",
    "Invoices?$filter=Customer/{0} gt 5", "Invoices?$filter=Customer/{0}/any()", "Invoices?$orderby=Customer/{0} desc&$top=1",
    "Invoices?$expand=Customer($select={0})", "Invoices?$expand=Customer($expand={0})", "Invoices?$select=Customer/{0}",
    "Customers?$apply=aggregate({0} with max as M)", "Customers?$apply=aggregate({0} with countdistinct as M)",
    "Customers?$apply=groupby(({0}))", "Customers?$apply=groupby((rollup({0},City)))", "Customers?$apply=topcount(1,{0})",
    "Customers?$apply=compute({0} mul 1 as X)", "Customers?$apply=groupby((City),aggregate({0} with sum as M))",
    "Invoices?$apply=groupby((Customer/{0}))", "Invoices?$apply=aggregate(Customer/{0} with average as M)",
    "Customers?$apply=aggregate({0}/$count as M)", "Customers?$apply=concat(aggregate({0} with min as M),identity)",
    "Customers?$orderby={0}&$skiptoken=AAAA", "Customers?$search={0}", "Customers?${0}=1", "Customers?$format={0}",
    "{0}", "{0}('x')", "{0}/$count", "{0}?$top=1", "{0}/$ref", "$entity?$id={0}('x')", "$crossjoin({0},Customers)",
    "Customers?$filter=$root/{0}('x')/Status eq 'Open'", "Invoices?$expand=Allocations($expand=Payment($expand={0}))",
    "$metadata/{0}", "$metadata#{0}", "Customers/ErpOData.{0}", "Customers?$filter=isof(ErpOData.{0})",
)  # fmt: skip
REQUESTS = [*(place.format(condition) for place in PLACES for condition in CONDITIONS), *OTHERS]


#: Made from the name that was sent and those of the view: it differs as the two names do.
_HINT = re.compile(r',"@ErpOData.hint":"[^"]*"')


def renamed(answer: Answer, name: str) -> tuple[int, dict[str, str], str]:
    text = re.sub(name, "?", answer.text, flags=re.IGNORECASE)
    kept = {k: v for k, v in answer.headers.items() if k.lower() not in ("server-timing", "etag")}
    return answer.status, kept, _HINT.sub("", text)


def same(demo: Service, hidden: ODataRequest, absent: ODataRequest, name: str, other: str) -> None:
    answer = ask(demo, absent)
    assert renamed(ask(demo, hidden), name) == renamed(answer, other)
    assert name not in answer.text


@pytest.mark.parametrize("text", REQUESTS)
def test_a_hidden_name_is_one_that_nothing_has(demo: Service, text: str) -> None:
    for name, other in ABSENT.items():
        same(demo, get(text.format(name)), get(text.format(other)), name, other)


@pytest.mark.parametrize("text", [p.format(CONDITIONS[0]) for p in PLACES] + [t for t in OTHERS if "$" in t])
def test_in_another_spelling(demo: Service, text: str) -> None:
    for name, other in ABSENT.items():
        for change in (str.lower, str.upper, lambda n: n.replace("e", "%65"), lambda n: f"%E2%80%8B{n}"):
            same(demo, get(text.format(change(name))), get(text.format(change(other))), name, other)


@pytest.mark.parametrize("text", [p.format(CONDITIONS[0]) for p in PLACES] + list(OTHERS))
def test_in_batches_and_queries_by_post(demo: Service, text: str) -> None:
    def batch(name: str) -> ODataRequest:
        body = json.dumps({"requests": [{"id": "1", "method": "get", "url": text.format(name)}]})
        headers = Headers({"Content-Type": "application/json"})
        return ODataRequest("POST", "$batch", "", headers, body.encode(), serving.ROOT)

    def query(name: str) -> ODataRequest:
        path, _, options = text.format(name).partition("?")
        return ODataRequest(
            "POST", f"{path}/$query", "", Headers({"Content-Type": "text/plain"}), options.encode(), serving.ROOT
        )

    for name, other in ABSENT.items():
        same(demo, batch(name), batch(other), name, other)
        same(demo, query(name), query(other), name, other)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("", {}), ("$metadata", {"Accept": "application/xml"}), ("$metadata?$format=json", {}),
        ("$metadata", {"Accept": "application/xml", "OData-MaxVersion": "4.01"}),
        ("Customers?$top=2", {"Accept": "application/json;odata.metadata=full"}), ("Customers?$select=*&$top=1", {}),
        (f"Customers('{KEY}')", {"Accept": "application/json;odata.metadata=full", "Prefer": 'include-annotations="*"'}),
        ("Customers?$expand=*", {}), ("Invoices?$expand=Customer", {"Accept": "application/json;odata.metadata=full"}),
    ],
)  # fmt: skip
def test_no_answer_names_it(demo: Service, target: str, headers: Mapping[str, str]) -> None:
    """Where a caller who sees everything reads all three names, or those that belong there."""
    answer = ask(demo, get(target, headers))
    assert answer.status == 200
    everything = ask(demo, get(target, headers), ANONYMOUS).text
    named = re.compile("|".join(rf"\b{name}\b" for name in ABSENT))
    assert named.search(everything)
    assert named.findall(answer.text) == []


def test_values_that_are_hidden_change_nothing(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Not even an ETag, or the order of rows that are equal otherwise."""
    owner, name = HIDDEN_PROPERTY
    others = {**rows, owner: [{**row, name: Decimal(n % 7)} for n, row in enumerate(rows[owner])]}
    for target in (
        owner,
        f"{owner}('{KEY}')",
        f"{owner}?$orderby=Country",
        f"{owner}?$search=1",
        "Invoices?$expand=Customer",
    ):
        one, other = (ask(service(data), get(target)) for data in (rows, others))
        assert (one.body, one.headers.get("ETag")) == (other.body, other.headers.get("ETag"))


def test_what_is_hidden_can_be_read_by_others(demo: Service) -> None:
    assert ask(demo, get("Customers?$select=CreditLimit&$expand=PayerInvoices"), ANONYMOUS).status == 200
    assert ask(demo, get(HIDDEN_SET), ANONYMOUS).status == 200
