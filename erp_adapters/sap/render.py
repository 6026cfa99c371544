"""Conditions on fields as ``$filter`` of OData V2, and how well SAP answers them.

A field without a value is null, or an empty text where the type is text. There is no ``in``, no ``contains`` and no
condition on many related records in V2, and ``not`` is said of no more than one function. Every text that is made here
has its own parentheses.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edm import primitives
from edm.capabilities import Match
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf, Stored
from erp_adapters.sap.literals import Fitted, fit, fits, text
from erp_adapters.sap.schema import Field
from erp_adapters.sap.zeros import Seen

#: ``$filter``, or how it ends for every record.
Said = str | bool

_RANGES = frozenset({"lt", "le", "gt", "ge"})
#: Operators that SAP's ``filter-restriction`` leaves.
_RESTRICTED: Mapping[str, frozenset[str]] = {
    "": frozenset({"eq", "ne", "in"}) | _RANGES,
    "interval": frozenset({"eq", "le", "ge"}),
    "multi-value": frozenset({"eq", "in"}),
    "single-value": frozenset({"eq"}),
}
_UNORDERED = (primitives.BOOLEAN, primitives.GUID)
_FUNCTIONS: Mapping[str, str] = {
    "contains": "substringof({text},{field})",
    "endswith": "endswith({field},{text})",
    "equals": "{field} eq {text}",
    "startswith": "startswith({field},{text})",
}
#: Letters that become an ASCII one in lower case, which not every database knows.
_ODD_LETTERS = ("\u212a", "\u0130")
#: What ABAP's patterns give a meaning to: any text, any character, and the sign that takes it away.
_ABAP_WILDCARDS, _ABAP_ESCAPE = ("*", "+"), "#"


def compared(field: Field) -> frozenset[str]:
    """The comparisons that the service answers."""
    if not field.filterable or field.type is None or field.type is primitives.BINARY:
        return frozenset()
    allowed = _RESTRICTED.get(field.restriction, frozenset())
    return allowed - _RANGES if field.type in _UNORDERED else allowed


def liked(field: Field) -> frozenset[str]:
    """The kinds of text conditions that it answers."""
    searched = field.filterable and not field.restriction and field.type is primitives.STRING
    return frozenset(_FUNCTIONS) if searched else frozenset()


@dataclass(frozen=True, slots=True)
class Column:
    """A field as a condition names it: how it is spelled, what it is, and what its values have shown."""

    spelled: str
    field: Field
    seen: Seen
    #: Whether the way to it leads over a link.
    linked: bool = False

    @property
    def width(self) -> int:
        return self.field.max_length or 0


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes and grades the conditions of one entity. ``find`` gives a column by the name that conditions use;
    ``features`` are what this system has been said to know beyond the usual: ``not``, ``tolower``, ``paths``; what it
    has ``refused`` is not asked again, fields as ``.NAME``."""

    find: Callable[[str], Column | None]
    features: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def write(self, condition: Condition) -> Said:
        """The condition as text, or whether it is true of every record or of none."""
        match condition:
            case Compare(name, operator, value):
                return self._compare(self._column(name), operator, value)
            case OneOf():
                return self._one_of(condition)
            case Like():
                return self._like(condition)
            case All(parts):
                return both(self.write(part) for part in parts)
            case Either(parts):
                return either(self.write(part) for part in parts)
            case Behind():
                raise ValueError("OData V2 has no conditions on many related records")

    def grade(self, condition: Condition) -> Match:
        """How well it is answered."""
        match condition:
            case Compare(name, operator, value):
                return self._graded(name, operator, (value,))
            case OneOf(name, values, negated):
                return self._graded(name, "ne" if negated else "eq" if len(values) == 1 else "in", values)
            case Like():
                return self._grade_like(condition)
            case All(parts) | Either(parts):
                return min((self.grade(part) for part in parts), default=Match.EXACT)
            case Behind():
                return Match.NO

    def _column(self, name: str) -> Column:
        found = self.find(name)
        if found is None:
            raise ValueError(f"there is no field {name}")
        return found

    def _usable(self, name: str) -> Column | None:
        found = self.find(name)
        if found is None or (found.linked and "paths" not in self.features) or f".{name}" in self.refused:
            return None
        return found

    # Comparisons

    def _graded(self, name: str, operator: str, values: tuple[Stored, ...]) -> Match:
        column = self._usable(name)
        if column is None or operator not in compared(column.field):
            return Match.NO
        if operator == "in" and column.width and all(isinstance(one, str) and _plain(column, one) for one in values):
            return column.seen.among([value for value in values if isinstance(value, str)], column.width)
        return min((_grade_value(column, operator, value) for value in values), default=Match.EXACT)

    def _compare(self, column: Column, operator: str, value: Stored) -> Said:
        if value is None or value == "":
            return _absent(column) if operator == "eq" else _present(column)
        fitted = fit(column.field, operator, value)
        if operator == "ne":
            return True if fitted is True else either([_said(column, fitted), _null(column)])
        if isinstance(fitted, bool):
            return _present(column) if fitted else False
        # An empty text comes before all others, and is none.
        empty = operator in ("lt", "le") and column.field.type is primitives.STRING
        return both([_said(column, fitted), f"{column.spelled} ne ''" if empty else True])

    def _one_of(self, condition: OneOf) -> Said:
        column = self._column(condition.field)
        values = [value for value in condition.values if value is not None and value != ""]
        nothing = len(values) < len(condition.values)
        if not condition.negated:
            parts = [self._compare(column, "eq", value) for value in values]
            return either([*parts, _absent(column) if nothing else False])
        others = both(_said(column, fit(column.field, "ne", value)) for value in values)
        return both([others, _present(column)]) if nothing else either([others, _null(column)])

    # Texts

    def _grade_like(self, condition: Like) -> Match:
        column = self._usable(condition.field)
        needed = {"not": condition.negated, "tolower": condition.folded}
        if column is None or condition.kind not in liked(column.field) - self.refused:
            return Match.NO
        if any(wanted and feature not in self.features for feature, wanted in needed.items()):
            return Match.NO
        found = _grade_pattern(column, condition)
        return Match.NO if condition.negated and found is not Match.EXACT else found

    def _like(self, condition: Like) -> Said:
        column = self._column(condition.field)
        said = self._function(column, condition)
        if not condition.negated:
            return said
        if isinstance(said, bool):
            return _absent(column) if said else True
        return either([f"not ({said})", _null(column)])

    def _function(self, column: Column, condition: Like) -> Said:
        sought = condition.text.lower() if condition.folded else condition.text
        if not sought:
            return _absent(column) if condition.kind == "equals" else _present(column)
        if column.width and len(sought) > column.width and not condition.folded:
            return False
        pattern = _FUNCTIONS[condition.kind]
        if not condition.folded:
            return pattern.format(text=text(sought), field=column.spelled)
        folded = pattern.format(text=text(sought), field=f"tolower({column.spelled})")
        odd = [
            f"substringof({text(letter)},{column.spelled})" for letter in _ODD_LETTERS if letter.lower()[0] in sought
        ]
        return either([folded, *odd])


