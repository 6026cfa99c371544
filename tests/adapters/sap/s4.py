"""A small S/4HANA for the tests: its services by their public names, reduced to what our catalog reads, and a business.

Numbers of documents are shown without their zeros, as the services of S/4HANA show them.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.adapters.sap.gateway import Gateway, Row, metadata

#: Per entity its fields: `*` for the key, S text, D number, B Boolean, T day, O moment, with length or digits; `u` is
#: written in capitals, `-` can neither be filtered nor sorted.
ENTITIES = {
    "API_BILLING_DOCUMENT_SRV": {
        "A_BillingDocument": """*BillingDocument:S10u SDDocumentCategory:S4 LastChangeDateTime:O7 SalesOrganization:S4u
            BillingDocumentDate:T BillingDocumentIsCancelled:B CancelledBillingDocument:S10u TotalNetAmount:D16.3
            TransactionCurrency:S5u TaxAmount:D14.3 TotalGrossAmount:D17.3 PayerParty:S10u CustomerPaymentTerms:S4u
            CompanyCode:S4u FiscalYear:S4 AccountingDocument:S10u AbsltAccountingExchangeRate:D9.5 SoldToParty:S10u
            PurchaseOrderByCustomer:S35 InvoiceClearingStatus:S1u""",
        "A_BillingDocumentItem": """*BillingDocument:S10u *BillingDocumentItem:S6 Material:S40u
            BillingDocumentItemText:S40 BillingQuantity:D13.3 BillingQuantityUnit:S3 NetAmount:D16.3
            TransactionCurrency:S5u TaxAmount:D14.3 ReferenceSDDocument:S10u ReferenceSDDocumentItem:S6
            ReferenceSDDocumentCategory:S4 SalesDocument:S10u SalesDocumentItem:S6""",
    },
    "API_OPLACCTGDOCITEMCUBE_SRV": {
        "A_OperationalAcctgDocItemCube": """*CompanyCode:S4u *FiscalYear:S4 *AccountingDocument:S10u
            *AccountingDocumentItem:S3 FinancialAccountType:S1u AccountingDocumentType:S2u DebitCreditCode:S1u
            Customer:S10u CustomerName:S80 PostingDate:T ValueDate:T NetDueDate:T CashDiscount1DueDate:T
            CashDiscount1Percent:D5.3 TransactionCurrency:S5u AmountInTransactionCurrency:D24.3 CompanyCodeCurrency:S5u
            AmountInCompanyCodeCurrency:D24.3 IsCleared:B ClearingDate:T ClearingAccountingDocument:S10u
            ClearingIsReversed:B InvoiceReference:S10u InvoiceReferenceFiscalYear:S4 DunningLevel:S1
            DunningBlockingReason:S1u LastDunningDate:T PaymentBlockingReason:S1u DocumentItemText:S50""",
    },
    "API_MATERIAL_STOCK_SRV": {
        "A_MatlStkInAcctMod": """*Material:S40u *Plant:S4u *StorageLocation:S4u *Batch:S10u *Supplier:S10u *Customer:S10u
            *WBSElementInternalID:S24 *SDDocument:S10u *SDDocumentItem:S6 *InventorySpecialStockType:S1u
            *InventoryStockType:S2u MaterialBaseUnit:S3 MatlWrhsStkQtyInMatlBaseUnit:D31.14""",
    },
    "API_BUSINESS_PARTNER": {
        "A_BuPaAddressUsage": "*BusinessPartner:S10 *ValidityEndDate:O *AddressUsage:S10 *AddressID:S10",
        "A_BusinessPartner": "*BusinessPartner:S10 CorrespondenceLanguage:S2 Customer:S10 OrganizationBPName2:S40",
        "A_BusinessPartnerAddress": """*BusinessPartner:S10 *AddressID:S10 CityName:S40 Country:S3 PostalCode:S10
            Region:S3 StreetName:S60""",
        "A_Customer": """*Customer:S10 BillingIsBlockedForCustomer:S2 CreationDate:T CustomerName:S80 DeletionIndicator:B
            DeliveryIsBlocked:S2 OrderIsBlockedForCustomer:S2 VATRegistration:S20""",
    },
    "API_EQUIPMENT": {
        "Equipment": """*Equipment:S18u *ValidityEndDate:T AssetManufacturerName:S30 ConstructionYear:S4u
            EquipmentIsAtCustomer:B EquipmentIsInactive:B EquipmentIsInstalled:B EquipmentIsMarkedForDeletion:B
            EquipmentName:S40 FunctionalLocationName:S40 LastChangeDateTime:O MaintenancePlant:S4u
            ManufacturerPartTypeName:S20 Material:S40u OperationStartDate:T SerialNumber:S18u
            SuperordinateEquipment:S18u""",
        "EquipmentPartner": "*Equipment:S18u *PartnerFunction:S2u *EquipmentPartnerObjectNmbr:S6 Partner:S12u",
        "EquipmentWarranty": "*Equipment:S18u *WarrantyType:S1u WarrantyEndDate:T WarrantyStartDate:T",
    },
    "API_OUTBOUND_DELIVERY_SRV;v=2": {
        "A_OutbDeliveryHeader": """*DeliveryDocument:S10- ActualGoodsMovementDate:T- BillOfLading:S35- DeliveryDate:T-
            IncotermsClassification:S3- OverallGoodsMovementStatus:S1- OverallPackingStatus:S1- OverallPickingStatus:S1-
            OverallProofOfDeliveryStatus:S1- PlannedGoodsIssueDate:T- ProofOfDeliveryDate:T- SDDocumentCategory:S4-
            ShipToParty:S10-""",
        "A_OutbDeliveryItem": """*DeliveryDocument:S10- *DeliveryDocumentItem:S6- ActualDeliveryQuantity:D13.3-
            Batch:S10- DeliveryDocumentItemText:S40- DeliveryQuantityUnit:S3- Material:S40-
            OriginalDeliveryQuantity:D13.3- ReferenceSDDocument:S10- ReferenceSDDocumentCategory:S4-
            ReferenceSDDocumentItem:S6-""",
    },
    "API_PRODUCT_SRV": {
        "A_Product": """*Product:S40u BaseUnit:S3 CountryOfOrigin:S3u IsBatchManagementRequired:B IsMarkedForDeletion:B
            IsRelevantForHzdsSubstances:B LastChangeDateTime:O7 ProductGroup:S9u ProductManufacturerNumber:S40u
            ProductStandardID:S18u ProductType:S4u SerialNumberProfile:S4u""",
        "A_ProductDescription": "*Product:S40u *Language:S2 ProductDescription:S40",
    },
    "API_SALES_ORDER_SRV": {
        "A_SalesOrder": """*SalesOrder:S10u AccountingExchangeRate:D9.5 CustomerPaymentTerms:S4u DeliveryBlockReason:S2u
            HeaderBillingBlockReason:S2u IncotermsClassification:S3u LastChangeDateTime:O7 OverallSDProcessStatus:S1u
            OverallTotalDeliveryStatus:S1u PurchaseOrderByCustomer:S35 RequestedDeliveryDate:T SalesOrderDate:T
            SalesOrderType:S4u SalesOrganization:S4u SoldToParty:S10u TotalCreditCheckStatus:S1u TotalNetAmount:D16.3
            TransactionCurrency:S5""",
        "A_SalesOrderItem": """*SalesOrder:S10u *SalesOrderItem:S6 DeliveryStatus:S1u Material:S40u NetAmount:D16.3
            ProductionPlant:S4u RequestedQuantity:D15.3 RequestedQuantityUnit:S3 SalesOrderItemText:S40
            TransactionCurrency:S5""",
        "A_SalesOrderScheduleLine": """*SalesOrder:S10u *SalesOrderItem:S6 *ScheduleLine:S4
            ConfdOrderQtyByMatlAvailCheck:D13.3 DeliveredQtyInOrderQtyUnit:D13.3 OpenConfdDelivQtyInOrdQtyUnit:D13.3""",
    },
}
#: Fields whose zeros are not shown, with their widths.
ALPHA = dict.fromkeys(
    ("BillingDocument", "CancelledBillingDocument", "AccountingDocument", "InvoiceReference", "SalesDocument",
     "SalesOrder", "ReferenceSDDocument", "DeliveryDocument", "Customer", "BusinessPartner", "SoldToParty", "PayerParty",
     "ShipToParty", "ClearingAccountingDocument"), 10,
) | dict.fromkeys(
    ("BillingDocumentItem", "SalesDocumentItem", "SalesOrderItem", "ReferenceSDDocumentItem", "DeliveryDocumentItem"), 6
) | {"AccountingDocumentItem": 3, "Equipment": 18, "SuperordinateEquipment": 18, "ScheduleLine": 4}  # fmt: skip

_EMPTY = {"S": "", "D": Decimal(0), "B": False, "T": None, "O": None}


def fields_of(service: str, entity: str) -> dict[str, str]:
    """The fields of an entity with their types as they are written above."""
    parts = (word.partition(":") for word in ENTITIES[service][entity].split())
    return {name.removeprefix("*"): kind for name, _, kind in parts}


def _property(word: str) -> str:
    name, _, kind = word.partition(":")
    flags, facets = kind.strip("SDBTO0123456789."), kind[1:].rstrip("u-")
    types = {"S": "String", "D": "Decimal", "B": "Boolean", "T": "DateTime", "O": "DateTimeOffset"}
    found = f'<Property Name="{name.removeprefix("*")}" Type="Edm.{types[kind[0]]}"'
    if name.startswith("*"):
        found += ' Nullable="false"'
    if kind[0] == "S":
        found += f' MaxLength="{facets}"'
    if kind[0] == "D":
        found += ' Precision="{}" Scale="{}"'.format(*facets.split("."))
    if kind[0] in "TO":
        found += f' Precision="{facets or 0}"'
    if kind[0] == "T":
        found += ' sap:display-format="Date"'
    if "u" in flags:
        found += ' sap:display-format="UpperCase"'
    return found + (' sap:filterable="false" sap:sortable="false"/>' if "-" in flags else "/>")


def _described(service: str) -> str:
    types, sets = [], []
    for entity, text in ENTITIES[service].items():
        words = text.split()
        keys = "".join(f'<PropertyRef Name="{w.partition(":")[0][1:]}"/>' for w in words if w.startswith("*"))
        link = (
            '<NavigationProperty Name="to_SalesOrder" Relationship="S4.a" FromRole="i" ToRole="h"/>'
            if entity == "A_SalesOrderItem"
            else ""
        )
        properties = "".join(map(_property, words))
        types.append(f'<EntityType Name="{entity}Type"><Key>{keys}</Key>{properties}{link}</EntityType>')
        sets.append(f'<EntitySet Name="{entity}" EntityType="S4.{entity}Type"/>')
    association = (
        '<Association Name="a"><End Type="S4.A_SalesOrderItemType" Multiplicity="*" Role="i"/>'
        '<End Type="S4.A_SalesOrderType" Multiplicity="1" Role="h"/></Association>'
    )
    rest = association if service == "API_SALES_ORDER_SRV" else ""
    return metadata("".join(types), "".join(sets), rest, namespace="S4")


def row(service: str, entity: str, **values: Any) -> Row:
    """A record with ABAP's initial values for what is not given."""
    found = {name: _EMPTY[kind[0]] for name, kind in fields_of(service, entity).items()}
    odd = values.keys() - found.keys() - {"to_SalesOrder"}
    assert not odd, odd
    return {**found, **values}


