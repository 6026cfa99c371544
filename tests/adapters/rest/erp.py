"""A small ERP with a JSON API and nothing else: five endpoints, each with its own way of paging, filters and faults."""

import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

WORDS = ("Bolt", "Pump", "Ventil", "Köln", "O'Neil", "100%", "a_b", "", "Ärger", "pump")
STATUSES = ("open", "paid", "void", "in progress")
MOST = 50


def _data(seed: int = 7) -> sqlite3.Connection:
    dice = random.Random(seed)
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(
        """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, blocked INTEGER NOT NULL);
        CREATE TABLE invoices (number TEXT PRIMARY KEY, customer_id INTEGER, status TEXT NOT NULL, date TEXT NOT NULL,
                               due TEXT, cents INTEGER NOT NULL, reference TEXT, changed TEXT NOT NULL);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, total TEXT NOT NULL);
        """
    )
    for number in range(1, 41):
        city = dice.choice(("Köln", "Bonn", "", None))
        database.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?)",
            (number, f"{dice.choice(WORDS)} {number}", city, dice.random() < 0.2),
        )
    for number in range(1, 181):
        day = date(2026, 1, 1) + timedelta(days=dice.randrange(200))
        database.execute(
            "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"R-{number:04d}",
                dice.choice((None, *range(1, 41))),
                dice.choice(STATUSES),
                day.isoformat(),
                None if dice.random() < 0.2 else (day + timedelta(days=30)).isoformat(),
                dice.randrange(-5_000, 900_000),
                dice.choice((None, *WORDS)),
                f"{day.isoformat()} 08:{dice.randrange(60):02d}:00",
            ),
        )
    for number in range(1, 91):
        database.execute("INSERT INTO orders VALUES (?, ?, ?)", (number, dice.randint(1, 40), f"{number * 7}.10"))
    database.row_factory = sqlite3.Row
    return database


Where = list[tuple[str, list[Any]]]


