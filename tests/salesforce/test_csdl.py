"""Metadata of strangers, read: every construct of CSDL that a client meets, and what is refused."""

import pytest

from edm.csdl import to_xml
from salesforce.csdl import EDMX, MAX, CsdlError, Property, TypeRef, read
from tests.salesforce.strange import STRANGE
from tests.serving import demo_metadata

CORE = "Org.OData.Core.V1"
FOUND = read(STRANGE)


def document(schemas: str, *, before: str = "", version: str = "4.0") -> bytes:
    edm = 'xmlns="http://docs.oasis-open.org/odata/ns/edm"'
    body = schemas.replace("<Schema", f"<Schema {edm}")
    return f'{before}<x:Edmx Version="{version}" xmlns:x="{EDMX}"><x:DataServices>{body}</x:DataServices></x:Edmx>'.encode()


def test_types_have_qualified_names_without_aliases() -> None:
    assert FOUND.version == "4.01"
    assert [url.rpartition("/")[2] for url in FOUND.references] == ["Org.OData.Core.V1.xml"]
    assert set(FOUND.types) == {
        *(f"Contoso.Model.{name}" for name in ("Party", "Customer", "Address")),
        *(f"Contoso.Sales.{name}" for name in ("Order", "Line", "Delivery", "View")),
    }
    customer = FOUND.types["Contoso.Model.Customer"]
    assert (customer.base, customer.open, customer.stream) == ("Contoso.Model.Party", True, True)
    assert FOUND.types["Contoso.Model.Party"].abstract
    assert not FOUND.types["Contoso.Model.Address"].entity
    grade = FOUND.enums["Contoso.Model.Grade"]
    assert (grade.underlying, grade.flags, grade.members) == ("Edm.Byte", True, ("A", "B"))


def test_what_is_inherited() -> None:
    names = [item.name for item in FOUND.properties("Contoso.Model.Customer")]
    assert names[:2] == ["Number", "Full-Name"]
    assert FOUND.key("Contoso.Model.Customer") == ("Number",)
    assert FOUND.key("Contoso.Sales.Line") == ("OrderNumber", "LineNumber")
    assert FOUND.key("Contoso.Sales.View") == ()
    assert FOUND.properties("Contoso.Sales.Ghost") == ()


def test_facets() -> None:
    by_name = {item.name: item for item in FOUND.properties("Contoso.Model.Customer")}
    assert by_name["Notes"].max_length == MAX
    assert (by_name["Credit"].scale, by_name["Credit"].variable_scale) == (None, True)
    assert by_name["Phones"].type == TypeRef("Edm.String", collection=True)
    assert by_name["Phones"].type.primitive is None
    assert not by_name["Number"].nullable
    assert by_name["Notes"].nullable


def test_type_definitions_are_what_they_stand_for() -> None:
    by_name = {item.name: FOUND.resolved(item) for item in FOUND.properties("Contoso.Model.Customer")}
    assert (by_name["Number"].type.primitive, by_name["Number"].max_length) == ("String", 12)
    assert (by_name["Limit"].type.primitive, by_name["Limit"].precision, by_name["Limit"].scale) == ("Decimal", 15, 4)
    circle = FOUND.resolved(Property("P", TypeRef("Contoso.Model.Circle")))
    assert circle.type.primitive is None


def test_navigation() -> None:
    buyer, payer, unconstrained = FOUND.navigation("Contoso.Sales.Order")
    assert (buyer.type.name, buyer.partner, buyer.nullable) == ("Contoso.Model.Customer", "Orders", False)
    assert buyer.constraints == (("BuyerNumber", "Number"),)
    assert payer.nullable
    assert unconstrained.constraints == ()
    orders, cards = FOUND.navigation("Contoso.Model.Customer")
    assert orders.type.collection
    assert cards.contains_target


