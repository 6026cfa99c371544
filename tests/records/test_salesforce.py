"""Salesforce over sources of records: what it asks and shows, by the reference evaluator."""

import pytest

from tests.records.shop import METADATA
from tests.records.test_law import ROWS, SERVICES
from tests.salesforce.conversation import differing, unlike


@pytest.mark.parametrize("temper", ["able", "modest"])
def test_requests(temper: str) -> None:
    wrong = differing(METADATA, ROWS, SERVICES[temper], SERVICES["evaluator"])
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("temper", ["able", "modest"])
def test_pages_and_soql(temper: str) -> None:
    wrong = unlike(METADATA, ROWS, SERVICES[temper], SERVICES["evaluator"])
    assert not wrong, "\n".join(wrong[:5])
