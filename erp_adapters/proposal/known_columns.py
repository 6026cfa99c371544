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


def read_lines(lines: str) -> dict[str, Known]:
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
JDE = Dictionary("JD Edwards", read_lines("""
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

SAP = Dictionary("SAP", read_lines("""
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
M3 = Dictionary("Infor M3", read_lines("""
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
