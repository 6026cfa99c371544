"""HTTP as WSGI delivers it, read with distrust: targets, proxies, encodings, ids, tokens. Knows no Flask.

What is decided here is about the transport alone; what a request means is ``service``'s.
"""

import gzip
import hashlib
import hmac
import ipaddress
import re
import secrets
import time
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from edm.errors import ODataError
from odata_server.settings import Settings, is_loopback

#: Smaller bodies do not gain from compression.
MIN_GZIP = 1_024
#: Most bytes that one byte of a compressed body may become, beyond a harmless first part.
MAX_RATIO, HARMLESS = 100, 65_536

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
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
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if not isinstance(raw, str) or not raw:
        raw = quote(environ.get("PATH_INFO", ""), safe="/:@!$&'()*+,;=~-._", encoding="latin-1")
        raw += f"?{environ.get('QUERY_STRING', '')}"
    raw = _ascii(re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?]*", "", raw))
    path, _, query = raw.partition("?")
    # Compared decoded, so that any spelling of the prefix that was routed here is found.
    segments = (environ.get("SCRIPT_NAME", "") + prefix).strip("/").split("/")
    given = path.lstrip("/").split("/")
    if [unquote(part) for part in given[: len(segments)]] != segments:
        return None
    return Target("/".join(given[len(segments) :]), query)


def _ascii(text: str) -> str:
    """WSGI hands bytes over as Latin-1; those beyond ASCII are percent-encoded, as the client should have."""
    return "".join(c if c < "\x80" else f"%{ord(c):02X}" for c in text) if not text.isascii() else text


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
    networks = [ipaddress.ip_network(network) for network in trusted]
    hops = 0
    for address in (peer, *reversed(forwarded)):
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            break
        if not any(found in network for network in networks):
            break
        hops += 1
    return hops


def correlation_id(*offered: str | None) -> str:
    """The first well-formed id that the client offers, or a new one. Anything else is never echoed."""
    for text in offered:
        if text is not None and _CORRELATION_ID.fullmatch(text):
            return text
    return uuid.uuid4().hex


# Compression


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


def inflate(body: bytes, content_encoding: str | None, limit: int) -> bytes:
    """The request body without its Content-Encoding: one layer of gzip or deflate, bounded while it
    unfolds.
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
    limit = min(limit, len(body) * MAX_RATIO + HARMLESS)
    engine = zlib.decompressobj(zlib.MAX_WBITS if encodings[0] == "deflate" else 16 + zlib.MAX_WBITS)
    try:
        inflated = engine.decompress(body, limit + 1)
    except zlib.error:
        raise _damaged() from None
    if len(inflated) > limit:
        raise ODataError("payload_too_large", f"The request body unfolds to more than {limit} bytes.")
    if not engine.eof or engine.unused_data:
        raise _damaged()
    return inflated


def _damaged() -> ODataError:
    return ODataError("syntax", "The request body is not what its Content-Encoding says.", target="Content-Encoding")


# Anti-CSRF tokens


def csrf_token(secret: bytes, principal: str, cookie: str | None, now: float | None = None) -> tuple[str, str]:
    """A token, and the cookie value that it goes with; a write will need both (double submit, signed)."""
    nonce = cookie if cookie and _NONCE.fullmatch(cookie) else secrets.token_urlsafe(18)
    issued = str(int(time.time() if now is None else now))
    signature = hmac.digest(secret, f"csrf\0{principal}\0{nonce}\0{issued}".encode(), hashlib.sha256)
    return f"{issued}.{signature.hex()}", nonce
