"""JSON endpoints, declared in the catalog, of ERPs that have neither SQL nor OData."""

from collections.abc import Callable, Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.tables import tables
from erp_adapters.rest.declared import OPTIONS, Endpoint, endpoint
from erp_adapters.rest.rate import Bucket
from erp_adapters.rest.source import RestSource
from erp_adapters.transport import Anonymous, OptionFault, Remote, Token

KIND = "rest"
#: Options of the settings, with what they are if they are left out.
SETTINGS: Mapping[str, Any] = {
    "calls_per_second": 0.0,
    "burst": 1,
    "parameters": {},
    "headers": {},
    "key_parameter": "",
    "ping": "",
    "empty_is_null": False,
}


def connect(remote: Remote, metadata: ServiceMetadata, name: str) -> Adapter:
    """The adapter for the sets of the source ``name``. Connects to nothing yet."""
    declared, ambiguous = endpoints(metadata, name)
    return RecordAdapter(source(remote, declared, ambiguous), metadata, name, separator=".")


def source(remote: Remote, declared: Mapping[str, Endpoint], ambiguous: frozenset[str] = frozenset()) -> RestSource:
    """The API as it is configured."""
    options = remote.chosen(SETTINGS)
    for key in ("parameters", "headers"):
        if not all(isinstance(text, str) for text in options[key].values()):
            raise OptionFault(f"options.{key}", "must be a table of texts")
    rate, burst = float(options["calls_per_second"]), options["burst"]
    if rate < 0 or burst < 1:
        raise OptionFault("options.calls_per_second" if rate < 0 else "options.burst", "must be positive")
    in_query = bool(options["key_parameter"])
    return RestSource(
        remote.open(headers=options["headers"], credentials=Anonymous() if in_query else None),
        declared,
        remote.limits.pool_size,
        Bucket(rate, burst) if rate else None,
        options["ping"],
        _parameters(remote, options),
        options["empty_is_null"],
        ambiguous,
    )


def endpoints(metadata: ServiceMetadata, name: str) -> tuple[Mapping[str, Endpoint], frozenset[str]]:
    """The endpoints that sections, joins and totals declare, and the names of those that two declare in different ways.
    One that says nothing of its own means that of another section."""
    said: dict[str, list[Mapping[str, Any]]] = {}
    for entity, table in tables(metadata, KIND, name):
        options = {key: value for key, value in table.items() if key in OPTIONS}
        several = said.setdefault(entity, [])
        if options and options not in several:
            several.append(options)
    found = {entity: endpoint(several[0] if several else {}, entity)[0] for entity, several in said.items()}
    return found, frozenset(entity for entity, several in said.items() if len(several) > 1)


def _parameters(remote: Remote, options: Mapping[str, Any]) -> Callable[[], Mapping[str, str]]:
    """Those of every call; a key among them is read anew each time, so that it may be rotated."""
    fixed, key = options["parameters"], options["key_parameter"]
    if not key:
        return lambda: fixed
    token = remote.credentials
    if not isinstance(token, Token):
        raise OptionFault("options.key_parameter", "needs token or token_file")
    return lambda: {**fixed, key: token.token.get()}
