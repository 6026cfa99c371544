"""What is publicly known of the columns of ERPs whose names say nothing: data dictionaries, one line per column.

A line is the name, a label in English, and hints how values are stored: ``date=cyyddd``, ``decimals=2``, ``hidden``.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A column of a dictionary: its English name; ``date`` and ``decimals`` say how it is stored."""

    label: str
    date: str | None = None
    decimals: int | None = None
    hidden: bool = False
    #: Where a table of codes has its words, as JD Edwards names lists of codes: system and kind.
    udc: str | None = None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """``cut``: how many characters of a column's name come before the item; ``may_cut``: how many in some installations."""

    name: str
    items: Mapping[str, Known]
    cut: int = 0
    may_cut: tuple[int, ...] = ()


def _read(lines: str) -> dict[str, Known]:
    found = {}
    for line in lines.strip().splitlines():
        alias, _, rest = line.partition(" ")
        label, *hints = (part.strip() for part in rest.split("|"))
        known: dict[str, str | int | bool] = {}
        for hint in hints:
            key, _, value = hint.partition("=")
            known[key] = int(value) if key == "decimals" else value or True
        found[alias] = Known(label, **known)  # type: ignore[arg-type]
    return found


#: JD Edwards: the two letters of the table come first (RPAN8 in F03B11, ABAN8 in F0101).
JDE = Dictionary("JD Edwards", _read("""
AN8 Customer Number
ALKY Alternate Address Key
PA8 Parent Number
SHAN Ship To Number
PYR Payer Number
ALPH Alpha Name
MLNM Mailing Name
AT1 Search Type
DOC Document Number
DCT Document Type|udc=00/DT
KCO Document Company
SFX Pay Item
DOCO Order Number
DCTO Order Type|udc=00/DT
KCOO Order Company
SDOC Sales Document Number
SDCT Sales Document Type
SKCO Sales Order Company
LNID Line Number|decimals=3
DIVJ Invoice Date|date=cyyddd
DDJ Due Date|date=cyyddd
DDNJ Net Due Date|date=cyyddd
DGJ GL Date|date=cyyddd
TRDJ Order Date|date=cyyddd
DRQJ Requested Date|date=cyyddd
PDDJ Promised Date|date=cyyddd
ADDJ Actual Ship Date|date=cyyddd
OPDJ Original Promised Date|date=cyyddd
IVD Invoice Date|date=cyyddd
CNDJ Cancel Date|date=cyyddd
UPMJ Date Updated|date=cyyddd
DMTJ Payment Date|date=cyyddd
EFTJ Effective From|date=cyyddd
EXDJ Expired Date|date=cyyddd
EFTB Effective From|date=cyyddd
DTEJ Entered Date|date=cyyddd
DAOJ Date Opened|date=cyyddd
UPMT Time Updated
TDAY Time Of Day
AG Gross Amount|decimals=2
AAP Open Amount|decimals=2
ACR Foreign Amount|decimals=2
FAP Foreign Open Amount|decimals=2
ATXA Taxable Amount|decimals=2
ATXN Non Taxable Amount|decimals=2
STAM Tax Amount|decimals=2
ADSC Discount Available|decimals=2
ADSA Discount Taken|decimals=2
OTOT Order Total|decimals=2
FCST Foreign Total|decimals=2
AEXP Extended Amount|decimals=2
UPRC Unit Price|decimals=4
UNCS Unit Cost|decimals=4|hidden
ECST Extended Cost|decimals=2|hidden
FUP Foreign Unit Price|decimals=4
ACL Credit Limit|decimals=0
CRCD Currency Code
CRCA Currency Of Amounts
BCRC Base Currency
CRR Exchange Rate
CRRM Currency Mode
ITM Short Item Number
LITM Item Number
AITM Third Item Number
DSC1 Description
DL01 Description
DSC2 Description Line Two
SRTX Search Text
UOM Unit Of Measure
UOM1 Primary Unit
UOM2 Secondary Unit
UOM4 Pricing Unit
UORG Quantity Ordered
SOQS Quantity Shipped
SOBK Quantity Backordered
SOCN Quantity Cancelled
PQOH Quantity On Hand
PBCK Quantity Backordered
PREQ Quantity On Order
HCOM Reserved Quantity
PCOM Softly Reserved Quantity
QWBO Quantity On Work Order
MCU Warehouse Code
EMCU Header Business Unit
MMCU Branch
LOCN Bin Location
LOTN Lot Number
LNTY Line Type
NXTR Next Status|udc=40/AT
LTTR Last Status|udc=40/AT
STKT Stocking Type|udc=41/I
GLPT GL Class
CO Company Code
PST Payment Status
PTC Payment Terms
TRAR Payment Terms
RYIN Payment Method|udc=00/PY
VR01 Customer PO Number
VR02 Reference Two
RMK Remark
FRTH Freight Handling
CARS Carrier Number
TXA1 Tax Code
EXR1 Tax Explanation Code
TX2 Tax Number
TAX Tax Number
LNGP Language
CM Hold Code
HOLD Hold Code
CLS Credit Class
SLSM Salesrep Number
TORG Originator User
USER User Id
PID Program Id
JOBN Work Station
ADD1 Street
ADD2 Address Line Two
ADDZ Postal Code
CTY1 City
ADDS Region
CTR Country
PH1 Phone
SRP1 Item Group|udc=41/S1
PRP1 Commodity Class
ASII Asset Number
NUMB Asset Number
APID Unit Number
DSL Serial Number
PYID Payment Id
CKNU Payment Number
CKAM Payment Amount|decimals=2
AAAJ Applied Amount|decimals=2
DKJ Payment Date|date=cyyddd
DMTJ Receipt Date|date=cyyddd
RC5 File Line Identifier
RSCO Reason Code
POST Posted Code
DGL GL Date|date=cyyddd
ICUT Batch Type
ICU Batch Number
DICJ Batch Date|date=cyyddd
"""), cut=2)  # fmt: skip

