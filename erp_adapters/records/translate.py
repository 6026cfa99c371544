"""Conditions over published properties as conditions over stored fields.

Where nothing can be said without losing records the engine has to do it; what is said inexactly is checked again there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from edm.expressions import IT, Call, Const, Expr, Lambda, Prop
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import DATE, DATE_TIME_OFFSET
from erp_adapters.records.base import Behind, Condition
from erp_adapters.records.codecs import Codec, Field, Look, Said
from erp_adapters.records.codecs_stored import Alpha, Day, Flag, Reference, Words
from erp_adapters.records.conditions import ALWAYS, NEVER, absent, all_of, either, negated, renamed
from erp_adapters.records.section import SetMapping

_MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_TEXT = ("contains", "startswith", "endswith")
#: Codecs without a value where the related row is missing, as the property has none; a flag is false there.
_ALONE = (Field, Words, Alpha, Day, Reference, Flag)
#: Letters that are the lower case of others beyond ASCII: a source that folds ASCII alone would lose those.
_FOLDED_FROM_BEYOND = frozenset("ki")


@dataclass(frozen=True, slots=True)
class Place:
    """Rows of a set as records that ``path`` leads to from those of ``entity``; ``variable`` stands for them."""

    entity_set: EntitySet
    mapping: SetMapping
    variable: str = IT
    path: str = ""

    def codec(self, name: str) -> Codec | None:
        return self.mapping.codecs.get(name)


@dataclass(frozen=True, slots=True)
class Translator:
    """``mappings`` are those of one source. ``look`` gives what codecs have to know of an entity, ``separator`` stands
    between the steps of a path."""

    metadata: ServiceMetadata
    mappings: Mapping[str, SetMapping]
    look: Callable[[str], Look]
    separator: str = "/"

    def said(self, expr: Expr, entity_set: EntitySet) -> Said | None:
        """``expr`` as a condition on the set's records."""
        mapping = self.mappings.get(entity_set.name)
        return None if mapping is None else self._said(expr, Place(entity_set, mapping))

    def at(self, expr: Expr, place: Place) -> Said | None:
        """``expr`` as a condition on the records of a place."""
        return self._said(expr, place)

    def _said(self, expr: Expr, at: Place) -> Said | None:
        match expr:
            case Const(value=value):
                return Said(ALWAYS if value is True else NEVER)
            case Call(function="and", args=args):
                return self._every(args, at)
            case Call(function="or", args=args):
                return self._some(args, at)
            case Call(function="not", args=(inner,)):
                return self._refused(inner, at)
            case Prop():
                return self._leaf(expr, at, lambda codec, look: codec.compare("eq", True, look))
            case Call(function=name, args=(left, right)) if name in _MIRRORED:
                return self._comparison(name, left, right, at)
            case Call(function="in", args=(Prop() as prop, Const(value=tuple() as values))):
                return self._listed(prop, values, at)
            case Call(function=name, args=(inner, Const(value=str() as text))) if name in _TEXT:
                return self._like(name, inner, text, at)
            case Lambda():
                return self._behind(expr, at)
        return None

    def _every(self, args: Sequence[Expr], at: Place) -> Said | None:
        """What can be said of the parts: without the others it is true of more."""
        said = [self._said(arg, at) for arg in args]
        found = [part for part in said if part is not None]
        exact = len(found) == len(said) and all(part.exact for part in found)
        return Said(all_of(part.condition for part in found), exact) if found else None

    def _some(self, args: Sequence[Expr], at: Place) -> Said | None:
        said = [self._said(arg, at) for arg in args]
        found = [part for part in said if part is not None]
        if len(found) < len(said):
            return None
        return Said(either(part.condition for part in found), all(part.exact for part in found))

    def _refused(self, expr: Expr, at: Place) -> Said | None:
        """True where ``expr`` is false. Of texts, that is not where there is none."""
        match expr:
            case Prop():
                return self._leaf(expr, at, lambda codec, look: codec.compare("eq", False, look))
            case Call(function="in", args=(Prop() as prop, Const(value=tuple() as values))):
                return self._listed(prop, values, at, none_of=True)
            case Call(function=name, args=(Prop() as prop, Const(value=str()))) if name in _TEXT:
                met, there = self._said(expr, at), self._comparison("ne", prop, Const(None, prop.type), at)
                if met is None or there is None or not (met.exact and there.exact):
                    return None
                return Said(all_of((negated(met.condition), there.condition)))
            case Lambda():
                found = self._behind(expr, at)
                return Said(negated(found.condition)) if found is not None and found.exact else None
        return None

    # --- leaves -------------------------------------------------------------------------------------------------

    def _leaf(self, prop: Prop, at: Place, say: Callable[[Codec, Look], Said | None]) -> Said | None:
        """What is said of a property, of the row itself or behind its single-valued navigation."""
        if prop.variable != at.variable:
            return None
        for step in prop.path[:-1]:
            found = self._step(at, step)
            if found is None:
                return None
            at = found
        codec = at.codec(prop.name)
        if codec is None:
            return None
        said = say(codec, self.look(at.mapping.rows.entity))
        return self._reached(said, codec, at) if said is not None and at.path else said

    def _reached(self, said: Said, codec: Codec, at: Place) -> Said | None:
        """What is said of a related row, if it is said of none in the same way: of a row that is not there."""
        if at.mapping.rows.where is not None or not isinstance(codec, _ALONE):
            return None
        if not isinstance(codec, Flag):
            return Said(self._moved(said.condition, at), said.exact)
        missing = absent(codec.ref.name)  # a flag is false there, the property has no value
        return Said(self._moved(either((said.condition, missing)), at), exact=False)

    def _moved(self, condition: Condition, at: Place) -> Condition:
        return renamed(condition, lambda name: at.path + self.separator + name)

    def _step(self, at: Place, navigation: str) -> Place | None:
        """The related rows, if the source has a path to them."""
        path = at.mapping.navigation.get(navigation)
        link = at.entity_set.type.navigation_property(navigation)
        if path is None or link is None:
            return None
        target = self.metadata.target(link)
        mapping = self.mappings.get(target.name)
        if mapping is None or mapping.group:
            return None
        return Place(target, mapping, at.variable, f"{at.path}{self.separator}{path}" if at.path else path)

    def _comparison(self, operator: str, left: Expr, right: Expr, at: Place) -> Said | None:
        if isinstance(left, Const):
            operator, left, right = _MIRRORED[operator], right, left
        if not isinstance(right, Const):
            return None
        value = right.value
        match left:
            case Prop():
                if value is None and operator not in ("eq", "ne"):
                    return None
                return self._leaf(left, at, lambda codec, look: codec.compare(operator, value, look))
            case Call(function="tolower", args=(Prop() as prop,)) if isinstance(value, str) and operator == "eq":
                return self._folded("equals", prop, value, at)
            case Call(function="year", args=(Prop(type=kind) as prop,)) if type(value) is int:
                start, end = _year(value, kind), _year(value + 1, kind)
                return self._span(operator, prop, start, end, at)
            case Call(function="date", args=(Prop(type=kind) as prop,)) if kind == DATE_TIME_OFFSET:
                return self._day(operator, prop, value, at)
        return None

    def _day(self, operator: str, prop: Prop, value: object, at: Place) -> Said | None:
        if type(value) is not date or value == date.max:
            return None
        start, end = (
            datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (value, date.fromordinal(value.toordinal() + 1))
        )
        return self._span(operator, prop, start, end, at)

    def _span(self, operator: str, prop: Prop, start: object, end: object, at: Place) -> Said | None:
        """A comparison of the span that a value is in; ``None`` where one end is beyond the calendar."""
        if start is None or end is None:
            return None
        after, before = Const(start, prop.type), Const(end, prop.type)
        match operator:
            case "eq":
                parts = (Call("ge", (prop, after), prop.type), Call("lt", (prop, before), prop.type))
                return self._every_or_none(parts, at)
            case "lt" | "ge":
                return self._comparison(operator, prop, after, at)
            case "le":
                return self._comparison("lt", prop, before, at)
            case "gt":
                return self._comparison("ge", prop, before, at)
        return None

    def _every_or_none(self, parts: Sequence[Expr], at: Place) -> Said | None:
        said = [self._said(part, at) for part in parts]
        found = [part for part in said if part is not None]
        if len(found) < len(said):
            return None
        return Said(all_of(part.condition for part in found), all(part.exact for part in found))

    def _listed(self, prop: Prop, values: Sequence[Any], at: Place, *, none_of: bool = False) -> Said | None:
        """``in``: null is in no list but in one that has it."""
        there = tuple(value for value in values if value is not None)
        parts = [self._leaf(prop, at, lambda codec, look: codec.listed(there, none_of, look))] if there else []
        if len(there) < len(values):
            operator = "ne" if none_of else "eq"
            parts.append(self._comparison(operator, prop, Const(None, prop.type), at))
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            return None
        put = all_of if none_of else either
        return Said(put(part.condition for part in found), all(part.exact for part in found))

    def _like(self, kind: str, inner: Expr, text: str, at: Place) -> Said | None:
        match inner:
            case Prop():
                return self._leaf(inner, at, lambda codec, look: codec.like(kind, text, False, look))
            case Call(function="tolower", args=(Prop() as prop,)):
                return self._folded(kind, prop, text, at)
        return None

    def _folded(self, kind: str, prop: Prop, text: str, at: Place) -> Said | None:
        if not text or not text.isascii() or _FOLDED_FROM_BEYOND & set(text):
            return None
        if text != text.lower():
            return Said(NEVER)
        return self._leaf(prop, at, lambda codec, look: codec.like(kind, text, True, look))

    # --- related rows -------------------------------------------------------------------------------------------

    def _behind(self, expr: Lambda, at: Place) -> Said | None:
        if expr.variable != at.variable or len(expr.path) != 1:
            return None
        target = self._step(replace(at, path=""), expr.path[0])
        if target is None:
            return None
        path, fixed = self._path(at, target.path), target.mapping.rows.where
        if expr.predicate is None:
            return Said(Behind(path, fixed))
        said = self._said(expr.predicate, replace(target, variable=expr.bound, path=""))
        every = expr.kind == "all"
        if said is None or (every and not said.exact):
            return None
        found = all_of((fixed, negated(said.condition) if every else said.condition))
        if found == NEVER:
            return Said(ALWAYS if every else NEVER, said.exact)
        return Said(Behind(path, None if found == ALWAYS else found, every), said.exact)

    def _path(self, at: Place, step: str) -> str:
        return f"{at.path}{self.separator}{step}" if at.path else step


def _year(year: int, kind: object) -> object:
    """Where a year begins, as a value of the type."""
    if not date.min.year <= year <= date.max.year:
        return None
    return date(year, 1, 1) if kind == DATE else datetime(year, 1, 1, tzinfo=UTC) if kind == DATE_TIME_OFFSET else None
