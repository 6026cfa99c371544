"""Stored in every way that the mapping knows, and read right: the doctor takes none of it for a fault."""

from contextlib import closing

import pytest

from erp_adapters import sql
from erp_adapters.base import Level
from odata_server.doctor.checks import examine
from odata_server.doctor.patient import Whole
from odata_server.service import Service
from tests.adapters import quirks
from tests.server.support import settings


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        found = f"sqlite:///{tmp_path_factory.mktemp('quirks') / 'quirks.sqlite'}"
    else:
        found = str(request.getfixturevalue("postgres_url"))
    quirks.create(found)
    return found


def test_no_codec_is_a_fault(url: str) -> None:
    with closing(sql.connect(url, quirks.METADATA)) as adapter:
        service = Service(quirks.METADATA, adapter, (b"s" * 32,))
        whole = Whole(settings(), {}, quirks.METADATA, service, iter(()))
        found = {
            outcome.check.id: [(f.where, f.what) for f in outcome.findings if f.level is Level.FAILURE]
            for outcome in examine(whole, sample=200)
            if outcome.check.id in ("columns", "types", "values", "key", "indexes", "page-size", "budget")
        }
    assert {check: wrong for check, wrong in found.items() if wrong} == {}
