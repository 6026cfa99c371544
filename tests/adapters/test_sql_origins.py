"""Where rows come from: which rows there are, against a few lines of Python; and the law over them, against the reference
evaluator: conditions, computed values, orders, slices, pages, pipelines, searches, navigation to and from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.capabilities import Match
from edm.query import Query
from erp_adapters import sql_current, sql_relations
from erp_adapters.base import Examined, Session
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from odata_server import describe
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import origins, schema
from tests.adapters.conftest import DATABASES
from tests.adapters.test_sql_law import NOW, OPTIONS, UNHEALTHY, Services, same_answer
from tests.profiles import examples
from tests.properties.expressions import TYPES, Model, conditions, encoded, orders, values
from tests.properties.pipelines import pipelines
from tests.servers import MariaServer, PostgresServer
from tests.serving import InProcess, all_rows

SETS = origins.METADATA.sets


@pytest.fixture(scope="module")
def raw() -> dict[str, list[origins.Row]]:
    return origins.tables()


@pytest.fixture(scope="module")
def sqlite_origins(tmp_path_factory: pytest.TempPathFactory, raw: Mapping[str, Sequence[origins.Row]]) -> str:
    path: Path = tmp_path_factory.mktemp("origins") / "origins.sqlite"
    origins.create(f"sqlite:///{path}", raw)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def postgresql_origins(
    postgres_server: PostgresServer, worker_id: str, raw: Mapping[str, Sequence[origins.Row]]
) -> Iterator[str]:
    name = f"origins_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    origins.create(url, raw)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def mariadb_origins(
    mariadb_server: MariaServer, worker_id: str, raw: Mapping[str, Sequence[origins.Row]]
) -> Iterator[str]:
    name = f"origins_{worker_id}"
    mariadb_server.drop_database(name)
    url = mariadb_server.create_database(name)
    origins.create(url, raw)
    yield url
    mariadb_server.drop_database(name)


@pytest.fixture(scope="module", params=DATABASES)
def adapter(request: pytest.FixtureRequest) -> Iterator[SqlAdapter]:
    url = str(request.getfixturevalue(f"{request.param}_origins"))
    with closing(schema.adapter(url, origins.METADATA)) as adapter:
        yield adapter


@pytest.fixture(scope="module")
def rows(adapter: SqlAdapter) -> schema.Rows:
    return schema.published(adapter, origins.METADATA)


@pytest.fixture(scope="module")
def services(adapter: SqlAdapter, rows: schema.Rows) -> Services:
    memory = MemoryAdapter(origins.METADATA, rows)
    return {
        name: Service(origins.METADATA, source, (b"s" * 32,), OPTIONS, clock=lambda: NOW)
        for name, source in (("evaluator", memory), ("sql", adapter))
    }


@pytest.fixture(scope="module")
def model(rows: schema.Rows) -> Model:
    samples = {
        s.name: {
            p.name: [v for v in dict.fromkeys(row[p.name] for row in rows[s.name]) if v is not None]
            for p in s.type.properties
        }
        for s in SETS
    }
    return Model(origins.METADATA, samples)


def test_the_mapping_has_no_faults(adapter: SqlAdapter) -> None:
    assert list(adapter.faults(origins.METADATA)) == []
    assert list(adapter.lacks(origins.METADATA)) == []


@pytest.mark.parametrize("name", [s.name for s in SETS])
def test_which_rows_there_are(rows: schema.Rows, raw: Mapping[str, Sequence[origins.Row]], name: str) -> None:
    """What SQL finds is what a few lines of Python find."""
    key = origins.METADATA[name].type.key
    found, there = sorted(rows[name], key=lambda row: row[key]), origins.expected(raw)[name]
    assert len(there) > 5
    assert found == sorted(there, key=lambda row: row[key])


@pytest.mark.parametrize("entity_set", SETS, ids=lambda s: s.name)
def test_the_database_compares_and_sorts_everything(adapter: SqlAdapter, model: Model, entity_set: Any) -> None:
    """The law holds of an adapter that pushes nothing, too."""
    capabilities = adapter.capabilities(entity_set)
    binder = ExpressionBinder(origins.METADATA, entity_set, NOW)
    for prop in entity_set.type.properties:
        there = binder.bind(parse_expression(f"{prop.name} eq null"))
        assert capabilities.match(there) is Match.EXACT, prop.name
        assert capabilities.sort(binder.bind(parse_expression(prop.name))), prop.name


@examples(150, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_expressions_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(SETS))
    kinds = data.draw(st.lists(st.sampled_from(TYPES), min_size=2, max_size=2))
    shown = [data.draw(values(model, entity_set, kind)) for kind in kinds]
    names = [f"C{number}" for number in range(len(shown))]
    options = [
        f"$filter={data.draw(conditions(model, entity_set))}",
        f"$compute={','.join(f'{text} as {name}' for name, text in zip(names, shown, strict=True))}",
        f"$select={','.join((entity_set.type.key, *names))}",
        "$count=true",
    ]
    same_answer(services, entity_set.name, "\n".join(options))


@examples(80, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_orders_slices_and_expansions_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(SETS))
    options = [f"$orderby={data.draw(orders(model, entity_set))}", f"$top={data.draw(st.integers(0, 40))}"]
    options.append(f"$skip={data.draw(st.integers(0, 30))}")
    options.append(f"$filter={data.draw(conditions(model, entity_set, depth=1))}")
    link = data.draw(st.sampled_from(entity_set.type.navigation))
    nested = f"($top=3;$count=true;$orderby={data.draw(orders(model, model.metadata.target(link)))})"
    options.append(f"$expand={link.name}{nested if link.collection else ''}")
    same_answer(services, entity_set.name, "\n".join(options))


@examples(60, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_pipelines_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(SETS))
    steps, shape = data.draw(pipelines(model, entity_set))
    options = [f"$apply={steps}", f"$top={data.draw(st.integers(1, 40))}", "$count=true"]
    names = [name for name, _ in shape.names if "/" not in name]
    if names:
        options.append(f"$orderby={data.draw(st.sampled_from(names))} desc")
    same_answer(services, entity_set.name, "\n".join(options))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Documents", "$search=müller\n$count=true"),
        ("Documents", "$search=a OR ß\n$orderby=Amount desc\n$top=9"),
        ("Customers", "$search=o AND NOT x"),
        ("Customers", "$filter=Documents/any(d:d/State eq 'Open' and d/Pieces gt 0)"),
        ("Customers", "$filter=Documents/all(d:d/Level lt 50 or d/CustomerName eq null)\n$orderby=Open desc"),
        ("Customers", "$filter=Documents/$count gt 3 and Group/Rank ge 1"),
        ("Groups", "$filter=Members/any(m:m/Balance gt 1 and m/Documents/any(d:d/State ne 'Memo'))"),
        ("Groups", "$filter=Prices/$count eq 0 or Prices/any(p:p/Until gt 2030-01-01)\n$expand=Prices"),
        ("Documents", "$filter=Customer/Open gt 0 or Customer/Clerk eq null\n$select=DocumentKey"),
        ("Documents", "$filter=Customer/Notes eq null\n$orderby=Customer/Entries desc,Customer/FirstDue"),
        ("Documents", "$filter=Customer/Group/Colour ne null\n$orderby=Customer/Group/English"),
        ("Documents", "$apply=groupby((State,Customer/Company),aggregate(Amount with sum as Total,$count as Rows))"),
        ("Documents", "$apply=groupby((Customer/Group/Rank),aggregate(Pieces with max as Most,Customer/Open with sum as O))"),
        ("Customers", "$apply=filter(Open gt 0)/groupby((Company),aggregate(Balance with sum as B,Entries with average as E))"),
        ("Customers", "$apply=topcount(3,Balance)/aggregate(Open with sum as O)"),
        ("Customers", "$apply=filter(Entries gt 2)/aggregate(Documents/Amount with sum as A)"),
        ("Documents", "$filter=CustomerKey eq 'C004~CRO'\n$orderby=Day"),
        ("Documents('D0121~F%25%22%3Ax')", ""),
        ("Documents", "$filter=DocumentKey in ('D0061~CRO','D0002~F%\":x','D0130~CRO','D9999~CRO','D0061')"),
        ("Documents", "$filter=DocumentKey gt 'D0061~CRO' and not (DocumentKey ge 'D0070')\n$orderby=DocumentKey desc"),
    ],
)  # fmt: skip
def test_requests_agree(services: Services, path: str, query: str) -> None:
    request = ODataRequest("GET", path, encoded(query))
    told = services["sql"].explain(request, ANONYMOUS).notes
    notes = tuple(note for note in told if not note.startswith("$expand="))  # which is a read of its own, always
    mysql = services["sql"].adapter.url.get_backend_name() == "mysql"  # type: ignore[attr-defined]
    assert not notes or (mysql and notes == ("grouped here",))  # it does not know how many digits a sum of sums has
    same_answer(services, path, query)


@pytest.mark.parametrize("order", ["", "State desc", "Text", "Customer/Balance desc,Level", "Pieces,Reason desc"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_go_across_the_tables(services: Services, rows: schema.Rows, order: str, size: int) -> None:
    """The walk over all pages is the whole, in the order of the evaluator."""
    target = "Documents?$select=DocumentKey" + (f"&$orderby={order}" if order else "")
    walks = []
    for name, service in services.items():
        sized = {"prefer": f"odata.maxpagesize={size if name == 'sql' else 2_000}"}
        walks.append([row["DocumentKey"] for row in all_rows(InProcess(service), target, **sized)])
    assert walks[0] == walks[1]
    assert len(set(walks[0])) == len(rows["Documents"])


# --- today ------------------------------------------------------------------------------------------------------------


def test_today_is_that_of_the_execution(adapter: SqlAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement, kept for all executions, over which days pass."""
    query = Query("Prices", ("PriceKey",), top=1_000)
    counts, made = [], set()
    for days in (0, 10, 40, 1_000, 0):
        there = sql_current.today("UTC") + timedelta(days)
        monkeypatch.setattr(sql_relations, "today", lambda zone, day=there: day)
        counts.append(len(schema.read(adapter, query)))
        made.add(id(adapter.statements().statement(query).statement))
    assert counts[0] == counts[-1]
    assert len(set(counts)) > 2
    assert len(made) == 1


