"""What the database itself says: types, nullability and collation of the columns that the catalog names.

Read once per engine by the database's ``Driver``; indexes, COLLATE clauses and null handling depend on it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from erp_adapters.dialects_base import Dialect
from erp_adapters.sql_section import unquoted
from erp_adapters.sql_values import UNKNOWN, ColumnFacts


@dataclass(frozen=True, slots=True)
class Source:
    """The dialect, with what was learnt of this database, and the facts of its tables: table -> column -> facts."""

    dialect: Dialect
    tables: Mapping[str, Mapping[str, ColumnFacts]]

    def facts(self, table: str, column: str) -> ColumnFacts:
        """What is known of a column; ``UNKNOWN`` if the database has none of that name."""
        return self.tables.get(table, {}).get(column, UNKNOWN)


_T = TypeVar("_T")


class AnyCase(dict[str, _T]):
    """Columns of a database that does not tell apart the letter case of their names."""

    def __setitem__(self, name: str, value: _T) -> None:
        super().__setitem__(name.lower(), value)

    def get(self, name: str, default: Any = None) -> Any:
        """The column, however its name is written."""
        return super().get(name.lower(), default)


#: A name in quotation marks, with what stands before it.
_QUOTED = re.compile(r'(?:(.*)\.)?("(?:[^"]|"")+")', re.DOTALL)


def split(table: str, *, schemas: bool = True) -> tuple[str | None, str]:
    """Schema and name of a table that the catalog names as ``schema.table`` or ``table``, each in quotation marks if it
    has a dot itself. A database without schemas takes dots as they are."""
    if not schemas:
        return None, unquoted(table)
    found = _QUOTED.fullmatch(table)
    schema, name = (found[1] or "", found[2]) if found else table.rpartition(".")[::2]
    return unquoted(schema) or None, unquoted(name)
