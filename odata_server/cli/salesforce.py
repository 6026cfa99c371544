"""``salesforce``: what Salesforce makes of a service, this one or any other."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from odata_server.cli.options import composition, settings_options

if TYPE_CHECKING:
    from salesforce.client import Client
    from salesforce.profile import Profile
    from salesforce.sync import ExternalObject, Synced

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("url", required=False),
    click.option("--local", is_flag=True, help="The service as it is configured here, without a server."),
    click.option("-u", "--user", metavar="NAME[:PASSWORD]", help="Sign in with HTTP Basic; a password is asked for."),
    click.option("-H", "--header", "headers", multiple=True, help="A header for every request, 'Name: value'."),
)


def service_options(command: F) -> F:
    """The service that is asked: at a URL, or the configured one."""
    command = settings_options(command)
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def connect(
    url: str | None,
    local: bool,
    user: str | None,
    headers: tuple[str, ...],
    *,
    profile: "Profile | None" = None,
    **flags: Any,
) -> "Client":
    """A client of the service that the options name."""
    import requests

    from salesforce.client import Client
    from salesforce.profile import Profile

    if local is (url is not None):
        raise click.UsageError("name the URL of a service root, or --local for the service configured here")
    session = requests.Session()
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"{header!r} is not a header; write 'Name: value'")
        session.headers[name.strip()] = value.strip()
    if user is not None:
        name, colon, password = user.partition(":")
        session.auth = (name, password if colon else click.prompt("Password", hide_input=True, err=True))
    if url is None:
        from odata_server.cli.local import Local

        composed = composition(**flags)
        url = composed.settings.root
        session.mount(url, Local(composed.service, url))
    elif not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url!r} is not the URL of a service; it starts with https://")
    return Client(url, session, profile or Profile())


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
