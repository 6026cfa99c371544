"""What is wrong as far as answers tell: the requests of Salesforce, with values from a first page of the service's
own rows, and what has to come back. Nothing is written.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from salesforce.client import Client, Page
from salesforce.csdl import Metadata
from salesforce.errors import ExternalSystemError
from salesforce.lint.rules import RULES, Finding
from salesforce.literals import literal, quoted
from salesforce.sync import ExternalField, ExternalObject

LIST = 26
SEARCHED = 25
MAX_PAGE = 2_000
LONG_FILTER = 100
#: Fields whose equality is checked, beside the key.
TEXTS = 3
SAFE_KEY = re.compile(r"[A-Za-z0-9._~-]*")

Row = Mapping[str, Any]


def findings(client: Client, metadata: Metadata, found: ExternalObject) -> Iterator[Finding]:
    """All that is wrong with the answers for one set."""
    probe = _Probe(client, metadata, found)
    try:
        sample = probe.ask(select=probe.columns, top=LIST)
    except ExternalSystemError as error:
        yield Finding(RULES["unreadable"], found.source, error.message)
        return
    for rule, check in _CHECKS.items():
        try:
            yield from (Finding(RULES[rule], found.source, what) for what in check(probe, sample))
        except ExternalSystemError as error:
            yield Finding(RULES[rule], found.source, error.message)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Asks one set."""

    client: Client
    metadata: Metadata
    object: ExternalObject

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.source for field in self.object.fields)

    @property
    def key(self) -> tuple[str, ...]:
        return self.object.external_id

    @property
    def order(self) -> str:
        return ",".join(f"{name} asc" for name in self.key)

    def url(self, client: Client | None = None, *, select: tuple[str, ...] = (), **options: Any) -> str:
        """The URL of a list; the key's columns alone unless ``select`` says otherwise."""
        pairs = [("$select", ",".join(select or self.key or self.columns)), ("$count", "true")]
        pairs += [(f"${name}", str(value)) for name, value in options.items()]
        return (client or self.client).url(self.object.source, pairs)

    def ask(self, client: Client | None = None, *, select: tuple[str, ...] = (), **options: Any) -> Page:
        return self.client.page_at(self.url(client, select=select, **options))

    def kind(self, name: str) -> str:
        return next(field.kind for field in self.object.fields if field.source == name)

    def keys(self, page: Page) -> list[tuple[Any, ...]]:
        return [tuple(row.get(name) for name in self.key) for row in page.rows]

    def by_key(self, row: Row) -> str:
        """The filter for one record."""
        return " and ".join(f"{name} eq {literal(self.kind(name), row.get(name))}" for name in self.key)

    def texts(self, sample: Page) -> Iterator[tuple[ExternalField, Row]]:
        """Text fields, the key first, each with a row of the sample in which it has letters."""
        fields = [field for field in self.object.fields if field.kind == "String" and field.type.name == "Text"]
        found = 0
        for field in sorted(fields, key=lambda field: not field.is_key):
            row = next((row for row in sample.rows if _has_letters(row.get(field.source))), None)
            if row is not None and found <= TEXTS:
                found += 1
                yield field, row


def _has_letters(value: object) -> bool:
    """Letters that have another case, and only such."""
    return isinstance(value, str) and value.isascii() and value.swapcase() != value


def _version_header(probe: _Probe, sample: Page) -> Iterator[str]:
    for what, url in (("a list", probe.url(top=1)), ("an error", probe.url(filter="no filter"))):
        answer = probe.client.send(url, probe.client.profile.headers)
        if not answer.headers.get("OData-Version"):
            yield f"{what} has no OData-Version"


def _count(probe: _Probe, sample: Page) -> Iterator[str]:
    if sample.count is None:
        yield "$count=true gives no @odata.count"
    elif sample.count < len(sample.rows):
        yield f"@odata.count is {sample.count}, of {len(sample.rows)} rows"
    elif sample.rows and probe.key:
        found = probe.ask(filter=probe.by_key(sample.rows[0]), top=LIST).count
        if found != 1:
            yield f"@odata.count is {found} for the filter of one record"


def _top(probe: _Probe, sample: Page) -> Iterator[str]:
    for top in (0, 1):
        rows = probe.ask(top=top).rows
        if len(rows) > top:
            yield f"$top={top} gives {len(rows)} rows"


def _skip(probe: _Probe, sample: Page) -> Iterator[str]:
    if not probe.key or len(sample.rows) < 2:
        return
    whole = probe.keys(probe.ask(orderby=probe.order, top=LIST))
    rest = probe.keys(probe.ask(orderby=probe.order, skip=1, top=LIST - 1))
    both = min(len(whole) - 1, len(rest))  # the service may cut pages earlier
    if both == 0 or whole[1 : both + 1] != rest[:both]:
        yield "$skip=1 does not give the list from its second row"


