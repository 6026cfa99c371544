"""Catalog texts become the model, or the list of everything that is wrong with them."""

from pathlib import Path

import pytest

from edm.declare import load_directory, load_texts
from edm.faults import CatalogError, Fault
from edm.model import ServiceMetadata
from edm.primitives import DATE_TIME_OFFSET, DECIMAL, STRING
from tests.edm.small_catalog import CUSTOMERS, INVOICES, TEXTS


@pytest.fixture(scope="module")
def metadata() -> ServiceMetadata:
    return load_texts(TEXTS)


def faults(**changed: str) -> tuple[Fault, ...]:
    """What is wrong with the small catalog when a file of it reads otherwise."""
    with pytest.raises(CatalogError) as caught:
        load_texts({**TEXTS, **{f"{stem}.toml": text for stem, text in changed.items()}})
    return caught.value.faults


def test_sets_come_by_order_then_name(metadata: ServiceMetadata) -> None:
    assert [s.name for s in metadata.sets] == ["Customers", "Invoices", "Stock"]
    assert (metadata.namespace, metadata.container, metadata.version) == ("ErpOData", "Container", "1.0.0")


def test_properties_keep_their_order_and_facets(metadata: ServiceMetadata) -> None:
    customer = metadata["Customers"].type
    assert customer.names == (
        "CustomerNumber", "PayerNumber", "Currency", "CreditLimit", "Blocked", "Remarks"
    )  # fmt: skip
    number, limit = customer.property("CustomerNumber"), customer.property("CreditLimit")
    assert number is not None
    assert limit is not None
    assert (number.type, number.max_length, number.nullable, number.searchable) == (STRING, 10, False, True)
    assert (limit.type, limit.precision, limit.scale, limit.currency) == (DECIMAL, 15, 2, "Currency")
    assert (limit.nullable, limit.writable) == (True, True)
    status = metadata["Invoices"].type.property("Status")
    assert status is not None
    assert status.allowed == ("Open", "Paid")


def test_a_date_time_has_whole_seconds_unless_declared(metadata: ServiceMetadata) -> None:
    invoice = metadata["Invoices"].type
    digits = {p.name: p.precision for p in invoice.properties if p.type == DATE_TIME_OFFSET}
    assert digits == {"ChangedAt": 0, "ReadAt": 3}


def test_navigation_is_declared_once_and_goes_both_ways(metadata: ServiceMetadata) -> None:
    there = metadata["Invoices"].type.navigation_property("Customer")
    back = metadata["Customers"].type.navigation_property("Invoices")
    assert there is not None
    assert back is not None
    assert (there.target, there.collection, there.partner) == ("Customers", False, "Invoices")
    assert (there.dependent, there.nullable) == (True, False)
    assert (back.target, back.collection, back.partner) == ("Invoices", True, "Customer")
    assert (back.dependent, back.label) == (False, "Invoices")
    assert there.on == back.on == (("CustomerNumber", "CustomerNumber"),)


def test_a_set_may_refer_to_itself(metadata: ServiceMetadata) -> None:
    customer = metadata["Customers"].type
    payer, pays_for = customer.navigation_property("Payer"), customer.navigation_property("PaysFor")
    assert payer is not None
    assert pays_for is not None
    assert (payer.on, payer.nullable) == ((("PayerNumber", "CustomerNumber"),), True)
    assert pays_for.on == (("CustomerNumber", "PayerNumber"),)


def test_source_sections_are_kept_as_they_stand(metadata: ServiceMetadata) -> None:
    assert metadata["Customers"].sources["sql"]["columns"]["CreditLimit"] == {"column": "CRLM", "decimals": 2}
    assert metadata["Stock"].sources == {}


def test_the_order_of_the_files_does_not_matter(metadata: ServiceMetadata) -> None:
    shuffled = load_texts(dict(reversed(TEXTS.items())))
    assert [s.type for s in shuffled.sets] == [s.type for s in metadata.sets]


def test_a_directory_is_its_toml_files(tmp_path: Path, metadata: ServiceMetadata) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "README.md").write_text("not a set", encoding="utf-8")
    assert [s.type for s in load_directory(tmp_path).sets] == [s.type for s in metadata.sets]


