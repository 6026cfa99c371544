"""The exported project: XML of known elements, every reference resolves, nobody may write, and synced again it is the
same.
"""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from edm.csdl import to_xml
from odata_server.cli import main
from salesforce.csdl import read
from salesforce.export.access import ROLES, roles
from salesforce.export.pages import COLUMNS_OF
from salesforce.export.project import STEPS, project
from salesforce.export.source import NAMESPACE, ROOT, document
from salesforce.sync import ExternalObject, Lookup, Synced, sync
from tests.salesforce.bad_services import INT_KEY, metadata, parent, text, thing
from tests.salesforce.strange import STRANGE
from tests.serving import demo_metadata

URL = "https://erp.example.com/odata/v4"
OWN = sync(read(to_xml(demo_metadata(), odata_version="4.0")))
FOREIGN = sync(read(STRANGE))
VARIANTS = [
    (a, i) for a, i in product(("4.0", "4.01"), ("anonymous", "named", "per-user")) if (a, i) != ("4.01", "anonymous")
]

#: Elements by the type of the file: those of files that were retrieved from orgs, and of the Metadata API's documentation.
ELEMENTS: dict[str, set[str]] = {
    "CustomApplication": {
        "actionName", "actionOverrides", "content", "description", "formFactor", "formFactors", "label", "navType",
        "pageOrSobjectType", "skipRecordTypeSelect", "tabs", "type", "uiType",
    },
    "CustomField": {
        "caseSensitive", "defaultValue", "description", "externalDeveloperName", "externalId", "fullName",
        "isFilteringDisabled", "isNameField", "isSortingDisabled", "label", "length", "precision", "referenceTargetField",
        "referenceTo", "relationshipLabel", "relationshipName", "required", "scale", "type", "unique", "visibleLines",
    },
    "CustomObject": {
        "deploymentStatus", "description", "enableFeeds", "enableLicensing", "enableReports", "enableSearch",
        "externalDataSource", "externalName", "label", "pluralLabel",
    },
    "CustomTab": {"customObject", "motif"},
    "ExternalCredential": {
        "authenticationProtocol", "externalCredentialParameters", "label", "parameterGroup", "parameterName",
        "parameterType", "sequenceNumber",
    },
    "ExternalDataSource": {
        "customConfiguration", "customHttpHeaders", "description", "endpoint", "headerFieldName", "headerFieldValue",
        "isActive", "isWritable", "label", "namedCredential", "principalType", "protocol", "type",
        "username",
    },
    "FlexiPage": {
        "componentInstance", "componentInstanceProperties", "componentName", "flexiPageRegions", "identifier",
        "itemInstances", "masterLabel", "name", "sobjectType", "template", "type", "value",
    },
    "Layout": {
        "behavior", "customLabel", "detailHeading", "editHeading", "field", "fields", "label", "layoutColumns",
        "layoutItems", "layoutSections", "relatedList", "relatedLists", "showEmailCheckbox", "showHighlightsPanel",
        "showInteractionLogPanel", "showRunAssignmentRulesCheckbox", "showSubmitAndAttachButton", "style",
    },
    "ListView": {"columns", "filterScope", "fullName", "label"},
    "NamedCredential": {
        "allowMergeFieldsInBody", "allowMergeFieldsInHeader", "calloutStatus", "externalCredential",
        "generateAuthorizationHeader", "label", "namedCredentialParameters", "namedCredentialType", "parameterName",
        "parameterType", "parameterValue",
    },
    "Package": {"members", "name", "types", "version"},
    "PermissionSet": {
        "allowCreate", "allowDelete", "allowEdit", "allowRead", "application", "applicationVisibilities", "description", "editable", "enabled",
        "externalCredentialPrincipal", "externalCredentialPrincipalAccesses", "externalDataSource",
        "externalDataSourceAccesses", "field", "fieldPermissions", "hasActivationRequired", "label", "modifyAllRecords",
        "object", "objectPermissions", "readable", "tab", "tabSettings", "viewAllRecords", "visibility", "visible",
    },
}  # fmt: skip
#: What each type of field has, beside what all have.
FIELD_ELEMENTS: dict[str, set[str]] = {
    "Text": {"length", "required", "unique"},
    "Number": {"precision", "scale", "required", "unique"},
    "Checkbox": {"defaultValue"},
    "DateTime": {"required"},
    "LongTextArea": {"length", "visibleLines"},
    "ExternalLookup": {"length", "referenceTo", "relationshipLabel", "relationshipName", "required"},
    "IndirectLookup": {
        "length", "referenceTargetField", "referenceTo", "relationshipLabel", "relationshipName", "required",
    },
}  # fmt: skip
#: Of standard objects: fields on layouts, and related lists by the names that layouts have for them.
STANDARD_FIELDS = {
    "Account": {
        "BillingAddress", "Industry", "Name", "OwnerId", "ParentId", "Phone", "ShippingAddress", "Type", "Website",
    },
    "Product2": {"Description", "Family", "IsActive", "Name", "ProductCode"},
}  # fmt: skip
#: The external objects whose records standard objects stand for.
STANDARD_SETS = {"Account": "Customers__x", "Product2": "Items__x"}
STANDARD_LISTS = {
    "RelatedCaseList", "RelatedContactList", "RelatedOpportunityList", "RelatedPricebookEntryList",
    "RelatedStandardPriceList",
}  # fmt: skip
COMMON = {
    "description", "externalDeveloperName", "externalId", "fullName", "isFilteringDisabled", "isNameField",
    "isSortingDisabled", "label", "type",
}  # fmt: skip


