"""Builds responses: status, headers, validators. What is in a body is ``json_format``'s business."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

from edm.errors import ODataError
from odata_server.json_format import error_body
from odata_server.messages import ODataRequest, ODataResponse
from odata_server.negotiation import Preferences, Representation

#: Request headers that the answer depends on.
VARY = "Accept, OData-MaxVersion, Prefer, Authorization"


def respond(
    request: ODataRequest,
    shape: Representation,
    body: bytes,
    *,
    etag: str | None = None,
    cacheable: bool = True,
    extra: Sequence[tuple[str, str]] = (),
) -> ODataResponse:
    """200 with the body, or 304 if the client has it already; raises 412 if ``If-Match`` does not hold.

    ``etag`` is the body's own by default. One that says too little to tell whether the body is the same is not
    ``cacheable``: it is compared with ``If-Match`` alone, and not sent.
    """
    tag = weak_etag(body) if etag is None else etag
    validator = (("ETag", tag),) if cacheable else ()
    headers = (("OData-Version", shape.version), *validator, ("Vary", VARY), *extra)
    if "If-Match" in request.headers and not _matches(request.headers.get("If-Match"), tag):
        raise ODataError("precondition_failed", "The resource has changed: If-Match does not hold.", target="If-Match")
    if cacheable and _matches(request.headers.get("If-None-Match"), tag):
        return ODataResponse(304, headers)
    return ODataResponse(200, (("Content-Type", shape.content_type), *headers), body)


def no_content(shape: Representation) -> ODataResponse:
    """204: the resource exists and is null."""
    return ODataResponse(204, (("OData-Version", shape.version), ("Vary", VARY)))


def refuse(error: ODataError, version: str, namespace: str, preferred: Preferences) -> ODataResponse:
    """The error as an OData response."""
    chosen = preferred.include_annotations
    headers = (
        ("Content-Type", Representation(version).content_type),
        ("OData-Version", version),
        ("Content-Language", "en"),
        ("Vary", VARY),
        *(preferred.applied("include-annotations") if chosen else ()),
        *error.headers,
    )
    return ODataResponse(error.status, headers, error_body(error, namespace, chosen.includes if chosen else _all))


def _all(term: str) -> bool:
    return True


def internal_error() -> ODataError:
    """What a client learns of a fault of ours."""
    return ODataError(
        "internal",
        "The service failed to answer this request.",
        hint="The correlation id finds the cause in the log.",
    )


def weak_etag(content: bytes) -> str:
    """A validator that changes with the content. SHA-256, because processors have instructions for it."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:24]}"'


#: The same of a document, remembered: it is one object as long as the model lives, and its hash is kept in it.
document_etag = lru_cache(maxsize=64)(weak_etag)


def _matches(header: str | None, tag: str) -> bool:
    """Weak comparison, for If-Match too (Protocol 8.2.4)."""
    if header is None:
        return False
    bare = tag.removeprefix("W/")
    return header.strip() == "*" or any(t.strip().removeprefix("W/") == bare for t in header.split(","))
