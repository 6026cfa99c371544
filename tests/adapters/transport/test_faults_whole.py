"""Faults of an ERP behind HTTP as whoever asks the service sees them, by the numbers of the catalogue: the status, no
words of the ERP, the detail in the log, and a right answer as soon as the fault is over.

The ERP is a SAP Gateway of our own behind a server that can do wrong on any level. What only one kind of ERP does is in
its own tests.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edm.declare import load_texts
from odata_server.app import create_app
from odata_server.compose import compose
from odata_server.observe import Event, Handled, remember
from odata_server.settings import Settings
from tests.adapters.sap.gateway import ROOT, Gateway
from tests.adapters.transport.conftest import certificate
from tests.adapters.transport.server import CLOSE, RESET, Piece, Seen, Server, answer, served
from tests.fault_proxy import fault_proxy
from tests.server.support import SECRET

ORDERS = """
    entity_set = "Orders"
    entity_type = "Order"
    label = "Order"
    label_plural = "Orders"
    description = "Orders."
    system_of_record = "ERP"
    key = "Number"
    [properties.Number]
    type = "String"
    max_length = 10
    label = "Number"
    description = "The number."
    [properties.Amount]
    type = "Decimal"
    precision = 13
    scale = 3
    label = "Amount"
    description = "The amount."
    [sap]
    entity = "Z_SRV/Orders"
    [sap.fields]
    Number = "Number"
    Amount = "Amount"
"""
PARTIES = """
    entity_set = "Parties"
    entity_type = "Party"
    label = "Party"
    label_plural = "Parties"
    description = "Parties."
    system_of_record = "ERP"
    key = "Party"
    [properties.Party]
    type = "String"
    max_length = 10
    label = "Id"
    description = "The id."
    [sap]
    entity = "Z_SRV/Parties"
    [sap.fields]
    Party = "Id"
