"""What the metadata documents say beyond structure: labels, measures, codes, what each set supports.

Facts only, in the terms of the OASIS vocabularies (Core, Capabilities, Measures, Validation) and one of
our own; how XML and JSON write them is in ``edm.csdl`` and ``edm.csdl_json``. A term stands here only if
the service keeps its word on it. Label and description are Core.Description and Core.LongDescription,
"brief" and "long" as the vocabulary says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from edm.model import EntitySet, EntityType, NavigationProperty, Property, ServiceMetadata
from edm.primitives import DECIMAL

#: The vocabularies used: alias -> namespace.
VOCABULARIES: dict[str, str] = {
    alias: f"Org.OData.{alias}.V1" for alias in ("Core", "Capabilities", "Measures", "Validation", "Aggregation")
}
#: Where OASIS publishes the document of that name.
VOCABULARY_URI = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/{}"

SYSTEM_OF_RECORD = "SystemOfRecord"
PROTOCOL_VERSIONS = "4.0 4.01"
EXPAND_LEVELS = 3
#: Every combination of format parameters that changes what is written.
FORMATS = tuple(
    f"application/json;odata.metadata={level}{numbers}"
    for level, numbers in product(("minimal", "full", "none"), ("", ";IEEE754Compatible=true"))
)
METADATA_FORMATS = ("application/xml", "application/json")

BATCH_SUPPORT: "Value" = {
    "Supported": True,
    "ContinueOnErrorSupported": True,
    "ReferencesInRequestBodiesSupported": False,
    "ReferencesAcrossChangeSetsSupported": True,
    "EtagReferencesSupported": True,
    "RequestDependencyConditionsSupported": False,
    "SupportedFormats": ("multipart/mixed", "application/json"),
}


#: Transformations of ``$apply``; ``search`` is one too where a set can be searched.
TRANSFORMATIONS = (
    "aggregate", "groupby", "concat", "identity", "filter", "compute", "orderby", "top", "skip",
    "topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Path:
    """The value is that of the property named."""

    text: str


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """The value is the property itself."""

    text: str


@dataclass(frozen=True, slots=True)
class EnumMember:
    """A member of an enumeration type of a vocabulary."""

    type: str
    member: str


Constant = str | bool | int | Decimal | Path | PropertyPath | EnumMember
Value = Constant | Sequence["Value"] | Mapping[str, "Value"]


class Annotation(NamedTuple):
    """A term, qualified by namespace, and its value: a constant, a path, a collection or a record."""

    term: str
    value: Value


class Term(NamedTuple):
    """A term that our own schema declares (of type Edm.String)."""

    name: str
    applies_to: str
    description: str


TERMS = (Term(SYSTEM_OF_RECORD, "EntitySet", "The system whose word counts for these data"),)


def _term(vocabulary: str, name: str, value: Value) -> Annotation:
    return Annotation(f"{VOCABULARIES[vocabulary]}.{name}", value)


def filter_functions(known: Iterable[str]) -> tuple[str, ...]:
    """The operators and functions of ``$filter`` as Capabilities.FilterFunctions lists them (``$`` marks our own)."""
    spelled = {"neg": "-"}
    names = {spelled.get(name, name) for name in known if not name.startswith("$")}
    return tuple(sorted({*names, "any", "all"}))


def described(label: str, description: str = "") -> Iterator[Annotation]:
    yield _term("Core", "Description", label)
    if description:
        yield _term("Core", "LongDescription", description)


def on_schema(metadata: ServiceMetadata) -> Iterator[Annotation]:
    yield _term("Core", "SchemaVersion", metadata.version)


def on_container(functions: Sequence[str]) -> Iterator[Annotation]:
    yield _term("Core", "ODataVersions", PROTOCOL_VERSIONS)
    yield _term("Core", "ConventionalIDs", True)
    yield _term("Core", "DereferenceableIDs", True)
    level = EnumMember(f"{VOCABULARIES['Capabilities']}.ConformanceLevelType", "Advanced")
    yield _term("Capabilities", "ConformanceLevel", level)
    yield _term("Capabilities", "SupportedFormats", FORMATS)
    yield _term("Capabilities", "SupportedMetadataFormats", METADATA_FORMATS)
    yield _term("Capabilities", "AcceptableEncodings", ("gzip", "deflate"))
    yield _term("Capabilities", "KeyAsSegmentSupported", True)
    yield _term("Capabilities", "AnnotationValuesInQuerySupported", True)
    yield _term("Capabilities", "QuerySegmentSupported", True)
    yield _term("Capabilities", "CrossJoinSupported", False)
    yield _term("Capabilities", "AsynchronousRequestsSupported", False)
    yield _term("Capabilities", "BatchSupported", True)
    yield _term("Capabilities", "BatchSupport", BATCH_SUPPORT)
    if functions:
        yield _term("Capabilities", "FilterFunctions", tuple(functions))


def on_entity_set(metadata: ServiceMetadata, entity_set: EntitySet, expand_levels: int) -> Iterator[Annotation]:
    yield from described(entity_set.label_plural, entity_set.description)
    yield Annotation(f"{metadata.namespace}.{SYSTEM_OF_RECORD}", entity_set.system_of_record)
    yield _term("Core", "Ordered", True)
    for name, value in _capabilities(entity_set.type, expand_levels).items():
        yield _term("Capabilities", name, value)
    yield _term("Aggregation", "ApplySupported", _apply(entity_set.type))


def _capabilities(entity_type: EntityType, expand_levels: int) -> dict[str, Value]:
    unsortable = tuple(PropertyPath(p.name) for p in entity_type.properties if not p.sortable)
    expand: dict[str, Value] = {"Expandable": bool(entity_type.navigation)}
    if entity_type.navigation:
        expand["MaxLevels"] = expand_levels
    return {
        "IndexableByKey": True,
        "TopSupported": True,
        "SkipSupported": True,
        "ComputeSupported": True,
        "CountRestrictions": {"Countable": True},
        "SelectSupport": {"Supported": True},
        "FilterRestrictions": {"Filterable": True},
        "SortRestrictions": {"Sortable": True, "NonSortableProperties": unsortable},
        "SearchRestrictions": _search(entity_type),
        "ExpandRestrictions": expand,
        "NavigationRestrictions": {
            "Navigability": EnumMember(f"{VOCABULARIES['Capabilities']}.NavigationType", "Recursive")
        },
        "ReadRestrictions": {"Readable": True, "ReadByKeyRestrictions": {"Readable": True}},
        "InsertRestrictions": {"Insertable": False},
        "UpdateRestrictions": {"Updatable": False},
        "DeleteRestrictions": {"Deletable": False},
        "ChangeTracking": {"Supported": False},
    }


def _apply(entity_type: EntityType) -> dict[str, Value]:
    searchable = any(p.searchable for p in entity_type.properties)
    supported: dict[str, Value] = {
        "Transformations": (*TRANSFORMATIONS, *(("search",) if searchable else ())),
        "Rollup": EnumMember(f"{VOCABULARIES['Aggregation']}.RollupType", "MultipleHierarchies"),
    }
    if any(p.prose for p in entity_type.properties):
        # Names the exceptions by naming all others: long texts are no groups.
        supported["GroupableProperties"] = tuple(PropertyPath(p.name) for p in entity_type.properties if not p.prose)
    return supported


def _search(entity_type: EntityType) -> dict[str, Value]:
    if not any(p.searchable for p in entity_type.properties):
        return {"Searchable": False}
    return {
        "Searchable": True,
        "UnsupportedExpressions": EnumMember(f"{VOCABULARIES['Capabilities']}.SearchExpressions", "none"),
    }


def on_property(entity_type: EntityType, item: Property) -> Iterator[Annotation]:
    yield from described(item.label, item.description)
    if not item.writable:
        # Not Core.Computed, which means generated: people enter these values in the ERP, but never a client.
        yield _term("Core", "Permissions", EnumMember(f"{VOCABULARIES['Core']}.Permission", "Read"))
    if item.currency is not None and entity_type.property(item.currency):
        yield _term("Measures", "ISOCurrency", Path(item.currency))
    if item.unit is not None and entity_type.property(item.unit):
        yield _term("Measures", "Unit", Path(item.unit))
    if item.fixed_unit is not None:
        yield _term("Measures", "Unit", item.fixed_unit)
    if item.allowed:
        yield _term("Validation", "AllowedValues", tuple({"Value": code} for code in item.allowed))
    for name, bound in (("Minimum", item.minimum), ("Maximum", item.maximum)):
        if bound is not None:
            yield _term("Validation", name, Decimal(bound) if item.type == DECIMAL else bound)
    if item.pattern is not None:
        yield _term("Validation", "Pattern", item.pattern)


def on_navigation(navigation: NavigationProperty) -> Iterator[Annotation]:
    yield from described(navigation.label, navigation.description)
