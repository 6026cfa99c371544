"""What a service cannot do and does not say: options of the settings and of the catalog's sections, and profiles.

An option left out means that the service's own annotations decide. A profile is a row of options for a product whose
limits are published.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ANY_FIELDS, SAME_FIELD, NO_FIELDS = "any", "same field", "never"
SENSITIVE, INSENSITIVE = "sensitive", "insensitive"
QUALIFIED, PLAIN = "qualified", "text"


@dataclass(frozen=True, slots=True)
class Option:
    """What one option may be. ``section``: whether sections may say it too, for their entity."""

    fits: Callable[[Any], bool]
    what: str
    section: bool = True


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


#: What questions are made of.
_OURS = frozenset({"$filter", "$orderby", "$select", "$expand", "$top", "$skip", "$count", "$skiptoken", "$format"})


def _parameters(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and name and name not in _OURS and isinstance(text, str) for name, text in value.items()
    )


def _one_of(*words: str) -> Option:
    return Option(lambda value: value in words, "one of " + ", ".join(map(repr, words)))


FLAG = Option(_flag, "true or false")
NAMES = Option(_names, "a list of names")
COUNT = Option(_count, "a positive whole number")

#: Limits that the makers publish, by product. Whatever the settings say outranks them.
PROFILES: Mapping[str, Mapping[str, Any]] = {
    # Another service of this kind: texts by code point.
    "erp-odata": {"ordered": True},
    # "Known limitations with Business Central OData": or on distinct fields is an error, lambdas are ignored. `in`
    # needs $schemaversion=2.1. Texts are never null. An enumeration is compared with a plain text.
    "business-central": {
        "or": SAME_FIELD,
        "lambda": False,
        "in": False,
        "paths": False,
        "functions": ["contains", "startswith", "endswith"],
        "enums": PLAIN,
        "nulls": "first",
        "empty_is_null": True,
    },
    # Dataverse: $skip is refused, @odata.count ends at 5000, texts are compared as its SQL Server compares them.
    "dynamics": {
        "skip": False,
        "count": False,
        "in": False,
        "case": INSENSITIVE,
        "nulls": "first",
        "functions": ["contains", "startswith", "endswith"],
    },
}

OPTIONS: Mapping[str, Option] = {
    "or": _one_of(ANY_FIELDS, SAME_FIELD, NO_FIELDS),
    "lambda": FLAG,
    "in": FLAG,
    "paths": FLAG,
    "case": _one_of(SENSITIVE, INSENSITIVE),
    "ordered": FLAG,
    "nulls": _one_of("first", "last"),
    "top": FLAG,
    "skip": FLAG,
    "count": FLAG,
    "select": FLAG,
    "functions": NAMES,
    "unfilterable": NAMES,
    "unsortable": NAMES,
    "required": NAMES,
    "enums": _one_of(QUALIFIED, PLAIN),
    "values": COUNT,
    "page_size": COUNT,
    "parameters": Option(_parameters, "a table of query parameters"),
    "empty_is_null": Option(_flag, "true or false", section=False),
    "ieee754": Option(_flag, "true or false", section=False),
    "rewrite_links": Option(_flag, "true or false", section=False),
    "version": Option(lambda value: value in ("4.0", "4.01"), "'4.0' or '4.01'", section=False),
    "profile": Option(lambda value: value in PROFILES, "one of " + ", ".join(map(repr, PROFILES)), section=False),
}


def faults(options: Mapping[str, Any], *, section: bool) -> Iterator[tuple[str, str]]:
    """What is wrong with options, as (key, message)."""
    for name, value in options.items():
        option = OPTIONS.get(name)
        if option is None or (section and not option.section):
            known = ", ".join(sorted(key for key, row in OPTIONS.items() if row.section or not section))
            yield name, f"is not an option here; there are {known}"
        elif not option.fits(value):
            yield name, f"{value!r} is not {option.what}"


def layered(*layers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Options of which later ones outrank earlier ones; lists of what cannot be done add up."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if name in ("unfilterable", "unsortable"):
                merged[name] = [*merged.get(name, ()), *value]
            elif name == "parameters":
                merged[name] = {**merged.get(name, {}), **value}
            else:
                merged[name] = value
    return merged


def names(options: Mapping[str, Any], name: str) -> Sequence[str]:
    """A list among options, empty if it is left out."""
    found: Sequence[str] = options.get(name, ())
    return found
