"""Requests in the documentation, sent through the service on the demo ERP, give the answers that it shows.

An example is a block ``http`` (or a curl line in the README) directly before a block ``json``, in which ``…``
stands for what is left out: a value, the rest of a list, other members, a part of a text.
"""

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edm.declare import load_texts
from edm.errors import ERROR_CODES, ODataError
from erp_adapters import sql_mapping
from erp_adapters.base import (
    AuthFailed,
    BadAnswer,
    Busy,
    ContractBroken,
    Denied,
    Failed,
    Refused,
    TimedOut,
    Unavailable,
    Untrusted,
)
from erp_adapters.memory import MemoryAdapter
from erp_adapters.records.reading import narrower
from odata_server.cli.demo import FIRST_QUERY
from odata_server.messages import Headers
from tests.documents import PAGES, blocks, page, sections
from tests.server.support import PASSWORD, application
from tests.serving import ROOT, Answer, InProcess, connect, demo_metadata, demo_rows, serve
from tests.test_docs import error_sections

LOCAL_ROOT = "http://127.0.0.1:8000/odata/v4/"
REST = "…"


@dataclass(frozen=True, slots=True)
class Example:
    """A request as a document shows it, and the answer."""

    method: str
    target: str
    headers: Mapping[str, str]
    shown: Any
    body: bytes = b""

    @property
    def code(self) -> str | None:
        error = self.shown.get("error")
        return None if error is None else str(error["code"])

    @property
    def codes(self) -> set[str]:
        """Of the answer, or of the answers that it is made of."""
        bodies = [self.shown, *(one.get("body", {}) for one in self.shown.get("responses", ()))]
        return {str(body["error"]["code"]) for body in bodies if "error" in body}


def examples(text: str) -> Iterator[Example]:
    for (language, request), (following, answer) in pairwise(blocks(text.replace(LOCAL_ROOT, ROOT))):
        if following != "json" or (language != "http" and not request.startswith("curl ")):
            continue
        if language == "http":
            head, _, body = request.strip().partition("\n\n")
            first, *rest = head.splitlines()
            method, _, target = first.partition(" ")
        else:
            method, target, rest, body = "GET", shlex.split(request)[-1], [], ""
        headers = dict(line.split(": ", 1) for line in rest)
        yield Example(method, target, headers, json.loads(answer, parse_float=Decimal), body.encode())


def parameters(pages: Sequence[Path]) -> Iterator[Any]:
    for path in pages:
        for index, example in enumerate(examples(path.read_text(encoding="utf-8"))):
            yield pytest.param(example, id=f"{path.stem}-{index}-{example.target[:40]}")


def differences(shown: Any, given: Any, place: str = "") -> Iterator[str]:
    """Where the answer is not what the document shows."""
    if shown == REST:
        return
    if isinstance(shown, dict) and isinstance(given, dict):
        yield from (f"{place}/{name}: missing" for name in set(shown) - set(given) - {REST})
        if REST not in shown:
            yield from (f"{place}/{name}: not shown" for name in set(given) - set(shown))
        for name in set(shown) & set(given):
            yield from differences(shown[name], given[name], f"{place}/{name}")
    elif isinstance(shown, list) and isinstance(given, list):
        wanted = shown[:-1] if shown[-1:] == [REST] else shown
        if len(given) < len(wanted) or (wanted is shown and len(given) > len(wanted)):
            yield f"{place}: {len(given)} items"
        for index, (one, other) in enumerate(zip(wanted, given, strict=False)):
            yield from differences(one, other, f"{place}/{index}")
    elif not _same(shown, given):
        yield f"{place}: {given!r}"


def _same(shown: Any, given: Any) -> bool:
    if isinstance(shown, str) and isinstance(given, str):
        return bool(re.fullmatch(".*".join(map(re.escape, shown.split(REST))), given, re.DOTALL))
    return type(shown) is type(given) and str(shown) == str(given)  # 10.00 is not 10.0


