"""Names in a statement against the external objects: which field a path means, and over which lookups."""

from dataclasses import dataclass, field, replace

from salesforce.errors import SalesforceError
from salesforce.soql.syntax import Path, Select
from salesforce.sync import ExternalField, ExternalObject, Lookup, Synced

#: Relationships that one path may follow, and lookups that all paths of a statement together may join.
MAX_JOINS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A field: of ``object``, behind ``lookups``. ``field`` is ``None`` for what only Salesforce has: ``Id``,
    ``DisplayUrl`` and an ``ExternalId`` that is made of something else than one text, told apart by ``standard``.
    """

    object: ExternalObject
    field: ExternalField | None
    lookups: tuple[Lookup, ...] = ()
    standard: str = ""

    @property
    def here(self) -> "Found":
        """The same field, seen from its own object."""
        return replace(self, lookups=())


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one statement or sub-query over ``object``."""

    synced: Synced
    object: ExternalObject
    statement: str
    alias: str | None = None
    _known: dict[str, Found] = field(default_factory=dict, repr=False, compare=False)

    def find(self, path: Path) -> Found:
        """The field that a path means. Raises ``INVALID_FIELD``."""
        found = self._known.get(str(path))
        if found is None:
            found = self._known[str(path)] = self._find(path)
        return found

    def _find(self, path: Path) -> Found:
        names = self._own(path)
        at, lookups = self.object, []
        for name in names[:-1]:
            lookup = next((x for x in at.lookups if x.relationship.lower() == name.lower()), None)
            parent = self.synced.object(lookup.to) if lookup is not None else None
            if lookup is None or parent is None:
                raise self.invalid(
                    f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                    "relationship, be sure to append the '__r' after the custom relationship name.",
                    path.position,
                )
            lookups.append(lookup)
            at = parent
        return self._field(at, names[-1], tuple(lookups), path.position)

    def column(self, path: Path) -> str:
        """What a result calls the field: the path as it is written, without the object or its alias."""
        return ".".join(self._own(path))

    def _own(self, path: Path) -> tuple[str, ...]:
        first = path.names[0].lower()
        named = len(path.names) > 1 and first in (self.object.name.lower(), (self.alias or "").lower())
        return path.names[1:] if named else path.names

    def _field(self, at: ExternalObject, name: str, lookups: tuple[Lookup, ...], position: int) -> Found:
        lower = name.lower()
        if lower in ("id", "displayurl"):
            return Found(at, None, lookups, lower)
        if lower == "externalid" and at.external_id:
            keys = key_fields(at)
            return Found(at, keys[0] if len(keys) == 1 and keys[0].kind == "String" else None, lookups, lower)
        found = at.field(name)
        if found is None:
            raise self.invalid(
                f"No such column '{name}' on entity '{at.name}'. If you are attempting to use a custom field, be sure "
                "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for "
                "the appropriate names.",
                position,
            )
        return Found(at, found, lookups)

    def invalid(self, message: str, position: int) -> SalesforceError:
        return SalesforceError("INVALID_FIELD", message, text=self.statement, position=position)


def key_fields(source: ExternalObject) -> tuple[ExternalField, ...]:
    """The fields that the External ID is made of, in the order of the key."""
    by_source = {field.source: field for field in source.fields}
    return tuple(by_source[name] for name in source.external_id)


def object_named(synced: Synced, name: str, statement: str, position: int) -> ExternalObject:
    """The external object of a ``FROM``. Raises ``INVALID_TYPE``."""
    found = synced.object(name)
    if found is None:
        message = (
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
            "the '__x' after the entity name. Please reference your WSDL or the describe call for the appropriate "
            "names."
        )
        raise SalesforceError("INVALID_TYPE", message, text=statement, position=position)
    return found


def children_named(
    synced: Synced, parent: ExternalObject, select: Select, statement: str
) -> tuple[ExternalObject, Lookup]:
    """The children behind a sub-query's relationship, and the lookup that relates them. Raises ``INVALID_TYPE``."""
    for child in synced.objects:
        for lookup in child.lookups:
            if lookup.to == parent.name and lookup.children.lower() == select.source.lower():
                return child, lookup
    message = (
        f"Didn't understand relationship '{select.source}' in FROM part of query call. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name."
    )
    raise SalesforceError("INVALID_TYPE", message, text=statement, position=select.position)
