"""The short way to PostgreSQL: what is prepared on a connection and may be lost, connections that die unnoticed."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from edm.expressions import Call, Const, Prop
from edm.primitives import BOOLEAN, STRING, CollectionType
from edm.query import Query
from erp_adapters import sql_direct_postgresql as direct
from erp_adapters.base import ContractBroken, Session
from erp_adapters.sql import SqlAdapter
from tests.adapters import schema

PARENTS = Query("Parents", ("ParentNumber", "Rank"), top=50)


@pytest.fixture
def own_url(postgres_url: str) -> str:
    """Tables on PostgreSQL that a test may change."""
    schema.create(postgres_url)
    return postgres_url


@pytest.fixture
def own(own_url: str) -> Iterator[SqlAdapter]:
    """With one connection, so that a test knows which."""
    with closing(schema.adapter(own_url, pool_size=1)) as adapter:
        yield adapter


def driver(adapter: SqlAdapter) -> Any:
    connection = adapter.engine().raw_connection()
    try:
        return connection.driver_connection
    finally:
        connection.close()


def prepared(adapter: SqlAdapter) -> list[str]:
    found = driver(adapter).pgconn.exec_(b"SELECT name FROM pg_prepared_statements ORDER BY 1")
    return [found.get_value(number, 0).decode() for number in range(found.ntuples)]


def text_in(values: Sequence[str]) -> Query:
    condition = Call("in", (Prop(("Text",), STRING), Const(tuple(values), CollectionType(STRING))), BOOLEAN)
    return Query("Things", ("Text",), filter=condition, top=50)


def test_a_statement_is_prepared_when_it_is_asked_for_again(own: SqlAdapter) -> None:
    before = schema.read(own, PARENTS)
    assert prepared(own) == []
    for _ in range(3):
        assert schema.read(own, PARENTS) == before
    assert prepared(own) == ["erp_1"]


def test_statements_stay_prepared_within_bounds(own: SqlAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "_MOST", 2)
    for top in (1, 2, 3):
        for _ in range(2):
            assert len(schema.read(own, PARENTS.with_(top=top))) == top
    assert prepared(own) == ["erp_2", "erp_3"]
    assert len(schema.read(own, PARENTS.with_(top=1))) == 1


@pytest.mark.parametrize("lose", [b"DEALLOCATE ALL", b"DISCARD ALL"])
def test_a_prepared_statement_that_is_lost(own: SqlAdapter, lose: bytes) -> None:
    """A pooler between may have taken another connection, or cleaned this one up."""
    before, *_ = [schema.read(own, PARENTS) for _ in range(3)]
    driver(own).pgconn.exec_(lose)
    for _ in range(3):
        assert schema.read(own, PARENTS) == before


def test_a_table_that_changes_under_a_prepared_statement(own_url: str, own: SqlAdapter) -> None:
    before, *_ = [schema.read(own, PARENTS) for _ in range(3)]
    schema.execute(own_url, 'ALTER TABLE "PAR" ALTER "RNK" TYPE BIGINT')
    assert schema.read(own, PARENTS) == before
    schema.execute(own_url, 'ALTER TABLE "PAR" RENAME COLUMN "RNK" TO "GONE"')
    for _ in range(2):
        with pytest.raises(ContractBroken):
            schema.read(own, PARENTS)
    schema.execute(own_url, 'ALTER TABLE "PAR" RENAME COLUMN "GONE" TO "RNK"')
    assert schema.read(own, PARENTS) == before


def kill(url: str) -> None:
    schema.execute(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'erp-odata' AND datname = current_database()",
    )


def test_a_connection_that_died_is_noticed_before_it_is_used(
    own_url: str, own: SqlAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema.read(own, PARENTS)
    kill(own_url)
    taken: list[Any] = []
    answer = direct.PostgreSQLDirect._answer

    def counted(*args: Any) -> Any:
        taken.append(args)
        return answer(*args)

    monkeypatch.setattr(direct.PostgreSQLDirect, "_answer", counted)
    assert schema.read(own, PARENTS) == before
    assert len(taken) == 1


def test_a_connection_that_died_unnoticed_is_replaced_and_asked_again(
    own_url: str, own: SqlAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema.read(own, PARENTS)
    kill(own_url)
    monkeypatch.setattr(direct, "_idle", lambda pgconn, poll: True)
    assert schema.read(own, PARENTS) == before
    assert schema.read(own, PARENTS.with_(top=None)) == before


def test_a_server_that_says_something_is_not_dead(own_url: str, own: SqlAdapter) -> None:
    before = schema.read(own, PARENTS)
    connection = driver(own)
    connection.pgconn.exec_(b"LISTEN something")
    schema.execute(own_url, "NOTIFY something")
    for _ in range(2):
        assert schema.read(own, PARENTS) == before
    assert driver(own) is connection


ODD = ["", "a", '"', "\\", '\\"', "{}", ",", "null", "NULL", " a ", "ä", "😀", "'", "%_", "a\tb"]


def test_texts_in_an_array(own_url: str, own: SqlAdapter) -> None:
    schema.execute(own_url, 'DELETE FROM "THG" WHERE "LIN" > 40')
    keys = [key for (key,) in schema.read(own, Query("Things", ("ThingKey",), top=len(ODD)))]
    for key, text in zip(keys, ODD, strict=True):
        written = text.replace("'", "''").replace(":", "\\:")
        document, line = key.split("~")
        schema.execute(
            own_url, f"""UPDATE "THG" SET "TXC" = '{written}' WHERE "DOC" = '{document}' AND "LIN" = {line}"""
        )
    found = {text for (text,) in schema.read(own, text_in([*ODD, "b"]))}
    assert found == set(ODD)
    for text in ODD:
        assert set(schema.read(own, text_in([text, "nowhere"]))) == {(text,)}


def test_threads_do_not_share_a_connection(own_url: str) -> None:
    with closing(schema.adapter(own_url, pool_size=3, pool_wait=30)) as adapter:
        expected = {top: schema.read(adapter, PARENTS.with_(top=top)) for top in range(1, 6)}
        wrong: list[int] = []

        def ask(top: int) -> None:
            wrong.extend(top for _ in range(60) if schema.read(adapter, PARENTS.with_(top=top)) != expected[top])

        threads = [threading.Thread(target=ask, args=(top,)) for top in expected]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        pool: Any = adapter.engine().pool
        assert pool.checkedout() == 0


def test_count_and_rows_are_one_statement_where_there_is_a_short_way(small: SqlAdapter) -> None:
    session = Session()
    everything = schema.read(small, PARENTS.with_(top=None))
    page = next(iter(small.read(PARENTS.with_(top=2, count=True), session)))
    calls = 2 if small._direct is None else 1
    assert (len(page.rows), page.count, session.timings.erp_calls) == (2, len(everything), calls)


@pytest.mark.parametrize(("skip", "top"), [(0, 0), (10_000, 5), (1, 3)])
def test_the_count_of_pages_without_rows(small: SqlAdapter, skip: int, top: int) -> None:
    everything = schema.read(small, PARENTS.with_(top=None))
    page = next(iter(small.read(PARENTS.with_(skip=skip, top=top, count=True), Session())))
    assert page.count == len(everything)
    assert len(page.rows) == max(0, min(top, len(everything) - skip))
