"""What Salesforce does with any service, whatever ERP is behind it: the shapes of its requests, its pages, SOQL, each over
every set of the model with values that occur in the ERP. Nothing here knows an ERP.

``held`` plays it with two services, the one that is tested and one that the reference evaluator answers for, and gives
what differs.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests

from edm.model import EntitySet, Property, ServiceMetadata
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, STRING
from edm.text import literal
from odata_server.auth import ANONYMOUS
from odata_server.cli.local import Local
from odata_server.messages import ODataRequest
from odata_server.service import Service
from salesforce import pages
from salesforce.client import Client
from salesforce.errors import SalesforceError
from salesforce.field_types import field_name
from salesforce.profile import Profile
from salesforce.soql.days import Calendar
from salesforce.soql.run import Org
from salesforce.sync import sync

ROOT = "http://localhost/odata/v4/"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Request:
    """``title`` names the shape, by its number in the catalogue of requests."""

    title: str
    path: str
    options: tuple[str, ...]

    @property
    def query(self) -> str:
        return "&".join(quote(option, safe="$='(),;:/*@!~") for option in self.options)

    def __str__(self) -> str:
        return f"{self.title}: {self.path}?{'&'.join(self.options)}"


@dataclass(frozen=True, slots=True)
class Known:
    """A set and its rows."""

    entity_set: EntitySet
    rows: Sequence[Mapping[str, Any]]

    @property
    def key(self) -> str:
        return self.entity_set.type.key

    @property
    def name(self) -> str:
        return self.entity_set.name

    def some(self, prop: Property, number: int = 3) -> list[str]:
        """Literals of values that occur, spread over all of them."""
        values = sorted({row[prop.name] for row in self.rows if row[prop.name] is not None})
        step = max(1, len(values) // number)
        return [literal(value, prop.type) for value in values[::step][:number]]

    def of(self, *kinds: object) -> Iterator[Property]:
        for prop in self.entity_set.type.properties:
            if prop.type in kinds and not prop.prose:
                yield prop

    def columns(self, number: int) -> str:
        names = (self.key, *(p.name for p in self.entity_set.type.properties if p.name != self.key and not p.prose))
        return ",".join(names[:number])


def requests_of(metadata: ServiceMetadata, rows: Rows) -> Iterator[Request]:
    """The catalogue's reading requests over every set."""
    for entity_set in metadata.sets:
        known = Known(entity_set, rows[entity_set.name])
        for title, path, *options in (
            *_lists(known),
            *_details(known),
            *_conditions(known),
            *_related(known, metadata),
        ):
            yield Request(title, path, tuple(options))


_Shape = tuple[str, ...]


def _lists(known: Known) -> Iterator[_Shape]:
    name, select = known.name, f"$select={known.columns(8)}"
    yield "4 list view", name, select, "$count=true", "$top=26"
    yield "8 without row counts", name, select, "$top=26"
    yield "9 second page", name, select, "$count=true", "$top=26", "$skip=25"
    yield "41 count", name, f"$select={known.key}", "$count=true", "$top=0"
    yield "41 count by path", f"{name}/$count"
    yield "46 report", name, select, "$count=true"
    for prop in (p for p in known.entity_set.type.properties if p.sortable):
        for direction in ("asc", "desc"):
            yield "6 sorted list view", name, select, "$count=true", f"$orderby={prop.name} {direction}", "$top=26"


def _details(known: Known) -> Iterator[_Shape]:
    prop = known.entity_set.type.property(known.key)
    assert prop is not None
    every = f"$select={','.join(known.entity_set.type.names)}"
    for value in known.some(prop):
        yield "13 detail", known.name, every, "$count=true", f"$filter={known.key} eq {value}"
        yield "15 redundant parentheses", known.name, every, f"$filter=(({known.key} eq {value}))"
        yield "16 detail by key", f"{known.name}({value})", every
    yield "12 detail of nothing", known.name, every, f"$filter={known.key} eq 'no such key'"
    values = known.some(prop, 7)
    if values:
        yield "31 after a key", known.name, f"$filter={known.key} gt {values[0]}", f"$orderby={known.key}", "$top=201"
        yield "32 or chain", known.name, f"$filter={' or '.join(f'{known.key} eq {v}' for v in values)}", "$count=true"
        yield "33 in", known.name, f"$filter={known.key} in ({','.join(values)})", "$count=true", "$top=201"


