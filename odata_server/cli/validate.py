"""``validate``: every fault of configuration, catalog and mapping at once, and whether the ERP fits."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import load_settings, settings_options

if TYPE_CHECKING:
    from edm.faults import Fault
    from edm.model import EntitySet, ServiceMetadata
    from erp_adapters.base import Adapter, SourceError
    from odata_server.settings import Settings


@click.command()
@click.option("--offline", is_flag=True, help="Do not ask the ERPs.")
@click.option("--json", "as_json", is_flag=True, help="The faults as JSON.")
@settings_options
def validate(offline: bool, as_json: bool, config_file: str | None, **flags: Any) -> None:
    """Check configuration, catalog and ERPs.

    Lists all faults at once.

    \b
    Examples:
      erp-odata validate
      erp-odata validate --offline --catalog ./catalog
    """
    from odata_server.config import ConfigError

    faults: list[Fault] = []
    try:
        settings = load_settings(config_file, serving=True, **flags).settings
    except ConfigError as error:
        faults += error.faults
        settings = error.settings
    metadata = _model(settings, faults)
    if metadata is not None:
        faults += _mapping_faults(settings, metadata, offline)
    if as_json:
        keys = ("file", "key", "message", "hint")
        click.echo(json.dumps([{key: getattr(fault, key) for key in keys} for fault in faults], indent=2))
    else:
        for fault in faults:
            click.echo(str(fault), err=True)
        click.echo(
            _summary(faults, metadata, offline or not (settings.database_url or settings.sources)), err=bool(faults)
        )
    raise click.exceptions.Exit(1 if faults else 0)


def _model(settings: "Settings", faults: "list[Fault]") -> "ServiceMetadata | None":
    from edm.declare import load_directory
    from edm.faults import CatalogError
    from odata_server.compose import catalog

    try:
        return load_directory(catalog(settings))
    except CatalogError as error:
        faults += error.faults
        return None


def _mapping_faults(settings: "Settings", metadata: "ServiceMetadata", offline: bool) -> "Iterator[Fault]":
    from edm.faults import Fault
    from erp_adapters.base import Validates, sources_of
    from erp_adapters.stamped import physical
    from odata_server.compose import connect
    from odata_server.config import ConfigError

    metadata = physical(metadata)
    if settings.database_url is None and not settings.sources:
        settings = settings.with_(database_url=_nowhere())
        offline = True
    try:
        adapter = connect(settings, metadata)
    except ConfigError as error:
        yield from error.faults
        return
    faulty = set()
    try:
        if isinstance(adapter, Validates):
            for name, key, message in adapter.faults(metadata):
                faulty.add(name)
                yield Fault(f"{name}.toml", key, message)
        if offline:
            return
        for source, each in sources_of(adapter).items():
            yield from _source_faults(source, each, metadata, faulty)
    finally:
        getattr(adapter, "close", lambda: None)()


def _source_faults(source: str, adapter: "Adapter", metadata: "ServiceMetadata", faulty: set[str]) -> "Iterator[Fault]":
    """What the source lacks, and what its rows do not fit."""
    from edm.faults import Fault
    from erp_adapters.base import DEFAULT_SOURCE, Checks, Session, SourceError, Validates, source_of

    try:
        if isinstance(adapter, Checks):
            adapter.ping(Session("validate"))
        if isinstance(adapter, Validates):
            for name, key, message in adapter.lacks(metadata):
                faulty.add(name)
                yield Fault(f"{name}.toml", key, message)
        yield from _probe(adapter, [s for s in metadata.sets if s.name not in faulty and source_of(s) == source])
    except SourceError as error:
        name = "database" if source == DEFAULT_SOURCE else f"sources.{source}"
        yield _source_fault(name, error.code, error)


def _nowhere() -> Any:
    from pydantic import SecretStr

    return SecretStr("sqlite://")


def _probe(adapter: "Adapter", sets: "Iterable[EntitySet]") -> "Iterator[Fault]":
    """Reads one row of every set with all its properties: what the database's own catalogue does not tell shows,
    such as a permission that is missing, or values that do not fit.
    """
    from edm.query import Query
    from erp_adapters.base import Session, SourceError

    for entity_set in sets:
        top = 1 if adapter.capabilities(entity_set).top else None
        query = Query(entity_set.name, entity_set.type.names, top=top)
        try:
            next(iter(adapter.read(query, Session("validate"))), None)
        except SourceError as error:
            yield _source_fault(f"{entity_set.name}.toml", "database", error)


def _source_fault(file: str, key: str, error: "SourceError") -> "Fault":
    from edm.faults import Fault
    from odata_server.cli.failures import reason

    return Fault(file, key, error.message, reason(error.detail) or None)


def _summary(faults: "list[Fault]", metadata: "ServiceMetadata | None", offline: bool) -> str:
    if faults:
        return f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'} found."
    sets = len(metadata.sets) if metadata else 0
    return f"No faults: {sets} entity sets{', ERPs not asked' if offline else ', and the ERPs fit'}."
