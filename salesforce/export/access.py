"""The external data source with its credentials, the application, and who may see what."""

import json
from collections.abc import Mapping, Sequence

from salesforce.export.source import Node
from salesforce.setup import EXTERNAL_CREDENTIAL, LABEL, NAMED_CREDENTIAL, Adapter, Identity
from salesforce.sync import ExternalObject, Synced

PRINCIPAL = "Principal"
_PRINCIPALS: Mapping[Identity, str] = {"anonymous": "Anonymous", "named": "NamedUser", "per-user": "PerUser"}
#: Icons of tabs; which one a tab has is a matter of taste.
MOTIFS = ("Custom18: Form", "Custom19: Wrench", "Custom40: Moneybag", "Custom55: Cash", "Custom98: Truck")

#: Who sees which sets: sales everything about orders, service about what was delivered, finance about money.
ROLES: Mapping[str, tuple[str, frozenset[str]]] = {
    "ERP_Sales": ("ERP Sales", frozenset({
        "Customers", "Items", "Prices", "Warehouses", "Inventory",
        "SalesOrders", "SalesOrderLines", "Shipments", "ShipmentLines", "Invoices", "InvoiceLines",
    })),
    "ERP_Service": ("ERP Service", frozenset({
        "Customers", "Items", "Warehouses", "Inventory", "SalesOrders", "SalesOrderLines",
        "Shipments", "ShipmentLines", "Assets",
    })),
    "ERP_Finance": ("ERP Finance", frozenset({
        "Customers", "Invoices", "InvoiceLines", "InvoiceTaxLines", "Payments", "PaymentAllocations",
    })),
}  # fmt: skip
EVERYTHING = ("ERP_Read", "ERP Read")


def roles(synced: Synced) -> dict[str, tuple[str, tuple[ExternalObject, ...]]]:
    """Permission sets: label and objects by API name. What no role knows is in one that sees everything."""
    found = {}
    for name, (label, sets) in ROLES.items():
        objects = tuple(each for each in synced.objects if each.source in sets)
        if objects:
            found[name] = label, objects
    known = {each.name for _, objects in found.values() for each in objects}
    if any(each.name not in known for each in synced.objects):
        found[EVERYTHING[0]] = EVERYTHING[1], synced.objects
    return found


def data_source_nodes(
    url: str, adapter: Adapter, identity: Identity, username: str, user_header: str = ""
) -> list[Node]:
    """The external data source. A password is no part of it. ``user_header`` tells the service which person asks."""
    configuration = {
        "inlineCountEnabled": "true",
        "csrfTokenName": "",
        "requestCompression": "false",
        "pagination": "SERVER",
        "noIdMapping": "false",
        "format": "JSON",
        "compatibility": "DEFAULT",
        "csrfTokenEnabled": "false",
        "timeout": "120",
        "searchEnabled": "true",
    }
    nodes: list[Node] = [("customConfiguration", json.dumps(configuration, separators=(",", ":")))]
    if user_header:
        header: list[Node] = [
            ("description", "Which person asks"),
            ("headerFieldName", user_header),
            ("headerFieldValue", "$User.Username"),
            ("isActive", True),
        ]
        nodes.append(("customHttpHeaders", header))
    if adapter == "4.01":
        return [
            *nodes,
            ("endpoint", f"callout:{NAMED_CREDENTIAL}"),
            ("isWritable", False),
            ("label", LABEL),
            ("namedCredential", NAMED_CREDENTIAL),
            ("type", "OData401"),
        ]
    nodes += [
        ("endpoint", url.rstrip("/")),
        ("isWritable", False),
        ("label", LABEL),
        ("principalType", _PRINCIPALS[identity]),
        ("protocol", "NoAuthentication" if identity == "anonymous" else "Password"),
        ("type", "OData4"),
    ]
    return [*nodes, ("username", username)] if identity == "named" and username else nodes


