"""What everything that reads the ``[sql]`` section shares: names and columns."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from erp_adapters.sections import Faults
from erp_adapters.sql_codecs import ColumnRef

_QUOTED = re.compile(r'"((?:[^"]|"")+)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Names:
    """What a name can lead to beside a column: ``pseudo`` has the pseudo-columns of the set's own rows (``""``) and of
    each join, ``totals`` the totals."""

    pseudo: Mapping[str, Collection[str]] = field(default_factory=lambda: {"": ()})
    totals: Collection[str] = ()

    @property
    def joins(self) -> list[str]:
        return [alias for alias in self.pseudo if alias]


def unquoted(name: str) -> str:
    """A name without the quotation marks that it may be written in."""
    found = _QUOTED.fullmatch(name)
    return name if found is None else found[1].replace('""', '"')


def column_of(key: str, value: object, names: Names, faults: Faults) -> ColumnRef | None:
    """The column that a text names: ``COLUMN``, ``join.COLUMN``, ``total``, ``@pseudo``. In quotation marks it is a
    column, whatever its name."""
    if not isinstance(value, str) or not value:
        faults.add(key, f"is not a column: {value!r}")
        return None
    bare = unquoted(value)
    if bare != value:
        return ColumnRef("", bare)
    alias, dot, name = value.partition(".")
    if not dot:
        if value in names.totals:
            return ColumnRef(value, "")
        alias, name = "", value
    elif alias not in names.pseudo or not alias or not name:
        hint = f"; a column with a dot in its name is written '\"{value}\"'"
        faults.add(key, f"names the join {alias!r}, which is not declared before{hint}")
        return None
    if name.startswith("@") and name not in names.pseudo[alias]:
        there = ", ".join(sorted(names.pseudo[alias])) or "none"
        faults.add(key, f"{name} is no pseudo-column here; there is {there}")
        return None
    return ColumnRef(alias, unquoted(name))
