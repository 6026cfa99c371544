"""Requests that are bound by an earlier one of their form are bound, answered and refused as on the whole way."""

import random
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edm.errors import ODataError
from edm.expressions import Expr
from edm.model import EntitySet, ServiceMetadata
from odata_server.auth import ANONYMOUS, Principal
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from odata_server.uri.limits import Limits
from odata_server.uri.remembered import _LITERALS, cut
from tests.engine.small import METADATA, bind, get, model, service
from tests.properties.expressions import conditions

MODEL = model()
#: What stands in the place of a literal: of all kinds, at the borders, and no literals at all.
POOL = (
    "'C01'", "''", "'it''s'", "'%'", "'a b'", "' or 1 eq 1'", "'\u00e4\U0001f600'", "'a&b=c'", "'a+b'", "'now()'", "'@x'", "'$it'",
    "0", "-1", "1", "007", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1" * 30, "1" * 50,
    "0.10", "1.5", "-0.00", "12345678901234567890.12", "1e3", "1e400", "INF", "NaN",
    "2026-11-23", "2026-02-30", "0000-01-01", "9999-12-31", "10000-01-01", "2026-11-23T00:00:00Z", "2026-11-23T08:30:00.5Z",
    "2026-11-23T00:00:00+01:00", "2026-11-23T24:00:00Z", "10:30:00", "00000000-0000-0000-0000-000000000001",
    "null", "true", "CustomerNumber", "duration'P1D'", "@x", "now()", "$it/Amount", "'", "(", "", "-", "5 add 1",
)  # fmt: skip
LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])-?[0-9][\w.:+-]*")


def raw(text: str) -> str:
    return quote(text, safe="$=&(),'/:@;*")


def outcome(target: Service, path: str, query: str, principal: Principal = ANONYMOUS) -> Any:
    """What a request is bound to, or why it is refused."""
    exchange = target._exchange(ODataRequest("GET", path, query), principal)
    try:
        return target._bind(exchange, principal.view(target.metadata))
    except ODataError as error:
        return (error.code, error.message, error.target, error.position, error.hint, error.text)


def both(**options: Any) -> tuple[Service, Service]:
    remembering = service(**options)
    return remembering, replace(remembering, remembered=None)


def same(services: tuple[Service, Service], path: str, query: str, principal: Principal = ANONYMOUS) -> Any:
    short, whole = services
    expected = outcome(whole, path, query, principal)
    assert outcome(short, path, query, principal) == expected, f"{path}?{query}"
    return expected


@settings(max_examples=max(300, settings().max_examples))
@given(condition=conditions(MODEL, METADATA["Invoices"], depth=2), seed=st.integers(0, 2**32))
def test_any_literals_in_any_condition(condition: str, seed: int) -> None:
    """Literals of the same kind, of others, and what is none, in the places of those of a first request."""
    dice = random.Random(seed)
    services = both()
    same(services, "Invoices", raw(f"$filter={condition}"))
    for chance in (0.2, 0.2, 0.5, 0.5, 1.0, 1.0):
        same(services, "Invoices", raw(f"$filter={other_literals(condition, dice, chance)}"))


def other_literals(condition: str, dice: random.Random, chance: float) -> str:
    return LITERAL.sub(lambda found: dice.choice(POOL) if dice.random() < chance else found.group(), condition)


SIMPLE = (
    "CustomerNumber eq {}", "{} ne CustomerNumber", "Amount gt {}", "Amount le {} and Amount gt {}", "DueDate ge {}",
    "PostedAt lt {} or not (DueDate eq {})", "contains(CustomerNumber,{})", "startswith(CustomerNumber,{}) eq true",
    "Positions in ({},{})", "CustomerNumber in ({},{},{})", "Customer/Country eq {} and Customer/Visits gt {}",
    "(Amount eq {} or Amount eq null) and (Positions eq {})", "Amount add {} gt {}", "Customer/Invoices/any(i:i/Amount gt {})",
    "DueDate eq {} and DueDate ne DueDate", "length(CustomerNumber) eq {}", "{} eq {}", "Positions eq {} and null",
)  # fmt: skip


