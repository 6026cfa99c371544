"""Layouts of external objects, and where ERP data show on standard objects: a layout and a Lightning page for each.

Those of standard objects are additional ones, under names of their own: nothing that an org has is replaced. The
Lightning page is the one of the ERP application alone; elsewhere an administrator activates it. Elements and
components are those of pages and layouts that were retrieved from orgs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from salesforce.export.objects import indirect, shown
from salesforce.export.source import Node
from salesforce.sync import ExternalObject, Lookup, Synced

#: Rows of a related list on a Lightning page.
ROWS = 10
#: Columns of a related list: so many, and what people look for in lists of these sets; else the first ones.
COLUMNS = 5
COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    "Assets": ("AssetNumber", "AssetName", "SerialNumber", "Status", "WarrantyEnd"),
    "Inventory": ("InventoryKey", "WarehouseName", "OnHand", "Available", "NextReceiptDate"),
    "Invoices": ("InvoiceNumber", "InvoiceDate", "Status", "DueDate", "OpenAmount"),
    "Payments": ("PaymentNumber", "PostingDate", "Status", "Amount", "UnappliedAmount"),
    "Prices": ("PriceKey", "PriceListName", "MinimumQuantity", "UnitPrice", "ValidTo"),
    "SalesOrders": ("SalesOrderNumber", "OrderDate", "Status", "NetAmount", "CustomerPONumber"),
    "Shipments": ("ShipmentNumber", "Status", "ActualShipDate", "Carrier", "TrackingNumber"),
}
TEMPLATE = "flexipage:recordHomeTemplateDesktop"


@dataclass(frozen=True, slots=True)
class StandardPage:
    """What a page of a standard object shows: fields in two columns, related lists with columns, and the sets whose
    lists stand on the Lightning page, in their order.
    """

    label: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]
    first: tuple[str, ...]


PAGES: Mapping[str, StandardPage] = {
    "Account": StandardPage(
        "ERP Account",
        ("Name", "ParentId", "Phone", "Website", "OwnerId"),
        ("Type", "Industry", "BillingAddress", "ShippingAddress"),
        {
            "RelatedContactList": ("FULL_NAME", "CONTACT.TITLE", "CONTACT.EMAIL", "CONTACT.PHONE1"),
            "RelatedOpportunityList": ("OPPORTUNITY.NAME", "OPPORTUNITY.STAGE_NAME", "OPPORTUNITY.AMOUNT"),
            "RelatedCaseList": ("CASES.CASE_NUMBER", "CASES.SUBJECT", "CASES.PRIORITY", "CASES.STATUS"),
        },
        ("SalesOrders", "Shipments", "Invoices", "Payments", "Assets"),
    ),
    "Product2": StandardPage(
        "ERP Product",
        ("Name", "ProductCode", "Family"),
        ("IsActive", "Description"),
        {"RelatedStandardPriceList": (), "RelatedPricebookEntryList": ()},
        ("Inventory", "Prices"),
    ),
}


def page_name(name: str) -> str:
    """The API name of the Lightning page of a standard object."""
    return f"ERP_{name}"


def layout_name(name: str) -> str:
    """Not the name of a layout that an org comes with."""
    return f"{name}-{PAGES[name].label} Layout"


def children(synced: Synced, name: str) -> list[tuple[ExternalObject, Lookup]]:
    """The lists that a standard object has of ERP data: those of the Lightning page first."""
    found = [
        (child, lookup)
        for child in synced.objects
        for lookup in child.lookups
        if (standard := indirect(synced, lookup)) is not None and standard.object == name
    ]
    first = PAGES[name].first
    return sorted(found, key=lambda each: first.index(each[0].source) if each[0].source in first else len(first))


def standard_pages(synced: Synced) -> list[str]:
    """The standard objects that ERP data refer to."""
    return [name for name in PAGES if children(synced, name)]


# Layouts


def object_layout_nodes(synced: Synced, found: ExternalObject) -> list[Node]:
    """All fields of an external object in two columns, and related lists of what refers to the object itself."""
    half = -(-len(found.fields) // 2)
    columns: list[Node] = []
    for part in (found.fields[:half], found.fields[half:]):
        # The name field is required, and whoever may not write does not edit it anyway.
        items: list[Node] = [
            ("layoutItems", [("behavior", "Edit" if each.is_name else "Readonly"), ("field", each.name)])
            for each in part
        ]
        columns.append(("layoutColumns", items))
    lists: list[Node] = [
        ("relatedLists", related_list(child, lookup))
        for child in synced.objects
        for lookup in child.lookups
        if lookup.to == found.name and indirect(synced, lookup) is None
    ]
    return [section("Information", columns), *CUSTOM_LINKS, *lists, *FLAGS]


def standard_layout_nodes(synced: Synced, name: str, numbers: Sequence[str]) -> list[Node]:
    """Usual fields and the ERP's ``numbers``, the usual related lists, then all of the ERP."""
    page = PAGES[name]
    columns: list[Node] = [("layoutColumns", _items((*numbers, *page.left))), ("layoutColumns", _items(page.right))]
    lists: list[Node] = []
    for related, fields in page.lists.items():
        lists.append(("relatedLists", [*(("fields", each) for each in fields), ("relatedList", related)]))
    for child, lookup in children(synced, name):
        lists.append(("relatedLists", related_list(child, lookup)))
    return [section("Information", columns), *CUSTOM_LINKS, *lists, *FLAGS]