SAP = Dictionary("SAP", _read("""
MANDT Tenant
VBELN Document Number
POSNR Line Number
KUNNR Customer Number
KUNAG Customer Number
KUNRG Payer Number
KUNWE Ship To Number
NAME1 Customer Name
NAME2 Name Line Two
STRAS Street
PSTLZ Postal Code
ORT01 City
REGIO Region
LAND1 Country Code
TELF1 Phone
TELFX Fax
STCEG Tax Number
SPRAS Language
KTOKD Customer Group
ERDAT Created Date|date=yyyymmdd
AEDAT Changed Date|date=yyyymmdd
ERNAM Created By User
ERZET Created Time
LOEVM Deleted
LVORM Deleted
LOEKZ Deleted
AUFSD Order Blocked
LIFSD Delivery Blocked
FAKSD Billing Blocked
MATNR Item Number
MAKTX Item Description
MTART Item Type
MATKL Item Group
MEINS Unit
BRGEW Gross Weight
NTGEW Net Weight
GEWEI Weight Unit
EAN11 EAN
FKDAT Invoice Date|date=yyyymmdd
FKART Invoice Type
FKSTO Cancelled
NETWR Net Amount
MWSBK Tax Amount
MWSBP Tax Amount
WAERK Currency
WAERS Currency
KURRF Exchange Rate
ZTERM Payment Terms
VKORG Sales Organization
VTWEG Distribution Channel
SPART Division Code
BUKRS Company Code
GJAHR Fiscal Year
BELNR Document Number
BUZEI Line Number
BLDAT Document Date|date=yyyymmdd
BUDAT Posting Date|date=yyyymmdd
ZFBDT Baseline Date|date=yyyymmdd
NETDT Due Date|date=yyyymmdd
FAEDT Due Date|date=yyyymmdd
WRBTR Amount
DMBTR Amount Local
SHKZG Debit Credit Code
XBLNR Reference
AUGDT Clearing Date|date=yyyymmdd
AUGBL Clearing Document
AUART Order Type
AUDAT Order Date|date=yyyymmdd
BSTNK Customer PO Number
BSTKD Customer PO Number
VDATU Requested Date|date=yyyymmdd
GBSTK Status
KWMENG Ordered Quantity
FKIMG Invoiced Quantity
LFIMG Shipped Quantity
VRKME Unit
NETPR Unit Price
ARKTX Item Description
WERKS Warehouse Code
LGORT Storage Bin
AUBEL Sales Order Number
AUPOS Sales Order Line
VGBEL Reference Document
VGPOS Reference Line
WADAT Planned Date|date=yyyymmdd
WADAT_IST Actual Ship Date|date=yyyymmdd
LFART Shipment Type
LFDAT Delivery Due Date|date=yyyymmdd
LABST Quantity On Hand
UMLME Quantity In Transit
INSME Quality Quantity
SPEME Blocked Quantity
EQUNR Asset Number
SERNR Serial Number
EQKTX Asset Name
GWLDT Warranty From|date=yyyymmdd
GWLEN Warranty To|date=yyyymmdd
INBDT Install Date|date=yyyymmdd
HERST Manufacturer
TYPBZ Model
BAUJJ Construction Year
STPRS Standard Cost|hidden
VERPR Moving Cost|hidden
"""))  # fmt: skip

