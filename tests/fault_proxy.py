"""A proxy of our own between a client and a server, that delays, drops, resets, trickles and cuts as told.

Threads, because what is tested is synchronous. Only on loopback; it ends with its context.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 65_536


@dataclass
class Faults:
    """What happens to connections from now on. ``after`` counts the server's bytes of each connection.

    ``refuse``: nobody listens. ``accept``: connections are taken and nothing is said. ``reset``: they are taken and reset.
    ``delay`` seconds before each of the server's answers. ``trickle`` seconds for each of its bytes. ``cut`` resets after
    so many of its bytes, ``hold`` says nothing more after so many.
    """

    refuse: bool = False
    accept: bool = False
    reset: bool = False
    delay: float = 0.0
    trickle: float = 0.0
    cut: int | None = None
    hold: int | None = None


@dataclass
class FaultProxy:
    """Forwards a port on loopback to ``server``: (host, port), or the path of a Unix socket. ``heard`` is told what
    clients send, by the number of their connection.
    """

    server: tuple[str, int] | str
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    connections: int = 0
    heard: Callable[[int, bytes], None] = lambda connection, data: None
    _listener: socket.socket | None = None
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def set(self, **faults: object) -> None:
        """Other faults, for connections that are open too."""
        self.faults = Faults(**faults)  # type: ignore[arg-type]
        if self.faults.refuse:
            self._close_listener()
            self.drop()
        elif self._listener is None:
            self._listen()

    def drop(self) -> None:
        """Ends every connection, as a failover does."""
        with self._lock:
            taken, self._open = list(self._open), set()
        for one in taken:
            _reset(one)

    def switch(self, server: tuple[str, int] | str) -> None:
        """Another server from now on: what a failover looks like from outside."""
        self.server = server
        self.drop()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _close_listener(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.faults.reset:
                _reset(client)
                continue
            with self._lock:
                self._open.add(client)
            if not self.faults.accept:
                threading.Thread(target=self._forward, args=(client, self.connections), daemon=True).start()

    def _forward(self, client: socket.socket, number: int) -> None:
        upstream = socket.socket(socket.AF_UNIX if isinstance(self.server, str) else socket.AF_INET)
        try:
            upstream.connect(self.server)
        except OSError:
            upstream.close()
            _reset(client)
            return
        with self._lock:
            self._open.add(upstream)
        threading.Thread(target=self._ask, args=(client, upstream, number), daemon=True).start()
        self._answer(upstream, client)

    def _ask(self, client: socket.socket, upstream: socket.socket, number: int) -> None:
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                self.heard(number, data)
                upstream.sendall(data)
        _reset(client)
        _reset(upstream)

    def _answer(self, upstream: socket.socket, client: socket.socket) -> None:
        seen = 0
        with suppress(OSError):
            while data := upstream.recv(_CHUNK):
                seen = self._spoiled(data, client, seen)
                if seen < 0:
                    return
        _reset(upstream)
        _reset(client)

    def _spoiled(self, data: bytes, target: socket.socket, seen: int) -> int:
        """Sends what the faults let through; the number of bytes so far, or -1 when nothing more follows."""
        faults = self.faults
        if faults.delay:
            self._sleep(faults.delay)
        for limit in (faults.cut, faults.hold):
            if limit is not None and seen + len(data) > limit:
                target.sendall(data[: max(0, limit - seen)])
                if limit is faults.cut:
                    _reset(target)
                return -1
        if not faults.trickle:
            target.sendall(data)
        for byte in data if faults.trickle else b"":
            target.sendall(bytes([byte]))
            self._sleep(self.faults.trickle)
        return seen + len(data)

    def _sleep(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not self._stopped and time.monotonic() < ends:
            time.sleep(min(0.02, seconds))

    def stop(self) -> None:
        self._stopped = True
        self._close_listener()
        self.drop()


def _reset(one: socket.socket) -> None:
    """Closes with a reset, as a killed peer does."""
    with suppress(OSError):
        if one.family == socket.AF_INET:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def fault_proxy(server: tuple[str, int] | str) -> Iterator[FaultProxy]:
    """A proxy that forwards faithfully until told otherwise."""
    proxy = FaultProxy(server)
    proxy._listen()
    try:
        yield proxy
    finally:
        proxy.stop()
