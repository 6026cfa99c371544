"""What is wrong as far as metadata tell."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from salesforce.csdl import EntitySet, Metadata, Property
from salesforce.field_types import NAME_LENGTH, NUMBER_PRECISION
from salesforce.lint.rules import RULES, Finding
from salesforce.sync import STANDARD_FIELDS, ExternalObject, Synced

SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
#: Characters of all long texts of an object together.
LONG_TEXT_TOTAL = 1_638_400
MAX_OBJECTS = 200
_CAPABILITIES = "Org.OData.Capabilities.V1."

Found = Iterator[tuple[str, str, str]]
"""Rule, place, what was seen."""


def findings(
    metadata: Metadata, synced: Synced, wanted: Callable[[ExternalObject], bool] = lambda found: True
) -> Iterator[Finding]:
    """All that can be told without asking for data."""
    for rule, where, what in _all(metadata, synced, wanted):
        yield Finding(RULES[rule], where, what)


def _all(metadata: Metadata, synced: Synced, wanted: Callable[[ExternalObject], bool]) -> Found:
    yield from _service(metadata, synced)
    for found in synced.objects:
        if wanted(found):
            for check in (_names, _key, _fields, _texts, _capabilities, _relations):
                yield from check(metadata, found)


def _service(metadata: Metadata, synced: Synced) -> Found:
    if not synced.objects:
        yield "no-sets", "$metadata", "no entity set becomes an object"
    for url in metadata.references:
        yield "external-reference", "$metadata", url
    if len(synced.objects) > MAX_OBJECTS:
        yield "too-many-sets", "$metadata", f"{len(synced.objects)} entity sets"
    for left in synced.left_out:
        if "API name" in left.why:
            yield "name-collision", left.what, left.why


def _names(metadata: Metadata, found: ExternalObject) -> Found:
    yield from _name(found.source, found.source)
    for field in found.fields:
        where = f"{found.source}/{field.source}"
        yield from _name(where, field.source)
        if field.source.lower() in (name.lower() for name in STANDARD_FIELDS):
            yield "name-reserved", where, f"{field.source} is a standard field"
    for left in found.left_out:
        if "API name" in left.why:
            yield "name-collision", left.what, left.why
        else:
            yield "type-unsupported", left.what, left.why


def _name(where: str, name: str) -> Found:
    if len(name) > NAME_LENGTH:
        yield "name-too-long", where, f"{len(name)} characters"
    if not SAFE_NAME.fullmatch(name):
        yield "name-characters", where, f"{name} cannot be an API name as it is"


def _key(metadata: Metadata, found: ExternalObject) -> Found:
    if not found.external_id:
        key = metadata.key(metadata.sets[found.source].type)
        yield "key-missing", found.source, f"the key {', '.join(key)} is not recognised" if key else "there is no key"
    if len(found.external_id) > 1:
        yield "key-composite", found.source, ", ".join(found.external_id)
    for field in found.fields:
        where = f"{found.source}/{field.source}"
        if field.is_key and field.type.name == "LongTextArea":
            yield "key-too-long", where, str(field.type)
        elif field.is_key and len(found.external_id) == 1 and field.kind not in ("String", "Guid"):
            yield "key-type", where, f"Edm.{field.kind}"


def _fields(metadata: Metadata, found: ExternalObject) -> Found:
    made = {field.source for field in found.fields}
    for declared in metadata.properties(metadata.sets[found.source].type):
        if declared.name in made:
            item = metadata.resolved(declared)
            for rule, what in _field(item):
                yield rule, f"{found.source}/{item.name}", what


def _field(item: Property) -> Iterator[tuple[str, str]]:
    kind = item.type.primitive
    if kind == "String" and item.max_length is None:
        yield "string-unsized", "no MaxLength"
    elif kind == "Decimal":
        if item.scale is None:
            yield "decimal-scale", "Scale is variable" if item.variable_scale else "no Scale"
        if item.precision is None or item.precision > NUMBER_PRECISION:
            precision = "no Precision" if item.precision is None else f"{item.precision} digits"
            yield "decimal-precision", precision
    elif kind in ("Single", "Double"):
        yield "float-rounded", f"Edm.{kind}"
    elif kind == "Date":
        yield "date-shifts", "Edm.Date"
    elif kind == "Boolean" and item.nullable:
        yield "boolean-null", "may be null"


def _texts(metadata: Metadata, found: ExternalObject) -> Found:
    texts = [field for field in found.fields if field.type.name == "LongTextArea"]
    for field in texts:
        yield "long-text", f"{found.source}/{field.source}", str(field.type)
    total = sum(field.type.length or 0 for field in texts)
    if total > LONG_TEXT_TOTAL:
        yield "long-text-total", found.source, f"{total:,} characters in {len(texts)} fields"


def _capabilities(metadata: Metadata, found: ExternalObject) -> Found:
    entity_set = metadata.sets[found.source]

    def said(term: str, member: str, default: Any) -> Any:
        record = entity_set.annotations.get(_CAPABILITIES + term)
        return record.get(member, default) if isinstance(record, dict) else default

    if said("FilterRestrictions", "Filterable", True) is False:
        yield "not-filterable", found.source, "FilterRestrictions/Filterable is false"
    lookups = {lookup.field for lookup in found.lookups}
    needed = {*found.external_id, *(field.source for field in found.fields if field.name in lookups)}
    for name in said("FilterRestrictions", "NonFilterableProperties", []):
        if name in needed:
            yield "not-filterable", f"{found.source}/{name}", "is among NonFilterableProperties"
    if said("CountRestrictions", "Countable", True) is False:
        yield "not-countable", found.source, "CountRestrictions/Countable is false"
    for term in ("TopSupported", "SkipSupported"):
        if entity_set.annotations.get(_CAPABILITIES + term) is False:
            yield "no-top-skip", found.source, f"{term} is false"
    if said("SortRestrictions", "Sortable", True) is False:
        yield "not-sortable", found.source, "SortRestrictions/Sortable is false"
    unsortable = said("SortRestrictions", "NonSortableProperties", [])
    for field in found.fields:
        # A long text is not sorted anyway.
        if field.source in unsortable and field.type.name != "LongTextArea":
            yield "not-sortable", f"{found.source}/{field.source}", "is among NonSortableProperties"


def _relations(metadata: Metadata, found: ExternalObject) -> Found:
    entity_set = metadata.sets[found.source]
    for navigation in metadata.navigation(entity_set.type):
        where = f"{found.source}/{navigation.name}"
        if navigation.type.collection or navigation.type.name not in metadata.types:
            continue
        if len(navigation.constraints) != 1:
            yield "no-constraint", where, f"{len(navigation.constraints)} constraints"
            continue
        own, theirs = navigation.constraints[0]
        one, other = _typed(metadata, entity_set, own), _of_type(metadata, navigation.type.name, theirs)
        if one is not None and other is not None and _shape(one) != _shape(other):
            yield "foreign-key", f"{found.source}/{own}", f"{_written(one)}, but {theirs} is {_written(other)}"


def _typed(metadata: Metadata, entity_set: EntitySet, name: str) -> Property | None:
    return _of_type(metadata, entity_set.type, name)


def _of_type(metadata: Metadata, type_name: str, name: str) -> Property | None:
    item = next((item for item in metadata.properties(type_name) if item.name == name), None)
    return None if item is None else metadata.resolved(item)


def _shape(item: Property) -> tuple[str, int | None]:
    return item.type.name, item.max_length


def _written(item: Property) -> str:
    return str(item.type) if item.max_length is None else f"{item.type}({item.max_length})"