def test_the_container_with_what_it_extends() -> None:
    container = FOUND.container
    assert container is not None
    assert container.name == "Contoso.Sales.Container"
    assert list(FOUND.sets) == ["Orders", "Lines", "Deliveries", "ORDERS", "Views", "Ghosts", "Parties"]
    assert FOUND.sets["Orders"].bindings == {"Buyer": "Parties"}
    assert not FOUND.sets["Lines"].in_service_document
    assert container.singletons == {"Me": "Contoso.Model.Customer"}
    assert container.imports == {"Close": "Contoso.Sales.Close"}


def test_operations() -> None:
    best, close = FOUND.operations
    assert (best.name, best.function, best.bound) == ("Contoso.Sales.Best", True, True)
    assert best.parameters == (("of", TypeRef("Contoso.Sales.Order", collection=True)),)
    assert best.returns == TypeRef("Contoso.Sales.Order")
    assert (close.function, close.bound, close.returns) == (False, False, None)


def test_annotations() -> None:
    number = FOUND.properties("Contoso.Model.Party")[0]
    assert number.annotations == {f"{CORE}.Description": "Number of the party", f"{CORE}.Immutable": True}
    buyer = FOUND.properties("Contoso.Sales.Order")[1]
    assert buyer.annotations == {f"{CORE}.Description": "Who buys"}
    assert FOUND.sets["Orders"].annotations == {
        f"{CORE}.Description": "All orders",
        "Org.OData.Capabilities.V1.SortRestrictions": {"Sortable": True, "NonSortableProperties": ["PayerNumber"]},
    }


def test_our_own_metadata_is_read_as_it_is() -> None:
    metadata = demo_metadata()
    found = read(to_xml(metadata, odata_version="4.01"))
    assert list(found.sets) == [own.name for own in metadata.sets]
    for own in metadata.sets:
        theirs = found.sets[own.name]
        assert found.key(theirs.type) == (own.type.key,)
        made = [(p.name, p.type.name, p.nullable, p.max_length, p.scale) for p in found.properties(theirs.type)]
        assert made == [(p.name, p.type.qualified, p.nullable, p.max_length, p.scale) for p in own.type.properties]
        assert [n.name for n in found.navigation(theirs.type)] == [n.name for n in own.type.navigation]
        assert theirs.bindings == {n.name: n.target for n in own.type.navigation}


def test_a_model_without_container() -> None:
    found = read(document('<Schema Namespace="A"/>'))
    assert found.container is None
    assert found.sets == {}


def test_circles_end() -> None:
    one, other = (f'<EntityType Name="{a}" BaseType="A.{b}"/>' for a, b in ("XY", "YX"))
    container = '<EntityContainer Name="C" Extends="A.C"/>'
    found = read(document(f'<Schema Namespace="A">{one}{other}{container}</Schema>'))
    assert found.key("A.X") == ()
    assert found.sets == {}


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        (b"{}", "line 1"),
        (b"<html/>", "starts with html"),
        (b'<e:Edmx xmlns:e="http://schemas.microsoft.com/ado/2007/06/edmx"/>', "OData 2.0 or 3.0"),
        (document('<Schema Namespace="A"/>', before=ENTITY), "document type declaration"),
        (document('<Schema Namespace="&e;"/>', before=ENTITY), "references external entity"),
        (document("<Schema/>"), "Schema has no Namespace"),
        (document('<Schema Namespace="A"><EntityType/></Schema>'), "EntityType has no Name"),
        (
            document('<Schema Namespace="A">\n<ComplexType Name="T"><Property Name="P" Type="Edm.String" MaxLength="x"/>'
                     "</ComplexType></Schema>"),
            "line 2: Property P: MaxLength 'x' is no number",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(CsdlError, match=message):
        read(text)


def test_entities_are_not_resolved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    secret = tmp_path / "secret"
    secret.write_text("canary")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    with pytest.raises(CsdlError) as refused:
        read(document('<Schema Namespace="A"><EntityType Name="&e;"/></Schema>', before=doctype))
    assert "canary" not in str(refused.value)
