"""A catalog without what an ERP lacks: what goes along, what stays as it was written, and that a model is left."""

from importlib.resources import files

import pytest

from edm.declare import load_texts
from edm.fitting import fit
from tests.records.shop import TEXTS

#: Lines of a catalog that people write, comments and long values included.
WRITTEN = TEXTS["Invoices.toml"].replace("[test.joins.c]", "# Who bought.\n[test.joins.c]").replace(
    'Currency = { value = "EUR" }', 'Currency = { value = "EUR" }\n# Two lines.\n'
)  # fmt: skip


def test_nothing_lacks() -> None:
    found = fit({**TEXTS, "Invoices.toml": WRITTEN}, [])
    assert found.texts == {**TEXTS, "Invoices.toml": WRITTEN}
    assert not any(left.properties or left.because for left in found.left.values())


def test_a_property_goes_with_its_field() -> None:
    found = fit(TEXTS, [("Invoices", "test.fields.DueDate", "VBRK has no NETDT")])
    assert found.left["Invoices"].properties == {"DueDate": "VBRK has no NETDT"}
    assert "DueDate" not in found.texts["Invoices.toml"]
    model = load_texts(found.texts)
    assert set(model["Invoices"].type.names) == set(load_texts(TEXTS)["Invoices"].type.names) - {"DueDate"}


def test_a_join_takes_along_what_is_made_of_it() -> None:
    """The address is joined to the customer, so both are gone."""
    found = fit({**TEXTS, "Invoices.toml": WRITTEN}, [("Invoices", "test.joins.c.entity", "the source has no KNA1")])
    assert set(found.left["Invoices"].properties) == {"CustomerName", "City"}
    assert "Who bought" not in found.texts["Invoices.toml"]
    assert "# Two lines." in found.texts["Invoices.toml"]
    assert "joins" not in found.texts["Invoices.toml"]
    load_texts(found.texts)


def test_a_total_takes_along_its_property() -> None:
    found = fit(TEXTS, [("Customers", "test.totals.open.where", "VBRK has no STATUS")])
    assert set(found.left["Customers"].properties) == {"OpenAmount"}
    assert "OpenInvoices" in found.texts["Customers.toml"]


@pytest.mark.parametrize("key", ["test.entity", "test.where", "test.fields.CustomerNumber"])
def test_a_set_takes_along_the_navigation_to_it(key: str) -> None:
    """Without entity, condition or key there is no set. The property that led to it stays."""
    found = fit(TEXTS, [("Customers", key, "not there")])
    assert found.left["Customers"].because == "not there"
    assert "Customers.toml" not in found.texts
    assert found.left["Invoices"].navigation == {"Customer"}
    model = load_texts(found.texts)
    assert [link.name for link in model["Invoices"].type.navigation] == ["Lines"]
    assert model["Invoices"].type.property("CustomerNumber") is not None
    assert "Customer = " not in found.texts["Invoices.toml"]


def test_a_property_takes_along_the_navigation_by_it() -> None:
    found = fit(TEXTS, [("Invoices", "test.fields.CustomerNumber", "VBRK has no KUNAG")])
    assert found.left["Invoices"].navigation == {"Customer"}
    load_texts(found.texts)


@pytest.mark.parametrize("kind", ["sap"])
def test_every_property_of_a_built_in_catalog_may_lack(kind: str) -> None:
    """One after the other; what is left is a model each time."""
    directory = files("erp_adapters") / kind / "catalog"
    texts = {entry.name: entry.read_text("utf-8") for entry in directory.iterdir() if entry.name.endswith(".toml")}
    whole = load_texts(texts)
    for entity_set in whole.sets:
        for prop in entity_set.type.properties:
            found = fit(texts, [(entity_set.name, f"{kind}.fields.{prop.name}", "lacks")])
            model = load_texts(found.texts)
            left = model.entity_set(entity_set.name)
            assert left is None or left.type.property(prop.name) is None
            assert (left is None) is (prop.name == entity_set.type.key)