def _order(probe: _Probe, sample: Page) -> Iterator[str]:
    if not probe.key or len(sample.rows) < 2:
        return
    first, last = (probe.keys(probe.ask(orderby=order, top=1)) for order in (probe.order, f"{probe.key[0]} desc"))
    if first and first == last and sample.rows[0][probe.key[0]] != sample.rows[-1][probe.key[0]]:
        yield f"{probe.key[0]} asc and desc both begin with {first[0]}"


def _unique(probe: _Probe, sample: Page) -> Iterator[str]:
    seen: set[tuple[Any, ...]] = set()
    for key in probe.keys(sample) if probe.key else ():
        if None in key:
            yield "a row has no key"
        elif key in seen:
            yield f"two rows have the key {', '.join(map(str, key))}"
        seen.add(key)


def _by_key(probe: _Probe, sample: Page) -> Iterator[str]:
    if not probe.key or not sample.rows:
        return
    condition = probe.by_key(sample.rows[0])
    keys = probe.keys(probe.ask(filter=condition, top=2))
    if keys != probe.keys(sample)[:1]:
        yield f"{condition} gives {len(keys)} rows" if len(keys) != 1 else f"{condition} gives another row"


#: Conditions on a text ``field`` with a ``value``, which are true for the row that is found by ``key``.
_FORMS = (
    "contains({field},{value}) eq true",
    "startswith({field},{value}) eq true",
    "endswith({field},{value}) eq true",
    "(({field} eq {value}))",
    "not ({field} ne {value})",
    "{field} ne null",
    "contains({field},{value}) eq false or {field} eq {value}",
)


def _forms(probe: _Probe, sample: Page) -> Iterator[str]:
    yield from _text_forms(probe, sample)
    yield from _nulls(probe, sample)


def _text_forms(probe: _Probe, sample: Page) -> Iterator[str]:
    field, row = next(probe.texts(sample), (None, None))
    if field is None or row is None or not probe.key:
        return
    key = probe.by_key(row)
    for form in _FORMS:
        condition = form.format(field=field.source, value=quoted(str(row[field.source])))
        try:
            found = probe.ask(filter=f"({condition}) and ({key})", top=2)
        except ExternalSystemError as error:
            yield f"{condition}: {error.message}"
        else:
            if len(found.rows) != 1:
                yield f"{condition} gives {len(found.rows)} rows, where it is true for one"


def _nulls(probe: _Probe, sample: Page) -> Iterator[str]:
    """A missing value is found by comparison with null: one field of each type."""
    kinds: set[str] = set()
    for field in probe.object.fields if probe.key else ():
        row = next((row for row in sample.rows if field.source in row and row[field.source] is None), None)
        if row is None or field.type.name in ("LongTextArea", *kinds):
            continue
        kinds.add(field.type.name)
        for condition, expected in ((f"{field.source} eq null", 1), (f"{field.source} ne null", 0)):
            try:
                found = probe.ask(filter=f"({condition}) and ({probe.by_key(row)})", top=2)
            except ExternalSystemError as error:
                yield f"{condition}: {error.message}"
            else:
                if len(found.rows) != expected:
                    truth = "true" if expected else "false"
                    yield f"{condition} gives {len(found.rows)} rows, where it is {truth} for one"


def _equality(probe: _Probe, sample: Page) -> Iterator[str]:
    for field, row in probe.texts(sample):
        name, value = field.source, str(row[field.source])
        for asked in (value.swapcase(), f"{value} "):
            page = probe.ask(select=(*probe.key, name), filter=f"{name} eq {quoted(asked)}", top=LIST)
            other = next((each[name] for each in page.rows if each.get(name) != asked), None)
            if other is not None:
                yield f"{name} eq {quoted(asked)} gives a row with {quoted(str(other))}"


def _spellings(probe: _Probe, sample: Page) -> Iterator[str]:
    if not probe.key or not sample.rows:
        return
    condition = probe.by_key(sample.rows[0])
    for encoding in ("plus", "olingo"):
        other = replace(probe.client, profile=replace(probe.client.profile, encoding=encoding))
        url = probe.url(other, filter=condition, top=2)
        try:
            found = probe.keys(probe.client.page_at(url))
        except ExternalSystemError as error:
            yield f"{urlsplit(url).query[:60]}…: {error.message}"
        else:
            if found != probe.keys(sample)[:1]:
                yield f"{urlsplit(url).query[:60]}… gives other rows"


