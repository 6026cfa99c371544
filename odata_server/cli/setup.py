"""``salesforce setup``: what to type into the forms of an org."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from odata_server.cli.options import load_settings, settings_options

if TYPE_CHECKING:
    from salesforce.setup import Forms


@click.command()
@click.argument("url", required=False)
@click.option("--adapter", type=click.Choice(["4.0", "4.01"]), default="4.0", help="The type of the data source.")
@click.option(
    "--identity", type=click.Choice(["anonymous", "named", "per-user"]), default="named", help="Who signs in."
)
@click.option("--username", default="", help="The user of the named principal.")
@click.option("--user-header", default="", metavar="NAME", help="A header that tells the service which person asks.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@settings_options
def setup(
    url: str | None,
    adapter: Any,
    identity: Any,
    username: str,
    user_header: str,
    as_json: bool,
    config_file: str | None,
    **flags: Any,
) -> None:
    """Show what to type into Salesforce.

    Every field of the external data source, and for OData 4.01 of the credentials, with its value and why. URL
    is the service root that Salesforce reaches; by default that of the service configured here.

    \b
    Examples:
      erp-odata salesforce setup
      erp-odata salesforce setup https://erp.example.com/odata/v4 --adapter 4.01 --identity per-user
    """
    from odata_server.addresses import is_loopback
    from salesforce.setup import forms

    if url is None:
        url = load_settings(config_file, serving=False, **flags).settings.root
    try:
        found = forms(url, adapter=adapter, identity=identity, username=username, user_header=user_header)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        fields = {
            title: [{"field": entry.label, "value": entry.text, "why": entry.why} for entry in entries]
            for title, entries in found.items()
        }
        click.echo(json.dumps(fields, indent=2))
    else:
        _show(found)
    if is_loopback(urlsplit(url).hostname or "") or not url.startswith("https:"):
        click.echo("warning: Salesforce calls from the internet; it needs a public https address", err=True)


def _show(found: "Forms") -> None:
    from rich.table import Table

    from odata_server.cli.tables import console

    out = console()
    for number, (title, entries) in enumerate(found.items()):
        if number:
            click.echo()
        click.secho(title, bold=True)
        table = Table(box=None, pad_edge=False, show_header=False)
        for column in ("field", "value", "why"):
            table.add_column(column, overflow="fold")
        for entry in entries:
            table.add_row(f"  {entry.label}", entry.text, entry.why)
        out.print(table)
