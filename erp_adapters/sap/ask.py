"""One question as a URL, and its answers page by page.

SAP's links are not followed as they are: behind a proxy they name a host inside. Only their query is taken, to the same
place. What arrives is checked: its form, its types, that pages bring records that were not there yet, and that they
end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.cookies import RequestsCookieJar

from erp_adapters.base import ContractBroken, Session
from erp_adapters.records.base import Batch, Stored
from erp_adapters.sap.faults import LOOKED_AT, error_of
from erp_adapters.sap.schema import Field
from erp_adapters.sap.wire import Unfit, value
from erp_adapters.sap.zeros import Seen
from erp_adapters.transport import Transport

_HEADERS = {"DataServiceVersion": "2.0", "MaxDataServiceVersion": "2.0"}
#: Pages without any record that may follow each other.
_EMPTY = 3


class Uncounted(ContractBroken):
    """The service did not count, though it was asked to."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A field of the records: its name, the steps to it, and what its values show."""

    name: str
    steps: tuple[str, ...]
    field: Field
    seen: Seen


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a set. ``params`` are all that stays; ``window`` records are asked for at once if there is no
    ``top``, or all of them if it is 0."""

    service: str
    name: str
    wanted: tuple[Wanted, ...]
    params: Mapping[str, str]
    skip: int = 0
    top: int | None = None
    window: int = 0
    count: bool = False

    @property
    def path(self) -> str:
        return f"{self.service}/{self.name}"

    def query(self, windows: int = 0) -> dict[str, str]:
        """The parameters of the first call, or that for a later window. Gateways take ``$top=0`` for no limit."""
        skip = self.skip + windows * self.window
        limit = self.window if self.top is None else max(1, self.top)
        return {
            **self.params,
            **({"$skip": str(skip)} if skip else {}),
            **({"$top": str(limit)} if limit else {}),
            **({"$inlinecount": "allpages"} if self.count and not windows else {}),
        }


@dataclass(slots=True)
class Answers:
    """The batches of one question."""

    transport: Transport
    question: Question
    session: Session
    cookies: RequestsCookieJar
    _links: set[str] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _pages: int = 0
    _blank: int = 0
    _got: int = 0

    def batches(self) -> Iterator[Batch]:
        """Lazily, a call each; at most ``top`` records."""
        question = self.question
        left = question.top
        windows = 0
        while True:
            self._got = 0
            for records, count in self._window(question.query(windows)):
                batch = Batch(records if left is None else records[:left], count)
                left = None if left is None else left - len(batch.records)
                yield batch
                if left == 0:
                    return
            # Fewer than asked for are the last ones; more are all, for a service that heeds no limit.
            if not question.window or question.top is not None or self._got != question.window:
                return
            windows += 1

    def _window(self, query: Mapping[str, str]) -> Iterator[tuple[list[dict[str, Stored]], int | None]]:
        """What one ``$top`` brings, which SAP may cut in pages."""
        counted = "$inlinecount" in query
        while True:
            body = self._send(query)
            raw, link = self._parts(body)
            count = self._count(body) if counted else None
            yield self._records(raw), count
            if link is None:
                return
            query, counted = self._follow(link), False

    def _send(self, query: Mapping[str, str]) -> Any:
        answer = self.transport.send(
            "GET",
            self.question.path,
            self.session,
            headers=_HEADERS,
            params=query,
            accept=LOOKED_AT,
            cookies=self.cookies,
        )
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return answer.json()

    # --- form -----------------------------------------------------------------------------------------------------

    def _parts(self, body: Any) -> tuple[list[Any], str | None]:
        """The records and the link to the next ones."""
        found = body.get("d") if isinstance(body, dict) else None
        results = found.get("results") if isinstance(found, dict) else found
        if not isinstance(results, list):
            raise self._broken("an answer without results")
        link = found.get("__next") if isinstance(found, dict) else None
        if isinstance(link, dict):
            link = link.get("uri")  # some write it as the links of records
        if link is not None and not isinstance(link, str):
            raise self._broken("a link to the next page that is no text")
        return self._fresh(results), link

    def _count(self, body: Any) -> int:
        found = body["d"].get("__count") if isinstance(body["d"], dict) else None
        text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise Uncounted(self.question.path, f"no count, though one was asked for: {str(found)[:40]!r}")
        return int(text)

    def _follow(self, link: str) -> dict[str, str]:
        """The query of a link, which leads on."""
        if link in self._links:
            raise self._broken("the link to the next page leads in a circle")
        self._links.add(link)
        query = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
        if "$skiptoken" not in query and "$skip" not in query:
            raise self._broken("a link to the next page that leads nowhere")
        fixed = {name: text for name, text in self.question.params.items() if not name.startswith("$")}
        return {**fixed, **query}

    def _fresh(self, raw: list[Any]) -> list[Any]:
        """Records that no earlier page had: data may move while pages are turned, but not all of them."""
        self._pages += 1
        self._got += len(raw)
        self._blank = 0 if raw else self._blank + 1
        if self._blank > _EMPTY:
            raise self._broken("pages without records and without end")
        ids = [_identity(one) for one in raw]
        fresh = [one for one, key in zip(raw, ids, strict=True) if key is None or key not in self._seen]
        if raw and not fresh:
            raise self._broken("a page that repeats records of earlier ones")
        self._seen.update(key for key in ids if key is not None)
        return fresh

    # --- records --------------------------------------------------------------------------------------------------

    def _records(self, raw: list[Any]) -> list[dict[str, Stored]]:
        return [self._record(record) for record in raw]

    def _record(self, raw: Any) -> dict[str, Stored]:
        try:
            return {one.name: _value(one, raw) for one in self.question.wanted}
        except Unfit as error:
            raise self._broken(f"{error}{_which(raw)}") from error

    def _broken(self, detail: str) -> ContractBroken:
        return ContractBroken(self.question.path, f"page {self._pages}: {detail}")


def _identity(record: Any) -> int | None:
    about = record.get("__metadata") if isinstance(record, dict) else None
    key = (about.get("uri") or about.get("id")) if isinstance(about, dict) else None
    return hash(key) if isinstance(key, str) else None


def _which(record: Any) -> str:
    """Which record it is, as its own address says, for the log."""
    about = record.get("__metadata") if isinstance(record, dict) else None
    uri = (about.get("uri") or about.get("id")) if isinstance(about, dict) else None
    return f", in {uri.rpartition('/')[2]!r:.100}" if isinstance(uri, str) else ""


def _value(wanted: Wanted, record: Any) -> Stored:
    """The value of a field. Behind a link that leads nowhere there is none."""
    at = record
    for step in wanted.steps[:-1]:
        at = _member(at, step)
        if at is None:
            return None
        if isinstance(at, dict) and "__deferred" in at:
            raise Unfit(f"{step} was not expanded")
    found = value(wanted.field, _member(at, wanted.steps[-1]))
    if isinstance(found, str) and wanted.field.max_length:
        wanted.seen.add(found, wanted.field.max_length)
    return found


def _member(record: Any, name: str) -> Any:
    if not isinstance(record, dict) or name not in record:
        raise Unfit(f"{name} is missing")
    return record[name]
