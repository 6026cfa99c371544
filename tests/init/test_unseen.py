"""Catalogs drafted from ERPs that the guesses were not made for, served without an edit, held against the business."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.init.business import business
from tests.init.schemas import load
from tests.init.support import Drafted, drafted
from tests.init.truth import Habits, facts
from tests.init.unseen import UNSEEN


def _absent(*names: str) -> frozenset[str]:
    return frozenset(names)


#: What a schema does not hold at all, and what it writes otherwise.
HABITS = {
    "business_one": Habits(
        invoice=lambda v: str(5000 + v.id),
        order=lambda o: str(5000 + o.id),
        absent=_absent("Items.ListPrice"),
    ),
    "gestion": Habits(
        invoice=lambda v: str(v.id),
        order=lambda o: str(o.id),
        absent=_absent("Invoices.Currency", "Invoices.Status"),
    ),
    "boekhouding": Habits(written={"Invoices.Status": lambda s: {"Open": "Openstaand", "Paid": "Betaald"}[s]}),
}  # fmt: skip
#: Set and column that must stay in the database.
SECRETS = ("IBAN", "CUENTABAN", "BankRekening", "PRECOSTE", "KostPrijs", "InkoopPrijs", "AvgPrice", "LastPurPrc", "GrossBuyPr", "StockPrice", "GrosProfit", "MMUCOS", "OBUCOS", "COSTVALUE", "COSTPRICE")  # fmt: skip


@pytest.fixture(scope="module", params=sorted(HABITS))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Drafted]]:
    directory: Path = tmp_path_factory.mktemp(request.param)
    url = f"sqlite:///{directory / 'erp.sqlite'}"
    load(url, UNSEEN[request.param](business()))
    with drafted(url, directory / "catalog") as made:
        yield request.param, made


def test_what_is_published_is_what_is(found: tuple[str, Drafted]) -> None:
    name, made = found
    assert made.faults() == []
    assert [fact for fact, right in facts(made, business(), HABITS[name]) if not right] == []


def test_rows_have_keys_and_links_resolve(found: tuple[str, Drafted]) -> None:
    _, made = found
    for entity_set in made.metadata.sets:
        links = [n.name for n in entity_set.type.navigation if not n.collection]
        rows = made.rows(entity_set.name, f"?$expand={','.join(links)}" if links else "")
        assert len({row[entity_set.type.key] for row in rows}) == len(rows), entity_set.name
        for link in links:
            assert any(row[link] for row in rows), f"{entity_set.name}.{link} leads nowhere"


def test_costs_and_bank_accounts_stay_at_home(found: tuple[str, Drafted]) -> None:
    _, made = found
    published = {str(item.mapping) for draft in made.proposal.drafts.values() for item in draft.items.values()}
    assert [name for name in SECRETS if any(name in mapping for mapping in published)] == []
