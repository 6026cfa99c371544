"""What is asked of both services: the questions of the list in README, each with other constants every time."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from benchmarks.dataset import (
    DAYS,
    FIRST_DAY,
    PLACES,
    REPRESENTATIVES,
    STATUSES,
    Size,
    customer_number,
    day,
    invoice_number,
)
from benchmarks.load import Request
from benchmarks.raw import Statement

PREFIX = "/odata/v4/"
LISTED = "InvoiceNumber,CustomerNumber,InvoiceDate,DueDate,Status,GrossAmount,OpenAmount,Currency"
LINE = (
    "InvoiceLineKey,InvoiceNumber,LineNumber,ItemNumber,Description,Quantity,Unit,UnitPrice,NetAmount,TaxRate,"
    "DeliveryDate,Currency"
)
LIST_ROWS, LARGE_PAGE, DEEP_PAGE, WALK_PAGE, KEYS = 25, 2_000, 500, 2_000, 100
NO_STATEMENTS: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One question in many forms: ``ours[n]`` asks for the same rows as ``theirs[n]``. ``raw`` is what the database is
    asked for at least; ``target`` is how many times the hand-written service's requests per CPU-second ours is to make.
    """

    letter: str
    what: str
    ours: Sequence[Request]
    theirs: Sequence[Request]
    raw: Sequence[Statement]
    target: float | None
    rows: Callable[[bytes], Any]
    #: Of ours: what this case costs is compared with.
    against: Sequence[Request] = ()


def cases(size: Size, variants: int, deep: Sequence[Request], depth: int) -> Iterator[Case]:
    """The cases whose requests can be told beforehand. ``deep`` are ours for pages ``depth`` rows from the beginning,
    one after the other.
    """
    ask = _Asking(size, variants)
    yield ask.list_view()
    yield ask.detail()
    yield ask.full_detail()
    yield ask.related_list()
    yield ask.large_page()
    yield ask.deep_page(deep, depth)
    yield ask.search()
    yield ask.count()
    yield ask.sums()
    yield ask.keys()
    yield Case(
        "k", "`$metadata`", [Request(f"{PREFIX}$metadata")], [Request("/metadata")], NO_STATEMENTS, 3.0, bytes.strip
    )


