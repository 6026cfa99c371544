"""The law: SQLite, PostgreSQL, both at once with half of the sets each, and the reference evaluator give one answer to
any query.

The memory adapter holds what SQLite published and answers with the evaluator; once it answers everything itself, once
it declares no capability at all, so that the engine does the work. Bodies are compared byte for byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from edm.declare import load_directory
from edm.model import ServiceMetadata
from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Adapter, Session
from erp_adapters.memory import MemoryAdapter
from erp_adapters.wrappers import Routed
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.profiles import examples
from tests.properties.expressions import Model, Quiet, conditions, encoded, orders
from tests.splitting import mixed, routed, split

#: Sets whose every row the evaluator visits quickly enough for hundreds of examples.
SETS = (
    "Customers", "Items", "Prices", "Warehouses", "SalesOrders", "Shipments", "Invoices", "Payments", "Assets",
)  # fmt: skip
OPTIONS = ServiceOptions(scan_budget=10_000_000, deadline=600)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def published(metadata: ServiceMetadata, adapter: Adapter) -> Rows:
    """All rows of all sets, as the adapter publishes them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entity_set in metadata.sets:
        names = entity_set.type.names
        pages = adapter.read(Query(entity_set.name, names), Session())
        found[entity_set.name] = [dict(zip(names, row, strict=True)) for page in pages for row in page.rows]
    return found


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    return load_directory(files("erp_adapters") / "catalog")


@pytest.fixture(scope="module")
def rows(metadata: ServiceMetadata, demo_sqlite_url: str) -> Rows:
    with closing(sql.connect(demo_sqlite_url, metadata)) as adapter:
        return published(metadata, adapter)


@pytest.fixture(scope="module")
def model(metadata: ServiceMetadata, rows: Rows) -> Model:
    samples = {
        s.name: {
            p.name: list(dict.fromkeys(r[p.name] for r in rows[s.name] if r[p.name] is not None))[:40]
            for p in s.type.properties
        }
        for s in metadata.sets
    }
    return Model(metadata, samples)


@pytest.fixture(scope="module")
def services(
    metadata: ServiceMetadata, rows: Rows, demo_sqlite_url: str, demo_postgres_url: str, demo_mariadb_url: str
) -> Iterator[Mapping[str, Service]]:
    databases = {
        name: sql.connect(url, metadata)
        for name, url in (
            ("sqlite", demo_sqlite_url),
            ("postgresql", demo_postgres_url),
            ("mariadb", demo_mariadb_url),
        )
    }
    apart = split(metadata)
    databases_apart: dict[str, Routed] = {
        "split": routed(apart, mixed(demo_sqlite_url, demo_postgres_url)),
        "split the other way": routed(apart, mixed(demo_postgres_url, demo_sqlite_url)),
    }
    adapters: dict[str, Adapter] = {
        "evaluator": MemoryAdapter(metadata, rows),
        "engine": MemoryAdapter(metadata, rows, capable=False),
        **databases,
        **databases_apart,
    }
    secrets = (b"s" * 32,)
    yield compared(metadata, adapters, secrets)
    for adapter in adapters.values():
        getattr(adapter, "close", lambda: None)()


class Services(Quiet, dict[str, Service]):
    """What is compared, by name."""


def compared(metadata: ServiceMetadata, adapters: Mapping[str, Adapter], secrets: tuple[bytes, ...]) -> Services:
    """A service over each adapter."""
    return Services(
        {name: Service(metadata, each, secrets, OPTIONS, clock=lambda: NOW) for name, each in adapters.items()}
    )


def same_answer(services: Mapping[str, Service], path: str, query: str) -> None:
    """Asks every service; their answers must not differ."""
    answers = {
        name: service.handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS) for name, service in services.items()
    }
    expected = answers["evaluator"]
    assert expected.status != 500, query
    for name, answer in answers.items():
        assert (answer.status, answer.body) == (expected.status, expected.body), f"{name}: {path}?{query}"


@examples(120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_filters_agree(services: Mapping[str, Service], model: Model, data: st.DataObject) -> None:
    entity_set = model.metadata[data.draw(st.sampled_from(SETS))]
    condition = data.draw(conditions(model, entity_set))
    key = entity_set.type.key
    same_answer(services, entity_set.name, f"$filter={condition}\n$select={key}\n$count=true\n$top=30")


@examples(40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_orders_slices_and_expansions_agree(services: Mapping[str, Service], model: Model, data: st.DataObject) -> None:
    entity_set = model.metadata[data.draw(st.sampled_from(SETS))]
    options = [f"$orderby={data.draw(orders(model, entity_set))}", f"$top={data.draw(st.integers(0, 40))}"]
    options.append(f"$skip={data.draw(st.integers(0, 60))}")
    names = data.draw(st.lists(st.sampled_from(entity_set.type.names), unique=True, max_size=4))
    if names:
        options.append(f"$select={','.join(names)}")
    if bool(entity_set.type.navigation) and data.draw(st.booleans()):
        link = data.draw(st.sampled_from(entity_set.type.navigation))
        target = model.metadata.target(link)
        order = data.draw(st.sampled_from(target.type.names[:6]) | orders(model, target))
        counted = data.draw(st.booleans())  # without it the databases cut for each parent
        nested = f"($top=3;$skip=1;$orderby={order}{';$count=true' if counted else ''})"
        options.append(f"$expand={link.name}{nested if link.collection else ''}")
    if data.draw(st.booleans()):
        options.append(f"$filter={data.draw(conditions(model, entity_set, depth=1))}")
    same_answer(services, entity_set.name, "\n".join(options))
