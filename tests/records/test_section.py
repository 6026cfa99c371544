"""Sections of the catalog: what is wrong with them, each with its key and what to do."""

import pytest

from edm.declare import load_texts
from erp_adapters.records.section import parse
from odata_server import describe
from tests.engine.small import _property, _set
from tests.records.shop import METADATA

HEAD = (
    _property("Number", "String", max_length=20, nullable=False),
    _property("Kind", "String", max_length=20, allowed='["A", "B"]'),
    _property("Amount", "Decimal", precision=15, scale=2),
    _property("Paid", "Boolean"),
    _property("Due", "Date"),
    _property("At", "DateTimeOffset", precision=0),
)
SOUND = {
    "Number": '"NO"', "Kind": '{ field = "KIND", codes = { a = "A" } }', "Amount": '"AMOUNT"', "Paid": '"PAID"',
    "Due": '"DUE"', "At": '"AT"',
}  # fmt: skip


def faults(head: str = 'entity = "X"', tail: str = "", **lines: str) -> list[tuple[str, str]]:
    fields = "\n".join(f"{name} = {line}" for name, line in {**SOUND, **lines}.items() if line)
    text = _set("Things", "Thing", "Number", 1, *HEAD, f"[test]\n{head}\n[test.fields]\n{fields}\n{tail}")
    _, found = parse(load_texts({"Things.toml": text})["Things"], "test", {"flavour"})
    return list(found)


def test_a_sound_section() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("lines", "key", "message"),
    [
        ({"Due": ""}, "fields.Due", "is missing: every property needs its field"),
        ({"Nowhere": '"X"'}, "fields.Nowhere", "is not a property of this set"),
        ({"Amount": "5"}, "fields.Amount", "is not a field: 5"),
        ({"Kind": '{ field = "K", codes = { a = "C" } }'}, "fields.Kind", "publishes C, which the property does not allow"),
        ({"Kind": '{ field = "K", codes = {} }'}, "fields.Kind", 'codes is not a table such as { F2 = "Invoice" }'),
        ({"Amount": '{ field = "A", codes = { a = "A" } }'}, "fields.Amount", "is not for a property of type Decimal"),
        ({"Paid": '{ field = "P", true = ["X"], false = ["X"] }'}, "fields.Paid", "has a code that is both true and false"),
        ({"Paid": '{ field = "P", filled = false }'}, "fields.Paid", "filled is true, or is left out"),
        ({"Paid": '{ field = "P", true = [1.5] }'}, "fields.Paid", "true is not a list of codes: [1.5]"),
        ({"Due": '{ field = "D", date = "ddmmyy" }'}, "fields.Due", 'date is "yyyymmdd"; other forms are not known here'),
        ({"At": '{ field = "D", timezone = "Mars" }'}, "fields.At", "'Mars' is not a time zone"),
        ({"Number": '{ field = "N", alpha = 0 }'}, "fields.Number", "alpha is not a number from 1 to 255: 0"),
        ({"Number": '{ fields = ["A"] }'}, "fields.Number", "fields is not a list of two fields or more"),
        ({"Number": '{ fields = ["A", "B"], separator = "ab" }'}, "fields.Number", "separator is not one character that is no letter, digit or _: 'ab'"),
        ({"Number": '{ fields = ["A", "B"], widths = [1] }'}, "fields.Number", "widths are not as many numbers from 0 (any width) to 40 as there are fields"),
        ({"Amount": '{ sum = ["A"] }'}, "fields.Amount", 'sum is not a list of signed fields such as ["+OnHand", "-Reserved"]'),
        ({"Amount": '{ field = "A", sign = 2 }'}, "fields.Amount", 'sign is neither 1, -1 nor such as { by = "TYPE", negative = ["G2"] }: 2'),
        ({"Kind": '{ field = "A", sign = -1 }'}, "fields.Kind", "sign is not for a property of type String"),
        ({"Amount": '{ field = "A", parse = "date" }'}, "fields.Amount", 'parse is "number"'),
        ({"Amount": '{ field = "A", round = 2 }'}, "fields.Amount", "round is true, or is left out"),
        ({"Amount": '{ value = "much" }'}, "fields.Amount", "'much' is not a valid Edm.Decimal."),
        ({"Number": '{ value = "" }'}, "fields.Number", "has no value, but the property is not nullable"),
        ({"Kind": '{ first = [] }'}, "fields.Kind", 'first is not a list such as ["write_date", "create_date"]'),
        ({"Kind": '{ field = "A", none = [] }'}, "fields.Kind", "none is not a list of values that mean that there is none"),
        ({"Kind": '{ field = "A", when = {} }'}, "fields.Kind", 'when is not a table with one field such as { Category = "Trade" }'),
        ({"Kind": '{ field = "A", polymorphic = "a,b" }'}, "fields.Kind", "polymorphic is not the name of a model: 'a,b'"),
        ({"Kind": '{ field = "A", tirm = true }'}, "fields.Kind.tirm", "is not known here; known are field, none, ordered, sign, trim, when"),
    ],
)  # fmt: skip
def test_lines(lines: dict[str, str], key: str, message: str) -> None:
    assert (key, message) in faults(**lines)


