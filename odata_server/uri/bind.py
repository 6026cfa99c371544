"""Binds a request: path and options, checked against the model, become what is asked (``BoundRequest``).

Everything that narrows rows ends up as a conjunct of ``Query.filter``: the key, ``$filter``, ``$search``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from edm.errors import ODataError
from edm.expressions import IT, OUTER, Expr, Prop, conjunction
from edm.model import EntitySet, Property, ServiceMetadata
from edm.primitives import STRING
from edm.query import Expansion, OrderItem, Query
from odata_server.uri.allowed import check_allowed, locating
from odata_server.uri.bind_apply import ApplyBinder
from odata_server.uri.bind_compute import shown_items, with_computed
from odata_server.uri.bind_expand import ExpandBinder
from odata_server.uri.bind_expression import ExpressionBinder
from odata_server.uri.bind_path import PathBinder
from odata_server.uri.bind_result import Result, bind_result
from odata_server.uri.bind_search import search_condition
from odata_server.uri.bind_select import columns_of_select, selected_links
from odata_server.uri.bound import Answer, BoundRequest
from odata_server.uri.entity_id import ENTITY, entity_by_id
from odata_server.uri.limits import Limits
from odata_server.uri.syntax import Option, OrderbyItem, PathExpr, QueryOptions, ResourcePath


@dataclass(frozen=True, slots=True)
class RequestBinder:
    """Binds requests against one view of the model."""

    metadata: ServiceMetadata
    limits: Limits
    now: datetime
    root: str = ""

    def bind(self, path: ResourcePath, options: QueryOptions) -> BoundRequest:
        """The request, typed; raises ``ODataError`` for whatever the model does not have. ``root`` is what ids start
        with.
        """
        by_id = bool(path.segments) and path.segments[0].name == ENTITY
        if by_id:
            path, options = entity_by_id(path, options, self.root, self.limits)
        target = PathBinder(self.metadata, options, self.limits, self.now).resolve(path)
        if by_id and target.answer is not Answer.ENTITY:
            raise ODataError("not_found", f"{path.text} is not an entity.", target="$id")
        check_allowed(target.answer, options)
        self._check_schema_version(options)
        format_ = options.system.get("$format")
        if target.query is None:
            return BoundRequest(target.answer, path=path.text, format=format_.text if format_ else None)
        result = self._result(self.metadata[target.query.entity_set], target.query, options, target.answer)
        query = result.query
        token = options.system.get("$skiptoken")
        return BoundRequest(
            answer=target.answer,
            query=query,
            structure=result.structure,
            hops=target.hops,
            property=target.property,
            path=target.path,
            selected=selected_links(self.metadata[query.entity_set], options),
            optional=target.optional,
            skiptoken=token.text if token else None,
            format=format_.text if format_ else None,
        )

    def _result(self, entity_set: EntitySet, query: Query, options: QueryOptions, answer: Answer) -> Result:
        """What is asked of the rows that the path addresses."""
        if "$apply" not in options.system:
            return Result(self.apply_options(entity_set, query, options, answer), None)
        if answer is Answer.REFERENCES:
            raise ODataError("not_implemented", "$apply is not supported with $ref.", target="$apply")
        binder = ApplyBinder(self.metadata, self.now, options.aliases, self.limits)
        found = bind_result(
            binder, entity_set, query, options, lambda: self._expansions(entity_set, options, entity_set, 1)
        )
        if answer is Answer.COUNT:
            return found
        system = options.system
        return replace(
            found,
            query=found.query.with_(
                skip=_number(system.get("$skip")) or 0,
                top=_number(system.get("$top")),
                count="$count" in system and system["$count"].value is True,
            ),
        )

    def _check_schema_version(self, options: QueryOptions) -> None:
        option = options.system.get("$schemaversion")
        if option is not None and option.text not in ("*", self.metadata.version):
            raise ODataError(
                "schema_version",
                f"Schema version {option.text!r} is not published.",
                target="$schemaversion",
                hint=f"The current version is {self.metadata.version}; * stands for it.",
            )

    def apply_options(
        self,
        entity_set: EntitySet,
        query: Query,
        options: QueryOptions,
        answer: Answer,
        outer: EntitySet | None = None,
        depth: int = 1,
    ) -> Query:
        """``query`` narrowed, sorted, sliced and shaped by system query options.

        Within ``$expand``, at ``depth``, ``outer`` is the set that the resource path leads to: ``$it`` is a row of it.
        """
        system = options.system
        scope = {} if outer is None else {OUTER: outer}
        binder = ExpressionBinder(self.metadata, entity_set, self.now, options.aliases, scope, limits=self.limits)
        if "$compute" in system:
            with locating(system["$compute"]) as option:
                binder = with_computed(binder, option.value)  # type: ignore[arg-type]
        parts: list[Expr | None] = [query.filter]
        if "$filter" in system:
            with locating(system["$filter"]) as option:
                parts.append(binder.bounded(binder.condition(option.value)))  # type: ignore[arg-type]
        if "$search" in system:
            with locating(system["$search"]) as option:
                parts.append(search_condition(entity_set, option.value))  # type: ignore[arg-type]
        collection = answer in (Answer.COLLECTION, Answer.REFERENCES)
        columns = columns_of_select(binder, system.get("$select"), query)
        return Query(
            entity_set=entity_set.name,
            columns=columns,
            filter=conjunction(*parts),
            orderby=self._orderby(entity_set, system.get("$orderby"), binder) if collection else (),
            skip=_number(system.get("$skip")) or 0 if collection else 0,
            top=_number(system.get("$top")) if collection else query.top,
            count=system["$count"].value is True if collection and "$count" in system else False,
            compute=shown_items(binder, columns),
            expand=self._expansions(entity_set, options, outer or entity_set, depth) if "$expand" in system else (),
        )

    def _expansions(
        self, entity_set: EntitySet, options: QueryOptions, outer: EntitySet, depth: int
    ) -> tuple[Expansion, ...]:
        binder = ExpandBinder(self.metadata, self.limits, outer, self.apply_options, self._related_number)
        return binder.bind(entity_set, options, depth)

    def _related_number(
        self, entity_set: EntitySet, path: PathExpr, aliases: Mapping[str, Option], outer: EntitySet | None
    ) -> Expr:
        scope = {} if outer is None else {OUTER: outer}
        binder = ExpressionBinder(self.metadata, entity_set, self.now, aliases, scope, limits=self.limits)
        return binder.bounded(binder.bind(path))

    # --- $orderby -------------------------------------------------------------------------------------

    def _orderby(self, entity_set: EntitySet, option: Option | None, binder: ExpressionBinder) -> tuple[OrderItem, ...]:
        by_key = _by_key(entity_set)
        if option is None:
            return (by_key,)
        given: list[OrderItem] = []
        items: tuple[OrderbyItem, ...] = option.value  # type: ignore[assignment]
        with locating(option):
            for item in items:
                expr = self._sortable(entity_set, binder, item)
                given.append(OrderItem(expr, item.descending))
                if expr == by_key.expr:
                    return tuple(given)
        return (*given, by_key)

    def _sortable(self, entity_set: EntitySet, binder: ExpressionBinder, item: OrderbyItem) -> Expr:
        expr = binder.bounded(binder.bind(item.expr))
        if isinstance(expr, Prop):
            found = self._property_at(entity_set, expr)
            if not found.sortable:
                raise ODataError(
                    "not_sortable",
                    f"{found.name} is long text and cannot be sorted by.",
                    position=item.position,
                )
        return expr

    def _property_at(self, entity_set: EntitySet, expr: Prop) -> Property:
        for name in expr.path[:-1]:
            navigation = entity_set.type.navigation_property(name)
            assert navigation is not None
            entity_set = self.metadata.target(navigation)
        found = entity_set.type.property(expr.name)
        assert found is not None
        return found


@lru_cache(maxsize=256)
def _by_key(entity_set: EntitySet) -> OrderItem:
    """What ends every order, so that it is one and the same each time."""
    return OrderItem(Prop((entity_set.type.key,), STRING, IT, False))


def _number(option: Option | None) -> int | None:
    return None if option is None else int(option.value)  # type: ignore[call-overload]
