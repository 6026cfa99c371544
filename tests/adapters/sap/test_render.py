"""Conditions as V2 filter text, and how well SAP is said to answer them: alone, against descriptions."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest

from edm.capabilities import Match
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf
from erp_adapters.sap import schema
from erp_adapters.sap.render import Column, Writer, compared
from erp_adapters.sap.zeros import Seen, Zeros
from tests.adapters.sap.gateway import ORDERS, metadata

EXACT, INEXACT, NO = Match.EXACT, Match.INEXACT, Match.NO


def writer(*features: str, seen: Seen | None = None, described: str = ORDERS, of: str = "Orders") -> Writer:
    service = schema.read(described.encode(), "Z_SRV")
    zeros = Zeros()

    def find(name: str) -> Column | None:
        found = service.path(service.sets[of].shape, name)
        if found is None or found[0].type is None:
            return None
        return Column(name, found[0], seen or zeros.of("", name), bool(found[1]))

    return Writer(find, frozenset(features))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Compare("Text", "eq", "O'Brien"), "Text eq 'O''Brien'"),
        (Compare("Text", "ne", "a"), "(Text ne 'a' or Text eq null)"),
        (Compare("Number", "ne", "A"), "Number ne 'A'"),
        (Compare("Text", "lt", "m"), "(Text lt 'm' and Text ne '')"),
        (Compare("Text", "ge", "m"), "Text ge 'm'"),
        (Compare("Text", "eq", None), "(Text eq '' or Text eq null)"),
        (Compare("Text", "ne", None), "(Text ne '' and Text ne null)"),
        (Compare("Number", "eq", None), "Number eq ''"),
        (Compare("Day", "eq", None), "Day eq null"),
        (Compare("Day", "gt", date(2026, 1, 31)), "Day gt datetime'2026-01-31T00:00:00'"),
        (
            Compare("Changed", "le", datetime(2026, 1, 31, 8, tzinfo=UTC)),
            "Changed le datetimeoffset'2026-01-31T08:00:00Z'",
        ),
        (Compare("Clock", "eq", time(9, 5)), "Clock eq time'PT9H5M0S'"),
        (Compare("Amount", "eq", Decimal("-10.5")), "Amount eq -10.500M"),
        (Compare("Amount", "gt", 3), "Amount gt 3.000M"),
        (Compare("Items", "le", 7), "Items le 7"),
        (Compare("Big", "eq", 2**40), f"Big eq {2**40}L"),
        (Compare("Rate", "lt", Decimal("1.5")), "Rate lt 1.5d"),
        (Compare("Open", "eq", True), "Open eq true"),
        (Compare("Open", "ne", True), "(Open ne true or Open eq null)"),
        (
            Compare("Uuid", "eq", UUID("12345678-1234-5678-1234-567812345678")),
            "Uuid eq guid'12345678-1234-5678-1234-567812345678'",
        ),
        (OneOf("Text", ("a", "b")), "(Text eq 'a' or Text eq 'b')"),
        (OneOf("Text", ("a", None)), "(Text eq 'a' or (Text eq '' or Text eq null))"),
        (OneOf("Text", ("a", "b"), True), "((Text ne 'a' and Text ne 'b') or Text eq null)"),
        (OneOf("Text", ("a", None), True), "(Text ne 'a' and (Text ne '' and Text ne null))"),
        (Like("Text", "contains", "x'y"), "substringof('x''y',Text)"),
        (Like("Text", "startswith", "x"), "startswith(Text,'x')"),
        (Like("Text", "endswith", "x"), "endswith(Text,'x')"),
        (Like("Text", "contains", "x", negated=True), "(not (substringof('x',Text)) or Text eq null)"),
        (Like("Text", "startswith", "AB", folded=True), "startswith(tolower(Text),'ab')"),
        (
            Like("Text", "contains", "k", folded=True),
            "(substringof('k',tolower(Text)) or substringof('\u212a',Text))",
        ),
        (
            All((Either((Compare("Items", "eq", 1), Compare("Items", "eq", 2))), Compare("Open", "eq", False))),
            "((Items eq 1 or Items eq 2) and Open eq false)",
        ),
    ],
)
def test_text(condition: Condition, text: str) -> None:
    """As V2 and ABAP have it, with parentheses of its own."""
    assert writer().write(condition) == text


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Compare("Text", "eq", "x" * 21), False),
        (Compare("Text", "ne", "x" * 21), True),
        (Compare("Text", "gt", "x" * 21), f"Text gt '{'x' * 20}'"),
        (Compare("Text", "lt", "x" * 21), f"(Text le '{'x' * 20}' and Text ne '')"),
        (Like("Text", "contains", "x" * 21), False),
        (Compare("Amount", "eq", Decimal("1.0005")), False),
        (Compare("Amount", "ne", Decimal("1.0005")), True),
        (Compare("Amount", "lt", Decimal("1.0005")), "Amount le 1.000M"),
        (Compare("Amount", "ge", Decimal("-1.0005")), "Amount gt -1.001M"),
        (Compare("Amount", "lt", Decimal(10) ** 12), "Amount ne null"),
        (Compare("Amount", "gt", Decimal(10) ** 12), False),
        (Compare("Items", "eq", 2**31), False),
        (Compare("Items", "gt", -(2**31) - 1), "Items ne null"),
        (
            Compare("Changed", "gt", datetime(2026, 1, 1, 0, 0, 0, 5, UTC)),
            "Changed gt datetimeoffset'2026-01-01T00:00:00Z'",
        ),
        (
            Compare("Changed", "ge", datetime(2026, 1, 1, 0, 0, 0, 5, UTC)),
            "Changed gt datetimeoffset'2026-01-01T00:00:00Z'",
        ),
        (Compare("Clock", "lt", time(23, 59, 59, 1)), "Clock le time'PT23H59M59S'"),
        (OneOf("Text", ("x" * 21, "y" * 30)), False),
        (OneOf("Text", ("x" * 21,), True), True),
        (All(()), True),
        (Either(()), False),
        (All((Either(()), Compare("Items", "eq", 1))), False),
        (Either((All(()), Compare("Items", "eq", 1))), True),
    ],
)
def test_values_that_a_field_cannot_have(condition: Condition, said: str | bool) -> None:
    """SAP refuses or cuts such literals; the answer is known without."""
    assert writer().write(condition) == said


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        (Compare("Text", "eq", "a"), EXACT),
        (Compare("Text", "eq", "a "), NO),  # ABAP knows no blanks at the end
        (Compare("Number", "eq", "abc"), INEXACT),  # written in capitals, whatever is asked for
        (Compare("Number", "ne", "abc"), NO),
        (Compare("Secret", "eq", "a"), NO),
        (Compare("Odd", "eq", "a"), NO),
        (Compare("Nowhere", "eq", "a"), NO),
        (Compare("Amount", "eq", "1"), NO),
        (Compare("Day", "eq", datetime(2026, 1, 1, tzinfo=UTC)), NO),
        (Compare("Items", "eq", True), NO),
        (Compare("Open", "lt", True), NO),
        (Like("Text", "contains", "a"), EXACT),
        (Like("Text", "contains", "a*"), INEXACT),
        (Like("Text", "contains", "a#"), NO),
        (Like("Text", "contains", "a", negated=True), NO),
        (Like("Text", "contains", "a", folded=True), NO),
        (Like("Items", "contains", "a"), NO),
        (Compare("to_Party/Name", "eq", "a"), NO),
        (Behind("to_Party", None), NO),
        (All((Compare("Text", "eq", "a"), Compare("Secret", "eq", "a"))), NO),
        (Either((Compare("Text", "eq", "a"), Compare("Number", "eq", "abc"))), INEXACT),
    ],
)
def test_grades(condition: Condition, match: Match) -> None:
    assert writer().grade(condition) is match


def test_features() -> None:
    """What some systems know beyond the usual is said by the settings."""
    asked = writer("not", "tolower", "paths")
    assert asked.grade(Like("Text", "contains", "a", negated=True)) is EXACT
    assert asked.grade(Like("Text", "contains", "a", folded=True)) is INEXACT
    assert asked.grade(Like("Text", "contains", "ä", folded=True)) is NO
    assert asked.grade(Compare("to_Party/Name", "eq", "a")) is EXACT
    assert asked.write(Compare("to_Party/Name", "eq", "a")) == "to_Party/Name eq 'a'"


def test_restrictions() -> None:
    """`sap:filter-restriction` and its relatives decide."""
    described = metadata(
        """<EntityType Name="T"><Key><PropertyRef Name="K"/></Key>
        <Property Name="K" Type="Edm.String" Nullable="false" MaxLength="4"/>
        <Property Name="One" Type="Edm.String" MaxLength="4" sap:filter-restriction="single-value"/>
        <Property Name="Some" Type="Edm.String" MaxLength="4" sap:filter-restriction="multi-value"/>
        <Property Name="Span" Type="Edm.Int32" sap:filter-restriction="interval"/>
        <Property Name="None" Type="Edm.Int32" sap:filter-restriction="of-the-future"/></EntityType>""",
        '<EntitySet Name="S" EntityType="Z_SRV.T"/>',
    )
    asked = writer(described=described, of="S")
    grades = {
        "One": [EXACT, NO, NO],
        "Some": [EXACT, EXACT, NO],
    }
    for name, expected in grades.items():
        asks = (Compare(name, "eq", "a"), OneOf(name, ("a", "b")), Compare(name, "ne", "a"))
        assert [asked.grade(one) for one in asks] == expected
        assert asked.grade(Like(name, "contains", "a")) is NO
        assert asked.grade(Compare(name, "eq", None)) is NO  # two comparisons
    assert [asked.grade(Compare("Span", operator, 1)) for operator in ("eq", "ge", "le", "lt")] == [
        EXACT,
        EXACT,
        EXACT,
        NO,
    ]
    assert asked.grade(Compare("None", "eq", 1)) is NO
    shape = schema.read(described.encode(), "Z_SRV").sets["S"].shape
    assert compared(shape.fields["None"]) == frozenset()


def seen(*values: str) -> Seen:
    found = Seen()
    for value in values:
        found.add(value, 10)
    return found


@pytest.mark.parametrize(
    ("values", "condition", "match"),
    [
        # Nothing is known yet: a number may be found by any number of zeros.
        ((), Compare("Number", "eq", "4711"), INEXACT),
        ((), Compare("Number", "ne", "4711"), NO),
        ((), Compare("Number", "eq", "1234567890"), EXACT),
        ((), Compare("Number", "gt", "4711"), NO),
        ((), Like("Number", "startswith", "47"), NO),
        # Zeros are cut.
        (("4711", "4712"), Compare("Number", "eq", "4711"), EXACT),
        (("4711", "4712"), Compare("Number", "ne", "4711"), EXACT),
        (("4711", "4712"), Compare("Number", "eq", "0000004711"), INEXACT),
        (("4711", "4712"), Compare("Number", "gt", "4711"), EXACT),
        (("4711", "10000"), Compare("Number", "gt", "4711"), NO),
        (("4711", "10000"), Compare("Number", "gt", "0000004711"), EXACT),
        (("4711",), Like("Number", "startswith", "47"), NO),
        (("4711",), Like("Number", "contains", "71"), EXACT),
        (("4711",), Like("Number", "contains", "04"), INEXACT),
        # Zeros are kept.
        (("0000004711",), Compare("Number", "eq", "0000004711"), EXACT),
        (("0000004711",), Compare("Number", "eq", "4711"), INEXACT),
        (("0000004711",), Compare("Number", "ne", "4711"), NO),
        (("0000004711",), Like("Number", "startswith", "00"), EXACT),
        # Both were seen: nothing is certain.
        (("0000004711", "4712"), Compare("Number", "eq", "4712"), INEXACT),
        # There is no conversion.
        (("01234",), Compare("Number", "ne", "4711"), EXACT),
        (("01234",), Like("Number", "startswith", "0"), EXACT),
        # All ways to write a number.
        ((), OneOf("Number", tuple("4711".zfill(width) for width in range(4, 11))), EXACT),
        ((), OneOf("Number", ("4711", "04711")), INEXACT),
    ],
)
def test_leading_zeros(values: tuple[str, ...], condition: Condition, match: Match) -> None:
    """What the values of a field have shown decides about conditions with digits."""
    assert writer(seen=seen(*values)).grade(condition) is match
