"""Which questions are the same: one form per meaning, and from it the key under which an answer is kept.

A condition on rows is a conjunction of parts in any order, a list has no order, and columns are only chosen from a row.
What is left of a query, in order, decides the answer. The caller is in the key as well, by what it may see.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from edm.evaluate import target_of
from edm.expressions import IT, Call, Const, CountOf, Expr, Lambda, Prop, conjuncts
from edm.meanings import EXACT
from edm.model import EntitySet, ServiceMetadata
from edm.primitives import BOOLEAN, CollectionType
from edm.query import Query, inputs, rebuilt
from edm.text import expression_text, literal, query_text


def canonical(query: Query) -> Query:
    """The query that stands for all of the same meaning; its columns are sorted and named once."""
    ordered = replace(
        query,
        columns=tuple(sorted(set(query.columns))),
        filter=None if query.filter is None else _ordered(query.filter),
        expand=(),
    )
    if query.source is None:
        return ordered
    parts = [replace(canonical(part), columns=part.columns) for part in inputs(query.source)]
    return replace(ordered, source=rebuilt(query.source, parts))


def _ordered(expr: Expr) -> Expr:
    """Operands of ``and`` and ``or`` and items of lists in the order of their text, each once."""
    match expr:
        case Call(function="and" | "or" as name, args=args):
            parts = {expression_text(part): part for part in map(_ordered, args)}
            if len(parts) == 1:
                return next(iter(parts.values()))
            return Call(name, tuple(parts[text] for text in sorted(parts)), BOOLEAN)
        case Call(function="in", args=(left, Const(value=tuple() as items, type=CollectionType(of=kind)))):
            unique = {literal(item, kind): item for item in map(_plain, items)}
            listed = Const(tuple(unique[text] for text in sorted(unique)), CollectionType(kind))
            return replace(expr, args=(_ordered(left), listed))
        case Const(value=Decimal() as value):
            return replace(expr, value=_plain(value))
        case Call(args=args):
            return replace(expr, args=tuple(map(_ordered, args)))
        case Lambda(predicate=predicate) | CountOf(predicate=predicate) if predicate is not None:
            return replace(expr, predicate=_ordered(predicate))
        case _:
            return expr


def _plain(value: Any) -> Any:
    """A value in the one form of all that equal it: trailing zeros mean nothing."""
    return value.normalize(EXACT) if isinstance(value, Decimal) else value


@dataclass(frozen=True)
class Key:
    """A question as the caches know it. What is made of it is kept with it, because questions are asked again."""

    query: Query
    view: str

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.query, self.view))

    @cached_property
    def rows(self) -> "Key":
        """The question without its columns: any answer with more of them serves too."""
        return Key(replace(self.query, columns=()), self.view)

    @cached_property
    def met(self) -> frozenset[Expr]:
        """The conditions that every row of the answer meets."""
        return frozenset(conjuncts(self.query.filter))

    def digest(self, namespace: str) -> str:
        """The name in a shared store. ``namespace`` tells models and sources apart."""
        return _digest(self, namespace)


@lru_cache(maxsize=4_096)
def _digest(key: Key, namespace: str) -> str:
    text = "\0".join((namespace, key.view, query_text(key.query)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sets_of(query: Query, metadata: ServiceMetadata) -> frozenset[str]:
    """Every set whose rows the answer depends on."""
    own = metadata[query.entity_set]
    found = {own.name}
    if query.source is not None:
        for part in inputs(query.source):
            found |= sets_of(part, metadata)
        return frozenset(found)
    exprs = [item.expr for item in query.orderby] + [item.expr for item in query.compute]
    for expr in [*exprs, *conjuncts(query.filter)]:
        found.update(_visited(expr, {IT: own}, metadata))
    return frozenset(found)


def _visited(expr: Expr, scope: dict[str, EntitySet], metadata: ServiceMetadata) -> Iterator[str]:
    match expr:
        case Prop(path=(*way, _), variable=variable) if way:
            yield from _along(tuple(way), scope[variable], metadata)
        case Call(args=args):
            for arg in args:
                yield from _visited(arg, scope, metadata)
        case Lambda(path=path, variable=variable) | CountOf(path=path, variable=variable):
            yield from _along(path, scope[variable], metadata)
            if expr.predicate is not None:
                target = target_of(path, scope[variable], metadata)
                yield from _visited(expr.predicate, {**scope, expr.bound: target}, metadata)


def _along(path: tuple[str, ...], start: EntitySet, metadata: ServiceMetadata) -> Iterator[str]:
    for length in range(1, len(path) + 1):
        yield target_of(path[:length], start, metadata).name
