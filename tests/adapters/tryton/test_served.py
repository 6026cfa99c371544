"""What others make of a Tryton that is served: the adapter kit, and Salesforce with its requests, pages and SOQL."""

import pytest

from erp_adapters.kit import Options, check
from odata_server.execute import answering
from tests.adapters.tryton.published import METADATA, Both
from tests.salesforce.conversation import differing, unlike


def test_what_is_declared_holds(both: Both) -> None:
    outcomes = check(both.adapter, METADATA, None, Options(cases=5, engine=answering))
    assert {outcome.entity_set for outcome in outcomes} == {entity_set.name for entity_set in METADATA.sets}
    tried = {(outcome.entity_set, outcome.check): outcome.tried for outcome in outcomes}
    assert tried["Invoices", "conditions"] > 0


@pytest.mark.slow
def test_salesforce_asks(both: Both) -> None:
    wrong = differing(METADATA, both.rows, both.services["tryton"], both.services["evaluator"])
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.slow
def test_pages_and_soql(both: Both) -> None:
    wrong = unlike(METADATA, both.rows, both.services["tryton"], both.services["evaluator"])
    assert not wrong, "\n".join(wrong[:5])
