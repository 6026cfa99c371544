"""What ``$metadata`` states of values holds for every value that is served, on each database: facets, bounds, patterns,
codes, currencies and units (CX-06).
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.serving import pages
from tests.spec.claims import Claimed, Json, Published, claims, read
from tests.spec.clauses import World

#: Entity set -> property -> every value, as JSON has it, in the order of the rows.
Served = dict[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def published(world: World) -> Published:
    return read(world)


@pytest.fixture(scope="module")
def served(each_world: World, published: Published) -> Served:
    found: Served = {}
    for name, entity_set in published.sets.items():
        rows = [r for page in pages(each_world.client, name, prefer="maxpagesize=2000") for r in page.rows]
        assert [r[entity_set.key] for r in rows] == [r[entity_set.key] for r in entity_set.rows]
        found[name] = {member: [row[member] for row in rows] for member in entity_set.properties}
    return found


def properties(published: Published) -> Iterator[tuple[Claimed, str, Json]]:
    for entity_set in published.sets.values():
        for name, item in entity_set.properties.items():
            yield entity_set, name, item


# Facets


def is_text(value: Any, item: Json) -> bool:
    return isinstance(value, str) and len(value) <= item["$MaxLength"]


def is_decimal(value: Any, item: Json) -> bool:
    _, digits, exponent = Decimal(value).as_tuple()
    assert isinstance(exponent, int)
    whole = max(0, len(digits) + exponent) if any(digits) else 0
    return -exponent <= item["$Scale"] and whole <= item["$Precision"] - item["$Scale"]


def is_integer(bits: int) -> Callable[[Any, Json], bool]:
    return lambda value, item: type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def is_instant(value: Any, item: Json) -> bool:
    fraction = value.partition(".")[2].removesuffix("Z")
    return bool(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]+)?Z", value)) and len(fraction) <= item.get("$Precision", 0)


FITS: dict[str, Callable[[Any, Json], bool]] = {
    "Edm.String": is_text,
    "Edm.Decimal": is_decimal,
    "Edm.Int16": is_integer(16),
    "Edm.Int32": is_integer(32),
    "Edm.Int64": is_integer(64),
    "Edm.Boolean": lambda value, item: isinstance(value, bool),
    "Edm.Date": lambda value, item: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)),
    "Edm.DateTimeOffset": is_instant,
}


def test_facets_hold(published: Published, served: Served) -> None:
    checked = 0
    for entity_set, name, item in properties(published):
        fits = FITS[item.get("$Type", "Edm.String")]
        values = set(served[entity_set.name][name])
        assert None not in values or item.get("$Nullable", False), (entity_set.name, name)
        for value in values - {None}:
            assert fits(value, item), (entity_set.name, name, value)
        checked += 1
    assert (len(published.sets), checked) == (15, 386)


def test_bounds_patterns_and_codes_hold(published: Published, served: Served) -> None:
    checked = 0
    for entity_set, name, item in properties(published):
        said = claims(item)
        allowed = [entry["Value"] for entry in said.get("Validation.AllowedValues", [])]
        for value in set(served[entity_set.name][name]) - {None}:
            where = (entity_set.name, name, value)
            checked += bool(allowed or said.keys() & {"Validation.Minimum", "Validation.Pattern"})
            assert not allowed or value in allowed, where
            assert value >= said.get("Validation.Minimum", value), where
            assert value <= said.get("Validation.Maximum", value), where
            assert re.fullmatch(said.get("Validation.Pattern", "(?s).*"), str(value)), where
    assert checked > 500


# Measures

#: Decimals that measure nothing.
NUMBERS = {"ExchangeRate"}


def test_every_decimal_has_a_currency_or_a_unit(published: Published) -> None:
    for entity_set, name, item in properties(published):
        measures = claims(item).keys() & {"Measures.ISOCurrency", "Measures.Unit"}
        assert len(measures) == (item.get("$Type") == "Edm.Decimal" and name not in NUMBERS) or (
            len(measures) == 1 and item["$Type"].startswith("Edm.Int")
        ), (entity_set.name, name)


def test_currencies_and_units_are_there(published: Published, served: Served) -> None:
    for entity_set, name, item in properties(published):
        said = claims(item)
        measure = said.get("Measures.ISOCurrency", said.get("Measures.Unit", ""))
        if isinstance(measure, str):
            assert measure == measure.strip()
            continue
        codes = served[entity_set.name][measure["$Path"]]
        for amount, code in set(zip(served[entity_set.name][name], codes, strict=True)):
            named = re.fullmatch("[A-Z]{3}", code or "")
            assert named or amount is None or ("Measures.Unit" in said and not amount), (entity_set.name, name, code)


def test_read_only_properties_are_not_written(published: Published) -> None:
    for entity_set, name, item in properties(published):
        if claims(item).get("Core.Permissions") == "Read":
            target = f"{entity_set.entity(entity_set.rows[0])}/{name}"
            for method in ("PUT", "PATCH", "DELETE"):
                answer = published.world.send(method, target, b'{"value":null}', content_type="application/json")
                assert answer.status == 405, (method, target)
