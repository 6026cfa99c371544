"""Requests as bytes that can be mutated, and the ones to start from: those of the golden cases.

A message looks as it does on the wire, with line feeds: request line without version, header lines, a blank line, the
body. Any bytes are a message, so that no mutation is wasted.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from odata_server.messages import Headers, ODataRequest
from tests.golden.cases import read_case
from tests.serving import ROOT

GOLDEN = Path(__file__).parents[1] / "golden"

Target = Literal["url", "headers", "batch", "json"]
TARGETS: tuple[Target, ...] = ("url", "headers", "batch", "json")

#: What requests are made of, and what has broken parsers before.
TOKENS = (
    "(", ")", "'", "''", ",", ";", "/", " ", "$", "@", "=", "&", "?", "*", ":", "%", "%25", "%27", "%00", "%ff", "+", "-",
    ".", "~", '"', "[", "]", "{", "}", "\\", "not ", " and ", " or ", " eq ", " ne ", " gt ", " in ", " add ", " div ",
    " mod ", " divby ", " has ", "null", "true", "NaN", "INF", "0", "-1", "9" * 30, "1e400", "0.1", "2024-02-30",
    "2024-01-01", "T00:00:00Z", "0001-01-01T00:00:00+14:00", "duration'P1D'", "duration'PT99999999999S'", "$it", "$this",
    "$root/", "$count", "$value", "$ref", "$filter=", "$expand=", "$compute=", "$apply=", "$orderby=", "$search=",
    "$skiptoken=", "$levels=max", "$batch", "$query", "$each", "$entity?$id=", "$all", "$crossjoin(", "any(x:x/", "all(x:x/",
    "any()", "cast(", "isof(", "case(", "matchesPattern(", "Edm.String", "Edm.Int64", "ErpOData.", "Customers", "Invoices",
    "SalesOrders", "Lines", "CustomerName", "CustomerNumber", "GrossAmount", "DueDate", "CreatedAt", "Blocked", "Status",
    "contains(", "substring(", "concat(", "round(", "now()", "@a", "&@a=", " as X", "groupby((", "aggregate(",
    " with sum as ", "topcount(", "rollup(", "filter(", "identity", "concat(", " desc", "\x00", "\r\n", "\n", "\t",
    "\u202e", "\u00e9", "e\u0301", "\U0001f529",
    "--batch", "--batch--", "Content-Type: application/http", "Content-Type: multipart/mixed;boundary=batch",
    "Content-ID: 1", "Content-Transfer-Encoding: binary", "Content-Length: 9", " HTTP/1.1", "GET ", "POST ", "PATCH ",
    "$1", "$1/", '"requests":', '"id":', '"method":', '"url":', '"dependsOn":', '"atomicityGroup":', '"body":', '"headers":',
    "Accept: ", "Prefer: ", "If-Match: ", "If-None-Match: ", "OData-Version: ", "OData-MaxVersion: ", "Range: bytes=0-",
    "Content-Encoding: gzip", "application/json", ";odata.metadata=full", ";IEEE754Compatible=true", "q=0", "maxpagesize=",
    "respond-async", "wait=1", "continue-on-error", "return=minimal", "omit-values=nulls", 'include-annotations="*"', 'W/"x"',
)  # fmt: skip

#: Header lines, with and without sense.
HEADERS = (
    "Accept: application/json;odata.metadata=full;IEEE754Compatible=true", "Accept: */*;q=0.5, text/html", "Range: bytes=0-9",
    "OData-Version: 4.01", "OData-MaxVersion: 4.01", "OData-MaxVersion: 5.0", "Prefer: maxpagesize=3, respond-async",
    'Prefer: include-annotations="*,-Core.*"', "Prefer: omit-values=nulls; a=b", "Prefer: continue-on-error",
    'If-None-Match: W/"x", "y"', "If-Match: *", "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT", "OData-Isolation: snapshot",
    "Accept-Language: de;q=0.9", "Accept-Charset: utf-7", "Content-Type: text/plain;charset=x", "Content-Encoding: br",
    "X-HTTP-Method: DELETE", "Host: [::1", "Accept: \xff\x00", "Prefer: \xe9=\x07",
)  # fmt: skip

#: Requests that use much of the language at once.
RICH = (
    "Customers?$filter=Invoices/any(i:i/Lines/all(l:l/NetAmount gt 1.5e3 or l/ItemNumber in ('a',null)))&$top=3",
    "Customers?$expand=Invoices($filter=GrossAmount gt 10;$orderby=DueDate desc;$top=1;$expand=Lines($count=true)),Assets/$ref",
    "Customers('C-100042')/Invoices?$orderby=length(CustomerName) desc,Customer/City&$search=\"a b\" OR NOT c",
    "Invoices(InvoiceNumber='INV-100077')/Customer/ParentCustomer/CustomerName/$value",
    "Invoices?$filter=year(DueDate add duration'P1DT2H') mod 2 eq 1 and substring(CustomerName,-3,2) ne 'x'&$skip=3",
    "Invoices?$filter=GrossAmount mul 3 div 7 sub -1 gt OpenAmount and round(NetAmount) ge 1 or not PaymentBlock eq true",
    "Invoices?$filter=DueDate ge 2026-01-01T00:00:00Z and CreatedAt lt 2026-01-01 and Customer ne null&$select=*",
    "Customers?$filter=Invoices/$count($filter=Status eq @s;$search=x) gt 3&@s='Open'&$schemaversion=*&$format=json",
    "Customers/$count?$filter=tolower(concat(City,Country)) eq 'x' and indexof(City,'a') lt 2",
    "Invoices/$ref?$skip=1&$top=2", "SalesOrderLines/SO10002001~0010", "$batch", "$entity?$id=Customers('x')", "$all",
    "Invoices?$apply=groupby((Status))", "Invoices?$compute=GrossAmount mul 2 as X", "$metadata?$format=xml",
)  # fmt: skip
BATCH = (
    """--batch
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