@dataclass(slots=True)
class _Asking:
    size: Size
    variants: int

    def _dice(self, case: str) -> Iterator[random.Random]:
        """As many as there are forms of the question; the same in every run."""
        dice = random.Random(f"erp-odata {case}")
        for _ in range(self.variants):
            yield dice

    def list_view(self) -> Case:
        chosen = [
            (dice.choice(STATUSES), *_range(dice.randrange(DAYS - 100), dice.randrange(60, 366)))
            for dice in self._dice("a")
        ]
        return Case(
            "a",
            f"list view, {LIST_ROWS} rows x 8 columns: status and range of dates, newest first",
            [
                ours(
                    "Invoices",
                    select=LISTED,
                    filter=f"Status eq '{status}' and InvoiceDate ge {start} and InvoiceDate le {end}",
                    orderby="InvoiceDate desc",
                    top=f"{LIST_ROWS}",
                )
                for status, start, end in chosen
            ],
            [Request(f"/invoices/by-status?status={status}&from={start}&to={end}") for status, start, end in chosen],
            [
                Statement(
                    f"SELECT {_LISTED} FROM invoices WHERE status = %s AND invoice_date >= %s AND invoice_date <= %s"
                    f" ORDER BY invoice_date DESC, invoice_number LIMIT {LIST_ROWS}",
                    chosen,
                )
            ],
            1.5,
            rows,
        )

    def detail(self) -> Case:
        chosen = [invoice_number(dice.randint(1, self.size.invoices)) for dice in self._dice("b")]
        return Case(
            "b",
            "detail by key, 22 columns",
            [ours(f"Invoices('{number}')") for number in chosen],
            [Request(f"/invoices/{number}") for number in chosen],
            [Statement("SELECT * FROM invoices WHERE invoice_number = %s", [[number] for number in chosen])],
            1.5,
            rows,
        )

    def full_detail(self) -> Case:
        chosen = [invoice_number(dice.randint(1, self.size.invoices)) for dice in self._dice("c")]
        values = [[number] for number in chosen]
        return Case(
            "c",
            "detail with its 3 lines and its customer expanded",
            [ours(f"Invoices('{number}')", expand="Lines,Customer") for number in chosen],
            [Request(f"/invoices/{number}/full") for number in chosen],
            [
                Statement(
                    "SELECT * FROM invoices LEFT JOIN customers USING (customer_number) WHERE invoice_number = %s",
                    values,
                ),
                Statement("SELECT * FROM invoice_lines WHERE invoice_number = %s ORDER BY line_number", values),
            ],
            2.5,
            rows,
        )

    def related_list(self) -> Case:
        chosen = [customer_number(dice.randint(1, self.size.customers)) for dice in self._dice("d")]
        values = [[number] for number in chosen]
        return Case(
            "d",
            f"related list, {LIST_ROWS} rows x 8 columns, counted, newest first",
            [
                ours(
                    "Invoices",
                    select=LISTED,
                    filter=f"CustomerNumber eq '{number}'",
                    orderby="InvoiceDate desc",
                    top=f"{LIST_ROWS}",
                    count="true",
                )
                for number in chosen
            ],
            [Request(f"/customers/{number}/invoices") for number in chosen],
            [
                Statement("SELECT count(*) FROM invoices WHERE customer_number = %s", values),
                Statement(
                    f"SELECT {_LISTED} FROM invoices WHERE customer_number = %s"
                    f" ORDER BY invoice_date DESC, invoice_number LIMIT {LIST_ROWS}",
                    values,
                ),
            ],
            1.5,
            rows,
        )

    def large_page(self) -> Case:
        most = self.size.invoices - LARGE_PAGE
        chosen = [(invoice_number(dice.randint(1, most)), dice.randint(1, 3)) for dice in self._dice("e")]
        return Case(
            "e",
            f"{LARGE_PAGE:,} rows x 12 columns, with a next link",
            [
                ours("InvoiceLines", LARGE_PAGE, select=LINE, filter=f"InvoiceLineKey gt '{number}~{line:04}'")
                for number, line in chosen
            ],
            [Request(f"/invoice-lines?after={number}&line={line}&top={LARGE_PAGE}") for number, line in chosen],
            [
                Statement(
                    "SELECT * FROM invoice_lines WHERE (invoice_number, line_number) > (%s, %s)"
                    f" ORDER BY invoice_number, line_number LIMIT {LARGE_PAGE + 1}",
                    chosen,
                )
            ],
            1.4,
            rows,
        )

    def deep_page(self, deep: Sequence[Request], depth: int) -> Case:
        last = [invoice_number(depth + n * DEEP_PAGE) for n in range(len(deep))]
        return Case(
            "f",
            f"{DEEP_PAGE} rows x 8 columns, {depth:,} rows deep by next link",
            deep,
            [Request(f"/invoices?since={SINCE}&after={number}&top={DEEP_PAGE}") for number in last],
            [Statement(_PAGE, [(SINCE, number) for number in last])],
            None,
            rows,
            [since_page(f"{FIRST_DAY - timedelta(days=n + 1)}") for n in range(len(deep))],
        )

    def search(self) -> Case:
        chosen = [
            (
                customer_number(dice.randint(1, self.size.customers)),
                f"{dice.choice(PLACES)[:3]}{dice.choice(('', ' '))}",
                dice.choice(REPRESENTATIVES)[dice.randrange(3) :],
            )
            for dice in self._dice("g")
        ]
        return Case(
            "g",
            "contains on two columns within a customer",
            [
                ours(
                    "Invoices",
                    select=LISTED,
                    filter=f"CustomerNumber eq '{number}' and"
                    f" (contains(CustomerReference,'{word}') or contains(SalesRepName,'{name}'))",
                    top=f"{LIST_ROWS}",
                )
                for number, word, name in chosen
            ],
            [
                Request(f"/customers/{number}/search?reference={quote(word)}&rep={quote(name)}")
                for number, word, name in chosen
            ],
            [
                Statement(
                    f"SELECT {_LISTED} FROM invoices WHERE customer_number = %s AND (reference LIKE %s OR sales_rep"
                    f" LIKE %s) ORDER BY invoice_number LIMIT {LIST_ROWS}",
                    [(number, f"%{word}%", f"%{name}%") for number, word, name in chosen],
                )
            ],
            1.5,
            rows,
        )

    def count(self) -> Case:
        chosen = [(dice.choice(STATUSES[:3]), day(DAYS - dice.randint(30, 400))) for dice in self._dice("h")]
        return Case(
            "h",
            "count with a filter",
            [
                ours("Invoices/$count", filter=f"Status eq '{status}' and InvoiceDate ge {start}")
                for status, start in chosen
            ],
            [Request(f"/invoices/by-status/count?status={status}&from={start}") for status, start in chosen],
            [Statement("SELECT count(*) FROM invoices WHERE status = %s AND invoice_date >= %s", chosen)],
            1.5,
            bytes.strip,
        )

    def sums(self) -> Case:
        chosen = [_range(dice.randrange(DAYS - 365), 365) for dice in self._dice("i")]
        return Case(
            "i",
            "sum by status over a year",
            [
                ours(
                    "Invoices",
                    apply=f"filter(InvoiceDate ge {start} and InvoiceDate lt {end})"
                    "/groupby((Status),aggregate(GrossAmount with sum as Total))",
                    orderby="Status",
                )
                for start, end in chosen
            ],
            [Request(f"/invoices/sums?from={start}&to={end}") for start, end in chosen],
            [
                Statement(
                    "SELECT status, sum(gross_amount) FROM invoices WHERE invoice_date >= %s AND invoice_date < %s"
                    " GROUP BY status ORDER BY status",
                    chosen,
                )
            ],
            1.0,
            rows,
        )

    def keys(self) -> Case:
        chosen = [sorted(_numbers(dice, self.size.invoices)) for dice in self._dice("j")]
        return Case(
            "j",
            f"{KEYS} keys in an or-chain",
            [
                ours("Invoices", select=LISTED, filter=" or ".join(f"InvoiceNumber eq '{key}'" for key in keys))
                for keys in chosen
            ],
            [Request(f"/invoices/by-numbers?numbers={','.join(keys)}") for keys in chosen],
            [
                Statement(
                    f"SELECT {_LISTED} FROM invoices WHERE invoice_number = ANY(%s) ORDER BY invoice_number",
                    [[keys] for keys in chosen],
                )
            ],
            2.0,
            rows,
        )


