"""The contract: what clients may rely on of a published model, whoever publishes it, and its snapshot as text.

A reduced form: names, types, facets, keys, references, capabilities, labels; nothing of where data come from. It is
read from ``$metadata`` (``salesforce.contract``), so that a catalog, a running service and a document are compared
alike; elements stand in the order of their names. What a difference means is in ``edm.contract_rules``, finding them
in ``edm.contract_diff``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, TypeVar

#: First member of a snapshot: what it is, and in which form.
FORMAT = "erp-odata contract 1"


class ContractError(ValueError):
    """The text is no snapshot of a contract."""


@dataclass(frozen=True, slots=True)
class PublishedProperty:
    """A structural property; those of complex types are ``Address/City``. ``allowed`` are all values there can be."""

    name: str
    type: str = "Edm.String"
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    variable_scale: bool = False
    writable: bool = True
    filterable: bool = True
    sortable: bool = True
    allowed: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    pattern: str | None = None
    unit: str | None = None
    label: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class PublishedNavigation:
    """``target`` is the set if it is known, else the type; ``on`` pairs own properties with the target's."""

    name: str
    target: str
    collection: bool = False
    nullable: bool = True
    on: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """``can`` names what the set says it can do: ``filter``, ``search``, ``insert`` ..."""

    name: str
    type: str = ""
    key: tuple[str, ...] = ()
    can: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    owner: str = ""
    properties: tuple[PublishedProperty, ...] = ()
    navigation: tuple[PublishedNavigation, ...] = ()

    def property(self, name: str) -> PublishedProperty | None:
        return next((found for found in self.properties if found.name == name), None)


@dataclass(frozen=True, slots=True)
class Contract:
    """``version`` is that of the model (``Core.SchemaVersion``), empty if the service states none. ``other`` are the
    container's singletons, functions and actions, by name.
    """

    namespace: str
    version: str = ""
    sets: tuple[PublishedSet, ...] = ()
    other: tuple[str, ...] = ()

    def entity_set(self, name: str) -> PublishedSet | None:
        return next((found for found in self.sets if found.name == name), None)


# The snapshot: JSON, sorted, one line per property, so that version control shows each change where it is

Element = PublishedProperty | PublishedNavigation | PublishedSet | Contract
E = TypeVar("E", PublishedProperty, PublishedNavigation, PublishedSet, Contract)
_NESTED = ("name", "sets", "properties", "navigation")


def to_text(contract: Contract) -> str:
    """The snapshot."""
    lines = [f'"format": {_json(FORMAT)}', *_members(contract)]
    sets = ",\n".join(map(_set_lines, contract.sets))
    return "{\n" + "".join(f" {line},\n" for line in lines) + f' "sets": {{\n{sets}\n }}\n}}\n'


def _set_lines(found: PublishedSet) -> str:
    lines = list(_members(found))
    for part in ("properties", "navigation"):
        elements: Sequence[PublishedProperty | PublishedNavigation] = getattr(found, part)
        inner = ",\n".join(f"    {_json(each.name)}: {{{', '.join(_members(each))}}}" for each in elements)
        lines.append(f'"{part}": {{\n{inner}\n   }}' if inner else f'"{part}": {{}}')
    return f"  {_json(found.name)}: {{\n" + ",\n".join(f"   {line}" for line in lines) + "\n  }"


def _members(element: Element) -> Iterator[str]:
    """What differs from the default, each as a JSON member."""
    for field in fields(element):
        value = getattr(element, field.name)
        if field.name not in _NESTED and value != field.default:
            yield f'"{field.name}": {_json(value)}'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def from_text(text: str) -> Contract:
    """Reads a snapshot. Raises ``ContractError`` for what is none."""
    try:
        root = json.loads(text)
    except ValueError as error:
        raise ContractError(f"is not JSON: {error}") from None
    if not isinstance(root, dict) or root.get("format") != FORMAT:
        raise ContractError(f'is no snapshot: its "format" is not {FORMAT!r}')
    sets = tuple(_read_set(name, value) for name, value in _table(root.get("sets"), "sets"))
    plain = {name: value for name, value in root.items() if name not in ("format", "sets")}
    return replace(_element(Contract, plain, "the contract"), sets=sets)


def _read_set(name: str, value: Any) -> PublishedSet:
    table = dict(_table(value, name))
    properties = _parts(PublishedProperty, name, table.pop("properties", {}))
    navigation = _parts(PublishedNavigation, name, table.pop("navigation", {}))
    own = _element(PublishedSet, {"name": name, **table}, name)
    return replace(own, properties=properties, navigation=navigation)


def _parts(kind: type[E], owner: str, value: Any) -> tuple[E, ...]:
    found = _table(value, owner)
    return tuple(_element(kind, {"name": name, **_as_dict(each)}, f"{owner}/{name}") for name, each in found)


def _as_dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContractError(f"{value!r} is not a table")
    return value


def _table(value: Any, place: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise ContractError(f"{place} is not a table")
    return list(value.items())


def _element(kind: type[E], members: Mapping[str, Any], place: str) -> E:
    """An element of its members; lists become tuples."""
    known = {field.name: field for field in fields(kind) if field.name not in ("sets", "properties", "navigation")}
    for name in members:
        if name not in known:
            raise ContractError(f"{place}: {name!r} is not known in {FORMAT!r}")
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in members:
            values[name] = _frozen(members[name])
            if field.default is not MISSING and not _alike(values[name], field.default, str(field.type)):
                raise ContractError(f"{place}: {name} is {members[name]!r}")
        elif field.default is MISSING:
            raise ContractError(f"{place}: {name} is missing")
    return kind(**values)


def _alike(value: object, default: object, annotation: str) -> bool:
    """Whether a value is of the kind that the field has; a field without a default value names its kind."""
    if default is None:
        return type(value).__name__ in annotation
    return type(value) is type(default)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