# --- a business --------------------------------------------------------------------------------------------------------

D = Decimal


def _customers() -> dict[str, list[Row]]:
    bp = "API_BUSINESS_PARTNER"
    names = {
        "17100001": "Müller & Söhne",
        "17100002": "O'Neill Pumps",
        "4711": "日本バルブ",
        "17100004": "100% Retired",
    }
    partners = [
        row(bp, "A_BusinessPartner", BusinessPartner=n, Customer=n, OrganizationBPName2="KG" if at == 0 else "",
            CorrespondenceLanguage="DE")
        for at, n in enumerate(names)
    ]  # fmt: skip
    customers = [
        row(bp, "A_Customer", Customer=n, CustomerName=name, CreationDate=date(2020, 1, 1 + at),
            DeletionIndicator=at == 3, OrderIsBlockedForCustomer="01" if at == 1 else "", VATRegistration=f"DE{at}")
        for at, (n, name) in enumerate(names.items())
    ]  # fmt: skip
    end = datetime(9999, 12, 31, tzinfo=UTC)
    usage = [
        row(bp, "A_BuPaAddressUsage", BusinessPartner="17100001", ValidityEndDate=end, AddressUsage=kind, AddressID=id_)
        for kind, id_ in (("XXDEFAULT", "22"), ("GOODS", "23"))
    ]
    address = [
        row(bp, "A_BusinessPartnerAddress", BusinessPartner="17100001", AddressID=id_, CityName=city, Country="DE")
        for id_, city in (("22", "Ulm"), ("23", "Kehl"))
    ]
    return {"A_BusinessPartner": partners, "A_Customer": customers, "A_BuPaAddressUsage": usage,
            "A_BusinessPartnerAddress": address}  # fmt: skip


