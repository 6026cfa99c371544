"""``demo``: a believable ERP, the service on it, and what to do next, in one command."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from odata_server.cli.options import DEMO_DIRECTORY, DEMO_FILE

if TYPE_CHECKING:
    from odata_server.settings import Settings

FIRST_QUERY = "Invoices?$top=3&$select=InvoiceNumber,CustomerNumber,InvoiceDate,GrossAmount,Currency,Status"
CHECK_SECONDS = 60.0


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 16), default=2, show_default=True, help="Worker processes.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEMO_DIRECTORY,
    show_default=True,
    help="Where the demo keeps its files.",
)
@click.option("--database-url", help="Load the demo ERP into this PostgreSQL database instead of SQLite.")
@click.option("--public-url", help="URL of a tunnel to this port, so that Salesforce can reach it.")
@click.option("--reset", is_flag=True, help="Make the demo ERP anew.")
@click.option("--check", is_flag=True, help="Start, answer the first query, stop.")
def demo(
    port: int,
    workers: int,
    directory: Path,
    database_url: str | None,
    public_url: str | None,
    reset: bool,
    check: bool,
) -> None:
    """Serve a demo ERP on this machine.

    Customers, orders, invoices and stock of an invented distributor, as OData.

    Listens on this machine only, where it needs no password. Reads no settings: what you configured is not
    touched.

    \b
    Examples:
      erp-odata demo
      erp-odata demo --database-url postgresql://me@localhost/demo
      erp-odata demo --public-url https://example.ngrok.app
    """
    if check:
        raise click.exceptions.Exit(_check(port))
    from odata_server.cli.serve import run

    _forget_configuration()
    settings = _settings(port, workers, directory, database_url, public_url)
    _prepare(settings, reset)
    run(settings, lambda: click.echo(banner(settings)), quiet=True)


def _forget_configuration() -> None:
    """This process and its workers see no settings: what is configured, well or badly, is for ``serve``."""
    from odata_server.config import FILE_VARIABLE, OTHER_VARIABLES, PLATFORM, PREFIX

    platform = {*PLATFORM, *(f"{name}_FILE" for name in PLATFORM)}
    for name in list(os.environ):
        if name in platform or (name.startswith(PREFIX) and name not in OTHER_VARIABLES):
            del os.environ[name]
    os.environ[FILE_VARIABLE] = os.devnull


def _settings(port: int, workers: int, directory: Path, database_url: str | None, public_url: str | None) -> "Settings":
    from odata_server.config import load

    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".gitignore").write_text("*\n")
    flags = {
        "host": "127.0.0.1",
        "port": port,
        "workers": workers,
        "database_url": database_url or f"sqlite:///{directory / DEMO_FILE}",
        "public_url": public_url or f"http://127.0.0.1:{port}",
        "secret_key": _secret(directory / "secret"),
        "anonymous": True,
        "cache": "memory",
        "live_users": "anonymous",
        "log_format": "console" if sys.stdout.isatty() else "json",
    }
    return load(flags).settings


def _secret(path: Path) -> str:
    """Kept, so that all workers agree and next links survive a restart."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _prepare(settings: "Settings", reset: bool) -> None:
    from sqlalchemy.exc import DBAPIError

    from fixtures.demo_erp.load import NotTheDemoError, create, is_current
    from odata_server.config import mask_url

    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    try:
        if reset or not is_current(url):
            _create(url, create)
    except (NotTheDemoError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except DBAPIError as error:
        raise click.ClickException(f"{mask_url(url)} cannot be used: {error.orig}") from None


def _create(url: str, create: "Callable[..., None]") -> None:
    """Loads the demo ERP, with a progress bar where somebody is looking."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from fixtures.demo_erp.schema import METADATA
    from odata_server.cli.tables import console
    from odata_server.config import mask_url

    started, rows = time.monotonic(), 0
    out = console(stderr=True)
    columns = (TextColumn("Making the demo ERP"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        bar = progress.add_task("", total=len(METADATA.tables))

        def loaded(table: str, count: int) -> None:
            nonlocal rows
            rows += count
            progress.advance(bar)

        create(url, progress=loaded)
    seconds = time.monotonic() - started
    click.echo(f"Made the demo ERP in {mask_url(url)}: {rows:,} rows in {seconds:.1f} s", err=True)


def banner(settings: "Settings") -> str:
    """What to do next. Lines to copy stand alone, so that a terminal selects them whole."""
    root, local = settings.root, f"http://127.0.0.1:{settings.port}"
    return f"""
The demo ERP is live as OData. Stop it with Ctrl-C.

  In a browser      {local}/
  Service root      {root}
  Metadata          {root}$metadata

Ask for invoices:

  curl '{local}/odata/v4/{FIRST_QUERY}'

In Salesforce (Setup, External Data Sources, New External Data Source):

  Type                           Salesforce Connect: OData 4.0
  URL                            {root.rstrip("/")}
  Connection Timeout             120
  Format                         JSON
  Server Driven Pagination       on
  Request Row Counts             on
  Enable Search                  on
  Use Free-Text Search           on
  CSRF Protection                off
  Identity Type                  Anonymous
  Authentication Protocol        No Authentication

  Save, then Validate and Sync.{_reachable(settings)}

For production:

  erp-odata users hash salesforce      a user, for erp-odata.toml
  erp-odata validate                   everything that is still missing
  erp-odata serve                      the service on your ERP's database
"""


def _reachable(settings: "Settings") -> str:
    from urllib.parse import urlsplit

    from odata_server.addresses import is_loopback

    if not is_loopback(urlsplit(settings.url).hostname or ""):
        return ""
    return """ Salesforce calls from the internet: it reaches this machine only
  through a tunnel, whose URL you name with --public-url."""


def _check(port: int) -> int:
    """Starts the demo as a process of its own, asks it the first query, stops it; 0 if it answered."""
    # The arguments of this very call, without --check.
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    started = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "odata_server", *arguments]) as process:  # noqa: S603
        try:
            rows = _first_answer(process, f"http://127.0.0.1:{port}/odata/v4/{FIRST_QUERY}")
        finally:
            process.terminate()
    if rows is None:
        click.echo(f"The demo did not answer within {CHECK_SECONDS:.0f} s.", err=True)
        return process.returncode or 1
    click.echo(f"The first query was answered with {rows} invoices after {time.monotonic() - started:.1f} s.")
    return 0 if rows else 1


def _first_answer(process: "subprocess.Popen[bytes]", url: str) -> int | None:
    """How many rows the answer has; ``None`` when the process ends or time runs out before there is one."""
    deadline = time.monotonic() + CHECK_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - a URL of ours
                return len(json.load(response)["value"])
        except OSError:
            time.sleep(0.05)
    return None
