"""Conditions as ``$filter``: the text, and how well the service answers it. What has no text is answered here.

Texts are widened wherever services that think in SQL would lose records: a comparison with ``ne`` and a ``not`` name
the missing value too, which changes nothing where the standard is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edm import meanings
from edm.capabilities import Match
from edm.primitives import DATE_TIME_OFFSET, GUID, STRING, TIME_OF_DAY
from erp_adapters.odata import options as known
from erp_adapters.odata.places import Field, Place, Related, Service
from erp_adapters.odata.restrictions import COMPARED, EXPRESSIONS, ORDERING, SINGLE, Restrictions
from erp_adapters.odata.values import finer
from erp_adapters.records.base import All, Behind, Compare, Condition, Either, Like, OneOf, Stored

_NE = frozenset({"ne"})
LIKED = frozenset({"startswith", "endswith", "contains"})
#: The smallest step between two moments that are read.
STEP = timedelta(microseconds=1)
#: Lambdas within lambdas, and parts within parts, that are still asked.
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Said:
    """A condition as text, in parentheses wherever it needs them; ``simple`` if it is a single comparison."""

    text: str
    match: Match = Match.EXACT
    simple: bool = True

    @property
    def operand(self) -> str:
        return self.text if self.simple else f"({self.text})"


def compared(field: Field, start: Place) -> frozenset[str]:
    """Operators of ``Compare`` and ``in`` that the service answers for a field of the records of ``start``."""
    if not _filterable(field, start):
        return frozenset()
    limits = _limits(field, start)
    operators = COMPARED
    expression = limits.expressions.get("/".join(field.inner))
    if expression is not None:
        operators = EXPRESSIONS.get(expression, (frozenset(), False))[0]
    if field.kind.type is TIME_OF_DAY and finer(field.item):
        return frozenset()
    if field.kind.type.python is bytes:
        return frozenset()
    if field.kind.enum or field.kind.type is GUID or field.kind.type.python is bool:
        # An enumeration has an order of its own, and products sort a Guid as they like.
        operators -= ORDERING
    if field.kind.type is STRING and not field.kind.enum:
        operators -= (ORDERING if limits.insensitive else frozenset()) | (
            _NE if not limits.exact_texts else frozenset()
        )
    return operators


def liked(field: Field, start: Place) -> tuple[frozenset[str], frozenset[str]]:
    """Kinds of ``Like`` that the service answers, and those whatever the letter case."""
    if field.kind.type is not STRING or field.kind.enum or not _filterable(field, start):
        return frozenset(), frozenset()
    limits = _limits(field, start)
    expression = limits.expressions.get("/".join(field.inner))
    kinds = (
        LIKED & limits.functions if expression is None or EXPRESSIONS.get(expression, ((), False))[1] else frozenset()
    )
    if "eq" in compared(field, start):
        kinds |= {"equals"}
    return kinds, kinds if "tolower" in limits.functions or limits.insensitive else frozenset()


def sortable(field: Field, start: Place) -> bool:
    """Whether the service sorts by a field, in some order."""
    limits = start.limits
    if field.hops and not limits.paths:
        return False
    plain = not field.kind.enum and field.kind.type is not GUID and field.kind.type.python is not bytes
    last = _limits(field, start)
    return (
        plain
        and limits.sortable
        and (limits.nulls_first or not field.nullable)
        and field.path not in limits.unsortable
        and "/".join(field.inner) not in last.unsortable
    )


def _limits(field: Field, start: Place) -> Restrictions:
    return (field.hops[-1][1] if field.hops else start).limits


def _filterable(field: Field, start: Place) -> bool:
    limits, last = start.limits, _limits(field, start)
    if field.hops and not limits.paths:
        return False
    own = {field.path, *(name for name, _ in field.hops[:1])}
    return (
        limits.filterable and last.filterable and not own & limits.unfilterable
        and "/".join(field.inner) not in last.unfilterable and field.inner[0] not in last.unfilterable
    )  # fmt: skip


class Writer:
    """Writes conditions on the records of one place. ``prefix`` stands in front of every path, as in a lambda."""

    def __init__(self, service: Service, place: Place, prefix: str = "", depth: int = 0) -> None:
        self._service = service
        self._place = place
        self._prefix = prefix
        self._depth = depth

    def say(self, condition: Condition) -> Said | None:
        """The text of a condition, or ``None`` if the service cannot be asked it."""
        if self._depth > DEEPEST:
            return None
        said: Said | None = _SAY[type(condition)](self, condition)
        return said

    # Leaves

    def compare(self, condition: Compare) -> Said | None:
        field = self._service.field(self._place, condition.field)
        if field is None or not self._answers(field, condition):
            return None
        said = self._one(field, condition.operator, condition.value)
        if said is None or condition.value is None or condition.operator != "ne":
            return said
        return self._or_none(field, said)

    def _answers(self, field: Field, condition: Compare) -> bool:
        operators = compared(field, self._place)
        if condition.value is None and not _limits(field, self._place).exact_texts:
            return "eq" in operators  # letter case does not matter to whether there is a text
        return condition.operator in operators

    def one_of(self, condition: OneOf) -> Said | None:
        field = self._service.field(self._place, condition.field)
        needed = "ne" if condition.negated else "in"
        if field is None or needed not in compared(field, self._place) or not condition.values:
            return None
        given = [value for value in condition.values if value is not None]
        if condition.negated:
            return self._none_of(field, given, len(given) < len(condition.values))
        listed = self._list(field, given)
        parts: list[Said | None] = [listed] if listed else [self._one(field, "eq", value) for value in given]
        if len(given) < len(condition.values):
            parts.append(self._one(field, "eq", None))
        return self._either(parts)

    def like(self, condition: Like) -> Said | None:
        field = self._service.field(self._place, condition.field)
        if field is None or not condition.text:
            return None
        plain, folded = liked(field, self._place)
        limits = _limits(field, self._place)
        if condition.kind not in (folded if condition.folded else plain):
            return None
        fold = condition.folded and not limits.insensitive
        if fold and not limits.annotated and not condition.text.isascii():
            # Which capital belongs to a letter beyond ASCII is a matter of taste where nothing is announced.
            return None
        name = self._name(field)
        text = meanings.lower(condition.text) if condition.folded else condition.text
        literal = field.kind.literal(text)
        if literal is None:
            return None
        subject = f"tolower({name})" if fold else name
        said = f"{subject} eq {literal}" if condition.kind == "equals" else f"{condition.kind}({subject},{literal})"
        if not condition.negated:
            return Said(said, self._match(field))
        if not limits.exact_texts:
            return None
        return self._or_none(field, Said(f"not ({said})" if condition.kind == "equals" else f"not {said}"))

    def _one(self, field: Field, operator: str, value: Stored) -> Said | None:
        name = self._name(field)
        if value is None:
            return Said(f"{name} {operator} null")
        if field.kind.type is DATE_TIME_OFFSET and finer(field.item) and isinstance(value, datetime):
            return self._moment(field, operator, value)
        literal = field.kind.literal(value)
        if literal is None:
            return None
        return Said(f"{name} {operator} {literal}", self._match(field))

    def _match(self, field: Field) -> Match:
        """How well texts are compared. If nobody knows whether their case matters, what rows show of it is found out;
        of related records they show nothing."""
        limits = _limits(field, self._place)
        loose = limits.insensitive or (self._depth > 0 and not limits.exact_texts)
        return Match.INEXACT if loose and field.kind.type is STRING and not field.kind.enum else Match.EXACT

    def _moment(self, field: Field, operator: str, value: datetime) -> Said | None:
        """A comparison with a moment whose finer digits were cut off: with all that reads as it."""
        name, this = self._name(field), field.kind.literal(value)
        try:
            following = field.kind.literal(value + STEP)
        except OverflowError:
            return None
        if this is None or following is None:
            return None
        texts = {
            "lt": f"{name} lt {this}",
            "le": f"{name} lt {following}",
            "gt": f"{name} ge {following}",
            "ge": f"{name} ge {this}",
            "eq": f"{name} ge {this} and {name} lt {following}",
            "ne": f"{name} lt {this} or {name} ge {following}",
        }
        if operator == "ne" and self._place.limits.alternatives == known.NO_FIELDS:
            return None
        ranged = {"eq", "ne"} & {operator}
        if ranged and not compared(field, self._place) >= ORDERING:
            return None
        return Said(texts[operator], simple=not ranged)

    def _list(self, field: Field, values: Sequence[Stored]) -> Said | None:
        """``in``, where the service has it and the values have literals that are compared as they are."""
        moments = field.kind.type is DATE_TIME_OFFSET and finer(field.item)
        if len(values) < 2 or moments or not _limits(field, self._place).lists:
            return None
        literals = [field.kind.literal(value) for value in values]
        if None in literals:
            return None
        return Said(f"{self._name(field)} in ({','.join(map(str, literals))})", self._match(field))

    def _none_of(self, field: Field, values: Sequence[Stored], filled: bool) -> Said | None:
        parts = [self._one(field, "ne", value) for value in values]
        if filled:
            return _joined("and", [*parts, self._one(field, "ne", None)])
        said = _joined("and", parts)
        return said and self._or_none(field, said)

    def _or_none(self, field: Field, said: Said) -> Said | None:
        """The condition, or that there is no value."""
        if not field.nullable:
            return said
        return self._either([said, self._one(field, "eq", None)])

    # Nodes

    def all_of(self, condition: All) -> Said | None:
        return _joined("and", map(self.say, condition.parts))

    def either(self, condition: Either) -> Said | None:
        limits = self._place.limits
        fields = {name for part in condition.parts for name in _fields(part)}
        if limits.alternatives == known.SAME_FIELD and len(fields) > 1:
            return None
        if any(limits.expressions.get(name) in SINGLE for name in fields):
            return None
        return self._either(map(self.say, condition.parts))

    def _either(self, parts: Iterable[Said | None]) -> Said | None:
        found = list(parts)
        if len(found) > 1 and self._place.limits.alternatives == known.NO_FIELDS:
            return None
        return _joined("or", found)

    def behind(self, condition: Behind) -> Said | None:
        limits = self._place.limits
        related = self._service.related(self._place, condition.path)
        if related is None or not limits.lambdas or not limits.filterable or self._barred(related):
            return None
        variable = f"x{self._depth}"
        path = self._prefix + condition.path
        if condition.condition is None:
            return Said(f"not {path}/any()" if condition.negated else f"{path}/any()")
        inner = Writer(self._service, related.place, f"{variable}/", self._depth + 1).say(condition.condition)
        if inner is None or (condition.negated and inner.match is not Match.EXACT):
            # What has more records than meet the condition would lose those that have none.
            return None
        text = f"{path}/any({variable}:{inner.text})"
        return Said(f"not {text}" if condition.negated else text, inner.match)

    def _barred(self, related: Related) -> bool:
        limits = self._place.limits
        return bool({related.path, related.path.partition("/")[0]} & limits.unfilterable) or (
            bool(related.hops) and not limits.paths
        )

    def _name(self, field: Field) -> str:
        return self._prefix + field.path


_SAY: Mapping[type, Callable[..., Said | None]] = {
    Compare: Writer.compare,
    OneOf: Writer.one_of,
    Like: Writer.like,
    All: Writer.all_of,
    Either: Writer.either,
    Behind: Writer.behind,
}


def _joined(word: str, parts: Iterable[Said | None]) -> Said | None:
    said: list[Said] = []
    for part in parts:
        if part is None:
            return None
        said.append(part)
    if not said:
        return None
    if len(said) == 1:
        return said[0]
    return Said(f" {word} ".join(part.operand for part in said), min(part.match for part in said), simple=False)


def _fields(condition: Condition) -> Iterable[str]:
    match condition:
        case All(parts) | Either(parts):
            for part in parts:
                yield from _fields(part)
        case Behind(path=path):
            yield path
        case _:
            yield condition.field
