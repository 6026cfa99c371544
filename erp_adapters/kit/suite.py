"""The kit as tests for pytest: a class to derive from, with a test per check.

It looks for the fixtures ``adapter`` and ``metadata`` of the module, and for ``given``, all rows of every set, if there
is one: without them the adapter is believed about its rows.

    class TestMyAdapter(ConformanceSuite):
        options = Options(cases=500)
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pytest

from edm.evaluate import RowMapping
from edm.model import ServiceMetadata
from erp_adapters.base import Adapter
from erp_adapters.kit.report import Options, Outcome
from erp_adapters.kit.run import CHECKS, examine, failures


class ConformanceSuite:
    """An adapter is examined once, by the first of the tests."""

    options: ClassVar[Options] = Options(cases=300)
    _found: ClassVar[tuple[Adapter, Sequence[Outcome]] | None] = None

    @pytest.mark.parametrize("check", [check.id for check in CHECKS])
    def test_conforms(
        self, request: pytest.FixtureRequest, adapter: Adapter, metadata: ServiceMetadata, check: str
    ) -> None:
        outcomes = self._outcomes(request, adapter, metadata)
        found = failures([outcome for outcome in outcomes if outcome.check == check])
        if found:
            pytest.fail("\n\n".join(map(str, found[:10])), pytrace=False)

    def test_there_are_rows(self, request: pytest.FixtureRequest, adapter: Adapter, metadata: ServiceMetadata) -> None:
        """Over no rows nothing would be found."""
        rows = [outcome for outcome in self._outcomes(request, adapter, metadata) if outcome.check == "rows"]
        assert not rows or any("there are no rows" not in outcome.notes for outcome in rows)

    def _outcomes(
        self, request: pytest.FixtureRequest, adapter: Adapter, metadata: ServiceMetadata
    ) -> Sequence[Outcome]:
        kind = type(self)
        if kind._found is None or kind._found[0] is not adapter:
            kind._found = adapter, list(examine(adapter, metadata, _given(request), self.options))
        return kind._found[1]


def _given(request: pytest.FixtureRequest) -> Mapping[str, Sequence[RowMapping]] | None:
    """The value of the fixture ``given``, if the module has one."""
    try:
        found: Mapping[str, Sequence[RowMapping]] | None = request.getfixturevalue("given")
    except pytest.FixtureLookupError:
        return None
    return found
