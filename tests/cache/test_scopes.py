"""Two principals with different row scopes and hidden columns never get each other's bytes; ``make scopes`` asks 100,000
pairs.
"""

from dataclasses import replace

import pytest

from edm.query import Query
from erp_adapters.cache.key import canonical
from odata_server import service
from tests.profiles import many
from tests.scopes.run import run


def test_nobody_gets_what_another_one_sees() -> None:  # F052, F053
    report = run(many(400), seed=7)
    assert not report.leak
    assert report.origins["hit"] > report.requests / 4, "much is answered from what is kept"
    assert report.differ > report.pairs / 2, "most pairs see different things"
    assert report.statuses[200] > report.requests / 2


def test_what_leaves_the_view_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "view_digest", lambda principal, metadata: "")
    assert run(100, seed=7).leak


def test_what_leaves_the_condition_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconditional(query: Query) -> Query:
        return replace(canonical(query), filter=None)

    monkeypatch.setattr("erp_adapters.cache.terms.canonical", unconditional)
    assert run(100, seed=7).leak