_LISTED = "invoice_number, customer_number, invoice_date, due_date, status, gross_amount, open_amount, currency"
_PAGE = (
    f"SELECT {_LISTED} FROM invoices WHERE invoice_date >= %s AND invoice_number > %s"
    f" ORDER BY invoice_number LIMIT {DEEP_PAGE + 1}"
)
#: No invoice is older.
SINCE = "2020-06-01"


def _range(start: int, days: int) -> tuple[str, str]:
    first = day(start)
    return f"{first}", f"{first + timedelta(days=days)}"


def _numbers(dice: random.Random, most: int) -> list[str]:
    return [invoice_number(number) for number in dice.sample(range(1, most + 1), KEYS)]


def ours(path: str, page: int | None = None, **options: str) -> Request:
    query = "&".join(f"%24{name}={quote(value, safe='')}" for name, value in options.items())
    headers = (("Prefer", f"odata.maxpagesize={page}"),) if page else ()
    return Request(f"{PREFIX}{quote(path, safe='()/$')}?{query}".rstrip("?"), headers)


def since_page(start: str, page: int = DEEP_PAGE) -> Request:
    """The first page of the invoices since a day before all of them."""
    return ours("Invoices", page, select=LISTED, filter=f"InvoiceDate ge {start}")


# --- answers ------------------------------------------------------------------------------------------------


def rows(body: bytes) -> Any:
    """What an answer says, without control information: values by name, numbers by value, in order."""
    found = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    counted = found.get("@odata.count", found.get("count"))
    more = "@odata.nextLink" in found or "next" in found
    return [counted, more, _bare(found.get("value", found))]


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(member) for name, member in sorted(value.items()) if "@" not in name}
    return [_bare(item) for item in value] if isinstance(value, list) else value
