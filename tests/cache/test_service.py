"""The cache seen from a client: headers, wishes, views, and that answers are those of a service without one."""

import json
import random
import re
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.expressions import Expr
from edm.model import EntitySet, EntityType, ServiceMetadata
from erp_adapters.base import Unavailable
from erp_adapters.cache.adapter import Cached
from odata_server.auth import Principal, view_digest
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.service import Service, ServiceOptions
from tests.cache.support import Clock, Counted, Shelf, cached, erp
from tests.engine.small import METADATA, NOW, SECRET, bind
from tests.profiles import examples

LIST = "$select=InvoiceNumber,Amount&$filter=Positions eq 1&$orderby=InvoiceNumber&$top=5"


@dataclass
class Kept:
    """A service with a cache over the small ERP, and its parts."""

    clock: Clock
    source: Counted
    cache: Cached
    service: Service


@pytest.fixture
def kept() -> Kept:
    clock, source = Clock(NOW.timestamp()), erp()
    cache = cached(source, clock)
    service = Service(METADATA, cache, (SECRET,), ServiceOptions(live_users=("trusted",)), clock=lambda: NOW_OF(clock))
    return Kept(clock, source, cache, service)


def NOW_OF(clock: Clock) -> Any:
    return NOW + timedelta(seconds=clock.now - NOW.timestamp())


def get(
    service: Service, path: str, query: str = "", principal: Principal | None = None, /, **headers: str
) -> ODataResponse:
    fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return service.handle(ODataRequest("GET", path, query.replace(" ", "%20"), fields), principal or Principal("user"))


