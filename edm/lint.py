"""The rules a published name or property obeys so that OData and Salesforce Connect take it without loss.

Pure rules on single model elements; reading files and everything that spans elements is in
``edm.declare``. Salesforce shortens names beyond 40 characters, collides names that differ in case only,
turns a string without MaxLength into Text(128) and drops the cents of a decimal without Scale: each rule
prevents one such loss.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from edm.model import Property
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    INT16,
    INT32,
    INT64,
    STRING,
    PrimitiveType,
)

#: The types that reach a Salesforce field unchanged.
PUBLISHED: dict[str, PrimitiveType] = {
    kind.name: kind for kind in (STRING, BOOLEAN, INT16, INT32, INT64, DECIMAL, DATE, DATE_TIME_OFFSET)
}

NAME_LENGTH = LABEL_LENGTH = 40
KEY_LENGTH, TEXT_LENGTH, PROSE_LENGTH = 80, 255, 32_000
DECIMAL_DIGITS, SECOND_DIGITS = 18, 6
DESCRIPTION_LENGTH = 1_000
#: Standard fields of every external object; a property of that name would hide behind them.
RESERVED = frozenset({"id", "name", "externalid", "displayurl"})

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_NUMBERS = (INT16, INT32, INT64, DECIMAL)
#: Which types a facet or annotation makes sense for; all others refuse it.
_APPLIES_TO: dict[str, tuple[PrimitiveType, ...]] = {
    "max_length": (STRING,),
    "precision": (DECIMAL, DATE_TIME_OFFSET),
    "scale": (DECIMAL,),
    "searchable": (STRING,),
    "prose": (STRING,),
    "allowed": (STRING,),
    "currency": _NUMBERS,
    "unit": _NUMBERS,
    "fixed_unit": _NUMBERS,
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
    "pattern": (STRING,),
}
#: By the name of the type: the facets it refuses, and those it needs.
_REFUSED = {
    kind.name: tuple(facet for facet, types in _APPLIES_TO.items() if kind not in types) for kind in PUBLISHED.values()
}
_REQUIRED = {"String": ("max_length",), "Decimal": ("precision", "scale")}


class Problem(NamedTuple):
    """One broken rule: the key it is about (``""`` for the element itself), what is wrong, what to do."""

    key: str
    message: str
    hint: str | None = None


def name_problems(name: str) -> Iterator[Problem]:
    """What is wrong with the name of a set, a type, a property or a navigation property."""
    if not _NAME.fullmatch(name):
        yield Problem("", f"{name!r} is not a name: a letter, then letters and digits only")
    if len(name) > NAME_LENGTH:
        yield Problem("", f"the name has {len(name)} characters; Salesforce takes at most {NAME_LENGTH}")
    if name.lower() in RESERVED:
        yield Problem("", f"{name!r} is a standard field of every external object", "as in CustomerName")


def property_problems(item: Property, *, is_key: bool) -> Iterator[Problem]:
    """What is wrong with the facets of a property."""
    kind = item.type.name
    for facet in _REFUSED[kind]:
        given = getattr(item, facet)
        if given or (given == 0 and given is not False):
            hint = "only for " + ", ".join(other.name for other in _APPLIES_TO[facet])
            yield Problem(facet, f"does not apply to {kind}", hint)
    for facet in _REQUIRED.get(kind, ()):
        if getattr(item, facet) is None:
            yield Problem(facet, f"is required for {kind}")
    if item.type is STRING:
        yield from _string_problems(item)
    elif item.type in (DECIMAL, DATE_TIME_OFFSET):
        yield from _digit_problems(item)
    measures = [key for key in ("currency", "unit", "fixed_unit") if getattr(item, key) is not None]
    if len(measures) > 1:
        yield Problem(measures[1], f"an amount has one measure, not {' and '.join(measures)}")
    if item.minimum is not None and item.maximum is not None and item.minimum > item.maximum:
        yield Problem("maximum", f"{item.maximum} is less than the minimum, {item.minimum}")
    if is_key:
        yield from _key_problems(item)


def _string_problems(item: Property) -> Iterator[Problem]:
    limit = PROSE_LENGTH if item.prose else TEXT_LENGTH
    if item.max_length is not None and not 1 <= item.max_length <= limit:
        hint = None if item.prose else f"prose = true allows up to {PROSE_LENGTH}, but no sorting"
        yield Problem("max_length", f"{item.max_length} is not within 1 and {limit}", hint)
    for code in item.allowed:
        if not code or len(code) > (item.max_length or limit):
            yield Problem("allowed", f"{code!r} does not fit: 1 to {item.max_length} characters")
    if len(set(item.allowed)) < len(item.allowed):
        yield Problem("allowed", "lists a value twice")
    if item.pattern is not None:
        yield from _pattern_problems(item.pattern)


def _pattern_problems(pattern: str) -> Iterator[Problem]:
    if not (pattern.startswith("^") and pattern.endswith("$")):
        yield Problem("pattern", f"{pattern!r} is not anchored", "a part of a value would do; write ^...$")
    try:
        re.compile(pattern)
    except re.error as error:
        yield Problem("pattern", f"{pattern!r} is not a regular expression: {error}")


def _digit_problems(item: Property) -> Iterator[Problem]:
    low, high = (1, DECIMAL_DIGITS) if item.type == DECIMAL else (0, SECOND_DIGITS)
    if item.precision is not None and not low <= item.precision <= high:
        yield Problem("precision", f"{item.precision} is not within {low} and {high}")
    if item.scale is not None and not 0 <= item.scale <= (item.precision or DECIMAL_DIGITS):
        yield Problem("scale", f"{item.scale} is not within 0 and the precision")


def _key_problems(item: Property) -> Iterator[Problem]:
    if item.type != STRING:
        yield Problem("type", f"the key is a String, not {item.type.name}", "publish a text surrogate")
    if item.nullable:
        yield Problem("nullable", "the key is never null")
    if item.max_length is not None and item.max_length > KEY_LENGTH:
        yield Problem("max_length", f"the key has at most {KEY_LENGTH} characters, not {item.max_length}")
    if item.prose:
        yield Problem("prose", "the key is not prose")
