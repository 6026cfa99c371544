"""The limits of calls to one ERP. Where they come from is the server's settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """``timeout`` is for one call from its first byte to its last, and ``wait`` for the room to make it.

    ``largest`` bounds an answer in bytes, both as sent and unpacked. ``ca_file`` has the certificates that are trusted
    instead of the usual ones. ``headers`` go with every call.
    """

    timeout: float = 20.0
    connect_timeout: float = 3.0
    pool_size: int = 8
    wait: float = 2.0
    largest: int = 32_000_000
    redirects: int = 5
    ca_file: str | None = None
    proxy: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
