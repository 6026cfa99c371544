"""``cache``: what is kept, read ahead and declared changed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import composition, settings_options

if TYPE_CHECKING:
    from edm.model import ServiceMetadata
    from odata_server.compose import Composition
    from odata_server.messages import ODataResponse


@click.group()
def cache() -> None:
    """Kept answers: read them ahead, or declare them out of date."""


@cache.command()
@click.argument("sets", nargs=-1, metavar="[SET]...")
@click.option("--all", "everything", is_flag=True, help="Every entity set.")
@settings_options
def clear(sets: tuple[str, ...], everything: bool, **flags: Any) -> None:
    """Declare entity sets changed: what is kept of them serves no more.

    All processes that share a Redis hear of it within a second. Sets that were read together with others take those
    answers along.

    \b
    Example:
      erp-odata cache clear Invoices Payments
    """
    composed = composition(**flags)
    names = [entity_set.name for entity_set in composed.metadata.sets] if everything else list(sets)
    if not names:
        raise click.UsageError("name entity sets, or say --all")
    _check(composed.metadata, names)
    guarded = composed.guarded
    if guarded.marks is None or guarded.store is None:
        raise click.UsageError("no redis_url is set: there are no shared answers to clear")
    _check_store(composed)
    guarded.marks.mark(names)
    click.echo(f"Declared changed: {', '.join(names)}")


@cache.command()
@click.argument("requests", nargs=-1, metavar="[REQUEST]...")
@click.option("--set", "sets", multiple=True, help="The first page of an entity set, with all columns.")
@click.option(
    "--file", "file", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="Requests, one a line."
)
@settings_options
def warm(requests: tuple[str, ...], sets: tuple[str, ...], file: Path | None, **flags: Any) -> None:
    """Read ahead: answer requests now, so that those who send them next do not wait for the ERP.

    REQUEST is a URL below the service root, as clients send it.

    \b
    Examples:
      erp-odata cache warm --set Warehouses --set Items
      erp-odata cache warm "Invoices?\\$filter=Status eq 'Open'&\\$orderby=DueDate&\\$top=26"
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from odata_server.cli.tables import console

    composed = composition(**flags)
    _check(composed.metadata, list(sets))
    asked = [*requests, *sets, *_lines(file)]
    if not asked:
        raise click.UsageError("name requests, a --set or a --file")
    if composed.guarded.store is None:
        raise click.UsageError("no redis_url is set: nothing would be left of it when this command ends")
    _check_store(composed)
    out, started, failed = console(stderr=True), time.monotonic(), 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        bar = progress.add_task("", total=len(asked))
        for request in asked:
            progress.update(bar, description=request[:60])
            answer = _answered(composed, request)
            if answer.status >= 400:
                failed += 1
                out.print(f"{answer.status}  {request}", style="red", markup=False, highlight=False)
            progress.advance(bar)
    seconds = time.monotonic() - started
    click.echo(f"{len(asked) - failed} of {len(asked)} requests answered and kept in {seconds:.1f} s")
    if failed:
        raise click.exceptions.Exit(1)


def _answered(composed: "Composition", request: str) -> "ODataResponse":
    from odata_server.auth import Principal
    from odata_server.cli.ask import parse_request

    return composed.service.handle(parse_request(request), Principal("cli", authenticated=True))


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _check(metadata: "ServiceMetadata", names: list[str]) -> None:
    known = {entity_set.name for entity_set in metadata.sets}
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no entity set {name}; there are {', '.join(sorted(known))}")


def _check_store(composed: "Composition") -> None:
    problem = composed.guarded.store.problem() if composed.guarded.store is not None else None
    if problem is not None:
        click.echo(f"Redis does not answer ({problem}).", err=True)
        raise click.exceptions.Exit(4)
