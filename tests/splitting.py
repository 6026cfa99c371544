"""A service whose sets are in several databases: which set is where, and a catalog that says so."""

from collections.abc import Mapping
from dataclasses import replace

from edm.model import EntitySet, ServiceMetadata
from erp_adapters import sql
from erp_adapters.base import DEFAULT_SOURCE, Adapter
from erp_adapters.wrappers import Routed

#: Related sets apart from each other, lines apart from their headers.
ELSEWHERE = dict.fromkeys(
    ("Invoices", "Payments", "Warehouses", "SalesOrderLines", "ShipmentLines", "Prices", "Things"), "finance"
)


def split(metadata: ServiceMetadata, elsewhere: Mapping[str, str] = ELSEWHERE) -> ServiceMetadata:
    """The model with each set's source."""
    return replace(metadata, sets=tuple(_placed(found, elsewhere.get(found.name)) for found in metadata.sets))


def _placed(entity_set: EntitySet, source: str | None) -> EntitySet:
    if source is None:
        return entity_set
    return replace(entity_set, sources={kind: {**s, "source": source} for kind, s in entity_set.sources.items()})


def routed(metadata: ServiceMetadata, urls: Mapping[str, str]) -> Routed:
    """The adapter over the databases at ``urls``, by source; ``metadata`` says which set is where."""
    sources: dict[str, Adapter] = {name: sql.connect(url, metadata, source=name) for name, url in urls.items()}
    return Routed(metadata, sources)


def mixed(here: str, there: str) -> dict[str, str]:
    """The URLs of two databases."""
    return {DEFAULT_SOURCE: here, "finance": there}
