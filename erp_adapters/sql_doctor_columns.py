"""What the catalogue of a database says of the columns: their types, and what keeps keys unique."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import column as sql_column
from sqlalchemy import func, inspect, select
from sqlalchemy import table as sql_table
from sqlalchemy.exc import NoSuchTableError

from edm.model import Property
from edm.primitives import BOOLEAN, DATE, DATE_TIME_OFFSET, DECIMAL, DOUBLE, GUID, INT16, INT32, INT64, STRING
from erp_adapters.base import Finding, Level
from erp_adapters.sql_codecs import Codec, DateDigits, Nothing, Plain, Scaled, Sum, Zoned, columns_of
from erp_adapters.sql_doctor_asking import BOUND, Asking, index_name, quoted_column
from erp_adapters.sql_source import split
from erp_adapters.sql_values import Kind

_NUMBERS = {Kind.INTEGER, Kind.NUMERIC}
#: Kinds of column that hold the values of a type as they are.
_FITTING = {
    STRING: {Kind.TEXT, Kind.CHAR, Kind.UUID, *_NUMBERS},
    BOOLEAN: {Kind.BOOLEAN, *_NUMBERS},
    INT16: _NUMBERS,
    INT32: _NUMBERS,
    INT64: _NUMBERS,
    DECIMAL: {*_NUMBERS, Kind.FLOAT},
    DOUBLE: {*_NUMBERS, Kind.FLOAT},
    DATE: {Kind.DATE, Kind.TIMESTAMP},
    DATE_TIME_OFFSET: {Kind.TIMESTAMP_TZ, Kind.TIMESTAMP},
    GUID: {Kind.UUID, Kind.TEXT, Kind.CHAR},
}
#: Kinds that codecs read, where not any kind will do.
_STORED: Mapping[type[Any], set[Kind]] = {
    Scaled: {*_NUMBERS, Kind.FLOAT},
    Sum: {*_NUMBERS, Kind.FLOAT},
    DateDigits: {*_NUMBERS, Kind.TEXT, Kind.CHAR},
    Zoned: {Kind.TIMESTAMP},
}


def types(asking: Asking) -> Iterator[Finding]:
    """What the columns are declared as, against what is published of them as it is."""
    source = asking.database.statements().source
    inspector = inspect(asking.database.engine())
    declared: dict[str, Mapping[str, Any]] = {}
    for entity_set, mapping in asking.sets:
        for prop in entity_set.type.properties:
            codec = mapping.codecs[prop.name]
            for table, name in (found for ref in columns_of(codec) for found in mapping.real(ref)):
                if table not in declared:
                    declared[table] = _declared(inspector, table)
                where, place = f"{entity_set.name}/{prop.name}", f"{table}.{name}"
                kind = source.facts(table, name).kind
                yield from _fits(where, place, prop, kind, _fitting(codec, prop))
                if isinstance(codec, Plain):
                    yield from _as_it_is(where, place, prop, kind, declared[table].get(name))


def _declared(inspector: Any, table: str) -> Mapping[str, Any]:
    schema, name = split(table)
    try:
        return {found["name"]: found["type"] for found in inspector.get_columns(name, schema)}
    except NoSuchTableError:
        return {}


def _fitting(codec: Codec, prop: Property) -> set[Kind] | None:
    """The kinds of column that a codec can read; ``None`` where any will do."""
    match codec:
        case Nothing(of=inner):
            return _fitting(inner, prop)
        case Plain():
            return _FITTING.get(prop.type)
        case _:
            return _STORED.get(type(codec))


def _fits(where: str, place: str, prop: Property, kind: Kind, fitting: set[Kind] | None) -> Iterator[Finding]:
    if fitting is not None and kind not in (*fitting, Kind.UNKNOWN):
        fix = f"Change the type of {prop.name}, or say in [sql.columns] how it is stored (docs/catalog.md)."
        yield Finding(Level.FAILURE, where, f"is {prop.type.name}, but {place} is declared as {kind.value}", fix)
    elif prop.type == DECIMAL and kind is Kind.FLOAT:
        fix = "Store it as NUMERIC, or publish it from a view that casts and rounds it."
        yield Finding(Level.WARNING, where, f"{place} is a float: amounts are not exact and sums do not add up", fix)


def _as_it_is(where: str, place: str, prop: Property, kind: Kind, declared: Any) -> Iterator[Finding]:
    """What a column may hold that is published without a word about it."""
    if prop.type == DATE_TIME_OFFSET and kind is Kind.TIMESTAMP:
        fix = f'Say whose time it is: {prop.name} = {{ column = "...", timezone = "Europe/Berlin" }}.'
        yield Finding(Level.WARNING, where, f"{place} has no time zone", fix)
    scale, length = getattr(declared, "scale", None), getattr(declared, "length", None)
    if prop.type == DECIMAL and prop.scale is not None and kind is Kind.NUMERIC and (scale or 0) > prop.scale:
        fix = f"Set scale = {scale}, if there are values that need it (the checks values and facets look at a sample)."
        yield Finding(Level.NOTE, where, f"{place} has {scale} decimals, but the property's scale is {prop.scale}", fix)
    if prop.type == STRING and prop.max_length is not None and (length or 0) > prop.max_length:
        fix = f"Set max_length = {length}, if there are longer texts (the check facets looks at a sample)."
        yield Finding(Level.NOTE, where, f"{place} takes {length} characters, but max_length is {prop.max_length}", fix)


def key(asking: Asking) -> Iterator[Finding]:
    """Whether constraints keep the key unique and never null. Whether the rows do is another question."""
    inspector = inspect(asking.database.engine())
    for entity_set, mapping in asking.sets:
        refs = columns_of(mapping.codecs[entity_set.type.key])
        if any(ref.alias for ref in refs):
            continue  # of several tables, or of another one: no constraint of one table can tell
        for branch in mapping.rows.branches:  # a pseudo-column is one value in each of the tables
            there = [branch.column(ref.name) for ref in refs]
            names = [name for name in there if isinstance(name, str)]
            yield from _unique(asking, inspector, entity_set.name, branch.table, names)


def _unique(asking: Asking, inspector: Any, where: str, table: str, names: Sequence[str]) -> Iterator[Finding]:
    with asking.database.connection(asking.examined.session) as connection:
        view = asking.words.relation(connection, table).view
    if view or not names:
        return
    if not any(set(unique) <= set(names) for unique in unique_columns(inspector, table)):
        name, parts = index_name(table, [*names, "key"]), [quoted_column(name) for name in names]
        what = f"no constraint keeps {', '.join(names)} unique in {table}"
        yield Finding(Level.WARNING, where, what, asking.words.index(name, table, parts, unique=True))
    yield from _null_keys(asking, where, table, names)


def _null_keys(asking: Asking, where: str, table: str, names: Sequence[str]) -> Iterator[Finding]:
    facts = asking.database.statements().source
    nullable = [name for name in names if not facts.facts(table, name).not_null]
    if not nullable:
        return
    schema, name = split(table)
    found = sql_table(name, *map(sql_column, nullable), schema=schema)
    some = select(*(found.c[each] for each in nullable)).limit(BOUND).subquery()
    for each in nullable:
        statement = select(func.count()).select_from(some).where(some.c[each].is_(None))
        with asking.database.connection(asking.examined.session) as connection:
            number = connection.scalar(statement)
        if number:
            what = f"{each} is null in {number} rows of {table}, which are left out"
            yield Finding(Level.WARNING, where, what, f"Fill {table}.{each} in, if these rows ought to be there.")


def unique_columns(inspector: Any, table: str) -> list[list[str]]:
    """The columns of each primary key, unique constraint and unique index."""
    schema, name = split(table)
    try:
        found = [inspector.get_pk_constraint(name, schema)["constrained_columns"]]
        found += [each["column_names"] for each in inspector.get_unique_constraints(name, schema)]
        found += [each["column_names"] for each in inspector.get_indexes(name, schema) if _of_all_rows(each)]
    except NoSuchTableError:
        return []
    return [[column for column in columns if column is not None] for columns in found if columns]


def _of_all_rows(index: Mapping[str, Any]) -> bool:
    """Whether an index is unique, and over more than the rows that meet a condition."""
    return bool(index["unique"]) and not any(name.endswith("_where") for name in index.get("dialect_options", {}))
