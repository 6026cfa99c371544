"""The catalog against the demo ERP: every mapping exists, every value keeps what the model promises.

The rows are read here by the plainest means, joins and codes included, so that nothing is said by way of
the SQL adapter.
"""

import re
import sqlite3
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import Column

from edm.declare import load_directory
from fixtures.demo_erp.schema import METADATA

CATALOG = files("erp_adapters") / "catalog"
SETS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8"))
    for entry in CATALOG.iterdir()
    if entry.name.endswith(".toml")
}
NAMES = sorted(SETS)

EXPECTED = {
    "Customers", "Items", "Prices", "Warehouses", "Inventory", "SalesOrders", "SalesOrderLines",
    "Shipments", "ShipmentLines", "Invoices", "InvoiceLines", "InvoiceTaxLines", "Payments",
    "PaymentAllocations", "Assets",
}  # fmt: skip
WIDTHS = {"Int16": 2**15, "Int32": 2**31, "Int64": 2**63}
WRITABLE = {"SalesOrders", "SalesOrderLines"}

Values = dict[str, list[Any]]


def sources(mapping: Any) -> list[str]:
    """The ERP columns behind a property, with the alias of their join."""
    if isinstance(mapping, str):
        return [mapping]
    if "column" in mapping:
        return [mapping["column"]]
    return [*mapping["columns"]] if "columns" in mapping else [term[1:] for term in mapping["sum"]]


def column(entity_set: str, source: str) -> Column[Any]:
    sql = SETS[entity_set]["sql"]
    alias, _, name = source.rpartition(".")
    table = sql["joins"][alias]["table"] if alias else sql["table"]
    return METADATA.tables[table].c[name]


# ---------------------------------------------------------------------------------- the model by itself


def test_the_model_is_sound() -> None:
    model = load_directory(CATALOG)
    assert set(SETS) == EXPECTED
    assert model is not None


