"""Finds what a service does that Salesforce Connect cannot live with: in its metadata, and by asking it.

``rules`` is the table; ``metadata`` and ``probes`` find, ``check`` runs both.
"""

from collections.abc import Callable, Iterator

from salesforce.client import Client
from salesforce.lint.metadata import findings as in_metadata
from salesforce.lint.probes import findings as in_answers
from salesforce.lint.rules import RULES, Finding, Rule, Severity
from salesforce.sync import ExternalObject, sync

__all__ = ["RULES", "Finding", "Rule", "Severity", "check"]


def check(
    client: Client,
    *,
    wanted: Callable[[ExternalObject], bool] = lambda found: True,
    probing: bool = True,
    progress: Callable[[str], None] = lambda name: None,
) -> Iterator[Finding]:
    """All findings on a service, metadata first. ``progress`` is told which set is asked next.

    Raises ``ExternalSystemError`` if there is no metadata to be had.
    """
    document = client.metadata_document()
    metadata = client.read_metadata(document)
    synced = sync(metadata)
    yield from in_metadata(metadata, synced, wanted)
    if probing and not document.headers.get("OData-Version"):
        yield Finding(RULES["version-header"], "$metadata", "the metadata have no OData-Version")
    for found in synced.objects if probing else ():
        if wanted(found):
            progress(found.source)
            yield from in_answers(client, metadata, found)