def test_the_day_is_that_of_the_zone() -> None:
    days = {sql_current.today(zone) for zone in ("Pacific/Kiritimati", "Etc/GMT+12")}
    assert len(days) == 2  # 26 hours apart


def test_the_page_for_people_says_where() -> None:
    places = {
        p.name: [s.place for s in describe.sources(origins.CUSTOMERS, p)] for p in origins.CUSTOMERS.type.properties
    }
    assert places["Company"] == ["@company"]
    assert places["Clerk"] == ["{company}$Rep.Name"]
    assert places["Balance"] == ["sum of {company}$Det.Amount"]
    assert places["Entries"] == ["count of {company}$Det/{company}$Old"]
    assert describe.tables(origins.DOCUMENTS)[:3] == ("{company}$Open", "{company}$Done", "{company}$Memo")


def test_the_doctor_knows_the_tables(adapter: SqlAdapter) -> None:
    """Each of them, by their own names; constraints that the tables of these tests do not have are missed."""
    examined = Examined(SETS, Session())
    found = {check: list(adapter.diagnose(check, examined) or ()) for check in ("types", "key", "indexes")}
    assert found["types"] == found["indexes"] == []
    said = {finding.what for finding in found["key"]}
    for company in origins.COMPANIES:
        assert f"no constraint keeps {origins.ODD} unique in {company}$Cust" in said
        for table in ("Open", "Done", "Memo"):
            assert f"no constraint keeps Doc unique in {company}${table}" in said
    assert any('ON "CRO$Cust" ("No. (%)");' in finding.fix.replace("`", '"') for finding in found["key"])
