"""Ten minutes of clicking in Salesforce, as the emulator sends them: how many reads reach the ERP, how many of those for
one record are answered by lists that brought it, and that every answer is that of a service without a cache.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from edm.model import EntitySet
from edm.query import Query
from erp_adapters.base import Adapter
from erp_adapters.cache.adapter import Cached
from erp_adapters.cache.entry import Entry
from erp_adapters.cache.key import Key
from erp_adapters.cache.memory import Memory, one_key
from odata_server.cli.local import Local
from odata_server.freshness import policy
from odata_server.service import Service
from salesforce import pages
from salesforce.client import Client
from salesforce.soql.days import Calendar
from salesforce.soql.run import Org
from salesforce.sync import ExternalObject, sync
from tests import serving
from tests.cache.support import Clock

ROOT = "http://localhost/odata/v4/"
FRESHNESS = Path(__file__).parents[2] / "docs" / "freshness.md"
ERP, SAME, WIDER, LIST = "the ERP", "the same question", "a wider answer", "a list"


@dataclass(slots=True)
class Watched(Memory):
    """What a process keeps, and of each read whether it is for one record, and where its answer came from."""

    reads: Counter[tuple[bool, str]] = field(default_factory=Counter)

    def get(self, key: Key, entity_set: EntitySet) -> Entry | None:
        found = Memory.get(self, key, entity_set)
        one = one_key(key.query, entity_set.type.key)[0] is not None
        self.reads[one, self._origin(key.query, key, found)] += 1
        return found

    def _origin(self, query: Query, key: Key, found: Entry | None) -> str:
        if found is None:
            return ERP
        own = self._answers.get(key.rows, [])
        if any(entry.columns == query.columns for entry in own):
            return SAME
        return WIDER if any(set(query.columns) <= set(entry.columns) for entry in own) else LIST


@dataclass
class Rep:
    """Somebody who looks after customers."""

    org: Org

    def object(self, name: str) -> ExternalObject:
        found = self.org.synced.object(f"{name}__x")
        assert found is not None
        return found

    def view(self, name: str, page: int = 1) -> list[str]:
        """Opens a list view; the keys that it shows."""
        source = self.object(name)
        return self._keys(source, pages.list_view(self.org, source, page=page).steps[0])

    def record(self, name: str, key: str) -> dict[str, list[str]]:
        """Opens a record; the keys in each of its related lists, by object."""
        shown: dict[str, list[str]] = {}
        visit = pages.detail(self.org, self.object(name), key)
        for step in visit.steps[1:]:
            for source in self.org.synced.objects:
                if f"/{source.source}?" in step.result.exchanges[0].url:
                    shown.setdefault(source.source, []).extend(self._keys(source, step))
        return shown

    def _keys(self, source: ExternalObject, step: pages.Step) -> list[str]:
        key = next(known.name for known in source.fields if known.is_key)
        return [str(record[key]) for record in step.result.records if key in record]


def path(rep: Rep) -> None:
    """List views, records, what is related to them, back, the next one."""
    customers = rep.view("Customers")
    orders = rep.view("SalesOrders")
    for customer in customers[:3]:
        shown = rep.record("Customers", customer)
        for order in shown.get("SalesOrders", [])[:2]:
            rep.record("SalesOrders", order)
            rep.record("Customers", customer)  # back
        for invoice in shown.get("Invoices", [])[:2]:
            rep.record("Invoices", invoice)
            rep.record("Customers", customer)
        rep.view("Customers")
    for order in orders[:3]:
        rep.record("SalesOrders", order)
        rep.view("SalesOrders")
    rep.view("Invoices")
    for invoice in rep.view("Invoices", page=2)[:3]:
        rep.record("Invoices", invoice)


@pytest.fixture
def adapter(demo_sqlite_url: str) -> Iterator[Adapter]:
    with closing(serving.connect(demo_sqlite_url)) as found:
        yield found


class Recorded(Local):
    """Keeps every request and its answer."""

    def __init__(self, service: Service) -> None:
        super().__init__(service, ROOT)
        self.answers: list[tuple[str, bytes]] = []

    def send(self, request: requests.PreparedRequest, *given: Any, **more: Any) -> requests.Response:
        answer = super().send(request, *given, **more)
        self.answers.append((str(request.url), answer.content))
        return answer


def played(adapter: Adapter) -> list[tuple[str, bytes]]:
    """Every request of the path, and its answer."""
    service = Service(serving.demo_metadata(), adapter, (b"s" * 32,), clock=lambda: serving.NOW)
    object.__setattr__(service, "pages", None)  # those would be given again without a look at what is kept
    recorded = Recorded(service)
    with requests.Session() as session:
        session.mount(ROOT, recorded)
        client = Client(ROOT, session)
        path(Rep(Org(sync(client.metadata()), client, Calendar(datetime(2026, 11, 20, tzinfo=UTC), ZoneInfo("UTC")))))
    return recorded.answers


def test_what_a_click_path_costs_the_erp(adapter: Adapter) -> None:
    metadata, memory = serving.demo_metadata(), Watched()
    cache = Cached(adapter, metadata, policy({}, 60, 3_600), "demo", b"s" * 32, memory=memory, clock=Clock())
    answers = played(cache)
    assert answers == played(adapter), "nobody can tell"
    for one, what in ((False, "lists"), (True, "single records")):
        found = {origin: memory.reads[one, origin] for origin in (ERP, SAME, WIDER, LIST)}
        row = f"| {what} | {sum(found.values())} | " + " | ".join(map(str, found.values())) + " |"
        assert row in FRESHNESS.read_text(encoding="utf-8"), row
