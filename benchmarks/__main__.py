"""``python -m benchmarks``: one run of everything."""

import json
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from benchmarks.dataset import FULL, SMALL
from benchmarks.measure import QUICK, THOROUGH
from benchmarks.report import show, update
from benchmarks.run import run


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A smoke test on few rows: the figures mean little.")
@click.option("--only", help="Only these cases, by letter: --only abe. The walk is l, what is kept m, reading a URL u.")
@click.option("--rounds", type=click.IntRange(1), help=f"Rounds of each case; {THOROUGH.rounds} by default.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write all figures here.")
@click.option("--write/--no-write", default=None, help="Whether README gets the figures. Whole runs do by default.")
@click.option("--server-url", help="A PostgreSQL where databases may be created. Unset: one of our own is started.")
def main(
    quick: bool,
    only: str | None,
    rounds: int | None,
    json_path: Path | None,
    write: bool | None,
    server_url: str | None,
) -> None:
    """Measures the service against hand-written Flask and SQLAlchemy endpoints, on PostgreSQL."""
    effort = QUICK if quick else THOROUGH
    if rounds is not None:
        effort = replace(effort, rounds=rounds)
    report = run(SMALL if quick else FULL, effort, only, server_url, Console(stderr=True))
    show(report, Console(width=160))
    if json_path is not None:
        json_path.write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
    if write or (write is None and not quick and only is None):
        update(report, Path(__file__).parent)


if __name__ == "__main__":
    main()