def test_an_empty_directory_and_an_unreadable_file_are_faults(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"has no \*.toml file"):
        load_directory(tmp_path)
    (tmp_path / "Customers.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogError, match=r"Customers.toml: cannot be read as UTF-8"):
        load_directory(tmp_path)


#: What is changed in the Customers file: (old text, new text, key of the fault, its message[, its hint]).
CUSTOMER_FAULTS: dict[str, tuple[str, ...]] = {
    "unknown key of a set": ('key = "', 'sort = 1\nkey = "', "sort", "is not a key of this table"),
    "misspelt key of a set": ("order = 10", "ordr = 10", "ordr", "is not a key", "did you mean 'order'?"),
    "misspelt table": (
        "[sql]", "[propertes]\n[sql]", "propertes", "is not a key of this table",
        "did you mean 'properties'?",
    ),
    "missing key of a set": ('label_plural = "Customers"', "", "label_plural", "is required"),
    "wrong type": ("order = 10", 'order = "10"', "order", "'10' is not a whole number"),
    "a flag is not a number": ("order = 10", "order = true", "order", "True is not a whole number"),
    "unknown key of a property": (
        "searchable = true", "serchable = true", "properties.CustomerNumber.serchable", "is not a key",
        "did you mean 'searchable'?",
    ),
    "property without label": ('label = "Currency"\n', "", "properties.Currency.label", "is required"),
    "property without description": (
        'description = "Free text."', "", "properties.Remarks.description", "is required",
    ),
    "empty description": ('"Free text."', '""', "properties.Remarks.description", "is empty"),
    "label with blanks": (
        '"Currency"\ndescription', '" Currency"\ndescription', "properties.Currency.label", "has blanks",
    ),
    "label too long": (
        'label = "Remarks"', 'label = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
        "properties.Remarks.label", "has 41 characters",
    ),
    "bad name": ("[properties.Remarks]", "[properties.Free_Text]", "properties.Free_Text", "not a name"),
    "name too long": (
        "[properties.Remarks]", "[properties.RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR]",
        "properties.RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR", "has 41 characters",
    ),
    "reserved name": (
        "[properties.Remarks]", "[properties.ExternalID]", "properties.ExternalID", "standard field",
        "as in",
    ),
    "names differing in case": (
        "[properties.Remarks]", "[properties.CURRENCY]", "properties.CURRENCY", "differs from 'Currency'",
    ),
    "property is no table": (
        "[properties.Currency]", "[properties]\nX = 1\n[properties.Currency]", "properties.X",
        "not a table",
    ),
    "unknown type": (
        '"Boolean"', '"Bool"', "properties.Blocked.type", "'Bool' is not a published type",
        "did you mean 'Boolean'?",
    ),
    "type that Salesforce does not take": (
        '"Boolean"', '"Duration"', "properties.Blocked.type", "is not a published type",
    ),
    "string without length": (
        "max_length = 3\n", "", "properties.Currency.max_length", "is required for String",
    ),
    "string too long": (
        "max_length = 3\n", "max_length = 256\n", "properties.Currency.max_length",
        "256 is not within 1 and 255", "prose = true",
    ),
    "prose too long": (
        "max_length = 4000", "max_length = 32001", "properties.Remarks.max_length", "1 and 32000",
    ),
    "no length": ("max_length = 3\n", "max_length = 0\n", "properties.Currency.max_length", "0 is not"),
    "length of a decimal": (
        "precision = 15", "precision = 15\nmax_length = 3", "properties.CreditLimit.max_length",
        "does not apply to Decimal", "only for String",
    ),
    "decimal without precision": (
        "precision = 15\n", "", "properties.CreditLimit.precision", "is required for Decimal",
    ),
    "decimal without scale": ("scale = 2\n", "", "properties.CreditLimit.scale", "is required for Decimal"),
    "decimal too precise": (
        "precision = 15", "precision = 19", "properties.CreditLimit.precision", "19 is not within 1 and 18",
    ),
    "scale beyond precision": (
        "scale = 2", "scale = 16", "properties.CreditLimit.scale", "16 is not within 0 and the precision",
    ),
    "searchable number": (
        "scale = 2", "scale = 2\nsearchable = true", "properties.CreditLimit.searchable", "does not apply",
    ),
    "scale of a flag": (
        'type = "Boolean"', 'type = "Boolean"\nscale = 0', "properties.Blocked.scale", "does not apply",
    ),
    "codes of a flag": (
        'type = "Boolean"', 'type = "Boolean"\nallowed = ["a"]', "properties.Blocked.allowed", "not apply",
    ),
    "code that does not fit": (
        "max_length = 3\n", 'max_length = 3\nallowed = ["EURO"]\n', "properties.Currency.allowed",
        "'EURO' does not fit",
    ),
    "code given twice": (
        "max_length = 3\n", 'max_length = 3\nallowed = ["EUR", "EUR"]\n', "properties.Currency.allowed",
        "twice",
    ),
    "codes that are no texts": (
        "max_length = 3\n", "max_length = 3\nallowed = [1]\n", "properties.Currency.allowed",
        "list of texts",
    ),
    "unknown currency": (
        'currency = "Currency"', 'currency = "Curency"', "properties.CreditLimit.currency",
        "is not a property", "did you mean 'Currency'?",
    ),
    "currency that is no text": (
        'currency = "Currency"', 'currency = "Blocked"', "properties.CreditLimit.currency", "is Boolean",
    ),
    "currency and unit": (
        'currency = "Currency"', 'currency = "Currency"\nunit = "Currency"', "properties.CreditLimit.unit",
        "one measure",
    ),
    "unit twice": (
        'currency = "Currency"', 'fixed_unit = "kg"\nunit = "Currency"', "properties.CreditLimit.fixed_unit",
        "one measure, not unit and fixed_unit",
    ),
    "bounds the wrong way round": (
        'currency = "Currency"', "minimum = 3\nmaximum = 2", "properties.CreditLimit.maximum", "less than the minimum",
    ),
    "bounds of a text": (
        "max_length = 3\n", "max_length = 3\nminimum = 0\n", "properties.Currency.minimum", "does not apply to String",
    ),
    "pattern that is not one": (
        'pattern = "^[A-Z]{3}$"', 'pattern = "^[A-Z$"', "properties.Currency.pattern", "regular expression",
    ),
    "pattern without ends": (
        'pattern = "^[A-Z]{3}$"', 'pattern = "[A-Z]{3}"', "properties.Currency.pattern", "not anchored",
        "a part of a value would do; write ^...$",
    ),
    "pattern of a number": (
        'currency = "Currency"', 'pattern = "^1$"', "properties.CreditLimit.pattern", "does not apply to Decimal",
    ),
    "unknown key property": (
        'key = "CustomerNumber"', 'key = "CustomerNo"', "key", "'CustomerNo' is not a property of this set",
        "did you mean 'CustomerNumber'?",
    ),
    "key that is null": (
        "searchable = true", "nullable = true", "properties.CustomerNumber.nullable", "is never null",
    ),
    "unknown target": (
        'target = "Customers"', 'target = "Customer"', "navigation.Payer.target", "is not an entity set",
        "did you mean 'Customers'?",
    ),
    "unknown foreign key": (
        "on = { PayerNumber", "on = { PayerNo", "navigation.Payer.on.PayerNo",
        "is not a property of this set", "did you mean 'PayerNumber'?",
    ),
    "not the parent's key": (
        '= "CustomerNumber" }', '= "Currency" }', "navigation.Payer.on.PayerNumber",
        "'Currency' is not the key of Customers", "say 'CustomerNumber'",
    ),
    "several foreign keys": (
        "on = { ", 'on = { Currency = "Currency", ', "navigation.Payer.on", "more than one pair",
    ),
    "foreign key of another length": (
        'max_length = 10\nlabel = "Payer', 'max_length = 11\nlabel = "Payer',
        "navigation.Payer.on.PayerNumber", "max_length is 11, but Customers.CustomerNumber has 10",
    ),
    "navigation named like a property": (
        "[navigation.Payer]", "[navigation.currency]", "navigation.currency",
        "already the name of a property",
    ),
    "partner named like a property": (
        'partner = "PaysFor"', 'partner = "Remarks"', "navigation.Payer.partner", "the name of a property",
    ),
    "partner named like another partner": (
        'partner = "PaysFor"', 'partner = "Payer"', "navigation.Payer.partner",
        "already the name of the navigation property of Customers.toml, navigation.Payer",
    ),
    "bad partner name": (
        'partner = "PaysFor"', 'partner = "Pays For"', "navigation.Payer.partner", "is not a name",
    ),
    "navigation without label": (
        'partner_label = "Pays For"\n', "", "navigation.Payer.partner_label", "is required",
    ),
    "property without column": ('Remarks = "TX40"', "", "sql.columns.Remarks", "is missing"),
    "column without property": (
        'Remarks = "TX40"', 'Remarks = "TX40"\nRemark = "TX60"', "sql.columns.Remark", "is not a property",
        "did you mean 'Remarks'?",
    ),
    "columns that are no table": (
        'table = "OCUSMA"\n[sql.columns]', "columns = 1\n[sap.columns]", "sql.columns", "is not a table",
    ),
    "another name than the file": (
        'entity_set = "Customers"', 'entity_set = "Clients"', "entity_set",
        "'Clients' is not the name of the", "say 'Customers'",
    ),
    "type named like a set": (
        'entity_type = "Customer"', 'entity_type = "customers"', "entity_type",
        "already the name of the set in",
    ),
    "type named like the container": (
        'entity_type = "Customer"', 'entity_type = "Container"', "entity_type", "the entity container",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CUSTOMER_FAULTS)
def test_a_fault_is_named_with_file_key_and_hint(case: str) -> None:
    old, new, key, message, *hint = CUSTOMER_FAULTS[case]
    assert CUSTOMERS.count(old) >= 1
    found = [f for f in faults(Customers=CUSTOMERS.replace(old, new, 1)) if f.file == "Customers.toml"]
    match = [f for f in found if f.key == key and message in f.message]
    assert match, found
    assert all(text in str(match[0].hint) for text in hint)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type = "Boolean"', 'type = "Boolen"'),
        ("max_length = 10", 'max_length = "10"'),
        ('key = "CustomerNumber"', ""),
        ('label = "Customer Number"\n', ""),
        ("[properties.Remarks]", "[properties.ExternalID]"),
    ],
)
def test_one_mistake_is_not_reported_again_where_it_is_referred_to(old: str, new: str) -> None:
    found = faults(Customers=CUSTOMERS.replace(old, new, 1))
    assert len([f for f in found if not f.key.startswith("sql.")]) == 1


