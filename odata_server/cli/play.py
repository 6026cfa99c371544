"""``salesforce play``: pages as Salesforce opens them, once or by many users at a time."""

import random
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.profiles import profile_options, taken
from odata_server.cli.reached import connect, service_options

if TYPE_CHECKING:
    from salesforce.load import Tally
    from salesforce.pages import Visit
    from salesforce.soql.run import Org
    from salesforce.sync import ExternalObject

PAGES = ("list-view", "detail", "global-search", "report", "batch-job", "count", "change-poll", "everything")


@click.command()
@click.argument("page", type=click.Choice(PAGES))
@click.argument("subject", required=False)
@click.option("--id", "external_id", help="The External ID of the record for detail; any, if it is left out.")
@click.option("--page-number", default=1, type=click.IntRange(1, 80), help="Which page of a list view.")
@click.option("--where", default="", help="A SOQL condition for a list view, report, batch job or count.")
@click.option(
    "--polls", default=1, type=click.IntRange(1, 1000), help="With change-poll: how often changes are asked for."
)
@click.option("--users", type=click.IntRange(1, 500), help="With everything: so many people at once.")
@click.option("--minutes", type=click.FloatRange(min=0.01), default=1.0, help="With --users: for how long.")
@click.option(
    "--pause", type=click.FloatRange(min=0), default=0.0, help="Seconds between two pages of a user, or polls."
)
@profile_options
@service_options
def play(
    page: str,
    subject: str | None,
    external_id: str | None,
    page_number: int,
    where: str,
    polls: int,
    users: int | None,
    minutes: float,
    pause: float,
    **flags: Any,
) -> None:
    """Open a page as Salesforce would.

    SUBJECT is an object (Invoices or Invoices__x), the phrase of a global search, or nothing for everything: a click
    path through all objects, by --users people at once for --minutes.

    \b
    Examples:
      erp-odata salesforce play list-view Invoices
      erp-odata salesforce play detail Customers --id C-100042
      erp-odata salesforce play global-search Pump https://erp.example.com/odata/v4
      erp-odata salesforce play change-poll Invoices --polls 3 --pause 300
      erp-odata salesforce play everything --users 50 --minutes 2
    """
    if subject is not None and subject.startswith(("http://", "https://")) and flags["url"] is None:
        subject, flags["url"] = None, subject
    flags["local"] = flags["local"] or flags["url"] is None
    org = _org(flags, taken(flags))
    if page == "everything":
        _load(org, users or 1, minutes * 60, pause)
        return
    if subject is None:
        raise click.UsageError(f"{page} needs a {'phrase' if page == 'global-search' else 'set, such as Invoices'}")
    if page == "change-poll":
        from salesforce.pages import change_poll

        visit = change_poll(org, _object(org, subject), polls=polls, pause=lambda: time.sleep(pause))
    else:
        visit = _opened(org, page, subject, external_id, page_number, where)
    _show(visit)
    if visit.refused:
        click.secho(visit.refused, fg="red", err=True)
        raise click.exceptions.Exit(1)


def _org(flags: dict[str, Any], profile: Any) -> "Org":
    from salesforce.soql.run import Org
    from salesforce.sync import sync

    client = connect(**flags, profile=profile)
    org = Org(sync(client.metadata()), client)
    client.exchanges.clear()
    return org


def _opened(org: "Org", page: str, subject: str, external_id: str | None, number: int, where: str) -> "Visit":
    from salesforce import pages

    if page == "global-search":
        return pages.global_search(org, subject)
    source = _object(org, subject)
    if page == "detail":
        key = external_id or pages.first_external_id(org, source)
        if key is None:
            raise click.UsageError(f"{source.name} has no records")
        return pages.detail(org, source, key)
    if page == "list-view":
        return pages.list_view(org, source, page=number, where=where)
    return pages.OF_OBJECT[page](org, source, where=where)


