"""The adapter kit over a real Tryton, on a database that sorts as languages do: what is declared holds."""

from importlib.resources import files

from edm.declare import load_directory
from erp_adapters.kit import Options, check
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.tryton.source import TrytonSource
from odata_server.execute import answering

SETS = ("Customers", "Invoices")


def test_what_is_declared_holds(source: TrytonSource) -> None:
    metadata = load_directory(files("erp_adapters.tryton") / "catalog")
    adapter = RecordAdapter(source, metadata, "tryton", separator=".")
    outcomes = check(adapter, metadata, None, Options(rows=25, cases=4, sets=SETS, engine=answering))
    tried = {(outcome.entity_set, outcome.check): outcome.tried for outcome in outcomes}
    assert all(tried[name, what] > 0 for name in SETS for what in ("conditions", "orders", "slices", "engine"))
