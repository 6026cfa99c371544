"""The forms that connect an org to a service: every field, what to type, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Adapter = Literal["4.0", "4.01"]
Identity = Literal["anonymous", "named", "per-user"]

LABEL = "ERP"
#: API names of the credentials that the 4.01 adapter needs.
EXTERNAL_CREDENTIAL, NAMED_CREDENTIAL = "ERP_EC", "ERP_NC"

#: Header fields that Salesforce sends itself, in small letters.
RESERVED_HEADERS = frozenset({
    "accept", "content-length", "content-type", "cookie", "dataserviceversion", "maxdataserviceversion",
    "odata-maxversion", "odata-version", "prefer", "x-csrf-token", "x-http-method",
})  # fmt: skip

IDENTITIES: Mapping[Identity, str] = {
    "anonymous": "Anonymous",
    "named": "Named Principal",
    "per-user": "Per User",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form: its label and what to put there. ``checked`` is for a checkbox."""

    label: str
    value: str = ""
    why: str = ""
    checked: bool | None = None

    @property
    def text(self) -> str:
        """What to do, in a word: the value, ``on`` or ``off``."""
        return self.value if self.checked is None else "on" if self.checked else "off"


Forms = Mapping[str, tuple[Entry, ...]]
"""Sections of forms by title, in the order in which they are filled in."""


def forms(
    url: str,
    *,
    adapter: Adapter = "4.0",
    identity: Identity = "named",
    username: str = "",
    user_header: str = "",
) -> Forms:
    """Everything to type for the service at ``url``. ``user_header`` names a header field with the caller's user name,
    for services that read one.

    Raises ``ValueError`` for what Salesforce's forms do not take.
    """
    _check(url, adapter, identity, user_header)
    if adapter == "4.01":
        return {
            "External Credential": _external_credential(identity),
            "Named Credential": _named_credential(url),
            "External Data Source": (*_names(adapter), Entry("Named Credential", NAMED_CREDENTIAL, "Signs in")),
            "Parameters": _parameters(adapter),
            "Custom HTTP Headers": _headers(user_header),
        }
    return {
        "External Data Source": _names(adapter),
        "Parameters": (
            Entry("URL", url.rstrip("/"), "Everything is published under one root, so one data source is enough"),
            *_parameters(adapter),
        ),
        "Authentication": _authentication(identity, username),
        "Custom HTTP Headers": _headers(user_header),
    }


def _check(url: str, adapter: Adapter, identity: Identity, user_header: str) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url!r} is not the URL of a service")
    if len(url) > 1_000:
        raise ValueError("the URL is longer than 1,000 characters")
    if adapter == "4.01" and identity == "anonymous":
        raise ValueError("the OData 4.01 adapter needs a credential; anonymous access is for OData 4.0")
    if user_header and not re.fullmatch(r"[A-Za-z0-9-]+", user_header):
        raise ValueError(f"{user_header!r} is not the name of a header field")
    if user_header.lower() in RESERVED_HEADERS:
        raise ValueError(f"Salesforce sends {user_header} itself")


def _names(adapter: Adapter) -> tuple[Entry, ...]:
    why = "Signs in by itself" if adapter == "4.0" else "No hourly limits on callouts and new record ids"
    return (
        Entry("External Data Source", LABEL, "Label"),
        Entry("Name", LABEL, "API name"),
        Entry("Type", f"Salesforce Connect: OData {adapter}", why),
    )


def _parameters(adapter: Adapter) -> tuple[Entry, ...]:
    counts = Entry("Request Row Counts", why="Without it COUNT() and batch Apex fail", checked=True)
    return (
        Entry("Connection Timeout (Seconds)", "120", "The service itself gives up earlier"),
        Entry("Writable External Objects", why="ERP data are read-only here", checked=False),
        Entry("High Data Volume", why="With it no record ids: no Lightning pages, no reports", checked=False),
        Entry("Server Driven Pagination", why="By key: no duplicates and no gaps while data change", checked=True),
        *([counts] if adapter == "4.0" else []),  # the 4.01 adapter always asks
        Entry("Compress Requests", why="Reads have no body; responses are compressed anyway", checked=False),
        Entry("Enable Search", why="Global search and lookups find ERP records", checked=True),
        Entry(
            "Use Free-Text Search Expressions",
            why="$search finds any letter case; contains(...) does not",
            checked=True,
        ),
        Entry("Format", "JSON", "Atom does not exist in OData 4"),
        Entry("Special Compatibility", "Default", "For Socrata alone"),
        Entry("CSRF Protection", why="For writing only", checked=False),
        Entry("Eligible for External Change Data Capture", why="Changes are not tracked yet", checked=False),
    )


def _authentication(identity: Identity, username: str) -> tuple[Entry, ...]:
    certificate = Entry("Certificate", "", "None: the service asks for no client certificate")
    if identity == "anonymous":
        return (
            certificate,
            Entry("Identity Type", IDENTITIES[identity], "Everybody who knows the URL reads the data"),
            Entry("Authentication Protocol", "No Authentication", "Nobody signs in"),
        )
    whose = "One user for all" if identity == "named" else "Each person has one; rows can then differ by person"
    protocol = Entry("Authentication Protocol", "Password Authentication", "HTTP Basic")
    if identity == "per-user":
        where = "Each person's own, under Settings, Authentication Settings for External Systems"
        return (
            certificate,
            Entry("Identity Type", IDENTITIES[identity], whose),
            protocol,
            Entry("Username, Password", "", where),
        )
    return (
        certificate,
        Entry("Identity Type", IDENTITIES[identity], whose),
        protocol,
        Entry("Username", username, "" if username else "A user of the service: erp-odata users hash"),
        Entry("Password", "", "That user's password"),
    )


def _headers(user_header: str) -> tuple[Entry, ...]:
    if not user_header:
        return (Entry("Custom HTTP Headers", "", "None: who asks is known by the sign-in alone"),)
    return (
        Entry("Header Field Name", user_header, "Tells which person asks behind a named principal"),
        Entry("Header Field Value", "$User.Username", "A formula; a header without value is left out"),
        Entry("Active", why="To be believed only together with the sign-in", checked=True),
    )


def _external_credential(identity: Identity) -> tuple[Entry, ...]:
    named = identity == "named"
    return (
        Entry("Label", EXTERNAL_CREDENTIAL, "Holds user name and password"),
        Entry("Name", EXTERNAL_CREDENTIAL, "API name"),
        Entry("Authentication Protocol", "Basic Authentication", "HTTP Basic"),
        Entry("Principal Name", "Principal", "Permission sets grant access to it, for every user"),
        Entry("Identity Type", IDENTITIES[identity], "One user for all" if named else "Each person has one"),
        Entry("Username, Password", "", "Of the service" if named else "Each person's own"),
    )


def _named_credential(url: str) -> tuple[Entry, ...]:
    return (
        Entry("Label", NAMED_CREDENTIAL, "Says where, and who signs in"),
        Entry("Name", NAMED_CREDENTIAL, "API name"),
        Entry("URL", url.rstrip("/"), "The service root"),
        Entry("External Credential", EXTERNAL_CREDENTIAL, "The one above"),
        Entry("Generate Authorization Header", why="Salesforce Connect needs it", checked=True),
    )
