"""Batches as multipart/mixed: reading requests, writing answers (Protocol 4.01, 11.7.3 to 11.7.6)."""

import re
import secrets
from collections.abc import Sequence
from http import HTTPStatus

from edm.errors import ODataError
from odata_server.batch.mime import boundary_of, head_and_rest, header_fields, split
from odata_server.batch.parts import MULTIPART, Batch, ChangeSet, ChangeSetReply, Part, Reply, checked_id, malformed
from odata_server.messages import Headers
from odata_server.negotiation import media_type

HTTP = "application/http"

_VERSION = re.compile(r"HTTP/[0-9]\.[0-9]", re.ASCII)


# Reading


def read(body: bytes, boundary: bytes, most: int) -> Batch:
    """The batch in ``body``. Raises if it cannot be told apart into requests, or if they are more than ``most``;
    a part that is no request becomes a ``Part`` with its fault.
    """
    items: list[Part | ChangeSet] = []
    left = most
    for block in split(body, boundary, most):
        item = _item(block, left)
        left -= len(item.parts) if isinstance(item, ChangeSet) else 1
        items.append(item)
    return Batch(tuple(items), goes_on=False)


def _item(block: bytes, left: int) -> Part | ChangeSet:
    try:
        headers, rest, media, parameters = _mime(block)
    except ODataError as error:
        return _faulty(error)
    if media != MULTIPART:
        return _part(headers, rest, media)
    inner = split(rest, boundary_of(parameters), left)
    return ChangeSet(tuple(_write(one) for one in inner))


def _write(block: bytes) -> Part:
    """A request of a change set: anything but a GET or another change set."""
    try:
        headers, rest, media, _ = _mime(block)
        if media == MULTIPART:
            raise malformed("A change set cannot hold another one.")
    except ODataError as error:
        return _faulty(error)
    part = _part(headers, rest, media)
    if part.method == "GET" and part.fault is None:
        hint = "Put it before or after the change set."
        return _faulty(malformed("A change set cannot hold a GET request.", hint=hint), part)
    return part


def _mime(block: bytes) -> tuple[Headers, bytes, str, dict[str, str]]:
    """Headers and content of a part. It starts with the end of its delimiter line."""
    lines, rest = head_and_rest(block.removeprefix(b"\r").removeprefix(b"\n"))
    headers = header_fields(lines)
    return headers, rest, *media_type(headers.get("Content-Type", HTTP))


def _part(headers: Headers, content: bytes, media: str) -> Part:
    part = Part("-", "", id=headers.get("Content-ID"))
    try:
        if media != HTTP:
            raise malformed(f"A part of a batch is {HTTP} or {MULTIPART}, not {media[:60]!r}.", "Content-Type")
        if headers.get("Content-Transfer-Encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
            raise malformed("Parts of a batch are sent as they are.", "Content-Transfer-Encoding", "Use binary.")
        return _http_request(content, part.id)
    except ODataError as error:
        return _faulty(error, part)


def _http_request(content: bytes, content_id: str | None) -> Part:
    lines, body = head_and_rest(content.lstrip(b"\r\n"))
    method, url = _request_line(lines[0] if lines else "")
    headers = header_fields(lines[1:])
    found = content_id if content_id is not None else headers.get("Content-ID")
    return Part(method, url, headers, _body(body, headers), None if found is None else checked_id(found))


def _request_line(line: str) -> tuple[str, str]:
    """Method and URL, in ASCII. Blanks in the URL are taken for what they are; the version may be missing."""
    method, _, url = line.replace("\t", " ").strip(" ").partition(" ")
    before, _, last = url.rpartition(" ")
    if _VERSION.fullmatch(last):
        url = before
    url = url.strip(" ")
    if not url:
        raise malformed("A part of a batch has no request line.", hint="For example: GET Invoices?$top=5 HTTP/1.1")
    return method, "".join(c if c < "\x80" else f"%{ord(c):02X}" for c in url)


def _body(body: bytes, headers: Headers) -> bytes:
    """What ``Content-Length`` counts, if only white space follows; a count that cannot be right is not believed."""
    length = headers.get("Content-Length", "")
    if re.fullmatch("[0-9]{1,9}", length, re.ASCII) and not body[int(length) :].strip():
        return body[: int(length)]
    return body


def _faulty(fault: ODataError, part: Part | None = None) -> Part:
    if part is None:
        return Part("-", "", fault=fault)
    shown = part.id if part.id is not None and part.id.isprintable() else None
    return Part(part.method, part.url, part.headers, id=shown, fault=fault)


# Writing


def write(replies: Sequence[Reply | ChangeSetReply]) -> tuple[str, bytes]:
    """The answers as Content-Type and body. Boundaries are random, so that no answer can hold them."""
    return _multipart("batchresponse", [_written(reply) for reply in replies])


def _multipart(kind: str, parts: Sequence[bytes]) -> tuple[str, bytes]:
    boundary = f"{kind}_{secrets.token_hex(16)}"
    delimiter = f"--{boundary}\r\n".encode()
    body = b"".join(delimiter + part + b"\r\n" for part in parts)
    return f"{MULTIPART};boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def _written(reply: Reply | ChangeSetReply) -> bytes:
    if isinstance(reply, Reply):
        return _response(reply)
    if reply.culprit is not None:  # one answer in place of the whole set
        return _response(reply.culprit)
    content_type, body = _multipart("changesetresponse", [_response(one) for one in reply.replies])
    return f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _response(reply: Reply) -> bytes:
    response = reply.response
    lines = [f"Content-Type: {HTTP}", "Content-Transfer-Encoding: binary"]
    if reply.part.id is not None:
        lines.append(f"Content-ID: {reply.part.id}")
    lines += ["", f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.status not in (204, 304):
        lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body
