"""The outcome of a run: as tables for people in a terminal and in README, as a plot, as JSON for machines."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.kept import L1, Kept
from benchmarks.kept import TARGET as KEPT_TARGET
from benchmarks.measure import FEW, MANY, OURS, RAW, THEIRS, TRIVIAL, Outcome, Side
from benchmarks.parsing import Reading
from benchmarks.plot import Bar, plotted
from benchmarks.walk import Walk, Walks

BEGIN, END = "<!-- figures: written by the run -->", "<!-- end -->"
PLOT = "ratios.svg"
#: A page deep down may cost so many first pages; a worker may have so many bytes.
DEPTH_TARGET, RESIDENT_TARGET = 1.3, 150_000_000


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run found."""

    machine: dict[str, str]
    outcomes: Sequence[Outcome]
    walks: Walks | None
    kept: Kept | None
    readings: Sequence[Reading]

    def as_json(self) -> dict[str, Any]:
        ratios = {outcome.letter: outcome.ratio for outcome in self.outcomes}
        return {**asdict(self), "ratios": ratios}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table whose first column is text and whose others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        head = f"| {' | '.join(self.columns)} |\n|---|{'---:|' * (len(self.columns) - 1)}"
        return "\n".join([head, *(f"| {' | '.join(row)} |" for row in self.rows)])

    def table(self) -> Table:
        table = Table(title=self.title, title_justify="left", header_style="bold")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*(cell.replace("**", "").replace("`", "") for cell in row))
        return table


def sheets(report: Report) -> list[Sheet]:
    found = []
    if report.outcomes:
        found += [_costs(report.outcomes), _speeds(report.outcomes)]
    if report.walks is not None:
        found.append(_walks(report.walks))
    if report.kept is not None:
        found.append(_kept(report.kept))
    if report.readings:
        found.append(_readings(report.readings))
    return found


def show(report: Report, console: Console) -> None:
    """Prints the tables."""
    console.print(_machine(report), highlight=False)
    for sheet in sheets(report):
        console.print(sheet.table())


def update(report: Report, directory: Path) -> None:
    """Puts the tables into README, between its two marks, and the plot beside it."""
    readme = directory / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    (directory / PLOT).write_text(plot(report), encoding="utf-8")
    readme.write_text(f"{before}{BEGIN}\n{markdown(report)}\n{END}{after}", encoding="utf-8")


def markdown(report: Report) -> str:
    """The figures as a part of README."""
    parts = [_machine(report), f"![Requests per CPU-second, as multiples of the hand-written service's]({PLOT})"]
    for sheet in sheets(report):
        parts += [f"### {sheet.title}", sheet.markdown()]
    return "\n\n".join(parts)


def plot(report: Report) -> str:
    bars = [
        Bar(f"({o.letter}) {o.what}".replace("`", ""), o.ratio, min(o.ratios), max(o.ratios), o.target)
        for o in report.outcomes
    ]
    return plotted("Requests per CPU-second, as multiples of a hand-written endpoint's", bars)


def _machine(report: Report) -> str:
    return ", ".join(f"{name} {value}" for name, value in report.machine.items())


def _costs(outcomes: Iterable[Outcome]) -> Sheet:
    columns = (
        "case", "ours", "hand-written", "ratio (least-most)", "target", "in the database: ours, theirs",
        "trivial Flask", "raw limit", "kB",
    )  # fmt: skip
    return Sheet("Requests per CPU-second of service and database together", columns, [_cost(o) for o in outcomes])


