"""HTTP as WSGI delivers it, read with distrust: targets, proxies, encodings, ids, tokens. Knows no Flask.

What is decided here is about the transport alone; what a request means is ``service``'s.
"""

import gzip
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit

from edm.errors import ODataError
from odata_server.addresses import is_loopback
from odata_server.auth import too_many
from odata_server.settings import Settings

#: Smaller bodies do not gain from compression.
MIN_GZIP = 1_024
#: Bytes that any compressed body may become, however small it is.
HARMLESS = 65_536

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)
_ABSOLUTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
_NONCE = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)


# Where the request goes


@dataclass(frozen=True, slots=True)
class Target:
    """The request target, still percent-encoded and in ASCII: the path below the prefix, and the query."""

    path: str
    query: str


def target(environ: Mapping[str, Any], prefix: str) -> Target | None:
    """What was asked for below ``prefix``; ``None`` when the raw path does not lead there.

    ``PATH_INFO`` is decoded, so that ``%2F`` within a key cannot be told from a slash. Servers pass the raw
    target under a name of their own.
    """
    raw = _raw(environ)
    if not raw.startswith("/"):
        raw = _ABSOLUTE.sub("", raw)
    path, _, query = _ascii(raw).partition("?")
    if path.startswith(f"{prefix}/") and not environ.get("SCRIPT_NAME"):
        return Target(path[len(prefix) + 1 :].lstrip("/"), query)
    # Compared decoded, so that any spelling of the prefix that was routed here is found.
    segments = (environ.get("SCRIPT_NAME", "") + prefix).strip("/").split("/")
    given = path.lstrip("/").split("/")
    if [unquote(part) for part in given[: len(segments)]] != segments:
        return None
    # Clients that join a root ending in a slash with a path of their own double the slash.
    return Target("/".join(given[len(segments) :]).lstrip("/"), query)


def _raw(environ: Mapping[str, Any]) -> str:
    """The target as it was sent; made from its parts where the server does not tell."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw:
        return raw
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    return quote(path, safe="/:@!$&'()*+,;=~-._", encoding="latin-1") + (f"?{query}" if query else "")


def _ascii(text: str) -> str:
    """WSGI hands bytes over as Latin-1; those beyond ASCII are percent-encoded, as the client should have."""
    return "".join(c if c < "\x80" else f"%{ord(c):02X}" for c in text) if not text.isascii() else text


# How large it is


def check_size(environ: Mapping[str, Any], settings: Settings) -> None:
    """Refuses a request line or header that is too large. Servers have limits too, and may be first."""
    line = len(environ["REQUEST_METHOD"]) + len(_raw(environ)) + len(environ.get("SERVER_PROTOCOL", "")) + 2
    if line > settings.max_request_line:
        raise ODataError(
            "uri_too_long",
            f"The request line is longer than {settings.max_request_line} bytes (limit max_request_line).",
            hint="Ask for fewer keys at a time, or POST the options to /$query.",
        )
    # A field is its name, which has five characters more in WSGI, a colon, a blank and the value.
    sizes = [len(name) + len(value) - 3 for name, value in environ.items() if name[:5] == "HTTP_"]
    sizes += [len(name) + len(environ[name]) + 2 for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)]
    if len(sizes) > settings.max_headers:
        what = f"more than {settings.max_headers} header fields (limit max_headers)"
    elif sizes and max(sizes) > settings.max_header_size:
        what = f"a header field longer than {settings.max_header_size} bytes (limit max_header_size)"
    else:
        return
    raise ODataError("headers_too_large", f"The request has {what}.")


class InProgress:
    """How many requests of each caller are being answered; not more than ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def enter(self, caller: str) -> None:
        """One more; raises ``too_many_requests`` when that is too many. Who enters must ``leave``."""
        with self._lock:
            count = self._counts.get(caller, 0)
            if count >= self._most:
                raise too_many(f"More than {self._most} requests are in progress (limit max_concurrent).", 1)
            self._counts[caller] = count + 1

    def leave(self, caller: str) -> None:
        with self._lock:
            self._counts[caller] -= 1
            if not self._counts[caller]:
                del self._counts[caller]


# Who is on the other side


@dataclass(frozen=True, slots=True)
class Client:
    """The client's address, and whether credentials may be sent on this way."""

    address: str
    secure: bool


def client(environ: Mapping[str, Any], settings: Settings) -> Client:
    """What the connection says, or a trusted proxy in front of it."""
    peer = str(environ.get("REMOTE_ADDR") or "")
    addresses = _list(environ.get("HTTP_X_FORWARDED_FOR"))
    schemes = _list(environ.get("HTTP_X_FORWARDED_PROTO"))
    hops = _trusted_hops(peer, addresses, settings.trusted_proxies)
    address = addresses[-min(hops, len(addresses))] if hops and addresses else peer
    scheme = schemes[-min(hops, len(schemes))] if hops and schemes else str(environ.get("wsgi.url_scheme"))
    secure = scheme.lower() == "https" or settings.allow_insecure is True
    if not secure and settings.insecure_allowed:
        # Bound to loopback: nobody listens on the way, unless a proxy says that its own client came over
        # http.
        secure = is_loopback(peer) and not schemes
    return Client(address, secure)


def _list(header: object) -> list[str]:
    return [part.strip() for part in str(header or "").split(",") if part.strip()]


def _trusted_hops(peer: str, forwarded: Sequence[str], trusted: int | tuple[str, ...]) -> int:
    """How many entries at the end of the forwarding headers were written by proxies we trust."""
    if isinstance(trusted, int):
        return trusted
    hops = 0
    for address in (peer, *reversed(forwarded)):
        if not _within(address, trusted):
            break
        hops += 1
    return hops


