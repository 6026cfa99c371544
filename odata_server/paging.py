"""Server-driven paging by key: which rows one page reads, and the link to the next.

A page continues after the sort values of the last row of the one before, so page 5,000 costs what page 1 costs, and
rows that come or go meanwhile neither repeat nor hide others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from edm.errors import ODataError
from edm.expressions import Prop, conjunction
from edm.model import EntitySet
from edm.primitives import PrimitiveType
from edm.query import ComputeItem, OrderItem, Query
from erp_adapters.base import Row
from odata_server.expand import numbers_of, root_columns
from odata_server.messages import ODataRequest
from odata_server.uri.tokens import Skiptoken, after

#: Characters of a query string that need no further encoding in a link.
_SAFE = "%$&'()*+,;=:@/?!~-._"
#: Characters of a decoded path that need no encoding in a link.
_SAFE_IN_PATH = "$&'()*+,;=:@/!~-._"
#: Characters of the longest URL that every server and proxy takes, gunicorn's 8,190 less method and version.
MAX_LINK = 8_000


@dataclass(frozen=True, slots=True)
class PageSizes:
    """Rows per page: what a client gets unasked, what it may ask for at most, and the same of a nested collection."""

    default: int
    maximum: int
    max_skip: int
    per_parent: int

    def of(self, preferred: int | None) -> int:
        return min(self.default if preferred is None else preferred, self.maximum)

    def expanded(self, preferred: int | None) -> int:
        """Related rows per parent."""
        return self.per_parent if preferred is None else min(preferred, self.per_parent)


@dataclass(frozen=True, slots=True)
class PageRead:
    """What one page reads. ``query`` asks for one row more than ``limit`` when there may be a next page."""

    query: Query
    orderby: tuple[OrderItem, ...]
    order_columns: tuple[str, ...]
    limit: int
    size: int
    remaining: int | None
    count: int | None

    def next_token(self, rows: Sequence[Row], written: int, count: int | None) -> Skiptoken | None:
        """The token after ``written`` rows of this page; ``None`` if nothing is left."""
        left = None if self.remaining is None else self.remaining - written
        if written == 0 or left == 0 or written == len(rows):
            return None
        last = dict(zip(self.query.columns, rows[written - 1], strict=True))
        return Skiptoken(tuple(last[name] for name in self.order_columns), left, count, self.size)


def page_read(
    query: Query, entity_set: EntitySet | None, token: Skiptoken | None, size: int, max_skip: int
) -> PageRead:
    """The read of the page that ``token`` leads to, or of the first one. ``entity_set`` is ``None`` for rows that are
    no entities."""
    if query.skip > max_skip:
        raise ODataError(
            "limit_exceeded",
            f"$skip is limited to {max_skip} (limit max_skip).",
            target="$skip",
            hint="Follow @odata.nextLink (server-driven paging) to read further.",
        )
    size = token.page_size or size if token else size
    remaining = token.remaining if token else query.top
    limit = size if remaining is None else min(size, remaining)
    names, computed = _order_columns(query.orderby)
    more = remaining is None or remaining > limit
    return PageRead(
        query=query.with_(
            columns=_columns(entity_set, query, names),
            compute=(*query.compute, *numbers_of(query), *computed),
            filter=conjunction(query.filter, after(query.orderby, token.values)) if token else query.filter,
            skip=0 if token else query.skip,
            top=limit + 1 if more else limit,
            count=query.count and token is None,
        ),
        orderby=query.orderby,
        order_columns=names,
        limit=limit,
        size=size,
        remaining=remaining,
        count=token.count if token else None,
    )


def _columns(entity_set: EntitySet | None, query: Query, names: Sequence[str]) -> tuple[str, ...]:
    if entity_set is None:
        return tuple(dict.fromkeys((*query.columns, *names)))
    return root_columns(entity_set, query, *names)


def _order_columns(orderby: Sequence[OrderItem]) -> tuple[tuple[str, ...], tuple[ComputeItem, ...]]:
    """The columns that hold the sort values: properties as they are, anything else computed."""
    names: list[str] = []
    computed: list[ComputeItem] = []
    for index, item in enumerate(orderby):
        if isinstance(item.expr, Prop) and len(item.expr.path) == 1:
            names.append(item.expr.name)
        else:
            names.append(f"$order{index}")
            computed.append(ComputeItem(names[-1], item.expr))
    return tuple(names), tuple(computed)


def order_types(orderby: Sequence[OrderItem]) -> tuple[PrimitiveType, ...]:
    """The types of the sort values, for reading a token."""
    return tuple(item.expr.type for item in orderby if isinstance(item.expr.type, PrimitiveType))


def next_link(request: ODataRequest, path: str, token: str) -> str:
    """The absolute URL of the next page: the same options, with this token.

    Options that were posted stand in the URL too, so that it can be got. Where they are too long for that, the link is
    to ``$query``, and the same body is posted to it again.
    """
    url = request.root + quote(path, safe=_SAFE_IN_PATH)
    link = _link(url, request.options, token)
    if request.posted and len(link) > MAX_LINK:
        return _link(f"{url}/$query", request.query, token)
    return link


def _link(url: str, raw_query: str, token: str) -> str:
    kept = [p for p in raw_query.split("&") if p and _option_name(p) != "skiptoken"]
    return f"{url}?{'&'.join((*(quote(p, safe=_SAFE) for p in kept), f'$skiptoken={token}'))}"


def _option_name(piece: str) -> str:
    return unquote_plus(piece.split("=", 1)[0]).strip().lower().removeprefix("$")
