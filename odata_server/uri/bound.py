"""What a request asks, once it is bound: the kind of resource, the query for its rows, the parents on the way."""

from dataclasses import dataclass
from enum import Enum

from edm.model import NavigationProperty, Property
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
class BoundRequest:
    """What is asked. ``query`` has the default order (the key) but no page size and no continuation yet.

    ``path`` is the canonical resource path, for context URLs and links. ``top`` is the client's ``$top``.
    ``optional`` tells that a missing entity is an empty answer (204), not a missing resource: the target of a
    navigation property.
    """

    answer: Answer
    query: Query | None = None
    hops: tuple[Hop, ...] = ()
    property: Property | None = None
    path: str = ""
    selected: bool = False
    optional: bool = False
    skiptoken: str | None = None
    format: str | None = None
