"""``salesforce export``: the external objects as a project that can be deployed."""

from pathlib import Path
from typing import Any

import click

from odata_server.cli.reached import connect, service_options


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--endpoint", help="The service root that Salesforce reaches, if it is another one.")
@click.option("--adapter", type=click.Choice(["4.0", "4.01"]), default="4.0", help="The type of the data source.")
@click.option(
    "--identity", type=click.Choice(["anonymous", "named", "per-user"]), default="named", help="Who signs in."
)
@click.option("--username", default="", help="The user of the named principal.")
@click.option("--user-header", default="", metavar="NAME", help="A header that tells the service which person asks.")
@service_options
def export(
    directory: Path,
    endpoint: str | None,
    adapter: Any,
    identity: Any,
    username: str,
    user_header: str,
    **flags: Any,
) -> None:
    """Write a project for Salesforce's command line.

    External data source, external objects with fields and lookups, list views, layouts, tabs, an application
    and permission sets, with manifests and instructions, into DIRECTORY, which must be new or empty. No
    secrets. Described is the service at URL, or the one configured here.

    \b
    Examples:
      erp-odata salesforce export project
      erp-odata salesforce export project https://erp.example.com/odata/v4 --adapter 4.01
    """
    from salesforce.export.project import project
    from salesforce.sync import sync

    if directory.exists() and any(directory.iterdir()):
        raise click.UsageError(f"{directory} is not empty; name a new directory")
    flags["local"] = flags["local"] or flags["url"] is None
    if flags["local"] and flags["database_url"] is None:
        flags["database_url"] = "sqlite://"  # metadata needs none
    client = connect(**flags)
    synced = sync(client.metadata())
    try:
        files = project(
            synced,
            endpoint or client.root,
            adapter=adapter,
            identity=identity,
            username=username,
            user_header=user_header,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    for name, content in files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    click.echo(f"Wrote {len(files)} files for {len(synced.objects)} external objects to {directory}.", err=True)
    click.echo(f"Read {directory / 'README.md'} next.", err=True)