@pytest.fixture(scope="module")
def service(demo_sqlite_url: str) -> InProcess:
    return serve(connect(demo_sqlite_url))


@pytest.mark.parametrize("example", list(parameters(PAGES)))
def test_an_example_gives_the_answer_shown(example: Example, service: InProcess, demo_sqlite_url: str) -> None:
    if example.code in ELSEWHERE:
        answer = ELSEWHERE[example.code](example, demo_sqlite_url)
    else:
        answer = service.send(example.method, example.target, example.headers, example.body)
    assert list(differences(example.shown, answer.json)) == [], answer.text[:2000]
    assert answer.status == (200 if example.code is None else ERROR_CODES[example.code][0])


@pytest.mark.parametrize("code", ERROR_CODES)
def test_an_error_s_example_shows_that_error(code: str) -> None:
    """So every code is raised by a test: that of its example."""
    shown = {found for example in examples(error_sections()[code]) for found in example.codes}
    assert code in shown
    assert shown <= {code, None}


def test_the_readme_has_the_banner_s_request() -> None:
    assert f"{LOCAL_ROOT}{FIRST_QUERY}'" in page("README.md")


# Errors that the demo does not give by itself


def _failing(error: Exception) -> Callable[[Example, str], Answer]:
    """From a service whose ERP fails."""

    class Failing(MemoryAdapter):
        def read(self, query: Any, session: Any) -> Any:
            raise error

    def send(example: Example, url: str) -> Answer:
        client = serve(Failing(demo_metadata(), {}))
        if not isinstance(error, ODataError):
            with pytest.raises(AssertionError, match="500"):
                client.send(example.method, example.target)
            client.service.observers[0].clear()  # type: ignore[attr-defined]
            object.__setattr__(client.service, "observers", ())
        return client.send(example.method, example.target)

    return send


def _scanning(example: Example, url: str) -> Answer:
    """From an ERP that evaluates nothing, with a small budget."""
    adapter = MemoryAdapter(demo_metadata(), demo_rows(url), capable=False)
    return serve(adapter, scan_budget=1_000).send(example.method, example.target)


def _over_http(example: Example, url: str) -> Answer:
    """At the edge, where credentials and bodies are looked at before anything else."""
    client = application(**SETTINGS.get(example.code, {})).test_client()
    scheme = "http" if example.code == "insecure_transport" else "https"
    headers, body = dict(example.headers), b""

    def send() -> Answer:
        response = client.open(
            f"{scheme}://erp.example.com/odata/v4/{example.target}",
            method=example.method,
            headers=headers,
            data=body,
            environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
        )
        return Answer(response.status_code, Headers(response.headers.items()), response.data)

    if example.code == "too_many_requests":
        headers["Authorization"] = _basic("wrong")
        for _ in range(10):
            send()
    if example.code == "payload_too_large":
        headers["Authorization"], body = _basic(PASSWORD), bytes(8_000_001)
    if example.code == "forbidden":
        headers["Authorization"] = _basic(PASSWORD)
    if example.code == "headers_too_large":
        headers["Cookie"] = "tracing=1"
    return send()


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"alice:{password}".encode()).decode()


#: Settings that an example names.
SETTINGS: Mapping[str | None, dict[str, Any]] = {
    "uri_too_long": {"max_request_line": 100},
    "headers_too_large": {"max_headers": 1},
}
ELSEWHERE: Mapping[str | None, Callable[[Example, str], Answer]] = {
    "internal": _failing(RuntimeError("a fault of ours")),
    "filter_required": _failing(narrower("Inventory", ["ItemNumber"])),
    "erp_contract": _failing(ContractBroken("Invoices")),
    "erp_unavailable": _failing(Unavailable()),
    "erp_busy": _failing(Busy()),
    "erp_timeout": _failing(TimedOut()),
    "erp_answer": _failing(BadAnswer()),
    "erp_failed": _failing(Failed()),
    "erp_refused": _failing(Refused()),
    "erp_denied": _failing(Denied()),
    "erp_auth": _failing(AuthFailed()),
    "erp_tls": _failing(Untrusted()),
    "scan_budget_exceeded": _scanning,
    "unauthorized": _over_http,
    "insecure_transport": _over_http,
    "too_many_requests": _over_http,
    "payload_too_large": _over_http,
    "forbidden": _over_http,
    "uri_too_long": _over_http,
    "headers_too_large": _over_http,
}


