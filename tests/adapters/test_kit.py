"""The adapter kit over adapters that should pass it: memory, with and without capabilities, and the databases."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from edm.errors import ODataError
from edm.model import ServiceMetadata
from edm.query import Query
from erp_adapters import sql
from erp_adapters.base import Adapter, Session
from erp_adapters.kit import CHECKS, Options, Watched, check, examine, failures
from erp_adapters.kit.suite import ConformanceSuite
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from odata_server.compose import compose
from odata_server.execute import answering
from odata_server.settings import Settings
from tests.adapters import schema
from tests.kit import shop
from tests.server.support import SECRET
from tests.serving import demo_metadata

OPTIONS = Options(cases=40, engine=answering)
#: Sets of the demo with paths and collections in both directions.
DEMO = ("Customers", "InvoiceLines")


@pytest.mark.parametrize("capable", [True, False])
def test_memory_conforms(capable: bool) -> None:
    outcomes = check(MemoryAdapter(shop.METADATA, shop.rows(), capable=capable), shop.METADATA, shop.rows(), OPTIONS)
    graded = {
        outcome.entity_set: outcome.claims.levels()
        for outcome in outcomes
        if outcome.check == "conditions" and outcome.claims
    }
    assert all((levels["none"] == 0) is capable and (levels["exact"] > 0) is capable for levels in graded.values())
    tried = {outcome.check: outcome.tried for outcome in outcomes if outcome.entity_set == "Orders"}
    assert tried["engine"] > 20
    assert (tried["conditions"] > 0) is capable


@pytest.fixture(scope="module")
def adapter(small: SqlAdapter) -> SqlAdapter:
    return small


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    return schema.METADATA


@pytest.mark.parametrize("capable", [True, False])
def test_kept_answers_conform(capable: bool) -> None:
    """What stands around every adapter: kept answers, another try, a bound. Kept answers need no time."""
    adapter = MemoryAdapter(shop.METADATA, shop.rows(), capable=capable)
    settings = Settings.model_validate({"secret_key": SECRET, "default_freshness": 600, "cache": "memory"})
    guarded = compose(settings, adapter=adapter, metadata=shop.METADATA).guarded
    assert guarded.cache is not None
    checks = tuple(each.id for each in CHECKS if each.id not in ("deadline", "offers"))
    check(guarded.adapter, shop.METADATA, shop.rows(), replace(OPTIONS, checks=checks))


class TestDatabases(ConformanceSuite):
    """Every codec and odd value, per database."""

    options = OPTIONS


@pytest.fixture(params=["sqlite", "postgres"])
def demo(request: pytest.FixtureRequest) -> Iterator[Adapter]:
    with closing(sql.connect(request.getfixturevalue(f"demo_{request.param}_url"), demo_metadata())) as adapter:
        yield adapter


def test_a_sample_of_the_demo_conforms(demo: Adapter) -> None:
    """As it is looked at in production: some rows of large tables, found again by their keys."""
    options = Options(rows=30, cases=25, sets=DEMO, engine=lambda adapter, metadata: answering(adapter, metadata, 500))
    outcomes = check(demo, demo_metadata(), None, options)
    tried = {(outcome.entity_set, outcome.check): outcome.tried for outcome in outcomes}
    assert all(tried[name, what] > 0 for name in DEMO for what in ("conditions", "orders", "slices", "seek", "related"))


def test_a_sample_reads_no_more_than_it_may(demo_sqlite_url: str) -> None:
    """However large the tables are, and even where nothing can be filtered."""

    class Bare(Watched):
        """Declares nothing, and counts what is read of it."""

        most = 0

        def capabilities(self, entity_set: Any) -> Any:
            from edm.capabilities import Capabilities

            return Capabilities()

        def read(self, query: Query, session: Session) -> Iterator[Any]:
            number = 0
            for page in self.adapter.read(query, session):
                number += len(page.rows)
                Bare.most = max(Bare.most, number)
                yield page

    with closing(sql.connect(demo_sqlite_url, demo_metadata())) as adapter:
        bare = Bare(adapter, demo_metadata())
        options = Options(rows=20, cases=10, sets=("Invoices",))
        assert failures(list(examine(bare, demo_metadata(), None, options))) == []
        assert 0 < Bare.most <= 2_000


def test_rows_that_change_meanwhile_are_no_failure() -> None:
    """The rows are read again before anything is said to be wrong."""
    data: dict[str, Sequence[Mapping[str, Any]]] = {**shop.rows()}
    adapter = MemoryAdapter(shop.METADATA, data)

    class Moving(MemoryAdapter):
        reads = 0

        def read(self, query: Query, session: Session) -> Iterator[Any]:
            Moving.reads += 1
            if Moving.reads == 20:
                data["Orders"] = [{**row, "Number": 5} for row in data["Orders"]]
            return super().read(query, session)

    moving = Moving(shop.METADATA, data)
    options = Options(checks=("conditions",), sets=("Orders",), cases=100)
    assert failures(list(examine(moving, shop.METADATA, None, options))) == []
    assert Moving.reads > 50
    assert adapter.answer(Query("Orders", ("Number",), top=1))[0] == [(5,)]


def test_a_source_that_is_away_is_one_failure_per_set() -> None:
    class Away(MemoryAdapter):
        def read(self, query: Query, session: Session) -> Iterator[Any]:
            raise ODataError("erp_unavailable", "away")

    found = failures(list(examine(Away(shop.METADATA, shop.rows()), shop.METADATA)))
    assert [failure.entity_set for failure in found] == ["Orders", "Lines"]
