"""``fit``: the catalog without what the ERPs lack, as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from odata_server.cli.options import load_settings, settings_options

if TYPE_CHECKING:
    from edm.fitting import Fitted
    from odata_server.settings import Settings


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("catalog"),
    show_default=True,
    help="Directory for the files.",
)
@click.option("--yes", is_flag=True, help="Write over files that are there.")
@settings_options
def fit(out: Path, yes: bool, config_file: str | None, **flags: Any) -> None:
    """Copy the catalog without what the ERPs lack.

    Releases differ: a field that yours does not have leaves out its property, a service that is not active its sets,
    and with them the navigation to them. Comments stay. Then look at the files, and change what is yours.

    \b
    Exit codes: 0 done; 1 nothing fits, or not written; 3 the configuration or the catalog cannot be used; 4 an ERP
    cannot be reached.

    \b
    Examples:
      erp-odata fit --out catalog
      ERP_ODATA_CATALOG=sap erp-odata fit
    """  # fmt: skip
    settings = load_settings(config_file, serving=False, **flags).settings
    found, version = _fitted(settings)
    for name, left in sorted(found.left.items()):
        if left.because:
            click.echo(f"{name}: left out, {left.because}", err=True)
        elif left.properties:
            click.echo(f"{name}: without {', '.join(sorted(left.properties))}", err=True)
    if not found.texts:
        click.echo("No entity set fits.", err=True)
        raise click.exceptions.Exit(1)
    there = [name for name in found.texts if (out / name).exists()]
    if there and not yes:
        click.echo(f"{out}: {', '.join(sorted(there))} is there; not written. To write: --yes", err=True)
        raise click.exceptions.Exit(1)
    _write(out, {**found.texts, "VERSION": version})
    click.echo(f"{out}: {len(found.texts)} entity sets. Next: erp-odata validate --catalog {out}", err=True)


def _fitted(settings: "Settings") -> "tuple[Fitted, str]":
    """What fits, and the version of the model."""
    from edm.declare import VERSION_FILE, load_directory, load_texts
    from edm.fitting import fit as fitted
    from erp_adapters.base import Validates
    from erp_adapters.stamped import physical
    from odata_server.compose import catalog, connect

    directory = catalog(settings)
    metadata = load_directory(directory)
    texts = {entry.name: entry.read_text("utf-8") for entry in directory.iterdir() if entry.name.endswith(".toml")}
    adapter = connect(settings, physical(metadata))
    try:
        lacks = list(adapter.lacks(physical(metadata))) if isinstance(adapter, Validates) else []
    finally:
        getattr(adapter, "close", lambda: None)()
    found = fitted(texts, lacks)
    if found.texts:
        load_texts(found.texts)  # whatever is left has to be a model
    version = directory / VERSION_FILE
    return found, version.read_text("utf-8") if version.is_file() else f"{metadata.version}\n"


def _write(out: Path, texts: Mapping[str, str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
