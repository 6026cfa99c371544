"""A catalog without what an ERP does not have: releases differ, and a set is worth having without some of its fields.

What is left out takes along what needs it: joins their fields, properties the navigation by them, sets the navigation
to them. Files stay as they are written, comments included. What an ERP lacks is told by its adapter.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_HEADER = re.compile(r"\[([^\[\]]+)\]\s*(?:#.*)?")
_ASSIGNMENT = re.compile(r"([A-Za-z0-9_-]+|\"[^\"]+\")\s*=")


@dataclass(slots=True)
class Left:
    """What is left out of a set: all of it (with the reason), or properties, navigation, joins and totals by name."""

    because: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    navigation: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The files that are left, by name, and what was left out of each, sets that are gone included."""

    texts: Mapping[str, str]
    left: Mapping[str, Left]


def fit(texts: Mapping[str, str], lacks: Iterable[tuple[str, str, str]]) -> Fitted:
    """The catalog ``texts`` (file name -> TOML) without what ``lacks`` names, as ``Validates.lacks`` does: set, key
    within the file, what is wrong."""
    tables = {str(table["entity_set"]): (name, table) for name, table in _parsed(texts)}
    left = {name: Left() for name in tables}
    for entity_set, key, message in lacks:
        if entity_set in left:
            _note(left[entity_set], tables[entity_set][1], key, message)
    while _spread(left, {name: table for name, (_, table) in tables.items()}):
        pass
    kept = {}
    for name, (file, table) in tables.items():
        if not left[name].because:
            kept[file] = _without(texts[file], table, left[name])
    return Fitted(kept, left)


def _parsed(texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, text in texts.items():
        yield name, tomllib.loads(text)


def _note(left: Left, table: Mapping[str, Any], key: str, message: str) -> None:
    """What one fault leaves out: the property, join or total that it is about, or the whole set."""
    _, _, place = key.partition(".")
    part, _, rest = place.partition(".")
    name = rest.partition(".")[0]
    if part in ("fields", "columns") and name != table["key"]:
        left.properties[name] = message
    elif part in ("joins", "totals"):
        left.aliases[name] = message
    else:
        left.because = message


def _spread(left: Mapping[str, Left], tables: Mapping[str, Mapping[str, Any]]) -> bool:
    """What goes along with what is left out; whether that was anything."""
    before = _size(left)
    for name, table in tables.items():
        own = left[name]
        for section in _sections(table):
            for alias, needs in _needs(section):
                for need in needs & own.aliases.keys():
                    own.aliases.setdefault(alias, own.aliases[need])
            for prop, line in _lines(section).items():
                for alias in own.aliases:
                    if prop not in own.properties and _mentions(line, alias):
                        own.properties[prop] = own.aliases[alias]
        if table["key"] in own.properties and not own.because:
            own.because = own.properties[table["key"]]
        for navigation, link in table.get("navigation", {}).items():
            target = left.get(link["target"])
            if target is None or target.because or any(prop in own.properties for prop in link["on"]):
                own.navigation.add(navigation)
    return _size(left) != before


def _size(left: Mapping[str, Left]) -> int:
    return sum(bool(o.because) + len(o.properties) + len(o.navigation) + len(o.aliases) for o in left.values())


def _sections(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Where rows come from, per kind of ERP."""
    for value in table.values():
        if isinstance(value, Mapping) and ("fields" in value or "columns" in value):
            yield value


def _lines(section: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = section.get("fields") or section.get("columns") or {}
    return found


def _needs(section: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Each join and total with the joins whose fields it begins at."""
    for kind in ("joins", "totals"):
        for alias, there in section.get(kind, {}).items():
            yield alias, {own.partition(".")[0] for own in there.get("on", {}) if "." in own}


def _mentions(value: object, alias: str) -> bool:
    """Whether a line names a total, or a field of a join."""
    if isinstance(value, Mapping):
        return any(_mentions(item, alias) for item in (*value.keys(), *value.values()))
    if isinstance(value, list):
        return any(_mentions(item, alias) for item in value)
    if not isinstance(value, str):
        return False
    name = value.lstrip("+-")
    return name == alias or name.startswith(f"{alias}.")


# --- the text ---------------------------------------------------------------------------------------------------------


def _without(text: str, table: Mapping[str, Any], left: Left) -> str:
    """The file without the tables and lines of what is left out."""
    kept = (block for block in _blocks(text) if not _goes(block, left))
    return "".join("".join(_kept_lines(block, table, left)) for block in kept)


@dataclass(frozen=True, slots=True)
class _Block:
    """A table of the file with the comments before it; the first one has no header."""

    header: tuple[str, ...]
    lines: tuple[str, ...]


def _blocks(text: str) -> Iterator[_Block]:
    header: tuple[str, ...] = ()
    lines: list[str] = []
    waiting: list[str] = []
    for line in text.splitlines(keepends=True):
        found = _HEADER.fullmatch(line.strip())
        if found is not None:
            yield _Block(header, tuple(lines))
            header, lines, waiting = tuple(part.strip() for part in found[1].split(".")), [*waiting, line], []
        elif line.lstrip().startswith("#"):
            waiting.append(line)
        else:
            lines += [*waiting, line]
            waiting = []
    yield _Block(header, (*lines, *waiting))


def _goes(block: _Block, left: Left) -> bool:
    match block.header:
        case ("properties", name):
            return name in left.properties
        case ("navigation", name):
            return name in left.navigation
        case (_, "joins" | "totals", alias, *_):
            return alias in left.aliases
        case (_, "fields" | "columns", name, *_):
            return name in left.properties
    return False


def _kept_lines(block: _Block, table: Mapping[str, Any], left: Left) -> Iterator[str]:
    """An assignment goes with the lines that it goes on in."""
    going = False
    for line in block.lines:
        found = _ASSIGNMENT.match(line)
        if found is not None:
            going = _line_goes(block.header, found[1].strip('"'), table, left)
        elif not line.strip() or _HEADER.fullmatch(line.strip()):
            going = False
        if not going:
            yield line


def _line_goes(header: tuple[str, ...], name: str, table: Mapping[str, Any], left: Left) -> bool:
    match header:
        case ():
            return name in ("changed", "as_of") and table.get(name) in left.properties
        case ("properties", prop):
            return name in ("currency", "unit") and table["properties"][prop].get(name) in left.properties
        case (_, "fields" | "columns"):
            return name in left.properties
        case (_, "navigation"):
            return name in left.navigation
    return False
