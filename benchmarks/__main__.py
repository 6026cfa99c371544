"""``python -m benchmarks``: one run of everything."""

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from itertools import cycle
from pathlib import Path

import click
from rich.console import Console

from benchmarks import baseline, clients
from benchmarks.cases import Case, cases, count, rows
from benchmarks.clients import Ask, Client, InProcess, Question
from benchmarks.database import demo_database
from benchmarks.parsing import readings
from benchmarks.report import Outcome, Report, show
from benchmarks.stages import profile
from benchmarks.timing import QUICK, THOROUGH, Effort, compare
from odata_server.app import create_app

#: How many times over the demo's 15,544 invoice lines are loaded, so that a deep page is deep.
COPIES = 10


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A smoke test: few repetitions, figures mean little.")
@click.option("--http/--no-http", default=True, help="Whether to measure over HTTP as well.")
@click.option("--only", multiple=True, help="Only cases whose name holds this text; may be repeated.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write figures here.")
@click.option("--database-url", help="A PostgreSQL that holds the demo ERP. Unset: one of our own is started.")
def main(quick: bool, http: bool, only: tuple[str, ...], json_path: Path | None, database_url: str | None) -> None:
    """Measures the service against hand-written Flask and SQLAlchemy endpoints, on PostgreSQL."""
    effort = QUICK if quick else THOROUGH
    console = Console(width=None if sys.stdout.isatty() else 160)
    with ExitStack() as stack:
        url = database_url or stack.enter_context(demo_database(1 if quick else COPIES))
        report = run(url, effort, http=http, only=only)
    show(report, console)
    if json_path is not None:
        json_path.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")


def run(url: str, effort: Effort, *, http: bool = True, only: tuple[str, ...] = ()) -> Report:
    """All cases against one database. Raises when the two services give different rows."""
    app = create_app(clients.our_settings(url))
    within: dict[str, Client] = {
        "ours": InProcess(app.wsgi_app),
        "baseline": InProcess(baseline.create_app(url, clients.ROOT).wsgi_app),
    }
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        outside: dict[str, Client] = {}
        if http:
            outside["ours"] = stack.enter_context(
                clients.served("odata_server:create_app()", clients.our_variables(url))
            )
            outside["baseline"] = stack.enter_context(
                clients.served("benchmarks.baseline:create_app()", clients.baseline_variables(url))
            )
        wanted = [
            case
            for case in cases(within["ours"], within["baseline"], effort.variants)
            if not only or any(text in case.name for text in only)
        ]
        outcomes = [measure(case, within, outside, effort) for case in wanted]
        read = readings(app.extensions["erp_odata"].metadata, effort)
    return Report(machine(effort), outcomes, read)


def measure(case: Case, within: dict[str, Client], outside: dict[str, Client], effort: Effort) -> Outcome:
    """One case in process and over HTTP."""
    answer = within[case.first[0].service].prepare(case.first[0])()
    if case.same:
        for one, other in zip(case.first, case.second, strict=True):
            check_same(case, within[one.service].prepare(one)(), within[other.service].prepare(other)())
    over_http = None
    if outside:
        over_http = compare(in_turn(outside, case.first), in_turn(outside, case.second), effort)
    first, second = in_turn(within, case.first), in_turn(within, case.second)
    in_process = compare(first, second, effort)
    seconds = effort.rounds * effort.seconds_per_round / 3
    profiles = (profile(first, seconds), profile(second, seconds)) if case.same else None
    return Outcome(case.name, case.what, len(rows(answer)), len(answer), in_process, over_http, profiles)


def in_turn(services: dict[str, Client], questions: Sequence[Question]) -> Ask:
    """Asks one question at each call, and after the last one the first again."""
    prepared = cycle([services[question.service].prepare(question) for question in questions])
    return lambda: next(prepared)()


def check_same(case: Case, ours: bytes, theirs: bytes) -> None:
    """Raises unless both answers hold the same rows."""
    if rows(ours) != rows(theirs) or count(ours) != count(theirs):
        raise RuntimeError(f"{case.name}: the services differ\n{ours[:1500]!r}\n{theirs[:1500]!r}")


def machine(effort: Effort) -> dict[str, str]:
    """What the figures depend on, and nothing that identifies the machine."""
    return {
        "Python": platform.python_version(),
        "cores": str(os.cpu_count()),
        **{name: version(name) for name in ("Flask", "SQLAlchemy", "psycopg", "msgspec", "gunicorn")},
        "rounds": str(effort.rounds),
        "seconds per round": str(effort.seconds_per_round),
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Our service logs each request to standard output, here as in production; nobody wants to read that."""
    visible = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout = nowhere
        try:
            yield
        finally:
            sys.stdout = visible


if __name__ == "__main__":
    main()
