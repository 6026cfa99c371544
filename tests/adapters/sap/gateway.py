"""A SAP Gateway for the tests that is as strict as its `$metadata`: one service, rows in memory.

It refuses what it declares that it cannot do, pages by `$skiptoken`, names another host in its links, knows ABAP's rules
(no null texts, blanks at the end do not count, ALPHA conversion of the fields in `alpha`), and can be told to misbehave.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

Row = dict[str, Any]

ROOT = "/sap/opu/odata/sap/"
NAMESPACES = (
    'xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
    'xmlns:sap="http://www.sap.com/Protocols/SAPData"'
)


def metadata(types: str, sets: str, rest: str = "", namespace: str = "Z_SRV") -> str:
    """A description of a service with the given entity types and sets."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" {NAMESPACES}>'
        f'<edmx:DataServices m:DataServiceVersion="2.0"><Schema Namespace="{namespace}" '
        f'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{types}{rest}'
        f'<EntityContainer Name="C" m:IsDefaultEntityContainer="true">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


ORDERS = metadata(
    """<EntityType Name="Order"><Key><PropertyRef Name="Number"/></Key>
    <Property Name="Number" Type="Edm.String" Nullable="false" MaxLength="10" sap:display-format="UpperCase"/>
    <Property Name="Text" Type="Edm.String" MaxLength="20"/>
    <Property Name="Amount" Type="Edm.Decimal" Precision="13" Scale="3"/>
    <Property Name="Day" Type="Edm.DateTime" Precision="0" sap:display-format="Date"/>
    <Property Name="Changed" Type="Edm.DateTimeOffset" Precision="0"/>
    <Property Name="Clock" Type="Edm.Time" Precision="0"/>
    <Property Name="Open" Type="Edm.Boolean"/>
    <Property Name="Items" Type="Edm.Int32"/>
    <Property Name="Big" Type="Edm.Int64"/>
    <Property Name="Rate" Type="Edm.Double"/>
    <Property Name="Uuid" Type="Edm.Guid"/>
    <Property Name="Secret" Type="Edm.String" MaxLength="10" sap:filterable="false" sap:sortable="false"/>
    <Property Name="Odd" Type="Z_SRV.Unheard"/>
    <NavigationProperty Name="to_Party" Relationship="Z_SRV.a" FromRole="o" ToRole="p"/>
    </EntityType>
    <EntityType Name="Party"><Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.String" Nullable="false" MaxLength="10"/>
    <Property Name="Name" Type="Edm.String" MaxLength="40"/>
    </EntityType>
    <Association Name="a"><End Type="Z_SRV.Order" Multiplicity="*" Role="o"/>
    <End Type="Z_SRV.Party" Multiplicity="0..1" Role="p"/></Association>""",
    '<EntitySet Name="Orders" EntityType="Z_SRV.Order"/><EntitySet Name="Parties" EntityType="Z_SRV.Party"/>',
)


def _as_it_is(body: dict[str, Any]) -> Any:
    return body


