"""What an endpoint answers: where the rows, the total and the next page are, and records in Python values."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from erp_adapters.base import ContractBroken
from erp_adapters.records.base import Record, Stored
from erp_adapters.rest.declared import HEADER, Endpoint
from erp_adapters.rest.values import Misfit
from erp_adapters.transport import Answer


def at(document: Any, path: str) -> Any:
    """What is at a dotted path, ``None`` if nothing is."""
    here = document
    for name in path.split(".") if path else ():
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def place(answer: Answer, document: Any, path: str) -> Any:
    """What is at a path of the answer, or in a header."""
    if path.startswith(HEADER):
        return answer.headers.get(path.removeprefix(HEADER))
    return at(document, path)


def rows_of(entity: str, document: Any, path: str) -> Sequence[Mapping[str, Any]]:
    rows = at(document, path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ContractBroken(entity, f"no list of records at {path or 'the root'} of the answer")
    return rows


def total_of(entity: str, answer: Answer, document: Any, path: str) -> int:
    found = place(answer, document, path)
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ContractBroken(entity, f"no total at {path}: {found!r:.40}")
    return found


_LINK = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w*!-]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?\s*)*)(?:,|$)')
_RELATION = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def next_link(header: str) -> str | None:
    """The URL that a ``Link`` header calls next (RFC 8288)."""
    for match in _LINK.finditer(header[:65_536]):
        relation = _RELATION.search(match[2])
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return match[1]
    return None


def record(
    endpoint: Endpoint, entity: str, row: Mapping[str, Any], names: Sequence[str], fixed: Mapping[str, Stored]
) -> Record:
    """The fields of one row. What stands in the path of the call need not stand in the rows."""
    found: dict[str, Stored] = {}
    for name in names:
        try:
            found[name] = _value(endpoint, row, name, fixed)
        except Misfit as error:
            raise ContractBroken(entity, f"{name}: {error}") from None
    return found


def _value(endpoint: Endpoint, row: Mapping[str, Any], name: str, fixed: Mapping[str, Stored]) -> Stored:
    here: Any = row
    for part in name.split("."):
        if here is None:
            break
        if not isinstance(here, Mapping):
            raise Misfit("leads into a value that has no members")
        if part not in here:
            if name in fixed:
                return fixed[name]
            if name not in endpoint.optional:
                raise Misfit("is not in the answer; `optional` names fields that may be missing")
            return None
        here = here[part]
    if here is None or any(type(here) is type(null) and here == null for null in endpoint.nulls):
        if name in endpoint.filled:
            raise Misfit("has no value, but is declared as filled")
        return None
    return endpoint.kind(name).read(here)