def _conditions(known: Known) -> Iterator[_Shape]:
    select, sliced = f"$select={known.columns(3)}", "$top=201"
    for prop in known.entity_set.type.properties:
        if prop.prose:
            continue
        for text in _said_of(known, prop):
            yield "30 condition", known.name, select, "$count=true", f"$filter={text}", sliced
    texts = list(known.of(STRING))[:4]
    for needle in _needles(known, texts):
        found = " or ".join(f"contains({prop.name},{needle}) eq true" for prop in texts)
        yield "22 default search", known.name, select, "$count=true", f"$filter={found}", "$top=25"


def _said_of(known: Known, prop: Property) -> Iterator[str]:
    name, values = prop.name, known.some(prop)
    yield f"{name} eq null"
    yield f"{name} ne null"
    if prop.type == BOOLEAN:
        yield from (f"{name} eq true", f"{name} eq false", f"{name} ne true", f"not ({name} eq true)")
        return
    for value in values[:2]:
        yield from (f"{name} {operator} {value}" for operator in ("eq", "ne", "lt", "le", "gt", "ge"))
        yield f"not ({name} eq {value})"
    if len(values) > 1:
        yield f"{name} ge {values[0]} and {name} le {values[-1]}"
        yield " or ".join(f"{name} eq {value}" for value in values)
        yield f"not ({name} in ({','.join(values)}))"
    if prop.type == STRING:
        for needle in _needles(known, [prop]):
            yield f"startswith({name},{needle}) eq true"
            yield f"not (contains({name},{needle}) eq true)"
            yield f"endswith({name},{needle})"
        yield f"{name} eq 'O''Brien & Söhne 100%_\\'"
    if prop.type == DATE:
        yield f"{name} lt 2026-11-20"
        yield f"year({name}) eq 2026"
    if prop.type == DATE_TIME_OFFSET:
        yield f"{name} ge 2026-11-19T23:00:00Z"
        yield f"date({name}) lt 2026-11-20"


def _needles(known: Known, props: Sequence[Property]) -> list[str]:
    """Parts of texts that occur, with what stands at their ends."""
    found = []
    for prop in props:
        for row in known.rows:
            value = row[prop.name]
            if value:
                found += [value[:2], value[-2:]]
                break
    return [literal(text, STRING) for text in dict.fromkeys(found)]


def _related(known: Known, metadata: ServiceMetadata) -> Iterator[_Shape]:
    """Related lists by filter and by path, parents along with their children."""
    for link in known.entity_set.type.navigation:
        own = known.entity_set.type.property(link.on[0][0])
        assert own is not None
        values = known.some(own, 2)
        expand = f"$expand={link.name}($select={link.on[0][1]})"
        if link.collection:
            keys = known.some(known.entity_set.type.property(known.key) or own, 2)
            for key in keys:
                yield "18 related list by path", f"{known.name}({key})/{link.name}", "$count=true", "$top=6"
            yield "21 children", known.name, f"$select={known.key}", expand, "$top=5"
            yield "lambda", known.name, f"$select={known.key}", f"$filter={link.name}/any()", "$count=true", "$top=26"
            continue
        for value in values:
            select = f"$select={known.columns(4)}"
            yield "18 related list", known.name, select, "$count=true", f"$filter={own.name} eq {value}", "$top=6"
        yield "21 parents", known.name, f"$select={known.key},{own.name}", expand, "$top=26"
        name = next(iter(Known(metadata.target(link), ()).of(STRING))).name
        yield "21 by parent", known.name, f"$select={known.key}", f"$filter={link.name}/{name} ne null", "$top=26"


def differing(metadata: ServiceMetadata, rows: Rows, target: Service, oracle: Service, *, every: int = 1) -> list[str]:
    """Requests that the two services answer differently; bodies are compared byte for byte. Every one of so many is
    sent: ERPs take their time."""
    wrong = []
    for request in islice(requests_of(metadata, rows), 0, None, every):
        found, expected = (
            service.handle(ODataRequest("GET", request.path, request.query), ANONYMOUS) for service in (target, oracle)
        )
        if (found.status, found.body) != (expected.status, expected.body):
            wrong.append(
                f"{request}\n  got {found.status} {found.body[:300]!r}\n  not {expected.status} {expected.body[:300]!r}"
            )
        elif found.status >= 400:
            wrong.append(f"{request}\n  both {found.status} {found.body[:300]!r}")
    return wrong


