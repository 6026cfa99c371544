"""The model and the settings in words for people: types with facets, where a property comes from, example
requests, what to type into Salesforce.

Values for the pages; pure. How they look is in ``templates``, what the rows are is in ``figures``.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from edm.model import EntitySet, NavigationProperty, Property, ServiceMetadata
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, STRING
from odata_server.addresses import is_loopback
from odata_server.auth import Principal
from odata_server.settings import Settings
from salesforce.field_types import FieldType, field_name, field_type
from salesforce.setup import Forms, forms

Row = Mapping[str, Any]


# Properties


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: the kind of ERP source, the place there, how it is read."""

    kind: str
    place: str
    reading: str = ""


@dataclass(frozen=True, slots=True)
class PropertyView:
    """One line of the table of properties. ``reference`` is the navigation that it is the foreign key of."""

    property: Property
    is_key: bool
    type: str
    field_name: str
    field_type: FieldType | None
    sources: tuple[Source, ...]
    reference: NavigationProperty | None


def properties(entity_set: EntitySet) -> tuple[PropertyView, ...]:
    """The properties of a set in publishing order."""
    references = {
        own: navigation for navigation in entity_set.type.navigation if navigation.dependent for own, _ in navigation.on
    }
    return tuple(
        PropertyView(
            item,
            item.name == entity_set.type.key,
            type_text(item),
            field_name(item.name),
            field_type(item.type.name, item),
            tuple(sources(entity_set, item)),
            references.get(item.name),
        )
        for item in entity_set.type.properties
    )


def type_text(item: Property) -> str:
    """``Edm.String(10)``, ``Edm.Decimal(18, 2)``."""
    if item.type == STRING:
        return f"{item.type}({item.max_length})" if item.max_length else str(item.type)
    if item.type == DECIMAL:
        return f"{item.type}({item.precision}, {item.scale})"
    return f"{item.type}({item.precision})" if item.precision else str(item.type)


# Where a property comes from


def sources(entity_set: EntitySet, item: Property) -> Iterator[Source]:
    """One for each kind of source in the catalog."""
    for kind, section in entity_set.sources.items():
        columns = _either(section, "columns", "fields")
        if isinstance(columns, Mapping) and item.name in columns:
            value = columns[item.name]
            table = value if isinstance(value, Mapping) else {"column": value}
            yield Source(kind, _place(section, table), _reading(table))


def _either(section: Mapping[str, Any], *names: str) -> Any:
    """What databases and other ERPs have different words for."""
    return next((section[name] for name in names if name in section), None)


def tables(entity_set: EntitySet) -> tuple[str, ...]:
    """The tables (or what the kind of source calls so) that a set is read from, its own one first."""
    found: list[str] = []
    for section in entity_set.sources.values():
        further = [part for kind in ("joins", "totals") for part in _parts(section, kind).values()]
        found += [table for part in (section, *further) for table in _tables(part)]
    return tuple(dict.fromkeys(found))


