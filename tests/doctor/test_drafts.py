"""Catalogs as ``init`` drafts them, without an edit: the doctor has nothing to refuse about them."""

from pathlib import Path

import pytest

from erp_adapters.base import Level
from odata_server.doctor.checks import examine
from odata_server.doctor.patient import Whole
from tests.init.business import business
from tests.init.schemas import load
from tests.init.support import Drafted, drafted
from tests.init.test_proposals import SCHEMAS
from tests.server.support import settings


def refused(found: Drafted, *but: str) -> dict[str, list[str]]:
    """What is wrong now, by check of the source."""
    whole = Whole(settings(), {}, found.metadata, found.client.service, iter(()))
    return {
        outcome.check.id: failures
        for outcome in examine(whole, sample=300)
        if outcome.source and outcome.check.id not in but
        if (failures := [f"{f.where}: {f.what}" for f in outcome.findings if f.level is Level.FAILURE])
    }


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_drafts_are_accepted(name: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.sqlite'}"
    load(url, SCHEMAS[name](business()))
    with drafted(url, tmp_path / "catalog") as found:
        assert refused(found) == {}


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["english", "german"])
def test_drafts_are_accepted_on_postgresql(name: str, postgres_url: str, tmp_path: Path) -> None:
    """But for the role: the tests' own is a superuser."""
    load(postgres_url, SCHEMAS[name](business()))
    with drafted(postgres_url, tmp_path / "catalog") as found:
        assert refused(found, "read-only") == {}
