"""Answers that are given again as they are: nobody can tell them from those that are made anew."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_adapters.base import Session, Unavailable
from erp_adapters.cache.adapter import Cached
from odata_server.auth import Principal
from odata_server.messages import Headers, ODataRequest, ODataResponse
from odata_server.repeated import Pages
from odata_server.service import Service, ServiceOptions
from tests.cache.support import Clock, Counted, cached, erp
from tests.cache.test_service import REQUESTS, SEERS
from tests.engine.small import DATA, METADATA, NOW, SECRET
from tests.profiles import examples

LIST = "$select=InvoiceNumber,Amount&$filter=Positions eq 1&$orderby=InvoiceNumber&$top=5"
USER = Principal("user")


@dataclass
class Marked:
    """What was declared changed, and when."""

    times: dict[str, float] = field(default_factory=dict)

    def since(self, entity_set: str) -> float:
        return self.times.get(entity_set, 0.0)


@dataclass
class World:
    """A service with a cache over an ERP of its own, that gives answers again or makes each anew."""

    clock: Clock
    source: Counted
    marks: Marked
    cache: Cached
    service: Service
    #: Whether each answer could have been given again, and was.
    again: Counter[bool] = field(default_factory=Counter)

    def get(self, path: str, query: str = "", who: Principal = USER, /, **headers: str) -> ODataResponse:
        fields = Headers({name.replace("_", "-"): value for name, value in headers.items()})
        return self.service.handle(ODataRequest("GET", path, query.replace(" ", "%20"), fields), who)


def world(clock: Clock, repeating: bool = True) -> World:
    source, marks = erp(deepcopy(DATA)), Marked()
    cache = cached(source, clock, marks=marks)
    options = ServiceOptions(live_users=("trusted",))
    service = Service(
        METADATA, cache, (SECRET,), options, clock=lambda: NOW + timedelta(seconds=clock.now - NOW.timestamp())
    )
    made = World(clock, source, marks, cache, service)

    def counted(reads: Sequence[object], session: Session) -> bool:
        same = cache.again(reads, session)
        made.again[same] += 1
        return same

    object.__setattr__(service, "pages", Pages(counted) if repeating else None)
    return made


@pytest.fixture
def kept() -> World:
    found = world(Clock(NOW.timestamp()))
    assert [found.get("Invoices", LIST).header("Cache-Status") for _ in range(2)] == [
        "erp-odata; fwd=uri-miss; stored",
        "erp-odata; hit",
    ]
    return found


def told(answer: ODataResponse) -> Any:
    """All that a client can see, but for the time that it took."""
    return answer.status, [h for h in answer.headers if h[0] != "Server-Timing"], answer.body


def test_an_answer_is_given_again(kept: World) -> None:
    first = kept.get("Invoices", LIST)
    kept.clock.now += 42
    again = kept.get("Invoices", LIST)
    assert kept.again == {True: 2}
    assert again.body is first.body
    assert again.repeated
    assert (again.header("Age"), again.header("Cache-Status")) == ("42", "erp-odata; hit")
    assert [h for h in told(again)[1] if h[0] != "Age"] == [h for h in told(first)[1] if h[0] != "Age"]


def test_the_log_says_the_same_of_it(kept: World) -> None:
    events: list[Any] = []
    object.__setattr__(kept.service, "observers", (events.append,))
    for _ in range(2):
        kept.get("Invoices", LIST)
    object.__setattr__(kept.service, "pages", None)
    kept.get("Invoices", LIST)
    assert len({(e.entity_set, e.rows, e.bytes, e.status, e.notes, str(e.cache)) for e in events}) == 1
    assert kept.again[True] == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json;odata.metadata=full"},
        {"OData_MaxVersion": "4.01"},
        {"Prefer": "odata.maxpagesize=2"},
        {"Prefer": "omit-values=nulls"},
        {"If_Match": '"x"'},
        {"Isolation": "snapshot"},
    ],
)
def test_header_fields_that_matter_make_another_answer(kept: World, headers: dict[str, str]) -> None:
    other = world(Clock(NOW.timestamp()), repeating=False)
    other.get("Invoices", LIST)
    for _ in range(3):
        assert told(kept.get("Invoices", LIST, **headers)) == told(other.get("Invoices", LIST, **headers))
    assert kept.get("Invoices", LIST).status == 200


def test_header_fields_that_do_not_matter_make_none(kept: World) -> None:
    kept.get("Invoices", LIST, User_Agent="one", X_Request="1")
    kept.get("Invoices", LIST, User_Agent="other", Cookie="a=b")
    assert kept.again == {True: 2}


def test_a_client_that_has_it_is_told_so_again(kept: World) -> None:
    tag = kept.get("Invoices", LIST).header("ETag")
    assert tag is not None
    answers = [kept.get("Invoices", LIST, If_None_Match=tag) for _ in range(3)]
    assert {(answer.status, answer.body, answer.header("ETag")) for answer in answers} == {(304, b"", tag)}
    assert kept.get("Invoices", LIST, If_None_Match='W/"other"').status == 200


@pytest.mark.parametrize("reason", ["age", "mark", "newer rows", "no longer kept", "a clock set back"])
def test_what_makes_it_anew(kept: World, reason: str) -> None:
    before = kept.get("Invoices", LIST)
    assert kept.again == {True: 1}
    kept.clock.now += {"age": 61, "a clock set back": -3}.get(reason, 30)
    if reason == "mark":
        kept.marks.times["Invoices"] = kept.clock.now
    if reason == "newer rows":
        kept.get("Invoices", LIST, Principal("trusted"), Cache_Control="no-cache")
    if reason == "no longer kept":
        kept.cache.memory.clear()
    after = kept.get("Invoices", LIST)
    assert kept.again == {True: 1, False: 1}
    assert after.body == before.body
    assert after.body is not before.body


def test_a_live_read_is_live(kept: World) -> None:
    for _ in range(3):
        answer = kept.get("Invoices", LIST, Principal("trusted"), Cache_Control="no-cache")
        assert answer.header("Cache-Status") == "erp-odata; fwd=request"
    assert len(kept.source.asked) == 4


def test_a_stale_answer_is_made_anew(kept: World) -> None:
    kept.get("Invoices", LIST)
    kept.source.failure = Unavailable()
    kept.clock.now += 100
    for _ in range(3):
        answer = kept.get("Invoices", LIST)
        assert answer.header("Cache-Status") == "erp-odata; hit; detail=stale"
        assert json.loads(answer.body)["@ErpOData.DataAsOf"] == "2026-11-23T12:00:00Z"
    assert kept.again[True] == 1


def test_what_is_bound_to_the_moment_is_not_kept() -> None:
    found = world(Clock(NOW.timestamp()))
    for spelling in ("now()", "n%6Fw()", "NOW()"):
        for _ in range(3):
            assert found.get("Invoices", f"$filter=DueDate lt cast({spelling},Edm.Date)&$top=3").status in (200, 400)
            assert found.get("Invoices", f"$compute={spelling} as T&$select=T&$top=3").status in (200, 400)
    assert found.again == {}


def test_next_links_are_of_the_day_and_the_caller() -> None:
    clock = Clock(NOW.timestamp() - NOW.timestamp() % 86_400 + 86_390)  # ten seconds to midnight
    found = world(clock)

    def link(who: str) -> str:
        answer = found.get("Invoices", "$select=InvoiceNumber", Principal(who), Prefer="maxpagesize=40")
        following: str = json.loads(answer.body)["@odata.nextLink"]
        query = following.partition("?")[2].replace("%20", " ")
        assert found.get("Invoices", query, Principal(who), Prefer="maxpagesize=40").status == 200
        return following

    before = {who: {link(who) for _ in range(3)} for who in ("one", "other")}
    assert {len(links) for links in before.values()} == {1}
    assert found.again[True] > 0
    clock.now += 20
    after = {who: {link(who) for _ in range(3)} for who in ("one", "other")}
    assert len(set().union(*before.values(), *after.values())) == 4, "signed anew each day, for each caller"


def test_they_are_bounded() -> None:
    found = world(Clock(NOW.timestamp()))
    pages = found.service.pages
    assert pages is not None
    pages.most = 20_000
    for _ in range(3):
        for top in range(1, 30):
            found.get("Invoices", f"$top={top}&$select=InvoiceNumber")
    held = [page for kept_ in pages._pages.values() for page in kept_]
    assert pages._bytes == sum(len(page.response.body) + 2_000 for page in held) <= 20_000
    assert held
    for number in range(10):
        found.get("Invoices", "$top=29&$select=InvoiceNumber", If_None_Match=f'"{number}"')
    assert max(map(len, pages._pages.values())) == 4


HEADERS: tuple[dict[str, str], ...] = (
    {}, {}, {}, {"OData_MaxVersion": "4.01"}, {"Accept": "application/json;odata.metadata=none"}, {"Prefer": "maxpagesize=3"},
    {"Cache_Control": "no-cache"}, {"If_None_Match": "*"},
)  # fmt: skip


@given(st.integers(0, 10**9))
@examples(40)
def test_nobody_can_tell(seed: int) -> None:
    """Whatever callers ask in any order, while time passes, rows change, sets are declared changed and the ERP fails:
    each gets what a service gives that makes every answer anew."""
    dice, clock = random.Random(seed), Clock(NOW.timestamp())
    one, other = world(clock), world(clock, repeating=False)
    seers = [*(replace(seer, name="same") for seer in dice.sample(SEERS, 3)), Principal("trusted")]
    for _ in range(60):
        clock.now += dice.choice((0, 0, 0, 1, 5, 20))
        event = dice.random()
        for each in (one, other):
            if event < 0.05:
                _change(each, random.Random(seed + int(event * 10**6)))
            elif event < 0.1:
                each.marks.times["Invoices"] = clock.now
            elif event < 0.15:
                each.source.failure = None if each.source.failure else Unavailable()
        who, (path, query), headers = dice.choice(seers), dice.choice(REQUESTS[:6]), dice.choice(HEADERS)
        assert told(one.get(path, query, who, **headers)) == told(other.get(path, query, who, **headers))
        assert len(one.source.asked) == len(other.source.asked), "as often as without"


def _change(found: World, dice: random.Random) -> None:
    """Another amount in one invoice of that ERP."""
    rows = found.source.adapter._data["Invoices"]  # type: ignore[attr-defined]
    row = dice.choice(rows)
    row["Amount"] = (row["Amount"] or 0) + 1


def test_they_are_given_again_in_the_law() -> None:
    """What the law above looks at does happen."""
    clock, dice = Clock(NOW.timestamp()), random.Random(1)
    found = world(clock)
    for _ in range(300):
        clock.now += dice.choice((0, 0, 1))
        found.get(*dice.choice(REQUESTS[:6]), dice.choice(SEERS[:2]), **dice.choice(HEADERS))
    assert found.again[True] > 100
    assert found.again[False] > 0
