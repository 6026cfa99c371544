"""A catalog over what `mock-sap` has: fewer fields than ours, and numbers with their zeros."""

from edm.declare import load_texts
from edm.model import ServiceMetadata
from tests.engine.small import _property, _set


def _to(name: str, target: str, on: str, key: str, partner: str) -> str:
    return (
        f'[navigation.{name}]\ntarget = "{target}"\non = {{ {on} = "{key}" }}\npartner = "{partner}"\n'
        f'label = "{name}"\npartner_label = "{partner}"\ndescription = "."\npartner_description = "."'
    )


CUSTOMERS = _set(
    "Customers", "Customer", "CustomerNumber", 1,
    _property("CustomerNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("CustomerName", "String", max_length=81, searchable=True),
    _property("Kind", "String", max_length=20),
    _property("Blocked", "Boolean", nullable=False),
    _property("IsSupplier", "Boolean", nullable=False),
    _property("City", "String", max_length=40),
    _property("Since", "Date"),
    _property("OpenAmount", "Decimal", precision=18, scale=3, nullable=False),
    _property("Orders", "Int32", nullable=False),
    """
[sap]
entity = "API_BUSINESS_PARTNER_SRV/A_BusinessPartner"
where = { Customer = { null = false } }

[sap.joins.address]
entity = "API_BUSINESS_PARTNER_SRV/A_BusinessPartnerAddress"
on = { BusinessPartner = "BusinessPartner" }

[sap.totals.open]
entity = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
on = { Customer = "Customer" }
where = { AccountingDocumentItemType = "D", ClearingDate = { null = true } }
sum = "AmountInTransactionCurrency"

[sap.totals.orders]
entity = "API_SALES_ORDER_SRV/A_SalesOrder"
on = { Customer = "SoldToParty" }
count = true

[sap.fields]
CustomerNumber = "Customer"
CustomerName = "BusinessPartnerFullName"
Kind = { field = "BusinessPartnerCategory", codes = { "1" = "Person", "2" = "Organization" } }
Blocked = { field = "BusinessPartnerIsBlocked", true = [true] }
IsSupplier = { field = "Supplier", filled = true }
City = "address.CityName"
Since = "CreationDate"
OpenAmount = "open"
Orders = "orders"
""",
)  # fmt: skip
ORDERS = _set(
    "SalesOrders", "SalesOrder", "SalesOrderNumber", 2,
    _property("SalesOrderNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("Status", "String", max_length=20),
    _property("DeliveryStatus", "String", max_length=20),
    _property("OrderDate", "Date"),
    _property("PricingDate", "Date"),
    _property("CustomerPONumber", "String", max_length=35, searchable=True),
    _property("CustomerNumber", "String", max_length=10),
    _property("CustomerName", "String", max_length=81),
    _property("Currency", "String", max_length=5),
    _property("NetAmount", "Decimal", precision=18, scale=3),
    _property("Reference", "String", max_length=10),
    _to("Customer", "Customers", "CustomerNumber", "CustomerNumber", "SalesOrders"),
    """
[sap]
entity = "API_SALES_ORDER_SRV/A_SalesOrder"

[sap.joins.customer]
entity = "API_BUSINESS_PARTNER_SRV/A_BusinessPartner"
on = { SoldToParty = "Customer" }

[sap.fields]
SalesOrderNumber = "SalesOrder"
Status = { field = "OverallSDProcessStatus", codes = { A = "Confirmed", B = "InDelivery", C = "Completed" } }
DeliveryStatus = { field = "OverallDeliveryStatus", codes = { "" = "NotRelevant", A = "NotDelivered", C = "Delivered" } }
OrderDate = "SalesOrderDate"
PricingDate = "PricingDate"
CustomerPONumber = "PurchaseOrderByCustomer"
CustomerNumber = "SoldToParty"
CustomerName = "customer.BusinessPartnerFullName"
Currency = "TransactionCurrency"
NetAmount = "TotalNetAmount"
Reference = "ReferenceSDDocument"
""",
)  # fmt: skip
ORDER_LINES = _set(
    "SalesOrderLines", "SalesOrderLine", "SalesOrderLineKey", 3,
    _property("SalesOrderLineKey", "String", max_length=17, nullable=False),
    _property("SalesOrderNumber", "String", max_length=10, nullable=False),
    _property("LineNumber", "Int32"),
    _property("CustomerNumber", "String", max_length=10),
    _property("ItemNumber", "String", max_length=40),
    _property("Description", "String", max_length=40, searchable=True),
    _property("Quantity", "Decimal", precision=15, scale=3),
    _property("NetAmount", "Decimal", precision=18, scale=3),
    _to("SalesOrder", "SalesOrders", "SalesOrderNumber", "SalesOrderNumber", "Lines"),
    """
[sap]
entity = "API_SALES_ORDER_SRV/A_SalesOrderItem"

[sap.fields]
SalesOrderLineKey = { fields = ["SalesOrder", "SalesOrderItem"], widths = [10, 6], padded = true, separator = "~" }
SalesOrderNumber = "SalesOrder"
LineNumber = { field = "SalesOrderItem", parse = "number" }
CustomerNumber = "to_SalesOrder/SoldToParty"
ItemNumber = "Material"
Description = "SalesOrderItemText"
Quantity = "RequestedQuantity"
NetAmount = "NetAmount"
""",
)  # fmt: skip
SHIPMENTS = _set(
    "Shipments", "Shipment", "ShipmentNumber", 4,
    _property("ShipmentNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("Status", "String", max_length=20, nullable=False),
    _property("ShipDate", "Date"),
    _property("CustomerNumber", "String", max_length=10),
    _property("Weight", "Decimal", precision=15, scale=3),
    _to("Customer", "Customers", "CustomerNumber", "CustomerNumber", "Shipments"),
    """
[sap]
entity = "API_OUTBOUND_DELIVERY_SRV/A_OutbDeliveryHeader"

[sap.fields]
ShipmentNumber = "DeliveryDocument"
Status = { first = [{ value = "Shipped", when = { OverallGoodsMovementStatus = ["C"] } }, "=Planned"] }
ShipDate = "ActualGoodsMovementDate"
CustomerNumber = "ShipToParty"
Weight = "TotalWeight"
""",
)  # fmt: skip
INVOICES = _set(
    "Invoices", "Invoice", "InvoiceNumber", 5,
    _property("InvoiceNumber", "String", max_length=10, nullable=False, searchable=True),
    _property("InvoiceType", "String", max_length=20),
    _property("InvoiceDate", "Date"),
    _property("DueDate", "Date"),
    _property("CustomerNumber", "String", max_length=10),
    _property("Currency", "String", max_length=5),
    _property("NetAmount", "Decimal", precision=18, scale=3),
    _property("GrossAmount", "Decimal", precision=18, scale=3),
    _property("OpenAmount", "Decimal", precision=18, scale=3, nullable=False),
    _to("Customer", "Customers", "CustomerNumber", "CustomerNumber", "Invoices"),
    """
[sap]
entity = "API_BILLING_DOCUMENT_SRV/A_BillingDocument"
where = { SDDocumentCategory = ["M", "N", "O", "P", "S"] }

[sap.joins.item]
entity = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
on = { AccountingDocument = "AccountingDocument" }
where = { AccountingDocumentItemType = "D" }

[sap.totals.open]
entity = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
on = { AccountingDocument = "AccountingDocument" }
where = { AccountingDocumentItemType = "D", ClearingDate = { null = true } }
sum = "AmountInTransactionCurrency"

[sap.fields]
InvoiceNumber = "BillingDocument"
InvoiceType = { field = "SDDocumentCategory", codes = { M = "Invoice", O = "CreditMemo", N = "Cancellation" } }
InvoiceDate = "BillingDocumentDate"
# mock-sap compares this date with its text, and finds no equal one: it is not to be asked for it.
DueDate = { first = ["item.NetDueDate"] }
CustomerNumber = "SoldToParty"
Currency = "TransactionCurrency"
NetAmount = { field = "TotalNetAmount", sign = { by = "SDDocumentCategory", negative = ["O", "N"] } }
GrossAmount = { field = "TotalGrossAmount", sign = { by = "SDDocumentCategory", negative = ["O", "N"] } }
OpenAmount = "open"
""",
)  # fmt: skip

SETS = {
    "Customers": CUSTOMERS,
    "SalesOrders": ORDERS,
    "SalesOrderLines": ORDER_LINES,
    "Shipments": SHIPMENTS,
    "Invoices": INVOICES,
}
METADATA: ServiceMetadata = load_texts({f"{name}.toml": text for name, text in SETS.items()})
