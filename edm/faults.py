"""Faults in configuration and catalog: reported with file and key, and all at once.

Here is what reading any TOML table by a list of its keys needs. What the keys of the catalog are, and
mean, is in ``edm.declare``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to correct: which file, which dotted key (``line 7`` if it is not TOML), what, and how."""

    file: str
    key: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class CatalogError(Exception):
    """The catalog is not a model; ``faults`` has everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the files we are, and the list that takes the faults."""

    file: str
    faults: list[Fault]
    key: str = ""

    def at(self, *keys: str) -> "Place":
        return Place(self.file, self.faults, ".".join(key for key in (self.key, *keys) if key))

    def fault(self, message: str, hint: str | None = None) -> None:
        self.faults.append(Fault(self.file, self.key, message, hint))

    def unknown(self, message: str, name: str, known: Iterable[str]) -> None:
        """A fault for a name that nothing has, with the nearest one that something has."""
        close = get_close_matches(name, list(known), 1)
        self.fault(message, f"did you mean {close[0]!r}?" if close else None)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table: its TOML type, whether it must be there, and how long a text may be."""

    type: type
    required: bool = False
    limit: int | None = None


_TYPE_NAMES = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    list: "a list of texts",
    dict: "a table",
}


def take(table: Mapping[str, Any], keys: Mapping[str, Key], place: Place) -> tuple[dict[str, Any], set[str]]:
    """The well-formed values of a table, and the names of the keys that are missing or not well-formed."""
    faulty = set()
    for name in table:
        if name not in keys:
            place.at(name).unknown("is not a key of this table", name, keys)
    for name, key in keys.items():
        if name in table:
            message = _value_fault(table[name], key)
        else:
            message = "is required" if key.required else None
        if message:
            place.at(name).fault(message)
            faulty.add(name)
    return {name: table[name] for name in keys if name in table and name not in faulty}, faulty


def _value_fault(value: object, key: Key) -> str | None:
    if type(value) is not key.type or (isinstance(value, list) and any(type(v) is not str for v in value)):
        return f"{value!r} is not {_TYPE_NAMES[key.type]}"
    if isinstance(value, str | dict | list) and not value:
        return "is empty"
    if isinstance(value, str) and (value != value.strip() or not value.isprintable()):
        return "has blanks at an end, or characters that cannot be printed"
    if isinstance(value, str) and key.limit is not None and len(value) > key.limit:
        return f"has {len(value)} characters, at most {key.limit} are allowed"
    return None
