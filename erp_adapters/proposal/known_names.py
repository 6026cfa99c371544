"""What is publicly known of the columns of ERPs whose names mostly speak: what those that do not mean.

Read where a table is known to be theirs; see ``known_columns`` for the form of the lines.
"""

from erp_adapters.proposal.known_columns import Dictionary, read_lines

DOLIBARR = Dictionary("Dolibarr", read_lines("""
fk_soc Customer Id
code_client Customer Number
nom Customer Name
datef Invoice Date
datec Created Time
tms Changed Time
date_lim_reglement Due Date
fk_statut Status
subprice Unit Price
reel Quantity On Hand
lieu Warehouse Name
rang Line Number
datep Payment Date
num_paiement Payment Reference
fk_multicurrency Currency Id
multicurrency_code Currency Code
fk_cond_reglement Payment Terms Id
date_livraison Requested Date
outstanding_limit Credit Limit
ref_client Customer PO Number
pmp Average Cost|hidden
"""))  # fmt: skip
ODOO = Dictionary("Odoo", read_lines("""
name Name
partner_id Customer Id
invoice_date_due Due Date
invoice_date Invoice Date
date Posting Date
amount_residual Open Amount
amount_untaxed Net Amount
amount_tax Tax Amount
amount_total Gross Amount
amount_total_signed Gross Amount Signed
amount_residual_signed Open Amount Signed
create_date Created Time
write_date Changed Time
commitment_date Promised Date
date_order Order Date
client_order_ref Customer PO Number
product_uom_qty Ordered Quantity
qty_delivered Shipped Quantity
qty_invoiced Invoiced Quantity
price_unit Unit Price
price_subtotal Net Amount
price_total Gross Amount
default_code Item Number
list_price List Price
standard_price Standard Cost|hidden
date_done Actual Ship Date
scheduled_date Planned Ship Date
carrier_tracking_ref Tracking Number
reserved_quantity Reserved Quantity
"""))  # fmt: skip
EBS = Dictionary("Oracle E-Business Suite", read_lines("""
TRX_NUMBER Invoice Number
TRX_DATE Invoice Date
TERM_DUE_DATE Due Date
INVOICE_CURRENCY_CODE Currency Code
BILL_TO_CUSTOMER_ID Customer Id
CUST_ACCOUNT_ID Customer Id
ACCOUNT_NUMBER Customer Number
ACCOUNT_NAME Customer Account Label
PARTY_NAME Customer Name
PURCHASE_ORDER Customer PO Number
EXTENDED_AMOUNT Net Amount
QUANTITY_INVOICED Invoiced Quantity
UNIT_SELLING_PRICE Unit Price
AMOUNT_DUE_ORIGINAL Gross Amount
AMOUNT_DUE_REMAINING Open Amount
TAX_ORIGINAL Tax Amount
SEGMENT1 Item Number
PRIMARY_UOM_CODE Unit Code
ORGANIZATION_CODE Warehouse Code
SUBINVENTORY_CODE Bin Code
SOLD_TO_ORG_ID Customer Id
SHIP_FROM_ORG_ID Warehouse Id
ORDERED_DATE Order Date
CUST_PO_NUMBER Customer PO Number
FLOW_STATUS_CODE Status Code
TRANSACTIONAL_CURR_CODE Currency Code
ORDERED_ITEM Item Label
RECEIPT_DATE Payment Date
RECEIPT_NUMBER Payment Number
PAY_FROM_CUSTOMER Customer Id
ORG_ID Company Id
SET_OF_BOOKS_ID Ledger Id
LAST_UPDATE_DATE Changed Time
CREATION_DATE Created Time
ADDRESS1 Street
POSTAL_CODE Postal Code
"""))  # fmt: skip
B1 = Dictionary("SAP Business One", read_lines("""
DocEntry Document Id
DocNum Document Number
CardCode Customer Number
CardName Customer Name
DocDate Date
TaxDate Document Tax Date
DocCur Currency
DocRate Exchange Rate
VatSum Tax Amount
DocTotal Gross Amount
PaidToDate Payment Amount
DocStatus Status
CANCELED Cancelled
NumAtCard Customer PO Number
ItemCode Item Number
ItemName Item Name
ItmsGrpCod Item Group
OnHand Quantity On Hand
IsCommited Quantity Reserved
OnOrder Quantity On Order
WhsCode Warehouse Code
WhsName Warehouse Name
LineNum Line Number
LineTotal Net Amount
Dscription Item Description
CreditLine Credit Limit
GroupNum Payment Terms Id
AvgPrice Average Cost|hidden
LastPurPrc Last Purchase Price|hidden
StockPrice Item Cost|hidden
GrossBuyPr Cost Price|hidden
GrosProfit Gross Profit|hidden
DflIBAN Bank Account|hidden
DflAccount Bank Account|hidden
SalUnitMsr Sales Unit
InvntryUom Inventory Unit
LicTradNum Tax Number
CodeBars GTIN
SWeight1 Net Weight
DocDueDate Due Date
OpenQty Open Quantity
ShipDate Requested Date
UserSign Created By User
SlpCode Salesrep Code
UpdateDate Changed Date
CreateDate Created Date
"""))  # fmt: skip
AX = Dictionary("Dynamics AX", read_lines("""
ACCOUNTNUM Customer Number
CUSTACCOUNT Customer Number
ORDERACCOUNT Customer Number
INVOICEACCOUNT Payer Number
DATAAREAID Company Code
CREDITMAX Credit Limit
PAYMTERMID Payment Terms Code
VATNUM Tax Number
SALESID Sales Order Number
SALESNAME Customer Name
SALESSTATUS Status
SALESTYPE Type
CUSTOMERREF Customer PO Number
RECEIPTDATEREQUESTED Requested Date
SHIPPINGDATEREQUESTED Requested Shipment Date
SALESQTY Ordered Quantity
SALESUNIT Unit
SALESPRICE Unit Price
LINEAMOUNT Net Amount
REMAINSALESPHYSICAL Open Quantity
SALESBALANCE Net Amount
SUMTAX Tax Amount
INVOICEAMOUNT Gross Amount
LEDGERVOUCHER Journal Entry Number
INVENTLOCATIONID Warehouse Code
PHYSICALINVENT Quantity On Hand
RESERVPHYSICAL Quantity Reserved
AVAILPHYSICAL Quantity Available
BOMUNITID Unit
COSTVALUE Cost|hidden
COSTPRICE Cost Price|hidden
POSTEDVALUE Posted Cost|hidden
"""))  # fmt: skip
IDEMPIERE = Dictionary("iDempiere", read_lines("""
value Number
documentno Document Number
docstatus Status
c_doctype_id Document Type Id
issotrx Sales Transaction
dateinvoiced Invoice Date
dateacct Posting Date
dateordered Order Date
datepromised Promised Date
datetrx Payment Date
movementdate Shipment Date
movementqty Shipped Quantity
totallines Net Amount
grandtotal Gross Amount
linenetamt Net Amount
priceactual Unit Price
pricelist List Price
qtyonhand Quantity On Hand
qtyordered Ordered Quantity
qtyinvoiced Invoiced Quantity
qtydelivered Shipped Quantity
qtyreserved Reserved Quantity
qtyentered Entered Quantity Other Unit
payamt Payment Amount
so_creditlimit Credit Limit
totalopenbalance Open Amount
socreditstatus Credit Status
ad_org_id Company Id
ad_client_id Tenant
trackingno Tracking Number
poreference Customer PO Number
c_bpartner_id Customer Id
m_locator_id Locator Id
upc EAN
accountno Bank Account Number|hidden
"""))  # fmt: skip
LEDGERSMB = Dictionary("LedgerSMB", read_lines("""
invnumber Invoice Number
ordnumber Order Number
quonumber Quote Number
transdate Document Date
reqdate Requested Date
duedate Due Date
amount_tc Gross Amount
netamount_tc Net Amount
amount_bc Gross Amount Local
netamount_bc Net Amount Local
curr Currency Code
trans_id Document Id
parts_id Item Id
partnumber Item Number
partsgroup_id Item Group Id
sellprice Unit Price
fxsellprice Unit Price Foreign
lastcost Last Cost|hidden
meta_number Customer Number
entity_credit_account Customer Id
entity_credit_id Customer Id
creditlimit Credit Limit
onhand Quantity On Hand
microfiche Microfiche
"""))  # fmt: skip
SAGE100 = Dictionary("Sage 100", read_lines("""
CT_Num Customer Number
CT_NumPayeur Customer Number
CT_Intitule Customer Name
CT_Encours Credit Limit
CT_Sommeil Blocked
N_Devise Currency Id
AR_Ref Item Number
AR_Design Item Name
AR_PrixVen Sales Price
AR_PrixAch Purchase Price|hidden
AR_PUNet Net Price
AR_UniteVen Unit Id
AR_PoidsNet Net Weight
FA_CodeFamille Item Group
DE_No Warehouse Id
DE_Intitule Warehouse Name
AS_QteSto Quantity On Hand
AS_QteRes Quantity Reserved
AS_MontSto Inventory Cost|hidden
DO_Piece Document Number
DO_Date Document Date
DO_Ref Customer PO Number
DO_Tiers Customer Number
DO_Statut Status
DO_DateLivr Requested Date
DO_Devise Currency Id
DO_TotalHT Net Amount
DO_TotalHTNet Net Amount
DO_TotalTTC Gross Amount
DO_NetAPayer To Settle
DL_Ligne Line Number
DL_Design Item Description
DL_Qte Quantity
DL_PrixUnitaire Unit Price
DL_PrixRU Unit Cost|hidden
DL_CMUP Average Cost|hidden
DL_MontantHT Net Amount
DL_MontantTTC Gross Amount
RG_No Payment Number
RG_Date Payment Date
RG_Montant Payment Amount
RG_Reference Payment Reference
RG_Libelle Description
cbModification Changed Time
cbCreation Created Time
"""))  # fmt: skip
SAGE300 = Dictionary("Sage 300", read_lines("""
IDCUST Customer Number
NAMECUST Customer Name
TEXTSNAM Short Label
TEXTSTRE1 Street
CODEPSTL Postal Code
CODECTRY Country
TEXTPHON1 Phone
CODETERM Payment Terms Code
CODECURN Currency Code
AMTCRLIMT Credit Limit
SWACTV Active
SWHOLD Blocked
FMTITEMNO Formatted Item Label
STOCKUNIT Unit
UNITWGT Net Weight
QTYCOMMIT Quantity Reserved
QTYSALORDR Sales Orders Quantity
TOTALCOST Total Cost|hidden
UNITCOST Unit Cost|hidden
EXTICOST Extended Cost|hidden
ORDUNIQ Order Id
INVUNIQ Invoice Id
EXPDATE Requested Date
ORDSOURCURR Currency Code
INSOURCURR Currency Code
INVNETNOTX Net Amount
INVITAXTOT Tax Amount
INVNETWTX Gross Amount
EXTINVMISC Net Amount
"""))  # fmt: skip
