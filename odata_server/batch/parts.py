"""What a batch is made of, whichever format it arrives in, and what comes of it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edm.errors import ODataError
from odata_server.messages import Headers, ODataResponse

MULTIPART = "multipart/mixed"

#: Ids become header values and parts of URLs again.
_ID = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch. ``url`` is as the client wrote it, in ASCII; ``fault`` is why it cannot be a request."""

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    id: str | None = None
    depends_on: tuple[str, ...] = ()
    fault: ODataError | None = None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Requests that succeed or fail together: a change set, or in JSON an atomicity group, which has an ``id``."""

    parts: tuple[Part, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What to do, in this order. ``goes_on``: whether an error stops the rest unless the client says otherwise."""

    items: tuple[Part | ChangeSet, ...]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one request."""

    part: Part
    response: ODataResponse

    @property
    def failed(self) -> bool:
        return self.response.status >= 400


@dataclass(frozen=True, slots=True)
class ChangeSetReply:
    """One answer per request; if the set failed, ``culprit`` is the one that explains it."""

    id: str | None
    replies: tuple[Reply, ...]
    culprit: Reply | None = None

    @property
    def failed(self) -> bool:
        return self.culprit is not None


def parts_of(items: Iterable[Part | ChangeSet]) -> Iterator[Part]:
    """All requests, those of change sets included."""
    for item in items:
        yield from item.parts if isinstance(item, ChangeSet) else (item,)


def checked_id(text: str, what: str = "Content-ID") -> str:
    """``text`` if it can be an id; raises otherwise."""
    if not _ID.fullmatch(text):
        raise malformed(f"{what} must have 1 to 255 printable ASCII characters and no blank.", target=what)
    return text


def malformed(message: str, target: str | None = None, hint: str | None = None) -> ODataError:
    return ODataError("bad_batch", message, target=target, hint=hint)


def too_many(limit: int) -> ODataError:
    return ODataError(
        "limit_exceeded",
        f"More than {limit} requests in one batch (limit batch_parts).",
        hint="Send the rest in another batch.",
    )