class Files:
    """A project, read back."""

    def __init__(self, synced: Synced, **variant: Any) -> None:
        self.files = project(synced, URL, **variant)
        self.xml = {
            name: etree.fromstring(content.encode()) for name, content in self.files.items() if name.endswith(".xml")
        }

    def of(self, kind: str) -> dict[str, Any]:
        """Files of a type, by path."""
        return {name: root for name, root in self.xml.items() if _name(root) == kind}

    def fields(self) -> dict[str, dict[str, str]]:
        """Elements of all fields, by ``Object.Field``."""
        found = {}
        for name, root in self.of("CustomField").items():
            own = {_name(child): child.text or "" for child in root}
            found[f"{Path(name).parts[-3]}.{own['fullName']}"] = own
        return found


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)


def _texts(root: Any, name: str) -> list[str]:
    return [element.text for element in root.iter(f"{{{NAMESPACE}}}{name}")]


@pytest.fixture(params=VARIANTS, ids="-".join)
def own(request: pytest.FixtureRequest) -> Files:
    adapter, identity = request.param
    return Files(OWN, adapter=adapter, identity=identity, username="alice")


@pytest.fixture(params=["own", "foreign"])
def files(request: pytest.FixtureRequest) -> Files:
    return Files(OWN if request.param == "own" else FOREIGN)


def test_only_known_elements(own: Files) -> None:
    for name, root in own.xml.items():
        assert etree.QName(root).namespace == NAMESPACE, name
        elements = {_name(element) for element in root.iter() if element is not root}
        assert elements <= ELEMENTS[_name(root)], name


def test_each_type_of_field_has_its_elements(files: Files) -> None:
    for name, field in files.fields().items():
        if name.partition(".")[0].endswith("__x"):
            assert set(field) == COMMON | FIELD_ELEMENTS[field["type"]], name


def test_elements_are_sorted_as_in_retrieved_files(files: Files) -> None:
    for root in files.of("CustomField").values():
        names = [_name(child) for child in root]
        assert names == ["fullName", *sorted(names[1:])]


def test_names_and_labels_fit(files: Files) -> None:
    for root in files.xml.values():
        for name in ("label", "pluralLabel", "relationshipLabel"):
            assert all(0 < len(label) <= 40 for label in _texts(root, name))
        assert all(len(name) <= 40 for name in _texts(root, "relationshipName"))


# References


