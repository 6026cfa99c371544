"""Services that answer less, something else, or nothing: what is refused is not asked again, what is wrong is told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from erp_adapters.base import BadAnswer, ContractBroken, Refused, Session, SourceError, Unavailable
from erp_adapters.odata import source as source_of
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.base import Ask, Compare, Either, OneOf, Order, Withdrawn
from erp_adapters.transport import Remote
from odata_server.service import Service
from tests.adapters.odata import support
from tests.adapters.odata.support import Limited
from tests.adapters.upstream import read
from tests.engine.small import DATA, ask

NUMBERS = Ask("Invoices", ("InvoiceNumber",), order=(Order("InvoiceNumber"),))


@contextmanager
def upstream(options: Any = None, **limits: Any) -> Iterator[tuple[ODataSource, Limited]]:
    with support.serving(**limits) as (url, front):
        found = source_of(Remote(url, options=options or {}), {})
        yield found, front
        found.close()


@contextmanager
def service(options: Any = None, **limits: Any) -> Iterator[tuple[Service, Limited]]:
    with support.serving(**limits) as (url, front):
        found = support.service(url, options or {})
        yield found, front
        support.upstream(found).close()


# --- calls ------------------------------------------------------------------------------------------------------------


def test_a_list_view_is_one_call() -> None:
    with service({"profile": "erp-odata"}, plain=False) as (published, front):
        query = "$filter=Amount gt 1 and DueDate ne null&$orderby=DueDate desc&$select=InvoiceNumber&$top=5&$count=true"
        body = ask(published, "Invoices", query)
        number = sum((row["Amount"] or 0) > 1 and row["DueDate"] is not None for row in DATA["Invoices"])
        assert (len(body["value"]), body["@odata.count"]) == (5, number)
        order, fields = "DueDate desc,InvoiceNumber", "InvoiceNumber,DueDate,Amount"
        condition = "Amount gt 1 and DueDate ne null"
        assert front.asked == [
            f"Invoices?$filter={condition}&$orderby={order}&$select={fields}&$top=5&$count=true",
        ]


def test_conditions_on_related_rows_and_single_related_rows_ride_along() -> None:
    with service({"profile": "erp-odata"}, plain=False) as (published, front):
        ask(published, "Invoices", "$filter=Customer/Country eq 'DE'&$select=InvoiceNumber&$top=3")
        ask(published, "Customers", "$filter=Invoices/any(i:i/Amount gt 3)&$select=CustomerNumber&$top=3")
        assert [asked.partition("$filter=")[2].partition("&")[0] for asked in front.asked] == [
            "Customer/Country eq 'DE'",
            "Invoices/any(x0:x0/Amount gt 3)",
        ]


def test_expanded_rows_are_read_at_once() -> None:
    with service({"profile": "erp-odata"}, plain=False) as (published, front):
        ask(published, "Invoices", "$expand=Customer&$top=8")
        assert len(front.asked) == 2
        assert "CustomerNumber in (" in front.asked[1]


def test_what_the_service_is_told() -> None:
    seen: list[dict[str, str]] = []

    def noted(app: Any) -> Any:
        def inner(environ: dict[str, Any], start: Any) -> Any:
            seen.append({k: v for k, v in environ.items() if k.startswith("HTTP_")})
            return app(environ, start)

        return inner

    with upstream({"page_size": 7, "parameters": {"x": "a b"}}) as (found, front):
        front.app = noted(front.app)
        assert len(read(found, NUMBERS)) == 90
        assert front.asked[0] == "Invoices?x=a b&$orderby=InvoiceNumber&$select=InvoiceNumber"
        assert len(front.asked) == 13  # the service keeps to the preference
    sent = seen[-1]
    assert sent["HTTP_PREFER"] == "odata.maxpagesize=7"
    assert sent["HTTP_ODATA_MAXVERSION"] == "4.01"
    assert sent["HTTP_ACCEPT"] == "application/json;odata.metadata=minimal;IEEE754Compatible=true"


@pytest.mark.parametrize("version", ["4.0", "4.01"])
@pytest.mark.parametrize("exact", [True, False])
def test_both_versions_and_both_spellings_of_numbers(version: str, exact: bool) -> None:
    with upstream({"version": version, "ieee754": exact}, plain=False) as (found, _):
        ask_all = Ask("Invoices", ("InvoiceNumber", "Amount", "Positions", "DueDate", "PostedAt"), count=True)
        batches = list(found.read(ask_all, Session()))
        assert batches[0].count == 90
        assert [record for batch in batches for record in batch.records] == [
            {name: row[name] for name in ask_all.fields} for row in DATA["Invoices"]
        ]


@pytest.mark.parametrize("status", [406, 415])
def test_a_service_that_knows_no_numbers_as_text(status: int) -> None:
    def strict(app: Any) -> Any:
        def inner(environ: dict[str, Any], start: Any) -> Any:
            if "IEEE754Compatible" in environ["HTTP_ACCEPT"]:
                start(f"{status} No", [("Content-Length", "0")])
                return [b""]
            return app(environ, start)

        return inner

    with upstream() as (found, front):
        front.app = strict(front.app)
        for _ in range(2):
            records = read(found, Ask("Invoices", ("Amount",), order=(Order("InvoiceNumber"),)))
            assert [r["Amount"] for r in records] == [r["Amount"] for r in DATA["Invoices"]]
        assert len(front.asked) == 3


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_list_that_is_refused_is_asked_as_alternatives_at_once() -> None:
    with upstream(plain=False, refuses={" in ": (501, "The operator in is not implemented.")}) as (found, front):
        where = OneOf("InvoiceNumber", ("I001", "I002"))
        for _ in range(2):
            assert len(read(found, Ask("Invoices", ("InvoiceNumber",), where))) == 2
        filters = [asked.partition("$filter=")[2].partition("&")[0] for asked in front.asked]
        chain = "InvoiceNumber eq 'I001' or InvoiceNumber eq 'I002'"
        assert filters == ["InvoiceNumber in ('I001','I002')", chain, chain]


def test_what_is_refused_is_withdrawn() -> None:
    with upstream(apart=True) as (found, front):
        where = Either((Compare("Amount", "gt", 1), Compare("Positions", "eq", 2)))
        with pytest.raises(Withdrawn, match=r".*"):
            read(found, Ask("Invoices", ("InvoiceNumber",), where))
        assert found.grade("Invoices", where) == 0
        assert len(front.asked) == 1


def test_an_or_that_is_refused_is_finished_here_and_not_asked_again() -> None:
    with service(apart=True) as (published, front):
        query = "$filter=Amount gt 3 or Positions eq 2&$count=true&$top=2"
        expected = sum((row["Amount"] or 0) > 3 or row["Positions"] == 2 for row in DATA["Invoices"])
        for _ in range(2):
            assert ask(published, "Invoices", query)["@odata.count"] == expected
        assert [" or " in asked for asked in front.asked] == [True, False, False]
        ask(published, "Invoices", "$filter=Amount gt 3 or Amount lt 1&$top=2")
        assert " or " in front.asked[-1]  # alternatives of one field are still the service's
        explained = published.adapter.explain(_query(published))  # type: ignore[attr-defined]
        assert "refused by the service, so that it is not asked: or = 'same field'" in explained


def _query(published: Service) -> Any:
    from edm.query import Query

    return Query("Invoices", ("InvoiceNumber",))


def test_the_field_that_a_refusal_names_is_not_compared_any_more() -> None:
    with service(refuses={"Amount": (400, "The property 'Amount' cannot be filtered.")}) as (published, front):
        query = "$filter=Amount gt 3 and Positions eq 2&$select=InvoiceNumber"
        first, second = ask(published, "Invoices", query), ask(published, "Invoices", query)
        assert first["value"] == second["value"] != []
        assert "$filter=Positions eq 2&" in front.asked[-1]


def test_what_is_refused_whatever_is_asked_is_told_and_blames_nothing() -> None:
    with upstream(refuses={"": (400, "The company does not exist.")}) as (found, _):
        where = Compare("Amount", "gt", 1)
        for _ in range(2):
            with pytest.raises((Refused, Withdrawn)):
                read(found, Ask("Invoices", ("InvoiceNumber",), where))
        with pytest.raises(Refused) as refused:
            read(found, Ask("Invoices", ("InvoiceNumber",)))
        assert refused.value.code == "erp_refused"
        assert "The company does not exist." in refused.value.detail
        assert found.grade("Invoices", where) == 2


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_url_that_is_too_long_is_cut_in_parts(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr("erp_adapters.odata.refusals.LONG", 60)
    with service({"in": True}, refuses={"(.*'C..'){6}": (status, "too long")}) as (published, front):
        body = ask(published, "Invoices", "$expand=Customer&$select=InvoiceNumber&$top=15")
        expected = {row["CustomerNumber"] for row in DATA["Invoices"][:15]} & {
            c["CustomerNumber"] for c in DATA["Customers"]
        }
        assert {row["Customer"]["CustomerNumber"] for row in body["value"] if row["Customer"]} == expected
        lists = [asked for asked in front.asked if " in (" in asked]
        assert [asked.count("'C") <= 5 for asked in lists].count(True) >= 2


# --- wrong answers ----------------------------------------------------------------------------------------------------


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    return lambda body: json.dumps(change(json.loads(body))).encode()


def _with(**members: Any) -> Callable[[bytes], bytes]:
    names = {"next": "@odata.nextLink", "count": "@odata.count", "value": "value"}
    return changed(lambda body: {**body, **{names[name]: value for name, value in members.items()}})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_with(value={}), ContractBroken),
        (_with(value=[1]), ContractBroken),
        (_with(value=[{}]), ContractBroken),
        (_with(value=[{"InvoiceNumber": 1}]), ContractBroken),
        (_with(next=1), ContractBroken),
        (_with(next="https://elsewhere.example/odata/v4/Invoices"), BadAnswer),
        (_with(next="http://127.0.0.1:1/odata/v4/Invoices"), BadAnswer),
        (_with(next="//elsewhere.example/Invoices"), BadAnswer),
        (_with(next="http://[x"), BadAnswer),
        (_with(next="Invoices?$select=InvoiceNumber"), BadAnswer),  # in a circle
        (_with(count=-1), ContractBroken),
        (_with(count="many"), ContractBroken),
        (changed(lambda body: []), ContractBroken),
        (lambda body: b"{", BadAnswer),
        (lambda body: b"<html>Please sign in</html>", BadAnswer),
    ],
)
def test_wrong_answers_have_names(change: Callable[[bytes], bytes], error: type[Exception]) -> None:
    with upstream(changes=change) as (found, front):
        with pytest.raises(error):
            read(found, Ask("Invoices", ("InvoiceNumber",)))
        assert len(front.asked) <= 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Amount", "12,50"), ("Amount", True), ("Amount", "NaN"), ("Amount", "1E+900"), ("Positions", 1.5),
        ("Positions", 2**63), ("DueDate", "28.01.2026"), ("DueDate", "2026-02-30"), ("PostedAt", "2026-01-01T00:00:00"),
        ("CustomerNumber", {}),
    ],
)  # fmt: skip
def test_values_of_another_type_are_told(field: str, value: Any) -> None:
    wrong = changed(lambda body: {**body, "value": [{**row, field: value} for row in body["value"]]})
    with upstream(changes=wrong) as (found, _), pytest.raises(ContractBroken) as broken:
        read(found, Ask("Invoices", (field,)))
    assert broken.value.detail.startswith(f"{field}: ")


def test_finer_moments_are_cut_off() -> None:
    finer = changed(
        lambda body: {
            **body,
            "value": [{**row, "PostedAt": "2026-01-01T10:00:00.1234567+01:00"} for row in body["value"]],
        }
    )
    with upstream(changes=finer) as (found, _):
        assert str(read(found, Ask("Invoices", ("PostedAt",)))[0]["PostedAt"]) == "2026-01-01 09:00:00.123456+00:00"


def test_a_count_that_is_not_told_is_missed() -> None:
    with upstream(drops=["$count"]) as (found, _), pytest.raises(ContractBroken):
        read(found, Ask("Invoices", ("InvoiceNumber",), count=True))


def test_more_than_the_top_is_cut_off() -> None:
    with upstream(drops=["$top"]) as (found, front):
        ask_three = Ask("Invoices", ("InvoiceNumber",), order=(Order("InvoiceNumber"),), top=3)
        assert [r["InvoiceNumber"] for r in read(found, ask_three)] == ["I000", "I001", "I002"]
        assert len(front.asked) == 1


def test_an_order_that_is_ignored_is_found_out() -> None:
    with service({"ordered": True}, drops=["$orderby"]) as (published, front):
        body = ask(published, "Invoices", "$orderby=Amount desc&$select=InvoiceNumber&$top=3")
        best = sorted(DATA["Invoices"], key=lambda r: (r["Amount"] is not None, -(r["Amount"] or 0)))
        by_amount = sorted((r for r in best if r["Amount"] is not None), key=lambda r: -r["Amount"])[:3]
        assert [row["InvoiceNumber"] for row in body["value"]] == [row["InvoiceNumber"] for row in by_amount]
        ask(published, "Invoices", "$orderby=Amount desc&$select=InvoiceNumber&$top=3")
        assert "$orderby" not in front.asked[-1]


def test_a_condition_that_is_ignored_is_found_out() -> None:
    with service(ignores=["CustomerNumber"]) as (published, front):
        query = "$filter=CustomerNumber eq 'C03'&$select=InvoiceNumber,CustomerNumber&$count=true"
        body = ask(published, "Invoices", query)
        rows = [row for row in DATA["Invoices"] if row["CustomerNumber"] == "C03"]
        assert (len(body["value"]), body["@odata.count"]) == (len(rows), len(rows))
        ask(published, "Invoices", query)
        assert "$filter" not in front.asked[-1]


def test_links_of_an_inner_host_are_followed_if_it_is_said_so() -> None:
    def inner(body: bytes) -> bytes:
        return body.replace(b"http://127.0.0.1", b"http://inner.example")

    with upstream({"page_size": 40, "rewrite_links": True}, changes=inner) as (found, front):
        assert len(read(found, NUMBERS)) == 90
        assert len(front.asked) == 3


# --- health -----------------------------------------------------------------------------------------------------------


def test_a_service_that_is_away() -> None:
    found = source_of(Remote("http://127.0.0.1:1/"), {})
    for probe in (lambda: found.ping(Session()), lambda: found.entity("Invoices"), lambda: found.entity("Invoices")):
        with pytest.raises(Unavailable):
            probe()


def test_what_is_no_service_document_is_not_healthy() -> None:
    with upstream(changes=_with(value=None)) as (found, _), pytest.raises(SourceError):
        found.ping(Session())
    with upstream() as (found, _):
        found.ping(Session())
