"""Whether indexes serve what everybody asks: a key, a page in the order of the key, the next one, the rows that a
foreign key leads to, the other row of a join. The database tells by its own plans, and the remedy is made of the
statements themselves.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter

from edm.expressions import NULL_CONST, Const, Expr, Prop, call, conjunction
from edm.model import EntitySet, Property
from edm.primitives import DATE, DATE_TIME_OFFSET
from edm.query import OrderItem, Query
from erp_adapters.base import Finding, Level
from erp_adapters.sql_doctor_asking import Access, Asking, Relation, index_name, quoted_column
from erp_adapters.sql_mapping import SetMapping

#: Rows up to which a table needs no index, and from which the lack of one hurts whoever opens a page.
TINY, LARGE = 1_000, 100_000
#: Rows of a page as Salesforce asks for them.
_PAGE = 26
#: The alias of the set's own table in a statement.
_OWN = "t0"


@dataclass(frozen=True, slots=True)
class _Use:
    """Something that is asked often. Without ``ordered`` the rows are found by a condition, with it also sorted."""

    what: str
    query: Query
    ordered: bool = False
    level: Level | None = None


def indexes(asking: Asking) -> Iterator[Finding]:
    """What no index serves, with the statement that makes one. Views have none: their tables do."""
    for entity_set, mapping in asking.sets:
        yield from _Looking(asking, entity_set, mapping).findings()


@dataclass(frozen=True, slots=True)
class _Looking:
    asking: Asking
    entity_set: EntitySet
    mapping: SetMapping

    def findings(self) -> Iterator[Finding]:
        if len(self.mapping.rows.branches) > 1:
            return  # a plan names the parts of a union as it likes
        asking, table = self.asking, self.mapping.table
        with asking.database.connection(asking.examined.session) as connection:
            relation, size = asking.words.relation(connection, table), asking.words.size(connection, table)
        if size < TINY:
            return
        said: set[str] = set()
        for use in self._uses(size):
            asked = asking.database.statements().statement(use.query)
            with asking.database.connection(asking.examined.session) as connection:
                access = asking.words.access(connection, asked)
            if not _served(use, access, relation):
                level = use.level or (Level.FAILURE if size >= LARGE else Level.WARNING)
                found = self._finding(level, use, asked.statement.rows.select, relation, size)
                if found.fix not in said:
                    said.add(found.fix)
                    yield found
        yield from self._joins(size)

    def _uses(self, size: int) -> Iterator[_Use]:
        kind = self.entity_set.type
        key = self._prop(kind.key)
        value = self._value(kind.key)
        if value is None:
            return
        order = (OrderItem(key),)
        yield _Use("a row by its key", self._query(call("eq", key, value)))
        yield _Use("a page in the order of the key, and the next one", self._query(call("gt", key, value), order), True)
        for link in kind.navigation:
            own = link.on[0][0]
            if link.dependent and own != kind.key and (value := self._value(own)) is not None:
                condition = call("eq", self._prop(own), value)
                yield _Use(f"{link.partner} of one of {link.target}, by {own}", self._query(condition))
        changed = self.entity_set.changed
        if changed is not None and (value := self._value(changed)) is not None:
            since = self._query(call("ge", self._prop(changed), value))
            level = Level.WARNING if size >= LARGE else Level.NOTE
            yield _Use(f"what changed since a time, by {changed}", since, level=level)
        for prop in kind.properties:
            if prop.type in (DATE, DATE_TIME_OFFSET) and size >= LARGE:
                newest = (OrderItem(self._prop(prop.name), descending=True),)
                if self.asking.database.statements().capabilities(self.entity_set).sort(newest[0].expr):
                    what = f"a list with the newest {prop.name} first"
                    yield _Use(what, self._query(None, newest), True, Level.NOTE)

    def _joins(self, size: int) -> Iterator[Finding]:
        """The other rows of joins: for the page that needs them all."""
        asking, key = self.asking, self._prop(self.entity_set.type.key)
        if not self.mapping.joins:
            return
        everything = Query(self.entity_set.name, self.entity_set.type.names, orderby=(OrderItem(key),), top=_PAGE)
        for alias, join in self.mapping.joins.items():
            with asking.database.connection(asking.examined.session) as connection:
                relation = asking.words.relation(connection, join.table)
                rows = asking.words.size(connection, join.table)
                asked = asking.database.statements().statement(everything)
                scanned = asking.words.access(connection, asked).scanned
            used = [
                name for name in scanned if _table_of(asked.statement.rows.select, name) == join.table and name != _OWN
            ]
            if rows >= TINY and not relation.view and used:
                names = [quoted_column(theirs) for _, theirs in join.on]
                fix = asking.words.index(index_name(join.table, [theirs for _, theirs in join.on]), join.table, names)
                level = Level.FAILURE if rows >= LARGE else Level.WARNING
                yield Finding(level, self.entity_set.name, f"no index finds the row of the join {alias}", fix)

    def _finding(self, level: Level, use: _Use, statement: Select[Any], relation: Relation, size: int) -> Finding:
        what = f"no index serves {use.what} ({size:,} rows or more)"
        if relation.view:
            return Finding(level, self.entity_set.name, what, f"Index the tables behind the view {self.mapping.table}.")
        parts = self._ordered(statement) if use.ordered else self._compared(statement)
        if not parts:
            return Finding(level, self.entity_set.name, what, "The condition is on columns of several tables.")
        names = [name for part in parts for name in re.findall(r'"((?:[^"]|"")+)"', part.partition(" COLLATE ")[0])]
        suffix = ["order"] if use.ordered else []
        name = index_name(self.mapping.table, [*names, *suffix])
        return Finding(level, self.entity_set.name, what, self.asking.words.index(name, self.mapping.table, parts))

    # --- what an index has to be of -------------------------------------------------------------------------------

    def _ordered(self, statement: Select[Any]) -> list[str]:
        """The items of ORDER BY, which an index over the same ones has in that order."""
        return self._own([self._text(clause) for clause in statement._order_by_clauses])

    def _compared(self, statement: Select[Any]) -> list[str]:
        """What the condition compares with values: bare columns if there are any."""
        where: Any = statement.whereclause
        found = [
            self._text(node.left)
            for node in visitors.iterate(where)
            if isinstance(node, BinaryExpression) and _holds_value(node.right) and not _holds_value(node.left)
        ]
        own = self._own(dict.fromkeys(found))
        return [part for part in own if not part.startswith("(")] or own

    def _own(self, texts: Any) -> list[str]:
        """As an index has them; none if there are columns of other tables."""
        parts = []
        for text in texts:
            if re.search(r"\bt[1-9]\d*\.", text):
                return []
            bare = text.replace(f"{_OWN}.", "")
            parts.append(bare if re.fullmatch(_INDEXED, bare) else _bracketed(bare))
        return parts

    def _text(self, clause: Any) -> str:
        dialect = self.asking.database.engine().dialect
        text = str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        return re.sub(rf"\b{_OWN}\.([A-Za-z_]\w*)", rf'{_OWN}."\1"', text)  # names that need no quotes have none

    # --- what is asked --------------------------------------------------------------------------------------------

    def _query(self, condition: Expr | None, order: tuple[OrderItem, ...] = ()) -> Query:
        name = self.entity_set.type.key
        return Query(self.entity_set.name, (name,), filter=condition, orderby=order, top=_PAGE)

    def _prop(self, name: str) -> Prop:
        found: Property | None = self.entity_set.type.property(name)
        assert found is not None
        return Prop((name,), found.type, nullable=found.nullable)

    def _value(self, name: str) -> Const | None:
        """A value that occurs; none of an empty table."""
        prop = self._prop(name)
        present = conjunction(call("ne", prop, NULL_CONST)) if prop.nullable else None
        query = Query(self.entity_set.name, (name,), filter=present, top=1)
        pages = list(self.asking.database.read(query, self.asking.examined.session))
        return next((Const(row[0], prop.type) for page in pages for row in page.rows), None)


#: A column as an index has it, with collation and direction.
_INDEXED = r'"(?:[^"]|"")+"(?: COLLATE "[^"]+")?(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?'


def _bracketed(text: str) -> str:
    """An expression, which stands in brackets; its direction does not."""
    found = re.fullmatch(r"(.*?)((?: COLLATE \"[^\"]+\")?(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?)", text, re.S)
    assert found is not None
    return f"({found[1]}){found[2]}"


def _served(use: _Use, access: Access, relation: Relation) -> bool:
    if use.ordered:
        return not access.sorted
    return not access.scanned if relation.view else _OWN not in access.scanned


def _holds_value(element: Any) -> bool:
    return any(isinstance(node, BindParameter) for node in visitors.iterate(element))


def _table_of(statement: Select[Any], alias: str) -> str | None:
    """The table behind an alias of the statement."""
    for found in visitors.iterate(statement.get_final_froms()[0]):
        if getattr(found, "name", None) == alias and hasattr(found, "element"):
            schema = found.element.schema
            return f"{schema}.{found.element.name}" if schema else str(found.element.name)
    return None