GET Customers?$top=1 HTTP/1.1
Accept: application/json


--batch
Content-Type: application/http

GET /odata/v4/Invoices('INV-100001')/Customer HTTP/1.1


--batch--
""",
    """--batch
Content-Type: multipart/mixed; boundary=inner

--inner
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

POST Customers HTTP/1.1
Content-Type: application/json

{"CustomerNumber":"C-1"}
--inner
Content-Type: application/http
Content-ID: 2

PATCH $1 HTTP/1.1
If-Match: *

{}
--inner--
--batch
Content-Type: application/http

GET $1/Invoices/$count HTTP/1.1

--batch--
""",
)
JSON = (
    """POST $batch

{"requests":[{"id":"1","method":"get","url":"Customers?$top=1","headers":{"accept":"application/json"}},
{"id":"2","dependsOn":["1"],"method":"get","url":"$1/Invoices"},
{"id":"3","atomicityGroup":"g","if":"$1/Blocked eq false","method":"post","url":"/odata/v4/Customers","body":{"a":1.5e3}}]}""",
    """POST Invoices/$query

$filter=Status eq 'Open'&$top=2&$expand=Customer""",
    """POST Customers('C-100001')/Invoices/$query

%24orderby=GrossAmount+desc&$count=true""",
    """PATCH Customers('C-100001')

{"CustomerName":"x","Blocked":null,"CreditLimit":1e400}""",
)


#: Properties of the golden expressions, and what the demo has instead.
_PUBLISHED = {"Amount": "GrossAmount", "Positions": "DaysOverdue", "PostedAt": "CreatedAt"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request in parts, each of them text of any characters up to U+00FF."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __bytes__(self) -> bytes:
        lines = (f"{self.method} {self.target}", *(f"{name}: {value}" for name, value in self.headers), "", "")
        return "\n".join(lines).encode("latin-1", "replace") + self.body

    def request(self) -> ODataRequest:
        path, _, query = self.target.partition("?")
        return ODataRequest(self.method, path, query, Headers(self.headers), self.body, ROOT)


def read(data: bytes, target: Target) -> Message:
    """What ``data`` says, with the parts set that ``target`` does not vary."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, where = first.partition(" ")
    where = where if target == "json" else first.removeprefix("GET ")
    pairs = tuple((name, value.strip(" ")) for name, colon, value in (line.partition(":") for line in lines) if colon)
    if target == "url":
        return Message("GET", where)
    if target == "headers":
        return Message("GET", where, pairs)
    if target == "batch":
        return Message("POST", "$batch", pairs, body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    kind = "text/plain" if "$query" in where else "application/json"
    return Message(method, where, (*pairs, ("Content-Type", kind)), body)


def seeds(target: Target) -> Iterator[bytes]:
    """Valid messages, or nearly."""
    if target == "batch":
        kinds = (("Content-Type", "multipart/mixed; boundary=batch"),)
        yield from (bytes(Message("POST", "$batch", kinds, body.encode())) for body in BATCH)
        for each in RICH:
            part = f"--batch\nContent-Type: application/http\n\nGET {quote(each)} HTTP/1.1\n\n\n"
            prefer = ("Prefer", "continue-on-error")
            yield bytes(Message("POST", "$batch", (*kinds, prefer), f"{part}{part}--batch--".encode()))
    elif target == "json":
        yield from (text.encode() for text in JSON)
        for each in RICH:
            path, _, query = each.partition("?")
            yield f"POST {path}/$query\nPrefer: maxpagesize=3\n\n{query}".encode()
            requests = [
                {"id": "a", "method": "get", "url": each},
                {"id": "b", "dependsOn": ["a"], "method": "get", "url": "$a"},
            ]
            yield f"POST $batch\nAccept: multipart/mixed\n\n{json.dumps({'requests': requests})}".encode()
    else:
        targets = tuple(dict.fromkeys(_golden()))
        yield from (bytes(Message("GET", each)) for each in targets)
        if target == "headers":
            for number, line in enumerate(HEADERS):
                name, _, value = line.partition(": ")
                yield bytes(Message("GET", targets[7 * number % len(targets)], ((name, value),)))


def _golden() -> Iterator[str]:
    """Request targets of the golden cases."""
    yield from RICH
    for folder in ("salesforce", "protocol"):
        for path in sorted((GOLDEN / folder).glob("*.txt")):
            yield from (e.target for e in read_case(path) if "{" not in e.target)
    for path in sorted((GOLDEN / "uri").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, _, text = line.partition(": ")
            if kind in ("query", "path"):
                yield f"Customers?{text}" if kind == "query" else text
    for line in (GOLDEN / "expressions.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            text = line.removeprefix("~").partition(" => ")[0]
            for name, published in _PUBLISHED.items():
                text = text.replace(name, published)
            yield f"Invoices?$filter={text}"
