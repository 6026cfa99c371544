"""``init``: a catalog proposed from a database, with a reason for every guess, that a person looks at and edits."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from erp_adapters.introspect import Database, Progress
    from erp_adapters.proposal.drafts import Draft, Proposal
    from erp_adapters.proposal.merge import Merged
    from erp_adapters.proposal.study import Study, Wishes

NOTHING_FOUND, NOT_WRITTEN = 1, 1


class _Pair(click.ParamType[tuple[str, str]]):
    """``Invoices=OINVHD``"""

    name = "SET=NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, sign, of = str(value).partition("=")
        if not sign or not name or not of:
            self.fail(f"{value!r} is not of the form Set=NAME", param, ctx)
        return name.strip(), of.strip()


@click.command()
@click.argument("url", required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("catalog"),
    show_default=True,
    help="Directory for the catalog; what you changed there is kept.",
)
@click.option(
    "--set", "sets", type=_Pair(), multiple=True, metavar="SET=TABLE", help="The table of a set: Invoices=OINVHD."
)
@click.option(
    "--key", "keys", type=_Pair(), multiple=True, metavar="SET=COLUMN,..", help="The key of a set: Invoices=IVNO."
)
@click.option("--table", "tables", multiple=True, help="Publish this table too, as a set of its own.")
@click.option(
    "--schema", "schemas", multiple=True, help="Look into this schema (default: the usual one of the database)."
)
@click.option("--exclude", multiple=True, metavar="SET|TABLE", help="Leave out this set or table.")
@click.option("--company", "companies", multiple=True, help="Of databases with tables per company: this one.")
@click.option(
    "--publish", multiple=True, metavar="SET.COLUMN", help="Publish a column that would be left out, such as a cost."
)
@click.option(
    "--source", default="", metavar="NAME", help="Name of this database in the settings, where there are several."
)
@click.option("--timezone", default="", help="Zone of timestamps without one  [default: UTC]")
@click.option(
    "--sample", type=click.IntRange(10, 100_000), default=1_000, show_default=True, help="Rows looked at per table."
)
@click.option(
    "--timeout", type=click.FloatRange(1, 600), default=20.0, show_default=True, help="Seconds for one statement."
)
@click.option("--interactive", is_flag=True, help="Ask about every guess.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="The proposal as JSON; writes nothing unless --yes is given.")
def init(
    url: str | None,
    out: Path,
    sample: int,
    timeout: float,
    schemas: tuple[str, ...],
    interactive: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **wishes: Any,
) -> None:
    """Propose a catalog from a database.

    Looks at tables, keys, comments and some rows (it only reads), guesses which table holds customers, items,
    orders, invoices..., and writes one TOML file per set, with a comment on every guess. A later run keeps what
    you changed, and shows what it would change before it does.

    \b
    Exit codes: 0 done; 1 nothing found, or not written; 2 wrong use; 4 the database cannot be reached.

    \b
    Examples:
      erp-odata init postgresql://reader@localhost/erp
      erp-odata init sqlite:///erp.sqlite --set Invoices=OINVHD --key Invoices=IVNO
      erp-odata init sqlite:///erp.sqlite --table PROJECTS --dry-run
    """  # fmt: skip
    from erp_adapters.introspect import opened
    from erp_adapters.proposal.merge import answers, merge
    from erp_adapters.proposal.write import blocks

    asked = _wishes(**wishes).with_earlier(answers(out))
    with _address(url) as address, _progress(quiet=as_json) as progress, opened(address, timeout) as database:
        study = _study(database, schemas, asked, sample, progress)
        proposal = _propose(study, progress)
        if interactive and proposal.drafts:
            proposal = _interview(study, proposal, progress)
    if not proposal.drafts:
        _nothing(study, proposal, as_json)
    merged = merge(out, {name: blocks(draft) for name, draft in proposal.drafts.items()})
    if as_json:
        click.echo(json.dumps(_as_json(proposal, merged), indent=2, default=str))
    else:
        _show(proposal, merged, study)
    _write(out, merged, study, yes=yes, dry_run=dry_run or (as_json and not yes), quiet=as_json)


def _wishes(
    sets: tuple[tuple[str, str], ...], keys: tuple[tuple[str, str], ...], tables: tuple[str, ...],
    exclude: tuple[str, ...], companies: tuple[str, ...], publish: tuple[str, ...], timezone: str, source: str,
) -> "Wishes":  # fmt: skip
    from zoneinfo import ZoneInfo

    from erp_adapters.proposal.patterns import TABLES
    from erp_adapters.proposal.study import Wishes

    for name, _ in sets:
        if name not in TABLES:
            raise click.UsageError(f"{name} is not a known set ({', '.join(TABLES)}); for other tables: --table")
    try:
        ZoneInfo(timezone or "UTC")
    except (ValueError, OSError, KeyError):
        raise click.UsageError(f"{timezone!r} is no time zone such as Europe/Berlin") from None
    columns = {name: tuple(part.strip() for part in of.split(",")) for name, of in keys}
    return Wishes(dict(sets), columns, tables, exclude, frozenset(publish), companies, timezone, source)


@contextmanager
def _address(url: str | None) -> Iterator[str]:
    """The URL, given or configured; a wrong one is a wrong use of the command."""
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    from odata_server.cli.options import load_settings

    if not url:
        configured = load_settings(None, serving=False).settings.database_url
        if configured is None:
            raise click.UsageError("say which database: erp-odata init postgresql://user@host/database")
        url = configured.get_secret_value()
    try:
        yield url
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        if isinstance(error, ValueError) or "URL" in str(error) or "plugin" in str(error):
            reason = str(error).replace(url, "the URL")
            raise click.UsageError(
                f"{reason}; a URL is postgresql://user:password@host/database or sqlite:///file"
            ) from None
        raise
    except ImportError as error:
        raise click.UsageError(f"the driver for this database is not installed: {error}") from None


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Progress]":
    """A bar on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from odata_server.cli.tables import console

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console(stderr=True),
        transient=True,
    ) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield report