def _cost(outcome: Outcome) -> list[str]:
    sides = outcome.sides
    ratio = f"{outcome.ratio:.2f} ({min(outcome.ratios):.2f}-{max(outcome.ratios):.2f})"
    target, what = "", f"({outcome.letter}) {outcome.what}"
    if outcome.target is not None:
        target = _judged(f"{outcome.target}", outcome.ratio >= outcome.target)
    depth = outcome.depth_cost
    if depth is not None:
        target = _judged(f"first page x {DEPTH_TARGET}", depth <= DEPTH_TARGET)
        what += f": {depth:.2f} times the first page"
    shares = (f"{1 - median(sides[name].service_share):.0%}" for name in (OURS, THEIRS))
    figures = (_per_cpu_second(sides.get(name)) for name in (TRIVIAL, RAW))
    return [
        what, _per_cpu_second(sides[OURS]), _per_cpu_second(sides[THEIRS]), f"**{ratio}**", target, ", ".join(shares),
        *figures, f"{outcome.bytes / 1000:,.1f}",
    ]  # fmt: skip


def _judged(target: str, met: bool) -> str:
    return f"{target}, met" if met else f"{target}, missed"


def _per_cpu_second(side: Side | None) -> str:
    return "" if side is None else f"{median(side.per_cpu_second):,.0f}"


def _speeds(outcomes: Iterable[Outcome]) -> Sheet:
    columns = ["case"]
    for concurrency in (FEW, MANY):
        at_once = f"{concurrency} at once"
        columns += [f"{at_once}: ours per second", "p50, p99 ms", "hand-written per second", "p50, p99 ms"]
    rows = []
    for outcome in outcomes:
        cells = [f"({outcome.letter})"]
        for concurrency in (FEW, MANY):
            for name in (OURS, THEIRS):
                side = outcome.sides[name]
                cells.append(f"{median(side.per_second[concurrency]):,.0f}")
                cells.append(f"{median(side.p50[concurrency]):.1f}, {median(side.p99[concurrency]):.1f}")
        rows.append(cells)
    return Sheet("Requests per second and latency", tuple(columns), rows)


def _walks(walks: Walks) -> Sheet:
    columns = ("", "CPU-seconds", "rows per CPU-second", "last fifth / first fifth", "largest worker, MB", "target")
    met = _judged("linear, 150 MB", walks.ours.growth <= DEPTH_TARGET and walks.ours.resident < RESIDENT_TARGET)
    rows = [_walk("ours", walks.ours, met), _walk("hand-written", walks.theirs, "")]
    return Sheet(f"(l) Walking {walks.ours.rows:,} invoices by next links", columns, rows)


def _walk(name: str, walk: Walk, target: str) -> list[str]:
    return [
        name, f"{walk.seconds:.2f}", f"{walk.rows / walk.seconds:,.0f}", f"{walk.growth:.2f}",
        f"{walk.resident / 1e6:,.0f}", target,
    ]  # fmt: skip


def _kept(kept: Kept) -> Sheet:
    columns = (
        "the rows are", "per CPU-second", "cost, times trivial Flask (least-most)", "target", "Redis commands each",
        "1 at once: per second", "p50, p99 ms", "16 at once: per second", "p50, p99 ms",
    )  # fmt: skip
    rows = []
    for name, side in kept.sides.items():
        costs = kept.costs(name)
        speeds = [
            cell
            for concurrency in (FEW, MANY)
            for cell in (
                f"{median(side.per_second[concurrency]):,.0f}",
                f"{median(side.p50[concurrency]):.1f}, {median(side.p99[concurrency]):.1f}",
            )
        ]
        target = _judged(f"{KEPT_TARGET}", kept.met) if name == L1 else ""
        cost = f"**{median(costs):.2f} ({min(costs):.2f}-{max(costs):.2f})**"
        rows.append([name, _per_cpu_second(side), cost, target, f"{median(kept.commands[name]):.2f}", *speeds])
    return Sheet(f"(m) A list view of {kept.bytes / 1000:.1f} kB, kept and not", columns, rows)


def _readings(readings: Iterable[Reading]) -> Sheet:
    rows = []
    for found in readings:
        figures = (found.characters, found.parse, found.bind, found.parse + found.bind)
        rows.append([found.name, *(f"{figure:,.0f}" for figure in figures)])
    return Sheet("Reading a URL, microseconds", ("query", "characters", "parse", "bind", "both"), rows)