# The catalog's example


def test_the_catalog_s_example_is_a_catalog() -> None:
    """With the set that it refers to, cut to what the example needs."""
    example = dict(blocks(sections(page("docs/catalog.md"), 2)["A file"]))["toml"]
    customers = """
        entity_set = "Customers"
        entity_type = "Customer"
        label = "Customer"
        label_plural = "Customers"
        description = "Who buys."
        system_of_record = "ERP"
        key = "CustomerNumber"
        [properties.CustomerNumber]
        type = "String"
        max_length = 10
        label = "Customer Number"
        description = "The number."
    """
    metadata = load_texts({"Invoices.toml": example, "Customers.toml": customers})
    mapping, faults = sql_mapping.parse(metadata["Invoices"])
    assert not faults
    assert mapping is not None


@pytest.mark.parametrize("block", [b for _, b in blocks(page("docs/catalog.md")) if b.startswith("[sql]")])
def test_the_catalog_s_sections_are_sections(block: str) -> None:
    """Each example of where rows come from, in a set of one property."""
    text = """
entity_set = "Examples"
entity_type = "Example"
label = "Example"
label_plural = "Examples"
description = "An example."
system_of_record = "ERP"
key = "Key"
[properties.Key]
type = "String"
max_length = 10
label = "Key"
description = "The key."
"""
    text += block if "[sql.columns]" in block else f'{block}[sql.columns]\nKey = "K"\n'
    mapping, faults = sql_mapping.parse(load_texts({"Examples.toml": text})["Examples"])
    assert not faults
    assert mapping is not None


@pytest.mark.parametrize("line", re.findall(r"(?m)^\| .*? \| `(\w+ = .+?)` \|", page("docs/catalog.md")))
def test_the_catalog_s_mappings_are_mappings(line: str) -> None:
    """Each line of the table of codecs, in a set with a property that fits."""
    name = line.partition(" ")[0]
    kinds = {
        "GrossAmount": 'type = "Decimal"\nprecision = 18\nscale = 2',
        "Available": 'type = "Decimal"\nprecision = 18\nscale = 3',
        "DueDate": 'type = "Date"',
        **dict.fromkeys(("ValidTo", "OrderDate"), 'type = "Date"'),
        **dict.fromkeys(("NetAmount", "Quantity", "Weight"), 'type = "Decimal"\nprecision = 15\nscale = 2'),
        "Approved": 'type = "Boolean"',
        "ChangedAt": 'type = "DateTimeOffset"',
        "Blocked": 'type = "Boolean"',
        "CreatedAt": 'type = "DateTimeOffset"',
    }
    kind = kinds.get(name, 'type = "String"\nmax_length = 40')
    text = f"""
entity_set = "Examples"
entity_type = "Example"
label = "Example"
label_plural = "Examples"
description = "An example."
system_of_record = "ERP"
key = "Key"
[properties.Key]
type = "String"
max_length = 10
label = "Key"
description = "The key."
[properties.{name}]
label = "Label"
description = "What the line maps."
{kind}
[sql]
table = "T"
[sql.joins.c]
table = "C"
on = {{ A = "B" }}
[sql.columns]
Key = "K"
{line}
"""
    mapping, faults = sql_mapping.parse(load_texts({"Examples.toml": text})["Examples"])
    assert not faults
    assert mapping is not None
