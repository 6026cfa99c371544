"""Conditions on one property, made from the function table: what a new row there needs to be tried is nothing.

A function that gives no truth value is compared with values that it has for the rows at hand.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product, zip_longest
from typing import Any

from edm.conversion import castable, convert
from edm.evaluate import RowMapping, compile_expression
from edm.expressions import IT, NULL_CONST, Call, Const, Expr, Prop, call
from edm.functions import COLLECTION, FUNCTIONS, TYPE_NAME, CanonicalFunction, Operand, Signature, resolve
from edm.model import EntitySet, Property, ServiceMetadata
from edm.primitives import (
    BINARY,
    BOOLEAN,
    DATE,
    DATE_TIME_OFFSET,
    DECIMAL,
    DOUBLE,
    INT32,
    INT64,
    STRING,
    CollectionType,
    PrimitiveType,
)
from erp_adapters.kit.values import PLAIN, constants, parts

#: What has a shape of its own, or none that a property could be put into.
_APART = frozenset({"and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "case", "cast", "isof", "$list"})
_PATTERNS = ("^[A-Z]", "[0-9]+$", "(?i)a", r"\s", "^.{2,4}$", "ü|é", "^$")
_CASTS = (STRING, INT32, INT64, DECIMAL, DOUBLE, DATE, DATE_TIME_OFFSET, BOOLEAN)
_SMALL = (1, 2, -1, 0, 7)
#: Operands at a place that are no just any values of the type: divisors are not zero.
_PLACES: dict[tuple[str, int], tuple[Any, ...]] = {
    **{(name, 1): (2, -3, 7) for name in ("div", "divby", "mod")},
    ("matchespattern", 1): _PATTERNS,
    ("substring", 2): (1, 3, 0),
}
#: Such combinations of other operands of one signature.
_COMBINATIONS = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """A condition that looks at ``subject`` with ``operator``."""

    subject: str
    operator: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes conditions on rows of a set, from rows that there are."""

    metadata: ServiceMetadata
    entity_set: EntitySet
    rows: Sequence[RowMapping]
    dice: random.Random

    def probes(self) -> Iterator[Probe]:
        """All of them, in rounds: first one of every property and operator, then another one of each."""
        groups: dict[tuple[str, str], list[Probe]] = defaultdict(list)
        for prop in self.entity_set.type.properties:
            for probe in self._of(prop):
                groups[probe.subject, probe.operator].append(probe)
        for layer in zip_longest(*groups.values()):
            yield from (probe for probe in layer if probe is not None)

    def _of(self, prop: Property) -> Iterator[Probe]:
        yield from self.comparisons(prop)
        yield from self._lists(prop)
        yield from self._with_others(prop)
        for value in self.calls(prop):
            if value.type == BOOLEAN:
                yield Probe(prop.name, value.function, value)
                yield Probe(prop.name, f"not {value.function}", call("not", value))
            else:
                yield from (Probe(prop.name, value.function, expr) for expr in self._compared(value))

    # --- comparisons ----------------------------------------------------------------------------------------------

    def comparisons(self, prop: Property) -> Iterator[Probe]:
        """With null and with values."""
        this, ordered = prop_of(prop), prop.type not in (BOOLEAN, BINARY)
        operators = ("eq", "ne", "gt", "ge", "lt", "le") if ordered else ("eq", "ne")
        given = constants(prop, self.rows, self.dice)
        for operator in operators:
            asked = [*given[:1], None, *given[1:]] if operator in ("eq", "ne") else [*given, None]
            for value in asked:
                yield Probe(prop.name, operator, call(operator, this, _const(value, prop.type)))
            for value in given[:1]:
                yield Probe(prop.name, operator, call(operator, _const(value, prop.type), this))
                yield Probe(prop.name, f"not {operator}", call("not", call(operator, this, _const(value, prop.type))))

    def _lists(self, prop: Property) -> Iterator[Probe]:
        given = constants(prop, self.rows, self.dice)
        if prop.type in (BOOLEAN, BINARY):
            return
        for values in ([*given[:3]], [*given[2:6], None], [*given], [given[-1], given[-1]] if given else []):
            if values:
                among = call("in", prop_of(prop), Const(tuple(values), CollectionType(prop.type)))
                yield Probe(prop.name, "in", among)
                yield Probe(prop.name, "not in", call("not", among))

    def _with_others(self, prop: Property) -> Iterator[Probe]:
        """With another property of the same type."""
        others = [other for other in self.entity_set.type.properties if other.type is prop.type and other != prop]
        if others and prop.type is not BINARY:
            other = prop_of(self.dice.choice(others))
            for operator in ("eq", "ne", *(("gt", "le") if prop.type is not BOOLEAN else ())):
                yield Probe(prop.name, f"{operator} property", call(operator, prop_of(prop), other))

    # --- functions ------------------------------------------------------------------------------------------------

    def calls(self, prop: Property) -> Iterator[Call]:
        """Every function of the table that takes the property, at every place where it does."""
        for function in FUNCTIONS.values():
            if function.name not in _APART and (not function.name.startswith("$") or prop.searchable):
                for signature in function.signatures:
                    yield from self._placed(function, signature, prop)
        this = prop_of(prop)
        for kind in _CASTS:
            if kind is not prop.type and castable(prop.type, kind):
                yield Call("cast", (this,), kind)
        yield from self._listed(prop)
        if prop.type is STRING and prop.searchable:
            for part in parts([str(row[prop.name] or "") for row in self.rows[:3]])[:3]:
                text = FUNCTIONS["$searchtext"].evaluate(part)
                yield call("contains", Call("$searchtext", (this,), STRING), Const(text, STRING))
        first = next(iter(constants(prop, self.rows, self.dice)), None)
        if first is not None:
            condition = call("eq", this, _const(first, prop.type))
            yield Call("case", (condition, this, call("ne", this, NULL_CONST), _const(first, prop.type)), prop.type)

    def _listed(self, prop: Property) -> Iterator[Call]:
        """Lists in which the property is an item."""
        values = constants(prop, self.rows, self.dice)[:2]
        if len(values) == 2 and prop.type is not BOOLEAN:
            kind = CollectionType(prop.type)
            listed = Call("$list", (prop_of(prop), Const(values[1], prop.type)), kind)
            for name in ("hassubset", "hassubsequence"):
                yield call(name, listed, Const((values[0],), kind))

    def _placed(self, function: CanonicalFunction, signature: Signature, prop: Property) -> Iterator[Call]:
        for place, param in enumerate(signature.params):
            if not _takes(param, prop.type):
                continue
            others = [
                [prop_of(prop)] if index == place else self._operands(function.name, index, other, prop)
                for index, other in enumerate(signature.params)
            ]
            for args in islice(product(*others), _COMBINATIONS):
                made = applied(function, args)
                if made is not None:
                    yield made

    def _operands(self, name: str, place: int, param: Operand, prop: Property) -> list[Expr]:
        """Constants for a place beside the property."""
        fixed = _PLACES.get((name, place))
        if fixed is not None:
            kind = STRING if isinstance(fixed[0], str) else INT32
            return [Const(value, kind) for value in fixed]
        if param is STRING and prop.type is STRING:
            return [Const(text, STRING) for text in parts([row[prop.name] for row in self.rows])]
        if isinstance(param, PrimitiveType):
            return [Const(value, param) for value in PLAIN.get(param, _SMALL if param.integral else ())]
        if param.name == "integer" or (param.name == "number" and not prop.type.numeric):
            return [Const(value, INT32) for value in _SMALL]
        return [Const(value, prop.type) for value in constants(prop, self.rows, self.dice)]

    def _compared(self, value: Call) -> Iterator[Expr]:
        """The value with some that it has, with null if it may be."""
        if isinstance(value.type, CollectionType):
            return
        found = evaluated(value, self.metadata, self.entity_set, self.rows)
        known = [result for result in dict.fromkeys(found) if result is not None and result == result]
        for operator, result in zip(("eq", "gt", "le", "ne"), (known[len(known) // 2 :] + known)[:4], strict=False):
            yield call(operator, value, Const(result, value.type))
        yield call("eq", value, NULL_CONST)


def applied(function: CanonicalFunction, args: Sequence[Expr]) -> Call | None:
    """The call, its operands brought to the types that they meet in; ``None`` where it takes none of them."""
    resolution = resolve(function, [arg.type for arg in args])
    if resolution is None or any(isinstance(kind, CollectionType) for kind in resolution.operands):
        return None
    return Call(function.name, tuple(map(_brought, args, resolution.operands)), resolution.result)


def _brought(arg: Expr, kind: Any) -> Expr:
    if arg.type == kind:
        return arg
    return Const(convert(arg.value, kind), kind) if isinstance(arg, Const) else Call("cast", (arg,), kind)


def _takes(param: Operand, kind: PrimitiveType) -> bool:
    if isinstance(param, PrimitiveType):
        return param is kind
    return param not in (COLLECTION, TYPE_NAME) and param.accepts(kind)


def _const(value: Any, kind: PrimitiveType) -> Const:
    return NULL_CONST if value is None else Const(value, kind)


def prop_of(prop: Property, *before: str, variable: str = IT) -> Prop:
    """The property of the row, or of one that navigation leads to."""
    return Prop((*before, prop.name), prop.type, variable, bool(before) or prop.nullable)


def evaluated(
    expr: Expr, metadata: ServiceMetadata, entity_set: EntitySet, rows: Iterable[RowMapping]
) -> Iterator[Any]:
    """The values of an expression that looks at no related rows."""
    value = compile_expression(expr, metadata, {IT: entity_set})
    return (value({IT: row}) for row in rows)
