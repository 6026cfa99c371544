"""``contract``: the published model as a contract, compared and kept."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.groups import Comparing
from odata_server.cli.options import load_settings, settings_options
from odata_server.cli.reached import sign_in_options

if TYPE_CHECKING:
    from edm.contract import Contract
    from edm.contract_diff import Change

SOURCE = "a snapshot, $metadata in XML or JSON, a catalog directory, or the URL of a service root"


@click.group(cls=Comparing)
def contract() -> None:
    """What clients rely on: compare published models, keep a snapshot."""


@contract.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--fail-on",
    type=click.Choice(["breaking", "version", "any", "never"]),
    default="breaking",
    help="What exit code 1 is for: breaking changes; a version too low for the changes; any change; nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@sign_in_options
@settings_options
def diff(old: str, new: str | None, fail_on: str, as_json: bool, **flags: Any) -> None:
    """Compare two published models.

    OLD and NEW are each a snapshot, a metadata document in XML or JSON, a catalog directory or the URL of a
    service; without NEW it is the catalog that is configured here. Shown is what changed, whether that is
    compatible or breaking, what to do in Salesforce, and the version that the new model has to have.

    Exit code 0 for none or compatible changes, 1 for breaking ones (see --fail-on), 2 if one of the models cannot
    be read.

    \b
    Examples:
      erp-odata contract diff contract.json
      erp-odata contract diff contract.json ./catalog --fail-on version
      erp-odata contract diff https://erp.example.com/odata/v4 ./catalog -u salesforce
    """
    from edm.contract_diff import changes, effect
    from edm.versions import is_enough, next_version

    older, newer = (_model(each, flags) for each in (old, new))
    found = changes(older, newer)
    raised = effect(found)
    least = next_version(older.version, raised)
    enough = is_enough(newer.version, least)
    breaking = any(each.rule.breaking for each in found)
    if as_json:
        click.echo(json.dumps(_as_json(older, newer, found, least, enough), indent=2))
    else:
        _show(newer, found)
        click.echo(_verdict(older, newer, found, least, enough), err=True)
    failed = {"breaking": breaking, "version": not enough, "any": bool(found), "never": False}[fail_on]
    raise click.exceptions.Exit(1 if failed else 0)


@contract.command()
@click.argument("source", required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; default: the screen.")
@sign_in_options
@settings_options
def snapshot(source: str | None, output: Path | None, **flags: Any) -> None:
    """Write the snapshot of a published model.

    Sorted, one line per property, for version control. SOURCE is what diff takes; without it, the catalog that
    is configured here.

    \b
    Examples:
      erp-odata contract snapshot -o contract.json
      erp-odata contract snapshot https://erp.example.com/odata/v4 -u salesforce -o contract.json
    """
    from edm.contract import to_text

    text = to_text(_model(source, flags))
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


# Where a model comes from


def _model(source: str | None, flags: dict[str, Any]) -> "Contract":
    if source is None:
        from odata_server.compose import catalog

        names = ("config_file", "database_url", "catalog")
        return _catalog(catalog(load_settings(serving=False, **{name: flags[name] for name in names}).settings))
    if source.startswith(("http://", "https://")):
        from odata_server.cli.reached import connect
        from salesforce.contract import contract as of

        return of(connect(source, False, flags["user"], flags["headers"]).metadata())
    path = Path(source)
    if path.is_dir():
        return _catalog(path)
    try:
        return _document(path.read_bytes())
    except OSError as error:
        raise click.UsageError(f"{source}: {error.strerror}; name {SOURCE}") from None
    except ValueError as error:
        raise click.UsageError(f"{source}: {error}; name {SOURCE}") from None


def _catalog(directory: Any) -> "Contract":
    """What a service over this catalog publishes, read as a client reads it."""
    from edm.csdl import to_xml
    from edm.declare import load_directory

    return _document(to_xml(load_directory(directory), odata_version="4.0"))


def _document(content: bytes) -> "Contract":
    """By its first character, and a JSON document by what it says that it is."""
    from edm.contract import from_text
    from salesforce import csdl, csdl_json
    from salesforce.contract import contract as of

    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{"):
        return of(csdl.read(content))
    if b'"$Version"' in start:
        return of(csdl_json.read(start))
    return from_text(start.decode())


# What is said


def _show(new: "Contract", found: "Sequence[Change]") -> None:
    """By rule, what breaks first: what happened and what to do once, the places below."""
    from salesforce.contract import resyncs

    for rule in dict.fromkeys(change.rule for change in found):
        word, colour = ("breaking", "red") if rule.breaking else ("compatible", "green")
        click.echo(f"{click.style(word, fg=colour)} {click.style(rule.id, bold=True)}")
        click.echo(f"  {rule.what}\n  In Salesforce: {rule.salesforce}")
        for change in found:
            if change.rule is rule:
                click.echo(f"    {_line(change)}")
    again = resyncs(found, new)
    if again:
        click.secho("To be synced again", bold=True)
        for each in again:
            lookups = f"; then look after its lookups: {', '.join(each.lookups)}" if each.lookups else ""
            click.echo(f"    {each.object}{lookups}")


def _line(change: "Change") -> str:
    from salesforce.contract import field_change

    values = " -> ".join(filter(None, (change.old, change.new)))
    field = field_change(change)
    return "".join((change.where or "the model", f": {values}" if values else "", f" ({field})" if field else ""))


def _verdict(old: "Contract", new: "Contract", found: "Sequence[Change]", least: str | None, enough: bool) -> str:
    if not found:
        return f"The models are the same ({new.version or 'no version'})."
    breaking = sum(change.rule.breaking for change in found)
    counted = f"{breaking} breaking, {len(found) - breaking} compatible changes."
    if least is None:
        return f"{counted} The old model has no version such as 1.0.0."
    if not enough:
        return f"{counted} The version is {new.version or 'missing'}; after {old.version} it has to be {least}."
    return f"{counted} The version rose from {old.version} to {new.version}, which is enough."


def _as_json(
    old: "Contract", new: "Contract", found: "Sequence[Change]", least: str | None, enough: bool
) -> dict[str, Any]:
    from salesforce.contract import field_change, resyncs

    return {
        "old_version": old.version,
        "new_version": new.version,
        "next_version": least,
        "version_is_enough": enough,
        "breaking": any(change.rule.breaking for change in found),
        "changes": [
            {
                "rule": change.rule.id,
                "breaking": change.rule.breaking,
                "effect": change.rule.effect.name.lower(),
                "where": change.where,
                "old": change.old,
                "new": change.new,
                "field": field_change(change),
                "what": change.rule.what,
                "salesforce": change.rule.salesforce,
            }
            for change in found
        ],
        "resync": [{"object": each.object, "lookups": list(each.lookups)} for each in resyncs(found, new)],
    }
