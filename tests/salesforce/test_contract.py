"""Contracts read from metadata of every kind, compared by the command; and our own, kept in a snapshot."""

import json
import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edm.contract import Contract, PublishedNavigation, PublishedProperty, from_text, to_text
from edm.contract_diff import changes, effect
from edm.csdl import to_xml
from edm.csdl_json import to_json
from edm.versions import is_enough, next_version
from odata_server.cli import main
from salesforce import csdl, csdl_json
from salesforce.contract import contract, field_change, resyncs
from salesforce.csdl import CsdlError
from tests.salesforce.strange import STRANGE
from tests.serving import demo_metadata

CATALOG = files("erp_adapters") / "catalog"
SNAPSHOT = "erp_adapters/catalog/contract.json"
OWN = contract(csdl.read(to_xml(demo_metadata(), odata_version="4.0")))


# Our own contract


def test_the_built_in_catalog_keeps_its_contract() -> None:
    """The model of the built-in catalog against its snapshot: what changed needs a version that says so."""
    kept = from_text((CATALOG / "contract.json").read_text("utf-8"))
    found = changes(kept, OWN)
    least = next_version(kept.version, effect(found))
    told = "".join(f"\n  {each.rule.id} {each.where} {each.old} -> {each.new}" for each in found)
    assert is_enough(OWN.version, least), f"erp_adapters/catalog/VERSION has to be {least}, because of{told}"
    refresh = f"the version says so; now: erp-odata contract snapshot erp_adapters/catalog -o {SNAPSHOT}"
    assert not found, f"{refresh}, because of{told}"
    assert OWN.version == kept.version, refresh


def test_the_snapshot_is_what_the_command_writes() -> None:
    assert run("snapshot", str(CATALOG)).stdout == (CATALOG / "contract.json").read_text("utf-8")


# Reading


@pytest.mark.parametrize("version", ["4.0", "4.01"])
def test_xml_and_json_state_the_same_contract(version: str) -> None:
    assert contract(csdl.read(to_xml(demo_metadata(), odata_version=version))) == OWN  # type: ignore[arg-type]
    assert contract(csdl_json.read(to_json(demo_metadata()))) == OWN


def test_nothing_of_the_model_is_lost() -> None:
    assert OWN.version == demo_metadata().version != ""
    assert {found.name for found in OWN.sets} == {found.name for found in demo_metadata().sets}
    for published in demo_metadata().sets:
        found = OWN.entity_set(published.name)
        assert found is not None
        assert (found.key, found.owner) == ((published.type.key,), published.system_of_record)
        assert (found.label, found.description) == (published.label_plural, published.description)
        for item in published.type.properties:
            made = found.property(item.name)
            assert made is not None
            assert made == PublishedProperty(
                item.name, item.type.qualified, item.nullable, item.max_length, item.precision, item.scale,
                writable=item.writable, sortable=item.sortable, allowed=tuple(sorted(item.allowed)),
                minimum=None if item.minimum is None else str(item.minimum),
                maximum=None if item.maximum is None else str(item.maximum), pattern=item.pattern,
                unit=item.currency or item.unit or item.fixed_unit, label=item.label, description=item.description,
            )  # fmt: skip


