"""Rows of ``$apply`` that are no entities, as JSON: properties behind navigation in nested objects, types of dynamic
properties, nothing where a row has no such property (OData Data Aggregation 4.0, 3.1 and 3.2.3.2).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

import msgspec

from edm.meanings import EXACT
from edm.model import EntitySet
from edm.values import decimal_text
from erp_adapters.base import Row
from odata_server.json_format import EVIDENT, EVIDENT_DYNAMIC, Writer
from odata_server.uri.bound import Structure, StructureColumn
from odata_server.uri.rows import PART

Convert = Callable[[Any], Any]
Make = Callable[[Row], dict[str, Any]]
#: Names -> a column, or the names below.
Tree = dict[str, "StructureColumn | Tree"]


def structure_list(structure: Structure, entity_set: EntitySet) -> str:
    """What the context URL says of the rows: ``(Customer(Country),Total)``; ``*`` is all properties of the set."""
    names = [column.name for column in structure.columns]
    own = set(entity_set.type.names)
    if not own.issubset(names):
        return f"({','.join(_listed(_tree(structure.columns, set(names))))})"
    return f"({','.join(['*', *_listed(_tree(structure.columns, set(names) - own))])})"


def _listed(tree: Tree) -> list[str]:
    return [
        name if isinstance(below, StructureColumn) else f"{name}({','.join(_listed(below))})"
        for name, below in tree.items()
    ]


def _tree(columns: Sequence[StructureColumn], names: Set[str]) -> Tree:
    root: Tree = {}
    for column in columns:
        if column.name in names:
            at, (*way, last) = root, column.name.split("/")
            for step in way:
                below = at.setdefault(step, {})
                assert isinstance(below, dict)
                at = below
            at[last] = column
    return root


def structured(
    writer: Writer, structure: Structure, entity_set: EntitySet, columns: Sequence[str], rows: Sequence[Row]
) -> list[dict[str, Any]]:
    """The rows, in ``columns`` order, as objects."""
    positions = {name: index for index, name in enumerate(columns)}
    own = _Objects(writer, positions)
    if structure.parts:
        makes = [
            own.of(_tree(structure.columns, part), entity_set, transient=not part.issuperset(entity_set.type.names))
            for part in structure.parts
        ]
        at = positions[PART]
        return [makes[row[at]](row) for row in rows]
    names = {column.name for column in structure.columns}
    make = own.of(_tree(structure.columns, names), entity_set, transient=not structure.every)
    return [make(row) for row in rows]


class _Objects:
    """Makes objects of rows in one representation."""

    def __init__(self, writer: Writer, positions: Mapping[str, int]) -> None:
        self._writer = writer
        self._metadata, self._shape = writer.metadata, writer.representation
        self._positions = positions
        self._sharp = "#" if self._shape.version == "4.0" else ""

    def of(self, tree: Tree, entity_set: EntitySet, *, transient: bool = True) -> Make:
        """Makes the object of those names. 4.0 wants to be told that it has no identity (JSON Format 4.0, 4.5.8)."""
        constants: dict[str, Any] = {}
        if self._shape.metadata == "full":
            constants[self._writer.control("type")] = f"#{self._metadata.namespace}.{entity_set.type.name}"
        if transient and self._shape.version == "4.0" and self._shape.metadata != "none":
            constants[self._writer.control("id")] = None
        members: list[tuple[str, Any]] = []
        for name, below in tree.items():
            if isinstance(below, StructureColumn):
                members.extend(self._column(name, below))
            else:
                link = entity_set.type.navigation_property(name)
                assert link is not None
                members.append((name, self.of(below, self._metadata.target(link))))

        def make(row: Row) -> dict[str, Any]:
            made = dict(constants)
            for name, value in members:
                made[name] = value(row) if callable(value) else value
            return made

        return make

    def _column(self, name: str, column: StructureColumn) -> list[tuple[str, Any]]:
        """The type, where a client cannot know it, and the value."""
        known = column.type.name in EVIDENT if column.property else column.type in EVIDENT_DYNAMIC
        level = self._shape.metadata
        told = known or level == "none" or (level == "minimal" and column.property is not None)
        position, convert = self._positions[column.name], self._converter(column)

        def value(row: Row) -> Any:
            found = row[position]
            return found if found is None or convert is None else convert(found)

        annotation = [] if told else [(self._writer.control("type", name), f"{self._sharp}{column.type.name}")]
        return [*annotation, (name, value)]

    def _converter(self, column: StructureColumn) -> Convert | None:
        if column.type.name != "Decimal":
            return self._writer.converter(column.type)
        form = _with_scale(column.property.scale if column.property else None)
        return form if self._shape.ieee754 else lambda value: msgspec.Raw(form(value).encode())


def _with_scale(scale: int | None) -> Callable[[Decimal], str]:
    """Decimals of a property have its digits, others no more than they need: sources differ in what they add."""
    if scale is None:
        return lambda value: decimal_text(value.normalize(EXACT) if value else Decimal(0))
    unit = Decimal(1).scaleb(-scale)
    return lambda value: decimal_text(value.quantize(unit, context=EXACT))
