"""What the service signs in with, and what is done about credentials that an ERP does not take.

A secret in a file is read again when the file changes, and after a 401: it is rotated without a restart.
"""

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, quote_plus

from erp_adapters.base import AuthFailed, Busy, Session


@dataclass(slots=True)
class Secret:
    """A value, or the content of a file. A file that is empty is just being written."""

    value: str | None = field(default=None, repr=False)
    path: Path | None = None
    _stamp: tuple[int, int, int] | None = field(default=None, repr=False)

    def get(self) -> str:
        """The secret as it is now. ``AuthFailed`` if the file cannot be read and never could."""
        if self.path is None:
            return self.value or ""
        try:
            found = self.path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                text = self.path.read_text(encoding="utf-8").strip()
                self.value, self._stamp = (text, stamp) if text else (self.value, None)
        except (OSError, UnicodeDecodeError) as error:
            if self.value is None:
                reason = getattr(error, "strerror", None) or "no UTF-8"
                raise AuthFailed(f"the file of a secret cannot be read: {self.path}: {reason}") from None
        if not self.value:
            raise AuthFailed(f"the file of a secret is empty: {self.path}")
        return self.value

    def reread(self) -> None:
        """Looks into the file even if it seems unchanged."""
        self._stamp = None


class Credentials(Protocol):
    """How calls say who asks."""

    def headers(self, session: Session) -> Mapping[str, str]:
        """What goes with a call."""
        ...

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        """Whether there are others now than those that were refused."""
        ...

    def secrets(self) -> Iterator[str]:
        """Texts that no log may hold."""
        ...


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nothing: the ERP asks for nothing, or the kind signs in by itself."""

    def headers(self, session: Session) -> Mapping[str, str]:
        return {}

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        return False

    def secrets(self) -> Iterator[str]:
        yield from ()


@dataclass(frozen=True, slots=True)
class Basic:
    """User and password."""

    user: str
    password: Secret

    def headers(self, session: Session) -> Mapping[str, str]:
        return {"Authorization": basic(self.user, self.password.get())}

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        self.password.reread()
        return self.headers(session) != refused

    def secrets(self) -> Iterator[str]:
        yield from _forms(self.password)
        if self.password.value:
            yield basic(self.user, self.password.value).removeprefix("Basic ")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that somebody else takes care of: ``Authorization: Bearer ...``, or an API key in a header of its own."""

    token: Secret
    header: str = "Authorization"
    scheme: str = "Bearer"

    def headers(self, session: Session) -> Mapping[str, str]:
        return {self.header: f"{self.scheme} {self.token.get()}".lstrip()}

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        self.token.reread()
        return self.headers(session) != refused

    def secrets(self) -> Iterator[str]:
        yield from _forms(self.token)


def basic(user: str, password: str) -> str:
    """The header of Basic authentication (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _forms(secret: Secret) -> Iterator[str]:
    """A secret as it is and as URLs have it."""
    if secret.value:
        yield from dict.fromkeys((secret.value, quote(secret.value, safe=""), quote_plus(secret.value)))


def hide(text: str, credentials: Credentials) -> str:
    """``text`` for the log. ERPs like to repeat what they were sent."""
    for secret in sorted(credentials.secrets(), key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, "***")
    return text


@dataclass(slots=True)
class Proofs:
    """Keeps wrong credentials from being tried again and again, because ERPs lock users who do that.

    Credentials that were never accepted are tried by one call at a time; once refused they are not sent again for
    ``seconds``. Others, after a rotation, are tried at once.
    """

    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _proven: bytes = b""
    _refused: bytes = b""
    _until: float = 0.0
    _one: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def tried(self, headers: Mapping[str, str], session: Session, wait: float) -> Iterator[bytes]:
        """Within it a call may be made with ``headers``; then ``accepted`` or ``refused`` is told of the digest."""
        digest = hashlib.sha256(repr(sorted(headers.items())).encode()).digest()
        if not headers or digest == self._proven:
            yield digest
            return
        if not self._one.acquire(timeout=min(wait, session.remaining())):
            raise Busy("another call tries the credentials")
        try:
            if digest == self._refused and self.clock() < self._until:
                raise AuthFailed("refused a moment ago, and not tried again yet")
            yield digest
        finally:
            self._one.release()

    def accepted(self, digest: bytes) -> None:
        self._proven = digest

    def refused(self, digest: bytes) -> None:
        if self._proven == digest:
            self._proven = b""
        self._refused, self._until = digest, self.clock() + self.seconds
