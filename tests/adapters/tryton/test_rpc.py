"""Calls: sessions that end, wrong passwords, rights, errors that come with 200, paths of releases, the mislabelled gzip."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from erp_adapters.base import (
    AuthFailed,
    BadAnswer,
    Busy,
    Denied,
    Failed,
    Locked,
    Refused,
    Session,
    SourceError,
    TimedOut,
    Unavailable,
)
from erp_adapters.records.base import Ask, Compare, Order
from erp_adapters.tryton.rpc import Unanswerable, error_of
from erp_adapters.tryton.source import TrytonSource
from erp_adapters.tryton.wire import as_float, plain, typed
from tests.adapters.tryton.conftest import source_at
from tests.adapters.tryton.ground import PASSWORD, Server

PARTIES = Ask("party.party", ("id", "code"), None, (Order("id"),), 0, 3)


def session(seconds: float = 60) -> Session:
    return Session(deadline=time.monotonic() + seconds)


def read(source: TrytonSource, ask: Ask = PARTIES, within: Session | None = None) -> list[Any]:
    return [record for batch in source.read(ask, within or session()) for record in batch.records]


# --- with the real server -----------------------------------------------------------------------------------------------


def test_a_session_is_kept(tryton: Server) -> None:
    source = source_at(tryton.url)
    assert len(read(source)) == 3
    spent = session()
    read(source, within=spent)
    assert spent.timings.erp_calls == 1


def test_a_session_that_ended_is_renewed(tryton: Server) -> None:
    source = source_at(tryton.url)
    read(source)
    login = source.rpc.transport.credentials
    source.rpc.call("model.res.user.get_preferences", [True, {}], session())
    login._token = "b2RhdGE6MTpub3BlCg=="  # type: ignore[attr-defined]  # as if it had expired
    spent = session()
    assert len(read(source, within=spent)) == 3
    assert spent.timings.erp_calls == 3  # 401, signs in, asks again
    assert any(secret == PASSWORD for secret in login.secrets())


def test_many_calls_at_once_sign_in_once(tryton: Server) -> None:
    source = source_at(tryton.url)
    spent = [session() for _ in range(4)]
    threads = [threading.Thread(target=read, args=(source, PARTIES, own)) for own in spent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(own.timings.erp_calls for own in spent) <= 4 + 4 + 1  # the context may be asked for by each


def test_a_wrong_password_is_not_tried_again_and_again(tryton: Server) -> None:
    source = source_at(tryton.url, user="admin", password="wrong")
    with pytest.raises(AuthFailed) as failed:
        read(source)
    assert "wrong" not in failed.value.detail
    spent = session()
    with pytest.raises(AuthFailed):
        read(source, within=spent)
    assert spent.timings.erp_calls == 0


def test_a_database_that_is_not_there(tryton: Server) -> None:
    """Tryton waits for PostgreSQL half a minute before it says so."""
    with pytest.raises(TimedOut):
        read(source_at(tryton.url, "nosuch", seconds=1.0))


def test_rights_are_those_of_the_user(tryton: Server) -> None:
    seller = source_at(tryton.url, user="seller")
    assert read(seller)
    with pytest.raises(Denied) as denied:
        read(seller, Ask("account.payment", ("id", "amount")))
    assert "account.payment" not in denied.value.message


def test_what_there_is_not(source: TrytonSource) -> None:
    assert source.entity("no.such") is None
    assert source.entity("party.party") is not None
    assert source.field("party.party", "no_such") is None
    assert source.field("party.party", "name.first") is None
    assert source.field("account.invoice", "party.no_such") is None
    assert source.field("account.invoice", "lines") is None
    with pytest.raises(Unanswerable):
        source.rpc.call("model.no.such.fields_get", [[], {}], session())


def test_large_answers_arrive(source: TrytonSource) -> None:
    """Beyond 1,400 bytes the server calls every answer gzip, whether it is or not."""
    assert len(json.dumps(typed(read(source, Ask("party.party", ("id", "name", "create_date")))))) > 1_400


def test_computed_fields_are_read_and_not_searched(source: TrytonSource) -> None:
    found = read(source, Ask("account.invoice", ("number", "amount_to_pay", "total_amount")))
    assert any(record["amount_to_pay"] for record in found)
    assert source.grade("account.invoice", Compare("amount_to_pay", "eq", Decimal(0))) == 0


def test_inactive_records_are_there(source: TrytonSource) -> None:
    assert "Retired Inc" in {record["name"] for record in read(source, Ask("party.party", ("name",)))}
    hidden = Ask("party.party", ("name",), options={"context": {"active_test": True}})
    assert "Retired Inc" not in {record["name"] for record in read(source, hidden)}


def test_types_come_as_they_are(source: TrytonSource) -> None:
    fields = ("name", "active", "create_date", "write_date", "credit_limit_amount")
    (party,) = read(source, Ask("party.party", fields, Compare("code", "eq", "C-002")))
    assert party["name"] == "O'Brien's Pumps"
    assert party["active"] is True
    assert party["credit_limit_amount"] == Decimal(200_000)
    assert isinstance(party["create_date"], datetime)
    assert party["create_date"].tzinfo is UTC
    (line, *_) = read(source, Ask("account.invoice.line", ("quantity", "invoice.invoice_date", "invoice.party.code")))
    assert isinstance(line["quantity"], Decimal)


def test_a_deadline_ends_a_call(tryton: Server) -> None:
    source = source_at(tryton.url)
    read(source)
    with pytest.raises(TimedOut):
        read(source, within=session(0.002))


def test_it_tells_about_itself(source: TrytonSource) -> None:
    assert "Tryton 8.2" in source.describe(session())
    assert PASSWORD not in source.describe(session())
    source.ping(session())
    text = source.explain(Ask("party.party", ("name",), Compare("code", "eq", "C-002"), (Order("code"),), 0, 10))
    assert "model.party.party.search_read" in text
    assert '["code", "=", "C-002"]' in text


def test_nobody_there() -> None:
    with pytest.raises(Unavailable):
        read(source_at("http://127.0.0.1:9/"))


# --- with a server that answers as told ---------------------------------------------------------------------------------

Answers = Callable[[str, dict[str, Any], dict[str, str]], tuple[int, dict[str, str], bytes]]


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = answers(self.path, asked, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def old_release(path: str, asked: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """The paths of 7.8: another one is not there."""
    if path not in ("/", "/tryton/"):
        return 404, {}, b"{}"
    results: dict[str, Any] = {
        "common.server.version": "7.8",
        "common.db.login": [1, "abc", None],
        "model.res.user.get_preferences": {"company": 1},
        "model.party.party.fields_get": {"id": {"type": "integer"}, "code": {"type": "char", "required": True}},
        "model.party.party.search_read": [{"id": 7, "code": "X"}],
    }
    body = json.dumps({"id": asked["id"], "result": results[asked["method"]]}).encode()
    assert "gzip" in headers.get("Accept-Encoding", "")
    return 200, {"Content-Encoding": "gzip"}, gzip.compress(body)


def test_paths_of_older_releases_are_found_and_remembered() -> None:
    with answering(old_release) as url:
        source = source_at(url)
        assert source.describe(session()).startswith("Tryton 7.8")
        ask = Ask("party.party", ("id", "code"))
        assert read(source, ask) == [{"id": 7, "code": "X"}]
        spent = session()
        read(source, ask, spent)
        assert spent.timings.erp_calls == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<html>down for maintenance</html>", BadAnswer),
        (b'{"id": 1}', BadAnswer),
        (b'{"id": 1, "result": [{"code": "X"}]}', BadAnswer),
        (b'{"id": 1, "result": {"__class__": "date", "year": 2026}}', BadAnswer),
        (b'{"id": 1, "result": NaN}', BadAnswer),
        (b'{"id": 1, "error": ["UserError", ["You are not allowed to read", "", null]]}', Denied),
        (b'{"id": 1, "error": ["ConcurrencyException", ["x", 1]]}', Locked),
        (b'{"id": 1, "error": ["division by zero", "Traceback"]}', Failed),
    ],
)
def test_answers_that_cannot_be_used(body: bytes, error: type[SourceError]) -> None:
    def answers(path: str, asked: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if asked["method"].endswith("search_read"):
            return 200, {}, body
        return old_release(path, asked, headers)

    with answering(answers) as url, pytest.raises(error) as raised:
        read(source_at(url), Ask("party.party", ("id", "code")))
    assert "Traceback" not in raised.value.message


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (["UserError", ["You are not allowed to access \"Payment\".", "", None]], Denied),
        (["UserError", ["A value is required.", "", None]], Refused),
        (["UserWarning", ["name", "Really?", ""]], Refused),
        (["ConcurrencyException", ["Record was changed"]], Locked),
        (["RateLimitException", []], Busy),
        (["TimeOutException", []], Failed),
        (["'nofield'", ""], Unanswerable),
        (["Missing search function", "Traceback"], Failed),
        ("odd", Failed),
        ([], Failed),
    ],
)  # fmt: skip
def test_errors_that_come_with_200(told: Any, error: type[SourceError]) -> None:
    found = error_of(told)
    assert type(found) is error
    assert "Payment" not in found.message


# --- values -------------------------------------------------------------------------------------------------------------

VALUES = [
    date(2026, 11, 23),
    datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC),
    clock(8, 30, 15, 1),
    timedelta(days=-1, seconds=5, microseconds=250_000),
    Decimal("12.30"),
    b"\x00\xff",
    [1, "a", None, True, {"x": Decimal("1E+5")}],
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_as_they_went(value: Any) -> None:
    assert plain(json.loads(json.dumps(typed(value)), parse_float=Decimal)) == value


@pytest.mark.parametrize(
    "odd", [{"__class__": "nosuch"}, {"__class__": "Decimal", "decimal": "x"}, {"__class__": None}]
)
def test_values_of_no_known_class(odd: Any) -> None:
    with pytest.raises(BadAnswer):
        plain([odd])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(Decimal("0.1"), 0.1), (Decimal(3), 3), (Decimal("0.1000000000000000055"), None), (Decimal("1E+400"), None)],
)
def test_decimals_that_a_float_tells_apart(value: Decimal, expected: float | None) -> None:
    assert as_float(value) == expected
