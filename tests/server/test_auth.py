"""Who is let in, who is not, and at what cost."""

import base64
from typing import Any

import pytest

from edm.errors import ODataError
from odata_server import auth
from odata_server.auth import ANONYMOUS, Anonymous, Basic, Failures, Principal, hash_password
from odata_server.messages import Headers
from tests.server.support import HASH, PASSWORD, metadata

ALICE = Principal("alice", authenticated=True)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def header(user: str = "alice", password: str = PASSWORD, encoding: str = "utf-8") -> Headers:
    return raw("Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode())


def raw(value: str) -> Headers:
    return Headers({"Authorization": value})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def basic(clock: Clock) -> Basic:
    return Basic({"alice": HASH}, b"k" * 32, clock=clock)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were verified the expensive way; the costs themselves are spared."""
    calls: list[str] = []

    def verify(self: Basic, stored: str, password: str) -> bool:
        calls.append(password)
        return stored == HASH and password == PASSWORD

    monkeypatch.setattr(Basic, "_verify", verify)
    return calls


def code(authenticator: Any, headers: Headers, *, secure: bool = True, address: str = "192.0.2.1") -> str:
    with pytest.raises(ODataError) as caught:
        authenticator.authenticate(headers, secure=secure, address=address)
    return caught.value.code


def test_the_right_password(basic: Basic) -> None:
    assert basic.authenticate(header(), secure=True, address="192.0.2.1") == ALICE
    assert basic.authenticate(raw("bAsIc " + header()["authorization"][6:]), secure=True, address="x") == ALICE


def test_real_hashes_have_owasp_parameters() -> None:
    assert hash_password("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "headers",
    [
        Headers(),
        header(password="wrong"),
        header(user="mallory"),
        header(user=""),
        header(encoding="latin-1"),
        header(password="with\0nul"),
        header(user="a\nb"),
        header(password="x" * 1_000_000),
        raw("Basic"),
        raw("Basic !!!"),
        raw("Basic " + base64.b64encode(b"no-colon").decode()),
        raw("Bearer abc"),
        raw(f"{header()['authorization']}, {header()['authorization']}"),
    ],
)
def test_refused(basic: Basic, headers: Headers) -> None:
    with pytest.raises(ODataError) as caught:
        basic.authenticate(headers, secure=True, address="192.0.2.1")
    assert caught.value.code == "unauthorized"
    assert caught.value.headers == (("WWW-Authenticate", 'Basic realm="erp-odata", charset="UTF-8"'),)
    assert PASSWORD not in str(caught.value)


def test_known_and_unknown_users_look_alike(basic: Basic) -> None:
    errors = []
    for headers in (header(password="wrong"), header(user="mallory")):
        with pytest.raises(ODataError) as caught:
            basic.authenticate(headers, secure=True, address="192.0.2.1")
        errors.append((caught.value.code, caught.value.message, caught.value.hint))
    assert errors[0] == errors[1]


def test_unknown_users_cost_a_hash_too(basic: Basic, hashed: list[str]) -> None:
    code(basic, header(user="mallory"))
    assert len(hashed) == 1


def test_plain_http_is_refused_before_the_password_is_looked_at(basic: Basic, hashed: list[str]) -> None:
    assert code(basic, header(), secure=False) == "insecure_transport"
    assert hashed == []


def test_good_credentials_are_remembered_for_a_minute(basic: Basic, clock: Clock, hashed: list[str]) -> None:
    for _ in range(5):
        basic.authenticate(header(), secure=True, address="192.0.2.1")
    assert len(hashed) == 1
    clock.now += 61
    basic.authenticate(header(), secure=True, address="192.0.2.1")
    assert len(hashed) == 2


def test_a_changed_password_counts_at_once(basic: Basic) -> None:
    basic.authenticate(header(), secure=True, address="192.0.2.1")
    basic.replace_users({"alice": hash_password("another one")})
    assert code(basic, header()) == "unauthorized"
    basic.authenticate(header(password="another one"), secure=True, address="192.0.2.1")
    basic.replace_users({})
    assert code(basic, header(password="another one")) == "unauthorized"


def test_brute_force_costs_few_hashes_and_locks_nobody_out(basic: Basic, clock: Clock, hashed: list[str]) -> None:
    basic.authenticate(header(), secure=True, address="192.0.2.1")
    codes = {code(basic, header(password=f"guess{n}"), address="203.0.113.9") for n in range(500)}
    assert codes == {"unauthorized", "too_many_requests"}
    assert len(hashed) <= 1 + Failures.LIMITS["user"]
    # Alice is known here: neither within the minute nor after it can anybody keep her out.
    assert basic.authenticate(header(), secure=True, address="192.0.2.1") == ALICE
    clock.now += 59
    code(basic, header(password="guess"), address="203.0.113.9")
    clock.now += 2
    for n in range(50):
        code(basic, header(password=f"more{n}"), address="203.0.113.9")
    assert basic.authenticate(header(), secure=True, address="192.0.2.1") == ALICE


def test_too_many_failures_say_when_to_come_back(basic: Basic, clock: Clock, hashed: list[str]) -> None:
    for _ in range(Failures.LIMITS["user"]):
        assert code(basic, header(password="wrong")) == "unauthorized"
    clock.now += 20
    with pytest.raises(ODataError) as caught:
        basic.authenticate(header(password="wrong"), secure=True, address="192.0.2.1")
    assert (caught.value.status, caught.value.headers) == (429, (("Retry-After", "40"),))
    clock.now += 41
    assert code(basic, header(password="wrong")) == "unauthorized"


def test_many_addresses_and_users_share_one_limit(basic: Basic, hashed: list[str]) -> None:
    for n in range(2_000):
        code(basic, header(user=f"user{n}"), address=f"10.{n // 250}.{n % 250}.1")
    assert len(hashed) == Failures.LIMITS["all"]


def test_one_ipv6_customer_is_one_address(basic: Basic, hashed: list[str]) -> None:
    for n in range(100):
        code(basic, header(user=f"user{n}"), address=f"2001:db8::{n:x}")
    assert len(hashed) == Failures.LIMITS["address"]


def test_memory_is_bounded() -> None:
    failures = Failures()
    for n in range(3 * Failures.SUBJECTS):
        failures.add((f"user {n}",))
    assert len(failures) == Failures.SUBJECTS
    remembered = auth._Remembered(60, 10, Clock())
    for n in range(100):
        remembered.add(bytes([n]))
    assert len(remembered._until) == 10


def test_anonymous_is_for_loopback(basic: Basic) -> None:
    door = Anonymous(basic)
    for address in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
        assert door.authenticate(Headers(), secure=False, address=address) == ANONYMOUS
    for address in ("192.0.2.1", "", "unix", "::ffff:192.0.2.1", "10.0.0.1"):
        assert code(door, Headers(), secure=True, address=address) == "unauthorized"


def test_anonymous_access_still_checks_credentials(basic: Basic) -> None:
    door = Anonymous(basic)
    assert door.authenticate(header(), secure=True, address="127.0.0.1") == ALICE
    assert code(door, header(password="wrong"), address="127.0.0.1") == "unauthorized"
    assert Anonymous().authenticate(header(), secure=True, address="127.0.0.1") == ANONYMOUS


def test_the_seams_let_everything_through() -> None:
    model = metadata()
    assert ALICE.view(model) is model
    assert ALICE.row_scope(model["Customers"]) is None