@pytest.mark.parametrize("template", SIMPLE)
def test_every_literal_in_every_place(template: str) -> None:
    services, places = both(), template.count("{}")
    for first in POOL[::3]:
        for literal in POOL:
            given = [literal, *[first] * (places - 1)]
            same(services, "Invoices", raw("$filter=" + template.format(*given)))


@pytest.mark.parametrize("brackets", ["{}", "({})"])
@pytest.mark.parametrize(("chain", "op"), [("or", "eq"), ("and", "ne"), ("or", "ne"), ("or", "gt")])
def test_lists_of_any_length(brackets: str, chain: str, op: str) -> None:
    services = both(options=ServiceOptions(limits=Limits(nodes=40)))
    for number in (1, 2, 7, 8, 9, 20, 29, 30, 31, 60, 70, 71, 72, 80, 200):
        for odd in ("'C1'", "5", "null", "'it''s'"):
            terms = [brackets.format(f"CustomerNumber {op} 'C{n}'") for n in range(number)]
            terms[-1] = brackets.format(f"CustomerNumber {op} {odd}")
            same(services, "Invoices", raw("$filter=" + f" {chain} ".join(terms)))


@pytest.mark.parametrize(("chain", "op"), [("or", "eq"), ("and", "ne"), ("or", "gt")])
@pytest.mark.parametrize("literals", [("5", "-7"), ("5", "9223372036854775808"), ("0.5", "1"), ("5", "null")])
def test_lists_of_numbers_of_any_length(chain: str, op: str, literals: tuple[str, ...]) -> None:
    services = both()
    for prop in ("Positions", "Amount"):
        for number in (7, 8, 9, 30):
            terms = [f"{prop} {op} {literals[n % len(literals)]}" for n in range(number)]
            same(services, "Invoices", raw("$filter=" + f" {chain} ".join(terms)))


def test_lists_are_cut_as_other_filters_are() -> None:
    """There is a faster way for them, which must not differ."""
    for between in (" or X eq ", "", ",", " or X gt 5 or X eq ", ") or (X eq ", " 5 "):
        for text in ("a", "", "5", "a''b", " 7 "):
            for end in ("", ")", " and Y eq 5", "'"):
                for number in (7, 8, 9, 30):
                    condition = "X eq " + between.join([f"'{text}'"] * number) + end
                    found = cut("Invoices", "$filter=" + quote(condition, safe=""))
                    parts = _LITERALS.split(condition)
                    assert found is not None
                    assert found.literals == tuple(parts[1::2])
                    assert found.listed == (len(parts) > 16 and len(set(parts[2:-1:2])) == 1)


PATHS = ("Invoices('{}')", "Invoices('{}')/Customer", "Customers('{}')/Invoices", "Customers(%27{}%27)/Invoices/$count",
         "Invoices('{}')/Amount", "Invoices('{}')/Amount/$value", "Customers('{}')/$ref", "Invoices/{}", "Nowhere('{}')")  # fmt: skip
KEYS = (
    "C01",
    "I001",
    "",
    "it''s",
    "a b",
    "a%20b",
    "a%2Fb",
    "a/b",
    "%27",
    "x" * 200,
    "')",
    "a')/Customer('b",
    "\u00e4",
    "+",
    "@x",
)


