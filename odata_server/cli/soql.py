"""``soql``: statements over a service's data, as Salesforce would run them."""

import csv
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.profiles import profile_options, taken
from odata_server.cli.reached import connect, service_options

if TYPE_CHECKING:
    from salesforce.soql.days import Calendar
    from salesforce.soql.run import Result


@click.command()
@click.argument("statement")
@click.option("--bind", "binds", multiple=True, metavar="NAME=VALUE", help="A bind variable's text; repeat for a list.")
@click.option("--time-zone", default="UTC", help="The user's, for TODAY and the like.")
@click.option("--today", help="Another day than today, 2026-11-20.")
@click.option("--json", "output", flag_value="json", help="Records as JSON.")
@click.option("--csv", "output", flag_value="csv", help="Records as CSV.")
@click.option("--trace", is_flag=True, help="Every request with status, bytes and time.")
@profile_options
@service_options
def soql(
    statement: str,
    binds: tuple[str, ...],
    time_zone: str,
    today: str | None,
    output: str | None,
    trace: bool,
    **flags: Any,
) -> None:
    """Run SOQL or SOSL as Salesforce Connect would.

    STATEMENT is translated into the requests that Salesforce sends, run, joined and checked against its limits.
    Asked is the service at URL, or the one configured here.

    \b
    Examples:
      erp-odata soql "SELECT InvoiceNumber__c, OpenAmount__c FROM Invoices__x WHERE DueDate__c < TODAY LIMIT 50"
      erp-odata soql "FIND {Acme} RETURNING Customers__x(CustomerName__c, City__c)" --trace
    """
    from salesforce.soql.run import Org
    from salesforce.sync import sync

    profile = taken(flags)
    flags["local"] = flags["local"] or flags["url"] is None
    client = connect(**flags, profile=profile)
    calendar = _calendar(time_zone, today)
    org = Org(sync(client.metadata()), client, calendar)
    client.exchanges.clear()
    try:
        if statement.split(None, 1)[:1] and statement.split(None, 1)[0].upper() == "FIND":
            found = org.search(statement)
        else:
            found = {"": org.query(statement, _binds(binds))}
    finally:
        if trace:
            for exchange in client.exchanges:
                seconds = f"{exchange.seconds * 1000:,.0f} ms"
                click.echo(f"{exchange.status}  {exchange.size:>9,} bytes  {seconds:>9}  {exchange.readable}", err=True)
    for name, result in found.items():
        if name:
            click.secho(name, bold=True, err=output is not None)
        _write(result, output)
        for note in result.notes:
            click.secho(note, fg="yellow", err=True)


def _calendar(time_zone: str, today: str | None) -> "Calendar":
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from salesforce.soql.days import Calendar

    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.UsageError(f"{time_zone!r} is not a time zone such as Europe/Berlin") from None
    try:
        now = datetime.now(UTC) if today is None else datetime.fromisoformat(f"{today}T12:00:00").replace(tzinfo=zone)
    except ValueError:
        raise click.UsageError(f"{today!r} is not a day such as 2026-11-20") from None
    return Calendar(now, zone)


def _binds(given: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise click.UsageError(f"{each!r} is no bind variable; write NAME=VALUE")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _write(result: "Result", output: str | None) -> None:
    import msgspec

    records = list(result.records)
    if not result.columns:
        click.echo(json.dumps({"totalSize": result.total}) if output == "json" else result.total)
    elif output == "json":
        content = msgspec.json.Encoder(decimal_format="number").encode({"totalSize": result.total, "records": records})
        click.echo(msgspec.json.format(content, indent=2).decode())
    elif output == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(result.columns)
        writer.writerows([_cell(record[column]) for column in result.columns] for record in records)
    else:
        _table(result)


def _table(result: "Result") -> None:
    from rich.table import Table

    from odata_server.cli.tables import cell_text, console

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in result.columns:
        numbers = any(isinstance(record[column], Decimal) for record in result.records)
        table.add_column(column, overflow="fold", justify="right" if numbers else "left")
    for record in result.records:
        table.add_row(*("\n".join(map(cell_text, _cell(record[column]).splitlines())) for column in result.columns))
    console().print(table)
    total = "" if result.total is None or result.total == len(result.records) else f" of {result.total:,}"
    noun = "row" if len(result.records) == 1 and not total else "rows"
    click.echo(f"{len(result.records):,}{total} {noun}", err=True)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(", ".join(f"{n}: {_cell(v)}" for n, v in record.items()) for record in value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