def test_where_an_answer_came_from(kept: Kept) -> None:
    assert get(kept.service, "Invoices", LIST).header("Cache-Status") == "erp-odata; fwd=uri-miss; stored"
    kept.clock.now += 42
    hit = get(kept.service, "Invoices", LIST)
    assert (hit.header("Cache-Status"), hit.header("Age")) == ("erp-odata; hit", "42")
    timing = r'cache;desc="1 hit";dur=[\d.]+, plan;dur=[\d.]+, erp;dur=0.0;desc=0, write;dur=[\d.]+, total;dur=[\d.]+'
    assert re.fullmatch(timing, hit.header("Server-Timing") or "")
    kept.source.failure = Unavailable()
    kept.clock.now += 20
    stale = get(kept.service, "Invoices", LIST)
    assert (stale.status, stale.header("Cache-Status"), stale.header("Age")) == (
        200,
        "erp-odata; hit; detail=stale",
        "62",
    )
    told = json.loads(stale.body)
    assert told.pop("@ErpOData.DataAsOf") == "2026-11-23T12:00:00Z"
    assert told == json.loads(hit.body)
    kept.clock.now += 3_600
    gone = get(kept.service, "Invoices", LIST)
    assert (gone.status, gone.header("Cache-Status")) == (503, None)
    assert gone.header("Retry-After") is not None


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Invoices", LIST), ("Customers('C01')", ""), ("Customers('C01')/Country", ""), ("Customers/C01/Invoices", "$top=2"),
        ("Customers('C01')", "$expand=Invoices($top=1)"), ("Invoices", "$apply=aggregate($count as N)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_a_body_says_that_it_is_stale(kept: Kept, path: str, query: str, version: str) -> None:
    headers = {"OData_MaxVersion": version}
    first = json.loads(get(kept.service, path, query, **headers).body)
    kept.source.failure = Unavailable()
    kept.clock.now += 100
    stale = json.loads(get(kept.service, path, query, **headers).body)
    assert stale.pop("@ErpOData.DataAsOf") == "2026-11-23T12:00:00Z"
    assert stale == first
    for more in ({"Accept": "application/json;odata.metadata=none"}, {"Prefer": 'include-annotations="-*"'}):
        assert b"DataAsOf" not in get(kept.service, path, query, **headers, **more).body
    kept.source.failure = None
    assert b"DataAsOf" not in get(kept.service, path, query, **headers).body


def test_the_time_is_told_apart(kept: Kept) -> None:
    """Time in an ERP that is slow is the ERP's; the rest is the service's, and no more than all of it."""
    kept.source.before = lambda query, session: time.sleep(0.05)
    answer = get(kept.service, "Customers", "$expand=Invoices&$top=3")
    parts = re.findall(r"(\w+);(?:desc=[^;,]+;)?dur=([\d.]+)", answer.header("Server-Timing") or "")
    took = {name: float(value) for name, value in parts}
    assert list(took) == ["cache", "plan", "erp", "write", "total"]
    assert took["total"] >= 100
    assert took["plan"] > 0
    assert took["write"] > 0
    assert took["cache"] + took["plan"] + took["write"] < took["total"] - 95


@pytest.mark.parametrize(
    ("path", "query", "reads"),
    [
        ("Invoices", LIST, 1),
        ("Invoices", "$filter=Customer/Country eq 'DE'&$top=3", 1),
        ("Invoices('I001')", "", 1),
        ("Invoices('I001')", "$select=InvoiceNumber", 1),
        ("Invoices('I001')/CustomerNumber", "", 1),
        ("Invoices('I001')/CustomerNumber/$value", "", 1),
        ("Invoices('I001')/$ref", "", 1),
        ("Invoices/$count", "", 1),
        ("Customers('C01')/Invoices", "$top=3", 1),
        ("Customers('C01')", "$expand=Invoices($expand=Customer)", 3),
    ],
)
@pytest.mark.parametrize("name", ["one", "blind", "all"])
def test_what_is_explained_is_what_happens(kept: Kept, path: str, query: str, reads: int, name: str) -> None:
    """The key that is shown is the one under which the answer then is kept, for whoever asks."""
    seer, shelf = next(seer for seer in SEERS if seer.name == name), Shelf()
    kept.cache.store = shelf
    request = ODataRequest("GET", path, query.replace(" ", "%20"))
    first, *others = kept.service.explain(request, seer).cache
    assert len(others) == reads - 1
    assert all(re.search(r"\$expand=Invoices.*: \w+ by their keys; fresh for 60 s", other) for other in others)
    state, _, key = first.partition("; key ")
    assert state.partition(": ")[2] == "nothing kept; fresh for 60 s, in an outage for 3600 s more"
    assert key not in shelf.content
    status = get(kept.service, path, query, seer).status
    assert status == 200
    assert key in shelf.content
    kept.clock.now += 7
    assert "kept for 7 s; " in kept.service.explain(request, seer).cache[0]


def test_documents_come_from_no_cache(kept: Kept) -> None:
    assert get(kept.service, "$metadata").header("Cache-Status") is None
    assert get(kept.service, "").header("Age") is None


@pytest.mark.parametrize(("name", "header", "calls"), [
    ("trusted", "no-cache", 2), ("trusted", "max-age=0, NO-CACHE", 2), ("trusted", "max-age=0", 1), ("user", "no-cache", 1),
])  # fmt: skip
def test_a_live_read_is_for_those_who_may(kept: Kept, name: str, header: str, calls: int) -> None:
    get(kept.service, "Invoices", LIST)
    answer = get(kept.service, "Invoices", LIST, Principal(name), Cache_Control=header)
    assert len(kept.source.asked) == calls
    assert answer.header("Cache-Status") == ("erp-odata; fwd=request" if calls == 2 else "erp-odata; hit")


def test_a_response_is_as_old_as_its_oldest_part(kept: Kept) -> None:
    get(kept.service, "Customers('C01')")
    kept.clock.now += 30
    answer = get(kept.service, "Customers('C01')", "$expand=Invoices")
    assert answer.header("Age") == "30"
    assert answer.header("Cache-Status") == "erp-odata; fwd=uri-miss; stored"
    again = get(kept.service, "Customers('C01')", "$expand=Invoices")
    assert (again.header("Cache-Status"), again.body) == ("erp-odata; hit", answer.body)


def test_the_next_page_is_kept_too(kept: Kept) -> None:
    pages, url = [], "Invoices?$orderby=InvoiceNumber&$select=InvoiceNumber"
    for _ in range(2):
        path, query = url.split("?")
        seen = []
        while True:
            body = json.loads(get(kept.service, path, query, Prefer="maxpagesize=40").body)
            seen += [row["InvoiceNumber"] for row in body["value"]]
            if "@odata.nextLink" not in body:
                break
            query = body["@odata.nextLink"].split("?", 1)[1].replace("%20", " ")
        pages.append(seen)
    assert pages[0] == pages[1] == sorted(pages[0])
    assert len(kept.source.asked) == 3


def test_parts_of_a_batch_say_where_they_came_from(kept: Kept) -> None:
    get(kept.service, "Invoices", LIST)
    body = {"requests": [{"id": "1", "method": "GET", "url": f"Invoices?{LIST}"},
                         {"id": "2", "method": "GET", "url": "Customers?$top=1"}]}  # fmt: skip
    request = ODataRequest(
        "POST", "$batch", "", Headers({"Content-Type": "application/json"}), json.dumps(body).encode()
    )
    answer = kept.service.handle(request, Principal("user"))
    statuses = [part["headers"]["cache-status"] for part in json.loads(answer.body)["responses"]]
    assert statuses == ["erp-odata; hit", "erp-odata; fwd=uri-miss; stored"]
    assert answer.header("Cache-Status") == "erp-odata; fwd=uri-miss; stored"


# --- views ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seer(Principal):
    """Sees the rows of one condition, and of customers only some properties."""

    scope: str | None = None
    hidden: tuple[str, ...] = ()

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        return bind(self.scope) if self.scope and entity_set.name == "Invoices" else None

    def view(self, metadata: ServiceMetadata) -> ServiceMetadata:
        sets = tuple(self._seen(entity_set) for entity_set in metadata.sets)
        return ServiceMetadata(metadata.namespace, metadata.version, sets)

    def _seen(self, entity_set: EntitySet) -> EntitySet:
        kind = entity_set.type
        properties = tuple(p for p in kind.properties if p.name not in self.hidden)
        return replace(entity_set, type=EntityType(kind.name, kind.key, properties, kind.navigation))


SEERS = (
    Seer("one", scope="Positions eq 1"),
    Seer("two", scope="Positions eq 2"),
    Seer("rich", scope="Amount gt 2"),
    Seer("german", scope="Customer/Country eq 'DE'"),
    Seer("poor", hidden=("Amount",)),
    Seer("blind", scope="Positions eq 1", hidden=("CustomerName", "DueDate")),
    Seer("all"),
)
REQUESTS = (
    ("Invoices", ""),
    ("Invoices", "$top=5"),
    ("Invoices", "$count=true&$top=3&$orderby=InvoiceNumber desc"),
    ("Invoices", "$filter=Positions ge 1&$select=InvoiceNumber&$top=7"),
    ("Invoices('I001')", ""),
    ("Invoices('I004')", "$select=InvoiceNumber"),
    ("Invoices", "$filter=InvoiceNumber eq 'I004'&$top=1"),
    ("Invoices", "$filter=InvoiceNumber eq 'I007'&$select=InvoiceNumber,CustomerNumber&$top=1"),
    ("Invoices/$count", ""),
    ("Customers", "$expand=Invoices($select=InvoiceNumber;$top=2)&$top=4"),
    ("Customers", "$filter=Invoices/any(i:i/Positions eq 2)&$top=4"),
    ("Customers('C01')/Invoices", "$top=3"),
    ("Invoices", "$apply=aggregate($count as N)"),
)


def test_digests_differ_with_what_is_seen() -> None:
    digests = [view_digest(seer, METADATA) for seer in SEERS]
    assert len(set(digests)) == len(digests)
    assert view_digest(Principal("a"), METADATA) == view_digest(Principal("b"), METADATA)
    assert view_digest(replace(SEERS[0], name="another"), METADATA) == digests[0], "names do not matter, views do"


@given(st.integers(0, 10**9))
@examples(20)
def test_nobody_gets_what_another_one_sees(seed: int) -> None:  # F052, F053
    """Any order of callers and requests through one cache gives each what a service without a cache gives."""
    dice, clock = random.Random(seed), Clock(NOW.timestamp())
    shared = Service(METADATA, cached(erp(), clock), (SECRET,), ServiceOptions(), clock=lambda: NOW)
    for _ in range(60):
        seer, (path, query) = dice.choice(SEERS), dice.choice(REQUESTS)
        got = get(shared, path, query, seer)
        assert (got.status, got.body) == _alone(seer, path, query), (seer, path, query)


ALONE: dict[tuple[Seer, str, str], tuple[int, bytes]] = {}


def _alone(seer: Seer, path: str, query: str) -> tuple[int, bytes]:
    found = ALONE.get((seer, path, query))
    if found is None:
        answer = get(Service(METADATA, erp(), (SECRET,), ServiceOptions(), clock=lambda: NOW), path, query, seer)
        found = ALONE[seer, path, query] = answer.status, answer.body
    return found


def test_a_kept_answer_is_quick(kept: Kept) -> None:
    """Not a benchmark: a kept answer must not depend on a slow ERP."""
    get(kept.service, "Invoices", LIST)
    kept.source.before = lambda query, session: time.sleep(5)
    started = time.monotonic()
    assert get(kept.service, "Invoices", LIST).status == 200
    assert time.monotonic() - started < 2
