"""What a call sends, what it takes, and within which bounds."""

import gzip
import os
import threading
import time
import zlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from erp_adapters.base import BadAnswer, Busy, Refused, Session, SourceError, Throttled, TimedOut, Unavailable
from erp_adapters.transport import Anonymous, Basic, Secret, Trail, Transport, TransportOptions
from tests.adapters.transport.server import CLOSE, RESET, Piece, Seen, Server, answer, one_by_one, trickled

SESSION = Session()


def transport(server: Server, **options: Any) -> Transport:
    return Transport(server.url, Anonymous(), TransportOptions(**options))


def test_a_call_is_made_with_what_it_needs(erp: Server) -> None:
    erp.says(answer({"a": 1}))
    session = Session(correlation_id="c-1")
    found = transport(erp, headers={"sap-client": "100"}).send(
        "GET", "Set", session, params={"$filter": "A eq 'x y+&'", "$top": "1"}, headers={"accept-language": "de"}
    )
    assert found.json() == {"a": 1}
    (seen,) = erp.seen
    assert seen.target == "/erp/Set?$filter=A%20eq%20'x%20y%2B%26'&$top=1"
    sent = {name: seen.headers.get(name) for name in ("accept", "sap-client", "accept-language", "x-correlation-id")}
    assert sent == {
        "accept": "application/json",
        "sap-client": "100",
        "accept-language": "de",
        "x-correlation-id": "c-1",
    }
    assert "authorization" not in seen.headers
    assert session.timings.erp_calls == 1
    assert 0 < session.timings.erp_seconds < 5


def test_the_environment_has_no_say(erp: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    transport(erp).send("GET", "", SESSION)
    assert len(erp.seen) == 1


def test_a_proxy_that_is_asked_for_is_used(erp: Server) -> None:
    found = Transport("http://erp.invalid/x/", Anonymous(), TransportOptions(proxy=f"http://127.0.0.1:{erp.port}"))
    found.send("GET", "Set", SESSION)
    assert erp.seen[0].target == "http://erp.invalid/x/Set"


def test_connections_are_kept(erp: Server) -> None:
    calls = transport(erp)
    for _ in range(5):
        calls.send("GET", "", SESSION)
    assert {seen.connection for seen in erp.seen} == {1}
    calls.close()
    calls.send("GET", "", SESSION)
    assert {seen.connection for seen in erp.seen} == {1, 2}


@pytest.mark.parametrize("end", [RESET, CLOSE])
def test_a_kept_connection_that_is_dead_costs_nothing(erp: Server, end: str) -> None:
    def script(seen: Seen) -> list[Any]:
        return [end] if seen.connection == 1 and len(erp.seen) > 1 else [answer({})]

    erp.script = script
    calls = transport(erp)
    calls.send("GET", "", SESSION)
    calls.send("GET", "", SESSION)
    assert [seen.connection for seen in erp.seen] == [1, 1, 2]


def test_what_may_change_something_is_sent_once(erp: Server) -> None:
    erp.script = lambda seen: [RESET] if seen.method == "POST" else [answer({})]
    calls = transport(erp)
    calls.send("GET", "", SESSION)
    with pytest.raises(Unavailable):
        calls.send("POST", "", SESSION, body=b"{}")
    assert [seen.method for seen in erp.seen] == ["GET", "POST"]


def test_a_new_connection_that_is_reset_is_not_tried_again(erp: Server) -> None:
    erp.says(RESET)
    with pytest.raises(Unavailable):
        transport(erp).send("GET", "", SESSION)
    assert len(erp.seen) == 1


def test_calls_at_once_are_bounded(erp: Server) -> None:
    erp.says(0.3, answer({}))
    calls = transport(erp, pool_size=2, wait=0.1)
    refused: list[SourceError] = []

    def call() -> None:
        try:
            calls.send("GET", "", SESSION)
        except SourceError as error:
            refused.append(error)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert erp.most_at_once == 2
    assert [type(error) for error in refused] == [Busy] * 4


def test_who_waits_for_room_gets_it(erp: Server) -> None:
    erp.says(0.2, answer({}))
    calls = transport(erp, pool_size=1, wait=2.0)
    threads = [threading.Thread(target=calls.send, args=("GET", "", SESSION)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(erp.seen), erp.most_at_once) == (3, 1)


def test_processes_share_no_connection(erp: Server) -> None:
    """A server learns of the ERP before it forks its workers."""
    erp.script = lambda seen: [answer({"a": seen.connection})]
    calls = transport(erp)
    assert calls.send("GET", "", SESSION).json() == {"a": 1}
    child = os.fork()
    if child == 0:
        try:
            found = [calls.send("GET", "", SESSION).json()["a"] for _ in range(2)]
            os._exit(found[0] if found[0] == found[1] else 99)
        finally:
            os._exit(98)
    assert calls.send("GET", "", SESSION).json() == {"a": 1}
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2


# --- time -------------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW: dict[str, Sequence[Piece]] = {
    "silent": [30.0],
    "slow status": trickled(b"HTTP/1.1 200 OK" + b" " * 1000, 0.1),
    "slow headers": [HEAD, *trickled(b"X: " + b"y" * 1000, 0.1)],
    "endless interim answers": [piece for _ in range(1000) for piece in (b"HTTP/1.1 100 Continue\r\n\r\n", 0.05)],
    "slow body": [HEAD + b"Content-Length: 1000\r\n\r\n", *trickled(b" " * 1000, 0.1)],
    "slow chunks": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *trickled(b"1\r\n \r\n" * 500, 0.05)],
    "slow chunk header": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *trickled(b"0" * 1000, 0.1)],
    "stops in the body": [HEAD + b"Content-Length: 1000\r\n\r\n{", 30.0],
}


