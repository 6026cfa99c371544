"""External objects with their fields and list views, and the fields of standard objects that they refer to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from salesforce.export.source import Node
from salesforce.setup import LABEL
from salesforce.sync import ExternalField, ExternalObject, Lookup, Synced

#: Characters of a label.
MAX_LABEL = 40
GUID_LENGTH = 36
#: Columns of a list view.
COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Standard:
    """A field of a standard object that holds the key of a set, so that ERP records can refer to that object."""

    object: str
    field: str
    label: str


#: Standard objects by the set whose key they carry.
STANDARD: Mapping[str, Standard] = {
    "Customers": Standard("Account", "ERP_Customer_Number__c", "ERP Customer Number"),
    "Items": Standard("Product2", "ERP_Item_Number__c", "ERP Item Number"),
}


def indirect(synced: Synced, lookup: Lookup) -> Standard | None:
    """The standard object that a foreign key leads to instead of an external object: if it has the name of the key,
    such as CustomerNumber, and is not one of several roles, such as PayerNumber.
    """
    parent = synced.object(lookup.to)
    assert parent is not None
    named_alike = parent.external_id == (lookup.field.removesuffix("__c"),)
    return STANDARD.get(parent.source) if named_alike else None


def object_nodes(found: ExternalObject) -> list[Node]:
    """The object itself."""
    return [
        ("deploymentStatus", "Deployed"),
        ("description", found.source),
        ("enableFeeds", False),
        ("enableLicensing", False),
        ("enableReports", True),
        ("enableSearch", True),
        ("externalDataSource", LABEL),
        ("externalName", found.source),
        ("label", found.label[:MAX_LABEL]),
        ("pluralLabel", found.plural_label[:MAX_LABEL]),
    ]


def field_nodes(synced: Synced, found: ExternalObject, field: ExternalField) -> list[Node]:
    """One field; a foreign key is a lookup."""
    lookup = next((each for each in found.lookups if each.field == field.name), None)
    nodes = dict(_common(field))
    nodes |= _lookup(synced, found, field, lookup) if lookup is not None and not field.is_name else _plain(field)
    return [("fullName", field.name), *sorted(nodes.items())]


def _common(field: ExternalField) -> Iterator[Node]:
    yield "description", field.source
    yield "externalDeveloperName", field.source
    yield "externalId", False
    yield "isFilteringDisabled", False
    yield "isNameField", field.is_name
    yield "isSortingDisabled", False
    yield "label", field.label[:MAX_LABEL]


def _plain(field: ExternalField) -> dict[str, str | bool | int]:
    kind = field.type
    if kind.name == "Checkbox":
        return {"defaultValue": False, "type": "Checkbox"}
    if kind.name == "LongTextArea":
        return {"length": kind.length or 0, "type": "LongTextArea", "visibleLines": 10}
    if kind.name == "Number":
        sizes = {"precision": kind.precision or 0, "scale": kind.scale or 0}
        return {**sizes, "required": False, "type": "Number", "unique": False}
    if kind.name == "Text":
        # The name field is always there.
        return {"length": _length(field), "required": field.is_name, "type": "Text", "unique": False}
    return {"required": False, "type": kind.name}


def _lookup(synced: Synced, child: ExternalObject, field: ExternalField, lookup: Lookup) -> dict[str, str | bool | int]:
    name = lookup.children.removesuffix("__r")
    only = name == child.name.removesuffix("__x")
    nodes: dict[str, str | bool | int] = {
        "length": _length(field),
        "relationshipLabel": (child.plural_label if only else f"{child.plural_label} ({field.label})")[:MAX_LABEL],
        "relationshipName": name,
        "required": False,
    }
    standard = indirect(synced, lookup)
    if standard is None:
        return nodes | {"referenceTo": lookup.to, "type": "ExternalLookup"}
    target = f"{standard.object}.{standard.field}"
    return nodes | {"referenceTargetField": target, "referenceTo": standard.object, "type": "IndirectLookup"}


def _length(field: ExternalField) -> int:
    return field.type.length or GUID_LENGTH


def standard_fields(synced: Synced) -> dict[str, list[Node]]:
    """Fields of standard objects that lookups need, by ``Object.Field``. Letter case counts, as it does in the ERP."""
    found: dict[str, list[Node]] = {}
    for child in synced.objects:
        for lookup in child.lookups:
            standard, parent = indirect(synced, lookup), synced.object(lookup.to)
            if standard is not None and parent is not None:
                key = next(each for each in parent.fields if each.source == parent.external_id[0])
                found[f"{standard.object}.{standard.field}"] = [
                    ("fullName", standard.field),
                    ("caseSensitive", True),
                    ("description", f"{parent.source}/{key.source} of the ERP, exactly as it is there"),
                    ("externalId", True),
                    ("label", standard.label),
                    ("length", _length(key)),
                    ("required", False),
                    ("type", "Text"),
                    ("unique", True),
                ]
    return found


def list_view_nodes(found: ExternalObject) -> list[Node]:
    """All rows, with the columns that fit."""
    columns: list[Node] = [("columns", field.name) for field in shown(found)[:COLUMNS]]
    return [
        ("fullName", "All"),
        *columns,
        ("filterScope", "Everything"),
        ("label", f"All {found.plural_label}"[:MAX_LABEL]),
    ]


def shown(found: ExternalObject) -> list[ExternalField]:
    """Fields that a list can show, the name first."""
    return sorted(
        (each for each in found.fields if each.type.name != "LongTextArea"), key=lambda each: not each.is_name
    )
