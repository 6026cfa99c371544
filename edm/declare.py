"""From the catalog's TOML to the model: one file per entity set, every fault at once.

Here are the keys of the format, what spans elements (keys, references, partners, names) and the
generation of inverse navigation. The rules for a single name or property are in ``edm.lint``. Any further
table of a file (``[sql]``, ``[sap]``...) says where the rows come from; it is kept as it stands, for the
adapter of that kind, and checked only for mapping each property once. The file ``VERSION`` of a directory has
the version of the model.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from edm.faults import CatalogError, Fault, Key, Place, take
from edm.lint import DESCRIPTION_LENGTH, LABEL_LENGTH, PUBLISHED, name_problems, property_problems
from edm.model import EntitySet, EntityType, NavigationProperty, Property, ServiceMetadata
from edm.primitives import DATE, DATE_TIME_OFFSET, STRING
from edm.versions import version_parts

__all__ = ["NAMESPACE", "VERSION", "CatalogError", "Fault", "load_directory", "load_texts"]

NAMESPACE = "ErpOData"
#: Of a model whose catalog states none.
VERSION = "1.0.0"
VERSION_FILE = "VERSION"
#: Seconds that an answer may be kept: a week, as long as links to next pages hold.
_LONGEST = 604_800

_TEXT, _FLAG, _NUMBER = Key(str, limit=DESCRIPTION_LENGTH), Key(bool), Key(int)
_LABEL, _DESCRIPTION = Key(str, True, LABEL_LENGTH), Key(str, True, DESCRIPTION_LENGTH)
_REFERENCE, _TABLE = Key(str, True), Key(dict, True)

_SET_KEYS: dict[str, Key] = {
    "entity_set": _REFERENCE, "entity_type": _REFERENCE, "label": _LABEL, "label_plural": _LABEL,
    "description": _DESCRIPTION, "system_of_record": _DESCRIPTION, "key": _REFERENCE, "order": _NUMBER,
    "freshness": _NUMBER, "stale": _NUMBER, "must_be_live": _FLAG, "changed": Key(str),
    "as_of": Key(str),
    "properties": _TABLE, "navigation": Key(dict),
}  # fmt: skip
_PROPERTY_KEYS: dict[str, Key] = {
    "type": _REFERENCE, "label": _LABEL, "description": _DESCRIPTION, "nullable": _FLAG,
    "max_length": _NUMBER, "precision": _NUMBER, "scale": _NUMBER,
    "searchable": _FLAG, "writable": _FLAG, "prose": _FLAG,
    "allowed": Key(list), "currency": _TEXT, "unit": _TEXT, "fixed_unit": _TEXT,
    "minimum": _NUMBER, "maximum": _NUMBER, "pattern": _TEXT,
}  # fmt: skip
_NAVIGATION_KEYS: dict[str, Key] = {
    "target": _REFERENCE, "on": _TABLE, "partner": _REFERENCE, "label": _LABEL, "description": _DESCRIPTION,
    "partner_label": _LABEL, "partner_description": _DESCRIPTION,
}  # fmt: skip
#: Children of the schema beside the entity types: the container and the terms of ``edm.annotations``.
_SCHEMA_CHILDREN = {"container": "the entity container", "systemofrecord": "a term of the schema"}


@dataclass(frozen=True, slots=True)
class _Link:
    """One declared navigation: the dependent end, of which the partner follows."""

    name: str
    values: Mapping[str, Any]
    own: str
    theirs: str
    place: Place

    @property
    def target(self) -> str:
        return str(self.values.get("target", ""))

    def forward(self, nullable: bool) -> NavigationProperty:
        partner, label, description = (self.values[k] for k in ("partner", "label", "description"))
        on = ((self.own, self.theirs),)
        return NavigationProperty(
            self.name, self.target, False, partner, on, label, description, dependent=True, nullable=nullable
        )

    def inverse(self, entity_set: str) -> NavigationProperty:
        name, label, description = (self.values[k] for k in ("partner", "partner_label", "partner_description"))
        on = ((self.theirs, self.own),)
        return NavigationProperty(
            name, entity_set, True, self.name, on, label, description, dependent=False, nullable=False
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    """A set as read from its file. A property that cannot be built is ``None``: declared, but not usable."""

    place: Place
    values: Mapping[str, Any]
    properties: dict[str, Property | None] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    links: list[_Link] = field(default_factory=list)
    sources: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        name = self.values.get("entity_set")
        return name if isinstance(name, str) else _stem(self.place.file)

    @property
    def key(self) -> str:
        return str(self.values.get("key", ""))

    def sound(self, name: str) -> Property | None:
        """The property, if it may be compared with others without repeating its own faults."""
        return None if name in self.faulty else self.properties.get(name)


def load_directory(directory: Traversable | Path, *, namespace: str = NAMESPACE) -> ServiceMetadata:
    """The model that the ``*.toml`` files of a directory declare, with the version in its file ``VERSION``."""
    texts, faults = {}, []
    for entry in directory.iterdir():
        if entry.name.endswith(".toml") or entry.name == VERSION_FILE:
            try:
                texts[entry.name] = entry.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                faults.append(Fault(entry.name, "", f"cannot be read as UTF-8 text: {error}"))
    version = texts.pop(VERSION_FILE, VERSION).strip()
    if version_parts(version) is None:
        faults.append(Fault(VERSION_FILE, "", f"{version!r} is no version", "three numbers, such as 1.2.0"))
    if not texts and not faults:
        faults.append(Fault(str(directory), "", "has no *.toml file", "one file per entity set"))
    return _load(texts, faults, namespace, version)


def load_texts(texts: Mapping[str, str], *, namespace: str = NAMESPACE, version: str = VERSION) -> ServiceMetadata:
    """The model that the given files (name -> TOML text) declare."""
    return _load(texts, [], namespace, version)


def _load(texts: Mapping[str, str], faults: list[Fault], namespace: str, version: str) -> ServiceMetadata:
    unreadable = {_stem(fault.file) for fault in faults}
    drafts: dict[str, _Draft] = {}
    for file, text in sorted(texts.items()):
        draft = _read(Place(file, faults), text)
        if draft is None:
            unreadable.add(_stem(file))
        else:
            drafts[draft.name if draft.name not in drafts else file] = draft
    _check_names(drafts.values())
    _check_links(drafts, unreadable)
    if faults:
        raise CatalogError(sorted(faults, key=lambda fault: fault.file))
    sets = sorted(_entity_sets(drafts), key=lambda entity_set: (entity_set.order, entity_set.name))
    return ServiceMetadata(namespace, version, tuple(sets))


def _stem(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".toml")


# Reading one file


def _read(place: Place, text: str) -> _Draft | None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else str(text.count("\n") + 1)
        place.at(f"line {line}").fault(f"is not TOML: {error}")
        return None
    own = {key: value for key, value in document.items() if key in _SET_KEYS or not _is_source(key, value)}
    values, faulty = take(own, _SET_KEYS, place)
    draft = _Draft(place, values)
    draft.sources.update({key: value for key, value in document.items() if key not in own})
    _read_properties(draft, values.get("properties", {}))
    if "key" not in faulty and "properties" not in faulty and draft.key not in draft.properties:
        place.at("key").unknown(f"{draft.key!r} is not a property of this set", draft.key, draft.properties)
    _check_ages(draft)
    for name, table in values.get("navigation", {}).items():
        _read_link(draft, name, table, place.at("navigation", name))
    for kind, section in draft.sources.items():
        _check_columns(draft, section.get("columns"), place.at(kind, "columns"))
    return draft


def _is_source(key: str, value: object) -> bool:
    """Any table with a name of its own; a misspelt ``[propertes]`` is not one."""
    return isinstance(value, dict) and not get_close_matches(key, _SET_KEYS, 1, 0.85)


def _check_name(name: str, place: Place) -> None:
    for problem in name_problems(name):
        place.fault(problem.message, problem.hint)


def _read_properties(draft: _Draft, tables: Mapping[str, Any]) -> None:
    seen: dict[str, str] = {}
    for name, table in tables.items():
        place, before = draft.place.at("properties", name), len(draft.place.faults)
        _check_name(name, place)
        if (first := seen.setdefault(name.lower(), name)) != name:
            place.fault(f"differs from {first!r} in case only")
        draft.properties[name] = _property(name, table, place, is_key=name == draft.key)
        if len(place.faults) > before:
            draft.faulty.add(name)
    for name, item in draft.properties.items():
        if item is not None:
            _check_measures(draft, item, draft.place.at("properties", name))


def _property(name: str, table: object, place: Place, *, is_key: bool) -> Property | None:
    if not isinstance(table, dict):
        place.fault("is not a table")
        return None
    values, faulty = take(table, _PROPERTY_KEYS, place)
    kind = PUBLISHED.get(values.get("type", ""))
    if kind is None:
        if "type" not in faulty:
            place.at("type").unknown(f"{values['type']!r} is not a published type", values["type"], PUBLISHED)
        return None
    facets = {"label": "", "description": "", "nullable": not is_key, **values, "type": kind}
    facets["allowed"] = tuple(values.get("allowed", ()))
    if kind == DATE_TIME_OFFSET:
        facets.setdefault("precision", 0)
    item = Property(name, **facets)
    for problem in property_problems(item, is_key=is_key):
        if problem.key not in faulty:
            place.at(problem.key).fault(problem.message, problem.hint)
    return item


def _check_ages(draft: _Draft) -> None:
    """How old answers may be, and the property that tells when a row was last changed."""
    values = draft.values
    for key in ("freshness", "stale"):
        if not 0 <= values.get(key, 0) <= _LONGEST:
            draft.place.at(key).fault(f"{values[key]} is not a number of seconds from 0 to {_LONGEST}")
    if values.get("must_be_live") and (values.get("freshness") or values.get("stale")):
        draft.place.at("must_be_live").fault("does not go with freshness or stale: nothing is kept of this set")
    for key, kinds in (("changed", (DATE_TIME_OFFSET, DATE)), ("as_of", (DATE_TIME_OFFSET,))):
        name = values.get(key)
        if name is None:
            continue
        if name not in draft.properties:
            draft.place.at(key).unknown(f"{name!r} is not a property of this set", name, draft.properties)
        elif (item := draft.properties[name]) is not None and item.type not in kinds:
            draft.place.at(key).fault(f"{name} is {item.type.name}", f"say {' or '.join(k.name for k in kinds)}")


def _check_measures(draft: _Draft, item: Property, place: Place) -> None:
    for key, name in (("currency", item.currency), ("unit", item.unit)):
        if name is None:
            continue
        if name not in draft.properties:
            place.at(key).unknown(f"{name!r} is not a property of this set", name, draft.properties)
        elif (other := draft.properties[name]) is not None and other.type != STRING:
            place.at(key).fault(f"{name} is {other.type.name}; a code is a String")


def _read_link(draft: _Draft, name: str, table: object, place: Place) -> None:
    _check_name(name, place)
    if not isinstance(table, dict):
        return place.fault("is not a table")
    values, faulty = take(table, _NAVIGATION_KEYS, place)
    if "partner" in values:
        _check_name(values["partner"], place.at("partner"))
    if "on" in faulty:
        return None
    if len(values["on"]) != 1:
        return place.at("on").fault("has more than one pair; a set has one key property")
    ((own, theirs),) = values["on"].items()
    if own not in draft.properties:
        place.at("on", own).unknown("is not a property of this set", own, draft.properties)
    draft.links.append(_Link(name, values, own, str(theirs), place))
    return None


def _check_columns(draft: _Draft, columns: object, place: Place) -> None:
    if columns is None:
        return None
    if not isinstance(columns, dict):
        return place.fault("is not a table")
    for name in draft.properties:
        if name == draft.values.get("as_of"):
            if name in columns:
                place.at(name).fault("is when the row was read, and no column")
        elif name not in columns:
            place.at(name).fault("is missing: every property needs its column")
    for name in columns:
        if name not in draft.properties:
            place.at(name).unknown("is not a property of this set", name, draft.properties)
    return None


# What spans files


def _check_names(drafts: Iterable[_Draft]) -> None:
    """Names of sets and types are unique, ignoring case: Salesforce does not tell them apart."""
    taken = dict(_SCHEMA_CHILDREN)
    for draft in drafts:
        stem = _stem(draft.place.file)
        if "entity_set" in draft.values and draft.name != stem:
            draft.place.at("entity_set").fault(f"{draft.name!r} is not the name of the file", f"say {stem!r}")
        for key, what in (("entity_set", "the set"), ("entity_type", "the type")):
            if (name := draft.values.get(key)) is None:
                continue
            place = draft.place.at(key)
            _check_name(name, place)
            if name.lower() in taken:
                place.fault(f"{name!r} is already the name of {taken[name.lower()]}, ignoring case")
            taken.setdefault(name.lower(), f"{what} in {draft.place.file}")


def _check_links(drafts: Mapping[str, _Draft], unreadable: set[str]) -> None:
    members = {name: {p.lower(): "a property" for p in draft.properties} for name, draft in drafts.items()}
    for name, draft in drafts.items():
        for link in draft.links:
            _claim(members[name], link.name, link.place)
    for draft in drafts.values():
        for link in draft.links:
            if link.target in drafts:
                _check_reference(draft, link, drafts[link.target])
                if "partner" in link.values:
                    _claim(members[link.target], link.values["partner"], link.place.at("partner"))
            elif link.target and link.target not in unreadable:
                link.place.at("target").unknown(f"{link.target!r} is not an entity set", link.target, drafts)


def _claim(members: dict[str, str], name: str, place: Place) -> None:
    if name.lower() in members:
        place.fault(f"{name!r} is already the name of {members[name.lower()]}, ignoring case")
    members.setdefault(name.lower(), f"the navigation property of {place.file}, {place.key}")


def _check_reference(draft: _Draft, link: _Link, target: _Draft) -> None:
    """A foreign key is the parent's key to the letter: Salesforce compares lookups by value and length."""
    place = link.place.at("on", link.own)
    if link.theirs != target.key and target.key:
        return place.fault(f"{link.theirs!r} is not the key of {target.name}", f"say {target.key!r}")
    own, theirs = draft.sound(link.own), target.sound(link.theirs)
    if own is None or theirs is None:
        return None
    for facet, mine, parents in (
        ("type", own.type.name, theirs.type.name),
        ("max_length", own.max_length, theirs.max_length),
    ):
        if mine != parents:
            place.fault(f"{facet} is {mine}, but {target.name}.{link.theirs} has {parents}")
    return None


# The model of a catalog without faults


def _entity_sets(drafts: Mapping[str, _Draft]) -> list[EntitySet]:
    ordered = sorted(drafts.values(), key=lambda draft: (draft.values.get("order", 0), draft.name))
    return [_entity_set(draft, ordered) for draft in ordered]


def _entity_set(draft: _Draft, everyone: Iterable[_Draft]) -> EntitySet:
    v = draft.values
    properties = tuple(item for item in draft.properties.values() if item is not None)
    nullable = {item.name: item.nullable for item in properties}
    forward = [link.forward(nullable[link.own]) for link in draft.links]
    inverse = [link.inverse(d.name) for d in everyone for link in d.links if link.target == draft.name]
    entity_type = EntityType(v["entity_type"], draft.key, properties, (*forward, *inverse))
    return EntitySet(
        draft.name, entity_type, v["label"], v["label_plural"], v["description"], v["system_of_record"],
        v.get("order", 0), draft.sources, v.get("freshness"), v.get("stale"), v.get("must_be_live", False),
        v.get("changed"), v.get("as_of"),
    )  # fmt: skip
