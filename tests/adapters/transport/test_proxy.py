"""TLS to the ERP through a proxy that only tunnels: it sees the host, and nothing else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from erp_adapters.base import Session, Unavailable, Untrusted
from erp_adapters.transport import Basic, Secret, Transport, TransportOptions
from tests.adapters.transport.conftest import certificate
from tests.adapters.transport.server import answer, served
from tests.fault_proxy import fault_proxy


@contextmanager
def tunnelling(status: str = "200 OK") -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a proxy that answers CONNECT, and what it was sent in the clear."""
    heads: list[bytes] = []
    opened: list[socket.socket] = []

    def serve(client: socket.socket) -> None:
        with suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and (data := client.recv(4096)):
                head += data
            heads.append(head)
            client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
            if status.startswith("200"):
                host, _, port = head.split()[1].decode().partition(":")
                upstream = socket.create_connection((host, int(port)))
                opened.append(upstream)
                threading.Thread(target=copy, args=(client, upstream), daemon=True).start()
                copy(upstream, client)
        client.close()

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                opened.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", heads
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for one in opened:
                one.close()


def test_tls_goes_through_a_tunnel(tmp_path: Path) -> None:
    files = certificate(tmp_path, "x")
    with served(lambda seen: [answer({"a": 1})], tls=files) as erp, tunnelling() as (proxy, heads):
        options = TransportOptions(ca_file=str(files[0]), proxy=proxy)
        calls = Transport(erp.url, Basic("u", Secret("canary")), options)
        for _ in range(3):
            assert calls.send("GET", "Set", Session()).json() == {"a": 1}
        calls.close()
        assert len({seen.connection for seen in erp.seen}) == 1
        assert len(heads) == 1
        assert heads[0].startswith(f"CONNECT localhost:{erp.port} ".encode())
        assert b"uthorization" not in heads[0]


def test_certificates_are_verified_through_it(tmp_path: Path) -> None:
    files = certificate(tmp_path, "x")
    with served(tls=files) as erp, tunnelling() as (proxy, _):
        with pytest.raises(Untrusted):
            Transport(erp.url, Basic("u", Secret("p")), TransportOptions(proxy=proxy)).send("GET", "", Session())
        assert not erp.seen


def test_a_proxy_that_refuses(tmp_path: Path) -> None:
    with tunnelling("403 Forbidden") as (proxy, _), pytest.raises(Unavailable):
        Transport("https://localhost:1/", Basic("u", Secret("p")), TransportOptions(proxy=proxy)).send(
            "GET", "", Session()
        )


def test_a_proxy_that_is_away() -> None:
    with fault_proxy(("127.0.0.1", 1)) as away:
        away.set(refuse=True)
        calls = Transport(
            "https://localhost:1/", Basic("u", Secret("p")), TransportOptions(proxy=f"http://127.0.0.1:{away.port}")
        )
        with pytest.raises(Unavailable):
            calls.send("GET", "", Session())