"""
ROWS: list[dict[str, Any]] = [{"Number": f"O{number}", "Amount": Decimal(number)} for number in range(1, 6)]
CANARY = "the ERP's own words, canary"
RIGHT = [{"Number": row["Number"], "Amount": int(row["Amount"])} for row in ROWS]


@dataclass
class Whole:
    """The service, the ERP behind it, and what was told of requests."""

    erp: Server
    gateway: Gateway
    client: Any
    told: list[Event] = field(default_factory=list)

    def ask(self, target: str = "Orders") -> tuple[int, Any]:
        found = self.client.get(f"/odata/v4/{target}")
        assert CANARY not in found.text
        body = json.loads(found.text)  # JSON whatever happens
        if found.status_code == 200:
            return 200, body["value"]
        return found.status_code, body["error"]["code"]

    @property
    def detail(self) -> str:
        handled = [event for event in self.told if isinstance(event, Handled)]
        return handled[-1].detail

    def data(self, *pieces: Piece) -> None:
        """What calls for orders are answered with from now on; without pieces, rightly."""
        self.erp.script = lambda seen: pieces if pieces and "/Orders" in seen.path else self.rightly(seen)

    def rightly(self, seen: Seen) -> list[Piece]:
        status, kind, body = self.gateway.answer(seen.target)
        return [answer(body, status, kind=kind)]

    def asked(self) -> int:
        return len([seen for seen in self.erp.seen if "/Orders" in seen.path])


def service(erp: Server, told: list[Event], settings: Mapping[str, Any] | None = None, **source: Any) -> Any:
    given = {"url": f"{erp.scheme}://localhost:{erp.port}{ROOT}", **source}
    made = Settings.model_validate(
        {
            "anonymous": True, "secret_key": SECRET, "log_level": "error", "deadline": 3, "breaker_failures": 1000,
            "sources": {"sap": given}, **(settings or {}),
        }
    )  # fmt: skip
    metadata = load_texts({"Orders.toml": ORDERS, "Parties.toml": PARTIES})
    return create_app(composition=compose(made, metadata=metadata, observers=(told.append, remember))).test_client()


@pytest.fixture
def whole(erp: Server) -> Iterator[Whole]:
    told: list[Event] = []
    gateway = Gateway({"Orders": ROWS, "Parties": [{"Id": "P1", "Name": "x"}]})
    made = Whole(erp, gateway, service(erp, told, statement_timeout=1), told)
    made.data()
    assert made.ask() == (200, RIGHT)
    yield made
    made.data()
    assert made.ask() == (200, RIGHT)  # over is over
    assert made.ask("Parties") == (200, [{"Party": "P1"}])


def record(number: str, **changes: Any) -> dict[str, Any]:
    return {"__metadata": {"uri": f"http://inner/Orders('{number}')"}, "Number": number, "Amount": "1.000", **changes}


def results(*records: Any, **more: Any) -> bytes:
    return answer({"d": {"results": list(records), **more}})


def test_f009_html_with_status_200(whole: Whole) -> None:
    whole.data(answer(f"<html>{CANARY}".encode(), kind="text/html"))
    assert whole.ask() == (502, "erp_answer")
    assert "text/html" in whole.detail
    assert whole.ask("Parties") == (200, [{"Party": "P1"}])  # what is not concerned is answered


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([answer(b'{"d": {"results": [')], (502, "erp_answer")),
        ([answer(b'{"d": {"results": []}}', length=9999), CLOSE], (503, "erp_unavailable")),
        ([answer(b"")], (502, "erp_answer")),
        ([RESET], (503, "erp_unavailable")),
        ([5.0], (504, "erp_timeout")),
    ],
    ids=["json", "body", "nothing", "reset", "silent"],
)
def test_f010_truncated(whole: Whole, pieces: list[Piece], expected: tuple[int, str]) -> None:
    whole.data(*pieces)
    assert whole.ask() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"Amount": "many"}, {"Amount": {}}, {"Amount": [1]}, {"Amount": True}, {"Amount": "NaN"}, {"Amount": "Infinity"},  {"Number": 7}, {"Number": {"x": CANARY}}, {"Number": ["O9"]}, {"Number": "longer than it can be"},
    ],
    ids=str,
)  # fmt: skip
def test_f011_wrong_types(whole: Whole, wrong: dict[str, Any]) -> None:
    """Not half the page, and the log says which row it is."""
    whole.data(results(record("O1"), record("O9", **wrong), record("O3")))
    assert whole.ask() == (502, "erp_contract")
    assert "O9" in whole.detail
    assert next(iter(wrong)) in whole.detail


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"d": None},
        {"d": 7},
        {"d": {}},
        {"d": {"results": {}}},
        {"d": {"results": [7]}},
        {"d": {"results": None}},
        "x",
        None,
    ],
    ids=str,
)
def test_f011_wrong_forms(whole: Whole, body: Any) -> None:
    whole.data(answer(body))
    assert whole.ask() == (502, "erp_contract")


def test_f012_more_than_was_asked_for(whole: Whole) -> None:
    more = {"New": CANARY, "Nested": {"a": [1, {"b": None}]}, "__deferred": {}}
    whole.data(answer({"d": {"results": [record("O1", **more)], "__extra": [CANARY]}, "more": 1}))
    assert whole.ask() == (200, [{"Number": "O1", "Amount": 1}])


def test_f013_a_field_that_is_no_more(whole: Whole) -> None:
    """Of that set alone, and other columns of it are answered."""
    without = record("O1")
    del without["Amount"]
    whole.data(results(without))
    assert whole.ask() == (502, "erp_contract")
    assert "Amount" in whole.detail
    assert whole.ask("Orders?$select=Number") == (200, [{"Number": "O1"}])
    assert whole.ask("Parties")[0] == 200


def test_f017_an_answer_without_end(whole: Whole) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    whole.data(head, *[chunk] * 40)
    assert whole.ask() == (502, "erp_answer")


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "{other}", "//localhost:{port}/", "https://localhost/"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_f018_redirects(whole: Whole, other: Server, target: str, status: int) -> None:
    location = target.format(other=other.url, port=other.port)
    whole.data(answer(CANARY.encode(), status, headers=[("Location", location)]))
    assert whole.ask() == (502, "erp_answer")
    assert not other.seen


def test_f019_a_link_that_leads_to_itself(whole: Whole) -> None:
    link = f"http://localhost:{whole.erp.port}{ROOT}Z_SRV/Orders?$skiptoken=7"
    before = whole.asked()
    whole.data(results(record("O1"), __next=link))
    assert whole.ask() == (502, "erp_contract")
    assert whole.asked() - before < 5


def test_f019_a_link_to_another_host(whole: Whole, other: Server) -> None:
    """Behind a proxy SAP names its own host in links, so their query alone is taken, to the configured one."""
    pages = iter([results(record("O1"), __next=f"{other.url}Orders?$skiptoken=1"), results(record("O2"))])
    whole.erp.script = lambda seen: [next(pages)] if "/Orders" in seen.path else whole.rightly(seen)
    status, found = whole.ask()
    assert (status, [row["Number"] for row in found]) == (200, ["O1", "O2"])
    assert not other.seen


@pytest.mark.parametrize(
    ("facts", "trusted"),
    [({}, False), ({"begins": -9, "ends": -1}, True), ({"host": "other.example"}, True)],
    ids=["self-signed", "expired", "host"],
)
def test_f020_tls(tmp_path: Path, facts: dict[str, Any], trusted: bool) -> None:
    files = certificate(tmp_path, "x", **facts)
    told: list[Event] = []
    with served(tls=files) as erp:
        given: dict[str, Any] = {"ca_file": str(files[0])} if trusted else {}
        client = service(erp, told, user="u", password=CANARY, **given)
        found = client.get("/odata/v4/Orders")
        assert (found.status_code, found.json["error"]["code"]) == (503, "erp_tls")
        assert not erp.seen  # no password went there


def test_f021_a_password_that_was_rotated(erp: Server, tmp_path: Path) -> None:
    path = tmp_path / "password"
    told: list[Event] = []
    path.write_text("old")
    gateway = Gateway({"Orders": ROWS})
    good = ["old"]

    def script(seen: Seen) -> list[Piece]:
        import base64

        if seen.headers.get("authorization") != "Basic " + base64.b64encode(f"u:{good[0]}".encode()).decode():
            return [answer(CANARY.encode(), 401)]
        status, kind, body = gateway.answer(seen.target)
        return [answer(body, status, kind=kind)]

    erp.script = script
    whole = Whole(erp, gateway, service(erp, told, user="u", password_file=str(path)), told)
    assert whole.ask() == (200, RIGHT)
    good[0] = "new"
    before = len(erp.seen)
    assert [whole.ask() for _ in range(30)] == [(503, "erp_auth")] * 30
    assert len(erp.seen) - before == 1
    path.write_text("new\n")
    assert whole.ask() == (200, RIGHT)


def test_connections_of_a_proxy_in_between(erp: Server) -> None:
    """Refused, dropped, silent, byte by byte (F001, F003 to F006), and right as soon as that is over."""
    told: list[Event] = []
    gateway = Gateway({"Orders": ROWS * 1})
    with fault_proxy(("127.0.0.1", erp.port)) as proxy:
        url = f"http://127.0.0.1:{proxy.port}{ROOT}"
        whole = Whole(erp, gateway, service(erp, told, url=url, statement_timeout=1), told)
        whole.data()
        assert whole.ask() == (200, RIGHT)
        faults: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"refuse": True}, (503, "erp_unavailable")),
            ({"reset": True}, (503, "erp_unavailable")),
            ({"accept": True}, (504, "erp_timeout")),
            ({"delay": 9.0}, (504, "erp_timeout")),
            ({"trickle": 0.05}, (504, "erp_timeout")),
            ({"cut": 200}, (503, "erp_unavailable")),
            ({"hold": 200}, (504, "erp_timeout")),
        ]
        for fault, expected in faults:
            proxy.set(**fault)
            proxy.drop()
            began = time.monotonic()
            assert whole.ask() == expected, fault
            assert time.monotonic() - began < 6, fault
            proxy.set()
            proxy.drop()
            assert whole.ask() == (200, RIGHT), fault


def test_a_worker_stays_free_while_the_erp_is_silent(whole: Whole) -> None:
    """Health is told at once."""
    import threading

    whole.data(5.0)
    asking = threading.Thread(target=whole.ask)
    asking.start()
    time.sleep(0.2)
    began = time.monotonic()
    assert whole.client.get("/healthz").status_code == 200
    assert time.monotonic() - began < 1
    asking.join()


# --- kept answers -----------------------------------------------------------------------------------------------------

PASSING: dict[str, list[Piece]] = {
    "a login page": [answer(b"<html>", kind="text/html")],
    "cut off": [answer(b'{"d": {')],
    "reset": [RESET],
    "401": [answer(b"", 401)],
    "429": [answer(b"", 429, headers=[("Retry-After", "9")])],
    "500": [answer(b"", 500)],
    "503": [answer(b"", 503)],
    "redirect": [answer(b"", 302, headers=[("Location", "https://login.example.com/")])],
}
STAYING: dict[str, list[Piece]] = {
    "403": [answer(b"", 403)],
    "404": [answer(b"", 404)],
    "another form": [answer({"d": {"results": [{}]}})],
}


def answered(erp: Server, pieces: list[Piece]) -> tuple[Any, Any]:
    """The first answer, and the one a moment after it has grown too old."""
    told: list[Event] = []
    gateway = Gateway({"Orders": ROWS})
    kept = {"cache": "memory", "default_freshness": 1, "stale": 60}
    whole = Whole(erp, gateway, service(erp, told, kept, user="u", password="p"), told)
    whole.data()
    first = whole.client.get("/odata/v4/Orders")
    assert first.status_code == 200
    whole.data(*pieces)
    time.sleep(1.1)
    return first, whole.client.get("/odata/v4/Orders")


@pytest.mark.parametrize("case", PASSING)
def test_what_passes_leaves_kept_answers(erp: Server, case: str) -> None:
    first, second = answered(erp, PASSING[case])
    assert (second.status_code, second.json["value"]) == (200, first.json["value"])
    assert "stale" in second.headers["Cache-Status"]


@pytest.mark.parametrize("case", STAYING)
def test_what_stays_is_told(erp: Server, case: str) -> None:
    """Whoever may not read something any more is not shown it either."""
    assert answered(erp, STAYING[case])[1].status_code == 502
