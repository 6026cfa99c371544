"""``salesforce lint``: what Salesforce Connect cannot live with, in the metadata and in the answers of a service."""

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.reached import connect, service_options

if TYPE_CHECKING:
    from salesforce.client import Client
    from salesforce.lint import Finding
    from salesforce.sync import ExternalObject


@click.command()
@click.option("--object", "only", help="This external object alone, such as Invoices__x.")
@click.option("--notes", is_flag=True, help="Also what is different but needs no change.")
@click.option("--offline", is_flag=True, help="Read the metadata alone; ask for no data.")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@service_options
def lint(only: str | None, notes: bool, offline: bool, as_json: bool, **flags: Any) -> None:
    """Find what Salesforce Connect cannot live with.

    Reads the metadata of the service at URL, or of the one configured here, and sends it the requests of
    Salesforce. Exit code 1 if there are errors or warnings.

    \b
    Examples:
      erp-odata salesforce lint --local
      erp-odata salesforce lint https://erp.example.com/odata/v4 -u salesforce --notes
    """
    client = connect(**flags)
    found = [each for each in _found(client, only, offline) if notes or each.rule.severity.value != "note"]
    if as_json:
        rows = [
            {**asdict(each.rule), "severity": each.rule.severity.value, "where": each.where, "what": each.what}
            for each in found
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        _show(found)
        click.echo(_summary(found, len(client.exchanges)), err=True)
    raise click.exceptions.Exit(1 if any(each.rule.severity.value != "note" for each in found) else 0)


def _found(client: "Client", only: str | None, offline: bool) -> "list[Finding]":
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from odata_server.cli.tables import console
    from salesforce.lint import check

    names = []

    def wanted(found: "ExternalObject") -> bool:
        names.append(found.name)
        return only is None or found.name.lower() == only.lower()

    out = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("Reading the metadata", total=None)
        told = partial(progress.update, task)
        findings = check(client, wanted=wanted, probing=not offline, progress=lambda name: told(description=name))
        found = list(findings)
    if only is not None and only.lower() not in map(str.lower, names):
        raise click.UsageError(f"there is no external object {only}; there are {', '.join(dict.fromkeys(names))}")
    return found


_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def _show(found: "list[Finding]") -> None:
    """By rule, the worst first: what is wrong and what to do once, the places below."""
    for kind, colour in _COLOURS.items():
        for rule in dict.fromkeys(each.rule for each in found if each.rule.severity.value == kind):
            click.echo(f"{click.style(kind, fg=colour)} {click.style(rule.id, bold=True)}")
            click.echo(f"  {rule.cause}\n  Fix: {rule.fix}")
            for each in found:
                if each.rule is rule:
                    click.echo(f"    {each.where}: {each.what}")


def _summary(found: "list[Finding]", requests: int) -> str:
    counted = {kind: sum(each.rule.severity.value == kind for each in found) for kind in _COLOURS}
    said = ", ".join(f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in counted.items() if number)
    return f"{said or 'Nothing found'} ({requests} request{'' if requests == 1 else 's'})"