@pytest.mark.parametrize("case", SLOW)
@pytest.mark.parametrize("by", ["session", "source"])
def test_a_call_ends_at_its_deadline(erp: Server, case: str, by: str) -> None:
    erp.says(*SLOW[case])
    calls = transport(erp, timeout=0.5 if by == "source" else 20)
    began = time.monotonic()
    session = Session(deadline=began + 0.5) if by == "session" else SESSION
    with pytest.raises(TimedOut):
        calls.send("GET", "", session)
    assert 0.4 < time.monotonic() - began < 3


def test_no_call_without_time(erp: Server) -> None:
    with pytest.raises(TimedOut):
        transport(erp).send("GET", "", Session(deadline=time.monotonic() - 1))
    assert not erp.seen


def test_a_connection_that_was_cut_is_not_used_again(erp: Server) -> None:
    erp.script = one_by_one([*trickled(HEAD, 0.1)], answer({"a": 1}))
    calls = transport(erp, timeout=0.3)
    with pytest.raises(TimedOut):
        calls.send("GET", "", SESSION)
    assert calls.send("GET", "", SESSION).json() == {"a": 1}


# --- size -------------------------------------------------------------------------------------------------------------


def packed(body: bytes, how: str) -> bytes:
    data = gzip.compress(body) if how == "gzip" else zlib.compress(body)
    return answer(data, headers=[("Content-Encoding", how)])


@pytest.mark.parametrize("how", ["gzip", "deflate"])
def test_packed_answers_are_unpacked(erp: Server, how: str) -> None:
    erp.says(packed(b'{"a": "' + b"x" * 200_000 + b'"}', how))
    assert len(transport(erp).send("GET", "", SESSION).json()["a"]) == 200_000


def test_gzip_of_several_members(erp: Server) -> None:
    erp.says(answer(gzip.compress(b'{"a":') + gzip.compress(b" 1}"), headers=[("Content-Encoding", "gzip")]))
    assert transport(erp).send("GET", "", SESSION).json() == {"a": 1}


@pytest.mark.parametrize(
    "pieces",
    [
        [answer(b" " * 2_000_000)],
        [packed(b" " * 2_000_000, "gzip")],
        [packed(b" " * 2_000_000, "deflate")],
        [answer(gzip.compress(b" " * 700_000) * 3, headers=[("Content-Encoding", "gzip")])],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 65536 + b"\r\n"] * 1
        + [b"10000\r\n" + b" " * 65536 + b"\r\n"] * 100,
        [HEAD + b"\r\n"] + [b" " * 65536] * 100,
    ],
    ids=["plain", "gzip", "deflate", "members", "chunks", "until it closes"],
)
def test_large_answers_are_refused(erp: Server, pieces: list[Any]) -> None:
    erp.says(*pieces)
    with pytest.raises(BadAnswer, match="cannot be used") as found:
        transport(erp, largest=1_000_000).send("GET", "", SESSION)
    assert "more than 1000000 bytes" in found.value.detail


