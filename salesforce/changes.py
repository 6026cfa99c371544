"""External Change Data Capture: how Salesforce starts to track an object, and what each of its polls asks and makes.

Created and updated rows are both events of the type UPDATE: Salesforce cannot tell them apart. Any error ends the
polling until an administrator starts it again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from salesforce.client import Page
from salesforce.errors import ExternalSystemError
from salesforce.soql.fetch import MAX_PAGE
from salesforce.soql.ids import external_id_of
from salesforce.soql.run import Org, Record, Result
from salesforce.sync import ExternalObject

TRACK = {"Prefer": "odata.track-changes"}
COLUMNS = ("ChangeType", "ExternalId")


def start(org: Org, source: ExternalObject) -> tuple[Result, str | None]:
    """What is asked when *Track Data Changes* is switched on, and the delta link if the service gives one."""
    begun = len(org.client.exchanges)
    url = org.client.url(source.source, (("$count", "true"), ("$top", "0")))
    page = org.client.page_at(url, TRACK)
    notes = []
    if page.delta_link is not None and "track-changes" not in page.headers.get("Preference-Applied", ""):
        notes.append(f"{source.source}: the answer has a delta link, but no Preference-Applied: odata.track-changes")
    return _result((), (), page.count, notes, org, begun), page.delta_link


def poll(org: Org, source: ExternalObject, link: str) -> tuple[Result, str]:
    """The events of one poll, and the link of the next. Raises ``ExternalSystemError`` for what ends the polling."""
    begun = len(org.client.exchanges)
    events: list[Record] = []
    notes: dict[str, None] = {}
    page = org.client.page_at(link, TRACK)
    seen = {link}
    while True:
        if len(page.rows) > MAX_PAGE:
            raise ExternalSystemError(f"A page has {len(page.rows):,} rows; Salesforce takes {MAX_PAGE:,}")
        events += _events(source, page, org.client.profile.adapter, notes)
        if page.next_link is None:
            break
        if page.next_link in seen:
            raise ExternalSystemError("A next link leads back to a page that has been read")
        seen.add(page.next_link)
        page = org.client.page_at(page.next_link, TRACK)
    if page.delta_link is None:
        raise ExternalSystemError(f"{source.source}: the last page of changes has no delta link")
    return _result(COLUMNS, events, None, list(notes), org, begun), page.delta_link


def _events(source: ExternalObject, page: Page, adapter: str, notes: dict[str, None]) -> Iterator[Record]:
    for item in page.rows:
        context = str(item.get("@odata.context", item.get("@context", "")))
        if context.endswith(("/$link", "/$deletedLink")):
            continue  # relations are fields of their own in Salesforce
        removed = "@removed" in item or "@odata.removed" in item
        if removed and adapter == "4.0":
            notes[f"{source.source}: @removed is of OData 4.01; the 4.0 adapter may take it for a change"] = None
        if removed or context.endswith("/$deletedEntity"):
            yield {"ChangeType": "DELETE", "ExternalId": _deleted(source, item)}
        else:
            yield {"ChangeType": "UPDATE", "ExternalId": external_id_of(source, item)}


def _deleted(source: ExternalObject, item: Mapping[str, Any]) -> str:
    """The External ID by the key, or by the id: ``Invoices('INV-1')``, ``Lines(Order='A',Line=1)``."""
    if all(name in item for name in source.external_id):
        return external_id_of(source, item)
    id_ = unquote(str(item.get("id", item.get("@id", item.get("@odata.id", "")))))
    found = re.search(r"\((.*)\)$", id_, re.DOTALL)
    parts = re.findall(r"(?:(\w+)=)?('(?:[^']|'')*'|[^,']+)(?:,|$)", found[1]) if found else []
    values = {name: _unquoted(value) for name, value in parts}
    if len(source.external_id) == 1 and len(values) == 1:
        values = {source.external_id[0]: next(iter(values.values()))}
    if any(name not in values for name in source.external_id):
        raise ExternalSystemError(f"{source.source}: a deleted entity has neither its key nor an id: {id_ or item}")
    return external_id_of(source, values)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _result(
    columns: tuple[str, ...], events: Sequence[Record], total: int | None, notes: Sequence[str], org: Org, begun: int
) -> Result:
    return Result(columns, tuple(events), total, tuple(notes), tuple(org.client.exchanges[begun:]))
