"""``config show`` and ``users hash``."""

import json
import sys
from typing import Any

import click

from odata_server.cli.options import load_settings, settings_options


@click.group()
def config() -> None:
    """The settings: what they are and where they come from."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@settings_options
def show(as_json: bool, config_file: str | None, **flags: Any) -> None:
    """Show every setting with its value and origin. Secrets are masked.

    \b
    Example:
      ERP_ODATA_PAGE_SIZE=500 erp-odata config show
    """
    from odata_server.config import shown

    lines = shown(load_settings(config_file, serving=False, **flags))
    if as_json:
        click.echo(json.dumps({line.name: {"value": line.value, "origin": line.origin} for line in lines}, indent=2))
        return
    from rich.markup import escape
    from rich.table import Table

    from odata_server.cli.tables import console

    table = Table(box=None, pad_edge=False)
    for title in ("setting", "value", "origin"):
        table.add_column(title, overflow="fold")
    for line in lines:
        value = "" if line.value is None else json.dumps(line.value) if not isinstance(line.value, str) else line.value
        table.add_row(line.name, escape(value), escape(line.origin))
    console().print(table)


@click.group()
def users() -> None:
    """Who may sign in."""


@users.command("hash")
@click.argument("name", required=False, default="alice")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for ERP_ODATA_USERS.")
def hash_command(name: str, from_stdin: bool, as_json: bool) -> None:
    """Make the entry of user NAME: an argon2id hash of a password that is asked for.

    \b
    Examples:
      erp-odata users hash salesforce
      pass show erp | erp-odata users hash salesforce --stdin
    """
    from odata_server.auth import hash_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(password) < 12:
        raise click.UsageError("use at least 12 characters: anybody on the internet may guess")
    entry = hash_password(password)
    if as_json:
        click.echo(json.dumps({name: entry}))
        return
    click.echo("Put this into erp-odata.toml:\n", err=True)
    click.echo(f"[users]\n{json.dumps(name)} = {json.dumps(entry)}")
