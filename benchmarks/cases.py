"""What is asked of both services. Each case is one question that Salesforce asks in the course of a day."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks.clients import Client, Question

LISTED = "InvoiceNumber,Status,InvoiceDate,DueDate,Currency,GrossAmount,CustomerNumber,CustomerName"
SHOWN = (
    "InvoiceNumber,InvoiceType,Status,InvoiceDate,PostingDate,DueDate,Currency,NetAmount,TaxAmount,GrossAmount,"
    "OpenAmount,DaysOverdue,DunningLevel,DisputeReason,PaymentTerms,CustomerNumber,CustomerName,SalesOrderNumber,"
    "SalesRepName,ChangedAt"
)
LINE = (
    "InvoiceLineKey,InvoiceNumber,LineNumber,ItemNumber,Description,Quantity,Unit,UnitPrice,NetAmount,"
    "TaxRate,TaxAmount,Currency"
)
FOUND = "CustomerNumber,CustomerName,Currency,Balance,City,Country"
ITEM = "ItemNumber,ItemName,Status,Unit,ListPrice,ListPriceCurrency"

#: Rows of a page in the cases about deep pages, and of the largest page.
DEEP_PAGE, LARGEST_PAGE = 500, 2_000
TERMS = 150


@dataclass(frozen=True, slots=True)
class Case:
    """A question to ``first`` and one to ``second``; ``same`` tells that the rows must be equal."""

    name: str
    what: str
    first: Question
    second: Question
    same: bool = True


def cases(ours: Client, baseline: Client) -> tuple[Case, ...]:
    """All cases; some ask for rows that have to be found first."""
    number = _a_dull_invoice(baseline)
    numbers = _some_items(ours)
    deep, skip = _last_pages(ours)
    first = _ours("InvoiceLines", DEEP_PAGE, select=LINE)
    return (
        Case(
            "list view",
            "26 of 699 invoices by status, 8 columns, counted, sorted by due date",
            _ours(
                "Invoices", select=LISTED, filter="Status eq 'Open'", orderby="DueDate desc", top="26",
                count="true",
            ),
            _theirs("invoices?status=Open&top=26"),
        ),
        Case(
            "detail",
            "one invoice by a condition on its key, 20 columns",
            _ours("Invoices", select=SHOWN, filter=f"InvoiceNumber eq '{number}'"),
            _theirs(f"invoice-list/{number}"),
        ),
        Case(
            "entity",
            "the same by its URL, with an ETag of all 47 properties",
            _ours(f"Invoices('{number}')", select=SHOWN),
            _theirs(f"invoices/{number}"),
        ),
        Case(
            "related list",
            "26 invoices of a customer, 8 columns, counted, the newest first",
            _ours(
                "Invoices", select=LISTED, filter="CustomerNumber eq 'C-100042'", orderby="InvoiceDate desc",
                top="26", count="true",
            ),
            _theirs("invoices?customer=C-100042&top=26"),
        ),
        Case(
            "2,000-row page",
            "the first 2,000 invoice lines, 12 columns",
            _ours("InvoiceLines", LARGEST_PAGE, select=LINE),
            _theirs(f"invoice-lines?top={LARGEST_PAGE}"),
        ),
        Case(
            "first page",
            f"the first {DEEP_PAGE} invoice lines, 12 columns",
            first,
            _theirs(f"invoice-lines?top={DEEP_PAGE}"),
        ),
        Case(
            "deep page",
            f"the last full page of {DEEP_PAGE} of them: our next link, their OFFSET {skip:,}",
            deep,
            _theirs(f"invoice-lines?top={DEEP_PAGE}&skip={skip}"),
        ),
        Case(
            "search",
            "a word in 6 columns of the customers, 26 rows",
            _ours("Customers", select=FOUND, search="Pump", top="26"),
            _theirs("customers?search=Pump&top=26"),
        ),
        Case(
            f"{TERMS} keys",
            f"items by {TERMS} comparisons of the key, joined by or",
            _ours("Items", select=ITEM, filter=" or ".join(f"(ItemNumber eq '{n}')" for n in numbers)),
            _theirs("items?numbers=" + ",".join(numbers)),
        ),
        Case(
            "deep / first (ours)",
            "our deep page against our first page",
            deep,
            first,
            same=False,
        ),
        Case(
            "deep / first (theirs)",
            "their deep page against their first page",
            _theirs(f"invoice-lines?top={DEEP_PAGE}&skip={skip}"),
            _theirs(f"invoice-lines?top={DEEP_PAGE}"),
            same=False,
        ),
    )  # fmt: skip


def rows(body: bytes) -> list[list[tuple[str, Any]]]:
    """The rows of an answer: members in their order, numbers with all their digits, nothing else."""
    pairs: list[tuple[str, Any]] = json.loads(body, parse_float=Decimal, object_pairs_hook=list)
    found = dict(pairs).get("value")
    entities = [pairs] if found is None else found
    return [[(name, _exact(value)) for name, value in row if not name.startswith("@")] for row in entities]


def _exact(value: Any) -> Any:
    """Decimal("1.50") equals Decimal("1.5"), but not here."""
    return str(value) if isinstance(value, Decimal) else value


def count(body: bytes) -> int | None:
    found = json.loads(body).get("@odata.count")
    assert found is None or isinstance(found, int)
    return found


def _ours(path: str, page: int | None = None, **options: str) -> Question:
    query = "&".join(f"%24{name}={quote(value, safe='')}" for name, value in options.items())
    headers = (("Prefer", f"odata.maxpagesize={page}"),) if page else ()
    return Question("ours", f"/odata/v4/{quote(path, safe='()')}?{query}", headers)


def _theirs(target: str) -> Question:
    return Question("baseline", f"/{target}")


def _a_dull_invoice(baseline: Client) -> str:
    """An invoice like most: paid, in the middle of its list."""
    listed = rows(baseline.prepare(_theirs("invoices?status=Paid&top=500"))())
    return str(dict(listed[-1])["InvoiceNumber"])


def _some_items(ours: Client) -> Sequence[str]:
    listed = rows(ours.prepare(_ours("Items", LARGEST_PAGE, select="ItemNumber"))())
    return [str(dict(row)["ItemNumber"]) for row in listed[:: len(listed) // TERMS]][:TERMS]


def _last_pages(ours: Client) -> tuple[Question, int]:
    """The last full page, found by following next links as a client does, and the rows before it."""
    full = question = _ours("InvoiceLines", DEEP_PAGE, select=LINE)
    pages = 0
    while True:
        body = json.loads(ours.prepare(question)())
        if len(body["value"]) == DEEP_PAGE:
            full, pages = question, pages + 1
        if "@odata.nextLink" not in body:
            return full, DEEP_PAGE * (pages - 1)
        link = urlsplit(body["@odata.nextLink"])
        question = Question("ours", f"{link.path}?{link.query}", question.headers)
