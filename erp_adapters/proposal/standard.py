"""The published model that a proposal aims at: the sets, properties and relations of the built-in catalog."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class StandardSet:
    """A set of the built-in catalog as its file says it."""

    name: str
    head: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]]
    navigation: Mapping[str, Mapping[str, Any]]

    @property
    def key(self) -> str:
        return str(self.head["key"])

    @property
    def number(self) -> str:
        """The property with the number that people know; the key, where the key is no joined one."""
        return NUMBERS.get(self.name, self.key)

    def foreign(self) -> dict[str, str]:
        """Properties that hold the key of another set -> that set."""
        return {next(iter(table["on"])): str(table["target"]) for table in self.navigation.values()}


#: The number within, where the key of a set is joined.
NUMBERS = {
    "Inventory": "",
    "Prices": "",
    "SalesOrderLines": "LineNumber",
    "ShipmentLines": "LineNumber",
    "InvoiceLines": "LineNumber",
}


@lru_cache(maxsize=1)
def standard() -> Mapping[str, StandardSet]:
    """All sets by name."""
    found = {}
    for entry in (files("erp_adapters") / "catalog").iterdir():
        if entry.name.endswith(".toml"):
            document = tomllib.loads(entry.read_text(encoding="utf-8"))
            head = {k: v for k, v in document.items() if not isinstance(v, dict)}
            name = str(head["entity_set"])
            found[name] = StandardSet(name, head, document["properties"], document.get("navigation", {}))
    return dict(sorted(found.items(), key=lambda item: item[1].head.get("order", 0)))