@pytest.mark.parametrize("path", PATHS)
def test_keys(path: str) -> None:
    services = both()
    for _ in range(2):
        for key in KEYS:
            for query in ("", "$select=InvoiceNumber", "$expand=Customer", "$filter=Amount gt 1"):
                same(services, path.format(key), query)


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Amount gt @x&@x={}", "$filter=Amount gt {}&$filter=Amount gt {}", "$filter=Amount gt {}&$search=ACME",
        "$filter=Amount gt {}&custom=1", "$FILTER=Amount gt {}", "filter=Amount gt {}", "%24filter=Amount gt {}",
        "$filter=PostedAt lt now() and Amount gt {}", "$orderby=Amount add {}&$filter=Positions eq {}", "$filter",
        "$filter=Amount gt $root/Invoices('I001')/Amount and Positions gt {}", "$top={}&$filter=Amount gt {}",
        "$filter=Amount gt {}&$expand=Customer($expand=Invoices($filter=Amount gt {}))", "$apply=filter(Amount gt {})",
        "$filter=Amount gt {}&$orderby=DueDate desc,Amount&$skip=1&$count=true&$format=json", "&&$filter=Amount gt {}&",
        "$filter=Amount gt {}#", "$filter=Amount%20gt%20{}%", "$filter=Amount+gt+{}", "$filter=%C3%28 eq {}",
    ],
)  # fmt: skip
def test_options(query: str) -> None:
    services = both()
    for literal in ("1", "2.5", "'x'", "1", "2026-11-23", "1" * 50, "null"):
        same(services, "Invoices", query.format(*[literal] * 5).replace(" ", "%20"))


@dataclass(frozen=True, slots=True)
class Caller(Principal):
    """Who sees a part of the model, or of the rows."""

    seen: ServiceMetadata | None = None
    rule: Expr | None = None

    def view(self, metadata: ServiceMetadata) -> ServiceMetadata:
        return self.seen or metadata

    def row_scope(self, entity_set: EntitySet) -> Expr | None:
        return self.rule if entity_set.name == "Invoices" else None


def test_callers_who_see_different_things_share_a_service() -> None:
    customers = METADATA["Customers"]
    kept = tuple(p for p in customers.type.properties if p.name != "Country")
    narrow = replace(
        METADATA, sets=(replace(customers, type=replace(customers.type, properties=kept)), METADATA["Invoices"])
    )
    callers = (ANONYMOUS, Caller("narrow", seen=narrow), Caller("scoped", rule=bind("Positions gt 0")))
    services = both()
    for literal in ("'DE'", "'US'"):
        for caller in callers:
            for path, query in (
                ("Customers", f"$filter=Country eq {literal}"),
                ("Invoices", f"$filter=CustomerNumber eq {literal}"),
                ("Customers('C01')/Invoices", ""),
            ):
                same(services, path, query.replace(" ", "%20"), caller)
                short, whole = (
                    target.handle(ODataRequest("GET", path, query.replace(" ", "%20")), caller) for target in services
                )
                assert (short.status, short.body) == (whole.status, whole.body)


def test_what_is_remembered_is_used() -> None:
    """Otherwise all of the above would prove nothing."""
    target = service()
    for path, query in (
        ("Invoices", "$filter=CustomerNumber%20eq%20'{}'%20and%20Amount%20gt%20{}"),
        ("Invoices('{}')", "$expand=Customer"),
        ("Customers('{}')/Invoices", "$top={}"),
        ("Invoices", "$filter=" + "%20or%20".join(["CustomerNumber%20eq%20'{}'"] * 20)),
    ):
        get(target, path.format("C01"), query.format(*["7"] * 20))
        found = cut(path.format("C02"), query.format(*["7"] * 20))
        assert found is not None
        assert target.remembered is not None
        assert target.remembered.find(found, METADATA, target.options.limits) is not None


def test_pages_go_on_from_remembered_requests() -> None:
    target = service(options=ServiceOptions(page_size=5))
    whole = replace(target, remembered=None)
    for literal in ("-1", "0.5"):
        query = f"$filter=Amount%20gt%20{literal}&$count=true"
        for _ in range(2):
            first = get(target, "Invoices", query)
            assert first.body == get(whole, "Invoices", query).body
        link = re.search(rb'nextLink":"[^"]*\?([^"]*)"', first.body)
        assert link is not None
        rest = link[1].decode()
        assert get(target, "Invoices", rest).body == get(whole, "Invoices", rest).body
        assert get(target, "Invoices", rest).status == 200
