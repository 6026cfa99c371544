"""Calls to a Tryton server: JSON-RPC on the paths of its release, a session that is renewed, errors that come with 200.

What is asked is the business of ``source``; what HTTP does wrong, that of the transport.
"""

import base64
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import quote

from erp_adapters.base import AuthFailed, BadAnswer, Busy, Denied, Failed, Locked, Refused, Session, SourceError
from erp_adapters.transport import Anonymous, Answer, Proofs, Remote, Secret, Transport
from erp_adapters.tryton.wire import body, plain

#: Where calls to a database and to the server go, newest releases first: 8.0 has moved them.
PATHS = (("{database}/rpc/", "rpc/"), ("{database}/", ""))
_HEADERS = {"Content-Type": "application/json"}
#: Statuses of a path that another release has; 405 of a path that is there for something else.
_ELSEWHERE = frozenset({404, 405})
_EXCERPT = 300

#: What errors with HTTP 200 mean, by the name that comes first. Others have a text of the server instead of a name.
_NAMED: Mapping[str, Callable[[str], SourceError]] = {
    "UserWarning": Refused,
    "ConcurrencyException": Locked,
    "LoginException": AuthFailed,
    "RateLimitException": Busy,
    "TimeOutException": Failed,
}
#: Words by which a ``UserError`` tells that rights are missing, in English: the language of calls without one.
_RIGHTS = re.compile(r"not allowed|access|permission", re.IGNORECASE)


class Unanswerable(Refused):
    """The server does not know a model or a field, or cannot search for one."""


@dataclass(slots=True)
class Paths:
    """Which release's paths the server has, once one was answered."""

    database: str
    found: tuple[str, str] | None = None

    def tried(self) -> Iterator[tuple[str, str]]:
        """The paths of the database and of the server that are to be tried, in this order."""
        if self.found is not None:
            yield self.found
            return
        for of_database, of_server in PATHS:
            yield of_database.format(database=quote(self.database, safe="")), of_server


@dataclass(slots=True)
class Login:
    """Credentials that are a session of Tryton's: made with user and password, kept until it is refused."""

    transport: Transport
    paths: Paths
    user: str
    password: Secret
    language: str
    wait: float = 10.0
    _token: str = field(default="", repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _proofs: Proofs = field(default_factory=Proofs, repr=False)

    def headers(self, session: Session) -> Mapping[str, str]:
        return {"Authorization": f"Session {self._token or self._made('', session)}"}

    def renew(self, refused: Mapping[str, str], session: Session) -> bool:
        """Another session, unless another call has made one meanwhile."""
        old = refused.get("Authorization", "").removeprefix("Session ")
        return self._made(old, session) != old

    def secrets(self) -> Iterator[str]:
        yield from filter(None, (self._token, self.password.value))

    def _made(self, old: str, session: Session) -> str:
        if not self._lock.acquire(timeout=min(self.wait, session.remaining())):
            raise Busy("another call signs in")
        try:
            if self._token == old:
                self._token = self._sign_in(session)
            return self._token
        finally:
            self._lock.release()

    def _sign_in(self, session: Session) -> str:
        """Costs a password hash. A wrong password is not tried again at once: Tryton slows down who does that."""
        self.password.reread()
        password = self.password.get()
        params = [self.user, {"password": password}, self.language]
        with self._proofs.tried({self.user: password}, session, self.wait) as proof:
            for path, _ in self.paths.tried():
                answer = _post(self.transport, path, session, 0, "common.db.login", params, {401, *_ELSEWHERE})
                if answer.status == 401:
                    self._proofs.refused(proof)
                    raise AuthFailed("401 to common.db.login")
                if answer.status in _ELSEWHERE:
                    continue
                found = result_of(answer)
                if not isinstance(found, list) or len(found) < 2:
                    raise BadAnswer("no session in the answer to common.db.login")
                self._proofs.accepted(proof)
                return base64.b64encode(f"{self.user}:{found[0]}:{found[1]}".encode()).decode()
        raise Refused(f"no database {self.paths.database}, or no Tryton", answered=404)


@dataclass(slots=True)
class Rpc:
    """The calls."""

    transport: Transport
    database: str
    paths: Paths
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def call(self, method: str, params: list[Any], session: Session) -> Any:
        """What a method answers, as values. ``params`` end with the context."""
        for path, of_server in self.paths.tried():
            answer = _post(self.transport, path, session, next(self._numbers), method, params, _ELSEWHERE)
            if answer.status in _ELSEWHERE:
                continue
            found = result_of(answer)
            self.paths.found = (path, of_server)
            return found
        raise Refused(f"no database {self.database}, or no Tryton", answered=404)

    def version(self, session: Session) -> str:
        """The series of the server, such as 8.0. Asks for no data."""
        for path, of_server in self.paths.tried():
            answer = _post(self.transport, of_server, session, 0, "common.server.version", [], {401, *_ELSEWHERE})
            if answer.status == 200:
                self.paths.found = self.paths.found or (path, of_server)
                return str(result_of(answer))
        raise Refused("no answer to common.server.version: no Tryton, or of another release", answered=404)


def opened(remote: Remote, database: str, language: str) -> tuple[Rpc, Rpc]:
    """Calls with a session of the user, and calls without one."""
    paths = Paths(database)
    anonymous = remote.open(credentials=Anonymous())
    login = Login(anonymous, paths, remote.user, remote.password or Secret(""), language, remote.limits.wait)
    return Rpc(remote.open(credentials=login), database, paths), Rpc(anonymous, database, paths)


def _post(
    transport: Transport,
    path: str,
    session: Session,
    number: int,
    method: str,
    params: list[Any],
    accept: "set[int] | frozenset[int]",
) -> Answer:
    return transport.send(
        "POST",
        path,
        session,
        headers=_HEADERS,
        body=body(number, method, params),
        accept=accept,
        repeatable=True,
    )


def result_of(answer: Answer) -> Any:
    """The ``result``. Text of the server is in details alone."""
    found = answer.json()
    if not isinstance(found, dict) or ("result" not in found and "error" not in found):
        raise BadAnswer("neither result nor error")
    if "error" not in found:
        return plain(found["result"])
    raise error_of(found["error"])


def error_of(error: Any) -> SourceError:
    """``[name, details]`` or ``[text, trace]``."""
    name = error[0] if isinstance(error, list) and error and isinstance(error[0], str) else ""
    detail = " ".join(str(error).split())[:_EXCERPT]
    if name in _NAMED:
        return _NAMED[name](detail)
    if name == "UserError":
        return Denied(detail) if _RIGHTS.search(str(error[1:])) else Refused(detail)
    if re.fullmatch(r"'[^']*'", name):  # a KeyError: of models and fields
        return Unanswerable(detail)
    return Failed(detail)
