"""What an endpoint answers: where the rows, the total and the next page are, and records in Python values."""

import re
from collections.abc import Callable, Mapping, Sequence
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


#: The value of one field in a row of JSON.
Reader = Callable[[Mapping[str, Any]], Stored]


def readers(endpoint: Endpoint, names: Sequence[str], fixed: Mapping[str, Stored]) -> Mapping[str, Reader]:
    """How each field is read, made once for all rows of an answer. What stands in the path of the call (``fixed``) need
    not stand in the rows."""
    return {name: _reader(endpoint, name, fixed) for name in names}


def record(entity: str, row: Mapping[str, Any], fields: Mapping[str, Reader]) -> Record:
    """One row in Python values; what does not fit its declaration is the fault of the ERP."""
    found: dict[str, Stored] = {}
    for name, read in fields.items():
        try:
            found[name] = read(row)
        except Misfit as error:
            raise ContractBroken(entity, f"{name}: {error}") from None
    return found


def _reader(endpoint: Endpoint, name: str, fixed: Mapping[str, Stored]) -> Reader:
    *before, last = name.split(".")
    read, nulls = endpoint.kind(name).read, [(type(null), null) for null in endpoint.nulls]
    filled = name in endpoint.filled

    def value(row: Mapping[str, Any]) -> Stored:
        here: Any = row
        for part in before:
            here = here.get(part, _MISSING) if isinstance(here, dict) else _no_members()
            if here is None or here is _MISSING:
                break
        else:
            here = here.get(last, _MISSING) if isinstance(here, dict) else _no_members()
        if here is _MISSING:
            return _left_out(endpoint, name, fixed)
        if here is None or (nulls and (type(here), here) in nulls):
            if filled:
                raise Misfit("has no value, but is declared as filled")
            return None
        return read(here)

    return value


_MISSING: Any = object()


def _no_members() -> Any:
    raise Misfit("leads into a value that has no members")


def _left_out(endpoint: Endpoint, name: str, fixed: Mapping[str, Stored]) -> Stored:
    if name not in fixed and name not in endpoint.optional:
        raise Misfit("is not in the answer; `optional` names fields that may be missing")
    return fixed.get(name)