def _products() -> dict[str, list[Row]]:
    service, stock = "API_PRODUCT_SRV", "API_MATERIAL_STOCK_SRV"
    products = [
        row(service, "A_Product", Product=name, ProductType=kind, BaseUnit="PC", SerialNumberProfile=profile,
            LastChangeDateTime=datetime(2026, 1, at + 1, 8, tzinfo=UTC), ProductGroup="L001")
        for at, (name, kind, profile) in enumerate((("PUMP-7", "FERT", "0001"), ("GREASE", "HAWA", ""), ("VISIT", "DIEN", "")))
    ]  # fmt: skip
    texts = [
        row(service, "A_ProductDescription", Product=name, Language=language, ProductDescription=f"{name.title()} {language}")
        for name in ("PUMP-7", "GREASE")
        for language in ("DE", "EN")
    ]  # fmt: skip
    kept = [
        ("PUMP-7", "1710", "", "01", "7"), ("PUMP-7", "1710", "B1", "01", "5.500"), ("PUMP-7", "1710", "", "02", "2"),
        ("PUMP-7", "1710", "", "07", "1"), ("PUMP-7", "1720", "", "06", "3"), ("GREASE", "1710", "", "01", "-4"),
    ]  # fmt: skip
    stocks = [
        row(stock, "A_MatlStkInAcctMod", Material=m, Plant=p, Batch=b, InventoryStockType=t, MaterialBaseUnit="PC",
            MatlWrhsStkQtyInMatlBaseUnit=D(q))
        for m, p, b, t, q in kept
    ]  # fmt: skip
    stocks.append(
        row(stock, "A_MatlStkInAcctMod", Material="PUMP-7", Plant="1710", InventorySpecialStockType="K",
            InventoryStockType="01", MaterialBaseUnit="PC", MatlWrhsStkQtyInMatlBaseUnit=D(99))
    )  # fmt: skip
    return {"A_Product": products, "A_ProductDescription": texts, "A_MatlStkInAcctMod": stocks}


