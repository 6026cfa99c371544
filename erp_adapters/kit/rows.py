"""Checks of rows as they are: width, types, facets, keys, columns in any order, pages one after the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from edm.model import Property
from edm.patterns import matches_pattern
from edm.primitives import DATE, DATE_TIME_OFFSET, DECIMAL, STRING
from edm.query import Query
from erp_adapters.base import Page, Row
from erp_adapters.kit.bench import Bench, closed
from erp_adapters.kit.known import as_mappings
from erp_adapters.kit.report import shown, shown_rows

#: Rows of one page that nobody would want at once.
_PAGE = 20_000


def rows(bench: Bench) -> None:
    """All rows, or the sample: as wide as asked for, of the types of the model, within its facets, keys unique."""
    query = Query(bench.entity_set.name, bench.entity_set.type.names)
    _widths(bench, query)
    types = bench.entity_set.type.properties
    for prop in types:
        values = [row[prop.name] for row in bench.rows]
        for broken, expected, fix in _RULES:
            wrong = next((value for value in values if broken(prop, value)), _NONE)
            if wrong is not _NONE:
                bench.fail(
                    f"a value of {prop.name} is not {expected.format(prop=prop)}",
                    fix,
                    subject=prop.name,
                    expected=expected.format(prop=prop),
                    got=f"{shown(wrong)} ({type(wrong).__name__})",
                )
                break
    repeated = [key for key, number in Counter(row[bench.key] for row in bench.rows).items() if number > 1]
    if repeated:
        bench.fail(
            "keys repeat",
            "Make the key of fields that tell records apart, and let no join repeat rows.",
            subject=bench.key,
            got=shown_rows(repeated),
        )
    if not bench.rows:
        bench.note("there are no rows")


def _widths(bench: Bench, query: Query) -> None:
    """The first page alone is looked at before it is read."""
    answer = bench.read(query.with_(top=50) if bench.capabilities.top else query)
    if answer.error is not None:
        bench.refused(query, answer.error, "")
        return
    wrong = next((row for row in answer.rows if len(row) != len(query.columns)), None)
    if wrong is not None:
        bench.fail(
            "a row has another number of values than columns were asked for",
            "Return one value for each of query.columns, in that order.",
            query=query,
            expected=f"{len(query.columns)} values",
            got=f"{len(wrong)} values: {shown(wrong)}",
        )


_NONE = object()


def _mistyped(prop: Property, value: Any) -> bool:
    if value is None:
        return False
    if prop.type is DATE:
        return type(value) is not date
    if prop.type.python is int:
        return type(value) is not int
    return not isinstance(value, prop.type.python)


def _zoneless(prop: Property, value: Any) -> bool:
    if not isinstance(value, datetime):
        return False
    return value.tzinfo is None or value.utcoffset() != timedelta(0)


def _unlisted(prop: Property, value: Any) -> bool:
    return bool(prop.allowed) and value is not None and value not in prop.allowed


def _out_of_range(prop: Property, value: Any) -> bool:
    low, high = prop.type.low, prop.type.high
    return isinstance(value, int) and low is not None and high is not None and not low <= value <= high


def _too_precise(prop: Property, value: Any) -> bool:
    if prop.type is not DECIMAL or not isinstance(value, Decimal):
        return False
    if not value.is_finite():
        return True
    digits = value.normalize().as_tuple() if value else Decimal(0).as_tuple()
    exponent = int(digits.exponent)
    before = max(0, len(digits.digits) + exponent) if value else 0
    return -exponent > (prop.scale or 0) or (prop.precision is not None and before > prop.precision - (prop.scale or 0))


def _too_fine(prop: Property, value: Any) -> bool:
    if prop.type is not DATE_TIME_OFFSET or prop.precision is None or not isinstance(value, datetime):
        return False
    return len(f"{value.microsecond:06}".rstrip("0")) > prop.precision


def _beyond(prop: Property, value: Any) -> bool:
    if value is None or not prop.type.numeric:
        return False
    return (prop.minimum is not None and value < prop.minimum) or (prop.maximum is not None and value > prop.maximum)


_CATALOG = "Correct the catalog where it promises too much, or the value."
#: What no value is, what it is then not, and what to do. The first that holds is told.
_RULES: tuple[tuple[Callable[[Property, Any], bool], str, str], ...] = (
    (_mistyped, "a Python value of {prop.type}", "Return the type that edm.primitives names; a decimal is no float."),
    (
        lambda prop, value: isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value),
        "text of whole characters",
        "Decode what the source sends as what it is.",
    ),
    (_zoneless, "a point in time in UTC", "Return aware date-times in UTC: say in which zone the source keeps them."),
    (_out_of_range, "within the range of {prop.type}", "Publish a wider type."),
    (lambda prop, value: value is None and not prop.nullable, "a value, though it is not nullable", _CATALOG),
    (
        lambda prop, value: prop.type is STRING and prop.max_length is not None and len(value or "") > prop.max_length,
        "of at most {prop.max_length} characters",
        _CATALOG,
    ),
    (_unlisted, "one of the allowed values", _CATALOG),
    (_too_precise, "of precision {prop.precision} and scale {prop.scale}", _CATALOG),
    (_too_fine, "of precision {prop.precision}", "Cut the fraction of the second, or publish a higher precision."),
    (_beyond, "between {prop.minimum} and {prop.maximum}", _CATALOG),
    (
        lambda prop, value: None not in (prop.pattern, value) and matches_pattern(value, str(prop.pattern)) is False,
        "of the pattern {prop.pattern}",
        _CATALOG,
    ),
)  # fmt: skip


def columns(bench: Bench) -> None:
    """Columns come in the order that they are asked for, few or many, and have the same values then; what the adapter
    gives is what the rows that were handed to the kit say."""
    names = bench.entity_set.type.names
    base, _ = bench.within(None)
    by_key = {row[bench.key]: row for row in bench.rows}
    alone = [(bench.key, name) for name in names if name != bench.key]
    for asked in [tuple(reversed(names)), *bench.dice.sample(alone, min(len(alone), 8)), (bench.key,), names]:
        query = base.with_(columns=asked)
        answer = bench.read(query)
        if answer.error is not None:
            bench.refused(query, answer.error, "")
            continue
        if any(len(row) != len(asked) for row in answer.rows):
            bench.fail(
                "rows are not as wide as asked for", "Return query.columns and nothing else.", query=query,
                expected=f"{len(asked)} values", got=shown(answer.rows[0]),
            )  # fmt: skip
            continue
        found = {row[bench.key]: row for row in as_mappings(asked, answer.rows)}
        _compare(bench, query, found, by_key, cut=answer.cut)
        if bench.spent:
            return


def _compare(bench: Bench, query: Query, found: dict[Any, Any], by_key: dict[Any, Any], *, cut: bool) -> None:
    if found and by_key and by_key.keys().isdisjoint(found):
        bench.fail(
            "the key is not where it was asked for", "Return the values in the order of query.columns.", query=query,
            subject=bench.key, expected=shown_rows(list(by_key)), got=shown_rows(list(found)),
        )  # fmt: skip
        return
    for key, row in by_key.items():
        if key not in found:
            if not cut:
                bench.fail(
                    "rows are missing", "Return every row of the set.", query=query,
                    expected=shown_rows(list(by_key)), got=f"no row {shown(key)}",
                )  # fmt: skip
                return
            continue
        for name in query.columns:
            given, wanted = found[key][name], row[name]
            if not alike(given, wanted):
                bench.fail(
                    f"{name} has another value when other columns are asked for",
                    "Return the values in the order of query.columns.",
                    query=query, subject=name, expected=f"{shown(key)}: {shown(wanted)}", got=shown(given),
                )  # fmt: skip
                return
    extra = [key for key in found if key not in by_key]
    if extra and bench.whole:
        bench.fail(
            "rows come that are not there", "Return the rows of the set alone.", query=query, got=shown_rows(extra)
        )


def alike(one: Any, other: Any) -> bool:
    """The same value of the same type; NaN is NaN."""
    return type(one) is type(other) and (one == other or (one != one and other != other))


def near(found: Any, wanted: Any) -> bool:
    """Alike; the last digits of a float are the source's own."""
    if isinstance(found, float) and isinstance(wanted, float):
        return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted)) or alike(found, wanted)
    return alike(found, wanted)


