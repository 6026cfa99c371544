"""What exists: entity sets, types, properties and navigation (CSDL 4.01), as the service publishes them.

Flat on purpose: primitive properties, one string key per set, single-column references; that is what Salesforce Connect
takes without loss. Where the data comes from is in ``EntitySet.sources``, read by adapters alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from edm.primitives import PrimitiveType


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property with its facets (CSDL 4.01, chapter 7) and what people and writers need to know.

    ``currency`` and ``unit`` name the property with the code; ``fixed_unit`` is the unit of every value. ``minimum``,
    ``maximum`` (both inclusive) and ``pattern`` (a regular expression) hold for every value.
    """

    name: str
    type: PrimitiveType
    label: str
    description: str
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    searchable: bool = False
    writable: bool = False
    prose: bool = False
    allowed: tuple[str, ...] = ()
    currency: str | None = None
    unit: str | None = None
    fixed_unit: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None

    @property
    def sortable(self) -> bool:
        """Prose is not sortable: its values would not fit a skip token, and nobody sorts by it."""
        return not self.prose


@dataclass(frozen=True, slots=True)
class NavigationProperty:
    """A path to related entities. ``on`` pairs own properties with the target's, in either direction.

    ``dependent`` tells that this end holds the foreign key (and so carries the referential constraint).
    """

    name: str
    target: str
    collection: bool
    partner: str
    on: tuple[tuple[str, str], ...]
    label: str
    description: str
    dependent: bool
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class EntityType:
    """A flat entity type. ``key`` is the one key property's name."""

    name: str
    key: str
    properties: tuple[Property, ...]
    navigation: tuple[NavigationProperty, ...] = ()
    #: Names of the structural properties in publishing order.
    names: tuple[str, ...] = field(init=False, repr=False, compare=False, hash=False, default=())
    _by_name: Mapping[str, Property | NavigationProperty] = field(
        init=False, repr=False, compare=False, hash=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        members: dict[str, Property | NavigationProperty] = {p.name: p for p in self.properties}
        members.update({n.name: n for n in self.navigation})
        object.__setattr__(self, "_by_name", MappingProxyType(members))
        object.__setattr__(self, "names", tuple(p.name for p in self.properties))

    def property(self, name: str) -> Property | None:
        """The structural property of that exact name, or ``None``."""
        member = self._by_name.get(name)
        return member if isinstance(member, Property) else None

    def navigation_property(self, name: str) -> NavigationProperty | None:
        member = self._by_name.get(name)
        return member if isinstance(member, NavigationProperty) else None

    def member_names(self) -> tuple[str, ...]:
        return tuple(self._by_name)


@dataclass(frozen=True, slots=True, eq=False)
class EntitySet:
    """A published set: its type, its owner, and per kind of source where its rows come from.

    ``freshness`` is how many seconds old an answer may be, ``stale`` how many more while the ERP is away; ``None``
    leaves it to the deployment. Nothing of a set that ``must_be_live`` is kept. ``changed`` names the property that
    tells when a row was last changed, ``as_of`` one that no source has: when the row was read.
    """

    name: str
    type: EntityType
    label: str
    label_plural: str
    description: str
    system_of_record: str
    order: int = 0
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    freshness: int | None = None
    stale: int | None = None
    must_be_live: bool = False
    changed: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, eq=False)
class ServiceMetadata:
    """The whole published model, or a caller's view of it."""

    namespace: str
    version: str
    sets: tuple[EntitySet, ...]
    container: str = "Container"

    @cached_property
    def _by_name(self) -> Mapping[str, EntitySet]:
        return {s.name: s for s in self.sets}

    def entity_set(self, name: str) -> EntitySet | None:
        return self._by_name.get(name)

    def __getitem__(self, name: str) -> EntitySet:
        return self._by_name[name]

    def partner(self, navigation: NavigationProperty) -> str | None:
        """The name of the way back, where this view has it."""
        back = self.target(navigation).type.navigation_property(navigation.partner)
        return back.name if back is not None else None

    def target(self, navigation: NavigationProperty) -> EntitySet:
        """The entity set that a navigation property leads to."""
        return self._by_name[navigation.target]