def _orders() -> dict[str, list[Row]]:
    service = "API_SALES_ORDER_SRV"
    heads = [
        row(service, "A_SalesOrder", SalesOrder=n, SoldToParty=c, SalesOrderType="OR", TotalNetAmount=D(net),
            TransactionCurrency="EUR", SalesOrderDate=date(2026, 1, at + 5), OverallSDProcessStatus="ABC"[at % 3],
            OverallTotalDeliveryStatus=("", "A", "C")[at % 3], TotalCreditCheckStatus=("", "B", "D")[at % 3],
            LastChangeDateTime=datetime(2026, 2, 1, at, 0, 0, 250000 * at, UTC), CustomerPaymentTerms="NT30",
            DeliveryBlockReason="01" if at == 2 else "", PurchaseOrderByCustomer=f"PO/{at}" if at else "")
        for at, (n, c, net) in enumerate(
            (("1", "17100001", "1200"), ("2", "17100002", "0.500"), ("1000", "17100001", "99999999.990"), ("900", "4711", "7"))
        )
    ]  # fmt: skip
    lines, schedule = [], []
    for head in heads:
        for at in range(12 if head["SalesOrder"] == "1" else 2):
            item = str(10 * (at + 1))
            lines.append(
                row(service, "A_SalesOrderItem", SalesOrder=head["SalesOrder"], SalesOrderItem=item, to_SalesOrder=head,
                    Material=("PUMP-7", "GREASE", "")[at % 3], RequestedQuantity=D(at + 1), RequestedQuantityUnit="PC",
                    NetAmount=D(100), TransactionCurrency="EUR", DeliveryStatus=("A", "B", "C", "")[at % 4])
            )  # fmt: skip
            schedule += [
                row(service, "A_SalesOrderScheduleLine", SalesOrder=head["SalesOrder"], SalesOrderItem=item,
                    ScheduleLine=str(n + 1), ConfdOrderQtyByMatlAvailCheck=D(n), OpenConfdDelivQtyInOrdQtyUnit=D("0.500"))
                for n in range(at % 3)
            ]  # fmt: skip
    return {"A_SalesOrder": heads, "A_SalesOrderItem": lines, "A_SalesOrderScheduleLine": schedule}


