"""Tables of codes that are missing, or none: their sets are broken, others are not, and what is mended is seen."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edm.query import Query
from erp_adapters.base import ContractBroken
from erp_adapters.sql import SqlAdapter
from erp_adapters.sql_code_tables import MOST
from tests.adapters import quirks, schema

TEXTS, ACCOUNTS = quirks.METADATA["Texts"], quirks.METADATA["Accounts"]
WORDS = Query("Texts", ("Instrument", "Kind"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'quirks.sqlite'}"
    quirks.create(url)
    return url


@pytest.fixture
def postgresql_url(postgres_url: str) -> str:
    quirks.create(postgres_url)
    return postgres_url


@pytest.fixture(params=["url", "postgresql_url"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def adapter(database: str) -> Iterator[SqlAdapter]:
    with closing(schema.adapter(database, quirks.METADATA)) as adapter:
        yield adapter


def test_a_table_that_is_missing(database: str, adapter: SqlAdapter) -> None:
    schema.execute(database, 'ALTER TABLE "QUD" RENAME TO "GONE"')
    assert list(adapter.lacks(quirks.METADATA)) == [("Texts", "sql.table", "the database has no table QUD")]
    assert schema.read(adapter, Query("Accounts", ("Account",)))
    with pytest.raises(ContractBroken) as caught:
        adapter.capabilities(TEXTS)
    assert "QUD" in caught.value.detail
    assert "QUD" not in caught.value.message
    assert adapter.capabilities(ACCOUNTS)
    schema.execute(database, 'ALTER TABLE "GONE" RENAME TO "QUD"')
    assert adapter.capabilities(TEXTS)
    assert ("Transfer", None) in {(word, None) for word, _ in schema.read(adapter, WORDS)}


def test_a_column_that_is_missing(database: str, adapter: SqlAdapter) -> None:
    schema.execute(database, 'ALTER TABLE "QUD" RENAME COLUMN "DRDL" TO "GONE"')
    assert ("Texts", "sql.columns.Instrument.codes", "the table QUD has no column DRDL") in adapter.lacks(
        quirks.METADATA
    )
    with pytest.raises(ContractBroken):
        adapter.capabilities(TEXTS)


def test_two_words_for_a_code(url: str) -> None:
    schema.execute(url, """INSERT INTO "QUD" ("DRSY", "DRRT", "DRKY", "DRDL") VALUES ('00', 'PY', 'T', 'Truck')""")
    with closing(schema.adapter(url, quirks.METADATA)) as adapter, pytest.raises(ContractBroken) as caught:
        adapter.capabilities(TEXTS)
    assert caught.value.detail == "QUD has several words for 'T'; is where missing?"


def test_more_codes_than_a_table_of_codes_has(url: str) -> None:
    schema.execute(
        url,
        f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {MOST})
        INSERT INTO "QUD" ("DRSY", "DRNR", "DRNO", "DRDL") SELECT '01', 7, i + 10, 'W' FROM n""",
    )
    with closing(schema.adapter(url, quirks.METADATA)) as adapter, pytest.raises(ContractBroken) as caught:
        adapter.capabilities(TEXTS)
    assert "more than 10000 codes" in caught.value.detail


def test_what_is_no_code(url: str) -> None:
    schema.execute(url, """UPDATE "QUD" SET "DRNO" = 1.5 WHERE "DRNO" = 1 AND "DRNR" = 7""")
    with closing(schema.adapter(url, quirks.METADATA)) as adapter, pytest.raises(ContractBroken) as caught:
        adapter.capabilities(TEXTS)
    assert caught.value.detail == "QUD.DRNO: 1.5 is no code"
