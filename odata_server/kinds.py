"""From the settings of a source to its adapter. A kind of ERP behind HTTP is the package ``erp_adapters.<kind>`` with
``connect(remote, metadata, name)``, or comes with a package of others (``foreign``); it is imported when a source of
that kind is configured.

Connects to nothing: adapters open their connections when they are first asked.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from edm.faults import Fault
from edm.model import ServiceMetadata
from erp_adapters.base import SQL, Adapter
from odata_server.config import SOURCES, ConfigError
from odata_server.foreign import Unloadable, loaded
from odata_server.settings import Settings
from odata_server.sources import IN_FILES, REMOTE, SourceSettings

if TYPE_CHECKING:  # what calls over HTTP is imported when there is somebody to call
    from erp_adapters.transport import Credentials, Remote, Secret, TransportOptions


def connect(settings: Settings, name: str, metadata: ServiceMetadata) -> Adapter:
    """The adapter of a source. ``ConfigError`` if its kind cannot use what it is configured with."""
    source = settings.sources[name]
    if source.kind == SQL:
        return _database(settings, name, metadata)
    from erp_adapters.transport import OptionFault

    try:
        found: Adapter = _connecting(source.kind)(remote(settings, source), metadata, name)
    except OptionFault as fault:
        place = Fault("settings", f"{SOURCES}.{name}.{fault.key}", fault.message, fault.hint)
        raise ConfigError([place], settings) from None
    except Unloadable as error:
        place = Fault("settings", f"{SOURCES}.{name}.kind", str(error), "install it again, or correct its entry point")
        raise ConfigError([place], settings) from error
    return found


def _connecting(kind: str) -> Callable[..., Adapter]:
    """What connects to sources of the kind: ours, or an installed package's."""
    if kind not in REMOTE:
        return loaded(kind)
    connect: Callable[..., Adapter] = import_module(f"erp_adapters.{kind}").connect
    return connect


def _database(settings: Settings, name: str, metadata: ServiceMetadata) -> Adapter:
    from erp_adapters import sql

    source = settings.sources[name]
    return sql.connect(
        source.url.get_secret_value(),
        metadata,
        pool_size=source.pool_size or settings.pool_size,
        pool_wait=source.pool_wait or settings.pool_wait,
        statement_timeout=source.statement_timeout or settings.statement_timeout,
        session=source.session,
        source=name,
    )


def remote(settings: Settings, source: SourceSettings) -> "Remote":
    """What the kind gets."""
    from erp_adapters.transport import Remote, TransportOptions

    limits = TransportOptions(
        timeout=source.statement_timeout or settings.statement_timeout,
        pool_size=source.pool_size or settings.pool_size,
        wait=source.pool_wait or settings.pool_wait,
        ca_file=str(source.ca_file) if source.ca_file else None,
        proxy=source.proxy,
    )
    password = _secret(source, "password")
    return Remote(
        source.url.get_secret_value(), credentials(source, limits), limits, source.options, source.user or "", password
    )


def credentials(source: SourceSettings, limits: "TransportOptions") -> "Credentials":
    """What goes with every call."""
    from erp_adapters.transport import Anonymous, Basic, ClientCredentials, Token

    if (token := _secret(source, "token")) is not None:
        return Token(token, source.token_header, "") if source.token_header else Token(token)
    if (password := _secret(source, "password")) is not None:
        return Basic(source.user or "", password)
    if (secret := _secret(source, "client_secret")) is not None:
        return ClientCredentials(
            source.token_url or "",
            source.client_id or "",
            secret,
            scope=source.scope or "",
            in_body=source.token_auth == "body",  # noqa: S105
            parameters={name: str(value) for name, value in source.token_params.items()},
            options=limits,
        )
    return Anonymous()


def _secret(source: SourceSettings, key: str) -> "Secret | None":
    value, path = getattr(source, key), getattr(source, f"{key}_file")
    if value is None and path is None:
        return None
    from erp_adapters.transport import Secret

    return Secret(value.get_secret_value() if isinstance(value, SecretStr) else None, path)


def confidential(settings: Settings) -> Iterator[str]:
    """What no log line may hold, as far as it is known at the start."""
    for source in settings.sources.values():
        for key in IN_FILES:
            if (secret := _secret(source, key)) is not None:
                yield secret.get()


def told_apart(source: SourceSettings) -> tuple[Any, ...]:
    """What the rows of a source depend on: where it is, whom it takes us for, and how it is asked. No secret, so that a
    rotation leaves what is kept as it is.
    """
    options = sorted((name, repr(value)) for name, value in source.options.items())
    return (source.kind, source.url.get_secret_value(), source.user, source.client_id, source.scope, options)
