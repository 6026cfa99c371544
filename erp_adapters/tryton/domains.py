"""Conditions as Tryton's domains, and how exactly a domain answers them.

A domain has no negation and two kinds of null rule: texts are compared as if null were the empty text, all else as SQL
does, which loses records without a value. What a condition says of null is therefore always written out. ``None``
instead of a domain means that records could be lost.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from edm.capabilities import Match
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf
from erp_adapters.tryton.fields import CODES, MANY, TEXTS, Models, Way
from erp_adapters.tryton.wire import as_float

Domain = list[Any]

_OPERATORS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_LIKE = {"startswith": ("", "%"), "endswith": ("%", ""), "contains": ("%", "%"), "equals": ("", "")}
#: No record: none is without an id.
NEVER: Domain = ["id", "=", None]
#: Characters that PostgreSQL has no text of.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: Lower-case letters of ASCII that are the lower case of letters beyond it, too: of K (Kelvin), and as a part of İ.
_FOLDED = {"k": "_", "i": "%"}


@dataclass(frozen=True, slots=True)
class Said:
    """A domain, and whether it is true of the very records of which the condition is."""

    domain: Domain
    exact: bool = True


def every(parts: Sequence[Domain]) -> Domain:
    return parts[0] if len(parts) == 1 else ["AND", *parts]


def some(parts: Sequence[Domain]) -> Domain:
    return parts[0] if len(parts) == 1 else ["OR", *parts] if parts else NEVER


@dataclass(frozen=True, slots=True)
class Domains:
    """Writes domains for the models that ``models`` knows."""

    models: Models

    def grade(self, model: str, condition: Condition) -> Match:
        said = self.said(model, condition)
        return Match.NO if said is None else Match.EXACT if said.exact else Match.INEXACT

    def said(self, model: str, condition: Condition) -> Said | None:
        match condition:
            case All(parts=parts):
                found = self._parts(model, parts)
                return found and Said(every([one.domain for one in found[0]]), found[1]) if parts else Said([])
            case Either(parts=parts):
                found = self._parts(model, parts)
                return found and Said(some([one.domain for one in found[0]]), found[1]) if parts else Said(NEVER)
            case Behind():
                return self._behind(model, condition)
        way = self.models.way(model, condition.field)
        if way is None or way.end.type in MANY or not way.searched:
            return None
        if way.pointed:
            return _pointed(way, condition)
        leaf = _said_of(_leaf_of(way), condition)
        return None if leaf is None else self._reached(way, leaf)

    def _parts(self, model: str, parts: Sequence[Condition]) -> tuple[list[Said], bool] | None:
        said = [self.said(model, part) for part in parts]
        found = [one for one in said if one is not None]
        return (found, all(one.exact for one in found)) if len(found) == len(said) else None

    def _reached(self, way: Way, leaf: "Leafed") -> Said | None:
        """A leaf that is true of no value is true of records whose links lead nowhere, and domains are not."""
        if leaf.of_nothing and way.computed:
            return None
        nowhere: list[Domain] = [[link, "=", None] for link in way.optional] if leaf.of_nothing else []
        if way.model is None:
            return Said(some([leaf.domain, *nowhere]), leaf.exact)
        if leaf.of_nothing:
            nowhere.append([way.links[0][0], "not like", _escaped(f"{way.model},") + "%"])
        return Said(_led(some([leaf.domain, *nowhere]), way.model), leaf.exact)

    def _behind(self, model: str, condition: Behind) -> Said | None:
        way = self.models.way(model, condition.path)
        if way is None or way.end.type not in MANY or way.end.relation is None or not way.searched:
            return None
        inner = Said([]) if condition.condition is None else self.said(way.end.relation, condition.condition)
        if inner is None or (condition.negated and not inner.exact):
            return None
        domain = [inner.domain] if inner.domain else []
        if condition.negated:
            if way.end.type != "one2many" or way.end.back is None:
                return None
            # NOT IN a list with null is true of nothing: records that belong to nobody must not be in it.
            domain.append([way.end.back, "!=", None])
        clause: Domain = [way.path, "not where" if condition.negated else "where", domain]
        nowhere = [[link, "=", None] for link in way.optional] if condition.negated else []
        return Said(some([clause, *nowhere]), inner.exact)


@dataclass(frozen=True, slots=True)
class Leafed:
    """A leaf as a domain. ``of_nothing``: it is true where there is no value."""

    domain: Domain
    of_nothing: bool
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Leaf:
    """Comparisons of a stored field with the null rules of SQL; the base of the others."""

    way: Way

    @property
    def path(self) -> str:
        return self.way.path

    def fit(self, value: Any) -> Any:
        """The value as the field can have it. ``ValueError`` if there is no telling."""
        return value

    def absent(self) -> Domain:
        return [self.path, "=", None]

    def present(self) -> Domain:
        return [self.path, "!=", None]

    def compare(self, operator: str, value: Any) -> Leafed | None:
        if value is None:
            return {"eq": Leafed(self.absent(), True), "ne": Leafed(self.present(), False)}.get(operator)
        try:
            fitted = self.fit(value)
        except ValueError:
            return self.unfit(operator, value)
        return self.compared(operator, fitted)

    def unfit(self, operator: str, value: Any) -> Leafed | None:
        """The comparison with a value that the field cannot have."""
        return None

    def compared(self, operator: str, value: Any) -> Leafed | None:
        clause: Domain = [self.path, _OPERATORS[operator], value]
        return Leafed(some([clause, self.absent()]), True) if operator == "ne" else Leafed(clause, False)

    def listed(self, values: Sequence[Any], none_of: bool) -> Leafed | None:
        try:
            there = [self.fit(value) for value in values if value is not None]
        except ValueError:
            return None
        return self.listing(there, none_of, len(there) < len(values))

    def listing(self, there: list[Any], none_of: bool, null: bool) -> Leafed:
        clause: Domain = [self.path, "not in" if none_of else "in", there]
        if none_of:
            return Leafed(every([clause, self.present()]) if null else some([clause, self.absent()]), not null)
        return Leafed(some([clause, self.absent()]) if null else clause, null)

    def like(self, condition: Like) -> Leafed | None:
        return None


@dataclass(frozen=True, slots=True)
class Flag(Leaf):
    """``= false`` is true of null, too; lists are not."""

    def absent(self) -> Domain:
        return [self.path, "in", [None]]

    def present(self) -> Domain:
        return [self.path, "not in", [None]]

    def compared(self, operator: str, value: Any) -> Leafed | None:
        return self.listing([value], operator == "ne", False) if operator in ("eq", "ne") else None


@dataclass(frozen=True, slots=True)
class Floating(Leaf):
    """A number that is stored as a float."""

    def fit(self, value: Any) -> Any:
        found = as_float(value)
        if found is None:
            raise ValueError("more digits than a float tells apart")
        return found


@dataclass(frozen=True, slots=True)
class Exact(Leaf):
    """A number with all its digits."""

    def fit(self, value: Any) -> Any:
        return Decimal(value)


@dataclass(frozen=True, slots=True)
class Whole(Leaf):
    """Of whole seconds: Tryton leaves out the fraction of what it compares with."""

    def fit(self, value: Any) -> Any:
        if isinstance(value, datetime | time) and value.microsecond:
            raise ValueError("a fraction of a second")
        return value

    def unfit(self, operator: str, value: Any) -> Leafed | None:
        whole = value.replace(microsecond=0)
        coarse = {"lt": "le", "le": "le", "gt": "gt", "ge": "gt"}.get(operator)
        return self.compared(coarse, whole) if coarse else None


@dataclass(frozen=True, slots=True)
class Code(Leaf):
    """Texts with the null rules of SQL: selections and references. No code is null or an empty text."""

    def fit(self, value: Any) -> Any:
        return _storable(value)

    def absent(self) -> Domain:
        return [self.path, "in", [None, ""]]

    def present(self) -> Domain:
        return [self.path, "not in", [None, ""]]

    def listing(self, there: list[Any], none_of: bool, null: bool) -> Leafed:
        if "" in there:
            there, null = [code for code in there if code], True
        return Leaf.listing(self, there, none_of, null)

    def compared(self, operator: str, value: Any) -> Leafed | None:
        if value == "":
            return self.compare(operator, None)
        found = Leaf.compared(self, operator, value)
        if found is not None and operator in ("lt", "le"):
            return replace(found, domain=every([found.domain, self.present()]))
        return found

    def like(self, condition: Like) -> Leafed | None:
        pattern = _pattern(condition.kind, condition.text)
        if condition.folded or pattern is None:
            return None
        if condition.negated:
            return Leafed(some([[self.path, "not like", pattern], self.absent()]), True)
        return Leafed(every([[self.path, "like", pattern], self.present()]), False)


@dataclass(frozen=True, slots=True)
class Text(Leaf):
    """Null and the empty text are the same, and outer blanks of what is searched for are left out."""

    def fit(self, value: Any) -> Any:
        if self.way.end.strip and value != value.strip():
            raise ValueError("blanks that are not searched for")
        return _storable(value)

    def compared(self, operator: str, value: Any) -> Leafed | None:
        if value == "":
            return self.compare(operator, None)
        clause: Domain = [self.path, _OPERATORS[operator], value]
        if operator in ("lt", "le"):
            return Leafed(every([clause, self.present()]), False)
        return Leafed(clause, operator == "ne")

    def listing(self, there: list[Any], none_of: bool, null: bool) -> Leafed:
        null = null or "" in there
        values = [text for text in there if text] + ([None] if null else [])
        return Leafed([self.path, "not in" if none_of else "in", values], null is not none_of)

    def like(self, condition: Like) -> Leafed | None:
        if self.way.end.strip and condition.kind != "contains" and condition.text != condition.text.strip():
            return None
        if condition.folded:
            return self._folded(condition)
        pattern = _pattern(condition.kind, condition.text)
        if pattern is None:
            return None
        if condition.negated:
            return Leafed([self.path, "not like", pattern], True)
        return Leafed(every([[self.path, "like", pattern], self.present()]), False)

    def _folded(self, condition: Like) -> Leafed | None:
        """What is lower case depends on the database, and without accents too: letters that it may take for others are
        left open. Long texts may be searched by words instead."""
        if condition.negated or self.way.end.type != "char":
            return None
        text = "".join(_FOLDED.get(c, c) if c.isascii() else "%" for c in _escaped(condition.text.lower()))
        before, after = _LIKE[condition.kind]
        return Leafed([self.path, "ilike", before + text + after], False, exact=False)


@dataclass(frozen=True, slots=True)
class Padded(Leaf):
    """A number that is read as a text of so many digits."""

    def fit(self, value: Any) -> Any:
        return _number(self.way, value)

    def unfit(self, operator: str, value: Any) -> Leafed | None:
        return Leafed(NEVER, False) if operator == "eq" else None

    def listed(self, values: Sequence[Any], none_of: bool) -> Leafed | None:
        return Leaf.listed(self, [value for value in values if value is None or _fits(self.way, value)], none_of)


@dataclass(frozen=True, slots=True)
class Searched(Leaf):
    """A computed field: its module wrote what can be searched. What that makes of null nobody knows."""

    leaf: Leaf

    def compare(self, operator: str, value: Any) -> Leafed | None:
        return None if value is None or operator != "eq" else self.leaf.compare("eq", value)

    def listed(self, values: Sequence[Any], none_of: bool) -> Leafed | None:
        return None if none_of or None in values or "" in values else self.leaf.listed(values, False)


_LEAVES: Mapping[str, Callable[[Way], Leaf]] = {
    "boolean": Flag,
    "datetime": Whole,
    "float": Floating,
    "numeric": Exact,
    "time": Whole,
    **dict.fromkeys(CODES, Code),
    **dict.fromkeys(TEXTS, Text),
}


def _leaf_of(way: Way) -> Leaf:
    if way.width is not None:
        return Padded(way)
    leaf = _LEAVES.get(way.end.type, Leaf)(way)
    return Searched(way, leaf) if way.computed else leaf


def _led(domain: Domain, model: str) -> Domain:
    """A domain whose paths begin with a reference: such clauses name the model that they go through."""
    if domain[0] in ("AND", "OR"):
        return [domain[0], *(_led(part, model) for part in domain[1:])]
    return [*domain, model] if "." in domain[0] else domain


def _said_of(leaf: Leaf, condition: Compare | OneOf | Like) -> Leafed | None:
    match condition:
        case Compare(operator=operator, value=value):
            return leaf.compare(operator, value)
        case OneOf(values=values):
            return leaf.listed(values, condition.negated)
    return leaf.like(condition)


def _pointed(way: Way, condition: Compare | OneOf | Like) -> Said | None:
    """A condition on the id of a reference of one model; to others, and to nothing, it has no value."""
    match condition:
        case Compare(operator="eq" | "ne", value=value):
            values: tuple[Any, ...] = (value,)
            none_of = condition.operator == "ne"
        case OneOf(values=values):
            none_of = condition.negated
        case _:
            return None
    if way.width is not None:
        values = tuple(_number(way, value) for value in values if value is None or _fits(way, value))
    prefix = _escaped(f"{way.model},") + "%"
    there = [f"{way.model},{value}" for value in values if value is not None]
    null = len(there) < len(values)
    if none_of:
        others: Domain = [way.path, "not in", there]
        if null:
            return Said(every([others, [way.path, "like", prefix]]))
        return Said(some([others, [way.path, "=", None]]))
    elsewhere: list[Domain] = [[way.path, "not like", prefix], [way.path, "=", None]] if null else []
    return Said(some([[way.path, "in", there], *elsewhere]))


def _fits(way: Way, value: Any) -> bool:
    return isinstance(value, str) and len(value) == way.width and value.isascii() and value.isdigit()


def _number(way: Way, value: Any) -> int | None:
    if value is not None and not _fits(way, value):
        raise ValueError("not so many digits")
    return None if value is None else int(value)


def _storable(text: Any) -> str:
    if not isinstance(text, str) or _UNSTORABLE.search(text):
        raise ValueError("no text that a database can have")
    return text


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _pattern(kind: str, text: str) -> str | None:
    if _UNSTORABLE.search(text):
        return None
    before, after = _LIKE[kind]
    return before + _escaped(text) + after
