"""What is publicly known of the tables of ERPs: which set a table holds, which of its rows, what its codes mean.

A line is product, names, sets and how surely such a name means such a table; a table without a set holds none of them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownTable:
    """A table that an ERP has under this name: which sets it holds, how surely, and which rows of it."""

    sets: tuple[str, ...]
    score: float
    product: str

    def where(self, entity_set: str) -> Mapping[str, Sequence[str | int]]:
        """Which rows of the table are the set's."""
        return KNOWN_ROWS.get((self.product, entity_set), {})

    def statuses(self, entity_set: str) -> Mapping[str, str]:
        """What its codes of statuses mean."""
        return KNOWN_STATUSES.get((self.product, entity_set), {})


def _tables(lines: str) -> dict[str, KnownTable]:
    found = {}
    for line in lines.strip().splitlines():
        product, names, sets, score = (part.strip() for part in line.split("|"))
        for name in names.split():
            found[name.lower()] = KnownTable(tuple(sets.split()), float(score), product)
    return found


KNOWN_TABLES = _tables("""
JD Edwards | F03012 | Customers | .9
JD Edwards | F0101 | Customers | .8
JD Edwards | F4101 | Items | .97
JD Edwards | F41021 | Inventory | .97
JD Edwards | F0006 F41001 | Warehouses | .6
JD Edwards | F4201 | SalesOrders | .97
JD Edwards | F4211 | SalesOrderLines | .97
JD Edwards | F03B11 F0311 | Invoices | .97
JD Edwards | F03B13 | Payments | .95
JD Edwards | F4106 | Prices | .9
JD Edwards | F1201 | Assets | .9
SAP | KNA1 | Customers | .97
SAP | MARA | Items | .97
SAP | MARD | Inventory | .97
SAP | T001W | Warehouses | .95
SAP | VBAK | SalesOrders | .97
SAP | VBAP | SalesOrderLines | .97
SAP | LIKP | Shipments | .97
SAP | LIPS | ShipmentLines | .97
SAP | VBRK | Invoices | .97
SAP | VBRP | InvoiceLines | .97
SAP | EQUI | Assets | .95
SAP Business One | OCRD | Customers | .97
SAP Business One | OITM | Items | .97
SAP Business One | OITW | Inventory | .97
SAP Business One | OWHS | Warehouses | .97
SAP Business One | ORDR | SalesOrders | .97
SAP Business One | RDR1 | SalesOrderLines | .97
SAP Business One | ODLN | Shipments | .97
SAP Business One | DLN1 | ShipmentLines | .97
SAP Business One | OINV | Invoices | .97
SAP Business One | INV1 | InvoiceLines | .97
SAP Business One | ORCT | Payments | .97
SAP Business One | ITM1 | Prices | .95
SAP Business One | OINS | Assets | .95
Infor M3 | OCUSMA | Customers | .97
Infor M3 | MITMAS | Items | .97
Infor M3 | MITBAL | Inventory | .97
Infor M3 | MITWHL | Warehouses | .97
Infor M3 | OOHEAD | SalesOrders | .97
Infor M3 | OOLINE | SalesOrderLines | .97
Infor M3 | OINVOH | Invoices | .97
Infor M3 | OINVOL | InvoiceLines | .9
Infor M3 | MHDISH | Shipments | .97
Infor M3 | FSLEDG | | .9
Infor M3 | MHDISL | ShipmentLines | .97
Infor M3 | OPRBAS | Prices | .95
Oracle E-Business Suite | HZ_CUST_ACCOUNTS | Customers | .97
Oracle E-Business Suite | MTL_SYSTEM_ITEMS_B | Items | .97
Oracle E-Business Suite | MTL_ONHAND_QUANTITIES MTL_ONHAND_QUANTITIES_DETAIL | Inventory | .95
Oracle E-Business Suite | MTL_PARAMETERS | Warehouses | .8
Oracle E-Business Suite | OE_ORDER_HEADERS_ALL | SalesOrders | .97
Oracle E-Business Suite | OE_ORDER_LINES_ALL | SalesOrderLines | .97
Oracle E-Business Suite | WSH_NEW_DELIVERIES | Shipments | .95
Oracle E-Business Suite | WSH_DELIVERY_DETAILS | ShipmentLines | .9
Oracle E-Business Suite | RA_CUSTOMER_TRX_ALL | Invoices | .97
Oracle E-Business Suite | RA_CUSTOMER_TRX_LINES_ALL | InvoiceLines | .97
Oracle E-Business Suite | AR_CASH_RECEIPTS_ALL | Payments | .97
Oracle E-Business Suite | CSI_ITEM_INSTANCES | Assets | .97
Odoo | res_partner | Customers | .9
Odoo | product_product | Items | .9
Odoo | stock_quant | Inventory | .97
Odoo | stock_warehouse | Warehouses | .97
Odoo | sale_order | SalesOrders | .97
Odoo | sale_order_line | SalesOrderLines | .97
Odoo | stock_picking | Shipments | .95
Odoo | stock_move | ShipmentLines | .8
Odoo | account_move | Invoices | .95
Odoo | account_move_line | InvoiceLines | .9
Odoo | account_payment | Payments | .95
Odoo | stock_lot stock_production_lot | Assets | .7
Odoo | product_pricelist_item | Prices | .9
Tryton | party_party | Customers | .9
Tryton | sale_sale | SalesOrders | .97
Tryton | sale_line | SalesOrderLines | .97
Tryton | stock_shipment_out | Shipments | .97
Tryton | account_invoice | Invoices | .97
Tryton | account_invoice_line | InvoiceLines | .97
Tryton | account_payment | Payments | .9
Dolibarr | llx_societe | Customers | .97
Dolibarr | llx_product | Items | .97
Dolibarr | llx_product_stock | Inventory | .97
Dolibarr | llx_entrepot | Warehouses | .97
Dolibarr | llx_commande | SalesOrders | .97
Dolibarr | llx_commandedet | SalesOrderLines | .97
Dolibarr | llx_expedition | Shipments | .97
Dolibarr | llx_expeditiondet | ShipmentLines | .97
Dolibarr | llx_facture | Invoices | .97
Dolibarr | llx_facturedet | InvoiceLines | .97
Dolibarr | llx_paiement | Payments | .97
Dolibarr | llx_product_price | Prices | .9
ERPNext | tabCustomer | Customers | .97
ERPNext | tabItem | Items | .97
ERPNext | tabBin | Inventory | .97
ERPNext | tabWarehouse | Warehouses | .97
ERPNext | tabSales_Order | SalesOrders | .97
ERPNext | tabSales_Order_Item | SalesOrderLines | .97
ERPNext | tabDelivery_Note | Shipments | .97
ERPNext | tabDelivery_Note_Item | ShipmentLines | .97
ERPNext | tabSales_Invoice | Invoices | .97
ERPNext | tabSales_Invoice_Item | InvoiceLines | .97
ERPNext | tabPayment_Entry | Payments | .97
ERPNext | tabSerial_No | Assets | .95
ERPNext | tabItem_Price | Prices | .97
LedgerSMB | entity_credit_account | Customers | .97
LedgerSMB | parts | Items | .95
LedgerSMB | warehouse | Warehouses | .9
LedgerSMB | oe | SalesOrders | .95
LedgerSMB | orderitems | SalesOrderLines | .97
LedgerSMB | ar | Invoices | .97
LedgerSMB | invoice | InvoiceLines | .97
LedgerSMB | payment | Payments | .95
iDempiere | c_bpartner | Customers | .97
iDempiere | m_product | Items | .97
iDempiere | m_warehouse | Warehouses | .97
iDempiere | m_storageonhand m_storage | Inventory | .97
iDempiere | c_order | SalesOrders | .97
iDempiere | c_orderline | SalesOrderLines | .97
iDempiere | m_inout | Shipments | .97
iDempiere | m_inoutline | ShipmentLines | .97
iDempiere | c_invoice | Invoices | .97
iDempiere | c_invoiceline | InvoiceLines | .97
iDempiere | c_payment | Payments | .97
iDempiere | a_asset | Assets | .95
iDempiere | m_productprice | Prices | .9
Sage 300 | ARCUS | Customers | .97
Sage 300 | ICITEM | Items | .97
Sage 300 | ICLOC | Warehouses | .95
Sage 300 | ICILOC | Inventory | .97
Sage 300 | OEORDH | SalesOrders | .97
Sage 300 | OEORDD | SalesOrderLines | .97
Sage 300 | OESHIH | Shipments | .97
Sage 300 | OESHID | ShipmentLines | .97
Sage 300 | OEINVH | Invoices | .97
Sage 300 | OEINVD | InvoiceLines | .97
Sage 100 | F_COMPTET | Customers | .97
Sage 100 | F_ARTICLE | Items | .97
Sage 100 | F_DEPOT | Warehouses | .97
Sage 100 | F_ARTSTOCK | Inventory | .97
Sage 100 | F_DOCENTETE | Invoices SalesOrders Shipments | .97
Sage 100 | F_DOCLIGNE | InvoiceLines SalesOrderLines ShipmentLines | .97
Sage 100 | F_CREGLEMENT | Payments | .97
Sage X3 | BPCUSTOMER | Customers | .97
Sage X3 | ITMMASTER | Items | .97
Sage X3 | SORDER | SalesOrders | .97
Sage X3 | SORDERQ | SalesOrderLines | .97
Sage X3 | SINVOICE | Invoices | .97
Sage X3 | SINVOICED | InvoiceLines | .97
Sage X3 | SDELIVERY | Shipments | .97
Sage X3 | SDELIVERYD | ShipmentLines | .97
Dynamics AX | CUSTTABLE | Customers | .97
Dynamics AX | INVENTTABLE | Items | .97
Dynamics AX | INVENTSUM | Inventory | .97
Dynamics AX | INVENTLOCATION | Warehouses | .95
Dynamics AX | SALESTABLE | SalesOrders | .97
Dynamics AX | SALESLINE | SalesOrderLines | .97
Dynamics AX | CUSTPACKINGSLIPJOUR | Shipments | .97
Dynamics AX | CUSTPACKINGSLIPTRANS | ShipmentLines | .97
Dynamics AX | CUSTINVOICEJOUR | Invoices | .97
Dynamics AX | CUSTINVOICETRANS | InvoiceLines | .97
Dynamics NAV | Customer | Customers | .9
Dynamics NAV | Item | Items | .9
Dynamics NAV | Location | Warehouses | .85
Dynamics NAV | Sales_Header | SalesOrders | .9
Dynamics NAV | Sales_Line | SalesOrderLines | .9
Dynamics NAV | Sales_Shipment_Header | Shipments | .97
Dynamics NAV | Sales_Shipment_Line | ShipmentLines | .97
Dynamics NAV | Sales_Invoice_Header | Invoices | .97
Dynamics NAV | Sales_Invoice_Line | InvoiceLines | .97
Dynamics NAV | Service_Item | Assets | .95
Dynamics NAV | Sales_Price | Prices | .95
""")