def difference(found: Sequence[Row], wanted: Sequence[Row]) -> tuple[str, str] | None:
    """The first row that is not alike in both, as text; ``None`` if there is none."""
    for place, (one, other) in enumerate(zip_longest(found, wanted), 1):
        if one is None or other is None or len(one) != len(other) or not all(map(near, one, other)):
            total = (f"row {place} of {len(rows)}: " for rows in (found, wanted))
            texts = ("none" if row is None else shown(row, 160) for row in (one, other))
            return next(total) + next(texts), next(total) + next(texts)
    return None


def lazy(bench: Bench) -> None:
    """Pages come one after the other: who stops after the first has not made the source send the rest."""
    query = Query(bench.entity_set.name, (bench.key,))
    session = bench.session()
    bench.tried += 1
    try:
        pages = bench.adapter.read(query, session)
        if not hasattr(pages, "__next__"):
            bench.fail(
                "read gives a list, not an iterator", "Make read a generator of pages.", query=query,
                expected="an iterator of pages", got=type(pages).__name__,
            )  # fmt: skip
            return
        first = next(pages, None)
        before = (session.timings.rows_read, session.timings.erp_calls)
        closed(pages)
        rest = list(_rest(pages))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the kit looks for
        bench.refused(query, error, "")
        return
    after = (session.timings.rows_read, session.timings.erp_calls)
    if rest or after != before:
        bench.fail(
            "reading goes on after close()", "Stop in the generator: with, closing or finally end what is under way.",
            query=query, expected="nothing more", got=f"{len(rest)} more pages, {after[0] - before[0]} more rows read",
        )  # fmt: skip
    _looked_at_first(bench, query, first, before[0])


def _rest(pages: Iterator[Page]) -> Iterator[Page]:
    """What an iterator that can be closed gives afterwards: nothing."""
    if hasattr(pages, "close"):
        yield from pages


def _looked_at_first(bench: Bench, query: Query, first: Page | None, read: int) -> None:
    """What had been read for the first page, against what all of them take."""
    size, total = len(first.rows) if first is not None else 0, len(bench.rows)
    if max(size, read) > _PAGE:
        got = f"{size} rows in a page, {read} rows read for it"
        bench.fail("a page is too long", "Hand on pages of some thousand rows.", query=query, got=got)
    elif bench.whole and total < 3 * max(size, 1):
        bench.note("there are few pages: whether they are lazy does not show")
    elif read == 0:
        bench.note("session.timings.rows_read is not counted: whether pages are lazy does not show")
    elif bench.whole:
        session = bench.session()
        bench.read(query, session)
        if read > session.timings.rows_read * 0.9:
            bench.fail(
                "all rows are read before the first page is given",
                "Ask for the next page when it is wanted, in a generator.",
                query=query, expected=f"about {size} rows read for the first page", got=f"{read} rows read",
            )  # fmt: skip
