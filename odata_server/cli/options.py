"""Options that several commands share, and how they become settings."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from odata_server.compose import Composition
    from odata_server.config import Loaded
    from odata_server.observe import Event

F = TypeVar("F", bound=Callable[..., Any])

DEMO_DIRECTORY = Path(".demo")
DEMO_FILE = "erp.sqlite"

_OPTIONS = (
    click.option(
        "--config",
        "config_file",
        type=click.Path(dir_okay=False),
        help="Settings file (default: erp-odata.toml, or what ERP_ODATA_CONFIG names).",
    ),
    click.option(
        "--database-url",
        help="The ERP's database: postgresql://..., mariadb://..., mysql://..., mssql://..., oracle://... or sqlite:///path.",
    ),
    click.option(
        "--catalog",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        help="Directory with one TOML file per entity set.",
    ),
)


def settings_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load_settings(config_file: str | None, *, serving: bool, **flags: Any) -> "Loaded":
    """Settings of all layers; what is odd about them goes to standard error."""
    from odata_server.config import FILE_VARIABLE, load

    environ = dict(os.environ) | ({FILE_VARIABLE: config_file} if config_file else {})
    loaded = load(flags, environ, serving=serving)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return loaded


def composition(config_file: str | None, **flags: Any) -> "Composition":
    """The object graph for a command that asks the ERP. Without any database the demo's is used, if there
    is one.
    """
    from edm.faults import Fault
    from odata_server.compose import compose
    from odata_server.config import ConfigError
    from odata_server.observe import configure, remember

    settings = load_settings(config_file, serving=False, **flags).settings
    demo = DEMO_DIRECTORY / DEMO_FILE
    if settings.database_url is None and not settings.sources and demo.exists():
        click.echo(f"note: no database_url is set; asking the demo ERP in {demo}", err=True)
        flags["database_url"] = f"sqlite:///{demo}"
        settings = load_settings(config_file, serving=False, **flags).settings
    if settings.database_url is None and not settings.sources:
        raise ConfigError(
            [Fault("settings", "database_url", "is required", "or run `erp-odata demo` once, for a demo ERP")]
        )
    configure("error", "console")
    return compose(settings, observers=(_log_faults, remember))


def _log_faults(event: "Event") -> None:
    """Faults of ours with their traceback. What else happens, the command itself says."""
    from odata_server.observe import Failed, log

    if isinstance(event, Failed):
        log(event)