def _grade_value(column: Column, operator: str, value: Stored) -> Match:
    if value is None or value == "":
        plain = operator in ("eq", "ne", "in") and not column.field.restriction
        return Match.EXACT if plain else Match.NO
    if not fits(column.field, value):
        return Match.NO
    return _grade_text(column, operator, value) if isinstance(value, str) else Match.EXACT


def _plain(column: Column, value: str) -> bool:
    """Whether nothing but zeros makes the text another one for SAP."""
    return bool(value) and value == value.rstrip() and not (column.field.upper and value != value.upper())


def _grade_text(column: Column, operator: str, value: str) -> Match:
    """ABAP knows no blanks at the end of a text, and writes some fields in capitals whatever is asked for."""
    if value != value.rstrip():
        return Match.NO
    if column.field.upper and value != value.upper():
        return Match.INEXACT if operator in ("eq", "in") else Match.NO
    if not column.width:
        return Match.EXACT
    if operator in ("eq", "in"):
        return column.seen.equal(value, column.width)
    return (column.seen.unequal if operator == "ne" else column.seen.ranged)(value, column.width)


def _grade_pattern(column: Column, condition: Like) -> Match:
    sought, field = condition.text, column.field
    if sought != sought.strip() or _ABAP_ESCAPE in sought or (condition.folded and not sought.isascii()):
        return Match.NO
    odd = condition.folded or any(sign in sought for sign in _ABAP_WILDCARDS)
    if odd or (field.upper and sought != sought.upper()):
        return Match.INEXACT
    if not column.width:
        return Match.EXACT
    if condition.kind == "equals":
        return column.seen.equal(sought, column.width)
    return column.seen.starts(sought) if condition.kind == "startswith" else column.seen.holds(sought)


def _said(column: Column, fitted: Fitted | bool) -> Said:
    return fitted if isinstance(fitted, bool) else f"{column.spelled} {fitted.operator} {fitted.literal}"


def _null(column: Column) -> Said:
    return f"{column.spelled} eq null" if column.field.nullable else False


def _absent(column: Column) -> Said:
    """The field has no value."""
    empty = f"{column.spelled} eq ''" if column.field.type is primitives.STRING else False
    return either([empty, _null(column)])


def _present(column: Column) -> Said:
    filled = f"{column.spelled} ne ''" if column.field.type is primitives.STRING else True
    return both([filled, f"{column.spelled} ne null" if column.field.nullable else True])


def both(parts: Iterable[Said]) -> Said:
    """All of them."""
    return _joined(list(parts), " and ", neutral=True)


def either(parts: Iterable[Said]) -> Said:
    """Some of them."""
    return _joined(list(parts), " or ", neutral=False)


def _joined(parts: list[Said], word: str, *, neutral: bool) -> Said:
    if any(part is (not neutral) for part in parts):
        return not neutral
    said = [part for part in parts if isinstance(part, str)]
    if len(said) < 2:
        return said[0] if said else neutral
    return "(" + word.join(said) + ")"
