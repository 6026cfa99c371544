"""The composition root: from settings to the object graph. Knows every part by name, and no Flask.

The WSGI application around it is ``app``; the command line uses the same graph without HTTP.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import SecretStr

from edm.declare import load_directory
from edm.model import ServiceMetadata
from erp_adapters.base import DEFAULT_SOURCE, Adapter, SourceError, source_of, sources_of
from erp_adapters.cache.adapter import Cached
from erp_adapters.cache.memory import Memory
from erp_adapters.cache.terms import CacheOptions
from erp_adapters.resilient import Breaker, Resilient
from erp_adapters.stamped import physical, stamped
from erp_adapters.wrappers import Routed
from odata_server import kinds
from odata_server.auth import Anonymous, Authenticator, Basic
from odata_server.freshness import policy
from odata_server.observe import Observer, log, remember
from odata_server.service import Service, ServiceOptions
from odata_server.settings import Settings
from odata_server.store import SharedMarks, SharedStore

if TYPE_CHECKING:
    from odata_server.metrics import Metrics

#: Catalogs for ERPs that need no database: they lie beside the adapters.
BUILT_IN = ("sap", "tryton")


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the service asks, and the parts of it that can be looked at: each source's guard, the cache, its store."""

    adapter: Adapter
    sources: Mapping[str, Resilient]
    cache: Cached | None = None
    store: SharedStore | None = None
    marks: SharedMarks | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """Everything that answers requests. In the WSGI application it is ``app.extensions["erp_odata"]``.

    ``adapter`` is what the ERPs are asked through, bare; the service asks it through ``guarded``.
    """

    settings: Settings
    metadata: ServiceMetadata
    adapter: Adapter
    guarded: Guarded
    service: Service
    authenticator: Authenticator
    observers: tuple[Observer, ...]
    metrics: "Metrics | None" = None

    def prepare(self) -> None:
        """What a server does before it forks: the sources tell of their tables, so that a worker that begins while one
        of them is away can answer from what is kept. Those that do not answer are asked later."""
        if self.metrics is not None:
            self.metrics.prepare()
        store = self.guarded.store
        if store is not None and (fault := store.missing()) is not None:
            structlog.get_logger("erp_odata").warning(
                "redis does not answer; each process keeps answers alone", fault=fault
            )
        for source in self.guarded.sources.values():
            with suppress(SourceError):
                source.prepare()


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
    adapter = adapter or connect(settings, physical(metadata))
    protected = guarded(settings, metadata, adapter)
    metrics = measured(settings, metadata, protected)
    observers = observers if metrics is None else (*observers, metrics)
    service = Service(
        metadata,
        protected.adapter,
        secrets=tuple(derived(secret, "token") for secret in _secrets(settings)),
        options=ServiceOptions(**{row.name: getattr(settings, row.name) for row in fields(ServiceOptions)}),
        observers=observers,
    )
    return Composition(settings, metadata, adapter, protected, service, authenticator(settings), observers, metrics)


def catalog(settings: Settings) -> Traversable | Path:
    """The directory with the catalog: a built-in one, unless a directory is called like it."""
    named = settings.catalog
    if named is None:
        return files("erp_adapters") / "catalog"
    if str(named) in BUILT_IN and not named.is_dir():
        return files("erp_adapters") / str(named) / "catalog"
    return named


def connect(settings: Settings, metadata: ServiceMetadata) -> Adapter:
    """The adapter for the configured sources: of the one that there is, or of all by the sets that name them."""
    from erp_adapters import sql

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
    for name in settings.sources:
        found[name] = kinds.connect(settings, name, metadata)
    if not found:
        raise ValueError("no database_url")
    named = {source_of(entity_set) for entity_set in metadata.sets}
    return found[DEFAULT_SOURCE] if named | set(found) == {DEFAULT_SOURCE} else Routed(metadata, found)


def guarded(settings: Settings, metadata: ServiceMetadata, adapter: Adapter) -> Guarded:
    """``adapter`` with a bound, another try and a breaker around each source, and around all of them the cache."""
    sources = {
        name: Resilient(
            source,
            calls=_own(settings, name, "pool_size"),
            wait=_own(settings, name, "pool_wait"),
            breaker=Breaker(settings.breaker_failures, settings.breaker_seconds),
            probes=ThreadPoolExecutor(1, thread_name_prefix="probe"),
        )
        for name, source in sources_of(adapter).items()
    }
    asked: Adapter = Routed(metadata, sources) if isinstance(adapter, Routed) else sources[DEFAULT_SOURCE]
    asked = stamped(asked, metadata)
    if settings.kept == "off":
        return Guarded(asked, sources)
    store = None
    if settings.kept == "redis" and settings.redis_url is not None:
        store = SharedStore(settings.redis_url.get_secret_value())
    marks = SharedMarks(store, tuple(entity_set.name for entity_set in metadata.sets))
    renewals = max(1, settings.pool_size // 2)  # of each source, so that there is room for those who wait
    cached = Cached(
        asked,
        metadata,
        policy(settings.freshness, settings.default_freshness, settings.stale),
        namespace=_namespace(settings, metadata),
        secret=derived(secret(settings), "cache"),
        store=store,
        marks=marks,
        background=ThreadPoolExecutor(renewals * len(sources), thread_name_prefix="renew"),
        options=CacheOptions(renewals=renewals),
        memory=Memory(settings.cache_entries),
    )
    return Guarded(cached, sources, cached, store, marks)


def measured(settings: Settings, metadata: ServiceMetadata, protected: Guarded) -> "Metrics | None":
    """What counts for Prometheus, if somebody may read it."""
    if not settings.metrics_users:
        return None
    from odata_server.metrics import Metrics

    metrics = Metrics(metadata, protected.sources)
    if protected.cache is not None:
        protected.cache.told = metrics.read
    return metrics


def _own(settings: Settings, source: str, limit: str) -> Any:
    """A limit of the source, or else the one of all."""
    return getattr(settings.sources.get(source), limit, None) or getattr(settings, limit)


def _namespace(settings: Settings, metadata: ServiceMetadata) -> str:
    """What tells kept answers apart that are not of this model and these sources: the mapping is part of it."""
    places: dict[str, Any] = {name: kinds.told_apart(source) for name, source in settings.sources.items()}
    if settings.database_url is not None:
        places[DEFAULT_SOURCE] = settings.database_url.get_secret_value()
    mapping = [(entity_set.name, entity_set.type.names, repr(entity_set.sources)) for entity_set in metadata.sets]
    content = repr((metadata.namespace, metadata.version, mapping, sorted(places.items())))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


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
