"""``salesforce``: what Salesforce makes of a service, this one or any other."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.export import export
from odata_server.cli.lint import lint
from odata_server.cli.ownership import ownership
from odata_server.cli.play import play
from odata_server.cli.reached import connect, service_options
from odata_server.cli.setup import setup

if TYPE_CHECKING:
    from salesforce.sync import ExternalObject, Synced


@click.group()
def salesforce() -> None:
    """What Salesforce Connect makes of a service."""


@salesforce.command()
@click.option("--object", "only", help="This external object alone, such as Invoices__x.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@service_options
def sync(only: str | None, as_json: bool, **flags: Any) -> None:
    """Show the external objects that Validate and Sync makes.

    Of the service at URL, or of the one configured here: API names, field types, External ID, lookups, and
    what gets lost. Needs no licence and no org.

    \b
    Examples:
      erp-odata salesforce sync --local
      erp-odata salesforce sync https://services.odata.org/V4/Northwind/Northwind.svc --object Orders__x
    """
    from salesforce.sync import Synced
    from salesforce.sync import sync as made_of

    if flags["local"] and flags["database_url"] is None:
        flags["database_url"] = "sqlite://"  # metadata needs none
    synced = made_of(connect(**flags).metadata())
    if only is not None:
        found = synced.object(only)
        if found is None:
            names = ", ".join(each.name for each in synced.objects)
            raise click.UsageError(f"there is no external object {only}; there are {names}")
        synced = Synced((found,))
    if as_json:
        click.echo(json.dumps(asdict(synced), indent=2))
    else:
        _show(synced)


def _show(synced: "Synced") -> None:
    for number, found in enumerate(synced.objects):
        if number:
            click.echo()
        _show_object(found)
    for left in synced.left_out:
        click.secho(f"No object: {left.what}: {left.why}", fg="yellow")
    fields = sum(len(found.fields) for found in synced.objects)
    lost = len(synced.left_out) + sum(len(found.left_out) for found in synced.objects)
    objects = f"{len(synced.objects)} external object{'' if len(synced.objects) == 1 else 's'}"
    click.echo(f"{objects}, {fields} fields, {lost} left out", err=True)


def _show_object(found: "ExternalObject") -> None:
    from rich.table import Table

    from odata_server.cli.tables import console

    key = " + ".join(found.external_id) or "made of all columns, because no key was recognised"
    click.echo(f"{click.style(found.name, bold=True)}  from {found.source}, External ID: {key}")
    lookups = {lookup.field: lookup for lookup in found.lookups}
    table = Table(box=None, pad_edge=False, show_header=True, header_style="")
    for column in ("  Field", "Type", "Remarks"):
        table.add_column(column, overflow="fold")
    for field in found.fields:
        lookup = lookups.get(field.name)
        remarks = [
            *(["External ID"] if field.is_key else []),
            *(["name field"] if field.is_name else []),
            *([f"lookup to {lookup.to}, {lookup.children}"] if lookup else []),
            *([f"from {field.source}"] if field.name != f"{field.source}__c" else []),
            *([field.type.note] if field.type.note else []),
        ]
        table.add_row(f"  {field.name}", str(field.type), "; ".join(remarks))
    console().print(table)
    for left in found.left_out:
        click.secho(f"  left out: {left.what}: {left.why}", fg="yellow")


salesforce.add_command(export)
salesforce.add_command(lint)
salesforce.add_command(ownership)
salesforce.add_command(play)
salesforce.add_command(setup)
