"""The token that SAP wants with whatever changes something: fetched once, with the cookies of its session, and again
when SAP says that it has expired.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from requests.cookies import RequestsCookieJar

from erp_adapters.base import Denied, Session
from erp_adapters.sap.faults import LOOKED_AT, error_of
from erp_adapters.transport import Answer, Transport

_HEADER = "x-csrf-token"


@dataclass(slots=True)
class Tokens:
    """Sends what changes something, to services of one system with one user."""

    transport: Transport
    params: Mapping[str, str]
    cookies: RequestsCookieJar = field(default_factory=RequestsCookieJar)
    _tokens: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def send(
        self,
        method: str,
        service: str,
        path: str,
        session: Session,
        *,
        body: bytes,
        headers: Mapping[str, str],
        accept: Collection[int] = (),
    ) -> Answer:
        """The answer to a call that changes something. One at a time: the token belongs to the cookies."""
        with self._lock:
            for _ in range(2):
                token = self._tokens.get(service) or self._fetch(service, session)
                answer = self.transport.send(
                    method,
                    f"{service}/{path}",
                    session,
                    headers={**headers, _HEADER: token},
                    params=self.params,
                    body=body,
                    accept={*LOOKED_AT, *accept},
                    cookies=self.cookies,
                    repeatable=False,
                )
                if not (answer.status == 403 and answer.headers.get(_HEADER, "").lower() == "required"):
                    return self._answered(answer, accept)
                self._tokens.pop(service, None)  # nothing was done: it is safe to ask again
        raise Denied(f"{service}: SAP takes no token that it has given")

    @staticmethod
    def _answered(answer: Answer, accept: Collection[int]) -> Answer:
        if 200 <= answer.status < 300 or answer.status in accept:
            return answer
        raise error_of(answer)

    def _fetch(self, service: str, session: Session) -> str:
        answer = self.transport.send(
            "GET",
            f"{service}/",
            session,
            headers={_HEADER: "Fetch"},
            params=self.params,
            accept=LOOKED_AT,
            cookies=self.cookies,
        )
        token = answer.headers.get(_HEADER, "")
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        if not token or token.lower() == "required":
            raise Denied(f"{service}: SAP gives no token for changes")
        self._tokens[service] = token
        return token
