"""What a service says of itself: ``$metadata`` with SAP's annotations, read by pyodata, as plain values.

A property whose type is unknown stays and has no type; what cannot be read at all is a broken contract. How conditions
are written is not known here.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyodata.exceptions import PyODataException
from pyodata.v2 import model

from edm import primitives
from edm.primitives import PrimitiveType
from erp_adapters.base import ContractBroken

# It warns of every annotation that it does not know: hundreds of lines for one service.
logging.getLogger("pyodata.model").setLevel(logging.ERROR)

#: What a property of that Edm type holds: numbers are exact once read. ``Edm.DateTime`` is told apart by its precision.
TYPES: Mapping[str, PrimitiveType] = {
    "Edm.Binary": primitives.BINARY,
    "Edm.Boolean": primitives.BOOLEAN,
    "Edm.Byte": primitives.BYTE,
    "Edm.DateTimeOffset": primitives.DATE_TIME_OFFSET,
    "Edm.Decimal": primitives.DECIMAL,
    "Edm.Double": primitives.DECIMAL,
    "Edm.Guid": primitives.GUID,
    "Edm.Int16": primitives.INT16,
    "Edm.Int32": primitives.INT32,
    "Edm.Int64": primitives.INT64,
    "Edm.SByte": primitives.SBYTE,
    "Edm.Single": primitives.DECIMAL,
    "Edm.String": primitives.STRING,
    "Edm.Time": primitives.TIME_OF_DAY,
}


@dataclass(frozen=True, slots=True)
class Field:
    """A property. ``edm`` is its type in the service, ``type`` what that holds.

    ``restriction`` is SAP's ``filter-restriction``: ``single-value``, ``multi-value``, ``interval``, or none.
    """

    name: str
    edm: str
    type: PrimitiveType | None
    nullable: bool = True
    max_length: int | None = None
    precision: int = 0
    scale: int = 0
    filterable: bool = True
    sortable: bool = True
    restriction: str = ""
    required: bool = False
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An entity type or a structured type: its fields, the structures in it, and the types that its links lead to."""

    name: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ()
    structures: Mapping[str, str] = ()  # type: ignore[assignment]
    links: Mapping[str, tuple[str, bool]] = ()  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A set that may be asked for. ``demanding``: not without a condition."""

    name: str
    shape: Shape
    top: bool
    skip: bool
    count: bool
    demanding: bool


@dataclass(frozen=True, slots=True)
class Service:
    """All of one service."""

    sets: Mapping[str, EntitySet]
    shapes: Mapping[str, Shape]

    def path(self, shape: Shape, name: str) -> tuple[Field, tuple[str, ...]] | None:
        """The field that ``name`` leads to, perhaps by way of structures and single links, and those links."""
        *before, last = name.split("/")
        links: list[str] = []
        at: Shape | None = shape
        for step in before:
            at, link = self._step(at, step)
            if at is None:
                return None
            if link:
                links.append(step)
        found = at.fields.get(last) if at else None
        return None if found is None else (found, tuple(links))

    def _step(self, shape: Shape | None, name: str) -> tuple[Shape | None, bool]:
        if shape is not None and name in shape.structures:
            return self.shapes.get(shape.structures[name]), False
        if shape is not None and name in shape.links:
            target, many = shape.links[name]
            return (None if many else self.shapes.get(target)), True
        return None, False


def read(text: bytes, service: str) -> Service:
    """The description of a service. Whatever is wrong with it is its own fault, never a crash."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\x00" in text[:64]:
        raise ContractBroken(service, "its $metadata declares entities or is no UTF-8")
    config = model.Config(default_error_policy=model.PolicyIgnore(), retain_null=True)
    try:
        return _service(model.MetadataBuilder(text, config).build(), _summed_up(text))
    except (PyODataException, AttributeError, KeyError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise ContractBroken(service, f"its $metadata cannot be read: {type(error).__name__}: {error}") from error


#: The types of analytical sets: what is not selected is summed up, so that there are no records to speak of.
_ANALYTICAL = re.compile(rb"<EntityType\s[^>]*sap:semantics\s*=\s*[\"']aggregate[\"'][^>]*>")
_NAME = re.compile(rb"\sName\s*=\s*[\"']([^\"']*)[\"']")


def _summed_up(text: bytes) -> frozenset[str]:
    """pyodata does not read that annotation."""
    found = (_NAME.search(tag) for tag in _ANALYTICAL.findall(text))
    return frozenset(name[1].decode(errors="replace") for name in found if name)


def _service(schema: Any, summed_up: frozenset[str]) -> Service:
    shapes = {one.name: _shape(one) for one in schema.complex_types if _sound(one)}
    shapes |= {one.name: _shape(one) for one in schema.entity_types if _sound(one)}
    there = [one for one in schema.entity_sets if one.addressable and _sound(one.entity_type)]
    sets = {one.name: _set(one, shapes) for one in there if one.entity_type.name not in summed_up}
    return Service(sets, shapes)


def _sound(part: Any) -> bool:
    return not isinstance(part, model.NullType | model.NullAssociation)


def _set(found: Any, shapes: Mapping[str, Shape]) -> EntitySet:
    return EntitySet(
        name=found.name,
        shape=shapes[found.entity_type.name],
        top=found.topable,
        skip=found.pageable,
        count=found.countable,
        demanding=found.requires_filter,
    )


def _shape(found: Any) -> Shape:
    properties = found.proprties()
    simple = [one for one in properties if one.type_info.namespace is None and not one.type_info.is_collection]
    structured = {one.name: one.type_info.name for one in properties if one.type_info.namespace is not None}
    entity = isinstance(found, model.EntityType)
    return Shape(
        name=found.name,
        fields={one.name: _field(one) for one in simple},
        key=tuple(one.name for one in found.key_proprties) if entity else (),
        structures=structured,
        links=dict(_links(found)) if entity else {},
    )


def _links(found: Any) -> list[tuple[str, tuple[str, bool]]]:
    return [
        (one.name, (one.to_role.entity_type_name, one.to_role.multiplicity == model.EndRole.MULTIPLICITY_ZERO_OR_MORE))
        for one in found.nav_proprties
        if _sound(one.association) and one.to_role is not None
    ]


def _field(found: Any) -> Field:
    edm = found.type_info.name
    limited = found.max_length is not None and found.max_length > 0
    return Field(
        name=found.name,
        edm=edm,
        type=_type(edm, found),
        nullable=found.nullable,
        max_length=found.max_length if limited else None,
        precision=found.precision,
        scale=found.scale,
        filterable=found.filterable,
        sortable=found.sortable,
        restriction=found.filter_restriction or "",
        required=found.required_in_filter,
        upper=found.upper_case,
    )


def _type(edm: str, found: Any) -> PrimitiveType | None:
    """ABAP's days arrive as ``Edm.DateTime`` without fractions of a second, its moments with them."""
    if edm == "Edm.DateTime":
        moment = found.precision > 0 and not found.date
        return primitives.DATE_TIME_OFFSET if moment else primitives.DATE
    return TYPES.get(edm)
