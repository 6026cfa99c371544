"""Runs SOQL and SOSL: a callout for the rows, one for each parent shown or asked for, one for each sub-query."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from salesforce.client import Client, Exchange
from salesforce.errors import SalesforceError
from salesforce.literals import literal
from salesforce.soql.days import Calendar
from salesforce.soql.fetch import Fetcher, Request, Row
from salesforce.soql.ids import Ids, external_id_of
from salesforce.soql.names import MAX_JOINS, Found, Names, children_named, key_fields, object_named
from salesforce.soql.parser import UNSUPPORTED, parse_soql, parse_sosl
from salesforce.soql.phrase import phrase_condition, spoken
from salesforce.soql.syntax import Comparison, Condition, Count, Find, Literal, Logic, Path, Returning, Select
from salesforce.soql.translate import Binds, Translator
from salesforce.soql.values import kept
from salesforce.sync import ExternalObject, Lookup, Synced

#: Rows of one sub-query, all parents together.
MAX_CHILDREN = 1_000
#: Keys in one request for parents or children: more would make the URL too long.
KEYS_PER_CALLOUT = 100
#: Parents that a condition on their fields may match.
MAX_PARENTS = 500
#: Rows that a search gives per object.
SEARCH_ROWS = 25

Record = dict[str, Any]
"""Column as it was written -> value; a sub-query's value is a list of records."""


@dataclass(frozen=True, slots=True)
class Result:
    """Records in the order in which they came. ``total`` is the answer of ``COUNT()`` or the service's count."""

    columns: tuple[str, ...]
    records: tuple[Record, ...]
    total: int | None
    notes: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()


@dataclass(slots=True)
class Org:
    """An org with one external data source: its objects, the client that asks, the user's time, ids given so far."""

    synced: Synced
    client: Client
    calendar: Calendar = field(default_factory=lambda: Calendar(datetime.now(UTC), ZoneInfo("UTC")))
    ids: Ids = field(default_factory=Ids)

    def query(self, statement: str, binds: Binds | None = None) -> Result:
        """The answer to a SOQL statement. Raises ``SalesforceError``."""
        select = parse_soql(statement)
        return _Run(self, statement, binds or {}).select(select)

    def search(self, statement: str) -> dict[str, Result]:
        """The answer to a SOSL statement, by object. Raises ``SalesforceError``."""
        found = parse_sosl(statement)
        return {each.source: _Run(self, statement, {}).returning(found, each) for each in found.returning}


