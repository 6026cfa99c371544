"""The law for ``$apply``: whoever does the steps of a pipeline, SQLite, PostgreSQL, the engine or the reference, the
answer is the same, byte for byte."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service
from tests.profiles import examples
from tests.properties.expressions import Model, encoded
from tests.properties.pipelines import pipelines
from tests.properties.test_random_queries import metadata, model, rows, same_answer, services

__all__ = ["metadata", "model", "rows", "services"]  # fixtures

#: Sets whose every row the evaluator visits quickly enough for hundreds of examples.
SETS = ("Customers", "Items", "Warehouses", "Payments", "Invoices", "Shipments")


@examples(40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_pipelines_agree(services: Mapping[str, Service], model: Model, data: st.DataObject) -> None:
    entity_set = model.metadata[data.draw(st.sampled_from(SETS))]
    steps, shape = data.draw(pipelines(model, entity_set))
    options = [f"$apply={steps}", f"$top={data.draw(st.integers(1, 40))}"]
    names = [name for name, _ in shape.names if "/" not in name]
    if data.draw(st.booleans()) and names:
        options.append(f"$orderby={data.draw(st.sampled_from(names))} desc")
    if data.draw(st.booleans()):
        options.append("$count=true")
    same_answer(services, entity_set.name, "\n".join(options))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "steps",
    [
        (
            "filter(Status eq 'Open')/compute(month(DueDate) as DueMonth)/groupby((Customer/Country,DueMonth),"
            "aggregate(OpenAmount with sum as Open))"
        ),
        "groupby((rollup($all,Customer/Country,Status)),aggregate(OpenAmount with average as Open))",
        "groupby((Customer/Country),topcount(1,OpenAmount)/aggregate(OpenAmount with sum as Open))",
        (
            "groupby((Currency),aggregate(Lines/Quantity with sum as Pieces,Customer/CreditLimit with sum as Limit,"
            "OpenAmount with sum as Open))"
        ),
        "concat(topcount(2,OpenAmount),aggregate(OpenAmount with sum as Open))/filter(OpenAmount ne null or Open gt 0)",
    ],
)
def test_a_pipeline_is_one_statement(services: Mapping[str, Service], database: str, steps: str) -> None:
    request = ODataRequest("GET", "Invoices", encoded(f"$apply={steps}\n$orderby=Open desc\n$top=10"))
    answer = services[database].handle(request, ANONYMOUS)
    assert answer.status == 200, answer.body
    assert ";desc=1," in (answer.header("Server-Timing") or "")
    assert not services[database].explain(request, ANONYMOUS).notes
