"""OAuth 2 client credentials (RFC 6749, 4.4): a token from another server, kept until shortly before it ends."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from erp_adapters.base import AuthFailed, BadAnswer, Busy, Session
from erp_adapters.transport.answers import Answer
from erp_adapters.transport.client import Transport
from erp_adapters.transport.credentials import Anonymous, Proofs, Secret, basic
from erp_adapters.transport.options import TransportOptions
from erp_adapters.transport.statuses import excerpt

#: Seconds that a token is taken to live if nobody says, and at most.
_UNSAID, _LONGEST = 300.0, 86_400.0
#: Seconds before its end at which a token is renewed; a tenth of its life, if that is less.
_MARGIN = 60.0


@dataclass(slots=True)
class ClientCredentials:
    """Asks ``token_url`` for tokens, one caller at a time. Its origin is not the ERP's; the policy is the same.

    ``in_body`` sends id and secret in the form instead of as Basic authentication, as some servers want it.
    """

    token_url: str
    client_id: str
    client_secret: Secret
    scope: str = ""
    in_body: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    options: TransportOptions = field(default_factory=TransportOptions)
    clock: Callable[[], float] = time.monotonic
    _token: str = field(default="", repr=False)
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _proofs: Proofs = field(default_factory=Proofs, repr=False)
    _transport: Transport = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._transport = Transport(self.token_url, Anonymous(), self.options)

    def headers(self, session: Session) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._current(session)}"}

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        """Another token, unless somebody else has fetched one meanwhile."""
        self.client_secret.reread()
        with self._locked(session):
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._until = 0.0
        return self.headers(session) != refused

    def secrets(self) -> Iterator[str]:
        for text in (self._token, self.client_secret.value):
            if text:
                yield from dict.fromkeys((text, quote_plus(text)))
        if self.client_secret.value:
            yield self._basic(self.client_secret.value).removeprefix("Basic ")

    def close(self) -> None:
        self._transport.close()

    @contextmanager
    def _locked(self, session: Session) -> Iterator[None]:
        """One caller at a time, and nobody waits for longer than there is time."""
        if not self._lock.acquire(timeout=min(self.options.timeout, session.remaining())):
            raise Busy("another call fetches a token")
        try:
            yield
        finally:
            self._lock.release()

    def _current(self, session: Session) -> str:
        if self.clock() >= self._until:
            with self._locked(session):
                if self.clock() >= self._until:
                    self._fetch(session)
        return self._token

    def _fetch(self, session: Session) -> None:
        secret = self.client_secret.get()
        form = {"grant_type": "client_credentials", **self.parameters}
        form |= {"scope": self.scope} if self.scope else {}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.in_body:
            form |= {"client_id": self.client_id, "client_secret": secret}
        else:
            headers["Authorization"] = self._basic(secret)
        with self._proofs.tried({self.client_id: secret}, session, self.options.timeout) as proof:
            answer = self._transport.send(
                "POST", self.token_url, session, headers=headers, body=urlencode(form).encode(), accept=(400, 401, 403)
            )
            if answer.status >= 400:
                self._proofs.refused(proof)
                raise AuthFailed(f"{answer.status} for a token: {self._reason(answer, secret)}")
            self._proofs.accepted(proof)
        self._take(answer.json())

    def _basic(self, secret: str) -> str:
        return basic(quote_plus(self.client_id), quote_plus(secret))

    def _reason(self, answer: Answer, secret: str) -> str:
        return excerpt(answer).replace(secret or "\0", "***")

    def _take(self, told: Any) -> None:
        if not isinstance(told, dict) or not isinstance(token := told.get("access_token"), str) or not _plain(token):
            raise BadAnswer("no token in the answer of the token's URL")
        if str(told.get("token_type", "Bearer")).lower() != "bearer":
            raise BadAnswer("a token that is no bearer token")
        life = _seconds(told.get("expires_in"))
        self._token, self._until = token, self.clock() + life - min(_MARGIN, life / 10)


def _plain(token: str) -> bool:
    return 0 < len(token) <= 65_536 and token.isascii() and token.isprintable() and " " not in token


def _seconds(told: object) -> float:
    """How long a token lives: a number, or a text with one, as some servers write it."""
    try:
        return max(0.0, min(float(str(told)), _LONGEST))
    except ValueError:
        return _UNSAID
