"""One exchange with a server that may say nothing, say it byte by byte, or never stop: its deadline and its size.

urllib3 has timeouts for single reads only. So the sockets of a call are known here, and the watch cuts them at the
call's deadline, in the middle of a TLS handshake or of headers too.
"""

import logging
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from erp_adapters.base import BadAnswer, SourceError, TimedOut, Unavailable, Untrusted
from erp_adapters.watch import WATCH

_CHUNK = 65_536
logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines hold whole URLs; what matters is raised
_CURRENT = threading.local()


class Exchange:
    """One request and its answer, in one thread. ``reused`` tells that it went over a connection of an earlier one, and
    ``answered`` that headers have come.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.reused = False
        self.answered = False
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._copy: socket.socket | None = None
        self._over = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it connections of this thread belong to the exchange."""
        _CURRENT.exchange = self
        try:
            with WATCH.over(self.deadline, self.cut):
                yield
        finally:
            _CURRENT.exchange = None
            self._forget()

    def opens(self, sock: socket.socket) -> None:
        """``sock`` will be given away to TLS, which takes its file descriptor over: what can be cut is a second one."""
        self._copy = sock.dup()
        self.uses(self._copy)

    def uses(self, sock: socket.socket) -> None:
        """``sock`` is what there is to cut."""
        if sock is not self._copy:
            self._forget()
        with self._lock:
            self._sock = sock
            late = self._over
        if late:
            raise TimeoutError("the deadline passed while connecting")

    def _forget(self) -> None:
        with self._lock:
            self._sock = None
            if self._copy is not None:
                self._copy.close()
                self._copy = None

    def cut(self) -> None:
        with self._lock:
            self._over = True
            if self._sock is not None:
                with suppress(OSError):  # past SSLSocket, whose own shutdown changes what another thread reads from
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    @property
    def late(self) -> bool:
        return time.monotonic() >= self.deadline


class _Known:
    """A connection of urllib3 that tells the exchange which socket it uses."""

    sock: Any
    is_connected: bool

    def _new_conn(self) -> Any:
        sock = super()._new_conn()  # type: ignore[misc]
        if exchange := _exchange():
            exchange.opens(sock)
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        if exchange := _exchange():
            exchange.uses(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange = _exchange()
        if exchange and self.sock is not None:
            exchange.reused = True
            exchange.uses(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


def _exchange() -> Exchange | None:
    return getattr(_CURRENT, "exchange", None)


class _Http(_Known, HTTPConnection):
    pass


class _Https(_Known, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Connections(HTTPAdapter):
    """Connections to one origin: kept, watched, never tried again by themselves."""

    def __init__(self, size: int) -> None:
        super().__init__(pool_connections=2, pool_maxsize=size, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


# --- the body ---------------------------------------------------------------------------------------------------------


def read_body(response: requests.Response, exchange: Exchange, largest: int) -> bytes:
    """The body, unpacked. ``BadAnswer`` when it is larger than ``largest``, as sent or unpacked, or badly packed."""
    unpack = _unpacker(response.headers.get("Content-Encoding", ""), largest)
    parts, sent, size = [], 0, 0
    for chunk in _chunks(response, exchange):
        sent += len(chunk)
        part = unpack.feed(chunk)
        size += len(part)
        if max(sent, size) > largest:
            raise BadAnswer(f"more than {largest} bytes")
        parts.append(part)
    unpack.check()
    return b"".join(parts)


def _chunks(response: requests.Response, exchange: Exchange) -> Iterator[bytes]:
    """The pieces of the body. A connection that was cut looks like one that ended, even within headers."""
    while True:
        chunk = response.raw.read1(_CHUNK, decode_content=False)
        if exchange.late:
            raise TimeoutError("the deadline passed within the answer")
        if not chunk:
            return
        yield chunk


class _Plain:
    def feed(self, chunk: bytes) -> bytes:
        return chunk

    def check(self) -> None:
        pass


class _Packed:
    """Gzip, of any number of members, or deflate; unpacks at most a little more than ``largest``."""

    def __init__(self, largest: int, bits: int) -> None:
        self._largest, self._bits = largest, bits
        self._open = zlib.decompressobj(bits)
        self._size = 0
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        found = []
        while chunk:
            if self._open.eof:
                self._open = zlib.decompressobj(self._bits)
            self._begun = True
            try:
                part = self._open.decompress(chunk, self._largest + 1 - self._size)
            except zlib.error:
                raise BadAnswer("a body that cannot be unpacked") from None
            self._size += len(part)
            found.append(part)
            if self._size > self._largest:
                break
            chunk = self._open.unused_data if self._open.eof else self._open.unconsumed_tail
        return b"".join(found)

    def check(self) -> None:
        if self._begun and not self._open.eof:
            raise BadAnswer("a packed body that is cut off")


def _unpacker(encoding: str, largest: int) -> _Plain | _Packed:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Packed(largest, 16 + zlib.MAX_WBITS)
        case "deflate":
            return _Packed(largest, zlib.MAX_WBITS)
    raise BadAnswer("a body packed as nobody asked for")


# --- faults -----------------------------------------------------------------------------------------------------------

#: What calls raise when the network or the server fails.
FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


def fault_of(error: Exception, exchange: Exchange, where: str) -> SourceError:
    """What a fault below HTTP means. Its own words may hold the whole URL, so they are not repeated."""
    causes = list(_causes(error))
    reason = next((str(cause.strerror) for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
    detail = f"{where}: {type(causes[-1]).__name__}{f': {reason}' if reason else ''}"
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        verify = next(cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError))
        return Untrusted(f"{where}: {getattr(verify, 'verify_message', '') or type(verify).__name__}")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):  # a ConnectTimeoutError, too
        return Unavailable(detail)
    if any(isinstance(cause, urllib3.exceptions.ConnectTimeoutError) for cause in causes):
        return Unavailable(f"{where}: no connection in time")
    if exchange.late or any(isinstance(cause, TimeoutError | urllib3.exceptions.ReadTimeoutError) for cause in causes):
        return TimedOut(detail)
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError) for cause in causes):
        return Untrusted(detail)
    return Unavailable(detail)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what is behind it, as urllib3 and requests wrap it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        behind = (getattr(found, "reason", None), *found.args, found.__cause__, found.__context__)
        waiting += [one for one in behind if isinstance(one, BaseException)]
