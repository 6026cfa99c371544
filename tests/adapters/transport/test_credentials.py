"""Signing in: what is sent, how it is renewed without a restart, and that wrong credentials are not tried in a storm."""

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from erp_adapters.base import AuthFailed, BadAnswer, Session, SourceError
from erp_adapters.transport import Anonymous, Basic, ClientCredentials, Credentials, Proofs, Secret, Token, Transport
from tests.adapters.transport.server import Seen, Server, answer

SESSION = Session()
CANARY = "s3cret&canary/ü"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def takes(*accepted: str, header: str = "authorization") -> Any:
    """A script that lets in who shows one of these."""
    return lambda seen: [answer({})] if seen.headers.get(header) in accepted else [answer(b"", 401, kind="")]


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        (Anonymous(), {}),
        (Basic("ü", Secret("p:w")), {"authorization": basic("ü", "p:w")}),
        (Token(Secret("t")), {"authorization": "Bearer t"}),
        (Token(Secret("t"), "X-Api-Key", ""), {"x-api-key": "t"}),
    ],
)
def test_what_is_sent(erp: Server, credentials: Credentials, sent: dict[str, str]) -> None:
    Transport(erp.url, credentials).send("GET", "", SESSION)
    (seen,) = erp.seen
    assert {name: value for name, value in seen.headers.items() if name in ("authorization", "x-api-key")} == sent


# --- rotation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_a_file_that_changes_is_read_again(erp: Server, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "secret"
    path.write_text("one\n")
    secret = Secret(path=path)
    calls = Transport(erp.url, Basic("u", secret) if kind == "basic" else Token(secret))
    shown = (lambda word: basic("u", word)) if kind == "basic" else (lambda word: f"Bearer {word}")
    erp.script = takes(shown("one"))
    calls.send("GET", "", SESSION)
    path.write_text("second\n")
    erp.script = takes(shown("second"))
    calls.send("GET", "", SESSION)
    assert [seen.headers["authorization"] for seen in erp.seen] == [shown("one"), shown("second")]


def test_a_file_that_seems_unchanged_is_read_again_after_a_401(erp: Server, tmp_path: Path) -> None:
    """Same length, same second, same inode: what the file system tells is not always enough."""
    import os

    path = tmp_path / "secret"
    path.write_text("aaa")
    os.utime(path, (1, 1))
    calls = Transport(erp.url, Basic("u", Secret(path=path)))
    erp.script = takes(basic("u", "aaa"))
    calls.send("GET", "", SESSION)
    path.write_text("bbb")
    os.utime(path, (1, 1))
    erp.script = takes(basic("u", "bbb"))
    assert calls.send("GET", "", SESSION).status == 200
    assert [seen.headers["authorization"] for seen in erp.seen] == [basic("u", word) for word in ("aaa", "aaa", "bbb")]


def test_a_file_that_is_being_written_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = Secret(path=path)
    with pytest.raises(AuthFailed) as found:
        secret.get()
    assert "No such file" in found.value.detail
    path.write_text("")
    with pytest.raises(AuthFailed):
        secret.get()
    path.write_text("x")
    assert secret.get() == "x"
    path.write_text("")
    assert secret.get() == "x"
    path.unlink()
    assert secret.get() == "x"
    path.write_text("y")
    assert secret.get() == "y"


# --- no storm ---------------------------------------------------------------------------------------------------------


def test_wrong_credentials_are_tried_once(erp: Server) -> None:
    erp.script = takes()
    calls = Transport(erp.url, Basic("u", Secret(CANARY)))
    for _ in range(5):
        with pytest.raises(AuthFailed) as found:
            calls.send("GET", "", SESSION)
        assert found.value.code == "erp_auth"
    assert len(erp.seen) == 1


def test_wrong_credentials_are_tried_by_one_of_many(erp: Server) -> None:
    erp.script = lambda seen: [0.1, answer(b"", 401, kind="")]
    calls, errors = Transport(erp.url, Basic("u", Secret("x"))), []

    def call() -> None:
        try:
            calls.send("GET", "", SESSION)
        except SourceError as error:
            errors.append(type(error))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(erp.seen), errors) == (1, [AuthFailed] * 8)


def test_wrong_credentials_are_tried_again_after_a_minute(erp: Server) -> None:
    now = [0.0]
    erp.script = takes()
    calls = Transport(erp.url, Basic("u", Secret("x")))
    calls._proofs = Proofs(clock=lambda: now[0])
    for at in (0.0, 59.0, 61.0, 100.0, 122.0):
        now[0] = at
        with pytest.raises(AuthFailed):
            calls.send("GET", "", SESSION)
    assert len(erp.seen) == 3


