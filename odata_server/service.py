"""The pipeline: parse -> bind -> restrict -> plan -> read -> finish -> write, from an ``ODataRequest`` to an
``ODataResponse``.

Pure but for the adapter it reads from and the observers it tells. Flask, the CLI and the tests call the same
``handle``.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from edm.errors import ODataError
from edm.model import ServiceMetadata
from edm.primitives import PrimitiveType
from edm.text import expression_text, query_text
from erp_adapters.base import Adapter, Explains, Provenance, Repeats, Session, SourceError, TimedOut, Timings
from odata_server.auth import Principal, view_digest
from odata_server.batch.exchange import answer_batch
from odata_server.documents import METADATA, OFFERS, metadata_answer, metadata_document
from odata_server.execute import Engine
from odata_server.explained import Explanation, costs, decisions
from odata_server.freshness import origin_headers, timing_text, wants_live
from odata_server.json_format import Writer
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.methods import as_get, check_method, is_batch
from odata_server.negotiation import JSON, Representation, negotiate, preferences, protocol_version
from odata_server.observe import Failed, Handled, Observer, notify
from odata_server.paging import PageSizes
from odata_server.read import Reader, ReadOptions
from odata_server.repeated import Consulted, Page, Pages
from odata_server.responses import document_etag, internal_error, refuse, respond
from odata_server.restrict import restrict
from odata_server.semijoin import foreseen
from odata_server.uri.bind import RequestBinder
from odata_server.uri.bind_path import PathBinder
from odata_server.uri.bound import Answer, BoundRequest
from odata_server.uri.limits import DEFAULT_LIMITS, Limits
from odata_server.uri.options import parse_path, parse_query
from odata_server.uri.remembered import Cut, Remembered, cut
from odata_server.uri.roots import with_values
from odata_server.uri.syntax import QueryOptions, ResourcePath
from odata_server.uri.tokens import TokenSigner

NO_HEADERS = Headers()
#: Headers that make an answer depend on what the client has.
_CONDITIONS = ("If-Match", "If-None-Match")


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Limits of an answer, each named like its setting. Sizes in rows, bytes or characters, times in seconds."""

    page_size: int = 1_000
    max_page_size: int = 2_000
    max_response: int = 7_500_000
    max_skip: int = 100_000
    max_expanded: int = 50_000
    max_expanded_per_parent: int = 1_000
    max_token: int = 2_048
    scan_budget: int = 50_000
    deadline: float = 25.0
    batch_parts: int = 100
    batch_rows: int = 200_000
    live_users: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS


