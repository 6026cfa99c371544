"""What libraries take for a ``requests.Session``: pyodata asks through it, under the policy of ``Transport``."""

from collections.abc import Collection, Mapping
from http.client import responses
from typing import TYPE_CHECKING, Any

import requests
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from erp_adapters.base import Session
from erp_adapters.transport.answers import Answer, json_of
from erp_adapters.transport.links import Params, shown

if TYPE_CHECKING:
    from erp_adapters.transport.client import Transport

#: Statuses that a library of the kind has to see: it knows what the ERP means by them.
HANDED_ON = frozenset({400, 404, 405, 406, 409, 410, 412, 415, 422, 428})


class HttpAnswer(requests.Response):
    """An answer as ``requests`` has it, whose JSON is exact and well-formed or raises ``BadAnswer``."""

    def json(self, **_: Any) -> Any:
        return json_of(self.content, self.headers.get("Content-Type", ""), shown(self.url))


class Http:
    """Calls for one ``Session``. ``headers`` go with each of them; ``cookies`` are those of these calls alone."""

    def __init__(self, transport: "Transport", session: Session, accept: Collection[int] = ()) -> None:
        self.headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        self.cookies = RequestsCookieJar()
        self._transport = transport
        self._session = session
        self._accept = HANDED_ON | set(accept)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Params = None,
        data: bytes | str | None = None,
        **_: Any,
    ) -> HttpAnswer:
        """The answer; faults, and statuses that no library has to see, are ``SourceError``s."""
        sent = CaseInsensitiveDict({**self.headers, **(headers or {})})
        answer = self._transport.send(
            method.upper(),
            url,
            self._session,
            headers=sent,
            params=params,
            body=data.encode() if isinstance(data, str) else data,
            expect=_expected(sent.get("Accept", "")),
            accept=self._accept,
            cookies=self.cookies,
        )
        return _response(answer)

    def get(self, url: str, **given: Any) -> HttpAnswer:
        return self.request("GET", url, **given)

    def head(self, url: str, **given: Any) -> HttpAnswer:
        return self.request("HEAD", url, **given)

    def post(self, url: str, data: bytes | str | None = None, **given: Any) -> HttpAnswer:
        return self.request("POST", url, data=data, **given)


def _expected(accept: str) -> str:
    """The media type that a library asks for, as far as it says one."""
    first = accept.partition(",")[0].partition(";")[0].strip().lower()
    return first if first.endswith(("json", "xml")) else "*/*"


def _response(answer: Answer) -> HttpAnswer:
    found = HttpAnswer()
    found.status_code = answer.status
    found.headers = CaseInsensitiveDict(answer.headers)
    found.url = answer.url
    found.reason = responses.get(answer.status, "")
    found._content = answer.body
    found.encoding = requests.utils.get_encoding_from_headers(found.headers) or "utf-8"
    return found
