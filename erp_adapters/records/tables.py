"""The tables of a kind's sections that name an entity: the section itself, its joins, its totals."""

from collections.abc import Iterator, Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import source_of


def tables(metadata: ServiceMetadata, kind: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(entity, table) of the sets whose catalog names the source ``name``; what is not well-formed is left out."""
    for entity_set in metadata.sets:
        section = entity_set.sources.get(kind)
        if section is None or source_of(entity_set) != name:
            continue
        several = [section.get(key) for key in ("joins", "totals")]
        for table in (section, *(one for part in several if isinstance(part, Mapping) for one in part.values())):
            if isinstance(table, Mapping) and isinstance(table.get("entity"), str):
                yield table["entity"], table
