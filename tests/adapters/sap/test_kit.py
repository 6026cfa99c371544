"""The adapter kit over SAP: `mock-sap`, a Gateway that we did not write, and the built-in catalog over a small S/4HANA."""

from importlib.resources import files

from edm.declare import load_directory
from erp_adapters.kit import Options, check
from erp_adapters.sap import connect
from erp_adapters.transport import Remote
from odata_server.execute import answering
from tests.adapters.sap.conftest import MockSap
from tests.adapters.sap.gateway import running
from tests.adapters.sap.s4 import system
from tests.adapters.sap.shown import METADATA

SETS = ("Customers", "SalesOrderLines")


def test_what_is_declared_holds(mock_sap: MockSap) -> None:
    adapter = connect(Remote(mock_sap.url, options={"client": "100", "features": ["not", "tolower"]}), METADATA, "sap")
    outcomes = check(adapter, METADATA, None, Options(rows=40, cases=8, sets=SETS, engine=answering))
    tried = {(outcome.entity_set, outcome.check): outcome.tried for outcome in outcomes}
    assert all(tried[name, what] > 0 for name in SETS for what in ("conditions", "orders", "slices", "engine"))


def test_the_built_in_catalog_holds() -> None:
    """Types, facets and claims of every set: with numbers that are sorted as numbers, deliveries that can neither be
    filtered nor sorted, and short pages."""
    metadata = load_directory(files("erp_adapters.sap") / "catalog")
    with running(system(7)) as gateway:
        adapter = connect(Remote(gateway.url, options={"client": "100", "window": 9}), metadata, "sap")
        outcomes = check(adapter, metadata, None, Options(cases=6, engine=answering))
    assert {outcome.entity_set for outcome in outcomes} == {entity_set.name for entity_set in metadata.sets}
