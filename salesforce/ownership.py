"""Who owns which data: per object of Salesforce that has to do with the ERP, and per field that comes from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from edm.model import EntitySet, Property, ServiceMetadata
from salesforce.field_types import field_name, object_name

SALESFORCE = "Salesforce"
#: How all ERP data come: asked for when a page is opened, and not kept.
DIRECTION, TIMING = "ERP to Salesforce", "live, when a page, a report or a query asks"
NOTHING, NEVER = "none", "not exchanged"
#: What the catalog marks as writable will be, once the service takes writes.
YES, NO, LATER = "yes", "no", "not yet"


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of Salesforce, the sets that say something about it, and who keeps its own records right."""

    object: str
    sets: tuple[str, ...] = ()
    kept_by: str = "administrators of Salesforce"


#: Account and Product2 are Salesforce's own records with the ERP's number; what else has sets is the ERP's alone.
SUBJECTS = (
    Subject("Account", ("Customers",), "sales, who enter the ERP's customer number"),
    Subject("Contact", (), "sales"),
    Subject("Product2", ("Items",), "product management, who enter the ERP's item number"),
    Subject("PricebookEntry", ("Prices",), "product management"),
    Subject("Quote", (), "sales"),
    Subject("Order", ("SalesOrders", "SalesOrderLines")),
    Subject("Invoice", ("Invoices", "InvoiceLines", "InvoiceTaxLines")),
    Subject("Payment", ("Payments", "PaymentAllocations")),
    Subject("Inventory", ("Inventory", "Warehouses")),
    Subject("Shipment", ("Shipments", "ShipmentLines")),
    Subject("Asset", ("Assets",)),
    Subject("Case", (), "service"),
)


@dataclass(frozen=True, slots=True)
class Owned:
    """One line of the matrix. ``field`` is empty in the line of a whole object, ``source`` where nothing is published.
    ``writable`` tells whether it can be changed in Salesforce; ``errors`` who puts right what is wrong.
    """

    object: str
    field: str
    source: str
    system_of_record: str
    direction: str
    timing: str
    writable: str
    errors: str


def matrix(metadata: ServiceMetadata) -> Iterator[Owned]:
    """For each subject its lines: the object itself, then the fields of its sets. Sets that no subject names follow as
    subjects of their own, so that nothing published is without an owner.
    """
    named = {name for subject in SUBJECTS for name in subject.sets}
    others = (
        Subject(entity_set.name, (entity_set.name,)) for entity_set in metadata.sets if entity_set.name not in named
    )
    for subject in (*SUBJECTS, *others):
        sets = [found for name in subject.sets if (found := metadata.entity_set(name)) is not None]
        yield _whole(subject, sets)
        for entity_set in sets:
            yield from (_field(subject, entity_set, item) for item in entity_set.type.properties)


def _whole(subject: Subject, sets: list[EntitySet]) -> Owned:
    if not sets:
        return Owned(subject.object, "", "", SALESFORCE, NOTHING, NEVER, YES, subject.kept_by)
    records = ", ".join(dict.fromkeys(entity_set.system_of_record for entity_set in sets))
    names = ", ".join(object_name(entity_set.name) for entity_set in sets)
    return Owned(subject.object, "", names, records, DIRECTION, TIMING, NO, f"{records}; {subject.kept_by}")


def _field(subject: Subject, entity_set: EntitySet, item: Property) -> Owned:
    record = entity_set.system_of_record
    source = f"{object_name(entity_set.name)}.{field_name(item.name)}"
    writable = LATER if item.writable else NO
    return Owned(subject.object, item.label, source, record, DIRECTION, TIMING, writable, record)
