"""Facts about a database: tables, keys, comments, counts; samples that are bounded; failures that are told."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from erp_adapters.base import Unavailable
from erp_adapters.introspect import Database, opened, read
from erp_adapters.introspect_sample import Profile, included, is_unique, sample

TABLES = """
CREATE TABLE "Kunden" (id INTEGER NOT NULL PRIMARY KEY, nr VARCHAR(10) NOT NULL, name VARCHAR(80), secret VARCHAR(20));
CREATE UNIQUE INDEX kunden_nr ON "Kunden" (nr);
CREATE TABLE orders (no VARCHAR(10) NOT NULL, line INTEGER NOT NULL, kunde INTEGER REFERENCES "Kunden" (id),
  amount NUMERIC(12, 2), stamp TIMESTAMP, PRIMARY KEY (no, line));
CREATE VIEW open_orders AS SELECT no, line FROM orders;
"""


def _filled(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for statement in TABLES.split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        for n in range(50):
            connection.exec_driver_sql(f"""INSERT INTO "Kunden" VALUES ({n}, 'K{n}', NULL, 'hush')""")
            connection.exec_driver_sql(f"INSERT INTO orders VALUES ('A{n}', 1, {n}, 1.50, '2026-01-02 00:00:00')")
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    _filled(url)
    with opened(url) as found:
        yield read(found)


def test_tables_views_keys_and_columns(database: Database) -> None:
    kunden, orders = database.tables["Kunden"], database.tables["orders"]
    assert kunden.primary_key == ("id",)
    assert kunden.unique == (("nr",),)
    assert orders.primary_key == ("no", "line")
    (key,) = orders.foreign_keys
    assert (key.columns, key.table, key.referred) == (("kunde",), "Kunden", ("id",))
    assert database.tables["open_orders"].view
    assert [(c.kind, c.nullable) for c in kunden.columns.values()][:3] == [
        ("integer", False),
        ("text", False),
        ("text", True),
    ]
    amount = orders.columns["amount"]
    assert (amount.kind, amount.precision, amount.scale) == ("numeric", 12, 2)
    assert orders.columns["stamp"].kind == "timestamp"


def test_a_sample_is_bounded_and_asks_for_no_hidden_column(database: Database) -> None:
    found = sample(database, database.tables["Kunden"], 20, frozenset({"secret"}))
    assert "secret" not in found.columns
    assert len(found.data) == 20
    assert not found.whole
    assert found.rows == 50
    # The first and the last by primary key: what is new is seen too.
    assert {0, 49} <= set(found.profile("id").values)
    assert found.profile("name").empty
    whole = sample(database, database.tables["Kunden"], 100)
    assert whole.whole
    assert len(whole.data) == 50


def test_uniqueness_and_inclusion_are_asked(database: Database) -> None:
    kunden, orders = database.tables["Kunden"], database.tables["orders"]
    assert is_unique(database, orders, ("no",))
    assert not is_unique(database, orders, ("line",))
    assert not is_unique(database, kunden, ("name",))  # nulls
    assert included(database, [1, 2, 3], kunden, "id") == 1
    assert included(database, [1, 999], kunden, "id") == 0.5
    assert included(database, [], kunden, "id") is None


def test_what_cannot_be_read_is_noted(database: Database) -> None:
    from dataclasses import replace

    gone = replace(database.tables["orders"], bare="gone")
    found = sample(database, gone, 10)
    assert "gone" in found.failure
    assert found.data == []
    assert is_unique(database, gone, ("no",)) is None


@pytest.mark.postgres
def test_comments_and_statistics_of_postgresql(postgres_url: str) -> None:
    _filled(postgres_url)
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("""COMMENT ON TABLE "Kunden" IS 'Customers'""")
        connection.exec_driver_sql("""COMMENT ON COLUMN "Kunden".nr IS 'Customer number'""")
        connection.exec_driver_sql("CREATE SCHEMA other; CREATE TABLE other.items (id int PRIMARY KEY)")
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    with opened(postgres_url) as found:
        read(found)
        assert found.tables["Kunden"].comment == "Customers"
        assert found.tables["Kunden"].columns["nr"].comment == "Customer number"
        assert found.tables["Kunden"].rows == 50
        assert "other.items" not in found.tables
    with opened(postgres_url) as found:
        assert list(read(found, ("other",)).tables) == ["other.items"]


@pytest.mark.postgres
def test_nothing_can_be_written(postgres_url: str) -> None:
    _filled(postgres_url)
    with (
        opened(postgres_url) as found,
        found.engine.connect() as connection,
        pytest.raises(Exception, match="read-only"),
    ):
        connection.exec_driver_sql("DELETE FROM orders")


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable), opened(f"sqlite:///{tmp_path / 'none.sqlite'}"):
        pass
    with pytest.raises(ValueError, match="not supported"), opened("foo://x"):
        pass


def test_many_tables_are_read_where_their_names_promise_something(database: Database) -> None:
    database.tables.clear()
    read(database, wanted=lambda name: name == "Kunden", most=1)
    assert list(database.tables) == ["Kunden"]
    assert database.skipped == ["open_orders", "orders"]


def test_profiles_of_values() -> None:
    assert Profile([1, None, 1]).nulls == 1
    assert not Profile([1, 1]).unique
    assert Profile(["", " ", None, 0]).empty
    assert not Profile([False]).empty or not Profile([True]).empty
    assert Profile([1.5, 2.25]).decimals == 2
    assert not Profile([datetime(2026, 1, 1)]).empty
