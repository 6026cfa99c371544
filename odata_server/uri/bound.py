"""What a request asks, once it is bound: the kind of resource, the query for its rows, the parents on the way."""

from dataclasses import dataclass
from enum import Enum

from edm.model import NavigationProperty, Property
from edm.primitives import PrimitiveType
from edm.query import Query


class Answer(Enum):
    """What kind of resource the path addresses."""

    SERVICE_DOCUMENT = "service document"
    METADATA = "metadata"
    COLLECTION = "collection"
    ENTITY = "entity"
    PROPERTY = "property"
    VALUE = "raw value"
    COUNT = "count"
    REFERENCES = "collection of references"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Hop:
    """One parent row on the way: ``query`` finds it, ``navigation`` leads on."""

    query: Query
    navigation: NavigationProperty


@dataclass(frozen=True, slots=True)
class StructureColumn:
    """A column as a client sees it: ``Customer/Country`` is a property of a nested object. ``property`` is what the
    model declares of it, ``None`` for a dynamic property."""

    name: str
    type: PrimitiveType
    property: Property | None


@dataclass(frozen=True, slots=True)
class Structure:
    """How rows that are no entities of the set are shown. If they come in ``parts``, the names that those of each part
    have; ``every`` tells that they have all properties of the set.
    """

    columns: tuple[StructureColumn, ...]
    parts: tuple[frozenset[str], ...] = ()
    every: bool = False


@dataclass(frozen=True, slots=True)
class BoundRequest:
    """What is asked. ``query`` has the default order (the key) but no page size and no continuation yet.

    ``path`` is the resource path in its canonical spelling, for links. ``selected`` are the navigation properties that
    ``$select`` names, ``None`` without it.
    ``optional`` tells that a missing entity is an empty answer (204), not a missing resource: the target of a
    navigation property. ``structure`` is that of the rows of ``$apply``, where they are no entities of the set.
    """

    answer: Answer
    query: Query | None = None
    hops: tuple[Hop, ...] = ()
    property: Property | None = None
    path: str = ""
    selected: tuple[str, ...] | None = None
    optional: bool = False
    skiptoken: str | None = None
    format: str | None = None
    structure: Structure | None = None