def _items(fields: Sequence[str]) -> list[Node]:
    return [("layoutItems", [("behavior", "Required" if f == "Name" else "Edit"), ("field", f)]) for f in fields]


def section(label: str, columns: Sequence[Node]) -> Node:
    """A section of a layout in two columns."""
    heading: list[Node] = [("customLabel", True), ("detailHeading", True), ("editHeading", True), ("label", label)]
    return "layoutSections", [*heading, *columns, ("style", "TwoColumnsLeftToRight")]


def related_list(child: ExternalObject, lookup: Lookup) -> list[Node]:
    """A list of ERP records that refer to the record of the page; not the column that is the same in all rows."""
    found = {each.source: each.name for each in shown(child) if each.name != lookup.field}
    wanted = [found[name] for name in COLUMNS_OF.get(child.source, ()) if name in found]
    fields = list(dict.fromkeys((*wanted, *found.values())))
    return [*(("fields", name) for name in fields[:COLUMNS]), ("relatedList", f"{child.name}.{lookup.field}")]


#: What every layout ends with.
CUSTOM_LINKS: tuple[Node, ...] = (
    (
        "layoutSections",
        [
            ("customLabel", False),
            ("detailHeading", False),
            ("editHeading", False),
            ("layoutColumns", []),
            ("style", "CustomLinks"),
        ],
    ),
)
FLAGS: tuple[Node, ...] = tuple(
    (name, False)
    for name in (
        "showEmailCheckbox",
        "showHighlightsPanel",
        "showInteractionLogPanel",
        "showRunAssignmentRulesCheckbox",
        "showSubmitAndAttachButton",
    )
)


# Lightning pages


def page_nodes(synced: Synced, name: str) -> list[Node]:
    """A record page: lists of the ERP one by one, all related lists of the layout in a second tab, which costs callouts
    only when it is opened, and the details beside them.
    """
    page, every = PAGES[name], children(synced, name)
    shown_first = [each for each in every if each[0].source in page.first] or every
    lists = [
        _component(
            "force:relatedListSingleContainer",
            f"erp_{lookup.children.removesuffix('__r')}",
            parentFieldApiName=f"{name}.Id",
            relatedListApiName=lookup.children,
            relatedListComponentOverride="NONE",
            rowsToDisplay=str(ROWS),
            showActionBar="true",
        )
        for _, lookup in shown_first
    ]
    rest = _component("force:relatedListContainer", "related_lists", relatedListComponentOverride="NONE")
    panel = _component("force:highlightsPanel", "highlights", collapsed="false", numVisibleActions="3")
    tabs = (("ERP", "erpTabContent"), ("Standard.Tab.relatedLists", "relatedTabContent"))
    return [
        _region("header", "Region", panel),
        _region("erpTabContent", "Facet", *lists),
        _region("relatedTabContent", "Facet", rest),
        _region("maintabs", "Facet", *_tabs(tabs)),
        _region("main", "Region", _component("flexipage:tabset", "tabs", tabs="maintabs")),
        _region("sidebar", "Region", _component("force:detailPanel", "details")),
        ("masterLabel", page.label),
        ("sobjectType", name),
        ("template", [("name", TEMPLATE)]),
        ("type", "RecordPage"),
    ]


def _tabs(tabs: Sequence[tuple[str, str]]) -> Iterator[Node]:
    """The first one is open."""
    for number, (title, body) in enumerate(tabs):
        opened = {"active": "true"} if number == 0 else {}
        yield _component("flexipage:tab", f"tab_{body}", **opened, body=body, title=title)


def _region(name: str, kind: str, *components: Node) -> Node:
    items: list[Node] = [("itemInstances", [component]) for component in components]
    return "flexiPageRegions", [*items, ("name", name), ("type", kind)]


def _component(component: str, identifier: str, **properties: str) -> Node:
    """Identifiers are unique within a page."""
    given: list[Node] = [
        ("componentInstanceProperties", [("name", name), ("value", value)]) for name, value in properties.items()
    ]
    return "componentInstance", [*given, ("componentName", component), ("identifier", identifier)]
