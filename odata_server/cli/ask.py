"""``query``, ``explain`` and ``metadata``: the service's own pipeline, without a server."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from odata_server.cli.options import composition, settings_options
from odata_server.cli.written import Written

if TYPE_CHECKING:
    from odata_server.auth import Principal
    from odata_server.messages import ODataRequest
    from odata_server.service import Service

# What a shell user may leave unencoded; a percent sign is taken to start an encoded character.
_SAFE = "%/?:@!$&'()*+,;=~-._"


@click.command()
@click.argument("request", metavar="REQUEST")
@click.option("--json", "as_json", is_flag=True, help="The response body as it is.")
@click.option("-H", "--header", "headers", multiple=True, help="A request header, 'Name: value'.")
@click.option("-i", "--include", is_flag=True, help="Show status and headers too.")
@settings_options
def query(request: str, as_json: bool, headers: tuple[str, ...], include: bool, **flags: Any) -> None:
    """Answer an OData request, without a server.

    REQUEST is a URL below the service root; it takes the same way as in the server.

    \b
    Examples:
      erp-odata query 'Invoices?$top=3'
      erp-odata query "GET Customers?\\$filter=Country eq 'DE'&\\$count=true"
      erp-odata query --json 'Invoices/$count'
    """
    from odata_server.auth import Principal

    asked = parse_request(request, headers)
    response = composition(**flags).service.handle(asked, Principal("cli", authenticated=True))
    if include:
        click.echo(f"{response.status}")
        for name, value in response.headers:
            click.echo(f"{name}: {value}")
        click.echo()
    if response.status >= 400 and not as_json:
        _refused(response.body, asked.query)
    is_json = "json" in (response.header("Content-Type") or "")
    if as_json or not is_json:
        click.echo(response.body.decode())
    else:
        _show(json.loads(response.body, parse_float=Written))
    if response.status >= 400:
        raise click.exceptions.Exit(_exit_code(response.body))


@click.command()
@click.argument("request", metavar="REQUEST")
@click.option("--run", is_flag=True, help="Answer it, too, and show what that cost.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@settings_options
def explain(request: str, run: bool, as_json: bool, **flags: Any) -> None:
    """Show how a request would be answered.

    What the ERP does, what is finished here and why, and the SQL with its parameters. With --run also how often the ERP
    was called, how long that took, and how many rows were read for those that are returned.

    \b
    Examples:
      erp-odata explain "Invoices?\\$filter=contains(CustomerName,'Acme')&\\$orderby=DueDate"
      erp-odata explain --run 'Customers?$expand=Invoices&$top=10'
    """
    from edm.errors import ODataError
    from erp_adapters.base import SourceError
    from odata_server.auth import Principal
    from odata_server.cli.failures import show

    asked = parse_request(request)
    service, caller = composition(**flags).service, Principal("cli", authenticated=True)
    try:
        found = service.explain(asked, caller)
        cost = _cost(service, asked, caller) if run else None
    except SourceError:
        raise
    except ODataError as error:
        show(error, asked.query)
        raise click.exceptions.Exit(1) from None
    parts: dict[str, Any] = {
        "query": found.query,
        "pushed": found.pushed,
        "residual": found.residual,
        "notes": list(found.notes),
        "native": found.native,
        "cache": list(found.cache),
    }
    if cost is not None:
        parts["cost"] = cost
    if as_json:
        click.echo(json.dumps(parts, indent=2))
        return
    for title, text in (
        ("Asked", found.query),
        ("Pushed to the ERP", found.pushed),
        ("Finished here", found.residual or "nothing"),
        ("Notes", "\n".join(found.notes) or "none"),
        ("What the ERP gets", found.native or "nothing"),
        ("What the cache does", "\n".join(found.cache) or "nothing"),
        *([("What it cost", _told(cost))] if cost is not None else []),
    ):
        click.secho(title, bold=True)
        click.echo("  " + str(text).replace("\n", "\n  ") + "\n")


def _cost(service: "Service", asked: "ODataRequest", caller: "Principal") -> dict[str, Any]:
    """What the first page of the answer cost, whatever is kept of earlier ones."""
    from odata_server.messages import Headers
    from odata_server.observe import take_last

    live = replace(service, options=replace(service.options, live_users=(caller.name,)))
    headers = Headers([*asked.headers.items(), ("Cache-Control", "no-cache")])
    response = live.handle(replace(asked, headers=headers), caller)
    handled = take_last()
    if response.status >= 400 or handled is None:
        _refused(response.body, asked.query)
    assert handled is not None
    return {
        "calls": handled.erp_calls,
        "erp_seconds": round(handled.erp_seconds, 6),
        "rows_read": handled.rows_read,
        "rows": handled.rows,
        "seconds": round(handled.seconds, 6),
    }


def _told(cost: dict[str, Any]) -> str:
    calls = f"{cost['calls']} {'call' if cost['calls'] == 1 else 'calls'} of the ERP in {cost['erp_seconds']:.3f} s"
    return f"{calls}; {cost['rows_read']} rows read, {cost['rows']} returned; {cost['seconds']:.3f} s in all"


@click.command()
@click.option("--format", "form", type=click.Choice(["xml", "json"]), default="xml", help="CSDL XML or CSDL JSON.")
@click.option("--version", type=click.Choice(["4.0", "4.01"]), default="4.0", help="Protocol version.")
@settings_options
def metadata(form: str, version: str, **flags: Any) -> None:
    """Print the metadata document.

    As clients get it; needs no database.

    \b
    Example:
      erp-odata metadata --format json > metadata.json
    """
    from odata_server.auth import Principal

    if flags["database_url"] is None:
        flags["database_url"] = "sqlite://"  # never connected to
    asked = parse_request(f"$metadata?$format={form}", (f"OData-MaxVersion: {version}",))
    response = composition(**flags).service.handle(asked, Principal("cli", authenticated=True))
    if response.status >= 400:
        _refused(response.body, asked.query)
    click.echo(response.body.decode())


def parse_request(text: str, headers: tuple[str, ...] = ()) -> "ODataRequest":
    """``GET Invoices?$top=3``, ``/odata/v4/Invoices`` or a whole URL; blanks and such may be unencoded."""
    from odata_server.messages import Headers, ODataRequest

    found = re.fullmatch(r"(?:([A-Za-z]{3,10})\s+)?(\S.*)", text.strip(), re.DOTALL)
    if not found:
        raise click.UsageError("REQUEST is empty; try 'Invoices?$top=3'")
    method, url = (found[1] or "GET").upper(), found[2]
    path, _, query = url.partition("?")
    path = re.sub(r"^/?odata/v4(/|$)", "", urlsplit(path).path if "://" in path else path).lstrip("/")
    fields = []
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"{header!r} is not a header; write 'Name: value'")
        fields.append((name.strip(), value.strip()))
    return ODataRequest(
        method, quote(path, safe=_SAFE), quote(query, safe=_SAFE), Headers(fields), correlation_id="cli"
    )


def _refused(body: bytes, query: str) -> None:
    from odata_server.cli.failures import error_of, show, source_line
    from odata_server.observe import take_last
    from odata_server.remedies import REMEDIES

    error, handled = error_of(body), take_last()
    if error.code in REMEDIES:
        click.echo(source_line(error, handled.detail if handled else ""), err=True)
    else:
        show(error, query)
    raise click.exceptions.Exit(_exit_code(body))


def _exit_code(body: bytes) -> int:
    from odata_server.cli.failures import REFUSED, UNREACHABLE, error_of
    from odata_server.remedies import REMEDIES

    return UNREACHABLE if error_of(body).code in REMEDIES else REFUSED


def _show(content: Any) -> None:
    """A collection as a table, an entity as a list of its values."""
    from odata_server.cli.tables import show_entity, show_rows

    rows = content.get("value") if isinstance(content, dict) else None
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        show_rows(rows, content)
    else:
        show_entity(content)