@dataclass(slots=True)
class _Run:
    """One statement on its way."""

    org: Org
    statement: str
    binds: Binds
    notes: dict[str, None] = field(default_factory=dict)
    joins: set[tuple[str, ...]] = field(default_factory=set)
    fetcher: Fetcher = field(init=False)
    begun: int = field(init=False)

    def __post_init__(self) -> None:
        self.fetcher = Fetcher(self.org.client, self.note)
        self.begun = len(self.org.client.exchanges)

    def note(self, text: str) -> None:
        self.notes[text] = None

    # --- statements -------------------------------------------------------------------------------------

    def select(self, select: Select) -> Result:
        """The statement's result."""
        source = object_named(self.org.synced, select.source, self.statement, select.position)
        names = Names(self.org.synced, source, self.statement, select.alias)
        if isinstance(select.items[0], Count):
            asked = Request(
                source, source.external_id[:1] or (source.fields[0].source,), self._filter(names, select.where)
            )
            counted = max(0, self.fetcher.count(asked) - select.offset)
            return self._result((), (), counted if select.limit is None else min(counted, select.limit))
        paths = tuple(item for item in select.items if isinstance(item, Path))
        inner = tuple(item for item in select.items if isinstance(item, Select))
        for chain in _chains(names.find(path) for path in paths):
            self._join(chain)
        for child in inner:
            self._check_subquery(source, child)
        records, rows, total = self._records(names, paths, select)
        for child in inner:
            self._attach(source, child, rows, records)
        columns = (*map(names.column, paths), *(child.source for child in inner))
        return self._result(columns, records, total)

    def returning(self, find: Find, each: Returning) -> Result:
        """One object's part of a search."""
        if len(spoken(find.phrase)) < 2:
            message = "search term must be longer than one character"
            raise SalesforceError("MALFORMED_SEARCH", message, text=self.statement)
        source = object_named(self.org.synced, each.source, self.statement, each.position)
        names = Names(self.org.synced, source, self.statement)
        condition, search = phrase_condition(self.org.client.profile, source, find.phrase)
        narrowed = self._filter(names, each.where)
        both = [part for part in (condition, narrowed) if part and part != "true"]
        filter_ = self._translator(names).joined("and", both) if both else ""
        limit = min(n for n in (each.limit, find.limit, SEARCH_ROWS) if n is not None)
        order = self._translator(names).order(each.order)
        paths = each.fields or (Path(("Id",), each.position),)
        asked = Request(source, self._columns(names, paths, source), filter_, order, search, limit, each.offset)
        found = self.fetcher.rows(asked)
        return self._result(tuple(map(names.column, paths)), self._shown(names, paths, found.rows), found.total)

    def _result(self, columns: tuple[str, ...], records: Sequence[Record], total: int | None) -> Result:
        exchanges = tuple(self.org.client.exchanges[self.begun :])
        return Result(columns, tuple(records), total, tuple(self.notes), exchanges)

    # --- rows -------------------------------------------------------------------------------------------

    def _records(
        self, names: Names, paths: tuple[Path, ...], select: Select
    ) -> tuple[list[Record], tuple[Row, ...], int | None]:
        """The records that ``paths`` show, with the rows behind them, which joins need."""
        asked = Request(
            names.object,
            self._columns(names, paths, names.object),
            self._filter(names, select.where),
            self._translator(names).order(select.order),
            limit=select.limit,
            offset=select.offset,
        )
        key = self._translator(names).own_key(select.where) if self.org.client.profile.key_read == "path" else None
        found = self.fetcher.rows(asked) if key is None else self.fetcher.entity(asked, key)
        rows = self._equal(names, select.where, found.rows)
        self._check_order(names, select, rows)
        return self._shown(names, paths, rows), rows, found.total

    def _columns(self, names: Names, paths: Iterable[Path], source: ExternalObject, *more: str) -> tuple[str, ...]:
        """The properties to ask for: those shown, in their order, then the key and what joins need."""
        shown = []
        for path in paths:
            found = names.find(path)
            if found.lookups:
                link = names.object.field(found.lookups[0].field)
                assert link is not None
                shown.append(link.source)
            elif found.field is not None:
                shown.append(found.field.source)
        return tuple(dict.fromkeys((*shown, *source.external_id, *more)))

    def _filter(self, names: Names, where: Condition | None) -> str:
        return "" if where is None else self._translator(names).condition(where)

    def _translator(self, names: Names) -> Translator:
        org = self.org

        def related(found: Found, node: Comparison) -> Sequence[Any]:
            return self._parents_where(names, found, node)

        return Translator(names, org.client.profile, org.calendar, self.binds, related, org.ids.external_id)

    def _shown(self, names: Names, paths: tuple[Path, ...], rows: Sequence[Row]) -> list[Record]:
        """The records: own fields, Salesforce's own, and those of parents."""
        finds = [(names.column(path), names.find(path)) for path in paths]
        behind = self._parents(names.object, [found for _, found in finds if found.lookups], rows)
        records: list[Record] = [{} for _ in rows]
        for column, found in finds:
            for index, row in enumerate(rows):
                at = behind[found.lookups][index] if found.lookups else row
                records[index][column] = None if at is None else self._value(found, at)
        return records

    def _value(self, found: Found, row: Row) -> Any:
        if found.field is not None:
            return kept(found.field, row.get(found.field.source), self.note)
        if found.standard == "externalid":
            return external_id_of(found.object, row)
        given = self.org.ids.id_of(found.object.name, external_id_of(found.object, row))
        return given if found.standard == "id" else None

    # --- parents ----------------------------------------------------------------------------------------

    def _join(self, lookups: tuple[Lookup, ...]) -> None:
        """Counts what a statement joins: each needs a callout of its own."""
        self.joins.add(tuple(lookup.relationship.lower() for lookup in lookups))
        if len(self.joins) > MAX_JOINS:
            raise SalesforceError(
                UNSUPPORTED, f"A query can join at most {MAX_JOINS} external objects", text=self.statement
            )

    def _parents(
        self, child: ExternalObject, finds: Sequence[Found], rows: Sequence[Row]
    ) -> Mapping[tuple[Lookup, ...], list[Row | None]]:
        """For each chain of lookups the row at its end, for each of ``rows``."""
        ends: dict[tuple[Lookup, ...], list[Row | None]] = {(): list(rows)}
        for chain in _chains(finds):
            self._join(chain)
            at = child if len(chain) == 1 else self._target(chain[-2])
            field_ = at.field(chain[-1].field)
            assert field_ is not None
            target = self._target(chain[-1])
            wanted = [found.field.source for found in finds if found.lookups == chain and found.field is not None]
            further = {f.lookups[len(chain)] for f in finds if f.lookups[: len(chain)] == chain != f.lookups}
            wanted += [x.source for x in target.fields if any(x.name == lookup.field for lookup in further)]
            keys = [None if row is None else row.get(field_.source) for row in ends[chain[:-1]]]
            by_key = self._by_key(target, keys, wanted)
            ends[chain] = [None if key is None else by_key.get(key) for key in keys]
        return ends

    def _target(self, lookup: Lookup) -> ExternalObject:
        found = self.org.synced.object(lookup.to)
        assert found is not None
        return found

    def _by_key(self, target: ExternalObject, keys: Iterable[Any], wanted: Iterable[str]) -> dict[Any, Row]:
        (own,) = key_fields(target)
        key = own.source
        columns = tuple(dict.fromkeys((*wanted, key)))
        distinct = list(dict.fromkeys(k for k in keys if k is not None))
        found: dict[Any, Row] = {}
        translator = self._translator(Names(self.org.synced, target, self.statement))
        for start in range(0, len(distinct), KEYS_PER_CALLOUT):
            some = distinct[start : start + KEYS_PER_CALLOUT]
            terms = [translator.term(f"{key} eq {literal(own.kind, k)}") for k in some]
            asked = Request(target, columns, translator.joined("or", terms))
            found |= {row[key]: row for row in self.fetcher.rows(asked).rows}
        return found

    def _parents_where(self, names: Names, found: Found, node: Comparison) -> Sequence[Any]:
        """The keys of the parents whose field compares so."""
        self._join(found.lookups[:1])
        target = self._target(found.lookups[0])
        inner = Names(self.org.synced, target, self.statement)
        rest = Path(node.field.names[-len(found.lookups) :], node.field.position)
        condition = self._translator(inner).condition(replace(node, field=rest))
        (key,) = target.external_id
        rows = self.fetcher.rows(Request(target, (key,), condition, limit=MAX_PARENTS + 1)).rows
        if len(rows) > MAX_PARENTS:
            message = f"More than {MAX_PARENTS} rows of {target.name} match the condition on {node.field}"
            raise SalesforceError("QUERY_TOO_COMPLICATED", message, text=self.statement, position=node.field.position)
        return [row[key] for row in rows]

    # --- children ---------------------------------------------------------------------------------------

    def _check_subquery(self, parent: ExternalObject, select: Select) -> None:
        child, lookup = children_named(self.org.synced, parent, select, self.statement)
        self._join((lookup,))
        names = Names(self.org.synced, child, self.statement, select.alias)
        for item in select.items:
            if isinstance(item, Path):
                names.find(item)
        if select.order and self.org.client.profile.adapter == "4.0":
            position = select.order[0].field.position
            message = "ORDER BY in a relationship query is not supported for external objects"
            raise SalesforceError(UNSUPPORTED, message, text=self.statement, position=position)
        if any(isinstance(item, Count) for item in select.items) or select.offset:
            what = "OFFSET" if select.offset else "COUNT()"
            message = f"{what} in a sub-query is not supported for external objects"
            raise SalesforceError(UNSUPPORTED, message, text=self.statement, position=select.position)

    def _attach(self, parent: ExternalObject, select: Select, rows: Sequence[Row], records: list[Record]) -> None:
        """The children of all parents, read together and given to each."""
        child, lookup = children_named(self.org.synced, parent, select, self.statement)
        self._join((lookup,))
        names = Names(self.org.synced, child, self.statement, select.alias)
        paths = tuple(item for item in select.items if isinstance(item, Path))
        link = child.field(lookup.field)
        assert link is not None
        (key,) = parent.external_id
        translator = self._translator(names)
        narrowed = self._filter(names, select.where)
        order = translator.order(select.order)
        groups: dict[Any, list[Record]] = {row[key]: [] for row in rows}
        keys = list(groups)
        read = 0
        for start in range(0, len(keys), KEYS_PER_CALLOUT):
            some = keys[start : start + KEYS_PER_CALLOUT]
            terms = [translator.term(f"{link.source} eq {literal(link.kind, k)}") for k in some]
            parts = [part for part in (translator.joined("or", terms), narrowed) if part and part != "true"]
            limit = MAX_CHILDREN - read if select.limit is None or len(keys) > 1 else select.limit
            asked = Request(
                child,
                self._columns(names, paths, child, link.source),
                translator.joined("and", parts),
                order,
                limit=limit,
            )
            found = self.fetcher.rows(asked)
            if found.total is not None and found.total > len(found.rows) and select.limit is None:
                self.note(f"{select.source}: only {MAX_CHILDREN:,} of {found.total:,} rows of the sub-query are shown")
            read += len(found.rows)
            for row, record in zip(found.rows, self._shown(names, paths, found.rows), strict=True):
                groups.setdefault(row[link.source], []).append(record)
        for row, made in zip(rows, records, strict=True):
            made[select.source] = groups[row[key]][: select.limit]

    # --- what Salesforce checks -------------------------------------------------------------------------

    def _equal(self, names: Names, where: Condition | None, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """Rows whose text differs from the one that was asked for, in case or blanks, are dropped by Lightning."""
        wanted = dict(_equalities(names, where))
        exact = tuple(row for row in rows if all(row[name] in values for name, values in wanted.items() if name in row))
        if len(exact) < len(rows):
            fields = ", ".join(wanted)
            self.note(f"{len(rows) - len(exact)} rows dropped: {fields} is not exactly the value that was asked for")
        return exact

    def _check_order(self, names: Names, select: Select, rows: Sequence[Row]) -> None:
        if not select.order or len(rows) < 2:
            return
        first = names.find(select.order[0].field).field
        if first is None or first.type.name not in ("Number", "DateTime"):
            return
        values: list[Any] = [row[first.source] for row in rows if row.get(first.source) is not None]
        if values != sorted(values, reverse=select.order[0].descending):
            self.note(f"{names.object.source}: rows are not in the order of {first.source}")


def _chains(finds: Iterable[Found]) -> list[tuple[Lookup, ...]]:
    """The chains of lookups that lead to the fields, shorter ones first; each is a join."""
    chains = (found.lookups[:depth] for found in finds for depth in range(1, len(found.lookups) + 1))
    return sorted(dict.fromkeys(chains), key=len)


def _equalities(names: Names, where: Condition | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Texts that rows must have, for certain: what stands in the outermost AND."""
    terms = where.args if isinstance(where, Logic) and where.operator == "AND" else (where,)
    for term in terms:
        if not isinstance(term, Comparison) or term.operator not in ("=", "IN"):
            continue
        found = names.find(term.field)
        values = tuple(x.value for x in term.operands if isinstance(x, Literal) and isinstance(x.value, str))
        if found.field is not None and not found.lookups and len(values) == len(term.operands):
            yield found.field.source, values