@dataclass
class Gateway:
    """`rows` by entity set. `spoil` may change the body of an answer before it is written. `more` are descriptions of
    further services, `alpha` the widths of fields with that conversion; sets that are `mute` neither filter nor sort.
    """

    rows: dict[str, list[Row]]
    described: str = ORDERS
    service: str = "Z_SRV"
    more: Mapping[str, str] = field(default_factory=dict)
    alpha: Mapping[str, int] = field(default_factory=lambda: {"Number": 10})
    mute: frozenset[str] = frozenset()
    cannot: tuple[str, ...] = ()  # texts of conditions and orders that are not implemented
    page: int = 100
    words: str = ""
    host: str = "http://inner.example:8000"
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)  # taken before anything is looked up
    asked: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)  # of each request
    spoil: Callable[[dict[str, Any]], Any] = _as_it_is
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{ROOT}"

    def answer(self, target: str) -> tuple[int, str, bytes]:
        """Status, media type and body."""
        self.asked.append(target)
        if self.answers:
            return self.answers.pop(0)
        parts = urlsplit(target)
        service, _, name = parts.path.removeprefix(ROOT).partition("/")
        described = self.more.get(service, self.described if service == self.service else None)
        if described is None:
            return self._error(404, "/IWFND/MED/170", "No service found for namespace '', name 'X', version '0001'")
        if name == "$metadata":
            return 200, "application/xml", described.encode()
        if not name:
            return 200, "application/json", b'{"d":{"EntitySets":[]}}'
        asked = unquote(parts.query)
        if any(text in asked for text in self.cannot):
            return self._error(501, "/IWBEP/CX_MGW_NOT_IMPL_EXCEPTION", f"Method not implemented: {self.words}")
        try:
            body = self._read(name, dict(parse_qsl(parts.query, keep_blank_values=True)), parts)
        except Refusal as error:
            return self._error(400, "/IWBEP/CX_MGW_BUSI_EXCEPTION", str(error))
        return 200, "application/json", json.dumps(self.spoil(body)).encode()

    @staticmethod
    def _error(status: int, code: str, words: str) -> tuple[int, str, bytes]:
        body = {"error": {"code": code, "message": {"lang": "en", "value": words}, "innererror": {"errordetails": []}}}
        return status, "application/json", json.dumps(body).encode()

    def _read(self, name: str, query: dict[str, str], parts: Any) -> dict[str, Any]:
        rows = self.rows.get(name)
        if rows is None:
            raise Refusal(f"Resource not found for the segment {name!r}")
        if name in self.mute and query.keys() & {"$filter", "$orderby"}:
            raise Refusal(f"{name} can neither be filtered nor sorted")
        chosen = [row for row in rows if "$filter" not in query or Filter(query["$filter"], self)(row)]
        for item in reversed(query.get("$orderby", "").split(",") if query.get("$orderby") else []):
            column, _, direction = item.strip().partition(" ")
            chosen.sort(key=self._key(column), reverse=direction == "desc")
        count = len(chosen)
        chosen = chosen[int(query.get("$skip", "0")) :]
        if query.get("$top", "0") != "0":
            chosen = chosen[: int(query["$top"])]
        start = int(query.get("$skiptoken", "0"))
        shown = chosen[start : start + self.page]
        found: dict[str, Any] = {"results": [self._shown(name, row, query) for row in shown]}
        if "$inlinecount" in query:
            found["__count"] = str(count)
        if start + self.page < len(chosen):
            left = {**query, "$skiptoken": str(start + self.page)}
            left.pop("sap-client", None)
            text = "&".join(f"{key}={quote(value)}" for key, value in left.items() if key != "$inlinecount")
            found["__next"] = f"{self.host}{parts.path}?{text}"
        return {"d": found}

    def _key(self, column: str) -> Callable[[Row], Any]:
        return lambda row: _sortable(self.stored(column, row.get(column)))

    def _shown(self, name: str, row: Row, query: dict[str, str]) -> dict[str, Any]:
        wanted = query["$select"].split(",") if "$select" in query else list(row)
        expanded = query["$expand"].split(",") if "$expand" in query else []
        key = "','".join(str(value) for value in list(row.values())[:4])
        found: dict[str, Any] = {"__metadata": {"uri": f"{self.host}{ROOT}{self.service}/{name}('{key}')"}}
        for path in wanted:
            first, _, rest = path.partition("/")
            if rest:
                related = row.get(first) if first in expanded else {"__deferred": {"uri": "x"}}
                found.setdefault(first, related and _json_of(related))
            elif path not in row:
                raise Refusal(f"Property {path!r} not found")
            else:
                found[path] = _json(row[path])
        return found

    def stored(self, name: str, value: Any) -> Any:
        """As ABAP keeps it: numbers of documents with their zeros, texts without blanks at the end."""
        if isinstance(value, str) and name in self.alpha and value.isascii() and value.isdigit():
            return value.rjust(self.alpha[name], "0")
        return value.rstrip() if isinstance(value, str) else value


class Refusal(Exception):
    """A question that this service does not answer."""


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value)


def _json_of(row: Row) -> dict[str, Any]:
    return {name: _json(value) for name, value in row.items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime | date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
        return f"/Date({int(moment.timestamp() * 1000)}{'+0000' if isinstance(value, datetime) else ''})/"
    return str(value) if isinstance(value, Decimal) else value


_TOKEN = re.compile(
    r"\s*(?:(?P<typed>(?:datetimeoffset|datetime|guid|time)'(?:[^']|'')*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?[mMlLdDfF]?)|(?P<sign>[(),])|(?P<word>[A-Za-z_][\w/]*))"
)
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "lt": lambda a, b: a is not None and b is not None and bool(a < b),
    "le": lambda a, b: a is not None and b is not None and bool(a <= b),
    "gt": lambda a, b: a is not None and b is not None and bool(a > b),
    "ge": lambda a, b: a is not None and b is not None and bool(a >= b),
}


