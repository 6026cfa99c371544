"""From settings to a source: options and their faults, the built-in catalog by its name."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from edm.declare import load_directory
from erp_adapters.base import source_of
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.sap import OPTIONS, connect, habits, services
from erp_adapters.sap.source import SapSource
from erp_adapters.transport import OptionFault, Remote
from odata_server import compose, kinds
from odata_server.config import load

URL = "https://s4.example.com:44300/sap/opu/odata/sap/"


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ({"client": "1"}, "options.client", "is not three digits: '1'"),
        ({"client": 100}, "options.client", "must be a text"),
        ({"language": "english"}, "options.language", "is not two letters: 'ENGLISH'"),
        ({"features": ["nott"]}, "options.features", "has 'nott', which is not one of not, paths, tolower"),
        ({"features": "not"}, "options.features", "must be a list"),
        ({"window": 0}, "options.window", "is not a number from 1 to 5000: 0"),
        ({"values": 501}, "options.values", "is not a number from 1 to 500: 501"),
        ({"cleint": "100"}, "options.cleint", "is no option of this kind"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(OptionFault) as caught:
        habits(Remote(URL, options=options).chosen(OPTIONS))
    assert caught.value.key == key
    assert caught.value.message.startswith(message)


def test_options() -> None:
    found = habits(Remote(URL, options={"client": "100", "language": "de", "features": ["not"]}).chosen(OPTIONS))
    assert found.params == {"sap-client": "100", "sap-language": "DE"}
    assert (found.features, found.window, found.values) == (frozenset({"not"}), 1000, 50)


def test_the_catalog_by_its_name(tmp_path: Path) -> None:
    config = tmp_path / "erp.toml"
    config.write_text(
        f'catalog = "sap"\n[sources.sap]\nurl = "{URL}"\nuser = "reader"\n'
        'password = "secret"\noptions = { client = "100" }\n',
        encoding="utf-8",
    )
    settings = load(environ={"ERP_ODATA_CONFIG": str(config)}, serving=False).settings
    metadata = load_directory(compose.catalog(settings))
    assert {source_of(entity_set) for entity_set in metadata.sets} == {"sap"}
    adapter = kinds.connect(settings, "sap", metadata)
    assert isinstance(adapter, RecordAdapter)
    assert isinstance(adapter.source, SapSource)
    assert adapter.source.services[0] == "API_BUSINESS_PARTNER"
    assert len(adapter.source.services) == 8
    assert list(adapter.faults(metadata)) == []


def test_services_are_those_of_the_source_alone() -> None:
    metadata = load_directory(files("erp_adapters.sap") / "catalog")
    assert list(services(metadata, "another")) == []
    assert isinstance(connect(Remote(URL), metadata, "another"), RecordAdapter)
