"""An OData V4 service as a source of records: what is asked of it, and what its answers say.

Nearly a pass-through: names are the service's own, conditions become its ``$filter``, its pages become batches. What it
can do is what its own ``$metadata`` says, less what the options say it cannot; what it answers is checked.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from edm.capabilities import Match
from erp_adapters.base import BadAnswer, ContractBroken, Examined, Finding, Refused, Session, Unavailable
from erp_adapters.odata import csdl, filters
from erp_adapters.odata import options as known
from erp_adapters.odata.answers import Page, page_of, readers, record
from erp_adapters.odata.asking import encoded, query
from erp_adapters.odata.places import Field, Place, Service
from erp_adapters.odata.refusals import Refusals, longest
from erp_adapters.odata.restrictions import announces_401
from erp_adapters.records.base import Ask, Batch, Condition, EntityFacts, FieldFacts, Withdrawn
from erp_adapters.records.tables import named
from erp_adapters.transport import Answer, Trail, Transport, diagnose

#: Values of one list where the service has ``in``, and in a chain of ``or``.
LISTED, CHAINED = 100, 40
#: Seconds after which a service's description is read anew, and between two readings after a refusal.
METADATA_AGE, METADATA_PAUSE = 3600.0, 60.0
#: Seconds for reading it, and after a failure those in which nobody tries again.
METADATA_SECONDS, METADATA_RETRY = 20.0, 3.0
#: Statuses of a service that knows no IEEE754Compatible, and those that are looked at here, that of a refusal too.
NO_FORMAT = (406, 415)
HANDLED = (*NO_FORMAT, 501)


@dataclass(slots=True)
class _Known:
    """The description of the service, and when it is old."""

    service: Service
    read: float
    stale: bool = False


@dataclass(slots=True)
class ODataSource:
    """``settings`` are options for the whole service, ``sections`` those of single entities."""

    transport: Transport
    settings: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    connections: int = 4
    kind: str = field(default="odata", init=False)
    options: frozenset[str] = field(
        default=frozenset(name for name, option in known.OPTIONS.items() if option.section), init=False
    )
    empty_is_null: bool = field(default=False, init=False)
    _defaults: Mapping[str, Any] = field(default_factory=dict, init=False)
    #: Whether numbers are asked for as text: a service that writes doubles would round them otherwise.
    _exact: bool = field(default=True, init=False)
    _known: _Known | None = field(default=None, init=False, repr=False)
    _refusals: Refusals = field(default_factory=Refusals, init=False, repr=False)
    _reading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _failed: float = field(default=float("-inf"), init=False, repr=False)

    def __post_init__(self) -> None:
        profile = known.PROFILES.get(self.settings.get("profile", ""), {})
        self._defaults = known.layered(profile, self.settings)
        self._exact = bool(self._defaults.get("ieee754", True))
        self.empty_is_null = bool(self._defaults.get("empty_is_null", False))

    # --- what it says of itself ---------------------------------------------------------------------------------------

    def entity(self, name: str) -> EntityFacts | None:
        service = self._service()
        place = service.place(name)
        if place is None:
            return None
        limits = place.limits
        required: tuple[tuple[str, ...], ...] = tuple((path,) for path in limits.required)
        if limits.requires_filter and not required:
            required = (tuple(path for path in place.type.properties if _compared(service, place, path)),)
        values = limits.values or (LISTED if limits.lists else CHAINED)
        return EntityFacts(limits.top, limits.skip, limits.count, values, required)

    def field(self, entity: str, name: str) -> FieldFacts | None:
        service = self._service()
        place = service.place(entity)
        found = service.field(place, name) if place is not None else None
        if place is None or found is None or not _readable(found, place):
            return None
        liked, folded = filters.liked(found, place)
        return FieldFacts(
            found.kind.type,
            found.nullable,
            found.item.max_length,
            filters.compared(found, place),
            liked,
            folded,
            filters.sortable(found, place),
            place.limits.ordered,
        )

    def grade(self, entity: str, condition: Condition) -> Match:
        service = self._service()
        place = service.place(entity)
        said = filters.Writer(service, place).say(condition) if place is not None else None
        return Match.NO if said is None else said.match

    def _service(self) -> Service:
        """The description, read at the first question, and again when it is old or a question was refused."""
        before = self._known
        if before is not None and not _due(before):
            return before.service
        if not self._reading.acquire(blocking=before is None):
            assert before is not None
            return before.service  # somebody reads it; until then the old one serves
        try:
            before = self._known
            return self._described(before) if before is None or _due(before) else before.service
        finally:
            self._reading.release()

    def _described(self, before: _Known | None) -> Service:
        now = time.monotonic()
        if now - self._failed < METADATA_RETRY:
            if before is not None:
                return before.service
            raise Unavailable("the service's $metadata could not be read a moment ago")
        try:
            answer = self.transport.send(
                "GET",
                "$metadata",
                Session(deadline=now + METADATA_SECONDS),
                headers={"OData-MaxVersion": self._version},
                expect="application/xml",
            )
            model = csdl.read(answer.body)
        except csdl.Unreadable as error:
            self._failed = time.monotonic()
            raise BadAnswer(str(error)) from None
        except Exception:
            self._failed = time.monotonic()
            if before is not None:
                return before.service
            raise
        self._refusals = Refusals()
        self._known = _Known(self._made(model), time.monotonic())
        return self._known.service

    def _made(self, model: csdl.Model) -> Service:
        return Service(model, self._defaults, self._refusals.options(self.sections))

    @property
    def _version(self) -> str:
        return str(self._defaults.get("version", "4.01"))

    # --- questions ----------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        page, found = self._first(ask, session)
        fields = readers(found)
        trail = Trail()
        left = ask.top
        count = page.count if ask.count else None
        if ask.count and count is None:
            raise ContractBroken(ask.entity, "no count, though $count=true was asked for")
        while True:
            records = [record(ask.entity, row, fields) for row in page.rows]
            if left is not None:
                records = records[:left]  # some services take $top for the size of a page
                left -= len(records)
            yield Batch(records, count)
            count = None
            if page.next is None or left == 0:
                return
            page = self._page(ask.entity, trail.follow(self._link(page.next, page.url)), session)

    def _first(self, ask: Ask, session: Session) -> tuple[Page, list[Field]]:
        """The first page. If the service refuses the question, it is put otherwise as long as it means the same;
        then ``Withdrawn`` tells that it has to be another one."""
        while True:
            service = self._service()
            place, fields = self._fields(service, ask)
            url = encoded(ask.entity, self._parameters(service, place, ask, fields))
            try:
                page = self._page(ask.entity, url, session)
            except Refused as refused:
                if not self._suspects(ask, place, refused, len(url)):
                    raise
                if not self._still(ask):
                    raise Withdrawn(refused) from None
            else:
                self._refusals.answered(ask.entity)
                return page, fields

    def _suspects(self, ask: Ask, place: Place, refused: Refused, length: int) -> bool:
        """Whether there is something to leave out; then the description says so from now on."""
        with self._reading:
            found = self._refusals.suspect(ask, place, refused, length)
            if self._known is not None:
                self._known.service = self._made(self._known.service.model)
            return found

    def _still(self, ask: Ask) -> bool:
        """Whether the question can be put, in other words, with what is left."""
        facts = self.entity(ask.entity)
        if facts is None or (ask.skip and not facts.skip) or (ask.count and not facts.count):
            return False
        if longest(ask) > facts.values or (ask.where is not None and self.grade(ask.entity, ask.where) is Match.NO):
            return False
        return all((found := self.field(ask.entity, o.field)) is not None and found.sortable for o in ask.order)

    def explain(self, ask: Ask) -> str:
        service = self._service()
        place, fields = self._fields(service, ask)
        parameters = self._parameters(service, place, ask, fields)
        call = f"GET {ask.entity}?" + "&".join(f"{name}={text}" for name, text in parameters.items())
        return "\n".join((call, *self._refusals.about(ask.entity)))

    def _link(self, link: str, base: str) -> str:
        """Where the next page is. A service behind a proxy may name its inner host in links; then its own is kept."""
        if self._defaults.get("rewrite_links", False):
            try:
                link = urlsplit(link)._replace(scheme="", netloc="").geturl()
            except ValueError:
                raise BadAnswer("a next link that is no URL") from None
        return self.transport.place.resolve(link, base=base)

    def _fields(self, service: Service, ask: Ask) -> tuple[Place, list[Field]]:
        place = service.place(ask.entity)
        if place is None:
            raise ContractBroken(ask.entity, f"the service has no entity set {ask.entity}")
        found = []
        for name in ask.fields:
            one = service.field(place, name)
            if one is None:
                raise ContractBroken(ask.entity, f"{ask.entity} has no property {name}")
            found.append(one)
        return place, found

    def _parameters(self, service: Service, place: Place, ask: Ask, fields: list[Field]) -> Mapping[str, str]:
        fixed: Mapping[str, str] = {**self._defaults.get("parameters", {}), **ask.options.get("parameters", {})}
        return {**fixed, **query(service, place, ask, fields)}

    def _page(self, entity: str, url: str, session: Session) -> Page:
        try:
            answer = self._sent(url, session)
            if answer.status in NO_FORMAT and self._exact:
                self._exact = False  # numbers come as JSON writes them, which is read exactly all the same
                answer = self._sent(url, session)
            if answer.status in HANDLED:
                raise Refused(f"{answer.status}: {answer.text()[:300]}", answered=answer.status)
        except Refused as error:
            self._forget()
            error.detail = f"{entity}: {error.detail}"
            raise
        return page_of(entity, answer)

    def _sent(self, url: str, session: Session) -> Answer:
        numbers = ";IEEE754Compatible=true" if self._exact else ""
        headers = {
            "Accept": f"application/json;odata.metadata=minimal{numbers}",
            "OData-MaxVersion": self._version,
        }
        size = self._defaults.get("page_size")
        if size:
            headers["Prefer"] = f"odata.maxpagesize={size}"
        return self.transport.send("GET", url, session, headers=headers, accept=HANDLED)

    def _forget(self) -> None:
        """After a refusal the description may be an old one: it is read again, but not at every refusal."""
        found = self._known
        if found is not None and time.monotonic() - found.read > METADATA_PAUSE:
            found.stale = True

    # --- health -------------------------------------------------------------------------------------------------------

    def ping(self, session: Session) -> None:
        answer = self.transport.send("GET", "", session, headers={"OData-MaxVersion": self._version})
        document = answer.json()
        if not isinstance(document, dict) or not isinstance(document.get("value"), list):
            raise BadAnswer("the service's root is no service document of OData 4")

    def describe(self, session: Session) -> str:
        model = self._service().model
        version = "4.01" if announces_401(model) else "4.0"
        sets = sum(not child.singleton for child in model.children.values())
        return f"OData {version} service at {self.transport.describe()}, {sets} entity sets"

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        return diagnose(self.transport, check)

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key, table in named(section):
            mine = {name: value for name, value in table.items() if name in self.options}
            for name, message in known.faults(mine, section=True):
                yield f"{key}.{name}".lstrip("."), message

    def close(self) -> None:
        """Closes connections."""
        self.transport.close()


def _due(found: _Known) -> bool:
    return found.stale or time.monotonic() - found.read > METADATA_AGE


def _compared(service: Service, place: Place, path: str) -> bool:
    found = service.field(place, path)
    return found is not None and bool(filters.compared(found, place))


def _readable(found: Field, place: Place) -> bool:
    """Fields of other records come by ``$expand``."""
    if not found.hops:
        return True
    limits, names = place.limits, [name for name, _ in found.hops]
    return limits.expandable and not {names[0], "/".join(names)} & limits.unexpandable
