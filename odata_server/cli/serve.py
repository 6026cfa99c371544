"""``serve``, and the gunicorn that ``demo`` runs as well."""

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import load_settings, settings_options

if TYPE_CHECKING:
    from odata_server.settings import Settings

PORT_IN_USE = 5


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes.")
@click.option("--public-url", help="URL that clients use, without /odata/v4.")
@settings_options
def serve(config_file: str | None, **flags: Any) -> None:
    """Run the service, as configured.

    Refuses to start, with all faults at once, when that is not safe.

    \b
    Examples:
      erp-odata serve --port 9000
      gunicorn -c odata_server/gunicorn_conf.py "odata_server:create_app()"   the same, for process managers
    """
    settings = load_settings(config_file, serving=True, **flags).settings
    run(
        settings,
        lambda: click.echo(f"Serving {settings.root} on {settings.address}:{settings.port}", err=True),
    )


def run(settings: "Settings", ready: Callable[[], None], *, quiet: bool = False) -> None:
    """Serves until it is told to stop. ``ready`` is called once the port is open."""
    _refuse_used_port(settings.address, settings.port)
    from odata_server.cli.gunicorn_app import Server

    Server(settings, ready, quiet=quiet).run()


def _refuse_used_port(host: str, port: int) -> None:
    """Asked before gunicorn does: it would try five times and say little."""
    if _is_free(host, port):
        return
    free = next((other for other in range(port + 1, min(port + 50, 65536)) if _is_free(host, other)), None)
    click.echo(f"Port {port} on {host} is in use by another program.", err=True)
    if free:
        click.echo(f"Try another one: --port {free}", err=True)
    raise click.exceptions.Exit(PORT_IN_USE)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return True