def _parts(section: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = section.get(kind)
    return found if isinstance(found, Mapping) else {}


def _tables(part: Mapping[str, Any]) -> list[str]:
    """The tables that one part of a section names: one, or a list, with names of their own or not."""
    listed = _either(part, "table", "entity") or []
    items = listed if isinstance(listed, list) else [listed]
    return [str(item.get("table", "") if isinstance(item, Mapping) else item) for item in items]


def _place(section: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    if "value" in table:
        return ""
    if isinstance(table.get("sum"), list):
        text = " ".join(f"{term[:1].replace('-', '−')} {_column(section, term[1:])}" for term in table["sum"])
        return text.removeprefix("+ ")
    several = _either(table, "columns", "fields")
    if several is not None:
        separator = f" {table.get('separator', '')} ".replace("  ", " ")
        return separator.join(_column(section, name) for name in several)
    if "first" in table:
        return " or ".join(item[1:] if item.startswith("=") else _column(section, item) for item in table["first"])
    return _column(section, str(_either(table, "column", "field", "sum") or ""))


def _column(section: Mapping[str, Any], reference: str) -> str:
    """``TABLE.COLUMN``, whichever join the column is of; what a total adds up."""
    total = _parts(section, "totals").get(reference)
    if total is not None:
        method = next((name for name in ("sum", "min", "max") if name in total), "count")
        return f"{method} of {_of(total, str(total.get(method)) if method != 'count' else '')}"
    alias, dot, name = reference.partition(".")
    joins = _parts(section, "joins")
    if dot and alias in joins:
        return _of(joins[alias], name)
    return reference if reference.startswith("@") else _of(section, reference)


def _of(part: Mapping[str, Any], column: str) -> str:
    named = "/".join(_tables(part))
    return named + (f".{column}" if column else "") if named else column


def _reading(table: Mapping[str, Any]) -> str:
    return "; ".join(describe(table) for key, describe in _READINGS.items() if table.get(key))


_READINGS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "codes": lambda t: ", ".join(f"{code or '(empty)'}\u00a0=\u00a0{word}" for code, word in t["codes"].items()),
    "true": lambda t: f"true if {' or '.join(map(str, t['true']))}",
    "decimals": lambda t: f"{t['decimals']} implied decimals",
    "date": lambda t: f"number {t['date']}, 0\u00a0=\u00a0none",
    "timezone": lambda t: f"local time of {t['timezone']}" if t["timezone"] != "UTC" else "UTC",
    "widths": lambda t: f"fixed widths {', '.join(map(str, t['widths']))}",
    "trim": lambda t: "trailing blanks removed",
    "alpha": lambda t: f"leading zeros up to {t['alpha']} removed",
    "value": lambda t: f"always {t['value']}",
}


# Requests


@dataclass(frozen=True, slots=True)
class Example:
    """A request that works: what it shows, readable below the service root, and the link."""

    title: str
    text: str
    href: str


def request(root: str, title: str, path: str, *options: str) -> Example:
    """``options`` are readable system query options; the link has them percent-encoded."""
    text = path + ("?" + "&".join(options) if options else "")
    query = "&".join(quote(option, safe="$='(),;:/*@!~") for option in options)
    return Example(title, text, root + quote(path, safe="$='(),/~") + ("?" + query if query else ""))


def key_path(entity_set: EntitySet, key: str) -> str:
    """``Invoices('90000001')``."""
    return f"{entity_set.name}({_quoted(key)})"


def links(root: str, entity_set: EntitySet, key: str | None) -> tuple[Example, ...]:
    """The few that a list of sets has room for. ``key`` is that of some row."""
    name = entity_set.name
    found = [request(root, "First rows", name, "$top=5")]
    if key is not None:
        found.append(request(root, "One entity", key_path(entity_set, key)))
    if (navigation := _shown_navigation(entity_set)) is not None:
        found.append(request(root, f"Expand {navigation.name}", name, "$top=3", f"$expand={navigation.name}"))
    return tuple(found)


def examples(root: str, entity_set: EntitySet, row: Row | None) -> tuple[Example, ...]:
    """Requests of every kind, with values of a real row where one is known."""
    name, key, row = entity_set.name, entity_set.type.key, row or {}
    chosen = ",".join(p.name for p in entity_set.type.properties[:4])
    found = [
        request(root, "First rows", name, "$top=5"),
        request(root, "Chosen columns", name, f"$select={chosen}", "$top=5"),
    ]
    found += (request(root, title, name, f"$filter={text}", "$top=5") for title, text in _filters(entity_set, row))
    found.append(request(root, *_order(entity_set)))
    if (word := _search_word(entity_set, row)) is not None:
        found.append(request(root, "Search", name, f"$search={word}", "$top=5"))
    found.append(request(root, "Number of rows", f"{name}/$count"))
    if isinstance(row.get(key), str):
        path = key_path(entity_set, row[key])
        found.append(request(root, "One entity by key", path))
        found += _related(root, entity_set, path)
    if (navigation := _shown_navigation(entity_set)) is not None:
        select = f"$select={key}"
        found.append(request(root, f"Expand {navigation.name}", name, select, f"$expand={navigation.name}", "$top=3"))
    listed = request(root, "As a Salesforce list view asks", name, f"$select={chosen}", "$count=true", "$top=26")
    return (*found, listed)


def _shown_navigation(entity_set: EntitySet) -> NavigationProperty | None:
    """``Lines`` says most of a document; otherwise the first."""
    navigation = entity_set.type.navigation
    return entity_set.type.navigation_property("Lines") or next(iter(navigation), None)


def _related(root: str, entity_set: EntitySet, path: str) -> Iterator[Example]:
    many = [n for n in entity_set.type.navigation if n.collection]
    for navigation in sorted(many, key=lambda n: n.name != "Lines")[:1]:
        yield request(root, f"{navigation.label} of one", f"{path}/{navigation.name}", "$top=5")


def _filters(entity_set: EntitySet, row: Row) -> Iterator[tuple[str, str]]:
    """(title, filter): at most one each by code, by flag, by text, by amount, by day, over a collection."""
    yield from _first(entity_set, lambda p: bool(p.allowed), _by_code)
    yield from _first(entity_set, lambda p: p.type == BOOLEAN, lambda p: (p.label, f"{p.name} eq true"))
    text = _searchable_value(entity_set, row)
    if text is not None:
        yield f"Part of {text[0].label}", f"contains({text[0].name},{_quoted(text[1])})"
    yield from _first(
        entity_set,
        lambda p: p.type == DECIMAL and bool(p.currency or p.unit),
        lambda p: (f"{p.label} above 100", f"{p.name} gt 100"),
    )
    yield from _first(
        entity_set,
        lambda p: p.type in (DATE, DATE_TIME_OFFSET) and bool(row.get(p.name)),
        lambda p: (f"{p.label} since", f"{p.name} ge {row[p.name]}"),
    )
    for navigation in entity_set.type.navigation:
        if navigation.collection:
            yield f"With any {navigation.label}", f"{navigation.name}/any()"
            break


def _first(
    entity_set: EntitySet, fits: Callable[[Property], bool], make: Callable[[Property], tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    found = next((p for p in entity_set.type.properties if fits(p)), None)
    if found is not None:
        yield make(found)


def _by_code(item: Property) -> tuple[str, str]:
    if len(item.allowed) < 3:
        return f"By {item.label}", f"{item.name} eq {_quoted(item.allowed[0])}"
    return f"By {item.label}", f"{item.name} in ({','.join(map(_quoted, item.allowed[:2]))})"


def _order(entity_set: EntitySet) -> tuple[str, str, str, str]:
    dates = [p for p in entity_set.type.properties if p.type in (DATE, DATE_TIME_OFFSET)]
    if dates:
        return "Newest first", entity_set.name, f"$orderby={dates[0].name} desc", "$top=5"
    return "Last first", entity_set.name, f"$orderby={entity_set.type.key} desc", "$top=5"


def _search_word(entity_set: EntitySet, row: Row) -> str | None:
    found = _searchable_value(entity_set, row)
    if found is not None:
        return found[1]
    return "a" if any(p.searchable for p in entity_set.type.properties) else None


#: A whole word that any keyboard can type.
_WORD = re.compile(r"(?<!\w)[A-Za-z0-9]{3,}(?!\w)")


def _searchable_value(entity_set: EntitySet, row: Row) -> tuple[Property, str] | None:
    """A searchable property, preferably no key, and a word of its value that needs no quotes."""
    keys = {entity_set.type.key, *(own for n in entity_set.type.navigation for own, _ in n.on)}
    for item in sorted(entity_set.type.properties, key=lambda p: p.name in keys):
        value = row.get(item.name) if item.searchable else None
        words = _WORD.findall(value) if isinstance(value, str) else []
        words = [word for word in words if word not in ("AND", "NOT", "OR")]
        if words:
            return item, max(words, key=len)
    return None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# Values


def web_link(value: object) -> str | None:
    """The value if it is an http or https URL: nothing else of the ERP's ever becomes a link."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return None
    try:
        url = urlsplit(value)
        return value if url.scheme in ("http", "https") and url.hostname else None
    except ValueError:
        return None


# Salesforce


def connection(settings: Settings, principal: Principal) -> Forms:
    """The external data source form of Salesforce Connect, by section."""
    if not settings.users:
        return forms(settings.root, identity="anonymous")
    return forms(settings.root, username=principal.name if principal.authenticated else "")


def reachability(settings: Settings) -> str | None:
    """Why Salesforce cannot connect to a service with these settings, if it cannot."""
    if is_loopback(urlsplit(settings.url).hostname or ""):
        return (
            "This service listens on this machine only. Salesforce needs a public https address: "
            "set public_url and users, and put the service where Salesforce reaches it."
        )
    if not settings.url.startswith("https:"):
        return "Salesforce should reach this service over https; public_url is plain http."
    return None


def curl(settings: Settings, metadata: ServiceMetadata) -> str:
    """A command line that works when pasted; it asks for the password where one is needed."""
    names = [entity_set.name for entity_set in metadata.sets]
    path = f"{'Invoices' if 'Invoices' in names else names[0]}?$top=3" if names else ""
    user = "" if settings.anonymous else "-u USER "
    return f"curl {user}'{settings.root}{path}'"
