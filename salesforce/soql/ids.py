"""Record ids: Salesforce gives every row that it sees an id of its own and remembers its External ID.

The External ID is a text. How Salesforce makes one of several properties is not documented; here their values are
joined with a tilde.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from salesforce.literals import quoted
from salesforce.soql.names import key_fields
from salesforce.sync import ExternalField, ExternalObject

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(slots=True)
class Ids:
    """Ids of one session, allocated in the order in which rows are seen: 15 characters and 3 that make letter case
    redundant.
    """

    _by_key: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_id: dict[tuple[str, str], str] = field(default_factory=dict)
    _prefixes: dict[str, int] = field(default_factory=dict)

    def id_of(self, object_name: str, external_id: str) -> str:
        """The id of a row; a new one for a row never seen."""
        found = self._by_key.get((object_name, external_id))
        if found is None:
            prefix = self._prefixes.setdefault(object_name, len(self._prefixes))
            found = _with_check(f"x{_base62(prefix, 2)}{_base62(len(self._by_key) + 1, 12)}")
            self._by_key[object_name, external_id] = found
            self._by_id[object_name, found[:15]] = external_id
        return found

    def external_id(self, object_name: str, id_: str) -> str | None:
        """The External ID behind an id of 15 or 18 characters; ``None`` for ids that no row of the object has."""
        return self._by_id.get((object_name, id_[:15]))


def external_id_of(source: ExternalObject, row: Mapping[str, Any]) -> str:
    """The External ID of a row, as it arrived."""
    parts = [str(row.get(name)) for name in source.external_id]
    if len(parts) == 1:
        return parts[0]
    return "~".join(part.replace("%", "%25").replace("~", "%7E") for part in parts)


def key_of(source: ExternalObject, external_id: str) -> list[tuple[str, str]] | None:
    """The properties of the key with their values in OData; ``None`` for a text that no row can have."""
    fields = key_fields(source)
    parts = [external_id]
    if len(fields) > 1:
        parts = [part.replace("%7E", "~").replace("%25", "%") for part in external_id.split("~")]
    if len(parts) != len(fields):
        return None
    pairs = [(field_.source, _key_literal(field_, part)) for field_, part in zip(fields, parts, strict=True)]
    found = [(name, literal) for name, literal in pairs if literal is not None]
    return found if len(found) == len(pairs) else None


def _key_literal(field_: ExternalField, text: str) -> str | None:
    """A part of an External ID in OData; ``None`` if it is no value of the property's type."""
    if field_.kind == "String":
        return quoted(text)
    if field_.type.name == "Number":
        try:
            return f"{Decimal(text):f}"
        except InvalidOperation:
            return None
    return text if text and all(c.isalnum() or c in "-:.+" for c in text) else None


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def _with_check(id_: str) -> str:
    """Each of the last three characters says which of five are capital letters."""
    parts = (id_[start : start + 5] for start in (0, 5, 10))
    return id_ + "".join(_CHECK[sum("A" <= c <= "Z" and 1 << i for i, c in enumerate(part))] for part in parts)
