"""Options for how Salesforce Connect is set up, and for what is not known of how it asks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from salesforce.profile import Profile

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--adapter", type=click.Choice(["4.0", "4.01"]), default="4.0", help="The type of the data source."),
    click.option("--paging", type=click.Choice(["server", "client"]), default="server", help="Who decides on pages."),
    click.option("--no-counts", is_flag=True, help="Request Row Counts is off."),
    click.option("--search", type=click.Choice(["free-text", "contains"]), default="free-text", help="How FIND asks."),
    click.option(
        "--encoding", type=click.Choice(["percent", "plus", "olingo"]), default="percent", help="How URLs are spelt."
    ),
    click.option("--parentheses", is_flag=True, help="Parentheses around every condition."),
    click.option("--in-lists", is_flag=True, help="IN as a list instead of a chain of or."),
    click.option("--no-like", is_flag=True, help="LIKE is refused, as the SOQL reference has it."),
    click.option(
        "--key-read", type=click.Choice(["filter", "path"]), default="filter", help="How a record alone is read."
    ),
)


def profile_options(command: F) -> F:
    """The switches of the profile."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken(flags: dict[str, Any]) -> "Profile":
    """The profile that the options say, which are taken out of ``flags``."""
    from salesforce.profile import Profile

    return Profile(
        adapter=flags.pop("adapter"),
        paging=flags.pop("paging"),
        row_counts=not flags.pop("no_counts"),
        free_text=flags.pop("search") == "free-text",
        encoding=flags.pop("encoding"),
        parentheses=flags.pop("parentheses"),
        lists="in" if flags.pop("in_lists") else "or",
        like=not flags.pop("no_like"),
        key_read=flags.pop("key_read"),
    )
