"""Starts everything that a run needs, measures what was asked for, stops everything."""

import os
import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import opponent
from benchmarks.cases import PREFIX, Case, cases
from benchmarks.database import Database, database
from benchmarks.dataset import Size
from benchmarks.kept import Kept, keeping, list_views
from benchmarks.load import Request, load
from benchmarks.measure import Bench, Effort, Outcome
from benchmarks.parsing import readings
from benchmarks.processes import THREADS, WORKERS, Process, served
from benchmarks.raw import raw
from benchmarks.report import Report
from benchmarks.timing import Effort as CallEffort
from benchmarks.walk import Walks, deep_pages, walk_ours, walk_theirs
from edm.declare import load_directory
from edm.model import ServiceMetadata

CATALOG = Path(__file__).with_name("catalog")
SECRET = "benchmarks only: 0123456789 abcdefghijklmnopqrstuvwxyz"
OURS = ["-c", "odata_server/gunicorn_conf.py", "odata_server:create_app()"]
THEIRS = ["--worker-class", "gthread", "--limit-request-line", "8190", "benchmarks.opponent:create_app()"]
#: How deep the deep page is, and how many of such pages take turns.
DEPTH, DEEP_PAGES = 100_000, 40
WALK, KEPT, URLS = "l", "m", "u"
LETTERS = "abcdefghijk"


def run(size: Size, effort: Effort, only: str | None, server_url: str | None, console: Console) -> Report:
    """Measures the cases with those letters, or all. Raises when the two services give different rows."""
    wanted = only or f"{LETTERS}{WALK}{KEPT}{URLS}"
    model = load_directory(CATALOG)
    outcomes: list[Outcome] = []
    walks = kept = None
    read = (
        readings(load_directory(files("erp_adapters") / "catalog"), CallEffort(effort.seconds, effort.warm_up / 4))
        if URLS in wanted
        else []
    )
    if set(wanted) - {URLS}:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("starting", total=len(wanted))
            with running(size, effort, server_url, model) as (bench, variables):
                for case in _cases(bench, size, wanted):
                    progress.update(task, description=f"({case.letter}) {case.what}")
                    outcomes.append(bench.run(case))
                    progress.advance(task)
                if WALK in wanted:
                    progress.update(task, description=f"({WALK}) walking {size.invoices:,} rows")
                    walks = Walks(walk_ours(bench, size.invoices), walk_theirs(bench, size.invoices))
                    progress.advance(task)
                if KEPT in wanted:
                    progress.update(task, description=f"({KEPT}) kept answers")
                    kept = _kept(bench, size, variables)
    return Report(machine(size, effort), outcomes, walks, kept, read)


def _kept(bench: Bench, size: Size, variables: Mapping[str, str]) -> Kept:
    with (
        tempfile.TemporaryDirectory(prefix="erp-odata-bench-") as directory,
        keeping(bench, Path(directory), variables, OURS) as keeper,
    ):
        return keeper.run(list_views(size, bench.effort))


def _cases(bench: Bench, size: Size, wanted: str) -> Iterator[Case]:
    depth = min(DEPTH, size.invoices // 2)
    deep = deep_pages(bench, depth, min(DEEP_PAGES, size.invoices // 4_000)) if "f" in wanted else []
    return (case for case in cases(size, bench.effort.variants, deep, depth) if case.letter in wanted)


@contextmanager
def running(
    size: Size, effort: Effort, server_url: str | None, model: ServiceMetadata
) -> Iterator[tuple[Bench, Mapping[str, str]]]:
    """The database, both services, the load and the raw limit, each in processes of its own; and the variables of our
    service.
    """
    with (
        tempfile.TemporaryDirectory(prefix="erp-odata-bench-") as directory,
        database(size, server_url) as found,
        served("ours", OURS, variables := _our_variables(found)) as ours,
        load() as sender,
    ):
        document = Path(directory) / "metadata.xml"
        document.write_bytes(sender.ask(ours.port, Request(f"{PREFIX}$metadata")))
        theirs_given = {
            opponent.DATABASE_VARIABLE: found.url,
            opponent.METADATA_VARIABLE: str(document),
        }
        with served("hand-written", THEIRS, theirs_given) as theirs, raw(found.url) as limit:
            yield Bench(sender, limit, ours, theirs, Process(found.pid), effort), variables


def _our_variables(found: Database) -> dict[str, str]:
    """As in production but for the address, and without credentials, which the other side does not check either."""
    return {
        "ERP_ODATA_DATABASE_URL": found.url,
        "ERP_ODATA_CATALOG": str(CATALOG),
        "ERP_ODATA_PUBLIC_URL": "https://erp.example.com",
        "ERP_ODATA_HOST": "127.0.0.1",
        "ERP_ODATA_ANONYMOUS": "true",
        "ERP_ODATA_SECRET_KEY": SECRET,
        "ERP_ODATA_WORKERS": str(WORKERS),
        "ERP_ODATA_THREADS": str(THREADS),
        "ERP_ODATA_CACHE": "off",
        "ERP_ODATA_MAX_REQUESTS": "0",  # the other side replaces no worker either
    }


def machine(size: Size, effort: Effort) -> dict[str, str]:
    """What the figures depend on, and nothing that identifies the machine."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "invoices": f"{size.invoices:,}",
        "lines": f"{size.lines:,}",
        "rounds": str(effort.rounds),
        "cores": str(os.cpu_count()),
        "Python": platform.python_version(),
        **{name: version(name) for name in ("Flask", "SQLAlchemy", "psycopg", "orjson", "msgspec", "gunicorn")},
    }
