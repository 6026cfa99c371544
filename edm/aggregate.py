"""What aggregation means, in the plainest Python: the methods of ``aggregate``, and the rows that a ``Source`` makes of
the rows it is given (OData Data Aggregation 4.0, sections 3.2 and 3.3). SQL is checked against it; the engine finishes
with it what a source cannot.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from edm.errors import ODataError
from edm.evaluate import Environment, Related, RowMapping, compile_expression, no_related, sort_rows
from edm.expressions import IT
from edm.meanings import EXACT, divide_decimal
from edm.model import ServiceMetadata
from edm.primitives import (
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    DURATION,
    INT64,
    STRING,
    TIME_OF_DAY,
    PrimitiveType,
)
from edm.query import Aggregate, Concat, Grouping, Query, Ranking, Source


@dataclass(frozen=True, slots=True)
class Method:
    """A standard aggregation method: the type of the result for values of a type (``None`` if it takes none of them),
    and the result for values that are not null. ``empty`` is the result for none at all."""

    result: Callable[[PrimitiveType], PrimitiveType | None]
    fold: Callable[[Sequence[Any]], Any]
    empty: Any = None
    doc: str = ""


def _summed(kind: PrimitiveType) -> PrimitiveType | None:
    if not kind.numeric:
        return None
    return INT64 if kind.integral else DECIMAL if kind == DECIMAL else DOUBLE


def _averaged(kind: PrimitiveType) -> PrimitiveType | None:
    if not kind.numeric:
        return None
    return DECIMAL if kind.integral or kind == DECIMAL else DOUBLE


def _ordered(kind: PrimitiveType) -> PrimitiveType | None:
    ordered = kind.numeric or kind in (STRING, DATE, DATE_TIME_OFFSET, TIME_OF_DAY, DURATION)
    return kind if ordered else None


def total(values: Sequence[Any]) -> Any:
    """The exact sum; of integers it has to be an Int64."""
    if not isinstance(values[0], Decimal):
        return checked(sum(values))
    return reduce(EXACT.add, values)


def checked(number: Any) -> Any:
    """A sum of integers, if it is an Int64; otherwise the error that it is none."""
    assert INT64.low is not None
    assert INT64.high is not None
    if isinstance(number, int) and not INT64.low <= number <= INT64.high:
        raise ODataError(
            "arithmetic",
            "A sum is outside the range of Edm.Int64.",
            hint="Sum it as a decimal: aggregate(cast(Amount,Edm.Decimal) with sum as Total).",
        )
    return number


def mean(values: Sequence[Any]) -> Any:
    """The sum divided by the number of values, rounded as every quotient is."""
    if isinstance(values[0], float):
        return sum(values) / len(values)
    return divide_decimal(Decimal(0) + reduce(EXACT.add, map(Decimal, values)), Decimal(len(values)))


#: The standard methods, and ``count`` for ``$count``. Counts are decimals without a fraction (3.2.1.3.5, 3.2.1.4).
METHODS: dict[str, Method] = {
    "sum": Method(_summed, total, doc="the sum; of integers an Int64"),
    "min": Method(_ordered, min, doc="the lowest value; text by code point"),
    "max": Method(_ordered, max, doc="the highest value"),
    "average": Method(_averaged, mean, doc="the sum divided by the number of values"),
    "countdistinct": Method(
        lambda kind: DECIMAL, lambda values: Decimal(len(set(values))), Decimal(0), "the number of different values"
    ),
    "count": Method(lambda kind: DECIMAL, lambda rows: Decimal(len(rows)), Decimal(0), "the number of rows"),
}


def derived(source: Source, given: Sequence[Iterable[RowMapping]]) -> Iterator[RowMapping]:
    """The rows of ``source``, made of the rows of each of its ``inputs``, which come in the order that their queries
    ask for. Raises ``ODataError`` for a sum out of range."""
    match source:
        case Query():
            yield from given[0]
        case Concat():
            for rows in given:
                yield from rows
        case Grouping():
            yield from _grouped(source, given[0])
        case Ranking():
            for rows in _partitioned(source.partition, given[0]).values():
                yield from _ranked(source, rows)


def finished(
    query: Query, rows: Iterable[RowMapping], metadata: ServiceMetadata, related: Related = no_related
) -> tuple[list[tuple[Any, ...]], int]:
    """What ``query`` makes of the ``rows`` of its set or source: tuples in column order, and how many there are before
    they are sliced."""
    entity_set = metadata[query.entity_set]
    scope = {IT: entity_set}
    environments: list[Environment] = [{IT: row} for row in rows]
    if query.filter is not None:
        keep = compile_expression(query.filter, metadata, scope, related)
        environments = [env for env in environments if keep(env) is True]
    if query.orderby:
        environments = sort_rows(environments, query.orderby, metadata, scope, related)
    end = None if query.top is None else query.skip + query.top
    computed = {item.name: compile_expression(item.expr, metadata, scope, related) for item in query.compute}
    kept = [
        tuple(computed[name](env) if name in computed else env[IT][name] for name in query.columns)
        for env in environments[query.skip : end]
    ]
    return kept, len(environments)


def _partitioned(keys: Sequence[str], rows: Iterable[RowMapping]) -> dict[tuple[Any, ...], list[RowMapping]]:
    found: dict[tuple[Any, ...], list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[tuple(row[key] for key in keys)].append(row)
    return found


def _grouped(grouping: Grouping, rows: Iterable[RowMapping]) -> Iterator[RowMapping]:
    groups = _partitioned(grouping.keys, rows)
    if not grouping.keys:
        groups.setdefault((), [])
    for values, members in groups.items():
        row = dict(zip(grouping.keys, values, strict=True))
        yield row | {item.name: aggregated(item, members) for item in grouping.aggregates}


def aggregated(item: Aggregate, rows: Sequence[RowMapping]) -> Any:
    """The value of one aggregate over the rows of a group."""
    method = METHODS[item.method]
    if item.column is None:
        return method.fold(rows)
    values = [row[item.column] for row in rows if row[item.column] is not None]
    return method.fold(values) if values else method.empty


def _ranked(ranking: Ranking, rows: Sequence[RowMapping]) -> Iterator[RowMapping]:
    if ranking.method == "count":
        end = None if ranking.limit is None else ranking.skip + int(ranking.limit)
        yield from rows[ranking.skip : end]
        return
    assert ranking.column is not None
    assert ranking.limit is not None
    numbers = [_number(row[ranking.column]) for row in rows]
    limit = ranking.limit
    if ranking.method == "percent":
        limit = EXACT.multiply(reduce(EXACT.add, numbers, Decimal(0)), limit.scaleb(-2))
    reached = Decimal(0)
    for row, number in zip(rows, numbers, strict=True):
        if reached >= limit:
            return
        yield row
        reached = EXACT.add(reached, number)


def _number(value: Any) -> Decimal:
    return Decimal(0) if value is None else Decimal(value)
