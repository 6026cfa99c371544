"""What went wrong, for a person at a terminal: the message, where it is in the request, what to do, an exit
code.
"""

import json
import re
from urllib.parse import unquote_plus

import click

from edm.errors import ODataError, caret
from edm.faults import CatalogError
from erp_adapters.base import SourceError
from odata_server.config import ConfigError
from odata_server.remedies import REMEDIES

REFUSED, CONFIGURATION, UNREACHABLE, PORT_IN_USE = 1, 3, 4, 5


def report(error: Exception) -> int | None:
    """Prints a failure to standard error; gives the exit code, or ``None`` for what is a fault of ours."""
    if isinstance(error, ConfigError):
        click.echo(str(error), err=True)
        return CONFIGURATION
    if isinstance(error, CatalogError):
        noun = "fault" if len(error.faults) == 1 else "faults"
        click.echo(f"The catalog has {len(error.faults)} {noun}:", err=True)
        for fault in error.faults:
            click.echo(f"  {fault}", err=True)
        return CONFIGURATION
    if isinstance(error, SourceError):
        click.echo(source_line(error, error.detail), err=True)
        return UNREACHABLE
    if isinstance(error, ODataError):
        show(error)
        return REFUSED
    return _salesforce(error)


def _salesforce(error: Exception) -> int | None:
    from salesforce.errors import ExternalSystemError, SalesforceError

    if not isinstance(error, SalesforceError):
        return None
    click.echo(str(error), err=True)
    if error.text is not None and error.position is not None:
        for line in caret(error.text, error.position).splitlines():
            click.echo(f"  {line}", err=True)
    return UNREACHABLE if isinstance(error, ExternalSystemError) else REFUSED


def show(error: ODataError, query: str = "") -> None:
    """Prints an error of the protocol, with a caret under the place where it is known."""
    target = f" in {error.target}" if error.target else ""
    click.echo(f"{error.message} [{error.code}{target}]", err=True)
    text = error.text if error.text is not None else option_text(query, error.target)
    if text is not None and error.position is not None:
        for line in caret(text, min(error.position, len(text))).splitlines():
            click.echo(f"  {line}", err=True)
    if error.hint:
        click.echo(error.hint, err=True)


def source_line(error: ODataError, detail: str = "") -> str:
    """One line about a failure of the ERP: what, its code, why, what to do."""
    why = f"; {reason(detail)}" if detail else ""
    remedy = f" ({REMEDIES[error.code]})" if error.code in REMEDIES else ""
    return f"{error.message.rstrip('.')} [{error.code}]{why}{remedy}"


def reason(detail: str) -> str:
    """The database's own words without the class of the error, and without the statement that follows them."""
    line = (detail.strip().splitlines() or [""])[0].partition(" [SQL: ")[0]
    return re.sub(r"^\([\w.]+\) ", "", line)[:300]


def error_of(body: bytes) -> ODataError:
    """The error that a response's body tells of."""
    content = json.loads(body)["error"]
    notes = {name.rpartition(".")[2]: value for name, value in content.items() if name.startswith("@")}
    return ODataError(
        content["code"],
        content["message"],
        target=content.get("target"),
        position=notes.get("position"),
        hint=notes.get("hint"),
        status=0,
    )


def option_text(query: str, target: str | None) -> str | None:
    """The decoded value of the option that ``target`` names, with or without the dollar sign."""
    for option in query.split("&") if target else ():
        name, _, value = option.partition("=")
        if unquote_plus(name).lstrip("$").lower() == (target or "").lstrip("$").lower():
            return unquote_plus(value)
    return None