def _page(probe: _Probe, sample: Page) -> Iterator[str]:
    """A page as the service cuts it, with all columns."""
    size = len(probe.ask(select=probe.columns).rows)
    if size > MAX_PAGE:
        yield f"{size:,} rows on a page"


def _links(probe: _Probe, sample: Page) -> Iterator[str]:
    root = urlsplit(probe.client.root)
    page = probe.ask()
    for what, link in (("the context", page.context), ("the next link", page.next_link or "")):
        url = urlsplit(link)
        if url.netloc and (url.scheme, url.netloc) != (root.scheme, root.netloc):
            yield f"{what} leads to {url.scheme}://{url.netloc}"


def _overlap(probe: _Probe, sample: Page) -> Iterator[str]:
    page = probe.ask()
    if page.next_link is None or not probe.key:
        return
    following = probe.client.page_at(page.next_link)
    if repeated := set(probe.keys(page)) & set(probe.keys(following)):
        yield f"{len(repeated)} rows are on both pages"


def _dates(probe: _Probe, sample: Page) -> Iterator[str]:
    for field in probe.object.fields:
        if field.kind == "Date":
            probe.ask(filter=f"{field.source} ge 1900-01-01T00:00:00Z", top=1)
            return
    yield from ()


def _long_filter(probe: _Probe, sample: Page) -> Iterator[str]:
    if len(probe.key) != 1 or not sample.rows:
        return
    conditions = [probe.by_key(row) for row in sample.rows]
    chain = (conditions * LONG_FILTER)[:LONG_FILTER]
    found = probe.ask(filter=" or ".join(chain), top=LIST)
    if set(probe.keys(found)) != set(probe.keys(sample)):
        yield f"a chain for {len(sample.rows)} records gives {len(found.rows)}"


def _search(probe: _Probe, sample: Page) -> Iterator[str]:
    said = probe.metadata.sets[probe.object.source].annotations.get("Org.OData.Capabilities.V1.SearchRestrictions")
    if not (isinstance(said, dict) and said.get("Searchable") is False):
        probe.ask(search="acme", top=SEARCHED)
    yield from ()


def _key_path(probe: _Probe, sample: Page) -> Iterator[str]:
    if not probe.key or not sample.rows:
        return
    row = sample.rows[0]
    named = [f"{name}={literal(probe.kind(name), row.get(name))}" for name in probe.key]
    key = ",".join(named) if len(named) > 1 else named[0].partition("=")[2]
    path = f"{probe.object.source}({quote(key, safe='')})"
    answer = probe.client.send(f"{probe.client.root}{path}", probe.client.profile.headers)
    if answer.status != 200:
        yield f"{probe.object.source}({key}) is answered with status {answer.status}"


def _key_characters(probe: _Probe, sample: Page) -> Iterator[str]:
    odd = (value for key in probe.keys(sample) for value in key if not SAFE_KEY.fullmatch(str(value)))
    if (first := next(odd, None)) is not None:
        yield f"the key {first}"


def _lengths(probe: _Probe, sample: Page) -> Iterator[str]:
    for field in probe.object.fields:
        limit = field.type.length if field.kind == "String" else None
        longest = max((len(str(row.get(field.source) or "")) for row in sample.rows), default=0)
        if limit is not None and longest > limit:
            yield f"{field.source} has {longest} characters, {field.type} takes {limit}"


def _errors(probe: _Probe, sample: Page) -> Iterator[str]:
    answer = probe.client.send(probe.url(filter=")(", top=1), probe.client.profile.headers)
    if not 400 <= answer.status < 500:
        yield f"a filter that is none is answered with status {answer.status}"
        return
    try:
        message = json.loads(answer.body)["error"]["message"]
    except (ValueError, LookupError, TypeError):
        message = None
    if not isinstance(message, str) or "json" not in answer.headers.get("Content-Type", ""):
        yield f"status {answer.status} without an error in JSON"


_CHECKS: Mapping[str, Callable[[_Probe, Page], Iterator[str]]] = {
    "version-header": _version_header,
    "count-wrong": _count,
    "top-ignored": _top,
    "skip-wrong": _skip,
    "order-ignored": _order,
    "key-not-unique": _unique,
    "filter-by-key": _by_key,
    "filter-form": _forms,
    "equality-inexact": _equality,
    "encoded-options": _spellings,
    "page-too-large": _page,
    "link-host": _links,
    "pages-overlap": _overlap,
    "date-literal": _dates,
    "long-filter": _long_filter,
    "search-refused": _search,
    "key-path": _key_path,
    "key-characters": _key_characters,
    "value-too-long": _lengths,
    "error-form": _errors,
}
