"""Reads where rows come from: ``table``, ``where``, ``each``, ``joins`` and ``totals`` of the ``[sql]`` section."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Any

from erp_adapters.dialects_base import Encoding
from erp_adapters.sections import Faults, name_of, unknown
from erp_adapters.sql_codecs import ColumnRef
from erp_adapters.sql_current import current_of
from erp_adapters.sql_rows import TABLE, Branch, Condition, Constant, Join, Relation, Total
from erp_adapters.sql_section import Names, column_of, unquoted

#: What any source of rows may say.
ROWS = frozenset({"table", "where", "current"})
METHODS = ("sum", "min", "max", "count")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_INT64 = range(-(2**63), 2**63)

#: What any database may hold.
_UNICODE = Encoding()

Each = Mapping[str, Sequence[str]]


# --- each -------------------------------------------------------------------------------------------------------------


def each_of(section: object, faults: Faults) -> Each:
    """The values for which the section holds, by the name of their placeholder."""
    if not isinstance(section, Mapping):
        faults.add("each", "is not a table such as { company = [..] }")
        return {}
    found: dict[str, Sequence[str]] = {}
    for name, values in section.items():
        key = f"each.{name}"
        if not re.fullmatch(r"\w+", name) or f"@{name}" == TABLE:
            faults.add(key, "is no name of a placeholder: letters, digits and _, and not table")
        elif not isinstance(values, list) or not values:
            faults.add(key, "is not a list of texts, or an empty one")
        elif not all(isinstance(value, str) and value and _UNICODE.holds(value) for value in values):
            faults.add(key, "holds something that is not a text, or an empty one")
        elif len(set(values)) < len(values):
            faults.add(key, "holds a value twice, and so every row would come twice")
        else:
            found[name] = tuple(values)
    return found


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the source of rows at ``key``, which is empty for the set's own."""

    key: str
    each: Each
    faults: Faults

    def at(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def relation(self, section: Mapping[str, Any]) -> Relation:
        branches, where = [], []
        value = section.get("table")
        items = value if isinstance(value, list) else [value]
        if not items:
            self.faults.add(self.at("table"), "is a list of no tables")
        for number, item in enumerate(items):
            made, conditions = self.item(number, item, listed=isinstance(value, list))
            branches += made
            where += conditions if len(items) > 1 else [replace(condition, item=None) for condition in conditions]
        if not branches:
            return Relation((Branch("", 0, {}, {}),))
        if len({frozenset(branch.constants) for branch in branches}) > 1:
            self.faults.add(self.at("table"), "has a placeholder in some of its tables only")
        self.once(branches)
        pseudo = frozenset(branches[0].constants)
        everywhere = self.conditions(section.get("where", {}), pseudo, "where")
        current = (
            current_of(self.at("current"), section["current"], pseudo, self.faults) if "current" in section else None
        )
        return Relation(tuple(branches), (*everywhere, *where), current)

    def once(self, branches: Sequence[Branch]) -> None:
        """No rows come twice unnoticed."""
        named = [branch.constants[TABLE] for branch in branches if TABLE in branch.constants]
        items = {branch.item for branch in branches}
        if named and len(set(named)) < len(items):
            self.faults.add(self.at("table"), 'names a table twice; tell them apart by as = ".."')

    def item(self, number: int, item: object, *, listed: bool) -> tuple[list[Branch], list[Condition]]:
        """The branches of one table, and what holds of its rows alone."""
        key = self.at("table")
        table = item if isinstance(item, Mapping) else {"table": item}
        if isinstance(item, Mapping):
            if not listed:
                self.faults.add(key, "is not a name, nor a list of tables")
                return [], []
            unknown(key, item, {"table", "columns", "where", "as"}, self.faults)
        text = name_of(key, table.get("table"), self.faults)
        if not text:
            return [], []
        name = table.get("as", text)
        if not isinstance(name, str) or not name or not _UNICODE.holds(name):
            self.faults.add(f"{key}.as", f"is not a text: {name!r}")
            return [], []
        renamed = self.renamed(table.get("columns", {}))
        made = [
            Branch(branch, number, renamed, {**constants, **({TABLE: name} if listed else {})})
            for branch, constants in self.expanded(text)
        ]
        return made, self.conditions(table.get("where", {}), frozenset(made[0].constants), "table.where", number)

    def expanded(self, text: str) -> Iterator[tuple[str, dict[str, str]]]:
        """The tables that a text with placeholders stands for, and the pseudo-columns of each."""
        used = list(dict.fromkeys(name for name in _PLACEHOLDER.findall(text) if name in self.each))
        for name in _PLACEHOLDER.findall(text):
            if name not in self.each:
                self.faults.add(self.at("table"), f"has the placeholder {{{name}}}, which [sql.each] does not have")
        for values in product(*(self.each[name] for name in used)):
            told = dict(zip(used, values, strict=True))
            yield _filled(text, told), {f"@{name}": value for name, value in told.items()}

    def renamed(self, columns: object) -> dict[str, str | Constant]:
        key, found = self.at("table.columns"), dict[str, str | Constant]()
        if not isinstance(columns, Mapping):
            self.faults.add(key, 'is not a table such as { NAME = "NAME HERE" }')
            return found
        for name, here in columns.items():
            if isinstance(here, Mapping):
                made = self.constant(f"{key}.{name}", here)
                if made is not None:
                    found[unquoted(name)] = made
            else:
                found[unquoted(name)] = unquoted(name_of(f"{key}.{name}", here, self.faults))
        return found

    def constant(self, key: str, here: Mapping[str, Any]) -> Constant | None:
        if dict(here) == {"null": True}:
            return Constant(None)
        if set(here) == {"value"} and _literal(here["value"]):
            return Constant(here["value"])
        self.faults.add(
            key,
            'is no column, nor { value = ".." } with a text, a whole number, a Boolean or a date, nor { null = true }',
        )
        return None

    # --- where ----------------------------------------------------------------------------------------------------

    def conditions(self, where: object, pseudo: frozenset[str], name: str, item: int | None = None) -> list[Condition]:
        key = self.at(name)
        if not isinstance(where, Mapping):
            self.faults.add(key, "is not a table such as { COLUMN = [..] }")
            return []
        found = []
        for column, value in where.items():
            at, bare = f"{key}.{column}", unquoted(column)
            if column.startswith("@") and column not in pseudo:
                self.faults.add(at, f"is no pseudo-column here; there is {', '.join(sorted(pseudo)) or 'none'}")
                continue
            test = _test(value)
            if isinstance(test, str):
                self.faults.add(at, test)
            else:
                found.append(Condition(at, bare, *test, item))
        return found

    def pairs(self, on: object, names: Names, relation: Relation, own: Relation) -> tuple[tuple[ColumnRef, str], ...]:
        """The columns of ``on``, and those that keep companies apart."""
        key = self.at("on")
        if not isinstance(on, Mapping) or not on:
            self.faults.add(key, 'names no columns; write on = { OWN = "THEIRS" }')
            return ()
        pairs = []
        for ours, value in on.items():
            ref, theirs = column_of(key, ours, names, self.faults), name_of(f"{key}.{ours}", value, self.faults)
            if theirs.startswith("@") and theirs not in relation.pseudo:
                self.faults.add(f"{key}.{ours}", f"{theirs} is no pseudo-column there")
            if ref is not None:
                pairs.append((ref, unquoted(theirs)))
        apart = sorted((own.pseudo & relation.pseudo & (own.several | relation.several)) - {TABLE})
        said = {theirs for _, theirs in pairs}
        return (*pairs, *((ColumnRef("", name), name) for name in apart if name not in said))


def _filled(text: str, told: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: told.get(found[1], found[0]), text)


def _test(value: object) -> tuple[str, tuple[Any, ...]] | str:
    """The test and its values, or what is wrong."""
    if isinstance(value, Mapping):
        keys = frozenset(value)
        if keys == {"not"}:
            return _listed("not", value["not"])
        if keys and keys <= {"from", "to"}:
            low, high = value.get("from"), value.get("to")
            given = [bound for bound in (low, high) if bound is not None]
            if any(isinstance(bound, bool) or not _literal(bound) for bound in given):
                return "from and to are texts, whole numbers or dates"
            if len({type(bound) for bound in given}) > 1:
                return "from and to are of two types"
            return "range", (low, high)
        if keys == {"null"} and isinstance(value["null"], bool):
            return "null", (value["null"],)
        return "is not one of { not = [..] }, { from = .., to = .. } and { null = true }"
    return _listed("in", value)


def _listed(test: str, value: object) -> tuple[str, tuple[Any, ...]] | str:
    values = value if isinstance(value, list) else [value]
    if not values:
        return "is an empty list"
    for one in values:
        if not _literal(one):
            return f"{one!r} is not a text, a whole number, a Boolean or a date"
    if len({type(one) for one in values}) > 1:
        return "holds values of several types"
    return test, tuple(dict.fromkeys(values))


def _literal(value: object) -> bool:
    if isinstance(value, str):
        return _UNICODE.holds(value)
    return type(value) in (bool, date) or (type(value) is int and value in _INT64)


# --- the set, its joins and totals ------------------------------------------------------------------------------------


def own_rows(section: Mapping[str, Any], each: Each, faults: Faults) -> Relation:
    """The rows of the set itself."""
    found = _Reader("", each, faults).relation(section)
    for name in each:
        if f"@{name}" not in found.pseudo and found.table:
            faults.add(
                "table", f"has no placeholder {{{name}}}, and so every row would come once per value of each.{name}"
            )
    return found


def joins_of(section: object, own: Relation, each: Each, faults: Faults) -> dict[str, Join]:
    """The joins, which may look at those before them."""
    joins: dict[str, Join] = {}
    for alias, table in _tables("joins", section, faults):
        key = f"joins.{alias}"
        unknown(key, table, {*ROWS, "on"}, faults)
        reader = _Reader(key, each, faults)
        rows = reader.relation(table)
        joins[alias] = Join(alias, rows, reader.pairs(table.get("on"), _names(own, joins), rows, own))
    return joins


def totals_of(
    section: object, own: Relation, joins: Mapping[str, Join], each: Each, faults: Faults
) -> dict[str, Total]:
    """The totals."""
    totals: dict[str, Total] = {}
    for name, table in _tables("totals", section, faults):
        key = f"totals.{name}"
        if name in joins:
            faults.add(key, "is the name of a join, too")
        unknown(key, table, {*ROWS, "on", *METHODS}, faults)
        reader = _Reader(key, each, faults)
        rows = reader.relation(table)
        on = reader.pairs(table.get("on"), _names(own, joins), rows, own)
        said = [method for method in METHODS if method in table]
        if len(said) != 1:
            faults.add(key, f"needs one of {', '.join(METHODS)}")
        elif said == ["count"]:
            if table["count"] is not True:
                faults.add(f"{key}.count", "is not true")
            totals[name] = Total(name, rows, on, "count")
        else:
            column = unquoted(name_of(f"{key}.{said[0]}", table[said[0]], faults))
            totals[name] = Total(name, rows, on, said[0], column)
    return totals


def _tables(kind: str, section: object, faults: Faults) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(section, Mapping):
        faults.add(kind, "is not a table")
        return
    for name, table in section.items():
        if "." in name or name.startswith(("@", '"')):
            faults.add(f"{kind}.{name}", "is no name: it has a dot, or begins with @ or a quotation mark")
        elif not isinstance(table, Mapping):
            faults.add(f"{kind}.{name}", "is not a table")
        else:
            yield name, table


def _names(own: Relation, joins: Mapping[str, Join]) -> Names:
    return names_of(own, joins, {})


def names_of(own: Relation, joins: Mapping[str, Join], totals: Mapping[str, Total]) -> Names:
    """What the lines of the section can name."""
    return Names({"": own.pseudo, **{alias: join.rows.pseudo for alias, join in joins.items()}}, tuple(totals))
