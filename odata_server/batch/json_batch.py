"""Batches as JSON: reading requests, writing answers (JSON Format 4.01, 19)."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import quote

import msgspec

from edm.errors import ODataError
from odata_server.batch.mime import MAX_HEAD, header_field
from odata_server.batch.parts import Batch, ChangeSet, ChangeSetReply, Part, Reply, checked_id, malformed, too_many
from odata_server.json_guard import checked_json
from odata_server.messages import Headers
from odata_server.negotiation import JSON, media_type

#: ASCII that stays as it is in a URL of the client; the rest is percent-encoded.
_URL = "".join(chr(code) for code in range(0x80))


class _Request(msgspec.Struct, rename="camel"):
    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"null")
    depends_on: list[str] = []
    atomicity_group: str | None = None
    condition: msgspec.Raw = msgspec.field(name="if", default=msgspec.Raw())


class _Requests(msgspec.Struct):
    requests: list[_Request]


# Reading


def read(body: bytes, most: int) -> Batch:
    """The batch in ``body``. Raises if it is malformed as a whole: not such JSON, ids that are missing, twice or of
    requests further down, groups that are torn apart, more than ``most`` requests.
    """
    body, outline = checked_json(body)
    listed = outline.get("requests")
    if isinstance(listed, list) and len(listed) > most:
        raise too_many(most)
    try:
        requests = msgspec.json.decode(body, type=_Requests).requests
    except msgspec.DecodeError as error:
        raise malformed(f"The batch is not as it should be: {error}.", "requests") from None
    _check_ids(requests)
    return Batch(tuple(_items(requests)), goes_on=True)


def _items(requests: Sequence[_Request]) -> Iterator[Part | ChangeSet]:
    for group, members in groupby(requests, key=lambda request: request.atomicity_group):
        parts = tuple(_part(request) for request in members)
        if group is None:
            yield from parts
        else:
            yield ChangeSet(parts, group)


def _check_ids(requests: Sequence[_Request]) -> None:
    """Ids and groups are unique together, and depend on what stands before them: so there are no cycles."""
    ids: set[str] = set()
    groups: set[str] = set()
    current: str | None = None
    for request in requests:
        if request.atomicity_group != current:
            current = request.atomicity_group
            if current in groups:
                raise malformed(f"The requests of group {current[:40]!r} must follow each other.", "atomicityGroup")
            if current is not None:
                groups.add(checked_id(current, "atomicityGroup"))
        for other in request.depends_on:
            if other not in ids and (other not in groups or other == current):
                message = f"Request {request.id[:40]!r} depends on {other[:40]!r}, which does not stand before it."
                raise malformed(message, "dependsOn")
        if request.id in ids:
            raise malformed(f"Two requests have the id {request.id[:40]!r}.", "id")
        ids.add(checked_id(request.id, "id"))
    if ids & groups:
        raise malformed(f"{min(ids & groups)[:40]!r} is both a request and a group.", "id")


def _part(request: _Request) -> Part:
    url = quote(request.url[: MAX_HEAD + 1], safe=_URL)
    part = Part(request.method.upper(), url, id=request.id, depends_on=tuple(request.depends_on))
    try:
        if bytes(request.condition):
            raise ODataError("not_implemented", "Conditions on requests of a batch are not supported.", target="if")
        if len(request.url) > MAX_HEAD:
            raise ODataError("limit_exceeded", f"The URL of a request exceeds {MAX_HEAD} characters.", target="url")
        headers = Headers([header_field(name, value) for name, value in request.headers.items()])
        return replace(part, headers=headers, body=_body(bytes(request.body), headers))
    except ODataError as error:
        return replace(part, fault=error)


def _body(raw: bytes, headers: Headers) -> bytes:
    """JSON as it is; of another type text, or bytes in base64url (JSON Format 4.01, 19.1)."""
    if raw == b"null":
        return b""
    media, _ = media_type(headers.get("Content-Type", JSON))
    if media == JSON or media.endswith("+json"):
        return raw
    text = msgspec.json.decode(raw)
    if not isinstance(text, str):
        raise malformed(f"A body of type {media[:60]!r} is a string.", "body")
    if media.startswith("text/"):
        return text.encode()
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (ValueError, binascii.Error):
        raise malformed(f"A body of type {media[:60]!r} is a string in base64url.", "body") from None


# Writing


def write(replies: Sequence[Reply | ChangeSetReply]) -> bytes:
    """The answers, in the order of the requests."""
    flat = [pair for reply in replies for pair in _with_groups(reply)]
    return msgspec.json.encode({"responses": [_response(n, *pair) for n, pair in enumerate(flat, 1)]})


def _with_groups(reply: Reply | ChangeSetReply) -> Iterator[tuple[Reply, str | None]]:
    if isinstance(reply, ChangeSetReply):
        yield from ((one, reply.id) for one in reply.replies)
    else:
        yield reply, None


def _response(number: int, reply: Reply, group: str | None) -> dict[str, Any]:
    """One response object; a request that came as multipart without Content-ID gets a made-up id."""
    response = reply.response
    found: dict[str, Any] = {"id": reply.part.id if reply.part.id is not None else f"part-{number}"}
    if group is not None:
        found["atomicityGroup"] = group
    found |= {"status": response.status, "headers": {name.lower(): value for name, value in response.headers}}
    if response.body:
        found["body"] = _response_body(response.body, response.header("Content-Type") or JSON)
    return found


def _response_body(body: bytes, content_type: str) -> object:
    media, _ = media_type(content_type)
    if media == JSON:
        return msgspec.Raw(body)
    return body.decode() if media.startswith("text/") else base64.urlsafe_b64encode(body).decode()
