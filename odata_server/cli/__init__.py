"""The command line, ``erp-odata``. Here are the group and its exit codes; each command is in a module of
its own.

Modules here import little at the top, so that ``--help`` and completion are quick.
"""

import click

from odata_server.cli.ask import explain, metadata, query
from odata_server.cli.cache import cache
from odata_server.cli.contract import contract
from odata_server.cli.demo import demo
from odata_server.cli.doctor import doctor
from odata_server.cli.fit import fit
from odata_server.cli.groups import Commands
from odata_server.cli.init import init
from odata_server.cli.kit import kit
from odata_server.cli.salesforce import salesforce
from odata_server.cli.serve import serve
from odata_server.cli.settings import config, users
from odata_server.cli.soql import soql
from odata_server.cli.validate import validate

EXIT_CODES = {
    0: "done",
    1: "the request was refused, or faults were found",
    2: "wrong use of the command line",
    3: "the configuration or the catalog cannot be used",
    4: "the ERP, or the service asked, cannot be reached or did not answer",
    5: "the port is in use",
}

EPILOG = """\b
Examples:
  erp-odata demo                              a demo ERP on http://127.0.0.1:8000
  erp-odata init URL                          a catalog proposed from your database
  erp-odata fit                               the catalog without what the ERPs lack
  erp-odata validate                          all faults of configuration and catalog
  erp-odata doctor                            what will go wrong with the databases, and how to put it right
  erp-odata kit                               whether the sources answer what they declare, as it should be
  erp-odata query 'Invoices?$top=3'           ask, without a server
  erp-odata explain 'Invoices?$filter=...'    what the ERP does, what is finished here
  erp-odata serve                             the service, as configured
  erp-odata salesforce sync --local           what Salesforce will make of it
  erp-odata soql STATEMENT                    SOQL, as Salesforce would run it
  erp-odata contract diff contract.json       what changed for clients since the snapshot
  erp-odata cache clear Invoices              the ERP has changed: kept answers serve no more

\b
Exit codes:
""" + "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="erp-odata", prog_name="erp-odata")
def main() -> None:
    """ERP data live as OData 4 for Salesforce Connect."""


_COMMANDS = (
    demo, init, fit, serve, validate, doctor, metadata, query, explain, config, users, salesforce, soql, contract,
    cache, kit,
)  # fmt: skip
for command in _COMMANDS:
    main.add_command(command)