@dataclass
class Erp:
    """The API as a WSGI application. ``ignored`` are parameters that it accepts and ignores; ``fault``, if it is set,
    answers instead."""

    key: str = "s3cret"
    ignored: frozenset[str] = frozenset()
    fault: Callable[[Request], Response | None] = lambda request: None
    calls: list[str] = field(default_factory=list)
    database: sqlite3.Connection = field(default_factory=_data)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.calls.append(request.full_path.rstrip("?"))
        return (self.fault(request) or self._answer(request))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        args = MultiDict((k, v) for k, vs in request.args.lists() for v in vs if k not in self.ignored)
        if request.headers.get("X-Api-Key") != self.key and args.get("key") != self.key:
            return _json({"error": "no key"}, 401)
        match request.path.strip("/").split("/"):
            case ["v1", "invoices"]:
                return self._invoices(args)
            case ["v1", "invoices", number]:
                rows = self._rows("invoices", [("number = ?", [number])])
                return _json({"data": _invoice(rows[0])}) if rows else _json({"error": "no such invoice"}, 404)
            case ["v1", "customers"]:
                return self._customers(args)
            case ["v1", "customers", customer, "orders"]:
                return self._orders(customer, args)
            case ["v1", "linked"]:
                return self._linked(request, args)
            case ["v1", "next"]:
                return self._next(request, args)
        return _json({"error": "nothing here"}, 404)

    def _rows(self, table: str, where: Where, order: str = "rowid", limit: int = -1, offset: int = 0) -> list[Any]:
        conditions = " AND ".join(text for text, _ in where) or "1"
        values = [value for _, several in where for value in several]
        sql = f"SELECT * FROM {table} WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
        return self.database.execute(sql, (*values, limit, offset)).fetchall()

    def _count(self, table: str, where: Where) -> int:
        return len(self._rows(table, where))

    def _invoices(self, args: "MultiDict[str, str]") -> Response:
        """Pages by number; lists with commas; texts whatever the case; sorted by several fields."""
        where: Where = []
        for name, condition in _INVOICE_FILTERS.items():
            if name in args:
                where.append(condition(args[name]))
        size = min(int(args.get("per_page", 20)), MOST)
        page = int(args.get("page", 1))
        columns = [(name.lstrip("-"), name.startswith("-")) for name in args.get("sort", "number").split(",")]
        order = ", ".join(f"{_SORTED[name]}{' DESC' if down else ''}" for name, down in columns)
        rows = self._rows("invoices", where, order, size, (page - 1) * size)
        return _json({"data": {"items": list(map(_invoice, rows))}, "meta": {"total": self._count("invoices", where)}})

    def _customers(self, args: "MultiDict[str, str]") -> Response:
        """Offsets; the total in a header; a parameter for each value of a list; the direction in one of its own."""
        where: Where = []
        if ids := args.getlist("id"):
            where.append((f"id IN ({','.join('?' * len(ids))})", list(ids)))
        if "blocked" in args:
            where.append(("blocked = ?", [1 if args["blocked"] == "yes" else 0]))
        if "name" in args:
            where.append(("instr(name, ?) > 0", [args["name"]]))
        order = "id DESC" if args.get("direction") == "down" else "id"
        limit = min(int(args.get("limit", 10)), 25)
        rows = self._rows("customers", where, order, limit, int(args.get("offset", 0)))
        found = [dict(row) | {"blocked": bool(row["blocked"])} for row in rows]
        return _json(found, headers={"X-Total-Count": str(self._count("customers", where))})

    def _orders(self, customer: str, args: "MultiDict[str, str]") -> Response:
        """Below their customer; a cursor; amounts as text, and no customer in the rows."""
        after = int(args.get("after", 0))
        rows = self._rows("orders", [("customer_id = ?", [customer]), ("id > ?", [after])], "id", 2)
        more = rows[-1]["id"] if len(rows) == 2 else None
        return _json({"orders": [{"id": r["id"], "total": r["total"]} for r in rows], "paging": {"after": more}})

    def _linked(self, request: Request, args: "MultiDict[str, str]") -> Response:
        start = int(args.get("start", 0))
        rows = self._rows("orders", [], "id", 25, start)
        links = '<https://elsewhere.example/docs>; rel="help"'
        if len(rows) == 25:
            links += f', <{request.base_url}?start={start + 25}>; title="a, b"; rel="last next"'
        return _json([dict(row) for row in rows], headers={"Link": links})

    def _next(self, request: Request, args: "MultiDict[str, str]") -> Response:
        start = int(args.get("start", 0))
        rows = self._rows("orders", [], "id", 25, start)
        following = f"next?start={start + 25}" if len(rows) == 25 else ""
        return _json({"results": [dict(row) for row in rows], "links": {"next": following}})


def _days(column: str, operator: str) -> Callable[[str], tuple[str, list[Any]]]:
    return lambda text: (f"{column} {operator} ?", [text])


def _listed(text: str) -> tuple[str, list[Any]]:
    values = text.split(",")
    return f"status IN ({','.join('?' * len(values))})", values


_INVOICE_FILTERS: Mapping[str, Callable[[str], tuple[str, list[Any]]]] = {
    "customer": lambda text: ("customer_id = ?", [text]),
    "status": _listed,
    "from": _days("date", ">="),
    "to": _days("date", "<="),
    "due_before": _days("due", "<"),
    "min": lambda text: ("cents >= ?", [int(Decimal(text) * 100)]),
    "q": lambda text: ("instr(lower(reference), lower(?)) > 0", [text]),
}
_SORTED = {"number": "number", "date": "date", "amount": "cents", "due": "due"}


def _invoice(row: Any) -> dict[str, Any]:
    return {
        "number": row["number"],
        "customer": None if row["customer_id"] is None else {"id": row["customer_id"]},
        "status": row["status"],
        "date": row["date"],
        "due": row["due"] or "0000-00-00",
        "amount": Decimal(row["cents"]).scaleb(-2),
        "reference": row["reference"],
        "changed": row["changed"],
    }


def _json(document: Any, status: int = 200, headers: Mapping[str, str] = {}) -> Response:
    return Response(_ENCODER.encode(document), status, dict(headers), content_type="application/json")


#: Amounts are numbers with both digits.
_ENCODER = msgspec.json.Encoder(decimal_format="number")
