"""The complete examples of documentation pages, taken from the pages themselves and run."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from edm.declare import load_texts
from edm.model import ServiceMetadata
from odata_server import kinds
from odata_server.service import Service, ServiceOptions
from odata_server.settings import Settings
from odata_server.sources import SourceSettings
from tests.engine.small import NOW, SECRET

DOCS = Path(__file__).parents[2] / "docs"
_FILE = re.compile(r"<!-- example: (\S+) -->\n```toml\n(.*?)```", re.DOTALL)


def files(page: str) -> Mapping[str, str]:
    """The files that a page shows, by name."""
    return dict(_FILE.findall((DOCS / page).read_text(encoding="utf-8")))


def model(page: str) -> ServiceMetadata:
    """The model of the page's catalog."""
    return load_texts({name: text for name, text in files(page).items() if name.endswith(".toml")})


def service(page: str, source: str, **changes: Any) -> Service:
    """The service of a page, its source with ``changes`` where the page has a place that does not exist."""
    shown: dict[str, Any] = tomllib.loads(files(page)["settings"])["sources"][source]
    dropped = {name for name, value in changes.items() if value is None}
    table = {name: value for name, value in {"kind": source, **shown, **changes}.items() if name not in dropped}
    metadata = model(page)
    settings = Settings(secret_key=SecretStr(SECRET.decode()), sources={source: SourceSettings(**table)})
    adapter = kinds.connect(settings, source, metadata)
    assert list(adapter.faults(metadata)) == []  # type: ignore[attr-defined]
    return Service(metadata, adapter, (SECRET,), ServiceOptions(), clock=lambda: NOW)
