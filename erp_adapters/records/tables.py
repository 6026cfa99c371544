"""The tables of a kind's sections that name an entity: the section itself, its joins, its totals."""

from collections.abc import Iterator, Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import source_of


def named(section: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(key, table) of a section, its joins and its totals; the key of the section itself is empty."""
    yield "", section
    for kind in ("joins", "totals"):
        several = section.get(kind)
        for alias, table in several.items() if isinstance(several, Mapping) else ():
            if isinstance(table, Mapping):
                yield f"{kind}.{alias}", table


def tables(metadata: ServiceMetadata, kind: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(entity, table) of the sets whose catalog names the source ``name``; what is not well-formed is left out."""
    for entity_set in metadata.sets:
        section = entity_set.sources.get(kind)
        if section is None or source_of(entity_set) != name:
            continue
        for _, table in named(section):
            if isinstance(table.get("entity"), str):
                yield table["entity"], table
