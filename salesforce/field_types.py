"""What *Validate and Sync* makes of names and types.

The rules are those of Salesforce's documentation for the OData 4.0 and 4.01 adapters; lengths and
precisions are those of orgs that were really synchronised. What an administrator changes afterwards is not
known here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from salesforce.csdl import MAX

#: The length of a text field whose Edm.String has no MaxLength.
DEFAULT_LENGTH = 128
#: Longer strings become long text areas, which Salesforce can neither filter nor sort.
TEXT_LENGTH = 255
LONG_TEXT_LENGTH = 131_072
#: Of a long text area for values of unknown length.
USUAL_LONG_TEXT_LENGTH = 32_000
#: Salesforce keeps no more digits of a number.
NUMBER_PRECISION = 18
#: Characters of an API name, without its suffix.
NAME_LENGTH = 40


class Facets(Protocol):
    """What the type of a field depends on beside the type of the property (CSDL 4.01, section 7.2)."""

    @property
    def nullable(self) -> bool: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def precision(self) -> int | None: ...
    @property
    def scale(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of a custom field as the Metadata API writes it. ``note`` says what is lost or different."""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    note: str = ""

    def __str__(self) -> str:
        """``Text(10)``, ``Number(18, 2)``, ``Checkbox``."""
        sizes = [str(size) for size in (self.length, self.precision, self.scale) if size is not None]
        return f"{self.name}({', '.join(sizes)})" if sizes else self.name


def field_type(kind: str, facets: Facets) -> FieldType | None:
    """The type that a property of the primitive type ``kind`` (without ``Edm.``) becomes; ``None`` if Salesforce
    leaves it out.
    """
    make = _TYPES.get(kind)
    return None if make is None else make(facets)


def api_name(name: str) -> str:
    """The name without its suffix: letters, digits and single underscores, at most 40 characters."""
    safe = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not safe[:1].isalpha():
        safe = f"X{safe}"
    return safe[:NAME_LENGTH].rstrip("_")


def field_name(name: str) -> str:
    """The API name of a property's field."""
    return f"{api_name(name)}__c"


def object_name(name: str) -> str:
    """The API name of an entity set's external object."""
    return f"{api_name(name)}__x"


def _text(item: Facets) -> FieldType:
    length = item.max_length or DEFAULT_LENGTH
    if length <= TEXT_LENGTH:
        return FieldType("Text", length)
    return _long_text(USUAL_LONG_TEXT_LENGTH if length == MAX else min(length, LONG_TEXT_LENGTH))


def _long_text(length: int) -> FieldType:
    return FieldType("LongTextArea", length, note="cannot be filtered or sorted in Salesforce")


def _decimal(item: Facets) -> FieldType:
    precision = min(item.precision or NUMBER_PRECISION, NUMBER_PRECISION)
    note = "" if item.scale is not None else "without a scale the decimals are lost"
    return _number(precision, min(item.scale or 0, precision), note)


def _number(precision: int, scale: int = 0, note: str = "") -> FieldType:
    return FieldType("Number", precision=precision, scale=scale, note=note)


def _checkbox(item: Facets) -> FieldType:
    return FieldType("Checkbox", note="null is shown as unchecked" if item.nullable else "")


_TYPES: dict[str, Callable[[Facets], FieldType]] = {
    "String": _text,
    "Boolean": _checkbox,
    "Byte": lambda item: _number(8),
    "SByte": lambda item: _number(8),
    "Int16": lambda item: _number(8),
    "Int32": lambda item: _number(18),
    "Int64": lambda item: _number(18),
    "Decimal": _decimal,
    "Single": lambda item: _number(18, 8),
    "Double": lambda item: _number(18, 8),
    "Date": lambda item: FieldType("DateTime", note="the time is 00:00 UTC"),
    "DateTimeOffset": lambda item: FieldType("DateTime"),
    "Guid": lambda item: FieldType("Text"),
    "Binary": lambda item: _long_text(USUAL_LONG_TEXT_LENGTH),
}
