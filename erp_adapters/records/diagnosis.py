"""What ``doctor`` finds out about an ERP without tables and indexes: which of the questions that everybody asks it does
not answer, so that whole sets are read instead.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from edm.capabilities import Capabilities, Match
from edm.errors import ODataError
from edm.expressions import Const, Expr, Prop, call
from edm.model import EntitySet
from edm.primitives import CollectionType
from edm.query import Query
from erp_adapters.base import Adapter, Examined, Finding, Level, SourceError

#: Rows that are read to have a value of each property.
_SAMPLE = 20
FIX = "Map it as a field that the ERP compares and sorts by, or say that it does, if it does not say so itself."


def unanswered(adapter: Adapter, examined: Examined) -> Iterator[Finding]:
    """What lists, details and related lists cost more than they could."""
    for entity_set in examined.sets:
        row = _first(adapter, entity_set, examined)
        if row is not None:
            yield from _of_keys(adapter.capabilities(entity_set), entity_set, row)
            yield from _of_links(adapter.capabilities(entity_set), entity_set, row)


def _first(adapter: Adapter, entity_set: EntitySet, examined: Examined) -> Mapping[str, Any] | None:
    """A value of each property that is asked by, ``None`` if there is none in the first rows; nothing at all if the set
    is empty, or is answered with a condition alone."""
    own = [own for link in entity_set.type.navigation for own, _ in link.on]
    names = tuple(dict.fromkeys((entity_set.type.key, *own)))
    top = _SAMPLE if adapter.capabilities(entity_set).top else None
    try:
        page = next(iter(adapter.read(Query(entity_set.name, names, top=top), examined.session)), None)
    except SourceError:
        raise
    except ODataError:
        return None
    if page is None or not page.rows:
        return None
    columns = zip(names, zip(*page.rows, strict=True), strict=True)
    return {name: next((value for value in values if value is not None), None) for name, values in columns}


def _of_keys(can: Capabilities, entity_set: EntitySet, row: Mapping[str, Any]) -> Iterator[Finding]:
    key = _prop(entity_set, entity_set.type.key)
    value = Const(row[key.name], key.type)
    where = f"{entity_set.name}/{key.name}"
    if can.match(call("eq", key, value)) is Match.NO:
        yield _finding(where, "the ERP cannot be asked for the row of a key: all rows are read for a detail page")
    if not can.sort(key):
        yield _finding(where, "the ERP does not sort by the key: all rows are read for a page of a list")
    elif can.match(call("gt", key, value)) is Match.NO:
        yield _finding(where, "the ERP does not go on after a key: what earlier pages had is read again for later ones")


def _of_links(can: Capabilities, entity_set: EntitySet, row: Mapping[str, Any]) -> Iterator[Finding]:
    """Related lists ask for rows by their foreign key, ``$expand`` for those of several keys."""
    for link in entity_set.type.navigation:
        for own, _ in link.on if link.dependent else ():
            prop = _prop(entity_set, own)
            if row[own] is not None and can.match(_among(prop, row[own])) is Match.NO:
                asked = f"the ERP cannot be asked for the rows of one of {link.target}"
                yield _finding(f"{entity_set.name}/{own}", f"{asked}: all rows are read for a related list")


def _among(prop: Prop, value: Any) -> Expr:
    return call("in", prop, Const((value,), CollectionType(prop.type)))


def _prop(entity_set: EntitySet, name: str) -> Prop:
    found = entity_set.type.property(name)
    assert found is not None
    return Prop((name,), found.type, nullable=found.nullable)


def _finding(where: str, what: str) -> Finding:
    return Finding(Level.WARNING, where, what, FIX)
