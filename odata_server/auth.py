"""Who is asking: principals, and the ways to prove to be one.

An authentication method is a class here with ``authenticate``. What a principal may see is asked of the
principal; the settings that name users are in ``settings``.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from edm.errors import ODataError
from edm.expressions import Expr
from edm.model import EntitySet, ServiceMetadata
from edm.text import expression_text

CHALLENGE = ("WWW-Authenticate", 'Basic realm="erp-odata", charset="UTF-8"')

# OWASP's profile for argon2id: 19 MiB, two passes, one lane. The default costs ten times the time.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1

# Longer credentials are refused unread: nobody has them, and hashing them is work.
MAX_CREDENTIALS = 4_096


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller; asked what it may see: the model through ``view``, rows through ``row_scope``."""

    name: str = "anonymous"
    authenticated: bool = False

    def view(self, metadata: ServiceMetadata) -> ServiceMetadata:
        """The model as this caller sees it: what is hidden does not exist."""
        return metadata

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        """The condition a row of the set must meet to exist for this caller; ``None`` for all rows."""
        return None


ANONYMOUS = Principal()


def view_digest(principal: Principal, metadata: ServiceMetadata) -> str:
    """What stands for all that the caller may see, and differs from that of whoever sees more or less."""
    return "" if type(principal) is Principal else _view_digest(principal, metadata)


@lru_cache(maxsize=1_024)
def _view_digest(principal: Principal, metadata: ServiceMetadata) -> str:
    seen = [(entity_set.name, entity_set.type.member_names()) for entity_set in principal.view(metadata).sets]
    scopes = [principal.row_scope(entity_set) for entity_set in metadata.sets]
    rules = [None if scope is None else expression_text(scope) for scope in scopes]
    return hashlib.sha256(repr((seen, rules)).encode("utf-8", "surrogatepass")).hexdigest()


class Authenticator(Protocol):
    """Finds out who sent a request."""

    def authenticate(self, headers: Mapping[str, str], *, secure: bool, address: str) -> Principal:
        """The caller. ``headers`` finds names in any case; ``secure`` tells that nobody could listen on the
        way; ``address`` is the client's.

        Raises ``ODataError``: ``unauthorized``, ``insecure_transport`` or ``too_many_requests``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Lets callers without credentials in, if they call from this machine. Given credentials are still
    checked.
    """

    credentials: Authenticator | None = None

    def authenticate(self, headers: Mapping[str, str], *, secure: bool, address: str) -> Principal:
        if self.credentials is not None and "authorization" in headers:
            return self.credentials.authenticate(headers, secure=secure, address=address)
        # The bind address was checked at the start; this also holds if some other server binds elsewhere.
        if not _is_loopback(address):
            raise unauthorized("Anonymous access is for this machine only.")
        return ANONYMOUS