def _deliveries() -> dict[str, list[Row]]:
    service = "API_OUTBOUND_DELIVERY_SRV;v=2"
    heads = [
        row(service, "A_OutbDeliveryHeader", DeliveryDocument=f"8000000{at}", SDDocumentCategory="JTJ"[at],
            ShipToParty="17100001", OverallGoodsMovementStatus="AC"[at % 2], OverallPickingStatus="CCA"[at],
            PlannedGoodsIssueDate=date(2026, 1, 10 + at), ActualGoodsMovementDate=date(2026, 1, 11) if at == 1 else None)
        for at in range(3)
    ]  # fmt: skip
    items = [
        row(service, "A_OutbDeliveryItem", DeliveryDocument=f"8000000{at}", DeliveryDocumentItem=str(10 * n),
            ReferenceSDDocument="1", ReferenceSDDocumentItem=str(10 * n), ReferenceSDDocumentCategory="C" if n < 3 else "V",
            Material="PUMP-7", ActualDeliveryQuantity=D(n), OriginalDeliveryQuantity=D(n), DeliveryQuantityUnit="PC")
        for at in range(3)
        for n in (1, 2, 3)
    ]  # fmt: skip
    return {"A_OutbDeliveryHeader": heads, "A_OutbDeliveryItem": items}


def _billing() -> dict[str, list[Row]]:
    service = "API_BILLING_DOCUMENT_SRV"
    documents = [
        ("90000000", "M", "17100001", "1000", "190", "1", "A", ""),
        ("90000001", "O", "17100001", "100", "19", "2", "A", ""),
        ("90000002", "M", "17100002", "500", "95", "3", "C", "X"),
        ("90000003", "N", "17100002", "500", "95", "4", "C", ""),
        ("90000004", "M", "4711", "800", "0", "5", "B", ""),
        ("90000005", "U", "4711", "1", "0", "", "", ""),
    ]
    heads = [
        row(service, "A_BillingDocument", BillingDocument=n, SDDocumentCategory=c, SoldToParty=s, PayerParty=s,
            TotalNetAmount=D(net), TaxAmount=D(tax), TotalGrossAmount=D(net) + D(tax), TransactionCurrency="EUR",
            CompanyCode="1710", FiscalYear="2026", AccountingDocument=a, InvoiceClearingStatus=cleared,
            BillingDocumentIsCancelled=cancelled == "X", BillingDocumentDate=date(2026, 1, 20 + at),
            LastChangeDateTime=datetime(2026, 1, 20, 10, at, tzinfo=UTC),
            CancelledBillingDocument="90000002" if c == "N" else "")
        for at, (n, c, s, net, tax, a, cleared, cancelled) in enumerate(documents)
    ]  # fmt: skip
    items = [
        row(service, "A_BillingDocumentItem", BillingDocument=head["BillingDocument"], BillingDocumentItem=str(10 * n),
            Material="PUMP-7", BillingQuantity=D(n), BillingQuantityUnit="PC", NetAmount=head["TotalNetAmount"] / 2,
            TransactionCurrency="EUR", SalesDocument="1", SalesDocumentItem=str(10 * n), ReferenceSDDocument="80000000",
            ReferenceSDDocumentItem=str(10 * n), ReferenceSDDocumentCategory="J" if n == 1 else "C")
        for head in heads
        for n in (1, 2)
    ]  # fmt: skip
    return {"A_BillingDocument": heads, "A_BillingDocumentItem": items, "A_OperationalAcctgDocItemCube": _ledger()}