def external_credential_nodes(identity: Identity) -> list[Node]:
    """Who signs in; the secret is entered after deployment."""
    kind = "PerUserPrincipal" if identity == "per-user" else "NamedPrincipal"
    parameter: list[Node] = [
        ("parameterGroup", PRINCIPAL),
        ("parameterName", PRINCIPAL),
        ("parameterType", kind),
        ("sequenceNumber", 1),
    ]
    return [
        ("authenticationProtocol", "Basic"),
        ("externalCredentialParameters", parameter),
        ("label", EXTERNAL_CREDENTIAL),
    ]


def named_credential_nodes(url: str) -> list[Node]:
    """Where, and with which credential."""
    where: list[Node] = [("parameterName", "Url"), ("parameterType", "Url"), ("parameterValue", url.rstrip("/"))]
    who: list[Node] = [
        ("externalCredential", EXTERNAL_CREDENTIAL),
        ("parameterName", "ExternalCredential"),
        ("parameterType", "Authentication"),
    ]
    return [
        ("allowMergeFieldsInBody", False),
        ("allowMergeFieldsInHeader", False),
        ("calloutStatus", "Enabled"),
        ("generateAuthorizationHeader", True),
        ("label", NAMED_CREDENTIAL),
        ("namedCredentialParameters", where),
        ("namedCredentialParameters", who),
        ("namedCredentialType", "SecuredEndpoint"),
    ]


def permission_set_nodes(
    label: str, objects: Sequence[ExternalObject], adapter: Adapter, identity: Identity
) -> list[Node]:
    """Reading alone. Fields that are required need no permission, and must not be named."""
    nodes: list[Node] = [
        ("applicationVisibilities", [("application", LABEL), ("visible", True)]),
        ("description", f"Read access to ERP data: {label}"),
    ]
    if adapter == "4.01":
        principal = f"{EXTERNAL_CREDENTIAL}-{PRINCIPAL}"
        access: list[Node] = [("enabled", True), ("externalCredentialPrincipal", principal)]
        nodes.append(("externalCredentialPrincipalAccesses", access))
    elif identity == "per-user":
        nodes.append(("externalDataSourceAccesses", [("enabled", True), ("externalDataSource", LABEL)]))
    for found in objects:
        for field in found.fields:
            if not field.is_name:
                permission: list[Node] = [
                    ("editable", False),
                    ("field", f"{found.name}.{field.name}"),
                    ("readable", True),
                ]
                nodes.append(("fieldPermissions", permission))
    nodes += [("hasActivationRequired", False), ("label", label)]
    nodes += [("objectPermissions", _reading(found)) for found in objects]
    return nodes + [("tabSettings", [("tab", found.name), ("visibility", "Visible")]) for found in objects]


def _reading(found: ExternalObject) -> list[Node]:
    """Viewing all is not for licences without it."""
    forbidden = ("allowCreate", "allowDelete", "allowEdit")
    return [
        *((name, False) for name in forbidden),
        ("allowRead", True),
        ("modifyAllRecords", False),
        ("object", found.name),
        ("viewAllRecords", False),
    ]


def tab_nodes(number: int) -> list[Node]:
    """The tab of an object."""
    return [("customObject", True), ("motif", MOTIFS[number % len(MOTIFS)])]


def application_nodes(objects: Sequence[ExternalObject], pages: Mapping[str, str]) -> list[Node]:
    """An application with all tabs, and ``pages``: Lightning pages of standard objects, which hold within it alone."""
    return [
        *(("actionOverrides", _override(name, page)) for name, page in pages.items()),
        ("description", "ERP data, live"),
        ("formFactors", "Large"),
        ("label", LABEL),
        ("navType", "Standard"),
        *(("tabs", f"standard-{name}") for name in pages),
        *(("tabs", found.name) for found in objects),
        ("uiType", "Lightning"),
    ]


def _override(name: str, page: str) -> list[Node]:
    """On computers; telephones keep the page that they have."""
    return [
        ("actionName", "View"),
        ("content", page),
        ("formFactor", "Large"),
        ("skipRecordTypeSelect", False),
        ("type", "Flexipage"),
        ("pageOrSobjectType", name),
    ]
