"""Batches against the small model in memory, and what comes back, told apart with code of its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from odata_server.auth import ANONYMOUS
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.service import Service

ROOT = "https://erp.example.com/odata/v4/"
TYPE = {"Content-Type": "multipart/mixed;boundary=b"}


def post(target: Service, body: bytes, path: str = "$batch", query: str = "", **headers: str) -> ODataResponse:
    """A POST; underscores in header names stand for hyphens."""
    fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return target.handle(ODataRequest("POST", path, query, fields, body, ROOT, "outer-id"), ANONYMOUS)


def part(request: str, *headers: str, body: str = "", **mime: str) -> str:
    """One part of a batch; ``mime`` are further headers of the part."""
    head = ["Content-Type: application/http", *(f"{name.replace('_', '-')}: {v}" for name, v in mime.items())]
    return "\r\n".join([*head, "", request, *headers, "", body])


def change_set(*parts: str, boundary: str = "c") -> str:
    return f"Content-Type: multipart/mixed;boundary={boundary}\r\n\r\n" + mixed(*parts, boundary=boundary)


def mixed(*parts: str, boundary: str = "b") -> str:
    return "".join(f"--{boundary}\r\n{one}\r\n" for one in parts) + f"--{boundary}--\r\n"


@dataclass(frozen=True, slots=True)
class Got:
    """One answer of a batch."""

    id: str | None
    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        return self.json["error"]["code"] if self.status >= 400 else None


def send(target: Service, *parts: str, **headers: str) -> list[Got]:
    """The answers to a multipart batch; those of change sets in a row with the others."""
    answer = post(target, mixed(*parts).encode(), **{"Content_Type": TYPE["Content-Type"], **headers})
    assert answer.status == 200, answer.body
    return [*read_multipart(answer.header("Content-Type") or "", answer.body)]


def read_multipart(content_type: str, body: bytes) -> list[Got]:
    """By the standard library's parser, which is strict where we must be."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    assert not message.defects
    found: list[Got] = []
    for one in message.iter_parts():
        if one.get_content_type() == "multipart/mixed":
            found += read_multipart(one["Content-Type"], one.as_bytes().partition(b"\r\n\r\n")[2])
            continue
        assert one["Content-Type"] == "application/http"
        assert one["Content-Transfer-Encoding"] == "binary"
        head, _, content = one.get_payload(decode=True).partition(b"\r\n\r\n")  # type: ignore[union-attr]
        assert head.count(b"\n") == head.count(b"\r\n"), "a bare line feed"
        status, *lines = head.decode("latin-1").split("\r\n")
        assert status.startswith("HTTP/1.1 ")
        fields = Headers([tuple(line.split(": ", 1)) for line in lines])
        assert int(fields.get("Content-Length", "0")) == len(content)
        found.append(Got(one["Content-ID"], int(status.split()[1]), fields, content))
    return found


def send_json(target: Service, requests: Sequence[object], **headers: str) -> list[dict[str, Any]]:
    """The answers to a JSON batch."""
    answer = post(target, json.dumps({"requests": requests}).encode(), Content_Type="application/json", **headers)
    assert answer.status == 200, answer.body
    found = json.loads(answer.body)
    assert list(found) == ["responses"]
    return list(found["responses"])


def get(id_: str, url: str, **members: object) -> dict[str, object]:
    """One request of a JSON batch."""
    return {"id": id_, "method": "get", "url": url, **members}