def test_a_bomb_is_not_unpacked(erp: Server) -> None:
    """A gigabyte in a megabyte: what is unpacked is not more than what is taken."""
    bomb = gzip.compress(b"\0" * 100_000_000)
    erp.says(answer(bomb, headers=[("Content-Encoding", "gzip")]))
    began = time.process_time()
    with pytest.raises(BadAnswer):
        transport(erp, largest=1_000_000).send("GET", "", SESSION)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}' * 99, mtime=0)[:-9]),
        ("gzip", b"no gzip"),
        ("deflate", b"x"),
        ("br", b"x"),
        ("gzip, gzip", b""),
    ],
)
def test_what_cannot_be_unpacked_is_refused(erp: Server, encoding: str, body: bytes) -> None:
    erp.says(answer(body, headers=[("Content-Encoding", encoding)]))
    with pytest.raises(BadAnswer):
        transport(erp).send("GET", "", SESSION)


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1.10, "b": 1e2}', {"a": Decimal("1.10"), "b": Decimal("100")}),
        (b"[12345678901234567890123]", [12345678901234567890123]),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"[]", []),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
    ],
)
def test_json_is_exact(erp: Server, body: bytes, expected: object) -> None:
    erp.says(answer(body))
    found = transport(erp).send("GET", "", SESSION).json()
    assert found == expected
    if isinstance(found, dict) and "b" in found:
        assert {type(value) for value in found.values()} == {Decimal}


def test_json_in_another_character_set(erp: Server) -> None:
    erp.says(answer('{"a": "ü"}'.encode("latin-1"), kind="application/json; charset=ISO-8859-1"))
    assert transport(erp).send("GET", "", SESSION).json() == {"a": "ü"}


@pytest.mark.parametrize(
    ("kind", "expect", "body"),
    [
        ("application/json", "application/json", b"{}"),
        ("application/problem+json;charset=utf-8", "application/json", b"{}"),
        ("text/plain", "application/json", b" {}"),
        ("", "application/json", b"[]"),
        ("application/atom+xml", "application/xml", b"<a/>"),
        ("text/xml", "application/xml", b"<a/>"),
        ("image/png", "*/*", b"x"),
        ("text/html", "", b"x"),
    ],
)
def test_types_that_fit(erp: Server, kind: str, expect: str, body: bytes) -> None:
    erp.says(answer(body, kind=kind))
    assert transport(erp).send("GET", "", SESSION, expect=expect).body == body


@pytest.mark.parametrize(
    ("kind", "expect"),
    [
        ("text/html", "application/json"),
        ("", "application/json"),
        ("application/xml", "application/json"),
        ("text/html", "*/*"),
    ],
)
def test_types_that_do_not_fit(erp: Server, kind: str, expect: str) -> None:
    erp.says(answer(b"<p>x", kind=kind))
    with pytest.raises(BadAnswer):
        transport(erp).send("GET", "", SESSION, expect=expect)


def test_a_status_that_the_kind_expects_is_handed_on(erp: Server) -> None:
    erp.says(answer(b"<p>no", 404, kind="text/html"))
    calls = transport(erp)
    assert calls.send("GET", "", SESSION, accept=(404,)).status == 404
    with pytest.raises(Refused) as found:
        calls.send("GET", "", SESSION)
    assert (found.value.answered, found.value.code) == (404, "erp_refused")


def test_the_clock_of_the_erp(erp: Server) -> None:
    calls = transport(erp)
    erp.says(answer({}, headers=[("Date", "garbage")]))
    calls.send("GET", "", SESSION)
    skews = [calls.skew]
    erp.says(answer({}, headers=[("Date", "Wed, 21 Oct 2015 07:28:00 GMT")]))
    calls.send("GET", "", SESSION)
    skews.append(calls.skew)
    assert skews[0] is None
    assert skews[1] is not None
    assert skews[1] < -300_000_000


def test_no_cookies_are_kept_between_callers(erp: Server) -> None:
    erp.says(answer({}, headers=[("Set-Cookie", "SAP_SESSIONID=1; path=/")]))
    calls = transport(erp)
    first, second = calls.http(SESSION), calls.http(SESSION)
    for http in (first, first, second):
        http.get("Set")
    calls.send("GET", "", SESSION)
    assert [seen.headers.get("cookie") for seen in erp.seen] == [None, "SAP_SESSIONID=1", None, None]