def _study(
    database: "Database", schemas: tuple[str, ...], wishes: "Wishes", sample: int, progress: "Progress"
) -> "Study":  # fmt: skip
    from erp_adapters.introspect import read
    from erp_adapters.proposal.propose import study_of
    from erp_adapters.proposal.roles import promising

    named = {*wishes.sets.values(), *wishes.tables}
    bare = {name.rpartition(".")[2] for name in named}
    also = tuple(schema for schema, dot, _ in (name.rpartition(".") for name in named) if dot)
    read(database, schemas, lambda name: name in bare or promising(name), progress=progress, also=also)
    if schemas and not database.tables:
        raise click.UsageError(f"there are no tables that this role may see in {', '.join(schemas)}")
    unknown = named - {t.name for t in database.tables.values()} - {t.bare for t in database.tables.values()}
    if unknown:
        raise click.UsageError(f"there is no table {', '.join(sorted(unknown))}{_near(unknown, database)}")
    return study_of(database, wishes, sample)


def _near(unknown: set[str], database: "Database") -> str:
    from difflib import get_close_matches

    close = get_close_matches(min(unknown), list(database.tables), 3, 0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _propose(study: "Study", progress: "Progress") -> "Proposal":
    from erp_adapters.proposal.propose import propose
    from erp_adapters.proposal.unheeded import Impossible

    try:
        return propose(study, progress)
    except Impossible as error:
        raise click.UsageError(str(error)) from None


# --- questions ----------------------------------------------------------------------------------------------------


def _interview(study: "Study", proposal: "Proposal", progress: "Progress") -> "Proposal":
    """Every guess about tables, keys and hidden columns; the flag that answers it stands in the question."""
    from dataclasses import replace

    sets, keys, exclude = dict(study.wishes.sets), dict(study.wishes.keys), list(study.wishes.exclude)
    click.echo("Enter takes the guess, - leaves the set out.", err=True)
    for draft in proposal.drafts.values():
        if draft.head["order"] >= 500:
            continue
        label = f"{draft.name} ({round(draft.score * 100)} %), --set {draft.name}="
        table = _ask(label, draft.table.name, lambda name: name in study.tables, "there is no such table")
        if table == "-":
            exclude.append(draft.name)
            continue
        sets[draft.name] = table
        if table == draft.table.name:
            known = draft.table.columns
            label = f"  key ({round(draft.key.score * 100)} %), --key {draft.name}="
            key = _ask(
                label,
                ",".join(draft.key.columns),
                lambda text, known=known: all(c in known for c in text.split(",")),
                "there is no such column",
            )
            keys[draft.name] = tuple(key.split(","))
    study.wishes = replace(study.wishes, sets=sets, keys=keys, exclude=tuple(exclude))
    return _propose(study, progress)


def _ask(label: str, guess: str, fits: Callable[..., bool], fault: str) -> str:
    while True:
        answer = str(click.prompt(label, default=guess, err=True)).strip()
        if answer == "-" or fits(answer):
            return answer
        click.echo(fault, err=True)


# --- what was found -----------------------------------------------------------------------------------------------


def _nothing(study: "Study", proposal: "Proposal", as_json: bool) -> None:
    """Nothing that looks like a known set: what there is, and how to say which is which."""
    largest = sorted(study.tables.values(), key=lambda table: -(table.rows or 0))[:10]
    if as_json:
        click.echo(json.dumps({"sets": {}, "notes": proposal.notes, "tables": [t.name for t in largest]}, indent=2))
    else:
        for note in proposal.notes:
            click.echo(f"note: {note}", err=True)
        if not study.tables:
            click.echo("The database has no tables that this role may see. Another schema? --schema NAME", err=True)
        else:
            count = len(study.tables)
            told = "The only table does not look" if count == 1 else f"None of {count} tables looks"
            click.echo(f"{told} like a known set.", err=True)
            click.echo(f"The largest: {', '.join(t.name for t in largest)}", err=True)
            click.echo(
                f"Say which is which: --set Customers=TABLE, or publish any: --table {largest[0].name}", err=True
            )
    raise click.exceptions.Exit(NOTHING_FOUND)


def _show(proposal: "Proposal", merged: "Merged", study: "Study") -> None:
    from rich.table import Table

    from odata_server.cli.tables import cell_text, console

    out = console()
    shown = Table(box=None, pad_edge=False)
    for name in ("Set", "Table", "Rows", "Sure", "Key", "Properties", "Leads to"):
        shown.add_column(name, justify="right" if name in ("Rows", "Sure", "Properties") else "left", overflow="fold")
    for draft in proposal.drafts.values():
        shown.add_row(*map(cell_text, _row(draft, study)))
    out.print(shown)
    for note in proposal.notes:
        click.echo(f"note: {note}", err=True)
    for name in merged.deleted:
        click.echo(f"note: {name}.toml was deleted; it is not proposed again", err=True)
    for name in merged.left:
        click.echo(f"note: {name} is not proposed any more; {name}.toml stays until you delete it", err=True)
    for change in merged.changes:
        if change.kind == "changed":
            click.echo(change.diff(), nl=False)


def _row(draft: "Draft", study: "Study") -> tuple[Any, ...]:
    rows = study.sample(draft.table).rows
    source = draft.source if isinstance(draft.source, str) else ", ".join(draft.source)
    leads = ", ".join(dict.fromkeys(link.target for link in draft.links.values()))
    known = sum(item.known for item in draft.items.values())
    return (
        draft.name, source, rows, f"{round(draft.score * 100)} %", "~".join(draft.key.columns),
        f"{known} + {len(draft.items) - known}", leads,
    )  # fmt: skip


def _as_json(proposal: "Proposal", merged: "Merged") -> dict[str, Any]:
    files = {change.file.removesuffix(".toml"): change.kind for change in merged.changes}
    return {
        "sets": {
            draft.name: {
                "table": draft.source,
                "confidence": round(draft.score, 2),
                "because": draft.because,
                "key": {
                    "property": draft.key.property,
                    "columns": list(draft.key.columns),
                    "confidence": draft.key.score,
                    "because": draft.key.because,
                },
                "where": draft.where,
                "companies": list(draft.companies),
                "properties": {
                    item.name: {
                        "type": item.facets["type"],
                        "from": item.mapping,
                        "confidence": round(item.score, 2),
                        "because": item.because,
                        "known": item.known,
                    }
                    for item in draft.items.values()
                },
                "navigation": {link.name: {"target": link.target, "by": link.own} for link in draft.links.values()},
                "left_out": draft.left_out,
                "file": files.get(draft.name, "deleted"),
            }
            for draft in proposal.drafts.values()
        },
        "notes": proposal.notes,
    }


def _write(out: Path, merged: "Merged", study: "Study", *, yes: bool, dry_run: bool, quiet: bool) -> None:
    """New files are written at once, changes to existing ones when somebody agrees."""
    from erp_adapters.proposal.merge import write

    counts = {kind: sum(change.kind == kind for change in merged.changes) for kind in ("new", "changed", "unchanged")}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    if dry_run:
        if not quiet:
            click.echo(f"{out}: {told}; nothing was written.", err=True)
        return
    if counts["changed"] and not yes:
        if not sys.stdin.isatty():
            click.echo(f"{out}: {told}; not written, because files would change. To write: --yes", err=True)
            raise click.exceptions.Exit(NOT_WRITTEN)
        if not click.confirm(f"{out}: {told}. Write?", default=True, err=True):
            raise click.exceptions.Exit(NOT_WRITTEN)
    write(out, merged, study.wishes.answers())
    if not quiet:
        click.echo(f"{out}: {told}.", err=True)
        click.echo(f"Next: look at the files, then: erp-odata validate --catalog {out} --database-url ...", err=True)