def test_other_credentials_are_tried_at_once(erp: Server, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("wrong")
    erp.script = takes(basic("u", "right"))
    calls = Transport(erp.url, Basic("u", Secret(path=path)))
    with pytest.raises(AuthFailed):
        calls.send("GET", "", SESSION)
    path.write_text("right")
    assert calls.send("GET", "", SESSION).status == 200


def test_a_kind_that_signs_in_by_itself_gets_its_401(erp: Server) -> None:
    erp.script = takes()
    assert Transport(erp.url, Anonymous()).send("GET", "", SESSION, accept=(401,)).status == 401


# --- OAuth ------------------------------------------------------------------------------------------------------------


class TokenServer:
    """Hands out t1, t2, ... to who has the secret."""

    def __init__(self, server: Server, secret: str = "s", life: object = 3600) -> None:
        self.secret, self.life, self.given, self.asked = secret, life, 0, server.seen
        server.script = self

    def __call__(self, seen: Seen) -> list[Any]:
        if seen.headers.get("authorization") != basic("id", self.secret):
            return [answer({"error": "invalid_client", "error_description": CANARY}, 401)]
        self.given += 1
        return [0.05, answer({"access_token": f"t{self.given}", "token_type": "bearer", "expires_in": self.life})]


def oauth(server: Server, secret: Secret | None = None, **given: Any) -> ClientCredentials:
    return ClientCredentials(f"{server.url}token", "id", secret or Secret("s"), **given)


def test_a_token_is_fetched_once_for_all(erp: Server, other: Server) -> None:
    tokens = TokenServer(other)
    erp.script = takes("Bearer t1")
    calls = Transport(erp.url, oauth(other, scope="a b"))
    threads = [threading.Thread(target=calls.send, args=("GET", "", SESSION)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(erp.seen), tokens.given) == (8, 1)
    assert parse_qs(other.seen[0].body.decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    assert other.seen[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_id_and_secret_in_the_form(erp: Server, other: Server) -> None:
    other.says(answer({"access_token": "t", "expires_in": "60"}))
    given = oauth(other, Secret("ü&"), in_body=True, parameters={"resource": "https://x/"})
    Transport(erp.url, given).send("GET", "", SESSION)
    form = {
        "client_id": ["id"],
        "client_secret": ["ü&"],
        "resource": ["https://x/"],
        "grant_type": ["client_credentials"],
    }
    assert parse_qs(other.seen[0].body.decode()) == form
    assert "authorization" not in other.seen[0].headers


@pytest.mark.parametrize(
    ("life", "kept"),
    [(3600, 3540), (100, 90), ("100", 90), (None, 270), ("soon", 270), (10**9, 86_340), (-5, 0), (0, 0)],
)
def test_a_token_is_kept_until_shortly_before_its_end(other: Server, life: object, kept: float) -> None:
    now = [0.0]
    tokens = TokenServer(other, life=life)
    given = oauth(other, clock=lambda: now[0])
    given.headers(SESSION)
    if kept:
        now[0] = kept - 1
        assert given.headers(SESSION) == {"Authorization": "Bearer t1"}
    now[0] = kept + 1
    assert given.headers(SESSION) == {"Authorization": "Bearer t2"}
    assert tokens.given == 2


def test_a_token_that_is_refused_is_renewed_once(erp: Server, other: Server) -> None:
    tokens = TokenServer(other)
    erp.script = takes("Bearer t1")
    calls = Transport(erp.url, oauth(other))
    calls.send("GET", "", SESSION)
    erp.script = takes("Bearer t2")
    calls.send("GET", "", SESSION)
    assert tokens.given == 2
    erp.script = takes()
    for _ in range(4):
        with pytest.raises(AuthFailed):
            calls.send("GET", "", SESSION)
    assert tokens.given == 3
    assert len(erp.seen) == 1 + 2 + 2


def test_a_wrong_secret_is_tried_once_and_rotated_without_restart(erp: Server, other: Server, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("wrong")
    tokens = TokenServer(other, secret="right")
    erp.script = takes("Bearer t1")
    calls = Transport(erp.url, oauth(other, Secret(path=path)))
    for _ in range(3):
        with pytest.raises(AuthFailed) as found:
            calls.send("GET", "", SESSION)
    assert (len(other.seen), len(erp.seen)) == (1, 0)
    assert "wrong" not in found.value.detail
    path.write_text("right")
    calls.send("GET", "", SESSION)
    assert (tokens.given, len(erp.seen)) == (1, 1)


@pytest.mark.parametrize(
    "told",
    [
        [],
        "t",
        {},
        {"access_token": 1},
        {"access_token": ""},
        {"access_token": "a\nb"},
        {"access_token": "t", "token_type": "mac"},
    ],
)
def test_an_answer_without_a_token(erp: Server, other: Server, told: object) -> None:
    other.says(answer(told))
    with pytest.raises(BadAnswer):
        Transport(erp.url, oauth(other)).send("GET", "", SESSION)
    assert not erp.seen


def test_fetching_a_token_is_within_the_deadline(erp: Server, other: Server) -> None:
    other.says(30.0)
    began = time.monotonic()
    with pytest.raises(SourceError):
        Transport(erp.url, oauth(other)).send("GET", "", Session(deadline=began + 0.4))
    assert time.monotonic() - began < 3


# --- nothing secret in logs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503, 504])
@pytest.mark.parametrize("kind", ["basic", "token", "oauth"])
def test_an_erp_that_repeats_credentials_does_not_get_them_logged(
    erp: Server, other: Server, status: int, kind: str
) -> None:
    other.says(answer({"access_token": "canary-token"}))
    given: dict[str, Credentials] = {
        "basic": Basic("u", Secret(CANARY)),
        "token": Token(Secret("canary-token")),
        "oauth": oauth(other, Secret(CANARY)),
    }
    credentials = given[kind]

    def repeats(seen: Seen) -> list[Any]:
        return [answer(f"you sent {json.dumps(seen.headers)} canary {CANARY}".encode(), status)]

    erp.script = repeats
    with pytest.raises(SourceError) as found:
        Transport(erp.url, credentials).send("GET", "Set", SESSION, params={"key": "query-canary"})
    error = found.value
    assert "you sent" in error.detail
    hidden = [basic("u", CANARY)[6:], "canary-token", "query-canary"] + ([CANARY] if kind != "token" else [])
    assert not [text for text in hidden if text in error.detail]
    assert "canary" not in error.message
    assert "sent" not in error.message
    assert CANARY not in repr(credentials)
    assert "canary-token" not in repr(credentials)
