"""Declared JSON endpoints against a small ERP that has nothing else: every condition means what it says, or is declined."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from edm.capabilities import Match
from edm.primitives import DATE, DECIMAL, INT64, STRING
from erp_adapters.base import (
    BadAnswer,
    Busy,
    ContractBroken,
    Failed,
    Session,
    SourceError,
    Throttled,
    Unavailable,
)
from erp_adapters.records.base import All, Ask, Compare, Either, Like, OneOf, Order, Record
from erp_adapters.records.conditions import holds
from erp_adapters.records.related import read_all
from erp_adapters.rest.declared import endpoint
from erp_adapters.rest.rate import Bucket
from erp_adapters.rest.source import RestSource
from tests.adapters.rest.erp import Erp
from tests.adapters.rest.support import FIELDS, SECTIONS, source
from tests.adapters.upstream import Conditions, listening, read

INVOICES, CUSTOMERS = FIELDS["invoices"], FIELDS["customers"]


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Erp, str]]:
    erp = Erp()
    with listening(lambda url: erp) as url:
        yield erp, url


@pytest.fixture
def erp(shared: tuple[Erp, str]) -> Iterator[Erp]:
    found, _ = shared
    found.calls.clear()
    yield found
    found.ignored, found.fault = frozenset(), lambda request: None


@pytest.fixture
def rest(shared: tuple[Erp, str]) -> Iterator[RestSource]:
    found = source(shared[1])
    yield found
    found.close()


@pytest.fixture(scope="module")
def everything(shared: tuple[Erp, str]) -> Mapping[str, list[Record]]:
    found = source(shared[1])
    records = {entity: read(found, Ask(entity, FIELDS[entity])) for entity in ("invoices", "customers")}
    found.close()
    return records


# --- meaning ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.sampled_from(["invoices", "customers"]))
def test_random_conditions(
    shared: tuple[Erp, str], everything: Mapping[str, list[Record]], seed: int, entity: str
) -> None:
    rest = source(shared[1])
    conditions = Conditions(random.Random(seed), everything[entity])
    parts = [conditions.condition(0) for _ in range(random.Random(seed).randint(1, 4))]
    graded = {part: rest.grade(entity, part) for part in parts}
    asked = All(tuple(part for part in parts if graded[part] is not Match.NO))
    match = rest.grade(entity, asked) if asked.parts else Match.EXACT
    found = read_all(rest, Ask(entity, FIELDS[entity], asked if asked.parts else None), Session())
    rest.close()
    expected = [record for record in everything[entity] if holds(asked, record)]
    key = FIELDS[entity][0]
    by_key = lambda records: sorted(records, key=lambda r: r[key])  # noqa: E731
    if match is Match.EXACT:
        assert by_key(found) == by_key(expected)
    else:
        assert [record for record in by_key(expected) if record not in found] == []


def test_values_are_read_by_their_declared_type(everything: Mapping[str, list[Record]]) -> None:
    assert len(everything["invoices"]) == 180
    record = next(r for r in everything["invoices"] if r["customer.id"] is not None and r["due"] is not None)
    assert isinstance(record["amount"], Decimal)
    assert record["amount"].as_tuple().exponent == -2
    assert type(record["customer.id"]) is int
    assert type(record["date"]) is date
    assert record["changed"].tzinfo is UTC
    assert any(r["due"] is None for r in everything["invoices"])
    assert any(r["customer.id"] is None for r in everything["invoices"])


@pytest.mark.parametrize(
    ("entity", "condition", "match", "call"),
    [
        ("invoices", Compare("customer.id", "eq", 7), Match.EXACT, "customer=7"),
        ("invoices", OneOf("status", ("open", "paid")), Match.EXACT, "status=open,paid"),
        ("invoices", OneOf("status", ("open",)), Match.EXACT, "status=open"),
        ("invoices", Compare("date", "eq", date(2026, 3, 1)), Match.EXACT, "from=2026-03-01&to=2026-03-01"),
        ("invoices", Compare("date", "gt", date(2026, 3, 1)), Match.INEXACT, "from=2026-03-01"),
        ("invoices", Compare("due", "lt", date(2026, 3, 1)), Match.EXACT, "due_before=2026-03-01"),
        ("invoices", Compare("amount", "ge", Decimal("12.50")), Match.INEXACT, "min=12.50"),
        ("invoices", Like("reference", "startswith", "A&b=c"), Match.INEXACT, "q=A%26b%3Dc"),
        ("invoices", Like("reference", "contains", "x", folded=True), Match.INEXACT, "q=x"),
        ("customers", OneOf("id", (1, 2)), Match.EXACT, "id=1&id=2"),
        ("customers", Compare("blocked", "eq", True), Match.EXACT, "blocked=yes"),
        ("customers", Compare("name", "eq", "Ä"), Match.INEXACT, "name=%C3%84"),
    ],
)  # fmt: skip
def test_conditions_become_parameters(
    erp: Erp, rest: RestSource, entity: str, condition: Any, match: Match, call: str
) -> None:
    assert rest.grade(entity, condition) is match
    read(rest, Ask(entity, (FIELDS[entity][0],), condition))
    assert f"&{call}&" in erp.calls[0].replace("?", "&") + "&"


@pytest.mark.parametrize(
    ("entity", "condition"),
    [
        ("invoices", Compare("changed", "ge", datetime(2026, 1, 1, tzinfo=UTC))),
        ("invoices", Compare("customer.id", "eq", None)),
        ("invoices", Compare("customer.id", "ne", 7)),
        ("invoices", Compare("customer.id", "eq", "seven")),
        ("invoices", Compare("due", "le", date(2026, 3, 1))),
        ("invoices", OneOf("status", ("open", None))),
        ("invoices", OneOf("status", ("a,b", "c"))),
        ("invoices", OneOf("status", ("open",), negated=True)),
        ("invoices", Like("reference", "contains", "x", negated=True)),
        ("invoices", Either((Compare("customer.id", "eq", 1), Compare("customer.id", "eq", 2)))),
        ("customers", Like("name", "contains", "x", folded=True)),
        ("customers", Like("city", "contains", "x")),
        ("nothing", Compare("id", "eq", 1)),
        ("invoices", Like("reference", "contains", "\ud800")),
        ("invoices", Compare("number", "eq", "\ud800")),
    ],
)
def test_what_is_not_declared_is_not_asked(rest: RestSource, entity: str, condition: Any) -> None:
    assert rest.grade(entity, condition) is Match.NO


@pytest.mark.parametrize("name", ["customer.id", "number", "status"])
def test_a_list_is_graded_whatever_its_length(rest: RestSource, name: str) -> None:
    facts = rest.field("invoices", name)
    assert facts is not None
    assert "in" in facts.compared
    values: tuple[Any, ...] = tuple(range(100)) if name == "customer.id" else tuple(f"v{i}" for i in range(100))
    assert rest.grade("invoices", OneOf(name, values)) is Match.EXACT
    assert rest.grade("invoices", OneOf(name, (*values, None))) is Match.NO


def test_two_conditions_of_one_parameter_become_the_stricter(
    erp: Erp, rest: RestSource, everything: Mapping[str, list[Record]]
) -> None:
    days = All(tuple(Compare("date", "ge", date(2026, month, 9)) for month in (2, 4, 3)))
    found = read(rest, Ask("invoices", ("date",), days))
    assert "from=2026-04-09" in erp.calls[0]
    assert len(found) == sum(r["date"] >= date(2026, 4, 9) for r in everything["invoices"])


def test_contradictions_ask_nobody(erp: Erp, rest: RestSource) -> None:
    where = All((OneOf("status", ("open", "paid")), OneOf("status", ("void",))))
    assert next(rest.read(Ask("invoices", ("number",), where, count=True), Session())).count == 0
    both = All((Compare("customer.id", "eq", 1), Compare("customer.id", "eq", 2)))
    assert read(rest, Ask("invoices", ("number",), both)) == []
    assert erp.calls == []


# --- one record -------------------------------------------------------------------------------------------------------


def test_a_key_is_looked_up_in_one_call(erp: Erp, rest: RestSource, everything: Mapping[str, list[Record]]) -> None:
    found = read(rest, Ask("invoices", INVOICES, Compare("number", "eq", "R-0042")))
    assert found == [r for r in everything["invoices"] if r["number"] == "R-0042"]
    assert erp.calls == ["/v1/invoices/R-0042?key=s3cret"]


def test_a_looked_up_record_meets_the_rest_of_the_conditions(rest: RestSource, everything: Any) -> None:
    status = next(r["status"] for r in everything["invoices"] if r["number"] == "R-0042")
    key = Compare("number", "eq", "R-0042")
    for operator, expected in (("eq", 1), ("ne", 0)):
        where = All((key, Compare("status", operator, status)))
        batches = list(rest.read(Ask("invoices", ("amount",), where, count=True), Session()))
        assert (batches[0].count, len(batches[0].records)) == (expected, expected)


@pytest.mark.parametrize("number", ["none", "a/b", "R 1?x=1#y", "%2e%2e", "Ä"])
def test_a_key_that_is_not_there_is_no_record(erp: Erp, rest: RestSource, number: str) -> None:
    assert read(rest, Ask("invoices", ("number",), Compare("number", "eq", number))) == []
    assert len(erp.calls) == 1
    assert "/v1/invoices/" in erp.calls[0]


@pytest.mark.parametrize("number", ["", ".", ".."])
def test_a_key_that_would_lead_elsewhere_is_not_asked(rest: RestSource, number: str) -> None:
    assert rest.grade("invoices", Compare("number", "eq", number)) is Match.NO


def test_an_endpoint_below_a_parent(erp: Erp, rest: RestSource) -> None:
    facts = rest.entity("orders")
    assert facts is not None
    assert facts.required == (("customer_id",),)
    found = read(rest, Ask("orders", FIELDS["orders"], Compare("customer_id", "eq", 3)))
    rows = erp.database.execute("SELECT * FROM orders WHERE customer_id = 3 ORDER BY id").fetchall()
    assert [(r["id"], r["customer_id"], r["total"]) for r in found] == [(r[0], 3, Decimal(r[2])) for r in rows]
    assert len(rows) > 2  # more than a page
    with pytest.raises(ContractBroken):
        read(rest, Ask("orders", ("id",)))


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "calls", "records"), [("invoices", 4, 180), ("customers", 2, 40), ("linked", 4, 90), ("next", 4, 90)]
)
def test_pages_are_walked_in_the_fewest_calls(
    erp: Erp, rest: RestSource, entity: str, calls: int, records: int
) -> None:
    session = Session()
    key = "number" if entity == "invoices" else "id"
    found = [r[key] for batch in rest.read(Ask(entity, (key,)), session) for r in batch.records]
    assert len(found) == len(set(found)) == records
    assert len(erp.calls) == session.timings.erp_calls == calls
    assert all("key=s3cret" in call for call in erp.calls)


def test_a_list_view_is_one_call(erp: Erp, rest: RestSource) -> None:
    ask = Ask("invoices", ("number", "date"), order=(Order("date", True), Order("number")), top=26, count=True)
    batches = list(rest.read(ask, Session()))
    assert (len(batches), batches[0].count, len(batches[0].records)) == (1, 180, 26)
    assert erp.calls == ["/v1/invoices?key=s3cret&sort=-date,number&per_page=26&page=1"]


def test_pages_are_lazy(erp: Erp, rest: RestSource) -> None:
    next(rest.read(Ask("invoices", ("number",)), Session()))
    assert len(erp.calls) == 1


@pytest.mark.parametrize("top", [1, 49, 50, 51, 120, 500])
def test_no_more_than_the_top_is_given(rest: RestSource, everything: Any, top: int) -> None:
    found = read(rest, Ask("invoices", INVOICES, order=(Order("number"),), top=top))
    assert found == sorted(everything["invoices"], key=lambda r: r["number"])[:top]


def test_offsets_skip(erp: Erp, rest: RestSource) -> None:
    found = read(rest, Ask("customers", ("id",), order=(Order("id", True),), skip=30, top=5))
    assert [r["id"] for r in found] == [10, 9, 8, 7, 6]
    assert len(erp.calls) == 1


def test_facts(rest: RestSource) -> None:
    invoices, customers = rest.entity("invoices"), rest.entity("customers")
    assert invoices is not None
    assert customers is not None
    assert (invoices.skip, invoices.count, invoices.values, invoices.lists) == (False, True, 1, {"status": 3})
    assert (customers.skip, customers.count, customers.values, customers.lists) == (True, True, 1, {"id": 30})
    types = {"customer.id": INT64, "due": DATE, "amount": DECIMAL, "reference": STRING}
    for name, kind in types.items():
        facts = rest.field("invoices", name)
        assert facts is not None
        assert facts.type is kind
    # Nobody says where invoices without a due date are sorted.
    assert _sortable(rest, "invoices") == {"number", "date", "amount"}
    assert _sortable(rest, "customers") == {"id"}


def _sortable(rest: RestSource, entity: str) -> set[str]:
    facts = {name: rest.field(entity, name) for name in FIELDS[entity]}
    return {name for name, found in facts.items() if found is not None and found.sortable}


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "parameter"), [("invoices", "page"), ("customers", "offset"), ("linked", "start"), ("next", "start")]
)
def test_an_endpoint_that_ignores_its_pages_is_found_out(
    erp: Erp, rest: RestSource, entity: str, parameter: str
) -> None:
    erp.ignored = frozenset({parameter})
    with pytest.raises((ContractBroken, BadAnswer)):
        read(rest, Ask(entity, ("number" if entity == "invoices" else "id",)))
    assert len(erp.calls) == 2


def _instead(text: str, status: int = 200, **headers: str) -> Any:
    return lambda request: Response(text, status, headers, content_type=headers.pop("type", "application/json"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (_instead("<html>Maintenance</html>", type="text/html"), BadAnswer),
        (_instead("{"), BadAnswer),
        (_instead("[]"), ContractBroken),
        (_instead('{"data": {"items": {}}, "meta": {"total": 0}}'), ContractBroken),
        (_instead('{"data": {"items": [1]}, "meta": {"total": 1}}'), ContractBroken),
        (_instead('{"data": {"items": []}, "meta": {"total": "many"}}'), ContractBroken),
        (_instead('{"data": {"items": []}, "meta": {"total": 5}}'), ContractBroken),
        (_instead('{"data": {"items": [{"number": 1.5}]}, "meta": {"total": 1}}'), ContractBroken),
        (_instead('{"data": {"items": [{}]}, "meta": {"total": 1}}'), ContractBroken),
        (_instead('{"data": {"items": [{"number": null}]}, "meta": {"total": 1}}'), ContractBroken),
        (_instead("{}", 500), Failed),
        (_instead("{}", 503), Unavailable),
        (_instead("{}", 429), Throttled),
        (_instead("{}", 404), SourceError),
    ],
)
def test_faults_have_names(erp: Erp, rest: RestSource, fault: Any, error: type[Exception]) -> None:
    erp.fault = fault
    with pytest.raises(error):
        read(rest, Ask("invoices", ("number",)))


def test_a_link_to_elsewhere_is_not_followed(erp: Erp, rest: RestSource) -> None:
    erp.fault = _instead('[{"id": 1}]', Link='<http://127.0.0.2/v1/linked?start=25>; rel="next"')
    with pytest.raises(BadAnswer):
        read(rest, Ask("linked", ("id",)))
    assert len(erp.calls) == 1


def test_less_on_a_page_than_asked_for_loses_nothing(erp: Erp, shared: tuple[Erp, str]) -> None:
    """The endpoint gives 25 at a time whatever the catalog says."""
    customers = {**SECTIONS["customers"], "paging": {**SECTIONS["customers"]["paging"], "maximum": 100}}
    rest = source(shared[1], {"customers": customers})
    assert len(read(rest, Ask("customers", ("id",)))) == 40
    rest.close()


# --- how often --------------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_calls_wait_for_their_turn(erp: Erp, shared: tuple[Erp, str]) -> None:
    clock = Clock()
    rest = source(shared[1], bucket=Bucket(2.0, 2, clock, clock.sleep))
    read(rest, Ask("invoices", ("number",)))
    rest.close()
    assert len(erp.calls) == 4
    assert clock.slept == [0.5, 0.5]


def test_a_bucket_fills_up_again_to_its_burst() -> None:
    clock = Clock()
    bucket = Bucket(10.0, 3, clock, clock.sleep)
    for _ in range(4):
        bucket.take(Session())
    assert clock.slept == [0.1]
    clock.now += 60
    for _ in range(4):
        bucket.take(Session())
    assert clock.slept == [0.1, 0.1]


def test_a_turn_after_the_deadline_is_not_waited_for(erp: Erp, shared: tuple[Erp, str]) -> None:
    import time

    bucket = Bucket(0.1)
    rest = source(shared[1], bucket=bucket)
    session = Session(deadline=time.monotonic() + 5)
    read_once = Ask("invoices", ("number",), top=1)
    list(rest.read(read_once, session))
    began = time.monotonic()
    with pytest.raises(Busy):
        list(rest.read(read_once, session))
    assert time.monotonic() - began < 1
    assert len(erp.calls) == 1
    rest.close()


# --- declarations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"path": "/v1/invoices"}, "path"),
        ({"path": "https://elsewhere.example/x"}, "path"),
        ({"path": "../x"}, "path"),
        ({"path": "v1/x?y=1"}, "path"),
        ({"types": {"amount": "Money"}}, "types.amount"),
        ({"filters": {"x": {"operator": "eq"}}}, "filters.x.field"),
        ({"filters": {"x": {"field": "y", "operator": "like"}}}, "filters.x.operator"),
        ({"filters": {"x": {"field": "y", "exakt": True}}}, "filters.x.exakt"),
        ({"filters": {"x": 1}}, "filters.x"),
        ({"paging": {"style": "pages"}}, "paging.style"),
        ({"paging": {"style": "cursor", "cursor": "after"}}, "paging.next"),
        ({"paging": {"page": "page"}}, "paging.style"),
        ({"sort": {"parameter": "sort"}}, "sort.fields"),
        ({"sort": {"parameter": "sort", "fields": ["a"], "nulls": "none"}}, "sort.nulls"),
        ({"lookup": {"path": "v1/invoices"}}, "lookup.path"),
        ({"lookup": {"path": "v1/{id}", "missing": [200]}}, "lookup.missing"),
        ({"required": ["x"]}, "required"),
        ({"nulls": ""}, "nulls"),
        ({"rows": 1}, "rows"),
        ({"ordered": "yes"}, "ordered"),
        ({"headers": {"X": 1}}, "headers"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_told(change: Any, key: str) -> None:
    _, faults = endpoint({"path": "v1/x", **change}, "x")
    assert [where for where, _ in faults] == [key]


def test_the_section_of_a_catalog_is_looked_over(rest: RestSource) -> None:
    section = {"entity": "x", "where": {}, "fields": {}, "paging": {"style": "offset"}}
    assert list(rest.faults(section)) == [("paging.offset", "is missing")]


def test_explain_shows_the_call_without_the_key(rest: RestSource) -> None:
    ask = Ask("invoices", ("number",), Compare("customer.id", "eq", 7), (Order("number"),))
    assert rest.explain(ask) == "GET v1/invoices?customer=7&sort=number&per_page=50&page=1"
    assert rest.explain(replace(ask, where=Compare("number", "eq", "R-1"))) == "GET v1/invoices/R-1"


def test_health(erp: Erp, rest: RestSource) -> None:
    rest.ping(Session())
    assert rest.describe(Session()).startswith("JSON API at http://127.0.0.1")
    erp.fault = _instead("{}", 503)
    with pytest.raises(Unavailable):
        rest.ping(Session())
