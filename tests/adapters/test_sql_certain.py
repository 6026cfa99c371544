"""SQL Server and Oracle, of which there is no server here: the SQL that they would get, as text in ``tests/golden/sql``;
that nothing is asked but what is certain, on a database that stands in for them; what their errors and types mean.

``ERP_ODATA_WRITE_GOLDEN=1`` writes the files anew; read the difference before it is committed.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import types
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from edm.capabilities import Match
from edm.expressions import Call, Prop, conjuncts
from edm.model import ServiceMetadata
from edm.primitives import BOOLEAN
from edm.query import OrderItem, Query
from erp_adapters.base import Busy, ContractBroken, Locked, TimedOut, Unavailable
from erp_adapters.dialects_certain import MSSQL, ORACLE
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_driver_mssql import facts as mssql_facts
from erp_adapters.sql_driver_oracle import facts as oracle_facts
from erp_adapters.sql_drivers import driver_of, driver_url
from erp_adapters.sql_mapping import SetMapping, parse
from erp_adapters.sql_source import Source
from erp_adapters.sql_statement import Statements
from erp_adapters.sql_values import ColumnFacts, Kind
from odata_server.normalise import normalise
from odata_server.service import Service
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.parser import parse_expression
from tests.adapters import schema
from tests.adapters.schema import METADATA, THINGS, entity_set, prop
from tests.adapters.test_sql_faults import PARENTS
from tests.adapters.test_sql_golden import DIRECTORY
from tests.adapters.test_sql_law import NOW, OPTIONS, UNHEALTHY, Services, comparisons, same_answer
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, orders

DIALECTS: dict[str, tuple[Any, Any]] = {"mssql": (MSSQL, mssql.dialect), "oracle": (ORACLE, oracle.dialect)}

_T, _I, _N = Kind.TEXT, Kind.INTEGER, Kind.NUMERIC
_FACTS = {
    "PAR": {"PNO": _T, "NM": _T, "GRP": _T, "RNK": _I},
    "THG": {
        "DOC": _T, "LIN": _I, "PNO": _T, "PDOC": _T, "PLIN": _I, "TXC": _T, "TXD": _T, "TXP": _T, "TXT": _T, "TXL": Kind.OTHER,
        "BOO": Kind.BOOLEAN, "FLG": _T, "FLI": _I, "I2": _I, "I4": _I, "I8": _I, "AMT": _N, "PRC": _I, "DBL": Kind.FLOAT,
        "DAY": Kind.DATE, "DUE": _I, "SHP": _I, "CRT": Kind.TIMESTAMP, "LOC": Kind.TIMESTAMP, "ZON": Kind.TIMESTAMP,
        "GID": Kind.OTHER, "STS": _T, "LVL": _I, "QA": _I, "QB": _I, "QN": _I,
    },
    "Sales [Header]": {"No. %": _T, "Amount (LCY)": _N, 'Sell-to "Customer"': _T},
}  # fmt: skip
#: Names as Navision and others have them.
ODD = entity_set(
    "Odd", "OddOne", "Number",
    [
        prop("Number", "String", key=True, max_length=20), prop("Amount", "Decimal", precision=18, scale=2),
        prop("Customer", "String"),
    ],
    {
        "table": "dbo.Sales [Header]",
        "columns": {"Number": '"No. %"', "Amount": "Amount (LCY)", "Customer": 'Sell-to "Customer"'},
    },
)  # fmt: skip
MODEL = ServiceMetadata("ErpOData", "1.0.0", (*METADATA.sets, ODD))
CASES = {
    "key": ("Things", "ThingKey eq 'D00001~007'"),
    "keys": ("Things", "ThingKey in ('D00001~007','D00002~000')"),
    "texts": ("Things", "Text eq 'a' and Status eq 'Open' and Flagged and Worded in ('a','b',null) and Text ne null"),
    "left": ("Things", "Text gt 'a' and Worded ne 'a' and contains(Text,'a') and Ratio gt 1 and Native and Parent/Rank eq 1"),
    "numbers": ("Things", "Price gt 1.5 and Amount eq 0.1 and Small ne 7 and Level eq 'Low' and Big in (1,2,3)"),
    "dates": ("Things", "DueDate lt 2026-01-01 and ShipDate eq null and Day ge 2026-01-01 and ZonedAt lt 2026-01-01T00:00:00Z"),
    "either": ("Things", "Small eq 1 or (Text eq 'a' and Medium gt 5)"),
    "names": ("Odd", "Number eq '1' and Amount gt 5"),
}  # fmt: skip


def statements(name: str) -> Statements:
    dialect = DIALECTS[name][0]
    tables = {
        table: {
            column: ColumnFacts(kind, charset="varchar" if column == "TXD" else "") for column, kind in columns.items()
        }
        for table, columns in _FACTS.items()
    }
    tables["dbo.Sales [Header]"] = tables.pop("Sales [Header]")
    mappings: dict[str, SetMapping] = {}
    for found in MODEL.sets:
        mapping, faults = parse(found)
        assert mapping is not None, faults
        mappings[found.name] = mapping
    return Statements(MODEL, mappings, Source(dialect, tables))


def said(name: str, case: str) -> str:
    """What is asked of a condition, and how well, and the statement."""
    made, (of, condition) = statements(name), CASES[case]
    found = MODEL[of]
    bound = normalise(ExpressionBinder(MODEL, found, NOW).bind(parse_expression(condition)))
    capabilities = made.capabilities(found)
    levels = [(capabilities.match(part), part) for part in conjuncts(bound)]
    asked = tuple(part for level, part in levels if level)
    kept = asked[0] if len(asked) == 1 else Call("and", asked, BOOLEAN) if asked else None
    number = {"Things": "Small", "Odd": "Amount"}[of]
    kind = found.type.property(number)
    assert kind is not None
    order = (OrderItem(Prop((number,), kind.type), True),)
    assert capabilities.sort(order[0].expr)
    assert not capabilities.sort(Prop((found.type.key,), kind.type))
    query = Query(of, (found.type.key,), filter=kept, orderby=order, skip=2, top=5)
    counted = "".join({Match.EXACT: "=", Match.INEXACT: "~", Match.NO: "-"}[level] for level, _ in levels)
    driver = DIALECTS[name][1]()
    driver._supports_offset_fetch = True  # as of SQL Server 2012, which tells its version when it is connected to
    sql = made.statement(query).explain(driver, at_once=False)
    return f"{condition}\n{counted}\n\n" + "\n".join(line.rstrip() for line in sql.splitlines()) + "\n"


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("case", CASES)
def test_sql(name: str, case: str) -> None:
    """``=`` for what is answered exactly, ``~`` for what is looked at again, ``-`` for what is not asked."""
    path = DIRECTORY / f"certain-{case}.{name}.txt"
    found = said(name, case)
    if os.environ.get("ERP_ODATA_WRITE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("condition", ["Text in ({})", "Small in ({})", "ThingKey in ({})"])
def test_lists_beyond_the_limit_are_not_asked(name: str, condition: str) -> None:
    made = statements(name)
    for count, asked in ((200, True), (1_500, False)):
        items = ",".join(str(n) if "Small" in condition else f"'D{n:05}~001'" for n in range(count))
        bound = ExpressionBinder(MODEL, THINGS, NOW).bind(parse_expression(condition.format(items)))
        assert bool(made.capabilities(THINGS).match(bound)) is asked


def test_numbers_without_room_are_not_asked() -> None:
    for text, asked in (
        ("Amount eq 1.5", True),
        (f"Amount eq {'9' * 30}.5", False),
        (f"Amount eq 0.{'0' * 15}1", False),
    ):
        bound = ExpressionBinder(MODEL, THINGS, NOW).bind(parse_expression(text))
        assert bool(statements("mssql").capabilities(THINGS).match(bound)) is asked


# --- on a database that stands in for them ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlAdapter]:
    """SQLite, asked no more than they are, with columns that take any letter case for equal."""
    url = f"sqlite:///{tmp_path_factory.mktemp('certain') / 'some.sqlite'}"
    schema.create(url)
    for column in ("TXC", "TXD", "STS"):
        schema.execute(url, f'ALTER TABLE "THG" ADD COLUMN "X{column}" VARCHAR(40) COLLATE NOCASE')
        schema.execute(url, f'UPDATE "THG" SET "X{column}" = "{column}"', f'ALTER TABLE "THG" DROP COLUMN "{column}"')
        schema.execute(url, f'ALTER TABLE "THG" RENAME COLUMN "X{column}" TO "{column}"')
    with closing(schema.adapter(url)) as adapter:
        known = adapter.statements()
        tables = {
            table: {name: replace(facts, collation="deterministic") for name, facts in columns.items()}
            for table, columns in known.source.tables.items()
        }
        dialect = replace(known.source.dialect, certain_only=True)
        adapter._statements = Statements(known.metadata, known.mappings, Source(dialect, tables))
        yield adapter


@pytest.fixture(scope="module")
def rows(certain: SqlAdapter) -> schema.Rows:
    return schema.published(certain)


@pytest.fixture(scope="module")
def services(certain: SqlAdapter, rows: schema.Rows) -> Services:
    sources: Mapping[str, Any] = {"evaluator": MemoryAdapter(METADATA, rows), "sql": certain}
    return {name: Service(METADATA, one, (b"s" * 32,), OPTIONS, clock=lambda: NOW) for name, one in sources.items()}


@pytest.fixture(scope="module")
def model(rows: schema.Rows) -> Model:
    samples = {
        s.name: {
            p.name: [v for v in dict.fromkeys(r[p.name] for r in rows[s.name]) if v is not None and v == v]
            for p in s.type.properties
        }
        for s in METADATA.sets
    }
    return Model(METADATA, samples)


def test_texts_are_looked_at_again(certain: SqlAdapter) -> None:
    bound = ExpressionBinder(METADATA, THINGS, NOW).bind(parse_expression("Text eq 'a'"))
    assert certain.capabilities(THINGS).match(bound) is Match.INEXACT
    found = {text for (text,) in schema.read(certain, Query("Things", ("Text",), filter=bound))}
    assert found == {"a", "A"}


@pytest.mark.parametrize("name", THINGS.type.names)
def test_each_property_compares_with_its_values(services: Services, model: Model, name: str) -> None:
    for comparison in comparisons(model, "Things", name):
        for text in (comparison, f"not ({comparison})"):
            same_answer(services, "Things", f"$filter={text}\n$select=ThingKey\n$top=500")


@examples(100, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_conditions_and_orders_agree(services: Services, model: Model, data: st.DataObject) -> None:
    options = [f"$filter={data.draw(conditions(model, THINGS))}", f"$orderby={data.draw(orders(model, THINGS))}"]
    same_answer(services, "Things", "\n".join([*options, "$select=ThingKey", "$top=20"]))


# --- types and errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (types.INTEGER(), Kind.INTEGER), (types.BIGINT(), Kind.INTEGER), (mssql.TINYINT(), Kind.INTEGER),
        (types.DECIMAL(18, 2), Kind.NUMERIC), (mssql.MONEY(), Kind.OTHER), (types.FLOAT(), Kind.FLOAT),
        (mssql.BIT(), Kind.BOOLEAN), (types.NVARCHAR(20), Kind.TEXT), (types.VARCHAR(20), Kind.TEXT),
        (types.NCHAR(20), Kind.CHAR), (types.DATE(), Kind.DATE), (mssql.DATETIME2(), Kind.TIMESTAMP),
        (mssql.DATETIME(), Kind.OTHER), (mssql.UNIQUEIDENTIFIER(), Kind.OTHER), (mssql.NTEXT(), Kind.OTHER),
    ],
)  # fmt: skip
def test_types_of_sql_server(found: Any, kind: Kind) -> None:
    assert mssql_facts(found, True).kind is kind
    assert mssql_facts(types.VARCHAR(20), True).charset == "varchar"


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (oracle.NUMBER(10, 0), Kind.NUMERIC), (oracle.NUMBER(15, 2), Kind.NUMERIC), (types.INTEGER(), Kind.INTEGER),
        (oracle.VARCHAR2(20), Kind.TEXT), (oracle.NVARCHAR2(20), Kind.TEXT), (types.CHAR(20), Kind.CHAR),
        (oracle.DATE(), Kind.DATE), (oracle.TIMESTAMP(), Kind.TIMESTAMP), (oracle.TIMESTAMP(timezone=True), Kind.OTHER),
        (types.CLOB(), Kind.OTHER), (oracle.BINARY_DOUBLE(), Kind.FLOAT), (oracle.RAW(16), Kind.OTHER),
    ],
)  # fmt: skip
def test_types_of_oracle(found: Any, kind: Kind) -> None:
    assert oracle_facts(found, True).kind is kind


class _Coded:
    """What python-oracledb hands out."""

    def __init__(self, number: int) -> None:
        self.code = number


_ERRORS: dict[str, Mapping[int, type[Exception]]] = {
    "mssql": {208: ContractBroken, 229: ContractBroken, 1205: Locked, 1222: Locked, 20003: TimedOut, 10928: Busy, 18456: Unavailable},
    "oracle": {942: ContractBroken, 1031: ContractBroken, 60: Locked, 1013: TimedOut, 12520: Busy, 1017: Unavailable},
}  # fmt: skip


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, known in _ERRORS.items() for number in known])
def test_errors(name: str, number: int) -> None:
    """pymssql tells the number in a pair, python-oracledb as an attribute."""
    told: Any = (number, b"text") if name == "mssql" else _Coded(number)
    error = OperationalError("SELECT", {}, Exception(told))
    driver = driver_of(driver_url(f"{name}://u:p@127.0.0.1:1/erp"))
    assert type(driver.translate(error, "Things")) is _ERRORS[name][number]


@pytest.mark.parametrize(("name", "number"), [("mssql", 102), ("oracle", 933)])
def test_faults_of_ours_are_not_theirs(name: str, number: int) -> None:
    told: Any = (number, b"text") if name == "mssql" else _Coded(number)
    driver = driver_of(driver_url(f"{name}://u:p@127.0.0.1:1/erp"))
    with pytest.raises(DBAPIError):
        driver.translate(ProgrammingError("SELECT", {}, Exception(told)), "Things")


@pytest.mark.parametrize("url", ["mssql://u:p@127.0.0.1:1/erp", "oracle://u:p@127.0.0.1:1/?service_name=erp"])
def test_nobody_listens(url: str) -> None:
    """The drivers themselves take what they are told."""
    with closing(schema.adapter(url)) as adapter, pytest.raises(Unavailable) as caught:
        schema.read(adapter, PARENTS)
    assert "127.0.0.1" not in caught.value.message
