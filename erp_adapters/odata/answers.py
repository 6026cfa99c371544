"""What a service answers: pages of JSON, looked over, and records in Python values."""

from collections.abc import Callable, Mapping, Sequence
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


#: The value of one field in a row of JSON.
Reader = Callable[[Mapping[str, Any]], Any]


def readers(fields: Sequence[Field]) -> Mapping[str, Reader]:
    """How each field is read, made once for all rows of an answer."""
    return {found.path: _own(found) if len(found.steps) == 1 else _behind(found) for found in fields}


def record(entity: str, row: Mapping[str, Any], fields: Mapping[str, Reader]) -> Record:
    """One row in Python values; what does not fit the metadata is the fault of the ERP."""
    try:
        return {name: read(row) for name, read in fields.items()}
    except Misfit as error:
        raise ContractBroken(entity, str(error)) from None


def _own(found: Field) -> Reader:
    """Of a property of the row itself."""
    name, read = found.path, found.kind.read

    def value(row: Mapping[str, Any]) -> Any:
        try:
            stored = row[name]
            return None if stored is None else read(stored)
        except KeyError:
            raise Misfit(f"no {name} in the answer") from None
        except Misfit as error:
            raise Misfit(f"{name}: {error}") from None

    return value


def _behind(found: Field) -> Reader:
    """Of a complex value, or of a related record."""
    path, (*before, last), read = found.path, found.steps, found.kind.read

    def value(row: Mapping[str, Any]) -> Any:
        here: Any = row
        for name in before:
            here = _member(here, name, path)
            if here is None:
                return None
        stored = _member(here, last, path)
        try:
            return None if stored is None else read(stored)
        except Misfit as error:
            raise Misfit(f"{path}: {error}") from None

    return value


def _member(here: Any, name: str, path: str) -> Any:
    if not isinstance(here, dict):
        raise Misfit(f"{path} leads into a value that is no record")
    if name not in here:
        raise Misfit(f"no {path} in the answer")
    return here[name]
