"""Narrows a bound request to what exists for the caller: a row outside its scope is not there, from wherever it is
looked at.

A row scope is a condition on the rows of one set. It becomes a conjunct of every query, of every ``any``, ``all`` and
``$count`` over related rows, and a property behind single-valued navigation is null if an entity on the way is out of
scope. All of that is said in the language of expressions itself: sources and the evaluator need to know nothing of it.
Scopes are rules of the service: they see all rows and properties, whatever the caller sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edm.evaluate import target_of
from edm.expressions import IT, OUTER, TRUE, Call, CountOf, Expr, Lambda, Prop, call, conjunction, disjunction
from edm.model import EntitySet, ServiceMetadata
from edm.query import Expansion, Query, each_set
from odata_server.auth import Principal
from odata_server.uri.bound import BoundRequest

#: Where a variable of a scope leads once the scope stands elsewhere: another variable, and a path from its row.
_Roots = Mapping[str, tuple[str, tuple[str, ...]]]


def restrict(bound: BoundRequest, principal: Principal, metadata: ServiceMetadata) -> BoundRequest:
    """``bound`` with the caller's row scopes in the queries for the rows and for every parent on the way."""
    scopes = Scopes.of(principal, metadata)
    if not scopes.rules:
        return bound
    hops = tuple(replace(hop, query=scopes.query(hop.query)) for hop in bound.hops)
    return replace(bound, hops=hops, query=scopes.query(bound.query) if bound.query else None)


@dataclass(frozen=True, slots=True)
class Scopes:
    """A caller's row scopes by entity set; sets without one are not in ``rules``. ``metadata`` is the whole model."""

    metadata: ServiceMetadata
    rules: Mapping[str, Expr]

    @classmethod
    def of(cls, principal: Principal, metadata: ServiceMetadata) -> "Scopes":
        rules = {entity_set.name: principal.row_scope(entity_set) for entity_set in metadata.sets}
        return cls(metadata, {name: rule for name, rule in rules.items() if rule is not None})

    def query(self, query: Query, outer: EntitySet | None = None) -> Query:
        """The same question about the rows that exist for the caller. ``outer`` is the set of ``$it`` in ``$expand``.

        What is made of other queries' rows (``$apply``) needs no scope beyond theirs.
        """
        outer = outer or self.metadata[query.entity_set]
        scoped = each_set(query, lambda leaf: self._leaf(leaf, outer))
        return scoped.with_(expand=tuple(self._expansion(item, query, outer) for item in query.expand))

    def _expansion(self, item: Expansion, parent: Query, outer: EntitySet) -> Expansion:
        variables = {IT: self.metadata[parent.entity_set], OUTER: outer}
        number = self.expression(item.number, variables) if item.number is not None else None
        return replace(item, query=self.query(item.query, outer), number=number)

    def _leaf(self, query: Query, outer: EntitySet) -> Query:
        """A query that reads an entity set. The rows that it stands for, behind ``via``, have to be there as well."""
        variables = {IT: self.metadata[query.entity_set], OUTER: outer}
        condition = self.expression(query.filter, variables) if query.filter is not None else None
        scope = (self._rule(variables[IT], IT, ()), self._along(query.via, IT, variables))
        return query.with_(
            filter=conjunction(*scope, condition),
            orderby=tuple(replace(item, expr=self.expression(item.expr, variables)) for item in query.orderby),
            compute=tuple(replace(item, expr=self.expression(item.expr, variables)) for item in query.compute),
        )

    def expression(self, expr: Expr, variables: Mapping[str, EntitySet]) -> Expr:
        """What ``expr`` means when the rows out of scope are not there. ``variables`` are the sets of the rows that its
        free variables stand for; those rows themselves are taken to be in scope.
        """
        match expr:
            case Prop(path=(*way, _), variable=variable) if way:
                present = self._along(tuple(way), variable, variables)
                return expr if present is None else Call("case", (present, expr), expr.type)
            case Call(args=args):
                return replace(expr, args=tuple(self.expression(arg, variables) for arg in args))
            case Lambda() | CountOf():
                return replace(expr, predicate=self._predicate(expr, variables))
            case _:
                return expr

    def _predicate(self, expr: Lambda | CountOf, variables: Mapping[str, EntitySet]) -> Expr | None:
        """The predicate for the related rows in scope. One that ``all`` must not look at passes it."""
        target = target_of(expr.path, variables[expr.variable], self.metadata)
        inner = expr.predicate
        if inner is not None:
            inner = self.expression(inner, {**variables, expr.bound: target})
        way = self._along(expr.path[:-1], expr.variable, variables)
        scope = conjunction(way, self._rule(target, expr.bound, ()))
        if scope is None or not (isinstance(expr, Lambda) and expr.kind == "all"):
            return conjunction(scope, inner)
        return disjunction(call("not", call("eq", scope, TRUE)), inner)  # eq: a scope that is null is not met

    def _along(self, way: tuple[str, ...], variable: str, variables: Mapping[str, EntitySet]) -> Expr | None:
        """The condition that all entities that a single-valued path passes are in scope."""
        start = variables[variable]
        ends = (way[: length + 1] for length in range(len(way)))
        return conjunction(*(self._rule(target_of(end, start, self.metadata), variable, end) for end in ends))

    def _rule(self, entity_set: EntitySet, variable: str, path: tuple[str, ...]) -> Expr | None:
        """The scope of the entity that ``path`` leads to from ``variable``."""
        rule = self.rules.get(entity_set.name)
        return None if rule is None else _moved(rule, {IT: (variable, path)})


def _moved(expr: Expr, roots: _Roots) -> Expr:
    """A scope at another place. Its own variables get names that no request can have."""
    match expr:
        case Prop(variable=variable, path=path):
            root, way = roots[variable]
            return replace(expr, variable=root, path=way + path, nullable=expr.nullable or bool(way))
        case Call(args=args):
            return replace(expr, args=tuple(_moved(arg, roots) for arg in args))
        case (
            Lambda(variable=variable, path=path, predicate=predicate, bound=bound)
            | CountOf(variable=variable, path=path, predicate=predicate, bound=bound)
        ):
            root, way = roots[variable]
            own = f"$scope/{bound}"
            if predicate is not None:
                predicate = _moved(predicate, {**roots, bound: (own, ())})
            return replace(expr, variable=root, path=way + path, predicate=predicate, bound=own)
        case _:
            return expr