#: Rows of known tables that belong to the set.
KNOWN_ROWS: dict[tuple[str, str], dict[str, Sequence[str | int]]] = {
    ("Odoo", "Invoices"): {"move_type": ["out_invoice", "out_refund"]},
    ("Odoo", "Payments"): {"partner_type": ["customer"]},
    ("Tryton", "Invoices"): {"type": ["out"]},
    **{("iDempiere", name): {"issotrx": ["Y"]} for name in ("Invoices", "SalesOrders", "Shipments")},
    ("iDempiere", "Customers"): {"iscustomer": ["Y"]},
    ("iDempiere", "Payments"): {"isreceipt": ["Y"]},
    ("LedgerSMB", "Customers"): {"entity_class": [2]},
    ("LedgerSMB", "SalesOrders"): {"oe_class_id": [1]},
    ("LedgerSMB", "Payments"): {"payment_class": [1]},
    ("Sage 100", "Customers"): {"CT_Type": [0]},
    **{("Sage 100", f"SalesOrder{end}"): {"DO_Domaine": [0], "DO_Type": [1]} for end in ("s", "Lines")},
    **{("Sage 100", f"Shipment{end}"): {"DO_Domaine": [0], "DO_Type": [3]} for end in ("s", "Lines")},
    **{("Sage 100", f"Invoice{end}"): {"DO_Domaine": [0], "DO_Type": [6, 7]} for end in ("s", "Lines")},
}
#: Known codes of statuses -> words of the built-in catalog.
KNOWN_STATUSES: dict[tuple[str, str], dict[str, str]] = {
    ("Dolibarr", "Invoices"): {"0": "Draft", "1": "Open", "2": "Paid", "3": "Cancelled"},
    ("Dolibarr", "SalesOrders"): {
        "0": "Draft",
        "1": "Confirmed",
        "2": "InDelivery",
        "3": "Delivered",
        "-1": "Cancelled",
    },
    ("JD Edwards", "Invoices"): {"A": "Open", "P": "Paid", "H": "Open"},
    ("Oracle E-Business Suite", "Invoices"): {"OP": "Open", "CL": "Paid"},
    ("Oracle E-Business Suite", "SalesOrders"): {"CLOSED": "Completed"},
    ("Tryton", "SalesOrders"): {"done": "Completed", "processing": "Confirmed"},
    ("SAP Business One", "Invoices"): {"O": "Open", "C": "Paid"},
    ("SAP Business One", "SalesOrders"): {"O": "Confirmed", "C": "Completed"},
    **{
        ("iDempiere", name): {
            "DR": "Draft",
            "IP": "Draft",
            "CO": done,
            "CL": "Completed",
            "VO": "Cancelled",
            "RE": "Cancelled",
        }
        for name, done in (("Invoices", "Open"), ("SalesOrders", "Confirmed"), ("Shipments", "Shipped"))
    },
    ("Dynamics AX", "SalesOrders"): {"0": "Draft", "1": "Open", "2": "Delivered", "3": "Completed", "4": "Cancelled"},
    ("Dynamics NAV", "SalesOrders"): {"0": "Draft", "1": "Confirmed"},
}


