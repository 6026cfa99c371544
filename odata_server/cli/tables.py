"""Data on a terminal: as many columns as fit, and plain text where there is no terminal."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from odata_server.cli.written import Written


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal; in a pipe nothing is cut. Rich honours ``NO_COLOR``."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 10_000)


def show_rows(rows: Sequence[Mapping[str, Any]], content: Mapping[str, Any]) -> None:
    """A collection: a table, the count, and the next link's presence."""
    out = console()
    names = [name for name in rows[0] if "@" not in name] if rows else []
    shown = _fitting(names, rows, out.width)
    table = Table(box=box.SIMPLE_HEAD if out.is_terminal else None, pad_edge=False, show_edge=False)
    for name in shown:
        numeric = any(isinstance(row.get(name), int | Written) for row in rows[:20])
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(cell_text(row.get(name)) for name in shown))
    if rows:
        out.print(table)
    count = next((value for name, value in content.items() if name.endswith("count") and "@" in name), None)
    more = any(name.endswith("nextLink") for name in content)
    summary = [f"{len(rows)} rows" if len(rows) != 1 else "1 row"]
    summary += [f"of {count}"] if count is not None else []
    summary += ["more with the next link"] if more else []
    if len(shown) < len(names):
        summary.append(f"{len(names) - len(shown)} columns not shown: use $select or --json")
    click.echo(", ".join(summary), err=True)


def show_entity(content: Any) -> None:
    """One entity, or one value."""
    if not isinstance(content, dict):
        click.echo(cell_text(content))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in content.items():
        if "@" not in name:
            table.add_row(name, cell_text(value))
    console().print(table)


def _fitting(names: Sequence[str], rows: Sequence[Mapping[str, Any]], width: int) -> list[str]:
    fitting: list[str] = []
    used = 0
    for name in names:
        used += min(40, max([len(name), *(len(cell_text(row.get(name))) for row in rows[:50])])) + 2
        if fitting and used > width:
            break
        fitting.append(name)
    return fitting


def cell_text(value: Any) -> str:
    """Without control characters, which could drive the terminal; square brackets are no markup."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    from rich.markup import escape

    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value)))