@dataclass(slots=True)
class Exchange:
    """One request on its way through the pipeline, and what the observers will be told of it.

    ``options`` are the service's, or what a batch has left of them; ``part`` is the name of a request within a batch.
    """

    request: ODataRequest
    principal: Principal
    session: Session
    now: datetime
    started: float
    options: ServiceOptions
    part: str = ""
    version: str = "4.0"
    entity_set: str | None = None
    rows: int = 0
    notes: tuple[str, ...] = ()
    code: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Answers requests against one model and one adapter. ``secrets`` sign tokens; the first one is current."""

    metadata: ServiceMetadata = field(repr=False)
    adapter: Adapter = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    options: ServiceOptions = field(default_factory=ServiceOptions)
    observers: tuple[Observer, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    #: What requests like earlier ones are bound by; ``None`` to bind each as a whole.
    remembered: Remembered | None = field(default_factory=Remembered, repr=False, compare=False)
    #: Answers that are given again as they are; none where nothing is kept.
    pages: Pages | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pages = Pages(self.adapter.again) if isinstance(self.adapter, Repeats) else None
        object.__setattr__(self, "pages", pages)

    def handle(self, request: ODataRequest, principal: Principal) -> ODataResponse:
        """The response to one request. Never raises: a failure is a response too."""
        return self.handled(self._exchange(request, principal))

    def handled(self, exchange: Exchange, fault: ODataError | None = None) -> ODataResponse:
        """The response to a request that is under way, or to its ``fault`` if it has one. Never raises."""
        request = exchange.request
        try:
            if fault is not None:
                raise fault
            response = self._answer(exchange)
            if exchange.part:
                _check_size(response, exchange.options)
        except ODataError as error:
            exchange.code = error.code
            exchange.detail = error.detail if isinstance(error, SourceError) else error.message
            response = self.refuse(error, exchange.version, request.headers)
        except Exception as error:  # noqa: BLE001 (the last resort: the client learns only that, the log everything)
            exchange.code = "internal"
            self._tell(Failed(error, request.correlation_id, request.method, request.path))
            response = self.refuse(internal_error(), exchange.version)
        return self._observed(exchange, request, response)

    def _answer(self, exchange: Exchange) -> ODataResponse:
        """The answer: one that was given before, or made now."""
        plain = exchange.request.method == "GET" and not (exchange.part or exchange.session.live)
        if self.pages is None or not plain:
            return self._made(exchange)
        page = self.pages.find(exchange.request, exchange.session, exchange.now)
        if page is None:
            return self._kept(exchange, self.pages)
        exchange.entity_set, exchange.rows, exchange.notes = page.entity_set, page.rows, page.notes
        return page.response

    def _kept(self, exchange: Exchange, pages: Pages) -> ODataResponse:
        """The answer, made and kept."""
        request, headers = exchange.request, Consulted(exchange.request.headers)
        exchange.request = replace(request, headers=headers)
        response = self._made(exchange)
        page = Page(
            replace(response, repeated=True),
            tuple(headers.seen.items()),
            tuple(exchange.session.provenance.kept),
            exchange.entity_set,
            exchange.rows,
            exchange.notes,
        )
        pages.keep(request, headers, exchange.session, exchange.now, page)
        return response

    def _made(self, exchange: Exchange) -> ODataResponse:
        exchange.version = protocol_version(exchange.request.headers)
        _check_request(exchange.request)
        if is_batch(exchange.request.path):
            return self._batch(exchange)
        exchange.request = request = as_get(exchange.request)
        view = exchange.principal.view(self.metadata)
        if (
            request.path == METADATA
            and not request.options
            and not any(name in request.headers for name in _CONDITIONS)
        ):
            accept = request.headers.get("Accept")
            return metadata_answer(view, exchange.version, accept, self.options.limits.expand_depth)
        bound = self._bind(exchange, view)
        offers = OFFERS.get(bound.answer, (JSON,))
        # A count is plain text (Protocol 11.2.10), also for the many clients that ask for JSON whatever they read.
        accept = None if bound.answer is Answer.COUNT else request.headers.get("Accept")
        shape = negotiate(exchange.version, accept, bound.format, offers)
        if bound.query is None:
            return self._document(bound.answer, shape, view, request)
        spent = exchange.session.timings
        spent.plan_seconds += time.perf_counter() - exchange.started - spent.read_seconds
        answered = self._reader(exchange, bound, view, shape).answer()
        exchange.rows, exchange.notes = answered.rows, answered.notes
        return answered.response

    def _bind(self, exchange: Exchange, view: ServiceMetadata) -> BoundRequest:
        limits, request = self.options.limits, exchange.request
        form = self._form(request)
        bound = None if form is None or self.remembered is None else self.remembered.find(form, view, limits)
        if bound is None:
            path, options = parse_path(request.path, limits), parse_query(request.options, limits)
            path, options = with_values(path, options, partial(self._root_value, exchange, view, options), limits)
            bound = RequestBinder(view, limits, exchange.now, request.root).bind(path, options)
            if form is not None and self.remembered is not None:
                self.remembered.keep(form, view, options, bound, exchange.now, limits)
        exchange.entity_set = bound.query.entity_set if bound.query else None
        return restrict(bound, exchange.principal, self.metadata)

    def _form(self, request: ODataRequest) -> Cut | None:
        """The form by which the request is remembered; none for what cannot be read."""
        try:
            return None if self.remembered is None else cut(request.path, request.options)
        except ODataError:
            return None

    def _root_value(
        self, exchange: Exchange, view: ServiceMetadata, options: QueryOptions, path: ResourcePath
    ) -> tuple[Any, PrimitiveType]:
        """The value of a property that ``$root/...`` leads to, and its type; null where the caller sees no entity."""
        try:
            target = PathBinder(view, options, self.options.limits, exchange.now).resolve(path)
        except ODataError as error:
            code = "unknown_property" if error.code == "not_found" else error.code
            raise ODataError(code, error.message, hint=error.hint) from None
        if target.answer is not Answer.PROPERTY or target.property is None:
            raise ODataError(
                "not_implemented",
                "$root leads only to a property of one entity here.",
                hint="For example $root/Customers('C-100042')/City.",
            )
        reader = self._reader(exchange, restrict(target, exchange.principal, self.metadata), view, Representation())
        try:
            query = reader.narrowed()
        except ODataError as error:
            if error.code != "not_found":
                raise
            query = None  # an entity on the way is missing
        rows = reader.engine.run(query, exchange.session).rows if query is not None else []
        return rows[0][0] if rows else None, target.property.type

    def _reader(self, exchange: Exchange, bound: BoundRequest, view: ServiceMetadata, shape: Representation) -> Reader:
        options = exchange.options
        sizes = PageSizes(options.page_size, options.max_page_size, options.max_skip, options.max_expanded_per_parent)
        return Reader(
            request=exchange.request,
            bound=bound,
            engine=Engine(view, self.metadata, self.adapter, options.scan_budget, options.max_expanded),
            session=exchange.session,
            shape=shape,
            options=ReadOptions(sizes, options.max_response, TokenSigner(self.secrets, options.max_token)),
            now=exchange.now,
        )

    def _batch(self, exchange: Exchange) -> ODataResponse:
        parts = _Parts(self, exchange)
        response = answer_batch(exchange.request, exchange.version, parts, exchange.options.batch_parts)
        exchange.notes = (f"{parts.number} answers",)
        return response

    def _document(
        self, answer: Answer, shape: Representation, view: ServiceMetadata, request: ODataRequest
    ) -> ODataResponse:
        if answer is Answer.SERVICE_DOCUMENT:
            return respond(request, shape, Writer(view, shape, request.root).service_document())
        document = metadata_document(view, shape.version, shape.format, self.options.limits.expand_depth)
        return respond(request, shape, document, etag=document_etag(document))

    def refuse(self, error: ODataError, version: str = "4.0", headers: Headers = NO_HEADERS) -> ODataResponse:
        """The error as an OData response to a request with these headers."""
        return refuse(error, version, self.metadata.namespace, preferences(headers))

    def explain(self, request: ODataRequest, principal: Principal) -> Explanation:
        """How ``request`` would be answered; raises ``ODataError`` like the pipeline. Reads only parents on the
        path."""
        exchange, view = self._exchange(request, principal), principal.view(self.metadata)
        bound = self._bind(exchange, view)
        if bound.query is None:
            raise ODataError("option_not_allowed", "Only requests for ERP data can be explained.")
        reader = self._reader(exchange, bound, view, Representation())
        query = reader.planned()
        if query is None:
            return Explanation("", "", None, ("a navigation property on the path is null: nobody is asked",), None)
        expected = foreseen(reader.engine, reader.engine.plan(query))
        made, native = expected.plan, None
        sent = [] if made.empty else [each for asked in (*expected.asked, made) for each in asked.sent]
        if isinstance(self.adapter, Explains) and sent:
            native = "\n\n".join(map(self.adapter.explain, sent))
        residual = expression_text(made.residual) if made.residual is not None else None
        first = (f"first reads {query_text(hop.query)}" for hop in bound.hops)
        notes = (*first, *made.notes, *costs(made, bound.query, exchange.options.scan_budget))
        pushed = "; ".join(map(query_text, made.sent))
        cache = tuple(decisions(self.adapter, sent, bound.query, exchange.session.view))
        return Explanation(query_text(made.query), pushed, residual, notes, native, cache)

    # --- observing ------------------------------------------------------------------------------------

    def _exchange(self, request: ODataRequest, principal: Principal) -> Exchange:
        deadline = time.monotonic() + self.options.deadline
        session = Session(
            principal.name,
            request.correlation_id,
            deadline,
            view=view_digest(principal, self.metadata),
            live=principal.name in self.options.live_users and wants_live(request.headers),
        )
        return Exchange(request, principal, session, self.clock(), time.perf_counter(), self.options)

    def _observed(self, exchange: Exchange, received: ODataRequest, response: ODataResponse) -> ODataResponse:
        timings, seconds = exchange.session.timings, time.perf_counter() - exchange.started
        self._tell(
            Handled(
                method=received.method,
                path=received.path,
                query=exchange.request.options,
                status=response.status,
                correlation_id=received.correlation_id,
                principal=exchange.principal.name,
                part=exchange.part,
                entity_set=exchange.entity_set,
                error_code=exchange.code,
                rows=exchange.rows,
                bytes=len(response.body),
                seconds=seconds,
                erp_seconds=timings.erp_seconds,
                erp_calls=timings.erp_calls,
                rows_read=timings.rows_read,
                cache=dict(exchange.session.provenance.reads),
                notes=exchange.notes,
                detail=exchange.detail,
            )
        )
        provenance = exchange.session.provenance
        origin = origin_headers(provenance, exchange.now)
        timing = ("Server-Timing", timing_text(timings, provenance, seconds))
        return replace(response, headers=(*response.headers, *origin, timing))

    def _tell(self, event: Handled | Failed) -> None:
        notify(self.observers, event)


@dataclass(slots=True)
class _Parts:
    """The requests of one batch: answered for its caller, by its deadline, within one budget of rows and bytes."""

    service: Service
    outer: Exchange
    number: int = 0
    written: int = 0

    def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
        outer, spent = self.outer, self.outer.session.timings
        session = replace(
            outer.session, correlation_id=request.correlation_id, timings=Timings(), memo={}, provenance=Provenance()
        )
        exchange = Exchange(
            request, outer.principal, session, outer.now, time.perf_counter(), self._left(), part, outer.version
        )
        response = self.service.handled(exchange, fault or self._exhausted())
        spent.add(session.timings)
        outer.session.provenance.merge(session.provenance)
        outer.rows += exchange.rows
        self.number += 1
        self.written += len(response.body)
        return response

    def unit(self) -> AbstractContextManager[None]:
        """Nothing is written yet, so there is nothing to keep or to undo."""
        return nullcontext()

    def _left(self) -> ServiceOptions:
        options = self.outer.options
        rows = options.batch_rows - self.outer.session.timings.rows_read
        return replace(
            options,
            scan_budget=max(0, min(options.scan_budget, rows)),
            max_response=max(0, options.max_response - self.written),
        )

    def _exhausted(self) -> ODataError | None:
        options = self.outer.options
        if self.outer.session.remaining() <= 0:
            return TimedOut("deadline of the batch passed")
        for limit, spent, what in (
            ("batch_rows", self.outer.session.timings.rows_read, "ERP rows are read"),
            ("max_response", self.written, "bytes are answered"),
        ):
            if spent >= getattr(options, limit):
                return _spent(limit, getattr(options, limit), what)
        return None


def _check_size(response: ODataResponse, options: ServiceOptions) -> None:
    """Pages are cut to what is left; whatever else does not fit is refused."""
    if len(response.body) > options.max_response:
        raise _spent("max_response", options.max_response, "bytes are left for this answer")


def _spent(limit: str, most: int, what: str) -> ODataError:
    hint = "Send it again in a request or a batch of its own."
    return ODataError("limit_exceeded", f"Not more than {most} {what} in one batch (limit {limit}).", hint=hint)


def _check_request(request: ODataRequest) -> None:
    check_method(request)
    for name in ("Isolation", "OData-Isolation"):
        if request.headers.get(name, "").strip().lower() == "snapshot":
            raise ODataError("precondition_failed", "Snapshot isolation is not available.", target=name)
