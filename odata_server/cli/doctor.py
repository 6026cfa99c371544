"""``doctor``: asks the service and its sources what will go wrong, and says how to put it right."""

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import composition, load_settings, settings_options

if TYPE_CHECKING:
    from erp_adapters.base import Finding
    from odata_server.compose import Composition
    from odata_server.doctor.checks import Outcome
    from odata_server.doctor.patient import Whole

WARNINGS, FAILURES = 1, 2
_COLOURS = {"failure": "red", "warning": "yellow", "note": "cyan", "": "green"}
_MARKS = {"failure": "\N{BALLOT X}", "warning": "!", "note": "\N{MIDDLE DOT}", "": "\N{CHECK MARK}"}
_PLAIN = {"failure": "FAIL", "warning": "warn", "note": "note", "": "ok"}


@click.command()
@click.option("--set", "sets", multiple=True, metavar="NAME", help="This entity set alone; may be given several times.")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="This source alone.")
@click.option(
    "--sample", type=click.IntRange(2, 2_000), default=500, show_default=True, help="Rows to read of each set."
)
@click.option("--notes", is_flag=True, help="Also what is only good to know.")
@click.option("--json", "as_json", is_flag=True, help="The outcomes as JSON.")
@settings_options
def doctor(
    sets: tuple[str, ...],
    sources: tuple[str, ...],
    sample: int,
    notes: bool,
    as_json: bool,
    config_file: str | None,
    **flags: Any,
) -> None:
    """Find what will go wrong, by asking.

    Looks at configuration, databases, mapping and a sample of the rows, and says of everything that is not
    as it should be why, and how to put it right. Exit code 1 if there are warnings, 2 if there are failures.

    \b
    Examples:
      erp-odata doctor
      erp-odata doctor --set Invoices --sample 2000 --notes
      erp-odata doctor --source warehouse --json
    """
    from erp_adapters.base import Level
    from odata_server.doctor.checks import counted

    composed = composition(config_file, **flags)
    whole = _whole(composed, config_file, **flags)
    _check_names(composed, sets, sources)
    started, outcomes = time.monotonic(), []
    out = _Output(notes)
    for outcome in _outcomes(whole, sample, sets, sources):
        outcomes.append(outcome)
        if not as_json:
            out.show(outcome)
    getattr(composed.adapter, "close", lambda: None)()
    if as_json:
        click.echo(json.dumps([_record(outcome) for outcome in outcomes], indent=2))
    number = counted(outcomes)
    said = [
        f"{n} {level.name.lower()}{'' if n == 1 else 's'}" for level, n in sorted(number.items(), reverse=True) if n
    ]
    hidden = " (--notes shows notes)" if number[Level.NOTE] and not notes and not as_json else ""
    click.echo(f"{', '.join(said) or 'Nothing found'} in {time.monotonic() - started:.1f} s{hidden}", err=True)
    raise click.exceptions.Exit(FAILURES if number[Level.FAILURE] else WARNINGS if number[Level.WARNING] else 0)


def _whole(composed: "Composition", config_file: str | None, **flags: Any) -> "Whole":
    """The service without what is kept of earlier answers: what is looked at is the databases."""
    from dataclasses import replace

    from erp_adapters.stamped import physical, stamped
    from odata_server.doctor.patient import Whole

    origins = load_settings(config_file, serving=False, **flags).origins
    service = replace(composed.service, adapter=stamped(composed.adapter, composed.metadata))
    return Whole(composed.settings, origins, physical(composed.metadata), service, _lint(composed))


def _lint(composed: "Composition") -> "Iterator[Finding]":
    """What ``salesforce lint`` finds in the metadata."""
    import requests

    from erp_adapters.base import Finding, Level
    from odata_server.cli.local import Local
    from salesforce.client import Client
    from salesforce.lint import check
    from salesforce.profile import Profile

    levels = {"error": Level.FAILURE, "warning": Level.WARNING}
    session, root = requests.Session(), composed.settings.root
    session.mount(root, Local(composed.service, root))
    for found in check(Client(root, session, Profile()), probing=False):
        level = levels.get(found.rule.severity.value)
        if level is not None:
            yield Finding(level, found.where, f"{found.what} ({found.rule.id})", found.rule.fix)


def _check_names(composed: "Composition", sets: tuple[str, ...], sources: tuple[str, ...]) -> None:
    from erp_adapters.base import sources_of

    for given, known, what in (
        (sets, [found.name for found in composed.metadata.sets], "entity set"),
        (sources, list(sources_of(composed.adapter)), "source"),
    ):
        for name in given:
            if name not in known:
                raise click.UsageError(f"there is no {what} {name!r}; there are {', '.join(known)}")


def _outcomes(whole: "Whole", sample: int, sets: tuple[str, ...], sources: tuple[str, ...]) -> "Iterator[Outcome]":
    """The outcomes as they come, with a line below that says what is asked now."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from odata_server.cli.tables import console
    from odata_server.doctor.checks import examine

    out = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("Looking", total=None)
        yield from examine(
            whole,
            sample=sample,
            only_sets=sets,
            only_sources=sources,
            progress=lambda what: progress.update(task, description=what),
        )


class _Output:
    """Check by check, for people: what is wrong is unfolded."""

    def __init__(self, notes: bool) -> None:
        from odata_server.cli.tables import console

        self._console = console()
        self._notes = notes
        self._source: str | None = None
        encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
        self._marks = _MARKS if encoding.startswith("utf") else _PLAIN

    def show(self, outcome: "Outcome") -> None:
        if outcome.source != self._source:
            self._source = outcome.source
            title = f"\nsource {outcome.source}: {outcome.describes}" if outcome.source else "service"
            self._line(title.rstrip(": "), style="bold")
        shown = [f for f in outcome.findings if self._notes or f.level.name != "NOTE"]
        worst = max((f.level for f in shown), default=None)
        kind = "" if worst is None else worst.name.lower()
        if outcome.skipped:
            self._line(f"- {outcome.check.id}: {outcome.skipped}", style="dim")
            return
        self._line(f"{self._marks[kind]} {outcome.check.id}: {outcome.check.title}", style=_COLOURS[kind])
        for finding in sorted(shown, key=lambda f: -f.level):
            mark = self._marks[finding.level.name.lower()]
            where = f"{finding.where}: " if finding.where else ""
            self._line(f"    {mark} {where}{finding.what}", style=_COLOURS[finding.level.name.lower()])
            if finding.fix:
                self._line(f"      Fix: {finding.fix}")
        if shown:
            self._line(f"      {outcome.check.docs}", style="dim")

    def _line(self, text: str, style: str = "") -> None:
        """Control characters, which could drive the terminal, are shown as what they are not."""
        shown = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
        self._console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)


def _record(outcome: "Outcome") -> dict[str, Any]:
    level = outcome.level
    return {
        "check": outcome.check.id,
        "title": outcome.check.title,
        "source": outcome.source or None,
        "describes": outcome.describes or None,
        "level": "ok" if level is None else level.name.lower(),
        "skipped": outcome.skipped or None,
        "findings": [
            {"level": f.level.name.lower(), "where": f.where, "what": f.what, "fix": f.fix} for f in outcome.findings
        ],
        "docs": outcome.check.docs,
    }
