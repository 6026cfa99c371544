"""The composition root: from settings to the object graph. Knows every part by name, and no Flask.

The WSGI application around it is ``app``; the command line uses the same graph without HTTP.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import SecretStr

from edm.declare import load_directory
from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from odata_server.auth import Anonymous, Authenticator, Basic
from odata_server.observe import Observer, log, remember
from odata_server.service import Service, ServiceOptions
from odata_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything that answers requests. In the WSGI application it is ``app.extensions["erp_odata"]``."""

    settings: Settings
    metadata: ServiceMetadata
    adapter: Adapter
    service: Service
    authenticator: Authenticator
    observers: tuple[Observer, ...]


def compose(
    settings: Settings,
    *,
    adapter: Adapter | None = None,
    metadata: ServiceMetadata | None = None,
    observers: tuple[Observer, ...] = (log, remember),
) -> Composition:
    """The object graph. Connects to nothing: adapters open their connections when they are first asked,
    which is after a server has forked.

    Raises ``edm.faults.CatalogError`` when the catalog is no model.
    """
    metadata = metadata or load_directory(catalog(settings))
    adapter = adapter or connect(settings, metadata)
    service = Service(
        metadata,
        adapter,
        secrets=tuple(derived(secret, "token") for secret in _secrets(settings)),
        options=ServiceOptions(**{row.name: getattr(settings, row.name) for row in fields(ServiceOptions)}),
        observers=observers,
    )
    return Composition(settings, metadata, adapter, service, authenticator(settings), observers)


def catalog(settings: Settings) -> Traversable | Path:
    """The directory with the catalog."""
    return settings.catalog or files("erp_adapters") / "catalog"


def connect(settings: Settings, metadata: ServiceMetadata) -> Adapter:
    """The adapter for the configured source."""
    if settings.database_url is None:
        raise ValueError("no database_url")
    from erp_adapters import sql

    return sql.connect(
        settings.database_url.get_secret_value(),
        metadata,
        pool_size=settings.pool_size,
        pool_wait=settings.pool_wait,
        statement_timeout=settings.statement_timeout,
    )


def authenticator(settings: Settings) -> Authenticator:
    """Who checks credentials. Without users only anonymous callers are left, and only on loopback."""
    users = {name: stored.get_secret_value() for name, stored in settings.users.items()}
    basic = Basic(users, secrets.token_bytes(32)) if users else None
    if settings.anonymous and settings.on_loopback:
        return Anonymous(basic)
    return basic or Basic({}, secrets.token_bytes(32))


def derived(secret: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that no signature can be used elsewhere."""
    return hmac.digest(secret, f"erp-odata {purpose}".encode(), hashlib.sha256)


def secret(settings: Settings) -> bytes:
    """The secret that signs."""
    return _secrets(settings)[0]


def _secrets(settings: Settings) -> tuple[bytes, ...]:
    """The one that signs first. Without one (a single command, not a server) a fresh one does."""
    given = (settings.secret_key, settings.secret_key_previous)
    found = tuple(key.get_secret_value().encode() for key in given if isinstance(key, SecretStr))
    return found or (secrets.token_bytes(32),)
