"""Adapters that lie on purpose, each in one thing, and the check that has to find it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import count
from time import sleep
from typing import Any

from edm.capabilities import Capabilities, Match
from edm.expressions import NULL_CONST, TRUE, Call, Const, CountOf, Expr, Lambda, Prop, call, conjunction
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import STRING, CollectionType
from edm.query import Grouping, Query
from erp_adapters.base import Page, Session, Unavailable
from erp_adapters.memory import MemoryAdapter
from tests.kit import shop

Rows = list[tuple[Any, ...]]


def mapped(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with every node changed, from the leaves up."""
    match expr:
        case Call(function=function, args=args, type=kind):
            return change(Call(function, tuple(mapped(arg, change) for arg in args), kind))
        case Lambda() | CountOf() if expr.predicate is not None:
            return change(replace(expr, predicate=mapped(expr.predicate, change)))
        case _:
            return change(expr)


class Honest(MemoryAdapter):
    """Answers everything, as it should be; what liars are made of."""

    def __init__(self, data: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> None:
        super().__init__(shop.METADATA, data or shop.rows())


class OfConditions(Honest):
    """Takes conditions for others."""

    def __init__(self, change: Callable[[Expr], Expr]) -> None:
        super().__init__()
        self._change = change

    def answer(self, query: Query) -> tuple[Rows, int]:
        wanted = None if query.filter is None else mapped(query.filter, self._change)
        return super().answer(query.with_(filter=wanted))


class OfRows(Honest):
    """Gives other rows: those that ``change`` makes of the right ones."""

    def __init__(self, change: Callable[[Query, Rows], Rows]) -> None:
        super().__init__()
        self._change = change

    def answer(self, query: Query) -> tuple[Rows, int]:
        rows, number = super().answer(query)
        return self._change(query, rows), number


class OfQueries(Honest):
    """Answers another query."""

    def __init__(self, change: Callable[[Query], Query]) -> None:
        super().__init__()
        self._change = change

    def answer(self, query: Query) -> tuple[Rows, int]:
        return super().answer(self._change(query))


class OfPages(Honest):
    """Hands on its pages in another way."""

    def __init__(self, change: Callable[[Iterator[Page], Query, Session], Any], number: int = 30) -> None:
        super().__init__(shop.rows(number))
        self._change = change

    def read(self, query: Query, session: Session) -> Any:
        return self._change(super().read(query, session), query, session)


class OfClaims(Honest):
    """Claims other things."""

    def __init__(self, change: Callable[[Capabilities], Capabilities]) -> None:
        super().__init__()
        self._change = change

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return self._change(super().capabilities(entity_set))


class Explaining(Honest):
    def __init__(self, text: Any) -> None:
        super().__init__()
        self._text = text

    def explain(self, query: Query) -> str:
        if isinstance(self._text, Exception):
            raise self._text
        return self._text


class Shared(Honest):
    """Remembers what it is asked in one place for all callers."""

    def read(self, query: Query, session: Session) -> Iterator[Page]:
        self._asked = query
        sleep(0.002)
        yield from super().read(self._asked, session)


class Pinging(Honest):
    def ping(self, session: Session) -> None:
        raise ValueError("no connection")


class Validating(Honest):
    def faults(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        yield "Orders", "memory.key", "is wrong"

    def lacks(self, metadata: ServiceMetadata) -> Iterator[tuple[str, str, str]]:
        return iter(())


# --- what they do -----------------------------------------------------------------------------------------------------


def _of(name: str, change: Callable[[Call], Expr]) -> Callable[[Expr], Expr]:
    """A change of the calls of one function."""
    return lambda expr: change(expr) if isinstance(expr, Call) and expr.function == name else expr


def _without_nulls(expr: Call) -> Expr:
    found = conjunction(expr, *(call("ne", arg, NULL_CONST) for arg in expr.args if isinstance(arg, Prop)))
    return expr if found is None or NULL_CONST in expr.args else found


def _constants(kind: type, change: Callable[[Any], Any]) -> Callable[[Expr], Expr]:
    def changed(expr: Expr) -> Expr:
        return (
            Const(change(expr.value), expr.type) if isinstance(expr, Const) and isinstance(expr.value, kind) else expr
        )

    return changed


def _folding(expr: Call) -> Expr:
    texts = [arg for arg in expr.args if not isinstance(arg.type, CollectionType)]
    return Call(expr.function, tuple(Call("tolower", (arg,), arg.type) for arg in texts), expr.type)


def _cut(expr: Call) -> Expr:
    listed = expr.args[1]
    if isinstance(listed, Const) and isinstance(listed.value, tuple):
        return Call("in", (expr.args[0], Const(listed.value[:1], listed.type)), expr.type)
    return expr


def _lambda(kind: str, change: Callable[[Lambda], Expr]) -> Callable[[Expr], Expr]:
    return lambda expr: change(expr) if isinstance(expr, Lambda) and expr.kind == kind else expr


def _inner_join(expr: Expr) -> Expr:
    """A path to a row that is not there leads out of the answer."""
    paths = [arg for arg in expr.args if isinstance(arg, Prop) and len(arg.path) > 1] if isinstance(expr, Call) else []
    if not paths or not isinstance(expr, Call) or expr.function not in ("eq", "ne"):
        return expr
    return (
        conjunction(expr, *(call("ne", replace(p, path=(*p.path[:-1], "OrderKey")), NULL_CONST) for p in paths)) or expr
    )


def _sorted(key: Callable[[Any], Any]) -> Callable[[Query, Rows], Rows]:
    """By one's own idea of order, where one item and the key are asked for."""

    def change(query: Query, rows: Rows) -> Rows:
        item = query.orderby[0] if query.orderby else None
        if item is None or not isinstance(item.expr, Prop) or item.expr.path != ("Text",):
            return rows
        texts = {row["OrderKey"]: row["Text"] for row in shop.rows()["Orders"]}
        return sorted(rows, key=lambda row: key(texts[row[0]]), reverse=item.descending)

    return change


def _column(kind: type, change: Callable[[Any], Any]) -> Callable[[Query, Rows], Rows]:
    return lambda query, rows: [tuple(change(v) if isinstance(v, kind) else v for v in row) for row in rows]


def _one_item(query: Query) -> Query:
    return query.with_(orderby=query.orderby[:1])


def _ascending(query: Query) -> Query:
    return query.with_(orderby=tuple(replace(item, descending=False) for item in query.orderby))


def _greedy(pages: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
    yield from list(pages)


def _restless(pages: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
    """Reads on when it is closed."""
    try:
        yield from pages
    finally:
        session.timings.rows_read += sum(len(page.rows) for page in pages) or 1


def _counting(change: Callable[[Page], int | None]) -> Callable[..., Iterator[Page]]:
    def pages(found: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
        yield from (Page(page.rows, change(page) if query.count else None) for page in found)

    return pages


def _refusing(pages: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
    """A driver that cannot encode what it is given."""
    repr(query).encode()
    if "\\x00" in repr(query):
        raise ValueError("a NUL in a string")
    for part in _texts(query.filter):
        part.encode()
    yield from pages


def _away(pages: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
    try:
        yield from _refusing(pages, query, session)
    except ValueError as error:
        raise Unavailable(str(error)) from error


def _texts(expr: Any) -> Iterator[str]:
    from edm.expressions import walk

    for node in walk(expr) if expr is not None else ():
        if isinstance(node, Const):
            yield from (
                v for v in (node.value if isinstance(node.value, tuple) else (node.value,)) if isinstance(v, str)
            )


def _timeless(pages: Iterator[Page], query: Query, session: Session) -> Iterator[Page]:
    return Honest().read(query, replace(session, deadline=None))


def _flaky() -> Callable[[Capabilities], Capabilities]:
    turns = count()
    return lambda known: replace(known, match=lambda expr: Match.EXACT if next(turns) % 2 else Match.INEXACT)


def _no_nulls_grouped(query: Query, rows: Rows) -> Rows:
    return [row for row in rows if row[0] is not None] if isinstance(query.source, Grouping) else rows


def _swapped(query: Query, rows: Rows) -> Rows:
    """Columns in the order of the model."""
    names = shop.METADATA[query.entity_set].type.names
    order = sorted(
        range(len(query.columns)), key=lambda i: names.index(query.columns[i]) if query.columns[i] in names else 99
    )
    return [tuple(row[i] for i in order) for row in rows]


def _sort_raises(known: Capabilities) -> Capabilities:
    def match(expr: Expr) -> Match:
        return known.match(expr) if "year" not in repr(expr) else Match[str(expr)]

    return replace(known, match=match)


def _lost_but_inexact(known: Capabilities) -> Capabilities:
    return replace(known, match=lambda expr: Match.INEXACT)


class LossyHint(OfConditions):
    """Says that it may give too much, and gives too little."""

    def __init__(self) -> None:
        super().__init__(_of("contains", lambda expr: call("startswith", *expr.args)))

    def capabilities(self, entity_set: EntitySet) -> Capabilities:
        return _lost_but_inexact(super().capabilities(entity_set))


#: What it is, the adapter, the check that finds it, and a word of what is said.
LIARS: Mapping[str, tuple[Callable[[], Any], str, str]] = {
    "loses nulls on ne": (lambda: OfConditions(_of("ne", _without_nulls)), "conditions", "without a value are lost"),
    "keeps nulls on gt": (
        lambda: OfConditions(_of("gt", lambda e: Call("or", (e, call("eq", e.args[0], NULL_CONST)), e.type))),
        "conditions", "without a value come",
    ),
    "contains whatever the letter case": (lambda: OfConditions(_of("contains", _folding)), "conditions", "letter case"),
    "eq whatever the letter case": (
        lambda: OfConditions(_of("eq", lambda e: _folding(e) if e.args[1].type is STRING else e)),
        "conditions", "letter case",
    ),
    "wildcards in texts": (
        lambda: OfConditions(_of("startswith", lambda e: TRUE if e.args[1] == Const("%", e.args[1].type) else e)),
        "conditions", "wildcard",
    ),
    "trims constants": (lambda: OfConditions(_constants(str, str.strip)), "conditions", "blanks"),
    "rounds decimals": (lambda: OfConditions(_constants(Decimal, lambda v: round(v, 1))), "conditions", "decimals"),
    "in another time zone": (
        lambda: OfConditions(_constants(datetime, lambda v: v + timedelta(hours=1))), "conditions", "points in time",
    ),
    "cuts lists": (lambda: OfConditions(_of("in", _cut)), "batches", "lost"),
    "or takes the first": (lambda: OfConditions(_of("or", lambda e: e.args[0])), "combinations", "lost"),
    "and takes the first": (lambda: OfConditions(_of("and", lambda e: e.args[0])), "combinations", "not asked for"),
    "not of null is true": (
        lambda: OfConditions(_of("not", lambda e: call("ne", e.args[0], TRUE))), "conditions", "",
    ),
    "ignores a lambda's condition": (
        lambda: OfConditions(_lambda("any", lambda e: replace(e, predicate=None))), "related", "not asked for",
    ),
    "takes all for any": (lambda: OfConditions(_lambda("all", lambda e: replace(e, kind="any"))), "related", "lost"),
    "counts related rows unfiltered": (
        lambda: OfConditions(lambda e: replace(e, predicate=None) if isinstance(e, CountOf) else e), "related", "",
    ),
    "joins inwards": (lambda: OfConditions(_inner_join), "related", "lost"),
    "inexact, and loses rows": (LossyHint, "conditions", "lost"),
    "repeats rows": (
        lambda: OfRows(lambda q, rows: rows + rows[:1] if q.filter is not None else rows), "conditions", "several times",
    ),
    "sorts whatever the letter case": (
        lambda: OfRows(_sorted(lambda v: (v is not None, (v or "").casefold()))), "orders", "code points",
    ),
    "sorts nulls last": (lambda: OfRows(_sorted(lambda v: (v is None, v or ""))), "orders", "nulls"),
    "sorts by the first item alone": (
        lambda: OfRows(lambda q, rows: _sorted(lambda v: (v is not None, v or ""))(q, rows[::-1])), "orders", "ties",
    ),
    "always ascending": (lambda: OfQueries(_ascending), "orders", "order"),
    "ignores top": (lambda: OfQueries(lambda q: q.with_(top=None)), "slices", "top"),
    "ignores top of zero": (lambda: OfQueries(lambda q: q.with_(top=q.top or None)), "slices", "top"),
    "skips one too many": (
        lambda: OfQueries(lambda q: q.with_(skip=q.skip + 1 if q.skip else 0)), "slices", "skip",
    ),
    "counts the page": (lambda: OfPages(_counting(lambda page: len(page.rows))), "slices", "count"),
    "does not count": (lambda: OfPages(_counting(lambda page: None)), "slices", "no count"),
    "slices before it filters": (
        lambda: OfQueries(lambda q: q.with_(filter=None) if q.top is not None else q), "slices", "top",
    ),
    "pages by key overlap": (lambda: OfConditions(_of("gt", lambda e: call("ge", *e.args))), "seek", "pages by key"),
    "floats for decimals": (lambda: OfRows(_column(Decimal, float)), "columns", "another value"),
    "date-times without a zone": (
        lambda: OfRows(_column(datetime, lambda v: v.replace(tzinfo=None))), "columns", "another value",
    ),
    "columns as it likes": (lambda: OfRows(_swapped), "columns", "not where it was asked"),
    "loses the last row": (lambda: OfRows(lambda q, rows: rows[:-1]), "columns", "missing"),
    "wider than asked for": (lambda: OfRows(lambda q, rows: [(*row, 1) for row in rows]), "rows", "another number"),
    "not lazy": (lambda: OfPages(_greedy, 5_000), "lazy", "before the first page"),
    "reads on when closed": (lambda: OfPages(_restless, 5_000), "lazy", "after close"),
    "a list of pages": (lambda: OfPages(lambda pages, q, s: list(pages)), "lazy", "not an iterator"),
    "takes odd texts for an outage": (lambda: OfPages(_away), "odd", "said to be away"),
    "raises for odd texts": (lambda: OfPages(_refusing), "odd", "raises"),
    "knows no deadline": (lambda: OfPages(_timeless), "deadline", "no time is left"),
    "keeps the query in itself": (Shared, "together", "several callers"),
    "computes texts": (
        lambda: OfRows(lambda q, rows: [(r[0], str(r[1])) for r in rows] if q.compute else rows), "computed", "computed",
    ),
    "groups without null": (lambda: OfRows(_no_nulls_grouped), "derived", "made of others"),
    "claims change": (lambda: OfClaims(_flaky()), "offers", "not the same"),
    "claims raise": (lambda: OfClaims(_sort_raises), "offers", "capabilities raise"),
    "explains nothing": (lambda: Explaining(""), "offers", "explain"),
    "explain raises": (lambda: Explaining(KeyError("x")), "offers", "explain raises"),
    "ping raises": (Pinging, "offers", "ping raises"),
    "faults of the catalog": (Validating, "offers", "fault"),
}  # fmt: skip

#: Values that no row should have, by property; the check that finds them is ``rows``.
UNFIT: Mapping[str, tuple[str, Any, str]] = {
    "a float": ("Amount", 1.5, "Edm.Decimal"),
    "an integer for a decimal": ("Amount", 1, "Edm.Decimal"),
    "too many decimals": ("Amount", Decimal("0.001"), "scale"),
    "too many digits": ("Amount", Decimal(10) ** 15, "precision"),
    "NaN": ("Amount", Decimal("NaN"), "precision"),
    "a naive date-time": ("At", datetime(2026, 1, 1), "UTC"),
    "another zone": ("At", datetime.fromisoformat("2026-01-01T00:00:00+02:00"), "UTC"),
    "a date-time for a date": ("Day", datetime(2026, 1, 1), "Edm.Date"),
    "a text for a date": ("Day", "2026-01-01", "Edm.Date"),
    "a time": ("Day", time(1), "Edm.Date"),
    "a number for a Boolean": ("Flag", 1, "Edm.Boolean"),
    "a Boolean for a number": ("Number", True, "Edm.Int32"),
    "too big a number": ("Number", 2**31, "range"),
    "null where there is none": ("Flag", None, "nullable"),
    "another status": ("Status", "Odd", "allowed"),
    "too long a text": ("Text", "x" * 41, "40 characters"),
    "half a character": ("Text", "\ud83d", "whole characters"),
    "a key twice": ("OrderKey", "O001", "repeat"),
}