def test_every_reference_resolves(own: Files) -> None:
    fields = {*own.fields()}
    objects = {Path(name).parts[-2] for name in own.of("CustomObject")}
    standard = {"Account", "Product2"}
    for name, root in own.xml.items():
        owner = Path(name).parts[-3] if "objects" in Path(name).parts else ""
        assert {*_texts(root, "externalDataSource")} <= {"ERP"}
        assert {*_texts(root, "referenceTo")} <= objects | standard
        assert {*_texts(root, "referenceTargetField")} <= fields
        assert {*_texts(root, "relatedList")} <= fields | STANDARD_LISTS
        assert {f"{owner}.{column}" for column in _texts(root, "columns")} <= fields
        assert {*_texts(root, "object"), *_texts(root, "tab")} <= objects
        assert {*_texts(root, "tabs")} <= objects | {f"standard-{name}" for name in standard}
        assert {*_texts(root, "application")} <= {
            Path(name).name.partition(".")[0] for name in own.of("CustomApplication")
        }
        assert {*_texts(root, "pageOrSobjectType")} <= standard
        if _name(root) == "Layout":
            own_object = Path(name).name.partition("-")[0]
            known = fields | {f"{own_object}.{field}" for field in STANDARD_FIELDS.get(own_object, ())}
            assert {f"{own_object}.{field}" for field in _texts(root, "field")} <= known
            for related in root.iter(f"{{{NAMESPACE}}}relatedLists"):
                child, custom, _ = _texts(related, "relatedList")[0].partition(".")
                assert not custom or {f"{child}.{field}" for field in _texts(related, "fields")} <= fields
        if _name(root) == "PermissionSet":
            assert {*_texts(root, "field")} <= fields
    credentials = [name for name in own.files if "Credential" in name]
    assert all(
        f"/{each}." in "".join(credentials) for root in own.xml.values() for each in _texts(root, "namedCredential")
    )
    assert {Path(name).name.partition(".")[0] for name in own.of("CustomTab")} == objects


def test_relationships_have_one_name_per_parent(files: Files) -> None:
    names = Counter((f["referenceTo"], f["relationshipName"]) for f in files.fields().values() if "referenceTo" in f)
    assert [name for name, count in names.items() if count > 1] == []


def test_manifests_name_every_file_once(own: Files) -> None:
    everything = list(_members(own.xml["manifest/package.xml"]))
    assert len(everything) == len(set(everything)) == sum(name.startswith(ROOT) for name in own.files)
    steps = [name for name in own.files if name.startswith("manifest/") and name != "manifest/package.xml"]
    assert steps == sorted(steps)
    assert sorted(member for step in steps for member in _members(own.xml[step])) == sorted(everything)
    for step in steps:
        assert {kind for kind, _ in _members(own.xml[step])} <= set(STEPS[Path(step).stem])
        assert step in own.files["README.md"]


def _members(root: Any) -> Iterator[tuple[str, str]]:
    for kinds in root.iter(f"{{{NAMESPACE}}}types"):
        (kind,) = _texts(kinds, "name")
        yield from ((kind, member) for member in _texts(kinds, "members"))


# What it says


EACH = [
    pytest.param(synced, found, id=f"{name}-{found.name}")
    for name, synced in (("own", OWN), ("foreign", FOREIGN))
    for found in synced.objects
]


@pytest.mark.parametrize(("synced", "found"), EACH)
def test_synced_again_it_is_the_same(synced: Synced, found: ExternalObject) -> None:
    """The object read back from the project is the one that sync made, but for lookups to standard objects."""
    files = Files(synced)
    (root,) = [each for name, each in files.of("CustomObject").items() if Path(name).parts[-2] == found.name]
    own = {_name(child): child.text for child in root}
    assert (own["externalName"], own["externalDataSource"]) == (found.source, "ERP")
    assert (own["label"], own["pluralLabel"]) == (found.label[:40], found.plural_label[:40])
    made = {name.partition(".")[2]: each for name, each in files.fields().items() if name.startswith(f"{found.name}.")}
    assert list(made) == [field.name for field in found.fields]
    lookups = []
    for field in found.fields:
        read_back = made[field.name]
        assert read_back["externalDeveloperName"] == field.source
        assert read_back["label"] == field.label[:40]
        assert read_back["isNameField"] == str(field.is_name).lower()
        sizes = [int(read_back[size]) for size in ("length", "precision", "scale") if size in read_back]
        unsized = field.type.name == "Text" and field.type.length is None
        assert sizes == [
            *([36] if unsized else []),
            *(size for size in (field.type.length, field.type.precision, field.type.scale) if size is not None),
        ]
        if read_back["type"] in ("ExternalLookup", "IndirectLookup"):
            target = STANDARD_SETS.get(read_back["referenceTo"], read_back["referenceTo"])
            parent = f"{field.name.removesuffix('__c')}__r"
            lookups.append(Lookup(field.name, target, parent, f"{read_back['relationshipName']}__r"))
        else:
            assert read_back["type"] == field.type.name
    # A key that is a name field stays a text, even if it refers to something.
    names = {field.name for field in found.fields if field.is_name}
    assert sorted(lookups, key=str) == sorted((each for each in found.lookups if each.field not in names), key=str)


