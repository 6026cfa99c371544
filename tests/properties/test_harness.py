"""A law that fails says with which query. Hypothesis prints the arguments of the test as well, and warns of more than a
megabyte; warnings are errors here, and one raised at that moment was reported as ``FlakyStrategyDefinition``, without query or
assertion. So what laws get as fixtures prints shortly.
"""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from edm.model import ServiceMetadata
from edm.query import Query
from erp_adapters.base import Page, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.service import Service
from tests.properties.expressions import Model, conditions
from tests.properties.test_random_queries import Rows, compared, metadata, model, rows, same_answer

__all__ = ["metadata", "model", "rows"]  # fixtures


class Broken(MemoryAdapter):
    """Loses a row of every answer."""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        for page in super().read(query, session):
            yield Page(page.rows[1:], page.count)


@pytest.fixture(scope="module")
def services(metadata: ServiceMetadata, rows: Rows) -> Mapping[str, Service]:
    """As many as the laws compare."""
    names = ("evaluator", "engine", "sqlite", "postgresql", "mariadb", "split", "split the other way")
    adapters = {name: MemoryAdapter(metadata, rows) for name in names} | {"broken": Broken(metadata, rows)}
    return compared(metadata, adapters, (b"s" * 32,))


def test_a_law_that_fails_says_with_which_query(services: Mapping[str, Service], model: Model) -> None:
    @settings(
        max_examples=30,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(data=st.data())
    def law(services: Mapping[str, Service], model: Model, data: st.DataObject) -> None:
        condition = data.draw(conditions(model, model.metadata["Warehouses"]))
        same_answer(services, "Warehouses", f"$filter={condition}\n$top=30")

    with pytest.raises(AssertionError, match=r"^broken: Warehouses\?\$filter="):
        law(services, model)


def test_the_arguments_of_laws_print_shortly(services: Mapping[str, Service], model: Model) -> None:
    assert pretty([services, model]) == "[Services(...), Model(...)]"