# --- an ERP that wants to be left alone -------------------------------------------------------------------------------


def test_a_short_rest_is_waited_for(erp: Server) -> None:
    erp.script = one_by_one(answer(b"", 429, headers=[("Retry-After", "1")]), answer({"a": 1}))
    began = time.monotonic()
    assert transport(erp).send("GET", "", SESSION).json() == {"a": 1}
    assert 0.9 < time.monotonic() - began < 3


def test_during_a_long_rest_nobody_calls(erp: Server) -> None:
    erp.says(answer(b"", 429, headers=[("Retry-After", "99999999")]))
    calls = transport(erp)
    for _ in range(5):
        began = time.monotonic()
        with pytest.raises(Throttled) as found:
            calls.send("GET", "", SESSION)
        assert time.monotonic() - began < 1
        assert 8 <= int(dict(found.value.headers)["Retry-After"]) <= 10
    assert len(erp.seen) == 1


def test_a_rest_without_a_time_is_none(erp: Server) -> None:
    """One more try, then it is told."""
    erp.says(answer(b"", 429))
    with pytest.raises(Throttled):
        transport(erp).send("GET", "", SESSION)
    assert len(erp.seen) == 2


def test_a_rest_beyond_the_deadline(erp: Server) -> None:
    erp.says(answer(b"", 429, headers=[("Retry-After", "4")]))
    began = time.monotonic()
    with pytest.raises(Throttled):
        transport(erp, wait=9).send("GET", "", Session(deadline=began + 3))
    assert time.monotonic() - began < 2.5


def test_what_may_change_something_is_not_repeated_after_a_rest(erp: Server) -> None:
    erp.says(answer(b"", 429))
    with pytest.raises(Throttled):
        transport(erp).send("POST", "", SESSION, body=b"{}")
    assert len(erp.seen) == 1


# --- links ------------------------------------------------------------------------------------------------------------


def test_pages_do_not_go_in_circles() -> None:
    trail = Trail(most=3)
    for link in "ab":
        assert trail.follow(link) == link
    with pytest.raises(BadAnswer, match="cannot be used"):
        trail.follow("a")
    trail.follow("c")
    with pytest.raises(BadAnswer):
        trail.follow("d")


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("Set?$skiptoken=1", "/erp/Set"),
        ("/other", "/other"),
        ("../x", "/x"),
        ("{root}Set", "/erp/Set"),
        ("HTTP://LOCALHOST:{port}/erp/Set#part", "/erp/Set"),
    ],
)
def test_links_within_the_origin(erp: Server, link: str, path: str) -> None:
    transport(erp).send("GET", link.format(root=erp.url, port=erp.port), SESSION)
    assert erp.seen[0].path == path


def test_the_root_ends_with_a_slash() -> None:
    assert Transport("https://h/a/b?x=1#y", Anonymous()).root == "https://h/a/b/"
    for bad in ("ftp://h/", "https://", "https://u:p@h/", "nothing"):
        with pytest.raises(ValueError, match="http"):
            Transport(bad, Anonymous())


def test_redirects_within_the_origin_are_followed(erp: Server) -> None:
    def script(seen: Seen) -> list[Any]:
        return [
            answer({"at": seen.target}) if seen.path == "/end" else answer(b"", 302, headers=[("Location", "/end?a=1")])
        ]

    erp.script = script
    calls = Transport(erp.url, Basic("u", Secret("p")))
    assert calls.send("GET", "Set?b=2", SESSION).json() == {"at": "/end?a=1"}
    assert len({seen.headers["authorization"] for seen in erp.seen}) == 1
    with pytest.raises(BadAnswer):
        calls.send("POST", "Set", SESSION, body=b"{}")


def test_redirects_in_a_circle(erp: Server) -> None:
    erp.says(answer(b"", 301, headers=[("Location", "")]))
    with pytest.raises(BadAnswer):
        transport(erp, redirects=3).send("GET", "Set", SESSION)
    assert len(erp.seen) == 4


def test_counting_from_many_threads(erp: Server) -> None:
    session, calls = Session(), transport(erp, pool_size=8)
    threads = [threading.Thread(target=calls.send, args=("GET", "", session)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.timings.erp_calls == 40 == len(erp.seen)
    assert all(later.connection >= 0 for _, later in pairwise(erp.seen))