@lru_cache(maxsize=1_024)
def _within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(network) for network in networks)


def correlation_id(*offered: str | None, longest: int = 128) -> str:
    """The first well-formed id that the client offers, or a new one. Anything else is never echoed."""
    for text in offered:
        if text is not None and len(text) <= longest and _CORRELATION_ID.fullmatch(text):
            return text
    return os.urandom(16).hex()


# Bodies


def body(environ: Mapping[str, Any], limit: int) -> bytes:
    """The whole request body. Raises ``payload_too_large`` beyond ``limit`` bytes, of which no more are read, and
    ``syntax`` when it ends before it should: half a body may well look like a whole one.
    """
    given = environ.get("CONTENT_LENGTH") or ""
    if given and not re.fullmatch("[0-9]{1,18}", given, re.ASCII):
        raise ODataError("syntax", "Content-Length is not a number.", target="Content-Length")
    if not given and not environ.get("wsgi.input_terminated"):
        return b""
    expected = int(given) if given else None
    if expected is not None and expected > limit:
        raise _too_large(limit)
    try:
        found = _read(environ["wsgi.input"], limit + 1 if expected is None else expected)
    except Exception:  # noqa: BLE001 (each server has its own for what is not chunked as it should be)
        raise _ended_early() from None
    if len(found) > limit:
        raise _too_large(limit)
    if expected is not None and len(found) < expected:
        raise _ended_early()
    return found


def _read(stream: IO[bytes], most: int) -> bytes:
    pieces: list[bytes] = []
    while most > 0 and (piece := stream.read(most)):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def _ended_early() -> ODataError:
    return ODataError("syntax", "The request body ended early, or is not chunked as it should be.")


def _too_large(limit: int) -> ODataError:
    return ODataError("payload_too_large", f"The request body is larger than {limit} bytes (limit max_body).")


# Compression


@lru_cache(maxsize=256)
def accepts_gzip(header: str | None) -> bool:
    """Whether gzip is welcome, and not less so than no compression (RFC 9110, 12.5.3)."""
    quality = {"identity": 1.0} if not header else {}
    for part in _list(header)[:100]:
        coding, _, parameters = part.partition(";")
        found = re.search(r"(?i)\bq\s*=\s*([01](?:\.[0-9]{0,3})?)\s*$", parameters, re.ASCII)
        quality[coding.strip().lower()] = float(found[1]) if found else 1.0
    wanted = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0.0)))
    return wanted > 0 and wanted >= quality.get("identity", 0.0)


def compress(body: bytes) -> bytes:
    """Equal bytes for equal bodies: no time stamp."""
    return gzip.compress(body, compresslevel=4, mtime=0)


@lru_cache(maxsize=16)
def compressed_document(body: bytes) -> bytes:
    """``compress``, remembered: for documents, which are the same bytes each time."""
    return compress(body)


@lru_cache(maxsize=256)
def compressed_again(body: bytes) -> bytes:
    """The same for answers that are given again."""
    return compress(body)


def inflate(body: bytes, content_encoding: str | None, limit: int, ratio: int = 100) -> bytes:
    """The request body without its Content-Encoding: one layer of gzip or deflate, bounded while it
    unfolds to at most ``limit`` bytes, or ``ratio`` times what arrived.
    """
    encodings = [e for e in (c.lower() for c in _list(content_encoding)) if e != "identity"]
    if not encodings:
        return body
    if len(encodings) > 1 or encodings[0] not in ("gzip", "x-gzip", "deflate"):
        raise ODataError(
            "unsupported_media_type",
            "Content-Encoding must be gzip or deflate, once.",
            target="Content-Encoding",
            headers=(("Accept-Encoding", "gzip, deflate"),),
        )
    limit, name = min((limit, "max_inflated"), (len(body) * ratio + HARMLESS, "max_ratio"))
    engine = zlib.decompressobj(zlib.MAX_WBITS if encodings[0] == "deflate" else 16 + zlib.MAX_WBITS)
    try:
        inflated = engine.decompress(body, limit + 1)
    except zlib.error:
        raise _damaged() from None
    if len(inflated) > limit:
        raise ODataError("payload_too_large", f"The request body unfolds to more than {limit} bytes (limit {name}).")
    if not engine.eof or engine.unused_data:
        raise _damaged()
    return inflated


def _damaged() -> ODataError:
    return ODataError("syntax", "The request body is not what its Content-Encoding says.", target="Content-Encoding")


# Other sites


def is_foreign(headers: Mapping[str, str], public_url: str) -> bool:
    """Whether a page of another site makes a browser send this, with credentials that it remembers.

    Browsers say so in Sec-Fetch-Site, older ones in Origin; other clients send neither.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("Origin")
    return origin is not None and origin.partition("://")[2] not in (urlsplit(public_url).netloc, headers.get("Host"))


# Anti-CSRF tokens


def csrf_token(secret: bytes, principal: str, cookie: str | None, now: float | None = None) -> tuple[str, str]:
    """A token, and the cookie value that it goes with; a write will need both (double submit, signed)."""
    nonce = cookie if cookie and _NONCE.fullmatch(cookie) else secrets.token_urlsafe(18)
    issued = str(int(time.time() if now is None else now))
    signature = hmac.digest(secret, f"csrf\0{principal}\0{nonce}\0{issued}".encode(), hashlib.sha256)
    return f"{issued}.{signature.hex()}", nonce
