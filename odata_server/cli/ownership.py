"""``salesforce ownership``: the matrix of who owns which data."""

import csv
import json
import sys
from dataclasses import asdict, fields
from typing import Any

import click

from odata_server.cli.options import load_settings, settings_options


@click.command()
@click.option("--object", "only", help="This object of Salesforce alone, such as Invoice.")
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of CSV.")
@settings_options
def ownership(only: str | None, as_json: bool, config_file: str | None, **flags: Any) -> None:
    """Write who owns which data, for other programs.

    For each object of Salesforce and each field from the ERP: system of record, direction, timing, whether it
    can be changed in Salesforce, and who puts errors right. Made from the catalog; CSV unless --json is given.

    \b
    Examples:
      erp-odata salesforce ownership > ownership.csv
      erp-odata salesforce ownership --object Invoice --json
    """
    from edm.declare import load_directory
    from odata_server.compose import catalog
    from salesforce.ownership import Owned, matrix

    settings = load_settings(config_file, serving=False, **flags).settings
    lines = list(matrix(load_directory(catalog(settings))))
    if only is not None:
        lines, every = [line for line in lines if line.object.lower() == only.lower()], lines
        if not lines:
            names = ", ".join(dict.fromkeys(line.object for line in every))
            raise click.UsageError(f"there is no object {only}; there are {names}")
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=2))
        return
    writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Owned)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines)
