"""Calls to one ERP: bounded in time, size and number, within its origin, with credentials that are renewed once.

What a call asks and what its answer means is the kind's. Faults are ``SourceError``s; nothing of the ERP's own words is
in their messages, and nothing secret in their details.
"""

import math
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict

from erp_adapters.base import AuthFailed, BadAnswer, Busy, Session, SourceError, Throttled, TimedOut
from erp_adapters.transport.answers import Answer, check_type
from erp_adapters.transport.credentials import Credentials, Proofs, hide
from erp_adapters.transport.links import Params, Place, shown, with_params
from erp_adapters.transport.options import TransportOptions
from erp_adapters.transport.statuses import error_of, wait_of
from erp_adapters.transport.wire import FAULTS, Connections, Exchange, fault_of, read_body

if TYPE_CHECKING:
    from erp_adapters.transport.facade import Http

_NONE: Mapping[str, str] = {}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})
#: Several calls of one request may end at once.
_COUNTING = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call, before it is known where redirects lead."""

    method: str
    headers: Mapping[str, str]
    body: bytes | None
    repeatable: bool
    deadline: float
    cookies: RequestsCookieJar | None


class _Live:
    """What belongs to one process: connections, and room for calls."""

    def __init__(self, options: TransportOptions) -> None:
        self.process = os.getpid()
        self.room = threading.BoundedSemaphore(options.pool_size)
        self.connections = Connections(options.pool_size)


@dataclass(slots=True)
class Transport:
    """``root`` is the configured URL; relative URLs are relative to it. ``skew`` is by how many seconds the ERP's clock
    was ahead when it last answered, as its ``Date`` tells.
    """

    root: str
    credentials: Credentials
    options: TransportOptions = field(default_factory=TransportOptions)
    skew: float | None = field(default=None, init=False)
    place: Place = field(init=False)
    _rests_until: float = field(default=0.0, init=False, repr=False)
    _proofs: Proofs = field(default_factory=Proofs, init=False, repr=False)
    _live: _Live | None = field(default=None, init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self.place = Place(self.root)
        self.root = self.place.root

    def send(
        self,
        method: str,
        url: str,
        session: Session,
        *,
        headers: Mapping[str, str] = _NONE,
        params: Params = None,
        body: bytes | None = None,
        expect: str = "application/json",
        accept: Collection[int] = (),
        repeatable: bool | None = None,
        cookies: RequestsCookieJar | None = None,
    ) -> Answer:
        """The answer, if its status is 2xx or in ``accept`` and a 2xx has the media type ``expect``.

        ``url`` may be a link of the ERP. ``repeatable``: the call changes nothing, so that it is made again when a kept
        connection turns out to be dead; GET and HEAD are, unless said otherwise. ``cookies`` are sent and learned.
        """
        target = with_params(self.place.resolve(url), params)
        deadline = time.monotonic() + min(self.options.timeout, session.remaining())
        again = method in _SAFE if repeatable is None else repeatable
        asked = _Asked(method, self._all(headers, expect, session), body, again, deadline, cookies)
        try:
            answer = self._patient(asked, target, session, accept)
            if answer.status not in accept:
                if not 200 <= answer.status < 300:
                    raise error_of(answer)
                check_type(answer, expect)
        except SourceError as error:
            error.detail = hide(error.detail, self.credentials)
            raise
        return answer

    def http(self, session: Session, *, accept: Collection[int] = ()) -> "Http":
        """For libraries that want a session of ``requests``: calls for ``session``, with cookies of their own."""
        from erp_adapters.transport.facade import Http

        return Http(self, session, frozenset(accept))

    def close(self) -> None:
        """Closes connections that are not in use."""
        getattr(self.credentials, "close", lambda: None)()
        live, self._live = self._live, None
        if live is not None and live.process == os.getpid():
            live.connections.close()

    def describe(self) -> str:
        """Where it is, for people."""
        return shown(self.root)

    # --- one call -------------------------------------------------------------------------------------------------

    def _all(self, headers: Mapping[str, str], expect: str, session: Session) -> Mapping[str, str]:
        common = {"Accept": expect or "*/*", "Accept-Encoding": "gzip", "User-Agent": "erp-odata"}
        if session.correlation_id != "-":
            common["X-Correlation-Id"] = session.correlation_id
        return CaseInsensitiveDict[str]({**common, **self.options.headers, **headers})

    def _patient(self, asked: _Asked, target: str, session: Session, accept: Collection[int]) -> Answer:
        """The answer; if the ERP wants to be left alone for a moment (429), the one after that moment."""
        answer = self._signed(asked, target, session, accept)
        if answer.status != 429 or 429 in accept:
            return answer
        self._rests_until = max(self._rests_until, time.monotonic() + wait_of(answer, 0))
        if not asked.repeatable or not self._may_wait(asked.deadline):
            return answer
        return self._signed(asked, target, session, accept)

    def _may_wait(self, deadline: float) -> bool:
        """Whether the ERP will be asked again soon enough for a call that waits."""
        left = self._rests_until - time.monotonic()
        return left <= min(self.options.wait, deadline - time.monotonic())

    def _rest(self, deadline: float) -> None:
        """Nobody calls while the ERP wants to be left alone."""
        left = self._rests_until - time.monotonic()
        if left <= 0:
            return
        if not self._may_wait(deadline):
            raise Throttled("the ERP wants to be left alone for a while", retry_after=math.ceil(left))
        time.sleep(left)

    def _signed(self, asked: _Asked, target: str, session: Session, accept: Collection[int]) -> Answer:
        """The answer to the call with credentials; if they are refused, to one more with others."""
        for last in (False, True):
            proof = self.credentials.headers(session)
            with self._proofs.tried(proof, session, self.options.timeout) as digest:
                answer = self._followed(asked, target, proof, session)
                if answer.status == 401 and proof:
                    self._proofs.refused(digest)
                elif answer.status < 500:  # anybody between may say the rest
                    self._proofs.accepted(digest)
            if answer.status != 401 or 401 in accept:
                return answer
            if last or not self.credentials.renew(proof, session):
                break
        raise AuthFailed(f"{shown(target)}: 401")

    def _followed(self, asked: _Asked, target: str, proof: Mapping[str, str], session: Session) -> Answer:
        """The answer after redirects, which lead only within the origin and are followed by what only reads."""
        for _ in range(self.options.redirects + 1):
            answer = self._counted(asked, target, proof, session)
            if answer.status not in _REDIRECTS:
                return answer
            if asked.method not in _SAFE:
                raise BadAnswer(f"{shown(target)}: {answer.status} to a {asked.method}")
            target = self.place.resolve(answer.headers.get("Location", ""), base=target)
        raise BadAnswer(f"{shown(target)}: more than {self.options.redirects} redirects")

    def _counted(self, asked: _Asked, target: str, proof: Mapping[str, str], session: Session) -> Answer:
        with self._room(session, asked.deadline) as live:
            began = time.monotonic()
            try:
                return self._tried(live, asked, target, proof)
            finally:
                with _COUNTING:
                    session.timings.erp_calls += 1
                    session.timings.erp_seconds += time.monotonic() - began

    @contextmanager
    def _room(self, session: Session, deadline: float) -> Iterator[_Live]:
        self._rest(deadline)
        live = self._connections()
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("no time left for a call")
        if not live.room.acquire(timeout=min(self.options.wait, left)):
            raise Busy(f"{self.options.pool_size} calls are under way")
        try:
            yield live
        finally:
            live.room.release()

    def _connections(self) -> _Live:
        """Those of this process: after a fork there are none yet."""
        live = self._live
        if live is None or live.process != os.getpid():
            with self._opening:
                live = self._live
                if live is None or live.process != os.getpid():
                    live = self._live = _Live(self.options)
        return live

    def _tried(self, live: _Live, asked: _Asked, target: str, proof: Mapping[str, str]) -> Answer:
        """The answer. A server may close a kept connection just when it is used again; then the call is made anew."""
        while True:
            exchange = Exchange(asked.deadline)
            try:
                return self._exchanged(live, exchange, asked, target, proof)
            except FAULTS as error:
                if exchange.reused and not exchange.answered and asked.repeatable and not exchange.late:
                    live.connections.close()
                    continue
                raise fault_of(error, exchange, shown(target)) from None

    def _exchanged(
        self, live: _Live, exchange: Exchange, asked: _Asked, target: str, proof: Mapping[str, str]
    ) -> Answer:
        request = requests.Request(
            asked.method, target, headers={**asked.headers, **proof}, data=asked.body, cookies=asked.cookies
        )
        prepared = request.prepare()
        left = max(0.001, asked.deadline - time.monotonic())
        with exchange.watched():
            response = live.connections.send(  # past requests.Session, which looks at redirects and the environment
                prepared,
                stream=True,
                timeout=(min(self.options.connect_timeout, left), left),
                verify=self.options.ca_file or True,
                proxies=self._proxies(),
            )
            exchange.answered = True
            try:
                body = read_body(response, exchange, self.options.largest)
            except SourceError as error:
                error.detail = f"{shown(target)}: {error.detail}"
                raise
            finally:
                response.close()
        self._look_at_clock(response.headers.get("Date"))
        if asked.cookies is not None:
            extract_cookies_to_jar(asked.cookies, prepared, response.raw)  # type: ignore[no-untyped-call]
        return Answer(response.status_code, response.headers, body, target)

    def _proxies(self) -> dict[str, str]:
        return dict.fromkeys(("http", "https"), self.options.proxy) if self.options.proxy else {}

    def _look_at_clock(self, date: str | None) -> None:
        try:
            self.skew = parsedate_to_datetime(date or "").timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, IndexError):
            return