STRANGE_JSON = {
    "$Version": "4.01",
    "$EntityContainer": "Contoso.Sales.Container",
    "$Reference": {"https://example.com/Core.json": {"$Include": [{"$Namespace": "Org.OData.Core.V1", "$Alias": "Core"}]}},
    "Contoso.Model": {
        "$Alias": "M",
        "Party": {
            "$Kind": "EntityType",
            "$Abstract": True,
            "$Key": ["Number", {"Town": "Address/City"}],
            "Number": {"$Type": "M.PartyNumber", "@Core.Description": "Number of the party", "@Core.Description#x": "No."},
            "Number@Core.Note": "an annotation of the member",
        },
        "Customer": {
            "$Kind": "EntityType",
            "$BaseType": "M.Party",
            "Grade": {"$Type": "M.Grade", "$Nullable": True},
            "Address": {"$Type": "Contoso.Model.Address", "$Nullable": True},
            "Phones": {"$Collection": True},
            "Notes": {"$MaxLength": "max", "$Nullable": True},
            "Credit": {"$Type": "Edm.Decimal", "$Precision": 18},
            "Limit": {"$Type": "M.Money", "$Scale": 4},
            "Orders": {"$Kind": "NavigationProperty", "$Collection": True, "$Type": "Contoso.Sales.Order", "$Partner": "Buyer"},
        },
        "Address": {"$Kind": "ComplexType", "City": {"$MaxLength": 30}},
        "Grade": {"$Kind": "EnumType", "$UnderlyingType": "Edm.Byte", "A": 0, "B": 1, "A@Core.Description": "best"},
        "PartyNumber": {"$Kind": "TypeDefinition", "$UnderlyingType": "Edm.String", "$MaxLength": 12},
        "Money": {"$Kind": "TypeDefinition", "$UnderlyingType": "Edm.Decimal", "$Precision": 15, "$Scale": 2},
        "Basis": {"$Kind": "EntityContainer", "Parties": {"$Collection": True, "$Type": "M.Customer"}},
    },
    "Contoso.Sales": {
        "$Alias": "S",
        "@Core.SchemaVersion": "3.1.0",
        "Order": {
            "$Kind": "EntityType",
            "$Key": ["Number"],
            "Number": {"$MaxLength": 12},
            "BuyerNumber": {"$MaxLength": 12, "$Nullable": True},
            "Buyer": {
                "$Kind": "NavigationProperty",
                "$Type": "M.Customer",
                "$Partner": "Orders",
                "$ReferentialConstraint": {"BuyerNumber": "Number", "BuyerNumber@Core.Description": "no constraint"},
            },
        },
        "Best": [
            {
                "$Kind": "Function",
                "$IsBound": True,
                "$Parameter": [{"$Name": "of", "$Type": "S.Order", "$Collection": True}],
                "$ReturnType": {"$Type": "S.Order"},
            }
        ],
        "Close": [{"$Kind": "Action", "$Parameter": [{"$Name": "day", "$Type": "Edm.Date"}]}],
        "Container": {
            "$Kind": "EntityContainer",
            "$Extends": "M.Basis",
            "Orders": {
                "$Collection": True,
                "$Type": "S.Order",
                "$NavigationPropertyBinding": {"Buyer": "Contoso.Sales.Container/Parties"},
                "@Org.OData.Capabilities.V1.FilterRestrictions": {"NonFilterableProperties": ["BuyerNumber"]},
                "@Org.OData.Capabilities.V1.ChangeTracking": {"Supported": True},
            },
            "Me": {"$Type": "M.Customer"},
            "Close": {"$Action": "S.Close"},
        },
        "$Annotations": {"S.Order/BuyerNumber": {"@Core.LongDescription": "Who buys"}},
    },
}  # fmt: skip


def test_json_of_strangers() -> None:
    metadata = csdl_json.read(json.dumps(STRANGE_JSON).encode())
    assert metadata.references == ("https://example.com/Core.json",)
    assert metadata.key("Contoso.Model.Customer") == ("Number", "Address/City")
    assert [(each.name, each.function, each.bound) for each in metadata.operations] == [
        ("Contoso.Sales.Best", True, True),
        ("Contoso.Sales.Close", False, False),
    ]
    found = contract(metadata)
    assert (found.namespace, found.version, found.other) == ("Contoso.Sales", "3.1.0", ("Close", "Me"))
    parties, orders = found.entity_set("Parties"), found.entity_set("Orders")
    assert parties is not None
    assert orders is not None
    assert [to_line(each) for each in parties.properties] == [
        ("Address/City", "Edm.String", False, 30),
        ("Credit", "Edm.Decimal", False, None),
        ("Grade", "Contoso.Model.Grade", True, None),
        ("Limit", "Edm.Decimal", False, None),
        ("Notes", "Edm.String", True, csdl.MAX),
        ("Number", "Edm.String", False, 12),
        ("Phones", "Collection(Edm.String)", False, None),
    ]
    sizes = {each.name: (each.precision, each.scale, each.variable_scale) for each in parties.properties}
    assert (sizes["Credit"], sizes["Limit"]) == ((18, None, True), (15, 4, False))
    assert [each.allowed for each in parties.properties if each.name == "Grade"] == [("A", "B")]
    assert [each.label for each in parties.properties if each.name == "Number"] == ["Number of the party"]
    buyer = orders.property("BuyerNumber")
    assert buyer is not None
    assert (buyer.filterable, buyer.description, orders.key) == (False, "Who buys", ("Number",))
    assert "change tracking" in orders.can
    assert "change tracking" not in parties.can
    assert orders.navigation == (PublishedNavigation("Buyer", "Parties", False, False, (("BuyerNumber", "Number"),)),)


