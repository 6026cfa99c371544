"""Records by REST, with the key of an application: the same as by RPC, which answers for the rest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edm.query import Query
from erp_adapters.base import AuthFailed, Session
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.base import Ask, Compare, OneOf, Order
from erp_adapters.transport import Secret, Token
from erp_adapters.tryton import connect
from erp_adapters.tryton.rest import flat
from erp_adapters.tryton.rpc import Unanswerable
from erp_adapters.tryton.source import TrytonSource
from tests.adapters.tryton.conftest import source_at
from tests.adapters.tryton.ground import DATABASE, Server
from tests.adapters.tryton.published import METADATA, Both, remote


@pytest.fixture(scope="module")
def key(tryton: Server) -> str:
    """The key of an application of the user's, as an administrator makes one."""
    admin, session = source_at(tryton.url, user="admin").rpc, Session()
    user = admin.call("model.res.user.search", [[["login", "=", "odata"]], 0, 1, None, {}], session)[0]
    made = admin.call("model.res.user.application.create", [[{"user": user, "application": "rest"}], {}], session)
    found: str = admin.call("model.res.user.application.read", [made, ["key"], {}], session)[0]["key"]
    return found


def adapter_at(url: str, key: str) -> RecordAdapter:
    made = connect(replace(remote(url, database=DATABASE), credentials=Token(Secret(key))), METADATA, "tryton")
    assert isinstance(made, RecordAdapter)
    return made


@pytest.fixture(scope="module")
def adapter(tryton: Server, key: str) -> Iterator[RecordAdapter]:
    made = adapter_at(tryton.url, key)
    yield made
    made.close()


def source(of: RecordAdapter) -> TrytonSource:
    assert isinstance(of.source, TrytonSource)
    return of.source


def calls(of: RecordAdapter) -> int:
    return next(source(of).rpc._numbers)


def read(of: TrytonSource, ask: Ask) -> list[Any]:
    return [record for batch in of.read(ask, Session()) for record in batch.records]


@pytest.mark.parametrize("name", [entity_set.name for entity_set in METADATA.sets])
def test_every_set_is_the_same(adapter: RecordAdapter, both: Both, name: str) -> None:
    names = METADATA[name].type.names
    pages = adapter.read(Query(name, names), Session())
    found = [dict(zip(names, row, strict=True)) for page in pages for row in page.rows]
    key = METADATA[name].type.key
    assert sorted(found, key=lambda row: row[key]) == sorted(both.rows[name], key=lambda row: row[key])


def test_rpc_is_spared(adapter: RecordAdapter) -> None:
    ask = Ask("party.party", ("code", "name"), Compare("name", "ne", None), (Order("id"),), 1, 4)
    read(source(adapter), ask)
    before = calls(adapter)
    session = Session()
    found = [record for batch in source(adapter).read(ask, session) for record in batch.records]
    assert calls(adapter) == before + 1, "the number that was looked at"
    assert session.timings.erp_calls == 1
    assert len(found) == 4


def test_what_does_not_fit_into_a_url_is_asked_by_rpc(adapter: RecordAdapter, tryton: Server) -> None:
    ask = Ask("party.party", ("code",), OneOf("id", tuple(range(1, 4_000))), (Order("id"),), 0, 5)
    assert read(source(adapter), ask) == read(source_at(tryton.url), ask)


@pytest.mark.parametrize("ask", [Ask("party.party", ("no_such_field",)), Ask("no.such.model", ("id",))])
def test_what_rest_refuses_is_explained_by_rpc(adapter: RecordAdapter, ask: Ask) -> None:
    with pytest.raises(Unanswerable):
        read(source(adapter), ask)


def test_a_wrong_key(tryton: Server) -> None:
    with pytest.raises(AuthFailed):
        read(source(adapter_at(tryton.url, "no such key")), Ask("party.party", ("code",), None, (Order("id"),), 0, 1))


def test_related_records_as_rpc_has_them() -> None:
    record = {"id": 1, "party": {"id": 2, "__name__": "party.party", "lang": {"id": 3, "code": "de"}}, "currency": None}
    assert flat(record) == {
        "id": 1, "party": 2, "party.": {"id": 2, "__name__": "party.party", "lang": 3, "lang.": {"id": 3, "code": "de"}},
        "currency": None,
    }  # fmt: skip