def test_customers_are_accounts_and_items_are_products() -> None:
    fields = Files(OWN).fields()
    own, payer = fields["Invoices__x.CustomerNumber__c"], fields["Invoices__x.PayerNumber__c"]
    assert (own["type"], own["referenceTargetField"]) == ("IndirectLookup", "Account.ERP_Customer_Number__c")
    assert (payer["type"], payer["referenceTo"]) == ("ExternalLookup", "Customers__x")
    assert fields["InvoiceLines__x.ItemNumber__c"]["referenceTo"] == "Product2"
    assert fields["InvoiceLines__x.InvoiceNumber__c"]["referenceTo"] == "Invoices__x"
    account = fields["Account.ERP_Customer_Number__c"]
    assert (account["unique"], account["externalId"], account["caseSensitive"]) == ("true", "true", "true")
    assert account["length"] == fields["Invoices__x.CustomerNumber__c"]["length"] == "8"


# Standard objects


def regions(page: Any) -> dict[str, tuple[str, list[Any]]]:
    """Regions of a Lightning page: type and components by name."""
    found = {}
    for region in page.iter(f"{{{NAMESPACE}}}flexiPageRegions"):
        own = {_name(child): child.text for child in region}
        found[own["name"]] = own["type"], list(region.iter(f"{{{NAMESPACE}}}componentInstance"))
    return found


def properties(component: Any) -> dict[str, str]:
    pairs = component.iter(f"{{{NAMESPACE}}}componentInstanceProperties")
    return {_texts(pair, "name")[0]: _texts(pair, "value")[0] for pair in pairs}


@pytest.mark.parametrize("name", ["Account", "Product2"])
def test_lightning_pages_are_whole(name: str) -> None:
    files = Files(OWN)
    page = files.xml[f"{ROOT}/flexipages/ERP_{name}.flexipage-meta.xml"]
    own = {_name(child): child.text for child in page}
    assert (own["sobjectType"], own["type"]) == (name, "RecordPage")
    assert own["masterLabel"]
    (template,) = page.iter(f"{{{NAMESPACE}}}template")
    assert _texts(template, "name") == ["flexipage:recordHomeTemplateDesktop"]
    found = regions(page)
    assert {each for each, (kind, _) in found.items() if kind == "Region"} == {"header", "main", "sidebar"}
    assert all(components for _, components in found.values()), "no region is empty"
    identifiers = _texts(page, "identifier")
    assert len(set(identifiers)) == len(identifiers) == sum(len(components) for _, components in found.values())
    facets = {each for each, (kind, _) in found.items() if kind == "Facet"}
    used = [v for _, cs in found.values() for c in cs for n, v in properties(c).items() if n in ("body", "tabs")]
    assert sorted(used) == sorted(facets), "each facet is shown once"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Account", ["SalesOrders__r", "Shipments__r", "Invoices__r", "Payments__r", "Assets__r"]),
        ("Product2", ["Inventory__r", "Prices__r"]),
    ],
)
def test_lightning_pages_list_what_refers_to_the_object(name: str, expected: list[str]) -> None:
    files = Files(OWN)
    page = files.xml[f"{ROOT}/flexipages/ERP_{name}.flexipage-meta.xml"]
    lists = [each for each in map(properties, regions(page)["erpTabContent"][1]) if "relatedListApiName" in each]
    assert [each["relatedListApiName"] for each in lists] == expected
    assert {each["parentFieldApiName"] for each in lists} == {f"{name}.Id"}
    related = {f"{f['relationshipName']}__r" for f in files.fields().values() if f.get("referenceTo") == name}
    assert set(expected) <= related


