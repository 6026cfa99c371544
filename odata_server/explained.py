"""What ``explain`` tells of a request: how it would be answered, and what the cache would do with each of its reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edm.query import Query
from erp_adapters.base import Adapter, Keeps
from odata_server.execute import BATCH_KEYS
from odata_server.expand import expansions
from odata_server.plan import Plan


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a request is answered: the bound query, what goes to the source, what is finished here, the ERP's own
    text; of each read what the cache would do."""

    query: str
    pushed: str
    residual: str | None
    notes: tuple[str, ...]
    native: str | None
    cache: tuple[str, ...] = ()


def decisions(adapter: Adapter, sent: Iterable[Query], asked: Query, view: str) -> Iterator[str]:
    """What the cache would do with the queries that are ``sent`` for a caller of that view. Which related rows are read
    depends on the rows that are found, so these have no key yet.
    """
    if not isinstance(adapter, Keeps):
        return
    for query in sent:
        yield f"{query.entity_set}: {adapter.decision(query, view)}"
    for path, query in expansions(asked):
        yield f"$expand={path}: {query.entity_set} by their keys; {adapter.allowance(query)}"


def costs(made: Plan, asked: Query, budget: int) -> Iterator[str]:
    """What is read beyond the rows that the answer has, and how often the ERP is asked for more than one page."""
    if made.residual is not None and not made.empty:
        yield f"rows are read until enough of them pass here, at most {budget} (scan_budget)"
    for path, query in expansions(asked):
        yield f"$expand={path}: {query.entity_set} by the keys of the rows found, {BATCH_KEYS} keys at a time"