class Filter:
    """`$filter` of V2, with ABAP's values; SQL's rule for null but in `eq null` and `ne null`."""

    def __init__(self, text: str, gateway: Gateway) -> None:
        self.gateway = gateway
        self.tokens = list(self._split(text))
        self.row: Row = {}

    @staticmethod
    def _split(text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise Refusal(f"Invalid token at {text[at : at + 10]!r}")
            at = match.end()
            yield match.lastgroup or "", match.group(match.lastgroup or 0)

    def __call__(self, row: Row) -> bool:
        self.row, self.at = row, 0
        found = self._or()
        if self.at < len(self.tokens):
            raise Refusal("Unexpected end")
        return found

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, wanted: str = "") -> tuple[str, str]:
        if self.at >= len(self.tokens) or (wanted and self._peek() != wanted):
            raise Refusal(f"Expected {wanted!r}, found {self._peek()!r}")
        self.at += 1
        return self.tokens[self.at - 1]

    def _or(self) -> bool:
        found = self._and()
        while self._peek() == "or":
            self._take()
            right = self._and()
            found = found or right
        return found

    def _and(self) -> bool:
        found = self._not()
        while self._peek() == "and":
            self._take()
            right = self._not()
            found = found and right
        return found

    def _not(self) -> bool:
        if self._peek() == "not":
            self._take()
            return not self._not()
        if self._peek() == "(":
            self._take()
            found = self._or()
            self._take(")")
            return found
        return self._comparison()

    def _comparison(self) -> bool:
        name, left = self._operand()
        operator = self._peek()
        if operator not in _COMPARED:
            return bool(left)
        self._take()
        _, right = self._operand()
        left, right = self.gateway.stored(name, left), self.gateway.stored(name, right)
        if right is None and operator in ("eq", "ne"):
            return (left is None) is (operator == "eq")
        return left is not None and _COMPARED[operator](left, right)

    def _operand(self) -> tuple[str, Any]:
        kind, text = self._take()
        if kind == "word" and self._peek() == "(":
            return "", self._function(text)
        if kind == "word" and text in ("null", "true", "false"):
            return "", {"null": None, "true": True, "false": False}[text]
        if kind == "word":
            if text not in self.row or text == "Secret":
                raise Refusal(f"Property {text!r} cannot be filtered by")
            return text, self.row[text]
        return "", _literal(kind, text)

    def _function(self, name: str) -> Any:
        self._take("(")
        given: list[tuple[str, Any]] = []
        while self._peek() != ")":
            given.append(self._operand())
            if self._peek() == ",":
                self._take()
        self._take(")")
        # A pattern is taken as it is: what is sought gets no zeros.
        texts = [self.gateway.stored(name, value) if isinstance(value, str) else "" for name, value in given]
        functions: dict[str, Callable[[Sequence[str]], Any]] = {
            "substringof": lambda t: t[0] in t[1],
            "startswith": lambda t: t[0].startswith(t[1]),
            "endswith": lambda t: t[0].endswith(t[1]),
            "tolower": lambda t: t[0].lower(),
        }
        if name not in functions:
            raise Refusal(f"Function {name!r} is not supported")
        return functions[name](texts)


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return Decimal(text.rstrip("mMlLdDfF"))
    prefix, value = text[:-1].split("'", 1)
    if prefix == "datetime":
        moment = datetime.fromisoformat(value)
        if moment.tzinfo:
            raise Refusal("datetime with a zone")
        return moment.date()
    return datetime.fromisoformat(value) if prefix == "datetimeoffset" else value


@contextmanager
def running(gateway: Gateway) -> Iterator[Gateway]:
    """The gateway behind HTTP, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            gateway.cookies.append(self.headers.get("Cookie", ""))
            status, kind, body = gateway.answer(self.path)
            self.send_response(status)
            if not gateway.cookies[-1]:
                self.send_header("Set-Cookie", f"SAP_SESSIONID_S4H_100=s{len(gateway.cookies)}; path=/; HttpOnly")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