def test_a_syntax_error_is_one_fault_with_its_line() -> None:
    (fault,) = faults(Customers="key = 'a'\nlabel = \n" + CUSTOMERS)
    assert (fault.file, fault.key) == ("Customers.toml", "line 2")
    assert "is not TOML" in fault.message


def test_a_file_that_just_ends_is_a_fault_on_its_last_line() -> None:
    (fault,) = faults(Customers="key = '''a\n")
    assert fault.key == "line 2"


def test_two_partners_of_one_name_collide_at_the_declaring_file() -> None:
    (fault,) = faults(Invoices=INVOICES.replace('partner = "Invoices"', 'partner = "PaysFor"'))
    assert (fault.file, fault.key) == ("Invoices.toml", "navigation.Customer.partner")


def test_two_sets_of_one_name_collide() -> None:
    found = faults(Zustomers=CUSTOMERS.replace("PaysFor", "PaysForToo"))
    assert {(f.file, f.key) for f in found} == {
        ("Zustomers.toml", "entity_set"), ("Zustomers.toml", "entity_type"),
    }  # fmt: skip


def test_all_faults_of_all_files_come_at_once() -> None:
    found = faults(
        Customers=CUSTOMERS.replace("order = 10", "ordr = 10").replace("scale = 2", "scale = 20"),
        Invoices=INVOICES.replace('"Date"', '"Day"').replace('"Customers"', '"Clients"'),
        Stock="=",
    )
    assert [(f.file, f.key) for f in found] == [
        ("Customers.toml", "ordr"),
        ("Customers.toml", "properties.CreditLimit.scale"),
        ("Invoices.toml", "properties.DueDate.type"),
        ("Invoices.toml", "navigation.Customer.target"),
        ("Stock.toml", "line 1"),
    ]


def test_the_error_text_is_one_line_per_fault() -> None:
    with pytest.raises(CatalogError) as caught:
        load_texts({"Customers.toml": CUSTOMERS.replace("order = 10", "ordr = 10")})
    assert str(caught.value) == "Customers.toml: ordr: is not a key of this table (did you mean 'order'?)"
