"""What everything that reads a kind's section of the catalog shares: faults with their keys, and names."""

from collections.abc import Collection, Mapping
from typing import Any


class Faults(list[tuple[str, str]]):
    """(key within the section, what is wrong with it)."""

    def add(self, key: str, message: str) -> None:
        self.append((key, message))


def unknown(key: str, table: Mapping[str, Any], known: Collection[str], faults: Faults) -> None:
    for name in table:
        if name not in known:
            faults.add(f"{key}.{name}".lstrip("."), f"is not known here; known are {', '.join(sorted(known))}")


def name_of(key: str, value: object, faults: Faults) -> str:
    if isinstance(value, str) and value:
        return value
    faults.add(key, "is missing" if value is None else f"is not a name: {value!r}")
    return ""
