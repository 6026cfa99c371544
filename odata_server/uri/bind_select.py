"""Binds ``$select``: which columns of a row are shown."""

from edm.errors import ODataError
from edm.model import EntitySet
from edm.query import Query
from odata_server.uri.allowed import locating
from odata_server.uri.bind_expression import ExpressionBinder, unknown_property
from odata_server.uri.syntax import Option, QueryOptions, SelectItem


def columns_of_select(binder: ExpressionBinder, option: Option | None, query: Query) -> tuple[str, ...]:
    """Names in the order of the model, computed properties last. Without ``$select`` everything, computed properties
    included (Protocol 11.2.5.3); a path to a property has chosen already.
    """
    every = (*binder.entity_set.type.names, *binder.computed) if binder.computed else binder.entity_set.type.names
    if option is None:
        return query.columns or every
    items: tuple[SelectItem, ...] = option.value  # type: ignore[assignment]
    wanted: set[str] = set()
    with locating(option):
        for item in items:
            if len(item.path) == 1 and not item.options and item.path[0] in every:
                wanted.add(item.path[0])
            else:
                wanted.update(_selected(binder, item, every))
    return tuple([name for name in every if name in wanted])


def _selected(binder: ExpressionBinder, item: SelectItem, every: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that one item stands for: a navigation property and the operations of a namespace are none."""
    entity_set, namespace = binder.entity_set, binder.metadata.namespace
    path = item.path
    if path[0] == f"{namespace}.{entity_set.type.name}" and len(path) > 1:
        path = path[1:]
    name = path[0]
    if name == "*":
        return every
    if name == f"{namespace}.*":
        return ()
    navigation = entity_set.type.navigation_property(name)
    if name not in every and navigation is None:
        raise unknown_property(entity_set, name, item.position)
    if item.options:
        raise ODataError(
            "option_not_allowed",
            f"Options of {name} mean nothing in $select: it is {'an entity' if navigation else 'a single value'}.",
            position=item.position,
            hint=f"Put them into $expand={name}(...)." if navigation else None,
        )
    if len(path) > 1:
        raise ODataError(
            "unknown_property",
            f"{name} has no properties of its own to select.",
            position=item.position,
            hint=f"Write $expand={name}($select={path[1]})." if navigation else None,
        )
    return (name,) if name in every else ()


def selected_links(entity_set: EntitySet, options: QueryOptions) -> tuple[str, ...] | None:
    """The navigation properties that ``$select`` names; ``None`` without ``$select``."""
    option = options.system.get("$select")
    if option is None:
        return None
    items: tuple[SelectItem, ...] = option.value  # type: ignore[assignment]
    named = {item.path[-1] for item in items}
    return tuple(link.name for link in entity_set.type.navigation if link.name in named)
