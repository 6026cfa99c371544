"""Reads rows of one external object: the options in Salesforce's order, page after page, within its limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from salesforce.client import Client, Page
from salesforce.errors import ExternalSystemError, SalesforceError
from salesforce.sync import ExternalObject

#: Rows of one page with server-driven paging; Salesforce refuses more.
MAX_PAGE = 2_000
#: Bytes of all pages of one query.
MAX_RESULT = 16 * 1024 * 1024
#: Rows that one query gives at most (Apex).
MAX_ROWS = 50_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of one object. ``filter`` and ``orderby`` are OData text; ``limit`` is ``None`` for all rows."""

    object: ExternalObject
    columns: tuple[str, ...]
    filter: str = ""
    orderby: str = ""
    search: str = ""
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as they arrived, and the total that the service said."""

    rows: tuple[Row, ...]
    total: int | None


@dataclass(slots=True)
class Fetcher:
    """Sends requests through ``client``. ``notes`` collects what an administrator should know of the answers."""

    client: Client
    note: Callable[[str], None]
    received: int = field(default=0, init=False)

    def rows(self, asked: Request) -> Rows:
        """All rows of the request. Raises ``ExternalSystemError`` where Salesforce would stop."""
        if asked.filter == "false" or asked.limit == 0:
            return Rows((), 0)
        read = self._by_links if self.client.profile.paging == "server" else self._by_skip
        found, total = read(asked)
        self._check_keys(asked, found)
        return Rows(tuple(found), total)

    def entity(self, asked: Request, key: Sequence[tuple[str, str]]) -> Rows:
        """The row at its own URL, or none."""
        found = self.client.entity(asked.object.source, key, (("$select", ",".join(asked.columns)),))
        return Rows((), 0) if found is None else Rows((found,), 1)

    def count(self, asked: Request) -> int:
        """The number of rows, which Salesforce takes from the count of an ordinary query."""
        if asked.filter == "false":
            return 0
        page = self._page(asked, top=1) if self.client.profile.counts else None
        if page is None or page.count is None:
            raise SalesforceError("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "COUNT() query could not be processed")
        return page.count

    def _by_links(self, asked: Request) -> tuple[list[Row], int | None]:
        page = self._page(asked, top=asked.limit, skip=asked.offset)
        found, total = list(page.rows), page.count
        seen = set()
        while page.next_link is not None and not self._enough(asked, found):
            if page.next_link in seen:
                raise ExternalSystemError("A next link leads back to a page that has been read")
            seen.add(page.next_link)
            page = self._counted(lambda link=page.next_link: self.client.page_at(link))  # type: ignore[misc]
            if self.client.profile.counts and page.count is None:
                self.note(f"{asked.object.source}: a following page has no count, which QueryLocator needs")
            found.extend(page.rows)
        return found[: asked.limit], total

    def _by_skip(self, asked: Request) -> tuple[list[Row], int | None]:
        """Pages of one row more than is delivered, to see whether there are more."""
        batch = self.client.profile.batch
        found: list[Row] = []
        total: int | None = None
        while True:
            left = batch if asked.limit is None else min(batch, asked.limit - len(found))
            top = left if asked.limit is not None and left < batch else left + 1
            page = self._page(asked, top=top, skip=asked.offset + len(found))
            total = page.count if total is None else total
            if page.next_link is not None:
                self.note(f"{asked.object.source}: paging is client-driven, so the next link is ignored")
            found.extend(page.rows[:left])
            if len(page.rows) <= left or self._enough(asked, found):
                return found, total

    def _enough(self, asked: Request, found: Sequence[Row]) -> bool:
        if asked.limit is not None and len(found) >= asked.limit:
            return True
        if not self.client.profile.counts and len(found) >= MAX_PAGE:
            self.note(f"{asked.object.source}: without row counts a result ends at {MAX_PAGE:,} rows")
            return True
        if len(found) >= MAX_ROWS:
            self.note(f"{asked.object.source}: a query gives at most {MAX_ROWS:,} rows")
            return True
        return False

    def _page(self, asked: Request, *, top: int | None = None, skip: int = 0) -> Page:
        options = [("$select", ",".join(asked.columns)), ("$count", "true" if self.client.profile.counts else "false")]
        if asked.filter and asked.filter != "true":
            options.append(("$filter", asked.filter))
        if asked.search:
            options.append(("$search", asked.search))
        if asked.orderby:
            options.append(("$orderby", asked.orderby))
        if skip:
            options.append(("$skip", str(skip)))
        if top is not None:
            options.append(("$top", str(top)))
        return self._counted(lambda: self.client.page(asked.object.source, options))

    def _counted(self, read: Callable[[], Page]) -> Page:
        page = read()
        self.received += self.client.exchanges[-1].size
        if self.received > MAX_RESULT:
            raise ExternalSystemError(f"The result set of the query is larger than {MAX_RESULT // 1024**2} MB")
        if len(page.rows) > MAX_PAGE:
            raise ExternalSystemError(f"A page has {len(page.rows):,} rows; Salesforce takes {MAX_PAGE:,}")
        return page

    def _check_keys(self, asked: Request, rows: Sequence[Row]) -> None:
        names = asked.object.external_id
        if not names or any(name not in asked.columns for name in names):
            return
        keys = [tuple(row.get(name) for name in names) for row in rows]
        if any(None in key for key in keys):
            raise ExternalSystemError(f"{asked.object.source}: a row without {', '.join(names)} has no External ID")
        if len(set(keys)) < len(keys):
            self.note(f"{asked.object.source}: {len(keys) - len(set(keys))} rows came twice")
