"""Another OData V4 service as the ERP: Business Central, Dynamics, SAP, or a service of this kind."""

from collections.abc import Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.odata.options import OPTIONS, faults, layered
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.tables import tables
from erp_adapters.transport import OptionFault, Remote

KIND = "odata"


def connect(remote: Remote, metadata: ServiceMetadata, name: str) -> Adapter:
    """The adapter for the sets of the source ``name``. Connects to nothing yet."""
    return RecordAdapter(source(remote, sections(metadata, name)), metadata, name)


def source(remote: Remote, declared: Mapping[str, Mapping[str, Any]]) -> ODataSource:
    """The service as it is configured."""
    for key, message in faults(remote.options, section=False):
        raise OptionFault(f"options.{key}", message)
    return ODataSource(remote.open(), remote.options, declared, remote.limits.pool_size)


def sections(metadata: ServiceMetadata, name: str) -> Mapping[str, Mapping[str, Any]]:
    """The sound options of entities, put together from sections, joins and totals."""
    found: dict[str, Mapping[str, Any]] = {}
    for entity, table in tables(metadata, KIND, name):
        options = {key: value for key, value in table.items() if key in OPTIONS}
        if not any(faults(options, section=True)):
            found[entity] = layered(found.get(entity, {}), options)
    return found
