"""Whether services over one model agree with the evaluator: its rows as they are published, random queries, answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from edm.model import EntitySet, ServiceMetadata
from edm.query import Query
from erp_adapters.base import Adapter, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.engine.small import NOW, SECRET
from tests.properties.expressions import Model, conditions, encoded, orders

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def rows_of(adapter: Adapter, metadata: ServiceMetadata) -> Rows:
    """All rows of all sets, as the adapter publishes them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entity_set in metadata.sets:
        names = entity_set.type.names
        pages = adapter.read(Query(entity_set.name, names), Session())
        found[entity_set.name] = [dict(zip(names, row, strict=True)) for page in pages for row in page.rows]
    return found


def evaluator(metadata: ServiceMetadata, rows: Rows) -> Service:
    """A service in which the reference evaluator answers everything."""
    return Service(metadata, MemoryAdapter(metadata, rows), (SECRET,), ServiceOptions(), clock=lambda: NOW)


def model_of(metadata: ServiceMetadata, rows: Rows) -> Model:
    """The model with values that occur, for the generator of queries."""
    samples = {
        s.name: {
            name: list(dict.fromkeys(r[name] for r in rows[s.name] if r[name] is not None))[:30]
            for name in s.type.names
        }
        for s in metadata.sets
    }
    return Model(metadata, samples)


def draw_query(data: st.DataObject, model: Model) -> tuple[str, str]:
    """A set and a query of it, an option per line."""
    entity_set = data.draw(st.sampled_from(model.metadata.sets))
    lines = [f"$filter={data.draw(conditions(model, entity_set))}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(model, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    if bool(entity_set.type.navigation) and data.draw(st.booleans()):
        lines.append(f"$expand={entity_set.type.navigation[0].name}")
    return entity_set.name, "\n".join(lines)


def same_answer(services: Mapping[str, Service], path: str, query: str, *, liars: Sequence[str] = ()) -> None:
    """Asks every service; all answers are those of ``evaluator``, byte for byte.

    A liar that is caught lying about what is greater may have shown less before: that request of it fails, once.
    """
    request = ODataRequest("GET", path, encoded(query))
    answers = {name: service.handle(request, ANONYMOUS) for name, service in services.items()}
    for name in [*liars] * 5:
        if answers[name].status == 502:
            answers[name] = services[name].handle(request, ANONYMOUS)
    expected = answers["evaluator"]
    for name, answer in answers.items():
        assert (answer.status, answer.body) == (expected.status, expected.body), f"{name}: {path}?{query}"


def named_alike(ours: EntitySet, demo: EntitySet) -> None:
    """Whatever ERP there is, Salesforce sees the same objects and fields."""
    assert (ours.type.name, ours.label, ours.type.key) == (demo.type.name, demo.label, demo.type.key)
    for prop in ours.type.properties:
        model = demo.type.property(prop.name)
        assert model is not None, prop.name
        assert (prop.type, prop.label) == (model.type, model.label)
    links = {link.name: (link.target, link.partner) for link in demo.type.navigation}
    assert {link.name: (link.target, link.partner) for link in ours.type.navigation}.items() <= links.items()
