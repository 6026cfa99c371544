"""Real descriptions of services: their facts, and what follows from them.

They are data from outside the repository (``../shared/erp/sap``); without them the module is skipped.
"""

from pathlib import Path

import pytest

from edm import primitives
from erp_adapters.sap import schema
from erp_adapters.sap.render import compared, liked
from erp_adapters.sap.schema import Service
from tests.adapters.sap.gateway import metadata

DIRECTORY = Path(__file__).resolve().parents[4] / "shared" / "erp" / "sap"
if not DIRECTORY.exists():
    pytest.skip("real service descriptions (../shared/erp/sap) are not here", allow_module_level=True)

NAMES = (
    "API_BUSINESS_PARTNER",
    "API_EQUIPMENT",
    "API_OUTBOUND_DELIVERY_SRV_0002",
    "API_PRODUCT_SRV",
    "API_SALES_ORDER_SRV",
)


def described(name: str) -> Service:
    return schema.read((DIRECTORY / f"{name}.edmx").read_bytes(), name)


@pytest.mark.parametrize("name", NAMES)
def test_all_of_it_is_understood(name: str) -> None:
    """Every property has a type that can be read, every set its key."""
    service = described(name)
    assert service.sets
    for one in service.sets.values():
        assert one.shape.key
        assert set(one.shape.key) <= set(one.shape.fields)
        assert [field.edm for field in one.shape.fields.values() if field.type is None] == []


def test_nothing_can_be_filtered_in_this_release_of_deliveries() -> None:
    """Nor sorted: all of it is left to the engine."""
    service = described("API_OUTBOUND_DELIVERY_SRV_0002")
    for name in ("A_OutbDeliveryHeader", "A_OutbDeliveryItem"):
        fields = service.sets[name].shape.fields.values()
        assert not any(compared(field) or liked(field) for field in fields)
    assert not any(field.sortable for field in service.sets["A_OutbDeliveryHeader"].shape.fields.values())
    # The others are not to be asked for but by way of these.
    assert set(service.sets) == {"A_OutbDeliveryHeader", "A_OutbDeliveryItem"}


def test_sales_orders() -> None:
    shape = described("API_SALES_ORDER_SRV").sets["A_SalesOrder"].shape
    number = shape.fields["SalesOrder"]
    assert (number.max_length, number.nullable, number.upper, number.sortable) == (10, False, True, True)
    assert compared(number) == {"eq", "ne", "in", "lt", "le", "gt", "ge"}
    assert shape.fields["SalesOrderDate"].type is primitives.DATE
    assert shape.fields["LastChangeDateTime"].type is primitives.DATE_TIME_OFFSET
    assert (shape.fields["LastChangeDateTime"].precision, shape.fields["TotalNetAmount"].scale) == (7, 3)
    assert shape.links["to_Item"] == ("A_SalesOrderItemType", True)


def test_equipment_has_a_key_with_a_date() -> None:
    service = described("API_EQUIPMENT")
    shape = service.sets["Equipment"].shape
    assert shape.key == ("Equipment", "ValidityEndDate")
    assert shape.fields["ValidityEndDate"].type is primitives.DATE
    found = service.path(service.sets["EquipmentPartner"].shape, "to_Equipment/Material")
    assert found is not None
    assert found[1] == ("to_Equipment",)
    assert service.path(shape, "to_Warranty/WarrantyType") is None  # there may be many


def test_a_moment_is_told_from_a_day_by_its_precision() -> None:
    service = schema.read(
        metadata(
            """<EntityType Name="T"><Key><PropertyRef Name="K"/></Key><Property Name="K" Type="Edm.String"/>
            <Property Name="Day" Type="Edm.DateTime" Precision="0"/><Property Name="Bare" Type="Edm.DateTime"/>
            <Property Name="Shown" Type="Edm.DateTime" Precision="7" sap:display-format="Date"/>
            <Property Name="Moment" Type="Edm.DateTime" Precision="7"/>
            <Property Name="Place" Type="Z_SRV.Place" Nullable="false"/></EntityType>
            <ComplexType Name="Place"><Property Name="City" Type="Edm.String" MaxLength="40"/></ComplexType>""",
            '<EntitySet Name="S" EntityType="Z_SRV.T"/>',
        ).encode(),
        "Z_SRV",
    )
    shape = service.sets["S"].shape
    types = {name: field.type for name, field in shape.fields.items()}
    assert [types[name] for name in ("Day", "Bare", "Shown")] == [primitives.DATE] * 3
    assert types["Moment"] is primitives.DATE_TIME_OFFSET
    found = service.path(shape, "Place/City")
    assert found is not None
    assert (found[0].max_length, found[1]) == (40, ())
    assert service.path(shape, "Place") is None


def test_analytical_sets_are_not_there() -> None:
    """What is not selected is summed up: they have no records to speak of."""
    described = metadata(
        """<EntityType sap:label="Sum" Name="T" sap:semantics="aggregate"><Key><PropertyRef Name="ID"/></Key>
        <Property Name="ID" Type="Edm.String"/></EntityType>
        <EntityType Name="U"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.String"
        sap:semantics="aggregate"/></EntityType>""",
        '<EntitySet Name="Sums" EntityType="Z_SRV.T"/><EntitySet Name="Records" EntityType="Z_SRV.U"/>',
    )
    assert set(schema.read(described.encode(), "Z_SRV").sets) == {"Records"}
