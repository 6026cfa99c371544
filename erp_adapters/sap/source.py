"""SAP as a source of records: facts from ``$metadata``, conditions as ``$filter``, records page by page.

Where anything of it is published is not known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from requests.cookies import RequestsCookieJar

from edm import primitives
from edm.capabilities import Match
from erp_adapters.base import AuthFailed, ContractBroken, Denied, Refused, Session, SourceError
from erp_adapters.records.base import Ask, Batch, Condition, EntityFacts, FieldFacts, Withdrawn
from erp_adapters.sap import names
from erp_adapters.sap.ask import Answers, Question, Uncounted, Wanted
from erp_adapters.sap.described import Described
from erp_adapters.sap.faults import LOOKED_AT, error_of, stale
from erp_adapters.sap.refusals import Refusals
from erp_adapters.sap.render import Column, Writer, compared, liked
from erp_adapters.sap.schema import EntitySet, Service
from erp_adapters.sap.zeros import Zeros
from erp_adapters.transport import Transport
from erp_adapters.transport.links import with_params

#: Characters of ``$filter`` once it is in a URL: servers and proxies take 8 KB of it for certain.
_LONGEST = 6000


@dataclass(frozen=True, slots=True)
class Habits:
    """What no metadata tells of a system. ``features`` are what it answers beyond the usual; ``window`` is how many
    records are asked for at once, ``values`` how many of a list."""

    client: str = ""
    language: str = ""
    features: frozenset[str] = frozenset()
    window: int = 1000
    values: int = 50

    @property
    def params(self) -> dict[str, str]:
        given = {"sap-client": self.client, "sap-language": self.language}
        return {name: text for name, text in given.items() if text}


@dataclass(frozen=True, slots=True)
class _At:
    """An entity set, and the service that it is in."""

    service: str
    described: Service
    set: EntitySet


@dataclass(slots=True)
class SapSource:
    """One SAP system. ``services`` are those that the catalog names."""

    transport: Transport
    habits: Habits = field(default_factory=Habits)
    services: Sequence[str] = ()
    kind: str = "sap"
    options: frozenset[str] = frozenset()
    empty_is_null: bool = True
    connections: int = field(init=False)
    described: Described = field(init=False)
    #: Of SAP's session with our user: without them every call would sign in, and leave a session behind.
    cookies: RequestsCookieJar = field(default_factory=RequestsCookieJar, repr=False)
    refusals: Refusals = field(default_factory=Refusals)
    _zeros: Zeros = field(default_factory=Zeros)

    def __post_init__(self) -> None:
        self.connections = self.transport.options.pool_size
        self.described = Described(self.transport, self.habits.params, self.cookies)

    # --- facts ----------------------------------------------------------------------------------------------------

    def entity(self, name: str) -> EntityFacts | None:
        at = self._at(name)
        if at is None:
            return None
        usable = [one for one in at.set.shape.fields.values() if compared(one)]
        required: list[tuple[str, ...]] = [(one.name,) for one in usable if one.required]
        if at.set.demanding and not required:
            required = [tuple(one.name for one in usable)]
        count = at.set.count and "count" not in self.refusals.of(name)
        return EntityFacts(at.set.top, at.set.skip, count, self.habits.values, tuple(required))

    def field(self, entity: str, name: str) -> FieldFacts | None:
        at = self._at(entity)
        column = self._column(entity, name) if at is not None else None
        if column is None and at is not None and self.described.missed(at.service):
            column = self._column(entity, name)
        return None if column is None else self._facts(entity, column)

    def _facts(self, entity: str, column: Column) -> FieldFacts:
        found, refused = column.field, self.refusals.of(entity)
        features = self.habits.features - refused
        usable = (not column.linked or "paths" in features) and f".{column.spelled}" not in refused
        likes = liked(found) - refused if usable else frozenset()
        return FieldFacts(
            type=found.type,
            nullable=found.nullable or found.type is primitives.STRING,
            max_length=found.max_length,
            compared=compared(found) if usable else frozenset(),
            liked=likes,
            folded=likes if "tolower" in features else frozenset(),
            sortable=found.sortable and usable and "order" not in refused,
            ordered=True,  # ABAP wants its databases to compare texts by their bytes
            numbered=column.seen.numbered,
        )

    def _at(self, entity: str) -> _At | None:
        spelled = names.split(entity)
        if spelled is None:
            return None
        service, name = spelled
        described = self.described(service)
        if described is not None and name not in described.sets and self.described.missed(service):
            described = self.described(service)
        found = described.sets.get(name) if described is not None else None
        return None if described is None or found is None else _At(service, described, found)

    def _known(self, entity: str) -> _At:
        found = self._at(entity)
        if found is None:
            raise ContractBroken(entity, "there is no such entity set")
        return found

    def _column(self, entity: str, name: str) -> Column | None:
        at = self._at(entity)
        found = at.described.path(at.set.shape, name) if at is not None else None
        if found is None or found[0].type is None:
            return None
        one, links = found
        if links and not one.nullable:
            one = replace(one, nullable=True)
        return Column(name, one, self._zeros.of(entity, name), bool(links))

    # --- conditions -----------------------------------------------------------------------------------------------

    def _writer(self, entity: str) -> Writer:
        refused = self.refusals.of(entity)
        return Writer(lambda name: self._column(entity, name), self.habits.features - refused, refused)

    def grade(self, entity: str, condition: Condition) -> Match:
        writer = self._writer(entity)
        found = writer.grade(condition)
        if found is Match.NO:
            return found
        said = writer.write(condition)
        try:
            fits = not isinstance(said, str) or len(with_params("", {"": said})) <= _LONGEST
        except UnicodeEncodeError:  # half of a surrogate pair has no form in a URL
            fits = False
        return found if fits else Match.NO

    # --- questions ------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        if self._withheld(ask):
            raise Withdrawn(Refused(f"{ask.entity}: what was refused before is not asked again"))
        question = self._question(ask)
        if question is None:
            yield Batch((), 0 if ask.count else None)
            return
        given = False
        try:
            for batch in Answers(self.transport, question, session, self.cookies).batches():
                yield batch
                given = True
        except Uncounted as error:
            self.refusals.note(ask.entity, "count")
            raise Withdrawn(error) from None
        except SourceError as error:
            if isinstance(error, Refused) and not given and self.refusals.suspect(ask, error):
                raise Withdrawn(error) from None
            if isinstance(error, AuthFailed | Denied):
                self.cookies.clear()  # who was signed in by them may not be who we are now
            if stale(error) or isinstance(error, ContractBroken):
                self.described.missed(question.service)
            raise

    def _withheld(self, ask: Ask) -> bool:
        """Whether the question was made before something of it was refused to another one."""
        refused = self.refusals.of(ask.entity)
        if not refused:
            return False
        names = {f".{item.field}" for item in ask.order}
        unsorted = bool(ask.order) and ("order" in refused or not names.isdisjoint(refused))
        ungraded = ask.where is not None and self.grade(ask.entity, ask.where) is Match.NO
        return unsorted or ungraded or (ask.count and "count" in refused)

    def explain(self, ask: Ask) -> str:
        question = self._question(ask)
        if question is None:
            return "nothing: no record meets the condition"
        call = f"GET {with_params(self.transport.place.resolve(question.path), question.query())}"
        refused = ", ".join(sorted(what.removeprefix(".") for what in self.refusals.of(ask.entity)))
        return f"{call}\nrefused before, so not asked for: {refused}" if refused else call

    def _question(self, ask: Ask) -> Question | None:
        """``None`` if no record can meet the condition."""
        at = self._known(ask.entity)
        said = True if ask.where is None else self._writer(ask.entity).write(ask.where)
        if said is False:
            return None
        fields = ask.fields or at.set.shape.key or tuple(at.set.shape.fields)[:1]
        wanted = tuple(self._wanted(ask.entity, name) for name in fields)
        order = [f"{item.field}{' desc' if item.descending else ''}" for item in ask.order]
        windows = ask.top is None and self._turnable(at.set) and "order" not in self.refusals.of(ask.entity)
        if windows:
            order += [name for name in at.set.shape.key if all(item.field != name for item in ask.order)]
        expanded = dict.fromkeys(link for name in fields for link in self._links(at, name))
        options = {
            "$filter": said if isinstance(said, str) else "",
            "$select": ",".join(dict.fromkeys(self._selected(at, name) for name in fields)),
            "$expand": ",".join(expanded),
            "$orderby": ",".join(order),
        }
        return Question(
            service=at.service,
            name=at.set.name,
            wanted=wanted,
            params={**{name: text for name, text in options.items() if text}, **self.habits.params},
            skip=ask.skip,
            top=ask.top,
            window=self.habits.window if windows else 0,
            count=ask.count,
        )

    @staticmethod
    def _turnable(found: EntitySet) -> bool:
        """Whether pages of our own can be asked for: they need an order that is total."""
        keys = [found.shape.fields[name] for name in found.shape.key if name in found.shape.fields]
        return found.top and found.skip and bool(keys) and all(one.sortable for one in keys)

    def _wanted(self, entity: str, name: str) -> Wanted:
        column = self._column(entity, name)
        if column is None:
            raise ContractBroken(entity, f"there is no field {name}")
        return Wanted(name, tuple(name.split("/")), column.field, column.seen)

    def _links(self, at: _At, name: str) -> list[str]:
        """What has to be expanded for a field."""
        found = at.described.path(at.set.shape, name)
        return ["/".join(found[1])] if found is not None and found[1] else []

    def _selected(self, at: _At, name: str) -> str:
        """Of a structure everything is asked for: V2 knows no parts of it in ``$select``."""
        first = name.split("/")[0]
        return first if first in at.set.shape.structures else name

    # --- the system -----------------------------------------------------------------------------------------------

    def ping(self, session: Session) -> None:
        """Asks for what a service is made of; without any service, for nothing."""
        for service in self.services[:1]:
            params = {"$format": "json", **self.habits.params}
            answer = self.transport.send(
                "GET", f"{service}/", session, params=params, accept=LOOKED_AT, cookies=self.cookies
            )
            # A service that is not active is a fault of the catalog: the system is there.
            if not 200 <= answer.status < 300 and answer.status != 404:
                raise error_of(answer)

    def describe(self, session: Session) -> str:
        known = ", ".join(self.described.known()) or "none asked yet"
        client = f", client {self.habits.client}" if self.habits.client else ""
        return f"SAP Gateway at {self.transport.describe()}{client}; services: {known}"

    def close(self) -> None:
        self.transport.close()

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        entity = section.get("entity")
        if isinstance(entity, str) and names.split(entity) is None:
            yield "entity", f"is not spelled SERVICE/EntitySet: {entity!r}"
