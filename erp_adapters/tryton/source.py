"""A Tryton server as a source of records: what it is asked, page by page, and what its records become.

Domains are written in ``domains``, orders in ``orders``; calls are made in ``rpc``. Questions that are repeated for
each record of another model are in ``each``.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from edm.capabilities import Match
from erp_adapters.base import BadAnswer, Denied, Session
from erp_adapters.records.base import Ask, Batch, Condition, EntityFacts, FieldFacts, Record
from erp_adapters.tryton.domains import Domain, Domains
from erp_adapters.tryton.each import Repeated, each_of, faults_of
from erp_adapters.tryton.fields import TEXTS, Models
from erp_adapters.tryton.orders import phases, written
from erp_adapters.tryton.rest import Rest
from erp_adapters.tryton.rpc import Rpc, Unanswerable
from erp_adapters.tryton.sorting import Sorting
from erp_adapters.tryton.wire import typed

#: Records of one call. An administrator may have set a lower limit; 500 is refused by few.
PAGE = 500
_FACTS = EntityFacts(top=True, skip=True, count=True, values=5_000)
#: Texts that every Tryton has, by model and field: letters beyond ASCII, dots and dashes, both letter cases.
_PROBES = (("ir.lang", "name"), ("ir.lang", "code"), ("ir.model", "model"), ("ir.model", "name"))


@dataclass(slots=True)
class TrytonSource:
    """``context`` goes with every question, after what the user prefers. ``seconds`` bounds a call that no request
    waits for. Records are read by ``rest``, if there is one."""

    rpc: Rpc
    open: Rpc
    context: Mapping[str, Any]
    connections: int = 4
    seconds: float = 20.0
    page: int = PAGE
    rest: Rest | None = None
    kind: str = field(default="tryton", init=False)
    options: frozenset[str] = field(default=frozenset({"context", "each"}), init=False)
    empty_is_null: bool = field(default=True, init=False)
    _models: Models = field(init=False, repr=False)
    _domains: Domains = field(init=False, repr=False)
    _sorting: Sorting = field(init=False, repr=False)
    _preferred: Mapping[str, Any] | None = field(default=None, init=False, repr=False)
    _ordered: bool | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._models = Models(self._fields_get)
        self._domains = Domains(self._models)
        self._sorting = Sorting(self._models, self)

    # --- what there is --------------------------------------------------------------------------------------------

    def entity(self, name: str) -> EntityFacts | None:
        repeated = each_of(name)
        models = (name,) if repeated is None else (repeated.model, repeated.each)
        return _FACTS if all(self._models.fields(model) is not None for model in models) else None

    def field(self, entity: str, name: str) -> FieldFacts | None:
        repeated = each_of(entity)
        if repeated is not None:
            entity, name = repeated.place(name)
        return self._models.facts(entity, name, self._code_points())

    def grade(self, entity: str, condition: Condition) -> Match:
        repeated = each_of(entity)
        if repeated is not None:
            return repeated.grade(condition, self._domains)
        return self._domains.grade(entity, condition)

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        return faults_of(section)

    def _session(self) -> Session:
        return Session(deadline=time.monotonic() + self.seconds)

    def _fields_get(self, model: str) -> Mapping[str, Any] | None:
        session = self._session()
        try:
            found = self.rpc.call(f"model.{model}.fields_get", [[], self._context({}, session)], session)
        except Unanswerable:
            return None
        if not isinstance(found, dict) or not all(isinstance(told, dict) for told in found.values()):
            raise BadAnswer(f"fields_get of {model}: no fields")
        return found

    def _context(self, options: Mapping[str, Any], session: Session) -> dict[str, Any]:
        """What Tryton answers depends on: the user's company and language above all. Records that are not active are
        left out by nobody but the catalog."""
        if self._preferred is None:
            found = self.rpc.call("model.res.user.get_preferences", [True, {}], session)
            if not isinstance(found, dict):
                raise BadAnswer("get_preferences: no context")
            self._preferred = found
        return {**self._preferred, "active_test": False, **self.context, **options.get("context", {})}

    def _code_points(self) -> bool:
        """Whether texts are sorted by code point: told by the order of texts that every database has."""
        if self._ordered is None:
            session = self._session()
            told = [self._sorted(model, name, session) for model, name in _PROBES]
            self._ordered = all(found is not False for found in told) and any(told)
        return self._ordered

    def _sorted(self, model: str, name: str, session: Session) -> bool | None:
        """``None`` if the texts would be in the same order by other rules, too."""
        fields = self._models.fields(model) or {}
        if name not in fields or fields[name].type not in TEXTS or not fields[name].sortable:
            return None
        params = [[], 0, 1_000, [[name, "ASC"]], [name], self._context({}, session)]
        try:
            found = self.rpc.call(f"model.{model}.search_read", params, session)
        except Denied:
            return None
        texts = [str(record[name]) for record in found]
        if any(after < before for before, after in pairwise(texts)):
            return False
        return True if sorted(texts, key=_loosely) != texts else None

    # --- reading --------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        repeated = each_of(ask.entity)
        if repeated is not None:
            yield from Repeated(repeated, ask, self.read, self.count, self._models).batches(session)
            return
        batches = self._sorting.batches(ask, session) if ask.order else self.pages(ask, [], session)
        for place, records in enumerate(batches):
            yield Batch(records, self._counted(ask, records, session) if ask.count and place == 0 else None)

    def count(self, ask: Ask, session: Session, more: Sequence[Domain] = ()) -> int:
        """How many records meet the condition."""
        params = [self._domain(ask, more), 0, None, self._context(ask.options, session)]
        found = self.rpc.call(f"model.{ask.entity}.search_count", params, session)
        if type(found) is not int:
            raise BadAnswer(f"search_count of {ask.entity}: no number")
        return found

    def _counted(self, ask: Ask, first: Sequence[Record], session: Session) -> int:
        """Asked for only if the first records are not all there are."""
        if (first or not ask.skip) and len(first) < (self.page if ask.top is None else min(self.page, ask.top)):
            return ask.skip + len(first)
        return self.count(ask, session)

    def pages(self, ask: Ask, domain: Sequence[Domain], session: Session) -> Iterator[Sequence[Record]]:
        """A list per call, sorted as Tryton sorts. Without an order pages follow ids, so that none is lost when
        records come and go."""
        skip, left = ask.skip, ask.top
        last: int | None = None
        while True:
            size = self.page if left is None else min(left, self.page)
            after = [] if last is None else [["id", ">", last]]
            rows = self._page(ask, [*domain, *after], skip, size, session) if size else []
            yield [self._record(row, ask) for row in rows]
            if left is not None:
                left -= len(rows)
            if len(rows) < size or not size or left == 0:
                return
            if ask.order:
                skip += len(rows)
            else:
                skip, last = 0, rows[-1]["id"]

    def _page(self, ask: Ask, domain: Sequence[Domain], skip: int, size: int, session: Session) -> list[dict[str, Any]]:
        method, params = self._question(ask, domain, skip, size, self._context(ask.options, session))
        found = self._by_rest(ask, params, session)
        try:
            found = self.rpc.call(method, params, session) if found is None else found
        except Unanswerable:
            self._models.forget()  # a module has gone, perhaps
            raise
        if not isinstance(found, list) or not all(
            isinstance(row, dict) and type(row.get("id")) is int for row in found
        ):
            raise BadAnswer(f"{method}: no records")
        return found

    def _by_rest(self, ask: Ask, params: list[Any], session: Session) -> Any:
        """``None`` if it is a question for RPC: of what is behind a reference REST does not tell the model."""
        ways = (self._models.way(ask.entity, name) for name in ask.fields)
        if self.rest is None or any(way is not None and way.model is not None for way in ways):
            return None
        return self.rest.search_read(ask.entity, params, session)

    def _question(
        self, ask: Ask, domain: Sequence[Domain], skip: int, size: int, context: Mapping[str, Any]
    ) -> tuple[str, list[Any]]:
        names = [read_as for name in ask.fields for read_as in self._read_as(ask.entity, name)]
        fields = list(dict.fromkeys((*names, "id")))
        order = written(self._models, ask.entity, ask.order)
        return f"model.{ask.entity}.search_read", [self._domain(ask, domain), skip, size, order, fields, context]

    def _domain(self, ask: Ask, more: Sequence[Domain]) -> list[Domain]:
        if ask.where is None:
            return list(more)
        said = self._domains.said(ask.entity, ask.where)
        assert said is not None, "it was graded"
        return [said.domain, *more] if said.domain else list(more)

    def _read_as(self, model: str, name: str) -> tuple[str, ...]:
        """What is read for a field; of one behind a reference also where the reference leads to."""
        way = self._models.way(model, name)
        if way is None:
            return (name,)
        return (way.path, way.links[0][0]) if way.model is not None and way.links else (way.path,)

    def _record(self, row: Mapping[str, Any], ask: Ask) -> Record:
        return {name: self._value(row, ask.entity, name) for name in ask.fields}

    def _value(self, row: Mapping[str, Any], model: str, name: str) -> Any:
        way = self._models.way(model, name)
        path = name if way is None else way.path
        if way is not None and way.model is not None and way.links:
            leads = _pointed(row.get(way.links[0][0]), way.model)
            row = row if leads is not None else {}
        *links, end = path.split(".")
        found: Any = row
        for link in links:
            found = found.get(f"{link}.") if isinstance(found, dict) else None
        if not isinstance(found, dict):
            return None
        if end not in found:
            raise BadAnswer(f"{model}: no {name} in a record")
        value = found[end]
        if way is not None and way.pointed:
            value = _pointed(value, way.model or "")
        if way is not None and way.width is not None and value is not None:
            return str(value).zfill(way.width)
        return None if value == "" else value

    # --- about it -------------------------------------------------------------------------------------------------

    def explain(self, ask: Ask) -> str:
        repeated = each_of(ask.entity)
        if repeated is not None:
            inner = Repeated(repeated, ask, self.read, self.count, self._models).first()
            return f"for each {repeated.each}: {self.explain(inner)}"
        asked = phases(self._models, ask.entity, ask.where, ask.order) or [([], ())]
        size = self.page if ask.top is None else min(ask.top, self.page)
        context = {"active_test": False, **self.context, **ask.options.get("context", {})}
        domain, order = asked[0]
        method, params = self._question(replace(ask, order=order), domain, ask.skip, size, context)
        split = self._sorting.divided(replace(ask, order=order))
        return f"{split}{method} {json.dumps(typed(params), ensure_ascii=False)}"

    def ping(self, session: Session) -> None:
        self.rpc.call("model.res.user.get_preferences", [True, {}], session)

    def describe(self, session: Session) -> str:
        version = self.open.version(session)
        return f"Tryton {version}, database {self.rpc.database}, at {self.rpc.transport.describe()}"

    def close(self) -> None:
        self.rpc.transport.close()
        self.open.transport.close()
        if self.rest is not None:
            self.rest.transport.close()


def _pointed(value: Any, model: str) -> int | None:
    """The id in a reference, if it is one to the model."""
    name, _, number = str(value or "").partition(",")
    return int(number) if name == model and number.removeprefix("-").isdigit() else None


def _loosely(text: str) -> str:
    """As languages sort: letters first, whatever their case."""
    return "".join(c for c in text.lower() if c.isalnum())
