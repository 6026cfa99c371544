"""Values that are not what the published model says of them, one row of the table for each promise."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from edm.model import EntitySet, Property
from edm.patterns import matches_pattern
from edm.primitives import DATE_TIME_OFFSET, DECIMAL, STRING
from erp_adapters.base import Finding, Level
from odata_server.doctor.patient import Patient

#: What keys may consist of: other characters are escaped in URLs, and break links that people copy.
_KEY = re.compile(r"[A-Za-z0-9\-_.~]+")


@dataclass(frozen=True, slots=True)
class _Promise:
    """``limit`` is what the property says, ``None`` if nothing. ``broken`` tells of a value whether it is not kept."""

    level: Level
    limit: Callable[[Property], Any]
    broken: Callable[[Any, Any], bool]
    what: str
    fix: Callable[[Sequence[Any]], str]


_PROMISES = (
    _Promise(
        Level.FAILURE,
        lambda p: p.max_length if p.type == STRING else None,
        lambda value, most: len(value) > most,
        "longer than max_length = {}, so that Salesforce cuts or refuses it",
        lambda found: f"Set max_length = {max(map(len, found))} or more, and of foreign keys alike; then sync again.",
    ),
    _Promise(
        Level.WARNING,
        lambda p: p.allowed or None,
        lambda value, allowed: value not in allowed,
        "none of the allowed values",
        lambda found: f"Add to codes or to allowed: {', '.join(sorted(set(map(str, found)))[:10])}.",
    ),
    _Promise(
        Level.WARNING,
        lambda p: p.pattern,
        lambda value, pattern: matches_pattern(value, pattern) is False,
        "not of the pattern {}",
        lambda found: "Correct the pattern or the values.",
    ),
    _Promise(
        Level.FAILURE,
        lambda p: p.scale if p.type == DECIMAL else None,
        lambda value, scale: _digits(value)[1] > scale,
        "of more decimals than scale = {}, so that Salesforce rounds it",
        lambda found: f"Set scale = {max(_digits(value)[1] for value in found)}.",
    ),
    _Promise(
        Level.FAILURE,
        lambda p: p.precision - (p.scale or 0) if p.type == DECIMAL and p.precision is not None else None,
        lambda value, most: _digits(value)[0] > most,
        "of more digits before the point than precision - scale = {}",
        lambda found: f"Set precision to scale + {max(_digits(value)[0] for value in found)}; 18 is the most.",
    ),
    _Promise(
        Level.NOTE,
        lambda p: (p.precision or 0) if p.type == DATE_TIME_OFFSET else None,
        lambda value, precision: _fraction(value) > precision,
        "of more digits of a second than precision = {}",
        lambda found: f"Set precision = {max(map(_fraction, found))}.",
    ),
    _Promise(
        Level.WARNING,
        lambda p: p.minimum,
        lambda value, least: value < least,
        "less than minimum = {}",
        lambda found: f"Set minimum = {min(found)}, or correct the values.",
    ),
    _Promise(
        Level.WARNING,
        lambda p: p.maximum,
        lambda value, most: value > most,
        "more than maximum = {}",
        lambda found: f"Set maximum = {max(found)}, or correct the values.",
    ),
)
#: What is promised of a key beside that.
_OF_KEYS = _Promise(
    Level.WARNING,
    lambda p: True,
    lambda value, limit: not _KEY.fullmatch(value),
    "a key with characters beside letters, digits and - _ . ~",
    lambda found: "Make the key of other columns: links and lookups with such characters are fragile.",
)


def facets(patient: Patient, entity_set: EntitySet) -> Iterator[Finding]:
    """The promises that the rows looked at do not keep."""
    sample = patient.sampled(entity_set)
    for prop in entity_set.type.properties:
        for promise in (*_PROMISES, *([_OF_KEYS] if prop.name == entity_set.type.key else ())):
            limit = promise.limit(prop)
            found = [v for v in sample.values(prop.name) if promise.broken(v, limit)] if limit is not None else []
            if found:
                what = f"{promise.what.format(limit)}: {_shown(found[0])} ({len(found)} of {len(sample.rows)} rows)"
                yield Finding(promise.level, f"{entity_set.name}/{prop.name}", what, promise.fix(found))


def _digits(value: Decimal) -> tuple[int, int]:
    """Before and after the point, without zeros that say nothing."""
    if not value.is_finite() or not value:
        return 0, 0
    exact = value.normalize().as_tuple()
    exponent = int(exact.exponent)
    return max(0, len(exact.digits) + exponent), max(0, -exponent)


def _fraction(value: Any) -> int:
    return len(f"{value.microsecond:06}".rstrip("0"))


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