# --- pages and SOQL ---------------------------------------------------------------------------------------------------


def org_of(service: Service, profile: Profile | None = None) -> Org:
    """An org that has synced with the service, in Berlin on a day of November 2026."""
    session = requests.Session()
    session.mount(ROOT, Local(service, ROOT))
    client = Client(ROOT, session, profile or Profile())
    calendar = Calendar(datetime(2026, 11, 20, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    return Org(sync(client.metadata()), client, calendar)


def visits(org: Org, rows: Rows) -> Iterator[tuple[str, Callable[[], pages.Visit]]]:
    """Every page of every object, and the search box."""
    for source in org.synced.objects:
        name = source.source
        yield f"list view of {name}", partial(pages.list_view, org, source)
        yield f"its second page, {name}", partial(pages.list_view, org, source, page=2)
        yield f"report on {name}", partial(pages.report, org, source)
        yield f"batch job over {name}", partial(pages.batch_job, org, source)
        yield f"count of {name}", partial(pages.count, org, source)
        key = next(field.name for field in source.fields if field.is_key).removesuffix("__c")
        for row in rows[name][:: max(1, len(rows[name]) // 2)][:2]:
            yield f"record {name} {row[key]}", partial(pages.detail, org, source, row[key])
    word = next(
        (v for found in rows.values() for row in found for v in row.values() if isinstance(v, str) and len(v) > 3), ""
    )
    yield "global search", partial(pages.global_search, org, word.split()[0])


def statements(metadata: ServiceMetadata, rows: Rows) -> Iterator[str]:
    """SOQL over every set."""
    for entity_set in metadata.sets:
        known = Known(entity_set, rows[entity_set.name])
        table, key = f"{known.name}__x", field_name(known.key)
        yield f"SELECT COUNT() FROM {table}"
        yield f"SELECT {key}, ExternalId FROM {table} ORDER BY {key} DESC LIMIT 7 OFFSET 2"
        for prop in entity_set.type.properties:
            if prop.prose:
                continue
            for condition in _soql_conditions(known, prop):
                yield f"SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 40"


def _soql_conditions(known: Known, prop: Property) -> Iterator[str]:
    name = field_name(prop.name)
    yield f"{name} = null"
    yield f"{name} != null"
    if prop.type == STRING:
        values = sorted({row[prop.name] for row in known.rows if row[prop.name]})[:3]
        texts = ["'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'" for value in values]
        if texts:
            yield f"{name} = {texts[0]}"
            yield f"{name} IN ({', '.join(texts)})"
            yield f"{name} NOT IN ({', '.join(texts)})"
    elif prop.type == BOOLEAN:
        yield f"{name} = TRUE"
        yield f"{name} != TRUE"
    elif prop.type in (DATE, DATE_TIME_OFFSET):
        yield f"{name} < TODAY"
        yield f"{name} = THIS_YEAR"
        yield f"{name} = LAST_N_DAYS:400"
    else:
        for value in known.some(prop, 2):
            yield f"{name} >= {value}"
            yield f"{name} < {value} OR {name} = null"


def unlike(metadata: ServiceMetadata, rows: Rows, target: Service, oracle: Service) -> list[str]:
    """Pages and statements that show different records."""
    org, other = org_of(target), org_of(oracle)
    wrong = []
    for (title, visit), (_, expected) in zip(visits(org, rows), visits(other, rows), strict=True):
        found, wanted = _shown(visit), _shown(expected)
        if found != wanted:
            wrong.append(f"{title}\n  got {found[:400]}\n  not {wanted[:400]}")
    for statement in statements(metadata, rows):
        found, wanted = (_answered(each, statement) for each in (org, other))
        if found != wanted:
            wrong.append(f"{statement}\n  got {found[:400]}\n  not {wanted[:400]}")
    return wrong


def _shown(visit: Callable[[], pages.Visit]) -> str:
    try:
        seen = visit()
    except SalesforceError as error:
        return str(error)
    return json.dumps([(step.title, step.result.records, step.result.total) for step in seen.steps], default=str)


def _answered(org: Org, statement: str) -> str:
    try:
        result = org.query(statement)
    except SalesforceError as error:
        return str(error)
    return json.dumps((result.records, result.total), default=str)