@pytest.mark.parametrize(
    ("head", "tail", "key", "message"),
    [
        ("", "", "entity", "is missing"),
        ('entity = "X"\nplace = "Y"', "", "place", "is not known here"),
        ('entity = "X"\nwhere = 5', "", "where", "is not a table such as"),
        ('entity = "X"\nwhere = { A = 1.5 }', "", "where.A", "has something that is no text, number, Boolean or date"),
        ('entity = "X"\nwhere = { A = { since = 1 } }', "", "where.A", "is neither a value, a list"),
        ('entity = "X"\ngroup = "A"', "", "group", "is not a list of fields"),
        ('entity = "X"\ngroup = ["A"]', "", "fields.Number", "is of NO, which is neither one of group nor summed"),
        ('entity = "X"', '[test.joins.c]\nentity = "C"', "joins.c.on", "is not a table such as"),
        ('entity = "X"', '[test.joins]\nc = "C"', "joins.c", "is not a table"),
        ('entity = "X"', '[test.totals.t]\nentity = "C"\non = { A = "B" }', "totals.t", "needs one of sum, min, max, count"),
        ('entity = "X"', '[test.totals.t]\nentity = "C"\non = { A = "B" }\ncount = 1', "totals.t.count", "is true, or is left out"),
        ('entity = "X"', '[test.navigation]\nLines = "lines"', "navigation.Lines", "is not a navigation property of this set"),
    ],
)  # fmt: skip
def test_frames(head: str, tail: str, key: str, message: str) -> None:
    assert any(found == key and text.startswith(message) for found, text in faults(head, tail))


def test_the_pages_say_where_a_value_comes_from() -> None:
    invoices, lines, stock = (METADATA[name] for name in ("Invoices", "InvoiceLines", "Stock"))
    places = {
        f"{entity_set.name}/{prop.name}": [
            (source.place, source.reading) for source in describe.sources(entity_set, prop)
        ]
        for entity_set in (METADATA["Customers"], invoices, lines, stock)
        for prop in entity_set.type.properties
    }
    assert places["Invoices/InvoiceNumber"] == [("VBRK.VBELN", "")]
    assert places["Invoices/CustomerName"] == [("KNA1.NAME1", "")]
    assert places["Invoices/Total"] == [("VBRK.NETWR + VBRK.MWSBK", "")]
    assert places["Invoices/Currency"] == [("", "always EUR")]
    assert places["InvoiceLines/LineId"] == [("VBRP.VBELN - VBRP.POSNR", "fixed widths 0, 4")]
    assert places["Customers/CustomerNumber"] == [("KNA1.KUNNR", "leading zeros up to 10 removed")]
    assert places["Customers/ChangedAt"] == [("KNA1.AEDAT or KNA1.ERSTAMP", "")]
    assert places["Customers/OpenAmount"] == [("sum of VBRK.NETWR", "")]
    assert places["Stock/OnHand"] == [("MARD.LABST", "")]
    assert describe.tables(invoices) == ("VBRK", "KNA1", "ADRC")
