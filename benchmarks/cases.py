"""What is asked of both services. Each case is one question that Salesforce asks in the course of a day."""

import json
import random
import re
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
#: As many comparisons of a key as fit in a URL.
TERMS = 150


@dataclass(frozen=True, slots=True)
class Case:
    """Questions to ``first`` and to ``second``, asked one after the other and then again from the beginning.

    ``same`` tells that they are the same questions, so that the rows must be equal.
    """

    name: str
    what: str
    first: tuple[Question, ...]
    second: tuple[Question, ...]
    same: bool = True


def cases(ours: Client, baseline: Client, variants: int) -> tuple[Case, ...]:
    """All cases. A question with a key or a word in it comes in up to ``variants`` forms, as it does in reality, so
    that nobody answers it from a cache of statements; a list or a first page is asked for again and again.
    """
    numbers, names = _customers(ours)
    invoices = _invoices(baseline, variants)
    keys = _some_items(ours, variants)
    words = _words(names)[:variants]
    pages = _last_pages(ours, variants)
    deep, offsets = tuple(page for page, _ in pages), tuple(_lines(DEEP_PAGE, skip) for _, skip in pages)
    first = (_ours("InvoiceLines", DEEP_PAGE, select=LINE),)
    return (
        Case(
            "list view",
            "26 of 699 invoices by status, 8 columns, counted, sorted by due date",
            (_listed("Status eq 'Open'", "DueDate desc"),),
            (_theirs("invoices?status=Open&top=26"),),
        ),
        Case(
            "detail",
            "one invoice by a condition on its key, 20 columns",
            tuple(_ours("Invoices", select=SHOWN, filter=f"InvoiceNumber eq '{n}'") for n in invoices),
            tuple(_theirs(f"invoice-list/{n}") for n in invoices),
        ),
        Case(
            "entity",
            "the same by its URL, with an ETag of all 47 properties",
            tuple(_ours(f"Invoices('{n}')", select=SHOWN) for n in invoices),
            tuple(_theirs(f"invoices/{n}") for n in invoices),
        ),
        Case(
            "related list",
            "up to 26 invoices of a customer, 8 columns, counted, the newest first",
            tuple(_listed(f"CustomerNumber eq '{n}'", "InvoiceDate desc") for n in numbers[:variants]),
            tuple(_theirs(f"invoices?customer={number}&top=26") for number in numbers[:variants]),
        ),
        Case(
            "2,000-row page",
            "the first 2,000 invoice lines, 12 columns",
            (_ours("InvoiceLines", LARGEST_PAGE, select=LINE),),
            (_lines(LARGEST_PAGE),),
        ),
        Case(
            "first page",
            f"the first {DEEP_PAGE} invoice lines, 12 columns",
            first,
            (_lines(DEEP_PAGE),),
        ),
        Case(
            "deep page",
            f"the last pages of {DEEP_PAGE} of them: our next links, their OFFSET",
            deep,
            offsets,
        ),
        Case(
            "search",
            "a word in 6 columns of the customers, up to 26 rows",
            tuple(_ours("Customers", select=FOUND, search=word, top="26") for word in words),
            tuple(_theirs(f"customers?search={word}&top=26") for word in words),
        ),
        Case(
            f"{TERMS} keys",
            f"items by {TERMS} comparisons of the key, joined by or",
            tuple(_ours("Items", select=ITEM, filter=_chain(wanted)) for wanted in keys),
            tuple(_theirs("items?numbers=" + ",".join(wanted)) for wanted in keys),
        ),
        Case("deep / first (ours)", "our deep pages against our first page", deep, first, same=False),
        Case(
            "deep / first (theirs)",
            "their deep pages against their first page",
            offsets,
            (_lines(DEEP_PAGE),),
            same=False,
        ),
    )


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


def _lines(top: int, skip: int = 0) -> Question:
    return _theirs(f"invoice-lines?top={top}&skip={skip}")


def _listed(condition: str, order: str) -> Question:
    return _ours("Invoices", select=LISTED, filter=condition, orderby=order, top="26", count="true")


def _chain(keys: Sequence[str]) -> str:
    """As Salesforce writes it for IN."""
    return " or ".join(f"(ItemNumber eq '{key}')" for key in keys)


# --- what to ask for ----------------------------------------------------------------------------------------


def _column(client: Client, question: Question, *names: str) -> list[tuple[str, ...]]:
    listed = [dict(row) for row in rows(client.prepare(question)())]
    return [tuple(str(row[name]) for name in names) for row in listed]


def _invoices(baseline: Client, wanted: int) -> list[str]:
    """Invoices like most: paid, in the middle of their list."""
    found = _column(baseline, _theirs("invoices?status=Paid&top=1000"), "InvoiceNumber")
    return [number for (number,) in found[-wanted:]]


def _customers(ours: Client) -> tuple[list[str], list[str]]:
    """Numbers and names; the one whose number everybody knows comes first."""
    found = _column(
        ours, _ours("Customers", LARGEST_PAGE, select="CustomerNumber,CustomerName"), "CustomerNumber", "CustomerName"
    )
    found.sort(key=lambda pair: pair[0] != "C-100042")
    return [number for number, _ in found], [name for _, name in found]


def _words(names: Sequence[str]) -> list[str]:
    """The words that customers are searched by: those of their names that ILIKE understands as we do."""
    pieces = (piece for name in names for piece in re.split(r"[^A-Za-z0-9\x80-\uffff]+", name))
    return [*dict.fromkeys(piece for piece in pieces if re.fullmatch(r"[A-Za-z]{4,}", piece))]


def _some_items(ours: Client, wanted: int) -> list[list[str]]:
    found = _column(ours, _ours("Items", LARGEST_PAGE, select="ItemNumber"), "ItemNumber")
    dice = random.Random(42)
    return [dice.sample([number for (number,) in found], TERMS) for _ in range(wanted)]


def _last_pages(ours: Client, wanted: int) -> list[tuple[Question, int]]:
    """The last full pages, found by following next links as a client does, and how many rows precede each."""
    question = _ours("InvoiceLines", DEEP_PAGE, select=LINE)
    full: list[tuple[Question, int]] = []
    while True:
        body = json.loads(ours.prepare(question)())
        if len(body["value"]) == DEEP_PAGE:
            full.append((question, DEEP_PAGE * len(full)))
        if "@odata.nextLink" not in body:
            return full[-wanted:]
        link = urlsplit(body["@odata.nextLink"])
        question = Question("ours", f"{link.path}?{link.query}", question.headers)
