"""The law on tables as old ERPs have them: whatever a codec pushes down is answered as the reference evaluator answers it
over the rows that the adapter publishes. On each database, because their types differ.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.capabilities import Match
from edm.expressions import Call, Const, Prop
from edm.model import NavigationProperty
from edm.primitives import BOOLEAN
from erp_adapters.memory import MemoryAdapter
from erp_adapters.sql import SqlAdapter
from odata_server.service import Service
from tests.adapters import quirks, schema
from tests.adapters.conftest import DATABASES
from tests.adapters.test_sql_law import (
    NOW,
    OPTIONS,
    UNHEALTHY,
    Services,
    comparisons,
    same_answer,
)
from tests.profiles import examples
from tests.properties.expressions import TYPES, Model, conditions, orders, values
from tests.servers import MariaServer, PostgresServer

PROPERTIES = [
    pytest.param(s.name, p.name, id=f"{s.name}-{p.name}") for s in quirks.METADATA.sets for p in s.type.properties
]


@pytest.fixture(scope="module")
def sqlite_quirks(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("quirks") / "quirks.sqlite"
    quirks.create(f"sqlite:///{path}")
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def postgresql_quirks(postgres_server: PostgresServer, worker_id: str) -> Iterator[str]:
    name = f"quirks_{worker_id}"
    postgres_server.drop_database(name)
    url = postgres_server.create_database(name)
    quirks.create(url)
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def mariadb_quirks(mariadb_server: MariaServer, worker_id: str) -> Iterator[str]:
    name = f"quirks_{worker_id}"
    mariadb_server.drop_database(name)
    url = mariadb_server.create_database(name)
    quirks.create(url)
    yield url
    mariadb_server.drop_database(name)


@pytest.fixture(scope="module", params=DATABASES)
def adapter(request: pytest.FixtureRequest) -> Iterator[SqlAdapter]:
    url = str(request.getfixturevalue(f"{request.param}_quirks"))
    with closing(schema.adapter(url, quirks.METADATA)) as adapter:
        yield adapter


@pytest.fixture(scope="module")
def rows(adapter: SqlAdapter) -> schema.Rows:
    return schema.published(adapter, quirks.METADATA)


@pytest.fixture(scope="module")
def services(adapter: SqlAdapter, rows: schema.Rows) -> Services:
    memory = MemoryAdapter(quirks.METADATA, rows)
    return {
        name: Service(quirks.METADATA, source, (b"s" * 32,), OPTIONS, clock=lambda: NOW)
        for name, source in (("evaluator", memory), ("sql", adapter))
    }


@pytest.fixture(scope="module")
def model(rows: schema.Rows) -> Model:
    samples = {
        s.name: {
            p.name: [v for v in dict.fromkeys(row[p.name] for row in rows[s.name]) if v is not None]
            for p in s.type.properties
        }
        for s in quirks.METADATA.sets
    }
    return Model(quirks.METADATA, samples)


def test_the_mapping_has_no_faults(adapter: SqlAdapter) -> None:
    assert list(adapter.faults(quirks.METADATA)) == []
    assert list(adapter.lacks(quirks.METADATA)) == []


def test_what_is_pushed(adapter: SqlAdapter, model: Model) -> None:
    """The law holds of an adapter that pushes nothing, too."""
    for quirky in quirks.SETS:
        entity_set = quirks.METADATA[quirky.name]
        capabilities = adapter.capabilities(entity_set)
        for specimen in quirky.specimens:
            prop = entity_set.type.property(specimen.name)
            assert prop is not None
            if prop.type == BOOLEAN or not model.samples[quirky.name][prop.name]:
                continue
            there, const = Prop((prop.name,), prop.type), Const(model.samples[quirky.name][prop.name][0], prop.type)
            found = {op: capabilities.match(Call(op, (there, const), BOOLEAN)) for op in ("eq", "lt")}
            found["sort"] = Match.EXACT if capabilities.sort(there) else Match.NO
            words = [op + _WORDS[match] for op, match in found.items() if match is not Match.NO]
            assert " ".join(words) == specimen.pushed, f"{quirky.name} {prop.name}"
            null = Call("eq", (there, Const(None, prop.type)), BOOLEAN)
            assert capabilities.match(null) is Match.EXACT, prop.name


_WORDS = {Match.EXACT: "", Match.INEXACT: "?"}


@examples(80, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_expressions_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(quirks.METADATA.sets))
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


@examples(60, suppress_health_check=UNHEALTHY)
@given(data=st.data())
def test_orders_and_slices_agree(services: Services, model: Model, data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(quirks.METADATA.sets))
    options = [f"$orderby={data.draw(orders(model, entity_set))}", f"$top={data.draw(st.integers(0, 40))}"]
    options.append(f"$skip={data.draw(st.integers(0, 30))}")
    options.append(f"$filter={data.draw(conditions(model, entity_set, depth=1))}")
    if data.draw(st.booleans()) and entity_set.type.navigation:
        link = data.draw(st.sampled_from(entity_set.type.navigation))
        nested = f"($top=3;$count=true;$orderby={data.draw(orders(model, model.metadata.target(link)))})"
        options.append(f"$expand={link.name}{nested if link.collection else ''}")
    same_answer(services, entity_set.name, "\n".join(options))


@pytest.mark.parametrize(("entity_set", "name"), PROPERTIES)
def test_each_property_compares_with_its_values(services: Services, model: Model, entity_set: str, name: str) -> None:
    """Not by chance: with values that occur and some that do not, with null, and the negation of each."""
    for comparison in comparisons(model, entity_set, name):
        for condition in (comparison, f"not ({comparison})"):
            same_answer(
                services, entity_set, f"$filter={condition}\n$select={model.metadata[entity_set].type.key}\n$top=500"
            )


@pytest.mark.parametrize(("entity_set", "name"), PROPERTIES)
def test_each_property_sorts(services: Services, entity_set: str, name: str) -> None:
    for direction in ("", " desc"):
        same_answer(
            services,
            entity_set,
            f"$orderby={name}{direction}\n$select={quirks.METADATA[entity_set].type.key},{name}\n$count=true",
        )


@pytest.mark.parametrize(
    ("entity_set", "link"),
    [pytest.param(s.name, n, id=f"{s.name}-{n.name}") for s in quirks.METADATA.sets for n in s.type.navigation],
)
def test_each_relation_finds_its_rows(services: Services, entity_set: str, link: NavigationProperty) -> None:
    """Keys and foreign keys meet, however each is stored."""
    target = quirks.METADATA[link.target]
    key = target.type.key
    inner = f"{link.name}/any()" if link.collection else f"{link.name}/{key} ne null"
    order = f"{link.name}/$count" if link.collection else f"{link.name}/{key}"
    for condition in (inner, f"not ({inner})"):
        for options in (
            f"$filter={condition}\n$count=true",
            f"$filter={condition}\n$orderby={order}\n$expand={link.name}",
        ):
            same_answer(services, entity_set, options)
