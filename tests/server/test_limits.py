"""Every limit is a setting, and holds where it says: at one more than is asked for, exactly at it, and one below.

A row is a request whose use of one limit is known. The request is sent three times, with the limit set to one more than
it uses, to what it uses, and to one less: it must pass twice and be refused, or be cut, the third time.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
from flask import Flask

from edm.query import Query
from erp_adapters.base import Adapter, Page, Session
from erp_adapters.memory import MemoryAdapter
from odata_server.app import create_app
from odata_server.compose import compose
from odata_server.config import load, shown
from odata_server.settings import Settings, limit_setting
from odata_server.uri.limits import Limits
from tests.engine.small import DATA, METADATA
from tests.server.support import SECRET
from tests.serving import Answer, OverWSGI, on_the_wire


@dataclass(frozen=True)
class Request:
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: bytes = b""

    def send(self, app: Flask) -> Answer:
        return OverWSGI(app).raw(
            self.method, b"/odata/v4/" + on_the_wire(self.target).encode(), self.headers, self.body
        )


Kept = Callable[[Answer], bool]


def named(setting: str) -> Kept:
    """A request that is too large is refused in words that name the limit."""

    def kept(answer: Answer) -> bool:
        if answer.status < 400:
            return True
        said = f"(limit {setting.removeprefix('limit_')})"
        assert said in answer.error["message"], answer.text
        assert answer.error["code"] in REFUSALS
        return False

    return kept


def whole(answer: Answer) -> bool:
    """A page that is too large ends in a next link."""
    assert answer.status == 200, answer.text
    return "nextLink" not in answer.text


def said(setting: str) -> Kept:
    """No part of a batch was refused in words that name the limit."""
    return lambda answer: f"(limit {setting})" not in answer.text


REFUSALS = (
    "limit_exceeded", "scan_budget_exceeded", "payload_too_large", "uri_too_long", "headers_too_large",
    "too_many_requests",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """``request`` uses ``uses`` of ``setting``."""

    setting: str
    uses: int
    request: Request
    kept: Kept | None = None
    adapter: Callable[[], Adapter] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.setting


def customers(query: str) -> Request:
    return Request(f"Customers?{query}")


def batch(*urls: str) -> Request:
    requests = [{"id": str(number), "method": "get", "url": url} for number, url in enumerate(urls)]
    headers = {"Content-Type": "application/json", "Prefer": "continue-on-error"}
    return Request("$batch", headers, "POST", json.dumps({"requests": requests}).encode())


def hops(count: int) -> str:
    """A path of so many segments, at least two, to the invoice or the customer."""
    there_and_back = ["Invoices('I001')", "Customer"] * count
    return "/".join(["Customers('C01')", *there_and_back][:count])


def any_of(depth: int) -> str:
    """``any`` within ``any``."""
    inner = "a0/Positions gt 0"
    for level in range(depth):
        inner = f"{f'a{level + 1}/Customer/' if level + 1 < depth else ''}Invoices/any(a{level}:{inner})"
    return inner


def expanded(depth: int) -> str:
    names, inner = ("Customer", "Invoices"), ""
    for level in range(depth, 0, -1):
        inner = names[level % 2] + (f"($expand={inner})" if inner else "")
    return inner


def unable() -> Adapter:
    """A source that evaluates nothing."""
    return MemoryAdapter(METADATA, DATA, capable=False)


LONG = Request(f"Customers?$filter=CustomerName eq '{'x' * 150}'")
PAGE = Request("Customers?$orderby=CustomerName,Country,Visits", {"Prefer": "maxpagesize=3"})
COMPRESSED = Request("Customers", {"Content-Encoding": "gzip", "X-Ignored": ""}, "POST", gzip.compress(bytes(70_000)))


def read_only(setting: str) -> Kept:
    """The body was taken: what is refused is the write."""
    limited = named(setting)
    return lambda answer: (answer.status < 500 and answer.error["code"] not in REFUSALS) or limited(answer)


def bytes_of(target: str) -> int:
    """What an answer takes, with the room that is kept for a next link in place of the end."""
    return len(Request(target).send(application({})).body) + 2_200 - len(b'"value":}')


def longest_token() -> int:
    link = PAGE.send(application({})).next
    assert link is not None
    return len(link.partition("$skiptoken=")[2])


def application(
    changes: Mapping[str, Any], adapter: Callable[[], Adapter] | None = None, secret: str = SECRET
) -> Flask:
    """The service as configured by environment variables."""
    environ = {f"ERP_ODATA_{name.upper()}": str(value) for name, value in changes.items()}
    base = {"ERP_ODATA_ANONYMOUS": "1", "ERP_ODATA_SECRET_KEY": secret, "ERP_ODATA_DATABASE_URL": "sqlite://"}
    settings = load(environ=base | {"ERP_ODATA_LOG_LEVEL": "error"} | environ).settings
    made = adapter() if adapter else MemoryAdapter(METADATA, DATA)
    return create_app(composition=compose(settings, adapter=made, metadata=METADATA))


ROWS = [
    Row("limit_options", 4, customers("$top=1&$skip=1&a=1&@b=1")),
    Row("limit_path_segments", 5, Request(hops(5))),
    Row("limit_tokens", 9, customers("$filter=not not not not not not not not Blocked")),
    Row("limit_nodes", 9, customers("$filter=not not not not not not not not Blocked")),
    Row("limit_depth", 9, customers("$filter=not not not not not not not not Blocked")),
    Row("limit_parentheses", 6, customers("$filter=((((((Blocked))))))")),
    Row("limit_function_nesting", 3, customers("$filter=trim(tolower(concat(Country,'a'))) eq 'dea'")),
    Row("limit_roots", 2, customers("$filter=$root/Customers('a')/Blocked or $root/Customers('b')/Blocked")),
    Row("limit_lambda_depth", 2, customers(f"$filter={any_of(2)}")),
    Row("limit_alias_nesting", 2, customers("$filter=@a&@a=not @b&@b=Blocked")),
    Row("limit_expand_depth", 3, customers(f"$expand={expanded(3)}")),
    Row("limit_expand_items", 3, customers(f"$expand={expanded(3)}")),
    Row("limit_orderby_items", 3, customers("$orderby=Country,Blocked,Visits desc")),
    Row("limit_compute_items", 2, customers("$compute=Visits add 1 as A,Visits add 2 as B&$select=A,B")),
    Row("limit_apply_steps", 3, customers("$apply=filter(Blocked)/groupby((Country),aggregate($count as N))")),
    Row("batch_parts", 3, batch("Customers", "Invoices", "Customers/$count"), said("batch_parts")),
    Row("batch_rows", 21, batch("Customers", "Invoices"), said("batch_rows")),  # 20, and one more to go on
    Row("limit_apply_keys", 3, customers("$apply=groupby((Country,Blocked,Visits))")),
    Row("limit_select_items", 3, customers("$select=Country,Blocked,Visits")),
    Row("limit_search_terms", 3, customers("$search=a OR b c")),
    Row("limit_search_length", 8, customers("$search=a OR b c")),
    Row("limit_pattern_length", 5, customers("$filter=matchespattern(CustomerName,'^A.*c')")),
    Row("max_skip", 7, customers("$skip=7")),
    Row("max_expanded", 3, customers("$filter=CustomerNumber eq 'C01'&$expand=Invoices")),
    Row("max_expanded_per_parent", 3, customers("$filter=CustomerNumber eq 'C01'&$expand=Invoices"), whole),
    Row("page_size", 20, customers("$select=Country"), whole),
    Row("max_page_size", 20, Request("Customers", {"Prefer": "maxpagesize=100"}), whole, settings={"page_size": 1}),
    Row("max_response", bytes_of("Customers"), customers(""), whole),
    Row("max_token", longest_token(), PAGE),
    Row("scan_budget", 20, customers("$filter=Blocked"), adapter=unable),
    Row("max_request_line", len(f"GET /odata/v4/{on_the_wire(LONG.target)} HTTP/1.1"), LONG),
    Row("max_headers", 4, Request("Customers", {"Accept": "*/*", "X-A": "1", "X-B": "2"})),  # and Content-Length
    Row("max_header_size", 203, Request("Customers", {"X": "y" * 200})),
    Row("max_body", 1_000, Request("Customers", {}, "POST", bytes(1_000)), read_only("max_body")),
    Row("max_inflated", 70_000, COMPRESSED, read_only("max_inflated")),
]  # fmt: skip

#: Limits that are not a number of something in a request, and the tests that they have.
ELSEWHERE = {
    "max_ratio": "test_a_compressed_body_unfolds_so_far",
    "max_correlation_id": "test_a_longer_correlation_id_is_replaced",
    "max_concurrent": "test_one_caller_has_so_many_requests_in_progress",
    "deadline": "test_the_deadline_reaches_the_source",
}


def limits() -> set[str]:
    prefixes = ("limit_", "max_", "batch_")
    return {name for name in Settings.model_fields if name.startswith(prefixes)} | {
        "page_size", "scan_budget", "deadline",
    }  # fmt: skip


def test_every_limit_is_tested() -> None:
    assert sorted([*(row.setting for row in ROWS), *ELSEWHERE]) == sorted(limits())
    assert all(callable(globals()[name]) for name in ELSEWHERE.values())


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.parametrize(("more", "passes"), [(1, True), (0, True), (-1, False)], ids=["N-1", "N", "N+1"])
def test_a_limit(row: Row, more: int, passes: bool) -> None:
    """``more`` than what the request uses is allowed."""
    app = application({**row.settings, row.setting: row.uses + more}, row.adapter)
    assert (row.kept or named(row.setting))(row.request.send(app)) is passes


@pytest.mark.parametrize("row", [row for row in ROWS if row.kept is None and row.adapter is None], ids=str)
def test_what_a_limit_refuses_asks_nobody(row: Row) -> None:
    """S-21. What is read before the limit of expanded rows and of tokens can be reached is the rows themselves."""
    asked: list[str] = []

    class Spy(MemoryAdapter):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            asked.append(query.entity_set)
            return super().read(query, session)

    row.request.send(application({row.setting: row.uses - 1}, lambda: Spy(METADATA, DATA)))
    assert asked == {"max_expanded": ["Customers", "Invoices"], "max_token": ["Customers"]}.get(row.setting, [])


def test_a_compressed_body_unfolds_so_far() -> None:
    """The first 64 KB are free."""
    size = 200_000
    compressed = gzip.compress(bytes(size))
    ratio = -(-(size - 65_536) // len(compressed))
    request = Request("Customers", {"Content-Encoding": "gzip"}, "POST", compressed)
    kept = read_only("max_ratio")
    assert [kept(request.send(application({"max_ratio": ratio + more}))) for more in (1, 0, -1)] == [True, True, False]


def test_a_longer_correlation_id_is_replaced() -> None:
    request = Request("Customers", {"X-Correlation-Id": "abcdefgh"})
    answers = [request.send(application({"max_correlation_id": n})) for n in (9, 8, 7)]
    assert [answer.headers["X-Correlation-Id"] == "abcdefgh" for answer in answers] == [True, True, False]


@pytest.mark.parametrize(("allowed", "statuses"), [(4, {200}), (3, {200}), (2, {200, 429})])
def test_one_caller_has_so_many_requests_in_progress(allowed: int, statuses: set[int]) -> None:
    """Each request asks again while it is answered, three deep; when all are over, the next is welcome."""
    seen: list[Answer] = []

    class Asking(MemoryAdapter):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            if len(seen) < 2 and len(depth) < 2:
                depth.append(1)
                with ThreadPoolExecutor(1) as other:
                    seen.append(other.submit(customers("").send, app).result())
            return super().read(query, session)

    depth: list[int] = []
    app = application({"max_concurrent": allowed}, lambda: Asking(METADATA, DATA))
    seen.append(customers("").send(app))
    assert {answer.status for answer in seen} == statuses
    for answer in seen:
        assert answer.status == 200 or (answer.error["code"], answer.headers["Retry-After"]) == (
            "too_many_requests",
            "1",
        )
    assert customers("").send(app).status == 200


@pytest.mark.parametrize(("deadline", "status"), [(11, 200), (10, 504), (9, 504)])
def test_the_deadline_reaches_the_source(deadline: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds pass between two reads."""
    passed = [0.0]
    monkeypatch.setattr("time.monotonic", lambda real=time.monotonic: real() + passed[0])

    class Slow(MemoryAdapter):
        def read(self, query: Query, session: Session) -> Iterator[Page]:
            pages = list(super().read(query, session))
            passed[0] += 10
            return iter(pages)

    answer = customers("$expand=Invoices").send(application({"deadline": deadline}, lambda: Slow(METADATA, DATA)))
    assert answer.status == status


# Rows of ``Limits`` are settings


@pytest.mark.parametrize("row", fields(Limits), ids=lambda row: row.name)
def test_a_limit_of_urls_is_a_setting(row: Any) -> None:
    """Its variable reaches the parser, and it is shown with its origin."""
    name = limit_setting(row.name)
    loaded = load(environ={f"ERP_ODATA_{name.upper()}": "7"}, serving=False)
    assert getattr(loaded.settings.limits, row.name) == 7
    line = next(line for line in shown(loaded) if line.name == name)
    assert (line.value, line.origin) == (7, f"environment: ERP_ODATA_{name.upper()}")
    assert getattr(Settings().limits, row.name) == row.default