def test_columns_of_lists_are_fields_that_there_are() -> None:
    for name, columns in COLUMNS_OF.items():
        source = OWN.object(f"{name}__x")
        assert source is not None
        assert {f"{column}__c" for column in columns} <= {field.name for field in source.fields}
    layout = Files(OWN).xml[f"{ROOT}/layouts/Account-ERP Account Layout.layout-meta.xml"]
    lists = {
        _texts(each, "relatedList")[0]: _texts(each, "fields") for each in layout.iter(f"{{{NAMESPACE}}}relatedLists")
    }
    assert lists["Invoices__x.CustomerNumber__c"] == [f"{column}__c" for column in COLUMNS_OF["Invoices"]]
    assert "CustomerNumber__c" not in lists["InvoiceLines__x.CustomerNumber__c"]


@pytest.mark.parametrize("name", ["Account", "Product2"])
def test_layouts_of_standard_objects_are_additional_ones(name: str) -> None:
    files = Files(OWN)
    (path,) = [each for each in files.of("Layout") if Path(each).name.startswith(f"{name}-")]
    assert Path(path).name not in {
        f"{name}-{each} Layout.layout-meta.xml" for each in ("Account", "Product", "Product2")
    }
    assert "/ERP " in path.replace(f"{name}-", "/")
    fields = {field for field, made in files.fields().items() if made.get("referenceTo") == name}
    assert fields == {each for each in _texts(files.xml[path], "relatedList") if each not in STANDARD_LISTS}
    required = [
        _texts(item, "field")[0]
        for item in files.xml[path].iter(f"{{{NAMESPACE}}}layoutItems")
        if _texts(item, "behavior") == ["Required"]
    ]
    assert required == ["Name"]
    assert [name for name in files.of("CustomObject") if f"/{name}/" in name] == [], "the object itself is not deployed"


def test_the_pages_hold_within_the_application_alone() -> None:
    files = Files(OWN)
    (application,) = files.of("CustomApplication").values()
    overrides = {
        _texts(each, "pageOrSobjectType")[0]: _texts(each, "content")[0]
        for each in application.iter(f"{{{NAMESPACE}}}actionOverrides")
    }
    pages = {Path(each).name.partition(".")[0] for each in files.of("FlexiPage")}
    assert overrides == {"Account": "ERP_Account", "Product2": "ERP_Product2"}
    assert set(overrides.values()) == pages
    assert not any("actionOverrides" in content for name, content in files.files.items() if "/objects/" in name)


def test_layouts_end_as_retrieved_ones_do(files: Files) -> None:
    for name, root in files.of("Layout").items():
        names = [_name(child) for child in root]
        order = ["layoutSections", "relatedLists", *(each for each in names if each.startswith("show"))]
        assert names == sorted(names, key=order.index), name
        sections = list(root.iter(f"{{{NAMESPACE}}}layoutSections"))
        assert [_texts(each, "style")[0] for each in sections] == ["TwoColumnsLeftToRight", "CustomLinks"]
        assert len(names) - len(set(names)) >= 1


def test_another_service_has_neither_accounts_nor_roles() -> None:
    files = Files(FOREIGN)
    assert not any("Account" in name for name in files.files)
    assert not files.of("FlexiPage")
    assert "actionOverrides" not in "".join(files.files.values())
    assert list(roles(FOREIGN)) == ["ERP_Read"]
    assert "Account" not in files.files["README.md"]


def test_every_published_set_is_somebody_s_work() -> None:
    published = {entity_set.name for entity_set in demo_metadata().sets}
    assert set().union(*(sets for _, sets in ROLES.values())) == published
    assert list(roles(OWN)) == ["ERP_Sales", "ERP_Service", "ERP_Finance"]


def test_nobody_may_write_or_see_all(files: Files) -> None:
    permission_sets = files.of("PermissionSet")
    assert permission_sets
    for root in permission_sets.values():
        for forbidden in ("allowCreate", "allowDelete", "allowEdit", "modifyAllRecords", "viewAllRecords", "editable"):
            assert set(_texts(root, forbidden)) == {"false"}, forbidden


def test_required_fields_are_in_no_permission_set(files: Files) -> None:
    required = {name for name, field in files.fields().items() if field.get("required") == "true"}
    assert required
    for root in files.of("PermissionSet").values():
        assert not required & {*_texts(root, "field")}


