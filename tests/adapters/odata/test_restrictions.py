"""What a service says of itself in its metadata, and what is asked of it then."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest

from edm.capabilities import Match
from edm.primitives import (
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    GUID,
    INT32,
    STRING,
    TIME_OF_DAY,
)
from erp_adapters.base import BadAnswer, Session
from erp_adapters.odata import connect
from erp_adapters.odata.filters import Writer
from erp_adapters.odata.options import PROFILES, faults
from erp_adapters.odata.source import ODataSource
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, EntityFacts, FieldFacts, Like, OneOf
from erp_adapters.transport import Answer, OptionFault, Remote, Transport
from tests.engine.small import METADATA

DOCUMENT = """<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:Reference Uri="https://elsewhere.example/caps.xml">
    <edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Capabilities"/>
  </edmx:Reference>
  <edmx:DataServices>
    <Schema Namespace="NAV" Alias="Self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EnumType Name="status"><Member Name="Open"/><Member Name="Paid"/></EnumType>
      <TypeDefinition Name="code" UnderlyingType="Edm.String" MaxLength="20"/>
      <ComplexType Name="address"><Property Name="city" Type="Edm.String"/></ComplexType>
      <EntityType Name="base" Abstract="true">
        <Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.Guid" Nullable="false"/>
      </EntityType>
      <EntityType Name="invoice" BaseType="Self.base">
        <Property Name="number" Type="Self.code" Nullable="false"/>
        <Property Name="status" Type="NAV.status"/>
        <Property Name="amount" Type="Edm.Decimal" Scale="variable"/>
        <Property Name="days" Type="Edm.Int32"/>
        <Property Name="date" Type="Edm.Date"/>
        <Property Name="at" Type="Edm.DateTimeOffset"/>
        <Property Name="seconds" Type="Edm.DateTimeOffset" Precision="0"/>
        <Property Name="clock" Type="Edm.TimeOfDay"/>
        <Property Name="rate" Type="Edm.Double"/>
        <Property Name="paid" Type="Edm.Boolean"/>
        <Property Name="photo" Type="Edm.Stream"/>
        <Property Name="tags" Type="Collection(Edm.String)"/>
        <Property Name="ship" Type="Self.address"/>
        <NavigationProperty Name="customer" Type="Self.customer"/>
        <NavigationProperty Name="lines" Type="Collection(Self.line)" ContainsTarget="true"/>
      </EntityType>
      <EntityType Name="customer" BaseType="NAV.base">
        <Property Name="name" Type="Edm.String" MaxLength="100"/>
        <Property Name="balance" Type="Edm.Decimal"/>
        <NavigationProperty Name="invoices" Type="Collection(NAV.invoice)"/>
      </EntityType>
      <EntityType Name="line" BaseType="NAV.base"><Property Name="quantity" Type="Edm.Decimal"/></EntityType>
      <EntityType Name="company" BaseType="NAV.base">
        <NavigationProperty Name="invoices" Type="Collection(NAV.invoice)" ContainsTarget="true"/>
      </EntityType>
      <EntityContainer Name="default">
        <EntitySet Name="invoices" EntityType="NAV.invoice">
          <NavigationPropertyBinding Path="customer" Target="customers"/>
        </EntitySet>
        <EntitySet Name="customers" EntityType="NAV.customer">
          <NavigationPropertyBinding Path="invoices" Target="invoices"/>
        </EntitySet>
        <EntitySet Name="companies" EntityType="NAV.company">
          <NavigationPropertyBinding Path="invoices" Target="invoices"/>
        </EntitySet>
        <Singleton Name="me" Type="NAV.company"/>
      </EntityContainer>
      <!--ANNOTATIONS-->
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>"""


def annotated(*terms: str, target: str = "NAV.default/invoices") -> str:
    inside = "".join(terms)
    return f'<Annotations Target="{target}">{inside}</Annotations>'


def term(name: str, content: str = "", value: str = "") -> str:
    return f'<Annotation Term="Capabilities.{name}" {value}>{content}</Annotation>'


def record(**members: str) -> str:
    return "<Record>" + "".join(f'<PropertyValue Property="{k}" {v}' for k, v in members.items()) + "</Record>"


def flag(value: str) -> str:
    return f'Bool="{value}"/>'


def paths(*names: str) -> str:
    inside = "".join(f"<PropertyPath>{name}</PropertyPath>" for name in names)
    return f"><Collection>{inside}</Collection></PropertyValue>"


class Told:
    """A transport that has the metadata and nothing else."""

    def __init__(self, document: bytes) -> None:
        self.document = document

    def send(self, method: str, url: str, session: Session, **kwargs: Any) -> Answer:
        assert (method, url) == ("GET", "$metadata")
        return Answer(200, {}, self.document, "http://erp.example/$metadata")


def of(document: str, options: Mapping[str, Any] | None = None, sections: Any = None) -> ODataSource:
    return ODataSource(cast("Transport", Told(document.encode())), options or {}, sections or {})


def source(*annotations: str, options: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]) -> ODataSource:
    return of(DOCUMENT.replace("<!--ANNOTATIONS-->", "".join(annotations)), options, sections)


def text(found: ODataSource, condition: Condition, entity: str = "invoices") -> str | None:
    """The ``$filter``, which has to be there just if the condition is graded."""
    service = found._service()
    place = service.place(entity)
    assert place is not None
    said = Writer(service, place).say(condition)
    assert found.grade(entity, condition) is (Match.NO if said is None else said.match)
    return None if said is None else said.text


def entity(found: ODataSource, name: str = "invoices") -> EntityFacts:
    facts = found.entity(name)
    assert facts is not None
    return facts


def field(found: ODataSource, name: str, of_entity: str = "invoices") -> FieldFacts:
    facts = found.field(of_entity, name)
    assert facts is not None
    return facts


#: An annotation about reading, so that the service counts as one that says what it can.
SAID = annotated(term("TopSupported", value='Bool="true"'))
FIVE = Compare("amount", "eq", Decimal(5))
DAY = datetime(2026, 1, 1, tzinfo=UTC)


# --- facts ------------------------------------------------------------------------------------------------------------


def test_types_come_from_the_metadata() -> None:
    found = source()
    kinds = {
        "id": GUID, "number": STRING, "status": STRING, "amount": DECIMAL, "days": INT32, "date": DATE,
        "at": DATE_TIME_OFFSET, "clock": TIME_OF_DAY, "rate": DOUBLE, "paid": BOOLEAN, "ship/city": STRING,
        "customer/name": STRING, "customer/balance": DECIMAL,
    }  # fmt: skip
    assert {name: field(found, name).type for name in kinds} == kinds
    assert (field(found, "number").max_length, field(found, "number").nullable) == (20, False)
    assert field(found, "customer/id").nullable  # there may be no customer
    for name in ("photo", "tags", "ship", "customer", "lines", "lines/quantity", "nothing", "customer/nothing", "a/b"):
        assert found.field("invoices", name) is None, name


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("invoices", True),
        ("companies(0f8fad5b-d9cb-469f-a165-70867728950e)/invoices", True),
        ("companies('a/b(1)''')/invoices", True),
        ("me/invoices", True),
        ("invoices(1)/lines", True),
        ("companies/invoices", False),
        ("invoices(1)", False),
        ("invoices(1)/customer", False),
        ("me", False),
        ("nothing", False),
        ("", False),
        ("invoices?$top=1", False),
        ("../invoices", False),
    ],
)
def test_an_entity_is_a_path_to_records(path: str, there: bool) -> None:
    assert (source().entity(path) is not None) is there


def test_a_service_that_says_nothing_is_trusted_with_little() -> None:
    found = source()
    facts = entity(found)
    assert (facts.top, facts.skip, facts.count) == (True, False, True)
    assert text(found, FIVE) == "amount eq 5"
    assert text(found, Like("number", "contains", "x")) == "contains(number,'x')"
    assert text(found, Like("number", "contains", "x", folded=True)) is None
    assert text(found, Behind("lines", None)) is None
    assert text(found, Compare("customer/name", "eq", "x")) is None
    assert text(found, OneOf("number", ("a", "b"))) == "number eq 'a' or number eq 'b'"
    # Nobody says whether the case of letters matters, and where records without a value are sorted.
    assert text(found, Compare("number", "ne", "x")) is None
    assert text(found, OneOf("number", ("a", "b"), negated=True)) is None
    assert text(found, Like("number", "contains", "x", negated=True)) is None
    assert text(found, Compare("customer/name", "ne", None)) is None
    assert text(found, Compare("ship/city", "ne", None)) == "ship/city ne null"
    assert text(found, Compare("days", "ne", 1)) == "days ne 1 or days eq null"
    assert text(found, Compare("status", "ne", "Open")) == "status ne NAV.status'Open' or status eq null"
    assert field(found, "number").sortable
    assert not field(found, "amount").sortable


def test_what_is_said_of_case_and_nulls_is_believed() -> None:
    found = source(options={"case": "sensitive", "nulls": "first", "lambda": True})
    assert text(found, Compare("number", "ne", "x")) == "number ne 'x'"
    assert field(found, "amount").sortable
    assert not field(source(SAID, options={"nulls": "last"}), "amount").sortable
    behind = Behind("customer/invoices", Compare("number", "eq", "a"))
    assert found.grade("invoices", behind) is Match.NO  # across a single navigation, which nobody allows
    related = Behind("invoices", Compare("number", "eq", "a"))
    assert found.grade("customers", related) is Match.EXACT
    assert source(options={"lambda": True}).grade("customers", related) is Match.INEXACT


def test_a_service_that_says_what_it_can_is_taken_at_its_word() -> None:
    found = source(SAID)
    assert entity(found).skip
    assert text(found, Like("number", "contains", "X", folded=True)) == "contains(tolower(number),'x')"
    assert text(found, Behind("lines", Compare("quantity", "gt", Decimal(2)))) == "lines/any(x0:x0/quantity gt 2)"
    assert text(found, Compare("customer/name", "eq", "x")) == "customer/name eq 'x'"


def _functions(*names: str) -> str:
    return term(
        "FilterFunctions", "<Collection>" + "".join(f"<String>{name}</String>" for name in names) + "</Collection>"
    )


def _unfilterable(*names: str) -> str:
    return term("FilterRestrictions", record(NonFilterableProperties=paths(*names)))


@pytest.mark.parametrize(
    ("annotation", "condition", "expected"),
    [
        (term("FilterRestrictions", record(Filterable=flag("false"))), FIVE, None),
        (_unfilterable("amount", "lines"), FIVE, None),
        (_unfilterable("amount", "lines"), Behind("lines", None), None),
        (_unfilterable("customer"), Compare("customer/name", "eq", "x"), None),
        (_unfilterable("ship"), Compare("ship/city", "eq", "x"), None),
        (_unfilterable("days"), FIVE, "amount eq 5"),
        (_functions("contains"), Like("number", "endswith", "x"), None),
        (_functions("contains"), Behind("lines", None), None),
        (_functions("in"), OneOf("number", ("a", "b", None)), "number in ('a','b') or number eq null"),
    ],
)
def test_restrictions_are_kept(annotation: str, condition: Condition, expected: str | None) -> None:
    assert text(source(annotated(annotation)), condition) == expected


@pytest.mark.parametrize(
    ("expression", "compared", "liked"),
    [
        ("SingleValue", {"eq"}, set()),
        ("MultiValue", {"eq", "in"}, set()),
        ("SingleRange", {"eq", "lt", "le", "gt", "ge"}, set()),
        ("MultiRange", {"eq", "in", "lt", "le", "gt", "ge"}, set()),
        ("SearchExpression", set(), {"contains", "startswith", "endswith"}),
        ("MultiRangeOrSearchExpression", {"eq", "in", "lt", "le", "gt", "ge"}, {"contains", "startswith", "endswith"}),
        ("SomethingNew", set(), set()),
    ],
)
def test_expression_restrictions(expression: str, compared: set[str], liked: set[str]) -> None:
    rows = record(Property='PropertyPath="number"/>', AllowedExpressions=f'String="{expression}"/>')
    restriction = record(FilterExpressionRestrictions=f"><Collection>{rows}</Collection></PropertyValue>")
    facts = field(source(annotated(term("FilterRestrictions", restriction))), "number")
    assert facts.compared == compared
    assert facts.liked - {"equals"} == liked


def test_required_properties() -> None:
    found = source(annotated(term("FilterRestrictions", record(RequiredProperties=paths("number", "date")))))
    assert entity(found).required == (("number",), ("date",))
    found = source(annotated(term("FilterRestrictions", record(RequiresFilter=flag("true")))))
    assert "amount" in entity(found).required[0]
    assert "photo" not in entity(found).required[0]


def test_sorting_slicing_and_counting() -> None:
    sorts = record(NonSortableProperties=paths("amount"), AscendingOnlyProperties=paths("days"))
    found = source(
        annotated(
            term("SortRestrictions", sorts),
            term("TopSupported", value='Bool="false"'),
            term("SkipSupported", value='Bool="false"'),
            term("CountRestrictions", record(Countable=flag("false"))),
        )
    )
    facts = entity(found)
    assert (facts.top, facts.skip, facts.count) == (False, False, False)
    names = ("number", "amount", "days", "date", "status", "id", "at")
    assert [name for name in names if field(found, name).sortable] == ["number", "date", "at"]
    assert not field(source(annotated(term("SortRestrictions", record(Sortable=flag("false"))))), "number").sortable


def test_what_is_said_of_the_way_outranks_the_set() -> None:
    way = record(
        NavigationProperty='NavigationPropertyPath="invoices"/>',
        FilterRestrictions=">" + record(NonFilterableProperties=paths("amount")) + "</PropertyValue>",
        SkipSupported=flag("false"),
    )
    rows = record(RestrictedProperties=f"><Collection>{way}</Collection></PropertyValue>")
    found = source(annotated(term("NavigationRestrictions", rows), target="NAV.default/companies"), SAID)
    assert text(found, FIVE) is not None
    assert text(found, FIVE, "companies(1)/invoices") is None
    assert (entity(found).skip, entity(found, "companies(1)/invoices").skip) == (True, False)


def test_what_cannot_be_expanded_is_no_field() -> None:
    found = source(annotated(term("ExpandRestrictions", record(NonExpandableProperties=paths("customer")))))
    assert found.field("invoices", "customer/name") is None
    assert found.field("invoices", "ship/city") is not None


def test_annotations_for_others_and_of_the_wrong_form_say_nothing() -> None:
    tablets = term("FilterRestrictions", record(Filterable=flag("false")), 'Qualifier="Tablet"')
    assert text(source(annotated(tablets)), FIVE) is not None
    odd = (term("FilterRestrictions", value='String="no"'), term("FilterFunctions", value='String="x"'))
    assert text(source(annotated(*odd)), FIVE) is not None


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare("number", "eq", "O'Neil"), "number eq 'O''Neil'"),
        (Compare("number", "ne", "x"), "number ne 'x'"),
        (Compare("customer/name", "ne", "x"), "customer/name ne 'x' or customer/name eq null"),
        (Compare("amount", "lt", Decimal("-0.50")), "amount lt -0.50"),
        (Compare("days", "ge", 3), "days ge 3"),
        (Compare("days", "eq", 2**40), None),
        (Compare("days", "eq", Decimal("1.5")), None),
        (Compare("days", "eq", "3"), None),
        (Compare("date", "le", date(2026, 1, 31)), "date le 2026-01-31"),
        (Compare("date", "eq", None), "date eq null"),
        (Compare("paid", "eq", True), "paid eq true"),
        (Compare("paid", "lt", True), None),
        (Compare("status", "eq", "Open"), "status eq NAV.status'Open'"),
        (Compare("status", "gt", "Open"), None),
        (Like("status", "contains", "O"), None),
        (Compare("id", "eq", UUID(int=1)), "id eq 00000000-0000-0000-0000-000000000001"),
        (Compare("id", "gt", UUID(int=1)), None),
        (Compare("rate", "eq", Decimal("0.1")), "rate eq 0.1"),
        (Compare("rate", "eq", Decimal("0.10000000000000000001")), None),
        (Compare("clock", "eq", time(8)), None),  # it may have digits that are not read
        (Compare("seconds", "eq", DAY), "seconds eq 2026-01-01T00:00:00Z"),
        (Compare("at", "ge", DAY), "at ge 2026-01-01T00:00:00Z"),
        (Compare("at", "gt", DAY), "at ge 2026-01-01T00:00:00.000001Z"),
        (Compare("at", "eq", DAY), "at ge 2026-01-01T00:00:00Z and at lt 2026-01-01T00:00:00.000001Z"),
        (Compare("at", "ne", DAY), "(at lt 2026-01-01T00:00:00Z or at ge 2026-01-01T00:00:00.000001Z) or at eq null"),
        (OneOf("days", (1, 2), negated=True), "(days ne 1 and days ne 2) or days eq null"),
        (OneOf("days", (1, None), negated=True), "days ne 1 and days ne null"),
        (OneOf("days", (None,)), "days eq null"),
        (Like("number", "equals", "x"), "number eq 'x'"),
        (Like("number", "contains", ""), None),
        (Like("ship/city", "startswith", "K"), "startswith(ship/city,'K')"),
        (Like("ship/city", "startswith", "K", negated=True), "not startswith(ship/city,'K') or ship/city eq null"),
        (All((FIVE, Either((FIVE, Compare("days", "eq", 1))))), "amount eq 5 and (amount eq 5 or days eq 1)"),
        (Behind("lines", None, negated=True), "not lines/any()"),
        (
            Behind("customer/invoices", Behind("lines", Compare("quantity", "eq", None))),
            "customer/invoices/any(x0:x0/lines/any(x1:x1/quantity eq null))",
        ),
        (Behind("customer", None), None),
        (Behind("nothing", None), None),
        (Compare("nothing", "eq", 1), None),
        (Compare("number", "eq", "\ud800"), None),
        (Like("number", "contains", "a\udfff"), None),
    ],
)
def test_conditions_as_text(condition: Condition, expected: str | None) -> None:
    assert text(source(SAID), condition) == expected


# --- options and profiles ---------------------------------------------------------------------------------------------


def test_business_central() -> None:
    found = source(SAID, options={"profile": "business-central"})
    other = Compare("days", "eq", 1)
    assert found.empty_is_null
    assert text(found, Either((FIVE, other))) is None
    assert text(found, Either((FIVE, Compare("amount", "eq", None)))) == "amount eq 5 or amount eq null"
    assert text(found, Compare("days", "ne", 1)) == "days ne 1 or days eq null"
    assert text(found, OneOf("number", ("a", "b"))) == "number eq 'a' or number eq 'b'"
    assert text(found, Behind("lines", None)) is None
    assert text(found, Compare("customer/name", "eq", "x")) is None
    assert text(found, Compare("status", "eq", "Open")) == "status eq 'Open'"
    assert text(found, Like("number", "contains", "x", folded=True)) is None


def test_dynamics_compares_texts_whatever_the_case() -> None:
    found = source(SAID, options={"profile": "dynamics"})
    assert found.grade("invoices", Compare("number", "eq", "a")) is Match.INEXACT
    assert found.grade("invoices", Compare("number", "ne", "a")) is Match.NO
    assert found.grade("invoices", Compare("customer/name", "ne", None)) is Match.EXACT
    assert found.grade("invoices", Compare("number", "lt", "a")) is Match.NO
    assert found.grade("invoices", Like("number", "contains", "a", negated=True)) is Match.NO
    assert text(found, Like("number", "contains", "A", folded=True)) == "contains(number,'a')"
    assert found.grade("invoices", Behind("lines", Compare("quantity", "eq", Decimal(1)))) is Match.EXACT
    assert (entity(found).skip, entity(found).count) == (False, False)


def test_what_is_true_of_more_is_not_negated() -> None:
    found = source(SAID, options={"case": "insensitive"})
    behind = Behind("customer/invoices", Compare("number", "eq", "a"))
    assert found.grade("invoices", behind) is Match.INEXACT
    assert found.grade("invoices", replace(behind, negated=True)) is Match.NO


def test_options_of_an_entity() -> None:
    found = source(options={"unfilterable": ["days"]}, invoices={"unfilterable": ["amount"], "skip": True, "values": 7})
    assert text(found, FIVE) is None
    assert text(found, Compare("days", "eq", 1)) is None
    assert text(found, Compare("number", "eq", "x")) is not None
    assert (entity(found).skip, entity(found).values) == (True, 7)
    assert not entity(found, "customers").skip


def test_settings_outrank_the_profile() -> None:
    found = source(SAID, options={"profile": "business-central", "or": "any", "empty_is_null": False})
    assert text(found, Either((FIVE, Compare("days", "eq", 1)))) == "amount eq 5 or days eq 1"
    assert not found.empty_is_null


def test_without_or_a_list_is_one_value() -> None:
    found = source(SAID, options={"or": "never"})
    assert text(found, OneOf("number", ("a",))) == "number eq 'a'"
    assert text(found, OneOf("number", ("a", "b"))) is None
    assert text(found, Compare("days", "ne", 1)) is None
    assert text(found, Compare("number", "ne", "a")) == "number ne 'a'"


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"or": "sometimes"}, "or"),
        ({"lambda": "no"}, "lambda"),
        ({"values": 0}, "values"),
        ({"values": True}, "values"),
        ({"unfilterable": "a"}, "unfilterable"),
        ({"parameters": {"$filter": "x"}}, "parameters"),
        ({"parameters": {"$schemaversion": 2.1}}, "parameters"),
        ({"profile": "sap"}, "profile"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_faults_of_options(options: Any, key: str) -> None:
    assert [where for where, _ in faults(options, section=False)] == [key]
    with pytest.raises(OptionFault):
        connect(Remote("http://127.0.0.1:9/", options=options), METADATA, "odata")


def test_faults_of_a_section() -> None:
    section = {"entity": "invoices", "fields": {}, "or": 1, "skip": True}
    assert [key for key, _ in source().faults(section)] == ["or"]
    below = {"entity": "invoices", "joins": {"c": {"entity": "customers", "skip": "no"}}, "totals": {"t": {"in": 1}}}
    assert [key for key, _ in source().faults(below)] == ["joins.c.skip", "totals.t.in"]
    assert [key for key, _ in faults({"profile": "dynamics"}, section=True)] == ["profile"]


def test_profiles_are_sound_options() -> None:
    for options in PROFILES.values():
        assert not list(faults(options, section=False))


# --- documents from strangers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<html>",
        '<!DOCTYPE x [<!ENTITY a "b">]><edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"/>',
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"/>',
        "<x/>",
    ],
)
def test_what_is_no_metadata_is_an_error_of_the_erp(document: str) -> None:
    with pytest.raises(BadAnswer):
        of(document).entity("invoices")


def test_circles_end() -> None:
    circle = DOCUMENT.replace('BaseType="Self.base"', 'BaseType="NAV.invoice"')
    found = of(circle.replace('UnderlyingType="Edm.String"', 'UnderlyingType="NAV.code"'))
    assert found.field("invoices", "number") is None
    assert found.field("invoices", "days") is not None
