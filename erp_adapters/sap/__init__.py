"""SAP Gateway (S/4HANA, ECC): OData V2 services, described by the customer's own ``$metadata``.

How settings become an adapter is here. What is published is not known here: see ``erp_adapters.records``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from edm.model import ServiceMetadata
from erp_adapters.base import Adapter, source_of
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.sap import names
from erp_adapters.sap.source import Habits, SapSource
from erp_adapters.transport import OptionFault, Remote

#: The options of a source and their defaults.
OPTIONS: Mapping[str, Any] = {"client": None, "language": None, "features": [], "window": 1000, "values": 50}
FEATURES = ("not", "paths", "tolower")


def connect(remote: Remote, metadata: ServiceMetadata, name: str) -> Adapter:
    """The adapter for the sets of source ``name``. Nothing is asked yet. Raises ``OptionFault``."""
    source = SapSource(remote.open(), habits(remote.chosen(OPTIONS)), tuple(services(metadata, name)))
    return RecordAdapter(source, metadata, name)


def habits(options: Mapping[str, Any]) -> Habits:
    """What the options say of the system."""
    client, language = options["client"] or "", (options["language"] or "").upper()
    if client and not re.fullmatch(r"\d{3}", client, re.ASCII):
        raise OptionFault("options.client", f"is not three digits: {client!r}", 'client = "100"')
    if language and not re.fullmatch(r"[A-Z]{2}", language, re.ASCII):
        raise OptionFault("options.language", f"is not two letters: {language!r}", 'language = "EN"')
    odd = [feature for feature in options["features"] if feature not in FEATURES]
    if odd:
        raise OptionFault("options.features", f"has {odd[0]!r}, which is not one of {', '.join(FEATURES)}")
    for key, most in (("window", 5000), ("values", 500)):
        if not 1 <= options[key] <= most:
            raise OptionFault(f"options.{key}", f"is not a number from 1 to {most}: {options[key]}")
    return Habits(client, language, frozenset(options["features"]), options["window"], options["values"])


def services(metadata: ServiceMetadata, name: str) -> Iterator[str]:
    """The services that the sets of the source name, each once."""
    sections = [one.sources["sap"] for one in metadata.sets if "sap" in one.sources and source_of(one) == name]
    found = dict.fromkeys(entity for section in sections for entity in _entities(section))
    split = (names.split(entity) for entity in found)
    yield from dict.fromkeys(service for service, _ in filter(None, split))


def _entities(section: Mapping[str, Any]) -> Iterator[str]:
    tables = [section, *(table for key in ("joins", "totals") for table in _tables(section.get(key)))]
    yield from (table["entity"] for table in tables if isinstance(table.get("entity"), str))


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [table for table in value.values() if isinstance(table, Mapping)] if isinstance(value, Mapping) else []
