"""The outcome of a run, as tables for people and as JSON for machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.parsing import Reading
from benchmarks.stages import STAGES, Profile
from benchmarks.timing import Comparison


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured of one case. ``profiles``: of the first and of the second question, in process."""

    name: str
    what: str
    rows: int
    bytes: int
    in_process: Comparison
    over_http: Comparison | None
    profiles: tuple[Profile, Profile] | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run found."""

    machine: dict[str, str]
    outcomes: Sequence[Outcome]
    readings: Sequence[Reading]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def show(report: Report, console: Console) -> None:
    """Prints the tables."""
    console.print(", ".join(f"{name} {value}" for name, value in report.machine.items()), highlight=False)
    modes: dict[str, list[tuple[Outcome, Comparison]]] = {
        "In process (WSGI call)": [(o, o.in_process) for o in report.outcomes],
        "Over HTTP (gunicorn, 1 worker, 8 threads, keep-alive)": [
            (o, o.over_http) for o in report.outcomes if o.over_http is not None
        ],
    }
    for title, measured in modes.items():
        if measured:
            console.print(_comparisons(title, measured))
    console.print(_stages(report.outcomes))
    console.print(_readings(report.readings))


def _comparisons(title: str, measured: Iterable[tuple[Outcome, Comparison]]) -> Table:
    table = _table(title, "case", "rows", "kB", "ours ms", "hand-written ms", "ratio", "min", "max", "pairs")
    for outcome, found in measured:
        table.add_row(
            outcome.name,
            f"{outcome.rows:,}",
            f"{outcome.bytes / 1000:,.1f}",
            f"{found.first:.2f}",
            f"{found.second:.2f}",
            f"{found.ratio:.2f}",
            f"{found.least:.2f}",
            f"{found.greatest:.2f}",
            f"{found.iterations:,}",
        )
    return table


def _stages(outcomes: Iterable[Outcome]) -> Table:
    table = _table("Where the time goes (ms, in process)", "case", "total", *STAGES)
    for outcome in outcomes:
        if outcome.profiles is None:
            continue
        sides = (
            (outcome.name, outcome.in_process.first, outcome.profiles[0]),
            ("  hand-written", outcome.in_process.second, outcome.profiles[1]),
        )
        for name, total, found in sides:
            parts = found.milliseconds(total)
            table.add_row(name, f"{total:.2f}", *(f"{parts[s]:.2f}" if parts[s] else "" for s in STAGES))
    return table


def _readings(readings: Iterable[Reading]) -> Table:
    table = _table("Reading the URL alone (microseconds)", "query", "characters", "parse", "bind", "both")
    for found in readings:
        figures = (found.characters, found.parse, found.bind, found.parse + found.bind)
        table.add_row(found.name, *(f"{figure:,.0f}" for figure in figures))
    return table


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
