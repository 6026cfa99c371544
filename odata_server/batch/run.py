"""Works off a batch: one request after the other, references and dependencies, change sets as a whole.

Requests are answered by whoever implements ``Service``; a ``unit`` of it is what makes a change set atomic.
"""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from edm.errors import ODataError
from odata_server.batch.address import Address, resolve
from odata_server.batch.parts import Batch, ChangeSet, ChangeSetReply, Part, Reply, malformed
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.methods import is_batch, resource
from odata_server.negotiation import JSON, preferences

METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
#: Header fields of a request that belong to a connection or say who is asking, which the enclosing request does, or
#: that hold for a batch as a whole.
_DROPPED: Final = frozenset({
    "authorization", "connection", "cookie", "expect", "forwarded", "host", "isolation", "keep-alive",
    "odata-isolation", "te", "trailer", "transfer-encoding", "upgrade", "x-correlation-id", "x-csrf-token", "x-real-ip",
    "x-request-id",
})  # fmt: skip
_DROPPED_PREFIXES: Final = ("proxy-", "x-forwarded-", "sec-", "remote-", "x-remote-")
#: Header fields of the enclosing request that hold for each request without one of that name.
_INHERITED: Final = ("OData-Version", "OData-MaxVersion", "Accept-Language")
#: Preferences that are not handed on to the requests of a batch.
_OF_THE_BATCH: Final = frozenset({"callback", "continue-on-error", "respond-async", "track-changes", "wait"})
#: Header fields of an answer that say nothing within a batch.
_SILENT: Final = frozenset({"vary", "server-timing", "content-length"})
_ETAG_REFERENCE = re.compile(r"\$([\x21-\x7e]+)", re.ASCII)


class Service(Protocol):
    """Answers the requests of a batch for the caller of the enclosing one, and for nobody else."""

    def answer(self, request: ODataRequest, part: str, fault: ODataError | None = None) -> ODataResponse:
        """The response to a request, which is called ``part`` in the log; with a ``fault``, that as a response.
        Never raises.
        """
        ...

    def unit(self) -> AbstractContextManager[None]:
        """The unit of work of a change set: kept at its end, undone when an exception leaves it.

        To begin and to keep it may raise ``ODataError``; then nothing of it is kept.
        """
        ...


class _Undo(Exception):
    """Leaves a unit of work, so that it is undone."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What later requests may refer to."""

    failed: bool
    path: str = ""
    etag: str | None = None


