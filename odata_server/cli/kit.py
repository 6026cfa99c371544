"""``kit``: tries what the sources declare, against the rows that they give, and says what does not hold."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import composition, settings_options

if TYPE_CHECKING:
    from edm.model import ServiceMetadata
    from erp_adapters.base import Adapter
    from erp_adapters.kit import Claims, Failure, Options, Outcome
    from odata_server.compose import Composition

#: Rows that the engine may read and throw away for one query, for each row of the sample.
_SCANNED = 20
_LEVELS = ("exact", "inexact", "partly", "none")


@click.command()
@click.argument("source", required=False, metavar="[SOURCE]")
@click.option("--set", "--sets", "sets", multiple=True, metavar="NAME", help="This entity set alone; may be repeated.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="This check alone; may be repeated.")
@click.option("--rows", type=click.IntRange(1, 5_000), default=100, show_default=True, help="Rows to look at per set.")
@click.option(
    "--cases", type=click.IntRange(1, 100_000), default=40, show_default=True, help="Reads per set and check, at most."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another number gives other cases.")
@click.option("--minutes", type=click.FloatRange(0.1, 1_440), default=10, show_default=True, help="Then it ends.")
@click.option("--operators", is_flag=True, help="Also what is answered per property and operator.")
@click.option("--notes", is_flag=True, help="Also what could not be looked at, and why.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
@settings_options
def kit(
    source: str | None,
    sets: tuple[str, ...],
    checks: tuple[str, ...],
    rows: int,
    cases: int,
    seed: int,
    minutes: float,
    operators: bool,
    notes: bool,
    as_json: bool,
    config_file: str | None,
    **flags: Any,
) -> None:
    """Try what a source declares to answer.

    SOURCE is the name of a source or a kind of sources (sql, sap, ...); without it all are tried. Reads some rows of
    every set, asks for them again with every operator, order and slice that the source declares, and compares with
    what the answer has to be. One question at a time, never more rows than a small multiple of --rows. Exit code 1 if
    something does not hold.

    \b
    Examples:
      erp-odata kit
      erp-odata kit sap --set Invoices --rows 200 --cases 100
      erp-odata kit --check orders --json
    """
    from erp_adapters.base import sources_of
    from erp_adapters.kit import Options, failures
    from erp_adapters.stamped import physical
    from odata_server.execute import answering

    composed = composition(config_file, **flags)
    metadata = physical(composed.metadata)
    _check_checks(checks)
    outcomes: list[Outcome] = []
    try:
        for name, names in _chosen(composed, metadata, source, sets):
            options = Options(
                rows, cases, seed, composed.settings.statement_timeout, minutes * 60, tuple(names), checks,
                lambda adapter, metadata: answering(adapter, metadata, rows * _SCANNED),
            )  # fmt: skip
            outcomes += _tried(name, sources_of(composed.adapter)[name], metadata, options)
    finally:
        getattr(composed.adapter, "close", lambda: None)()
    if as_json:
        click.echo(json.dumps([_record(outcome) for outcome in outcomes], indent=2))
    else:
        _show(outcomes, operators=operators, notes=notes)
    found = failures(outcomes)
    tried = sum(outcome.tried for outcome in outcomes)
    number = f"{len(found)} failure{'' if len(found) == 1 else 's'}" if found else "Everything holds"
    late = sum("no time was left" in outcome.notes for outcome in outcomes)
    left = f"; for {late} checks no time was left (--minutes)" if late else ""
    click.echo(f"{number}: {tried:,} cases tried (seed {seed}){left}", err=True)
    raise click.exceptions.Exit(1 if found else 0)


def _check_checks(checks: Sequence[str]) -> None:
    from erp_adapters.kit import CHECKS

    known = [check.id for check in CHECKS]
    for name in checks:
        if name not in known:
            raise click.UsageError(f"there is no check {name!r}; there are {', '.join(known)}")


def _chosen(
    composed: "Composition", metadata: "ServiceMetadata", wanted: str | None, sets: Sequence[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """The sources to try, each with its sets."""
    from erp_adapters.base import source_of, sources_of

    known = [entity_set.name for entity_set in metadata.sets]
    for name in sets:
        if name not in known:
            raise click.UsageError(f"there is no entity set {name!r}; there are {', '.join(known)}")
    sources = list(sources_of(composed.adapter))
    kinds = {name: _kind(composed, name) for name in sources}
    found = [name for name in sources if wanted in (None, name, kinds[name])]
    if not found:
        raise click.UsageError(f"there is no source or kind {wanted!r}; there are {', '.join(sources)}")
    for name in found:
        own = [s.name for s in metadata.sets if source_of(s) == name and (not sets or s.name in sets)]
        if own:
            yield name, own


def _kind(composed: "Composition", name: str) -> str:
    source = composed.settings.sources.get(name)
    return source.kind if source is not None else "sql"


def _tried(name: str, adapter: "Adapter", metadata: "ServiceMetadata", options: "Options") -> "Iterator[Outcome]":
    """What is found, with a line below that says what is tried now. A source that is away raises at once."""
    from time import monotonic

    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    from erp_adapters.base import Checks, Session
    from erp_adapters.kit import CHECKS, examine
    from odata_server.cli.tables import console

    if isinstance(adapter, Checks):
        adapter.ping(Session("kit", "kit", monotonic() + options.timeout))
    out = console(stderr=True)
    total = len(options.sets) * (len(options.checks) or len(CHECKS))
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task(f"{name}: reading rows", total=total)
        for outcome in examine(adapter, metadata, None, options):
            progress.update(task, advance=1, description=f"{name}: {outcome.entity_set}, {outcome.check}")
            yield outcome


def _show(outcomes: "Sequence[Outcome]", *, operators: bool, notes: bool) -> None:
    from rich import box
    from rich.table import Table

    from odata_server.cli.tables import console

    out = console()
    table = Table(box=box.SIMPLE_HEAD if out.is_terminal else None, pad_edge=False, show_edge=False)
    for title in ("Set", *(level.title() for level in _LEVELS), "Sorted by", "Slices", "Cases", "Failures"):
        table.add_column(title, justify="left" if title in ("Set", "Sorted by", "Slices") else "right", no_wrap=True)
    for name in dict.fromkeys(outcome.entity_set for outcome in outcomes):
        table.add_row(*_row(name, [outcome for outcome in outcomes if outcome.entity_set == name]))
    out.print(table)
    for outcome in outcomes:
        if operators and outcome.check in ("conditions", "related") and outcome.claims is not None:
            _show_operators(out, outcome.entity_set, outcome.claims)
        for failure in outcome.failures:
            out.print(f"\n{failure}", style="red", markup=False, highlight=False, soft_wrap=True)
        for note in outcome.notes if notes else ():
            out.print(f"{outcome.entity_set}, {outcome.check}: {note}", style="dim", markup=False, soft_wrap=True)


def _row(name: str, outcomes: "Sequence[Outcome]") -> tuple[str, ...]:
    levels: Counter[str] = Counter()
    sorts: dict[str, bool] = {}
    slices: tuple[str, ...] = ()
    for outcome in outcomes:
        if outcome.claims is not None:
            levels.update(outcome.claims.levels())
            sorts.update(outcome.claims.sorts)
            slices = slices or outcome.claims.slices
    plain = [able for what, able in sorts.items() if what.isalnum()]
    return (
        name,
        *(str(levels[level]) for level in _LEVELS),
        f"{sum(plain)} of {len(plain)}" if plain else "",
        " ".join(slices) or "none",
        str(sum(outcome.tried for outcome in outcomes)),
        str(sum(1 + failure.more for outcome in outcomes for failure in outcome.failures)),
    )


def _show_operators(out: Any, name: str, claims: "Claims") -> None:
    """Property by property, what is answered how."""
    for subject in dict.fromkeys(subject for subject, _ in claims.matches):
        own = [operator for what, operator in claims.matches if what == subject]
        for level in _LEVELS:
            found = [operator for operator in own if claims.level(subject, operator) == level]
            if found:
                line = f"{name}/{subject} {level}: {', '.join(found)}"
                out.print(line, markup=False, highlight=False, soft_wrap=True)


def _record(outcome: "Outcome") -> dict[str, Any]:
    claims = outcome.claims
    found: dict[str, Any] = {
        "set": outcome.entity_set,
        "check": outcome.check,
        "tried": outcome.tried,
        "failures": [_failure(failure) for failure in outcome.failures],
        "notes": list(outcome.notes),
    }
    if claims is not None and claims.matches:
        answered: dict[str, dict[str, str]] = {}
        for subject, operator in claims.matches:
            answered.setdefault(subject, {})[operator] = claims.level(subject, operator)
        found["answered"] = answered
    if claims is not None and claims.sorts:
        found["sorted"] = claims.sorts
    if claims is not None and claims.slices:
        found["slices"] = list(claims.slices)
    return found


def _failure(failure: "Failure") -> dict[str, Any]:
    return {key: value for key, value in asdict(failure).items() if key not in ("check", "entity_set")}
