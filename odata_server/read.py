"""Answers a bound request for ERP data: reads through the engine, writes in the negotiated representation.

One function per kind of resource, chosen from a table.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edm.errors import ODataError
from edm.expressions import Const, Expr, Prop, call, conjunction
from edm.model import EntitySet, NavigationProperty, ServiceMetadata
from edm.query import Query, narrowed
from edm.text import query_text
from edm.values import raw_value
from erp_adapters.base import Row, Session
from odata_server.execute import Engine, Result
from odata_server.expand import Entities, PerParent, expand, numbers_of, root_columns
from odata_server.json_derived import structure_list, structured
from odata_server.json_format import Writer, select_list
from odata_server.messages import ODataRequest, ODataResponse
from odata_server.negotiation import Preferences, Representation, preferences
from odata_server.paging import PageRead, PageSizes, next_link, order_types, page_read
from odata_server.responses import no_content, respond, weak_etag
from odata_server.uri.bound import Answer, BoundRequest
from odata_server.uri.tokens import Skiptoken, TokenSigner, query_digest


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What reading needs beside the request: page sizes, the byte limit, the token signer."""

    sizes: PageSizes
    max_response: int
    signer: TokenSigner


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, and what the observers want to know of it."""

    response: ODataResponse
    rows: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """One bound request on its way to a response."""

    request: ODataRequest
    bound: BoundRequest
    engine: Engine
    session: Session
    shape: Representation
    options: ReadOptions
    now: datetime

    def answer(self) -> Answered:
        """The response; raises ``ODataError``. What is no reading is writing."""
        spent, began = self.session.timings, time.perf_counter()
        already = spent.read_seconds
        query = self.narrowed()
        answered = self._nothing() if query is None else _ANSWERS[self.bound.answer](self, query)
        spent.write_seconds += time.perf_counter() - began - (spent.read_seconds - already)
        return answered

    def _nothing(self) -> Answered:
        """The answer where a navigation property on the path is null: no entity, or a collection without any."""
        if self.bound.answer in (Answer.COLLECTION, Answer.REFERENCES):
            return self._write_collection(self._page_read(self._query), Result([], 0))
        if self.bound.answer is Answer.COUNT:
            return Answered(respond(self.request, self.shape, b"0"))
        if not self.bound.optional:
            raise ODataError("not_found", f"There is no {self.bound.path}.")
        return Answered(no_content(self.shape))

    # --- what is asked --------------------------------------------------------------------------------

    @property
    def _query(self) -> Query:
        assert self.bound.query is not None
        return self.bound.query

    @property
    def _metadata(self) -> ServiceMetadata:
        return self.engine.metadata

    @property
    def _entity_set(self) -> EntitySet:
        return self._metadata[self._query.entity_set]

    @property
    def _writer(self) -> Writer:
        omit, annotations = self._preferences.omit_values, self._annotations
        return Writer(self._metadata, self.shape, self.request.root, omit, annotations)

    def _annotations(self) -> tuple[tuple[str, str], ...]:
        """When the ERP gave the data, if it was too long ago, so that people can be told."""
        origin, wanted = self.session.provenance, self._preferences.include_annotations
        name = f"{self._metadata.namespace}.DataAsOf"
        if not origin.stale or origin.oldest is None or (wanted is not None and not wanted.includes(name)):
            return ()
        return ((name, datetime.fromtimestamp(int(origin.oldest), UTC).isoformat().replace("+00:00", "Z")),)

    @property
    def _preferences(self) -> Preferences:
        return preferences(self.request.headers)

    def narrowed(self) -> Query | None:
        """The query with the condition that each hop of the path adds; ``None`` if a navigation property is null.

        Raises 404 when a parent on the way does not exist.
        """
        link: NavigationProperty | None = None
        condition: Expr | None = None
        for hop in self.bound.hops:
            query = hop.query.with_(filter=conjunction(condition, hop.query.filter))
            rows = self.engine.run(query, self.session).rows
            if not rows:
                raise self._missing(link)
            link = hop.navigation
            if None in rows[0]:
                return None
            condition = self._linked(link, rows[0])
        return narrowed(self._query, condition)

    def _linked(self, link: NavigationProperty, parent: Row) -> Expr | None:
        target = self._metadata.target(link)
        parts: list[Expr] = []
        for (_, other), value in zip(link.on, parent, strict=True):
            found = target.type.property(other)
            assert found is not None
            parts.append(call("eq", Prop((other,), found.type, nullable=found.nullable), Const(value, found.type)))
        return conjunction(*parts)

    def _missing(self, link: NavigationProperty | None) -> ODataError:
        what = f"{self.bound.path.split('/')[0]}" if link is None else f"{link.name} on this path"
        return ODataError("not_found", f"There is no {what}.")

    def _page_read(self, query: Query) -> PageRead:
        token = self._token()
        size = self.options.sizes.of(self._preferences.max_page_size)
        entity_set = None if self.bound.structure else self._entity_set
        return page_read(query, entity_set, token, size, self.options.sizes.max_skip)

    def planned(self) -> Query | None:
        """The query that the planner gets for this request, for ``explain``."""
        query = self.narrowed()
        if query is None:
            return None
        if self.bound.answer is Answer.COUNT:
            return _counting(query)
        if self.bound.answer in (Answer.COLLECTION, Answer.REFERENCES):
            return self._page_read(query).query
        return self._one(query, self._single_columns(query))

    # --- tokens ---------------------------------------------------------------------------------------

    def _digest(self) -> bytes:
        query, hops = self._query, self.bound.hops
        path = "/".join(f"{query_text(h.query)}->{h.navigation.name}" for h in hops)
        shape = query_text(query.with_(skip=0, count=False))
        return query_digest(path, shape, self.session.principal, self._metadata.version)

    def _token(self) -> Skiptoken | None:
        if self.bound.skiptoken is None:
            return None
        types = order_types(self._query.orderby)
        return self.options.signer.decode(self.bound.skiptoken, self._digest(), types, self.now.timestamp())

    # --- answers --------------------------------------------------------------------------------------

    def collection(self, query: Query) -> Answered:
        read = self._page_read(query)
        return self._write_collection(read, self.engine.run(read.query, self.session))

    def _write_collection(self, read: PageRead, result: Result) -> Answered:
        references = self.bound.answer is Answer.REFERENCES
        count = result.count if read.count is None else read.count

        def link(written: int) -> str | None:
            token = read.next_token(result.rows, written, count)
            if token is None:
                return None
            text = self.options.signer.encode(token, self._digest(), self.now.timestamp())
            path = self.bound.path + ("/$ref" if references else "")
            return next_link(self.request, path, text)

        fragment = "Collection($ref)" if references else self._entity_set.name + self._select_list()
        body, written = self._writer.collection(
            self._items(read.query.columns, result.rows[: read.limit]),
            f"{self.request.root}$metadata#{fragment}",
            count=count if self._query.count else None,
            max_bytes=self.options.max_response,
            next_link=link,
        )
        return Answered(respond(self.request, self.shape, body, extra=self._applied(read.size)), written, result.notes)

    def _items(self, columns: tuple[str, ...], rows: Sequence[Row]) -> Sequence[Any]:
        """The rows as the writer writes them."""
        structure = self.bound.structure
        if structure is not None:
            return structured(self._writer, structure, self._entity_set, columns, rows)
        entities = self._expanded(columns, rows)
        references = self.bound.answer is Answer.REFERENCES
        return self._writer.references(entities) if references else self._writer.entities(entities)

    def _applied(self, size: int) -> tuple[tuple[str, str], ...]:
        """What to say of the preferences for entities; ``size`` is that of the pages."""
        wanted = self._preferences
        honoured = {
            "maxpagesize": wanted.max_page_size == size,
            "omit-values": wanted.omit_values and self.bound.answer is not Answer.REFERENCES,
            "include-annotations": wanted.include_annotations is not None,  # entities have none to leave out
        }
        return wanted.applied(*(name for name, honours in honoured.items() if honours))

    def _expanded(self, columns: tuple[str, ...], rows: Sequence[Row]) -> Entities:
        sizes = self.options.sizes
        limits = PerParent(sizes.expanded(self._preferences.max_page_size), sizes.expanded(None))
        return expand(self.engine, self._entity_set, self._query, columns, rows, self.session, limits)

    def _select_list(self) -> str:
        if self.bound.structure is not None:
            return structure_list(self.bound.structure, self._entity_set)
        return select_list(self._query, self.bound.selected, self.shape.version)

    def _one(self, query: Query, columns: tuple[str, ...]) -> Query:
        """The question for the one row that ``query`` leads to."""
        return query.with_(columns=columns, compute=(*query.compute, *numbers_of(query)), expand=(), top=1)

    def _single_columns(self, query: Query) -> tuple[str, ...]:
        """What is read of the one row."""
        found, key = self.bound.property, self._entity_set.type.key
        match self.bound.answer:
            case Answer.ENTITY:
                return root_columns(self._entity_set, query, *self._entity_set.type.names)
            case Answer.PROPERTY if found is not None:
                return tuple(dict.fromkeys((found.name, key)))
            case Answer.VALUE if found is not None:
                return (found.name,)
            case _:
                return (key,)

    def _single(self, query: Query, columns: tuple[str, ...]) -> Row | None:
        """The one row, or ``None`` where a navigation property is null; 404 if it ought to exist."""
        rows = self.engine.run(self._one(query, columns), self.session).rows
        if not rows and not self.bound.optional:
            raise ODataError("not_found", f"There is no {self.bound.path or self._entity_set.name}.")
        return rows[0] if rows else None

    def entity(self, query: Query) -> Answered:
        columns = self._single_columns(query)
        row = self._single(query, columns)
        if row is None:
            return Answered(no_content(self.shape))
        etag = self._etag(columns, row)
        entities = self._expanded(columns, [row])
        context = f"{self.request.root}$metadata#{self._entity_set.name}{self._select_list()}/$entity"
        body = self._writer.entity(entities, context, etag)
        size = self.options.sizes.expanded(self._preferences.max_page_size) if query.expand else 0
        # The ETag knows nothing of related entities: with $expand it must not validate the response.
        response = respond(
            self.request, self.shape, body, etag=etag, cacheable=not query.expand, extra=self._applied(size)
        )
        return Answered(response, 1)

    def _etag(self, columns: tuple[str, ...], row: Row) -> str:
        """Of all properties in the caller's view, whatever was selected."""
        names, values = self._entity_set.type.names, list(row)
        if columns != names:
            named = dict(zip(columns, row, strict=True))
            values = [named[name] for name in names]
        return weak_etag(repr(values).encode("utf-8", "replace"))

    def reference(self, query: Query) -> Answered:
        columns = self._single_columns(query)
        row = self._single(query, columns)
        if row is None:
            return Answered(no_content(self.shape))
        entities = Entities(self._entity_set, self._query, columns, [row], (), 0)
        return Answered(respond(self.request, self.shape, self._writer.reference(entities)), 1)

    def one_property(self, query: Query) -> Answered:
        found = self.bound.property
        assert found is not None
        row = self._single(query, self._single_columns(query))
        if row is None or row[0] is None:
            return Answered(no_content(self.shape))
        context = f"{self.request.root}$metadata#{self._canonical(row[-1])}/{found.name}"
        body = self._writer.one_property(found, row[0], context)
        return Answered(respond(self.request, self.shape, body), 1)

    def _canonical(self, key: str) -> str:
        """The resource path of the entity with that key, as context URLs have it: not percent-encoded."""
        quoted = key.replace("'", "''")
        return f"{self._entity_set.name}('{quoted}')"

    def value(self, query: Query) -> Answered:
        found = self.bound.property
        assert found is not None
        row = self._single(query, self._single_columns(query))
        if row is None or row[0] is None:
            return Answered(no_content(self.shape))
        return Answered(respond(self.request, self.shape, raw_value(row[0]).encode()), 1)

    def count(self, query: Query) -> Answered:
        result = self.engine.run(_counting(query), self.session)
        return Answered(respond(self.request, self.shape, str(result.count or 0).encode()), 0, result.notes)


def _counting(query: Query) -> Query:
    """The question how many rows there are."""
    return query.with_(columns=(), orderby=(), skip=0, top=0, count=True, compute=(), expand=())


_ANSWERS: dict[Answer, Callable[[Reader, Query], Answered]] = {
    Answer.COLLECTION: Reader.collection,
    Answer.REFERENCES: Reader.collection,
    Answer.ENTITY: Reader.entity,
    Answer.REFERENCE: Reader.reference,
    Answer.PROPERTY: Reader.one_property,
    Answer.VALUE: Reader.value,
    Answer.COUNT: Reader.count,
}
