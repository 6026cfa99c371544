"""What *Validate and Sync* makes of the published model: names and types of external objects and fields.

The rules are those of Salesforce's documentation for the OData 4.0 and 4.01 adapters; lengths and
precisions are those of orgs that were really synchronised. What an administrator changes afterwards is not
known here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from edm.model import EntitySet, Property

#: The length of a text field whose Edm.String has no MaxLength.
DEFAULT_LENGTH = 128
#: Longer strings become long text areas, which Salesforce can neither filter nor sort.
TEXT_LENGTH = 255
LONG_TEXT_LENGTH = 131_072
#: Of a long text area for values of unknown length.
USUAL_LONG_TEXT_LENGTH = 32_000
#: Salesforce keeps no more digits of a number.
NUMBER_PRECISION = 18


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


def field_type(item: Property) -> FieldType | None:
    """The type that the property becomes; ``None`` if Salesforce leaves it out."""
    make = _TYPES.get(item.type.name)
    return None if make is None else make(item)


def field_name(item: Property) -> str:
    """The API name of the property's field."""
    return f"{item.name}__c"


def object_name(entity_set: EntitySet) -> str:
    """The API name of the set's external object."""
    return f"{entity_set.name}__x"


def _text(item: Property) -> FieldType:
    length = item.max_length or DEFAULT_LENGTH
    return FieldType("Text", length) if length <= TEXT_LENGTH else _long_text(length)


def _long_text(length: int) -> FieldType:
    note = "cannot be filtered or sorted in Salesforce"
    return FieldType("LongTextArea", min(length, LONG_TEXT_LENGTH), note=note)


def _decimal(item: Property) -> FieldType:
    precision = min(item.precision or NUMBER_PRECISION, NUMBER_PRECISION)
    note = "" if item.scale is not None else "without a scale the decimals are lost"
    return _number(precision, min(item.scale or 0, precision), note)


def _number(precision: int, scale: int = 0, note: str = "") -> FieldType:
    return FieldType("Number", precision=precision, scale=scale, note=note)


def _checkbox(item: Property) -> FieldType:
    return FieldType("Checkbox", note="null is shown as unchecked" if item.nullable else "")


_TYPES: dict[str, Callable[[Property], FieldType]] = {
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
