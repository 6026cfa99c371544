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
from erp_adapters.base import DEFAULT_SOURCE, Adapter, source_of
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
    """The adapter for the configured sources: of the one that there is, or of all by the sets that name them."""
    from erp_adapters import sql
    from erp_adapters.wrappers import Routed

    found: dict[str, Adapter] = {}
    if settings.database_url is not None:
        found[DEFAULT_SOURCE] = sql.connect(
            settings.database_url.get_secret_value(),
            metadata,
            pool_size=settings.pool_size,
            pool_wait=settings.pool_wait,
            statement_timeout=settings.statement_timeout,
            session=settings.database_session,
        )
    for name, source in settings.sources.items():
        found[name] = sql.connect(
            source.url.get_secret_value(),
            metadata,
            pool_size=source.pool_size or settings.pool_size,
            pool_wait=source.pool_wait or settings.pool_wait,
            statement_timeout=source.statement_timeout or settings.statement_timeout,
            session=source.session,
            source=name,
        )
    if not found:
        raise ValueError("no database_url")
    named = {source_of(entity_set) for entity_set in metadata.sets}
    return found[DEFAULT_SOURCE] if named | set(found) == {DEFAULT_SOURCE} else Routed(metadata, found)


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
