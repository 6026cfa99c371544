"""Upper and lower case on PostgreSQL: what it changes depends on locale, provider and version.

So the database is asked, once per engine, what each character becomes. Where it differs from ``tolower`` of
``edm.functions`` in a few characters, those are translated before; then its answer is exact. Where it knows ASCII
alone, or for ``toupper`` (of which one character can become three), texts of ASCII characters are answered exactly,
and those with others are let through as candidates, for the engine to look at again.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Text, case, func, literal, select, text, type_coerce

from edm.meanings import lower
from erp_adapters.dialects_base import Casing
from erp_adapters.sql_values import Sql, collated

#: Collations that may know Unicode's lower case, the fastest first; the last one is the database's own.
_COLLATIONS = ("pg_c_utf8", "C.utf8", "en_US.utf8", "")
#: All characters that have a lower case, or may be taken for one that has.
_LAST = 0x1FFFF
#: More differences than this and translating them costs more than looking again.
_MAX_DIFFERENCES = 200
#: The one character whose lower case is two characters.
_DOTTED = "\u0130"


def _not_ascii(value: Sql) -> Sql:
    """Whether a text in UTF-8 has a character beyond ASCII."""
    return func.octet_length(value) != func.length(value)


_UPPER = Casing(False, lambda value: func.upper(collated(value, "C")), _not_ascii)
_ASCII_LOWER = Casing(False, lambda value: func.lower(collated(value, "C")), _not_ascii)


def look(connection: Connection) -> Mapping[str, Casing]:
    """How this database changes case."""
    if connection.scalar(text("SHOW server_encoding")) != "UTF8":
        return {}
    known = set(
        connection.scalars(
            text("SELECT collname FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding('UTF8'))")
        )
    )
    for name in _COLLATIONS:
        if name and name not in known:
            continue
        found = _differences(connection, name)
        if len(found) <= _MAX_DIFFERENCES:
            return {"tolower": _exact(name, found), "toupper": _UPPER}
    return {"tolower": _ASCII_LOWER, "toupper": _UPPER}


def _differences(connection: Connection, collation: str) -> Sequence[str]:
    """The characters that the collation lowers otherwise than ``lower`` does."""
    number: ColumnElement[int] = func.generate_series(1, _LAST).column_valued("number")
    plain = case((number.between(0xD800, 0xDFFF), literal(1)), else_=number)  # surrogates are no characters
    characters = select(func.chr(plain).label("c")).subquery()
    lowered = _lowered(characters.c.c, collation)
    statement = select(characters.c.c, lowered).where(collated(lowered, "C") != collated(characters.c.c, "C"))
    changed = {row[0]: row[1] for row in connection.execute(statement)}
    every = (chr(code) for code in range(1, _LAST + 1) if not 0xD800 <= code <= 0xDFFF)
    return [c for c in every if changed.get(c, c) != lower(c) and c != _DOTTED]


def _lowered(value: Sql, collation: str) -> Sql:
    return func.lower(collated(value, collation) if collation else value)


def _exact(collation: str, differing: Sequence[str]) -> Casing:
    """Lower case as ``lower`` has it: what differs is translated before, and the database leaves it alone then."""
    source, target = "".join(differing), "".join(map(lower, differing))

    special = literal(f"[{source}{_DOTTED}]", Text())

    def change(value: Sql) -> Sql:
        prepared = func.replace(value, literal(_DOTTED, Text()), literal(lower(_DOTTED), Text()))
        if source:  # translate is slow, so only where one of its characters is
            prepared = func.translate(prepared, literal(source, Text()), literal(target, Text()))
        told = case(
            (value.regexp_match(special), collated(_lowered(prepared, collation), "C")),
            else_=collated(_lowered(value, collation), "C"),
        )
        return type_coerce(told, Text())

    return Casing(True, change)