def to_line(item: PublishedProperty) -> tuple[str, str, bool, int | None]:
    return item.name, item.type, item.nullable, item.max_length


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is no CSDL JSON"),
        ('{"$Version": "3.0"}', "is no CSDL JSON"),
        ('{"$Version": "4.0", "N": 1}', "is no CSDL JSON"),
        ('{"$Version": "4.0", "$EntityContainer": "N.C", "N": {}}', "is no CSDL JSON"),
        ('{"$Version": "4.0", "N": {"F": [{"$Kind": "Function", "$Parameter": [{}]}]}}', "is no CSDL JSON"),
    ],
)
def test_what_is_no_csdl_json(document: str, message: str) -> None:
    with pytest.raises(CsdlError, match=message):
        csdl_json.read(document.encode())


def test_a_model_without_a_container() -> None:
    assert contract(csdl_json.read(b'{"$Version": "4.01"}')) == Contract("")


def test_a_strange_model_has_a_snapshot() -> None:
    found = contract(csdl.read(STRANGE))
    assert from_text(to_text(found)) == found


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["contract", *arguments], prog_name="erp-odata")


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A copy of the built-in catalog, to be changed, beside one that stays; both are version 1.0.0."""
    for name in ("old", "catalog"):
        shutil.copytree(str(CATALOG), tmp_path / name)
        (tmp_path / name / "VERSION").write_text("1.0.0\n")
    return tmp_path / "catalog"


def edit(catalog: Path, file: str, old: str, new: str) -> None:
    text = (catalog / file).read_text("utf-8")
    assert old in text
    (catalog / file).write_text(text.replace(old, new, 1), "utf-8")


def longer(catalog: Path) -> None:
    """A breaking change: customer names of 100 characters."""
    text = (catalog / "Customers.toml").read_text("utf-8")
    changed = re.sub(r"(?s)(\[properties\.CustomerName\].*?max_length = )80", r"\g<1>300", text, count=1)
    assert changed != text
    (catalog / "Customers.toml").write_text(changed.replace("[properties.CustomerName]", "[properties.CustomerName]\nprose = true", 1))  # fmt: skip


@pytest.mark.parametrize("form", ["catalog", "xml", "json", "snapshot"])
def test_every_form_of_a_model_is_compared(form: str, tmp_path: Path) -> None:
    texts = {
        "xml": to_xml(demo_metadata(), odata_version="4.01"),
        "json": to_json(demo_metadata()),
        "snapshot": to_text(OWN).encode(),
    }
    source = str(CATALOG)
    if form in texts:
        (tmp_path / "model").write_bytes(b"\xef\xbb\xbf" + texts[form] if form == "xml" else texts[form])
        source = str(tmp_path / "model")
    result = run("diff", source, "--catalog", str(CATALOG), "--fail-on", "any")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"The models are the same ({OWN.version}).\n"


def test_a_breaking_change(catalog: Path) -> None:
    longer(catalog)
    result = run("diff", str(catalog.parent / "old"), str(catalog))
    assert result.exit_code == 1
    assert "breaking becomes-long-text\n" in result.stdout
    assert "    Customers/CustomerName: 80 -> 300 (Text(80) -> LongTextArea(300))\n" in result.stdout
    assert "Customers__x; then look after its lookups: ParentCustomerNumber__c" in result.stdout
    assert "The version is 1.0.0; after 1.0.0 it has to be 2.0.0." in result.stderr


def test_a_version_that_says_so(catalog: Path) -> None:
    longer(catalog)
    assert run("diff", str(catalog.parent / "old"), str(catalog), "--fail-on", "version").exit_code == 1
    (catalog / "VERSION").write_text("2.0.0\n")
    result = run("diff", str(catalog.parent / "old"), str(catalog), "--fail-on", "version")
    assert result.exit_code == 0
    assert "rose from 1.0.0 to 2.0.0, which is enough" in result.stderr
    assert run("diff", str(catalog.parent / "old"), str(catalog)).exit_code == 1
    assert run("diff", str(catalog.parent / "old"), str(catalog), "--fail-on", "never").exit_code == 0


def test_a_compatible_change(catalog: Path) -> None:
    edit(catalog, "Assets.toml", 'label = "Asset Name"', 'label = "Name of the asset"')
    assert run("diff", str(catalog.parent / "old"), str(catalog)).exit_code == 0
    assert run("diff", str(catalog.parent / "old"), str(catalog), "--fail-on", "any").exit_code == 1
    content = json.loads(run("diff", str(catalog.parent / "old"), str(catalog), "--json").stdout)
    assert (content["next_version"], content["version_is_enough"], content["breaking"]) == ("1.0.1", False, False)
    (change,) = content["changes"]
    assert change["rule"] == "label-changed"
    assert (change["where"], change["old"], change["new"]) == ("Assets/AssetName", "Asset Name", "Name of the asset")
    assert (change["breaking"], change["effect"], change["field"], content["resync"]) == (False, "patch", "", [])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("diff",), 2, "Missing argument 'OLD'"),
        (("diff", "nothing.json"), 2, "No such file"),
        (("diff", "{}"), 2, "its \"format\" is not"),
        (("diff", "<x/>"), 2, "not with edmx:Edmx"),
        (("diff", '{"$Version": "4.01", "N": 1}'), 2, "is no CSDL JSON"),
        (("diff", "\xff"), 2, "line 1"),
        (("diff", "http://127.0.0.1:1/"), 2, "Connection refused"),
        (("snapshot", "empty"), 2, "has no *.toml file"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(
    arguments: tuple[str, ...], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    command, *rest = arguments
    if rest and rest[0][0] in "{<\xff":
        Path("document").write_text(rest[0], "latin-1")
        rest = ["document"]
    result = run(command, *rest)
    assert result.exit_code == code
    assert message in result.stderr


def test_a_snapshot_in_a_file(tmp_path: Path) -> None:
    target = tmp_path / "contract.json"
    assert run("snapshot", str(CATALOG), "-o", str(target)).exit_code == 0
    assert from_text(target.read_text("utf-8")) == OWN


def test_a_version_that_is_none(catalog: Path) -> None:
    (catalog / "VERSION").write_text("spring\n")
    result = run("snapshot", str(catalog))
    assert result.exit_code == 2
    assert "VERSION: 'spring' is no version (three numbers, such as 1.2.0)" in result.stderr


# In Salesforce


def test_what_sync_makes_of_changes(catalog: Path) -> None:
    edit(catalog, "Invoices.toml", "[properties.PayerNumber]", "[properties.Colour]\ntype = 'Boolean'\nlabel = 'Colour'\ndescription = 'Colour.'\n[properties.PayerNumber]")  # fmt: skip
    edit(catalog, "Invoices.toml", "[sql.columns]", "[sql.columns]\nColour = 'CUNO'")
    new = from_text(run("snapshot", str(catalog)).stdout)
    (change,) = changes(OWN, new)
    assert change.rule.id == "property-added"
    assert field_change(change) == "no field -> Checkbox"
    (again,) = resyncs([change], new)
    assert again.object == "Invoices__x"
    assert {"CustomerNumber__c", "PayerNumber__c"} < set(again.lookups)
    assert len(again.lookups) == len(set(again.lookups))
