"""What everything that reads the ``[sql]`` section shares: faults with their keys, names, columns."""

from collections.abc import Collection, Mapping
from typing import Any

from erp_adapters.sql_codecs import ColumnRef


class Faults(list[tuple[str, str]]):
    """(key within the section, what is wrong with it)."""

    def add(self, key: str, message: str) -> None:
        self.append((key, message))


def unknown(key: str, table: Mapping[str, Any], known: set[str], faults: Faults) -> None:
    for name in table:
        if name not in known:
            faults.add(f"{key}.{name}".lstrip("."), f"is not known here; known are {', '.join(sorted(known))}")


def name_of(key: str, value: object, faults: Faults) -> str:
    if isinstance(value, str) and value:
        return value
    faults.add(key, "is missing" if value is None else f"is not a name: {value!r}")
    return ""


def column_of(key: str, value: object, joins: Collection[str], faults: Faults) -> ColumnRef | None:
    if not isinstance(value, str) or not value:
        faults.add(key, f"is not a column: {value!r}")
        return None
    alias, dot, name = value.partition(".")
    if not dot:
        return ColumnRef("", value)
    if alias not in joins:
        faults.add(key, f"names the join {alias!r}, which is not declared before")
        return None
    return ColumnRef(alias, name)
