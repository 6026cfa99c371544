"""What the catalog declares of an endpoint of a JSON API: read from its tables, with all that is wrong with them.

What is not declared here is never asked of the API.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from erp_adapters.rest.values import KINDS, Kind

#: What a parameter does with its value: the operator of the condition that it stands for.
OPERATORS = ("eq", "ne", "ge", "gt", "le", "lt", "in", "contains", "startswith", "endswith")
STYLES = ("page", "offset", "cursor", "link", "next")
#: A list goes into one parameter with this between its values, or into a parameter for each value.
REPEATED = "&"
HEADER = "header:"


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter that filters. ``exact``: it leaves exactly those records; otherwise there may be more.
    ``folded``: it compares whatever the letter case. ``words`` spell values otherwise."""

    parameter: str
    field: str
    operator: str
    exact: bool = False
    separator: str = ","
    values: int = 20
    words: Mapping[str, str] = made(default_factory=dict)
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """How an answer goes on. ``asks`` is the parameter with the page, the offset or the cursor; ``next`` where the
    answer has the cursor or the URL; ``size`` the parameter with the rows of a page, ``most`` their number."""

    style: str
    asks: str = ""
    next: str = ""
    size: str = ""
    most: int = 100
    first: int = 1


@dataclass(frozen=True, slots=True)
class Sort:
    """``ascending`` and ``descending`` have ``{}`` for the field; ``separator`` is between several, if they may be.
    With ``direction`` the direction has a parameter of its own. ``nulls_first``: records without a value come first
    ascending and last descending."""

    parameter: str
    fields: Mapping[str, str]
    ascending: str = "{}"
    descending: str = "-{}"
    separator: str | None = None
    direction: str | None = None
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """The endpoint of one record. ``missing`` are the statuses that say that there is none."""

    path: str
    row: str = ""
    missing: tuple[int, ...] = (404,)

    @property
    def fields(self) -> tuple[str, ...]:
        return placeholders(self.path)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One list of records."""

    path: str
    rows: str = ""
    total: str | None = None
    filters: tuple[Filter, ...] = ()
    required: tuple[str, ...] = ()
    paging: Paging | None = None
    sort: Sort | None = None
    lookup: Lookup | None = None
    types: Mapping[str, Kind] = made(default_factory=dict)
    filled: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    nulls: tuple[Any, ...] = ()
    parameters: Mapping[str, str] = made(default_factory=dict)
    headers: Mapping[str, str] = made(default_factory=dict)
    ordered: bool = False

    @property
    def parents(self) -> tuple[str, ...]:
        """Fields that the path itself needs."""
        return placeholders(self.path)

    def kind(self, name: str) -> Kind:
        return self.types.get(name, KINDS["String"])

    def nullable(self, name: str) -> bool:
        return name not in self.filled and name not in self.parents


_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def placeholders(path: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(path)))


# --- reading ----------------------------------------------------------------------------------------------------------


class Reading:
    """A table of the catalog, its faults collected as (key, message)."""

    def __init__(self, table: Any, faults: list[tuple[str, str]], key: str = "") -> None:
        self.key = key
        self.faults = faults
        self.table: Mapping[str, Any] = table if isinstance(table, Mapping) else {}
        self.sound = isinstance(table, Mapping)
        if not self.sound:
            self.fault("", "is not a table")

    def fault(self, name: str, message: str) -> None:
        self.faults.append((".".join(part for part in (self.key, name) if part), message))

    def take(self, name: str, fits: Callable[[Any], bool], what: str, otherwise: Any) -> Any:
        if name not in self.table:
            return otherwise
        value = self.table[name]
        if fits(value):
            return value
        self.fault(name, f"{value!r:.80} is not {what}")
        return otherwise

    def text(self, name: str, otherwise: Any = "") -> Any:
        return self.take(name, lambda v: isinstance(v, str) and bool(v), "a text", otherwise)

    def flag(self, name: str) -> bool:
        return bool(self.take(name, lambda v: isinstance(v, bool), "true or false", False))

    def number(self, name: str, otherwise: int) -> int:
        fits = lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0  # noqa: E731
        return int(self.take(name, fits, "a whole number", otherwise))

    def names(self, name: str) -> tuple[str, ...]:
        fits = lambda v: isinstance(v, list) and all(isinstance(i, str) and i for i in v)  # noqa: E731
        return tuple(self.take(name, fits, "a list of names", ()))

    def texts(self, name: str) -> Mapping[str, str]:
        fits = lambda v: isinstance(v, Mapping) and all(isinstance(i, str) for i in v.values())  # noqa: E731
        found: Mapping[str, str] = self.take(name, fits, "a table of texts", {})
        return found

    def below(self, name: str) -> "Reading":
        return Reading(self.table.get(name, {}), self.faults, ".".join(part for part in (self.key, name) if part))

    def known(self, *names: str) -> None:
        for name in self.table:
            if name not in names:
                self.fault(name, f"is not known here; known are {', '.join(sorted(names))}")

    def needs(self, *names: str) -> None:
        for name in names if self.sound else ():
            if name not in self.table:
                self.fault(name, "is missing")


def endpoint(options: Mapping[str, Any], entity: str) -> tuple[Endpoint, list[tuple[str, str]]]:
    """The endpoint that the options of a section declare, and what is wrong with them."""
    faults: list[tuple[str, str]] = []
    table = Reading(options, faults)
    filters = tuple(_filters(table.below("filters")))
    path = _path(table, table.text("path", entity))
    found = Endpoint(
        path,
        table.text("rows"),
        table.text("total", None),
        filters,
        (*placeholders(path), *_required(table)),
        _paging(table.below("paging")) if "paging" in options else None,
        _sort(table.below("sort")) if "sort" in options else None,
        _lookup(table.below("lookup")) if "lookup" in options else None,
        _types(table.below("types")),
        frozenset(table.names("filled")),
        frozenset(table.names("unique")),
        frozenset(table.names("optional")),
        tuple(table.take("nulls", lambda v: isinstance(v, list), "a list of values", ())),
        table.texts("parameters"),
        table.texts("headers"),
        table.flag("ordered"),
    )
    return found, faults


#: The keys of a section that are this kind's own.
OPTIONS = frozenset(
    {
        "path", "rows", "total", "filters", "required", "paging", "sort", "lookup", "types", "filled", "unique",
        "optional", "nulls", "parameters", "headers", "ordered",
    }
)  # fmt: skip


def _path(table: Reading, path: str) -> str:
    plain = _PLACEHOLDER.sub("", path)
    if path.startswith("/") or "://" in path or any(c in plain for c in "{}?#\\ ") or ".." in plain.split("/"):
        table.fault("path", f"{path!r:.80} is not a path below the source's URL, such as v1/invoices")
        return "-"
    return path


def _required(table: Reading) -> tuple[str, ...]:
    names = table.names("required")
    filtered = {item.get("field") for item in table.below("filters").table.values() if isinstance(item, Mapping)}
    for name in names:
        if name not in filtered:
            table.fault("required", f"{name} is compared by no parameter of filters")
    return names


def _filters(table: Reading) -> Iterator[Filter]:
    for parameter in table.table:
        row = table.below(parameter)
        row.known("field", "operator", "exact", "separator", "values", "words", "folded")
        row.needs("field")
        operator = row.take("operator", lambda v: v in OPERATORS, f"one of {', '.join(OPERATORS)}", "eq")
        separator = row.text("separator", ",")
        yield Filter(
            parameter,
            row.text("field"),
            operator,
            row.flag("exact"),
            separator,
            max(1, row.number("values", 20)),
            row.texts("words"),
            row.flag("folded"),
        )


#: Keys that a style needs.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "page": ("page",),
    "offset": ("offset",),
    "cursor": ("cursor", "next"),
    "link": (),
    "next": ("next",),
}


def _paging(table: Reading) -> Paging:
    table.known("style", "page", "offset", "cursor", "next", "size", "maximum", "first")
    table.needs("style")
    style = table.take("style", lambda v: v in STYLES, f"one of {', '.join(STYLES)}", "link")
    table.needs(*_NEEDED[style])
    asks = table.text(style, "") if style in ("page", "offset", "cursor") else ""
    most = max(1, table.number("maximum", 100))
    return Paging(style, asks, table.text("next"), table.text("size"), most, table.number("first", 1))


def _sort(table: Reading) -> Sort:
    table.known("parameter", "fields", "names", "ascending", "descending", "separator", "direction", "nulls")
    table.needs("parameter", "fields")
    names = table.texts("names")
    fields = {name: names.get(name, name) for name in table.names("fields")}
    table.take("nulls", lambda v: v in ("first", "last"), "'first' or 'last'", None)
    direction = table.text("direction", None)
    # In a parameter of its own the direction is a word, otherwise it is written around the field.
    ascending, descending = ("asc", "desc") if direction else ("{}", "-{}")
    return Sort(
        table.text("parameter"),
        fields,
        table.text("ascending", ascending),
        table.text("descending", descending),
        table.text("separator", None),
        direction,
        table.table.get("nulls") == "first",
    )


def _lookup(table: Reading) -> Lookup:
    table.known("path", "row", "missing")
    table.needs("path")
    path = _path(table, table.text("path", "-"))
    if not placeholders(path):
        table.fault("path", "has no {field} for the key")
    fits = lambda v: isinstance(v, list) and all(isinstance(i, int) and 400 <= i < 500 for i in v)  # noqa: E731
    return Lookup(path, table.text("row"), tuple(table.take("missing", fits, "a list of statuses", (404,))))


def _types(table: Reading) -> Mapping[str, Kind]:
    found = {}
    for name, value in table.table.items():
        if isinstance(value, str) and value in KINDS:
            found[name] = KINDS[value]
        else:
            table.fault(name, f"{value!r:.80} is not one of {', '.join(KINDS)}")
    return found
