"""Services that are bad on purpose: the metadata that break a rule, and a sound service with one defect in between."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

import requests

from odata_server.cli.local import Local
from odata_server.service import ServiceOptions
from salesforce.client import Client
from tests.engine import small

ROOT = "https://erp.example.com/odata/v4/"
EDM = 'xmlns="http://docs.oasis-open.org/odata/ns/edm"'
Options = dict[str, str]


def metadata(types: str, sets: str = "", *, before: str = "") -> bytes:
    """A document with one schema ``M``. Without ``sets`` there is one, Things, of the type Thing."""
    sets = sets or '<EntitySet Name="Things" EntityType="M.Thing"/>'
    container = f'<EntityContainer Name="C">{sets}</EntityContainer>'
    schema = f'<Schema {EDM} Namespace="M">{types}{container}</Schema>'
    space = 'xmlns:e="http://docs.oasis-open.org/odata/ns/edmx"'
    return f'<e:Edmx Version="4.0" {space}>{before}<e:DataServices>{schema}</e:DataServices></e:Edmx>'.encode()


def thing(properties: str = "", *, key: str = "Code", name: str = "Thing") -> str:
    """An entity type whose key is a text of ten characters."""
    own = f'<Property Name="{key}" Type="Edm.String" MaxLength="10" Nullable="false"/>'
    return f'<EntityType Name="{name}"><Key><PropertyRef Name="{key}"/></Key>{own}{properties}</EntityType>'


def text(name: str, length: str) -> str:
    return f'<Property Name="{name}" Type="Edm.String" MaxLength="{length}"/>'


def parent(length: int, constraint: str = '<ReferentialConstraint Property="Up" ReferencedProperty="Code"/>') -> str:
    navigation = f'<NavigationProperty Name="Parent" Type="M.Thing">{constraint}</NavigationProperty>'
    return thing(text("Up", str(length)) + navigation)


def annotated(annotation: str) -> str:
    return f'<EntitySet Name="Things" EntityType="M.Thing">{annotation}</EntitySet>'


def capability(term: str, *members: tuple[str, str]) -> str:
    values = "".join(f'<PropertyValue Property="{name}" {value}</PropertyValue>' for name, value in members)
    return annotated(f'<Annotation Term="Org.OData.Capabilities.V1.{term}"><Record>{values}</Record></Annotation>')


def paths(*names: str) -> str:
    inside = "".join(f"<PropertyPath>{name}</PropertyPath>" for name in names)
    return f"><Collection>{inside}</Collection>"


NO = 'Bool="false">'
TOP = annotated('<Annotation Term="Org.OData.Capabilities.V1.TopSupported" Bool="false"/>')
REFERENCE = '<e:Reference Uri="https://example.org/core.xml"><e:Include Namespace="A.B"/></e:Reference>'
TWO_KEYS = (
    '<EntityType Name="Thing"><Key><PropertyRef Name="A"/><PropertyRef Name="B"/></Key>'
    '<Property Name="A" Type="Edm.Int32" Nullable="false"/><Property Name="B" Type="Edm.Int32" Nullable="false"/></EntityType>'
)
INT_KEY = (
    '<EntityType Name="Thing"><Key><PropertyRef Name="A"/></Key>'
    '<Property Name="A" Type="Edm.Int32" Nullable="false"/></EntityType>'
)
LONG_KEY = (
    '<EntityType Name="Thing"><Key><PropertyRef Name="A"/></Key>'
    '<Property Name="A" Type="Edm.String" Nullable="false" MaxLength="256"/></EntityType>'
)
LONG_NAME = "TheNumberOfTheDeliveryInTheSystemOfTheCarrier"
UNSIZED = '<Property Name="A" Type="Edm.String"/>'

#: Metadata, and the rules they break: those and no others.
METADATA: list[tuple[bytes, set[str]]] = [
    (metadata(thing()), set()),
    (metadata(thing(), "<Nothing/>"), {"no-sets"}),
    (metadata(thing(), before=REFERENCE), {"external-reference"}),
    (
        metadata(thing(), "".join(f'<EntitySet Name="S{n}" EntityType="M.Thing"/>' for n in range(201))),
        {"too-many-sets"},
    ),
    (metadata('<EntityType Name="Thing">' + text("A", "5") + "</EntityType>"), {"key-missing"}),
    (metadata(thing(key=LONG_NAME)), {"key-missing", "name-too-long"}),
    (metadata(LONG_KEY), {"key-too-long", "long-text"}),
    (metadata(TWO_KEYS), {"key-composite"}),
    (metadata(INT_KEY), {"key-type"}),
    (metadata(thing(text("A" * 40, "5"))), set()),
    (metadata(thing(text("A" * 41, "5"))), {"name-too-long"}),
    (metadata(thing(text("Net__Amount", "5"))), {"name-characters"}),
    (metadata(thing(text("Grösse", "5"))), {"name-characters"}),
    (metadata(thing(text("A", "5") + text("a", "5"))), {"name-collision"}),
    (
        metadata(thing(), '<EntitySet Name="Things" EntityType="M.Thing"/><EntitySet Name="THINGS" EntityType="M.Thing"/>'),
        {"name-collision"},
    ),
    (metadata(thing(text("name", "5"))), {"name-reserved"}),
    (metadata(thing(UNSIZED)), {"string-unsized"}),
    (metadata(thing('<Property Name="A" Type="Edm.Decimal" Precision="18" Scale="2"/>')), set()),
    (metadata(thing('<Property Name="A" Type="Edm.Decimal" Precision="18"/>')), {"decimal-scale"}),
    (metadata(thing('<Property Name="A" Type="Edm.Decimal" Precision="9" Scale="variable"/>')), {"decimal-scale"}),
    (metadata(thing('<Property Name="A" Type="Edm.Decimal" Precision="19" Scale="2"/>')), {"decimal-precision"}),
    (metadata(thing('<Property Name="A" Type="Edm.Decimal" Scale="2"/>')), {"decimal-precision"}),
    (metadata(thing('<Property Name="A" Type="Edm.Double"/>')), {"float-rounded"}),
    (metadata(thing('<Property Name="A" Type="Edm.Duration"/>')), {"type-unsupported"}),
    (metadata(thing('<Property Name="A" Type="Collection(Edm.Int32)"/>')), {"type-unsupported"}),
    (metadata(thing('<Property Name="A" Type="Edm.Date"/>')), {"date-shifts"}),
    (metadata(thing('<Property Name="A" Type="Edm.Boolean"/>')), {"boolean-null"}),
    (metadata(thing('<Property Name="A" Type="Edm.Boolean" Nullable="false"/>')), set()),
    (metadata(thing(text("A", "255"))), set()),
    (metadata(thing(text("A", "256"))), {"long-text"}),
    (metadata(thing("".join(text(f"A{n}", "max") for n in range(51)))), {"long-text"}),
    (metadata(thing("".join(text(f"A{n}", "max") for n in range(52)))), {"long-text", "long-text-total"}),
    (metadata(parent(10)), set()),
    (metadata(parent(9)), {"foreign-key"}),
    (metadata(parent(10, "")), {"no-constraint"}),
    (metadata(thing(), capability("FilterRestrictions", ("Filterable", NO))), {"not-filterable"}),
    (metadata(thing(), capability("FilterRestrictions", ("NonFilterableProperties", paths("Code")))), {"not-filterable"}),
    (metadata(thing(text("A", "5")), capability("FilterRestrictions", ("NonFilterableProperties", paths("A")))), set()),
    (metadata(thing(), capability("CountRestrictions", ("Countable", NO))), {"not-countable"}),
    (metadata(thing(), TOP), {"no-top-skip"}),
    (metadata(thing(), capability("SortRestrictions", ("Sortable", NO))), {"not-sortable"}),
    (metadata(thing(), capability("SortRestrictions", ("NonSortableProperties", paths("Code")))), {"not-sortable"}),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Defect:
    """What goes wrong between a sound service and its client."""

    refuses: Callable[[str], bool] = lambda url: False
    options: Callable[[Options], Options] = lambda options: options
    body: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body
    headers: tuple[str, ...] = ()
    refusal: bytes = b"<html>Bad Request</html>"


class Broken(Local):
    """The small service of the engine's tests, behind a defect."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(small.service(options=ServiceOptions(page_size=20)), ROOT)
        self.defect = defect

    def send(self, request: requests.PreparedRequest, *args: Any, **keywords: Any) -> requests.Response:
        url = str(request.url)
        if self.defect.refuses(url):
            return self._refused(request)
        if urlsplit(url).query:
            pairs = (piece.partition("=") for piece in urlsplit(url).query.split("&"))
            options = self.defect.options({unquote(name): unquote_plus(value) for name, _, value in pairs})
            request.prepare_url(url.partition("?")[0], options)
        response = super().send(request, *args, **keywords)
        content = response.raw.read()
        if b'"value":[' in content:
            content = json.dumps(self.defect.body(json.loads(content))).encode()
        response.raw = BytesIO(content)
        for name in self.defect.headers:
            response.headers.pop(name, None)
        return response

    def _refused(self, request: requests.PreparedRequest) -> requests.Response:
        response = requests.Response()
        response.status_code, response.raw = 400, BytesIO(self.defect.refusal)
        response.headers["Content-Type"] = "text/html"
        return response