def _object(org: "Org", name: str) -> "ExternalObject":
    found = org.synced.object(name) or org.synced.object(f"{name}__x")
    if found is None:
        names = ", ".join(each.source for each in org.synced.objects)
        raise click.UsageError(f"there is no object {name}; there are {names}")
    return found


def _show(visit: "Visit") -> None:
    for step in visit.steps:
        rows = len(step.result.records) if step.result.columns else step.result.total or 0
        noun = "event" if "ChangeType" in step.result.columns else "row"
        click.secho(f"{step.title}: {rows:,} {noun}{'' if rows == 1 else 's'}", bold=True)
        for exchange in step.result.exchanges:
            took = f"{exchange.seconds * 1000:,.0f} ms"
            click.echo(f"  {exchange.status}  {exchange.size:>9,} bytes  {took:>9}  {exchange.readable}")
    for note in visit.notes:
        click.secho(note, fg="yellow", err=True)
    size = sum(exchange.size for exchange in visit.exchanges)
    noun = "callout" if len(visit.exchanges) == 1 else "callouts"
    click.echo(f"{len(visit.exchanges)} {noun}, {size:,} bytes, {visit.seconds * 1000:,.0f} ms", err=True)


def _load(org: "Org", users: int, seconds: float, pause: float) -> None:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from odata_server.cli.tables import console
    from salesforce.load import Tally, User

    tally, started = Tally(), time.monotonic()
    ends = started + seconds
    stopped = threading.Event()

    def done() -> bool:
        return stopped.is_set() or time.monotonic() >= ends

    people = [User(_copy(org), tally, random.Random(number)) for number in range(users)]  # noqa: S311 (no secret)
    threads = [threading.Thread(target=user.run, args=(done, pause), daemon=True) for user in people]
    for thread in threads:
        thread.start()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=seconds)
        try:
            while not done():
                left = max(0.0, ends - time.monotonic())
                progress.update(task, completed=seconds - left, description=f"{users} users, {tally.visits:,} pages")
                time.sleep(0.1)
        except KeyboardInterrupt:
            stopped.set()
    for thread in threads:
        thread.join()
    show_figures(tally, time.monotonic() - started)  # the last pages take longer than there was time
    if any(tally.failures.values()):
        raise click.exceptions.Exit(1)


def _copy(org: "Org") -> "Org":
    """An org that shares nothing that changes: each user has a connection of their own."""
    import requests

    from salesforce.client import Client
    from salesforce.soql.run import Org

    session = requests.Session()
    session.headers.update(org.client.session.headers)
    session.auth = org.client.session.auth
    for prefix, adapter in org.client.session.adapters.items():
        if not prefix.endswith("://"):
            session.mount(prefix, adapter)
    client = Client(org.client.root, session, org.client.profile, org.client.timeout)
    return Org(org.synced, client, org.calendar)


def show_figures(tally: "Tally", seconds: float) -> None:
    """A line for each page, and how much that is in a second and in an hour."""
    from rich.table import Table

    from odata_server.cli.tables import console
    from salesforce.load import HOURLY_CALLOUTS

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("page")
    for column in ("visits", "callouts", "failures", "50 %", "95 %", "99 %"):
        table.add_column(column, justify="right")
    for line in tally.figures():
        times = (f"{figure * 1000:,.0f} ms" for figure in (line.p50, line.p95, line.p99))
        table.add_row(line.page, f"{line.visits:,}", f"{line.callouts:,}", f"{line.failures:,}", *times)
    console().print(table)
    callouts = sum(tally.callouts.values())
    click.echo(f"{tally.visits / seconds:,.1f} pages and {callouts / seconds:,.1f} callouts per second", err=True)
    hourly = callouts / seconds * 3_600
    if hourly > HOURLY_CALLOUTS:
        limit = f"the OData 4.0 adapter has {HOURLY_CALLOUTS:,}, the 4.01 adapter no limit"
        click.secho(f"that is {hourly:,.0f} callouts an hour; {limit}", fg="yellow", err=True)
    for page, failures in tally.failures.items():
        if failures:
            click.secho(f"{page}: {failures[0]}", fg="red", err=True)