@dataclass(slots=True)
class Runner:
    """A batch under way. ``outer`` is the enclosing request."""

    service: Service
    outer: ODataRequest
    outcomes: dict[str, _Outcome] = field(default_factory=dict)
    answered: int = 0

    def run(self, batch: Batch, goes_on: bool) -> list[Reply | ChangeSetReply]:
        """The replies in the order of the requests; up to the first failure, unless the batch ``goes_on`` after it."""
        replies: list[Reply | ChangeSetReply] = []
        for item in batch.items:
            replies.append(self._change_set(item) if isinstance(item, ChangeSet) else self._reply(item))
            if replies[-1].failed and not goes_on:
                break
        return replies

    def skip(self, item: Part | ChangeSet, reason: ODataError) -> Reply | ChangeSetReply:
        """The reply to what is not tried."""
        if isinstance(item, Part):
            return self._reply(item, reason)
        replies = tuple(self._reply(part, reason) for part in item.parts)
        return ChangeSetReply(item.id, replies, replies[0])

    # --- change sets ----------------------------------------------------------------------------------

    def _change_set(self, item: ChangeSet) -> Reply | ChangeSetReply:
        own = {part.id for part in item.parts}
        try:
            self._check_dependencies(name for part in item.parts for name in part.depends_on if name not in own)
            reply: Reply | ChangeSetReply = self._together(item)
        except ODataError as error:
            reply = self.skip(item, error)
        if item.id is not None:
            self.outcomes[item.id] = _Outcome(reply.failed)
        return reply

    def _together(self, item: ChangeSet) -> ChangeSetReply:
        replies: list[Reply] = []
        try:
            with self.service.unit():
                for part in item.parts:
                    replies.append(self._reply(part))
                    if replies[-1].failed:
                        raise _Undo
        except _Undo:
            return self._undone(item, replies[-1])
        return ChangeSetReply(item.id, tuple(replies))

    def _undone(self, item: ChangeSet, culprit: Reply) -> ChangeSetReply:
        """All requests of a change set failed with one of them, those too that had been answered already."""
        reason = failed_dependency("Another request of the change set failed, and nothing of it was kept.")
        replies = tuple(culprit if part is culprit.part else self._reply(part, reason) for part in item.parts)
        return ChangeSetReply(item.id, replies, culprit)

    # --- single requests ------------------------------------------------------------------------------

    def _reply(self, part: Part, fault: ODataError | None = None) -> Reply:
        self.answered += 1
        path, _, query = part.url.partition("?")
        request = ODataRequest(part.method, path, query, root=self.outer.root, correlation_id=self.outer.correlation_id)
        if fault is None:
            try:
                request = self._prepared(part)
            except ODataError as error:
                fault = error
        response = self.service.answer(request, part.id or f"part-{self.answered}", fault)
        headers = tuple((name, value) for name, value in response.headers if name.lower() not in _SILENT)
        reply = Reply(part, replace(response, headers=headers))
        if part.id is not None:
            self.outcomes[part.id] = self._outcome(request, reply)
        return reply

    def _outcome(self, request: ODataRequest, reply: Reply) -> _Outcome:
        """What a reference stands for: where the answer says that its entity is, or else what was asked for."""
        location = reply.response.header("Location")
        path = resolve(location, self.outer.root).path if location and not reply.failed else request.path
        return _Outcome(reply.failed, resource(path), reply.response.header("ETag"))

    def _prepared(self, part: Part) -> ODataRequest:
        """The request that a part stands for; raises for what a batch must not hold, and for broken references."""
        if part.fault is not None:
            raise part.fault
        if part.method not in METHODS:
            allowed = ("Allow", ", ".join(METHODS))
            raise ODataError("method_not_allowed", f"A batch cannot hold {part.method[:20]!r}.", headers=(allowed,))
        if "Content-Encoding" in part.headers:
            raise ODataError("unsupported_media_type", "Only a batch as a whole can be compressed.")
        self._check_dependencies(part.depends_on)
        address = self._referred(resolve(part.url, self.outer.root, self.outer.headers.get("Host")))
        if is_batch(address.path):
            raise malformed("A batch cannot hold another one.", "url")
        return ODataRequest(
            method=part.method,
            path=address.path,
            query=address.query,
            headers=self._headers(part.headers),
            body=part.body,
            root=self.outer.root,
            correlation_id=self.outer.correlation_id,
        )

    def _headers(self, own: Headers) -> Headers:
        fields = {n: v for n, v in own.items() if n not in _DROPPED and not n.startswith(_DROPPED_PREFIXES)}
        for name in _INHERITED:
            if name in self.outer.headers:
                fields.setdefault(name.lower(), self.outer.headers[name])
        if JSON in self.outer.headers.get("Accept", "").lower():
            # Which JSON is wanted; counts, values and metadata come as what they are.
            fields.setdefault("accept", self.outer.headers["Accept"] + ", */*;q=0.001")
        wanted = [p.text for name, p in preferences(self.outer.headers).given.items() if name not in _OF_THE_BATCH]
        if wanted:  # of two equal preferences the first counts
            fields["prefer"] = ", ".join([fields["prefer"], *wanted] if "prefer" in fields else wanted)
        for name in ("if-match", "if-none-match"):
            reference = _ETAG_REFERENCE.fullmatch(fields.get(name, ""))
            if reference:
                fields[name] = self._etag(reference[1])
        return Headers(fields)

    # --- dependencies and references ------------------------------------------------------------------

    def _check_dependencies(self, names: Iterable[str]) -> None:
        for name in names:
            if self.outcomes[name].failed:
                raise failed_dependency(f"{name[:40]!r}, which this request depends on, failed.")

    def _referred(self, address: Address) -> Address:
        """The address with a reference at its start replaced by what it stands for."""
        if address.reference is None:
            return address
        name, rest = address.reference
        return Address(self._outcome_of(name).path + rest, address.query)

    def _etag(self, name: str) -> str:
        etag = self._outcome_of(name).etag
        if etag is None:
            raise malformed(f"The answer to {name[:40]!r} has no ETag.")
        return etag

    def _outcome_of(self, name: str) -> _Outcome:
        found = self.outcomes.get(name)
        if found is None:
            raise malformed(f"${name[:40]} refers to no request before this one.")
        if found.failed:
            raise failed_dependency(f"${name[:40]} refers to a request that failed.")
        return found


def failed_dependency(message: str) -> ODataError:
    return ODataError("failed_dependency", message)