def client(defect: Defect) -> Client:
    session = requests.Session()
    session.mount(ROOT, Broken(defect))
    return Client(ROOT, session)


def without(name: str) -> Callable[[Options], Options]:
    return lambda options: {key: value for key, value in options.items() if key != name}


def _ignoring_case(options: Options) -> Options:
    lowered = re.sub(r"(\w+) eq ('[^']*')", r"tolower(\1) eq tolower(\2)", options.get("$filter", ""))
    return options | ({"$filter": lowered} if lowered else {})


def _trimming(options: Options) -> Options:
    trimmed = re.sub(r"(\w+) eq '([^']*?) *'", r"\1 eq '\2'", options.get("$filter", ""))
    return options | ({"$filter": trimmed} if trimmed else {})


def _without_nulls(options: Options) -> Options:
    """As a service that compares with null in the manner of SQL."""
    never = re.sub(r"\w+ eq null", "1 eq 2", options.get("$filter", ""))
    return options | ({"$filter": never} if never else {})


def _rows(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: body | {"value": change(body["value"])}


def _elsewhere(body: dict[str, Any]) -> dict[str, Any]:
    moved: dict[str, Any] = json.loads(json.dumps(body).replace("erp.example.com", "10.0.0.7:8080"))
    return moved


def _asks(*words: str) -> Callable[[str], bool]:
    return lambda url: any(word in unquote_plus(url) for word in words)


#: A defect, and a rule that it breaks.
DEFECTS: list[tuple[Defect, str]] = [
    (Defect(body=lambda body: {"values": []}), "unreadable"),
    (Defect(refuses=_asks("$top=26")), "unreadable"),
    (Defect(headers=("OData-Version",)), "version-header"),
    (Defect(body=lambda body: {n: v for n, v in body.items() if n != "@odata.count"}), "count-wrong"),
    (Defect(body=lambda body: body | {"@odata.count": str(len(body["value"]))}), "count-wrong"),
    (Defect(body=lambda body: body | {"@odata.count": 90}), "count-wrong"),
    (Defect(options=without("$top")), "top-ignored"),
    (Defect(options=without("$skip")), "skip-wrong"),
    (Defect(options=without("$orderby")), "order-ignored"),
    (Defect(body=_rows(lambda rows: rows + rows[:1] if len(rows) > 1 else rows)), "key-not-unique"),
    (Defect(body=_rows(lambda rows: [row | {"InvoiceNumber": None} for row in rows])), "key-not-unique"),
    (Defect(options=without("$filter")), "filter-by-key"),
    (Defect(body=_rows(lambda rows: rows if len(rows) > 2 else [])), "filter-by-key"),
    (Defect(refuses=_asks(" eq true")), "filter-form"),
    (Defect(refuses=_asks(" ne null")), "filter-form"),
    (Defect(refuses=_asks(" eq null")), "filter-form"),
    (Defect(options=_without_nulls), "filter-form"),
    (Defect(options=_ignoring_case), "equality-inexact"),
    (Defect(options=_trimming), "equality-inexact"),
    (Defect(refuses=lambda url: "%24" in url), "encoded-options"),
    (Defect(refuses=lambda url: "+" in url), "encoded-options"),
    (Defect(body=_rows(lambda rows: rows * 101)), "page-too-large"),
    (Defect(body=_elsewhere), "link-host"),
    (Defect(options=without("$skiptoken")), "pages-overlap"),
    (Defect(refuses=_asks("T00:00:00Z")), "date-literal"),
    (Defect(refuses=lambda url: len(url) > 2_000), "long-filter"),
    (Defect(refuses=_asks("$search")), "search-refused"),
    (Defect(refuses=_asks("Invoices('", "Customers('")), "key-path"),
    (Defect(body=_rows(lambda rows: [row | {"InvoiceNumber": "A/B"} for row in rows])), "key-characters"),
    (Defect(body=_rows(lambda rows: [row | {"CustomerName": "A" * 81} for row in rows])), "value-too-long"),
    (Defect(refuses=_asks(")(")), "error-form"),
]