def test_files_are_named_as_their_sets() -> None:
    assert {name: SETS[name]["entity_set"] for name in NAMES} == {name: name for name in NAMES}
    assert len({SETS[name]["order"] for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_property_is_mapped_once_to_columns_that_exist(name: str) -> None:
    assert [*SETS[name]["properties"]] == [*SETS[name]["sql"]["columns"]]
    for mapping in SETS[name]["sql"]["columns"].values():
        assert all(column(name, source) is not None for source in sources(mapping))


@pytest.mark.parametrize("name", NAMES)
def test_joins_find_at_most_one_row(name: str) -> None:
    for alias, join in SETS[name]["sql"].get("joins", {}).items():
        target = METADATA.tables[join["table"]]
        assert set(join["on"].values()) == {key.name for key in target.primary_key}, alias
        assert all(column(name, own) is not None for own in join["on"])


@pytest.mark.parametrize("name", NAMES)
def test_names_suit_salesforce(name: str) -> None:
    properties = SETS[name]["properties"]
    for word in (name, SETS[name]["entity_type"], *properties, *SETS[name].get("navigation", {})):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,39}", word)
        assert word.lower() not in {"id", "name", "externalid", "displayurl"}
    assert len({word.lower() for word in properties}) == len(properties)


@pytest.mark.parametrize("name", NAMES)
def test_references_have_the_type_of_the_key(name: str) -> None:
    own = SETS[name]["properties"]
    for link in SETS[name].get("navigation", {}).values():
        target = SETS[link["target"]]
        ((mine, theirs),) = link["on"].items()
        assert theirs == target["key"]
        assert all(own[mine].get(f) == target["properties"][theirs].get(f) for f in ("type", "max_length"))


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_described(name: str) -> None:
    for item in (SETS[name], *SETS[name]["properties"].values(), *SETS[name].get("navigation", {}).values()):
        assert item["label"]
        assert item["description"].endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_amounts_name_their_currency_and_quantities_their_unit(name: str) -> None:
    properties = SETS[name]["properties"]
    for key, item in properties.items():
        if "currency" in item:
            assert properties[item["currency"]]["max_length"] == 3
        if "unit" in item:
            assert properties[item["unit"]]["max_length"] == 3
        if key.endswith(("Amount", "Price", "Balance", "Limit", "Exposure", "Cost")):
            assert "currency" in item, key
        if key.endswith("Quantity"):
            assert "unit" in item, key


@pytest.mark.parametrize("name", NAMES)
def test_only_what_a_quote_brings_may_be_written(name: str) -> None:
    written = {key for key, item in SETS[name]["properties"].items() if item.get("writable")}
    assert bool(written) == (name in WRITABLE)
    for key in written:
        assert all("." not in source for source in sources(SETS[name]["sql"]["columns"][key])), "own columns only"


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_allowed_values_agree(name: str) -> None:
    for key, mapping in SETS[name]["sql"]["columns"].items():
        if isinstance(mapping, dict) and "codes" in mapping:
            assert [*mapping["codes"].values()] == SETS[name]["properties"][key]["allowed"]


# -------------------------------------------------------------------------------- the model and the data


@pytest.fixture(scope="module")
def erp(demo_sqlite_url: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(demo_sqlite_url.removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def published(erp: sqlite3.Connection) -> Any:
    """All values of a set, by property."""
    return cache(lambda name: _publish(erp, SETS[name]))


def _publish(erp: sqlite3.Connection, declared: dict[str, Any]) -> Values:
    sql = declared["sql"]
    joined = {
        alias: {row[key]: row for row in erp.execute(f"SELECT * FROM {join['table']}")}
        for alias, join in sql.get("joins", {}).items()
        for key in join["on"].values()
    }
    values: Values = {key: [] for key in sql["columns"]}
    for row in erp.execute(f"SELECT * FROM {sql['table']}"):
        rows = {"": row}
        for alias, join in sql.get("joins", {}).items():
            ((own, _),) = join["on"].items()
            rows[alias] = joined[alias].get(_cell(rows, own))
        for key, mapping in sql["columns"].items():
            values[key].append(_value(mapping, [_cell(rows, source) for source in sources(mapping)]))
    return values


def _cell(rows: dict[str, Any], source: str) -> Any:
    alias, _, name = source.rpartition(".")
    row = rows[alias]
    return None if row is None else row[name]


def _value(mapping: Any, cells: list[Any]) -> Any:
    """What the mapping makes of the cells."""
    if isinstance(mapping, str):
        return cells[0]
    if "true" in mapping:
        return cells[0] in mapping["true"]
    if "sum" in mapping:
        total = sum(
            (cell or 0) * (-1 if term[0] == "-" else 1) for term, cell in zip(mapping["sum"], cells, strict=True)
        )
        return Decimal(total).scaleb(-mapping["decimals"])
    if None in cells:
        return None
    if "columns" in mapping:
        parts = [f"{c:0{w}}" if isinstance(c, int) else c for c, w in zip(cells, mapping["widths"], strict=True)]
        assert [len(part) for part in parts] == mapping["widths"]
        return mapping["separator"].join(parts)
    cell = cells[0]
    if "codes" in mapping:
        return mapping["codes"][str(cell)]
    if "date" in mapping:
        return date(cell // 10_000, cell // 100 % 100, cell % 100) if cell else None
    if "timezone" in mapping:
        return datetime.fromisoformat(cell)
    if "decimals" in mapping:
        return Decimal(cell).scaleb(-mapping["decimals"])
    assert mapping["trim"]
    return cell.rstrip(" ")


@pytest.mark.parametrize("name", NAMES)
def test_values_keep_the_facets(name: str, published: Any) -> None:
    for key, values in published(name).items():
        item = SETS[name]["properties"][key]
        present = [value for value in values if value is not None]
        assert item.get("nullable", True) or len(present) == len(values), f"{key} has nulls"
        assert all(_fits(item, value) for value in present), key
        assert set(present) <= set(item.get("allowed", present)), key


def _fits(item: dict[str, Any], value: Any) -> bool:
    kind = item["type"]
    if kind == "String":
        return isinstance(value, str) and len(value) <= item["max_length"]
    if kind == "Decimal":
        return (
            isinstance(value, Decimal)
            and abs(value) < 10 ** (item["precision"] - item["scale"])
            and value == round(value, item["scale"])
        )
    if kind in WIDTHS:
        return isinstance(value, int) and -WIDTHS[kind] <= value < WIDTHS[kind]
    return type(value) is {"Boolean": bool, "Date": date, "DateTimeOffset": datetime}[kind]


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_unique_and_safe(name: str, published: Any) -> None:
    keys = published(name)[SETS[name]["key"]]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9._~-]{1,80}", key) for key in keys)
    assert len({len(key) for key in keys}) == 1, "of one width, so that their order is the ERP's"


@pytest.mark.parametrize("name", NAMES)
def test_references_lead_to_rows(name: str, published: Any) -> None:
    for link_name, link in SETS[name].get("navigation", {}).items():
        ((mine, theirs),) = link["on"].items()
        found = set(published(name)[mine]) - {None}
        assert found, f"{link_name} is never set"
        assert found <= set(published(link["target"])[theirs]), link_name


@pytest.mark.parametrize("name", NAMES)
def test_amounts_have_a_currency_and_quantities_a_unit(name: str, published: Any) -> None:
    values = published(name)
    for key, item in SETS[name]["properties"].items():
        companion = item.get("currency") or item.get("unit")
        if companion:
            pairs = zip(values[key], values[companion], strict=True)
            assert all(other for value, other in pairs if value is not None), key


@pytest.mark.parametrize("name", NAMES)
def test_no_property_is_always_empty_or_always_the_same(name: str, published: Any) -> None:
    values = published(name)
    dull = {key for key in values if len(set(values[key])) < 2}
    assert dull <= {"CompanyCode", "CompanyCurrency", "ListPriceCurrency", "Active"} | (
        {"Currency"} if name == "Inventory" else set()
    )
