"""What a question costs, and what happens when the ERP does not do what it says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from edm.capabilities import Match
from edm.errors import ODataError
from edm.expressions import Const, Prop, call
from edm.primitives import STRING, CollectionType
from edm.query import OrderItem, Query
from erp_adapters.base import ContractBroken, Page, Session, TimedOut
from erp_adapters.records import sought
from erp_adapters.records.adapter import RecordAdapter
from erp_adapters.records.base import Ask, Batch, Compare, OneOf
from erp_adapters.records.conditions import conjuncts
from tests.records.memory import MemorySource
from tests.records.shop import LINKS, METADATA, RECORDS, TYPES
from tests.records.support import bound


def source(**temper: Any) -> MemorySource:
    return MemorySource(RECORDS, TYPES, LINKS, **temper)


def adapter(of: MemorySource, **options: Any) -> RecordAdapter:
    return RecordAdapter(of, METADATA, "shop", **options)


def rows(of: RecordAdapter, query: Query) -> list[tuple[Any, ...]]:
    return [row for page in of.read(query, Session()) for row in page.rows]


def by_key(name: str = "InvoiceNumber") -> tuple[OrderItem, ...]:
    return (OrderItem(Prop((name,), STRING)),)


# --- calls ------------------------------------------------------------------------------------------------------------


def test_a_list_view_is_one_call() -> None:
    erp = source()
    found = rows(adapter(erp), Query("Invoices", ("InvoiceNumber", "Status"), orderby=by_key(), top=5))
    assert [row[0] for row in found] == ["90001", "90002", "90003", "90004", "90005"]
    assert [ask.entity for ask in erp.asked] == ["VBRK"]
    assert erp.asked[0].top == 5
    assert set(erp.asked[0].fields) == {"VBELN", "STATUS", "VBTYP"}


def test_a_join_is_one_call_for_all_rows() -> None:
    erp = source(values=100)
    rows(adapter(erp), Query("Invoices", ("InvoiceNumber", "CustomerName"), orderby=by_key(), top=5))
    assert [ask.entity for ask in erp.asked] == ["VBRK", "KNA1"]


def test_what_nobody_asks_for_is_not_fetched() -> None:
    erp = source(values=100)
    rows(adapter(erp), Query("Customers", ("CustomerNumber", "CustomerName")))
    assert [ask.entity for ask in erp.asked] == ["KNA1"]
    assert "KLIMK" not in erp.asked[0].fields


def test_a_join_of_a_join_brings_what_it_needs() -> None:
    erp = source(values=100)
    found = rows(adapter(erp), Query("Invoices", ("City",), orderby=by_key(), top=7))
    assert [ask.entity for ask in erp.asked] == ["VBRK", "KNA1", "ADRC"]
    assert ("Bonn",) in found


@pytest.mark.parametrize("count", [False, True])
def test_a_long_list_is_asked_for_in_parts(count: bool) -> None:
    erp = source(values=5)
    numbers = tuple(f"9{i:04}" for i in range(1, 13))
    wanted = call("in", Prop(("InvoiceNumber",), STRING), Const(numbers, CollectionType(STRING)))
    query = Query("Invoices", ("InvoiceNumber",), filter=wanted, orderby=by_key(), skip=2, top=4, count=count)
    session = Session()
    pages = list(adapter(erp).read(query, session))
    assert [row[0] for page in pages for row in page.rows] == ["90003", "90004", "90005", "90006"]
    assert (session.timings.erp_calls, session.timings.rows_read) == (3, 11)
    assert [page.count for page in pages] == [11 if count else None]  # one of the twelve is of another kind
    assert len(erp.asked) == 3
    assert all(ask.top == 6 for ask in erp.asked)


def test_reading_ends_when_nobody_pulls() -> None:
    erp = source()
    session = Session()
    pages = adapter(erp).read(Query("Invoices", ("InvoiceNumber",)), session)
    assert session.timings.rows_read == 0
    next(pages)
    assert 0 < session.timings.rows_read < len(RECORDS["VBRK"]) / 2
    pages.close()  # type: ignore[attr-defined]


def test_groups_come_as_they_are_read() -> None:
    session = Session()
    pages = adapter(source()).read(Query("Stock", ("StockId", "OnHand"), orderby=by_key("StockId")), session)
    next(pages)
    assert session.timings.rows_read < len(RECORDS["MARD"]) / 2


def test_conditions_on_sums_are_not_pushed() -> None:
    declared = adapter(source()).capabilities(METADATA["Stock"])
    assert declared.match(bound(METADATA, "Stock", "OnHand gt 3")) is Match.NO
    assert declared.match(bound(METADATA, "Stock", "StockId eq '1000-M0'")) is Match.EXACT
    assert not declared.top


def test_a_condition_that_nothing_meets_asks_nobody() -> None:
    erp = source()
    found = list(
        adapter(erp).read(
            Query("Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "Currency eq 'USD'"), count=True),
            Session(),
        )
    )
    assert found == [Page([], 0)]
    assert not erp.asked


def test_a_condition_that_has_to_be_there() -> None:
    erp = source(required={"VBRK": (("KUNAG", "VBELN"),)})
    with pytest.raises(ODataError) as caught:
        rows(adapter(erp), Query("Invoices", ("InvoiceNumber",)))
    assert caught.value.code == "filter_required"
    assert caught.value.target == "InvoiceNumber"
    assert "CustomerNumber" in caught.value.message
    condition = bound(METADATA, "Invoices", "CustomerNumber eq '5'")
    assert rows(adapter(erp), Query("Invoices", ("InvoiceNumber",), condition))


def test_the_deadline_holds_between_calls() -> None:
    pages = adapter(source()).read(Query("Invoices", ("InvoiceNumber",)), Session(deadline=0.0))
    with pytest.raises(TimedOut):
        list(pages)


# --- conditions on what is joined -------------------------------------------------------------------------------------


def test_a_condition_on_a_join_becomes_its_keys() -> None:
    """Two calls, and one to see that it is so; not every invoice there is."""
    erp = source(values=100)
    target = adapter(erp)
    condition = bound(METADATA, "Invoices", "CustomerName eq 'ACME'")
    assert target.capabilities(METADATA["Invoices"]).match(condition) is Match.EXACT
    session = Session()
    query = Query("Invoices", ("InvoiceNumber",), condition, by_key(), 0, 3, count=True)
    pages = list(target.read(query, session))
    found = [row[0] for page in pages for row in page.rows]
    honest = [
        row for row in rows(adapter(source()), Query("Invoices", ("InvoiceNumber", "CustomerName"))) if row[1] == "ACME"
    ]
    assert found == sorted(row[0] for row in honest)[:3]
    assert pages[0].count == len(honest)
    assert [ask.entity for ask in erp.asked] == ["KNA1", "VBRK", "KNA1"]
    assert erp.asked[1].top == 3
    assert session.timings.rows_read < 10
    assert "first, the keys of KNA1" in target.explain(query)


def test_no_key_asks_for_no_rows() -> None:
    erp = source(values=100)
    query = Query("Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "CustomerName eq 'Nobody'"), count=True)
    assert list(adapter(erp).read(query, Session())) == [Page([], 0)]
    assert [ask.entity for ask in erp.asked] == ["KNA1"]


@pytest.mark.parametrize(
    "condition",
    ["CustomerName ne 'ACME'", "CustomerName eq null", "not contains(CustomerName,'A')", "City eq 'Bonn'",
     "CustomerName eq 'ACME' or Status eq 'Open'"],
)  # fmt: skip
def test_what_is_true_without_a_joined_record_is_done_here(condition: str) -> None:
    """So is what lies two joins away, or partly elsewhere."""
    expr = bound(METADATA, "Invoices", condition)
    assert adapter(source()).capabilities(METADATA["Invoices"]).match(expr) is Match.NO


def test_too_many_keys_are_no_narrowing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sought, "MOST_KEYS", 2)
    condition = bound(METADATA, "Invoices", "CustomerName ge 'A'")
    query = Query("Invoices", ("InvoiceNumber",), condition, by_key(), 0, 3)
    found = rows(adapter(source(values=100)), query)
    monkeypatch.undo()
    assert found == rows(adapter(source(values=100)), query)
    assert len(found) == 3


def test_several_joined_records_are_found_out() -> None:
    """A row shows the first of them, so one of the others must not bring it."""
    twice = [*RECORDS["KNA1"], {**RECORDS["KNA1"][5], "NAME1": "Second"}]
    target = adapter(MemorySource({**RECORDS, "KNA1": twice}, TYPES, LINKS, values=100))
    query = Query(
        "Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "CustomerName eq 'Second'"), by_key(), 0, 3
    )
    assert rows(target, query) == []


# --- an ERP that does not do what it says -----------------------------------------------------------------------------


def ignoring(field: str) -> Callable[[Ask], Ask]:
    """Answers as if nothing had been said of the field."""

    def twist(ask: Ask) -> Ask:
        parts = [p for p in conjuncts(ask.where) if not (isinstance(p, Compare | OneOf) and p.field == field)]
        where = None
        for part in parts:
            where = part if where is None else where
        return replace(ask, where=where if len(parts) == 1 else None if not parts else ask.where)

    return twist


def test_a_condition_that_is_ignored_is_met_here_from_then_on() -> None:
    erp = source(twist=ignoring("STATUS"))
    target = adapter(erp)
    query = Query(
        "Invoices", ("InvoiceNumber", "Status"), bound(METADATA, "Invoices", "Status eq 'Open'"), by_key(), 0, 4
    )
    honest = rows(adapter(source()), query)
    assert rows(target, query) == honest
    assert target.capabilities(METADATA["Invoices"]).match(bound(METADATA, "Invoices", "Status eq 'Paid'")) is Match.NO
    assert "Status" in target.explain(Query("Invoices", ("InvoiceNumber",)))


def test_an_order_of_its_own_is_not_asked_for_again() -> None:
    erp = source(collate=lambda text: text[::-1], batch=100)
    target = adapter(erp)
    query = Query("Customers", ("CustomerName",), orderby=(OrderItem(Prop(("CustomerName",), STRING)),), top=20)
    assert rows(target, query) == rows(adapter(source()), query)
    assert not target.capabilities(METADATA["Customers"]).sort(Prop(("CustomerName",), STRING))


def test_a_page_beyond_a_key_that_the_erp_orders_otherwise_is_refused() -> None:
    """Earlier pages may lack rows: the client has to begin anew."""

    def twist(ask: Ask) -> Ask:
        return replace(ask, where=None)

    target = adapter(source(twist=twist))
    query = Query(
        "Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "InvoiceNumber gt '90050'"), by_key(), 0, 4
    )
    with pytest.raises(ContractBroken):
        rows(target, query)
    declared = target.capabilities(METADATA["Invoices"])
    assert not declared.sort(Prop(("InvoiceNumber",), STRING))
    assert declared.match(bound(METADATA, "Invoices", "InvoiceNumber gt '90050'")) is Match.NO


def test_what_was_planned_before_a_lie_was_found_is_right() -> None:
    """Another request may have found it out in the meantime."""
    target = adapter(source(twist=ignoring("STATUS")))
    query = Query("Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "Status eq 'Open'"), by_key(), 0, 4)
    first = rows(target, query)
    assert rows(target, query) == first == rows(adapter(source()), query)


def test_an_order_of_its_own_is_found_in_the_parts_of_a_long_list() -> None:
    target = adapter(source(values=6, collate=lambda text: text[::-1]))
    wanted = call(
        "in", Prop(("InvoiceNumber",), STRING), Const(tuple(f"9{i:04}" for i in range(5, 25)), CollectionType(STRING))
    )
    query = Query("Invoices", ("InvoiceNumber",), wanted, by_key(), 0, 3)
    assert rows(target, query) == [("90005",), ("90006",), ("90007",)]


def test_finishing_here_has_a_budget() -> None:
    target = adapter(source(twist=ignoring("STATUS")), scan_budget=10)
    query = Query("Invoices", ("InvoiceNumber",), bound(METADATA, "Invoices", "Status eq 'Open'"), by_key(), 0, 4)
    with pytest.raises(ODataError) as caught:
        rows(target, query)
    assert caught.value.code == "scan_budget_exceeded"
    assert caught.value.target == "InvoiceNumber" or "Status" in caught.value.message


class Wrong(MemorySource):
    """Hands over something that is no number."""

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        for batch in super().read(ask, session):
            yield Batch([{**record, "NETWR": "12,50"} for record in batch.records], batch.count)


class Lacking(MemorySource):
    """Leaves a field out."""

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        for batch in super().read(ask, session):
            yield Batch([{k: v for k, v in record.items() if k != "STATUS"} for record in batch.records], batch.count)


@pytest.mark.parametrize(
    ("kind", "detail"), [(Wrong, "NetAmount: str is no decimal"), (Lacking, "Status: no 'STATUS'")]
)
def test_records_that_do_not_fit_the_mapping(kind: type[MemorySource], detail: str) -> None:
    with pytest.raises(ContractBroken) as caught:
        rows(adapter(kind(RECORDS, TYPES, LINKS)), Query("Invoices", ("NetAmount", "Status")))
    assert caught.value.detail == f"{detail}, InvoiceNumber '90001'"
    assert "12,50" not in caught.value.message


# --- what there is to see ---------------------------------------------------------------------------------------------


def test_explain_names_every_call() -> None:
    query = Query("Invoices", ("InvoiceNumber", "City"), orderby=by_key())
    assert adapter(source()).explain(query).splitlines() == [
        "ask VBRK for VBELN, VBTYP, KUNAG",
        "then, for each page, KNA1 by KUNNR, in one call or a few",
        "then, for each page, ADRC by ADDRNUMBER, in one call or a few",
    ]


def test_what_the_source_lacks() -> None:
    types = {**TYPES, "VBRK": {k: v for k, v in TYPES["VBRK"].items() if k != "NETDT"}}
    records = {name: found for name, found in RECORDS.items() if name != "MARD"}
    lacks = list(adapter(MemorySource(records, types, LINKS)).lacks(METADATA))
    assert ("Invoices", "test.fields.DueDate", "VBRK has no NETDT") in lacks
    assert ("Stock", "test.entity", "the source has no MARD") in lacks


def test_a_set_that_the_source_lacks_is_a_broken_contract() -> None:
    records: dict[str, Sequence[dict[str, Any]]] = {name: found for name, found in RECORDS.items() if name != "MARD"}
    with pytest.raises(ContractBroken):
        adapter(MemorySource(records, TYPES, LINKS)).capabilities(METADATA["Stock"])
