"""The law: whatever a source of records answers by itself, the service over it gives the answer of the evaluator."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edm.query import Query
from edm.text import literal
from erp_adapters.base import Adapter, Session
from erp_adapters.memory import MemoryAdapter
from erp_adapters.records.adapter import RecordAdapter
from odata_server.auth import ANONYMOUS
from odata_server.messages import ODataRequest
from odata_server.service import Service, ServiceOptions
from tests.engine.small import NOW
from tests.profiles import examples
from tests.properties.expressions import Model, conditions, encoded, orders
from tests.records.memory import MemorySource
from tests.records.shop import LINKS, METADATA, RECORDS, TYPES
from tests.records.support import bound

OPTIONS = ServiceOptions(scan_budget=1_000_000, deadline=600)
SECRET = b"a secret of the tests, long enough"


def adapter(**temper: Any) -> RecordAdapter:
    return RecordAdapter(MemorySource(RECORDS, TYPES, LINKS, **temper), METADATA, "shop")


def published() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    source = adapter()
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entity_set in METADATA.sets:
        names = entity_set.type.names
        pages = source.read(Query(entity_set.name, names), Session())
        found[entity_set.name] = [dict(zip(names, row, strict=True)) for page in pages for row in page.rows]
    return found


ROWS = published()
MODEL = Model(
    METADATA,
    {
        s.name: {
            p.name: list(dict.fromkeys(r[p.name] for r in ROWS[s.name] if r[p.name] is not None))
            for p in s.type.properties
        }
        for s in METADATA.sets
    },
)
ADAPTERS: Mapping[str, Adapter] = {
    "evaluator": MemoryAdapter(METADATA, ROWS),
    "able": adapter(),
    "modest": adapter(able=False),
}
SERVICES = {name: Service(METADATA, made, (SECRET,), OPTIONS, clock=lambda: NOW) for name, made in ADAPTERS.items()}


def _answers(path: str, query: str) -> dict[str, tuple[int, bytes]]:
    answers = {
        name: service.handle(ODataRequest("GET", path, encoded(query)), ANONYMOUS) for name, service in SERVICES.items()
    }
    return {name: (answer.status, answer.body) for name, answer in answers.items()}


@pytest.mark.property
@examples(150)
@given(data=st.data())
def test_random_queries(data: st.DataObject) -> None:
    entity_set = data.draw(st.sampled_from(METADATA.sets))
    condition = data.draw(conditions(MODEL, entity_set))
    lines = [f"$filter={condition}", "$count=true"]
    if data.draw(st.booleans()):
        lines.append(f"$orderby={data.draw(orders(MODEL, entity_set))}")
    if data.draw(st.booleans()):
        lines.append(f"$top={data.draw(st.integers(0, 9))}\n$skip={data.draw(st.integers(0, 9))}")
    answers = _answers(entity_set.name, "\n".join(lines))
    assert answers["able"] == answers["evaluator"], lines
    assert answers["modest"] == answers["evaluator"], lines


def _said() -> list[tuple[str, str]]:
    """Every property with every comparison, of values that occur and of some that do not."""
    cases = []
    for entity_set in METADATA.sets:
        for prop in entity_set.type.properties:
            kind, values = prop.type, list(MODEL.samples[entity_set.name][prop.name])
            texts = [literal(value, kind) for value in values[:3] + values[-2:]]
            texts += ["''", "'0'", "'007'", "'Zz'", "'A'"] if kind.name == "String" else []
            texts += ["0.5", "-3", "0"] if kind.name == "Decimal" else ["0", "-3"] if kind.integral else []
            for text in dict.fromkeys((*texts, "null")):
                operators = (
                    ("eq", "ne") if kind.name == "Boolean" or text == "null" else ("eq", "ne", "lt", "le", "gt", "ge")
                )
                cases += [(entity_set.name, f"{prop.name} {operator} {text}") for operator in operators]
            if kind.name == "String":
                for part in ("'a'", "''", "'A'", "'1'"):
                    cases += [
                        (entity_set.name, f"{negation}{function}({prop.name},{part})")
                        for function in ("contains", "startswith", "endswith")
                        for negation in ("", "not ")
                    ]
            listed = ",".join(dict.fromkeys(texts))
            cases += [(entity_set.name, f"{negation}{prop.name} in ({listed})") for negation in ("", "not ") if texts]
    cases += [
        ("Invoices", condition)
        for condition in (
            "year(DueDate) eq 2026", "year(PostedAt) lt 2026", "year(DueDate) ge 2026", "date(PostedAt) eq 2026-01-03",
            "tolower(CustomerName) eq 'acme'", "contains(tolower(CustomerName),'me')", "tolower(CustomerName) eq 'ACME'",
            "Customer/CustomerName eq 'ACME'", "Customer/CustomerName ne 'ACME'", "Customer/Blocked eq false",
            "not Customer/Blocked", "Customer/Blocked", "Customer/Group eq null", "Customer/Group in ('Trade','99')",
            "Customer/CreditLimit lt 600 and Status eq 'Open'", "Customer/Since ge 2026-01-01", "InvoiceNumber eq null",
            "Type eq 'F2' or Type eq 'CreditMemo'", "Status eq 'Open' or contains(CustomerName,'A')",
            "(Status eq 'Open' and length(Text) gt 2) or NetAmount gt 700",
        )
    ] + [
        ("Customers", condition)
        for condition in (
            "Invoices/any()", "not Invoices/any()", "Invoices/any(i:i/NetAmount gt 500)",
            "Invoices/all(i:i/Type eq 'Invoice')", "Invoices/all(i:i/DueDate gt 2026-05-01)", "Blocked", "not Blocked",
            "Invoices/any(i:i/Status eq 'Open' and i/NetAmount lt 0)", "Invoices/all(i:i/Status ne 'Open')",
            "not Invoices/all(i:i/Days gt 0)", "Invoices/any(i:i/Rate eq 0.1)", "Insured eq null", "not Insured",
        )
    ]  # fmt: skip
    return cases


@pytest.mark.parametrize("entity_set", [entity_set.name for entity_set in METADATA.sets])
def test_every_comparison(entity_set: str) -> None:
    wrong = []
    for name, condition in _said():
        if name != entity_set:
            continue
        answers = _answers(name, f"$filter={condition}\n$count=true\n$select={METADATA[name].type.key}")
        if len(set(answers.values())) > 1:
            wrong.append((condition, answers))
    assert not wrong, wrong[:3]


def test_what_is_said_reaches_the_source() -> None:
    """Most comparisons are the source's: else the law would hold of nothing."""
    source = adapter()
    declared = {entity_set.name: source.capabilities(entity_set) for entity_set in METADATA.sets}
    exact = [case for case in _said() if declared[case[0]].match(bound(METADATA, *case)).name == "EXACT"]
    inexact = [case for case in _said() if declared[case[0]].match(bound(METADATA, *case)).name == "INEXACT"]
    assert len(exact) > 700
    assert len(inexact) > 20