def _ledger() -> list[Row]:
    """Invoices in part paid, in instalments, cleared; payments of all kinds; items of other accounts."""
    made: Mapping[str, Any] = {"CompanyCode": "1710", "FiscalYear": "2026", "TransactionCurrency": "EUR",
                               "CompanyCodeCurrency": "USD"}  # fmt: skip
    items: list[tuple[str, str, str, str, str, str, dict[str, Any]]] = [
        ("1", "1", "D", "RV", "17100001", "1190", {"NetDueDate": date(2026, 2, 20), "DunningLevel": "2",
                                                   "PaymentBlockingReason": "A"}),
        ("1", "2", "S", "RV", "", "-1190", {}),
        ("2", "1", "D", "RV", "17100001", "-119", {"NetDueDate": date(2026, 1, 21), "DunningLevel": "0"}),
        ("3", "1", "D", "RV", "17100002", "595", {"IsCleared": True, "ClearingAccountingDocument": "4",
                                                  "ClearingDate": date(2026, 1, 23), "DunningLevel": "0"}),
        ("4", "1", "D", "RV", "17100002", "-595", {"IsCleared": True, "DunningLevel": "0"}),
        ("5", "1", "D", "RV", "4711", "400", {"NetDueDate": date(2026, 3, 1), "DunningLevel": "0"}),
        ("5", "2", "D", "RV", "4711", "400", {"NetDueDate": date(2026, 4, 1), "DunningLevel": "0"}),
        ("1400000001", "1", "D", "DZ", "17100001", "-200", {"InvoiceReference": "1", "DocumentItemText": "part of 90000000",
                                                           "InvoiceReferenceFiscalYear": "2026", "DebitCreditCode": "H"}),
        ("1400000002", "1", "D", "DZ", "17100002", "-10.500", {"IsCleared": True, "DebitCreditCode": "H"}),
        ("1400000003", "1", "D", "DZ", "17100002", "3", {"IsCleared": True, "DebitCreditCode": "S",
                                                        "ClearingIsReversed": True}),
    ]  # fmt: skip
    return [
        row("API_OPLACCTGDOCITEMCUBE_SRV", "A_OperationalAcctgDocItemCube", **made, AccountingDocument=number,
            AccountingDocumentItem=item, FinancialAccountType=account, AccountingDocumentType=kind, Customer=customer,
            AmountInTransactionCurrency=D(amount), AmountInCompanyCodeCurrency=D(amount) * 2,
            PostingDate=date(2026, 1, 25), **more)
        for number, item, account, kind, customer, amount, more in items
    ]  # fmt: skip


def _equipment() -> dict[str, list[Row]]:
    service = "API_EQUIPMENT"
    slices: list[tuple[str, date, dict[str, Any]]] = [
        ("10000001", date(9999, 12, 31), {"EquipmentIsAtCustomer": True, "ConstructionYear": "2019"}),
        ("10000001", date(2024, 5, 1), {}),
        ("10000002", date(9999, 12, 31), {"SuperordinateEquipment": "10000001"}),
        ("FORK-LIFT", date(9999, 12, 31), {"EquipmentIsMarkedForDeletion": True, "EquipmentIsAtCustomer": True}),
    ]
    found = [
        row(service, "Equipment", Equipment=n, ValidityEndDate=end, EquipmentName=f"Equipment {n}", Material="PUMP-7",
            SerialNumber=f"SN{n}", LastChangeDateTime=datetime(2026, 1, 1, tzinfo=UTC), **more)
        for n, end, more in slices
    ]  # fmt: skip
    warranty = [
        row(
            service, "EquipmentWarranty", Equipment="10000001", WarrantyType=kind, WarrantyEndDate=date(2027, 1, at + 1)
        )
        for at, kind in enumerate("IO")
    ]
    partner = [
        row(service, "EquipmentPartner", Equipment="10000001", PartnerFunction=f, EquipmentPartnerObjectNmbr="1", Partner=p)
        for f, p in (("SP", "17100001"), ("SH", "17100002"))
    ]  # fmt: skip
    return {"Equipment": found, "EquipmentWarranty": warranty, "EquipmentPartner": partner}


def system(page: int = 100) -> Gateway:
    """The system with its business, not running yet. ``page`` is where it cuts its answers."""
    rows = {**_customers(), **_products(), **_orders(), **_deliveries(), **_billing(), **_equipment()}
    return Gateway(
        rows,
        more={service: _described(service) for service in ENTITIES},
        alpha=ALPHA,
        mute=frozenset({"A_OutbDeliveryHeader", "A_OutbDeliveryItem"}),
        page=page,
    )
