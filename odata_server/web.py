"""OData over HTTP, with Flask: receive, authenticate, hand to the service, send. Health checks, errors, headers.

Everything that a request means is ``service``'s; what WSGI delivers is read in ``edge``. Plain reads take a shorter way
to the service, which is ``entry``. Nothing here redirects, and nothing is made from the ``Host`` header.
"""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import BaseConverter, Rule

from edm.errors import ERROR_CODES, ODataError
from erp_adapters.base import DEFAULT_SOURCE, Adapter, Session
from erp_adapters.wrappers import problems
from odata_server import edge
from odata_server.auth import ANONYMOUS
from odata_server.changes import changed_sets
from odata_server.compose import Composition, derived, secret
from odata_server.entry import PREFIX, Entry, nothing_here
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.methods import allowed
from odata_server.negotiation import protocol_version
from odata_server.observe import Failed, Handled, notify, take_last
from odata_server.responses import internal_error
from odata_server.service import Service

#: Where an ERP says what has changed.
CHANGES: Final = "/api/v1/changed"
#: Where Prometheus asks.
METRICS: Final = "/metrics"
#: Endpoints that answer anybody. Every other one, and every path that leads nowhere, asks who is calling.
OPEN: Final = frozenset({"healthz", "readyz"})
CSRF_COOKIE: Final = "erp-odata-csrf"


class _Answer(Response):
    default_mimetype = None


class _Anything(BaseConverter):
    """The rest of a path, slashes, line ends and all."""

    regex = r"(?s:.*)"
    part_isolating = False


def install(app: Flask, composition: Composition) -> None:
    """Adds the service, the health checks and the handling of errors to ``app``."""
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["anything"] = _Anything
    site = _Site(composition)
    for path in (PREFIX, f"{PREFIX}/<anything:rest>"):
        app.url_map.add(Rule(path, endpoint="odata", methods=None))
    app.view_functions["odata"] = site.odata
    app.add_url_rule(CHANGES, "changed", site.changed, methods=["POST"])
    app.add_url_rule(METRICS, "metrics", site.metrics)
    app.add_url_rule("/healthz", "healthz", site.healthz)
    app.add_url_rule("/readyz", "readyz", site.readyz)
    app.before_request(site.begin)
    app.after_request(site.finish)
    app.teardown_request(site.leave)
    app.register_error_handler(ODataError, site.refuse)
    app.register_error_handler(HTTPException, site.refuse_http)
    app.register_error_handler(Exception, site.fail)
    app.wsgi_app = Entry(app.wsgi_app, composition, site.in_progress, HTTP_STATUS_CODES)  # type: ignore[method-assign]


