"""What readers of a line in ``[sql.columns]`` share. Those of each family of codecs are in ``sql_readers_*``; which
line goes to which is in ``sql_columns``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from edm.model import Property
from edm.primitives import PrimitiveType
from erp_adapters.sections import Faults
from erp_adapters.sql_codecs import ColumnRef
from erp_adapters.sql_section import Names, column_of

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the codec of one property."""

    key: str
    property: Property
    names: Names
    faults: Faults

    def fault(self, message: str) -> None:
        """Notes the fault; there is no codec then."""
        self.faults.add(self.key, message)

    def column(self, value: object) -> ColumnRef | None:
        return column_of(self.key, value, self.names, self.faults)

    def typed(self, *kinds: PrimitiveType) -> bool:
        if self.property.type in kinds:
            return True
        self.fault(f"maps to {' or '.join(k.name for k in kinds)}, but the property is {self.property.type.name}")
        return False

    def number(self, value: object) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 18:
            return value
        self.fault(f"decimals is not a number from 0 to 18: {value!r}")
        return None

    def check_scale(self, decimals: int) -> None:
        if self.property.scale is not None and decimals > self.property.scale:
            self.fault(f"has {decimals} decimals, but the property's scale is {self.property.scale}")

    def trim(self, line: Line) -> bool:
        trim = line.get("trim", False)
        if not isinstance(trim, bool):
            self.fault(f"trim is neither true nor false: {trim!r}")
        return bool(trim)

    def width(self, name: str, value: object) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 255:
            return value
        self.fault(f"{name} is not a number from 1 to 255: {value!r}")
        return None

    def codes(self, name: str, value: object) -> tuple[str, ...] | None:
        """A list of codes as texts: the column may hold integers or Booleans."""
        if isinstance(value, list) and value and all(isinstance(code, str | int) for code in value):
            return tuple(str(code).lower() if isinstance(code, bool) else str(code) for code in value)
        self.fault(f'{name} is not a list of codes such as ["X", "1"]')
        return None

    def one_of(self, name: str, value: object, known: Collection[str]) -> str | None:
        if isinstance(value, str) and value in known:
            return value
        self.fault(f"{name} is {value!r}, which is not one of {', '.join(known)}")
        return None

    def zone(self, value: object) -> str | None:
        try:
            ZoneInfo(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
            self.fault(f'timezone is not a name such as "Europe/Berlin": {value!r}')
            return None
        return str(value)
