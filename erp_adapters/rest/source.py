"""JSON endpoints that the catalog declares, as a source of records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from edm.capabilities import Match
from erp_adapters.base import ContractBroken, Examined, Finding, Session
from erp_adapters.records.base import Ask, Batch, Condition, EntityFacts, FieldFacts, Order, Record
from erp_adapters.records.conditions import holds, leaves
from erp_adapters.records.tables import named
from erp_adapters.rest import parameters as asked
from erp_adapters.rest.answers import at, readers, record
from erp_adapters.rest.declared import OPTIONS, Endpoint, Sort, endpoint
from erp_adapters.rest.paging import Pages, Pairs, Step
from erp_adapters.rest.parameters import Call, Unanswerable
from erp_adapters.rest.rate import Bucket
from erp_adapters.transport import Answer, Transport, diagnose

PLAIN = "$'(),:@/*!~;"
NOTHING_HERE = (400, 403, 404, 405, 410)


@dataclass(slots=True)
class RestSource:
    """``endpoints`` by entity; ``ping_path`` is what is asked to see whether the API answers. ``parameters`` gives
    those that go with every call, a key among them. ``ambiguous`` are entities that are declared twice, not alike."""

    transport: Transport
    endpoints: Mapping[str, Endpoint]
    connections: int = 4
    bucket: Bucket | None = None
    ping_path: str = ""
    parameters: Callable[[], Mapping[str, str]] = dict
    empty_is_null: bool = False
    ambiguous: frozenset[str] = frozenset()
    kind: str = field(default="rest", init=False)
    options: frozenset[str] = field(default=OPTIONS, init=False)

    # --- what is declared ---------------------------------------------------------------------------------------------

    def entity(self, name: str) -> EntityFacts | None:
        found = self.endpoints.get(name)
        if found is None:
            return None
        lookup = found.lookup.fields if found.lookup and len(found.lookup.fields) == 1 else ()
        required = tuple((name, *lookup) for name in found.required)
        offset = found.paging is not None and found.paging.style == "offset"
        return EntityFacts(True, offset, found.total is not None, 1, required, asked.lists(found))

    def field(self, entity: str, name: str) -> FieldFacts | None:
        found = self.endpoints.get(entity)
        if found is None:
            return None
        kind = found.kind(name)
        liked, folded = asked.liked(found, name)
        return FieldFacts(
            kind.type,
            found.nullable(name),
            None,
            asked.compared(found, name),
            liked,
            folded,
            _sortable(found, name),
            found.ordered,
        )

    def grade(self, entity: str, condition: Condition) -> Match:
        found = self.endpoints.get(entity)
        return Match.NO if found is None else asked.grade(found, condition)

    # --- questions ----------------------------------------------------------------------------------------------------

    def read(self, ask: Ask, session: Session) -> Iterator[Batch]:
        found = self._endpoint(ask.entity)
        call = self._plan(found, ask)
        if call.never:
            yield Batch([], 0 if ask.count else None)
        elif call.lookup:
            yield self._one(found, call, ask, session)
        else:
            yield from self._many(found, call, ask, session)

    def explain(self, ask: Ask) -> str:
        found = self._endpoint(ask.entity)
        call = self._plan(found, ask)
        if call.never:
            return "nothing: no record can meet the conditions"
        pairs: Pairs = ()
        if not call.lookup:
            pages = Pages(found, ask.entity, _nobody, ask.top, ask.skip)
            first = pages.first(call.path, (*call.parameters, *_sorted(found, ask.order)))
            pairs = (*found.parameters.items(), *first.pairs)
        return f"GET {call.path}" + ("?" if pairs else "") + "&".join(f"{name}={text}" for name, text in pairs)

    def _endpoint(self, entity: str) -> Endpoint:
        found = self.endpoints.get(entity)
        if found is None:
            raise ContractBroken(entity, f"no endpoint is declared for {entity}")
        return found

    def _plan(self, found: Endpoint, ask: Ask) -> Call:
        try:
            return asked.plan(found, ask.where)
        except Unanswerable as error:
            raise ContractBroken(ask.entity, str(error)) from None

    def _many(self, found: Endpoint, call: Call, ask: Ask, session: Session) -> Iterator[Batch]:
        def fetch(step: Step) -> Answer:
            return self._send(found, step, session)

        fields = readers(found, ask.fields, call.fixed or {})
        left = ask.top
        first = True
        pages = Pages(found, ask.entity, fetch, left, ask.skip)
        for page in pages.walk(call.path, (*call.parameters, *_sorted(found, ask.order))):
            records = [record(ask.entity, row, fields) for row in page.rows]
            if left is not None:
                records = records[:left]
                left -= len(records)
            yield Batch(records, page.total if ask.count and first else None)
            first = False
            if left == 0:
                return

    def _one(self, found: Endpoint, call: Call, ask: Ask, session: Session) -> Batch:
        """The record of a key, if it meets all that is asked."""
        assert found.lookup is not None
        answer = self._send(found, Step(call.path), session, found.lookup.missing)
        row = None if answer.status in found.lookup.missing else at(answer.json(), found.lookup.row)
        records: list[Record] = []
        if row is not None:
            if not isinstance(row, dict):
                raise ContractBroken(ask.entity, "the endpoint of one record answers no record")
            names = list(dict.fromkeys((*ask.fields, *(leaf.field for leaf in _leaves(ask.where)))))
            whole = record(ask.entity, row, readers(found, names, call.fixed or {}))
            records = [{name: whole[name] for name in ask.fields}] if holds(ask.where, whole) else []
        count = len(records) if ask.count else None
        return Batch(records[ask.skip :][: ask.top], count)

    def _send(
        self,
        found: Endpoint,
        step: Step,
        session: Session,
        accept: Sequence[int] = (),
        expect: str = "application/json",
    ) -> Answer:
        if self.bucket is not None:
            self.bucket.take(session)
        return self.transport.send(
            "GET", self._url(found, step), session, headers=found.headers, accept=accept, expect=expect
        )

    def _url(self, found: Endpoint, step: Step) -> str:
        fixed: Pairs = (*self.parameters().items(), *found.parameters.items())
        if step.base is not None:
            # A link has all that was asked in it, but often not the key that lets us in.
            there = {name for name, _ in parse_qsl(urlsplit(step.url).query, keep_blank_values=True)}
            fixed = tuple(pair for pair in fixed if pair[0] not in there)
        text = "&".join(f"{quote(name, safe='[]')}={quote(value, safe=PLAIN)}" for name, value in (*fixed, *step.pairs))
        url = step.url if step.base is None else self.transport.place.resolve(step.url, base=step.base)
        return f"{url}{'&' if '?' in url else '?'}{text}" if text else url

    # --- health -------------------------------------------------------------------------------------------------------

    def ping(self, session: Session) -> None:
        """Nothing may be at the root: that it says so tells that it is there."""
        accept = () if self.ping_path else NOTHING_HERE
        self._send(Endpoint(""), Step(self.ping_path), session, accept, expect="*/*")

    def describe(self, session: Session) -> str:
        return f"JSON API at {self.transport.describe()}, {len(self.endpoints)} endpoints declared"

    def diagnose(self, check: str, examined: Examined) -> Iterator[Finding] | None:
        return diagnose(self.transport, check)

    def faults(self, section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key, table in named(section):
            entity = str(table.get("entity", "-"))
            mine = {name: value for name, value in table.items() if name in self.options}
            for name, message in endpoint(mine, entity)[1]:
                yield f"{key}.{name}".lstrip("."), message
            if mine and entity in self.ambiguous:
                yield f"{key}.entity".lstrip("."), f"{entity} is declared elsewhere, and otherwise: do it once"

    def close(self) -> None:
        """Closes connections."""
        self.transport.close()


def _nobody(step: Step) -> Answer:
    raise AssertionError("an explanation asks nobody")


def _leaves(where: Condition | None) -> Iterator[Any]:
    return (leaf for leaf in leaves(where) if hasattr(leaf, "field"))


def _sortable(found: Endpoint, name: str) -> bool:
    """Whether the endpoint sorts by a field as OData does. Where it takes one field alone, that has to be unique, so
    that nothing is left to sort."""
    sort = found.sort
    if sort is None or name not in sort.fields or (found.nullable(name) and not sort.nulls_first):
        return False
    return sort.separator is not None or name in found.unique


def _sorted(found: Endpoint, order: Sequence[Order]) -> Pairs:
    sort = found.sort
    if sort is None or not order:
        return ()
    items: list[Order] = []
    for item in order:
        items.append(item)
        if item.field in found.unique:
            break
    if sort.direction is not None:
        return _apart(sort, items)
    spelled = [
        (sort.descending if item.descending else sort.ascending).replace("{}", sort.fields[item.field])
        for item in items
    ]
    return ((sort.parameter, (sort.separator or ",").join(spelled)),)


def _apart(sort: Sort, items: Sequence[Order]) -> Pairs:
    """Fields in one parameter and their directions in another one."""
    separator = sort.separator or ","
    fields = separator.join(sort.fields[item.field] for item in items)
    directions = separator.join(sort.descending if item.descending else sort.ascending for item in items)
    return ((sort.parameter, fields), (str(sort.direction), directions))
