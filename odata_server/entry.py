"""The short way into the service: plain reads of OData from WSGI to ``Service.handle`` and back, without a framework.

Flask costs as much as a whole answer of few rows, so it serves what is rare: pages, health, other methods, forms with
tokens. What is answered here is answered as ``web`` would, header by header; a test sends the same to both.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from edm.errors import ODataError
from odata_server import edge
from odata_server.auth import ANONYMOUS, Principal
from odata_server.compose import Composition
from odata_server.messages import ODataRequest, ODataResponse, WsgiHeaders
from odata_server.negotiation import protocol_version
from odata_server.observe import Failed, Handled, notify, take_last
from odata_server.responses import VARY, internal_error

PREFIX: Final = "/odata/v4"
_BELOW: Final = f"{PREFIX}/"
_VARY: Final = ("Vary", VARY)
_VARY_ALL: Final = ("Vary", f"{VARY}, Accept-Encoding")
_VARY_ENCODING: Final = ("Vary", "Accept-Encoding")
_GZIP: Final = ("Content-Encoding", "gzip")
_NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
_NO_CACHE: Final = ("Cache-Control", "private, no-cache")
_NO_STORE: Final = ("Cache-Control", "private, no-store")
#: Answers that have no body, and so no length.
_BODILESS: Final = frozenset({204, 304})


class Entry:
    """A WSGI application around another one, which gets every request that is no plain read."""

    def __init__(
        self,
        inner: WSGIApplication,
        composition: Composition,
        in_progress: edge.InProgress,
        reasons: Mapping[int, str],
    ) -> None:
        self.inner = inner
        self._observers = composition.observers
        self._service = composition.service
        self._authenticator = composition.authenticator
        self._in_progress = in_progress
        self._root = composition.settings.root
        self._settings = composition.settings
        self._statuses = {code: f"{code} {reason.upper()}" for code, reason in reasons.items()}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if (
            environ.get("REQUEST_METHOD") != "GET"
            or not (path.startswith(_BELOW) or path == PREFIX)
            or "HTTP_X_CSRF_TOKEN" in environ
        ):
            return self.inner(environ, start_response)
        status, headers, body = self.answered(environ)
        start_response(status, headers)
        return (body,)

    def answered(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body for a plain read below the prefix."""
        started = time.perf_counter()
        take_last()
        headers = WsgiHeaders(environ)
        correlation_id = edge.correlation_id(
            environ.get("HTTP_X_CORRELATION_ID"),
            environ.get("HTTP_X_REQUEST_ID"),
            longest=self._settings.max_correlation_id,
        )
        caller = ANONYMOUS
        code: str | None = None
        try:
            edge.check_size(environ, self._settings)
            client = edge.client(environ, self._settings)
            caller = self._authenticator.authenticate(headers, secure=client.secure, address=client.address)
            self._in_progress.enter(caller.name)
            try:
                answer = self._answer(environ, headers, correlation_id, caller)
            finally:
                self._in_progress.leave(caller.name)
        except ODataError as error:
            code, answer = error.code, self._refused(error, headers)
        except Exception as error:  # noqa: BLE001 (the last resort, as in ``web``)
            notify(self._observers, Failed(error, correlation_id, "GET", _path(environ)))
            fault = internal_error()
            code, answer = fault.code, self._refused(fault, headers)
        found = self._finished(answer, correlation_id, environ)
        if take_last() is None:
            self._tell(environ, answer, correlation_id, caller, code, time.perf_counter() - started)
        return found

    def _answer(
        self, environ: WSGIEnvironment, headers: WsgiHeaders, correlation_id: str, caller: Principal
    ) -> ODataResponse:
        target = edge.target(environ, PREFIX)
        if target is None:
            raise nothing_here()
        request = ODataRequest("GET", target.path, target.query, headers, b"", self._root, correlation_id)
        return self._service.handle(request, caller)

    def _refused(self, error: ODataError, headers: WsgiHeaders) -> ODataResponse:
        try:
            version = protocol_version(headers)
        except ODataError:
            version = "4.0"
        return self._service.refuse(error, version)

    def _finished(
        self, answer: ODataResponse, correlation_id: str, environ: WSGIEnvironment
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        """The response with what every response carries, compressed for those who take it. Headers are in the order in
        which they come about where Flask answers.
        """
        body, status = answer.body, answer.status
        gzip = len(body) >= edge.MIN_GZIP and edge.accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING"))
        if gzip:
            # A document is one object as long as the model lives, and its hash is kept in it.
            document = environ.get("PATH_INFO", "").endswith("/$metadata")
            compress = edge.compressed_again if answer.repeated else edge.compress
            body = edge.compressed_document(body) if document else compress(body)
        headers: list[tuple[str, str]] = []
        names = set()
        for field in answer.headers:
            name = field[0]
            names.add(name)
            if name == "Vary":
                headers.append(_VARY_ALL if field == _VARY else ("Vary", f"{field[1]}, Accept-Encoding"))
            elif name == "ETag" and gzip and not field[1].startswith("W/"):
                headers.append(("ETag", f"W/{field[1]}"))
            else:
                headers.append(field)
        if status not in _BODILESS:
            headers.append(("Content-Length", str(len(body))))
        headers.append(("X-Correlation-Id", correlation_id))
        if "X-Content-Type-Options" not in names:
            headers.append(_NOSNIFF)
        if "Cache-Control" not in names:
            headers.append(_NO_CACHE if "ETag" in names else _NO_STORE)
        if "Vary" not in names:
            headers.append(_VARY_ENCODING)
        if gzip:
            headers.append(_GZIP)
        return self._statuses[status], headers, body

    def _tell(
        self,
        environ: WSGIEnvironment,
        answer: ODataResponse,
        correlation_id: str,
        caller: Principal,
        code: str | None,
        seconds: float,
    ) -> None:
        handled = Handled(
            method="GET",
            path=_path(environ),
            query=environ.get("QUERY_STRING", ""),
            status=answer.status,
            correlation_id=correlation_id,
            principal=caller.name,
            error_code=code,
            bytes=len(answer.body),
            seconds=seconds,
        )
        notify(self._observers, handled)


def nothing_here() -> ODataError:
    """Where no path leads."""
    return ODataError("not_found", "There is nothing at this URL.", hint=f"The service root is {PREFIX}/.")


def _path(environ: WSGIEnvironment) -> str:
    """The path for the log: decoded as far as it is UTF-8."""
    return "/" + str(environ.get("PATH_INFO", "")).encode("latin-1").decode(errors="replace").lstrip("/")
