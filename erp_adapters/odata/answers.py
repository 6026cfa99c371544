"""What a service answers: pages of JSON, looked over, and records in Python values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from erp_adapters.base import ContractBroken
from erp_adapters.odata.places import Field
from erp_adapters.odata.values import Misfit
from erp_adapters.records.base import Record
from erp_adapters.transport import Answer


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Mapping[str, Any]]
    count: int | None
    next: str | None
    url: str


def page_of(entity: str, answer: Answer) -> Page:
    """One page. Control information has the prefix ``odata.`` or, in 4.01, has not."""
    document = answer.json()
    rows = document.get("value") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ContractBroken(entity, f"{urlsplit(answer.url).path}: no list of entities")
    count, link = (document.get(f"@odata.{name}", document.get(f"@{name}")) for name in ("count", "nextLink"))
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count)
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        raise ContractBroken(entity, f"a count that is no number: {count!r:.40}")
    if link is not None and not isinstance(link, str):
        raise ContractBroken(entity, "a next link that is no text")
    return Page(rows, count, link, answer.url)


def record(entity: str, row: Mapping[str, Any], fields: list[Field]) -> Record:
    try:
        return {found.path: _value(row, found) for found in fields}
    except Misfit as error:
        raise ContractBroken(entity, str(error)) from None


def _value(row: Mapping[str, Any], found: Field) -> Any:
    here: Any = row
    for name in (*(name for name, _ in found.hops), *found.inner):
        if here is None:
            return None
        if not isinstance(here, dict):
            raise Misfit(f"{found.path} leads into a value that is no record")
        if name not in here:
            raise Misfit(f"no {found.path} in the answer")
        here = here[name]
    if here is None:
        return None
    try:
        return found.kind.read(here)
    except Misfit as error:
        raise Misfit(f"{found.path}: {error}") from None