class Basic:
    """HTTP Basic (RFC 7617) against argon2id hashes.

    Salesforce sends the password with every callout and a hash takes 20 ms, so the last good credentials
    are remembered for a minute, as a keyed digest. Failures are counted by user and by address; credentials
    that have been right before are exempt, so that nobody can lock a user out.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        secret: bytes,
        *,
        clock: Callable[[], float] = time.monotonic,
        remember_seconds: float = 60.0,
    ) -> None:
        self._users = dict(users)
        self._secret = secret
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        # For unknown users: the same work as for known ones, so that the time does not tell which exist.
        self._dummy = next(iter(self._users.values()), None) or hash_password("-")
        self._verified = _Remembered(remember_seconds, 1_000, clock)
        self._known = _Remembered(float("inf"), 1_000, clock)
        self._failures = Failures(clock)
        # A hash takes 19 MiB and a core: more at once would starve the requests of those who are in.
        self._hashing = threading.BoundedSemaphore(2)

    def replace_users(self, users: Mapping[str, str]) -> None:
        """Other users from now on; passwords that no longer hold are forgotten at once."""
        self._users = dict(users)

    def authenticate(self, headers: Mapping[str, str], *, secure: bool, address: str) -> Principal:
        if not secure:
            raise ODataError(
                "insecure_transport",
                "Credentials are accepted over https only.",
                hint="Use the https URL of this service.",
            )
        user, password = _credentials(headers.get("authorization"))
        stored = self._users.get(user)
        # The stored hash is part of the digest: a changed password is another digest.
        digest = self._digest(user, password, stored or "")
        if stored is not None and self._verified.has(digest):
            return Principal(user, authenticated=True)
        counted = () if self._known.has(digest) else (f"user {user}", f"address {_network(address)}", "all")
        self._refuse_if_too_many(counted)
        if not self._verify(stored or self._dummy, password) or stored is None:
            self._failures.add(counted)
            raise unauthorized("The user name or password is wrong.")
        self._failures.clear(f"user {user}")
        self._verified.add(digest)
        self._known.add(digest)
        return Principal(user, authenticated=True)

    def _digest(self, *parts: str) -> bytes:
        return hmac.digest(self._secret, "\0".join(parts).encode(), hashlib.sha256)

    def _refuse_if_too_many(self, counted: Iterable[str]) -> None:
        wait = self._failures.wait(counted)
        if wait:
            raise too_many("Too many failed attempts to sign in.", wait)

    def _verify(self, stored: str, password: str) -> bool:
        if not self._hashing.acquire(timeout=2):
            raise too_many("Too many attempts to sign in at once.", 1)
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._hashing.release()


def hash_password(password: str) -> str:
    """The argon2id hash to put under ``[users]``."""
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES).hash(password)


def unauthorized(message: str) -> ODataError:
    return ODataError("unauthorized", message, headers=(CHALLENGE,))


def too_many(message: str, seconds: float) -> ODataError:
    return ODataError("too_many_requests", message, headers=(("Retry-After", str(max(1, round(seconds)))),))


def _credentials(header: str | None) -> tuple[str, str]:
    """User and password. Two header fields arrive joined by a comma, which is no character of base64."""
    if header is None:
        raise unauthorized("Credentials are required.")
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_CREDENTIALS:
        raise unauthorized("Credentials must be HTTP Basic, UTF-8, and not longer than 4,096 characters.")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):  # UnicodeDecodeError is a ValueError
        raise unauthorized("The credentials are not base64 of UTF-8 text.") from None
    user, colon, password = text.partition(":")
    if not colon or not user or not user.isprintable() or "\0" in password:
        raise unauthorized("The credentials are not a user name and a password.")
    return user, password


@lru_cache(maxsize=256)
def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _network(address: str) -> str:
    """Whom to count failures for: an IPv4 address, or an IPv6 /64, which one customer has all of."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


class _Remembered:
    """A bounded set whose members expire; the oldest make room."""

    def __init__(self, seconds: float, size: int, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, key: bytes) -> bool:
        until = self._until.get(key)
        return until is not None and self._clock() < until

    def add(self, key: bytes) -> None:
        with self._lock:
            self._until[key] = self._clock() + self._seconds
            self._until.move_to_end(key)
            while len(self._until) > self._size:
                self._until.popitem(last=False)


class Failures:
    """Failed attempts within the last minute, by subject, with bounded memory."""

    LIMITS: Mapping[str, int] = {"user": 10, "address": 20, "all": 200}
    WINDOW = 60.0
    SUBJECTS = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait(self, subjects: Iterable[str]) -> float:
        """Seconds until all the subjects may try again; 0 for now."""
        now = self._clock()
        with self._lock:
            return max((self._wait(subject, now) for subject in subjects), default=0.0)

    def _wait(self, subject: str, now: float) -> float:
        since, count = self._since.get(subject, (now, 0))
        limit = self.LIMITS[subject.partition(" ")[0]]
        return max(0.0, since + self.WINDOW - now) if count >= limit else 0.0

    def add(self, subjects: Iterable[str]) -> None:
        now = self._clock()
        with self._lock:
            for subject in subjects:
                since, count = self._since.pop(subject, (now, 0))
                self._since[subject] = (now, 1) if now >= since + self.WINDOW else (since, count + 1)
            while len(self._since) > self.SUBJECTS:
                self._since.popitem(last=False)

    def clear(self, subject: str) -> None:
        with self._lock:
            self._since.pop(subject, None)

    def __len__(self) -> int:
        return len(self._since)
