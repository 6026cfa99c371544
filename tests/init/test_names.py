"""Names taken apart, and how well they fit what properties are called."""

import pytest

from erp_adapters.proposal.columns import CURRENCIES
from erp_adapters.proposal.dictionaries import DICTIONARIES, halves, read_columns
from erp_adapters.proposal.match import compiled, context_of, fit
from erp_adapters.proposal.names import CONCEPTS, VOCABULARY, common_prefix, pascal, title, words
from erp_adapters.proposal.patterns import COMMON, CONTEXT, ELSEWHERE, HIDDEN, PATTERNS, SIGNATURE, TABLES
from erp_adapters.proposal.standard import standard


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invoice_date", "invoice date"),
        ("InvoiceDate", "invoice date"),
        ("INVOICEDATE", "invoice date"),
        ("CUSTNO", "customer number"),
        ("Rechnungsdatum", "invoice date"),
        ("RechnungsPositionen", "invoice line"),
        ("Fälligkeitsdatum", "due date"),
        ("lignes_facture", "line invoice"),
        ("fecha_vencimiento", "date due"),
        ("righe_fattura", "line invoice"),
        ("factuurregels", "invoice line"),
        ("ship_to_city", "shipto city"),
        ("VAT %", "tax percent"),
        ("Amount Including VAT", "amount gross tax"),
        ("zzyzx", "?"),
        ("partner_zzyzx", "partner ?"),
    ],
)
def test_a_name_is_words_with_concepts(name: str, expected: str) -> None:
    assert " ".join(word.concepts[0] if word.known else "?" for word in words(name)) == expected


@pytest.mark.parametrize(
    ("entity_set", "name", "better", "worse"),
    [
        ("Invoices", "due_date", "DueDate", "InvoiceDate"),
        ("Invoices", "total_ttc", "GrossAmount", "NetAmount"),
        ("Invoices", "total_ht", "NetAmount", "GrossAmount"),
        ("Invoices", "Amount Including VAT", "GrossAmount", "TaxAmount"),
        ("Invoices", "saldo_pendiente", "OpenAmount", "GrossAmount"),
        ("Invoices", "bill_to_customer_no", "PayerNumber", "CustomerPONumber"),
        ("InvoiceLines", "Einzelpreis", "UnitPrice", "NetAmount"),
        ("InvoiceLines", "Gesamtpreis", "NetAmount", "UnitPrice"),
        ("Inventory", "qty_on_hand", "OnHand", "Reserved"),
        ("Inventory", "qty_allocated", "Reserved", "OnHand"),
        ("Customers", "Firma", "CustomerName", "CustomerNumber"),
        ("Items", "list_price", "ListPrice", "ItemName"),
    ],
)
def test_a_name_fits_the_right_property_better(entity_set: str, name: str, better: str, worse: str) -> None:
    def score(prop: str) -> float:
        pattern = PATTERNS[entity_set].get(prop, COMMON.get(prop, ""))
        return fit(words(name), pattern, context_of(entity_set))

    assert score(better) >= 0.55
    assert score(better) > score(worse)


def test_the_tables_of_words_hold_together() -> None:
    """Every concept that a pattern names has words, every pattern is for a property that there is."""
    assert set(PATTERNS) | set(TABLES) | set(SIGNATURE) <= set(standard())
    for entity_set, patterns in PATTERNS.items():
        assert set(patterns) - {"CustomerKey"} <= set(standard()[entity_set].properties), entity_set
    for pattern in (*TABLES.values(), *COMMON.values(), *(p for own in PATTERNS.values() for p in own.values())):
        assert compiled(pattern) is not None
    assert ELSEWHERE | set(HIDDEN) | {c for text in CONTEXT.values() for c in text.split()} <= CONCEPTS
    for entity_set, weights in SIGNATURE.items():
        assert set(weights) <= set(standard()[entity_set].properties), entity_set
    assert all(len(code) == 3 for code in CURRENCIES)
    assert all(word == word.lower() for word in VOCABULARY)


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["llx_facture", "llx_societe", "llx_product"], "llx_"),
        (["tabItem", "tabCustomer", "tabSales Invoice"], "tab"),
        (["invoices", "customers", "items"], ""),
        (["INV_NO", "INV_DATE", "INV_TOTAL"], "INV_"),
    ],
)
def test_prefixes_that_say_nothing(names: list[str], prefix: str) -> None:
    assert common_prefix(names) == prefix


@pytest.mark.parametrize(
    ("name", "label", "clean"),
    [
        ("due_date", "Due Date", "DueDate"),
        ("DUE_DATE", "Due Date", "DueDate"),
        ("dueDate", "Due Date", "DueDate"),
        ("Geändert am", "Geändert Am", "GeaendertAm"),
        ("VAT %", "VAT", "VAT"),
        ("2nd_name", "2nd Name", "X2ndName"),
        ("%", "", "Column"),
    ],
)
def test_names_for_people_and_for_salesforce(name: str, label: str, clean: str) -> None:
    assert title(name) == label
    assert pascal(label) == clean


def test_a_dictionary_counts_only_for_a_table_of_its_own() -> None:
    product, items = read_columns(("RPDOC", "RPDCT", "RPKCO", "RPAN8", "RPDDJ", "RPXYZ9"))
    assert product == "JD Edwards"
    assert items["RPDDJ"].label == "Due Date"
    assert items["RPDDJ"].date == "cyyddd"
    assert read_columns(("id", "name", "document_no", "total")) == ("", {})
    assert read_columns(("RPDOC", "SDAN8", "ABALPH")) == ("", {})  # of three tables
    assert halves("IVDT") == "invoice date"
    assert halves("XXYY") == ""
    labels = [known.label for dictionary in DICTIONARIES for known in dictionary.items.values()]
    assert all(label == label.strip() and len(label) <= 40 for label in labels)
