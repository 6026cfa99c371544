"""When a row was read, as a property of it: over any source, through the cache, in any request."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import erp_adapters
from edm.declare import CatalogError, load_texts
from edm.model import ServiceMetadata
from erp_adapters.base import Unavailable
from erp_adapters.memory import MemoryAdapter
from erp_adapters.stamped import Stamped, physical
from odata_server.auth import ANONYMOUS
from odata_server.cli import main
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.cache.support import Clock, Counted, cached
from tests.engine.small import CUSTOMERS, DATA, INVOICES, NOW, SECRET, _property

READ = '\nas_of = "DataAsOf"\n'
STAMP = "\n" + _property("DataAsOf", "DateTimeOffset", nullable=False) + "\n"
NEWER = CUSTOMERS.replace("\norder = 1\n", f"\norder = 1{READ}", 1) + STAMP
METADATA: ServiceMetadata = load_texts({"Customers.toml": NEWER, "Invoices.toml": INVOICES})
THEN = "2026-11-23T12:00:00Z"


@pytest.fixture(params=[True, False], ids=["able source", "source that declares nothing"])
def source(request: pytest.FixtureRequest) -> Counted:
    return Counted(MemoryAdapter(physical(METADATA), DATA, capable=request.param))


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW.timestamp())


@pytest.fixture
def service(source: Counted, clock: Clock) -> Service:
    cache = cached(Stamped(source, METADATA, clock), clock)
    cache.metadata = METADATA
    return Service(METADATA, cache, (SECRET,), ServiceOptions(), clock=lambda: NOW)


def ask(service: Service, path: str, query: str = "") -> Any:
    answer = service.handle(ODataRequest("GET", path, query.replace(" ", "%20")), ANONYMOUS)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def test_the_sources_know_nothing_of_it() -> None:
    kind = physical(METADATA)["Customers"].type
    assert "DataAsOf" not in kind.names
    assert METADATA["Customers"].type.names == (*kind.names, "DataAsOf")


def test_every_row_tells_when_it_was_read(service: Service, clock: Clock, source: Counted) -> None:
    first = ask(service, "Customers", "$top=3")["value"]
    assert [row["DataAsOf"] for row in first] == [THEN] * 3
    assert set(first[0]) == set(METADATA["Customers"].type.names)
    clock.now += 59
    source.failure = Unavailable()
    assert ask(service, "Customers", "$top=3")["value"] == first
    clock.now += 100
    stale = ask(service, "Customers", "$top=3")
    assert (stale["value"], stale["@ErpOData.DataAsOf"]) == (first, THEN)
    source.failure = None
    clock.now += 1
    assert ask(service, "Customers", "$top=3")["value"][0]["DataAsOf"] == "2026-11-23T12:02:40Z"


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("Customers", "$select=DataAsOf&$top=1", {"DataAsOf": THEN}),
        (
            "Customers",
            "$select=DataAsOf,Country,CustomerNumber&$top=1&$orderby=CustomerNumber desc",
            {"DataAsOf": THEN},
        ),
        ("Customers", f"$filter=DataAsOf eq {THEN}&$top=1", {"DataAsOf": THEN}),
        ("Customers", "$filter=Country eq 'DE' and DataAsOf ge 2026-01-01T00:00:00Z&$top=1", {"Country": "DE"}),
        ("Customers", "$orderby=DataAsOf desc,CustomerNumber&$top=1", {"CustomerNumber": "C00"}),
        ("Customers", "$compute=year(DataAsOf) as Y&$select=Y&$top=1", {"Y": 2026}),
        ("Customers", "$apply=groupby((DataAsOf),aggregate($count as N))", {"DataAsOf": THEN, "N": 20}),
        ("Invoices", "$expand=Customer($select=DataAsOf)&$filter=CustomerNumber eq 'C01'&$top=1", {}),
        (
            "Invoices",
            f"$filter=Customer/DataAsOf eq {THEN} and CustomerNumber eq 'C01'&$top=1",
            {"CustomerNumber": "C01"},
        ),
    ],
)
def test_wherever_a_property_can_stand(service: Service, path: str, query: str, expected: dict[str, Any]) -> None:
    row, *_ = ask(service, path, query)["value"]
    assert {name: row[name] for name in expected} == expected
    if "Customer(" in query:
        assert row["Customer"]["DataAsOf"] == THEN


def test_one_property_and_the_count(service: Service) -> None:
    assert ask(service, "Customers('C01')/DataAsOf")["value"] == THEN
    assert ask(service, "Customers", f"$filter=DataAsOf eq {THEN}&$count=true&$top=1")["@odata.count"] == 20
    assert ask(service, "Customers", f"$filter=DataAsOf lt {THEN}&$top=1")["value"] == []


def test_on_a_database_of_ones_own(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three lines in a copy of the built-in catalog; ``validate``, ``doctor`` and requests take them."""
    catalog = tmp_path / "catalog"
    shutil.copytree(Path(erp_adapters.__file__).parent / "catalog", catalog)
    items = catalog / "Items.toml"
    items.write_text(items.read_text().replace("\nkey =", '\nas_of = "DataAsOf"\nkey =', 1) + STAMP)
    monkeypatch.chdir(tmp_path)
    flags = ["--catalog", str(catalog), "--database-url", demo_sqlite_url]

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, *flags])

    assert "Items" not in run("validate").output
    found = json.loads(run("query", "--json", "Items?$top=2&$select=ItemNumber,DataAsOf").stdout)
    assert all(row["DataAsOf"].startswith("20") for row in found["value"])
    diagnosis = run("doctor", "--set", "Items")
    assert "Traceback" not in diagnosis.output
    assert diagnosis.exit_code in (0, 1, 2), diagnosis.output
    assert "DataAsOf" not in diagnosis.output


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (NEWER.replace(READ, '\nas_of = "Nothing"\n'), "as_of: 'Nothing' is not a property of this set"),
        (NEWER.replace(READ, '\nas_of = "Country"\n'), "as_of: Country is String (say DateTimeOffset)"),
        (NEWER + '\n[sql]\ntable = "T"\n[sql.columns]\nDataAsOf = "X"\n', "is when the row was read, and no column"),
    ],
)
def test_faults(text: str, fault: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_texts({"Customers.toml": text, "Invoices.toml": INVOICES})
    assert any(fault in str(found) for found in caught.value.faults)