#: Infor M3 (Movex) and its kin: four letters, two for the thing and two for what it is.
M3 = Dictionary("Infor M3", _read("""
CONO Company Code
DIVI Division
CUNO Customer Number
CUNM Customer Name
CUCD Currency
CUOR Customer PO Number
CUGR Customer Group
CUTP Customer Type
PYNO Payer Number
TEPY Payment Terms
TEDL Incoterm
TECD Incoterm
MODL Delivery Method
SMCD Salesrep Code
SLSP Salesrep Code
CRLM Credit Limit
ITNO Item Number
ITDS Item Name
ITGR Item Group
ITTY Item Type
ITCL Item Class
FUDS Description
UNMS Unit
ALUN Alternate Unit
SAPR Sales Price
GRWE Gross Weight
NEWE Net Weight
VOL3 Volume
WHLO Warehouse Code
WHNM Warehouse Name
WHTY Warehouse Type
FACI Facility
STQT On Hand Quantity
ALQT Reserved Quantity
REQT Reserved Quantity
AVAL Available Quantity
ORNO Order Number
ORTP Order Type
ORTY Order Type
ORST Order Status
ORDT Order Date
PONR Line Number
POSX Line Suffix
ORQT Ordered Quantity
DLQT Shipped Quantity
IVQT Invoiced Quantity
RNQT Open Quantity
LNAM Line Amount
NTAM Net Amount
TXAM Tax Amount
VTAM Tax Amount
GRAM Gross Amount
OPAM Open Amount
DIPC Discount Percent
VTCD Tax Code
VTRT Tax Rate
DWDT Requested Date
RLDT Requested Date
CODT Confirmed Date
DLIX Shipment Number
DLNO Shipment Number
DSDT Shipment Date
IVNO Invoice Number
IVDT Invoice Date
IVTP Invoice Type
DUDT Due Date
ACDT Posting Date
VONO Voucher Number
ARAT Exchange Rate
EXRT Exchange Rate
CUAM Amount
ACAM Amount Local
PYTP Payment Type
PYME Payment Method
PYCD Payment Method
BANO Lot Number
SERN Serial Number
PRRF Price List Code
VFDT Valid From
LVDT Valid To
FVDT Valid From
RGDT Created Date
RGTM Created Time
LMDT Changed Date
CHID Changed By User
STAT Status
TOWN City
PONO Postal Code
CSCD Country
ECAR Region
CUA1 Street
ADR1 Street
PHNO Phone
MAIL Email
LNCD Language
UCOS Unit Cost|hidden
APPR Average Cost|hidden
CRL2 Credit Limit
PHNO Phone Number
NTLA Net Amount
BRLA Gross Amount
ORSL Lowest Status
EXIN External Invoice
CINO Invoice Number
BLCD Blocked
"""), may_cut=(2,))  # fmt: skip

#: ERPs whose names mostly speak: what those that do not mean. Read where a table is known to be theirs.
DOLIBARR = Dictionary("Dolibarr", _read("""
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
ODOO = Dictionary("Odoo", _read("""
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
EBS = Dictionary("Oracle E-Business Suite", _read("""
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
B1 = Dictionary("SAP Business One", _read("""
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
AX = Dictionary("Dynamics AX", _read("""
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
IDEMPIERE = Dictionary("iDempiere", _read("""
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
LEDGERSMB = Dictionary("LedgerSMB", _read("""
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
SAGE100 = Dictionary("Sage 100", _read("""
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