@dataclass(frozen=True, slots=True)
class KnownTotal:
    """An amount that an ERP keeps in rows of another table, which are reached by way of a third."""

    property: str
    by_table: str
    by_on: Mapping[str, str]
    by_where: Mapping[str, object]
    table: str
    on: Mapping[str, str]
    sum: str


KNOWN_TOTALS: dict[tuple[str, str], tuple[KnownTotal, ...]] = {
    ("Dynamics NAV", "Invoices"): (
        KnownTotal(
            "OpenAmount", "Cust_ Ledger Entry", {"No_": "Document No_"}, {"Document Type": 2},
            "Detailed Cust_ Ledg_ Entry", {"Entry No_": "Cust_ Ledger Entry No_"}, "Amount",
        ),
    ),
}  # fmt: skip


def known_totals(product: str, entity_set: str) -> tuple[KnownTotal, ...]:
    """What is known of an ERP's documents."""
    return KNOWN_TOTALS.get((product, entity_set), ())


#: Products whose names of tables are everybody's words -> a table by which they are told.
TOLD_BY = {"LedgerSMB": "entity_credit_account"}


def known_table(bare: str, others: Collection[str] | None = None) -> KnownTable | None:
    """What is known of a table of that name; blanks and underscores are the same. ``others``: all tables, in small letters."""
    found = KNOWN_TABLES.get(re.sub(r"[\s_]+", "_", bare).lower())
    if found is None or others is None or TOLD_BY.get(found.product, "") in {"", *others}:
        return found
    return None