class _Site:
    """One application's views and hooks."""

    def __init__(self, composition: Composition) -> None:
        self._composition = composition
        self._settings = composition.settings
        self._service: Service = composition.service
        self._csrf_key = derived(secret(composition.settings), "csrf")
        self._ready = _Readiness(composition.adapter)
        self.in_progress = edge.InProgress(composition.settings.max_concurrent)

    # Every request

    def begin(self) -> None:
        """Gives the request its id and finds out who is calling."""
        take_last()
        g.started = time.perf_counter()
        g.principal = ANONYMOUS
        g.error_code = None
        headers, settings = request.headers, self._settings
        g.correlation_id = edge.correlation_id(
            headers.get("X-Correlation-Id"), headers.get("X-Request-Id"), longest=settings.max_correlation_id
        )
        edge.check_size(request.environ, settings)
        if request.endpoint in OPEN:
            return
        caller = edge.client(request.environ, self._settings)
        g.principal = self._composition.authenticator.authenticate(
            _headers(), secure=caller.secure, address=caller.address
        )
        self.in_progress.enter(g.principal.name)
        g.entered = True

    def leave(self, error: BaseException | None = None) -> None:
        """The request is over, however it ended."""
        if g.get("entered"):
            self.in_progress.leave(g.principal.name)

    def finish(self, response: Response) -> Response:
        """Adds what every response carries, compresses it, and tells the observers."""
        headers = response.headers
        headers["X-Correlation-Id"] = g.correlation_id
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in headers else "private, no-store")
        size = response.content_length or 0
        _compress(response)
        if take_last() is None and request.endpoint not in OPEN:
            self._tell(response.status_code, size)
        return response

    def _tell(self, status: int, size: int) -> None:
        handled = Handled(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            status=status,
            correlation_id=g.correlation_id,
            principal=g.principal.name,
            error_code=g.error_code,
            bytes=size,
            seconds=time.perf_counter() - g.started,
        )
        notify(self._composition.observers, handled)

    # Views

    def odata(self, rest: str = "") -> Response:
        """One OData request. ``rest`` is decoded and not used: the raw target says more."""
        target = edge.target(request.environ, PREFIX)
        if target is None:
            raise nothing_here()
        if request.method == "OPTIONS":
            allow = ", ".join(allowed(target.path))
            return _Answer(status=204, headers={"Allow": allow, "OData-Version": _version()})
        reading = request.method in ("GET", "HEAD")
        if not reading and edge.is_foreign(_headers(), self._settings.url):
            raise ODataError("forbidden", "Pages of other sites may not send requests here.")
        answer = self._service.handle(
            ODataRequest(
                method=request.method,
                path=target.path,
                query=target.query,
                headers=_headers(),
                body=b"" if reading else self._body(),
                root=self._settings.root,
                correlation_id=g.correlation_id,
            ),
            g.principal,
        )
        response = _response(answer)
        if reading and answer.status < 400 and request.headers.get("X-CSRF-Token", "").lower() == "fetch":
            self._add_csrf_token(response)
        return response

    def _body(self) -> bytes:
        settings = self._settings
        body = edge.body(request.environ, settings.max_body)
        encoding = request.headers.get("Content-Encoding")
        return edge.inflate(body, encoding, settings.max_inflated, settings.max_ratio)

    def _add_csrf_token(self, response: Response) -> None:
        token, nonce = edge.csrf_token(self._csrf_key, g.principal.name, request.cookies.get(CSRF_COOKIE))
        response.headers["X-CSRF-Token"] = token
        response.set_cookie(
            CSRF_COOKIE,
            nonce,
            path=PREFIX,
            secure=self._settings.url.startswith("https:"),
            httponly=True,
            samesite="Strict",
        )

    def changed(self) -> Response:
        """An ERP says which entity sets have changed: what is kept of them serves no more."""
        if edge.is_foreign(_headers(), self._settings.url):
            raise ODataError("forbidden", "Pages of other sites may not send requests here.")
        made = self._composition
        names = changed_sets(self._body(), g.principal, self._settings.change_users, made.metadata)
        if made.guarded.marks is not None:
            made.guarded.marks.mark(names)
        return _Answer(status=204)

    def metrics(self) -> Response:
        """The figures of all processes, for those who may read them."""
        counted = self._composition.metrics
        if counted is None:
            raise nothing_here()
        if g.principal.name not in self._settings.metrics_users:
            raise ODataError(
                "forbidden", "This user may not read metrics.", hint="The setting metrics_users names who may."
            )
        from odata_server.metrics import CONTENT_TYPE

        return _Answer(counted.text(), 200, {"Content-Type": CONTENT_TYPE})

    def healthz(self) -> Response:
        """This process answers; says nothing of the ERP."""
        return _status(200, {"status": "ok"})

    def readyz(self) -> Response:
        """The model is loaded and the ERP answers. Says why not by an error code and nothing more. Of several sources
        one is enough: what needs no other one is answered. Kept answers are enough, too. Without the store that keeps
        them the service is slower, not down.
        """
        problems, store = self._ready.problems(g.correlation_id), self._composition.guarded.store
        codes = [code for code in problems.values() if code is not None]
        away = store.problem() if store is not None else None
        some = len(codes) < len(problems) or (store is not None and away is None)
        status = "ready" if not (codes or away) else "degraded" if some else "unavailable"
        body: dict[str, Any] = {"status": status}
        if set(problems) != {DEFAULT_SOURCE}:
            body["sources"] = {name: code or "ready" for name, code in problems.items()}
        elif codes:
            body["code"] = codes[0]
        if store is not None:
            body["cache"] = "ready" if away is None else "unavailable"
        return _status(503 if status == "unavailable" else 200, body)

    # Errors

    def refuse(self, error: ODataError) -> Response:
        g.error_code = error.code
        return _response(self._service.refuse(error, _version()))

    def refuse_http(self, error: HTTPException) -> Response:
        """Werkzeug's errors as OData's, in our words."""
        methods = getattr(error, "valid_methods", None)
        if methods:
            return self.refuse(_method_not_allowed(methods))
        status = error.code or 500
        if status < 400 or status == 404:
            return self.refuse(nothing_here())
        if status >= 500:
            return self.fail(error)
        code = next((code for code, (known, _) in ERROR_CODES.items() if known == status), "syntax")
        return self.refuse(ODataError(code, ERROR_CODES[code][1], status=status))

    def fail(self, error: Exception) -> Response:
        failed = Failed(error, g.get("correlation_id", "-"), request.method, request.path)
        notify(self._composition.observers, failed)
        return self.refuse(internal_error())


class _Readiness:
    """Asks the ERP at most once a second, however often it is asked itself."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._until = 0.0
        self._problems: Mapping[str, str | None] = {}

    def problems(self, correlation_id: str) -> Mapping[str, str | None]:
        """By source the code of the error that keeps it from being ready."""
        now = time.monotonic()
        if now >= self._until:
            found = problems(self._adapter, Session("readyz", correlation_id, now + 2))
            self._problems = {name: error.code if error else None for name, error in found.items()}
            self._until = time.monotonic() + 1
        return self._problems


def _headers() -> Headers:
    return Headers(request.headers.items())


def _version() -> str:
    try:
        return protocol_version(_headers())
    except ODataError:
        return "4.0"


def _response(answer: ODataResponse) -> Response:
    return _Answer(answer.body, answer.status, list(answer.headers))


def _status(code: int, body: dict[str, Any]) -> Response:
    return _Answer(json.dumps(body), code, {"Content-Type": "application/json"})


def _compress(response: Response) -> None:
    """gzip, for those who take it. A strong ETag names bytes, and these become others."""
    headers = response.headers
    vary = headers.get("Vary")
    headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    if response.is_streamed or response.direct_passthrough or "Content-Encoding" in headers:
        return
    size = response.content_length or 0
    if size >= edge.MIN_GZIP and edge.accepts_gzip(request.headers.get("Accept-Encoding")):
        response.set_data(edge.compress(response.get_data()))
        headers["Content-Encoding"] = "gzip"
        etag = headers.get("ETag", "W/")
        if not etag.startswith("W/"):
            headers["ETag"] = f"W/{etag}"


def _method_not_allowed(known: Iterable[str]) -> ODataError:
    methods = ", ".join(sorted(known))
    return ODataError("method_not_allowed", "This method is not allowed here.", headers=(("Allow", methods),))