@pytest.mark.parametrize(
    ("adapter", "identity", "expected"),
    [
        ("4.0", "named", {"type": "OData4", "principalType": "NamedUser", "protocol": "Password", "username": "alice"}),
        ("4.0", "anonymous", {"type": "OData4", "principalType": "Anonymous", "protocol": "NoAuthentication"}),
        ("4.0", "per-user", {"type": "OData4", "principalType": "PerUser", "protocol": "Password"}),
        ("4.01", "named", {"type": "OData401", "namedCredential": "ERP_NC"}),
        ("4.01", "per-user", {"type": "OData401", "namedCredential": "ERP_NC"}),
    ],
)
def test_data_sources(adapter: str, identity: str, expected: dict[str, str]) -> None:
    files = Files(OWN, adapter=adapter, identity=identity, username="alice")
    (root,) = files.of("ExternalDataSource").values()
    made = {_name(child): child.text for child in root}
    configuration = json.loads(made.pop("customConfiguration"))
    assert all(isinstance(value, str) for value in configuration.values())
    assert (configuration["pagination"], configuration["inlineCountEnabled"]) == ("SERVER", "true")
    endpoint = URL if adapter == "4.0" else "callout:ERP_NC"
    assert made == {"endpoint": endpoint, "isWritable": "false", "label": "ERP", **expected}
    per_user = [_texts(each, "externalDataSourceAccesses") for each in files.of("PermissionSet").values()]
    assert any(per_user) is ((adapter, identity) == ("4.0", "per-user"))
    assert bool(files.of("NamedCredential")) is bool(files.of("ExternalCredential")) is (adapter == "4.01")


@pytest.mark.parametrize("adapter", ["4.0", "4.01"])
def test_a_header_tells_which_person_asks(adapter: str) -> None:
    files = Files(OWN, adapter=adapter, user_header="X-ERP-User")
    (root,) = files.of("ExternalDataSource").values()
    (header,) = root.iter(f"{{{NAMESPACE}}}customHttpHeaders")
    made = {_name(child): child.text for child in header}
    assert (made["headerFieldName"], made["headerFieldValue"], made["isActive"]) == (
        "X-ERP-User",
        "$User.Username",
        "true",
    )
    assert {_name(element) for element in root.iter()} - {_name(root)} <= ELEMENTS["ExternalDataSource"]
    with pytest.raises(ValueError, match="Salesforce sends Cookie itself"):
        project(OWN, URL, user_header="Cookie")


def test_a_key_that_is_no_text_and_one_of_two_properties() -> None:
    for types in (INT_KEY, parent(10), thing(text("Note", "max"))):
        files = Files(sync(read(metadata(types))))
        assert len(files.of("CustomObject")) == 1
        assert [f["fullName"] for f in files.fields().values() if f["isNameField"] == "true"] == (
            [] if types is INT_KEY else ["Code__c"]
        )


def test_texts_are_escaped() -> None:
    written = document("Layout", [("label", "A & <B>\x00"), ("nested", [("yes", True)])])
    root = etree.fromstring(written.encode())
    assert _texts(root, "label") == ["A & <B>"]
    assert _texts(root, "yes") == ["true"]


# The command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["salesforce", "export", *arguments], prog_name="erp-odata")


def test_the_command_writes_the_project(tmp_path: Path) -> None:
    target = tmp_path / "project"
    result = run(str(target), "--local", "--endpoint", URL, "--username", "alice")
    assert result.exit_code == 0, result.output
    written = {str(path.relative_to(target)): path.read_text("utf-8") for path in target.rglob("*") if path.is_file()}
    assert written == project(OWN, URL, username="alice")
    assert f"{len(written)} files for 15 external objects" in result.stderr
    again = run(str(target), "--local")
    assert again.exit_code == 2
    assert "is not empty" in again.stderr


def test_the_command_refuses_what_cannot_be(tmp_path: Path) -> None:
    result = run(str(tmp_path / "p"), "--local", "--adapter", "4.01", "--identity", "anonymous")
    assert result.exit_code == 2
    assert not (tmp_path / "p").exists()
