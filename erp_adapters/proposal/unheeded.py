"""What somebody asked for on the command line and could not be done: an error for what cannot be meant, else a note."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from erp_adapters.introspect import Table
from erp_adapters.proposal.drafts import Draft
from erp_adapters.proposal.patterns import TABLES
from erp_adapters.proposal.study import Study


class Impossible(Exception):
    """A wish that cannot be met; the text says why."""


def columns_of(table: Table, entity_set: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that somebody named for a key, as the database writes them."""
    exact = {name.lower(): name for name in table.columns}
    for name in asked:
        if name not in table.columns and name.lower() not in exact:
            near = get_close_matches(name, list(table.columns), 3, 0.5) or list(table.columns)[:8]
            raise Impossible(
                f"--key {entity_set}: {table.name} has no column {name!r}; it has {', '.join(near)}"
                f"{', ...' if len(near) < len(table.columns) else ''}"
            )
    return tuple(name if name in table.columns else exact[name.lower()] for name in asked)


def unheeded(study: Study, drafts: Mapping[str, Draft]) -> Iterator[str]:
    """A note for each wish that changed nothing."""
    wishes = study.wishes
    tables = {name for table in study.database.tables.values() for name in (table.name, table.bare)}
    for name in wishes.keys:
        if name not in drafts:
            yield f"--key {name}: there is no such set in the proposal"
    for name in wishes.exclude:
        if name not in TABLES and name not in tables:
            yield f"--exclude {name}: there is no such set or table"
    for name in wishes.companies:
        if name not in study.companies:
            known = ", ".join(study.companies)
            yield f"--company {name}: there are no tables of such a company{f'; there are: {known}' if known else ''}"
    for name in sorted(wishes.publish):
        owner, _, column = name.rpartition(".")
        if not any(
            column in draft.table.columns and owner in (draft.name, draft.table.name, draft.table.bare)
            for draft in drafts.values()
        ):
            yield f"--publish {name}: there is no such column in the proposal"
