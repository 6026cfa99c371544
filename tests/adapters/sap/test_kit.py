"""The adapter kit over `mock-sap`, a Gateway that we did not write: what is declared holds."""

from erp_adapters.kit import Options, check
from erp_adapters.sap import connect
from erp_adapters.transport import Remote
from odata_server.execute import answering
from tests.adapters.sap.conftest import MockSap
from tests.adapters.sap.shown import METADATA

SETS = ("Customers", "SalesOrderLines")


def test_what_is_declared_holds(mock_sap: MockSap) -> None:
    adapter = connect(Remote(mock_sap.url, options={"client": "100", "features": ["not", "tolower"]}), METADATA, "sap")
    outcomes = check(adapter, METADATA, None, Options(rows=40, cases=8, sets=SETS, engine=answering))
    tried = {(outcome.entity_set, outcome.check): outcome.tried for outcome in outcomes}
    assert all(tried[name, what] > 0 for name in SETS for what in ("conditions", "orders", "slices", "engine"))
