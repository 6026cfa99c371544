"""Binds a request with ``$apply``: the transformations first, then the other options on what they give."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from edm.errors import ODataError
from edm.model import EntitySet
from edm.primitives import PrimitiveType
from edm.query import ComputeItem, Expansion, Query
from odata_server.uri.allowed import locating
from odata_server.uri.apply import Steps
from odata_server.uri.bind_apply import ApplyBinder
from odata_server.uri.bound import Structure, StructureColumn
from odata_server.uri.rows import PART, Rows, closed, of_set, opened, pruned
from odata_server.uri.syntax import Option, QueryOptions, SelectItem, Transformation

#: Options that are transformations of the result, in the order in which they apply (Protocol 11.2.1).
_AS_STEPS: dict[str, Callable[[ApplyBinder, Rows, Transformation], Rows]] = {
    "$compute": ApplyBinder.compute,
    "$search": ApplyBinder.search,
    "$filter": ApplyBinder.filter,
    "$orderby": ApplyBinder.orderby,
}


@dataclass(frozen=True, slots=True)
class Result:
    """``query`` has an order that is total. ``structure`` is ``None`` where the rows are entities."""

    query: Query
    structure: Structure | None


def bind_result(
    binder: ApplyBinder,
    entity_set: EntitySet,
    query: Query,
    options: QueryOptions,
    expand: Callable[[], tuple[Expansion, ...]],
) -> Result:
    """What ``options`` ask of the rows of ``query``, which is all rows of a set or of a navigation property."""
    system = options.system
    rows = of_set(entity_set, query.with_(columns=()))
    with locating(system["$apply"]) as option:
        steps: Steps = option.value  # type: ignore[assignment]
        rows = opened(binder.apply(rows, steps))
    for name, bind in _AS_STEPS.items():
        if name in system:
            with locating(system[name]) as option:
                args = option.value if isinstance(option.value, tuple) else (option.value,)
                rows = bind(binder, rows, Transformation(name, args, 0))
    rows = replace(rows, query=rows.query.with_(orderby=rows.order()))
    shown = _selected(rows, system.get("$select"))
    plain = rows.entities and not any("/" in name for name in rows.computed)
    if plain:
        names = (*rows.entity_set.type.names, *rows.names)
        found = pruned(closed(rows, {name: rows.value(name) for name in names}), names)
        expansions = expand() if "$expand" in system else ()
        compute = tuple(_item(rows, name) for name in shown if name in rows.computed)
        return Result(found.with_(columns=shown, compute=compute, expand=expansions), None)
    if "$expand" in system:
        raise ODataError("not_implemented", "$expand is not supported on aggregated rows.", target="$expand")
    columns = tuple(StructureColumn(name, _type(rows, name), rows.property(name)) for name in shown)
    read = (*shown, PART) if rows.parts else shown
    found = pruned(closed(rows, {name: rows.value(name) for name in read}), read)
    return Result(found, Structure(columns, rows.parts, rows.entities))


def _item(rows: Rows, name: str) -> ComputeItem:
    return ComputeItem(name, rows.value(name))


def _type(rows: Rows, name: str) -> PrimitiveType:
    kind = rows.value(name).type
    assert isinstance(kind, PrimitiveType)
    return kind


def _selected(rows: Rows, option: Option | None) -> tuple[str, ...]:
    """The names that ``$select`` leaves; a navigation property stands for all that the rows have of it."""
    if option is None:
        return rows.names
    items: tuple[SelectItem, ...] = option.value  # type: ignore[assignment]
    wanted: set[str] = set()
    with locating(option):
        for item in items:
            name = "/".join(item.path)
            found = [n for n in rows.names if name in ("*", n) or n.startswith(f"{name}/")]
            if not found or item.options:
                near = get_close_matches(name, rows.names, n=1)
                raise ODataError(
                    "unknown_property",
                    f"The rows have no {name}.",
                    position=item.position,
                    hint=f"Did you mean {near[0]}?" if near else f"They have {', '.join(rows.names)}.",
                )
            wanted.update(found)
    return tuple(name for name in rows.names if name in wanted)
